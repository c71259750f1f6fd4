#include "storage/registry/unit.h"

#include <string.h>

#include "storage/base/limits.h"
#include "storage/registry/unit_file.h"
#include "tests/lib/dies.h"
#include "tests/lib/test.h"
#include "tests/lib/torture.h"

/* The days of the timeline (domain: 2.3), and days between. */
static const struct sg_date days[] = {{20191201}, {20230410}, {20240131},
                                      {20240201}, {20241231}, {20250101},
                                      {20250630}, {20250701}, {20301231}};

static struct sg_unit_table *shipped(void)
{
    struct sg_unit_table *table = NULL;

    assert_ok(sg_unit_file_read(sg_unit_file_shipped(), &table, NULL));
    return table;
}

static struct sg_unit_key key_of(uint64_t value)
{
    return (struct sg_unit_key){value};
}

static void assert_place(struct sg_unit_place place, enum sg_unit_fit fit,
                         uint64_t unit)
{
    assert_int_equal(place.fit, fit);
    assert_int_equal(place.unit.value, unit);
}

static void assert_name(const struct sg_unit *unit, const char *name)
{
    assert_non_null(unit);
    assert_int_equal(unit->name.size, strlen(name));
    assert_memory_equal(unit->name.data, name, unit->name.size);
}

/* A key is level, code and day as RECORDS writes them, and comes apart again;
 * a level or a day that does not exist is no key. */
static void test_unit_key(void **state)
{
    struct sg_unit_key key = sg_unit_key_make(SG_UNIT_LEVEL_COMMUNE, 14758,
                                              (struct sg_date){20250701});

    (void)state;
    assert_int_equal(key.value, 31475820250701);
    assert_int_equal(sg_unit_key_level(key), SG_UNIT_LEVEL_COMMUNE);
    assert_int_equal(sg_unit_key_code(key), 14758);
    assert_int_equal(sg_unit_key_from(key).ymd, 20250701);
    assert_true(sg_unit_key_is_valid(key));
    assert_true(sg_unit_key_is_valid(SG_UNIT_COUNTRY));
    assert_false(sg_unit_key_is_valid(key_of(20250701)));
    assert_false(sg_unit_key_is_valid(key_of(1475820250701)));
    assert_false(sg_unit_key_is_valid(key_of(41475820250701)));
    assert_false(sg_unit_key_is_valid(key_of(31475820250230)));
    assert_false(sg_unit_key_is_valid(key_of(31475820250700)));
    assert_false(sg_unit_key_is_valid(key_of(UINT64_MAX)));
}

/* The shipped table has 559, 558, 547 and 166 communes and 27, 26 and no
 * districts on the days on which the province had them. */
static void test_unit_timeline(void **state)
{
    static const size_t communes[] = {559, 559, 559, 558, 558,
                                      547, 547, 166, 166};
    static const size_t districts[] = {27, 27, 27, 27, 27, 26, 26, 0, 0};
    struct sg_unit_table *table = shipped();

    (void)state;
    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
        assert_int_equal(
            sg_unit_count_at(table, SG_UNIT_LEVEL_COMMUNE, days[i]),
            communes[i]);
        assert_int_equal(
            sg_unit_count_at(table, SG_UNIT_LEVEL_DISTRICT, days[i]),
            districts[i]);
        assert_int_equal(
            sg_unit_count_at(table, SG_UNIT_LEVEL_PROVINCE, days[i]), 1);
    }
    assert_int_equal(sg_unit_count_at(table, SG_UNIT_LEVEL_COMMUNE,
                                      (struct sg_date){20191130}),
                     0);
    assert_int_equal(sg_unit_table_check(table, NULL, 0), 0);
    sg_unit_table_free(table);
}

