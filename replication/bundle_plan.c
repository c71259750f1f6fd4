#include "replication/bundle_plan.h"

#include <stdlib.h>
#include <string.h>

#include "replication/field.h"
#include "replication/head_message.h"
#include "replication/head_tree.h"
#include "replication/holding.h"
#include "replication/proof.h"
#include "replication/roster.h"
#include "storage/base/alloc.h"
#include "storage/base/check.h"

/* Logs that one short ref may fit before none of them is believed. */
#define FITS_MAX SG_TREE_LIST_MAX
/* The most that a claim takes in `heads`, its short ref included. */
#define CLAIM_SIZE_MAX (5u + SG_HEAD_CLAIM_SIZE_MAX)
/* What `heads` has around its claims. */
#define HEADS_REST_SIZE 32u
#define WIDTH_WHOLE     32u

/* In the order in which logs travel. */
enum priority {
    PRIORITY_AUTHORITY,
    PRIORITY_RECORDS,
    PRIORITY_AUDITS,
    PRIORITY_CUT, /* above a cut */
};

struct row {
    struct sg_log_id id;
    struct sg_log_core core;
    struct sg_checkpoint known;
    uint64_t held; /* here */
    struct sg_hash held_root;
    uint64_t absent;     /* payloads not held */
    uint64_t from;       /* held by the destination, as far as it said */
    uint64_t prove_from; /* known by it, if more than held */
    enum priority priority;
    uint8_t tag[SG_HEAD_TAG_SIZE];
    bool is_forked;
    bool is_claimed; /* by `heads`: nothing else counts */
    bool is_forked_there;
    bool is_other; /* the destination has another root at our size */
};

struct sg_bundle_plan {
    struct sg_bundle_plan_config config;
    struct sg_sha256 hasher;
    struct row *rows;
    uint32_t n_rows;
    bool is_sorted; /* by id */
    struct sg_bundle_make_log *logs;
    struct sg_flow_subscription subscription;
};

enum sg_err sg_bundle_plan_new(const struct sg_bundle_plan_config *config,
                               struct sg_bundle_plan **ret)
{
    struct sg_bundle_plan *plan;

    if (config->logs_max < 1 || config->logs_max > SG_LOGS_MAX)
        return SG_ERR_INVALID;
    plan = sg_calloc(1, sizeof *plan);
    if (plan == NULL)
        return SG_ERR_NOMEM;
    plan->config = *config;
    plan->rows = sg_calloc(config->logs_max, sizeof *plan->rows);
    plan->logs = sg_calloc(config->logs_max, sizeof *plan->logs);
    if (plan->rows == NULL || plan->logs == NULL) {
        sg_bundle_plan_free(plan);
        return SG_ERR_NOMEM;
    }
    sg_head_tree_hasher(&config->registry, &plan->hasher);
    plan->subscription = sg_flow_subscription_default();
    *ret = plan;
    return SG_OK;
}

void sg_bundle_plan_free(struct sg_bundle_plan *plan)
{
    if (plan == NULL)
        return;
    sg_free(plan->rows);
    sg_free(plan->logs);
    sg_free(plan);
}

/* --- Own logs ------------------------------------------------------------ */

static enum priority priority_of(const struct sg_bundle_plan *plan,
                                 const struct row *row)
{
    if (sg_trust_is_authority(plan->config.trust, row->core.node_key))
        return PRIORITY_AUTHORITY;
    if (sg_trust_cut(plan->config.trust, row->core.node_key, &row->id, 0) <
        row->known.size)
        return PRIORITY_CUT;
    return row->core.kind == SG_LOG_RECORDS ? PRIORITY_RECORDS
                                            : PRIORITY_AUDITS;
}

enum sg_err sg_bundle_plan_add(struct sg_bundle_plan *plan,
                               const struct sg_sync_head *head)
{
    struct sg_hash leaf;
    struct row *row;

    if (head->branch != 0 || head->known.size == 0)
        return SG_OK;
    if (plan->n_rows == plan->config.logs_max)
        return SG_ERR_LIMIT;
    row = &plan->rows[plan->n_rows++];
    *row = (struct row){.core = head->core,
                        .known = head->known,
                        .held = head->frontier.size,
                        .held_root = sg_merkle_root(&head->frontier),
                        .absent = head->absent,
                        .is_forked = head->is_forked};
    row->id = sg_entry_log_id(&plan->config.registry, &head->core);
    row->priority = priority_of(plan, row);
    leaf = sg_head_tree_leaf(&plan->hasher, &row->id, row->known.size,
                             &row->known.root);
    memcpy(row->tag, leaf.bytes, sizeof row->tag);
    plan->is_sorted = false;
    return SG_OK;
}

