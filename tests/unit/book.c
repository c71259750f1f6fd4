#include "tests/unit/book.h"

#include <stdlib.h>
#include <string.h>

#include "storage/base/alloc.h"
#include "tests/lib/test.h"

#define TEXT(lit)     SG_BYTES_TEXT(lit)
#define PROVINCE      BOOK_PROVINCE
#define OLD           BOOK_OLD
#define NEW           BOOK_NEW
#define FIRST_HLC     (UINT64_C(1751416200000) << 16) /* 2025-07-02 */
#define ENTRIES_FIRST 64u
#define TITLE         TEXT("Sổ gốc thử nghiệm")

/* --- keys and logs ----------------------------------------------------- */

static void make_key(struct book *book, struct book_key *key, uint8_t seed,
                     enum sg_key_kind kind)
{
    uint8_t bytes[SG_KEY_SIZE];

    memset(bytes, seed, sizeof(bytes));
    sg_crypto_sign_keypair(bytes, &key->secret, key->public);
    key->id = sg_key_id_of(&book->registry, kind, key->public);
}

/* Key ids and log ids are of a registry. */
static void make_names(struct book *book)
{
    for (unsigned i = 0; i < BOOK_ROOTS; i++)
        make_key(book, &book->roots[i], (uint8_t)(10 + i), SG_KEY_ROOT);
    for (unsigned i = 0; i < BOOK_NODES; i++)
        make_key(book, &book->nodes[i], (uint8_t)(30 + i), SG_KEY_NODE);
    for (unsigned i = 0; i < BOOK_OFFICERS; i++)
        make_key(book, &book->officers[i], (uint8_t)(50 + i), SG_KEY_OFFICER);
    for (unsigned i = 0; i < BOOK_LOGS; i++) {
        struct sg_log_core core = {.kind = book->kinds[i]};

        memcpy(core.node_key, book->nodes[book->node_of[i]].public,
               sizeof(core.node_key));
        core.epoch[0] = (uint8_t)i;
        book->logs[i] = sg_entry_log_id(&book->registry, &core);
    }
}

void book_init(struct book *book)
{
    memset(book, 0, sizeof(*book));
    assert_ok(sg_crypto_init());
    for (unsigned i = 0; i < BOOK_LOGS; i++) {
        book->node_of[i] = i / 2;
        book->kinds[i] = SG_LOG_RECORDS;
        book->forks[i] = UINT64_MAX;
        for (unsigned k = 0; k < BOOK_BRANCHES; k++)
            book->sizes[i][k] = 1;
    }
    make_names(book);
}

void book_clear(struct book *book)
{
    for (size_t i = 0; i < book->n_entries; i++)
        sg_free((void *)(uintptr_t)book->entries[i].payload.data);
    sg_free(book->entries);
}

void book_fork(struct book *book, unsigned log)
{
    book->forks[log] = book->sizes[log][0];
    for (unsigned k = 1; k < BOOK_BRANCHES; k++)
        book->sizes[log][k] = book->sizes[log][0];
}

/* --- records ----------------------------------------------------------- */

static void begin(struct book *book, enum sg_type type,
                  const struct book_key *signer)
{
    book->head = (struct sg_record_head){
        .type = type, .effective = {20250801}, .officer = signer->id};
    book->made++;
    memcpy(book->head.submit.bytes, &book->made, sizeof(book->made));
    book->copy = (struct sg_record_copy){.hlc = FIRST_HLC + book->made,
                                         .trust = SG_RECORD_TRUST_SYNCED};
    book->signer = signer;
    book->is_unsigned = false;
    book->is_missigned = false;
    sg_record_build_init(&book->build, &book->head);
}

struct sg_record_build *book_statement_of(struct book *book, enum sg_type type,
                                          uint64_t serial)
{
    begin(book, type, &book->roots[book->root]);
    sg_record_build_uint(&book->build, 0, serial);
    return &book->build;
}

