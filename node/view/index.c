#include "node/view/index.h"

#include <string.h>

#include "storage/base/check.h"
#include "storage/registry/merge/mention.h"
#include "storage/registry/name.h"

#define WORDS_MAX SG_INDEX_WORDS_MAX

const struct sg_uid sg_index_endorse = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                         0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                         0xff, 0xff, 0xff, 0xff}};

int sg_index_compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct sg_index_entry));
}

/* --- sorting ----------------------------------------------------------- */

/* How many entries have which byte at each place. */
typedef uint32_t places[sizeof(struct sg_index_entry)][256];

/* Moves FROM to TO in the order of byte AT, and otherwise as they are. */
static void move_by(size_t at, const uint32_t counts[256],
                    const struct sg_index_entry *from,
                    struct sg_index_entry *to, size_t count)
{
    uint32_t begins[256], begin = 0;

    for (unsigned i = 0; i < 256; i++) {
        begins[i] = begin;
        begin += counts[i];
    }
    for (size_t i = 0; i < count; i++) {
        uint8_t byte;

        memcpy(&byte, (const uint8_t *)&from[i] + at, 1);
        to[begins[byte]++] = from[i];
    }
}

/* By the last byte first. Bytes that all have alike are passed over. */
void sg_index_sort(struct sg_index_entry *entries, struct sg_index_entry *room,
                   size_t count)
{
    struct sg_index_entry *from = entries, *to = room;
    places counts = {{0}};

    SG_ASSERT(count <= UINT32_MAX);
    if (count == 0)
        return;
    for (size_t i = 0; i < count; i++)
        for (size_t at = 0; at < sizeof *entries; at++)
            counts[at][((const uint8_t *)&entries[i])[at]]++;
    for (size_t at = sizeof *entries; at-- > 0;) {
        struct sg_index_entry *last = from;

        if (counts[at][((const uint8_t *)entries)[at]] == count)
            continue;
        move_by(at, counts[at], from, to, count);
        from = to;
        to = last;
    }
    if (from != entries)
        memcpy(entries, from, count * sizeof *entries);
}

/* --- collecting -------------------------------------------------------- */

struct collecting {
    struct sg_pile *pile;
    const struct sg_pile_sheet *sheet;
    struct sg_index_list *list;
    enum sg_err err;
};

/* Adds KEY of DB, with the sheet's number behind it. */
static void add(struct collecting *at, enum sg_inside_db db,
                struct sg_inside_key key)
{
    struct sg_index_list *list = at->list;
    struct sg_index_entry *entry;

    if (list->count == list->capacity) {
        size_t more = list->capacity > 0 ? 2 * list->capacity : 16;
        struct sg_index_entry *entries =
            sg_arena_take(&at->pile->arena, more, sizeof *entries);

        if (entries == NULL) {
            at->err = SG_ERR_NOMEM;
            return;
        }
        if (list->count > 0)
            memcpy(entries, list->entries, list->count * sizeof *entries);
        list->entries = entries;
        list->capacity = more;
    }
    key = sg_inside_with(key, at->sheet->number);
    SG_ASSERT(key.size <= sizeof entry->key);
    entry = &list->entries[list->count++];
    *entry =
        (struct sg_index_entry){.db = (uint8_t)db, .size = (uint8_t)key.size};
    memcpy(entry->key, key.bytes, key.size);
}

static void add_name(struct collecting *at, enum sg_inside_db db,
                     struct sg_bytes name)
{
    add(at, db, sg_pile_name(at->pile, db, name));
}

/* --- numbers, pairs ---------------------------------------------------- */

static bool add_mention(void *context, unsigned type, struct sg_bytes key)
{
    struct collecting *at = context;

    if (type == SG_TYPE_PIN && key.size == 8 &&
        sg_bytes_get_u64be(key.data) != 0)
        add_name(at, SG_INSIDE_NUMBERS, key);
    else if (type == SG_TYPE_DUPLICATE && key.size == 16)
        add_name(at, SG_INSIDE_PAIRS, key);
    return at->err == SG_OK;
}

static void add_endorse(struct collecting *at, const struct sg_sheet *sheet)
{
    for (size_t i = 0; i < sheet->n_records; i++)
        if (sg_mention_type(sheet->records[i].inner) == SG_TYPE_ENDORSE) {
            add_name(at, SG_INSIDE_PAIRS,
                     SG_BYTES_ARRAY(sg_index_endorse.bytes));
            return;
        }
}

