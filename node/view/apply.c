#include "node/view/apply.h"

#include <string.h>

#include "node/view/kept.h"
#include "node/view/said.h"
#include "storage/base/alloc.h"
#include "storage/base/check.h"

#define SWEEP_SUBJECTS 2048u /* of one commit */
#define SWEEP_BUILDING 8192u /* when nobody waits for another */

/* --- the logs as they are now ------------------------------------------ */

/* Has entries of LOG from FIRST on judged again. */
static void read_again(struct sg_inside_log *log, uint64_t first)
{
    if (first < log->applied) {
        log->applied = first;
        log->is_changed = true;
        if (first <= log->first_absent) /* it is found again, or is none */
            log->first_absent = UINT64_MAX;
        if (first <= log->first_lost)
            log->first_lost = UINT64_MAX;
    }
}

/* Takes what the feed says of one log. */
static enum sg_err take_log(struct sg_view *view,
                            const struct sg_feed_log *feed)
{
    struct sg_inside_log *log;

    if (feed->number >= view->n_logs) {
        uint32_t more = feed->number + 1;
        struct sg_inside_log *logs =
            sg_realloc(view->logs, more * sizeof *logs);

        if (logs == NULL)
            return SG_ERR_NOMEM;
        memset(logs + view->n_logs, 0, (more - view->n_logs) * sizeof *logs);
        view->logs = logs;
        view->n_logs = more;
    }
    log = &view->logs[feed->number];
    if (!log->is_known && log->high == 0) {
        log->fork = feed->fork;
        log->first_absent = log->first_lost = UINT64_MAX;
        log->first_waiting = UINT64_MAX;
    }
    log->feed = *feed;
    log->is_known = true;
    if (feed->kind != SG_LOG_RECORDS)
        log->applied = log->high = log->verified = feed->held;
    if (log->fork != feed->fork) {
        /* Who had two histories is known now, or where they part. */
        read_again(log, log->fork < feed->fork ? log->fork : feed->fork);
        log->fork = feed->fork;
        log->is_changed = true;
    }
    if (feed->absent < log->absent && log->first_absent != UINT64_MAX) {
        read_again(log, log->first_absent);
        log->first_absent = log->first_lost = UINT64_MAX;
    }
    log->absent = feed->absent;
    return SG_OK;
}

static enum sg_err refresh_logs(struct sg_view *view)
{
    struct sg_feed_log log;
    enum sg_err err = SG_OK;

    for (size_t i = 0; err == SG_OK; i++) {
        err = view->feed.log(view->feed.context, i, &log);
        if (err != SG_OK)
            break;
        (void)pthread_rwlock_wrlock(&view->world);
        err = take_log(view, &log);
        (void)pthread_rwlock_unlock(&view->world);
    }
    return err == SG_ERR_NOTFOUND ? SG_OK : err;
}

enum sg_err sg_apply_begin(struct sg_apply *apply, struct sg_view *view)
{
    enum sg_err err;

    *apply = (struct sg_apply){.view = view};
    sg_arena_init(&apply->arena);
    err = refresh_logs(view);
    if (err == SG_OK)
        sg_settle_init(&apply->settle, view);
    return err;
}

void sg_apply_end(struct sg_apply *apply)
{
    if (apply->settle.view != NULL)
        sg_settle_clear(&apply->settle);
    sg_arena_clear(&apply->arena);
    sg_free(apply->takes);
    sg_free(apply->statements);
    sg_free(apply->rewraps);
}

bool sg_apply_has_more(const struct sg_view *view)
{
    for (uint32_t i = 0; i < view->n_logs; i++)
        if (view->logs[i].is_known &&
            view->logs[i].applied < view->logs[i].feed.held)
            return true;
    return false;
}

bool sg_apply_has_unverified(const struct sg_view *view)
{
    for (uint32_t i = 0; i < view->n_logs; i++)
        if (view->logs[i].is_known &&
            view->logs[i].verified < view->logs[i].applied)
            return true;
    return false;
}

/* --- the authority ----------------------------------------------------- */

void sg_apply_setup(struct sg_view *view)
{
    const struct sg_authority *authority = sg_said_authority(view->said);

    sg_register_setup_of(authority, &view->registry, &view->setup);
    view->is_ready = sg_authority_has_genesis(authority);
}

