#include "tools/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "storage/base/text.h"

#define DIR_DEFAULT "sogoc-data"

static void print_line(const struct sg_cli *cli, const char *en, const char *vi,
                       va_list args)
{
    (void)fflush(cli->out.file);
    (void)fputs("sogoc: ", stderr);
    (void)vfprintf(stderr, sg_cli_say(cli, en, vi), args);
    (void)fputs("\n", stderr);
}

int sg_cli_fail(const struct sg_cli *cli, enum sg_cli_exit code, const char *en,
                const char *vi, ...)
{
    va_list args;

    va_start(args, vi);
    print_line(cli, en, vi, args);
    va_end(args);
    return (int)code;
}

void sg_cli_note(const struct sg_cli *cli, const char *en, const char *vi, ...)
{
    va_list args;

    if (cli->is_quiet)
        return;
    va_start(args, vi);
    print_line(cli, en, vi, args);
    va_end(args);
}

/* What an error means for whoever typed the command; others are a mistake of
 * ours. */
static const struct {
    enum sg_err err;
    enum sg_cli_exit code;
    const char *do_en;
    const char *do_vi;
} meanings[] = {
    {SG_ERR_NOTFOUND, SG_EXIT_IMPOSSIBLE, "look at the name and at --dir",
     "hãy xem lại tên và --dir"},
    {SG_ERR_EXISTS, SG_EXIT_IMPOSSIBLE, "choose another name",
     "hãy chọn tên khác"},
    {SG_ERR_STATE, SG_EXIT_IMPOSSIBLE, "look at the log with: sogoc logs",
     "hãy xem nhật ký bằng: sogoc logs"},
    {SG_ERR_CLOSED, SG_EXIT_IMPOSSIBLE, "write to the log that follows it",
     "hãy ghi vào nhật ký kế tiếp"},
    {SG_ERR_LIMIT, SG_EXIT_IMPOSSIBLE, "make it smaller", "hãy rút nhỏ lại"},
    {SG_ERR_VERSION, SG_EXIT_IMPOSSIBLE, "use a newer sogoc",
     "hãy dùng sogoc mới hơn"},
    {SG_ERR_DAMAGED, SG_EXIT_DAMAGED, "see what is left with: sogoc verify",
     "hãy kiểm tra phần còn lại bằng: sogoc verify"},
    {SG_ERR_TRUNCATED, SG_EXIT_DAMAGED, "restore it from a peer or a backup",
     "hãy khôi phục từ nút khác hoặc bản sao lưu"},
    {SG_ERR_TRAILING, SG_EXIT_DAMAGED, "restore it from a peer or a backup",
     "hãy khôi phục từ nút khác hoặc bản sao lưu"},
    {SG_ERR_MALFORMED, SG_EXIT_DAMAGED, "it is no file of sogoc, or changed",
     "đây không phải tệp của sogoc, hoặc đã bị sửa"},
    {SG_ERR_BUSY, SG_EXIT_BUSY,
     "if it is sogocd, stop it (systemctl stop sogocd), try again, and start "
     "it; else wait until the other sogoc ends",
     "nếu đó là sogocd: hãy dừng lại (systemctl stop sogocd), chạy lại lệnh "
     "này "
     "rồi khởi động lại; nếu không, hãy chờ lệnh sogoc kia xong"},
    {SG_ERR_FULL, SG_EXIT_FULL, "free some space, then try again",
     "hãy giải phóng dung lượng rồi thử lại"},
    {SG_ERR_ACCESS, SG_EXIT_ACCESS,
     "become the owner of the data directory; keys must be mode 0600",
     "cần quyền của chủ thư mục dữ liệu; tệp khóa phải có quyền 0600"},
    {SG_ERR_DECRYPT, SG_EXIT_KEY, "use the key that it was made with",
     "hãy dùng đúng khóa đã tạo ra nó"},
    {SG_ERR_IO, SG_EXIT_DISK, "look at the disk", "hãy kiểm tra đĩa"},
    {SG_ERR_FATAL, SG_EXIT_DISK,
     "look at the disk before you start anything again",
     "hãy kiểm tra đĩa trước khi chạy lại bất cứ gì"},
};

#define N_MEANINGS (sizeof(meanings) / sizeof(meanings[0]))

enum sg_cli_exit sg_cli_exit_of(enum sg_err err)
{
    for (size_t i = 0; i < N_MEANINGS; i++) {
        if (meanings[i].err == err)
            return meanings[i].code;
    }
    return err == SG_OK ? SG_EXIT_OK : SG_EXIT_INTERNAL;
}

int sg_cli_fail_err(const struct sg_cli *cli, enum sg_err err, const char *what)
{
    for (size_t i = 0; i < N_MEANINGS; i++) {
        if (meanings[i].err == err)
            return sg_cli_fail(
                cli, meanings[i].code, "%s: %s; %s", "%s: %s; %s", what,
                sg_err_text(err, cli->lang),
                sg_cli_say(cli, meanings[i].do_en, meanings[i].do_vi));
    }
    return sg_cli_fail(cli, SG_EXIT_INTERNAL, "%s: %s (%s); please report this",
                       "%s: %s (%s); xin báo lỗi này", what,
                       sg_err_text(err, cli->lang), sg_err_name(err));
}

static int fail_value(const struct sg_cli *cli, const char *name)
{
    return sg_cli_fail(cli, SG_EXIT_USAGE, "%s wants a value; see --help",
                       "%s cần một giá trị; xem --help", name);
}

static bool is_vietnamese(const char *locale)
{
    return locale != NULL && strncmp(locale, "vi", 2) == 0 &&
           (locale[2] == '\0' || strchr("_.@", locale[2]) != NULL);
}

