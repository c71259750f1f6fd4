/* Twenty-seven daemons, a province: what it costs to be connected to all of
 * them and have nothing to say, and to come back to one that holds the same;
 * then their logs into one. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "storage/base/alloc.h"
#include "storage/base/clock.h"
#include "tools/bench_daemon.h"
#include "tools/bench_store.h"

#define WRITERS     27u
#define CENTRE      28u /* nodes 1 to 27 write; 0 comes back */
#define COUNT       270000u
#define COUNT_FULL  1080000u
#define COUNT_MIN   2700u
#define MS_DEFAULT  400u
#define IDLE_MS     5000u
#define IDLE_MIN    200u
#define IDLE_FULL   600000u
#define SETTLE_MS   500u
#define DIALS_MS    1100u
#define RETURNS     5u
#define RETURNS_MIN 3u
#define FIRST       100u /* records of a writer before it is measured */
#define NAME_SIZE   64

#define GOAL_RATE       250000
#define GOAL_RETURN     1500
#define GOAL_IDLE_CPU   0.2 /* % */
#define GOAL_IDLE_MIB   48
#define GOAL_MEMORY_MIB 96

struct work {
    struct sg_bench *bench;
    struct sg_bench_workload *workload;
    char folder[SG_BENCH_STORE_PATH_MAX];
    size_t each; /* records of a writer */
    uint64_t idle_ms;
    unsigned returns; /* times that a return is measured */
    uint64_t said;    /* by the authority: entries of its log */
    struct sg_bench_store stores[WRITERS]; /* while they do not run */
    struct sg_bench_daemon writers[WRITERS], centre, other;
};

/* Prints FIGURE as "catchup/WHAT_WORKLOAD". */
static void print(const struct work *work, const char *what,
                  struct sg_bench_figure figure)
{
    char name[NAME_SIZE];

    (void)snprintf(name, sizeof name, "catchup/%s_%s", what,
                   work->workload->name);
    figure.name = name;
    sg_bench_print(work->bench, &figure);
}

static void wait_ms(uint64_t ms)
{
    const struct timespec time = {.tv_sec = (time_t)(ms / 1000),
                                  .tv_nsec = (long)(ms % 1000) * 1000000};

    (void)nanosleep(&time, NULL);
}

/* --- A province -----------------------------------------------------------
 */

/* Appends N records to the log of writer I, who does not run. */
static enum sg_err write_more(struct work *work, unsigned i, size_t n)
{
    struct sg_bench_store *store = &work->stores[i];
    char dir[SG_BENCH_STORE_PATH_MAX + 16];
    enum sg_err err;

    (void)snprintf(dir, sizeof dir, "%s/%u", work->folder, i + 1);
    err = store->key_entry == 0 ? sg_bench_store_adopt(dir, store)
                                : sg_bench_store_open(store);
    if (err == SG_OK)
        err = sg_bench_store_fill(store, work->workload, n);
    sg_bench_store_close(store);
    return err;
}

/* Starts the writers; *RET_TARGET is what all hold that hold everything. */
static enum sg_err start_writers(struct work *work, const char *more,
                                 uint64_t *ret_target)
{
    enum sg_err err = SG_OK;

    /* The authority's log, and the one entry of the centre's. */
    *ret_target = work->said + 1;
    for (unsigned i = 0; i < WRITERS && err == SG_OK; i++) {
        work->writers[i].more = more;
        err = sg_bench_daemon_start(&work->writers[i], NULL, 0);
        if (err == SG_OK)
            err = sg_bench_daemon_get(&work->writers[i], "/v1/health");
        *ret_target += sg_bench_daemon_sum(&work->writers[i], "size");
    }
    return err;
}

static void stop_writers(struct work *work)
{
    for (unsigned i = 0; i < WRITERS; i++)
        sg_bench_daemon_stop(&work->writers[i]);
}

/* All of them hear the authority, at the same time, and each other's first
 * entries. */
static enum sg_err hear_all(struct work *work)
{
    enum sg_err err = sg_bench_daemon_start(&work->other, NULL, 0);

