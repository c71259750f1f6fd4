#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "replication/holding.h"
#include "storage/lmdb/backup.h"
#include "storage/lmdb/file.h"
#include "storage/lmdb/keep.h"
#include "storage/lmdb/key_store.h"
#include "tools/ask.h"
#include "tools/examine.h"
#include "tools/seat.h"
#include "tools/verb.h"

#define PATH_SIZE   (SG_HOME_PATH_MAX + 16)
#define OWN_MAX     256u /* epochs of a node, both kinds */
#define HOLDERS_MAX 256u

const struct sg_verb_page sg_verb_restore_page = {
    "BACKUP [--keys FOLDER] [--plain] [--replace] [--damaged] [--dir DIR]",
    {"Puts a backup (sogoc backup) in the place of a node's logs. Its own log "
     "is never\n"
     "written on: a new one begins that names it, and whatever was signed "
     "after the\n"
     "backup comes from those who hold it. Says what is lacking and who that "
     "is. Every\n"
     "entry of the backup is verified first; sogocd must be stopped.\n"
     "\n"
     "  --keys FOLDER  the keys that sogoc key backup has copied; else they "
     "must be in\n"
     "                 DIR/keys still. They stay under the passphrase of the "
     "copy\n"
     "  --plain        the node's keys in the clear, on a disk that you trust\n"
     "  --replace      there is a store: it is put aside as log.old and "
     "highwater.old\n"
     "  --damaged      restore although the backup is damaged; sogoc repair "
     "then mends it\n"
     "\n"
     "An authority hears its peers, or takes a stick of theirs, before it says "
     "anything\n"
     "new.\n",
     "Đưa bản sao lưu (sogoc backup) vào chỗ nhật ký của nút. Không bao giờ "
     "ghi tiếp\n"
     "vào nhật ký cũ: nút mở nhật ký mới có nêu tên nhật ký cũ, còn những gì "
     "đã ký sau\n"
     "khi sao lưu sẽ lấy lại từ nơi đang giữ. Lệnh cho biết thiếu gì và ai "
     "đang giữ.\n"
     "Mọi mục của bản sao lưu được kiểm tra trước; phải dừng sogocd.\n"
     "\n"
     "  --keys THƯMỤC  các khóa do sogoc key backup sao ra; không có thì khóa "
     "phải còn\n"
     "                 trong DIR/keys. Khóa giữ nguyên mật khẩu của bản sao\n"
     "  --plain        khóa của nút để trần, trên đĩa mà bạn tin cậy\n"
     "  --replace      đã có kho: kho đó được cất thành log.old và "
     "highwater.old\n"
     "  --damaged      khôi phục dù bản sao lưu bị hỏng; sau đó sửa bằng sogoc "
     "repair\n"
     "\n"
     "Cơ quan quản lý phải nghe các nút khác, hoặc nhận thẻ USB của họ, trước "
     "khi ra\n"
     "quyết định mới.\n"},
    "  $ sogoc key backup demo.keys --passphrase-file words --dir demo\n"
    "  $ sogoc restore copy --keys demo.keys --plain --passphrase-file words "
    "--dir again\n",
};

static const struct sg_out_shape own_shape = {
    .type = "own_log",
    .field_count = 5,
    .fields = {{"log", {"own log", "nhật ký của nút"}, 16},
               {"kind", {"kind", "loại"}, 8},
               {"held", {"held", "giữ"}, -10},
               {"signed", {"signed", "đã ký"}, -10},
               {"lost", {"lacking", "thiếu"}, -10}},
    .legend = {"held: entries in the backup. signed: as far as the high-water "
               "file that lay\nhere says; -: there was none, so how much was "
               "written after the backup is\nknown to the peers alone.",
               "giữ: số mục trong bản sao lưu. đã ký: theo tệp highwater từng "
               "có ở đây; -: không\ncó tệp, nên đã ghi thêm bao nhiêu sau khi "
               "sao lưu thì chỉ các nút khác biết."},
};

static const struct sg_out_shape holder_shape = {
    .type = "holder",
    .field_count = 3,
    .fields = {{"key_id", {"key id", "mã khóa"}, 16},
               {"held", {"held", "giữ"}, -10},
               {"label", {"office", "cơ quan"}, 0}},
    .legend = {"Nodes to fetch from. held: entries of this node's log that it "
               "said it holds,\nwhen the backup was made; -: it said nothing.",
               "Các nút để lấy lại dữ liệu. giữ: số mục của nhật ký nút này mà "
               "họ báo là đang\ngiữ, lúc sao lưu; -: chưa báo."},
};

