/* storage/registry/admission.h: one test for each check A01 to A15, with what
 * passes, what does not and, where it can be, what is disputed. RECORDS.md,
 * section 3. */
#include <string.h>

#include "tests/lib/page.h"
#include "tests/lib/test.h"
#include "tests/unit/book_state.h"

#define CAPTURE  SG_ROLE_CAPTURE
#define APPROVE  SG_ROLE_APPROVE
#define DISTRICT SG_AUTHORITY_ROLE_DISTRICT
#define NEW      BOOK_NEW
#define DAY_MS   UINT64_C(86400000)

#define ADMITTED    SG_ADMISSION_ADMITTED
#define QUARANTINED SG_ADMISSION_QUARANTINED
#define REFUSED     SG_ADMISSION_REFUSED

/* Asserts what is said of a copy: its standing and the code. */
static void expect(const struct sg_admission_verdict *verdict,
                   enum sg_admission_standing standing,
                   enum sg_admission_code code)
{
    assert_string_equal(sg_admission_code_name(verdict->code),
                        sg_admission_code_name(code));
    assert_string_equal(sg_admission_standing_name(verdict->standing),
                        sg_admission_standing_name(standing));
}

static void expect_entry(struct book_state *fixture, size_t entry,
                         enum sg_admission_standing standing,
                         enum sg_admission_code code)
{
    struct sg_admission_verdict verdict = book_judge_entry(fixture, entry);

    expect(&verdict, standing, code);
}

/* --- A01 to A07 -------------------------------------------------------- */

/* A01: a payload that is not held, or does not open, is absent. */
static void test_a01_payload_held(void **state)
{
    struct book_state *fixture = *state;
    struct sg_admission_copy copy;
    struct sg_admission_verdict verdict;
    size_t entry = book_person(&fixture->book, 0, 2);

    expect_entry(fixture, entry, ADMITTED, SG_ADMISSION_A00);
    copy = book_copy(&fixture->book, entry);
    copy.payload = sg_bytes(NULL, 0);
    verdict = book_judge(fixture, &copy);
    expect(&verdict, SG_ADMISSION_ABSENT, SG_ADMISSION_A01);
    assert_false(verdict.has_id);
}

/* A02: what an order erases is erased, held or not; what was filed elsewhere is
 * not. Keys, openings and statements are never erased. */
static void test_a02_not_erased(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    size_t entry = book_person(book, 0, 2), other;
    struct sg_admission_copy copy;
    struct sg_admission_verdict verdict;

    (void)book_erase(book, 0, 2, 1, sg_ref_of(&book->entries[entry].id), NULL,
                     0);
    other = book->n_entries;
    book_file_again(book, entry, 3);
    expect_entry(fixture, entry, SG_ADMISSION_ERASED, SG_ADMISSION_A02);
    expect_entry(fixture, other, ADMITTED, SG_ADMISSION_A00);
    copy = book_copy(book, entry);
    copy.payload = sg_bytes(NULL, 0);
    verdict = book_judge(fixture, &copy);
    expect(&verdict, SG_ADMISSION_ERASED, SG_ADMISSION_A02);
    copy.entry_kind = SG_ENTRY_CONTENT_KEY;
    verdict = book_judge(fixture, &copy);
    expect(&verdict, SG_ADMISSION_ABSENT, SG_ADMISSION_A01);
    (void)book_erase(book, 0, 0, 7, (struct sg_ref){{9}}, NULL, 0);
    verdict = book_judge_entry(fixture, 6); /* the grant */
    expect(&verdict, ADMITTED, SG_ADMISSION_A00);
    assert_true(verdict.is_spared);
    verdict = book_judge_entry(fixture, other);
    assert_false(verdict.is_spared);
}

/* A03: other bytes than the format's are refused for ever. */
static void test_a03_canonical(void **state)
{
    struct book_state *fixture = *state;
    size_t entry = book_person(&fixture->book, 0, 2);
    struct sg_admission_copy copy;
    struct sg_admission_verdict verdict;

    (void)book_seal(fixture);
    copy = book_copy(&fixture->book, entry);
    copy.payload.size--;
    verdict = book_judge(fixture, &copy);
    expect(&verdict, REFUSED, SG_ADMISSION_A03);
    assert_false(verdict.has_id);
}

