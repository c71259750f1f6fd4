#include "storage/log/key_file.h"

#include <string.h>

#include "storage/base/check.h"
#include "storage/base/limits.h"
#include "storage/base/reader.h"
#include "storage/base/writer.h"

#define VERSION 1

/* Offsets of FORMAT.md section 9. */
#define HEAD_SIZE     124 /* what the seal of the secret is bound to */
#define SECRET_AT     HEAD_SIZE
#define CHECK_AT      156
#define CHECK_SIZE    16
#define WRAP_PLAIN    0
#define WRAP_ARGON2ID 1

_Static_assert(HEAD_SIZE == 8 + 4 + 4 + 4 + SG_ARGON2ID_SALT_SIZE +
                                SG_XAEAD_NONCE_SIZE + 2 * SG_KEY_SIZE,
               "the fields of the head");
_Static_assert(CHECK_AT == SECRET_AT + SG_KEY_SIZE, "the check follows");
_Static_assert(CHECK_SIZE == SG_SEAL_TAG_SIZE,
               "plain and wrapped files have one size");
_Static_assert(SG_KEY_FILE_SIZE == CHECK_AT + CHECK_SIZE, "nothing follows");

static const uint8_t magic[8] = {'s', 'o', 'g', 'o', 'c', 'k', 'e', 'y'};

static bool signs(enum sg_key_kind kind)
{
    return kind == SG_KEY_NODE || kind == SG_KEY_OFFICER || kind == SG_KEY_ROOT;
}

/* Derives what follows from kind and secret. */
static void derive(struct sg_key *key)
{
    if (signs(key->kind))
        sg_crypto_sign_keypair(key->secret, &key->sign, key->public_key);
    else if (key->kind != SG_KEY_VIEW)
        sg_crypto_x25519_public(key->secret, key->public_key);
}

/* Gives a key without its secret yet; NULL when there is no memory. */
static struct sg_key *new_key(enum sg_key_kind kind,
                              const struct sg_registry_id *registry)
{
    struct sg_key *key;

    SG_ASSERT(kind >= SG_KEY_NODE);
    SG_ASSERT(kind <= SG_KEY_VIEW);
    key = sg_crypto_secret_new(sizeof(*key));
    if (key == NULL)
        return NULL;
    memset(key, 0, sizeof(*key));
    key->kind = kind;
    if (registry != NULL)
        key->registry = *registry;
    return key;
}

enum sg_err sg_key_file_new(enum sg_key_kind kind,
                            const struct sg_registry_id *registry,
                            const uint8_t secret[SG_KEY_SIZE],
                            struct sg_key **ret_key)
{
    struct sg_key *key = new_key(kind, registry);

    if (key == NULL)
        return SG_ERR_NOMEM;
    memcpy(key->secret, secret, sizeof(key->secret));
    derive(key);
    *ret_key = key;
    return SG_OK;
}

enum sg_err sg_key_file_draw(enum sg_key_kind kind,
                             const struct sg_registry_id *registry,
                             struct sg_key **ret_key)
{
    struct sg_key *key = new_key(kind, registry);

    if (key == NULL)
        return SG_ERR_NOMEM;
    sg_crypto_random(key->secret, sizeof(key->secret));
    derive(key);
    *ret_key = key;
    return SG_OK;
}

void sg_key_file_free(struct sg_key *key)
{
    sg_crypto_secret_free(key);
}

void sg_key_file_wrap_draw(const struct sg_argon2id *cost,
                           struct sg_key_file_wrap *ret_wrap)
{
    ret_wrap->cost = *cost;
    sg_crypto_random(ret_wrap->salt, sizeof(ret_wrap->salt));
    sg_crypto_random(ret_wrap->nonce, sizeof(ret_wrap->nonce));
}

/* Writes the first 124 bytes. WRAP is NULL for a plain file. */
static void write_head(const struct sg_key *key,
                       const struct sg_key_file_wrap *wrap,
                       uint8_t ret_head[HEAD_SIZE])
{
    static const struct sg_key_file_wrap plain = {0};
    struct sg_writer writer;
    enum sg_err err;

    sg_writer_init_array(&writer, ret_head, HEAD_SIZE);
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(magic));
    sg_writer_u8(&writer, VERSION);
    sg_writer_u8(&writer, (uint8_t)key->kind);
    sg_writer_u8(&writer, wrap == NULL ? WRAP_PLAIN : WRAP_ARGON2ID);
    sg_writer_u8(&writer, 0);
    if (wrap == NULL)
        wrap = &plain;
    sg_writer_u32be(&writer, wrap->cost.passes);
    sg_writer_u32be(&writer, wrap->cost.memory_kib);
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(wrap->salt));
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(wrap->nonce));
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(key->registry.hash.bytes));
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(key->public_key));
    err = sg_writer_end(&writer);
    SG_ASSERT(err == SG_OK);
    SG_ASSERT(writer.size == HEAD_SIZE);
}