/* --- names ------------------------------------------------------------- */

enum sg_err sg_index_words(struct sg_writer *writer, struct sg_bytes text)
{
    uint8_t room[WORDS_MAX];
    struct sg_writer key;
    enum sg_err err;
    bool is_first = writer->size == 0;

    sg_writer_init_array(&key, room, sizeof room);
    err = sg_name_search_key(&key, text);
    for (size_t i = 0; err == SG_OK && i < key.size;) {
        size_t begin = i;

        while (i < key.size && room[i] != ' ')
            i++;
        if (i > begin && !is_first)
            sg_writer_u8(writer, ' ');
        if (i > begin) {
            sg_writer_bytes(writer, sg_bytes(room + begin, i - begin));
            is_first = false;
        }
        i++;
    }
    return err == SG_OK ? writer->err : err;
}

struct sg_inside_key sg_index_name_key(const struct sg_view *view,
                                       enum sg_index_name which,
                                       struct sg_unit_key unit,
                                       struct sg_bytes words)
{
    uint8_t bytes[9 + WORDS_MAX];

    bytes[0] = (uint8_t)which;
    sg_bytes_put_u64be(bytes + 1, unit.value);
    if (words.size > WORDS_MAX)
        words.size = WORDS_MAX;
    memcpy(bytes + 9, words.data, words.size);
    return sg_inside_name(view, SG_INSIDE_NAMES,
                          sg_bytes(bytes, 9 + words.size));
}

bool sg_index_name_of(const struct sg_subject *subject,
                      struct sg_record_name *ret_name)
{
    const struct sg_subject_cell *cell = sg_subject_cell(
        sg_subject_find(subject, SG_TYPE_PERSON, sg_bytes(NULL, 0)),
        SG_FIELD_PERSON_NAME);
    struct sg_msgpack reader;

    if (cell == NULL || cell->value.size == 0 || cell->value.data[0] == 0xc0)
        return false;
    sg_subject_open(cell, &reader);
    *ret_name = sg_record_read_name(&reader);
    return true;
}

bool sg_index_birth_of(const struct sg_subject *subject,
                       struct sg_date *ret_birth)
{
    const struct sg_subject_cell *cell = sg_subject_cell(
        sg_subject_find(subject, SG_TYPE_PERSON, sg_bytes(NULL, 0)),
        SG_FIELD_PERSON_BIRTH);
    struct sg_msgpack reader;

    if (cell == NULL || cell->value.size == 0 || cell->value.data[0] == 0xc0)
        return false;
    sg_subject_open(cell, &reader);
    *ret_birth = sg_record_read_date(&reader);
    return true;
}

void sg_index_spell(const struct sg_record_name *name,
                    struct sg_index_spelling *ret)
{
    const struct sg_bytes texts[] = {name->family, name->middle, name->given};

    for (unsigned i = 0; i < 3; i++) {
        struct sg_writer writer;

        sg_writer_init_array(&writer, ret->room + i * WORDS_MAX, WORDS_MAX);
        ret->is_bad[i] = sg_index_words(&writer, texts[i]) != SG_OK;
        ret->parts[i] = sg_bytes(ret->room + i * WORDS_MAX, writer.size);
    }
}

bool sg_index_write_words(struct sg_writer *writer,
                          const struct sg_index_spelling *spelling,
                          const unsigned *which, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct sg_bytes *part = &spelling->parts[which[i]];

        if (spelling->is_bad[which[i]])
            return false;
        if (part->size == 0)
            continue;
        if (writer->size > 0)
            sg_writer_u8(writer, ' ');
        sg_writer_bytes(writer, *part);
    }
    return writer->err == SG_OK;
}

/* What is told of a name: all of it, family and given name, the given name. */
static const unsigned whole[] = {0, 1, 2}, some[] = {0, 2}, given[] = {2};

/* Adds the words of COUNT parts, as far as there are any. */
static void add_words(struct collecting *at, enum sg_index_name which,
                      struct sg_unit_key unit,
                      const struct sg_index_spelling *spelling,
                      const unsigned *parts, size_t count)
{
    uint8_t room[WORDS_MAX];
    struct sg_writer writer;

    sg_writer_init_array(&writer, room, sizeof room);
    if (sg_index_write_words(&writer, spelling, parts, count) &&
        writer.size > 0)
        add(at, SG_INSIDE_NAMES,
            sg_index_name_key(at->pile->view, which, unit,
                              sg_bytes(room, writer.size)));
}

