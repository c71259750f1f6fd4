/* I-READ: what is handed out is what the writer sealed, or it says that it is
 * not there. */
#include <string.h>

#include "tests/sim/check.h"

/* The pool's bytes, which never change, were hashed when they came there. */
static bool has_hash(const struct world *world, const struct sg_entry *entry,
                     const struct pool_entry *place)
{
    struct sg_hash hash;

    if (entry->payload.data == place->entry.payload.data &&
        entry->payload.size == place->entry.payload.size)
        return place->is_sound;
    hash = sg_entry_payload_hash(&world->pool.hasher, entry->payload);
    return memcmp(&hash, &place->entry.payload_hash, sizeof hash) == 0;
}

void check_read(struct world *world, struct node *node,
                const struct sg_entry *entry, const struct pool_entry *place)
{
    if (entry->state == SG_PAYLOAD_PRESENT)
        check_fact(world, CHECK_READ, node->number, NULL,
                   has_hash(world, entry, place), entry->length, 0);
}
