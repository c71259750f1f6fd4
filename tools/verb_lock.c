#include "tools/reading.h"
#include "tools/verb.h"

const struct sg_verb_page sg_verb_lock_page = {
    "[--socket PATH]",
    {"Locks the officer's key that this user has unlocked at the running "
     "node.\n"
     "\n"
     "  --socket PATH  of the daemon (/run/sogoc/sogocd.sock)\n",
     "Khóa lại khóa cán bộ mà người dùng này đã mở tại nút đang chạy.\n"
     "\n"
     "  --socket PATH  socket của sogocd (/run/sogoc/sogocd.sock)\n"},
    "  $ sogoc lock --socket sogocd.sock\n",
};

static const struct sg_out_shape shape = {
    .type = "locked",
    .field_count = 1,
    .fields = {{"locked", {"a key was locked", "đã khóa một khóa"}, 0}},
};

int sg_verb_lock(struct sg_cli *cli, struct sg_cli_words words)
{
    struct sg_reading reading = {.cli = cli, .socket = SG_CALLER_SOCKET};
    const struct sg_cli_option options[] = {
        {"--socket", SG_CLI_TEXT, .text = &reading.socket},
    };
    json_t *answer = NULL;
    int code = sg_cli_options(cli, &words, options, 1, 0, 0);

    if (code == 0)
        code = sg_reading_lock(&reading, &answer);
    if (code != 0)
        return code;
    const struct sg_out_value values[] = {
        json_is_true(json_object_get(answer, "locked"))
            ? sg_out_word("yes", sg_cli_say(cli, "yes", "có"))
            : sg_out_word("no", sg_cli_say(cli, "no", "không")),
    };

    sg_out_card(&cli->out, &shape, values);
    json_decref(answer);
    return 0;
}