/* What a code meant on a day is what a walk over all units finds. */
static void test_unit_find_at(void **state)
{
    struct sg_unit_table *table = shipped();
    size_t found = 0;

    (void)state;
    for (size_t d = 0; d < sizeof days / sizeof days[0]; d++)
        for (uint32_t code = 0; code < 20000; code++) {
            const struct sg_unit *want = NULL;
            const struct sg_unit *got =
                sg_unit_find_at(table, SG_UNIT_LEVEL_COMMUNE, code, days[d]);

            if (code % 16 != 0 && got == NULL)
                continue;
            for (size_t i = 0; i < sg_unit_table_size(table); i++) {
                const struct sg_unit *unit = sg_unit_table_get(table, i);

                if (sg_unit_key_level(unit->key) == SG_UNIT_LEVEL_COMMUNE &&
                    sg_unit_key_code(unit->key) == code &&
                    sg_unit_is_at(unit, days[d]))
                    want = unit;
            }
            assert_ptr_equal(got, want);
            found += got != NULL;
        }
    assert_true(found > 4000);
    assert_null(sg_unit_find_at(table, SG_UNIT_LEVEL_COMMUNE, 100000, days[0]));
    assert_null(sg_unit_find_at(table, SG_UNIT_LEVEL_COUNTRY, 0, days[0]));
    sg_unit_table_free(table);
}

/* Every code of 2025-07-01 had been in use; 21 kept name and area, and the
 * other 145 mean another unit since: the key tells them apart by the day. */
static void test_unit_codes_reused(void **state)
{
    struct sg_unit_table *table = shipped();
    struct sg_date before = {20250630};
    size_t reused = 0;
    size_t kept = 0;

    (void)state;
    for (size_t i = 0; i < sg_unit_table_size(table); i++) {
        const struct sg_unit *now = sg_unit_table_get(table, i);
        const struct sg_unit *old;
        const struct sg_unit_edge *edges;
        size_t count;

        if (sg_unit_key_from(now->key).ymd != 20250701)
            continue;
        old = sg_unit_find_at(table, SG_UNIT_LEVEL_COMMUNE,
                              sg_unit_key_code(now->key), before);
        assert_non_null(old);
        assert_ptr_not_equal(old, now);
        edges = sg_unit_edges_to(table, now->key, &count);
        if (count == 1 && sg_unit_key_equal(edges[0].from, old->key) &&
            edges[0].share == SG_UNIT_WHOLE &&
            sg_bytes_equal(old->name, now->name))
            kept++;
        else
            reused++;
    }
    assert_int_equal(kept, 21);
    assert_int_equal(reused, 145);
    assert_name(sg_unit_find(table, key_of(31475820191201)), "Phường Đông Thọ");
    assert_name(sg_unit_find(table, key_of(31475820250701)), "Phường Hàm Rồng");
    sg_unit_table_free(table);
}

/* The reform of 2025-07-01 has 558 edges, 21 of them parts of 10 split
 * communes, all of them proven; edges mapped by name say so. */
static void test_unit_edges(void **state)
{
    struct sg_unit_table *table = shipped();
    size_t july = 0, parts = 0, split = 0, unproven = 0, back = 0;

    (void)state;
    for (size_t i = 0; i < sg_unit_table_size(table); i++) {
        const struct sg_unit *unit = sg_unit_table_get(table, i);
        const struct sg_unit_edge *edges;
        size_t count;

        (void)sg_unit_edges_to(table, unit->key, &count);
        back += count;
        edges = sg_unit_edges_from(table, unit->key, &count);
        split += count > 1;
        for (size_t k = 0; k < count; k++) {
            assert_true(sg_unit_key_equal(edges[k].from, unit->key));
            july += unit->until.ymd == 20250701;
            parts += edges[k].share == SG_UNIT_PART;
            unproven += !edges[k].is_proven;
            if (unit->until.ymd == 20250701)
                assert_true(edges[k].is_proven);
            back--;
        }
    }
    assert_int_equal(july, 558);
    assert_int_equal(parts, 21);
    assert_int_equal(split, 10);
    /* 11 codes died on 2025-01-01; 8 of those that went on took a new name. */
    assert_int_equal(unproven, 11 + 8);
    assert_int_equal(back, 0);
    sg_unit_table_free(table);
}

/* The changes of the timeline: Thieu Phu joined the town of Thieu Hoa; Minh Tam
 * became Hau Hien under its code; Yen Lac's code became Yen Ninh while the
 * code of the old Yen Ninh died; Dong Son went into the city. */
