#include "storage/lmdb/row.h"

#include <string.h>

#include "storage/base/check.h"
#include "storage/base/reader.h"
#include "storage/base/writer.h"

#define LOG_VERSION 1

_Static_assert(SG_ROW_LOG_MAX == 1 + SG_LOG_CORE_SIZE + 2 + 4 * 8 + 8 + 32 +
                                     SG_SIGNATURE_SIZE +
                                     32 * SG_MERKLE_HASHES_MAX,
               "the log row of FORMAT.md section 10");

static size_t varint_size(uint64_t value)
{
    size_t size = 1;
    while (value >= 0x80) {
        value >>= 7;
        size++;
    }
    return size;
}

size_t sg_row_entry_size(const struct sg_row_entry *row)
{
    const struct sg_entry *entry = &row->entry;
    size_t size = varint_size(row->log) + varint_size(row->index) + 1 +
                  varint_size(entry->key_entry) + 32;
    if (entry->state == SG_PAYLOAD_PRESENT) {
        return size + entry->payload.size;
    }
    size += varint_size(entry->length) + 32;
    return entry->state == SG_PAYLOAD_ERASED ? size + sizeof entry->erased_by
                                             : size;
}

void sg_row_entry_encode(const struct sg_row_entry *row, uint8_t *ret,
                         size_t size)
{
    const struct sg_entry *entry = &row->entry;
    struct sg_writer writer;
    enum sg_err err;

    SG_ASSERT(entry->kind < 16);
    sg_writer_init_array(&writer, ret, size);
    sg_writer_varint(&writer, row->log);
    sg_writer_varint(&writer, row->index);
    sg_writer_u8(&writer, (uint8_t)(entry->state << 4 | entry->kind));
    sg_writer_varint(&writer, entry->key_entry);
    if (entry->state != SG_PAYLOAD_PRESENT) {
        sg_writer_varint(&writer, entry->length);
    }
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(row->leaf.bytes));
    if (entry->state == SG_PAYLOAD_PRESENT) {
        sg_writer_bytes(&writer, entry->payload);
    } else {
        sg_writer_bytes(&writer, SG_BYTES_ARRAY(entry->payload_hash.bytes));
    }
    if (entry->state == SG_PAYLOAD_ERASED) {
        sg_writer_bytes(&writer, SG_BYTES_ARRAY(entry->erased_by));
    }
    err = sg_writer_end(&writer);
    SG_ASSERT(err == SG_OK);
    SG_ASSERT(writer.size == size);
}

enum sg_err sg_row_entry_decode(struct sg_bytes bytes,
                                struct sg_row_entry *ret_row)
{
    struct sg_row_entry row;
    struct sg_entry *entry = &row.entry;
    struct sg_reader reader;
    uint64_t log, length = 0;
    uint8_t mark;

    memset(&row, 0, sizeof row);
    sg_reader_init(&reader, bytes);
    log = sg_reader_varint(&reader);
    row.index = sg_reader_varint(&reader);
    mark = sg_reader_u8(&reader);
    entry->kind = mark & 15;
    entry->state = (enum sg_payload_state)(mark >> 4);
    entry->key_entry = sg_reader_varint(&reader);
    if (entry->state != SG_PAYLOAD_PRESENT) {
        length = sg_reader_varint(&reader);
    }
    sg_reader_copy(&reader, row.leaf.bytes, sizeof row.leaf.bytes);
    if (entry->state == SG_PAYLOAD_PRESENT) {
        entry->payload = sg_reader_rest(&reader);
        length = entry->payload.size;
    } else {
        sg_reader_copy(&reader, entry->payload_hash.bytes,
                       sizeof entry->payload_hash.bytes);
    }
    if (entry->state == SG_PAYLOAD_ERASED) {
        sg_reader_copy(&reader, entry->erased_by, sizeof entry->erased_by);
    }
    if (sg_reader_end(&reader) != SG_OK || log > UINT32_MAX || length == 0 ||
        length > SG_PAYLOAD_SIZE_MAX || entry->state > SG_PAYLOAD_ERASED) {
        return SG_ERR_DAMAGED;
    }
    row.log = (uint32_t)log;
    entry->length = (uint32_t)length;
    *ret_row = row;
    return SG_OK;
}

static unsigned ones(uint64_t size)
{
    return (unsigned)__builtin_popcountll(size);
}

size_t sg_row_log_encode(const struct sg_row_log *log,
                         uint8_t ret[SG_ROW_LOG_MAX])
{
    struct sg_writer writer;
    enum sg_err err;
    uint8_t *core;
    unsigned i;

    sg_writer_init_array(&writer, ret, SG_ROW_LOG_MAX);
    sg_writer_u8(&writer, LOG_VERSION);
    core = sg_writer_room(&writer, SG_LOG_CORE_SIZE);
    SG_ASSERT(core != NULL);
    sg_entry_core_encode(&log->core, core);
    sg_writer_u8(&writer, log->flags);
    sg_writer_u8(&writer, log->branch);
    sg_writer_u64be(&writer, log->frontier.size);
    sg_writer_u64be(&writer, log->absent);
    sg_writer_u64be(&writer, log->erased);
    sg_writer_u64be(&writer, log->change);
    sg_writer_u64be(&writer, log->known.size);
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(log->known.root.bytes));
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(log->known.signature));
    for (i = 0; i < ones(log->frontier.size); i++) {
        sg_writer_bytes(&writer, SG_BYTES_ARRAY(log->frontier.hashes[i].bytes));
    }
    err = sg_writer_end(&writer);
    SG_ASSERT(err == SG_OK);
    return writer.size;
}

enum sg_err sg_row_log_decode(struct sg_bytes bytes, struct sg_row_log *ret_log)
{
    struct sg_row_log log;
    struct sg_reader reader;
    struct sg_bytes core;
    unsigned i;
    uint8_t version;

    memset(&log, 0, sizeof log);
    sg_reader_init(&reader, bytes);
    version = sg_reader_u8(&reader);
    core = sg_reader_take(&reader, SG_LOG_CORE_SIZE);
    log.flags = sg_reader_u8(&reader);
    log.branch = sg_reader_u8(&reader);
    log.frontier.size = sg_reader_u64be(&reader);
    log.absent = sg_reader_u64be(&reader);
    log.erased = sg_reader_u64be(&reader);
    log.change = sg_reader_u64be(&reader);
    log.known.size = sg_reader_u64be(&reader);
    sg_reader_copy(&reader, log.known.root.bytes, 32);
    sg_reader_copy(&reader, log.known.signature, SG_SIGNATURE_SIZE);
    for (i = 0; i < ones(log.frontier.size); i++) {
        sg_reader_copy(&reader, log.frontier.hashes[i].bytes, 32);
    }
    if (sg_reader_end(&reader) != SG_OK ||
        sg_entry_core_decode(core, &log.core) != SG_OK) {
        return SG_ERR_DAMAGED;
    }
    if (version != LOG_VERSION) {
        return SG_ERR_VERSION;
    }
    *ret_log = log;
    return SG_OK;
}
