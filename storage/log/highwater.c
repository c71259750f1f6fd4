#include "storage/log/highwater.h"

#include <string.h>

#include "storage/base/check.h"
#include "storage/base/crypto.h"
#include "storage/base/reader.h"
#include "storage/base/writer.h"

#define MAGIC     "sogochw1"
#define BODY_SIZE (SG_HIGHWATER_SLOT_SIZE - 32)

_Static_assert(8 + 8 + 32 + 32 + 16 + 1 +
                       SG_HIGHWATER_LOGS_MAX *
                           (1 + 32 + 8 + 32 + SG_SIGNATURE_SIZE) <=
                   BODY_SIZE,
               "a slot holds all own logs");

static struct sg_hash checksum(const struct sg_registry_id *registry,
                               const uint8_t *body)
{
    struct sg_sha256 ctx;
    struct sg_hash hash;
    sg_crypto_purpose_init(&ctx, "sogoc v1 highwater", &registry->hash);
    sg_crypto_sha256_update(&ctx, body, BODY_SIZE);
    sg_crypto_sha256_final(&ctx, &hash);
    return hash;
}

void sg_highwater_encode(const struct sg_highwater *highwater,
                         uint8_t ret[SG_HIGHWATER_SLOT_SIZE])
{
    struct sg_writer writer;
    struct sg_hash sum;
    enum sg_err err;
    unsigned i;

    SG_ASSERT(highwater->count <= SG_HIGHWATER_LOGS_MAX);
    SG_ASSERT(highwater->sequence > 0);
    memset(ret, 0, SG_HIGHWATER_SLOT_SIZE);
    sg_writer_init_array(&writer, ret, BODY_SIZE);
    sg_writer_bytes(&writer, SG_BYTES_TEXT(MAGIC));
    sg_writer_u64be(&writer, highwater->sequence);
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(highwater->registry.hash.bytes));
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(highwater->fingerprint.bytes));
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(highwater->database));
    sg_writer_u8(&writer, (uint8_t)highwater->count);
    for (i = 0; i < highwater->count; i++) {
        const struct sg_highwater_log *log = &highwater->logs[i];
        sg_writer_u8(&writer, (uint8_t)log->kind);
        sg_writer_bytes(&writer, SG_BYTES_ARRAY(log->log.hash.bytes));
        sg_writer_u64be(&writer, log->checkpoint.size);
        sg_writer_bytes(&writer, SG_BYTES_ARRAY(log->checkpoint.root.bytes));
        sg_writer_bytes(&writer, SG_BYTES_ARRAY(log->checkpoint.signature));
    }
    err = sg_writer_end(&writer);
    SG_ASSERT(err == SG_OK);
    sum = checksum(&highwater->registry, ret);
    memcpy(ret + BODY_SIZE, sum.bytes, sizeof sum.bytes);
}

static void decode_log(struct sg_reader *reader, struct sg_highwater_log *log)
{
    uint8_t kind = sg_reader_u8(reader);
    if (kind != SG_LOG_RECORDS && kind != SG_LOG_AUDIT) {
        sg_reader_fail(reader, SG_ERR_MALFORMED);
    }
    log->kind = (enum sg_log_kind)kind;
    sg_reader_copy(reader, log->log.hash.bytes, 32);
    log->checkpoint.size = sg_reader_u64be(reader);
    sg_reader_copy(reader, log->checkpoint.root.bytes, 32);
    sg_reader_copy(reader, log->checkpoint.signature, SG_SIGNATURE_SIZE);
    if (log->checkpoint.size == 0) {
        sg_reader_fail(reader, SG_ERR_MALFORMED);
    }
}

enum sg_err sg_highwater_decode(const uint8_t bytes[SG_HIGHWATER_SLOT_SIZE],
                                struct sg_highwater *ret_highwater)
{
    struct sg_highwater highwater;
    struct sg_reader reader;
    struct sg_bytes magic, rest;
    struct sg_hash sum;
    unsigned i;
    size_t at;

    memset(&highwater, 0, sizeof highwater);
    sg_reader_init(&reader, sg_bytes(bytes, BODY_SIZE));
    magic = sg_reader_take(&reader, 8);
    highwater.sequence = sg_reader_u64be(&reader);
    sg_reader_copy(&reader, highwater.registry.hash.bytes, 32);
    sg_reader_copy(&reader, highwater.fingerprint.bytes, 32);
    sg_reader_copy(&reader, highwater.database, sizeof highwater.database);
    highwater.count = sg_reader_u8(&reader);
    if (highwater.count > SG_HIGHWATER_LOGS_MAX || highwater.sequence == 0 ||
        !sg_bytes_equal(magic, SG_BYTES_TEXT(MAGIC))) {
        return SG_ERR_MALFORMED;
    }
    sum = checksum(&highwater.registry, bytes);
    if (memcmp(sum.bytes, bytes + BODY_SIZE, sizeof sum.bytes) != 0) {
        return SG_ERR_MALFORMED;
    }
    for (i = 0; i < highwater.count; i++) {
        decode_log(&reader, &highwater.logs[i]);
    }
    rest = sg_reader_rest(&reader);
    for (at = 0; at < rest.size; at++) {
        if (rest.data[at] != 0) {
            return SG_ERR_MALFORMED;
        }
    }
    if (reader.err != SG_OK) {
        return SG_ERR_MALFORMED;
    }
    *ret_highwater = highwater;
    return SG_OK;
}

enum sg_err sg_highwater_choose(struct sg_bytes file,
                                struct sg_highwater *ret_highwater,
                                unsigned *ret_slot)
{
    struct sg_highwater slots[2];
    bool valid[2];
    unsigned i, best;

    for (i = 0; i < 2; i++) {
        size_t at = (size_t)i * SG_HIGHWATER_STRIDE;
        valid[i] = file.size >= at + SG_HIGHWATER_SLOT_SIZE &&
                   sg_highwater_decode(file.data + at, &slots[i]) == SG_OK;
    }
    if (!valid[0] && !valid[1]) {
        return SG_ERR_NOTFOUND;
    }
    best = !valid[0] || (valid[1] && slots[1].sequence > slots[0].sequence);
    *ret_highwater = slots[best];
    *ret_slot = best;
    return SG_OK;
}
