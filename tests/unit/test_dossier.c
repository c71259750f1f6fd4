/* storage/registry/service/dossier.h: states, time limits, expiry, delivery. */
#include "storage/registry/service/dossier.h"

#include <string.h>

#include "tests/lib/folded.h"
#include "tests/lib/test.h"

#define DAY(n) ((struct sg_date){n})

static const struct sg_calendar calendar = {NULL, 0};
static struct folded man;

/* A dossier in STATE of somebody born on a known day. */
static size_t begin(unsigned state)
{
    size_t person, at;

    folded_init(&man);
    person = folded_add(&man, SG_TYPE_PERSON, 0);
    folded_uint(&man, person, SG_FIELD_PERSON_BIRTH, 20000315);
    at = folded_add(&man, SG_TYPE_DOSSIER, state);
    folded_uint(&man, at, SG_FIELD_DOSSIER_CAPTURED, 20240701);
    return at;
}

static struct sg_dossier read_on(size_t at, uint32_t today)
{
    struct sg_dossier dossier;

    sg_dossier_read(&man.subject, &man.objects[at], DAY(today), &calendar,
                    &dossier);
    return dossier;
}

/* Each state of 8.5 has its stage in the funnel. */
static void test_stages(void **state)
{
    static const uint8_t stages[] = {
        SG_DOSSIER_NONE,     SG_DOSSIER_CAPTURED,  SG_DOSSIER_APPROVED,
        SG_DOSSIER_APPROVED, SG_DOSSIER_ACCEPTED,  SG_DOSSIER_NONE,
        SG_DOSSIER_ISSUED,   SG_DOSSIER_ISSUED,    SG_DOSSIER_DELIVERED,
        SG_DOSSIER_ISSUED,   SG_DOSSIER_NONE,      SG_DOSSIER_ISSUED,
        SG_DOSSIER_NONE,     SG_DOSSIER_DELIVERED, SG_DOSSIER_NONE,
    };

    (void)state;
    for (unsigned i = 0; i < sizeof stages; i++)
        assert_int_equal(read_on(begin(i), 20240701).stage, stages[i]);
}

/* A card that is held had been with its holder, or not. */
static void test_held_after_delivery(void **state)
{
    size_t at = begin(11);

    (void)state;
    assert_false(read_on(at, 20240801).is_undelivered);
    folded_uint(&man, at, SG_FIELD_DOSSIER_DELIVERED, 20240710);
    assert_int_equal(read_on(at, 20240801).stage, SG_DOSSIER_DELIVERED);
    assert_false(read_on(at, 20240801).is_undelivered);
}

/* Law 26/2023 Art. 26: 7 worked days from capture to result; 2024-07-01 is a
 * Monday. */
static void test_seven_worked_days(void **state)
{
    size_t at = begin(1);

    (void)state;
    assert_int_equal(read_on(at, 20240701).due.ymd, 20240710);
    assert_false(read_on(at, 20240710).is_overdue);
    assert_true(read_on(at, 20240711).is_overdue);
    assert_true(read_on(at, 20240711).is_provisional);
    folded_uint(&man, at, SG_FIELD_DOSSIER_RESULT, 20240710);
    assert_false(read_on(at, 20250101).is_overdue);
    folded_uint(&man, at, SG_FIELD_DOSSIER_RESULT, 20240711);
    assert_true(read_on(at, 20250101).is_overdue);
}

/* No limit by the law of an earlier day, none for what was withdrawn, none
 * when the day of capture is not known. */
static void test_no_limit(void **state)
{
    size_t at = begin(1);

    (void)state;
    folded_uint(&man, at, SG_FIELD_DOSSIER_CAPTURED, 20240630);
    assert_int_equal(read_on(at, 20250101).due.ymd, 0);
    assert_false(read_on(at, 20250101).is_overdue);
    assert_int_equal(read_on(begin(12), 20250101).due.ymd, 0);
    at = begin(1);
    folded_dispute(&man, at, SG_FIELD_DOSSIER_CAPTURED);
    assert_int_equal(read_on(at, 20250101).due.ymd, 0);
}

