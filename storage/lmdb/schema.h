/* The databases of the log environment by number, and their keys.
 *
 * FORMAT.md section 10 has the bytes. Used inside storage/lmdb only.
 */
#ifndef SG_STORAGE_LMDB_SCHEMA_H
#define SG_STORAGE_LMDB_SCHEMA_H

#include <stdint.h>

#include "storage/base/bytes.h"
#include "storage/lmdb/env.h"
#include "storage/lmdb/txn.h"
#include "storage/log/entry.h"

/* X(number, name) */
#define SG_SCHEMA_LIST(X)         \
    X(META, "meta")               \
    X(LOGS, "logs")               \
    X(LOGIDS, "logids")           \
    X(ENTRIES, "entries")         \
    X(EXTENTS, "extents")         \
    X(NODES, "nodes")             \
    X(CHECKPOINTS, "checkpoints") \
    X(CHANGES, "changes")         \
    X(PEERS, "peers")             \
    X(AUTHORITY, "authority")     \
    X(ERASURES, "erasures")       \
    X(DAMAGE, "damage")           \
    X(FORKS, "forks")             \
    X(SAID, "said")

enum sg_schema_db {
#define SG_SCHEMA_ENUM(name, text) SG_DB_##name,
    SG_SCHEMA_LIST(SG_SCHEMA_ENUM)
#undef SG_SCHEMA_ENUM
        SG_DB_COUNT
};

_Static_assert(SG_DB_COUNT <= SG_ENV_DATABASES_MAX, "databases");

extern const char *const sg_schema_names[SG_DB_COUNT];

/* Format of the environment, in `meta`. */
#define SG_SCHEMA_FORMAT 1

/* A key in the making; the longest is a log id with its branch. */
struct sg_schema_key {
    uint8_t bytes[33];
    uint8_t size;
};

/* Borrows KEY's bytes. */
static inline struct sg_bytes sg_schema_bytes(const struct sg_schema_key *key)
{
    return sg_bytes(key->bytes, key->size);
}

/* Build a key. */
struct sg_schema_key sg_schema_log(uint32_t log);
struct sg_schema_key sg_schema_log_id(const struct sg_log_id *id,
                                      uint8_t branch);
struct sg_schema_key sg_schema_number(uint64_t number);
struct sg_schema_key sg_schema_place(uint32_t log, uint64_t index);
struct sg_schema_key sg_schema_node(uint32_t log, unsigned level,
                                    uint64_t position);

/* Splits a key of the form log number, index. Returns whether it is one. */
bool sg_schema_parse_place(struct sg_bytes key, uint32_t *ret_log,
                           uint64_t *ret_index);

/* Gives number and value of the last row of DB, whose keys are numbers. Returns
 * whether there is one; a key of another size, or the last number there can be,
 * fails TXN with DAMAGED. */
bool sg_schema_last(struct sg_txn *txn, unsigned db, uint64_t *ret_number,
                    struct sg_bytes *ret_value);

/* Reads or writes an unsigned 64-bit number in `meta`; a missing one or one of
 * another size fails TXN with DAMAGED. */
uint64_t sg_schema_meta_get(struct sg_txn *txn, const char *name);
void sg_schema_meta_put(struct sg_txn *txn, const char *name, uint64_t value);

#endif
