#include "node/view/pile.h"

#include <stdlib.h>
#include <string.h>

#include "node/view/said.h"
#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/base/limits.h"
#include "storage/registry/merge/mention.h"

#define ROW_SIZE_MAX ((size_t)64 << 20)
#define NAMES        4096u /* that are remembered */
#define PAGE         16u   /* numbers that are read before their sheets */

/* Who among the changed mentions something. */
struct mention {
    unsigned type;
    uint8_t key[16];
    size_t size;
    struct sg_pile_sheet *sheet;
    struct mention *next; /* of the same thing */
};

/* --- life -------------------------------------------------------------- */

enum sg_err sg_pile_init(struct sg_pile *pile, struct sg_view *view,
                         bool is_writer)
{
    *pile = (struct sg_pile){.view = view};
    sg_arena_init(&pile->arena);
    sg_buf_init(&pile->row, ROW_SIZE_MAX);
    pile->names = sg_calloc(NAMES, sizeof *pile->names);
    if (pile->names == NULL)
        return SG_ERR_NOMEM;
    return sg_sheet_coder_new(&view->registry, is_writer, &pile->coder);
}

void sg_pile_reset(struct sg_pile *pile)
{
    sg_table_clear(&pile->by_uid);
    sg_table_clear(&pile->by_number);
    sg_table_clear(&pile->by_mention);
    sg_table_clear(&pile->by_relative);
    pile->count = 0;
    pile->time = SG_PILE_NOW;
    pile->is_alone = false;
    sg_arena_reset(&pile->arena);
}

void sg_pile_clear(struct sg_pile *pile)
{
    sg_pile_reset(pile);
    sg_arena_clear(&pile->arena);
    sg_buf_wipe(&pile->row);
    sg_sheet_coder_free(pile->coder);
    sg_free(pile->names);
    sg_free(pile->list);
    pile->names = NULL;
    pile->list = NULL;
    pile->coder = NULL;
}

struct sg_inside_key sg_pile_name(struct sg_pile *pile, enum sg_inside_db db,
                                  struct sg_bytes bytes)
{
    uint8_t padded[16] = {0};
    struct sg_pile_name *name;
    struct sg_inside_key key;

    if (bytes.size > sizeof padded)
        return sg_inside_name(pile->view, db, bytes);
    memcpy(padded, bytes.data, bytes.size);
    name = &pile->names[(sg_table_hash(padded) ^ db) % NAMES];
    if (name->db != db || name->size != bytes.size ||
        memcmp(name->bytes, padded, sizeof padded) != 0) {
        key = sg_inside_name(pile->view, db, bytes);
        *name = (struct sg_pile_name){.db = (uint8_t)db,
                                      .size = (uint8_t)bytes.size};
        memcpy(name->bytes, padded, sizeof padded);
        memcpy(name->name, key.bytes, sizeof name->name);
        return key;
    }
    key.size = sg_inside_name_size(db);
    memcpy(key.bytes, name->name, sizeof name->name);
    return key;
}

/* --- finding ----------------------------------------------------------- */

static bool is_uid(const void *item, const void *key)
{
    const struct sg_pile_sheet *sheet = item;

    return sg_uid_compare(&sheet->now.uid, key) == 0;
}

static bool is_number(const void *item, const void *key)
{
    const struct sg_pile_sheet *sheet = item;

    return sheet->number == *(const uint32_t *)key;
}

/* Puts SHEET into the tables. */
static enum sg_err enter(struct sg_pile *pile, struct sg_pile_sheet *sheet)
{
    if (pile->count == pile->capacity) {
        size_t more = pile->capacity > 0 ? 2 * pile->capacity : 64;
        struct sg_pile_sheet **list =
            sg_realloc(pile->list, more * sizeof *list);

        if (list == NULL)
            return SG_ERR_NOMEM;
        pile->list = list;
        pile->capacity = more;
    }
    if (!sg_table_reserve(&pile->by_uid) || !sg_table_reserve(&pile->by_number))
        return SG_ERR_NOMEM;
    sg_table_add(&pile->by_uid, sg_table_hash(sheet->now.uid.bytes), sheet);
    sg_table_add(&pile->by_number, sg_table_hash_u64(sheet->number), sheet);
    pile->list[pile->count++] = sheet;
    return SG_OK;
}

