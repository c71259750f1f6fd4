#include "node/gazette.h"

#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/lmdb/fetch.h"
#include "storage/registry/record.h"

/* A log of an authority's node. */
struct source {
    uint32_t number;
    struct sg_log_id id;
    uint8_t node[SG_KEY_SIZE];
    uint64_t read; /* entries */
};

struct sg_gazette {
    struct sg_store *store;
    struct sg_authority *authority;
    struct sg_fetch *fetch;
    bool has_genesis;
    size_t n;
    struct source sources[SG_AUTHORITY_LOGS_MAX];
};

enum sg_err sg_gazette_new(struct sg_store *store,
                           struct sg_gazette **ret_gazette)
{
    struct sg_gazette *gazette = sg_calloc(1, sizeof *gazette);
    enum sg_err err = SG_ERR_NOMEM;

    if (gazette == NULL)
        return err;
    gazette->store = store;
    gazette->fetch = sg_alloc(sizeof *gazette->fetch);
    if (gazette->fetch != NULL) {
        sg_fetch_init(gazette->fetch, (size_t)SG_MESSAGE_SIZE_MAX);
        err = sg_authority_new(sg_store_registry(store), NULL, NULL,
                               &gazette->authority);
    }
    if (err != SG_OK) {
        sg_gazette_free(gazette);
        return err;
    }
    *ret_gazette = gazette;
    return SG_OK;
}

void sg_gazette_free(struct sg_gazette *gazette)
{
    if (gazette == NULL)
        return;
    if (gazette->fetch != NULL)
        sg_fetch_clear(gazette->fetch);
    sg_free(gazette->fetch);
    sg_authority_free(gazette->authority);
    sg_free(gazette);
}

const struct sg_authority *sg_gazette_authority(
    const struct sg_gazette *gazette)
{
    return gazette->has_genesis ? gazette->authority : NULL;
}

/* --- Which logs -----------------------------------------------------------
 */

/* Says whether entry 1 of LOG is the genesis of this registry. */
static bool begins_with_genesis(struct sg_gazette *gazette,
                                const struct sg_store_log *log)
{
    struct sg_fetch *fetch = gazette->fetch;
    struct sg_registry_id registry;
    struct sg_record record;

    if (log->row.frontier.size < 2 ||
        sg_fetch_range(gazette->store, log->number, 1, 1, fetch) != SG_OK ||
        fetch->count == 0 || fetch->entries[0].kind != SG_ENTRY_PLAIN ||
        fetch->entries[0].state != SG_PAYLOAD_PRESENT ||
        sg_record_decode(fetch->entries[0].payload, &record) != SG_OK ||
        record.type != SG_TYPE_GENESIS)
        return false;
    sg_record_registry(record.inner, &registry);
    return memcmp(&registry, sg_store_registry(gazette->store),
                  sizeof registry) == 0;
}

static bool is_authoritys(struct sg_gazette *gazette,
                          const struct sg_store_log *log)
{
    const struct sg_authority_node *node;
    struct sg_authority_at at;

    if (!gazette->has_genesis)
        return begins_with_genesis(gazette, log);
    sg_authority_at_cut(gazette->authority, &at);
    node = sg_authority_node(&at, log->row.core.node_key);
    return node != NULL && node->role == SG_AUTHORITY_ROLE_AUTHORITY;
}

static struct source *find_source(struct sg_gazette *gazette, uint32_t number)
{
    for (size_t i = 0; i < gazette->n; i++)
        if (gazette->sources[i].number == number)
            return &gazette->sources[i];
    return NULL;
}

/* --- Reading --------------------------------------------------------------
 */

/* Adds the statements that were fetched; anything else is passed over. Not
 * WHOLE: one is not held, and nothing behind it is read. */
static enum sg_err add_entries(struct sg_gazette *gazette,
                               struct source *source, bool *ret_is_whole)
{
    const struct sg_fetch *fetch = gazette->fetch;
    enum sg_err err = SG_OK;

    for (size_t i = 0; i < fetch->count && err == SG_OK; i++) {
        const struct sg_entry *entry = &fetch->entries[i];
        const struct sg_authority_place place = {source->id, source->read, 0};

        if (entry->kind == SG_ENTRY_PLAIN &&
            entry->state != SG_PAYLOAD_PRESENT) {
            *ret_is_whole = false;
            return SG_OK;
        }
        if (entry->kind == SG_ENTRY_PLAIN)
            err = sg_authority_add(gazette->authority, entry->payload, &place,
                                   source->node);
        if (err == SG_ERR_INVALID)
            err = SG_OK; /* no statement */
        source->read += err == SG_OK;
    }
    return err;
}

