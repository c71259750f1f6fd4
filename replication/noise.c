#include "replication/noise.h"

#include <string.h>

#include "storage/base/check.h"
#include "storage/base/mono.h"
#include "storage/base/trace.h"

#define MESSAGES_MAX 3
#define TOKENS_MAX   4

enum token { END, E, S, EE, ES, SE, SS, PSK };

/* A row says whose static key the other side knows before (the premessages),
 * and the tokens of each message; the initiator sends the first. */
static const struct pattern {
    const char *name;
    bool is_known[2]; /* by role */
    uint8_t messages[MESSAGES_MAX][TOKENS_MAX];
} patterns[SG_NOISE_PATTERNS] = {
    [SG_NOISE_NN] = {"NN", {false, false}, {{E}, {E, EE}}},
    [SG_NOISE_NK] = {"NK", {false, true}, {{E, ES}, {E, EE}}},
    [SG_NOISE_KK] = {"KK", {true, true}, {{E, ES, SS}, {E, EE, SE}}},
    [SG_NOISE_XX] = {"XX", {false, false}, {{E}, {E, EE, S, ES}, {S, SE}}},
    [SG_NOISE_XK] = {"XK", {false, true}, {{E, ES}, {E, EE}, {S, SE}}},
    [SG_NOISE_IK] = {"IK", {false, true}, {{E, ES, S, SS}, {E, EE, SE}}},
    [SG_NOISE_NNPSK0] = {"NNpsk0", {false, false}, {{PSK, E}, {E, EE}}},
    [SG_NOISE_XXPSK3] = {"XXpsk3",
                         {false, false},
                         {{E}, {E, EE, S, ES}, {S, SE, PSK}}},
    [SG_NOISE_XKPSK3] = {"XKpsk3",
                         {false, true},
                         {{E, ES}, {E, EE}, {S, SE, PSK}}},
    [SG_NOISE_IKPSK2] = {"IKpsk2",
                         {false, true},
                         {{E, ES, S, SS}, {E, EE, SE, PSK}}},
};

#define MAY(state) (1u << (state))

static const struct {
    const char *entered; /* what the trace says */
    unsigned next;
} states[] = {
    [SG_NOISE_CLOSED] = {"closed after % messages",
                         MAY(SG_NOISE_WRITES) | MAY(SG_NOISE_READS)},
    [SG_NOISE_WRITES] = {"writes after % messages", MAY(SG_NOISE_READS) |
                                                        MAY(SG_NOISE_OPEN) |
                                                        MAY(SG_NOISE_CLOSED)},
    [SG_NOISE_READS] = {"reads after % messages", MAY(SG_NOISE_WRITES) |
                                                      MAY(SG_NOISE_OPEN) |
                                                      MAY(SG_NOISE_CLOSED)},
    [SG_NOISE_OPEN] = {"open after % messages", MAY(SG_NOISE_CLOSED)},
};

static void move(struct sg_noise *noise, enum sg_noise_state next)
{
    SG_ASSERT((states[noise->state].next & MAY(next)) != 0);
    sg_trace(SG_TRACE_NOISE, SG_MONO_NEVER, states[next].entered,
             noise->messages, 0, 0, 0);
    noise->state = next;
}

/* Wipes all, and passes ERR on. */
static enum sg_err refuse(struct sg_noise *noise, enum sg_err err)
{
    SG_ASSERT(err != SG_OK);
    move(noise, SG_NOISE_CLOSED);
    sg_noise_clear(noise);
    return err;
}

void sg_noise_clear(struct sg_noise *noise)
{
    sg_crypto_wipe(noise, sizeof *noise);
    SG_ASSERT(noise->state == SG_NOISE_CLOSED);
}

/* --- SHA-256 ----------------------------------------------------------- */

static void sha256_digest(struct sg_bytes a, struct sg_bytes b,
                          uint8_t *ret_digest)
{
    struct sg_sha256 ctx;
    struct sg_hash digest;

    sg_crypto_sha256_init(&ctx);
    sg_crypto_sha256_update(&ctx, a.data, a.size);
    sg_crypto_sha256_update(&ctx, b.data, b.size);
    sg_crypto_sha256_final(&ctx, &digest);
    memcpy(ret_digest, digest.bytes, sizeof digest.bytes);
}

