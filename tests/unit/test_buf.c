#include "storage/base/buf.h"

#include <string.h>

#include "storage/base/alloc.h"
#include "tests/lib/dies.h"
#include "tests/lib/test.h"
#include "tests/lib/torture.h"

/* What is appended is there, in order, across growth. */
static void test_buf_append(void **state)
{
    struct sg_buf buf;

    (void)state;
    sg_buf_init(&buf, 5000);
    for (unsigned i = 0; i < 5000; i++) {
        uint8_t byte = (uint8_t)(i * 7);

        assert_ok(sg_buf_append(&buf, sg_bytes(&byte, 1)));
        assert_true(buf.capacity <= buf.size_max);
    }
    assert_int_equal(buf.size, 5000);
    for (unsigned i = 0; i < 5000; i++)
        assert_int_equal(buf.data[i], (uint8_t)(i * 7));
    sg_buf_clear(&buf);
}

/* An append beyond the maximum is refused and changes nothing; up to the
 * maximum all fits. */
static void test_buf_maximum(void **state)
{
    struct sg_buf buf;

    (void)state;
    sg_buf_init(&buf, 3);
    assert_ok(sg_buf_append(&buf, sg_hex("0102")));
    assert_err(sg_buf_append(&buf, sg_hex("0304")), LIMIT);
    assert_err(sg_buf_reserve(&buf, SIZE_MAX), LIMIT);
    assert_hex(sg_buf_bytes(&buf), "0102");
    assert_ok(sg_buf_append(&buf, sg_hex("03")));
    assert_hex(sg_buf_bytes(&buf), "010203");
    assert_int_equal(buf.capacity, 3);
    sg_buf_clear(&buf);
}

/* An empty buffer gives no bytes, and takes none, without memory. */
static void test_buf_nothing(void **state)
{
    struct sg_buf buf;
    uint8_t *room = NULL;

    (void)state;
    sg_buf_init(&buf, 0);
    assert_ok(sg_buf_append(&buf, (struct sg_bytes){0}));
    assert_ok(sg_buf_extend(&buf, 0, &room));
    assert_null(room);
    assert_null(buf.data);
    assert_int_equal(sg_buf_bytes(&buf).size, 0);
    assert_err(sg_buf_append(&buf, sg_hex("00")), LIMIT);
    sg_buf_clear(&buf);
}

/* After a reserve, appending that much moves nothing and cannot fail. */
static void test_buf_reserve(void **state)
{
    struct sg_buf buf;
    const uint8_t *data;

    (void)state;
    sg_buf_init(&buf, 100000);
    assert_ok(sg_buf_append(&buf, sg_hex("aa")));
    assert_ok(sg_buf_reserve(&buf, 3000));
    data = buf.data;
    sg_alloc_fail_at(1);
    for (unsigned i = 0; i < 3000; i++)
        assert_ok(sg_buf_append(&buf, sg_hex("bb")));
    assert_false(sg_alloc_failed());
    sg_alloc_fail_at(0);
    assert_ptr_equal(buf.data, data);
    sg_buf_clear(&buf);
}

/* Growth doubles, so n appends make about log n allocations. */
static void test_buf_grows_by_doubling(void **state)
{
    struct sg_buf buf;
    size_t capacity = 0;
    unsigned growths = 0;

    (void)state;
    sg_buf_init(&buf, 1 << 20);
    for (unsigned i = 0; i < 1 << 20; i++) {
        assert_ok(sg_buf_append(&buf, SG_BYTES_TEXT("x")));
        growths += buf.capacity != capacity;
        capacity = buf.capacity;
    }
    assert_int_equal(growths, 13); /* 256, 512, …, 1048576 */
    sg_buf_clear(&buf);
}

