/* What capturing officers write in a history: persons, numbers, homes, events,
 * and the objects that have states. */
#include <string.h>

#include "tests/merge/history.h"

/* A form being filled in. */
struct form {
    struct history *history;
    const struct history_people *people;
    struct history_draft draft;
    unsigned known;
    const struct history_item *opening; /* of the object amended; or NULL */
    unsigned state;                     /* it sets; 0: none */
};

static uint64_t draw_unit(struct history *h)
{
    if (history_chance(h, 15))
        return history_units[UNIT_NEVER];
    if (history_chance(h, 450))
        return history_units[history_chance(h, 500) ? UNIT_WHOLE : UNIT_SPLIT];
    return history_units[UNIT_WHOLE +
                         history_below(h, UNIT_NEVER - UNIT_WHOLE)];
}

static uint64_t draw_day(struct history *h)
{
    static const uint32_t days[] = {20230401, 20240115, 20240801,
                                    20250310, 20250715, 20260106};

    return days[history_below(h, sizeof days / sizeof days[0])];
}

static bool is_amending(const struct form *form)
{
    return form->opening != NULL;
}

/* Says whether the form sets a field that is due only in openings, or none. */
static bool sets(struct form *form, bool is_due)
{
    if (!is_amending(form))
        return is_due || history_chance(form->history, 250);
    return history_chance(form->history, 300);
}

static void put_uint(struct form *form, unsigned no, uint64_t value)
{
    sg_record_build_uint(&form->draft.build, no, value);
}

static void put_text(struct form *form, unsigned no, const char *const *texts,
                     unsigned count)
{
    const char *text = texts[history_below(form->history, count)];

    sg_record_build_str(&form->draft.build, no, sg_bytes(text, strlen(text)));
}

static const char *const phones[] = {"0900000147", "0900000258", ""};
static const char *const names[] = {"Tý", "Bé"};
static const char *const words[] = {"Thôn 1", "Thôn 2", "Thôn 3"};

/* Sometimes "unknown" instead of a value, where the table has it so. */
static bool is_unknown(struct form *form, unsigned no)
{
    if (!history_chance(form->history, 60))
        return false;
    sg_record_build_nil(&form->draft.build, no);
    return true;
}

/* --- person ------------------------------------------------------------ */

static const struct sg_synth_person *draw_citizen(struct form *form)
{
    unsigned base = form->draft.subject * 3;

    return &form->people->persons[(base + history_below(form->history, 3)) %
                                  HISTORY_CITIZENS];
}

static struct sg_record_name name_of(const struct sg_synth_person *person)
{
    struct sg_record_name name = {person->name.family, person->name.middle,
                                  person->name.given};

    return name;
}

static void put_kin(struct form *form, unsigned no)
{
    const struct sg_synth_person *person = draw_citizen(form);
    struct sg_record_kin kin = {.has_name = history_chance(form->history, 800),
                                .name = name_of(person)};

    sg_record_build_kin(&form->draft.build, no, &kin);
}

static void put_children(struct form *form)
{
    static const uint8_t uids[3][16] = {{1}, {2}, {3}};
    struct sg_pack *pack =
        sg_record_build_field(&form->draft.build, SG_FIELD_PERSON_CHILDREN);
    unsigned first = history_below(form->history, 3);
    unsigned count = 1 + history_below(form->history, 3 - first);

    sg_pack_array(pack, count);
    for (unsigned i = 0; i < count; i++) {
        struct sg_record_name name = name_of(draw_citizen(form));
        struct sg_record_kin kin = {.has_name = true, .name = name};

        sg_pack_array(pack, 2);
        sg_pack_bin(pack, SG_BYTES_ARRAY(uids[first + i]));
        if (history_chance(form->history, 250))
            sg_pack_nil(pack);
        else
            sg_record_build_pack_kin(pack, &kin);
    }
}

