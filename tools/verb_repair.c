#include <string.h>

#include "storage/base/alloc.h"
#include "storage/lmdb/fetch.h"
#include "storage/lmdb/key_store.h"
#include "storage/lmdb/repair.h"
#include "storage/lmdb/rewrite.h"
#include "tools/examine.h"
#include "tools/home.h"
#include "tools/verb.h"

/* Of one look; what is beyond is found by the next repair. */
#define FINDINGS_MAX 65536u
#define FETCH_SIZE   (17u << 20)

const struct sg_verb_page sg_verb_repair_page = {
    "[--from DIR] [--dir DIR]",
    {"Mends what sogoc verify names: damaged entries from another store or a "
     "backup,\n"
     "trees, counts and log rows from the entries. Nothing is written that a "
     "signature\n"
     "of the log's node does not cover. Says what was mended and what is still "
     "damaged.\n"
     "sogocd must be stopped.\n"
     "\n"
     "  --from DIR  a backup, or the data directory of a node that holds the "
     "same logs,\n"
     "              on a disk or a stick; it is only read\n"
     "\n"
     "Where the database itself is damaged nothing is mended: sogoc restore "
     "puts a backup\n"
     "in its place. Exit 0 if all is intact then, 1 if not.\n",
     "Sửa những gì sogoc verify nêu ra: mục hỏng lấy lại từ kho khác hoặc bản "
     "sao lưu;\n"
     "cây, số đếm và dòng nhật ký dựng lại từ các mục. Không ghi bất cứ điều "
     "gì "
     "mà chữ\n"
     "ký của nút ghi nhật ký không bảo đảm. Nêu những gì đã sửa và những gì "
     "còn "
     "hỏng.\n"
     "Phải dừng sogocd.\n"
     "\n"
     "  --from DIR  bản sao lưu, hoặc thư mục dữ liệu của nút giữ cùng các "
     "nhật ký, trên\n"
     "              đĩa hoặc thẻ nhớ; chỉ đọc\n"
     "\n"
     "Nếu chính cơ sở dữ liệu bị hỏng thì không sửa gì: sogoc restore thay "
     "bằng "
     "bản sao\n"
     "lưu. Mã kết thúc 0 nếu sau đó nguyên vẹn, 1 nếu không.\n"},
    "  $ sogoc repair --from copy --dir demo\n",
};

static const struct sg_out_shape mended_shape = {
    .type = "mended",
    .field_count = 3,
    .fields = {{"log", {"mended: log", "đã sửa: nhật ký"}, -16},
               {"index", {"index", "mục"}, -12},
               {"what", {"what", "lỗi gì"}, 0}},
};

static const struct sg_out_shape shape = {
    .type = "repaired",
    .field_count = 4,
    .fields = {{"verdict", {"verdict", "kết luận"}, 0},
               {"mended", {"mended", "đã sửa"}, 0},
               {"left", {"still damaged", "còn hỏng"}, 0},
               {"next", {"next", "tiếp theo"}, 0}},
};

struct finding {
    uint32_t log;
    uint64_t index;
    enum sg_damage damage;
};

struct findings {
    size_t count;
    uint64_t total;
    struct finding *list; /* FINDINGS_MAX */
};

struct repairing {
    struct sg_cli *cli;
    const char *from;
    struct sg_store *store;
    struct sg_store *source; /* NULL: none */
    struct sg_batch *batch;
    struct sg_fetch *fetch;
    struct sg_key_file_info node;
    bool has_node;
    struct sg_highwater signed_there;  /* what the source has signed itself */
    struct sg_checkpoint *checkpoints; /* of the source's logs */
    size_t checkpoint_count, checkpoint_capacity;
    struct findings before, after;
};

static void note(void *context, uint32_t log, uint64_t index,
                 enum sg_damage damage)
{
    struct findings *findings = context;

    findings->total++;
    if (findings->count < FINDINGS_MAX)
        findings->list[findings->count++] =
            (struct finding){log, index, damage};
}

/* --- Mending
 * ---------------------------------------------------------------------- */

