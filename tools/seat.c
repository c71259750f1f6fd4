#include "tools/seat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/base/clock.h"
#include "storage/base/text.h"
#include "storage/lmdb/batch.h"
#include "storage/lmdb/fetch.h"
#include "storage/lmdb/file.h"
#include "tools/ask.h"

#define OFFSET_MINUTES  420 /* Viet Nam */
#define PAYLOADS_MAX    (64u << 20)
#define ENDS_FIRST      64u
#define FETCH_SIZE      (1u << 20)
#define DIGITS_MIN      8u
#define STATEMENTS_LAST SG_TYPE_ENDORSE_RANGE

/* --- Reading what has been said
 * -------------------------------------------------- */

/* A walk over all entries of the logs that the authority may have written. */
struct scan {
    struct sg_seat *seat;
    struct sg_fetch *fetch;
    /* Called for each statement of RECORD at PLACE. */
    enum sg_err (*see)(struct scan *scan, const struct sg_store_log *log,
                       uint64_t index, struct sg_bytes payload,
                       const struct sg_record *record);
    /* Called when all of a log was seen. */
    enum sg_err (*end)(struct scan *scan, const struct sg_store_log *log);
};

/* Says whether ENTRY is a statement of the authority, and reads it. */
static bool is_statement(const struct sg_entry *entry,
                         struct sg_record *ret_record)
{
    return entry->kind == SG_ENTRY_PLAIN &&
           entry->state == SG_PAYLOAD_PRESENT &&
           sg_record_decode(entry->payload, ret_record) == SG_OK &&
           ret_record->type >= SG_TYPE_GENESIS &&
           ret_record->type <= STATEMENTS_LAST;
}

/* Says whether LOG was begun by the authority: its entry 1 says so. (A log that
 * only pretends to be is judged by its signatures.) */
static enum sg_err look(struct scan *scan, const struct sg_store_log *log,
                        bool *ret_is_authority)
{
    struct sg_record record;
    enum sg_err err;

    *ret_is_authority = false;
    if (log->row.frontier.size < 2 || log->branch != 0 ||
        log->row.core.kind != SG_LOG_RECORDS)
        return SG_OK;
    err =
        sg_fetch_range(scan->seat->home.store, log->number, 1, 1, scan->fetch);
    if (err == SG_OK && scan->fetch->count == 1 &&
        is_statement(&scan->fetch->entries[0], &record))
        *ret_is_authority = record.type == SG_TYPE_GENESIS ||
                            record.type == SG_TYPE_AUTHORITY_LOG;
    return err;
}

static enum sg_err scan_log(struct scan *scan, const struct sg_store_log *log)
{
    struct sg_fetch *fetch = scan->fetch;
    enum sg_err err = SG_OK;

    for (uint64_t at = 1; at < log->row.frontier.size && err == SG_OK;) {
        err = sg_fetch_range(scan->seat->home.store, log->number, at,
                             SG_PACKAGE_ENTRIES_MAX, fetch);
        for (size_t i = 0; err == SG_OK && i < fetch->count; i++) {
            struct sg_record record;

            if (is_statement(&fetch->entries[i], &record))
                err = scan->see(scan, log, at + i, fetch->entries[i].payload,
                                &record);
        }
        at += fetch->count;
    }
    return err == SG_OK && scan->end != NULL ? scan->end(scan, log) : err;
}

static enum sg_err scan_all(struct scan *scan)
{
    struct sg_store_log *logs = NULL;
    size_t count = 0;
    enum sg_err err = SG_OK;

    if (sg_seat_logs(scan->seat, NULL, &logs, &count) != 0)
        return SG_ERR_STATE; /* said already */
    scan->fetch = sg_alloc(sizeof *scan->fetch);
    if (scan->fetch == NULL) {
        sg_free(logs);
        return SG_ERR_NOMEM;
    }
    sg_fetch_init(scan->fetch, FETCH_SIZE);
    for (size_t i = 0; i < count && err == SG_OK; i++) {
        bool is_authority;

        err = look(scan, &logs[i], &is_authority);
        if (err == SG_OK && is_authority)
            err = scan_log(scan, &logs[i]);
    }
    sg_fetch_clear(scan->fetch);
    sg_free(scan->fetch);
    sg_free(logs);
    return err;
}

