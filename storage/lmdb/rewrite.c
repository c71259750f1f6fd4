#include "storage/lmdb/rewrite.h"

#include <string.h>

#include "storage/base/alloc.h"
#include "storage/lmdb/internal.h"
#include "storage/lmdb/schema.h"
#include "storage/lmdb/tree.h"
#include "storage/lmdb/walk.h"

/* Checkpoints with a good signature: the log row's own, the high-water file's,
 * one of each store that was asked, and its branches'. */
#define CANDIDATES_MAX 16

static bool same(const struct sg_hash *a, const struct sg_hash *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* Writes VALUE at KEY of DB unless it is there; counts what is written. */
static void put(struct sg_txn *txn, unsigned db,
                const struct sg_schema_key *key, struct sg_bytes value,
                uint64_t *written)
{
    struct sg_bytes found;

    if (sg_txn_get(txn, db, sg_schema_bytes(key), &found) &&
        sg_bytes_equal(found, value)) {
        return;
    }
    sg_txn_put(txn, db, sg_schema_bytes(key), value);
    (*written)++;
}

/* --- Extents -------------------------------------------------------------- */

struct place {
    uint64_t index;
    uint64_t arrival;
};

struct extents {
    uint32_t number;
    uint64_t held; /* as the log's row says, else as many as there are */
    size_t count, capacity;
    struct place *places; /* by arrival */
    uint64_t written;
};

static enum sg_err add_place(struct extents *extents, uint64_t index,
                             uint64_t arrival)
{
    if (extents->count == extents->capacity) {
        size_t capacity = 2 * extents->capacity + 1024;
        struct place *more =
            sg_realloc(extents->places, capacity * sizeof *more);
        if (more == NULL) {
            return SG_ERR_NOMEM;
        }
        extents->places = more;
        extents->capacity = capacity;
    }
    extents->places[extents->count++] = (struct place){index, arrival};
    return SG_OK;
}

/* Finds the rows that say they are the log's. */
static enum sg_err gather_places(struct sg_txn *txn, struct extents *extents)
{
    struct sg_schema_key from = sg_schema_number(0);
    struct sg_bytes key, value;
    enum sg_err err = SG_OK;
    bool found =
        sg_txn_seek(txn, SG_DB_ENTRIES, sg_schema_bytes(&from), &key, &value);

    extents->count = 0;
    while (found && err == SG_OK) {
        struct sg_row_entry row;
        if (key.size == 8 && sg_row_entry_decode(value, &row) == SG_OK &&
            row.log == extents->number) {
            err = add_place(extents, row.index, sg_bytes_get_u64be(key.data));
        }
        found = sg_txn_next(txn, SG_DB_ENTRIES, &key, &value);
    }
    return err == SG_OK ? sg_txn_err(txn) : err;
}

/* A log's entries arrive in their order, so a row whose index does not fit
 * between those of its neighbours, or is beyond what is held, has another one:
 * the index of a row is in no hash. What fits nowhere is left out. */
static void judge_places(struct extents *extents)
{
    uint64_t next = 0;
    size_t i, kept = 0;
    for (i = 0; i < extents->count; i++) {
        struct place place = extents->places[i];
        bool is_odd = i + 1 < extents->count
                          ? extents->places[i + 1].index == next + 1
                          : place.index >= extents->held;
        if (place.index != next && is_odd) {
            place.index = next;
        }
        if (place.index >= next && place.index < extents->held) {
            extents->places[kept++] = place;
            next = place.index + 1;
        }
    }
    extents->count = kept;
}

/* Takes away the extents of the log. */
static void clear_extents(struct sg_txn *txn, uint32_t number)
{
    struct sg_schema_key from = sg_schema_place(number, 0);
    struct sg_bytes key, value;
    uint64_t index;
    uint32_t log;

    while (
        sg_txn_seek(txn, SG_DB_EXTENTS, sg_schema_bytes(&from), &key, &value) &&
        sg_schema_parse_place(key, &log, &index) && log == number) {
        struct sg_schema_key at = sg_schema_place(log, index);
        sg_txn_del(txn, SG_DB_EXTENTS, sg_schema_bytes(&at));
    }
}

/* Enters places for the rows from NEXT to END, which cannot be read: where they
 * were thought to be, if that is within [LOW, HIGH), else behind each other. */
static enum sg_err fill_gap(struct sg_txn *txn, struct extents *all,
                            uint64_t next, uint64_t end, uint64_t low,
                            uint64_t high)
{
    enum sg_err err = SG_OK;
    for (; next < end && low < high && err == SG_OK; next++) {
        uint64_t arrival;
        if (sg_walk_locate(txn, all->number, next, &arrival) != SG_OK ||
            arrival < low || arrival >= high) {
            arrival = low;
        }
        err = add_place(all, next, arrival);
        low = arrival + 1;
    }
    return err;
}

static enum sg_err fill_gaps(struct sg_txn *txn, struct extents *extents)
{
    struct extents all = {.number = extents->number};
    uint64_t next = 0, low = 0;
    enum sg_err err = SG_OK;
    size_t i;

    for (i = 0; i < extents->count && err == SG_OK; i++) {
        const struct place *place = &extents->places[i];
        err = fill_gap(txn, &all, next, place->index, low, place->arrival);
        if (err == SG_OK) {
            err = add_place(&all, place->index, place->arrival);
        }
        low = place->arrival + 1;
        next = place->index + 1;
    }
    if (err == SG_OK) {
        err = fill_gap(txn, &all, next, extents->held, low, UINT64_MAX);
    }
    sg_free(extents->places);
    extents->places = all.places;
    extents->count = all.count;
    extents->capacity = all.capacity;
    return err;
}

static enum sg_err rewrite_extents(struct sg_txn *txn, void *context)
{
    struct extents *extents = context;
    struct sg_row_log row;
    uint64_t offset = 0;
    size_t i;
    enum sg_err err = gather_places(txn, extents);

    extents->held = sg_store_row(txn, extents->number, &row) == SG_OK
                        ? row.frontier.size
                        : extents->count;
    if (err == SG_OK && extents->count == 0) {
        err = SG_ERR_NOTFOUND;
    }
    if (err == SG_OK) {
        judge_places(extents);
        err = fill_gaps(txn, extents);
    }
    if (err != SG_OK) {
        return err;
    }
    extents->written = 0;
    clear_extents(txn, extents->number);
    for (i = 0; i < extents->count; i++) {
        const struct place *place = &extents->places[i];
        struct sg_schema_key key, value;
        if (i > 0 && place->arrival - place->index == offset) {
            continue;
        }
        offset = place->arrival - place->index;
        key = sg_schema_place(extents->number, place->index);
        value = sg_schema_number(place->arrival);
        put(txn, SG_DB_EXTENTS, &key, sg_schema_bytes(&value),
            &extents->written);
    }
    return sg_txn_err(txn);
}

enum sg_err sg_rewrite_extents(struct sg_store *store, uint32_t number,
                               uint64_t *ret_written)
{
    struct extents extents = {.number = number};
    enum sg_err err = sg_env_write(store->env, rewrite_extents, &extents);

    sg_free(extents.places);
    if (err == SG_OK) {
        *ret_written = extents.written;
    }
    return err;
}

/* --- The row -------------------------------------------------------------- */

struct rewrite {
    struct sg_store *store;
    uint32_t number;
    const struct sg_rewrite_facts *facts;
    const struct sg_highwater *highwater;
    struct sg_txn *txn;

    struct sg_row_log row; /* in the making */
    struct sg_log_id id;
    /* Those whose signature is good; where the walk has come by, whether the
     * entries lead there. */
    size_t candidate_count;
    struct sg_checkpoint candidates[CANDIDATES_MAX];
    bool fits[CANDIDATES_MAX];
    bool has_old; /* the row as it is can be read */
    struct sg_row_log old;
    uint64_t written;
};

static void put_node(void *context, unsigned level, uint64_t position,
                     const struct sg_hash *hash)
{
    struct rewrite *rewrite = context;
    struct sg_schema_key key;

    if (level >= SG_TREE_LEVEL_MIN) {
        key = sg_schema_node(rewrite->number, level, position);
        put(rewrite->txn, SG_DB_NODES, &key, SG_BYTES_ARRAY(hash->bytes),
            &rewrite->written);
    }
}

/* Entry 0 says whose log this is. */
static enum sg_err read_opening(struct rewrite *rewrite)
{
    struct sg_opening opening;
    struct sg_row_entry entry;
    struct sg_walk walk;
    enum sg_err err;

    sg_walk_begin(&walk, rewrite->txn, rewrite->number, 0);
    err = sg_walk_next(&walk, &entry);
    if (err == SG_OK) {
        err = sg_walk_check(&rewrite->store->hasher, &entry);
    }
    if (err != SG_OK) {
        return err == SG_ERR_NOTFOUND ? err : SG_ERR_PROOF;
    }
    if (entry.entry.kind != SG_ENTRY_OPENING ||
        entry.entry.state != SG_PAYLOAD_PRESENT ||
        sg_entry_opening_decode(entry.entry.payload, &opening) != SG_OK) {
        return SG_ERR_MALFORMED;
    }
    rewrite->row.core = opening.core;
    rewrite->id = sg_entry_log_id(&rewrite->store->registry, &opening.core);
    return SG_OK;
}

static void add_candidate(struct rewrite *rewrite,
                          const struct sg_checkpoint *checkpoint)
{
    if (checkpoint->size > 0 && rewrite->candidate_count < CANDIDATES_MAX &&
        sg_checkpoint_verify(&rewrite->store->registry, &rewrite->id,
                             rewrite->row.core.node_key, checkpoint) == SG_OK) {
        rewrite->candidates[rewrite->candidate_count++] = *checkpoint;
    }
}

/* Says whether the high-water file names this log as one that is open. */
static bool is_signed(const struct rewrite *rewrite,
                      struct sg_checkpoint *ret_checkpoint)
{
    unsigned i;
    for (i = 0; i < rewrite->highwater->count; i++) {
        if (same(&rewrite->highwater->logs[i].log.hash, &rewrite->id.hash)) {
            *ret_checkpoint = rewrite->highwater->logs[i].checkpoint;
            return true;
        }
    }
    return false;
}

static void gather(struct rewrite *rewrite)
{
    struct sg_checkpoint last;
    size_t i;

    if (rewrite->has_old) {
        add_candidate(rewrite, &rewrite->old.known);
    }
    if (is_signed(rewrite, &last)) {
        add_candidate(rewrite, &last);
    }
    for (i = 0; i < rewrite->facts->checkpoint_count; i++) {
        add_candidate(rewrite, &rewrite->facts->checkpoints[i]);
    }
}

/* Hashes all entries; writes the nodes that differ. */
static enum sg_err walk_entries(struct rewrite *rewrite)
{
    struct sg_row_log *row = &rewrite->row;
    struct sg_row_entry entry;
    struct sg_walk walk;
    struct sg_hash root;
    size_t i;

    sg_walk_begin(&walk, rewrite->txn, rewrite->number, 0);
    for (;;) {
        enum sg_err err = sg_walk_next(&walk, &entry);
        if (err == SG_ERR_NOTFOUND) {
            return sg_txn_err(rewrite->txn);
        }
        if (err != SG_OK ||
            sg_walk_check(&rewrite->store->hasher, &entry) != SG_OK) {
            return SG_ERR_PROOF;
        }
        sg_merkle_append(&row->frontier, &entry.leaf, put_node, rewrite);
        row->absent += entry.entry.state == SG_PAYLOAD_NOT_HELD;
        row->erased += entry.entry.state == SG_PAYLOAD_ERASED;
        for (i = 0; i < rewrite->candidate_count; i++) {
            if (rewrite->candidates[i].size == row->frontier.size) {
                root = sg_merkle_root(&row->frontier);
                rewrite->fits[i] = same(&root, &rewrite->candidates[i].root);
            }
        }
    }
}

/* Says whether the row as it is has the frontier that the entries lead to: it
 * was verified with a checkpoint that is ahead of them. */
static bool is_vouched(const struct rewrite *rewrite)
{
    const struct sg_frontier *ours = &rewrite->row.frontier;
    const struct sg_frontier *old = &rewrite->old.frontier;

    return rewrite->has_old && old->size == ours->size &&
           memcmp(old->hashes, ours->hashes,
                  (size_t)__builtin_popcountll(ours->size) *
                      sizeof ours->hashes[0]) == 0;
}

/* Chooses the newest checkpoint that the entries lead to: the rest comes again.
 * Where all are ahead of what is held, the newest. */
static enum sg_err choose(struct rewrite *rewrite)
{
    struct sg_checkpoint ahead = {.size = 0};
    size_t i;
    for (i = 0; i < rewrite->candidate_count; i++) {
        const struct sg_checkpoint *candidate = &rewrite->candidates[i];
        if (rewrite->fits[i] && candidate->size > rewrite->row.known.size) {
            rewrite->row.known = *candidate;
        }
        if (candidate->size > rewrite->row.frontier.size &&
            candidate->size > ahead.size) {
            ahead = *candidate;
        }
    }
    if (ahead.size > 0 && is_vouched(rewrite)) {
        rewrite->row.known = ahead;
    }
    return rewrite->row.known.size > 0 ? SG_OK : SG_ERR_PROOF;
}

static void set_flags(struct rewrite *rewrite)
{
    const uint8_t *node_key = rewrite->facts->node_key;
    struct sg_checkpoint last;
    struct sg_bytes proof;

    if (node_key != NULL &&
        memcmp(rewrite->row.core.node_key, node_key, SG_KEY_SIZE) == 0) {
        rewrite->row.flags =
            is_signed(rewrite, &last) ? SG_LOG_OWN : SG_LOG_OWN | SG_LOG_CLOSED;
    }
    if (rewrite->row.branch == 0 &&
        sg_txn_get(rewrite->txn, SG_DB_FORKS,
                   SG_BYTES_ARRAY(rewrite->id.hash.bytes), &proof)) {
        rewrite->row.flags |= SG_LOG_FORKED;
    }
}

/* The branch by which the log is found under its id. Branches are numbered from
 * 0 on: another where there is no 0 is a 0 that was changed. */
static void set_branch(struct rewrite *rewrite)
{
    struct sg_schema_key number = sg_schema_log(rewrite->number);
    struct sg_schema_key first = sg_schema_log_id(&rewrite->id, 0);
    struct sg_bytes value;
    bool has_first =
        sg_txn_get(rewrite->txn, SG_DB_LOGIDS, sg_schema_bytes(&first), &value);
    uint8_t branch;

    for (branch = 1; branch < 8; branch++) {
        struct sg_schema_key key = sg_schema_log_id(&rewrite->id, branch);
        if (!sg_txn_get(rewrite->txn, SG_DB_LOGIDS, sg_schema_bytes(&key),
                        &value) ||
            !sg_bytes_equal(value, sg_schema_bytes(&number))) {
            continue;
        }
        if (has_first) {
            rewrite->row.branch = branch;
            return;
        }
        sg_txn_del(rewrite->txn, SG_DB_LOGIDS, sg_schema_bytes(&key));
    }
    put(rewrite->txn, SG_DB_LOGIDS, &first, sg_schema_bytes(&number),
        &rewrite->written);
}

/* The log's last change. Where the row no longer says it, the beginning of its
 * run does; behind the last run of all, whatever a peer may remember comes
 * before it. */
static void set_change(struct rewrite *rewrite)
{
    struct sg_schema_key from = sg_schema_number(0);
    struct sg_schema_key number = sg_schema_log(rewrite->number);
    struct sg_bytes key, value;
    uint64_t first = 0, next = UINT64_MAX;
    bool is_ours = false;
    bool found = sg_txn_seek(rewrite->txn, SG_DB_CHANGES,
                             sg_schema_bytes(&from), &key, &value);

    while (found && key.size == 8) {
        uint64_t at = sg_bytes_get_u64be(key.data);
        if (is_ours && next == UINT64_MAX) {
            next = at;
        }
        if (sg_bytes_equal(value, sg_schema_bytes(&number))) {
            is_ours = true;
            first = at;
            next = UINT64_MAX;
        }
        found = sg_txn_next(rewrite->txn, SG_DB_CHANGES, &key, &value);
    }
    rewrite->row.change =
        next == UINT64_MAX ? first + rewrite->row.frontier.size : next - 1;
    if (rewrite->has_old && rewrite->old.change >= first &&
        rewrite->old.change < next) {
        rewrite->row.change = rewrite->old.change;
    }
}

static enum sg_err rewrite_log(struct sg_txn *txn, void *context)
{
    struct rewrite *rewrite = context;
    struct sg_schema_key key = sg_schema_log(rewrite->number);
    uint8_t bytes[SG_ROW_LOG_MAX];
    enum sg_err err;

    rewrite->txn = txn;
    rewrite->written = 0;
    rewrite->candidate_count = 0;
    rewrite->has_old =
        sg_store_row(txn, rewrite->number, &rewrite->old) == SG_OK;
    memset(&rewrite->row, 0, sizeof rewrite->row);
    memset(rewrite->fits, 0, sizeof rewrite->fits);
    err = read_opening(rewrite);
    if (err == SG_OK) {
        gather(rewrite);
        err = walk_entries(rewrite);
    }
    if (err == SG_OK) {
        err = choose(rewrite);
    }
    if (err != SG_OK) {
        return err;
    }
    set_branch(rewrite);
    set_flags(rewrite);
    set_change(rewrite);
    put(txn, SG_DB_LOGS, &key,
        sg_bytes(bytes, sg_row_log_encode(&rewrite->row, bytes)),
        &rewrite->written);
    return sg_txn_err(txn);
}

enum sg_err sg_rewrite_log(struct sg_store *store, uint32_t number,
                           const struct sg_rewrite_facts *facts,
                           uint64_t *ret_written)
{
    struct sg_highwater highwater;
    struct rewrite rewrite = {.store = store,
                              .number = number,
                              .facts = facts,
                              .highwater = &highwater};
    enum sg_err err = sg_store_signed(store, &highwater);

    if (err != SG_OK) {
        return err;
    }
    err = sg_env_write(store->env, rewrite_log, &rewrite);
    if (err == SG_OK) {
        *ret_written = rewrite.written;
    }
    return err;
}
