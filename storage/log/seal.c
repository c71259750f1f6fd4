#include "storage/log/seal.h"

#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/log/compress.h"
#include "storage/log/dictionary.h"
#include "storage/log/expand.h"

/* The work space holds the plaintext as the page has it (form, body, 80 00...)
 * and in front of it what is hashed with it for the salt (00, log id, index),
 * all in one piece. While zstd works, its magic number takes the last bytes in
 * front of the body. */
#define FORM_AT 41
#define BODY_AT (FORM_AT + 1)

#define WORK_SIZE (BODY_AT + SG_COMPRESS_FRAME_MAX)
#define PAD_FIRST 0x80

/* The largest plaintext whose payload is within the limit. */
#define PLAIN_SIZE_MAX                                               \
    ((SG_PAYLOAD_SIZE_MAX - SG_SEAL_OVERHEAD) / SG_SEAL_BLOCK_SIZE * \
     SG_SEAL_BLOCK_SIZE)

_Static_assert(FORM_AT == 1 + sizeof(struct sg_log_id) + sizeof(uint64_t),
               "FORMAT.md section 5: mark, log id, index");
_Static_assert(BODY_AT >= SG_COMPRESS_MAGIC_SIZE,
               "the magic number has its place");
_Static_assert(FORM_AT + PLAIN_SIZE_MAX <= WORK_SIZE,
               "every plaintext has its place");

/* Plaintext is in locked memory, and nothing else: what has no root outside it
 * is lost to a leak checker. */
struct sg_sealer {
    struct sg_compressor *compressor;
    uint8_t *work;
};

struct sg_opener {
    struct sg_expander *expander;
    uint8_t *work;
    uint8_t *body; /* expanded: behind the work space */
};

/* The dictionary that a writer takes for each kind of body. */
static const uint8_t dictionary_of[] = {
    [SG_SEAL_OPAQUE] = SG_DICTIONARY_OPAQUE,
    [SG_SEAL_RECORD] = SG_DICTIONARY_RECORD,
};

#define KIND_COUNT (sizeof(dictionary_of) / sizeof(dictionary_of[0]))

void sg_seal_keys_init(struct sg_seal_keys *keys,
                       const struct sg_registry_id *registry,
                       const struct sg_log_id *log,
                       const uint8_t content_key[SG_KEY_SIZE])
{
    uint8_t both[2 * SG_KEY_SIZE];
    struct sg_blake2b hash;

    sg_crypto_blake2b_purpose_init(&hash, content_key, SG_KEY_SIZE,
                                   sizeof(both), "sogoc v1 seal",
                                   &registry->hash);
    sg_crypto_blake2b_update(&hash, log->hash.bytes, sizeof(log->hash.bytes));
    sg_crypto_blake2b_final(&hash, both, sizeof(both));
    keys->registry = *registry;
    keys->log = *log;
    memcpy(keys->cipher, both, SG_KEY_SIZE);
    memcpy(keys->nonce, both + SG_KEY_SIZE, SG_KEY_SIZE);
    sg_crypto_wipe(both, sizeof(both));
}

void sg_seal_keys_wipe(struct sg_seal_keys *keys)
{
    sg_crypto_wipe(keys, sizeof(*keys));
}

/* Writes what salt and nonce are bound to: MARK, log id, index. */
static void put_prefix(uint8_t *to, uint8_t mark,
                       const struct sg_seal_keys *keys, uint64_t index)
{
    to[0] = mark;
    memcpy(to + 1, keys->log.hash.bytes, sizeof(keys->log.hash.bytes));
    sg_bytes_put_u64be(to + FORM_AT - sizeof(index), index);
}

/* Derives the salt of the PLAIN_SIZE bytes in WORK at the place INDEX. */
static void derive_salt(uint8_t *work, const struct sg_seal_keys *keys,
                        uint64_t index, size_t plain_size,
                        uint8_t ret_salt[SG_SEAL_SALT_SIZE])
{
    uint8_t hash[32];

    put_prefix(work, 0, keys, index);
    sg_crypto_blake2b(keys->nonce, sizeof(keys->nonce), work,
                      FORM_AT + plain_size, hash, sizeof(hash));
    memcpy(ret_salt, hash, SG_SEAL_SALT_SIZE);
    sg_crypto_wipe(hash, sizeof(hash));
}

static void derive_nonce(const struct sg_seal_keys *keys, uint64_t index,
                         const uint8_t salt[SG_SEAL_SALT_SIZE],
                         uint8_t ret_nonce[SG_XAEAD_NONCE_SIZE])
{
    uint8_t data[FORM_AT + SG_SEAL_SALT_SIZE];

    put_prefix(data, 1, keys, index);
    memcpy(data + FORM_AT, salt, SG_SEAL_SALT_SIZE);
    sg_crypto_blake2b(keys->nonce, sizeof(keys->nonce), data, sizeof(data),
                      ret_nonce, SG_XAEAD_NONCE_SIZE);
}

#define AD_SIZE (32 + 32 + SG_SHORT_HEADER_SIZE)

