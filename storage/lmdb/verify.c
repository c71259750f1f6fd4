#include "storage/lmdb/verify.h"

#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/lmdb/internal.h"
#include "storage/lmdb/schema.h"
#include "storage/lmdb/tree.h"
#include "storage/lmdb/walk.h"

#define CHUNK (1u << SG_TREE_LEVEL_MIN)

/* A chunk of leaves in the making; what was stored and what was computed. */
struct chunk {
    unsigned count;
    unsigned broken;  /* rows without a usable leaf */
    unsigned differs; /* rows whose computed leaf is not the stored one */
    struct sg_hash stored[CHUNK];
    struct sg_hash computed[CHUNK];
    uint8_t state[CHUNK]; /* 0 intact, else enum sg_damage as first thought */
};

struct sg_verify {
    struct sg_store *store;
    sg_verify_found_fn *found;
    void *context;
    struct sg_verify_totals totals;

    bool begun;            /* a walk over all logs is under way */
    bool in_log;           /* a log is */
    uint32_t log;          /* this one, or the last one */
    struct sg_row_log row; /* as of the beginning */
    uint64_t index;        /* next entry */
    uint64_t absent;
    uint64_t erased;
    uint64_t lost;             /* rows whose state is not known */
    struct sg_frontier chunks; /* its leaves are the roots of chunks */
    struct chunk chunk;

    struct sg_txn *txn; /* during a step */
    uint64_t budget;
};

const char *sg_verify_damage_text(enum sg_damage damage, enum sg_lang lang)
{
    static const char *const texts[][2] = {
        [SG_DAMAGE_PAYLOAD] = {"payload changed", "nội dung bị thay đổi"},
        [SG_DAMAGE_LEAF] = {"leaf hash or header changed",
                            "mã băm hoặc tiêu đề bị thay đổi"},
        [SG_DAMAGE_ROW] = {"row missing or unreadable",
                           "dòng bị mất hoặc không đọc được"},
        [SG_DAMAGE_NODE] = {"tree node changed", "nút cây bị thay đổi"},
        [SG_DAMAGE_FRONTIER] = {"frontier changed", "biên cây bị thay đổi"},
        [SG_DAMAGE_CHECKPOINT] = {"checkpoint does not fit",
                                  "điểm kiểm không khớp"},
        [SG_DAMAGE_COUNT] = {"counts do not add up", "số đếm không khớp"},
        [SG_DAMAGE_LOG] = {"log row changed or unreadable",
                           "dòng nhật ký bị thay đổi hoặc không đọc được"},
        [SG_DAMAGE_SLOT] = {"a slot of the high-water file is damaged",
                            "một ô của tệp highwater bị hỏng"},
        [SG_DAMAGE_SIGNED] = {"the logs are not those that were signed",
                              "nhật ký không phải là nhật ký đã ký"},
    };
    SG_ASSERT(damage >= SG_DAMAGE_PAYLOAD && damage <= SG_DAMAGE_LAST);
    return texts[damage][lang == SG_LANG_VI];
}

enum sg_err sg_verify_new(struct sg_store *store, sg_verify_found_fn *found,
                          void *context, struct sg_verify **ret_verify)
{
    struct sg_verify *verify = sg_calloc(1, sizeof *verify);
    if (verify == NULL) {
        return SG_ERR_NOMEM;
    }
    verify->store = store;
    verify->found = found;
    verify->context = context;
    *ret_verify = verify;
    return SG_OK;
}

void sg_verify_free(struct sg_verify *verify)
{
    sg_free(verify);
}

const struct sg_verify_totals *sg_verify_totals(const struct sg_verify *verify)
{
    return &verify->totals;
}

static void report(struct sg_verify *v, uint64_t index, enum sg_damage damage)
{
    v->totals.findings++;
    v->found(v->context, v->log, index, damage);
}