static void fill_identity(struct form *form)
{
    struct history *h = form->history;
    struct sg_record_build *build = &form->draft.build;
    const struct sg_synth_person *person = draw_citizen(form);
    struct sg_record_name name = name_of(person);

    if (sets(form, true) && (!is_amending(form) || !is_unknown(form, 3))) {
        if (history_chance(h, 15))
            name.given = SG_BYTES_TEXT("H0a");
        sg_record_build_name(build, 3, &name);
    }
    if (sets(form, true) && (!is_amending(form) || !is_unknown(form, 4)))
        put_uint(form, 4,
                 history_chance(h, 120)  ? 19880000
                 : history_chance(h, 20) ? 18990101
                                         : person->birth.ymd);
    if (sets(form, true))
        put_uint(form, 5, history_below(h, 3));
    if (sets(form, false))
        put_kin(form, 6);
    if (sets(form, false))
        put_kin(form, 7);
}

/* The ethnicity and the phone come from elsewhere than the rest. */
static void put_provenance(struct form *form)
{
    struct sg_record_src src = {
        .source = (enum sg_record_source)history_below(form->history, 6),
        .evidence = SG_BYTES_TEXT("sổ cũ")};
    struct sg_pack *pack = sg_record_build_field(&form->draft.build, 30);

    sg_pack_array(pack, 2);
    for (unsigned i = 0; i < 2; i++) {
        sg_pack_array(pack, 2);
        sg_pack_uint(pack, i == 0 ? 12 : 21);
        sg_record_build_pack_src(pack, &src);
    }
}

static void fill_person(struct form *form)
{
    struct history *h = form->history;
    struct sg_record_place place = {.has_unit = true, .unit = {draw_unit(h)}};

    if (!is_amending(form) || history_chance(h, 700))
        fill_identity(form);
    if (sets(form, false))
        put_text(form, 8, names, 2);
    if (sets(form, true))
        sg_record_build_place(&form->draft.build, 9, &place);
    if (sets(form, true))
        sg_record_build_nil(&form->draft.build, 10);
    if (sets(form, true))
        sg_record_build_nil(&form->draft.build, 11);
    if (sets(form, true) && !is_unknown(form, 12))
        put_uint(form, 12, 1 + history_below(h, 6));
    if (sets(form, false) && !is_unknown(form, 16))
        put_uint(form, 16, history_below(h, 5));
    if (sets(form, false))
        put_children(form);
    if (sets(form, true) && !is_unknown(form, 21))
        put_text(form, 21, phones, 3);
    if (sets(form, false))
        put_text(form, 24, words, 3);
    if (!is_amending(form))
        put_uint(form, 25, draw_unit(h));
    if (history_chance(h, 200))
        put_provenance(form);
}

/* --- numbers ----------------------------------------------------------- */

static void fill_pin(struct form *form)
{
    struct history *h = form->history;
    uint64_t number = h->numbers[history_below(h, 3)];
    unsigned by = history_chance(h, 150) ? 3 : 1 + history_below(h, 2);

    if (history_chance(h, 60))
        number = history_chance(h, 500) ? 0 : UINT64_C(38088000001);
    if (is_amending(form))
        number = sg_record_uint(&form->opening->record, 3);
    if (form->state != 0)
        put_uint(form, 2, form->state);
    put_uint(form, 3, number);
    if (!is_amending(form)) {
        if (by == 3)
            put_uint(form, 4, draw_day(h));
        put_uint(form, 5, by);
        if (by == 3)
            sg_record_build_bin(&form->draft.build, 6,
                                SG_BYTES_ARRAY(h->block.bytes));
    } else {
        if (sets(form, false) && !is_unknown(form, 7))
            put_uint(form, 7, draw_day(h));
        if (sets(form, false))
            put_uint(form, 8, 1 + history_below(h, 5));
    }
}

static void fill_old_id(struct form *form)
{
    static const char *const numbers[] = {"171234567", "171234568"};
    struct history *h = form->history;

    put_uint(form, 3, 1);
    put_text(form, 4, numbers, 2);
    if (history_chance(h, 700))
        sg_record_build_nil(&form->draft.build, 5);
    else
        put_uint(form, 5, 20100101);
    if (sets(form, false))
        put_uint(form, 6, draw_day(h));
    if (sets(form, false))
        put_text(form, 7, words, 3);
}

