#include "storage/log/entry.h"

#include <string.h>

#include "storage/base/check.h"
#include "storage/base/reader.h"
#include "storage/base/writer.h"
#include "storage/log/merkle.h"

/* FORMAT.md section 1: these strings stand nowhere else. */
#define LOG_PURPOSE     "sogoc v1 log"
#define PAYLOAD_PURPOSE "sogoc v1 payload"

#define ENTRY_VERSION   1
#define OPENING_VERSION 1

void sg_entry_hasher_init(struct sg_entry_hasher *hasher,
                          const struct sg_registry_id *registry)
{
    hasher->registry = *registry;
    sg_crypto_purpose_init(&hasher->payload, PAYLOAD_PURPOSE, &registry->hash);
}

/* Ends a writer whose array was measured beforehand. */
static void end_fitting(struct sg_writer *writer)
{
    enum sg_err err = sg_writer_end(writer);

    SG_ASSERT(err == SG_OK);
}

static void core_write(struct sg_writer *writer, const struct sg_log_core *core)
{
    SG_ASSERT(core->kind == SG_LOG_RECORDS || core->kind == SG_LOG_AUDIT);
    sg_writer_bytes(writer, SG_BYTES_ARRAY(core->node_key));
    sg_writer_u8(writer, (uint8_t)core->kind);
    sg_writer_bytes(writer, SG_BYTES_ARRAY(core->epoch));
}

void sg_entry_core_encode(const struct sg_log_core *core,
                          uint8_t ret_bytes[SG_LOG_CORE_SIZE])
{
    struct sg_writer writer;

    sg_writer_init_array(&writer, ret_bytes, SG_LOG_CORE_SIZE);
    core_write(&writer, core);
    end_fitting(&writer);
}

static void core_read(struct sg_reader *reader, struct sg_log_core *ret_core)
{
    uint8_t kind;

    sg_reader_copy(reader, ret_core->node_key, sizeof ret_core->node_key);
    kind = sg_reader_u8(reader);
    sg_reader_copy(reader, ret_core->epoch, sizeof ret_core->epoch);
    if (kind != SG_LOG_RECORDS && kind != SG_LOG_AUDIT)
        sg_reader_fail(reader, SG_ERR_MALFORMED);
    ret_core->kind = (enum sg_log_kind)kind;
}

enum sg_err sg_entry_core_decode(struct sg_bytes bytes,
                                 struct sg_log_core *ret_core)
{
    struct sg_reader reader;
    struct sg_log_core core;
    enum sg_err err;

    sg_reader_init(&reader, bytes);
    core_read(&reader, &core);
    err = sg_reader_end(&reader);
    if (err == SG_OK)
        *ret_core = core;
    return err;
}

struct sg_log_id sg_entry_log_id(const struct sg_registry_id *registry,
                                 const struct sg_log_core *core)
{
    uint8_t bytes[SG_LOG_CORE_SIZE];
    struct sg_log_id id;

    sg_entry_core_encode(core, bytes);
    sg_crypto_purpose_hash(LOG_PURPOSE, &registry->hash, bytes, sizeof bytes,
                           &id.hash);
    return id;
}

struct sg_hash sg_entry_payload_hash(const struct sg_entry_hasher *hasher,
                                     struct sg_bytes payload)
{
    struct sg_hash hash;

    sg_crypto_sha256_after(&hasher->payload, payload.data, payload.size, &hash);
    return hash;
}

enum sg_err sg_entry_make(const struct sg_entry_hasher *hasher,
                          enum sg_entry_kind kind, uint64_t key_entry,
                          struct sg_bytes payload, struct sg_entry *ret_entry)
{
    SG_ASSERT(kind <= SG_ENTRY_SEALED);
    SG_ASSERT((key_entry != 0) == (kind == SG_ENTRY_SEALED));
    if (payload.size == 0 || payload.size > SG_PAYLOAD_SIZE_MAX)
        return SG_ERR_LIMIT;
    *ret_entry = (struct sg_entry){
        .kind = (uint8_t)kind,
        .state = SG_PAYLOAD_PRESENT,
        .key_entry = key_entry,
        .length = (uint32_t)payload.size,
        .payload_hash = sg_entry_payload_hash(hasher, payload),
        .payload = payload,
    };
    return SG_OK;
}

void sg_entry_short_header_encode(uint8_t kind, uint64_t key_entry,
                                  uint32_t length,
                                  uint8_t ret_bytes[SG_SHORT_HEADER_SIZE])
{
    ret_bytes[0] = ENTRY_VERSION;
    ret_bytes[1] = kind;
    sg_bytes_put_u64be(ret_bytes + 2, key_entry);
    sg_bytes_put_u32be(ret_bytes + 10, length);
}

void sg_entry_header_encode(const struct sg_entry *entry,
                            uint8_t ret_bytes[SG_ENTRY_HEADER_SIZE])
{
    sg_entry_short_header_encode(entry->kind, entry->key_entry, entry->length,
                                 ret_bytes);
    memcpy(ret_bytes + SG_SHORT_HEADER_SIZE, entry->payload_hash.bytes,
           sizeof entry->payload_hash.bytes);
}

/* Whether the fields of a header are ones that a writer of FORMAT.md makes. No
 * key entry is 0: entry 0 is the opening. */