/* What does not count for what it is, counts nowhere: it is passed over. */
static enum sg_err take_in(struct scan *scan, const struct sg_store_log *log,
                           uint64_t index, struct sg_bytes payload,
                           const struct sg_record *record)
{
    struct sg_authority_place place = {.log = log->id, .index = index};
    struct sg_trust_place trusted = {.log = log->id, .index = index};
    enum sg_err err;

    (void)record;
    memcpy(trusted.node_key, log->row.core.node_key, SG_KEY_SIZE);
    err = sg_authority_add(scan->seat->authority, payload, &place,
                           log->row.core.node_key);
    if (err == SG_ERR_NOMEM || err == SG_ERR_LIMIT)
        return err;
    err = sg_trust_add(scan->seat->trust, &trusted, payload);
    return err == SG_ERR_LIMIT ? err : SG_OK;
}

static enum sg_err hold(struct scan *scan, const struct sg_store_log *log)
{
    uint64_t size = log->row.frontier.size;
    enum sg_err err = sg_authority_hold(scan->seat->authority, &log->id, size);

    return err == SG_OK ? sg_trust_held(scan->seat->trust, &log->id, 0, size)
                        : err;
}

/* Adds the chain that a node was shown when it joined: whom it believes before
 * the authority's logs are here. */
static enum sg_err read_chain(struct sg_seat *seat)
{
    char path[SG_HOME_PATH_MAX + 16];
    struct sg_buf chain;
    enum sg_err err;

    (void)snprintf(path, sizeof path, "%s/chain", seat->cli->dir);
    sg_buf_init(&chain, SG_STAGE1_SIZE_MAX);
    err = sg_file_read(path, &chain);
    if (err == SG_OK)
        err = sg_trust_add_chain(seat->trust, sg_buf_bytes(&chain));
    sg_buf_clear(&chain);
    return err == SG_ERR_NOTFOUND ? SG_OK : err;
}

static enum sg_err read_all(struct sg_seat *seat)
{
    const struct sg_trust_config config = {
        .registry = *seat->registry,
        .limits = sg_trust_limits_country,
    };
    struct scan scan = {.seat = seat, .see = take_in, .end = hold};
    enum sg_err err = sg_trust_new(&config, &seat->trust);

    if (err == SG_OK)
        err = sg_authority_new(seat->registry, NULL, NULL, &seat->authority);
    if (err == SG_OK)
        err = read_chain(seat);
    if (err == SG_OK)
        err = scan_all(&scan);
    if (err == SG_OK)
        err = sg_authority_seal(seat->authority);
    if (err == SG_OK) {
        (void)sg_trust_judge(seat->trust);
        seat->position = sg_trust_position(seat->trust);
    }
    return err;
}

/* --- Taking the pen
 * ------------------------------------------------------------- */

static enum sg_err see_serial(struct scan *scan, const struct sg_store_log *log,
                              uint64_t index, struct sg_bytes payload,
                              const struct sg_record *record)
{
    struct sg_seat *seat = scan->seat;
    struct sg_key_id root =
        sg_key_id_of(seat->registry, SG_KEY_ROOT, seat->root->public_key);

    (void)log;
    (void)index;
    (void)payload;
    if (sg_key_id_compare(&record->officer, &root) == 0 &&
        record->schema != NULL && sg_record_has(record, 0) &&
        sg_record_uint(record, 0) >= seat->serial)
        seat->serial = sg_record_uint(record, 0) + 1;
    return SG_OK;
}

void sg_seat_root_name(unsigned generation, char ret_name[SG_SEAT_NAME_SIZE])
{
    (void)snprintf(ret_name, SG_SEAT_NAME_SIZE, "root-%u", generation);
}