    if (err == SG_OK)
        err = sg_bench_daemon_get(&work->other, "/v1/health");
    work->said = sg_bench_daemon_sum(&work->other, "size");
    for (unsigned i = 0; i < WRITERS && err == SG_OK; i++)
        err = sg_bench_daemon_start(&work->writers[i], &work->other, 1);
    if (err == SG_OK)
        err = sg_bench_daemon_start(&work->centre, &work->other, 1);
    for (unsigned i = 0; i < WRITERS && err == SG_OK; i++)
        err = sg_bench_daemon_wait(&work->writers[i], "/v1/logs", "held",
                                   work->said + 2);
    if (err == SG_OK)
        err = sg_bench_daemon_wait(&work->centre, "/v1/logs", "held",
                                   work->said + WRITERS + 1);
    stop_writers(work);
    sg_bench_daemon_stop(&work->centre);
    sg_bench_daemon_stop(&work->other);
    return err;
}

/* Everybody writes a little, and everybody holds all of it. */
static enum sg_err make_all(struct work *work)
{
    uint64_t target = 0;
    enum sg_err err = hear_all(work);

    for (unsigned i = 0; i < WRITERS && err == SG_OK; i++)
        err = write_more(work, i, FIRST);
    if (err == SG_OK)
        err = start_writers(work, NULL, &target);
    if (err == SG_OK)
        err = sg_bench_daemon_start(&work->centre, work->writers, WRITERS);
    if (err == SG_OK)
        err = sg_bench_daemon_wait(&work->centre, "/v1/logs", "held", target);
    for (unsigned i = 0; i < WRITERS && err == SG_OK; i++)
        err =
            sg_bench_daemon_wait(&work->writers[i], "/v1/logs", "held", target);
    return err;
}

/* --- Nothing to say -------------------------------------------------------
 */

/* Who has just come back has compared what it holds with each. */
static enum sg_err run_idle(struct work *work)
{
    uint64_t began;
    double used, passed_ms;
    enum sg_err err;

    sg_bench_daemon_stop(&work->centre);
    err = sg_bench_daemon_start(&work->centre, work->writers, WRITERS);
    if (err == SG_OK)
        err =
            sg_bench_daemon_wait(&work->centre, "/v1/peers", "equal", WRITERS);
    if (err != SG_OK)
        return err;
    wait_ms(SETTLE_MS);
    began = sg_clock_mono().ms;
    used = sg_bench_daemon_cpu(&work->centre);
    wait_ms(work->idle_ms);
    used = sg_bench_daemon_cpu(&work->centre) - used;
    passed_ms = (double)(sg_clock_mono().ms - began);
    print(work, "27_idle_cpu",
          (struct sg_bench_figure){.unit = "%",
                                   .value = used * 100000 / passed_ms,
                                   .goal = GOAL_IDLE_CPU,
                                   .goal_kind = SG_BENCH_AT_MOST});
    print(
        work, "27_idle_memory",
        (struct sg_bench_figure){.unit = "MiB",
                                 .value = sg_bench_daemon_memory(&work->centre),
                                 .goal = GOAL_IDLE_MIB,
                                 .goal_kind = SG_BENCH_AT_MOST});
    return SG_OK;
}

/* --- Coming back ----------------------------------------------------------
 */

/* Others may use the loopback as well: the least of a few is what it costs. */
static enum sg_err run_return(struct work *work)
{
    uint64_t least = UINT64_MAX;
    enum sg_err err = SG_OK;

    stop_writers(work);
    /* The first time it has much to fetch, the second to say that it has. */
    for (unsigned i = 0; i < 2 + work->returns && err == SG_OK; i++) {
        uint64_t bytes = sg_bench_daemon_loopback();

        err = sg_bench_daemon_start(&work->other, &work->centre, 1);
        if (err == SG_OK)
            err = sg_bench_daemon_wait(&work->other, "/v1/peers", "equal", 1);
        sg_bench_daemon_stop(&work->other);
        wait_ms(20);
        bytes = sg_bench_daemon_loopback() - bytes;
        if (i >= 2 && bytes < least)
            least = bytes;
    }
    sg_bench_daemon_stop(&work->centre);
    if (err == SG_OK)
        print(work, "27_return",
              (struct sg_bench_figure){.unit = "B",
                                       .value = (double)least,
                                       .goal = GOAL_RETURN,
                                       .goal_kind = SG_BENCH_AT_MOST});
    return err;
}

/* --- Their logs into one --------------------------------------------------
 */

/* Makes all writers stop where they are, or go on. */
static void signal_writers(const struct work *work, int number)
{
    for (unsigned i = 0; i < WRITERS; i++)
        if (work->writers[i].pid > 0)
            (void)kill(work->writers[i].pid, number);
}

