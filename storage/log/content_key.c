#include "storage/log/content_key.h"

#include <string.h>

#include "storage/base/check.h"
#include "storage/base/reader.h"
#include "storage/base/writer.h"

#define VERSION 1

enum what {
    WHAT_NEW = 0,
    WHAT_REWRAP = 1,
};

#define BOX_SIZE (SG_KEY_SIZE + SG_BOX_OVERHEAD)

_Static_assert(SG_CONTENT_KEY_WRAP_SIZE == 88, "FORMAT.md section 6");
_Static_assert(SG_CONTENT_KEY_SIZE_MAX <= SG_PAYLOAD_SIZE_MAX,
               "a content key is a payload");

static bool is_month(uint32_t period)
{
    return period <= 999912 && period / 100 >= 1 && period % 100 >= 1 &&
           period % 100 <= 12;
}

/* B(32, key, "sogoc v1 key check"; the key's own log). */
static void commit(const struct sg_registry_id *registry,
                   const struct sg_log_id *own_log,
                   const uint8_t key[SG_KEY_SIZE],
                   uint8_t ret_commitment[SG_KEY_SIZE])
{
    struct sg_blake2b hash;

    sg_crypto_blake2b_purpose_init(&hash, key, SG_KEY_SIZE, SG_KEY_SIZE,
                                   "sogoc v1 key check", &registry->hash);
    sg_crypto_blake2b_update(&hash, own_log->hash.bytes,
                             sizeof(own_log->hash.bytes));
    sg_crypto_blake2b_final(&hash, ret_commitment, SG_KEY_SIZE);
}

/* A reader in the order of the page. */
struct slot {
    struct sg_key_id id;
    const uint8_t *public_key;
};

/* Sorts the readers by key id. They are few, and nearly always three.
 * Errors: INVALID when one is named twice. */
static enum sg_err sort(const struct sg_registry_id *registry,
                        const struct sg_scope_public readers[], size_t count,
                        struct slot slots[SG_WRAPS_MAX])
{
    for (size_t i = 0; i < count; i++) {
        const uint8_t *key = readers[i].bytes;
        struct slot slot = {sg_key_id_of(registry, SG_KEY_SCOPE, key), key};
        size_t at = i;

        while (at > 0 && sg_key_id_compare(&slots[at - 1].id, &slot.id) > 0) {
            slots[at] = slots[at - 1];
            at--;
        }
        if (at > 0 && sg_key_id_compare(&slots[at - 1].id, &slot.id) == 0)
            return SG_ERR_INVALID;
        slots[at] = slot;
    }
    return SG_OK;
}

static void write_wrap(struct sg_writer *writer, const struct slot *slot,
                       const uint8_t key[SG_KEY_SIZE])
{
    uint8_t *box;
    enum sg_err err;

    sg_writer_bytes(writer, SG_BYTES_ARRAY(slot->id.bytes));
    box = sg_writer_room(writer, BOX_SIZE);
    if (box == NULL)
        return;
    err = sg_crypto_box_seal(slot->public_key, sg_bytes(key, SG_KEY_SIZE), box,
                             BOX_SIZE);
    if (err != SG_OK)
        sg_writer_fail(writer, err);
}

static enum sg_err encode(const struct sg_registry_id *registry, enum what what,
                          const struct sg_content_key_place *own,
                          uint32_t period, const uint8_t key[SG_KEY_SIZE],
                          const struct sg_scope_public readers[], size_t count,
                          struct sg_buf *ret_payload)
{
    struct slot slots[SG_WRAPS_MAX];
    uint8_t commitment[SG_KEY_SIZE];
    struct sg_writer writer;
    enum sg_err err;

    if (!is_month(period))
        return SG_ERR_INVALID;
    if (count < 1 || count > SG_WRAPS_MAX)
        return SG_ERR_LIMIT;
    err = sort(registry, readers, count, slots);
    if (err != SG_OK)
        return err;
    commit(registry, &own->log, key, commitment);
    sg_writer_init_buf(&writer, ret_payload);
    sg_writer_u8(&writer, VERSION);
    sg_writer_u8(&writer, (uint8_t)what);
    sg_writer_u32be(&writer, period);
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(commitment));
    if (what == WHAT_REWRAP) {
        sg_writer_bytes(&writer, SG_BYTES_ARRAY(own->log.hash.bytes));
        sg_writer_u64be(&writer, own->index);
    }
    sg_writer_u8(&writer, (uint8_t)count);
    for (size_t i = 0; i < count; i++)
        write_wrap(&writer, &slots[i], key);
    return sg_writer_end(&writer);
}

enum sg_err sg_content_key_encode(const struct sg_registry_id *registry,
                                  const struct sg_log_id *log, uint32_t period,
                                  const uint8_t key[SG_KEY_SIZE],
                                  const struct sg_scope_public readers[],
                                  size_t reader_count,
                                  struct sg_buf *ret_payload)
{
    struct sg_content_key_place own = {.log = *log};

    return encode(registry, WHAT_NEW, &own, period, key, readers, reader_count,
                  ret_payload);
}

