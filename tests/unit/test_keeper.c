/* The keeper: writes of the core, committed in groups by a thread. */
#include "node/keeper.h"

#include <semaphore.h>
#include <string.h>

#include "replication/holding.h"
#include "storage/base/alloc.h"
#include "storage/log/fork.h"
#include "tests/lib/protocol.h"
#include "tests/lib/store.h"
#include "tests/lib/test.h"

#define ENTRIES  600
#define PACKAGES 3

struct fixture {
    struct sg_test_store from, to;
    struct sg_keeper *keeper;
    sem_t news;
    struct sg_fetch fetch[PACKAGES];
    struct sg_hash cover[PACKAGES][SG_MERKLE_HASHES_MAX];
};

static void on_wake(void *context)
{
    (void)sem_post(&((struct fixture *)context)->news);
}

static int setup(void **state)
{
    struct fixture *fixture = sg_calloc(1, sizeof *fixture);

    assert_non_null(fixture);
    sg_test_store_new(&fixture->from, 1);
    sg_test_store_new(&fixture->to, 2);
    sg_test_store_fill(&fixture->from, ENTRIES);
    assert_int_equal(sem_init(&fixture->news, 0, 0), 0);
    for (size_t i = 0; i < PACKAGES; i++)
        sg_fetch_init(&fixture->fetch[i], 1 << 20);
    assert_ok(
        sg_keeper_new(fixture->to.store, on_wake, fixture, &fixture->keeper));
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    sg_keeper_free(fixture->keeper);
    for (size_t i = 0; i < PACKAGES; i++)
        sg_fetch_clear(&fixture->fetch[i]);
    (void)sem_destroy(&fixture->news);
    sg_test_store_free(&fixture->from);
    sg_test_store_free(&fixture->to);
    sg_free(fixture);
    assert_int_equal(sg_alloc_live(), 0);
    return 0;
}

/* Package NUMBER of the source's log, as the core hands it over. */
static struct sg_effect package(struct fixture *fixture, size_t number,
                                uint64_t ticket)
{
    const struct sg_store_own *own = fixture->from.own;
    struct sg_fetch *fetch = &fixture->fetch[number];
    struct sg_effect effect = {
        .kind = SG_EFFECT_WRITE_PACKAGE,
        .ticket = ticket,
        .log = own->id,
    };
    uint64_t first = number * SG_PACKAGE_ENTRIES_MAX;

    assert_ok(sg_fetch_range(fixture->from.store, own->number, first,
                             SG_PACKAGE_ENTRIES_MAX, fetch));
    effect.package.core = own->core;
    effect.package.first = first;
    effect.package.entries = fetch->entries;
    effect.package.count = fetch->count;
    effect.package.known = own->signed_checkpoint;
    effect.package.cover = fixture->cover[number];
    assert_ok(sg_fetch_cover(fixture->from.store, own->number,
                             first + fetch->count, own->signed_checkpoint.size,
                             fixture->cover[number],
                             &effect.package.cover_count));
    return effect;
}

static void put(struct fixture *fixture, size_t number, uint64_t ticket)
{
    struct sg_effect effect = package(fixture, number, ticket);

    assert_ok(sg_keeper_put(fixture->keeper, &effect));
    /* It was copied: what the core does with its memory is no matter. */
    for (size_t i = 0; i < fixture->fetch[number].count; i++)
        memset(
            (void *)(uintptr_t)fixture->fetch[number].entries[i].payload.data,
            0xee, fixture->fetch[number].entries[i].payload.size);
}

/* Takes what is done until ticket LAST is; the errors by ticket. */
static uint64_t take_until(struct fixture *fixture, uint64_t last,
                           enum sg_err errs[])
{
    uint64_t change = 0;

