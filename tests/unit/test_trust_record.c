#include "replication/trust_record.h"

#include "storage/base/prng.h"
#include "tests/lib/page.h"
#include "tests/lib/trust.h"

static struct sg_bytes records_hex(const char *name)
{
    struct sg_buf buf;

    sg_buf_init(&buf, 1 << 16);
    sg_page_hex("storage/registry/RECORDS.md", name, &buf);
    return trust_live(&buf);
}

static struct sg_registry_id page_registry(void)
{
    struct sg_registry_id registry;
    struct sg_bytes page = records_hex("registry-id");

    memcpy(registry.hash.bytes, page.data, sizeof registry.hash.bytes);
    return registry;
}

/* The genesis of RECORDS.md is read, founds the registry of the page, and is
 * signed by the root that it names. */
static void test_example_genesis(void **state)
{
    struct sg_registry_id registry = page_registry();
    struct sg_trust_record record;
    struct sg_registry_id founded;

    (void)state;
    assert_ok(sg_crypto_init());
    assert_ok(sg_trust_record_decode(records_hex("genesis"), &record));
    assert_int_equal(record.type, SG_TRUST_GENESIS);
    assert_int_equal(record.serial, 1);
    founded = sg_trust_record_registry(&record);
    assert_memory_equal(&founded, &registry, sizeof registry);
    assert_ok(sg_trust_record_verify(&record, &registry, record.genesis.root));
    registry.hash.bytes[0] ^= 1;
    assert_err(sg_trust_record_verify(&record, &registry, record.genesis.root),
               SIGNATURE);
}

/* The page's rotation lists one log, and both roots have signed it. */
static void test_example_rotation(void **state)
{
    struct sg_registry_id registry = page_registry();
    struct sg_trust_record genesis, record;
    struct sg_trust_list list;
    struct sg_trust_stand stand;

    (void)state;
    assert_ok(sg_crypto_init());
    assert_ok(sg_trust_record_decode(records_hex("genesis"), &genesis));
    assert_ok(sg_trust_record_decode(records_hex("root-rotation"), &record));
    assert_int_equal(record.type, SG_TRUST_ROOT_ROTATE);
    assert_int_equal(record.rotate.generation, 1);
    assert_int_equal(record.rotate.reason, SG_TRUST_PLANNED);
    assert_ok(sg_trust_record_verify(&record, &registry, genesis.genesis.root));
    assert_ok(sg_trust_record_verify_proof(&record, &registry));
    list = record.rotate.stands;
    assert_int_equal(list.count, 1);
    stand = sg_trust_record_next_stand(&list);
    assert_int_equal(stand.size, 3);
    assert_int_equal(stand.root.bytes[31], 0xbb);
    assert_int_equal(list.count, 0);
    assert_int_equal(list.encoded.size, 0);
}

/* The page's revocation names the node and the log that stands. */
static void test_example_revocation(void **state)
{
    struct sg_trust_record record;
    struct sg_trust_list list;
    uint8_t node[SG_KEY_SIZE];

    (void)state;
    trust_key(1, node);
    assert_ok(sg_trust_record_decode(records_hex("revocation"), &record));
    assert_int_equal(record.type, SG_TRUST_NODE_CUT);
    assert_int_equal(record.serial, 3);
    assert_int_equal(record.cut.what, SG_TRUST_REVOKE);
    assert_memory_equal(record.cut.node, node, sizeof node);
    list = record.cut.stands;
    assert_int_equal(list.count, 1);
    assert_int_equal(sg_trust_record_next_stand(&list).size, 3);
}

/* Records of other types are not ours to read, whatever is in them. */
static void test_other_types(void **state)
{
    struct sg_trust_record record;

    (void)state;
    assert_err(sg_trust_record_decode(records_hex("officer-grant"), &record),
               NOTFOUND);
    assert_err(sg_trust_record_decode(records_hex("enrolment"), &record),
               NOTFOUND);
}

