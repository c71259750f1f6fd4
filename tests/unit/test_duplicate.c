/* storage/registry/quality/duplicate.h: two entries compared, pairs found. */
#include "storage/registry/quality/duplicate.h"

#include <string.h>

#include "tests/lib/test.h"

#define THRESHOLD  700u
#define POPULATION 160000u
#define HOME       UINT64_C(31475820191201)
#define AWAY       UINT64_C(31582020191201)
#define TEXT(text) SG_BYTES_TEXT(text)

static const uint8_t secret[32] = {7};

/* A woman as entered first: everything is known. */
static struct sg_duplicate_entry first(void)
{
    return (struct sg_duplicate_entry){
        .uid = {{1}},
        .match = TEXT("nguyên4 thi5 hoa1"),
        .family = TEXT("nguyen"),
        .middle = TEXT("thi"),
        .given = TEXT("hoa"),
        .birth = {19880315},
        .sex = 2,
        .pin = 999188000001,
        .old_number = TEXT("171234567"),
        .father = TEXT("nguyên van an"),
        .mother = TEXT("lê thi binh"),
        .hometown = {HOME},
        .residence = {HOME},
        .address = TEXT("Thôn 3"),
        .phone = TEXT("0912000001"),
    };
}

/* The same without what numbers and parents say. */
static struct sg_duplicate_entry bare(void)
{
    struct sg_duplicate_entry entry = first();

    entry.pin = 0;
    entry.old_number = entry.father = entry.mother = entry.phone =
        (struct sg_bytes){0};
    return entry;
}

static struct sg_duplicate_score score(struct sg_duplicate_entry a,
                                       struct sg_duplicate_entry b)
{
    struct sg_duplicate_score one, other;

    sg_duplicate_compare(&a, &b, 30, POPULATION, &one);
    sg_duplicate_compare(&b, &a, 30, POPULATION, &other);
    assert_memory_equal(&one, &other, sizeof one);
    assert_in_range(one.total, 0, 1000);
    return one;
}

/* The same entry twice is sure; nothing known on one side is no evidence. */
static void test_same_and_empty(void **state)
{
    const struct sg_duplicate_entry nobody = {.uid = {{2}}};

    (void)state;
    assert_true(score(first(), first()).total > 990);
    assert_int_equal(score(first(), nobody).weight, 0);
    for (int i = 1; i < SG_DUPLICATE_PART_COUNT; i++) {
        assert_int_equal(score(first(), nobody).parts[i], -1);
        assert_int_equal(score(first(), first()).parts[i], 1000);
    }
}

/* Homonyms are the point: one name, sex and birth year in one commune are no
 * pair; nor is one that is much rarer. */
static void test_homonyms_are_no_pair(void **state)
{
    struct sg_duplicate_entry other = bare();

    (void)state;
    other.birth.ymd = 19880722;
    assert_true(score(bare(), other).total < THRESHOLD);
    other.pin = 999188000002;
    assert_true(score(first(), other).total < THRESHOLD);
}

/* Twins: one day, parents and home, other given names. */
static void test_twins_are_no_pair(void **state)
{
    struct sg_duplicate_entry other = first();

    (void)state;
    other.match = TEXT("nguyên4 thi5 lan");
    other.given = TEXT("lan");
    other.pin = 999188000002;
    other.old_number = TEXT("171234568");
    assert_true(score(first(), other).total < THRESHOLD);
}

/* One slip in name or date does not hide a pair, even where no number helps. */
static void test_slips(void **state)
{
    struct sg_duplicate_entry entries[7];

    (void)state;
    for (size_t i = 0; i < 7; i++)
        entries[i] = bare();
    entries[0].birth.ymd = 19880000; /* the year only */
    entries[1].birth.ymd = 19880300;
    entries[2].birth.ymd = 19880316;
    entries[3].match = TEXT("nguyên4 hoa1");
    entries[3].middle = (struct sg_bytes){0};
    entries[4].match = TEXT("nguyen thi hoa"); /* no marks */
    entries[5].match = TEXT("nguyên4 thi5 hoan1");
    entries[5].given = TEXT("hoan");
    entries[6].match = TEXT("hoa1 thi5 nguyên4"); /* swapped */
    entries[6].family = TEXT("hoa");
    entries[6].given = TEXT("nguyen");
    for (size_t i = 0; i < 7; i++) {
        entries[i].phone = TEXT("0912000001");
        assert_true(score(first(), entries[i]).total >= THRESHOLD);
    }
}

/* Day and month in each other's place. */
static void test_turned_date(void **state)
{
    struct sg_duplicate_entry a = bare(), b = bare();

    (void)state;
    a.birth.ymd = 19880312;
    b.birth.ymd = 19881203;
    assert_int_equal(score(a, b).parts[SG_DUPLICATE_BIRTH], 800);
    assert_true(score(a, b).total >= THRESHOLD);
}

