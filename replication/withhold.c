#include "replication/withhold.h"

#include <string.h>

#include "replication/dial.h"
#include "replication/fetch.h"
#include "replication/gossip.h"
#include "storage/base/bytes.h"

/* Anti-entropy intervals of connected time after which a peer is marked. */
#define INTERVALS 10u
/* Logs of which a peer is asked at a time whether it has what it promised: far
 * fewer than the questions that it takes. The others are looked at again with
 * the next claims. */
#define DOUBTS_MAX 8u
/* A want without a package for so long goes to another peer. */
#define WANT_MS SG_PROGRESS_MS_MAX

/* The place where it is remembered what SESSION's peer promised of LOG: one for
 * several, of which the last stays. Keys are as good as hashes. */
static struct sg_core_promise *place_of(struct sg_sync *core,
                                        const struct sg_core_session *session,
                                        const struct sg_log *log)
{
    uint32_t at = sg_bytes_get_u32be(session->node_key) +
                  log->number * UINT32_C(2654435761);

    return &core->promises[at % SG_CORE_PROMISES_MAX];
}

static bool is_of(const struct sg_core_promise *promise,
                  const struct sg_core_session *session,
                  const struct sg_log *log)
{
    return promise->size > 0 && promise->log == log->number &&
           memcmp(promise->node_key, session->node_key, SG_KEY_SIZE) == 0;
}

/* The most that the peer ever promised of LOG, as far as it is remembered. */
static uint64_t promised(struct sg_sync *core,
                         const struct sg_core_session *session,
                         const struct sg_log *log)
{
    const struct sg_core_promise *promise = place_of(core, session, log);
    uint64_t size = session->logs[log->number].promised;

    return is_of(promise, session, log) && promise->size > size ? promise->size
                                                                : size;
}

/* Remembers SIZE; a smaller one than before only if that is to be forgotten. */
static void promise(struct sg_sync *core, struct sg_core_session *session,
                    const struct sg_log *log, uint64_t size, bool forgets)
{
    struct sg_core_promise *kept = place_of(core, session, log);

    if (size > session->logs[log->number].promised)
        session->logs[log->number].promised = size;
    if (is_of(kept, session, log) && size <= kept->size && !forgets)
        return;
    kept->size = size;
    kept->log = log->number;
    memcpy(kept->node_key, session->node_key, SG_KEY_SIZE);
}

/* A claim is as old as its way is long, and may have waited here: meanwhile
 * more of LOG may have come from elsewhere, or the peer stored more. So the
 * peer is asked what it knows now. A head of an own log comes unasked too
 * (`mine`), once: there the second answer counts. */
static void doubt(struct sg_sync *core, struct sg_core_session *session,
                  const struct sg_log *log, bool is_writer)
{
    struct sg_core_peer_log *peer_log = &session->logs[log->number];

    session->n_doubts++;
    peer_log->doubted = promised(core, session, log);
    if (is_writer && log->known.size > peer_log->doubted)
        peer_log->doubted = log->known.size;
    sg_fetch_prove(session, &log->id, 0);
    if (log->is_own)
        sg_fetch_prove(session, &log->id, 0);
    peer_log->n_doubt = peer_log->n_asked;
}

void sg_withhold_claim(struct sg_sync *core, struct sg_core_session *session,
                       const struct sg_log *log, uint64_t size)
{
    struct sg_core_peer_log *peer_log = &session->logs[log->number];
    bool is_writer =
        memcmp(session->node_key, log->core.node_key, SG_KEY_SIZE) == 0;

    if (size >= promised(core, session, log) &&
        (!is_writer || size >= log->known.size)) {
        promise(core, session, log, size, /* forgets= */ false);
        return;
    }
    /* What it showed in this session it has; a claim below that is an old one.
     */
    if (!peer_log->is_rolled_back && peer_log->doubted == 0 &&
        size >= peer_log->shown && session->n_doubts < DOUBTS_MAX)
        doubt(core, session, log, is_writer);
}

