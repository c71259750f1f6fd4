/* The parser of content keys: what is accepted is canonical, so its fields
 * written down again are the same bytes; and no wrap opens to a key that is not
 * the commitment's. */
#include <string.h>

#include "storage/base/check.h"
#include "storage/base/writer.h"
#include "storage/log/content_key.h"
#include "tests/fuzz/fuzz.h"

static const struct sg_registry_id registry = {{{0x11}}};
static const struct sg_content_key_place place = {{{{0x44}}}, 1};

static void write_again(const struct sg_content_key *key,
                        struct sg_bytes payload)
{
    uint8_t again[SG_CONTENT_KEY_SIZE_MAX];
    struct sg_writer writer;

    sg_writer_init_array(&writer, again, sizeof(again));
    sg_writer_u8(&writer, 1);
    sg_writer_u8(&writer, key->is_rewrap);
    sg_writer_u32be(&writer, key->period);
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(key->commitment));
    if (key->is_rewrap) {
        sg_writer_bytes(&writer, SG_BYTES_ARRAY(key->own.log.hash.bytes));
        sg_writer_u64be(&writer, key->own.index);
    }
    sg_writer_u8(&writer, (uint8_t)sg_content_key_reader_count(key));
    sg_writer_bytes(&writer, key->wraps);
    SG_ASSERT(sg_writer_end(&writer) == SG_OK);
    SG_ASSERT(sg_bytes_equal(sg_bytes(again, writer.size), payload));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sg_scope_pair reader = {.secret = {0x33}};
    uint8_t secret[SG_KEY_SIZE];
    struct sg_content_key key;

    if (sg_content_key_parse(sg_bytes(data, size), &place, &key) != SG_OK)
        return 0;
    write_again(&key, sg_bytes(data, size));
    SG_ASSERT(key.is_rewrap || key.own.index == place.index);
    SG_ASSERT(sg_crypto_init() == SG_OK);
    sg_crypto_x25519_public(reader.secret, reader.public_key.bytes);
    if (sg_content_key_unwrap(&registry, &key, &reader, secret) == SG_OK) {
        /* The commitment is to this key in this log, and to no other. */
        key.own.log.hash.bytes[0] ^= 1;
        SG_ASSERT(sg_content_key_unwrap(&registry, &key, &reader, secret) ==
                  SG_ERR_DECRYPT);
    }
    return 0;
}
