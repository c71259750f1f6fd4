#include "node/view/briefs.h"

#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"

#define SLOTS_FIRST ((size_t)1 << 12)

/* Bits of a brief. */
enum {
    BRIEF_PERSON = 1,
    BRIEF_SPOUSE = 2,
    BRIEF_HOUSEHOLD = 4,
    BRIEF_OPEN = 8,
    BRIEF_FILE = 16,
    BRIEF_MEMBERS = 32,
};

struct brief {
    uint64_t name; /* 0: a free slot */
    uint64_t spouse;
    uint32_t birth;
    uint8_t bits, heads;
};

_Static_assert(sizeof(struct brief) == 24, "as briefs.h has it");

struct sg_briefs {
    struct sg_pile *pile;
    struct brief *slots;
    size_t n_slots, count;
    uint64_t *members; /* names of (household, member); 0: a free slot */
    size_t n_members_slots, n_members;
    struct sg_uid asked; /* whom the answers are for */
};

/* --- names ------------------------------------------------------------- */

static uint64_t take_name(const struct sg_inside_key *key)
{
    uint64_t name = sg_bytes_get_u64be(key->bytes);

    return name != 0 ? name : 1;
}

static uint64_t name_of(struct sg_briefs *briefs, const struct sg_uid *uid)
{
    struct sg_inside_key key =
        sg_pile_name(briefs->pile, SG_INSIDE_UIDS, SG_BYTES_ARRAY(uid->bytes));

    return take_name(&key);
}

/* Names that MEMBER is one of HOUSEHOLD's. */
static uint64_t pair_of(struct sg_briefs *briefs,
                        const struct sg_uid *household,
                        const struct sg_uid *member)
{
    uint8_t bytes[2 * sizeof(struct sg_uid)];
    struct sg_inside_key key;

    memcpy(bytes, household->bytes, sizeof household->bytes);
    memcpy(bytes + sizeof household->bytes, member->bytes,
           sizeof member->bytes);
    key = sg_inside_name(briefs->pile->view, SG_INSIDE_UIDS,
                         SG_BYTES_ARRAY(bytes));
    return take_name(&key);
}

/* --- tables ------------------------------------------------------------ */

static struct brief *find(const struct sg_briefs *briefs, uint64_t name)
{
    size_t at = name & (briefs->n_slots - 1);

    while (briefs->slots[at].name != 0 && briefs->slots[at].name != name)
        at = (at + 1) & (briefs->n_slots - 1);
    return &briefs->slots[at];
}

static uint64_t *find_member(const struct sg_briefs *briefs, uint64_t pair)
{
    size_t at = pair & (briefs->n_members_slots - 1);

    while (briefs->members[at] != 0 && briefs->members[at] != pair)
        at = (at + 1) & (briefs->n_members_slots - 1);
    return &briefs->members[at];
}

static enum sg_err grow(struct sg_briefs *briefs)
{
    struct brief *old = briefs->slots;
    size_t n_old = briefs->n_slots;

    if (2 * briefs->count < n_old)
        return SG_OK;
    briefs->slots = sg_calloc(2 * n_old, sizeof *old);
    if (briefs->slots == NULL) {
        briefs->slots = old;
        return SG_ERR_NOMEM;
    }
    briefs->n_slots = 2 * n_old;
    for (size_t i = 0; i < n_old; i++)
        if (old[i].name != 0)
            *find(briefs, old[i].name) = old[i];
    sg_free(old);
    return SG_OK;
}

static enum sg_err grow_members(struct sg_briefs *briefs)
{
    uint64_t *old = briefs->members;
    size_t n_old = briefs->n_members_slots;

    if (2 * briefs->n_members < n_old)
        return SG_OK;
    briefs->members = sg_calloc(2 * n_old, sizeof *old);
    if (briefs->members == NULL) {
        briefs->members = old;
        return SG_ERR_NOMEM;
    }
    briefs->n_members_slots = 2 * n_old;
    for (size_t i = 0; i < n_old; i++)
        if (old[i] != 0)
            *find_member(briefs, old[i]) = old[i];
    sg_free(old);
    return SG_OK;
}

/* --- life -------------------------------------------------------------- */

enum sg_err sg_briefs_new(struct sg_pile *pile, struct sg_briefs **ret_briefs)
{
    struct sg_briefs *briefs = sg_calloc(1, sizeof *briefs);

