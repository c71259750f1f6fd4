/* Nemeses: what makes trouble, when, and for how long. */
#ifndef SG_TESTS_SIM_NEMESIS_H
#define SG_TESTS_SIM_NEMESIS_H

#include "tests/sim/world.h"

/* Chooses what is on for this seed, and begins. */
void nemesis_begin(struct world *world);

/* One act of a nemesis; with a NODE the end of one. */
void nemesis_act(struct world *world, uint32_t node, uint64_t nemesis);

/* Draws how long something lasts: a minute to 60 days, each magnitude as likely
 * as the next, and at most to the end of all trouble. */
uint64_t nemesis_span(struct world *world);

/* The end of an outage of link NUMBER. */
void nemesis_link(struct world *world, uint64_t number, uint64_t what);

/* Ends all trouble: links up, nodes up, disks with room, nobody malicious. */
void nemesis_heal(struct world *world);

#endif
