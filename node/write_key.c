#include "node/write_key.h"

#include <string.h>

#include "node/unseal.h"
#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/base/clock.h"
#include "storage/base/date.h"

/* Viet Nam has one time zone, and periods are its months. */
#define OFFSET_MINUTES 420

#define ALL_READERS (SG_WRITE_KEY_READERS_MAX + 1)

/* Who reads, our own scope among them: ascending by id, each once. */
struct set {
    size_t count;
    struct sg_key_id ids[ALL_READERS];
    struct sg_scope_public keys[ALL_READERS];
};

/* A key that is known; its secrets are at the same place of `secrets`. */
struct known {
    uint64_t entry;
    uint32_t period; /* 0: there is none here */
    size_t count;
    struct sg_key_id ids[ALL_READERS];
};

struct sg_write_key_ring {
    struct sg_store *store;
    const struct sg_key *scope;
    struct sg_store_log log; /* number and id alone */
    size_t at;               /* the place that is written next */
    struct known known[SG_WRITE_KEY_MAX];
    struct sg_seal_keys *secrets;
};

uint32_t sg_write_key_period(void)
{
    return sg_date_from_wall(sg_clock_wall(), OFFSET_MINUTES).ymd / 100;
}

/* --- Sets of readers ------------------------------------------------------
 */

static void set_add(const struct sg_write_key_ring *keys, struct set *set,
                    const struct sg_scope_public *key)
{
    struct sg_key_id id =
        sg_key_id_of(sg_store_registry(keys->store), SG_KEY_SCOPE, key->bytes);
    size_t at = set->count;

    while (at > 0 && sg_key_id_compare(&set->ids[at - 1], &id) > 0)
        at--;
    if (at > 0 && sg_key_id_compare(&set->ids[at - 1], &id) == 0)
        return;
    SG_ASSERT(set->count < ALL_READERS);
    memmove(&set->ids[at + 1], &set->ids[at],
            (set->count - at) * sizeof set->ids[0]);
    memmove(&set->keys[at + 1], &set->keys[at],
            (set->count - at) * sizeof set->keys[0]);
    set->ids[at] = id;
    set->keys[at] = *key;
    set->count++;
}

static void set_make(const struct sg_write_key_ring *keys,
                     const struct sg_write_key_readers *readers,
                     struct set *ret_set)
{
    struct sg_scope_public own;

    SG_ASSERT(readers->count <= SG_WRITE_KEY_READERS_MAX);
    memcpy(own.bytes, keys->scope->public_key, sizeof own.bytes);
    ret_set->count = 0;
    set_add(keys, ret_set, &own);
    for (size_t i = 0; i < readers->count; i++)
        set_add(keys, ret_set, &readers->all[i]);
}

/* --- The table ------------------------------------------------------------
 */

enum sg_err sg_write_key_new(struct sg_store *store, const struct sg_key *scope,
                             uint32_t number, const struct sg_log_id *id,
                             struct sg_write_key_ring **ret_keys)
{
    struct sg_write_key_ring *keys = sg_calloc(1, sizeof *keys);

    if (keys == NULL)
        return SG_ERR_NOMEM;
    keys->store = store;
    keys->scope = scope;
    keys->log.number = number;
    keys->log.id = *id;
    keys->secrets =
        sg_crypto_secret_new(SG_WRITE_KEY_MAX * sizeof *keys->secrets);
    if (keys->secrets == NULL) {
        sg_free(keys);
        return SG_ERR_NOMEM;
    }
    *ret_keys = keys;
    return SG_OK;
}

void sg_write_key_free(struct sg_write_key_ring *keys)
{
    if (keys == NULL)
        return;
    sg_crypto_secret_free(keys->secrets);
    sg_free(keys);
}

const struct sg_seal_keys *sg_write_key_find(
    const struct sg_write_key_ring *keys,
    const struct sg_write_key_readers *readers, uint64_t *ret_entry)
{
    uint32_t period = sg_write_key_period();
    struct set set;

    set_make(keys, readers, &set);
    for (size_t i = 0; i < SG_WRITE_KEY_MAX; i++) {
        const struct known *known = &keys->known[i];

        if (known->period != period || known->count != set.count ||
            memcmp(known->ids, set.ids, set.count * sizeof set.ids[0]) != 0)
            continue;
        *ret_entry = known->entry;
        return &keys->secrets[i];
    }
    return NULL;
}

/* Takes the place of the oldest; the caller fills in ids and secrets. */
static size_t take_place(struct sg_write_key_ring *keys, uint64_t entry,
                         uint32_t period, size_t count)
{
    size_t at = keys->at;

    keys->at = (at + 1) % SG_WRITE_KEY_MAX;
    keys->known[at] =
        (struct known){.entry = entry, .period = period, .count = count};
    return at;
}

