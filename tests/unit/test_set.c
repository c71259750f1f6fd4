#include "storage/lmdb/set.h"

#include <stdio.h>
#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/prng.h"
#include "storage/lmdb/sealed.h"
#include "tests/lib/tempdir.h"
#include "tests/lib/test.h"

#define DB       1u
#define LIST_MAX 20000u

static const char *const names[] = {"meta", "set"};

/* A set, and what is to be in it: ascending. */
struct fixture {
    char *dir;
    char path[4096];
    struct sg_sealed *sealed;
    struct sg_prng prng;
    size_t size; /* of a member */
    size_t count;
    uint8_t list[LIST_MAX][SG_SET_MEMBER_MAX];
    /* For the transaction at hand. */
    uint8_t member[SG_SET_MEMBER_MAX];
    struct sg_bytes key, value;
    size_t steps;
};

static int setup(void **state)
{
    struct fixture *f = sg_calloc(1, sizeof *f);
    enum sg_sealed_start start;

    assert_non_null(f);
    assert_ok(sg_crypto_init());
    f->dir = sg_tempdir_new();
    (void)snprintf(f->path, sizeof f->path, "%s/set", f->dir);
    assert_ok(sg_sealed_open(&(struct sg_sealed_config){.dir = f->path,
                                                        .databases = names,
                                                        .database_count = 2,
                                                        .format = 1,
                                                        .map_size = 1 << 24,
                                                        .map_size_max = 1 << 26,
                                                        .reserve_size = 1},
                             &f->sealed, &start));
    sg_prng_init(&f->prng, 7);
    f->size = 12;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    sg_sealed_close(f->sealed);
    sg_tempdir_free(f->dir);
    sg_free(f);
    return 0;
}

/* --- the list ---------------------------------------------------------- */