/* Takes the statements of ITEMS. */
static enum sg_err hear_items(struct sg_apply *apply, struct sg_inside_log *log,
                              const struct sg_feed_item *items, size_t count)
{
    struct sg_view *view = apply->view;
    enum sg_err err = SG_OK;

    for (size_t i = 0; i < count && err == SG_OK; i++) {
        unsigned type;

        err = sg_said_put(view->said, &log->feed, &items[i], &type);
        if (err != SG_OK || type == 0)
            continue;
        if (!sg_alloc_grow((void **)&apply->statements, apply->n_statements,
                           &apply->statements_capacity,
                           sizeof *apply->statements))
            return SG_ERR_NOMEM;
        apply->statements[apply->n_statements++] = (struct sg_apply_place){
            log->feed.number, items[i].index, (uint8_t)type};
    }
    return err;
}

/* Hears LOG to its end; while there is no genesis, a turn of it. */
static enum sg_err hear_log(struct sg_apply *apply, struct sg_inside_log *log)
{
    struct sg_view *view = apply->view;
    struct sg_feed_item items[SG_FEED_ITEMS_MAX];
    enum sg_err err = SG_OK;

    while (err == SG_OK && log->heard < log->feed.held) {
        uint64_t left = log->feed.held - log->heard;
        size_t count =
            left < SG_FEED_ITEMS_MAX ? (size_t)left : SG_FEED_ITEMS_MAX;

        err = view->feed.read(view->feed.context, log->feed.number, log->heard,
                              count, items, &count);
        if (err != SG_OK)
            break;
        (void)pthread_rwlock_wrlock(&view->world);
        err = hear_items(apply, log, items, count);
        (void)pthread_rwlock_unlock(&view->world);
        log->heard += count;
        log->is_changed = true;
        /* Who is no authority's node says so with his first statement; and a
         * log of millions of records may come before the one that founds. */
        if (!sg_said_has_genesis(view->said) ||
            !sg_said_is_authority(view->said, log->feed.node))
            break;
    }
    if (err != SG_OK)
        return err;
    (void)pthread_rwlock_wrlock(&view->world);
    err = sg_said_hold(view->said, &log->feed, log->heard);
    (void)pthread_rwlock_unlock(&view->world);
    return err;
}

/* Has judged again what CHANGES of the authority's state may have changed. */
static enum sg_err follow(struct sg_view *view, unsigned changes)
{
    size_t count;
    const struct sg_feed_scope *scopes = sg_said_scopes(view->said, &count);
    bool is_more = false;
    enum sg_err err = SG_OK;

    if ((changes & SG_SAID_SCOPES) != 0 && view->feed.scopes != NULL)
        err = view->feed.scopes(view->feed.context, scopes, count,
                                sg_said_authority(view->said), &is_more);
    for (uint32_t i = 0; i < view->n_logs; i++) {
        struct sg_inside_log *log = &view->logs[i];

        if (!log->is_known || log->feed.kind != SG_LOG_RECORDS)
            continue;
        if ((changes & SG_SAID_VERDICTS) != 0 || is_more)
            read_again(log, 0);
        if ((changes & SG_SAID_NODES) != 0 &&
            sg_said_is_cut(view->said, log->feed.node)) {
            read_again(log, 0);
            log->heard = 0;
            log->is_changed = true;
        }
        if (log->first_waiting != UINT64_MAX) {
            read_again(log, log->first_waiting);
            log->first_waiting = UINT64_MAX;
        }
    }
    sg_said_forget_cut(view->said);
    if ((changes & (SG_SAID_FOLD | SG_SAID_DAY)) != 0 ||
        (view->clamped != 0 && view->clamped <= view->setup.hlc_max))
        view->sweep.is_wanted = true;
    view->is_campaign_due = true;
    view->is_endorse_due = true;
    return err;
}

/* Says whether the genesis may be in what is not heard yet. */
static bool is_founder_left(const struct sg_view *view)
{
    if (sg_said_has_genesis(view->said))
        return false;
    for (uint32_t i = 0; i < view->n_logs; i++)
        if (view->logs[i].is_known &&
            view->logs[i].feed.kind == SG_LOG_RECORDS &&
            view->logs[i].heard < view->logs[i].feed.held)
            return true;
    return false;
}

