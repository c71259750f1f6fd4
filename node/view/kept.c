#include "node/view/kept.h"

#include <string.h>

#include "node/view/said.h"
#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/base/reader.h"
#include "storage/base/writer.h"

#define STATE     SG_BYTES_TEXT("state")
#define VALUE_MAX 64u

/* Keys of tallies that are no counts of persons. */
static const struct sg_uid of_campaigns = {{0xfe}};

/* --- the view's own state ---------------------------------------------- */

static size_t encode_state(const struct sg_view *view, uint8_t ret[VALUE_MAX])
{
    struct sg_writer writer;

    sg_writer_init_array(&writer, ret, VALUE_MAX);
    sg_writer_u32be(&writer, view->next_number);
    sg_writer_u64be(&writer, view->clamped);
    sg_writer_u32be(&writer, view->counted.ymd);
    sg_writer_u8(&writer, view->side);
    sg_writer_u8(&writer, (uint8_t)((view->sweep.is_on ? 1 : 0) |
                                    (view->sweep.is_wanted ? 2 : 0) |
                                    (view->is_endorse_due ? 4 : 0)));
    sg_writer_u32be(&writer, view->sweep.next);
    sg_writer_u32be(&writer, view->sweep.day.ymd);
    sg_writer_u8(&writer, view->sweep.side);
    sg_writer_u64be(&writer, view->status.subjects);
    SG_ASSERT(writer.err == SG_OK);
    return writer.size;
}

static enum sg_err decode_state(struct sg_view *view, struct sg_bytes value)
{
    struct sg_reader reader;
    uint8_t bits;

    sg_reader_init(&reader, value);
    view->next_number = sg_reader_u32be(&reader);
    view->clamped = sg_reader_u64be(&reader);
    view->counted.ymd = sg_reader_u32be(&reader);
    view->side = sg_reader_u8(&reader) & 1;
    bits = sg_reader_u8(&reader);
    view->sweep = (struct sg_inside_sweep){.is_on = (bits & 1) != 0,
                                           .is_wanted = (bits & 2) != 0};
    view->is_endorse_due = (bits & 4) != 0;
    view->sweep.next = sg_reader_u32be(&reader);
    view->sweep.day.ymd = sg_reader_u32be(&reader);
    view->sweep.side = sg_reader_u8(&reader) & 1;
    view->status.subjects = sg_reader_u64be(&reader);
    return sg_reader_end(&reader) == SG_OK ? SG_OK : SG_ERR_DAMAGED;
}

/* --- loading ----------------------------------------------------------- */

void sg_kept_free(struct sg_view *view)
{
    for (uint32_t i = 0; i < view->n_sets; i++)
        sg_free(view->sets[i]);
    sg_free(view->sets);
    sg_table_clear(&view->by_units);
    sg_free(view->logs);
    sg_free(view->above);
    sg_said_free(view->said);
    view->sets = NULL;
    view->n_sets = view->sets_capacity = 0;
    view->logs = NULL;
    view->n_logs = 0;
    view->above = NULL;
    view->n_above = view->above_capacity = 0;
    view->said = NULL;
}

struct loading {
    struct sg_view *view;
    struct sg_apply_place *statements;
    size_t n_statements, statements_capacity;
    struct sg_apply_rewrap *rewraps;
    size_t n_rewraps, rewraps_capacity;
    struct sg_buf value;
};

/* Gets one row. */
typedef enum sg_err load_row(struct loading *loading, struct sg_bytes key,
                             struct sg_bytes value);

static enum sg_err load_each(struct loading *loading, struct sg_txn *txn,
                             enum sg_inside_db db, bool is_sealed,
                             load_row *take)
{
    struct sg_bytes key, value;
    bool is_there = sg_txn_seek(txn, db, sg_bytes("", 1), &key, &value);
    enum sg_err err = SG_OK;

    while (is_there && err == SG_OK) {
        sg_buf_truncate(&loading->value, 0);
        if (is_sealed && !sg_sealed_decode(loading->view->sealed, txn, db, key,
                                           value, &loading->value))
            break;
        err = take(loading, key,
                   is_sealed ? sg_buf_bytes(&loading->value) : value);
        is_there = sg_txn_next(txn, db, &key, &value);
    }
    return err == SG_OK ? sg_txn_err(txn) : err;
}

