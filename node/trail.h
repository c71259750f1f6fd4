/* The trail: audit logs read backwards, newest entry first: who was shown what.
 *
 * It opens what the scope keys at hand open; what others sealed for others is
 * passed over. Bounded: a call looks at so many entries and says where to go
 * on. Context: one thread.
 */
#ifndef SG_NODE_TRAIL_H
#define SG_NODE_TRAIL_H

#include "storage/lmdb/store.h"
#include "storage/log/key_file.h"
#include "storage/registry/authority.h"
#include "storage/registry/record.h"

struct sg_trail;

/* Gives one. TRANSPORT opens the scope keys that the authority gives it; NULL:
 * there are none but SCOPE, which may be NULL too. Borrows: all. Caller frees;
 * free takes NULL. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_trail_new(struct sg_store *store,
                                       const struct sg_key *scope,
                                       const struct sg_key *transport,
                                       struct sg_trail **ret_trail);
void sg_trail_free(struct sg_trail *trail);

/* Takes the scope keys that AUTHORITY gives us. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_trail_hear(struct sg_trail *trail,
                                        const struct sg_authority *authority);

/* An entry; borrowed for the call. */
struct sg_trail_item {
    const struct sg_store_log *log;
    uint64_t index;
    struct sg_hash id;
    struct sg_record record; /* of types 64 to 66; fits its table */
    uint64_t ms;             /* by the clock of who wrote it */
};

/* False: it is enough. */
typedef bool sg_trail_take(void *context, const struct sg_trail_item *item);

/* Hands the entries of LOG below *END to TAKE, the newest first, and looks at
 * MAX at most. *END moves: what is below it was not looked at. Errors: NOMEM;
 * what is damaged is passed over. */
SG_USE_RESULT enum sg_err sg_trail_back(struct sg_trail *trail,
                                        const struct sg_store_log *log,
                                        uint64_t *end, size_t max,
                                        sg_trail_take *take, void *context);

#endif
