/* Readers of the view: view.h says what each does. */
#include <string.h>

#include "node/view/index.h"
#include "node/view/settle.h"
#include "storage/base/check.h"
#include "storage/registry/merge/row.h"

enum sg_err sg_view_reader_new(struct sg_view *view,
                               struct sg_view_reader **ret)
{
    return sg_stand_new(view, false, ret);
}

void sg_view_reader_free(struct sg_view_reader *reader)
{
    sg_stand_free(reader);
}

/* --- one subject ------------------------------------------------------- */

struct asking {
    struct sg_view_reader *reader;
    const struct sg_uid *uid;
    const struct sg_subject *subject;
    sg_row_take *take; /* NULL: no rows are wanted */
    void *context;
};

/* Runs FN over one commit, with the world as it is. */
static enum sg_err read(struct sg_view_reader *reader, sg_env_fn *fn,
                        void *context)
{
    struct sg_view *view = reader->view;
    enum sg_err err;

    sg_pile_reset(&reader->pile);
    (void)pthread_rwlock_rdlock(&view->world);
    err = sg_sealed_read(view->sealed, fn, context);
    (void)pthread_rwlock_unlock(&view->world);
    return err;
}

static enum sg_err fold(struct sg_txn *txn, void *context)
{
    struct asking *asking = context;
    struct sg_view_reader *reader = asking->reader;
    struct sg_pile_sheet *sheet;
    enum sg_err err;

    reader->pile.txn = txn;
    err = sg_pile_get(&reader->pile, asking->uid, false, &sheet);
    if (err == SG_OK && (sheet == NULL || sheet->now.n_records == 0))
        return SG_ERR_NOTFOUND;
    if (err == SG_OK)
        err = sg_fold_subject(reader->fold, asking->uid, &asking->subject);
    if (err == SG_OK && asking->take != NULL)
        err = sg_row_each(asking->subject, &reader->work, asking->take,
                          asking->context);
    return err;
}

enum sg_err sg_view_person(struct sg_view_reader *reader,
                           const struct sg_uid *uid,
                           const struct sg_subject **ret_subject)
{
    struct asking asking = {.reader = reader, .uid = uid};
    enum sg_err err = read(reader, fold, &asking);

    if (err == SG_OK)
        *ret_subject = asking.subject;
    return err;
}

enum sg_err sg_view_rows(struct sg_view_reader *reader,
                         const struct sg_uid *uid, sg_row_take *take,
                         void *context)
{
    struct asking asking = {
        .reader = reader, .uid = uid, .take = take, .context = context};

    return read(reader, fold, &asking);
}

/* --- where its records lie --------------------------------------------- */

struct copying {
    struct sg_view_reader *reader;
    const struct sg_uid *uid;
    sg_view_take_copy *take;
    void *context;
};

static enum sg_err take_copies(const struct copying *copying,
                               const struct sg_sheet_record *record)
{
    enum sg_err err = SG_OK;

    for (size_t i = 0; i < record->n_copies && err == SG_OK; i++) {
        const struct sg_sheet_copy *copy = &record->copies[i];
        const struct sg_view_copy taken = {
            .record = sg_ref_of(&record->id),
            .log = copy->log,
            .index = copy->index,
            .is_admitted = (copy->flags & SG_SHEET_ADMITTED) != 0,
            .is_signed = (copy->flags & SG_SHEET_SIGNED) != 0,
        };

        err = copying->take(copying->context, &taken);
    }
    return err;
}

static enum sg_err list_copies(struct sg_txn *txn, void *context)
{
    const struct copying *copying = context;
    struct sg_pile *pile = &copying->reader->pile;
    struct sg_pile_sheet *sheet;
    enum sg_err err;

    pile->txn = txn;
    err = sg_pile_get(pile, copying->uid, false, &sheet);
    if (err == SG_OK && (sheet == NULL || sheet->now.n_records == 0))
        return SG_ERR_NOTFOUND;
    for (size_t i = 0; err == SG_OK && i < sheet->now.n_records; i++)
        err = take_copies(copying, &sheet->now.records[i]);
    return err;
}

enum sg_err sg_view_copies(struct sg_view_reader *reader,
                           const struct sg_uid *uid, sg_view_take_copy *take,
                           void *context)
{
    struct copying copying = {reader, uid, take, context};

    return read(reader, list_copies, &copying);
}

/* --- pages ------------------------------------------------------------- */

struct paging;

/* Says whether SHEET is what was asked for: keyed hashes may fall together, and
 * the world may have moved on since the entry was made. */
typedef enum sg_err is_meant(struct paging *paging, struct sg_pile_sheet *sheet,
                             bool *ret);

