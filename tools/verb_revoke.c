#include <string.h>

#include "storage/base/alloc.h"
#include "tools/seat_scope.h"
#include "tools/verb.h"

#define STANDS_MAX 256u

const struct sg_verb_page sg_verb_revoke_page = {
    "NODE [--reason R] [--what W] [--none] [--rotate-scopes] [--yes] [--dir "
    "DIR]",
    {"Cuts a node off. Its logs stand as far as this store has seen them "
     "signed; what\n"
     "lies above is kept by everybody, quarantined, and can be endorsed later. "
     "A log\n"
     "that is not listed, one that a thief opens tomorrow too, counts for "
     "nothing.\n"
     "Without --yes it shows what would be cut and does nothing.\n"
     "\n"
     "  NODE             the first digits, 8 or more, of its key or key id\n"
     "  --reason R       lost, stolen, cloned, misuse, ended, replaced, other "
     "(lost)\n"
     "  --what W         revoke, retire, or suspend, which alone can be lifted "
     "(revoke)\n"
     "  --none           nothing of it stands: it was the thief's from the "
     "start\n"
     "  --rotate-scopes  replace every scope key that the node could read "
     "with\n"
     "  --yes            do it\n",
     "Cắt một nút ra khỏi sổ. Nhật ký của nút giữ nguyên đến chỗ kho này đã "
     "thấy có\n"
     "chữ ký; phần phía trên vẫn được mọi nút giữ, cách ly, và có thể xác nhận "
     "lại\n"
     "sau. Nhật ký không nêu ở đây, kể cả do kẻ trộm mở ngày mai, không có "
     "giá trị.\n"
     "Không có --yes thì chỉ xem trước, không làm gì.\n"
     "\n"
     "  NODE             các chữ số đầu, ít nhất 8, của khóa hoặc mã khóa\n"
     "  --reason R       lost, stolen, cloned, misuse, ended, replaced, other "
     "(lost)\n"
     "  --what W         revoke, retire, hoặc suspend là loại duy nhất gỡ "
     "được (revoke)\n"
     "  --none           không giữ gì: nút là của kẻ gian từ đầu\n"
     "  --rotate-scopes  thay mọi khóa phạm vi mà nút này đọc được\n"
     "  --yes            thực hiện\n"},
    "  $ sogoc revoke \"$(sogoc nodes --dir authority | awk '$2 == "
    "\"district\" {print $1}')\" --reason lost --dir authority\n",
};

static const struct sg_out_shape row_shape = {
    .type = "stand",
    .field_count = 4,
    .fields = {{"log", {"log", "nhật ký"}, 16},
               {"size", {"stands up to", "giữ đến mục"}, -14},
               {"held", {"held here", "có tại đây"}, -10},
               {"above", {"above the cut", "trên điểm cắt"}, -14}},
    .legend = {"above the cut: entries held here that are quarantined. What "
               "the node wrote and nobody has seen is above the cut too.",
               "trên điểm cắt: các mục có tại đây sẽ bị cách ly. Những gì nút "
               "đã ghi mà chưa ai thấy cũng ở trên điểm cắt."},
};

static const struct sg_out_shape shape = {
    .type = "revoked",
    .field_count = 5,
    .fields = {{"key_id", {"key id", "mã khóa"}, 0},
               {"what", {"what", "hình thức"}, 0},
               {"done", {"done", "đã làm"}, 0},
               {"logs", {"logs that stand", "nhật ký được giữ"}, 0},
               {"scopes",
                {"scope keys it could read with", "khóa phạm vi nút đọc được"},
                0}},
};

static const char *const whats[] = {"suspend", "retire", "revoke"};
static const char *const reasons[] = {"lost",  "stolen",   "cloned", "misuse",
                                      "ended", "replaced", "other"};

struct revocation {
    struct sg_cli *cli;
    struct sg_seat seat;
    const char *what, *reason;
    unsigned what_value, reason_value;
    bool has_none, rotates, is_sure;
    struct sg_trust_node node;
    struct sg_store_log *logs;
    size_t n_logs;
    struct sg_unit_key *units; /* whose current key it can read with */
    size_t n_units, n_scopes, units_capacity;
};