enum sg_err sg_content_key_rewrap(const struct sg_registry_id *registry,
                                  const struct sg_content_key_place *own,
                                  uint32_t period,
                                  const uint8_t key[SG_KEY_SIZE],
                                  const struct sg_scope_public readers[],
                                  size_t reader_count,
                                  struct sg_buf *ret_payload)
{
    SG_ASSERT(own->index > 0);
    return encode(registry, WHAT_REWRAP, own, period, key, readers,
                  reader_count, ret_payload);
}

/* Checks that the wraps ascend by scope key id, no two alike. */
static void check_order(struct sg_reader *reader,
                        const struct sg_content_key *key)
{
    for (size_t i = 1; i < sg_content_key_reader_count(key); i++) {
        struct sg_key_id before = sg_content_key_reader_id(key, i - 1);
        struct sg_key_id id = sg_content_key_reader_id(key, i);

        if (sg_key_id_compare(&before, &id) >= 0)
            sg_reader_fail(reader, SG_ERR_NOTCANONICAL);
    }
}

static void parse_own(struct sg_reader *reader, struct sg_content_key *key)
{
    sg_reader_copy(reader, key->own.log.hash.bytes,
                   sizeof(key->own.log.hash.bytes));
    key->own.index = sg_reader_u64be(reader);
    /* Entry 0 is the opening. */
    if (key->own.index == 0)
        sg_reader_fail(reader, SG_ERR_MALFORMED);
}

enum sg_err sg_content_key_parse(struct sg_bytes payload,
                                 const struct sg_content_key_place *place,
                                 struct sg_content_key *ret_key)
{
    struct sg_content_key key = {.own = *place};
    struct sg_reader reader;
    unsigned what, count;
    enum sg_err err;

    sg_reader_init(&reader, payload);
    if (sg_reader_u8(&reader) != VERSION)
        sg_reader_fail(&reader, SG_ERR_VERSION);
    what = sg_reader_u8(&reader);
    if (what > WHAT_REWRAP)
        sg_reader_fail(&reader, SG_ERR_MALFORMED);
    key.is_rewrap = what == WHAT_REWRAP;
    key.period = sg_reader_u32be(&reader);
    if (!is_month(key.period))
        sg_reader_fail(&reader, SG_ERR_MALFORMED);
    sg_reader_copy(&reader, key.commitment, sizeof(key.commitment));
    if (key.is_rewrap)
        parse_own(&reader, &key);
    count = sg_reader_u8(&reader);
    if (count == 0)
        sg_reader_fail(&reader, SG_ERR_MALFORMED);
    if (count > SG_WRAPS_MAX)
        sg_reader_fail(&reader, SG_ERR_LIMIT);
    key.wraps = sg_reader_take(&reader, count * SG_CONTENT_KEY_WRAP_SIZE);
    check_order(&reader, &key);
    err = sg_reader_end(&reader);
    if (err == SG_OK)
        *ret_key = key;
    return err;
}

size_t sg_content_key_reader_count(const struct sg_content_key *key)
{
    return key->wraps.size / SG_CONTENT_KEY_WRAP_SIZE;
}

struct sg_key_id sg_content_key_reader_id(const struct sg_content_key *key,
                                          size_t i)
{
    struct sg_key_id id;

    SG_ASSERT(i < sg_content_key_reader_count(key));
    memcpy(id.bytes, key->wraps.data + i * SG_CONTENT_KEY_WRAP_SIZE,
           sizeof(id.bytes));
    return id;
}

/* Gives the box for the scope key ID; no bytes if there is none. */
static struct sg_bytes find_box(const struct sg_content_key *key,
                                const struct sg_key_id *id)
{
    for (size_t i = 0; i < sg_content_key_reader_count(key); i++) {
        struct sg_key_id each = sg_content_key_reader_id(key, i);
        size_t at = i * SG_CONTENT_KEY_WRAP_SIZE + SG_KEY_ID_SIZE;

        if (sg_key_id_compare(&each, id) == 0)
            return sg_bytes(key->wraps.data + at, BOX_SIZE);
    }
    return (struct sg_bytes){0};
}

enum sg_err sg_content_key_unwrap(const struct sg_registry_id *registry,
                                  const struct sg_content_key *key,
                                  const struct sg_scope_pair *reader,
                                  uint8_t ret_key[SG_KEY_SIZE])
{
    struct sg_key_id id =
        sg_key_id_of(registry, SG_KEY_SCOPE, reader->public_key.bytes);
    struct sg_bytes box = find_box(key, &id);
    uint8_t commitment[SG_KEY_SIZE], plain[SG_KEY_SIZE];
    enum sg_err err;

    if (box.size == 0)
        return SG_ERR_NOTFOUND;
    err = sg_crypto_box_open(reader->public_key.bytes, reader->secret, box,
                             plain, sizeof(plain));
    if (err != SG_OK)
        return err;
    commit(registry, &key->own.log, plain, commitment);
    if (sg_crypto_equal(commitment, key->commitment, sizeof(commitment)))
        memcpy(ret_key, plain, sizeof(plain));
    else
        err = SG_ERR_DECRYPT;
    sg_crypto_wipe(plain, sizeof(plain));
    return err;
}
