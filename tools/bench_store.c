#include "tools/bench_store.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/lmdb/key_store.h"
#include "storage/log/content_key.h"
#include "storage/registry/unit_file.h"
#include "tools/synth_authority.h"
#include "tools/synth_history.h"

#define WORKLOAD_SIZE_MAX (256u << 20)
#define PERIOD            202601
#define FDS_MAX           16

/* --- Workload W ----------------------------------------------------------- */

static enum sg_err read_file(const char *file, struct sg_buf *buf)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    enum sg_err err = fd < 0 ? SG_ERR_IO : SG_OK;
    ssize_t n = 1;

    while (err == SG_OK && n > 0) {
        uint8_t *room;
        err = sg_buf_extend(buf, 1u << 16, &room);
        if (err != SG_OK)
            break;
        n = read(fd, room, 1u << 16);
        sg_buf_truncate(buf, buf->size - (1u << 16) + (n > 0 ? (size_t)n : 0));
        err = n < 0 ? SG_ERR_IO : SG_OK;
    }
    if (fd >= 0)
        (void)close(fd);
    return err;
}

/* Takes one record from the front of LEFT: its size, little-endian, before
 * it. */
static enum sg_err take(struct sg_bytes *left, struct sg_bytes *ret_body)
{
    if (left->size < 4)
        return SG_ERR_MALFORMED;
    size_t size = (size_t)left->data[0] | (size_t)left->data[1] << 8 |
                  (size_t)left->data[2] << 16 | (size_t)left->data[3] << 24;
    if (size == 0 || size > left->size - 4)
        return SG_ERR_MALFORMED;
    *ret_body = sg_bytes(left->data + 4, size);
    left->data += 4 + size;
    left->size -= 4 + size;
    return SG_OK;
}

enum sg_err sg_bench_store_load(const char *file, struct sg_bench_workload *ret)
{
    struct sg_bytes left, body;
    size_t count = 0;

    *ret = (struct sg_bench_workload){.name = "W", .kind = SG_SEAL_OPAQUE};
    sg_buf_init(&ret->memory, WORKLOAD_SIZE_MAX);
    enum sg_err err = read_file(file, &ret->memory);
    for (left = sg_buf_bytes(&ret->memory); err == SG_OK && left.size > 0;
         count++)
        err = take(&left, &body);
    if (err == SG_OK && count == 0)
        err = SG_ERR_MALFORMED;
    if (err == SG_OK) {
        ret->bodies = sg_calloc(count, sizeof *ret->bodies);
        err = ret->bodies == NULL ? SG_ERR_NOMEM : SG_OK;
    }
    for (left = sg_buf_bytes(&ret->memory); err == SG_OK && left.size > 0;)
        err = take(&left, &ret->bodies[ret->count++]);
    if (err != SG_OK) {
        fprintf(stderr, "bench: %s: %s; make it with tools/workload\n", file,
                sg_err_text(err, SG_LANG_EN));
        sg_bench_store_clear(ret);
    }
    return err;
}

/* Appends the records of HISTORY to RET until there are COUNT. */
static enum sg_err take_records(struct sg_synth_history *history, size_t count,
                                struct sg_bench_workload *ret)
{
    const struct sg_synth_person *person;
    const struct sg_synth_record *records;
    enum sg_err err = SG_OK;
    size_t n = 1;

    while (err == SG_OK && n > 0 && ret->count < count) {
        err = sg_synth_history_next(history, &person, &records, &n);
        for (size_t i = 0; i < n && err == SG_OK; i++) {
            ret->bodies[ret->count++].size = records[i].payload.size;
            err = sg_buf_append(&ret->memory, records[i].payload);
        }
    }
    const uint8_t *at = ret->memory.data;
    for (size_t i = 0; i < ret->count; i++) {
        ret->bodies[i].data = at;
        at += ret->bodies[i].size;
    }
    return err;
}

enum sg_err sg_bench_store_invent(size_t count, struct sg_bench_workload *ret)
{
    struct sg_synth_history_options options;
    struct sg_synth_history *history = NULL;
    struct sg_unit_table *units = NULL;

    *ret =
        (struct sg_bench_workload){.name = "records", .kind = SG_SEAL_RECORD};
    sg_buf_init(&ret->memory, WORKLOAD_SIZE_MAX);
    sg_synth_history_options_init(&options, count, 1);
    enum sg_err err = sg_unit_file_read(sg_unit_file_shipped(), &units, NULL);
    if (err == SG_OK)
        err = sg_synth_history_new(&options, units, &history);
    if (err == SG_OK) {
        ret->bodies =
            sg_calloc(count + SG_SYNTH_RECORDS_MAX, sizeof *ret->bodies);
        err = ret->bodies == NULL ? SG_ERR_NOMEM
                                  : take_records(history, count, ret);
    }
    sg_synth_history_free(history);
    sg_unit_table_free(units);
    if (err != SG_OK)
        sg_bench_store_clear(ret);
    return err;
}