/* Says that this is not where the authority speaks. */
static int fail_root(const struct sg_cli *cli, const char *name)
{
    return sg_cli_fail(cli, SG_EXIT_KEY,
                       "%s/keys/%s.key is not here: only where the root key "
                       "in force lies can the authority speak",
                       "không có %s/keys/%s.key: chỉ nơi giữ khóa gốc đang "
                       "hiệu lực mới ra được quyết định",
                       cli->dir, name);
}

static int take_root(struct sg_seat *seat, enum sg_seat_mode mode,
                     const struct sg_passphrase *passphrase)
{
    const struct sg_cli *cli = seat->cli;
    const struct sg_root *root;
    char folder[SG_HOME_PATH_MAX], name[SG_SEAT_NAME_SIZE];
    int code = sg_home_keys_path(cli, folder);

    seat->generation = sg_trust_generation(seat->trust);
    root = sg_trust_root(seat->trust, seat->generation);
    if (code == 0 && root == NULL)
        code = sg_cli_fail(cli, SG_EXIT_IMPOSSIBLE,
                           "%s: this store has no authority; found one with: "
                           "sogoc init --authority",
                           "%s: kho này chưa có cơ quan quản lý; hãy lập bằng: "
                           "sogoc init --authority",
                           cli->dir);
    if (code != 0)
        return code;
    sg_seat_root_name(seat->generation, name);
    code = sg_ask_key(cli, folder, name, passphrase, &seat->root);
    if (code == 0 && seat->root == NULL)
        return mode == SG_SEAT_SUCCEED ? 0 : fail_root(cli, name);
    if (code == 0 &&
        memcmp(seat->root->public_key, root->key, SG_KEY_SIZE) != 0)
        return sg_cli_fail(
            cli, SG_EXIT_KEY, "%s/keys/%s.key is not the root key in force",
            "%s/keys/%s.key không phải khóa gốc đang hiệu lực", cli->dir, name);
    if (code == 0)
        code =
            sg_ask_key(cli, folder, SG_SEAT_ESCROW, passphrase, &seat->escrow);
    return code;
}

/* Opens this log as the next of the authority's: every position stands on what
 * is listed here. */
static int open_log(struct sg_seat *seat)
{
    struct sg_store_log *logs = NULL;
    struct sg_record_build *build;
    struct sg_pack *pack;
    size_t count = 0, n = 0;
    int code = sg_seat_logs(seat, NULL, &logs, &count);

    if (code != 0)
        return code;
    for (size_t i = 0; i < count; i++)
        if (sg_trust_is_authority(seat->trust, logs[i].row.core.node_key) &&
            logs[i].number != seat->own->number)
            logs[n++] = logs[i];
    build = sg_seat_begin(seat, SG_TYPE_AUTHORITY_LOG);
    sg_record_build_uint(build, SG_FIELD_AUTHORITY_LOG_GENERATION,
                         (seat->position >> 32) + 1);
    sg_record_build_bin(build, SG_FIELD_AUTHORITY_LOG_LOG,
                        SG_BYTES_ARRAY(seat->own->id.hash.bytes));
    pack = sg_record_build_field(build, SG_FIELD_AUTHORITY_LOG_STANDS_ON);
    sg_pack_array(pack, (uint32_t)n);
    for (size_t i = 0; i < n; i++)
        sg_seat_pack_stand(pack, &logs[i], false);
    sg_free(logs);
    return sg_seat_end(seat, NULL);
}

/* Makes sure that what is written here will be found: in a log that the
 * authority has opened. */
