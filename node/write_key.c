#include "node/write_key.h"

#include <string.h>

#include "node/unseal.h"
#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/base/clock.h"
#include "storage/base/date.h"

/* Viet Nam has one time zone, and periods are its months. */
#define OFFSET_MINUTES 420

uint32_t sg_write_key_period(void)
{
    return sg_date_from_wall(sg_clock_wall(), OFFSET_MINUTES).ymd / 100;
}

/* --- The one in use -------------------------------------------------------
 */

/* Finds the content key that was used last: the newest entries name it.
 * Errors: NOTFOUND, DAMAGED. */
static enum sg_err find_entry(const struct sg_write_key_log *log,
                              struct sg_fetch *fetch, uint64_t *ret_entry)
{
    uint64_t first = log->size > SG_PACKAGE_ENTRIES_MAX
                         ? log->size - SG_PACKAGE_ENTRIES_MAX
                         : 0;

    while (first < log->size) {
        enum sg_err err = sg_fetch_range(log->store, log->number, first,
                                         (size_t)(log->size - first), fetch);
        if (err != SG_OK)
            return err;
        SG_ASSERT(fetch->count > 0);
        for (size_t i = fetch->count; i-- > 0;) {
            unsigned kind = fetch->entries[i].kind;
            if (kind != SG_ENTRY_SEALED && kind != SG_ENTRY_CONTENT_KEY)
                continue;
            *ret_entry = kind == SG_ENTRY_SEALED ? fetch->entries[i].key_entry
                                                 : first + i;
            return SG_OK;
        }
        first += fetch->count;
    }
    return SG_ERR_NOTFOUND;
}

/* Opens the content key in use if it is of this month. */
static enum sg_err use_old(const struct sg_write_key_log *log,
                           struct sg_fetch *fetch, struct sg_unseal *unseal,
                           struct sg_seal_keys *ret_keys, uint64_t *ret_entry)
{
    struct sg_store_log place_log = {.number = log->number, .id = log->id};
    struct sg_content_key_place place = {.log = log->id};
    const struct sg_seal_keys *keys;
    struct sg_content_key parsed;
    enum sg_err err = find_entry(log, fetch, &place.index);

    if (err == SG_OK)
        err = sg_fetch_range(log->store, log->number, place.index, 1, fetch);
    if (err != SG_OK)
        return err;
    if (fetch->count == 0 || fetch->entries[0].kind != SG_ENTRY_CONTENT_KEY)
        return SG_ERR_NOTFOUND;
    err = sg_content_key_parse(fetch->entries[0].payload, &place, &parsed);
    if (err != SG_OK || parsed.is_rewrap ||
        parsed.period != sg_write_key_period())
        return SG_ERR_NOTFOUND;
    err = sg_unseal_keys(unseal, &place_log, place.index, &keys);
    if (err != SG_OK)
        return SG_ERR_NOTFOUND; /* of another scope: ours gets its own */
    *ret_keys = *keys;
    *ret_entry = place.index;
    return SG_OK;
}

enum sg_err sg_write_key_find(const struct sg_write_key_log *log,
                              struct sg_seal_keys *ret_keys,
                              uint64_t *ret_entry)
{
    struct sg_fetch *fetch = sg_alloc(sizeof *fetch);
    struct sg_unseal *unseal = NULL;
    enum sg_err err = fetch == NULL
                          ? SG_ERR_NOMEM
                          : sg_unseal_new(log->store, log->scope, &unseal);

    if (err == SG_OK) {
        sg_fetch_init(fetch, (size_t)SG_MESSAGE_SIZE_MAX);
        err = use_old(log, fetch, unseal, ret_keys, ret_entry);
        sg_fetch_clear(fetch);
    }
    sg_unseal_free(unseal);
    sg_free(fetch);
    return err;
}

/* --- A new one ------------------------------------------------------------
 */

enum sg_err sg_write_key_make(const struct sg_write_key_log *log,
                              struct sg_seal_keys *ret_keys,
                              struct sg_buf *ret_payload)
{
    const struct sg_registry_id *registry = sg_store_registry(log->store);
    struct sg_scope_public reader;
    uint8_t key[SG_KEY_SIZE];
    enum sg_err err;

    memcpy(reader.bytes, log->scope->public_key, sizeof reader.bytes);
    sg_crypto_random(key, sizeof key);
    err = sg_content_key_encode(registry, &log->id, sg_write_key_period(), key,
                                &reader, 1, ret_payload);
    if (err == SG_OK)
        sg_seal_keys_init(ret_keys, registry, &log->id, key);
    sg_crypto_wipe(key, sizeof key);
    return err;
}

/* Writes a new content key to the end of LOG. */
static enum sg_err append_new(const struct sg_write_key_log *log,
                              struct sg_batch *batch,
                              struct sg_seal_keys *ret_keys,
                              uint64_t *ret_entry)
{
    struct sg_entry entry;
    struct sg_buf payload;
    enum sg_err err;

    sg_buf_init(&payload, SG_CONTENT_KEY_SIZE_MAX);
    err = sg_write_key_make(log, ret_keys, &payload);
    if (err == SG_OK)
        err = sg_entry_make(sg_store_hasher(log->store), SG_ENTRY_CONTENT_KEY,
                            0, sg_buf_bytes(&payload), &entry);
    if (err == SG_OK)
        err = sg_batch_append(batch, log->number, log->size, &entry, 1);
    if (err == SG_OK)
        err = sg_batch_commit(batch);
    if (err == SG_OK)
        *ret_entry = log->size;
    else
        sg_batch_clear(batch);
    sg_buf_clear(&payload);
    return err;
}

enum sg_err sg_write_key_get(struct sg_store *store, const struct sg_key *scope,
                             const struct sg_store_own *own,
                             struct sg_batch *batch,
                             struct sg_seal_keys **ret_keys,
                             uint64_t *ret_entry)
{
    const struct sg_write_key_log log = {
        store, scope, own->number, own->id, own->signed_checkpoint.size,
    };
    struct sg_seal_keys *keys;
    enum sg_err err;

    if (scope == NULL)
        return SG_ERR_NOTFOUND;
    keys = sg_crypto_secret_new(sizeof *keys);
    if (keys == NULL)
        return SG_ERR_NOMEM;
    err = sg_write_key_find(&log, keys, ret_entry);
    if (err == SG_ERR_NOTFOUND)
        err = append_new(&log, batch, keys, ret_entry);
    if (err == SG_OK)
        *ret_keys = keys;
    else
        sg_crypto_secret_free(keys);
    return err;
}
