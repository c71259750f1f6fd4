/* view_replay ORDERS FILE: gives every history of FILE to a view on disk, the
 * logs growing at random, closed and opened again at random, and compares rows
 * and roots with what the register in memory makes of the same entries
 * (replay.h), in between and at the end; then has it deleted and rebuilt, and
 * compares all figures. Exit: 0 they agree, 1 they do not. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node/view/view_open.h"
#include "storage/base/buf.h"
#include "storage/registry/merge/row.h"
#include "tests/merge/replay.h"

#define LINES_MAX ((size_t)64 << 20)
#define LIST_MAX  65536u
#define ROWS_MAX  (2 * REPLAY_LOGS_MAX)

/* --- the entries ------------------------------------------------------- */

struct feed {
    const struct replay_history *history;
    uint64_t held[ROWS_MAX]; /* as the view sees it */
    uint64_t all[ROWS_MAX];
    uint64_t fork[REPLAY_LOGS_MAX];
};

static unsigned row_of(const struct replay_copy *copy)
{
    return 2 * copy->log + (copy->copy.place.branch > 1);
}

static void feed_init(struct feed *feed, const struct replay_history *history)
{
    memset(feed, 0, sizeof *feed);
    feed->history = history;
    for (unsigned i = 0; i < history->n_logs; i++) {
        feed->all[2 * i] = history->logs[i].size;
        feed->fork[i] = UINT64_MAX;
    }
    for (unsigned i = 0; i < history->n_copies; i++) {
        const struct replay_copy *copy = &history->copies[i];
        uint64_t index = copy->copy.place.index;
        unsigned row = row_of(copy);

        if (index >= feed->all[row])
            feed->all[row] = index + 1;
        if (copy->copy.place.branch > 0 && index < feed->fork[copy->log])
            feed->fork[copy->log] = index;
    }
}

static enum sg_err give_log(void *context, size_t no, struct sg_feed_log *ret)
{
    const struct feed *feed = context;
    const struct replay_log *log;

    if (no >= 2 * (size_t)feed->history->n_logs)
        return SG_ERR_NOTFOUND;
    log = &feed->history->logs[no / 2];
    *ret = (struct sg_feed_log){.number = (uint32_t)no,
                                .id = log->id,
                                .kind = (enum sg_log_kind)log->kind,
                                .held = feed->held[no],
                                .branch = 1 + no % 2,
                                .fork = feed->fork[no / 2]};
    memcpy(ret->node, log->node, SG_KEY_SIZE);
    return SG_OK;
}

static enum sg_err give_items(void *context, uint32_t number, uint64_t first,
                              size_t count_max, struct sg_feed_item *ret_items,
                              size_t *ret_count)
{
    const struct feed *feed = context;
    const struct replay_history *history = feed->history;
    size_t count = 0;

    for (; count < count_max && first + count < feed->held[number]; count++)
        ret_items[count] = (struct sg_feed_item){.state = SG_FEED_OTHER,
                                                 .index = first + count};
    for (unsigned i = 0; i < history->n_copies; i++) {
        const struct replay_copy *copy = &history->copies[i];
        uint64_t index = copy->copy.place.index;

        if (row_of(copy) != number || index < first || index >= first + count)
            continue;
        ret_items[index - first] = (struct sg_feed_item){
            .state = copy->is_held ? SG_FEED_OPEN : SG_FEED_ABSENT,
            .index = index,
            .kind = copy->copy.entry_kind,
            .key_entry = i,
            .payload = copy->copy.payload};
    }
    *ret_count = count;
    return count > 0 ? SG_OK : SG_ERR_NOTFOUND;
}

static const struct sg_unit_key *give_readers(void *context, uint32_t number,
                                              uint64_t key_entry,
                                              size_t *ret_count)
{
    const struct feed *feed = context;
    const struct replay_copy *copy = &feed->history->copies[key_entry];

    (void)number;
    *ret_count = copy->n_readers;
    return copy->readers;
}

static uint32_t give_branch(void *context,
                            const struct sg_authority_prefix *prefix)
{
    uint32_t branch = sg_bytes_get_u32be(prefix->root.bytes);

    (void)context;
    return branch > 2 ? SG_AUTHORITY_BRANCH_NONE : branch;
}

