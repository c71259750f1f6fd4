#include "node/view/feed_store.h"

#include <stdlib.h>
#include <string.h>

#include "node/view/given.h"
#include "node/view/parted.h"
#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/lmdb/fetch.h"
#include "storage/log/content_key.h"
#include "storage/log/seal.h"
#include "storage/registry/merge/table.h"

#define MEMORY_MAX   ((size_t)SG_FEED_ITEMS_MAX * SG_RECORD_SIZE_MAX)
#define POOL_KEYS    64u  /* of one piece of locked memory */
#define READERS_MAX  256u /* units of one key, with all who wrapped it again */
#define WRAPS_OF_MAX 1024u

/* Where a key is wrapped. */
struct wrap {
    uint32_t log;
    uint64_t index;
};

/* A content key that was met. */
struct key {
    uint32_t log;
    uint64_t index;
    struct wrap *wraps;
    size_t n_wraps;
    struct sg_key_id *scopes; /* that can open it */
    size_t n_scopes;
    struct sg_unit_key *units; /* whose those are; ascending */
    size_t n_units;
    bool is_closed; /* no scope key at hand is among those */
    bool is_tried;
    struct sg_seal_keys *keys; /* NULL: no scope key at hand opens it */
};

struct pool {
    struct pool *next;
    struct sg_seal_keys *keys;
    size_t used;
};

struct source {
    struct sg_store *store;
    const struct sg_key *const *scopes;
    size_t n_scopes;
    const struct sg_key *transport;
    struct sg_given given; /* scope keys that the authority gave to it */
    struct sg_opener *opener;
    struct sg_fetch fetch;
    struct sg_buf memory;      /* of opened payloads */
    struct sg_store_log *logs; /* ascending by number */
    size_t n_logs, logs_capacity;
    uint64_t *forks; /* as in struct sg_feed_log, of each */
    struct sg_table keys;
    struct key **list;
    size_t n_keys, keys_capacity;
    struct pool *pools;
    struct sg_feed_scope *said;
    size_t n_said;
    struct sg_unit_key *closed; /* who reads what is closed; ascending */
    size_t n_closed, closed_capacity;
};

/* --- logs and forks ---------------------------------------------------- */

static bool is_own(const struct sg_store *store, uint32_t number)
{
    const struct sg_store_own *own;

    for (size_t i = 0; (own = sg_store_own(store, i)) != NULL; i++)
        if (own->number == number)
            return true;
    return false;
}

/* An own log ends where it is signed: what is committed behind that may be
 * removed at the next start, and another entry take its place. The keeper
 * signs it in the same moment, and says so. */
static void end_signed(const struct sg_store *store, struct sg_store_log *log)
{
    if (log->row.known.size < log->row.frontier.size &&
        is_own(store, log->number))
        log->row.frontier.size = log->row.known.size;
}

static enum sg_err take_log(void *context, const struct sg_store_log *log)
{
    struct source *source = context;

    if (!sg_alloc_grow((void **)&source->logs, source->n_logs,
                       &source->logs_capacity, sizeof *source->logs))
        return SG_ERR_NOMEM;
    source->logs[source->n_logs] = *log;
    end_signed(source->store, &source->logs[source->n_logs++]);
    return SG_OK;
}

static enum sg_err refresh(struct source *source)
{
    enum sg_err err;

    source->n_logs = 0;
    err = sg_store_each(source->store, take_log, source);
    if (err != SG_OK)
        return err;
    sg_free(source->forks);
    source->forks = sg_alloc((source->n_logs + 1) * sizeof *source->forks);
    return source->forks != NULL ? sg_parted_find(source->store, source->logs,
                                                  source->n_logs, source->forks)
                                 : SG_ERR_NOMEM;
}

static enum sg_err give_log(void *context, size_t no,
                            struct sg_feed_log *ret_log)
{
    struct source *source = context;
    const struct sg_store_log *log;
    enum sg_err err = no == 0 ? refresh(source) : SG_OK;

    if (err != SG_OK)
        return err;
    if (no >= source->n_logs)
        return SG_ERR_NOTFOUND;
    log = &source->logs[no];
    *ret_log =
        (struct sg_feed_log){.number = log->number,
                             .id = log->id,
                             .kind = log->row.core.kind,
                             .held = log->row.frontier.size,
                             .absent = log->row.absent,
                             .branch = log->branch + 1u,
                             .fork = source->forks[no],
                             .is_own = is_own(source->store, log->number)};
    memcpy(ret_log->node, log->row.core.node_key, SG_KEY_SIZE);
    return SG_OK;
}

