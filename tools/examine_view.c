#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "node/view/view_check.h"
#include "storage/base/alloc.h"
#include "storage/lmdb/file.h"
#include "tools/examine.h"
#include "tools/register.h"

#define PATH_SIZE (SG_HOME_PATH_MAX + 32)

struct looking {
    struct sg_cli *cli;
    uint64_t findings;
};

static void found(void *context, const char *database, uint64_t no,
                  enum sg_sealed_fault fault)
{
    static const char *const texts[][2] = {
        [SG_SEALED_VALUE] = {"row of the view changed",
                             "dòng của phần sổ dẫn xuất bị thay đổi"},
        [SG_SEALED_ORDER] = {"rows of the view out of order, or missing",
                             "các dòng của phần sổ dẫn xuất lộn xộn hoặc "
                             "thiếu"},
        [SG_SEALED_MARK] = {"the view is of another key or release, or half "
                            "made",
                            "phần sổ dẫn xuất thuộc khóa hay bản phát hành "
                            "khác, hoặc dựng dở"},
    };
    struct looking *looking = context;
    char file[64];

    (void)snprintf(file, sizeof file, "view %s", database);
    sg_examine_report(looking->cli, file, no, texts[fault]);
    looking->findings++;
}

static void found_whole(struct looking *looking, const char *file)
{
    static const char *const texts[2] = {
        "the database of the view is damaged",
        "cơ sở dữ liệu của phần sổ dẫn xuất bị hỏng"};

    sg_examine_report(looking->cli, file, UINT64_MAX, texts);
    looking->findings++;
}

/* Looks at a view as CHECK says, whose FOUND and CONTEXT are set here. */
static int look(struct looking *looking, struct sg_view_check check)
{
    const struct sg_cli *cli = looking->cli;
    uint64_t rows;
    enum sg_err err;

    check.found = found;
    check.context = looking;
    err = sg_view_check(&check, &rows);

    if (err == SG_ERR_NOTFOUND)
        return sg_cli_fail(cli, SG_EXIT_IMPOSSIBLE,
                           "%s/view: no view here; sogocd makes it, or sogoc "
                           "view rebuild",
                           "%s/view: chưa có phần sổ dẫn xuất; sogocd hoặc "
                           "sogoc view rebuild sẽ dựng",
                           cli->dir);
    if (err == SG_ERR_DAMAGED || err == SG_ERR_TRUNCATED ||
        err == SG_ERR_VERSION) {
        found_whole(looking, "view/data.mdb");
        return 0;
    }
    return err == SG_OK ? 0 : sg_cli_fail_err(cli, err, check.dir);
}

/* --- Comparing
 * --------------------------------------------------------------------- */

struct roots {
    size_t count, capacity;
    struct sg_view_root *list;
    struct looking *looking; /* when these are compared with the list */
};

static enum sg_err take_root(void *context, const struct sg_view_root *root)
{
    struct roots *roots = context;

    if (!sg_alloc_grow((void **)&roots->list, roots->count, &roots->capacity,
                       sizeof *roots->list))
        return SG_ERR_NOMEM;
    roots->list[roots->count++] = *root;
    return SG_OK;
}

static enum sg_err take_roots(struct sg_view *view, struct roots *roots)
{
    struct sg_view_root all;
    enum sg_err err = sg_view_root_all(view, &all);

    all.unit = (struct sg_unit_key){.value = 0};
    if (err == SG_OK)
        err = take_root(roots, &all);
    return err == SG_OK ? sg_view_roots(view, take_root, roots) : err;
}

/* Finds the root that is to be compared with root NO, which is of UNIT: the
 * first is that of all, and rows without a unit have one too. */
static const struct sg_view_root *find_root(const struct roots *roots,
                                            size_t no, struct sg_unit_key unit)
{
    if (no == 0)
        return roots->count > 0 ? &roots->list[0] : NULL;
    for (size_t i = 1; i < roots->count; i++)
        if (roots->list[i].unit.value == unit.value)
            return &roots->list[i];
    return NULL;
}

/* Names the units whose rows are others than those of the logs; 0: all. */
static void compare_roots(struct looking *looking, const struct roots *old,
                          const struct roots *made)
{
    static const char *const texts[2] = {
        "rows of this unit are not those of the logs",
        "các dòng của đơn vị này không phải từ nhật ký mà ra"};

    for (size_t side = 0; side < 2; side++) {
        const struct roots *mine = side == 0 ? made : old;
        const struct roots *other = side == 0 ? old : made;

        for (size_t i = 0; i < mine->count; i++) {
            const struct sg_view_root *root = &mine->list[i];
            const struct sg_view_root *there = find_root(other, i, root->unit);

            if (there == NULL ? root->root.n_rows == 0
                              : side == 1 || sg_state_root_equal(&root->root,
                                                                 &there->root))
                continue;
            sg_examine_report(looking->cli, "view units", root->unit.value,
                              texts);
            looking->findings++;
        }
    }
}

static void remove_made(const char *dir)
{
    static const char *const names[] = {"view/data.mdb", "view/lock.mdb",
                                        "view", ""};
    char path[PATH_SIZE + 16];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        if (i < 2)
            (void)unlink(path);
        else
            (void)rmdir(path);
    }
}

