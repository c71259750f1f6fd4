#include "storage/registry/merge/register.h"

#include <string.h>

#include "storage/base/alloc.h"
#include "storage/registry/merge/shelf.h"

#define DAY_MS UINT64_C(86400000)

/* --- what the authority says ------------------------------------------- */

static bool find_bridge(void *context, const struct sg_ref *record,
                        const uint8_t **ret_parents, size_t *ret_count)
{
    const struct sg_authority_erased *erased =
        sg_authority_find_bridge(context, record);

    if (erased == NULL)
        return false;
    *ret_parents = erased->parents;
    *ret_count = erased->n_parents;
    return true;
}

void sg_register_setup_of(const struct sg_authority *authority,
                          const struct sg_registry_id *registry,
                          struct sg_register_setup *ret)
{
    uint64_t days =
        sg_authority_policy(authority, SG_AUTHORITY_POLICY_CLOCK_DAYS, 0);
    struct sg_authority_at at;

    sg_authority_at_cut(authority, &at);
    *ret = (struct sg_register_setup){
        .registry = *registry,
        .world = {.units = sg_authority_units(authority),
                  .as_of = sg_authority_as_of(authority),
                  .duplicate_score = (unsigned)sg_authority_policy(
                      authority, SG_AUTHORITY_POLICY_DUPLICATE_SCORE, 0)},
        .hlc_max =
            (sg_authority_time_floor(&at) + days * DAY_MS) << 16 | UINT16_MAX,
        .territory = sg_authority_territory(authority),
        .bridge = find_bridge,
        /* It is only ever read. */
        .context = (void *)(uintptr_t)authority};
    ret->campaigns = sg_authority_campaigns(authority, &ret->n_campaigns);
}

/* --- life -------------------------------------------------------------- */

static void take_setup(struct sg_register *reg,
                       const struct sg_register_setup *setup)
{
    reg->setup = *setup;
    sg_shelf_source(reg, &reg->source);
    sg_state_root_prefix(&setup->registry, &reg->prefix);
}

enum sg_err sg_register_new(const struct sg_register_setup *setup,
                            struct sg_register **ret_register)
{
    struct sg_register *reg = sg_calloc(1, sizeof *reg);
    enum sg_err err;

    if (reg == NULL)
        return SG_ERR_NOMEM;
    take_setup(reg, setup);
    sg_arena_init(&reg->arena);
    sg_arena_init(&reg->kept);
    sg_buf_init(&reg->work, SG_ROW_SIZE_MAX);
    err = sg_fold_new(&reg->setup.world, &reg->source, &reg->fold);
    if (err != SG_OK) {
        sg_free(reg);
        return err;
    }
    *ret_register = reg;
    return SG_OK;
}

void sg_register_free(struct sg_register *reg)
{
    if (reg == NULL)
        return;
    sg_shelf_clear(reg);
    sg_buf_clear(&reg->work);
    sg_fold_free(reg->fold);
    sg_free(reg);
}

enum sg_err sg_register_set(struct sg_register *reg,
                            const struct sg_register_setup *setup)
{
    for (size_t i = 0; i < reg->n_entries; i++) {
        enum sg_err err = sg_shelf_touch(reg, reg->entries[i]);

        if (err != SG_OK)
            return err;
    }
    take_setup(reg, setup);
    for (size_t i = 0; i < reg->n_entries; i++)
        sg_shelf_refresh(reg, reg->entries[i]);
    return SG_OK;
}

void sg_register_watch(struct sg_register *reg, sg_register_changed *changed,
                       void *context)
{
    reg->changed = changed;
    reg->changed_context = context;
}

enum sg_err sg_register_put(struct sg_register *reg,
                            const struct sg_register_copy *copy)
{
    if (copy->record != NULL && (copy->record->type < SG_TYPE_PERSON ||
                                 copy->record->type > SG_TYPE_ENDORSE))
        return SG_OK;
    return sg_shelf_put(reg, copy);
}

/* --- settling ---------------------------------------------------------- */

static enum sg_err touch(struct sg_register *reg, const struct sg_uid *uid)
{
    struct sg_shelf_entry *entry = sg_shelf_find(reg, uid);