static enum sg_err give_root(void *context, uint32_t number, uint64_t size,
                             struct sg_hash *ret_root)
{
    const struct source *source = context;

    return sg_fetch_root(source->store, number, size, ret_root);
}

static uint32_t give_branch(void *context,
                            const struct sg_authority_prefix *prefix)
{
    struct source *source = context;
    bool is_forked = false;

    for (size_t i = 0; i < source->n_logs; i++) {
        const struct sg_store_log *log = &source->logs[i];
        struct sg_hash root;

        if (memcmp(&log->id, &prefix->log, sizeof log->id) != 0 ||
            source->forks[i] == UINT64_MAX)
            continue;
        if (prefix->size <= source->forks[i])
            return 0;
        is_forked = true;
        if (prefix->size <= log->row.frontier.size &&
            sg_fetch_root(source->store, log->number, prefix->size, &root) ==
                SG_OK &&
            memcmp(&root, &prefix->root, sizeof root) == 0)
            return log->branch + 1u;
    }
    return is_forked ? SG_AUTHORITY_BRANCH_NONE : 0;
}

static const struct sg_store_log *log_of(const struct source *source,
                                         uint32_t number)
{
    for (size_t i = 0; i < source->n_logs; i++)
        if (source->logs[i].number == number)
            return &source->logs[i];
    return NULL;
}

/* --- keys -------------------------------------------------------------- */

static bool is_key(const void *item, const void *wanted)
{
    const struct key *key = item;
    const struct wrap *place = wanted;

    return key->log == place->log && key->index == place->index;
}

static uint64_t hash_place(uint32_t log, uint64_t index)
{
    return sg_table_hash_u64(index << 18 ^ log);
}

static struct key *find_key(const struct source *source, uint32_t log,
                            uint64_t index)
{
    const struct wrap place = {log, index};

    return sg_table_find(&source->keys, hash_place(log, index), is_key, &place);
}

static struct key *need_key(struct source *source, uint32_t log, uint64_t index)
{
    struct key *key = find_key(source, log, index);

    if (key != NULL)
        return key;
    if (!sg_table_reserve(&source->keys) ||
        !sg_alloc_grow((void **)&source->list, source->n_keys,
                       &source->keys_capacity, sizeof(struct key *)))
        return NULL;
    key = sg_calloc(1, sizeof *key);
    if (key == NULL)
        return NULL;
    key->log = log;
    key->index = index;
    sg_table_add(&source->keys, hash_place(log, index), key);
    source->list[source->n_keys++] = key;
    return key;
}

static int compare_units(const void *a, const void *b)
{
    const struct sg_unit_key *x = a, *y = b;

    return (x->value > y->value) - (x->value < y->value);
}

/* Finds whose the scope keys of KEY are. */
static enum sg_err find_units(const struct source *source, struct key *key)
{
    struct sg_unit_key units[READERS_MAX], *kept;
    size_t count = 0, n = 0;

    for (size_t i = 0; i < key->n_scopes; i++)
        for (size_t k = 0; k < source->n_said && count < READERS_MAX; k++)
            if (sg_key_id_compare(&key->scopes[i], &source->said[k].id) == 0)
                units[count++] = source->said[k].unit;
    if (count > 1)
        qsort(units, count, sizeof units[0], compare_units);
    kept = sg_realloc(key->units, (count + 1) * sizeof *kept);
    if (kept == NULL)
        return SG_ERR_NOMEM;
    key->units = kept;
    for (size_t i = 0; i < count; i++)
        if (n == 0 || !sg_unit_key_equal(kept[n - 1], units[i]))
            kept[n++] = units[i];
    key->n_units = n;
    return SG_OK;
}

/* Says whether a scope key at hand opens KEY. */
static bool is_ours(const struct source *source, const struct key *key)
{
    const struct sg_registry_id *registry = sg_store_registry(source->store);

    for (size_t i = 0; i < key->n_scopes; i++) {
        if (sg_given_has(&source->given, &key->scopes[i]))
            return true;
        for (size_t k = 0; k < source->n_scopes; k++) {
            struct sg_key_id id = sg_key_id_of(registry, SG_KEY_SCOPE,
                                               source->scopes[k]->public_key);

            if (sg_key_id_compare(&key->scopes[i], &id) == 0)
                return true;
        }
    }
    return false;
}