/* Says whether an order of the authority erases COPY. */
static bool is_erased(const struct sg_pile *pile,
                      const struct sg_sheet_copy *copy)
{
    const struct sg_inside_log *log = sg_inside_log(pile->view, copy->log);

    return log != NULL &&
           sg_authority_find_erased(sg_said_authority(pile->view->said),
                                    &log->feed.id, copy->index) != NULL;
}

/* Takes out what an order erases: whoever reads, it is gone at once. */
static enum sg_err leave_out_erased(struct sg_pile *pile,
                                    struct sg_pile_sheet *sheet)
{
    const struct sg_sheet *old = sheet->old;
    enum sg_err err = SG_OK;

    if (!sg_said_has_erased(pile->view->said))
        return SG_OK;
    for (size_t i = 0; i < old->n_records && err == SG_OK; i++)
        for (size_t k = 0; k < old->records[i].n_copies && err == SG_OK; k++) {
            const struct sg_sheet_copy *copy = &old->records[i].copies[k];

            if (!is_erased(pile, copy))
                continue;
            err = sg_pile_change(pile, sheet);
            if (err == SG_OK)
                (void)sg_sheet_del(&sheet->now, &old->records[i].id, copy->log,
                                   copy->index);
        }
    return err;
}

/* Loads the sheet NUMBER. */
static enum sg_err load(struct sg_pile *pile, uint32_t number,
                        struct sg_pile_sheet **ret)
{
    struct sg_inside_key key = sg_inside_number(number);
    struct sg_pile_sheet *sheet =
        sg_arena_take_zero(&pile->arena, 1, sizeof *sheet);
    struct sg_sheet *old = sg_arena_take_zero(&pile->arena, 1, sizeof *old);
    enum sg_err err;

    if (sheet == NULL || old == NULL)
        return SG_ERR_NOMEM;
    sg_buf_truncate(&pile->row, 0);
    *ret = NULL;
    if (!sg_sealed_get(pile->view->sealed, pile->txn, SG_INSIDE_SUBJECTS,
                       sg_inside_bytes(&key), &pile->row))
        return sg_txn_err(pile->txn);
    err = sg_sheet_decode(pile->coder, sg_buf_bytes(&pile->row), &pile->arena,
                          old);
    if (err != SG_OK)
        return err;
    sheet->now = *old;
    sheet->old = old;
    sheet->number = number;
    sheet->has_facts = true;
    err = leave_out_erased(pile, sheet);
    if (err == SG_OK)
        err = enter(pile, sheet);
    if (err == SG_OK)
        *ret = sheet;
    return err;
}

enum sg_err sg_pile_at(struct sg_pile *pile, uint32_t number,
                       struct sg_pile_sheet **ret)
{
    *ret = sg_table_find(&pile->by_number, sg_table_hash_u64(number), is_number,
                         &number);
    return *ret != NULL ? SG_OK : load(pile, number, ret);
}

static enum sg_err make(struct sg_pile *pile, const struct sg_uid *uid,
                        struct sg_pile_sheet **ret)
{
    struct sg_pile_sheet *sheet =
        sg_arena_take_zero(&pile->arena, 1, sizeof *sheet);
    enum sg_err err;

    if (sheet == NULL)
        return SG_ERR_NOMEM;
    if (pile->view->next_number == SG_INSIDE_NOBODY)
        return SG_ERR_LIMIT;
    sheet->now.uid = *uid;
    sheet->number = pile->view->next_number++;
    sheet->has_facts = true; /* none */
    err = enter(pile, sheet);
    if (err == SG_OK)
        *ret = sheet;
    return err;
}

/* Gives the number that UID, or one with the same name, has on disk. */
static bool find_number(struct sg_pile *pile, const struct sg_uid *uid,
                        uint32_t *ret_number)
{
    struct sg_inside_key key =
        sg_pile_name(pile, SG_INSIDE_UIDS, SG_BYTES_ARRAY(uid->bytes));
    struct sg_set_walk walk;

    if (!sg_set_seek(pile->txn, SG_INSIDE_UIDS, SG_INSIDE_MEMBER_SIZE,
                     sg_inside_bytes(&key), &walk) ||
        memcmp(walk.member, key.bytes, key.size) != 0)
        return false;
    *ret_number = sg_bytes_get_u32be(walk.member + key.size);
    return true;
}

