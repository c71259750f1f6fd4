#include "storage/lmdb/commit.h"

#include <string.h>

#include "storage/base/prng.h"
#include "storage/lmdb/schema.h"
#include "tests/lib/store.h"
#include "tests/lib/test.h"

#define LOGS     4u
#define ROWS_MAX 64u
#define ROUNDS   150u

/* The rows of `changes` in their order, and those of `entries` in number. */
struct listing {
    size_t count;
    uint64_t first[ROWS_MAX];
    uint32_t log[ROWS_MAX];
    uint64_t arrivals;     /* how many */
    uint64_t last_arrival; /* the largest */
};

static enum sg_err list(struct sg_txn *txn, void *context)
{
    struct listing *listing = context;
    struct sg_schema_key from = sg_schema_number(0);
    struct sg_bytes key, value;
    bool found =
        sg_txn_seek(txn, SG_DB_CHANGES, sg_schema_bytes(&from), &key, &value);

    memset(listing, 0, sizeof *listing);
    while (found) {
        assert_true(listing->count < ROWS_MAX);
        listing->first[listing->count] = sg_bytes_get_u64be(key.data);
        listing->log[listing->count++] = sg_bytes_get_u32be(value.data);
        found = sg_txn_next(txn, SG_DB_CHANGES, &key, &value);
    }
    listing->arrivals = sg_txn_count(txn, SG_DB_ENTRIES);
    assert_true(
        sg_schema_last(txn, SG_DB_ENTRIES, &listing->last_arrival, &value));
    return sg_txn_err(txn);
}

/* Says whether log NUMBER, last changed at CHANGE, is among those that
 * FORMAT.md section 10 counts as changed since SINCE. */
static bool is_listed(const struct listing *listing, uint32_t number,
                      uint64_t change, uint64_t since)
{
    size_t i;
    for (i = 0; i < listing->count; i++) {
        bool is_run_of_since =
            listing->first[i] <= since &&
            (i + 1 == listing->count || listing->first[i + 1] > since);
        if (listing->log[i] == number &&
            (listing->first[i] > since ||
             (is_run_of_since && change > since))) {
            return true;
        }
    }
    return false;
}

/* A small node, and what was sent of each of the others' logs. */
struct district {
    struct sg_test_store here;
    struct sg_test_store others[LOGS - 1];
    uint64_t sent[LOGS - 1];
};

static void add(struct district *d, unsigned i)
{
    struct sg_entry entry;
    if (i == 0) {
        assert_ok(sg_entry_make(sg_store_hasher(d->here.store), SG_ENTRY_PLAIN,
                                0, SG_BYTES_TEXT("x"), &entry));
        assert_ok(sg_batch_append(d->here.batch, d->here.own->number,
                                  d->here.own->signed_checkpoint.size, &entry,
                                  1));
    } else {
        uint64_t *sent = &d->sent[i - 1];
        assert_ok(sg_test_store_send(&d->others[i - 1], &d->here, *sent, 1,
                                     /* without= */ false));
        ++*sent;
    }
}

static void check_changes(struct district *d, uint64_t *newest)
{
    struct listing listing;
    struct sg_store_log log;
    uint64_t since, before = *newest;
    size_t i;

    assert_ok(sg_env_read(d->here.store->env, list, &listing));
    for (i = 0; i < listing.count; i++) {
        size_t j;
        for (j = 0; j < i; j++) {
            assert_int_not_equal(listing.log[i], listing.log[j]);
        }
        assert_ok(sg_store_get(d->here.store, listing.log[i], &log));
        if (log.row.change > *newest) {
            *newest = log.row.change;
        }
        for (since = 0; since <= before + LOGS; since++) {
            assert_int_equal(
                is_listed(&listing, listing.log[i], log.row.change, since),
                log.row.change > since);
        }
    }
    assert_true(*newest > before);
    assert_int_equal(listing.last_arrival + 1, listing.arrivals);
}

