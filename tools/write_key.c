#include "tools/write_key.h"

#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/base/clock.h"
#include "storage/base/date.h"
#include "tools/unseal.h"

/* Viet Nam has one time zone, and periods are its months. */
#define OFFSET_MINUTES 420

static uint32_t period_now(void)
{
    return sg_date_from_wall(sg_clock_wall(), OFFSET_MINUTES).ymd / 100;
}

/* Finds the content key that was used last: the newest entries name it.
 * Errors: NOTFOUND, DAMAGED. */
static enum sg_err find_entry(struct sg_store *store,
                              const struct sg_store_own *own,
                              struct sg_fetch *fetch, uint64_t *ret_entry)
{
    uint64_t size = own->signed_checkpoint.size;
    uint64_t first =
        size > SG_PACKAGE_ENTRIES_MAX ? size - SG_PACKAGE_ENTRIES_MAX : 0;

    while (first < size) {
        enum sg_err err = sg_fetch_range(store, own->number, first,
                                         (size_t)(size - first), fetch);
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

/* Opens the content key in use if it is of this month.
 * Errors: NOTFOUND (there is none that serves). */
static enum sg_err use_old(const struct sg_home *home,
                           const struct sg_store_own *own,
                           struct sg_fetch *fetch, struct sg_unseal *unseal,
                           struct sg_seal_keys *ret_keys, uint64_t *ret_entry)
{
    struct sg_store_log log = {.number = own->number, .id = own->id};
    struct sg_content_key_place place = {.log = own->id};
    const struct sg_seal_keys *keys;
    struct sg_content_key parsed;
    enum sg_err err = find_entry(home->store, own, fetch, &place.index);

    if (err == SG_OK)
        err = sg_fetch_range(home->store, own->number, place.index, 1, fetch);
    if (err != SG_OK)
        return err;
    if (fetch->count == 0 || fetch->entries[0].kind != SG_ENTRY_CONTENT_KEY)
        return SG_ERR_NOTFOUND;
    err = sg_content_key_parse(fetch->entries[0].payload, &place, &parsed);
    if (err != SG_OK || parsed.is_rewrap || parsed.period != period_now())
        return SG_ERR_NOTFOUND;
    err = sg_unseal_keys(unseal, &log, place.index, &keys);
    if (err != SG_OK)
        return SG_ERR_NOTFOUND; /* of another scope: ours gets its own */
    *ret_keys = *keys;
    *ret_entry = place.index;
    return SG_OK;
}

/* Writes a new content key to the end of the log. */
static enum sg_err make_new(const struct sg_home *home,
                            const struct sg_store_own *own,
                            struct sg_batch *batch,
                            struct sg_seal_keys *ret_keys, uint64_t *ret_entry)
{
    const struct sg_registry_id *registry = sg_store_registry(home->store);
    uint64_t index = own->signed_checkpoint.size;
    struct sg_scope_public reader;
    uint8_t key[SG_KEY_SIZE];
    struct sg_entry entry;
    struct sg_buf payload;

    memcpy(reader.bytes, home->scope->public_key, sizeof reader.bytes);
    sg_crypto_random(key, sizeof key);
    sg_buf_init(&payload, SG_CONTENT_KEY_SIZE_MAX);
    enum sg_err err = sg_content_key_encode(registry, &own->id, period_now(),
                                            key, &reader, 1, &payload);
    if (err == SG_OK)
        err = sg_entry_make(sg_store_hasher(home->store), SG_ENTRY_CONTENT_KEY,
                            0, sg_buf_bytes(&payload), &entry);
    if (err == SG_OK)
        err = sg_batch_append(batch, own->number, index, &entry, 1);
    if (err == SG_OK)
        err = sg_batch_commit(batch);
    if (err == SG_OK) {
        sg_seal_keys_init(ret_keys, registry, &own->id, key);
        *ret_entry = index;
    } else {
        sg_batch_clear(batch);
    }
    sg_crypto_wipe(key, sizeof key);
    sg_buf_clear(&payload);
    return err;
}

static enum sg_err get(const struct sg_home *home,
                       const struct sg_store_own *own, struct sg_batch *batch,
                       struct sg_seal_keys *keys, uint64_t *ret_entry)
{
    struct sg_fetch *fetch = sg_alloc(sizeof *fetch);
    struct sg_unseal *unseal = NULL;
    enum sg_err err =
        fetch == NULL ? SG_ERR_NOMEM : sg_unseal_new(home, &unseal);

    if (err == SG_OK) {
        sg_fetch_init(fetch, (size_t)SG_MESSAGE_SIZE_MAX);
        err = use_old(home, own, fetch, unseal, keys, ret_entry);
        sg_fetch_clear(fetch);
    }
    sg_unseal_free(unseal);
    sg_free(fetch);
    if (err == SG_ERR_NOTFOUND)
        err = make_new(home, own, batch, keys, ret_entry);
    return err;
}

enum sg_err sg_write_key_get(const struct sg_home *home,
                             const struct sg_store_own *own,
                             struct sg_batch *batch,
                             struct sg_seal_keys **ret_keys,
                             uint64_t *ret_entry)
{
    struct sg_seal_keys *keys;

    if (home->scope == NULL)
        return SG_ERR_NOTFOUND;
    keys = sg_crypto_secret_new(sizeof *keys);
    if (keys == NULL)
        return SG_ERR_NOMEM;
    enum sg_err err = get(home, own, batch, keys, ret_entry);
    if (err == SG_OK)
        *ret_keys = keys;
    else
        sg_crypto_secret_free(keys);
    return err;
}
