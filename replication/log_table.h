/* The table of logs: all that the replication core keeps in memory of the logs
 * of its store, one row a log, and the hashes over them (PROTOCOL.md section
 * 7).
 *
 * The core owns one table and fills it from the store's rows; head exchange,
 * gossip, packages and the authority's state read it. A row says what is
 * *known* (the largest verified checkpoint) and *held* (the durable prefix). It
 * is not a store: no entries, no payloads. Change it only by the functions
 * here, so that tree, sums and order of changes stay right; and only after the
 * event that says the change is durable.
 *
 * A row is never removed and never moves: pointers and numbers stay good. The
 * rows of one log are its branches; the first, branch 0, is in the head tree
 * once its known size is above 0, the others are not. Memory is taken at
 * creation. One thread at a time.
 */
#ifndef SG_REPLICATION_LOG_TABLE_H
#define SG_REPLICATION_LOG_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replication/head_tree.h"
#include "storage/base/bytes.h"
#include "storage/base/err.h"
#include "storage/base/limits.h"
#include "storage/log/checkpoint.h"
#include "storage/log/entry.h"
#include "storage/log/merkle.h"

/* The first bytes of a log id, of a head leaf, of the head tree's hash: what
 * travels of them. */
#define SG_LOG_REF_SIZE   16u
#define SG_HEAD_TAG_SIZE  4u
#define SG_HEAD_ROOT_SIZE 16u

#define SG_LOG_NONE UINT32_MAX

/* A row. Read it freely; write only what says so. */
struct sg_log {
    struct sg_log_id id;
    struct sg_log_core core;
    struct sg_checkpoint known; /* size 0: no checkpoint verified yet */
    uint64_t held;              /* entries durable here, a prefix */
    uint64_t served;            /* of them those that can be sent with proof */
    uint64_t change;            /* number of the row's last change */
    uint64_t head_change;       /* the same of what is known */
    uint64_t first;             /* change that made it known; 0: not noted */
    uint32_t number;            /* of the row: 0, 1, 2, ... */
    uint8_t branch;             /* 0: as first seen; to SG_BRANCHES_MAX - 1 */
    bool is_authority;          /* its key has a certificate of role 1 */
    bool is_forked;             /* a fork proof is known */
    bool is_own;                /* this node writes it: the owner's to write */
    bool is_closed;             /* the owner's to write */
    bool is_refused; /* stopped or not wanted: the owner's to write */
    /* The table's own. */
    uint32_t newer, older; /* rows by change number */
    uint32_t next_branch;
    uint32_t frontier;
};

struct sg_log_table;

struct sg_log_table_config {
    struct sg_registry_id registry;
    uint32_t logs_max;      /* rows, branches included: 1 to SG_LOGS_MAX */
    uint32_t frontiers_max; /* at most LOGS_MAX; each takes 2,056 bytes */
};

/* Makes an empty table; a row takes about 450 bytes. Caller frees. Errors:
 * NOMEM, LIMIT. */
SG_USE_RESULT enum sg_err sg_log_table_new(
    const struct sg_log_table_config *config, struct sg_log_table **ret_table);

/* Frees; takes NULL. */
void sg_log_table_free(struct sg_log_table *table);

/* --- Filling ----------------------------------------------------------- */

/* Adds a row, nothing known and nothing held; branch 0 before the others.
 * Errors: EXISTS (this branch is there, or another log of the same ref: the
 * first one stays); LIMIT (the table is full). */
SG_USE_RESULT enum sg_err sg_log_table_add(struct sg_log_table *table,
                                           const struct sg_log_core *core,
                                           uint8_t branch,
                                           struct sg_log **ret_log);

/* Notes what the row's store row says. A CHANGE is the store's change number,
 * not below any given before; rows loaded at start may come in any order, and
 * then sg_log_table_sort ends the loading.
 *
 * KNOWN: its size is above 0 and not below what is known. Signed, consistent,
 * durable: the caller has seen to it. HELD is not above what is known; SERVED
 * not above HELD: all of HELD when KNOWN is no larger, or the package stack is
 * there, else 0. FORKED stays for ever. */
void sg_log_table_set_known(struct sg_log_table *table, struct sg_log *log,
                            const struct sg_checkpoint *known, uint64_t change);
void sg_log_table_set_held(struct sg_log_table *table, struct sg_log *log,
                           uint64_t held, uint64_t served, uint64_t change);
void sg_log_table_set_forked(struct sg_log_table *table, struct sg_log *log,
                             uint64_t change);

/* Sets SERVED alone, which is nobody's but this process's: no change of the
 * store goes with it. */