static bool is_entry(enum sg_damage damage)
{
    return damage == SG_DAMAGE_PAYLOAD || damage == SG_DAMAGE_LEAF ||
           damage == SG_DAMAGE_ROW;
}

/* Goes on after what the source cannot help with; stops where the disk or the
 * database does not bear it. */
static bool is_end(enum sg_err err)
{
    return err == SG_ERR_FULL || err == SG_ERR_FATAL || err == SG_ERR_NOMEM ||
           err == SG_ERR_DAMAGED;
}

/* Reads from the source what a package of LOG from FIRST to the end of its
 * chunk needs, tied to KNOWN. Errors: NOTFOUND (not there, or damaged there,
 * too). */
static enum sg_err read_source(struct repairing *repairing,
                               const struct sg_checkpoint *known, uint32_t log,
                               struct sg_package *package,
                               struct sg_frontier *ret_before,
                               struct sg_hash cover[SG_MERKLE_HASHES_MAX])
{
    uint64_t first = package->first;
    size_t count = SG_PACKAGE_ENTRIES_MAX - first % SG_PACKAGE_ENTRIES_MAX;
    struct sg_fetch *fetch = repairing->fetch;
    enum sg_err err;

    if (known->size <= first)
        return SG_ERR_NOTFOUND;
    if (count > known->size - first)
        count = (size_t)(known->size - first);
    err = sg_fetch_range(repairing->source, log, first, count, fetch);
    if (err == SG_OK && fetch->count == 0)
        err = SG_ERR_NOTFOUND;
    if (err == SG_OK)
        err = sg_fetch_frontier(repairing->source, log, first, ret_before);
    if (err == SG_OK)
        err = sg_fetch_cover(repairing->source, log, first + fetch->count,
                             known->size, cover, &package->cover_count);
    package->entries = fetch->entries;
    package->count = fetch->count;
    package->known = *known;
    package->cover = cover;
    return err == SG_OK ? SG_OK : SG_ERR_NOTFOUND;
}

/* The checkpoint that the source's node has signed of LOG, or none. */
static struct sg_checkpoint signed_there(const struct repairing *repairing,
                                         const struct sg_log_id *log)
{
    const struct sg_highwater *last = &repairing->signed_there;

    for (unsigned i = 0; i < last->count; i++)
        if (memcmp(&last->logs[i].log, log, sizeof *log) == 0)
            return last->logs[i].checkpoint;
    return (struct sg_checkpoint){.size = 0};
}

/* Mends the damaged entries from FIRST on to the end of its chunk, as the
 * source has them, with the proof that a checkpoint covers them: the one that
 * is known here, or one of the source's. */
static enum sg_err mend_range(struct repairing *repairing,
                              const struct sg_store_log *ours, uint64_t first)
{
    struct sg_hash cover[SG_MERKLE_HASHES_MAX];
    struct sg_package package = {.log = ours->number, .first = first};
    struct sg_checkpoint known[3];
    struct sg_frontier before;
    struct sg_store_log theirs;
    size_t mended;
    enum sg_err err =
        sg_store_find(repairing->source, &ours->id, ours->branch, &theirs);

    if (err != SG_OK)
        return SG_ERR_NOTFOUND;
    known[0] = ours->row.known;
    known[1] = theirs.row.known;
    known[2] = signed_there(repairing, &ours->id);
    err = SG_ERR_NOTFOUND;
    for (int i = 0; i < 3 && err != SG_OK && !is_end(err); i++) {
        err = read_source(repairing, &known[i], theirs.number, &package,
                          &before, cover);
        if (err == SG_OK)
            err = sg_repair_range(repairing->store, repairing->batch, &package,
                                  &before, &mended);
        if (err == SG_OK)
            err = sg_batch_commit(repairing->batch);
        sg_batch_clear(repairing->batch);
    }
    return err;
}