static const struct sg_out_shape shape = {
    .type = "restored",
    .field_count = 8,
    .fields = {{"dir", {"directory", "thư mục"}, 0},
               {"backup", {"backup", "bản sao lưu"}, 0},
               {"logs", {"logs", "nhật ký"}, 0},
               {"entries", {"entries", "mục"}, 0},
               {"findings", {"damaged", "chỗ sai"}, 0},
               {"log", {"new log", "nhật ký mới"}, 0},
               {"certificate", {"certificate", "chứng thư"}, 0},
               {"next", {"next", "tiếp theo"}, 0}},
};

struct own_log {
    struct sg_log_id id;
    enum sg_log_kind kind;
    uint64_t held;
};

struct restoring {
    struct sg_cli *cli;
    const char *backup, *keys;
    bool is_plain, is_replace, is_damaged;
    char folder[SG_HOME_PATH_MAX]; /* DIR/keys */
    struct sg_passphrase *passphrase;
    struct sg_key_file_info node;
    struct sg_verify_totals totals;
    size_t own_count;
    struct own_log own[OWN_MAX];
    struct sg_highwater before;
    size_t holder_count;
    uint8_t holders[HOLDERS_MAX][SG_KEY_SIZE];
};

/* --- Looking first
 * -------------------------------------------------------------- */

static bool is_there(const struct sg_cli *cli, const char *name)
{
    char path[PATH_SIZE];
    struct stat stat_of;
    int n = snprintf(path, sizeof path, "%s/%s", cli->dir, name);

    return n > 0 && n < (int)sizeof path && stat(path, &stat_of) == 0;
}

static int check_place(const struct restoring *restoring)
{
    const struct sg_cli *cli = restoring->cli;

    if (is_there(cli, "log") && !restoring->is_replace)
        return sg_cli_fail(cli, SG_EXIT_IMPOSSIBLE,
                           "%s: there is a store already; say --replace to put "
                           "it aside, or choose another --dir",
                           "%s: đã có kho dữ liệu; hãy ghi --replace để cất nó "
                           "đi, hoặc chọn --dir khác",
                           cli->dir);
    if (is_there(cli, "log") && is_there(cli, "log.old"))
        return sg_cli_fail(cli, SG_EXIT_IMPOSSIBLE,
                           "%s/log.old: an earlier store was put aside there; "
                           "move it away first",
                           "%s/log.old: đã có kho cũ cất ở đó; hãy chuyển nó "
                           "đi trước",
                           cli->dir);
    return 0;
}

/* Reads what node.key says in the clear. */
static int inspect_node(struct restoring *restoring)
{
    const struct sg_cli *cli = restoring->cli;
    const char *from =
        restoring->keys != NULL ? restoring->keys : restoring->folder;
    uint8_t file[SG_KEY_FILE_SIZE];
    enum sg_err err = sg_key_store_read(from, SG_HOME_NODE, file);

    if (err == SG_OK)
        err = sg_key_file_inspect(SG_BYTES_ARRAY(file), &restoring->node);
    sg_crypto_wipe(file, sizeof file);
    if (err == SG_ERR_NOTFOUND)
        return sg_cli_fail(cli, SG_EXIT_KEY,
                           "%s/node.key is missing: without the node's key "
                           "nothing goes on; say --keys with the folder that "
                           "sogoc key backup made",
                           "thiếu %s/node.key: không có khóa của nút thì không "
                           "chạy tiếp được; hãy ghi --keys với thư mục do "
                           "sogoc key backup tạo",
                           from);
    return err == SG_OK ? 0 : sg_cli_fail_err(cli, err, from);
}

static enum sg_err note_own(void *context, const struct sg_store_log *log)
{
    struct restoring *restoring = context;

    if ((log->row.flags & SG_LOG_OWN) == 0)
        return SG_OK;
    if (memcmp(log->row.core.node_key, restoring->node.public_key,
               SG_KEY_SIZE) != 0)
        return SG_ERR_UNTRUSTED;
    if (restoring->own_count < OWN_MAX)
        restoring->own[restoring->own_count++] = (struct own_log){
            log->id, log->row.core.kind, log->row.frontier.size};
    return SG_OK;
}

