#include "replication/join.h"

#include "tests/lib/protocol.h"
#include "tests/lib/trust.h"

static struct sg_registry_id registry;
static struct sg_sign_key key;
static uint8_t node[SG_KEY_SIZE];

static int begin(void **state)
{
    (void)state;
    memset(&registry, 0x11, sizeof registry);
    key = trust_key(1, node);
    return 0;
}

/* The request of the page is read, verifies, and is made again as the same
 * bytes. */
static void test_example_request(void **state)
{
    struct sg_bytes page = protocol_hex("join-request");
    struct sg_noise_key transport = protocol_key(PROTOCOL_STATIC_A);
    struct sg_join_request request, made = {
                                        .role = SG_CERTIFICATE_DISTRICT,
                                        .unit = 20038020190101,
                                    };
    uint8_t bytes[SG_JOIN_REQUEST_SIZE];

    (void)state;
    assert_ok(sg_join_request_decode(page, &request));
    assert_ok(sg_join_request_verify(&request, &registry));
    memcpy(made.transport_key, transport.public_key, SG_KEY_SIZE);
    memset(made.random, 0x77, sizeof made.random);
    sg_join_request_sign(&made, &registry, &key);
    sg_join_request_encode(&made, bytes);
    assert_hex(SG_BYTES_ARRAY(bytes), sg_hex_text(page));
    assert_memory_equal(request.node_key, node, SG_KEY_SIZE);
}

/* The proof of the page is that of its invite and its session. */
static void test_example_proof(void **state)
{
    struct sg_bytes message = protocol_hex("message-join");
    struct sg_bytes digest = protocol_hex("handshake-hash");
    struct sg_bytes request = protocol_hex("join-request");
    uint8_t secret[SG_JOIN_SECRET_SIZE], proof[SG_JOIN_PROOF_SIZE];
    struct sg_hash handshake;

    (void)state;
    assert_int_equal(message.size, 3 + SG_JOIN_SIZE);
    memset(secret, 0x88, sizeof secret);
    memcpy(handshake.bytes, digest.data, sizeof handshake.bytes);
    sg_join_proof(&registry, secret, &handshake, request.data, proof);
    assert_hex(SG_BYTES_ARRAY(proof),
               sg_hex_text(sg_bytes(message.data + 3 + SG_JOIN_REQUEST_SIZE,
                                    SG_JOIN_PROOF_SIZE)));
}

/* The proof is of this invite, session, request and registry alone. */
static void test_proof_binds(void **state)
{
    uint8_t secret[SG_JOIN_SECRET_SIZE] = {1};
    uint8_t request[SG_JOIN_REQUEST_SIZE] = {2};
    uint8_t right[SG_JOIN_PROOF_SIZE], other[SG_JOIN_PROOF_SIZE];
    struct sg_hash handshake = {{3}};

    (void)state;
    sg_join_proof(&registry, secret, &handshake, request, right);
    secret[15] ^= 1;
    sg_join_proof(&registry, secret, &handshake, request, other);
    assert_memory_not_equal(right, other, sizeof right);
    secret[15] ^= 1;
    handshake.bytes[31] ^= 1;
    sg_join_proof(&registry, secret, &handshake, request, other);
    assert_memory_not_equal(right, other, sizeof right);
    handshake.bytes[31] ^= 1;
    request[153] ^= 1;
    sg_join_proof(&registry, secret, &handshake, request, other);
    assert_memory_not_equal(right, other, sizeof right);
    request[153] ^= 1;
    registry.hash.bytes[0] ^= 1;
    sg_join_proof(&registry, secret, &handshake, request, other);
    assert_memory_not_equal(right, other, sizeof right);
    registry.hash.bytes[0] ^= 1;
}