static int compare_ids(const void *a, const void *b)
{
    const struct row *first = a;
    const struct row *second = b;

    return memcmp(&first->id, &second->id, sizeof first->id);
}

/* After the last _add. */
static void sort(struct sg_bundle_plan *plan)
{
    if (!plan->is_sorted && plan->n_rows > 0)
        qsort(plan->rows, plan->n_rows, sizeof plan->rows[0], compare_ids);
    plan->is_sorted = true;
}

/* The first row whose id begins with FIRST or more. */
static uint32_t place_of(const struct sg_bundle_plan *plan,
                         const uint8_t *first, size_t size)
{
    uint32_t low = 0, high = plan->n_rows;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (memcmp(plan->rows[middle].id.hash.bytes, first, size) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* --- What the destination has -------------------------------------------- */

/* Rows that one short ref fits, in order of id. */
struct fits {
    uint32_t count; /* FITS_MAX + 1: too many */
    struct row *rows[FITS_MAX + 1];
};

static void collect(struct sg_bundle_plan *plan, uint32_t prefix,
                    unsigned width, struct fits *fits)
{
    uint32_t shift = WIDTH_WHOLE - width;
    uint8_t first[4];

    sg_bytes_put_u32be(first, prefix << shift);
    for (uint32_t i = place_of(plan, first, sizeof first);
         i < plan->n_rows && fits->count <= FITS_MAX; i++) {
        struct row *row = &plan->rows[i];

        if (sg_bytes_get_u32be(row->id.hash.bytes) >> shift != prefix)
            break;
        fits->rows[fits->count++] = row;
    }
}

static void find_fits(struct sg_bundle_plan *plan, uint32_t ref, unsigned width,
                      struct fits *fits)
{
    fits->count = 0;
    if (width == WIDTH_WHOLE)
        ref = sg_field_of(ref);
    collect(plan, ref, width, fits);
    if (width == WIDTH_WHOLE && ref <= UINT32_MAX - SG_FIELD_PRIME)
        collect(plan, ref + SG_FIELD_PRIME, width, fits);
}

static void take_claim(struct row *row,
                       const struct sg_head_message_claim *claim)
{
    row->is_claimed = true;
    row->is_forked_there = claim->size == 0;
    row->from = claim->size - claim->short_by;
    row->prove_from =
        claim->short_by > 0 && claim->size < row->known.size ? claim->size : 0;
    row->is_other = claim->size == row->known.size &&
                    memcmp(claim->tag, row->tag, sizeof row->tag) != 0;
}

/* Claims with one short ref, in order of id. */
struct group {
    uint32_t ref;
    uint32_t count;
    struct sg_head_message_claim claims[FITS_MAX];
    uint64_t least; /* entries that each of them has */
};

/* As many logs as claims: they are meant in order. Fewer logs: any claim may
 * mean any of them, and the smallest is safe. More: some log is not there at
 * all, and it may be any. */
static void take_group(struct sg_bundle_plan *plan, unsigned width,
                       const struct group *group)
{
    struct sg_head_message_claim least = {.size = group->least};
    struct fits fits;

    if (group->count == 0)
        return;
    find_fits(plan, group->ref, width, &fits);
    for (uint32_t i = 0; i < fits.count; i++) {
        if (fits.count == group->count) {
            take_claim(fits.rows[i], &group->claims[i]);
        } else if (fits.count < group->count && group->least > 0) {
            take_claim(fits.rows[i], &least);
            fits.rows[i]->is_other = false;
        }
    }
}

static enum sg_err take_heads(struct sg_bundle_plan *plan, struct sg_bytes body)
{
    struct sg_head_message_heads heads;
    struct sg_head_message_claim claim;
    struct group group = {0};
    enum sg_err err = sg_head_message_heads_decode(body, &heads);
    uint32_t ref;

    if (err != SG_OK)
        return err;
    while (sg_head_message_heads_next(&heads, &ref, &claim)) {
        uint64_t held = claim.size - claim.short_by;

        if (group.count > 0 && ref != group.ref) {
            take_group(plan, heads.width, &group);
            group.count = 0;
        }
        if (group.count == 0 || held < group.least)
            group.least = held;
        group.ref = ref;
        if (group.count < FITS_MAX)
            group.claims[group.count++] = claim;
        else
            group.least = 0; /* nothing is sure */
    }
    take_group(plan, heads.width, &group);
    return SG_OK;
}

static struct row *find_ref(struct sg_bundle_plan *plan, const uint8_t *ref,
                            size_t size)
{
    uint32_t at = place_of(plan, ref, size);

    if (at == plan->n_rows ||
        memcmp(plan->rows[at].id.hash.bytes, ref, size) != 0)
        return NULL;
    return &plan->rows[at];
}

static void note_held(struct row *row, uint64_t held)
{
    if (row != NULL && !row->is_claimed && held > row->from)
        row->from = held;
}

void sg_bundle_plan_holds(struct sg_bundle_plan *plan,
                          const struct sg_log_id *log, uint64_t held)
{
    sort(plan);
    note_held(find_ref(plan, log->hash.bytes, sizeof log->hash.bytes), held);
}

static enum sg_err take_stored(struct sg_bundle_plan *plan,
                               struct sg_bytes body)
{
    struct sg_flow_stored items[SG_STORED_MAX];
    size_t count = 0;
    enum sg_err err = sg_flow_stored_decode(body, items, &count);

    for (size_t i = 0; i < count && err == SG_OK; i++)
        if (items[i].number == 0)
            note_held(
                find_ref(plan, items[i].ref.bytes, sizeof items[i].ref.bytes),
                items[i].held);
    return err;
}

enum sg_err sg_bundle_plan_take(struct sg_bundle_plan *plan,
                                const struct sg_frame_message *message)
{
    sort(plan);
    switch (message->type) {
    case SG_MESSAGE_HEADS:
        return take_heads(plan, message->body);
    case SG_MESSAGE_STORED:
        return take_stored(plan, message->body);
    case SG_MESSAGE_SUBSCRIBE:
        return sg_flow_subscribe_decode(message->body, &plan->subscription);
    default:
        return SG_OK;
    }
}

const struct sg_flow_subscription *sg_bundle_plan_subscription(
    const struct sg_bundle_plan *plan)
{
    return &plan->subscription;
}

/* --- What goes on the stick ------------------------------------------------
 */

/* Says whether entries of ROW go: a node serves what it can prove to its
 * checkpoint, and a forked log's proof comes first, here or there. */
static bool is_sent(const struct row *row)
{
    return !row->is_forked && !row->is_forked_there &&
           row->held >= row->known.size && row->from < row->known.size;
}

const struct sg_bundle_make_log *sg_bundle_plan_logs(
    struct sg_bundle_plan *plan, size_t *ret_count)
{
    size_t n = 0;

    sort(plan);
    for (int priority = PRIORITY_AUTHORITY; priority <= PRIORITY_CUT;
         priority++)
        for (uint32_t i = 0; i < plan->n_rows; i++) {
            const struct row *row = &plan->rows[i];

            if ((int)row->priority != priority || !is_sent(row))
                continue;
            plan->logs[n++] = (struct sg_bundle_make_log){
                .core = row->core,
                .from = row->from,
                .known = row->known,
                .prove_from = row->prove_from,
            };
        }
    *ret_count = n;
    return plan->logs;
}

/* Finds the certificate of an authority's node. */
static bool find_certificate(const struct sg_bundle_plan *plan,
                             const uint8_t node_key[SG_KEY_SIZE],
                             uint8_t ret[SG_CERTIFICATE_SIZE])
{
    struct sg_trust_node node;
    struct sg_certificate own;

    if (sg_trust_node(plan->config.trust, node_key, &node)) {
        memcpy(ret, node.bytes, SG_CERTIFICATE_SIZE);
        return true;
    }
    memcpy(ret, plan->config.certificate, SG_CERTIFICATE_SIZE);
    return sg_certificate_decode(SG_BYTES_ARRAY(plan->config.certificate),
                                 &own) == SG_OK &&
           memcmp(own.node_key, node_key, SG_KEY_SIZE) == 0;
}

enum sg_err sg_bundle_plan_authority(const struct sg_bundle_plan *plan,
                                     sg_bundle_plan_put_fn *put, void *context)
{
    uint8_t body[SG_AUTHORITY_LISTED_MAX *
                 (SG_CERTIFICATE_SIZE + SG_HEAD_INTRODUCED_SIZE_MAX)];
    struct sg_writer writer;
    size_t n = 0;

    sg_writer_init_array(&writer, body, sizeof body);
    for (uint32_t i = 0; i < plan->n_rows; i++) {
        const struct row *row = &plan->rows[i];
        struct sg_roster_item item = {.core = row->core};

        if (row->priority != PRIORITY_AUTHORITY ||
            !find_certificate(plan, row->core.node_key, item.certificate))
            continue;
        if (n++ == SG_AUTHORITY_LISTED_MAX)
            return SG_ERR_LIMIT;
        if (!row->is_forked) {
            item.claim.size = row->known.size;
            item.claim.short_by = row->known.size - row->held;
        }
        memcpy(item.claim.tag, row->tag, sizeof row->tag);
        sg_roster_put(&writer, &item);
    }
    SG_ASSERT(writer.err == SG_OK);
    put(context, SG_MESSAGE_AUTHORITY, sg_writer_written(&writer));
    return SG_OK;
}

void sg_bundle_plan_proofs(const struct sg_bundle_plan *plan,
                           sg_bundle_plan_put_fn *put, void *context)
{
    for (uint32_t i = 0; i < plan->n_rows; i++) {
        const struct row *row = &plan->rows[i];
        struct sg_proof proof = {.checkpoint = row->known, .hash_count = 1};
        uint8_t body[256];
        struct sg_writer writer;

        if (!row->is_other)
            continue;
        proof.ref = sg_package_ref(&row->id);
        proof.hashes[0] = row->known.root; /* cover(0, n) */
        sg_writer_init_array(&writer, body, sizeof body);
        sg_proof_encode(&proof, &writer);
        SG_ASSERT(writer.err == SG_OK);
        put(context, SG_MESSAGE_PROOF, sg_writer_written(&writer));
    }
}

/* --- Head requests ----------------------------------------------------------
 */

/* What a request's `heads` are written from. */
struct request {
    uint8_t *body;
    uint32_t *order; /* rows by short ref */
    uint32_t *refs;
    struct sg_head_message_claim *claims;
};

static void free_request(struct request *request)
{
    sg_free(request->body);
    sg_free(request->order);
    sg_free(request->refs);
    sg_free(request->claims);
}

static enum sg_err take_request_room(const struct sg_bundle_plan *plan,
                                     struct request *ret)
{
    size_t n = plan->n_rows + 1;

    *ret = (struct request){
        .body = sg_alloc(SG_MESSAGE_SIZE_MAX),
        .order = sg_calloc(n, sizeof *ret->order),
        .refs = sg_calloc(n, sizeof *ret->refs),
        .claims = sg_calloc(n, sizeof *ret->claims),
    };
    return ret->body == NULL || ret->order == NULL || ret->refs == NULL ||
                   ret->claims == NULL
               ? SG_ERR_NOMEM
               : SG_OK;
}

/* Fills REQUEST with all rows, ascending by short ref: those by id, but that
 * the last few ids, from p on, come first. */
static void fill_request(const struct sg_bundle_plan *plan,
                         struct request *request)
{
    uint32_t low = plan->n_rows, n = 0;

    while (low > 0 && sg_bytes_get_u32be(plan->rows[low - 1].id.hash.bytes) >=
                          SG_FIELD_PRIME)
        low--;
    for (uint32_t low_at = 0, high_at = low;
         low_at < low || high_at < plan->n_rows;) {
        uint32_t a =
            low_at < low ? sg_log_table_x(&plan->rows[low_at].id) : UINT32_MAX;
        uint32_t b = high_at < plan->n_rows
                         ? sg_log_table_x(&plan->rows[high_at].id)
                         : UINT32_MAX;

        request->order[n++] = a <= b && low_at < low ? low_at++ : high_at++;
    }
    for (uint32_t i = 0; i < n; i++) {
        const struct row *row = &plan->rows[request->order[i]];
        struct sg_head_message_claim *claim = &request->claims[i];

        request->refs[i] = sg_log_table_x(&row->id);
        if (!row->is_forked) {
            claim->size = row->known.size;
            claim->short_by = row->known.size - row->held;
        }
        memcpy(claim->tag, row->tag, sizeof row->tag);
    }
}

/* Puts `heads`, as many messages as pieces of EXPONENT need, at least one. */
static void put_heads(const struct sg_bundle_plan *plan,
                      const struct request *request, unsigned exponent,
                      sg_bundle_plan_put_fn *put, void *context)
{
    uint32_t most =
        (uint32_t)((sg_bundle_pack_body_max(exponent) - HEADS_REST_SIZE) /
                   CLAIM_SIZE_MAX);
    uint32_t at = 0;

    if (most > SG_HEADS_MAX)
        most = SG_HEADS_MAX;
    do {
        struct sg_head_message_heads heads = {.width = WIDTH_WHOLE};
        struct sg_writer writer;

        heads.count = plan->n_rows - at < most ? plan->n_rows - at : most;
        heads.is_complete = at + heads.count == plan->n_rows;
        sg_writer_init_array(&writer, request->body, SG_MESSAGE_SIZE_MAX);
        sg_head_message_heads_encode(&writer, &heads, request->refs + at,
                                     request->claims + at);
        SG_ASSERT(writer.err == SG_OK);
        put(context, SG_MESSAGE_HEADS, sg_writer_written(&writer));
        at += heads.count;
    } while (at < plan->n_rows);
}

static void put_subscribe(const struct sg_sync_wants *wants,
                          sg_bundle_plan_put_fn *put, void *context)
{
    uint8_t body[SG_KEY_ID_SIZE * SG_SUBSCRIBE_SCOPES_MAX + 16];
    struct sg_flow_subscription subscription = {
        .records = (enum sg_flow_payloads)wants->records,
        .audits = (enum sg_flow_payloads)wants->audits,
        .scope_count = wants->n_scopes,
    };
    struct sg_writer writer;

    memcpy(subscription.scopes, wants->scopes, sizeof subscription.scopes);
    sg_writer_init_array(&writer, body, sizeof body);
    sg_flow_subscribe_encode(&subscription, &writer);
    SG_ASSERT(writer.err == SG_OK);
    put(context, SG_MESSAGE_SUBSCRIBE, sg_writer_written(&writer));
}

enum sg_err sg_bundle_plan_request(struct sg_bundle_plan *plan,
                                   const struct sg_sync_wants *wants,
                                   unsigned exponent,
                                   sg_bundle_plan_put_fn *put, void *context)
{
    struct request request;
    enum sg_err err;

    if (exponent < SG_BUNDLE_EXPONENT_MIN || exponent > SG_BUNDLE_EXPONENT_MAX)
        return SG_ERR_INVALID;
    err = take_request_room(plan, &request);
    if (err == SG_OK) {
        if (wants != NULL)
            put_subscribe(wants, put, context);
        err = sg_bundle_plan_authority(plan, put, context);
    }
    if (err == SG_OK) {
        sort(plan);
        fill_request(plan, &request);
        put_heads(plan, &request, exponent, put, context);
    }
    free_request(&request);
    return err;
}

/* --- Statements ------------------------------------------------------------
 */

static void put_stored(const struct sg_bundle_plan *plan,
                       sg_bundle_plan_put_fn *put, void *context)
{
    struct sg_flow_stored items[SG_STORED_MAX];
    uint8_t body[SG_STORED_MAX * (2 * SG_VARINT_SIZE_MAX + SG_REF_SIZE)];
    size_t n = 0;

    for (uint32_t i = 0; i < plan->n_rows; i++) {
        const struct row *row = &plan->rows[i];
        struct sg_writer writer;

        if (row->held > 0)
            items[n++] = (struct sg_flow_stored){
                .ref = sg_package_ref(&row->id), .held = row->held};
        if (n == 0 || (n < SG_STORED_MAX && i + 1 < plan->n_rows))
            continue;
        sg_writer_init_array(&writer, body, sizeof body);
        sg_flow_stored_encode(items, n, &writer);
        SG_ASSERT(writer.err == SG_OK);
        put(context, SG_MESSAGE_STORED, sg_writer_written(&writer));
        n = 0;
    }
}

void sg_bundle_plan_statements(struct sg_bundle_plan *plan,
                               const struct sg_sign_key *key, uint64_t seconds,
                               sg_bundle_plan_put_fn *put, void *context)
{
    sort(plan);
    put_stored(plan, put, context);
    for (uint32_t i = 0; i < plan->n_rows; i++) {
        const struct row *row = &plan->rows[i];
        struct sg_holding holding = {.log = row->id,
                                     .held = row->held,
                                     .root = row->held_root,
                                     .absent = row->absent,
                                     .seconds = seconds};
        uint8_t body[SG_HOLDING_SIZE];
        struct sg_writer writer;

        if (row->held == 0 || row->is_forked)
            continue;
        sg_holding_sign(&holding, &plan->config.registry, key);
        sg_writer_init_array(&writer, body, sizeof body);
        sg_holding_message_encode(&holding, &plan->config.registry, &writer);
        SG_ASSERT(writer.err == SG_OK);
        put(context, SG_MESSAGE_HOLDING, sg_writer_written(&writer));
    }
}
