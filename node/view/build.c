#include "node/view/build.h"

#include <string.h>

#include "node/view/kept.h"
#include "node/view/spool.h"
#include "storage/base/alloc.h"
#include "storage/base/check.h"

#define READ_ENTRIES  32768u /* judged at once */
#define PART_ENTRIES  65536u /* about so many in one part */
#define TOUCH_ENTRIES 4096u

struct building {
    struct sg_view *view;
    struct sg_spool *takes; /* struct sg_apply_take and the inner part */
    unsigned n_parts;       /* of it, and of the index entries */
    struct sg_settle_bulk bulk;
    uint8_t *joined;   /* bits: subjects that were folded with others */
    uint32_t *touched; /* subjects to be folded with others */
    size_t n_touched, touched_capacity;
    struct sg_arena arena; /* of index entries */
    /* Of one part: */
    struct sg_index_entry *entries;
    size_t n_entries, entries_capacity;
};

/* --- reading ----------------------------------------------------------- */

static unsigned parts_for(const struct sg_view *view)
{
    uint64_t entries = 0, parts;

    for (uint32_t i = 0; i < view->n_logs; i++)
        if (view->logs[i].is_known)
            entries += view->logs[i].feed.held;
    parts = entries / PART_ENTRIES + 1;
    return parts < SG_SPOOL_PARTS_MAX ? (unsigned)parts : SG_SPOOL_PARTS_MAX;
}

/* Puts TAKE where its subject belongs. */
static enum sg_err put_take(struct building *building,
                            const struct sg_apply_take *take)
{
    unsigned part =
        (unsigned)(sg_table_hash(take->uid.bytes) >> 32) % building->n_parts;

    return sg_spool_put(building->takes, part,
                        sg_bytes((const uint8_t *)take, sizeof *take),
                        take->inner);
}

/* Judges some entries; another thread reads those that follow. */
static enum sg_err read_ahead(struct sg_apply *apply)
{
    enum sg_err err = sg_ahead_new(&apply->view->feed, &apply->ahead);

    if (err == SG_OK)
        err = sg_apply_read(apply, READ_ENTRIES);
    sg_ahead_free(apply->ahead);
    apply->ahead = NULL;
    return err;
}

/* Judges some entries: what counts goes to the spool, the rest is written. */
static enum sg_err read_some(struct building *building)
{
    struct sg_apply apply;
    enum sg_err err = sg_apply_begin(&apply, building->view);

    apply.is_spooling = true;
    if (err == SG_OK)
        err = sg_apply_hear(&apply);
    if (err == SG_OK)
        err = read_ahead(&apply);
    for (size_t i = 0; i < apply.n_takes && err == SG_OK; i++)
        if (apply.takes[i].is_kept)
            err = put_take(building, &apply.takes[i]);
    if (err == SG_OK)
        err = sg_apply_commit(&apply);
    sg_apply_end(&apply);
    return err;
}

static enum sg_err read_all(struct building *building)
{
    enum sg_err err = SG_OK;

    do
        err = read_some(building);
    while (err == SG_OK && building->view->is_ready &&
           sg_apply_has_more(building->view));
    return err == SG_OK ? sg_spool_end(building->takes) : err;
}

/* --- folding ----------------------------------------------------------- */

/* Adds the takes in PIECES, which stay where they are. */
static enum sg_err take_takes(void *context, struct sg_bytes pieces)
{
    struct sg_apply *apply = context;

    while (pieces.size >= sizeof(struct sg_apply_take)) {
        struct sg_apply_take take;

        memcpy(&take, pieces.data, sizeof take);
        pieces = sg_bytes(pieces.data + sizeof take, pieces.size - sizeof take);
        if (take.inner.size > pieces.size)
            return SG_ERR_DAMAGED;
        take.inner.data = pieces.data;
        pieces = sg_bytes(pieces.data + take.inner.size,
                          pieces.size - take.inner.size);
        if (!sg_apply_add(apply, &take))
            return SG_ERR_NOMEM;
    }
    return pieces.size == 0 ? SG_OK : SG_ERR_DAMAGED;
}

static enum sg_err fold_part(struct building *building, unsigned part)
{
    struct sg_apply apply;
    enum sg_err err = sg_apply_begin(&apply, building->view);

    apply.is_spooled = true;
    if (err == SG_OK)
        err = sg_spool_each(building->takes, part, &apply.arena, take_takes,
                            &apply);
    if (err == SG_OK) {
        apply.settle.bulk = &building->bulk;
        building->view->own->pile.is_bulk = true;
        err = sg_apply_commit(&apply);
        building->view->own->pile.is_bulk = false;
    }
    sg_apply_end(&apply);
    return err;
}

