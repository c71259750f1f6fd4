#include "tests/sim/pool.h"

#include <string.h>

#include "tests/sim/memory.h"

void pool_init(struct pool *pool, const struct sg_registry_id *registry)
{
    *pool = (struct pool){.n_buckets = 1 << 12};
    sg_entry_hasher_init(&pool->hasher, registry);
    pool->buckets = memory_new(pool->n_buckets * sizeof *pool->buckets);
}

void pool_clear(struct pool *pool)
{
    for (size_t i = 0; i < pool->n_buckets; i++) {
        struct pool_entry *place = pool->buckets[i];

        while (place != NULL) {
            struct pool_entry *next = place->next;

            memory_free((void *)place->entry.payload.data);
            memory_free(place);
            place = next;
        }
    }
    memory_free(pool->buckets);
    *pool = (struct pool){0};
}

static size_t bucket_of(const struct pool *pool, const struct sg_hash *leaf)
{
    uint64_t value;

    memcpy(&value, leaf->bytes, sizeof value);
    return (size_t)(value & (pool->n_buckets - 1));
}

static struct pool_entry *find(const struct pool *pool,
                               const struct sg_hash *leaf)
{
    struct pool_entry *place = pool->buckets[bucket_of(pool, leaf)];

    while (place != NULL && memcmp(&place->leaf, leaf, sizeof *leaf) != 0)
        place = place->next;
    return place;
}

const struct pool_entry *pool_find(const struct pool *pool,
                                   const struct sg_hash *leaf)
{
    return find(pool, leaf);
}

static void grow(struct pool *pool)
{
    struct pool_entry **old = pool->buckets;
    size_t n_old = pool->n_buckets;

    pool->n_buckets *= 4;
    pool->buckets = memory_new(pool->n_buckets * sizeof *pool->buckets);
    for (size_t i = 0; i < n_old; i++) {
        while (old[i] != NULL) {
            struct pool_entry *place = old[i];
            size_t bucket = bucket_of(pool, &place->leaf);

            old[i] = place->next;
            place->next = pool->buckets[bucket];
            pool->buckets[bucket] = place;
        }
    }
    memory_free(old);
}

const struct pool_entry *pool_put(struct pool *pool,
                                  const struct sg_entry *entry)
{
    struct sg_hash leaf = sg_entry_leaf(entry), hash;
    struct pool_entry *place = find(pool, &leaf);

    if (place == NULL) {
        size_t bucket;

        if (pool->count++ >= pool->n_buckets)
            grow(pool);
        bucket = bucket_of(pool, &leaf);
        place = memory_new(sizeof *place);
        place->entry = *entry;
        place->entry.state = SG_PAYLOAD_NOT_HELD;
        place->entry.payload = sg_bytes(NULL, 0);
        memset(place->entry.erased_by, 0, sizeof place->entry.erased_by);
        place->leaf = leaf;
        place->next = pool->buckets[bucket];
        pool->buckets[bucket] = place;
    }
    if (entry->state == SG_PAYLOAD_PRESENT &&
        place->entry.payload.data == NULL) {
        place->entry.payload =
            sg_bytes(memory_copy(entry->payload.data, entry->payload.size),
                     entry->payload.size);
        place->entry.state = SG_PAYLOAD_PRESENT;
        hash = sg_entry_payload_hash(&pool->hasher, place->entry.payload);
        place->is_sound = memcmp(&hash, &entry->payload_hash, sizeof hash) == 0;
    }
    return place;
}
