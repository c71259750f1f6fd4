/* Noise: handshake and transport of the Noise Protocol Framework, revision 34,
 * with 25519 and ChaChaPoly.
 *
 * Bytes in, bytes out: no I/O, no clock, no randomness, no allocation. Patterns
 * are data and the hash is a parameter, so that all public vectors run through
 * the code that we use, though we speak XX with SHA-256 alone (hello.h). It is
 * not the framing (frame.h), and it does not judge who the peer is: it says
 * which static key the peer has proved to own.
 *
 * The words, with the section of the specification:
 *   handshake message  keys and a payload, as the pattern says (5.3)
 *   transport message  a payload under the keys of the handshake (5.2)
 *   overhead           bytes of a message beside its payload
 *   handshake hash     the name of this session, to bind other things to (11.2)
 *
 * It fails closed: what a peer sends is right, or all keys are wiped and no
 * further message is made or read. Rekeying (11.3) has no use in our protocol
 * and is not here.
 *
 * Call sg_crypto_init first. Context: an object belongs to one thread at a
 * time.
 */
#ifndef SG_REPLICATION_NOISE_H
#define SG_REPLICATION_NOISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/base/bytes.h"
#include "storage/base/crypto.h"
#include "storage/base/err.h"
#include "storage/base/limits.h"

/* The longest that a hash gives: BLAKE2b. */
#define SG_NOISE_HASH_SIZE_MAX 64u

/* Sections 7.5 and 9.4. */
enum sg_noise_pattern {
    SG_NOISE_NN,
    SG_NOISE_NK,
    SG_NOISE_KK,
    SG_NOISE_XX,
    SG_NOISE_XK,
    SG_NOISE_IK,
    SG_NOISE_NNPSK0,
    SG_NOISE_XXPSK3,
    SG_NOISE_XKPSK3,
    SG_NOISE_IKPSK2,
    SG_NOISE_PATTERNS,
};

enum sg_noise_role {
    SG_NOISE_INITIATOR,
    SG_NOISE_RESPONDER,
};

/* What may be done next. */
enum sg_noise_state {
    SG_NOISE_CLOSED, /* nothing; it holds no secret */
    SG_NOISE_WRITES, /* sg_noise_write */
    SG_NOISE_READS,  /* sg_noise_read */
    SG_NOISE_OPEN,   /* sg_noise_seal and sg_noise_open, in any order */
};

/* A hash function of section 4.3. Neither function can fail. */
struct sg_noise_hash {
    const char *name; /* as in the protocol's name: "SHA256" */
    size_t size;      /* 32 or 64 */
    /* Hashes A followed by B. */
    void (*digest)(struct sg_bytes a, struct sg_bytes b, uint8_t *ret_digest);
    /* HMAC (RFC 2104) of DATA under KEY, which is SIZE bytes. */
    void (*hmac)(const uint8_t *key, struct sg_bytes data, uint8_t *ret_tag);
};

extern const struct sg_noise_hash sg_noise_sha256;

/* An X25519 key pair. The secret half is to be wiped. */
struct sg_noise_key {
    uint8_t secret[SG_KEY_SIZE];
    uint8_t public_key[SG_KEY_SIZE];
};

/* What a handshake begins with. A key is there if sg_noise_uses() says so, and
 * NULL otherwise. All is borrowed for the call of sg_noise_init. */
struct sg_noise_config {
    enum sg_noise_pattern pattern;
    enum sg_noise_role role;
    const struct sg_noise_hash *hash; /* lives as long as the program */
    struct sg_bytes prologue;         /* both sides have the same, or fail */
    const struct sg_noise_key *static_key;
    const uint8_t *ephemeral_secret; /* 32 random bytes, never used again */
    const uint8_t *remote_static;    /* the peer's, if known before */
    const uint8_t *psk;              /* 32 bytes shared before */
};

/* One direction's key; none yet before the first mixing. */
struct sg_noise_cipher {
    uint8_t key[SG_KEY_SIZE];
    uint64_t nonce; /* of the next message */
    bool has_key;
};

/* One handshake and the session that follows; the caller's memory, from
 * sg_noise_init to sg_noise_clear. Full of secrets; read it by the functions
 * below. */
