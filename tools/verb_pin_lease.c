#include <stdio.h>
#include <string.h>

#include "storage/base/check.h"
#include "storage/base/crypto.h"
#include "storage/registry/pin.h"
#include "tools/seat.h"
#include "tools/verb.h"

#define SERIAL_MAX   999999u
#define PROVINCE_MAX 999u
#define DAYS_MAX     3660u
#define DAYS_DEFAULT 365u
#define NOT_SAID     UINT64_MAX

const struct sg_verb_page sg_verb_pin_lease_page = {
    "[NODE --province N --count N [--first N] [--days N] [--yes]] [--dir DIR]",
    {"Leases personal numbers to a node, which may then give them without a "
     "network to\n"
     "the national database: the serials (digits 7 to 12) of a province, for "
     "every sex\n"
     "and birth year. No number is leased twice, not after its lease has ended "
     "either.\n"
     "Without --yes it shows what would be leased and does nothing; without "
     "NODE it\n"
     "lists the leases.\n"
     "\n"
     "  NODE          by the first digits, 8 or more, of its key or key id\n"
     "  --province N  digits 1 to 3 of the numbers; 999 in a test registry\n"
     "  --count N     how many serials\n"
     "  --first N     the first of them (default: behind all leases)\n"
     "  --days N      until when they may be given (365)\n"
     "  --yes         do it\n",
     "Cấp cho một nút một dải số định danh để cấp khi không nối được với cơ sở "
     "dữ liệu\n"
     "quốc gia: số thứ tự (chữ số 7 đến 12) của một tỉnh, cho mọi giới tính "
     "và năm\n"
     "sinh. Không số nào được cấp dải hai lần, kể cả khi dải cũ đã hết hạn. "
     "Không có\n"
     "--yes thì chỉ xem trước, không làm gì; không có NODE thì liệt kê các "
     "dải.\n"
     "\n"
     "  NODE          ít nhất 8 chữ số đầu của khóa hoặc mã khóa\n"
     "  --province N  chữ số 1 đến 3 của số định danh; 999 trong sổ thử\n"
     "  --count N     bao nhiêu số thứ tự\n"
     "  --first N     số đầu tiên (mặc định: sau mọi dải đã cấp)\n"
     "  --days N      được dùng trong bao nhiêu ngày (365)\n"
     "  --yes         thực hiện\n"},
    "  $ sogoc pin lease \"$(sogoc nodes --dir authority | awk '$2 == "
    "\"district\" {print $1}')\" --province 999 --count 5000 --dir authority\n",
};

#define FIELDS                                                                 \
    {                                                                          \
        {"node", {"node", "nút"}, 32}, {"province", {"province", "tỉnh"}, -8}, \
            {"first", {"first", "số đầu"}, -8},                                \
            {"last", {"last", "số cuối"}, -8},                                 \
            {"expires", {"last day", "ngày cuối"}, -9},                        \
            {"state", {"state", "trạng thái"}, 10},                            \
    }

static const struct sg_out_shape row_shape = {
    .type = "pin_lease",
    .field_count = 6,
    .fields = FIELDS,
    .legend = {"ended: its numbers are not given any more, nor leased again.",
               "hết hạn: không dùng để cấp nữa, cũng không cấp dải lại."},
};

static const struct sg_out_shape shape = {
    .type = "pin_leased",
    .field_count = 6,
    .fields = FIELDS,
};

/* What is to be leased. */
struct lease {
    struct sg_cli *cli;
    struct sg_seat seat;
    uint64_t province, count, first, days;
    bool is_sure;
    struct sg_pin_block block;
};

static struct sg_pin_block read_block(struct sg_bytes payload)
{
    struct sg_pin_block block;
    struct sg_record record;
    enum sg_err err = sg_record_decode(payload, &record);

    SG_ASSERT(err == SG_OK);
    sg_pin_block_read(&record, &block);
    return block;
}

static void print(struct lease *lease, const struct sg_pin_block *block,
                  struct sg_out_value state, const struct sg_out_shape *as)
{
    struct sg_key_id id =
        sg_key_id_of(lease->seat.registry, SG_KEY_NODE, block->node);
    const struct sg_out_value values[] = {
        sg_out_bytes(SG_OUT_HEX, SG_BYTES_ARRAY(id.bytes)),
        sg_out_number(block->province),
        sg_out_number(block->first),
        sg_out_number(block->last),
        sg_out_number(block->expires.ymd),
        state,
    };

