/* storage/registry/authority.h: what its statements come to, each kind by
 * itself. RECORDS.md, sections 6.3 to 6.11. */
#include <string.h>

#include "tests/lib/test.h"
#include "tests/unit/book_state.h"

#define DAY(n)     ((struct sg_date){n})
#define DAY_MS     UINT64_C(86400000)
#define CAPTURE    SG_ROLE_CAPTURE
#define APPROVE    SG_ROLE_APPROVE
#define CENTRAL    SG_AUTHORITY_ROLE_CENTRAL
#define DISTRICT   SG_AUTHORITY_ROLE_DISTRICT
#define ROLE_ROOT  SG_AUTHORITY_ROLE_AUTHORITY
#define PROVINCE   BOOK_PROVINCE
#define OLD        BOOK_OLD
#define NEW        BOOK_NEW
#define GENESIS_MS BOOK_GENESIS_MS

/* --- cuts -------------------------------------------------------------- */

static bool is_above_node(const struct book_state *fixture, unsigned node,
                          unsigned log, uint64_t index, uint32_t branch)
{
    struct sg_authority_place at = book_place(fixture, log, index, branch);

    return sg_authority_is_above_node(fixture->authority,
                                      fixture->book.nodes[node].public, &at);
}

static bool is_above_officer(const struct book_state *fixture, unsigned officer,
                             unsigned log, uint64_t index)
{
    struct sg_authority_place at = book_place(fixture, log, index, 0);

    return sg_authority_is_above_officer(
        fixture->authority, &fixture->book.officers[officer].id, &at);
}

/* A cut by size: entries below stand, those at or above do not, and every log
 * of the key that is not listed has cut 0. Other keys are not touched. */
static void test_node_cut_by_size(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    const struct book_stand stands[] = {{2, 10, 0}, {4, 3, 0}};

    (void)book_admit(book, 0, 1, DISTRICT, 20300101);
    (void)book_cut_node(book, 0, 1, SG_AUTHORITY_REVOKED, stands, 2);
    (void)book_seal(fixture);
    assert_false(is_above_node(fixture, 1, 2, 9, 0));
    assert_true(is_above_node(fixture, 1, 2, 10, 0));
    assert_true(is_above_node(fixture, 1, 3, 0, 0));
    assert_false(is_above_node(fixture, 2, 3, 99, 0));
    assert_int_equal(
        sg_authority_node_cut(fixture->authority, book->nodes[1].public),
        SG_AUTHORITY_REVOKED);
    assert_int_equal(
        sg_authority_node_cut(fixture->authority, book->nodes[2].public),
        SG_AUTHORITY_NOT_CUT);
}

/* Deny beats allow: a cut holds though the node is admitted again later, and at
 * every position. Several cuts combine to the smallest size for each log. */
static void test_cuts_combine_and_beat_admissions(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    const struct book_stand first[] = {{2, 10, 0}, {3, 5, 0}};
    const struct book_stand second[] = {{2, 4, 0}, {3, 9, 0}};

    (void)book_cut_node(book, 0, 1, SG_AUTHORITY_RETIRED, first, 2);
    (void)book_cut_node(book, 0, 1, SG_AUTHORITY_SUSPENDED, second, 2);
    (void)book_admit(book, 0, 1, DISTRICT, 20300101);
    (void)book_seal(fixture);
    assert_false(is_above_node(fixture, 1, 2, 3, 0));
    assert_true(is_above_node(fixture, 1, 2, 4, 0));
    assert_false(is_above_node(fixture, 1, 3, 4, 0));
    assert_true(is_above_node(fixture, 1, 3, 5, 0));
    assert_int_equal(
        sg_authority_node_cut(fixture->authority, book->nodes[1].public),
        SG_AUTHORITY_RETIRED);
}

/* A lifted suspension is as if never made; a retirement or revocation is never
 * lifted, and asking for it is an alarm. */
