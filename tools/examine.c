#include "tools/examine.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "replication/join.h"
#include "storage/base/clock.h"
#include "storage/lmdb/file.h"
#include "storage/lmdb/key_store.h"
#include "storage/lmdb/passphrase.h"
#include "tools/home.h"

/* Entries between two looks at the clock. */
#define STEP        10000
#define PROGRESS_MS 1000

static const struct sg_out_shape shape = {
    .type = "finding",
    .field_count = 4,
    .fields = {{"file", {"file", "tệp"}, 22},
               {"log", {"log", "nhật ký"}, -8},
               {"index", {"index", "mục"}, -12},
               {"what", {"what", "lỗi gì"}, 0}},
    .legend =
        {"index: the entry, or the first one below what is damaged. file: "
         "below the\ndirectory; without one it is in the logs.",
         "mục: mục bị lỗi, hoặc mục đầu tiên trong phần bị hỏng. tệp: "
         "trong thư mục dữ\nliệu; không ghi là trong nhật ký."},
};

void sg_examine_print(void *context, uint32_t log, uint64_t index,
                      enum sg_damage damage)
{
    struct sg_cli *cli = context;
    bool is_beside = damage == SG_DAMAGE_SLOT || damage == SG_DAMAGE_SIGNED;
    const struct sg_out_value values[] = {
        is_beside ? sg_out_word("highwater", NULL) : sg_out_none(),
        log != 0 || !is_beside ? sg_out_number(log) : sg_out_none(),
        log != 0 || !is_beside ? sg_out_number(index) : sg_out_none(),
        sg_out_word(sg_verify_damage_text(damage, SG_LANG_EN),
                    sg_verify_damage_text(damage, cli->lang)),
    };

    sg_out_row(&cli->out, &shape, values);
}

static void say_progress(const struct sg_cli *cli,
                         const struct sg_verify_totals *totals,
                         struct sg_mono *last)
{
    struct sg_mono now = sg_clock_mono();

    if (!cli->is_progress || sg_mono_diff(now, *last) < PROGRESS_MS)
        return;
    *last = now;
    sg_cli_note(cli, "%" PRIu64 " of %" PRIu64 " entries",
                "%" PRIu64 " trên %" PRIu64 " mục", totals->entries,
                totals->entries_held);
}

int sg_examine_fail_pages(const struct sg_cli *cli, const char *dir)
{
    return sg_cli_fail(cli, SG_EXIT_DAMAGED,
                       "%s: the database itself is damaged; put a backup in "
                       "its place: sogoc restore BACKUP --replace",
                       "%s: chính cơ sở dữ liệu bị hỏng; hãy thay bằng bản sao "
                       "lưu: sogoc restore BẢN-SAO --replace",
                       dir);
}

int sg_examine_store(struct sg_cli *cli, struct sg_store *store,
                     const char *dir, sg_verify_found_fn *found, void *context,
                     struct sg_verify_totals *ret_totals)
{
    struct sg_mono last = sg_clock_mono();
    struct sg_verify *verify;
    bool is_done = false;
    enum sg_err err = sg_verify_new(store, found, context, &verify);

    memset(ret_totals, 0, sizeof *ret_totals);
    if (err != SG_OK)
        return sg_cli_fail_err(cli, err, dir);
    err = sg_verify_pages(store);
    while (err == SG_OK && !is_done) {
        err = sg_verify_step(verify, STEP, &is_done);
        say_progress(cli, sg_verify_totals(verify), &last);
    }
    *ret_totals = *sg_verify_totals(verify);
    sg_verify_free(verify);
    if (err == SG_ERR_DAMAGED)
        return sg_examine_fail_pages(cli, dir);
    return err == SG_OK ? 0 : sg_cli_fail_err(cli, err, dir);
}

int sg_examine_open(const struct sg_cli *cli, const char *dir,
                    struct sg_store **ret_store)
{
    enum sg_err err = sg_store_open_beside(dir, ret_store);

