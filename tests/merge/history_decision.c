/* What deciding officers write in a history: rulings, choices, settlements,
 * links of duplicates, handovers, endorses. */
#include <stdlib.h>
#include <string.h>

#include "tests/merge/history.h"

#define HEADS_MAX  16
#define HANDED_MAX 300

enum act {
    ACT_APPROVE = 1,
    ACT_REFUSE,
    ACT_CHOOSE,
    ACT_SETTLE,
    ACT_CLEAR,
    ACT_REOPEN,
    ACT_SAME,
    ACT_DIFFERENT,
    ACT_DEFER,
};

/* A decision on its way. */
struct ruling {
    struct history *history;
    struct history_draft draft;
    unsigned subject, known;
    enum act act;
    unsigned rule; /* 0: none */
    unsigned field;
    bool has_field;
    const struct history_item *object;  /* field 8 */
    const struct history_item *element; /* an element of its set: field 9 */
    const struct history_item *choice;
    struct sg_uid keep;
};

static void name_all(struct ruling *r, const struct history_item *const *items,
                     size_t count)
{
    for (size_t i = 0; i < count; i++)
        history_parent(&r->draft, &items[i]->ref);
}

/* Names what sets FIELD of the object of one of the subject's items; gives the
 * first. */
static const struct history_item *name_heads(struct ruling *r,
                                             enum sg_type type, unsigned field)
{
    struct history *h = r->history;
    const struct history_item *heads[HEADS_MAX];
    const struct history_item *one =
        history_draw(h, r->subject, type, r->known);
    size_t count;

    if (one == NULL)
        return NULL;
    count = history_heads(h, r->subject, type, one, field, r->known, heads,
                          HEADS_MAX);
    name_all(r, heads, count);
    if (one->object_size > 0)
        r->object = one;
    return count == 0 ? NULL : heads[history_below(h, (unsigned)count)];
}

/* Names all items of the subject and TYPE, as far as there is room. */
static void name_type(struct ruling *r, enum sg_type type)
{
    for (unsigned i = 0; i < r->known; i++) {
        const struct history_item *item = &r->history->items[i];

        if (item->subject == r->subject &&
            (type == 0 || item->record.type == type))
            history_parent(&r->draft, &item->ref);
    }
}

/* --- rulings ----------------------------------------------------------- */

/* Approves or refuses some of what the subject has; sometimes with the
 * rulings on it as parents, which ends a quarrel. */
static void rule_on(struct ruling *r)
{
    struct history *h = r->history;
    unsigned count = 1 + history_below(h, 2);

    for (unsigned i = 0; i < count; i++) {
        static const enum sg_type often[] = {
            SG_TYPE_PERSON,  SG_TYPE_PERSON,  SG_TYPE_RESIDENCE,
            SG_TYPE_DOSSIER, SG_TYPE_REQUEST, SG_TYPE_EXCLUSION,
            SG_TYPE_VITAL,   SG_TYPE_PIN,     0};
        const struct history_item *item =
            history_draw(h, r->subject, often[history_below(h, 9)], r->known);

        if (item == NULL)
            continue;
        history_parent(&r->draft, &item->ref);
        for (unsigned k = 0; k < r->known && history_chance(h, 400); k++) {
            const struct history_item *other = &h->items[k];
            struct sg_ref named;

            if (other->subject != r->subject ||
                other->record.type != SG_TYPE_DECISION)
                continue;
            named = sg_record_parent(&other->record, 0);
            if (sg_ref_compare(&named, &item->ref) == 0)
                history_parent(&r->draft, &other->ref);
        }
    }
}

static void reopen(struct ruling *r)
{
    const struct history_item *decision =
        history_draw(r->history, r->subject, SG_TYPE_DECISION, r->known);

    if (decision != NULL)
        history_parent(&r->draft, &decision->ref);
}

static void pair(struct ruling *r)
{
    const struct history_item *opening =
        history_draw(r->history, r->subject, SG_TYPE_DUPLICATE, r->known);
    struct history *h = r->history;

    if (opening == NULL)
        return;
    history_parent(&r->draft, &opening->ref);
    r->keep = h->subjects[r->subject];
    if (history_chance(h, 500))
        memcpy(r->keep.bytes, opening->object, 16);
    if (history_chance(h, 500))
        name_type(r, SG_TYPE_DUPLICATE);
    if (history_chance(h, 300))
        name_type(r, SG_TYPE_DECISION);
}