static void test_lift_ends_suspensions_only(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    struct sg_ref suspended, revoked, officer;

    suspended = book_cut_node(book, 0, 1, SG_AUTHORITY_SUSPENDED, NULL, 0);
    revoked = book_cut_node(book, 0, 2, SG_AUTHORITY_REVOKED, NULL, 0);
    officer = book_cut_officer(book, 0, 3, SG_AUTHORITY_SUSPENDED, NULL, 0);
    (void)book_seal(fixture);
    assert_true(is_above_node(fixture, 1, 2, 1, 0));
    assert_true(is_above_officer(fixture, 3, 2, 1));
    (void)book_lift(book, 0, suspended);
    (void)book_lift(book, 0, revoked);
    (void)book_lift(book, 0, officer);
    (void)book_seal(fixture);
    assert_false(is_above_node(fixture, 1, 2, 1, 0));
    assert_false(is_above_officer(fixture, 3, 2, 1));
    assert_true(is_above_node(fixture, 2, 4, 1, 0));
    assert_int_equal(
        book_count_alarms(fixture->authority, SG_AUTHORITY_ALARM_LIFT), 1);
}

/* Of a forked log the branch with the root that is named stands; when that
 * branch is not held, what all branches share stands up to the size. */
static void test_cut_names_a_branch(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    const struct book_stand branch[] = {{2, 20, 2}};
    const struct book_stand unknown[] = {{4, 20, 99}};

    for (unsigned i = 0; i < 4; i++) {
        (void)book_heartbeat(book, 2, 1);
        (void)book_heartbeat(book, 4, 1);
    }
    book_fork(book, 2);
    book_fork(book, 4);
    (void)book_cut_node(book, 0, 1, SG_AUTHORITY_REVOKED, branch, 1);
    (void)book_cut_node(book, 0, 2, SG_AUTHORITY_REVOKED, unknown, 1);
    (void)book_seal(fixture);
    assert_false(is_above_node(fixture, 1, 2, 4, 0));
    assert_false(is_above_node(fixture, 1, 2, 7, 2));
    assert_true(is_above_node(fixture, 1, 2, 7, 1));
    assert_true(is_above_node(fixture, 1, 2, 20, 2));
    assert_false(is_above_node(fixture, 2, 4, 4, 0));
    assert_true(is_above_node(fixture, 2, 4, 7, 1));
    assert_true(is_above_node(fixture, 2, 4, 7, 2));
}

/* An officer's cut is over the logs that he wrote in. */
static void test_officer_cut_by_size(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    const struct book_stand stands[] = {{2, 10, 0}};

    (void)book_cut_officer(book, 0, 0, SG_AUTHORITY_REVOKED, stands, 1);
    (void)book_seal(fixture);
    assert_false(is_above_officer(fixture, 0, 2, 9));
    assert_true(is_above_officer(fixture, 0, 2, 10));
    assert_true(is_above_officer(fixture, 0, 3, 0));
    assert_false(is_above_officer(fixture, 1, 3, 0));
    assert_int_equal(
        sg_authority_officer_cut(fixture->authority, &book->officers[0].id),
        SG_AUTHORITY_REVOKED);
}

/* A range of the root lets entries count: these indices of this log, of all
 * officers or of one, on its branch. */
static void test_endorse_range(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    const struct book_stand all = {2, 20, 0}, one = {3, 20, 0};
    const unsigned officer = 1;
    const struct sg_key_id *ids[] = {&book->officers[0].id,
                                     &book->officers[1].id};
    struct sg_authority_place at;

    (void)book_endorse_range(book, 0, &all, 10, NULL);
    (void)book_endorse_range(book, 0, &one, 10, &officer);
    (void)book_seal(fixture);
    at = book_place(fixture, 2, 9, 0);
    assert_false(sg_authority_is_endorsed(fixture->authority, ids[0], &at));
    at.index = 10;
    assert_true(sg_authority_is_endorsed(fixture->authority, ids[0], &at));
    at.index = 19;
    assert_true(sg_authority_is_endorsed(fixture->authority, ids[1], &at));
    at.branch = 1;
    assert_false(sg_authority_is_endorsed(fixture->authority, ids[1], &at));
    at = book_place(fixture, 2, 20, 0);
    assert_false(sg_authority_is_endorsed(fixture->authority, ids[0], &at));
    at = book_place(fixture, 3, 15, 0);
    assert_false(sg_authority_is_endorsed(fixture->authority, ids[0], &at));
    assert_true(sg_authority_is_endorsed(fixture->authority, ids[1], &at));
}

