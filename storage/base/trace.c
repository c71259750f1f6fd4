#include "storage/base/trace.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "storage/base/text.h"
#include "storage/base/trace_ring.h"
#include "storage/base/writer.h"

#define LINE_SIZE_MAX 240

static struct sg_trace_ring ring;
static atomic_uint_fast64_t selected;

static const char *const names[SG_TRACE_PARTS] = {
#define SG_TRACE_NAME(name, text) text,
    SG_TRACE_LIST(SG_TRACE_NAME)
#undef SG_TRACE_NAME
};

_Static_assert(SG_TRACE_PARTS <= 64, "one bit for each part");

static void put_text(struct sg_writer *line, const char *text)
{
    sg_writer_bytes(line, sg_bytes(text, strlen(text)));
}

static void put_message(struct sg_writer *line,
                        const struct sg_trace_event *event)
{
    size_t next = 0;

    for (const char *at = event->message; *at != '\0'; at++) {
        if (*at == '%' && next < SG_TRACE_RING_VALUES)
            sg_text_decimal_encode(line, event->values[next++]);
        else
            sg_writer_u8(line, (uint8_t)*at);
    }
}

/* One write for one line, so that lines of two threads do not mix; what is too
 * long is cut. */
static void print(int fd, const struct sg_trace_event *event)
{
    uint8_t text[LINE_SIZE_MAX + 1];
    struct sg_writer line;
    ssize_t written;

    sg_writer_init_array(&line, text, LINE_SIZE_MAX);
    put_text(&line, "[");
    put_text(&line, names[event->part]);
    put_text(&line, "] ");
    if (event->now_ms != SG_MONO_NEVER.ms) {
        sg_text_decimal_encode(&line, event->now_ms);
        put_text(&line, " ms: ");
    }
    put_message(&line, event);
    text[line.size] = '\n';
    written = write(fd, text, line.size + 1);
    (void)written;
}

void sg_trace(enum sg_trace_part part, struct sg_mono now, const char *message,
              uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    struct sg_trace_event event = {
        .part = (uint64_t)part,
        .now_ms = now.ms,
        .message = message,
        .values = {a, b, c, d},
    };
    uint64_t bits = atomic_load_explicit(&selected, memory_order_relaxed);

    sg_trace_ring_add(&ring, &event);
    if ((bits >> part & 1) != 0)
        print(STDERR_FILENO, &event);
}

/* Returns the bits that WORD means, 0 if it is no part. */
static uint64_t select_bits(const char *word, size_t size)
{
    if (size == strlen("all") && memcmp(word, "all", size) == 0)
        return UINT64_MAX;
    for (size_t i = 0; i < SG_TRACE_PARTS; i++) {
        if (size == strlen(names[i]) && memcmp(word, names[i], size) == 0)
            return UINT64_C(1) << i;
    }
    return 0;
}

enum sg_err sg_trace_select(const char *list)
{
    const char *at = list != NULL ? list : "";
    uint64_t chosen = 0;

    while (*at != '\0') {
        bool minus = *at == '-';
        const char *word = minus ? at + 1 : at;
        size_t size = strcspn(word, ",");
        uint64_t bits = select_bits(word, size);

        if (bits == 0)
            return SG_ERR_INVALID;
        chosen = minus ? chosen & ~bits : chosen | bits;
        at = word + size;
        at += strspn(at, ",");
    }
    atomic_store_explicit(&selected, chosen, memory_order_relaxed);
    return SG_OK;
}

void sg_trace_print(int fd)
{
    uint64_t newest = sg_trace_ring_newest(&ring);
    uint64_t number =
        newest > SG_TRACE_EVENTS ? newest - SG_TRACE_EVENTS + 1 : 1;
    struct sg_trace_event event;

    for (; number <= newest; number++) {
        if (sg_trace_ring_get(&ring, number, &event))
            print(fd, &event);
    }
}
