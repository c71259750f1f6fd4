#include "tools/synth_store.h"

#include <stdlib.h>
#include <string.h>

#include "storage/base/alloc.h"
#include "storage/lmdb/batch.h"
#include "storage/log/content_key.h"
#include "storage/log/seal.h"
#include "storage/registry/unit_file.h"
#include "tools/synth_authority.h"

#define NODES        27u
#define PERIOD       202507u
#define KEY_ENTRY    1u
#define BODIES_MAX   ((size_t)8 << 30)
#define PAYLOADS_MAX ((size_t)1 << 30)
#define AT_ONCE      4000u /* entries of one commit */

/* A record in the memory of the filling. */
struct body {
    uint64_t hlc;
    size_t at, size;
};

struct filling {
    const struct sg_synth_store_options *options;
    struct sg_synth_store *ret;
    struct sg_unit_table *units;
    struct sg_synth_authority *said;
    struct sg_synth_history *history;
    struct sg_registry_id registry;
    struct sg_batch *batch;
    struct sg_sealer *sealer;
    struct sg_seal_keys keys;
    struct sg_buf bodies, payloads;
    struct body *list;
    size_t count, capacity;
};

static enum sg_err prepare(struct filling *filling)
{
    struct sg_synth_history_options options;
    enum sg_err err =
        sg_unit_file_read(sg_unit_file_shipped(), &filling->units, NULL);

    if (err == SG_OK)
        err = sg_synth_authority_new(filling->units, NODES, &filling->said);
    if (err != SG_OK)
        return err;
    sg_synth_history_options_init(&options, filling->options->persons,
                                  filling->options->seed);
    filling->registry = *sg_synth_authority_registry(filling->said);
    options.registry = filling->registry;
    options.position = sg_synth_authority_position(filling->said);
    if (!filling->options->is_whole) {
        options.per_thousand[SG_SYNTH_APPROVED] = 0;
        options.per_thousand[SG_SYNTH_CARD] = 0;
    }
    err = sg_synth_history_new(&options, filling->units, &filling->history);
    if (err == SG_OK)
        err = sg_synth_authority_grant(filling->said, filling->history);
    if (err == SG_OK)
        err = sg_synth_authority_campaign(filling->said);
    return err;
}

/* Makes the store, with a log of node 0 and one of the authority's. */
static enum sg_err make_store(struct filling *filling)
{
    const struct sg_store_config config = {.dir = filling->options->dir,
                                           .machine =
                                               SG_BYTES_TEXT("synthetic"),
                                           .reserve_size = 1};
    struct sg_sign_key signs[2];
    uint8_t public_key[SG_KEY_SIZE];
    const struct sg_store_key keys[] = {{&signs[0], SG_LOG_RECORDS},
                                        {&signs[1], SG_LOG_RECORDS}};
    enum sg_err err = sg_store_create(&config, &filling->registry);

    sg_synth_authority_sign_key(filling->said, 0, &signs[0], public_key);
    sg_synth_authority_sign_key(filling->said, NODES, &signs[1], public_key);
    if (err == SG_OK)
        err = sg_store_open(&config, keys, 2, &filling->ret->store);
    if (err == SG_OK)
        err = sg_batch_new(filling->ret->store, &filling->batch);
    if (err == SG_OK)
        err = sg_seal_sealer_new(&filling->sealer);
    return err;
}

static enum sg_err append(struct filling *filling,
                          const struct sg_store_own *own,
                          enum sg_entry_kind kind, uint64_t key_entry,
                          struct sg_bytes payload, uint64_t index)
{
    struct sg_entry entry;
    enum sg_err err = sg_entry_make(sg_store_hasher(filling->ret->store), kind,
                                    key_entry, payload, &entry);

    return err == SG_OK
               ? sg_batch_append(filling->batch, own->number, index, &entry, 1)
               : err;
}

static enum sg_err add_statements(struct filling *filling)
{
    const struct sg_store_own *own = sg_store_own(filling->ret->store, 1);
    size_t count = sg_synth_authority_count(filling->said);
    enum sg_err err = SG_OK;

    for (size_t i = 0; i < count && err == SG_OK; i++) {
        err = append(filling, own, SG_ENTRY_PLAIN, 0,
                     sg_synth_authority_statement(filling->said, i), i + 1);
        if (err == SG_OK && (i % AT_ONCE == AT_ONCE - 1 || i + 1 == count))
            err = sg_batch_commit(filling->batch);
    }
    return err;
}

static enum sg_err add_key(struct filling *filling)
{
    static const uint8_t secret[SG_KEY_SIZE] = "everybody may know this secret";
    const struct sg_store_own *own = sg_store_own(filling->ret->store, 0);
    struct sg_scope_public reader;
    struct sg_buf payload;
    enum sg_err err = sg_key_file_new(SG_KEY_SCOPE, &filling->registry, secret,
                                      &filling->ret->scope);