/* Whatever changes in whatever order: each log has one row in `changes`, the
 * logs changed since any number can be told from them, numbers only grow, and
 * arrivals have no gaps. */
static void test_changes(void **state)
{
    static struct district d;
    struct sg_prng prng;
    uint64_t newest = 0;
    unsigned round, i;
    (void)state;

    memset(&d, 0, sizeof d);
    sg_prng_init(&prng, 7);
    sg_test_store_new(&d.here, 1);
    for (i = 1; i < LOGS; i++) {
        sg_test_store_new(&d.others[i - 1], (uint8_t)(i + 1));
        sg_test_store_fill(&d.others[i - 1], ROUNDS);
    }
    for (round = 0; round < ROUNDS; round++) {
        uint64_t which = sg_prng_below(&prng, 1u << LOGS);
        for (i = 0; i < LOGS; i++) {
            if (which == 0 ? i == 0 : (which >> i & 1) != 0) {
                add(&d, i);
            }
        }
        assert_ok(sg_batch_commit(d.here.batch));
        check_changes(&d, &newest);
        if (round % 50 == 49) {
            sg_test_store_close(&d.here);
            assert_ok(sg_test_store_open(&d.here));
        }
    }
    for (i = 1; i < LOGS; i++) {
        sg_test_store_free(&d.others[i - 1]);
    }
    sg_test_store_free(&d.here);
}

/* Writes a row where TO says, as damage would move the last one. */
static enum sg_err move_last(struct sg_txn *txn, void *context)
{
    const uint64_t *to = context;
    struct sg_schema_key key, now = sg_schema_number(*to);
    uint8_t bytes[SG_ROW_ENTRY_HEAD_MAX + 300];
    struct sg_bytes value;
    uint64_t last;

    assert_true(sg_schema_last(txn, SG_DB_ENTRIES, &last, &value));
    assert_true(value.size <= sizeof bytes);
    memcpy(bytes, value.data, value.size);
    key = sg_schema_number(last);
    sg_txn_del(txn, SG_DB_ENTRIES, sg_schema_bytes(&key));
    sg_txn_put(txn, SG_DB_ENTRIES, sg_schema_bytes(&now),
               sg_bytes(bytes, value.size));
    return sg_txn_err(txn);
}

static struct sg_entry entry_of(struct sg_test_store *a)
{
    struct sg_entry entry;
    assert_ok(sg_entry_make(sg_store_hasher(a->store), SG_ENTRY_PLAIN, 0,
                            SG_BYTES_TEXT("x"), &entry));
    return entry;
}

/* A last key that was changed by damage leads no new row among the old ones. */
static void test_damaged_arrival(void **state)
{
    struct sg_test_store a;
    struct listing listing;
    struct sg_entry entry;
    uint64_t to = UINT64_C(1) << 40;
    (void)state;

    sg_test_store_new(&a, 1);
    sg_test_store_fill(&a, 9);
    assert_ok(sg_env_write(a.store->env, move_last, &to));
    entry = entry_of(&a);
    assert_ok(sg_batch_append(a.batch, a.own->number, 10, &entry, 1));
    assert_ok(sg_batch_commit(a.batch));
    assert_ok(sg_env_read(a.store->env, list, &listing));
    assert_int_equal(listing.last_arrival, to + 1);
    sg_test_store_free(&a);
}

static enum sg_err look_last(struct sg_txn *txn, void *context)
{
    struct sg_bytes value;
    assert_false(sg_schema_last(txn, SG_DB_ENTRIES, context, &value));
    return sg_txn_err(txn);
}

/* A last key behind which there are no numbers is damage. */
static void test_no_numbers(void **state)
{
    struct sg_test_store a;
    uint64_t to = UINT64_MAX;
    (void)state;

    sg_test_store_new(&a, 1);
    assert_ok(sg_env_write(a.store->env, move_last, &to));
    assert_err(sg_env_read(a.store->env, look_last, &to), DAMAGED);
    sg_test_store_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_damaged_arrival),
        cmocka_unit_test(test_no_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