/* Makes another view in DIR and holds what is here against it. */
static int compare_in(struct looking *looking, struct sg_register *all,
                      const char *dir)
{
    struct sg_cli *cli = looking->cli;
    struct roots old = {.count = 0}, made = {.count = 0};
    struct sg_view *view;
    enum sg_err err = SG_OK;
    int code = sg_register_view(cli, all, cli->dir, false, &view);

    if (code == 0) {
        err = take_roots(view, &old);
        sg_view_close(view);
        code = sg_register_view(cli, all, dir, true, &view);
    }
    if (code == 0) {
        if (err == SG_OK)
            err = take_roots(view, &made);
        sg_view_close(view);
        if (err == SG_OK)
            compare_roots(looking, &old, &made);
        else
            code = sg_cli_fail_err(cli, err, cli->dir);
    }
    sg_free(old.list);
    sg_free(made.list);
    return code;
}

/* Of the view that lies in the directory. */
static struct sg_view_check check_of(const struct looking *looking,
                                     const struct sg_register *all)
{
    return (struct sg_view_check){.dir = looking->cli->dir,
                                  .registry =
                                      sg_store_registry(all->home.store),
                                  .key = all->key};
}

/* The rows that are not sealed, of both. */
static int compare_plain(struct looking *looking, struct sg_register *all,
                         const char *dir)
{
    struct sg_view_plain plain;
    struct sg_view_check made = check_of(looking, all), here = made;
    int code;

    sg_buf_init(&plain.rows, SG_VIEW_PLAIN_SIZE_MAX);
    made.dir = dir;
    made.says = &plain;
    here.must = &plain;
    code = look(looking, made);
    if (code == 0)
        code = look(looking, here);
    sg_buf_clear(&plain.rows);
    return code;
}

/* Says whether the view is of these logs. It is asked before anybody opens the
 * view, who would delete it otherwise and make another. */
static int compare_logs(struct looking *looking, struct sg_register *all)
{
    static const char *const texts[2] = {
        "the view was made of more than the logs have, or of others: they were "
        "set back; sogocd makes it anew, or sogoc view rebuild",
        "phần sổ dẫn xuất được dựng từ nhật ký dài hơn hoặc khác: nhật ký đã "
        "bị đưa về trạng thái cũ; sogocd hoặc sogoc view rebuild sẽ dựng lại"};
    struct sg_view_check check = check_of(looking, all);
    bool is_set_back = false;
    int code;

    check.store = all->home.store;
    check.ret_is_set_back = &is_set_back;
    code = look(looking, check);
    if (is_set_back) {
        sg_examine_report(looking->cli, "view progress", UINT64_MAX, texts);
        looking->findings++;
    }
    return code;
}

/* Holds the view against another one, made for that. */
static int compare_made(struct looking *looking, struct sg_register *all)
{
    const struct sg_cli *cli = looking->cli;
    char dir[PATH_SIZE];
    enum sg_err err;
    int code = 0;

    (void)snprintf(dir, sizeof dir, "%s/view.check", cli->dir);
    remove_made(dir);
    err = sg_file_make_folder(dir);
    if (err != SG_OK)
        code = sg_cli_fail_err(cli, err, dir);
    if (code == 0)
        code = compare_in(looking, all, dir);
    if (code == 0)
        code = compare_plain(looking, all, dir);
    remove_made(dir);
    return code;
}

static int compare(struct looking *looking)
{
    struct sg_cli *cli = looking->cli;
    struct sg_register all;
    int code = sg_register_open(cli, &all);

    if (code != 0)
        return code;
    code = compare_logs(looking, &all);
    if (code == 0 && looking->findings == 0)
        code = compare_made(looking, &all);
    sg_register_close(&all);
    return code;
}

/* Says whether another process has the store. */
static bool is_busy(const struct sg_cli *cli)
{
    const struct sg_store_config config = {.dir = cli->dir};
    struct sg_store *store;
    enum sg_err err = sg_store_open(&config, NULL, 0, &store);

    if (err == SG_OK)
        sg_store_close(store);
    return err == SG_ERR_BUSY;
}

int sg_examine_view(struct sg_cli *cli, const struct sg_registry_id *registry,
                    uint64_t *ret_findings)
{
    struct looking looking = {.cli = cli};
    struct sg_view_check check = {.dir = cli->dir, .registry = registry};
    struct sg_key *key;
    int code = sg_home_key(cli, SG_REGISTER_KEY, &key);

    if (code != 0)
        return code;
    if (key == NULL)
        return sg_cli_fail(cli, SG_EXIT_IMPOSSIBLE,
                           "%s/keys/view.key: no view here yet; sogocd makes "
                           "it, or sogoc view rebuild",
                           "%s/keys/view.key: chưa có phần sổ dẫn xuất; sogocd "
                           "hoặc sogoc view rebuild sẽ dựng",
                           cli->dir);
    check.key = key;
    code = look(&looking, check);
    sg_key_file_free(key);
    if (code == 0 && looking.findings == 0) {
        if (is_busy(cli))
            sg_cli_note(cli,
                        "a sogocd has the store: the view's rows were opened, "
                        "not compared with the logs",
                        "sogocd đang dùng kho: đã mở từng dòng, chưa so với "
                        "nhật ký");
        else
            code = compare(&looking);
    }
    *ret_findings = looking.findings;
    return code;
}
