/* The walk of the head tree: it always ends, and finds every difference.
 *
 * Each record of a message is compared with what is known here, and answered by
 * records for the next message. A narrow message is answered wide where what it
 * says agrees although its sender knows that something differs. */
#include <string.h>

#include "replication/exchange_internal.h"
#include "replication/field.h"
#include "storage/base/check.h"

/* Subtrees of so few logs are listed rather than divided. */
#define LIST_MAX 4u

#define WIDTH_WHOLE 32u

/* The longest record: a list of narrow claims or of wide ones. */
#define HEAD_SIZE   (2u + 32u + SG_VARINT_SIZE_MAX)
#define LISTED_SIZE (32u + SG_VARINT_SIZE_MAX + 32u)
#define NODE_SIZE   (HEAD_SIZE + 2u + 16u * SG_HEAD_WIDE_SIZE)

_Static_assert(LISTED_SIZE >= 4 + SG_HEAD_CLAIM_SIZE_MAX, "narrow is smaller");

/* The message being written. */
struct reply {
    struct sg_exchange *x;
    bool is_wide;
    size_t begin; /* of the records */
    struct sg_writer writer;
};

static bool has_room(const struct reply *reply, size_t size)
{
    return reply->writer.size + size <= reply->writer.capacity;
}

/* --- Own logs below a prefix ------------------------------------------- */

/* Gives the logs below PREFIX, at most MAX of them; returns their number, or
 * MAX + 1 if there are more. */
static uint32_t logs_below(const struct sg_exchange *x,
                           const struct sg_head_prefix *prefix,
                           const struct sg_log *ret_logs[], uint32_t max)
{
    struct sg_head_tree_walk walk;
    uint32_t count = 0, slot;

    sg_head_tree_walk_prefix(&walk, sg_log_table_heads(x->table), prefix);
    while (count <= max && sg_head_tree_walk_next(&walk, &slot)) {
        if (count < max)
            ret_logs[count] = sg_log_table_at(x->table, slot);
        count++;
    }
    return count;
}

static struct sg_head_message_listed listed_of(const struct sg_exchange *x,
                                               const struct sg_log *log)
{
    struct sg_head_message_listed listed = {
        .ref = sg_bytes_get_u32be(log->id.hash.bytes),
        .claim = sg_exchange_own(x, log),
        .id = log->id};

    if (!log->is_forked)
        listed.root = log->known.root;
    return listed;
}

static void put_list(struct reply *reply, enum sg_head_record_kind kind,
                     const struct sg_head_prefix *prefix,
                     const struct sg_log *const logs[], uint32_t count)
{
    if (!has_room(reply, HEAD_SIZE + count * LISTED_SIZE))
        return;
    sg_head_message_tree_list(&reply->writer, kind, prefix, count);
    for (uint32_t i = 0; i < count; i++) {
        struct sg_head_message_listed listed = listed_of(reply->x, logs[i]);

        sg_head_message_tree_log(&reply->writer, reply->is_wide, &listed);
    }
}

static void put_node(struct reply *reply, const struct sg_head_prefix *prefix)
{
    struct sg_hash hashes[16];
    uint16_t bitmap;

    if (!has_room(reply, NODE_SIZE))
        return;
    bitmap = sg_head_tree_children(sg_log_table_heads(reply->x->table), prefix,
                                   hashes);
    sg_head_message_tree_node(&reply->writer, reply->is_wide, prefix, bitmap,
                              hashes);
}

/* Says what is known below PREFIX: a list, or a node to be divided. */
static void put_below(struct reply *reply, const struct sg_head_prefix *prefix)
{
    const struct sg_log *logs[LIST_MAX];
    uint32_t count = logs_below(reply->x, prefix, logs, LIST_MAX);

    if (count <= LIST_MAX)
        put_list(reply, SG_HEAD_RECORD_LIST, prefix, logs, count);
    else
        put_node(reply, prefix);
}

