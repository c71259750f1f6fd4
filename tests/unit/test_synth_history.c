#include "tools/synth_history.h"

#include <stdlib.h>
#include <string.h>

#include "storage/registry/name.h"
#include "storage/registry/record.h"
#include "storage/registry/unit_file.h"
#include "tests/lib/test.h"
#include "tests/lib/torture.h"

struct world {
    struct sg_unit_table *units;
    struct sg_synth_history_options options;
    struct sg_synth_history *history;
    /* The citizen at hand. */
    const struct sg_synth_person *person;
    const struct sg_synth_record *records;
    size_t count;
    struct sg_record read[SG_SYNTH_RECORDS_MAX];
};

static void begin(struct world *w, uint64_t count, uint64_t seed)
{
    *w = (struct world){.units = NULL};
    assert_ok(sg_unit_file_read(sg_unit_file_shipped(), &w->units, NULL));
    sg_synth_history_options_init(&w->options, count, seed);
    memset(w->options.registry.hash.bytes, 7, 32);
    w->options.position = 5;
    w->options.is_signed = false;
}

/* Reads the next citizen's records strictly; false after the last. */
static bool next(struct world *w)
{
    if (w->history == NULL)
        assert_ok(sg_synth_history_new(&w->options, w->units, &w->history));
    assert_ok(
        sg_synth_history_next(w->history, &w->person, &w->records, &w->count));
    for (size_t i = 0; i < w->count; i++) {
        uint8_t no = SG_FIELD_NONE;

        assert_ok(sg_record_decode(w->records[i].payload, &w->read[i]));
        assert_non_null(w->read[i].schema);
        if (sg_record_fit(&w->read[i], &w->options.registry, &no) !=
            SG_RECORD_FITS)
            fail_msg("type %u does not fit: field %u", w->read[i].type, no);
    }
    return w->count > 0;
}

static void end(struct world *w)
{
    sg_synth_history_free(w->history);
    sg_unit_table_free(w->units);
}

/* Every record fits its table and is signed by an officer of its node, over an
 * id that no other record has. */
static void test_synth_history_signed(void **state)
{
    struct world w;
    unsigned seen = 0;

    (void)state;
    begin(&w, 300, 1);
    w.options.is_signed = true;
    while (next(&w))
        for (size_t i = 0; i < w.count; i++, seen++) {
            bool is_approver =
                w.records[i].type == SG_TYPE_DECISION ||
                (w.records[i].type == SG_TYPE_DOSSIER &&
                 sg_record_uint(&w.read[i], SG_FIELD_COMMON_STATE) == 2);
            uint8_t key[SG_KEY_SIZE];

            sg_synth_history_officer(w.history, w.records[i].node, is_approver,
                                     key);
            assert_ok(sg_record_verify(&w.read[i], &w.records[i].id,
                                       &w.options.registry, key));
            for (size_t k = 0; k < i; k++)
                assert_memory_not_equal(w.records[i].id.bytes,
                                        w.records[k].id.bytes, 32);
        }
    assert_true(seen > 1000);
    end(&w);
}

/* Parents come before their children, in place and in clock, and are about the
 * same citizen; every record has the authority's position. */
static void test_synth_history_order(void **state)
{
    struct world w;

    (void)state;
    begin(&w, 3000, 2);
    while (next(&w))
        for (size_t i = 0; i < w.count; i++) {
            const struct sg_record *record = &w.read[i];

            assert_int_equal(record->copy.position, 5);
            assert_int_equal(record->copy.hlc, w.records[i].hlc);
            assert_int_equal(record->type, w.records[i].type);
            assert_true(w.records[i].node < w.options.n_nodes);
            if (record->type != SG_TYPE_HOUSEHOLD)
                assert_memory_equal(record->subject.bytes, w.person->uid.bytes,
                                    16);
            if (i > 0)
                assert_true(w.records[i - 1].hlc < w.records[i].hlc);
            for (unsigned p = 0; p < record->n_parents; p++) {
                struct sg_ref parent = sg_record_parent(record, p);
                size_t k = 0;

                while (k < i && memcmp(w.records[k].id.bytes, parent.bytes,
                                       sizeof parent.bytes) != 0)
                    k++;
                assert_true(k < i);
            }
        }
    end(&w);
}

/* Asserts that UNIT and all above it are there on the record's day. */
static void assert_unit(const struct world *w, struct sg_unit_key unit,
                        struct sg_date day)
{
    if (!sg_unit_chain_is_at(w->units, unit, day))
        fail_msg("unit %llu on %u", (unsigned long long)unit.value, day.ymd);
}

/* Units are those of the record's own day (V08), also past a reform of the
 * units, whose new ones appear. */
