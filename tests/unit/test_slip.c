/* Slips: made by a node, judged by whoever has the authority's public key. */
#include "replication/slip.h"

#include <string.h>

#include "tests/lib/test.h"

static struct sg_sign_key root, node, other;
static uint8_t root_key[SG_KEY_SIZE], node_key[SG_KEY_SIZE],
    other_key[SG_KEY_SIZE];
static struct sg_slip slip;
static uint8_t bytes[SG_SLIP_SIZE];

static void keys(uint8_t seed, struct sg_sign_key *ret_key,
                 uint8_t ret_public[SG_KEY_SIZE])
{
    uint8_t secret[SG_KEY_SIZE];

    memset(secret, seed, sizeof secret);
    sg_crypto_sign_keypair(secret, ret_key, ret_public);
}

static void certify(const struct sg_sign_key *by)
{
    struct sg_certificate certificate = {
        .role = SG_CERTIFICATE_DISTRICT,
        .epochs = 16,
        .serial = 1,
        .unit = UINT64_C(10003820191201),
        .from = {20250701},
        .until = {20350701},
    };

    memcpy(certificate.node_key, node_key, SG_KEY_SIZE);
    memset(certificate.transport_key, 9, SG_KEY_SIZE);
    sg_certificate_sign(&certificate, &slip.registry, by);
    sg_certificate_encode(&certificate, slip.certificate);
}

static void sign_checkpoint(const struct sg_sign_key *by)
{
    struct sg_log_id log = sg_entry_log_id(&slip.registry, &slip.log);
    struct sg_hash tree = slip.checkpoint.root;

    sg_checkpoint_sign(&slip.registry, &log, by, slip.checkpoint.size, &tree,
                       &slip.checkpoint);
}

static int setup(void **state)
{
    (void)state;
    assert_ok(sg_crypto_init());
    keys(1, &root, root_key);
    keys(2, &node, node_key);
    keys(3, &other, other_key);
    slip = (struct sg_slip){
        .log = {.kind = SG_LOG_RECORDS},
        .index = 41,
        .seconds = 1766000000,
        .checkpoint = {.size = 42},
    };
    memset(&slip.registry, 0x11, sizeof slip.registry);
    memset(&slip.record, 0x22, sizeof slip.record);
    memset(slip.log.epoch, 0xee, sizeof slip.log.epoch);
    memcpy(slip.log.node_key, node_key, SG_KEY_SIZE);
    memset(&slip.leaf, 0x33, sizeof slip.leaf);
    memset(&slip.checkpoint.root, 0x44, sizeof slip.checkpoint.root);
    certify(&root);
    sign_checkpoint(&node);
    assert_ok(sg_slip_sign(&slip, &node));
    sg_slip_encode(&slip, bytes);
    return 0;
}

/* What was encoded is decoded to the same, and verifies by the root key alone;
 * not by another authority's. */
static void test_verifies(void **state)
{
    struct sg_slip read;
    uint8_t again[SG_SLIP_SIZE];

    (void)state;
    assert_ok(sg_slip_decode(SG_BYTES_ARRAY(bytes), &read));
    assert_ok(sg_slip_verify(&read, root_key));
    assert_err(sg_slip_verify(&read, other_key), UNTRUSTED);
    sg_slip_encode(&read, again);
    assert_memory_equal(again, bytes, sizeof bytes);
    assert_int_equal(read.index, 41);
    assert_memory_equal(&read.record, &slip.record, sizeof read.record);
}