/* --- erasure ----------------------------------------------------------- */

/* An order names entries by place, and by record for the bridge; of two orders
 * for one entry the smaller ref is given. */
static void test_erasure_and_its_bridge(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    const struct sg_ref record = {{9}}, child = {{8}};
    const struct sg_ref parents[] = {{{1}}, {{2}}};
    struct sg_ref parent;
    const struct sg_authority_erased *erased;
    struct sg_ref a, b;

    a = book_erase(book, 0, 2, 7, record, parents, 2);
    b = book_erase(book, 0, 2, 7, record, NULL, 0);
    (void)book_erase(book, 0, 2, 6, child, parents, 2);
    (void)book_seal(fixture);
    erased = sg_authority_find_erased(fixture->authority, &book->logs[2], 7);
    assert_non_null(erased);
    assert_memory_equal(&erased->order, sg_ref_compare(&a, &b) < 0 ? &a : &b,
                        sizeof(a));
    assert_null(
        sg_authority_find_erased(fixture->authority, &book->logs[2], 8));
    assert_null(
        sg_authority_find_erased(fixture->authority, &book->logs[3], 7));
    erased = sg_authority_find_bridge(fixture->authority, &record);
    assert_non_null(erased);
    assert_int_equal(erased->index, 7);
    erased = sg_authority_find_bridge(fixture->authority, &child);
    assert_non_null(erased);
    assert_int_equal(erased->n_parents, 2);
    parent = sg_authority_erased_parent(erased, 0);
    assert_memory_equal(&parent, &parents[0], sizeof(parent));
    parent = sg_authority_erased_parent(erased, 1);
    assert_memory_equal(&parent, &parents[1], sizeof(parent));
    assert_null(sg_authority_find_bridge(fixture->authority, &parents[0]));
}

/* --- units ------------------------------------------------------------- */

/* Units and successions are those of the position; the whole cut's make a
 * table, and the nodes admitted for them serve them. */
static void test_units_at_a_position_and_in_the_cut(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    const struct sg_unit_key old = {OLD}, new = {NEW}, province = {PROVINCE};
    const struct sg_authority *authority;
    const struct sg_unit *unit;
    struct sg_authority_at then;
    size_t count;

    book_write_units(book); /* 2 to 5 */
    authority = book_seal(fixture);
    then = book_at(authority, 0, 4);
    assert_null(sg_authority_unit(&then, new));
    assert_false(sg_authority_is_part(&then, old, new));
    then = book_at(authority, 0, 6);
    unit = sg_authority_unit(&then, new);
    assert_non_null(unit);
    assert_int_equal(unit->parent.value, PROVINCE);
    assert_true(sg_authority_is_part(&then, old, new));
    assert_false(sg_authority_is_part(&then, new, old));
    assert_int_equal(sg_unit_table_size(sg_authority_units(authority)), 3);
    assert_non_null(sg_unit_find(sg_authority_units(authority), province));
    assert_non_null(
        sg_unit_edges_from(sg_authority_units(authority), old, &count));
    assert_int_equal(count, 1);
}

/* A grant covers the unit, what lies below it, and with 0 the country; a unit
 * that is not defined has nothing above it. */