static void sha256_hmac(const uint8_t *key, struct sg_bytes data,
                        uint8_t *ret_tag)
{
    sg_crypto_hmac_sha256(key, sizeof(struct sg_hash), data.data, data.size,
                          ret_tag);
}

const struct sg_noise_hash sg_noise_sha256 = {"SHA256", sizeof(struct sg_hash),
                                              sha256_digest, sha256_hmac};

/* --- The cipher state (5.1) -------------------------------------------- */

/* A key of HASHLEN 64 is cut to 32 bytes (5.2, MixKey). */
static void cipher_init(struct sg_noise_cipher *cipher, const uint8_t *key)
{
    memcpy(cipher->key, key, sizeof cipher->key);
    cipher->nonce = 0;
    cipher->has_key = true;
}

/* Section 12.3: 32 zero bits, then the number in little-endian. */
static struct sg_bytes cipher_nonce(const struct sg_noise_cipher *cipher,
                                    uint8_t room[SG_AEAD_NONCE_SIZE])
{
    memset(room, 0, 4);
    for (unsigned i = 0; i < 8; i++)
        room[4 + i] = (uint8_t)(cipher->nonce >> 8 * i);
    return sg_bytes(room, SG_AEAD_NONCE_SIZE);
}

/* The nonce 2^64 - 1 is kept for rekeying (5.1): it is never used. */
static enum sg_err cipher_seal(struct sg_noise_cipher *cipher,
                               struct sg_bytes ad, struct sg_bytes plain,
                               uint8_t *ret_sealed, size_t ret_size)
{
    uint8_t room[SG_AEAD_NONCE_SIZE];
    enum sg_err err;

    SG_ASSERT(cipher->has_key);
    if (cipher->nonce == UINT64_MAX)
        return SG_ERR_LIMIT;
    err = sg_crypto_seal(SG_AEAD_CHACHA20POLY1305, cipher->key,
                         cipher_nonce(cipher, room), ad, plain, ret_sealed,
                         ret_size);
    cipher->nonce++;
    return err;
}

static enum sg_err cipher_open(struct sg_noise_cipher *cipher,
                               struct sg_bytes ad, struct sg_bytes sealed,
                               uint8_t *ret_plain, size_t ret_size)
{
    uint8_t room[SG_AEAD_NONCE_SIZE];
    enum sg_err err;

    SG_ASSERT(cipher->has_key);
    if (cipher->nonce == UINT64_MAX)
        return SG_ERR_LIMIT;
    err = sg_crypto_open(SG_AEAD_CHACHA20POLY1305, cipher->key,
                         cipher_nonce(cipher, room), ad, sealed, ret_plain,
                         ret_size);
    if (err == SG_OK)
        cipher->nonce++;
    return err;
}

/* --- The symmetric state (5.2) ----------------------------------------- */

static struct sg_bytes hash_so_far(const struct sg_noise *noise)
{
    return sg_bytes(noise->h, noise->hash->size);
}

static void mix_hash(struct sg_noise *noise, struct sg_bytes data)
{
    noise->hash->digest(hash_so_far(noise), data, noise->h);
}

#define OUTPUTS_MAX 3

/* HKDF of section 4.3, from the chaining key: output i is HMAC(temp, output
 * i - 1 || byte i). */
static void expand(const struct sg_noise *noise, struct sg_bytes input,
                   size_t count,
                   uint8_t ret[OUTPUTS_MAX][SG_NOISE_HASH_SIZE_MAX])
{
    const struct sg_noise_hash *hash = noise->hash;
    uint8_t temp[SG_NOISE_HASH_SIZE_MAX];
    uint8_t data[SG_NOISE_HASH_SIZE_MAX + 1];
    size_t size = 0;

    SG_ASSERT(count <= OUTPUTS_MAX);
    hash->hmac(noise->ck, input, temp);
    for (size_t i = 0; i < count; i++) {
        data[size] = (uint8_t)(i + 1);
        hash->hmac(temp, sg_bytes(data, size + 1), ret[i]);
        memcpy(data, ret[i], hash->size);
        size = hash->size;
    }
    sg_crypto_wipe(temp, sizeof temp);
    sg_crypto_wipe(data, sizeof data);
}

