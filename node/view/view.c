#include <stdio.h>
#include <string.h>

#include "node/view/build.h"
#include "node/view/endorse.h"
#include "node/view/feed_store.h"
#include "node/view/kept.h"
#include "node/view/said.h"
#include "node/view/view_open.h"
#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/base/limits.h"

#define PATH_SIZE_MAX   4096u
#define REBUILD_ENTRIES 16384u /* of one commit */

static const char *const databases[] = {
#define SG_VIEW_NAME(name, text) text,
    SG_INSIDE_DATABASES(SG_VIEW_NAME)
#undef SG_VIEW_NAME
};

/* --- life -------------------------------------------------------------- */

static enum sg_err open_sealed(struct sg_view *view,
                               const struct sg_view_config *config,
                               enum sg_sealed_start *ret_start)
{
    char path[PATH_SIZE_MAX];
    struct sg_sealed_config sealed = {
        .dir = path,
        .databases = databases,
        .database_count = SG_INSIDE_DB_COUNT,
        .format = SG_INSIDE_FORMAT,
        .registry = view->registry,
        .map_size = config->map_size > 0 ? config->map_size : SG_MAP_SIZE,
        .map_size_max =
            config->map_size_max > 0 ? config->map_size_max : SG_MAP_SIZE_MAX,
        .reserve_size =
            config->reserve_size > 0 ? config->reserve_size : SG_RESERVE_SIZE};
    enum sg_err err;

    if (snprintf(path, sizeof path, "%s/view", config->dir) >= (int)sizeof path)
        return SG_ERR_LIMIT;
    view->dir = sg_alloc(strlen(config->dir) + 1);
    if (view->dir == NULL)
        return SG_ERR_NOMEM;
    memcpy(view->dir, config->dir, strlen(config->dir) + 1);
    memcpy(sealed.key, config->key->secret, SG_KEY_SIZE);
    err = sg_sealed_open(&sealed, &view->sealed, ret_start);
    sg_crypto_wipe(sealed.key, sizeof sealed.key);
    return err;
}

enum sg_err sg_view_open_feed(const struct sg_view_config *config,
                              const struct sg_registry_id *registry,
                              const struct sg_feed *feed,
                              struct sg_view **ret_view,
                              enum sg_sealed_start *ret_start)
{
    struct sg_view *view = sg_calloc(1, sizeof *view);
    enum sg_err err;

    if (view == NULL) {
        if (feed->free != NULL)
            feed->free(feed->context);
        return SG_ERR_NOMEM;
    }
    view->feed = *feed;
    view->registry = *registry;
    view->key = config->key;
    sg_state_root_prefix(registry, &view->row_prefix);
    (void)pthread_rwlock_init(&view->world, NULL);
    (void)pthread_mutex_init(&view->status_lock, NULL);
    err = open_sealed(view, config, ret_start);
    if (err == SG_OK)
        err = sg_kept_load(view);
    if (err == SG_ERR_DAMAGED) {
        /* What opens and says nonsense is no better than what does not open. */
        err = sg_sealed_clear(view->sealed, config->key->secret);
        *ret_start = SG_SEALED_DAMAGED;
        if (err == SG_OK)
            err = sg_kept_load(view);
    }
    if (err == SG_OK)
        err = sg_stand_new(view, true, &view->own);
    if (err != SG_OK) {
        sg_view_close(view);
        return err;
    }
    *ret_view = view;
    return SG_OK;
}

enum sg_err sg_view_open(const struct sg_view_config *config,
                         struct sg_view **ret_view,
                         enum sg_sealed_start *ret_start)
{
    struct sg_feed feed;
    enum sg_err err =
        sg_feed_store_new(config->store, config->scopes, config->n_scopes,
                          config->transport, &feed);

    return err == SG_OK
               ? sg_view_open_feed(config, sg_store_registry(config->store),
                                   &feed, ret_view, ret_start)
               : err;
}

void sg_view_close(struct sg_view *view)
{
    if (view == NULL)
        return;
    sg_stand_free(view->own);
    sg_kept_free(view);
    sg_sealed_close(view->sealed);
    if (view->feed.free != NULL)
        view->feed.free(view->feed.context);
    (void)pthread_rwlock_destroy(&view->world);
    (void)pthread_mutex_destroy(&view->status_lock);
    sg_free(view->dir);
    sg_free(view);
}

/* --- the writer -------------------------------------------------------- */

