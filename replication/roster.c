#include "replication/roster.h"

#include <string.h>

#include "storage/base/check.h"

static void read_item(struct sg_reader *reader, struct sg_roster_item *item)
{
    struct sg_head_message_claim *claim = &item->claim;
    struct sg_certificate certificate;

    sg_reader_copy(reader, item->certificate, sizeof item->certificate);
    if (reader->err == SG_OK &&
        sg_certificate_decode(SG_BYTES_ARRAY(item->certificate),
                              &certificate) != SG_OK)
        sg_reader_fail(reader, SG_ERR_CERTIFICATE);
    if (reader->err == SG_OK)
        memcpy(item->core.node_key, certificate.node_key, SG_KEY_SIZE);
    item->core.kind = (enum sg_log_kind)sg_reader_u8(reader);
    if (item->core.kind != SG_LOG_RECORDS && item->core.kind != SG_LOG_AUDIT)
        sg_reader_fail(reader, SG_ERR_MALFORMED);
    sg_reader_copy(reader, item->core.epoch, sizeof item->core.epoch);
    claim->size = sg_reader_varint(reader);
    claim->short_by = sg_reader_varint(reader);
    if (claim->short_by > claim->size)
        sg_reader_fail(reader, SG_ERR_MALFORMED);
    sg_reader_copy(reader, claim->tag, sizeof claim->tag);
}

enum sg_err sg_roster_decode(struct sg_bytes body, struct sg_roster *ret_roster)
{
    struct sg_roster roster = {.count = 0};
    struct sg_reader reader;

    sg_reader_init(&roster.left, body);
    reader = roster.left;
    while (reader.err == SG_OK && reader.left.size > 0) {
        struct sg_roster_item item;

        if (roster.count == SG_AUTHORITY_LISTED_MAX)
            return SG_ERR_LIMIT;
        read_item(&reader, &item);
        roster.count++;
    }
    if (reader.err != SG_OK)
        return reader.err;
    *ret_roster = roster;
    return SG_OK;
}

bool sg_roster_next(struct sg_roster *roster, struct sg_roster_item *ret_item)
{
    if (roster->left.left.size == 0)
        return false;
    read_item(&roster->left, ret_item);
    SG_ASSERT(roster->left.err == SG_OK);
    return true;
}

void sg_roster_put(struct sg_writer *writer, const struct sg_roster_item *item)
{
    SG_ASSERT(item->claim.short_by <= item->claim.size);
    sg_writer_bytes(writer, SG_BYTES_ARRAY(item->certificate));
    sg_writer_u8(writer, (uint8_t)item->core.kind);
    sg_writer_bytes(writer, SG_BYTES_ARRAY(item->core.epoch));
    sg_writer_varint(writer, item->claim.size);
    sg_writer_varint(writer, item->claim.short_by);
    sg_writer_bytes(writer, SG_BYTES_ARRAY(item->claim.tag));
}