/* --- homes ------------------------------------------------------------- */

static void fill_residence(struct form *form)
{
    struct history *h = form->history;

    if (form->state != 0)
        put_uint(form, 2, form->state);
    if (!is_amending(form))
        put_uint(form, 3, history_chance(h, 750) ? 1 : 1 + history_below(h, 4));
    if (sets(form, true)) {
        if (history_chance(h, 50))
            sg_record_build_nil(&form->draft.build, 4);
        else
            put_uint(form, 4, draw_unit(h));
    }
    if (sets(form, true) && !is_unknown(form, 5))
        put_text(form, 5, words, 3);
    if (sets(form, true) && (!is_amending(form) || !is_unknown(form, 6)))
        put_uint(form, 6, draw_day(h));
    if (sets(form, false))
        put_uint(form, 7, draw_day(h));
    if (sets(form, false))
        put_uint(form, 8, 1 + history_below(h, 12));
    if (!is_amending(form) && history_chance(h, 150))
        put_uint(form, 11, draw_unit(h));
}

static void fill_household(struct form *form)
{
    struct history *h = form->history;
    unsigned first = history_below(h, 2), count;
    struct sg_pack *pack;

    if (form->state != 0)
        put_uint(form, 2, form->state);
    if (sets(form, true))
        put_text(form, 3, words, 2);
    if (sets(form, true) && (!is_amending(form) || !is_unknown(form, 4)))
        put_uint(form, 4, draw_unit(h));
    if (sets(form, false))
        put_text(form, 5, words, 3);
    if (sets(form, false)) {
        static const uint8_t uids[3][16] = {{7}, {8}, {9}};

        count = 1 + history_below(h, 2);
        pack = sg_record_build_field(&form->draft.build, 6);
        sg_pack_array(pack, count);
        for (unsigned i = 0; i < count; i++) {
            sg_pack_array(pack, 2);
            sg_pack_bin(pack, SG_BYTES_ARRAY(uids[first + i]));
            if (history_chance(h, 250)) {
                sg_pack_nil(pack);
                continue;
            }
            sg_pack_array(pack, 3);
            sg_pack_uint(pack, 1 + history_below(h, 2));
            sg_pack_nil(pack);
            sg_pack_nil(pack);
        }
    }
    if (!is_amending(form))
        put_uint(form, 7, draw_day(h));
}

static void fill_resettle(struct form *form)
{
    struct history *h = form->history;
    const struct history_item *home =
        history_draw(h, form->draft.subject, SG_TYPE_RESIDENCE, form->known);
    struct sg_ref ref = {{9}};

    if (home != NULL)
        ref = home->ref;
    if (is_amending(form))
        ref = sg_record_ref(&form->opening->record, 3);
    sg_record_build_bin(&form->draft.build, 3, SG_BYTES_ARRAY(ref.bytes));
    put_uint(form, 4, history_units[UNIT_SPLIT]);
    put_uint(form, 5, history_units[UNIT_PART + history_below(h, 2)]);
    if (sets(form, false))
        put_text(form, 6, words, 3);
}

/* --- events and objects with states ------------------------------------ */

static void fill_vital(struct form *form)
{
    struct history *h = form->history;

    put_uint(form, 2, form->state);
    if (!is_amending(form) || history_chance(h, 700))
        put_uint(form, 3, form->draft.head.effective.ymd);
    if (sets(form, false))
        put_text(form, 5, words, 3);
    if (sets(form, false))
        put_text(form, 7, words, 2);
}

static void fill_dossier(struct form *form)
{
    struct history *h = form->history;
    unsigned kind = 1 + history_below(h, 3);

    if (form->state != 0)
        put_uint(form, 2, form->state);
    if (!is_amending(form)) {
        put_text(form, 3, words, 3);
        put_uint(form, 4, kind);
        put_uint(form, 5,
                 history_chance(h, 60) ? 9
                 : kind == 1           ? 0
                 : kind == 2           ? 1
                                       : 8);
        put_uint(form, 6, draw_day(h));
    }
    if (sets(form, false) && !is_unknown(form, 10))
        put_uint(form, 10, draw_day(h));
    if (sets(form, false))
        put_text(form, 15, phones, 2);
    if (sets(form, false))
        put_uint(form, 18, 1 + history_below(h, 3));
}

