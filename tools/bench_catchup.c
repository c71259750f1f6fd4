/* Daemons that catch up over loopback: one with an empty one, until all that
 * was written is durable and held; then with a hundred records more; then a
 * start after kill -9. Time begins when the daemon that catches up has its
 * connection; the handshake is part of what is measured. */
#include <stdio.h>
#include <stdlib.h>

#include "storage/base/alloc.h"
#include "storage/base/clock.h"
#include "tools/bench_daemon.h"
#include "tools/bench_store.h"

#define COUNT        100000u
#define COUNT_FULL   1000000u
#define COUNT_MIN    2000u
#define MS_DEFAULT   400u
#define ROUNDS       3u
#define DELTA        100u
#define DELTAS       5u
#define SIGNED_COUNT 20000u
#define NAME_SIZE    64
#define SENDER       1u /* node 0 is the authority's */
#define RECEIVERS    2u

#define GOAL_RATE      300000
#define GOAL_BYTES     170
#define GOAL_MIB       96
#define GOAL_DELTA_MS  30
#define GOAL_KILLED_MS 2000

struct work {
    struct sg_bench *bench;
    struct sg_bench_workload *workload;
    size_t count;
    const char *count_name;
    unsigned deltas; /* times that a hundred more are measured */
    char folder[SG_BENCH_STORE_PATH_MAX];
    struct sg_bench_store store; /* the sender's, while it does not run */
    struct sg_bench_daemon sender, receiver;
};

/* What a catch-up came to. */
struct outcome {
    double rate, bytes, cpu_us, lag_ms; /* processor time of the receiver */
    double memory; /* of the greater of the two, at the greatest */
};

static bool is_w(const struct work *work)
{
    return work->workload->kind == SG_SEAL_OPAQUE;
}

static double middle(double values[], size_t n)
{
    for (size_t i = 1; i < n; i++)
        for (size_t j = i; j > 0 && values[j] < values[j - 1]; j--) {
            double value = values[j];

            values[j] = values[j - 1];
            values[j - 1] = value;
        }
    return values[n / 2];
}

/* Prints FIGURE as "catchup/WHAT_COUNT_WORKLOAD"; a goal counts for W. */
static void print(const struct work *work, const char *what,
                  struct sg_bench_figure figure)
{
    char name[NAME_SIZE];

    (void)snprintf(name, sizeof name, "catchup/%s_%s_%s", what,
                   work->count_name, work->workload->name);
    figure.name = name;
    if (!is_w(work))
        figure.goal_kind = SG_BENCH_NO_GOAL;
    sg_bench_print(work->bench, &figure);
}

/* --- One with an empty one ------------------------------------------------
 */

static void watch(const struct sg_bench_daemon *daemon, double *memory)
{
    double now = sg_bench_daemon_memory(daemon);

    if (now > *memory)
        *memory = now;
}

/* The entries that the receiver will hold: the sender's, and his own first. */
static enum sg_err target_of(struct work *work, uint64_t *ret_target)
{
    enum sg_err err = sg_bench_daemon_get(&work->sender, "/v1/logs");

    *ret_target = sg_bench_daemon_sum(&work->sender, "held") + 1;
    return err;
}

static enum sg_err wait_until_held(struct work *work, uint64_t target,
                                   double *memory)
{
    enum sg_err err;

    /* By tens of thousands, to see the memory on the way. */
    for (uint64_t at = 10000; at < target; at += 10000) {
        err = sg_bench_daemon_wait(&work->receiver, "/v1/logs", "held", at);
        if (err != SG_OK)
            return err;
        watch(&work->receiver, memory);
        watch(&work->sender, memory);
    }
    return sg_bench_daemon_wait(&work->receiver, "/v1/logs", "held", target);
}

static enum sg_err catch_up(struct work *work, unsigned number,
                            struct outcome *ret)
{
    uint64_t bytes, target, began = 0, ended;
    enum sg_err err =
        sg_bench_daemon_init(&work->receiver, work->folder, number);

