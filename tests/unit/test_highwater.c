#include "storage/log/highwater.h"

#include <string.h>

#include "storage/base/buf.h"
#include "storage/base/crypto.h"
#include "tests/lib/page.h"
#include "tests/lib/test.h"

static void example(uint8_t ret[SG_HIGHWATER_SLOT_SIZE])
{
    struct sg_buf page;
    sg_buf_init(&page, SG_HIGHWATER_SLOT_SIZE);
    sg_page_hex("storage/FORMAT.md", "highwater-slot", &page);
    assert_int_equal(page.size, SG_HIGHWATER_SLOT_SIZE);
    memcpy(ret, page.data, page.size);
    sg_buf_clear(&page);
}

/* The slot of FORMAT.md is read and written byte for byte. */
static void test_example(void **state)
{
    uint8_t page[SG_HIGHWATER_SLOT_SIZE], again[SG_HIGHWATER_SLOT_SIZE];
    struct sg_highwater highwater;
    (void)state;

    example(page);
    assert_ok(sg_highwater_decode(page, &highwater));
    assert_int_equal(highwater.sequence, 7);
    assert_int_equal(highwater.count, 1);
    assert_int_equal(highwater.logs[0].kind, SG_LOG_RECORDS);
    assert_int_equal(highwater.logs[0].checkpoint.size, 3);
    sg_highwater_encode(&highwater, again);
    assert_memory_equal(again, page, sizeof page);
    highwater.logs[0].kind = SG_LOG_AUDIT;
    sg_highwater_encode(&highwater, again);
    assert_ok(sg_highwater_decode(again, &highwater));
    assert_int_equal(highwater.logs[0].kind, SG_LOG_AUDIT);
}

/* Every single bit of a slot is covered: one that flips makes it invalid. */
static void test_flips(void **state)
{
    uint8_t page[SG_HIGHWATER_SLOT_SIZE];
    struct sg_highwater highwater;
    size_t i;
    (void)state;

    example(page);
    for (i = 0; i < 8 * sizeof page; i++) {
        page[i / 8] ^= (uint8_t)(1u << i % 8);
        assert_err(sg_highwater_decode(page, &highwater), MALFORMED);
        page[i / 8] ^= (uint8_t)(1u << i % 8);
    }
}

/* Of two valid slots the later counts; a torn one leaves the other; none is
 * NOTFOUND; a short file has fewer slots. */
static void test_choose(void **state)
{
    static uint8_t file[SG_HIGHWATER_FILE_SIZE];
    struct sg_highwater highwater;
    unsigned slot;
    (void)state;

    assert_err(sg_highwater_choose(SG_BYTES_ARRAY(file), &highwater, &slot),
               NOTFOUND);
    example(file);
    assert_ok(sg_highwater_decode(file, &highwater));
    highwater.sequence = 8;
    sg_highwater_encode(&highwater, file + SG_HIGHWATER_STRIDE);
    assert_ok(sg_highwater_choose(SG_BYTES_ARRAY(file), &highwater, &slot));
    assert_int_equal(slot, 1);
    assert_int_equal(highwater.sequence, 8);
    file[SG_HIGHWATER_STRIDE + 600] ^= 1;
    assert_ok(sg_highwater_choose(SG_BYTES_ARRAY(file), &highwater, &slot));
    assert_int_equal(slot, 0);
    file[3] ^= 1;
    assert_err(sg_highwater_choose(SG_BYTES_ARRAY(file), &highwater, &slot),
               NOTFOUND);
    file[SG_HIGHWATER_STRIDE + 600] ^= 1;
    assert_ok(sg_highwater_choose(SG_BYTES_ARRAY(file), &highwater, &slot));
    assert_int_equal(slot, 1);
    example(file);
    assert_ok(sg_highwater_choose(sg_bytes(file, SG_HIGHWATER_SLOT_SIZE),
                                  &highwater, &slot));
    assert_err(sg_highwater_choose(sg_bytes(file, SG_HIGHWATER_SLOT_SIZE - 1),
                                   &highwater, &slot),
               NOTFOUND);
    highwater.sequence = 9;
    sg_highwater_encode(&highwater, file);
    highwater.sequence = 8;
    sg_highwater_encode(&highwater, file + SG_HIGHWATER_STRIDE);
    assert_ok(sg_highwater_choose(SG_BYTES_ARRAY(file), &highwater, &slot));
    assert_int_equal(slot, 0);
}

/* Puts the right checksum behind a slot that no writer writes. */
static void reseal(uint8_t slot[SG_HIGHWATER_SLOT_SIZE])
{
    size_t body = SG_HIGHWATER_SLOT_SIZE - 32;
    struct sg_hash registry, sum;
    memcpy(registry.bytes, slot + 16, sizeof registry.bytes);
    sg_crypto_purpose_hash("sogoc v1 highwater", &registry, slot, body, &sum);
    memcpy(slot + body, sum.bytes, sizeof sum.bytes);
}

/* A right checksum excuses nothing: a kind of log that there is not, a size of
 * 0, too many logs, sequence 0, another magic, anything behind the last log. */
static void test_strict(void **state)
{
    static const struct {
        size_t at;
        size_t size;
        uint8_t value;
    } changes[] = {{97, 1, 0},       {97, 1, 3}, {97 + 33, 8, 0}, {96, 1, 2},
                   {96, 1, 0},       {96, 1, 7}, {8, 8, 0},       {7, 1, '2'},
                   {97 + 137, 1, 1}, {991, 1, 1}};
    uint8_t page[SG_HIGHWATER_SLOT_SIZE];
    struct sg_highwater highwater;
    size_t i;
    (void)state;

    example(page);
    reseal(page);
    assert_ok(sg_highwater_decode(page, &highwater));
    for (i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        example(page);
        memset(page + changes[i].at, changes[i].value, changes[i].size);
        reseal(page);
        assert_err(sg_highwater_decode(page, &highwater), MALFORMED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_example),
        cmocka_unit_test(test_flips),
        cmocka_unit_test(test_choose),
        cmocka_unit_test(test_strict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
