/* The small values that records are made of: uids and refs.
 *
 * Each is a type of its own so that they cannot be mixed up. Dates are struct
 * sg_date (storage/base/date.h), units struct sg_unit_key (unit.h), key
 * ids struct sg_key_id (storage/log/key_id.h). RECORDS.md, section 1.
 */
#ifndef SG_STORAGE_REGISTRY_VALUE_H
#define SG_STORAGE_REGISTRY_VALUE_H

#include <string.h>

#include "storage/base/bytes.h"

/* A registry uid: 128 random bits that name a person, household or campaign.
 * Never derived from a personal number. */
struct sg_uid {
    uint8_t bytes[16];
};

/* The first 16 bytes of a record id. */
struct sg_ref {
    uint8_t bytes[16];
};

/* Return -1, 0 or 1 as A sorts before, with or after B. */
static inline int sg_uid_compare(const struct sg_uid *a, const struct sg_uid *b)
{
    int order = memcmp(a->bytes, b->bytes, sizeof(a->bytes));

    return (order > 0) - (order < 0);
}

static inline int sg_ref_compare(const struct sg_ref *a, const struct sg_ref *b)
{
    int order = memcmp(a->bytes, b->bytes, sizeof(a->bytes));

    return (order > 0) - (order < 0);
}

/* Returns the ref of the record whose id is ID. */
static inline struct sg_ref sg_ref_of(const struct sg_hash *id)
{
    struct sg_ref ref;

    memcpy(ref.bytes, id->bytes, sizeof(ref.bytes));
    return ref;
}

#endif
