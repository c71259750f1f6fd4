#include "storage/base/crypto.h"

#include <pthread.h>
#include <string.h>

#include <sodium.h>

#include "tests/lib/dies.h"
#include "tests/lib/test.h"
#include "tests/lib/wrap.h"

/* The link line wraps these calls of libsodium, which cannot fail otherwise. */
static bool failing;

SG_WRAP(failing, -1, int, sodium_init, (void), ())
SG_WRAP(failing, NULL, void *, sodium_malloc, (size_t size), (size))
SG_WRAP(failing, -1, int, crypto_pwhash_argon2id,
        (unsigned char *const out, unsigned long long size,
         const char *const passphrase, unsigned long long passphrase_size,
         const unsigned char *const salt_bytes, unsigned long long passes,
         size_t memory, int algorithm),
        (out, size, passphrase, passphrase_size, salt_bytes, passes, memory,
         algorithm))

static void random_of(void *byte)
{
    sg_crypto_random(byte, 1);
}

static void secret_of(void *size)
{
    sg_crypto_secret_free(sg_crypto_secret_new(*(size_t *)size));
}

/* Randomness and secret memory before sg_crypto_init are mistakes in the
 * program. (This test is the first, the next initialises.) */
static void test_before_init_dies(void **state)
{
    (void)state;
    uint8_t byte;
    size_t size = 32;
    assert_true(sg_dies(random_of, &byte));
    assert_true(sg_dies(secret_of, &size));
}

static int mend(void **state)
{
    (void)state;
    failing = false;
    return 0;
}

static void *init_thread(void *ret_err)
{
    *(enum sg_err *)ret_err = sg_crypto_init();
    return NULL;
}

/* Threads that initialise at the same time all find it ready. */
static void test_init_from_threads(void **state)
{
    (void)state;
    pthread_t threads[8];
    enum sg_err errs[8];
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, init_thread, &errs[i]), 0);
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_ok(errs[i]);
    }
    sg_crypto_random(&(uint8_t){0}, 1);
}

/* Initialising twice is as good as once, and a library that does not start is
 * reported. */
static void test_init(void **state)
{
    (void)state;
    assert_ok(sg_crypto_init());
    failing = true;
    assert_err(sg_crypto_init(), CRYPTO);
}

/* Random bytes fill the whole range and come out different each time. */
static void test_random(void **state)
{
    (void)state;
    uint8_t a[64] = {0}, b[64] = {0};
    sg_crypto_random(a, sizeof(a));
    sg_crypto_random(b, sizeof(b));
    assert_memory_not_equal(a, b, 32);
    assert_memory_not_equal(a + 32, b + 32, 32);
    sg_crypto_random(NULL, 0);
}

/* Wiping leaves zero bytes, here and nowhere else. */
static void test_wipe(void **state)
{
    (void)state;
    uint8_t secret[] = {1, 2, 3, 4};
    const uint8_t expected[] = {1, 0, 0, 4};
    sg_crypto_wipe(secret + 1, 2);
    assert_memory_equal(secret, expected, sizeof(expected));
    sg_crypto_wipe(NULL, 0);
}

/* Equal means every byte; nothing equals nothing. */
static void test_equal(void **state)
{
    (void)state;
    uint8_t a[32] = {0}, b[32] = {0};
    assert_true(sg_crypto_equal(a, b, sizeof(a)));
    for (size_t i = 0; i < sizeof(a); i++) {
        a[i] = 1;
        assert_false(sg_crypto_equal(a, b, sizeof(a)));
        assert_true(sg_crypto_equal(a, b, i));
        a[i] = 0;
    }
    assert_true(sg_crypto_equal(NULL, NULL, 0));
}

/* Secret memory can be written to its last byte and freed; no memory gives
 * NULL, and freeing NULL does nothing. No size is a mistake in the program. */
static void test_secret(void **state)
{
    (void)state;
    uint8_t *secret = sg_crypto_secret_new(100);
    assert_non_null(secret);
    memset(secret, 0x5a, 100);
    sg_crypto_secret_free(secret);
    sg_crypto_secret_free(NULL);
    failing = true;
    assert_null(sg_crypto_secret_new(100));
    size_t size = 0;
    assert_true(sg_dies(secret_of, &size));
}

