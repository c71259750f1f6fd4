/* storage/registry/record_build.h: the page's examples, written again. */
#include <string.h>

#include "storage/registry/record_build.h"
#include "tests/lib/page.h"
#include "tests/lib/test.h"
#include "tests/lib/torture.h"

#define TEXT(lit)     SG_BYTES_TEXT(lit)
#define ROOT_SEED     10
#define NEXT_SEED     11
#define AFTER_SEED    12
#define NODE_SEED     1
#define OFFICER_SEED  4
#define APPROVER_SEED 5

#define HLC      (UINT64_C(1751416200000) << 16)
#define HOME     UINT64_C(31475820250701)
#define PROVINCE UINT64_C(10003820191201)
#define GOES_TO  UINT64_C(31479720250701)
#define BEFORE   UINT64_C(31475520191201)

/* A key of the examples: 32 times one byte as seed. */
struct key {
    struct sg_sign_key secret;
    uint8_t public[SG_KEY_SIZE];
};

static struct key key_of(uint8_t seed)
{
    uint8_t bytes[SG_KEY_SIZE];
    struct key key;

    memset(bytes, seed, sizeof(bytes));
    sg_crypto_sign_keypair(bytes, &key.secret, key.public);
    return key;
}

static struct sg_registry_id registry;

/* The commitment to KEY as a root: its key id in no registry, all of it. */
static struct sg_hash commitment_to(const struct key *key)
{
    uint8_t named[1 + SG_KEY_SIZE] = {SG_KEY_ROOT};
    struct sg_hash hash;

    memcpy(named + 1, key->public, sizeof(key->public));
    sg_crypto_purpose_hash("sogoc v1 key id", NULL, named, sizeof(named),
                           &hash);
    return hash;
}

static int setup(void **state)
{
    struct sg_buf buf;

    (void)state;
    sg_buf_init(&buf, 64);
    sg_page_hex("storage/registry/RECORDS.md", "registry-id", &buf);
    memcpy(registry.hash.bytes, buf.data, buf.size);
    sg_buf_clear(&buf);
    return 0;
}

static struct sg_record_head head_of(enum sg_type type, uint8_t submit,
                                     uint32_t effective)
{
    struct sg_record_head head = {.type = type, .effective = {effective}};

    memset(head.submit.bytes, submit, sizeof(head.submit.bytes));
    return head;
}

/* The copies of the examples: written at HOME in 2025 by a good clock. */
static struct sg_record_copy copy_of(uint64_t hlc, uint64_t position,
                                     uint64_t capture)
{
    return (struct sg_record_copy){.hlc = hlc,
                                   .trust = SG_RECORD_TRUST_SYNCED,
                                   .position = position,
                                   .capture = {capture},
                                   .home = {capture}};
}

static struct sg_uid person(void)
{
    struct sg_uid uid;

    memset(uid.bytes, 0xc1, sizeof(uid.bytes));
    return uid;
}

static struct sg_ref ref_of_example(const char *name)
{
    struct sg_record record;
    struct sg_hash id;
    struct sg_buf buf;

    sg_buf_init(&buf, SG_RECORD_SIZE_MAX);
    sg_page_hex("storage/registry/RECORDS.md", name, &buf);
    assert_ok(sg_record_decode(sg_buf_bytes(&buf), &record));
    sg_record_id(&registry, record.inner, &id);
    sg_buf_clear(&buf);
    return sg_ref_of(&id);
}

/* Ends BUILD and compares it with the example NAME. */
static void assert_example(struct sg_record_build *build,
                           const struct sg_record_copy *copy,
                           const struct key *key,
                           const struct sg_registry_id *in, const char *name)
{
    struct sg_buf made, page;
    struct sg_hash id;

    sg_buf_init(&made, SG_RECORD_SIZE_MAX);
    sg_buf_init(&page, SG_RECORD_SIZE_MAX);
    sg_page_hex("storage/registry/RECORDS.md", name, &page);
    assert_ok(sg_record_build_end(
        build, copy, key != NULL ? &key->secret : NULL, in, &made, &id));
    assert_string_equal(sg_hex_text(sg_buf_bytes(&made)),
                        sg_hex_text(sg_buf_bytes(&page)));
    sg_buf_clear(&made);
    sg_buf_clear(&page);
}