    return entry != NULL ? sg_shelf_touch(reg, entry) : SG_OK;
}

/* Touches all whom pairs join with those who are touched, then all who share a
 * number with one of them: what is said of them may have changed too. */
static enum sg_err spread(struct sg_register *reg)
{
    enum sg_err err = SG_OK;
    size_t n_joined;

    for (size_t i = 0; i < reg->n_touched && err == SG_OK; i++) {
        const struct sg_shelf_entry *entry = reg->touched[i];

        for (size_t k = 0; k < entry->n_partners && err == SG_OK; k++)
            err = touch(reg, &entry->partners[k]);
    }
    n_joined = reg->n_touched;
    for (size_t i = 0; i < n_joined && err == SG_OK; i++) {
        const struct sg_shelf_entry *entry = reg->touched[i];

        for (size_t k = 0; k < entry->n_numbers && err == SG_OK; k++) {
            const struct sg_shelf_number *number =
                entry->numbers[k] == 0
                    ? NULL
                    : sg_shelf_number(reg, entry->numbers[k]);

            for (size_t n = 0; number != NULL && n < number->count &&
                               number->count > 1 && err == SG_OK;
                 n++)
                err = touch(reg, &number->persons[n]);
        }
    }
    return err;
}

/* What a subject has in the roots, in the making. */
struct sum {
    struct sg_register *reg;
    struct sg_shelf_share *shares;
    size_t n_shares;
};

static enum sg_err add_row(void *context, const struct sg_row *row)
{
    struct sum *sum = context;
    struct sg_hash hash;
    size_t at = 0;

    while (at < sum->n_shares &&
           !sg_unit_key_equal(sum->shares[at].unit, row->unit))
        at++;
    if (at == sum->n_shares) {
        struct sg_shelf_share *shares =
            sg_realloc(sum->shares, (at + 1) * sizeof *shares);

        if (shares == NULL)
            return SG_ERR_NOMEM;
        shares[at] = (struct sg_shelf_share){.unit = row->unit};
        sum->shares = shares;
        sum->n_shares++;
    }
    sg_state_root_hash(&sum->reg->prefix, row->bytes, &hash);
    sg_state_root_add_row(&sum->shares[at].root, row, &hash);
    return SG_OK;
}

/* Exchanges what ENTRY has in the roots. */
static enum sg_err exchange(struct sg_register *reg,
                            struct sg_shelf_entry *entry, struct sum *sum)
{
    for (size_t i = 0; i < sum->n_shares; i++)
        if (sg_shelf_root(reg, sum->shares[i].unit) == NULL)
            return SG_ERR_NOMEM;
    for (size_t i = 0; i < entry->n_shares; i++) {
        const struct sg_shelf_share *share = &entry->shares[i];

        sg_state_root_subtract(&sg_shelf_root(reg, share->unit)->root,
                               &share->root);
        sg_state_root_subtract(&reg->all, &share->root);
    }
    for (size_t i = 0; i < sum->n_shares; i++) {
        const struct sg_shelf_share *share = &sum->shares[i];

        sg_state_root_add(&sg_shelf_root(reg, share->unit)->root, &share->root);
        sg_state_root_add(&reg->all, &share->root);
    }
    sg_free(entry->shares);
    entry->shares = sum->shares;
    entry->n_shares = sum->n_shares;
    return SG_OK;
}

static enum sg_err fold(struct sg_register *reg, const struct sg_uid *uid,
                        const struct sg_subject **ret)
{
    sg_arena_reset(&reg->arena);
    return sg_fold_subject(reg->fold, uid, ret);
}

static enum sg_err fold_entry(struct sg_register *reg,
                              struct sg_shelf_entry *entry)
{
    struct sum sum = {.reg = reg};
    const struct sg_subject *subject;
    enum sg_err err = fold(reg, &entry->uid, &subject);