/* --- conflicts --------------------------------------------------------- */

static void on_cell(struct ruling *r)
{
    static const struct {
        enum sg_type type;
        uint8_t field, rule;
    } cells[] = {{SG_TYPE_PERSON, 3, 5},     {SG_TYPE_PERSON, 4, 5},
                 {SG_TYPE_PERSON, 5, 5},     {SG_TYPE_PERSON, 6, 5},
                 {SG_TYPE_VITAL, 3, 5},      {SG_TYPE_PERSON, 12, 16},
                 {SG_TYPE_PERSON, 16, 16},   {SG_TYPE_PERSON, 18, 16},
                 {SG_TYPE_RESIDENCE, 4, 16}, {SG_TYPE_RESIDENCE, 6, 16},
                 {SG_TYPE_DOSSIER, 15, 16},  {SG_TYPE_HOUSEHOLD, 4, 16},
                 {SG_TYPE_HOUSEHOLD, 6, 16}, {SG_TYPE_DUPLICATE, 4, 16},
                 {SG_TYPE_PERSON, 21, 16},   {SG_TYPE_EXCLUSION, 5, 16}};
    unsigned no = history_below(r->history, sizeof cells / sizeof cells[0]);

    r->rule = cells[no].rule;
    r->field = cells[no].field;
    r->has_field = true;
    r->choice = name_heads(r, cells[no].type, cells[no].field);
    if ((cells[no].type == SG_TYPE_PERSON && cells[no].field == 18) ||
        (cells[no].type == SG_TYPE_HOUSEHOLD && cells[no].field == 6))
        r->element = r->choice;
}

static void on_state(struct ruling *r)
{
    static const enum sg_type types[] = {
        SG_TYPE_PIN,     SG_TYPE_RESIDENCE, SG_TYPE_HOUSEHOLD, SG_TYPE_VITAL,
        SG_TYPE_DOSSIER, SG_TYPE_ACCOUNT,   SG_TYPE_EXCLUSION, SG_TYPE_REQUEST};
    struct history *h = r->history;

    r->rule = history_chance(h, 500) ? 17 : 18;
    r->field = 2;
    r->has_field = true;
    r->choice = name_heads(r, types[history_below(h, 8)], 2);
    if (history_chance(h, 500))
        name_type(r, 0);
}

static void on_subject(struct ruling *r)
{
    static const uint8_t rules[] = {7, 8, 10, 11, 9, 5};
    struct history *h = r->history;

    r->rule = rules[history_below(h, sizeof rules)];
    switch (r->rule) {
    case 7:
        name_type(r, SG_TYPE_RESIDENCE);
        return;
    case 9:
        r->object = history_draw(h, r->subject, SG_TYPE_PIN, r->known);
        for (unsigned i = 0; i < h->n_items; i++) {
            if (h->items[i].record.type == SG_TYPE_PIN)
                history_parent(&r->draft, &h->items[i].ref);
        }
        return;
    case 10:
        r->object = history_draw(h, r->subject, SG_TYPE_DUPLICATE, r->known);
        name_type(r, SG_TYPE_DUPLICATE);
        return;
    case 11:
        r->object = history_draw(h, r->subject, 0, r->known);
        if (r->object != NULL && r->object->object_size == 0)
            r->object = NULL;
        name_type(r, SG_TYPE_DECISION);
        return;
    case 5:
        r->field = 3;
        r->has_field = true;
        name_type(r, SG_TYPE_PIN);
        return;
    default:
        name_type(r, 0);
    }
}

static void clear_marks(struct ruling *r)
{
    struct history *h = r->history;

    r->rule = history_chance(h, 500) ? 13 : 14;
    for (unsigned i = 0; i < h->n_copies; i++) {
        const struct history_copy *copy = &h->copies[i];

        if (copy->item < 0 || h->items[copy->item].subject != r->subject ||
            (r->rule == 14 && copy->branch == 0))
            continue;
        history_parent(&r->draft, &h->items[copy->item].ref);
    }
}

/* --- the record -------------------------------------------------------- */

