#include <stdio.h>

#include "tools/home.h"
#include "tools/verb.h"

const struct sg_verb_page sg_verb_logs_page = {
    "[--dir DIR]",
    {"Lists every log: its number here, its id, what is held of it, up to "
     "where\n"
     "its writer has signed, and whose payloads are missing.\n",
     "Liệt kê mọi nhật ký: số thứ tự tại đây, mã, số mục đang giữ, đã được ký\n"
     "đến đâu, và thiếu bao nhiêu nội dung.\n"},
    "  $ sogoc logs --dir demo\n",
};

static const struct sg_out_shape shape = {
    .type = "log",
    .field_count = 8,
    .fields = {{"number", {"log", "số"}, -4},
               {"id", {"id", "mã"}, 16},
               {"kind", {"kind", "loại"}, 8},
               {"flags", {"flags", "cờ"}, 5},
               {"held", {"held", "giữ"}, -10},
               {"signed", {"signed", "đã ký"}, -10},
               {"absent", {"absent", "thiếu"}, -8},
               {"erased", {"erased", "đã xóa"}, -8}},
    .legend =
        {"id: its first digits, enough to name it. flags: o own, c closed, "
         "f forked,\nr refused. held: entries here. signed: the newest "
         "checkpoint's size. absent,\nerased: entries whose payload is "
         "not here.",
         "mã: các chữ số đầu, đủ để gọi tên. cờ: o của nút này, c đã đóng, "
         "f bị rẽ\nnhánh, r bị từ chối. giữ: số mục ở đây. đã ký: kích "
         "thước điểm kiểm mới nhất.\nthiếu, đã xóa: các mục không còn nội "
         "dung ở đây."},
};

static enum sg_err print_log(void *context, const struct sg_store_log *log)
{
    static const char letters[] = "ocfr"; /* by enum sg_log_flag */
    struct sg_cli *cli = context;
    bool is_audit = log->row.core.kind == SG_LOG_AUDIT;
    char flags[sizeof letters] = "";
    size_t n = 0;

    for (unsigned i = 0; letters[i] != '\0'; i++) {
        if ((log->row.flags & 1U << i) != 0)
            flags[n++] = letters[i];
    }
    const struct sg_out_value values[] = {
        sg_out_number(log->number),
        sg_out_hash(&log->id.hash),
        is_audit ? sg_out_word("audit", sg_cli_say(cli, NULL, "tra cứu"))
                 : sg_out_word("records", sg_cli_say(cli, NULL, "hồ sơ")),
        sg_out_word(flags, NULL),
        sg_out_number(log->row.frontier.size),
        sg_out_number(log->row.known.size),
        sg_out_number(log->row.absent),
        sg_out_number(log->row.erased),
    };
    sg_out_row(&cli->out, &shape, values);
    return SG_OK;
}

int sg_verb_logs(struct sg_cli *cli, struct sg_cli_words words)
{
    struct sg_home home;
    int code = sg_cli_options(cli, &words, NULL, 0, 0, 0);

    if (code == 0)
        code = sg_home_open(cli, &home);
    if (code != 0)
        return code;
    enum sg_err err = sg_store_each(home.store, print_log, cli);
    if (err != SG_OK)
        code = sg_cli_fail_err(cli, err, cli->dir);
    sg_home_close(&home);
    return code;
}