static void test_unit_carry(void **state)
{
    struct sg_unit_table *table = shipped();
    struct sg_date spring = {20240301}, year = {20250301};
    struct sg_date summer = {20250801};

    (void)state;
    assert_place(sg_unit_carry(table, key_of(31579020191201), days[2]),
                 SG_UNIT_FIT_EXACT, 31579020191201);
    assert_place(sg_unit_carry(table, key_of(31579020191201), spring),
                 SG_UNIT_FIT_EXACT, 31577220240201);
    assert_place(sg_unit_carry(table, key_of(31582920191201), spring),
                 SG_UNIT_FIT_EXACT, 31582920240201);
    assert_name(sg_unit_find(table, key_of(31582920240201)),
                "Thị trấn Hậu Hiền");
    assert_place(sg_unit_carry(table, key_of(31543920191201), year),
                 SG_UNIT_FIT_EXACT, 31544220250101);
    assert_name(sg_unit_find(table, key_of(31544220250101)), "Xã Yên Ninh");
    assert_name(sg_unit_find(table, key_of(31544220191201)), "Xã Yên Lạc");
    assert_place(sg_unit_carry(table, key_of(20040520191201), year),
                 SG_UNIT_FIT_EXACT, 20038020250101);
    /* The town of Thieu Hoa went to three: its people wait for a decision. */
    assert_place(sg_unit_carry(table, key_of(31579020191201), summer),
                 SG_UNIT_FIT_PENDING, 31577220240201);
    /* Districts ended without successor. */
    assert_place(sg_unit_carry(table, key_of(20039820191201), summer),
                 SG_UNIT_FIT_NONE, 20039820191201);
    assert_place(sg_unit_carry(table, key_of(39999920191201), summer),
                 SG_UNIT_FIT_NONE, 39999920191201);
    /* A home of a later day is not carried back. */
    assert_place(sg_unit_carry(table, key_of(31475820250701), spring),
                 SG_UNIT_FIT_EXACT, 31475820250701);
    sg_unit_table_free(table);
}

/* Fourteen communes of Dong Son came to the city and kept their codes. */
static void test_unit_dong_son(void **state)
{
    struct sg_unit_table *table = shipped();
    size_t moved = 0;

    (void)state;
    for (size_t i = 0; i < sg_unit_table_size(table); i++) {
        const struct sg_unit *unit = sg_unit_table_get(table, i);
        struct sg_unit_place place;

        if (unit->parent.value != 20040520191201)
            continue;
        place = sg_unit_carry(table, unit->key, (struct sg_date){20250101});
        assert_int_equal(place.fit, SG_UNIT_FIT_EXACT);
        assert_int_equal(sg_unit_key_code(place.unit),
                         sg_unit_key_code(unit->key));
        assert_int_equal(sg_unit_find(table, place.unit)->parent.value,
                         20038020250101);
        moved++;
    }
    assert_int_equal(moved, 14);
    sg_unit_table_free(table);
}

/* Any unit falls into one of any other day, or is pending, or unclear; among
 * larger units more is certain than among smaller ones. */
