#include <inttypes.h>
#include <stdio.h>

#include "storage/base/clock.h"
#include "storage/lmdb/verify.h"
#include "tools/home.h"
#include "tools/verb.h"

/* Entries between two looks at the clock. */
#define STEP        10000
#define PROGRESS_MS 1000

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

static const struct sg_out_shape finding_shape = {
    .type = "finding",
    .field_count = 3,
    .fields = {{"log", {"log", "nhật ký"}, -8},
               {"index", {"index", "mục"}, -12},
               {"what", {"what", "lỗi gì"}, 0}},
    .legend = {"index: the entry, or the first one below what is damaged.",
               "mục: mục bị lỗi, hoặc mục đầu tiên trong phần bị hỏng."},
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

static void found(void *context, uint32_t log, uint64_t index,
                  enum sg_damage damage)
{
    struct sg_cli *cli = context;
    const struct sg_out_value values[] = {
        sg_out_number(log),
        sg_out_number(index),
        sg_out_word(sg_verify_damage_text(damage, SG_LANG_EN),
                    sg_verify_damage_text(damage, cli->lang)),
    };

    sg_out_row(&cli->out, &finding_shape, values);
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
    struct sg_mono last = sg_clock_mono();
    struct sg_verify *verify;
    bool done = false;
    int code;
    enum sg_err err = sg_verify_new(store, found, cli, &verify);

    if (err != SG_OK)
        return sg_cli_fail_err(cli, err, cli->dir);
    while (err == SG_OK && !done) {
        err = sg_verify_step(verify, STEP, &done);
        say_progress(cli, sg_verify_totals(verify), &last);
    }
    if (err == SG_ERR_DAMAGED)
        code =
            sg_cli_fail(cli, SG_EXIT_DAMAGED,
                        "%s: the database itself is damaged; build the store "
                        "again from a peer or a backup",
                        "%s: chính cơ sở dữ liệu bị hỏng; hãy dựng lại kho "
                        "từ nút khác hoặc bản sao lưu",
                        cli->dir);
    else if (err != SG_OK)
        code = sg_cli_fail_err(cli, err, cli->dir);
    else
        code = verdict(cli, sg_verify_totals(verify));
    sg_verify_free(verify);
    return code;
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