static uint64_t draw_unit(struct history *h, unsigned officer)
{
    static const enum history_unit of_officer[][2] = {
        [2] = {UNIT_WHOLE, UNIT_NEXT},        [3] = {UNIT_SPLIT, UNIT_STAYS},
        [4] = {UNIT_PROVINCE, UNIT_DISTRICT}, [5] = {UNIT_PROVINCE, UNIT_WHOLE},
        [8] = {UNIT_DISTRICT, UNIT_SPLIT},
    };
    unsigned which = history_below(h, 2);

    if (officer == 5 && history_chance(h, 300))
        return 0;
    if (officer == 4 && history_chance(h, 250))
        return history_units[UNIT_SPLIT];
    return history_units[of_officer[officer][which]];
}

static void pack_element(struct ruling *r)
{
    struct sg_msgpack reader;
    uint32_t count;

    sg_record_open(&r->element->record, r->field, &reader);
    count = sg_msgpack_read_array(&reader);
    for (uint32_t i = 0; i < count; i++) {
        struct sg_bytes uid;

        (void)sg_msgpack_read_array(&reader);
        uid = sg_msgpack_read_bin(&reader);
        (void)sg_msgpack_skip(&reader);
        if (i + 1 == count || history_chance(r->history, 400)) {
            sg_record_build_bin(&r->draft.build, 9, uid);
            return;
        }
    }
}

static void fill(struct ruling *r)
{
    struct sg_record_build *build = &r->draft.build;
    struct history *h = r->history;

    sg_record_build_uint(build, 3, (uint64_t)r->act);
    sg_record_build_uint(build, 4, draw_unit(h, r->draft.officer));
    if (r->act == ACT_REFUSE || r->act == ACT_REOPEN || r->act == ACT_DIFFERENT)
        sg_record_build_str(build, 5, SG_BYTES_TEXT("xem lại"));
    if (r->rule != 0)
        sg_record_build_uint(build, 6, r->rule);
    if (r->has_field)
        sg_record_build_uint(build, 7, r->field);
    if (r->object != NULL)
        sg_record_build_bin(build, 8, SG_BYTES_ARRAY(r->object->ref.bytes));
    if (r->element != NULL)
        pack_element(r);
    if (r->act == ACT_CHOOSE && r->choice != NULL)
        sg_record_build_bin(build, 10, SG_BYTES_ARRAY(r->choice->ref.bytes));
    if (r->act == ACT_SAME)
        sg_record_build_bin(build, 11, SG_BYTES_ARRAY(r->keep.bytes));
    if (r->act == ACT_DEFER)
        sg_record_build_uint(build, 12, 20260301);
}

static void choose_act(struct ruling *r)
{
    static const uint8_t acts[] = {
        ACT_APPROVE, ACT_APPROVE, ACT_APPROVE, ACT_APPROVE, ACT_APPROVE,
        ACT_REFUSE,  ACT_REFUSE,  ACT_CHOOSE,  ACT_CHOOSE,  ACT_CHOOSE,
        ACT_SETTLE,  ACT_SETTLE,  ACT_SETTLE,  ACT_CLEAR,   ACT_REOPEN,
        ACT_REOPEN,  ACT_SAME,    ACT_SAME,    ACT_SAME,    ACT_DIFFERENT,
        ACT_DEFER};
    struct history *h = r->history;

    r->act = (enum act)acts[history_below(h, sizeof acts)];
    switch (r->act) {
    case ACT_APPROVE:
    case ACT_REFUSE:
        rule_on(r);
        return;
    case ACT_CHOOSE:
    case ACT_SETTLE:
        if (history_chance(h, 600))
            on_cell(r);
        else if (r->act == ACT_CHOOSE || history_chance(h, 400))
            on_state(r);
        else
            on_subject(r);
        return;
    case ACT_CLEAR:
        clear_marks(r);
        return;
    case ACT_REOPEN:
        reopen(r);
        return;
    default:
        pair(r);
    }
}

void history_decide(struct history *h)
{
    struct ruling r = {.history = h};

    r.subject = history_below(h, HISTORY_SUBJECTS);
    r.known = history_known(h);
    history_begin(h, &r.draft, SG_TYPE_DECISION, r.subject);
    choose_act(&r);
    if (r.act == ACT_CHOOSE && history_chance(h, 40)) {
        r.choice = history_draw(h, r.subject, SG_TYPE_DECISION, r.known);
        if (r.choice != NULL)
            history_parent(&r.draft, &r.choice->ref); /* chooses nothing */
    }
    if (r.act == ACT_SETTLE && history_chance(h, 100))
        r.draft.head.n_parents -= r.draft.head.n_parents > 1; /* forgets one */
    fill(&r);
    history_file(h, &r.draft);
}

