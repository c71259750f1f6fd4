/* Couriers: what nodes say to each other on USB sticks, whatever the links do.
 *
 * A trip is a head request that is carried to a node, the bundle that answers
 * it and the statements of who took it; or a bundle that nobody asked for. Each
 * stick is days late; nemeses of their own let it come twice, cut short or with
 * flipped bits, and the parts of a bundle go each its own way. What is made and
 * taken is made and taken by replication/bundle_*.h.
 */
#ifndef SG_TESTS_SIM_COURIER_H
#define SG_TESTS_SIM_COURIER_H

#include "replication/bundle_plan.h"
#include "tests/sim/world.h"

/* A part of a bundle on its way. */
struct stick {
    enum sg_bundle_kind kind;
    uint32_t from; /* who made it */
    uint32_t to;   /* who is to take it */
    uint8_t *bytes;
    size_t size;
    size_t room;
    bool is_whole;     /* nothing is cut off or flipped, and no other part is */
    uint8_t *progress; /* of a taking that a crash ended */
    size_t progress_size;
    /* What its maker put on it of the authority's logs. */
    size_t n_authority;
    struct session_authority authority[SESSION_AUTHORITY_MAX];
};

/* One act of the nemesis: a trip begins. */
void courier_set_out(struct world *world);

/* NODE makes a bundle of what TO lacks by PLAN, which is freed; NULL: of
 * everything. REQUEST is the bundle that it answers, or NULL. */
void courier_answer(struct world *world, struct node *node, struct node *to,
                    struct sg_bundle_plan *plan, const uint8_t *request);

/* NODE tells TO by stick what it holds. */
void courier_state(struct world *world, struct node *node, struct node *to);

/* Gives a plan with all logs of NODE. Caller frees. */
struct sg_bundle_plan *courier_plan(struct world *world, struct node *node);

/* STICK begins to be taken by the node that it is for, or waits for it. */
void courier_arrive(struct world *world, struct stick *stick);

/* Puts STICK off; it comes again. */
void courier_later(struct world *world, struct stick *stick);

void courier_free(struct stick *stick);

/* --- taking.c: a stick in a node ----------------------------------------- */

/* NODE, which is up and takes nothing, begins with STICK, which becomes its.
 */
void taking_begin(struct world *world, struct node *node, struct stick *stick);

/* What was taken may have settled: goes on. */
void taking_go_on(struct world *world, struct node *node);

/* NODE's process dies: what it was taking comes again. */
void taking_dies(struct world *world, struct node *node);

#endif
