/* Secrets of a simulated registry, and seals under them. */
#ifndef SG_TESTS_SIM_SECRET_H
#define SG_TESTS_SIM_SECRET_H

#include "storage/base/buf.h"
#include "tests/sim/world.h"

#define SECRET_MARK_SIZE 8u

/* Every secret begins with it; see check_seal.c. */
extern const uint8_t secret_mark[SECRET_MARK_SIZE];

/* Draws a key. */
void secret_key(struct sg_prng *prng, uint8_t ret[SG_KEY_SIZE]);

/* The content keys of a log: entry 1 is NODE's own commune's and the centre's,
 * entry 2 can be read by the next commune too. */
#define SECRET_KEYS 2u

/* Gives the payload of content key entry ENTRY, from 1, of NODE's log LOG. The
 * caller clears RET. */
void secret_wrap(struct world *world, const struct node *node,
                 const struct sg_log_id *log, uint64_t entry,
                 struct sg_buf *ret);

/* Seals what an officer wrote as entry INDEX of NODE's log LOG under the key of
 * entry KEY_ENTRY. The caller clears RET. */
void secret_seal(struct world *world, const struct node *node,
                 const struct sg_log_id *log, uint64_t index,
                 uint64_t key_entry, struct sg_bytes body, struct sg_buf *ret);

/* Gives the id of the key with which NUMBER's commune reads. */
struct sg_key_id secret_scope(const struct world *world, uint32_t number);

#endif
