/* Signed notes: a text and lines of signatures under it, read, verified and
 * written for any text and any signer.
 *
 * Keys are Ed25519 (type 01) and Ed25519 cosignatures of witnesses (type 04);
 * signatures by other keys are carried and not judged. What a text says is not
 * known here: checkpoints of ours are storage/log/checkpoint.h. Pure.
 *
 * Words: key name and key id, which together say whose signature a line is;
 * vkey, the text form of a public key.
 *
 * Sources: C2SP signed-note v1.0.0; C2SP tlog-cosignature (cosignature/v1).
 */
#ifndef SG_STORAGE_LOG_NOTE_H
#define SG_STORAGE_LOG_NOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/base/bytes.h"
#include "storage/base/crypto.h"
#include "storage/base/err.h"
#include "storage/base/limits.h"
#include "storage/base/writer.h"

/* The time (u64, seconds since 1970) and the Ed25519 signature. */
#define SG_COSIGNATURE_SIZE 72

enum sg_note_key_type {
    SG_NOTE_ED25519 = 0x01,
    SG_NOTE_COSIGNATURE = 0x04,
};

/* A signer that the reader knows. A value, but NAME is borrowed. */
struct sg_note_key {
    struct sg_bytes name;
    enum sg_note_key_type type;
    uint32_t id;
    uint8_t public_key[SG_KEY_SIZE];
};

/* Sets KEY and computes its id.
 * Borrows: NAME, as long as KEY is used.
 * Errors: MALFORMED when NAME is empty or holds a plus or a Unicode space;
 * TEXT. */
SG_USE_RESULT enum sg_err sg_note_key_init(
    struct sg_note_key *key, struct sg_bytes name, enum sg_note_key_type type,
    const uint8_t public_key[SG_KEY_SIZE]);

/* Parses a vkey, NAME+ID+KEY.
 * Borrows: VKEY, as long as RET_KEY is used.
 * Errors: MALFORMED (also when the id is not the key's), NOTCANONICAL, TEXT;
 * VERSION when the key is of another type. */
SG_USE_RESULT enum sg_err sg_note_key_parse(struct sg_bytes vkey,
                                            struct sg_note_key *ret_key);

/* Writes the vkey of KEY, without a newline. */
void sg_note_write_key(struct sg_writer *writer, const struct sg_note_key *key);

/* What verification found about a line. */
enum sg_note_state {
    SG_NOTE_UNKNOWN,  /* not by a known key, or not yet verified */
    SG_NOTE_VERIFIED, /* by KEY, and right */
    SG_NOTE_REPEATED, /* the same line again, or a right one by a key that
                         has VERIFIED already */
};

/* One line; all is borrowed from the note. */
struct sg_note_signature {
    struct sg_bytes line;   /* name, a space, base64 */
    struct sg_bytes name;   /* of the key */
    uint32_t key_id;        /* of the key */
    struct sg_bytes base64; /* of key id and signature; canonical */
    enum sg_note_state state;
    const struct sg_note_key *key; /* of VERIFIED, else NULL */
    uint64_t time; /* of a cosignature by KEY: seconds since 1970; else 0 */
};

struct sg_note {
    struct sg_bytes text; /* what is signed, its last newline included */
    size_t count;
    struct sg_note_signature signatures[SG_NOTE_SIGNATURES_MAX];
};

/* Parses BYTES and judges the form of all of it: UTF-8 without control
 * characters, a text, an empty line, one signature line or more. Verifies
 * nothing: the text must not be believed yet.
 * Borrows: BYTES, as long as RET_NOTE is used.
 * Errors: MALFORMED, TRUNCATED, NOTCANONICAL, TEXT; LIMIT above
 * SG_NOTE_SIZE_MAX, SG_NOTE_SIGNATURES_MAX or SG_NOTE_SIGNATURE_SIZE_MAX. */
SG_USE_RESULT enum sg_err sg_note_parse(struct sg_bytes bytes,
                                        struct sg_note *ret_note);

/* Verifies every line of NOTE that is by one of the KEYS, and writes what it
 * found into the lines. A line by another key is left UNKNOWN.
 * Borrows: KEYS, as long as NOTE is used.
 * Errors: SIGNATURE when such a line is wrong, or when there is none; INVALID
 * when two KEYS claim one line. Then NOTE must not be believed. */
SG_USE_RESULT enum sg_err sg_note_verify(struct sg_note *note,
                                         const struct sg_note_key keys[],
                                         size_t key_count);

/* Copies the signature of a line, without the key id.
 * Errors: MALFORMED when it is not exactly SIZE bytes. */
SG_USE_RESULT enum sg_err sg_note_signature_get(
    const struct sg_note_signature *signature, uint8_t *ret_bytes, size_t size);

/* Writes TEXT, which ends with a newline, and the empty line under it; then a
 * signature line by KEY, any number of times. They are not checked. */
void sg_note_write_text(struct sg_writer *writer, struct sg_bytes text);
void sg_note_write_signature(struct sg_writer *writer,
                             const struct sg_note_key *key,
                             struct sg_bytes signature);

/* Signs TEXT, a checkpoint, as a witness at TIME (seconds since 1970, at most
 * 2^63 - 1). TEXT is at most SG_COSIGNED_TEXT_SIZE_MAX. */
void sg_note_cosign(const struct sg_sign_key *key, uint64_t time,
                    struct sg_bytes text,
                    uint8_t ret_cosignature[SG_COSIGNATURE_SIZE]);

/* Verifies a cosignature of TEXT.
 * Errors: SIGNATURE; LIMIT above SG_COSIGNED_TEXT_SIZE_MAX. */
SG_USE_RESULT enum sg_err sg_note_verify_cosignature(
    const uint8_t public_key[SG_KEY_SIZE], struct sg_bytes text,
    const uint8_t cosignature[SG_COSIGNATURE_SIZE]);

#endif
