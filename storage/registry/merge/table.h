/* Table: finds an item by its hash, in memory. The inside of register.c.
 *
 * Items are not owned and never leave; who has taken one out of use says so in
 * the item.
 */
#ifndef SG_STORAGE_REGISTRY_MERGE_TABLE_H
#define SG_STORAGE_REGISTRY_MERGE_TABLE_H

#include "storage/base/bytes.h"

struct sg_table_slot {
    uint64_t hash;
    void *item; /* NULL: free */
};

/* All zero when empty. */
struct sg_table {
    struct sg_table_slot *slots;
    size_t n_slots; /* a power of 2 */
    size_t count;
};

/* Says whether ITEM is what KEY names. */
typedef bool sg_table_match(const void *item, const void *key);

/* Frees the slots; TABLE is empty again. */
void sg_table_clear(struct sg_table *table);

/* Mixes 16 bytes, or a number, into a hash. */
uint64_t sg_table_hash(const uint8_t bytes[16]);
uint64_t sg_table_hash_u64(uint64_t value);

/* Finds the item of HASH that MATCH says KEY names; NULL when there is none. */
void *sg_table_find(const struct sg_table *table, uint64_t hash,
                    sg_table_match *match, const void *key);

/* Makes room for one item more; false when there is no memory. */
bool sg_table_reserve(struct sg_table *table);

/* Adds ITEM, not there yet; there is room. */
void sg_table_add(struct sg_table *table, uint64_t hash, void *item);

#endif
