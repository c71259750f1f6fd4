/* A log store in a temporary directory, and entries to fill it with. */
#ifndef SG_TESTS_LIB_STORE_H
#define SG_TESTS_LIB_STORE_H

#include "storage/lmdb/batch.h"
#include "storage/lmdb/fetch.h"
#include "storage/lmdb/store.h"

/* A node's store; open or closed as the test moves on. */
struct sg_test_store {
    char *dir; /* a temporary directory */
    struct sg_store_config config;
    struct sg_sign_key key;
    uint8_t public_key[SG_KEY_SIZE];
    struct sg_store *store; /* NULL when closed */
    struct sg_batch *batch;
    const struct sg_store_own *own; /* its log of records */
};

/* The registry of all these stores: 11 32 times, as in FORMAT.md. */
extern const struct sg_registry_id sg_test_registry;

/* Makes and opens a store whose node's seed is SEED 32 times. Fails the test if
 * it cannot; sg_test_store_free ends it in any state. */
void sg_test_store_new(struct sg_test_store *test, uint8_t seed);
void sg_test_store_free(struct sg_test_store *test);

/* Closes and opens again, giving what the open says. */
void sg_test_store_close(struct sg_test_store *test);
enum sg_err sg_test_store_open(struct sg_test_store *test);

/* Appends COUNT plain entries to the log of records, in batches, and fails the
 * test if that fails. Entry I's payload is a function of I and the node. */
void sg_test_store_fill(struct sg_test_store *test, size_t count);

/* Writes the payload that entry INDEX of TEST's log has; returns its size, 1
 * to 300. */
size_t sg_test_store_payload(const struct sg_test_store *test, uint64_t index,
                             uint8_t ret[300]);

/* Copies entries [FIRST, FIRST + COUNT) of FROM's log of records into the log
 * TO has of it, as a package of a peer, and gives what the batch says; does
 * not commit. WITHOUT: payloads are left out. */
enum sg_err sg_test_store_send(struct sg_test_store *from,
                               struct sg_test_store *to, uint64_t first,
                               size_t count, bool without);

/* Gives the number that TO has for FROM's log of records; 0 if none. */
uint32_t sg_test_store_number(struct sg_test_store *from,
                              struct sg_test_store *to);

#endif
