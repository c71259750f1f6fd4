#include "replication/cosignature.h"

#include "tests/lib/format.h"
#include "tests/lib/protocol.h"
#include "tests/lib/trust.h"

static struct format_log made;
static struct sg_checkpoint checkpoint;
static struct sg_sign_key witness;
static uint8_t witness_key[SG_KEY_SIZE];

static int begin(void **state)
{
    struct sg_hash root;

    (void)state;
    made = format_log();
    root = sg_merkle_root(&made.frontier);
    sg_checkpoint_sign(&made.registry, &made.log, &made.key, 3, &root,
                       &checkpoint);
    witness = trust_key(2, witness_key);
    return 0;
}

static struct sg_bytes page_body(void)
{
    struct sg_bytes message = protocol_hex("message-cosignature");

    return sg_bytes(message.data + 2, message.size - 2);
}

/* B's cosignature of the page verifies, and is made again as the same bytes. */
static void test_example(void **state)
{
    struct sg_cosignature cosignature, again;
    struct sg_writer writer;
    uint8_t room[256];

    (void)state;
    assert_ok(sg_cosignature_decode(page_body(), &cosignature));
    assert_int_equal(cosignature.size, 3);
    assert_int_equal(sg_cosignature_seconds(&cosignature), 1687046400);
    assert_hex(SG_BYTES_ARRAY(cosignature.bytes),
               sg_hex_text(protocol_hex("cosignature")));
    assert_ok(sg_cosignature_verify(&cosignature, &made.registry, &made.log,
                                    &checkpoint, witness_key));
    sg_cosignature_sign(&again, &made.registry, &made.log, &checkpoint,
                        &witness, 1687046400);
    sg_writer_init_array(&writer, room, sizeof room);
    sg_cosignature_encode(&again, &writer);
    assert_ok(sg_writer_end(&writer));
    assert_hex(sg_bytes(room, writer.size), sg_hex_text(page_body()));
}

/* A body of which one bit is another is refused or not of this witness, log and
 * checkpoint. */
static void test_every_bit(void **state)
{
    struct sg_bytes page = page_body();
    struct sg_cosignature cosignature;
    uint8_t bytes[256] = {0};

    (void)state;
    memcpy(bytes, page.data, page.size);
    for (size_t bit = 0; bit < page.size * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        if (sg_cosignature_decode(sg_bytes(bytes, page.size), &cosignature) ==
            SG_OK)
            assert_err(sg_cosignature_verify(&cosignature, &made.registry,
                                             &made.log, &checkpoint,
                                             witness_key),
                       SIGNATURE);
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (size_t size = 0; size < page.size; size++)
        assert_err(sg_cosignature_decode(sg_bytes(bytes, size), &cosignature),
                   TRUNCATED);
    assert_err(
        sg_cosignature_decode(sg_bytes(bytes, page.size + 1), &cosignature),
        TRAILING);
    bytes[16] = 0;
    assert_err(sg_cosignature_decode(sg_bytes(bytes, page.size), &cosignature),
               MALFORMED);
}

/* Another root at that size, or another key, was not cosigned. */
static void test_other(void **state)
{
    struct sg_checkpoint other = checkpoint;
    struct sg_cosignature cosignature;

    (void)state;
    assert_ok(sg_cosignature_decode(page_body(), &cosignature));
    other.root.bytes[0] ^= 1;
    assert_err(sg_cosignature_verify(&cosignature, &made.registry, &made.log,
                                     &other, witness_key),
               SIGNATURE);
    assert_err(sg_cosignature_verify(&cosignature, &made.registry, &made.log,
                                     &checkpoint, made.core.node_key),
               SIGNATURE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_example),
        cmocka_unit_test(test_every_bit),
        cmocka_unit_test(test_other),
    };

    return cmocka_run_group_tests(tests, begin, NULL);
}
