/* storage/registry/machine.h: the machines of the page, and what must hold of
 * them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/registry/machine.h"
#include "tests/lib/test.h"

static char page[1 << 18];

static const enum sg_type types[] = {
    SG_TYPE_VITAL,     SG_TYPE_PIN,     SG_TYPE_RESIDENCE,
    SG_TYPE_HOUSEHOLD, SG_TYPE_DOSSIER, SG_TYPE_ACCOUNT,
    SG_TYPE_EXCLUSION, SG_TYPE_REQUEST, SG_TYPE_DUPLICATE,
};

#define N_MACHINES (sizeof(types) / sizeof(types[0]))

static int setup(void **state)
{
    char path[4096];
    FILE *file;
    size_t size;

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/storage/registry/RECORDS.md",
                   getenv("SG_SOURCE_DIR"));
    file = fopen(path, "rb");
    if (file == NULL)
        return -1;
    size = fread(page, 1, sizeof(page) - 1, file);
    (void)fclose(file);
    return size > 0 ? 0 : -1;
}

/* Writes the row of STATE as the page has it. */
static void write_row(const struct sg_machine_state *state, char ret[256])
{
    static const char letters[] = "cajd";
    char next[128] = "", by[16] = "", no[8] = "-", rank[8] = "";
    size_t size = 0;

    for (unsigned i = 0; i < SG_MACHINE_STATES_MAX; i++) {
        if ((state->next >> i & 1) != 0)
            size +=
                (size_t)snprintf(next + size, sizeof(next) - size, " %u", i);
    }
    size = 0;
    for (unsigned i = 0; i < 4; i++) {
        if ((state->by >> i & 1) != 0)
            size += (size_t)snprintf(by + size, sizeof(by) - size, " %c",
                                     letters[i]);
    }
    if (state->state != SG_MACHINE_NONE) {
        (void)snprintf(no, sizeof(no), "%u", state->state);
        (void)snprintf(rank, sizeof(rank), " %u", state->rank);
    }
    (void)snprintf(ret, 256, "| %s |%s%s |%s |%s |%s |\n", no,
                   state->name[0] != '\0' ? " " : "", state->name, next, rank,
                   by);
}

/* Every machine stands in section 8, row by row, and has no other row. */
static void test_machines_are_those_of_the_page(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_MACHINES; i++) {
        const struct sg_machine *machine = sg_machine_find(types[i]);
        char heading[16], row[256];
        const char *at;

        assert_non_null(machine);
        (void)snprintf(heading, sizeof(heading), "\n### 8.%zu ", i + 1);
        at = strstr(page, heading);
        assert_non_null(at);
        at = strstr(at, "| --- |");
        assert_non_null(at);
        at += strcspn(at, "\n") + 1;
        for (unsigned k = 0; k < machine->n_states; k++) {
            write_row(&machine->states[k], row);
            if (strncmp(at, row, strlen(row)) != 0)
                fail_msg("8.%zu: the page has not %s", i + 1, row);
            at += strlen(row);
        }
        assert_int_not_equal(*at, '|');
    }
}

/* Types without `state`, and a duplicate's decisions aside, have none. */
static void test_only_these_have_machines(void **state)
{
    size_t count, found = 0;
    const struct sg_schema_type *const *all = sg_schema_types(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        bool has_state =
            sg_schema_is_shared(all[i]) && sg_schema_field(all[i], 2) != NULL;

        if (all[i]->number == SG_TYPE_DUPLICATE)
            has_state = true; /* by decision */
        assert_int_equal(sg_machine_find(all[i]->number) != NULL, has_state);
        found += has_state;
    }
    assert_int_equal(found, N_MACHINES);
}

/* Of any two states one can be reached from the other, or their ranks differ:
 * so concurrent states always have one that stands. */
static void test_every_pair_is_decided(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_MACHINES; i++) {
        const struct sg_machine *machine = sg_machine_find(types[i]);

        for (unsigned a = 1; a < machine->n_states; a++) {
            assert_true(sg_machine_reaches(machine, SG_MACHINE_NONE, a));
            for (unsigned b = a + 1; b < machine->n_states; b++)
                assert_true(machine->states[a].rank !=
                                machine->states[b].rank ||
                            sg_machine_reaches(machine, a, b) !=
                                sg_machine_reaches(machine, b, a));
        }
    }
}

/* Steps are those of the rows; repeating a state is one, to a state that does
 * not exist there is none. */
static void test_steps(void **state)
{
    const struct sg_machine *vital = sg_machine_find(SG_TYPE_VITAL);
    const struct sg_machine *pin = sg_machine_find(SG_TYPE_PIN);

    (void)state;
    assert_true(sg_machine_allows(vital, SG_MACHINE_NONE, 2));
    assert_true(sg_machine_allows(vital, 2, 6));
    assert_true(sg_machine_allows(vital, 2, 2));
    assert_false(sg_machine_allows(vital, 2, 1));
    assert_false(sg_machine_allows(vital, 2, 8));
    assert_false(sg_machine_allows(vital, 8, 8));
    assert_false(sg_machine_allows(vital, SG_MACHINE_NONE, 31));
    assert_false(sg_machine_allows(pin, 3, 2));
    assert_false(sg_machine_reaches(pin, 3, 2));
    assert_true(sg_machine_reaches(pin, 1, 3));
    assert_null(sg_machine_state(pin, 4));
}

/* A death is entered by who captures; that it was an error is adjudicated; a
 * state that a decision sets is nobody's to write. */
static void test_who_may_write(void **state)
{
    const struct sg_machine *vital = sg_machine_find(SG_TYPE_VITAL);
    const struct sg_machine *dossier = sg_machine_find(SG_TYPE_DOSSIER);
    const struct sg_machine *request = sg_machine_find(SG_TYPE_REQUEST);

    (void)state;
    assert_true(sg_machine_may_write(vital, 2, SG_ROLE_CAPTURE));
    assert_true(sg_machine_may_write(vital, 2, SG_ROLE_ADJUDICATE));
    assert_false(sg_machine_may_write(vital, 2, SG_ROLE_AUDIT));
    assert_false(sg_machine_may_write(vital, 4, SG_ROLE_CAPTURE));
    assert_true(sg_machine_may_write(vital, 4, SG_ROLE_APPROVE));
    assert_false(sg_machine_may_write(vital, 6, SG_ROLE_APPROVE));
    assert_true(sg_machine_may_write(vital, 6, SG_ROLE_ADJUDICATE));
    assert_false(sg_machine_may_write(vital, 9, SG_ROLE_ADJUDICATE));
    assert_true(sg_machine_may_write(dossier, 2, SG_ROLE_APPROVE));
    assert_false(sg_machine_may_write(request, 3, SG_ROLE_ADJUDICATE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_machines_are_those_of_the_page),
        cmocka_unit_test(test_only_these_have_machines),
        cmocka_unit_test(test_every_pair_is_decided),
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_who_may_write),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