    if (err == SG_OK)
        err = target_of(work, &target);
    if (err != SG_OK)
        return err;
    bytes = sg_bench_daemon_loopback();
    err = sg_bench_daemon_start(&work->receiver, &work->sender, 1);
    if (err == SG_OK)
        err = sg_bench_daemon_meet(&work->receiver, &began);
    if (err == SG_OK)
        err = wait_until_held(work, target, &ret->memory);
    ended = sg_clock_mono().ms;
    if (err != SG_OK)
        return err;
    watch(&work->receiver, &ret->memory);
    ret->cpu_us =
        sg_bench_daemon_cpu(&work->receiver) * 1e6 / (double)work->count;
    ret->rate = (double)work->count * 1000 / (double)(ended - began + 1);
    ret->bytes =
        (double)(sg_bench_daemon_loopback() - bytes) / (double)work->count;
    err = sg_bench_daemon_wait(&work->receiver, "/v1/register", "applied",
                               work->count);
    ret->lag_ms = (double)(sg_clock_mono().ms - ended);
    watch(&work->receiver, &ret->memory);
    return err;
}

static enum sg_err run_rounds(struct work *work, unsigned rounds, double limit)
{
    struct outcome outcome = {.memory = 0};
    double rates[ROUNDS], bytes[ROUNDS], times[ROUNDS], lags[ROUNDS];
    enum sg_err err = SG_OK;

    for (unsigned i = 0; i < rounds && err == SG_OK; i++) {
        sg_bench_daemon_stop(&work->receiver);
        err = catch_up(work, RECEIVERS + i, &outcome);
        rates[i] = outcome.rate;
        bytes[i] = outcome.bytes;
        times[i] = outcome.cpu_us;
        lags[i] = outcome.lag_ms;
    }
    if (err != SG_OK)
        return err;
    print(work, "rate",
          (struct sg_bench_figure){.unit = "/s",
                                   .value = middle(rates, rounds),
                                   .limit = limit,
                                   .goal = GOAL_RATE,
                                   .goal_kind = SG_BENCH_AT_LEAST});
    print(work, "wire",
          (struct sg_bench_figure){.unit = "B",
                                   .value = middle(bytes, rounds),
                                   .goal = GOAL_BYTES,
                                   .goal_kind = SG_BENCH_AT_MOST});
    print(
        work, "cpu",
        (struct sg_bench_figure){.unit = "us", .value = middle(times, rounds)});
    print(work, "memory",
          (struct sg_bench_figure){.unit = "MiB",
                                   .value = outcome.memory,
                                   .goal = GOAL_MIB,
                                   .goal_kind = SG_BENCH_AT_MOST});
    print(
        work, "view_lag",
        (struct sg_bench_figure){.unit = "ms", .value = middle(lags, rounds)});
    return SG_OK;
}

/* --- A hundred more, after a while apart ----------------------------------
 */

static enum sg_err run_delta(struct work *work)
{
    double times[DELTAS];
    enum sg_err err = SG_OK;

    for (unsigned i = 0; i < work->deltas && err == SG_OK; i++) {
        uint64_t target, began = 0;

        sg_bench_daemon_stop(&work->receiver);
        sg_bench_daemon_stop(&work->sender);
        err = sg_bench_store_open(&work->store);
        if (err == SG_OK)
            err = sg_bench_store_fill(&work->store, work->workload, DELTA);
        sg_bench_store_close(&work->store);
        if (err == SG_OK)
            err = sg_bench_daemon_start(&work->sender, NULL, 0);
        /* The receiver's log is at the sender since they met. */
        if (err == SG_OK)
            err = sg_bench_daemon_get(&work->sender, "/v1/logs");
        target = sg_bench_daemon_sum(&work->sender, "held");
        if (err == SG_OK)
            err = sg_bench_daemon_start(&work->receiver, &work->sender, 1);
        if (err == SG_OK)
            err = sg_bench_daemon_meet(&work->receiver, &began);
        if (err == SG_OK)
            err = sg_bench_daemon_wait(&work->receiver, "/v1/logs", "held",
                                       target);
        times[i] = err == SG_OK ? (double)(sg_clock_mono().ms - began) : 0;
    }
    if (err == SG_OK)
        print(work, "delta",
              (struct sg_bench_figure){.unit = "ms",
                                       .value = middle(times, work->deltas),
                                       .goal = GOAL_DELTA_MS,
                                       .goal_kind = SG_BENCH_AT_MOST});
    return err;
}

/* --- After kill -9 --------------------------------------------------------
 */

static enum sg_err run_killed(struct work *work)
{
    uint64_t began;
    enum sg_err err;

    sg_bench_daemon_kill(&work->receiver);
    began = sg_clock_mono().ms;
    err = sg_bench_daemon_start(&work->receiver, &work->sender, 1);
    if (err == SG_OK)
        print(work, "killed_serving",
              (struct sg_bench_figure){.unit = "ms",
                                       .value =
                                           (double)(sg_clock_mono().ms - began),
                                       .goal = GOAL_KILLED_MS,
                                       .goal_kind = SG_BENCH_AT_MOST});
    return err;
}

