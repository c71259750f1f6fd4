#include "tests/unit/any_log.h"

#include <string.h>

#include "storage/base/check.h"

static struct sg_bytes any_payload(struct any_log *log, struct sg_prng *prng)
{
    size_t size =
        1 + (size_t)sg_prng_below(prng, sg_prng_chance(prng, 20) ? 1500 : 90);
    uint8_t *at = log->pool + log->pool_used;

    SG_ASSERT(size <= sizeof log->pool - log->pool_used);
    sg_prng_bytes(prng, at, size);
    log->pool_used += size;
    return sg_bytes(at, size);
}

static struct sg_bytes opening_payload(struct any_log *log)
{
    struct sg_opening opening = {.core = log->of.core};
    uint8_t bytes[SG_OPENING_SIZE_MAX], *at = log->pool + log->pool_used;
    size_t size = sg_entry_opening_encode(&opening, bytes);

    memcpy(at, bytes, size);
    log->pool_used += size;
    return sg_bytes(at, size);
}

static void set_entry(struct any_log *log, size_t index, uint8_t kind,
                      uint64_t key_entry, struct sg_bytes payload)
{
    log->entries[index] = (struct sg_entry){
        .kind = kind,
        .state = SG_PAYLOAD_PRESENT,
        .key_entry = key_entry,
        .length = (uint32_t)payload.size,
        .payload_hash = sg_entry_payload_hash(&log->hasher, payload),
        .payload = payload};
    SG_ASSERT(sg_entry_check(&log->entries[index], index) == SG_OK);
    log->leaves[index] = sg_entry_leaf(&log->entries[index]);
}

static void add_entries(struct any_log *log, struct sg_prng *prng, size_t count)
{
    for (; log->count < count; log->count++) {
        uint8_t kind = (uint8_t)(1 + sg_prng_below(prng, 3));
        uint64_t key_entry = 0;

        if (sg_prng_chance(prng, 100))
            kind = (uint8_t)(1 + sg_prng_below(prng, SG_ENTRY_KIND_MAX));
        if (log->count == 0)
            kind = SG_ENTRY_OPENING;
        if (kind == SG_ENTRY_SEALED && log->count == 1)
            kind = SG_ENTRY_PLAIN;
        if (kind > SG_ENTRY_SEALED)
            key_entry = sg_prng_below(prng, log->count);
        if (kind == SG_ENTRY_SEALED && log->count > 1)
            key_entry = 1 + sg_prng_below(prng, log->count - 1) % 5;
        set_entry(log, log->count, kind, key_entry,
                  log->count == 0 ? opening_payload(log)
                                  : any_payload(log, prng));
    }
}

void any_log_init(struct any_log *log, struct sg_prng *prng, size_t count)
{
    struct sg_registry_id registry;
    uint8_t seed[SG_KEY_SIZE];

    SG_ASSERT(count <= ANY_LOG_COUNT_MAX);
    log->count = 0;
    log->pool_used = 0;
    sg_prng_bytes(prng, registry.hash.bytes, sizeof registry.hash.bytes);
    sg_entry_hasher_init(&log->hasher, &registry);
    sg_prng_bytes(prng, seed, sizeof seed);
    log->of.hasher = &log->hasher;
    log->of.core.kind = SG_LOG_RECORDS;
    sg_crypto_sign_keypair(seed, &log->key, log->of.core.node_key);
    sg_prng_bytes(prng, log->of.core.epoch, sizeof log->of.core.epoch);
    log->of.id = sg_entry_log_id(&registry, &log->of.core);
    add_entries(log, prng, count);
}

void any_log_branch(const struct any_log *log, struct sg_prng *prng, size_t at,
                    struct any_log *ret_other)
{
    SG_ASSERT(at < log->count);
    SG_ASSERT(at > 0);
    *ret_other = *log;
    ret_other->of.hasher = &ret_other->hasher;
    ret_other->pool_used = 0;
    ret_other->count = at;
    add_entries(ret_other, prng, log->count);
}

struct sg_hash any_log_hash(const struct any_log *log, size_t start, size_t end)
{
    struct sg_hash left, right;
    size_t width = 1;

