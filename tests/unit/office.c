#include "tests/unit/office.h"

#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/prng.h"
#include "storage/registry/unit_file.h"
#include "tests/lib/test.h"

#define ORDERS 4u
#define HLC_0  UINT64_C(1700000000000) /* ms */
#define MINUTE UINT64_C(60000)

static const struct sg_unit_key country[] = {{0}};

void office_open(struct office *office)
{
    memset(office, 0, sizeof *office);
    memset(office->registry.hash.bytes, 0x55, 32);
    assert_ok(sg_unit_file_read(sg_unit_file_shipped(), &office->units, NULL));
    office->setup =
        (struct sg_register_setup){.registry = office->registry,
                                   .world = {.units = office->units,
                                             .as_of = {20240601},
                                             .duplicate_score = 700},
                                   .hlc_max = UINT64_MAX};
    office->officer = 1;
    office->roles = 7;
    office->capture = OFFICE_HOME;
    office->effective.ymd = 20230401;
    office->source = SG_RECORD_SOURCE_DECLARED;
    office->grant = country;
    office->n_grant = 1;
}

void office_close(struct office *office)
{
    for (size_t i = 0; i < office->n_copies; i++)
        sg_free((void *)(uintptr_t)office->copies[i].payload.data);
    sg_register_free(office->reg);
    sg_unit_table_free(office->units);
}

struct sg_uid office_uid(unsigned no)
{
    struct sg_uid uid;

    memset(uid.bytes, (int)no, sizeof uid.bytes);
    return uid;
}

/* --- writing ----------------------------------------------------------- */

struct sg_record_build *office_begin(struct office *office, enum sg_type type,
                                     unsigned no)
{
    struct sg_record_head *head = &office->head;

    *head = (struct sg_record_head){.type = type,
                                    .subject = office_uid(no),
                                    .parents = office->parents,
                                    .effective = office->effective};
    memset(head->officer.bytes, office->officer, sizeof head->officer.bytes);
    sg_bytes_put_u64be(head->submit.bytes, office->n_copies + 1);
    sg_record_build_init(&office->build, head);
    if (office->source != SG_RECORD_SOURCE_DECLARED)
        sg_record_build_src(&office->build,
                            &(struct sg_record_src){.source = office->source});
    return &office->build;
}

void office_parent(struct office *office, struct sg_ref ref)
{
    office->parents[office->head.n_parents++] = ref;
}

struct sg_register_copy *office_last(struct office *office)
{
    return &office->copies[office->n_copies - 1].copy;
}

struct sg_ref office_file(struct office *office)
{
    static const uint8_t signature[SG_SIGNATURE_SIZE];
    struct sg_record_copy outer = {.hlc = (HLC_0 + MINUTE * office->minutes++)
                                          << 16,
                                   .trust = SG_RECORD_TRUST_SYNCED,
                                   .capture = {office->capture},
                                   .home = {office->capture}};
    struct office_copy *to = &office->copies[office->n_copies];
    struct sg_buf payload;
    struct sg_hash id;

    assert_true(office->n_copies < OFFICE_COPIES);
    if (!office->is_unsigned)
        outer.signature = SG_BYTES_ARRAY(signature);
    sg_buf_init(&payload, SG_RECORD_SIZE_MAX);
    assert_ok(sg_record_build_end(&office->build, &outer, NULL,
                                  &office->registry, &payload, &id));
    to->payload = sg_buf_bytes(&payload);
    assert_ok(sg_record_decode(to->payload, &to->record));
    to->copy = (struct sg_register_copy){.index = office->n_copies,
                                         .id = id,
                                         .record = &to->record,
                                         .is_admitted = true,
                                         .is_signed = !office->is_unsigned,
                                         .roles = office->roles,
                                         .grant = office->grant,
                                         .n_grant = office->n_grant,
                                         .readers = office->readers,
                                         .n_readers = office->n_readers};
    office->n_copies++;
    return sg_ref_of(&id);
}

