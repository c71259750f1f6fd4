/* Turnstile: how many handshakes a second this node answers, so that whoever
 * sends their first messages by the thousand costs it a hundredth of a core
 * (PROTOCOL.md 2).
 *
 * Two limits: of one machine (tries.h says what that is), and of all together.
 * The machines that the configuration names count for themselves alone: a crowd
 * of strangers does not use up what peers need. Who was quiet may come with
 * SG_TURNSTILE_BURST_S seconds' worth at once. Kept in memory alone; no more
 * than SG_TURNSTILE_PLACES machines are remembered, the one that came longest
 * ago makes room.
 */
#ifndef SG_NODE_TURNSTILE_H
#define SG_NODE_TURNSTILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define SG_TURNSTILE_BURST_S 4u
#define SG_TURNSTILE_PLACES  256u

/* What is left, in thousandths of a handshake, as of MS. */
struct sg_turnstile_purse {
    uint64_t left, ms;
};

struct sg_turnstile_place {
    uint8_t machine[16];
    struct sg_turnstile_purse purse; /* ms 0: the place is free */
};

struct sg_turnstile {
    uint64_t each, all; /* handshakes a second: of one machine, of all */
    uint64_t refused;   /* since it began */
    struct sg_turnstile_purse purse;
    struct sg_turnstile_place places[SG_TURNSTILE_PLACES];
};

/* Sets TURNSTILE up: EACH of one machine and second, ALL together. */
void sg_turnstile_init(struct sg_turnstile *turnstile, uint64_t each,
                       uint64_t all);

/* Counts a handshake of ADDRESS, IPv4 or IPv6, at NOW_MS of the monotonic
 * clock, and says whether it is answered. IS_NAMED: the configuration names it.
 */
bool sg_turnstile_take(struct sg_turnstile *turnstile,
                       const struct sockaddr_storage *address, bool is_named,
                       uint64_t now_ms);

#endif