/* The genesis founds its registry and is signed in it. */
static void test_genesis_is_produced(void **state)
{
    struct sg_record_head head = head_of(SG_TYPE_GENESIS, 0xa1, 20250701);
    struct sg_record_copy copy = copy_of(HLC, 0, 0);
    struct key root = key_of(ROOT_SEED), next = key_of(NEXT_SEED);
    struct key node = key_of(NODE_SEED);
    struct sg_hash commitment = commitment_to(&next);
    struct sg_record_build build;
    struct sg_pack *pack;

    (void)state;
    head.basis.form = 22;
    sg_record_build_init(&build, &head);
    sg_record_build_uint(&build, SG_FIELD_GENESIS_SERIAL, 1);
    sg_record_build_uint(&build, SG_FIELD_GENESIS_FORMAT, 1);
    sg_record_build_str(&build, SG_FIELD_GENESIS_TITLE,
                        TEXT("Sổ gốc thử nghiệm"));
    pack = sg_record_build_field(&build, SG_FIELD_GENESIS_ROOTS);
    sg_pack_array(pack, 1);
    sg_pack_bin(pack, SG_BYTES_ARRAY(root.public));
    sg_record_build_bin(&build, SG_FIELD_GENESIS_NEXT,
                        SG_BYTES_ARRAY(commitment.bytes));
    sg_record_build_bin(&build, SG_FIELD_GENESIS_WRITER,
                        SG_BYTES_ARRAY(node.public));
    sg_record_build_uint(&build, SG_FIELD_GENESIS_THRESHOLD, 1);
    sg_record_build_uint(&build, SG_FIELD_GENESIS_TEST, 1);
    sg_record_build_uint(&build, SG_FIELD_GENESIS_CENTRE, PROVINCE);
    assert_example(&build, &copy, &root, NULL, "genesis");
}

/* The subject of a grant is the key id of its officer, which the builder
 * finds. */
static void test_officer_grant_is_produced(void **state)
{
    struct sg_record_head head = head_of(SG_TYPE_OFFICER_GRANT, 0xa2, 20250701);
    struct sg_record_copy copy = copy_of(HLC + 1, 2, 0);
    struct key root = key_of(ROOT_SEED), officer = key_of(OFFICER_SEED);
    struct sg_record_build build;
    struct sg_pack *pack;

    (void)state;
    head.officer = sg_key_id_of(&registry, SG_KEY_ROOT, root.public);
    sg_record_build_init(&build, &head);
    sg_record_build_uint(&build, SG_FIELD_OFFICER_GRANT_SERIAL, 2);
    sg_record_build_bin(&build, SG_FIELD_OFFICER_GRANT_OFFICER,
                        SG_BYTES_ARRAY(officer.public));
    sg_record_build_uint(&build, SG_FIELD_OFFICER_GRANT_ROLES, SG_ROLE_CAPTURE);
    pack = sg_record_build_field(&build, SG_FIELD_OFFICER_GRANT_UNITS);
    sg_pack_array(pack, 1);
    sg_pack_uint(pack, HOME);
    sg_record_build_uint(&build, SG_FIELD_OFFICER_GRANT_FROM, 20250701);
    sg_record_build_uint(&build, SG_FIELD_OFFICER_GRANT_UNTIL, 20300701);
    sg_record_build_str(&build, SG_FIELD_OFFICER_GRANT_LABEL, TEXT("CB-0147"));
    assert_example(&build, &copy, &root, &registry, "officer-grant");
}

/* Packs the first COUNT members of the cut in the revocation of the page. */
static void pack_cut(struct sg_pack *pack, uint32_t count)
{
    struct sg_record record;
    struct sg_msgpack reader;
    struct sg_buf buf;

    sg_buf_init(&buf, SG_RECORD_SIZE_MAX);
    sg_page_hex("storage/registry/RECORDS.md", "revocation", &buf);
    assert_ok(sg_record_decode(sg_buf_bytes(&buf), &record));
    sg_record_open(&record, SG_FIELD_NODE_CUT_STANDS, &reader);
    (void)sg_msgpack_read_array(&reader);
    (void)sg_msgpack_read_array(&reader);
    sg_pack_array(pack, 1);
    sg_pack_array(pack, count);
    for (uint32_t i = 0; i < count; i++)
        sg_pack_raw(pack, sg_msgpack_skip(&reader));
    sg_buf_clear(&buf);
}