static void test_grants_cover_what_lies_below(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    const struct sg_unit_key new = {NEW}, province = {PROVINCE};
    const struct sg_authority_grant *grant;
    struct sg_authority_at then;
    const struct sg_authority *authority;

    (void)book_grant(book, 0, 0, CAPTURE, PROVINCE, 20300101);
    (void)book_grant(book, 0, 1, CAPTURE, NEW, 20300101);
    (void)book_grant(book, 0, 2, CAPTURE, 0, 20300101);
    book_write_units(book);
    authority = book_seal(fixture);
    then = book_at_cut(authority);
    grant = sg_authority_grant(&then, &book->officers[0].id);
    assert_true(sg_authority_covers(&then, grant, new));
    assert_true(sg_authority_covers(&then, grant, province));
    assert_false(sg_authority_covers(&then, grant, SG_UNIT_COUNTRY));
    grant = sg_authority_grant(&then, &book->officers[1].id);
    assert_true(sg_authority_covers(&then, grant, new));
    assert_false(sg_authority_covers(&then, grant, province));
    grant = sg_authority_grant(&then, &book->officers[2].id);
    assert_true(sg_authority_covers(&then, grant, new));
    assert_true(sg_authority_covers(&then, grant, SG_UNIT_COUNTRY));
    then = book_at(authority, 0, 5); /* before the units */
    grant = sg_authority_grant(&then, &book->officers[0].id);
    assert_false(sg_authority_covers(&then, grant, new));
    grant = sg_authority_grant(&then, &book->officers[1].id);
    assert_true(sg_authority_covers(&then, grant, new));
}

/* A unit that is no unit is an alarm and left out of the table. */
static void test_impossible_unit_is_an_alarm(void **state)
{
    struct book_state *fixture = *state;
    const struct sg_authority *authority;

    (void)book_unit(&fixture->book, 0, NEW, PROVINCE, 20200101, "Sai");
    authority = book_seal(fixture);
    assert_int_equal(sg_unit_table_size(sg_authority_units(authority)), 0);
    assert_int_equal(book_count_alarms(authority, SG_AUTHORITY_ALARM_UNIT), 1);
}

/* A re-homing beats the admission; what the cut does not list is late. */
static void test_territory_follows_the_acts(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    const struct sg_unit_key new = {NEW};
    struct sg_territory_node node;
    const struct sg_territory *territory;
    struct sg_record_build *build;
    struct sg_pack *pack;

    book_write_units(book);
    build = book_statement(book, SG_TYPE_REHOME);
    pack = sg_record_build_field(build, SG_FIELD_REHOME_UNITS);
    sg_pack_array(pack, 1);
    sg_pack_uint(pack, PROVINCE);
    sg_record_build_bin(build, SG_FIELD_REHOME_FROM,
                        SG_BYTES_ARRAY(book->nodes[1].public));
    sg_record_build_bin(build, SG_FIELD_REHOME_TO,
                        SG_BYTES_ARRAY(book->nodes[2].public));
    pack = sg_record_build_field(build, SG_FIELD_REHOME_CUT);
    sg_pack_array(pack, 1);
    sg_pack_array(pack, 3);
    sg_pack_bin(pack, SG_BYTES_ARRAY(book->logs[2].hash.bytes));
    sg_pack_uint(pack, 10);
    sg_pack_bin(pack, SG_BYTES_ARRAY(book->logs[2].hash.bytes));
    sg_record_build_str(build, SG_FIELD_REHOME_ACT, SG_BYTES_TEXT("QĐ 1"));
    (void)book_write(book, 0);
    territory = sg_authority_territory(book_seal(fixture));
    assert_non_null(sg_territory_node_of(territory, new));
    assert_memory_equal(sg_territory_node_of(territory, new)->key,
                        book->nodes[2].public, SG_KEY_SIZE);
    memcpy(node.key, book->nodes[1].public, SG_KEY_SIZE);
    assert_false(
        sg_territory_is_late(territory, new, &node, &book->logs[2].hash, 9));
    assert_true(
        sg_territory_is_late(territory, new, &node, &book->logs[2].hash, 10));
}

/* --- codes ------------------------------------------------------------- */

/* A code is looked up at the position, on the days it is valid; a later
 * statement replaces its part whole, and no other part. */
