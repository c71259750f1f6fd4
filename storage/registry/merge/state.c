#include "storage/registry/merge/state.h"

#include <stdlib.h>
#include <string.h>

#include "storage/registry/merge/handed.h"
#include "storage/registry/merge/ruling.h"

#define DUPLICATE_OPEN  1u
#define RESIDENCE_ASKED 1u
#define CARD_ACCEPTED   4u

/* One record or decision that would set a state. */
struct step {
    uint32_t node;
    const uint64_t *row; /* of its ancestors, and what handovers put there */
    uint32_t place;      /* in the order, ancestors first */
    uint8_t state;
    bool is_given;  /* legal from anywhere: chosen, handed over */
    bool is_ruling; /* by a decision: when illegal it is no C17 */
    bool is_legal;
    uint32_t refused;   /* states, bits, of the openings that it refuses */
    uint32_t only_from; /* states, bits, that a ruling may start from */
};

struct machine {
    struct sg_graph *graph;
    const struct sg_graph_object *object;
    const struct sg_machine *table;
    bool is_blocked;
    struct step *steps;
    size_t n_steps;
};

/* --- who would set one ------------------------------------------------- */

/* Returns the state that a ruling ACT sets in objects of TYPE; 0: none. */
static unsigned ruled_state(enum sg_type type, unsigned act)
{
    bool approves = act == SG_RULING_APPROVE;

    if (type == SG_TYPE_DUPLICATE && act >= SG_RULING_SAME)
        return act - SG_RULING_SAME + 2; /* same, different, deferred */
    if (act > SG_RULING_REFUSE)
        return 0;
    switch (type) {
    case SG_TYPE_RESIDENCE:
        return approves ? 2 : 4;
    case SG_TYPE_DOSSIER:
        return approves ? 2 : 5;
    case SG_TYPE_EXCLUSION:
        return approves ? 2 : 3;
    case SG_TYPE_REQUEST:
        return approves ? 3 : 4;
    default:
        return 0;
    }
}

/* Says whether NODE opens the object, by its own bytes; of a record that was
 * handed over, whether its ref is the object's key, or it is about a pair. */
static bool opens(const struct machine *machine, uint32_t node)
{
    const struct sg_graph *graph = machine->graph;

    if (graph->nodes[node].in != NULL)
        return graph->nodes[node].is_opening;
    return machine->object->type == SG_TYPE_DUPLICATE ||
           sg_bytes_equal(SG_BYTES_ARRAY(graph->records[node].ref.bytes),
                          machine->object->key);
}

static unsigned written_state(const struct machine *machine, uint32_t node)
{
    const struct sg_graph_node *record = &machine->graph->nodes[node];

    if (machine->object->type == SG_TYPE_DUPLICATE)
        return opens(machine, node) ? DUPLICATE_OPEN : 0;
    return (unsigned)sg_graph_uint(record, SG_FIELD_COMMON_STATE, 0);
}

/* Adds STEP, or only counts it as long as there is no room yet. */
static void push(struct machine *machine, struct step step)
{
    if (machine->steps != NULL)
        machine->steps[machine->n_steps] = step;
    machine->n_steps++;
}

static void add_records(struct machine *machine)
{
    const struct sg_graph *graph = machine->graph;

    for (uint32_t i = 0; i < machine->object->n_members; i++) {
        uint32_t node = machine->object->members[i];
        unsigned state;

        if (graph->nodes[node].in == NULL || !sg_graph_sets(graph, node))
            continue;
        state = written_state(machine, node);
        if (state != 0)
            push(machine, (struct step){.node = node, .state = (uint8_t)state});
    }
}

/* Returns the state, as a bit, that the opening NODE says; bit 0 for none. */
static uint32_t said_state(const struct machine *machine, uint32_t node)
{
    struct sg_bytes handed;
    struct sg_cursor cursor;

    if (machine->graph->nodes[node].in != NULL)
        return UINT32_C(1) << written_state(machine, node);
    handed = sg_handed_value(machine->graph, node, SG_FIELD_COMMON_STATE);
    if (handed.size == 0 || sg_cursor_is_nil(handed.data))
        return 1;
    cursor.at = handed.data;
    if (machine->object->type == SG_TYPE_DUPLICATE)
        (void)sg_cursor_array(&cursor);
    return UINT32_C(1) << sg_cursor_uint(&cursor);
}