    if (err == SG_ERR_NOTFOUND)
        return sg_cli_fail(cli, SG_EXIT_IMPOSSIBLE,
                           "%s: no data directory; say --dir with the node's",
                           "%s: không có thư mục dữ liệu; hãy ghi --dir với "
                           "thư mục của nút",
                           dir);
    if (err == SG_ERR_DAMAGED || err == SG_ERR_TRUNCATED)
        return sg_examine_fail_pages(cli, dir);
    return err == SG_OK ? 0 : sg_cli_fail_err(cli, err, dir);
}

/* --- Beside the logs
 * ----------------------------------------------------------- */

#define PATH_SIZE (SG_HOME_PATH_MAX + 16)

struct beside {
    struct sg_cli *cli;
    struct sg_store *store;
    char keys[SG_HOME_PATH_MAX];
    struct sg_passphrase *passphrase, *node_passphrase;
    struct sg_examine_beside found;
};

void sg_examine_report(struct sg_cli *cli, const char *file, uint64_t index,
                       const char *const texts[2])
{
    const struct sg_out_value values[] = {
        sg_out_bytes(SG_OUT_BODY, sg_bytes(file, strlen(file))),
        sg_out_none(),
        index == UINT64_MAX ? sg_out_none() : sg_out_number(index),
        sg_out_word(texts[SG_LANG_EN], texts[cli->lang]),
    };

    sg_out_row(&cli->out, &shape, values);
}

static void report(const struct beside *beside, const char *file,
                   enum sg_err err)
{
    const char *const texts[2] = {
        [SG_LANG_EN] = sg_err_text(err, SG_LANG_EN),
        [SG_LANG_VI] = sg_err_text(err, SG_LANG_VI),
    };

    sg_examine_report(beside->cli, file, UINT64_MAX, texts);
}

static void found_signed(void *context, uint32_t log, uint64_t index,
                         enum sg_damage damage)
{
    struct beside *beside = context;

    sg_examine_print(beside->cli, log, index, damage);
    beside->found.highwater++;
}

/* The passphrase for key NAME that is at hand; NULL: none. */
static const struct sg_passphrase *passphrase_for(const struct beside *beside,
                                                  const char *name)
{
    bool is_node = strcmp(name, SG_HOME_NODE) == 0 ||
                   strcmp(name, SG_HOME_TRANSPORT) == 0 ||
                   strcmp(name, SG_HOME_SCOPE) == 0;

    return is_node && beside->node_passphrase != NULL ? beside->node_passphrase
                                                      : beside->passphrase;
}

static enum sg_err check_key(const struct beside *beside, const char *name)
{
    const struct sg_passphrase *passphrase = passphrase_for(beside, name);
    uint8_t file[SG_KEY_FILE_SIZE];
    struct sg_key_file_info info;
    struct sg_key *key = NULL;
    enum sg_err err = sg_key_store_read(beside->keys, name, file);

    if (err == SG_OK)
        err = sg_key_file_inspect(SG_BYTES_ARRAY(file), &info);
    if (err == SG_OK && (!info.is_wrapped || passphrase != NULL))
        err = sg_key_file_decode(SG_BYTES_ARRAY(file),
                                 sg_passphrase_bytes(passphrase), &key);
    if (err == SG_ERR_DECRYPT && strncmp(name, "officer-", 8) == 0)
        err = SG_OK; /* each has a passphrase of its own */
    if (err == SG_OK && memcmp(&info.registry, sg_store_registry(beside->store),
                               sizeof info.registry) != 0)
        err = SG_ERR_MALFORMED;
    sg_key_file_free(key);
    sg_crypto_wipe(file, sizeof file);
    return err;
}

static int see_key(void *context, const char *name)
{
    struct beside *beside = context;
    enum sg_err err = check_key(beside, name);
    char file[SG_KEY_STORE_NAME_MAX + 16];

    (void)snprintf(file, sizeof file, "keys/%s.key", name);
    if (err != SG_OK) {
        report(beside, file, err);
        beside->found.keys++;
    }
    return 0;
}

/* Reads what node.key or transport.key says in the clear. */
static bool inspect(const struct beside *beside, const char *name,
                    struct sg_key_file_info *ret_info)
{
    uint8_t file[SG_KEY_FILE_SIZE];
    bool is_there =
        sg_key_store_read(beside->keys, name, file) == SG_OK &&
        sg_key_file_inspect(SG_BYTES_ARRAY(file), ret_info) == SG_OK;