void sg_bench_store_clear(struct sg_bench_workload *workload)
{
    sg_free(workload->bodies);
    workload->bodies = NULL;
    sg_buf_clear(&workload->memory);
}

struct sg_bytes sg_bench_store_body(struct sg_bench_workload *workload)
{
    size_t at = workload->at;

    workload->at = at + 1 < workload->count ? at + 1 : 0;
    return workload->bodies[at];
}

/* --- A store -------------------------------------------------------------- */

static enum sg_err add_content_key(struct sg_bench_store *store)
{
    static const uint8_t secret[SG_KEY_SIZE] = "a bench has no secret to keep";
    struct sg_scope_public reader;
    struct sg_entry entry;
    struct sg_buf payload;

    store->key_entry = store->own->signed_checkpoint.size;
    sg_seal_keys_init(&store->keys, &store->registry, &store->own->id, secret);
    sg_crypto_x25519_public(secret, reader.bytes);
    sg_buf_init(&payload, SG_CONTENT_KEY_SIZE_MAX);
    enum sg_err err =
        sg_content_key_encode(&store->registry, &store->own->id, PERIOD, secret,
                              &reader, 1, &payload);
    if (err == SG_OK)
        err = sg_entry_make(sg_store_hasher(store->store), SG_ENTRY_CONTENT_KEY,
                            0, sg_buf_bytes(&payload), &entry);
    if (err == SG_OK)
        err = sg_batch_append(store->batch, store->own->number,
                              store->key_entry, &entry, 1);
    if (err == SG_OK)
        err = sg_batch_commit(store->batch);
    sg_buf_clear(&payload);
    return err;
}

enum sg_err sg_bench_store_open(struct sg_bench_store *store)
{
    struct sg_store_config config = {.dir = store->dir};
    struct sg_store_key key = {&store->key, SG_LOG_RECORDS};
    enum sg_err err = sg_store_open(&config, &key, 1, &store->store);

    if (err == SG_OK)
        err = sg_batch_new(store->store, &store->batch);
    if (err == SG_OK)
        store->own = sg_store_own(store->store, 0);
    return err;
}

void sg_bench_store_close(struct sg_bench_store *store)
{
    sg_batch_free(store->batch);
    sg_store_close(store->store);
    store->batch = NULL;
    store->store = NULL;
    store->own = NULL;
}

enum sg_err sg_bench_store_make(const struct sg_bench *bench,
                                struct sg_bench_store *ret_store)
{
    static const uint8_t seed[SG_KEY_SIZE] = "a bench has no secret to keep";
    struct sg_store_config config = {.dir = ret_store->dir};
    uint8_t public_key[SG_KEY_SIZE];

    memset(ret_store, 0, sizeof *ret_store);
    (void)snprintf(ret_store->dir, sizeof ret_store->dir, "%s/store",
                   bench->folder);
    memset(&ret_store->registry, 0x11, sizeof ret_store->registry);
    sg_crypto_sign_keypair(seed, &ret_store->key, public_key);
    enum sg_err err = sg_store_create(&config, &ret_store->registry);
    if (err == SG_OK)
        err = sg_bench_store_open(ret_store);
    if (err == SG_OK)
        err = add_content_key(ret_store);
    if (err != SG_OK)
        fprintf(stderr, "bench: %s: %s\n", ret_store->dir,
                sg_err_text(err, SG_LANG_EN));
    return err;
}

/* Reads the node's key of the directory. */
static enum sg_err read_key(struct sg_bench_store *store)
{
    uint8_t file[SG_KEY_FILE_SIZE];
    char folder[SG_BENCH_STORE_PATH_MAX + 8];
    struct sg_key *key;
    enum sg_err err;

    (void)snprintf(folder, sizeof folder, "%s/keys", store->dir);
    err = sg_key_store_read(folder, "node", file);
    if (err == SG_OK)
        err = sg_key_file_decode(SG_BYTES_ARRAY(file), sg_bytes(NULL, 0), &key);
    sg_crypto_wipe(file, sizeof file);
    if (err != SG_OK)
        return err;
    store->key = key->sign;
    sg_key_file_free(key);
    return SG_OK;
}

enum sg_err sg_bench_store_adopt(const char *dir,
                                 struct sg_bench_store *ret_store)
{
    enum sg_err err;

    memset(ret_store, 0, sizeof *ret_store);
    (void)snprintf(ret_store->dir, sizeof ret_store->dir, "%s", dir);
    err = read_key(ret_store);
    if (err == SG_OK)
        err = sg_bench_store_open(ret_store);
    if (err != SG_OK)
        return err;
    ret_store->registry = *sg_store_registry(ret_store->store);
    return add_content_key(ret_store);
}

