#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "storage/base/text.h"
#include "storage/lmdb/file.h"
#include "storage/lmdb/key_store.h"
#include "storage/registry/nfc.h"
#include "tools/found.h"
#include "tools/home.h"
#include "tools/verb.h"

#define TITLE_MAX 64u

const struct sg_verb_page sg_verb_init_page = {
    "--plain [--registry HEX] | --authority TITLE --next FOLDER [--dir DIR]",
    {"Makes DIR: a store that stands alone, or the authority of a new "
     "registry.\n"
     "(A node of a registry that there is: sogoc join.)\n"
     "\n"
     "Alone: an empty store and two keys. keys/node.key signs the log,\n"
     "keys/scope.key reads what is sealed.\n"
     "\n"
     "  --plain         keys in the clear, readable by their owner alone\n"
     "  --registry HEX  the id of the registry (default: a random one, for a\n"
     "                  store that stands alone)\n"
     "\n"
     "Authority: the root key, the genesis, and what it says first: its own "
     "node,\n"
     "the units and code tables of this release, the centre's scope key, a "
     "heartbeat.\n"
     "\n"
     "  --authority TITLE  the name of the registry, up to 64 bytes\n"
     "  --next FOLDER      where the key of the next root goes: a stick that "
     "is then\n"
     "                     locked away. Without it no lost or stolen root key "
     "is\n"
     "                     ever replaced\n"
     "  --plain            the root's keys in the clear, not under a "
     "passphrase\n"
     "  --centre UNIT      whose scope reads everything (default: the "
     "province)\n"
     "  --test             a test registry: numbers of province 999 alone are "
     "valid\n"
     "  --no-units         publish no units\n",
     "Tạo DIR: kho đứng riêng, hoặc cơ quan quản lý của một sổ mới.\n"
     "(Nút của sổ đã có: sogoc join.)\n"
     "\n"
     "Đứng riêng: kho trống và hai khóa. keys/node.key ký nhật ký,\n"
     "keys/scope.key đọc phần niêm phong.\n"
     "\n"
     "  --plain         khóa để trần, chỉ chủ tệp đọc được\n"
     "  --registry HEX  mã của sổ (mặc định: ngẫu nhiên, cho kho đứng "
     "riêng)\n"
     "\n"
     "Cơ quan quản lý: khóa gốc, bản khai sinh sổ và những quyết định đầu "
     "tiên: nút\n"
     "của mình, các đơn vị và bảng mã kèm bản phát hành, khóa phạm vi của "
     "trung\n"
     "tâm, một nhịp báo giờ.\n"
     "\n"
     "  --authority TITLE  tên sổ, tối đa 64 byte\n"
     "  --next FOLDER      nơi cất khóa gốc kế tiếp: một thẻ nhớ rồi khóa "
     "vào két.\n"
     "                     Không có nó thì khóa gốc mất hay bị lộ sẽ không "
     "bao giờ\n"
     "                     thay được\n"
     "  --plain            các khóa gốc để trần, không có mật khẩu\n"
     "  --centre UNIT      đơn vị có phạm vi đọc tất cả (mặc định: tỉnh)\n"
     "  --test             sổ thử: chỉ số của tỉnh 999 là hợp lệ\n"
     "  --no-units         không công bố đơn vị\n"},
    "  $ sogoc init --plain --dir demo\n"
    "  $ sogoc init --authority 'Sổ thử' --plain --test --next next --dir "
    "authority\n",
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
    enum sg_err err = sg_file_make_folder(cli->dir);
    return err == SG_OK || err == SG_ERR_EXISTS
               ? 0
               : sg_cli_fail_err(cli, err, cli->dir);
}

static int init_alone(struct sg_cli *cli, const char *hex)
{
    struct sg_registry_id registry = {0}, wanted;
    struct sg_home home;
    int code = read_registry(cli, hex, &registry);

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

static int init_authority(struct sg_cli *cli, const struct sg_found *plan)
{
    size_t size = strlen(plan->title);

    if (size < 1 || size > TITLE_MAX ||
        sg_nfc_check(sg_bytes(plan->title, size)) != SG_OK)
        return sg_cli_fail(
            cli, SG_EXIT_USAGE, "--authority wants a title of 1 to %u bytes",
            "--authority cần tên sổ từ 1 đến %u byte", TITLE_MAX);
    if (plan->next == NULL)
        return sg_cli_fail(cli, SG_EXIT_USAGE,
                           "say --next FOLDER: where the key of the next root "
                           "goes, on another medium",
                           "hãy ghi --next FOLDER: nơi cất khóa gốc kế tiếp, "
                           "trên vật lưu trữ khác");
    return sg_found_registry(cli, plan);
}

int sg_verb_init(struct sg_cli *cli, struct sg_cli_words words)
{
    struct sg_found plan = {.title = NULL};
    const char *hex = NULL;
    const struct sg_cli_option options[] = {
        {"--plain", SG_CLI_FLAG, .flag = &plan.is_plain},
        {"--registry", SG_CLI_TEXT, .text = &hex},
        {"--authority", SG_CLI_TEXT, .text = &plan.title},
        {"--next", SG_CLI_TEXT, .text = &plan.next},
        {"--centre", SG_CLI_TEXT, .text = &plan.centre},
        {"--test", SG_CLI_FLAG, .flag = &plan.is_test},
        {"--no-units", SG_CLI_FLAG, .flag = &plan.has_no_units},
    };
    int code = sg_cli_options(cli, &words, options, 7, 0, 0);

    if (code != 0)
        return code;
    if (plan.title != NULL && hex == NULL)
        return init_authority(cli, &plan);
    if (plan.title != NULL || plan.next != NULL || plan.centre != NULL ||
        plan.is_test || plan.has_no_units)
        return sg_cli_fail(cli, SG_EXIT_USAGE,
                           "--authority founds a registry of its own: it goes "
                           "with --next, --centre, --test, not with --registry",
                           "--authority lập một sổ riêng: đi với --next, "
                           "--centre, --test, không đi với --registry");
    if (!plan.is_plain)
        return sg_cli_fail(cli, SG_EXIT_USAGE,
                           "say --plain: keys will lie in the clear, on a disk "
                           "that you trust",
                           "hãy ghi --plain: khóa sẽ để trần, trên đĩa mà bạn "
                           "tin cậy");
    return init_alone(cli, hex);
}
