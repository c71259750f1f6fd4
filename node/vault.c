#include "node/vault.h"

#include <pthread.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"

/* Jobs in a row. */
struct row {
    struct sg_vault_job *first, **last;
};

struct sg_vault {
    sg_vault_wake *wake;
    void *context;
    pthread_t thread;
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t came;
    bool is_stopping;
    size_t n_waiting;
    struct row waiting, done;
};

static void put(struct row *row, struct sg_vault_job *job)
{
    job->next = NULL;
    *row->last = job;
    row->last = &job->next;
}

static struct sg_vault_job *take(struct row *row)
{
    struct sg_vault_job *job = row->first;

    if (job == NULL)
        return NULL;
    row->first = job->next;
    if (row->first == NULL)
        row->last = &row->first;
    job->next = NULL;
    return job;
}

struct sg_vault_job *sg_vault_job_new(void)
{
    struct sg_vault_job *job = sg_crypto_secret_new(sizeof *job);

    if (job != NULL)
        *job = (struct sg_vault_job){.err = SG_OK};
    return job;
}

void sg_vault_job_free(struct sg_vault_job *job)
{
    if (job == NULL)
        return;
    sg_passphrase_free(job->passphrase);
    sg_key_file_free(job->key);
    sg_crypto_secret_free(job);
}

static void *run(void *context)
{
    struct sg_vault *vault = context;

    (void)pthread_mutex_lock(&vault->lock);
    while (!vault->is_stopping) {
        struct sg_vault_job *job = take(&vault->waiting);

        if (job == NULL) {
            (void)pthread_cond_wait(&vault->came, &vault->lock);
            continue;
        }
        (void)pthread_mutex_unlock(&vault->lock);
        job->err =
            sg_key_file_decode(SG_BYTES_ARRAY(job->file),
                               sg_passphrase_bytes(job->passphrase), &job->key);
        (void)pthread_mutex_lock(&vault->lock);
        put(&vault->done, job);
        vault->n_waiting--;
        vault->wake(vault->context);
    }
    (void)pthread_mutex_unlock(&vault->lock);
    return NULL;
}

enum sg_err sg_vault_new(sg_vault_wake *wake, void *context,
                         struct sg_vault **ret_vault)
{
    struct sg_vault *vault = sg_calloc(1, sizeof *vault);

    if (vault == NULL)
        return SG_ERR_NOMEM;
    vault->wake = wake;
    vault->context = context;
    vault->waiting.last = &vault->waiting.first;
    vault->done.last = &vault->done.first;
    (void)pthread_mutex_init(&vault->lock, NULL);
    (void)pthread_cond_init(&vault->came, NULL);
    if (pthread_create(&vault->thread, NULL, run, vault) != 0) {
        (void)pthread_cond_destroy(&vault->came);
        (void)pthread_mutex_destroy(&vault->lock);
        sg_free(vault);
        return SG_ERR_NOMEM;
    }
    *ret_vault = vault;
    return SG_OK;
}

void sg_vault_free(struct sg_vault *vault)
{
    struct sg_vault_job *job;

    if (vault == NULL)
        return;
    (void)pthread_mutex_lock(&vault->lock);
    vault->is_stopping = true;
    (void)pthread_cond_signal(&vault->came);
    (void)pthread_mutex_unlock(&vault->lock);
    (void)pthread_join(vault->thread, NULL);
    while ((job = take(&vault->waiting)) != NULL)
        sg_vault_job_free(job);
    while ((job = take(&vault->done)) != NULL)
        sg_vault_job_free(job);
    (void)pthread_cond_destroy(&vault->came);
    (void)pthread_mutex_destroy(&vault->lock);
    sg_free(vault);
}

enum sg_err sg_vault_put(struct sg_vault *vault, struct sg_vault_job *job)
{
    enum sg_err err = SG_OK;

    SG_ASSERT(job->key == NULL);
    (void)pthread_mutex_lock(&vault->lock);
    if (vault->n_waiting == SG_VAULT_WAITING_MAX) {
        err = SG_ERR_LIMIT;
    } else {
        vault->n_waiting++;
        put(&vault->waiting, job);
        (void)pthread_cond_signal(&vault->came);
    }
    (void)pthread_mutex_unlock(&vault->lock);
    return err;
}

struct sg_vault_job *sg_vault_take(struct sg_vault *vault)
{
    struct sg_vault_job *job;

    (void)pthread_mutex_lock(&vault->lock);
    job = take(&vault->done);
    (void)pthread_mutex_unlock(&vault->lock);
    return job;
}
