#include "tests/sim/secret.h"

#include <string.h>

#include "storage/base/check.h"
#include "storage/log/content_key.h"

#define PERIOD 202507u

const uint8_t secret_mark[SECRET_MARK_SIZE] = {0x5e, 0xc2, 0xe7, 0x0d,
                                               0x91, 0x33, 0xaf, 0x64};

void secret_key(struct sg_prng *prng, uint8_t ret[SG_KEY_SIZE])
{
    sg_prng_bytes(prng, ret, SG_KEY_SIZE);
    memcpy(ret, secret_mark, SECRET_MARK_SIZE);
}

/* A commune's key; drawn from the seed and its number, so that nobody has to
 * keep it. */
static struct sg_scope_public scope_of(const struct world *world,
                                       uint32_t number)
{
    struct sg_scope_public scope;
    struct sg_prng prng;
    uint8_t secret[SG_KEY_SIZE];

    sg_prng_init(&prng, world->options.seed + UINT64_C(0x5c0e00000) + number);
    secret_key(&prng, secret);
    sg_crypto_x25519_public(secret, scope.bytes);
    return scope;
}

struct sg_key_id secret_scope(const struct world *world, uint32_t number)
{
    struct sg_scope_public scope = scope_of(world, number);

    return sg_key_id_of(&world->registry, SG_KEY_SCOPE, scope.bytes);
}

/* The content key of entry ENTRY. */
static void content_key(const struct node *node, const struct sg_log_id *log,
                        uint64_t entry, uint8_t ret[SG_KEY_SIZE])
{
    struct sg_sha256 sha;
    struct sg_hash hash;
    uint8_t number = (uint8_t)entry;

    sg_crypto_sha256_init(&sha);
    sg_crypto_sha256_update(&sha, node->transport_secret, SG_KEY_SIZE);
    sg_crypto_sha256_update(&sha, log->hash.bytes, sizeof log->hash.bytes);
    sg_crypto_sha256_update(&sha, &number, 1);
    sg_crypto_sha256_final(&sha, &hash);
    memcpy(ret, hash.bytes, SG_KEY_SIZE);
    memcpy(ret, secret_mark, SECRET_MARK_SIZE);
}

void secret_wrap(struct world *world, const struct node *node,
                 const struct sg_log_id *log, uint64_t entry,
                 struct sg_buf *ret)
{
    uint32_t own = node->identity < 2 ? 2 : node->identity;
    uint32_t next = own + 1 < world->n_originals ? own + 1 : 2;
    struct sg_scope_public readers[] = {
        scope_of(world, own), scope_of(world, 1), scope_of(world, next)};
    uint8_t key[SG_KEY_SIZE];

    content_key(node, log, entry, key);
    sg_buf_init(ret, SG_CONTENT_KEY_SIZE_MAX);
    SG_ASSERT(sg_content_key_encode(&world->registry, log, PERIOD, key, readers,
                                    entry == 1 ? 2 : 3, ret) == SG_OK);
}

void secret_seal(struct world *world, const struct node *node,
                 const struct sg_log_id *log, uint64_t index,
                 uint64_t key_entry, struct sg_bytes body, struct sg_buf *ret)
{
    struct sg_seal_place place = {.index = index, .key_entry = key_entry};
    struct sg_seal_keys keys;
    uint8_t key[SG_KEY_SIZE];

    content_key(node, log, key_entry, key);
    sg_seal_keys_init(&keys, &world->registry, log, key);
    sg_buf_init(ret, SG_PAYLOAD_SIZE_MAX);
    SG_ASSERT(sg_seal_encode(world->sealer, &keys, &place, SG_SEAL_OPAQUE, body,
                             ret) == SG_OK);
}
