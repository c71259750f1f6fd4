#include "replication/bundle.h"

#include <stdlib.h>
#include <string.h>

#include "storage/base/check.h"

#define VERSION     1u
#define PURPOSE     "sogoc v1 bundle"
#define HASH_SIZE   sizeof(struct sg_hash)
#define LENGTH_SIZE 4u /* before the messages in a piece */

static const uint8_t magic[8] = {'s', 'o', 'g', 'o', 'c', 'b', 'd', 'l'};

/* --- Header --------------------------------------------------------------- */

static size_t piece_size(unsigned exponent)
{
    return (size_t)1 << exponent;
}

size_t sg_bundle_header_size(unsigned n_boxes)
{
    return SG_BUNDLE_HEADER_SIZE_MIN + SG_BUNDLE_BOX_SIZE * (size_t)n_boxes +
           HASH_SIZE;
}

uint64_t sg_bundle_part_size(const struct sg_bundle_header *header)
{
    return sg_bundle_header_size(header->n_boxes) +
           (uint64_t)header->pieces * piece_size(header->exponent);
}

uint32_t sg_bundle_pieces_max(unsigned exponent, unsigned n_boxes)
{
    return (uint32_t)((SG_BUNDLE_SIZE_MAX - sg_bundle_header_size(n_boxes)) /
                      piece_size(exponent));
}

/* Everything but kind and exponent that the table bounds. */
static bool is_sound(const struct sg_bundle_header *header)
{
    return header->exponent >= SG_BUNDLE_EXPONENT_MIN &&
           header->exponent <= SG_BUNDLE_EXPONENT_MAX &&
           header->kind >= SG_BUNDLE_REQUEST &&
           header->kind <= SG_BUNDLE_STATEMENTS && header->part >= 1 &&
           header->part <= header->parts && header->n_boxes >= 1 &&
           header->n_boxes <= SG_BUNDLE_DESTINATIONS_MAX &&
           header->pieces >= 1 &&
           header->pieces <=
               sg_bundle_pieces_max(header->exponent, header->n_boxes);
}

static int compare_boxes(const void *a, const void *b)
{
    return memcmp(a, b, SG_BUNDLE_BOX_SIZE);
}

enum sg_err sg_bundle_key_seal(const uint8_t key[SG_KEY_SIZE],
                               const uint8_t (*transport_keys)[SG_KEY_SIZE],
                               size_t n, uint8_t *ret_boxes)
{
    if (n < 1 || n > SG_BUNDLE_DESTINATIONS_MAX)
        return SG_ERR_INVALID;
    for (size_t i = 0; i < n; i++) {
        enum sg_err err = sg_crypto_box_seal(
            transport_keys[i], sg_bytes(key, SG_KEY_SIZE),
            ret_boxes + i * SG_BUNDLE_BOX_SIZE, SG_BUNDLE_BOX_SIZE);

        if (err != SG_OK)
            return err;
    }
    qsort(ret_boxes, n, SG_BUNDLE_BOX_SIZE, compare_boxes);
    return SG_OK;
}

enum sg_err sg_bundle_header_encode(struct sg_bundle_header *header,
                                    const struct sg_registry_id *registry,
                                    const uint8_t *boxes,
                                    struct sg_writer *writer)
{
    struct sg_bytes before = sg_writer_written(writer);
    struct sg_bytes written;

    if (!is_sound(header))
        return SG_ERR_INVALID;
    sg_writer_bytes(writer, sg_bytes(magic, sizeof magic));
    sg_writer_u8(writer, VERSION);
    sg_writer_u8(writer, (uint8_t)header->kind);
    sg_writer_u8(writer, header->exponent);
    sg_writer_u8(writer, 0);
    sg_writer_bytes(writer, sg_bytes(registry->hash.bytes, 8));
    sg_writer_bytes(writer, sg_bytes(header->id, sizeof header->id));
    sg_writer_u16be(writer, header->part);
    sg_writer_u16be(writer, header->parts);
    sg_writer_u32be(writer, header->pieces);
    sg_writer_u16be(writer, header->n_boxes);
    sg_writer_bytes(
        writer, sg_bytes(boxes, SG_BUNDLE_BOX_SIZE * (size_t)header->n_boxes));
    written = sg_writer_written(writer);
    sg_crypto_purpose_hash(PURPOSE, &registry->hash, written.data + before.size,
                           written.size - before.size, &header->hash);
    sg_writer_bytes(writer, sg_bytes(header->hash.bytes, HASH_SIZE));
    return sg_writer_end(writer);
}

