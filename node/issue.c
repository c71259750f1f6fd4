#include "node/issue.h"

#include <string.h>

#include "node/unseal.h"
#include "storage/base/alloc.h"
#include "storage/lmdb/fetch.h"
#include "storage/registry/record.h"

/* Reads the record in ENTRY as far as a slip says it. */
static enum sg_err read_record(const struct sg_issue_office *office,
                               const struct sg_store_log *log,
                               const struct sg_entry *entry,
                               struct sg_slip *slip)
{
    enum sg_seal_kind kind = SG_SEAL_RECORD;
    struct sg_bytes body = entry->payload;
    struct sg_unseal *unseal = NULL;
    struct sg_record record;
    enum sg_err err = SG_OK;

    if (entry->state != SG_PAYLOAD_PRESENT ||
        (entry->kind != SG_ENTRY_SEALED && entry->kind != SG_ENTRY_PLAIN))
        return SG_ERR_NOTFOUND;
    if (entry->kind == SG_ENTRY_SEALED) {
        err = sg_unseal_new(office->store, office->scope, &unseal);
        if (err == SG_OK)
            err = sg_unseal_body(unseal, log, entry, slip->index, &kind, &body);
    }
    if (err == SG_OK && kind != SG_SEAL_RECORD)
        err = SG_ERR_NOTFOUND;
    if (err == SG_OK)
        err = sg_record_decode(body, &record);
    if (err == SG_OK) {
        sg_record_id(&slip->registry, record.inner, &slip->record);
        slip->seconds = (uint64_t)((int64_t)(record.copy.hlc >> 16) +
                                   record.copy.wall_offset) /
                        1000;
    }
    sg_unseal_free(unseal);
    return err == SG_OK || err == SG_ERR_NOMEM || err == SG_ERR_DAMAGED
               ? err
               : SG_ERR_NOTFOUND;
}

enum sg_err sg_issue_slip(const struct sg_issue_office *office,
                          const struct sg_store_log *log, uint64_t index,
                          struct sg_slip *ret_slip)
{
    struct sg_slip slip = {
        .registry = *sg_store_registry(office->store),
        .log = log->row.core,
        .index = index,
        .checkpoint = log->row.known,
    };
    struct sg_fetch *fetch;
    enum sg_err err;

    if (log->row.core.kind != SG_LOG_RECORDS || index >= log->row.known.size ||
        memcmp(log->row.core.node_key, office->node->public_key, SG_KEY_SIZE) !=
            0)
        return SG_ERR_NOTFOUND;
    fetch = sg_alloc(sizeof *fetch);
    if (fetch == NULL)
        return SG_ERR_NOMEM;
    memcpy(slip.certificate, office->certificate, SG_CERTIFICATE_SIZE);
    sg_fetch_init(fetch, SG_PAYLOAD_SIZE_MAX);
    err = sg_fetch_range(office->store, log->number, index, 1, fetch);
    if (err == SG_OK && fetch->count == 0)
        err = SG_ERR_NOTFOUND;
    if (err == SG_OK) {
        slip.leaf = sg_entry_leaf(&fetch->entries[0]);
        err = read_record(office, log, &fetch->entries[0], &slip);
    }
    sg_fetch_clear(fetch);
    sg_free(fetch);
    if (err == SG_OK)
        err = sg_slip_sign(&slip, &office->node->sign);
    if (err == SG_OK)
        *ret_slip = slip;
    return err;
}
