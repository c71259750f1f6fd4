/* Bundles: PROTOCOL.md section 15 and its examples. */
#include "replication/bundle.h"

#include <string.h>

#include "storage/base/buf.h"
#include "storage/base/prng.h"
#include "tests/lib/protocol.h"

#define EXPONENT 12u
#define PIECE    4096u

static const struct sg_registry_id registry = {
    {{0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
      0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
      0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11}}};

/* A part of two pieces for two readers. */
struct part {
    uint8_t key[SG_KEY_SIZE];
    struct sg_noise_key readers[2];
    struct sg_bundle_header header;
    uint8_t bytes[512 + 2 * PIECE];
    size_t size;
};

static struct sg_bytes text(const char *string)
{
    return sg_bytes(string, strlen(string));
}

static void make_part(struct part *part)
{
    uint8_t keys[2][SG_KEY_SIZE], boxes[2 * SG_BUNDLE_BOX_SIZE];
    struct sg_bundle_pack pack;
    struct sg_writer writer;

    memset(part, 0, sizeof *part);
    memset(part->key, 0x66, sizeof part->key);
    for (int i = 0; i < 2; i++) {
        part->readers[i] = protocol_key((uint8_t)(PROTOCOL_STATIC_A + i));
        memcpy(keys[i], part->readers[i].public_key, SG_KEY_SIZE);
    }
    part->header = (struct sg_bundle_header){.kind = SG_BUNDLE_ENTRIES,
                                             .exponent = EXPONENT,
                                             .part = 1,
                                             .parts = 1,
                                             .pieces = 2,
                                             .n_boxes = 2};
    assert_ok(sg_bundle_key_seal(part->key, (const uint8_t(*)[SG_KEY_SIZE])keys,
                                 2, boxes));
    sg_writer_init_array(&writer, part->bytes, sizeof part->bytes);
    assert_ok(
        sg_bundle_header_encode(&part->header, &registry, boxes, &writer));
    part->size = sg_writer_written(&writer).size;
    for (uint32_t i = 0; i < 2; i++) {
        sg_bundle_pack_init(&pack, EXPONENT, part->bytes + part->size);
        assert_true(sg_bundle_pack_put(&pack, SG_MESSAGE_STORED, text("one")));
        assert_true(sg_bundle_pack_put(&pack, SG_MESSAGE_HOLDING, text("two")));
        sg_bundle_piece_seal(&pack, &part->header, part->key, i);
        part->size += PIECE;
    }
}

/* The page's header is read: its box opens with B's key and gives the page's
 * bundle key, and the piece whose ends it shows is sealed to the same bytes. */
static void test_examples(void **state)
{
    struct sg_bytes page = protocol_hex("bundle-header");
    struct sg_noise_key reader = protocol_key(PROTOCOL_STATIC_B);
    struct sg_noise_key other = protocol_key(PROTOCOL_STATIC_A);
    struct sg_bytes ends = protocol_hex("bundle-piece-ends");
    struct sg_bytes body = protocol_hex("bundle-manifest");
    struct sg_bundle_header header;
    struct sg_bundle_pack pack;
    uint8_t key[SG_KEY_SIZE], expected[SG_KEY_SIZE], room[PIECE];
    struct sg_bytes boxes;

    (void)state;
    assert_ok(sg_bundle_header_decode(page, &registry, &header, &boxes));
    assert_int_equal(header.kind, SG_BUNDLE_ENTRIES);
    assert_int_equal(header.exponent, EXPONENT);
    assert_int_equal(header.pieces, 1);
    assert_int_equal(sg_bundle_part_size(&header), page.size + PIECE);
    assert_err(sg_bundle_key_open(boxes, other.public_key, other.secret, key),
               NOTFOUND);
    assert_ok(sg_bundle_key_open(boxes, reader.public_key, reader.secret, key));
    memset(expected, 0x66, sizeof expected);
    assert_memory_equal(key, expected, sizeof key);

    sg_bundle_pack_init(&pack, EXPONENT, room);
    assert_true(sg_bundle_pack_put(&pack, SG_MESSAGE_MANIFEST,
                                   sg_bytes(body.data + 3, body.size - 3)));
    sg_bundle_piece_seal(&pack, &header, key, 0);
    assert_memory_equal(room, ends.data, 32);
    assert_memory_equal(room + PIECE - 32, ends.data + 32, 32);
}