/* --- All of it ------------------------------------------------------------
 */

/* The sender holds what the authority says, and COUNT records of his own. */
static enum sg_err make_sender(struct work *work)
{
    char dir[SG_BENCH_STORE_PATH_MAX + 16];
    enum sg_err err;

    err = sg_bench_daemon_init(&work->sender, work->folder, SENDER);
    if (err == SG_OK)
        err = sg_bench_daemon_init(&work->receiver, work->folder, 0);
    if (err == SG_OK)
        err = sg_bench_daemon_start(&work->receiver, NULL, 0);
    if (err == SG_OK)
        err = sg_bench_daemon_hear(&work->sender, &work->receiver);
    (void)snprintf(dir, sizeof dir, "%s/%u", work->folder, SENDER);
    if (err == SG_OK)
        err = sg_bench_store_adopt(dir, &work->store);
    if (err == SG_OK)
        err = sg_bench_store_fill(&work->store, work->workload, work->count);
    sg_bench_store_close(&work->store);
    return err == SG_OK ? sg_bench_daemon_start(&work->sender, NULL, 0) : err;
}

/* A run that shows that all works, for tests: once each will do. */
static bool is_short(const struct sg_bench *bench)
{
    return bench->round_ms < MS_DEFAULT;
}

/* One catch-up of COUNT, and what comes after it, in ROUNDS. */
static enum sg_err run(struct sg_bench *bench,
                       struct sg_bench_workload *workload, size_t count,
                       const char *count_name, unsigned rounds)
{
    struct work *work = sg_calloc(1, sizeof *work);
    double limit = 0;
    enum sg_err err;

    if (work == NULL)
        return SG_ERR_NOMEM;
    work->bench = bench;
    work->workload = workload;
    work->count = count;
    work->count_name = count_name;
    work->deltas = is_short(bench) ? 1 : DELTAS;
    err = realpath(bench->folder, work->folder) == NULL
              ? SG_ERR_IO
              : sg_bench_daemon_found(work->folder, RECEIVERS + rounds, 0);
    if (err == SG_OK)
        err = make_sender(work);
    if (err == SG_OK)
        err = sg_bench_bare(bench, workload, count, &limit);
    if (err == SG_OK)
        err = run_rounds(work, rounds, limit);
    if (err == SG_OK)
        err = run_delta(work);
    if (err == SG_OK)
        err = run_killed(work);
    sg_bench_daemon_stop(&work->receiver);
    sg_bench_daemon_stop(&work->sender);
    sg_bench_daemon_clean(work->folder);
    sg_free(work);
    return err;
}

static size_t scaled(const struct sg_bench *bench)
{
    size_t count = COUNT;

    if (is_short(bench))
        count = count * (size_t)bench->round_ms / MS_DEFAULT;
    return count < COUNT_MIN ? COUNT_MIN : count;
}

static enum sg_err run_workload(struct sg_bench *bench,
                                struct sg_bench_workload *workload)
{
    enum sg_err err = run(bench, workload, scaled(bench), "100k",
                          is_short(bench) ? 1 : ROUNDS);

    if (err == SG_OK && bench->is_full)
        err = run(bench, workload, COUNT_FULL, "1M", 1);
    return err;
}

enum sg_err sg_bench_catchup(struct sg_bench *bench)
{
    const struct sg_bench_figure missing = {
        .name = "catchup/rate_100k_W",
        .unit = "/s",
        .missing = "sogocd and found are not built beside this program",
    };
    struct sg_bench_workload workload;
    enum sg_err err = sg_bench_store_invent(SIGNED_COUNT, &workload);

    sg_bench_daemon_retire();
    if (err == SG_OK)
        err = run_workload(bench, &workload);
    if (err == SG_OK && bench->workload != NULL) {
        sg_bench_store_clear(&workload);
        err = sg_bench_store_load(bench->workload, &workload);
        if (err == SG_OK)
            err = run_workload(bench, &workload);
    }
    if (err == SG_OK)
        err = sg_bench_many(bench, &workload);
    sg_bench_store_clear(&workload);
    if (err == SG_ERR_NOTFOUND) {
        sg_bench_print(bench, &missing);
        return SG_OK;
    }
    if (err != SG_OK)
        (void)fprintf(stderr, "bench catchup: %s\n",
                      sg_err_text(err, SG_LANG_EN));
    return err;
}
