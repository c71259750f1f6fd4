#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "node/identity.h"
#include "replication/join.h"
#include "storage/base/text.h"
#include "storage/lmdb/file.h"
#include "tools/ask.h"
#include "tools/home.h"
#include "tools/role.h"
#include "tools/unit_name.h"
#include "tools/verb.h"

#define PATH_SIZE (SG_HOME_PATH_MAX + 16)

const struct sg_verb_page sg_verb_join_page = {
    "--registry HEX --unit UNIT [--role ROLE] [--out FILE] | --take FILE "
    "[--dir DIR]",
    {"Makes DIR a node that asks to be admitted: its keys, an empty store, and "
     "a\n"
     "request for the authority, which answers with a file:\n"
     "\n"
     "  --registry HEX  the registry's id, from the authority itself\n"
     "  --unit UNIT     the unit that the office serves: its name, or its "
     "number\n"
     "  --role ROLE     authority, central, district, relay or auditor "
     "(district)\n"
     "  --out FILE      where the request goes (default: DIR/request)\n"
     "  --take FILE     take the answer: sogocd can start then\n"
     "\n"
     "The authority will ask for the key id that is printed here: read it over "
     "the\n"
     "phone. A node whose certificate ends asks again in the same way.\n"
     "With --node-passphrase-file the keys are made under that passphrase.\n",
     "Biến DIR thành nút xin vào sổ: tạo khóa, kho trống, và đơn gửi cơ quan "
     "quản\n"
     "lý; cơ quan trả lời bằng một tệp:\n"
     "\n"
     "  --registry HEX  mã sổ, do chính cơ quan quản lý cho biết\n"
     "  --unit UNIT     đơn vị mà cơ quan này phục vụ: tên hoặc số\n"
     "  --role ROLE     authority, central, district, relay hoặc auditor "
     "(district)\n"
     "  --out FILE      nơi ghi đơn (mặc định: DIR/request)\n"
     "  --take FILE     nhận trả lời: sau đó chạy được sogocd\n"
     "\n"
     "Cơ quan quản lý sẽ hỏi mã khóa in ra ở đây: hãy đọc qua điện thoại. Khi "
     "chứng\n"
     "thư hết hạn, nút xin lại cũng bằng cách này.\n"
     "Với --node-passphrase-file, các khóa được tạo kèm mật khẩu đó.\n"},
    "  $ sogoc join --registry \"$(sogoc nodes --dir authority --id)\" --unit "
    "'Huyện Mường Lát' --dir node\n",
};

static const struct sg_out_shape shape = {
    .type = "request",
    .field_count = 6,
    .fields = {{"request", {"request", "đơn"}, 0},
               {"registry", {"registry", "mã sổ"}, 0},
               {"role", {"role", "vai trò"}, 0},
               {"unit", {"unit", "đơn vị"}, 0},
               {"node_key", {"node key", "khóa nút"}, 0},
               {"key_id", {"key id", "mã khóa"}, 0}},
};

static const struct sg_out_shape take_shape = {
    .type = "joined",
    .field_count = 2,
    .fields = {{"dir", {"directory", "thư mục"}, 0},
               {"from", {"from", "từ"}, 0}},
};

struct joining {
    struct sg_cli *cli;
    const char *hex, *unit, *role, *out, *take;
    struct sg_registry_id registry;
    struct sg_unit_key unit_key;
    enum sg_certificate_role role_value;
    struct sg_passphrase *passphrase;
    struct sg_key *node, *transport, *scope;
};

/* --- The request
 * ------------------------------------------------------------- */

static int read_registry(struct joining *joining)
{
    uint8_t *bytes = joining->registry.hash.bytes;
    struct sg_writer writer;

    sg_writer_init_array(&writer, bytes, sizeof joining->registry.hash.bytes);
    sg_text_hex_decode(&writer, sg_bytes(joining->hex, strlen(joining->hex)));
    if (sg_writer_end(&writer) == SG_OK &&
        writer.size == sizeof joining->registry.hash.bytes)
        return 0;
    return sg_cli_fail(joining->cli, SG_EXIT_USAGE,
                       "--registry wants 64 lowercase hex digits",
                       "--registry cần 64 chữ số hex viết thường");
}