/* Gives the place of WORD in WORDS, from 1; 0 if it is not there. */
static unsigned find_word(const char *word, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(word, words[i]) == 0)
            return (unsigned)i + 1;
    return 0;
}

static int read_words(struct revocation *revocation)
{
    revocation->what_value =
        find_word(revocation->what, whats, sizeof whats / sizeof whats[0]);
    revocation->reason_value = find_word(revocation->reason, reasons,
                                         sizeof reasons / sizeof reasons[0]);
    if (revocation->what_value != 0 && revocation->reason_value != 0)
        return 0;
    return sg_cli_fail(revocation->cli, SG_EXIT_USAGE,
                       "no such --what or --reason; see --help",
                       "không có --what hoặc --reason này; xem --help");
}

/* --- What it can read
 * --------------------------------------------------------- */

static enum sg_err see_scope(void *context,
                             const struct sg_authority_scope *scope)
{
    struct revocation *revocation = context;
    struct sg_key_id reader =
        sg_key_id_of(revocation->seat.registry, SG_KEY_TRANSPORT,
                     revocation->node.certificate.transport_key);

    if (!sg_authority_scope_is_given(revocation->seat.authority, &scope->id,
                                     &reader))
        return SG_OK;
    revocation->n_scopes++;
    if (scope->state != SG_AUTHORITY_SCOPE_CURRENT)
        return SG_OK;
    if (revocation->n_units == revocation->units_capacity) {
        size_t capacity = revocation->units_capacity == 0
                              ? 32
                              : 2 * revocation->units_capacity;
        struct sg_unit_key *units =
            sg_realloc(revocation->units, capacity * sizeof *units);

        if (units == NULL)
            return SG_ERR_NOMEM;
        revocation->units = units;
        revocation->units_capacity = capacity;
    }
    revocation->units[revocation->n_units++] = scope->unit;
    return SG_OK;
}

/* --- The cut
 * ------------------------------------------------------------------ */

static void show_rows(const struct revocation *revocation)
{
    for (size_t i = 0; i < revocation->n_logs; i++) {
        const struct sg_store_log *log = &revocation->logs[i];
        uint64_t size = revocation->has_none ? 0 : log->row.known.size;
        uint64_t held = log->row.frontier.size;
        const struct sg_out_value values[] = {
            sg_out_hash(&log->id.hash),
            sg_out_number(size),
            sg_out_number(held),
            sg_out_number(held > size ? held - size : 0),
        };

        sg_out_row(&revocation->cli->out, &row_shape, values);
    }
}

static int cut(struct revocation *revocation)
{
    struct sg_record_build *build =
        sg_seat_begin(&revocation->seat, SG_TYPE_NODE_CUT);
    size_t n = revocation->has_none ? 0 : revocation->n_logs;
    struct sg_pack *pack;

    sg_record_build_bin(build, SG_FIELD_NODE_CUT_NODE,
                        SG_BYTES_ARRAY(revocation->node.certificate.node_key));
    sg_record_build_uint(build, SG_FIELD_NODE_CUT_WHAT, revocation->what_value);
    pack = sg_record_build_field(build, SG_FIELD_NODE_CUT_STANDS);
    sg_pack_array(pack, (uint32_t)n);
    for (size_t i = 0; i < n; i++)
        sg_seat_pack_stand(pack, &revocation->logs[i], true);
    sg_record_build_uint(build, SG_FIELD_NODE_CUT_REASON,
                         revocation->reason_value);
    return sg_seat_end(&revocation->seat, NULL);
}

static int rotate(struct revocation *revocation)
{
    int code = 0;

    for (size_t i = 0; i < revocation->n_units && code == 0; i++) {
        size_t n;

        code = sg_seat_scope_rotate(&revocation->seat, revocation->units[i],
                                    revocation->node.certificate.node_key, &n);
    }
    return code;
}