    sg_crypto_wipe(file, sizeof file);
    return is_there;
}

static enum sg_err read_beside(const struct beside *beside, const char *name,
                               struct sg_buf *buf)
{
    char path[PATH_SIZE];

    (void)snprintf(path, sizeof path, "%s/%s", beside->cli->dir, name);
    return sg_file_read(path, buf);
}

/* The chain proves itself; what it leads to has signed the certificate, which
 * is of this node's two keys. */
static void judge_identity(struct beside *beside,
                           const struct sg_buf *certificate,
                           const struct sg_buf *chain)
{
    struct sg_join_admission admission = {.registry =
                                              *sg_store_registry(beside->store),
                                          .chain = sg_buf_bytes(chain)};
    struct sg_key_file_info node, transport;
    enum sg_err err;

    if (!inspect(beside, SG_HOME_NODE, &node) ||
        !inspect(beside, SG_HOME_TRANSPORT, &transport))
        return; /* of the keys something was said already */
    memcpy(admission.certificate, certificate->data, SG_CERTIFICATE_SIZE);
    err = sg_join_admission_judge(&admission, &admission.registry,
                                  node.public_key, transport.public_key);
    if (err == SG_OK)
        return;
    report(beside, "certificate", err);
    beside->found.identity++;
}

/* A node that is not admitted yet has neither certificate nor chain. */
static void check_identity(struct beside *beside)
{
    struct sg_buf certificate, chain;
    const char *file = "certificate";
    enum sg_err err;

    sg_buf_init(&certificate, SG_CERTIFICATE_SIZE + 1);
    sg_buf_init(&chain, SG_STAGE1_SIZE_MAX);
    err = read_beside(beside, file, &certificate);
    if (err == SG_OK && certificate.size != SG_CERTIFICATE_SIZE)
        err = SG_ERR_TRUNCATED;
    if (err == SG_OK) {
        file = "chain";
        err = read_beside(beside, file, &chain);
    } else if (err == SG_ERR_NOTFOUND) {
        file = NULL;
    }
    if (err == SG_OK) {
        judge_identity(beside, &certificate, &chain);
    } else if (file != NULL) {
        report(beside, file, err);
        beside->found.identity++;
    }
    sg_buf_clear(&certificate);
    sg_buf_clear(&chain);
}

static int read_passphrases(struct beside *beside)
{
    const struct sg_cli *cli = beside->cli;
    enum sg_err err = SG_OK;

    if (cli->passphrase_file != NULL)
        err = sg_passphrase_read(cli->passphrase_file, &beside->passphrase);
    if (err != SG_OK)
        return sg_cli_fail_err(cli, err, cli->passphrase_file);
    if (cli->node_passphrase_file != NULL)
        err = sg_passphrase_read(cli->node_passphrase_file,
                                 &beside->node_passphrase);
    return err == SG_OK ? 0
                        : sg_cli_fail_err(cli, err, cli->node_passphrase_file);
}

int sg_examine_beside(struct sg_cli *cli, struct sg_store *store,
                      struct sg_examine_beside *ret_found)
{
    struct beside beside = {.cli = cli, .store = store};
    struct stat stat_of;
    enum sg_err err;
    int code = sg_home_keys_path(cli, beside.keys);

    if (code == 0)
        code = read_passphrases(&beside);
    if (code == 0) {
        err = sg_verify_highwater(store, found_signed, &beside);
        if (err == SG_ERR_DAMAGED)
            code = sg_examine_fail_pages(cli, cli->dir);
        else if (err != SG_OK) {
            report(&beside, "highwater", err);
            beside.found.highwater++;
        }
    }
    if (code == 0 && stat(beside.keys, &stat_of) == 0) {
        code = sg_home_each_key(cli, beside.keys, see_key, &beside);
        check_identity(&beside);
    }
    sg_passphrase_free(beside.passphrase);
    sg_passphrase_free(beside.node_passphrase);
    *ret_found = beside.found;
    return code;
}