/* The writers' disks are full, so that they give and take nothing: here all 27
 * share the processors that the centre has alone in a province. A node that
 * starts dials within a second; all are called before any answers. */
static enum sg_err run_together(struct work *work)
{
    size_t count = WRITERS * work->each;
    uint64_t target = 0, began;
    double passed_ms, used;
    enum sg_err err = SG_OK;

    for (unsigned i = 0; i < WRITERS && err == SG_OK; i++)
        err = write_more(work, i, work->each);
    if (err == SG_OK)
        err = start_writers(work, "reserve = 1 TiB\n", &target);
    for (unsigned i = 0; i < WRITERS && err == SG_OK; i++)
        err = sg_bench_daemon_wait(&work->writers[i], "/v1/register", "applied",
                                   target - WRITERS * work->each);
    signal_writers(work, SIGSTOP);
    if (err == SG_OK)
        err = sg_bench_daemon_start(&work->centre, work->writers, WRITERS);
    wait_ms(DIALS_MS);
    began = sg_clock_mono().ms;
    signal_writers(work, SIGCONT);
    if (err == SG_OK)
        err = sg_bench_daemon_wait(&work->centre, "/v1/logs", "held", target);
    passed_ms = (double)(sg_clock_mono().ms - began + 1);
    used = sg_bench_daemon_cpu(&work->centre);
    if (err != SG_OK)
        return err;
    print(work, "27_logs",
          (struct sg_bench_figure){
              .unit = "/s",
              .value = (double)count * 1000 / passed_ms,
              .goal = GOAL_RATE,
              .goal_kind = work->workload->kind == SG_SEAL_OPAQUE
                               ? SG_BENCH_AT_LEAST
                               : SG_BENCH_NO_GOAL,
          });
    print(work, "27_logs_cpu",
          (struct sg_bench_figure){.unit = "us",
                                   .value = used * 1e6 / (double)count});
    print(work, "27_logs_memory",
          (struct sg_bench_figure){
              .unit = "MiB",
              .value = sg_bench_daemon_memory(&work->centre),
              .goal = GOAL_MEMORY_MIB,
              .goal_kind = SG_BENCH_AT_MOST,
          });
    return SG_OK;
}

/* --- All of it ------------------------------------------------------------
 */

static void choose(struct work *work)
{
    const struct sg_bench *bench = work->bench;
    size_t count = bench->is_full ? COUNT_FULL : COUNT;

    work->idle_ms = bench->is_full ? IDLE_FULL : IDLE_MS;
    work->returns = RETURNS;
    if (bench->round_ms < MS_DEFAULT) {
        work->returns = RETURNS_MIN;
        count = count * (size_t)bench->round_ms / MS_DEFAULT;
        work->idle_ms = work->idle_ms * bench->round_ms / MS_DEFAULT;
    }
    if (count < COUNT_MIN)
        count = COUNT_MIN;
    if (work->idle_ms < IDLE_MIN)
        work->idle_ms = IDLE_MIN;
    work->each = count / WRITERS;
}

enum sg_err sg_bench_many(struct sg_bench *bench,
                          struct sg_bench_workload *workload)
{
    struct work *work = sg_calloc(1, sizeof *work);
    enum sg_err err;

    if (work == NULL)
        return SG_ERR_NOMEM;
    work->bench = bench;
    work->workload = workload;
    choose(work);
    err = realpath(bench->folder, work->folder) == NULL
              ? SG_ERR_IO
              : sg_bench_daemon_found(work->folder, CENTRE + 1, 0);
    for (unsigned i = 0; i < WRITERS && err == SG_OK; i++)
        err = sg_bench_daemon_init(&work->writers[i], work->folder, i + 1);
    if (err == SG_OK)
        err = sg_bench_daemon_init(&work->centre, work->folder, CENTRE);
    if (err == SG_OK)
        err = sg_bench_daemon_init(&work->other, work->folder, 0);
    if (err == SG_OK)
        err = make_all(work);
    if (err == SG_OK)
        err = run_idle(work);
    if (err == SG_OK)
        err = run_return(work);
    if (err == SG_OK)
        err = run_together(work);
    stop_writers(work);
    sg_bench_daemon_stop(&work->other);
    sg_bench_daemon_stop(&work->centre);
    sg_bench_daemon_clean(work->folder);
    sg_free(work);
    return err;
}