/* The unit of its own rows; those of the centre are about it, not there. */
static struct sg_unit_key unit_of(const struct sg_sheet *sheet)
{
    for (size_t i = 0; i < sheet->n_shares; i++)
        if (sheet->shares[i].unit.value != 0)
            return sheet->shares[i].unit;
    return SG_UNIT_COUNTRY;
}

static void add_names(struct collecting *at, const struct sg_sheet *sheet,
                      const struct sg_index_spelling *spelling)
{
    add_words(at, SG_INDEX_WHOLE, SG_UNIT_COUNTRY, spelling, whole, 3);
    add_words(at, SG_INDEX_SHORT, SG_UNIT_COUNTRY, spelling, some, 2);
    add_words(at, SG_INDEX_GIVEN, unit_of(sheet), spelling, given, 1);
}

#define BUCKET_PURPOSE "sogoc v1 bucket"
#define BUCKET_NAME    1u /* whole name, year of birth */
#define BUCKET_DAY     2u /* family and given name, day of birth */

/* Hashes WHICH, the words of COUNT parts and WHEN; false when they are none. */
static bool hash_bucket(uint8_t which, const struct sg_index_spelling *spelling,
                        const unsigned *parts, size_t count, uint32_t when,
                        uint32_t *ret)
{
    uint8_t room[WORDS_MAX];
    struct sg_writer writer;
    struct sg_hash hash;

    sg_writer_init_array(&writer, room, sizeof room);
    sg_writer_bytes(&writer, SG_BYTES_TEXT(BUCKET_PURPOSE));
    sg_writer_u8(&writer, which);
    sg_writer_u32be(&writer, when);
    if (!sg_index_write_words(&writer, spelling, parts, count))
        return false;
    sg_crypto_sha256(room, writer.size, &hash);
    *ret = sg_bytes_get_u32be(hash.bytes) >> (32 - SG_VIEW_BUCKET_BITS);
    return true;
}

size_t sg_index_buckets(const struct sg_index_spelling *spelling,
                        struct sg_date birth, uint32_t ret[SG_VIEW_BUCKETS_MAX])
{
    size_t count = 0;

    if (!sg_date_is_valid(birth))
        return 0;
    count += hash_bucket(BUCKET_NAME, spelling, whole, 3, birth.ymd / 10000,
                         &ret[count]);
    if (sg_date_precision(birth) == SG_DATE_YMD)
        count +=
            hash_bucket(BUCKET_DAY, spelling, some, 2, birth.ymd, &ret[count]);
    return count;
}

static void add_buckets(struct collecting *at, const struct sg_subject *subject,
                        const struct sg_index_spelling *spelling)
{
    uint32_t buckets[SG_VIEW_BUCKETS_MAX];
    struct sg_date birth;
    size_t count;

    if (!sg_index_birth_of(subject, &birth) || !sg_subject_is_counted(subject))
        return;
    count = sg_index_buckets(spelling, birth, buckets);
    for (size_t i = 0; i < count; i++) {
        struct sg_inside_key key = {.size = 3};

        key.bytes[0] = (uint8_t)(buckets[i] >> 16);
        key.bytes[1] = (uint8_t)(buckets[i] >> 8);
        key.bytes[2] = (uint8_t)buckets[i];
        add(at, SG_INSIDE_BUCKETS, key);
    }
}

/* --- what the sheet itself says ---------------------------------------- */

static void add_units(struct collecting *at, const struct sg_sheet *sheet)
{
    uint8_t unit[8];

    for (size_t i = 0; i < sheet->n_shares; i++) {
        sg_bytes_put_u64be(unit, sheet->shares[i].unit.value);
        add_name(at, SG_INSIDE_UNITS, SG_BYTES_ARRAY(unit));
    }
    for (size_t i = 0; i < sheet->n_owners; i++) {
        struct sg_inside_key key;

        sg_bytes_put_u64be(unit, sheet->owners[i].unit.value);
        key = sg_inside_name(at->pile->view, SG_INSIDE_CONFLICTS,
                             SG_BYTES_ARRAY(unit));
        key.bytes[key.size++] = sheet->owners[i].is_decided ? 2 : 1;
        add(at, SG_INSIDE_CONFLICTS, key);
    }
    for (size_t i = 0; i < sheet->n_kin; i++)
        add_name(at, SG_INSIDE_KIN, SG_BYTES_ARRAY(sheet->kin[i].bytes));
}