enum sg_err sg_pile_get(struct sg_pile *pile, const struct sg_uid *uid,
                        bool is_made, struct sg_pile_sheet **ret)
{
    uint32_t number;
    enum sg_err err;

    *ret = sg_table_find(&pile->by_uid, sg_table_hash(uid->bytes), is_uid, uid);
    if (*ret != NULL)
        return SG_OK;
    if (pile->is_bulk)
        return is_made ? make(pile, uid, ret) : SG_OK;
    if (find_number(pile, uid, &number)) {
        err = sg_pile_at(pile, number, ret);
        if (err != SG_OK || (*ret != NULL && is_uid(*ret, uid)))
            return err;
        *ret = NULL;
        /* Two uids with one name: 2^-64 for each two; there is no second. */
        return is_made ? SG_ERR_DAMAGED : SG_OK;
    }
    err = sg_txn_err(pile->txn);
    return err == SG_OK && is_made ? make(pile, uid, ret) : err;
}

static bool is_relative(const void *item, const void *key)
{
    const struct sg_sheet *sheet = item;

    return sg_uid_compare(&sheet->uid, key) == 0;
}

/* Reads no more of UID's row than its facts, once; NULL when it is not there.
 */
static enum sg_err peek(struct sg_pile *pile, const struct sg_uid *uid,
                        const struct sg_sheet **ret)
{
    struct sg_inside_key key;
    struct sg_sheet *sheet;
    uint32_t number;
    enum sg_err err;

    *ret = sg_table_find(&pile->by_relative, sg_table_hash(uid->bytes),
                         is_relative, uid);
    if (*ret != NULL)
        return SG_OK;
    sg_buf_truncate(&pile->row, 0);
    if (!find_number(pile, uid, &number))
        return sg_txn_err(pile->txn);
    key = sg_inside_number(number);
    if (!sg_sealed_get(pile->view->sealed, pile->txn, SG_INSIDE_SUBJECTS,
                       sg_inside_bytes(&key), &pile->row))
        return sg_txn_err(pile->txn);
    sheet = sg_arena_take_zero(&pile->arena, 1, sizeof *sheet);
    if (sheet == NULL || !sg_table_reserve(&pile->by_relative))
        return SG_ERR_NOMEM;
    err = sg_sheet_peek(pile->coder, sg_buf_bytes(&pile->row), &pile->arena,
                        sheet);
    if (err != SG_OK || !is_relative(sheet, uid))
        return err;
    sg_table_add(&pile->by_relative, sg_table_hash(uid->bytes), sheet);
    *ret = sheet;
    return SG_OK;
}

enum sg_err sg_pile_facts(struct sg_pile *pile, const struct sg_uid *uid,
                          const struct sg_sheet_facts **ret_facts,
                          struct sg_pile_sheet **ret_sheet)
{
    struct sg_pile_sheet *sheet =
        sg_table_find(&pile->by_uid, sg_table_hash(uid->bytes), is_uid, uid);
    const struct sg_sheet *relative = NULL;
    enum sg_err err = SG_OK;

    *ret_facts = NULL;
    *ret_sheet = NULL;
    /* What is erased may be what they were made of. */
    if (sheet == NULL && sg_said_has_erased(pile->view->said))
        err = sg_pile_get(pile, uid, false, &sheet);
    else if (sheet == NULL)
        err = peek(pile, uid, &relative);
    if (relative != NULL)
        *ret_facts = &relative->facts;
    if (err != SG_OK || sheet == NULL)
        return err;
    if (pile->time == SG_PILE_OLD)
        *ret_facts = sheet->old != NULL ? &sheet->old->facts : NULL;
    else if (sheet->has_facts)
        *ret_facts = &sheet->now.facts;
    else
        *ret_sheet = sheet;
    return SG_OK;
}

enum sg_err sg_pile_change(struct sg_pile *pile, struct sg_pile_sheet *sheet)
{
    struct sg_sheet changed;
    enum sg_err err = SG_OK;

    if (sheet->is_changed)
        return SG_OK;
    if (sheet->old != NULL)
        err = sg_sheet_clone(&sheet->now, &pile->arena, &changed);
    if (err == SG_OK && sheet->old != NULL)
        sheet->now = changed;
    sheet->is_changed = err == SG_OK;
    sheet->has_facts = false;
    return err;
}

/* --- what the fold asks ------------------------------------------------ */

static bool same_sums(const struct sg_pile_sums *a,
                      const struct sg_pile_sums *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        const struct sg_fold_record *x = a->records[i], *y = b->records[i];

        if (x->marks != y->marks || x->hlc != y->hlc || x->roles != y->roles ||
            x->grant != y->grant || memcmp(&x->id, &y->id, sizeof x->id) != 0)
            return false;
    }
    return true;
}

