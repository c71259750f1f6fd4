#include "tools/seat_scope.h"
#include "tools/unit_name.h"
#include "tools/verb.h"

const struct sg_verb_page sg_verb_scope_issue_page = {
    "UNIT... --to NODE [--dir DIR]",
    {"Gives a node the scope keys of UNITs: it can read then what is sealed "
     "for them.\n"
     "A unit without one gets one; where keys were replaced, it gets the old "
     "ones too.\n"
     "The secret travels in the authority's log, wrapped for that node "
     "alone.\n"
     "\n"
     "  --to NODE  the first digits, 8 or more, of its key or key id\n",
     "Cấp cho một nút khóa phạm vi của các UNIT: nút đọc được phần niêm phong "
     "cho các\n"
     "đơn vị đó. Đơn vị chưa có khóa thì được tạo; khóa đã bị thay cũng được "
     "cấp kèm.\n"
     "Phần bí mật đi trong nhật ký của cơ quan quản lý, bọc riêng cho nút "
     "đó.\n"
     "\n"
     "  --to NODE  các chữ số đầu, ít nhất 8, của khóa hoặc mã khóa\n"},
    "  $ sogoc scope issue 'Tỉnh Thanh Hóa' --to \"$(sogoc nodes --dir "
    "authority | awk '$2 == \"district\" {print $1}')\" --dir authority\n",
};

static const struct sg_out_shape shape = {
    .type = "issued",
    .field_count = 2,
    .fields = {{"unit", {"unit", "đơn vị"}, -14},
               {"done", {"done", "đã làm"}, 16}},
    .legend = {"made: a new key. had: the node had it already.",
               "tạo: khóa mới. đã có: nút có từ trước."},
};

static struct sg_out_value done_value(const struct sg_cli *cli,
                                      enum sg_seat_scope_done done)
{
    if (done == SG_SEAT_SCOPE_HAD)
        return sg_out_word("had", sg_cli_say(cli, "had", "đã có"));
    if (done == SG_SEAT_SCOPE_MADE)
        return sg_out_word("made", sg_cli_say(cli, "made", "tạo và cấp"));
    return sg_out_word("given", sg_cli_say(cli, "given", "cấp"));
}

static int issue(struct sg_cli *cli, struct sg_seat *seat,
                 struct sg_unit_key unit, const uint8_t *reader)
{
    enum sg_seat_scope_done done;
    int code = sg_seat_scope_give(seat, unit, reader, &done);

    if (code == 0) {
        const struct sg_out_value values[] = {sg_out_number(unit.value),
                                              done_value(cli, done)};

        sg_out_row(&cli->out, &shape, values);
    }
    return code;
}

static int issue_all(struct sg_cli *cli, struct sg_seat *seat,
                     struct sg_cli_words words, const char *to)
{
    struct sg_unit_key units[SG_SEAT_SCOPE_UNITS_MAX];
    struct sg_trust_node node;
    int code = sg_seat_node(seat, to, &node);

    if (code == 0 && node.state != SG_TRUST_ADMITTED)
        return sg_cli_fail(cli, SG_EXIT_IMPOSSIBLE,
                           "%s was revoked or suspended; it is given nothing",
                           "%s đã bị thu hồi hoặc tạm dừng; không cấp gì", to);
    if (code == 0)
        code = sg_unit_name_find_all(cli, sg_authority_units(seat->authority),
                                     words.words, (size_t)words.count, units);
    for (int i = 0; i < words.count && code == 0; i++)
        code = issue(cli, seat, units[i], node.certificate.transport_key);
    return code == 0 ? sg_seat_file(seat) : code;
}

int sg_verb_scope_issue(struct sg_cli *cli, struct sg_cli_words words)
{
    const char *to = NULL;
    const struct sg_cli_option options[] = {
        {"--to", SG_CLI_TEXT, .text = &to},
    };
    struct sg_seat seat;
    int code =
        sg_cli_options(cli, &words, options, 1, 1, SG_SEAT_SCOPE_UNITS_MAX);

    if (code == 0 && to == NULL)
        return sg_cli_fail(cli, SG_EXIT_USAGE,
                           "say --to NODE; sogoc nodes has them",
                           "hãy ghi --to NODE; xem sogoc nodes");
    if (code == 0)
        code = sg_seat_open(cli, SG_SEAT_SPEAK, NULL, &seat);
    if (code != 0)
        return code;
    code = issue_all(cli, &seat, words, to);
    sg_seat_close(&seat);
    return code;
}
