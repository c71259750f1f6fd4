#include <string.h>

#include "storage/lmdb/backup.h"
#include "tools/home.h"
#include "tools/verb.h"

const struct sg_verb_page sg_verb_backup_page = {
    "DEST [--dir DIR]",
    {"Copies the logs to the new directory DEST, compact and synced, while "
     "others\n"
     "may read and write. Keys and the high-water file stay behind: keep a "
     "copy of\n"
     "keys/ elsewhere, or nobody will read what is sealed.\n",
     "Sao chép các nhật ký vào thư mục mới DEST, gọn và đã ghi chắc xuống "
     "đĩa,\n"
     "trong khi vẫn đọc và ghi bình thường. Không kèm khóa và tệp highwater: "
     "hãy\n"
     "cất một bản keys/ ở nơi khác, nếu không sẽ không ai đọc được phần niêm "
     "phong.\n"},
    "  $ sogoc backup copy --dir demo\n",
};

static const struct sg_out_shape shape = {
    .type = "backup",
    .field_count = 1,
    .fields = {{"backup", {"backup", "bản sao lưu"}, 0}},
};

int sg_verb_backup(struct sg_cli *cli, struct sg_cli_words words)
{
    struct sg_home home;
    int code = sg_cli_options(cli, &words, NULL, 0, 1, 1);

    if (code == 0)
        code = sg_home_open(cli, &home);
    if (code != 0)
        return code;
    const char *to = words.words[0];
    enum sg_err err = sg_backup_write(home.store, to);
    if (err != SG_OK) {
        code = sg_cli_fail_err(cli, err, to);
    } else {
        const struct sg_out_value values[] = {
            sg_out_bytes(SG_OUT_BODY, sg_bytes(to, strlen(to))),
        };
        sg_out_card(&cli->out, &shape, values);
    }
    sg_home_close(&home);
    return code;
}
