#include "node/view/tally.h"

#include <string.h>

#include "node/view/said.h"
#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/base/reader.h"
#include "storage/base/writer.h"
#include "storage/registry/merge/conflict.h"

#define HOUSEHOLD_OPEN 1u
#define RELATION_HEAD  1u
#define HEADS_MAX      255u

_Static_assert(SG_TALLY_CONFLICT_COUNTS == SG_CONFLICT_COUNT + 1, "rules");

/* --- changes ----------------------------------------------------------- */

struct wanted {
    uint8_t what;
    const struct sg_uid *campaign;
    struct sg_unit_key unit;
};

static bool is_wanted(const void *item, const void *key)
{
    const struct sg_tally *tally = item;
    const struct wanted *wanted = key;

    return tally->what == wanted->what &&
           sg_unit_key_equal(tally->unit, wanted->unit) &&
           sg_uid_compare(&tally->campaign, wanted->campaign) == 0;
}

void sg_tally_clear(struct sg_tally_set *set)
{
    sg_table_clear(&set->table);
    sg_free(set->list);
    *set = (struct sg_tally_set){.count = 0};
}

static size_t counts_of(unsigned what)
{
    switch (what & ~1u) {
    case SG_INSIDE_FUNNEL:
        return SG_TALLY_FUNNEL_COUNTS;
    case SG_INSIDE_MEASURE:
        return SG_TALLY_MEASURE_COUNTS;
    default:
        return SG_TALLY_CONFLICT_COUNTS;
    }
}

/* Finds the counts of WANTED in SET, new ones where there are none; NULL when
 * there is no memory. */
static struct sg_tally *find(struct sg_tally_set *set, struct sg_arena *arena,
                             const struct wanted *wanted)
{
    uint64_t hash =
        sg_table_hash_u64(wanted->unit.value ^ (uint64_t)wanted->what << 56) ^
        sg_table_hash(wanted->campaign->bytes);
    struct sg_tally *tally =
        sg_table_find(&set->table, hash, is_wanted, wanted);
    size_t n = counts_of(wanted->what);

    if (tally != NULL)
        return tally;
    if (set->count == set->capacity) {
        size_t more = set->capacity > 0 ? 2 * set->capacity : 64;
        struct sg_tally **list = sg_realloc(set->list, more * sizeof *list);

        if (list == NULL)
            return NULL;
        set->list = list;
        set->capacity = more;
    }
    tally = sg_arena_take_zero(arena, 1, sizeof *tally + n * sizeof(int64_t));
    if (tally == NULL || !sg_table_reserve(&set->table))
        return NULL;
    tally->what = wanted->what;
    tally->campaign = *wanted->campaign;
    tally->unit = wanted->unit;
    tally->n_counts = n;
    sg_table_add(&set->table, hash, tally);
    set->list[set->count++] = tally;
    return tally;
}

/* --- what figures ask of others ---------------------------------------- */

static enum sg_err find_members(const struct sg_subject_object *household,
                                struct sg_arena *arena,
                                struct sg_sheet_facts *facts)
{
    struct sg_uid *members =
        sg_arena_take(arena, household->n_cells, sizeof *members);

    if (members == NULL)
        return SG_ERR_NOMEM;
    facts->members = members;
    for (size_t i = 0; i < household->n_cells; i++) {
        const struct sg_subject_cell *cell = &household->cells[i];
        struct sg_msgpack reader;
        uint32_t count;
        bool is_head;

        if (cell->field != SG_FIELD_HOUSEHOLD_MEMBERS ||
            cell->element.size != 18 || cell->value.size == 0 ||
            cell->value.data[0] == 0xc0)
            continue;
        sg_subject_open(cell, &reader);
        count = sg_msgpack_read_array(&reader);
        is_head = count > 0 && sg_msgpack_read_uint(&reader) == RELATION_HEAD;
        if (is_head && facts->heads < HEADS_MAX)
            facts->heads++;
        memcpy(members[facts->n_members++].bytes, cell->element.data + 2, 16);
    }
    facts->has_members = facts->n_members > 0;
    return SG_OK;
}

