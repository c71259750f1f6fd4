#include "storage/lmdb/keep.h"

#include <string.h>

#include "storage/base/check.h"
#include "storage/lmdb/commit.h"
#include "storage/lmdb/schema.h"

#define PEER_SIZE  (SG_KEEP_TAG_SIZE + 8u)
#define FLOOR_SIZE 9u
#define SAID_SIZE  (1u + 32u + SG_KEY_SIZE)

static const char floor_name[] = "floor";

_Static_assert(SAID_SIZE <= SG_COMMIT_KEEP_KEY_MAX, "the longest key");

/* --- Writing
 * ------------------------------------------------------------------- */

/* Adds a row whose value is copied if it fits, else borrowed. */
static enum sg_err put(struct sg_batch *batch, unsigned db, struct sg_bytes key,
                       struct sg_bytes value, bool is_ordinary)
{
    struct sg_commit_keep *keep;

    SG_ASSERT(key.size <= SG_COMMIT_KEEP_KEY_MAX);
    if (value.size > SG_KEEP_SIZE_MAX ||
        batch->keep_count == SG_COMMIT_KEEPS_MAX)
        return SG_ERR_LIMIT;
    if (is_ordinary && (batch->full || !batch->begun)) {
        if (sg_batch_is_full(batch))
            return SG_ERR_FULL;
        batch->begun = true;
    }
    keep = &batch->keeps[batch->keep_count++];
    keep->db = db;
    keep->key_size = (uint8_t)key.size;
    memcpy(keep->key, key.data, key.size);
    keep->value = value;
    if (value.size <= sizeof keep->copy) {
        memcpy(keep->copy, value.data, value.size);
        keep->value.data = NULL;
    }
    return SG_OK;
}

enum sg_err sg_keep_put_peer(struct sg_batch *batch,
                             const struct sg_keep_peer *peer)
{
    uint8_t value[PEER_SIZE];

    memcpy(value, peer->database_tag, SG_KEEP_TAG_SIZE);
    sg_bytes_put_u64be(value + SG_KEEP_TAG_SIZE, peer->change);
    return put(batch, SG_DB_PEERS, SG_BYTES_ARRAY(peer->node_key),
               SG_BYTES_ARRAY(value), true);
}

enum sg_err sg_keep_put_fork(struct sg_batch *batch,
                             const struct sg_log_id *log, struct sg_bytes proof)
{
    return put(batch, SG_DB_FORKS, SG_BYTES_ARRAY(log->hash.bytes), proof,
               false);
}

enum sg_err sg_keep_put_floor(struct sg_batch *batch,
                              const struct sg_keep_floor *floor)
{
    uint8_t value[FLOOR_SIZE];

    sg_bytes_put_u64be(value, floor->ms);
    value[8] = floor->generation;
    return put(batch, SG_DB_META, sg_bytes(floor_name, strlen(floor_name)),
               SG_BYTES_ARRAY(value), true);
}

static void said_key(enum sg_keep_kind kind, const uint8_t about[32],
                     const uint8_t by[SG_KEY_SIZE], uint8_t ret[SAID_SIZE])
{
    ret[0] = (uint8_t)kind;
    memcpy(ret + 1, about, 32);
    memcpy(ret + 33, by, SG_KEY_SIZE);
}

enum sg_err sg_keep_put_statement(struct sg_batch *batch,
                                  const struct sg_keep_statement *statement)
{
    uint8_t key[SAID_SIZE];

    said_key(statement->kind, statement->about, statement->by, key);
    return put(batch, SG_DB_SAID, SG_BYTES_ARRAY(key), statement->bytes, true);
}

/* --- Reading
 * ------------------------------------------------------------------- */

struct walk {
    unsigned db;
    struct sg_bytes prefix;
    enum sg_err (*see)(struct walk *walk, struct sg_bytes key,
                       struct sg_bytes value);
    void *context;
    union {
        sg_keep_peer_fn *peer;
        sg_keep_fork_fn *fork;
        sg_keep_statement_fn *statement;
    } call;
};

static bool begins(struct sg_bytes key, struct sg_bytes prefix)
{
    return key.size >= prefix.size &&
           (prefix.size == 0 ||
            memcmp(key.data, prefix.data, prefix.size) == 0);
}

