#include "node/uv_links.h"

#include <stdio.h>

#include "replication/sync.h"
#include "storage/base/clock.h"

const char *sg_uv_links_name(const struct sg_config *config,
                             struct sg_uv_link *link,
                             char ret[SG_UV_LINKS_NAME_SIZE])
{
    const struct sg_uv_link_place *place = sg_uv_link_place(link);
    char address[SG_UV_ADDRESS_SIZE];

    sg_uv_address_print(&place->address, address);
    if (place->peer != SG_SYNC_NONE)
        (void)snprintf(ret, SG_UV_LINKS_NAME_SIZE, "peer %s (%s)",
                       config->peers[place->peer].name, address);
    else
        (void)snprintf(ret, SG_UV_LINKS_NAME_SIZE, "caller %s", address);
    return ret;
}

/* Says whether CONFIG names a peer at the machine of ADDRESS. */
static bool is_named(const struct sg_config *config,
                     const struct sockaddr_storage *address)
{
    struct sockaddr_storage named;

    for (size_t i = 0; i < config->n_peers; i++)
        if (sg_uv_address_parse(config->peers[i].address, &named) == SG_OK &&
            sg_uv_address_is_same(&named, address))
            return true;
    return false;
}

bool sg_uv_links_admits(const struct sg_config *config,
                        struct sg_turnstile *turnstile, struct sg_uv_link *link)
{
    const struct sg_uv_link_place *place = sg_uv_link_place(link);

    return place->is_initiator ||
           sg_turnstile_take(turnstile, &place->address,
                             is_named(config, &place->address),
                             sg_clock_mono().ms);
}

static bool is_stranger(struct sg_uv_link *link)
{
    const struct sg_uv_link_place *place = sg_uv_link_place(link);

    return place->session == SG_SYNC_NONE && !place->is_initiator;
}

struct sg_uv_link *sg_uv_links_surplus(struct sg_uv_link *links,
                                       const struct sockaddr_storage *address,
                                       size_t most)
{
    struct sg_uv_link *oldest = NULL;
    size_t n = 0;

    for (struct sg_uv_link *link = links; link != NULL;
         link = sg_uv_link_place(link)->next) {
        if (!is_stranger(link) ||
            (address != NULL &&
             !sg_uv_address_is_same(&sg_uv_link_place(link)->address, address)))
            continue;
        oldest = link; /* newer ones stand before older ones */
        n++;
    }
    return n < most ? NULL : oldest;
}