/* Introduces all logs below PREFIX, of which the peer knows none. */
static void introduce_below(struct sg_exchange *x,
                            const struct sg_head_prefix *prefix)
{
    struct sg_head_tree_walk walk;
    uint32_t slot;

    sg_head_tree_walk_prefix(&walk, sg_log_table_heads(x->table), prefix);
    while (sg_head_tree_walk_next(&walk, &slot)) {
        if (!sg_exchange_introduce(x, sg_log_table_at(x->table, slot)))
            return;
    }
}

/* --- Nodes ------------------------------------------------------------- */

/* Gives the children that differ as far as RECORD tells, and own ones. */
static uint16_t differing(const struct sg_exchange *x,
                          const struct sg_head_message_record *record,
                          uint16_t *ret_own)
{
    size_t size = record->is_wide ? SG_HEAD_WIDE_SIZE : SG_HEAD_NARROW_SIZE;
    const uint8_t *theirs = record->hashes.data;
    struct sg_hash hashes[16];
    unsigned found = 0;

    *ret_own = sg_head_tree_children(sg_log_table_heads(x->table),
                                     &record->prefix, hashes);
    found = record->bitmap ^ *ret_own;
    for (unsigned c = 0; c < 16; c++) {
        if (!(record->bitmap >> c & 1))
            continue;
        if ((*ret_own >> c & 1) && memcmp(theirs, hashes[c].bytes, size) != 0)
            found |= 1u << c;
        theirs += size;
    }
    return (uint16_t)found;
}

static void answer_node(struct reply *reply,
                        const struct sg_head_message_record *record)
{
    uint16_t own, differ = differing(reply->x, record, &own);

    if (differ == 0 && !record->is_wide)
        put_node(reply, &record->prefix);
    if (own == 0) {
        put_below(reply, &record->prefix);
        return;
    }
    for (unsigned c = 0; c < 16; c++) {
        struct sg_head_prefix child;

        if (!(differ >> c & 1))
            continue;
        child = sg_head_tree_child(&record->prefix, c);
        if (record->bitmap >> c & 1)
            put_below(reply, &child);
        else
            introduce_below(reply->x, &child);
    }
}

/* --- Lists ------------------------------------------------------------- */

/* What of own logs is an answer to a list. */
struct answer {
    uint32_t count;
    const struct sg_log *logs[SG_TREE_LIST_MAX];
};

static void answer_put(struct answer *answer, const struct sg_log *log)
{
    if (answer->count < SG_TREE_LIST_MAX)
        answer->logs[answer->count++] = log;
}

/* Takes the narrow claims of one ref. They are about the logs that it fits
 * where there are as many, in order; else both sides name theirs by core. Gives
 * true if what is said is what is known here. */
static bool take_narrow(struct sg_exchange *x,
                        const struct sg_head_message_listed listed[],
                        uint32_t count, struct answer *answer)
{
    struct sg_log *logs[SG_TREE_LIST_MAX];
    uint32_t ref = listed[0].ref;
    uint32_t fits = sg_log_table_fits(x->table, sg_field_of(ref), WIDTH_WHOLE,
                                      logs, SG_TREE_LIST_MAX);
    bool agrees = fits == count, is_larger = false;

    for (uint32_t i = 0; !agrees && i < fits && i < SG_TREE_LIST_MAX; i++)
        (void)sg_exchange_introduce(x, logs[i]);
    if (!agrees) {
        sg_exchange_ask(x, sg_field_of(ref));
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct sg_head_message_claim *said = &listed[i].claim;
        const struct sg_claim *claim = sg_claims_take(
            x->claims, logs[i], said->size, said->short_by, said->tag);
        int order = claim == NULL ? 0 : sg_claims_compare(x->claims, claim);

        agrees = agrees && order == 0 && claim != NULL;
        is_larger = is_larger || order < 0;
    }
    /* All that the ref fits, or it could not be told which is meant. */
    for (uint32_t i = 0; is_larger && i < count; i++)
        answer_put(answer, logs[i]);
    return agrees;
}

