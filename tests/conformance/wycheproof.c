/* C2SP/wycheproof, testvectors_v1: each file names its algorithm and holds
 * groups of tests of one type. A test says whether its input is valid, invalid
 * or acceptable, and what comes out. Other algorithms, curves and types of
 * groups than ours are skipped by name; a folder called schemas holds no
 * vectors.
 */
#include "tests/conformance/run.h"

#include <stdio.h>
#include <string.h>

#include "storage/base/crypto.h"
#include "tests/conformance/case.h"

/* Compares what we did with the test's verdict; "acceptable" leaves it open. */
static void expect_verdict(struct test_case *c, bool accepted)
{
    const char *result = case_text(c, "result");
    if (strcmp(result, "valid") == 0)
        case_expect(c, accepted, "refused, it is valid");
    else if (strcmp(result, "invalid") == 0)
        case_expect(c, !accepted, "accepted, it is invalid");
    else
        case_expect(c, strcmp(result, "acceptable") == 0, "a result of '%.40s'",
                    result);
}

static bool is_zero(struct sg_bytes bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        if (bytes.data[i] != 0)
            return false;
    }
    return true;
}

/* v1 calls the group's key publicKey, v0 key. */
static const json_t *eddsa_key(const json_t *group)
{
    const json_t *key = json_object_get(group, "publicKey");
    return key != NULL ? key : json_object_get(group, "key");
}

static void eddsa_test(struct test_case *c, const json_t *group)
{
    struct sg_bytes key = case_hex(c, eddsa_key(group), "pk");
    struct sg_bytes message = case_hex(c, c->json, "msg");
    struct sg_bytes sig = case_hex(c, c->json, "sig");
    if (!case_good(c))
        return;
    bool accepted = key.size == SG_KEY_SIZE && sig.size == SG_SIGNATURE_SIZE &&
                    sg_crypto_verify(key.data, message.data, message.size,
                                     sig.data) == SG_OK;
    expect_verdict(c, accepted);
}

static const char *eddsa_curve(const json_t *group)
{
    return json_string_value(json_object_get(eddsa_key(group), "curve"));
}

/* RFC 7748, section 6: a shared secret of zero is refused, and wycheproof
 * calls its vectors acceptable. */
static void xdh_test(struct test_case *c, const json_t *group)
{
    (void)group;
    struct sg_bytes public_key = case_hex(c, c->json, "public");
    struct sg_bytes secret = case_hex(c, c->json, "private");
    struct sg_bytes expected = case_hex(c, c->json, "shared");
    if (!case_good(c))
        return;
    uint8_t shared[SG_KEY_SIZE] = {0};
    bool accepted =
        public_key.size == SG_KEY_SIZE && secret.size == SG_KEY_SIZE &&
        sg_crypto_x25519(secret.data, public_key.data, shared) == SG_OK;
    struct sg_bytes ours = {shared, sizeof(shared)};
    if (accepted) {
        case_expect(c, !is_zero(ours), "a secret of zero came out");
        case_expect(c, sg_bytes_equal(ours, expected), "another secret");
        expect_verdict(c, accepted);
    } else if (expected.size > 0 && is_zero(expected)) {
        (void)case_text(c, "result");
    } else {
        const char *result = case_text(c, "result");
        case_expect(c, strcmp(result, "invalid") == 0, "refused, it is %.20s",
                    result);
    }
}

static const char *xdh_curve(const json_t *group)
{
    return json_string_value(json_object_get(group, "curve"));
}

struct aead_test {
    struct sg_bytes key;
    struct sg_bytes nonce;
    struct sg_bytes ad;
    struct sg_bytes plain;
    struct sg_bytes sealed;
};

/* Opens what is given: accepted only if what comes out is the message. */
static bool aead_opens(struct test_case *c, enum sg_aead aead,
                       const struct aead_test *t)
{
    uint8_t *room = case_room(c, t->sealed.size);
    enum sg_err err =
        sg_crypto_open(aead, t->key.data, t->nonce, t->ad, t->sealed, room,
                       t->sealed.size - SG_SEAL_TAG_SIZE);
    if (err != SG_OK)
        return false;
    struct sg_bytes plain = {room, t->sealed.size - SG_SEAL_TAG_SIZE};
    case_expect(c, sg_bytes_equal(plain, t->plain), "opens to another message");
    return true;
}