/* The first of these that is set decides, as for every program. */
static enum sg_lang environment_lang(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && value[0] != '\0')
            return is_vietnamese(value) ? SG_LANG_VI : SG_LANG_EN;
    }
    return SG_LANG_EN;
}

static int take_lang(struct sg_cli *cli, const char *value)
{
    if (strcmp(value, "vi") == 0)
        cli->lang = SG_LANG_VI;
    else if (strcmp(value, "en") == 0)
        cli->lang = SG_LANG_EN;
    else
        return sg_cli_fail(cli, SG_EXIT_USAGE, "--lang is vi or en, not %s",
                           "--lang là vi hoặc en, không phải %s", value);
    return 0;
}

static bool take_flag(struct sg_cli *cli, const char *word)
{
    bool *flag = strcmp(word, "--json") == 0       ? &cli->is_json
                 : strcmp(word, "--help") == 0     ? &cli->is_help
                 : strcmp(word, "--progress") == 0 ? &cli->is_progress
                                                   : NULL;

    if (flag != NULL)
        *flag = true;
    return flag != NULL;
}

int sg_cli_init(struct sg_cli *cli, int argc, char **argv,
                struct sg_cli_words *ret_words)
{
    const char *dir = getenv("SOGOC_DIR");
    int n = 0, code = 0;

    *cli = (struct sg_cli){.lang = environment_lang(),
                           .is_progress = isatty(STDERR_FILENO) == 1,
                           .out.file = stdout};
    for (int i = 1; i < argc && code == 0; i++) {
        bool has_value = strcmp(argv[i], "--dir") == 0 ||
                         strcmp(argv[i], "--lang") == 0 ||
                         strcmp(argv[i], "--passphrase-file") == 0 ||
                         strcmp(argv[i], "--node-passphrase-file") == 0;
        if (has_value && i + 1 == argc) {
            code = fail_value(cli, argv[i]);
        } else if (strcmp(argv[i], "--dir") == 0) {
            dir = argv[++i];
        } else if (strcmp(argv[i], "--passphrase-file") == 0) {
            cli->passphrase_file = argv[++i];
        } else if (strcmp(argv[i], "--node-passphrase-file") == 0) {
            cli->node_passphrase_file = argv[++i];
        } else if (has_value) {
            code = take_lang(cli, argv[++i]);
        } else if (!take_flag(cli, argv[i])) {
            argv[n++] = argv[i];
        }
    }
    cli->is_dir_given = dir != NULL && dir[0] != '\0';
    cli->dir = cli->is_dir_given ? dir : DIR_DEFAULT;
    cli->out.lang = cli->lang;
    cli->out.is_json = cli->is_json;
    *ret_words = (struct sg_cli_words){n, argv};
    return code;
}

/* Takes the value of OPTION, or sets its flag. Returns the words used, 0 after
 * an error was printed. */
static int take(const struct sg_cli *cli, const struct sg_cli_option *option,
                const char *value)
{
    if (option->kind == SG_CLI_FLAG) {
        *option->flag = true;
        return 1;
    }
    if (value == NULL) {
        (void)fail_value(cli, option->name);
        return 0;
    }
    if (option->kind == SG_CLI_TEXT) {
        *option->text = value;
        return 2;
    }
    if (sg_text_decimal_decode(sg_bytes(value, strlen(value)),
                               option->number) == SG_OK)
        return 2;
    (void)sg_cli_fail(cli, SG_EXIT_USAGE, "%s wants a whole number, not %s",
                      "%s cần một số nguyên, không phải %s", option->name,
                      value);
    return 0;
}

int sg_cli_options(const struct sg_cli *cli, struct sg_cli_words *words,
                   const struct sg_cli_option options[], size_t option_count,
                   int min, int max)
{
    int n = 0;

    for (int i = 0; i < words->count;) {
        char *word = words->words[i];
        const struct sg_cli_option *option = NULL;
        for (size_t k = 0; k < option_count && option == NULL; k++) {
            if (strcmp(options[k].name, word) == 0)
                option = &options[k];
        }
        if (option != NULL) {
            int used = take(cli, option,
                            i + 1 < words->count ? words->words[i + 1] : NULL);
            if (used == 0)
                return SG_EXIT_USAGE;
            i += used;
        } else if (word[0] == '-' && word[1] != '\0') {
            return sg_cli_fail(cli, SG_EXIT_USAGE, "no option %s; see --help",
                               "không có tùy chọn %s; xem --help", word);
        } else {
            words->words[n++] = word;
            i++;
        }
    }
    words->count = n;
    if (n < min)
        return sg_cli_fail(cli, SG_EXIT_USAGE, "something is missing; see %s",
                           "còn thiếu tham số; xem %s", "--help");
    if (n > max)
        return sg_cli_fail(cli, SG_EXIT_USAGE, "%s is too much; see --help",
                           "thừa %s; xem --help", words->words[max]);
    return 0;
}

int sg_cli_key(const struct sg_cli *cli, const char *hex,
               uint8_t ret_key[SG_KEY_SIZE])
{
    struct sg_writer writer;

    sg_writer_init_array(&writer, ret_key, SG_KEY_SIZE);
    sg_text_hex_decode(&writer, sg_bytes(hex, strlen(hex)));
    if (sg_writer_end(&writer) == SG_OK && writer.size == SG_KEY_SIZE)
        return 0;
    return sg_cli_fail(cli, SG_EXIT_USAGE,
                       "--key wants 64 lowercase hex digits",
                       "--key cần 64 chữ số hex viết thường");
}

int sg_cli_end(struct sg_cli *cli, int code)
{
    enum sg_err err = sg_out_end(&cli->out);

    if (err != SG_OK)
        return sg_cli_fail_err(
            cli, err, sg_cli_say(cli, "standard output", "đầu ra chuẩn"));
    return code;
}
