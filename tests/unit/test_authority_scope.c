/* Scope keys (RECORDS 6.5): which one a unit's records are sealed for, and who
 * can open its secret. */
#include "storage/registry/authority_scope.h"

#include <string.h>

#include "tests/lib/test.h"
#include "tests/unit/book_state.h"

#define CURRENT   SG_AUTHORITY_SCOPE_CURRENT
#define OLD_KEY   SG_AUTHORITY_SCOPE_OLD
#define DESTROYED SG_AUTHORITY_SCOPE_DESTROYED

static const struct sg_unit_key home = {BOOK_NEW}, other = {BOOK_PROVINCE};

/* The pair whose secret is SEED 32 times; as a scope key and as a transport
 * key. */
static struct sg_scope_pair pair_of(uint8_t seed)
{
    struct sg_scope_pair pair;

    memset(pair.secret, seed, sizeof pair.secret);
    sg_crypto_x25519_public(pair.secret, pair.public_key.bytes);
    return pair;
}

static struct sg_key_id id_of(const struct book_state *fixture,
                              enum sg_key_kind kind, uint8_t seed)
{
    struct sg_scope_pair pair = pair_of(seed);

    return sg_key_id_of(&fixture->book.registry, kind, pair.public_key.bytes);
}

/* States scope key SEED of UNIT; its secret, or that of WRONG, goes to READER
 * unless that is 0. */
static void state_scope(struct book_state *fixture, struct sg_unit_key unit,
                        uint8_t seed, unsigned state, uint8_t reader,
                        uint8_t wrong)
{
    struct sg_record_build *build =
        book_statement(&fixture->book, SG_TYPE_SCOPE_KEY);
    struct sg_scope_pair scope = pair_of(seed), to = pair_of(reader);
    struct sg_key_id id = id_of(fixture, SG_KEY_TRANSPORT, reader);
    uint8_t box[SG_AUTHORITY_SCOPE_BOX_SIZE];
    struct sg_pack *pack;

    sg_record_build_uint(build, SG_FIELD_SCOPE_KEY_UNIT, unit.value);
    sg_record_build_bin(build, SG_FIELD_SCOPE_KEY_PUBLIC,
                        SG_BYTES_ARRAY(scope.public_key.bytes));
    sg_record_build_uint(build, SG_FIELD_SCOPE_KEY_STATE, state);
    pack = sg_record_build_field(build, SG_FIELD_SCOPE_KEY_WRAPS);
    sg_pack_array(pack, reader != 0);
    if (reader != 0) {
        if (wrong != 0)
            memset(scope.secret, wrong, sizeof scope.secret);
        assert_ok(sg_crypto_box_seal(to.public_key.bytes,
                                     SG_BYTES_ARRAY(scope.secret), box,
                                     sizeof box));
        sg_pack_array(pack, 2);
        sg_pack_bin(pack, SG_BYTES_ARRAY(id.bytes));
        sg_pack_bin(pack, SG_BYTES_ARRAY(box));
    }
    (void)book_write(&fixture->book, 0);
}

static bool opens(const struct book_state *fixture, uint8_t seed,
                  uint8_t reader)
{
    struct sg_scope_pair to = pair_of(reader), want = pair_of(seed), got;
    struct sg_key_id id = id_of(fixture, SG_KEY_SCOPE, seed);
    enum sg_err err = sg_authority_scope_open(
        fixture->authority, &id, to.public_key.bytes, to.secret, &got);

    if (err != SG_OK) {
        assert_err(err, NOTFOUND);
        return false;
    }
    assert_memory_equal(&got, &want, sizeof got);
    return true;
}

/* Of a unit's keys in state 1 the newest is sealed for; a key that is old or
 * destroyed is not, nor is another unit's. */
static void test_current(void **state)
{
    struct book_state *fixture = *state;
    struct sg_authority_scope scope;
    struct sg_scope_pair second = pair_of(2);

    (void)book_seal(fixture);
    assert_false(sg_authority_scope_current(fixture->authority, home, &scope));
    state_scope(fixture, home, 1, CURRENT, 0, 0);
    state_scope(fixture, other, 9, CURRENT, 0, 0);
    state_scope(fixture, home, 2, CURRENT, 0, 0);
    (void)book_seal(fixture);
    assert_true(sg_authority_scope_current(fixture->authority, home, &scope));
    assert_memory_equal(&scope.public_key, &second.public_key,
                        sizeof scope.public_key);
    assert_true(sg_unit_key_equal(scope.unit, home));
    assert_int_equal(scope.state, CURRENT);

    state_scope(fixture, home, 2, OLD_KEY, 0, 0);
    (void)book_seal(fixture);
    assert_true(sg_authority_scope_current(fixture->authority, home, &scope));
    assert_memory_not_equal(&scope.public_key, &second.public_key,
                            sizeof scope.public_key);
    state_scope(fixture, home, 1, DESTROYED, 0, 0);
    (void)book_seal(fixture);
    assert_false(sg_authority_scope_current(fixture->authority, home, &scope));
    assert_true(sg_authority_scope_current(fixture->authority, other, &scope));
}