/* --- lines ------------------------------------------------------------- */

static enum sg_err say_row(void *context, const struct sg_row *row)
{
    replay_say(context, "row ");
    replay_say_hex(context, row->bytes);
    replay_say(context, "\n");
    return SG_OK;
}

static void say_root(struct sg_buf *out, const char *unit,
                     const struct sg_state_root *root)
{
    char counts[64];

    replay_say(out, "root ");
    replay_say(out, unit);
    replay_say(out, " ");
    replay_say_hex(out, SG_BYTES_ARRAY(root->sum.bytes));
    (void)snprintf(counts, sizeof counts, " %" PRIu64 " %" PRIu64 "\n",
                   root->n_rows, root->n_persons);
    replay_say(out, counts);
}

static enum sg_err take_root(void *context, const struct sg_view_root *root)
{
    char unit[24];

    (void)snprintf(unit, sizeof unit, "%" PRIu64, root->unit.value);
    say_root(context, unit, &root->root);
    return SG_OK;
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorts LINES, without those that begin with "copies". */
static void sort_lines(struct sg_buf *lines)
{
    static char *list[LIST_MAX];
    struct sg_buf sorted;
    size_t count = 0;
    char *state = NULL;

    replay_must(sg_buf_append(lines, sg_bytes("", 1)), "lines");
    for (char *line = strtok_r((char *)lines->data, "\n", &state);
         line != NULL && count < LIST_MAX; line = strtok_r(NULL, "\n", &state))
        if (strncmp(line, "copies", 6) != 0)
            list[count++] = line;
    qsort(list, count, sizeof list[0], compare_lines);
    sg_buf_init(&sorted, LINES_MAX);
    for (size_t i = 0; i < count; i++) {
        replay_say(&sorted, list[i]);
        replay_say(&sorted, "\n");
    }
    sg_buf_clear(lines);
    *lines = sorted;
}

/* --- one view ---------------------------------------------------------- */

struct run {
    struct feed feed;
    struct sg_prng prng;
    char dir[512];
    struct sg_key *key;
    struct sg_view *view;
};

static void open_view(struct run *run)
{
    const struct sg_view_config config = {.dir = run->dir,
                                          .key = run->key,
                                          .map_size = 1 << 24,
                                          .map_size_max = 1 << 30,
                                          .reserve_size = 1};
    const struct sg_feed feed = {.context = &run->feed,
                                 .log = give_log,
                                 .read = give_items,
                                 .readers = give_readers,
                                 .branch_of = give_branch};
    enum sg_sealed_start start;

    replay_must(sg_view_open_feed(&config, &run->feed.history->registry, &feed,
                                  &run->view, &start),
                "open");
}

/* Applies what there is, in commits of any size; gives up in between, as a
 * process that dies does, with MAY_DIE. */
static void apply(struct run *run, bool may_die)
{
    bool is_applied = false, is_verified = false;

    while (!is_applied || !is_verified) {
        size_t max = 1 + sg_prng_below(&run->prng, 200);

        is_verified = false;
        replay_must(sg_view_apply(run->view, max, &is_applied), "apply");
        if (is_applied || sg_prng_chance(&run->prng, 200))
            replay_must(sg_view_verify(run->view, max, &is_verified), "verify");
        /* What was verified may be more to apply. */
        if (is_applied && is_verified)
            replay_must(sg_view_apply(run->view, max, &is_applied), "apply");
        if (may_die && sg_prng_chance(&run->prng, 100)) {
            sg_view_close(run->view);
            open_view(run);
        }
    }
}

static void list_rows(struct run *run, struct sg_buf *out)
{
    struct sg_uid uids[16];
    struct sg_view_page page = {.max = 16, .uids = uids};
    struct sg_view_reader *reader;

    replay_must(sg_view_reader_new(run->view, &reader), "reader");
    do {
        replay_must(sg_view_find_all(reader, &page), "page");
        for (size_t i = 0; i < page.count; i++)
            replay_must(sg_view_rows(reader, &uids[i], say_row, out), "rows");
    } while (page.cursor != 0);
    sg_view_reader_free(reader);
}

static void list_view(struct run *run, struct sg_buf *out)
{
    const struct sg_authority *authority = sg_view_hold(run->view);
    const struct sg_authority_campaign *campaigns;
    struct sg_view_root root;
    struct sg_buf work;
    size_t count;

    sg_buf_init(&work, SG_ROW_SIZE_MAX);
    campaigns = sg_authority_campaigns(authority, &count);
    for (size_t i = 0; i < count; i++)
        replay_must(sg_row_campaign(&campaigns[i], &work, say_row, out),
                    "campaign");
    sg_buf_clear(&work);
    sg_view_release(run->view);
    list_rows(run, out);
    replay_must(sg_view_roots(run->view, take_root, out), "roots");
    replay_must(sg_view_root_all(run->view, &root), "root");
    if (root.root.n_rows > 0)
        say_root(out, "all", &root.root);
    sort_lines(out);
}

/* What the register makes of the entries that the view has. */
static void list_register(const struct run *run, struct sg_buf *out)
{
    static struct replay_history part;
    const struct replay_history *history = run->feed.history;

    part = *history;
    part.n_copies = 0;
    for (unsigned i = 0; i < history->n_copies; i++) {
        const struct replay_copy *copy = &history->copies[i];

        if (copy->copy.place.index < run->feed.held[row_of(copy)])
            part.copies[part.n_copies++] = *copy;
    }
    for (unsigned i = 0; i < part.n_logs; i++)
        part.logs[i].size = run->feed.held[2 * i];
    replay_deliver(&part, 0, out);
    sort_lines(out);
}

/* Prints the lines of A that B does not have, behind WORD. Both are sorted. */
static void show_missing(const struct sg_buf *a, const struct sg_buf *b,
                         const char *word)
{
    const char *left = (const char *)a->data, *end = left + a->size;

    while (left < end) {
        size_t size =
            (size_t)((const char *)memchr(left, '\n', (size_t)(end - left)) -
                     left) +
            1;

        if (memmem(b->data, b->size, left, size) == NULL)
            printf("%s %.*s", word, (int)size, left);
        left += size;
    }
}

static void show_difference(const struct sg_buf *wanted,
                            const struct sg_buf *got)
{
    show_missing(wanted, got, "missing");
    show_missing(got, wanted, "too much");
}

/* Says whether view and register have the same rows and roots. */
static bool agree(struct run *run, const char *when)
{
    struct sg_buf wanted, got;
    struct sg_view_status status;
    bool is_same;

    sg_view_status(run->view, &status);
    sg_buf_init(&wanted, LINES_MAX);
    sg_buf_init(&got, LINES_MAX);
    list_register(run, &wanted);
    list_view(run, &got);
    is_same = status.is_ready
                  ? sg_bytes_equal(sg_buf_bytes(&wanted), sg_buf_bytes(&got))
                  : got.size == 0;
    if (!is_same) {
        printf("history %u: %s: the view differs\n", run->feed.history->number,
               when);
        show_difference(&wanted, &got);
    }
    sg_buf_clear(&wanted);
    sg_buf_clear(&got);
    return is_same;
}

/* --- figures ----------------------------------------------------------- */

static enum sg_err take_tally(void *context, const struct sg_view_tally *tally)
{
    char line[64];
    const void *counts = tally->funnel;
    size_t size = sizeof *tally->funnel;

