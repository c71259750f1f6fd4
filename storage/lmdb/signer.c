#include "storage/lmdb/signer.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/lmdb/internal.h"

/* Enough for what Ed25519 keeps there, many times over. */
#define STACK_SIZE (256u << 10)

enum stage {
    IDLE,
    ASKED, /* and nobody has begun */
    BUSY,
    DONE,
    STOPPED,
};

struct sg_signer {
    struct sg_store *store;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t moved; /* the stage */
    enum stage stage;
    enum sg_err err; /* at DONE */
};

/* Signs MADE for OWN. The writer may read its root meanwhile. A bit that flips
 * in here must not leave the machine (threats.md 1.6). */
static enum sg_err sign(const struct sg_store *store,
                        const struct sg_store_own *own,
                        const struct sg_sign_key *key,
                        struct sg_checkpoint *made)
{
    struct sg_checkpoint checkpoint;

    sg_checkpoint_sign(&store->registry, &own->id, key, made->size, &made->root,
                       &checkpoint);
    memcpy(made->signature, checkpoint.signature, sizeof made->signature);
    return sg_checkpoint_verify(&store->registry, &own->id, own->core.node_key,
                                made);
}

static enum sg_err sign_all(struct sg_store *store)
{
    enum sg_err err = SG_OK;
    size_t i;
    for (i = 0; i < store->own_count && err == SG_OK; i++) {
        if (store->made[i].size > 0) {
            err = sign(store, &store->own[i], &store->own_keys[i],
                       &store->made[i]);
        }
    }
    return err == SG_OK ? SG_OK : SG_ERR_FATAL;
}

static void move(struct sg_signer *signer, enum stage stage)
{
    signer->stage = stage;
    (void)pthread_cond_broadcast(&signer->moved);
}

static void *serve(void *context)
{
    struct sg_signer *signer = context;
    enum sg_err err;

    (void)pthread_mutex_lock(&signer->lock);
    while (signer->stage != STOPPED) {
        if (signer->stage != ASKED) {
            (void)pthread_cond_wait(&signer->moved, &signer->lock);
            continue;
        }
        signer->stage = BUSY;
        (void)pthread_mutex_unlock(&signer->lock);
        err = sign_all(signer->store);
        (void)pthread_mutex_lock(&signer->lock);
        signer->err = err;
        move(signer, DONE);
    }
    (void)pthread_mutex_unlock(&signer->lock);
    return NULL;
}

/* Signals are for the threads of the program, not for this one. */
static int start(struct sg_signer *signer)
{
    pthread_attr_t attr;
    sigset_t all, before;
    int rc;

    (void)sigfillset(&all);
    (void)pthread_attr_init(&attr);
    (void)pthread_attr_setstacksize(&attr, STACK_SIZE);
    (void)pthread_sigmask(SIG_BLOCK, &all, &before);
    rc = pthread_create(&signer->thread, &attr, serve, signer);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attr);
    return rc;
}

enum sg_err sg_signer_new(struct sg_store *store, struct sg_signer **ret_signer)
{
    struct sg_signer *signer = sg_calloc(1, sizeof *signer);
    if (signer == NULL) {
        return SG_ERR_NOMEM;
    }
    signer->store = store;
    (void)pthread_mutex_init(&signer->lock, NULL);
    (void)pthread_cond_init(&signer->moved, NULL);
    if (start(signer) != 0) {
        (void)pthread_cond_destroy(&signer->moved);
        (void)pthread_mutex_destroy(&signer->lock);
        sg_free(signer);
        return SG_ERR_LIMIT;
    }
    *ret_signer = signer;
    return SG_OK;
}

void sg_signer_free(struct sg_signer *signer)
{
    if (signer == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&signer->lock);
    SG_ASSERT(signer->stage == IDLE);
    move(signer, STOPPED);
    (void)pthread_mutex_unlock(&signer->lock);
    (void)pthread_join(signer->thread, NULL);
    (void)pthread_cond_destroy(&signer->moved);
    (void)pthread_mutex_destroy(&signer->lock);
    sg_free(signer);
}

void sg_signer_begin(struct sg_signer *signer)
{
    (void)pthread_mutex_lock(&signer->lock);
    SG_ASSERT(signer->stage == IDLE);
    move(signer, ASKED);
    (void)pthread_mutex_unlock(&signer->lock);
}

enum sg_err sg_signer_end(struct sg_signer *signer)
{
    enum sg_err err;

    (void)pthread_mutex_lock(&signer->lock);
    while (signer->stage == BUSY) {
        (void)pthread_cond_wait(&signer->moved, &signer->lock);
    }
    err = signer->stage == DONE ? signer->err : sign_all(signer->store);
    signer->stage = IDLE;
    (void)pthread_mutex_unlock(&signer->lock);
    return err;
}
