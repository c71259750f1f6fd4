/* Reads from the log store, checked: what comes out is what was signed, or an
 * error says which entry is damaged.
 *
 * Every entry is hashed again on its way out and every proof is checked against
 * a root before it is handed over. Nothing is borrowed from the database:
 * results lie in the caller's memory and no transaction stays open.
 * Context: any thread, also at the same time as the writer.
 */
#ifndef SG_STORAGE_LMDB_FETCH_H
#define SG_STORAGE_LMDB_FETCH_H

#include <stddef.h>
#include <stdint.h>

#include "storage/base/buf.h"
#include "storage/base/err.h"
#include "storage/lmdb/store.h"
#include "storage/log/fork.h"

/* A range of entries in the caller's memory. Make it with sg_fetch_init, use it
 * again for any number of reads. */
struct sg_fetch {
    uint32_t log;   /* of a range; of the last entry of arrivals */
    uint64_t first; /* index of entries[0] in a range */
    size_t count;
    struct sg_entry entries[SG_PACKAGE_ENTRIES_MAX]; /* payloads in memory */
    struct {
        uint32_t log;
        uint64_t index;
    } places[SG_PACKAGE_ENTRIES_MAX];
    uint64_t damaged; /* after DAMAGED: the index (arrival) that stopped it */
    struct sg_buf memory;
};

/* Prepares FETCH to hold at most SIZE_MAX bytes of payloads; one payload
 * always fits. Ends with sg_fetch_clear. */
void sg_fetch_init(struct sg_fetch *fetch, size_t size_max);
void sg_fetch_clear(struct sg_fetch *fetch);

/* Reads entries of log NUMBER from FIRST on: up to COUNT_MAX (at most
 * SG_PACKAGE_ENTRIES_MAX), fewer where payloads fill the memory or a damaged
 * entry comes after intact ones; none past the end.
 * Errors: DAMAGED (entry FIRST itself), NOMEM. */
SG_USE_RESULT enum sg_err sg_fetch_range(struct sg_store *store,
                                         uint32_t number, uint64_t first,
                                         size_t count_max,
                                         struct sg_fetch *fetch);

/* Reads entries of all logs in the order of arrival, from local number FROM on:
 * how a view follows the logs. RET_NEXT is where to go on.
 * Errors: as above; a damaged row is skipped by calling again with FROM + 1. */
SG_USE_RESULT enum sg_err sg_fetch_arrivals(struct sg_store *store,
                                            uint64_t from, size_t count_max,
                                            struct sg_fetch *fetch,
                                            uint64_t *ret_next);

/* Gives the root of log NUMBER at SIZE. Errors: NOTFOUND (size 0 or beyond what
 * is held), DAMAGED. */
SG_USE_RESULT enum sg_err sg_fetch_root(struct sg_store *store, uint32_t number,
                                        uint64_t size,
                                        struct sg_hash *ret_root);

/* Proves that entry INDEX is in log NUMBER as its known checkpoint has it, or,
 * where that is ahead of what is held, fails.
 * Errors: NOTFOUND (index; no usable checkpoint), DAMAGED. */
SG_USE_RESULT enum sg_err sg_fetch_proof(struct sg_store *store,
                                         uint32_t number, uint64_t index,
                                         struct sg_tlog_proof *ret_proof);

/* Proves that the log at SIZE_B extends the log at SIZE_A.
 * Errors: NOTFOUND, DAMAGED. */
SG_USE_RESULT enum sg_err sg_fetch_consistency(
    struct sg_store *store, uint32_t number, uint64_t size_a, uint64_t size_b,
    struct sg_hash ret_proof[SG_MERKLE_PROOF_MAX], size_t *ret_count);

/* Gives what a package ending at FROM needs to reach TO: the hashes of
 * sg_merkle_plan_extension(FROM, TO).
 * Errors: NOTFOUND, DAMAGED. */
SG_USE_RESULT enum sg_err sg_fetch_cover(
    struct sg_store *store, uint32_t number, uint64_t from, uint64_t to,
    struct sg_hash ret_hashes[SG_MERKLE_HASHES_MAX], size_t *ret_count);

/* Gives the frontier as it was at SIZE, which may be 0.
 * Errors: NOTFOUND, DAMAGED. */
SG_USE_RESULT enum sg_err sg_fetch_frontier(struct sg_store *store,
                                            uint32_t number, uint64_t size,
                                            struct sg_frontier *ret_frontier);

/* Makes the proof that log NUMBER's node signed OTHER beside the history that
 * this store holds: from an OTHER of the known size, or of a smaller one. (Of a
 * larger one, the store that holds it makes the proof.)
 * Errors: NOTFOUND (OTHER is ahead, or what is held does not reach the known
 * checkpoint), PROOF (no fork), SIGNATURE, DAMAGED. */
SG_USE_RESULT enum sg_err sg_fetch_fork(struct sg_store *store, uint32_t number,
                                        const struct sg_checkpoint *other,
                                        struct sg_fork *ret_fork);

#endif