struct sg_record_build *book_statement(struct book *book, enum sg_type type)
{
    return book_statement_of(book, type, ++book->serial);
}

struct sg_record_build *book_record(struct book *book, enum sg_type type,
                                    unsigned officer, uint8_t person,
                                    uint64_t position, uint64_t capture)
{
    begin(book, type, &book->officers[officer]);
    memset(book->head.subject.bytes, person, sizeof(book->head.subject.bytes));
    book->copy.position = position;
    book->copy.capture.value = capture;
    book->copy.home.value = capture;
    return &book->build;
}

static struct book_entry *entry_add(struct book *book, unsigned log,
                                    uint32_t branch)
{
    struct book_entry *entry;

    if (book->n_entries % ENTRIES_FIRST == 0) {
        book->entries =
            sg_realloc(book->entries, (book->n_entries + ENTRIES_FIRST) *
                                          sizeof(*book->entries));
        assert_non_null(book->entries);
    }
    entry = &book->entries[book->n_entries++];
    *entry = (struct book_entry){
        .log = log,
        .place = {book->logs[log], book->sizes[log][branch]++, branch},
        .entry_kind = SG_ENTRY_PLAIN};
    return entry;
}

static struct sg_bytes keep(struct sg_bytes bytes)
{
    uint8_t *copy = sg_alloc(bytes.size);

    assert_non_null(copy);
    memcpy(copy, bytes.data, bytes.size);
    return sg_bytes(copy, bytes.size);
}

static struct sg_ref write_in(struct book *book, unsigned log, uint32_t branch,
                              const struct sg_registry_id *registry)
{
    const struct sg_schema_type *type =
        sg_schema_find((uint16_t)book->head.type, 1);
    struct sg_record_copy copy = book->copy;
    struct book_entry *entry;
    uint8_t wrong[SG_SIGNATURE_SIZE] = {1};
    struct sg_buf payload;
    struct sg_hash id;
    bool is_signed = !book->is_unsigned && !book->is_missigned;

    if (book->is_missigned)
        copy.signature = SG_BYTES_ARRAY(wrong);
    sg_buf_init(&payload, SG_RECORD_SIZE_MAX);
    assert_ok(sg_record_build_end(&book->build, &copy,
                                  is_signed ? &book->signer->secret : NULL,
                                  registry, &payload, &id));
    entry = entry_add(book, log, branch);
    entry->payload = keep(sg_buf_bytes(&payload));
    entry->id = id;
    if (type != NULL && type->entry != SG_SCHEMA_PLAIN)
        entry->entry_kind = SG_ENTRY_SEALED;
    sg_buf_clear(&payload);
    return sg_ref_of(&id);
}

struct sg_ref book_write_on(struct book *book, unsigned log, uint32_t branch)
{
    return write_in(book, log, branch, &book->registry);
}

struct sg_ref book_write(struct book *book, unsigned log)
{
    return book_write_on(book, log, 0);
}

void book_file_again(struct book *book, size_t no, unsigned log)
{
    struct book_entry *entry = entry_add(book, log, 0);

    entry->payload = keep(book->entries[no].payload);
    entry->id = book->entries[no].id;
    entry->entry_kind = book->entries[no].entry_kind;
}

/* --- statements -------------------------------------------------------- */

static struct sg_hash commitment_to(const struct book_key *key)
{
    uint8_t named[1 + SG_KEY_SIZE] = {SG_KEY_ROOT};
    struct sg_hash hash;

    memcpy(named + 1, key->public, sizeof(key->public));
    sg_crypto_purpose_hash("sogoc v1 key id", NULL, named, sizeof(named),
                           &hash);
    return hash;
}

struct sg_ref book_found(struct book *book)
{
    struct sg_hash next = commitment_to(&book->roots[1]);
    struct sg_record_build *build;
    struct sg_record record;
    struct sg_pack *pack;
    struct sg_ref ref;

