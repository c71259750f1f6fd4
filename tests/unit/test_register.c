/* storage/registry/merge/register.h: what comes in is taken back, no memory is
 * lost, and roots follow. */
#include "storage/registry/merge/register.h"

#include <string.h>

#include "storage/base/alloc.h"
#include "tests/lib/test.h"
#include "tests/lib/torture.h"
#include "tests/unit/office.h"

static struct office office;

static int open_office(void **state)
{
    (void)state;
    office_open(&office);
    return 0;
}

static int close_office(void **state)
{
    (void)state;
    office_close(&office);
    return 0;
}

/* A copy that is judged otherwise later is taken back: the root is that of a
 * register that never had it. Erased, it is known by its id alone. */
static void test_a_copy_is_taken_back(void **state)
{
    struct sg_register_copy gone;
    struct sg_state_root without, after;
    struct sg_register *reg;
    struct sg_ref first;

    (void)state;
    first = office_person(&office, 1, 19800912);
    reg = office_deliver(&office, 0);
    sg_register_root_all(reg, &without);
    sg_register_free(reg);
    (void)office_birth(&office, 1, first, 19800921);
    reg = office_deliver(&office, 0);
    gone = *office_last(&office);
    gone.is_admitted = false;
    gone.record = NULL;
    assert_ok(sg_register_put(reg, &gone));
    assert_ok(sg_register_put(reg, &gone));
    assert_ok(sg_register_settle(reg));
    sg_register_root_all(reg, &after);
    assert_true(sg_state_root_equal(&without, &after));
    sg_register_free(reg);
}

/* A record that lies at one place of two branches of a forked log is two
 * copies: when one is taken back, the other still counts. */
static void test_branches_are_apart(void **state)
{
    struct sg_register_copy one;
    struct sg_state_root with, after;
    struct sg_register *reg;

    (void)state;
    (void)office_person(&office, 1, 19800912);
    office_last(&office)->is_forked = true;
    office_last(&office)->branch = 1;
    reg = office_deliver(&office, 0);
    sg_register_root_all(reg, &with);
    one = *office_last(&office);
    one.branch = 2;
    assert_ok(sg_register_put(reg, &one));
    one.is_admitted = false;
    assert_ok(sg_register_put(reg, &one));
    assert_ok(sg_register_settle(reg));
    sg_register_root_all(reg, &after);
    assert_true(sg_state_root_equal(&with, &after));
    assert_int_equal(after.n_persons, 1);
    sg_register_free(reg);
}

/* Who shared a number that is taken back is folded anew too. */
static void test_others_are_told(void **state)
{
    struct sg_register_copy gone;
    struct sg_state_root without, after;
    struct sg_register *reg;

    (void)state;
    (void)office_person(&office, 1, 19800912);
    (void)office_pin(&office, 1, UINT64_C(999080000147), 2);
    (void)office_person(&office, 2, 19800912);
    reg = office_deliver(&office, 0);
    sg_register_root_all(reg, &without);
    sg_register_free(reg);
    (void)office_pin(&office, 2, UINT64_C(999080000147), 2);
    reg = office_deliver(&office, 0);
    sg_register_root_all(reg, &after);
    assert_int_equal(after.n_rows, without.n_rows + 3); /* pin, two C09 */
    sg_register_root(reg, SG_UNIT_COUNTRY, &after);
    assert_int_equal(after.n_rows, 2); /* the centre's */
    gone = *office_last(&office);
    gone.is_admitted = false;
    assert_ok(sg_register_put(reg, &gone));
    assert_ok(sg_register_settle(reg));
    sg_register_root_all(reg, &after);
    assert_true(sg_state_root_equal(&without, &after));
    sg_register_free(reg);
}

/* The roots of all units add up to the root in all. */
static void test_units_add_up(void **state)
{
    struct sg_state_root all, sum = {0}, one;
    struct sg_unit_key unit;
    struct sg_register *reg;
    size_t cursor = 0, n_units = 0;

    (void)state;
    (void)office_person(&office, 1, 19800912);
    (void)office_person(&office, 2, 19800912);
    (void)office_residence(&office, 2, OFFICE_AWAY, 2);
    reg = office_deliver(&office, 0);
    while (sg_register_next_unit(reg, &cursor, &unit, &one)) {
        struct sg_state_root again;

        sg_register_root(reg, unit, &again);
        assert_true(sg_state_root_equal(&one, &again));
        sg_state_root_add(&sum, &one);
        n_units++;
    }
    sg_register_root_all(reg, &all);
    assert_int_equal(n_units, 2);
    assert_true(sg_state_root_equal(&all, &sum));
    assert_int_equal(all.n_persons, 2);
    sg_register_free(reg);
}