/* Puts what was added from BEGIN on aside, to be taken again. */
static void keep_names(struct sg_index_list *list, size_t begin)
{
    size_t count = list->count - begin;

    if (count > sizeof list->names / sizeof list->names[0])
        return; /* then it is made anew */
    memcpy(list->names, list->entries + begin, count * sizeof *list->names);
    list->n_names = count;
}

/* Adds what follows from the name and the day of birth. */
static void add_person(struct collecting *at, const struct sg_sheet *sheet,
                       const struct sg_subject *subject,
                       const struct sg_index_list *like)
{
    struct sg_index_list *list = at->list;
    const struct sg_subject_cell *cell = sg_subject_cell(
        sg_subject_find(subject, SG_TYPE_PERSON, sg_bytes(NULL, 0)),
        SG_FIELD_PERSON_NAME);
    struct sg_record_name name;
    size_t begin = list->count;

    if (!sg_index_name_of(subject, &name))
        return;
    list->name = cell->value;
    list->unit = unit_of(sheet);
    list->is_counted = sg_subject_is_counted(subject);
    (void)sg_index_birth_of(subject, &list->birth);
    if (like != NULL && like->n_names > 0 &&
        like->unit.value == list->unit.value &&
        like->birth.ymd == list->birth.ymd &&
        like->is_counted == list->is_counted &&
        sg_bytes_equal(like->name, list->name)) {
        for (size_t i = 0; i < like->n_names; i++) {
            struct sg_inside_key key = {.size = like->names[i].size - 4u};

            memcpy(key.bytes, like->names[i].key, key.size);
            add(at, like->names[i].db, key);
        }
    } else {
        struct sg_index_spelling spelling;

        sg_index_spell(&name, &spelling);
        add_names(at, sheet, &spelling);
        if (name.given.size > 0)
            add_buckets(at, subject, &spelling);
    }
    if (at->err == SG_OK)
        keep_names(list, begin);
}

/* They are few: each is put where it belongs, once. */
static void sort(struct sg_index_list *list)
{
    struct sg_index_entry *entries = list->entries;
    size_t count = 0;

    for (size_t i = 0; i < list->count; i++) {
        struct sg_index_entry entry = entries[i];
        size_t at = count;

        while (at > 0 && sg_index_compare(&entries[at - 1], &entry) > 0)
            at--;
        if (at > 0 && sg_index_compare(&entries[at - 1], &entry) == 0)
            continue;
        memmove(entries + at + 1, entries + at, (count - at) * sizeof entry);
        entries[at] = entry;
        count++;
    }
    list->count = count;
}

enum sg_err sg_index_collect(struct sg_pile *pile, struct sg_pile_sheet *sheet,
                             enum sg_pile_time time,
                             const struct sg_subject *subject,
                             const struct sg_index_list *like,
                             struct sg_index_list *ret_list)
{
    struct collecting at = {.pile = pile, .sheet = sheet, .list = ret_list};
    const struct sg_sheet *what =
        time == SG_PILE_OLD ? sheet->old : &sheet->now;
    uint8_t *name;
    enum sg_err err;

    *ret_list = (struct sg_index_list){.count = 0};
    err = sg_pile_mentions(pile, sheet, time, add_mention, &at);
    if (err != SG_OK)
        return err;
    add_endorse(&at, what);
    add_person(&at, what, subject, like);
    add_units(&at, what);
    sort(ret_list);
    /* The subject is gone with the next fold. */
    name = sg_arena_take(&pile->arena, 1, ret_list->name.size);
    if (name == NULL)
        return SG_ERR_NOMEM;
    if (ret_list->name.size > 0)
        memcpy(name, ret_list->name.data, ret_list->name.size);
    ret_list->name.data = name;
    return at.err;
}

enum sg_err sg_index_collect_stored(struct sg_pile *pile,
                                    struct sg_pile_sheet *sheet,
                                    struct sg_index_list *ret_old,
                                    struct sg_index_list *ret_now)
{
    struct collecting old = {.pile = pile, .sheet = sheet, .list = ret_old};
    struct collecting now = {.pile = pile, .sheet = sheet, .list = ret_now};

    *ret_old = *ret_now = (struct sg_index_list){.count = 0};
    add_units(&old, sheet->old);
    add_units(&now, &sheet->now);
    sort(ret_old);
    sort(ret_now);
    return old.err != SG_OK ? old.err : now.err;
}