/* --- whole records ----------------------------------------------------- */

struct sg_ref office_person(struct office *office, unsigned no, uint32_t birth)
{
    const struct sg_record_name name = {
        SG_BYTES_TEXT("Lê"), SG_BYTES_TEXT("Văn"), SG_BYTES_TEXT("An")};
    struct sg_record_build *build = office_begin(office, SG_TYPE_PERSON, no);

    sg_record_build_name(build, SG_FIELD_PERSON_NAME, &name);
    sg_record_build_uint(build, SG_FIELD_PERSON_BIRTH, birth);
    sg_record_build_uint(build, SG_FIELD_PERSON_SEX, 1);
    sg_record_build_uint(build, SG_FIELD_PERSON_REGISTERED, OFFICE_HOME);
    return office_file(office);
}

struct sg_ref office_birth(struct office *office, unsigned no,
                           struct sg_ref parent, uint32_t birth)
{
    struct sg_record_build *build = office_begin(office, SG_TYPE_PERSON, no);

    office_parent(office, parent);
    sg_record_build_uint(build, SG_FIELD_PERSON_BIRTH, birth);
    return office_file(office);
}

struct sg_ref office_phone(struct office *office, unsigned no,
                           struct sg_ref parent, const char *phone)
{
    struct sg_record_build *build = office_begin(office, SG_TYPE_PERSON, no);

    office_parent(office, parent);
    sg_record_build_str(build, SG_FIELD_PERSON_PHONE,
                        sg_bytes(phone, strlen(phone)));
    return office_file(office);
}

struct sg_ref office_residence(struct office *office, unsigned no,
                               uint64_t unit, unsigned state)
{
    struct sg_record_build *build = office_begin(office, SG_TYPE_RESIDENCE, no);

    sg_record_build_uint(build, SG_FIELD_COMMON_STATE, state);
    sg_record_build_uint(build, SG_FIELD_RESIDENCE_KIND, 1);
    sg_record_build_uint(build, SG_FIELD_RESIDENCE_UNIT, unit);
    sg_record_build_str(build, SG_FIELD_RESIDENCE_ADDRESS,
                        SG_BYTES_TEXT("Thôn 1"));
    sg_record_build_uint(build, SG_FIELD_RESIDENCE_FROM, office->effective.ymd);
    return office_file(office);
}

struct sg_ref office_pin(struct office *office, unsigned no, uint64_t number,
                         unsigned state)
{
    struct sg_record_build *build = office_begin(office, SG_TYPE_PIN, no);

    sg_record_build_uint(build, SG_FIELD_COMMON_STATE, state);
    sg_record_build_uint(build, SG_FIELD_PIN_NUMBER, number);
    sg_record_build_uint(build, SG_FIELD_PIN_BY, 1);
    return office_file(office);
}

struct sg_ref office_vital(struct office *office, unsigned no, unsigned state,
                           uint32_t at)
{
    struct sg_date effective = office->effective;
    struct sg_record_build *build;
    struct sg_ref ref;

    office->effective.ymd = at;
    build = office_begin(office, SG_TYPE_VITAL, no);
    sg_record_build_uint(build, SG_FIELD_VITAL_STATE, state);
    sg_record_build_uint(build, SG_FIELD_VITAL_AT, at);
    ref = office_file(office);
    office->effective = effective;
    return ref;
}

struct sg_ref office_dossier(struct office *office, unsigned no)
{
    struct sg_record_build *build = office_begin(office, SG_TYPE_DOSSIER, no);

    sg_record_build_uint(build, SG_FIELD_COMMON_STATE, 1);
    sg_record_build_str(build, SG_FIELD_DOSSIER_NO, SG_BYTES_TEXT("7"));
    sg_record_build_uint(build, SG_FIELD_DOSSIER_KIND, 1);
    sg_record_build_uint(build, SG_FIELD_DOSSIER_CAUSE, 0);
    sg_record_build_uint(build, SG_FIELD_DOSSIER_CAPTURED,
                         office->effective.ymd);
    return office_file(office);
}

