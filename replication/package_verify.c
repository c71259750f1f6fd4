/* What a receiver does with a package: PROTOCOL.md section 9, "found, then". */
#include <string.h>

#include "replication/package.h"
#include "replication/trust_record.h"
#include "storage/base/check.h"
#include "storage/base/plant.h"

void sg_package_receiver_init(struct sg_package_receiver *receiver,
                              const struct sg_frontier *held,
                              const struct sg_checkpoint *known)
{
    SG_ASSERT(held->size <= known->size);
    receiver->held = *held;
    receiver->known = *known;
    receiver->stack.toward.size = 0;
    receiver->stack.count = 0;
}

static bool is_same(const struct sg_hash *a, const struct sg_hash *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* --- By range and sizes --------------------------------------------------- */

/* Whether a checkpoint of SIZE is of one history with all that is known, if
 * what is held folds to it. */
static bool is_anchored(const struct sg_package_receiver *receiver,
                        uint64_t size)
{
    if (size == receiver->known.size)
        return true;
    return size > receiver->known.size &&
           receiver->held.size == receiver->known.size;
}

/* Whether the entries up to END need no nodes, because END ends a range of the
 * stack. */
static bool ends_range(const struct sg_package_receiver *receiver, uint64_t end)
{
    const struct sg_package_stack *stack = &receiver->stack;
    struct sg_merkle_range ranges[SG_MERKLE_HASHES_MAX];
    size_t count;

    if (stack->toward.size == 0)
        return false;
    count = sg_merkle_plan_extension(receiver->held.size, stack->toward.size,
                                     ranges);
    for (size_t i = 0; i < count; i++) {
        if (ranges[i].end == end)
            return true;
    }
    return false;
}

enum sg_package_verdict sg_package_judge(
    const struct sg_package_head *head, uint64_t size,
    const struct sg_package_receiver *receiver)
{
    uint64_t end = sg_package_end(head);

    SG_ASSERT(!head->is_filling);
    if (head->has_checkpoint)
        size = head->size;
    if (end <= receiver->held.size)
        return SG_PACKAGE_DUPLICATE;
    if (head->first > receiver->held.size)
        return SG_PACKAGE_AHEAD;
    if (!head->is_fresh)
        return size != 0 && size == receiver->stack.toward.size
                   ? SG_PACKAGE_FITS
                   : SG_PACKAGE_NO_STACK;
    if (is_anchored(receiver, size) || ends_range(receiver, end))
        return SG_PACKAGE_FITS;
    return size < receiver->known.size ? SG_PACKAGE_OLDER : SG_PACKAGE_UNPROVED;
}

/* --- By hashes ------------------------------------------------------------ */

/* One package on its way: the receiver as it will be. */
struct trial {
    const struct sg_package_log *log;
    const struct sg_package_body *body;
    size_t at; /* the next entry */
    struct sg_package_receiver next;
};

/* Takes leaves off the package until RET_PART has COUNT of them or none is
 * left. */
static void take_leaves(struct trial *trial, uint64_t count,
                        struct sg_frontier *ret_part)
{
    const struct sg_package_body *body = trial->body;

    while (ret_part->size < count && trial->at < body->head.count) {
        struct sg_hash leaf = sg_entry_leaf(&body->entries[trial->at++]);

        sg_merkle_append(ret_part, &leaf, /* on_node= */ NULL, NULL);
    }
}

/* Recomputes one range of the stack from leaves and, where they end within it,
 * from the package's first nodes, and moves what is held on. RET_NODES says how
 * many of these it took. False: the range has another hash. */
static bool take_range(struct trial *trial, const struct sg_merkle_range *range,
                       const struct sg_hash *hash, size_t *ret_nodes)
{
    struct sg_merkle_range ranges[SG_MERKLE_HASHES_MAX];
    struct sg_frontier part, *held = &trial->next.held;
    uint64_t width = range->end - range->start;
    struct sg_hash root;
    enum sg_err err;
    size_t nodes;

    SG_ASSERT(held->size == range->start);
    part.size = 0;
    take_leaves(trial, width, &part);
    nodes =
        sg_merkle_plan_extension(range->start + part.size, range->end, ranges);
    /* The range lies in the one that the nodes reach to the end of. */
    SG_ASSERT(nodes <= trial->body->node_count);
    err = sg_merkle_fold(&part, width, trial->body->nodes, nodes, &root);
    SG_ASSERT(err == SG_OK);
    if (!is_same(&root, hash))
        return false;
    *ret_nodes = nodes;
    err = sg_merkle_extend(held, range->start + part.size, part.hashes,
                           sg_merkle_frontier_count(part.size));
    SG_ASSERT(err == SG_OK);
    return true;
}

/* Puts the NODES that the last range took in front of what is left of the
 * stack from REST on. */
static void move_stack(struct trial *trial, size_t nodes, size_t rest)
{
    struct sg_package_stack *stack = &trial->next.stack;
    size_t left = stack->count - rest;

    SG_ASSERT(nodes + left <= SG_MERKLE_HASHES_MAX);
    memmove(stack->hashes + nodes, stack->hashes + rest,
            left * sizeof stack->hashes[0]);
    memcpy(stack->hashes, trial->body->nodes, nodes * sizeof stack->hashes[0]);
    stack->count = nodes + left;
}

/* Whether the package's nodes from AT on are those that the stack has from REST
 * on: they are sent again where it began before what is held. */
static bool repeats_stack(const struct trial *trial, size_t at, size_t rest)
{
    const struct sg_package_stack *stack = &trial->next.stack;
    const struct sg_package_body *body = trial->body;

    for (; at < body->node_count; at++, rest++) {
        SG_ASSERT(rest < stack->count);
        if (!is_same(&body->nodes[at], &stack->hashes[rest]))
            return false;
    }
    return true;
}

/* Whether the package's checkpoint, if it has one, is the stack's: the same
 * size is known to be equal. */
static bool is_of_stack(const struct trial *trial)
{
    const struct sg_package_head *head = &trial->body->head;
    struct sg_checkpoint same = trial->next.stack.toward;

    if (!head->has_checkpoint ||
        memcmp(head->signature, same.signature, sizeof same.signature) == 0)
        return true;
    memcpy(same.signature, head->signature, sizeof same.signature);
    return sg_checkpoint_verify(&trial->log->hasher->registry, &trial->log->id,
                                trial->log->core.node_key, &same) == SG_OK;
}

/* Verifies against the stack. A fresh package's own nodes lead elsewhere and
 * are not looked at: it ends a range. */
static enum sg_package_verdict fold_stack(struct trial *trial)
{
    struct sg_package_stack *stack = &trial->next.stack;
    struct sg_merkle_range ranges[SG_MERKLE_HASHES_MAX];
    bool is_fresh = trial->body->head.is_fresh;
    size_t i = 0, nodes = 0, count;

    count = sg_merkle_plan_extension(trial->next.held.size, stack->toward.size,
                                     ranges);
    SG_ASSERT(count == stack->count);
    if (!is_fresh && !is_of_stack(trial))
        return SG_PACKAGE_MISMATCH;
    for (; trial->at < trial->body->head.count; i++) {
        SG_ASSERT(i < count);
        if (!take_range(trial, &ranges[i], &stack->hashes[i], &nodes))
            return SG_PACKAGE_MISMATCH;
    }
    if (!is_fresh && !repeats_stack(trial, nodes, i))
        return SG_PACKAGE_MISMATCH;
    if (!SG_PLANT(sync_stack_stays))
        move_stack(trial, nodes, i);
    return SG_PACKAGE_FITS;
}

/* The known checkpoint and another, properly signed, of the same size. */
static void write_fork(const struct sg_package_log *log,
                       const struct sg_checkpoint *known,
                       const struct sg_checkpoint *other,
                       struct sg_fork *ret_fork)
{
    ret_fork->registry = log->hasher->registry;
    ret_fork->core = log->core;
    ret_fork->hash_count = 0;
    sg_fork_order(ret_fork, known, other);
}

/* Verifies from what is held and the checkpoint that came along, which becomes
 * what the stack is toward. */
static enum sg_package_verdict fold_fresh(struct trial *trial,
                                          struct sg_package_result *ret)
{
    const struct sg_package_body *body = trial->body;
    const struct sg_checkpoint *known = &trial->next.known;
    struct sg_checkpoint toward = {.size = body->head.size};
    enum sg_err err;
    bool is_known;

    take_leaves(trial, UINT64_MAX, &trial->next.held);
    err = sg_merkle_fold(&trial->next.held, toward.size, body->nodes,
                         body->node_count, &toward.root);
    SG_ASSERT(err == SG_OK); /* as many nodes as sg_package_reach asks for */
    memcpy(toward.signature, body->head.signature, sizeof toward.signature);
    is_known = toward.size == known->size;
    if (!is_known || !is_same(&toward.root, &known->root) ||
        memcmp(toward.signature, known->signature, sizeof toward.signature)) {
        if (sg_checkpoint_verify(&trial->log->hasher->registry, &trial->log->id,
                                 trial->log->core.node_key, &toward) != SG_OK &&
            !SG_PLANT(sync_signature_skipped))
            return SG_PACKAGE_MISMATCH;
    }
    if (is_known && !is_same(&toward.root, &known->root)) {
        write_fork(trial->log, known, &toward, &ret->fork);
        return SG_PACKAGE_FORKS;
    }
    ret->has_known_grown = !is_known;
    trial->next.known = toward;
    trial->next.stack.toward = toward;
    trial->next.stack.count = body->node_count;
    memcpy(trial->next.stack.hashes, body->nodes,
           body->node_count * sizeof body->nodes[0]);
    return SG_PACKAGE_FITS;
}

/* Whether entry 0 is there and opens this log. */
static bool opens(const struct sg_package_log *log,
                  const struct sg_entry *entry)
{
    struct sg_opening opening;

    if (entry->state != SG_PAYLOAD_PRESENT)
        return false;
    if (sg_entry_opening_decode(entry->payload, &opening) != SG_OK)
        return false;
    return sg_entry_opening_check(&log->hasher->registry, &log->id, &opening) ==
           SG_OK;
}

enum sg_package_verdict sg_package_verify(const struct sg_package_log *log,
                                          const struct sg_package_body *body,
                                          uint64_t size,
                                          struct sg_package_receiver *receiver,
                                          struct sg_package_result *ret)
{
    const struct sg_package_head *head = &body->head;
    enum sg_package_verdict verdict = sg_package_judge(head, size, receiver);
    struct trial trial = {log, body, 0, *receiver};

    if (verdict != SG_PACKAGE_FITS)
        return verdict;
    ret->skip = (size_t)(receiver->held.size - head->first);
    ret->has_known_grown = false;
    trial.at = ret->skip;
    verdict = head->is_fresh && is_anchored(receiver, head->size)
                  ? fold_fresh(&trial, ret)
                  : fold_stack(&trial);
    if (verdict != SG_PACKAGE_FITS)
        return verdict;
    if (receiver->held.size == 0 && !opens(log, &body->entries[0]))
        return SG_PACKAGE_NO_OPENING;
    SG_ASSERT(trial.next.held.size == sg_package_end(head));
    SG_ASSERT(trial.next.held.size <= trial.next.known.size);
    *receiver = trial.next;
    return SG_PACKAGE_FITS;
}

/* --- Payloads ------------------------------------------------------------- */

enum sg_err sg_package_verify_filling(const struct sg_package_body *body,
                                      const struct sg_hash leaves[])
{
    SG_ASSERT(body->head.is_filling);
    for (size_t i = 0; i < body->head.count; i++) {
        struct sg_hash leaf;

        if (body->entries[i].state != SG_PAYLOAD_PRESENT)
            continue;
        leaf = sg_entry_leaf(&body->entries[i]);
        if (!is_same(&leaf, &leaves[i]))
            return SG_ERR_PROOF;
    }
    return SG_OK;
}

/* Says whether ENTRY stays whatever an order names. */
static bool is_kept(const struct sg_entry *entry)
{
    if (entry->kind == SG_ENTRY_PLAIN)
        return entry->state == SG_PAYLOAD_PRESENT &&
               sg_trust_record_is_kept(entry->payload);
    return entry->kind == SG_ENTRY_OPENING ||
           entry->kind == SG_ENTRY_CONTENT_KEY;
}

void sg_package_settle(struct sg_package_body *body,
                       sg_package_order_fn *is_ordered, void *context)
{
    for (size_t i = 0; i < body->head.count; i++) {
        struct sg_entry *entry = &body->entries[i];
        uint8_t order[SG_ERASED_BY_SIZE];

        if (!is_kept(entry) &&
            is_ordered(context, body->head.first + i, order)) {
            entry->state = SG_PAYLOAD_ERASED;
            entry->payload = sg_bytes(NULL, 0);
            memcpy(entry->erased_by, order, sizeof entry->erased_by);
        } else if (entry->state == SG_PAYLOAD_ERASED) {
            entry->state = SG_PAYLOAD_NOT_HELD;
            memset(entry->erased_by, 0, sizeof entry->erased_by);
        }
    }
}