static enum sg_err load_progress(struct loading *loading, struct sg_bytes key,
                                 struct sg_bytes value)
{
    struct sg_view *view = loading->view;
    struct sg_inside_log *log;
    struct sg_reader reader;
    uint32_t number;

    if (key.size != 4)
        return SG_ERR_DAMAGED;
    number = sg_bytes_get_u32be(key.data);
    if (number >= SG_LOGS_MAX * SG_BRANCHES_MAX)
        return SG_ERR_DAMAGED;
    if (number >= view->n_logs) {
        log = sg_realloc(view->logs, (number + 1) * sizeof *log);
        if (log == NULL)
            return SG_ERR_NOMEM;
        memset(log + view->n_logs, 0,
               (number + 1 - view->n_logs) * sizeof *log);
        view->logs = log;
        view->n_logs = number + 1;
    }
    log = &view->logs[number];
    sg_reader_init(&reader, value);
    log->heard = sg_reader_varint(&reader);
    log->applied = sg_reader_varint(&reader);
    log->high = sg_reader_varint(&reader);
    log->verified = sg_reader_varint(&reader);
    log->fork = sg_reader_varint(&reader) - 1;
    log->absent = sg_reader_varint(&reader);
    log->first_absent = sg_reader_varint(&reader) - 1;
    log->first_waiting = sg_reader_varint(&reader) - 1;
    log->first_lost = sg_reader_varint(&reader) - 1;
    log->rooted = sg_reader_varint(&reader);
    if (log->rooted > 0)
        sg_reader_copy(&reader, log->root.bytes, sizeof log->root.bytes);
    return sg_reader_end(&reader) == SG_OK ? SG_OK : SG_ERR_DAMAGED;
}

static enum sg_err load_set(struct loading *loading, struct sg_bytes key,
                            struct sg_bytes value)
{
    struct sg_view *view = loading->view;
    size_t count = value.size / 8;
    struct sg_unit_key *units = sg_alloc((count + 1) * sizeof *units);
    uint32_t number;
    enum sg_err err;

    if (units == NULL)
        return SG_ERR_NOMEM;
    for (size_t i = 0; i < count; i++)
        units[i].value = sg_bytes_get_u64be(value.data + 8 * i);
    /* They were numbered in this order. */
    err = key.size == 4 && sg_bytes_get_u32be(key.data) == view->n_sets
              ? sg_apply_set(view, units, count, &number)
              : SG_ERR_DAMAGED;
    sg_free(units);
    if (err != SG_OK)
        return err;
    if (number + 1 != view->n_sets)
        return SG_ERR_DAMAGED;
    view->sets[number]->is_new = false;
    return SG_OK;
}

static enum sg_err load_statement(struct loading *loading, struct sg_bytes key,
                                  struct sg_bytes value)
{
    if (key.size != 12 || value.size != 1)
        return SG_ERR_DAMAGED;
    if (!sg_alloc_grow((void **)&loading->statements, loading->n_statements,
                       &loading->statements_capacity,
                       sizeof *loading->statements))
        return SG_ERR_NOMEM;
    loading->statements[loading->n_statements++] = (struct sg_apply_place){
        sg_bytes_get_u32be(key.data), sg_bytes_get_u64be(key.data + 4),
        value.data[0]};
    return SG_OK;
}

static enum sg_err load_rewrap(struct loading *loading, struct sg_bytes key,
                               struct sg_bytes value)
{
    (void)value;
    if (key.size != 24)
        return SG_ERR_DAMAGED;
    if (!sg_alloc_grow((void **)&loading->rewraps, loading->n_rewraps,
                       &loading->rewraps_capacity, sizeof *loading->rewraps))
        return SG_ERR_NOMEM;
    loading->rewraps[loading->n_rewraps++] = (struct sg_apply_rewrap){
        .log = sg_bytes_get_u32be(key.data),
        .index = sg_bytes_get_u64be(key.data + 4),
        .other = sg_bytes_get_u32be(key.data + 12),
        .other_index = sg_bytes_get_u64be(key.data + 16)};
    return SG_OK;
}

#define STANDING_SIZE 21u /* standing, code, rule, flags, endorsement, ref */