static const struct argon2id_example {
    struct sg_argon2id cost;
    struct sg_bytes passphrase;
    const char *salt; /* 16 characters */
    const char *key;
} argon2id_examples[] = {
    {{.passes = 2, .memory_kib = 64},
     {(const uint8_t *)"correct horse", 13},
     "sogoc test salt.",
     "49437bfb6f6a7b36d744d058231630b9d4d5e1d85a1c9c21fe16a58c41bd2647"},
    {{.passes = 3, .memory_kib = SG_ARGON2ID_MEMORY_KIB_MIN},
     {NULL, 0},
     "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f",
     "6c9e0bd92173309dadef822b74e81b0ddfd63fc354b54f172bd56721a956f45a"},
};

/* Argon2id gives the same keys as another implementation, OpenSSL 4.0's (RFC
 * 9106 has no example with one lane). */
static void test_argon2id_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const struct argon2id_example *e = &argon2id_examples[i];
        uint8_t key[32];
        assert_ok(sg_crypto_argon2id(&e->cost, e->passphrase,
                                     (const uint8_t *)e->salt, key));
        assert_hex(SG_BYTES_ARRAY(key), e->key);
    }
}

static const struct sg_bytes passphrase = {(const uint8_t *)"correct horse",
                                           13};
static const uint8_t salt[SG_ARGON2ID_SALT_SIZE];

/* The named costs are those that the key files of FORMAT.md hold. */
static void test_argon2id_profiles(void **state)
{
    (void)state;
    assert_int_equal(sg_crypto_argon2id_interactive.passes, 2);
    assert_int_equal(sg_crypto_argon2id_interactive.memory_kib, 64 * 1024);
    assert_int_equal(sg_crypto_argon2id_moderate.passes, 3);
    assert_int_equal(sg_crypto_argon2id_moderate.memory_kib, 256 * 1024);
    uint8_t key[32];
    assert_ok(sg_crypto_argon2id(&sg_crypto_argon2id_interactive, passphrase,
                                 salt, key));
}

/* A cost out of its limits, as a changed key file may ask for, is refused
 * before any work is done. */
static void test_argon2id_refuses_costs(void **state)
{
    (void)state;
    const struct sg_argon2id bad[] = {
        {.passes = 0, .memory_kib = 64},
        {.passes = SG_ARGON2ID_PASSES_MAX + 1, .memory_kib = 64},
        {.passes = 2, .memory_kib = SG_ARGON2ID_MEMORY_KIB_MIN - 1},
        {.passes = 2, .memory_kib = SG_ARGON2ID_MEMORY_KIB_MAX + 1},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint8_t key[32];
        assert_err(sg_crypto_argon2id(&bad[i], passphrase, salt, key), INVALID);
    }
}

/* A passphrase has a limit: the longest works, one byte more is refused. */
static void test_argon2id_passphrase_limit(void **state)
{
    (void)state;
    static const uint8_t bytes[SG_PASSPHRASE_SIZE_MAX + 1];
    const struct sg_argon2id cost = {.passes = 1, .memory_kib = 8};
    uint8_t key[32];
    assert_ok(sg_crypto_argon2id(&cost, sg_bytes(bytes, sizeof(bytes) - 1),
                                 salt, key));
    assert_err(
        sg_crypto_argon2id(&cost, sg_bytes(bytes, sizeof(bytes)), salt, key),
        LIMIT);
}

/* When the memory is not there, that is what is said, and no key comes out. */
static void test_argon2id_without_memory(void **state)
{
    (void)state;
    failing = true;
    uint8_t key[32] = {0};
    static const uint8_t zero[32];
    assert_err(
        sg_crypto_argon2id(&sg_crypto_argon2id_moderate, passphrase, salt, key),
        NOMEM);
    assert_memory_equal(key, zero, sizeof(zero));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_before_init_dies),
        cmocka_unit_test(test_init_from_threads),
        cmocka_unit_test_teardown(test_init, mend),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_wipe),
        cmocka_unit_test(test_equal),
        cmocka_unit_test_teardown(test_secret, mend),
        cmocka_unit_test(test_argon2id_examples),
        cmocka_unit_test(test_argon2id_profiles),
        cmocka_unit_test(test_argon2id_refuses_costs),
        cmocka_unit_test(test_argon2id_passphrase_limit),
        cmocka_unit_test_teardown(test_argon2id_without_memory, mend),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
