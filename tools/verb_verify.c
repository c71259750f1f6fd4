#include "tools/examine.h"
#include "tools/verb.h"

const struct sg_verb_page sg_verb_verify_page = {
    "[--view] [--dir DIR]",
    {"Hashes every entry again, holds every stored node and count against its\n"
     "leaves, every checkpoint against its signature, and the high-water file "
     "and the\n"
     "certificate against the logs; opens the key files. What is wrong is "
     "named "
     "by log\n"
     "and entry, or by file. Nothing is changed; a running sogocd goes on. "
     "Keys "
     "under a\n"
     "passphrase are opened only where --passphrase-file or "
     "--node-passphrase-file say\n"
     "it. Exit 0 if all is intact, 1 if not, 4 if the database itself is "
     "damaged.\n"
     "\n"
     "  --view  the register, too: every row of it is opened, and, where no "
     "sogocd runs,\n"
     "          compared with one made anew; sogoc view rebuild mends it\n",
     "Băm lại mọi mục, đối chiếu mọi nút cây và số đếm với các lá, mọi điểm "
     "kiểm với\n"
     "chữ ký, tệp highwater và chứng thư với nhật ký; mở thử các tệp khóa. Chỗ "
     "sai được\n"
     "nêu theo nhật ký và mục, hoặc theo tệp. Không thay đổi gì; sogocd vẫn "
     "chạy. Khóa\n"
     "có mật khẩu chỉ được mở khi có --passphrase-file hoặc "
     "--node-passphrase-file. Mã\n"
     "kết thúc 0 nếu nguyên vẹn, 1 nếu không, 4 nếu chính cơ sở dữ liệu bị "
     "hỏng.\n"
     "\n"
     "  --view  cả phần sổ dẫn xuất: mở từng dòng, và khi không có sogocd chạy "
     "thì so\n"
     "          với một bản dựng lại; sogoc view rebuild sửa được nó\n"},
    "  $ sogoc verify --dir demo\n",
};

static const struct sg_out_shape verdict_shape = {
    .type = "verdict",
    .field_count = 8,
    .fields = {{"verdict", {"verdict", "kết luận"}, 0},
               {"logs", {"logs", "nhật ký"}, 0},
               {"entries", {"entries", "mục"}, 0},
               {"present", {"payloads", "nội dung có"}, 0},
               {"absent", {"not held", "không giữ"}, 0},
               {"erased", {"erased", "đã xóa"}, 0},
               {"checkpoints", {"checkpoints", "điểm kiểm"}, 0},
               {"findings", {"findings", "chỗ sai"}, 0}},
};

static int verdict(struct sg_cli *cli, const struct sg_verify_totals *totals)
{
    bool is_intact = totals->findings == 0;
    const struct sg_out_value values[] = {
        is_intact ? sg_out_word("intact", sg_cli_say(cli, NULL, "nguyên vẹn"))
                  : sg_out_word("damaged", sg_cli_say(cli, NULL, "bị hỏng")),
        sg_out_number(totals->logs),
        sg_out_number(totals->entries),
        sg_out_number(totals->present),
        sg_out_number(totals->absent),
        sg_out_number(totals->erased),
        sg_out_number(totals->checkpoints),
        sg_out_number(totals->findings),
    };

    sg_out_card(&cli->out, &verdict_shape, values);
    return is_intact ? SG_EXIT_OK : SG_EXIT_NO;
}

static int verify(struct sg_cli *cli, struct sg_store *store, bool is_view)
{
    struct sg_examine_beside beside;
    struct sg_verify_totals totals;
    uint64_t in_view = 0;
    int code =
        sg_examine_store(cli, store, cli->dir, sg_examine_print, cli, &totals);

    if (code == 0)
        code = sg_examine_beside(cli, store, &beside);
    if (code == 0 && is_view)
        code = sg_examine_view(cli, sg_store_registry(store), &in_view);
    if (code != 0)
        return code;
    totals.findings += sg_examine_count(&beside) + in_view;
    return verdict(cli, &totals);
}

int sg_verb_verify(struct sg_cli *cli, struct sg_cli_words words)
{
    bool is_view = false;
    const struct sg_cli_option options[] = {
        {"--view", SG_CLI_FLAG, .flag = &is_view},
    };
    struct sg_store *store;
    int code = sg_cli_options(cli, &words, options, 1, 0, 0);

    if (code == 0)
        code = sg_examine_open(cli, cli->dir, &store);
    if (code != 0)
        return code;
    code = verify(cli, store, is_view);
    sg_store_close(store);
    return code;
}
