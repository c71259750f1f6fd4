#include "storage/base/pack.h"

#include <stdlib.h>
#include <string.h>

#include "storage/base/msgpack.h"
#include "storage/base/prng.h"
#include "tests/lib/test.h"
#include "tests/lib/torture.h"

#define VALUES 20000

/* Integers come out in the shortest form, at both ends of each, by the signed
 * call and the unsigned. */
static void test_pack_integers(void **state)
{
    static const struct {
        int64_t value;
        const char *hex;
    } cases[] = {
        {0, "00"},
        {127, "7f"},
        {128, "cc80"},
        {255, "ccff"},
        {256, "cd0100"},
        {65535, "cdffff"},
        {65536, "ce00010000"},
        {UINT32_MAX, "ceffffffff"},
        {INT64_C(1) << 32, "cf0000000100000000"},
        {INT64_MAX, "cf7fffffffffffffff"},
        {-1, "ff"},
        {-32, "e0"},
        {-33, "d0df"},
        {-128, "d080"},
        {-129, "d1ff7f"},
        {-32768, "d18000"},
        {-32769, "d2ffff7fff"},
        {INT32_MIN, "d280000000"},
        {INT64_C(-2147483649), "d3ffffffff7fffffff"},
        {INT64_MIN, "d38000000000000000"},
    };
    struct sg_buf buf;
    struct sg_pack pack;

    (void)state;
    sg_buf_init(&buf, 100);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sg_buf_truncate(&buf, 0);
        sg_pack_init(&pack, &buf);
        sg_pack_int(&pack, cases[i].value);
        assert_ok(sg_pack_end(&pack));
        assert_hex(sg_buf_bytes(&buf), cases[i].hex);
        if (cases[i].value < 0)
            continue;
        sg_buf_truncate(&buf, 0);
        sg_pack_init(&pack, &buf);
        sg_pack_uint(&pack, (uint64_t)cases[i].value);
        assert_ok(sg_pack_end(&pack));
        assert_hex(sg_buf_bytes(&buf), cases[i].hex);
    }
    sg_buf_truncate(&buf, 0);
    sg_pack_init(&pack, &buf);
    sg_pack_uint(&pack, UINT64_MAX);
    assert_ok(sg_pack_end(&pack));
    assert_hex(sg_buf_bytes(&buf), "cfffffffffffffffff");
    sg_buf_clear(&buf);
}

/* Strings and binaries have the shortest length in front of them. */
static void test_pack_lengths(void **state)
{
    static const struct {
        size_t size;
        const char *str;
        const char *bin;
    } cases[] = {
        {0, "a0", "c400"},
        {31, "bf", "c41f"},
        {32, "d920", "c420"},
        {255, "d9ff", "c4ff"},
        {256, "da0100", "c50100"},
        {65535, "daffff", "c5ffff"},
        {65536, "db00010000", "c600010000"},
    };
    static uint8_t content[65536];
    struct sg_buf buf;
    struct sg_pack pack;

    (void)state;
    memset(content, 'x', sizeof content);
    sg_buf_init(&buf, 70000);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sg_bytes bytes = {content, cases[i].size};
        size_t head = strlen(cases[i].str) / 2;

        sg_buf_truncate(&buf, 0);
        sg_pack_init(&pack, &buf);
        sg_pack_str(&pack, bytes);
        assert_ok(sg_pack_end(&pack));
        assert_hex(sg_bytes(buf.data, head), cases[i].str);
        assert_memory_equal(buf.data + head, content, cases[i].size);
        assert_int_equal(buf.size, head + cases[i].size);

        head = strlen(cases[i].bin) / 2;
        sg_buf_truncate(&buf, 0);
        sg_pack_init(&pack, &buf);
        sg_pack_bin(&pack, bytes);
        assert_ok(sg_pack_end(&pack));
        assert_hex(sg_bytes(buf.data, head), cases[i].bin);
        assert_int_equal(buf.size, head + cases[i].size);
    }
    sg_buf_clear(&buf);
}

