#include "node/view/sheet.h"

#include <stdlib.h>
#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/base/limits.h"
#include "storage/base/reader.h"
#include "storage/base/writer.h"
#include "storage/log/compress.h"
#include "storage/log/dictionary.h"
#include "storage/log/expand.h"

#define FORM_PLAIN      0u
#define FORM_COMPRESSED 3u                 /* with dictionary 3 */
#define ROW_SIZE_MAX    ((size_t)48 << 20) /* 8,192 records of 4 KiB, and more */
#define COPIES_MAX      65536u

/* Of an inner part: what its sheet and the end of the row have. */
#define SUBJECT_SIZE  sizeof(struct sg_uid)
#define SUBMIT_SIZE   sizeof(struct sg_uid)
#define OUTSIDE_SIZE  (SUBJECT_SIZE + SUBMIT_SIZE)
#define BIN_HEAD_SIZE 2u /* of 16 bytes, as encoded */

/* Whether a copy is, but for place and clock, like the one before it. */
#define COPY_OTHER 0u
#define COPY_ALIKE 1u

#define HLC_BITS 16u /* behind the milliseconds of an hlc */
#define HLC_MASK 0xffffu

/* Bits of the facts. */
enum {
    FACT_PERSON = 1,
    FACT_SPOUSE = 2,
    FACT_HOUSEHOLD = 4,
    FACT_OPEN = 8,
    FACT_FILE = 16,
    FACT_MEMBERS = 32,
};

struct sg_sheet_coder {
    struct sg_sha256 id_prefix;
    struct sg_compressor *compressor;
    struct sg_expander *expander;
    struct sg_buf plain, row;
    const struct sg_sheet_record **order; /* of a sheet's records */
    size_t order_capacity;
    uint8_t expanded[SG_RECORD_SIZE_MAX];
    uint8_t frame[SG_COMPRESS_MAGIC_SIZE + SG_COMPRESS_FRAME_MAX];
};

/* --- in memory --------------------------------------------------------- */