/* Reads the fixed bytes; RET_REGISTRY gets the first 8 of the registry. */
static enum sg_err read_fixed(struct sg_reader *reader,
                              struct sg_bundle_header *header,
                              uint8_t ret_registry[8])
{
    struct sg_bytes begin = sg_reader_take(reader, sizeof magic);
    uint8_t version = sg_reader_u8(reader);
    uint8_t zero;

    if (begin.size == sizeof magic &&
        memcmp(begin.data, magic, sizeof magic) != 0)
        return SG_ERR_MALFORMED;
    if (begin.size == sizeof magic && version != VERSION && version != 0)
        return SG_ERR_VERSION;
    header->kind = (enum sg_bundle_kind)sg_reader_u8(reader);
    header->exponent = sg_reader_u8(reader);
    zero = sg_reader_u8(reader);
    sg_reader_copy(reader, ret_registry, 8);
    sg_reader_copy(reader, header->id, sizeof header->id);
    header->part = sg_reader_u16be(reader);
    header->parts = sg_reader_u16be(reader);
    header->pieces = sg_reader_u32be(reader);
    header->n_boxes = sg_reader_u16be(reader);
    if (reader->err == SG_OK &&
        (version != VERSION || zero != 0 || !is_sound(header)))
        return SG_ERR_MALFORMED;
    return reader->err;
}

enum sg_err sg_bundle_header_decode(struct sg_bytes bytes,
                                    const struct sg_registry_id *registry,
                                    struct sg_bundle_header *ret_header,
                                    struct sg_bytes *ret_boxes)
{
    struct sg_bundle_header header = {0};
    struct sg_reader reader;
    uint8_t of_registry[8];
    struct sg_bytes boxes, stated;
    enum sg_err err;

    sg_reader_init(&reader, bytes);
    err = read_fixed(&reader, &header, of_registry);
    if (err != SG_OK)
        return err;
    boxes =
        sg_reader_take(&reader, SG_BUNDLE_BOX_SIZE * (size_t)header.n_boxes);
    stated = sg_reader_take(&reader, HASH_SIZE);
    if (reader.err != SG_OK)
        return reader.err;
    if (memcmp(of_registry, registry->hash.bytes, sizeof of_registry) != 0)
        return SG_ERR_UNTRUSTED;
    sg_crypto_purpose_hash(PURPOSE, &registry->hash, bytes.data,
                           sg_bundle_header_size(header.n_boxes) - HASH_SIZE,
                           &header.hash);
    if (memcmp(stated.data, header.hash.bytes, HASH_SIZE) != 0)
        return SG_ERR_MALFORMED;
    for (unsigned i = 1; i < header.n_boxes; i++)
        if (compare_boxes(boxes.data + (i - 1) * SG_BUNDLE_BOX_SIZE,
                          boxes.data + i * SG_BUNDLE_BOX_SIZE) >= 0)
            return SG_ERR_MALFORMED;
    *ret_header = header;
    *ret_boxes = boxes;
    return SG_OK;
}

enum sg_err sg_bundle_key_open(struct sg_bytes boxes,
                               const uint8_t public_key[SG_KEY_SIZE],
                               const uint8_t secret[SG_KEY_SIZE],
                               uint8_t ret_key[SG_KEY_SIZE])
{
    for (size_t i = 0; i + SG_BUNDLE_BOX_SIZE <= boxes.size;
         i += SG_BUNDLE_BOX_SIZE)
        if (sg_crypto_box_open(public_key, secret,
                               sg_bytes(boxes.data + i, SG_BUNDLE_BOX_SIZE),
                               ret_key, SG_KEY_SIZE) == SG_OK)
            return SG_OK;
    return SG_ERR_NOTFOUND;
}

/* --- Pieces --------------------------------------------------------------- */

void sg_bundle_pack_init(struct sg_bundle_pack *pack, unsigned exponent,
                         uint8_t *room)
{
    *pack = (struct sg_bundle_pack){room, piece_size(exponent), 0};
}

size_t sg_bundle_pack_body_max(unsigned exponent)
{
    size_t room = piece_size(exponent) - SG_SEAL_TAG_SIZE - LENGTH_SIZE -
                  SG_MESSAGE_HEADER_SIZE_MAX;

    return room < SG_MESSAGE_SIZE_MAX ? room : SG_MESSAGE_SIZE_MAX;
}

bool sg_bundle_pack_put(struct sg_bundle_pack *pack, enum sg_message_type type,
                        struct sg_bytes body)
{
    struct sg_writer writer;

