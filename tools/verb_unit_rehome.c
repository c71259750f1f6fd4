#include <stdlib.h>
#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/limits.h"
#include "storage/registry/nfc.h"
#include "tools/seat_admit.h"
#include "tools/seat_scope.h"
#include "tools/unit_name.h"
#include "tools/verb.h"

#define ACT_MAX 64u /* bytes of field 5 */

const struct sg_verb_page sg_verb_unit_rehome_page = {
    "[UNIT...] --from NODE --to NODE --act TEXT [--yes] [--dir DIR]",
    {"Moves a territory from one node to another: the homes of UNITs and of "
     "all below\n"
     "them are served by --to from now on, which gets their scope keys, old "
     "ones too.\n"
     "What --from has written stands. What it writes later about persons of "
     "the\n"
     "territory counts as well, and is marked for an officer of the new home "
     "(C13).\n"
     "Without --yes it shows what would be moved and does nothing.\n"
     "\n"
     "  UNIT         name or number; of a district the communes of today that "
     "came of\n"
     "               it too (default: the unit of --from's certificate)\n"
     "  --from NODE  who serves them, by the first digits, 8 or more, of its "
     "key or\n"
     "               key id\n"
     "  --to NODE    who shall\n"
     "  --act TEXT   the legal act, up to 64 bytes\n"
     "  --yes        do it\n",
     "Chuyển giao địa bàn giữa hai nút: nơi cư trú thuộc các UNIT và mọi đơn "
     "vị bên\n"
     "dưới từ nay do --to phục vụ; nút này được cấp khóa phạm vi, cả khóa "
     "cũ.\n"
     "Những gì --from đã ghi giữ nguyên. Bản ghi về người thuộc địa bàn mà "
     "--from ghi\n"
     "sau đó vẫn có hiệu lực, được đánh dấu để cán bộ nơi mới xem (C13).\n"
     "Không có --yes thì chỉ xem trước, không làm gì.\n"
     "\n"
     "  UNIT         tên hoặc mã; với huyện thì gồm cả các xã hiện nay hình "
     "thành từ\n"
     "               huyện đó (mặc định: đơn vị trong chứng thư của --from)\n"
     "  --from NODE  nút đang phục vụ: các chữ số đầu, ít nhất 8, của khóa "
     "hoặc mã\n"
     "               khóa\n"
     "  --to NODE    nút sẽ phục vụ\n"
     "  --act TEXT   văn bản pháp lý, tối đa 64 byte\n"
     "  --yes        thực hiện\n"},
    "  $ sogoc unit rehome --from \"$(sogoc nodes --dir authority | awk '$2 "
    "== \"district\" {print $1}')\" --to \"$(sogoc nodes --dir authority | "
    "awk '$2 == \"authority\" {print $1}')\" --act '1656/NQ-UBTVQH15' --dir "
    "authority\n",
};

static const struct sg_out_shape row_shape = {
    .type = "rehomed_unit",
    .field_count = 2,
    .fields = {{"unit", {"unit", "mã đơn vị"}, -14},
               {"name", {"name", "tên"}, 32}},
};

static const struct sg_out_shape shape = {
    .type = "rehomed",
    .field_count = 6,
    .fields = {{"from", {"from", "từ nút"}, 0},
               {"to", {"to", "sang nút"}, 0},
               {"units", {"units", "số đơn vị"}, 0},
               {"logs", {"logs cut over", "nhật ký chốt"}, 0},
               {"scopes", {"scope keys given", "khóa phạm vi đã cấp"}, 0},
               {"done", {"done", "đã làm"}, 0}},
};

struct rehoming {
    struct sg_cli *cli;
    struct sg_seat seat;
    const char *act;
    bool is_sure;
    struct sg_trust_node from, to;
    struct sg_unit_key units[SG_REHOME_UNITS_MAX]; /* ascending */
    size_t n_units, n_scopes;
    struct sg_store_log *logs;
    size_t n_logs;
};

/* --- What is moved ------------------------------------------------------- */

static int add_unit(struct rehoming *rehoming, struct sg_unit_key unit)
{
    for (size_t i = 0; i < rehoming->n_units; i++)
        if (sg_unit_key_equal(rehoming->units[i], unit))
            return 0;
    if (rehoming->n_units == SG_REHOME_UNITS_MAX)
        return sg_cli_fail(rehoming->cli, SG_EXIT_IMPOSSIBLE,
                           "more than %d units; move them by several acts",
                           "hơn %d đơn vị; hãy chuyển giao thành nhiều lần",
                           SG_REHOME_UNITS_MAX);
    rehoming->units[rehoming->n_units++] = unit;
    return 0;
}

