#include "replication/dial.h"

#include <string.h>

#include "replication/session.h"
#include "storage/base/check.h"
#include "storage/base/plant.h"

#define BACKOFF_MS_MIN UINT64_C(1000)
#define BACKOFF_MS_MAX UINT64_C(300000)
/* After a session so long the wait begins with the shortest again. */
#define STEADY_MS UINT64_C(20000)
/* To where a revoked node was: only a new node may ever answer there. */
#define REVOKED_MS_MAX UINT64_C(3600000)
#define PENALTY_MS_MIN UINT64_C(1000)
#define PENALTY_MS_MAX UINT64_C(3600000)
/* A peer who has a session by his own call is looked at again after this. */
#define CONNECTED_MS UINT64_C(30000)

/* Waits a random time in the second half of the backoff, which doubles up to
 * MS_MAX. */
static void back_off(struct sg_sync *core, struct sg_core_peer *peer,
                     uint64_t ms_max)
{
    if (peer->backoff_ms < BACKOFF_MS_MIN)
        peer->backoff_ms = BACKOFF_MS_MIN;
    peer->dial_ms = core->now_ms + peer->backoff_ms / 2 +
                    sg_prng_below(&core->prng, peer->backoff_ms / 2 + 1);
    if (SG_PLANT(sync_dials_once))
        peer->dial_ms = UINT64_MAX;
    peer->backoff_ms *= 2;
    if (peer->backoff_ms > ms_max)
        peer->backoff_ms = ms_max;
}

static bool is_waiting(const struct sg_sync *core,
                       const struct sg_core_peer *peer)
{
    return core->is_started && !core->is_stopping && !core->is_revoked &&
           core->has_certificate && peer->config.dial && !peer->is_dialling &&
           peer->session == SG_SYNC_NONE;
}

/* Says whether the peer has a session that he began himself. */
static bool is_connected(const struct sg_sync *core,
                         const struct sg_core_peer *peer)
{
    for (uint32_t i = 0; i < core->config.sessions_max && peer->has_key; i++)
        if (sg_session_is_open(&core->sessions[i]) &&
            memcmp(core->sessions[i].node_key, peer->node_key, SG_KEY_SIZE) ==
                0)
            return true;
    return false;
}

void sg_dial_pump(struct sg_sync *core)
{
    for (uint32_t i = 0; i < core->config.n_peers; i++) {
        struct sg_core_peer *peer = &core->peers[i];
        struct sg_effect *effect;

        if (!is_waiting(core, peer) || core->now_ms < peer->dial_ms)
            continue;
        if (is_connected(core, peer)) {
            peer->dial_ms = core->now_ms + CONNECTED_MS;
            continue;
        }
        if (!sg_core_has_effects(core, 1))
            return;
        effect = sg_core_effect(core, SG_EFFECT_DIAL);
        effect->dial = i;
        peer->is_dialling = true;
        core->counts.dials++;
    }
}

uint64_t sg_dial_deadline(const struct sg_sync *core)
{
    uint64_t at = UINT64_MAX;

    for (uint32_t i = 0; i < core->config.n_peers; i++)
        if (is_waiting(core, &core->peers[i]) && core->peers[i].dial_ms < at)
            at = core->peers[i].dial_ms;
    return at;
}

void sg_dial_failed(struct sg_sync *core, uint32_t peer)
{
    core->peers[peer].is_dialling = SG_PLANT(sync_dial_never_ends);
    back_off(core, &core->peers[peer], BACKOFF_MS_MAX);
}

void sg_dial_connected(struct sg_sync *core, struct sg_core_session *session)
{
    struct sg_core_peer *peer;

    if (session->peer == SG_SYNC_NONE)
        return;
    peer = &core->peers[session->peer];
    peer->session = session->number;
    peer->has_key = true;
    memcpy(peer->node_key, session->node_key, SG_KEY_SIZE);
    sg_outbox_reset(session->outbox, &peer->budget);
}

/* Says whether the wait begins anew after SESSION. One that ended at once, for
 * whatever reason, is no better than a call that came to nothing: of two
 * machines with one key each ends the other's session with every call. */
static bool was_steady(const struct sg_sync *core,
                       const struct sg_core_session *session)
{
    return core->now_ms >= session->opened_ms + STEADY_MS &&
           session->close != SG_ERR_SLOW && session->close != SG_ERR_DOUBLE;
}

void sg_dial_ended(struct sg_sync *core, struct sg_core_session *session)
{
    struct sg_core_peer *peer;

    if (session->peer == SG_SYNC_NONE)
        return;
    peer = &core->peers[session->peer];
    if (peer->session != session->number && peer->session != SG_SYNC_NONE)
        return;
    if (!SG_PLANT(sync_session_never_ends))
        peer->session = SG_SYNC_NONE;
    peer->is_dialling = false;
    if (was_steady(core, session))
        peer->backoff_ms = 0;
    back_off(core, peer,
             session->close == SG_ERR_REVOKED ? REVOKED_MS_MAX
                                              : BACKOFF_MS_MAX);
    if (session->budget_ms > peer->dial_ms)
        peer->dial_ms = session->budget_ms;
}

void sg_dial_hurry(struct sg_sync *core)
{
    for (uint32_t i = 0; i < core->config.n_peers; i++)
        if (is_waiting(core, &core->peers[i]) &&
            core->peers[i].dial_ms > core->now_ms + BACKOFF_MS_MIN)
            core->peers[i].dial_ms =
                core->now_ms + sg_prng_below(&core->prng, BACKOFF_MS_MIN);
}

/* --- Penalties ----------------------------------------------------------- */

void sg_dial_punish(struct sg_sync *core, const uint8_t node_key[SG_KEY_SIZE])
{
    struct sg_core_penalty *row = &core->penalties[0];

    for (size_t i = 0; i < SG_CORE_PENALTIES_MAX; i++) {
        struct sg_core_penalty *penalty = &core->penalties[i];

        if (penalty->wait_ms > 0 &&
            memcmp(penalty->node_key, node_key, SG_KEY_SIZE) == 0) {
            row = penalty;
            break;
        }
        if (penalty->until_ms < row->until_ms)
            row = penalty;
    }
    if (row->wait_ms == 0 || memcmp(row->node_key, node_key, SG_KEY_SIZE) != 0)
        row->wait_ms = PENALTY_MS_MIN;
    else if (row->wait_ms < PENALTY_MS_MAX / 2)
        row->wait_ms *= 2;
    else
        row->wait_ms = PENALTY_MS_MAX;
    memcpy(row->node_key, node_key, SG_KEY_SIZE);
    row->until_ms = core->now_ms + row->wait_ms;
}

bool sg_dial_is_punished(const struct sg_sync *core,
                         const uint8_t node_key[SG_KEY_SIZE])
{
    for (size_t i = 0; i < SG_CORE_PENALTIES_MAX; i++)
        if (core->penalties[i].wait_ms > 0 &&
            memcmp(core->penalties[i].node_key, node_key, SG_KEY_SIZE) == 0)
            return core->now_ms < core->penalties[i].until_ms;
    return false;
}

void sg_dial_count(struct sg_sync *core, struct sg_core_session *session,
                   size_t size)
{
    if (session->peer != SG_SYNC_NONE)
        sg_budget_count(&core->peers[session->peer].budget, core->now_ms, 1,
                        size);
}
