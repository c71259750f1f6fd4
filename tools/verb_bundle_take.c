#include <limits.h>
#include <string.h>

#include "tools/stick.h"
#include "tools/verb.h"

const struct sg_verb_page sg_verb_bundle_take_page = {
    "FILE... [--dir DIR]",
    {"Takes bundles in: every entry is verified like one of a hostile peer. "
     "Twice,\n"
     "late or in any order does no harm; what is damaged is named, the rest is "
     "taken;\n"
     "cut short, it goes on where it was. sogocd must be stopped. Exit 0 if "
     "all of it\n"
     "is here now, 3 if something waits for other files, 4 if a file is "
     "damaged.\n",
     "Nhận các gói: mỗi mục được kiểm tra như từ một bên thù địch. Nhận hai "
     "lần, muộn,\n"
     "hay sai thứ tự đều vô hại; phần hỏng được nêu tên, phần còn lại vẫn "
     "nhận; bị ngắt\n"
     "giữa chừng thì chạy tiếp từ đó. Phải dừng sogocd trước. Mã kết thúc 0 "
     "nếu đã có\n"
     "đủ, 3 nếu còn phần chờ tệp khác, 4 nếu có tệp hỏng.\n"},
    "  $ sogoc bundle take stick/*.bundle --dir node\n",
};

static const struct sg_out_shape shape = {
    .type = "bundle_taken",
    .field_count = 7,
    .fields = {{"file", {"file", "tệp"}, 34},
               {"kind", {"kind", "loại"}, 11},
               {"taken", {"entries", "số mục"}, -10},
               {"done", {"pieces", "khối xong"}, -9},
               {"pieces", {"of", "trên"}, -8},
               {"damaged", {"damaged", "hỏng"}, -8},
               {"waiting", {"waiting", "chờ"}, -8}},
    .legend = {"entries: new here. waiting: pieces with something that goes "
               "on from other files.",
               "số mục: mới có tại đây. chờ: khối có phần nối tiếp nằm ở tệp "
               "khác."},
};

static struct sg_out_value kind_value(const struct sg_cli *cli,
                                      enum sg_bundle_kind kind)
{
    return kind == SG_BUNDLE_REQUEST
               ? sg_out_word("request", sg_cli_say(cli, NULL, "yêu cầu"))
           : kind == SG_BUNDLE_ENTRIES
               ? sg_out_word("entries", sg_cli_say(cli, NULL, "các mục"))
               : sg_out_word("statements", sg_cli_say(cli, NULL, "xác nhận"));
}

static void show(struct sg_cli *cli, const char *path,
                 const struct sg_stick_taken *taken)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    const struct sg_out_value values[] = {
        sg_out_bytes(SG_OUT_BODY, sg_bytes(name, strlen(name))),
        kind_value(cli, taken->view.header.kind),
        sg_out_number(taken->view.taken),
        sg_out_number(taken->view.pieces_done),
        sg_out_number(taken->view.header.pieces),
        sg_out_number(taken->view.damaged),
        sg_out_number(taken->view.waiting),
    };

    sg_out_row(&cli->out, &shape, values);
}

/* The gravest of what is said of several files. */
static int verdict(const struct sg_stick_taken *taken, int before)
{
    if (taken->view.damaged > 0 || taken->cut_at > 0)
        return SG_EXIT_DAMAGED;
    if (taken->view.waiting > 0 && before == 0)
        return SG_EXIT_IMPOSSIBLE;
    return before;
}

int sg_verb_bundle_take(struct sg_cli *cli, struct sg_cli_words words)
{
    struct sg_stick_taken taken;
    struct sg_stick stick;
    int result = 0;
    int code = sg_cli_options(cli, &words, NULL, 0, 1, INT_MAX);

    if (code == 0)
        code = sg_stick_open(cli, &stick);
    if (code != 0)
        return code;
    for (int i = 0; i < words.count && code == 0; i++) {
        code = sg_stick_take(&stick, words.words[i], NULL, &taken);
        if (code == 0) {
            show(cli, words.words[i], &taken);
            result = verdict(&taken, result);
        }
    }
    sg_stick_close(&stick);
    return code != 0 ? code : result;
}
