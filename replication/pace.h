/* Pace: how large packages and frames are, from what was acknowledged.
 *
 * PROTOCOL.md section 9, "size": about two seconds of goodput, smoothed over
 * the last 8 acknowledgements; a session starts with 1,280 bytes and doubles
 * while acknowledgements take less than 2 s. Later it grows at most twofold at
 * a time, since one lucky acknowledgement says little. Time in which nothing
 * was on its way does not count. Pure; a value.
 *
 * Times are milliseconds of a monotonic clock, never less than before.
 */
#ifndef SG_REPLICATION_PACE_H
#define SG_REPLICATION_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/base/limits.h"

#define SG_PACE_ACKS       8u    /* that goodput is smoothed over */
#define SG_PACE_FLIGHT_MAX 64u   /* packages remembered; older ones are not */
#define SG_PACE_SIZE_FIRST 1280u /* bytes */
#define SG_PACE_SIZE_MIN   256u
#define SG_PACE_MS         2000u /* of goodput in a package */

struct sg_pace {
    size_t size;
    bool is_starting; /* doubling: no acknowledgement took SG_PACE_MS yet */
    uint64_t busy_since_ms; /* the last acknowledgement, or the first package
                             * after none was on its way */
    size_t ack_count;       /* so far, at most SG_PACE_ACKS */
    size_t ack_next;
    struct {
        uint64_t bytes;
        uint64_t ms;
    } acks[SG_PACE_ACKS];
    size_t flight_count; /* oldest first */
    struct sg_pace_package {
        uint64_t log;
        uint64_t end;
        uint64_t size;
        uint64_t sent_ms;
    } flight[SG_PACE_FLIGHT_MAX];
};

/* Begins a session's pace. */
void sg_pace_init(struct sg_pace *pace);

/* Notes that a package of LOG (any number that names it) up to END, of SIZE
 * bytes, went out. */
void sg_pace_sent(struct sg_pace *pace, uint64_t now_ms, uint64_t log,
                  uint64_t end, size_t size);

/* Takes the word that LOG is durable up to HELD. Packages of other logs that
 * went out before are forgotten: they were refused without a word. Says whether
 * a package of ours was acknowledged. */
bool sg_pace_stored(struct sg_pace *pace, uint64_t now_ms, uint64_t log,
                    uint64_t held);

/* Gives what a package should measure: SG_PACE_SIZE_MIN to
 * SG_MESSAGE_SIZE_MAX. */
size_t sg_pace_size(const struct sg_pace *pace);

#endif