    build = book_statement_of(book, SG_TYPE_GENESIS, 1);
    book->head.officer = (struct sg_key_id){{0}};
    book->head.effective.ymd = 20250701;
    sg_record_build_uint(build, SG_FIELD_GENESIS_FORMAT, 1);
    sg_record_build_str(build, SG_FIELD_GENESIS_TITLE, TITLE);
    pack = sg_record_build_field(build, SG_FIELD_GENESIS_ROOTS);
    sg_pack_array(pack, 1);
    sg_pack_bin(pack, SG_BYTES_ARRAY(book->roots[0].public));
    sg_record_build_bin(build, SG_FIELD_GENESIS_NEXT,
                        SG_BYTES_ARRAY(next.bytes));
    sg_record_build_bin(build, SG_FIELD_GENESIS_WRITER,
                        SG_BYTES_ARRAY(book->nodes[0].public));
    sg_record_build_uint(build, SG_FIELD_GENESIS_THRESHOLD, 1);
    sg_record_build_uint(build, SG_FIELD_GENESIS_TEST, 1);
    sg_record_build_uint(build, SG_FIELD_GENESIS_CENTRE,
                         UINT64_C(10003820191201));
    ref = write_in(book, 0, 0, NULL);
    assert_ok(sg_record_decode(book->entries[0].payload, &record));
    sg_record_registry(record.inner, &book->registry);
    make_names(book);
    for (size_t i = 0; i < book->n_entries; i++)
        book->entries[i].place.log = book->logs[book->entries[i].log];
    book->serial = 1;
    return ref;
}

struct sg_ref book_heartbeat(struct book *book, unsigned log, uint64_t ms)
{
    struct sg_record_build *build = book_statement(book, SG_TYPE_HEARTBEAT);

    sg_record_build_uint(build, SG_FIELD_HEARTBEAT_TIME, ms);
    return book_write(book, log);
}

static void put_u32(uint8_t *at, uint32_t value)
{
    sg_bytes_put_u32be(at, value);
}

struct sg_ref book_admit(struct book *book, unsigned log, unsigned node,
                         enum sg_authority_role role, uint32_t until)
{
    struct sg_record_build *build = book_statement(book, SG_TYPE_NODE_ADMIT);
    const uint8_t *key = book->nodes[node].public;
    uint8_t certificate[SG_CERTIFICATE_SIZE] = {1, (uint8_t)role};

    memcpy(certificate + 16, key, SG_KEY_SIZE);
    put_u32(certificate + 80, 20250701);
    put_u32(certificate + 84, until);
    sg_record_build_bin(build, SG_FIELD_NODE_ADMIT_CERTIFICATE,
                        SG_BYTES_ARRAY(certificate));
    sg_record_build_bin(build, SG_FIELD_NODE_ADMIT_NODE,
                        sg_bytes(key, SG_KEY_SIZE));
    sg_record_build_uint(build, SG_FIELD_NODE_ADMIT_ROLE, role);
    sg_record_build_uint(build, SG_FIELD_NODE_ADMIT_FROM, 20250701);
    sg_record_build_uint(build, SG_FIELD_NODE_ADMIT_UNTIL, until);
    return book_write(book, log);
}

struct sg_ref book_grant(struct book *book, unsigned log, unsigned officer,
                         unsigned roles, uint64_t unit, uint32_t until)
{
    struct sg_record_build *build = book_statement(book, SG_TYPE_OFFICER_GRANT);
    struct sg_pack *pack;

    sg_record_build_bin(build, SG_FIELD_OFFICER_GRANT_OFFICER,
                        SG_BYTES_ARRAY(book->officers[officer].public));
    sg_record_build_uint(build, SG_FIELD_OFFICER_GRANT_ROLES, roles);
    pack = sg_record_build_field(build, SG_FIELD_OFFICER_GRANT_UNITS);
    sg_pack_array(pack, 1);
    sg_pack_uint(pack, unit);
    sg_record_build_uint(build, SG_FIELD_OFFICER_GRANT_FROM, 20250701);
    sg_record_build_uint(build, SG_FIELD_OFFICER_GRANT_UNTIL, until);
    sg_record_build_str(build, SG_FIELD_OFFICER_GRANT_LABEL, TEXT("CB-1"));
    return book_write(book, log);
}