struct sg_ref office_move(struct office *office, enum sg_type type, unsigned no,
                          struct sg_ref object, struct sg_ref parent,
                          unsigned state)
{
    struct sg_record_build *build = office_begin(office, type, no);

    office_parent(office, parent);
    sg_record_build_bin(build, SG_FIELD_COMMON_OF,
                        SG_BYTES_ARRAY(object.bytes));
    sg_record_build_uint(build, SG_FIELD_COMMON_STATE, state);
    return office_file(office);
}

struct sg_ref office_settle(struct office *office, unsigned no, unsigned act,
                            uint64_t unit, unsigned rule, unsigned field,
                            const struct sg_ref *object,
                            const struct sg_ref *choice, size_t count,
                            const struct sg_ref *parents)
{
    struct sg_record_build *build = office_begin(office, SG_TYPE_DECISION, no);

    for (size_t i = 0; i < count; i++)
        office_parent(office, parents[i]);
    sg_record_build_uint(build, SG_FIELD_DECISION_ACT, act);
    sg_record_build_uint(build, SG_FIELD_DECISION_UNIT, unit);
    sg_record_build_str(build, SG_FIELD_DECISION_REASON,
                        SG_BYTES_TEXT("xem xét"));
    if (rule != 0)
        sg_record_build_uint(build, SG_FIELD_DECISION_RULE, rule);
    if (field != 0)
        sg_record_build_uint(build, SG_FIELD_DECISION_FIELD, field);
    if (object != NULL)
        sg_record_build_bin(build, SG_FIELD_DECISION_OBJECT,
                            SG_BYTES_ARRAY(object->bytes));
    if (choice != NULL)
        sg_record_build_bin(
            build, act == 7 ? SG_FIELD_DECISION_KEEP : SG_FIELD_DECISION_CHOICE,
            SG_BYTES_ARRAY(choice->bytes));
    return office_file(office);
}

struct sg_ref office_decide(struct office *office, unsigned no, unsigned act,
                            uint64_t unit, size_t count,
                            const struct sg_ref *parents)
{
    return office_settle(office, no, act, unit, 0, 0, NULL, NULL, count,
                         parents);
}

static struct sg_ref rule_as(struct office *office, unsigned no, unsigned act,
                             struct sg_ref record, uint8_t officer)
{
    uint8_t before = office->officer;
    struct sg_ref ref;

    office->officer = officer;
    ref = office_decide(office, no, act, OFFICE_HOME, 1, &record);
    office->officer = before;
    return ref;
}

struct sg_ref office_approve(struct office *office, unsigned no,
                             struct sg_ref record, uint8_t officer)
{
    return rule_as(office, no, 1, record, officer);
}

struct sg_ref office_refuse(struct office *office, unsigned no,
                            struct sg_ref record, uint8_t officer)
{
    return rule_as(office, no, 2, record, officer);
}

void office_withdraw(struct office *office, size_t n_copies)
{
    assert_true(n_copies <= office->n_copies);
    while (office->n_copies > n_copies) {
        office->n_copies--;
        sg_free(
            (void *)(uintptr_t)office->copies[office->n_copies].payload.data);
    }
}

/* --- what stands ------------------------------------------------------- */

struct sg_register *office_deliver(const struct office *office, uint64_t seed)
{
    size_t order[OFFICE_COPIES];
    struct sg_register *reg;
    struct sg_prng prng;