enum sg_err sg_apply_hear(struct sg_apply *apply)
{
    struct sg_view *view = apply->view;
    enum sg_err err = SG_OK;
    unsigned changes = 1;

    /* A statement may name further nodes of the authority's. */
    while (err == SG_OK && (changes != 0 || is_founder_left(view))) {
        for (uint32_t i = 0; i < view->n_logs && err == SG_OK; i++) {
            struct sg_inside_log *log = &view->logs[i];

            if (log->is_known && log->feed.kind == SG_LOG_RECORDS &&
                sg_said_is_authority(view->said, log->feed.node))
                err = hear_log(apply, log);
        }
        if (err != SG_OK)
            return err;
        (void)pthread_rwlock_wrlock(&view->world);
        err = sg_said_seal(view->said, &changes);
        if (err == SG_OK && changes != 0) {
            sg_apply_setup(view);
            err = follow(view, changes);
        }
        (void)pthread_rwlock_unlock(&view->world);
    }
    return err;
}

/* --- sets of units ----------------------------------------------------- */

struct units {
    const struct sg_unit_key *keys;
    size_t count;
};

static bool is_units(const void *item, const void *key)
{
    const struct sg_inside_set *set = item;
    const struct units *units = key;

    return set->count == units->count &&
           (set->count == 0 || memcmp(set->units, units->keys,
                                      set->count * sizeof *units->keys) == 0);
}

static enum sg_err add_set(struct sg_view *view, const struct units *units,
                           uint64_t hash, uint32_t *ret_number)
{
    size_t capacity = view->sets_capacity;
    struct sg_inside_set *set =
        sg_alloc(sizeof *set + units->count * sizeof set->units[0]);

    if (set == NULL || !sg_table_reserve(&view->by_units) ||
        !sg_alloc_grow((void **)&view->sets, view->n_sets, &capacity,
                       sizeof(struct sg_inside_set *))) {
        sg_free(set);
        return SG_ERR_NOMEM;
    }
    view->sets_capacity = (uint32_t)capacity;
    *set = (struct sg_inside_set){
        .count = units->count, .number = view->n_sets, .is_new = true};
    if (units->count > 0)
        memcpy(set->units, units->keys, units->count * sizeof set->units[0]);
    view->sets[view->n_sets++] = set;
    sg_table_add(&view->by_units, hash, set);
    *ret_number = set->number;
    return SG_OK;
}

enum sg_err sg_apply_set(struct sg_view *view, const struct sg_unit_key *keys,
                         size_t count, uint32_t *ret_number)
{
    const struct units units = {keys, count};
    const struct sg_inside_set *set;
    uint64_t hash = count;

    for (size_t i = 0; i < count; i++)
        hash = sg_table_hash_u64(hash ^ keys[i].value);
    set = sg_table_find(&view->by_units, hash, is_units, &units);
    if (set == NULL)
        return add_set(view, &units, hash, ret_number);
    *ret_number = set->number;
    return SG_OK;
}

/* The same, while others read. */
static enum sg_err need_set(struct sg_view *view,
                            const struct sg_authority_grant *grant,
                            uint32_t *ret_number)
{
    enum sg_err err;

    (void)pthread_rwlock_wrlock(&view->world);
    err = sg_apply_set(view, grant != NULL ? grant->units : NULL,
                       grant != NULL ? grant->n_units : 0, ret_number);
    (void)pthread_rwlock_unlock(&view->world);
    return err;
}

/* --- judging ----------------------------------------------------------- */

static uint8_t endorsement_of(const struct sg_view *view, uint32_t log,
                              uint64_t index)
{
    for (size_t i = 0; i < view->n_above; i++)
        if (view->above[i].log == log && view->above[i].index == index)
            return view->above[i].endorsement;
    return SG_ADMISSION_NOT_ENDORSED;
}

bool sg_apply_add(struct sg_apply *apply, const struct sg_apply_take *take)
{
    if (!sg_alloc_grow((void **)&apply->takes, apply->n_takes,
                       &apply->takes_capacity, sizeof *apply->takes))
        return false;
    apply->takes[apply->n_takes++] = *take;
    return true;
}