/* A04: a type that this program does not know is carried and shown, with its
 * id; whatever else is wrong with it is not asked. */
static void test_a04_known_type(void **state)
{
    struct book_state *fixture = *state;
    struct sg_admission_copy copy;
    struct sg_admission_verdict verdict;
    size_t entry = book_person(&fixture->book, 0, 2);
    struct sg_buf page;

    sg_buf_init(&page, SG_RECORD_SIZE_MAX);
    sg_page_hex("storage/registry/RECORDS.md", "unknown-type", &page);
    expect_entry(fixture, entry, ADMITTED, SG_ADMISSION_A00);
    copy = book_copy(&fixture->book, entry);
    copy.payload = sg_buf_bytes(&page);
    verdict = book_judge(fixture, &copy);
    expect(&verdict, SG_ADMISSION_UNKNOWN, SG_ADMISSION_A04);
    assert_true(verdict.has_id);
    sg_buf_clear(&page);
}

/* Finds the last place where BYTES stand in PAYLOAD. */
static uint8_t *find_bytes(struct sg_bytes payload, const void *bytes,
                           size_t size)
{
    uint8_t *found = NULL;

    for (size_t i = 0; i + size <= payload.size; i++)
        if (memcmp(payload.data + i, bytes, size) == 0)
            found = (uint8_t *)(uintptr_t)payload.data + i;
    assert_non_null(found);
    return found;
}

/* A05: a body that does not fit its table is refused: here a sex of 3. */
static void test_a05_fields_fit(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    size_t entry = book_person(book, 0, 2);

    expect_entry(fixture, entry, ADMITTED, SG_ADMISSION_A00);
    /* field 5, the value 2 */
    find_bytes(book->entries[entry].payload, "\x05\x02", 2)[1] = 3;
    expect_entry(fixture, entry, REFUSED, SG_ADMISSION_A05);
}

/* A06: a copy with a key below 16 in its outer part is of a later form; keys
 * from 16 on are ignored. */
static void test_a06_no_later_envelope(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    size_t entry = book_person(book, 0, 2);
    struct sg_admission_copy copy;
    struct sg_admission_verdict verdict;
    struct sg_buf payload;

    (void)book_seal(fixture);
    copy = book_copy(book, entry);
    sg_buf_init(&payload, SG_RECORD_SIZE_MAX);
    assert_ok(sg_buf_append(&payload, copy.payload));
    payload.data[payload.size - 1] = 0x81; /* ext: one key, */
    assert_ok(sg_buf_append(&payload, sg_bytes("\x10\x00", 2)));
    copy.payload = sg_buf_bytes(&payload);
    verdict = book_judge(fixture, &copy);
    expect(&verdict, ADMITTED, SG_ADMISSION_A00);
    payload.data[payload.size - 2] = 0x0f;
    verdict = book_judge(fixture, &copy);
    expect(&verdict, SG_ADMISSION_UNKNOWN, SG_ADMISSION_A06);
    sg_buf_clear(&payload);
}

static size_t access_to_person(struct book *book, unsigned officer,
                               unsigned log)
{
    struct sg_record_build *build =
        book_record(book, SG_TYPE_ACCESS, officer, 1, BOOK_HERE, NEW);

    sg_record_build_uint(build, SG_FIELD_ACCESS_WHAT, 1);
    sg_record_build_uint(build, SG_FIELD_ACCESS_PURPOSE, 1);
    sg_record_build_str(build, SG_FIELD_ACCESS_CASE, SG_BYTES_TEXT("1"));
    (void)book_write(book, log);
    return book->n_entries - 1;
}

/* A07: records of citizens are sealed in a log of records, statements in clear,
 * audits sealed in a log of audits. */