static enum sg_err give_records(
    void *context, const struct sg_uid *subject, struct sg_unit_key unit,
    const struct sg_fold_record *const **ret_records, size_t *ret_count)
{
    struct sg_pile *pile = context;
    const struct sg_pile_sums *all;
    struct sg_pile_sums some;
    struct sg_pile_sheet *sheet;
    enum sg_err err = sg_pile_get(pile, subject, false, &sheet);

    *ret_records = NULL;
    *ret_count = 0;
    if (err != SG_OK || sheet == NULL ||
        sg_pile_sheet_at(sheet, pile->time) == NULL)
        return err;
    err = sg_pile_sums_of(pile, sheet, pile->time, &all);
    if (err == SG_OK && unit.value != 0)
        err = sg_pile_sum(pile, sg_pile_sheet_at(sheet, pile->time), unit,
                          pile->time == SG_PILE_FIRST, &some);
    if (err != SG_OK)
        return err;
    if (unit.value != 0 && !same_sums(all, &some))
        all = &some;
    *ret_records = all->records;
    *ret_count = all->count;
    return SG_OK;
}

/* Uids that were found. */
struct found {
    struct sg_pile *pile;
    struct sg_uid *uids;
    size_t count, capacity;
};

static enum sg_err add_found(struct found *found, const struct sg_uid *uid)
{
    if (found->count == found->capacity) {
        size_t more = found->capacity > 0 ? 2 * found->capacity : 4;
        struct sg_uid *uids =
            sg_arena_take(&found->pile->arena, more, sizeof *uids);

        if (uids == NULL)
            return SG_ERR_NOMEM;
        if (found->count > 0)
            memcpy(uids, found->uids, found->count * sizeof *uids);
        found->uids = uids;
        found->capacity = more;
    }
    found->uids[found->count++] = *uid;
    return SG_OK;
}

static int by_uid(const void *a, const void *b)
{
    return sg_uid_compare(a, b);
}

static void sort_found(struct found *found)
{
    size_t count = 0;

    if (found->count > 1)
        qsort(found->uids, found->count, sizeof *found->uids, by_uid);
    for (size_t i = 0; i < found->count; i++)
        if (count == 0 ||
            sg_uid_compare(&found->uids[count - 1], &found->uids[i]) != 0)
            found->uids[count++] = found->uids[i];
    found->count = count;
}

/* What is on disk of a changed sheet does not count now. */
static enum sg_err take_found(void *context, struct sg_pile_sheet *sheet)
{
    struct found *found = context;

    if (sheet->is_changed && found->pile->time != SG_PILE_OLD)
        return SG_OK;
    return add_found(found, &sheet->now.uid);
}

static bool is_mention(const void *item, const void *key)
{
    const struct mention *a = item, *b = key;

    return a->type == b->type && a->size == b->size &&
           memcmp(a->key, b->key, a->size) == 0;
}

static uint64_t hash_mention(const struct mention *mention)
{
    uint8_t bytes[16] = {0};

    memcpy(bytes, mention->key, mention->size);
    return sg_table_hash(bytes) ^ mention->type;
}

/* Finds who mentions KEY: on disk, and among those changed. */
static enum sg_err find_mentions(struct sg_pile *pile, unsigned type,
                                 struct sg_bytes key, struct found *ret)
{
    enum sg_inside_db db =
        type == SG_TYPE_PIN ? SG_INSIDE_NUMBERS : SG_INSIDE_PAIRS;
    struct mention wanted = {.type = type, .size = key.size};
    struct sg_inside_key prefix;
    enum sg_err err;

    *ret = (struct found){.pile = pile};
    if (pile->is_alone)
        return SG_OK;
    prefix = sg_pile_name(pile, db, key);
    err = sg_pile_each(pile, db, &prefix, take_found, ret);
    memcpy(wanted.key, key.data, key.size);
    if (pile->time != SG_PILE_OLD) {
        const struct mention *at = sg_table_find(
            &pile->by_mention, hash_mention(&wanted), is_mention, &wanted);

        for (; at != NULL && err == SG_OK; at = at->next)
            err = add_found(ret, &at->sheet->now.uid);
    }
    if (err == SG_OK)
        sort_found(ret);
    return err;
}

