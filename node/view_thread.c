#include "node/view_thread.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <time.h>

#include "storage/base/alloc.h"
#include "storage/base/clock.h"

/* Entries of one commit: small enough that a reader's figures are never older
 * than a moment. */
#define APPLY_ENTRIES  4096u
#define VERIFY_ENTRIES 1024u
/* How long a full volume is left alone. */
#define FULL_MS 200
/* After a turn that was shorter than this, what comes next gathers for so long:
 * a commit of the view flushes the disk that the logs are on, and records that
 * come one by one would wait for it each. Something new is there after each of
 * them, so that there is no idle moment to rest in. */
#define REST_MS 20
/* Less than the threads that somebody waits for: the view can be late. */
#define NICENESS 5

struct sg_view_thread {
    struct sg_view *view;
    sg_view_thread_wake *wake;
    void *context;
    pthread_t thread;
    atomic_uint_fast64_t moment; /* odd: a turn is under way */
    pthread_mutex_t lock;        /* of all below */
    pthread_cond_t came;
    pthread_cond_t hurried; /* ends a rest */
    bool is_stopping;
    bool is_kicked;
    bool is_hurried; /* somebody waits for what comes of the next turn */
    const struct sg_key *rebuild; /* to be begun; NULL: nothing is asked */
    enum sg_err err;
};

/* Works on one commit; *RET_IS_IDLE says that nothing is left. The lock is not
 * held. */
static enum sg_err turn(struct sg_view_thread *thread,
                        const struct sg_key *rebuild, bool *ret_is_idle)
{
    bool is_applied = false, is_verified = false;
    enum sg_err err = SG_OK;

    *ret_is_idle = false;
    if (rebuild != NULL)
        return sg_view_rebuild(thread->view, rebuild);
    err = sg_view_apply(thread->view, APPLY_ENTRIES, &is_applied);
    if (err == SG_OK && is_applied) {
        err = sg_view_verify(thread->view, VERIFY_ENTRIES, &is_verified);
        /* What was verified may leave something to be applied. */
        if (err == SG_OK && is_verified)
            err = sg_view_apply(thread->view, APPLY_ENTRIES, &is_applied);
    }
    *ret_is_idle = is_applied && is_verified;
    return err;
}

/* Lets go of the lock for a while. Who kicks it meanwhile wakes nobody, which
 * costs him nothing; who hurries it does. */
static void rest(struct sg_view_thread *thread, uint64_t ms)
{
    uint64_t until_ms = sg_clock_mono().ms + ms;
    const struct timespec until = {
        .tv_sec = (time_t)(until_ms / 1000),
        .tv_nsec = (long)(until_ms % 1000) * 1000000,
    };

    while (!thread->is_stopping && !thread->is_hurried &&
           pthread_cond_timedwait(&thread->hurried, &thread->lock, &until) == 0)
        continue;
}

static void *run(void *context)
{
    struct sg_view_thread *thread = context;

    /* Of this thread alone, on Linux; where it is not allowed it is as good as
     * the others. */
    (void)setpriority(PRIO_PROCESS, 0, NICENESS);
    (void)pthread_mutex_lock(&thread->lock);
    while (!thread->is_stopping) {
        const struct sg_key *rebuild = thread->rebuild;
        uint64_t began_ms = sg_clock_mono().ms;
        bool is_idle;
        enum sg_err err;

        if (!thread->is_kicked && rebuild == NULL) {
            (void)pthread_cond_wait(&thread->came, &thread->lock);
            continue;
        }
        thread->is_kicked = thread->is_hurried = false;
        thread->rebuild = NULL;
        (void)pthread_mutex_unlock(&thread->lock);
        (void)atomic_fetch_add(&thread->moment, 1);
        err = turn(thread, rebuild, &is_idle);
        (void)atomic_fetch_add(&thread->moment, 1);
        if (thread->wake != NULL)
            thread->wake(thread->context);
        (void)pthread_mutex_lock(&thread->lock);
        thread->err = err;
        if (err == SG_ERR_FULL) {
            thread->is_hurried = false; /* it would be full again */
            rest(thread, FULL_MS);
        } else if (err != SG_OK) {
            break;
        }
        if (err == SG_ERR_FULL && rebuild != NULL && thread->rebuild == NULL)
            thread->rebuild = rebuild;
        if (!is_idle)
            thread->is_kicked = true;
        if (!thread->is_stopping && sg_clock_mono().ms - began_ms < REST_MS)
            rest(thread, REST_MS);
    }
    (void)pthread_mutex_unlock(&thread->lock);
    return NULL;
}