static void test_a07_filed_right(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    size_t entry, audit;

    book->kinds[3] = SG_LOG_AUDIT;
    entry = book_person(book, 0, 2);
    audit = access_to_person(book, 0, 3);
    expect_entry(fixture, entry, ADMITTED, SG_ADMISSION_A00);
    expect_entry(fixture, audit, ADMITTED, SG_ADMISSION_A00);
    book->kinds[3] = SG_LOG_RECORDS;
    expect_entry(fixture, audit, REFUSED, SG_ADMISSION_A07);
    book->kinds[2] = SG_LOG_AUDIT;
    expect_entry(fixture, entry, REFUSED, SG_ADMISSION_A07);
    book->kinds[2] = SG_LOG_RECORDS;
    book->entries[entry].entry_kind = SG_ENTRY_PLAIN;
    expect_entry(fixture, entry, REFUSED, SG_ADMISSION_A07);
    book->entries[6].entry_kind = SG_ENTRY_SEALED; /* the grant */
    expect_entry(fixture, 6, REFUSED, SG_ADMISSION_A07);
}

/* --- A08 to A11 -------------------------------------------------------- */

/* A08: the node is admitted at the record's position; the same bytes at a node
 * that is not are quarantined. What is admitted later does not help. */
static void test_a08_node_admitted(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    size_t entry = book_person(book, 0, 2), other = book_person(book, 0, 4);

    expect_entry(fixture, entry, ADMITTED, SG_ADMISSION_A00);
    expect_entry(fixture, other, QUARANTINED, SG_ADMISSION_A08);
    (void)book_admit(book, 0, 2, DISTRICT, 20300101); /* 8 */
    expect_entry(fixture, other, QUARANTINED, SG_ADMISSION_A08);
    (void)book_begin_person(book, 0);
    book->copy.position = BOOK_HERE + 1;
    expect_entry(fixture, book_write_person(book, 4), ADMITTED,
                 SG_ADMISSION_A00);
}

/* A08: a certificate has expired for those who have heard of a time on its last
 * day or after it; who has not heard goes on. */
static void test_a08_node_not_expired(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    size_t before, after;

    (void)book_admit(book, 0, 1, DISTRICT, 20250901);                 /* 8 */
    (void)book_heartbeat(book, 0, BOOK_GENESIS_MS + 62 * DAY_MS - 1); /* 9 */
    (void)book_heartbeat(book, 0, BOOK_GENESIS_MS + 62 * DAY_MS);     /* 10 */
    (void)book_begin_person(book, 0);
    book->copy.position = 10;
    before = book_write_person(book, 2);
    (void)book_begin_person(book, 0);
    book->copy.position = 11;
    after = book_write_person(book, 2);
    expect_entry(fixture, before, ADMITTED, SG_ADMISSION_A00);
    expect_entry(fixture, after, QUARANTINED, SG_ADMISSION_A08);
}

static size_t verification(struct book *book, unsigned officer, unsigned log)
{
    struct sg_record_build *build =
        book_record(book, SG_TYPE_VERIFICATION, officer, 1, BOOK_HERE, NEW);
    struct sg_pack *pack;

    sg_record_build_uint(build, SG_FIELD_VERIFICATION_METHOD, 1);
    pack = sg_record_build_field(build, SG_FIELD_VERIFICATION_RESULTS);
    sg_pack_array(pack, 1);
    sg_pack_array(pack, 2);
    sg_pack_uint(pack, 32u << 8 | 3);
    sg_pack_uint(pack, 1);
    (void)book_write(book, log);
    return book->n_entries - 1;
}

static size_t erasure_done(struct book *book, unsigned node, unsigned log)
{
    struct sg_record_build *build =
        book_record(book, SG_TYPE_ERASURE_DONE, 0, 1, BOOK_HERE, NEW);

    book->signer = &book->nodes[node];
    book->head.officer = book->nodes[node].id;
    sg_record_build_bin(build, SG_FIELD_ERASURE_DONE_ORDER,
                        sg_bytes(book->logs[0].hash.bytes, 16));
    sg_record_build_uint(build, SG_FIELD_ERASURE_DONE_STATE, 1);
    sg_record_build_uint(build, SG_FIELD_ERASURE_DONE_ENTRIES, 1);
    (void)book_write(book, log);
    return book->n_entries - 1;
}

