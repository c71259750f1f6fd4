/* Certificates: what is accepted is written again as the same bytes, and stands
 * only if its root signed it. */
#include "replication/certificate.h"
#include "storage/base/check.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct sg_registry_id registry = {{{0x11}}};
    static const uint8_t root[SG_KEY_SIZE] = {1};
    uint8_t again[SG_CERTIFICATE_SIZE];
    struct sg_certificate certificate;
    enum sg_certificate_verdict verdict;
    struct sg_certificate_facts facts = {
        .registry = &registry,
        .root = root,
        .newest = 255,
        .is_admitted = true,
        .is_shown = true,
    };
    enum sg_err err = sg_crypto_init();

    SG_ASSERT(err == SG_OK);
    if (sg_certificate_decode(sg_bytes(data, size), &certificate) != SG_OK)
        return 0;
    sg_certificate_encode(&certificate, again);
    SG_ASSERT(sg_bytes_equal(SG_BYTES_ARRAY(again), sg_bytes(data, size)));
    SG_ASSERT(sg_certificate_judge(&certificate, &facts, &verdict) != SG_OK);
    SG_ASSERT(verdict == SG_CERTIFICATE_REFUSED);
    return 0;
}
