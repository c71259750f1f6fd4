/* I-ROOT: the entries on a disk give the root of its frontier, and of its known
 * checkpoint where it holds all of it. */
#include <string.h>

#include "tests/sim/check.h"

void check_roots(struct world *world)
{
    for (uint32_t i = 0; i < world->n_nodes; i++) {
        const struct disk *disk = &world->nodes[i].disk;

        for (size_t j = 0; j < disk->n_logs; j++) {
            const struct disk_log *log = disk->logs[j];
            struct sg_frontier frontier = {0};
            struct sg_hash root, kept = disk_root(log);

            for (size_t k = 0; k < log->n_slots; k++)
                sg_merkle_append(&frontier, &log->slots[k].place->leaf, NULL,
                                 NULL);
            root = sg_merkle_root(&frontier);
            check_fact(world, CHECK_ROOT, i, &log->id,
                       memcmp(&root, &kept, sizeof root) == 0 &&
                           (log->known.size == 0 ||
                            log->known.size != log->n_slots ||
                            memcmp(&root, &log->known.root, sizeof root) == 0),
                       log->known.size, log->n_slots);
        }
    }
}