/* The backup is of this registry and this node. */
static int check_owner(struct restoring *restoring, struct sg_store *backup)
{
    const struct sg_cli *cli = restoring->cli;
    enum sg_err err;

    if (memcmp(sg_store_registry(backup), &restoring->node.registry,
               sizeof restoring->node.registry) != 0)
        return sg_cli_fail(cli, SG_EXIT_KEY,
                           "%s is of another registry than the keys",
                           "%s thuộc sổ khác với các khóa", restoring->backup);
    err = sg_store_each(backup, note_own, restoring);
    if (err == SG_ERR_UNTRUSTED)
        return sg_cli_fail(cli, SG_EXIT_KEY,
                           "%s is the backup of another node than the keys; "
                           "each node is restored from its own",
                           "%s là bản sao lưu của nút khác với các khóa; mỗi "
                           "nút khôi phục từ bản của chính nó",
                           restoring->backup);
    return err == SG_OK ? 0 : sg_cli_fail_err(cli, err, restoring->backup);
}

static int look_at_backup(struct restoring *restoring)
{
    struct sg_cli *cli = restoring->cli;
    struct sg_store *backup;
    enum sg_err err = sg_store_open_beside(restoring->backup, &backup);
    int code;

    if (err == SG_ERR_NOTFOUND)
        return sg_cli_fail(cli, SG_EXIT_IMPOSSIBLE,
                           "%s: no backup here; sogoc backup makes one",
                           "%s: không có bản sao lưu ở đây; sogoc backup tạo "
                           "ra nó",
                           restoring->backup);
    if (err != SG_OK)
        return sg_cli_fail_err(cli, err, restoring->backup);
    code = check_owner(restoring, backup);
    if (code == 0)
        code = sg_examine_store(cli, backup, restoring->backup,
                                sg_examine_print, cli, &restoring->totals);
    sg_store_close(backup);
    if (code == 0 && restoring->totals.findings > 0 && !restoring->is_damaged)
        return sg_cli_fail(cli, SG_EXIT_DAMAGED,
                           "%s is damaged; take another backup, or say "
                           "--damaged and mend it with: sogoc repair",
                           "%s bị hỏng; hãy dùng bản sao lưu khác, hoặc ghi "
                           "--damaged rồi sửa bằng: sogoc repair",
                           restoring->backup);
    return code;
}

/* --- Keys
 * ------------------------------------------------------------------------ */

static bool is_of_node(const char *name)
{
    return strcmp(name, SG_HOME_NODE) == 0 ||
           strcmp(name, SG_HOME_TRANSPORT) == 0 ||
           strcmp(name, SG_HOME_SCOPE) == 0;
}

/* Opens the copy's FILE and makes it plain. */
static int unwrap(struct restoring *restoring, const char *name,
                  uint8_t file[SG_KEY_FILE_SIZE])
{
    const struct sg_cli *cli = restoring->cli;
    enum sg_err err;
    int code = 0;

    if (restoring->passphrase == NULL)
        code = sg_ask_passphrase(
            cli, sg_cli_say(cli, "the copied keys", "bản sao khóa"), false,
            &restoring->passphrase);
    if (code != 0)
        return code;
    err = sg_key_file_change(sg_bytes(file, SG_KEY_FILE_SIZE),
                             sg_passphrase_bytes(restoring->passphrase),
                             sg_bytes(NULL, 0), NULL, file);
    if (err == SG_ERR_DECRYPT)
        return sg_cli_fail(cli, SG_EXIT_KEY,
                           "%s/%s.key does not open: the passphrase is "
                           "another, or the file was changed",
                           "không mở được %s/%s.key: sai mật khẩu, hoặc tệp đã "
                           "bị sửa",
                           restoring->keys, name);
    return err == SG_OK ? 0 : sg_cli_fail_err(cli, err, name);
}