/* Says whether DECISION rules on a record that opens the object; adds the
 * states of those that are refused to *REFUSED. */
static bool rules_on(const struct machine *machine,
                     const struct sg_graph_node *decision, uint32_t *refused)
{
    const struct sg_graph *graph = machine->graph;
    uint32_t object = (uint32_t)(machine->object - graph->objects);
    bool rules = false;

    for (uint32_t i = 0; i < decision->n_links; i++) {
        uint32_t link = decision->links[i];

        if (graph->nodes[link].object != object || !opens(machine, link))
            continue;
        rules = true;
        if (graph->records[link].is_refused)
            *refused |= said_state(machine, link);
    }
    return rules;
}

static void add_decisions(struct machine *machine)
{
    const struct sg_graph *graph = machine->graph;
    uint32_t object = (uint32_t)(machine->object - graph->objects);
    size_t count;
    const struct sg_ruling_touch *touches =
        sg_ruling_touching(graph, object, &count);

    for (size_t i = 0; i < count; i++) {
        const struct sg_ruling_decision *decision =
            &graph->ruling->decisions[touches[i].decision];
        unsigned state = ruled_state(machine->object->type, decision->act);
        struct step step = {.node = decision->node,
                            .is_ruling = true,
                            .state = (uint8_t)state,
                            .only_from = UINT32_MAX};

        if (decision->chosen != SG_GRAPH_NONE && !decision->is_dropped &&
            decision->field == SG_FIELD_COMMON_STATE &&
            graph->nodes[decision->chosen].object == object) {
            struct sg_cursor cursor = {decision->value.data};

            step.state = (uint8_t)sg_cursor_uint(&cursor);
            step.is_given = true;
        } else if (state == 0 ||
                   !rules_on(machine, &graph->nodes[decision->node],
                             &step.refused)) {
            continue;
        }
        if (decision->act != SG_RULING_REFUSE)
            step.refused = 0;
        if (machine->object->type == SG_TYPE_RESIDENCE &&
            decision->act == SG_RULING_APPROVE)
            step.only_from = 1u << RESIDENCE_ASKED;
        push(machine, step);
    }
}

/* States that handovers bring of records that are not held: of each the
 * smallest handover's. */
static void add_handed(struct machine *machine)
{
    const struct sg_graph *graph = machine->graph;
    size_t count;
    const struct sg_handed_head *heads = sg_handed_heads(
        graph, machine->object->type, machine->object->key, &count);

    for (size_t i = 0; i < count; i++) {
        struct sg_cursor cursor = {heads[i].value.data};
        uint32_t first;

        if (heads[i].field != SG_FIELD_COMMON_STATE ||
            (i > 0 && heads[i - 1].field == SG_FIELD_COMMON_STATE &&
             memcmp(heads[i - 1].ref, heads[i].ref, 16) == 0) ||
            sg_cursor_is_nil(heads[i].value.data) ||
            sg_graph_find(graph, heads[i].ref, &first) == 0 ||
            first < graph->n_real || !sg_graph_sets(graph, first))
            continue;
        if (machine->object->type == SG_TYPE_DUPLICATE)
            (void)sg_cursor_array(&cursor);
        push(machine, (struct step){.node = first,
                                    .state = (uint8_t)sg_cursor_uint(&cursor),
                                    .is_given = true});
    }
}

static int by_place(const void *a, const void *b)
{
    const struct step *left = a, *right = b;

    return (left->place > right->place) - (left->place < right->place);
}

/* Gives each step its place in the order, and its ancestors. */
static enum sg_err relate(struct machine *machine)
{
    struct sg_graph *graph = machine->graph;
    struct sg_arena *arena = &graph->fold->arena;
    struct sg_handed_setter *setters =
        sg_arena_take(arena, machine->n_steps, sizeof *setters);
    enum sg_err err;