/* The checksum that ends a plain file: it finds accidents, not attackers. */
static void check_of(const uint8_t file[SG_KEY_FILE_SIZE],
                     const struct sg_registry_id *registry,
                     uint8_t ret_check[CHECK_SIZE])
{
    struct sg_hash hash;

    sg_crypto_purpose_hash("sogoc v1 key file", &registry->hash, file, CHECK_AT,
                           &hash);
    memcpy(ret_check, hash.bytes, CHECK_SIZE);
}

void sg_key_file_encode(const struct sg_key *key,
                        uint8_t ret_file[SG_KEY_FILE_SIZE])
{
    write_head(key, /* wrap= */ NULL, ret_file);
    memcpy(ret_file + SECRET_AT, key->secret, sizeof(key->secret));
    check_of(ret_file, &key->registry, ret_file + CHECK_AT);
}

static bool is_too_dear(const struct sg_argon2id *cost)
{
    return cost->passes > SG_KEY_FILE_PASSES_MAX ||
           cost->memory_kib > SG_ARGON2ID_MEMORY_KIB_MAX;
}

static bool is_too_cheap(const struct sg_argon2id *cost)
{
    return cost->passes < 1 || cost->memory_kib < SG_ARGON2ID_MEMORY_KIB_MIN;
}

enum sg_err sg_key_file_encode_wrapped(const struct sg_key *key,
                                       struct sg_bytes passphrase,
                                       const struct sg_key_file_wrap *wrap,
                                       uint8_t ret_file[SG_KEY_FILE_SIZE])
{
    uint8_t file[SG_KEY_FILE_SIZE], wrapping[SG_KEY_SIZE];
    enum sg_err err;

    if (is_too_dear(&wrap->cost))
        return SG_ERR_LIMIT;
    if (is_too_cheap(&wrap->cost) || passphrase.size == 0)
        return SG_ERR_INVALID;
    err = sg_crypto_argon2id(&wrap->cost, passphrase, wrap->salt, wrapping);
    if (err != SG_OK)
        return err;
    write_head(key, wrap, file);
    err = sg_crypto_seal(SG_AEAD_XCHACHA20POLY1305, wrapping,
                         SG_BYTES_ARRAY(wrap->nonce), sg_bytes(file, HEAD_SIZE),
                         SG_BYTES_ARRAY(key->secret), file + SECRET_AT,
                         sizeof(file) - SECRET_AT);
    sg_crypto_wipe(wrapping, sizeof(wrapping));
    SG_ASSERT(err == SG_OK);
    memcpy(ret_file, file, sizeof(file));
    return SG_OK;
}

static bool is_zero(const void *bytes, size_t size)
{
    static const uint8_t zeros[SG_KEY_SIZE];

    SG_ASSERT(size <= sizeof(zeros));
    return memcmp(bytes, zeros, size) == 0;
}

/* Checks what must hold between the fields of a head. */
static enum sg_err check_head(const struct sg_key_file_info *info,
                              const struct sg_key_file_wrap *wrap)
{
    if (info->kind == SG_KEY_VIEW &&
        !is_zero(info->public_key, sizeof(info->public_key)))
        return SG_ERR_MALFORMED;
    if (info->is_wrapped && is_too_dear(&wrap->cost))
        return SG_ERR_LIMIT;
    if (info->is_wrapped)
        return is_too_cheap(&wrap->cost) ? SG_ERR_MALFORMED : SG_OK;
    if (wrap->cost.passes != 0 || wrap->cost.memory_kib != 0 ||
        !is_zero(wrap->salt, sizeof(wrap->salt)) ||
        !is_zero(wrap->nonce, sizeof(wrap->nonce)))
        return SG_ERR_MALFORMED;
    return SG_OK;
}

static enum sg_err read_head(struct sg_bytes file,
                             struct sg_key_file_info *ret_info,
                             struct sg_key_file_wrap *ret_wrap)
{
    struct sg_reader reader;
    unsigned kind, how;
    enum sg_err err;

