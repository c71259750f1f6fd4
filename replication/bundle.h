/* Bundle: the exchange of two nodes as files on a stick. The container: header,
 * pieces, manifest. PROTOCOL.md section 15 has the bytes.
 *
 * A part is one flat file: a header that anybody can check, then pieces of one
 * size, each sealed alone and holding whole messages, so that what arrives cut
 * or damaged loses a piece and no more. It is read as bytes of a hostile peer:
 * what is inside goes through the sync core like messages of a session.
 *
 *     make:  sg_bundle_header_encode, then for each piece
 *            sg_bundle_pack_* -> sg_bundle_piece_seal
 *     take:  sg_bundle_header_decode -> sg_bundle_key_open, then for each piece
 *            sg_bundle_piece_open -> sg_bundle_next
 *
 * The header covers the number of pieces and parts, so a maker counts first.
 * Pure but for the boxes, whose ephemeral keys are the kernel's.
 */
#ifndef SG_REPLICATION_BUNDLE_H
#define SG_REPLICATION_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replication/frame.h"
#include "storage/base/bytes.h"
#include "storage/base/crypto.h"
#include "storage/base/err.h"
#include "storage/base/limits.h"
#include "storage/base/reader.h"
#include "storage/base/writer.h"
#include "storage/log/entry.h"

#define SG_BUNDLE_ID_SIZE         16u
#define SG_BUNDLE_BOX_SIZE        80u
#define SG_BUNDLE_HEADER_SIZE_MIN 46u /* before the boxes */
#define SG_BUNDLE_HEADER_SIZE_MAX \
    (SG_BUNDLE_HEADER_SIZE_MIN +  \
     SG_BUNDLE_BOX_SIZE * SG_BUNDLE_DESTINATIONS_MAX + 32u)
#define SG_BUNDLE_MANIFEST_SIZE 240u
#define SG_BUNDLE_EXPONENT_MIN  12u
#define SG_BUNDLE_EXPONENT_MAX  18u

enum sg_bundle_kind {
    SG_BUNDLE_REQUEST = 1,    /* what its maker has and reads */
    SG_BUNDLE_ENTRIES = 2,    /* what a destination lacks */
    SG_BUNDLE_STATEMENTS = 3, /* what the taker then holds */
};

struct sg_bundle_header {
    enum sg_bundle_kind kind;
    uint8_t exponent; /* pieces are 2^exponent bytes */
    uint8_t id[SG_BUNDLE_ID_SIZE];
    uint16_t part; /* from 1 */
    uint16_t parts;
    uint32_t pieces; /* of this part */
    uint16_t n_boxes;
    struct sg_hash hash; /* of the header: set by encode and decode */
};

/* --- Header -------------------------------------------------------------
 */

/* Returns the size of a header with N boxes; of a whole part. */
size_t sg_bundle_header_size(unsigned n_boxes);
uint64_t sg_bundle_part_size(const struct sg_bundle_header *header);

/* Returns how many pieces a part may have, so that its file stays below
 * SG_BUNDLE_SIZE_MAX. */
uint32_t sg_bundle_pieces_max(unsigned exponent, unsigned n_boxes);

/* Seals the bundle key for N transport keys, in the order that hides who
 * they are of. RET_BOXES has N * SG_BUNDLE_BOX_SIZE bytes. Errors: CRYPTO
 * when a key is of low order; INVALID for a number that is none. */
SG_USE_RESULT enum sg_err sg_bundle_key_seal(
    const uint8_t key[SG_KEY_SIZE],
    const uint8_t (*transport_keys)[SG_KEY_SIZE], size_t n, uint8_t *ret_boxes);

/* Writes HEADER, sets its hash. Errors: those of WRITER; INVALID. */
SG_USE_RESULT enum sg_err sg_bundle_header_encode(
    struct sg_bundle_header *header, const struct sg_registry_id *registry,
    const uint8_t *boxes, struct sg_writer *writer);

/* Reads the header at the beginning of BYTES, of which more may follow.
 * RET_BOXES borrows from BYTES. Errors: TRUNCATED: more bytes are needed,
 * at most SG_BUNDLE_HEADER_SIZE_MAX; MALFORMED: no bundle, or a damaged
 * one; VERSION; UNTRUSTED: of another registry. */