/* No bit of it can be another. */
static void test_every_bit_counts(void **state)
{
    struct sg_slip read;

    (void)state;
    for (size_t bit = 0; bit < 8 * SG_SLIP_SIZE; bit += 3) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (sg_slip_decode(SG_BYTES_ARRAY(bytes), &read) == SG_OK &&
            sg_slip_verify(&read, root_key) == SG_OK)
            fail_msg("bit %zu may be another", bit);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

/* Each of the three signatures is asked for. */
static void test_signatures(void **state)
{
    (void)state;
    certify(&other);
    assert_ok(sg_slip_sign(&slip, &node));
    assert_err(sg_slip_verify(&slip, root_key), UNTRUSTED);
    certify(&root);
    sign_checkpoint(&other);
    assert_ok(sg_slip_sign(&slip, &node));
    assert_err(sg_slip_verify(&slip, root_key), SIGNATURE);
    sign_checkpoint(&node);
    assert_ok(sg_slip_sign(&slip, &other));
    assert_err(sg_slip_verify(&slip, root_key), SIGNATURE);
    assert_ok(sg_slip_sign(&slip, &node));
    assert_ok(sg_slip_verify(&slip, root_key));
}

static void test_decode_refuses(void **state)
{
    struct sg_slip read;

    (void)state;
    assert_err(sg_slip_decode(sg_bytes(bytes, SG_SLIP_SIZE - 1), &read),
               TRUNCATED);
    bytes[0] = 2;
    assert_err(sg_slip_decode(SG_BYTES_ARRAY(bytes), &read), VERSION);
    bytes[0] = 1;
    bytes[65] = SG_LOG_AUDIT;
    assert_err(sg_slip_decode(SG_BYTES_ARRAY(bytes), &read), MALFORMED);
    bytes[65] = SG_LOG_RECORDS;
    bytes[89] = 42; /* the index is the size */
    assert_err(sg_slip_decode(SG_BYTES_ARRAY(bytes), &read), MALFORMED);
    bytes[89] = 41;
    bytes[298] ^= 1;
    assert_err(sg_slip_decode(SG_BYTES_ARRAY(bytes), &read), CERTIFICATE);
}

static void test_trailing(void **state)
{
    uint8_t longer[SG_SLIP_SIZE + 1] = {0};
    struct sg_slip read;

    (void)state;
    memcpy(longer, bytes, sizeof bytes);
    assert_err(sg_slip_decode(SG_BYTES_ARRAY(longer), &read), TRAILING);
}

/* The examples of RFC 9285, section 4.3, in our groups of two bytes. */
static void test_base45(void **state)
{
    struct sg_buf text;
    uint8_t read[SG_SLIP_SIZE];

    (void)state;
    memcpy(bytes, "ABHello!base-4", 14);
    sg_buf_init(&text, SG_SLIP_TEXT_SIZE);
    assert_ok(sg_slip_text(bytes, &text));
    assert_int_equal(text.size, SG_SLIP_TEXT_SIZE);
    assert_memory_equal(text.data, "SOGOC1:BB8%69 VD92EUJCLQE7W5", 28);
    assert_ok(sg_slip_parse(sg_buf_bytes(&text), read));
    assert_memory_equal(read, bytes, sizeof bytes);
    sg_buf_clear(&text);
}

/* A text as it comes from a phone is read; one that is not whole is not. */
static void test_parse(void **state)
{
    uint8_t text[SG_SLIP_TEXT_SIZE + 4], read[SG_SLIP_SIZE];
    struct sg_buf buf;

    (void)state;
    sg_buf_init(&buf, SG_SLIP_TEXT_SIZE);
    assert_ok(sg_slip_text(bytes, &buf));
    memcpy(text + 1, buf.data, buf.size);
    sg_buf_clear(&buf);
    text[0] = '\n';
    memcpy(text + 1 + SG_SLIP_TEXT_SIZE, " \r\n", 3);
    assert_ok(sg_slip_parse(SG_BYTES_ARRAY(text), read));
    assert_memory_equal(read, bytes, sizeof bytes);
    assert_err(sg_slip_parse(sg_bytes(text + 1, SG_SLIP_TEXT_SIZE - 1), read),
               MALFORMED);
    assert_err(sg_slip_parse(sg_bytes(NULL, 0), read), MALFORMED);
    text[1] = 's';
    assert_err(sg_slip_parse(SG_BYTES_ARRAY(text), read), MALFORMED);
    text[1] = 'S';
    text[20] = 'a';
    assert_err(sg_slip_parse(SG_BYTES_ARRAY(text), read), MALFORMED);
    text[20] = 0;
    assert_err(sg_slip_parse(SG_BYTES_ARRAY(text), read), MALFORMED);
    memcpy(text + 8, "GGW", 3); /* 65,536 */
    text[20] = '0';
    assert_err(sg_slip_parse(SG_BYTES_ARRAY(text), read), MALFORMED);
    memcpy(text + 8, "FGW", 3); /* 65,535 */
    assert_ok(sg_slip_parse(SG_BYTES_ARRAY(text), read));
    assert_int_equal(read[0], 255);
    assert_int_equal(read[1], 255);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_verifies, setup),
        cmocka_unit_test_setup(test_every_bit_counts, setup),
        cmocka_unit_test_setup(test_signatures, setup),
        cmocka_unit_test_setup(test_decode_refuses, setup),
        cmocka_unit_test_setup(test_trailing, setup),
        cmocka_unit_test_setup(test_base45, setup),
        cmocka_unit_test_setup(test_parse, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
