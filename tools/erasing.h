/* An order to erase, in the making: which entries it names, what they are, and
 * its statement (RECORDS.md 6.9). The person's text is the verb's; what happens
 * at every node is the business of core, keeper and node/erasure.h.
 *
 * The authority's node has no scope key and no register. What an order has to
 * name, the record and its parents, is read with the escrow's key (6.5), in
 * memory: nothing of a citizen is given out but his uid, nothing is written.
 * A record that is named goes with all its copies, wherever they were filed.
 * Functions print their error and return the exit code, 0 for success.
 */
#ifndef SG_TOOLS_ERASING_H
#define SG_TOOLS_ERASING_H

#include "node/unseal.h"
#include "node/view/given.h"
#include "tools/seat.h"

/* An entry that is to be erased. */
struct sg_erasing_entry {
    struct sg_log_id log;
    uint64_t index;
    uint32_t length; /* of the payload */
    struct sg_ref record;
    struct sg_uid subject;
    const struct sg_schema_type *type; /* NULL: not known here */
    unsigned n_parents;
    struct sg_ref parents[SG_PARENTS_MAX];
    struct sg_ref order; /* the statement that names it, when it was said */
};

struct sg_erasing {
    struct sg_seat *seat;
    struct sg_given given;
    struct sg_unseal *unseal;
    struct sg_fetch *fetch;
    struct sg_erasing_entry *entries;
    size_t count, capacity;
    uint64_t unread; /* entries of records that nobody here can open */
};

/* What an order says besides. */
struct sg_erasing_order {
    const char *number, *basis;
    unsigned reason; /* field 3 */
    struct sg_date day;
};

/* Makes ready to read with the keys of SEAT, which speaks. Borrows: SEAT. The
 * caller ends with sg_erasing_close, also after an error. */
SG_USE_RESULT int sg_erasing_open(struct sg_seat *seat,
                                  struct sg_erasing *ret_erasing);
void sg_erasing_close(struct sg_erasing *erasing);

/* Add all that was filed about the person UID, in hex; the entries INDEXES of
 * the log that NAME calls, and all other copies of their records. Both read
 * every log. */
SG_USE_RESULT int sg_erasing_person(struct sg_erasing *erasing,
                                    const char *uid);
SG_USE_RESULT int sg_erasing_entries(struct sg_erasing *erasing,
                                     const char *name,
                                     struct sg_cli_words indexes);

/* Says it: files as many statements as the entries need, all with ORDER's
 * number. SEAT speaks. */
SG_USE_RESULT int sg_erasing_say(struct sg_erasing *erasing,
                                 const struct sg_erasing_order *order);

/* Erases here what was said, as every other node will when it hears of it: the
 * payloads, and their bytes in free pages. RET_IS_COMPACTED is false where the
 * disk has no room for it yet: sogocd tries again when it starts. */
SG_USE_RESULT int sg_erasing_do(struct sg_erasing *erasing,
                                bool *ret_is_compacted);

#endif
