/* Addresses as the configuration has them: an IP literal and a port. Names are
 * not looked up: a node without a network has no DNS either.
 */
#ifndef SG_NODE_UV_ADDRESS_H
#define SG_NODE_UV_ADDRESS_H

#include <stdbool.h>
#include <uv.h>

#include "storage/base/err.h"

/* An address as text: "[" IPv6 "]:" port, with its NUL. */
#define SG_UV_ADDRESS_SIZE 64u

/* Reads 10.38.0.1:7646 or [fe80::1]:7646. Errors: INVALID. */
SG_USE_RESULT enum sg_err sg_uv_address_parse(const char *text,
                                              struct sockaddr_storage *ret);

/* Writes ADDRESS as such a text. */
void sg_uv_address_print(const struct sockaddr_storage *address,
                         char ret[SG_UV_ADDRESS_SIZE]);

/* Says whether two addresses are of one machine, whatever the port. */
bool sg_uv_address_is_same(const struct sockaddr_storage *a,
                           const struct sockaddr_storage *b);

#endif