static int read_unit(struct joining *joining)
{
    struct sg_unit_table *units;
    int code = sg_unit_name_shipped(joining->cli, &units);

    if (code != 0)
        return code;
    code = sg_unit_name_find(joining->cli, units, joining->unit,
                             &joining->unit_key);
    sg_unit_table_free(units);
    return code;
}

/* Makes the key NAME, or goes on with the one that is there. */
static int make_key(struct joining *joining, const char *name,
                    enum sg_key_kind kind, struct sg_key **ret_key)
{
    const struct sg_cli *cli = joining->cli;
    char folder[SG_HOME_PATH_MAX];
    enum sg_err err;
    int code = sg_home_key(cli, name, ret_key);

    if (code == 0)
        code = sg_home_keys_path(cli, folder);
    if (code != 0)
        return code;
    if (*ret_key != NULL) {
        if (memcmp(&(*ret_key)->registry, &joining->registry,
                   sizeof joining->registry) == 0)
            return 0;
        return sg_cli_fail(cli, SG_EXIT_KEY,
                           "%s/%s.key belongs to another registry; choose "
                           "another --dir",
                           "%s/%s.key thuộc sổ khác; hãy chọn --dir khác",
                           folder, name);
    }
    err = sg_key_file_draw(kind, &joining->registry, ret_key);
    if (err != SG_OK)
        return sg_cli_fail_err(cli, err, folder);
    return sg_ask_write_key(cli, folder, name, joining->passphrase, *ret_key);
}

static int make_keys(struct joining *joining)
{
    struct sg_cli node = *joining->cli;
    int code = 0;

    node.passphrase_file = node.node_passphrase_file;
    if (node.passphrase_file != NULL)
        code = sg_ask_passphrase(&node, "node.key", true, &joining->passphrase);
    if (code == 0)
        code = make_key(joining, SG_HOME_SCOPE, SG_KEY_SCOPE, &joining->scope);
    if (code == 0)
        code = make_key(joining, SG_HOME_TRANSPORT, SG_KEY_TRANSPORT,
                        &joining->transport);
    if (code == 0)
        code = make_key(joining, SG_HOME_NODE, SG_KEY_NODE, &joining->node);
    return code;
}

static int make_store(const struct joining *joining)
{
    const struct sg_store_config config = {.dir = joining->cli->dir};
    enum sg_err err = sg_store_create(&config, &joining->registry);

    return err == SG_OK || err == SG_ERR_EXISTS
               ? 0
               : sg_cli_fail_err(joining->cli, err, joining->cli->dir);
}

static int write_request(struct joining *joining, char ret_path[PATH_SIZE])
{
    uint8_t bytes[SG_JOIN_REQUEST_SIZE];
    struct sg_join_request request = {
        .role = joining->role_value,
        .unit = joining->unit_key.value,
    };
    enum sg_err err;

    memcpy(request.transport_key, joining->transport->public_key, SG_KEY_SIZE);
    sg_crypto_random(request.random, sizeof request.random);
    sg_join_request_sign(&request, &joining->registry, &joining->node->sign);
    sg_join_request_encode(&request, bytes);
    if (joining->out != NULL)
        (void)snprintf(ret_path, PATH_SIZE, "%s", joining->out);
    else
        (void)snprintf(ret_path, PATH_SIZE, "%s/request", joining->cli->dir);
    err = sg_file_write(ret_path, SG_BYTES_ARRAY(bytes));
    return err == SG_OK ? 0 : sg_cli_fail_err(joining->cli, err, ret_path);
}

static void show(const struct joining *joining, const char *path)
{
    struct sg_key_id id = sg_key_id_of(&joining->registry, SG_KEY_NODE,
                                       joining->node->public_key);
    const struct sg_out_value values[] = {
        sg_out_bytes(SG_OUT_BODY, sg_bytes(path, strlen(path))),
        sg_out_hash(&joining->registry.hash),
        sg_role_value(joining->role_value, joining->cli->lang),
        sg_out_number(joining->unit_key.value),
        sg_out_bytes(SG_OUT_HEX, SG_BYTES_ARRAY(joining->node->public_key)),
        sg_out_bytes(SG_OUT_HEX, SG_BYTES_ARRAY(id.bytes)),
    };

    sg_out_card(&joining->cli->out, &shape, values);
}