/* Adds the units of KEY, which is closed, to those of the others. */
static enum sg_err add_closed(struct source *source, const struct key *key)
{
    for (size_t i = 0; i < key->n_units; i++) {
        size_t at = 0;

        while (at < source->n_closed &&
               source->closed[at].value < key->units[i].value)
            at++;
        if (at < source->n_closed &&
            sg_unit_key_equal(source->closed[at], key->units[i]))
            continue;
        if (!sg_alloc_grow((void **)&source->closed, source->n_closed,
                           &source->closed_capacity, sizeof *source->closed))
            return SG_ERR_NOMEM;
        memmove(source->closed + at + 1, source->closed + at,
                (source->n_closed - at) * sizeof *source->closed);
        source->closed[at] = key->units[i];
        source->n_closed++;
    }
    return SG_OK;
}

/* Finds anew which keys are closed, and to whom. */
static enum sg_err find_closed(struct source *source)
{
    enum sg_err err = SG_OK;

    source->n_closed = 0;
    for (size_t i = 0; i < source->n_keys && err == SG_OK; i++) {
        struct key *key = source->list[i];

        key->is_closed = !is_ours(source, key);
        if (key->is_closed)
            err = add_closed(source, key);
    }
    return err;
}

/* Opens the scope keys that were given to us. Keys that did not open are tried
 * anew if there is one more. */
static enum sg_err take_all_given(struct source *source,
                                  const struct sg_authority *authority,
                                  bool *ret_is_more)
{
    enum sg_err err = SG_OK;

    *ret_is_more = false;
    if (source->transport == NULL)
        return SG_OK;
    for (size_t i = 0; i < source->n_said && err == SG_OK; i++)
        err = sg_given_take(&source->given, &source->said[i].id, authority,
                            source->transport, ret_is_more);
    for (size_t i = 0; i < source->n_keys && *ret_is_more; i++)
        source->list[i]->is_tried = source->list[i]->keys != NULL;
    return err;
}

static enum sg_err give_scopes(void *context, const struct sg_feed_scope *said,
                               size_t count,
                               const struct sg_authority *authority,
                               bool *ret_is_more)
{
    struct source *source = context;
    struct sg_feed_scope *kept =
        sg_realloc(source->said, (count + 1) * sizeof *kept);
    enum sg_err err = SG_OK;

    if (kept == NULL)
        return SG_ERR_NOMEM;
    if (count > 0)
        memcpy(kept, said, count * sizeof *kept);
    source->said = kept;
    source->n_said = count;
    for (size_t i = 0; i < source->n_keys && err == SG_OK; i++)
        err = find_units(source, source->list[i]);
    if (err == SG_OK)
        err = take_all_given(source, authority, ret_is_more);
    return err == SG_OK ? find_closed(source) : err;
}

static const struct sg_unit_key *give_readers(void *context, uint32_t number,
                                              uint64_t key_entry,
                                              size_t *ret_count)
{
    static const struct sg_unit_key nobody;
    const struct source *source = context;
    const struct key *key = find_key(source, number, key_entry);

    *ret_count = key != NULL ? key->n_units : 0;
    return key != NULL && key->units != NULL ? key->units : &nobody;
}

static const struct sg_unit_key *give_closed(void *context, size_t *ret_count)
{
    const struct source *source = context;

    *ret_count = source->n_closed;
    return source->closed;
}

/* Reads the content key at (NUMBER, INDEX); PARSED borrows the fetch. */
static enum sg_err fetch_key(struct source *source, uint32_t number,
                             uint64_t index, struct sg_content_key *ret_parsed)
{
    const struct sg_store_log *log = log_of(source, number);
    struct sg_content_key_place place = {.index = index};
    enum sg_err err;

    if (log == NULL)
        return SG_ERR_NOTFOUND;
    place.log = log->id;
    err = sg_fetch_range(source->store, number, index, 1, &source->fetch);
    if (err != SG_OK)
        return err;
    if (source->fetch.count == 0 ||
        source->fetch.entries[0].kind != SG_ENTRY_CONTENT_KEY ||
        source->fetch.entries[0].state != SG_PAYLOAD_PRESENT)
        return SG_ERR_NOTFOUND;
    return sg_content_key_parse(source->fetch.entries[0].payload, &place,
                                ret_parsed);
}

