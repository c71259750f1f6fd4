#include "tools/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "storage/lmdb/key_store.h"

#define PATH_SIZE 4096

/* --- Passphrases
 * ------------------------------------------------------------- */

/* Reads a line of FD. Errors: INVALID (empty), LIMIT, IO. */
static enum sg_err read_line(int fd, struct sg_passphrase *passphrase)
{
    passphrase->size = 0;
    for (;;) {
        uint8_t byte;
        ssize_t n = read(fd, &byte, 1);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return SG_ERR_IO;
        if (n == 0 || byte == '\n')
            return passphrase->size == 0 ? SG_ERR_INVALID : SG_OK;
        if (passphrase->size == sizeof passphrase->bytes)
            return SG_ERR_LIMIT;
        passphrase->bytes[passphrase->size++] = byte;
    }
}

/* Asks on the terminal FD, which shows nothing of the answer. */
static enum sg_err ask(int fd, const char *prompt, const char *what,
                       struct sg_passphrase *passphrase)
{
    struct termios before, quiet;
    enum sg_err err;

    if (tcgetattr(fd, &before) != 0)
        return SG_ERR_IO;
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    if (tcsetattr(fd, TCSAFLUSH, &quiet) != 0)
        return SG_ERR_IO;
    (void)dprintf(fd, prompt, what);
    err = read_line(fd, passphrase);
    (void)dprintf(fd, "\n");
    (void)tcsetattr(fd, TCSAFLUSH, &before);
    return err;
}

static int ask_again(const struct sg_cli *cli, int fd, const char *what,
                     const struct sg_passphrase *passphrase)
{
    struct sg_passphrase *again;
    enum sg_err err = sg_passphrase_new(&again);
    bool is_same;

    if (err != SG_OK)
        return sg_cli_fail_err(cli, err, what);
    err = ask(fd,
              sg_cli_say(cli, "again, passphrase for %s: ",
                         "nhập lại mật khẩu cho %s: "),
              what, again);
    is_same = err == SG_OK && again->size == passphrase->size &&
              sg_crypto_equal(again->bytes, passphrase->bytes, again->size);
    sg_passphrase_free(again);
    if (is_same)
        return 0;
    return sg_cli_fail(cli, SG_EXIT_USAGE,
                       "the two passphrases differ; nothing was done",
                       "hai lần nhập mật khẩu khác nhau; chưa làm gì");
}

static int ask_terminal(const struct sg_cli *cli, const char *what, bool is_new,
                        struct sg_passphrase *passphrase)
{
    int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    enum sg_err err;
    int code = 0;

    if (fd < 0)
        return sg_cli_fail(cli, SG_EXIT_KEY,
                           "%s needs a passphrase and there is no terminal; "
                           "say --passphrase-file FILE",
                           "%s cần mật khẩu mà không có màn hình; hãy ghi "
                           "--passphrase-file TỆP",
                           what);
    err = ask(fd, sg_cli_say(cli, "passphrase for %s: ", "mật khẩu cho %s: "),
              what, passphrase);
    if (err != SG_OK)
        code = sg_cli_fail(cli, SG_EXIT_KEY, "%s: no passphrase was given",
                           "%s: chưa nhập mật khẩu", what);
    else if (is_new)
        code = ask_again(cli, fd, what, passphrase);
    (void)close(fd);
    return code;
}

static int check_new(const struct sg_cli *cli,
                     const struct sg_passphrase *passphrase)
{
    size_t n = 0;

    for (size_t i = 0; i < passphrase->size; i++)
        n += (passphrase->bytes[i] & 0xc0) != 0x80; /* of UTF-8 */
    if (n >= SG_ASK_PASSPHRASE_MIN)
        return 0;
    return sg_cli_fail(cli, SG_EXIT_USAGE,
                       "a passphrase has at least %d characters; a sentence "
                       "is best",
                       "mật khẩu có ít nhất %d ký tự; tốt nhất là cả một câu",
                       SG_ASK_PASSPHRASE_MIN);
}

static int get(const struct sg_cli *cli, const char *what, bool is_new,
               struct sg_passphrase **ret_passphrase)
{
    enum sg_err err;
    int code;

