#include "node/roll.h"

#include <stdio.h>

#include "node/say.h"
#include "storage/base/alloc.h"
#include "storage/lmdb/key_store.h"

#define PATH_SIZE 4096

static const char name[] = "view";

struct sg_roll {
    struct sg_key *key;
    const struct sg_key *scopes[1];
    struct sg_view *view;
    struct sg_view_thread *thread;
    const char *start;
};

/* Draws a key and keeps it. */
static enum sg_err make_key(const char *folder,
                            const struct sg_registry_id *registry,
                            enum sg_key_store_mode mode,
                            struct sg_key **ret_key)
{
    uint8_t file[SG_KEY_FILE_SIZE];
    enum sg_err err = sg_key_file_draw(SG_KEY_VIEW, registry, ret_key);

    if (err != SG_OK)
        return err;
    sg_key_file_encode(*ret_key, file);
    err = sg_key_store_write(folder, name, mode, file);
    sg_crypto_wipe(file, sizeof file);
    return err;
}

static enum sg_err folder_of(const char *dir, char ret[PATH_SIZE])
{
    int n = snprintf(ret, PATH_SIZE, "%s/keys", dir);

    return n < 0 || n >= PATH_SIZE ? SG_ERR_LIMIT : SG_OK;
}

static enum sg_err get_key(const char *dir,
                           const struct sg_registry_id *registry,
                           struct sg_key **ret_key)
{
    uint8_t file[SG_KEY_FILE_SIZE];
    char folder[PATH_SIZE];
    enum sg_err err = folder_of(dir, folder);

    if (err != SG_OK)
        return err;
    err = sg_key_store_read(folder, name, file);
    if (err == SG_ERR_NOTFOUND)
        return make_key(folder, registry, SG_KEY_STORE_CREATE, ret_key);
    if (err != SG_OK)
        return err;
    err = sg_key_file_decode(SG_BYTES_ARRAY(file), sg_bytes(NULL, 0), ret_key);
    sg_crypto_wipe(file, sizeof file);
    return err == SG_OK && (*ret_key)->kind != SG_KEY_VIEW ? SG_ERR_MALFORMED
                                                           : err;
}

enum sg_err sg_roll_change_key(const char *dir,
                               const struct sg_registry_id *registry)
{
    char folder[PATH_SIZE];
    struct sg_key *key = NULL;
    enum sg_err err = folder_of(dir, folder);

    if (err == SG_OK)
        err = make_key(folder, registry, SG_KEY_STORE_REPLACE, &key);
    sg_key_file_free(key);
    return err == SG_ERR_NOTFOUND ? SG_OK : err;
}

/* Says why the register is made anew, where one was there. After logs that were
 * set back it is made in bulk: all of them are read. */
static void begin(struct sg_roll *roll, const char *dir,
                  enum sg_sealed_start start)
{
    static const struct {
        const char *word;
        const char *text; /* NULL: nobody need know */
    } starts[] = {
        [SG_SEALED_FOUND] = {"found", NULL},
        [SG_SEALED_MADE] = {"made", NULL},
        [SG_SEALED_FORMAT] = {"format", "it was of another release"},
        [SG_SEALED_KEY] = {"key", "it was under another key"},
        [SG_SEALED_DAMAGED] = {"damaged", "it was damaged"},
        [SG_SEALED_DIRTY] = {"half_made", "it was made only in part"},
    };
    struct sg_view_status status;
    const char *text = starts[start].text;

    roll->start = starts[start].word;
    sg_view_status(roll->view, &status);
    if (status.is_set_back) {
        roll->start = "set_back";
        text = "the logs here are older than it, or others";
        sg_view_thread_rebuild(roll->thread, roll->key);
    }
    if (text != NULL)
        sg_say(status.is_set_back ? SG_CONFIG_LOG_WARNING : SG_CONFIG_LOG_INFO,
               "%s/view: %s; the register is made anew from the logs", dir,
               text);
    sg_view_thread_kick(roll->thread);
}

static enum sg_err open_roll(struct sg_roll *roll,
                             const struct sg_roll_config *from)
{
    struct sg_view_config config = {
        .dir = from->dir, .store = from->store, .transport = from->transport};
    enum sg_sealed_start start;
    enum sg_err err =
        get_key(from->dir, sg_store_registry(from->store), &roll->key);

    roll->scopes[0] = from->scope;
    config.scopes = roll->scopes;
    config.n_scopes = from->scope != NULL;
    config.key = roll->key;
    if (err == SG_OK)
        err = sg_view_open(&config, &roll->view, &start);
    if (err == SG_OK)
        err = sg_view_thread_new(roll->view, from->wake, from->context,
                                 &roll->thread);
    if (err == SG_OK)
        begin(roll, from->dir, start);
    return err;
}

struct sg_roll *sg_roll_open(const struct sg_roll_config *config)
{
    struct sg_roll *roll = sg_calloc(1, sizeof *roll);
    enum sg_err err = roll == NULL ? SG_ERR_NOMEM : open_roll(roll, config);

    if (err == SG_OK)
        return roll;
    sg_say(SG_CONFIG_LOG_ERROR, "%s/view: %s; going on without the register",
           config->dir, sg_err_text(err, SG_LANG_EN));
    sg_roll_close(roll);
    return NULL;
}

void sg_roll_close(struct sg_roll *roll)
{
    if (roll == NULL)
        return;
    sg_view_thread_free(roll->thread);
    sg_view_close(roll->view);
    sg_key_file_free(roll->key);
    sg_free(roll);
}

void sg_roll_kick(struct sg_roll *roll)
{
    if (roll != NULL)
        sg_view_thread_kick(roll->thread);
}

void sg_roll_hurry(struct sg_roll *roll)
{
    sg_view_thread_hurry(roll->thread);
}

struct sg_view *sg_roll_view(struct sg_roll *roll)
{
    return roll->view;
}

bool sg_roll_rests(struct sg_roll *roll, uint64_t *ret_moment)
{
    return sg_view_thread_rests(roll->thread, ret_moment);
}

const char *sg_roll_start(const struct sg_roll *roll)
{
    return roll->start;
}

enum sg_err sg_roll_err(struct sg_roll *roll)
{
    return sg_view_thread_err(roll->thread);
}
