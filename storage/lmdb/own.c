#include "storage/lmdb/own.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "storage/base/check.h"
#include "storage/base/plant.h"
#include "storage/lmdb/batch.h"
#include "storage/lmdb/machine.h"
#include "storage/lmdb/schema.h"
#include "storage/lmdb/signer.h"
#include "storage/lmdb/tree.h"
#include "storage/lmdb/walk.h"

#define HIGHWATER_MODE 0600

/* --- The file ------------------------------------------------------------ */

static enum sg_err write_slot(int fd, const struct sg_highwater *highwater,
                              unsigned slot)
{
    off_t at = (off_t)slot * SG_HIGHWATER_STRIDE;
    uint8_t bytes[SG_HIGHWATER_SLOT_SIZE];

    sg_highwater_encode(highwater, bytes);
    return pwrite(fd, bytes, sizeof bytes, at) == (ssize_t)sizeof bytes &&
                   fdatasync(fd) == 0
               ? SG_OK
               : SG_ERR_FATAL;
}

enum sg_err sg_own_create_highwater(const char *dir,
                                    const struct sg_registry_id *registry,
                                    const uint8_t database[SG_DATABASE_ID_SIZE],
                                    struct sg_bytes machine)
{
    struct sg_highwater first;
    char path[SG_STORE_PATH_MAX];
    enum sg_err err = sg_store_path(dir, "highwater", path, sizeof path);
    int fd;

    if (err != SG_OK) {
        return err;
    }
    /* One that is left from an earlier store must not vouch for this one. */
    if (unlink(path) != 0 && errno != ENOENT) {
        return SG_ERR_IO;
    }
    fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, HIGHWATER_MODE);
    if (fd < 0) {
        return errno == ENOSPC ? SG_ERR_FULL : SG_ERR_IO;
    }
    memset(&first, 0, sizeof first);
    first.sequence = 1;
    first.registry = *registry;
    memcpy(first.database, database, sizeof first.database);
    err = sg_machine_fingerprint(registry, machine, fd, &first.fingerprint);
    if (err == SG_OK) {
        err = write_slot(fd, &first, 0);
    }
    (void)close(fd);
    return err;
}

/* What the next slot says: logs that nobody opened, and own ones as signed. */
static void compose(const struct sg_store *store, struct sg_highwater *next)
{
    size_t i;

    *next = store->highwater;
    next->sequence++;
    next->registry = store->registry;
    next->fingerprint = store->fingerprint;
    memcpy(next->database, store->database, sizeof next->database);
    next->count = 0;
    for (i = 0; i < store->unopened_count; i++) {
        next->logs[next->count++] = store->unopened[i];
    }
    for (i = 0; i < store->own_count; i++) {
        const struct sg_store_own *own = &store->own[i];
        const struct sg_checkpoint *last =
            store->made[i].size > 0 ? &store->made[i] : &own->signed_checkpoint;
        if (last->size > 0) {
            struct sg_highwater_log *log = &next->logs[next->count++];
            log->kind = own->core.kind;
            log->log = own->id;
            log->checkpoint = *last;
        }
    }
}

static void accept_made(struct sg_store *store)
{
    size_t i;
    (void)pthread_mutex_lock(&store->own_lock);
    for (i = 0; i < store->own_count; i++) {
        if (store->made[i].size > 0) {
            store->own[i].signed_checkpoint = store->made[i];
            store->made[i].size = 0;
        }
    }
    (void)pthread_mutex_unlock(&store->own_lock);
}

/* Nothing goes into the file whose signature was not verified. */
enum sg_err sg_own_write_highwater(struct sg_store *store)
{
    struct sg_highwater next;
    unsigned slot = 1 - store->highwater_slot;
    enum sg_err err = sg_signer_end(store->signer);

    if (err != SG_OK) {
        return err;
    }
    compose(store, &next);
    if (!SG_PLANT(no_highwater_sync)) {
        err = write_slot(store->highwater_fd, &next, slot);
    }
    if (err == SG_OK) {
        store->highwater = next;
        store->highwater_slot = slot;
        accept_made(store);
    }
    return err;
}