static const struct book *sorting;

static int compare_stands(const void *a, const void *b)
{
    const struct book_stand *x = a;
    const struct book_stand *y = b;

    return memcmp(&sorting->logs[x->log], &sorting->logs[y->log],
                  sizeof(struct sg_log_id));
}

/* Packs STANDS, ascending, each with MEMBERS members. */
static void pack_stands(struct book *book, struct sg_pack *pack,
                        const struct book_stand *stands, size_t count,
                        uint32_t members)
{
    static const uint8_t signature[SG_SIGNATURE_SIZE];
    struct book_stand sorted[BOOK_LOGS];
    uint8_t root[32];

    assert_true(count <= BOOK_LOGS);
    if (count > 0)
        memcpy(sorted, stands, count * sizeof(sorted[0]));
    sorting = book;
    qsort(sorted, count, sizeof(sorted[0]), compare_stands);
    sg_pack_array(pack, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        memset(root, sorted[i].branch, sizeof(root));
        sg_pack_array(pack, members);
        sg_pack_bin(pack, SG_BYTES_ARRAY(book->logs[sorted[i].log].hash.bytes));
        sg_pack_uint(pack, sorted[i].size);
        sg_pack_bin(pack, SG_BYTES_ARRAY(root));
        if (members == 4)
            sg_pack_bin(pack, SG_BYTES_ARRAY(signature));
    }
}

struct sg_ref book_cut_node(struct book *book, unsigned log, unsigned node,
                            unsigned what, const struct book_stand *stands,
                            size_t count)
{
    struct sg_record_build *build = book_statement(book, SG_TYPE_NODE_CUT);

    sg_record_build_bin(build, SG_FIELD_NODE_CUT_NODE,
                        SG_BYTES_ARRAY(book->nodes[node].public));
    sg_record_build_uint(build, SG_FIELD_NODE_CUT_WHAT, what);
    pack_stands(book, sg_record_build_field(build, SG_FIELD_NODE_CUT_STANDS),
                stands, count, 4);
    sg_record_build_uint(build, SG_FIELD_NODE_CUT_REASON, 2);
    return book_write(book, log);
}

struct sg_ref book_cut_officer(struct book *book, unsigned log,
                               unsigned officer, unsigned what,
                               const struct book_stand *stands, size_t count)
{
    struct sg_record_build *build = book_statement(book, SG_TYPE_OFFICER_CUT);

    sg_record_build_bin(build, SG_FIELD_OFFICER_CUT_OFFICER,
                        SG_BYTES_ARRAY(book->officers[officer].id.bytes));
    sg_record_build_uint(build, SG_FIELD_OFFICER_CUT_WHAT, what);
    pack_stands(book, sg_record_build_field(build, SG_FIELD_OFFICER_CUT_STANDS),
                stands, count, 3);
    sg_record_build_uint(build, SG_FIELD_OFFICER_CUT_REASON, 4);
    return book_write(book, log);
}

struct sg_ref book_lift(struct book *book, unsigned log, struct sg_ref of)
{
    struct sg_record_build *build = book_statement(book, SG_TYPE_LIFT);
    struct sg_pack *pack = sg_record_build_field(build, SG_FIELD_LIFT_OF);

    sg_pack_array(pack, 1);
    sg_pack_bin(pack, SG_BYTES_ARRAY(of.bytes));
    return book_write(book, log);
}

