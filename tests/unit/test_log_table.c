#include "replication/log_table.h"

#include "replication/field.h"
#include "storage/base/prng.h"
#include "tests/lib/format.h"
#include "tests/lib/heads.h"
#include "tests/lib/protocol.h"
#include "tests/lib/torture.h"

#define LOGS 400u

/* Log 271946498's id begins with fffffffd, which is 2 mod p. */
#define WRAPPING 271946498u

/* Rows are found by id, by ref and by number; branches by their number. */
static void test_find(void **state)
{
    struct sg_log_table *table = heads_table(LOGS + 2);
    struct sg_log_core core = heads_core(3);
    struct sg_log_id unknown = {{{9}}};
    struct sg_log *log, *branch;

    (void)state;
    for (uint64_t n = 0; n < LOGS; n++)
        (void)heads_set(table, n, n + 1, 0);
    assert_int_equal(sg_log_table_count(table), LOGS);
    for (uint32_t n = 0; n < LOGS; n++) {
        core = heads_core(n);
        log = sg_log_table_at(table, n);
        assert_memory_equal(&log->core, &core, sizeof core);
        assert_ptr_equal(sg_log_table_find(table, &log->id, 0), log);
        assert_ptr_equal(sg_log_table_find_ref(table, log->id.hash.bytes), log);
        unknown = log->id;
        unknown.hash.bytes[31] ^= 1;
        assert_null(sg_log_table_find(table, &unknown, 0));
        unknown.hash.bytes[15] ^= 1;
        assert_null(sg_log_table_find_ref(table, unknown.hash.bytes));
    }
    core = heads_core(3);
    log = sg_log_table_at(table, 3);
    assert_null(sg_log_table_find(table, &log->id, 2));
    assert_ok(sg_log_table_add(table, &core, 2, &branch));
    assert_ptr_equal(sg_log_table_find(table, &log->id, 2), branch);
    assert_ptr_equal(sg_log_table_find(table, &log->id, 0), log);
    assert_err(sg_log_table_add(table, &core, 2, &branch), EXISTS);
    assert_err(sg_log_table_add(table, &core, 0, &branch), EXISTS);
    assert_ok(sg_log_table_add(table, &core, 1, &branch));
    assert_err(sg_log_table_add(table, &core, 3, &branch), LIMIT);
    core = heads_core(LOGS);
    assert_err(sg_log_table_add(table, &core, 0, &branch), LIMIT);
    sg_log_table_free(table);
}

/* The sums over a table, counted anew. */
static void plain_sums(struct sg_log_table *table, uint32_t ret[2])
{
    ret[0] = ret[1] = 0;
    for (uint32_t i = 0; i < sg_log_table_count(table); i++) {
        const struct sg_log *log = sg_log_table_at(table, i);
        uint64_t v, x = sg_bytes_get_u32be(log->id.hash.bytes);

        if (log->branch != 0 || log->known.size == 0)
            continue;
        v = sg_bytes_get_u32be(sg_log_table_tag(table, log)) % SG_FIELD_PRIME;
        v = v == 0 ? 1 : v;
        ret[0] = (uint32_t)((ret[0] + v) % SG_FIELD_PRIME);
        ret[1] =
            (uint32_t)((ret[1] + v * (x % SG_FIELD_PRIME)) % SG_FIELD_PRIME);
    }
}

/* Root and sums follow every change; branches and logs of which nothing is
 * known are not in them. */
static void test_hashes(void **state)
{
    struct sg_log_table *table = heads_table(LOGS), *other = heads_table(LOGS);
    uint32_t sums[2], expected[2];
    struct sg_checkpoint known;
    struct sg_log_core core = heads_core(0);
    struct sg_log *log;
    struct sg_hash a, b;
    struct sg_prng prng;

    (void)state;
    sg_prng_init(&prng, 5);
    for (int i = 0; i < 2000; i++) {
        uint64_t n = sg_prng_below(&prng, 100), size = 1 + (uint64_t)i;
        uint64_t version = sg_log_table_version(table);

        log = heads_set(table, n, size, 7);
        assert_true(sg_log_table_version(table) > version);
        if (i % 50 == 0)
            sg_log_table_set_forked(table, log, log->change + 1);
        sg_log_table_sums(table, sums);
        plain_sums(table, expected);
        assert_memory_equal(sums, expected, sizeof sums);
    }
    /* The same set, made in one go and in another order. */
    for (uint32_t i = sg_log_table_count(table); i-- > 0;) {
        const struct sg_log *from = sg_log_table_at(table, i);

        log = heads_put(other, &from->core, from->known.size, 7);
        if (from->is_forked)
            sg_log_table_set_forked(other, log, 1);
    }
    a = sg_log_table_root(table);
    b = sg_log_table_root(other);
    assert_memory_equal(&a, &b, sizeof a);
    /* What is not in the tree. */
    assert_ok(sg_log_table_add(other, &core, 1, &log));
    known = heads_known(5, 8);
    sg_log_table_set_known(other, log, &known, 9000);
    core = heads_core(LOGS);
    assert_ok(sg_log_table_add(other, &core, 0, &log));
    b = sg_log_table_root(other);
    assert_memory_equal(&a, &b, sizeof a);
    sg_log_table_free(table);
    sg_log_table_free(other);
}