enum sg_err sg_tally_facts(const struct sg_subject *subject,
                           struct sg_arena *arena,
                           struct sg_sheet_facts *ret_facts)
{
    const struct sg_subject_object *person =
        sg_subject_find(subject, SG_TYPE_PERSON, sg_bytes(NULL, 0));
    const struct sg_subject_object *household =
        sg_subject_find(subject, SG_TYPE_HOUSEHOLD, sg_bytes(NULL, 0));
    const struct sg_subject_cell *spouse =
        sg_subject_known(person, SG_FIELD_PERSON_SPOUSE);
    struct sg_msgpack reader;

    *ret_facts = (struct sg_sheet_facts){.is_person = person != NULL,
                                         .is_household = household != NULL};
    if (person != NULL)
        ret_facts->birth = sg_subject_date(person, SG_FIELD_PERSON_BIRTH);
    if (spouse != NULL) {
        struct sg_record_kin kin;

        sg_subject_open(spouse, &reader);
        kin = sg_record_read_kin(&reader);
        ret_facts->has_spouse = kin.has_uid;
        if (kin.has_uid)
            ret_facts->spouse = kin.uid;
    }
    if (household == NULL)
        return SG_OK;
    ret_facts->is_open = household->state == HOUSEHOLD_OPEN;
    ret_facts->has_file_no =
        sg_subject_str(household, SG_FIELD_HOUSEHOLD_FILE_NO).size > 0;
    return find_members(household, arena, ret_facts);
}

bool sg_tally_same_facts(const struct sg_sheet_facts *a,
                         const struct sg_sheet_facts *b)
{
    return a->is_person == b->is_person && a->has_spouse == b->has_spouse &&
           a->birth.ymd == b->birth.ymd &&
           sg_uid_compare(&a->spouse, &b->spouse) == 0 &&
           a->is_household == b->is_household && a->is_open == b->is_open &&
           a->has_file_no == b->has_file_no &&
           a->has_members == b->has_members && a->heads == b->heads &&
           a->n_members == b->n_members &&
           (a->n_members == 0 ||
            memcmp(a->members, b->members, a->n_members * sizeof *a->members) ==
                0);
}

/* Gives what is to be said of UID; NULL when he is not here. */
static const struct sg_sheet_facts *ask(struct sg_tally_judge *judge,
                                        const struct sg_uid *uid)
{
    struct sg_pile *pile = judge->pile;
    const struct sg_sheet_facts *facts = NULL;
    struct sg_pile_sheet *sheet = NULL;
    const struct sg_subject *subject;

    if (judge->err != SG_OK)
        return NULL;
    judge->err = sg_pile_facts(pile, uid, &facts, &sheet);
    if (judge->err != SG_OK || sheet == NULL)
        return facts;
    judge->err = sg_fold_subject(judge->other, uid, &subject);
    if (judge->err == SG_OK)
        judge->err = sg_tally_facts(subject, &pile->arena, &sheet->now.facts);
    sheet->has_facts = judge->err == SG_OK;
    return judge->err == SG_OK ? &sheet->now.facts : NULL;
}

static bool give_relative(void *context, const struct sg_uid *uid,
                          struct sg_quality_relative *ret)
{
    const struct sg_sheet_facts *facts = ask(context, uid);

    if (facts == NULL || !facts->is_person)
        return false;
    *ret = (struct sg_quality_relative){.birth = facts->birth,
                                        .has_spouse = facts->has_spouse,
                                        .spouse = facts->spouse};
    return true;
}

static bool give_household(void *context, const struct sg_uid *uid,
                           const struct sg_uid *person,
                           struct sg_quality_household *ret)
{
    const struct sg_sheet_facts *facts = ask(context, uid);

    if (facts == NULL || !facts->is_household)
        return false;
    *ret = (struct sg_quality_household){.is_open = facts->is_open,
                                         .heads = facts->heads,
                                         .has_file_no = facts->has_file_no,
                                         .has_members = facts->has_members};
    for (size_t i = 0; i < facts->n_members; i++)
        if (sg_uid_compare(&facts->members[i], person) == 0)
            ret->has_person = true;
    return true;
}

static bool give_code(void *context, enum sg_schema_table table, uint16_t code,
                      struct sg_date day)
{
    const struct sg_tally_judge *judge = context;

    if (table == SG_TABLE_PROVINCE && sg_authority_is_test(judge->at.authority))
        return code == 999;
    return sg_authority_has_code(&judge->at, table, code, day, day);
}

/* --- judging ----------------------------------------------------------- */