    if (err != SG_OK)
        return err;
    memcpy(reader.bytes, filling->ret->scope->public_key, SG_KEY_SIZE);
    sg_seal_keys_init(&filling->keys, &filling->registry, &own->id, secret);
    sg_buf_init(&payload, SG_CONTENT_KEY_SIZE_MAX);
    err = sg_content_key_encode(&filling->registry, &own->id, PERIOD, secret,
                                &reader, 1, &payload);
    if (err == SG_OK)
        err = append(filling, own, SG_ENTRY_CONTENT_KEY, 0,
                     sg_buf_bytes(&payload), KEY_ENTRY);
    if (err == SG_OK)
        err = sg_batch_commit(filling->batch);
    sg_buf_clear(&payload);
    return err;
}

/* --- records ----------------------------------------------------------- */

static enum sg_err keep(struct filling *filling,
                        const struct sg_synth_record *record)
{
    struct body *list = filling->list;
    size_t more = filling->capacity > 0 ? 2 * filling->capacity : AT_ONCE * 2;

    if (filling->count == filling->capacity) {
        list = sg_realloc(filling->list, more * sizeof *list);
        if (list == NULL)
            return SG_ERR_NOMEM;
        filling->list = list;
        filling->capacity = more;
    }
    list[filling->count++] =
        (struct body){record->hlc, filling->bodies.size, record->payload.size};
    return sg_buf_append(&filling->bodies, record->payload);
}

static int by_clock(const void *a, const void *b)
{
    const struct body *x = a, *y = b;

    if (x->hlc != y->hlc)
        return x->hlc < y->hlc ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

/* Seals COUNT bodies from FIRST on and commits them. */
static enum sg_err write_some(struct filling *filling, size_t first,
                              size_t count)
{
    const struct sg_store_own *own = sg_store_own(filling->ret->store, 0);
    uint64_t index = own->signed_checkpoint.size;
    size_t ends[AT_ONCE], begin = 0;
    enum sg_err err = SG_OK;

    sg_buf_truncate(&filling->payloads, 0);
    for (size_t i = 0; i < count && err == SG_OK; i++) {
        const struct body *body = &filling->list[first + i];
        const struct sg_seal_place place = {index + i, KEY_ENTRY};

        err = sg_seal_encode(
            filling->sealer, &filling->keys, &place, SG_SEAL_RECORD,
            sg_bytes(filling->bodies.data + body->at, body->size),
            &filling->payloads);
        ends[i] = filling->payloads.size;
    }
    for (size_t i = 0; i < count && err == SG_OK; i++) {
        err = append(filling, own, SG_ENTRY_SEALED, KEY_ENTRY,
                     sg_bytes(filling->payloads.data + begin, ends[i] - begin),
                     index + i);
        begin = ends[i];
    }
    if (err == SG_OK)
        err = sg_batch_commit(filling->batch);
    filling->ret->records += err == SG_OK ? count : 0;
    return err;
}

/* Writes what is kept, all of it when IS_END. */
static enum sg_err flush(struct filling *filling, bool is_end)
{
    size_t first = 0;
    enum sg_err err = SG_OK;

    if (!is_end && (filling->options->is_sorted || filling->count < AT_ONCE))
        return SG_OK;
    if (filling->options->is_sorted && filling->count > 1)
        qsort(filling->list, filling->count, sizeof *filling->list, by_clock);
    while (first < filling->count && err == SG_OK) {
        size_t left = filling->count - first;
        size_t count = left < AT_ONCE ? left : AT_ONCE;

        err = write_some(filling, first, count);
        first += count;
    }
    filling->count = 0;
    sg_buf_truncate(&filling->bodies, 0);
    return err;
}

static enum sg_err add_records(struct filling *filling)
{
    const struct sg_synth_person *person;
    const struct sg_synth_record *records;
    size_t count = 1;
    enum sg_err err = SG_OK;

    while (err == SG_OK && count > 0) {
        err =
            sg_synth_history_next(filling->history, &person, &records, &count);
        for (size_t i = 0; err == SG_OK && i < count; i++)
            err = keep(filling, &records[i]);
        filling->ret->persons += count > 0;
        if (err == SG_OK)
            err = flush(filling, count == 0);
    }
    return err;
}

enum sg_err sg_synth_store_make(const struct sg_synth_store_options *options,
                                struct sg_synth_store *ret_store)
{
    struct filling filling = {.options = options, .ret = ret_store};
    enum sg_err err;

    *ret_store = (struct sg_synth_store){.store = NULL};
    sg_buf_init(&filling.bodies, BODIES_MAX);
    sg_buf_init(&filling.payloads, PAYLOADS_MAX);
    err = prepare(&filling);
    if (err == SG_OK)
        err = make_store(&filling);
    if (err == SG_OK)
        err = add_statements(&filling);
    if (err == SG_OK)
        err = add_key(&filling);
    if (err == SG_OK)
        err = add_records(&filling);
    sg_batch_free(filling.batch);
    sg_seal_sealer_free(filling.sealer);
    sg_seal_keys_wipe(&filling.keys);
    sg_synth_history_free(filling.history);
    sg_synth_authority_free(filling.said);
    sg_unit_table_free(filling.units);
    sg_buf_clear(&filling.bodies);
    sg_buf_clear(&filling.payloads);
    sg_free(filling.list);
    if (err != SG_OK)
        sg_synth_store_close(ret_store);
    return err;
}

void sg_synth_store_close(struct sg_synth_store *store)
{
    sg_store_close(store->store);
    sg_key_file_free(store->scope);
    *store = (struct sg_synth_store){.store = NULL};
}