    sg_reader_init(&reader, file);
    if (!sg_bytes_equal(sg_reader_take(&reader, sizeof(magic)),
                        SG_BYTES_ARRAY(magic)))
        sg_reader_fail(&reader, SG_ERR_MALFORMED);
    if (sg_reader_u8(&reader) != VERSION)
        sg_reader_fail(&reader, SG_ERR_VERSION);
    kind = sg_reader_u8(&reader);
    how = sg_reader_u8(&reader);
    if (kind < SG_KEY_NODE || kind > SG_KEY_VIEW || how > WRAP_ARGON2ID ||
        sg_reader_u8(&reader) != 0)
        sg_reader_fail(&reader, SG_ERR_MALFORMED);
    ret_info->kind = (enum sg_key_kind)kind;
    ret_info->is_wrapped = how == WRAP_ARGON2ID;
    ret_wrap->cost.passes = sg_reader_u32be(&reader);
    ret_wrap->cost.memory_kib = sg_reader_u32be(&reader);
    sg_reader_copy(&reader, ret_wrap->salt, sizeof(ret_wrap->salt));
    sg_reader_copy(&reader, ret_wrap->nonce, sizeof(ret_wrap->nonce));
    sg_reader_copy(&reader, ret_info->registry.hash.bytes,
                   sizeof(ret_info->registry.hash.bytes));
    sg_reader_copy(&reader, ret_info->public_key, sizeof(ret_info->public_key));
    (void)sg_reader_take(&reader, SG_KEY_FILE_SIZE - HEAD_SIZE);
    err = sg_reader_end(&reader);
    ret_info->cost = ret_wrap->cost;
    return err == SG_OK ? check_head(ret_info, ret_wrap) : err;
}

enum sg_err sg_key_file_inspect(struct sg_bytes file,
                                struct sg_key_file_info *ret_info)
{
    struct sg_key_file_wrap wrap;
    struct sg_key_file_info info;
    enum sg_err err = read_head(file, &info, &wrap);

    if (err == SG_OK)
        *ret_info = info;
    return err;
}

static enum sg_err open_plain(struct sg_bytes file, struct sg_key *key)
{
    uint8_t check[CHECK_SIZE];

    check_of(file.data, &key->registry, check);
    if (memcmp(check, file.data + CHECK_AT, CHECK_SIZE) != 0)
        return SG_ERR_MALFORMED;
    memcpy(key->secret, file.data + SECRET_AT, sizeof(key->secret));
    return SG_OK;
}

static enum sg_err open_wrapped(struct sg_bytes file,
                                const struct sg_key_file_wrap *wrap,
                                struct sg_bytes passphrase, struct sg_key *key)
{
    struct sg_bytes sealed = {file.data + SECRET_AT, file.size - SECRET_AT};
    uint8_t wrapping[SG_KEY_SIZE];
    enum sg_err err;

    err = sg_crypto_argon2id(&wrap->cost, passphrase, wrap->salt, wrapping);
    if (err != SG_OK)
        return err;
    err = sg_crypto_open(SG_AEAD_XCHACHA20POLY1305, wrapping,
                         SG_BYTES_ARRAY(wrap->nonce),
                         sg_bytes(file.data, HEAD_SIZE), sealed, key->secret,
                         sizeof(key->secret));
    sg_crypto_wipe(wrapping, sizeof(wrapping));
    return err;
}

enum sg_err sg_key_file_decode(struct sg_bytes file, struct sg_bytes passphrase,
                               struct sg_key **ret_key)
{
    struct sg_key_file_info info;
    struct sg_key_file_wrap wrap;
    struct sg_key *key;
    enum sg_err err = read_head(file, &info, &wrap);

    if (err != SG_OK)
        return err;
    key = new_key(info.kind, &info.registry);
    if (key == NULL)
        return SG_ERR_NOMEM;
    if (info.is_wrapped)
        err = open_wrapped(file, &wrap, passphrase, key);
    else
        err = open_plain(file, key);
    if (err == SG_OK) {
        derive(key);
        if (memcmp(key->public_key, info.public_key, SG_KEY_SIZE) != 0)
            err = SG_ERR_MALFORMED;
    }
    if (err != SG_OK) {
        sg_key_file_free(key);
        return err;
    }
    *ret_key = key;
    return SG_OK;
}

enum sg_err sg_key_file_change(struct sg_bytes file, struct sg_bytes passphrase,
                               struct sg_bytes new_passphrase,
                               const struct sg_key_file_wrap *wrap,
                               uint8_t ret_file[SG_KEY_FILE_SIZE])
{
    struct sg_key *key;
    enum sg_err err = sg_key_file_decode(file, passphrase, &key);

    if (err != SG_OK)
        return err;
    if (wrap == NULL)
        sg_key_file_encode(key, ret_file);
    else
        err = sg_key_file_encode_wrapped(key, new_passphrase, wrap, ret_file);
    sg_key_file_free(key);
    return err;
}
