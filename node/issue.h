/* Issuing slips: the paper for a record that this node has written
 * (replication/slip.h), made from the log.
 */
#ifndef SG_NODE_ISSUE_H
#define SG_NODE_ISSUE_H

#include "replication/slip.h"
#include "storage/lmdb/store.h"
#include "storage/log/key_file.h"

/* Who issues. Borrowed. */
struct sg_issue_office {
    struct sg_store *store;
    const struct sg_key *node;  /* signs */
    const struct sg_key *scope; /* opens what is sealed; NULL: nothing is */
    const uint8_t *certificate; /* SG_CERTIFICATE_SIZE bytes */
};

/* Gives the signed slip of the record at INDEX of LOG, a log of the office's
 * node, under the newest checkpoint. Its time is that of the writer's clock
 * when the record was filed. Context: any thread.
 * Errors: NOTFOUND (no record of this node's is there, or it was erased, or
 * does not open); DAMAGED; NOMEM. */
SG_USE_RESULT enum sg_err sg_issue_slip(const struct sg_issue_office *office,
                                        const struct sg_store_log *log,
                                        uint64_t index,
                                        struct sg_slip *ret_slip);

#endif