static bool same(const struct sg_hash *a, const struct sg_hash *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* --- A chunk -------------------------------------------------------------- */

static struct sg_hash root_of(const struct sg_hash leaves[], unsigned count)
{
    struct sg_frontier frontier;
    unsigned i;
    memset(&frontier, 0, sizeof frontier);
    for (i = 0; i < count; i++) {
        sg_merkle_append(&frontier, &leaves[i], NULL, NULL);
    }
    return sg_merkle_root(&frontier);
}

static void report_rows(struct sg_verify *v, uint64_t first,
                        enum sg_damage differs)
{
    unsigned i;
    for (i = 0; i < v->chunk.count; i++) {
        if (v->chunk.state[i] == SG_DAMAGE_ROW) {
            report(v, first + i, SG_DAMAGE_ROW);
        } else if (v->chunk.state[i] != 0) {
            report(v, first + i, differs);
        }
    }
}

/* Compares a computed node with the stored one above the chunks. */
static void check_parent(void *context, unsigned level, uint64_t position,
                         const struct sg_hash *hash)
{
    struct sg_verify *v = context;
    unsigned at = level + SG_TREE_LEVEL_MIN;
    struct sg_hash stored;
    if (sg_tree_node(v->txn, v->log, at, position, &stored) != SG_OK ||
        !same(&stored, hash)) {
        report(v, position << at, SG_DAMAGE_NODE);
    }
}

/* Judges a complete chunk: its node decides whether a payload or the leaf hash
 * beside it is the one that changed, and stands in for what is missing. */
static void close_chunk(struct sg_verify *v)
{
    struct chunk *chunk = &v->chunk;
    uint64_t first = v->index - CHUNK;
    struct sg_hash node = root_of(chunk->stored, CHUNK), stored;
    bool have = sg_tree_node(v->txn, v->log, SG_TREE_LEVEL_MIN,
                             first >> SG_TREE_LEVEL_MIN, &stored) == SG_OK;

    if (chunk->broken == 0 && (!have || !same(&node, &stored))) {
        struct sg_hash other = root_of(chunk->computed, CHUNK);
        if (chunk->differs > 0 && have && same(&other, &stored)) {
            report_rows(v, first, SG_DAMAGE_LEAF);
            node = other;
        } else {
            report_rows(v, first, SG_DAMAGE_PAYLOAD);
            report(v, first, SG_DAMAGE_NODE);
        }
    } else {
        report_rows(v, first, SG_DAMAGE_PAYLOAD);
        if (chunk->broken > 0 && have) {
            node = stored;
        }
    }
    sg_merkle_append(&v->chunks, &node, check_parent, v);
    chunk->count = chunk->broken = chunk->differs = 0;
}

static void add_row(struct sg_verify *v, enum sg_err err,
                    struct sg_row_entry *row)
{
    struct chunk *chunk = &v->chunk;
    unsigned i = chunk->count++;

    chunk->state[i] = 0;
    if (err == SG_OK && sg_walk_check(&v->store->hasher, row) != SG_OK) {
        chunk->differs++;
        chunk->state[i] = SG_DAMAGE_PAYLOAD;
    }
    if (err != SG_OK) {
        memset(&chunk->stored[i], 0, sizeof chunk->stored[i]);
        chunk->computed[i] = chunk->stored[i];
        chunk->broken++;
        v->lost++;
        chunk->state[i] = SG_DAMAGE_ROW;
    } else {
        chunk->stored[i] = row->leaf;
        chunk->computed[i] = sg_entry_leaf(&row->entry);
        v->absent += row->entry.state == SG_PAYLOAD_NOT_HELD;
        v->erased += row->entry.state == SG_PAYLOAD_ERASED;
        v->totals.present += row->entry.state == SG_PAYLOAD_PRESENT;
    }
    v->index++;
    v->totals.entries++;
    if (chunk->count == CHUNK) {
        close_chunk(v);
    }
}

/* --- A log ---------------------------------------------------------------- */

/* Says whether the log is found by its id, as its row has it. */
static bool has_id(struct sg_verify *v)
{
    struct sg_log_id id = sg_entry_log_id(&v->store->registry, &v->row.core);
    struct sg_schema_key key = sg_schema_log_id(&id, v->row.branch);
    struct sg_schema_key number = sg_schema_log(v->log);
    struct sg_bytes value;
    return sg_txn_get(v->txn, SG_DB_LOGIDS, sg_schema_bytes(&key), &value) &&
           sg_bytes_equal(value, sg_schema_bytes(&number));
}

/* Says whether the log's last change is one of its own. */
static bool has_change(struct sg_verify *v)
{
    struct sg_schema_key at = sg_schema_number(v->row.change);
    struct sg_schema_key number = sg_schema_log(v->log);
    struct sg_bytes key, value;
    return sg_txn_seek_back(v->txn, SG_DB_CHANGES, sg_schema_bytes(&at), &key,
                            &value) &&
           sg_bytes_equal(value, sg_schema_bytes(&number));
}

/* Says whether the flags are what others' rows make of them: a log is forked
 * when there is a proof, only an own one is closed, and none is refused yet. */
static bool has_flags(struct sg_verify *v)
{
    struct sg_log_id id = sg_entry_log_id(&v->store->registry, &v->row.core);
    unsigned flags = v->row.flags;
    struct sg_bytes value;
    bool is_forked =
        sg_txn_get(v->txn, SG_DB_FORKS, SG_BYTES_ARRAY(id.hash.bytes), &value);
    return (((flags & SG_LOG_FORKED) != 0) == is_forked ||
            v->row.branch != 0) &&
           ((flags & SG_LOG_CLOSED) == 0 || (flags & SG_LOG_OWN) != 0) &&
           (flags & ~(unsigned)(SG_LOG_OWN | SG_LOG_CLOSED | SG_LOG_FORKED)) ==
               0;
}

static enum sg_err begin_log(struct sg_verify *v, bool *ret_end)
{
    struct sg_schema_key from = sg_schema_log(v->log + 1);
    struct sg_bytes key, value;

    *ret_end =
        !sg_txn_seek(v->txn, SG_DB_LOGS, sg_schema_bytes(&from), &key, &value);
    if (*ret_end) {
        return sg_txn_err(v->txn);
    }
    if (key.size != 4 || sg_bytes_get_u32be(key.data) <= v->log) {
        return SG_ERR_DAMAGED;
    }
    v->log = sg_bytes_get_u32be(key.data);
    v->totals.logs++;
    v->index = v->absent = v->erased = v->lost = 0;
    memset(&v->chunks, 0, sizeof v->chunks);
    v->chunk.count = v->chunk.broken = v->chunk.differs = 0;
    v->in_log = sg_row_log_decode(value, &v->row) == SG_OK;
    if (!v->in_log || !has_id(v) || !has_change(v) || !has_flags(v)) {
        report(v, 0, SG_DAMAGE_LOG);
    }
    return sg_txn_err(v->txn);
}

/* Where nothing is known, nothing stands. */
static bool is_zero(const struct sg_checkpoint *known)
{
    static const struct sg_checkpoint none;
    return memcmp(known->root.bytes, none.root.bytes, sizeof none.root) == 0 &&
           memcmp(known->signature, none.signature, sizeof none.signature) == 0;
}

/* The newest signature, and its root where the log reaches it. */
static void check_known(struct sg_verify *v)
{
    const struct sg_store_own *own = sg_store_own_by_number(v->store, v->log);
    struct sg_checkpoint known = own ? own->signed_checkpoint : v->row.known;
    struct sg_log_id id = sg_entry_log_id(&v->store->registry, &v->row.core);
    struct sg_frontier frontier;
    struct sg_hash root;
    bool good;

    if (own != NULL && known.size > v->row.frontier.size) {
        known = v->row.known; /* committed and signed since we began */
    }
    if (known.size == 0) {
        if (!is_zero(&known)) {
            report(v, 0, SG_DAMAGE_CHECKPOINT);
        }
        return;
    }
    good = sg_checkpoint_verify(&v->store->registry, &id, v->row.core.node_key,
                                &known) == SG_OK;
    if (good && known.size <= v->row.frontier.size) {
        good = sg_tree_frontier(v->txn, v->log, known.size, &frontier) == SG_OK;
        root = good ? sg_merkle_root(&frontier) : known.root;
        good = good && same(&root, &known.root);
    }
    v->totals.checkpoints += good;
    if (!good) {
        report(v, known.size - 1, SG_DAMAGE_CHECKPOINT);
    }
}

/* The last, incomplete chunk has no node: its own frontier, behind that of the
 * chunks, is the log's. */
static void end_log(struct sg_verify *v)
{
    struct chunk *chunk = &v->chunk;
    uint64_t first = v->index - chunk->count;
    unsigned upper = (unsigned)__builtin_popcountll(v->chunks.size);
    struct sg_frontier tail;
    bool fits;
    unsigned i;

    report_rows(v, first, SG_DAMAGE_PAYLOAD);
    memset(&tail, 0, sizeof tail);
    for (i = 0; i < chunk->count; i++) {
        sg_merkle_append(&tail, &chunk->stored[i], NULL, NULL);
    }
    fits = memcmp(v->chunks.hashes, v->row.frontier.hashes,
                  upper * sizeof tail.hashes[0]) == 0;
    if (chunk->broken == 0) {
        fits = fits && memcmp(tail.hashes, v->row.frontier.hashes + upper,
                              (size_t)__builtin_popcountll(tail.size) *
                                  sizeof tail.hashes[0]) == 0;
    }
    if (!fits) {
        report(v, first, SG_DAMAGE_FRONTIER);
    }
    if (v->lost == 0 &&
        (v->absent != v->row.absent || v->erased != v->row.erased)) {
        report(v, 0, SG_DAMAGE_COUNT);
    }
    v->totals.absent += v->absent;
    v->totals.erased += v->erased;
    check_known(v);
    v->in_log = false;
}

/* A walk goes from leaf page to leaf page; a look-up needs the branch pages
 * above them, too. */
static void check_look_up(struct sg_verify *v, uint64_t arrival)
{
    struct sg_schema_key key = sg_schema_number(arrival);
    struct sg_bytes value;
    if (!sg_txn_get(v->txn, SG_DB_ENTRIES, sg_schema_bytes(&key), &value)) {
        (void)sg_txn_fail(v->txn, SG_ERR_DAMAGED);
    }
}

/* Walks the rows of the log as far as the budget goes. */
static enum sg_err walk_log(struct sg_verify *v)
{
    struct sg_row_entry row;
    struct sg_walk walk;

    sg_walk_begin(&walk, v->txn, v->log, v->index);
    while (v->budget > 0 && v->index < v->row.frontier.size) {
        enum sg_err err = sg_walk_next(&walk, &row);
        if (err == SG_OK) {
            check_look_up(v, walk.arrival - 1);
        }
        if (sg_txn_err(v->txn) != SG_OK) {
            return sg_txn_err(v->txn);
        }
        add_row(v, err, &row);
        if (walk.index != v->index) {
            sg_walk_begin(&walk, v->txn, v->log, v->index);
        }
        v->budget--;
    }
    if (v->index == v->row.frontier.size) {
        end_log(v);
    }
    return sg_txn_err(v->txn);
}

/* --- A step --------------------------------------------------------------- */

static enum sg_err count_held(struct sg_verify *v)
{
    struct sg_schema_key from = sg_schema_log(0);
    struct sg_row_log row;
    struct sg_bytes key, value;
    bool found =
        sg_txn_seek(v->txn, SG_DB_LOGS, sg_schema_bytes(&from), &key, &value);
    while (found) {
        if (sg_row_log_decode(value, &row) == SG_OK) {
            v->totals.entries_held += row.frontier.size;
        }
        found = sg_txn_next(v->txn, SG_DB_LOGS, &key, &value);
    }
    if (sg_txn_count(v->txn, SG_DB_ENTRIES) != v->totals.entries_held) {
        report(v, 0, SG_DAMAGE_COUNT);
    }
    return sg_txn_err(v->txn);
}

static enum sg_err step(struct sg_txn *txn, void *context)
{
    struct sg_verify *v = context;
    enum sg_err err = SG_OK;
    bool end = false;

    v->txn = txn;
    if (!v->begun) {
        memset(&v->totals, 0, sizeof v->totals);
        v->log = 0;
        v->in_log = false;
        v->begun = true;
        err = count_held(v);
    }
    while (err == SG_OK && v->budget > 0 && !end) {
        if (!v->in_log) {
            err = begin_log(v, &end);
        }
        if (err == SG_OK && v->in_log) {
            err = walk_log(v);
        }
    }
    v->begun = !end;
    return err;
}

enum sg_err sg_verify_step(struct sg_verify *verify, uint64_t entries,
                           bool *ret_done)
{
    enum sg_err err;
    verify->budget = entries == 0 ? 1 : entries;
    err = sg_env_read(verify->store->env, step, verify);
    *ret_done = err == SG_OK && !verify->begun;
    return err;
}

/* --- Beside the logs ------------------------------------------------------ */

enum sg_err sg_verify_pages(struct sg_store *store)
{
    return sg_env_look(store->env);
}

/* The file against the logs. */
struct highwater {
    struct sg_store *store;
    struct sg_highwater newest;
    sg_verify_found_fn *found;
    void *context;
};

static void report_signed(const struct highwater *h, uint32_t log,
                          uint64_t size)
{
    h->found(h->context, log, size > 0 ? size - 1 : 0, SG_DAMAGE_SIGNED);
}

/* Says whether log NUMBER is what CHECKPOINT was signed of, and open. */
static bool is_as_signed(struct sg_txn *txn, uint32_t number,
                         const struct highwater *h,
                         const struct sg_highwater_log *last)
{
    uint64_t size = last->checkpoint.size;
    struct sg_frontier frontier;
    struct sg_row_log row;
    struct sg_hash root;
    if (sg_store_row(txn, number, &row) != SG_OK ||
        row.core.kind != last->kind ||
        (row.flags & (SG_LOG_OWN | SG_LOG_CLOSED)) != SG_LOG_OWN ||
        row.frontier.size < size ||
        sg_checkpoint_verify(&h->store->registry, &last->log, row.core.node_key,
                             &last->checkpoint) != SG_OK) {
        return false;
    }
    frontier = row.frontier;
    if (frontier.size > size &&
        sg_tree_frontier(txn, number, size, &frontier) != SG_OK) {
        return false;
    }
    root = sg_merkle_root(&frontier);
    return same(&root, &last->checkpoint.root);
}

static enum sg_err check_signed(struct sg_txn *txn, const struct highwater *h)
{
    unsigned i;
    for (i = 0; i < h->newest.count; i++) {
        const struct sg_highwater_log *last = &h->newest.logs[i];
        struct sg_schema_key id = sg_schema_log_id(&last->log, 0);
        struct sg_bytes value;
        bool is_here =
            sg_txn_get(txn, SG_DB_LOGIDS, sg_schema_bytes(&id), &value) &&
            value.size == 4;
        uint32_t number = is_here ? sg_bytes_get_u32be(value.data) : 0;
        if (!is_here || !is_as_signed(txn, number, h, last)) {
            report_signed(h, number, last->checkpoint.size);
        }
    }
    return sg_txn_err(txn);
}

static bool is_named(const struct highwater *h, const struct sg_log_id *id)
{
    unsigned i;
    for (i = 0; i < h->newest.count; i++) {
        if (memcmp(&h->newest.logs[i].log, id, sizeof *id) == 0) {
            return true;
        }
    }
    return false;
}

/* An open own log of which something was signed is in the file. */
static enum sg_err check_open(struct sg_txn *txn, const struct highwater *h)
{
    struct sg_schema_key from = sg_schema_log(0);
    struct sg_bytes key, value;
    bool found =
        sg_txn_seek(txn, SG_DB_LOGS, sg_schema_bytes(&from), &key, &value);
    while (found) {
        struct sg_row_log row;
        if (key.size == 4 && sg_row_log_decode(value, &row) == SG_OK &&
            (row.flags & (SG_LOG_OWN | SG_LOG_CLOSED)) == SG_LOG_OWN &&
            row.known.size > 0) {
            struct sg_log_id id =
                sg_entry_log_id(&h->store->registry, &row.core);
            if (!is_named(h, &id)) {
                report_signed(h, sg_bytes_get_u32be(key.data), row.known.size);
            }
        }
        found = sg_txn_next(txn, SG_DB_LOGS, &key, &value);
    }
    return sg_txn_err(txn);
}

static enum sg_err check_highwater(struct sg_txn *txn, void *context)
{
    const struct highwater *h = context;
    struct sg_bytes machine, begun;
    bool is_begun =
        sg_txn_get(txn, SG_DB_META, SG_BYTES_TEXT("machine"), &machine);
    enum sg_err err;

    if (sg_txn_get(txn, SG_DB_META, SG_BYTES_TEXT("begun"), &begun) &&
        sg_schema_meta_get(txn, "begun") == h->newest.sequence) {
        return SG_OK; /* epochs are about to enter the file: see own.c */
    }
    if (memcmp(h->newest.database, h->store->database,
               sizeof h->newest.database) != 0 ||
        !same(&h->newest.registry.hash, &h->store->registry.hash) ||
        (is_begun &&
         !sg_bytes_equal(machine,
                         SG_BYTES_ARRAY(h->newest.fingerprint.bytes)))) {
        report_signed(h, 0, 0);
        return sg_txn_err(txn);
    }
    err = check_signed(txn, h);
    return err == SG_OK ? check_open(txn, h) : err;
}

/* Says whether SLOT of FILE, of which SIZE bytes were read, is a slot, or is
 * not written yet. */
static bool is_slot(const uint8_t *file, size_t size, unsigned slot)
{
    size_t at = (size_t)slot * SG_HIGHWATER_STRIDE, i;
    struct sg_highwater read;
    if (size < at + SG_HIGHWATER_SLOT_SIZE) {
        return size <= at;
    }
    for (i = 0; i < SG_HIGHWATER_SLOT_SIZE && file[at + i] == 0; i++) {
    }
    return i == SG_HIGHWATER_SLOT_SIZE ||
           sg_highwater_decode(file + at, &read) == SG_OK;
}

enum sg_err sg_verify_highwater(struct sg_store *store,
                                sg_verify_found_fn *found, void *context)
{
    struct highwater h = {.store = store, .found = found, .context = context};
    uint8_t file[SG_HIGHWATER_FILE_SIZE];
    unsigned slot, newest;
    size_t size;
    enum sg_err err = sg_store_read_highwater(store, file, &size);

    if (err == SG_OK && (!is_slot(file, size, 0) || !is_slot(file, size, 1))) {
        /* Its writer may be at it: look once more. */
        err = sg_store_read_highwater(store, file, &size);
    }
    if (err != SG_OK) {
        return err == SG_ERR_NOTFOUND ? SG_OK : err;
    }
    for (slot = 0; slot < 2; slot++) {
        if (!is_slot(file, size, slot)) {
            found(context, 0, 0, SG_DAMAGE_SLOT);
        }
    }
    if (sg_highwater_choose(sg_bytes(file, size), &h.newest, &newest) !=
        SG_OK) {
        found(context, 0, 0, SG_DAMAGE_SIGNED);
        return SG_OK;
    }
    return sg_env_read(store->env, check_highwater, &h);
}
