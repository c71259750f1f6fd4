/* I-NOFRAME: a fork proof verifies from its bytes alone, and is only of logs
 * whose key did sign two histories. */
#include "replication/sync.h"
#include "tests/sim/check.h"

void check_proof(struct world *world, struct node *node,
                 const struct sg_effect *effect, struct sg_log_core *ret_core)
{
    const struct oracle_log *truth = oracle_find(&world->oracle, &effect->log);
    struct sg_fork fork;
    enum sg_err err = sg_fork_decode(effect->proof, &fork);

    if (err == SG_OK)
        err = sg_fork_verify(&fork);
    *ret_core = fork.core;
    check_fact(world, CHECK_FRAME, node->number, &effect->log,
               err == SG_OK && truth != NULL && truth->is_forked, (uint64_t)err,
               0);
}

void check_alarm(struct world *world, struct node *node,
                 const struct sg_effect *effect)
{
    const struct oracle_log *truth;

    if (effect->alarm != SG_SYNC_ALARM_FORK &&
        effect->alarm != SG_SYNC_ALARM_OWN_FORK)
        return;
    truth = oracle_find(&world->oracle, &effect->log);
    check_fact(world, CHECK_FRAME, node->number, &effect->log,
               truth != NULL && truth->is_forked, (uint64_t)effect->alarm, 1);
}
