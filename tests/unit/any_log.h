/* Any log: random entries of all kinds under one key, with the hashes of every
 * range by RFC 6962's own recursion, for properties of what moves logs.
 *
 * It is a large value: keep it static. Payloads point into it: a copy of it
 * shares them.
 */
#ifndef SG_TESTS_UNIT_ANY_LOG_H
#define SG_TESTS_UNIT_ANY_LOG_H

#include "replication/package.h"
#include "storage/base/prng.h"

#define ANY_LOG_COUNT_MAX 1100
#define ANY_LOG_POOL_SIZE (1u << 18)

struct any_log {
    struct sg_entry_hasher hasher;
    struct sg_package_log of;
    struct sg_sign_key key;
    size_t count;
    struct sg_entry entries[ANY_LOG_COUNT_MAX];
    struct sg_hash leaves[ANY_LOG_COUNT_MAX];
    size_t pool_used;
    uint8_t pool[ANY_LOG_POOL_SIZE];
};

/* Makes a log of COUNT entries, all payloads present. */
void any_log_init(struct any_log *log, struct sg_prng *prng, size_t count);

/* Makes OTHER the same log up to AT, and another of the same core from there.
 */
void any_log_branch(const struct any_log *log, struct sg_prng *prng, size_t at,
                    struct any_log *ret_other);

/* Gives the hash of leaves [START, END). */
struct sg_hash any_log_hash(const struct any_log *log, size_t start,
                            size_t end);

/* Gives the frontier at SIZE; the checkpoint at SIZE, signed. */
struct sg_frontier any_log_frontier(const struct any_log *log, size_t size);
struct sg_checkpoint any_log_checkpoint(const struct any_log *log, size_t size);

/* Gives the hashes of cover(FROM, TO); returns their number. */
size_t any_log_cover(const struct any_log *log, size_t from, size_t to,
                     struct sg_hash ret[SG_MERKLE_HASHES_MAX]);

/* A package of want NUMBER, of entries [FIRST, END) toward SIZE: with its
 * checkpoint if IS_FRESH. */
void any_log_package(const struct any_log *log, uint64_t number, size_t first,
                     size_t end, size_t size, bool is_fresh,
                     struct sg_package_body *ret_body);

/* Encodes BODY; the bytes live until the next call. */
struct sg_bytes any_log_encode(const struct sg_package_body *body);

/* Takes payloads away at random, as a relay might lack them; not that of an
 * opening. */
void any_log_lose(struct sg_prng *prng, struct sg_package_body *body);

/* Gives what a receiver that holds HELD entries of a log known up to KNOWN
 * remembers; with a stack toward KNOWN if HAS_STACK. */
void any_log_receiver(const struct any_log *log, size_t held, size_t known,
                      bool has_stack, struct sg_package_receiver *ret);

#endif
