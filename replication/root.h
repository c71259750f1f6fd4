/* Root keys: each is committed to where the one before it is named.
 *
 * RECORDS.md 6.2. The genesis, which the registry's id fixes, names the first;
 * every root_rotate record the next. Whoever holds the registry's id alone can
 * check all of it. Pure.
 */
#ifndef SG_REPLICATION_ROOT_H
#define SG_REPLICATION_ROOT_H

#include "replication/trust_record.h"
#include "storage/base/bytes.h"
#include "storage/base/err.h"
#include "storage/log/entry.h"

/* A root key, and what binds its successor. */
struct sg_root {
    uint8_t key[SG_KEY_SIZE];
    struct sg_hash next; /* commitment to the root after it, for ever */
};

/* Returns the commitment to KEY as a next root. */
struct sg_hash sg_root_commitment(const uint8_t key[SG_KEY_SIZE]);

/* Reads the root that RECORD names, if it is the genesis of REGISTRY. Errors:
 * UNTRUSTED when it is not, or its signature is wrong. */
SG_USE_RESULT enum sg_err sg_root_from_genesis(
    const struct sg_trust_record *record, const struct sg_registry_id *registry,
    struct sg_root *ret_root);

/* Reads the root that RECORD names, if it is the rotation to GENERATION, which
 * is at least 1, and BEFORE is the root of the one before. Errors: UNTRUSTED
 * when it is not, when the new root is another than the one committed to, or
 * when a signature is wrong. */
SG_USE_RESULT enum sg_err sg_root_from_rotation(
    const struct sg_trust_record *record, const struct sg_registry_id *registry,
    uint8_t generation, const struct sg_root *before, struct sg_root *ret_root);

#endif