static void fill_account(struct form *form)
{
    struct history *h = form->history;

    if (form->state != 0)
        put_uint(form, 2, form->state);
    if (sets(form, true))
        put_uint(form, 3, 1 + history_below(h, 2));
    if (!is_amending(form))
        put_uint(form, 4, draw_day(h));
    if (sets(form, false))
        put_uint(form, 5, draw_day(h));
    if (sets(form, false))
        put_text(form, 8, phones, 3);
}

static void fill_exclusion(struct form *form)
{
    static const uint8_t campaign[16] = {0xca};
    struct history *h = form->history;

    if (form->state != 0)
        put_uint(form, 2, form->state);
    if (!is_amending(form)) {
        sg_record_build_bin(&form->draft.build, 3, SG_BYTES_ARRAY(campaign));
        put_uint(form, 4, 1 + history_below(h, 4));
    }
    if (sets(form, true))
        put_text(form, 5, words, 3);
    if (sets(form, true))
        put_uint(form, 6, draw_day(h));
}

static void fill_request(struct form *form)
{
    struct history *h = form->history;

    if (form->state != 0)
        put_uint(form, 2, form->state);
    if (!is_amending(form)) {
        put_uint(form, 3, 1 + history_below(h, 5));
        put_uint(form, 4, draw_day(h));
    }
    if (sets(form, false))
        put_uint(form, 7, draw_unit(h));
}

static void fill_duplicate(struct form *form)
{
    struct history *h = form->history;
    const struct sg_uid *other = NULL;

    for (unsigned i = 0; i < HISTORY_PERSONS; i++) {
        if (sg_uid_compare(&h->subjects[i], &form->draft.head.subject) > 0 &&
            (other == NULL || history_chance(h, 500)))
            other = &h->subjects[i];
    }
    if (is_amending(form))
        sg_record_build_bin(
            &form->draft.build, 3,
            sg_bytes(form->opening->object, form->opening->object_size));
    else if (other != NULL)
        sg_record_build_bin(&form->draft.build, 3,
                            SG_BYTES_ARRAY(other->bytes));
    if (sets(form, true))
        put_uint(form, 4, history_chance(h, 600) ? 950 : 100);
    if (!is_amending(form))
        put_uint(form, 6, 1 + history_below(h, 3));
}

static void fill_verification(struct form *form)
{
    struct sg_pack *pack;

    put_uint(form, 5, 1 + history_below(form->history, 4));
    pack = sg_record_build_field(&form->draft.build, 6);
    sg_pack_array(pack, 1);
    sg_pack_array(pack, 2);
    sg_pack_uint(pack, SG_TYPE_PERSON << 8 | 3);
    sg_pack_uint(pack, 1 + history_below(form->history, 3));
}

/* --- one record -------------------------------------------------------- */

/* How often, which states, and who fills it in. */
static const struct {
    enum sg_type type;
    unsigned weight;
    unsigned n_states; /* states are 1 to this; 0: no machine */
    bool has_of;
    void (*fill)(struct form *form);
} kinds[] = {
    {SG_TYPE_PERSON, 22, 0, false, fill_person},
    {SG_TYPE_PIN, 12, 3, false, fill_pin},
    {SG_TYPE_OLD_ID, 3, 0, false, fill_old_id},
    {SG_TYPE_RESIDENCE, 18, 4, true, fill_residence},
    {SG_TYPE_HOUSEHOLD, 5, 2, false, fill_household},
    {SG_TYPE_VITAL, 7, 7, false, fill_vital},
    {SG_TYPE_DOSSIER, 14, 13, true, fill_dossier},
    {SG_TYPE_ACCOUNT, 8, 6, true, fill_account},
    {SG_TYPE_EXCLUSION, 5, 4, true, fill_exclusion},
    {SG_TYPE_REQUEST, 6, 5, true, fill_request},
    {SG_TYPE_DUPLICATE, 6, 0, false, fill_duplicate},
    {SG_TYPE_RESETTLE, 4, 0, false, fill_resettle},
    {SG_TYPE_VERIFICATION, 1, 0, false, fill_verification},
};

