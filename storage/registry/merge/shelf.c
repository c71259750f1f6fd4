#include "storage/registry/merge/shelf.h"

#include <stdlib.h>
#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/registry/merge/mention.h"

/* Up to here records are kept in order as they come. */
#define IN_ORDER_MAX 1024u

/* --- arrays and tables ------------------------------------------------- */

static bool is_record(const void *item, const void *key)
{
    const struct sg_shelf_record *stored = item;

    return memcmp(stored->sum.id.bytes, key, sizeof stored->sum.id.bytes) == 0;
}

static bool is_entry(const void *item, const void *key)
{
    const struct sg_shelf_entry *entry = item;

    return sg_uid_compare(&entry->uid, key) == 0;
}

static bool is_number(const void *item, const void *key)
{
    const struct sg_shelf_number *number = item;

    return number->value == *(const uint64_t *)key;
}

static bool is_unit(const void *item, const void *key)
{
    const struct sg_shelf_root *root = item;

    return root->unit.value == *(const uint64_t *)key;
}

static bool is_units(const void *item, const void *key)
{
    const struct sg_shelf_units *a = item, *const *b = key;

    return a->count == (*b)->count &&
           memcmp(a->keys, (*b)->keys, a->count * sizeof a->keys[0]) == 0;
}

struct sg_shelf_entry *sg_shelf_find(const struct sg_register *reg,
                                     const struct sg_uid *uid)
{
    return sg_table_find(&reg->by_uid, sg_table_hash(uid->bytes), is_entry,
                         uid);
}

struct sg_shelf_number *sg_shelf_number(const struct sg_register *reg,
                                        uint64_t value)
{
    return sg_table_find(&reg->by_number, sg_table_hash_u64(value), is_number,
                         &value);
}

/* Gives the one list of these units that is kept; NULL when there is no memory.
 */
static const struct sg_shelf_units *keep_units(struct sg_register *reg,
                                               const struct sg_unit_key *keys,
                                               size_t count)
{
    struct sg_shelf_units *units =
        sg_arena_take(&reg->kept, 1, sizeof *units + count * sizeof *keys);
    uint64_t hash = count;
    const struct sg_shelf_units *known;

    if (units == NULL || !sg_table_reserve(&reg->by_units))
        return NULL;
    units->count = count;
    for (size_t i = 0; i < count; i++) {
        units->keys[i] = keys[i];
        hash = sg_table_hash_u64(hash ^ keys[i].value);
    }
    known = sg_table_find(&reg->by_units, hash, is_units, &units);
    if (known != NULL) {
        sg_arena_shrink(&reg->kept, units, 0);
        return known;
    }
    sg_table_add(&reg->by_units, hash, units);
    return units;
}

/* --- what the fold asks ------------------------------------------------ */

static bool can_read(const struct sg_shelf_copy *copy, struct sg_unit_key unit)
{
    if (copy->readers == NULL || unit.value == 0)
        return true;
    for (size_t i = 0; i < copy->readers->count; i++)
        if (sg_unit_key_equal(copy->readers->keys[i], unit))
            return true;
    return false;
}

/* Says whether A comes before B as the standing copy. */
static bool stands_before(const struct sg_shelf_copy *a,
                          const struct sg_shelf_copy *b)
{
    int order = (a->hlc > b->hlc) - (a->hlc < b->hlc);

    if (order == 0)
        order = memcmp(a->log.bytes, b->log.bytes, sizeof a->log.bytes);
    if (order == 0)
        order = (a->index > b->index) - (a->index < b->index);
    return order != 0 ? order < 0 : a->branch < b->branch;
}

static bool is_late(const struct sg_register *reg,
                    const struct sg_shelf_copy *copy, struct sg_unit_key unit)
{
    return reg->setup.territory != NULL && unit.value != 0 &&
           sg_territory_is_late(reg->setup.territory, unit, &copy->node,
                                &copy->log, copy->index);
}

/* Sums up the copies of STORED that UNIT reads; false when none counts. */
static bool sum_up(const struct sg_register *reg,
                   const struct sg_shelf_record *stored,
                   struct sg_unit_key unit, struct sg_fold_record *ret)
{
    const struct sg_shelf_copy *standing = NULL;
    uint8_t marks = SG_FOLD_FORKED | SG_FOLD_LATE;
    bool is_quarantined = false;

