#include "replication/outbox.h"

#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/prng.h"
#include "tests/lib/dies.h"
#include "tests/lib/test.h"

static struct sg_outbox *outbox;
static struct sg_budget budget;
static struct sg_outbox_turn turn;

/* A node key of one byte. */
static const uint8_t *writer(unsigned i)
{
    static uint8_t keys[256][SG_KEY_SIZE];

    memset(keys[i], (int)i, SG_KEY_SIZE);
    return keys[i];
}

static void begin(uint64_t hour_max, uint64_t day_max)
{
    sg_budget_init(&budget, hour_max, day_max);
    sg_outbox_reset(outbox, &budget);
}

static int setup(void **state)
{
    (void)state;
    assert_ok(sg_outbox_new(&outbox));
    begin(0, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sg_outbox_free(outbox);
    return 0;
}

static enum sg_err put(unsigned priority, unsigned who, const char *text)
{
    return sg_outbox_put(outbox, priority, priority < 2 ? NULL : writer(who),
                         SG_MESSAGE_PROVE, sg_bytes(text, strlen(text)));
}

static bool next(uint64_t now)
{
    size_t room = SIZE_MAX;

    return sg_outbox_next(outbox, now, &room, &turn);
}

static void assert_message(const char *text)
{
    assert_true(next(0));
    assert_int_equal(turn.kind, SG_OUTBOX_MESSAGE);
    assert_int_equal(turn.type, SG_MESSAGE_PROVE);
    assert_int_equal(turn.body.size, strlen(text));
    assert_memory_equal(turn.body.data, text, turn.body.size);
}

static void assert_package(uint32_t slot)
{
    assert_true(next(0));
    assert_int_equal(turn.kind, SG_OUTBOX_PACKAGE);
    assert_int_equal(turn.slot, slot);
}

/* --- Order ---------------------------------------------------------------- */

/* Strictly by number, first in first out within one. */
static void test_priorities(void **state)
{
    (void)state;
    assert_true(sg_outbox_is_empty(outbox));
    assert_ok(put(4, 1, "4"));
    assert_ok(put(2, 1, "2"));
    sg_outbox_open(outbox, 5, 1, 2, writer(2));
    assert_ok(put(1, 0, "1a"));
    assert_ok(put(1, 0, "1b"));
    sg_outbox_open(outbox, 6, 2, 0, NULL);
    assert_ok(put(0, 0, "0"));
    assert_int_equal(sg_outbox_waiting(outbox), 7);
    assert_message("0");
    assert_package(6);
    sg_outbox_made(outbox, 0, 100, 1, true);
    assert_message("1a");
    assert_message("1b");
    assert_message("2");
    assert_package(5);
    sg_outbox_made(outbox, 0, 100, 1, true);
    assert_message("4");
    assert_false(next(0));
    assert_true(sg_outbox_is_empty(outbox));
    assert_int_equal(sg_outbox_waiting(outbox), 0);
}

/* One package is in the making at a time; messages overtake it, packages of any
 * priority wait. */
static void test_making(void **state)
{
    uint32_t slot;

    (void)state;
    sg_outbox_open(outbox, 0, 1, 3, writer(1));
    sg_outbox_open(outbox, 1, 2, 3, writer(2));
    assert_false(sg_outbox_is_making(outbox, &slot));
    assert_package(0);
    assert_true(sg_outbox_is_making(outbox, &slot));
    assert_int_equal(slot, 0);
    sg_outbox_open(outbox, 2, 3, 0, NULL);
    assert_false(next(0));
    assert_ok(put(4, 3, "late"));
    assert_ok(put(1, 0, "soon"));
    assert_message("soon");
    assert_message("late");
    sg_outbox_made(outbox, 0, 900, 7, false);
    assert_package(2);
    sg_outbox_close(outbox, 2);
    assert_false(sg_outbox_is_making(outbox, &slot));
    assert_package(0);
}

/* Messages may be empty; what is in the making is not nothing. */
static void test_empty(void **state)
{
    (void)state;
    assert_ok(put(1, 0, ""));
    assert_ok(put(3, 1, ""));
    assert_false(sg_outbox_is_empty(outbox));
    assert_message("");
    assert_message("");
    assert_true(sg_outbox_is_empty(outbox));
    sg_outbox_open(outbox, 9, 1, 0, NULL);
    assert_false(sg_outbox_is_empty(outbox));
    assert_package(9);
    assert_false(sg_outbox_is_empty(outbox));
    sg_outbox_made(outbox, 0, 10, 1, true);
    assert_true(sg_outbox_is_empty(outbox));
}

/* Closing takes a stream out wherever it stands, and nothing else. */
static void test_close(void **state)
{
    (void)state;
    for (uint32_t slot = 0; slot < 6; slot++)
        sg_outbox_open(outbox, slot, slot, 3, writer(slot / 3));
    sg_outbox_close(outbox, 1);
    sg_outbox_close(outbox, 1);
    sg_outbox_close(outbox, 2);
    sg_outbox_close(outbox, 3);
    assert_false(sg_outbox_is_open(outbox, 2));
    assert_true(sg_outbox_is_open(outbox, 4));
    sg_outbox_open(outbox, 2, 9, 3, writer(0));
    assert_package(0);
    sg_outbox_made(outbox, 0, 10, 1, true);
    assert_package(2);
    sg_outbox_made(outbox, 0, 10, 1, true);
    assert_package(4);
    sg_outbox_made(outbox, 0, 10, 1, true);
    assert_package(5);
    sg_outbox_made(outbox, 0, 10, 1, true);
    assert_true(sg_outbox_is_empty(outbox));
}

/* --- Writers -------------------------------------------------------------- */

/* Gives each turn to whoever's it is, packages of SIZE[slot] bytes, until BYTES
 * went out; adds up what each slot had. */
static void serve(uint64_t bytes, const size_t size[], uint64_t had[])
{
    for (uint64_t sent = 0; sent < bytes;) {
        assert_ok(sg_outbox_credit(outbox, UINT64_MAX));
        assert_true(next(0));
        sent += size[turn.slot];
        had[turn.slot] += size[turn.slot];
        sg_outbox_made(outbox, 0, size[turn.slot], sent, false);
    }
}

/* Who leaves in the middle of the round leaves the others in their order. */
static void test_leaving(void **state)
{
    (void)state;
    for (uint32_t slot = 0; slot < 5; slot++)
        sg_outbox_open(outbox, slot, slot, 3, writer(slot));
    sg_outbox_close(outbox, 2);
    sg_outbox_close(outbox, 4);
    sg_outbox_open(outbox, 6, 6, 3, writer(6));
    assert_package(0);
    sg_outbox_made(outbox, 0, SG_OUTBOX_QUANTUM, 1, false);
    assert_package(1);
    sg_outbox_made(outbox, 0, SG_OUTBOX_QUANTUM, 1, false);
    assert_package(3);
    sg_outbox_made(outbox, 0, SG_OUTBOX_QUANTUM, 1, false);
    assert_package(6);
    sg_outbox_made(outbox, 0, SG_OUTBOX_QUANTUM, 1, false);
    assert_package(0);
}

/* Writers that always have something get the same share, whatever the sizes of
 * their packages. */
static void test_equal_shares(void **state)
{
    static const size_t size[5] = {300, 5000, 20000, 69000, 262144};
    uint64_t had[5] = {0}, all = 200000000;

    (void)state;
    for (uint32_t slot = 0; slot < 5; slot++)
        sg_outbox_open(outbox, slot, slot, 3, writer(slot));
    serve(all, size, had);
    for (uint32_t slot = 0; slot < 5; slot++)
        assert_in_range(had[slot], all / 5 - 600000, all / 5 + 600000);
}

/* A writer who floods, with a hundred logs, takes from nobody but himself. */
static void test_flood(void **state)
{
    static size_t size[102];
    static uint64_t had[102];
    uint64_t flood = 0, all = 30000000;

    (void)state;
    memset(had, 0, sizeof had);
    for (uint32_t slot = 0; slot < 102; slot++) {
        size[slot] = 4000;
        sg_outbox_open(outbox, slot, slot, 3, writer(slot < 100 ? 7 : slot));
    }
    serve(all, size, had);
    for (uint32_t slot = 0; slot < 100; slot++)
        flood += had[slot];
    assert_in_range(flood, all / 3 - 100000, all / 3 + 100000);
    assert_in_range(had[100], all / 3 - 100000, all / 3 + 100000);
    assert_in_range(had[101], all / 3 - 100000, all / 3 + 100000);
}

/* One record of a writer waits for a quantum of each other, not for their
 * queues. */
static void test_push_in_flood(void **state)
{
    static size_t size[400];
    static uint64_t had[400];
    uint64_t before = 0;

    (void)state;
    for (uint32_t slot = 0; slot < 300; slot++) {
        size[slot] = 16000;
        sg_outbox_open(outbox, slot, slot, 2, writer(slot % 3));
    }
    serve(500000, size, had);
    sg_outbox_open(outbox, 300, 300, 2, writer(9));
    for (;;) {
        assert_true(next(0));
        if (turn.slot == 300)
            break;
        before += 16000;
        sg_outbox_made(outbox, 0, 16000, 1, false);
        assert_ok(sg_outbox_credit(outbox, UINT64_MAX));
    }
    assert_true(before <= 3 * 2 * SG_OUTBOX_QUANTUM);
}

/* Small messages of one writer do not hold up another's. */
static void test_notes_are_fair(void **state)
{
    static char text[201];
    unsigned before = 0;

    (void)state;
    memset(text, 'x', 200);
    for (unsigned i = 0; i < 200; i++)
        assert_ok(put(2, 1, text));
    assert_ok(put(2, 2, "mine"));
    while (next(0) && turn.body.size != 4)
        before++;
    assert_in_range(before, 1, SG_OUTBOX_QUANTUM / 200 + 1);
}

/* Nobody starves: with random sizes, writers and streams that come and go,
 * every stream gets its turn. */
static void test_nobody_starves(void **state)
{
    static unsigned waited[SG_OUTBOX_STREAMS_MAX];
    struct sg_prng prng;

    (void)state;
    sg_prng_init(&prng, 5);
    for (unsigned round = 0; round < 60000; round++) {
        uint32_t slot = (uint32_t)sg_prng_below(&prng, 40);

        if (!sg_outbox_is_open(outbox, slot)) {
            waited[slot] = 0;
            sg_outbox_open(outbox, slot, slot, 3,
                           writer((unsigned)sg_prng_below(&prng, 6)));
        }
        assert_ok(sg_outbox_credit(outbox, UINT64_MAX));
        assert_true(next(0));
        sg_outbox_made(outbox, 0, 1 + (size_t)sg_prng_below(&prng, 60000), 1,
                       sg_prng_chance(&prng, 500));
        for (uint32_t i = 0; i < 40; i++)
            assert_true(++waited[i] < 2000 || !sg_outbox_is_open(outbox, i));
        waited[turn.slot] = 0;
    }
}

/* --- Memory --------------------------------------------------------------- */

/* Messages come out as they went in, in order, around the end of the ring and
 * back, whatever their sizes; a full one refuses and takes nothing. */
static void test_ring(void **state)
{
    static uint8_t bytes[SG_MESSAGE_SIZE_MAX];
    static uint32_t sizes[100000];
    struct sg_prng prng;
    size_t in = 0, out = 0, refused = 0;

    (void)state;
    sg_prng_init(&prng, 3);
    while (out < 5000) {
        size_t size = (size_t)sg_prng_below(
            &prng, sg_prng_chance(&prng, 30) ? sizeof bytes + 1 : 3000);

        if (sg_prng_chance(&prng, 520)) {
            memset(bytes, (int)in, size);
            if (sg_outbox_put(outbox, 1, NULL, SG_MESSAGE_HEADS,
                              sg_bytes(bytes, size)) == SG_OK)
                sizes[in++] = (uint32_t)size;
            else
                refused++;
        } else if (next(0)) {
            assert_int_equal(turn.body.size, sizes[out]);
            for (size_t i = 0; i < turn.body.size; i++)
                assert_int_equal(turn.body.data[i], (uint8_t)out);
            out++;
            if (sg_prng_chance(&prng, 700))
                sg_outbox_release(outbox);
        }
    }
    assert_true(refused > 10);
}

/* A rest at the end of the ring of any size, also one that is too small for the
 * head of a record, is passed over. */
static void test_ring_ends(void **state)
{
    static uint8_t bytes[SG_OUTBOX_URGENT_SIZE];

    (void)state;
    for (size_t rest = 0; rest < 12; rest++) {
        size_t half = (SG_OUTBOX_URGENT_SIZE - rest) / 2 - 5;
        size_t other = SG_OUTBOX_URGENT_SIZE - rest - half - 10;

        begin(0, 0);
        assert_ok(sg_outbox_put(outbox, 0, NULL, SG_MESSAGE_FORK,
                                sg_bytes(bytes, half)));
        assert_ok(sg_outbox_put(outbox, 0, NULL, SG_MESSAGE_FORK,
                                sg_bytes(bytes, other)));
        assert_err(put(0, 0, "a dozen bytes"), LIMIT);
        assert_true(next(0));
        assert_err(put(0, 0, "a dozen bytes"), LIMIT);
        sg_outbox_release(outbox);
        assert_ok(put(0, 0, "a dozen bytes"));
        assert_true(next(0));
        assert_int_equal(turn.body.size, other);
        assert_message("a dozen bytes");
        assert_false(next(0));
    }
}

static enum sg_err put_bytes(size_t size)
{
    static const uint8_t bytes[SG_OUTBOX_URGENT_SIZE];

    return sg_outbox_put(outbox, 0, NULL, SG_MESSAGE_FORK,
                         sg_bytes(bytes, size));
}

/* What was given back at the front of the ring is filled to its last byte, in
 * one piece or in two, and no further. */
static void test_ring_gap(void **state)
{
    const size_t head = 5, gap = 1000 + head;

    (void)state;
    for (size_t first = 0; first < 400; first += 50) {
        begin(0, 0);
        assert_ok(put_bytes(gap - head));
        assert_ok(put_bytes(SG_OUTBOX_URGENT_SIZE - gap - head));
        assert_true(next(0));
        sg_outbox_release(outbox);
        if (first > 0)
            assert_ok(put_bytes(first - head));
        assert_err(put_bytes(gap - first - head + 1), LIMIT);
        assert_ok(put_bytes(gap - first - head));
        assert_err(put_bytes(0), LIMIT);
        assert_true(next(0));
        assert_int_equal(turn.body.size, SG_OUTBOX_URGENT_SIZE - gap - head);
        if (first > 0)
            assert_true(next(0));
        assert_true(next(0));
        assert_int_equal(turn.body.size, gap - first - head);
        assert_false(next(0));
    }
}

/* The largest message of priority 1, and of 0, fits an empty outbox. */
static void test_largest(void **state)
{
    static uint8_t bytes[SG_MESSAGE_SIZE_MAX];

    (void)state;
    assert_ok(sg_outbox_put(outbox, 1, NULL, SG_MESSAGE_HEADS,
                            SG_BYTES_ARRAY(bytes)));
    assert_ok(sg_outbox_put(outbox, 0, NULL, SG_MESSAGE_AUTHORITY,
                            sg_bytes(bytes, 65536)));
    assert_err(
        sg_outbox_put(outbox, 1, NULL, SG_MESSAGE_HEADS, SG_BYTES_ARRAY(bytes)),
        LIMIT);
    assert_err(sg_outbox_put(outbox, 0, NULL, SG_MESSAGE_AUTHORITY,
                             sg_bytes(bytes, 65536)),
               LIMIT);
    assert_true(next(0));
    assert_true(next(0));
    assert_int_equal(turn.body.size, sizeof bytes);
}

/* What was given out lies where it is until it is released. */
static void test_lent(void **state)
{
    struct sg_bytes lent[SG_OUTBOX_NOTES_MAX];

    (void)state;
    for (unsigned i = 0; i < SG_OUTBOX_NOTES_MAX; i++)
        assert_ok(put(2, 1, "note"));
    assert_err(put(2, 1, "more"), LIMIT);
    for (unsigned i = 0; i < SG_OUTBOX_NOTES_MAX; i++) {
        assert_true(next(0));
        lent[i] = turn.body;
    }
    assert_err(put(2, 1, "more"), LIMIT);
    for (unsigned i = 0; i < SG_OUTBOX_NOTES_MAX; i++)
        assert_memory_equal(lent[i].data, "note", 4);
    sg_outbox_release(outbox);
    assert_ok(put(2, 1, "more"));
    assert_message("more");
}

/* All there can be: every slot, every note, each of another writer. */
static void test_full(void **state)
{
    (void)state;
    for (uint32_t slot = 0; slot < SG_OUTBOX_STREAMS_MAX; slot++) {
        uint8_t key[SG_KEY_SIZE] = {(uint8_t)slot, (uint8_t)(slot >> 8)};

        sg_outbox_open(outbox, slot, slot, 3, key);
    }
    for (unsigned i = 0; i < SG_OUTBOX_NOTES_MAX; i++)
        assert_ok(put(4, i, "note"));
    for (uint32_t slot = 0; slot < SG_OUTBOX_STREAMS_MAX; slot++) {
        assert_ok(sg_outbox_credit(outbox, UINT64_MAX));
        assert_package(slot);
        sg_outbox_made(outbox, 0, 262144, 1, true);
    }
    for (unsigned i = 0; i < SG_OUTBOX_NOTES_MAX; i++)
        assert_message("note");
    assert_true(sg_outbox_is_empty(outbox));
}

static void make_one(void)
{
    struct sg_outbox *one;

    if (sg_outbox_new(&one) == SG_OK)
        sg_outbox_free(one);
}

/* Memory that is not there is NOMEM; none is taken later. */
static void test_nomem(void **state)
{
    struct sg_outbox *one;
    int64_t live;

    (void)state;
    sg_alloc_fail_at(1);
    assert_err(sg_outbox_new(&one), NOMEM);
    sg_alloc_fail_at(0);
    make_one();
    live = sg_alloc_live();
    test_nobody_starves(NULL);
    assert_int_equal(sg_alloc_live(), live);
    sg_outbox_free(NULL);
}

/* --- How much ------------------------------------------------------------- */

/* Room is taken by what goes; the last message may be larger than it. */
static void test_room(void **state)
{
    size_t room = 0;

    (void)state;
    assert_ok(put(1, 0, "1234567890"));
    assert_ok(put(1, 0, "1234567890"));
    assert_ok(put(1, 0, "1234567890"));
    assert_false(sg_outbox_next(outbox, 0, &room, &turn));
    room = 13;
    assert_true(sg_outbox_next(outbox, 0, &room, &turn));
    assert_int_equal(room, 1);
    assert_true(sg_outbox_next(outbox, 0, &room, &turn));
    assert_int_equal(room, 0);
    assert_false(sg_outbox_next(outbox, 0, &room, &turn));
}

/* No package goes that the credit might not cover; messages go. */
static void test_credit(void **state)
{
    (void)state;
    sg_outbox_open(outbox, 0, 1, 3, writer(1));
    for (unsigned i = 0; i < 2; i++) {
        assert_true(sg_outbox_has_credit(outbox));
        assert_package(0);
        sg_outbox_made(outbox, 0, 100000, i + 1, false);
    }
    assert_false(sg_outbox_has_credit(outbox));
    assert_false(next(0));
    assert_ok(put(4, 1, "note"));
    assert_message("note");
    assert_err(sg_outbox_credit(outbox, 5), MALFORMED);
    assert_ok(sg_outbox_credit(outbox, 200000 + SG_PACKAGE_ONE_SIZE_MAX));
    assert_package(0);
}

/* Packages grow with what is acknowledged, never beyond credit or budget. */
static void test_size(void **state)
{
    (void)state;
    sg_outbox_open(outbox, 0, 1, 3, writer(1));
    for (uint64_t i = 0; i < 12; i++) {
        assert_true(next(i * 100));
        assert_int_equal(turn.size_max, sg_outbox_size(outbox));
        assert_ok(sg_outbox_credit(outbox, UINT64_MAX));
        sg_outbox_made(outbox, i * 100, turn.size_max, i + 1, false);
        sg_outbox_stored(outbox, i * 100 + 50, 1, i + 1);
    }
    assert_int_equal(sg_outbox_size(outbox), SG_MESSAGE_SIZE_MAX);
    begin(5000, 0);
    sg_outbox_open(outbox, 0, 1, 3, writer(1));
    assert_package(0);
    assert_int_equal(turn.size_max, SG_PACE_SIZE_FIRST);
    sg_outbox_made(outbox, 0, 4500, 1, false);
    assert_package(0);
    assert_int_equal(turn.size_max, 500 - 3); /* with its header */
}

#define HOUR UINT64_C(3600000)

/* Two days of more than the link may carry: no hour has more than the budget
 * and one message, priority 1 goes 10 % further, priority 0 always. */
static void test_budget(void **state)
{
    static uint64_t sent[48 * 60]; /* a minute */
    static char text[201];
    uint64_t urgent = 0;

    (void)state;
    begin(100000, 1000000);
    memset(text, 'x', 200);
    memset(sent, 0, sizeof sent);
    sg_outbox_open(outbox, 0, 1, 3, writer(1));
    for (size_t minute = 0; minute < 48 * 60; minute++) {
        uint64_t now = minute * 60000;
        size_t room = 50000;

        assert_ok(sg_outbox_credit(outbox, UINT64_MAX));
        while (sg_outbox_next(outbox, now, &room, &turn)) {
            size_t size = turn.body.size + 4;

            if (turn.kind == SG_OUTBOX_PACKAGE) {
                size = turn.size_max;
                sg_outbox_made(outbox, now, size, now, false);
                sg_outbox_stored(outbox, now + 10, 1, now);
            }
            sent[minute] += size;
        }
        sg_outbox_release(outbox);
        assert_ok(put(0, 0, text));
        urgent += next(now);
    }
    assert_int_equal(urgent, 48 * 60);
    for (size_t start = 0; start + 60 <= 48 * 60; start++) {
        uint64_t hour = 0;

        for (size_t i = start; i < start + 60; i++)
            hour += sent[i];
        assert_true(hour <= 100000 + SG_PACE_SIZE_MIN);
    }
}

/* What waits for the budget is named a time; what does not, none. */
static void test_deadline(void **state)
{
    (void)state;
    begin(1000, 0);
    assert_int_equal(sg_outbox_deadline(outbox, 0), UINT64_MAX);
    sg_outbox_open(outbox, 0, 1, 3, writer(1));
    assert_int_equal(sg_outbox_deadline(outbox, 0), UINT64_MAX);
    sg_budget_count(&budget, 0, 2, 1050); /* received */
    assert_false(next(0));
    assert_int_equal(sg_outbox_deadline(outbox, 0), 300000);
    assert_ok(put(1, 0, "a word"));
    assert_message("a word");
    sg_budget_count(&budget, 0, 2, 50);
    assert_ok(put(1, 0, "more words"));
    assert_false(next(0));
    assert_ok(put(0, 0, "revoked"));
    assert_message("revoked");
    assert_true(next(HOUR + 300000));
}

/* --- Programmer errors ---------------------------------------------------- */

static void open_twice(void *context)
{
    (void)context;
    sg_outbox_open(outbox, 3, 1, 3, writer(1));
}

static void made_nothing(void *context)
{
    (void)context;
    sg_outbox_made(outbox, 0, 1, 1, false);
}

static void put_nameless(void *context)
{
    (void)context;
    if (sg_outbox_put(outbox, 2, NULL, SG_MESSAGE_PROVE, sg_bytes("", 0)) !=
        SG_OK)
        return;
}

static void test_dies(void **state)
{
    (void)state;
    sg_outbox_open(outbox, 3, 1, 3, writer(1));
    assert_true(sg_dies(open_twice, NULL));
    assert_true(sg_dies(made_nothing, NULL));
    assert_true(sg_dies(put_nameless, NULL));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_priorities),     TEST(test_making),
        TEST(test_empty),          TEST(test_close),
        TEST(test_leaving),        TEST(test_equal_shares),
        TEST(test_flood),          TEST(test_push_in_flood),
        TEST(test_notes_are_fair), TEST(test_nobody_starves),
        TEST(test_ring),           TEST(test_ring_ends),
        TEST(test_ring_gap),       TEST(test_largest),
        TEST(test_lent),           TEST(test_full),
        TEST(test_nomem),          TEST(test_room),
        TEST(test_credit),         TEST(test_size),
        TEST(test_budget),         TEST(test_deadline),
        TEST(test_dies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