static enum sg_err mend_entries(struct repairing *repairing,
                                const struct finding *list, size_t count)
{
    struct sg_store_log ours;
    enum sg_err err = sg_store_get(repairing->store, list[0].log, &ours);

    if (err != SG_OK || repairing->source == NULL)
        return SG_OK;
    for (size_t i = 0; i < count && !is_end(err); i++)
        if (is_entry(list[i].damage) &&
            sg_batch_is_damaged(repairing->batch, ours.number, list[i].index))
            err = mend_range(repairing, &ours, list[i].index);
    sg_batch_clear(repairing->batch);
    return is_end(err) ? err : SG_OK;
}

static bool has(const struct finding *list, size_t count,
                bool (*is)(enum sg_damage damage))
{
    for (size_t i = 0; i < count; i++)
        if (is(list[i].damage))
            return true;
    return false;
}

static bool is_row(enum sg_damage damage)
{
    return damage == SG_DAMAGE_ROW;
}

static bool is_log(enum sg_damage damage)
{
    return damage == SG_DAMAGE_LOG;
}

/* All that was found of one log: what leads to entries first, then they, then
 * what is made of them. */
static enum sg_err mend_log(struct repairing *repairing,
                            const struct finding *list, size_t count)
{
    const struct sg_rewrite_facts facts = {
        .node_key = repairing->has_node ? repairing->node.public_key : NULL,
        .checkpoints = repairing->checkpoints,
        .checkpoint_count = repairing->checkpoint_count,
    };
    uint64_t written;
    enum sg_err err = SG_OK;

    if (has(list, count, is_row))
        err = sg_rewrite_extents(repairing->store, list[0].log, &written);
    if (!is_end(err) && has(list, count, is_log))
        err = sg_rewrite_log(repairing->store, list[0].log, &facts, &written);
    if (!is_end(err))
        err = mend_entries(repairing, list, count);
    if (!is_end(err)) /* counters too: the source may lack a payload */
        err = sg_rewrite_log(repairing->store, list[0].log, &facts, &written);
    return is_end(err) ? err : SG_OK;
}

static int mend(struct repairing *repairing)
{
    const struct findings *found = &repairing->before;
    enum sg_err err = SG_OK;

    for (size_t i = 0, n; i < found->count && err == SG_OK; i += n) {
        for (n = 1; i + n < found->count &&
                    found->list[i + n].log == found->list[i].log;)
            n++;
        if (found->list[i].log != 0)
            err = mend_log(repairing, found->list + i, n);
    }
    if (err == SG_ERR_FATAL || err == SG_ERR_DAMAGED)
        return sg_examine_fail_pages(repairing->cli, repairing->cli->dir);
    return err == SG_OK
               ? 0
               : sg_cli_fail_err(repairing->cli, err, repairing->cli->dir);
}

/* --- Opening
 * ---------------------------------------------------------------------- */

static enum sg_err add_checkpoint(struct repairing *repairing,
                                  const struct sg_checkpoint *checkpoint)
{
    if (repairing->checkpoint_count == repairing->checkpoint_capacity) {
        size_t capacity = 2 * repairing->checkpoint_capacity + 64;
        struct sg_checkpoint *more =
            sg_realloc(repairing->checkpoints, capacity * sizeof *more);

        if (more == NULL)
            return SG_ERR_NOMEM;
        repairing->checkpoints = more;
        repairing->checkpoint_capacity = capacity;
    }
    repairing->checkpoints[repairing->checkpoint_count++] = *checkpoint;
    return SG_OK;
}

static enum sg_err see_log(void *context, const struct sg_store_log *log)
{
    return add_checkpoint(context, &log->row.known);
}

static enum sg_err gather_checkpoints(struct repairing *repairing)
{
    const struct sg_highwater *last = &repairing->signed_there;
    enum sg_err err = sg_store_each(repairing->source, see_log, repairing);

    if (err == SG_OK)
        err = sg_store_signed(repairing->source, &repairing->signed_there);
    for (unsigned i = 0; i < last->count && err == SG_OK; i++)
        err = add_checkpoint(repairing, &last->logs[i].checkpoint);
    return err;
}