    if (as == &shape)
        sg_out_card(&lease->cli->out, as, values);
    else
        sg_out_row(&lease->cli->out, as, values);
}

/* --- Leases that there are ------------------------------------------------ */

static enum sg_err see(void *context, struct sg_bytes payload)
{
    struct lease *lease = context;
    const struct sg_pin_block block = read_block(payload);
    bool has_ended = sg_date_compare(sg_authority_as_of(lease->seat.authority),
                                     block.expires) > 0;

    print(lease, &block,
          has_ended
              ? sg_out_word("ended", sg_cli_say(lease->cli, "ended", "hết hạn"))
              : sg_out_word("granted",
                            sg_cli_say(lease->cli, "granted", "hiệu lực")),
          &row_shape);
    return SG_OK;
}

static void list(struct lease *lease)
{
    enum sg_err err =
        sg_authority_each(lease->seat.authority, SG_TYPE_PIN_BLOCK, see, lease);

    SG_ASSERT(err == SG_OK);
}

/* The default is behind all leases of the province. */
static enum sg_err see_end(void *context, struct sg_bytes payload)
{
    struct lease *lease = context;
    const struct sg_pin_block block = read_block(payload);

    if (block.province == lease->province && block.last >= lease->first)
        lease->first = (uint64_t)block.last + 1;
    return SG_OK;
}

static enum sg_err see_overlap(void *context, struct sg_bytes payload)
{
    const struct lease *lease = context;
    const struct sg_pin_block block = read_block(payload);

    return sg_pin_block_overlaps(&block, &lease->block) ? SG_ERR_EXISTS : SG_OK;
}

/* --- One more --------------------------------------------------------------
 */

/* Sets the first serial where none was said, and the block. */
static int place(struct lease *lease, bool has_first,
                 const uint8_t node[SG_KEY_SIZE])
{
    const struct sg_authority *authority = lease->seat.authority;
    enum sg_err err = SG_OK;

    if (!has_first)
        err = sg_authority_each(authority, SG_TYPE_PIN_BLOCK, see_end, lease);
    SG_ASSERT(err == SG_OK);
    if (lease->first + lease->count > SERIAL_MAX + 1)
        return sg_cli_fail(lease->cli, SG_EXIT_IMPOSSIBLE,
                           "province %u has %u serials left behind %u; lease "
                           "fewer, or say --first",
                           "tỉnh %u chỉ còn %u số thứ tự từ số %u; hãy cấp ít "
                           "hơn, hoặc ghi --first",
                           (unsigned)lease->province,
                           (unsigned)(SERIAL_MAX + 1 - lease->first),
                           (unsigned)lease->first);
    memcpy(lease->block.node, node, SG_KEY_SIZE);
    lease->block.province = (unsigned)lease->province;
    lease->block.first = (unsigned)lease->first;
    lease->block.last = (unsigned)(lease->first + lease->count - 1);
    lease->block.expires = sg_date_from_days(
        (int64_t)sg_date_days(lease->seat.today) + (int64_t)lease->days);
    if (sg_authority_each(authority, SG_TYPE_PIN_BLOCK, see_overlap, lease) ==
        SG_ERR_EXISTS)
        return sg_cli_fail(lease->cli, SG_EXIT_IMPOSSIBLE,
                           "some of these numbers are leased already; sogoc "
                           "pin lease lists the leases",
                           "một phần các số này đã được cấp; xem sogoc pin "
                           "lease");
    return 0;
}

static int say(struct lease *lease)
{
    struct sg_seat *seat = &lease->seat;
    struct sg_record_build *build = sg_seat_begin(seat, SG_TYPE_PIN_BLOCK);
    int code;

    sg_crypto_random(seat->head.subject.bytes, sizeof seat->head.subject.bytes);
    sg_record_build_bin(build, SG_FIELD_PIN_BLOCK_NODE,
                        SG_BYTES_ARRAY(lease->block.node));
    sg_record_build_uint(build, SG_FIELD_PIN_BLOCK_PROVINCE,
                         lease->block.province);
    sg_record_build_uint(build, SG_FIELD_PIN_BLOCK_FIRST, lease->block.first);
    sg_record_build_uint(build, SG_FIELD_PIN_BLOCK_LAST, lease->block.last);
    sg_record_build_uint(build, SG_FIELD_PIN_BLOCK_EXPIRES,
                         lease->block.expires.ymd);
    code = sg_seat_end(seat, NULL);
    return code == 0 ? sg_seat_file(seat) : code;
}