static void test_synth_history_units(void **state)
{
    struct world w;
    unsigned reformed = 0;

    (void)state;
    begin(&w, 5000, 3);
    w.options.population.day.ymd = 20240601;
    while (next(&w))
        for (size_t i = 0; i < w.count; i++) {
            const struct sg_record *record = &w.read[i];

            assert_unit(&w, record->copy.capture, record->effective);
            assert_unit(&w, record->copy.home, record->effective);
            if (record->type == SG_TYPE_RESIDENCE &&
                sg_record_has(record, SG_FIELD_RESIDENCE_UNIT)) {
                struct sg_unit_key unit =
                    sg_record_unit(record, SG_FIELD_RESIDENCE_UNIT);

                assert_unit(&w, unit, record->effective);
                reformed += sg_unit_key_from(unit).ymd == 20250101;
            }
            if (record->type == SG_TYPE_PERSON &&
                sg_record_has(record, SG_FIELD_PERSON_REGISTERED))
                assert_unit(&w,
                            sg_record_unit(record, SG_FIELD_PERSON_REGISTERED),
                            record->effective);
        }
    assert_true(reformed > 0);
    end(&w);
}

/* Where a commune was split before it could be written, nothing is written
 * about its people rather than something in the wrong unit. */
static void test_synth_history_split(void **state)
{
    struct world w;
    unsigned late = 0;

    (void)state;
    begin(&w, 10000, 9);
    w.options.population.day.ymd = 20250615;
    memset(w.options.per_thousand, 0, sizeof w.options.per_thousand);
    for (size_t i = 0; i < SG_SYNTH_EVENT_COUNT; i++)
        if (i != SG_SYNTH_CORRECTED)
            w.options.per_thousand[i] = 500;
    while (next(&w))
        for (size_t i = 0; i < w.count; i++) {
            assert_unit(&w, w.read[i].copy.capture, w.read[i].effective);
            assert_unit(&w, w.read[i].copy.home, w.read[i].effective);
            late += sg_unit_key_from(w.read[i].copy.home).ymd == 20250701;
        }
    assert_true(late > 1000);
    end(&w);
}

static bool is_legacy(const struct sg_record *record)
{
    return sg_record_has(record, SG_FIELD_COMMON_SRC);
}

/* What is not taken over from older books passes the rules for new names and
 * dates (V05, V06); what was received in a form that cannot stand is kept. */
static void test_synth_history_names(void **state)
{
    struct world w;
    unsigned originals = 0;

    (void)state;
    begin(&w, 20000, 4);
    while (next(&w)) {
        const struct sg_record *record = &w.read[0];
        struct sg_record_name name;

        assert_int_equal(record->type, SG_TYPE_PERSON);
        name = sg_record_name(record, SG_FIELD_PERSON_NAME);
        assert_int_equal(is_legacy(record), w.person->n_flaws > 0);
        if (!is_legacy(record)) {
            assert_int_equal(sg_name_check(name.family), SG_NAME_FINE);
            assert_int_equal(sg_name_check(name.middle), SG_NAME_FINE);
            assert_int_equal(sg_name_check(name.given), SG_NAME_FINE);
        }
        originals += sg_record_has(record, SG_FIELD_COMMON_ORIGINAL);
        for (size_t i = 0; i < w.count; i++)
            if (sg_record_has(&w.read[i], SG_FIELD_PERSON_BIRTH) &&
                w.read[i].type == SG_TYPE_PERSON)
                assert_true(
                    sg_record_date(&w.read[i], SG_FIELD_PERSON_BIRTH).ymd <=
                    w.read[i].effective.ymd);
    }
    assert_true(originals > 400);
    end(&w);
}

/* A disputed birth date was set by two nodes to two values from one parent,
 * neither naming the other; a death is followed by nothing but what is marked
 * as after death. */