static int take_log(struct sg_seat *seat)
{
    struct scan scan = {.seat = seat};
    struct sg_store_log log;
    bool is_authority = false;
    enum sg_err err;
    int code = sg_home_own(seat->cli, &seat->home, &seat->own);

    if (code != 0)
        return code;
    if (!sg_trust_is_authority(seat->trust, seat->own->core.node_key))
        return sg_cli_fail(seat->cli, SG_EXIT_IMPOSSIBLE,
                           "%s: this node was not admitted as an authority's",
                           "%s: nút này không được thừa nhận là của cơ quan "
                           "quản lý",
                           seat->cli->dir);
    if (seat->own->signed_checkpoint.size == 1 && seat->root == NULL)
        return sg_cli_fail(seat->cli, SG_EXIT_IMPOSSIBLE,
                           "%s: a new log was begun here, which the root in "
                           "force has to open; it is not here",
                           "%s: nhật ký mới đã mở tại đây cần khóa gốc đang "
                           "hiệu lực mở đầu, mà khóa không có ở đây",
                           seat->cli->dir);
    if (seat->own->signed_checkpoint.size == 1)
        return open_log(seat);
    scan.fetch = sg_alloc(sizeof *scan.fetch);
    if (scan.fetch == NULL)
        return sg_cli_fail_err(seat->cli, SG_ERR_NOMEM, seat->cli->dir);
    sg_fetch_init(scan.fetch, FETCH_SIZE);
    err = sg_store_get(seat->home.store, seat->own->number, &log);
    if (err == SG_OK)
        err = look(&scan, &log, &is_authority);
    sg_fetch_clear(scan.fetch);
    sg_free(scan.fetch);
    if (err != SG_OK)
        return sg_cli_fail_err(seat->cli, err, seat->cli->dir);
    if (!is_authority)
        return sg_cli_fail(seat->cli, SG_EXIT_IMPOSSIBLE,
                           "%s: something else was written first to the log "
                           "that was begun; restore an older backup",
                           "%s: nhật ký mới đã bị ghi nội dung khác trước; "
                           "hãy khôi phục bản sao lưu cũ hơn",
                           seat->cli->dir);
    return 0;
}

static int take_pen(struct sg_seat *seat, enum sg_seat_mode mode,
                    const struct sg_passphrase *passphrase)
{
    struct scan scan = {.seat = seat, .see = see_serial};
    int code = take_root(seat, mode, passphrase);
    enum sg_err err;

    if (code != 0)
        return code;
    seat->serial = 1;
    err = seat->root != NULL ? scan_all(&scan) : SG_OK;
    if (err != SG_OK)
        return sg_cli_fail_err(seat->cli, err, seat->cli->dir);
    return take_log(seat);
}

int sg_seat_open(const struct sg_cli *cli, enum sg_seat_mode mode,
                 const struct sg_passphrase *passphrase,
                 struct sg_seat *ret_seat)
{
    struct sg_seat *seat = ret_seat;
    struct sg_wall now = sg_clock_wall();
    int code;

    *seat = (struct sg_seat){
        .cli = cli,
        .today = sg_date_from_wall(now, OFFSET_MINUTES),
        .now_ms = now.ms > 0 ? (uint64_t)now.ms : 0,
    };
    sg_buf_init(&seat->payloads, PAYLOADS_MAX);
    code = sg_home_open(cli, &seat->home);
    if (code != 0)
        return code;
    seat->registry = sg_store_registry(seat->home.store);
    enum sg_err err = read_all(seat);
    if (err != SG_OK)
        code = sg_cli_fail_err(cli, err, cli->dir);
    if (code == 0 && mode != SG_SEAT_READ)
        code = take_pen(seat, mode, passphrase);
    if (code != 0)
        sg_seat_close(seat);
    return code;
}

void sg_seat_close(struct sg_seat *seat)
{
    sg_authority_free(seat->authority);
    sg_trust_free(seat->trust);
    sg_key_file_free(seat->root);
    sg_key_file_free(seat->escrow);
    sg_buf_clear(&seat->payloads);
    sg_free(seat->ends);
    sg_home_close(&seat->home);
    *seat = (struct sg_seat){.cli = NULL};
}

/* --- Writing a statement
 * --------------------------------------------------------- */