/* A number of a province that is none would be refused at every record (V01).
 */
static int check_province(const struct lease *lease)
{
    const struct sg_authority *authority = lease->seat.authority;
    unsigned province = (unsigned)lease->province;
    struct sg_authority_at at;
    bool is_one;

    sg_authority_at_cut(authority, &at);
    is_one =
        sg_authority_is_test(authority)
            ? province == SG_PIN_PROVINCE_TEST
            : sg_authority_has_code(&at, SG_TABLE_PROVINCE, (uint16_t)province,
                                    lease->seat.today, lease->seat.today);
    if (is_one)
        return 0;
    return sg_cli_fail(lease->cli, SG_EXIT_IMPOSSIBLE,
                       "no personal number of this registry begins with %03u",
                       "không có số định danh nào của sổ này bắt đầu bằng %03u",
                       province);
}

static int run(struct lease *lease, const char *name, bool has_first)
{
    struct sg_trust_node node;
    int code = sg_seat_node(&lease->seat, name, &node);

    if (code == 0 && node.state != SG_TRUST_ADMITTED)
        code = sg_cli_fail(lease->cli, SG_EXIT_IMPOSSIBLE,
                           "%s was revoked or suspended; nothing was leased",
                           "%s đã bị thu hồi hoặc tạm dừng; chưa cấp gì", name);
    if (code == 0)
        code = check_province(lease);
    if (code == 0)
        code = place(lease, has_first, node.certificate.node_key);
    if (code == 0 && lease->is_sure)
        code = say(lease);
    if (code == 0)
        print(lease, &lease->block,
              lease->is_sure
                  ? sg_out_word("granted",
                                sg_cli_say(lease->cli, "granted", "hiệu lực"))
                  : sg_out_word("shown",
                                sg_cli_say(lease->cli, "not yet: say --yes",
                                           "chưa: hãy ghi --yes")),
              &shape);
    return code;
}

static int check_words(const struct lease *lease, bool has_node)
{
    if (has_node && (lease->province == 0 || lease->count == 0))
        return sg_cli_fail(lease->cli, SG_EXIT_USAGE,
                           "say --province and --count; see --help",
                           "hãy ghi --province và --count; xem --help");
    if (lease->province > PROVINCE_MAX || lease->count > SERIAL_MAX + 1 ||
        lease->first > SERIAL_MAX || lease->days < 1 || lease->days > DAYS_MAX)
        return sg_cli_fail(lease->cli, SG_EXIT_USAGE,
                           "--province is up to %u, --count and --first up to "
                           "%u, --days 1 to %u",
                           "--province không quá %u, --count và --first không "
                           "quá %u, --days từ 1 đến %u",
                           PROVINCE_MAX, SERIAL_MAX, DAYS_MAX);
    return 0;
}

int sg_verb_pin_lease(struct sg_cli *cli, struct sg_cli_words words)
{
    struct lease lease = {.cli = cli, .first = NOT_SAID, .days = DAYS_DEFAULT};
    const struct sg_cli_option options[] = {
        {"--province", SG_CLI_NUMBER, .number = &lease.province},
        {"--count", SG_CLI_NUMBER, .number = &lease.count},
        {"--first", SG_CLI_NUMBER, .number = &lease.first},
        {"--days", SG_CLI_NUMBER, .number = &lease.days},
        {"--yes", SG_CLI_FLAG, .flag = &lease.is_sure},
    };
    int code = sg_cli_options(cli, &words, options, 5, 0, 1);
    bool has_first = lease.first != NOT_SAID;

    if (!has_first)
        lease.first = 0;
    if (code == 0)
        code = check_words(&lease, words.count == 1);
    if (code == 0)
        code = sg_seat_open(cli, lease.is_sure ? SG_SEAT_SPEAK : SG_SEAT_READ,
                            NULL, &lease.seat);
    if (code != 0)
        return code;
    if (words.count == 1)
        code = run(&lease, words.words[0], has_first);
    else
        list(&lease);
    sg_seat_close(&lease.seat);
    return code;
}