static enum sg_err fold_all(struct building *building)
{
    enum sg_err err = SG_OK;

    for (unsigned i = 0; i < building->n_parts && err == SG_OK; i++)
        err = fold_part(building, i);
    if (err == SG_OK)
        err = sg_spool_end(building->bulk.entries);
    return err == SG_OK ? sg_spool_end(building->bulk.waits) : err;
}

/* --- figures ----------------------------------------------------------- */

struct answering {
    struct sg_apply *apply;
    struct sg_briefs *briefs;
    struct sg_quality_facts facts;
};

/* Counts those who waited for what others say. */
static enum sg_err take_waits(void *context, struct sg_bytes pieces)
{
    struct answering *answering = context;
    struct sg_settle *settle = &answering->apply->settle;
    struct sg_tally_wait wait;
    enum sg_err err = SG_OK;

    for (; pieces.size >= sizeof wait && err == SG_OK;
         pieces =
             sg_bytes(pieces.data + sizeof wait, pieces.size - sizeof wait)) {
        memcpy(&wait, pieces.data, sizeof wait);
        sg_briefs_ask_for(answering->briefs, &wait.asked);
        err = sg_tally_end(&settle->judge, &wait, &answering->facts,
                           settle->view->side, &settle->tallies);
    }
    if (err != SG_OK)
        return err;
    sg_arena_reset(&answering->apply->arena);
    return pieces.size == 0 ? SG_OK : SG_ERR_DAMAGED;
}

static enum sg_err answer_all(struct sg_apply *apply, void *context)
{
    struct sg_settle_bulk *bulk = context;
    struct answering answering = {apply, bulk->briefs,
                                  apply->settle.judge.facts};

    sg_briefs_answer(bulk->briefs, &answering.facts);
    return sg_spool_each(bulk->waits, 0, &apply->arena, take_waits, &answering);
}

/* What a sweep would have done is done; else it is to be. */
static enum sg_err end_figures(struct building *building)
{
    struct sg_view *view = building->view;
    struct sg_apply apply;
    enum sg_err err;

    if (building->bulk.briefs == NULL)
        return SG_OK;
    err = sg_apply_begin(&apply, view);
    apply.is_spooled = true;
    apply.more = answer_all;
    apply.more_context = &building->bulk;
    if (err == SG_OK)
        err = sg_apply_commit(&apply);
    sg_apply_end(&apply);
    if (err != SG_OK || !view->is_ready)
        return err;
    view->sweep.is_wanted = false;
    view->counted = view->setup.world.as_of;
    return SG_OK;
}

/* --- indexes ----------------------------------------------------------- */

static enum sg_err take_entries(void *context, struct sg_bytes pieces)
{
    struct building *building = context;
    size_t count = pieces.size / sizeof(struct sg_index_entry);

    for (size_t i = 0; i < count; i++) {
        if (!sg_alloc_grow((void **)&building->entries, building->n_entries,
                           &building->entries_capacity,
                           sizeof *building->entries))
            return SG_ERR_NOMEM;
        memcpy(&building->entries[building->n_entries++],
               pieces.data + i * sizeof *building->entries,
               sizeof *building->entries);
    }
    sg_arena_reset(&building->arena);
    return SG_OK;
}

static enum sg_err append_part(struct sg_txn *txn, void *context)
{
    const struct building *building = context;
    struct sg_set_fill fill = {.count = 0};

    for (size_t i = 0; i < building->n_entries; i++) {
        const struct sg_index_entry *entry = &building->entries[i];

        sg_set_append(txn, entry->db, &fill, sg_bytes(entry->key, entry->size));
        if (i + 1 == building->n_entries || entry->db != entry[1].db)
            sg_set_append_end(txn, entry->db, &fill);
    }
    return sg_txn_err(txn);
}

/* --- what depends on several ------------------------------------------- */

static bool touch(struct building *building, const struct sg_index_entry *entry)
{
    uint32_t number = sg_bytes_get_u32be(entry->key + entry->size - 4);

    if (building->n_touched == building->touched_capacity) {
        size_t more = 2 * building->touched_capacity + 64;
        uint32_t *touched =
            sg_realloc(building->touched, more * sizeof *touched);

        if (touched == NULL)
            return false;
        building->touched = touched;
        building->touched_capacity = more;
    }
    building->touched[building->n_touched++] = number;
    return true;
}