static bool has_wrap(const struct key *key, uint32_t log, uint64_t index)
{
    for (size_t i = 0; i < key->n_wraps; i++)
        if (key->wraps[i].log == log && key->wraps[i].index == index)
            return true;
    return false;
}

/* Adds the readers of PARSED, a wrap at (OTHER, OTHER_INDEX), to KEY. */
static enum sg_err add_wrap(struct key *key, uint32_t other,
                            uint64_t other_index,
                            const struct sg_content_key *parsed)
{
    size_t count = sg_content_key_reader_count(parsed);
    struct wrap *wraps;
    struct sg_key_id *scopes;

    if (has_wrap(key, other, other_index) || key->n_wraps == WRAPS_OF_MAX)
        return SG_OK;
    wraps = sg_realloc(key->wraps, (key->n_wraps + 1) * sizeof *wraps);
    if (wraps == NULL)
        return SG_ERR_NOMEM;
    key->wraps = wraps;
    scopes = sg_realloc(key->scopes, (key->n_scopes + count) * sizeof *scopes);
    if (scopes == NULL)
        return SG_ERR_NOMEM;
    key->scopes = scopes;
    wraps[key->n_wraps++] = (struct wrap){other, other_index};
    for (size_t i = 0; i < count; i++)
        scopes[key->n_scopes++] = sg_content_key_reader_id(parsed, i);
    key->is_tried = key->keys != NULL;
    return SG_OK;
}

static enum sg_err give_wrap(void *context, uint32_t number, uint64_t index,
                             uint32_t other, uint64_t other_index)
{
    struct source *source = context;
    struct sg_content_key parsed;
    struct key *key;
    enum sg_err err = source->n_logs == 0 ? refresh(source) : SG_OK;

    if (err == SG_OK)
        err = fetch_key(source, other, other_index, &parsed);
    if (err != SG_OK)
        return err == SG_ERR_NOMEM || err == SG_ERR_FATAL ? err : SG_OK;
    key = need_key(source, number, index);
    if (key == NULL)
        return SG_ERR_NOMEM;
    err = add_wrap(key, other, other_index, &parsed);
    if (err == SG_OK)
        err = find_units(source, key);
    if (err != SG_OK)
        return err;
    if (key->is_closed && is_ours(source, key))
        return find_closed(source);
    key->is_closed = !is_ours(source, key);
    return key->is_closed ? add_closed(source, key) : SG_OK;
}

/* Gives locked memory for the keys of one content key. */
static struct sg_seal_keys *take_secret(struct source *source)
{
    struct pool *pool = source->pools;

    if (pool == NULL || pool->used == POOL_KEYS) {
        pool = sg_calloc(1, sizeof *pool);
        if (pool == NULL)
            return NULL;
        pool->keys = sg_crypto_secret_new(POOL_KEYS * sizeof *pool->keys);
        if (pool->keys == NULL) {
            sg_free(pool);
            return NULL;
        }
        pool->next = source->pools;
        source->pools = pool;
    }
    return &pool->keys[pool->used++];
}

/* Opens PARSED with one of our scope keys. */
static enum sg_err unwrap(struct source *source, struct key *key,
                          const struct sg_content_key *parsed)
{
    const struct sg_registry_id *registry = sg_store_registry(source->store);
    const struct sg_store_log *log = log_of(source, key->log);
    uint8_t secret[SG_KEY_SIZE];
    enum sg_err err = SG_ERR_NOTFOUND;

    for (size_t i = 0; log != NULL && i < source->n_scopes && err != SG_OK;
         i++) {
        struct sg_scope_pair reader;

        memcpy(reader.public_key.bytes, source->scopes[i]->public_key,
               SG_KEY_SIZE);
        memcpy(reader.secret, source->scopes[i]->secret, SG_KEY_SIZE);
        err = sg_content_key_unwrap(registry, parsed, &reader, secret);
        sg_crypto_wipe(&reader, sizeof reader);
    }
    if (err != SG_OK && log != NULL)
        err = sg_given_unwrap(&source->given, registry, parsed, secret);
    if (err != SG_OK)
        return SG_OK; /* not for us */
    key->keys = take_secret(source);
    if (key->keys != NULL)
        sg_seal_keys_init(key->keys, registry, &log->id, secret);
    sg_crypto_wipe(secret, sizeof secret);
    return key->keys != NULL ? SG_OK : SG_ERR_NOMEM;
}