static enum sg_err give_holders(void *context, uint64_t number,
                                const struct sg_uid **ret_persons,
                                size_t *ret_count)
{
    uint8_t key[8];
    struct found found;
    enum sg_err err;

    sg_bytes_put_u64be(key, number);
    err = find_mentions(context, SG_TYPE_PIN, SG_BYTES_ARRAY(key), &found);
    *ret_persons = found.uids;
    *ret_count =
        found.count < SG_PIN_HOLDERS_MAX ? found.count : SG_PIN_HOLDERS_MAX;
    return err;
}

static bool take_other(void *context, unsigned type, struct sg_bytes key)
{
    struct found *found = context;
    struct sg_uid uid;

    if (type != SG_TYPE_DUPLICATE || key.size != sizeof uid.bytes)
        return true;
    memcpy(uid.bytes, key.data, sizeof uid.bytes);
    return add_found(found, &uid) == SG_OK;
}

static enum sg_err find_partners(struct sg_pile *pile,
                                 const struct sg_uid *person,
                                 enum sg_pile_time time, struct found *ret)
{
    struct sg_pile_sheet *sheet;
    enum sg_err err = find_mentions(pile, SG_TYPE_DUPLICATE,
                                    SG_BYTES_ARRAY(person->bytes), ret);

    if (err == SG_OK)
        err = sg_pile_get(pile, person, false, &sheet);
    if (err == SG_OK && sheet != NULL && !pile->is_alone)
        err = sg_pile_mentions(pile, sheet, time, take_other, ret);
    if (err == SG_OK)
        sort_found(ret);
    return err;
}

static enum sg_err give_partners(void *context, const struct sg_uid *person,
                                 const struct sg_uid **ret_persons,
                                 size_t *ret_count)
{
    struct sg_pile *pile = context;
    struct found found = {.pile = pile};
    enum sg_err err = find_partners(pile, person, pile->time, &found);

    *ret_persons = found.uids;
    *ret_count = found.count;
    return err;
}

static bool give_bridge(void *context, const struct sg_ref *record,
                        const uint8_t **ret_parents, size_t *ret_count)
{
    const struct sg_pile *pile = context;
    const struct sg_register_setup *setup = &pile->view->setup;

    return setup->bridge(setup->context, record, ret_parents, ret_count);
}

void sg_pile_source(struct sg_pile *pile, struct sg_fold_source *ret)
{
    *ret = (struct sg_fold_source){.context = pile,
                                   .records = give_records,
                                   .holders = give_holders,
                                   .partners = give_partners,
                                   .bridge = give_bridge};
}

/* --- mentions ---------------------------------------------------------- */

enum sg_err sg_pile_mentions(struct sg_pile *pile, struct sg_pile_sheet *sheet,
                             enum sg_pile_time time,
                             bool (*take)(void *, unsigned, struct sg_bytes),
                             void *context)
{
    const struct sg_pile_sums *sums;
    enum sg_err err = sg_pile_sums_of(pile, sheet, time, &sums);

    for (size_t i = 0; err == SG_OK && i < sums->count; i++) {
        const struct sg_fold_record *record = sums->records[i];
        size_t count = (record->marks & SG_FOLD_QUARANTINED) != 0
                           ? 0
                           : sg_mention_count(record->inner);

        if (count > 0 &&
            sg_mention_each(record->inner, count, take, context) < count)
            err = SG_ERR_NOMEM;
    }
    return err;
}

struct noting {
    struct sg_pile *pile;
    struct sg_pile_sheet *sheet;
};

static bool note(void *context, unsigned type, struct sg_bytes key)
{
    const struct noting *noting = context;
    struct sg_pile *pile = noting->pile;
    struct mention *mention, *first;
    uint64_t hash;

    if ((type != SG_TYPE_PIN && type != SG_TYPE_DUPLICATE) ||
        key.size > sizeof mention->key)
        return true;
    mention = sg_arena_take_zero(&pile->arena, 1, sizeof *mention);
    if (mention == NULL || !sg_table_reserve(&pile->by_mention))
        return false;
    *mention = (struct mention){
        .type = type, .size = key.size, .sheet = noting->sheet};
    memcpy(mention->key, key.data, key.size);
    hash = hash_mention(mention);
    first = sg_table_find(&pile->by_mention, hash, is_mention, mention);
    if (first == NULL) {
        sg_table_add(&pile->by_mention, hash, mention);
    } else {
        mention->next = first->next;
        first->next = mention;
    }
    return true;
}

