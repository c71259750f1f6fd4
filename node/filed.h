/* Filed: which records the own log got last, by the submit id of their forms,
 * so that a form handed in twice is filed once.
 *
 * A table in memory of the newest SG_FILED_COUNT; older ones fall out. It is
 * made anew from the end of the log at each start. Not an index: whoever looks
 * for a record asks the view. Context: one thread.
 */
#ifndef SG_NODE_FILED_H
#define SG_NODE_FILED_H

#include "node/unseal.h"
#include "storage/registry/record.h"

/* Two hundred days of a district in a campaign. */
#define SG_FILED_COUNT 32768u

struct sg_filed;

/* A record of the own log. */
struct sg_filed_entry {
    struct sg_uid submit;
    struct sg_hash id;
    uint64_t index;
};

/* Makes an empty table; caller frees. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_filed_new(struct sg_filed **ret_filed);
void sg_filed_free(struct sg_filed *filed);

/* Gives the entry with SUBMIT, borrowed until the next change; or NULL. */
const struct sg_filed_entry *sg_filed_find(const struct sg_filed *filed,
                                           const struct sg_uid *submit);

/* Puts ENTRY in, whose submit id is not there; the oldest makes room. */
void sg_filed_put(struct sg_filed *filed, const struct sg_filed_entry *entry);

/* Takes the entry with SUBMIT out again, if it is there. */
void sg_filed_drop(struct sg_filed *filed, const struct sg_uid *submit);

/* Reads the end of LOG, which has SIZE entries, into the table, oldest first;
 * gives the largest clock in it, 0 if there is none. What cannot be read, or is
 * no record, is passed over. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_filed_load(struct sg_filed *filed,
                                        struct sg_store *store,
                                        const struct sg_store_log *log,
                                        uint64_t size, struct sg_unseal *unseal,
                                        uint64_t *ret_hlc);

#endif
