/* The vault: opens officers' key files on a thread of its own, one after the
 * other. A passphrase costs a few tenths of a second and 256 MiB to try
 * (Argon2id): the loop never waits for it, and two are never tried at once.
 *
 * What is opened lies in locked memory and is whoever took it. It does not know
 * officers: officers.h does.
 */
#ifndef SG_NODE_VAULT_H
#define SG_NODE_VAULT_H

#include "storage/lmdb/passphrase.h"
#include "storage/log/key_file.h"

/* Files that wait to be opened; more are not taken. */
#define SG_VAULT_WAITING_MAX 8u

struct sg_vault;

/* Says that sg_vault_take has something. Context: the vault's thread; it must
 * not wait. */
typedef void sg_vault_wake(void *context);

/* A file on its way. Whoever puts it fills in the first part. */
struct sg_vault_job {
    struct sg_vault_job *next;
    void *owner;                      /* not looked at here */
    struct sg_passphrase *passphrase; /* the job's; NULL: the file is plain */
    uint8_t file[SG_KEY_FILE_SIZE];
    /* The answer. */
    enum sg_err err; /* as sg_key_file_decode */
    struct sg_key *key;
};

/* Gives an empty job in locked memory; NULL: no memory. */
struct sg_vault_job *sg_vault_job_new(void);

/* Wipes and frees JOB with what it has; the key too, unless it was taken out
 * (set to NULL). Takes NULL. */
void sg_vault_job_free(struct sg_vault_job *job);

/* Starts the thread. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_vault_new(sg_vault_wake *wake, void *context,
                                       struct sg_vault **ret_vault);

/* Ends the thread after the file it is at; what waits is wiped. Takes NULL. */
void sg_vault_free(struct sg_vault *vault);

/* Takes JOB. Errors: LIMIT (too many wait), and JOB stays the caller's. */
SG_USE_RESULT enum sg_err sg_vault_put(struct sg_vault *vault,
                                       struct sg_vault_job *job);

/* Gives a job that is done; NULL: there is none. */
struct sg_vault_job *sg_vault_take(struct sg_vault *vault);

#endif
