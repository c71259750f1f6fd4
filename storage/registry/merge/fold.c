#include "storage/registry/merge/fold.h"

#include <stdlib.h>
#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/registry/merge/cell.h"
#include "storage/registry/merge/holder.h"
#include "storage/registry/merge/home.h"
#include "storage/registry/merge/ruling.h"
#include "storage/registry/merge/state.h"
#include "storage/registry/merge/status.h"

#define NO_KEY    ((struct sg_bytes){0})
#define PERMANENT 1u
#define OPEN      2u
#define ACTIVE    2u

/* One subject, as one unit reads it, in the making. */
struct view {
    struct sg_fold *fold;
    struct sg_graph *graph;
    struct sg_subject *subject;
    struct sg_subject_object *objects;
    struct sg_disputes disputes;
    struct sg_link_cluster cluster;
    bool is_blocked; /* no card before a number is settled (8.5) */
};

enum sg_err sg_fold_new(const struct sg_fold_world *world,
                        const struct sg_fold_source *source,
                        struct sg_fold **ret_fold)
{
    struct sg_fold *fold = sg_calloc(1, sizeof *fold);

    if (fold == NULL)
        return SG_ERR_NOMEM;
    fold->world = world;
    fold->source = source;
    sg_arena_init(&fold->arena);
    *ret_fold = fold;
    return SG_OK;
}

void sg_fold_free(struct sg_fold *fold)
{
    if (fold == NULL)
        return;
    sg_arena_clear(&fold->arena);
    sg_free(fold);
}

/* --- objects ----------------------------------------------------------- */

static void contend(struct view *view, uint8_t rule, uint8_t field,
                    const struct sg_graph_object *object,
                    struct sg_bytes element, uint32_t node)
{
    const struct sg_dispute_key key = {
        .rule = rule,
        .field = field,
        .type = object != NULL ? (uint8_t)object->type : 0,
        .object = object != NULL ? object->key : NO_KEY,
        .element = element};

    sg_dispute_add(&view->disputes, &key, &view->graph->records[node].ref);
}

/* C05, C16. */
static void contend_for_cells(struct view *view,
                              const struct sg_graph_object *object,
                              const struct sg_subject_object *made)
{
    for (size_t i = 0; i < made->n_cells; i++) {
        const struct sg_subject_cell *cell = &made->cells[i];
        struct sg_bytes element = cell->element;

        if ((cell->flags & SG_SUBJECT_CONFLICT) == 0)
            continue;
        if (element.size > 0)
            element = sg_bytes(element.data + 2, element.size - 2);
        for (size_t k = 0; k < cell->n_heads; k++)
            contend(view, cell->merge == 'I' ? 5 : 16, cell->field, object,
                    element,
                    (uint32_t)(cell->heads[k].record - view->graph->records));
    }
}

/* C17, C18. */
static void contend_for_state(struct view *view,
                              const struct sg_graph_object *object,
                              const struct sg_state_result *result)
{
    for (size_t i = 0; i < result->illegal.count; i++)
        contend(view, 17, SG_FIELD_COMMON_STATE, object, NO_KEY,
                result->illegal.nodes[i]);
    for (size_t i = 0; result->has_conflict && i < result->heads.count; i++)
        contend(view, 18, SG_FIELD_COMMON_STATE, object, NO_KEY,
                result->heads.nodes[i]);
}

static const struct sg_subject_record *opening_of(
    const struct sg_graph *graph, const struct sg_graph_object *object)
{
    for (uint32_t i = 0; i < object->n_members; i++) {
        const struct sg_graph_node *node = &graph->nodes[object->members[i]];

        if (node->in != NULL && node->is_opening)
            return &graph->records[object->members[i]];
    }
    return NULL;
}

static enum sg_err make_object(struct view *view,
                               struct sg_graph_object *object,
                               struct sg_subject_object *ret)
{
    struct sg_graph *graph = view->graph;
    struct sg_state_result result;
    enum sg_err err;

