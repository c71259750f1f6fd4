/* Answers: a READ effect of the sync core, answered from the log store.
 *
 * Every entry and proof is checked on its way out (fetch.h). What a peer did
 * not subscribe to leaves as a header without its payload.
 */
#ifndef SG_NODE_ANSWER_H
#define SG_NODE_ANSWER_H

#include "replication/sync.h"
#include "storage/base/err.h"
#include "storage/lmdb/store.h"

struct sg_answer;

/* Makes what answers are put together in. Caller frees. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_answer_new(struct sg_answer **ret_answer);
void sg_answer_free(struct sg_answer *answer);

/* Sets RET_EVENT, but for its time, to the answer to EFFECT, whose filter is
 * FILTER (NULL: all payloads). What cannot be read is said in the event.
 * Borrows: the event leads into ANSWER, until the next call. */
void sg_answer_read(struct sg_answer *answer, struct sg_store *store,
                    const struct sg_effect *effect,
                    const struct sg_sync_wants *filter,
                    struct sg_event *ret_event);

#endif
