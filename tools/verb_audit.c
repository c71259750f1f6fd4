#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/reading.h"
#include "tools/verb.h"

#define PATH_SIZE 256

const struct sg_verb_page sg_verb_audit_page = {
    "[--by KEYID] [--of UID] [--officer NAME] [--socket PATH]",
    {"Lists who was shown what, and whose keys were unlocked, as the officer "
     "whose key\n"
     "is unlocked at the running node; he needs the role audit.\n"
     "\n"
     "  --by KEYID     what this officer was shown\n"
     "  --of UID       who was shown this citizen\n"
     "  --officer NAME unlocks this officer's key for this command alone\n"
     "  --socket PATH  of the daemon (/run/sogoc/sogocd.sock)\n",
     "Liệt kê ai đã được cho xem gì, và khóa của ai đã được mở, với tư cách "
     "cán bộ đã\n"
     "mở khóa tại nút đang chạy; cần vai trò audit.\n"
     "\n"
     "  --by KEYID     cán bộ này đã xem gì\n"
     "  --of UID       ai đã xem công dân này\n"
     "  --officer NAME mở khóa cán bộ này chỉ cho lệnh này\n"
     "  --socket PATH  socket của sogocd (/run/sogoc/sogocd.sock)\n"},
    "  $ sogoc audit --socket sogocd.sock 2> /dev/null || test $? -eq 7 # "
    "nobody has unlocked a key\n",
};

static const struct sg_out_shape shape = {
    .type = "entry",
    .field_count = 9,
    .fields = {{"ms", {"time, ms", "lúc, ms"}, -13},
               {"officer", {"officer", "cán bộ"}, 16},
               {"kind", {"kind", "loại"}, 7},
               {"what", {"what", "việc"}, 9},
               {"uid", {"of whom", "của ai"}, 32},
               {"purpose", {"purpose", "lý do"}, 12},
               {"case", {"case", "vụ việc"}, 16},
               {"signature", {"signature", "chữ ký"}, 9},
               {"index", {"index", "mục"}, 0}},
};

static void show(struct sg_cli *cli, const json_t *entry)
{
    const struct sg_out_value values[] = {
        sg_caller_number_value(entry, "ms"),
        sg_caller_text_value(entry, "officer"),
        sg_caller_text_value(entry, "type"),
        sg_caller_text_value(entry, "what"),
        sg_caller_text_value(entry, "uid"),
        sg_caller_text_value(entry, "purpose"),
        sg_caller_text_value(entry, "case"),
        sg_caller_text_value(entry, "signature"),
        sg_caller_number_value(entry, "index"),
    };

    sg_out_row(&cli->out, &shape, values);
}

static bool is_hex(const char *text, size_t size)
{
    return text == NULL ||
           (strlen(text) == size && strspn(text, "0123456789abcdef") == size);
}

static int list(const struct sg_reading *reading, const char *by,
                const char *of)
{
    uint64_t after = 0;
    int code = 0;

    do {
        char path[PATH_SIZE], cursor[40] = "";
        json_t *answer, *entry;
        size_t i;

        if (after != 0)
            (void)snprintf(cursor, sizeof cursor, "&after=%" PRIu64, after);
        (void)snprintf(path, sizeof path, "/v1/audit?limit=200%s%s%s%s%s",
                       by == NULL ? "" : "&officer=", by == NULL ? "" : by,
                       of == NULL ? "" : "&uid=", of == NULL ? "" : of, cursor);
        code = sg_caller_get(reading->cli, reading->socket, path, &answer);
        if (code != 0)
            return code;
        json_array_foreach(json_object_get(answer, "entries"), i, entry)
            show(reading->cli, entry);
        after = sg_caller_number(answer, "after");
        json_decref(answer);
    } while (after != 0);
    return code;
}

int sg_verb_audit(struct sg_cli *cli, struct sg_cli_words words)
{
    struct sg_reading reading = {.cli = cli, .socket = SG_CALLER_SOCKET};
    const char *by = NULL, *of = NULL;
    const struct sg_cli_option options[] = {
        {"--by", SG_CLI_TEXT, .text = &by},
        {"--of", SG_CLI_TEXT, .text = &of},
        SG_READING_OPTIONS(&reading),
    };
    int code = sg_cli_options(cli, &words, options,
                              sizeof options / sizeof options[0], 0, 0);

    if (code == 0 && (!is_hex(by, 16) || !is_hex(of, 32)))
        code = sg_cli_fail(cli, SG_EXIT_USAGE,
                           "--by is a key id of 16 hex digits, --of a uid of "
                           "32",
                           "--by là mã khóa 16 chữ số hex, --of là mã người "
                           "32 chữ số");
    if (code == 0)
        code = sg_reading_begin(&reading);
    if (code != 0)
        return code;
    code = list(&reading, by, of);
    sg_reading_end(&reading);
    return code;
}