enum sg_err sg_write_key_make(struct sg_write_key_ring *keys,
                              const struct sg_write_key_readers *readers,
                              uint64_t index, struct sg_buf *ret_payload)
{
    const struct sg_registry_id *registry = sg_store_registry(keys->store);
    uint32_t period = sg_write_key_period();
    uint8_t key[SG_KEY_SIZE];
    struct set set;
    enum sg_err err;

    set_make(keys, readers, &set);
    sg_crypto_random(key, sizeof key);
    err = sg_content_key_encode(registry, &keys->log.id, period, key, set.keys,
                                set.count, ret_payload);
    if (err == SG_OK) {
        size_t at = take_place(keys, index, period, set.count);

        memcpy(keys->known[at].ids, set.ids, sizeof set.ids);
        sg_seal_keys_init(&keys->secrets[at], registry, &keys->log.id, key);
    }
    sg_crypto_wipe(key, sizeof key);
    return err;
}

void sg_write_key_drop(struct sg_write_key_ring *keys, uint64_t from)
{
    for (size_t i = 0; keys != NULL && i < SG_WRITE_KEY_MAX; i++)
        if (keys->known[i].entry >= from)
            keys->known[i].period = 0;
}

/* --- From the log ---------------------------------------------------------
 */

static bool is_known(const struct sg_write_key_ring *keys, uint64_t entry)
{
    for (size_t i = 0; i < SG_WRITE_KEY_MAX; i++)
        if (keys->known[i].period != 0 && keys->known[i].entry == entry)
            return true;
    return false;
}

/* Reads the content key in entry INDEX: one of this month, of this log, that no
 * more read than we can name. False: it is none of ours. */
static bool learn_key(struct sg_write_key_ring *keys, struct sg_fetch *fetch,
                      struct sg_unseal *unseal, uint64_t index)
{
    const struct sg_content_key_place place = {keys->log.id, index};
    const struct sg_seal_keys *secrets;
    struct sg_content_key parsed;
    size_t at, count;

    if (sg_fetch_range(keys->store, keys->log.number, index, 1, fetch) !=
            SG_OK ||
        fetch->count == 0 || fetch->entries[0].kind != SG_ENTRY_CONTENT_KEY ||
        fetch->entries[0].state != SG_PAYLOAD_PRESENT ||
        sg_content_key_parse(fetch->entries[0].payload, &place, &parsed) !=
            SG_OK ||
        parsed.is_rewrap || parsed.period != sg_write_key_period())
        return false;
    count = sg_content_key_reader_count(&parsed);
    if (count > ALL_READERS ||
        sg_unseal_keys(unseal, &keys->log, index, &secrets) != SG_OK)
        return false;
    at = take_place(keys, index, parsed.period, count);
    for (size_t i = 0; i < count; i++)
        keys->known[at].ids[i] = sg_content_key_reader_id(&parsed, i);
    keys->secrets[at] = *secrets;
    return true;
}

/* The entries that the fetch has, as far as they name content keys: which, in
 * RET_ENTRIES, each in a row once. */
static size_t name_keys(const struct sg_fetch *fetch, uint64_t *ret_entries)
{
    size_t n = 0;

    for (size_t i = 0; i < fetch->count; i++) {
        const struct sg_entry *entry = &fetch->entries[i];
        uint64_t index = fetch->first + i;

        if (entry->kind == SG_ENTRY_SEALED)
            index = entry->key_entry;
        else if (entry->kind != SG_ENTRY_CONTENT_KEY)
            continue;
        if (n == 0 || ret_entries[n - 1] != index)
            ret_entries[n++] = index;
    }
    return n;
}

/* What a walk through the end of a log needs. */
struct walk {
    struct sg_fetch range, one;
    struct sg_unseal *unseal;
    uint64_t named[SG_PACKAGE_ENTRIES_MAX];
    /* Keys that are not ours, or not of this month: looked at once. */
    uint64_t others[SG_WRITE_KEY_MAX];
    size_t n_others;
};

static bool is_other(const struct walk *walk, uint64_t entry)
{
    size_t n =
        walk->n_others < SG_WRITE_KEY_MAX ? walk->n_others : SG_WRITE_KEY_MAX;

    for (size_t i = 0; i < n; i++)
        if (walk->others[i] == entry)
            return true;
    return false;
}