    sg_prng_init(&prng, seed);
    for (size_t i = 0; i < office->n_copies; i++) {
        size_t k = seed == 0 ? i : sg_prng_below(&prng, i + 1);

        order[i] = order[k];
        order[k] = i;
    }
    assert_ok(sg_register_new(&office->setup, &reg));
    for (size_t i = 0; i < office->n_copies; i++) {
        const struct sg_register_copy *copy = &office->copies[order[i]].copy;

        assert_ok(sg_register_put(reg, copy));
        if (seed != 0 && sg_prng_chance(&prng, 200))
            assert_ok(sg_register_put(reg, copy));
        if (seed != 0 && sg_prng_chance(&prng, 300))
            assert_ok(sg_register_settle(reg));
    }
    assert_ok(sg_register_settle(reg));
    return reg;
}

static enum sg_err add_row(void *context, const struct sg_row *row)
{
    struct sg_sha256 prefix;
    struct sg_hash hash;
    struct {
        const struct office *office;
        struct sg_state_root root;
    } *sum = context;

    sg_state_root_prefix(&sum->office->registry, &prefix);
    sg_state_root_hash(&prefix, row->bytes, &hash);
    sg_state_root_add_row(&sum->root, row, &hash);
    return SG_OK;
}

/* One root for all orders, and it is the sum over all rows. */
void office_ask(struct office *office)
{
    struct {
        const struct office *office;
        struct sg_state_root root;
    } sum = {.office = office};
    struct sg_state_root first, other;

    sg_register_free(office->reg);
    office->reg = office_deliver(office, 0);
    sg_register_root_all(office->reg, &first);
    for (uint64_t seed = 1; seed <= ORDERS; seed++) {
        struct sg_register *reg = office_deliver(office, seed);

        sg_register_root_all(reg, &other);
        assert_true(sg_state_root_equal(&first, &other));
        sg_register_free(reg);
    }
    assert_ok(sg_register_rows(office->reg, add_row, &sum));
    assert_true(sg_state_root_equal(&first, &sum.root));
}

const struct sg_subject *office_subject(struct office *office, unsigned no)
{
    struct sg_uid uid = office_uid(no);
    const struct sg_subject *subject;

    office_ask(office);
    assert_ok(sg_register_subject(office->reg, &uid, &subject));
    return subject;
}

const struct sg_subject_conflict *office_conflict(struct office *office,
                                                  unsigned no, unsigned rule)
{
    const struct sg_subject *subject = office_subject(office, no);

    for (size_t i = 0; i < subject->n_conflicts; i++)
        if (subject->conflicts[i].rule == rule)
            return &subject->conflicts[i];
    return NULL;
}

const struct sg_subject_cell *office_cell(struct office *office, unsigned no,
                                          enum sg_type type,
                                          const struct sg_ref *object,
                                          unsigned field)
{
    struct sg_bytes key = {0};

    if (object != NULL)
        key = SG_BYTES_ARRAY(object->bytes);
    return sg_subject_cell(
        sg_subject_find(office_subject(office, no), type, key), field);
}

void office_assert_birth(struct office *office, uint64_t value, unsigned flags)
{
    const struct sg_subject_object *person = sg_subject_find(
        office_subject(office, 1), SG_TYPE_PERSON, (struct sg_bytes){0});
    const struct sg_subject_cell *cell =
        sg_subject_cell(person, SG_FIELD_PERSON_BIRTH);

    if (value == 0) {
        assert_null(cell);
        return;
    }
    assert_non_null(cell);
    assert_int_equal(sg_subject_stands_uint(person, SG_FIELD_PERSON_BIRTH, 0),
                     value);
    assert_int_equal(cell->flags, flags);
}

void office_assert_conflict(struct office *office, unsigned no, unsigned rule,
                            unsigned state, size_t n_contenders)
{
    const struct sg_subject_conflict *conflict =
        office_conflict(office, no, rule);

    if (state == 0) {
        assert_null(conflict);
        return;
    }
    assert_non_null(conflict);
    assert_int_equal(conflict->state, state);
    assert_int_equal(conflict->n_contenders, n_contenders);
}