/* One statement of every type, as the helpers write them. */
#define SAMPLES 9

static void samples(struct trust_world *world, struct sg_bytes ret[SAMPLES])
{
    struct sg_trust_stand stands[2] = {
        {trust_log(3), 5, {{1}}},
        {trust_log(9), UINT64_MAX, {{2}}},
    };
    uint8_t writer[SG_KEY_SIZE], node[SG_KEY_SIZE];
    struct sg_certificate certificate;

    trust_key(1, writer);
    trust_key(2, node);
    *world = trust_found(writer);
    certificate =
        trust_certificate(world, 0, SG_CERTIFICATE_DISTRICT, node, node);
    ret[0] = world->genesis;
    ret[1] = trust_opened(world, 0, 2, 7, &stands[0].log, stands, 2);
    ret[2] = trust_rotate(world, 1, 3, stands, 2);
    ret[3] = trust_heartbeat(world, 0, 4, 1751416200000);
    ret[4] = trust_admit(world, 0, 5, &certificate);
    ret[5] = trust_cut(world, 0, 6, node, SG_TRUST_SUSPEND, stands, 2);
    ret[6] = trust_lift(world, 0, 7, ret[5]);
    ret[7] = trust_erase(world, 0, 8, &stands[0].log, 40, 3);
    ret[8] = trust_endorse(world, 0, 9, 4, &stands[0], true);
}

/* Every type is read as it was written. */
static void test_every_type(void **state)
{
    static const enum sg_trust_type types[SAMPLES] = {
        SG_TRUST_GENESIS,   SG_TRUST_LOG,        SG_TRUST_ROOT_ROTATE,
        SG_TRUST_HEARTBEAT, SG_TRUST_NODE_ADMIT, SG_TRUST_NODE_CUT,
        SG_TRUST_LIFT,      SG_TRUST_ERASURE,    SG_TRUST_ENDORSE_RANGE,
    };
    struct sg_trust_record records[SAMPLES];
    struct sg_bytes payloads[SAMPLES];
    struct trust_world world;
    struct sg_trust_list list;
    struct sg_hash id;

    (void)state;
    samples(&world, payloads);
    for (size_t i = 0; i < SAMPLES; i++) {
        assert_ok(sg_trust_record_decode(payloads[i], &records[i]));
        assert_int_equal(records[i].type, types[i]);
        assert_int_equal(records[i].serial, i + 1);
        assert_ok(sg_trust_record_verify(&records[i], &world.registry,
                                         world.root_keys[0]));
        assert_err(sg_trust_record_verify(&records[i], &world.registry,
                                          world.root_keys[1]),
                   SIGNATURE);
    }
    assert_int_equal(records[1].opened.generation, 7);
    assert_int_equal(records[1].opened.stands_on.count, 2);
    assert_int_equal(records[3].heartbeat.ms, 1751416200000);
    assert_int_equal(records[4].admit.role, SG_CERTIFICATE_DISTRICT);
    assert_int_equal(records[4].admit.certificate.size, SG_CERTIFICATE_SIZE);
    list = records[5].cut.stands;
    (void)sg_trust_record_next_stand(&list);
    assert_true(sg_trust_record_next_stand(&list).size == UINT64_MAX);
    list = records[6].lift.of;
    id = sg_trust_record_id(&records[5], &world.registry);
    assert_memory_equal(sg_trust_record_next_ref(&list).data, id.bytes, 16);
    list = records[7].erasure.entries;
    assert_int_equal(sg_trust_record_next_erased(&list).index, 40);
    assert_int_equal(sg_trust_record_next_erased(&list).index, 41);
    assert_int_equal(records[8].endorse.first, 4);
    assert_int_equal(records[8].endorse.stand.size, 5);
    assert_true(records[8].endorse.is_of_officer);
}

/* A statement of which one bit is another is refused, or says something that
 * its root has not signed, or differs in what no signature covers. */