static int remove_one(const char *path, const struct stat *info, int type,
                      struct FTW *where)
{
    (void)info;
    (void)type;
    (void)where;
    return remove(path);
}

void sg_bench_store_remove(struct sg_bench_store *store)
{
    sg_bench_store_close(store);
    (void)nftw(store->dir, remove_one, FDS_MAX, FTW_DEPTH | FTW_PHYS);
}

/* --- Filling it ----------------------------------------------------------- */

static enum sg_err next_body(void *context, bool is_empty,
                             enum sg_pipeline_next *ret_next,
                             struct sg_bytes *ret_body)
{
    (void)is_empty;
    *ret_next = SG_PIPELINE_BODY;
    *ret_body = sg_bench_store_body(context);
    return SG_OK;
}

enum sg_err sg_bench_store_fill_begin(struct sg_bench_filling *filling)
{
    const struct sg_bench_store *store = filling->store;
    const struct sg_pipeline_config config = {
        .hasher = sg_store_hasher(store->store),
        .keys = &store->keys,
        .key_entry = store->key_entry,
        .kind = filling->workload->kind,
        .first = store->own->signed_checkpoint.size,
        .source = next_body,
        .context = filling->workload,
    };

    return sg_pipeline_new(&config, &filling->pipeline);
}

enum sg_err sg_bench_store_fill_step(void *context)
{
    struct sg_bench_filling *filling = context;
    struct sg_bench_store *store = filling->store;
    struct sg_pipeline_chunk *chunk;
    enum sg_err err = sg_pipeline_get(filling->pipeline, &chunk);

    if (err != SG_OK)
        return err;
    SG_ASSERT(chunk != NULL);
    err = sg_batch_append(store->batch, store->own->number, chunk->first,
                          chunk->entries, chunk->count);
    if (err == SG_OK)
        err = sg_batch_commit(store->batch);
    sg_pipeline_done(filling->pipeline, chunk);
    return err;
}

/* Bodies that are to come of a workload. */
struct few {
    struct sg_bench_workload *workload;
    size_t left;
};

static enum sg_err next_of_few(void *context, bool is_empty,
                               enum sg_pipeline_next *ret_next,
                               struct sg_bytes *ret_body)
{
    struct few *few = context;

    *ret_next = SG_PIPELINE_END;
    return few->left-- > 0
               ? next_body(few->workload, is_empty, ret_next, ret_body)
               : SG_OK;
}

enum sg_err sg_bench_store_fill(struct sg_bench_store *store,
                                struct sg_bench_workload *workload,
                                size_t count)
{
    struct few few = {workload, count};
    const struct sg_pipeline_config config = {
        .hasher = sg_store_hasher(store->store),
        .keys = &store->keys,
        .key_entry = store->key_entry,
        .kind = workload->kind,
        .first = store->own->signed_checkpoint.size,
        .source = next_of_few,
        .context = &few,
    };
    struct sg_pipeline_chunk *chunk = NULL;
    struct sg_pipeline *pipeline;
    enum sg_err err = sg_pipeline_new(&config, &pipeline);

    if (err != SG_OK)
        return err;
    do {
        err = sg_pipeline_get(pipeline, &chunk);
        if (err != SG_OK || chunk == NULL)
            break;
        err = sg_batch_append(store->batch, store->own->number, chunk->first,
                              chunk->entries, chunk->count);
        if (err == SG_OK)
            err = sg_batch_commit(store->batch);
        sg_pipeline_done(pipeline, chunk);
    } while (err == SG_OK);
    sg_pipeline_free(pipeline);
    return err;
}

void sg_bench_store_fill_end(struct sg_bench_filling *filling)
{
    sg_pipeline_free(filling->pipeline);
    filling->pipeline = NULL;
}

enum sg_err sg_bench_store_found(struct sg_buf *ret_genesis,
                                 struct sg_registry_id *ret_registry,
                                 struct sg_sign_key *ret_key,
                                 uint8_t ret_node[SG_KEY_SIZE])
{
    struct sg_unit_table *units = NULL;
    struct sg_synth_authority *said = NULL;
    enum sg_err err = sg_unit_file_read(sg_unit_file_shipped(), &units, NULL);

    if (err == SG_OK)
        err = sg_synth_authority_new(units, /* n_nodes= */ 1, &said);
    if (err == SG_OK) {
        *ret_registry = *sg_synth_authority_registry(said);
        sg_synth_authority_sign_key(said, 1, ret_key, ret_node);
        err = sg_buf_append(ret_genesis, sg_synth_authority_statement(said, 0));
    }
    sg_synth_authority_free(said);
    sg_unit_table_free(units);
    return err;
}