/* Begins a statement that SIGNER will sign. */
static void begin_by(struct sg_seat *seat, enum sg_type type,
                     const struct sg_key *signer)
{
    seat->head = (struct sg_record_head){
        .type = type,
        .effective = seat->today,
        .officer =
            sg_key_id_of(seat->registry, SG_KEY_ROOT, signer->public_key),
    };
    sg_crypto_random(seat->head.submit.bytes, sizeof seat->head.submit.bytes);
    sg_record_build_init(&seat->build, &seat->head);
    sg_record_build_uint(&seat->build, 0, seat->serial++);
}

struct sg_record_build *sg_seat_begin(struct sg_seat *seat, enum sg_type type)
{
    SG_ASSERT(seat->root != NULL);
    begin_by(seat, type, seat->root);
    return &seat->build;
}

/* The outer part of the statement in hand: the clock never goes below what the
 * authority itself has said. */
static struct sg_record_copy copy_of(const struct sg_seat *seat)
{
    struct sg_authority_at at;
    uint64_t ms = seat->now_ms;

    sg_authority_at_cut(seat->authority, &at);
    if (ms < sg_authority_time_floor(&at))
        ms = sg_authority_time_floor(&at);
    return (struct sg_record_copy){
        .hlc = (ms << 16) + seat->count,
        .wall_offset = (int64_t)seat->now_ms - (int64_t)ms,
        .position = seat->position,
    };
}

static enum sg_err keep_end(struct sg_seat *seat)
{
    if (seat->count == seat->capacity) {
        size_t capacity = seat->capacity == 0 ? ENDS_FIRST : 2 * seat->capacity;
        size_t *ends = sg_realloc(seat->ends, capacity * sizeof *ends);

        if (ends == NULL)
            return SG_ERR_NOMEM;
        seat->ends = ends;
        seat->capacity = capacity;
    }
    seat->ends[seat->count++] = seat->payloads.size;
    return SG_OK;
}

static int end_by(struct sg_seat *seat, const struct sg_key *signer,
                  struct sg_hash *ret_id)
{
    struct sg_record_copy copy = copy_of(seat);
    struct sg_hash id;
    enum sg_err err = sg_record_build_end(&seat->build, &copy, &signer->sign,
                                          seat->registry, &seat->payloads, &id);

    if (err == SG_OK)
        err = keep_end(seat);
    if (err != SG_OK)
        return sg_cli_fail_err(
            seat->cli, err,
            sg_cli_say(seat->cli, "the statement", "quyết định"));
    if (ret_id != NULL)
        *ret_id = id;
    return 0;
}

int sg_seat_end(struct sg_seat *seat, struct sg_hash *ret_id)
{
    return end_by(seat, seat->root, ret_id);
}

int sg_seat_end_rotation(struct sg_seat *seat, const struct sg_key *next,
                         bool is_alone, sg_seat_rotation_fn *build,
                         void *context)
{
    uint8_t proof[SG_SIGNATURE_SIZE] = {0};
    struct sg_record_copy copy = copy_of(seat);
    uint64_t serial = seat->serial;
    struct sg_record_head head;
    struct sg_buf draft;
    struct sg_hash id;
    enum sg_err err;

    /* Twice the same record: the proof is over the one with zeros for it. */
    begin_by(seat, SG_TYPE_ROOT_ROTATE, is_alone ? next : seat->root);
    head = seat->head;
    build(context, seat, proof);
    sg_buf_init(&draft, SG_RECORD_SIZE_MAX);
    err = sg_record_build_end(&seat->build, &copy, NULL, seat->registry, &draft,
                              &id);
    sg_buf_clear(&draft);
    if (err == SG_OK)
        err = sg_record_sign(&next->sign, seat->registry, &id, proof);
    if (err != SG_OK)
        return sg_cli_fail_err(
            seat->cli, err,
            sg_cli_say(seat->cli, "the rotation", "quyết định thay khóa"));
    seat->head = head;
    sg_record_build_init(&seat->build, &seat->head);
    sg_record_build_uint(&seat->build, 0, serial);
    build(context, seat, proof);
    return end_by(seat, is_alone ? next : seat->root, NULL);
}