static enum sg_err run(struct sg_txn *txn, void *context)
{
    struct walk *walk = context;
    struct sg_bytes key, value;
    static const uint8_t least[1];
    bool found = sg_txn_seek(txn, walk->db,
                             walk->prefix.size > 0 ? walk->prefix
                                                   : SG_BYTES_ARRAY(least),
                             &key, &value);

    while (found && begins(key, walk->prefix)) {
        enum sg_err err = walk->see(walk, key, value);

        if (err != SG_OK)
            return err;
        found = sg_txn_next(txn, walk->db, &key, &value);
    }
    return sg_txn_err(txn);
}

static enum sg_err see_peer(struct walk *walk, struct sg_bytes key,
                            struct sg_bytes value)
{
    struct sg_keep_peer peer;

    if (key.size != SG_KEY_SIZE || value.size != PEER_SIZE)
        return SG_OK;
    memcpy(peer.node_key, key.data, SG_KEY_SIZE);
    memcpy(peer.database_tag, value.data, SG_KEEP_TAG_SIZE);
    peer.change = sg_bytes_get_u64be(value.data + SG_KEEP_TAG_SIZE);
    return walk->call.peer(walk->context, &peer);
}

enum sg_err sg_keep_each_peer(struct sg_store *store, sg_keep_peer_fn *fn,
                              void *context)
{
    struct walk walk = {.db = SG_DB_PEERS, .see = see_peer, .context = context};

    walk.call.peer = fn;
    return sg_env_read(store->env, run, &walk);
}

static enum sg_err see_fork(struct walk *walk, struct sg_bytes key,
                            struct sg_bytes value)
{
    struct sg_log_id log;

    if (key.size != sizeof log.hash.bytes)
        return SG_OK;
    memcpy(log.hash.bytes, key.data, key.size);
    return walk->call.fork(walk->context, &log, value);
}

enum sg_err sg_keep_each_fork(struct sg_store *store, sg_keep_fork_fn *fn,
                              void *context)
{
    struct walk walk = {.db = SG_DB_FORKS, .see = see_fork, .context = context};

    walk.call.fork = fn;
    return sg_env_read(store->env, run, &walk);
}

static enum sg_err see_statement(struct walk *walk, struct sg_bytes key,
                                 struct sg_bytes value)
{
    struct sg_keep_statement statement = {.bytes = value};

    if (key.size != SAID_SIZE)
        return SG_OK;
    statement.kind = (enum sg_keep_kind)key.data[0];
    memcpy(statement.about, key.data + 1, 32);
    memcpy(statement.by, key.data + 33, SG_KEY_SIZE);
    return walk->call.statement(walk->context, &statement);
}

enum sg_err sg_keep_each_statement(struct sg_store *store,
                                   enum sg_keep_kind kind,
                                   const uint8_t about[32],
                                   sg_keep_statement_fn *fn, void *context)
{
    struct walk walk = {
        .db = SG_DB_SAID, .see = see_statement, .context = context};
    uint8_t prefix[33];

    prefix[0] = (uint8_t)kind;
    memcpy(prefix + 1, about, 32);
    walk.prefix = SG_BYTES_ARRAY(prefix);
    walk.call.statement = fn;
    return sg_env_read(store->env, run, &walk);
}

static enum sg_err read_floor(struct sg_txn *txn, void *context)
{
    struct sg_keep_floor *floor = context;
    struct sg_bytes value;

    *floor = (struct sg_keep_floor){.ms = 0};
    if (!sg_txn_get(txn, SG_DB_META, sg_bytes(floor_name, strlen(floor_name)),
                    &value))
        return sg_txn_err(txn);
    if (value.size != FLOOR_SIZE)
        return SG_ERR_DAMAGED;
    floor->ms = sg_bytes_get_u64be(value.data);
    floor->generation = value.data[8];
    return SG_OK;
}

enum sg_err sg_keep_floor(struct sg_store *store,
                          struct sg_keep_floor *ret_floor)
{
    struct sg_keep_floor floor;
    enum sg_err err = sg_env_read(store->env, read_floor, &floor);

    if (err == SG_OK)
        *ret_floor = floor;
    return err;
}