enum sg_err sg_pile_mention(struct sg_pile *pile)
{
    enum sg_err err = SG_OK;

    for (size_t i = 0; i < pile->count && err == SG_OK; i++) {
        struct noting noting = {pile, pile->list[i]};

        if (pile->list[i]->is_changed)
            err = sg_pile_mentions(pile, pile->list[i], SG_PILE_NOW, note,
                                   &noting);
    }
    return err;
}

/* --- whom a change touches --------------------------------------------- */

/* Hands the sheets of FOUND to TAKE. */
static enum sg_err take_sheets(struct sg_pile *pile, const struct found *found,
                               sg_pile_take *take, void *context)
{
    enum sg_err err = SG_OK;

    for (size_t i = 0; i < found->count && err == SG_OK; i++) {
        struct sg_pile_sheet *sheet;

        err = sg_pile_get(pile, &found->uids[i], false, &sheet);
        if (err == SG_OK && sheet != NULL)
            err = take(context, sheet);
    }
    return err;
}

enum sg_err sg_pile_partners(struct sg_pile *pile, struct sg_pile_sheet *sheet,
                             sg_pile_take *take, void *context)
{
    enum sg_err err = SG_OK;

    for (int time = SG_PILE_NOW; time <= SG_PILE_OLD && err == SG_OK; time++) {
        struct found found = {.pile = pile};

        pile->time = (enum sg_pile_time)time;
        err = find_partners(pile, &sheet->now.uid, pile->time, &found);
        if (err == SG_OK)
            err = take_sheets(pile, &found, take, context);
    }
    pile->time = SG_PILE_NOW;
    return err;
}

static bool take_number(void *context, unsigned type, struct sg_bytes key)
{
    struct found *found = context;
    struct sg_uid number = {{0}};

    if (type != SG_TYPE_PIN || key.size != 8 ||
        sg_bytes_get_u64be(key.data) == 0)
        return true;
    memcpy(number.bytes, key.data, 8); /* it has room for one */
    return add_found(found, &number) == SG_OK;
}

enum sg_err sg_pile_sharers(struct sg_pile *pile, struct sg_pile_sheet *sheet,
                            sg_pile_take *take, void *context)
{
    struct found numbers = {.pile = pile};
    enum sg_err err =
        sg_pile_mentions(pile, sheet, SG_PILE_NOW, take_number, &numbers);

    if (err == SG_OK && sheet->old != NULL && sheet->is_changed)
        err = sg_pile_mentions(pile, sheet, SG_PILE_OLD, take_number, &numbers);
    sort_found(&numbers);
    for (size_t i = 0; i < numbers.count && err == SG_OK; i++) {
        struct sg_bytes key = sg_bytes(numbers.uids[i].bytes, 8);
        struct found found;

        err = find_mentions(pile, SG_TYPE_PIN, key, &found);
        if (err == SG_OK)
            err = take_sheets(pile, &found, take, context);
    }
    return err;
}

/* --- indexes ----------------------------------------------------------- */

enum sg_err sg_pile_each(struct sg_pile *pile, enum sg_inside_db db,
                         const struct sg_inside_key *prefix, sg_pile_take *take,
                         void *context)
{
    struct sg_inside_key at = *prefix;
    uint32_t numbers[PAGE];
    size_t count = PAGE;
    enum sg_err err = SG_OK;

    /* Walks are moved by whatever is loaded: numbers first, then sheets. */
    while (err == SG_OK && count == PAGE) {
        struct sg_set_walk walk;
        bool is_there =
            sg_set_seek(pile->txn, db, prefix->size + SG_INSIDE_NUMBER_SIZE,
                        sg_inside_bytes(&at), &walk);

        count = 0;
        while (is_there && count < PAGE &&
               memcmp(walk.member, prefix->bytes, prefix->size) == 0) {
            numbers[count++] = sg_bytes_get_u32be(walk.member + prefix->size);
            is_there = sg_set_next(&walk);
        }
        err = sg_txn_err(pile->txn);
        for (size_t i = 0; i < count && err == SG_OK; i++) {
            struct sg_pile_sheet *sheet;

            err = sg_pile_at(pile, numbers[i], &sheet);
            if (err == SG_OK && sheet != NULL)
                err = take(context, sheet);
        }
        if (count > 0)
            at = sg_inside_with(*prefix, numbers[count - 1] + 1);
    }
    return err;
}