static void show(const struct revocation *revocation)
{
    struct sg_cli *cli = revocation->cli;
    struct sg_key_id id = sg_key_id_of(revocation->seat.registry, SG_KEY_NODE,
                                       revocation->node.certificate.node_key);
    const struct sg_out_value values[] = {
        sg_out_bytes(SG_OUT_HEX, SG_BYTES_ARRAY(id.bytes)),
        sg_out_word(revocation->what, NULL),
        revocation->is_sure
            ? sg_out_word("yes", sg_cli_say(cli, "yes", "rồi"))
            : sg_out_word("no", sg_cli_say(cli, "no: say --yes",
                                           "chưa: hãy ghi --yes")),
        sg_out_number(revocation->has_none ? 0 : revocation->n_logs),
        sg_out_number(revocation->n_scopes),
    };

    sg_out_card(&cli->out, &shape, values);
}

static int check(const struct revocation *revocation)
{
    if (memcmp(revocation->node.certificate.node_key,
               revocation->seat.home.node != NULL
                   ? revocation->seat.home.node->public_key
                   : (const uint8_t[SG_KEY_SIZE]){0},
               SG_KEY_SIZE) == 0)
        return sg_cli_fail(revocation->cli, SG_EXIT_IMPOSSIBLE,
                           "this is the authority's own node; replace its "
                           "machine first",
                           "đây là nút của chính cơ quan quản lý; hãy thay máy "
                           "trước");
    if (revocation->n_logs > STANDS_MAX && !revocation->has_none)
        return sg_cli_fail(revocation->cli, SG_EXIT_IMPOSSIBLE,
                           "the node has more than %u logs: a cut cannot list "
                           "them",
                           "nút có hơn %u nhật ký: không nêu hết được",
                           STANDS_MAX);
    return 0;
}

static int run(struct revocation *revocation, const char *name)
{
    struct sg_seat *seat = &revocation->seat;
    int code = sg_seat_node(seat, name, &revocation->node);

    if (code == 0)
        code = sg_seat_logs(seat, revocation->node.certificate.node_key,
                            &revocation->logs, &revocation->n_logs);
    if (code == 0)
        code = check(revocation);
    if (code == 0 && sg_authority_scope_each(seat->authority, see_scope,
                                             revocation) != SG_OK)
        code = sg_cli_fail_err(revocation->cli, SG_ERR_NOMEM, seat->cli->dir);
    if (code == 0 && revocation->is_sure) {
        code = cut(revocation);
        if (code == 0 && revocation->rotates)
            code = rotate(revocation);
        if (code == 0)
            code = sg_seat_file(seat);
    }
    if (code == 0) {
        show_rows(revocation);
        show(revocation);
    }
    return code;
}

int sg_verb_revoke(struct sg_cli *cli, struct sg_cli_words words)
{
    struct revocation revocation = {
        .cli = cli, .what = "revoke", .reason = "lost"};
    const struct sg_cli_option options[] = {
        {"--what", SG_CLI_TEXT, .text = &revocation.what},
        {"--reason", SG_CLI_TEXT, .text = &revocation.reason},
        {"--none", SG_CLI_FLAG, .flag = &revocation.has_none},
        {"--rotate-scopes", SG_CLI_FLAG, .flag = &revocation.rotates},
        {"--yes", SG_CLI_FLAG, .flag = &revocation.is_sure},
    };
    int code = sg_cli_options(cli, &words, options, 5, 1, 1);

    if (code == 0)
        code = read_words(&revocation);
    if (code == 0)
        code =
            sg_seat_open(cli, revocation.is_sure ? SG_SEAT_SPEAK : SG_SEAT_READ,
                         NULL, &revocation.seat);
    if (code != 0)
        return code;
    code = run(&revocation, words.words[0]);
    sg_free(revocation.logs);
    sg_free(revocation.units);
    sg_seat_close(&revocation.seat);
    return code;
}