/* Keeps what is to be done about one copy. */
static enum sg_err keep(struct sg_apply *apply, struct sg_inside_log *log,
                        const struct sg_feed_item *item,
                        const struct sg_admission_copy *copy,
                        const struct sg_admission_verdict *verdict,
                        bool is_first)
{
    struct sg_apply_take *take;
    const struct sg_authority_grant *grant = verdict->grant;
    bool is_admitted = verdict->standing == SG_ADMISSION_ADMITTED;
    uint8_t *inner;
    enum sg_err err;

    if (!sg_alloc_grow((void **)&apply->takes, apply->n_takes,
                       &apply->takes_capacity, sizeof *apply->takes))
        return SG_ERR_NOMEM;
    take = &apply->takes[apply->n_takes];
    *take = (struct sg_apply_take){
        .log = log->feed.number,
        .index = item->index,
        .is_kept = is_admitted || verdict->standing == SG_ADMISSION_QUARANTINED,
        .has_id = verdict->has_id,
        .was_judged = item->index < log->high,
        .is_above = verdict->is_above_cut,
        .endorsement = (uint8_t)copy->endorsement,
        .standing = (uint8_t)verdict->standing,
        .code = (uint8_t)verdict->code,
        .rule = verdict->rule,
        .id = verdict->id};
    if (verdict->has_id)
        take->uid = verdict->record.subject;
    if (take->is_kept) {
        take->copy = (struct sg_sheet_copy){
            .log = log->feed.number,
            .index = item->index,
            .key_entry = item->key_entry,
            .hlc = verdict->record.copy.hlc,
            .roles = grant != NULL ? grant->roles : 0,
            .flags = (uint8_t)((is_admitted ? SG_SHEET_ADMITTED : 0) |
                               (is_first ? SG_SHEET_FIRST : 0) |
                               (copy->signature == SG_ADMISSION_RIGHT
                                    ? SG_SHEET_SIGNED
                                    : 0) |
                               (verdict->is_forked ? SG_SHEET_FORKED : 0) |
                               (verdict->is_above_cut ? SG_SHEET_ABOVE : 0))};
        err = need_set(apply->view, grant, &take->copy.set);
        if (err != SG_OK)
            return err;
        inner = sg_arena_take(&apply->arena, 1, verdict->record.inner.size);
        if (inner == NULL)
            return SG_ERR_NOMEM;
        memcpy(inner, verdict->record.inner.data, verdict->record.inner.size);
        take->inner = sg_bytes(inner, verdict->record.inner.size);
    }
    apply->n_takes++;
    return SG_OK;
}

static void copy_of(const struct sg_inside_log *log,
                    const struct sg_feed_item *item,
                    struct sg_admission_copy *ret_copy)
{
    *ret_copy = (struct sg_admission_copy){
        .place = {log->feed.id, item->index,
                  item->index < log->feed.fork ? 0 : log->feed.branch},
        .node = log->feed.node,
        .log_kind = log->feed.kind,
        .entry_kind = item->kind,
        .payload =
            item->state == SG_FEED_OPEN ? item->payload : sg_bytes(NULL, 0)};
}

static bool concerns_register(const struct sg_admission_verdict *verdict)
{
    return !verdict->has_id || verdict->record.schema == NULL ||
           (verdict->record.type >= SG_TYPE_PERSON &&
            verdict->record.type <= SG_TYPE_ENDORSE);
}

static void note_absent(struct sg_inside_log *log,
                        const struct sg_feed_item *item)
{
    if (item->index < log->first_absent)
        log->first_absent = item->index;
    if (!item->is_foreign && item->index < log->first_lost)
        log->first_lost = item->index;
    log->is_changed = true;
}