    if (tally->measure != NULL) {
        counts = tally->measure;
        size = sizeof *tally->measure;
    } else if (tally->conflicts != NULL) {
        counts = tally->conflicts;
        size = 19 * sizeof(int64_t);
    }
    (void)snprintf(line, sizeof line, "tally %" PRIu64 " %zu ",
                   tally->unit.value, size);
    replay_say(context, line);
    replay_say_hex(context, sg_bytes(counts, size));
    replay_say(context, "\n");
    return SG_OK;
}

static void list_figures(struct run *run, struct sg_buf *out)
{
    const struct sg_authority *authority = sg_view_hold(run->view);
    const struct sg_authority_campaign *campaigns;
    struct sg_uid uids[32];
    size_t count;

    campaigns = sg_authority_campaigns(authority, &count);
    count = count < 32 ? count : 32;
    for (size_t i = 0; i < count; i++)
        uids[i] = campaigns[i].uid;
    sg_view_release(run->view);
    for (size_t i = 0; i < count; i++)
        replay_must(sg_view_funnels(run->view, &uids[i], take_tally, out),
                    "funnels");
    replay_must(sg_view_measures(run->view, take_tally, out), "measures");
    replay_must(sg_view_conflict_counts(run->view, take_tally, out),
                "conflicts");
    sort_lines(out);
}

/* Says whether the view is the same after it was deleted and rebuilt. */
static bool rebuild(struct run *run)
{
    struct sg_buf before, after;
    bool is_same;

    sg_buf_init(&before, LINES_MAX);
    sg_buf_init(&after, LINES_MAX);
    list_figures(run, &before);
    replay_must(sg_view_rebuild(run->view, run->key), "rebuild");
    apply(run, false);
    list_figures(run, &after);
    is_same = sg_bytes_equal(sg_buf_bytes(&before), sg_buf_bytes(&after));
    if (!is_same) {
        printf("history %u: figures differ\n", run->feed.history->number);
        show_difference(&before, &after);
    }
    sg_buf_clear(&before);
    sg_buf_clear(&after);
    return is_same && agree(run, "rebuilt");
}

static void grow_logs(struct run *run)
{
    for (unsigned i = 0; i < 2 * run->feed.history->n_logs; i++)
        if (sg_prng_chance(&run->prng, 500))
            run->feed.held[i] += sg_prng_below(
                &run->prng, run->feed.all[i] - run->feed.held[i] + 1);
}

/* Removes what a view leaves in DIR, and DIR. */
static void remove_folder(const char *dir)
{
    static const char *const files[] = {"/view/data.mdb", "/view/lock.mdb",
                                        "/view", ""};
    char path[600];

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        (void)snprintf(path, sizeof path, "%s%s", dir, files[i]);
        if (remove(path) != 0)
            fprintf(stderr, "%s is left\n", path);
    }
}

