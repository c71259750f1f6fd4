#include "tools/synth.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/crypto.h"
#include "storage/registry/nfc.h"
#include "storage/registry/unit_file.h"
#include "storage/registry/unit_report.h"
#include "tests/lib/test.h"
#include "tests/lib/torture.h"
#include "tools/synth_text.h"

#define MANY 100000u

struct world {
    struct sg_unit_table *units;
    struct sg_synth_options options;
    struct sg_synth *synth;
};

static struct world world(uint64_t count, uint64_t seed)
{
    struct world w = {NULL, .synth = NULL};

    assert_ok(sg_unit_file_read(sg_unit_file_shipped(), &w.units, NULL));
    sg_synth_options_init(&w.options, count, seed);
    assert_ok(sg_synth_new(&w.options, w.units, &w.synth));
    return w;
}

static void world_free(struct world *w)
{
    sg_synth_free(w->synth);
    sg_unit_table_free(w->units);
}

/* Hashes all lines of COUNT entries of SEED, and their truth. */
static struct sg_hash hash_of(uint64_t count, uint64_t seed)
{
    struct world w = world(count, seed);
    const struct sg_synth_person *person;
    struct sg_hash hash;
    struct sg_buf buf;

    sg_buf_init(&buf, 1 << 26);
    while (sg_synth_next(w.synth, &person)) {
        assert_ok(sg_synth_text_person(person, &buf));
        assert_ok(sg_synth_text_truth(person, &buf));
    }
    sg_crypto_sha256(buf.data, buf.size, &hash);
    sg_buf_clear(&buf);
    world_free(&w);
    return hash;
}

/* The same seed gives the same bytes, another seed others. */
static void test_synth_deterministic(void **state)
{
    struct sg_hash one = hash_of(5000, 1), same = hash_of(5000, 1);
    struct sg_hash other = hash_of(5000, 2);

    (void)state;
    assert_memory_equal(one.bytes, same.bytes, sizeof one.bytes);
    assert_memory_not_equal(one.bytes, other.bytes, sizeof one.bytes);
}

/* As many entries come as were asked for, from none to more than communes. */
static void test_synth_count(void **state)
{
    static const uint64_t counts[] = {0, 1, 2, 100, 558, 559, 560, 9999};

    (void)state;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct world w = world(counts[i], 3);
        const struct sg_synth_person *person;
        uint64_t count = 0;

        while (sg_synth_next(w.synth, &person)) {
            assert_int_equal(person->number, count);
            count++;
        }
        assert_int_equal(count, counts[i]);
        assert_false(sg_synth_next(w.synth, &person));
        world_free(&w);
    }
}

/* Asserts that FOUND of ALL is a share of SHARE, within five standard
 * deviations of chance and TOLERANCE for what is not chance. */
static void assert_share(const char *what, double found, double all,
                         double share, double tolerance)
{
    double sigma = sqrt(share * (1 - share) / all);

    if (fabs(found / all - share) > 5 * sigma + tolerance)
        fail_msg("%s: %.5f, not %.5f", what, found / all, share);
}

static unsigned age_of(const struct sg_synth_person *person, struct sg_date day)
{
    return day.ymd / 10000 - person->birth.ymd / 10000;
}

/* Ages and sexes follow the pyramid of the UN (97,338,583 persons, of them
 * 22,576,746 below 15 and 7,656,664 from 65 on, 48,598,254 male) whatever the
 * families look like. */
static void test_synth_ages(void **state)
{
    struct world w = world(MANY, 4);
    const struct sg_synth_person *person;
    double young = 0, old = 0, male = 0, all = 0;

    (void)state;
    while (sg_synth_next(w.synth, &person)) {
        unsigned age = age_of(person, w.options.day);

        all++;
        male += person->sex == 1;
        /* On 10 April 28 % have had their birthday of the year. */
        young += age < 15 ? 1 : age == 15 ? 0.72 : 0;
        old += age > 65 ? 1 : age == 65 ? 0.28 : 0;
    }
    assert_share("below 15", young, all, 22576746 / 97338583.0, 0.004);
    assert_share("from 65 on", old, all, 7656664 / 97338583.0, 0.004);
    assert_share("male", male, all, 48598254 / 97338583.0, 0.001);
    world_free(&w);
}