/* A request of which one bit is another is malformed or not signed. */
static void test_every_bit(void **state)
{
    struct sg_bytes page = protocol_hex("join-request");
    uint8_t bytes[SG_JOIN_REQUEST_SIZE + 1] = {0};
    struct sg_join_request request;

    (void)state;
    memcpy(bytes, page.data, page.size);
    for (size_t bit = 0; bit < page.size * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        if (sg_join_request_decode(sg_bytes(bytes, page.size), &request) ==
            SG_OK)
            assert_err(sg_join_request_verify(&request, &registry), SIGNATURE);
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    bytes[0] = 2;
    assert_err(sg_join_request_decode(sg_bytes(bytes, page.size), &request),
               VERSION);
    bytes[0] = 1;
    for (unsigned role = 0; role < 256; role++) {
        bytes[1] = (uint8_t)role;
        assert_int_equal(
            sg_join_request_decode(sg_bytes(bytes, page.size), &request),
            role >= 1 && role <= 5 ? SG_OK : SG_ERR_MALFORMED);
    }
    bytes[1] = 3;
    assert_err(sg_join_request_decode(SG_BYTES_ARRAY(bytes), &request),
               TRAILING);
    for (size_t size = 0; size < page.size; size++)
        assert_int_not_equal(
            sg_join_request_decode(sg_bytes(bytes, size), &request), SG_OK);
}

/* The answer of the page, and the two without certificate. */
static void test_answer(void **state)
{
    struct sg_bytes message = protocol_hex("message-joined");
    struct sg_bytes body = sg_bytes(message.data + 3, message.size - 3);
    uint8_t certificate[SG_CERTIFICATE_SIZE], room[SG_JOIN_ANSWER_SIZE_MAX];
    static const uint8_t zeros[SG_CERTIFICATE_SIZE];
    enum sg_join_answer answer;
    struct sg_writer writer;

    (void)state;
    assert_ok(sg_join_answer_decode(body, &answer, certificate));
    assert_int_equal(answer, SG_JOIN_ADMITTED);
    assert_hex(SG_BYTES_ARRAY(certificate),
               sg_hex_text(protocol_hex("certificate")));
    sg_writer_init_array(&writer, room, sizeof room);
    sg_join_answer_put(&writer, answer, certificate);
    assert_ok(sg_writer_end(&writer));
    assert_hex(SG_BYTES_ARRAY(room), sg_hex_text(body));
    for (unsigned i = 0; i < 256; i++) {
        uint8_t byte = (uint8_t)i;
        enum sg_err err =
            sg_join_answer_decode(sg_bytes(&byte, 1), &answer, certificate);

        if (i == SG_JOIN_WAIT || i == SG_JOIN_REFUSED) {
            assert_ok(err);
            assert_int_equal(answer, i);
            assert_memory_equal(certificate, zeros, sizeof zeros);
            sg_writer_init_array(&writer, room, sizeof room);
            sg_join_answer_put(&writer, answer, NULL);
            assert_int_equal(writer.size, 1);
            assert_int_equal(room[0], i);
        } else {
            assert_int_equal(err, i == SG_JOIN_ADMITTED ? SG_ERR_TRUNCATED
                                                        : SG_ERR_MALFORMED);
        }
    }
    assert_err(sg_join_answer_decode(sg_bytes("\0\0", 2), &answer, certificate),
               TRAILING);
    assert_err(sg_join_answer_decode(sg_bytes(NULL, 0), &answer, certificate),
               TRUNCATED);
}

/* The admission of the page is read, and made again as the same bytes; what is
 * shorter than its head, of another kind or version, or has too long a chain,
 * is refused. */
static void test_admission(void **state)
{
    static uint8_t bytes[SG_JOIN_ADMISSION_SIZE_MAX + 1];
    struct sg_bytes page = protocol_hex("admission");
    struct sg_join_admission admission;
    struct sg_writer writer;

    (void)state;
    assert_ok(sg_join_admission_decode(page, &admission));
    assert_memory_equal(&admission.registry, &registry, sizeof registry);
    assert_memory_equal(admission.certificate, protocol_hex("certificate").data,
                        SG_CERTIFICATE_SIZE);
    sg_writer_init_array(&writer, bytes, sizeof bytes);
    sg_join_admission_put(&writer, &admission);
    assert_ok(sg_writer_end(&writer));
    assert_hex(sg_bytes(bytes, writer.size), sg_hex_text(page));
    for (size_t size = 0; size < SG_JOIN_ADMISSION_HEAD; size++)
        assert_int_not_equal(
            sg_join_admission_decode(sg_bytes(page.data, size), &admission),
            SG_OK);
    for (size_t at = 0; at < 9; at++) {
        memcpy(bytes, page.data, page.size);
        bytes[at] ^= 1;
        assert_int_equal(
            sg_join_admission_decode(sg_bytes(bytes, page.size), &admission),
            at < 8 ? SG_ERR_MALFORMED : SG_ERR_VERSION);
    }
    memcpy(bytes, page.data, page.size);
    assert_err(sg_join_admission_decode(SG_BYTES_ARRAY(bytes), &admission),
               LIMIT);
    assert_ok(sg_join_admission_decode(page, &admission));
    admission.chain = sg_bytes(bytes, SG_STAGE1_SIZE_MAX + 1);
    sg_writer_init_array(&writer, bytes, sizeof bytes);
    sg_join_admission_put(&writer, &admission);
    assert_err(sg_writer_end(&writer), LIMIT);
}

/* An admission of a registry that was founded, for node 3. */
struct admitted {
    struct trust_world world;
    struct sg_join_admission admission;
    uint8_t node_key[SG_KEY_SIZE];
    uint8_t transport_key[SG_KEY_SIZE];
    uint8_t chain[SG_STAGE1_SIZE_MAX];
};

static void admit(struct admitted *ret, unsigned generation)
{
    struct sg_certificate certificate;
    struct sg_writer writer;
    uint8_t writer_key[SG_KEY_SIZE];

    (void)trust_key(1, writer_key);
    ret->world = trust_found(writer_key);
    (void)trust_key(3, ret->node_key);
    (void)trust_key(4, ret->transport_key);
    certificate =
        trust_certificate(&ret->world, generation, SG_CERTIFICATE_DISTRICT,
                          ret->node_key, ret->transport_key);
    ret->admission.registry = ret->world.registry;
    sg_certificate_encode(&certificate, ret->admission.certificate);
    sg_writer_init_array(&writer, ret->chain, sizeof ret->chain);
    sg_chain_begin(&writer, SG_CHAIN_FROM_GENESIS);
    sg_chain_put(&writer, ret->world.genesis);
    assert_ok(sg_writer_end(&writer));
    ret->admission.chain = sg_bytes(ret->chain, writer.size);
}

/* An admission is taken by the node whose keys it names, of the registry that
 * it wanted, and by nobody else; by a root that the chain shows. */
static void test_admission_judged(void **state)
{
    static struct admitted admitted;
    struct sg_join_admission *admission = &admitted.admission;
    const struct sg_registry_id *wanted = &admitted.world.registry;

    (void)state;
    admit(&admitted, 1);
    assert_err(sg_join_admission_judge(admission, wanted, admitted.node_key,
                                       admitted.transport_key),
               UNTRUSTED); /* by a root that the chain does not show */
    admit(&admitted, 0);
    assert_ok(sg_join_admission_judge(admission, wanted, admitted.node_key,
                                      admitted.transport_key));
    assert_err(sg_join_admission_judge(admission, &registry, admitted.node_key,
                                       admitted.transport_key),
               UNTRUSTED);
    assert_err(sg_join_admission_judge(admission, wanted, node,
                                       admitted.transport_key),
               INVALID);
    assert_err(
        sg_join_admission_judge(admission, wanted, admitted.node_key, node),
        INVALID);
    admitted.chain[admission->chain.size - 20] ^= 1;
    assert_err(sg_join_admission_judge(admission, wanted, admitted.node_key,
                                       admitted.transport_key),
               UNTRUSTED);
    admitted.chain[admission->chain.size - 20] ^= 1;
    admission->certificate[SG_CERTIFICATE_SIZE - 1] ^= 1;
    assert_err(sg_join_admission_judge(admission, wanted, admitted.node_key,
                                       admitted.transport_key),
               UNTRUSTED);
    admission->certificate[0] = 9;
    assert_err(sg_join_admission_judge(admission, wanted, admitted.node_key,
                                       admitted.transport_key),
               CERTIFICATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_example_request),
        cmocka_unit_test(test_example_proof),
        cmocka_unit_test(test_proof_binds),
        cmocka_unit_test(test_every_bit),
        cmocka_unit_test(test_answer),
        cmocka_unit_test(test_admission),
        cmocka_unit_test(test_admission_judged),
    };

    return cmocka_run_group_tests(tests, begin, NULL);
}
