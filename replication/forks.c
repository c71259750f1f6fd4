#include "replication/forks.h"

#include <string.h>

#include "replication/branches.h"
#include "replication/fetch.h"
#include "replication/session.h"
#include "storage/base/check.h"
#include "storage/base/plant.h"

/* --- Proofs -------------------------------------------------------------- */

static struct sg_core_proof *find(const struct sg_sync *core,
                                  const struct sg_log_id *log)
{
    for (size_t i = 0; i < core->n_proofs; i++)
        if (memcmp(&core->proofs[i].log, log, sizeof *log) == 0)
            return &core->proofs[i];
    return NULL;
}

bool sg_forks_has(const struct sg_sync *core, const struct sg_log_id *log)
{
    return find(core, log) != NULL;
}

static bool is_kept(const struct sg_sync *core, const struct sg_log_id *log)
{
    return find(core, log) != NULL && !SG_PLANT(sync_fork_again);
}

/* Keeps a proof to show it. False: it is kept already, or there are too many.
 */
static bool keep(struct sg_sync *core, const struct sg_log_id *log,
                 struct sg_bytes bytes)
{
    struct sg_core_proof *proof;

    if (is_kept(core, log) || core->n_proofs == SG_FORKED_LOGS_MAX)
        return false;
    proof = &core->proofs[core->n_proofs++];
    proof->log = *log;
    proof->size = bytes.size;
    memcpy(proof->bytes, bytes.data, bytes.size);
    return true;
}

/* A valid proof that is new here: to the store, to all peers, to the officers.
 */
static void take_proof(struct sg_sync *core, struct sg_core_session *session,
                       const struct sg_fork *fork, struct sg_bytes bytes)
{
    struct sg_log_id id = sg_entry_log_id(&core->config.registry, &fork->core);
    struct sg_core_write *write;
    struct sg_effect *effect;
    uint8_t *copy;
    bool is_own = memcmp(fork->core.node_key, core->node_key, SG_KEY_SIZE) == 0;

    if (core->n_writes == SG_CORE_WRITES_MAX || !keep(core, &id, bytes))
        return; /* whoever shows it shows it again */
    write = sg_core_begin_write(core, SG_EFFECT_WRITE_FORK);
    copy = sg_core_memory(core, bytes.size);
    SG_ASSERT(write != NULL);
    SG_ASSERT(copy != NULL);
    memcpy(copy, bytes.data, bytes.size);
    write->id = id;
    write->core = fork->core;
    write->session = session->number;
    write->session_serial = session->serial;
    effect = sg_core_effect(core, SG_EFFECT_WRITE_FORK);
    effect->ticket = write->ticket;
    effect->log = id;
    effect->proof = sg_bytes(copy, bytes.size);
    core->counts.forks++;
    sg_core_say(core, is_own ? SG_SYNC_ALARM_OWN_FORK : SG_SYNC_ALARM_FORK,
                session->number, &id);
    for (uint32_t i = 0; i < core->top; i++) {
        struct sg_core_session *other = &core->sessions[i];

        if (other != session && sg_session_is_open(other))
            sg_core_post(other, 0, SG_MESSAGE_FORK, bytes);
    }
}

void sg_forks_found(struct sg_sync *core, struct sg_core_session *session,
                    const struct sg_fork *fork)
{
    uint8_t bytes[SG_FORK_SIZE_MAX];
    size_t size = sg_fork_encode(fork, bytes);

    SG_ASSERT(sg_fork_verify(fork) == SG_OK);
    take_proof(core, session, fork, sg_bytes(bytes, size));
    sg_core_post(session, 0, SG_MESSAGE_FORK, sg_bytes(bytes, size));
}

void sg_forks_load(struct sg_sync *core, struct sg_bytes proof)
{
    struct sg_log_id id;
    struct sg_fork fork;

    if (sg_fork_decode(proof, &fork) != SG_OK)
        return;
    id = sg_entry_log_id(&core->config.registry, &fork.core);
    (void)keep(core, &id, proof);
}

enum sg_err sg_forks_take(struct sg_sync *core, struct sg_core_session *session,
                          struct sg_bytes body)
{
    struct sg_fork fork;
    struct sg_log_id id;
    enum sg_err err = sg_fork_decode(body, &fork);

    if (err == SG_OK && memcmp(&fork.registry, &core->config.registry,
                               sizeof fork.registry) != 0)
        err = SG_ERR_PROOF;
    if (err != SG_OK)
        return err;
    id = sg_entry_log_id(&core->config.registry, &fork.core);
    if (is_kept(core, &id))
        return SG_OK;
    err = sg_fork_verify(&fork);
    if (err != SG_OK)
        return SG_ERR_PROOF;
    if (memcmp(fork.core.node_key, core->node_key, SG_KEY_SIZE) != 0 &&
        sg_log_table_find(core->table, &id, 0) == NULL &&
        !sg_core_knows(core, fork.core.node_key) &&
        !sg_trust_is_authority(core->trust, fork.core.node_key)) {
        core->counts.unknown_writers++;
        return SG_OK;
    }
    take_proof(core, session, &fork, body);
    return SG_OK;
}

void sg_forks_ask(struct sg_sync *core, struct sg_core_session *session,
                  const struct sg_log_id *log, bool is_forked)
{
    if (is_forked || find(core, log) != NULL ||
        sg_fetch_is_stopped(session, log))
        return;
    sg_fetch_stop(session, log);
    sg_fetch_prove(session, log, 0);
}

void sg_forks_send(struct sg_sync *core, struct sg_core_session *session,
                   const struct sg_log *log)
{
    const struct sg_core_proof *proof = find(core, &log->id);

    if (proof == NULL)
        return;
    sg_core_post(session, 0, SG_MESSAGE_FORK,
                 sg_bytes(proof->bytes, proof->size));
    sg_branches_send(core, session, &log->id);
}

void sg_forks_compare(struct sg_sync *core, struct sg_core_session *session,
                      const struct sg_log *log,
                      const struct sg_checkpoint *smaller)
{
    struct sg_effect *effect;

    /* It is below what has come, which may be more than what is durable: only
     * with that it can be compared. */
    if (session->compare_ticket != 0 || log->held < log->known.size ||
        smaller->size == 0 || smaller->size >= log->known.size)
        return;
    effect = sg_core_effect(core, SG_EFFECT_READ);
    effect->session = session->number;
    effect->ticket = ++core->ticket;
    effect->log = log->id;
    effect->read.first = smaller->size;
    effect->read.to = smaller->size;
    effect->read.prove_to = log->known.size;
    effect->read.held = log->held;
    effect->read.is_fresh = true;
    effect->read.frontier = true;
    session->compare_ticket = effect->ticket;
    session->compared = log->id;
    session->comparand = *smaller;
    session->compare_toward = log->known;
}

bool sg_forks_read(struct sg_sync *core, struct sg_core_session *session,
                   const struct sg_event *event)
{
    const struct sg_log *log;
    struct sg_package_log verified;
    struct sg_fork fork;

    if (session->compare_ticket == 0 ||
        session->compare_ticket != event->read.ticket)
        return false;
    session->compare_ticket = 0;
    log = sg_log_table_find(core->table, &session->compared, 0);
    if (event->read.err != SG_OK || log == NULL || log->is_forked)
        return true;
    verified = sg_core_package_log(core, &log->id, &log->core);
    if (sg_proof_compare(&verified, &session->comparand,
                         &session->compare_toward, event->read.hashes,
                         event->read.hash_count, &fork) == SG_PROOF_FORK)
        sg_forks_found(core, session, &fork);
    return true;
}
