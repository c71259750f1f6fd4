#include <inttypes.h>
#include <string.h>

#include "storage/lmdb/fetch.h"
#include "storage/registry/nfc.h"
#include "tools/officer.h"
#include "tools/verb.h"

#define REASON_MAX 160u /* bytes of field 6 */
#define NOT_SAID   UINT64_MAX

const struct sg_verb_page sg_verb_endorse_page = {
    "LOG --reason TEXT [--officer OFFICER] [--first N] [--upto N] [--yes] "
    "[--dir DIR]",
    {"Lets entries count that lie above the cut of their node or officer: "
     "somebody has\n"
     "looked at them, and they are honest work. What a thief wrote stays "
     "quarantined.\n"
     "Without --yes it shows what would count and does nothing. An officer of "
     "the home\n"
     "can still reject a single record.\n"
     "\n"
     "  LOG                its number (sogoc logs), or the first digits, 8 or "
     "more, of\n"
     "                     its id\n"
     "  --reason TEXT      why, up to 160 bytes\n"
     "  --officer OFFICER  only what he signed, above his cut (default: what "
     "lies above\n"
     "                     the cut of the log's node)\n"
     "  --first N          from this entry on (default: the first above the "
     "cut)\n"
     "  --upto N           to this entry (default: the last that is held)\n"
     "  --yes              do it\n",
     "Cho các mục nằm trên điểm cắt của nút hoặc cán bộ được tính: đã có người "
     "xem lại\n"
     "và đó là việc làm đúng. Những gì kẻ gian ghi vẫn bị cách ly. Không có "
     "--yes thì\n"
     "chỉ xem trước, không làm gì. Cán bộ nơi cư trú vẫn có thể bác từng bản "
     "ghi.\n"
     "\n"
     "  LOG                số của nhật ký (sogoc logs), hoặc ít nhất 8 chữ số "
     "đầu của mã\n"
     "  --reason TEXT      lý do, tối đa 160 byte\n"
     "  --officer OFFICER  chỉ những mục người này ký, trên điểm cắt của người "
     "đó (mặc\n"
     "                     định: mục trên điểm cắt của nút giữ nhật ký)\n"
     "  --first N          từ mục này (mặc định: mục đầu tiên trên điểm cắt)\n"
     "  --upto N           đến mục này (mặc định: mục cuối cùng đang có)\n"
     "  --yes              thực hiện\n"},
    "  $ sogoc endorse 1 --officer cb-0002 --reason 'đã đối chiếu hồ sơ "
    "giấy' --dir authority\n",
};

static const struct sg_out_shape shape = {
    .type = "endorsed",
    .field_count = 5,
    .fields = {{"log", {"log", "nhật ký"}, 0},
               {"first", {"from entry", "từ mục"}, 0},
               {"last", {"to entry", "đến mục"}, 0},
               {"entries", {"entries", "số mục"}, 0},
               {"done", {"done", "đã làm"}, 0}},
};

struct endorsement {
    struct sg_cli *cli;
    struct sg_seat seat;
    const char *reason;
    uint64_t first, last;
    bool has_officer, is_sure;
    struct sg_key_id officer;
    struct sg_store_log log;
};

/* --- What lies above the cut -----------------------------------------------
 */

static bool is_above(const struct endorsement *endorsement, uint64_t index)
{
    const struct sg_authority_place place = {
        .log = endorsement->log.id,
        .index = index,
    };

    return endorsement->has_officer
               ? sg_authority_is_above_officer(endorsement->seat.authority,
                                               &endorsement->officer, &place)
               : sg_authority_is_above_node(endorsement->seat.authority,
                                            endorsement->log.row.core.node_key,
                                            &place);
}