/* Logs are in the order of their last change, loaded in whatever order; what is
 * loaded is not new. */
static void test_changes(void **state)
{
    struct sg_log_table *table = heads_table(LOGS);
    const struct sg_log *log;
    uint64_t last = UINT64_MAX;
    uint32_t count = 0;

    (void)state;
    sg_log_table_sort(table);
    assert_null(sg_log_table_newest(table));
    for (uint64_t n = 0; n < LOGS; n++) {
        struct sg_log *added;
        struct sg_log_core core = heads_core(n);
        struct sg_checkpoint known = heads_known(1, 0);

        assert_ok(sg_log_table_add(table, &core, 0, &added));
        sg_log_table_set_known(table, added, &known, n * 37 % LOGS + 1);
    }
    sg_log_table_sort(table);
    assert_int_equal(sg_log_table_change(table), LOGS);
    for (log = sg_log_table_newest(table); log != NULL;
         log = sg_log_table_older(table, log)) {
        assert_int_equal(log->change, LOGS - count);
        assert_int_equal(log->first, 0);
        count++;
    }
    assert_int_equal(count, LOGS);
    (void)heads_set(table, 17, 2, 0);
    assert_int_equal(sg_log_table_newest(table)->change, LOGS + 1);
    assert_int_equal(sg_log_table_newest(table)->first, 0);
    assert_int_equal(sg_log_table_newest(table)->core.epoch[0], 17);
    sg_log_table_set_held(table, sg_log_table_at(table, 3), 0, 0, LOGS + 2);
    log = sg_log_table_newest(table);
    assert_int_equal(log->number, 3);
    assert_true(log->head_change <= LOGS);
    for (count = 0; log != NULL; log = sg_log_table_older(table, log)) {
        assert_true(log->change < last);
        last = log->change;
        count++;
    }
    assert_int_equal(count, LOGS);
    sg_log_table_free(table);
}

/* A short ref fits the logs whose ids begin with its bits, in order; one of 32
 * bits those that are equal to it mod p. */
static void test_fits(void **state)
{
    struct sg_log_table *table = heads_table(LOGS + 2);
    struct sg_log *logs[LOGS], *wrapping;
    struct sg_log_core unknown = heads_core(LOGS);

    (void)state;
    for (uint64_t n = 0; n < LOGS; n++)
        (void)heads_set(table, n, 1, 0);
    assert_ok(sg_log_table_add(table, &unknown, 0, &wrapping));
    wrapping = heads_set(table, WRAPPING, 1, 0);
    assert_int_equal(sg_bytes_get_u32be(wrapping->id.hash.bytes), 0xfffffffd);
    for (unsigned width = 1; width <= 32; width += width < 12 ? 1 : 5) {
        uint32_t all = 0;

        for (uint32_t ref = 0; ref < UINT32_C(1) << (width < 12 ? width : 8);
             ref++) {
            uint32_t fits = sg_log_table_fits(table, ref, width, logs, LOGS);

            all += fits;
            for (uint32_t i = 0; i < fits; i++) {
                uint32_t begin = sg_bytes_get_u32be(logs[i]->id.hash.bytes);

                if (width < 32)
                    assert_int_equal(begin >> (32 - width), ref);
                if (i > 0)
                    assert_true(memcmp(&logs[i - 1]->id, &logs[i]->id,
                                       sizeof(struct sg_log_id)) < 0);
            }
        }
        if (width < 12)
            assert_int_equal(all, LOGS + 1);
    }
    assert_int_equal(sg_log_table_fits(table, 2, 32, logs, 1), 1);
    assert_ptr_equal(logs[0], wrapping);
    assert_int_equal(sg_log_table_fits(table, 0xfffffffd, 32, logs, 1), 1);
    assert_int_equal(sg_log_table_fits(table, 0, 1, logs, 0) +
                         sg_log_table_fits(table, 1, 1, logs, 0),
                     LOGS + 1);
    sg_log_table_free(table);
}

/* The auth tag is over the authority's logs alone, and follows them; it is
 * 0 where there are none. */