static enum sg_err try_key(struct source *source, struct key *key)
{
    enum sg_err err = SG_OK;

    for (size_t i = 0; i < key->n_wraps && key->keys == NULL && err == SG_OK;
         i++) {
        struct sg_content_key parsed;

        err =
            fetch_key(source, key->wraps[i].log, key->wraps[i].index, &parsed);
        if (err == SG_OK)
            err = unwrap(source, key, &parsed);
        else if (err != SG_ERR_NOMEM && err != SG_ERR_FATAL)
            err = SG_OK;
    }
    key->is_tried = err == SG_OK;
    return err;
}

/* --- entries ----------------------------------------------------------- */

/* Opens the sealed payload of ENTRY to the end of the memory; the item's data
 * is set later. */
static void open_item(struct source *source, const struct key *key,
                      const struct sg_entry *entry, struct sg_feed_item *item)
{
    const struct sg_seal_place place = {item->index, entry->key_entry};
    enum sg_seal_kind kind;
    struct sg_bytes body;
    enum sg_err err = sg_seal_decode(source->opener, key->keys, &place,
                                     entry->payload, &kind, &body);

    if (err == SG_ERR_VERSION) {
        item->state = SG_FEED_UNKNOWN;
    } else if (err == SG_OK && kind == SG_SEAL_RECORD &&
               sg_buf_append(&source->memory, body) == SG_OK) {
        item->state = SG_FEED_OPEN;
        item->payload.size = body.size;
    }
}

static void keep_plain(struct source *source, const struct sg_entry *entry,
                       struct sg_feed_item *item)
{
    if (sg_buf_append(&source->memory, entry->payload) != SG_OK)
        return;
    item->state = SG_FEED_OPEN;
    item->payload.size = entry->payload.size;
}

/* What a content key entry says of itself. */
static void read_key(struct source *source, const struct sg_store_log *log,
                     const struct sg_entry *entry, struct sg_feed_item *item)
{
    const struct sg_content_key_place place = {log->id, item->index};
    struct sg_content_key parsed;

    if (sg_content_key_parse(entry->payload, &place, &parsed) != SG_OK)
        return;
    for (size_t i = 0; i < source->n_logs; i++)
        if (memcmp(&source->logs[i].id, &parsed.own.log, sizeof place.log) ==
                0 &&
            (parsed.is_rewrap ? source->logs[i].branch == 0
                              : source->logs[i].number == log->number)) {
            item->state = SG_FEED_KEY;
            item->log = source->logs[i].number;
            item->key_index = parsed.own.index;
        }
}

/* Makes ITEM of entry NO of the fetch. False: it is another turn's, for its key
 * has to be opened first. */
static bool make_item(struct source *source, const struct sg_store_log *log,
                      size_t no, struct sg_feed_item *item,
                      struct key **ret_untried)
{
    const struct sg_entry *entry = &source->fetch.entries[no];
    struct key *key;

    *item = (struct sg_feed_item){.state = SG_FEED_OTHER,
                                  .index = source->fetch.first + no,
                                  .kind = entry->kind,
                                  .key_entry = entry->key_entry};
    if (entry->kind > SG_ENTRY_SEALED)
        item->state = SG_FEED_UNKNOWN;
    else if (entry->state == SG_PAYLOAD_ERASED)
        item->state = SG_FEED_ERASED;
    else if (entry->state != SG_PAYLOAD_PRESENT)
        item->state = SG_FEED_ABSENT;
    key = entry->kind == SG_ENTRY_SEALED
              ? find_key(source, log->number, entry->key_entry)
              : NULL;
    item->is_foreign = key != NULL && key->is_closed;
    if (item->state != SG_FEED_OTHER)
        return true;
    if (entry->kind == SG_ENTRY_CONTENT_KEY)
        read_key(source, log, entry, item);
    if (entry->kind == SG_ENTRY_PLAIN)
        keep_plain(source, entry, item);
    if (entry->kind != SG_ENTRY_SEALED)
        return true;
    if (key != NULL && !key->is_tried) {
        *ret_untried = key;
        return false;
    }
    if (key == NULL || key->keys == NULL)
        item->state = SG_FEED_ABSENT;
    else
        open_item(source, key, entry, item);
    return true;
}

