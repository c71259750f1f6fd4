#include "node/view/endorse.h"

#include <string.h>

#include "node/view/said.h"
#include "storage/base/alloc.h"
#include "storage/registry/merge/mention.h"

/* A copy of an endorse, and where its subject is at home. */
struct voice {
    uint32_t log;
    uint64_t index;
    struct sg_unit_key *homes;
    size_t n_homes;
};

/* What is said of a record. */
struct word {
    struct sg_ref ref;
    struct sg_key_id officer;
    bool is_rejecting;
};

struct hearing {
    struct sg_apply *apply;
    struct voice *voices;
    size_t n_voices, voices_capacity;
    struct word *words;
    size_t n_words, words_capacity;
};

/* --- who speaks -------------------------------------------------------- */

/* Keeps the copies of endorses of SHEET that count without any endorse. */
static enum sg_err hear(void *context, struct sg_pile_sheet *sheet)
{
    struct hearing *hearing = context;
    struct sg_view_reader *desk = hearing->apply->view->own;
    const struct sg_unit_key *homes;
    struct sg_unit_key *kept;
    size_t count;
    enum sg_err err;

    desk->pile.time = SG_PILE_FIRST;
    err = sg_fold_homes(desk->fold, &sheet->now.uid, &homes, &count);
    desk->pile.time = SG_PILE_NOW;
    if (err != SG_OK)
        return err;
    kept = sg_arena_take(&hearing->apply->arena, count + 1, sizeof *kept);
    if (kept == NULL)
        return SG_ERR_NOMEM;
    if (count > 0)
        memcpy(kept, homes, count * sizeof *kept);
    for (size_t i = 0; i < sheet->now.n_records; i++) {
        const struct sg_sheet_record *record = &sheet->now.records[i];

        if (sg_mention_type(record->inner) != SG_TYPE_ENDORSE)
            continue;
        for (size_t k = 0; k < record->n_copies; k++) {
            const struct sg_sheet_copy *copy = &record->copies[k];

            if ((copy->flags & (SG_SHEET_FIRST | SG_SHEET_ABOVE)) !=
                SG_SHEET_FIRST)
                continue;
            if (!sg_alloc_grow((void **)&hearing->voices, hearing->n_voices,
                               &hearing->voices_capacity,
                               sizeof *hearing->voices))
                return SG_ERR_NOMEM;
            hearing->voices[hearing->n_voices++] =
                (struct voice){copy->log, copy->index, kept, count};
        }
    }
    return SG_OK;
}

static enum sg_err find_voices(struct sg_txn *txn, void *context)
{
    struct hearing *hearing = context;
    struct sg_pile *pile = &hearing->apply->view->own->pile;
    struct sg_inside_key prefix = sg_inside_name(
        pile->view, SG_INSIDE_PAIRS, SG_BYTES_ARRAY(sg_index_endorse.bytes));

    pile->txn = txn;
    return sg_pile_each(pile, SG_INSIDE_PAIRS, &prefix, hear, hearing);
}

/* --- what is said ------------------------------------------------------ */

/* Says whether the officer adjudicates for a home of the subject. */
static bool is_near(const struct hearing *hearing, const struct voice *voice,
                    const struct sg_admission_verdict *verdict)
{
    struct sg_authority_at at;

    if (verdict->grant == NULL ||
        sg_authority_at(sg_said_authority(hearing->apply->view->said),
                        verdict->record.copy.position, &at) != SG_OK)
        return false;
    for (size_t i = 0; i < voice->n_homes; i++)
        if (sg_authority_covers(&at, verdict->grant, voice->homes[i]))
            return true;
    return voice->n_homes == 0;
}

static enum sg_err add_words(struct hearing *hearing, const struct voice *voice)
{
    struct sg_admission_verdict verdict;
    const struct sg_record *record = &verdict.record;
    enum sg_err err =
        sg_apply_look(hearing->apply, voice->log, voice->index, &verdict);

    if (err == SG_ERR_NOTFOUND)
        return SG_OK;
    if (err != SG_OK || record->type != SG_TYPE_ENDORSE ||
        !is_near(hearing, voice, &verdict))
        return err;
    for (unsigned i = 0; i < record->n_parents; i++) {
        if (!sg_alloc_grow((void **)&hearing->words, hearing->n_words,
                           &hearing->words_capacity, sizeof *hearing->words))
            return SG_ERR_NOMEM;
        hearing->words[hearing->n_words++] =
            (struct word){sg_record_parent(record, i), record->officer,
                          sg_record_uint(record, SG_FIELD_ENDORSE_ACT) == 2};
    }
    return SG_OK;
}

/* What is said of the copy ABOVE; act 2 beats act 1, and nobody endorses his
 * own. */
static enum sg_err judge(struct hearing *hearing,
                         const struct sg_inside_above *above,
                         uint8_t *ret_endorsement)
{
    struct sg_admission_verdict verdict;
    bool is_known = false;
    enum sg_err err = SG_OK;

    *ret_endorsement = SG_ADMISSION_NOT_ENDORSED;
    for (size_t i = 0; i < hearing->n_words && err == SG_OK; i++) {
        const struct word *word = &hearing->words[i];

        if (sg_ref_compare(&word->ref, &above->ref) != 0)
            continue;
        if (word->is_rejecting) {
            *ret_endorsement = SG_ADMISSION_REJECTED;
            return SG_OK;
        }
        if (!is_known)
            err = sg_apply_look(hearing->apply, above->log, above->index,
                                &verdict);
        is_known = true;
        if (err == SG_OK &&
            sg_key_id_compare(&word->officer, &verdict.record.officer) != 0)
            *ret_endorsement = SG_ADMISSION_ENDORSED;
    }
    return err == SG_ERR_NOTFOUND ? SG_OK : err;
}

static enum sg_err judge_all(struct hearing *hearing)
{
    struct sg_view *view = hearing->apply->view;
    enum sg_err err = SG_OK;

    for (size_t i = 0; i < hearing->n_voices && err == SG_OK; i++)
        err = add_words(hearing, &hearing->voices[i]);
    for (size_t i = 0; i < view->n_above && err == SG_OK; i++) {
        const struct sg_inside_above above = view->above[i];
        uint8_t endorsement;

        err = judge(hearing, &above, &endorsement);
        if (err == SG_OK && endorsement != above.endorsement)
            err = sg_apply_again(hearing->apply, above.log, above.index,
                                 endorsement);
    }
    return err;
}

enum sg_err sg_endorse_all(struct sg_apply *apply)
{
    struct hearing hearing = {.apply = apply};
    enum sg_err err = SG_OK;

    if (apply->view->n_above > 0)
        err = sg_sealed_read(apply->view->sealed, find_voices, &hearing);
    sg_pile_reset(&apply->view->own->pile);
    if (err == SG_OK && apply->view->n_above > 0)
        err = judge_all(&hearing);
    sg_free(hearing.voices);
    sg_free(hearing.words);
    return err;
}