/* Room that was given is part of the buffer. */
static void test_buf_extend(void **state)
{
    struct sg_buf buf;
    uint8_t *room;

    (void)state;
    sg_buf_init(&buf, 10);
    assert_ok(sg_buf_append(&buf, sg_hex("01")));
    assert_ok(sg_buf_extend(&buf, 2, &room));
    memcpy(room, "\x02\x03", 2);
    assert_hex(sg_buf_bytes(&buf), "010203");
    assert_ok(sg_buf_extend(&buf, 0, &room));
    assert_ptr_equal(room, buf.data + 3);
    room = NULL;
    assert_err(sg_buf_extend(&buf, 8, &room), LIMIT);
    assert_null(room);
    sg_buf_clear(&buf);
}

/* Cutting back keeps the head and the memory. */
static void test_buf_truncate(void **state)
{
    struct sg_buf buf;

    (void)state;
    sg_buf_init(&buf, 10);
    assert_ok(sg_buf_append(&buf, sg_hex("010203")));
    sg_buf_truncate(&buf, 1);
    assert_hex(sg_buf_bytes(&buf), "01");
    assert_ok(sg_buf_append(&buf, sg_hex("04")));
    assert_hex(sg_buf_bytes(&buf), "0104");
    sg_buf_clear(&buf);
}

/* A cleared buffer is empty, may be cleared again, and is as good as new. */
static void test_buf_clear(void **state)
{
    struct sg_buf buf;
    int64_t live = sg_alloc_live();

    (void)state;
    sg_buf_clear(NULL);
    sg_buf_wipe(NULL);
    sg_buf_init(&buf, 10);
    assert_ok(sg_buf_append(&buf, sg_hex("01")));
    sg_buf_clear(&buf);
    assert_int_equal(sg_alloc_live(), live);
    assert_int_equal(buf.size, 0);
    sg_buf_clear(&buf);
    sg_buf_wipe(&buf);
    assert_ok(sg_buf_append(&buf, sg_hex("02")));
    assert_hex(sg_buf_bytes(&buf), "02");
    sg_buf_wipe(&buf);
    assert_int_equal(sg_alloc_live(), live);
    assert_null(buf.data);
}

static enum sg_err run_appends(void *context)
{
    struct sg_buf buf;
    enum sg_err err = SG_OK;

    (void)context;
    sg_buf_init(&buf, 1 << 16);
    for (unsigned i = 0; i < 3000 && err == SG_OK; i++) {
        struct sg_bytes before = sg_buf_bytes(&buf);

        err = sg_buf_append(&buf, SG_BYTES_TEXT("abc"));
        if (err != SG_OK) {
            assert_int_equal(buf.size, before.size);
            assert_ptr_equal(buf.data, before.data);
        }
    }
    sg_buf_clear(&buf);
    return err;
}

/* A failing allocation leaves the buffer as it was. */
static void test_buf_torture(void **state)
{
    (void)state;
    assert_int_equal(sg_torture_run(run_appends, NULL), 7);
}

static void truncate_beyond(void *context)
{
    sg_buf_truncate(context, 1);
}

static void reserve_again(void *context)
{
    assert_ok(sg_buf_reserve(context, 0));
}

/* Using a buffer against its contract aborts. */
static void test_buf_asserts(void **state)
{
    struct sg_buf buf;

    (void)state;
    sg_buf_init(&buf, 10);
    assert_true(sg_dies(truncate_beyond, &buf));
    buf.size = 11;
    assert_true(sg_dies(reserve_again, &buf));
    buf.capacity = 11;
    assert_true(sg_dies(reserve_again, &buf));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buf_append),
        cmocka_unit_test(test_buf_maximum),
        cmocka_unit_test(test_buf_nothing),
        cmocka_unit_test(test_buf_reserve),
        cmocka_unit_test(test_buf_grows_by_doubling),
        cmocka_unit_test(test_buf_extend),
        cmocka_unit_test(test_buf_truncate),
        cmocka_unit_test(test_buf_clear),
        cmocka_unit_test(test_buf_torture),
        cmocka_unit_test(test_buf_asserts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