/* A key that is there already must be the same one; it stays as it is. */
static int check_same(const struct restoring *restoring, const char *name,
                      const uint8_t file[SG_KEY_FILE_SIZE], bool *ret_is_there)
{
    const struct sg_cli *cli = restoring->cli;
    struct sg_key_file_info copied, there;
    uint8_t old[SG_KEY_FILE_SIZE];
    enum sg_err err = sg_key_store_read(restoring->folder, name, old);

    *ret_is_there = err == SG_OK;
    if (err == SG_ERR_NOTFOUND)
        return 0;
    if (err == SG_OK)
        err = sg_key_file_inspect(SG_BYTES_ARRAY(old), &there);
    if (err == SG_OK)
        err = sg_key_file_inspect(sg_bytes(file, SG_KEY_FILE_SIZE), &copied);
    sg_crypto_wipe(old, sizeof old);
    if (err != SG_OK)
        return sg_cli_fail_err(cli, err, name);
    if (memcmp(there.public_key, copied.public_key, SG_KEY_SIZE) == 0)
        return 0;
    return sg_cli_fail(cli, SG_EXIT_KEY,
                       "%s/%s.key is another key than the copied one; move it "
                       "away, or choose another --dir",
                       "%s/%s.key khác với khóa trong bản sao; hãy chuyển nó "
                       "đi, hoặc chọn --dir khác",
                       restoring->folder, name);
}

static int put_key(void *context, const char *name)
{
    struct restoring *restoring = context;
    const struct sg_cli *cli = restoring->cli;
    uint8_t file[SG_KEY_FILE_SIZE];
    struct sg_key_file_info info;
    bool is_same = false;
    enum sg_err err = sg_key_store_read(restoring->keys, name, file);
    int code = 0;

    if (err == SG_OK)
        err = sg_key_file_inspect(SG_BYTES_ARRAY(file), &info);
    /* What the register is sealed under stays behind, as the register does: the
     * node opens it without a passphrase, or draws another. */
    if (err == SG_OK && info.kind == SG_KEY_VIEW)
        return 0;
    if (err == SG_OK)
        code = check_same(restoring, name, file, &is_same);
    if (err == SG_OK && code == 0 && !is_same && restoring->is_plain &&
        info.is_wrapped && is_of_node(name))
        code = unwrap(restoring, name, file);
    if (err == SG_OK && code == 0 && !is_same)
        err = sg_key_store_write(restoring->folder, name, SG_KEY_STORE_CREATE,
                                 file);
    sg_crypto_wipe(file, sizeof file);
    if (code == 0 && err != SG_OK)
        code = sg_cli_fail_err(cli, err, name);
    return code;
}

static int put_keys(struct restoring *restoring)
{
    enum sg_err err = sg_file_make_folder(restoring->cli->dir);

    if (err != SG_OK && err != SG_ERR_EXISTS)
        return sg_cli_fail_err(restoring->cli, err, restoring->cli->dir);
    if (restoring->keys == NULL)
        return 0;
    return sg_home_each_key(restoring->cli, restoring->keys, put_key,
                            restoring);
}

/* --- What lies beside the logs
 * ------------------------------------------------- */

static int write_beside(const struct sg_cli *cli, const char *name,
                        struct sg_bytes bytes)
{
    char path[PATH_SIZE];
    enum sg_err err;

    (void)snprintf(path, sizeof path, "%s/%s", cli->dir, name);
    err = sg_file_write(path, bytes);
    return err == SG_OK ? 0 : sg_cli_fail_err(cli, err, path);
}

/* The authority has said both in its log, which the node holds. */
static int put_identity(const struct restoring *restoring,
                        const struct sg_seat *seat,
                        struct sg_out_value *ret_certificate)
{
    const struct sg_cli *cli = restoring->cli;
    struct sg_trust_node node;
    struct sg_buf chain;
    int code = 0;

    if (is_there(cli, "certificate") && is_there(cli, "chain")) {
        *ret_certificate =
            sg_out_word("kept", sg_cli_say(cli, NULL, "còn nguyên"));
        return 0;
    }
    if (!sg_trust_node(seat->trust, restoring->node.public_key, &node)) {
        *ret_certificate = sg_out_none();
        return 0;
    }
    *ret_certificate = sg_out_word("from the log",
                                   sg_cli_say(cli, NULL, "lấy lại từ nhật ký"));
    sg_buf_init(&chain, SG_STAGE1_SIZE_MAX);
    code = sg_seat_chain(seat, &chain);
    if (code == 0)
        code = write_beside(cli, "chain", sg_buf_bytes(&chain));
    if (code == 0)
        code = write_beside(cli, "certificate", SG_BYTES_ARRAY(node.bytes));
    sg_buf_clear(&chain);
    return code;
}