static enum sg_err add_above(struct sg_view *view, uint32_t log, uint64_t index,
                             uint8_t endorsement, const uint8_t ref[16])
{
    struct sg_inside_above *above;

    for (size_t i = 0; i < view->n_above; i++) {
        above = &view->above[i];
        if (above->log == log && above->index == index) {
            above->endorsement = endorsement;
            return SG_OK;
        }
    }
    if (!sg_alloc_grow((void **)&view->above, view->n_above,
                       &view->above_capacity, sizeof *above))
        return SG_ERR_NOMEM;
    above = &view->above[view->n_above++];
    *above = (struct sg_inside_above){
        .log = log, .index = index, .endorsement = endorsement};
    memcpy(above->ref.bytes, ref, sizeof above->ref.bytes);
    return SG_OK;
}

static void del_above(struct sg_view *view, uint32_t log, uint64_t index)
{
    for (size_t i = 0; i < view->n_above; i++)
        if (view->above[i].log == log && view->above[i].index == index) {
            view->above[i] = view->above[--view->n_above];
            return;
        }
}

static enum sg_err load_standing(struct loading *loading, struct sg_bytes key,
                                 struct sg_bytes value)
{
    struct sg_view *view = loading->view;

    if (key.size != 12 || value.size != STANDING_SIZE ||
        value.data[0] > SG_ADMISSION_REFUSED)
        return SG_ERR_DAMAGED;
    view->n_standing[value.data[0]]++;
    if ((value.data[3] & 1) == 0)
        return SG_OK;
    return add_above(view, sg_bytes_get_u32be(key.data),
                     sg_bytes_get_u64be(key.data + 4), value.data[4],
                     value.data + 5);
}

static enum sg_err load_campaigns(struct sg_view *view, struct sg_txn *txn,
                                  struct sg_buf *value)
{
    struct sg_inside_key key =
        sg_tally_key(view, SG_INSIDE_CAMPAIGNS, &of_campaigns, SG_UNIT_COUNTRY);
    struct sg_unit_key unit;

    view->campaigns = (struct sg_state_root){.n_rows = 0};
    sg_buf_truncate(value, 0);
    if (!sg_sealed_get(view->sealed, txn, SG_INSIDE_TALLIES,
                       sg_inside_bytes(&key), value))
        return sg_txn_err(txn);
    return sg_tally_decode_root(sg_buf_bytes(value), &unit, &view->campaigns);
}

static enum sg_err load_all(struct sg_txn *txn, void *context)
{
    struct loading *loading = context;
    struct sg_view *view = loading->view;
    struct sg_bytes state;
    enum sg_err err = SG_OK;

    if (sg_txn_get(txn, SG_INSIDE_META, STATE, &state))
        err = decode_state(view, state);
    if (err == SG_OK)
        err = load_campaigns(view, txn, &loading->value);
    if (err == SG_OK)
        err = load_each(loading, txn, SG_INSIDE_PROGRESS, false, load_progress);
    if (err == SG_OK)
        err = load_each(loading, txn, SG_INSIDE_SETS, true, load_set);
    if (err == SG_OK)
        err = load_each(loading, txn, SG_INSIDE_STATEMENTS, false,
                        load_statement);
    if (err == SG_OK)
        err = load_each(loading, txn, SG_INSIDE_KEYS, false, load_rewrap);
    if (err == SG_OK)
        err = load_each(loading, txn, SG_INSIDE_STANDING, true, load_standing);
    return err;
}

/* Reads the statements again from the logs. */
static enum sg_err hear_again(struct loading *loading)
{
    struct sg_view *view = loading->view;
    enum sg_err err = SG_OK;

    for (size_t i = 0; i < loading->n_statements && err == SG_OK; i++) {
        const struct sg_apply_place *at = &loading->statements[i];
        const struct sg_inside_log *log = sg_inside_log(view, at->log);
        struct sg_feed_item item;
        unsigned type;
        size_t count;

        if (log == NULL)
            return SG_ERR_DAMAGED; /* of another store */
        err = view->feed.read(view->feed.context, at->log, at->index, 1, &item,
                              &count);
        if (err == SG_OK)
            err = sg_said_put(view->said, &log->feed, &item, &type);
    }
    for (uint32_t i = 0; i < view->n_logs && err == SG_OK; i++)
        if (view->logs[i].is_known)
            err = sg_said_hold(view->said, &view->logs[i].feed,
                               view->logs[i].heard);
    return err;
}

