#include "node/unseal.h"

#include <string.h>

#include "node/view/given.h"
#include "storage/base/alloc.h"
#include "storage/base/check.h"

/* The key used last: entries that follow each other share it. */
struct sg_unseal {
    struct sg_store *store;
    const struct sg_key *scope;
    const struct sg_given *given; /* NULL: there are none */
    struct sg_opener *opener;
    struct sg_fetch fetch;
    bool is_known;
    uint32_t log;
    uint64_t index;
    enum sg_err err; /* what became of it */
    struct sg_seal_keys *keys;
};

enum sg_err sg_unseal_new(struct sg_store *store, const struct sg_key *scope,
                          struct sg_unseal **ret_unseal)
{
    struct sg_unseal *unseal = sg_calloc(1, sizeof *unseal);

    if (unseal == NULL)
        return SG_ERR_NOMEM;
    unseal->store = store;
    unseal->scope = scope;
    sg_fetch_init(&unseal->fetch, SG_PAYLOAD_SIZE_MAX);
    unseal->keys = sg_crypto_secret_new(sizeof *unseal->keys);
    if (unseal->keys == NULL || sg_seal_opener_new(&unseal->opener) != SG_OK) {
        sg_unseal_free(unseal);
        return SG_ERR_NOMEM;
    }
    *ret_unseal = unseal;
    return SG_OK;
}

void sg_unseal_free(struct sg_unseal *unseal)
{
    if (unseal == NULL)
        return;
    sg_seal_opener_free(unseal->opener);
    sg_crypto_secret_free(unseal->keys);
    sg_fetch_clear(&unseal->fetch);
    sg_free(unseal);
}

void sg_unseal_give(struct sg_unseal *unseal, const struct sg_given *given)
{
    unseal->given = given;
    unseal->is_known = false;
}

/* Opens PARSED with our own scope key. */
static enum sg_err unwrap_own(const struct sg_unseal *unseal,
                              const struct sg_content_key *parsed,
                              uint8_t ret_key[SG_KEY_SIZE])
{
    struct sg_scope_pair reader;
    enum sg_err err;

    if (unseal->scope == NULL)
        return SG_ERR_NOTFOUND;
    memcpy(reader.public_key.bytes, unseal->scope->public_key, SG_KEY_SIZE);
    memcpy(reader.secret, unseal->scope->secret, SG_KEY_SIZE);
    err = sg_content_key_unwrap(sg_store_registry(unseal->store), parsed,
                                &reader, ret_key);
    sg_crypto_wipe(&reader, sizeof reader);
    return err;
}

/* Parses PAYLOAD as the content key at PLACE, and opens it for us. */
static enum sg_err unwrap(struct sg_unseal *unseal, struct sg_bytes payload,
                          const struct sg_content_key_place *place)
{
    const struct sg_registry_id *registry = sg_store_registry(unseal->store);
    struct sg_content_key parsed;
    uint8_t key[SG_KEY_SIZE];
    enum sg_err err = sg_content_key_parse(payload, place, &parsed);

    if (err != SG_OK)
        return err;
    err = unwrap_own(unseal, &parsed, key);
    if (err == SG_ERR_NOTFOUND && unseal->given != NULL)
        err = sg_given_unwrap(unseal->given, registry, &parsed, key);
    if (err == SG_OK)
        sg_seal_keys_init(unseal->keys, registry, &parsed.own.log, key);
    sg_crypto_wipe(key, sizeof key);
    return err;
}

static enum sg_err load(struct sg_unseal *unseal,
                        const struct sg_store_log *log, uint64_t index)
{
    struct sg_content_key_place place = {log->id, index};
    struct sg_fetch *fetch = &unseal->fetch;
    enum sg_err err =
        sg_fetch_range(unseal->store, log->number, index, 1, fetch);

    if (err != SG_OK)
        return err;
    if (fetch->count == 0)
        return SG_ERR_NOTFOUND;
    if (fetch->entries[0].state != SG_PAYLOAD_PRESENT)
        return SG_ERR_NOTHELD;
    if (fetch->entries[0].kind != SG_ENTRY_CONTENT_KEY)
        return SG_ERR_MALFORMED;
    return unwrap(unseal, fetch->entries[0].payload, &place);
}

enum sg_err sg_unseal_keys(struct sg_unseal *unseal,
                           const struct sg_store_log *log, uint64_t index,
                           const struct sg_seal_keys **ret_keys)
{
    if (!unseal->is_known || unseal->log != log->number ||
        unseal->index != index) {
        unseal->err = load(unseal, log, index);
        unseal->log = log->number;
        unseal->index = index;
        unseal->is_known = true;
    }
    if (unseal->err == SG_OK)
        *ret_keys = unseal->keys;
    return unseal->err;
}

enum sg_err sg_unseal_body(struct sg_unseal *unseal,
                           const struct sg_store_log *log,
                           const struct sg_entry *entry, uint64_t index,
                           enum sg_seal_kind *ret_kind,
                           struct sg_bytes *ret_body)
{
    struct sg_seal_place place = {index, entry->key_entry};
    const struct sg_seal_keys *keys;
    enum sg_err err = sg_unseal_keys(unseal, log, entry->key_entry, &keys);

    SG_ASSERT(entry->kind == SG_ENTRY_SEALED);
    SG_ASSERT(entry->state == SG_PAYLOAD_PRESENT);
    if (err == SG_OK)
        err = sg_seal_decode(unseal->opener, keys, &place, entry->payload,
                             ret_kind, ret_body);
    return err;
}
