/* Figures of the view: roots, tallies, the cut. view.h says what each is. */
#include <string.h>

#include "node/view/tally.h"
#include "storage/base/alloc.h"
#include "storage/base/check.h"

struct asking {
    struct sg_view *view;
    uint8_t what;
    bool is_all;
    struct sg_unit_key unit;
    struct sg_uid campaign;
    struct sg_view_root root;
    sg_view_take_root *take_root;
    sg_view_take_tally *take_tally;
    void *context;
    struct sg_buf value;
};

static enum sg_err run(struct asking *asking, sg_env_fn *fn)
{
    enum sg_err err;

    sg_buf_init(&asking->value, SG_SEALED_SIZE_MAX);
    err = sg_sealed_read(asking->view->sealed, fn, asking);
    sg_buf_clear(&asking->value);
    return err;
}

/* The commit that is read says which side stands in it. */
static enum sg_err read_side(struct asking *asking, struct sg_txn *txn)
{
    struct sg_bytes state;

    if (!sg_txn_get(txn, SG_INSIDE_META, SG_BYTES_TEXT("state"), &state))
        return sg_txn_err(txn);
    if (state.size < 17)
        return SG_ERR_DAMAGED;
    asking->what = (uint8_t)(asking->what + (state.data[16] & 1));
    return SG_OK;
}

/* --- roots ------------------------------------------------------------- */

/* Says whether a payload that UNIT reads is sealed by a key that is not ours.
 * The world is held. */
static bool is_closed(const struct sg_view *view, struct sg_unit_key unit)
{
    size_t count = 0, low = 0;
    const struct sg_unit_key *units =
        view->feed.closed != NULL
            ? view->feed.closed(view->feed.context, &count)
            : NULL;

    while (low < count) {
        size_t middle = low + (count - low) / 2;

        if (sg_unit_key_equal(units[middle], unit))
            return true;
        if (units[middle].value < unit.value)
            low = middle + 1;
        else
            count = middle;
    }
    return false;
}

/* Why the root of a unit, whichever it is, is no number now. */
static unsigned find_reasons(struct sg_view *view)
{
    struct sg_view_status status;
    unsigned reasons = 0, version;

    sg_view_status(view, &status);
    version = sg_authority_rule_version(sg_view_hold(view));
    sg_view_release(view);
    if (!status.is_ready)
        reasons |= SG_VIEW_NO_GENESIS;
    if (status.lost > 0)
        reasons |= SG_VIEW_UNREADABLE;
    if (version > SG_AUTHORITY_RULE_VERSION)
        reasons |= SG_VIEW_RULES;
    if (status.verified < status.applied)
        reasons |= SG_VIEW_UNSIGNED;
    if (status.waiting > 0)
        reasons |= SG_VIEW_WAITING;
    if (status.to_fold > 0 || status.applied < status.held ||
        status.is_building)
        reasons |= SG_VIEW_FOLDING;
    return reasons;
}

/* The same of UNIT: the centre reads all, so what is closed concerns it. */
static unsigned find_reasons_of(struct sg_view *view, struct sg_unit_key unit)
{
    struct sg_view_status status;
    unsigned reasons = 0;

    sg_view_status(view, &status);
    if (unit.value == 0)
        return status.unreadable > 0 ? SG_VIEW_UNREADABLE : 0;
    (void)sg_view_hold(view);
    if (is_closed(view, unit))
        reasons = SG_VIEW_UNREADABLE;
    sg_view_release(view);
    return reasons;
}

static enum sg_err get_root(struct sg_txn *txn, void *context)
{
    struct asking *asking = context;
    struct sg_inside_key key;
    struct sg_unit_key unit;
    enum sg_err err = read_side(asking, txn);

    if (err != SG_OK)
        return err;
    key = sg_tally_root_key(asking->view, asking->what - SG_INSIDE_ROOT,
                            asking->unit, asking->is_all);
    asking->root.root = (struct sg_state_root){.n_rows = 0};
    sg_buf_truncate(&asking->value, 0);
    if (!sg_sealed_get(asking->view->sealed, txn, SG_INSIDE_TALLIES,
                       sg_inside_bytes(&key), &asking->value))
        return sg_txn_err(txn);
    return sg_tally_decode_root(sg_buf_bytes(&asking->value), &unit,
                                &asking->root.root);
}

static enum sg_err give_root(struct sg_view *view, struct sg_unit_key unit,
                             bool is_all, struct sg_view_root *ret_root)
{
    struct asking asking = {
        .view = view, .what = SG_INSIDE_ROOT, .unit = unit, .is_all = is_all};
    enum sg_err err = run(&asking, get_root);

    if (err != SG_OK)
        return err;
    ret_root->unit = unit;
    ret_root->root = asking.root.root;
    ret_root->reasons = find_reasons(view) |
                        find_reasons_of(view, is_all ? SG_UNIT_COUNTRY : unit);
    return SG_OK;
}

enum sg_err sg_view_root(struct sg_view *view, struct sg_unit_key unit,
                         struct sg_view_root *ret_root)
{
    return give_root(view, unit, false, ret_root);
}

enum sg_err sg_view_root_all(struct sg_view *view,
                             struct sg_view_root *ret_root)
{
    return give_root(view, SG_UNIT_COUNTRY, true, ret_root);
}

/* Hands each value of one kind, in the clear, to TAKE. */
static enum sg_err each(struct asking *asking, struct sg_txn *txn,
                        enum sg_err (*take)(struct asking *, struct sg_bytes,
                                            struct sg_bytes))
{
    struct sg_bytes key, value;
    bool is_there = sg_txn_seek(txn, SG_INSIDE_TALLIES,
                                sg_bytes(&asking->what, 1), &key, &value);
    enum sg_err err = SG_OK;

