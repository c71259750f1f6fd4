#include <string.h>

#include "storage/base/alloc.h"
#include "storage/lmdb/fetch.h"
#include "tools/verb.h"

const struct sg_verb_page sg_verb_diff_page = {
    "OTHER [--all] [--dir DIR]",
    {"Compares the logs of DIR with those of OTHER, a backup or the directory "
     "of\n"
     "another node, also beside a running sogocd: which differ in size, and by "
     "the\n"
     "roots of their trees whether the shorter one is how the longer one "
     "began.\n"
     "Exit 0 if all are equal, 1 if not.\n"
     "\n"
     "  --all  list those that are equal, too\n",
     "So các nhật ký trong DIR với OTHER, là bản sao lưu hoặc thư mục của nút "
     "khác,\n"
     "cả khi sogocd đang chạy: nhật ký nào khác kích thước, và theo gốc cây "
     "thì bản\n"
     "ngắn có đúng là phần đầu của bản dài không. Mã thoát 0 nếu giống hết, "
     "1 nếu\n"
     "không.\n"
     "\n"
     "  --all  liệt kê cả nhật ký giống nhau\n"},
    "  $ sogoc diff copy --dir demo || test $? -eq 1\n",
};

static const struct sg_out_shape shape = {
    .type = "difference",
    .field_count = 4,
    .fields = {{"log", {"log", "nhật ký"}, 16},
               {"here", {"in DIR", "ở DIR"}, -12},
               {"there", {"in OTHER", "ở OTHER"}, -12},
               {"state", {"so that", "quan hệ"}, 28}},
    .legend = {"here is longer, there is longer: the other is how it began. "
               "forked: they are two histories; see sogoc forks.",
               "bản này dài hơn, bản kia dài hơn: bản còn lại là phần đầu của "
               "nó. rẽ nhánh: hai lịch sử khác nhau; xem sogoc forks."},
};

/* The logs of one directory, branches too. */
struct side {
    struct sg_store *store;
    struct sg_store_log *logs;
    size_t count, capacity;
};

enum state { EQUAL, HERE_LONGER, THERE_LONGER, FORKED, ONLY_HERE, ONLY_THERE };

static const struct {
    const char *word, *en, *vi;
} states[] = {
    [EQUAL] = {"equal", "equal", "giống nhau"},
    [HERE_LONGER] = {"here is longer", "here is longer", "bản này dài hơn"},
    [THERE_LONGER] = {"there is longer", "there is longer", "bản kia dài hơn"},
    [FORKED] = {"forked", "forked", "rẽ nhánh"},
    [ONLY_HERE] = {"only here", "only here", "chỉ có ở đây"},
    [ONLY_THERE] = {"only there", "only there", "chỉ có ở bản kia"},
};

static enum sg_err take_log(void *context, const struct sg_store_log *log)
{
    struct side *side = context;

    if (!sg_alloc_grow((void **)&side->logs, side->count, &side->capacity,
                       sizeof *side->logs))
        return SG_ERR_NOMEM;
    side->logs[side->count++] = *log;
    return SG_OK;
}

static int open_side(const struct sg_cli *cli, const char *dir,
                     struct side *side)
{
    enum sg_err err = sg_store_open_beside(dir, &side->store);

    if (err == SG_ERR_NOTFOUND)
        return sg_cli_fail(cli, SG_EXIT_IMPOSSIBLE,
                           "%s: neither a data directory nor a backup",
                           "%s: không phải thư mục dữ liệu hay bản sao lưu",
                           dir);
    if (err == SG_OK)
        err = sg_store_each(side->store, take_log, side);
    return err == SG_OK ? 0 : sg_cli_fail_err(cli, err, dir);
}

static void close_side(struct side *side)
{
    sg_free(side->logs);
    sg_store_close(side->store);
}

static const struct sg_store_log *log_of(const struct side *side,
                                         const struct sg_log_id *id,
                                         uint32_t branch)
{
    for (size_t i = 0; i < side->count; i++)
        if (memcmp(&side->logs[i].id, id, sizeof *id) == 0 &&
            side->logs[i].branch == branch)
            return &side->logs[i];
    return NULL;
}