/* A08: what each role of a node may write. */
static void test_a08_role_of_the_node(void **state)
{
    static const struct {
        enum sg_authority_role role;
        bool person, verification, audit, node;
    } may[] = {
        {SG_AUTHORITY_ROLE_AUTHORITY, true, true, true, true},
        {SG_AUTHORITY_ROLE_CENTRAL, true, true, true, true},
        {SG_AUTHORITY_ROLE_DISTRICT, true, true, true, true},
        {SG_AUTHORITY_ROLE_RELAY, false, false, true, true},
        {SG_AUTHORITY_ROLE_AUDITOR, false, true, true, true},
    };
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    size_t records[4];

    book->kinds[3] = SG_LOG_AUDIT;
    records[0] = book_person(book, 0, 2);
    records[1] = verification(book, 0, 2);
    records[2] = access_to_person(book, 0, 3);
    records[3] = erasure_done(book, 1, 2);
    for (size_t i = 0; i < sizeof(may) / sizeof(may[0]); i++) {
        const bool passes[] = {may[i].person, may[i].verification, may[i].audit,
                               may[i].node};

        /* The admission stands at index 6, as the setup wrote it. */
        book->serial += 10;
        (void)book_admit(book, 0, 1, may[i].role, 20300101);
        book->entries[book->n_entries - 1].place.index = 6;
        for (size_t k = 0; k < 4; k++)
            expect_entry(fixture, records[k],
                         passes[k] ? ADMITTED : QUARANTINED,
                         passes[k] ? SG_ADMISSION_A00 : SG_ADMISSION_A08);
    }
}

/* A09: above the cut of its node a copy is quarantined; an officer's endorse or
 * the root's range lets it count; an officer's rejection beats both. */
static void test_a09_below_the_cut_of_the_node(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    const struct book_stand stands = {2, 2, 0}, range = {2, 3, 0};
    size_t below = book_person(book, 0, 2), above = book_person(book, 0, 2);
    struct sg_admission_copy copy = book_copy(book, above);
    struct sg_admission_verdict verdict;

    (void)book_cut_node(book, 0, 1, SG_AUTHORITY_REVOKED, &stands, 1);
    expect_entry(fixture, below, ADMITTED, SG_ADMISSION_A00);
    expect_entry(fixture, above, QUARANTINED, SG_ADMISSION_A09);
    copy.endorsement = SG_ADMISSION_ENDORSED;
    verdict = book_judge(fixture, &copy);
    expect(&verdict, ADMITTED, SG_ADMISSION_A00);
    assert_true(verdict.is_above_cut);
    (void)book_endorse_range(book, 0, &range, 2, NULL);
    expect_entry(fixture, above, ADMITTED, SG_ADMISSION_A00);
    copy.endorsement = SG_ADMISSION_REJECTED;
    verdict = book_judge(fixture, &copy);
    expect(&verdict, QUARANTINED, SG_ADMISSION_A09);
    verdict = book_judge_entry(fixture, below);
    assert_false(verdict.is_above_cut);
}

/* A10: the officer has a role for the type at the position of the record. */
static void test_a10_officer_has_the_role(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    size_t entry = book_person(book, 0, 2), stranger = book_person(book, 1, 2);
    size_t audit;

    expect_entry(fixture, entry, ADMITTED, SG_ADMISSION_A00);
    expect_entry(fixture, stranger, QUARANTINED, SG_ADMISSION_A10);
    (void)book_grant(book, 0, 0, SG_ROLE_AUDIT, NEW, 20300101); /* 8 */
    expect_entry(fixture, entry, ADMITTED, SG_ADMISSION_A00);
    (void)book_begin_person(book, 0);
    book->copy.position = BOOK_HERE + 1;
    expect_entry(fixture, book_write_person(book, 2), QUARANTINED,
                 SG_ADMISSION_A10);
    audit = verification(book, 0, 2);
    find_bytes(book->entries[audit].payload, "\x02\x08\xcf", 3)[1] =
        BOOK_HERE + 1;
    expect_entry(fixture, audit, ADMITTED, SG_ADMISSION_A00);
}

/* A10: over the copy's capture or home unit; a grant for a unit above covers
 * it. */
