#include "tools/register.h"
#include "tools/verb.h"

const struct sg_verb_page sg_verb_view_rebuild_page = {
    "[--dir DIR]",
    {"Deletes the view, which is the register as it is derived from the logs, "
     "and makes\n"
     "it again from them under a new key: what the disk still has of the old "
     "one opens\n"
     "to nobody. Nothing is lost; sogocd must be stopped. Prints what the new "
     "one holds.\n",
     "Xóa phần sổ dẫn xuất (view) và dựng lại từ nhật ký bằng khóa mới: những "
     "gì đĩa\n"
     "còn giữ của phần cũ không ai mở được nữa. Không mất dữ liệu nào; phải "
     "dừng\n"
     "sogocd. In ra những gì phần mới có.\n"},
    "  $ sogoc view rebuild --dir authority\n",
};

static const struct sg_out_shape shape = {
    .type = "view",
    .field_count = 5,
    .fields = {{"entries", {"entries", "mục"}, 0},
               {"applied", {"applied", "đã đưa vào sổ"}, 0},
               {"subjects", {"persons and others", "đối tượng"}, 0},
               {"rows", {"rows", "dòng"}, 0},
               {"root", {"root", "gốc trạng thái"}, 0}},
};

static int show(struct sg_cli *cli, struct sg_view *view)
{
    struct sg_view_status status;
    struct sg_view_root root;
    enum sg_err err = sg_view_root_all(view, &root);

    if (err != SG_OK)
        return sg_cli_fail_err(cli, err, cli->dir);
    sg_view_status(view, &status);
    const struct sg_out_value values[] = {
        sg_out_number(status.held),
        sg_out_number(status.applied),
        sg_out_number(status.subjects),
        sg_out_number(root.root.n_rows),
        root.reasons == 0 ? sg_out_hash(&root.root.sum) : sg_out_none(),
    };

    sg_out_card(&cli->out, &shape, values);
    return 0;
}

int sg_verb_view_rebuild(struct sg_cli *cli, struct sg_cli_words words)
{
    struct sg_register all;
    struct sg_view *view;
    int code = sg_cli_options(cli, &words, NULL, 0, 0, 0);

    if (code == 0)
        code = sg_register_open(cli, &all);
    if (code != 0)
        return code;
    code = sg_register_change_key(cli, &all);
    if (code == 0)
        code = sg_register_view(cli, &all, cli->dir, true, &view);
    if (code == 0) {
        code = show(cli, view);
        sg_view_close(view);
    }
    sg_register_close(&all);
    return code;
}