#define N_KINDS (sizeof kinds / sizeof kinds[0])
/* In this list. */
#define KIND_RESIDENCE 3u
#define KIND_DOSSIER   6u
#define KIND_REQUEST   9u
#define KIND_DUPLICATE 10u

static unsigned draw_kind(struct history *h)
{
    unsigned sum = 0, drawn;

    for (size_t i = 0; i < N_KINDS; i++)
        sum += kinds[i].weight;
    drawn = history_below(h, sum);
    for (unsigned i = 0;; i++) {
        if (drawn < kinds[i].weight)
            return i;
        drawn -= kinds[i].weight;
    }
}

/* The state the object is in by the last item that the writer knows of, its
 * machine's most likely next one, or any. */
static unsigned draw_state(struct form *form, unsigned n_states,
                           enum sg_type type)
{
    static const uint8_t first[] = {[33 - 33] = 2, [35 - 33] = 2, [36 - 33] = 1,
                                    [37 - 33] = 2, [38 - 33] = 1, [39 - 33] = 1,
                                    [40 - 33] = 1, [41 - 33] = 1};
    struct history *h = form->history;
    unsigned last = 0;

    if (n_states == 0 || history_chance(h, 150))
        return type == SG_TYPE_VITAL ? 1 : 0;
    if (history_chance(h, 120))
        return 1 + history_below(h, n_states);
    if (!is_amending(form))
        return history_chance(h, 750) ? first[type - SG_TYPE_PIN] : 1;
    for (unsigned i = 0; i < form->known; i++) {
        const struct history_item *item = &h->items[i];

        if (item->subject == form->draft.subject && item->record.type == type &&
            item->object_size == form->opening->object_size &&
            memcmp(item->object, form->opening->object, item->object_size) == 0)
            last = (unsigned)sg_record_uint_or(&item->record, 2, last);
    }
    for (unsigned tries = 0; tries < 20; tries++) {
        unsigned state = 1 + history_below(h, n_states);

        if (sg_machine_allows(sg_machine_find(type), last, state))
            return state;
    }
    return 1 + history_below(h, n_states);
}

/* Names parents: what the writer believes to stand of the object; or less. */
static void draw_parents(struct form *form, enum sg_type type)
{
    const struct history_item *heads[6];
    struct history *h = form->history;
    size_t count = history_heads(h, form->draft.subject, type, form->opening,
                                 SG_FIELD_NONE, form->known, heads, 6);
    struct sg_ref lost;

    if (count == 0 || history_chance(h, 100)) {
        history_parent(&form->draft, &form->opening->ref);
    } else if (history_chance(h, 250)) {
        history_parent(&form->draft,
                       &heads[history_below(h, (unsigned)count)]->ref);
    } else {
        for (size_t i = 0; i < count; i++)
            history_parent(&form->draft, &heads[i]->ref);
    }
    /* A decision about it that the writer has seen. */
    if (history_chance(h, 250)) {
        const struct history_item *ruling =
            history_draw(h, form->draft.subject, SG_TYPE_DECISION, form->known);

        if (ruling != NULL)
            history_parent(&form->draft, &ruling->ref);
    }
    if (history_chance(h, 40)) {
        sg_prng_bytes(&h->prng, lost.bytes, sizeof lost.bytes);
        history_parent(&form->draft, &lost); /* never delivered */
    }
    if (history_chance(h, 20) && h->n_items > 0)
        history_parent(&form->draft,
                       &h->items[history_below(h, h->n_items)].ref);
}