/* A household has 3.6 persons on average and one head each. */
static void test_synth_households(void **state)
{
    struct world w = world(MANY, 5);
    const struct sg_synth_person *person;
    double heads = 0, all = 0;

    (void)state;
    while (sg_synth_next(w.synth, &person)) {
        if (person->n_flaws > 0 && person->flaws[0].kind == SG_SYNTH_DUPLICATE)
            continue;
        all++;
        heads += person->relation == 1;
        assert_true(person->relation >= 1);
        if (person->father.uid != NULL)
            assert_memory_not_equal(person->father.uid->bytes,
                                    person->uid.bytes, 16);
    }
    if (fabs(all / heads - 3.6) > 0.05)
        fail_msg("%.3f persons a household", all / heads);
    world_free(&w);
}

static bool is_text(struct sg_bytes bytes, const char *text)
{
    return sg_bytes_equal(bytes, sg_bytes(text, strlen(text)));
}

/* A third of the surnames is Nguyen, and a fifth Le as in this province; the
 * peoples of the west have surnames of their own. */
static void test_synth_surnames(void **state)
{
    struct world w = world(MANY, 6);
    const struct sg_synth_person *person;
    double kinh = 0, nguyen = 0, le = 0, mong = 0, giang = 0, all = 0;

    (void)state;
    memset(w.options.per_million, 0, sizeof w.options.per_million);
    sg_synth_free(w.synth);
    assert_ok(sg_synth_new(&w.options, w.units, &w.synth));
    while (sg_synth_next(w.synth, &person)) {
        struct sg_bytes family = person->name.family;

        all++;
        kinh += person->ethnic == 1;
        nguyen += person->ethnic == 1 && is_text(family, "Nguyễn");
        le += person->ethnic == 1 && is_text(family, "Lê");
        mong += person->ethnic == 8;
        giang += person->ethnic == 8 && is_text(family, "Giàng");
        if (person->ethnic == 8)
            assert_false(is_text(family, "Nguyễn"));
    }
    /* Families share a surname, so chance is wider than for single persons. */
    assert_share("Kinh", kinh, all, 0.83, 0.03);
    assert_share("Nguyen", nguyen, kinh, 3308 / 11493.0, 0.01);
    assert_share("Le", le, kinh, 1780 / 11493.0, 0.01);
    assert_true(mong > 200);
    assert_share("Giang", giang, mong, 0.18, 0.08);
    world_free(&w);
}

/* Each flaw comes as often as its rate says, of those that it can meet. */
static void test_synth_rates(void **state)
{
    double found[SG_SYNTH_FLAW_COUNT] = {0}, of[SG_SYNTH_FLAW_COUNT] = {0};
    struct world w = world(MANY, 7);
    const struct sg_synth_person *person;

    (void)state;
    while (sg_synth_next(w.synth, &person)) {
        bool is_year = sg_date_precision(person->birth) == SG_DATE_Y;

        for (size_t i = 0; i < person->n_flaws; i++) {
            found[person->flaws[i].kind]++;
            is_year |= person->flaws[i].kind == SG_SYNTH_IMPUTED;
        }
        of[SG_SYNTH_DUPLICATE]++;
        if (person->pin == 0)
            continue;
        of[SG_SYNTH_INCOMPLETE]++;
        of[SG_SYNTH_PIN]++;
        of[SG_SYNTH_MOVED]++;
        of[SG_SYNTH_MOJIBAKE]++;
        of[SG_SYNTH_NFD]++;
        of[SG_SYNTH_MISMATCH] += person->captured.ymd != 0;
        of[SG_SYNTH_IMPUTED] += is_year;
        of[SG_SYNTH_DEAD] += age_of(person, w.options.day) >= 60;
    }
    for (size_t i = 0; i < SG_SYNTH_FLAW_COUNT; i++) {
        if (of[i] > 0)
            assert_share(sg_synth_flaw_word((enum sg_synth_flaw_kind)i),
                         found[i], of[i], w.options.per_million[i] / 1000000.0,
                         0.002);
        else
            assert_true(found[i] > 0);
    }
    world_free(&w);
}