/* Says whether LOG begins with what the view was made of. A log that cannot be
 * read does not say that it does not. */
static bool is_same(struct sg_view *view, const struct sg_inside_log *log)
{
    struct sg_hash root;
    enum sg_err err;

    if (log->rooted == 0 || view->feed.root == NULL)
        return true;
    if (!log->is_known)
        return false;
    err = view->feed.root(view->feed.context, log->feed.number, log->rooted,
                          &root);
    return err == SG_OK ? memcmp(&root, &log->root, sizeof root) == 0
                        : err != SG_ERR_NOTFOUND;
}

/* The logs may have been set back beside the view, by a backup or a repair: its
 * rows would have what no log has, and nothing would ever say so. */
static enum sg_err compare_logs(struct sg_view *view)
{
    for (uint32_t i = 0; i < view->n_logs; i++)
        if (!is_same(view, &view->logs[i])) {
            view->is_set_back = true;
            return SG_ERR_DAMAGED;
        }
    return SG_OK;
}

/* What the feed has now; what is new about a log is found by the next apply. */
static enum sg_err know_logs(struct sg_view *view)
{
    struct sg_feed_log feed;
    enum sg_err err = SG_OK;

    for (size_t i = 0; err == SG_OK; i++) {
        err = view->feed.log(view->feed.context, i, &feed);
        if (err == SG_OK && feed.number < view->n_logs) {
            struct sg_inside_log *log = &view->logs[feed.number];

            log->feed = feed;
            log->feed.held = log->high;
            log->feed.fork = log->fork;
            log->feed.absent = log->absent;
            log->is_known = true;
        }
    }
    return err == SG_ERR_NOTFOUND ? compare_logs(view) : err;
}

static enum sg_err understand(struct loading *loading)
{
    struct sg_view *view = loading->view;
    const struct sg_feed_scope *scopes;
    enum sg_err err = know_logs(view);
    bool is_more; /* not news: it was when it was heard */
    unsigned changes;
    size_t count;

    for (size_t i = 0;
         err == SG_OK && view->feed.wrap != NULL && i < loading->n_rewraps; i++)
        err = view->feed.wrap(view->feed.context, loading->rewraps[i].log,
                              loading->rewraps[i].index,
                              loading->rewraps[i].other,
                              loading->rewraps[i].other_index);
    if (err == SG_OK)
        err = hear_again(loading);
    if (err == SG_OK)
        err = sg_said_seal(view->said, &changes);
    if (err != SG_OK)
        return err;
    sg_said_forget_cut(view->said);
    scopes = sg_said_scopes(view->said, &count);
    if (view->feed.scopes != NULL)
        err = view->feed.scopes(view->feed.context, scopes, count,
                                sg_said_authority(view->said), &is_more);
    sg_apply_setup(view);
    return err;
}

enum sg_err sg_kept_load(struct sg_view *view)
{
    struct loading loading = {.view = view};
    enum sg_err err;

    sg_kept_free(view);
    view->next_number = 0;
    view->clamped = 0;
    view->counted = (struct sg_date){0};
    view->side = 0;
    view->sweep = (struct sg_inside_sweep){.is_on = false};
    view->is_endorse_due = view->is_campaign_due = false;
    view->status.subjects = 0;
    memset(view->n_standing, 0, sizeof view->n_standing);
    sg_buf_init(&loading.value, SG_SEALED_SIZE_MAX);
    err = sg_said_new(&view->registry, &view->feed, &view->said);
    if (err == SG_OK)
        err = sg_sealed_read(view->sealed, load_all, &loading);
    if (err == SG_OK)
        err = understand(&loading);
    sg_buf_clear(&loading.value);
    sg_free(loading.statements);
    sg_free(loading.rewraps);
    if (err == SG_OK)
        sg_kept_status(view);
    return err;
}

/* --- status ------------------------------------------------------------ */