/* Says how A of HERE and B of THERE are to each other. */
static enum sg_err compare(const struct side *here,
                           const struct sg_store_log *a,
                           const struct side *there,
                           const struct sg_store_log *b, enum state *ret_state)
{
    uint64_t size_a = a->row.frontier.size, size_b = b->row.frontier.size;
    uint64_t common = size_a < size_b ? size_a : size_b;
    struct sg_hash root_a = {{0}}, root_b = {{0}};
    enum sg_err err = SG_OK;

    if (common > 0)
        err = sg_fetch_root(here->store, a->number, common, &root_a);
    if (common > 0 && err == SG_OK)
        err = sg_fetch_root(there->store, b->number, common, &root_b);
    if (memcmp(&root_a, &root_b, sizeof root_a) != 0)
        *ret_state = FORKED;
    else
        *ret_state = size_a == size_b  ? EQUAL
                     : size_a > size_b ? HERE_LONGER
                                       : THERE_LONGER;
    return err;
}

static void show(struct sg_cli *cli, const struct sg_log_id *log,
                 const struct sg_store_log *a, const struct sg_store_log *b,
                 enum state state)
{
    const struct sg_out_value values[] = {
        sg_out_hash(&log->hash),
        a == NULL ? sg_out_none() : sg_out_number(a->row.frontier.size),
        b == NULL ? sg_out_none() : sg_out_number(b->row.frontier.size),
        sg_out_word(states[state].word,
                    sg_cli_say(cli, states[state].en, states[state].vi)),
    };

    sg_out_row(&cli->out, &shape, values);
}

/* A branch is compared with the branch of the same number; where that is
 * another history, with the one that fits. */
static enum sg_err compare_log(const struct side *here,
                               const struct sg_store_log *a,
                               const struct side *there,
                               const struct sg_store_log **ret_b,
                               enum state *ret_state)
{
    const struct sg_store_log *b = log_of(there, &a->id, a->branch);
    enum sg_err err = SG_OK;

    *ret_state = ONLY_HERE;
    *ret_b = b;
    if (b != NULL)
        err = compare(here, a, there, b, ret_state);
    for (size_t i = 0; i < there->count && err == SG_OK && *ret_state >= FORKED;
         i++) {
        enum state state;

        b = &there->logs[i];
        if (memcmp(&b->id, &a->id, sizeof b->id) != 0)
            continue;
        err = compare(here, a, there, b, &state);
        if (err != SG_OK || (state == FORKED && *ret_b != NULL))
            continue;
        *ret_state = state;
        *ret_b = b;
    }
    return err;
}

static int diff(struct sg_cli *cli, const struct side *here,
                const struct side *there, bool is_all)
{
    bool is_equal = true;

    for (size_t i = 0; i < here->count; i++) {
        const struct sg_store_log *a = &here->logs[i], *b;
        enum state state;
        enum sg_err err = compare_log(here, a, there, &b, &state);

        if (err != SG_OK)
            return sg_cli_fail_err(cli, err, cli->dir);
        is_equal = is_equal && state == EQUAL;
        if (state != EQUAL || is_all)
            show(cli, &a->id, a, b, state);
    }
    for (size_t i = 0; i < there->count; i++) {
        const struct sg_store_log *b = &there->logs[i], *a;
        enum state state;
        enum sg_err err = compare_log(there, b, here, &a, &state);

        if (err != SG_OK)
            return sg_cli_fail_err(cli, err, cli->dir);
        if (state != ONLY_HERE)
            continue;
        is_equal = false;
        show(cli, &b->id, NULL, b, ONLY_THERE);
    }
    return is_equal ? 0 : SG_EXIT_NO;
}

int sg_verb_diff(struct sg_cli *cli, struct sg_cli_words words)
{
    struct side here = {.store = NULL}, there = {.store = NULL};
    bool is_all = false;
    const struct sg_cli_option options[] = {
        {"--all", SG_CLI_FLAG, .flag = &is_all},
    };
    int code = sg_cli_options(cli, &words, options, 1, 1, 1);

    if (code == 0)
        code = open_side(cli, cli->dir, &here);
    if (code == 0)
        code = open_side(cli, words.words[0], &there);
    if (code == 0 &&
        memcmp(sg_store_registry(here.store), sg_store_registry(there.store),
               sizeof *sg_store_registry(here.store)) != 0)
        code = sg_cli_fail(cli, SG_EXIT_IMPOSSIBLE,
                           "%s is of another registry than %s",
                           "%s thuộc sổ khác với %s", words.words[0], cli->dir);
    if (code == 0)
        code = diff(cli, &here, &there, is_all);
    close_side(&there);
    close_side(&here);
    return code;
}