/* --- What is lacking, and who has it
 * ------------------------------------------- */

static void show_own(const struct restoring *restoring,
                     const struct own_log *own)
{
    struct sg_cli *cli = restoring->cli;
    const struct sg_highwater *before = &restoring->before;
    struct sg_out_value was_signed = sg_out_none(), lost = sg_out_none();

    for (unsigned i = 0; i < before->count; i++) {
        uint64_t size = before->logs[i].checkpoint.size;

        if (memcmp(&before->logs[i].log, &own->id, sizeof own->id) != 0)
            continue;
        was_signed = sg_out_number(size);
        lost = sg_out_number(size > own->held ? size - own->held : 0);
    }
    const struct sg_out_value values[] = {
        sg_out_hash(&own->id.hash),
        own->kind == SG_LOG_AUDIT
            ? sg_out_word("audit", sg_cli_say(cli, NULL, "tra cứu"))
            : sg_out_word("records", sg_cli_say(cli, NULL, "hồ sơ")),
        sg_out_number(own->held),
        was_signed,
        lost,
    };

    sg_out_row(&cli->out, &own_shape, values);
}

/* Logs that were begun after the backup are in the high-water file alone. */
static void show_lost(const struct restoring *restoring)
{
    const struct sg_highwater *before = &restoring->before;

    for (size_t i = 0; i < restoring->own_count; i++)
        show_own(restoring, &restoring->own[i]);
    for (unsigned i = 0; i < before->count; i++) {
        bool is_held = false;

        for (size_t k = 0; k < restoring->own_count; k++)
            is_held =
                is_held || memcmp(&before->logs[i].log, &restoring->own[k].id,
                                  sizeof restoring->own[k].id) == 0;
        if (!is_held)
            show_own(restoring, &(struct own_log){before->logs[i].log,
                                                  before->logs[i].kind, 0});
    }
}

struct holders {
    struct restoring *restoring;
    const struct sg_seat *seat;
};

static void show_holder(struct holders *holders,
                        const uint8_t node_key[SG_KEY_SIZE],
                        struct sg_out_value held)
{
    struct restoring *restoring = holders->restoring;
    struct sg_key_id id =
        sg_key_id_of(holders->seat->registry, SG_KEY_NODE, node_key);
    struct sg_bytes label = sg_seat_label(holders->seat, node_key);
    const struct sg_out_value values[] = {
        sg_out_bytes(SG_OUT_HEX, SG_BYTES_ARRAY(id.bytes)),
        held,
        label.size > 0 ? sg_out_bytes(SG_OUT_BODY, label) : sg_out_none(),
    };

    for (size_t i = 0; i < restoring->holder_count; i++)
        if (memcmp(restoring->holders[i], node_key, SG_KEY_SIZE) == 0)
            return;
    if (restoring->holder_count == HOLDERS_MAX)
        return;
    memcpy(restoring->holders[restoring->holder_count++], node_key,
           SG_KEY_SIZE);
    sg_out_row(&restoring->cli->out, &holder_shape, values);
}

static enum sg_err see_holding(void *context,
                               const struct sg_keep_statement *statement)
{
    struct sg_holding holding;

    if (sg_holding_decode(statement->bytes, &holding) == SG_OK)
        show_holder(context, holding.holder, sg_out_number(holding.held));
    return SG_OK;
}

static enum sg_err see_peer(void *context, const struct sg_keep_peer *peer)
{
    show_holder(context, peer->node_key, sg_out_none());
    return SG_OK;
}

/* Those who said what they hold of this node's newest log; then whoever else
 * was a peer. */
static enum sg_err show_holders(struct restoring *restoring,
                                const struct sg_seat *seat)
{
    struct holders holders = {restoring, seat};
    const struct own_log *newest = NULL;
    enum sg_err err = SG_OK;

    for (size_t i = 0; i < restoring->own_count; i++)
        if (restoring->own[i].kind == SG_LOG_RECORDS)
            newest = &restoring->own[i];
    if (newest != NULL)
        err = sg_keep_each_statement(seat->home.store, SG_KEEP_HOLDING,
                                     newest->id.hash.bytes, see_holding,
                                     &holders);
    return err == SG_OK
               ? sg_keep_each_peer(seat->home.store, see_peer, &holders)
               : err;
}

