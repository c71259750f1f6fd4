#include <stdio.h>
#include <string.h>

#include "storage/lmdb/key_store.h"
#include "tools/ask.h"
#include "tools/home.h"
#include "tools/officer.h"
#include "tools/verb.h"

const struct sg_verb_page sg_verb_officer_new_page = {
    "NAME [--plain] [--dir DIR]",
    {"Makes an officer's key, keys/officer-NAME.key, under a passphrase that "
     "the\n"
     "officer alone knows, and prints its public half: the authority grants "
     "roles to\n"
     "that with sogoc officer add. NAME is a staff number, not a person's "
     "name.\n"
     "\n"
     "  --plain  in the clear: for tests\n",
     "Tạo khóa cho một cán bộ, keys/officer-NAME.key, kèm mật khẩu chỉ cán bộ "
     "đó\n"
     "biết, và in phần công khai: cơ quan quản lý trao vai trò cho phần này "
     "bằng\n"
     "sogoc officer add. NAME là số hiệu, không phải họ tên.\n"
     "\n"
     "  --plain  để trần: chỉ để thử\n"},
    "  $ sogoc officer new cb-0001 --plain --dir node\n",
};

static const struct sg_out_shape shape = {
    .type = "officer_key",
    .field_count = 3,
    .fields = {{"file", {"key file", "tệp khóa"}, 0},
               {"key", {"public key", "khóa công khai"}, 0},
               {"key_id", {"key id", "mã khóa"}, 0}},
};

/* Makes the key for REGISTRY, which is that of the node's own key. */
static int make(struct sg_cli *cli, const char *name, bool is_plain,
                const struct sg_registry_id *registry)
{
    struct sg_passphrase *passphrase = NULL;
    char folder[SG_HOME_PATH_MAX], file[SG_OFFICER_NAME_SIZE + 16];
    struct sg_key *key = NULL;
    enum sg_err err;
    int code = sg_home_keys_path(cli, folder);

    (void)snprintf(file, sizeof file, "officer-%s", name);
    if (code == 0 && !is_plain)
        code = sg_ask_passphrase(cli, file, true, &passphrase);
    if (code != 0)
        return code;
    err = sg_key_file_draw(SG_KEY_OFFICER, registry, &key);
    code = err == SG_OK ? sg_ask_write_key(cli, folder, file, passphrase, key)
                        : sg_cli_fail_err(cli, err, file);
    if (code == 0) {
        struct sg_key_id id =
            sg_key_id_of(registry, SG_KEY_OFFICER, key->public_key);
        const struct sg_out_value values[] = {
            sg_out_bytes(SG_OUT_BODY, sg_bytes(file, strlen(file))),
            sg_out_bytes(SG_OUT_HEX, SG_BYTES_ARRAY(key->public_key)),
            sg_out_bytes(SG_OUT_HEX, SG_BYTES_ARRAY(id.bytes)),
        };

        sg_out_card(&cli->out, &shape, values);
    }
    sg_key_file_free(key);
    sg_passphrase_free(passphrase);
    return code;
}

int sg_verb_officer_new(struct sg_cli *cli, struct sg_cli_words words)
{
    bool is_plain = false;
    const struct sg_cli_option options[] = {
        {"--plain", SG_CLI_FLAG, .flag = &is_plain},
    };
    struct sg_key *node = NULL;
    int code = sg_cli_options(cli, &words, options, 1, 1, 1);

    if (code == 0)
        code = sg_officer_check_name(cli, words.words[0]);
    if (code == 0)
        code = sg_home_key(cli, SG_HOME_NODE, &node);
    if (code == 0 && node == NULL)
        code = sg_cli_fail(cli, SG_EXIT_IMPOSSIBLE,
                           "%s: no node is here; make one with sogoc join",
                           "%s: chưa có nút ở đây; hãy tạo bằng sogoc join",
                           cli->dir);
    if (code == 0)
        code = make(cli, words.words[0], is_plain, &node->registry);
    sg_key_file_free(node);
    return code;
}