    if (setters == NULL)
        return SG_ERR_NOMEM;
    for (size_t i = 0; i < machine->n_steps; i++) {
        struct step *step = &machine->steps[i];

        step->place = graph->places[step->node];
        setters[i].node = step->node;
        setters[i].row = sg_graph_row(graph, graph->live, step->node);
    }
    err = sg_handed_overlay(graph, machine->object, SG_FIELD_COMMON_STATE, NULL,
                            setters, machine->n_steps);
    for (size_t i = 0; i < machine->n_steps; i++)
        machine->steps[i].row = setters[i].row;
    return err;
}

static enum sg_err list_steps(struct machine *machine)
{
    for (int pass = 0; pass < 2; pass++) {
        size_t count = machine->n_steps;

        machine->n_steps = 0;
        if (pass > 0)
            machine->steps = sg_arena_take(&machine->graph->fold->arena, count,
                                           sizeof *machine->steps);
        if (pass > 0 && machine->steps == NULL)
            return SG_ERR_NOMEM;
        add_records(machine);
        add_decisions(machine);
        add_handed(machine);
        if (machine->n_steps == 0)
            return SG_OK;
    }
    enum sg_err err = relate(machine);

    if (err == SG_OK && machine->n_steps > 1)
        qsort(machine->steps, machine->n_steps, sizeof machine->steps[0],
              by_place);
    return err;
}

/* --- which are legal --------------------------------------------------- */

/* Returns the states, as bits, of the nearest ancestors of step AT that set one
 * legally, or of what it refuses; bit 0 when there is none. COVERED is room for
 * a row. */
static uint32_t states_from(const struct machine *machine, size_t at,
                            uint64_t *covered)
{
    const struct sg_graph *graph = machine->graph;
    const struct step *step = &machine->steps[at];
    const uint64_t *row = sg_graph_row(graph, graph->live, step->node);
    uint32_t from = 0;

    if (step->refused != 0)
        return step->refused;
    memset(covered, 0, graph->n_words * sizeof *covered);
    for (size_t i = at; i > 0; i--) {
        const struct step *above = &machine->steps[i - 1];
        const uint64_t *more = sg_graph_row(graph, graph->live, above->node);

        if (!above->is_legal || !sg_graph_bit(row, above->node) ||
            sg_graph_bit(covered, above->node))
            continue;
        from |= UINT32_C(1) << above->state;
        for (size_t w = 0; w < graph->n_words; w++)
            covered[w] |= more[w];
    }
    return from != 0 ? from : 1;
}

static bool is_blocked(const struct machine *machine, unsigned state)
{
    return machine->is_blocked && state >= CARD_ACCEPTED && state != 5 &&
           state != 10 && state != 12;
}

static bool may_write(const struct machine *machine, const struct step *step)
{
    unsigned roles = machine->graph->nodes[step->node].in->roles;

    return sg_machine_may_write(machine->table, step->state, roles);
}

/* Says whether a ruling may take the object on from one of FROM. */
static bool may_rule(const struct machine *machine, const struct step *step,
                     uint32_t from)
{
    from &= step->only_from;
    for (unsigned i = 0; i < machine->table->n_states; i++)
        if ((from >> i & 1) != 0 &&
            (machine->table->states[i].next >> step->state & 1) != 0)
            return true;
    return false;
}

static bool is_legal(const struct machine *machine, const struct step *step,
                     uint32_t from)
{
    if (sg_machine_state(machine->table, step->state) == NULL)
        return false;
    if (step->is_given)
        return true;
    if (step->is_ruling)
        return may_rule(machine, step, from);
    if (!may_write(machine, step) || is_blocked(machine, step->state))
        return false;
    if (machine->graph->nodes[step->node].has_unheld_parent)
        return true;
    for (unsigned i = 0; i < machine->table->n_states; i++)
        if ((from >> i & 1) != 0 &&
            sg_machine_allows(machine->table, i, step->state))
            return true;
    return false;
}

/* --- what stands ------------------------------------------------------- */

/* Says whether STATE can be reached from all of STATES, bits. */
static bool is_reached(const struct machine *machine, uint32_t states,
                       unsigned state)
{
    for (unsigned i = 0; i < machine->table->n_states; i++)
        if (i != state && (states >> i & 1) != 0 &&
            !sg_machine_reaches(machine->table, i, state))
            return false;
    return true;
}