static enum sg_err read_campaigns(struct sg_tally_judge *judge)
{
    size_t count;
    const struct sg_authority_campaign *said =
        sg_authority_campaigns(judge->at.authority, &count);

    judge->campaigns = sg_calloc(count + 1, sizeof *judge->campaigns);
    if (judge->campaigns == NULL)
        return SG_ERR_NOMEM;
    for (size_t i = 0; i < count; i++) {
        struct sg_record record;
        struct sg_campaign *campaign = &judge->campaigns[judge->n_campaigns];

        if (said[i].state < SG_CAMPAIGN_FROZEN ||
            sg_record_decode(said[i].payload, &record) != SG_OK)
            continue;
        sg_campaign_read(&record, campaign);
        campaign->uid = said[i].uid;
        campaign->state = (enum sg_campaign_state)said[i].state;
        judge->n_campaigns++;
    }
    return SG_OK;
}

enum sg_err sg_tally_judge_init(struct sg_tally_judge *judge,
                                struct sg_pile *pile, struct sg_fold *other)
{
    const struct sg_authority *authority = sg_said_authority(pile->view->said);

    *judge = (struct sg_tally_judge){.pile = pile, .other = other};
    sg_authority_at_cut(authority, &judge->at);
    judge->facts =
        (struct sg_quality_facts){.context = judge,
                                  .relative = give_relative,
                                  .household = give_household,
                                  .has_code = give_code,
                                  .units = sg_authority_units(authority),
                                  .calendar = sg_authority_calendar(authority),
                                  .today = sg_authority_as_of(authority),
                                  .fields = sg_quality_fields,
                                  .n_fields = sg_quality_n_fields};
    return read_campaigns(judge);
}

void sg_tally_judge_clear(struct sg_tally_judge *judge)
{
    sg_free(judge->campaigns);
    *judge = (struct sg_tally_judge){.n_kin = 0};
}

static const struct sg_uid no_campaign;

static struct sg_tally *tally_of(struct sg_tally_judge *judge,
                                 struct sg_tally_set *set, unsigned what,
                                 unsigned side, const struct sg_uid *campaign,
                                 struct sg_unit_key unit)
{
    const struct wanted wanted = {(uint8_t)(what + side), campaign, unit};
    struct sg_tally *tally = find(set, &judge->pile->arena, &wanted);

    if (tally == NULL)
        judge->err = SG_ERR_NOMEM;
    return tally;
}

/* Notes on whom figures depend. */
static void take_asked(struct sg_tally_judge *judge,
                       const struct sg_quality_asked *asked)
{
    judge->n_kin = 0;
    if (asked->has_mother)
        judge->kin[judge->n_kin++] = asked->mother;
    if (asked->has_father)
        judge->kin[judge->n_kin++] = asked->father;
    if (asked->has_spouse)
        judge->kin[judge->n_kin++] = asked->spouse;
    if (asked->has_household)
        judge->kin[judge->n_kin++] = asked->household;
}

static void count_quality(struct sg_tally_judge *judge,
                          const struct sg_quality_person *person, unsigned side,
                          int sign, struct sg_tally_set *set)
{
    struct sg_tally *tally = tally_of(judge, set, SG_INSIDE_MEASURE, side,
                                      &no_campaign, person->unit);

    if (tally != NULL)
        sg_measure_count((struct sg_measure *)(void *)tally->counts, person,
                         sign);
}

static void count_campaigns(struct sg_tally_judge *judge,
                            const struct sg_subject *subject, unsigned side,
                            int sign, struct sg_tally_set *set)
{
    for (size_t i = 0; i < judge->n_campaigns && judge->err == SG_OK; i++) {
        const struct sg_campaign *campaign = &judge->campaigns[i];
        struct sg_campaign_person person;
        struct sg_tally *tally;

        sg_campaign_judge(campaign, subject, judge->facts.units,
                          judge->facts.today, judge->facts.calendar, &person);
        if (person.standing == SG_CAMPAIGN_ELSEWHERE ||
            person.standing == SG_CAMPAIGN_NOT_ELIGIBLE)
            continue;
        tally = tally_of(judge, set, SG_INSIDE_FUNNEL, side, &campaign->uid,
                         person.unit);
        if (tally != NULL)
            sg_funnel_count((struct sg_funnel *)(void *)tally->counts, campaign,
                            &person, judge->facts.today, sign);
    }
}

