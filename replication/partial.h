/* Logs that are held in part: what ties the part to the checkpoint that is
 * known, so that it can be served while the rest is fetched. A part of the sync
 * core: see core.h.
 *
 * PROTOCOL.md section 9. A *partial* is the frontier at a durable size and the
 * stack from there toward the known checkpoint. Only who fetched it has it, in
 * memory; lost, it is had again with the next fresh package.
 */
#ifndef SG_REPLICATION_PARTIAL_H
#define SG_REPLICATION_PARTIAL_H

#include "replication/core.h"

/* Notes what FETCH has verified, with the write that is to make it durable;
 * of several on their way one is noted. */
void sg_partial_note(struct sg_core_fetch *fetch, uint64_t ticket);

/* The write became durable, in row LOG, or was refused (LOG is NULL): what was
 * noted with it can be served from now on. */
void sg_partial_stored(struct sg_sync *core, struct sg_core_fetch *fetch,
                       uint64_t ticket, struct sg_log *log);

/* Gives what is noted of LOG, which is of the known checkpoint and not beyond
 * what is durable; NULL: nothing. */
const struct sg_core_partial *sg_partial_find(struct sg_sync *core,
                                              const struct sg_log *log);

/* Says up to where LOG can be served: all of it, where all that is known is
 * held; else as far as its partial goes. Its caller notes that in the table. */
uint64_t sg_partial_served(struct sg_sync *core, const struct sg_log *log);

/* Forgets what is noted of LOG where that is of no more use. */
void sg_partial_settle(struct sg_sync *core, const struct sg_log *log);

/* Puts the nodes for cover(END, REACH) into RET, of SG_MERKLE_HASHES_MAX. The
 * COUNT HASHES are of cover(END, the smaller of REACH and what PARTIAL holds),
 * from the store. PARTIAL may be NULL: the log is whole. False: they do not
 * fit. */
SG_USE_RESULT bool sg_partial_nodes(const struct sg_core_partial *partial,
                                    uint64_t end, uint64_t reach,
                                    const struct sg_hash hashes[], size_t count,
                                    struct sg_hash ret[], size_t *ret_count);

#endif