static void test_codes_at_a_position(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    const uint16_t first[] = {1, 2}, second[] = {2, 3}, other[] = {9};
    const struct sg_authority *authority;
    struct sg_authority_at then;
    const struct sg_date day = {20250801}, before = {20191231};

    (void)book_codes(book, 0, SG_TABLE_ETHNIC, 0, first, 2, 20200101);  /* 2 */
    (void)book_codes(book, 0, SG_TABLE_ETHNIC, 1, other, 1, 20200101);  /* 3 */
    (void)book_codes(book, 0, SG_TABLE_ETHNIC, 0, second, 2, 20200101); /* 4 */
    authority = book_seal(fixture);
    then = book_at(authority, 0, 2);
    assert_false(sg_authority_has_code(&then, SG_TABLE_ETHNIC, 1, day, day));
    then = book_at(authority, 0, 4);
    assert_true(sg_authority_has_code(&then, SG_TABLE_ETHNIC, 1, day, day));
    assert_true(sg_authority_has_code(&then, SG_TABLE_ETHNIC, 9, day, day));
    assert_false(sg_authority_has_code(&then, SG_TABLE_RELIGION, 1, day, day));
    assert_false(
        sg_authority_has_code(&then, SG_TABLE_ETHNIC, 1, before, before));
    assert_true(sg_authority_has_code(&then, SG_TABLE_ETHNIC, 1, before, day));
    then = book_at_cut(authority);
    assert_false(sg_authority_has_code(&then, SG_TABLE_ETHNIC, 1, day, day));
    assert_true(sg_authority_has_code(&then, SG_TABLE_ETHNIC, 3, day, day));
    assert_true(sg_authority_has_code(&then, SG_TABLE_ETHNIC, 9, day, day));
    assert_true(sg_bytes_equal(
        sg_authority_code_text(&then, SG_TABLE_ETHNIC, 3, day, SG_LANG_EN),
        SG_BYTES_TEXT("English")));
    assert_true(sg_bytes_equal(
        sg_authority_code_text(&then, SG_TABLE_ETHNIC, 3, day, SG_LANG_VI),
        SG_BYTES_TEXT("tiếng Việt")));
    assert_int_equal(
        sg_authority_code_text(&then, SG_TABLE_ETHNIC, 1, day, SG_LANG_VI).size,
        0);
    assert_int_equal(book_count_alarms(authority, SG_AUTHORITY_ALARM_CODE), 0);
    (void)book_codes(book, 0, SG_TABLE_ETHNIC, 2, other, 1, 20200101);
    assert_int_equal(
        book_count_alarms(book_seal(fixture), SG_AUTHORITY_ALARM_CODE), 1);
}

/* --- leases ------------------------------------------------------------ */

/* Where two nodes were leased one number, the smaller order's node keeps it, as
 * seen at the position; an alarm. One node may have both. */
static void test_leases_never_overlap(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    const struct sg_authority *authority;
    struct sg_authority_at then;
    struct sg_pin_block block;
    struct sg_ref first, second, third, fourth;

    first = book_block(book, 0, 1, 100, 199);  /* 2 */
    second = book_block(book, 0, 2, 150, 250); /* 3 */
    third = book_block(book, 0, 1, 190, 210);  /* 4 */
    fourth = book_block(book, 0, 3, 50, 105);  /* 5: begins before */
    authority = book_seal(fixture);
    assert_int_equal(book_count_alarms(authority, SG_AUTHORITY_ALARM_BLOCK), 3);
    then = book_at_cut(authority);
    assert_true(sg_authority_block(&then, &first, 150, &block));
    assert_memory_equal(block.node, book->nodes[1].public, SG_KEY_SIZE);
    assert_false(sg_authority_block(&then, &second, 150, &block));
    assert_false(sg_authority_block(&then, &second, 199, &block));
    assert_true(sg_authority_block(&then, &second, 200, &block));
    /* The second has it, by its place in the order. */
    assert_false(sg_authority_block(&then, &third, 195, &block));
    assert_true(sg_authority_block(&then, &first, 102, &block));
    assert_true(sg_authority_block(&then, &fourth, 99, &block));
    assert_false(sg_authority_block(&then, &fourth, 102, &block));
    then = book_at(authority, 0, 3);
    assert_false(sg_authority_block(&then, &second, 200, &block));
    assert_false(sg_authority_block(&then, &(struct sg_ref){{7}}, 1, &block));
}

/* Which lease is the earlier is asked among those of the position: one of
 * smaller order that came later takes nothing from what was written before. */