/* Reads SOURCE up to SIZE. */
static enum sg_err read_source(struct sg_gazette *gazette,
                               struct source *source, uint64_t size)
{
    bool is_whole = true;
    enum sg_err err = SG_OK;

    while (source->read < size && is_whole && err == SG_OK) {
        err = sg_fetch_range(gazette->store, source->number, source->read,
                             SG_PACKAGE_ENTRIES_MAX, gazette->fetch);
        if (err == SG_ERR_DAMAGED || gazette->fetch->count == 0)
            break;
        if (err == SG_OK)
            err = add_entries(gazette, source, &is_whole);
    }
    if (err == SG_ERR_DAMAGED)
        err = SG_OK;
    return err == SG_OK ? sg_authority_hold(gazette->authority, &source->id,
                                            source->read)
                        : err;
}

/* Makes LOG a source if it is one and new. */
static bool take_source(struct sg_gazette *gazette,
                        const struct sg_store_log *log)
{
    struct source *source;

    if (gazette->n == SG_AUTHORITY_LOGS_MAX || !is_authoritys(gazette, log))
        return false;
    source = &gazette->sources[gazette->n++];
    *source = (struct source){.number = log->number, .id = log->id};
    memcpy(source->node, log->row.core.node_key, SG_KEY_SIZE);
    return true;
}

/* Looks at all logs once; RET_MORE says that a new source was found, by which
 * others may become known. */
static enum sg_err look(struct sg_gazette *gazette, bool *ret_more)
{
    struct sg_store_log log;
    enum sg_err err = SG_OK;

    *ret_more = false;
    for (uint32_t number = 1;
         err == SG_OK && sg_store_get(gazette->store, number, &log) == SG_OK;
         number++) {
        struct source *source = find_source(gazette, number);

        if (log.branch != 0 || log.row.core.kind != SG_LOG_RECORDS)
            continue;
        if (source == NULL && take_source(gazette, &log)) {
            source = find_source(gazette, number);
            *ret_more = true;
        }
        if (source == NULL)
            continue;
        err = read_source(gazette, source,
                          log.row.known.size < log.row.frontier.size
                              ? log.row.known.size
                              : log.row.frontier.size);
        gazette->has_genesis = true;
        if (err == SG_OK)
            err = sg_authority_seal(gazette->authority);
    }
    return err;
}

enum sg_err sg_gazette_read(struct sg_gazette *gazette)
{
    enum sg_err err;
    bool more = true;

    do
        err = look(gazette, &more);
    while (err == SG_OK && more);
    return err;
}

/* --- Where it stands ------------------------------------------------------
 */

/* Gives the generation that SOURCE opens, in entry 1. Errors: NOTFOUND (none),
 * DAMAGED, NOMEM. */
static enum sg_err read_generation(struct sg_gazette *gazette,
                                   const struct source *source,
                                   uint64_t *ret_generation)
{
    const struct sg_registry_id *registry = sg_store_registry(gazette->store);
    struct sg_fetch *fetch = gazette->fetch;
    struct sg_record record;
    uint8_t no;
    enum sg_err err;

    if (source->read < 2)
        return SG_ERR_NOTFOUND;
    err = sg_fetch_range(gazette->store, source->number, 1, 1, fetch);
    if (err != SG_OK)
        return err;
    if (fetch->entries[0].kind != SG_ENTRY_PLAIN ||
        sg_record_decode(fetch->entries[0].payload, &record) != SG_OK ||
        record.schema == NULL ||
        sg_record_fit(&record, registry, &no) != SG_RECORD_FITS)
        return SG_ERR_NOTFOUND;
    *ret_generation =
        record.type == SG_TYPE_AUTHORITY_LOG
            ? sg_record_uint(&record, SG_FIELD_AUTHORITY_LOG_GENERATION)
            : 0;
    return record.type == SG_TYPE_AUTHORITY_LOG ||
                   record.type == SG_TYPE_GENESIS
               ? SG_OK
               : SG_ERR_NOTFOUND;
}

enum sg_err sg_gazette_position(struct sg_gazette *gazette,
                                uint64_t *ret_position)
{
    uint64_t newest = 0;

    if (!gazette->has_genesis)
        return SG_ERR_STATE;
    for (size_t i = 0; i < gazette->n; i++) {
        const struct source *source = &gazette->sources[i];
        struct sg_authority_at at;
        uint64_t generation, position;
        enum sg_err err = read_generation(gazette, source, &generation);

        if (err == SG_ERR_NOTFOUND)
            continue;
        if (err != SG_OK)
            return err;
        position = generation << 32 | (source->read & UINT32_MAX);
        /* Of a generation that opens nothing it is ahead of what is held. */
        if (position > newest &&
            sg_authority_at(gazette->authority, position, &at) == SG_OK)
            newest = position;
    }
    *ret_position = newest;
    return SG_OK;
}