void sg_own_plan(struct sg_store *store, const struct sg_store_own *own,
                 const struct sg_frontier *frontier)
{
    size_t i = (size_t)(own - store->own);

    SG_ASSERT(i < store->own_count);
    SG_ASSERT(frontier->size >= own->signed_checkpoint.size);
    store->made[i].size = frontier->size;
    store->made[i].root = sg_merkle_root(frontier);
}

bool sg_own_is_planned(const struct sg_store *store,
                       const struct sg_store_own *own,
                       const struct sg_frontier *frontier)
{
    const struct sg_checkpoint *made = &store->made[own - store->own];
    struct sg_hash root = sg_merkle_root(frontier);

    return made->size == frontier->size &&
           memcmp(&made->root, &root, sizeof root) == 0;
}

void sg_own_forget(struct sg_store *store)
{
    if (sg_signer_end(store->signer) != SG_OK) {
        sg_env_fail(store->env);
    }
    sg_crypto_wipe(store->made, sizeof store->made);
}

/* --- What is found at open ----------------------------------------------- */

/* The newest own log with this key and kind, open or closed, and whether it is
 * open. */
struct search {
    uint8_t node_key[SG_KEY_SIZE];
    enum sg_log_kind kind;
    uint32_t number; /* 0: none */
    struct sg_row_log row;
};

static bool is_open(const struct sg_row_log *row)
{
    return (row->flags & SG_LOG_OWN) != 0 && (row->flags & SG_LOG_CLOSED) == 0;
}

static bool is_of(const struct sg_row_log *row, const struct search *search)
{
    return (row->flags & SG_LOG_OWN) != 0 && row->core.kind == search->kind &&
           memcmp(row->core.node_key, search->node_key, SG_KEY_SIZE) == 0;
}

static enum sg_err search_log(void *context, const struct sg_store_log *log)
{
    struct search *search = context;
    if (is_of(&log->row, search)) {
        search->number = log->number;
        search->row = log->row;
    }
    return SG_OK;
}

/* What the database has at the size that was signed, and beyond. */
struct comparison {
    struct sg_store *store;
    bool is_signed; /* the slot names it: signed_log; else nothing was signed */
    struct sg_highwater_log signed_log;
    uint32_t number;
    struct sg_row_log row;
    bool shorter;
    bool differs;
    struct sg_frontier at_signed;
    bool tail_intact;
    struct sg_frontier at_end; /* recomputed from the rows */
};

static enum sg_err find_signed(struct sg_txn *txn, struct comparison *c)
{
    struct sg_schema_key key = sg_schema_log_id(&c->signed_log.log, 0);
    struct sg_bytes value;
    if (!sg_txn_get(txn, SG_DB_LOGIDS, sg_schema_bytes(&key), &value)) {
        return sg_txn_err(txn) != SG_OK ? sg_txn_err(txn) : SG_ERR_NOTFOUND;
    }
    if (value.size != 4) {
        return SG_ERR_DAMAGED;
    }
    c->number = sg_bytes_get_u32be(value.data);
    return sg_store_row(txn, c->number, &c->row);
}

static enum sg_err compare_prefix(struct sg_txn *txn, struct comparison *c)
{
    uint64_t size = c->signed_log.checkpoint.size;
    struct sg_hash root;
    enum sg_err err = find_signed(txn, c);

    if (err != SG_OK) {
        return err;
    }
    c->shorter = c->row.frontier.size < size;
    if (c->shorter) {
        return SG_OK;
    }
    /* The row says what the log is. The tree, which can be mended, is asked
     * only where the row cannot tell, or is damaged itself. */
    c->at_signed = c->row.frontier;
    root = sg_merkle_root(&c->at_signed);
    if (c->at_signed.size > size ||
        memcmp(&root, &c->signed_log.checkpoint.root, sizeof root) != 0) {
        err = sg_tree_frontier(txn, c->number, size, &c->at_signed);
        root = sg_merkle_root(&c->at_signed);
    }
    if (err != SG_OK) {
        return err;
    }
    c->differs = memcmp(&root, &c->signed_log.checkpoint.root, sizeof root);
    return SG_OK;
}