/* Arrays and maps have the shortest count in front of them. */
static void test_pack_counts(void **state)
{
    static const struct {
        uint32_t count;
        const char *array;
        const char *map;
    } cases[] = {
        {0, "90", "80"},
        {15, "9f", "8f"},
        {16, "dc0010", "de0010"},
        {65535, "dcffff", "deffff"},
        {65536, "dd00010000", "df00010000"},
    };
    struct sg_buf buf;
    struct sg_pack pack;

    (void)state;
    sg_buf_init(&buf, 1000000);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sg_buf_truncate(&buf, 0);
        sg_pack_init(&pack, &buf);
        sg_pack_array(&pack, cases[i].count);
        for (uint32_t k = 0; k < cases[i].count; k++)
            sg_pack_nil(&pack);
        assert_ok(sg_pack_end(&pack));
        assert_hex(sg_bytes(buf.data, strlen(cases[i].array) / 2),
                   cases[i].array);

        sg_buf_truncate(&buf, 0);
        sg_pack_init(&pack, &buf);
        sg_pack_map(&pack, cases[i].count);
        for (uint32_t k = 0; k < cases[i].count; k++) {
            sg_pack_uint(&pack, k);
            sg_pack_bool(&pack, k % 2 == 0);
        }
        assert_ok(sg_pack_end(&pack));
        assert_hex(sg_bytes(buf.data, strlen(cases[i].map) / 2), cases[i].map);
    }
    sg_buf_clear(&buf);
}

/* A value goes onto the end of what the buffer holds. */
static void test_pack_appends(void **state)
{
    struct sg_buf buf;
    struct sg_pack pack;

    (void)state;
    sg_buf_init(&buf, 100);
    assert_ok(sg_buf_append(&buf, sg_hex("aa")));
    sg_pack_init(&pack, &buf);
    sg_pack_array(&pack, 4);
    sg_pack_bool(&pack, true);
    sg_pack_bool(&pack, false);
    sg_pack_nil(&pack);
    sg_pack_raw(&pack, sg_hex("8105c3"));
    assert_ok(sg_pack_end(&pack));
    assert_hex(sg_buf_bytes(&buf), "aa 94 c3 c2 c0 81 05 c3");
    sg_buf_clear(&buf);
}

/* Calls that do not make one canonical value are found at the end, and leave
 * nothing behind. */
static void test_pack_end_checks(void **state)
{
    struct sg_buf buf;
    struct sg_pack pack;

    (void)state;
    sg_buf_init(&buf, 100);
    assert_ok(sg_buf_append(&buf, sg_hex("aa")));

    sg_pack_init(&pack, &buf);
    assert_err(sg_pack_end(&pack), TRUNCATED);

    sg_pack_init(&pack, &buf);
    sg_pack_array(&pack, 2);
    sg_pack_nil(&pack);
    assert_err(sg_pack_end(&pack), TRUNCATED);

    sg_pack_init(&pack, &buf);
    sg_pack_nil(&pack);
    sg_pack_nil(&pack);
    assert_err(sg_pack_end(&pack), TRAILING);

    sg_pack_init(&pack, &buf);
    sg_pack_map(&pack, 2);
    sg_pack_uint(&pack, 2);
    sg_pack_nil(&pack);
    sg_pack_uint(&pack, 1);
    sg_pack_nil(&pack);
    assert_err(sg_pack_end(&pack), NOTCANONICAL);

    sg_pack_init(&pack, &buf);
    sg_pack_str(&pack, sg_hex("c3"));
    assert_err(sg_pack_end(&pack), TEXT);

    sg_pack_init(&pack, &buf);
    sg_pack_raw(&pack, sg_hex("ca00000000"));
    assert_err(sg_pack_end(&pack), MALFORMED);

    assert_hex(sg_buf_bytes(&buf), "aa");
    sg_buf_clear(&buf);
}

/* A full buffer is an error that sticks, and so is a length that msgpack has
 * no form for. */
static void test_pack_limits(void **state)
{
    struct sg_bytes huge = {(const uint8_t *)"", (size_t)UINT32_MAX + 1};
    struct sg_buf buf;
    struct sg_pack pack;

    (void)state;
    sg_buf_init(&buf, 4);
    sg_pack_init(&pack, &buf);
    sg_pack_str(&pack, SG_BYTES_TEXT("abcd"));
    sg_pack_nil(&pack);
    assert_err(sg_pack_end(&pack), LIMIT);
    assert_int_equal(buf.size, 0);
    sg_pack_init(&pack, &buf);
    sg_pack_str(&pack, huge);
    assert_err(sg_pack_end(&pack), LIMIT);
    sg_pack_init(&pack, &buf);
    sg_pack_bin(&pack, huge);
    assert_err(sg_pack_end(&pack), LIMIT);
    sg_buf_clear(&buf);
}

/*
 * Any value: packed from a random plan, read, and packed again.
 */

struct key {
    uint8_t bytes[40];
    size_t size;
};

static int compare_keys(const void *a, const void *b)
{
    const struct key *x = a;
    const struct key *y = b;

    return sg_bytes_compare(sg_bytes(x->bytes, x->size),
                            sg_bytes(y->bytes, y->size));
}