static void test_every_bit(void **state)
{
    struct sg_bytes payloads[SAMPLES];
    struct trust_world world;
    size_t refused = 0, unsigned_bits = 0;

    (void)state;
    samples(&world, payloads);
    for (size_t i = 0; i < SAMPLES; i++) {
        uint8_t *bytes = (uint8_t *)payloads[i].data;
        struct sg_trust_record right;

        assert_ok(sg_trust_record_decode(payloads[i], &right));
        for (size_t bit = 0; bit < payloads[i].size * 8; bit++) {
            struct sg_trust_record record;
            bool is_inner = bit / 8 >= 1 && bit / 8 < 1 + right.inner.size;

            bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
            if (sg_trust_record_decode(payloads[i], &record) != SG_OK)
                refused++;
            else if (sg_trust_record_verify(&record, &world.registry,
                                            world.root_keys[0]) == SG_OK) {
                assert_false(is_inner);
                unsigned_bits++;
            }
            bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        }
    }
    assert_true(refused > 1000);
    assert_true(unsigned_bits > 0); /* the clock of the copy */
}

/* Nothing may be cut off the end or put behind it. */
static void test_every_length(void **state)
{
    struct sg_bytes payloads[SAMPLES];
    struct trust_world world;
    struct sg_trust_record record;

    (void)state;
    samples(&world, payloads);
    for (size_t i = 0; i < SAMPLES; i++) {
        uint8_t longer[4096] = {0};

        assert_in_range(payloads[i].size, 1, sizeof longer - 1);
        memcpy(longer, payloads[i].data, payloads[i].size);
        assert_err(sg_trust_record_decode(
                       sg_bytes(longer, payloads[i].size + 1), &record),
                   TRAILING);
        for (size_t size = 0; size < payloads[i].size; size++)
            assert_int_not_equal(
                sg_trust_record_decode(sg_bytes(longer, size), &record), SG_OK);
    }
    uint8_t *huge = test_calloc(1, SG_RECORD_SIZE_MAX + 1);
    assert_err(
        sg_trust_record_decode(sg_bytes(huge, SG_RECORD_SIZE_MAX + 1), &record),
        LIMIT);
    test_free(huge);
}

/* --- bodies that do not fit -------------------------------------------- */

static struct trust_world world;

static void found(void)
{
    uint8_t writer[SG_KEY_SIZE];

    trust_key(1, writer);
    world = trust_found(writer);
}

static enum sg_err decode(struct trust_draft *draft)
{
    struct sg_trust_record record;

    return sg_trust_record_decode(trust_end(&world, draft, 0), &record);
}

/* A field that is due is due, one that is not in the table is refused, and each
 * has its limits. */
static void test_fields(void **state)
{
    static const uint8_t key[SG_KEY_SIZE] = {1};
    struct trust_draft draft;

    (void)state;
    found();
    trust_begin(&draft, SG_TRUST_HEARTBEAT, 0, 1);
    assert_err(decode(&draft), MALFORMED);
    trust_begin(&draft, SG_TRUST_HEARTBEAT, 2, 1);
    trust_uint(&draft, 1, 5);
    trust_uint(&draft, 2, 5);
    assert_err(decode(&draft), MALFORMED);
    trust_begin(&draft, SG_TRUST_HEARTBEAT, 2, 1);
    trust_uint(&draft, 1, 5);
    trust_uint(&draft, 70, 5);
    assert_err(decode(&draft), MALFORMED);
    trust_begin(&draft, SG_TRUST_HEARTBEAT, 1, 1);
    trust_bin(&draft, 1, key, sizeof key);
    assert_err(decode(&draft), TYPE);
    for (unsigned what = 0; what <= 4; what++) {
        trust_begin(&draft, SG_TRUST_NODE_CUT, 4, 1);
        memcpy(draft.subject, key, sizeof draft.subject);
        trust_bin(&draft, 1, key, sizeof key);
        trust_uint(&draft, 2, what);
        trust_stands(&draft, 3, NULL, 0, true);
        trust_uint(&draft, 4, 1);
        if (what >= 1 && what <= 3)
            assert_ok(decode(&draft));
        else
            assert_err(decode(&draft), MALFORMED);
    }
}