/* --- Filing
 * ---------------------------------------------------------------------- */

static struct sg_bytes statement_at(const struct sg_seat *seat, size_t i)
{
    size_t from = i == 0 ? 0 : seat->ends[i - 1];

    return sg_bytes(seat->payloads.data + from, seat->ends[i] - from);
}

/* Adds statement I to BATCH; one that is full is committed first. */
static enum sg_err add(struct sg_seat *seat, struct sg_batch *batch, size_t i,
                       uint64_t *at)
{
    struct sg_entry entry;
    enum sg_err err =
        sg_entry_make(sg_store_hasher(seat->home.store), SG_ENTRY_PLAIN, 0,
                      statement_at(seat, i), &entry);

    if (err != SG_OK)
        return err;
    sg_batch_use_reserve(batch, true);
    err = sg_batch_append(batch, seat->own->number, *at, &entry, 1);
    if (err == SG_ERR_LIMIT) {
        err = sg_batch_commit(batch);
        sg_batch_use_reserve(batch, true);
        if (err == SG_OK)
            err = sg_batch_append(batch, seat->own->number, *at, &entry, 1);
    }
    *at += err == SG_OK;
    return err;
}

int sg_seat_file(struct sg_seat *seat)
{
    uint64_t at = seat->own->signed_checkpoint.size;
    struct sg_batch *batch = NULL;
    enum sg_err err = sg_batch_new(seat->home.store, &batch);

    for (size_t i = 0; i < seat->count && err == SG_OK; i++)
        err = add(seat, batch, i, &at);
    if (err == SG_OK)
        err = sg_batch_commit(batch);
    sg_batch_free(batch);
    seat->count = 0;
    sg_buf_truncate(&seat->payloads, 0);
    return err == SG_OK ? 0 : sg_cli_fail_err(seat->cli, err, seat->cli->dir);
}

/* --- What verbs ask
 * --------------------------------------------------------------- */

int sg_seat_chain(const struct sg_seat *seat, struct sg_buf *buf)
{
    struct sg_writer writer;
    enum sg_err err;

    sg_writer_init_buf(&writer, buf);
    sg_trust_write_chain(seat->trust, SG_CHAIN_FROM_GENESIS, SG_STAGE1_SIZE_MAX,
                         &writer);
    err = sg_writer_end(&writer);
    if (err == SG_OK && buf->size == 0)
        err = SG_ERR_LIMIT;
    return err == SG_OK ? 0
                        : sg_cli_fail_err(seat->cli, err,
                                          sg_cli_say(seat->cli, "the chain",
                                                     "chuỗi khóa gốc"));
}

/* Says whether BYTES in hex begin with DIGITS. */
static bool begins(struct sg_bytes bytes, const char *digits)
{
    char text[2 * SG_KEY_SIZE + 1];
    struct sg_writer writer;
    size_t size = strlen(digits);

    sg_writer_init_array(&writer, (uint8_t *)text, sizeof text);
    sg_text_hex_encode(&writer, bytes);
    return sg_writer_end(&writer) == SG_OK && size <= writer.size &&
           memcmp(text, digits, size) == 0;
}

int sg_seat_find_node(const struct sg_cli *cli,
                      const struct sg_registry_id *registry,
                      const struct sg_trust *trust, const char *name,
                      struct sg_trust_node *ret_node)
{
    struct sg_trust_node node;
    unsigned found = 0;
    uint32_t no = 0;

