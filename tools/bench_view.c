/* How fast the view follows the logs, in commits and by a rebuild, what it
 * takes on disk, and how fast it answers. From a log store: entries are
 * fetched, opened, admitted, folded and written. Officers' signatures are
 * verified off this path (RECORDS 3, A12). Persons have nearly five records
 * each, their household's among them, in the order of their clocks. Every
 * reader counts as one of every unit: whose the scope keys are is no part of
 * what is measured. */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/view/feed_store.h"
#include "node/view/view_open.h"
#include "storage/base/clock.h"
#include "tools/bench.h"
#include "tools/synth_store.h"

/* So many that what is done once, such as verifying the 1,500 statements of the
 * authority, a tenth of a second, and what 559 communes have of tallies, is
 * little beside them. */
#define PERSONS      30000u
#define PERSONS_FULL 4300000u
#define COMMIT       8192u
#define UIDS         4096u
#define DIR_SIZE     4200u

#define GOAL_INCREMENTAL 40000
#define GOAL_BULK        100000
#define GOAL_READ_US     30
#define GOAL_FIGURES_MS  50
#define GOAL_BYTES       600
#define GOAL_REBUILT_S   200

struct work {
    char dir[DIR_SIZE];
    struct sg_synth_store store;
    struct sg_key *key;
    struct sg_view *view;
    struct sg_view_reader *reader;
    struct sg_uid uids[UIDS];
    size_t n_uids, at;
    uint64_t n_units;
    int64_t n_persons, n_eligible;
    uint64_t subjects;
};

static const struct sg_unit_key *everybody(void *context, uint32_t number,
                                           uint64_t key_entry,
                                           size_t *ret_count)
{
    (void)context;
    (void)number;
    (void)key_entry;
    *ret_count = 0;
    return NULL;
}

static double seconds_since(struct sg_mono begin)
{
    return (double)sg_mono_diff(sg_clock_mono(), begin) / 1000.0;
}

/* Gives the processor time of all threads: a bulk build has two, and its goal
 * is set for one core. */
