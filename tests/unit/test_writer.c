#include "storage/base/writer.h"

#include "storage/base/prng.h"
#include "storage/base/reader.h"
#include "tests/lib/dies.h"
#include "tests/lib/test.h"
#include "tests/lib/torture.h"

static const char fields[] = "01 0203 04050607 08090a0b0c0d0e0f 8001 b1b2b3";

static void write_fields(struct sg_writer *writer)
{
    sg_writer_u8(writer, 0x01);
    sg_writer_u16be(writer, 0x0203);
    sg_writer_u32be(writer, 0x04050607);
    sg_writer_u64be(writer, 0x08090a0b0c0d0e0f);
    sg_writer_varint(writer, 128);
    sg_writer_bytes(writer, sg_hex("b1b2b3"));
    sg_writer_bytes(writer, (struct sg_bytes){0});
}

/* A writer fills an array with the fields of a layout in order. */
static void test_writer_array(void **state)
{
    uint8_t array[20];
    struct sg_writer writer;

    (void)state;
    sg_writer_init_array(&writer, array, sizeof array);
    assert_int_equal(sg_writer_written(&writer).size, 0);
    write_fields(&writer);
    assert_hex(sg_writer_written(&writer), fields);
    assert_ok(sg_writer_end(&writer));
    assert_int_equal(writer.size, 20);
    assert_hex(SG_BYTES_ARRAY(array), fields);
}

/* A full array is an error that sticks; nothing is written past its end. */
static void test_writer_array_is_full(void **state)
{
    uint8_t array[4] = {0, 0, 0, 0xee};
    struct sg_writer writer;

    (void)state;
    sg_writer_init_array(&writer, array, 3);
    sg_writer_u16be(&writer, 0x0102);
    sg_writer_u16be(&writer, 0x0304);
    sg_writer_u8(&writer, 0x05);
    assert_null(sg_writer_room(&writer, 0));
    assert_int_equal(sg_writer_written(&writer).size, 0);
    sg_writer_fail(&writer, SG_ERR_NOMEM);
    assert_err(sg_writer_end(&writer), LIMIT);
    assert_hex(SG_BYTES_ARRAY(array), "010200ee");
}

/* A writer appends to a buffer, and what it wrote can be looked at. */
static void test_writer_buf(void **state)
{
    struct sg_buf buf;
    struct sg_writer writer;
    uint8_t *room;

    (void)state;
    sg_buf_init(&buf, 100);
    assert_ok(sg_buf_append(&buf, sg_hex("ff")));
    sg_writer_init_buf(&writer, &buf);
    assert_int_equal(sg_writer_written(&writer).size, 0);
    write_fields(&writer);
    assert_hex(sg_writer_written(&writer), fields);
    room = sg_writer_room(&writer, 1);
    assert_non_null(room);
    *room = 0xaa;
    assert_ok(sg_writer_end(&writer));
    assert_int_equal(writer.size, 21);
    assert_hex(sg_bytes(buf.data + 1, 20), fields);
    assert_int_equal(buf.data[21], 0xaa);
    sg_buf_clear(&buf);
}

/* After a failure the buffer holds what it held before the writer. */
static void test_writer_buf_is_cut_back(void **state)
{
    struct sg_buf buf;
    struct sg_writer writer;

    (void)state;
    sg_buf_init(&buf, 4);
    assert_ok(sg_buf_append(&buf, sg_hex("ff")));
    sg_writer_init_buf(&writer, &buf);
    sg_writer_u16be(&writer, 0x0102);
    sg_writer_u16be(&writer, 0x0304);
    assert_err(sg_writer_end(&writer), LIMIT);
    assert_hex(sg_buf_bytes(&buf), "ff");
    sg_writer_init_buf(&writer, &buf);
    sg_writer_fail(&writer, SG_ERR_MALFORMED);
    assert_err(sg_writer_end(&writer), MALFORMED);
    sg_buf_clear(&buf);
}

/* A varint has as many bytes as it needs, and is read back the same. */
static void test_writer_varint(void **state)
{
    struct sg_prng prng;

    (void)state;
    sg_prng_init(&prng, 1);
    for (unsigned bits = 0; bits <= 64; bits++) {
        for (unsigned round = 0; round < 50; round++) {
            uint64_t value = bits == 0 ? 0 : sg_prng_u64(&prng) >> (64 - bits);
            uint8_t array[SG_VARINT_SIZE_MAX];
            struct sg_writer writer;
            struct sg_reader reader;

            sg_writer_init_array(&writer, array, sizeof array);
            sg_writer_varint(&writer, value);
            assert_ok(sg_writer_end(&writer));
            sg_reader_init(&reader, sg_bytes(array, writer.size));
            assert_true(sg_reader_varint(&reader) == value);
            assert_ok(sg_reader_end(&reader));
        }
    }
}

static enum sg_err run_writer(void *context)
{
    struct sg_buf buf;
    struct sg_writer writer;
    enum sg_err err;

    (void)context;
    sg_buf_init(&buf, 2000);
    sg_writer_init_buf(&writer, &buf);
    for (unsigned i = 0; i < 100; i++)
        sg_writer_u64be(&writer, i);
    err = sg_writer_end(&writer);
    assert_int_equal(buf.size, err == SG_OK ? 800 : 0);
    sg_buf_clear(&buf);
    return err;
}

/* A failing allocation is found at the end and leaves nothing behind. */
static void test_writer_torture(void **state)
{
    (void)state;
    assert_int_equal(sg_torture_run(run_writer, NULL), 3);
}

static void init_without_array(void *context)
{
    sg_writer_init_array(context, NULL, 0);
}

static void write_to_changed_buf(void *context)
{
    sg_writer_u8(context, 0);
}

static void fail_with_ok(void *context)
{
    sg_writer_fail(context, SG_OK);
}

/* Using a writer against its contract aborts. */
static void test_writer_asserts(void **state)
{
    struct sg_writer writer;
    struct sg_buf buf;

    (void)state;
    assert_true(sg_dies(init_without_array, &writer));
    sg_buf_init(&buf, 10);
    sg_writer_init_buf(&writer, &buf);
    assert_true(sg_dies(fail_with_ok, &writer));
    assert_ok(sg_buf_append(&buf, sg_hex("00")));
    assert_true(sg_dies(write_to_changed_buf, &writer));
    sg_buf_clear(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writer_array),
        cmocka_unit_test(test_writer_array_is_full),
        cmocka_unit_test(test_writer_buf),
        cmocka_unit_test(test_writer_buf_is_cut_back),
        cmocka_unit_test(test_writer_varint),
        cmocka_unit_test(test_writer_torture),
        cmocka_unit_test(test_writer_asserts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