static bool same_name(const struct sg_index_entry *a,
                      const struct sg_index_entry *b)
{
    return a->db == b->db && memcmp(a->key, b->key, SG_SEALED_KEY_SIZE) == 0;
}

/* Finds who shares a number with somebody, or is paired with somebody: each was
 * folded as if he were alone. */
static enum sg_err find_touched(struct building *building)
{
    for (size_t i = 0; i < building->n_entries; i++) {
        const struct sg_index_entry *entry = &building->entries[i];
        bool is_shared =
            entry->db == SG_INSIDE_NUMBERS &&
            ((i > 0 && same_name(entry - 1, entry)) ||
             (i + 1 < building->n_entries && same_name(entry, entry + 1)));

        if ((is_shared || entry->db == SG_INSIDE_PAIRS) &&
            !touch(building, entry))
            return SG_ERR_NOMEM;
    }
    return SG_OK;
}

static enum sg_err sort_entries(struct building *building)
{
    struct sg_index_entry *room =
        sg_alloc((building->n_entries + 1) * sizeof *room);

    if (room == NULL)
        return SG_ERR_NOMEM;
    sg_index_sort(building->entries, room, building->n_entries);
    sg_free(room);
    return SG_OK;
}

/* Appends PART of the index entries. */
static enum sg_err append_one(struct building *building, unsigned part)
{
    enum sg_err err;

    building->n_entries = 0;
    err = sg_spool_each(building->bulk.entries, part, &building->arena,
                        take_entries, building);
    if (err != SG_OK)
        return err;
    err = sort_entries(building);
    if (err == SG_OK)
        err = find_touched(building);
    return err == SG_OK
               ? sg_sealed_write(building->view->sealed, append_part, building)
               : err;
}

static enum sg_err append_all(struct building *building)
{
    enum sg_err err = SG_OK;

    for (unsigned i = 0; i < building->n_parts && err == SG_OK; i++)
        err = append_one(building, i);
    return err;
}

static enum sg_err fold_touched(struct building *building)
{
    enum sg_err err = SG_OK;

    building->joined = sg_calloc(building->view->next_number / 8 + 1, 1);
    if (building->joined == NULL)
        return SG_ERR_NOMEM;
    for (size_t i = 0; i < building->n_touched && err == SG_OK;
         i += TOUCH_ENTRIES) {
        struct sg_apply apply;

        err = sg_apply_begin(&apply, building->view);
        apply.is_spooled = true;
        apply.settle.joined = building->joined;
        apply.touched = building->touched + i;
        apply.n_touched = building->n_touched - i < TOUCH_ENTRIES
                              ? building->n_touched - i
                              : TOUCH_ENTRIES;
        if (err == SG_OK)
            err = sg_apply_commit(&apply);
        sg_apply_end(&apply);
    }
    return err;
}

static enum sg_err prepare(struct building *building, const char *dir)
{
    struct sg_apply apply;
    enum sg_err err =
        sg_apply_begin(&apply, building->view); /* what logs there are */

    sg_apply_end(&apply);
    if (err != SG_OK)
        return err;
    building->n_parts = building->bulk.n_parts = parts_for(building->view);
    err = sg_spool_new(dir, building->n_parts, &building->takes);
    if (err == SG_OK)
        err = sg_spool_new(dir, building->n_parts, &building->bulk.entries);
    if (err == SG_OK)
        err = sg_spool_new(dir, 1, &building->bulk.waits);
    if (err == SG_OK)
        err = sg_briefs_new(&building->view->own->pile, &building->bulk.briefs);
    return err;
}

static void clear(struct building *building)
{
    sg_spool_free(building->takes);
    sg_spool_free(building->bulk.entries);
    sg_spool_free(building->bulk.waits);
    sg_briefs_free(building->bulk.briefs);
    sg_arena_clear(&building->arena);
    sg_free(building->entries);
    sg_free(building->touched);
    sg_free(building->joined);
}

enum sg_err sg_build_all(struct sg_view *view, const char *dir)
{
    struct building building = {.view = view};
    enum sg_err err;

    sg_arena_init(&building.arena);
    err = prepare(&building, dir);
    if (err == SG_OK)
        err = read_all(&building);
    view->sweep.is_wanted = true; /* unless all comes to its end */
    view->is_endorse_due = true;
    if (err == SG_OK)
        err = fold_all(&building);
    if (err == SG_OK)
        err = end_figures(&building);
    if (err == SG_OK)
        err = append_all(&building);
    if (err == SG_OK)
        err = fold_touched(&building);
    clear(&building);
    return err;
}