static void test_a10_officer_has_the_unit(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;

    (void)book_grant(book, 0, 1, CAPTURE, BOOK_PROVINCE, 20300101); /* 8 */
    (void)book_begin_person(book, 0);
    book->copy.home.value = BOOK_OLD;
    expect_entry(fixture, book_write_person(book, 2), ADMITTED,
                 SG_ADMISSION_A00);
    (void)book_begin_person(book, 0);
    book->copy.capture.value = BOOK_OLD;
    expect_entry(fixture, book_write_person(book, 2), ADMITTED,
                 SG_ADMISSION_A00);
    (void)book_begin_person(book, 0);
    book->copy.capture.value = BOOK_OLD;
    book->copy.home.value = BOOK_OLD;
    expect_entry(fixture, book_write_person(book, 2), QUARANTINED,
                 SG_ADMISSION_A10);
    (void)book_begin_person(book, 1);
    book->copy.position = BOOK_HERE + 1;
    book->copy.capture.value = BOOK_OLD;
    book->copy.home.value = BOOK_OLD;
    expect_entry(fixture, book_write_person(book, 2), ADMITTED,
                 SG_ADMISSION_A00);
}

/* A10: a grant has expired for those who have heard of its last day. */
static void test_a10_grant_not_expired(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    size_t before;

    (void)book_grant(book, 0, 0, CAPTURE, NEW, 20250901);         /* 8 */
    (void)book_heartbeat(book, 0, BOOK_GENESIS_MS + 62 * DAY_MS); /* 9 */
    (void)book_begin_person(book, 0);
    book->copy.position = 9;
    before = book_write_person(book, 2);
    (void)book_begin_person(book, 0);
    book->copy.position = 10;
    expect_entry(fixture, book_write_person(book, 2), QUARANTINED,
                 SG_ADMISSION_A10);
    expect_entry(fixture, before, ADMITTED, SG_ADMISSION_A00);
}

/* A10: a node's own record is signed by the node of the log. */
static void test_a10_node_signs_for_itself(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;

    expect_entry(fixture, erasure_done(book, 1, 2), ADMITTED, SG_ADMISSION_A00);
    expect_entry(fixture, erasure_done(book, 2, 2), QUARANTINED,
                 SG_ADMISSION_A10);
}

/* A11: above the cut of its officer a copy is quarantined, also in a log that
 * the cut does not list; endorsed it counts, and what others wrote there always
 * did. */
static void test_a11_below_the_cut_of_the_officer(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    const struct book_stand stands = {2, 2, 0}, range = {2, 9, 0};
    const unsigned officer = 0;
    size_t below, above, elsewhere, others;
    struct sg_admission_copy copy;
    struct sg_admission_verdict verdict;

    (void)book_grant(book, 0, 1, CAPTURE, NEW, 20300101); /* 8 */
    below = book_person(book, 0, 2);
    above = book_person(book, 0, 2);
    elsewhere = book_person(book, 0, 3);
    (void)book_begin_person(book, 1);
    book->copy.position = BOOK_HERE + 1;
    others = book_write_person(book, 2);
    (void)book_cut_officer(book, 0, 0, SG_AUTHORITY_REVOKED, &stands, 1);
    expect_entry(fixture, below, ADMITTED, SG_ADMISSION_A00);
    expect_entry(fixture, above, QUARANTINED, SG_ADMISSION_A11);
    expect_entry(fixture, elsewhere, QUARANTINED, SG_ADMISSION_A11);
    expect_entry(fixture, others, ADMITTED, SG_ADMISSION_A00);
    copy = book_copy(book, above);
    copy.endorsement = SG_ADMISSION_ENDORSED;
    verdict = book_judge(fixture, &copy);
    expect(&verdict, ADMITTED, SG_ADMISSION_A00);
    (void)book_endorse_range(book, 0, &range, 1, &officer);
    expect_entry(fixture, above, ADMITTED, SG_ADMISSION_A00);
    expect_entry(fixture, elsewhere, QUARANTINED, SG_ADMISSION_A11);
}

/* --- A12 to A15 -------------------------------------------------------- */

