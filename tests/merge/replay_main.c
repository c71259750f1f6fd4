/* replay ORDERS FILE: delivers every history of FILE as written and in ORDERS
 * random orders, in pieces, and prints what stands in the end, once when it is
 * the same for all. Exit: 0 one state for each history; 1 an order matters. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/merge/replay.h"

#define LINES_MAX  ((size_t)64 << 20)
#define ORDERS_MAX 65535

/* The rows come in the register's order: what is compared is sorted. */
static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_lines(struct sg_buf *lines)
{
    static char *list[1 << 16];
    struct sg_buf sorted;
    size_t count = 0;
    char *text, *state = NULL;

    replay_must(sg_buf_append(lines, sg_bytes("", 1)), "lines");
    text = (char *)lines->data;
    for (char *line = strtok_r(text, "\n", &state);
         line != NULL && count < sizeof list / sizeof list[0];
         line = strtok_r(NULL, "\n", &state))
        list[count++] = line;
    qsort(list, count, sizeof list[0], compare_lines);
    sg_buf_init(&sorted, LINES_MAX);
    for (size_t i = 0; i < count; i++) {
        replay_must(sg_buf_append(&sorted, sg_bytes(list[i], strlen(list[i]))),
                    "lines");
        replay_must(sg_buf_append(&sorted, SG_BYTES_TEXT("\n")), "lines");
    }
    sg_buf_clear(lines);
    *lines = sorted;
}

/* Says whether all orders gave one state. */
static bool replay(struct replay_history *history, unsigned orders)
{
    struct sg_buf first, other;
    bool is_same = true;

    sg_buf_init(&first, LINES_MAX);
    replay_deliver(history, 0, &first);
    sort_lines(&first);
    printf("history %u\n%.*s", history->number, (int)first.size,
           (const char *)first.data);
    for (unsigned i = 1; i <= orders && is_same; i++) {
        sg_buf_init(&other, LINES_MAX);
        replay_deliver(history, (uint64_t)history->number << 16 | i, &other);
        sort_lines(&other);
        is_same = sg_bytes_equal(sg_buf_bytes(&first), sg_buf_bytes(&other));
        if (!is_same)
            printf("order %u of %u differs\n%.*s", i, history->number,
                   (int)other.size, (const char *)other.data);
        sg_buf_clear(&other);
    }
    sg_buf_clear(&first);
    return is_same;
}

int main(int argc, char **argv)
{
    static struct replay_history history;
    struct sg_buf file;
    struct sg_bytes left;
    bool is_good = true;
    char *end = NULL;
    long orders = argc == 3 ? strtol(argv[1], &end, 10) : -1;

    if (orders < 0 || orders > ORDERS_MAX || *end != '\0') {
        fprintf(stderr, "usage: replay ORDERS FILE\n");
        return 2;
    }
    replay_must(sg_crypto_init(), "crypto");
    replay_load(argv[2], &file);
    left = sg_buf_bytes(&file);
    if (left.size < 8 || memcmp(left.data, "sogochs1", 8) != 0)
        replay_must(SG_ERR_MALFORMED, argv[2]);
    left = sg_bytes(left.data + 8, left.size - 8);
    while (replay_read(&left, &history))
        is_good = replay(&history, (unsigned)orders) && is_good;
    sg_buf_clear(&file);
    return is_good ? 0 : 1;
}