/* The subject says what the fields say. */
static void test_subject(void **state)
{
    static const uint8_t key[SG_KEY_SIZE] = {1};
    struct trust_draft draft;

    (void)state;
    found();
    trust_begin(&draft, SG_TRUST_NODE_CUT, 4, 1);
    trust_bin(&draft, 1, key, sizeof key);
    trust_uint(&draft, 2, 3);
    trust_stands(&draft, 3, NULL, 0, true);
    trust_uint(&draft, 4, 1);
    assert_err(decode(&draft), MALFORMED);
    trust_begin(&draft, SG_TRUST_HEARTBEAT, 1, 1);
    trust_uint(&draft, 1, 5);
    draft.subject[3] = 1;
    assert_err(decode(&draft), MALFORMED);
}

/* Lists ascend strictly and have their limits. */
static void test_lists(void **state)
{
    static struct sg_trust_stand stands[257];
    static const uint8_t key[SG_KEY_SIZE] = {1};

    (void)state;
    found();
    for (size_t i = 0; i < 257; i++)
        sg_bytes_put_u16be(stands[i].log.hash.bytes, (uint16_t)i);
    for (size_t n = 255; n <= 257; n++) {
        struct sg_trust_record record;

        assert_int_equal(
            sg_trust_record_decode(
                trust_cut(&world, 0, 1, key, SG_TRUST_REVOKE, stands, n),
                &record),
            n <= 256 ? SG_OK : SG_ERR_MALFORMED);
    }
    stands[1] = stands[0];
    struct sg_trust_record record;
    assert_err(
        sg_trust_record_decode(
            trust_cut(&world, 0, 1, key, SG_TRUST_REVOKE, stands, 2), &record),
        NOTCANONICAL);
    stands[1].log.hash.bytes[0] = 1;
    assert_err(
        sg_trust_record_decode(
            trust_cut(&world, 0, 1, key, SG_TRUST_REVOKE, stands, 3), &record),
        NOTCANONICAL);
    /* Erased entries ascend by log, then by index; 800 at most. */
    assert_ok(sg_trust_record_decode(
        trust_erase(&world, 0, 1, &stands[0].log, 0, 800), &record));
    assert_err(sg_trust_record_decode(
                   trust_erase(&world, 0, 1, &stands[0].log, 0, 801), &record),
               MALFORMED);
    assert_err(
        sg_trust_record_decode(
            trust_erase(&world, 0, 1, &stands[0].log, UINT64_MAX, 2), &record),
        NOTCANONICAL);
}

/* Begins a node_admit with all that is due and EXTRA further fields. */
static void begin_admit(struct trust_draft *draft, uint32_t extra)
{
    static const uint8_t key[SG_KEY_SIZE] = {1}, certificate[160] = {2};

    trust_begin(draft, SG_TRUST_NODE_ADMIT, 5 + extra, 1);
    memcpy(draft->subject, key, sizeof draft->subject);
    trust_bin(draft, 1, certificate, sizeof certificate);
    trust_bin(draft, 2, key, sizeof key);
    trust_uint(draft, 3, SG_CERTIFICATE_DISTRICT);
    trust_uint(draft, 4, 20250101);
    trust_uint(draft, 5, 20301231);
}

/* A territory is units, ascending, each of a level and a day that are. The
 * fields that need not be there have their limits too. */