/* Judges the record in ITEM. */
static enum sg_err judge_item(struct sg_apply *apply, struct sg_inside_log *log,
                              const struct sg_feed_item *item,
                              uint8_t endorsement)
{
    struct sg_admission_judge *judge = &apply->judge;
    struct sg_admission_verdict verdict;
    struct sg_admission_copy copy;
    bool is_first;

    if (item->state == SG_FEED_ABSENT)
        note_absent(log, item);
    if (item->state != SG_FEED_OPEN ||
        item->index < (log->feed.branch > 1 ? log->feed.fork : 0))
        return SG_OK;
    copy_of(log, item, &copy);
    sg_admission_judge(judge, &copy, &verdict);
    if (!concerns_register(&verdict))
        return SG_OK;
    if (item->index < log->verified || apply->is_verifying) {
        copy.signature = sg_admission_verify(judge, &copy, &verdict);
        if (copy.signature != SG_ADMISSION_UNCHECKED)
            sg_admission_judge(judge, &copy, &verdict);
    }
    is_first = verdict.standing == SG_ADMISSION_ADMITTED;
    if (endorsement != SG_ADMISSION_NOT_ENDORSED) {
        copy.endorsement = (enum sg_admission_endorsement)endorsement;
        sg_admission_judge(judge, &copy, &verdict);
    }
    if (verdict.standing == SG_ADMISSION_WAITING &&
        item->index < log->first_waiting) {
        log->first_waiting = item->index;
        log->is_changed = true;
    }
    return keep(apply, log, item, &copy, &verdict, is_first);
}

static enum sg_err rewrap(struct sg_apply *apply,
                          const struct sg_inside_log *by,
                          const struct sg_feed_item *item)
{
    struct sg_view *view = apply->view;
    struct sg_inside_log *log = sg_inside_log(view, item->log);
    enum sg_err err = SG_OK;

    if (view->feed.wrap == NULL)
        return SG_OK;
    (void)pthread_rwlock_wrlock(&view->world);
    err = view->feed.wrap(view->feed.context, item->log, item->key_index,
                          by->feed.number, item->index);
    if (log != NULL && (log != by || item->key_index != item->index))
        read_again(log, item->key_index + 1);
    (void)pthread_rwlock_unlock(&view->world);
    if (err == SG_OK &&
        !sg_alloc_grow((void **)&apply->rewraps, apply->n_rewraps,
                       &apply->rewraps_capacity, sizeof *apply->rewraps))
        err = SG_ERR_NOMEM;
    if (err == SG_OK)
        apply->rewraps[apply->n_rewraps++] = (struct sg_apply_rewrap){
            item->log, by->feed.number, item->key_index, item->index};
    return err;
}

static enum sg_err take_item(struct sg_apply *apply, struct sg_inside_log *log,
                             const struct sg_feed_item *item)
{
    if (item->state == SG_FEED_KEY)
        return rewrap(apply, log, item);
    return judge_item(
        apply, log, item,
        item->index < log->high
            ? endorsement_of(apply->view, log->feed.number, item->index)
            : SG_ADMISSION_NOT_ENDORSED);
}

/* Reads some entries of LOG from AT on: less than LEFT. */
static enum sg_err read_some(struct sg_apply *apply,
                             const struct sg_inside_log *log, uint64_t at,
                             uint64_t left, struct sg_feed_item *room,
                             const struct sg_feed_item **ret_items,
                             size_t *ret_count)
{
    const struct sg_feed *feed = &apply->view->feed;
    const struct sg_ahead_range range = {
        log->feed.number, at,
        left < SG_FEED_ITEMS_MAX ? (size_t)left : SG_FEED_ITEMS_MAX};

    if (apply->ahead != NULL)
        return sg_ahead_read(apply->ahead, &range, left - range.count_max,
                             ret_items, ret_count);
    *ret_items = room;
    return feed->read(feed->context, range.number, at, range.count_max, room,
                      ret_count);
}

/* Reads entries of LOG from *AT on up to END. */
static enum sg_err read_log(struct sg_apply *apply, struct sg_inside_log *log,
                            uint64_t *at, uint64_t end, size_t entries_max)
{
    struct sg_feed_item room[SG_FEED_ITEMS_MAX];
    enum sg_err err = SG_OK;

    while (err == SG_OK && *at < end && apply->n_read < entries_max) {
        uint64_t left = end - *at, first = *at;
        const struct sg_feed_item *items = NULL;
        size_t count = 0;

        err = read_some(apply, log, *at, left, room, &items, &count);
        for (size_t i = 0; i < count && err == SG_OK && *at == first; i++)
            err = take_item(apply, log, &items[i]);
        if (err != SG_OK)
            return err;
        apply->n_read += count;
        /* A key that was wrapped again may have set it back. */
        if (*at == first)
            *at += count;
        log->is_changed = true;
    }
    return err;
}