/* Recomputes the tail from its rows. */
static enum sg_err check_tail(struct sg_txn *txn, struct comparison *c)
{
    struct sg_row_entry row;
    struct sg_hash want, found;
    struct sg_walk walk;
    enum sg_err err = SG_OK;

    c->at_end = c->at_signed;
    sg_walk_begin(&walk, txn, c->number, c->at_end.size);
    while (err == SG_OK && c->at_end.size < c->row.frontier.size) {
        err = sg_walk_next(&walk, &row);
        if (err == SG_OK) {
            err = sg_walk_check(&c->store->hasher, &row);
        }
        if (err == SG_OK) {
            sg_merkle_append(&c->at_end, &row.leaf, NULL, NULL);
        }
    }
    want = sg_merkle_root(&c->row.frontier);
    found = sg_merkle_root(&c->at_end);
    c->tail_intact = err == SG_OK && memcmp(&want, &found, sizeof want) == 0;
    return sg_txn_err(txn);
}

static enum sg_err compare(struct sg_txn *txn, void *context)
{
    struct comparison *c = context;
    enum sg_err err = c->is_signed ? compare_prefix(txn, c) : SG_OK;
    if (err != SG_OK || c->shorter || c->differs) {
        return err;
    }
    return check_tail(txn, c);
}

/* --- Going on ------------------------------------------------------------ */

struct cut {
    uint32_t number;
    struct sg_frontier to;
};

/* Removes an unsigned tail that does not verify: none of it was acknowledged,
 * nothing of it was signed. */
static enum sg_err cut_tail(struct sg_txn *txn, void *context)
{
    const struct cut *cut = context;
    struct sg_schema_key key = sg_schema_log(cut->number);
    struct sg_schema_key place = sg_schema_place(cut->number, cut->to.size);
    uint8_t bytes[SG_ROW_LOG_MAX];
    struct sg_bytes found, value;
    struct sg_row_log row;
    uint64_t index, level;
    uint32_t number;
    enum sg_err err = sg_store_row(txn, cut->number, &row);

    if (err != SG_OK) {
        return err;
    }
    for (index = cut->to.size; index < row.frontier.size; index++) {
        uint64_t arrival;
        if (sg_walk_locate(txn, cut->number, index, &arrival) == SG_OK) {
            struct sg_schema_key at = sg_schema_number(arrival);
            sg_txn_del(txn, SG_DB_ENTRIES, sg_schema_bytes(&at));
        }
        for (level = SG_TREE_LEVEL_MIN; level < 64; level++) {
            struct sg_schema_key node =
                sg_schema_node(cut->number, (unsigned)level, index >> level);
            if ((index >> level) + 1 <= cut->to.size >> level) {
                break; /* complete without the tail */
            }
            sg_txn_del(txn, SG_DB_NODES, sg_schema_bytes(&node));
        }
    }
    while (sg_txn_seek(txn, SG_DB_EXTENTS, sg_schema_bytes(&place), &found,
                       &value) &&
           sg_schema_parse_place(found, &number, &index) &&
           number == cut->number) {
        struct sg_schema_key extent = sg_schema_place(number, index);
        sg_txn_del(txn, SG_DB_EXTENTS, sg_schema_bytes(&extent));
    }
    row.frontier = cut->to;
    sg_txn_put(txn, SG_DB_LOGS, sg_schema_bytes(&key),
               sg_bytes(bytes, sg_row_log_encode(&row, bytes)));
    return sg_txn_err(txn);
}

static void adopt(struct sg_store *store, struct sg_store_own *own,
                  uint32_t number, const struct sg_log_core *core)
{
    own->number = number;
    own->core = *core;
    own->id = sg_entry_log_id(&store->registry, core);
}

