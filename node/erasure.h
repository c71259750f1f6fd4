/* Erasure, what is left of it when payloads were removed by order (DESIGN.md
 * D18): the store is copied without them, the register gets another key and is
 * made anew, and the node signs that it has done so (RECORDS.md 6.9, type 30).
 *
 * It does not decide what is erased: the authority's log does, and the core
 * (replication/erase.h) and the keeper remove the payloads. Ciphertext in
 * backups and bundles is out of its reach, and so are free blocks of the disk.
 */
#ifndef SG_NODE_ERASURE_H
#define SG_NODE_ERASURE_H

#include "storage/base/err.h"
#include "storage/lmdb/store.h"
#include "storage/log/key_file.h"

/* What was done. */
struct sg_erasure_done {
    size_t orders;     /* of which something was left to do */
    uint64_t entries;  /* that they erased here, in all */
    bool is_compacted; /* now, for there were bytes in free pages */
};

/* Does what is left to do in STORE, which lies in DIR; NODE signs it, and is
 * the key of its first own log. What a crash leaves undone is done by the next
 * call; nothing is left, nothing is done. Context: the store's only user, no
 * batch, no view open: before a node runs.
 * Errors: FULL (no room for the copy: what lies in free pages stays there, and
 * nothing is signed); FATAL, DAMAGED (stop); STATE (compacted, and not signed:
 * the authority's state is not here); CLOSED, NOMEM, and of key files. */
SG_USE_RESULT enum sg_err sg_erasure_finish(struct sg_store *store,
                                            const char *dir,
                                            const struct sg_key *node,
                                            struct sg_erasure_done *ret_done);

#endif
