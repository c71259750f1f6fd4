#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/base/text.h"
#include "storage/lmdb/key_store.h"
#include "tools/home.h"
#include "tools/verb.h"

const struct sg_verb_page sg_verb_init_page = {
    "--plain [--registry HEX] [--dir DIR]",
    {"Makes DIR with an empty store and two keys: keys/node.key signs the "
     "log,\n"
     "keys/scope.key reads what is sealed.\n"
     "\n"
     "  --plain         keys in the clear, readable by their owner alone\n"
     "  --registry HEX  the id of the registry (default: a random one, for a\n"
     "                  store that stands alone)\n",
     "Tạo DIR với kho trống và hai khóa: keys/node.key ký nhật ký,\n"
     "keys/scope.key đọc phần niêm phong.\n"
     "\n"
     "  --plain         khóa để trần, chỉ chủ tệp đọc được\n"
     "  --registry HEX  mã của sổ (mặc định: ngẫu nhiên, cho kho đứng "
     "riêng)\n"},
    "  $ sogoc init --plain --dir demo\n",
};

static const struct sg_out_shape shape = {
    .type = "init",
    .field_count = 4,
    .fields = {{"dir", {"directory", "thư mục"}, 0},
               {"registry", {"registry", "mã sổ"}, 0},
               {"log", {"log", "nhật ký"}, 0},
               {"node_key", {"node key", "khóa nút"}, 0}},
};

static int read_registry(const struct sg_cli *cli, const char *text,
                         struct sg_registry_id *ret)
{
    struct sg_writer writer;

    if (text == NULL) {
        sg_crypto_random(ret->hash.bytes, sizeof ret->hash.bytes);
        return 0;
    }
    sg_writer_init_array(&writer, ret->hash.bytes, sizeof ret->hash.bytes);
    sg_text_hex_decode(&writer, sg_bytes(text, strlen(text)));
    if (sg_writer_end(&writer) == SG_OK &&
        writer.size == sizeof ret->hash.bytes)
        return 0;
    return sg_cli_fail(cli, SG_EXIT_USAGE,
                       "--registry wants 64 lowercase hex digits",
                       "--registry cần 64 chữ số hex viết thường");
}

/* Makes the key file NAME. One that an interrupted init left is used, and its
 * registry goes on. */
static int make_key(const struct sg_cli *cli, const char *name,
                    enum sg_key_kind kind, struct sg_registry_id *registry)
{
    char folder[SG_HOME_PATH_MAX];
    uint8_t file[SG_KEY_FILE_SIZE];
    struct sg_key *key = NULL;
    int code = sg_home_key(cli, name, &key);

    if (code == 0)
        code = sg_home_keys_path(cli, folder);
    if (code != 0 || key != NULL) {
        if (code == 0)
            *registry = key->registry;
        sg_key_file_free(key);
        return code;
    }
    enum sg_err err = sg_key_file_draw(kind, registry, &key);
    if (err == SG_OK) {
        sg_key_file_encode(key, file);
        err = sg_key_store_write(folder, name, SG_KEY_STORE_CREATE, file);
        sg_crypto_wipe(file, sizeof file);
    }
    sg_key_file_free(key);
    return err == SG_OK ? 0 : sg_cli_fail_err(cli, err, folder);
}

/* Keys before the store: what an init that was interrupted has left, the next
 * one goes on with. WANTED is NULL if any registry will do. */
static int make_store(const struct sg_cli *cli,
                      const struct sg_registry_id *wanted,
                      struct sg_registry_id *registry)
{
    struct sg_store_config config = {.dir = cli->dir};
    int code = make_key(cli, SG_HOME_SCOPE, SG_KEY_SCOPE, registry);