static enum sg_err carry_on(struct sg_store *store, struct sg_batch *batch,
                            struct sg_store_own *own,
                            const struct comparison *c)
{
    uint64_t size = c->at_signed.size;
    struct cut cut = {c->number, c->at_signed};

    adopt(store, own, c->number, &c->row.core);
    if (c->is_signed) {
        own->signed_checkpoint = c->signed_log.checkpoint;
    }
    if (c->row.frontier.size == size) {
        own->start = SG_START_CARRIED_ON;
        /* Nothing is cut then: a damaged frontier is written again. */
        return c->tail_intact ? SG_OK
                              : sg_env_write(store->env, cut_tail, &cut);
    }
    if (!c->tail_intact && size > 0) {
        own->start = SG_START_CUT;
        return sg_env_write(store->env, cut_tail, &cut);
    }
    if (!c->tail_intact) {
        return SG_ERR_DAMAGED;
    }
    own->start = SG_START_TAIL;
    sg_own_plan(store, own, &c->at_end);
    /* Whose commit it was is gone, and whether the disk has all of it unknown:
     * a commit of ours comes before the signature leaves memory. */
    return sg_batch_flag(batch, own->number, 0);
}

/* Closing: in a store that is not where it was, every open own log, whether its
 * key is here today or not; else those of one key. */
struct closing {
    const struct search *only; /* NULL: all */
    size_t count;
    uint32_t numbers[SG_EPOCHS_MAX];
};

static enum sg_err collect_open(void *context, const struct sg_store_log *log)
{
    struct closing *closing = context;
    if (!is_open(&log->row) ||
        (closing->only != NULL && !is_of(&log->row, closing->only))) {
        return SG_OK;
    }
    if (closing->count == SG_EPOCHS_MAX) {
        return SG_ERR_LIMIT;
    }
    closing->numbers[closing->count++] = log->number;
    return SG_OK;
}

static enum sg_err close_logs(struct sg_store *store, struct sg_batch *batch,
                              const struct search *only)
{
    struct closing closing = {.only = only};
    enum sg_err err = sg_store_each(store, collect_open, &closing);
    size_t i;
    for (i = 0; i < closing.count && err == SG_OK; i++) {
        err = sg_batch_flag(batch, closing.numbers[i], SG_LOG_CLOSED);
    }
    return err;
}

/* The new epochs of one start: a batch, and the openings it borrows. */
struct epochs {
    struct sg_batch *batch;
    enum sg_store_start distrust; /* of all own logs, or SG_START_CARRIED_ON */
    /* The start before this one committed epochs and died before the file had
     * them: they go on, and what it closed is closed. */
    bool begun;
    size_t count;
    uint8_t openings[SG_HIGHWATER_LOGS_MAX][SG_OPENING_SIZE_MAX];
};

/* Begins a log whose entry 0 names the one before it. */
static enum sg_err begin_epoch(struct sg_store *store, struct epochs *epochs,
                               struct sg_store_own *own,
                               const struct search *before)
{
    struct sg_batch *batch = epochs->batch;
    uint8_t *bytes = epochs->openings[epochs->count++];
    struct sg_opening opening;
    struct sg_entry entry;
    enum sg_err err;

    memset(&opening, 0, sizeof opening);
    memcpy(opening.core.node_key, before->node_key, SG_KEY_SIZE);
    opening.core.kind = before->kind;
    sg_crypto_random(opening.core.epoch, sizeof opening.core.epoch);
    if (before->number != 0) {
        opening.follows = true;
        opening.predecessor =
            sg_entry_log_id(&store->registry, &before->row.core);
        opening.size = before->row.frontier.size;
        opening.root = sg_merkle_root(&before->row.frontier);
    }
    err = close_logs(store, batch, before);
    if (err == SG_OK) {
        err = sg_batch_log(batch, &opening.core, 0, &own->number);
    }
    if (err == SG_OK) {
        adopt(store, own, own->number, &opening.core);
        err = sg_batch_flag(batch, own->number, SG_LOG_OWN);
    }
    if (err == SG_OK) {
        size_t size = sg_entry_opening_encode(&opening, bytes);
        err = sg_entry_make(&store->hasher, SG_ENTRY_OPENING, 0,
                            sg_bytes(bytes, size), &entry);
    }
    if (err == SG_OK) {
        err = sg_batch_opening(batch, own->number, &entry);
    }
    return err;
}

/* Compares with what the slot says was signed by this key, and takes that out
 * of the slot's other logs. Returns whether the slot names a log of it. */
