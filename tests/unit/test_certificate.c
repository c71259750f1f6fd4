#include "replication/certificate.h"

#include "tests/lib/protocol.h"
#include "tests/lib/trust.h"

static struct sg_registry_id registry;
static struct sg_sign_key root_key;
static uint8_t root[SG_KEY_SIZE];

static int begin(void **state)
{
    (void)state;
    memset(&registry, 0x11, sizeof registry);
    root_key = trust_key(7, root);
    return 0;
}

static struct sg_certificate example(void)
{
    struct sg_certificate certificate;

    assert_ok(sg_certificate_decode(protocol_hex("certificate"), &certificate));
    return certificate;
}

/* The certificate of the page is read, verifies, and is written and signed
 * again as the same bytes. */
static void test_example(void **state)
{
    struct sg_certificate certificate = example();
    uint8_t bytes[SG_CERTIFICATE_SIZE], node[SG_KEY_SIZE];
    struct sg_noise_key transport = protocol_key(PROTOCOL_STATIC_A);

    (void)state;
    trust_key(1, node);
    assert_int_equal(certificate.role, SG_CERTIFICATE_DISTRICT);
    assert_int_equal(certificate.generation, 0);
    assert_int_equal(certificate.epochs, 16);
    assert_int_equal(certificate.serial, 2);
    assert_int_equal(certificate.unit, 20038020190101);
    assert_int_equal(certificate.from.ymd, 20230101);
    assert_int_equal(certificate.until.ymd, 20271231);
    assert_memory_equal(certificate.node_key, node, SG_KEY_SIZE);
    assert_memory_equal(certificate.transport_key, transport.public_key,
                        SG_KEY_SIZE);
    assert_ok(sg_certificate_verify(&certificate, &registry, root));
    sg_certificate_encode(&certificate, bytes);
    assert_hex(SG_BYTES_ARRAY(bytes), sg_hex_text(protocol_hex("certificate")));
    memset(certificate.signature, 0, sizeof certificate.signature);
    sg_certificate_sign(&certificate, &registry, &root_key);
    sg_certificate_encode(&certificate, bytes);
    assert_hex(SG_BYTES_ARRAY(bytes), sg_hex_text(protocol_hex("certificate")));
}

/* A certificate of which one bit is another is malformed or not signed; nor is
 * it of another registry or by another root. */
static void test_every_bit(void **state)
{
    struct sg_bytes page = protocol_hex("certificate");
    struct sg_certificate certificate = example();
    struct sg_registry_id other = registry;
    uint8_t bytes[SG_CERTIFICATE_SIZE + 1];

    (void)state;
    memcpy(bytes, page.data, page.size);
    for (size_t bit = 0; bit < page.size * 8; bit++) {
        struct sg_certificate changed;
        enum sg_err err;

        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        err = sg_certificate_decode(sg_bytes(bytes, page.size), &changed);
        if (err == SG_OK)
            assert_err(sg_certificate_verify(&changed, &registry, root),
                       SIGNATURE);
        else
            assert_err(err, CERTIFICATE);
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    other.hash.bytes[31]++;
    assert_err(sg_certificate_verify(&certificate, &other, root), SIGNATURE);
    assert_err(
        sg_certificate_verify(&certificate, &registry, certificate.node_key),
        SIGNATURE);
    for (size_t size = 0; size <= sizeof bytes; size++) {
        if (size != SG_CERTIFICATE_SIZE)
            assert_err(
                sg_certificate_decode(sg_bytes(bytes, size), &certificate),
                CERTIFICATE);
    }
}

/* A certificate of one day is good; one that ends before it begins is not. */
static void test_row_dates(void **state)
{
    struct sg_bytes page = protocol_hex("certificate");
    uint8_t bytes[SG_CERTIFICATE_SIZE];
    struct sg_certificate certificate;

    (void)state;
    memcpy(bytes, page.data, page.size);
    sg_bytes_put_u32be(bytes + 80, 20271231);
    assert_ok(sg_certificate_decode(SG_BYTES_ARRAY(bytes), &certificate));
    sg_bytes_put_u32be(bytes + 80, 20280101);
    assert_err(sg_certificate_decode(SG_BYTES_ARRAY(bytes), &certificate),
               CERTIFICATE);
}

/* Row 1: version, role, generation, epochs and dates are as in the table. */
static void test_row_form(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
        bool is_good;
    } cases[] = {
        {0, 0, false},     {0, 2, false}, {1, 0, false},  {1, 1, true},
        {1, 5, true},      {1, 6, false}, {2, 254, true}, {2, 255, false},
        {3, 0, false},     {3, 1, true},  {3, 255, true}, {83, 0, false},
        {87, 0x80, false}, /* 2027-12-32 */
        {87, 0x00, true},  /* 2027-11-04 */
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sg_bytes page = protocol_hex("certificate");
        uint8_t bytes[SG_CERTIFICATE_SIZE];
        struct sg_certificate certificate;

        memcpy(bytes, page.data, page.size);
        bytes[cases[i].at] = cases[i].value;
        assert_int_equal(
            sg_certificate_decode(SG_BYTES_ARRAY(bytes), &certificate),
            cases[i].is_good ? SG_OK : SG_ERR_CERTIFICATE);
    }
}

