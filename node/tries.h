/* Tries: who guessed wrong, and how often within the last hour, so that one
 * machine can neither try on nor use up what others were given
 * (PROTOCOL.md 16).
 *
 * A machine is an IPv4 address, or the network of an IPv6 address (64 bits):
 * who has one address there has all of them. Kept in memory alone: a start
 * forgets. No more than SG_TRIES_PLACES machines are remembered; the one that
 * tried longest ago makes room.
 */
#ifndef SG_NODE_TRIES_H
#define SG_NODE_TRIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define SG_TRIES_MAX    3u /* wrong ones within SG_TRIES_MS */
#define SG_TRIES_MS     UINT64_C(3600000)
#define SG_TRIES_PLACES 256u

/* A machine; all zero of its times is a place that is free. */
struct sg_tries_place {
    uint8_t machine[16];
    uint64_t until_ms[SG_TRIES_MAX]; /* when each is forgotten; 0: none */
};

/* All zero: nobody tried. */
struct sg_tries {
    struct sg_tries_place places[SG_TRIES_PLACES];
};

/* Gives the machine that ADDRESS, IPv4 or IPv6, is of. */
void sg_tries_machine(const struct sockaddr_storage *address, uint8_t ret[16]);

/* Says whether ADDRESS, IPv4 or IPv6, may try at NOW_MS of the monotonic clock.
 */
bool sg_tries_may(const struct sg_tries *tries,
                  const struct sockaddr_storage *address, uint64_t now_ms);

/* Counts a wrong try of ADDRESS at NOW_MS. */
void sg_tries_count(struct sg_tries *tries,
                    const struct sockaddr_storage *address, uint64_t now_ms);

#endif