struct sg_ref book_endorse_range(struct book *book, unsigned log,
                                 const struct book_stand *stand, uint64_t first,
                                 const unsigned *officer)
{
    struct sg_record_build *build = book_statement(book, SG_TYPE_ENDORSE_RANGE);
    uint8_t root[32];

    memset(root, stand->branch, sizeof(root));
    sg_record_build_bin(build, SG_FIELD_ENDORSE_RANGE_LOG,
                        SG_BYTES_ARRAY(book->logs[stand->log].hash.bytes));
    sg_record_build_uint(build, SG_FIELD_ENDORSE_RANGE_FIRST, first);
    sg_record_build_uint(build, SG_FIELD_ENDORSE_RANGE_SIZE, stand->size);
    sg_record_build_bin(build, SG_FIELD_ENDORSE_RANGE_ROOT,
                        SG_BYTES_ARRAY(root));
    if (officer != NULL)
        sg_record_build_bin(build, SG_FIELD_ENDORSE_RANGE_OFFICER,
                            SG_BYTES_ARRAY(book->officers[*officer].id.bytes));
    sg_record_build_str(build, SG_FIELD_ENDORSE_RANGE_REASON,
                        TEXT("đã kiểm tra"));
    return book_write(book, log);
}

struct sg_ref book_erase(struct book *book, unsigned log, unsigned of,
                         uint64_t index, struct sg_ref record,
                         const struct sg_ref *parents, size_t count)
{
    struct sg_record_build *build = book_statement(book, SG_TYPE_ERASURE);
    struct sg_pack *pack;

    sg_record_build_str(build, SG_FIELD_ERASURE_ORDER, TEXT("12/QĐ"));
    sg_record_build_str(build, SG_FIELD_ERASURE_CLAUSE, TEXT("Điều 14"));
    sg_record_build_uint(build, SG_FIELD_ERASURE_REASON, 1);
    pack = sg_record_build_field(build, SG_FIELD_ERASURE_ENTRIES);
    sg_pack_array(pack, 1);
    sg_pack_array(pack, 4);
    sg_pack_bin(pack, SG_BYTES_ARRAY(book->logs[of].hash.bytes));
    sg_pack_uint(pack, index);
    sg_pack_bin(pack, SG_BYTES_ARRAY(record.bytes));
    sg_pack_array(pack, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        sg_pack_bin(pack, SG_BYTES_ARRAY(parents[i].bytes));
    sg_record_build_uint(build, SG_FIELD_ERASURE_ORDERED, 20250901);
    return book_write(book, log);
}

struct sg_ref book_unit(struct book *book, unsigned log, uint64_t unit,
                        uint64_t parent, uint32_t until, const char *name)
{
    struct sg_record_build *build = book_statement(book, SG_TYPE_UNIT);

    sg_record_build_uint(build, SG_FIELD_UNIT_UNIT, unit);
    sg_record_build_str(build, SG_FIELD_UNIT_NAME,
                        sg_bytes(name, strlen(name)));
    sg_record_build_uint(build, SG_FIELD_UNIT_KIND, 7);
    sg_record_build_uint(build, SG_FIELD_UNIT_PARENT, parent);
    if (until == 0)
        sg_record_build_nil(build, SG_FIELD_UNIT_UNTIL);
    else
        sg_record_build_uint(build, SG_FIELD_UNIT_UNTIL, until);
    sg_record_build_str(build, SG_FIELD_UNIT_ACT, TEXT(""));
    sg_record_build_uint(build, SG_FIELD_UNIT_PROOF, 1);
    return book_write(book, log);
}

struct sg_ref book_succession(struct book *book, unsigned log, uint64_t from,
                              uint64_t to, enum sg_unit_share share)
{
    struct sg_record_build *build =
        book_statement(book, SG_TYPE_UNIT_SUCCESSION);
    struct sg_pack *pack;

    sg_record_build_uint(build, SG_FIELD_UNIT_SUCCESSION_FROM, from);
    pack = sg_record_build_field(build, SG_FIELD_UNIT_SUCCESSION_TO);
    sg_pack_array(pack, 1);
    sg_pack_array(pack, 2);
    sg_pack_uint(pack, to);
    sg_pack_uint(pack, share);
    sg_record_build_uint(build, SG_FIELD_UNIT_SUCCESSION_AT, 20250701);
    sg_record_build_str(build, SG_FIELD_UNIT_SUCCESSION_ACT, TEXT(""));
    sg_record_build_uint(build, SG_FIELD_UNIT_SUCCESSION_PROOF, 1);
    return book_write(book, log);
}

struct sg_ref book_codes(struct book *book, unsigned log, unsigned table,
                         unsigned part, const uint16_t *codes, size_t count,
                         uint32_t from)
{
    struct sg_record_build *build = book_statement(book, SG_TYPE_CODE_TABLE);
    struct sg_pack *pack;

    sg_record_build_uint(build, SG_FIELD_CODE_TABLE_TABLE, table);
    sg_record_build_uint(build, SG_FIELD_CODE_TABLE_PART, part);
    pack = sg_record_build_field(build, SG_FIELD_CODE_TABLE_ROWS);
    sg_pack_array(pack, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        sg_pack_array(pack, 5);
        sg_pack_uint(pack, codes[i]);
        sg_pack_uint(pack, from);
        sg_pack_str(pack, TEXT("tiếng Việt"));
        sg_pack_str(pack, TEXT("English"));
        sg_pack_nil(pack);
    }
    sg_record_build_str(build, SG_FIELD_CODE_TABLE_SOURCE, TEXT(""));
    return book_write(book, log);
}

struct sg_ref book_block(struct book *book, unsigned log, unsigned node,
                         unsigned first, unsigned last)
{
    struct sg_record_build *build = book_statement(book, SG_TYPE_PIN_BLOCK);

    memset(book->head.subject.bytes, (int)book->made,
           sizeof(book->head.subject.bytes));
    sg_record_build_bin(build, SG_FIELD_PIN_BLOCK_NODE,
                        SG_BYTES_ARRAY(book->nodes[node].public));
    sg_record_build_uint(build, SG_FIELD_PIN_BLOCK_PROVINCE, 999);
    sg_record_build_uint(build, SG_FIELD_PIN_BLOCK_FIRST, first);
    sg_record_build_uint(build, SG_FIELD_PIN_BLOCK_LAST, last);
    sg_record_build_uint(build, SG_FIELD_PIN_BLOCK_EXPIRES, 20261231);
    return book_write(book, log);
}

struct sg_ref book_policy(struct book *book, unsigned log, unsigned number,
                          uint64_t value)
{
    struct sg_record_build *build = book_statement(book, SG_TYPE_POLICY);

    sg_record_build_uint(build, SG_FIELD_POLICY_NUMBER, number);
    sg_record_build_uint(build, SG_FIELD_POLICY_VALUE, value);
    return book_write(book, log);
}

struct sg_ref book_campaign(struct book *book, unsigned log, uint8_t uid,
                            unsigned state, unsigned age)
{
    struct sg_record_build *build = book_statement(book, SG_TYPE_CAMPAIGN);
    struct sg_pack *pack;

    memset(book->head.subject.bytes, uid, sizeof(book->head.subject.bytes));
    sg_record_build_str(build, SG_FIELD_CAMPAIGN_TITLE, TEXT("Chiến dịch"));
    sg_record_build_uint(build, SG_FIELD_CAMPAIGN_STATE, state);
    sg_record_build_uint(build, SG_FIELD_CAMPAIGN_GOAL, 1);
    sg_record_build_uint(build, SG_FIELD_CAMPAIGN_AGE, age);
    sg_record_build_uint(build, SG_FIELD_CAMPAIGN_RESIDENCE, 1);
    sg_record_build_uint(build, SG_FIELD_CAMPAIGN_REFERENCE, 20250901);
    sg_record_build_uint(build, SG_FIELD_CAMPAIGN_COMMITTED, 20251001);
    sg_record_build_uint(build, SG_FIELD_CAMPAIGN_MANDATED, 20251101);
    pack = sg_record_build_field(build, SG_FIELD_CAMPAIGN_UNITS);
    sg_pack_array(pack, 1);
    sg_pack_uint(pack, 0);
    return book_write(book, log);
}

struct sg_ref book_open(struct book *book, unsigned log, uint32_t generation,
                        const struct book_stand *stands, size_t count)
{
    struct sg_record_build *build = book_statement(book, SG_TYPE_AUTHORITY_LOG);

    sg_record_build_uint(build, SG_FIELD_AUTHORITY_LOG_GENERATION, generation);
    sg_record_build_bin(build, SG_FIELD_AUTHORITY_LOG_LOG,
                        SG_BYTES_ARRAY(book->logs[log].hash.bytes));
    pack_stands(book,
                sg_record_build_field(build, SG_FIELD_AUTHORITY_LOG_STANDS_ON),
                stands, count, 3);
    return book_write(book, log);
}

/* Begins the rotation and sets its fields, with PROOF. */
static void begin_rotation(struct book *book, unsigned old, unsigned new,
                           unsigned reason, const struct book_stand *stands,
                           size_t count, const uint8_t *proof)
{
    struct sg_hash next = commitment_to(&book->roots[(new + 1) % BOOK_ROOTS]);
    struct sg_record_build *build;

    begin(book, SG_TYPE_ROOT_ROTATE,
          &book->roots[book->rotates_odd == (reason == 1) ? new : old]);
    build = &book->build;
    sg_record_build_uint(build, SG_FIELD_ROOT_ROTATE_SERIAL, book->serial);
    sg_record_build_uint(build, SG_FIELD_ROOT_ROTATE_GENERATION, new);
    sg_record_build_bin(build, SG_FIELD_ROOT_ROTATE_ROOT,
                        SG_BYTES_ARRAY(book->roots[new].public));
    pack_stands(book, sg_record_build_field(build, SG_FIELD_ROOT_ROTATE_STANDS),
                stands, count, 3);
    sg_record_build_bin(build, SG_FIELD_ROOT_ROTATE_PROOF,
                        sg_bytes(proof, SG_SIGNATURE_SIZE));
    sg_record_build_uint(build, SG_FIELD_ROOT_ROTATE_REASON, reason);
    sg_record_build_bin(build, SG_FIELD_ROOT_ROTATE_NEXT,
                        SG_BYTES_ARRAY(next.bytes));
}

struct sg_ref book_rotate(struct book *book, unsigned log, unsigned old,
                          unsigned new, unsigned reason,
                          const struct book_stand *stands, size_t count)
{
    uint8_t proof[SG_SIGNATURE_SIZE] = {0};
    struct sg_buf draft;
    struct sg_hash id;

    book->serial++;
    begin_rotation(book, old, new, reason, stands, count, proof);
    sg_buf_init(&draft, SG_RECORD_SIZE_MAX);
    assert_ok(sg_record_build_end(&book->build, &book->copy, NULL,
                                  &book->registry, &draft, &id));
    sg_buf_clear(&draft);
    assert_ok(
        sg_record_sign(&book->roots[new].secret, &book->registry, &id, proof));
    book->made--; /* the same submit again */
    begin_rotation(book, old, new, reason, stands, count, proof);
    return book_write(book, log);
}

void book_write_units(struct book *book)
{
    (void)book_unit(book, 0, PROVINCE, 0, 0, "Tỉnh Thanh Hóa");
    (void)book_unit(book, 0, OLD, PROVINCE, 20250701, "Phường Ba Đình");
    (void)book_unit(book, 0, NEW, PROVINCE, 0, "Phường Hạc Thành");
    (void)book_succession(book, 0, OLD, NEW, SG_UNIT_PART);
}

void book_write_rules(struct book *book, unsigned version, uint32_t from,
                      unsigned severity)
{
    struct sg_record_build *build = book_statement(book, SG_TYPE_RULES);
    struct sg_pack *pack;

    sg_record_build_uint(build, SG_FIELD_RULES_VERSION, version);
    pack = sg_record_build_field(build, SG_FIELD_RULES_CHANGES);
    sg_pack_array(pack, 2);
    for (unsigned i = 0; i < 2; i++) {
        sg_pack_array(pack, 4);
        sg_pack_uint(pack, 6);
        sg_pack_uint(pack, from + i);
        sg_pack_nil(pack);
        sg_pack_uint(pack, severity + i);
    }
    (void)book_write(book, 0);
}

void book_write_year(struct book *book, unsigned year, unsigned rest)
{
    struct sg_record_build *build = book_statement(book, SG_TYPE_CALENDAR);

    sg_record_build_uint(build, SG_FIELD_CALENDAR_YEAR, year);
    sg_record_build_uint(build, SG_FIELD_CALENDAR_REST, rest);
    sg_pack_array(sg_record_build_field(build, SG_FIELD_CALENDAR_OFF), 0);
    sg_pack_array(sg_record_build_field(build, SG_FIELD_CALENDAR_WORK), 0);
    sg_record_build_str(build, SG_FIELD_CALENDAR_ACT, SG_BYTES_TEXT(""));
    (void)book_write(book, 0);
}

/* --- what is made of it ------------------------------------------------ */

uint32_t book_branch_of(const void *context,
                        const struct sg_authority_prefix *prefix)
{
    const struct book *book = context;

    for (unsigned i = 0; i < BOOK_LOGS; i++) {
        if (memcmp(&book->logs[i], &prefix->log, sizeof(prefix->log)) != 0)
            continue;
        if (prefix->size <= book->forks[i])
            return 0;
        return prefix->root.bytes[0] < BOOK_BRANCHES ? prefix->root.bytes[0]
                                                     : SG_AUTHORITY_BRANCH_NONE;
    }
    return SG_AUTHORITY_BRANCH_NONE;
}

uint64_t book_longest(const struct book *book, unsigned log)
{
    uint64_t size = 0;

    for (unsigned k = 0; k < BOOK_BRANCHES; k++)
        if (book->sizes[log][k] > size)
            size = book->sizes[log][k];
    return size;
}

struct sg_authority *book_authority(struct book *book, const size_t *order)
{
    struct sg_authority *authority;

    assert_ok(
        sg_authority_new(&book->registry, book_branch_of, book, &authority));
    for (size_t i = 0; i < book->n_entries; i++) {
        const struct book_entry *entry =
            &book->entries[order == NULL ? i : order[i]];
        struct sg_record record;

        assert_ok(sg_record_decode(entry->payload, &record));
        if (record.type > SG_TYPE_ENDORSE_RANGE)
            continue;
        assert_ok(
            sg_authority_add(authority, entry->payload, &entry->place,
                             book->nodes[book->node_of[entry->log]].public));
    }
    for (unsigned i = 0; i < BOOK_LOGS; i++)
        assert_ok(sg_authority_hold(authority, &book->logs[i],
                                    book_longest(book, i)));
    assert_ok(sg_authority_seal(authority));
    return authority;
}

struct sg_admission_copy book_copy(const struct book *book, size_t no)
{
    const struct book_entry *entry = &book->entries[no];

    return (struct sg_admission_copy){
        .place = entry->place,
        .node = book->nodes[book->node_of[entry->log]].public,
        .log_kind = book->kinds[entry->log],
        .entry_kind = entry->entry_kind,
        .payload = entry->payload};
}
