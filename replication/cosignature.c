#include "replication/cosignature.h"

#include <string.h>

#include "storage/base/reader.h"

void sg_cosignature_encode(const struct sg_cosignature *cosignature,
                           struct sg_writer *writer)
{
    sg_writer_bytes(writer, SG_BYTES_ARRAY(cosignature->ref.bytes));
    sg_writer_varint(writer, cosignature->size);
    sg_writer_bytes(writer, SG_BYTES_ARRAY(cosignature->witness.bytes));
    sg_writer_bytes(writer, SG_BYTES_ARRAY(cosignature->bytes));
}

enum sg_err sg_cosignature_decode(struct sg_bytes body,
                                  struct sg_cosignature *ret_cosignature)
{
    struct sg_cosignature cosignature;
    struct sg_reader reader;
    enum sg_err err;

    sg_reader_init(&reader, body);
    sg_reader_copy(&reader, cosignature.ref.bytes,
                   sizeof cosignature.ref.bytes);
    cosignature.size = sg_reader_varint(&reader);
    if (cosignature.size == 0)
        sg_reader_fail(&reader, SG_ERR_MALFORMED);
    sg_reader_copy(&reader, cosignature.witness.bytes,
                   sizeof cosignature.witness.bytes);
    sg_reader_copy(&reader, cosignature.bytes, sizeof cosignature.bytes);
    err = sg_reader_end(&reader);
    if (err == SG_OK)
        *ret_cosignature = cosignature;
    return err;
}

void sg_cosignature_sign(struct sg_cosignature *cosignature,
                         const struct sg_registry_id *registry,
                         const struct sg_log_id *log,
                         const struct sg_checkpoint *checkpoint,
                         const struct sg_sign_key *witness, uint64_t seconds)
{
    uint8_t witness_key[SG_KEY_SIZE];

    sg_crypto_sign_public(witness, witness_key);
    memcpy(cosignature->ref.bytes, log->hash.bytes,
           sizeof cosignature->ref.bytes);
    cosignature->size = checkpoint->size;
    cosignature->witness = sg_key_id_of(registry, SG_KEY_NODE, witness_key);
    sg_checkpoint_cosign(registry, log, checkpoint, witness, seconds,
                         cosignature->bytes);
}

enum sg_err sg_cosignature_verify(const struct sg_cosignature *cosignature,
                                  const struct sg_registry_id *registry,
                                  const struct sg_log_id *log,
                                  const struct sg_checkpoint *checkpoint,
                                  const uint8_t witness_key[SG_KEY_SIZE])
{
    struct sg_key_id witness = sg_key_id_of(registry, SG_KEY_NODE, witness_key);

    if (memcmp(cosignature->ref.bytes, log->hash.bytes,
               sizeof cosignature->ref.bytes) != 0 ||
        cosignature->size != checkpoint->size ||
        sg_key_id_compare(&cosignature->witness, &witness) != 0)
        return SG_ERR_SIGNATURE;
    return sg_checkpoint_verify_cosignature(registry, log, checkpoint,
                                            witness_key, cosignature->bytes);
}

uint64_t sg_cosignature_seconds(const struct sg_cosignature *cosignature)
{
    return sg_bytes_get_u64be(cosignature->bytes);
}
