#include "replication/quota.h"

#include <string.h>

#include "storage/base/check.h"

#define DAY_MS UINT64_C(86400000)
/* Entries above a cut that are kept (PROTOCOL.md section 11). */
#define ABOVE_CUT_MAX 65536u

/* The place of a writer in the table: his own, or a free one; NULL: full. Keys
 * are public keys: their first bytes are as good as a hash. */
static struct sg_core_writer *find(const struct sg_sync *core,
                                   const uint8_t node_key[SG_KEY_SIZE])
{
    uint32_t at = sg_bytes_get_u32be(node_key) % core->writers_max;

    for (uint32_t i = 0; i < core->writers_max; i++) {
        struct sg_core_writer *writer =
            &core->writers[(at + i) % core->writers_max];

        if (!writer->is_used ||
            memcmp(writer->node_key, node_key, SG_KEY_SIZE) == 0)
            return writer;
    }
    return NULL;
}

static bool is_free(const struct sg_sync *core,
                    const uint8_t node_key[SG_KEY_SIZE])
{
    return memcmp(node_key, core->node_key, SG_KEY_SIZE) == 0 ||
           sg_trust_is_authority(core->trust, node_key);
}

bool sg_quota_allows_log(struct sg_sync *core, struct sg_core_session *session,
                         const struct sg_log_id *id,
                         const struct sg_log_core *log_core)
{
    unsigned max = sg_trust_epochs(core->trust, log_core->node_key), n = 0;
    uint32_t count = sg_log_table_count(core->table);

    if (is_free(core, log_core->node_key))
        return true;
    for (uint32_t i = 0; i < count; i++) {
        const struct sg_log *log = sg_log_table_at(core->table, i);

        if (log->branch == 0 && log->core.kind == log_core->kind &&
            memcmp(log->core.node_key, log_core->node_key, SG_KEY_SIZE) == 0)
            n++;
    }
    for (size_t i = 0; i < core->fetches_top; i++) {
        const struct sg_core_fetch *fetch = &core->fetches[i];

        if (fetch->state != SG_CORE_FETCH_FREE && fetch->branch == 0 &&
            fetch->core.kind == log_core->kind &&
            memcmp(fetch->core.node_key, log_core->node_key, SG_KEY_SIZE) ==
                0 &&
            sg_log_table_find(core->table, &fetch->id, 0) == NULL)
            n++;
    }
    if (n < max)
        return true;
    core->counts.refused_quota++;
    sg_core_say(core, SG_SYNC_ALARM_EPOCHS, session->number, id);
    return false;
}

bool sg_quota_allows(struct sg_sync *core, struct sg_core_session *session,
                     const struct sg_log *log)
{
    const struct sg_core_writer *writer = find(core, log->core.node_key);
    uint64_t cut;

    if (is_free(core, log->core.node_key))
        return true;
    cut = sg_trust_cut(core->trust, log->core.node_key, &log->id, 0);
    if ((writer == NULL || !writer->is_used ||
         writer->size < core->config.writer_size_max) &&
        (cut == SG_TRUST_NO_CUT || log->held < cut ||
         log->held - cut < ABOVE_CUT_MAX))
        return true;
    core->counts.refused_quota++;
    sg_core_say(core, SG_SYNC_ALARM_QUOTA, session->number, &log->id);
    return false;
}

void sg_quota_count(struct sg_sync *core, const uint8_t node_key[SG_KEY_SIZE],
                    size_t size)
{
    struct sg_core_writer *writer = find(core, node_key);

    if (writer == NULL)
        return;
    if (!writer->is_used) {
        memcpy(writer->node_key, node_key, SG_KEY_SIZE);
        writer->is_used = true;
        writer->day_ms = core->now_ms;
    }
    if (core->now_ms - writer->day_ms >= DAY_MS) {
        writer->day_ms = core->now_ms;
        writer->day = 0;
    }
    writer->size += size;
    writer->day += size;
    if (writer->day > core->config.writer_day_max)
        writer->later_ms = writer->day_ms + DAY_MS;
}

bool sg_quota_is_later(const struct sg_sync *core, const struct sg_log *log)
{
    const struct sg_core_writer *writer = find(core, log->core.node_key);
    uint64_t cut;

    if (is_free(core, log->core.node_key))
        return false;
    if (writer != NULL && writer->is_used && core->now_ms < writer->later_ms)
        return true;
    cut = sg_trust_cut(core->trust, log->core.node_key, &log->id, 0);
    return cut != SG_TRUST_NO_CUT && log->held > cut;
}