static int ask_for_it(struct joining *joining)
{
    struct sg_cli *cli = joining->cli;
    char path[PATH_SIZE];
    enum sg_err err;
    int code = read_registry(joining);

    if (code == 0)
        code = read_unit(joining);
    if (code == 0)
        code = sg_role_find(cli,
                            joining->role != NULL ? joining->role : "district",
                            &joining->role_value);
    if (code != 0)
        return code;
    err = sg_file_make_folder(cli->dir);
    if (err != SG_OK && err != SG_ERR_EXISTS)
        return sg_cli_fail_err(cli, err, cli->dir);
    code = make_keys(joining);
    if (code == 0)
        code = make_store(joining);
    if (code == 0)
        code = write_request(joining, path);
    if (code == 0)
        show(joining, path);
    return code;
}

/* --- The answer
 * -------------------------------------------------------------- */

static int fail_answer(const struct sg_cli *cli, const char *path,
                       enum sg_err err)
{
    switch (err) {
    case SG_ERR_INVALID:
        return sg_cli_fail(cli, SG_EXIT_KEY,
                           "%s admits another node than %s; take the answer to "
                           "this node's request",
                           "%s thừa nhận nút khác, không phải %s; hãy lấy đúng "
                           "trả lời cho đơn của nút này",
                           path, cli->dir);
    case SG_ERR_UNTRUSTED:
    case SG_ERR_CERTIFICATE:
        return sg_cli_fail(cli, SG_EXIT_KEY,
                           "%s was not signed by the authority of this node's "
                           "registry; nothing was taken",
                           "%s không do cơ quan quản lý của sổ này ký; không "
                           "nhận gì",
                           path);
    default:
        return sg_cli_fail_err(cli, err, path);
    }
}

static int take(const struct joining *joining)
{
    struct sg_cli *cli = joining->cli;
    char path[PATH_SIZE];
    struct sg_buf admission;
    const char *what = "";
    enum sg_err err;
    int code = 0;

    sg_buf_init(&admission, SG_JOIN_ADMISSION_SIZE_MAX + 1);
    err = sg_file_read(joining->take, &admission);
    if (err == SG_OK)
        err = sg_identity_take(cli->dir, sg_buf_bytes(&admission), &what);
    sg_buf_clear(&admission);
    if (err != SG_OK && what[0] == '\0')
        return fail_answer(cli, joining->take, err);
    if (err != SG_OK) {
        (void)snprintf(path, sizeof path, "%s/%s", cli->dir, what);
        return sg_cli_fail_err(cli, err, path);
    }
    const struct sg_out_value values[] = {
        sg_out_bytes(SG_OUT_BODY, sg_bytes(cli->dir, strlen(cli->dir))),
        sg_out_bytes(SG_OUT_BODY,
                     sg_bytes(joining->take, strlen(joining->take))),
    };
    sg_out_card(&cli->out, &take_shape, values);
    return code;
}

int sg_verb_join(struct sg_cli *cli, struct sg_cli_words words)
{
    struct joining joining = {.cli = cli};
    const struct sg_cli_option options[] = {
        {"--registry", SG_CLI_TEXT, .text = &joining.hex},
        {"--unit", SG_CLI_TEXT, .text = &joining.unit},
        {"--role", SG_CLI_TEXT, .text = &joining.role},
        {"--out", SG_CLI_TEXT, .text = &joining.out},
        {"--take", SG_CLI_TEXT, .text = &joining.take},
    };
    int code = sg_cli_options(cli, &words, options, 5, 0, 0);

    if (code != 0)
        return code;
    if (joining.take != NULL) {
        if (joining.hex != NULL || joining.unit != NULL ||
            joining.role != NULL || joining.out != NULL)
            return sg_cli_fail(cli, SG_EXIT_USAGE,
                               "--take goes alone: the request was made before",
                               "--take đi một mình: đơn đã làm trước đó");
        return take(&joining);
    }
    if (joining.hex == NULL || joining.unit == NULL)
        return sg_cli_fail(cli, SG_EXIT_USAGE,
                           "say --registry HEX and --unit UNIT; or --take FILE",
                           "hãy ghi --registry HEX và --unit UNIT; hoặc --take "
                           "FILE");
    code = ask_for_it(&joining);
    sg_passphrase_free(joining.passphrase);
    sg_key_file_free(joining.node);
    sg_key_file_free(joining.transport);
    sg_key_file_free(joining.scope);
    return code;
}