static struct sg_certificate_facts good_facts(void)
{
    return (struct sg_certificate_facts){
        .registry = &registry,
        .root = root,
        .newest = 0,
        .floor = {20271231},
    };
}

#define assert_judged(facts, name, wanted)                            \
    do {                                                              \
        struct sg_certificate judged = example();                     \
        enum sg_certificate_verdict got;                              \
        assert_err(sg_certificate_judge(&judged, facts, &got), name); \
        assert_int_equal(got, SG_CERTIFICATE_##wanted);               \
    } while (0)

/* Row 2: the generation is known and its root has signed. */
static void test_row_root(void **state)
{
    struct sg_certificate_facts facts = good_facts();
    struct sg_certificate later = example();
    enum sg_certificate_verdict verdict;

    (void)state;
    assert_judged(&facts, OK, ACCEPTED);
    facts.root = NULL;
    assert_judged(&facts, UNTRUSTED, REFUSED);
    facts.root = later.node_key;
    assert_judged(&facts, UNTRUSTED, REFUSED);
    facts = good_facts();
    later.generation = 1;
    sg_certificate_sign(&later, &registry, &root_key);
    assert_err(sg_certificate_judge(&later, &facts, &verdict), UNTRUSTED);
}

/* Row 3: of a rotated root what the authority's logs hold stands; a node that
 * has not got so far accepts it for the beginning. */
static void test_row_rotated(void **state)
{
    struct sg_certificate_facts facts = good_facts();

    (void)state;
    facts.newest = 3;
    assert_judged(&facts, UNTRUSTED, REFUSED);
    facts.is_behind = true;
    assert_judged(&facts, OK, LIMITED);
    facts.is_admitted = true;
    assert_judged(&facts, OK, ACCEPTED);
    facts.is_behind = false;
    assert_judged(&facts, OK, ACCEPTED);
}

/* Row 5: a node that was cut is refused, also if it is limited anyhow. */
static void test_row_cut(void **state)
{
    struct sg_certificate_facts facts = good_facts();

    (void)state;
    facts.is_cut = true;
    assert_judged(&facts, REVOKED, REFUSED);
    facts.newest = 3;
    facts.is_behind = true;
    assert_judged(&facts, REVOKED, REFUSED);
}

/* Row 6: the floor decides, not a clock: the last day is still good, and
 * without a floor no certificate expires. */
static void test_row_floor(void **state)
{
    struct sg_certificate_facts facts = good_facts();

    (void)state;
    facts.floor.ymd = 20280101;
    assert_judged(&facts, EXPIRED, REFUSED);
    facts.floor.ymd = 20271231;
    assert_judged(&facts, OK, ACCEPTED);
    facts.floor.ymd = 19990101; /* before its first day: never refused */
    assert_judged(&facts, OK, ACCEPTED);
    facts.floor.ymd = 0;
    assert_judged(&facts, OK, ACCEPTED);
}

/* The rows are asked in their order: the first that fails names the code. */
static void test_order(void **state)
{
    struct sg_certificate_facts facts = good_facts();

    (void)state;
    facts.is_cut = true;
    facts.floor.ymd = 20990101;
    assert_judged(&facts, REVOKED, REFUSED);
    facts.root = NULL;
    assert_judged(&facts, UNTRUSTED, REFUSED);
}

/* What older roots say against whom a root shown in this session has certified
 * limits him until the authority's logs tell. */
static void test_shown(void **state)
{
    struct sg_certificate_facts facts = good_facts();

    (void)state;
    facts.is_shown = true;
    assert_judged(&facts, OK, ACCEPTED);
    facts.is_cut = true;
    assert_judged(&facts, OK, LIMITED);
    facts.is_cut = false;
    facts.floor.ymd = 20280101;
    assert_judged(&facts, OK, LIMITED);
    facts.root = NULL;
    assert_judged(&facts, UNTRUSTED, REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_example),  cmocka_unit_test(test_every_bit),
        cmocka_unit_test(test_row_form), cmocka_unit_test(test_row_dates),
        cmocka_unit_test(test_row_root), cmocka_unit_test(test_row_rotated),
        cmocka_unit_test(test_row_cut),  cmocka_unit_test(test_row_floor),
        cmocka_unit_test(test_order),    cmocka_unit_test(test_shown),
    };

    return cmocka_run_group_tests(tests, begin, NULL);
}