struct paging {
    struct sg_view_reader *reader;
    enum sg_inside_db db;
    struct sg_inside_key prefix;
    struct sg_view_page *page;
    is_meant *is_meant; /* NULL: whatever is found */

    uint64_t number; /* personal */
    const struct sg_view_name *name;
    struct sg_bytes words;
    enum sg_index_name which;
    struct sg_unit_key unit;
    uint32_t bucket;
    bool is_decided;
};

/* Reads numbers of an index behind the cursor. */
static size_t next_members(const struct paging *paging, struct sg_txn *txn,
                           uint32_t *ret_numbers, size_t max)
{
    const struct sg_inside_key *prefix = &paging->prefix;
    struct sg_inside_key at =
        sg_inside_with(*prefix, (uint32_t)paging->page->cursor);
    struct sg_set_walk walk;
    size_t count = 0;
    bool is_there =
        sg_set_seek(txn, paging->db, prefix->size + SG_INSIDE_NUMBER_SIZE,
                    sg_inside_bytes(&at), &walk);

    while (is_there && count < max &&
           memcmp(walk.member, prefix->bytes, prefix->size) == 0) {
        ret_numbers[count++] = sg_bytes_get_u32be(walk.member + prefix->size);
        is_there = sg_set_next(&walk);
    }
    return count;
}

/* The same of all subjects. */
static size_t next_subjects(const struct paging *paging, struct sg_txn *txn,
                            uint32_t *ret_numbers, size_t max)
{
    struct sg_inside_key at = sg_inside_number((uint32_t)paging->page->cursor);
    struct sg_bytes key, value;
    size_t count = 0;
    bool is_there =
        sg_txn_seek(txn, paging->db, sg_inside_bytes(&at), &key, &value);

    while (is_there && count < max && key.size == SG_INSIDE_NUMBER_SIZE) {
        ret_numbers[count++] = sg_bytes_get_u32be(key.data);
        is_there = sg_txn_next(txn, paging->db, &key, &value);
    }
    return count;
}

/* *RET_IS_LAST: there are no more. */
static size_t next_numbers(const struct paging *paging, struct sg_txn *txn,
                           uint32_t *ret_numbers, size_t max, bool *ret_is_last)
{
    size_t count = 0;

    if (paging->page->cursor <= UINT32_MAX)
        count = paging->db == SG_INSIDE_SUBJECTS
                    ? next_subjects(paging, txn, ret_numbers, max)
                    : next_members(paging, txn, ret_numbers, max);
    *ret_is_last = count < max;
    return count;
}

#define NUMBERS_AT_ONCE 64u
#define SHEETS_AT_ONCE  4096u /* are looked at for one page, then it ends */

static enum sg_err look(struct paging *paging, uint32_t number, bool *ret)
{
    struct sg_view_page *page = paging->page;
    struct sg_pile_sheet *sheet;
    enum sg_err err = sg_pile_at(&paging->reader->pile, number, &sheet);

    *ret = err == SG_OK && sheet != NULL && sheet->now.n_records > 0;
    if (*ret && paging->is_meant != NULL)
        err = paging->is_meant(paging, sheet, ret);
    if (err == SG_OK && *ret)
        page->uids[page->count++] = sheet->now.uid;
    return err;
}

static enum sg_err turn_page(struct sg_txn *txn, void *context)
{
    struct paging *paging = context;
    struct sg_view_page *page = paging->page;
    uint32_t numbers[NUMBERS_AT_ONCE];
    bool is_last = false;
    size_t seen = 0;
    enum sg_err err = SG_OK;

    paging->reader->pile.txn = txn;
    while (err == SG_OK && !is_last && page->count < page->max &&
           seen < SHEETS_AT_ONCE) {
        size_t count =
            next_numbers(paging, txn, numbers, NUMBERS_AT_ONCE, &is_last);

        err = sg_txn_err(txn);
        for (size_t i = 0; err == SG_OK && i < count; i++) {
            bool is_found;

            if (page->count == page->max) {
                is_last = false;
                break;
            }
            err = look(paging, numbers[i], &is_found);
            page->cursor = (uint64_t)numbers[i] + 1;
            seen++;
        }
    }
    if (is_last)
        page->cursor = 0;
    return err;
}

static enum sg_err find(struct paging *paging)
{
    struct sg_view_page *page = paging->page;
    uint64_t cursor = page->cursor;
    enum sg_err err;

    page->count = 0;
    err = read(paging->reader, turn_page, paging);
    if (err != SG_OK)
        page->cursor = cursor;
    return err;
}

/* --- by number --------------------------------------------------------- */

struct matching {
    uint64_t number;
    bool is_found;
};