static void count_conflicts(struct sg_tally_judge *judge,
                            const struct sg_subject *subject, unsigned side,
                            int sign, struct sg_tally_set *set)
{
    for (size_t i = 0; i < subject->n_conflicts && judge->err == SG_OK; i++) {
        const struct sg_subject_conflict *conflict = &subject->conflicts[i];
        const struct sg_conflict_rule *rule = sg_conflict_get(conflict->rule);
        struct sg_tally *tally;

        if (conflict->state == SG_SUBJECT_DECIDED ||
            rule->owner == SG_CONFLICT_NOBODY)
            continue;
        tally =
            tally_of(judge, set, SG_INSIDE_DISPUTES, side, &no_campaign,
                     sg_conflict_owner(judge->facts.units, subject, conflict));
        if (tally != NULL)
            tally->counts[conflict->rule] += sign;
    }
}

/* Counts all but quality. */
static void count_others(struct sg_tally_judge *judge,
                         const struct sg_subject *subject, unsigned side,
                         int sign, struct sg_tally_set *set)
{
    count_conflicts(judge, subject, side, sign, set);
    if (subject->status != SG_SUBJECT_NO_PERSON)
        count_campaigns(judge, subject, side, sign, set);
}

enum sg_err sg_tally_count(struct sg_tally_judge *judge,
                           const struct sg_subject *subject, unsigned sides,
                           int sign, struct sg_tally_set *set)
{
    struct sg_quality_person person;
    struct sg_quality_asked asked;

    judge->err = SG_OK;
    judge->n_kin = 0;
    if (sides == 0)
        return SG_OK;
    if (subject->status != SG_SUBJECT_NO_PERSON) {
        sg_quality_begin(subject, &judge->facts, &person, &asked);
        take_asked(judge, &asked);
        sg_quality_end(&asked, &judge->facts, &person);
    }
    for (unsigned side = 0; side < 2 && judge->err == SG_OK; side++) {
        if ((sides >> side & 1) == 0)
            continue;
        count_others(judge, subject, side, sign, set);
        if (subject->status != SG_SUBJECT_NO_PERSON)
            count_quality(judge, &person, side, sign, set);
    }
    return judge->err;
}

enum sg_err sg_tally_begin(struct sg_tally_judge *judge,
                           const struct sg_subject *subject, unsigned side,
                           struct sg_tally_set *set,
                           struct sg_tally_wait *ret_wait, bool *ret_is_waiting)
{
    struct sg_tally_wait *wait = ret_wait;

    judge->err = SG_OK;
    judge->n_kin = 0;
    *ret_is_waiting = false;
    count_others(judge, subject, side, 1, set);
    if (subject->status == SG_SUBJECT_NO_PERSON)
        return judge->err;
    memset(wait, 0, sizeof *wait);
    sg_quality_begin(subject, &judge->facts, &wait->person, &wait->asked);
    take_asked(judge, &wait->asked);
    *ret_is_waiting = judge->n_kin > 0;
    if (!*ret_is_waiting)
        count_quality(judge, &wait->person, side, 1, set);
    return judge->err;
}

enum sg_err sg_tally_end(struct sg_tally_judge *judge,
                         const struct sg_tally_wait *wait,
                         const struct sg_quality_facts *facts, unsigned side,
                         struct sg_tally_set *set)
{
    struct sg_quality_person person = wait->person;

    judge->err = SG_OK;
    sg_quality_end(&wait->asked, facts, &person);
    count_quality(judge, &person, side, 1, set);
    return judge->err;
}

/* --- on disk ----------------------------------------------------------- */

struct sg_inside_key sg_tally_key(const struct sg_view *view, unsigned what,
                                  const struct sg_uid *campaign,
                                  struct sg_unit_key unit)
{
    struct sg_inside_key key = {.size = 1 + SG_SEALED_KEY_SIZE};
    uint8_t name[24];

    memcpy(name, campaign->bytes, 16);
    sg_bytes_put_u64be(name + 16, unit.value);
    key.bytes[0] = (uint8_t)what;
    sg_sealed_name(view->sealed, SG_INSIDE_TALLIES, SG_BYTES_ARRAY(name),
                   key.bytes + 1);
    return key;
}