/* --- The verb
 * --------------------------------------------------------------------- */

static struct sg_out_value next_step(const struct restoring *restoring,
                                     const struct sg_out_value *certificate)
{
    const struct sg_cli *cli = restoring->cli;

    if (restoring->totals.findings > 0)
        return sg_out_word(
            "sogoc repair",
            sg_cli_say(cli, "mend it: sogoc repair --from another store",
                       "sửa: sogoc repair --from kho khác"));
    if (certificate->kind == SG_OUT_NONE)
        return sg_out_word(
            "sogoc join --take",
            sg_cli_say(cli,
                       "of a node of a registry: take its certificate again, "
                       "sogoc join --take",
                       "nếu là nút của một sổ: nhận lại chứng thư, sogoc join "
                       "--take"));
    return sg_out_word(
        "sogocd",
        sg_cli_say(cli,
                   "start sogocd: it fetches the rest; or take a stick: sogoc "
                   "bundle take",
                   "chạy sogocd để lấy phần còn lại; hoặc nhận thẻ USB: sogoc "
                   "bundle take"));
}

static int show(struct restoring *restoring, const struct sg_seat *seat)
{
    struct sg_cli *cli = restoring->cli;
    struct sg_out_value certificate;
    const struct sg_store_own *own;
    enum sg_err err;
    int code = put_identity(restoring, seat, &certificate);

    if (code == 0)
        code = sg_home_own(cli, &seat->home, &own);
    if (code != 0)
        return code;
    show_lost(restoring);
    err = show_holders(restoring, seat);
    if (err != SG_OK)
        return sg_cli_fail_err(cli, err, cli->dir);
    const struct sg_out_value values[] = {
        sg_out_bytes(SG_OUT_BODY, sg_bytes(cli->dir, strlen(cli->dir))),
        sg_out_bytes(SG_OUT_BODY,
                     sg_bytes(restoring->backup, strlen(restoring->backup))),
        sg_out_number(restoring->totals.logs),
        sg_out_number(restoring->totals.entries),
        sg_out_number(restoring->totals.findings),
        sg_out_hash(&own->id.hash),
        certificate,
        next_step(restoring, &certificate),
    };

    sg_out_card(&cli->out, &shape, values);
    return restoring->totals.findings == 0 ? SG_EXIT_OK : SG_EXIT_NO;
}

static int restore(struct restoring *restoring)
{
    const struct sg_cli *cli = restoring->cli;
    struct sg_cli quiet = *cli;
    struct sg_seat seat;
    enum sg_err err;
    int code = put_keys(restoring);

    if (code != 0)
        return code;
    err = sg_backup_restore(restoring->backup, cli->dir,
                            restoring->is_replace ? SG_BACKUP_REPLACE
                                                  : SG_BACKUP_NEW,
                            &restoring->before);
    if (err != SG_OK)
        return sg_cli_fail_err(cli, err, cli->dir);
    quiet.is_quiet = true;
    code = sg_seat_open(&quiet, SG_SEAT_READ, NULL, &seat);
    if (code != 0)
        return code;
    code = show(restoring, &seat);
    sg_seat_close(&seat);
    return code;
}

int sg_verb_restore(struct sg_cli *cli, struct sg_cli_words words)
{
    struct restoring restoring = {.cli = cli};
    const struct sg_cli_option options[] = {
        {"--keys", SG_CLI_TEXT, .text = &restoring.keys},
        {"--plain", SG_CLI_FLAG, .flag = &restoring.is_plain},
        {"--replace", SG_CLI_FLAG, .flag = &restoring.is_replace},
        {"--damaged", SG_CLI_FLAG, .flag = &restoring.is_damaged},
    };
    int code = sg_cli_options(cli, &words, options, 4, 1, 1);

    if (code != 0)
        return code;
    restoring.backup = words.words[0];
    code = sg_home_keys_path(cli, restoring.folder);
    if (code == 0)
        code = check_place(&restoring);
    if (code == 0)
        code = inspect_node(&restoring);
    if (code == 0)
        code = look_at_backup(&restoring);
    if (code == 0)
        code = restore(&restoring);
    sg_passphrase_free(restoring.passphrase);
    return code;
}
