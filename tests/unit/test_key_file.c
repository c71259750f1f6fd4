#include "storage/log/key_file.h"

#include <string.h>

#include "tests/lib/dies.h"
#include "tests/lib/page.h"
#include "tests/lib/test.h"
#include "tests/lib/wrap.h"

/* Locked memory and Argon2id have allocators of their own: they have none when
 * told to. */
static bool no_secrets, no_argon2id;
static unsigned derived; /* calls of Argon2id */
static int n_secrets;    /* made and not yet freed, which wipes them */

SG_WRAP((n_secrets += !no_secrets, no_secrets), NULL, void *,
        sg_crypto_secret_new, (size_t size), (size))
void __real_sg_crypto_secret_free(void *secret);
void __wrap_sg_crypto_secret_free(void *secret);
void __wrap_sg_crypto_secret_free(void *secret)
{
    n_secrets -= secret != NULL;
    __real_sg_crypto_secret_free(secret);
}
SG_WRAP((derived++, no_argon2id), SG_ERR_NOMEM, enum sg_err, sg_crypto_argon2id,
        (const struct sg_argon2id *cost, struct sg_bytes passphrase,
         const uint8_t salt[SG_ARGON2ID_SALT_SIZE],
         uint8_t ret_key[SG_KEY_SIZE]),
        (cost, passphrase, salt, ret_key))

#define PASSPHRASE SG_BYTES_TEXT("số gốc")
#define NONE       ((struct sg_bytes){0})

/* The key of FORMAT.md's examples, and how its wrapped form was wrapped. */
struct fixture {
    struct sg_registry_id registry;
    struct sg_key *key;
    struct sg_key_file_wrap wrap;
    uint8_t file[SG_KEY_FILE_SIZE];
};

static int setup(void **state)
{
    static struct fixture f;
    uint8_t seed[SG_KEY_SIZE];

    memset(&f, 0, sizeof(f));
    memset(&f.registry, 0x11, sizeof(f.registry));
    memset(seed, 0x01, sizeof(seed));
    assert_ok(sg_crypto_init());
    assert_ok(sg_key_file_new(SG_KEY_NODE, &f.registry, seed, &f.key));
    f.wrap.cost = (struct sg_argon2id){.passes = 1, .memory_kib = 8};
    memset(f.wrap.salt, 0x55, sizeof(f.wrap.salt));
    memset(f.wrap.nonce, 0x66, sizeof(f.wrap.nonce));
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    sg_key_file_free(f->key);
    assert_int_equal(n_secrets, 0);
    return 0;
}

static struct sg_bytes file_of(struct fixture *f)
{
    return SG_BYTES_ARRAY(f->file);
}

static void load(struct fixture *f, const char *example)
{
    struct sg_buf page;

    sg_buf_init(&page, sizeof(f->file));
    sg_page_hex("storage/FORMAT.md", example, &page);
    assert_int_equal(page.size, sizeof(f->file));
    memcpy(f->file, page.data, sizeof(f->file));
    sg_buf_clear(&page);
}

static void assert_same_key(const struct sg_key *a, const struct sg_key *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_memory_equal(&a->registry, &b->registry, sizeof(a->registry));
    assert_memory_equal(a->public_key, b->public_key, SG_KEY_SIZE);
    assert_memory_equal(a->secret, b->secret, SG_KEY_SIZE);
    assert_memory_equal(&a->sign, &b->sign, sizeof(a->sign));
}

/* Opens the fixture's file and compares it with KEY. */
static void assert_opens(struct fixture *f, struct sg_bytes passphrase,
                         const struct sg_key *key)
{
    struct sg_key *opened;

    assert_ok(sg_key_file_decode(file_of(f), passphrase, &opened));
    assert_same_key(opened, key);
    sg_key_file_free(opened);
}

static enum sg_err decode(struct fixture *f, struct sg_bytes passphrase)
{
    struct sg_key *key;
    enum sg_err err = sg_key_file_decode(file_of(f), passphrase, &key);

    if (err == SG_OK)
        sg_key_file_free(key);
    return err;
}

/* The page's plain file is made, and opens. */
static void test_key_file_page_plain(void **state)
{
    uint8_t made[SG_KEY_FILE_SIZE];
    struct fixture *f = *state;

    load(f, "key-file-plain");
    sg_key_file_encode(f->key, made);
    assert_memory_equal(made, f->file, sizeof(made));
    assert_opens(f, NONE, f->key);
}