    for (uint64_t ticket = 0; ticket < last;) {
        struct sg_keeper_done done;

        assert_int_equal(sem_wait(&fixture->news), 0);
        sg_keeper_take(fixture->keeper, &done);
        assert_ok(done.err);
        for (const struct sg_keeper_job *job = done.jobs; job != NULL;
             job = job->next) {
            if (job->is_floor)
                continue;
            assert_true(job->effect.ticket > ticket);
            ticket = job->effect.ticket;
            errs[ticket] = job->err;
            change = done.change;
        }
        sg_keeper_done_clear(&done);
    }
    return change;
}

/* What the store refuses comes back with the reason, in its place; all else of
 * the same group is durable, and the change number is the store's newest. */
static void test_a_refused_write_leaves_the_others(void **state)
{
    struct fixture *fixture = *state;
    enum sg_err errs[6];
    struct sg_store_log log;
    uint64_t change;

    put(fixture, 2, 1); /* not where the log ends */
    put(fixture, 0, 2);
    put(fixture, 0, 3); /* is there already, which is as good as written */
    put(fixture, 1, 4);
    put(fixture, 2, 5);
    change = take_until(fixture, 5, errs);
    assert_err(errs[1], STATE);
    assert_ok(errs[2]);
    assert_ok(errs[3]);
    assert_ok(errs[4]);
    assert_ok(errs[5]);
    assert_int_equal(sg_keeper_waiting(fixture->keeper), 0);
    assert_ok(
        sg_store_find(fixture->to.store, &fixture->from.own->id, 0, &log));
    assert_int_equal(log.row.frontier.size,
                     fixture->from.own->signed_checkpoint.size);
    assert_int_equal(log.row.change, change);
}

/* Orders entry INDEX of the source's log to be erased; says whether the keeper
 * tells that a payload was removed. */
static bool is_erased_by(struct fixture *fixture, uint64_t index,
                         uint64_t ticket)
{
    const struct sg_effect effect = {
        .kind = SG_EFFECT_WRITE_ERASE,
        .ticket = ticket,
        .log = fixture->from.own->id,
        .erase = {.index = index, .order = {7}},
    };
    bool is_done = false, is_erased = false;

    assert_ok(sg_keeper_put(fixture->keeper, &effect));
    while (!is_done) {
        struct sg_keeper_done done;

        assert_int_equal(sem_wait(&fixture->news), 0);
        sg_keeper_take(fixture->keeper, &done);
        assert_ok(done.err);
        is_erased = is_erased || done.is_erased;
        for (const struct sg_keeper_job *job = done.jobs; job != NULL;
             job = job->next) {
            assert_ok(job->err);
            is_done = is_done || job->effect.ticket == ticket;
        }
        sg_keeper_done_clear(&done);
    }
    return is_erased;
}

/* How entry INDEX of the source's log is held on BRANCH. */
static enum sg_payload_state held_as(struct fixture *fixture, uint8_t branch,
                                     uint64_t index)
{
    struct sg_store_log log;

    assert_ok(
        sg_store_find(fixture->to.store, &fixture->from.own->id, branch, &log));
    assert_ok(sg_fetch_range(fixture->to.store, log.number, index, 1,
                             &fixture->fetch[0]));
    return fixture->fetch[0].entries[0].state;
}

/* An order erases the entry on both sides of a fork and is told of once; what
 * no order can erase, such as the opening, stays (RECORDS.md 6.9). */
static void test_an_order_erases_what_it_may(void **state)
{
    struct fixture *fixture = *state;
    struct sg_effect other;
    enum sg_err errs[3];

    put(fixture, 0, 1);
    (void)take_until(fixture, 1, errs);
    other = package(fixture, 0, 2);
    other.branch = 1;
    assert_ok(sg_keeper_put(fixture->keeper, &other));
    (void)take_until(fixture, 2, errs);
    assert_ok(errs[2]);

    assert_false(is_erased_by(fixture, 0, 3));
    assert_int_equal(held_as(fixture, 0, 0), SG_PAYLOAD_PRESENT);
    assert_true(is_erased_by(fixture, 5, 4));
    assert_int_equal(held_as(fixture, 0, 5), SG_PAYLOAD_ERASED);
    assert_int_equal(held_as(fixture, 1, 5), SG_PAYLOAD_ERASED);
    assert_int_equal(held_as(fixture, 0, 6), SG_PAYLOAD_PRESENT);
    assert_false(is_erased_by(fixture, 5, 5));
}