static bool match_number(void *context, unsigned type, struct sg_bytes key)
{
    struct matching *matching = context;

    if (type == SG_TYPE_PIN && key.size == 8 &&
        sg_bytes_get_u64be(key.data) == matching->number)
        matching->is_found = true;
    return true;
}

static enum sg_err has_number(struct paging *paging,
                              struct sg_pile_sheet *sheet, bool *ret)
{
    struct matching matching = {paging->number, false};
    enum sg_err err = sg_pile_mentions(&paging->reader->pile, sheet,
                                       SG_PILE_NOW, match_number, &matching);

    *ret = matching.is_found;
    return err;
}

enum sg_err sg_view_find_pin(struct sg_view_reader *reader, uint64_t number,
                             struct sg_view_page *page)
{
    struct paging paging = {.reader = reader,
                            .db = SG_INSIDE_NUMBERS,
                            .page = page,
                            .is_meant = has_number,
                            .number = number};
    uint8_t key[8];

    sg_bytes_put_u64be(key, number);
    paging.prefix =
        sg_inside_name(reader->view, SG_INSIDE_NUMBERS, SG_BYTES_ARRAY(key));
    return find(&paging);
}

/* --- by name ----------------------------------------------------------- */

static bool has_words(const struct paging *paging,
                      const struct sg_record_name *name)
{
    const struct sg_bytes parts[] = {name->family, name->middle, name->given};
    uint8_t room[512];
    struct sg_writer writer;
    enum sg_err err = SG_OK;

    sg_writer_init_array(&writer, room, sizeof room);
    for (unsigned i = 0; i < 3 && err == SG_OK; i++) {
        if ((paging->which == SG_INDEX_SHORT && i == 1) ||
            (paging->which == SG_INDEX_GIVEN && i < 2))
            continue;
        err = sg_index_words(&writer, parts[i]);
    }
    return err == SG_OK &&
           sg_bytes_equal(sg_bytes(room, writer.size), paging->words);
}

static enum sg_err has_name(struct paging *paging, struct sg_pile_sheet *sheet,
                            bool *ret)
{
    const struct sg_view_name *asked = paging->name;
    const struct sg_subject *subject;
    struct sg_record_name name;
    struct sg_date birth;
    enum sg_err err =
        sg_fold_subject(paging->reader->fold, &sheet->now.uid, &subject);

    *ret = false;
    if (err != SG_OK || !sg_index_name_of(subject, &name) ||
        !has_words(paging, &name) ||
        (asked->unit.value != 0 &&
         !sg_unit_key_equal(asked->unit, subject->unit)))
        return err;
    *ret = true;
    if (asked->birth_year == 0)
        return SG_OK;
    *ret = sg_index_birth_of(subject, &birth) &&
           birth.ymd / 10000 == asked->birth_year;
    return SG_OK;
}

enum sg_err sg_view_find_name(struct sg_view_reader *reader,
                              const struct sg_view_name *name,
                              struct sg_view_page *page)
{
    struct paging paging = {.reader = reader,
                            .db = SG_INSIDE_NAMES,
                            .page = page,
                            .is_meant = has_name,
                            .name = name};
    uint8_t room[512];
    struct sg_writer writer;
    size_t n_words = 1;
    enum sg_err err;

    sg_writer_init_array(&writer, room, sizeof room);
    err = sg_index_words(&writer, name->text);
    if (err != SG_OK)
        return err == SG_ERR_LIMIT ? SG_ERR_INVALID : err;
    for (size_t i = 0; i < writer.size; i++)
        n_words += room[i] == ' ';
    if (writer.size == 0 || (n_words == 1 && name->unit.value == 0))
        return SG_ERR_INVALID;
    paging.words = sg_bytes(room, writer.size);
    paging.which = n_words == 1   ? SG_INDEX_GIVEN
                   : n_words == 2 ? SG_INDEX_SHORT
                                  : SG_INDEX_WHOLE;
    paging.prefix = sg_index_name_key(
        reader->view, paging.which, n_words == 1 ? name->unit : SG_UNIT_COUNTRY,
        paging.words);
    return find(&paging);
}

/* --- by unit, of all --------------------------------------------------- */

static enum sg_err has_unit(struct paging *paging, struct sg_pile_sheet *sheet,
                            bool *ret)
{
    *ret = false;
    for (size_t i = 0; i < sheet->now.n_shares; i++)
        if (sg_unit_key_equal(sheet->now.shares[i].unit, paging->unit))
            *ret = true;
    return SG_OK;
}