/* Rejected and for 6 months not captured again: dropped. */
static void test_expiry(void **state)
{
    size_t at = begin(5);

    (void)state;
    folded_uint(&man, at, SG_FIELD_DOSSIER_RESULT, 20240831);
    folded_uint(&man, at, SG_FIELD_DOSSIER_REJECT_CODE, 3);
    assert_true(read_on(at, 20240901).is_rejected);
    assert_int_equal(read_on(at, 20240901).reject_code, 3);
    assert_false(read_on(at, 20250227).is_expired);
    assert_true(read_on(at, 20250228).is_expired);
    man.objects[at].state = 1;
    assert_false(read_on(at, 20250228).is_expired);
    assert_int_equal(read_on(at, 20250228).reject_code, 0);
}

/* Without a day of result the rejection counts from its own record. */
static void test_expiry_from_the_record(void **state)
{
    size_t at;

    (void)state;
    at = begin(5);
    man.records[man.objects[at].state_by - man.records].effective =
        DAY(20240810);
    assert_int_equal(read_on(at, 20240901).result.ymd, 20240810);
    assert_false(read_on(at, 20250209).is_expired);
    assert_true(read_on(at, 20250210).is_expired);
}

/* How long a card has been waiting counts from its result, else from its first
 * day; also while it cannot be delivered. */
static void test_waiting(void **state)
{
    static const uint8_t waiting[] = {6, 7, 9};

    (void)state;
    for (size_t i = 0; i < sizeof waiting; i++) {
        size_t at = begin(waiting[i]);

        assert_true(read_on(at, 20240801).is_undelivered);
        assert_int_equal(read_on(at, 20240801).waiting, 0);
        folded_uint(&man, at, SG_FIELD_DOSSIER_CARD_FROM, 20240712);
        assert_int_equal(read_on(at, 20240801).waiting, 20);
        folded_uint(&man, at, SG_FIELD_DOSSIER_RESULT, 20240702);
        assert_int_equal(read_on(at, 20240801).waiting, 30);
        assert_int_equal(read_on(at, 20240701).waiting, 0);
    }
    assert_false(read_on(begin(8), 20240801).is_undelivered);
}

/* C09 and V05: two persons with the number, or no day of birth. */
static void test_blocked(void **state)
{
    size_t at = begin(2);

    (void)state;
    assert_int_equal(read_on(at, 20240701).block, SG_DOSSIER_FREE);
    folded_uint(&man, 0, SG_FIELD_PERSON_BIRTH, 20000300);
    assert_int_equal(read_on(at, 20240701).block, SG_DOSSIER_BLOCKED_BIRTH);
    folded_conflict(&man, 9, SG_SUBJECT_OPEN);
    assert_int_equal(read_on(at, 20240701).block, SG_DOSSIER_BLOCKED_PIN);
    folded_uint(&man, 0, SG_FIELD_PERSON_BIRTH, 20000315);
    man.conflicts[0].state = SG_SUBJECT_DECIDED;
    assert_int_equal(read_on(at, 20240701).block, SG_DOSSIER_FREE);
}

/* A card is in force from its first to its last day, while it is the holder's.
 */
static void test_card_in_force(void **state)
{
    static const uint8_t good[] = {6, 7, 8, 9, 13};

    (void)state;
    for (unsigned i = 1; i <= 13; i++) {
        size_t at = begin(i);
        bool is_good = memchr(good, (int)i, sizeof good) != NULL;

        folded_uint(&man, at, SG_FIELD_DOSSIER_CARD_FROM, 20240701);
        assert_false(sg_dossier_has_card(&man.subject, DAY(20240801)));
        folded_uint(&man, at, SG_FIELD_DOSSIER_CARD_UNTIL, 20250315);
        assert_int_equal(sg_dossier_has_card(&man.subject, DAY(20240701)),
                         is_good);
        assert_int_equal(sg_dossier_has_card(&man.subject, DAY(20250315)),
                         is_good);
        assert_false(sg_dossier_has_card(&man.subject, DAY(20240630)));
        assert_false(sg_dossier_has_card(&man.subject, DAY(20250316)));
    }
}

