#include "node/view/ahead.h"

#include <pthread.h>
#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/buf.h"
#include "storage/base/check.h"
#include "storage/base/limits.h"

#define MEMORY_MAX ((size_t)SG_FEED_ITEMS_MAX * SG_RECORD_SIZE_MAX)

/* One reading, with payloads of its own. */
struct turn {
    struct sg_ahead_range range;
    struct sg_feed_item items[SG_FEED_ITEMS_MAX];
    size_t count;
    struct sg_buf memory;
    enum sg_err err;
};

struct sg_ahead {
    const struct sg_feed *feed;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_ordered; /* the other thread has something to read */
    bool is_over;
    struct turn turns[2];
    struct turn *given, *next; /* next is the other thread's while ordered */
    bool is_next_read;
};

/* Reads what TURN is to have. */
static void read_turn(const struct sg_feed *feed, struct turn *turn)
{
    const struct sg_ahead_range *range = &turn->range;
    const uint8_t *at;

    turn->err = feed->read(feed->context, range->number, range->first,
                           range->count_max, turn->items, &turn->count);
    if (turn->err != SG_OK)
        return;
    sg_buf_truncate(&turn->memory, 0);
    for (size_t i = 0; i < turn->count && turn->err == SG_OK; i++)
        turn->err = sg_buf_append(&turn->memory, turn->items[i].payload);
    at = turn->memory.data;
    for (size_t i = 0; i < turn->count && turn->err == SG_OK; i++) {
        /* There may be no memory yet. */
        if (turn->items[i].payload.size == 0)
            continue;
        turn->items[i].payload.data = at;
        at += turn->items[i].payload.size;
    }
}

static void *run(void *context)
{
    struct sg_ahead *ahead = context;

    (void)pthread_mutex_lock(&ahead->lock);
    while (!ahead->is_over) {
        if (!ahead->is_ordered) {
            (void)pthread_cond_wait(&ahead->changed, &ahead->lock);
            continue;
        }
        (void)pthread_mutex_unlock(&ahead->lock);
        read_turn(ahead->feed, ahead->next);
        (void)pthread_mutex_lock(&ahead->lock);
        ahead->is_ordered = false;
        (void)pthread_cond_broadcast(&ahead->changed);
    }
    (void)pthread_mutex_unlock(&ahead->lock);
    return NULL;
}

enum sg_err sg_ahead_new(const struct sg_feed *feed,
                         struct sg_ahead **ret_ahead)
{
    struct sg_ahead *ahead = sg_calloc(1, sizeof *ahead);

    if (ahead == NULL)
        return SG_ERR_NOMEM;
    ahead->feed = feed;
    ahead->given = &ahead->turns[0];
    ahead->next = &ahead->turns[1];
    sg_buf_init(&ahead->turns[0].memory, MEMORY_MAX);
    sg_buf_init(&ahead->turns[1].memory, MEMORY_MAX);
    (void)pthread_mutex_init(&ahead->lock, NULL);
    (void)pthread_cond_init(&ahead->changed, NULL);
    if (pthread_create(&ahead->thread, NULL, run, ahead) != 0) {
        (void)pthread_cond_destroy(&ahead->changed);
        (void)pthread_mutex_destroy(&ahead->lock);
        sg_free(ahead);
        return SG_ERR_NOMEM;
    }
    *ret_ahead = ahead;
    return SG_OK;
}

void sg_ahead_free(struct sg_ahead *ahead)
{
    if (ahead == NULL)
        return;
    (void)pthread_mutex_lock(&ahead->lock);
    ahead->is_over = true;
    (void)pthread_cond_broadcast(&ahead->changed);
    (void)pthread_mutex_unlock(&ahead->lock);
    (void)pthread_join(ahead->thread, NULL);
    (void)pthread_cond_destroy(&ahead->changed);
    (void)pthread_mutex_destroy(&ahead->lock);
    sg_buf_wipe(&ahead->turns[0].memory);
    sg_buf_wipe(&ahead->turns[1].memory);
    sg_free(ahead);
}

/* Waits until the other thread has nothing to do. */
static void wait_for(struct sg_ahead *ahead)
{
    (void)pthread_mutex_lock(&ahead->lock);
    while (ahead->is_ordered)
        (void)pthread_cond_wait(&ahead->changed, &ahead->lock);
    (void)pthread_mutex_unlock(&ahead->lock);
}

static void order(struct sg_ahead *ahead, const struct sg_ahead_range *range)
{
    ahead->next->range = *range;
    ahead->is_next_read = true;
    (void)pthread_mutex_lock(&ahead->lock);
    ahead->is_ordered = true;
    (void)pthread_cond_broadcast(&ahead->changed);
    (void)pthread_mutex_unlock(&ahead->lock);
}

static bool has_key(const struct turn *turn)
{
    for (size_t i = 0; i < turn->count; i++)
        if (turn->items[i].state == SG_FEED_KEY)
            return true;
    return false;
}

enum sg_err sg_ahead_read(struct sg_ahead *ahead,
                          const struct sg_ahead_range *range,
                          uint64_t following,
                          const struct sg_feed_item **ret_items,
                          size_t *ret_count)
{
    struct turn *turn = ahead->next;
    bool is_read;

    SG_ASSERT(range->count_max <= SG_FEED_ITEMS_MAX);
    wait_for(ahead);
    is_read = ahead->is_next_read && turn->range.number == range->number &&
              turn->range.first == range->first;
    ahead->is_next_read = false;
    ahead->next = ahead->given;
    ahead->given = turn;
    if (!is_read) {
        turn->range = *range;
        read_turn(ahead->feed, turn);
    }
    if (turn->err != SG_OK)
        return turn->err;
    *ret_items = turn->items;
    *ret_count = turn->count;
    if (following > 0 && !has_key(turn)) {
        struct sg_ahead_range next = {.number = range->number,
                                      .first = range->first + turn->count};

        next.count_max = following < SG_FEED_ITEMS_MAX ? (size_t)following
                                                       : SG_FEED_ITEMS_MAX;
        order(ahead, &next);
    }
    return SG_OK;
}