static void begin_judging(struct sg_apply *apply)
{
    struct sg_view *view = apply->view;

    sg_admission_judge_init(&apply->judge, sg_said_authority(view->said),
                            &view->registry);
}

enum sg_err sg_apply_read(struct sg_apply *apply, size_t entries_max)
{
    struct sg_view *view = apply->view;
    enum sg_err err = SG_OK;

    if (!view->is_ready)
        return SG_OK; /* nobody can be judged yet */
    begin_judging(apply);
    for (uint32_t i = 0; i < view->n_logs && err == SG_OK; i++) {
        struct sg_inside_log *log = &view->logs[i];

        if (log->is_known)
            err = read_log(apply, log, &log->applied, log->feed.held,
                           entries_max);
    }
    return err;
}

enum sg_err sg_apply_verify(struct sg_apply *apply, size_t entries_max)
{
    struct sg_view *view = apply->view;
    enum sg_err err = SG_OK;

    begin_judging(apply);
    apply->is_verifying = true;
    for (uint32_t i = 0; i < view->n_logs && err == SG_OK; i++) {
        struct sg_inside_log *log = &view->logs[i];

        if (log->is_known)
            err =
                read_log(apply, log, &log->verified, log->applied, entries_max);
    }
    return err;
}

enum sg_err sg_apply_look(struct sg_apply *apply, uint32_t number,
                          uint64_t index, struct sg_admission_verdict *ret)
{
    struct sg_view *view = apply->view;
    const struct sg_inside_log *log = sg_inside_log(view, number);
    struct sg_admission_copy copy;
    struct sg_feed_item item;
    size_t count;
    enum sg_err err;

    if (log == NULL)
        return SG_ERR_NOTFOUND;
    begin_judging(apply);
    err = view->feed.read(view->feed.context, number, index, 1, &item, &count);
    if (err != SG_OK)
        return err;
    if (item.state != SG_FEED_OPEN)
        return SG_ERR_NOTFOUND;
    copy_of(log, &item, &copy);
    sg_admission_judge(&apply->judge, &copy, ret);
    return ret->has_id ? SG_OK : SG_ERR_NOTFOUND;
}

enum sg_err sg_apply_again(struct sg_apply *apply, uint32_t number,
                           uint64_t index, uint8_t endorsement)
{
    struct sg_view *view = apply->view;
    struct sg_inside_log *log = sg_inside_log(view, number);
    struct sg_feed_item item;
    size_t count;
    enum sg_err err;

    if (log == NULL)
        return SG_OK;
    begin_judging(apply);
    err = view->feed.read(view->feed.context, number, index, 1, &item, &count);
    return err == SG_OK ? judge_item(apply, log, &item, endorsement) : err;
}

/* --- into sheets ------------------------------------------------------- */

static enum sg_err take_out(struct sg_apply *apply,
                            const struct sg_apply_take *take)
{
    struct sg_pile *pile = &apply->view->own->pile;
    struct sg_sheet_record *record;
    struct sg_pile_sheet *sheet;
    enum sg_err err = sg_pile_get(pile, &take->uid, false, &sheet);

    if (err != SG_OK || sheet == NULL ||
        sg_sheet_copy_at(&sheet->now, take->log, take->index, &record) == NULL)
        return err;
    err = sg_pile_change(pile, sheet);
    if (err == SG_OK)
        (void)sg_sheet_del(&sheet->now, &take->id, take->log, take->index);
    return err;
}

static bool same_copy(const struct sg_sheet_copy *a,
                      const struct sg_sheet_copy *b)
{
    return a->set == b->set && a->key_entry == b->key_entry &&
           a->hlc == b->hlc && a->roles == b->roles && a->flags == b->flags;
}