static void test_unit_project(void **state)
{
    struct sg_unit_table *table = shipped();
    struct sg_unit_key town = key_of(31577220240201);
    struct sg_unit_key ham_rong = key_of(31475820250701);
    struct sg_date july = {20250701}, old = {20230410};

    (void)state;
    assert_place(sg_unit_project(table, town, july, SG_UNIT_LEVEL_COMMUNE),
                 SG_UNIT_FIT_PENDING, town.value);
    assert_place(sg_unit_project(table, town, july, SG_UNIT_LEVEL_PROVINCE),
                 SG_UNIT_FIT_EXACT, 10003820191201);
    assert_place(sg_unit_project(table, town, july, SG_UNIT_LEVEL_DISTRICT),
                 SG_UNIT_FIT_NONE, town.value);
    /* Backwards: made of several communes, all of them of one city. */
    assert_place(sg_unit_project(table, ham_rong, old, SG_UNIT_LEVEL_COMMUNE),
                 SG_UNIT_FIT_UNCLEAR, ham_rong.value);
    assert_place(sg_unit_project(table, ham_rong, old, SG_UNIT_LEVEL_DISTRICT),
                 SG_UNIT_FIT_EXACT, 20038020191201);
    /* Backwards through one that was only renamed. */
    assert_place(sg_unit_project(table, key_of(31582920240201), old,
                                 SG_UNIT_LEVEL_COMMUNE),
                 SG_UNIT_FIT_EXACT, 31582920191201);
    assert_place(sg_unit_project(table, town, (struct sg_date){20180101},
                                 SG_UNIT_LEVEL_COMMUNE),
                 SG_UNIT_FIT_NONE, town.value);
    assert_place(sg_unit_project(table, key_of(39999920191201), old,
                                 SG_UNIT_LEVEL_COMMUNE),
                 SG_UNIT_FIT_NONE, 39999920191201);
    sg_unit_table_free(table);
}

/* A unit is valid on a day if it and all above it are there; days before the
 * first table count as its first day (V08). */
static void test_unit_chain(void **state)
{
    struct sg_unit_table *table = shipped();
    struct sg_unit_key old = key_of(31475520191201);

    (void)state;
    assert_true(sg_unit_chain_is_at(table, old, (struct sg_date){20230101}));
    assert_true(sg_unit_chain_is_at(table, old, (struct sg_date){19540507}));
    assert_false(sg_unit_chain_is_at(table, old, (struct sg_date){20250101}));
    assert_true(sg_unit_chain_is_at(table, SG_UNIT_COUNTRY, days[0]));
    assert_false(sg_unit_chain_is_at(table, key_of(31475520200101), days[1]));
    sg_unit_table_free(table);
}

/* A grant for a unit covers it and what lies in it on its own day, and nothing
 * that took over its code. */
static void test_unit_covers(void **state)
{
    struct sg_unit_table *table = shipped();
    struct sg_unit_key ward = key_of(31475820191201);

    (void)state;
    assert_true(sg_unit_covers(table, ward, ward));
    assert_true(sg_unit_covers(table, key_of(20038020191201), ward));
    assert_true(sg_unit_covers(table, key_of(10003820191201), ward));
    assert_true(sg_unit_covers(table, SG_UNIT_COUNTRY, ward));
    assert_false(sg_unit_covers(table, key_of(20038120191201), ward));
    assert_false(sg_unit_covers(table, ward, key_of(31475820250701)));
    assert_false(sg_unit_covers(table, ward, key_of(20038020191201)));
    assert_false(sg_unit_covers(table, ward, key_of(39999920191201)));
    sg_unit_table_free(table);
}

static const struct sg_unit ward = {
    .key = {30000120200101},
    .parent = {10000120200101},
    .kind = 8,
    .name = {(const uint8_t *)"A", 1},
};
static const struct sg_unit province = {
    .key = {10000120200101},
    .kind = 1,
    .name = {(const uint8_t *)"P", 1},
};