    *ret = (struct sg_subject_object){.type = object->type,
                                      .key = object->key,
                                      .opening = opening_of(graph, object)};
    err = sg_cell_merge(graph, object, &ret->cells, &ret->n_cells);
    if (err == SG_OK)
        err = sg_state_judge(
            graph, object, object->type == SG_TYPE_DOSSIER && view->is_blocked,
            &result);
    if (err != SG_OK)
        return err;
    ret->state = object->state;
    if (object->state_by != SG_GRAPH_NONE)
        ret->state_by = &graph->records[object->state_by];
    contend_for_cells(view, object, ret);
    contend_for_state(view, object, &result);
    return SG_OK;
}

/* V05: a birth date without its day blocks the card. */
static bool lacks_day(const struct sg_subject *subject)
{
    struct sg_date birth = {(uint32_t)sg_subject_stands_uint(
        sg_subject_find(subject, SG_TYPE_PERSON, NO_KEY), SG_FIELD_PERSON_BIRTH,
        0)};

    return birth.ymd != 0 && sg_date_precision(birth) != SG_DATE_YMD;
}

static enum sg_err make_objects(struct view *view)
{
    struct sg_graph *graph = view->graph;
    struct sg_subject *subject = view->subject;

    view->objects = sg_arena_take(&view->fold->arena, graph->n_objects,
                                  sizeof *view->objects);
    if (view->objects == NULL)
        return SG_ERR_NOMEM;
    subject->objects = view->objects;
    /* Persons come first: what blocks a dossier is known when it comes. */
    for (size_t i = 0; i < graph->n_objects; i++) {
        enum sg_err err;

        if (graph->objects[i].type == SG_TYPE_DOSSIER && lacks_day(subject))
            view->is_blocked = true;
        err = make_object(view, &graph->objects[i], &view->objects[i]);
        if (err != SG_OK)
            return err;
        subject->n_objects++;
    }
    return SG_OK;
}

/* --- what concerns the whole subject ----------------------------------- */

/* C05 of two active numbers. */
static enum sg_err contend_for_numbers(struct view *view)
{
    const struct sg_dispute_key key = {
        .rule = 5, .field = SG_FIELD_PIN_NUMBER, .type = SG_TYPE_PIN};
    struct sg_graph *graph = view->graph;
    size_t n_active = 0;

    for (size_t i = 0; i < graph->n_objects; i++)
        n_active += graph->objects[i].type == SG_TYPE_PIN &&
                    graph->objects[i].state == ACTIVE;
    for (size_t i = 0; n_active > 1 && i < graph->n_objects; i++) {
        struct sg_graph_list openings;
        enum sg_err err;

        if (graph->objects[i].type != SG_TYPE_PIN ||
            graph->objects[i].state != ACTIVE)
            continue;
        err = sg_graph_openings(graph, &graph->objects[i], &openings);
        if (err != SG_OK)
            return err;
        for (size_t k = 0; k < openings.count; k++)
            sg_dispute_add(&view->disputes, &key,
                           &graph->records[openings.nodes[k]].ref);
    }
    return SG_OK;
}

static uint32_t effective_of(const struct sg_subject_object *residence)
{
    return residence->opening != NULL ? residence->opening->effective.ymd : 0;
}

/* Finds the residence that stands, of those that are open and permanent; C07
 * when there are several. */
static const struct sg_subject_object *find_residence(struct view *view)
{
    const struct sg_dispute_key key = {.rule = 7, .type = SG_TYPE_RESIDENCE};
    const struct sg_subject_object *best = NULL;
    size_t count, n_open = 0;
    const struct sg_subject_object *residences =
        sg_subject_objects(view->subject, SG_TYPE_RESIDENCE, &count);

    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < count; i++) {
            const struct sg_subject_object *at = &residences[i];
            struct sg_ref ref;

            if (at->state != OPEN ||
                sg_subject_stands_uint(at, SG_FIELD_RESIDENCE_KIND, 0) !=
                    PERMANENT)
                continue;
            n_open += pass == 0;
            if (best == NULL || effective_of(at) >= effective_of(best))
                best = at; /* keys ascend */
            memcpy(ref.bytes, at->key.data, sizeof ref.bytes);
            if (pass > 0 && n_open > 1)
                sg_dispute_add(&view->disputes, &key, &ref);
        }
    return best;
}