void history_register(struct history *h, const struct history_people *people)
{
    struct form form = {.history = h, .people = people};
    unsigned no = draw_kind(h);
    enum sg_type type = kinds[no].type;
    unsigned subject =
        type == SG_TYPE_HOUSEHOLD
            ? HISTORY_PERSONS + history_below(h, HISTORY_HOUSEHOLDS)
            : history_below(h, HISTORY_PERSONS);
    bool is_event = type == SG_TYPE_VERIFICATION;

    form.known = history_known(h);
    if (subject == HISTORY_QUIET && history_chance(h, 750) &&
        (type == SG_TYPE_PIN || type == SG_TYPE_VITAL))
        subject = 0;
    history_begin(h, &form.draft, type, subject);
    if (!is_event && history_chance(h, 700))
        form.opening = history_draw(h, subject, type, form.known);
    if (is_amending(&form))
        draw_parents(&form, type);
    form.state = draw_state(&form, kinds[no].n_states, type);
    if (is_amending(&form) && kinds[no].has_of)
        sg_record_build_bin(
            &form.draft.build, 1,
            sg_bytes(form.opening->object, form.opening->object_size));
    kinds[no].fill(&form);
    history_file(h, &form.draft);
}

/* --- an object's life -------------------------------------------------- */

#define ACT_REFUSE 2u

/* Decisions that take an object of TYPE to STATE. */
static unsigned act_to(enum sg_type type, unsigned state)
{
    static const struct {
        uint8_t type, state, act;
    } moves[] = {{SG_TYPE_RESIDENCE, 4, 2}, {SG_TYPE_EXCLUSION, 2, 1},
                 {SG_TYPE_EXCLUSION, 3, 2}, {SG_TYPE_REQUEST, 3, 1},
                 {SG_TYPE_REQUEST, 4, 2},   {SG_TYPE_DUPLICATE, 2, 7},
                 {SG_TYPE_DUPLICATE, 3, 8}, {SG_TYPE_DUPLICATE, 4, 9}};

    for (size_t i = 0; i < sizeof moves / sizeof moves[0]; i++) {
        if (moves[i].type == type && moves[i].state == state)
            return moves[i].act;
    }
    return 0;
}

/* One step from LAST to STATE: a record, or a decision. Gives the item. */
static const struct history_item *step(struct history *h,
                                       const struct history_people *people,
                                       const struct history_item *opening,
                                       const struct history_item *last,
                                       unsigned kind, unsigned state)
{
    struct form form = {.history = h,
                        .people = people,
                        .known = h->n_items,
                        .opening = opening,
                        .state = state};
    enum sg_type type = kinds[kind].type;
    unsigned act = act_to(type, state), before = h->n_items;

    history_begin(h, &form.draft, act == 0 ? type : SG_TYPE_DECISION,
                  opening->subject);
    form.draft.head.effective.ymd = 20240711;
    /* Nobody decides what he has written (V16). */
    history_sign_as(h, &form.draft, act == 0 && history_chance(h, 900) ? 5 : 4);
    history_parent(&form.draft, &opening->ref);
    history_parent(&form.draft, &last->ref);
    if (act != 0) {
        sg_record_build_uint(&form.draft.build, 3, act);
        sg_record_build_uint(&form.draft.build, 4,
                             history_units[UNIT_PROVINCE]);
        sg_record_build_str(&form.draft.build, 5, SG_BYTES_TEXT("đã xét"));
        if (act == 7)
            sg_record_build_bin(
                &form.draft.build, 11,
                SG_BYTES_ARRAY(h->subjects[opening->subject].bytes));
        if (act == 9)
            sg_record_build_uint(&form.draft.build, 12, 20260301);
    } else {
        if (kinds[kind].has_of)
            sg_record_build_bin(&form.draft.build, 1,
                                SG_BYTES_ARRAY(opening->ref.bytes));
        kinds[kind].fill(&form);
    }
    history_file(h, &form.draft);
    return h->n_items == before ? NULL : &h->items[h->n_items - 1];
}

