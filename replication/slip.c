#include "replication/slip.h"

#include <string.h>

#include "storage/base/check.h"
#include "storage/base/reader.h"
#include "storage/base/writer.h"

#define VERSION     1u
#define SIGNED_SIZE 234u

static const char purpose[] = "sogoc v1 slip";
/* RFC 9285, table 1. */
static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

_Static_assert(sizeof digits - 1 == 45, "Base45");
_Static_assert(SIGNED_SIZE + SG_SIGNATURE_SIZE + SG_CERTIFICATE_SIZE ==
                   SG_SLIP_SIZE,
               "FORMAT.md section 11");
_Static_assert(SG_SLIP_SIZE % 2 == 0, "whole groups of Base45");

/* --- Bytes ----------------------------------------------------------------
 */

void sg_slip_encode(const struct sg_slip *slip, uint8_t ret_bytes[SG_SLIP_SIZE])
{
    struct sg_writer writer;

    sg_writer_init_array(&writer, ret_bytes, SG_SLIP_SIZE);
    sg_writer_u8(&writer, VERSION);
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(slip->registry.hash.bytes));
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(slip->record.bytes));
    sg_writer_u8(&writer, (uint8_t)slip->log.kind);
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(slip->log.epoch));
    sg_writer_u64be(&writer, slip->index);
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(slip->leaf.bytes));
    sg_writer_u64be(&writer, slip->seconds);
    sg_writer_u64be(&writer, slip->checkpoint.size);
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(slip->checkpoint.root.bytes));
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(slip->checkpoint.signature));
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(slip->signature));
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(slip->certificate));
    SG_ASSERT(sg_writer_end(&writer) == SG_OK);
}

enum sg_err sg_slip_decode(struct sg_bytes bytes, struct sg_slip *ret_slip)
{
    struct sg_certificate certificate;
    struct sg_reader reader;
    struct sg_slip slip;
    uint8_t version, kind;
    enum sg_err err;

    sg_reader_init(&reader, bytes);
    version = sg_reader_u8(&reader);
    sg_reader_copy(&reader, slip.registry.hash.bytes,
                   sizeof slip.registry.hash.bytes);
    sg_reader_copy(&reader, slip.record.bytes, sizeof slip.record.bytes);
    kind = sg_reader_u8(&reader);
    sg_reader_copy(&reader, slip.log.epoch, SG_EPOCH_SIZE);
    slip.index = sg_reader_u64be(&reader);
    sg_reader_copy(&reader, slip.leaf.bytes, sizeof slip.leaf.bytes);
    slip.seconds = sg_reader_u64be(&reader);
    slip.checkpoint.size = sg_reader_u64be(&reader);
    sg_reader_copy(&reader, slip.checkpoint.root.bytes,
                   sizeof slip.checkpoint.root.bytes);
    sg_reader_copy(&reader, slip.checkpoint.signature, SG_SIGNATURE_SIZE);
    sg_reader_copy(&reader, slip.signature, SG_SIGNATURE_SIZE);
    sg_reader_copy(&reader, slip.certificate, SG_CERTIFICATE_SIZE);
    err = sg_reader_end(&reader);
    if (err != SG_OK)
        return err;
    if (version != VERSION)
        return SG_ERR_VERSION;
    if (kind != SG_LOG_RECORDS || slip.index >= slip.checkpoint.size)
        return SG_ERR_MALFORMED;
    err = sg_certificate_decode(SG_BYTES_ARRAY(slip.certificate), &certificate);
    if (err != SG_OK)
        return err;
    slip.log.kind = (enum sg_log_kind)kind;
    memcpy(slip.log.node_key, certificate.node_key, SG_KEY_SIZE);
    *ret_slip = slip;
    return SG_OK;
}

/* --- Signatures -----------------------------------------------------------
 */

enum sg_err sg_slip_sign(struct sg_slip *slip, const struct sg_sign_key *key)
{
    uint8_t bytes[SG_SLIP_SIZE];