static void test_admission(void **state)
{
    static const struct {
        uint64_t units[2];
        enum sg_err err;
    } cases[] = {
        {{10038020191201, 31475820250701}, SG_OK},
        {{0, 10038020191201}, SG_OK},
        {{31475820250701, 10038020191201}, SG_ERR_NOTCANONICAL},
        {{10038020191201, 10038020191201}, SG_ERR_NOTCANONICAL},
        {{10038020191200, 31475820250701}, SG_ERR_MALFORMED},
        {{10038020191201, 41475820250701}, SG_ERR_MALFORMED},
        {{1475820250701, 31475820250701}, SG_ERR_MALFORMED},
    };
    static const struct {
        unsigned no;
        uint64_t value;
        bool is_good;
    } limits[] = {{8, 0, false},   {8, 1, true},  {8, 400, true},
                  {8, 401, false}, {9, 64, true}, {9, 65, false}};
    struct trust_draft draft;

    (void)state;
    found();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin_admit(&draft, 1);
        sg_pack_uint(&draft.pack, 6);
        sg_pack_array(&draft.pack, 2);
        sg_pack_uint(&draft.pack, cases[i].units[0]);
        sg_pack_uint(&draft.pack, cases[i].units[1]);
        assert_int_equal(decode(&draft), cases[i].err);
    }
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        begin_admit(&draft, 1);
        trust_uint(&draft, limits[i].no, limits[i].value);
        assert_int_equal(decode(&draft),
                         limits[i].is_good ? SG_OK : SG_ERR_MALFORMED);
    }
    begin_admit(&draft, 1);
    trust_str(&draft, 7, "văn phòng");
    assert_ok(decode(&draft));
    begin_admit(&draft, 1);
    trust_str(&draft, 7, "a label that is longer than 32 bytes");
    assert_err(decode(&draft), MALFORMED);
}

/* The outer part has its form and limits too, though nobody signs it. */
static void test_outer(void **state)
{
    static const struct {
        int64_t offset;
        unsigned trust;
        uint64_t capture, home; /* home 1: nil */
        enum sg_err err;
    } cases[] = {
        {0, 2, 0, 1, SG_OK},
        {0, 3, 0, 1, SG_ERR_MALFORMED},
        {INT64_C(1) << 53, 0, 0, 1, SG_OK},
        {-(INT64_C(1) << 53), 0, 0, 1, SG_OK},
        {(INT64_C(1) << 53) + 1, 0, 0, 1, SG_ERR_MALFORMED},
        {-(INT64_C(1) << 53) - 1, 0, 0, 1, SG_ERR_MALFORMED},
        {0, 0, 31475820250701, 10038020191201, SG_OK},
        {0, 0, 31475820250701, 31475820250701, SG_ERR_NOTCANONICAL},
        {0, 0, 5, 1, SG_ERR_MALFORMED},
    };
    struct sg_trust_record record;

    (void)state;
    found();
    assert_ok(
        sg_trust_record_decode(trust_heartbeat(&world, 0, 1, 5), &record));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sg_trust_record again;
        struct sg_buf buf;
        struct sg_pack pack;

        sg_buf_init(&buf, 4096);
        sg_pack_init(&pack, &buf);
        sg_pack_array(&pack, 2);
        sg_pack_raw(&pack, record.inner);
        sg_pack_array(&pack, 8);
        sg_pack_uint(&pack, 0);
        sg_pack_int(&pack, cases[i].offset);
        sg_pack_uint(&pack, cases[i].trust);
        sg_pack_uint(&pack, 0);
        sg_pack_uint(&pack, cases[i].capture);
        if (cases[i].home == 1)
            sg_pack_nil(&pack);
        else
            sg_pack_uint(&pack, cases[i].home);
        sg_pack_bin(&pack, SG_BYTES_ARRAY(record.signature));
        sg_pack_map(&pack, 0);
        assert_ok(sg_pack_end(&pack));
        assert_int_equal(sg_trust_record_decode(sg_buf_bytes(&buf), &again),
                         cases[i].err);
        sg_buf_clear(&buf);
    }
}