static int open_source(struct repairing *repairing)
{
    struct sg_cli *cli = repairing->cli;
    enum sg_err err;
    int code = sg_examine_open(cli, repairing->from, &repairing->source);

    if (code != 0)
        return code;
    if (memcmp(sg_store_registry(repairing->source),
               sg_store_registry(repairing->store),
               sizeof(struct sg_registry_id)) != 0)
        return sg_cli_fail(cli, SG_EXIT_KEY, "%s is of another registry",
                           "%s thuộc sổ khác", repairing->from);
    err = gather_checkpoints(repairing);
    return err == SG_OK ? 0 : sg_cli_fail_err(cli, err, repairing->from);
}

/* Without keys: nothing is signed here, no epoch begins. */
static int open_store(struct repairing *repairing)
{
    const struct sg_cli *cli = repairing->cli;
    const struct sg_store_config config = {.dir = cli->dir};
    enum sg_err err = sg_store_open(&config, NULL, 0, &repairing->store);

    if (err == SG_ERR_NOTFOUND)
        return sg_cli_fail(cli, SG_EXIT_IMPOSSIBLE,
                           "%s: no data directory; say --dir with the node's",
                           "%s: không có thư mục dữ liệu; hãy ghi --dir với "
                           "thư mục của nút",
                           cli->dir);
    if (err == SG_ERR_DAMAGED || err == SG_ERR_TRUNCATED)
        return sg_examine_fail_pages(cli, cli->dir);
    return err == SG_OK ? 0 : sg_cli_fail_err(cli, err, cli->dir);
}

/* Which logs are this node's own shows in its key's file, in the clear. */
static void read_node(struct repairing *repairing)
{
    uint8_t file[SG_KEY_FILE_SIZE];
    char folder[SG_HOME_PATH_MAX];

    repairing->has_node =
        sg_home_keys_path(repairing->cli, folder) == 0 &&
        sg_key_store_read(folder, SG_HOME_NODE, file) == SG_OK &&
        sg_key_file_inspect(SG_BYTES_ARRAY(file), &repairing->node) == SG_OK;
    sg_crypto_wipe(file, sizeof file);
}

static enum sg_err make_room(struct repairing *repairing)
{
    repairing->before.list =
        sg_alloc(FINDINGS_MAX * sizeof *repairing->before.list);
    repairing->after.list =
        sg_alloc(FINDINGS_MAX * sizeof *repairing->after.list);
    repairing->fetch = sg_alloc(sizeof *repairing->fetch);
    if (repairing->before.list == NULL || repairing->after.list == NULL ||
        repairing->fetch == NULL)
        return SG_ERR_NOMEM;
    sg_fetch_init(repairing->fetch, FETCH_SIZE);
    return sg_batch_new(repairing->store, &repairing->batch);
}

static void end(struct repairing *repairing)
{
    sg_batch_free(repairing->batch);
    if (repairing->fetch != NULL)
        sg_fetch_clear(repairing->fetch);
    sg_free(repairing->fetch);
    sg_free(repairing->before.list);
    sg_free(repairing->after.list);
    sg_free(repairing->checkpoints);
    sg_store_close(repairing->source);
    sg_store_close(repairing->store);
}

/* --- What came of it
 * -------------------------------------------------------------- */

static bool is_left(const struct repairing *repairing,
                    const struct finding *finding)
{
    const struct findings *after = &repairing->after;

    for (size_t i = 0; i < after->count; i++)
        if (after->list[i].log == finding->log &&
            after->list[i].index == finding->index)
            return true;
    return false;
}

static void show_mended(const struct repairing *repairing)
{
    struct sg_cli *cli = repairing->cli;

    for (size_t i = 0; i < repairing->before.count; i++) {
        const struct finding *finding = &repairing->before.list[i];
        const struct sg_out_value values[] = {
            sg_out_number(finding->log),
            sg_out_number(finding->index),
            sg_out_word(sg_verify_damage_text(finding->damage, SG_LANG_EN),
                        sg_verify_damage_text(finding->damage, cli->lang)),
        };

        if (!is_left(repairing, finding))
            sg_out_row(&cli->out, &mended_shape, values);
    }
}