/* Draws a state that may follow STATE, often the least above it. */
static unsigned draw_next(struct history *h, const struct sg_machine *machine,
                          unsigned state)
{
    unsigned next;

    for (next = state + 1; history_chance(h, 500) && next < machine->n_states;
         next++) {
        if (sg_machine_allows(machine, state, next))
            return next;
    }
    do
        next = history_below(h, machine->n_states);
    while (next == state || !sg_machine_allows(machine, state, next));
    return next;
}

/* Opens an object of KIND for SUBJECT; NULL when it does not fit. */
static const struct history_item *open_one(struct history *h,
                                           const struct history_people *people,
                                           unsigned kind, unsigned subject,
                                           unsigned state)
{
    struct form form = {
        .history = h, .people = people, .known = h->n_items, .state = state};
    unsigned before = h->n_items;

    h->is_careful = true;
    history_begin(h, &form.draft, kinds[kind].type, subject);
    form.draft.head.effective.ymd = 20240711;
    history_sign_as(h, &form.draft, 5);
    kinds[kind].fill(&form);
    history_file(h, &form.draft);
    h->is_careful = false;
    return h->n_items == before ? NULL : &h->items[before];
}

/* An object with a machine, the longest machine most often, and most often of
 * the quiet person. */
static const struct history_item *draw_opening(
    struct history *h, const struct history_people *people, unsigned *ret_kind)
{
    const struct history_item *opening;
    unsigned subject = history_chance(h, 600)
                           ? HISTORY_QUIET
                           : history_below(h, HISTORY_PERSONS);
    enum sg_type type;

    *ret_kind = history_below(h, N_KINDS);
    if (history_chance(h, 550))
        *ret_kind = history_chance(h, 750) ? KIND_DOSSIER : KIND_REQUEST;
    type = kinds[*ret_kind].type;
    if (sg_machine_find(type) == NULL)
        return NULL;
    if (type == SG_TYPE_HOUSEHOLD)
        subject = HISTORY_PERSONS;
    if (history_chance(h, 600))
        return open_one(h, people, *ret_kind, subject, 1);
    opening = history_draw(h, subject, type, h->n_items);
    return opening == NULL || !sg_record_is_opening(&opening->record) ? NULL
                                                                      : opening;
}

/* Takes an object that was opened through states of its machine, as an office
 * does that knows all; at times two offices go different ways. */
void history_walk(struct history *h, const struct history_people *people)
{
    unsigned no, state = 1;
    const struct history_item *last = draw_opening(h, people, &no),
                              *opening = last;
    const struct sg_machine *machine = sg_machine_find(kinds[no].type);

    if (opening == NULL)
        return;
    if (machine->type != SG_TYPE_DUPLICATE)
        state = (unsigned)sg_record_uint_or(&opening->record, 2, 0);
    while (last != NULL && sg_machine_state(machine, state) != NULL &&
           sg_machine_state(machine, state)->next != 0) {
        const struct history_item *before = last, *other = NULL;
        unsigned to = draw_next(h, machine, state);

        h->is_careful = history_chance(h, 950);
        last = step(h, people, opening, before, no, to);
        if (history_chance(h, 150))
            other = step(h, people, opening, before, no,
                         draw_next(h, machine, state));
        h->is_careful = false;
        if (last != NULL && other != NULL && history_chance(h, 500))
            history_settle(h, opening, 18, 2, last, other);
        if (last != NULL && act_to(machine->type, to) == ACT_REFUSE &&
            history_chance(h, 500))
            history_reconsider(h, opening, last);
        if (history_chance(h, 50))
            return;
        state = to;
    }
}

void history_two_of_a_kind(struct history *h,
                           const struct history_people *people)
{
    unsigned subject = history_below(h, HISTORY_PERSONS);
    bool is_pair = history_chance(h, 500);
    unsigned kind = is_pair ? KIND_DUPLICATE : KIND_RESIDENCE;
    const struct history_item *one, *other;

    one = open_one(h, people, kind, subject, 2);
    other = open_one(h, people, kind, subject, 2);
    if (one != NULL && other != NULL)
        history_settle(h, one, is_pair ? 10 : 7, 0, one, other);
}
