/* The opener of seals. The first byte chooses what the rest is: a payload as it
 * came, or a plaintext that a holder of the key has sealed by the rule, which
 * reaches padding, form and compression. What opens, sealed again, opens to the
 * same body. */
#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/log/seal.h"
#include "tests/fuzz/fuzz.h"

/* Made once and kept, against fuzz.h's custom: they cost more than many
 * inputs, and promise to serve any number of them, good and bad. */
static struct sg_sealer *sealer;
static struct sg_opener *opener;

static const struct sg_seal_place place = {.index = 2, .key_entry = 1};

static void fixed_keys(struct sg_seal_keys *ret)
{
    static const uint8_t key[SG_KEY_SIZE] = {0x22};
    static const struct sg_registry_id registry = {{{0x11}}};
    static const struct sg_log_id log = {{{0x33}}};

    sg_seal_keys_init(ret, &registry, &log, key);
}

/* Seals PLAIN as FORMAT.md section 5 says, whatever is in it. */
static void seal_plain(const struct sg_seal_keys *keys, struct sg_bytes plain,
                       uint8_t *ret_payload)
{
    uint8_t bound[1 + 32 + 8 + SG_SEAL_SALT_SIZE], hash[32];
    uint8_t nonce[SG_XAEAD_NONCE_SIZE], ad[32 + 32 + SG_SHORT_HEADER_SIZE];
    uint32_t size = (uint32_t)(plain.size + SG_SEAL_OVERHEAD);
    struct sg_blake2b ctx;

    bound[0] = 0;
    memcpy(bound + 1, keys->log.hash.bytes, 32);
    sg_bytes_put_u64be(bound + 33, place.index);
    sg_crypto_blake2b_init(&ctx, keys->nonce, SG_KEY_SIZE, sizeof(hash));
    sg_crypto_blake2b_update(&ctx, bound, 41);
    sg_crypto_blake2b_update(&ctx, plain.data, plain.size);
    sg_crypto_blake2b_final(&ctx, hash, sizeof(hash));
    memcpy(ret_payload, hash, SG_SEAL_SALT_SIZE);
    bound[0] = 1;
    memcpy(bound + 41, hash, SG_SEAL_SALT_SIZE);
    sg_crypto_blake2b(keys->nonce, SG_KEY_SIZE, bound, sizeof(bound), nonce,
                      sizeof(nonce));
    memcpy(ad, keys->registry.hash.bytes, 32);
    memcpy(ad + 32, keys->log.hash.bytes, 32);
    sg_entry_short_header_encode(SG_ENTRY_SEALED, place.key_entry, size,
                                 ad + 64);
    SG_ASSERT(sg_crypto_seal(SG_AEAD_XCHACHA20POLY1305, keys->cipher,
                             SG_BYTES_ARRAY(nonce), SG_BYTES_ARRAY(ad), plain,
                             ret_payload + SG_SEAL_SALT_SIZE,
                             size - SG_SEAL_SALT_SIZE) == SG_OK);
}

static void seal_again(const struct sg_seal_keys *keys, enum sg_seal_kind kind,
                       struct sg_bytes body)
{
    struct sg_buf copy, payload;
    enum sg_seal_kind kind_again;
    struct sg_bytes again;
    enum sg_err err;

    SG_ASSERT(body.size <= SG_RECORD_SIZE_MAX);
    sg_buf_init(&copy, SG_RECORD_SIZE_MAX);
    sg_buf_init(&payload, SG_PAYLOAD_SIZE_MAX);
    SG_ASSERT(sg_buf_append(&copy, body) == SG_OK);
    err = sg_seal_encode(sealer, keys, &place, kind, sg_buf_bytes(&copy),
                         &payload);
    if (err == SG_ERR_LIMIT) {
        /* Ours may compress less well than whoever made the frame. */
        SG_ASSERT(body.size > SG_PAYLOAD_SIZE_MAX - SG_SEAL_OVERHEAD - 16);
    } else {
        SG_ASSERT(err == SG_OK);
        SG_ASSERT(sg_seal_decode(opener, keys, &place, sg_buf_bytes(&payload),
                                 &kind_again, &again) == SG_OK);
        SG_ASSERT(kind_again == kind);
        SG_ASSERT(sg_bytes_equal(again, sg_buf_bytes(&copy)));
    }
    sg_buf_clear(&payload);
    sg_buf_clear(&copy);
}

static void make_tools(void)
{
    if (opener != NULL)
        return;
    SG_ASSERT(sg_crypto_init() == SG_OK);
    SG_ASSERT(sg_seal_sealer_new(&sealer) == SG_OK);
    SG_ASSERT(sg_seal_opener_new(&opener) == SG_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool is_plain = size > 0 && data[0] == 'p';
    size_t rest = size > 0 ? size - 1 : 0;
    uint8_t *payload = sg_alloc(rest + SG_SEAL_OVERHEAD);
    size_t payload_size = rest;
    struct sg_seal_keys keys;
    enum sg_seal_kind kind;
    struct sg_bytes body;

    SG_ASSERT(payload != NULL);
    make_tools();
    fixed_keys(&keys);
    if (is_plain) {
        rest -= rest % SG_SEAL_BLOCK_SIZE; /* else its size alone is refused */
        seal_plain(&keys, sg_bytes(data + 1, rest), payload);
        payload_size = rest + SG_SEAL_OVERHEAD;
    } else if (rest > 0) {
        memcpy(payload, data + 1, rest);
    }
    if (sg_seal_decode(opener, &keys, &place, sg_bytes(payload, payload_size),
                       &kind, &body) == SG_OK)
        seal_again(&keys, kind, body);
    sg_free(payload);
    return 0;
}
