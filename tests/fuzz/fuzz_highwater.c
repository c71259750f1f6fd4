/* Slots of the high-water file, with the checksum made right so that the rest
 * is reached: what is accepted is encoded again and is the same bytes. */
#include <string.h>

#include "storage/base/check.h"
#include "storage/base/crypto.h"
#include "storage/log/highwater.h"
#include "tests/fuzz/fuzz.h"

static void make_right(uint8_t slot[SG_HIGHWATER_SLOT_SIZE])
{
    struct sg_hash registry, sum;
    struct sg_sha256 ctx;

    memcpy(registry.bytes, slot + 16, 32);
    sg_crypto_purpose_init(&ctx, "sogoc v1 highwater", &registry);
    sg_crypto_sha256_update(&ctx, slot, SG_HIGHWATER_SLOT_SIZE - 32);
    sg_crypto_sha256_final(&ctx, &sum);
    memcpy(slot + SG_HIGHWATER_SLOT_SIZE - 32, sum.bytes, 32);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t slot[SG_HIGHWATER_SLOT_SIZE] = {0}, again[SG_HIGHWATER_SLOT_SIZE];
    struct sg_highwater highwater;
    unsigned which;

    if (sg_highwater_choose(sg_bytes(data, size), &highwater, &which) == SG_OK)
        SG_ASSERT(which < 2);
    memcpy(slot, data, size < sizeof slot ? size : sizeof slot);
    make_right(slot);
    if (sg_highwater_decode(slot, &highwater) == SG_OK) {
        sg_highwater_encode(&highwater, again);
        SG_ASSERT(memcmp(slot, again, sizeof slot) == 0);
    }
    return 0;
}