/* Takes a wide claim: whole id and root, but no core. */
static bool take_wide(struct sg_exchange *x,
                      const struct sg_head_message_listed *listed,
                      struct answer *answer)
{
    const struct sg_sha256 *hasher = sg_log_table_hasher(x->table);
    struct sg_log *log = sg_log_table_find(x->table, &listed->id, 0);
    uint64_t size = listed->claim.size;
    struct sg_claim *claim;
    struct sg_hash leaf;

    if (!sg_exchange_knows(log)) {
        sg_exchange_ask(x, sg_log_table_x(&listed->id));
        return false;
    }
    leaf = size == 0
               ? sg_head_tree_leaf_forked(hasher, &listed->id)
               : sg_head_tree_leaf(hasher, &listed->id, size, &listed->root);
    if (memcmp(leaf.bytes,
               sg_head_tree_leaf_at(sg_log_table_heads(x->table), log->number)
                   ->bytes,
               sizeof leaf.bytes) == 0)
        return true;
    claim = sg_claims_take(x->claims, log, size, 0, leaf.bytes);
    if (claim == NULL)
        return false;
    claim->is_suspect = size == log->known.size && !log->is_forked;
    if (claim->is_suspect || sg_claims_compare(x->claims, claim) < 0)
        answer_put(answer, log);
    return false;
}

/* Introduces those of LOGS that are in no record LISTED. */
static void introduce_missing(struct sg_exchange *x,
                              const struct sg_head_message_record *record,
                              const struct sg_head_message_listed listed[],
                              uint32_t count)
{
    struct sg_head_tree_walk walk;
    uint32_t slot, at = 0;

    sg_head_tree_walk_prefix(&walk, sg_log_table_heads(x->table),
                             &record->prefix);
    while (sg_head_tree_walk_next(&walk, &slot)) {
        const struct sg_log *log = sg_log_table_at(x->table, slot);
        uint32_t ref = sg_bytes_get_u32be(log->id.hash.bytes);

        while (at < count && (record->is_wide ? memcmp(&listed[at].id, &log->id,
                                                       sizeof log->id) < 0
                                              : listed[at].ref < ref))
            at++;
        if (at < count && (record->is_wide ? memcmp(&listed[at].id, &log->id,
                                                    sizeof log->id) == 0
                                           : listed[at].ref == ref))
            continue;
        if (!sg_exchange_introduce(x, log))
            return;
    }
}

static void answer_list(struct reply *reply,
                        struct sg_head_message_record *record)
{
    struct sg_head_message_listed listed[SG_TREE_LIST_MAX];
    const struct sg_log *logs[SG_TREE_LIST_MAX];
    struct sg_exchange *x = reply->x;
    struct answer answer = {.count = 0};
    bool agrees = true;
    uint32_t count = 0, own;

    while (count < record->count &&
           sg_head_message_record_next(record, &listed[count]))
        count++;
    for (uint32_t i = 0, next; i < count; i = next) {
        for (next = i + 1; next < count && listed[next].ref == listed[i].ref;)
            next++;
        if (!record->is_wide)
            agrees &= take_narrow(x, &listed[i], next - i, &answer);
        for (uint32_t k = i; record->is_wide && k < next; k++)
            agrees &= take_wide(x, &listed[k], &answer);
    }
    if (record->kind == SG_HEAD_RECORD_ANSWER)
        return;
    introduce_missing(x, record, listed, count);
    own = logs_below(x, &record->prefix, logs, SG_TREE_LIST_MAX);
    if (answer.count > 0)
        put_list(reply, SG_HEAD_RECORD_ANSWER, &record->prefix, answer.logs,
                 answer.count);
    else if (agrees && own == count && !record->is_wide)
        put_list(reply, SG_HEAD_RECORD_LIST, &record->prefix, logs, own);
}