void sg_kept_status(struct sg_view *view)
{
    struct sg_view_status status = {.subjects = view->status.subjects};

    for (uint32_t i = 0; i < view->n_logs; i++) {
        const struct sg_inside_log *log = &view->logs[i];

        if (!log->is_known || log->feed.kind != SG_LOG_RECORDS)
            continue;
        status.held += log->feed.held;
        status.applied += log->applied;
        status.verified +=
            log->verified < log->applied ? log->verified : log->applied;
        if (log->feed.is_own)
            status.own =
                log->verified < log->applied ? log->verified : log->applied;
        status.absent += log->absent;
        status.unreadable += log->first_absent != UINT64_MAX;
        status.lost += log->first_lost != UINT64_MAX;
    }
    status.waiting = view->n_standing[SG_ADMISSION_WAITING];
    status.quarantined = view->n_standing[SG_ADMISSION_QUARANTINED];
    status.refused = view->n_standing[SG_ADMISSION_REFUSED] +
                     view->n_standing[SG_ADMISSION_UNKNOWN];
    if (view->sweep.is_wanted)
        status.to_fold = view->next_number;
    else if (view->sweep.is_on)
        status.to_fold = view->next_number - view->sweep.next;
    status.as_of = view->setup.world.as_of;
    status.counted = view->counted;
    status.is_ready = view->is_ready;
    status.is_set_back = view->is_set_back;
    (void)pthread_mutex_lock(&view->status_lock);
    status.is_building = view->status.is_building;
    view->status = status;
    (void)pthread_mutex_unlock(&view->status_lock);
}

/* --- writing ----------------------------------------------------------- */

static void write_progress(struct sg_view *view, struct sg_txn *txn)
{
    for (uint32_t i = 0; i < view->n_logs; i++) {
        const struct sg_inside_log *log = &view->logs[i];
        struct sg_inside_key key = sg_inside_number(i);
        uint8_t value[VALUE_MAX * 3];
        struct sg_writer writer;
        uint64_t high = log->applied > log->high ? log->applied : log->high;

        if (!log->is_known || (!log->is_changed && log->applied <= log->high))
            continue;
        sg_writer_init_array(&writer, value, sizeof value);
        sg_writer_varint(&writer, log->heard);
        sg_writer_varint(&writer, log->applied);
        sg_writer_varint(&writer, high);
        sg_writer_varint(&writer, log->verified);
        sg_writer_varint(&writer, log->fork + 1);
        sg_writer_varint(&writer, log->absent);
        sg_writer_varint(&writer, log->first_absent + 1);
        sg_writer_varint(&writer, log->first_waiting + 1);
        sg_writer_varint(&writer, log->first_lost + 1);
        sg_writer_varint(&writer, log->rooted);
        if (log->rooted > 0)
            sg_writer_bytes(&writer, SG_BYTES_ARRAY(log->root.bytes));
        SG_ASSERT(writer.err == SG_OK);
        sg_txn_put(txn, SG_INSIDE_PROGRESS, sg_inside_bytes(&key),
                   sg_bytes(value, writer.size));
    }
}

static void write_sets(const struct sg_view *view, struct sg_txn *txn)
{
    for (uint32_t i = 0; i < view->n_sets; i++) {
        const struct sg_inside_set *set = view->sets[i];
        struct sg_inside_key key = sg_inside_number(i);
        uint8_t units[64 * 8];
        size_t count = set->count < 64 ? set->count : 64;

        SG_ASSERT(set->count <= 64); /* of a grant, RECORDS 6.4 */
        if (!set->is_new)
            continue;
        for (size_t k = 0; k < count; k++)
            sg_bytes_put_u64be(units + 8 * k, set->units[k].value);
        sg_sealed_put(view->sealed, txn, SG_INSIDE_SETS, sg_inside_bytes(&key),
                      sg_bytes(units, 8 * count));
    }
}

