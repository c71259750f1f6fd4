#include "replication/withhold.h"

#include <string.h>

#include "replication/dial.h"
#include "replication/fetch.h"
#include "replication/gossip.h"

/* Anti-entropy intervals of connected time after which a peer is marked. */
#define INTERVALS 10u
/* A want without a package for so long goes to another peer. */
#define WANT_MS SG_PROGRESS_MS_MAX

void sg_withhold_claim(struct sg_sync *core, struct sg_core_session *session,
                       const struct sg_log *log, uint64_t size)
{
    struct sg_core_peer_log *peer_log = &session->logs[log->number];
    bool is_writer =
        memcmp(session->node_key, log->core.node_key, SG_KEY_SIZE) == 0;

    if (size > peer_log->promised)
        peer_log->promised = size;
    if (size >= peer_log->promised && (!is_writer || size >= log->known.size))
        return;
    if (peer_log->is_rolled_back)
        return;
    /* With another root it is a fork, which the proof shows. */
    peer_log->is_rolled_back = true;
    sg_core_say(core, SG_SYNC_ALARM_ROLLBACK, session->number, &log->id);
    sg_fetch_prove(session, &log->id, 0);
}

void sg_withhold_missed(struct sg_sync *core, struct sg_core_session *session,
                        const struct sg_log_id *log, uint64_t size)
{
    if (session->missed_ms != 0)
        return;
    session->missed_ms = core->now_ms;
    session->missed = *log;
    session->missed_size = size;
}

void sg_withhold_came(struct sg_core_session *session,
                      const struct sg_log_id *log)
{
    if (session->missed_ms == 0 ||
        memcmp(&session->missed, log, sizeof *log) != 0)
        return;
    session->missed_ms = 0;
    session->withholds = false;
}

/* The fetch from SESSION that waits longest for its peer; NULL: none. */
static struct sg_core_fetch *find_slow(const struct sg_sync *core,
                                       const struct sg_core_session *session,
                                       uint64_t *ret_at)
{
    struct sg_core_fetch *found = NULL;

    *ret_at = UINT64_MAX;
    for (size_t i = 0; i < core->fetches_top; i++) {
        struct sg_core_fetch *fetch = &core->fetches[i];

        if ((fetch->state != SG_CORE_FETCH_WANTED &&
             fetch->state != SG_CORE_FETCH_PROVING) ||
            fetch->session != session->number || fetch->in_flight > 0 ||
            fetch->wanted_ms + WANT_MS >= *ret_at)
            continue;
        *ret_at = fetch->wanted_ms + WANT_MS;
        found = fetch;
    }
    return found;
}

static uint64_t marked_ms(const struct sg_sync *core,
                          const struct sg_core_session *session)
{
    if (session->missed_ms == 0 || session->withholds)
        return UINT64_MAX;
    return session->missed_ms + INTERVALS * core->config.interval_ms;
}

/* Says that the peer withholds, unless the log came from elsewhere. */
static void mark(struct sg_sync *core, struct sg_core_session *session)
{
    const struct sg_log *log =
        sg_log_table_find(core->table, &session->missed, 0);

    if (log != NULL && log->held >= session->missed_size) {
        session->missed_ms = 0;
        return;
    }
    session->withholds = true;
    sg_core_say(core, SG_SYNC_ALARM_WITHHOLDS, session->number,
                &session->missed);
    sg_dial_hurry(core);
}

void sg_withhold_tick(struct sg_sync *core, struct sg_core_session *session)
{
    uint64_t at;
    struct sg_core_fetch *slow = find_slow(core, session, &at);

    if (slow != NULL && core->now_ms >= at) {
        if (slow->claimed > 0)
            sg_withhold_missed(core, session, &slow->id, slow->claimed);
        sg_fetch_stop(session, &slow->id);
        sg_fetch_give_up(core, slow, SG_FLOW_DONE);
        sg_gossip_rescan(core, session);
    }
    if (core->now_ms >= marked_ms(core, session))
        mark(core, session);
}

uint64_t sg_withhold_deadline(const struct sg_sync *core,
                              const struct sg_core_session *session)
{
    uint64_t at, marked = marked_ms(core, session);

    (void)find_slow(core, session, &at);
    return marked < at ? marked : at;
}
