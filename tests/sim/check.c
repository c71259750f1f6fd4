#include "tests/sim/check.h"

#include <inttypes.h>
#include <stdio.h>

/* Of one seed that many are printed; the others are counted. */
#define PRINTED_MAX 10u

uint64_t check_facts[CHECK_COUNT];

static const char *const texts[CHECK_COUNT] = {
#define CHECK_TEXT(name, text, what) text,
    CHECK_LIST(CHECK_TEXT)
#undef CHECK_TEXT
};

static const char *const demands[CHECK_COUNT] = {
#define CHECK_DEMAND(name, text, what) what,
    CHECK_LIST(CHECK_DEMAND)
#undef CHECK_DEMAND
};

const char *check_text(enum check check)
{
    return texts[check];
}

void check_fact(struct world *world, enum check check, uint32_t node,
                const struct sg_log_id *log, bool is_so, uint64_t a, uint64_t b)
{
    check_facts[check]++;
    if (is_so)
        return;
    world_trace(world, node, "VIOLATION", log, (uint64_t)check, a, b);
    if (world->oracle.violations++ >= PRINTED_MAX)
        return;
    printf("seed %" PRIu64 " at %" PRIu64 " ms node %" PRId32
           ": violated %s (%s)",
           world->options.seed, world->now_ms, (int32_t)node, texts[check],
           demands[check]);
    if (log != NULL)
        printf(", log %02x%02x%02x%02x", log->hash.bytes[0], log->hash.bytes[1],
               log->hash.bytes[2], log->hash.bytes[3]);
    printf(", %" PRIu64 " %" PRIu64 "\n", a, b);
}