    for (const struct sg_shelf_copy *copy = stored->copies; copy != NULL;
         copy = copy->next) {
        if (!can_read(copy, unit))
            continue;
        is_quarantined = is_quarantined || !copy->is_admitted;
        if (!copy->is_admitted)
            continue;
        if (standing == NULL || stands_before(copy, standing))
            standing = copy;
        if (copy->is_signed)
            marks |= SG_FOLD_SIGNED;
        if (!copy->is_forked)
            marks &= (uint8_t)~SG_FOLD_FORKED;
        if ((marks & SG_FOLD_LATE) != 0 && !is_late(reg, copy, unit))
            marks &= (uint8_t)~SG_FOLD_LATE;
    }
    *ret = stored->sum;
    ret->marks = SG_FOLD_QUARANTINED;
    if (standing == NULL)
        return is_quarantined;
    ret->marks = marks;
    ret->hlc = standing->hlc <= reg->setup.hlc_max ? standing->hlc : 0;
    ret->roles = standing->roles;
    ret->grant = standing->grant->keys;
    ret->n_grant = standing->grant->count;
    return true;
}

static bool same_sum(const struct sg_fold_record *a,
                     const struct sg_fold_record *b)
{
    return a->marks == b->marks && a->hlc == b->hlc && a->roles == b->roles &&
           a->grant == b->grant;
}

/* Gives what UNIT reads of ENTRY, in memory that the fold may use. */
static enum sg_err read_for(struct sg_register *reg,
                            const struct sg_shelf_entry *entry,
                            struct sg_unit_key unit,
                            const struct sg_fold_record *const **ret_records,
                            size_t *ret_count)
{
    struct sg_fold_record *sums =
        sg_arena_take(&reg->arena, entry->n_records, sizeof *sums);
    const struct sg_fold_record **records =
        sg_arena_take(&reg->arena, entry->n_records, sizeof *records);
    size_t count = 0;
    bool is_same = true;

    if (sums == NULL || records == NULL)
        return SG_ERR_NOMEM;
    for (size_t i = 0; i < entry->n_records; i++) {
        /* `sum` is the first member. */
        const struct sg_shelf_record *stored = (const void *)entry->records[i];

        if (!sum_up(reg, stored, unit, &sums[count])) {
            is_same = false;
            continue;
        }
        is_same = is_same && same_sum(&sums[count], &stored->sum);
        records[count] = &sums[count];
        count++;
    }
    if (!is_same) {
        *ret_records = records;
        *ret_count = count;
    }
    return SG_OK;
}

static enum sg_err give_records(
    void *context, const struct sg_uid *subject, struct sg_unit_key unit,
    const struct sg_fold_record *const **ret_records, size_t *ret_count)
{
    struct sg_register *reg = context;
    const struct sg_shelf_entry *entry = sg_shelf_find(reg, subject);

    *ret_count = 0;
    *ret_records = NULL;
    if (entry == NULL)
        return SG_OK;
    *ret_records = entry->records;
    *ret_count = entry->n_records;
    if (unit.value == 0 ||
        (entry->is_everybodys && reg->setup.territory == NULL))
        return SG_OK;
    return read_for(reg, entry, unit, ret_records, ret_count);
}

static enum sg_err give_holders(void *context, uint64_t number,
                                const struct sg_uid **ret_persons,
                                size_t *ret_count)
{
    const struct sg_shelf_number *found = sg_shelf_number(context, number);

    *ret_persons = found != NULL ? found->persons : NULL;
    *ret_count = found != NULL ? found->count : 0;
    if (*ret_count > SG_PIN_HOLDERS_MAX)
        *ret_count = SG_PIN_HOLDERS_MAX;
    return SG_OK;
}

static enum sg_err give_partners(void *context, const struct sg_uid *person,
                                 const struct sg_uid **ret_persons,
                                 size_t *ret_count)
{
    const struct sg_shelf_entry *entry = sg_shelf_find(context, person);

    *ret_persons = entry != NULL ? entry->partners : NULL;
    *ret_count = entry != NULL ? entry->n_partners : 0;
    return SG_OK;
}

