#include "node/filed.h"

#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"

#define NONE UINT32_MAX

_Static_assert((SG_FILED_COUNT & (SG_FILED_COUNT - 1)) == 0,
               "a power of two: buckets are found by a mask");

/* A slot of the ring; the chain of its bucket. */
struct slot {
    struct sg_filed_entry entry;
    uint32_t next;
    bool is_used;
};

struct sg_filed {
    uint8_t key[8]; /* so that nobody can fill one bucket on purpose */
    uint32_t at;    /* the slot that is written next: the oldest */
    uint32_t buckets[SG_FILED_COUNT];
    struct slot slots[SG_FILED_COUNT];
};

enum sg_err sg_filed_new(struct sg_filed **ret_filed)
{
    struct sg_filed *filed = sg_calloc(1, sizeof *filed);

    if (filed == NULL)
        return SG_ERR_NOMEM;
    sg_crypto_random(filed->key, sizeof filed->key);
    memset(filed->buckets, 0xff, sizeof filed->buckets);
    *ret_filed = filed;
    return SG_OK;
}

void sg_filed_free(struct sg_filed *filed)
{
    sg_free(filed);
}

static uint32_t bucket_of(const struct sg_filed *filed,
                          const struct sg_uid *submit)
{
    uint64_t mix = sg_bytes_get_u64be(filed->key) | 1;

    for (size_t i = 0; i < sizeof submit->bytes; i += 8) {
        mix ^= sg_bytes_get_u64be(submit->bytes + i);
        mix *= UINT64_C(0x9e3779b97f4a7c15);
        mix ^= mix >> 29;
    }
    return (uint32_t)(mix >> 32) & (SG_FILED_COUNT - 1);
}

const struct sg_filed_entry *sg_filed_find(const struct sg_filed *filed,
                                           const struct sg_uid *submit)
{
    uint32_t at = filed->buckets[bucket_of(filed, submit)];

    while (at != NONE &&
           sg_uid_compare(&filed->slots[at].entry.submit, submit) != 0)
        at = filed->slots[at].next;
    return at == NONE ? NULL : &filed->slots[at].entry;
}

void sg_filed_drop(struct sg_filed *filed, const struct sg_uid *submit)
{
    uint32_t *link = &filed->buckets[bucket_of(filed, submit)];

    while (*link != NONE &&
           sg_uid_compare(&filed->slots[*link].entry.submit, submit) != 0)
        link = &filed->slots[*link].next;
    if (*link == NONE)
        return;
    filed->slots[*link].is_used = false;
    *link = filed->slots[*link].next;
}

void sg_filed_put(struct sg_filed *filed, const struct sg_filed_entry *entry)
{
    struct slot *slot = &filed->slots[filed->at];
    uint32_t *bucket = &filed->buckets[bucket_of(filed, &entry->submit)];

    SG_ASSERT(sg_filed_find(filed, &entry->submit) == NULL);
    if (slot->is_used)
        sg_filed_drop(filed, &slot->entry.submit);
    slot->entry = *entry;
    slot->is_used = true;
    slot->next = *bucket;
    *bucket = filed->at;
    filed->at = (filed->at + 1) & (SG_FILED_COUNT - 1);
}

/* --- From the log ---------------------------------------------------------
 */

/* Reads the record in ENTRY. False: it is none, or not for us. */
static bool read_record(const struct sg_store_log *log,
                        const struct sg_entry *entry, uint64_t index,
                        struct sg_unseal *unseal, struct sg_record *ret_record)
{
    enum sg_seal_kind kind = SG_SEAL_RECORD;
    struct sg_bytes body = entry->payload;

    if (entry->state != SG_PAYLOAD_PRESENT)
        return false;
    if (entry->kind == SG_ENTRY_SEALED) {
        if (sg_unseal_body(unseal, log, entry, index, &kind, &body) != SG_OK)
            return false;
    } else if (entry->kind != SG_ENTRY_PLAIN) {
        return false;
    }
    return kind == SG_SEAL_RECORD &&
           sg_record_decode(body, ret_record) == SG_OK;
}

static void load_entry(struct sg_filed *filed, struct sg_store *store,
                       const struct sg_record *record, uint64_t index)
{
    struct sg_filed_entry known = {.submit = record->submit, .index = index};

    sg_record_id(sg_store_registry(store), record->inner, &known.id);
    if (sg_filed_find(filed, &known.submit) == NULL)
        sg_filed_put(filed, &known);
}

enum sg_err sg_filed_load(struct sg_filed *filed, struct sg_store *store,
                          const struct sg_store_log *log, uint64_t size,
                          struct sg_unseal *unseal, uint64_t *ret_hlc)
{
    struct sg_fetch *fetch = sg_alloc(sizeof *fetch);
    uint64_t at = size > SG_FILED_COUNT ? size - SG_FILED_COUNT : 0;
    struct sg_record record;

    if (fetch == NULL)
        return SG_ERR_NOMEM;
    *ret_hlc = 0;
    sg_fetch_init(fetch, (size_t)SG_MESSAGE_SIZE_MAX);
    while (at < size) {
        enum sg_err err = sg_fetch_range(store, log->number, at,
                                         SG_PACKAGE_ENTRIES_MAX, fetch);

        if (err == SG_ERR_NOMEM) {
            sg_fetch_clear(fetch);
            sg_free(fetch);
            return err;
        }
        if (err != SG_OK || fetch->count == 0) {
            at++; /* damaged: what comes after it is still ours */
            continue;
        }
        for (size_t i = 0; i < fetch->count && at + i < size; i++) {
            if (!read_record(log, &fetch->entries[i], at + i, unseal, &record))
                continue;
            load_entry(filed, store, &record, at + i);
            if (record.copy.hlc > *ret_hlc)
                *ret_hlc = record.copy.hlc;
        }
        at += fetch->count;
    }
    sg_fetch_clear(fetch);
    sg_free(fetch);
    return SG_OK;
}
