#include "node/trail.h"

#include <string.h>

#include "node/unseal.h"
#include "node/view/given.h"
#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/lmdb/fetch.h"
#include "storage/registry/authority_scope.h"

struct sg_trail {
    struct sg_store *store;
    const struct sg_key *transport;
    struct sg_unseal *unseal;
    struct sg_given given;
    struct sg_fetch fetch;
};

enum sg_err sg_trail_new(struct sg_store *store, const struct sg_key *scope,
                         const struct sg_key *transport,
                         struct sg_trail **ret_trail)
{
    struct sg_trail *trail = sg_calloc(1, sizeof *trail);
    enum sg_err err;

    if (trail == NULL)
        return SG_ERR_NOMEM;
    trail->store = store;
    trail->transport = transport;
    sg_fetch_init(&trail->fetch, (size_t)SG_MESSAGE_SIZE_MAX);
    err = sg_unseal_new(store, scope, &trail->unseal);
    if (err != SG_OK) {
        sg_trail_free(trail);
        return err;
    }
    sg_unseal_give(trail->unseal, &trail->given);
    *ret_trail = trail;
    return SG_OK;
}

void sg_trail_free(struct sg_trail *trail)
{
    if (trail == NULL)
        return;
    sg_unseal_free(trail->unseal);
    sg_given_clear(&trail->given);
    sg_fetch_clear(&trail->fetch);
    sg_free(trail);
}

/* --- Keys -----------------------------------------------------------------
 */

struct hearing {
    struct sg_trail *trail;
    const struct sg_authority *authority;
    bool is_more;
};

static enum sg_err hear_scope(void *context,
                              const struct sg_authority_scope *scope)
{
    struct hearing *hearing = context;
    struct sg_trail *trail = hearing->trail;

    return sg_given_take(&trail->given, &scope->id, hearing->authority,
                         trail->transport, &hearing->is_more);
}

enum sg_err sg_trail_hear(struct sg_trail *trail,
                          const struct sg_authority *authority)
{
    struct hearing hearing = {trail, authority, false};
    enum sg_err err;

    if (trail->transport == NULL)
        return SG_OK;
    err = sg_authority_scope_each(authority, hear_scope, &hearing);
    if (hearing.is_more)
        sg_unseal_give(trail->unseal, &trail->given);
    return err;
}

/* --- Entries --------------------------------------------------------------
 */

/* Reads entry INDEX of LOG. False: it is none of ours to show. */
static bool read_entry(struct sg_trail *trail, const struct sg_entry *entry,
                       struct sg_trail_item *item)
{
    const struct sg_registry_id *registry = sg_store_registry(trail->store);
    enum sg_seal_kind kind;
    struct sg_bytes body;
    uint8_t field;

    if (entry->kind != SG_ENTRY_SEALED || entry->state != SG_PAYLOAD_PRESENT ||
        sg_unseal_body(trail->unseal, item->log, entry, item->index, &kind,
                       &body) != SG_OK ||
        kind != SG_SEAL_RECORD ||
        sg_record_decode(body, &item->record) != SG_OK ||
        item->record.schema == NULL ||
        item->record.schema->entry != SG_SCHEMA_AUDIT ||
        sg_record_fit(&item->record, registry, &field) != SG_RECORD_FITS)
        return false;
    sg_record_id(registry, item->record.inner, &item->id);
    item->ms = item->record.copy.hlc >> 16;
    return true;
}

enum sg_err sg_trail_back(struct sg_trail *trail,
                          const struct sg_store_log *log, uint64_t *end,
                          size_t max, sg_trail_take *take, void *context)
{
    struct sg_fetch *fetch = &trail->fetch;
    struct sg_trail_item item = {.log = log};
    size_t step = SG_PACKAGE_ENTRIES_MAX;

    SG_ASSERT(log->row.core.kind == SG_LOG_AUDIT);
    while (*end > 0 && max > 0) {
        size_t n = *end < step ? (size_t)*end : step;
        uint64_t first = *end - n;
        enum sg_err err =
            sg_fetch_range(trail->store, log->number, first, n, fetch);

        if (err == SG_ERR_NOMEM)
            return err;
        /* Fewer: large ones, or one is damaged; in smaller steps then. */
        if (n > 1 && (err != SG_OK || fetch->count < n)) {
            step = n / 2;
            continue;
        }
        for (size_t i = err == SG_OK ? fetch->count : 0; i-- > 0;) {
            item.index = first + i;
            *end = first + i;
            max -= max > 0;
            if (read_entry(trail, &fetch->entries[i], &item) &&
                !take(context, &item))
                return SG_OK;
            if (max == 0)
                return SG_OK;
        }
        *end = first;
        step = SG_PACKAGE_ENTRIES_MAX;
    }
    return SG_OK;
}
