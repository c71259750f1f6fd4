#include "storage/registry/merge/table.h"

#include "storage/base/alloc.h"
#include "storage/base/check.h"

#define N_SLOTS_MIN 64u

void sg_table_clear(struct sg_table *table)
{
    sg_free(table->slots);
    *table = (struct sg_table){0};
}

uint64_t sg_table_hash_u64(uint64_t value)
{
    /* The finalizer of splitmix64, from its public description. */
    value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
    return value ^ value >> 31;
}

uint64_t sg_table_hash(const uint8_t bytes[16])
{
    return sg_table_hash_u64(sg_table_hash_u64(sg_bytes_get_u64be(bytes)) ^
                             sg_bytes_get_u64be(bytes + 8));
}

void *sg_table_find(const struct sg_table *table, uint64_t hash,
                    sg_table_match *match, const void *key)
{
    size_t mask = table->n_slots - 1;

    if (table->n_slots == 0)
        return NULL;
    for (size_t i = hash & mask; table->slots[i].item != NULL;
         i = (i + 1) & mask)
        if (table->slots[i].hash == hash && match(table->slots[i].item, key))
            return table->slots[i].item;
    return NULL;
}

static void put(struct sg_table_slot *slots, size_t mask, uint64_t hash,
                void *item)
{
    size_t i = hash & mask;

    while (slots[i].item != NULL)
        i = (i + 1) & mask;
    slots[i] = (struct sg_table_slot){hash, item};
}

bool sg_table_reserve(struct sg_table *table)
{
    size_t n_slots = table->n_slots > 0 ? 2 * table->n_slots : N_SLOTS_MIN;
    struct sg_table_slot *slots;

    if (table->count + 1 <= table->n_slots / 2)
        return true;
    slots = sg_calloc(n_slots, sizeof *slots);
    if (slots == NULL)
        return false;
    for (size_t i = 0; i < table->n_slots; i++)
        if (table->slots[i].item != NULL)
            put(slots, n_slots - 1, table->slots[i].hash, table->slots[i].item);
    sg_free(table->slots);
    table->slots = slots;
    table->n_slots = n_slots;
    return true;
}

void sg_table_add(struct sg_table *table, uint64_t hash, void *item)
{
    SG_ASSERT(table->count + 1 <= table->n_slots / 2);
    put(table->slots, table->n_slots - 1, hash, item);
    table->count++;
}