/* Seals the message: accepted if the given sealed bytes come out. */
static bool aead_seals(struct test_case *c, enum sg_aead aead,
                       const struct aead_test *t)
{
    size_t size = t->plain.size + SG_SEAL_TAG_SIZE;
    uint8_t *room = case_room(c, size);
    enum sg_err err = sg_crypto_seal(aead, t->key.data, t->nonce, t->ad,
                                     t->plain, room, size);
    return err == SG_OK && sg_bytes_equal(sg_bytes(room, size), t->sealed);
}

static void aead_test(struct test_case *c, enum sg_aead aead)
{
    struct sg_bytes ct = case_hex(c, c->json, "ct");
    struct sg_bytes tag = case_hex(c, c->json, "tag");
    struct aead_test t = {.key = case_hex(c, c->json, "key"),
                          .nonce = case_hex(c, c->json, "iv"),
                          .ad = case_hex(c, c->json, "aad"),
                          .plain = case_hex(c, c->json, "msg")};
    if (!case_good(c))
        return;
    uint8_t *sealed = case_room(c, ct.size + tag.size);
    memcpy(sealed, ct.data, ct.size);
    memcpy(sealed + ct.size, tag.data, tag.size);
    t.sealed = sg_bytes(sealed, ct.size + tag.size);
    bool fits = t.key.size == SG_KEY_SIZE && tag.size == SG_SEAL_TAG_SIZE;
    expect_verdict(c, fits && aead_opens(c, aead, &t));
    expect_verdict(c, fits && aead_seals(c, aead, &t));
}

static void chacha20poly1305_test(struct test_case *c, const json_t *group)
{
    (void)group;
    aead_test(c, SG_AEAD_CHACHA20POLY1305);
}

static void xchacha20poly1305_test(struct test_case *c, const json_t *group)
{
    (void)group;
    aead_test(c, SG_AEAD_XCHACHA20POLY1305);
}

/* A tag of fewer bits is the head of the whole one. */
static void hmac_test(struct test_case *c, const json_t *group)
{
    (void)group;
    struct sg_bytes key = case_hex(c, c->json, "key");
    struct sg_bytes message = case_hex(c, c->json, "msg");
    struct sg_bytes tag = case_hex(c, c->json, "tag");
    if (!case_good(c))
        return;
    uint8_t whole[32];
    sg_crypto_hmac_sha256(key.data, key.size, message.data, message.size,
                          whole);
    expect_verdict(c, tag.size > 0 && tag.size <= sizeof(whole) &&
                          memcmp(whole, tag.data, tag.size) == 0);
}

#define HKDF_TEST_SIZE_MAX (1u << 20)

static void hkdf_test(struct test_case *c, const json_t *group)
{
    (void)group;
    struct sg_bytes input = case_hex(c, c->json, "ikm");
    struct sg_bytes salt = case_hex(c, c->json, "salt");
    struct sg_bytes info = case_hex(c, c->json, "info");
    struct sg_bytes expected = case_hex(c, c->json, "okm");
    size_t size = case_size(c, "size", HKDF_TEST_SIZE_MAX);
    if (!case_good(c))
        return;
    uint8_t key[SG_KEY_SIZE];
    uint8_t *out = case_room(c, size);
    sg_crypto_hkdf_extract(salt.data, salt.size, input.data, input.size, key);
    bool accepted =
        sg_crypto_hkdf_expand(key, info.data, info.size, out, size) == SG_OK &&
        sg_bytes_equal(sg_bytes(out, size), expected);
    expect_verdict(c, accepted);
}

static const struct algorithm {
    const char *name;
    const char *group_type;
    const char *curve; /* NULL where there is none */
    const char *(*group_curve)(const json_t *group);
    void (*test)(struct test_case *c, const json_t *group);
} algorithms[] = {
    {"EDDSA", "EddsaVerify", "edwards25519", eddsa_curve, eddsa_test},
    {"XDH", "XdhComp", "curve25519", xdh_curve, xdh_test},
    {"CHACHA20-POLY1305", "AeadTest", NULL, NULL, chacha20poly1305_test},
    {"XCHACHA20-POLY1305", "AeadTest", NULL, NULL, xchacha20poly1305_test},
    {"HMACSHA256", "MacTest", NULL, NULL, hmac_test},
    {"HKDF-SHA-256", "HkdfTest", NULL, NULL, hkdf_test},
};

