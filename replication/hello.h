/* Hello: what two nodes say before they trust each other. The cleartext hello,
 * the handshake it opens, and the payloads in messages 2 and 3.
 *
 * PROTOCOL.md section 2 has the bytes. Pure: bytes in, bytes out. It does not
 * judge a certificate (section 3): it puts it together with the transport key
 * that the handshake has proved, so that the judge cannot forget the binding.
 */
#ifndef SG_REPLICATION_HELLO_H
#define SG_REPLICATION_HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replication/noise.h"
#include "storage/base/bytes.h"
#include "storage/base/crypto.h"
#include "storage/base/err.h"
#include "storage/base/limits.h"
#include "storage/log/entry.h"

#define SG_HELLO_SIZE          8u
#define SG_HELLO_MAJOR         1u /* ours; its breaking changes are new ones */
#define SG_HELLO_MINOR         0u
#define SG_HELLO_PROLOGUE_SIZE 50u
#define SG_HELLO_ROOT_SIZE     16u /* of a head root in message 3 */
#define SG_HELLO_TAG_SIZE      4u  /* of a database */
#define SG_HELLO_NO_GENERATION 255u

/* Bits of the features that we know. */
#define SG_HELLO_FEATURE_CELLS 1u

/* Sizes of the payloads: an applicant's, a member's in message 2 and 3. */
#define SG_HELLO_APPLICANT_SIZE   12u
#define SG_HELLO_MEMBER_2_SIZE    132u
#define SG_HELLO_MEMBER_3_SIZE    148u
#define SG_HELLO_PAYLOAD_SIZE_MAX SG_HELLO_MEMBER_3_SIZE

/* What a Noise message of the handshake adds to its payload. */
#define SG_HELLO_OVERHEAD_1 32u
#define SG_HELLO_OVERHEAD_2 96u
#define SG_HELLO_OVERHEAD_3 64u

/* Collects the first 8 bytes of a connection; begins as zeros. */
struct sg_hello_reader {
    uint8_t bytes[SG_HELLO_SIZE];
    size_t size;
};

/* Moves bytes from INPUT to READER. Returns true when it has a hello; what
 * follows stays in INPUT. */
bool sg_hello_take(struct sg_hello_reader *reader, struct sg_bytes *input);

/* Writes the initiator's hello. */
void sg_hello_begin(uint8_t ret_hello[SG_HELLO_SIZE]);

/* Judges the initiator's hello, and writes what is answered.
 * Errors: MALFORMED, with no answer: close without a byte. MAJOR (another
 * version is spoken here) and NOROOM (HAS_ROOM is false): send RET_ANSWER, then
 * close. */
SG_USE_RESULT enum sg_err sg_hello_answer(const uint8_t hello[SG_HELLO_SIZE],
                                          bool has_room,
                                          uint8_t ret_answer[SG_HELLO_SIZE]);

/* Judges the responder's answer. After any error: close, and not another try
 * with less.
 * Errors: MALFORMED; MAJOR; NOROOM: try again later. */
SG_USE_RESULT enum sg_err sg_hello_check(const uint8_t answer[SG_HELLO_SIZE]);

/* Writes what both sides mix in first: protocol, version and registry. */
void sg_hello_prologue(const struct sg_registry_id *registry,
                       uint8_t ret_prologue[SG_HELLO_PROLOGUE_SIZE]);

/* Begins the handshake of our protocol: XX, SHA-256, and this prologue.
 * EPHEMERAL_SECRET is 32 random bytes for this handshake alone; the caller
 * wipes its copy. Borrows: all for the call. */
void sg_hello_handshake(struct sg_noise *noise, enum sg_noise_role role,
                        const struct sg_registry_id *registry,
                        const struct sg_noise_key *transport_key,
                        const uint8_t ephemeral_secret[SG_KEY_SIZE]);

/* Gives the bounds of handshake message NUMBER, 1 to 3: a Noise message of
 * another size is refused before it is read. */
struct sg_hello_bounds {
    size_t size_min;
    size_t size_max;
};

struct sg_hello_bounds sg_hello_bounds(unsigned number);

/* Who speaks in a payload. */
enum sg_hello_form {
    SG_HELLO_MEMBER = 1,
    SG_HELLO_APPLICANT = 2, /* an initiator without a certificate */
};

/* The payload of message 2 or 3. CERTIFICATE is whole (PROTOCOL.md section 3)
 * and not judged; it and HEAD_ROOT are zeros where they are not sent. */
struct sg_hello_payload {
    enum sg_hello_form form;
    uint8_t minor;     /* of the sender's version */
    uint32_t features; /* bits we do not know included */
    bool is_ready;     /* message 3 only: the sender leaves stage 1 */
    uint8_t generation;
    uint8_t database_tag[SG_HELLO_TAG_SIZE];
    uint8_t certificate[SG_CERTIFICATE_SIZE];
    uint8_t head_root[SG_HELLO_ROOT_SIZE]; /* message 3 only */
};

/* Writes PAYLOAD for message NUMBER, 2 or 3, as our version has it; the
 * certificate without its transport key. Returns the size. */
size_t sg_hello_payload_encode(const struct sg_hello_payload *payload,
                               unsigned number,
                               uint8_t ret[SG_HELLO_PAYLOAD_SIZE_MAX]);

/* Reads the payload of message NUMBER, 2 or 3. REMOTE_STATIC is the key that
 * the handshake proved, and becomes the certificate's transport key. Bytes at
 * the end that a later minor version appended are ignored.
 * Errors: TRUNCATED; TRAILING; MALFORMED. */
SG_USE_RESULT enum sg_err sg_hello_payload_decode(
    struct sg_bytes bytes, unsigned number,
    const uint8_t remote_static[SG_KEY_SIZE],
    struct sg_hello_payload *ret_payload);

#endif
