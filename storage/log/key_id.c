#include "storage/log/key_id.h"

#include <string.h>

#include "storage/base/check.h"

struct sg_key_id sg_key_id_of(const struct sg_registry_id *registry,
                              enum sg_key_kind kind,
                              const uint8_t public_key[SG_KEY_SIZE])
{
    uint8_t data[1 + SG_KEY_SIZE];
    struct sg_hash hash;
    struct sg_key_id id;

    SG_ASSERT(kind >= SG_KEY_NODE);
    SG_ASSERT(kind < SG_KEY_VIEW);
    data[0] = (uint8_t)kind;
    memcpy(data + 1, public_key, SG_KEY_SIZE);
    sg_crypto_purpose_hash("sogoc v1 key id", &registry->hash, data,
                           sizeof(data), &hash);
    memcpy(id.bytes, hash.bytes, sizeof(id.bytes));
    return id;
}

int sg_key_id_compare(const struct sg_key_id *a, const struct sg_key_id *b)
{
    return sg_bytes_compare(SG_BYTES_ARRAY(a->bytes), SG_BYTES_ARRAY(b->bytes));
}