static void mix_key(struct sg_noise *noise, const uint8_t input[SG_KEY_SIZE])
{
    uint8_t outputs[OUTPUTS_MAX][SG_NOISE_HASH_SIZE_MAX];

    expand(noise, sg_bytes(input, SG_KEY_SIZE), 2, outputs);
    memcpy(noise->ck, outputs[0], noise->hash->size);
    cipher_init(&noise->handshake, outputs[1]);
    sg_crypto_wipe(outputs, sizeof outputs);
}

/* Section 9.1: MixKeyAndHash. */
static void mix_psk(struct sg_noise *noise)
{
    uint8_t outputs[OUTPUTS_MAX][SG_NOISE_HASH_SIZE_MAX];

    expand(noise, SG_BYTES_ARRAY(noise->psk), 3, outputs);
    memcpy(noise->ck, outputs[0], noise->hash->size);
    mix_hash(noise, sg_bytes(outputs[1], noise->hash->size));
    cipher_init(&noise->handshake, outputs[2]);
    sg_crypto_wipe(outputs, sizeof outputs);
}

static size_t tag_size(bool is_sealed)
{
    return is_sealed ? SG_SEAL_TAG_SIZE : 0;
}

/* EncryptAndHash: what goes out is hashed, sealed if there is a key. Moves *AT
 * behind it. */
static enum sg_err put(struct sg_noise *noise, struct sg_bytes plain,
                       uint8_t **at)
{
    struct sg_noise_cipher *cipher = &noise->handshake;
    size_t size = plain.size + tag_size(cipher->has_key);
    enum sg_err err = SG_OK;

    if (cipher->has_key)
        err = cipher_seal(cipher, hash_so_far(noise), plain, *at, size);
    else if (size > 0)
        memcpy(*at, plain.data, size);
    if (err != SG_OK)
        return err;
    mix_hash(noise, sg_bytes(*at, size));
    *at += size;
    return SG_OK;
}

/* DecryptAndHash: takes what gives RET_SIZE bytes off the front of LEFT. */
static enum sg_err take(struct sg_noise *noise, struct sg_bytes *left,
                        uint8_t *ret, size_t ret_size)
{
    struct sg_noise_cipher *cipher = &noise->handshake;
    size_t size = ret_size + tag_size(cipher->has_key);
    struct sg_bytes bytes = {left->data, size};
    enum sg_err err = SG_OK;

    SG_ASSERT(size <= left->size);
    if (cipher->has_key)
        err = cipher_open(cipher, hash_so_far(noise), bytes, ret, ret_size);
    else if (size > 0)
        memcpy(ret, bytes.data, size);
    if (err != SG_OK)
        return err == SG_ERR_DECRYPT ? SG_ERR_HANDSHAKE : err;
    mix_hash(noise, bytes);
    *left = sg_bytes(left->data + size, left->size - size);
    return SG_OK;
}

/* --- The handshake state (5.3) ----------------------------------------- */

static const struct pattern *pattern_of(const struct sg_noise *noise)
{
    SG_ASSERT(noise->pattern < SG_NOISE_PATTERNS);
    return &patterns[noise->pattern];
}

const char *sg_noise_pattern_name(enum sg_noise_pattern pattern)
{
    SG_ASSERT(pattern < SG_NOISE_PATTERNS);
    return patterns[pattern].name;
}

/* Says whether TOKEN is in a message of PATTERN that ROLE sends. */
static bool sends(const struct pattern *pattern, enum sg_noise_role role,
                  enum token token)
{
    for (size_t i = role; i < MESSAGES_MAX; i += 2) {
        for (size_t k = 0; k < TOKENS_MAX; k++) {
            if (pattern->messages[i][k] == token)
                return true;
        }
    }
    return false;
}

