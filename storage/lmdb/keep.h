/* Keepsakes: small rows that a node keeps beside its logs (FORMAT.md 10): what
 * it remembers of peers, fork proofs, what witnesses and holders said, the time
 * floor.
 *
 * They enter with a batch, like all changes, and are read whole at start. What
 * they say is not judged here: who hands them in has verified them, and who
 * takes a fork proof out verifies it again.
 */
#ifndef SG_STORAGE_LMDB_KEEP_H
#define SG_STORAGE_LMDB_KEEP_H

#include <stdint.h>

#include "storage/base/bytes.h"
#include "storage/base/crypto.h"
#include "storage/base/err.h"
#include "storage/lmdb/batch.h"
#include "storage/lmdb/store.h"

/* Bytes of one row's value: a fork proof is the longest. */
#define SG_KEEP_SIZE_MAX 4608u
#define SG_KEEP_TAG_SIZE 4u

/* What is remembered of one peer (PROTOCOL.md 7). */
struct sg_keep_peer {
    uint8_t node_key[SG_KEY_SIZE];
    uint8_t database_tag[SG_KEEP_TAG_SIZE];
    uint64_t change; /* own change number when both knew the same */
};

/* The largest heartbeat that stands, and the generation of its root. */
struct sg_keep_floor {
    uint64_t ms; /* 0: none */
    uint8_t generation;
};

/* Kinds of statements: the numbers of their messages (PROTOCOL.md 4). */
enum sg_keep_kind {
    SG_KEEP_COSIGNATURE = 49,
    SG_KEEP_HOLDING = 50,
    SG_KEEP_STATEMENT = 53,
};

/* What a witness, a holder or a reckoner said; one is kept of each kind, about
 * each, by each. */
struct sg_keep_statement {
    enum sg_keep_kind kind;
    uint8_t about[32]; /* log id; of a STATEMENT the unit, as it is there, in
                          the last 8 bytes */
    uint8_t by[SG_KEY_SIZE]; /* node key; of a COSIGNATURE the key id of the
                                witness in the last 8 bytes */
    struct sg_bytes bytes;   /* as it was handed in */
};

/* Add to BATCH. Borrow: bytes until commit or clear. What is there already is
 * replaced.
 * Errors: LIMIT (batch full: commit, then add again; or too long); FULL, but
 * not for a proof. */
SG_USE_RESULT enum sg_err sg_keep_put_peer(struct sg_batch *batch,
                                           const struct sg_keep_peer *peer);
SG_USE_RESULT enum sg_err sg_keep_put_fork(struct sg_batch *batch,
                                           const struct sg_log_id *log,
                                           struct sg_bytes proof);
SG_USE_RESULT enum sg_err sg_keep_put_floor(struct sg_batch *batch,
                                            const struct sg_keep_floor *floor);
SG_USE_RESULT enum sg_err sg_keep_put_statement(
    struct sg_batch *batch, const struct sg_keep_statement *statement);

/* Called for each row, borrowed for the call; stop at the first result other
 * than SG_OK. No other call of this store within. */
typedef enum sg_err sg_keep_peer_fn(void *context,
                                    const struct sg_keep_peer *peer);
typedef enum sg_err sg_keep_fork_fn(void *context, const struct sg_log_id *log,
                                    struct sg_bytes proof);
typedef enum sg_err sg_keep_statement_fn(
    void *context, const struct sg_keep_statement *statement);

/* Read all rows; of statements those of KIND ABOUT something. A row that does
 * not have its form is passed over: nothing depends on it, and it comes again.
 * Context: any thread. Errors: those of FN; DAMAGED. */
SG_USE_RESULT enum sg_err sg_keep_each_peer(struct sg_store *store,
                                            sg_keep_peer_fn *fn, void *context);
SG_USE_RESULT enum sg_err sg_keep_each_fork(struct sg_store *store,
                                            sg_keep_fork_fn *fn, void *context);
SG_USE_RESULT enum sg_err sg_keep_each_statement(struct sg_store *store,
                                                 enum sg_keep_kind kind,
                                                 const uint8_t about[32],
                                                 sg_keep_statement_fn *fn,
                                                 void *context);

/* Gives the time floor; zeros where none was kept. Errors: DAMAGED. */
SG_USE_RESULT enum sg_err sg_keep_floor(struct sg_store *store,
                                        struct sg_keep_floor *ret_floor);

#endif