/* Texts have no control characters and are UTF-8. */
static void test_texts(void **state)
{
    static const struct {
        const char *text;
        enum sg_err err;
    } texts[] = {
        {"lý do", SG_OK},          {"\xc2\xa0", SG_OK},
        {"\x1f", SG_ERR_TEXT},     {"\x7f", SG_ERR_TEXT},
        {"\xc2\x80", SG_ERR_TEXT}, {"\xc2\x9f", SG_ERR_TEXT},
    };

    (void)state;
    found();
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct sg_trust_stand stand = {trust_log(1), 5, {{0}}};
        struct trust_draft draft;

        trust_begin(&draft, SG_TRUST_ENDORSE_RANGE, 5, 1);
        memcpy(draft.subject, stand.log.hash.bytes, sizeof draft.subject);
        trust_bin(&draft, 1, stand.log.hash.bytes, 32);
        trust_uint(&draft, 2, 0);
        trust_uint(&draft, 3, 5);
        trust_bin(&draft, 4, stand.root.bytes, 32);
        trust_str(&draft, 6, texts[i].text);
        assert_int_equal(decode(&draft), texts[i].err);
    }
}

/* What a later version writes is told apart from what is wrong: another schema,
 * a key of ext below 16, a rotation beyond the last generation. A key from 16
 * on is passed over, if it is canonical. */
static void test_later(void **state)
{
    struct sg_trust_record record;
    struct sg_bytes whole;
    uint8_t bytes[1024];

    (void)state;
    found();
    whole = trust_heartbeat(&world, 0, 1, 5);
    assert_in_range(whole.size, 1, sizeof bytes - 8);
    memcpy(bytes, whole.data, whole.size);
    assert_int_equal(bytes[3], 1); /* 92 99 05 01: the schema */
    bytes[3] = 2;
    assert_err(sg_trust_record_decode(sg_bytes(bytes, whole.size), &record),
               VERSION);
    bytes[3] = 1;
    bytes[whole.size - 1] = 0x81; /* ext of one pair */
    memcpy(bytes + whole.size, "\x01\x00", 2);
    assert_err(sg_trust_record_decode(sg_bytes(bytes, whole.size + 2), &record),
               VERSION);
    memcpy(bytes + whole.size, "\x10\x91\x81\x01\xa1x", 6);
    assert_ok(sg_trust_record_decode(sg_bytes(bytes, whole.size + 6), &record));
    memcpy(bytes + whole.size, "\x10\xc3", 2); /* true */
    assert_err(sg_trust_record_decode(sg_bytes(bytes, whole.size + 2), &record),
               MALFORMED);
    struct trust_rotation far = {.reason = SG_TRUST_PLANNED, .next = 1};
    uint8_t proof[SG_SIGNATURE_SIZE] = {0};
    struct trust_draft draft;
    assert_err(
        sg_trust_record_decode(
            trust_rotation_body(&world, 255, 1, &far, proof, &draft), &record),
        VERSION);
    assert_ok(sg_trust_record_decode(
        trust_rotation_body(&world, 254, 1, &far, proof, &draft), &record));
}

/* A statement without signature is none. */
static void test_unsigned(void **state)
{
    struct sg_trust_record record;
    struct sg_bytes whole;
    uint8_t bytes[1024];

    (void)state;
    found();
    whole = trust_heartbeat(&world, 0, 1, 5);
    memcpy(bytes, whole.data, whole.size);
    bytes[whole.size - 67] = 0xc0; /* nil in the place of c4 40 and 64 bytes */
    bytes[whole.size - 66] = 0x80;
    assert_err(
        sg_trust_record_decode(sg_bytes(bytes, whole.size - 65), &record),
        TYPE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_example_genesis),
        cmocka_unit_test(test_example_rotation),
        cmocka_unit_test(test_example_revocation),
        cmocka_unit_test(test_other_types),
        cmocka_unit_test(test_every_type),
        cmocka_unit_test(test_every_bit),
        cmocka_unit_test(test_every_length),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_subject),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_admission),
        cmocka_unit_test(test_outer),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_later),
        cmocka_unit_test(test_unsigned),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
