/* A stick in a node: its pieces go through the core as messages of a session in
 * which nothing is sent, between whatever else the node does. */
#include <string.h>

#include "replication/bundle_take.h"
#include "storage/base/check.h"
#include "tests/sim/check.h"
#include "tests/sim/courier.h"
#include "tests/sim/memory.h"

/* How long a settling is waited for before it is looked at again. */
#define SETTLE_MS 10u

struct taking {
    struct stick *stick;
    struct sg_bundle_take *take;
    struct sg_bundle_plan *plan; /* of the answer to a request */
    bool settles;                /* what was written is awaited */
    bool is_replay;              /* of what has just been taken whole */
};

/* --- Beginning and ending ---------------------------------------------------
 */

static enum sg_err open_take(struct world *world, struct node *node,
                             struct taking *taking)
{
    const struct stick *stick = taking->stick;
    struct sg_bundle_take_config config = {
        .registry = world->registry,
        .core = node->core,
        .session = node->slots,
    };

    memcpy(config.public_key, node->transport_public, SG_KEY_SIZE);
    memcpy(config.secret, node->transport_secret, SG_KEY_SIZE);
    return sg_bundle_take_new(
        &config, sg_bytes(stick->bytes, stick->size), stick->size,
        taking->is_replay ? sg_bytes(NULL, 0)
                          : sg_bytes(stick->progress, stick->progress_size),
        &taking->take);
}

static void end(struct node *node)
{
    struct taking *taking = node->taking;

    sg_bundle_take_free(taking->take);
    sg_bundle_plan_free(taking->plan);
    if (taking->stick != NULL)
        courier_free(taking->stick);
    memory_free(taking);
    node->taking = NULL;
    node->sessions[node->slots] = (struct session){0};
}

void taking_begin(struct world *world, struct node *node, struct stick *stick)
{
    struct session *session = &node->sessions[node->slots];
    struct taking *taking = memory_new(sizeof *taking);
    enum sg_err err;

    taking->stick = stick;
    node->taking = taking;
    err = open_take(world, node, taking);
    world_trace(world, node->number, "take", NULL, stick->from,
                (uint64_t)stick->kind, (uint64_t)err);
    if (err != SG_OK) { /* a damaged header: no bundle */
        world->changed[NEMESIS_STICK_CUT]++;
        end(node);
        return;
    }
    if (stick->kind == SG_BUNDLE_REQUEST)
        taking->plan = courier_plan(world, node);
    if (stick->is_whole && stick->progress == NULL) {
        session->n_authority = stick->n_authority;
        memcpy(session->authority, stick->authority, sizeof stick->authority);
    }
    taking_go_on(world, node);
}

void taking_dies(struct world *world, struct node *node)
{
    if (node->taking == NULL)
        return;
    courier_later(world, node->taking->stick);
    node->taking->stick = NULL;
    end(node);
}

/* --- Taken ------------------------------------------------------------------
 */

/* The same once more: nothing may come of it. */
static void replay(struct world *world, struct node *node)
{
    struct taking *taking = node->taking;
    struct sg_bundle_take_view view;

    sg_bundle_take_free(taking->take);
    taking->take = NULL;
    taking->is_replay = true;
    node->replayed = 0;
    SG_ASSERT(open_take(world, node, taking) == SG_OK);
    taking_go_on(world, node);
    sg_bundle_take_view(taking->take, &view);
    check_replay(world, node, view.taken + node->replayed);
}

static void finish(struct world *world, struct node *node)
{
    struct taking *taking = node->taking;
    struct node *maker = &world->nodes[taking->stick->from];
    struct sg_bundle_take_view view;

    if (taking->is_replay)
        return;
    sg_bundle_take_view(taking->take, &view);
    world_trace(world, node->number, "taken", NULL, view.taken,
                view.pieces_done, view.damaged);
    world->changed[NEMESIS_BUNDLE] += view.taken > 0;
    world->changed[NEMESIS_STICK_CUT] += view.damaged;
    if (view.maker == SG_OK && taking->plan != NULL) {
        courier_answer(world, node, maker, taking->plan, view.header.id);
        taking->plan = NULL;
    }
    if (taking->stick->kind == SG_BUNDLE_ENTRIES && view.taken > 0 &&
        !world->is_healed && sg_prng_chance(&world->prng, 300))
        courier_state(world, node, maker);
    if (taking->stick->kind == SG_BUNDLE_ENTRIES && view.refused == 0 &&
        view.pieces_done == view.header.pieces)
        replay(world, node);
    end(node);
}

/* --- On the way -------------------------------------------------------------
 */

/* Everything that the core wrote of it is durable: so is what was kept of its
 * progress. */
static bool is_settled(struct node *node)
{
    struct sg_sync_session_view view;

    return sg_sync_session(node->core, node->slots, &view) != SG_OK ||
           !view.settles;
}

static void keep_progress(struct taking *taking)
{
    struct sg_bytes progress = sg_bundle_take_progress(taking->take);

    memory_free(taking->stick->progress);
    taking->stick->progress = memory_copy(progress.data, progress.size);
    taking->stick->progress_size = progress.size;
}

static void give(struct taking *taking, const struct sg_bundle_take_turn *turn)
{
    const struct stick *stick = taking->stick;

    if (turn->offset + turn->size > stick->size)
        sg_bundle_take_give(taking->take, SG_ERR_IO, sg_bytes(NULL, 0));
    else
        sg_bundle_take_give(taking->take, SG_OK,
                            sg_bytes(stick->bytes + turn->offset, turn->size));
}

void taking_go_on(struct world *world, struct node *node)
{
    struct taking *taking = node->taking;
    struct sg_bundle_take_turn turn;

    if (taking->settles && !is_settled(node)) {
        world_later(world, SETTLE_MS, QUEUE_TAKING, node->number,
                    node->generation, 0, NULL);
        return;
    }
    if (taking->settles)
        keep_progress(taking);
    taking->settles = false;
    for (;;) {
        sg_bundle_take_next(taking->take, &turn);
        switch (turn.kind) {
        case SG_BUNDLE_TAKE_READ:
            give(taking, &turn);
            break;
        case SG_BUNDLE_TAKE_EVENT:
            node_step(world, node, &turn.event);
            break;
        case SG_BUNDLE_TAKE_CLAIM:
            if (taking->plan != NULL)
                SG_ASSERT(sg_bundle_plan_take(taking->plan, &turn.message) ==
                          SG_OK);
            break;
        case SG_BUNDLE_TAKE_SETTLE:
            if (taking->is_replay)
                break;
            taking->settles = true;
            world_later(world, SETTLE_MS, QUEUE_TAKING, node->number,
                        node->generation, 0, NULL);
            return;
        case SG_BUNDLE_TAKE_DAMAGE:
            break;
        case SG_BUNDLE_TAKE_DONE:
            finish(world, node);
            return;
        }
    }
}