static struct sg_out_value next_step(const struct repairing *repairing,
                                     const struct sg_examine_beside *beside)
{
    const struct sg_cli *cli = repairing->cli;

    if (repairing->after.total > 0 && repairing->source == NULL)
        return sg_out_word(
            "sogoc repair --from",
            sg_cli_say(cli,
                       "say --from with a backup or another node's directory",
                       "ghi --from với bản sao lưu hoặc thư mục của nút khác"));
    if (repairing->after.total > 0)
        return sg_out_word(
            "sogoc restore",
            sg_cli_say(cli,
                       "another --from; or put a backup in its place: sogoc "
                       "restore BACKUP --replace",
                       "thử --from khác; hoặc thay bằng bản sao lưu: sogoc "
                       "restore BẢN-SAO --replace"));
    if (beside->keys > 0)
        return sg_out_word(
            "keys",
            sg_cli_say(cli,
                       "put the key file back from the copy that sogoc key "
                       "backup made",
                       "chép lại tệp khóa từ bản sao do sogoc key backup tạo"));
    if (beside->identity > 0)
        return sg_out_word(
            "sogoc join --take",
            sg_cli_say(cli,
                       "take the authority's answer again: sogoc join --take",
                       "nhận lại trả lời của cơ quan quản lý: sogoc join "
                       "--take"));
    if (beside->highwater > 0)
        return sg_out_word(
            "sogocd",
            sg_cli_say(cli,
                       "start sogocd: it goes on, under a new log if it must",
                       "chạy sogocd: nút đi tiếp, mở nhật ký mới nếu cần"));
    return sg_out_none();
}

static int show(struct repairing *repairing)
{
    struct sg_cli *cli = repairing->cli;
    struct sg_examine_beside beside;
    uint64_t left;
    int code;

    show_mended(repairing);
    for (size_t i = 0; i < repairing->after.count; i++)
        sg_examine_print(cli, repairing->after.list[i].log,
                         repairing->after.list[i].index,
                         repairing->after.list[i].damage);
    code = sg_examine_beside(cli, repairing->store, &beside);
    if (code != 0)
        return code;
    left = repairing->after.total + sg_examine_count(&beside);
    const struct sg_out_value values[] = {
        left == 0 ? sg_out_word("intact", sg_cli_say(cli, NULL, "nguyên vẹn"))
                  : sg_out_word("damaged", sg_cli_say(cli, NULL, "bị hỏng")),
        sg_out_number(repairing->before.total > repairing->after.total
                          ? repairing->before.total - repairing->after.total
                          : 0),
        sg_out_number(left),
        next_step(repairing, &beside),
    };

    sg_out_card(&cli->out, &shape, values);
    return left == 0 ? SG_EXIT_OK : SG_EXIT_NO;
}

static int repair(struct repairing *repairing)
{
    struct sg_cli *cli = repairing->cli;
    struct sg_verify_totals totals;
    enum sg_err err = make_room(repairing);
    int code;

    if (err != SG_OK)
        return sg_cli_fail_err(cli, err, cli->dir);
    code = sg_examine_store(cli, repairing->store, cli->dir, note,
                            &repairing->before, &totals);
    if (code == 0)
        code = mend(repairing);
    if (code == 0)
        code = sg_examine_store(cli, repairing->store, cli->dir, note,
                                &repairing->after, &totals);
    return code == 0 ? show(repairing) : code;
}

int sg_verb_repair(struct sg_cli *cli, struct sg_cli_words words)
{
    struct repairing repairing = {.cli = cli};
    const struct sg_cli_option options[] = {
        {"--from", SG_CLI_TEXT, .text = &repairing.from},
    };
    int code = sg_cli_options(cli, &words, options, 1, 0, 0);

    if (code != 0)
        return code;
    code = open_store(&repairing);
    if (code == 0 && repairing.from != NULL)
        code = open_source(&repairing);
    if (code == 0) {
        read_node(&repairing);
        code = repair(&repairing);
    }
    end(&repairing);
    return code;
}