static bool give_bridge(void *context, const struct sg_ref *record,
                        const uint8_t **ret_parents, size_t *ret_count)
{
    const struct sg_register *reg = context;

    return reg->setup.bridge(reg->setup.context, record, ret_parents,
                             ret_count);
}

void sg_shelf_source(struct sg_register *reg, struct sg_fold_source *ret)
{
    *ret = (struct sg_fold_source){
        .context = reg,
        .records = give_records,
        .holders = give_holders,
        .partners = give_partners,
        .bridge = reg->setup.bridge != NULL ? give_bridge : NULL};
}

/* --- what goes on the shelf -------------------------------------------- */

struct sg_shelf_root *sg_shelf_root(struct sg_register *reg,
                                    struct sg_unit_key unit)
{
    uint64_t hash = sg_table_hash_u64(unit.value);
    struct sg_shelf_root *root =
        sg_table_find(&reg->by_unit, hash, is_unit, &unit.value);

    if (root != NULL)
        return root;
    root = sg_arena_take_zero(&reg->kept, 1, sizeof *root);
    if (root == NULL || !sg_table_reserve(&reg->by_unit))
        return NULL;
    root->unit = unit;
    sg_table_add(&reg->by_unit, hash, root);
    return root;
}

enum sg_err sg_shelf_touch(struct sg_register *reg,
                           struct sg_shelf_entry *entry)
{
    if (entry->is_touched)
        return SG_OK;
    if (!sg_alloc_grow((void **)&reg->touched, reg->n_touched,
                       &reg->touched_capacity, sizeof(struct sg_shelf_entry *)))
        return SG_ERR_NOMEM;
    reg->touched[reg->n_touched++] = entry;
    entry->is_touched = true;
    return SG_OK;
}

/* Gives the entry of UID, a new one when there is none; NULL when there is no
 * memory. */
static struct sg_shelf_entry *need_entry(struct sg_register *reg,
                                         const struct sg_uid *uid)
{
    struct sg_shelf_entry *entry = sg_shelf_find(reg, uid);

    if (entry != NULL)
        return entry;
    if (!sg_alloc_grow((void **)&reg->entries, reg->n_entries,
                       &reg->entries_capacity,
                       sizeof(struct sg_shelf_entry *)) ||
        !sg_table_reserve(&reg->by_uid))
        return NULL;
    entry = sg_calloc(1, sizeof *entry);
    if (entry == NULL)
        return NULL;
    entry->uid = *uid;
    entry->is_everybodys = true;
    reg->entries[reg->n_entries++] = entry;
    sg_table_add(&reg->by_uid, sg_table_hash(uid->bytes), entry);
    return entry;
}

static struct sg_shelf_number *need_number(struct sg_register *reg,
                                           uint64_t value)
{
    struct sg_shelf_number *number = sg_shelf_number(reg, value);

    if (number != NULL)
        return number;
    number = sg_arena_take_zero(&reg->kept, 1, sizeof *number);
    if (number == NULL || !sg_table_reserve(&reg->by_number))
        return NULL;
    number->value = value;
    sg_table_add(&reg->by_number, sg_table_hash_u64(value), number);
    return number;
}