static void unit_prefix(struct paging *paging, struct sg_unit_key unit)
{
    uint8_t key[8];

    sg_bytes_put_u64be(key, unit.value);
    paging->unit = unit;
    paging->prefix =
        sg_inside_name(paging->reader->view, paging->db, SG_BYTES_ARRAY(key));
}

enum sg_err sg_view_find_unit(struct sg_view_reader *reader,
                              struct sg_unit_key unit,
                              struct sg_view_page *page)
{
    struct paging paging = {.reader = reader,
                            .db = SG_INSIDE_UNITS,
                            .page = page,
                            .is_meant = has_unit};

    unit_prefix(&paging, unit);
    return find(&paging);
}

enum sg_err sg_view_find_all(struct sg_view_reader *reader,
                             struct sg_view_page *page)
{
    struct paging paging = {
        .reader = reader, .db = SG_INSIDE_SUBJECTS, .page = page};

    return find(&paging);
}

/* --- conflicts --------------------------------------------------------- */

static enum sg_err has_conflict(struct paging *paging,
                                struct sg_pile_sheet *sheet, bool *ret)
{
    *ret = false;
    for (size_t i = 0; i < sheet->now.n_owners; i++)
        if (sg_unit_key_equal(sheet->now.owners[i].unit, paging->unit) &&
            sheet->now.owners[i].is_decided == paging->is_decided)
            *ret = true;
    return SG_OK;
}

enum sg_err sg_view_conflicts(struct sg_view_reader *reader,
                              struct sg_unit_key unit, bool is_decided,
                              struct sg_view_page *page)
{
    struct paging paging = {.reader = reader,
                            .db = SG_INSIDE_CONFLICTS,
                            .page = page,
                            .is_meant = has_conflict,
                            .is_decided = is_decided};

    unit_prefix(&paging, unit);
    paging.prefix.bytes[paging.prefix.size++] = is_decided ? 2 : 1;
    return find(&paging);
}

/* --- buckets ----------------------------------------------------------- */

static enum sg_err has_bucket(struct paging *paging,
                              struct sg_pile_sheet *sheet, bool *ret)
{
    const struct sg_subject *subject;
    uint32_t buckets[SG_VIEW_BUCKETS_MAX];
    struct sg_record_name name;
    struct sg_date birth;
    enum sg_err err =
        sg_fold_subject(paging->reader->fold, &sheet->now.uid, &subject);
    size_t count;

    *ret = false;
    if (err != SG_OK || !sg_index_name_of(subject, &name) ||
        !sg_index_birth_of(subject, &birth))
        return err;
    count = sg_view_bucket_of(&name, birth, buckets);
    for (size_t i = 0; i < count; i++)
        if (buckets[i] == paging->bucket && sg_subject_is_counted(subject))
            *ret = true;
    return SG_OK;
}

enum sg_err sg_view_find_bucket(struct sg_view_reader *reader, uint32_t bucket,
                                struct sg_view_page *page)
{
    struct paging paging = {
        .reader = reader,
        .db = SG_INSIDE_BUCKETS,
        .page = page,
        .is_meant = has_bucket,
        .bucket = bucket,
        .prefix = {
            {(uint8_t)(bucket >> 16), (uint8_t)(bucket >> 8), (uint8_t)bucket},
            3}};

    return find(&paging);
}

static enum sg_err list_buckets(struct sg_txn *txn, void *context)
{
    uint8_t *bits = context;
    struct sg_set_walk walk;
    bool is_there;

    memset(bits, 0, SG_VIEW_BUCKETS / 8);
    for (is_there = sg_set_seek(txn, SG_INSIDE_BUCKETS, SG_INSIDE_BUCKET_SIZE,
                                sg_bytes(NULL, 0), &walk);
         is_there; is_there = sg_set_next(&walk)) {
        uint32_t bucket = (uint32_t)walk.member[0] << 16 |
                          (uint32_t)walk.member[1] << 8 | walk.member[2];

        if (bucket >= SG_VIEW_BUCKETS)
            return sg_txn_fail(txn, SG_ERR_DAMAGED);
        bits[bucket / 8] |= (uint8_t)(1u << bucket % 8);
    }
    return sg_txn_err(txn);
}

enum sg_err sg_view_buckets(struct sg_view_reader *reader,
                            uint8_t ret_bits[SG_VIEW_BUCKETS / 8])
{
    return read(reader, list_buckets, ret_bits);
}

size_t sg_view_bucket_of(const struct sg_record_name *name,
                         struct sg_date birth,
                         uint32_t ret[SG_VIEW_BUCKETS_MAX])
{
    struct sg_index_spelling spelling;

    if (name->given.size == 0)
        return 0;
    sg_index_spell(name, &spelling);
    return sg_index_buckets(&spelling, birth, ret);
}