static size_t add_old(unsigned kind, uint32_t issued)
{
    uint8_t key[17] = {(uint8_t)kind, '9'};

    for (unsigned i = 0; i < 4; i++)
        key[13 + i] = (uint8_t)(issued >> (24 - 8 * i));
    folded_init(&man);
    return folded_add_key(&man, SG_TYPE_OLD_ID, SG_BYTES_ARRAY(key), 0);
}

/* Resolution 190/2025/QH15 Art. 10: a card of which only the number was
 * entered is good to its printed end; an identity paper of before is none. */
static void test_old_card(void **state)
{
    (void)state;
    for (unsigned kind = 1; kind <= 4; kind++) {
        size_t at = add_old(kind, 20210701);

        assert_false(sg_dossier_has_card(&man.subject, DAY(20240701)));
        folded_uint(&man, at, SG_FIELD_OLD_ID_EXPIRES, 20250315);
        assert_int_equal(sg_dossier_has_card(&man.subject, DAY(20250315)),
                         kind >= 3);
        assert_false(sg_dossier_has_card(&man.subject, DAY(20250316)));
        assert_false(sg_dossier_has_card(&man.subject, DAY(20210630)));
        folded_uint(&man, at, SG_FIELD_OLD_ID_WITHDRAWN, 20240701);
        assert_false(sg_dossier_has_card(&man.subject, DAY(20240701)));
        assert_int_equal(sg_dossier_has_card(&man.subject, DAY(20240630)),
                         kind >= 3);
    }
}

/* Civil Code 2015 Art. 147: the last day of a month that has no such day. */
static void test_months(void **state)
{
    (void)state;
    assert_int_equal(sg_dossier_months_after(DAY(20240831), 6).ymd, 20250228);
    assert_int_equal(sg_dossier_months_after(DAY(20230831), 6).ymd, 20240229);
    assert_int_equal(sg_dossier_months_after(DAY(20240701), 6).ymd, 20250101);
    assert_int_equal(sg_dossier_months_after(DAY(20241231), 0).ymd, 20241231);
}

/* What the dossier says of itself is given as it stands. */
static void test_plain_fields(void **state)
{
    struct sg_dossier dossier;
    size_t at = begin(8);

    (void)state;
    folded_uint(&man, at, SG_FIELD_DOSSIER_KIND, 2);
    folded_uint(&man, at, SG_FIELD_DOSSIER_CAUSE, 5);
    folded_uint(&man, at, SG_FIELD_DOSSIER_APPROVED, 20240702);
    folded_uint(&man, at, SG_FIELD_DOSSIER_SENT, 20240703);
    folded_uint(&man, at, SG_FIELD_DOSSIER_DELIVERED, 20240712);
    assert_false(read_on(at, 20240801).has_campaign);
    folded_uid(&man, at, SG_FIELD_DOSSIER_CAMPAIGN, 77);
    dossier = read_on(at, 20240801);
    assert_int_equal(dossier.kind, 2);
    assert_int_equal(dossier.cause, 5);
    assert_int_equal(dossier.approved.ymd, 20240702);
    assert_int_equal(dossier.sent.ymd, 20240703);
    assert_int_equal(dossier.delivered.ymd, 20240712);
    assert_true(dossier.has_campaign);
    assert_int_equal(dossier.campaign.bytes[0], 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stages),
        cmocka_unit_test(test_held_after_delivery),
        cmocka_unit_test(test_seven_worked_days),
        cmocka_unit_test(test_no_limit),
        cmocka_unit_test(test_expiry),
        cmocka_unit_test(test_expiry_from_the_record),
        cmocka_unit_test(test_waiting),
        cmocka_unit_test(test_blocked),
        cmocka_unit_test(test_card_in_force),
        cmocka_unit_test(test_old_card),
        cmocka_unit_test(test_months),
        cmocka_unit_test(test_plain_fields),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
