#include <string.h>

#include "storage/base/alloc.h"
#include "tools/officer.h"
#include "tools/verb.h"

#define STANDS_MAX 512u

const struct sg_verb_page sg_verb_officer_suspend_page = {
    "OFFICER [--revoke] [--reason R] [--none] [--dir DIR]",
    {"Takes an officer's roles away. What he wrote stands as far as this store "
     "has\n"
     "seen it signed; what comes later is quarantined. A suspension can be "
     "lifted.\n"
     "\n"
     "  OFFICER     staff number, or the first digits, 8 or more, of the key "
     "id\n"
     "  --revoke    for ever: the key was lost or stolen\n"
     "  --reason R  lost, stolen, cloned, misuse, ended, replaced, other "
     "(other)\n"
     "  --none      nothing that he wrote stands\n",
     "Tước vai trò của một cán bộ. Những gì đã ghi giữ nguyên đến chỗ kho này "
     "đã thấy\n"
     "có chữ ký; phần đến sau bị cách ly. Tạm dừng thì gỡ được.\n"
     "\n"
     "  OFFICER     số hiệu, hoặc các chữ số đầu, ít nhất 8, của mã khóa\n"
     "  --revoke    vĩnh viễn: khóa bị mất hoặc bị lộ\n"
     "  --reason R  lost, stolen, cloned, misuse, ended, replaced, other "
     "(other)\n"
     "  --none      không giữ gì cán bộ này đã ghi\n"},
    "  $ sogoc officer suspend cb-0002 --dir authority\n",
};

static const struct sg_out_shape shape = {
    .type = "suspended",
    .field_count = 3,
    .fields = {{"key_id", {"key id", "mã khóa"}, 0},
               {"what", {"what", "hình thức"}, 0},
               {"logs", {"logs that stand", "nhật ký được giữ"}, 0}},
};

static const char *const reasons[] = {"lost",  "stolen",   "cloned", "misuse",
                                      "ended", "replaced", "other"};

enum { SUSPEND = 1, REVOKE = 3 };

static int read_reason(const struct sg_cli *cli, const char *word,
                       unsigned *ret_reason)
{
    for (unsigned i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (strcmp(reasons[i], word) != 0)
            continue;
        *ret_reason = i + 1;
        return 0;
    }
    return sg_cli_fail(cli, SG_EXIT_USAGE, "no such --reason; see --help",
                       "không có --reason này; xem --help");
}

/* Which logs he wrote in is sealed: all that are seen here stand. */
static int cut(struct sg_seat *seat, const struct sg_key_id *officer,
               unsigned what, unsigned reason, bool has_none, size_t *ret_logs)
{
    struct sg_record_build *build;
    struct sg_store_log *logs = NULL;
    struct sg_pack *pack;
    size_t n = 0;
    int code = has_none ? 0 : sg_seat_logs(seat, NULL, &logs, &n);

    if (code == 0 && n > STANDS_MAX)
        code = sg_cli_fail(seat->cli, SG_EXIT_IMPOSSIBLE,
                           "there are more than %u logs: a cut cannot list "
                           "them; use --none and endorse what stands",
                           "có hơn %u nhật ký: không nêu hết được; hãy dùng "
                           "--none rồi xác nhận lại phần được giữ",
                           STANDS_MAX);
    if (code == 0) {
        build = sg_seat_begin(seat, SG_TYPE_OFFICER_CUT);
        sg_record_build_bin(build, SG_FIELD_OFFICER_CUT_OFFICER,
                            SG_BYTES_ARRAY(officer->bytes));
        sg_record_build_uint(build, SG_FIELD_OFFICER_CUT_WHAT, what);
        pack = sg_record_build_field(build, SG_FIELD_OFFICER_CUT_STANDS);
        sg_pack_array(pack, (uint32_t)n);
        for (size_t i = 0; i < n; i++)
            sg_seat_pack_stand(pack, &logs[i], false);
        sg_record_build_uint(build, SG_FIELD_OFFICER_CUT_REASON, reason);
        code = sg_seat_end(seat, NULL);
    }
    sg_free(logs);
    *ret_logs = n;
    return code == 0 ? sg_seat_file(seat) : code;
}

int sg_verb_officer_suspend(struct sg_cli *cli, struct sg_cli_words words)
{
    bool revokes = false, has_none = false;
    const char *word = "other";
    const struct sg_cli_option options[] = {
        {"--revoke", SG_CLI_FLAG, .flag = &revokes},
        {"--none", SG_CLI_FLAG, .flag = &has_none},
        {"--reason", SG_CLI_TEXT, .text = &word},
    };
    struct sg_key_id officer;
    struct sg_seat seat;
    unsigned reason = 0;
    size_t logs = 0;
    int code = sg_cli_options(cli, &words, options, 3, 1, 1);

    if (code == 0)
        code = read_reason(cli, word, &reason);
    if (code == 0)
        code = sg_seat_open(cli, SG_SEAT_SPEAK, NULL, &seat);
    if (code != 0)
        return code;
    code = sg_officer_find(&seat, words.words[0], &officer);
    if (code == 0)
        code = cut(&seat, &officer, revokes ? REVOKE : SUSPEND, reason,
                   has_none, &logs);
    if (code == 0) {
        const struct sg_out_value values[] = {
            sg_out_bytes(SG_OUT_HEX, SG_BYTES_ARRAY(officer.bytes)),
            revokes ? sg_out_word("revoke", sg_cli_say(cli, "revoked for ever",
                                                       "thu hồi vĩnh viễn"))
                    : sg_out_word("suspend",
                                  sg_cli_say(cli, "suspended", "tạm dừng")),
            sg_out_number(logs),
        };

        sg_out_card(&cli->out, &shape, values);
    }
    sg_seat_close(&seat);
    return code;
}