static enum sg_err put_in(struct sg_apply *apply,
                          const struct sg_apply_take *take)
{
    struct sg_pile *pile = &apply->view->own->pile;
    struct sg_sheet_record *record;
    struct sg_sheet_copy *known;
    struct sg_pile_sheet *sheet;
    enum sg_err err = sg_pile_get(pile, &take->uid, true, &sheet);

    if (err != SG_OK)
        return err;
    known = take->was_judged
                ? sg_sheet_copy_at(&sheet->now, take->log, take->index, &record)
                : NULL;
    if (known != NULL && same_copy(known, &take->copy))
        return SG_OK;
    err = sg_pile_change(pile, sheet);
    return err == SG_OK ? sg_sheet_put(&sheet->now, &pile->arena, &take->id,
                                       take->inner, &take->copy)
                        : err;
}

static enum sg_err fold_all(struct sg_txn *txn, void *context)
{
    struct sg_apply *apply = context;
    struct sg_pile *pile = &apply->view->own->pile;
    enum sg_err err = SG_OK;

    pile->txn = txn;
    for (size_t i = 0; i < apply->n_touched && err == SG_OK; i++)
        err = sg_settle_touch(&apply->settle, apply->touched[i]);
    for (size_t i = 0;
         i < apply->n_takes && err == SG_OK && !apply->is_spooling; i++) {
        const struct sg_apply_take *take = &apply->takes[i];

        if (take->is_kept)
            err = put_in(apply, take);
        else if (take->was_judged && take->has_id)
            err = take_out(apply, take);
    }
    if (err == SG_OK)
        err = sg_settle_fold(&apply->settle, apply->sweep_first,
                             apply->sweep_end);
    return err == SG_OK && apply->more != NULL
               ? apply->more(apply, apply->more_context)
               : err;
}

/* --- the commit -------------------------------------------------------- */

/* Has CAMPAIGNS in the roots instead of what is there; a sweep that begins has
 * nothing of them yet. */
static enum sg_err change_campaigns(struct sg_apply *apply,
                                    const struct sg_state_root *campaigns)
{
    const struct sg_view *view = apply->view;
    unsigned standing = 1u << view->side, next = 1u << view->sweep.side;
    bool is_begun = apply->is_sweeping && apply->sweep_first == 0;
    unsigned had = standing | (view->sweep.is_on && !is_begun ? next : 0);
    unsigned has = standing | (view->sweep.is_on ? next : 0);
    enum sg_err err =
        sg_settle_campaigns(&apply->settle, &view->campaigns, had, false);

    return err == SG_OK
               ? sg_settle_campaigns(&apply->settle, campaigns, has, true)
               : err;
}

/* Begins or goes on with a sweep, if there is nothing else to do. */
static void plan_sweep(struct sg_apply *apply)
{
    struct sg_view *view = apply->view;
    struct sg_inside_sweep *sweep = &view->sweep;
    uint32_t count;

    if (apply->n_takes > 0 || apply->is_verifying || apply->is_spooling ||
        apply->is_spooled || sg_apply_has_more(view) || !view->is_ready)
        return;
    if (sweep->is_wanted)
        *sweep = (struct sg_inside_sweep){.is_on = true,
                                          .day = view->setup.world.as_of,
                                          .side = view->side ^ 1};
    if (!sweep->is_on)
        return;
    apply->is_sweeping = true;
    apply->sweep_first = sweep->next;
    count = view->status.is_building ? SWEEP_BUILDING : SWEEP_SUBJECTS;
    apply->sweep_end = view->next_number - sweep->next > count
                           ? sweep->next + count
                           : view->next_number;
}

enum sg_err sg_apply_commit(struct sg_apply *apply)
{
    struct sg_view *view = apply->view;
    struct sg_state_root campaigns = view->campaigns;
    uint32_t next_number = view->next_number;
    enum sg_err err = SG_OK;

    plan_sweep(apply);
    view->own->pile.clamped = view->clamped;
    if (view->is_campaign_due)
        err = sg_settle_sum_campaigns(view->own, &campaigns);
    if (err == SG_OK)
        err = change_campaigns(apply, &campaigns);
    if (err == SG_OK && view->is_ready)
        err = sg_sealed_read(view->sealed, fold_all, apply);
    if (err == SG_OK)
        err = sg_kept_write(apply, &campaigns);
    if (err != SG_OK) {
        view->next_number = next_number;
        return err;
    }
    view->campaigns = campaigns;
    view->is_campaign_due = false;
    return SG_OK;
}
