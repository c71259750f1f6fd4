#include <string.h>

#include "storage/lmdb/backup.h"
#include "tools/verb.h"

const struct sg_verb_page sg_verb_backup_page = {
    "DEST [--dir DIR]",
    {"Copies the logs to the new directory DEST, compact and synced, while "
     "others\n"
     "may read and write, a running sogocd too. Keys and the high-water file "
     "stay\n"
     "behind: keep a copy of keys/ elsewhere, or nobody will read what is "
     "sealed.\n",
     "Sao chép các nhật ký vào thư mục mới DEST, gọn và đã ghi chắc xuống "
     "đĩa,\n"
     "trong khi vẫn đọc và ghi bình thường, kể cả khi sogocd đang chạy. "
     "Không\n"
     "kèm khóa và tệp highwater: hãy cất một bản keys/ ở nơi khác, nếu không "
     "sẽ\n"
     "không ai đọc được phần niêm phong.\n"},
    "  $ sogoc backup copy --dir demo\n",
};

static const struct sg_out_shape shape = {
    .type = "backup",
    .field_count = 1,
    .fields = {{"backup", {"backup", "bản sao lưu"}, 0}},
};

int sg_verb_backup(struct sg_cli *cli, struct sg_cli_words words)
{
    int code = sg_cli_options(cli, &words, NULL, 0, 1, 1);
    const char *to;
    enum sg_err err;

    if (code != 0)
        return code;
    to = words.words[0];
    err = sg_backup_beside(cli->dir, to);
    if (err == SG_OK) {
        const struct sg_out_value values[] = {
            sg_out_bytes(SG_OUT_BODY, sg_bytes(to, strlen(to))),
        };
        sg_out_card(&cli->out, &shape, values);
        return 0;
    }
    if (err == SG_ERR_NOTFOUND)
        return sg_cli_fail(
            cli, SG_EXIT_IMPOSSIBLE,
            "%s: no data directory; say --dir with the node's",
            "%s: không có thư mục dữ liệu; hãy ghi --dir với thư "
            "mục của nút",
            cli->dir);
    return sg_cli_fail_err(
        cli, err, err == SG_ERR_EXISTS || err == SG_ERR_FULL ? to : cli->dir);
}