/* A revocation names the key and the logs that stand. (The checkpoint's
 * signature in it is FORMAT's, and taken from the page.) */
static void test_revocation_is_produced(void **state)
{
    struct sg_record_head head = head_of(SG_TYPE_NODE_CUT, 0xa3, 20250801);
    struct sg_record_copy copy = copy_of(HLC + 2, 3, 0);
    struct key root = key_of(ROOT_SEED), node = key_of(NODE_SEED);
    struct sg_record_build build;

    (void)state;
    head.officer = sg_key_id_of(&registry, SG_KEY_ROOT, root.public);
    sg_record_build_init(&build, &head);
    sg_record_build_uint(&build, SG_FIELD_NODE_CUT_SERIAL, 3);
    sg_record_build_bin(&build, SG_FIELD_NODE_CUT_NODE,
                        SG_BYTES_ARRAY(node.public));
    sg_record_build_uint(&build, SG_FIELD_NODE_CUT_WHAT, 3);
    pack_cut(sg_record_build_field(&build, SG_FIELD_NODE_CUT_STANDS), 4);
    sg_record_build_uint(&build, SG_FIELD_NODE_CUT_REASON, 2);
    sg_record_build_str(&build, SG_FIELD_NODE_CUT_TEXT,
                        TEXT("mất máy tính xách tay"));
    assert_example(&build, &copy, &root, &registry, "revocation");
}

static void build_rotation(struct sg_record_build *build,
                           const struct sg_record_head *head,
                           const struct key *next, const uint8_t proof[64])
{
    struct key after = key_of(AFTER_SEED);
    struct sg_hash commitment = commitment_to(&after);

    sg_record_build_init(build, head);
    sg_record_build_uint(build, SG_FIELD_ROOT_ROTATE_SERIAL, 4);
    sg_record_build_uint(build, SG_FIELD_ROOT_ROTATE_GENERATION, 1);
    sg_record_build_bin(build, SG_FIELD_ROOT_ROTATE_ROOT,
                        SG_BYTES_ARRAY(next->public));
    pack_cut(sg_record_build_field(build, SG_FIELD_ROOT_ROTATE_STANDS), 3);
    sg_record_build_bin(build, SG_FIELD_ROOT_ROTATE_PROOF, sg_bytes(proof, 64));
    sg_record_build_uint(build, SG_FIELD_ROOT_ROTATE_REASON, 1);
    sg_record_build_bin(build, SG_FIELD_ROOT_ROTATE_NEXT,
                        SG_BYTES_ARRAY(commitment.bytes));
}

/* Section 6: the proof of a rotation is the new root's signature over the id
 * that the record has with 64 zero bytes in its place. */
static void test_root_rotation_is_produced(void **state)
{
    struct sg_record_head head = head_of(SG_TYPE_ROOT_ROTATE, 0xa8, 20260701);
    struct sg_record_copy copy = copy_of(HLC + 3, 4, 0);
    struct key root = key_of(ROOT_SEED), next = key_of(NEXT_SEED);
    uint8_t proof[SG_SIGNATURE_SIZE] = {0};
    struct sg_record_build build;
    struct sg_buf draft;
    struct sg_hash id;

    (void)state;
    head.officer = sg_key_id_of(&registry, SG_KEY_ROOT, root.public);
    build_rotation(&build, &head, &next, proof);
    sg_buf_init(&draft, SG_RECORD_SIZE_MAX);
    assert_ok(sg_record_build_end(&build, &copy, NULL, &registry, &draft, &id));
    sg_buf_clear(&draft);
    assert_ok(sg_record_sign(&next.secret, &registry, &id, proof));
    build_rotation(&build, &head, &next, proof);
    assert_example(&build, &copy, &root, &registry, "root-rotation");
}

static struct sg_record_name name_of(struct sg_bytes family,
                                     struct sg_bytes middle,
                                     struct sg_bytes given)
{
    return (struct sg_record_name){family, middle, given};
}