static size_t decision(struct book *book, unsigned officer, unsigned log,
                       bool is_signed)
{
    static struct sg_ref parent = {{1}};
    struct sg_record_build *build =
        book_record(book, SG_TYPE_DECISION, officer, 1, BOOK_HERE + 1, NEW);

    book->head.parents = &parent;
    book->head.n_parents = 1;
    book->is_unsigned = !is_signed;
    sg_record_build_uint(build, SG_FIELD_DECISION_ACT, 1);
    sg_record_build_uint(build, SG_FIELD_DECISION_UNIT, NEW);
    (void)book_write(book, log);
    return book->n_entries - 1;
}

static enum sg_admission_signature verify(struct book_state *fixture,
                                          size_t entry)
{
    struct sg_admission_copy copy = book_copy(&fixture->book, entry);
    struct sg_admission_verdict verdict;
    struct sg_admission_judge judge;

    sg_admission_judge_init(&judge, fixture->authority,
                            &fixture->book.registry);
    sg_admission_judge(&judge, &copy, &verdict);
    return sg_admission_verify(&judge, &copy, &verdict);
}

/* A12: a signature that is there must be right, and must be there where the
 * type says so. Until somebody has looked it does not refuse. */
static void test_a12_signature(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    size_t bare, wrong, right;
    struct sg_admission_copy copy;
    struct sg_admission_verdict verdict;

    (void)book_grant(book, 0, 1, APPROVE, NEW, 20300101); /* 8 */
    expect_entry(fixture, decision(book, 1, 2, true), ADMITTED,
                 SG_ADMISSION_A00);
    expect_entry(fixture, decision(book, 1, 2, false), REFUSED,
                 SG_ADMISSION_A12);
    right = book_person(book, 0, 2);
    (void)book_begin_person(book, 0);
    book->is_unsigned = true;
    bare = book_write_person(book, 2);
    (void)book_begin_person(book, 0);
    book->is_missigned = true;
    wrong = book_write_person(book, 2);
    expect_entry(fixture, bare, ADMITTED, SG_ADMISSION_A00);
    expect_entry(fixture, wrong, ADMITTED, SG_ADMISSION_A00);
    assert_int_equal(verify(fixture, right), SG_ADMISSION_RIGHT);
    assert_int_equal(verify(fixture, bare), SG_ADMISSION_UNCHECKED);
    assert_int_equal(verify(fixture, wrong), SG_ADMISSION_WRONG);
    copy = book_copy(book, wrong);
    copy.signature = SG_ADMISSION_WRONG;
    verdict = book_judge(fixture, &copy);
    expect(&verdict, REFUSED, SG_ADMISSION_A12);
}

/* A12: a node's own record is verified by the node's key; whose officer is not
 * known cannot be verified. */
static void test_a12_signature_of_a_node(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    size_t entry = erasure_done(book, 1, 2), stranger = book_person(book, 1, 2);

    (void)book_seal(fixture);
    assert_int_equal(verify(fixture, entry), SG_ADMISSION_RIGHT);
    assert_int_equal(verify(fixture, stranger), SG_ADMISSION_UNCHECKED);
}

/* A13: what a rule of scope record rejects is refused, and the first rule is
 * named; a flag is told and does not refuse. */
static void test_a13_rules(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    const struct sg_record_name name = {SG_BYTES_TEXT(""), SG_BYTES_TEXT(""),
                                        SG_BYTES_TEXT("H0a")};
    struct sg_admission_verdict verdict;
    struct sg_record_build *build;
    size_t entry;

    build = book_record(book, SG_TYPE_PERSON, 0, 1, BOOK_HERE, NEW);
    sg_record_build_name(build, SG_FIELD_PERSON_NAME, &name);
    sg_record_build_uint(build, SG_FIELD_PERSON_BIRTH, 18880315);
    sg_record_build_uint(build, SG_FIELD_PERSON_SEX, 2);
    entry = book_write_person(book, 2);
    verdict = book_judge_entry(fixture, entry);
    expect(&verdict, REFUSED, SG_ADMISSION_A13);
    assert_int_equal(verdict.rule, 5);
    (void)book_begin_person(book, 0);
    book->head.effective.ymd = 20251231; /* V18: after the day of capture */
    entry = book_write_person(book, 2);
    verdict = book_judge_entry(fixture, entry);
    expect(&verdict, ADMITTED, SG_ADMISSION_A00);
    assert_int_equal(verdict.findings.count, 1);
    assert_int_equal(verdict.findings.items[0].rule, 18);
    assert_int_equal(verdict.rule, 0);
}

