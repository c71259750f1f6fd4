#include "tools/home.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "storage/base/text.h"
#include "storage/lmdb/key_store.h"
#include "tools/ask.h"

/* Digits of a log id that are enough to name it. */
#define DIGITS_MIN 8

int sg_home_keys_path(const struct sg_cli *cli, char ret_path[SG_HOME_PATH_MAX])
{
    int n = snprintf(ret_path, SG_HOME_PATH_MAX, "%s/keys", cli->dir);

    if (n < 0 || n >= SG_HOME_PATH_MAX)
        return sg_cli_fail(cli, SG_EXIT_USAGE, "--dir: the path is too long",
                           "--dir: đường dẫn quá dài");
    return 0;
}

int sg_home_key(const struct sg_cli *cli, const char *name,
                struct sg_key **ret_key)
{
    char folder[SG_HOME_PATH_MAX];
    struct sg_cli node = *cli;
    int code = sg_home_keys_path(cli, folder);

    if (node.node_passphrase_file != NULL)
        node.passphrase_file = node.node_passphrase_file;
    return code == 0 ? sg_ask_key(&node, folder, name, NULL, ret_key) : code;
}

int sg_home_each_key(const struct sg_cli *cli, const char *folder,
                     sg_home_key_fn *fn, void *context)
{
    static const char suffix[] = ".key";
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    int code = 0;

    if (dir == NULL)
        return sg_cli_fail_err(cli, SG_ERR_NOTFOUND, folder);
    while (code == 0 && (entry = readdir(dir)) != NULL) {
        char name[SG_KEY_STORE_NAME_MAX + 1];
        size_t size = strlen(entry->d_name);

        if (size < sizeof suffix || size - (sizeof suffix - 1) >= sizeof name ||
            strcmp(entry->d_name + size - (sizeof suffix - 1), suffix) != 0)
            continue;
        size -= sizeof suffix - 1;
        memcpy(name, entry->d_name, size);
        name[size] = '\0';
        code = fn(context, name);
    }
    (void)closedir(dir);
    return code;
}

/* Each key of the directory is of the store's registry, or they were mixed. */
static int check_key(const struct sg_cli *cli, const struct sg_home *home,
                     const struct sg_key *key, const char *name)
{
    if (key == NULL || memcmp(&key->registry, sg_store_registry(home->store),
                              sizeof key->registry) == 0)
        return 0;
    return sg_cli_fail(
        cli, SG_EXIT_KEY,
        "%s/keys/%s.key belongs to another registry; put back the right one",
        "%s/keys/%s.key thuộc sổ khác; hãy đặt lại đúng khóa", cli->dir, name);
}

/* Whoever opens a copy or another machine's disk learns it here. */
static void say_start(const struct sg_cli *cli, enum sg_store_start start)
{
    const char *en = NULL, *vi = NULL;

    switch (start) {
    case SG_START_CARRIED_ON:
    case SG_START_FIRST:
    case SG_START_TAIL:
        return;
    case SG_START_CUT:
        sg_cli_note(cli,
                    "the end of the log was damaged before it was "
                    "acknowledged; it was removed",
                    "phần cuối nhật ký bị hỏng trước khi được xác nhận; "
                    "đã bỏ đi");
        return;
    case SG_START_NO_HIGHWATER:
        en = "the high-water file is missing";
        vi = "thiếu tệp highwater";
        break;
    case SG_START_MACHINE:
        en = "this is another machine or a copied directory";
        vi = "đây là máy khác hoặc thư mục được sao chép";
        break;
    case SG_START_DATABASE:
        en = "the database is another copy";
        vi = "cơ sở dữ liệu là một bản sao khác";
        break;
    case SG_START_SHORTER:
        en = "the database lacks what was signed";
        vi = "cơ sở dữ liệu thiếu phần đã ký";
        break;
    case SG_START_DIFFERS:
        en = "the database differs from what was signed";
        vi = "cơ sở dữ liệu khác với phần đã ký";
        break;
    }
    sg_cli_note(cli, "a new log was begun: %s", "đã mở nhật ký mới: %s",
                sg_cli_say(cli, en, vi));
}

static int open_store(const struct sg_cli *cli, struct sg_home *home)
{
    struct sg_store_config config = {.dir = cli->dir};
    struct sg_store_key key = {.kind = SG_LOG_RECORDS};
    size_t count = home->node != NULL ? 1 : 0;

    if (home->node != NULL)
        key.key = &home->node->sign;
    enum sg_err err = sg_store_open(&config, &key, count, &home->store);
    if (err == SG_ERR_NOTFOUND)
        return sg_cli_fail(
            cli, SG_EXIT_IMPOSSIBLE,
            "%s: no data directory; make one with: sogoc init --plain",
            "%s: chưa có thư mục dữ liệu; hãy tạo bằng: sogoc init --plain",
            cli->dir);
    if (err != SG_OK)
        return sg_cli_fail_err(cli, err, cli->dir);
    if (sg_store_own(home->store, 0) != NULL)
        say_start(cli, sg_store_own(home->store, 0)->start);
    return 0;
}

