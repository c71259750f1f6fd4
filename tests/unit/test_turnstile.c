/* Turnstile: so many handshakes a second of one machine, and of all. */
#include "node/turnstile.h"

#include <netinet/in.h>
#include <string.h>

#include "tests/lib/test.h"

#define NOW  UINT64_C(5000)
#define EACH 10u
#define ALL  100u

static struct sockaddr_storage at(uint32_t host)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_addr.s_addr = htonl(host)};
    struct sockaddr_storage ret = {0};

    memcpy(&ret, &address, sizeof address);
    return ret;
}

/* How many of COUNT handshakes of HOST at NOW_MS are answered. */
static unsigned answered(struct sg_turnstile *turnstile, uint32_t host,
                         bool is_named, unsigned count, uint64_t now_ms)
{
    const struct sockaddr_storage address = at(host);
    unsigned n = 0;

    while (count-- > 0)
        n += sg_turnstile_take(turnstile, &address, is_named, now_ms);
    return n;
}

/* A machine that was quiet comes with a few seconds' worth, then with its rate,
 * and is counted by its own. */
static void test_of_one(void **state)
{
    struct sg_turnstile turnstile;

    (void)state;
    sg_turnstile_init(&turnstile, EACH, ALL);
    assert_int_equal(answered(&turnstile, 1, false, 1000, NOW),
                     EACH * SG_TURNSTILE_BURST_S);
    assert_int_equal(turnstile.refused, 1000 - EACH * SG_TURNSTILE_BURST_S);
    assert_int_equal(answered(&turnstile, 1, false, 1000, NOW + 99), 0);
    assert_int_equal(answered(&turnstile, 1, false, 1000, NOW + 100), 1);
    assert_int_equal(answered(&turnstile, 1, false, 1000, NOW + 1100), EACH);
    assert_int_equal(answered(&turnstile, 2, false, 1000, NOW + 1100),
                     EACH * SG_TURNSTILE_BURST_S);
    /* Never more than the burst, however long it was quiet. */
    assert_int_equal(
        answered(&turnstile, 1, false, 1000, NOW + UINT64_C(1) * 60000),
        EACH * SG_TURNSTILE_BURST_S);
}

/* A crowd shares one rate; whoever the configuration names does not share it.
 */
static void test_of_all(void **state)
{
    struct sg_turnstile turnstile;
    unsigned n = 0;

    (void)state;
    sg_turnstile_init(&turnstile, EACH, ALL);
    for (uint32_t host = 1000; host < 2000; host++)
        n += answered(&turnstile, host, false, 10, NOW);
    assert_int_equal(n, ALL * SG_TURNSTILE_BURST_S);
    n = 0;
    for (uint32_t host = 1000; host < 2000; host++)
        n += answered(&turnstile, host, false, 10, NOW + 1000);
    assert_int_equal(n, ALL);
    assert_int_equal(answered(&turnstile, 7, false, 1, NOW + 1000), 0);
    assert_int_equal(answered(&turnstile, 7, true, 1000, NOW + 1000),
                     EACH * SG_TURNSTILE_BURST_S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_of_one),
        cmocka_unit_test(test_of_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