static void count_changes(void *context, const struct sg_subject *subject)
{
    size_t *count = context;

    assert_true(subject->n_objects > 0);
    ++*count;
}

/* Who keeps figures beside the register hears of each subject folded anew, and
 * of no other. */
static void test_watch(void **state)
{
    struct sg_register *reg;
    size_t count = 0;

    (void)state;
    (void)office_person(&office, 1, 19800912);
    (void)office_person(&office, 2, 19800912);
    reg = office_deliver(&office, 0);
    sg_register_watch(reg, count_changes, &count);
    assert_ok(sg_register_put(reg, office_last(&office)));
    assert_ok(sg_register_settle(reg));
    assert_int_equal(count, 1);
    sg_register_free(reg);
}

static enum sg_err fold_all(void *context)
{
    struct sg_register *reg;
    enum sg_err err;

    (void)context;
    err = sg_register_new(&office.setup, &reg);
    if (err != SG_OK)
        return err;
    for (size_t i = 0; i < office.n_copies && err == SG_OK; i++)
        err = sg_register_put(reg, &office.copies[i].copy);
    if (err == SG_OK)
        err = sg_register_settle(reg);
    sg_register_free(reg);
    return err;
}

/* Any allocation may fail: it is said, and nothing leaks. */
static void test_memory(void **state)
{
    struct sg_ref first, two[2];

    (void)state;
    first = office_person(&office, 1, 19800912);
    two[0] = office_birth(&office, 1, first, 19800921);
    two[1] = office_birth(&office, 1, first, 19800930);
    (void)office_pin(&office, 1, UINT64_C(999080000147), 2);
    (void)office_person(&office, 2, 19800912);
    (void)office_pin(&office, 2, UINT64_C(999080000147), 2);
    office.officer = 2;
    (void)office_settle(&office, 1, 3, OFFICE_HOME, 5, SG_FIELD_PERSON_BIRTH,
                        NULL, &two[1], 2, two);
    assert_true(sg_torture_run(fold_all, NULL) > 10);
}

/* A put that failed for lack of memory and is repeated leaves no trace: who has
 * which number is the same as if it had not failed. */
static void test_put_again(void **state)
{
    struct sg_state_root wanted, found;
    struct sg_register *reg;
    bool has_failed = true;

    (void)state;
    (void)office_person(&office, 1, 19800912);
    (void)office_pin(&office, 1, UINT64_C(999080000147), 2);
    (void)office_person(&office, 2, 19800912);
    (void)office_pin(&office, 2, UINT64_C(999080000147), 2);
    reg = office_deliver(&office, 0);
    sg_register_root_all(reg, &wanted);
    sg_register_free(reg);
    for (int64_t nth = 1; has_failed; nth++) {
        assert_ok(sg_register_new(&office.setup, &reg));
        sg_alloc_fail_at(nth);
        for (size_t i = 0; i < office.n_copies; i++)
            if (sg_register_put(reg, &office.copies[i].copy) != SG_OK)
                assert_ok(sg_register_put(reg, &office.copies[i].copy));
        if (sg_register_settle(reg) != SG_OK)
            assert_ok(sg_register_settle(reg));
        has_failed = sg_alloc_failed();
        sg_alloc_fail_at(0);
        sg_register_root_all(reg, &found);
        assert_true(sg_state_root_equal(&wanted, &found));
        sg_register_free(reg);
    }
}

#define OFFICE_TEST(name) \
    cmocka_unit_test_setup_teardown(name, open_office, close_office)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OFFICE_TEST(test_a_copy_is_taken_back),
        OFFICE_TEST(test_branches_are_apart),
        OFFICE_TEST(test_others_are_told),
        OFFICE_TEST(test_units_add_up),
        OFFICE_TEST(test_watch),
        OFFICE_TEST(test_memory),
        OFFICE_TEST(test_put_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
