/* I-READ: what is handed out is what the writer sealed, or it says that it is
 * not there. */
#include <string.h>

#include "tests/sim/check.h"

void check_read(struct world *world, struct node *node,
                const struct sg_entry *entry, const struct pool_entry *place)
{
    struct sg_hash hash;

    if (entry->state != SG_PAYLOAD_PRESENT)
        return;
    hash = sg_entry_payload_hash(&world->pool.hasher, entry->payload);
    check_fact(world, CHECK_READ, node->number, NULL,
               memcmp(&hash, &place->entry.payload_hash, sizeof hash) == 0,
               entry->length, 0);
}