/* A13 asks the authority's state: the unit, as it was at the position. */
static void test_a13_asks_the_position(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    struct sg_admission_verdict verdict;
    const uint16_t codes[] = {1};
    size_t before, after;

    (void)book_codes(book, 0, SG_TABLE_ETHNIC, 0, codes, 1, 20200101); /* 8 */
    (void)book_begin_person(book, 0);
    sg_record_build_uint(&book->build, SG_FIELD_PERSON_ETHNICITY, 1);
    before = book_write_person(book, 2);
    (void)book_begin_person(book, 0);
    sg_record_build_uint(&book->build, SG_FIELD_PERSON_ETHNICITY, 1);
    book->copy.position = BOOK_HERE + 1;
    after = book_write_person(book, 2);
    verdict = book_judge_entry(fixture, before);
    expect(&verdict, REFUSED, SG_ADMISSION_A13);
    assert_int_equal(verdict.rule, 7);
    expect_entry(fixture, after, ADMITTED, SG_ADMISSION_A00);
}

static size_t number(struct book *book, struct sg_ref block, uint64_t number)
{
    struct sg_record_build *build =
        book_record(book, SG_TYPE_PIN, 0, 1, BOOK_HERE + 1, NEW);

    sg_record_build_uint(build, SG_FIELD_COMMON_STATE, 1);
    sg_record_build_uint(build, SG_FIELD_PIN_NUMBER, number);
    sg_record_build_uint(build, SG_FIELD_PIN_ASSIGNED, 20250801);
    sg_record_build_uint(build, SG_FIELD_PIN_BY, 3);
    sg_record_build_bin(build, SG_FIELD_PIN_BLOCK, SG_BYTES_ARRAY(block.bytes));
    (void)book_write(book, 2);
    return book->n_entries - 1;
}

/* A13, V04: a number from a lease of this node that nobody has. */
static void test_a13_asks_the_lease(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    struct sg_ref block = book_block(book, 0, 1, 100, 199); /* 8 */
    struct sg_admission_verdict verdict;

    expect_entry(fixture, number(book, block, UINT64_C(999188000150)), ADMITTED,
                 SG_ADMISSION_A00);
    verdict =
        book_judge_entry(fixture, number(book, block, UINT64_C(999188000250)));
    expect(&verdict, REFUSED, SG_ADMISSION_A13);
    assert_int_equal(verdict.rule, 4);
}

static size_t resettlement(struct book *book, uint64_t from, uint64_t to)
{
    struct sg_record_build *build =
        book_record(book, SG_TYPE_RESETTLE, 0, 1, BOOK_HERE, NEW);
    const uint8_t residence[16] = {5};

    sg_record_build_bin(build, SG_FIELD_RESETTLE_RESIDENCE,
                        SG_BYTES_ARRAY(residence));
    sg_record_build_uint(build, SG_FIELD_RESETTLE_FROM, from);
    sg_record_build_uint(build, SG_FIELD_RESETTLE_TO, to);
    (void)book_write(book, 2);
    return book->n_entries - 1;
}

/* A13, V08: who lived in a split unit is resettled into a part of it. */
static void test_a13_asks_the_succession(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    struct sg_admission_verdict verdict;

    expect_entry(fixture, resettlement(book, BOOK_OLD, NEW), ADMITTED,
                 SG_ADMISSION_A00);
    verdict = book_judge_entry(fixture, resettlement(book, BOOK_PROVINCE, NEW));
    expect(&verdict, REFUSED, SG_ADMISSION_A13);
    assert_int_equal(verdict.rule, 8);
}

/* A14: a position ahead of what the cut holds waits, before anything that would
 * be asked of the position; when it has come the copy is judged. */
static void test_a14_position_held(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    size_t entry, wrong;

    (void)book_begin_person(book, 0);
    book->copy.position = BOOK_HERE + 1;
    entry = book_write_person(book, 2);
    (void)book_begin_person(book, 3);
    book->copy.position = UINT64_C(9) << 32;
    wrong = book_write_person(book, 2);
    expect_entry(fixture, entry, SG_ADMISSION_WAITING, SG_ADMISSION_A14);
    expect_entry(fixture, wrong, SG_ADMISSION_WAITING, SG_ADMISSION_A14);
    (void)book_heartbeat(book, 0, BOOK_GENESIS_MS);
    expect_entry(fixture, entry, ADMITTED, SG_ADMISSION_A00);
}