/* Any number of bits is as likely as any other. */
static uint64_t any_u64(struct sg_prng *prng)
{
    uint64_t bits = sg_prng_u64(prng);

    return bits >> sg_prng_below(prng, 64);
}

static void pack_any_str(struct sg_pack *pack, struct sg_prng *prng)
{
    static const char text[] = "Nguyễn Thị Hoa, xã Hà Trung, tỉnh Thanh Hóa";
    size_t size = sg_prng_below(prng, sizeof text);

    while (((unsigned char)text[size] & 0xc0) == 0x80)
        size--;
    sg_pack_str(pack, sg_bytes(text, size));
}

static void pack_any_scalar(struct sg_pack *pack, struct sg_prng *prng)
{
    uint8_t bytes[70];
    size_t size = sg_prng_below(prng, sizeof bytes);

    switch (sg_prng_below(prng, 6)) {
    case 0:
        sg_pack_nil(pack);
        break;
    case 1:
        sg_pack_bool(pack, sg_prng_chance(prng, 500));
        break;
    case 2:
        sg_pack_uint(pack, any_u64(prng));
        break;
    case 3:
        sg_pack_int(pack, -1 - (int64_t)(any_u64(prng) >> 1));
        break;
    case 4:
        pack_any_str(pack, prng);
        break;
    default:
        sg_prng_bytes(prng, bytes, size);
        sg_pack_bin(pack, sg_bytes(bytes, size));
    }
}

static struct key any_key(struct sg_prng *prng)
{
    struct key key = {0};
    struct sg_buf buf;
    struct sg_pack pack;

    sg_buf_init(&buf, sizeof key.bytes);
    sg_pack_init(&pack, &buf);
    if (sg_prng_chance(prng, 500))
        sg_pack_uint(&pack, any_u64(prng));
    else
        sg_pack_str(&pack, sg_bytes("abcdefghijklmnopqrstuvwxyzabcdefghijkl",
                                    sg_prng_below(prng, 38)));
    assert_ok(sg_pack_end(&pack));
    key.size = buf.size;
    memcpy(key.bytes, buf.data, buf.size);
    sg_buf_clear(&buf);
    return key;
}

static void pack_any(struct sg_pack *pack, struct sg_prng *prng,
                     unsigned depth);

static void pack_any_map(struct sg_pack *pack, struct sg_prng *prng,
                         unsigned depth)
{
    struct key keys[7];
    size_t count = sg_prng_below(prng, 7);
    size_t kept = 0;

    for (size_t i = 0; i < count; i++)
        keys[i] = any_key(prng);
    qsort(keys, count, sizeof keys[0], compare_keys);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || compare_keys(&keys[i], &keys[kept - 1]) != 0)
            keys[kept++] = keys[i];
    }
    sg_pack_map(pack, (uint32_t)kept);
    for (size_t i = 0; i < kept; i++) {
        sg_pack_raw(pack, sg_bytes(keys[i].bytes, keys[i].size));
        pack_any(pack, prng, depth + 1);
    }
}

static void pack_any(struct sg_pack *pack, struct sg_prng *prng, unsigned depth)
{
    uint32_t count = (uint32_t)sg_prng_below(prng, 7);

    if (depth >= 5 || sg_prng_chance(prng, 150 * (depth + 1))) {
        pack_any_scalar(pack, prng);
    } else if (sg_prng_chance(prng, 500)) {
        pack_any_map(pack, prng, depth);
    } else {
        sg_pack_array(pack, count);
        while (count-- > 0)
            pack_any(pack, prng, depth + 1);
    }
}

/* Reads one value by its types and packs what was read. */
static void repack(struct sg_msgpack *reader, struct sg_pack *pack)
{
    uint64_t count = 0;

    switch (sg_msgpack_peek(reader)) {
    case SG_MSGPACK_NONE:
        return;
    case SG_MSGPACK_NIL:
        sg_msgpack_read_nil(reader);
        sg_pack_nil(pack);
        return;
    case SG_MSGPACK_BOOL:
        sg_pack_bool(pack, sg_msgpack_read_bool(reader));
        return;
    case SG_MSGPACK_UINT:
        sg_pack_uint(pack, sg_msgpack_read_uint(reader));
        return;
    case SG_MSGPACK_INT:
        sg_pack_int(pack, sg_msgpack_read_int(reader));
        return;
    case SG_MSGPACK_STR:
        sg_pack_str(pack, sg_msgpack_read_str(reader));
        return;
    case SG_MSGPACK_BIN:
        sg_pack_bin(pack, sg_msgpack_read_bin(reader));
        return;
    case SG_MSGPACK_ARRAY:
        count = sg_msgpack_read_array(reader);
        sg_pack_array(pack, (uint32_t)count);
        break;
    case SG_MSGPACK_MAP:
        count = sg_msgpack_read_map(reader);
        sg_pack_map(pack, (uint32_t)count);
        count *= 2;
        break;
    }
    while (count-- > 0)
        repack(reader, pack);
}

