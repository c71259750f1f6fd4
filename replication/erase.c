#include "replication/erase.h"

#include <string.h>

#include "storage/base/check.h"
#include "storage/base/plant.h"

struct order_question {
    struct sg_sync *core;
    const struct sg_log_id *log;
};

static bool is_ordered(void *context, uint64_t index,
                       uint8_t ret_order[SG_ERASED_BY_SIZE])
{
    const struct order_question *question = context;

    return sg_trust_erasure(question->core->trust, question->log, index,
                            ret_order);
}

void sg_erase_settle(struct sg_sync *core, const struct sg_log_id *log,
                     struct sg_package_body *body)
{
    struct order_question question = {.core = core, .log = log};

    sg_package_settle(body, is_ordered, &question);
}

/* Says whether the entry is on its way to the disk: what was verified before
 * the order was known is stored as it came. */
static bool is_under_way(const struct sg_sync *core,
                         const struct sg_trust_erased *erased)
{
    for (uint32_t i = 0; i < core->n_writes; i++) {
        const struct sg_core_write *write =
            &core->writes[(core->first_write + i) % SG_CORE_WRITES_MAX];

        if (write->kind == SG_EFFECT_WRITE_PACKAGE && write->branch == 0 &&
            erased->index < write->held &&
            memcmp(&write->id, &erased->log, sizeof write->id) == 0)
            return true;
    }
    return false;
}

void sg_erase_stored(struct sg_sync *core)
{
    for (size_t i = 0; i < core->n_judged; i++) {
        struct sg_core_judged *judged = &core->judged[i];

        if (judged->erases_again)
            judged->erased_upto = judged->erased_skip = 0;
        judged->erases_again = false;
    }
}

/* Gives one named entry to the store, if it is held and the order stands. */
static void erase(struct sg_sync *core, struct sg_core_judged *judged,
                  const struct sg_trust_erased *erased)
{
    const struct sg_log *log = sg_log_table_find(core->table, &erased->log, 0);
    uint8_t order[SG_ERASED_BY_SIZE];
    struct sg_core_write *write;
    struct sg_effect *effect;

    if (log == NULL || erased->index >= log->held) {
        judged->erases_again =
            judged->erases_again || is_under_way(core, erased);
        return;
    }
    if (SG_PLANT(sync_erase_forgotten) ||
        !sg_trust_erasure(core->trust, &erased->log, erased->index, order))
        return;
    write = sg_core_begin_write(core, SG_EFFECT_WRITE_ERASE);
    if (write == NULL)
        return;
    write->id = log->id;
    write->core = log->core;
    effect = sg_core_effect(core, SG_EFFECT_WRITE_ERASE);
    effect->ticket = write->ticket;
    effect->log = log->id;
    effect->erase.index = erased->index;
    memcpy(effect->erase.order, order, sizeof effect->erase.order);
}

/* Goes through one record. False: it is not through, for lack of effects. */
static bool take_record(struct sg_sync *core, struct sg_core_judged *judged,
                        struct sg_bytes payload)
{
    struct sg_trust_record record;
    struct sg_trust_list list;
    uint32_t n = 0;

    if (sg_trust_record_decode(payload, &record) != SG_OK ||
        record.type != SG_TRUST_ERASURE)
        return true;
    list = record.erasure.entries;
    while (list.count > 0) {
        struct sg_trust_erased erased = sg_trust_record_next_erased(&list);

        if (n++ < judged->erased_skip)
            continue;
        if (!sg_core_has_effects(core, 1))
            return false;
        erase(core, judged, &erased);
        judged->erased_skip++;
    }
    judged->erased_skip = 0;
    return true;
}

void sg_erase_read(struct sg_sync *core, struct sg_core_judged *judged,
                   const struct sg_event *event)
{
    if (event->read.first != judged->erased_upto)
        return; /* from the beginning again meanwhile */
    for (size_t i = 0; i < event->read.count; i++) {
        const struct sg_entry *entry = &event->read.entries[i];

        if (entry->kind == SG_ENTRY_PLAIN &&
            entry->state == SG_PAYLOAD_PRESENT &&
            !take_record(core, judged, entry->payload))
            return;
        judged->erased_upto++;
    }
}