    sg_slip_encode(slip, bytes);
    return sg_crypto_sign_purpose(key, purpose, &slip->registry.hash, bytes,
                                  SIGNED_SIZE, slip->signature);
}

enum sg_err sg_slip_verify(const struct sg_slip *slip,
                           const uint8_t root[SG_KEY_SIZE])
{
    struct sg_log_id log = sg_entry_log_id(&slip->registry, &slip->log);
    struct sg_certificate certificate;
    uint8_t bytes[SG_SLIP_SIZE];
    enum sg_err err =
        sg_certificate_decode(SG_BYTES_ARRAY(slip->certificate), &certificate);

    if (err != SG_OK ||
        sg_certificate_verify(&certificate, &slip->registry, root) != SG_OK)
        return SG_ERR_UNTRUSTED;
    if (memcmp(certificate.node_key, slip->log.node_key, SG_KEY_SIZE) != 0)
        return SG_ERR_UNTRUSTED;
    err = sg_checkpoint_verify(&slip->registry, &log, slip->log.node_key,
                               &slip->checkpoint);
    if (err != SG_OK)
        return err;
    sg_slip_encode(slip, bytes);
    return sg_crypto_verify_purpose(slip->log.node_key, purpose,
                                    &slip->registry.hash, bytes, SIGNED_SIZE,
                                    slip->signature);
}

/* --- Text -----------------------------------------------------------------
 */

enum sg_err sg_slip_text(const uint8_t bytes[SG_SLIP_SIZE], struct sg_buf *buf)
{
    struct sg_writer writer;

    sg_writer_init_buf(&writer, buf);
    sg_writer_bytes(&writer, SG_BYTES_TEXT(SG_SLIP_PREFIX));
    for (size_t i = 0; i < SG_SLIP_SIZE; i += 2) {
        unsigned group = (unsigned)bytes[i] << 8 | bytes[i + 1];

        sg_writer_u8(&writer, (uint8_t)digits[group % 45]);
        sg_writer_u8(&writer, (uint8_t)digits[group / 45 % 45]);
        sg_writer_u8(&writer, (uint8_t)digits[group / (45 * 45)]);
    }
    return sg_writer_end(&writer);
}

/* The value of a character; 45: it is no digit. */
static unsigned value_of(uint8_t character)
{
    const char *place = character == 0 ? NULL : strchr(digits, (char)character);

    return place == NULL ? 45 : (unsigned)(place - digits);
}

static bool is_space(uint8_t character)
{
    return character == ' ' || character == '\t' || character == '\r' ||
           character == '\n';
}

/* A blank is a digit too: what is too long loses those around it, and no text
 * that is whole begins with one. */
static struct sg_bytes trim(struct sg_bytes text)
{
    while (text.size > 0 && is_space(text.data[0]))
        text = sg_bytes(text.data + 1, text.size - 1);
    while (text.size > SG_SLIP_TEXT_SIZE && is_space(text.data[text.size - 1]))
        text.size--;
    return text;
}

enum sg_err sg_slip_parse(struct sg_bytes text, uint8_t ret_bytes[SG_SLIP_SIZE])
{
    const size_t prefix = sizeof SG_SLIP_PREFIX - 1;
    uint8_t bytes[SG_SLIP_SIZE];

    text = trim(text);
    if (text.size != SG_SLIP_TEXT_SIZE ||
        memcmp(text.data, SG_SLIP_PREFIX, prefix) != 0)
        return SG_ERR_MALFORMED;
    for (size_t i = 0; i < SG_SLIP_SIZE; i += 2) {
        const uint8_t *at = text.data + prefix + i / 2 * 3;
        unsigned low = value_of(at[0]), middle = value_of(at[1]),
                 high = value_of(at[2]);
        unsigned group = low + 45 * middle + 45 * 45 * high;

        if (low == 45 || middle == 45 || high == 45 || group > 65535)
            return SG_ERR_MALFORMED;
        bytes[i] = (uint8_t)(group >> 8);
        bytes[i + 1] = (uint8_t)(group & 255);
    }
    memcpy(ret_bytes, bytes, sizeof bytes);
    return SG_OK;
}
