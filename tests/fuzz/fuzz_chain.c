/* The body of `chain`: whatever it shows begins where it must, and a root that
 * is believed is one that a link of it names. */
#include <string.h>

#include "replication/chain.h"
#include "storage/base/check.h"
#include "tests/fuzz/fuzz.h"

/* Of the registry of RECORDS.md, whose genesis is in the corpus. */
static const struct sg_registry_id registry = {
    {{0x55, 0xae, 0xf2, 0x0f, 0xb7, 0x1a, 0x98, 0xff, 0xb3, 0x48, 0x81,
      0x6a, 0xaa, 0x3a, 0x8f, 0x36, 0x25, 0xfc, 0x8d, 0x0b, 0xcb, 0xe5,
      0x71, 0x34, 0xfc, 0xa4, 0x2b, 0x3c, 0x6c, 0xdf, 0xda, 0x6f}}};

static void try_from(struct sg_bytes body, uint8_t from,
                     const struct sg_root *known)
{
    struct sg_chain chain;

    if (sg_chain_decode(body, &registry, from, known, &chain) != SG_OK)
        return;
    SG_ASSERT(body.size <= SG_STAGE1_SIZE_MAX);
    SG_ASSERT(chain.count > 0);
    SG_ASSERT(chain.count <= SG_CHAIN_LINKS_MAX);
    for (unsigned g = 0; g < 256; g++) {
        const struct sg_root *root = sg_chain_root(&chain, (uint8_t)g);
        bool is_there = g >= chain.first && g < chain.first + chain.count;

        SG_ASSERT((root != NULL) == is_there);
        if (root != NULL)
            SG_ASSERT(memmem(body.data, body.size, root->key, SG_KEY_SIZE) !=
                      NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct sg_root known = {.key = {1}};
    struct sg_bytes body = {data, size};
    enum sg_err err = sg_crypto_init();

    SG_ASSERT(err == SG_OK);
    try_from(body, SG_CHAIN_FROM_GENESIS, NULL);
    try_from(body, size > 0 && data[0] < 255 ? data[0] : 0, &known);
    return 0;
}