/* What a unit of a table may not be is refused, and nothing added. */
static void test_unit_add_refuses(void **state)
{
    static const uint8_t text[SG_UNIT_NAME_SIZE_MAX + 1] = {'A'};
    struct sg_unit_table *table = NULL;
    struct sg_unit bad = ward;
    struct sg_unit_edge edge = {
        ward.key, {30000120210101}, SG_UNIT_WHOLE, true, {NULL, 0}};

    (void)state;
    assert_ok(sg_unit_table_new(&table));
    bad.key.value = 0;
    assert_err(sg_unit_table_add(table, &bad), INVALID);
    bad.key.value = 30000120200230;
    assert_err(sg_unit_table_add(table, &bad), INVALID);
    bad = ward;
    bad.parent.value = 5;
    assert_err(sg_unit_table_add(table, &bad), INVALID);
    bad = ward;
    bad.until.ymd = 20200101;
    assert_err(sg_unit_table_add(table, &bad), INVALID);
    bad.until.ymd = 20210000;
    assert_err(sg_unit_table_add(table, &bad), INVALID);
    bad = ward;
    bad.name.size = 0;
    assert_err(sg_unit_table_add(table, &bad), INVALID);
    bad.name = sg_bytes(text, sizeof text);
    assert_err(sg_unit_table_add(table, &bad), LIMIT);
    bad = ward;
    bad.act = sg_bytes(text, SG_UNIT_ACT_SIZE_MAX + 1);
    assert_err(sg_unit_table_add(table, &bad), LIMIT);
    edge.act = bad.act;
    assert_err(sg_unit_table_link(table, &edge), LIMIT);
    edge.act.size = 0;
    edge.share = (enum sg_unit_share)3;
    assert_err(sg_unit_table_link(table, &edge), INVALID);
    edge.share = SG_UNIT_PART;
    edge.to.value = 7;
    assert_err(sg_unit_table_link(table, &edge), INVALID);
    assert_ok(sg_unit_table_seal(table));
    assert_int_equal(sg_unit_table_size(table), 0);
    assert_null(sg_unit_find(table, ward.key));
    sg_unit_table_free(table);
}

/* One unit or edge twice, and more edges of one unit than a statement can
 * list, do not become a table. */
static void test_unit_seal_refuses(void **state)
{
    for (int twice = 0; twice < 3; twice++) {
        struct sg_unit_table *table = NULL;
        struct sg_unit_edge edge = {
            ward.key, {30000220200101}, SG_UNIT_PART, true, {NULL, 0}};

        (void)state;
        assert_ok(sg_unit_table_new(&table));
        assert_ok(sg_unit_table_add(table, &ward));
        if (twice == 0)
            assert_ok(sg_unit_table_add(table, &ward));
        assert_ok(sg_unit_table_link(table, &edge));
        if (twice == 1)
            assert_ok(sg_unit_table_link(table, &edge));
        for (int i = 0; twice == 2 && i < SG_UNIT_EDGES_MAX; i++) {
            edge.to.value += 100000000;
            assert_ok(sg_unit_table_link(table, &edge));
        }
        if (twice == 2)
            assert_err(sg_unit_table_seal(table), LIMIT);
        else
            assert_err(sg_unit_table_seal(table), EXISTS);
        sg_unit_table_free(table);
    }
}

/* A table has room for SG_UNITS_MAX units and SG_UNIT_ALL_EDGES_MAX edges, with
 * texts of any length allowed, and refuses the next. */
static void test_unit_limit(void **state)
{
    static uint8_t text[SG_UNIT_NAME_SIZE_MAX];
    struct sg_unit_table *table = NULL;
    struct sg_unit unit = province;
    struct sg_unit_edge edge = {ward.key, ward.key, SG_UNIT_PART, true,
                                sg_bytes(text, SG_UNIT_ACT_SIZE_MAX)};

    (void)state;
    memset(text, 'A', sizeof text);
    unit.name = SG_BYTES_ARRAY(text);
    unit.act = edge.act;
    assert_ok(sg_unit_table_new(&table));
    for (uint32_t i = 0; i < SG_UNITS_MAX; i++) {
        unit.key = sg_unit_key_make(SG_UNIT_LEVEL_COMMUNE, i,
                                    (struct sg_date){20200101});
        assert_ok(sg_unit_table_add(table, &unit));
    }
    unit.key.value++;
    assert_err(sg_unit_table_add(table, &unit), LIMIT);
    for (uint32_t i = 0; i < SG_UNIT_ALL_EDGES_MAX; i++)
        assert_ok(sg_unit_table_link(table, &edge));
    assert_err(sg_unit_table_link(table, &edge), LIMIT);
    sg_unit_table_free(table);
}

struct faulty {
    enum sg_unit_fault_kind kind;
    struct sg_unit units[3];
    struct sg_unit_edge edges[2];
    uint64_t unit, other;
};

#define NAME(text)                                \
    {                                             \
        (const uint8_t *)(text), sizeof(text) - 1 \
    }

