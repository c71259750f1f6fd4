/* Finds logs by id: a hash table from the first bytes of an id to the places
 * that have such a log. What is put in stays in.
 */
#ifndef SG_TESTS_SIM_INDEX_H
#define SG_TESTS_SIM_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "storage/log/entry.h"

#define INDEX_NONE UINT32_MAX

struct index_row {
    uint64_t key;
    uint32_t place; /* + 1; 0: free */
};

/* All zeros: empty. */
struct index {
    struct index_row *rows;
    size_t size;
    size_t count;
};

void index_clear(struct index *index);
void index_put(struct index *index, const struct sg_log_id *id, uint32_t place);

/* Gives the places that were put in under ids that begin as ID does, one a
 * call, INDEX_NONE after the last; the caller compares whole ids. CURSOR is 0
 * before the first call. */
uint32_t index_next(const struct index *index, const struct sg_log_id *id,
                    size_t *cursor);

#endif