/* Every part that differs takes away, every part that agrees adds. */
static void test_each_part(void **state)
{
    struct sg_duplicate_entry other;
    int same = score(first(), first()).weight;

    (void)state;
#define DIFFERS(field, value, part)                   \
    other = first();                                  \
    other.field = value;                              \
    assert_true(score(first(), other).weight < same); \
    assert_true(score(first(), other).parts[SG_DUPLICATE_##part] < 1000)
    DIFFERS(birth.ymd, 19770101, BIRTH);
    DIFFERS(sex, 1, SEX);
    DIFFERS(pin, 999188000009, PIN);
    DIFFERS(old_number, TEXT("179999999"), OLD_NUMBER);
    DIFFERS(father, TEXT("trân van ba"), PARENTS);
    DIFFERS(mother, TEXT("trân thi ba"), PARENTS);
    DIFFERS(hometown.value, AWAY, HOMETOWN);
    DIFFERS(residence.value, AWAY, RESIDENCE);
    DIFFERS(address, TEXT("Thôn 4"), RESIDENCE);
    DIFFERS(phone, TEXT("0912999999"), PHONE);
#undef DIFFERS
}

/* A common name says less than a rare one. */
static void test_rarity(void **state)
{
    struct sg_duplicate_entry a = bare();
    struct sg_duplicate_score rare, common;

    (void)state;
    sg_duplicate_compare(&a, &a, 2, POPULATION, &rare);
    sg_duplicate_compare(&a, &a, 5000, POPULATION, &common);
    assert_true(rare.weight > common.weight);
}

/* Keys are hashed under the secret: another secret, other keys; what is not
 * known has none; a family and a given name are one key in either place. */
static void test_keys(void **state)
{
    const struct sg_duplicate_entry nobody = {.uid = {{2}}};
    const uint8_t other[32] = {8};
    uint64_t keys[SG_DUPLICATE_KEYS_MAX], others[SG_DUPLICATE_KEYS_MAX];
    struct sg_duplicate_entry entry = first();

    (void)state;
    assert_int_equal(sg_duplicate_keys(&nobody, secret, keys), 0);
    assert_int_equal(sg_duplicate_keys(&entry, secret, keys), 9);
    assert_int_equal(sg_duplicate_keys(&entry, other, others), 9);
    for (size_t i = 0; i < 9; i++)
        for (size_t k = 0; k < 9; k++) {
            assert_true(i == k || keys[i] != keys[k]);
            assert_true(keys[i] != others[k]);
        }
    entry.given = entry.family;
    assert_int_equal(sg_duplicate_keys(&entry, secret, keys), 8);
    assert_true(sg_duplicate_hash(secret, TEXT("a")) !=
                sg_duplicate_hash(other, TEXT("a")));
}

struct pairs {
    struct sg_duplicate_pair items[16];
    size_t count;
    enum sg_err err;
};

static enum sg_err take(void *context, const struct sg_duplicate_pair *pair)
{
    struct pairs *pairs = context;

    assert_true(pairs->count < 16);
    pairs->items[pairs->count++] = *pair;
    return pairs->err;
}

/* Fills ENTRIES with persons of other names and days; 3 and 7 are one. */
static void fill(struct sg_duplicate_entry *entries, char (*names)[16],
                 size_t count)
{
    for (size_t i = 0; i < count; i++) {
        entries[i] = first();
        entries[i].uid.bytes[1] = (uint8_t)i;
        if (i == 3 || i == 7)
            continue;
        /* Any two differ in two letters at least. */
        memcpy(names[i], "le thi ....", 12);
        names[i][7] = names[i][9] = (char)('a' + i % 13);
        names[i][8] = names[i][10] = (char)('a' + i / 13);
        entries[i].match = sg_bytes(names[i], 11);
        entries[i].given = sg_bytes(names[i] + 7, 4);
        entries[i].birth.ymd = 19500101 + (uint32_t)i * 10000;
        entries[i].pin += i;
        entries[i].old_number = entries[i].father = entries[i].mother =
            entries[i].phone = (struct sg_bytes){0};
    }
}

/* A pair is found once, whatever number of keys it shares, and nobody is
 * paired with himself. */
static void test_find(void **state)
{
    static struct sg_duplicate_entry entries[60];
    static char names[60][16];
    struct pairs pairs = {.count = 0};

    (void)state;
    fill(entries, names, 60);
    entries[5].given = entries[5].family;
    assert_ok(sg_duplicate_find(entries, 60, secret, THRESHOLD, take, &pairs));
    assert_int_equal(pairs.count, 1);
    assert_int_equal(pairs.items[0].a, 3);
    assert_int_equal(pairs.items[0].b, 7);
    assert_true(pairs.items[0].score.total >= THRESHOLD);
    pairs.count = 0;
    assert_ok(sg_duplicate_find(entries, 0, secret, THRESHOLD, take, &pairs));
    assert_int_equal(pairs.count, 0);
}

/* An error of the taker ends it. */
static void test_taker_fails(void **state)
{
    struct sg_duplicate_entry entries[3] = {first(), first(), first()};
    struct pairs pairs = {.err = SG_ERR_IO};

    (void)state;
    assert_err(sg_duplicate_find(entries, 3, secret, THRESHOLD, take, &pairs),
               IO);
    assert_int_equal(pairs.count, 1);
}

/* A key that too many share tells nothing and is passed over; the others
 * find the pair all the same. */
static void test_crowded_keys(void **state)
{
    static struct sg_duplicate_entry entries[150];
    static char names[150][16];
    struct pairs pairs = {.count = 0};

    (void)state;
    fill(entries, names, 150);
    for (size_t i = 0; i < 150; i++) {
        entries[i].pin = 0;
        if (i != 3 && i != 7)
            entries[i].birth.ymd = 19880315; /* with the family: one key */
    }
    assert_ok(sg_duplicate_find(entries, 150, secret, THRESHOLD, take, &pairs));
    assert_true(pairs.count >= 1);
    assert_int_equal(pairs.items[0].a, 3);
    assert_int_equal(pairs.items[0].b, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_and_empty),
        cmocka_unit_test(test_homonyms_are_no_pair),
        cmocka_unit_test(test_twins_are_no_pair),
        cmocka_unit_test(test_slips),
        cmocka_unit_test(test_turned_date),
        cmocka_unit_test(test_each_part),
        cmocka_unit_test(test_rarity),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_taker_fails),
        cmocka_unit_test(test_crowded_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
