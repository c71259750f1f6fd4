#include "node/view/build.h"

#include <stdlib.h>
#include <string.h>

#include "node/view/kept.h"
#include "node/view/spool.h"
#include "storage/base/alloc.h"
#include "storage/base/check.h"

#define READ_ENTRIES   32768u /* judged at once */
#define PART_ENTRIES   65536u /* about so many in one part */
#define APPEND_ENTRIES 262144u
#define TOUCH_ENTRIES  4096u

struct building {
    struct sg_view *view;
    struct sg_spool *spool;
    unsigned n_parts;
    struct sg_settle_bulk bulk; /* index entries, to be sorted */
    size_t at;                  /* of these: appended up to here */
    uint32_t *touched;          /* subjects to be folded with others */
    size_t n_touched, touched_capacity;
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

/* Judges some entries: what counts goes to the spool, the rest is written. */
static enum sg_err read_some(struct building *building)
{
    struct sg_apply apply;
    enum sg_err err = sg_apply_begin(&apply, building->view);

    apply.is_spooling = true;
    if (err == SG_OK)
        err = sg_apply_hear(&apply);
    if (err == SG_OK)
        err = sg_apply_read(&apply, READ_ENTRIES);
    for (size_t i = 0; i < apply.n_takes && err == SG_OK; i++)
        if (apply.takes[i].is_kept)
            err = sg_spool_put(building->spool, &apply.takes[i]);
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
    return err == SG_OK ? sg_spool_end(building->spool) : err;
}

/* --- folding ----------------------------------------------------------- */

static enum sg_err fold_part(struct building *building, unsigned part)
{
    struct sg_apply apply;
    enum sg_err err = sg_apply_begin(&apply, building->view);

    apply.is_spooled = true;
    if (err == SG_OK)
        err = sg_spool_get(building->spool, part, &apply);
    if (err == SG_OK) {
        apply.settle.bulk = &building->bulk;
        building->view->own->pile.is_bulk = true;
        err = sg_apply_commit(&apply);
        building->view->own->pile.is_bulk = false;
    }
    sg_apply_end(&apply);
    return err;
}

/* --- indexes ----------------------------------------------------------- */

static int compare_entries(const void *a, const void *b)
{
    return sg_index_compare(a, b);
}

static enum sg_err append_some(struct sg_txn *txn, void *context)
{
    const struct building *building = context;
    const struct sg_settle_bulk *bulk = &building->bulk;
    struct sg_set_fill fill = {.count = 0};
    size_t end = bulk->count - building->at < APPEND_ENTRIES
                     ? bulk->count
                     : building->at + APPEND_ENTRIES;

    for (size_t i = building->at; i < end; i++) {
        const struct sg_index_entry *entry = &bulk->entries[i];

        sg_set_append(txn, entry->db, &fill, sg_bytes(entry->key, entry->size));
        if (i + 1 == end || entry->db != entry[1].db)
            sg_set_append_end(txn, entry->db, &fill);
    }
    return sg_txn_err(txn);
}

static enum sg_err append_all(struct building *building)
{
    struct sg_settle_bulk *bulk = &building->bulk;
    enum sg_err err = SG_OK;

    if (bulk->count > 1)
        qsort(bulk->entries, bulk->count, sizeof *bulk->entries,
              compare_entries);
    while (building->at < bulk->count && err == SG_OK) {
        err = sg_sealed_write(building->view->sealed, append_some, building);
        building->at += APPEND_ENTRIES;
    }
    return err;
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
    const struct sg_settle_bulk *bulk = &building->bulk;

    for (size_t i = 0; i < bulk->count; i++) {
        const struct sg_index_entry *entry = &bulk->entries[i];
        bool is_shared = entry->db == SG_INSIDE_NUMBERS &&
                         ((i > 0 && same_name(entry - 1, entry)) ||
                          (i + 1 < bulk->count && same_name(entry, entry + 1)));

        if ((is_shared || entry->db == SG_INSIDE_PAIRS) &&
            !touch(building, entry))
            return SG_ERR_NOMEM;
    }
    return SG_OK;
}

static enum sg_err fold_touched(struct building *building)
{
    enum sg_err err = find_touched(building);

    for (size_t i = 0; i < building->n_touched && err == SG_OK;
         i += TOUCH_ENTRIES) {
        struct sg_apply apply;

        err = sg_apply_begin(&apply, building->view);
        apply.is_spooled = true;
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

enum sg_err sg_build_all(struct sg_view *view, const char *dir)
{
    struct building building = {.view = view};
    struct sg_apply apply;
    enum sg_err err = sg_apply_begin(&apply, view); /* what logs there are */

    sg_apply_end(&apply);
    if (err != SG_OK)
        return err;
    building.n_parts = parts_for(view);
    err = sg_spool_new(dir, building.n_parts, &building.spool);
    if (err == SG_OK)
        err = read_all(&building);
    for (unsigned i = 0; i < building.n_parts && err == SG_OK; i++)
        err = fold_part(&building, i);
    if (err == SG_OK)
        err = append_all(&building);
    if (err == SG_OK)
        err = fold_touched(&building);
    view->sweep.is_wanted = true; /* figures */
    view->is_endorse_due = true;
    sg_spool_free(building.spool);
    sg_free(building.bulk.entries);
    sg_free(building.touched);
    return err;
}