static void build_kin(struct sg_record_build *build, unsigned no,
                      struct sg_bytes family, struct sg_bytes middle,
                      struct sg_bytes given)
{
    const struct sg_record_kin kin = {.has_name = true,
                                      .name = name_of(family, middle, given)};

    sg_record_build_kin(build, no, &kin);
}

static void build_relatives(struct sg_record_build *build)
{
    build_kin(build, SG_FIELD_PERSON_FATHER, TEXT("Nguyễn"), TEXT("Văn"),
              TEXT("Bình"));
    build_kin(build, SG_FIELD_PERSON_MOTHER, TEXT("Lê"), TEXT("Thị"),
              TEXT("Mai"));
}

static void build_places(struct sg_record_build *build)
{
    struct sg_record_place place = {.has_unit = true, .unit = {BEFORE}};

    sg_record_build_place(build, SG_FIELD_PERSON_BIRTH_PLACE, &place);
    sg_record_build_place(build, SG_FIELD_PERSON_BIRTH_REG, &place);
    place.text = TEXT("Thôn 4");
    sg_record_build_place(build, SG_FIELD_PERSON_HOMETOWN, &place);
}

static void build_enrolment(struct sg_record_build *build)
{
    const struct sg_record_src src = {.source = SG_RECORD_SOURCE_DOCUMENT};
    const struct sg_record_name name =
        name_of(TEXT("Nguyễn"), TEXT("Thị"), TEXT("Hoa"));
    struct sg_record_kin spouse = {
        .has_uid = true,
        .has_name = true,
        .name = name_of(TEXT("Trần"), TEXT("Hữu"), TEXT("Nam")),
        .has_pin = true,
        .pin = UINT64_C(999088012345)};
    struct sg_pack *pack;

    memset(spouse.uid.bytes, 0xc2, sizeof(spouse.uid.bytes));
    sg_record_build_src(build, &src);
    sg_record_build_name(build, SG_FIELD_PERSON_NAME, &name);
    sg_record_build_uint(build, SG_FIELD_PERSON_BIRTH, 19880315);
    sg_record_build_uint(build, SG_FIELD_PERSON_SEX, 2);
    build_relatives(build);
    sg_record_build_str(build, SG_FIELD_PERSON_OTHER_NAME, TEXT(""));
    build_places(build);
    sg_record_build_uint(build, SG_FIELD_PERSON_ETHNICITY, 1);
    sg_record_build_uint(build, SG_FIELD_PERSON_RELIGION, 0);
    pack = sg_record_build_field(build, SG_FIELD_PERSON_NATIONALITY);
    sg_pack_array(pack, 1);
    sg_pack_str(pack, TEXT("VN"));
    sg_record_build_uint(build, SG_FIELD_PERSON_BLOOD, 4);
    sg_record_build_uint(build, SG_FIELD_PERSON_MARITAL, 2);
    sg_record_build_kin(build, SG_FIELD_PERSON_SPOUSE, &spouse);
    sg_record_build_str(build, SG_FIELD_PERSON_PHONE, TEXT("0900000147"));
    sg_record_build_str(build, SG_FIELD_PERSON_EMAIL, TEXT(""));
    sg_record_build_str(build, SG_FIELD_PERSON_OCCUPATION, TEXT("Nông dân"));
    sg_record_build_str(build, SG_FIELD_PERSON_CONTACT, TEXT("Thôn 7"));
    sg_record_build_uint(build, SG_FIELD_PERSON_REGISTERED, HOME);
}

/* An enrolment with all that a form has. */
static void test_enrolment_is_produced(void **state)
{
    struct sg_record_head head = head_of(SG_TYPE_PERSON, 0xa4, 20250702);
    struct sg_record_copy copy =
        copy_of(HLC + 65536 * UINT64_C(5000), 40, HOME);
    struct key officer = key_of(OFFICER_SEED);
    struct sg_record_build build;

    (void)state;
    head.subject = person();
    head.officer = sg_key_id_of(&registry, SG_KEY_OFFICER, officer.public);
    head.basis = (struct sg_record_basis){4, TEXT("0147/2025"), TEXT("")};
    sg_record_build_init(&build, &head);
    build_enrolment(&build);
    assert_example(&build, &copy, &officer, &registry, "enrolment");
}

