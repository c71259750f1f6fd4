#include "replication/core.h"

#include <string.h>

#include "replication/session.h"
#include "storage/base/check.h"

/* --- Effects ------------------------------------------------------------ */

bool sg_core_has_effects(const struct sg_sync *core, size_t n)
{
    return core->effects->count + n + SG_CORE_EFFECTS_SPARE <= SG_EFFECTS_MAX;
}

struct sg_effect *sg_core_effect(struct sg_sync *core, enum sg_effect_kind kind)
{
    struct sg_effect *effect;

    SG_ASSERT(core->is_stepping);
    SG_ASSERT(core->effects->count < SG_EFFECTS_MAX);
    effect = &core->effects->items[core->effects->count++];
    *effect = (struct sg_effect){.kind = kind, .session = SG_SYNC_NONE};
    return effect;
}

void *sg_core_memory(struct sg_sync *core, size_t size)
{
    size_t from = (core->arena_used + 15) & ~(size_t)15;

    if (size > SG_CORE_ARENA_SIZE || from > SG_CORE_ARENA_SIZE - size)
        return NULL;
    core->arena_used = from + size;
    return core->arena + from;
}

struct sg_core_write *sg_core_begin_write(struct sg_sync *core,
                                          enum sg_effect_kind kind)
{
    struct sg_core_write *write;

    if (core->n_writes == SG_CORE_WRITES_MAX)
        return NULL;
    write = &core->writes[(core->first_write + core->n_writes++) %
                          SG_CORE_WRITES_MAX];
    *write = (struct sg_core_write){.kind = kind,
                                    .ticket = ++core->ticket,
                                    .fetch = SG_SYNC_NONE,
                                    .session = SG_SYNC_NONE};
    return write;
}

void sg_core_say(struct sg_sync *core, enum sg_sync_alarm alarm,
                 uint32_t session, const struct sg_log_id *log)
{
    struct sg_core_alarm said = {.alarm = alarm, .session = session};

    if (log != NULL)
        said.log = *log;
    for (size_t i = 0; i < core->n_alarms; i++)
        if (core->alarms[i].alarm == alarm &&
            core->alarms[i].session == session &&
            memcmp(&core->alarms[i].log, &said.log, sizeof said.log) == 0)
            return;
    if (core->n_alarms < SG_CORE_ALARMS_MAX)
        core->alarms[core->n_alarms++] = said;
}

/* --- Sending ------------------------------------------------------------- */

void sg_core_post(struct sg_core_session *session, unsigned priority,
                  enum sg_message_type type, struct sg_bytes body)
{
    SG_ASSERT(priority <= 1);
    if (session->link == SG_SYNC_BUNDLE || session->state == SG_CORE_CLOSING)
        return;
    session->stirs = true;
    if (sg_outbox_put(session->outbox, priority, NULL, type, body) != SG_OK)
        sg_session_close(session, SG_ERR_SLOW);
}

uint64_t sg_core_number(struct sg_core_session *session)
{
    uint64_t number = session->next_number;

    session->next_number += SG_CORE_NUMBERS_STEP;
    return number;
}

void sg_core_post_written(struct sg_core_session *session, unsigned priority,
                          enum sg_message_type type,
                          const struct sg_writer *writer)
{
    SG_ASSERT(writer->err == SG_OK);
    sg_core_post(session, priority, type, sg_writer_written(writer));
}

bool sg_core_send(struct sg_sync *core, struct sg_core_session *session,
                  enum sg_message_type type, struct sg_bytes body)
{
    const uint8_t *arena = core->arena;
    bool is_ours = body.data >= arena && body.data < arena + SG_CORE_ARENA_SIZE;
    struct sg_effect *effect;

    SG_ASSERT(session->link != SG_SYNC_BUNDLE);
    if (body.size > 0 && !is_ours) {
        uint8_t *copy = sg_core_memory(core, body.size);

        if (copy == NULL)
            return false;
        memcpy(copy, body.data, body.size);
        body.data = copy;
    }
    effect = sg_core_effect(core, SG_EFFECT_SEND);
    effect->session = session->number;
    effect->send.type = type;
    effect->send.body = body;
    session->room -= (int64_t)body.size;
    session->sent += body.size;
    session->moved_ms = core->now_ms;
    return true;
}

struct sg_core_session *sg_core_session(struct sg_sync *core, uint32_t number,
                                        uint64_t serial)
{
    struct sg_core_session *session;

    if (number >= core->config.sessions_max)
        return NULL;
    session = &core->sessions[number];
    if (session->state == SG_CORE_FREE || session->serial != serial)
        return NULL;
    return session;
}

struct sg_package_log sg_core_package_log(const struct sg_sync *core,
                                          const struct sg_log_id *id,
                                          const struct sg_log_core *log)
{
    return (struct sg_package_log){
        .hasher = &core->hasher, .id = *id, .core = *log};
}

bool sg_core_knows(const struct sg_sync *core,
                   const uint8_t node_key[SG_KEY_SIZE])
{
    struct sg_trust_node node;

    return sg_trust_node(core->trust, node_key, &node);
}