    if (cli->passphrase_file != NULL) {
        err = sg_passphrase_read(cli->passphrase_file, ret_passphrase);
        return err == SG_OK ? 0
                            : sg_cli_fail_err(cli, err, cli->passphrase_file);
    }
    err = sg_passphrase_new(ret_passphrase);
    if (err != SG_OK)
        return sg_cli_fail_err(cli, err, what);
    code = ask_terminal(cli, what, is_new, *ret_passphrase);
    if (code != 0)
        sg_passphrase_free(*ret_passphrase);
    return code;
}

int sg_ask_passphrase(const struct sg_cli *cli, const char *what, bool is_new,
                      struct sg_passphrase **ret_passphrase)
{
    struct sg_passphrase *passphrase;
    int code = get(cli, what, is_new, &passphrase);

    if (code != 0)
        return code;
    if (is_new)
        code = check_new(cli, passphrase);
    if (code == 0)
        *ret_passphrase = passphrase;
    else
        sg_passphrase_free(passphrase);
    return code;
}

/* --- Key files
 * --------------------------------------------------------------- */

/* Opens FILE; WHAT is its path. */
static int open_file(const struct sg_cli *cli, const char *what,
                     const uint8_t file[SG_KEY_FILE_SIZE],
                     const struct sg_passphrase *passphrase,
                     struct sg_key **ret_key)
{
    struct sg_passphrase *asked = NULL;
    struct sg_key_file_info info;
    enum sg_err err =
        sg_key_file_inspect(sg_bytes(file, SG_KEY_FILE_SIZE), &info);
    int code = 0;

    if (err != SG_OK)
        return sg_cli_fail_err(cli, err, what);
    if (info.is_wrapped && passphrase == NULL)
        code = sg_ask_passphrase(cli, what, false, &asked);
    if (code != 0)
        return code;
    err = sg_key_file_decode(
        sg_bytes(file, SG_KEY_FILE_SIZE),
        sg_passphrase_bytes(asked != NULL ? asked : passphrase), ret_key);
    sg_passphrase_free(asked);
    if (err == SG_ERR_DECRYPT)
        return sg_cli_fail(cli, SG_EXIT_KEY,
                           "%s does not open: the passphrase is another, or "
                           "the file was changed",
                           "không mở được %s: sai mật khẩu, hoặc tệp đã bị sửa",
                           what);
    return err == SG_OK ? 0 : sg_cli_fail_err(cli, err, what);
}

int sg_ask_key(const struct sg_cli *cli, const char *folder, const char *name,
               const struct sg_passphrase *passphrase, struct sg_key **ret_key)
{
    char what[PATH_SIZE + SG_KEY_STORE_NAME_MAX + 8];
    uint8_t file[SG_KEY_FILE_SIZE];
    struct sg_key *key = NULL;
    enum sg_err err = sg_key_store_read(folder, name, file);
    int code;

    if (err == SG_ERR_NOTFOUND) {
        *ret_key = NULL;
        return 0;
    }
    (void)snprintf(what, sizeof what, "%s/%s.key", folder, name);
    if (err != SG_OK)
        return sg_cli_fail_err(cli, err, what);
    code = open_file(cli, what, file, passphrase, &key);
    sg_crypto_wipe(file, sizeof file);
    if (code == 0)
        *ret_key = key;
    return code;
}

int sg_ask_write_key(const struct sg_cli *cli, const char *folder,
                     const char *name, const struct sg_passphrase *passphrase,
                     const struct sg_key *key)
{
    char what[PATH_SIZE + SG_KEY_STORE_NAME_MAX + 8];
    uint8_t file[SG_KEY_FILE_SIZE];
    struct sg_key_file_wrap wrap;
    enum sg_err err = SG_OK;

    (void)snprintf(what, sizeof what, "%s/%s.key", folder, name);
    if (passphrase == NULL) {
        sg_key_file_encode(key, file);
    } else {
        sg_key_file_wrap_draw(&sg_crypto_argon2id_moderate, &wrap);
        err = sg_key_file_encode_wrapped(key, sg_passphrase_bytes(passphrase),
                                         &wrap, file);
    }
    if (err == SG_OK)
        err = sg_key_store_write(folder, name, SG_KEY_STORE_CREATE, file);
    sg_crypto_wipe(file, sizeof file);
    return err == SG_OK ? 0 : sg_cli_fail_err(cli, err, what);
}
