#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "node/identity.h"
#include "replication/join.h"
#include "storage/base/text.h"
#include "storage/lmdb/file.h"
#include "tools/apply.h"
#include "tools/ask.h"
#include "tools/home.h"
#include "tools/role.h"
#include "tools/unit_name.h"
#include "tools/verb.h"

#define PATH_SIZE (SG_HOME_PATH_MAX + 16)

const struct sg_verb_page sg_verb_join_page = {
    "--registry HEX | --invite TEXT, --unit UNIT [--role ROLE] [--out FILE] | "
    "--take FILE [--dir DIR]",
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
     "  --invite TEXT   instead of --registry, files and --take: ask the node "
     "that\n"
     "                  issued this invite, now and again until it answers\n"
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
     "  --invite TEXT   thay cho --registry, tệp và --take: hỏi nút đã phát "
     "lời mời\n"
     "                  này, hỏi lại cho đến khi được trả lời\n"
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
    const char *hex, *unit, *role, *out, *take, *text;
    struct sg_apply_invite invite;
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

static void make_request(const struct joining *joining,
                         struct sg_join_request *request)
{
    *request = (struct sg_join_request){
        .role = joining->role_value,
        .unit = joining->unit_key.value,
    };
    memcpy(request->transport_key, joining->transport->public_key, SG_KEY_SIZE);
    sg_crypto_random(request->random, sizeof request->random);
    sg_join_request_sign(request, &joining->registry, &joining->node->sign);
}

static int write_request(struct joining *joining,
                         const struct sg_join_request *request,
                         char ret_path[PATH_SIZE])
{
    uint8_t bytes[SG_JOIN_REQUEST_SIZE];
    enum sg_err err;

    sg_join_request_encode(request, bytes);
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

/* Takes ADMISSION, which came from FROM. */
static int take_bytes(const struct joining *joining, struct sg_bytes admission,
                      const char *from)
{
    struct sg_cli *cli = joining->cli;
    char path[PATH_SIZE];
    const char *what = "";
    enum sg_err err = sg_identity_take(cli->dir, admission, &what);

    if (err != SG_OK && what[0] == '\0')
        return fail_answer(cli, from, err);
    if (err != SG_OK) {
        (void)snprintf(path, sizeof path, "%s/%s", cli->dir, what);
        return sg_cli_fail_err(cli, err, path);
    }
    const struct sg_out_value values[] = {
        sg_out_bytes(SG_OUT_BODY, sg_bytes(cli->dir, strlen(cli->dir))),
        sg_out_bytes(SG_OUT_BODY, sg_bytes(from, strlen(from))),
    };
    sg_out_card(&cli->out, &take_shape, values);
    return 0;
}

static int take(const struct joining *joining)
{
    struct sg_buf admission;
    enum sg_err err;
    int code;

    sg_buf_init(&admission, SG_JOIN_ADMISSION_SIZE_MAX + 1);
    err = sg_file_read(joining->take, &admission);
    code = err == SG_OK
               ? take_bytes(joining, sg_buf_bytes(&admission), joining->take)
               : fail_answer(joining->cli, joining->take, err);
    sg_buf_clear(&admission);
    return code;
}

/* Asks the node that issued the invite. */
static int ask_peer(struct joining *joining,
                    const struct sg_join_request *request)
{
    const struct sg_cli *cli = joining->cli;
    enum sg_join_answer answer = SG_JOIN_REFUSED;
    struct sg_buf admission;
    int code;

    sg_buf_init(&admission, SG_JOIN_ADMISSION_SIZE_MAX);
    code = sg_apply_ask(cli, &joining->invite, request, joining->transport,
                        &answer, &admission);
    if (code == 0 && answer == SG_JOIN_ADMITTED)
        code =
            take_bytes(joining, sg_buf_bytes(&admission), joining->invite.host);
    else if (code == 0 && answer == SG_JOIN_WAIT)
        code = sg_cli_fail(cli, SG_EXIT_IMPOSSIBLE,
                           "the request waits for the authority: read it the "
                           "key id over the phone, then say the same again",
                           "đơn đang chờ cơ quan quản lý: hãy đọc mã khóa qua "
                           "điện thoại, rồi chạy lại đúng lệnh này");
    else if (code == 0)
        code = sg_cli_fail(cli, SG_EXIT_NO,
                           "refused: the invite was used by another node, has "
                           "ended, or never was",
                           "bị từ chối: lời mời đã có nút khác dùng, đã hết "
                           "hạn, hoặc không có thật");
    sg_buf_clear(&admission);
    return code;
}

static int ask_for_it(struct joining *joining)
{
    struct sg_cli *cli = joining->cli;
    struct sg_join_request request;
    char path[PATH_SIZE];
    enum sg_err err;
    int code = joining->text != NULL ? 0 : read_registry(joining);

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
    if (code != 0)
        return code;
    make_request(joining, &request);
    code = write_request(joining, &request, path);
    if (code == 0)
        show(joining, path);
    return code == 0 && joining->text != NULL ? ask_peer(joining, &request)
                                              : code;
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
        {"--invite", SG_CLI_TEXT, .text = &joining.text},
    };
    int code = sg_cli_options(cli, &words, options, 6, 0, 0);

    if (code != 0)
        return code;
    if (joining.take != NULL) {
        if (joining.hex != NULL || joining.unit != NULL ||
            joining.role != NULL || joining.out != NULL || joining.text != NULL)
            return sg_cli_fail(cli, SG_EXIT_USAGE,
                               "--take goes alone: the request was made before",
                               "--take đi một mình: đơn đã làm trước đó");
        return take(&joining);
    }
    if ((joining.hex == NULL) == (joining.text == NULL) || joining.unit == NULL)
        return sg_cli_fail(cli, SG_EXIT_USAGE,
                           "say --registry HEX and --unit UNIT; or --take FILE",
                           "hãy ghi --registry HEX và --unit UNIT; hoặc --take "
                           "FILE");
    if (joining.text != NULL) {
        code = sg_apply_read_invite(cli, joining.text, &joining.invite);
        joining.registry = joining.invite.registry;
    }
    if (code == 0)
        code = ask_for_it(&joining);
    sg_crypto_wipe(&joining.invite, sizeof joining.invite);
    sg_passphrase_free(joining.passphrase);
    sg_key_file_free(joining.node);
    sg_key_file_free(joining.transport);
    sg_key_file_free(joining.scope);
    return code;
}
