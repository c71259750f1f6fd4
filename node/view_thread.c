#include "node/view_thread.h"

#include <pthread.h>
#include <sys/resource.h>
#include <time.h>

#include "storage/base/alloc.h"

/* Entries of one commit: small enough that a reader's figures are never older
 * than a moment. */
#define APPLY_ENTRIES  4096u
#define VERIFY_ENTRIES 1024u
/* How long a full volume is left alone. */
#define FULL_MS 200
/* After what was new is applied, what comes next gathers for so long: a commit
 * of the view flushes the disk that the logs are on, and records that come one
 * by one would wait for it each. */
#define REST_MS 20
/* Less than the threads that somebody waits for: the view can be late. */
#define NICENESS 5

struct sg_view_thread {
    struct sg_view *view;
    sg_view_thread_wake *wake;
    void *context;
    pthread_t thread;
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t came;
    bool is_stopping;
    bool is_kicked;
    bool is_resting;              /* whoever kicks it wakes nobody */
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

/* Lets go of the lock for a while. */
static void wait_for_room(struct sg_view_thread *thread)
{
    const struct timespec time = {.tv_nsec = (long)FULL_MS * 1000000};

    (void)pthread_mutex_unlock(&thread->lock);
    (void)nanosleep(&time, NULL);
    (void)pthread_mutex_lock(&thread->lock);
}

/* Waits a moment, but for an end or a rebuild. */
static void rest(struct sg_view_thread *thread)
{
    struct timespec until;
    int code = 0;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (long)REST_MS * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    thread->is_resting = true;
    while (code == 0 && !thread->is_stopping && thread->rebuild == NULL)
        code = pthread_cond_timedwait(&thread->came, &thread->lock, &until);
    thread->is_resting = false;
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
        bool is_idle;
        enum sg_err err;

        if (!thread->is_kicked && rebuild == NULL) {
            (void)pthread_cond_wait(&thread->came, &thread->lock);
            continue;
        }
        thread->is_kicked = false;
        thread->rebuild = NULL;
        (void)pthread_mutex_unlock(&thread->lock);
        err = turn(thread, rebuild, &is_idle);
        if (thread->wake != NULL)
            thread->wake(thread->context);
        (void)pthread_mutex_lock(&thread->lock);
        thread->err = err;
        if (err == SG_ERR_FULL)
            wait_for_room(thread);
        else if (err != SG_OK)
            break;
        if (err == SG_ERR_FULL && rebuild != NULL && thread->rebuild == NULL)
            thread->rebuild = rebuild;
        if (!is_idle)
            thread->is_kicked = true;
        else
            rest(thread);
    }
    (void)pthread_mutex_unlock(&thread->lock);
    return NULL;
}

/* A condition whose waits are not moved by who sets the clock. */
static void init_came(struct sg_view_thread *thread)
{
    pthread_condattr_t attributes;

    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&thread->came, &attributes);
    (void)pthread_condattr_destroy(&attributes);
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
    init_came(thread);
    if (pthread_create(&thread->thread, NULL, run, thread) != 0) {
        (void)pthread_cond_destroy(&thread->came);
        (void)pthread_mutex_destroy(&thread->lock);
        sg_free(thread);
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
    (void)pthread_mutex_unlock(&thread->lock);
    (void)pthread_join(thread->thread, NULL);
    (void)pthread_cond_destroy(&thread->came);
    (void)pthread_mutex_destroy(&thread->lock);
    sg_free(thread);
}

void sg_view_thread_kick(struct sg_view_thread *thread)
{
    bool is_resting;

    (void)pthread_mutex_lock(&thread->lock);
    thread->is_kicked = true;
    is_resting = thread->is_resting;
    (void)pthread_mutex_unlock(&thread->lock);
    if (!is_resting)
        (void)pthread_cond_signal(&thread->came);
}

void sg_view_thread_rebuild(struct sg_view_thread *thread,
                            const struct sg_key *key)
{
    (void)pthread_mutex_lock(&thread->lock);
    thread->rebuild = key;
    (void)pthread_cond_signal(&thread->came);
    (void)pthread_mutex_unlock(&thread->lock);
}

enum sg_err sg_view_thread_err(struct sg_view_thread *thread)
{
    enum sg_err err;

    (void)pthread_mutex_lock(&thread->lock);
    err = thread->err;
    (void)pthread_mutex_unlock(&thread->lock);
    return err;
}