static struct sg_record_basis dc02(void)
{
    return (struct sg_record_basis){5, TEXT("22/DC02"), TEXT("NĐ 70/2024 Đ.6")};
}

/* A correction names the enrolment as what it replaces; the wall clock was
 * behind. */
static void test_correction_is_produced(void **state)
{
    struct sg_record_head head = head_of(SG_TYPE_PERSON, 0xa5, 20250703);
    struct sg_record_copy copy =
        copy_of(HLC + 65536 * UINT64_C(90000000), 40, HOME);
    struct key officer = key_of(OFFICER_SEED);
    struct sg_ref enrolment = ref_of_example("enrolment");
    const struct sg_record_name name =
        name_of(TEXT("Nguyễn"), TEXT("Thị"), TEXT("Hòa"));
    struct sg_record_build build;

    (void)state;
    head.subject = person();
    head.officer = sg_key_id_of(&registry, SG_KEY_OFFICER, officer.public);
    head.basis = dc02();
    head.parents = &enrolment;
    head.n_parents = 1;
    copy.wall_offset = -140;
    sg_record_build_init(&build, &head);
    sg_record_build_name(&build, SG_FIELD_PERSON_NAME, &name);
    assert_example(&build, &copy, &officer, &registry, "correction");
}

/* A decision's parents may be given in any order. */
static void test_decision_is_produced(void **state)
{
    struct sg_record_head head = head_of(SG_TYPE_DECISION, 0xa6, 20250704);
    struct sg_record_copy copy =
        copy_of(HLC + 65536 * UINT64_C(170000000), 40, HOME);
    struct key approver = key_of(APPROVER_SEED);
    struct sg_ref one = ref_of_example("enrolment");
    struct sg_ref two = ref_of_example("correction");

    (void)state;
    head.subject = person();
    head.officer = sg_key_id_of(&registry, SG_KEY_OFFICER, approver.public);
    head.basis = dc02();
    head.n_parents = 2;
    for (int i = 0; i < 2; i++) {
        const struct sg_ref parents[2] = {i == 0 ? one : two,
                                          i == 0 ? two : one};
        struct sg_record_build build;

        head.parents = parents;
        sg_record_build_init(&build, &head);
        sg_record_build_uint(&build, SG_FIELD_DECISION_ACT, 1);
        sg_record_build_uint(&build, SG_FIELD_DECISION_UNIT, HOME);
        assert_example(&build, &copy, &approver, &registry, "decision");
    }
}

/* A read is recorded without a signature. */
static void test_access_is_produced(void **state)
{
    struct sg_record_head head = head_of(SG_TYPE_ACCESS, 0xaa, 20250704);
    struct sg_record_copy copy =
        copy_of(HLC + 65536 * UINT64_C(169000000), 40, HOME);
    struct key officer = key_of(OFFICER_SEED);
    struct sg_record_build build;

    (void)state;
    head.subject = person();
    head.officer = sg_key_id_of(&registry, SG_KEY_OFFICER, officer.public);
    sg_record_build_init(&build, &head);
    sg_record_build_uint(&build, SG_FIELD_ACCESS_WHAT, 1);
    sg_record_build_uint(&build, SG_FIELD_ACCESS_PURPOSE, 2);
    sg_record_build_str(&build, SG_FIELD_ACCESS_CASE, TEXT("22/DC02"));
    sg_record_build_uint(&build, SG_FIELD_ACCESS_CHANNEL, 1);
    assert_example(&build, &copy, NULL, &registry, "access");
}

static void pack_head(struct sg_pack *pack, unsigned no,
                      const struct sg_ref *ref, unsigned source, uint64_t hlc)
{
    sg_pack_array(pack, 7);
    sg_pack_uint(pack, SG_TYPE_PERSON);
    sg_pack_bin(pack, (struct sg_bytes){0});
    sg_pack_uint(pack, no);
    sg_pack_bin(pack, SG_BYTES_ARRAY(ref->bytes));
    sg_pack_uint(pack, 1);
    sg_pack_uint(pack, source);
    sg_pack_uint(pack, hlc);
}