/* Writes how one copy stands, where that is to be listed. */
static void write_standing(struct sg_apply *apply, struct sg_txn *txn,
                           const struct sg_apply_take *take, struct sg_buf *old)
{
    const struct sg_view *view = apply->view;
    struct sg_inside_key key = sg_inside_place(take->log, take->index);
    uint8_t value[STANDING_SIZE] = {take->standing, take->code, take->rule,
                                    take->is_above, take->endorsement};

    sg_buf_truncate(old, 0);
    if (take->was_judged &&
        sg_sealed_get(view->sealed, txn, SG_INSIDE_STANDING,
                      sg_inside_bytes(&key), old) &&
        old->size == STANDING_SIZE && old->data[0] <= SG_ADMISSION_REFUSED)
        apply->n_standing[old->data[0]]--;
    if (take->standing == SG_ADMISSION_ADMITTED && !take->is_above) {
        if (old->size > 0)
            sg_txn_del(txn, SG_INSIDE_STANDING, sg_inside_bytes(&key));
        return;
    }
    if (take->has_id)
        memcpy(value + 5, take->id.bytes, 16);
    apply->n_standing[take->standing]++;
    sg_sealed_put(view->sealed, txn, SG_INSIDE_STANDING, sg_inside_bytes(&key),
                  SG_BYTES_ARRAY(value));
}

static void write_places(const struct sg_apply *apply, struct sg_txn *txn)
{
    for (size_t i = 0; i < apply->n_statements; i++) {
        const struct sg_apply_place *at = &apply->statements[i];
        struct sg_inside_key key = sg_inside_place(at->log, at->index);

        sg_txn_put(txn, SG_INSIDE_STATEMENTS, sg_inside_bytes(&key),
                   sg_bytes(&at->type, 1));
    }
    for (size_t i = 0; i < apply->n_rewraps; i++) {
        const struct sg_apply_rewrap *at = &apply->rewraps[i];
        uint8_t key[24];

        sg_bytes_put_u32be(key, at->log);
        sg_bytes_put_u64be(key + 4, at->index);
        sg_bytes_put_u32be(key + 12, at->other);
        sg_bytes_put_u64be(key + 16, at->other_index);
        sg_txn_put(txn, SG_INSIDE_KEYS, SG_BYTES_ARRAY(key), sg_bytes("", 0));
    }
}

/* Deletes the tallies of SIDE. */
static void clear_side(struct sg_txn *txn, unsigned side)
{
    static const uint8_t whats[] = {SG_INSIDE_FUNNEL, SG_INSIDE_MEASURE,
                                    SG_INSIDE_DISPUTES, SG_INSIDE_ROOT};

    for (size_t i = 0; i < sizeof whats; i++) {
        uint8_t what = (uint8_t)(whats[i] + side);
        struct sg_bytes key, value;

        while (sg_txn_seek(txn, SG_INSIDE_TALLIES, sg_bytes(&what, 1), &key,
                           &value) &&
               key.size > 0 && key.data[0] == what) {
            struct sg_inside_key copy = {.size = key.size};

            if (key.size > sizeof copy.bytes)
                (void)sg_txn_fail(txn, SG_ERR_DAMAGED);
            else
                memcpy(copy.bytes, key.data, key.size);
            sg_txn_del(txn, SG_INSIDE_TALLIES, sg_inside_bytes(&copy));
        }
    }
}

struct writing {
    struct sg_apply *apply;
    const struct sg_state_root *campaigns;
    struct sg_buf scratch;
    bool ends_sweep;
    struct sg_view after; /* the state that is to be written */
};

static void write_campaigns(const struct writing *writing, struct sg_txn *txn,
                            struct sg_buf *scratch)
{
    const struct sg_view *view = writing->apply->view;
    struct sg_inside_key key =
        sg_tally_key(view, SG_INSIDE_CAMPAIGNS, &of_campaigns, SG_UNIT_COUNTRY);
    enum sg_err err;

    if (sg_state_root_equal(writing->campaigns, &view->campaigns))
        return;
    sg_buf_truncate(scratch, 0);
    err = sg_tally_encode_root(SG_UNIT_COUNTRY, writing->campaigns, scratch);
    if (err != SG_OK)
        (void)sg_txn_fail(txn, err);
    else
        sg_sealed_put(view->sealed, txn, SG_INSIDE_TALLIES,
                      sg_inside_bytes(&key), sg_buf_bytes(scratch));
}

static enum sg_err write_all(struct sg_txn *txn, void *context)
{
    struct writing *writing = context;
    struct sg_apply *apply = writing->apply;
    struct sg_view *view = apply->view;
    uint8_t state[VALUE_MAX];

