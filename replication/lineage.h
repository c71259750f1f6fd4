/* Lineages: of a forked log, how much of each branch belongs to the history
 * that a cut or a rotation names by size and root. A part of the sync core: see
 * core.h.
 *
 * The authority's state asks for it (trust.h, sg_trust_prefix) and is answered
 * at once: from what was found so far, or, of a log that never forked, the size
 * itself. What is not found yet is looked for in the store, a few frontiers of
 * the branches side by side; then everything is judged again. Until then branch
 * 0 counts whole and the others not at all.
 */
#ifndef SG_REPLICATION_LINEAGE_H
#define SG_REPLICATION_LINEAGE_H

#include "replication/core.h"

/* Answers for the core that CONTEXT is: an sg_trust_prefix. */
uint64_t sg_lineage_prefix(void *context, const struct sg_log_id *log,
                           unsigned branch, uint64_t size,
                           const struct sg_hash *root);

/* Looks for what was asked and is not known, or is known from less than is held
 * by now. */
void sg_lineage_pump(struct sg_sync *core);

/* Takes what the store gave; says whether it was for this. */
bool sg_lineage_read(struct sg_sync *core, const struct sg_event *event);

#endif
