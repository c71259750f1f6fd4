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
        [SG_DAMAGE_LOG] = {"log row unreadable", "dòng nhật ký không đọc được"},
    };
    SG_ASSERT(damage >= SG_DAMAGE_PAYLOAD && damage <= SG_DAMAGE_LOG);
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
    if (!v->in_log || !has_id(v)) {
        report(v, 0, SG_DAMAGE_LOG);
    }
    return sg_txn_err(v->txn);
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