void history_settle(struct history *h, const struct history_item *object,
                    unsigned rule, unsigned field,
                    const struct history_item *one,
                    const struct history_item *other)
{
    struct ruling r = {.history = h,
                       .subject = object->subject,
                       .act = ACT_SETTLE,
                       .rule = rule,
                       .field = field,
                       .has_field = field != 0};

    h->is_careful = true;
    history_begin(h, &r.draft, SG_TYPE_DECISION, r.subject);
    history_sign_as(h, &r.draft, 4);
    if (object->object_size > 0 && rule != 7)
        r.object = object;
    if (rule == 18 && history_chance(h, 400)) {
        r.act = ACT_CHOOSE;
        r.choice = one;
    }
    history_parent(&r.draft, &one->ref);
    if (history_chance(h, 500))
        history_parent(&r.draft, &other->ref);
    fill(&r);
    history_file(h, &r.draft);
    h->is_careful = false;
}

/* One ruling on ITEM by OFFICER, who knows of no other. */
static const struct history_item *rule(struct history *h,
                                       const struct history_item *item,
                                       enum act act, unsigned officer)
{
    struct ruling r = {.history = h, .subject = item->subject, .act = act};
    unsigned before = h->n_items;

    history_begin(h, &r.draft, SG_TYPE_DECISION, r.subject);
    history_sign_as(h, &r.draft, officer);
    history_parent(&r.draft, &item->ref);
    fill(&r);
    history_file(h, &r.draft);
    return h->n_items == before ? NULL : &h->items[before];
}

void history_reconsider(struct history *h, const struct history_item *item,
                        const struct history_item *refusal)
{
    struct ruling r = {
        .history = h, .subject = item->subject, .act = ACT_APPROVE};

    h->is_careful = true;
    history_begin(h, &r.draft, SG_TYPE_DECISION, r.subject);
    history_sign_as(h, &r.draft, 4);
    history_parent(&r.draft, &item->ref);
    history_parent(&r.draft, &refusal->ref);
    fill(&r);
    history_file(h, &r.draft);
    h->is_careful = false;
}

void history_quarrel(struct history *h)
{
    const struct history_item *item =
        history_draw(h, history_below(h, HISTORY_PERSONS), 0, h->n_items);
    const struct history_item *yes, *no;

    if (item == NULL || item->record.type == SG_TYPE_DECISION)
        return;
    h->is_careful = true;
    yes = rule(h, item, ACT_APPROVE, 4);
    no = rule(h, item, ACT_REFUSE, 5);
    h->is_careful = false;
    if (yes != NULL && no != NULL && history_chance(h, 600))
        history_settle(h, item, 11, 0, yes, no);
}

void history_endorse(struct history *h)
{
    struct history_draft draft;
    unsigned subject = history_below(h, HISTORY_PERSONS);

    history_begin(h, &draft, SG_TYPE_ENDORSE, subject);
    for (unsigned i = 0; i < 4; i++) {
        const struct history_item *item =
            history_draw(h, subject, 0, h->n_items);

        if (item != NULL)
            history_parent(&draft, &item->ref);
    }
    sg_record_build_uint(&draft.build, 3, history_chance(h, 800) ? 1 : 2);
    sg_record_build_str(&draft.build, 4, SG_BYTES_TEXT("đã xem"));
    history_file(h, &draft);
}

/* --- handovers --------------------------------------------------------- */

/* A head to be: an item and one of its fields. */
struct head {
    const struct history_item *item;
    unsigned no;
    bool is_standing;
};

static int compare_heads(const void *left, const void *right)
{
    const struct head *a = left, *b = right;
    struct sg_bytes one = sg_bytes(a->item->object, a->item->object_size);
    struct sg_bytes two = sg_bytes(b->item->object, b->item->object_size);
    int order;

    if (a->item->record.type != b->item->record.type)
        return a->item->record.type < b->item->record.type ? -1 : 1;
    order = sg_bytes_compare(one, two);
    if (order == 0)
        order = (a->no > b->no) - (a->no < b->no);
    return order != 0 ? order : sg_ref_compare(&a->item->ref, &b->item->ref);
}