/* Returns the state that stands of several, bits. */
static unsigned stands(const struct machine *machine, uint32_t states,
                       bool *has_conflict)
{
    unsigned best = 0;
    bool is_best_reached = false;

    for (unsigned i = 0; i < machine->table->n_states; i++) {
        bool reached;

        if ((states >> i & 1) == 0)
            continue;
        reached = is_reached(machine, states, i);
        if (reached == is_best_reached ? machine->table->states[i].rank >=
                                             machine->table->states[best].rank
                                       : reached) {
            best = i;
            is_best_reached = reached;
        }
    }
    *has_conflict = !is_best_reached;
    return best;
}

/* Marks what the legal steps are above of, in COVERED. */
static void cover(const struct machine *machine, uint64_t *covered)
{
    const struct sg_graph *graph = machine->graph;

    memset(covered, 0, graph->n_words * sizeof *covered);
    for (size_t i = 0; i < machine->n_steps; i++) {
        const struct step *step = &machine->steps[i];

        if (step->is_legal)
            for (size_t w = 0; w < graph->n_words; w++)
                covered[w] |= step->row[w];
    }
}

static void conclude(struct machine *machine, struct sg_graph_object *object,
                     const uint64_t *covered, struct sg_state_result *ret)
{
    uint32_t states = 0;

    for (size_t i = 0; i < machine->n_steps; i++) {
        const struct step *step = &machine->steps[i];

        if (!step->is_legal && !step->is_ruling)
            ret->illegal.nodes[ret->illegal.count++] = step->node;
        if (!step->is_legal || sg_graph_bit(covered, step->node))
            continue;
        ret->heads.nodes[ret->heads.count++] = step->node;
        states |= UINT32_C(1) << step->state;
    }
    object->state = 0;
    object->state_by = SG_GRAPH_NONE;
    if (states == 0)
        return;
    object->state = (uint8_t)stands(machine, states, &ret->has_conflict);
    for (size_t i = 0; i < machine->n_steps; i++) {
        const struct step *step = &machine->steps[i];

        if (step->is_legal && step->state == object->state &&
            !sg_graph_bit(covered, step->node))
            object->state_by = step->node;
    }
}

enum sg_err sg_state_judge(struct sg_graph *graph,
                           struct sg_graph_object *object, bool is_blocked,
                           struct sg_state_result *ret)
{
    struct machine machine = {.graph = graph,
                              .object = object,
                              .table = sg_machine_find(object->type),
                              .is_blocked = is_blocked};
    struct sg_arena *arena = &graph->fold->arena;
    uint64_t *row;
    enum sg_err err;

    *ret = (struct sg_state_result){0};
    object->is_judged = true;
    if (machine.table == NULL)
        return SG_OK;
    err = list_steps(&machine);
    if (err != SG_OK || machine.n_steps == 0)
        return err;
    row = sg_arena_take(arena, graph->n_words, sizeof *row);
    ret->heads.nodes = sg_arena_take(arena, machine.n_steps, sizeof(uint32_t));
    ret->illegal.nodes =
        sg_arena_take(arena, machine.n_steps, sizeof(uint32_t));
    if (row == NULL || ret->heads.nodes == NULL || ret->illegal.nodes == NULL)
        return SG_ERR_NOMEM;
    for (size_t i = 0; i < machine.n_steps; i++)
        machine.steps[i].is_legal = is_legal(&machine, &machine.steps[i],
                                             states_from(&machine, i, row));
    cover(&machine, row);
    conclude(&machine, object, row, ret);
    return SG_OK;
}

enum sg_err sg_state_of(struct sg_graph *graph, enum sg_type type,
                        struct sg_bytes key, uint8_t *ret_state)
{
    uint32_t at = sg_graph_object(graph, type, key);
    struct sg_state_result result;
    enum sg_err err = SG_OK;

    *ret_state = 0;
    if (at == SG_GRAPH_NONE)
        return SG_OK;
    if (!graph->objects[at].is_judged)
        err = sg_state_judge(graph, &graph->objects[at], false, &result);
    if (err == SG_OK)
        *ret_state = graph->objects[at].state;
    return err;
}