static const struct faulty faults[] = {
    {SG_UNIT_FAULT_NAME,
     {{.key = {30000120200101}, .parent = {10000120200101}, .name = NAME("A")},
      {.key = {30000220210101}, .parent = {10000120200101}, .name = NAME("A")}},
     {{.share = 0}},
     30000120200101,
     30000220210101},
    {SG_UNIT_FAULT_OVERLAP,
     {{.key = {30000120200101},
       .parent = {10000120200101},
       .until = {20220101},
       .name = NAME("A")},
      {.key = {30000120210101}, .parent = {10000120200101}, .name = NAME("B")}},
     {{.share = 0}},
     30000120200101,
     30000120210101},
    {SG_UNIT_FAULT_PARENT,
     {{.key = {30000120200101}, .parent = {20000120200101}, .name = NAME("A")}},
     {{.share = 0}},
     30000120200101,
     20000120200101},
    {SG_UNIT_FAULT_PARENT,
     {{.key = {30000120200101}, .parent = {30000120200101}, .name = NAME("A")}},
     {{.share = 0}},
     30000120200101,
     30000120200101},
    {SG_UNIT_FAULT_PARENT,
     {{.key = {30000120200101}, .parent = {0}, .name = NAME("A")}},
     {{.share = 0}},
     30000120200101,
     0},
    {SG_UNIT_FAULT_COVER,
     {{.key = {20000120200101},
       .parent = {10000120200101},
       .until = {20210101},
       .name = NAME("D")},
      {.key = {30000120200101}, .parent = {20000120200101}, .name = NAME("A")}},
     {{.share = 0}},
     30000120200101,
     20000120200101},
    {SG_UNIT_FAULT_COVER,
     {{.key = {30000120191231}, .parent = {10000120200101}, .name = NAME("A")}},
     {{.share = 0}},
     30000120191231,
     10000120200101},
    {SG_UNIT_FAULT_FROM,
     {{.key = {30000120200101}, .parent = {10000120200101}, .name = NAME("A")}},
     {{{30000920200101}, {30000120200101}, SG_UNIT_WHOLE, 1, {NULL, 0}}},
     30000920200101,
     30000120200101},
    {SG_UNIT_FAULT_TO,
     {{.key = {30000120200101},
       .parent = {10000120200101},
       .until = {20210101},
       .name = NAME("A")}},
     {{{30000120200101}, {10000120200101}, SG_UNIT_WHOLE, 1, {NULL, 0}}},
     30000120200101,
     10000120200101},
    {SG_UNIT_FAULT_TO,
     {{.key = {30000120200101},
       .parent = {10000120200101},
       .until = {20210101},
       .name = NAME("A")},
      {.key = {30000220220101}, .parent = {10000120200101}, .name = NAME("B")}},
     {{{30000120200101}, {30000220220101}, SG_UNIT_WHOLE, 1, {NULL, 0}}},
     30000120200101,
     30000220220101},
    {SG_UNIT_FAULT_SHARE,
     {{.key = {30000120200101},
       .parent = {10000120200101},
       .until = {20210101},
       .name = NAME("A")},
      {.key = {30000220210101}, .parent = {10000120200101}, .name = NAME("B")}},
     {{{30000120200101}, {30000220210101}, SG_UNIT_PART, 1, {NULL, 0}}},
     30000120200101,
     30000220210101},
};

/* Each fault that a table can have is found, by kind and by its units. */
static void test_unit_faults(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct sg_unit_table *table = NULL;
        struct sg_unit_fault found[4];

        assert_ok(sg_unit_table_new(&table));
        assert_ok(sg_unit_table_add(table, &province));
        for (size_t k = 0; k < 3 && faults[i].units[k].key.value != 0; k++)
            assert_ok(sg_unit_table_add(table, &faults[i].units[k]));
        for (size_t k = 0; k < 2 && faults[i].edges[k].share != 0; k++)
            assert_ok(sg_unit_table_link(table, &faults[i].edges[k]));
        assert_ok(sg_unit_table_seal(table));
        assert_int_equal(sg_unit_table_check(table, found, 4), 1);
        assert_int_equal(found[0].kind, faults[i].kind);
        assert_int_equal(found[0].unit.value, faults[i].unit);
        assert_int_equal(found[0].other.value, faults[i].other);
        sg_unit_table_free(table);
    }
}