/* A rest is as long as it is, whatever somebody does to the time of day. */
static void make_conditions(struct sg_view_thread *thread)
{
    pthread_condattr_t of;

    (void)pthread_condattr_init(&of);
    (void)pthread_condattr_setclock(&of, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&thread->came, NULL);
    (void)pthread_cond_init(&thread->hurried, &of);
    (void)pthread_condattr_destroy(&of);
}

static void thread_free(struct sg_view_thread *thread)
{
    (void)pthread_cond_destroy(&thread->came);
    (void)pthread_cond_destroy(&thread->hurried);
    (void)pthread_mutex_destroy(&thread->lock);
    sg_free(thread);
}

enum sg_err sg_view_thread_new(struct sg_view *view, sg_view_thread_wake *wake,
                               void *context, struct sg_view_thread **ret)
{
    struct sg_view_thread *thread = sg_calloc(1, sizeof *thread);

    if (thread == NULL)
        return SG_ERR_NOMEM;
    thread->view = view;
    thread->wake = wake;
    thread->context = context;
    thread->is_kicked = true;
    (void)pthread_mutex_init(&thread->lock, NULL);
    make_conditions(thread);
    if (pthread_create(&thread->thread, NULL, run, thread) != 0) {
        thread_free(thread);
        return SG_ERR_NOMEM;
    }
    *ret = thread;
    return SG_OK;
}

void sg_view_thread_free(struct sg_view_thread *thread)
{
    if (thread == NULL)
        return;
    (void)pthread_mutex_lock(&thread->lock);
    thread->is_stopping = true;
    (void)pthread_cond_signal(&thread->came);
    (void)pthread_cond_signal(&thread->hurried);
    (void)pthread_mutex_unlock(&thread->lock);
    (void)pthread_join(thread->thread, NULL);
    thread_free(thread);
}

void sg_view_thread_kick(struct sg_view_thread *thread)
{
    (void)pthread_mutex_lock(&thread->lock);
    thread->is_kicked = true;
    (void)pthread_mutex_unlock(&thread->lock);
    (void)pthread_cond_signal(&thread->came);
}

void sg_view_thread_hurry(struct sg_view_thread *thread)
{
    (void)pthread_mutex_lock(&thread->lock);
    thread->is_kicked = thread->is_hurried = true;
    (void)pthread_mutex_unlock(&thread->lock);
    (void)pthread_cond_signal(&thread->came);
    (void)pthread_cond_signal(&thread->hurried);
}

void sg_view_thread_rebuild(struct sg_view_thread *thread,
                            const struct sg_key *key)
{
    (void)pthread_mutex_lock(&thread->lock);
    thread->rebuild = key;
    (void)pthread_cond_signal(&thread->came);
    (void)pthread_mutex_unlock(&thread->lock);
}

bool sg_view_thread_rests(struct sg_view_thread *thread, uint64_t *ret_moment)
{
    *ret_moment = atomic_load(&thread->moment);
    return *ret_moment % 2 == 0;
}

enum sg_err sg_view_thread_err(struct sg_view_thread *thread)
{
    enum sg_err err;

    (void)pthread_mutex_lock(&thread->lock);
    err = thread->err;
    (void)pthread_mutex_unlock(&thread->lock);
    return err;
}
