/* Mention: what a record says of others than its subject: numbers that somebody
 * else may have, and the person that he may be.
 *
 * Whoever keeps records outside memory finds by it whom a record concerns
 * (fold.h: holders, partners). Records that were admitted alone may come: their
 * bytes are canonical and fit.
 */
#ifndef SG_STORAGE_REGISTRY_MERGE_MENTION_H
#define SG_STORAGE_REGISTRY_MERGE_MENTION_H

#include "storage/registry/schema.h"

/* Gets one mention: TYPE is SG_TYPE_PIN, and KEY the number, 8 bytes
 * big-endian; or SG_TYPE_DUPLICATE, and KEY the other person's uid. Others of
 * other types come, too. False ends it. KEY is borrowed for the call. */
typedef bool sg_mention_take(void *context, unsigned type, struct sg_bytes key);

/* Returns the type of the record with these INNER bytes. */
unsigned sg_mention_type(struct sg_bytes inner);

/* Returns how many mentions it has. */
size_t sg_mention_count(struct sg_bytes inner);

/* Hands the first MAX of them to TAKE; returns how many were taken before one
 * was not. */
size_t sg_mention_each(struct sg_bytes inner, size_t max, sg_mention_take *take,
                       void *context);

#endif