/* An edge from a unit that has not ended is a fault, and one that leads
 * nowhere ends the way of a home instead of hanging. */
static void test_unit_edge_without_end(void **state)
{
    struct sg_unit_edge edge = {
        ward.key, province.key, SG_UNIT_WHOLE, true, {NULL, 0}};
    struct sg_unit ended = ward;
    struct sg_unit_table *table = NULL;
    struct sg_unit_fault found[1];

    (void)state;
    assert_ok(sg_unit_table_new(&table));
    assert_ok(sg_unit_table_add(table, &province));
    assert_ok(sg_unit_table_add(table, &ward));
    assert_ok(sg_unit_table_link(table, &edge));
    assert_ok(sg_unit_table_seal(table));
    assert_true(sg_unit_table_check(table, found, 1) > 1);
    assert_int_equal(found[0].kind, SG_UNIT_FAULT_FROM);
    sg_unit_table_free(table);

    ended.until.ymd = 20210101;
    edge.to.value = 30000920210101;
    assert_ok(sg_unit_table_new(&table));
    assert_ok(sg_unit_table_add(table, &ended));
    assert_ok(sg_unit_table_link(table, &edge));
    assert_ok(sg_unit_table_seal(table));
    assert_place(sg_unit_carry(table, ward.key, (struct sg_date){20220101}),
                 SG_UNIT_FIT_NONE, ward.key.value);
    assert_place(sg_unit_project(table, ward.key, (struct sg_date){20220101},
                                 SG_UNIT_LEVEL_COMMUNE),
                 SG_UNIT_FIT_NONE, ward.key.value);
    sg_unit_table_free(table);
}

/* Adds commune CODE of FROM, in no parent's way, ended on UNTIL. */
static struct sg_unit_key add_commune(struct sg_unit_table *table,
                                      uint32_t code, uint32_t from,
                                      uint32_t until)
{
    char name[8] = {'N', (char)('0' + code / 100), (char)('0' + code / 10 % 10),
                    (char)('0' + code % 10)};
    struct sg_unit unit = ward;

    unit.key =
        sg_unit_key_make(SG_UNIT_LEVEL_COMMUNE, code, (struct sg_date){from});
    unit.until.ymd = until;
    unit.name = sg_bytes(name, 4);
    assert_ok(sg_unit_table_add(table, &unit));
    return unit.key;
}

static void add_edge(struct sg_unit_table *table, struct sg_unit_key from,
                     struct sg_unit_key to, enum sg_unit_share share)
{
    struct sg_unit_edge edge = {from, to, share, true, {NULL, 0}};

    assert_ok(sg_unit_table_link(table, &edge));
}

/* Parts that come together again are one place; and where a unit went into
 * more parts than are followed, its people are pending, never misplaced. */
static void test_unit_project_bounded(void **state)
{
    struct sg_date later = {20230101};

    (void)state;
    for (int is_split_again = 0; is_split_again < 2; is_split_again++) {
        struct sg_unit_table *table = NULL;
        struct sg_unit_key whole, again;

        assert_ok(sg_unit_table_new(&table));
        assert_ok(sg_unit_table_add(table, &province));
        whole = add_commune(table, 1, 20200101, 20210101);
        again = add_commune(table, 2, 20220101, 0);
        for (uint32_t i = 0; i < SG_UNIT_EDGES_MAX; i++) {
            struct sg_unit_key part =
                add_commune(table, 100 + i, 20210101, 20220101);

            add_edge(table, whole, part, SG_UNIT_PART);
            if (is_split_again) {
                add_edge(table, part, add_commune(table, 200 + i, 20220101, 0),
                         SG_UNIT_PART);
                add_edge(table, part, again, SG_UNIT_PART);
            } else {
                add_edge(table, part, again, SG_UNIT_WHOLE);
            }
        }
        assert_ok(sg_unit_table_seal(table));
        assert_int_equal(sg_unit_table_check(table, NULL, 0), 0);
        if (is_split_again)
            assert_place(
                sg_unit_project(table, whole, later, SG_UNIT_LEVEL_COMMUNE),
                SG_UNIT_FIT_PENDING, whole.value);
        else
            assert_place(
                sg_unit_project(table, whole, later, SG_UNIT_LEVEL_COMMUNE),
                SG_UNIT_FIT_EXACT, again.value);
        /* His own way stays open at the first split. */
        assert_place(sg_unit_carry(table, whole, later), SG_UNIT_FIT_PENDING,
                     whole.value);
        sg_unit_table_free(table);
    }
}

