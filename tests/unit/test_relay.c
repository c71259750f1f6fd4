#include "tools/relay.h"

#include <stdatomic.h>

#include "storage/base/check.h"
#include "tests/lib/test.h"

#define SLOTS 4u

/* Numbers 0, 1, 2 ... up to END, each doubled by a thread; every third time
 * nothing comes. */
struct work {
    unsigned next, end, asked;
    enum sg_err err; /* at the end */
    unsigned bad;    /* the number whose work fails; END: none */
    atomic_uint filling;
    unsigned slots[SLOTS];
};

static enum sg_err fill(void *context, unsigned slot, bool *ret_is_filled,
                        bool *ret_is_end)
{
    struct work *work = context;

    SG_ASSERT(atomic_fetch_add(&work->filling, 1) == 0);
    *ret_is_filled = work->asked++ % 3 != 0 && work->next < work->end;
    if (*ret_is_filled)
        work->slots[slot] = work->next++;
    *ret_is_end = work->next == work->end;
    atomic_fetch_sub(&work->filling, 1);
    return work->next == work->end ? work->err : SG_OK;
}

static enum sg_err double_it(void *context, unsigned thread, unsigned slot)
{
    struct work *work = context;

    SG_ASSERT(thread < 3);
    if (work->slots[slot] == work->bad)
        return SG_ERR_DAMAGED;
    work->slots[slot] *= 2;
    return SG_OK;
}

static struct sg_relay *start(struct work *work)
{
    const struct sg_relay_config config = {
        .threads = 3,
        .slots = SLOTS,
        .fill = fill,
        .work = double_it,
        .context = work,
    };
    struct sg_relay *relay;

    assert_ok(sg_relay_new(&config, &relay));
    return relay;
}

static void assert_next(struct work *work, struct sg_relay *relay,
                        unsigned wanted)
{
    enum sg_relay_got got;
    unsigned slot;

    assert_ok(sg_relay_get(relay, true, &got, &slot));
    assert_int_equal(got, SG_RELAY_SLOT);
    assert_int_equal(work->slots[slot], 2 * wanted);
}

static void assert_end(struct sg_relay *relay)
{
    enum sg_relay_got got;
    unsigned slot;

    for (unsigned i = 0; i < 2; i++) {
        assert_ok(sg_relay_get(relay, i == 0, &got, &slot));
        assert_int_equal(got, SG_RELAY_END);
    }
}

/* All comes out once, worked on, in order, whether one is out at a time or as
 * many as there are. */
static void test_order(void **state)
{
    (void)state;
    for (unsigned out = 1; out <= SLOTS; out++) {
        struct work work = {.end = 1000, .bad = 1000};
        struct sg_relay *relay = start(&work);

        for (unsigned i = 0; i < work.end; i++) {
            assert_next(&work, relay, i);
            if (i + 1 >= out)
                sg_relay_done(relay);
        }
        assert_end(relay);
        sg_relay_free(relay);
    }
}

/* Who has all slots out is told to come later, not made to wait. */
static void test_all_out(void **state)
{
    struct work work = {.end = 10, .bad = 10};
    struct sg_relay *relay = start(&work);
    enum sg_relay_got got;
    unsigned slot;

    (void)state;
    for (unsigned i = 0; i < SLOTS; i++)
        assert_next(&work, relay, i);
    assert_ok(sg_relay_get(relay, false, &got, &slot));
    assert_int_equal(got, SG_RELAY_LATER);
    sg_relay_done(relay);
    assert_next(&work, relay, SLOTS);
    sg_relay_free(relay);
}

/* An error of the source comes behind all before it; one of the work in its
 * place. */
static void test_errors(void **state)
{
    struct work work = {.end = 6, .bad = 6, .err = SG_ERR_IO};
    struct sg_relay *relay = start(&work);
    enum sg_relay_got got;
    unsigned slot;

    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        assert_next(&work, relay, i);
        sg_relay_done(relay);
    }
    assert_err(sg_relay_get(relay, true, &got, &slot), IO);
    sg_relay_free(relay);

    work = (struct work){.end = 6, .bad = 2};
    relay = start(&work);
    assert_next(&work, relay, 0);
    assert_next(&work, relay, 1);
    assert_err(sg_relay_get(relay, true, &got, &slot), DAMAGED);
    sg_relay_free(relay);
    sg_relay_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_all_out),
        cmocka_unit_test(test_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
