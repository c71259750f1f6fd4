#include <string.h>

#include "storage/base/alloc.h"
#include "storage/lmdb/fetch.h"
#include "tools/seat.h"
#include "tools/verb.h"

#define FETCH_SIZE     (1u << 20)
#define OFFSET_MINUTES 420 /* Viet Nam */
#define REMOVED        1u  /* fields of an erasure_done */
#define DONE           2u

const struct sg_verb_page sg_verb_erase_list_page = {
    "[NUMBER] [--dir DIR]",
    {"Lists the orders to erase (all, or those of the decision NUMBER), as far "
     "as this\n"
     "node has heard, and for each which nodes have signed that they have "
     "carried it out.\n",
     "Liệt kê các lệnh xóa (tất cả, hoặc của quyết định NUMBER) theo những gì "
     "nút này\n"
     "biết, và với mỗi lệnh, nút nào đã ký xác nhận thực hiện xong.\n"},
    "  $ sogoc erase list --dir authority\n",
};

static const struct sg_out_shape order_shape = {
    .type = "erasure_order",
    .field_count = 7,
    .fields = {{"ref", {"statement", "bản ghi lệnh"}, 0},
               {"order", {"order", "số quyết định"}, 0},
               {"basis", {"legal basis", "căn cứ pháp lý"}, 0},
               {"reason", {"reason", "lý do"}, 0},
               {"day", {"of the day", "ngày quyết định"}, 0},
               {"entries", {"entries", "số mục"}, 0},
               {"nodes", {"nodes that have done it", "số nút đã làm xong"}, 0}},
};

static const struct sg_out_shape node_shape = {
    .type = "erasure_node",
    .field_count = 6,
    .fields = {{"ref", {"statement", "bản ghi lệnh"}, 16},
               {"node", {"node", "nút"}, 16},
               {"state", {"state", "trạng thái"}, 9},
               {"entries", {"entries", "số mục"}, -8},
               {"day", {"on", "ngày"}, -9},
               {"label", {"label", "tên gọi"}, 0}},
    .legend =
        {"done: in no page of its logs, the register made anew. removed: bytes "
         "may lie in\nfree pages. unheard: it holds nothing of it, has not "
         "heard the order, or its word\nis not here yet.",
         "xong: không còn trong trang nào của nhật ký, sổ đã dựng lại. đã gỡ: "
         "còn có thể\nnằm ở trang trống. chưa nghe: nút không giữ gì, chưa "
         "biết lệnh, hoặc xác nhận\nchưa về đến đây."},
};

static const char *const reasons[] = {"request", "court", "unlawful",
                                      "retention"};

/* What a node said of an order. */
struct said {
    uint8_t node[SG_KEY_SIZE];
    struct sg_ref order;
    uint64_t state, entries, ms;
};

struct listing {
    struct sg_cli *cli;
    struct sg_seat seat;
    const char *number; /* NULL: all */
    struct sg_fetch *fetch;
    const struct sg_store_log *log; /* that is being read */
    struct said *said;
    size_t count, capacity;
};

/* --- Reading what was said ------------------------------------------------ */

/* Says whether ENTRY is the node's own word that an order was carried out. */
static bool is_word(const struct listing *listing, const struct sg_entry *entry,
                    struct sg_record *ret_record)
{
    const struct sg_registry_id *registry = listing->seat.registry;
    const uint8_t *key = listing->log->row.core.node_key;
    struct sg_key_id id = sg_key_id_of(registry, SG_KEY_NODE, key);
    struct sg_hash record;
    uint8_t no;

    if (entry->kind != SG_ENTRY_PLAIN || entry->state != SG_PAYLOAD_PRESENT ||
        sg_record_decode(entry->payload, ret_record) != SG_OK ||
        ret_record->type != SG_TYPE_ERASURE_DONE ||
        ret_record->schema == NULL ||
        sg_record_fit(ret_record, registry, &no) != SG_RECORD_FITS ||
        sg_key_id_compare(&ret_record->officer, &id) != 0)
        return false;
    sg_record_id(registry, ret_record->inner, &record);
    return sg_record_verify(ret_record, &record, registry, key) == SG_OK;
}