/* Gives where ID is, or belongs. */
static size_t place_of(const struct sg_sheet *sheet, const struct sg_hash *id)
{
    size_t begin = 0, count = sheet->n_records;

    while (count > 0) {
        size_t half = count / 2;

        if (memcmp(sheet->records[begin + half].id.bytes, id->bytes,
                   sizeof id->bytes) < 0) {
            begin += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return begin;
}

static bool is_at(const struct sg_sheet *sheet, size_t at,
                  const struct sg_hash *id)
{
    return at < sheet->n_records && memcmp(sheet->records[at].id.bytes,
                                           id->bytes, sizeof id->bytes) == 0;
}

struct sg_sheet_record *sg_sheet_find(const struct sg_sheet *sheet,
                                      const struct sg_hash *id)
{
    size_t at = place_of(sheet, id);

    return is_at(sheet, at, id) ? &sheet->records[at] : NULL;
}

/* Makes a record at AT, without copies. */
static enum sg_err insert(struct sg_sheet *sheet, struct sg_arena *arena,
                          size_t at, const struct sg_hash *id,
                          struct sg_bytes inner)
{
    uint8_t *bytes = sg_arena_take(arena, 1, inner.size);

    if (bytes == NULL)
        return SG_ERR_NOMEM;
    memcpy(bytes, inner.data, inner.size);
    if (sheet->n_records == sheet->capacity) {
        size_t more = sheet->capacity > 0 ? 2 * sheet->capacity : 8;
        struct sg_sheet_record *records =
            sg_arena_take(arena, more, sizeof *records);

        if (records == NULL)
            return SG_ERR_NOMEM;
        if (sheet->n_records > 0)
            memcpy(records, sheet->records, sheet->n_records * sizeof *records);
        sheet->records = records;
        sheet->capacity = more;
    }
    memmove(sheet->records + at + 1, sheet->records + at,
            (sheet->n_records - at) * sizeof *sheet->records);
    sheet->records[at] = (struct sg_sheet_record){
        .id = *id, .inner = sg_bytes(bytes, inner.size)};
    sheet->n_records++;
    return SG_OK;
}

static int compare_copies(const struct sg_sheet_copy *a, uint32_t log,
                          uint64_t index)
{
    if (a->log != log)
        return a->log < log ? -1 : 1;
    return (a->index > index) - (a->index < index);
}

enum sg_err sg_sheet_put(struct sg_sheet *sheet, struct sg_arena *arena,
                         const struct sg_hash *id, struct sg_bytes inner,
                         const struct sg_sheet_copy *copy)
{
    size_t at = place_of(sheet, id), k = 0;
    struct sg_sheet_record *record;
    struct sg_sheet_copy *copies;

    if (!is_at(sheet, at, id) && insert(sheet, arena, at, id, inner) != SG_OK)
        return SG_ERR_NOMEM;
    record = &sheet->records[at];
    while (k < record->n_copies &&
           compare_copies(&record->copies[k], copy->log, copy->index) < 0)
        k++;
    if (k < record->n_copies &&
        compare_copies(&record->copies[k], copy->log, copy->index) == 0) {
        record->copies[k] = *copy;
        return SG_OK;
    }
    copies = sg_arena_take(arena, record->n_copies + 1, sizeof *copies);
    if (copies == NULL)
        return SG_ERR_NOMEM;
    for (size_t i = 0; i < record->n_copies; i++)
        copies[i < k ? i : i + 1] = record->copies[i];
    copies[k] = *copy;
    record->copies = copies;
    record->n_copies++;
    return SG_OK;
}

bool sg_sheet_del(struct sg_sheet *sheet, const struct sg_hash *id,
                  uint32_t log, uint64_t index)
{
    struct sg_sheet_record *record = sg_sheet_find(sheet, id);
    size_t k = 0;

    while (record != NULL && k < record->n_copies &&
           compare_copies(&record->copies[k], log, index) != 0)
        k++;
    if (record == NULL || k == record->n_copies)
        return false;
    record->n_copies--;
    memmove(record->copies + k, record->copies + k + 1,
            (record->n_copies - k) * sizeof *record->copies);
    if (record->n_copies == 0) {
        size_t at = (size_t)(record - sheet->records);

        sheet->n_records--;
        memmove(record, record + 1, (sheet->n_records - at) * sizeof *record);
    }
    return true;
}

struct sg_sheet_copy *sg_sheet_copy_at(const struct sg_sheet *sheet,
                                       uint32_t log, uint64_t index,
                                       struct sg_sheet_record **ret_record)
{
    for (size_t i = 0; i < sheet->n_records; i++)
        for (size_t k = 0; k < sheet->records[i].n_copies; k++)
            if (compare_copies(&sheet->records[i].copies[k], log, index) == 0) {
                *ret_record = &sheet->records[i];
                return &sheet->records[i].copies[k];
            }
    return NULL;
}

enum sg_err sg_sheet_clone(const struct sg_sheet *sheet, struct sg_arena *arena,
                           struct sg_sheet *ret_sheet)
{
    *ret_sheet = *sheet;
    ret_sheet->capacity = sheet->n_records + 4;
    ret_sheet->records =
        sg_arena_take(arena, ret_sheet->capacity, sizeof *sheet->records);
    if (ret_sheet->records == NULL)
        return SG_ERR_NOMEM;
    for (size_t i = 0; i < sheet->n_records; i++) {
        const struct sg_sheet_record *from = &sheet->records[i];
        struct sg_sheet_record *to = &ret_sheet->records[i];

        *to = *from;
        to->copies = sg_arena_take(arena, from->n_copies, sizeof *to->copies);
        if (to->copies == NULL)
            return SG_ERR_NOMEM;
        memcpy(to->copies, from->copies, from->n_copies * sizeof *to->copies);
    }
    return SG_OK;
}

/* --- the coder --------------------------------------------------------- */

enum sg_err sg_sheet_coder_new(const struct sg_registry_id *id, bool is_writer,
                               struct sg_sheet_coder **ret)
{
    struct sg_sheet_coder *coder = sg_calloc(1, sizeof *coder);
    enum sg_err err;

    if (coder == NULL)
        return SG_ERR_NOMEM;
    sg_record_id_prefix(id, &coder->id_prefix);
    sg_buf_init(&coder->plain, ROW_SIZE_MAX);
    sg_buf_init(&coder->row, ROW_SIZE_MAX);
    err = sg_expand_new(&coder->expander);
    if (err == SG_OK && is_writer)
        err = sg_compress_new(&coder->compressor);
    if (err != SG_OK) {
        sg_sheet_coder_free(coder);
        return err;
    }
    *ret = coder;
    return SG_OK;
}

void sg_sheet_coder_free(struct sg_sheet_coder *coder)
{
    if (coder == NULL)
        return;
    sg_compress_free(coder->compressor);
    sg_expand_free(coder->expander);
    sg_free(coder->order);
    sg_buf_wipe(&coder->plain);
    sg_buf_wipe(&coder->row);
    sg_crypto_wipe(coder, sizeof *coder);
    sg_free(coder);
}

/* --- writing ----------------------------------------------------------- */

static void write_uid(struct sg_writer *writer, const struct sg_uid *uid)
{
    sg_writer_bytes(writer, SG_BYTES_ARRAY(uid->bytes));
}

static void write_facts(struct sg_writer *writer,
                        const struct sg_sheet_facts *facts)
{
    sg_writer_u8(writer, (uint8_t)((facts->is_person ? FACT_PERSON : 0) |
                                   (facts->has_spouse ? FACT_SPOUSE : 0) |
                                   (facts->is_household ? FACT_HOUSEHOLD : 0) |
                                   (facts->is_open ? FACT_OPEN : 0) |
                                   (facts->has_file_no ? FACT_FILE : 0) |
                                   (facts->has_members ? FACT_MEMBERS : 0)));
    if (facts->is_person)
        sg_writer_u32be(writer, facts->birth.ymd);
    if (facts->has_spouse)
        write_uid(writer, &facts->spouse);
    if (!facts->is_household)
        return;
    sg_writer_u8(writer, facts->heads);
    sg_writer_varint(writer, facts->n_members);
    for (size_t i = 0; i < facts->n_members; i++)
        write_uid(writer, &facts->members[i]);
}

/* By how much A is more than B, less being odd. */
static uint64_t difference(uint64_t a, uint64_t b)
{
    return (a - b) << 1 ^ -(uint64_t)((a - b) >> 63);
}

/* The other way: gives A. */
static uint64_t sum(uint64_t b, uint64_t difference)
{
    return b + (difference >> 1 ^ -(uint64_t)(difference & 1));
}

/* What COPY says beside place and clock; LAST is the one before it. */
static void write_kind(struct sg_writer *writer,
                       const struct sg_sheet_copy *copy,
                       const struct sg_sheet_copy *last)
{
    if (copy->log == last->log && copy->key_entry == last->key_entry &&
        copy->set == last->set && copy->roles == last->roles &&
        copy->flags == last->flags) {
        sg_writer_u8(writer, COPY_ALIKE);
        return;
    }
    sg_writer_u8(writer, COPY_OTHER);
    sg_writer_varint(writer, copy->log);
    sg_writer_varint(writer, copy->key_entry);
    sg_writer_varint(writer, copy->set);
    sg_writer_u8(writer, copy->roles);
    sg_writer_u8(writer, copy->flags);
}

/* *LAST is the copy before, and becomes RECORD's last. */
static void write_record(struct sg_writer *writer,
                         const struct sg_sheet_record *record,
                         struct sg_sheet_copy *last)
{
    sg_writer_varint(writer, record->inner.size);
    sg_writer_varint(writer, record->n_copies);
    for (size_t i = 0; i < record->n_copies; i++) {
        const struct sg_sheet_copy *copy = &record->copies[i];

        write_kind(writer, copy, last);
        sg_writer_varint(writer, difference(copy->index, last->index));
        sg_writer_varint(
            writer, difference(copy->hlc >> HLC_BITS, last->hlc >> HLC_BITS));
        sg_writer_varint(writer, copy->hlc & HLC_MASK);
        *last = *copy;
    }
}

static int by_place(const void *a, const void *b)
{
    const struct sg_sheet_copy *x =
        (*(const struct sg_sheet_record *const *)a)->copies;
    const struct sg_sheet_copy *y =
        (*(const struct sg_sheet_record *const *)b)->copies;

    return compare_copies(x, y->log, y->index);
}

/* Finds where the subject of an inner part begins: behind the head of an array
 * of nine, type and schema, and its own head. 0: this is no inner part. */
static size_t subject_at(struct sg_bytes inner)
{
    size_t at = 1;

    for (unsigned i = 0; i < 2; i++) {
        if (at >= inner.size)
            return 0;
        at += inner.data[at] < 0x80 ? 1 : inner.data[at] == 0xcc ? 2 : 3;
    }
    return at + BIN_HEAD_SIZE <= inner.size && inner.data[at] == 0xc4 &&
                   inner.data[at + 1] == SUBJECT_SIZE
               ? at + BIN_HEAD_SIZE
               : 0;
}

/* Writes INNER but for the subject, which is the sheet's, and the last bytes,
 * the submit id, which nothing makes shorter. */
static void write_inner(struct sg_writer *writer, struct sg_bytes inner)
{
    size_t at = subject_at(inner);

    SG_ASSERT(at > 0);
    SG_ASSERT(inner.size >= at + OUTSIDE_SIZE);
    sg_writer_bytes(writer, sg_bytes(inner.data, at));
    at += SUBJECT_SIZE;
    sg_writer_bytes(writer,
                    sg_bytes(inner.data + at, inner.size - at - SUBMIT_SIZE));
}

static void write_submit(struct sg_writer *writer, struct sg_bytes inner)
{
    sg_writer_bytes(
        writer, sg_bytes(inner.data + inner.size - SUBMIT_SIZE, SUBMIT_SIZE));
}

/* Puts the records of SHEET into the order in which they were written. */
static bool sort_records(struct sg_sheet_coder *coder,
                         const struct sg_sheet *sheet)
{
    while (coder->order_capacity < sheet->n_records)
        if (!sg_alloc_grow((void **)&coder->order, coder->order_capacity,
                           &coder->order_capacity,
                           sizeof(struct sg_sheet_record *)))
            return false;
    for (size_t i = 0; i < sheet->n_records; i++)
        coder->order[i] = &sheet->records[i];
    if (sheet->n_records > 1)
        qsort(coder->order, sheet->n_records, sizeof(struct sg_sheet_record *),
              by_place);
    return true;
}

static void write_rest(struct sg_writer *writer, const struct sg_sheet *sheet)
{
    sg_writer_varint(writer, sheet->n_shares);
    for (size_t i = 0; i < sheet->n_shares; i++) {
        const struct sg_sheet_share *share = &sheet->shares[i];

        sg_writer_u64be(writer, share->unit.value);
    }
    sg_writer_varint(writer, sheet->n_owners);
    for (size_t i = 0; i < sheet->n_owners; i++) {
        sg_writer_varint(writer, sheet->owners[i].unit.value);
        sg_writer_u8(writer, sheet->owners[i].is_decided);
    }
    sg_writer_varint(writer, sheet->n_kin);
    for (size_t i = 0; i < sheet->n_kin; i++)
        write_uid(writer, &sheet->kin[i]);
}

/* Gives PLAIN compressed where that is shorter. */
static enum sg_err shrink(struct sg_sheet_coder *coder, struct sg_bytes plain)
{
    uint8_t *frame = coder->frame + SG_COMPRESS_MAGIC_SIZE;
    struct sg_writer writer;
    size_t size = plain.size;

    if (plain.size <= SG_RECORD_SIZE_MAX &&
        sg_compress_frame(coder->compressor, SG_DICTIONARY_SHEET, plain, frame,
                          &size) != SG_OK)
        return SG_ERR_NOMEM;
    sg_buf_truncate(&coder->row, 0);
    sg_writer_init_buf(&writer, &coder->row);
    if (size < plain.size) {
        sg_writer_u8(&writer, FORM_COMPRESSED);
        sg_writer_bytes(&writer, sg_bytes(frame, size));
    } else {
        sg_writer_u8(&writer, FORM_PLAIN);
        sg_writer_bytes(&writer, plain);
    }
    return sg_writer_end(&writer);
}

enum sg_err sg_sheet_encode(struct sg_sheet_coder *coder,
                            const struct sg_sheet *sheet,
                            struct sg_bytes *ret_row)
{
    struct sg_sheet_copy last = {.log = 0};
    struct sg_writer writer;
    enum sg_err err;

    if (!sort_records(coder, sheet))
        return SG_ERR_NOMEM;
    sg_buf_truncate(&coder->plain, 0);
    sg_writer_init_buf(&writer, &coder->plain);
    write_uid(&writer, &sheet->uid);
    write_facts(&writer, &sheet->facts);
    sg_writer_varint(&writer, sheet->n_records);
    for (size_t i = 0; i < sheet->n_records; i++)
        write_record(&writer, coder->order[i], &last);
    write_rest(&writer, sheet);
    for (size_t i = 0; i < sheet->n_records; i++)
        write_inner(&writer, coder->order[i]->inner);
    for (size_t i = 0; i < sheet->n_records; i++)
        write_submit(&writer, coder->order[i]->inner);
    err = sg_writer_end(&writer);
    if (err == SG_OK)
        err = shrink(coder, sg_buf_bytes(&coder->plain));
    if (err == SG_OK)
        *ret_row = sg_buf_bytes(&coder->row);
    return err;
}

/* --- reading ----------------------------------------------------------- */

/* Takes room for COUNT things of SIZE, of which each takes LEAST bytes of what
 * is left to read. */
static void *take_room(struct sg_reader *reader, struct sg_arena *arena,
                       uint64_t count, size_t size, size_t least)
{
    void *room;

    if (count > reader->left.size / least)
        sg_reader_fail(reader, SG_ERR_DAMAGED);
    if (reader->err != SG_OK)
        return NULL;
    room = sg_arena_take(arena, (size_t)count + 1, size);
    if (room == NULL)
        sg_reader_fail(reader, SG_ERR_NOMEM);
    return room;
}

static const struct sg_uid *read_uids(struct sg_reader *reader,
                                      struct sg_arena *arena, size_t *ret_count)
{
    uint64_t count = sg_reader_varint(reader);
    struct sg_uid *uids =
        take_room(reader, arena, count, sizeof *uids, sizeof *uids);

    *ret_count = 0;
    for (uint64_t i = 0; uids != NULL && i < count; i++)
        sg_reader_copy(reader, uids[i].bytes, sizeof uids[i].bytes);
    if (uids != NULL)
        *ret_count = (size_t)count;
    return uids;
}

static void read_facts(struct sg_reader *reader, struct sg_arena *arena,
                       struct sg_sheet_facts *facts)
{
    uint8_t bits = sg_reader_u8(reader);

    *facts =
        (struct sg_sheet_facts){.is_person = (bits & FACT_PERSON) != 0,
                                .has_spouse = (bits & FACT_SPOUSE) != 0,
                                .is_household = (bits & FACT_HOUSEHOLD) != 0,
                                .is_open = (bits & FACT_OPEN) != 0,
                                .has_file_no = (bits & FACT_FILE) != 0,
                                .has_members = (bits & FACT_MEMBERS) != 0};
    if (facts->is_person)
        facts->birth.ymd = sg_reader_u32be(reader);
    if (facts->has_spouse)
        sg_reader_copy(reader, facts->spouse.bytes, sizeof(struct sg_uid));
    if (!facts->is_household)
        return;
    facts->heads = sg_reader_u8(reader);
    facts->members = read_uids(reader, arena, &facts->n_members);
}

static void read_kind(struct sg_reader *reader, struct sg_sheet_copy *copy)
{
    uint8_t kind = sg_reader_u8(reader);

    if (kind == COPY_ALIKE)
        return;
    if (kind != COPY_OTHER)
        sg_reader_fail(reader, SG_ERR_DAMAGED);
    copy->log = (uint32_t)sg_reader_varint(reader);
    copy->key_entry = sg_reader_varint(reader);
    copy->set = (uint32_t)sg_reader_varint(reader);
    copy->roles = sg_reader_u8(reader);
    copy->flags = sg_reader_u8(reader) & SG_SHEET_FLAGS;
}

static void read_copies(struct sg_reader *reader, struct sg_arena *arena,
                        struct sg_sheet_record *record,
                        struct sg_sheet_copy *last)
{
    uint64_t count = sg_reader_varint(reader);

    if (count == 0 || count > COPIES_MAX)
        sg_reader_fail(reader, SG_ERR_DAMAGED);
    record->copies = take_room(reader, arena, count, sizeof *record->copies, 4);
    if (record->copies == NULL)
        return;
    record->n_copies = (size_t)count;
    for (size_t i = 0; i < record->n_copies; i++) {
        uint64_t ms;

        read_kind(reader, last);
        last->index = sum(last->index, sg_reader_varint(reader));
        ms = sum(last->hlc >> HLC_BITS, sg_reader_varint(reader));
        last->hlc = ms << HLC_BITS | (sg_reader_varint(reader) & HLC_MASK);
        record->copies[i] = *last;
    }
}

static void read_shares(struct sg_reader *reader, struct sg_arena *arena,
                        struct sg_sheet *sheet)
{
    uint64_t count = sg_reader_varint(reader);
    struct sg_sheet_share *shares =
        take_room(reader, arena, count, sizeof *shares, 8);

    sheet->shares = shares;
    for (uint64_t i = 0; shares != NULL && i < count; i++) {
        shares[i] = (struct sg_sheet_share){.unit = {sg_reader_u64be(reader)}};
    }
    sheet->n_shares = shares != NULL ? (size_t)count : 0;
}

static void read_owners(struct sg_reader *reader, struct sg_arena *arena,
                        struct sg_sheet *sheet)
{
    uint64_t count = sg_reader_varint(reader);
    struct sg_sheet_owner *owners =
        take_room(reader, arena, count, sizeof *owners, 2);

    sheet->owners = owners;
    for (uint64_t i = 0; owners != NULL && i < count; i++) {
        owners[i].unit.value = sg_reader_varint(reader);
        owners[i].is_decided = sg_reader_u8(reader) != 0;
    }
    sheet->n_owners = owners != NULL ? (size_t)count : 0;
}

static void read_records(struct sg_reader *reader, struct sg_arena *arena,
                         struct sg_sheet *sheet)
{
    uint64_t count = sg_reader_varint(reader);
    struct sg_sheet_copy last = {.log = 0};

    sheet->records = take_room(reader, arena, count, sizeof *sheet->records, 6);
    if (sheet->records == NULL)
        return;
    sheet->n_records = (size_t)count;
    sheet->capacity = (size_t)count;
    for (size_t i = 0; i < sheet->n_records; i++) {
        struct sg_sheet_record *record = &sheet->records[i];

        *record = (struct sg_sheet_record){.n_copies = 0};
        record->inner.size = (size_t)sg_reader_varint(reader);
        read_copies(reader, arena, record, &last);
    }
}

/* Gives the plain bytes of ROW, borrowed from it or from CODER. */
static enum sg_err expand(struct sg_sheet_coder *coder, struct sg_bytes row,
                          struct sg_bytes *ret_plain)
{
    size_t size;

    if (row.size < 1)
        return SG_ERR_DAMAGED;
    *ret_plain = sg_bytes(row.data + 1, row.size - 1);
    if (row.data[0] == FORM_PLAIN)
        return SG_OK;
    if (row.data[0] != FORM_COMPRESSED)
        return SG_ERR_VERSION;
    if (ret_plain->size > SG_COMPRESS_FRAME_MAX)
        return SG_ERR_DAMAGED;
    memcpy(coder->frame + SG_COMPRESS_MAGIC_SIZE, ret_plain->data,
           ret_plain->size);
    if (sg_expand_frame(coder->expander, SG_DICTIONARY_SHEET,
                        coder->frame + SG_COMPRESS_MAGIC_SIZE, ret_plain->size,
                        coder->expanded, &size) != SG_OK)
        return SG_ERR_DAMAGED;
    *ret_plain = sg_bytes(coder->expanded, size);
    return SG_OK;
}

static int by_id(const void *a, const void *b)
{
    const struct sg_sheet_record *x = a, *y = b;

    return memcmp(x->id.bytes, y->id.bytes, sizeof x->id.bytes);
}

static enum sg_err end(const struct sg_reader *reader)
{
    if (reader->err == SG_OK || reader->err == SG_ERR_NOMEM)
        return reader->err;
    return SG_ERR_DAMAGED;
}

enum sg_err sg_sheet_peek(struct sg_sheet_coder *coder, struct sg_bytes row,
                          struct sg_arena *arena, struct sg_sheet *ret_sheet)
{
    struct sg_reader reader;
    struct sg_bytes plain;
    enum sg_err err = expand(coder, row, &plain);

    if (err != SG_OK)
        return err;
    *ret_sheet = (struct sg_sheet){.n_records = 0};
    sg_reader_init(&reader, plain);
    sg_reader_copy(&reader, ret_sheet->uid.bytes, sizeof(struct sg_uid));
    read_facts(&reader, arena, &ret_sheet->facts);
    return end(&reader);
}

/* Puts an inner part together of what is left of it and its submit id. */
static bool read_inner(struct sg_reader *parts, struct sg_reader *submits,
                       const struct sg_uid *subject, uint8_t *ret, size_t size)
{
    struct sg_bytes part;
    size_t at;

    if (size <= OUTSIDE_SIZE)
        return false;
    part = sg_reader_take(parts, size - OUTSIDE_SIZE);
    if (parts->err != SG_OK)
        return false;
    at = subject_at(part);
    if (at == 0)
        return false;
    memcpy(ret, part.data, at);
    memcpy(ret + at, subject->bytes, SUBJECT_SIZE);
    memcpy(ret + at + SUBJECT_SIZE, part.data + at, part.size - at);
    sg_reader_copy(submits, ret + size - SUBMIT_SIZE, SUBMIT_SIZE);
    return submits->err == SG_OK;
}

/* Reads what INNERS has of the records of SHEET, and finds their ids. */
static enum sg_err read_inners(struct sg_sheet_coder *coder,
                               struct sg_bytes inners, struct sg_arena *arena,
                               struct sg_sheet *sheet)
{
    size_t n = sheet->n_records, tail = n * SUBMIT_SIZE;
    struct sg_reader parts, submits;

    if (inners.size < tail)
        return SG_ERR_DAMAGED;
    sg_reader_init(&parts, sg_bytes(inners.data, inners.size - tail));
    sg_reader_init(&submits, sg_bytes(inners.data + inners.size - tail, tail));
    for (size_t i = 0; i < n; i++) {
        struct sg_sheet_record *record = &sheet->records[i];
        size_t size = record->inner.size;
        uint8_t *inner = size <= inners.size + OUTSIDE_SIZE
                             ? sg_arena_take(arena, 1, size)
                             : NULL;

        if (inner == NULL)
            return size <= inners.size + OUTSIDE_SIZE ? SG_ERR_NOMEM
                                                      : SG_ERR_DAMAGED;
        if (!read_inner(&parts, &submits, &sheet->uid, inner, size))
            return SG_ERR_DAMAGED;
        record->inner = sg_bytes(inner, size);
        sg_record_id_after(&coder->id_prefix, record->inner, &record->id);
    }
    if (n > 1)
        qsort(sheet->records, n, sizeof *sheet->records, by_id);
    return parts.left.size == 0 ? SG_OK : SG_ERR_DAMAGED;
}

enum sg_err sg_sheet_decode(struct sg_sheet_coder *coder, struct sg_bytes row,
                            struct sg_arena *arena, struct sg_sheet *ret_sheet)
{
    struct sg_reader reader;
    struct sg_bytes plain, inners;
    enum sg_err err = expand(coder, row, &plain);

    if (err != SG_OK)
        return err;
    *ret_sheet = (struct sg_sheet){.n_records = 0};
    sg_reader_init(&reader, plain);
    sg_reader_copy(&reader, ret_sheet->uid.bytes, sizeof(struct sg_uid));
    read_facts(&reader, arena, &ret_sheet->facts);
    read_records(&reader, arena, ret_sheet);
    read_shares(&reader, arena, ret_sheet);
    read_owners(&reader, arena, ret_sheet);
    ret_sheet->kin = read_uids(&reader, arena, &ret_sheet->n_kin);
    inners = sg_reader_rest(&reader);
    err = end(&reader);
    if (err != SG_OK)
        return err;
    return read_inners(coder, inners, arena, ret_sheet);
}