/* Says whether a head hands over field NO of ITEM: not K, X; state of 33 to
 * 41. */
static bool hands_over(const struct history_item *item, unsigned no)
{
    const struct sg_schema_field *field =
        sg_schema_field(item->record.schema, no);

    return field != NULL && sg_record_has(&item->record, no) &&
           field->merge != 'K' && field->merge != 'X';
}

static size_t find_heads(struct history *h, unsigned subject, unsigned known,
                         struct head *heads, size_t max)
{
    size_t count = 0;

    for (unsigned i = 0; i < known; i++) {
        const struct history_item *item = &h->items[i], *last[HEADS_MAX];

        if (item->subject != subject || item->record.type > SG_TYPE_RESETTLE ||
            item->record.schema->object == SG_SCHEMA_OBJECT_NONE)
            continue;
        for (unsigned no = 2; no < 28 && count < max; no++) {
            bool is_head = false;
            size_t n;

            if (!hands_over(item, no))
                continue;
            n = history_heads(h, subject, (enum sg_type)item->record.type, item,
                              no, known, last, HEADS_MAX);
            for (size_t k = 0; k < n; k++)
                is_head = is_head || last[k] == item;
            if (is_head || history_chance(h, 200))
                heads[count++] = (struct head){item, no, !is_head};
        }
    }
    qsort(heads, count, sizeof *heads, compare_heads);
    return count;
}

static void pack_head(struct history *h, struct sg_pack *pack,
                      const struct head *head)
{
    unsigned flags = (history_chance(h, 300) ? 1 : 0) |
                     (history_chance(h, 40) ? 2 : 0) |
                     (head->is_standing ? 4 : 0);

    sg_pack_array(pack, 7);
    sg_pack_uint(pack, head->item->record.type);
    sg_pack_bin(pack, sg_bytes(head->item->object, head->item->object_size));
    sg_pack_uint(pack, head->no);
    sg_pack_bin(pack, SG_BYTES_ARRAY(head->item->ref.bytes));
    sg_pack_uint(pack, flags);
    sg_pack_uint(
        pack, (uint64_t)sg_record_src_of(&head->item->record, head->no).source);
    sg_pack_uint(pack, UINT64_C(1700000000000) << 16 | history_below(h, 3));
}

static void pack_covers(struct history *h, struct sg_pack *pack,
                        unsigned subject, unsigned known)
{
    struct sg_ref refs[HISTORY_ITEMS_MAX];
    size_t count = 0;

    for (unsigned i = 0; i < known; i++) {
        if (h->items[i].subject == subject)
            refs[count++] = h->items[i].ref;
    }
    qsort(refs, count, sizeof refs[0],
          (int (*)(const void *, const void *))sg_ref_compare);
    sg_pack_array(pack, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        sg_pack_bin(pack, SG_BYTES_ARRAY(refs[i].bytes));
}

void history_hand_over(struct history *h)
{
    struct head heads[HANDED_MAX];
    struct history_draft draft;
    struct sg_buf values;
    struct sg_pack *pack, value;
    unsigned subject = history_below(h, HISTORY_PERSONS);
    unsigned known = history_known(h);
    size_t count = find_heads(h, subject, known, heads, HANDED_MAX);

    history_begin(h, &draft, SG_TYPE_HANDOVER, subject);
    sg_record_build_uint(&draft.build, 3, history_units[UNIT_WHOLE]);
    sg_record_build_uint(&draft.build, 4, history_units[UNIT_STAYS]);
    pack_covers(h, sg_record_build_field(&draft.build, 5), subject, known);
    pack = sg_record_build_field(&draft.build, 6);
    sg_pack_array(pack, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        pack_head(h, pack, &heads[i]);
    sg_buf_init(&values, 60000);
    sg_pack_init(&value, &values);
    sg_pack_array(&value, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        sg_pack_raw(&value, heads[i].item->record.fields[heads[i].no]);
    if (sg_pack_end(&value) == SG_OK)
        sg_record_build_bin(&draft.build, 7, sg_buf_bytes(&values));
    sg_record_build_field(&draft.build, 8);
    sg_pack_array(&draft.build.pack, 0);
    sg_record_build_nil(&draft.build, 9);
    history_file(h, &draft);
    sg_buf_clear(&values);
}