static bool has_psk(const struct pattern *pattern)
{
    return sends(pattern, SG_NOISE_INITIATOR, PSK) ||
           sends(pattern, SG_NOISE_RESPONDER, PSK);
}

/* Section 8: the name, padded with zeros to HASHLEN or else hashed. */
static void begin_hash(struct sg_noise *noise)
{
    const char *parts[] = {"Noise_", pattern_of(noise)->name,
                           "_25519_ChaChaPoly_", noise->hash->name};
    char name[64];
    size_t size = 0;

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        size_t part = strlen(parts[i]);
        SG_ASSERT(part <= sizeof name - size);
        memcpy(name + size, parts[i], part);
        size += part;
    }
    if (size <= noise->hash->size)
        memcpy(noise->h, name, size);
    else
        noise->hash->digest(sg_bytes(name, size), sg_bytes(NULL, 0), noise->h);
    memcpy(noise->ck, noise->h, noise->hash->size);
}

struct sg_noise_uses sg_noise_uses(enum sg_noise_pattern pattern,
                                   enum sg_noise_role role)
{
    const struct pattern *row = &patterns[pattern];

    SG_ASSERT(pattern < SG_NOISE_PATTERNS);
    return (struct sg_noise_uses){
        .static_key = row->is_known[role] || sends(row, role, S),
        .remote_static = row->is_known[!role],
        .psk = has_psk(row),
    };
}

static void copy_keys(struct sg_noise *noise,
                      const struct sg_noise_config *config)
{
    struct sg_noise_uses uses = sg_noise_uses(config->pattern, config->role);

    SG_ASSERT(config->ephemeral_secret != NULL);
    SG_ASSERT((config->static_key != NULL) == uses.static_key);
    SG_ASSERT((config->remote_static != NULL) == uses.remote_static);
    SG_ASSERT((config->psk != NULL) == uses.psk);
    memcpy(noise->e.secret, config->ephemeral_secret, sizeof noise->e.secret);
    if (uses.static_key)
        noise->s = *config->static_key;
    if (uses.remote_static)
        memcpy(noise->rs, config->remote_static, sizeof noise->rs);
    if (uses.psk)
        memcpy(noise->psk, config->psk, sizeof noise->psk);
    noise->has_remote_static = uses.remote_static;
}

void sg_noise_init(struct sg_noise *noise, const struct sg_noise_config *config)
{
    SG_ASSERT(config->hash->size <= SG_NOISE_HASH_SIZE_MAX);
    SG_ASSERT(config->hash->size >= SG_KEY_SIZE);
    memset(noise, 0, sizeof *noise);
    noise->pattern = config->pattern;
    noise->role = config->role;
    noise->hash = config->hash;
    copy_keys(noise, config);
    begin_hash(noise);
    mix_hash(noise, config->prologue);
    for (enum sg_noise_role role = SG_NOISE_INITIATOR;
         role <= SG_NOISE_RESPONDER; role++) {
        if (pattern_of(noise)->is_known[role])
            mix_hash(noise, sg_bytes(role == noise->role ? noise->s.public_key
                                                         : noise->rs,
                                     SG_KEY_SIZE));
    }
    move(noise,
         noise->role == SG_NOISE_INITIATOR ? SG_NOISE_WRITES : SG_NOISE_READS);
}

enum sg_noise_state sg_noise_state(const struct sg_noise *noise)
{
    return noise->state;
}

static const uint8_t *next_tokens(const struct sg_noise *noise)
{
    SG_ASSERT(noise->messages < MESSAGES_MAX);
    return pattern_of(noise)->messages[noise->messages];
}

/* Walks through the next message's tokens without keys: after any mixing of a
 * key all that follows is sealed. */
size_t sg_noise_overhead(const struct sg_noise *noise)
{
    bool is_sealed = noise->handshake.has_key;
    const uint8_t *tokens;
    size_t size = 0;

    SG_ASSERT(noise->state != SG_NOISE_CLOSED);
    if (noise->state == SG_NOISE_OPEN)
        return SG_SEAL_TAG_SIZE;
    tokens = next_tokens(noise);
    for (size_t i = 0; i < TOKENS_MAX; i++) {
        enum token token = tokens[i];

        if (token == E || token == S)
            size += SG_KEY_SIZE;
        if (token == S)
            size += tag_size(is_sealed);
        else if (token == E)
            is_sealed = is_sealed || has_psk(pattern_of(noise));
        else if (token != END)
            is_sealed = true;
    }
    return size + tag_size(is_sealed);
}