/* Packs the heads of the two records, and their values to VALUES. */
static void pack_heads(struct sg_record_build *build, struct sg_buf *values)
{
    struct sg_ref one = ref_of_example("enrolment");
    struct sg_ref two = ref_of_example("correction");
    struct sg_pack *heads, pack;
    struct sg_record first, second;
    struct sg_buf a, b;
    uint32_t count;

    sg_buf_init(&a, SG_RECORD_SIZE_MAX);
    sg_buf_init(&b, SG_RECORD_SIZE_MAX);
    sg_page_hex("storage/registry/RECORDS.md", "enrolment", &a);
    sg_page_hex("storage/registry/RECORDS.md", "correction", &b);
    assert_ok(sg_record_decode(sg_buf_bytes(&a), &first));
    assert_ok(sg_record_decode(sg_buf_bytes(&b), &second));
    count = (uint32_t)__builtin_popcount(first.present) - 1;
    heads = sg_record_build_field(build, SG_FIELD_HANDOVER_HEADS);
    sg_pack_array(heads, count);
    sg_pack_init(&pack, values);
    sg_pack_array(&pack, count);
    for (unsigned no = 3; no < SG_FIELD_COUNT_MAX; no++) {
        if (!sg_record_has(&first, no))
            continue;
        if (sg_record_has(&second, no))
            pack_head(heads, no, &two, 2, second.copy.hlc);
        else
            pack_head(heads, no, &one, 3, first.copy.hlc);
        sg_pack_raw(&pack, sg_record_has(&second, no) ? second.fields[no]
                                                      : first.fields[no]);
    }
    assert_ok(sg_pack_end(&pack));
    sg_buf_clear(&a);
    sg_buf_clear(&b);
}

static void pack_covers(struct sg_pack *pack)
{
    /* Ascending: 6e…, 7b…, ac…. */
    const struct sg_ref refs[] = {ref_of_example("correction"),
                                  ref_of_example("enrolment"),
                                  ref_of_example("decision")};

    sg_pack_array(pack, 3);
    for (int i = 0; i < 3; i++) {
        if (i > 0)
            assert_true(sg_ref_compare(&refs[i - 1], &refs[i]) < 0);
        sg_pack_bin(pack, SG_BYTES_ARRAY(refs[i].bytes));
    }
}

/* A handover carries the person as the old home knows it. */
static void test_handover_is_produced(void **state)
{
    struct sg_record_head head = head_of(SG_TYPE_HANDOVER, 0xa9, 20260105);
    struct sg_record_copy copy =
        copy_of(HLC + 65536 * UINT64_C(16000000000), 40, HOME);
    struct key approver = key_of(APPROVER_SEED);
    struct sg_record_build build;
    struct sg_buf values;

    (void)state;
    head.subject = person();
    head.officer = sg_key_id_of(&registry, SG_KEY_OFFICER, approver.public);
    copy.home = (struct sg_unit_key){GOES_TO};
    sg_buf_init(&values, SG_RECORD_SIZE_MAX);
    sg_record_build_init(&build, &head);
    sg_record_build_uint(&build, SG_FIELD_HANDOVER_FROM_UNIT, HOME);
    sg_record_build_uint(&build, SG_FIELD_HANDOVER_TO_UNIT, GOES_TO);
    pack_covers(sg_record_build_field(&build, SG_FIELD_HANDOVER_COVERS));
    pack_heads(&build, &values);
    sg_record_build_bin(&build, SG_FIELD_HANDOVER_VALUES,
                        sg_buf_bytes(&values));
    sg_pack_array(sg_record_build_field(&build, SG_FIELD_HANDOVER_CONFLICTS),
                  0);
    sg_record_build_uint(&build, SG_FIELD_HANDOVER_HOME_THEN, HOME);
    assert_example(&build, &copy, &approver, &registry, "handover");
    sg_buf_clear(&values);
}

/* What does not fit, is not NFC, or is too much, does not leave the builder;
 * the payload is as it was. */