/* After a commit that did not come to be, memory is as the last one left it. */
static enum sg_err after(struct sg_view *view, enum sg_err err)
{
    enum sg_err reload;

    if (err == SG_OK || err == SG_ERR_FATAL)
        return err;
    (void)pthread_rwlock_wrlock(&view->world);
    reload = sg_kept_load(view);
    (void)pthread_rwlock_unlock(&view->world);
    return reload == SG_OK ? err : reload;
}

/* One commit: entries, or what officers endorse, or a part of a sweep. */
static enum sg_err step(struct sg_apply *apply, size_t entries_max)
{
    struct sg_view *view = apply->view;
    enum sg_err err = sg_apply_hear(apply);

    if (err == SG_OK)
        err = sg_apply_read(apply, entries_max);
    if (err == SG_OK && apply->n_read == 0 && view->is_endorse_due) {
        view->is_endorse_due = false;
        err = sg_endorse_all(apply);
    } else if (apply->n_takes > 0) {
        view->is_endorse_due = true;
    }
    return err == SG_OK ? sg_apply_commit(apply) : err;
}

static bool is_done(const struct sg_view *view)
{
    if (!view->is_ready)
        return true;
    return !sg_apply_has_more(view) && !view->is_endorse_due &&
           !view->sweep.is_wanted && !view->sweep.is_on;
}

enum sg_err sg_view_apply(struct sg_view *view, size_t entries_max,
                          bool *ret_is_done)
{
    struct sg_apply apply;
    enum sg_err err = sg_apply_begin(&apply, view);

    if (err == SG_OK)
        err = step(&apply, entries_max);
    sg_apply_end(&apply);
    *ret_is_done = err == SG_OK && is_done(view);
    return after(view, err);
}

enum sg_err sg_view_verify(struct sg_view *view, size_t entries_max,
                           bool *ret_is_done)
{
    struct sg_apply apply;
    enum sg_err err;

    *ret_is_done = !sg_apply_has_unverified(view);
    if (*ret_is_done)
        return SG_OK;
    err = sg_apply_begin(&apply, view);
    if (err == SG_OK)
        err = sg_apply_verify(&apply, entries_max);
    if (err == SG_OK && apply.n_takes > 0)
        view->is_endorse_due = true;
    if (err == SG_OK)
        err = sg_apply_commit(&apply);
    sg_apply_end(&apply);
    *ret_is_done = err == SG_OK && !sg_apply_has_unverified(view);
    return after(view, err);
}

static void set_building(struct sg_view *view, bool is_building)
{
    (void)pthread_mutex_lock(&view->status_lock);
    view->status.is_building = is_building;
    (void)pthread_mutex_unlock(&view->status_lock);
}

/* Empties the view; it is under KEY then. */
static enum sg_err clear(struct sg_view *view, const struct sg_key *key)
{
    enum sg_err err = sg_sealed_clear(view->sealed, key->secret);

    view->key = key;
    if (err != SG_OK)
        return err;
    (void)pthread_rwlock_wrlock(&view->world);
    err = sg_kept_load(view);
    (void)pthread_rwlock_unlock(&view->world);
    return err;
}

enum sg_err sg_view_rebuild(struct sg_view *view, const struct sg_key *key)
{
    bool is_done = false;
    enum sg_err err = clear(view, key);

    set_building(view, true);
    if (err == SG_OK)
        err = sg_sealed_bulk_begin(view->sealed);
    if (err == SG_OK)
        err = sg_build_all(view, view->dir);
    while (err == SG_OK && !is_done)
        err = sg_view_apply(view, REBUILD_ENTRIES, &is_done);
    if (err == SG_OK)
        err = sg_sealed_bulk_end(view->sealed);
    set_building(view, false);
    sg_kept_status(view);
    if (err != SG_OK && err != SG_ERR_FATAL) {
        enum sg_err again = clear(view, key);

        err = again == SG_OK ? err : again;
    }
    return err;
}

/* --- what is known of it ----------------------------------------------- */

void sg_view_status(struct sg_view *view, struct sg_view_status *ret_status)
{
    (void)pthread_mutex_lock(&view->status_lock);
    *ret_status = view->status;
    (void)pthread_mutex_unlock(&view->status_lock);
}

const struct sg_authority *sg_view_hold(struct sg_view *view)
{
    (void)pthread_rwlock_rdlock(&view->world);
    return sg_said_authority(view->said);
}

void sg_view_release(struct sg_view *view)
{
    (void)pthread_rwlock_unlock(&view->world);
}