/* A cut is a size: all from one entry on lie above it. */
static uint64_t first_above(const struct endorsement *endorsement)
{
    uint64_t low = 0, high = endorsement->log.row.frontier.size;

    while (low < high) {
        uint64_t middle = low + (high - low) / 2;

        if (is_above(endorsement, middle))
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static int place(struct endorsement *endorsement)
{
    const struct sg_cli *cli = endorsement->cli;
    uint64_t held = endorsement->log.row.frontier.size;
    uint64_t above = first_above(endorsement);

    if (endorsement->log.branch != 0 ||
        (endorsement->log.row.flags & SG_LOG_FORKED) != 0)
        return sg_cli_fail(cli, SG_EXIT_IMPOSSIBLE,
                           "this log has forked: its records are endorsed or "
                           "rejected one by one, by an officer of the home",
                           "nhật ký này đã rẽ nhánh: cán bộ nơi cư trú xác "
                           "nhận hoặc bác từng bản ghi");
    if (above == held)
        return sg_cli_fail(cli, SG_EXIT_IMPOSSIBLE,
                           "nothing that is held of this log lies above a cut",
                           "không mục nào đang có của nhật ký này nằm trên "
                           "điểm cắt");
    if (endorsement->first == NOT_SAID)
        endorsement->first = above;
    if (endorsement->last == NOT_SAID)
        endorsement->last = held - 1;
    if (endorsement->first >= above && endorsement->last < held &&
        endorsement->first <= endorsement->last)
        return 0;
    return sg_cli_fail(cli, SG_EXIT_IMPOSSIBLE,
                       "above the cut lie entries %" PRIu64 " to %" PRIu64
                       ": say --first and --upto among them",
                       "trên điểm cắt là các mục %" PRIu64 " đến %" PRIu64
                       ": hãy ghi --first và --upto trong khoảng đó",
                       above, held - 1);
}

/* --- What is said -----------------------------------------------------------
 */

static int say(struct endorsement *endorsement)
{
    struct sg_seat *seat = &endorsement->seat;
    struct sg_record_build *build;
    struct sg_hash root;
    enum sg_err err = sg_fetch_root(seat->home.store, endorsement->log.number,
                                    endorsement->last + 1, &root);
    int code;

    if (err != SG_OK)
        return sg_cli_fail_err(endorsement->cli, err, endorsement->cli->dir);
    build = sg_seat_begin(seat, SG_TYPE_ENDORSE_RANGE);
    sg_record_build_bin(build, SG_FIELD_ENDORSE_RANGE_LOG,
                        SG_BYTES_ARRAY(endorsement->log.id.hash.bytes));
    sg_record_build_uint(build, SG_FIELD_ENDORSE_RANGE_FIRST,
                         endorsement->first);
    sg_record_build_uint(build, SG_FIELD_ENDORSE_RANGE_SIZE,
                         endorsement->last + 1);
    sg_record_build_bin(build, SG_FIELD_ENDORSE_RANGE_ROOT,
                        SG_BYTES_ARRAY(root.bytes));
    if (endorsement->has_officer)
        sg_record_build_bin(build, SG_FIELD_ENDORSE_RANGE_OFFICER,
                            SG_BYTES_ARRAY(endorsement->officer.bytes));
    sg_record_build_str(
        build, SG_FIELD_ENDORSE_RANGE_REASON,
        sg_bytes(endorsement->reason, strlen(endorsement->reason)));
    code = sg_seat_end(seat, NULL);
    return code == 0 ? sg_seat_file(seat) : code;
}

static void show(const struct endorsement *endorsement)
{
    struct sg_cli *cli = endorsement->cli;
    const struct sg_out_value values[] = {
        sg_out_hash(&endorsement->log.id.hash),
        sg_out_number(endorsement->first),
        sg_out_number(endorsement->last),
        sg_out_number(endorsement->last - endorsement->first + 1),
        endorsement->is_sure
            ? sg_out_word("yes", sg_cli_say(cli, "yes", "rồi"))
            : sg_out_word("no", sg_cli_say(cli, "no: say --yes",
                                           "chưa: hãy ghi --yes")),
    };

    sg_out_card(&cli->out, &shape, values);
}

static int run(struct endorsement *endorsement, const char *name,
               const char *officer)
{
    struct sg_seat *seat = &endorsement->seat;
    int code =
        sg_home_log(endorsement->cli, &seat->home, name, &endorsement->log);

    if (code == 0 && officer != NULL)
        code = sg_officer_find(seat, officer, &endorsement->officer);
    if (code == 0)
        code = place(endorsement);
    if (code == 0 && endorsement->is_sure)
        code = say(endorsement);
    if (code == 0)
        show(endorsement);
    return code;
}

static int check_words(const struct endorsement *endorsement)
{
    const char *reason = endorsement->reason;

    if (reason != NULL && reason[0] != '\0' && strlen(reason) <= REASON_MAX &&
        sg_nfc_check(sg_bytes(reason, strlen(reason))) == SG_OK)
        return 0;
    return sg_cli_fail(endorsement->cli, SG_EXIT_USAGE,
                       "say --reason TEXT, 1 to %u bytes",
                       "hãy ghi --reason TEXT, từ 1 đến %u byte", REASON_MAX);
}

int sg_verb_endorse(struct sg_cli *cli, struct sg_cli_words words)
{
    struct endorsement endorsement = {
        .cli = cli, .first = NOT_SAID, .last = NOT_SAID};
    const char *officer = NULL;
    const struct sg_cli_option options[] = {
        {"--reason", SG_CLI_TEXT, .text = &endorsement.reason},
        {"--officer", SG_CLI_TEXT, .text = &officer},
        {"--first", SG_CLI_NUMBER, .number = &endorsement.first},
        {"--upto", SG_CLI_NUMBER, .number = &endorsement.last},
        {"--yes", SG_CLI_FLAG, .flag = &endorsement.is_sure},
    };
    int code = sg_cli_options(cli, &words, options, 5, 1, 1);

    if (code == 0)
        code = check_words(&endorsement);
    if (code == 0)
        code = sg_seat_open(cli,
                            endorsement.is_sure ? SG_SEAT_SPEAK : SG_SEAT_READ,
                            NULL, &endorsement.seat);
    if (code != 0)
        return code;
    endorsement.has_officer = officer != NULL;
    code = run(&endorsement, words.words[0], officer);
    sg_seat_close(&endorsement.seat);
    return code;
}
