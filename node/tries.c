#include "node/tries.h"

#include <netinet/in.h>
#include <string.h>

/* A v4-mapped address is the IPv4 machine that it names. */
void sg_tries_machine(const struct sockaddr_storage *address, uint8_t ret[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    struct sockaddr_in four;
    struct sockaddr_in6 six;

    memset(ret, 0, 16);
    if (address->ss_family == AF_INET6) {
        memcpy(&six, address, sizeof six);
        memcpy(ret, &six.sin6_addr,
               IN6_IS_ADDR_V4MAPPED(&six.sin6_addr) ? 16 : 8);
        return;
    }
    memcpy(&four, address, sizeof four);
    memcpy(ret, mapped, sizeof mapped);
    memcpy(ret + sizeof mapped, &four.sin_addr, 4);
}

/* When the newest try of PLACE is forgotten. */
static uint64_t newest(const struct sg_tries_place *place)
{
    uint64_t until_ms = 0;

    for (size_t i = 0; i < SG_TRIES_MAX; i++)
        if (place->until_ms[i] > until_ms)
            until_ms = place->until_ms[i];
    return until_ms;
}

/* The try of PLACE that is forgotten first. */
static size_t oldest(const struct sg_tries_place *place)
{
    size_t at = 0;

    for (size_t i = 1; i < SG_TRIES_MAX; i++)
        if (place->until_ms[i] < place->until_ms[at])
            at = i;
    return at;
}

bool sg_tries_may(const struct sg_tries *tries,
                  const struct sockaddr_storage *address, uint64_t now_ms)
{
    uint8_t machine[16];

    sg_tries_machine(address, machine);
    for (size_t i = 0; i < SG_TRIES_PLACES; i++) {
        const struct sg_tries_place *place = &tries->places[i];

        if (memcmp(place->machine, machine, sizeof machine) == 0)
            return place->until_ms[oldest(place)] <= now_ms;
    }
    return true;
}

void sg_tries_count(struct sg_tries *tries,
                    const struct sockaddr_storage *address, uint64_t now_ms)
{
    struct sg_tries_place *place = &tries->places[0];
    uint8_t machine[16];

    sg_tries_machine(address, machine);
    for (size_t i = 0; i < SG_TRIES_PLACES; i++) {
        struct sg_tries_place *other = &tries->places[i];

        if (memcmp(other->machine, machine, sizeof machine) == 0) {
            place = other;
            break;
        }
        if (newest(other) < newest(place))
            place = other;
    }
    if (memcmp(place->machine, machine, sizeof machine) != 0) {
        *place = (struct sg_tries_place){.until_ms = {0}};
        memcpy(place->machine, machine, sizeof machine);
    }
    place->until_ms[oldest(place)] = now_ms + SG_TRIES_MS;
}
