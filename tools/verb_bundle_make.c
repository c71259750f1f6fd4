#include <string.h>

#include "tools/stick.h"
#include "tools/verb.h"

#define MEGABYTE 1000000u

const struct sg_verb_page sg_verb_bundle_make_page = {
    "FOLDER [--to NODES] [--answer FILE | --request | --statements] "
    "[--part-size MB] [--dir DIR]",
    {"Writes what this node has as files that a courier can carry: to FOLDER, "
     "a USB\n"
     "stick for example. Everything is sealed for the nodes that it is for; a "
     "courier\n"
     "reads nothing and can alter nothing unseen. sogocd must be stopped.\n"
     "\n"
     "  --to NODES      for whom, by keys or key ids as sogoc nodes has them, "
     "8 digits\n"
     "                  at least, with commas between (default: every member)\n"
     "  --request       only what is here and lacking: for who answers it\n"
     "  --answer FILE   what the maker of FILE, a request, lacks: much less\n"
     "  --statements    that this node holds what it took: for who sent it\n"
     "  --part-size MB  of a file at most (2147)\n",
     "Ghi những gì nút này có thành các tệp để người giao liên mang đi: vào "
     "FOLDER, ví\n"
     "dụ một thẻ USB. Mọi thứ được niêm phong cho nơi nhận; người mang không "
     "đọc được\n"
     "gì và không sửa được mà không lộ. Phải dừng sogocd trước.\n"
     "\n"
     "  --to NODES      cho nút nào, theo khóa hoặc mã khóa như sogoc nodes "
     "ghi, ít nhất\n"
     "                  8 chữ số, cách nhau bằng dấu phẩy (mặc định: mọi "
     "thành viên)\n"
     "  --request       chỉ ghi những gì đang có và còn thiếu: để nơi khác "
     "trả lời\n"
     "  --answer TỆP    chỉ những gì bên lập TỆP yêu cầu còn thiếu: ít hơn "
     "nhiều\n"
     "  --statements    lời xác nhận nút này giữ những gì đã nhận\n"
     "  --part-size MB  cỡ tối đa mỗi tệp (2147)\n"},
    "  $ mkdir stick\n"
    "  $ sogoc bundle make stick --dir authority\n",
};

static const struct sg_out_shape shape = {
    .type = "bundle_made",
    .field_count = 7,
    .fields = {{"id", {"bundle", "gói"}, 0},
               {"first", {"first file", "tệp đầu"}, 0},
               {"parts", {"files", "số tệp"}, 0},
               {"bytes", {"bytes", "số byte"}, 0},
               {"logs", {"logs", "số nhật ký"}, 0},
               {"entries", {"entries", "số mục"}, 0},
               {"destinations", {"for nodes", "số nơi nhận"}, 0}},
};

static void show(struct sg_cli *cli, const struct sg_stick_made *made)
{
    char name[SG_STICK_NAME_SIZE];

    sg_stick_name(made->id, 1, name);
    const struct sg_out_value values[] = {
        sg_out_bytes(SG_OUT_HEX, SG_BYTES_ARRAY(made->id)),
        sg_out_word(name, NULL),
        sg_out_number(made->parts),
        sg_out_number(made->bytes),
        sg_out_number(made->logs),
        sg_out_number(made->entries),
        sg_out_number(made->destinations),
    };
    sg_out_card(&cli->out, &shape, values);
}

/* Reads what the maker of the request FILE has, and sets WISH to answer it. */
static int hear(struct sg_stick *stick, const char *file,
                struct sg_stick_taken *taken, char ret_to[SG_KEY_SIZE * 2 + 1],
                struct sg_stick_wish *wish)
{
    struct sg_certificate certificate;
    int code = sg_stick_plan(stick, &wish->plan);

    if (code == 0)
        code = sg_stick_take(stick, file, wish->plan, taken);
    if (code != 0)
        return code;
    if (taken->view.maker != SG_OK ||
        sg_certificate_decode(SG_BYTES_ARRAY(taken->view.manifest.certificate),
                              &certificate) != SG_OK)
        return sg_cli_fail(stick->cli, SG_EXIT_NO,
                           "%s: who made it is not known here, or his "
                           "certificate does not stand; make a whole bundle "
                           "without --answer",
                           "%s: không biết bên lập, hoặc chứng nhận của họ "
                           "không còn hiệu lực; hãy lập gói đầy đủ, không "
                           "dùng --answer",
                           file);
    sg_stick_hex(SG_BYTES_ARRAY(certificate.node_key), ret_to);
    if (wish->to == NULL)
        wish->to = ret_to;
    if (taken->view.header.kind == SG_BUNDLE_REQUEST)
        wish->request = taken->view.header.id;
    return 0;
}

static int run(struct sg_cli *cli, struct sg_stick_wish *wish,
               const char *answer)
{
    char to[SG_KEY_SIZE * 2 + 1];
    struct sg_stick_taken taken;
    struct sg_stick_made made;
    struct sg_stick stick;
    int code = sg_stick_open(cli, &stick);

    if (code != 0)
        return code;
    if (answer != NULL)
        code = hear(&stick, answer, &taken, to, wish);
    if (code == 0)
        code = sg_stick_make(&stick, wish, &made);
    if (code == 0)
        show(cli, &made);
    if (wish->plan != NULL)
        sg_bundle_plan_free(wish->plan);
    sg_stick_close(&stick);
    return code;
}

int sg_verb_bundle_make(struct sg_cli *cli, struct sg_cli_words words)
{
    struct sg_stick_wish wish = {.kind = SG_BUNDLE_ENTRIES};
    bool is_request = false, is_statements = false;
    const char *answer = NULL;
    uint64_t megabytes = 0;
    const struct sg_cli_option options[] = {
        {"--to", SG_CLI_TEXT, .text = &wish.to},
        {"--answer", SG_CLI_TEXT, .text = &answer},
        {"--request", SG_CLI_FLAG, .flag = &is_request},
        {"--statements", SG_CLI_FLAG, .flag = &is_statements},
        {"--part-size", SG_CLI_NUMBER, .number = &megabytes},
    };
    int code = sg_cli_options(cli, &words, options, 5, 1, 1);

    if (code != 0)
        return code;
    if (is_request + is_statements + (answer != NULL) > 1)
        return sg_cli_fail(cli, SG_EXIT_USAGE,
                           "--answer, --request and --statements: one of them",
                           "--answer, --request, --statements: chỉ dùng một");
    if (megabytes > SG_BUNDLE_SIZE_MAX / MEGABYTE)
        return sg_cli_fail(cli, SG_EXIT_USAGE, "--part-size: at most %u",
                           "--part-size: tối đa %u",
                           SG_BUNDLE_SIZE_MAX / MEGABYTE);
    if (is_request)
        wish.kind = SG_BUNDLE_REQUEST;
    if (is_statements)
        wish.kind = SG_BUNDLE_STATEMENTS;
    wish.folder = words.words[0];
    wish.part_size_max = megabytes * MEGABYTE;
    return run(cli, &wish, answer);
}