/* What waits when the node stops is committed before the keeper is gone. */
static void test_what_waits_is_kept_at_the_end(void **state)
{
    struct fixture *fixture = *state;
    struct sg_store_log log;

    for (size_t i = 0; i < PACKAGES; i++)
        put(fixture, i, i + 1);
    sg_keeper_free(fixture->keeper);
    fixture->keeper = NULL;
    sg_test_store_close(&fixture->to);
    assert_ok(sg_test_store_open(&fixture->to));
    assert_ok(
        sg_store_find(fixture->to.store, &fixture->from.own->id, 0, &log));
    assert_int_equal(log.row.frontier.size,
                     fixture->from.own->signed_checkpoint.size);
}

/* Takes what is done until COUNT appends are; their errors, in order, and the
 * log after the last that was kept. */
static void take_appends(struct fixture *fixture, size_t count,
                         enum sg_err errs[], struct sg_store_log *ret_log)
{
    size_t n = 0;

    while (n < count) {
        struct sg_keeper_done done;

        assert_int_equal(sem_wait(&fixture->news), 0);
        sg_keeper_take(fixture->keeper, &done);
        assert_ok(done.err);
        for (const struct sg_keeper_job *job = done.jobs; job != NULL;
             job = job->next) {
            assert_true(job->is_append);
            assert_ptr_equal(job->append.owner, &errs[n]);
            errs[n++] = job->err;
            if (job->err == SG_OK)
                *ret_log = job->own;
        }
        sg_keeper_done_clear(&done);
    }
}

static struct sg_keeper_append append_of(const struct fixture *fixture,
                                         uint64_t first,
                                         const struct sg_entry *entry,
                                         enum sg_err *owner)
{
    return (struct sg_keeper_append){
        .number = fixture->to.own->number,
        .first = first,
        .entries = entry,
        .count = 1,
        .owner = owner,
    };
}

static void append(struct fixture *fixture, uint64_t first,
                   const struct sg_entry *entry, enum sg_err *owner)
{
    const struct sg_keeper_append append =
        append_of(fixture, first, entry, owner);

    assert_ok(sg_keeper_append(fixture->keeper, &append));
}

/* Own entries become durable in the order they were put, and what is said of
 * the log is signed; one for another place is refused alone. */
static void test_own_entries_are_signed(void **state)
{
    static const uint8_t payload[] = "a statement";
    struct fixture *fixture = *state;
    enum sg_err errs[4];
    struct sg_store_log log;
    struct sg_entry entry;

    assert_ok(sg_entry_make(sg_store_hasher(fixture->to.store), SG_ENTRY_PLAIN,
                            0, sg_bytes(payload, sizeof payload), &entry));
    append(fixture, 1, &entry, &errs[0]);
    append(fixture, 2, &entry, &errs[1]);
    append(fixture, 2, &entry, &errs[2]);
    append(fixture, 3, &entry, &errs[3]);
    take_appends(fixture, 4, errs, &log);
    assert_ok(errs[0]);
    assert_ok(errs[1]);
    assert_err(errs[2], STATE);
    assert_ok(errs[3]);
    assert_int_equal(log.row.frontier.size, 4);
    assert_int_equal(log.row.known.size, 4);
    assert_ok(sg_checkpoint_verify(&sg_test_registry, &log.id,
                                   fixture->to.public_key, &log.row.known));
}

/* Who has nothing else to do commits himself where the keeper rests, and waits
 * in the row like the others where he does not. */