/* Keeps what the node of the log in hand says; the later of two. */
static enum sg_err keep(struct listing *listing, const struct sg_record *record)
{
    struct said said = {
        .order = sg_record_ref(record, SG_FIELD_ERASURE_DONE_ORDER),
        .state = sg_record_uint(record, SG_FIELD_ERASURE_DONE_STATE),
        .entries = sg_record_uint(record, SG_FIELD_ERASURE_DONE_ENTRIES),
        .ms = record->copy.hlc >> 16,
    };

    memcpy(said.node, listing->log->row.core.node_key, SG_KEY_SIZE);
    for (size_t i = 0; i < listing->count; i++) {
        struct said *before = &listing->said[i];

        if (sg_ref_compare(&before->order, &said.order) == 0 &&
            memcmp(before->node, said.node, SG_KEY_SIZE) == 0) {
            if (said.ms >= before->ms)
                *before = said;
            return SG_OK;
        }
    }
    if (!sg_alloc_grow((void **)&listing->said, listing->count,
                       &listing->capacity, sizeof *listing->said))
        return SG_ERR_NOMEM;
    listing->said[listing->count++] = said;
    return SG_OK;
}

static enum sg_err read_log(struct listing *listing)
{
    const struct sg_store_log *log = listing->log;
    struct sg_fetch *fetch = listing->fetch;

    for (uint64_t at = 0; at < log->row.frontier.size;) {
        enum sg_err err = sg_fetch_range(listing->seat.home.store, log->number,
                                         at, SG_PACKAGE_ENTRIES_MAX, fetch);

        if (err == SG_ERR_DAMAGED) {
            at++;
            continue;
        }
        for (size_t i = 0; i < fetch->count && err == SG_OK; i++) {
            struct sg_record record;

            if (is_word(listing, &fetch->entries[i], &record))
                err = keep(listing, &record);
        }
        if (err != SG_OK)
            return err;
        at += fetch->count;
    }
    return SG_OK;
}

static int read_all(struct listing *listing)
{
    const struct sg_cli *cli = listing->cli;
    struct sg_store_log *logs = NULL;
    enum sg_err err = SG_OK;
    size_t count = 0;
    int code = sg_seat_logs(&listing->seat, NULL, &logs, &count);

    if (code != 0)
        return code;
    listing->fetch = sg_alloc(sizeof *listing->fetch);
    if (listing->fetch == NULL) {
        sg_free(logs);
        return sg_cli_fail_err(cli, SG_ERR_NOMEM, cli->dir);
    }
    sg_fetch_init(listing->fetch, FETCH_SIZE);
    for (size_t i = 0; i < count && err == SG_OK; i++) {
        listing->log = &logs[i];
        if (logs[i].row.core.kind == SG_LOG_RECORDS)
            err = read_log(listing);
    }
    sg_fetch_clear(listing->fetch);
    sg_free(listing->fetch);
    sg_free(logs);
    return err == SG_OK ? 0 : sg_cli_fail_err(cli, err, cli->dir);
}

/* --- Showing it ----------------------------------------------------------- */

static const struct said *find(const struct listing *listing,
                               const struct sg_ref *order,
                               const uint8_t node[SG_KEY_SIZE])
{
    for (size_t i = 0; i < listing->count; i++)
        if (sg_ref_compare(&listing->said[i].order, order) == 0 &&
            memcmp(listing->said[i].node, node, SG_KEY_SIZE) == 0)
            return &listing->said[i];
    return NULL;
}

static struct sg_out_value state_of(const struct sg_cli *cli,
                                    const struct said *said)
{
    if (said == NULL)
        return sg_out_word("unheard", sg_cli_say(cli, "unheard", "chưa nghe"));
    return said->state == REMOVED
               ? sg_out_word("removed", sg_cli_say(cli, "removed", "đã gỡ"))
               : sg_out_word("done", sg_cli_say(cli, "done", "xong"));
}

