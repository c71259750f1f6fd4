#include "replication/holding.h"

#include <string.h>

#include "storage/base/check.h"
#include "storage/base/reader.h"

static const char purpose[] = "sogoc v1 holding";

#define VERSION     1
#define SIGNED_SIZE (SG_HOLDING_SIZE - SG_SIGNATURE_SIZE)

void sg_holding_encode(const struct sg_holding *holding,
                       uint8_t ret_bytes[SG_HOLDING_SIZE])
{
    struct sg_writer writer;
    enum sg_err err;

    SG_ASSERT(holding->absent <= holding->held);
    sg_writer_init_array(&writer, ret_bytes, SG_HOLDING_SIZE);
    sg_writer_u8(&writer, VERSION);
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(holding->log.hash.bytes));
    sg_writer_u64be(&writer, holding->held);
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(holding->root.bytes));
    sg_writer_u64be(&writer, holding->absent);
    sg_writer_u64be(&writer, holding->seconds);
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(holding->holder));
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(holding->signature));
    err = sg_writer_end(&writer);
    SG_ASSERT(err == SG_OK);
    SG_ASSERT(writer.size == SG_HOLDING_SIZE);
}

enum sg_err sg_holding_decode(struct sg_bytes bytes,
                              struct sg_holding *ret_holding)
{
    struct sg_holding holding;
    struct sg_reader reader;
    enum sg_err err;

    sg_reader_init(&reader, bytes);
    if (sg_reader_u8(&reader) != VERSION)
        sg_reader_fail(&reader, SG_ERR_VERSION);
    sg_reader_copy(&reader, holding.log.hash.bytes,
                   sizeof holding.log.hash.bytes);
    holding.held = sg_reader_u64be(&reader);
    sg_reader_copy(&reader, holding.root.bytes, sizeof holding.root.bytes);
    holding.absent = sg_reader_u64be(&reader);
    if (holding.absent > holding.held)
        sg_reader_fail(&reader, SG_ERR_MALFORMED);
    holding.seconds = sg_reader_u64be(&reader);
    sg_reader_copy(&reader, holding.holder, sizeof holding.holder);
    sg_reader_copy(&reader, holding.signature, sizeof holding.signature);
    err = sg_reader_end(&reader);
    if (err == SG_OK)
        *ret_holding = holding;
    return err;
}

void sg_holding_sign(struct sg_holding *holding,
                     const struct sg_registry_id *registry,
                     const struct sg_sign_key *key)
{
    uint8_t bytes[SG_HOLDING_SIZE];
    enum sg_err err;

    sg_crypto_sign_public(key, holding->holder);
    sg_holding_encode(holding, bytes);
    err = sg_crypto_sign_purpose(key, purpose, &registry->hash, bytes,
                                 SIGNED_SIZE, holding->signature);
    SG_ASSERT(err == SG_OK);
}

enum sg_err sg_holding_verify(const struct sg_holding *holding,
                              const struct sg_registry_id *registry)
{
    uint8_t bytes[SG_HOLDING_SIZE];

    sg_holding_encode(holding, bytes);
    return sg_crypto_verify_purpose(holding->holder, purpose, &registry->hash,
                                    bytes, SIGNED_SIZE, holding->signature);
}

void sg_holding_message_encode(const struct sg_holding *holding,
                               const struct sg_registry_id *registry,
                               struct sg_writer *writer)
{
    struct sg_key_id holder =
        sg_key_id_of(registry, SG_KEY_NODE, holding->holder);

    SG_ASSERT(holding->absent <= holding->held);
    sg_writer_bytes(writer, sg_bytes(holding->log.hash.bytes, SG_REF_SIZE));
    sg_writer_varint(writer, holding->held);
    sg_writer_varint(writer, holding->absent);
    sg_writer_u64be(writer, holding->seconds);
    sg_writer_bytes(writer, SG_BYTES_ARRAY(holder.bytes));
    sg_writer_bytes(writer, SG_BYTES_ARRAY(holding->signature));
}

enum sg_err sg_holding_message_decode(struct sg_bytes body,
                                      struct sg_holding_message *ret_message)
{
    struct sg_holding_message message;
    struct sg_reader reader;
    enum sg_err err;

    sg_reader_init(&reader, body);
    sg_reader_copy(&reader, message.ref.bytes, sizeof message.ref.bytes);
    message.held = sg_reader_varint(&reader);
    message.absent = sg_reader_varint(&reader);
    if (message.absent > message.held)
        sg_reader_fail(&reader, SG_ERR_MALFORMED);
    message.seconds = sg_reader_u64be(&reader);
    sg_reader_copy(&reader, message.holder.bytes, sizeof message.holder.bytes);
    sg_reader_copy(&reader, message.signature, sizeof message.signature);
    err = sg_reader_end(&reader);
    if (err == SG_OK)
        *ret_message = message;
    return err;
}

void sg_holding_rebuild(const struct sg_holding_message *message,
                        const struct sg_log_id *log, const struct sg_hash *root,
                        const uint8_t holder[SG_KEY_SIZE],
                        struct sg_holding *ret_holding)
{
    *ret_holding = (struct sg_holding){
        .log = *log,
        .held = message->held,
        .root = *root,
        .absent = message->absent,
        .seconds = message->seconds,
    };
    memcpy(ret_holding->holder, holder, sizeof ret_holding->holder);
    memcpy(ret_holding->signature, message->signature,
           sizeof ret_holding->signature);
}
