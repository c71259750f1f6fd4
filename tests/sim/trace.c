#include "tests/sim/trace.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* FNV-1a over whole words, with a shift so that high bits come down: it tells
 * runs apart, nobody attacks it. */
static void mix(struct trace *trace, uint64_t value)
{
    trace->hash = (trace->hash ^ value) * UINT64_C(0x100000001b3);
    trace->hash ^= trace->hash >> 29;
}

static uint64_t word_value(const char *what)
{
    uint64_t value = 0;

    memcpy(&value, what, strnlen(what, sizeof value));
    return value;
}

void trace_line(struct trace *trace, uint64_t now_ms, uint32_t node,
                const char *what, const struct sg_log_id *log, uint64_t a,
                uint64_t b, uint64_t c)
{
    char id[9] = "-";

    mix(trace, now_ms);
    mix(trace, node);
    mix(trace, word_value(what));
    if (log != NULL) {
        const uint8_t *bytes = log->hash.bytes;

        snprintf(id, sizeof id, "%02x%02x%02x%02x", bytes[0], bytes[1],
                 bytes[2], bytes[3]);
        mix(trace, word_value(id));
    }
    mix(trace, a);
    mix(trace, b);
    mix(trace, c);
    trace->lines++;
    if (!trace->prints)
        return;
    if (node == TRACE_NO_NODE)
        printf("%" PRIu64 " -", now_ms);
    else
        printf("%" PRIu64 " %" PRIu32, now_ms, node);
    printf(" %s %s %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", what, id, a, b, c);
}