/* Finds where he lives. */
static void find_home(struct view *view)
{
    struct sg_subject *subject = view->subject;
    const struct sg_subject_object *residence = find_residence(view);
    const struct sg_subject_object *person =
        sg_subject_find(subject, SG_TYPE_PERSON, NO_KEY);
    struct sg_unit_key unit = {0};

    subject->household_unit.value = sg_subject_stands_uint(
        sg_subject_find(subject, SG_TYPE_HOUSEHOLD, NO_KEY),
        SG_FIELD_HOUSEHOLD_UNIT, 0);
    subject->has_residence = residence != NULL;
    if (residence != NULL) {
        memcpy(subject->residence.bytes, residence->key.data,
               sizeof subject->residence.bytes);
        unit.value =
            sg_subject_stands_uint(residence, SG_FIELD_RESIDENCE_UNIT, 0);
    }
    subject->has_home = unit.value != 0;
    if (subject->has_home) {
        struct sg_home_place place = sg_home_carry(view->fold->world, subject,
                                                   &subject->residence, unit);

        subject->unit = place.unit;
        if (place.is_pending)
            subject->marks |= SG_SUBJECT_REHOMING;
        return;
    }
    subject->unit.value = sg_subject_stands_uint(
        person, SG_FIELD_PERSON_REGISTERED, subject->household_unit.value);
}

/* Says whether a decision clears NODE of the mark of RULE. */
static bool is_cleared(const struct sg_graph *graph, uint32_t node,
                       unsigned rule)
{
    for (size_t i = 0; i < graph->ruling->n_decisions; i++) {
        const struct sg_ruling_decision *decision =
            &graph->ruling->decisions[i];

        if (decision->stands && decision->act == SG_RULING_CLEAR &&
            decision->rule == rule &&
            sg_ruling_names(&graph->nodes[decision->node],
                            graph->records[node].ref.bytes))
            return true;
    }
    return false;
}

/* C08, C13, C14. */
static void contend_for_marks(struct view *view)
{
    const struct sg_graph *graph = view->graph;

    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        unsigned marks = i < graph->n_real ? graph->nodes[i].in->marks : 0;

        if (graph->records[i].is_frozen) {
            contend(view, 8, 0, NULL, NO_KEY, i);
            view->subject->marks |= SG_SUBJECT_FROZEN;
        }
        if ((marks & SG_FOLD_LATE) != 0 && !is_cleared(graph, i, 13)) {
            contend(view, 13, 0, NULL, NO_KEY, i);
            view->subject->marks |= SG_SUBJECT_LATE;
        }
        if ((marks & SG_FOLD_FORKED) != 0 && !is_cleared(graph, i, 14)) {
            contend(view, 14, 0, NULL, NO_KEY, i);
            view->subject->marks |= SG_SUBJECT_FORKED;
        }
    }
}

/* C11. */
static void contend_for_rulings(struct view *view)
{
    const struct sg_graph *graph = view->graph;

    for (size_t i = 0; i < graph->ruling->n_clashes; i++) {
        const struct sg_ruling_clash *clash = &graph->ruling->clashes[i];
        uint32_t object = graph->nodes[clash->record].object;
        const struct sg_dispute_key key = {
            .rule = 11,
            .field = clash->field,
            .type = (uint8_t)graph->records[clash->record].type,
            .object =
                object != SG_GRAPH_NONE ? graph->objects[object].key : NO_KEY,
            .element =
                clash->element != NULL ? sg_bytes(clash->element, 16) : NO_KEY};

        sg_dispute_add(&view->disputes, &key,
                       &graph->records[clash->decision].ref);
    }
}

