/* tools/synth_authority.h: a history stands on it. */
#include <string.h>

#include "storage/registry/admission.h"
#include "storage/registry/unit_file.h"
#include "tests/lib/test.h"
#include "tools/synth_authority.h"

#define NODES 5u

/* Every record of a history is admitted and rightly signed, but what the rules
 * are there to refuse; and the units of the state are those of the table. */
static void test_synth_authority_admits_a_history(void **state)
{
    struct sg_synth_history_options options;
    const struct sg_synth_person *person;
    const struct sg_synth_record *records;
    struct sg_synth_history *history;
    struct sg_synth_authority *said;
    struct sg_authority *authority;
    struct sg_unit_table *units;
    struct sg_admission_judge judge;
    uint8_t keys[NODES][SG_KEY_SIZE];
    uint64_t index = 1;
    size_t count, admitted = 0, refused = 0;

    (void)state;
    assert_ok(sg_unit_file_read(sg_unit_file_shipped(), &units, NULL));
    assert_ok(sg_synth_authority_new(units, NODES, &said));
    sg_synth_history_options_init(&options, 400, 1);
    options.n_nodes = NODES;
    options.registry = *sg_synth_authority_registry(said);
    options.position = sg_synth_authority_position(said);
    assert_ok(sg_synth_history_new(&options, units, &history));
    assert_ok(sg_synth_authority_grant(said, history));
    assert_int_equal(1 + sg_synth_authority_count(said), options.position);
    assert_ok(sg_synth_authority_state(said, &authority));
    assert_int_equal(sg_unit_table_size(sg_authority_units(authority)),
                     sg_unit_table_size(units));
    (void)sg_authority_alarms(authority, &count);
    assert_int_equal(count, 0);
    for (unsigned node = 0; node < NODES; node++)
        sg_synth_authority_node(said, node, keys[node]);
    sg_admission_judge_init(&judge, authority, &options.registry);
    for (;;) {
        assert_ok(sg_synth_history_next(history, &person, &records, &count));
        if (count == 0)
            break;
        for (size_t i = 0; i < count; i++) {
            struct sg_admission_copy copy = {
                .place = {sg_synth_authority_log(said, records[i].node),
                          index++, 0},
                .node = keys[records[i].node],
                .log_kind = SG_LOG_RECORDS,
                .entry_kind = SG_ENTRY_SEALED,
                .payload = records[i].payload};
            struct sg_admission_verdict verdict;

            sg_admission_judge(&judge, &copy, &verdict);
            if (verdict.code == SG_ADMISSION_A13) {
                refused++;
                continue;
            }
            if (verdict.standing != SG_ADMISSION_ADMITTED)
                fail_msg("type %u: %s", records[i].type,
                         sg_admission_code_name(verdict.code));
            admitted++;
            if (index % 16 == 0)
                assert_int_equal(sg_admission_verify(&judge, &copy, &verdict),
                                 SG_ADMISSION_RIGHT);
        }
    }
    assert_true(admitted > 1500);
    assert_true(refused * 50 < admitted);
    sg_authority_free(authority);
    sg_synth_authority_free(said);
    sg_synth_history_free(history);
    sg_unit_table_free(units);
}

/* The same registry for the same units and nodes; none for no nodes. */
static void test_synth_authority_is_the_same_again(void **state)
{
    struct sg_synth_authority *first, *second;
    struct sg_unit_table *units;

    (void)state;
    assert_ok(sg_unit_file_read(sg_unit_file_shipped(), &units, NULL));
    assert_err(sg_synth_authority_new(units, 0, &first), INVALID);
    assert_err(sg_synth_authority_new(units, SG_SYNTH_NODES_MAX + 1, &first),
               INVALID);
    assert_ok(sg_synth_authority_new(units, 2, &first));
    assert_ok(sg_synth_authority_new(units, 2, &second));
    assert_memory_equal(sg_synth_authority_registry(first),
                        sg_synth_authority_registry(second),
                        sizeof(struct sg_registry_id));
    sg_synth_authority_free(first);
    sg_synth_authority_free(second);
    sg_unit_table_free(units);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_synth_authority_admits_a_history),
        cmocka_unit_test(test_synth_authority_is_the_same_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
