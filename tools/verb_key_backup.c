#include <string.h>

#include "storage/lmdb/file.h"
#include "storage/lmdb/key_store.h"
#include "tools/ask.h"
#include "tools/home.h"
#include "tools/verb.h"

const struct sg_verb_page sg_verb_key_backup_page = {
    "DEST [--dir DIR]",
    {"Copies the keys to the new folder DEST, each under a passphrase, synced. "
     "What\n"
     "was in the clear gets the passphrase of --passphrase-file, or one that "
     "is asked\n"
     "for; what has one keeps it. To put them back: sogoc restore.\n",
     "Sao chép các khóa vào thư mục mới DEST, mỗi khóa kèm mật khẩu, đã ghi "
     "chắc\n"
     "xuống đĩa. Khóa để trần được bọc bằng mật khẩu trong --passphrase-file, "
     "hoặc\n"
     "hỏi; khóa đã có mật khẩu thì giữ nguyên. Để đưa trở lại: sogoc restore."
     "\n"},
    "  $ printf 'một câu dài dễ nhớ' > words && chmod 600 words\n"
    "  $ sogoc key backup keys.copy --passphrase-file words --dir authority\n",
};

static const struct sg_out_shape shape = {
    .type = "key_backup",
    .field_count = 2,
    .fields = {{"backup", {"backup", "bản sao lưu"}, 0},
               {"keys", {"keys", "số khóa"}, 0}},
};

struct backup {
    struct sg_cli *cli;
    const char *to;
    char from[SG_HOME_PATH_MAX];
    struct sg_passphrase *passphrase; /* once it is needed */
    size_t count;
};

/* Puts the plain FILE under the passphrase. */
static int wrap(struct backup *backup, uint8_t file[SG_KEY_FILE_SIZE],
                const char *name)
{
    struct sg_key_file_wrap how;
    enum sg_err err;
    int code = 0;

    if (backup->passphrase == NULL)
        code = sg_ask_passphrase(
            backup->cli,
            sg_cli_say(backup->cli, "the backup", "bản sao lưu khóa"), true,
            &backup->passphrase);
    if (code != 0)
        return code;
    sg_key_file_wrap_draw(&sg_crypto_argon2id_moderate, &how);
    err =
        sg_key_file_change(sg_bytes(file, SG_KEY_FILE_SIZE), sg_bytes(NULL, 0),
                           sg_passphrase_bytes(backup->passphrase), &how, file);
    return err == SG_OK ? 0 : sg_cli_fail_err(backup->cli, err, name);
}

static int copy(void *context, const char *name)
{
    struct backup *backup = context;
    uint8_t file[SG_KEY_FILE_SIZE];
    struct sg_key_file_info info;
    enum sg_err err = sg_key_store_read(backup->from, name, file);
    int code = 0;

    if (err == SG_OK)
        err = sg_key_file_inspect(SG_BYTES_ARRAY(file), &info);
    if (err == SG_OK && !info.is_wrapped)
        code = wrap(backup, file, name);
    if (err == SG_OK && code == 0)
        err = sg_key_store_write(backup->to, name, SG_KEY_STORE_CREATE, file);
    sg_crypto_wipe(file, sizeof file);
    if (code == 0 && err != SG_OK)
        code = sg_cli_fail_err(backup->cli, err, name);
    backup->count += code == 0;
    return code;
}

int sg_verb_key_backup(struct sg_cli *cli, struct sg_cli_words words)
{
    struct backup backup = {.cli = cli};
    enum sg_err err;
    int code = sg_cli_options(cli, &words, NULL, 0, 1, 1);

    if (code == 0)
        code = sg_home_keys_path(cli, backup.from);
    if (code != 0)
        return code;
    backup.to = words.words[0];
    err = sg_file_make_folder(backup.to);
    if (err != SG_OK)
        return sg_cli_fail_err(cli, err, backup.to);
    code = sg_home_each_key(cli, backup.from, copy, &backup);
    if (code == 0) {
        const struct sg_out_value values[] = {
            sg_out_bytes(SG_OUT_BODY, sg_bytes(backup.to, strlen(backup.to))),
            sg_out_number(backup.count),
        };

        sg_out_card(&cli->out, &shape, values);
    }
    sg_passphrase_free(backup.passphrase);
    return code;
}