int sg_home_open(const struct sg_cli *cli, struct sg_home *ret_home)
{
    struct sg_home home = {.store = NULL};
    int code = sg_home_key(cli, SG_HOME_NODE, &home.node);

    if (code == 0)
        code = sg_home_key(cli, SG_HOME_SCOPE, &home.scope);
    if (code == 0)
        code = open_store(cli, &home);
    if (code == 0)
        code = check_key(cli, &home, home.node, SG_HOME_NODE);
    if (code == 0)
        code = check_key(cli, &home, home.scope, SG_HOME_SCOPE);
    if (code != 0) {
        sg_home_close(&home);
        return code;
    }
    *ret_home = home;
    return 0;
}

void sg_home_close(struct sg_home *home)
{
    if (home == NULL)
        return;
    sg_store_close(home->store);
    sg_key_file_free(home->node);
    sg_key_file_free(home->scope);
    *home = (struct sg_home){.store = NULL};
}

int sg_home_own(const struct sg_cli *cli, const struct sg_home *home,
                const struct sg_store_own **ret_own)
{
    *ret_own = sg_store_own(home->store, 0);
    if (*ret_own != NULL)
        return 0;
    return sg_cli_fail(
        cli, SG_EXIT_KEY, "%s/keys/node.key is missing: no log can be written",
        "thiếu %s/keys/node.key: không ghi được nhật ký nào", cli->dir);
}

struct search {
    const char *digits;
    size_t size;
    unsigned found;
    struct sg_store_log log;
};

static enum sg_err match(void *context, const struct sg_store_log *log)
{
    struct search *search = context;
    char text[65];
    struct sg_writer writer;

    sg_writer_init_array(&writer, (uint8_t *)text, sizeof text);
    sg_text_hex_encode(&writer, SG_BYTES_ARRAY(log->id.hash.bytes));
    if (sg_writer_end(&writer) == SG_OK && search->size <= writer.size &&
        memcmp(text, search->digits, search->size) == 0) {
        search->log = *log;
        search->found++;
    }
    return SG_OK;
}

static int no_such_log(const struct sg_cli *cli, const char *name)
{
    return sg_cli_fail(cli, SG_EXIT_IMPOSSIBLE,
                       "%s: no such log here; sogoc logs has them",
                       "%s: không có nhật ký này; xem sogoc logs", name);
}

static int find_by_id(const struct sg_cli *cli, const struct sg_home *home,
                      const char *name, struct sg_store_log *ret_log)
{
    struct search search = {.digits = name, .size = strlen(name)};
    enum sg_err err = sg_store_each(home->store, match, &search);

    if (err != SG_OK)
        return sg_cli_fail_err(cli, err, cli->dir);
    if (search.found == 1) {
        *ret_log = search.log;
        return 0;
    }
    if (search.found > 1)
        return sg_cli_fail(cli, SG_EXIT_USAGE,
                           "%s: several logs begin so; give more digits",
                           "%s: nhiều nhật ký bắt đầu như vậy; hãy ghi thêm "
                           "chữ số",
                           name);
    return no_such_log(cli, name);
}

int sg_home_log(const struct sg_cli *cli, const struct sg_home *home,
                const char *name, struct sg_store_log *ret_log)
{
    const struct sg_store_own *own = sg_store_own(home->store, 0);
    uint64_t number = own != NULL ? own->number : 1;
    enum sg_err err;

    if (name != NULL && strlen(name) >= DIGITS_MIN)
        return find_by_id(cli, home, name, ret_log);
    if (name != NULL &&
        sg_text_decimal_decode(sg_bytes(name, strlen(name)), &number) != SG_OK)
        return sg_cli_fail(
            cli, SG_EXIT_USAGE,
            "%s: a log is its number, or its id from 8 digits on",
            "%s: nhật ký ghi bằng số thứ tự, hoặc mã từ 8 chữ "
            "số",
            name);
    err = number <= UINT32_MAX
              ? sg_store_get(home->store, (uint32_t)number, ret_log)
              : SG_ERR_NOTFOUND;
    if (err == SG_ERR_NOTFOUND)
        return no_such_log(cli, name != NULL ? name : "1");
    return err == SG_OK ? 0 : sg_cli_fail_err(cli, err, cli->dir);
}