void sg_withhold_shown(struct sg_sync *core, struct sg_core_session *session,
                       const struct sg_log *log, uint64_t size)
{
    struct sg_core_peer_log *peer_log = &session->logs[log->number];
    uint64_t doubted = peer_log->doubted;

    if (peer_log->n_asked > 0)
        peer_log->n_asked--;
    if (size > peer_log->shown)
        peer_log->shown = size;
    if (doubted == 0 || (--peer_log->n_doubt > 0 && size < doubted))
        return;
    peer_log->doubted = 0;
    session->n_doubts--;
    if (size >= doubted)
        return;
    /* It is said once, but of the authority's logs in each session. With
     * another root it is a fork, which the proof shows. */
    peer_log->is_rolled_back = true;
    if (!log->is_authority)
        promise(core, session, log, size, /* forgets= */ true);
    sg_core_say(core, SG_SYNC_ALARM_ROLLBACK, session->number, &log->id);
}

/* The peer has SIZE of LOG: it keeps less no more. */
static void note_kept(struct sg_core_session *session, const struct sg_log *log,
                      uint64_t size)
{
    if (session->less_ms == 0 || size < session->less_size ||
        memcmp(&session->less, &log->id, sizeof log->id) != 0)
        return;
    session->less_ms = 0;
    session->withholds = false;
}

void sg_withhold_listed(struct sg_sync *core, struct sg_core_session *session,
                        const struct sg_log *log, uint64_t size)
{
    uint64_t before = promised(core, session, log);

    if (session->link == SG_SYNC_BUNDLE || size == 0)
        return;
    sg_withhold_claim(core, session, log, size);
    note_kept(session, log, size);
    if (size >= before || session->less_ms != 0)
        return;
    session->less_ms = core->now_ms;
    session->less = log->id;
    session->less_size = before;
}

void sg_withhold_stored(struct sg_sync *core, struct sg_core_session *session,
                        const struct sg_log *log, uint64_t size)
{
    if (log->branch != 0 || log->is_forked || size > log->held)
        return;
    promise(core, session, log, size, /* forgets= */ false);
    note_kept(session, log, size);
}

void sg_withhold_signed(struct sg_sync *core, struct sg_core_session *session,
                        const struct sg_log *log, uint64_t size)
{
    promise(core, session, log, size, /* forgets= */ false);
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
    for (size_t i = 0; i < session->n_wants; i++) {
        struct sg_core_fetch *fetch = &core->fetches[session->wants[i].fetch];
        uint64_t at = fetch->wanted_ms + WANT_MS;

        if ((fetch->state != SG_CORE_FETCH_WANTED &&
             fetch->state != SG_CORE_FETCH_PROVING) ||
            fetch->session != session->number || fetch->in_flight > 0 ||
            at > *ret_at || (at == *ret_at && found != NULL && fetch > found))
            continue;
        *ret_at = at;
        found = fetch;
    }
    return found;
}

/* When the peer is to be marked for what it does not do since SINCE_MS. */
static uint64_t marked_ms(const struct sg_sync *core,
                          const struct sg_core_session *session,
                          uint64_t since_ms)
{
    if (since_ms == 0 || session->withholds)
        return UINT64_MAX;
    return since_ms + INTERVALS * core->config.interval_ms;
}

static void say(struct sg_sync *core, struct sg_core_session *session,
                const struct sg_log_id *log)
{
    session->withholds = true;
    sg_core_say(core, SG_SYNC_ALARM_WITHHOLDS, session->number, log);
    sg_dial_hurry(core);
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
    say(core, session, &session->missed);
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
    if (core->now_ms >= marked_ms(core, session, session->missed_ms))
        mark(core, session);
    if (core->now_ms >= marked_ms(core, session, session->less_ms))
        say(core, session, &session->less);
}

uint64_t sg_withhold_deadline(const struct sg_sync *core,
                              const struct sg_core_session *session)
{
    uint64_t missed = marked_ms(core, session, session->missed_ms);
    uint64_t less = marked_ms(core, session, session->less_ms), at;

    (void)find_slow(core, session, &at);
    at = missed < at ? missed : at;
    return less < at ? less : at;
}