static void test_synth_history_events(void **state)
{
    unsigned of[SG_SYNTH_EVENT_COUNT] = {0};
    struct world w;

    (void)state;
    begin(&w, 20000, 5);
    while (next(&w)) {
        const struct sg_record *sides[2];
        unsigned nodes[2];
        size_t n_sides = 0;
        uint32_t seen = 0;
        bool is_dead = false;

        for (size_t i = 0; i < w.count; i++) {
            seen |= 1u << w.records[i].event;
            if (w.records[i].event == SG_SYNTH_DISPUTED && n_sides < 2) {
                nodes[n_sides] = w.records[i].node;
                sides[n_sides++] = &w.read[i];
            }
            assert_true(!is_dead || w.records[i].event == SG_SYNTH_AFTER_DEATH);
            is_dead |= w.records[i].type == SG_TYPE_VITAL;
        }
        for (size_t e = 0; e < SG_SYNTH_EVENT_COUNT; e++)
            of[e] += seen >> e & 1;
        if (n_sides == 0)
            continue;
        assert_int_equal(n_sides, 2);
        assert_int_not_equal(nodes[0], nodes[1]);
        assert_int_equal(sides[0]->n_parents, 1);
        assert_memory_equal(sides[0]->parents, sides[1]->parents, 16);
        assert_int_not_equal(
            sg_record_date(sides[0], SG_FIELD_PERSON_BIRTH).ymd,
            sg_record_date(sides[1], SG_FIELD_PERSON_BIRTH).ymd);
    }
    for (size_t e = 0; e < SG_SYNTH_EVENT_COUNT; e++)
        assert_true(of[e] > 0);
    assert_int_equal(of[SG_SYNTH_ENROLLED], 20000);
    assert_in_range(of[SG_SYNTH_APPROVED], 13500, 14500);
    assert_in_range(of[SG_SYNTH_CORRECTED], 500, 700);
    assert_in_range(of[SG_SYNTH_DISPUTED], 120, 250);
    assert_in_range(of[SG_SYNTH_RELOCATED], 1000, 1400);
    end(&w);
}

/* The same seed gives the same ids, another one others. */
static void test_synth_history_deterministic(void **state)
{
    struct sg_hash last[3];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct world w;

        begin(&w, 500, i == 2 ? 7 : 6);
        while (next(&w))
            last[i] = w.records[w.count - 1].id;
        end(&w);
    }
    assert_memory_equal(last[0].bytes, last[1].bytes, 32);
    assert_memory_not_equal(last[0].bytes, last[2].bytes, 32);
}

/* Each household has one record, with its head among the members. */
static void test_synth_history_households(void **state)
{
    struct world w;
    unsigned households = 0, members = 0;

    (void)state;
    begin(&w, 10000, 8);
    memset(w.options.population.per_million, 0,
           sizeof w.options.population.per_million);
    while (next(&w))
        for (size_t i = 0; i < w.count; i++) {
            struct sg_msgpack reader;
            uint32_t count;

            if (w.read[i].type != SG_TYPE_HOUSEHOLD)
                continue;
            sg_msgpack_init(&reader,
                            w.read[i].fields[SG_FIELD_HOUSEHOLD_MEMBERS]);
            count = sg_msgpack_read_array(&reader);
            assert_int_equal(w.person->relation, 1);
            households++;
            members += count;
        }
    assert_int_equal(members, 10000);
    assert_in_range(households, 2700, 2900);
    end(&w);
}

/* No nodes or too many are refused, and what synth.h refuses. */
static void test_synth_history_refuses(void **state)
{
    const struct sg_key officer = {.kind = SG_KEY_OFFICER};
    struct world w;

    (void)state;
    begin(&w, 1, 1);
    w.options.n_nodes = 0;
    assert_err(sg_synth_history_new(&w.options, w.units, &w.history), INVALID);
    w.options.n_nodes = SG_SYNTH_NODES_MAX + 1;
    assert_err(sg_synth_history_new(&w.options, w.units, &w.history), INVALID);
    w.options.n_nodes = 2;
    w.options.officers[1] = &officer;
    assert_err(sg_synth_history_new(&w.options, w.units, &w.history), INVALID);
    w.options.officers[1] = NULL;
    w.options.n_nodes = 1;
    w.options.population.count = SG_SYNTH_COUNT_MAX + 1;
    assert_err(sg_synth_history_new(&w.options, w.units, &w.history), LIMIT);
    assert_null(w.history);
    end(&w);
}

static enum sg_err once(void *context)
{
    struct world *w = context;
    struct sg_synth_history *history = NULL;
    enum sg_err err = sg_synth_history_new(&w->options, w->units, &history);
    size_t count = 1;

    while (err == SG_OK && count > 0)
        err = sg_synth_history_next(history, &w->person, &w->records, &count);
    sg_synth_history_free(history);
    return err;
}

/* A failing allocation is NOMEM, and nothing is left behind. */
static void test_synth_history_memory(void **state)
{
    struct world w;

    (void)state;
    begin(&w, 3, 1);
    assert_true(sg_torture_run(once, &w) > 10);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_synth_history_signed),
        cmocka_unit_test(test_synth_history_order),
        cmocka_unit_test(test_synth_history_units),
        cmocka_unit_test(test_synth_history_split),
        cmocka_unit_test(test_synth_history_names),
        cmocka_unit_test(test_synth_history_events),
        cmocka_unit_test(test_synth_history_deterministic),
        cmocka_unit_test(test_synth_history_households),
        cmocka_unit_test(test_synth_history_refuses),
        cmocka_unit_test(test_synth_history_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