static void show_node(const struct listing *listing, const struct sg_ref *order,
                      const struct sg_trust_node *node)
{
    const uint8_t *key = node->certificate.node_key;
    struct sg_key_id id =
        sg_key_id_of(listing->seat.registry, SG_KEY_NODE, key);
    const struct said *said = find(listing, order, key);
    struct sg_bytes label = sg_seat_label(&listing->seat, key);
    struct sg_wall when = {.ms = said == NULL ? 0 : (int64_t)said->ms};
    const struct sg_out_value values[] = {
        sg_out_bytes(SG_OUT_HEX, SG_BYTES_ARRAY(order->bytes)),
        sg_out_bytes(SG_OUT_HEX, SG_BYTES_ARRAY(id.bytes)),
        state_of(listing->cli, said),
        said == NULL ? sg_out_none() : sg_out_number(said->entries),
        said == NULL
            ? sg_out_none()
            : sg_out_number(sg_date_from_wall(when, OFFSET_MINUTES).ymd),
        label.size == 0 ? sg_out_none() : sg_out_bytes(SG_OUT_BODY, label),
    };

    sg_out_row(&listing->cli->out, &node_shape, values);
}

static uint64_t count_done(const struct listing *listing,
                           const struct sg_ref *order)
{
    uint64_t n = 0;

    for (size_t i = 0; i < listing->count; i++)
        n += listing->said[i].state == DONE &&
             sg_ref_compare(&listing->said[i].order, order) == 0;
    return n;
}

static enum sg_err show_order(void *context, struct sg_bytes payload)
{
    const struct listing *listing = context;
    struct sg_msgpack entries;
    struct sg_trust_node node;
    struct sg_record record;
    struct sg_bytes number;
    struct sg_hash id;
    struct sg_ref ref;
    uint32_t no = 0;
    enum sg_err err = sg_record_decode(payload, &record);

    if (err != SG_OK)
        return err;
    number = sg_record_str(&record, SG_FIELD_ERASURE_ORDER);
    if (listing->number != NULL &&
        !sg_bytes_equal(number,
                        sg_bytes(listing->number, strlen(listing->number))))
        return SG_OK;
    sg_record_id(listing->seat.registry, record.inner, &id);
    ref = sg_ref_of(&id);
    sg_record_open(&record, SG_FIELD_ERASURE_ENTRIES, &entries);
    const struct sg_out_value values[] = {
        sg_out_bytes(SG_OUT_HEX, SG_BYTES_ARRAY(ref.bytes)),
        sg_out_bytes(SG_OUT_BODY, number),
        sg_out_bytes(SG_OUT_BODY,
                     sg_record_str(&record, SG_FIELD_ERASURE_CLAUSE)),
        sg_out_word(
            reasons[sg_record_uint(&record, SG_FIELD_ERASURE_REASON) - 1],
            NULL),
        sg_out_number(sg_record_uint(&record, SG_FIELD_ERASURE_ORDERED)),
        sg_out_number(sg_msgpack_read_array(&entries)),
        sg_out_number(count_done(listing, &ref)),
    };

    sg_out_card(&listing->cli->out, &order_shape, values);
    while (sg_trust_next_node(listing->seat.trust, &no, &node))
        show_node(listing, &ref, &node);
    return SG_OK;
}

int sg_verb_erase_list(struct sg_cli *cli, struct sg_cli_words words)
{
    struct listing listing = {.cli = cli};
    enum sg_err err;
    int code = sg_cli_options(cli, &words, NULL, 0, 0, 1);

    if (code == 0)
        code = sg_seat_open(cli, SG_SEAT_READ, NULL, &listing.seat);
    if (code != 0)
        return code;
    listing.number = words.count > 0 ? words.words[0] : NULL;
    code = read_all(&listing);
    if (code == 0) {
        err = sg_authority_each(listing.seat.authority, SG_TYPE_ERASURE,
                                show_order, &listing);
        if (err != SG_OK)
            code = sg_cli_fail_err(cli, err, cli->dir);
    }
    sg_free(listing.said);
    sg_seat_close(&listing.seat);
    return code;
}