void sg_log_table_set_served(struct sg_log_table *table, struct sg_log *log,
                             uint64_t served);

/* Marks branch 0 of a log as the authority's. Errors: LIMIT, from
 * SG_AUTHORITY_LOGS_MAX on. */
SG_USE_RESULT enum sg_err sg_log_table_set_authority(struct sg_log_table *table,
                                                     struct sg_log *log);

/* Puts the rows in the order of their change numbers, and takes what is known
 * as long known (first = 0): after the rows of the store are in. */
void sg_log_table_sort(struct sg_log_table *table);

/* Gives the frontier kept for LOG; if there is none yet, a free one or else
 * that of another log, of size 0: the caller has LOG's from the store again. He
 * keeps it at HELD, and no pointer to it. NULL: all belong to logs that are
 * written here. */
struct sg_frontier *sg_log_table_frontier(struct sg_log_table *table,
                                          struct sg_log *log);

/* --- Finding ----------------------------------------------------------- */

/* Gives the row of BRANCH of the log, NULL if there is none. */
struct sg_log *sg_log_table_find(const struct sg_log_table *table,
                                 const struct sg_log_id *id, uint8_t branch);

/* Gives branch 0 of the log whose id begins with REF; NULL if none. */
struct sg_log *sg_log_table_find_ref(const struct sg_log_table *table,
                                     const uint8_t ref[SG_LOG_REF_SIZE]);

/* Counts the rows; gives row NUMBER, which is there. */
uint32_t sg_log_table_count(const struct sg_log_table *table);
struct sg_log *sg_log_table_at(const struct sg_log_table *table,
                               uint32_t number);

/* Gives the log that changed last; the one that changed before LOG. NULL at the
 * end. All rows are there, branches and unknown ones too. */
struct sg_log *sg_log_table_newest(const struct sg_log_table *table);
struct sg_log *sg_log_table_older(const struct sg_log_table *table,
                                  const struct sg_log *log);

/* Gives the largest change number so far. */
uint64_t sg_log_table_change(const struct sg_log_table *table);

/* Gives the logs that a short ref of WIDTH bits (1 to 32) fits, of those in the
 * head tree, ascending by id, at most ROOM of them; returns how many there are.
 * With 32 bits a ref fits if equal mod p (field.h). */
uint32_t sg_log_table_fits(const struct sg_log_table *table, uint32_t ref,
                           unsigned width, struct sg_log *ret_logs[],
                           uint32_t room);

/* --- Hashes and sums over what is known -------------------------------- */

/* The head tree itself: walks, nodes, children; not to be changed. */
struct sg_head_tree *sg_log_table_heads(struct sg_log_table *table);

/* Gives the registry, and its hasher of leaves. */
const struct sg_registry_id *sg_log_table_registry(
    const struct sg_log_table *table);
const struct sg_sha256 *sg_log_table_hasher(const struct sg_log_table *table);

/* Gives the whole head root; its first 16 bytes travel. */
struct sg_hash sg_log_table_root(struct sg_log_table *table);

/* Gives the auth tag: of the head tree over the authority logs alone. */
void sg_log_table_auth_tag(struct sg_log_table *table,
                           uint8_t ret[SG_HEAD_TAG_SIZE]);

/* Says whether an authority log is forked: then tags count as unequal. */
bool sg_log_table_authority_is_forked(const struct sg_log_table *table);

/* Gives the tag of a log in the head tree: borrowed, SG_HEAD_TAG_SIZE bytes. */
const uint8_t *sg_log_table_tag(const struct sg_log_table *table,
                                const struct sg_log *log);

/* Gives the number of a log, and the value of a tag: section 7's x and v. */
uint32_t sg_log_table_x(const struct sg_log_id *id);
uint32_t sg_log_table_v(const uint8_t tag[SG_HEAD_TAG_SIZE]);

/* Counts the changes of the head tree: the same number, the same hashes. */
uint64_t sg_log_table_version(const struct sg_log_table *table);

/* Gives the sums of v and v x over the head tree, mod p. */
void sg_log_table_sums(const struct sg_log_table *table, uint32_t ret[2]);

/* Gives what `mine` says of NODE_KEY (section 14): the first 8 bytes of a hash
 * over the head leaves of all its logs, ascending by id. */
#define SG_HEAD_MINE_SIZE 8u
void sg_log_table_mine(const struct sg_log_table *table,
                       const uint8_t node_key[SG_KEY_SIZE],
                       uint8_t ret[SG_HEAD_MINE_SIZE]);

#endif
