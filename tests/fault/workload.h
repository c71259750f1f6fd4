/* What the programs of this folder put into a store: entries, and a second
 * node's log to take packages from, both functions of a seed.
 *
 * With the wrapper of sg_crypto_random that is here too (link with
 * -Wl,--wrap=sg_crypto_random), one seed gives the same calls and the same
 * bytes in every run.
 */
#ifndef SG_TESTS_FAULT_WORKLOAD_H
#define SG_TESTS_FAULT_WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/base/prng.h"
#include "storage/lmdb/batch.h"
#include "storage/lmdb/store.h"
#include "storage/log/entry.h"
#include "storage/log/merkle.h"

#define WORKLOAD_PAYLOAD_MAX 6144
/* Entries of the second node's log; all of them are signed at once. */
#define WORKLOAD_FOREIGN 320
/* Entries of own logs from this index on are large, so that the map grows. */
#define WORKLOAD_LARGE_FROM 580
#define WORKLOAD_LARGE_TO   600

extern const struct sg_registry_id workload_registry;

/* A seed, and all that follows from it. Large: keep it static. */
struct workload {
    uint64_t seed;
    struct sg_sign_key key; /* of the node whose store it is */
    uint8_t public_key[SG_KEY_SIZE];

    struct sg_sign_key foreign_key;
    struct sg_log_core foreign_core;
    struct sg_log_id foreign_id;
    struct sg_checkpoint foreign_known; /* at WORKLOAD_FOREIGN */
    struct sg_hash foreign_leaves[WORKLOAD_FOREIGN];
};

/* Sets WORKLOAD to what SEED says, and libraries up. Exits on failure. */
void workload_init(struct workload *workload, uint64_t seed);

/* The numbers that sg_crypto_random gives from here on in this process. */
void workload_seed_random(uint64_t seed);

/* Own logs: 0 records, 1 audit; 2 is the second node's. */
#define WORKLOAD_OWN         2u
#define WORKLOAD_FOREIGN_LOG 2u

/* Writes the payload of entry INDEX of LOG (an opening has none of these);
 * returns its size. */
size_t workload_payload(const struct workload *workload, unsigned log,
                        uint64_t index, uint8_t ret[WORKLOAD_PAYLOAD_MAX]);

/* Says whether packages come without the payload of foreign entry INDEX. */
bool workload_is_absent(uint64_t index);

/* Memory of one package, or of one batch of own entries. */
#define WORKLOAD_ENTRIES_MAX SG_PACKAGE_ENTRIES_MAX
struct workload_entries {
    struct sg_entry entries[WORKLOAD_ENTRIES_MAX];
    struct sg_hash cover[SG_MERKLE_HASHES_MAX];
    size_t used;
    uint8_t payloads[WORKLOAD_ENTRIES_MAX * 512 + 32 * WORKLOAD_PAYLOAD_MAX];
};

/* Fills RET with entries [FIRST, FIRST + COUNT) of own LOG. */
void workload_own(const struct workload *workload, unsigned log, uint64_t first,
                  size_t count, struct workload_entries *ret);

/* Fills RET and RET_PACKAGE with entries [FIRST, FIRST + COUNT) of the foreign
 * log; the number that the store has for it is the caller's to set. */
void workload_package(const struct workload *workload, uint64_t first,
                      size_t count, struct workload_entries *ret,
                      struct sg_package *ret_package);

#endif