/* The page's manifest is read, verifies for its bundle and for no other, and is
 * written to the same bytes. */
static void test_manifest(void **state)
{
    struct sg_bytes page = protocol_hex("bundle-manifest");
    struct sg_bytes first = protocol_hex("bundle-header");
    struct sg_bytes body = sg_bytes(page.data + 3, page.size - 3);
    struct sg_bundle_manifest manifest;
    uint8_t written[SG_BUNDLE_MANIFEST_SIZE];
    struct sg_hash hash;

    (void)state;
    memcpy(hash.bytes, first.data + first.size - 32, 32);
    assert_ok(sg_bundle_manifest_decode(body, &manifest));
    assert_ok(sg_bundle_manifest_verify(&manifest, &registry, &hash,
                                        manifest.certificate + 16));
    sg_bundle_manifest_encode(&manifest, written);
    assert_memory_equal(written, body.data, sizeof written);
    hash.bytes[0] ^= 1;
    assert_err(sg_bundle_manifest_verify(&manifest, &registry, &hash,
                                         manifest.certificate + 16),
               SIGNATURE);
    assert_err(sg_bundle_manifest_decode(sg_bytes(body.data, body.size - 1),
                                         &manifest),
               TRUNCATED);
}

/* Either reader takes what was put in, piece by piece and each alone. */
static void test_round_trip(void **state)
{
    static struct part part;

    (void)state;
    make_part(&part);
    for (int who = 0; who < 2; who++) {
        struct sg_bundle_header header;
        uint8_t key[SG_KEY_SIZE], piece[PIECE];
        struct sg_bytes boxes, messages;
        struct sg_frame_message message;

        assert_ok(sg_bundle_header_decode(sg_bytes(part.bytes, part.size),
                                          &registry, &header, &boxes));
        assert_ok(sg_bundle_key_open(boxes, part.readers[who].public_key,
                                     part.readers[who].secret, key));
        memcpy(piece, part.bytes + sg_bundle_header_size(2) + PIECE, PIECE);
        assert_ok(sg_bundle_piece_open(piece, &header, key, 1, &messages));
        assert_ok(sg_bundle_next(&messages, SG_BUNDLE_ENTRIES, &message));
        assert_int_equal(message.type, SG_MESSAGE_STORED);
        assert_memory_equal(message.body.data, "one", 3);
        assert_ok(sg_bundle_next(&messages, SG_BUNDLE_ENTRIES, &message));
        assert_int_equal(message.type, SG_MESSAGE_HOLDING);
        assert_ok(sg_bundle_next(&messages, SG_BUNDLE_ENTRIES, &message));
        assert_int_equal(message.type, SG_MESSAGE_NONE);
    }
}

/* No bit of a header can be changed, and no header can be cut; one that claims
 * more boxes than there are bytes looks cut. */
static void test_damaged_header_is_refused(void **state)
{
    static struct part part;
    struct sg_bundle_header header;
    struct sg_bytes boxes;
    size_t size = sg_bundle_header_size(2);

    (void)state;
    make_part(&part);
    for (size_t bit = 0; bit < size * 8; bit++) {
        enum sg_err err;

        part.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        err = sg_bundle_header_decode(sg_bytes(part.bytes, part.size),
                                      &registry, &header, &boxes);
        assert_true(err == SG_ERR_MALFORMED || err == SG_ERR_VERSION ||
                    err == SG_ERR_UNTRUSTED ||
                    (err == SG_ERR_TRUNCATED && bit / 8 / 2 == 22));
        part.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t cut = 0; cut < size; cut++)
        assert_err(sg_bundle_header_decode(sg_bytes(part.bytes, cut), &registry,
                                           &header, &boxes),
                   TRUNCATED);
}

/* A piece that was changed, moved to another place or to another bundle does
 * not open. */