static bool compare_signed(struct sg_store *store, const struct search *wanted,
                           struct comparison *c, enum sg_err *ret_err)
{
    size_t i;
    for (i = 0; i < store->unopened_count; i++) {
        struct sg_highwater_log *log = &store->unopened[i];
        /* Whose log it is shows in its signature. */
        if (log->kind == wanted->kind &&
            sg_checkpoint_verify(&store->registry, &log->log, wanted->node_key,
                                 &log->checkpoint) == SG_OK) {
            c->signed_log = *log;
            c->is_signed = true;
            *log = store->unopened[--store->unopened_count];
            *ret_err = sg_env_read(store->env, compare, c);
            return true;
        }
    }
    return false;
}

/* Carries on a log that has nothing signed. */
static enum sg_err carry_on_unsigned(struct sg_store *store,
                                     struct epochs *epochs,
                                     struct sg_store_own *own,
                                     const struct search *search)
{
    struct comparison c;
    enum sg_err err;

    memset(&c, 0, sizeof c);
    c.store = store;
    c.number = search->number;
    c.row = search->row;
    err = sg_env_read(store->env, compare, &c);
    return err == SG_OK ? carry_on(store, epochs->batch, own, &c) : err;
}

/* Says whether the newest log is an epoch that the start before this one began:
 * nothing but its opening is in it, and the file does not name it. */
static bool is_begun(const struct sg_store *store, const struct epochs *epochs,
                     const struct search *search, const struct comparison *c)
{
    struct sg_log_id id;
    if (!epochs->begun || search->number == 0 || !is_open(&search->row) ||
        search->row.frontier.size != 1) {
        return false;
    }
    id = sg_entry_log_id(&store->registry, &search->row.core);
    return !c->is_signed || memcmp(&id, &c->signed_log.log, sizeof id) != 0;
}

/* Decides one own log: carries it on, or adds a new epoch. */
static enum sg_err resolve(struct sg_store *store, struct epochs *epochs,
                           struct sg_store_own *own, struct search *search)
{
    enum sg_store_start distrust = epochs->distrust, start;
    struct comparison c;
    enum sg_err err = sg_store_each(store, search_log, search);
    enum sg_err compared = SG_OK;

    memset(&c, 0, sizeof c);
    c.store = store;
    if (err == SG_OK && compare_signed(store, search, &c, &compared) &&
        distrust == SG_START_CARRIED_ON) {
        if (compared == SG_OK && !c.differs && !c.shorter && is_open(&c.row)) {
            return carry_on(store, epochs->batch, own, &c);
        }
        if (compared != SG_OK && compared != SG_ERR_NOTFOUND) {
            return compared;
        }
        distrust = compared == SG_ERR_NOTFOUND || c.shorter ? SG_START_SHORTER
                                                            : SG_START_DIFFERS;
    }
    if (err != SG_OK) {
        return err;
    }
    if (distrust == SG_START_CARRIED_ON && search->number != 0 &&
        is_open(&search->row)) {
        return carry_on_unsigned(store, epochs, own, search);
    }
    start = distrust == SG_START_CARRIED_ON ? SG_START_FIRST : distrust;
    err = SG_ERR_DAMAGED;
    if (is_begun(store, epochs, search, &c)) {
        err = carry_on_unsigned(store, epochs, own, search);
    }
    if (err == SG_ERR_DAMAGED) {
        err = begin_epoch(store, epochs, own, search);
    }
    own->start = start;
    return err;
}

/* Where own logs were begun last: a database that was written elsewhere and
 * brought back shows it here. And beside which state of the file. */
struct birth {
    bool has_machine;
    struct sg_hash machine;
    bool has_begun;
    uint64_t begun;
};

static enum sg_err read_birth(struct sg_txn *txn, void *context)
{
    struct birth *birth = context;
    struct sg_bytes value;
    if (sg_txn_get(txn, SG_DB_META, SG_BYTES_TEXT("machine"), &value)) {
        if (value.size != sizeof birth->machine.bytes) {
            return SG_ERR_DAMAGED;
        }
        birth->has_machine = true;
        memcpy(birth->machine.bytes, value.data, value.size);
    }
    if (sg_txn_get(txn, SG_DB_META, SG_BYTES_TEXT("begun"), &value)) {
        birth->has_begun = true;
        birth->begun = sg_schema_meta_get(txn, "begun");
    }
    return sg_txn_err(txn);
}