/* C12: listed, never in a row. */
static void list_quarantined(struct view *view)
{
    const struct sg_dispute_key key = {.rule = 12};

    for (size_t i = 0; i < view->graph->n_given; i++) {
        const struct sg_fold_record *record = view->graph->given[i];
        struct sg_ref ref = sg_ref_of(&record->id);

        if ((record->marks & SG_FOLD_QUARANTINED) != 0)
            sg_dispute_add(&view->disputes, &key, &ref);
    }
}

static enum sg_subject_status status_of(const struct view *view)
{
    const struct sg_subject *subject = view->subject;
    unsigned state = sg_status_of(view->graph);

    if (sg_subject_find(subject, SG_TYPE_PERSON, NO_KEY) == NULL)
        return SG_SUBJECT_NO_PERSON;
    if (state == SG_STATUS_VOID)
        return SG_SUBJECT_VOID;
    if (state == SG_STATUS_DEAD || state == SG_STATUS_DECLARED)
        return SG_SUBJECT_DECEASED;
    if (sg_uid_compare(&subject->canonical, &subject->uid) != 0)
        return SG_SUBJECT_MERGED;
    if (state == SG_STATUS_MISSING)
        return SG_SUBJECT_MISSING;
    return state == SG_STATUS_ABROAD ? SG_SUBJECT_ABROAD : SG_SUBJECT_ACTIVE;
}

/* --- one view ---------------------------------------------------------- */

/* Who is linked to him, and who has his numbers. */
static enum sg_err look_around(struct view *view)
{
    bool is_open = false, has_open_pair = false;
    enum sg_err err = sg_link_cluster(view->graph, &view->cluster);

    if (err == SG_OK)
        err = sg_link_open_pairs(view->graph, &view->disputes, &has_open_pair);
    if (err == SG_OK)
        err = sg_holder_find(view->graph, &view->cluster, &view->disputes,
                             &is_open);
    if (err != SG_OK)
        return err;
    view->is_blocked = is_open;
    view->subject->canonical = view->cluster.canonical;
    if (has_open_pair)
        view->subject->marks |= SG_SUBJECT_DUPLICATE;
    return SG_OK;
}

/* Takes the flag of a conflict from the cells of which it is decided. */
static void unflag_decided(struct view *view)
{
    const struct sg_subject *subject = view->subject;

    for (size_t i = 0; i < subject->n_conflicts; i++) {
        const struct sg_subject_conflict *conflict = &subject->conflicts[i];
        const struct sg_subject_object *object;

        if (conflict->state != SG_SUBJECT_DECIDED ||
            (conflict->rule != 5 && conflict->rule != 16))
            continue;
        object = sg_subject_find(subject, (enum sg_type)conflict->type,
                                 conflict->object);
        for (size_t k = 0; object != NULL && k < object->n_cells; k++) {
            /* They are ours as long as the fold is. */
            struct sg_subject_cell *cell =
                (struct sg_subject_cell *)(uintptr_t)&object->cells[k];

            if (cell->field == conflict->field &&
                (conflict->element.size == 0 ||
                 memcmp(cell->element.data + 2, conflict->element.data, 16) ==
                     0))
                cell->flags &= (uint8_t)~SG_SUBJECT_CONFLICT;
        }
    }
}

static enum sg_err conclude(struct view *view)
{
    struct sg_subject *subject = view->subject;
    enum sg_err err = contend_for_numbers(view);

    if (err != SG_OK)
        return err;
    find_home(view);
    contend_for_marks(view);
    contend_for_rulings(view);
    list_quarantined(view);
    subject->status = status_of(view);
    if (subject->status == SG_SUBJECT_DECEASED)
        subject->death = view->graph->death;
    subject->records = view->graph->records;
    subject->n_records = view->graph->n_real;
    subject->n_left_out = view->graph->n_left_out;
    if (view->disputes.count == 0 && view->disputes.n_holders == 0 &&
        view->graph->ruling->n_decisions == 0 && !view->disputes.is_full)
        return SG_OK;
    err = sg_dispute_settle(&view->disputes, &subject->conflicts,
                            &subject->n_conflicts);
    if (err == SG_OK)
        unflag_decided(view);
    return err;
}

