#include "tools/register.h"

#include "storage/lmdb/key_store.h"

#define ENTRIES 16384u /* of one commit */

int sg_register_open(const struct sg_cli *cli, struct sg_register *ret_register)
{
    struct sg_register all = {.key = NULL};
    int code = sg_home_open(cli, &all.home);

    if (code != 0)
        return code;
    code = sg_home_key(cli, SG_HOME_TRANSPORT, &all.transport);
    if (code == 0)
        code = sg_home_key(cli, SG_REGISTER_KEY, &all.key);
    if (code != 0) {
        sg_register_close(&all);
        return code;
    }
    *ret_register = all;
    return 0;
}

void sg_register_close(struct sg_register *all)
{
    sg_key_file_free(all->transport);
    sg_key_file_free(all->key);
    sg_home_close(&all->home);
    *all = (struct sg_register){.key = NULL};
}

static enum sg_err catch_up(struct sg_view *view)
{
    bool is_done = false;
    enum sg_err err = SG_OK;

    while (err == SG_OK && !is_done)
        err = sg_view_apply(view, ENTRIES, &is_done);
    for (is_done = false; err == SG_OK && !is_done;)
        err = sg_view_verify(view, ENTRIES, &is_done);
    return err;
}

int sg_register_view(const struct sg_cli *cli, struct sg_register *all,
                     const char *dir, bool is_new, struct sg_view **ret_view)
{
    struct sg_view_config config = {
        .dir = dir,
        .store = all->home.store,
        .scopes = all->scopes,
        .n_scopes = all->home.scope != NULL,
        .transport = all->transport,
        .key = all->key,
    };
    enum sg_sealed_start start;
    struct sg_view *view;
    enum sg_err err;

    all->scopes[0] = all->home.scope;
    err = sg_view_open(&config, &view, &start);
    if (err != SG_OK)
        return sg_cli_fail_err(cli, err, dir);
    if (is_new)
        err = sg_view_rebuild(view, all->key);
    if (err == SG_OK)
        err = catch_up(view);
    if (err != SG_OK) {
        sg_view_close(view);
        return sg_cli_fail_err(cli, err, dir);
    }
    *ret_view = view;
    return 0;
}

int sg_register_change_key(const struct sg_cli *cli, struct sg_register *all)
{
    uint8_t file[SG_KEY_FILE_SIZE];
    char folder[SG_HOME_PATH_MAX];
    struct sg_key *key;
    enum sg_err err;
    int code = sg_home_keys_path(cli, folder);

    if (code != 0)
        return code;
    err =
        sg_key_file_draw(SG_KEY_VIEW, sg_store_registry(all->home.store), &key);
    if (err != SG_OK)
        return sg_cli_fail_err(cli, err, folder);
    sg_key_file_encode(key, file);
    err = sg_key_store_write(
        folder, SG_REGISTER_KEY,
        all->key != NULL ? SG_KEY_STORE_REPLACE : SG_KEY_STORE_CREATE, file);
    sg_crypto_wipe(file, sizeof file);
    if (err != SG_OK) {
        sg_key_file_free(key);
        return sg_cli_fail_err(cli, err, folder);
    }
    sg_key_file_free(all->key);
    all->key = key;
    return 0;
}
