#include "node/turnstile.h"

#include <string.h>

#include "node/tries.h"

/* One handshake, in the unit of a purse. */
#define ONE 1000u

void sg_turnstile_init(struct sg_turnstile *turnstile, uint64_t each,
                       uint64_t all)
{
    *turnstile = (struct sg_turnstile){.each = each, .all = all};
}

/* Puts into PURSE what came since, at RATE a second: that is so many
 * thousandths a millisecond. */
static void earn(struct sg_turnstile_purse *purse, uint64_t rate,
                 uint64_t now_ms)
{
    uint64_t most = rate * SG_TURNSTILE_BURST_S * ONE;
    uint64_t passed = now_ms - purse->ms;

    if (purse->ms == 0 || passed >= SG_TURNSTILE_BURST_S * ONE)
        purse->left = most;
    else
        purse->left += passed * rate;
    if (purse->left > most)
        purse->left = most;
    purse->ms = now_ms;
}

static struct sg_turnstile_place *place_of(
    struct sg_turnstile *turnstile, const struct sockaddr_storage *address)
{
    struct sg_turnstile_place *oldest = &turnstile->places[0];
    uint8_t machine[16];

    sg_tries_machine(address, machine);
    for (size_t i = 0; i < SG_TURNSTILE_PLACES; i++) {
        struct sg_turnstile_place *place = &turnstile->places[i];

        if (memcmp(place->machine, machine, sizeof machine) == 0)
            return place;
        if (place->purse.ms < oldest->purse.ms)
            oldest = place;
    }
    *oldest = (struct sg_turnstile_place){.purse = {0}};
    memcpy(oldest->machine, machine, sizeof machine);
    return oldest;
}

bool sg_turnstile_take(struct sg_turnstile *turnstile,
                       const struct sockaddr_storage *address, bool is_named,
                       uint64_t now_ms)
{
    struct sg_turnstile_purse *own = &place_of(turnstile, address)->purse;

    earn(own, turnstile->each, now_ms);
    earn(&turnstile->purse, turnstile->all, now_ms);
    if (own->left < ONE || (!is_named && turnstile->purse.left < ONE)) {
        turnstile->refused++;
        return false;
    }
    own->left -= ONE;
    if (!is_named)
        turnstile->purse.left -= ONE;
    return true;
}
