/* Checkpoints: what a log's writer signs, at rest, as a C2SP signed note, and
 * with proofs for others.
 *
 * FORMAT.md section 7 has the bytes. One signature serves all forms: it is over
 * the note text, which origin, size and root determine. Notes that others wrote
 * are storage/log/note.h. Pure.
 *
 * Sources: C2SP signed-note v1.0.0, tlog-checkpoint, tlog-cosignature
 * (cosignature/v1), tlog-proof v1.
 */
#ifndef SG_STORAGE_LOG_CHECKPOINT_H
#define SG_STORAGE_LOG_CHECKPOINT_H

#include <stddef.h>
#include <stdint.h>

#include "storage/base/buf.h"
#include "storage/base/bytes.h"
#include "storage/base/crypto.h"
#include "storage/base/err.h"
#include "storage/log/entry.h"
#include "storage/log/merkle.h"
#include "storage/log/note.h"

#define SG_CHECKPOINT_SIZE 72

/* "sogoc/v1/" R "/" L, both in hex: the origin, which is the key name too. */
#define SG_CHECKPOINT_ORIGIN_SIZE 138
/* Origin, size and root, a line each; then an empty line and a signature; then
 * the lines before them in a proof: the longest there are. */
#define SG_CHECKPOINT_TEXT_MAX 205
#define SG_CHECKPOINT_NOTE_MAX 442
#define SG_TLOG_PROOF_SIZE_MAX 3444

struct sg_checkpoint {
    uint64_t size; /* at least 1; 0 where "none" is allowed */
    struct sg_hash root;
    uint8_t signature[SG_SIGNATURE_SIZE];
};

/* Signs (SIZE, ROOT) of LOG; the same input always gives the same bytes.
 * KEY's public half is the core's node key. SIZE is at least 1. */
void sg_checkpoint_sign(const struct sg_registry_id *registry,
                        const struct sg_log_id *log,
                        const struct sg_sign_key *key, uint64_t size,
                        const struct sg_hash *root,
                        struct sg_checkpoint *ret_checkpoint);

/* Verifies that NODE_KEY signed CHECKPOINT for LOG.
 * Errors: SIGNATURE. */
SG_USE_RESULT enum sg_err sg_checkpoint_verify(
    const struct sg_registry_id *registry, const struct sg_log_id *log,
    const uint8_t node_key[SG_KEY_SIZE],
    const struct sg_checkpoint *checkpoint);

/* Encodes size and signature; decodes them, leaving the root zero.
 * Errors: MALFORMED (size 0). */
void sg_checkpoint_encode(const struct sg_checkpoint *checkpoint,
                          uint8_t ret_bytes[SG_CHECKPOINT_SIZE]);
SG_USE_RESULT enum sg_err sg_checkpoint_decode(
    const uint8_t bytes[SG_CHECKPOINT_SIZE],
    struct sg_checkpoint *ret_checkpoint);

/* Writes the three lines of the note text into RET_TEXT, no NUL; returns their
 * size. */
size_t sg_checkpoint_text(const struct sg_registry_id *registry,
                          const struct sg_log_id *log, uint64_t size,
                          const struct sg_hash *root,
                          uint8_t ret_text[SG_CHECKPOINT_TEXT_MAX]);

/* Prints CHECKPOINT as a signed note, at most SG_CHECKPOINT_NOTE_MAX.
 * Errors: NOMEM, LIMIT (RET_NOTE's maximum). */
SG_USE_RESULT enum sg_err sg_checkpoint_print(
    const struct sg_registry_id *registry, const struct sg_log_id *log,
    const uint8_t node_key[SG_KEY_SIZE], const struct sg_checkpoint *checkpoint,
    struct sg_buf *ret_note);

/* What a note of ours says: a checkpoint, of which log, by which key. */
struct sg_checkpoint_note {
    struct sg_registry_id registry;
    struct sg_log_id log;
    uint32_t key_id;
    struct sg_checkpoint checkpoint;
};

/* Parses a signed note of ours, strictly: our origin, three lines, canonical
 * numbers and base64, the writer's signature in the first line under it. Does
 * not verify; gives the ids to look the key up. Lines of others may follow ours
 * and are ignored.
 * Errors: MALFORMED, TRUNCATED, TRAILING, NOTCANONICAL, TEXT, LIMIT. */
SG_USE_RESULT enum sg_err sg_checkpoint_parse(
    struct sg_bytes note, struct sg_checkpoint_note *ret_note);

/* Gives the key id under which NODE_KEY signs notes of LOG. */
uint32_t sg_checkpoint_key_id(const struct sg_registry_id *registry,
                              const struct sg_log_id *log,
                              const uint8_t node_key[SG_KEY_SIZE]);

/* Verifies that NODE_KEY signed what NOTE says, and that the note names that
 * key.
 * Errors: SIGNATURE. */
SG_USE_RESULT enum sg_err sg_checkpoint_note_verify(
    const struct sg_checkpoint_note *note, const uint8_t node_key[SG_KEY_SIZE]);

/* Signs as a witness at TIME (seconds since 1970): cosignature/v1, 72 bytes:
 * time, signature. Verifies one.
 * Errors: SIGNATURE. */
void sg_checkpoint_cosign(const struct sg_registry_id *registry,
                          const struct sg_log_id *log,
                          const struct sg_checkpoint *checkpoint,
                          const struct sg_sign_key *witness, uint64_t time,
                          uint8_t ret_cosignature[SG_COSIGNATURE_SIZE]);
SG_USE_RESULT enum sg_err sg_checkpoint_verify_cosignature(
    const struct sg_registry_id *registry, const struct sg_log_id *log,
    const struct sg_checkpoint *checkpoint,
    const uint8_t witness_key[SG_KEY_SIZE],
    const uint8_t cosignature[SG_COSIGNATURE_SIZE]);

/* A tlog-proof in memory: the entry's header, its place, its path. */
struct sg_tlog_proof {
    uint8_t header[SG_ENTRY_HEADER_SIZE];
    uint64_t index;
    size_t path_count;
    struct sg_hash path[SG_MERKLE_HASHES_MAX];
    struct sg_checkpoint_note note;
};

/* Prints PROOF as a C2SP tlog-proof, at most SG_TLOG_PROOF_SIZE_MAX. The key id
 * is NODE_KEY's; PROOF's is not looked at.
 * Errors: NOMEM, LIMIT (RET_TEXT's maximum). */
SG_USE_RESULT enum sg_err sg_checkpoint_proof_print(
    const struct sg_tlog_proof *proof, const uint8_t node_key[SG_KEY_SIZE],
    struct sg_buf *ret_text);

/* Parses a tlog-proof, strictly: exactly our lines, canonical base64, nothing
 * after the signature line. What the header says is not looked at.
 * Errors: MALFORMED, TRUNCATED, TRAILING, NOTCANONICAL, TEXT, LIMIT. */
SG_USE_RESULT enum sg_err sg_checkpoint_proof_parse(
    struct sg_bytes text, struct sg_tlog_proof *ret_proof);

/* Verifies signature and inclusion. NODE_KEY is the log's, known from
 * elsewhere (certificate, core).
 * Errors: SIGNATURE, PROOF. */
SG_USE_RESULT enum sg_err sg_checkpoint_proof_verify(
    const struct sg_tlog_proof *proof, const uint8_t node_key[SG_KEY_SIZE]);

#endif
