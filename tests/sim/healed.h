/* The world after all trouble has ended: what is demanded of it, and in what
 * time.
 *
 * Peers find each other again: a connection that died unnoticed is found by the
 * next ping, a peer is called at most BACKOFF later. From then on, with D the
 * longest way between two nodes and I the anti-entropy interval, everybody
 * knows of every revocation within D I, and holds every entry within 2 D I;
 * each plus the time that the bytes which the neediest node lacks take on each
 * link of that way at 64 kbit/s.
 */
#ifndef SG_TESTS_SIM_HEALED_H
#define SG_TESTS_SIM_HEALED_H

#include "tests/sim/world.h"

/* Heals WORLD, runs it until that has come or is long overdue, and judges. */
void healed_run(struct world *world);

#endif