static bool header_is_valid(const struct sg_entry *entry)
{
    if (entry->kind > SG_ENTRY_KIND_MAX)
        return false;
    if (entry->kind < SG_ENTRY_SEALED && entry->key_entry != 0)
        return false;
    if (entry->kind == SG_ENTRY_SEALED && entry->key_entry == 0)
        return false;
    return entry->length > 0 && entry->length <= SG_PAYLOAD_SIZE_MAX;
}

enum sg_err sg_entry_header_decode(struct sg_bytes bytes,
                                   struct sg_entry *ret_entry)
{
    struct sg_entry entry = {.state = SG_PAYLOAD_NOT_HELD};
    struct sg_reader reader;
    enum sg_err err;

    sg_reader_init(&reader, bytes);
    if (sg_reader_u8(&reader) != ENTRY_VERSION)
        sg_reader_fail(&reader, SG_ERR_VERSION);
    entry.kind = sg_reader_u8(&reader);
    entry.key_entry = sg_reader_u64be(&reader);
    entry.length = sg_reader_u32be(&reader);
    sg_reader_copy(&reader, entry.payload_hash.bytes,
                   sizeof entry.payload_hash.bytes);
    if (!header_is_valid(&entry))
        sg_reader_fail(&reader, SG_ERR_MALFORMED);
    err = sg_reader_end(&reader);
    if (err == SG_OK)
        *ret_entry = entry;
    return err;
}

struct sg_hash sg_entry_leaf(const struct sg_entry *entry)
{
    uint8_t header[SG_ENTRY_HEADER_SIZE];

    sg_entry_header_encode(entry, header);
    return sg_merkle_leaf(header, sizeof header);
}

enum sg_err sg_entry_check(const struct sg_entry *entry, uint64_t index)
{
    if (!header_is_valid(entry))
        return SG_ERR_MALFORMED;
    if ((entry->kind == SG_ENTRY_OPENING) != (index == 0))
        return SG_ERR_MALFORMED;
    if (entry->key_entry != 0 && entry->key_entry >= index)
        return SG_ERR_MALFORMED;
    return SG_OK;
}

static bool is_empty_root(const struct sg_hash *root)
{
    struct sg_hash nothing = sg_merkle_join(NULL, 0);

    return memcmp(root->bytes, nothing.bytes, sizeof nothing.bytes) == 0;
}

size_t sg_entry_opening_encode(const struct sg_opening *opening,
                               uint8_t ret_bytes[SG_OPENING_SIZE_MAX])
{
    struct sg_writer writer;

    if (opening->follows && opening->size == 0)
        SG_ASSERT(is_empty_root(&opening->root));
    sg_writer_init_array(&writer, ret_bytes, SG_OPENING_SIZE_MAX);
    sg_writer_u8(&writer, OPENING_VERSION);
    core_write(&writer, &opening->core);
    sg_writer_u8(&writer, opening->follows);
    if (opening->follows) {
        sg_writer_bytes(&writer,
                        SG_BYTES_ARRAY(opening->predecessor.hash.bytes));
        sg_writer_u64be(&writer, opening->size);
        sg_writer_bytes(&writer, SG_BYTES_ARRAY(opening->root.bytes));
    }
    end_fitting(&writer);
    SG_ASSERT(writer.size ==
              (opening->follows ? SG_OPENING_SIZE_MAX : SG_OPENING_SIZE_MIN));
    return writer.size;
}

static void predecessor_read(struct sg_reader *reader,
                             struct sg_opening *ret_opening)
{
    sg_reader_copy(reader, ret_opening->predecessor.hash.bytes,
                   sizeof ret_opening->predecessor.hash.bytes);
    ret_opening->size = sg_reader_u64be(reader);
    sg_reader_copy(reader, ret_opening->root.bytes,
                   sizeof ret_opening->root.bytes);
    if (ret_opening->size == 0 && !is_empty_root(&ret_opening->root))
        sg_reader_fail(reader, SG_ERR_MALFORMED);
}

enum sg_err sg_entry_opening_decode(struct sg_bytes bytes,
                                    struct sg_opening *ret_opening)
{
    struct sg_opening opening = {.follows = false};
    struct sg_reader reader;
    uint8_t follows;
    enum sg_err err;

    sg_reader_init(&reader, bytes);
    if (sg_reader_u8(&reader) != OPENING_VERSION)
        sg_reader_fail(&reader, SG_ERR_VERSION);
    core_read(&reader, &opening.core);
    follows = sg_reader_u8(&reader);
    if (follows > 1)
        sg_reader_fail(&reader, SG_ERR_MALFORMED);
    opening.follows = follows == 1;
    if (opening.follows)
        predecessor_read(&reader, &opening);
    err = sg_reader_end(&reader);
    if (err == SG_OK)
        *ret_opening = opening;
    return err;
}

enum sg_err sg_entry_opening_check(const struct sg_registry_id *registry,
                                   const struct sg_log_id *log,
                                   const struct sg_opening *opening)
{
    struct sg_log_id own = sg_entry_log_id(registry, &opening->core);

    if (memcmp(own.hash.bytes, log->hash.bytes, sizeof own.hash.bytes) != 0)
        return SG_ERR_MALFORMED;
    if (opening->follows && memcmp(opening->predecessor.hash.bytes,
                                   own.hash.bytes, sizeof own.hash.bytes) == 0)
        return SG_ERR_MALFORMED;
    return SG_OK;
}