/* Folds UID as UNIT reads it. */
static enum sg_err see(struct sg_fold *fold, const struct sg_uid *uid,
                       struct sg_unit_key unit, struct sg_subject **ret)
{
    struct view view = {.fold = fold};
    enum sg_err err = sg_status_load(fold, uid, unit, &view.graph);

    if (err != SG_OK)
        return err;
    view.disputes.graph = view.graph;
    view.subject = sg_arena_take_zero(&fold->arena, 1, sizeof *view.subject);
    if (view.subject == NULL)
        return SG_ERR_NOMEM;
    view.subject->uid = *uid;
    err = look_around(&view);
    if (err == SG_OK)
        err = make_objects(&view);
    if (err == SG_OK)
        err = conclude(&view);
    *ret = view.subject;
    return err;
}

/* --- two views --------------------------------------------------------- */

/* Says whether UNIT reads the same of all who have been loaded as the country
 * does. */
static enum sg_err reads_alike(const struct sg_fold *fold,
                               struct sg_unit_key unit, bool *ret)
{
    const struct sg_fold_source *source = fold->source;

    *ret = true;
    for (const struct sg_graph *graph = fold->loaded; graph != NULL && *ret;
         graph = graph->next) {
        const struct sg_fold_record *const *given;
        size_t count;
        enum sg_err err = source->records(source->context, &graph->subject,
                                          unit, &given, &count);

        if (err != SG_OK)
            return err;
        *ret = given == graph->given && count == graph->n_given;
    }
    return SG_OK;
}

/* Gives SUBJECT the numbers held twice as ALL, the centre's view, has them. */
static enum sg_err take_numbers(struct sg_fold *fold,
                                struct sg_subject *subject,
                                const struct sg_subject *all)
{
    struct sg_subject_conflict *conflicts =
        sg_arena_take(&fold->arena, subject->n_conflicts + all->n_conflicts,
                      sizeof *conflicts);
    size_t count = 0;

    if (conflicts == NULL)
        return SG_ERR_NOMEM;
    for (size_t i = 0; i < subject->n_conflicts; i++)
        if (subject->conflicts[i].rule < 9)
            conflicts[count++] = subject->conflicts[i];
    for (size_t i = 0; i < all->n_conflicts; i++)
        if (all->conflicts[i].rule == 9)
            conflicts[count++] = all->conflicts[i];
    for (size_t i = 0; i < subject->n_conflicts; i++)
        if (subject->conflicts[i].rule > 9)
            conflicts[count++] = subject->conflicts[i];
    subject->conflicts = conflicts;
    subject->n_conflicts = count;
    return SG_OK;
}

static void begin(struct sg_fold *fold)
{
    fold->loaded = NULL;
    sg_arena_reset(&fold->arena);
}

enum sg_err sg_fold_subject(struct sg_fold *fold, const struct sg_uid *subject,
                            const struct sg_subject **ret)
{
    struct sg_subject *all, *own;
    bool is_alike = true;
    enum sg_err err;

    begin(fold);
    err = see(fold, subject, SG_UNIT_COUNTRY, &all);
    if (err == SG_OK && all->unit.value != 0)
        err = reads_alike(fold, all->unit, &is_alike);
    if (err != SG_OK)
        return err;
    *ret = all;
    if (is_alike)
        return SG_OK;
    err = see(fold, subject, all->unit, &own);
    if (err == SG_OK)
        err = take_numbers(fold, own, all);
    if (err != SG_OK)
        return err;
    own->unit = all->unit;
    own->household_unit = all->household_unit;
    own->has_home = all->has_home;
    *ret = own;
    return SG_OK;
}

enum sg_err sg_fold_homes(struct sg_fold *fold, const struct sg_uid *subject,
                          const struct sg_unit_key **ret_units,
                          size_t *ret_count)
{
    struct sg_graph *graph;
    enum sg_err err;

    begin(fold);
    err = sg_graph_load(fold, subject, SG_UNIT_COUNTRY, &graph);
    if (err != SG_OK)
        return err;
    *ret_units = graph->homes;
    *ret_count = graph->n_homes;
    return SG_OK;
}