/* Says whether all that a narrow LIST says is known here, so that only whole
 * ids and roots can show the difference. */
static bool list_agrees(const struct sg_exchange *x,
                        struct sg_head_message_record record)
{
    const struct sg_log *logs[SG_TREE_LIST_MAX];
    uint32_t own = logs_below(x, &record.prefix, logs, SG_TREE_LIST_MAX);
    struct sg_head_message_listed listed;
    bool agrees = own == record.count;

    for (uint32_t i = 0; agrees && i < own; i++) {
        struct sg_head_message_listed mine = listed_of(x, logs[i]);

        agrees =
            sg_head_message_record_next(&record, &listed) &&
            listed.ref == mine.ref && listed.claim.size == mine.claim.size &&
            memcmp(listed.claim.tag, mine.claim.tag, SG_HEAD_TAG_SIZE) == 0;
    }
    return agrees;
}

/* --- Messages ---------------------------------------------------------- */

/* Says whether the answer must be wide. */
static bool needs_wide(const struct sg_exchange *x,
                       struct sg_head_message_tree tree)
{
    struct sg_head_message_record record;
    bool is_needed = tree.is_wide || x->is_closing;
    uint16_t own;

    while (!is_needed && sg_head_message_tree_next(&tree, &record)) {
        if (record.kind == SG_HEAD_RECORD_NODE)
            is_needed = differing(x, &record, &own) == 0;
        else if (record.kind == SG_HEAD_RECORD_LIST)
            is_needed = list_agrees(x, record);
    }
    return is_needed;
}

static void begin_reply(struct reply *reply, struct sg_exchange *x,
                        bool is_wide)
{
    struct sg_head_message_auth auth = sg_exchange_auth(x);
    size_t max =
        SG_EXCHANGE_LIST_SHARE(x->send_max) - SG_MESSAGE_HEADER_SIZE_MAX;

    *reply = (struct reply){.x = x, .is_wide = is_wide};
    sg_exchange_write_last(x, &reply->writer);
    /* Introductions and questions go first, into what is kept for them. */
    if (reply->writer.capacity > max)
        reply->writer.capacity = max;
    sg_head_message_tree_begin(&reply->writer, &auth, is_wide);
    reply->begin = reply->writer.size;
}

static void send_reply(struct reply *reply)
{
    size_t size = reply->writer.size;
    enum sg_err err = sg_writer_end(&reply->writer);

    SG_ASSERT(err == SG_OK);
    sg_exchange_send_last(reply->x, SG_MESSAGE_TREE,
                          sg_bytes(reply->x->room->body, size));
}

void sg_exchange_tell_tree(struct sg_exchange *x)
{
    static const struct sg_head_prefix all = {0};
    struct reply reply;

    begin_reply(&reply, x, x->is_closing);
    put_below(&reply, &all);
    send_reply(&reply);
}

enum sg_err sg_exchange_take_tree(struct sg_exchange *x, struct sg_bytes body)
{
    struct sg_head_message_record record;
    struct sg_head_message_tree tree;
    struct reply reply;
    enum sg_err err = sg_head_message_tree_decode(body, &tree);

    if (err != SG_OK)
        return err;
    if (tree.auth.is_there) {
        x->report->has_auth_tag = true;
        memcpy(x->report->auth_tag, tree.auth.tag, SG_HEAD_TAG_SIZE);
    }
    begin_reply(&reply, x, needs_wide(x, tree));
    while (sg_head_message_tree_next(&tree, &record)) {
        if (record.kind == SG_HEAD_RECORD_NODE)
            answer_node(&reply, &record);
        else
            answer_list(&reply, &record);
    }
    sg_exchange_flush(x, WIDTH_WHOLE);
    if (reply.writer.size > reply.begin)
        send_reply(&reply);
    else
        sg_exchange_follow(x, SG_EXCHANGE_END);
    return SG_OK;
}