/* Finds where UID is, or belongs, among COUNT that ascend. */
static size_t place_of(const struct sg_uid *uids, size_t count,
                       const struct sg_uid *uid)
{
    size_t begin = 0;

    while (count > 0) {
        size_t half = count / 2;

        if (sg_uid_compare(&uids[begin + half], uid) < 0) {
            begin += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return begin;
}

static bool is_at(const struct sg_uid *uids, size_t count, size_t at,
                  const struct sg_uid *uid)
{
    return at < count && sg_uid_compare(&uids[at], uid) == 0;
}

/* Makes room for one person more with NUMBER. */
static bool grow_number(struct sg_shelf_number *number)
{
    size_t capacity = number->capacity;

    if (number->count < number->capacity)
        return true;
    if (!sg_alloc_grow((void **)&number->counts, number->count, &capacity,
                       sizeof *number->counts))
        return false;
    return sg_alloc_grow((void **)&number->persons, number->count,
                         &number->capacity, sizeof *number->persons);
}

/* Notes that one record more says VALUE of ENTRY. */
static bool add_number(struct sg_register *reg, struct sg_shelf_entry *entry,
                       uint64_t value)
{
    struct sg_shelf_number *number = need_number(reg, value);
    bool is_known = false;
    size_t at;

    if (number == NULL || !grow_number(number) ||
        !sg_alloc_grow((void **)&entry->numbers, entry->n_numbers,
                       &entry->numbers_capacity, sizeof *entry->numbers))
        return false;
    at = place_of(number->persons, number->count, &entry->uid);
    if (!is_at(number->persons, number->count, at, &entry->uid)) {
        memmove(number->persons + at + 1, number->persons + at,
                (number->count - at) * sizeof *number->persons);
        memmove(number->counts + at + 1, number->counts + at,
                (number->count - at) * sizeof *number->counts);
        number->persons[at] = entry->uid;
        number->counts[at] = 0;
        number->count++;
    }
    number->counts[at]++;
    for (size_t i = 0; i < entry->n_numbers && !is_known; i++)
        is_known = entry->numbers[i] == value;
    if (!is_known)
        entry->numbers[entry->n_numbers++] = value;
    return true;
}

/* Touches all who share VALUE. */
static bool touch_number(struct sg_register *reg, uint64_t value)
{
    const struct sg_shelf_number *number = sg_shelf_number(reg, value);

    for (size_t i = 0; i < number->count; i++)
        if (sg_shelf_touch(reg, sg_shelf_find(reg, &number->persons[i])) !=
            SG_OK)
            return false;
    return true;
}

/* Takes back what add_number noted. */
static void drop_number(struct sg_register *reg,
                        const struct sg_shelf_entry *entry, uint64_t value)
{
    struct sg_shelf_number *number = sg_shelf_number(reg, value);
    size_t at = place_of(number->persons, number->count, &entry->uid);

    if (--number->counts[at] > 0)
        return;
    number->count--;
    memmove(number->persons + at, number->persons + at + 1,
            (number->count - at) * sizeof *number->persons);
    memmove(number->counts + at, number->counts + at + 1,
            (number->count - at) * sizeof *number->counts);
}

static bool add_partner(struct sg_register *reg, const struct sg_uid *person,
                        const struct sg_uid *partner)
{
    struct sg_shelf_entry *entry = need_entry(reg, person);
    size_t at;

    if (entry == NULL ||
        !sg_alloc_grow((void **)&entry->partners, entry->n_partners,
                       &entry->partners_capacity, sizeof *entry->partners))
        return false;
    at = place_of(entry->partners, entry->n_partners, partner);
    if (is_at(entry->partners, entry->n_partners, at, partner))
        return true;
    memmove(entry->partners + at + 1, entry->partners + at,
            (entry->n_partners - at) * sizeof *entry->partners);
    entry->partners[at] = *partner;
    entry->n_partners++;
    return true;
}

/* What is done about the objects that are found from outside: numbers, pairs.
 */
enum note { ADD, TOUCH, DROP };

/* Does NOTE about the object TYPE, KEY of ENTRY. Only DROP cannot fail. */
static bool note_object(struct sg_register *reg, struct sg_shelf_entry *entry,
                        unsigned type, struct sg_bytes key, enum note note)
{
    struct sg_uid other;

    if (type == SG_TYPE_PIN && key.size == 8) {
        uint64_t number = sg_bytes_get_u64be(key.data);

        if (note == DROP)
            drop_number(reg, entry, number);
        return note == ADD     ? add_number(reg, entry, number)
               : note == TOUCH ? touch_number(reg, number)
                               : true;
    }
    /* Partners stay: who is asked in vain says nothing. */
    if (type != SG_TYPE_DUPLICATE || key.size != sizeof other.bytes ||
        note != ADD)
        return true;
    memcpy(other.bytes, key.data, sizeof other.bytes);
    return add_partner(reg, &entry->uid, &other) &&
           add_partner(reg, &other, &entry->uid);
}

struct noting {
    struct sg_register *reg;
    struct sg_shelf_entry *entry;
    enum note note;
};

static bool note_mention(void *context, unsigned type, struct sg_bytes key)
{
    const struct noting *noting = context;

    return note_object(noting->reg, noting->entry, type, key, noting->note);
}

/* Does NOTE about what STORED says; what an ADD has begun it takes back when it
 * fails. */
static bool note_record(struct sg_register *reg,
                        const struct sg_shelf_record *stored, enum note note)
{
    struct sg_bytes inner = stored->sum.inner;
    struct noting noting = {reg, stored->entry, note};
    size_t all = sg_mention_count(inner);
    size_t count = sg_mention_each(inner, all, note_mention, &noting);

    if (count < all && note == ADD) {
        noting.note = DROP;
        (void)sg_mention_each(inner, count, note_mention, &noting);
    }
    return count == all;
}

/* --- the records of a subject ------------------------------------------ */

static int by_id(const void *a, const void *b)
{
    const struct sg_fold_record *const *left = a, *const *right = b;

    return memcmp((*left)->id.bytes, (*right)->id.bytes,
                  sizeof(*left)->id.bytes);
}

/* Puts STORED into the list of its entry: in order while that is cheap. */
static bool list(struct sg_shelf_record *stored)
{
    struct sg_shelf_entry *entry = stored->entry;
    const struct sg_fold_record *sum = &stored->sum;
    size_t at = entry->n_records;

    if (!sg_alloc_grow((void **)&entry->records, entry->n_records,
                       &entry->capacity, sizeof(struct sg_fold_record *)))
        return false;
    if (entry->n_records < IN_ORDER_MAX)
        for (; at > 0 && by_id(&entry->records[at - 1], &sum) > 0; at--)
            entry->records[at] = entry->records[at - 1];
    entry->records[at] = sum;
    entry->n_records++;
    stored->is_listed = true;
    return true;
}

static void unlist(struct sg_shelf_record *stored)
{
    struct sg_shelf_entry *entry = stored->entry;
    size_t at = 0;

    while (entry->records[at] != &stored->sum)
        at++;
    entry->n_records--;
    memmove(entry->records + at, entry->records + at + 1,
            (entry->n_records - at) * sizeof(struct sg_fold_record *));
    stored->is_listed = false;
}

/* Makes of STORED what its copies say. */
static enum sg_err refresh(struct sg_register *reg,
                           struct sg_shelf_record *stored)
{
    bool is_known = sum_up(reg, stored, SG_UNIT_COUNTRY, &stored->sum);
    bool is_applied =
        is_known && (stored->sum.marks & SG_FOLD_QUARANTINED) == 0;

    if (is_applied != stored->is_applied) {
        if (!note_record(reg, stored, is_applied ? ADD : TOUCH))
            return SG_ERR_NOMEM;
        if (!is_applied)
            (void)note_record(reg, stored, DROP);
    }
    stored->is_applied = is_applied;
    if (is_known && !stored->is_listed && !list(stored))
        return SG_ERR_NOMEM;
    if (!is_known && stored->is_listed)
        unlist(stored);
    return sg_shelf_touch(reg, stored->entry);
}

void sg_shelf_refresh(struct sg_register *reg, struct sg_shelf_entry *entry)
{
    for (size_t i = 0; i < entry->n_records; i++) {
        /* `sum` is the first member; what counts does not change. */
        struct sg_shelf_record *stored = (void *)(uintptr_t)entry->records[i];

        (void)sum_up(reg, stored, SG_UNIT_COUNTRY, &stored->sum);
    }
}

/* --- copies ------------------------------------------------------------ */

static struct sg_shelf_record *need_record(struct sg_register *reg,
                                           const struct sg_register_copy *copy)
{
    struct sg_bytes inner;
    uint64_t hash = sg_table_hash(copy->id.bytes);
    struct sg_shelf_record *stored =
        sg_table_find(&reg->by_id, hash, is_record, copy->id.bytes);

    if (stored != NULL || (!copy->is_admitted && !copy->is_quarantined))
        return stored;
    SG_ASSERT(copy->record != NULL);
    inner = copy->record->inner;
    if (!sg_table_reserve(&reg->by_id))
        return NULL;
    stored = sg_arena_take(&reg->kept, 1, sizeof *stored + inner.size);
    if (stored == NULL)
        return NULL;
    *stored = (struct sg_shelf_record){
        .sum = {.id = copy->id, .inner = {stored->inner, inner.size}},
        .entry = need_entry(reg, &copy->record->subject)};
    if (stored->entry == NULL)
        return NULL;
    memcpy(stored->inner, inner.data, inner.size);
    sg_table_add(&reg->by_id, hash, stored);
    return stored;
}

/* Finds where the copy of COPY's place is, or where a new one is to be hung. */
static struct sg_shelf_copy **find_copy(struct sg_shelf_record *stored,
                                        const struct sg_register_copy *copy)
{
    struct sg_shelf_copy **link = &stored->copies;

    while (*link != NULL &&
           ((*link)->index != copy->index || (*link)->branch != copy->branch ||
            memcmp((*link)->log.bytes, copy->log.bytes,
                   sizeof copy->log.bytes) != 0))
        link = &(*link)->next;
    return link;
}

static bool fill(struct sg_register *reg, struct sg_shelf_copy *kept,
                 const struct sg_register_copy *copy)
{
    const struct sg_shelf_units *grant =
        keep_units(reg, copy->grant, copy->n_grant);
    const struct sg_shelf_units *readers = NULL;

    if (copy->readers != NULL)
        readers = keep_units(reg, copy->readers, copy->n_readers);
    if (grant == NULL || (copy->readers != NULL && readers == NULL))
        return false;
    *kept = (struct sg_shelf_copy){.next = kept->next,
                                   .node = copy->node,
                                   .log = copy->log,
                                   .index = copy->index,
                                   .branch = copy->branch,
                                   .hlc = copy->record->copy.hlc,
                                   .grant = grant,
                                   .readers = readers,
                                   .roles = copy->roles,
                                   .is_admitted = copy->is_admitted,
                                   .is_signed = copy->is_signed,
                                   .is_forked = copy->is_forked};
    return true;
}

/* Gives room for a copy, that of one that was taken back if there is any. */
static struct sg_shelf_copy *need_copy(struct sg_register *reg)
{
    struct sg_shelf_copy *copy = reg->spare;

    if (copy == NULL)
        return sg_arena_take_zero(&reg->kept, 1, sizeof *copy);
    reg->spare = copy->next;
    return copy;
}

enum sg_err sg_shelf_put(struct sg_register *reg,
                         const struct sg_register_copy *copy)
{
    bool is_kept = copy->is_admitted || copy->is_quarantined;
    struct sg_shelf_record *stored = need_record(reg, copy);
    struct sg_shelf_copy **link;

    if (stored == NULL)
        return is_kept ? SG_ERR_NOMEM : SG_OK;
    link = find_copy(stored, copy);
    if (!is_kept) {
        struct sg_shelf_copy *gone = *link;

        if (gone == NULL)
            return SG_OK;
        *link = gone->next;
        gone->next = reg->spare;
        reg->spare = gone;
        return refresh(reg, stored);
    }
    if (*link == NULL) {
        struct sg_shelf_copy *kept = need_copy(reg);

        if (kept == NULL)
            return SG_ERR_NOMEM;
        if (!fill(reg, kept, copy)) {
            kept->next = reg->spare;
            reg->spare = kept;
            return SG_ERR_NOMEM;
        }
        kept->next = NULL;
        *link = kept;
    } else if (!fill(reg, *link, copy)) {
        return SG_ERR_NOMEM;
    }
    if (copy->readers != NULL)
        stored->entry->is_everybodys = false;
    return refresh(reg, stored);
}

static void free_entry(struct sg_shelf_entry *entry)
{
    sg_free(entry->records);
    sg_free(entry->partners);
    sg_free(entry->numbers);
    sg_free(entry->shares);
    sg_free(entry);
}

void sg_shelf_clear(struct sg_register *reg)
{
    for (size_t i = 0; i < reg->n_entries; i++)
        free_entry(reg->entries[i]);
    for (size_t i = 0; i < reg->by_number.n_slots; i++) {
        struct sg_shelf_number *number = reg->by_number.slots[i].item;

        if (number == NULL)
            continue;
        sg_free(number->persons);
        sg_free(number->counts);
    }
    sg_table_clear(&reg->by_id);
    sg_table_clear(&reg->by_uid);
    sg_table_clear(&reg->by_number);
    sg_table_clear(&reg->by_units);
    sg_table_clear(&reg->by_unit);
    sg_free(reg->entries);
    sg_free(reg->touched);
    sg_arena_clear(&reg->arena);
    sg_arena_clear(&reg->kept);
}
