/* Power cuts: the script's calls are recorded, and at any point of the record
 * the power goes: what was not synced is dropped, reordered and torn (disk.h).
 * Each image is opened and judged by what had been acknowledged by then. In
 * four of ten images a process was killed first and another one had gone on, on
 * what the first had left in the cache.
 *
 *   powercut [--seed N] [--full] [--jobs N] [--count N]
 *            [--case AT:KIND/EVENT/SEED]
 *
 * 1,500 images, 20,000 with --full. Exit: 0 as promised, 1 not, 2 usage.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/base/clock.h"
#include "tests/fault/disk.h"
#include "tests/fault/fault.h"
#include "tests/fault/judge.h"
#include "tests/fault/options.h"
#include "tests/fault/script.h"
#include "tests/fault/ward.h"

#define RECORD_SIZE (UINT64_C(64) << 20)
#define SHOWN_MAX   10
/* Images of one record in which a process was killed. */
#define IMAGES_KILLED 8
/* Events of a creation or a recovery, where most is at stake. */
#define EVENTS_CREATION 40

struct tally {
    atomic_ulong images;
    atomic_ulong after_kill;
    atomic_ulong before_birth; /* no store was promised yet */
    atomic_ulong bad;
};

struct bed {
    struct script_acks acks;
    struct fault_seen seen;
    char reason[JUDGE_REASON_MAX];
};

struct worker {
    struct script script; /* where the images lie */
    char dir[SCRIPT_PATH_MAX];
    struct fault_plan plan;
    struct fault_record *record;
    uint64_t events;     /* of the record */
    uint64_t first;      /* event from which on the power may go */
    uint64_t killed_at;  /* 0: nobody was */
    enum fault_kind how; /* if so */
    struct bed *bed;
    struct sg_prng prng;
};

static struct workload workload;
static struct options options;
static struct tally *tally;
static uint64_t calls; /* of the script */

/* --- Records -------------------------------------------------------------- */

static void mark(const struct script_acks *acks)
{
    fault_mark(acks, sizeof *acks);
}

static int patient_run(void *context)
{
    struct worker *worker = context;
    workload_seed_random(options.seed);
    fault_begin(&worker->plan);
    return script_run(&worker->script) == SG_OK ? 0 : 1;
}

static int patient_recover(void *context)
{
    struct worker *worker = context;
    workload_seed_random(options.seed + 1);
    fault_begin(&worker->plan);
    return script_recover(&worker->script) == SG_OK ? 0 : 1;
}

static void plan(struct worker *worker, enum fault_kind kind, uint64_t at,
                 struct fault_record *record)
{
    memset(&worker->plan, 0, sizeof worker->plan);
    (void)snprintf(worker->plan.dir, sizeof worker->plan.dir, "%s",
                   worker->script.dir);
    worker->plan.kind = kind;
    worker->plan.at = at;
    worker->plan.same_identity = true;
    worker->plan.seen = &worker->bed->seen;
    worker->plan.record = record;
    worker->script.on_ack = record != NULL ? mark : NULL;
}

/* Records the script; with HOW it is killed at call AT, and a second process
 * recovers. Returns false when that fails, without any power cut. */
static bool record(struct worker *worker, enum fault_kind how, uint64_t at)
{
    struct ward_end end;
    worker->record->size = 0;
    worker->killed_at = at;
    worker->how = how;
    worker->first = 0;
    ward_remove(worker->script.dir);
    memset(&worker->bed->acks, 0, sizeof worker->bed->acks);
    memset(&worker->bed->seen, 0, sizeof worker->bed->seen);
    plan(worker, how, at, worker->record);
    end = ward_run(patient_run, worker);
    if (how != FAULT_NONE) {
        worker->first = disk_events(worker->record);
        plan(worker, FAULT_NONE, 0, worker->record);
        end = ward_run(patient_recover, worker);
    }
    worker->events = disk_events(worker->record);
    ward_remove(worker->script.dir);
    if (end.code != 0 || worker->record->overflow > 0) {
        printf("BAD recording: code %d, signal %d, overflow %d\n", end.code,
               end.signal, worker->record->overflow > 0);
        return false;
    }
    return true;
}

/* --- Images --------------------------------------------------------------- */

static int patient_judge(void *context)
{
    struct worker *worker = context;
    struct judge judge = {.script = &worker->script};
    bool good;
    workload_seed_random(options.seed + 2);
    fault_begin(&worker->plan);
    good = judge_store(&judge);
    memcpy(worker->bed->reason, judge.reason, sizeof judge.reason);
    return good ? 0 : 1;
}

static void blame(const struct worker *worker, uint64_t event, uint64_t seed,
                  const char *reason)
{
    if (atomic_fetch_add(&tally->bad, 1) >= SHOWN_MAX) {
        return;
    }
    printf("BAD %s\n    replay: powercut --seed %llu --case "
           "%llu:%s/%llu/%llu (%u acknowledged)\n",
           reason, (unsigned long long)options.seed,
           (unsigned long long)worker->killed_at, fault_kind_names[worker->how],
           (unsigned long long)event, (unsigned long long)seed,
           worker->bed->acks.count);
    (void)fflush(stdout);
}