/* The page's wrapped file is made, and opens with its passphrase alone. */
static void test_key_file_page_wrapped(void **state)
{
    uint8_t made[SG_KEY_FILE_SIZE];
    struct fixture *f = *state;

    load(f, "key-file-wrapped");
    assert_ok(sg_key_file_encode_wrapped(f->key, PASSPHRASE, &f->wrap, made));
    assert_memory_equal(made, f->file, sizeof(made));
    assert_opens(f, PASSPHRASE, f->key);
    assert_err(decode(f, SG_BYTES_TEXT("sổ gốc")), DECRYPT);
    assert_err(decode(f, NONE), DECRYPT);
}

/* A key of every kind comes back from both forms, with and without a registry;
 * those that sign sign for their public key, those that agree agree. */
static void test_key_file_kinds(void **state)
{
    struct fixture *f = *state;

    for (unsigned kind = SG_KEY_NODE; kind <= SG_KEY_VIEW; kind++) {
        const struct sg_registry_id *registry = kind % 2 ? &f->registry : NULL;
        uint8_t public_key[SG_KEY_SIZE] = {0}, signature[SG_SIGNATURE_SIZE];
        struct sg_key *key;

        assert_ok(sg_key_file_draw((enum sg_key_kind)kind, registry, &key));
        if (kind == SG_KEY_TRANSPORT || kind == SG_KEY_SCOPE) {
            sg_crypto_x25519_public(key->secret, public_key);
        } else if (kind != SG_KEY_VIEW) {
            sg_crypto_sign(&key->sign, (const uint8_t *)"x", 1, signature);
            assert_ok(sg_crypto_verify(key->public_key, (const uint8_t *)"x", 1,
                                       signature));
            sg_crypto_sign_public(&key->sign, public_key);
        }
        assert_memory_equal(key->public_key, public_key, SG_KEY_SIZE);
        sg_key_file_encode(key, f->file);
        assert_opens(f, NONE, key);
        assert_ok(
            sg_key_file_encode_wrapped(key, PASSPHRASE, &f->wrap, f->file));
        assert_opens(f, PASSPHRASE, key);
        sg_key_file_free(key);
    }
}

/* Without its secret a file says whose key it is and what opening it costs. */
static void test_key_file_inspect(void **state)
{
    struct sg_key_file_info info;
    struct fixture *f = *state;

    sg_key_file_encode(f->key, f->file);
    assert_ok(sg_key_file_inspect(file_of(f), &info));
    assert_false(info.is_wrapped);
    assert_int_equal(info.cost.passes, 0);
    assert_ok(
        sg_key_file_encode_wrapped(f->key, PASSPHRASE, &f->wrap, f->file));
    assert_ok(sg_key_file_inspect(file_of(f), &info));
    assert_true(info.is_wrapped);
    assert_int_equal(info.cost.passes, 1);
    assert_int_equal(info.cost.memory_kib, 8);
    assert_int_equal(info.kind, SG_KEY_NODE);
    assert_memory_equal(&info.registry, &f->registry, sizeof(info.registry));
    assert_memory_equal(info.public_key, f->key->public_key, SG_KEY_SIZE);
}

