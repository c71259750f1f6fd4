/* Conflicts as the API shows them. Not for anybody outside api*.c.
 */
#ifndef SG_NODE_API_CONFLICT_H
#define SG_NODE_API_CONFLICT_H

#include "node/api_call.h"
#include "storage/registry/merge/conflict.h"

/* Gives CONFLICT of SUBJECT as GET /v1/conflicts lists it; NULL: no memory. The
 * view is held. */
json_t *sg_api_conflict_json(const struct sg_authority *authority,
                             const struct sg_subject *subject,
                             const struct sg_subject_conflict *conflict);

/* Gives the opening record of the object that CONFLICT is about, by which a
 * decision names it. False: it is the subject's only one, none at all, or one
 * whose opening is not held. */
bool sg_api_conflict_object(const struct sg_subject *subject,
                            const struct sg_subject_conflict *conflict,
                            struct sg_ref *ret_ref);

#endif
