#include "tools/relay.h"

#include <pthread.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"

struct sg_relay {
    struct sg_relay_config config;
    struct worker {
        struct sg_relay *relay;
        pthread_t thread;
    } workers[SG_RELAY_THREADS_MAX];
    unsigned n_started;

    pthread_mutex_t source; /* held while a slot is filled; before mutex */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    /* Under the mutex. The counts are of all slots there ever were: */
    unsigned n_filled;
    unsigned n_got;
    unsigned n_done;
    bool is_ended;
    bool is_stopping;
    enum sg_err err; /* how it ended */
    struct {
        bool is_ready;
        enum sg_err err;
    } slots[SG_RELAY_SLOTS_MAX];
};

/* --- The threads ----------------------------------------------------------
 */

/* Waits for a slot that is free; false when there is nothing more to do. */
static bool wait_free(struct sg_relay *relay, unsigned *ret_slot)
{
    bool is_free;

    (void)pthread_mutex_lock(&relay->mutex);
    while (!relay->is_stopping && !relay->is_ended &&
           relay->n_filled - relay->n_done == relay->config.slots)
        (void)pthread_cond_wait(&relay->changed, &relay->mutex);
    is_free = !relay->is_stopping && !relay->is_ended;
    *ret_slot = relay->n_filled % relay->config.slots;
    (void)pthread_mutex_unlock(&relay->mutex);
    return is_free;
}

static void filled(struct sg_relay *relay, unsigned slot, bool is_filled,
                   bool is_end, enum sg_err err)
{
    (void)pthread_mutex_lock(&relay->mutex);
    relay->slots[slot].is_ready = false;
    relay->n_filled += is_filled;
    relay->is_ended = is_end || err != SG_OK;
    relay->err = err;
    (void)pthread_cond_broadcast(&relay->changed);
    (void)pthread_mutex_unlock(&relay->mutex);
}

static void hand_over(struct sg_relay *relay, unsigned slot, enum sg_err err)
{
    (void)pthread_mutex_lock(&relay->mutex);
    relay->slots[slot].is_ready = true;
    relay->slots[slot].err = err;
    (void)pthread_cond_broadcast(&relay->changed);
    (void)pthread_mutex_unlock(&relay->mutex);
}

/* Fills the next slot; one thread at a time, so that their order is the
 * source's. False at the end. */
static bool take(struct sg_relay *relay, unsigned *ret_slot)
{
    bool is_filled = false, is_end = false, is_free;
    enum sg_err err;

    (void)pthread_mutex_lock(&relay->source);
    do {
        is_free = wait_free(relay, ret_slot);
        if (!is_free)
            break;
        err = relay->config.fill(relay->config.context, *ret_slot, &is_filled,
                                 &is_end);
        filled(relay, *ret_slot, is_filled, is_end, err);
    } while (!is_filled);
    (void)pthread_mutex_unlock(&relay->source);
    return is_free;
}

static void *run(void *context)
{
    struct worker *worker = context;
    struct sg_relay *relay = worker->relay;
    unsigned thread = (unsigned)(worker - relay->workers), slot;

    while (take(relay, &slot))
        hand_over(relay, slot,
                  relay->config.work(relay->config.context, thread, slot));
    return NULL;
}

/* --- The taker ------------------------------------------------------------
 */

enum sg_err sg_relay_new(const struct sg_relay_config *config,
                         struct sg_relay **ret_relay)
{
    struct sg_relay *relay = sg_calloc(1, sizeof *relay);

    if (relay == NULL)
        return SG_ERR_NOMEM;
    SG_ASSERT(config->threads > 0);
    SG_ASSERT(config->threads <= SG_RELAY_THREADS_MAX);
    SG_ASSERT(config->slots > 0);
    SG_ASSERT(config->slots <= SG_RELAY_SLOTS_MAX);
    relay->config = *config;
    (void)pthread_mutex_init(&relay->source, NULL);
    (void)pthread_mutex_init(&relay->mutex, NULL);
    (void)pthread_cond_init(&relay->changed, NULL);
    for (unsigned i = 0; i < config->threads; i++) {
        struct worker *worker = &relay->workers[i];

        worker->relay = relay;
        if (pthread_create(&worker->thread, NULL, run, worker) != 0) {
            sg_relay_free(relay);
            return SG_ERR_LIMIT;
        }
        relay->n_started++;
    }
    *ret_relay = relay;
    return SG_OK;
}

void sg_relay_free(struct sg_relay *relay)
{
    if (relay == NULL)
        return;
    (void)pthread_mutex_lock(&relay->mutex);
    relay->is_stopping = true;
    (void)pthread_cond_broadcast(&relay->changed);
    (void)pthread_mutex_unlock(&relay->mutex);
    for (unsigned i = 0; i < relay->n_started; i++)
        (void)pthread_join(relay->workers[i].thread, NULL);
    (void)pthread_cond_destroy(&relay->changed);
    (void)pthread_mutex_destroy(&relay->mutex);
    (void)pthread_mutex_destroy(&relay->source);
    sg_free(relay);
}

/* Says whether the taker can have an answer; the lock is held. */
static bool is_known(const struct sg_relay *relay)
{
    return relay->n_got == relay->n_filled
               ? relay->is_ended
               : relay->slots[relay->n_got % relay->config.slots].is_ready;
}

enum sg_err sg_relay_get(struct sg_relay *relay, bool may_wait,
                         enum sg_relay_got *ret_got, unsigned *ret_slot)
{
    enum sg_err err = SG_OK;

    (void)pthread_mutex_lock(&relay->mutex);
    while (may_wait && !is_known(relay))
        (void)pthread_cond_wait(&relay->changed, &relay->mutex);
    if (!is_known(relay)) {
        *ret_got = SG_RELAY_LATER;
    } else if (relay->n_got == relay->n_filled) {
        *ret_got = SG_RELAY_END;
        err = relay->err;
    } else {
        *ret_got = SG_RELAY_SLOT;
        *ret_slot = relay->n_got++ % relay->config.slots;
        err = relay->slots[*ret_slot].err;
    }
    (void)pthread_mutex_unlock(&relay->mutex);
    return err;
}

void sg_relay_done(struct sg_relay *relay)
{
    (void)pthread_mutex_lock(&relay->mutex);
    SG_ASSERT(relay->n_done != relay->n_got);
    relay->n_done++;
    (void)pthread_cond_broadcast(&relay->changed);
    (void)pthread_mutex_unlock(&relay->mutex);
}
