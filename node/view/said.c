#include "node/view/said.h"

#include <stdlib.h>
#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/log/key_id.h"

#define STATEMENT_LAST 22u

struct node {
    uint8_t key[SG_KEY_SIZE];
};

/* A statement about a scope key. */
struct scope {
    struct sg_hash id;
    struct sg_authority_place place;
    uint8_t signature[SG_SIGNATURE_SIZE];
    bool is_signed;
    struct sg_feed_scope says;
};

/* How much of a log was said to be held. */
struct held {
    struct sg_log_id log;
    uint64_t size;
};

struct list {
    void *items;
    size_t count, capacity;
};

struct sg_said {
    struct sg_registry_id registry;
    const struct sg_feed *feed;
    struct sg_authority *authority;
    struct list nodes;  /* of struct node: the authority's, so far */
    struct list cut;    /* of struct node: see sg_said_is_cut */
    struct list scopes; /* of struct scope */
    struct list valid;  /* of struct sg_feed_scope */
    struct list held;   /* of struct held */
    unsigned changes;   /* of what was added and is not sealed */
    bool is_added, has_erased;
    uint32_t as_of;
};

/* Makes room for one more and gives it; NULL when there is no memory. */
static void *add(struct list *list, size_t size)
{
    if (list->count == list->capacity) {
        size_t more = list->capacity > 0 ? 2 * list->capacity : 16;
        void *items = sg_realloc(list->items, more * size);

        if (items == NULL)
            return NULL;
        list->items = items;
        list->capacity = more;
    }
    return (uint8_t *)list->items + size * list->count++;
}

static bool has_node(const struct list *list, const uint8_t key[SG_KEY_SIZE])
{
    const struct node *nodes = list->items;

    for (size_t i = 0; i < list->count; i++)
        if (memcmp(nodes[i].key, key, SG_KEY_SIZE) == 0)
            return true;
    return false;
}

static bool add_node(struct list *list, const uint8_t key[SG_KEY_SIZE])
{
    struct node *node;

    if (has_node(list, key))
        return true;
    node = add(list, sizeof *node);
    if (node != NULL)
        memcpy(node->key, key, SG_KEY_SIZE);
    return node != NULL;
}

/* --- life -------------------------------------------------------------- */

static uint32_t branch_of(const void *context,
                          const struct sg_authority_prefix *prefix)
{
    const struct sg_feed *feed = context;

    return feed->branch_of(feed->context, prefix);
}

enum sg_err sg_said_new(const struct sg_registry_id *registry,
                        const struct sg_feed *feed, struct sg_said **ret_said)
{
    struct sg_said *said = sg_calloc(1, sizeof *said);
    enum sg_err err;

    if (said == NULL)
        return SG_ERR_NOMEM;
    said->registry = *registry;
    said->feed = feed;
    err = sg_authority_new(registry, branch_of, feed, &said->authority);
    if (err == SG_OK)
        err = sg_authority_seal(said->authority);
    if (err != SG_OK) {
        sg_said_free(said);
        return err;
    }
    *ret_said = said;
    return SG_OK;
}

void sg_said_free(struct sg_said *said)
{
    if (said == NULL)
        return;
    sg_authority_free(said->authority);
    sg_free(said->nodes.items);
    sg_free(said->cut.items);
    sg_free(said->scopes.items);
    sg_free(said->valid.items);
    sg_free(said->held.items);
    sg_free(said);
}

/* --- what goes in ------------------------------------------------------ */

bool sg_said_has_genesis(const struct sg_said *said)
{
    return said->nodes.count > 0;
}

bool sg_said_is_authority(const struct sg_said *said,
                          const uint8_t node[SG_KEY_SIZE])
{
    return said->nodes.count == 0 || has_node(&said->nodes, node);
}

