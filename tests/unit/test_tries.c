/* Tries: three an hour and machine, counted over any hour. */
#include "node/tries.h"

#include <netinet/in.h>
#include <string.h>

#include "tests/lib/test.h"

#define NOW UINT64_C(5000)

static struct sockaddr_storage four(uint32_t host)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)host),
                                        .sin_addr.s_addr = htonl(host)};
    struct sockaddr_storage ret = {0};

    memcpy(&ret, &address, sizeof address);
    return ret;
}

/* NETWORK is byte 7, HOST byte 15. */
static struct sockaddr_storage six(uint8_t network, uint8_t host)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6};
    struct sockaddr_storage ret = {0};

    address.sin6_addr.s6_addr[0] = 0x20;
    address.sin6_addr.s6_addr[7] = network;
    address.sin6_addr.s6_addr[15] = host;
    memcpy(&ret, &address, sizeof address);
    return ret;
}

static struct sockaddr_storage mapped(uint32_t host)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6};
    struct sockaddr_storage ret = {0};

    address.sin6_addr.s6_addr[10] = address.sin6_addr.s6_addr[11] = 0xff;
    for (unsigned i = 0; i < 4; i++)
        address.sin6_addr.s6_addr[12 + i] = (uint8_t)(host >> (24 - 8 * i));
    memcpy(&ret, &address, sizeof address);
    return ret;
}

static void test_an_hour(void **state)
{
    struct sg_tries tries = {0};
    const struct sockaddr_storage him = four(0x0a000001);
    const struct sockaddr_storage other = four(0x0a000002);

    (void)state;
    for (unsigned i = 0; i < SG_TRIES_MAX; i++) {
        assert_true(sg_tries_may(&tries, &him, NOW + i));
        sg_tries_count(&tries, &him, NOW + i);
    }
    assert_false(sg_tries_may(&tries, &him, NOW + SG_TRIES_MAX));
    assert_true(sg_tries_may(&tries, &other, NOW));
    assert_false(sg_tries_may(&tries, &him, NOW + SG_TRIES_MS - 1));

    /* The first is forgotten, and there is room for one more. */
    assert_true(sg_tries_may(&tries, &him, NOW + SG_TRIES_MS));
    sg_tries_count(&tries, &him, NOW + SG_TRIES_MS);
    assert_false(sg_tries_may(&tries, &him, NOW + SG_TRIES_MS));
    assert_true(sg_tries_may(&tries, &him, NOW + SG_TRIES_MS + 1));
}

static void test_machines(void **state)
{
    struct sg_tries tries = {0};
    struct sockaddr_storage address;

    (void)state;
    for (uint8_t i = 0; i < SG_TRIES_MAX; i++) {
        address = six(1, i);
        sg_tries_count(&tries, &address, NOW);
    }
    address = six(1, 200);
    assert_false(sg_tries_may(&tries, &address, NOW));
    address = six(2, 0);
    assert_true(sg_tries_may(&tries, &address, NOW));

    address = four(0x0a000001);
    for (unsigned i = 0; i < SG_TRIES_MAX; i++)
        sg_tries_count(&tries, &address, NOW);
    address = mapped(0x0a000001);
    assert_false(sg_tries_may(&tries, &address, NOW));
    address = mapped(0x0a000002);
    assert_true(sg_tries_may(&tries, &address, NOW));
}

/* Who tried longest ago makes room, and nobody else. */
static void test_room(void **state)
{
    struct sg_tries tries = {0};
    struct sockaddr_storage address;

    (void)state;
    for (uint32_t i = 0; i <= SG_TRIES_PLACES; i++) {
        address = four(0x0a000000 + i);
        for (unsigned n = 0; n < SG_TRIES_MAX; n++)
            sg_tries_count(&tries, &address, NOW + i);
    }
    for (uint32_t i = 0; i <= SG_TRIES_PLACES; i++) {
        address = four(0x0a000000 + i);
        assert_int_equal(sg_tries_may(&tries, &address, NOW + i), i == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_hour),
        cmocka_unit_test(test_machines),
        cmocka_unit_test(test_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
