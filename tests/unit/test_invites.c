/* Invites: one node each, a day, five wrong proofs. */
#include "node/invites.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "storage/log/key_id.h"
#include "tests/lib/tempdir.h"
#include "tests/lib/test.h"
#include "tests/lib/trust.h"

#define NOW UINT64_C(1700000000000)
#define DAY (UINT64_C(24) * 3600000)

static const struct sg_registry_id registry = {{{0x11}}};
static const struct sg_hash handshake = {{0x22}};

struct applicant {
    struct sg_join_request request;
    uint8_t bytes[SG_JOIN_REQUEST_SIZE];
};

static struct applicant applicant_of(uint8_t seed)
{
    struct applicant applicant = {.request = {.role = SG_CERTIFICATE_DISTRICT}};
    uint8_t node[SG_KEY_SIZE];
    struct sg_sign_key key = trust_key(seed, node);

    sg_join_request_sign(&applicant.request, &registry, &key);
    sg_join_request_encode(&applicant.request, applicant.bytes);
    return applicant;
}

static enum sg_err ask(const char *dir, uint64_t now,
                       const struct applicant *applicant,
                       const uint8_t secret[SG_JOIN_SECRET_SIZE])
{
    uint8_t proof[SG_JOIN_PROOF_SIZE];

    sg_join_proof(&registry, secret, &handshake, applicant->bytes, proof);
    return sg_invites_take(dir, now, &registry, &applicant->request,
                           applicant->bytes, proof, &handshake);
}

static size_t count(const char *dir, const char *folder)
{
    char path[4096];
    size_t n = 0;
    DIR *all;

    (void)snprintf(path, sizeof path, "%s/%s", dir, folder);
    all = opendir(path);
    for (const struct dirent *entry;
         all != NULL && (entry = readdir(all)) != NULL;)
        n += entry->d_name[0] != '.';
    if (all != NULL)
        (void)closedir(all);
    return n;
}

/* The first right proof binds the invite: its node may ask again, no other. The
 * request is kept once. */
static void test_one_node(void **state)
{
    const char *dir = *state;
    struct applicant first = applicant_of(1), second = applicant_of(2);
    uint8_t secret[SG_JOIN_SECRET_SIZE];

    assert_false(sg_invites_any(dir, NOW));
    assert_ok(sg_invites_issue(dir, NOW, secret));
    assert_true(sg_invites_any(dir, NOW));
    assert_ok(ask(dir, NOW, &first, secret));
    assert_ok(ask(dir, NOW + 1, &first, secret));
    assert_err(ask(dir, NOW, &second, secret), UNTRUSTED);
    assert_int_equal(count(dir, "requests"), 1);
    assert_int_equal(count(dir, "invites"), 1);
}

/* An invite ends with its day, and goes away. */
static void test_a_day(void **state)
{
    const char *dir = *state;
    struct applicant first = applicant_of(1);
    uint8_t secret[SG_JOIN_SECRET_SIZE];

    assert_ok(sg_invites_issue(dir, NOW, secret));
    assert_true(sg_invites_any(dir, NOW + DAY - 1));
    assert_err(ask(dir, NOW + DAY, &first, secret), UNTRUSTED);
    assert_false(sg_invites_any(dir, NOW + DAY));
    assert_int_equal(count(dir, "invites"), 0);
    assert_int_equal(count(dir, "requests"), 0);
}

/* Four wrong proofs leave it open, the fifth ends it, for every guess counts
 * against all. */
static void test_five_wrong(void **state)
{
    const char *dir = *state;
    struct applicant first = applicant_of(1);
    uint8_t secrets[2][SG_JOIN_SECRET_SIZE];
    const uint8_t guess[SG_JOIN_SECRET_SIZE] = {0};

    assert_ok(sg_invites_issue(dir, NOW, secrets[0]));
    assert_ok(sg_invites_issue(dir, NOW, secrets[1]));
    for (unsigned i = 0; i < SG_INVITES_TRIES - 1; i++)
        assert_err(ask(dir, NOW, &first, guess), UNTRUSTED);
    assert_ok(ask(dir, NOW, &first, secrets[0]));
    assert_err(ask(dir, NOW, &first, guess), UNTRUSTED);
    assert_err(ask(dir, NOW, &first, secrets[1]), UNTRUSTED);
    assert_false(sg_invites_any(dir, NOW));
}

/* A proof is of this session; no more invites are open than the limit. */
static void test_refusals(void **state)
{
    const char *dir = *state;
    struct applicant first = applicant_of(1);
    uint8_t secret[SG_JOIN_SECRET_SIZE], proof[SG_JOIN_PROOF_SIZE];
    const struct sg_hash other = {{0x23}};

    for (size_t i = 0; i < SG_INVITES_MAX; i++)
        assert_ok(sg_invites_issue(dir, NOW, secret));
    assert_err(sg_invites_issue(dir, NOW, secret), LIMIT);
    sg_join_proof(&registry, secret, &handshake, first.bytes, proof);
    assert_err(sg_invites_take(dir, NOW, &registry, &first.request, first.bytes,
                               proof, &other),
               UNTRUSTED);
    assert_ok(sg_invites_issue(dir, NOW + DAY, secret)); /* the old are gone */
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, sg_tempdir_setup, sg_tempdir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_one_node),
        TEST(test_a_day),
        TEST(test_five_wrong),
        TEST(test_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
