/* What is asked about all links of a node: how each is called, and who has to
 * go.
 *
 * A list of links is threaded through their places (uv_link.h), newest first.
 * Context: the loop's thread.
 */
#ifndef SG_NODE_UV_LINKS_H
#define SG_NODE_UV_LINKS_H

#include "node/config.h"
#include "node/turnstile.h"
#include "node/uv_address.h"
#include "node/uv_link.h"

/* "peer NAME (ADDRESS)", or "caller ADDRESS" for one who is not in the
 * configuration. */
#define SG_UV_LINKS_NAME_SIZE (SG_CONFIG_TEXT_SIZE + SG_UV_ADDRESS_SIZE + 16)

/* Writes the name of LINK's peer; returns RET. */
const char *sg_uv_links_name(const struct sg_config *config,
                             struct sg_uv_link *link,
                             char ret[SG_UV_LINKS_NAME_SIZE]);

/* Says whether the handshake that LINK's peer began goes on. A caller's first
 * message has cost nothing yet; the answer costs three multiplications on the
 * curve, and TURNSTILE counts it. */
bool sg_uv_links_admits(const struct sg_config *config,
                        struct sg_turnstile *turnstile,
                        struct sg_uv_link *link);

/* Gives the one who must go so that another may come, where MOST or more of
 * ADDRESS (NULL: of all) have called and not said yet who they are; NULL: there
 * is room. It is the oldest: an honest handshake is done in a few round trips,
 * who holds a place is slow. */
struct sg_uv_link *sg_uv_links_surplus(struct sg_uv_link *links,
                                       const struct sockaddr_storage *address,
                                       size_t most);

#endif
