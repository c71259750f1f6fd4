#include "storage/log/key_id.h"

#include <string.h>

#include "tests/lib/dies.h"
#include "tests/lib/page.h"
#include "tests/lib/test.h"

static const struct sg_registry_id registry = {
    .hash.bytes = {0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
                   0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
                   0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
                   0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11}};

/* The id of the scope key in FORMAT.md's content key is the one written
 * there, behind the number of wraps. */
static void test_key_id_page(void **state)
{
    uint8_t secret[SG_KEY_SIZE], public_key[SG_KEY_SIZE];
    struct sg_key_id id;
    struct sg_buf page;

    (void)state;
    memset(secret, 0x33, sizeof(secret));
    sg_crypto_x25519_public(secret, public_key);
    id = sg_key_id_of(&registry, SG_KEY_SCOPE, public_key);
    sg_buf_init(&page, 1000);
    sg_page_hex("storage/FORMAT.md", "content-key", &page);
    assert_memory_equal(id.bytes, page.data + 39, sizeof(id.bytes));
    sg_buf_clear(&page);
}

/* Another registry, kind or key gives another id. */
static void test_key_id_bound(void **state)
{
    struct sg_registry_id other = registry;
    uint8_t key[SG_KEY_SIZE] = {7}, key_other[SG_KEY_SIZE] = {7, 1};
    struct sg_key_id id = sg_key_id_of(&registry, SG_KEY_SCOPE, key);
    struct sg_key_id others[3];

    (void)state;
    other.hash.bytes[31] ^= 1;
    others[0] = sg_key_id_of(&other, SG_KEY_SCOPE, key);
    others[1] = sg_key_id_of(&registry, SG_KEY_TRANSPORT, key);
    others[2] = sg_key_id_of(&registry, SG_KEY_SCOPE, key_other);
    for (size_t i = 0; i < 3; i++)
        assert_int_not_equal(sg_key_id_compare(&id, &others[i]), 0);
}

/* Ids sort as their bytes do. */
static void test_key_id_order(void **state)
{
    struct sg_key_id low = {{0, 0, 0, 0, 0, 0, 0, 1}};
    struct sg_key_id high = {{0xff, 0, 0, 0, 0, 0, 0, 0}};

    (void)state;
    assert_int_equal(sg_key_id_compare(&low, &high), -1);
    assert_int_equal(sg_key_id_compare(&high, &low), 1);
    assert_int_equal(sg_key_id_compare(&low, &low), 0);
}

static void id_of(void *kind)
{
    static const uint8_t key[SG_KEY_SIZE];

    (void)sg_key_id_of(&registry, *(enum sg_key_kind *)kind, key);
}

/* A symmetric key has no public half, so it has no id. */
static void test_key_id_symmetric(void **state)
{
    enum sg_key_kind kind = SG_KEY_VIEW;

    (void)state;
    assert_true(sg_dies(id_of, &kind));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_key_id_page),
        cmocka_unit_test(test_key_id_bound),
        cmocka_unit_test(test_key_id_order),
        cmocka_unit_test(test_key_id_symmetric),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