/* A key that follows is known by the view's word alone: a turn ends with it. */
static bool ends_turn(const struct sg_feed_item *item)
{
    return item->state == SG_FEED_KEY;
}

static enum sg_err read_turn(struct source *source, uint32_t number,
                             uint64_t first, size_t count_max,
                             struct sg_feed_item *items, size_t *ret_count,
                             struct key **ret_untried)
{
    const struct sg_store_log *log = log_of(source, number);
    const uint8_t *at;
    size_t count = 0;
    enum sg_err err;

    if (log == NULL)
        return SG_ERR_NOTFOUND;
    err =
        sg_fetch_range(source->store, number, first, count_max, &source->fetch);
    if (err == SG_ERR_DAMAGED) {
        /* It waits for a peer to mend it; the log's count of what is absent
         * does not tell, so it is read again when the view is made anew. */
        items[0] =
            (struct sg_feed_item){.state = SG_FEED_ABSENT, .index = first};
        *ret_count = 1;
        return SG_OK;
    }
    if (err != SG_OK)
        return err;
    sg_buf_truncate(&source->memory, 0);
    while (count < source->fetch.count &&
           make_item(source, log, count, &items[count], ret_untried)) {
        count++;
        if (ends_turn(&items[count - 1]))
            break;
    }
    at = source->memory.data;
    for (size_t i = 0; i < count; i++)
        if (items[i].state == SG_FEED_OPEN) {
            items[i].payload.data = at;
            at += items[i].payload.size;
        }
    *ret_count = count;
    return count > 0 || *ret_untried != NULL ? SG_OK : SG_ERR_NOTFOUND;
}

static enum sg_err give_items(void *context, uint32_t number, uint64_t first,
                              size_t count_max, struct sg_feed_item *ret_items,
                              size_t *ret_count)
{
    struct source *source = context;
    enum sg_err err = SG_OK;

    *ret_count = 0;
    while (err == SG_OK && *ret_count == 0) {
        struct key *untried = NULL;

        err = read_turn(source, number, first, count_max, ret_items, ret_count,
                        &untried);
        if (err == SG_OK && *ret_count == 0 && untried != NULL)
            err = try_key(source, untried);
    }
    return err;
}

/* --- life -------------------------------------------------------------- */

static void end(void *context)
{
    struct source *source = context;

    for (size_t i = 0; i < source->n_keys; i++) {
        sg_free(source->list[i]->wraps);
        sg_free(source->list[i]->scopes);
        sg_free(source->list[i]->units);
        sg_free(source->list[i]);
    }
    while (source->pools != NULL) {
        struct pool *pool = source->pools;

        source->pools = pool->next;
        sg_crypto_secret_free(pool->keys);
        sg_free(pool);
    }
    sg_given_clear(&source->given);
    sg_table_clear(&source->keys);
    sg_free(source->list);
    sg_free(source->said);
    sg_free(source->closed);
    sg_free(source->logs);
    sg_free(source->forks);
    sg_fetch_clear(&source->fetch);
    sg_buf_wipe(&source->memory);
    sg_seal_opener_free(source->opener);
    sg_free(source);
}

enum sg_err sg_feed_store_new(struct sg_store *store,
                              const struct sg_key *const *scopes,
                              size_t n_scopes, const struct sg_key *transport,
                              struct sg_feed *ret_feed)
{
    struct source *source = sg_calloc(1, sizeof *source);
    enum sg_err err;

    if (source == NULL)
        return SG_ERR_NOMEM;
    source->store = store;
    source->scopes = scopes;
    source->n_scopes = n_scopes;
    source->transport = transport;
    sg_fetch_init(&source->fetch, (size_t)1 << 20);
    sg_buf_init(&source->memory, MEMORY_MAX);
    err = sg_seal_opener_new(&source->opener);
    if (err != SG_OK) {
        end(source);
        return err;
    }
    *ret_feed = (struct sg_feed){.context = source,
                                 .log = give_log,
                                 .read = give_items,
                                 .root = give_root,
                                 .readers = give_readers,
                                 .closed = give_closed,
                                 .branch_of = give_branch,
                                 .scopes = give_scopes,
                                 .wrap = give_wrap,
                                 .free = end};
    return SG_OK;
}