static void test_authority(void **state)
{
    static const uint8_t none[SG_HEAD_TAG_SIZE];
    struct sg_log_table *table = heads_table(LOGS);
    uint8_t tag[SG_HEAD_TAG_SIZE], later[SG_HEAD_TAG_SIZE];
    struct sg_log *log = heads_set(table, 0, 1, 0);

    (void)state;
    sg_log_table_auth_tag(table, tag);
    assert_memory_equal(tag, none, sizeof tag);
    assert_ok(sg_log_table_set_authority(table, log));
    assert_ok(sg_log_table_set_authority(table, log));
    sg_log_table_auth_tag(table, tag);
    assert_memory_equal(tag, sg_log_table_tag(table, log), sizeof tag);
    (void)heads_set(table, 1, 1, 0);
    sg_log_table_auth_tag(table, later);
    assert_memory_equal(tag, later, sizeof tag);
    (void)heads_set(table, 0, 2, 0);
    sg_log_table_auth_tag(table, later);
    assert_memory_not_equal(tag, later, sizeof tag);
    assert_false(sg_log_table_authority_is_forked(table));
    for (uint64_t n = 1; n < SG_AUTHORITY_LOGS_MAX; n++)
        assert_ok(sg_log_table_set_authority(table, heads_set(table, n, 1, 0)));
    log = heads_set(table, SG_AUTHORITY_LOGS_MAX, 1, 0);
    assert_err(sg_log_table_set_authority(table, log), LIMIT);
    assert_false(log->is_authority);
    sg_log_table_set_forked(table, log, 1000);
    assert_false(sg_log_table_authority_is_forked(table));
    sg_log_table_set_forked(table, sg_log_table_at(table, 7), 1001);
    assert_true(sg_log_table_authority_is_forked(table));
    sg_log_table_free(table);
}

/* `mine` hashes the logs of one node key, as in PROTOCOL.md. */
static void test_mine(void **state)
{
    struct format_log made = format_log();
    struct sg_log_table *table = heads_table(4);
    uint8_t mine[SG_HEAD_MINE_SIZE], later[SG_HEAD_MINE_SIZE];
    struct sg_checkpoint known = {.size = 3};
    struct sg_log *log;

    (void)state;
    known.root = sg_merkle_root(&made.frontier);
    (void)heads_set(table, 1, 1, 0);
    assert_ok(sg_log_table_add(table, &made.core, 0, &log));
    sg_log_table_set_known(table, log, &known, 1);
    (void)heads_set(table, 2, 1, 0);
    sg_log_table_mine(table, made.core.node_key, mine);
    assert_memory_equal(mine, protocol_hex("message-mine").data + 3,
                        sizeof mine);
    (void)heads_set(table, 2, 2, 0);
    sg_log_table_mine(table, made.core.node_key, later);
    assert_memory_equal(mine, later, sizeof mine);
    sg_log_table_set_forked(table, log, 2);
    sg_log_table_mine(table, made.core.node_key, later);
    assert_memory_not_equal(mine, later, sizeof mine);
    sg_log_table_free(table);
}

/* Who has had a frontier longest gives it to a log that has none, unless it is
 * written here: a log without would be asked for, and asked for again. */
static void test_frontiers(void **state)
{
    struct sg_log_table_config config = {heads_registry, 3, 2};
    struct sg_log_table *table;
    struct sg_frontier *first;
    struct sg_log *logs[3];

    (void)state;
    assert_ok(sg_log_table_new(&config, &table));
    for (uint64_t n = 0; n < 3; n++)
        logs[n] = heads_set(table, n, 1, 0);
    first = sg_log_table_frontier(table, logs[0]);
    assert_non_null(first);
    assert_int_equal(first->size, 0);
    first->size = 1;
    assert_ptr_equal(sg_log_table_frontier(table, logs[0]), first);
    assert_ptr_not_equal(sg_log_table_frontier(table, logs[1]), first);
    assert_ptr_equal(sg_log_table_frontier(table, logs[2]), first);
    assert_int_equal(first->size, 0);
    logs[2]->is_own = true;
    assert_ptr_not_equal(sg_log_table_frontier(table, logs[0]), first);
    assert_ptr_not_equal(sg_log_table_frontier(table, logs[1]), first);
    assert_ptr_equal(sg_log_table_frontier(table, logs[2]), first);
    logs[1]->is_own = true;
    assert_null(sg_log_table_frontier(table, logs[0]));
    sg_log_table_free(table);
}

static enum sg_err make_one(void *context)
{
    struct sg_log_table_config config = {heads_registry, 5, 5};
    struct sg_log_table *table;
    enum sg_err err = sg_log_table_new(&config, &table);

    (void)context;
    if (err == SG_OK)
        sg_log_table_free(table);
    return err;
}

/* A table is for 1 to SG_LOGS_MAX logs, and no more frontiers; where memory
 * fails nothing is left. */
static void test_limits(void **state)
{
    struct sg_log_table_config config = {heads_registry, 0, 0};
    struct sg_log_table *table;

    (void)state;
    assert_err(sg_log_table_new(&config, &table), LIMIT);
    config.logs_max = SG_LOGS_MAX + 1;
    assert_err(sg_log_table_new(&config, &table), LIMIT);
    config = (struct sg_log_table_config){heads_registry, 1, 2};
    assert_err(sg_log_table_new(&config, &table), LIMIT);
    assert_true(sg_torture_run(make_one, NULL) >= 5);
    sg_log_table_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),      cmocka_unit_test(test_hashes),
        cmocka_unit_test(test_changes),   cmocka_unit_test(test_fits),
        cmocka_unit_test(test_authority), cmocka_unit_test(test_mine),
        cmocka_unit_test(test_frontiers), cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