    sg_writer_init_array(&writer, pack->room + LENGTH_SIZE + pack->used,
                         pack->size - SG_SEAL_TAG_SIZE - LENGTH_SIZE -
                             pack->used);
    sg_frame_message_put(&writer, type, body);
    if (writer.err != SG_OK)
        return false;
    pack->used += sg_writer_written(&writer).size;
    return true;
}

static void make_nonce(const struct sg_bundle_header *header, uint32_t number,
                       uint8_t ret_nonce[SG_XAEAD_NONCE_SIZE])
{
    struct sg_writer writer;

    sg_writer_init_array(&writer, ret_nonce, SG_XAEAD_NONCE_SIZE);
    sg_writer_bytes(&writer, sg_bytes(header->id, sizeof header->id));
    sg_writer_u32be(&writer, header->part);
    sg_writer_u32be(&writer, number);
}

void sg_bundle_piece_seal(struct sg_bundle_pack *pack,
                          const struct sg_bundle_header *header,
                          const uint8_t key[SG_KEY_SIZE], uint32_t number)
{
    uint8_t nonce[SG_XAEAD_NONCE_SIZE];
    size_t plain = pack->size - SG_SEAL_TAG_SIZE;
    struct sg_writer writer;
    enum sg_err err;

    make_nonce(header, number, nonce);
    sg_writer_init_array(&writer, pack->room, LENGTH_SIZE);
    sg_writer_u32be(&writer, (uint32_t)pack->used);
    memset(pack->room + LENGTH_SIZE + pack->used, 0,
           plain - LENGTH_SIZE - pack->used);
    err = sg_crypto_seal(SG_AEAD_XCHACHA20POLY1305, key,
                         sg_bytes(nonce, sizeof nonce),
                         sg_bytes(header->hash.bytes, HASH_SIZE),
                         sg_bytes(pack->room, plain), pack->room, pack->size);
    SG_ASSERT(err == SG_OK); /* sizes are ours */
    pack->used = 0;
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
    uint8_t sum = 0;

    for (size_t i = 0; i < size; i++)
        sum |= bytes[i];
    return sum == 0;
}

enum sg_err sg_bundle_piece_open(uint8_t *piece,
                                 const struct sg_bundle_header *header,
                                 const uint8_t key[SG_KEY_SIZE],
                                 uint32_t number, struct sg_bytes *ret_messages)
{
    uint8_t nonce[SG_XAEAD_NONCE_SIZE];
    size_t size = piece_size(header->exponent);
    size_t plain = size - SG_SEAL_TAG_SIZE;
    struct sg_reader reader;
    uint32_t used;
    enum sg_err err;

    make_nonce(header, number, nonce);
    err = sg_crypto_open(SG_AEAD_XCHACHA20POLY1305, key,
                         sg_bytes(nonce, sizeof nonce),
                         sg_bytes(header->hash.bytes, HASH_SIZE),
                         sg_bytes(piece, size), piece, plain);
    if (err != SG_OK)
        return err;
    sg_reader_init(&reader, sg_bytes(piece, plain));
    used = sg_reader_u32be(&reader);
    if (used > plain - LENGTH_SIZE ||
        !is_zero(piece + LENGTH_SIZE + used, plain - LENGTH_SIZE - used))
        return SG_ERR_MALFORMED;
    *ret_messages = sg_bytes(piece + LENGTH_SIZE, used);
    return SG_OK;
}

/* Which messages a bundle of a kind may hold; the others are skipped. */
static bool has_place(enum sg_bundle_kind kind, enum sg_message_type type)
{
    switch (type) {
    case SG_MESSAGE_MANIFEST:
        return true;
    case SG_MESSAGE_SUBSCRIBE:
    case SG_MESSAGE_HEADS:
        return kind != SG_BUNDLE_STATEMENTS;
    case SG_MESSAGE_AUTHORITY:
        return kind != SG_BUNDLE_STATEMENTS;
    case SG_MESSAGE_ASK:
    case SG_MESSAGE_INTRODUCE:
    case SG_MESSAGE_PROVE:
    case SG_MESSAGE_PROOF:
    case SG_MESSAGE_MINE:
    case SG_MESSAGE_PACKAGE:
    case SG_MESSAGE_FORK:
    case SG_MESSAGE_BRANCHES:
        return kind == SG_BUNDLE_ENTRIES;
    case SG_MESSAGE_STORED:
    case SG_MESSAGE_COSIGNATURE:
    case SG_MESSAGE_HOLDING:
    case SG_MESSAGE_STATEMENT:
        return kind != SG_BUNDLE_REQUEST;
    default:
        return false;
    }
}