static bool same_hash(const struct sg_hash *a, const struct sg_hash *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* What is wrong with the file as a whole (RET->distrust says so already where
 * no slot is valid), or with the database beside it. */
static enum sg_err judge_highwater(struct sg_store *store, struct epochs *ret)
{
    struct birth birth = {.has_machine = false};
    bool moved;
    enum sg_err err = sg_env_read(store->env, read_birth, &birth);

    if (err != SG_OK) {
        return err;
    }
    moved =
        birth.has_machine && !same_hash(&birth.machine, &store->fingerprint);
    ret->begun = birth.has_begun && birth.has_machine && !moved &&
                 birth.begun == store->highwater.sequence;
    if (ret->distrust == SG_START_NO_HIGHWATER) {
        return SG_OK;
    }
    if (memcmp(store->highwater.database, store->database,
               sizeof store->database) != 0 ||
        !same_hash(&store->highwater.registry.hash, &store->registry.hash)) {
        ret->distrust = SG_START_DATABASE;
    } else if (moved ||
               !same_hash(&store->highwater.fingerprint, &store->fingerprint)) {
        ret->distrust = SG_START_MACHINE;
    }
    return SG_OK;
}

/* Says whether the signatures in the slot verify, as far as the database knows
 * the logs: they may be on the disk before their writer has verified them.
 * Errors: SIGNATURE, DAMAGED. */
static enum sg_err check_signatures(struct sg_store *store)
{
    const struct sg_highwater *highwater = &store->highwater;
    enum sg_err err = SG_OK;
    unsigned i;

    for (i = 0; i < highwater->count && err == SG_OK; i++) {
        const struct sg_highwater_log *signed_log = &highwater->logs[i];
        struct sg_store_log log;
        err = sg_store_find(store, &signed_log->log, 0, &log);
        if (err == SG_ERR_NOTFOUND) {
            err = SG_OK;
        } else if (err == SG_OK &&
                   memcmp(&log.id, &signed_log->log, sizeof log.id) == 0) {
            err = sg_checkpoint_verify(&highwater->registry, &log.id,
                                       log.row.core.node_key,
                                       &signed_log->checkpoint);
        }
    }
    return err;
}

/* Gives the newest slot of FILE whose checksum and signatures are good: a slot
 * that nobody has vouched for is as good as torn. Errors: NOTFOUND, DAMAGED. */
static enum sg_err choose_slot(struct sg_store *store,
                               uint8_t file[SG_HIGHWATER_FILE_SIZE],
                               size_t size)
{
    enum sg_err err;
    for (;;) {
        err = sg_highwater_choose(sg_bytes(file, size), &store->highwater,
                                  &store->highwater_slot);
        if (err == SG_OK) {
            err = check_signatures(store);
        }
        if (err != SG_ERR_SIGNATURE) {
            return err;
        }
        memset(file + (size_t)store->highwater_slot * SG_HIGHWATER_STRIDE, 0,
               SG_HIGHWATER_SLOT_SIZE);
    }
}

static enum sg_err open_highwater(struct sg_store *store,
                                  struct sg_bytes machine, struct epochs *ret)
{
    uint8_t file[SG_HIGHWATER_FILE_SIZE];
    char path[SG_STORE_PATH_MAX];
    ssize_t size;
    enum sg_err err = sg_store_path(store->dir, "highwater", path, sizeof path);

    if (err != SG_OK) {
        return err;
    }
    store->highwater_fd =
        open(path, O_RDWR | O_CREAT | O_CLOEXEC, HIGHWATER_MODE);
    if (store->highwater_fd < 0) {
        return errno == EACCES ? SG_ERR_ACCESS : SG_ERR_IO;
    }
    err = sg_machine_fingerprint(&store->registry, machine, store->highwater_fd,
                                 &store->fingerprint);
    size = pread(store->highwater_fd, file, sizeof file, 0);
    if (err != SG_OK || size < 0) {
        return SG_ERR_IO;
    }
    err = choose_slot(store, file, (size_t)size);
    if (err == SG_ERR_NOTFOUND) {
        memset(&store->highwater, 0, sizeof store->highwater);
        store->highwater_slot = 1;
        ret->distrust = SG_START_NO_HIGHWATER;
        /* The file may be new: its name must last as its content will. */
        err = sg_env_sync_dir(store->dir);
    }
    return err == SG_OK ? judge_highwater(store, ret) : err;
}

/* The last commit's checkpoint is in the high-water file alone, which will
 * speak of other logs: without it what was acknowledged would be told to
 * nobody. */
static enum sg_err keep_signed(struct sg_store *store, struct sg_batch *batch)
{
    enum sg_err err = SG_OK;

    for (unsigned i = 0; i < store->highwater.count && err == SG_OK; i++) {
        const struct sg_highwater_log *last = &store->highwater.logs[i];
        struct sg_store_log log;
        err = sg_store_find(store, &last->log, 0, &log);
        if (err == SG_OK && log.row.frontier.size >= last->checkpoint.size)
            err = sg_batch_signed(batch, log.number, &last->checkpoint);
        if (err == SG_ERR_NOTFOUND || err == SG_ERR_EXISTS ||
            err == SG_ERR_FORK || err == SG_ERR_SIGNATURE) {
            err = SG_OK; /* not of this database, or there already */
        }
    }
    return err;
}

static enum sg_err resolve_all(struct sg_store *store, struct epochs *epochs,
                               const struct sg_store_key keys[], size_t count)
{
    struct search search;
    enum sg_err err = SG_OK;
    size_t i;

    if (epochs->distrust != SG_START_CARRIED_ON && !epochs->begun) {
        err = close_logs(store, epochs->batch, /* only= */ NULL);
    }
    for (i = 0; i < count && err == SG_OK; i++) {
        store->own_keys[i] = *keys[i].key;
        store->own_count = i + 1;
        memset(&search, 0, sizeof search);
        search.kind = keys[i].kind;
        sg_crypto_sign_public(keys[i].key, search.node_key);
        err = resolve(store, epochs, &store->own[i], &search);
    }
    if (err == SG_OK && epochs->count > 0)
        err = keep_signed(store, epochs->batch);
    if (epochs->distrust != SG_START_CARRIED_ON) {
        /* Nothing that was signed elsewhere is vouched for from here. */
        store->unopened_count = 0;
    }
    return err;
}

/* All new epochs begin in one commit and enter the file in one write, so that
 * a crash between leaves no log half trusted. */
enum sg_err sg_own_open(struct sg_store *store, struct sg_bytes machine,
                        const struct sg_store_key keys[], size_t key_count)
{
    struct epochs epochs = {.distrust = SG_START_CARRIED_ON};
    bool changed = false;
    enum sg_err err;
    size_t i;

    if (key_count == 0) {
        return SG_OK; /* nothing will be signed: the file stays as it is */
    }
    err = open_highwater(store, machine, &epochs);
    if (err != SG_OK) {
        return err;
    }
    err = sg_batch_new(store, &epochs.batch);
    if (err != SG_OK) {
        return err;
    }
    store->unopened_count = store->highwater.count;
    memcpy(store->unopened, store->highwater.logs, sizeof store->unopened);
    err = resolve_all(store, &epochs, keys, key_count);
    for (i = 0; i < store->own_count; i++) {
        changed = changed || store->own[i].start != SG_START_CARRIED_ON;
    }
    if (err == SG_OK && epochs.distrust == SG_START_CARRIED_ON) {
        /* The newest slot may be in the cache only, left there by a process
         * that was killed; the next one goes over the one that is durable. */
        err = write_slot(store->highwater_fd, &store->highwater,
                         store->highwater_slot);
    }
    if (err == SG_OK) {
        sg_batch_stamp(epochs.batch, /* begins= */ epochs.count > 0);
        err = sg_batch_commit(epochs.batch);
    }
    if (err == SG_OK && changed) {
        err = sg_own_write_highwater(store);
    }
    sg_batch_free(epochs.batch);
    return err;
}