/* Asserts that BYTES, which were accepted, repack to themselves. */
static void assert_repacks(struct sg_bytes bytes)
{
    struct sg_buf buf;
    struct sg_pack pack;
    struct sg_msgpack reader;

    sg_buf_init(&buf, bytes.size);
    sg_msgpack_init(&reader, bytes);
    sg_pack_init(&pack, &buf);
    repack(&reader, &pack);
    assert_ok(sg_msgpack_end(&reader));
    assert_ok(sg_pack_end(&pack));
    assert_true(sg_bytes_equal(sg_buf_bytes(&buf), bytes));
    sg_buf_clear(&buf);
}

/* Whatever is packed is read back and packed again to the same bytes. And
 * when bytes of it are changed at random, it is refused or it is again the one
 * encoding of what it says. */
static void test_pack_any_value(void **state)
{
    struct sg_prng prng;
    struct sg_buf buf;
    struct sg_pack pack;
    unsigned accepted = 0;
    unsigned refused = 0;

    (void)state;
    sg_prng_init(&prng, 3);
    sg_buf_init(&buf, 1 << 20);
    for (unsigned i = 0; i < VALUES; i++) {
        sg_buf_truncate(&buf, 0);
        sg_pack_init(&pack, &buf);
        pack_any(&pack, &prng, 0);
        assert_ok(sg_pack_end(&pack));
        assert_repacks(sg_buf_bytes(&buf));

        for (unsigned k = 0; k <= sg_prng_below(&prng, 3); k++)
            buf.data[sg_prng_below(&prng, buf.size)] =
                (uint8_t)sg_prng_u64(&prng);
        if (sg_msgpack_check(sg_buf_bytes(&buf), buf.size) != SG_OK) {
            refused++;
            continue;
        }
        assert_repacks(sg_buf_bytes(&buf));
        accepted++;
    }
    assert_true(accepted > VALUES / 20);
    assert_true(refused > VALUES / 20);
    sg_buf_clear(&buf);
}

/* Of all strings of one and two bytes, those that are accepted are the one
 * encoding of what they say. */
static void test_pack_every_short_string(void **state)
{
    unsigned accepted = 0;

    (void)state;
    for (unsigned value = 0; value < 65536; value++) {
        uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};

        if (value < 256 && sg_msgpack_check(sg_bytes(bytes + 1, 1), 1) == SG_OK)
            assert_repacks(sg_bytes(bytes + 1, 1));
        if (sg_msgpack_check(sg_bytes(bytes, 2), 2) != SG_OK)
            continue;
        assert_repacks(sg_bytes(bytes, 2));
        accepted++;
    }
    /* cc80 to ccff, d080 to d0df, a1 and an ASCII byte, c400, and 91 with any
     * of the 128 + 32 + 6 values of one byte: 0 to 127, -32 to -1, "", nil,
     * false, true, [] and {}. */
    assert_int_equal(accepted, 128 + 96 + 128 + 1 + 166);
}

static enum sg_err run_pack(void *context)
{
    struct sg_buf buf;
    struct sg_pack pack;
    struct sg_prng prng;
    enum sg_err err;

    (void)context;
    sg_prng_init(&prng, 4);
    sg_buf_init(&buf, 10000);
    sg_pack_init(&pack, &buf);
    sg_pack_array(&pack, 100);
    for (unsigned i = 0; i < 100; i++)
        pack_any_str(&pack, &prng);
    err = sg_pack_end(&pack);
    sg_buf_clear(&buf);
    return err;
}

/* A failing allocation is found at the end and leaves nothing behind. */
static void test_pack_torture(void **state)
{
    (void)state;
    assert_in_range(sg_torture_run(run_pack, NULL), 4, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pack_integers),
        cmocka_unit_test(test_pack_lengths),
        cmocka_unit_test(test_pack_counts),
        cmocka_unit_test(test_pack_appends),
        cmocka_unit_test(test_pack_end_checks),
        cmocka_unit_test(test_pack_limits),
        cmocka_unit_test(test_pack_any_value),
        cmocka_unit_test(test_pack_every_short_string),
        cmocka_unit_test(test_pack_torture),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