static void test_damaged_piece_is_refused(void **state)
{
    static struct part part;
    struct sg_bundle_header other;
    uint8_t piece[PIECE];
    struct sg_bytes messages;
    const uint8_t *first;

    (void)state;
    make_part(&part);
    first = part.bytes + sg_bundle_header_size(2);
    for (size_t at = 0; at < PIECE; at += 7) {
        memcpy(piece, first, PIECE);
        piece[at] ^= 0x10;
        assert_err(
            sg_bundle_piece_open(piece, &part.header, part.key, 0, &messages),
            DECRYPT);
    }
    memcpy(piece, first, PIECE);
    assert_err(
        sg_bundle_piece_open(piece, &part.header, part.key, 1, &messages),
        DECRYPT);
    other = part.header;
    other.id[3] ^= 1;
    memcpy(piece, first, PIECE);
    assert_err(sg_bundle_piece_open(piece, &other, part.key, 0, &messages),
               DECRYPT);
}

/* A fellow reader, who has the key, can write what he likes into a piece: it is
 * looked at like anybody's bytes. */
static void test_what_is_inside_is_judged(void **state)
{
    static struct part part;
    uint8_t piece[PIECE], nonce[SG_XAEAD_NONCE_SIZE] = {0};
    struct sg_bytes messages;

    (void)state;
    make_part(&part);
    nonce[19] = 1; /* part 1, piece 0 of a bundle whose id is zeros */
    memset(piece, 0, sizeof piece);
    piece[2] = 0xff; /* more messages than the piece has room for */
    assert_ok(sg_crypto_seal(
        SG_AEAD_XCHACHA20POLY1305, part.key, sg_bytes(nonce, sizeof nonce),
        sg_bytes(part.header.hash.bytes, 32),
        sg_bytes(piece, PIECE - SG_SEAL_TAG_SIZE), piece, PIECE));
    assert_err(
        sg_bundle_piece_open(piece, &part.header, part.key, 0, &messages),
        MALFORMED);
    memset(piece, 0, sizeof piece);
    piece[100] = 1; /* something behind the messages */
    assert_ok(sg_crypto_seal(
        SG_AEAD_XCHACHA20POLY1305, part.key, sg_bytes(nonce, sizeof nonce),
        sg_bytes(part.header.hash.bytes, 32),
        sg_bytes(piece, PIECE - SG_SEAL_TAG_SIZE), piece, PIECE));
    assert_err(
        sg_bundle_piece_open(piece, &part.header, part.key, 0, &messages),
        MALFORMED);
}

/* Messages that have no place in a kind of bundle, and unknown ones, are passed
 * over; what is cut, too long or not canonical ends the piece. */
static void test_messages_of_a_kind(void **state)
{
    const uint8_t mixed[] = {SG_MESSAGE_WANT,
                             1,
                             7,
                             120,
                             2,
                             8,
                             9,
                             SG_MESSAGE_PING,
                             0x04,
                             1,
                             2,
                             3,
                             4,
                             SG_MESSAGE_HOLDING,
                             1,
                             5};
    const uint8_t cut[] = {SG_MESSAGE_HOLDING, 9, 1};
    const uint8_t long_holding[] = {SG_MESSAGE_HOLDING, 0x81, 0x02};
    const uint8_t padded[] = {SG_MESSAGE_HOLDING, 0x81, 0x00, 1};
    const uint8_t huge[] = {SG_MESSAGE_PACKAGE, 0xff, 0xff, 0xff, 0x7f};
    struct sg_bytes messages = SG_BYTES_ARRAY(mixed);
    struct sg_frame_message message;

    (void)state;
    assert_ok(sg_bundle_next(&messages, SG_BUNDLE_STATEMENTS, &message));
    assert_int_equal(message.type, SG_MESSAGE_HOLDING);
    assert_int_equal(messages.size, 0);
    messages = SG_BYTES_ARRAY(mixed);
    assert_ok(sg_bundle_next(&messages, SG_BUNDLE_REQUEST, &message));
    assert_int_equal(message.type, SG_MESSAGE_NONE);
    messages = SG_BYTES_ARRAY(cut);
    assert_err(sg_bundle_next(&messages, SG_BUNDLE_ENTRIES, &message),
               MALFORMED);
    messages = SG_BYTES_ARRAY(long_holding);
    assert_err(sg_bundle_next(&messages, SG_BUNDLE_ENTRIES, &message),
               MALFORMED);
    messages = SG_BYTES_ARRAY(padded);
    assert_err(sg_bundle_next(&messages, SG_BUNDLE_ENTRIES, &message),
               NOTCANONICAL);
    messages = SG_BYTES_ARRAY(huge);
    assert_err(sg_bundle_next(&messages, SG_BUNDLE_ENTRIES, &message), LIMIT);
}