/* UNIT, and of a district what came of it; none that a third node serves. */
static int add_territory(struct rehoming *rehoming, struct sg_unit_key unit)
{
    const struct sg_territory_node *node = sg_territory_node_of(
        sg_authority_territory(rehoming->seat.authority), unit);
    struct sg_seat_admit admit = {.role = SG_CERTIFICATE_DISTRICT};
    int code;

    if (node == NULL || memcmp(node->key, rehoming->from.certificate.node_key,
                               SG_KEY_SIZE) != 0)
        return sg_cli_fail(rehoming->cli, SG_EXIT_IMPOSSIBLE,
                           "unit %llu is not served by --from; nothing was "
                           "moved",
                           "đơn vị %llu không do --from phục vụ; chưa chuyển "
                           "giao gì",
                           (unsigned long long)unit.value);
    memcpy(admit.node_key, rehoming->from.certificate.node_key, SG_KEY_SIZE);
    code = sg_seat_admit_territory(&rehoming->seat, unit, &admit);
    for (size_t i = 0; i < admit.n_units && code == 0; i++)
        code = add_unit(rehoming, admit.units[i]);
    return code;
}

static int compare_units(const void *a, const void *b)
{
    const struct sg_unit_key *x = a, *y = b;

    return (x->value > y->value) - (x->value < y->value);
}

static int find_units(struct rehoming *rehoming, struct sg_cli_words words)
{
    const struct sg_unit_table *units =
        sg_authority_units(rehoming->seat.authority);
    int code = 0;

    if (words.count == 0)
        code = add_territory(
            rehoming, (struct sg_unit_key){rehoming->from.certificate.unit});
    for (int i = 0; i < words.count && code == 0; i++) {
        struct sg_unit_key unit;

        code = sg_unit_name_find(rehoming->cli, units, words.words[i], &unit);
        if (code == 0)
            code = add_territory(rehoming, unit);
    }
    if (code == 0)
        qsort(rehoming->units, rehoming->n_units, sizeof rehoming->units[0],
              compare_units);
    return code;
}

static int check(const struct rehoming *rehoming)
{
    const struct sg_cli *cli = rehoming->cli;

    if (memcmp(rehoming->from.certificate.node_key,
               rehoming->to.certificate.node_key, SG_KEY_SIZE) == 0)
        return sg_cli_fail(cli, SG_EXIT_USAGE,
                           "--from and --to are the same node",
                           "--from và --to là cùng một nút");
    if (rehoming->to.state != SG_TRUST_ADMITTED)
        return sg_cli_fail(cli, SG_EXIT_IMPOSSIBLE,
                           "the node of --to was revoked or suspended; nothing "
                           "was moved",
                           "nút --to đã bị thu hồi hoặc tạm dừng; chưa chuyển "
                           "giao gì");
    if (rehoming->n_logs > SG_REHOME_CUTS_MAX)
        return sg_cli_fail(cli, SG_EXIT_IMPOSSIBLE,
                           "the node of --from has more than %d logs: an act "
                           "cannot list them",
                           "nút --from có hơn %d nhật ký: không nêu hết được",
                           SG_REHOME_CUTS_MAX);
    return 0;
}

/* --- What is said -------------------------------------------------------- */

static int say(struct rehoming *rehoming)
{
    struct sg_record_build *build =
        sg_seat_begin(&rehoming->seat, SG_TYPE_REHOME);
    struct sg_pack *pack = sg_record_build_field(build, SG_FIELD_REHOME_UNITS);

    sg_pack_array(pack, (uint32_t)rehoming->n_units);
    for (size_t i = 0; i < rehoming->n_units; i++)
        sg_pack_uint(pack, rehoming->units[i].value);
    sg_record_build_bin(build, SG_FIELD_REHOME_FROM,
                        SG_BYTES_ARRAY(rehoming->from.certificate.node_key));
    sg_record_build_bin(build, SG_FIELD_REHOME_TO,
                        SG_BYTES_ARRAY(rehoming->to.certificate.node_key));
    pack = sg_record_build_field(build, SG_FIELD_REHOME_CUT);
    sg_pack_array(pack, (uint32_t)rehoming->n_logs);
    for (size_t i = 0; i < rehoming->n_logs; i++)
        sg_seat_pack_stand(pack, &rehoming->logs[i], false);
    sg_record_build_str(build, SG_FIELD_REHOME_ACT,
                        sg_bytes(rehoming->act, strlen(rehoming->act)));
    return sg_seat_end(&rehoming->seat, NULL);
}