    while (is_there && key.data[0] == asking->what && err == SG_OK) {
        sg_buf_truncate(&asking->value, 0);
        if (!sg_sealed_decode(asking->view->sealed, txn, SG_INSIDE_TALLIES, key,
                              value, &asking->value))
            break;
        err = take(asking, key, sg_buf_bytes(&asking->value));
        is_there = sg_txn_next(txn, SG_INSIDE_TALLIES, &key, &value);
    }
    return err == SG_OK ? sg_txn_err(txn) : err;
}

static bool is_root_of(const struct asking *asking, struct sg_bytes key,
                       struct sg_unit_key unit)
{
    struct sg_inside_key own = sg_tally_root_key(
        asking->view, asking->what - SG_INSIDE_ROOT, unit, false);

    return sg_bytes_equal(key, sg_inside_bytes(&own));
}

static enum sg_err take_root(struct asking *asking, struct sg_bytes key,
                             struct sg_bytes value)
{
    struct sg_view_root root = {.reasons = asking->root.reasons};
    enum sg_err err = sg_tally_decode_root(value, &root.unit, &root.root);

    if (err != SG_OK || !is_root_of(asking, key, root.unit) ||
        root.root.n_rows == 0)
        return err; /* that of all */
    root.reasons |= find_reasons_of(asking->view, root.unit);
    return asking->take_root(asking->context, &root);
}

static enum sg_err each_root(struct sg_txn *txn, void *context)
{
    enum sg_err err = read_side(context, txn);

    return err == SG_OK ? each(context, txn, take_root) : err;
}

enum sg_err sg_view_roots(struct sg_view *view, sg_view_take_root *take,
                          void *context)
{
    struct asking asking = {.view = view,
                            .what = SG_INSIDE_ROOT,
                            .take_root = take,
                            .context = context};

    asking.root.reasons = find_reasons(view);
    return run(&asking, each_root);
}

/* --- tallies ----------------------------------------------------------- */

static enum sg_err take_tally(struct asking *asking, struct sg_bytes key,
                              struct sg_bytes value)
{
    static const size_t sizes[] = {SG_TALLY_FUNNEL_COUNTS,
                                   SG_TALLY_MEASURE_COUNTS,
                                   SG_TALLY_CONFLICT_COUNTS};
    unsigned kind = asking->what / 16u - 1;
    union {
        int64_t counts[SG_TALLY_COUNTS_MAX];
        struct sg_funnel funnel;
        struct sg_measure measure;
    } of;
    struct sg_view_tally tally = {.funnel = NULL};
    struct sg_inside_key own;
    enum sg_err err =
        sg_tally_decode(value, &tally.unit, of.counts, sizes[kind]);

    if (err != SG_OK)
        return err;
    own =
        sg_tally_key(asking->view, asking->what, &asking->campaign, tally.unit);
    if (!sg_bytes_equal(key, sg_inside_bytes(&own)))
        return SG_OK; /* of another campaign */
    if (kind == 0)
        tally.funnel = &of.funnel;
    else if (kind == 1)
        tally.measure = &of.measure;
    else
        tally.conflicts = of.counts;
    return asking->take_tally(asking->context, &tally);
}

static enum sg_err each_tally(struct sg_txn *txn, void *context)
{
    enum sg_err err = read_side(context, txn);

    return err == SG_OK ? each(context, txn, take_tally) : err;
}

static enum sg_err give_tallies(struct sg_view *view, enum sg_inside_tally what,
                                const struct sg_uid *campaign,
                                sg_view_take_tally *take, void *context)
{
    struct asking asking = {.view = view,
                            .what = (uint8_t)what,
                            .take_tally = take,
                            .context = context};

    if (campaign != NULL)
        asking.campaign = *campaign;
    return run(&asking, each_tally);
}

enum sg_err sg_view_funnels(struct sg_view *view, const struct sg_uid *campaign,
                            sg_view_take_tally *take, void *context)
{
    return give_tallies(view, SG_INSIDE_FUNNEL, campaign, take, context);
}

enum sg_err sg_view_measures(struct sg_view *view, sg_view_take_tally *take,
                             void *context)
{
    return give_tallies(view, SG_INSIDE_MEASURE, NULL, take, context);
}

enum sg_err sg_view_conflict_counts(struct sg_view *view,
                                    sg_view_take_tally *take, void *context)
{
    return give_tallies(view, SG_INSIDE_DISPUTES, NULL, take, context);
}

/* --- the cut ----------------------------------------------------------- */

enum sg_err sg_view_cut(struct sg_view *view, uint64_t *cursor,
                        struct sg_view_log *ret_logs, size_t max,
                        size_t *ret_count)
{
    *ret_count = 0;
    (void)pthread_rwlock_rdlock(&view->world);
    while (*cursor < view->n_logs && *ret_count < max) {
        const struct sg_inside_log *log = &view->logs[(*cursor)++];

        if (!log->is_known || log->feed.kind != SG_LOG_RECORDS)
            continue;
        ret_logs[(*ret_count)++] =
            (struct sg_view_log){.number = log->feed.number,
                                 .log = log->feed.id,
                                 .branch = (uint8_t)(log->feed.branch - 1),
                                 .size = log->applied};
    }
    if (*cursor >= view->n_logs)
        *cursor = 0;
    (void)pthread_rwlock_unlock(&view->world);
    return SG_OK;
}