/* Writes the associated data: registry, log, short header. */
static void put_ad(const struct sg_seal_keys *keys, uint64_t key_entry,
                   size_t payload_size, uint8_t ret_ad[AD_SIZE])
{
    memcpy(ret_ad, keys->registry.hash.bytes, 32);
    memcpy(ret_ad + 32, keys->log.hash.bytes, 32);
    sg_entry_short_header_encode(SG_ENTRY_SEALED, key_entry,
                                 (uint32_t)payload_size, ret_ad + 64);
}

enum sg_err sg_seal_sealer_new(struct sg_sealer **ret)
{
    struct sg_sealer *sealer = sg_calloc(1, sizeof(*sealer));
    enum sg_err err = SG_OK;

    if (sealer == NULL)
        return SG_ERR_NOMEM;
    sealer->work = sg_crypto_secret_new(WORK_SIZE);
    if (sealer->work == NULL)
        err = SG_ERR_NOMEM;
    if (err == SG_OK)
        err = sg_compress_new(&sealer->compressor);
    if (err != SG_OK)
        sg_seal_sealer_free(sealer);
    else
        *ret = sealer;
    return err;
}

void sg_seal_sealer_free(struct sg_sealer *sealer)
{
    if (sealer == NULL)
        return;
    sg_compress_free(sealer->compressor);
    sg_crypto_secret_free(sealer->work);
    sg_free(sealer);
}

/* Gives the size of the plaintext that carries SIZE bytes after the form. */
static size_t padded(size_t size)
{
    return (1 + size) / SG_SEAL_BLOCK_SIZE * SG_SEAL_BLOCK_SIZE +
           SG_SEAL_BLOCK_SIZE;
}

/* Lays out the plaintext, compressed if that makes it smaller. */
static enum sg_err lay_out(struct sg_sealer *sealer, enum sg_seal_kind kind,
                           struct sg_bytes body, size_t *ret_plain_size)
{
    uint8_t *to = sealer->work + BODY_AT;
    unsigned dictionary = dictionary_of[kind];
    size_t size;
    enum sg_err err;

    if (body.size > SG_RECORD_SIZE_MAX)
        return SG_ERR_LIMIT;
    err = sg_compress_frame(sealer->compressor, dictionary, body, to, &size);
    if (err != SG_OK)
        return err;
    if (padded(size) >= padded(body.size)) {
        dictionary = 0;
        size = body.size;
        if (size > 0)
            memcpy(to, body.data, size);
    }
    if (padded(size) > PLAIN_SIZE_MAX)
        return SG_ERR_LIMIT;
    sealer->work[FORM_AT] = (uint8_t)((unsigned)kind << 4 | dictionary);
    memset(to + size, 0, padded(size) - 1 - size);
    to[size] = PAD_FIRST;
    *ret_plain_size = padded(size);
    return SG_OK;
}

enum sg_err sg_seal_encode(struct sg_sealer *sealer,
                           const struct sg_seal_keys *keys,
                           const struct sg_seal_place *place,
                           enum sg_seal_kind kind, struct sg_bytes body,
                           struct sg_buf *ret_payload)
{
    uint8_t ad[AD_SIZE], nonce[SG_XAEAD_NONCE_SIZE];
    size_t plain_size, payload_size;
    uint8_t *payload;
    enum sg_err err;

    SG_ASSERT(place->key_entry < place->index);
    SG_ASSERT((size_t)kind < KIND_COUNT);
    err = lay_out(sealer, kind, body, &plain_size);
    if (err != SG_OK)
        return err;
    payload_size = SG_SEAL_OVERHEAD + plain_size;
    err = sg_buf_extend(ret_payload, payload_size, &payload);
    if (err != SG_OK)
        return err;
    derive_salt(sealer->work, keys, place->index, plain_size, payload);
    derive_nonce(keys, place->index, payload, nonce);
    put_ad(keys, place->key_entry, payload_size, ad);
    err = sg_crypto_seal(
        SG_AEAD_XCHACHA20POLY1305, keys->cipher, SG_BYTES_ARRAY(nonce),
        SG_BYTES_ARRAY(ad), sg_bytes(sealer->work + FORM_AT, plain_size),
        payload + SG_SEAL_SALT_SIZE, payload_size - SG_SEAL_SALT_SIZE);
    SG_ASSERT(err == SG_OK);
    return SG_OK;
}

enum sg_err sg_seal_encode_batch(struct sg_sealer *sealer,
                                 const struct sg_seal_keys *keys,
                                 uint64_t key_entry,
                                 struct sg_seal_item items[], size_t count,
                                 struct sg_buf *ret_payloads)
{
    size_t begin = ret_payloads->size;

    for (size_t i = 0; i < count; i++) {
        struct sg_seal_place place = {items[i].index, key_entry};
        size_t before = ret_payloads->size;
        enum sg_err err = sg_seal_encode(sealer, keys, &place, items[i].kind,
                                         items[i].body, ret_payloads);
        if (err != SG_OK) {
            sg_buf_truncate(ret_payloads, begin);
            return err;
        }
        items[i].payload_size = ret_payloads->size - before;
    }
    return SG_OK;
}