    if (briefs == NULL)
        return SG_ERR_NOMEM;
    briefs->pile = pile;
    briefs->n_slots = briefs->n_members_slots = SLOTS_FIRST;
    briefs->slots = sg_calloc(SLOTS_FIRST, sizeof *briefs->slots);
    briefs->members = sg_calloc(SLOTS_FIRST, sizeof *briefs->members);
    if (briefs->slots == NULL || briefs->members == NULL) {
        sg_briefs_free(briefs);
        return SG_ERR_NOMEM;
    }
    *ret_briefs = briefs;
    return SG_OK;
}

void sg_briefs_free(struct sg_briefs *briefs)
{
    if (briefs == NULL)
        return;
    sg_free(briefs->slots);
    sg_free(briefs->members);
    sg_free(briefs);
}

/* --- putting ----------------------------------------------------------- */

static enum sg_err put_member(struct sg_briefs *briefs,
                              const struct sg_uid *household,
                              const struct sg_uid *member)
{
    uint64_t pair = pair_of(briefs, household, member), *slot;
    enum sg_err err = grow_members(briefs);

    if (err != SG_OK)
        return err;
    slot = find_member(briefs, pair);
    briefs->n_members += *slot == 0;
    *slot = pair;
    return SG_OK;
}

enum sg_err sg_briefs_put(struct sg_briefs *briefs, const struct sg_uid *uid,
                          const struct sg_sheet_facts *facts)
{
    struct brief *slot;
    enum sg_err err = SG_OK;

    if (!facts->is_person && !facts->is_household)
        return SG_OK;
    if (briefs->count == SG_BRIEFS_MAX ||
        briefs->n_members + facts->n_members > SG_BRIEFS_MAX)
        return SG_ERR_LIMIT;
    for (size_t i = 0; i < facts->n_members && err == SG_OK; i++)
        err = put_member(briefs, uid, &facts->members[i]);
    if (err == SG_OK)
        err = grow(briefs);
    if (err != SG_OK)
        return err;
    slot = find(briefs, name_of(briefs, uid));
    briefs->count += slot->name == 0;
    *slot = (struct brief){
        .name = name_of(briefs, uid),
        .spouse = facts->has_spouse ? name_of(briefs, &facts->spouse) : 0,
        .birth = facts->birth.ymd,
        .bits = (uint8_t)((facts->is_person ? BRIEF_PERSON : 0) |
                          (facts->has_spouse ? BRIEF_SPOUSE : 0) |
                          (facts->is_household ? BRIEF_HOUSEHOLD : 0) |
                          (facts->is_open ? BRIEF_OPEN : 0) |
                          (facts->has_file_no ? BRIEF_FILE : 0) |
                          (facts->has_members ? BRIEF_MEMBERS : 0)),
        .heads = facts->heads};
    return SG_OK;
}

/* --- answering --------------------------------------------------------- */

static bool give_relative(void *context, const struct sg_uid *uid,
                          struct sg_quality_relative *ret)
{
    struct sg_briefs *briefs = context;
    const struct brief *brief = find(briefs, name_of(briefs, uid));

    if (brief->name == 0 || (brief->bits & BRIEF_PERSON) == 0)
        return false;
    *ret = (struct sg_quality_relative){.birth = {brief->birth},
                                        .has_spouse =
                                            (brief->bits & BRIEF_SPOUSE) != 0};
    /* Whether it is the one who asks is all that is judged. */
    if (ret->has_spouse && brief->spouse == name_of(briefs, &briefs->asked))
        ret->spouse = briefs->asked;
    return true;
}

static bool give_household(void *context, const struct sg_uid *uid,
                           const struct sg_uid *person,
                           struct sg_quality_household *ret)
{
    struct sg_briefs *briefs = context;
    const struct brief *brief = find(briefs, name_of(briefs, uid));

    if (brief->name == 0 || (brief->bits & BRIEF_HOUSEHOLD) == 0)
        return false;
    *ret = (struct sg_quality_household){
        .is_open = (brief->bits & BRIEF_OPEN) != 0,
        .heads = brief->heads,
        .has_file_no = (brief->bits & BRIEF_FILE) != 0,
        .has_members = (brief->bits & BRIEF_MEMBERS) != 0,
        .has_person = *find_member(briefs, pair_of(briefs, uid, person)) != 0};
    return true;
}

void sg_briefs_answer(struct sg_briefs *briefs, struct sg_quality_facts *facts)
{
    facts->context = briefs;
    facts->relative = give_relative;
    facts->household = give_household;
}

void sg_briefs_ask_for(struct sg_briefs *briefs,
                       const struct sg_quality_asked *asked)
{
    briefs->asked = asked->person;
}