static void test_what_is_wrong_is_not_written(void **state)
{
    static const struct {
        const char *given;
        enum sg_err err;
    } cases[] = {{"Hòa", SG_OK},
                 {"", SG_ERR_INVALID},
                 {"Hoa\u0300", SG_ERR_NOTCANONICAL},
                 {"Hoa\t", SG_ERR_TEXT},
                 {"\xff", SG_ERR_TEXT}};
    struct sg_record_head head = head_of(SG_TYPE_PERSON, 1, 20250702);
    struct sg_record_copy copy = copy_of(HLC, 0, HOME);
    struct sg_ref parents[SG_PARENTS_MAX + 1];
    struct sg_buf payload;
    struct sg_hash id;

    (void)state;
    sg_buf_init(&payload, SG_RECORD_SIZE_MAX);
    memset(parents, 0, sizeof(parents));
    head.parents = parents;
    head.n_parents = 1;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct sg_record_name name =
            name_of(TEXT(""), TEXT(""),
                    sg_bytes(cases[i].given, strlen(cases[i].given)));
        struct sg_record_build build;

        sg_buf_truncate(&payload, 0);
        sg_record_build_init(&build, &head);
        sg_record_build_name(&build, SG_FIELD_PERSON_NAME, &name);
        assert_int_equal(
            sg_record_build_end(&build, &copy, NULL, &registry, &payload, &id),
            cases[i].err);
        assert_int_equal(payload.size > 0, cases[i].err == SG_OK);
    }
    for (size_t n = 2; n <= SG_PARENTS_MAX + 1; n += SG_PARENTS_MAX - 1) {
        struct sg_record_build build;

        sg_buf_truncate(&payload, 0);
        head.n_parents = n; /* two alike; then too many */
        sg_record_build_init(&build, &head);
        sg_record_build_uint(&build, SG_FIELD_PERSON_SEX, 1);
        assert_int_equal(
            sg_record_build_end(&build, &copy, NULL, &registry, &payload, &id),
            n == 2 ? SG_ERR_NOTCANONICAL : SG_ERR_LIMIT);
    }
    sg_buf_clear(&payload);
}

static enum sg_err write_signed(void *context)
{
    struct sg_record_head head = head_of(SG_TYPE_PERSON, 1, 20250702);
    struct sg_record_copy copy = copy_of(HLC, 0, HOME);
    const struct key *key = context;
    struct sg_record_build build;
    struct sg_buf payload;
    struct sg_hash id;
    enum sg_err err;

    sg_buf_init(&payload, SG_RECORD_SIZE_MAX);
    sg_record_build_init(&build, &head);
    build_enrolment(&build);
    err = sg_record_build_end(&build, &copy, &key->secret, &registry, &payload,
                              &id);
    assert_int_equal(payload.size > 0, err == SG_OK);
    sg_buf_clear(&payload);
    return err;
}

/* Out of memory at any point is told, and nothing is left behind. */
static void test_lack_of_memory_is_told(void **state)
{
    struct key key = key_of(OFFICER_SEED);

    (void)state;
    assert_true(sg_torture_run(write_signed, &key) >= 2);
}

/* A record that was begun can be given up, before and after its end. */
static void test_a_record_can_be_given_up(void **state)
{
    struct sg_record_head head = head_of(SG_TYPE_PERSON, 1, 20250702);
    struct sg_record_build build;

    (void)state;
    sg_record_build_init(&build, &head);
    build_enrolment(&build);
    sg_record_build_clear(&build);
    sg_record_build_clear(&build);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_genesis_is_produced),
        cmocka_unit_test(test_officer_grant_is_produced),
        cmocka_unit_test(test_revocation_is_produced),
        cmocka_unit_test(test_root_rotation_is_produced),
        cmocka_unit_test(test_enrolment_is_produced),
        cmocka_unit_test(test_correction_is_produced),
        cmocka_unit_test(test_decision_is_produced),
        cmocka_unit_test(test_access_is_produced),
        cmocka_unit_test(test_handover_is_produced),
        cmocka_unit_test(test_what_is_wrong_is_not_written),
        cmocka_unit_test(test_lack_of_memory_is_told),
        cmocka_unit_test(test_a_record_can_be_given_up),
    };

    if (sg_crypto_init() != SG_OK)
        return 1;
    return cmocka_run_group_tests(tests, setup, NULL);
}