static void test_leases_are_those_of_the_position(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    const struct sg_authority *authority;
    struct sg_authority_at then;
    struct sg_pin_block block;
    struct sg_ref lease;

    book->serial = 20;
    lease = book_block(book, 0, 1, 100, 199); /* 2 */
    book->serial = 10;
    (void)book_block(book, 0, 2, 150, 250); /* 3 */
    authority = book_seal(fixture);
    then = book_at(authority, 0, 3);
    assert_true(sg_authority_block(&then, &lease, 150, &block));
    then = book_at(authority, 0, 4);
    assert_false(sg_authority_block(&then, &lease, 150, &block));
}

/* --- campaigns --------------------------------------------------------- */

static unsigned campaign_age(const struct sg_authority *authority,
                             unsigned *ret_state)
{
    const struct sg_authority_campaign *campaigns;
    struct sg_record record;
    size_t count;

    campaigns = sg_authority_campaigns(authority, &count);
    *ret_state = 0;
    if (count == 0)
        return 0;
    assert_int_equal(count, 1);
    *ret_state = campaigns[0].state;
    assert_ok(sg_record_decode(campaigns[0].payload, &record));
    return (unsigned)sg_record_uint(&record, SG_FIELD_CAMPAIGN_AGE);
}

/* A campaign moves one state at a time, from draft; once frozen its rule does
 * not change. What would is ignored, with an alarm. */
static void test_campaign_moves_and_freezes(void **state)
{
    static const struct {
        unsigned state, age;     /* said */
        unsigned then, age_then; /* stands */
        size_t alarms;
    } steps[] = {
        {2, 14, 0, 0, 1}, /* over draft */
        {1, 14, 1, 14, 1}, {1, 16, 1, 16, 1}, {3, 16, 1, 16, 2},
        {2, 18, 2, 18, 2}, {2, 14, 2, 18, 3}, {3, 18, 3, 18, 3},
        {1, 18, 3, 18, 4}, {4, 18, 4, 18, 4},
    };
    struct book_state *fixture = *state;
    unsigned now;

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        (void)book_campaign(&fixture->book, 0, 1, steps[i].state, steps[i].age);
        assert_int_equal(campaign_age(book_seal(fixture), &now),
                         steps[i].age_then);
        assert_int_equal(now, steps[i].then);
        assert_int_equal(
            book_count_alarms(fixture->authority, SG_AUTHORITY_ALARM_CAMPAIGN),
            steps[i].alarms);
    }
}

/* --- rules, policies, calendars ---------------------------------------- */

/* The largest version is in force; of changes the later beginning holds, and
 * those of versions that this program lacks are not followed. */
static void test_rules_in_force(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    const struct sg_rules_change *changes;
    const struct sg_authority *authority = book_seal(fixture);
    size_t count;

    assert_int_equal(sg_authority_rule_version(authority), 1);
    book_write_rules(book, 1, 20250801, 1);
    authority = book_seal(fixture);
    changes = sg_authority_rules_changes(authority, &count);
    assert_int_equal(count, 2);
    assert_int_equal(sg_rules_severity(6, SG_RULES_RECORD, false, DAY(20250731),
                                       changes, count),
                     SG_RULES_REJECT);
    assert_int_equal(sg_rules_severity(6, SG_RULES_RECORD, false, DAY(20250801),
                                       changes, count),
                     1);
    assert_int_equal(sg_rules_severity(6, SG_RULES_RECORD, false, DAY(20250802),
                                       changes, count),
                     2);
    book_write_rules(book, 2, 20250801, 0);
    authority = book_seal(fixture);
    (void)sg_authority_rules_changes(authority, &count);
    assert_int_equal(sg_authority_rule_version(authority), 2);
    assert_int_equal(count, 2);
}

/* A policy is its statement's value, else the default of the page; of lists a
 * member replaces its own default. */