enum sg_err sg_seal_opener_new(struct sg_opener **ret)
{
    struct sg_opener *opener = sg_calloc(1, sizeof(*opener));
    enum sg_err err = SG_OK;

    if (opener == NULL)
        return SG_ERR_NOMEM;
    opener->work = sg_crypto_secret_new(WORK_SIZE + SG_RECORD_SIZE_MAX);
    if (opener->work == NULL)
        err = SG_ERR_NOMEM;
    else
        opener->body = opener->work + WORK_SIZE;
    if (err == SG_OK)
        err = sg_expand_new(&opener->expander);
    if (err != SG_OK)
        sg_seal_opener_free(opener);
    else
        *ret = opener;
    return err;
}

void sg_seal_opener_free(struct sg_opener *opener)
{
    if (opener == NULL)
        return;
    sg_expand_free(opener->expander);
    sg_crypto_secret_free(opener->work);
    sg_free(opener);
}

/* Decrypts PAYLOAD into WORK and checks that its salt is the one that the
 * plaintext has at this place. */
static enum sg_err decrypt(uint8_t *work, const struct sg_seal_keys *keys,
                           const struct sg_seal_place *place,
                           struct sg_bytes payload)
{
    struct sg_bytes sealed = {payload.data + SG_SEAL_SALT_SIZE,
                              payload.size - SG_SEAL_SALT_SIZE};
    size_t plain_size = payload.size - SG_SEAL_OVERHEAD;
    uint8_t ad[AD_SIZE], nonce[SG_XAEAD_NONCE_SIZE], salt[SG_SEAL_SALT_SIZE];
    enum sg_err err;

    derive_nonce(keys, place->index, payload.data, nonce);
    put_ad(keys, place->key_entry, payload.size, ad);
    err = sg_crypto_open(SG_AEAD_XCHACHA20POLY1305, keys->cipher,
                         SG_BYTES_ARRAY(nonce), SG_BYTES_ARRAY(ad), sealed,
                         work + FORM_AT, plain_size);
    if (err != SG_OK)
        return err;
    derive_salt(work, keys, place->index, plain_size, salt);
    if (!sg_crypto_equal(salt, payload.data, sizeof(salt)))
        return SG_ERR_MALFORMED;
    return SG_OK;
}

/* Takes the padding off the SIZE bytes that follow the form. */
static enum sg_err unpad(const uint8_t *padded, size_t size, size_t *ret_size)
{
    size_t padding = 1;

    while (padding < SG_SEAL_BLOCK_SIZE && padding < size &&
           padded[size - padding] == 0)
        padding++;
    if (padded[size - padding] != PAD_FIRST)
        return SG_ERR_MALFORMED;
    *ret_size = size - padding;
    return SG_OK;
}

/* Reads form and body of the PLAIN_SIZE bytes in OPENER's work space. */
static enum sg_err read_plain(struct sg_opener *opener, size_t plain_size,
                              enum sg_seal_kind *ret_kind,
                              struct sg_bytes *ret_body)
{
    uint8_t *from = opener->work + BODY_AT;
    unsigned kind = opener->work[FORM_AT] >> 4;
    unsigned dictionary = opener->work[FORM_AT] & 0x0f;
    struct sg_bytes body = {from, 0};
    enum sg_err err = unpad(from, plain_size - 1, &body.size);

    if (err == SG_OK &&
        (kind >= KIND_COUNT || dictionary > SG_DICTIONARY_SEALED_COUNT))
        return SG_ERR_VERSION;
    if (err == SG_OK && dictionary != 0) {
        err = sg_expand_frame(opener->expander, dictionary, from, body.size,
                              opener->body, &body.size);
        body.data = opener->body;
    }
    if (err != SG_OK)
        return err;
    *ret_kind = (enum sg_seal_kind)kind;
    *ret_body = body;
    return SG_OK;
}

enum sg_err sg_seal_decode(struct sg_opener *opener,
                           const struct sg_seal_keys *keys,
                           const struct sg_seal_place *place,
                           struct sg_bytes payload, enum sg_seal_kind *ret_kind,
                           struct sg_bytes *ret_body)
{
    enum sg_err err;

    if (payload.size > SG_PAYLOAD_SIZE_MAX)
        return SG_ERR_LIMIT;
    if (payload.size < SG_SEAL_OVERHEAD + SG_SEAL_BLOCK_SIZE)
        return SG_ERR_TRUNCATED;
    if ((payload.size - SG_SEAL_OVERHEAD) % SG_SEAL_BLOCK_SIZE != 0)
        return SG_ERR_MALFORMED;
    err = decrypt(opener->work, keys, place, payload);
    if (err != SG_OK)
        return err;
    return read_plain(opener, payload.size - SG_SEAL_OVERHEAD, ret_kind,
                      ret_body);
}