static double processor_seconds(void)
{
    struct rusage used;

    if (getrusage(RUSAGE_SELF, &used) != 0)
        return 0;
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static enum sg_err open_view(struct work *work)
{
    static const uint8_t secret[SG_KEY_SIZE] = {1};
    const struct sg_key *scopes[] = {work->store.scope};
    const struct sg_view_config config = {
        .dir = work->dir, .key = work->key, .reserve_size = 1};
    enum sg_sealed_start start;
    struct sg_feed feed;
    enum sg_err err = SG_OK;

    if (work->key == NULL)
        err = sg_key_file_new(SG_KEY_VIEW, NULL, secret, &work->key);
    if (err != SG_OK)
        return err;
    err = sg_feed_store_new(work->store.store, scopes, 1, NULL, &feed);
    if (err != SG_OK)
        return err;
    feed.readers = everybody;
    return sg_view_open_feed(
        &(struct sg_view_config){
            .dir = config.dir, .key = work->key, .reserve_size = 1},
        sg_store_registry(work->store.store), &feed, &work->view, &start);
}

static enum sg_err apply_all(struct work *work)
{
    bool is_done = false;
    enum sg_err err = SG_OK;

    while (err == SG_OK && !is_done)
        err = sg_view_apply(work->view, COMMIT, &is_done);
    return err;
}

/* Gives the bytes of the view's file. */
static double size_of(const struct work *work)
{
    char path[DIR_SIZE + 32];
    struct stat info;

    (void)snprintf(path, sizeof path, "%s/view/data.mdb", work->dir);
    return stat(path, &info) == 0 ? (double)info.st_size : 0;
}

static enum sg_err measure_writing(struct sg_bench *bench, struct work *work)
{
    struct sg_bench_figure applied = {.name = "view/incremental",
                                      .unit = "/s",
                                      .goal = GOAL_INCREMENTAL,
                                      .goal_kind = SG_BENCH_AT_LEAST};
    struct sg_bench_figure rebuilt = {.name = "view/bulk",
                                      .unit = "/s",
                                      .goal = GOAL_BULK,
                                      .goal_kind = SG_BENCH_AT_LEAST};
    struct sg_bench_figure took = {.name = "view/rebuilt_4.3M",
                                   .unit = "s",
                                   .goal = GOAL_REBUILT_S,
                                   .goal_kind = SG_BENCH_AT_MOST};
    struct sg_bench_figure bytes = {.name = "view/bytes_a_person",
                                    .unit = "B",
                                    .goal = GOAL_BYTES,
                                    .goal_kind = SG_BENCH_AT_MOST};
    struct sg_mono begin = sg_clock_mono();
    enum sg_err err = bench->is_full ? SG_OK : apply_all(work);
    double seconds = seconds_since(begin), processor;

    if (err == SG_OK && !bench->is_full) {
        applied.value = (double)work->store.records / seconds;
        sg_bench_print(bench, &applied);
    }
    begin = sg_clock_mono();
    processor = processor_seconds();
    if (err == SG_OK)
        err = sg_view_rebuild(work->view, work->key);
    seconds = seconds_since(begin);
    processor = processor_seconds() - processor;
    if (err != SG_OK)
        return err;
    rebuilt.value = (double)work->store.records / processor;
    sg_bench_print(bench, &rebuilt);
    took.value = seconds;
    if (!bench->is_full)
        took.missing = "4,300,000 persons: --full";
    sg_bench_print(bench, &took);
    bytes.value = size_of(work) / (double)work->store.persons;
    sg_bench_print(bench, &bytes);
    return SG_OK;
}

/* --- reading ----------------------------------------------------------- */

static enum sg_err list_uids(struct work *work)
{
    struct sg_view_page page = {.max = UIDS, .uids = work->uids};
    enum sg_err err = sg_view_find_all(work->reader, &page);

    work->n_uids = page.count;
    return err == SG_OK && page.count == 0 ? SG_ERR_NOTFOUND : err;
}

static enum sg_err read_all(void *context)
{
    struct work *work = context;
    const struct sg_subject *subject;
    enum sg_err err = SG_OK;

    for (size_t i = 0; i < work->n_uids && err == SG_OK; i++)
        err = sg_view_person(work->reader,
                             &work->uids[i * 2654435761u % work->n_uids],
                             &subject);
    return err;
}

static enum sg_err count_tally(void *context, const struct sg_view_tally *tally)
{
    struct work *work = context;

    work->n_units++;
    if (tally->measure != NULL)
        work->n_persons += tally->measure->persons;
    if (tally->funnel != NULL)
        work->n_eligible += tally->funnel->eligible;
    return SG_OK;
}

static enum sg_err read_figures(void *context)
{
    struct work *work = context;
    const struct sg_authority_campaign *campaigns;
    const struct sg_authority *authority = sg_view_hold(work->view);
    struct sg_uid uid = {{0}};
    size_t count;
    enum sg_err err;

    campaigns = sg_authority_campaigns(authority, &count);
    if (count > 0)
        uid = campaigns[0].uid;
    sg_view_release(work->view);
    work->n_units = 0;
    work->n_persons = 0;
    work->n_eligible = 0;
    err = sg_view_funnels(work->view, &uid, count_tally, work);
    if (err == SG_OK)
        err = sg_view_measures(work->view, count_tally, work);
    return err;
}

static enum sg_err measure_reading(struct sg_bench *bench, struct work *work)
{
    struct sg_bench_figure person = {.name = "view/person_read",
                                     .unit = "us",
                                     .goal = GOAL_READ_US,
                                     .goal_kind = SG_BENCH_AT_MOST};
    struct sg_bench_figure figures = {.name = "view/figures",
                                      .unit = "ms",
                                      .goal = GOAL_FIGURES_MS,
                                      .goal_kind = SG_BENCH_AT_MOST};
    double rate;
    enum sg_err err = sg_view_reader_new(work->view, &work->reader);

    if (err == SG_OK)
        err = list_uids(work);
    if (err == SG_OK)
        err = sg_bench_rate(bench, (double)work->n_uids, UINT64_MAX, read_all,
                            work, &rate);
    if (err != SG_OK)
        return err;
    person.value = 1e6 / rate;
    sg_bench_print(bench, &person);
    err = sg_bench_rate(bench, 1, UINT64_MAX, read_figures, work, &rate);
    if (err != SG_OK)
        return err;
    if (work->n_persons * 100 < (int64_t)work->store.persons * 90 ||
        work->n_eligible * 100 < (int64_t)work->store.persons * 50)
        return SG_ERR_INVALID; /* it would be the wrong path that is fast */
    figures.value = 1e3 / rate;
    sg_bench_print(bench, &figures);
    return SG_OK;
}

/* --- all --------------------------------------------------------------- */

static void remove_files(const struct work *work)
{
    static const char *const files[] = {
        "/view/data.mdb", "/view/lock.mdb", "/view",
        "/log/data.mdb",  "/log/lock.mdb",  "/log",
        "/lock",          "/highwater",     ""};
    char path[DIR_SIZE + 32];

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        (void)snprintf(path, sizeof path, "%s%s", work->dir, files[i]);
        (void)remove(path);
    }
}

enum sg_err sg_bench_view(struct sg_bench *bench)
{
    static struct work work;
    struct sg_synth_store_options options = {
        .dir = work.dir,
        .persons = bench->is_full ? PERSONS_FULL : PERSONS,
        .seed = 1,
        .is_sorted = !bench->is_full};
    enum sg_err err;

    memset(&work, 0, sizeof work);
    (void)snprintf(work.dir, sizeof work.dir, "%s/view", bench->folder);
    if (mkdir(work.dir, 0700) != 0)
        return SG_ERR_IO;
    err = sg_synth_store_make(&options, &work.store);
    if (err == SG_OK)
        err = open_view(&work);
    if (err == SG_OK)
        err = measure_writing(bench, &work);
    if (err == SG_OK)
        err = measure_reading(bench, &work);
    if (err != SG_OK)
        (void)fprintf(stderr, "bench: view: %s\n",
                      sg_err_text(err, SG_LANG_EN));
    sg_view_reader_free(work.reader);
    sg_view_close(work.view);
    sg_key_file_free(work.key);
    sg_synth_store_close(&work.store);
    remove_files(&work);
    return err;
}