/* The boxes of all statements about a key count together; each opens for whom
 * it was made and for nobody else; a later statement without boxes takes
 * nothing back. */
static void test_boxes_count_together(void **state)
{
    struct book_state *fixture = *state;
    struct sg_key_id key = id_of(fixture, SG_KEY_SCOPE, 1);
    struct sg_key_id first = id_of(fixture, SG_KEY_TRANSPORT, 11);
    struct sg_key_id nobody = id_of(fixture, SG_KEY_TRANSPORT, 13);

    state_scope(fixture, home, 1, CURRENT, 11, 0);
    state_scope(fixture, home, 1, CURRENT, 12, 0);
    state_scope(fixture, home, 1, OLD_KEY, 0, 0);
    (void)book_seal(fixture);
    assert_true(opens(fixture, 1, 11));
    assert_true(opens(fixture, 1, 12));
    assert_false(opens(fixture, 1, 13));
    assert_false(opens(fixture, 2, 11)); /* no such key */
    assert_true(sg_authority_scope_is_given(fixture->authority, &key, &first));
    assert_false(
        sg_authority_scope_is_given(fixture->authority, &key, &nobody));
}

/* A box that holds another secret than the key's is as good as none; a right
 * one beside it, older or newer, is found. */
static void test_wrong_secret(void **state)
{
    struct book_state *fixture = *state;

    state_scope(fixture, home, 1, CURRENT, 11, 77);
    (void)book_seal(fixture);
    assert_false(opens(fixture, 1, 11));
    state_scope(fixture, home, 1, CURRENT, 11, 0);
    state_scope(fixture, home, 1, CURRENT, 11, 78);
    (void)book_seal(fixture);
    assert_true(opens(fixture, 1, 11));
}

struct seen {
    size_t count, stop_at;
    struct sg_authority_scope all[8];
};

static enum sg_err see(void *context, const struct sg_authority_scope *scope)
{
    struct seen *seen = context;

    seen->all[seen->count++] = *scope;
    return seen->count == seen->stop_at ? SG_ERR_STATE : SG_OK;
}

/* Each key comes once, as its newest statement has it, the newest first; the
 * walk stops when it is told to. */
static void test_each(void **state)
{
    struct book_state *fixture = *state;
    struct seen seen = {0};

    state_scope(fixture, home, 1, CURRENT, 0, 0);
    state_scope(fixture, other, 2, CURRENT, 0, 0);
    state_scope(fixture, home, 1, OLD_KEY, 0, 0);
    (void)book_seal(fixture);
    assert_ok(sg_authority_scope_each(fixture->authority, see, &seen));
    assert_int_equal(seen.count, 2);
    assert_true(sg_unit_key_equal(seen.all[0].unit, home));
    assert_int_equal(seen.all[0].state, OLD_KEY);
    assert_true(sg_unit_key_equal(seen.all[1].unit, other));
    seen = (struct seen){.stop_at = 1};
    assert_err(sg_authority_scope_each(fixture->authority, see, &seen), STATE);
    assert_int_equal(seen.count, 1);
}

static enum sg_err count(void *context, struct sg_bytes payload)
{
    assert_true(payload.size > 0);
    ++*(size_t *)context;
    return SG_OK;
}

/* Of types without slots every statement comes; of types with, one a slot. */
static void test_each_statement(void **state)
{
    struct book_state *fixture = *state;
    size_t heartbeats = 0, scopes = 0;

    (void)book_heartbeat(&fixture->book, 0, BOOK_GENESIS_MS + 1);
    (void)book_heartbeat(&fixture->book, 0, BOOK_GENESIS_MS + 2);
    state_scope(fixture, home, 1, CURRENT, 0, 0);
    state_scope(fixture, home, 1, OLD_KEY, 0, 0);
    (void)book_seal(fixture);
    assert_ok(sg_authority_each(fixture->authority, SG_TYPE_HEARTBEAT, count,
                                &heartbeats));
    assert_ok(sg_authority_each(fixture->authority, SG_TYPE_SCOPE_KEY, count,
                                &scopes));
    assert_int_equal(heartbeats, 2);
    assert_int_equal(scopes, 1);
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, book_setup, book_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_current),        TEST(test_boxes_count_together),
        TEST(test_wrong_secret),   TEST(test_each),
        TEST(test_each_statement),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
