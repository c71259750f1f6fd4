/* Which records officers have endorsed (RECORDS.md, sections 3 and 7.17). */
#include <stdlib.h>
#include <string.h>

#include "tests/merge/replay.h"

/* The records of one subject that are applied without endorses. */
struct shelf {
    struct replay_history *history;
    const unsigned *order;
    unsigned count;
    struct sg_fold_record records[REPLAY_COPIES_MAX];
    const struct sg_fold_record *list[REPLAY_COPIES_MAX];
};

static enum sg_err records_of(void *context, const struct sg_uid *subject,
                              struct sg_unit_key unit,
                              const struct sg_fold_record *const **ret_records,
                              size_t *ret_count)
{
    struct shelf *shelf = context;
    size_t count = 0;

    (void)unit;
    for (unsigned i = 0; i < shelf->count; i++) {
        const struct replay_copy *copy =
            &shelf->history->copies[shelf->order[i]];
        const struct sg_admission_verdict *verdict = &copy->verdict;
        bool is_known = false;

        if (copy->is_statement || verdict->standing != SG_ADMISSION_ADMITTED ||
            sg_uid_compare(&verdict->record.subject, subject) != 0)
            continue;
        for (size_t k = 0; k < count; k++)
            is_known = is_known || memcmp(shelf->records[k].id.bytes,
                                          verdict->id.bytes, 32) == 0;
        if (is_known)
            continue;
        shelf->records[count] = (struct sg_fold_record){
            .id = verdict->id, .inner = verdict->record.inner};
        shelf->list[count] = &shelf->records[count];
        count++;
    }
    *ret_records = shelf->list;
    *ret_count = count;
    return SG_OK;
}

static enum sg_err nobody(void *context, const struct sg_uid *person,
                          const struct sg_uid **ret_persons, size_t *ret_count)
{
    (void)context;
    (void)person;
    *ret_persons = NULL;
    *ret_count = 0;
    return SG_OK;
}

static enum sg_err no_holders(void *context, uint64_t number,
                              const struct sg_uid **ret_persons,
                              size_t *ret_count)
{
    (void)number;
    return nobody(context, NULL, ret_persons, ret_count);
}

static bool no_bridge(void *context, const struct sg_ref *record,
                      const uint8_t **ret_parents, size_t *ret_count)
{
    (void)context;
    (void)record;
    (void)ret_parents;
    (void)ret_count;
    return false;
}

/* Says whether the officer of ENDORSE adjudicates for a home of its subject. */
static bool is_near(struct sg_fold *fold, const struct sg_authority *authority,
                    const struct replay_copy *endorse)
{
    const struct sg_admission_verdict *verdict = &endorse->verdict;
    const struct sg_unit_key *homes;
    struct sg_authority_at at;
    size_t count;

    replay_must(sg_fold_homes(fold, &verdict->record.subject, &homes, &count),
                "homes");
    replay_must(sg_authority_at(authority, verdict->record.copy.position, &at),
                "position");
    for (size_t i = 0; i < count; i++) {
        if (sg_authority_covers(&at, verdict->grant, homes[i]))
            return true;
    }
    return count == 0;
}

/* What ENDORSE says goes to all copies of its parents but its own officer's. */
static void spread(struct replay_history *history, const unsigned *order,
                   unsigned count, const struct sg_record *endorse)
{
    bool is_rejecting = sg_record_uint(endorse, SG_FIELD_ENDORSE_ACT) == 2;

    for (unsigned i = 0; i < count; i++) {
        struct replay_copy *copy = &history->copies[order[i]];
        struct sg_ref ref = sg_ref_of(&copy->verdict.id);

        if (copy->is_statement || !copy->verdict.has_id)
            continue;
        for (unsigned k = 0; k < endorse->n_parents; k++) {
            struct sg_ref parent = sg_record_parent(endorse, k);

            if (sg_ref_compare(&parent, &ref) != 0)
                continue;
            if (is_rejecting)
                copy->copy.endorsement = SG_ADMISSION_REJECTED;
            else if (copy->copy.endorsement == SG_ADMISSION_NOT_ENDORSED &&
                     sg_key_id_compare(&endorse->officer,
                                       &copy->verdict.record.officer) != 0)
                copy->copy.endorsement = SG_ADMISSION_ENDORSED;
        }
    }
}

void replay_endorse(struct replay_history *history, const unsigned *order,
                    unsigned count, const struct sg_authority *authority,
                    const struct sg_fold_world *world)
{
    static struct shelf shelf;
    struct sg_fold_source source = {&shelf, records_of, no_holders, nobody,
                                    no_bridge};
    struct sg_fold *fold;

    shelf.history = history;
    shelf.order = order;
    shelf.count = count;
    replay_must(sg_fold_new(world, &source, &fold), "fold");
    for (unsigned i = 0; i < count; i++) {
        const struct replay_copy *copy = &history->copies[order[i]];

        if (copy->is_statement ||
            copy->verdict.standing != SG_ADMISSION_ADMITTED ||
            copy->verdict.is_above_cut ||
            copy->verdict.record.type != SG_TYPE_ENDORSE ||
            !is_near(fold, authority, copy))
            continue;
        spread(history, order, count, &copy->verdict.record);
    }
    sg_fold_free(fold);
}
