#include "storage/lmdb/row.h"

#include <string.h>

#include "storage/base/buf.h"
#include "storage/base/prng.h"
#include "tests/lib/page.h"
#include "tests/lib/test.h"

/* The entry row of FORMAT.md is read and written byte for byte. */
static void test_entry_example(void **state)
{
    struct sg_row_entry row;
    struct sg_buf page;
    uint8_t bytes[SG_ROW_ENTRY_MAX];
    size_t size;
    (void)state;

    sg_buf_init(&page, SG_ROW_ENTRY_MAX);
    sg_page_hex("storage/FORMAT.md", "entry-row", &page);
    assert_ok(sg_row_entry_decode(sg_buf_bytes(&page), &row));
    assert_int_equal(row.log, 1);
    assert_int_equal(row.index, 2);
    assert_int_equal(row.entry.kind, SG_ENTRY_SEALED);
    assert_int_equal(row.entry.state, SG_PAYLOAD_PRESENT);
    assert_int_equal(row.entry.key_entry, 1);
    size = sg_row_entry_size(&row);
    assert_int_equal(size, page.size);
    sg_row_entry_encode(&row, bytes, size);
    assert_memory_equal(bytes, page.data, size);
    sg_buf_clear(&page);
}

/* The log row of FORMAT.md is read and written byte for byte. */
static void test_log_example(void **state)
{
    struct sg_row_log log;
    struct sg_buf page;
    uint8_t bytes[SG_ROW_LOG_MAX];
    (void)state;

    sg_buf_init(&page, SG_ROW_LOG_MAX);
    sg_page_hex("storage/FORMAT.md", "log-row", &page);
    assert_ok(sg_row_log_decode(sg_buf_bytes(&page), &log));
    assert_int_equal(log.frontier.size, 3);
    assert_int_equal(log.known.size, 3);
    assert_int_equal(log.flags, SG_LOG_OWN);
    assert_int_equal(sg_row_log_encode(&log, bytes), page.size);
    assert_memory_equal(bytes, page.data, page.size);
    sg_buf_clear(&page);
}

/* Entries without payload keep its hash, and who erased it. */
static void test_states(void **state)
{
    struct sg_row_entry row, back;
    uint8_t bytes[SG_ROW_ENTRY_MAX];
    size_t size;
    (void)state;

    memset(&row, 0, sizeof row);
    row.log = 300;
    row.index = UINT64_C(1) << 40;
    row.entry.kind = SG_ENTRY_SEALED;
    row.entry.key_entry = 77;
    row.entry.length = 1000;
    memset(&row.entry.payload_hash, 0xaa, 32);
    memset(&row.leaf, 0xbb, 32);
    row.entry.state = SG_PAYLOAD_NOT_HELD;
    size = sg_row_entry_size(&row);
    sg_row_entry_encode(&row, bytes, size);
    assert_ok(sg_row_entry_decode(sg_bytes(bytes, size), &back));
    assert_memory_equal(&back.entry.payload_hash, &row.entry.payload_hash, 32);
    assert_int_equal(back.entry.length, 1000);
    row.entry.state = SG_PAYLOAD_ERASED;
    memset(row.entry.erased_by, 0xcc, 16);
    size = sg_row_entry_size(&row);
    sg_row_entry_encode(&row, bytes, size);
    assert_ok(sg_row_entry_decode(sg_bytes(bytes, size), &back));
    assert_memory_equal(back.entry.erased_by, row.entry.erased_by, 16);
    assert_err(sg_row_entry_decode(sg_bytes(bytes, size - 1), &back), DAMAGED);
    bytes[size] = 0;
    assert_err(sg_row_entry_decode(sg_bytes(bytes, size + 1), &back), DAMAGED);
}

/* Any bytes are either a row that encodes to the same bytes or damage. */
static void test_random_rows(void **state)
{
    uint8_t bytes[512], again[SG_ROW_ENTRY_MAX];
    struct sg_prng prng;
    struct sg_row_entry row;
    unsigned i, good = 0;
    (void)state;

    sg_prng_init(&prng, 7);
    for (i = 0; i < 20000; i++) {
        size_t size = sg_prng_below(&prng, sizeof bytes);
        sg_prng_bytes(&prng, bytes, size);
        if (size > 4) {
            bytes[2] &= 0x2f; /* a state that exists, often */
        }
        if (sg_row_entry_decode(sg_bytes(bytes, size), &row) == SG_OK) {
            assert_int_equal(sg_row_entry_size(&row), size);
            sg_row_entry_encode(&row, again, size);
            assert_memory_equal(again, bytes, size);
            good++;
        }
    }
    assert_true(good > 100);
}

/* A log row of another version or cut short is refused. */
static void test_log_refusals(void **state)
{
    struct sg_row_log log;
    struct sg_buf page;
    size_t i;
    (void)state;

    sg_buf_init(&page, SG_ROW_LOG_MAX);
    sg_page_hex("storage/FORMAT.md", "log-row", &page);
    for (i = 0; i < page.size; i++) {
        assert_err(sg_row_log_decode(sg_bytes(page.data, i), &log), DAMAGED);
    }
    page.data[0] = 2;
    assert_err(sg_row_log_decode(sg_buf_bytes(&page), &log), VERSION);
    sg_buf_clear(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entry_example),
        cmocka_unit_test(test_log_example),
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_random_rows),
        cmocka_unit_test(test_log_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