    if (err == SG_OK)
        err = sg_row_each(subject, &reg->work, add_row, &sum);
    if (err == SG_OK)
        err = exchange(reg, entry, &sum);
    if (err != SG_OK) {
        sg_free(sum.shares);
        return err;
    }
    entry->is_touched = false;
    if (reg->changed != NULL)
        reg->changed(reg->changed_context, subject);
    return SG_OK;
}

/* Exchanges the rows of the campaigns. */
static enum sg_err fold_campaigns(struct sg_register *reg)
{
    struct sum sum = {.reg = reg};
    struct sg_shelf_root *root = sg_shelf_root(reg, SG_UNIT_COUNTRY);
    enum sg_err err = root != NULL ? SG_OK : SG_ERR_NOMEM;

    for (size_t i = 0; i < reg->setup.n_campaigns && err == SG_OK; i++)
        err = sg_row_campaign(&reg->setup.campaigns[i], &reg->work, add_row,
                              &sum);
    if (err == SG_OK) {
        sg_state_root_subtract(&root->root, &reg->campaigns);
        sg_state_root_subtract(&reg->all, &reg->campaigns);
        reg->campaigns = (struct sg_state_root){0};
        if (sum.n_shares > 0)
            reg->campaigns = sum.shares[0].root;
        sg_state_root_add(&root->root, &reg->campaigns);
        sg_state_root_add(&reg->all, &reg->campaigns);
    }
    sg_free(sum.shares);
    return err;
}

enum sg_err sg_register_settle(struct sg_register *reg)
{
    enum sg_err err = spread(reg);

    if (err == SG_OK)
        err = fold_campaigns(reg);

    while (reg->n_touched > 0 && err == SG_OK) {
        err = fold_entry(reg, reg->touched[reg->n_touched - 1]);
        if (err == SG_OK)
            reg->n_touched--;
    }
    return err;
}

/* --- asking ------------------------------------------------------------ */

void sg_register_root(const struct sg_register *reg, struct sg_unit_key unit,
                      struct sg_state_root *ret_root)
{
    size_t cursor = 0;
    struct sg_unit_key at;

    while (sg_register_next_unit(reg, &cursor, &at, ret_root))
        if (sg_unit_key_equal(at, unit))
            return;
    *ret_root = (struct sg_state_root){0};
}

void sg_register_root_all(const struct sg_register *reg,
                          struct sg_state_root *ret_root)
{
    *ret_root = reg->all;
}

bool sg_register_next_unit(const struct sg_register *reg, size_t *cursor,
                           struct sg_unit_key *ret_unit,
                           struct sg_state_root *ret_root)
{
    while (*cursor < reg->by_unit.n_slots) {
        const struct sg_shelf_root *root = reg->by_unit.slots[*cursor].item;

        ++*cursor;
        if (root == NULL || root->root.n_rows == 0)
            continue;
        *ret_unit = root->unit;
        *ret_root = root->root;
        return true;
    }
    return false;
}

size_t sg_register_count(const struct sg_register *reg)
{
    return reg->n_entries;
}

bool sg_register_next(const struct sg_register *reg, size_t *cursor,
                      struct sg_uid *ret_uid)
{
    if (*cursor >= reg->n_entries)
        return false;
    *ret_uid = reg->entries[(*cursor)++]->uid;
    return true;
}

enum sg_err sg_register_subject(struct sg_register *reg,
                                const struct sg_uid *uid,
                                const struct sg_subject **ret)
{
    if (sg_shelf_find(reg, uid) == NULL)
        return SG_ERR_NOTFOUND;
    return fold(reg, uid, ret);
}

enum sg_err sg_register_rows(struct sg_register *reg, sg_row_take *take,
                             void *context)
{
    enum sg_err err = SG_OK;

    for (size_t i = 0; i < reg->setup.n_campaigns && err == SG_OK; i++)
        err = sg_row_campaign(&reg->setup.campaigns[i], &reg->work, take,
                              context);
    for (size_t i = 0; i < reg->n_entries && err == SG_OK; i++) {
        const struct sg_subject *subject;

        err = fold(reg, &reg->entries[i]->uid, &subject);
        if (err == SG_OK)
            err = sg_row_each(subject, &reg->work, take, context);
    }
    return err;
}