static const struct sg_synth_flaw *flaw_of(const struct sg_synth_person *person,
                                           enum sg_synth_flaw_kind kind)
{
    for (size_t i = 0; i < person->n_flaws; i++)
        if (person->flaws[i].kind == kind)
            return &person->flaws[i];
    return NULL;
}

/* V01, as domain 1.2 has it. */
static bool pin_fits(const struct sg_synth_person *person)
{
    uint64_t pin = person->pin;
    unsigned digit = (unsigned)(pin / 100000000 % 10);
    unsigned year = 1900 + digit / 2 * 100 + (unsigned)(pin / 1000000 % 100);

    return pin / 1000000000 == 999 && digit % 2 == (person->sex == 2) &&
           year == person->birth.ymd / 10000;
}

static bool is_nfc(const struct sg_synth_name *name)
{
    return sg_nfc_check(name->family) == SG_OK &&
           sg_nfc_check(name->middle) == SG_OK &&
           sg_nfc_check(name->given) == SG_OK;
}

static bool text_equal(const struct sg_synth_text *a,
                       const struct sg_synth_text *b)
{
    return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

/* What the truth says of an entry can be seen in it, and what it does not say
 * is not there: numbers, texts, missing fields, dossiers. */
static void test_synth_truth(void **state)
{
    struct world w = world(MANY, 8);
    const struct sg_synth_person *person;

    (void)state;
    while (sg_synth_next(w.synth, &person)) {
        bool is_twin = flaw_of(person, SG_SYNTH_DUPLICATE) != NULL;
        bool is_whole = person->ethnic != 0 && person->birth_reg.value != 0 &&
                        person->hometown.value != 0 && person->is_national &&
                        person->file_no.size > 0;
        bool is_same =
            person->dossier_birth.ymd / 10000 == person->birth.ymd / 10000 &&
            (person->dossier_birth.ymd == person->birth.ymd ||
             flaw_of(person, SG_SYNTH_IMPUTED) != NULL) &&
            text_equal(&person->dossier_phone, &person->phone) &&
            text_equal(&person->dossier_address, &person->address);

        assert_int_equal(is_twin, person->pin == 0);
        if (!is_twin)
            assert_int_equal(pin_fits(person),
                             flaw_of(person, SG_SYNTH_PIN) == NULL);
        assert_int_equal(is_whole,
                         flaw_of(person, SG_SYNTH_INCOMPLETE) == NULL);
        if (person->captured.ymd != 0)
            assert_int_equal(is_same,
                             flaw_of(person, SG_SYNTH_MISMATCH) == NULL);
        if (flaw_of(person, SG_SYNTH_NFD) != NULL)
            assert_false(is_nfc(&person->name));
        else if (flaw_of(person, SG_SYNTH_MOJIBAKE) == NULL)
            assert_true(is_nfc(&person->name));
        assert_int_equal(!sg_unit_key_equal(person->lives, person->unit),
                         flaw_of(person, SG_SYNTH_MOVED) != NULL);
        assert_int_equal(person->died.ymd != 0,
                         flaw_of(person, SG_SYNTH_DEAD) != NULL);
    }
    world_free(&w);
}

/* A decomposed name, composed again, is the name in the truth. */
static void test_synth_nfd(void **state)
{
    struct world w = world(20000, 9);
    const struct sg_synth_person *person;
    unsigned seen = 0;

    (void)state;
    while (sg_synth_next(w.synth, &person)) {
        const struct sg_synth_flaw *flaw = flaw_of(person, SG_SYNTH_NFD);
        uint8_t bytes[512];
        struct sg_writer writer;
        bool changed;

        if (flaw == NULL)
            continue;
        sg_writer_init_array(&writer, bytes, sizeof bytes);
        assert_ok(sg_nfc_write(&writer, person->name.family, &changed));
        if (person->name.middle.size > 0) {
            sg_writer_u8(&writer, ' ');
            assert_ok(sg_nfc_write(&writer, person->name.middle, &changed));
        }
        sg_writer_u8(&writer, ' ');
        assert_ok(sg_nfc_write(&writer, person->name.given, &changed));
        assert_ok(sg_writer_end(&writer));
        assert_true(
            sg_bytes_equal(sg_bytes(bytes, writer.size),
                           sg_bytes(flaw->truth.bytes, flaw->truth.size)));
        seen++;
    }
    assert_true(seen > 300);
    world_free(&w);
}

static int by_number(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* No two entries have one personal number, wrong ones included. */
static void test_synth_pins_unique(void **state)
{
    struct world w = world(MANY, 10);
    const struct sg_synth_person *person;
    uint64_t *pins = test_calloc(MANY, sizeof *pins);
    size_t count = 0;

    (void)state;
    while (sg_synth_next(w.synth, &person))
        if (person->pin != 0)
            pins[count++] = person->pin;
    qsort(pins, count, sizeof *pins, by_number);
    for (size_t i = 1; i < count; i++)
        assert_true(pins[i - 1] < pins[i]);
    test_free(pins);
    world_free(&w);
}

/* Fills RET with who shares name and year within a commune. */
static uint64_t fold_name(const struct sg_synth_person *person)
{
    uint64_t hash = person->unit.value * 31 + person->birth.ymd / 10000;
    const struct sg_bytes parts[] = {person->name.family, person->name.middle,
                                     person->name.given};

    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k <= parts[i].size; k++)
            hash = (hash ^ (k < parts[i].size ? parts[i].data[k] : 0xffu)) *
                   UINT64_C(0x100000001b3);
    return hash;
}

/* Several persons of one commune share full name and birth year, in numbers
 * that a match by name and year must stumble over: more than half of the
 * duplicates. */
static void test_synth_homonyms(void **state)
{
    struct world w = world(160000, 11);
    const struct sg_synth_person *person;
    uint64_t *names = test_calloc(160000, sizeof *names);
    size_t count = 0, shared = 0;

    (void)state;
    while (sg_synth_next(w.synth, &person))
        if (flaw_of(person, SG_SYNTH_DUPLICATE) == NULL)
            names[count++] = fold_name(person);
    qsort(names, count, sizeof *names, by_number);
    for (size_t i = 1; i < count; i++)
        shared += names[i - 1] == names[i];
    assert_true(shared > 400);
    test_free(names);
    world_free(&w);
}

/* Without rates nothing is wrong with anybody. */
static void test_synth_clean(void **state)
{
    struct world w = world(0, 1);
    const struct sg_synth_person *person;

    (void)state;
    w.options.count = 20000;
    memset(w.options.per_million, 0, sizeof w.options.per_million);
    sg_synth_free(w.synth);
    assert_ok(sg_synth_new(&w.options, w.units, &w.synth));
    while (sg_synth_next(w.synth, &person)) {
        assert_int_equal(person->n_flaws, 0);
        assert_true(pin_fits(person));
    }
    world_free(&w);
}

/* Of 100,000 citizens of 2023, carried through 559, 558, 547 and 166 communes,
 * each is at every date in exactly one home or pending under the one that was
 * split; rows add up to all; and none is pending once each was resettled. */
static void test_synth_replay(void **state)
{
    static const struct sg_date days[] = {
        {20230410}, {20240201}, {20250101}, {20250701}};
    static const size_t rows[] = {559, 558, 547, 166};
    struct world w = world(MANY, 12);
    struct sg_unit_key *homes = test_calloc(MANY, sizeof *homes);
    const struct sg_synth_person *person;

    (void)state;
    while (sg_synth_next(w.synth, &person))
        homes[person->number] = person->unit;
    for (size_t d = 0; d < 4; d++) {
        struct sg_unit_report *report = NULL;
        struct sg_unit_totals totals;
        uint64_t sum = 0, populated = 0, pending = 0;

        assert_ok(sg_unit_report_new(w.units, days[d], SG_UNIT_LEVEL_COMMUNE,
                                     &report));
        for (size_t i = 0; i < MANY; i++) {
            struct sg_unit_place carried =
                sg_unit_carry(w.units, homes[i], days[d]);
            struct sg_unit_place counted =
                sg_unit_report_count(report, homes[i]);

            /* Two ways to the same place. */
            assert_int_equal(carried.fit, counted.fit);
            assert_true(sg_unit_key_equal(carried.unit, counted.unit));
            pending += carried.fit == SG_UNIT_FIT_PENDING;
            if (carried.fit == SG_UNIT_FIT_PENDING) {
                size_t count;

                /* One by one: his commune finds where he went. */
                homes[i] =
                    sg_unit_edges_from(w.units, carried.unit, &count)[i % 2].to;
                assert_true(count > 1);
            }
        }
        totals = sg_unit_report_totals(report);
        assert_int_equal(totals.placed + totals.pending, MANY);
        assert_int_equal(totals.pending, pending);
        assert_true(d == 3 ? pending > 0 : pending == 0);
        for (size_t i = 0; i < sg_unit_table_size(w.units); i++) {
            const struct sg_unit *unit = sg_unit_table_get(w.units, i);
            uint64_t here = sg_unit_report_of(report, unit->key);

            sum += here;
            populated += here > 0 && sg_unit_is_at(unit, days[d]);
        }
        assert_int_equal(sum, MANY);
        assert_int_equal(populated, rows[d]);
        sg_unit_report_free(report);
    }
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(sg_unit_carry(w.units, homes[i], days[3]).fit,
                         SG_UNIT_FIT_EXACT);
    test_free(homes);
    world_free(&w);
}

/* Too many persons, a day without communes or that is none: no population. */
static void test_synth_refuses(void **state)
{
    struct world w = world(1, 1);
    struct sg_synth *synth = NULL;

    (void)state;
    w.options.count = SG_SYNTH_COUNT_MAX + 1;
    assert_err(sg_synth_new(&w.options, w.units, &synth), LIMIT);
    w.options.count = 1;
    w.options.day.ymd = 20150101;
    assert_err(sg_synth_new(&w.options, w.units, &synth), INVALID);
    w.options.day.ymd = 20051231;
    assert_err(sg_synth_new(&w.options, w.units, &synth), INVALID);
    w.options.day.ymd = 20230000;
    assert_err(sg_synth_new(&w.options, w.units, &synth), INVALID);
    w.options.day.ymd = 20250701;
    assert_ok(sg_synth_new(&w.options, w.units, &synth));
    sg_synth_free(synth);
    world_free(&w);
}

static enum sg_err once(void *context)
{
    struct world *w = context;
    const struct sg_synth_person *person;
    struct sg_synth *synth = NULL;
    enum sg_err err = sg_synth_new(&w->options, w->units, &synth);

    while (err == SG_OK && sg_synth_next(synth, &person))
        ;
    sg_synth_free(synth);
    return err;
}

/* A failing allocation is NOMEM, and all memory is taken at the beginning. */
static void test_synth_memory(void **state)
{
    struct world w = world(1, 1);

    (void)state;
    sg_synth_free(w.synth);
    w.synth = NULL;
    w.options.count = 3000;
    /* The units stay allocated: the torture counts from there. */
    assert_true(sg_torture_run(once, &w) == 2);
    world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_synth_deterministic),
        cmocka_unit_test(test_synth_count),
        cmocka_unit_test(test_synth_ages),
        cmocka_unit_test(test_synth_households),
        cmocka_unit_test(test_synth_surnames),
        cmocka_unit_test(test_synth_rates),
        cmocka_unit_test(test_synth_truth),
        cmocka_unit_test(test_synth_nfd),
        cmocka_unit_test(test_synth_pins_unique),
        cmocka_unit_test(test_synth_homonyms),
        cmocka_unit_test(test_synth_clean),
        cmocka_unit_test(test_synth_replay),
        cmocka_unit_test(test_synth_refuses),
        cmocka_unit_test(test_synth_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
