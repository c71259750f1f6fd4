#include "tools/examine.h"
#include "tools/home.h"
#include "tools/verb.h"

const struct sg_verb_page sg_verb_verify_page = {
    "[--dir DIR]",
    {"Hashes every entry again, holds every stored node and count against its\n"
     "leaves and every checkpoint against its signature. What is wrong is "
     "named\n"
     "by log and entry. Exit 0 if all is intact, 1 if not.\n",
     "Băm lại mọi mục, đối chiếu mọi nút cây và số đếm với các lá, mọi điểm "
     "kiểm\n"
     "với chữ ký. Chỗ sai được nêu theo nhật ký và mục. Mã kết thúc 0 nếu "
     "nguyên\n"
     "vẹn, 1 nếu không.\n"},
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

static int verify(struct sg_cli *cli, struct sg_store *store)
{
    struct sg_verify_totals totals;
    int code =
        sg_examine_store(cli, store, cli->dir, sg_examine_print, cli, &totals);

    return code == 0 ? verdict(cli, &totals) : code;
}

int sg_verb_verify(struct sg_cli *cli, struct sg_cli_words words)
{
    struct sg_home home;
    int code = sg_cli_options(cli, &words, NULL, 0, 0, 0);

    if (code == 0)
        code = sg_home_open(cli, &home);
    if (code != 0)
        return code;
    code = verify(cli, home.store);
    sg_home_close(&home);
    return code;
}