/* A15: beyond the limit of its subject a record is refused; audits, which merge
 * with nothing, are not counted. */
static void test_a15_records_of_one_person(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    struct sg_admission_copy copy;
    struct sg_admission_verdict verdict;
    size_t entry, audit;

    book->kinds[3] = SG_LOG_AUDIT;
    entry = book_person(book, 0, 2);
    audit = access_to_person(book, 0, 3);
    (void)book_seal(fixture);
    copy = book_copy(book, entry);
    copy.rank = SG_SUBJECT_RECORDS_MAX - 1;
    verdict = book_judge(fixture, &copy);
    expect(&verdict, ADMITTED, SG_ADMISSION_A00);
    copy.rank++;
    verdict = book_judge(fixture, &copy);
    expect(&verdict, REFUSED, SG_ADMISSION_A15);
    copy = book_copy(book, audit);
    copy.rank = SG_SUBJECT_RECORDS_MAX;
    verdict = book_judge(fixture, &copy);
    expect(&verdict, ADMITTED, SG_ADMISSION_A00);
}

/* --- statements -------------------------------------------------------- */

/* For statements A08 asks for a node with role authority, A10 for a root key,
 * A11 for its cut, A12 for its signature: 6.1 and 6.2. */
static void test_statements_are_judged_by_their_root(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    const struct book_stand stands = {0, 10, 0};
    const size_t first = book->n_entries;

    (void)book_heartbeat(book, 0, 1); /* 0, 8 */
    (void)book_heartbeat(book, 4, 2);
    (void)book_statement(book, SG_TYPE_HEARTBEAT);
    sg_record_build_uint(&book->build, SG_FIELD_HEARTBEAT_TIME, 3);
    book->is_missigned = true;
    (void)book_write(book, 0); /* 0, 9 */
    (void)book_rotate(book, 0, 0, 1, 1, &stands, 1);
    (void)book_heartbeat(book, 0, 4); /* 0, 11: by the old root */
    book->root = 3;
    (void)book_heartbeat(book, 0, 5);
    expect_entry(fixture, 0, ADMITTED, SG_ADMISSION_A00);
    expect_entry(fixture, first, ADMITTED, SG_ADMISSION_A00);
    expect_entry(fixture, first + 1, QUARANTINED, SG_ADMISSION_A08);
    expect_entry(fixture, first + 2, REFUSED, SG_ADMISSION_A12);
    expect_entry(fixture, first + 3, ADMITTED, SG_ADMISSION_A00);
    expect_entry(fixture, first + 4, QUARANTINED, SG_ADMISSION_A11);
    expect_entry(fixture, first + 5, QUARANTINED, SG_ADMISSION_A10);
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, book_setup_district, book_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a01_payload_held),
        TEST(test_a02_not_erased),
        TEST(test_a03_canonical),
        TEST(test_a04_known_type),
        TEST(test_a05_fields_fit),
        TEST(test_a06_no_later_envelope),
        TEST(test_a07_filed_right),
        TEST(test_a08_node_admitted),
        TEST(test_a08_node_not_expired),
        TEST(test_a08_role_of_the_node),
        TEST(test_a09_below_the_cut_of_the_node),
        TEST(test_a10_officer_has_the_role),
        TEST(test_a10_officer_has_the_unit),
        TEST(test_a10_grant_not_expired),
        TEST(test_a10_node_signs_for_itself),
        TEST(test_a11_below_the_cut_of_the_officer),
        TEST(test_a12_signature),
        TEST(test_a12_signature_of_a_node),
        TEST(test_a13_rules),
        TEST(test_a13_asks_the_position),
        TEST(test_a13_asks_the_lease),
        TEST(test_a13_asks_the_succession),
        TEST(test_a14_position_held),
        TEST(test_a15_records_of_one_person),
        TEST(test_statements_are_judged_by_their_root),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