    while (strlen(name) >= DIGITS_MIN &&
           sg_trust_next_node(trust, &no, &node)) {
        struct sg_key_id id =
            sg_key_id_of(registry, SG_KEY_NODE, node.certificate.node_key);

        if (!begins(SG_BYTES_ARRAY(node.certificate.node_key), name) &&
            !begins(SG_BYTES_ARRAY(id.bytes), name))
            continue;
        *ret_node = node;
        found++;
    }
    if (found == 1)
        return 0;
    return sg_cli_fail(cli, found == 0 ? SG_EXIT_IMPOSSIBLE : SG_EXIT_USAGE,
                       found == 0 ? "%s: no such node; sogoc nodes has them, "
                                    "8 digits of a key are enough"
                                  : "%s: several nodes begin so; give more "
                                    "digits",
                       found == 0 ? "%s: không có nút này; xem sogoc nodes, "
                                    "ghi ít nhất 8 chữ số của khóa"
                                  : "%s: nhiều nút bắt đầu như vậy; hãy ghi "
                                    "thêm chữ số",
                       name);
}

int sg_seat_node(const struct sg_seat *seat, const char *name,
                 struct sg_trust_node *ret_node)
{
    return sg_seat_find_node(seat->cli, seat->registry, seat->trust, name,
                             ret_node);
}

struct sg_bytes sg_seat_label(const struct sg_seat *seat,
                              const uint8_t node_key[SG_KEY_SIZE])
{
    struct sg_record record;
    struct sg_uid subject;
    struct sg_bytes payload;

    memcpy(subject.bytes, node_key, sizeof subject.bytes);
    payload = sg_authority_slot(seat->authority, SG_TYPE_NODE_ADMIT, &subject);
    if (payload.size == 0 || sg_record_decode(payload, &record) != SG_OK ||
        !sg_record_has(&record, SG_FIELD_NODE_ADMIT_LABEL))
        return sg_bytes(NULL, 0);
    return sg_record_str(&record, SG_FIELD_NODE_ADMIT_LABEL);
}

struct gathering {
    const struct sg_seat *seat;
    const uint8_t *node_key;
    struct sg_store_log *logs;
    size_t count, capacity;
};

static enum sg_err gather(void *context, const struct sg_store_log *log)
{
    struct gathering *all = context;

    if (log->branch != 0 || log->row.known.size == 0 ||
        (all->node_key != NULL &&
         memcmp(log->row.core.node_key, all->node_key, SG_KEY_SIZE) != 0))
        return SG_OK;
    if (all->count == all->capacity) {
        size_t capacity = all->capacity == 0 ? 16 : 2 * all->capacity;
        struct sg_store_log *logs =
            sg_realloc(all->logs, capacity * sizeof *logs);

        if (logs == NULL)
            return SG_ERR_NOMEM;
        all->logs = logs;
        all->capacity = capacity;
    }
    all->logs[all->count++] = *log;
    return SG_OK;
}

static int compare_logs(const void *a, const void *b)
{
    const struct sg_store_log *x = a, *y = b;

    return memcmp(&x->id, &y->id, sizeof x->id);
}

int sg_seat_logs(const struct sg_seat *seat, const uint8_t *node_key,
                 struct sg_store_log **ret_logs, size_t *ret_count)
{
    struct gathering all = {.seat = seat, .node_key = node_key};
    enum sg_err err = sg_store_each(seat->home.store, gather, &all);

    if (err != SG_OK) {
        sg_free(all.logs);
        return sg_cli_fail_err(seat->cli, err, seat->cli->dir);
    }
    if (all.count > 1)
        qsort(all.logs, all.count, sizeof all.logs[0], compare_logs);
    *ret_logs = all.logs;
    *ret_count = all.count;
    return 0;
}

void sg_seat_pack_stand(struct sg_pack *pack, const struct sg_store_log *log,
                        bool is_signed)
{
    sg_pack_array(pack, is_signed ? 4 : 3);
    sg_pack_bin(pack, SG_BYTES_ARRAY(log->id.hash.bytes));
    sg_pack_uint(pack, log->row.known.size);
    sg_pack_bin(pack, SG_BYTES_ARRAY(log->row.known.root.bytes));
    if (is_signed)
        sg_pack_bin(pack, SG_BYTES_ARRAY(log->row.known.signature));
}
