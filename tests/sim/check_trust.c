/* What is believed is a function of the set of the authority's statements: at
 * the end all honest nodes believe the same, to the letter, and none believes
 * less than it once did. */
#include <string.h>

#include "storage/base/check.h"
#include "tests/sim/check.h"

#define DUMP_SIZE_MAX (1u << 20)

static bool is_judged(const struct node *node)
{
    return node->is_up && node->is_honest && !node->is_revoked;
}

static void dump(const struct node *node, struct sg_buf *ret)
{
    sg_buf_init(ret, DUMP_SIZE_MAX);
    SG_ASSERT(sg_trust_dump(sg_sync_trust(node->core), ret) == SG_OK);
}

static void check_ever(struct world *world, const struct node *node)
{
    const struct sg_trust *trust = sg_sync_trust(node->core);

    check_fact(world, CHECK_ROLL, node->number, NULL,
               sg_trust_position(trust) >= node->roll.position_ever &&
                   sg_trust_generation(trust) >= node->roll.generation_ever,
               sg_trust_position(trust), node->roll.position_ever);
}

void check_trusts(struct world *world)
{
    struct sg_buf first, other;

    dump(&world->nodes[0], &first);
    for (uint32_t i = 1; i < world->n_originals; i++) {
        const struct node *node = &world->nodes[i];

        if (!is_judged(node))
            continue;
        check_ever(world, node);
        dump(node, &other);
        check_fact(world, CHECK_TRUST, i, NULL,
                   first.size == other.size &&
                       memcmp(first.data, other.data, first.size) == 0,
                   first.size, other.size);
        sg_buf_clear(&other);
    }
    sg_buf_clear(&first);
}