static void test_an_append_is_committed_here(void **state)
{
    static const uint8_t payload[] = "a statement";
    struct fixture *fixture = *state;
    struct sg_keeper_append append_here;
    enum sg_err errs[21] = {SG_OK};
    struct sg_store_log log;
    struct sg_entry entry;

    assert_ok(sg_entry_make(sg_store_hasher(fixture->to.store), SG_ENTRY_PLAIN,
                            0, sg_bytes(payload, sizeof payload), &entry));
    append_here = append_of(fixture, 1, &entry, &errs[0]);
    assert_ok(sg_keeper_append_here(fixture->keeper, &append_here));
    assert_ok(sg_store_get(fixture->to.store, fixture->to.own->number, &log));
    assert_int_equal(log.row.known.size, 2);
    take_appends(fixture, 1, errs, &log);
    for (size_t i = 0; i < 20; i += 2) {
        append(fixture, 2 + i, &entry, &errs[i]);
        append_here = append_of(fixture, 3 + i, &entry, &errs[i + 1]);
        assert_ok(sg_keeper_append_here(fixture->keeper, &append_here));
    }
    take_appends(fixture, 20, errs, &log);
    for (size_t i = 0; i < 20; i++)
        assert_ok(errs[i]);
    assert_int_equal(log.row.known.size, 22);
}

/* A keeper may be given work before its thread has begun: the two never have
 * the batch at once (said by ThreadSanitizer). */
static void test_work_may_come_before_the_thread(void **state)
{
    static const uint8_t payload[] = "a statement";
    struct fixture *fixture = *state;
    struct sg_entry entry;

    assert_ok(sg_entry_make(sg_store_hasher(fixture->to.store), SG_ENTRY_PLAIN,
                            0, sg_bytes(payload, sizeof payload), &entry));
    for (uint64_t i = 0; i < 50; i++) {
        struct sg_keeper_append here;
        enum sg_err err;
        struct sg_store_log log;

        sg_keeper_free(fixture->keeper);
        fixture->keeper = NULL;
        assert_ok(sg_keeper_new(fixture->to.store, on_wake, fixture,
                                &fixture->keeper));
        here = append_of(fixture, 1 + i, &entry, &err);
        assert_ok(sg_keeper_append_here(fixture->keeper, &here));
        take_appends(fixture, 1, &err, &log);
        assert_ok(err);
        assert_int_equal(log.row.known.size, 2 + i);
    }
}

struct kept {
    size_t peers, forks, holdings;
    struct sg_keep_peer peer;
    uint8_t proof[512];
    size_t proof_size;
    uint8_t holder;
};

static enum sg_err see_peer(void *context, const struct sg_keep_peer *peer)
{
    struct kept *kept = context;

    kept->peers++;
    kept->peer = *peer;
    return SG_OK;
}

static enum sg_err see_fork(void *context, const struct sg_log_id *log,
                            struct sg_bytes proof)
{
    struct kept *kept = context;

    (void)log;
    assert_true(proof.size <= sizeof kept->proof);
    memcpy(kept->proof, proof.data, proof.size);
    kept->proof_size = proof.size;
    kept->forks++;
    return SG_OK;
}

static enum sg_err see_holding(void *context,
                               const struct sg_keep_statement *statement)
{
    struct kept *kept = context;

    kept->holdings++;
    kept->holder = statement->by[0];
    return SG_OK;
}

static void put_holding(struct fixture *fixture, uint64_t held, uint64_t ticket)
{
    struct sg_holding holding = {.log = fixture->from.own->id, .held = held};
    uint8_t bytes[SG_HOLDING_SIZE];
    struct sg_effect effect = {
        .kind = SG_EFFECT_WRITE_STATEMENT,
        .ticket = ticket,
        .log = holding.log,
        .statement = {SG_MESSAGE_HOLDING, SG_BYTES_ARRAY(bytes)},
    };

    memset(holding.holder, 0x33, sizeof holding.holder);
    sg_holding_encode(&holding, bytes);
    assert_ok(sg_keeper_put(fixture->keeper, &effect));
    memset(bytes, 0xee, sizeof bytes);
}

