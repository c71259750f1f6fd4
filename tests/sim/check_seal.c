/* I-SEAL: no secret of this world leaves a node in the clear. Every secret here
 * has SECRET_MARK in it: signing and transport keys, content keys, keys of
 * bundles, and what is written about people. So one search of what is sent,
 * stored or put on a stick looks for all of them. */
#include <string.h>

#include "tests/sim/check.h"
#include "tests/sim/secret.h"

void check_seal(struct world *world, uint32_t node, struct sg_bytes bytes)
{
    bool has_secret =
        bytes.size >= SECRET_MARK_SIZE &&
        memmem(bytes.data, bytes.size, secret_mark, SECRET_MARK_SIZE) != NULL;

    check_fact(world, CHECK_SEAL, node, NULL, !has_secret, bytes.size, 0);
}