/* Section 5.3: of the two letters of ee, es, se and ss the first is the
 * initiator's key and the second the responder's. */
static enum sg_err mix_dh(struct sg_noise *noise, enum token token)
{
    bool is_static[2] = {token == SE || token == SS,
                         token == ES || token == SS};
    bool is_mine_static = is_static[noise->role];
    bool is_theirs_static = is_static[!noise->role];
    uint8_t shared[SG_KEY_SIZE];
    enum sg_err err;

    err = sg_crypto_x25519(is_mine_static ? noise->s.secret : noise->e.secret,
                           is_theirs_static ? noise->rs : noise->re, shared);
    if (err == SG_OK)
        mix_key(noise, shared);
    sg_crypto_wipe(shared, sizeof shared);
    return err;
}

/* Section 9.2: with a psk an ephemeral key is mixed into the key too, lest the
 * same key seals twice. */
static void mix_ephemeral(struct sg_noise *noise, const uint8_t *public_key)
{
    mix_hash(noise, sg_bytes(public_key, SG_KEY_SIZE));
    if (has_psk(pattern_of(noise)))
        mix_key(noise, public_key);
}

static enum sg_err write_token(struct sg_noise *noise, enum token token,
                               uint8_t **at)
{
    switch (token) {
    case END:
        return SG_OK;
    case E:
        sg_crypto_x25519_public(noise->e.secret, noise->e.public_key);
        memcpy(*at, noise->e.public_key, SG_KEY_SIZE);
        *at += SG_KEY_SIZE;
        mix_ephemeral(noise, noise->e.public_key);
        return SG_OK;
    case S:
        return put(noise, SG_BYTES_ARRAY(noise->s.public_key), at);
    case PSK:
        mix_psk(noise);
        return SG_OK;
    default:
        return mix_dh(noise, token);
    }
}

static enum sg_err read_token(struct sg_noise *noise, enum token token,
                              struct sg_bytes *left)
{
    enum sg_err err;

    switch (token) {
    case END:
        return SG_OK;
    case E:
        SG_ASSERT(left->size >= SG_KEY_SIZE);
        memcpy(noise->re, left->data, SG_KEY_SIZE);
        *left = sg_bytes(left->data + SG_KEY_SIZE, left->size - SG_KEY_SIZE);
        mix_ephemeral(noise, noise->re);
        return SG_OK;
    case S:
        err = take(noise, left, noise->rs, sizeof noise->rs);
        noise->has_remote_static = err == SG_OK;
        return err;
    case PSK:
        mix_psk(noise);
        return SG_OK;
    default:
        return mix_dh(noise, token);
    }
}

/* Split (5.2): two keys of transport, and what made them is forgotten. */
static void split(struct sg_noise *noise)
{
    uint8_t outputs[OUTPUTS_MAX][SG_NOISE_HASH_SIZE_MAX];

    expand(noise, sg_bytes(NULL, 0), 2, outputs);
    cipher_init(&noise->transport[SG_NOISE_INITIATOR], outputs[0]);
    cipher_init(&noise->transport[SG_NOISE_RESPONDER], outputs[1]);
    sg_crypto_wipe(outputs, sizeof outputs);
    sg_crypto_wipe(&noise->s, sizeof noise->s);
    sg_crypto_wipe(&noise->e, sizeof noise->e);
    sg_crypto_wipe(noise->re, sizeof noise->re);
    sg_crypto_wipe(noise->psk, sizeof noise->psk);
    sg_crypto_wipe(noise->ck, sizeof noise->ck);
    sg_crypto_wipe(&noise->handshake, sizeof noise->handshake);
}

