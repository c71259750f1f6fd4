#include <string.h>

#include "node/config.h"
#include "storage/lmdb/file.h"
#include "tools/verb.h"

#define CONFIG_FILE "/etc/sogoc/sogocd.conf"

const struct sg_verb_page sg_verb_config_check_page = {
    "[FILE]",
    {"Checks a configuration of sogocd and shows every setting that it comes "
     "to,\n"
     "those that it leaves out too; nothing is changed and no node is asked. "
     "The "
     "same\n"
     "as sogocd -n. Exit 0 if it is right, 2 if not: the error names line and "
     "key.\n"
     "\n"
     "  FILE  the configuration (" CONFIG_FILE ")\n",
     "Kiểm tra một tệp cấu hình của sogocd và liệt kê mọi giá trị sẽ dùng, kể "
     "cả "
     "mục\n"
     "bỏ trống; không thay đổi gì, không hỏi nút nào. Giống sogocd -n. Mã "
     "thoát 0 "
     "nếu\n"
     "đúng, 2 nếu sai: lỗi nêu rõ dòng và khóa.\n"
     "\n"
     "  FILE  tệp cấu hình (" CONFIG_FILE ")\n"},
    "  $ printf 'directory = /var/lib/sogoc\\n' > sogocd.conf\n"
    "  $ sogoc config check sogocd.conf\n",
};

static const struct sg_out_shape shape = {
    .type = "setting",
    .field_count = 3,
    .fields = {{"section", {"section", "phần"}, 20},
               {"key", {"key", "khóa"}, 18},
               {"value", {"value", "giá trị"}, 32}},
    .legend =
        {"section: the peer; - for the node. What each key is: sogocd -n.",
         "phần: nút kia; - là của chính nút này. Ý nghĩa: sogocd -n."},
};

static bool begins(struct sg_bytes line, char c)
{
    return line.size > 0 && line.data[0] == (uint8_t)c;
}

static struct sg_out_value text_of(struct sg_bytes text)
{
    return text.size > 0 ? sg_out_bytes(SG_OUT_BODY, text) : sg_out_none();
}

/* A line of what sg_config_print writes: a remark, "[SECTION]", or
 * "KEY = VALUE". */
static void show_line(struct sg_cli *cli, struct sg_bytes line,
                      struct sg_bytes *section)
{
    static const char between[] = " = ";
    const size_t width = sizeof between - 1;

    if (begins(line, '[') && line.size >= 2)
        *section = sg_bytes(line.data + 1, line.size - 2);
    if (line.size == 0 || begins(line, '[') || begins(line, '#'))
        return;
    for (size_t i = 0; i + width <= line.size; i++) {
        if (memcmp(line.data + i, between, width) != 0)
            continue;
        const struct sg_out_value values[] = {
            text_of(*section),
            sg_out_bytes(SG_OUT_BODY, sg_bytes(line.data, i)),
            text_of(sg_bytes(line.data + i + width, line.size - i - width)),
        };

        sg_out_row(&cli->out, &shape, values);
        return;
    }
}

static void show(struct sg_cli *cli, struct sg_bytes text)
{
    struct sg_bytes section = {.size = 0};

    while (text.size > 0) {
        const uint8_t *end = memchr(text.data, '\n', text.size);
        size_t size = end == NULL ? text.size : (size_t)(end - text.data);
        size_t taken = end == NULL ? size : size + 1;

        show_line(cli, sg_bytes(text.data, size), &section);
        text = sg_bytes(text.data + taken, text.size - taken);
    }
}

static int read_config(const struct sg_cli *cli, const char *path,
                       struct sg_config *config)
{
    struct sg_config_fault fault = {.line = 0};
    struct sg_buf text;
    enum sg_err err;

    sg_buf_init(&text, SG_CONFIG_SIZE_MAX + 1);
    err = sg_file_read(path, &text);
    if (err != SG_OK) {
        sg_buf_clear(&text);
        return sg_cli_fail_err(cli, err, path);
    }
    err = sg_config_read(sg_buf_bytes(&text), config, &fault);
    sg_buf_clear(&text);
    if (err == SG_OK)
        return 0;
    return sg_cli_fail(cli, SG_EXIT_USAGE, "%s:%zu: %s%s%s%s%s",
                       "%s:%zu: %s%s%s%s%s", path, fault.line, fault.key,
                       fault.key[0] != '\0' ? ": " : "", fault.reason,
                       fault.allowed[0] == '\0'
                           ? ""
                           : sg_cli_say(cli, "; allowed: ", "; cho phép: "),
                       fault.allowed);
}

int sg_verb_config_check(struct sg_cli *cli, struct sg_cli_words words)
{
    static struct sg_config config;
    struct sg_buf text;
    enum sg_err err;
    int code = sg_cli_options(cli, &words, NULL, 0, 0, 1);

    if (code == 0)
        code = read_config(cli, words.count == 1 ? words.words[0] : CONFIG_FILE,
                           &config);
    if (code != 0)
        return code;
    sg_buf_init(&text, 4 * SG_CONFIG_SIZE_MAX);
    err = sg_config_print(&config, &text);
    if (err == SG_OK)
        show(cli, sg_buf_bytes(&text));
    sg_buf_clear(&text);
    return err == SG_OK ? 0 : sg_cli_fail_err(cli, err, CONFIG_FILE);
}
