#include "replication/pace.h"

#include <string.h>

#include "storage/base/check.h"

void sg_pace_init(struct sg_pace *pace)
{
    *pace = (struct sg_pace){.size = SG_PACE_SIZE_FIRST, .is_starting = true};
}

/* Forgets the COUNT oldest packages. */
static void forget(struct sg_pace *pace, size_t count)
{
    SG_ASSERT(count <= pace->flight_count);
    pace->flight_count -= count;
    memmove(pace->flight, pace->flight + count,
            pace->flight_count * sizeof pace->flight[0]);
}

void sg_pace_sent(struct sg_pace *pace, uint64_t now_ms, uint64_t log,
                  uint64_t end, size_t size)
{
    if (pace->flight_count == 0)
        pace->busy_since_ms = now_ms;
    if (pace->flight_count == SG_PACE_FLIGHT_MAX)
        forget(pace, 1);
    pace->flight[pace->flight_count++] = (struct sg_pace_package){
        .log = log, .end = end, .size = size, .sent_ms = now_ms};
}

static size_t bounded(uint64_t size, size_t max)
{
    if (max > SG_MESSAGE_SIZE_MAX)
        max = SG_MESSAGE_SIZE_MAX;
    if (size > max)
        return max;
    return size < SG_PACE_SIZE_MIN ? SG_PACE_SIZE_MIN : (size_t)size;
}

/* Gives SG_PACE_MS of goodput, in bytes. */
static uint64_t goodput(const struct sg_pace *pace)
{
    uint64_t bytes = 0, ms = 0;

    for (size_t i = 0; i < pace->ack_count; i++) {
        bytes += pace->acks[i].bytes;
        ms += pace->acks[i].ms;
    }
    return ms > 0 ? bytes * SG_PACE_MS / ms : UINT64_MAX;
}

/* Takes one acknowledgement of BYTES, the oldest of which took TOOK_MS; MS of
 * them something was on its way and nothing acknowledged. */
static void take(struct sg_pace *pace, uint64_t bytes, uint64_t took_ms,
                 uint64_t ms)
{
    /* Few bytes that were quick say nothing of what the link could carry. */
    if (bytes < pace->size / 2 && took_ms < SG_PACE_MS)
        return;
    pace->acks[pace->ack_next].bytes = bytes;
    pace->acks[pace->ack_next].ms = ms;
    pace->ack_next = (pace->ack_next + 1) % SG_PACE_ACKS;
    if (pace->ack_count < SG_PACE_ACKS)
        pace->ack_count++;
    if (took_ms >= SG_PACE_MS)
        pace->is_starting = false;
    pace->size =
        bounded(pace->is_starting ? UINT64_MAX : goodput(pace), 2 * pace->size);
}

bool sg_pace_stored(struct sg_pace *pace, uint64_t now_ms, uint64_t log,
                    uint64_t held)
{
    uint64_t bytes = 0, took_ms = 0;
    size_t done = 0;

    for (size_t i = 0; i < pace->flight_count; i++) {
        const struct sg_pace_package *package = &pace->flight[i];

        if (package->log != log || package->end > held)
            continue;
        if (bytes == 0)
            took_ms = now_ms - package->sent_ms;
        bytes += package->size;
        done = i + 1;
    }
    if (done == 0)
        return false;
    take(pace, bytes, took_ms, now_ms - pace->busy_since_ms);
    forget(pace, done);
    pace->busy_since_ms = now_ms;
    return true;
}

size_t sg_pace_size(const struct sg_pace *pace)
{
    return pace->size;
}
