/* What was erased here by order, and how far that has come (FORMAT.md 10).
 *
 * The rows are made by batches that erase (batch.h) and moved on by compaction
 * (backup.h). Which orders there are is said by the authority's log, not here.
 */
#ifndef SG_STORAGE_LMDB_ERASURES_H
#define SG_STORAGE_LMDB_ERASURES_H

#include <stdint.h>

#include "storage/base/err.h"
#include "storage/lmdb/store.h"

/* As they stand in the row. */
enum sg_erasures_state {
    SG_ERASURES_REMOVED = 1,   /* the bytes may lie in free pages yet */
    SG_ERASURES_COMPACTED = 2, /* in no page of the file */
    SG_ERASURES_SAID = 3,      /* and this node has signed that it is so */
};

/* An entry that an order erased. */
struct sg_erasures_row {
    uint32_t log; /* number */
    uint64_t index;
    uint8_t order[SG_ERASED_BY_SIZE];
    enum sg_erasures_state state;
};

/* Called for each row; stops at the first result other than SG_OK. */
typedef enum sg_err sg_erasures_fn(void *context,
                                   const struct sg_erasures_row *row);

/* Calls FN for every row, by log and index, in one read transaction. No other
 * call of this store within. Context: any thread.
 * Errors: those of FN; DAMAGED. */
SG_USE_RESULT enum sg_err sg_erasures_each(struct sg_store *store,
                                           sg_erasures_fn *fn, void *context);

/* Notes of all rows of ORDER that are compacted that this node has signed so;
 * durable when it returns. Context: the writer, between batches.
 * Errors: FULL, DAMAGED, FATAL (stop). */
SG_USE_RESULT enum sg_err sg_erasures_say(
    struct sg_store *store, const uint8_t order[SG_ERASED_BY_SIZE]);

#endif