/* The power goes before EVENT. */
static void cut(struct worker *worker, struct disk *disk, uint64_t event,
                uint64_t seed)
{
    const struct script_acks *acks;
    struct sg_prng prng;
    struct ward_end end;

    disk_replay(disk, event);
    acks = disk_mark(disk, sizeof *acks);
    memset(&worker->bed->acks, 0, sizeof worker->bed->acks);
    if (acks != NULL) {
        worker->bed->acks = *acks;
    }
    sg_prng_init(&prng, seed);
    ward_remove(worker->script.dir);
    disk_image(disk, &prng, worker->dir);
    plan(worker, FAULT_NONE, 0, NULL);
    end = ward_run(patient_judge, worker);
    atomic_fetch_add(&tally->images, 1);
    atomic_fetch_add(&tally->after_kill, worker->how != FAULT_NONE);
    atomic_fetch_add(&tally->before_birth, !worker->bed->acks.created);
    if (end.code != 0) {
        blame(worker, event, seed,
              end.signal != 0 ? strsignal(end.signal) : worker->bed->reason);
    }
}

static int compare(const void *a, const void *b)
{
    uint64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

/* COUNT images of the worker's record, in the order of its events. */
static void cut_often(struct worker *worker, unsigned count)
{
    struct disk *disk = disk_new(worker->record);
    static uint64_t points[32768];
    uint64_t span = worker->events - worker->first + 1;
    unsigned i;

    for (i = 0; i < count; i++) {
        bool early = i % (worker->how == FAULT_NONE ? 4 : 2) == 0;
        uint64_t within =
            early && span > EVENTS_CREATION ? EVENTS_CREATION : span;
        points[i] = worker->first + sg_prng_below(&worker->prng, within);
    }
    qsort(points, count, sizeof points[0], compare);
    for (i = 0; i < count; i++) {
        cut(worker, disk, points[i], sg_prng_u64(&worker->prng));
    }
    disk_free(disk);
}

/* --- Workers -------------------------------------------------------------- */

static void init_worker(struct worker *worker, unsigned i)
{
    memset(worker, 0, sizeof *worker);
    worker->bed = ward_share(sizeof *worker->bed);
    worker->record = ward_share(sizeof *worker->record + RECORD_SIZE);
    worker->record->capacity = RECORD_SIZE;
    worker->script.workload = &workload;
    worker->script.acks = &worker->bed->acks;
    (void)snprintf(worker->dir, sizeof worker->dir, "%s/disk%u", ward_folder(),
                   i);
    (void)snprintf(worker->script.dir, sizeof worker->script.dir,
                   "%s/disk%u/store", ward_folder(), i);
    if (mkdir(worker->dir, 0700) != 0) {
        perror(worker->dir);
        exit(2);
    }
    sg_prng_init(&worker->prng, options.seed + i);
}

static int work(void *context, unsigned i)
{
    static struct worker worker;
    unsigned share = (unsigned)(options.count / options.jobs), done;
    (void)context;

    init_worker(&worker, i);
    if (!record(&worker, FAULT_NONE, 0)) {
        return 1;
    }
    done = share * 6 / 10;
    cut_often(&worker, done);
    while (done < share) {
        static const enum fault_kind kinds[] = {
            FAULT_KILL_BEFORE, FAULT_KILL_HALF, FAULT_KILL_AFTER};
        enum fault_kind how = kinds[sg_prng_below(&worker.prng, 3)];
        uint64_t within = sg_prng_below(&worker.prng, 4) ? calls : 60;
        uint64_t at = 1 + sg_prng_below(&worker.prng, within);
        if (!record(&worker, how, at)) {
            return 1;
        }
        cut_often(&worker, IMAGES_KILLED);
        done += IMAGES_KILLED;
    }
    return 0;
}

static bool replay(struct worker *worker)
{
    unsigned long long at, event, seed;
    char kind[16];
    unsigned how = 0;
    struct disk *disk;
    if (sscanf(options.one_case, "%llu:%15[a-z_]/%llu/%llu", &at, kind, &event,
               &seed) != 4) {
        (void)fputs("powercut: --case AT:KIND/EVENT/SEED\n", stderr);
        return false;
    }
    while (how < FAULT_KINDS && strcmp(fault_kind_names[how], kind) != 0) {
        how++;
    }
    if (!record(worker, (enum fault_kind)how, at)) {
        return false;
    }
    disk = disk_new(worker->record);
    cut(worker, disk, event, seed);
    disk_free(disk);
    return true;
}

int main(int argc, char **argv)
{
    static struct worker worker;
    uint64_t started_ms = sg_clock_mono().ms;
    double seconds;
    bool good;

    if (!options_parse(argc, argv, &options)) {
        return 2;
    }
    if (options.count == 0) {
        options.count = options.full ? 20000 : 1500;
    }
    workload_init(&workload, options.seed);
    tally = ward_share(sizeof *tally);
    init_worker(&worker, 99);
    good = record(&worker, FAULT_NONE, 0);
    calls = worker.bed->seen.calls;
    printf("seed %llu: %u promises, %llu calls, %llu events, %llu bytes\n",
           (unsigned long long)options.seed, worker.bed->acks.count,
           (unsigned long long)calls, (unsigned long long)worker.events,
           (unsigned long long)worker.record->size);
    if (good && options.one_case != NULL) {
        good = replay(&worker);
    } else if (good) {
        good = ward_run_all(options.jobs, work, NULL) == 0;
    }
    seconds = (double)(sg_clock_mono().ms - started_ms) / 1000;
    printf("%lu images in %.1f s (%.0f/s), %lu of them after a kill, %lu "
           "before anything was promised; %lu bad\n",
           (unsigned long)tally->images, seconds,
           (double)tally->images / seconds, (unsigned long)tally->after_kill,
           (unsigned long)tally->before_birth, (unsigned long)tally->bad);
    ward_clean();
    return good && tally->bad == 0 ? 0 : 1;
}
