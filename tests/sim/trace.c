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

/* Writes the first 4 bytes of LOG as hex digits: snprintf would take longer
 * than all else here. */
static void short_id(const struct sg_log_id *log, char ret_id[9])
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < 4; i++) {
        ret_id[2 * i] = digits[log->hash.bytes[i] >> 4];
        ret_id[2 * i + 1] = digits[log->hash.bytes[i] & 15];
    }
    ret_id[8] = '\0';
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
        short_id(log, id);
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