struct sg_inside_key sg_tally_root_key(const struct sg_view *view,
                                       unsigned side, struct sg_unit_key unit,
                                       bool is_all)
{
    struct sg_uid all = {{is_all ? 0xff : 0}};

    return sg_tally_key(view, SG_INSIDE_ROOT + side, &all, unit);
}

enum sg_err sg_tally_decode(struct sg_bytes value, struct sg_unit_key *ret_unit,
                            int64_t *ret_counts, size_t count)
{
    struct sg_reader reader;

    sg_reader_init(&reader, value);
    ret_unit->value = sg_reader_varint(&reader);
    for (size_t i = 0; i < count; i++) {
        uint64_t zigzag = sg_reader_varint(&reader);

        ret_counts[i] = (int64_t)(zigzag >> 1) ^ -(int64_t)(zigzag & 1);
    }
    return sg_reader_end(&reader) == SG_OK ? SG_OK : SG_ERR_DAMAGED;
}

enum sg_err sg_tally_encode(struct sg_unit_key unit, const int64_t *counts,
                            size_t count, struct sg_buf *ret)
{
    struct sg_writer writer;

    sg_writer_init_buf(&writer, ret);
    sg_writer_varint(&writer, unit.value);
    for (size_t i = 0; i < count; i++)
        sg_writer_varint(&writer, (uint64_t)counts[i] << 1 ^
                                      (uint64_t)(counts[i] >> 63));
    return sg_writer_end(&writer);
}

enum sg_err sg_tally_decode_root(struct sg_bytes value,
                                 struct sg_unit_key *ret_unit,
                                 struct sg_state_root *ret_root)
{
    struct sg_reader reader;

    sg_reader_init(&reader, value);
    ret_unit->value = sg_reader_varint(&reader);
    sg_reader_copy(&reader, ret_root->sum.bytes, sizeof ret_root->sum.bytes);
    ret_root->n_rows = sg_reader_varint(&reader);
    ret_root->n_persons = sg_reader_varint(&reader);
    return sg_reader_end(&reader) == SG_OK ? SG_OK : SG_ERR_DAMAGED;
}

enum sg_err sg_tally_encode_root(struct sg_unit_key unit,
                                 const struct sg_state_root *root,
                                 struct sg_buf *ret)
{
    struct sg_writer writer;

    sg_writer_init_buf(&writer, ret);
    sg_writer_varint(&writer, unit.value);
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(root->sum.bytes));
    sg_writer_varint(&writer, root->n_rows);
    sg_writer_varint(&writer, root->n_persons);
    return sg_writer_end(&writer);
}

static bool is_zero(const int64_t *counts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (counts[i] != 0)
            return false;
    return true;
}

void sg_tally_write(const struct sg_view *view, struct sg_txn *txn,
                    const struct sg_tally_set *set, struct sg_buf *scratch)
{
    int64_t counts[SG_TALLY_COUNTS_MAX];

    for (size_t i = 0; i < set->count && sg_txn_err(txn) == SG_OK; i++) {
        const struct sg_tally *tally = set->list[i];
        size_t n = tally->n_counts;
        struct sg_unit_key unit;
        struct sg_inside_key key =
            sg_tally_key(view, tally->what, &tally->campaign, tally->unit);
        enum sg_err err = SG_OK;

        if (is_zero(tally->counts, n))
            continue;
        memset(counts, 0, n * sizeof counts[0]);
        sg_buf_truncate(scratch, 0);
        if (sg_sealed_get(view->sealed, txn, SG_INSIDE_TALLIES,
                          sg_inside_bytes(&key), scratch))
            err = sg_tally_decode(sg_buf_bytes(scratch), &unit, counts, n);
        for (size_t k = 0; k < n; k++)
            counts[k] += tally->counts[k];
        sg_buf_truncate(scratch, 0);
        if (err == SG_OK)
            err = sg_tally_encode(tally->unit, counts, n, scratch);
        if (err != SG_OK)
            (void)sg_txn_fail(txn, err);
        else if (is_zero(counts, n))
            sg_txn_del(txn, SG_INSIDE_TALLIES, sg_inside_bytes(&key));
        else
            sg_sealed_put(view->sealed, txn, SG_INSIDE_TALLIES,
                          sg_inside_bytes(&key), sg_buf_bytes(scratch));
    }
}