static size_t place_of(const struct fixture *f, const uint8_t *member)
{
    size_t begin = 0, count = f->count;

    while (count > 0) {
        size_t half = count / 2;

        if (memcmp(f->list[begin + half], member, f->size) < 0) {
            begin += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return begin;
}

static bool is_in(const struct fixture *f, size_t at, const uint8_t *member)
{
    return at < f->count && memcmp(f->list[at], member, f->size) == 0;
}

static void change_list(struct fixture *f, const uint8_t *member, bool is_put)
{
    size_t at = place_of(f, member), row = sizeof f->list[0];

    if (is_put == is_in(f, at, member))
        return;
    if (is_put) {
        assert_true(f->count < LIST_MAX);
        memmove(f->list[at + 1], f->list[at], (f->count - at) * row);
        memcpy(f->list[at], member, f->size);
        f->count++;
    } else {
        f->count--;
        memmove(f->list[at], f->list[at + 1], (f->count - at) * row);
    }
}

/* Some begin alike, as many names do that one word is hashed for. */
static void make_member(struct fixture *f, uint8_t *ret)
{
    memset(ret, 0, SG_SET_MEMBER_MAX);
    sg_prng_bytes(&f->prng, ret, f->size);
    switch (sg_prng_below(&f->prng, 4)) {
    case 0:
        memset(ret, 0x55, f->size - 2);
        break;
    case 1:
        memset(ret, (int)(sg_prng_below(&f->prng, 3) * 127), f->size - 3);
        break;
    default:
        break;
    }
}

/* --- promises ---------------------------------------------------------- */

static enum sg_err change(struct sg_txn *txn, void *context)
{
    struct fixture *f = context;

    for (size_t i = 0; i < f->steps; i++) {
        bool is_put = sg_prng_below(&f->prng, 100) < 60;
        uint8_t member[SG_SET_MEMBER_MAX];

        make_member(f, member);
        if (!is_put && f->count > 0)
            memcpy(member, f->list[sg_prng_below(&f->prng, f->count)], f->size);
        if (is_put)
            sg_set_put(txn, DB, sg_bytes(member, f->size));
        else
            sg_set_del(txn, DB, sg_bytes(member, f->size));
        change_list(f, member, is_put);
    }
    return sg_txn_err(txn);
}

static enum sg_err compare(struct sg_txn *txn, void *context)
{
    struct fixture *f = context;
    struct sg_set_walk walk;
    size_t at = 0;
    bool is_there;

    for (is_there = sg_set_seek(txn, DB, f->size, sg_bytes(NULL, 0), &walk);
         is_there; is_there = sg_set_next(&walk), at++) {
        assert_true(at < f->count);
        assert_memory_equal(walk.member, f->list[at], f->size);
    }
    assert_int_equal(at, f->count);
    for (unsigned i = 0; i < 200; i++) {
        uint8_t from[SG_SET_MEMBER_MAX];
        size_t size = 1 + sg_prng_below(&f->prng, f->size);

        make_member(f, from);
        memset(from + size, 0, sizeof from - size);
        at = place_of(f, from);
        is_there = sg_set_seek(txn, DB, f->size, sg_bytes(from, size), &walk);
        assert_int_equal(is_there, at < f->count);
        for (size_t k = at; k < f->count && k < at + 3; k++) {
            assert_memory_equal(walk.member, f->list[k], f->size);
            assert_int_equal(sg_set_next(&walk), k + 1 < f->count);
        }
    }
    return sg_txn_err(txn);
}

/* Whatever is put in and taken out in whatever order, the set has it in order,
 * and finds the first that is not below what is looked for. */
static void test_random(void **state)
{
    static const size_t sizes[] = {4, 7, 12, 13, SG_SET_MEMBER_MAX};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        static const uint8_t key[SG_KEY_SIZE];

        assert_ok(sg_sealed_clear(f->sealed, key));
        f->size = sizes[i];
        f->count = 0;
        for (unsigned round = 0; round < 12; round++) {
            f->steps = round == 0 ? 3 : 1000;
            assert_ok(sg_sealed_write(f->sealed, change, f));
            assert_ok(sg_sealed_read(f->sealed, compare, f));
        }
    }
}

static enum sg_err append(struct sg_txn *txn, void *context)
{
    static struct sg_set_fill fill;
    struct fixture *f = context;

    for (size_t i = f->steps; i < f->count; i++)
        sg_set_append(txn, DB, &fill, sg_bytes(f->list[i], f->size));
    sg_set_append_end(txn, DB, &fill);
    sg_set_append_end(txn, DB, &fill); /* of nothing */
    return sg_txn_err(txn);
}

/* What is appended in order, in several transactions, is there, in pages that
 * are full: less than 11 bytes of each member of 12; and goes on as any set. */
static void test_append(void **state)
{
    struct fixture *f = *state;
    struct sg_env_stat stat;

    f->size = 12;
    while (f->count < 15000) {
        uint8_t member[SG_SET_MEMBER_MAX] = {0};

        sg_prng_bytes(&f->prng, member, 12);
        change_list(f, member, true);
    }
    f->count = 5000;
    assert_ok(sg_sealed_write(f->sealed, append, f));
    f->count = 15000;
    f->steps = 5000;
    assert_ok(sg_sealed_write(f->sealed, append, f));
    assert_ok(sg_sealed_read(f->sealed, compare, f));
    assert_ok(sg_sealed_stat(f->sealed, &stat));
    assert_true(stat.file_size < 15000 * 12 + 16 * 4096);
    f->steps = 3000;
    assert_ok(sg_sealed_write(f->sealed, change, f));
    assert_ok(sg_sealed_read(f->sealed, compare, f));
}

static enum sg_err spoil(struct sg_txn *txn, void *context)
{
    const struct fixture *f = context;

    sg_txn_put(txn, DB, f->key, f->value);
    return sg_txn_err(txn);
}

static enum sg_err meet(struct sg_txn *txn, void *context)
{
    struct fixture *f = context;
    struct sg_set_walk walk;

    (void)sg_set_seek(txn, DB, 4, sg_bytes(f->member, 4), &walk);
    return sg_txn_err(txn);
}

static enum sg_err meet_next(struct sg_txn *txn, void *context)
{
    struct sg_set_walk walk;

    (void)context;
    assert_true(sg_set_seek(txn, DB, 4, sg_bytes(NULL, 0), &walk));
    while (sg_set_next(&walk))
        continue;
    return sg_txn_err(txn);
}

/* A row that cannot be is damage, for whoever looks into it. */
static void test_damaged(void **state)
{
    static uint8_t large[2 + 3 * (SG_SET_ROW_COUNT + 1)];
    static const uint8_t key[] = {1, 2, 3, 4}, vault[SG_KEY_SIZE];
    struct fixture *f = *state;
    const struct {
        struct sg_bytes key, value;
    } rows[] = {
        {sg_bytes(key, 4), sg_bytes((const uint8_t *)"", 0)},
        {sg_bytes(key, 4), sg_bytes((const uint8_t *)"\1", 1)},
        {sg_bytes(key, 4), sg_bytes((const uint8_t *)"\4abc", 4)},
        {sg_bytes(key, 4), sg_bytes((const uint8_t *)"\1abcd", 5)},
        {sg_bytes(key, 3), sg_bytes((const uint8_t *)"\1abc", 4)},
        {sg_bytes(key, 4), sg_bytes(large, 1 + 4 * (SG_SET_ROW_COUNT / 4))},
    };

    memset(large + 1, 0xff, sizeof large - 1);
    f->size = 4;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool is_right = i == 5;

        assert_ok(sg_sealed_clear(f->sealed, vault));
        f->key = rows[i].key;
        f->value = rows[i].value;
        assert_ok(sg_sealed_write(f->sealed, spoil, f));
        if (is_right)
            assert_ok(sg_sealed_read(f->sealed, meet, f));
        else
            assert_err(sg_sealed_read(f->sealed, meet, f), DAMAGED);
    }
    f->key = sg_bytes((const uint8_t *)"\xee\xee\xee\xee", 4);
    f->value = sg_bytes((const uint8_t *)"\7", 1);
    assert_ok(sg_sealed_write(f->sealed, spoil, f));
    assert_err(sg_sealed_read(f->sealed, meet_next, f), DAMAGED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_random, setup, teardown),
        cmocka_unit_test_setup_teardown(test_append, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