/* What the core remembers of peers, what holders say, fork proofs and the time
 * floor are kept, copied when they are put; a statement that is none comes back
 * refused. */
static void test_keepsakes_are_kept(void **state)
{
    struct fixture *fixture = *state;
    struct sg_bytes page = protocol_hex("fork-equal");
    struct sg_effect memory = {.kind = SG_EFFECT_WRITE_MEMORY, .ticket = 1};
    struct sg_effect none = {.kind = SG_EFFECT_WRITE_STATEMENT, .ticket = 4};
    struct sg_effect fork = {.kind = SG_EFFECT_WRITE_FORK, .ticket = 5};
    const struct sg_keep_floor floor = {1700000000000, 2};
    struct sg_keep_floor found;
    struct kept kept = {0};
    enum sg_err errs[6];
    struct sg_fork proof;

    memset(memory.memory.node_key, 0x44, sizeof memory.memory.node_key);
    memory.memory.change = 12;
    none.statement.type = SG_MESSAGE_PING;
    assert_ok(sg_fork_decode(page, &proof));
    fork.log = sg_entry_log_id(&sg_test_registry, &proof.core);
    fork.proof = page;
    assert_ok(sg_keeper_put(fixture->keeper, &memory));
    put_holding(fixture, 5, 2);
    put_holding(fixture, 9, 3);
    assert_ok(sg_keeper_put(fixture->keeper, &none));
    assert_ok(sg_keeper_floor(fixture->keeper, &floor));
    assert_ok(sg_keeper_put(fixture->keeper, &fork));
    (void)take_until(fixture, 5, errs);
    assert_ok(errs[1]);
    assert_ok(errs[2]);
    assert_ok(errs[3]);
    assert_err(errs[4], INVALID);
    assert_ok(errs[5]);
    sg_keeper_free(fixture->keeper);
    fixture->keeper = NULL;
    sg_test_store_close(&fixture->to);
    assert_ok(sg_test_store_open(&fixture->to));
    assert_ok(sg_keep_each_peer(fixture->to.store, see_peer, &kept));
    assert_ok(sg_keep_each_fork(fixture->to.store, see_fork, &kept));
    assert_ok(sg_keep_each_statement(fixture->to.store, SG_KEEP_HOLDING,
                                     fixture->from.own->id.hash.bytes,
                                     see_holding, &kept));
    assert_int_equal(kept.peers, 1);
    assert_int_equal(kept.peer.change, 12);
    assert_int_equal(kept.forks, 1);
    assert_hex(sg_bytes(kept.proof, kept.proof_size), sg_hex_text(page));
    assert_int_equal(kept.holdings, 1);
    assert_int_equal(kept.holder, 0x33);
    assert_ok(sg_keep_floor(fixture->to.store, &found));
    assert_true(found.ms == floor.ms && found.generation == 2);
}

/* Who begins on a full disk says so before he is given anything: else peers are
 * asked for what cannot be kept. */
static void test_a_full_disk_is_said_at_the_start(void **state)
{
    struct fixture *fixture = *state;
    struct sg_keeper_done done;

    sg_keeper_free(fixture->keeper);
    fixture->keeper = NULL;
    sg_test_store_close(&fixture->to);
    fixture->to.config.reserve_size = UINT64_C(1) << 60;
    assert_ok(sg_test_store_open(&fixture->to));
    assert_ok(
        sg_keeper_new(fixture->to.store, on_wake, fixture, &fixture->keeper));
    assert_int_equal(sem_wait(&fixture->news), 0);
    sg_keeper_take(fixture->keeper, &done);
    assert_true(done.is_full);
    assert_null(done.jobs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_refused_write_leaves_the_others,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_order_erases_what_it_may, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_own_entries_are_signed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_an_append_is_committed_here, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_work_may_come_before_the_thread,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_waits_is_kept_at_the_end,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_keepsakes_are_kept, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_a_full_disk_is_said_at_the_start,
                                        setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