/* Edges of units that are not there are in nobody's way. */
static void test_unit_edges_of_strangers(void **state)
{
    struct sg_unit_table *table = NULL;
    struct sg_unit_key first, second, stranger = {30000020190101};
    size_t count = 9;

    (void)state;
    assert_ok(sg_unit_table_new(&table));
    assert_ok(sg_unit_table_add(table, &province));
    first = add_commune(table, 1, 20200101, 20210101);
    second = add_commune(table, 2, 20210101, 0);
    add_edge(table, stranger, second, SG_UNIT_WHOLE);
    add_edge(table, first, second, SG_UNIT_WHOLE);
    add_edge(table, first, stranger, SG_UNIT_WHOLE);
    assert_ok(sg_unit_table_seal(table));
    (void)sg_unit_edges_from(table, stranger, &count);
    assert_int_equal(count, 0);
    count = 9;
    (void)sg_unit_edges_to(table, stranger, &count);
    assert_int_equal(count, 0);
    (void)sg_unit_edges_from(table, first, &count);
    assert_int_equal(count, 2);
    (void)sg_unit_edges_to(table, second, &count);
    assert_int_equal(count, 2);
    /* Back in time only the one that was there. */
    assert_place(sg_unit_project(table, second, (struct sg_date){20200601},
                                 SG_UNIT_LEVEL_COMMUNE),
                 SG_UNIT_FIT_EXACT, first.value);
    sg_unit_table_free(table);
}

static enum sg_err read_shipped(void *context)
{
    struct sg_unit_table *table = NULL;
    enum sg_err err = sg_unit_file_read(sg_unit_file_shipped(), &table, NULL);

    (void)context;
    if (err == SG_OK)
        sg_unit_table_free(table);
    return err;
}

/* A failing allocation is NOMEM, and nothing is left behind. */
static void test_unit_memory(void **state)
{
    (void)state;
    assert_true(sg_torture_run(read_shipped, NULL) > 5);
    sg_unit_table_free(NULL);
}

static void ask_unsealed(void *context)
{
    (void)sg_unit_find(context, ward.key);
}

/* Asking a table that is not sealed is a mistake of the caller. */
static void test_unit_unsealed_dies(void **state)
{
    struct sg_unit_table *table = NULL;

    (void)state;
    assert_ok(sg_unit_table_new(&table));
    assert_true(sg_dies(ask_unsealed, table));
    sg_unit_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unit_key),
        cmocka_unit_test(test_unit_timeline),
        cmocka_unit_test(test_unit_find_at),
        cmocka_unit_test(test_unit_codes_reused),
        cmocka_unit_test(test_unit_edges),
        cmocka_unit_test(test_unit_carry),
        cmocka_unit_test(test_unit_dong_son),
        cmocka_unit_test(test_unit_project),
        cmocka_unit_test(test_unit_chain),
        cmocka_unit_test(test_unit_covers),
        cmocka_unit_test(test_unit_add_refuses),
        cmocka_unit_test(test_unit_seal_refuses),
        cmocka_unit_test(test_unit_limit),
        cmocka_unit_test(test_unit_faults),
        cmocka_unit_test(test_unit_edge_without_end),
        cmocka_unit_test(test_unit_project_bounded),
        cmocka_unit_test(test_unit_edges_of_strangers),
        cmocka_unit_test(test_unit_memory),
        cmocka_unit_test(test_unit_unsealed_dies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
