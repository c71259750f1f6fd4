#include <stdio.h>
#include <string.h>

#include "tools/reading.h"
#include "tools/verb.h"

const struct sg_verb_page sg_verb_unlock_page = {
    "NAME [--socket PATH]",
    {"Unlocks the key of officer NAME at the running node, for the user who "
     "types this:\n"
     "what he asks of the node then, he asks as this officer, until sogoc "
     "lock, or\n"
     "five minutes without a request. The passphrase is asked for.\n"
     "\n"
     "  --socket PATH  of the daemon (/run/sogoc/sogocd.sock)\n",
     "Mở khóa của cán bộ NAME tại nút đang chạy, cho người dùng gõ lệnh này: "
     "những gì\n"
     "hỏi nút sau đó là hỏi với tư cách cán bộ này, đến khi sogoc lock, hoặc "
     "năm phút\n"
     "không có yêu cầu nào. Mật khẩu sẽ được hỏi.\n"
     "\n"
     "  --socket PATH  socket của sogocd (/run/sogoc/sogocd.sock)\n"},
    "  $ cp node/keys/officer-cb-0002.key authority/keys/\n"
    "  $ sogoc unlock cb-0002 --socket sogocd.sock 2> /dev/null || test $? -eq "
    "3 # where the node has no scope key\n",
};

static const struct sg_out_shape shape = {
    .type = "officer",
    .field_count = 4,
    .fields = {{"officer", {"officer", "cán bộ"}, 0},
               {"name", {"name", "số hiệu"}, 0},
               {"roles", {"roles", "vai trò"}, 0},
               {"locks_in_ms", {"locks in ms", "tự khóa sau ms"}, 0}},
};

int sg_verb_unlock(struct sg_cli *cli, struct sg_cli_words words)
{
    struct sg_reading reading = {.cli = cli, .socket = SG_CALLER_SOCKET};
    const struct sg_cli_option options[] = {
        {"--socket", SG_CLI_TEXT, .text = &reading.socket},
    };
    char roles[128] = "";
    json_t *answer = NULL, *role;
    size_t i;
    int code = sg_cli_options(cli, &words, options, 1, 1, 1);

    if (code == 0)
        code = sg_reading_unlock(&reading, words.words[0], &answer);
    if (code != 0)
        return code;
    json_array_foreach(json_object_get(answer, "roles"), i, role)
    {
        size_t used = strlen(roles);

        (void)snprintf(roles + used, sizeof roles - used, "%s%s",
                       i > 0 ? " " : "", json_string_value(role));
    }
    const struct sg_out_value values[] = {
        sg_caller_text_value(answer, "officer"),
        sg_caller_text_value(answer, "name"),
        sg_out_bytes(SG_OUT_BODY, sg_bytes(roles, strlen(roles))),
        sg_caller_number_value(answer, "locks_in_ms"),
    };

    sg_out_card(&cli->out, &shape, values);
    json_decref(answer);
    return 0;
}