static int give_scopes(struct rehoming *rehoming)
{
    int code = 0;

    for (size_t i = 0; i < rehoming->n_units && code == 0; i++) {
        enum sg_seat_scope_done done;

        if (sg_unit_key_level(rehoming->units[i]) != SG_UNIT_LEVEL_COMMUNE)
            continue;
        code =
            sg_seat_scope_give(&rehoming->seat, rehoming->units[i],
                               rehoming->to.certificate.transport_key, &done);
        rehoming->n_scopes += code == 0;
    }
    return code;
}

static struct sg_out_value key_id_value(const struct rehoming *rehoming,
                                        const struct sg_trust_node *node,
                                        struct sg_key_id *id)
{
    *id = sg_key_id_of(rehoming->seat.registry, SG_KEY_NODE,
                       node->certificate.node_key);
    return sg_out_bytes(SG_OUT_HEX, SG_BYTES_ARRAY(id->bytes));
}

static void show(const struct rehoming *rehoming)
{
    struct sg_cli *cli = rehoming->cli;
    const struct sg_unit_table *units =
        sg_authority_units(rehoming->seat.authority);
    struct sg_key_id from, to;
    const struct sg_out_value values[] = {
        key_id_value(rehoming, &rehoming->from, &from),
        key_id_value(rehoming, &rehoming->to, &to),
        sg_out_number(rehoming->n_units),
        sg_out_number(rehoming->n_logs),
        sg_out_number(rehoming->n_scopes),
        rehoming->is_sure
            ? sg_out_word("yes", sg_cli_say(cli, "yes", "rồi"))
            : sg_out_word("no", sg_cli_say(cli, "no: say --yes",
                                           "chưa: hãy ghi --yes")),
    };

    for (size_t i = 0; i < rehoming->n_units; i++) {
        const struct sg_unit *unit = sg_unit_find(units, rehoming->units[i]);
        const struct sg_out_value row[] = {
            sg_out_number(rehoming->units[i].value),
            unit == NULL ? sg_out_none()
                         : sg_out_bytes(SG_OUT_BODY, unit->name)};

        sg_out_row(&cli->out, &row_shape, row);
    }
    sg_out_card(&cli->out, &shape, values);
}

static int run(struct rehoming *rehoming, const char *from, const char *to,
               struct sg_cli_words words)
{
    struct sg_seat *seat = &rehoming->seat;
    int code = sg_seat_node(seat, from, &rehoming->from);

    if (code == 0)
        code = sg_seat_node(seat, to, &rehoming->to);
    if (code == 0)
        code = sg_seat_logs(seat, rehoming->from.certificate.node_key,
                            &rehoming->logs, &rehoming->n_logs);
    if (code == 0)
        code = check(rehoming);
    if (code == 0)
        code = find_units(rehoming, words);
    if (code == 0 && rehoming->is_sure) {
        code = say(rehoming);
        if (code == 0)
            code = give_scopes(rehoming);
        if (code == 0)
            code = sg_seat_file(seat);
    }
    if (code == 0)
        show(rehoming);
    return code;
}

static int check_words(const struct rehoming *rehoming, const char *from,
                       const char *to)
{
    const char *act = rehoming->act;

    if (from == NULL || to == NULL || act == NULL)
        return sg_cli_fail(rehoming->cli, SG_EXIT_USAGE,
                           "say --from NODE, --to NODE and --act TEXT",
                           "hãy ghi --from NODE, --to NODE và --act TEXT");
    if (act[0] == '\0' || strlen(act) > ACT_MAX ||
        sg_nfc_check(sg_bytes(act, strlen(act))) != SG_OK)
        return sg_cli_fail(rehoming->cli, SG_EXIT_USAGE,
                           "--act wants 1 to %u bytes of text",
                           "--act cần từ 1 đến %u byte văn bản", ACT_MAX);
    return 0;
}

int sg_verb_unit_rehome(struct sg_cli *cli, struct sg_cli_words words)
{
    struct rehoming rehoming = {.cli = cli};
    const char *from = NULL, *to = NULL;
    const struct sg_cli_option options[] = {
        {"--from", SG_CLI_TEXT, .text = &from},
        {"--to", SG_CLI_TEXT, .text = &to},
        {"--act", SG_CLI_TEXT, .text = &rehoming.act},
        {"--yes", SG_CLI_FLAG, .flag = &rehoming.is_sure},
    };
    int code = sg_cli_options(cli, &words, options, 4, 0, SG_REHOME_UNITS_MAX);

    if (code == 0)
        code = check_words(&rehoming, from, to);
    if (code == 0)
        code =
            sg_seat_open(cli, rehoming.is_sure ? SG_SEAT_SPEAK : SG_SEAT_READ,
                         NULL, &rehoming.seat);
    if (code != 0)
        return code;
    code = run(&rehoming, from, to, words);
    sg_free(rehoming.logs);
    sg_seat_close(&rehoming.seat);
    return code;
}