static bool replay(const struct replay_history *history, uint64_t seed)
{
    static struct run run;
    uint8_t secret[SG_KEY_SIZE] = {7};
    const char *folder;
    unsigned pieces;
    bool is_good = true;

    memset(&run, 0, sizeof run);
    feed_init(&run.feed, history);
    sg_prng_init(&run.prng, seed);
    folder = getenv("TMPDIR");
    (void)snprintf(run.dir, sizeof run.dir, "%s/view_replay.XXXXXX",
                   folder != NULL ? folder : "/tmp");
    if (mkdtemp(run.dir) == NULL)
        replay_must(SG_ERR_IO, run.dir);
    replay_must(sg_key_file_new(SG_KEY_VIEW, NULL, secret, &run.key), "key");
    open_view(&run);
    pieces = seed == 0 ? 0 : (unsigned)sg_prng_below(&run.prng, 4);
    for (; pieces > 0 && is_good; pieces--) {
        grow_logs(&run);
        apply(&run, true);
        is_good = agree(&run, "in between");
    }
    memcpy(run.feed.held, run.feed.all, sizeof run.feed.all);
    if (is_good) {
        apply(&run, true);
        is_good = agree(&run, "at the end") && rebuild(&run);
    }
    sg_view_close(run.view);
    sg_key_file_free(run.key);
    remove_folder(run.dir);
    return is_good;
}

int main(int argc, char **argv)
{
    static struct replay_history history;
    struct sg_buf file;
    struct sg_bytes left;
    unsigned count = 0, bad = 0;
    char *end = NULL;
    long orders = argc == 3 ? strtol(argv[1], &end, 10) : -1;

    if (orders < 0 || *end != '\0') {
        fprintf(stderr, "usage: view_replay ORDERS FILE\n");
        return 2;
    }
    replay_must(sg_crypto_init(), "crypto");
    replay_load(argv[2], &file);
    if (file.size < 8)
        replay_must(SG_ERR_MALFORMED, argv[2]);
    left = sg_bytes(file.data + 8, file.size - 8);
    while (replay_read(&left, &history)) {
        bool is_good = true;

        for (long i = 0; i <= orders && is_good; i++)
            is_good = replay(&history, i == 0 ? 0
                                              : (uint64_t)history.number << 16 |
                                                    (uint64_t)i);
        count++;
        bad += !is_good;
    }
    sg_buf_clear(&file);
    printf("%u histories, each in %ld ways: %u differ\n", count, orders + 1,
           bad);
    return bad > 0;
}