    memset(apply->n_standing, 0, sizeof apply->n_standing);
    if (apply->is_sweeping && apply->sweep_first == 0)
        clear_side(txn, view->sweep.side);
    sg_settle_write(&apply->settle, txn);
    if (writing->ends_sweep)
        clear_side(txn, view->side);
    for (size_t i = 0;
         i < apply->n_takes && sg_txn_err(txn) == SG_OK && !apply->is_spooled;
         i++)
        write_standing(apply, txn, &apply->takes[i], &writing->scratch);
    write_places(apply, txn);
    write_progress(view, txn);
    write_sets(view, txn);
    write_campaigns(writing, txn, &writing->scratch);
    sg_txn_put(txn, SG_INSIDE_META, STATE,
               sg_bytes(state, encode_state(&writing->after, state)));
    return sg_txn_err(txn);
}

/* The state after the commit. */
static void find_after(struct writing *writing)
{
    const struct sg_apply *apply = writing->apply;
    const struct sg_view *view = apply->view;
    struct sg_view *after = &writing->after;

    after->next_number = view->next_number;
    after->clamped = view->own->pile.clamped;
    after->counted = view->counted;
    after->side = view->side;
    after->sweep = view->sweep;
    after->is_endorse_due = view->is_endorse_due;
    after->status.subjects =
        view->status.subjects + (uint64_t)apply->settle.n_subjects;
    if (!apply->is_sweeping)
        return;
    after->sweep.next = apply->sweep_end;
    writing->ends_sweep = apply->sweep_end >= view->next_number;
    if (writing->ends_sweep) {
        after->counted = view->sweep.day;
        after->side = view->sweep.side;
        after->sweep = (struct sg_inside_sweep){.is_on = false};
    }
}

/* What is in memory follows what is on disk. */
static enum sg_err take_after(struct writing *writing)
{
    const struct sg_apply *apply = writing->apply;
    struct sg_view *view = apply->view;
    enum sg_err err = SG_OK;

    view->clamped = writing->after.clamped;
    view->counted = writing->after.counted;
    view->side = writing->after.side;
    view->sweep = writing->after.sweep;
    (void)pthread_mutex_lock(&view->status_lock);
    view->status.subjects = writing->after.status.subjects;
    (void)pthread_mutex_unlock(&view->status_lock);
    for (uint32_t i = 0; i < view->n_sets; i++)
        view->sets[i]->is_new = false;
    for (uint32_t i = 0; i < view->n_logs; i++) {
        struct sg_inside_log *log = &view->logs[i];

        log->is_changed = false;
        if (log->applied > log->high)
            log->high = log->applied;
    }
    for (size_t i = 0; i <= SG_ADMISSION_REFUSED; i++)
        view->n_standing[i] += (uint64_t)apply->n_standing[i];
    for (size_t i = 0; i < apply->n_takes && err == SG_OK && !apply->is_spooled;
         i++) {
        const struct sg_apply_take *take = &apply->takes[i];

        if (take->is_above)
            err = add_above(view, take->log, take->index, take->endorsement,
                            take->id.bytes);
        else if (take->was_judged)
            del_above(view, take->log, take->index);
    }
    return err;
}

/* Takes down which logs the commit makes the view of. One whose tree cannot be
 * read is not compared at the next start. */
static void take_roots(struct sg_view *view)
{
    for (uint32_t i = 0; i < view->n_logs && view->feed.root != NULL; i++) {
        struct sg_inside_log *log = &view->logs[i];
        uint64_t size = log->applied > log->high ? log->applied : log->high;

        if (size < log->heard)
            size = log->heard;
        if (!log->is_known || log->feed.kind != SG_LOG_RECORDS ||
            size == log->rooted)
            continue;
        log->rooted =
            view->feed.root(view->feed.context, i, size, &log->root) == SG_OK
                ? size
                : 0;
        log->is_changed = true;
    }
}

enum sg_err sg_kept_write(struct sg_apply *apply,
                          const struct sg_state_root *campaigns)
{
    struct writing writing = {.apply = apply, .campaigns = campaigns};
    enum sg_err err;

    take_roots(apply->view);
    find_after(&writing);
    sg_buf_init(&writing.scratch, SG_SEALED_SIZE_MAX);
    err = sg_sealed_write(apply->view->sealed, write_all, &writing);
    sg_buf_clear(&writing.scratch);
    if (err == SG_OK)
        err = take_after(&writing);
    if (err == SG_OK)
        sg_kept_status(apply->view);
    return err;
}
