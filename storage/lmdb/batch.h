/* A batch: changes to the log store that become durable together.
 *
 * Every change is checked when it is added and refused alone; a refused change
 * leaves the batch as it was. Committing costs two flushes for LMDB and, if own
 * logs grew, one for the high-water file, whether the batch holds one entry or
 * four thousand. Own entries are read back, checked and signed before commit
 * returns: what it returns SG_OK for survives a power cut (DESIGN.md D14).
 *
 * Context: one thread, the writer. Memory is taken once, at new.
 */
#ifndef SG_STORAGE_LMDB_BATCH_H
#define SG_STORAGE_LMDB_BATCH_H

#include <stddef.h>
#include <stdint.h>

#include "storage/base/err.h"
#include "storage/lmdb/store.h"

struct sg_batch;

/* Makes a batch of STORE, to be used again and again. Caller frees with
 * sg_batch_free before closing the store. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_batch_new(struct sg_store *store,
                                       struct sg_batch **ret_batch);

/* Frees; takes NULL. What was not committed is forgotten. */
void sg_batch_free(struct sg_batch *batch);

/* Forgets all that was added. */
void sg_batch_clear(struct sg_batch *batch);

/* Says whether what is added from here on may use the reserve, until the batch
 * is committed or cleared: what the authority says, and nothing else. Audits
 * may in any case (DESIGN.md D17). */
void sg_batch_use_reserve(struct sg_batch *batch, bool may);

/* Gives the number of the log with CORE and BRANCH, introducing it if it is
 * new here.
 * Errors: LIMIT (batch full: commit, then add again). */
SG_USE_RESULT enum sg_err sg_batch_log(struct sg_batch *batch,
                                       const struct sg_log_core *core,
                                       uint8_t branch, uint32_t *ret_number);

/* Adds COUNT entries to the end of own log NUMBER. FIRST is the index that the
 * first one was sealed for.
 * Borrows: ENTRIES' payloads until commit or clear.
 * Errors: STATE (FIRST is not the end: seal again), INVALID (not an own log;
 * payload missing), CLOSED, MALFORMED (an entry at odds with its place), FULL
 * (less free than the reserve, which audits may use), LIMIT (batch full). */
SG_USE_RESULT enum sg_err sg_batch_append(struct sg_batch *batch,
                                          uint32_t number, uint64_t first,
                                          const struct sg_entry entries[],
                                          size_t count);

/* Entries of another node's log with what ties them to a signed checkpoint. */
struct sg_package {
    uint32_t log; /* number */
    uint64_t first;
    const struct sg_entry *entries;
    size_t count; /* 1 to SG_PACKAGE_ENTRIES_MAX */
    /* Signed by the log's node, size at least first + count. */
    struct sg_checkpoint known;
    /* The ranges of sg_merkle_plan_extension(first + count, known.size). */
    const struct sg_hash *cover;
    size_t cover_count;
};

/* Verifies PACKAGE (hashes; signature unless the checkpoint is known already)
 * and adds what of it is not held yet; a newer checkpoint counts although all
 * entries are held. Entries may lack payloads.
 * Borrows: as sg_batch_append.
 * Errors: EXISTS (all of it is held, and known), STATE (it begins beyond the
 * end of what is held), PROOF, SIGNATURE, MALFORMED (entry 0 is not this log's
 * opening; an entry at odds with its place), FORK (properly signed, but not the
 * log we know, or more of an open log of our own: keep both, see DESIGN.md D5),
 * FULL, LIMIT. */
SG_USE_RESULT enum sg_err sg_batch_package(struct sg_batch *batch,
                                           const struct sg_package *package);

/* Adds a newer checkpoint of a log, whose entries may not be here yet.
 * Errors: EXISTS (known), SIGNATURE, FORK, FULL, LIMIT. */
SG_USE_RESULT enum sg_err sg_batch_known(
    struct sg_batch *batch, uint32_t number,
    const struct sg_checkpoint *checkpoint);

/* Adds the payload of an entry that is held without it.
 * Borrows: PAYLOAD as above.
 * Errors: NOTFOUND, EXISTS (it is there), ERASED, PROOF (another payload),
 * FULL, LIMIT. */
SG_USE_RESULT enum sg_err sg_batch_fill(struct sg_batch *batch, uint32_t number,
                                        uint64_t index,
                                        struct sg_bytes payload);

/* Replaces a damaged row by an intact ENTRY whose leaf hash the caller has
 * verified against a signed root (storage/lmdb/repair.h does).
 * Errors: NOTFOUND (not held at all), STATE (an intact row of another place
 * lies there: rewrite the extents first, storage/lmdb/rewrite.h), FULL, LIMIT.
 */
SG_USE_RESULT enum sg_err sg_batch_mend(struct sg_batch *batch, uint32_t number,
                                        uint64_t index,
                                        const struct sg_entry *entry);

/* Says whether the row at INDEX of log NUMBER is held and not intact. */
bool sg_batch_is_damaged(struct sg_batch *batch, uint32_t number,
                         uint64_t index);

/* Removes a payload by ORDER, the record id of the erasure order; also allowed
 * below the reserve. The old bytes lie in free pages until the store is
 * compacted.
 * Errors: NOTFOUND, EXISTS (erased already), LIMIT, DAMAGED (repair first). */
SG_USE_RESULT enum sg_err sg_batch_erase(struct sg_batch *batch,
                                         uint32_t number, uint64_t index,
                                         const uint8_t order[16]);

/* Closes an own log for ever, or marks any log as forked or refused: sets
 * FLAGS (enum sg_log_flag) besides those it has. Errors: NOTFOUND, LIMIT. */
SG_USE_RESULT enum sg_err sg_batch_flag(struct sg_batch *batch, uint32_t number,
                                        uint8_t flags);

/* Makes all of it durable and empties the batch. Own logs' new checkpoints are
 * in sg_store_own.
 * Errors: FULL: nothing happened, the batch is as it was and may be committed
 * again when there is room. FATAL, DAMAGED: nothing may be acknowledged and the
 * process must stop. */
SG_USE_RESULT enum sg_err sg_batch_commit(struct sg_batch *batch);

/* Says whether reading goes on but writing waits for room: a commit met FULL,
 * or less than the reserve is free. Looks at the volume anew at each call. */
bool sg_batch_is_full(struct sg_batch *batch);

/* For own.c alone. Adds the opening of a new own log, or what was signed of one
 * that ends (as sg_batch_known), also below the reserve; and has a commit of
 * something write down where own logs were begun, and, if it BEGINS any, beside
 * which state of the high-water file. */
SG_USE_RESULT enum sg_err sg_batch_opening(struct sg_batch *batch,
                                           uint32_t number,
                                           const struct sg_entry *opening);
SG_USE_RESULT enum sg_err sg_batch_signed(
    struct sg_batch *batch, uint32_t number,
    const struct sg_checkpoint *checkpoint);
void sg_batch_stamp(struct sg_batch *batch, bool begins);

#endif