static enum sg_err go(struct sg_write_key_ring *keys, struct walk *walk,
                      uint64_t first, uint64_t size)
{
    while (first < size) {
        uint64_t left = size - first;
        enum sg_err err = sg_fetch_range(keys->store, keys->log.number, first,
                                         left < SG_PACKAGE_ENTRIES_MAX
                                             ? (size_t)left
                                             : SG_PACKAGE_ENTRIES_MAX,
                                         &walk->range);
        size_t n;

        if (err == SG_ERR_NOMEM)
            return err;
        if (err != SG_OK || walk->range.count == 0) {
            first++; /* damaged: what comes after it is still ours */
            continue;
        }
        n = name_keys(&walk->range, walk->named);
        for (size_t i = 0; i < n; i++)
            if (!is_known(keys, walk->named[i]) &&
                !is_other(walk, walk->named[i]) &&
                !learn_key(keys, &walk->one, walk->unseal, walk->named[i]))
                walk->others[walk->n_others++ % SG_WRITE_KEY_MAX] =
                    walk->named[i];
        first += walk->range.count;
    }
    return SG_OK;
}

enum sg_err sg_write_key_load(struct sg_write_key_ring *keys, uint64_t size,
                              uint64_t back)
{
    struct walk *walk = sg_calloc(1, sizeof *walk);
    enum sg_err err = SG_ERR_NOMEM;

    if (walk == NULL)
        return err;
    sg_fetch_init(&walk->range, (size_t)SG_MESSAGE_SIZE_MAX);
    sg_fetch_init(&walk->one, SG_PAYLOAD_SIZE_MAX);
    err = sg_unseal_new(keys->store, keys->scope, &walk->unseal);
    if (err == SG_OK)
        err = go(keys, walk, size > back ? size - back : 0, size);
    sg_unseal_free(walk->unseal);
    sg_fetch_clear(&walk->range);
    sg_fetch_clear(&walk->one);
    sg_free(walk);
    return err;
}

/* --- For our own scope alone ----------------------------------------------
 */

static const struct sg_write_key_readers nobody_else;

/* Writes a new content key to the end of the log, which has SIZE entries. */
static enum sg_err append_new(struct sg_write_key_ring *keys, uint64_t size,
                              struct sg_batch *batch)
{
    struct sg_entry entry;
    struct sg_buf payload;
    enum sg_err err;

    sg_buf_init(&payload, SG_CONTENT_KEY_SIZE_MAX);
    err = sg_write_key_make(keys, &nobody_else, size, &payload);
    if (err == SG_OK)
        err = sg_entry_make(sg_store_hasher(keys->store), SG_ENTRY_CONTENT_KEY,
                            0, sg_buf_bytes(&payload), &entry);
    if (err == SG_OK)
        err = sg_batch_append(batch, keys->log.number, size, &entry, 1);
    if (err == SG_OK)
        err = sg_batch_commit(batch);
    if (err != SG_OK)
        sg_batch_clear(batch);
    sg_buf_clear(&payload);
    return err;
}

static enum sg_err get(struct sg_write_key_ring *keys, uint64_t size,
                       struct sg_batch *batch, struct sg_seal_keys *ret_keys,
                       uint64_t *ret_entry)
{
    const struct sg_seal_keys *found;
    enum sg_err err = sg_write_key_load(keys, size, SG_PACKAGE_ENTRIES_MAX);

    if (err != SG_OK)
        return err;
    found = sg_write_key_find(keys, &nobody_else, ret_entry);
    if (found == NULL) {
        err = append_new(keys, size, batch);
        if (err != SG_OK)
            return err;
        found = sg_write_key_find(keys, &nobody_else, ret_entry);
        if (found == NULL) /* a month ended in between */
            return SG_ERR_STATE;
    }
    *ret_keys = *found;
    return SG_OK;
}

enum sg_err sg_write_key_get(struct sg_store *store, const struct sg_key *scope,
                             const struct sg_store_own *own,
                             struct sg_batch *batch,
                             struct sg_seal_keys **ret_keys,
                             uint64_t *ret_entry)
{
    struct sg_write_key_ring *keys = NULL;
    struct sg_seal_keys *found;
    enum sg_err err;

    if (scope == NULL)
        return SG_ERR_NOTFOUND;
    found = sg_crypto_secret_new(sizeof *found);
    if (found == NULL)
        return SG_ERR_NOMEM;
    err = sg_write_key_new(store, scope, own->number, &own->id, &keys);
    if (err == SG_OK)
        err = get(keys, own->signed_checkpoint.size, batch, found, ret_entry);
    sg_write_key_free(keys);
    if (err == SG_OK)
        *ret_keys = found;
    else
        sg_crypto_secret_free(found);
    return err;
}