#define ALGORITHM_COUNT (sizeof(algorithms) / sizeof(algorithms[0]))

static const struct algorithm *algorithm_of(const char *name)
{
    for (size_t i = 0; i < ALGORITHM_COUNT; i++) {
        if (strcmp(algorithms[i].name, name) == 0)
            return &algorithms[i];
    }
    return NULL;
}

/* Says why a group is not for us, or NULL. */
static const char *group_is_foreign(const json_t *group,
                                    const struct algorithm *algorithm)
{
    const char *type = json_string_value(json_object_get(group, "type"));
    if (type != NULL && strcmp(type, algorithm->group_type) != 0)
        return type;
    const char *curve =
        algorithm->curve != NULL ? algorithm->group_curve(group) : NULL;
    if (curve != NULL && strcmp(curve, algorithm->curve) != 0)
        return curve;
    return NULL;
}

static void group_run(struct run *run, const char *file, const json_t *group,
                      const struct algorithm *algorithm)
{
    const json_t *tests = json_object_get(group, "tests");
    if (!json_is_array(tests)) {
        run_fail(run, file, "group", "no list in 'tests'");
        return;
    }
    size_t i;
    const json_t *json;
    json_array_foreach(tests, i, json)
    {
        struct test_case c;
        case_begin(&c, run, file, json, "tcId", i);
        algorithm->test(&c, group);
        case_end(&c);
    }
}

static size_t count_tests(const json_t *groups)
{
    size_t count = 0;
    size_t i;
    const json_t *group;
    json_array_foreach(groups, i, group)
    {
        count += json_array_size(json_object_get(group, "tests"));
    }
    return count;
}

static void groups_run(struct run *run, const char *file, const json_t *groups,
                       const struct algorithm *algorithm)
{
    size_t i;
    const json_t *group;
    size_t foreign_count = 0;
    const char *foreign = NULL;
    json_array_foreach(groups, i, group)
    {
        const char *why = group_is_foreign(group, algorithm);
        if (why == NULL) {
            group_run(run, file, group, algorithm);
            continue;
        }
        foreign = why;
        foreign_count += json_array_size(json_object_get(group, "tests"));
    }
    if (foreign != NULL)
        run_skip(run, file, foreign_count, "%.40s is not ours", foreign);
}

/* A file may name no algorithm (upstream's JSON Web Key files do not); that is
 * a fault only where its groups are of a type that ours have. */
static bool has_group_of_ours(const json_t *groups)
{
    size_t i;
    const json_t *group;
    json_array_foreach(groups, i, group)
    {
        const char *type = json_string_value(json_object_get(group, "type"));
        for (size_t a = 0; a < ALGORITHM_COUNT; a++) {
            if (type == NULL || strcmp(type, algorithms[a].group_type) == 0)
                return true;
        }
    }
    return false;
}

static void file_run(struct run *run, const char *file, void *context)
{
    (void)context;
    if (strstr(file, "/schemas/") != NULL)
        return;
    json_t *json = case_load(run, file);
    if (json == NULL)
        return;
    const char *name = json_string_value(json_object_get(json, "algorithm"));
    const json_t *groups = json_object_get(json, "testGroups");
    const struct algorithm *algorithm =
        name != NULL ? algorithm_of(name) : NULL;
    if (!json_is_array(groups))
        run_fail(run, file, "file", "no list in 'testGroups'");
    else if (algorithm != NULL)
        groups_run(run, file, groups, algorithm);
    else if (name != NULL)
        run_skip(run, file, count_tests(groups), "%.40s is not ours", name);
    else if (has_group_of_ours(groups))
        run_fail(run, file, "file", "no text in 'algorithm'");
    else
        run_skip(run, file, count_tests(groups), "names no algorithm");
    json_decref(json);
}

void wycheproof_run(struct run *run, const char *path)
{
    run_files(run, path, ".json", file_run, /* context= */ NULL);
}