    if (code == 0)
        code = make_key(cli, SG_HOME_NODE, SG_KEY_NODE, registry);
    if (code != 0)
        return code;
    if (wanted != NULL && memcmp(wanted, registry, sizeof *wanted) != 0)
        return sg_cli_fail(cli, SG_EXIT_KEY,
                           "%s/keys: these keys belong to another registry; "
                           "choose another --dir",
                           "%s/keys: các khóa này thuộc sổ khác; hãy chọn "
                           "--dir khác",
                           cli->dir);
    enum sg_err err = sg_store_create(&config, registry);
    return err == SG_OK ? 0 : sg_cli_fail_err(cli, err, cli->dir);
}

static int show(struct sg_cli *cli, const struct sg_home *home)
{
    const struct sg_store_own *own;
    int code = sg_home_own(cli, home, &own);

    if (code == 0) {
        const struct sg_out_value values[] = {
            sg_out_bytes(SG_OUT_BODY, sg_bytes(cli->dir, strlen(cli->dir))),
            sg_out_hash(&sg_store_registry(home->store)->hash),
            sg_out_hash(&own->id.hash),
            sg_out_bytes(SG_OUT_HEX, SG_BYTES_ARRAY(own->core.node_key)),
        };
        sg_out_card(&cli->out, &shape, values);
    }
    return code;
}

static enum sg_err err_from_errno(int code)
{
    return code == ENOENT || code == ENOTDIR                  ? SG_ERR_NOTFOUND
           : code == EACCES || code == EPERM || code == EROFS ? SG_ERR_ACCESS
           : code == ENOSPC || code == EDQUOT                 ? SG_ERR_FULL
                                                              : SG_ERR_IO;
}

/* Makes the directory, to last: its parent is synced. */
static enum sg_err make_folder(const char *dir)
{
    char parent[SG_HOME_PATH_MAX];

    if (mkdir(dir, 0700) != 0)
        return errno == EEXIST ? SG_OK : err_from_errno(errno);
    (void)snprintf(parent, sizeof parent, "%s/..", dir);
    int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_from_errno(errno);
    enum sg_err err = fsync(fd) == 0 ? SG_OK : SG_ERR_FATAL;
    (void)close(fd);
    return err;
}

static int make_dir(const struct sg_cli *cli)
{
    char log[SG_HOME_PATH_MAX + 8];
    struct stat info;

    (void)snprintf(log, sizeof log, "%s/log", cli->dir);
    if (stat(log, &info) == 0)
        return sg_cli_fail(cli, SG_EXIT_IMPOSSIBLE,
                           "%s: there is a store already; choose another --dir",
                           "%s: đã có kho dữ liệu; hãy chọn --dir khác",
                           cli->dir);
    enum sg_err err = make_folder(cli->dir);
    return err == SG_OK ? 0 : sg_cli_fail_err(cli, err, cli->dir);
}

int sg_verb_init(struct sg_cli *cli, struct sg_cli_words words)
{
    bool is_plain = false;
    const char *hex = NULL;
    const struct sg_cli_option options[] = {
        {"--plain", SG_CLI_FLAG, .flag = &is_plain},
        {"--registry", SG_CLI_TEXT, .text = &hex},
    };
    struct sg_registry_id registry = {0}, wanted;
    struct sg_home home;
    int code = sg_cli_options(cli, &words, options, 2, 0, 0);

    if (code == 0 && !is_plain)
        return sg_cli_fail(cli, SG_EXIT_USAGE,
                           "say --plain: keys will lie in the clear, on a disk "
                           "that you trust",
                           "hãy ghi --plain: khóa sẽ để trần, trên đĩa mà bạn "
                           "tin cậy");
    if (code == 0)
        code = read_registry(cli, hex, &registry);
    wanted = registry;
    if (code == 0)
        code = make_dir(cli);
    if (code == 0)
        code = make_store(cli, hex != NULL ? &wanted : NULL, &registry);
    if (code == 0)
        code = sg_home_open(cli, &home);
    if (code != 0)
        return code;
    code = show(cli, &home);
    sg_home_close(&home);
    return code;
}