/* Every changed bit of a file is refused, plain or wrapped. */
static void test_key_file_bits(void **state)
{
    struct fixture *f = *state;

    for (unsigned form = 0; form < 2; form++) {
        load(f, form == 0 ? "key-file-plain" : "key-file-wrapped");
        assert_ok(decode(f, PASSPHRASE));
        for (size_t bit = 0; bit < 8 * sizeof(f->file); bit++) {
            /* A bit that makes Argon2id dear is tried by inspecting only. */
            bool is_cost = bit / 8 >= 12 && bit / 8 < 20;
            struct sg_key_file_info info;
            enum sg_err err;

            f->file[bit / 8] ^= (uint8_t)(1u << bit % 8);
            err = sg_key_file_inspect(file_of(f), &info);
            if (err == SG_OK && (!is_cost || info.cost.memory_kib < 4096))
                err = decode(f, PASSPHRASE);
            if (err == SG_OK)
                assert_true(is_cost && info.cost.memory_kib >= 4096);
            f->file[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
}

/* A file is 172 bytes, no fewer and no more. */
static void test_key_file_size(void **state)
{
    uint8_t longer[SG_KEY_FILE_SIZE + 1] = {0};
    struct sg_key_file_info info;
    struct fixture *f = *state;

    load(f, "key-file-wrapped");
    memcpy(longer, f->file, sizeof(f->file));
    for (size_t size = 8; size < sizeof(f->file); size++)
        assert_err(sg_key_file_inspect(sg_bytes(longer, size), &info),
                   TRUNCATED);
    assert_ok(sg_key_file_inspect(sg_bytes(longer, sizeof(f->file)), &info));
    assert_err(sg_key_file_inspect(SG_BYTES_ARRAY(longer), &info), TRAILING);
}

struct malformed {
    size_t at; /* the byte that is set */
    uint8_t value;
    enum sg_err err;
};

static void assert_refused(struct fixture *f, const struct malformed *wrong)
{
    uint8_t before = f->file[wrong->at];
    struct sg_key_file_info info;

    f->file[wrong->at] = wrong->value;
    assert_string_equal(sg_err_name(sg_key_file_inspect(file_of(f), &info)),
                        sg_err_name(wrong->err));
    assert_string_equal(sg_err_name(decode(f, PASSPHRASE)),
                        sg_err_name(wrong->err));
    f->file[wrong->at] = before;
}

/* What no writer produces is refused, and so is what would keep a machine busy
 * for minutes: before anything is derived. */
static void test_key_file_strict(void **state)
{
    static const struct malformed wrapped[] = {
        {0, 'S', SG_ERR_MALFORMED}, {8, 0, SG_ERR_VERSION},
        {8, 2, SG_ERR_VERSION},     {9, 0, SG_ERR_MALFORMED},
        {9, 7, SG_ERR_MALFORMED},   {10, 2, SG_ERR_MALFORMED},
        {11, 1, SG_ERR_MALFORMED},  {15, 0, SG_ERR_MALFORMED}, /* passes */
        {15, 9, SG_ERR_LIMIT},      {12, 1, SG_ERR_LIMIT},
        {19, 7, SG_ERR_MALFORMED}, /* KiB */
        {17, 0x11, SG_ERR_LIMIT},   {16, 0x80, SG_ERR_LIMIT},
        {9, 6, SG_ERR_MALFORMED}, /* a view key has no public half */
    };
    static const struct malformed plain[] = {
        {15, 1, SG_ERR_MALFORMED},
        {19, 8, SG_ERR_MALFORMED},
        {35, 1, SG_ERR_MALFORMED}, /* salt */
        {59, 1, SG_ERR_MALFORMED}, /* nonce */
    };
    struct fixture *f = *state;

    load(f, "key-file-wrapped");
    derived = 0;
    for (size_t i = 0; i < sizeof(wrapped) / sizeof(wrapped[0]); i++)
        assert_refused(f, &wrapped[i]);
    load(f, "key-file-plain");
    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
        assert_refused(f, &plain[i]);
    assert_int_equal(derived, 0);
}

/* A file whose seal holds a secret that is not its public key's is refused,
 * though it opens. */
static void test_key_file_other_public(void **state)
{
    struct fixture *f = *state;

    f->key->public_key[31] ^= 1;
    sg_key_file_encode(f->key, f->file);
    assert_err(decode(f, NONE), MALFORMED);
    assert_ok(
        sg_key_file_encode_wrapped(f->key, PASSPHRASE, &f->wrap, f->file));
    assert_err(decode(f, PASSPHRASE), MALFORMED);
}

/* Passphrases and costs that readers would not take are not written. */
static void test_key_file_invalid(void **state)
{
    static const uint8_t endless[SG_PASSPHRASE_SIZE_MAX + 1];
    static const struct sg_argon2id costs[] = {
        {0, 8}, {1, 7}, {SG_KEY_FILE_PASSES_MAX + 1, 8}, {1, 1048577}};
    struct fixture *f = *state;

    assert_err(sg_key_file_encode_wrapped(f->key, NONE, &f->wrap, f->file),
               INVALID);
    assert_err(sg_key_file_encode_wrapped(f->key, SG_BYTES_ARRAY(endless),
                                          &f->wrap, f->file),
               LIMIT);
    for (size_t i = 0; i < sizeof(costs) / sizeof(costs[0]); i++) {
        f->wrap.cost = costs[i];
        enum sg_err err =
            sg_key_file_encode_wrapped(f->key, PASSPHRASE, &f->wrap, f->file);
        assert_int_equal(err, i < 2 ? SG_ERR_INVALID : SG_ERR_LIMIT);
    }
    load(f, "key-file-wrapped");
    assert_err(decode(f, SG_BYTES_ARRAY(endless)), LIMIT);
}

/* Another passphrase opens the same key and the old one opens it no more; a
 * plain file gets a passphrase, and loses it again, by choice. */
static void test_key_file_change(void **state)
{
    const struct sg_bytes other = SG_BYTES_TEXT("hộ tịch");
    struct fixture *f = *state;
    uint8_t old[SG_KEY_FILE_SIZE];

    load(f, "key-file-plain");
    assert_ok(
        sg_key_file_change(file_of(f), NONE, PASSPHRASE, &f->wrap, f->file));
    assert_opens(f, PASSPHRASE, f->key);
    memcpy(old, f->file, sizeof(old));
    sg_key_file_wrap_draw(&f->wrap.cost, &f->wrap);
    assert_err(sg_key_file_change(file_of(f), other, other, &f->wrap, f->file),
               DECRYPT);
    assert_memory_equal(f->file, old, sizeof(old));
    assert_ok(
        sg_key_file_change(file_of(f), PASSPHRASE, other, &f->wrap, f->file));
    assert_opens(f, other, f->key);
    assert_err(decode(f, PASSPHRASE), DECRYPT);
    assert_ok(
        sg_key_file_change(file_of(f), other, NONE, /* wrap= */ NULL, f->file));
    assert_opens(f, NONE, f->key);
}

/* Drawn keys, salts and nonces are not drawn twice. */
static void test_key_file_draw(void **state)
{
    struct sg_key_file_wrap other;
    struct fixture *f = *state;
    struct sg_key *a, *b;

    sg_key_file_wrap_draw(&sg_crypto_argon2id_moderate, &f->wrap);
    sg_key_file_wrap_draw(&sg_crypto_argon2id_moderate, &other);
    assert_int_equal(other.cost.passes, 3);
    assert_int_equal(other.cost.memory_kib, 262144);
    assert_memory_not_equal(f->wrap.salt, other.salt, sizeof(other.salt));
    assert_memory_not_equal(f->wrap.nonce, other.nonce, sizeof(other.nonce));
    assert_ok(sg_key_file_draw(SG_KEY_VIEW, &f->registry, &a));
    assert_ok(sg_key_file_draw(SG_KEY_VIEW, &f->registry, &b));
    assert_memory_not_equal(a->secret, b->secret, SG_KEY_SIZE);
    sg_key_file_free(a);
    sg_key_file_free(b);
    sg_key_file_free(NULL);
}

/* Without memory, locked or Argon2id's, there is no key and no file. */
static void test_key_file_nomem(void **state)
{
    uint8_t untouched[SG_KEY_FILE_SIZE];
    struct fixture *f = *state;
    struct sg_key *key;

    load(f, "key-file-wrapped");
    memcpy(untouched, f->file, sizeof(untouched));
    no_secrets = true;
    assert_err(sg_key_file_new(SG_KEY_VIEW, NULL, f->file, &key), NOMEM);
    assert_err(sg_key_file_draw(SG_KEY_VIEW, NULL, &key), NOMEM);
    assert_err(decode(f, PASSPHRASE), NOMEM);
    no_secrets = false;
    no_argon2id = true;
    assert_err(decode(f, PASSPHRASE), NOMEM);
    assert_err(
        sg_key_file_encode_wrapped(f->key, PASSPHRASE, &f->wrap, f->file),
        NOMEM);
    no_argon2id = false;
    assert_memory_equal(f->file, untouched, sizeof(untouched));
}

static void new_of_no_kind(void *fixture)
{
    struct fixture *f = fixture;
    struct sg_key *key;

    (void)!sg_key_file_new((enum sg_key_kind)0, NULL, f->file, &key);
}

/* There is no key without a kind. */
static void test_key_file_asserts(void **state)
{
    assert_true(sg_dies(new_of_no_kind, *state));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_key_file_page_plain), TEST(test_key_file_page_wrapped),
        TEST(test_key_file_kinds),      TEST(test_key_file_inspect),
        TEST(test_key_file_bits),       TEST(test_key_file_size),
        TEST(test_key_file_strict),     TEST(test_key_file_other_public),
        TEST(test_key_file_invalid),    TEST(test_key_file_change),
        TEST(test_key_file_draw),       TEST(test_key_file_nomem),
        TEST(test_key_file_asserts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