/* Moves on to the next message of the pattern, or to the transport. */
static void next_message(struct sg_noise *noise)
{
    size_t next = ++noise->messages;

    if (next < MESSAGES_MAX && pattern_of(noise)->messages[next][0] != END) {
        move(noise, noise->state == SG_NOISE_WRITES ? SG_NOISE_READS
                                                    : SG_NOISE_WRITES);
        return;
    }
    split(noise);
    move(noise, SG_NOISE_OPEN);
}

enum sg_err sg_noise_write(struct sg_noise *noise, struct sg_bytes payload,
                           uint8_t *ret_message, size_t ret_size)
{
    uint8_t *at = ret_message;
    enum sg_err err = SG_OK;
    const uint8_t *tokens;
    size_t overhead;

    SG_ASSERT(noise->state == SG_NOISE_WRITES);
    tokens = next_tokens(noise);
    overhead = sg_noise_overhead(noise);
    if (payload.size > SG_NOISE_SIZE_MAX - overhead)
        return SG_ERR_LIMIT;
    SG_ASSERT(ret_size == overhead + payload.size);
    for (size_t i = 0; err == SG_OK && i < TOKENS_MAX; i++)
        err = write_token(noise, tokens[i], &at);
    if (err == SG_OK)
        err = put(noise, payload, &at);
    if (err != SG_OK) {
        sg_crypto_wipe(ret_message, ret_size);
        return refuse(noise, err);
    }
    SG_ASSERT(at == ret_message + ret_size);
    next_message(noise);
    return SG_OK;
}

enum sg_err sg_noise_read(struct sg_noise *noise, struct sg_bytes message,
                          uint8_t *ret_payload, size_t ret_size)
{
    struct sg_bytes left = message;
    enum sg_err err = SG_OK;
    const uint8_t *tokens;
    size_t overhead;

    SG_ASSERT(noise->state == SG_NOISE_READS);
    tokens = next_tokens(noise);
    overhead = sg_noise_overhead(noise);
    if (message.size > SG_NOISE_SIZE_MAX)
        return refuse(noise, SG_ERR_LIMIT);
    if (message.size < overhead)
        return refuse(noise, SG_ERR_TRUNCATED);
    SG_ASSERT(ret_size == message.size - overhead);
    for (size_t i = 0; err == SG_OK && i < TOKENS_MAX; i++)
        err = read_token(noise, tokens[i], &left);
    if (err == SG_OK)
        err = take(noise, &left, ret_payload, ret_size);
    if (err != SG_OK)
        return refuse(noise, err);
    SG_ASSERT(left.size == 0);
    next_message(noise);
    return SG_OK;
}

/* --- The transport ----------------------------------------------------- */

enum sg_err sg_noise_seal(struct sg_noise *noise, struct sg_bytes plain,
                          uint8_t *ret_message, size_t ret_size)
{
    enum sg_err err;

    SG_ASSERT(noise->state == SG_NOISE_OPEN);
    if (plain.size > SG_NOISE_SIZE_MAX - SG_SEAL_TAG_SIZE)
        return SG_ERR_LIMIT;
    err = cipher_seal(&noise->transport[noise->role], sg_bytes(NULL, 0), plain,
                      ret_message, ret_size);
    return err == SG_OK ? SG_OK : refuse(noise, err);
}

enum sg_err sg_noise_open(struct sg_noise *noise, struct sg_bytes message,
                          uint8_t *ret_plain, size_t ret_size)
{
    enum sg_err err;

    SG_ASSERT(noise->state == SG_NOISE_OPEN);
    if (message.size > SG_NOISE_SIZE_MAX)
        return refuse(noise, SG_ERR_LIMIT);
    err = cipher_open(&noise->transport[!noise->role], sg_bytes(NULL, 0),
                      message, ret_plain, ret_size);
    return err == SG_OK ? SG_OK : refuse(noise, err);
}

const uint8_t *sg_noise_remote_static(const struct sg_noise *noise)
{
    SG_ASSERT(noise->has_remote_static);
    return noise->rs;
}

struct sg_bytes sg_noise_handshake_hash(const struct sg_noise *noise)
{
    SG_ASSERT(noise->state == SG_NOISE_OPEN);
    return hash_so_far(noise);
}