struct sg_noise {
    enum sg_noise_state state;
    enum sg_noise_pattern pattern;
    enum sg_noise_role role;
    const struct sg_noise_hash *hash;
    size_t messages; /* handshake messages done */
    bool has_remote_static;
    struct sg_noise_key s;   /* our static key */
    struct sg_noise_key e;   /* our ephemeral key */
    uint8_t rs[SG_KEY_SIZE]; /* the peer's static key */
    uint8_t re[SG_KEY_SIZE]; /* the peer's ephemeral key */
    uint8_t psk[SG_KEY_SIZE];
    uint8_t ck[SG_NOISE_HASH_SIZE_MAX]; /* chaining key */
    uint8_t h[SG_NOISE_HASH_SIZE_MAX];  /* handshake hash */
    struct sg_noise_cipher handshake;
    struct sg_noise_cipher transport[2]; /* by the role of who seals */
};

/* Gives the name of PATTERN, such as "XXpsk3". Static storage. */
const char *sg_noise_pattern_name(enum sg_noise_pattern pattern);

/* Which keys a role brings to a pattern, beside the ephemeral one. */
struct sg_noise_uses {
    bool static_key;
    bool remote_static;
    bool psk;
};

struct sg_noise_uses sg_noise_uses(enum sg_noise_pattern pattern,
                                   enum sg_noise_role role);

/* Begins a handshake: NOISE writes if it is the initiator and reads if not. */
void sg_noise_init(struct sg_noise *noise,
                   const struct sg_noise_config *config);

/* Wipes NOISE and leaves it CLOSED. Takes a zeroed or closed one too. */
void sg_noise_clear(struct sg_noise *noise);

/* Says what may be done next. */
enum sg_noise_state sg_noise_state(const struct sg_noise *noise);

/* Gives the overhead of the next message. Not when CLOSED. */
size_t sg_noise_overhead(const struct sg_noise *noise);

/* Writes the next handshake message around PAYLOAD. RET_SIZE is payload.size +
 * sg_noise_overhead(); no overlap. What the payload is protected by depends on
 * the pattern and the message (7.7); XX's first is in the clear. State: WRITES;
 * then READS or OPEN.
 * Errors: LIMIT when the message would exceed SG_NOISE_SIZE_MAX, and then
 * nothing has changed; CRYPTO when a key of the peer is of low order, and then
 * NOISE is closed and RET_MESSAGE all zero. */
SG_USE_RESULT enum sg_err sg_noise_write(struct sg_noise *noise,
                                         struct sg_bytes payload,
                                         uint8_t *ret_message, size_t ret_size);

/* Reads the next handshake message. RET_SIZE is message.size -
 * sg_noise_overhead(); no overlap. State: READS; then WRITES or OPEN.
 * Errors: TRUNCATED when MESSAGE is shorter than the overhead, whatever
 * RET_SIZE; LIMIT above SG_NOISE_SIZE_MAX; HANDSHAKE when the peer has another
 * prologue, key or history; CRYPTO when a key of the peer is of low order.
 * NOISE is closed by each, and RET_PAYLOAD untouched or all zero. */
SG_USE_RESULT enum sg_err sg_noise_read(struct sg_noise *noise,
                                        struct sg_bytes message,
                                        uint8_t *ret_payload, size_t ret_size);

/* Seals PLAIN as the next transport message. RET_SIZE is plain.size +
 * SG_SEAL_TAG_SIZE; in place as in sg_crypto_seal. State: OPEN.
 * Errors: LIMIT when the message would exceed SG_NOISE_SIZE_MAX, and then
 * nothing has changed, or when all 2^64 - 1 nonces are used, and then NOISE is
 * closed. */
SG_USE_RESULT enum sg_err sg_noise_seal(struct sg_noise *noise,
                                        struct sg_bytes plain,
                                        uint8_t *ret_message, size_t ret_size);

/* Opens the next transport message of the peer; each opens once, in the order
 * they were sealed. RET_SIZE is message.size - SG_SEAL_TAG_SIZE; in place as in
 * sg_crypto_open. State: OPEN.
 * Errors: TRUNCATED when there is no room for a tag, whatever RET_SIZE; LIMIT
 * above SG_NOISE_SIZE_MAX, or when all nonces are used; DECRYPT, and then
 * RET_PLAIN is all zero. NOISE is closed by each. */
SG_USE_RESULT enum sg_err sg_noise_open(struct sg_noise *noise,
                                        struct sg_bytes message,
                                        uint8_t *ret_plain, size_t ret_size);

/* Gives the peer's static key, once a message has shown it or if it was known
 * before; borrowed until NOISE is closed. A peer who sent it has proved to own
 * it when his payload has been read. */
const uint8_t *sg_noise_remote_static(const struct sg_noise *noise);

/* Gives the handshake hash, the same on both sides and in no other session;
 * public. State: OPEN. Borrows: until NOISE is closed. */
struct sg_bytes sg_noise_handshake_hash(const struct sg_noise *noise);

#endif
