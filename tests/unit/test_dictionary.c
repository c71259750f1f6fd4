#include "storage/log/dictionary.h"

#include "storage/base/crypto.h"
#include "tests/lib/test.h"

/* A dictionary never changes by a byte: what was sealed with it must open for
 * ever. */
static void test_dictionary_pinned(void **state)
{
    static const char *const pinned[SG_DICTIONARY_COUNT] = {
        "473c1c45dafe17e66a4ee54f1134d5198b823224c5953381eba8800a7e88a7d1",
        "383fb3687229f49767fbf0ef46307ba70695d52573bf30ab067a63965760dbbc",
        "bb12a342ef666dca0c8ce62fa1e5be3efc0ff5422fdb4435ecfd1940a620673f",
    };

    (void)state;
    for (unsigned i = 0; i < SG_DICTIONARY_COUNT; i++) {
        struct sg_bytes bytes = sg_dictionary_get(i + 1);
        struct sg_hash hash;

        sg_crypto_sha256(bytes.data, bytes.size, &hash);
        assert_hex(SG_BYTES_ARRAY(hash.bytes), pinned[i]);
    }
}

/* A number that no dictionary has gives no bytes. */
static void test_dictionary_unknown(void **state)
{
    (void)state;
    assert_int_equal(sg_dictionary_get(0).size, 0);
    assert_int_equal(sg_dictionary_get(SG_DICTIONARY_COUNT + 1).size, 0);
    assert_int_equal(sg_dictionary_get(15).size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dictionary_pinned),
        cmocka_unit_test(test_dictionary_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