/* A piece takes what fits and says when no more does; what does not fit leaves
 * it as it was. */
static void test_a_piece_is_filled(void **state)
{
    static uint8_t room[PIECE], body[PIECE];
    struct sg_bundle_pack pack;
    size_t most = sg_bundle_pack_body_max(EXPONENT);

    (void)state;
    sg_bundle_pack_init(&pack, EXPONENT, room);
    assert_true(
        sg_bundle_pack_put(&pack, SG_MESSAGE_PACKAGE, sg_bytes(body, most)));
    assert_false(
        sg_bundle_pack_put(&pack, SG_MESSAGE_PACKAGE, sg_bytes(body, 2)));
    assert_true(pack.used <= PIECE);
    assert_int_equal(sg_bundle_pack_body_max(SG_BUNDLE_EXPONENT_MAX),
                     (1u << 18) - 16 - 4 - 4);
}

/* No part is too large for FAT; numbers that cannot be are not written. */
static void test_limits(void **state)
{
    struct sg_bundle_header header = {.kind = SG_BUNDLE_ENTRIES,
                                      .exponent = 12,
                                      .part = 1,
                                      .parts = 1,
                                      .pieces = 1,
                                      .n_boxes = 1};
    uint8_t box[SG_BUNDLE_BOX_SIZE] = {0}, bytes[256];
    struct sg_writer writer;

    (void)state;
    for (unsigned exponent = 12; exponent <= 18; exponent++) {
        header.exponent = (uint8_t)exponent;
        header.pieces = sg_bundle_pieces_max(exponent, 1);
        assert_true(sg_bundle_part_size(&header) <= SG_BUNDLE_SIZE_MAX);
        header.pieces++;
        assert_true(sg_bundle_part_size(&header) > SG_BUNDLE_SIZE_MAX);
        sg_writer_init_array(&writer, bytes, sizeof bytes);
        assert_err(sg_bundle_header_encode(&header, &registry, box, &writer),
                   INVALID);
    }
    assert_err(sg_bundle_key_seal(bytes, NULL, 0, box), INVALID);
}

/* Boxes that are not in ascending order are refused, though the header's hash
 * is right: else they would say in which order the readers were named. */
static void test_boxes_ascend(void **state)
{
    (void)state;
    for (uint8_t first = 0; first < 3; first++) {
        struct sg_bundle_header header = {.kind = SG_BUNDLE_ENTRIES,
                                          .exponent = 12,
                                          .part = 1,
                                          .parts = 1,
                                          .pieces = 1,
                                          .n_boxes = 2};
        uint8_t boxes[2 * SG_BUNDLE_BOX_SIZE] = {0}, bytes[512];
        struct sg_bytes read;
        struct sg_writer writer;
        enum sg_err err;

        boxes[0] = first;
        boxes[SG_BUNDLE_BOX_SIZE] = 1;
        sg_writer_init_array(&writer, bytes, sizeof bytes);
        assert_ok(sg_bundle_header_encode(&header, &registry, boxes, &writer));
        err = sg_bundle_header_decode(sg_writer_written(&writer), &registry,
                                      &header, &read);
        assert_int_equal(err, first == 0 ? SG_OK : SG_ERR_MALFORMED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_manifest),
        cmocka_unit_test(test_boxes_ascend),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_damaged_header_is_refused),
        cmocka_unit_test(test_damaged_piece_is_refused),
        cmocka_unit_test(test_what_is_inside_is_judged),
        cmocka_unit_test(test_messages_of_a_kind),
        cmocka_unit_test(test_a_piece_is_filled),
        cmocka_unit_test(test_limits),
    };

    if (sg_crypto_init() != SG_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