/* What a statement of TYPE may change. */
static unsigned changes_of(unsigned type)
{
    switch (type) {
    case SG_TYPE_GENESIS:
    case SG_TYPE_AUTHORITY_LOG:
    case SG_TYPE_ROOT_ROTATE:
    case SG_TYPE_OFFICER_CUT:
    case SG_TYPE_LIFT:
    case SG_TYPE_ENDORSE_RANGE:
    case SG_TYPE_RULES:
        return SG_SAID_VERDICTS | SG_SAID_FOLD;
    case SG_TYPE_NODE_CUT:
        return SG_SAID_NODES;
    case SG_TYPE_SCOPE_KEY:
        return SG_SAID_SCOPES | SG_SAID_FOLD;
    case SG_TYPE_HEARTBEAT:
    case SG_TYPE_OFFICER_GRANT:
    case SG_TYPE_PIN_BLOCK:
        return 0;
    case SG_TYPE_NODE_ADMIT:
        return SG_SAID_NODES;
    default:
        return SG_SAID_FOLD;
    }
}

static enum sg_err add_scope(struct sg_said *said,
                             const struct sg_authority_place *place,
                             const struct sg_record *record)
{
    struct scope *scope = add(&said->scopes, sizeof *scope);

    if (scope == NULL)
        return SG_ERR_NOMEM;
    *scope = (struct scope){.place = *place,
                            .is_signed = record->copy.signature.size ==
                                         SG_SIGNATURE_SIZE};
    sg_record_id(&said->registry, record->inner, &scope->id);
    if (scope->is_signed)
        memcpy(scope->signature, record->copy.signature.data,
               SG_SIGNATURE_SIZE);
    scope->says.unit = sg_record_unit(record, SG_FIELD_SCOPE_KEY_UNIT);
    scope->says.id =
        sg_key_id_of(&said->registry, SG_KEY_SCOPE,
                     sg_record_bin(record, SG_FIELD_SCOPE_KEY_PUBLIC).data);
    return SG_OK;
}

/* Notes what RECORD, which was added, is about. */
static enum sg_err note(struct sg_said *said,
                        const struct sg_authority_place *place,
                        const struct sg_record *record)
{
    const uint8_t *node;

    said->is_added = true;
    said->changes |= SG_SAID_ANYTHING | changes_of(record->type);
    if (record->type == SG_TYPE_ERASURE)
        said->has_erased = true;
    if (record->type == SG_TYPE_SCOPE_KEY)
        return add_scope(said, place, record);
    if (record->type != SG_TYPE_NODE_CUT)
        return SG_OK;
    node = sg_record_bin(record, SG_FIELD_NODE_CUT_NODE).data;
    return add_node(&said->cut, node) ? SG_OK : SG_ERR_NOMEM;
}

/* Says whether RECORD founds our registry. */
static bool is_genesis(const struct sg_said *said,
                       const struct sg_record *record)
{
    struct sg_registry_id registry;

    if (record->type != SG_TYPE_GENESIS)
        return false;
    sg_record_registry(record->inner, &registry);
    return memcmp(&registry, &said->registry, sizeof registry) == 0;
}

enum sg_err sg_said_put(struct sg_said *said, const struct sg_feed_log *log,
                        const struct sg_feed_item *item, unsigned *ret_type)
{
    struct sg_authority_place place = {
        .log = log->id,
        .index = item->index,
        .branch = item->index < log->fork ? 0 : log->branch};
    struct sg_record record;
    enum sg_err err;

    *ret_type = 0;
    if (item->state != SG_FEED_OPEN || item->kind != SG_ENTRY_PLAIN ||
        sg_record_decode(item->payload, &record) != SG_OK ||
        record.type > STATEMENT_LAST)
        return SG_OK;
    if (!has_node(&said->nodes, log->node) && !is_genesis(said, &record))
        return SG_OK;
    err = sg_authority_add(said->authority, item->payload, &place, log->node);
    if (err == SG_ERR_INVALID)
        return SG_OK;
    /* What his other logs said before was passed over. */
    if (err == SG_OK && said->nodes.count == 0) {
        said->changes |= SG_SAID_NODES;
        if (!add_node(&said->nodes, log->node) ||
            !add_node(&said->cut, log->node))
            err = SG_ERR_NOMEM;
    }
    if (err == SG_OK)
        err = note(said, &place, &record);
    if (err == SG_OK)
        *ret_type = record.type;
    return err;
}