enum sg_err sg_bundle_next(struct sg_bytes *messages, enum sg_bundle_kind kind,
                           struct sg_frame_message *ret_message)
{
    struct sg_reader reader;

    sg_reader_init(&reader, *messages);
    *ret_message = (struct sg_frame_message){.type = SG_MESSAGE_NONE};
    while (reader.left.size > 0) {
        uint8_t type = sg_reader_u8(&reader);
        uint64_t size = sg_reader_varint(&reader);
        struct sg_bytes body;

        if (reader.err == SG_OK && size > SG_MESSAGE_SIZE_MAX)
            return SG_ERR_LIMIT;
        body = sg_reader_take(&reader, (size_t)size);
        if (reader.err != SG_OK)
            return reader.err == SG_ERR_TRUNCATED ? SG_ERR_MALFORMED
                                                  : reader.err;
        if (!has_place(kind, (enum sg_message_type)type))
            continue;
        if (size > sg_frame_body_max(type))
            return SG_ERR_LIMIT;
        *ret_message =
            (struct sg_frame_message){(enum sg_message_type)type, body};
        break;
    }
    *messages = reader.left;
    return SG_OK;
}

/* --- Manifest ---------------------------------------------------------------
 */

#define MANIFEST_SIGNED (SG_BUNDLE_MANIFEST_SIZE - SG_SIGNATURE_SIZE)

void sg_bundle_manifest_encode(const struct sg_bundle_manifest *manifest,
                               uint8_t ret[SG_BUNDLE_MANIFEST_SIZE])
{
    struct sg_writer writer;

    sg_writer_init_array(&writer, ret, SG_BUNDLE_MANIFEST_SIZE);
    sg_writer_bytes(&writer,
                    sg_bytes(manifest->certificate, SG_CERTIFICATE_SIZE));
    sg_writer_u64be(&writer, manifest->seconds);
    sg_writer_bytes(&writer,
                    sg_bytes(manifest->request, sizeof manifest->request));
    sg_writer_bytes(&writer, sg_bytes(manifest->signature, SG_SIGNATURE_SIZE));
}

/* The text that is signed: the first part's header hash, the manifest. */
static void signed_text(const struct sg_bundle_manifest *manifest,
                        const struct sg_hash *first,
                        uint8_t ret[HASH_SIZE + SG_BUNDLE_MANIFEST_SIZE])
{
    memcpy(ret, first->bytes, HASH_SIZE);
    sg_bundle_manifest_encode(manifest, ret + HASH_SIZE);
}

void sg_bundle_manifest_sign(struct sg_bundle_manifest *manifest,
                             const struct sg_registry_id *registry,
                             const struct sg_hash *first,
                             const struct sg_sign_key *key)
{
    uint8_t text[HASH_SIZE + SG_BUNDLE_MANIFEST_SIZE];
    enum sg_err err;

    signed_text(manifest, first, text);
    err = sg_crypto_sign_purpose(key, PURPOSE, &registry->hash, text,
                                 HASH_SIZE + MANIFEST_SIGNED,
                                 manifest->signature);
    SG_ASSERT(err == SG_OK); /* the text is short */
}

enum sg_err sg_bundle_manifest_decode(struct sg_bytes body,
                                      struct sg_bundle_manifest *ret_manifest)
{
    struct sg_reader reader;

    sg_reader_init(&reader, body);
    sg_reader_copy(&reader, ret_manifest->certificate, SG_CERTIFICATE_SIZE);
    ret_manifest->seconds = sg_reader_u64be(&reader);
    sg_reader_copy(&reader, ret_manifest->request,
                   sizeof ret_manifest->request);
    sg_reader_copy(&reader, ret_manifest->signature, SG_SIGNATURE_SIZE);
    return sg_reader_end(&reader);
}

enum sg_err sg_bundle_manifest_verify(const struct sg_bundle_manifest *manifest,
                                      const struct sg_registry_id *registry,
                                      const struct sg_hash *first,
                                      const uint8_t node_key[SG_KEY_SIZE])
{
    uint8_t text[HASH_SIZE + SG_BUNDLE_MANIFEST_SIZE];

    signed_text(manifest, first, text);
    return sg_crypto_verify_purpose(node_key, PURPOSE, &registry->hash, text,
                                    HASH_SIZE + MANIFEST_SIGNED,
                                    manifest->signature);
}
