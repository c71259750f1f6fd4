/* What a record is called, and who says so: ids and signatures. */
#include "storage/base/check.h"
#include "storage/registry/record.h"

static const char purpose_id[] = "sogoc v1 record";
static const char purpose_registry[] = "sogoc v1 registry";
static const char purpose_signature[] = "sogoc v1 record sig";

void sg_record_id_prefix(const struct sg_registry_id *registry,
                         struct sg_sha256 *ret_prefix)
{
    sg_crypto_purpose_init(ret_prefix, purpose_id, &registry->hash);
}

void sg_record_id_after(const struct sg_sha256 *prefix, struct sg_bytes inner,
                        struct sg_hash *ret_id)
{
    sg_crypto_sha256_after(prefix, inner.data, inner.size, ret_id);
}

void sg_record_id(const struct sg_registry_id *registry, struct sg_bytes inner,
                  struct sg_hash *ret_id)
{
    sg_crypto_purpose_hash(purpose_id, &registry->hash, inner.data, inner.size,
                           ret_id);
}

void sg_record_registry(struct sg_bytes inner,
                        struct sg_registry_id *ret_registry)
{
    sg_crypto_purpose_hash(purpose_registry, NULL, inner.data, inner.size,
                           &ret_registry->hash);
}

enum sg_err sg_record_sign(const struct sg_sign_key *key,
                           const struct sg_registry_id *registry,
                           const struct sg_hash *id,
                           uint8_t ret_signature[SG_SIGNATURE_SIZE])
{
    return sg_crypto_sign_purpose(key, purpose_signature, &registry->hash,
                                  id->bytes, sizeof(id->bytes), ret_signature);
}

enum sg_err sg_record_verify(const struct sg_record *record,
                             const struct sg_hash *id,
                             const struct sg_registry_id *registry,
                             const uint8_t public_key[SG_KEY_SIZE])
{
    const struct sg_bytes signature = record->copy.signature;

    if (signature.size == 0)
        return SG_ERR_NOTFOUND;
    SG_ASSERT(signature.size == SG_SIGNATURE_SIZE);
    return sg_crypto_verify_purpose(public_key, purpose_signature,
                                    &registry->hash, id->bytes,
                                    sizeof(id->bytes), signature.data);
}