static void test_policies_and_their_defaults(void **state)
{
    static const uint64_t defaults[] = {7, 30, 35, 200, 45, 700, 1000, 0, 90};
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    const struct sg_authority *authority = book_seal(fixture);
    struct sg_record_build *build;
    struct sg_pack *pack;

    for (unsigned i = 1; i <= 9; i++)
        assert_int_equal(
            sg_authority_policy(authority, (enum sg_authority_policy)i, 0),
            defaults[i - 1]);
    assert_int_equal(sg_authority_policy(authority,
                                         SG_AUTHORITY_POLICY_MANDATORY,
                                         32u << 8 | 4),
                     1);
    (void)book_policy(book, 0, 6, 650);
    build = book_statement(book, SG_TYPE_POLICY);
    sg_record_build_uint(build, SG_FIELD_POLICY_NUMBER, 8);
    sg_record_build_uint(build, SG_FIELD_POLICY_VALUE, 0);
    pack = sg_record_build_field(build, SG_FIELD_POLICY_DETAIL);
    sg_pack_array(pack, 1);
    sg_pack_array(pack, 2);
    sg_pack_uint(pack, 32u << 8 | 4);
    sg_pack_uint(pack, 0);
    (void)book_write(book, 0);
    authority = book_seal(fixture);
    assert_int_equal(
        sg_authority_policy(authority, SG_AUTHORITY_POLICY_DUPLICATE_SCORE, 0),
        650);
    assert_int_equal(sg_authority_policy(authority,
                                         SG_AUTHORITY_POLICY_MANDATORY,
                                         32u << 8 | 4),
                     0);
    assert_int_equal(sg_authority_policy(authority,
                                         SG_AUTHORITY_POLICY_MANDATORY,
                                         32u << 8 | 3),
                     1);
}

/* Calendars come ascending by year, the later statement of a year only. */
static void test_calendars_by_year(void **state)
{
    struct book_state *fixture = *state;
    const struct sg_calendar *calendar;

    book_write_year(&fixture->book, 2026, 96);
    book_write_year(&fixture->book, 2025, 96);
    book_write_year(&fixture->book, 2026, 64);
    calendar = sg_authority_calendar(book_seal(fixture));
    assert_int_equal(calendar->n_years, 2);
    assert_int_equal(calendar->years[0].year, 2025);
    assert_int_equal(calendar->years[1].rest, 64);
}

/* A certificate that says otherwise than the fields is an alarm; the fields
 * count. */
static void test_certificate_differs(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    struct sg_record_build *build;
    static const uint8_t certificate[SG_CERTIFICATE_SIZE];
    struct sg_authority_at cut;

    (void)book_admit(book, 0, 1, DISTRICT, 20300101);
    build = book_statement(book, SG_TYPE_NODE_ADMIT);
    sg_record_build_bin(build, SG_FIELD_NODE_ADMIT_CERTIFICATE,
                        SG_BYTES_ARRAY(certificate));
    sg_record_build_bin(build, SG_FIELD_NODE_ADMIT_NODE,
                        SG_BYTES_ARRAY(book->nodes[2].public));
    sg_record_build_uint(build, SG_FIELD_NODE_ADMIT_ROLE, CENTRAL);
    sg_record_build_uint(build, SG_FIELD_NODE_ADMIT_FROM, 20250701);
    sg_record_build_uint(build, SG_FIELD_NODE_ADMIT_UNTIL, 20300101);
    (void)book_write(book, 0);
    cut = book_at_cut(book_seal(fixture));
    assert_int_equal(book_get_role(fixture, &cut, 2), CENTRAL);
    assert_int_equal(
        book_count_alarms(fixture->authority, SG_AUTHORITY_ALARM_CERTIFICATE),
        1);
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, book_setup, book_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_node_cut_by_size),
        TEST(test_cuts_combine_and_beat_admissions),
        TEST(test_lift_ends_suspensions_only),
        TEST(test_cut_names_a_branch),
        TEST(test_officer_cut_by_size),
        TEST(test_endorse_range),
        TEST(test_erasure_and_its_bridge),
        TEST(test_units_at_a_position_and_in_the_cut),
        TEST(test_grants_cover_what_lies_below),
        TEST(test_impossible_unit_is_an_alarm),
        TEST(test_territory_follows_the_acts),
        TEST(test_codes_at_a_position),
        TEST(test_leases_never_overlap),
        TEST(test_leases_are_those_of_the_position),
        TEST(test_campaign_moves_and_freezes),
        TEST(test_rules_in_force),
        TEST(test_policies_and_their_defaults),
        TEST(test_calendars_by_year),
        TEST(test_certificate_differs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
