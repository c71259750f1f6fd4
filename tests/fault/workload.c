#include "tests/fault/workload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/base/check.h"
#include "storage/log/checkpoint.h"

const struct sg_registry_id workload_registry = {{{0x11, 0x11, 0x11, 0x11}}};

static const struct sg_entry_hasher *hasher(void)
{
    static struct sg_entry_hasher begun;
    static bool is_begun;
    if (!is_begun) {
        sg_entry_hasher_init(&begun, &workload_registry);
        is_begun = true;
    }
    return &begun;
}

/* --- Numbers -------------------------------------------------------------- */

static struct sg_prng random_now;

void workload_seed_random(uint64_t seed)
{
    sg_prng_init(&random_now, seed);
}

/* Epochs and database ids are drawn with this: here they repeat. */
void __wrap_sg_crypto_random(uint8_t *ret, size_t size);
void __wrap_sg_crypto_random(uint8_t *ret, size_t size)
{
    sg_prng_bytes(&random_now, ret, size);
}

/* --- Payloads ------------------------------------------------------------- */

size_t workload_payload(const struct workload *workload, unsigned log,
                        uint64_t index, uint8_t ret[WORKLOAD_PAYLOAD_MAX])
{
    struct sg_prng prng;
    size_t size;

    sg_prng_init(&prng, workload->seed ^ (index << 8) ^ log);
    size = 24 + sg_prng_below(&prng, 250);
    if (log < WORKLOAD_OWN && index >= WORKLOAD_LARGE_FROM &&
        index < WORKLOAD_LARGE_TO) {
        size = WORKLOAD_PAYLOAD_MAX;
    }
    sg_prng_bytes(&prng, ret, size);
    return size;
}

bool workload_is_absent(uint64_t index)
{
    return index % 5 == 4;
}

static void add(const struct workload *workload, unsigned log, uint64_t index,
                struct workload_entries *to, struct sg_entry *entry)
{
    uint8_t *at = to->payloads + to->used;
    size_t size;
    enum sg_err err;

    SG_ASSERT(to->used + WORKLOAD_PAYLOAD_MAX <= sizeof to->payloads);
    size = workload_payload(workload, log, index, at);
    to->used += size;
    err = sg_entry_make(hasher(), SG_ENTRY_PLAIN, 0, sg_bytes(at, size), entry);
    SG_ASSERT(err == SG_OK);
}

void workload_own(const struct workload *workload, unsigned log, uint64_t first,
                  size_t count, struct workload_entries *ret)
{
    size_t i;
    SG_ASSERT(count <= WORKLOAD_ENTRIES_MAX);
    ret->used = 0;
    for (i = 0; i < count; i++) {
        add(workload, log, first + i, ret, &ret->entries[i]);
    }
}

/* --- The second node ------------------------------------------------------ */

static void add_foreign(const struct workload *workload, uint64_t index,
                        struct workload_entries *to, struct sg_entry *entry)
{
    struct sg_opening opening;
    size_t size;
    enum sg_err err;

    if (index > 0) {
        add(workload, WORKLOAD_FOREIGN_LOG, index, to, entry);
        return;
    }
    memset(&opening, 0, sizeof opening);
    opening.core = workload->foreign_core;
    size = sg_entry_opening_encode(&opening, to->payloads + to->used);
    err = sg_entry_make(hasher(), SG_ENTRY_OPENING, 0,
                        sg_bytes(to->payloads + to->used, size), entry);
    SG_ASSERT(err == SG_OK);
    to->used += size;
}

/* The root over the leaves of RANGE. */
static struct sg_hash root_of(const struct workload *workload,
                              const struct sg_merkle_range *range)
{
    struct sg_frontier frontier;
    uint64_t i;
    memset(&frontier, 0, sizeof frontier);
    for (i = range->start; i < range->end; i++) {
        sg_merkle_append(&frontier, &workload->foreign_leaves[i], NULL, NULL);
    }
    return sg_merkle_root(&frontier);
}

void workload_package(const struct workload *workload, uint64_t first,
                      size_t count, struct workload_entries *ret,
                      struct sg_package *ret_package)
{
    struct sg_merkle_range ranges[SG_MERKLE_HASHES_MAX];
    size_t i;

    SG_ASSERT(count <= WORKLOAD_ENTRIES_MAX);
    memset(ret_package, 0, sizeof *ret_package);
    ret->used = 0;
    for (i = 0; i < count; i++) {
        struct sg_entry *entry = &ret->entries[i];
        add_foreign(workload, first + i, ret, entry);
        if (workload_is_absent(first + i)) {
            entry->state = SG_PAYLOAD_NOT_HELD;
            entry->payload = sg_bytes(NULL, 0);
        }
    }
    ret_package->first = first;
    ret_package->entries = ret->entries;
    ret_package->count = count;
    ret_package->known = workload->foreign_known;
    ret_package->cover = ret->cover;
    ret_package->cover_count =
        sg_merkle_plan_extension(first + count, WORKLOAD_FOREIGN, ranges);
    for (i = 0; i < ret_package->cover_count; i++) {
        ret->cover[i] = root_of(workload, &ranges[i]);
    }
}

static void sign_foreign(struct workload *workload)
{
    static struct workload_entries memory;
    struct sg_frontier frontier;
    struct sg_hash root;
    uint64_t i;

    memset(&frontier, 0, sizeof frontier);
    for (i = 0; i < WORKLOAD_FOREIGN; i++) {
        struct sg_entry entry;
        memory.used = 0;
        add_foreign(workload, i, &memory, &entry);
        workload->foreign_leaves[i] = sg_entry_leaf(&entry);
        sg_merkle_append(&frontier, &workload->foreign_leaves[i], NULL, NULL);
    }
    root = sg_merkle_root(&frontier);
    sg_checkpoint_sign(&workload_registry, &workload->foreign_id,
                       &workload->foreign_key, frontier.size, &root,
                       &workload->foreign_known);
}

static void derive_key(uint64_t seed, struct sg_sign_key *ret_key,
                       uint8_t ret_public[SG_KEY_SIZE])
{
    uint8_t bytes[SG_KEY_SIZE];
    struct sg_prng prng;
    sg_prng_init(&prng, seed);
    sg_prng_bytes(&prng, bytes, sizeof bytes);
    sg_crypto_sign_keypair(bytes, ret_key, ret_public);
}

void workload_init(struct workload *workload, uint64_t seed)
{
    if (sg_crypto_init() != SG_OK) {
        (void)fputs("libsodium does not start\n", stderr);
        exit(1);
    }
    memset(workload, 0, sizeof *workload);
    workload->seed = seed;
    derive_key(seed, &workload->key, workload->public_key);
    derive_key(~seed, &workload->foreign_key, workload->foreign_core.node_key);
    workload->foreign_core.kind = SG_LOG_RECORDS;
    memset(workload->foreign_core.epoch, 0xf0, SG_EPOCH_SIZE);
    workload->foreign_id =
        sg_entry_log_id(&workload_registry, &workload->foreign_core);
    sign_foreign(workload);
}