    SG_ASSERT(start < end);
    if (end - start == 1)
        return log->leaves[start];
    while (width * 2 < end - start)
        width *= 2;
    left = any_log_hash(log, start, start + width);
    right = any_log_hash(log, start + width, end);
    return sg_merkle_node(&left, &right);
}

struct sg_frontier any_log_frontier(const struct any_log *log, size_t size)
{
    struct sg_frontier frontier = {.size = 0};

    for (size_t i = 0; i < size; i++)
        sg_merkle_append(&frontier, &log->leaves[i], NULL, NULL);
    return frontier;
}

struct sg_checkpoint any_log_checkpoint(const struct any_log *log, size_t size)
{
    struct sg_checkpoint checkpoint = {.size = 0};
    struct sg_hash root;

    if (size == 0)
        return checkpoint;
    root = any_log_hash(log, 0, size);
    sg_checkpoint_sign(&log->hasher.registry, &log->of.id, &log->key, size,
                       &root, &checkpoint);
    return checkpoint;
}

size_t any_log_cover(const struct any_log *log, size_t from, size_t to,
                     struct sg_hash ret[SG_MERKLE_HASHES_MAX])
{
    struct sg_merkle_range ranges[SG_MERKLE_HASHES_MAX];
    size_t count = sg_merkle_plan_extension(from, to, ranges);

    for (size_t i = 0; i < count; i++)
        ret[i] =
            any_log_hash(log, (size_t)ranges[i].start, (size_t)ranges[i].end);
    return count;
}

void any_log_package(const struct any_log *log, uint64_t number, size_t first,
                     size_t end, size_t size, bool is_fresh,
                     struct sg_package_body *ret_body)
{
    struct sg_checkpoint checkpoint = any_log_checkpoint(log, size);
    struct sg_package_head *head = &ret_body->head;
    uint64_t reach = sg_package_reach(first, end, size, is_fresh);

    *head = (struct sg_package_head){.number = number,
                                     .has_checkpoint = is_fresh,
                                     .is_fresh = is_fresh,
                                     .first = first,
                                     .count = end - first};
    if (number == 0)
        head->ref = sg_package_ref(&log->of.id);
    if (is_fresh) {
        head->size = size;
        memcpy(head->signature, checkpoint.signature, sizeof head->signature);
    }
    memcpy(ret_body->entries, log->entries + first,
           (end - first) * sizeof log->entries[0]);
    ret_body->node_count =
        any_log_cover(log, end, (size_t)reach, ret_body->nodes);
}

void any_log_receiver(const struct any_log *log, size_t held, size_t known,
                      bool has_stack, struct sg_package_receiver *ret)
{
    struct sg_frontier frontier = any_log_frontier(log, held);
    struct sg_checkpoint checkpoint = any_log_checkpoint(log, known);

    sg_package_receiver_init(ret, &frontier, &checkpoint);
    if (!has_stack)
        return;
    ret->stack.toward = checkpoint;
    ret->stack.count = any_log_cover(log, held, known, ret->stack.hashes);
}

struct sg_bytes any_log_encode(const struct sg_package_body *body)
{
    static uint8_t room[SG_MESSAGE_SIZE_MAX];
    struct sg_writer writer;
    enum sg_err err;

    sg_writer_init_array(&writer, room, sizeof room);
    err = sg_package_encode(body, &writer);
    SG_ASSERT(err == SG_OK);
    return sg_writer_written(&writer);
}

void any_log_lose(struct sg_prng *prng, struct sg_package_body *body)
{
    for (size_t i = 0; i < body->head.count; i++) {
        struct sg_entry *entry = &body->entries[i];

        if (entry->kind == SG_ENTRY_OPENING || !sg_prng_chance(prng, 300))
            continue;
        entry->payload = sg_bytes(NULL, 0);
        entry->state = SG_PAYLOAD_NOT_HELD;
        if (sg_prng_chance(prng, 500)) {
            entry->state = SG_PAYLOAD_ERASED;
            sg_prng_bytes(prng, entry->erased_by, sizeof entry->erased_by);
        }
    }
}