SG_USE_RESULT enum sg_err sg_bundle_header_decode(
    struct sg_bytes bytes, const struct sg_registry_id *registry,
    struct sg_bundle_header *ret_header, struct sg_bytes *ret_boxes);

/* Finds the box for the transport key with SECRET and opens it. Errors:
 * NOTFOUND: it is for others. */
SG_USE_RESULT enum sg_err sg_bundle_key_open(
    struct sg_bytes boxes, const uint8_t public_key[SG_KEY_SIZE],
    const uint8_t secret[SG_KEY_SIZE], uint8_t ret_key[SG_KEY_SIZE]);

/* --- Pieces -------------------------------------------------------------
 */

/* A piece that is being filled, in ROOM of 2^exponent bytes. */
struct sg_bundle_pack {
    uint8_t *room; /* borrowed */
    size_t size;   /* of a piece */
    size_t used;   /* of messages */
};

/* Sets PACK to an empty piece. Borrows: ROOM while PACK is used. */
void sg_bundle_pack_init(struct sg_bundle_pack *pack, unsigned exponent,
                         uint8_t *room);

/* Returns the largest body that an empty piece holds. */
size_t sg_bundle_pack_body_max(unsigned exponent);

/* Adds a message. Returns false when it does not fit any more: seal, begin
 * anew. */
bool sg_bundle_pack_put(struct sg_bundle_pack *pack, enum sg_message_type type,
                        struct sg_bytes body);

/* Seals what PACK holds as piece NUMBER of HEADER's part, in its room,
 * which then is what the file gets. */
void sg_bundle_piece_seal(struct sg_bundle_pack *pack,
                          const struct sg_bundle_header *header,
                          const uint8_t key[SG_KEY_SIZE], uint32_t number);

/* Opens piece NUMBER in PIECE, 2^exponent bytes, in place, and gives the
 * messages' bytes in it. Errors: DECRYPT: damaged, or not of this bundle;
 * MALFORMED: what is inside is no piece. */
SG_USE_RESULT enum sg_err sg_bundle_piece_open(
    uint8_t *piece, const struct sg_bundle_header *header,
    const uint8_t key[SG_KEY_SIZE], uint32_t number,
    struct sg_bytes *ret_messages);

/* Takes the next message off MESSAGES; SG_MESSAGE_NONE at the end. Types
 * that have no place in a bundle of KIND, and unknown ones, are passed
 * over. Errors: MALFORMED, NOTCANONICAL, LIMIT: the rest of the piece is
 * nothing. */
SG_USE_RESULT enum sg_err sg_bundle_next(struct sg_bytes *messages,
                                         enum sg_bundle_kind kind,
                                         struct sg_frame_message *ret_message);

/* --- Manifest -----------------------------------------------------------
 */

/* Who made a bundle, and in answer to what. */
struct sg_bundle_manifest {
    uint8_t certificate[SG_CERTIFICATE_SIZE];
    uint64_t seconds; /* since 1970, by the maker's clock: for display */
    uint8_t request[SG_BUNDLE_ID_SIZE]; /* zeros: none */
    uint8_t signature[SG_SIGNATURE_SIZE];
};

/* Signs MANIFEST for the bundle whose part 1 has the header hash FIRST. */
void sg_bundle_manifest_sign(struct sg_bundle_manifest *manifest,
                             const struct sg_registry_id *registry,
                             const struct sg_hash *first,
                             const struct sg_sign_key *key);

void sg_bundle_manifest_encode(const struct sg_bundle_manifest *manifest,
                               uint8_t ret[SG_BUNDLE_MANIFEST_SIZE]);

/* Reads the body of a `manifest`. Errors: TRUNCATED, TRAILING. */
SG_USE_RESULT enum sg_err sg_bundle_manifest_decode(
    struct sg_bytes body, struct sg_bundle_manifest *ret_manifest);

/* Verifies that NODE_KEY, the one in the certificate, signed MANIFEST.
 * Errors: SIGNATURE. */
SG_USE_RESULT enum sg_err sg_bundle_manifest_verify(
    const struct sg_bundle_manifest *manifest,
    const struct sg_registry_id *registry, const struct sg_hash *first,
    const uint8_t node_key[SG_KEY_SIZE]);

#endif