enum sg_err sg_said_hold(struct sg_said *said, const struct sg_feed_log *log,
                         uint64_t size)
{
    struct held *held = said->held.items;
    size_t at = 0;

    if (!has_node(&said->nodes, log->node) || size == 0)
        return SG_OK;
    while (at < said->held.count &&
           memcmp(&held[at].log, &log->id, sizeof log->id) != 0)
        at++;
    if (at < said->held.count && held[at].size >= size)
        return SG_OK;
    if (at == said->held.count) {
        held = add(&said->held, sizeof *held);
        if (held == NULL)
            return SG_ERR_NOMEM;
        held->log = log->id;
    } else {
        held = &held[at];
    }
    held->size = size;
    said->is_added = true;
    said->changes |= SG_SAID_ANYTHING;
    return sg_authority_hold(said->authority, &log->id, size);
}

/* --- sealing ----------------------------------------------------------- */

/* Finds the scope keys that a valid statement names. */
static enum sg_err find_scopes(struct sg_said *said)
{
    const struct scope *scopes = said->scopes.items;

    said->valid.count = 0;
    for (size_t i = 0; i < said->scopes.count; i++) {
        struct sg_bytes signature = scopes[i].is_signed
                                        ? SG_BYTES_ARRAY(scopes[i].signature)
                                        : sg_bytes(NULL, 0);
        struct sg_feed_scope *valid;

        if (sg_authority_judge(said->authority, &scopes[i].id, &scopes[i].place,
                               signature) != SG_AUTHORITY_VALID)
            continue;
        valid = add(&said->valid, sizeof *valid);
        if (valid == NULL)
            return SG_ERR_NOMEM;
        *valid = scopes[i].says;
    }
    return SG_OK;
}

/* Finds nodes that are the authority's now: their logs were passed over. */
static enum sg_err find_nodes(struct sg_said *said)
{
    struct sg_authority_at at;
    struct sg_feed_log log;
    enum sg_err err = SG_OK;

    sg_authority_at_cut(said->authority, &at);
    for (size_t i = 0; err == SG_OK; i++) {
        const struct sg_authority_node *node;

        err = said->feed->log(said->feed->context, i, &log);
        if (err != SG_OK)
            break;
        node = sg_authority_node(&at, log.node);
        if (node == NULL || node->role != SG_AUTHORITY_ROLE_AUTHORITY ||
            has_node(&said->nodes, log.node))
            continue;
        if (!add_node(&said->nodes, log.node) ||
            !add_node(&said->cut, log.node))
            return SG_ERR_NOMEM;
        said->changes |= SG_SAID_NODES;
    }
    return err == SG_ERR_NOTFOUND ? SG_OK : err;
}

enum sg_err sg_said_seal(struct sg_said *said, unsigned *ret_changes)
{
    enum sg_err err = SG_OK;
    uint32_t as_of;

    *ret_changes = 0;
    if (!said->is_added)
        return SG_OK;
    err = sg_authority_seal(said->authority);
    if (err == SG_OK)
        err = find_nodes(said);
    if (err == SG_OK)
        err = find_scopes(said);
    if (err != SG_OK)
        return err;
    as_of = sg_authority_as_of(said->authority).ymd;
    *ret_changes = said->changes | (as_of != said->as_of ? SG_SAID_DAY : 0);
    said->as_of = as_of;
    said->changes = 0;
    said->is_added = false;
    return SG_OK;
}

bool sg_said_is_cut(const struct sg_said *said, const uint8_t node[SG_KEY_SIZE])
{
    return has_node(&said->cut, node);
}

void sg_said_forget_cut(struct sg_said *said)
{
    said->cut.count = 0;
}

/* --- what comes out ---------------------------------------------------- */

bool sg_said_has_erased(const struct sg_said *said)
{
    return said->has_erased;
}

const struct sg_authority *sg_said_authority(const struct sg_said *said)
{
    return said->authority;
}

const struct sg_feed_scope *sg_said_scopes(const struct sg_said *said,
                                           size_t *ret_count)
{
    *ret_count = said->valid.count;
    return said->valid.items;
}
