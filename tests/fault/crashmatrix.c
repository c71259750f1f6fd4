/* The crash matrix: every fault at every call that changes a file, while the
 * script runs, and again while a node recovers from a crash.
 *
 *   crashmatrix [--seed N] [--full] [--jobs N] [--one-in N]
 *               [--case AT:KIND[/AT:KIND]]
 *
 * The second AT:KIND is a fault in the first reopening. Of the faults in the
 * script one in ten is tried, by seed; of the crashes that leave something to
 * recover from one in ten, and for each of these one in thirty of the faults in
 * recovery. With --full all of them. Exit: 0 as promised, 1 something was lost,
 * 2 usage.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/base/clock.h"
#include "tests/fault/fault.h"
#include "tests/fault/judge.h"
#include "tests/fault/options.h"
#include "tests/fault/script.h"
#include "tests/fault/ward.h"

#define SHOWN_MAX       10
#define RECOVERY_ONE_IN 30

/* One fault; KIND none for no fault. */
struct injury {
    uint64_t at;
    enum fault_kind kind;
};

/* What all workers add to. */
struct tally {
    atomic_ulong cases[2]; /* in the script, in recovery */
    atomic_ulong killed;
    atomic_ulong refused; /* ended with an error */
    atomic_ulong survived;
    atomic_ulong full; /* FULL, and then went on */
    atomic_ulong lies;
    atomic_ulong bad;
};

/* What one worker shares with its patients. */
struct bed {
    struct script_acks acks;
    struct script_acks acks_before;
    struct fault_seen seen;
    char reason[JUDGE_REASON_MAX];
    enum sg_err err;
};

struct worker {
    struct script script;
    char base[SCRIPT_PATH_MAX]; /* the store as a crash left it */
    struct fault_plan plan;
    bool lied;
    struct bed *bed;
};

static struct workload workload;
static struct options options;
static struct tally *tally;

/* --- Patients ------------------------------------------------------------- */

static int patient_run(void *context)
{
    struct worker *worker = context;
    workload_seed_random(options.seed);
    fault_begin(&worker->plan);
    worker->bed->err = script_run(&worker->script);
    return 0;
}

static int patient_recover(void *context)
{
    struct worker *worker = context;
    workload_seed_random(options.seed + 1);
    fault_begin(&worker->plan);
    worker->bed->err = script_recover(&worker->script);
    return 0;
}

static int patient_judge(void *context)
{
    struct worker *worker = context;
    struct judge judge = {.script = &worker->script, .lied = worker->lied};
    bool good;
    workload_seed_random(options.seed + 2);
    fault_begin(&worker->plan);
    good = judge_store(&judge);
    memcpy(worker->bed->reason, judge.reason, sizeof judge.reason);
    return good ? 0 : 1;
}

static void prepare(struct worker *worker, struct injury injury)
{
    memset(&worker->plan, 0, sizeof worker->plan);
    (void)snprintf(worker->plan.dir, sizeof worker->plan.dir, "%s",
                   worker->script.dir);
    worker->plan.kind = injury.kind;
    worker->plan.at = injury.at;
    worker->plan.same_identity = true;
    worker->plan.seen = &worker->bed->seen;
    memset(&worker->bed->seen, 0, sizeof worker->bed->seen);
}

static void blame(const struct worker *worker, struct injury first,
                  struct injury second, const char *reason)
{
    if (atomic_fetch_add(&tally->bad, 1) >= SHOWN_MAX) {
        return;
    }
    printf("BAD %s\n    replay: crashmatrix --seed %llu --case %llu:%s", reason,
           (unsigned long long)options.seed, (unsigned long long)first.at,
           fault_kind_names[first.kind]);
    if (second.kind != FAULT_NONE) {
        printf("/%llu:%s", (unsigned long long)second.at,
               fault_kind_names[second.kind]);
    }
    printf(" (%u acknowledged)\n", worker->bed->acks.count);
    (void)fflush(stdout);
}

/* Runs a patient with INJURY. Only a kill that was asked for may end it. */
static bool operate(struct worker *worker, int (*fn)(void *),
                    struct injury injury, const char **ret_reason)
{
    struct ward_end end;
    prepare(worker, injury);
    worker->bed->err = SG_OK;
    end = ward_run(fn, worker);
    if (end.signal != 0 &&
        (end.signal != 9 || injury.kind < FAULT_KILL_BEFORE ||
         injury.kind > FAULT_KILL_HALF)) {
        *ret_reason = strsignal(end.signal);
        return false;
    }
    if (end.signal != 0) {
        atomic_fetch_add(&tally->killed, 1);
    } else if (worker->bed->err != SG_OK) {
        atomic_fetch_add(&tally->refused, 1);
    } else {
        atomic_fetch_add(&tally->survived, 1);
    }
    atomic_fetch_add(&tally->full, worker->bed->acks.full);
    return true;
}

/* Judges what the accidents left. */
static bool examine(struct worker *worker, const char **ret_reason)
{
    struct injury none = {0, FAULT_NONE};
    struct ward_end end;
    prepare(worker, none);
    end = ward_run(patient_judge, worker);
    *ret_reason = end.signal != 0 ? strsignal(end.signal) : worker->bed->reason;
    return end.code == 0;
}

static void start_anew(struct worker *worker)
{
    ward_remove(worker->script.dir);
    memset(&worker->bed->acks, 0, sizeof worker->bed->acks);
}

/* --- Cases ---------------------------------------------------------------- */

/* A fault in the script, then a clean reopening. */
static bool case_run(struct worker *worker, struct injury first)
{
    struct injury none = {0, FAULT_NONE};
    const char *reason;
    start_anew(worker);
    atomic_fetch_add(&tally->cases[0], 1);
    if (!operate(worker, patient_run, first, &reason) ||
        !examine(worker, &reason)) {
        blame(worker, first, none, reason);
        return false;
    }
    return true;
}

/* A fault in the recovery of the store in worker->base. */
static bool case_recover(struct worker *worker, struct injury first,
                         struct injury second)
{
    const char *reason;
    ward_copy(worker->base, worker->script.dir);
    worker->bed->acks = worker->bed->acks_before;
    atomic_fetch_add(&tally->cases[1], 1);
    if (!operate(worker, patient_recover, second, &reason) ||
        !examine(worker, &reason)) {
        blame(worker, first, second, reason);
        return false;
    }
    return true;
}

/* Crashes at FIRST and keeps what is left as the base of recoveries. Returns
 * the number of calls that a recovery makes. */
static uint64_t make_base(struct worker *worker, struct injury first)
{
    struct injury none = {0, FAULT_NONE};
    start_anew(worker);
    prepare(worker, first);
    (void)ward_run(patient_run, worker);
    worker->bed->acks_before = worker->bed->acks;
    ward_remove(worker->base);
    if (access(worker->script.dir, F_OK) != 0) {
        return 0; /* killed before there was anything */
    }
    ward_copy(worker->script.dir, worker->base);
    return case_recover(worker, first, none) ? worker->bed->seen.calls : 0;
}

static bool chosen(uint64_t at, enum fault_kind kind, uint64_t one_in)
{
    struct sg_prng prng;
    sg_prng_init(&prng, options.seed ^ (at << 8) ^ (uint64_t)kind);
    return options.full || sg_prng_below(&prng, one_in) == 0;
}

static void all_in_recovery(struct worker *worker, struct injury first,
                            struct fault_seen *seen)
{
    uint64_t calls = make_base(worker, first), at;
    unsigned kind;
    *seen = worker->bed->seen;
    for (at = 1; at <= calls; at++) {
        for (kind = FAULT_KILL_BEFORE; kind < FAULT_LIE; kind++) {
            struct injury second = {at, (enum fault_kind)kind};
            if (fault_fits(second.kind, (enum fault_op)seen->op[at - 1]) &&
                chosen(first.at << 8 | at, second.kind, RECOVERY_ONE_IN)) {
                (void)case_recover(worker, first, second);
            }
        }
    }
}

/* A disk that changes an entry as it writes it must be found out before the
 * entry is acknowledged. */
static void case_lie(struct worker *worker, uint64_t index)
{
    static uint8_t payload[WORKLOAD_PAYLOAD_MAX];
    struct injury lie = {index, FAULT_LIE}, none = {0, FAULT_NONE};
    const char *reason = "the lie was not told";
    size_t size = workload_payload(&workload, 0, index, payload);
    bool good;

    if (size < FAULT_LIE_MAX) {
        return;
    }
    start_anew(worker);
    prepare(worker, lie);
    memcpy(worker->plan.lie, payload, FAULT_LIE_MAX);
    atomic_fetch_add(&tally->lies, 1);
    good = ward_run(patient_run, worker).signal == 0 && worker->bed->seen.hit;
    worker->lied = true;
    good = good && examine(worker, &reason);
    worker->lied = false;
    if (!good) {
        blame(worker, lie, none, reason);
    }
}

/* --- Workers -------------------------------------------------------------- */

static void init_worker(struct worker *worker, unsigned i)
{
    memset(worker, 0, sizeof *worker);
    worker->bed = ward_share(sizeof *worker->bed);
    worker->script.workload = &workload;
    worker->script.acks = &worker->bed->acks;
    (void)snprintf(worker->script.dir, sizeof worker->script.dir, "%s/store%u",
                   ward_folder(), i);
    (void)snprintf(worker->base, sizeof worker->base, "%s/base%u",
                   ward_folder(), i);
}

static struct fault_seen *plain; /* the script's calls without a fault */

static int work(void *context, unsigned i)
{
    static struct worker worker;
    static struct fault_seen seen;
    uint64_t at;
    unsigned kind;
    (void)context;

    init_worker(&worker, i);
    for (at = 1 + i; at <= plain->calls; at += options.jobs) {
        enum fault_op op = (enum fault_op)plain->op[at - 1];
        for (kind = FAULT_KILL_BEFORE; kind < FAULT_LIE; kind++) {
            struct injury first = {at, (enum fault_kind)kind};
            if (!fault_fits(first.kind, op) ||
                !chosen(at, first.kind, options.one_in)) {
                continue;
            }
            (void)case_run(&worker, first);
            if (first.kind == FAULT_KILL_BEFORE ||
                first.kind == FAULT_KILL_HALF) {
                all_in_recovery(&worker, first, &seen);
            }
        }
        if (at <= SCRIPT_SINGLES && chosen(at, FAULT_LIE, options.one_in)) {
            case_lie(&worker, at);
        }
        if (i == 0 && at % 200 < options.jobs) {
            printf("   call %llu of %llu\n", (unsigned long long)at,
                   (unsigned long long)plain->calls);
            (void)fflush(stdout);
        }
    }
    return 0;
}

/* --- Program -------------------------------------------------------------- */

/* The script without a fault, to learn its calls; it must be as promised. */
static bool rehearse(struct worker *worker)
{
    struct injury none = {0, FAULT_NONE};
    unsigned long of[FAULT_OPS] = {0};
    const char *reason;
    uint64_t i;

    start_anew(worker);
    if (!operate(worker, patient_run, none, &reason)) {
        printf("BAD rehearsal: %s\n", reason);
        return false;
    }
    *plain = worker->bed->seen;
    if (!worker->bed->acks.done || plain->calls == 0 ||
        plain->calls > FAULT_CALLS_MAX) {
        printf("BAD rehearsal: %s after %u promises, %llu calls\n",
               sg_err_name(worker->bed->err), worker->bed->acks.count,
               (unsigned long long)plain->calls);
        return false;
    }
    printf(
        "seed %llu: %u promises, %llu calls:", (unsigned long long)options.seed,
        worker->bed->acks.count, (unsigned long long)plain->calls);
    for (i = 0; i < plain->calls; i++) {
        of[plain->op[i]]++;
    }
    for (i = 0; i < FAULT_MARK; i++) {
        printf(" %lu %s", of[i], fault_op_names[i]);
    }
    printf("\n");
    if (!examine(worker, &reason)) {
        printf("BAD rehearsal: %s\n", reason);
        return false;
    }
    return true;
}

static bool parse_injury(const char *text, struct injury *ret,
                         const char **ret_end)
{
    char *end;
    unsigned kind;
    ret->at = strtoull(text, &end, 10);
    for (kind = 0; *end == ':' && kind < FAULT_KINDS; kind++) {
        size_t size = strlen(fault_kind_names[kind]);
        if (strncmp(end + 1, fault_kind_names[kind], size) == 0 &&
            (end[1 + size] == 0 || end[1 + size] == '/')) {
            ret->kind = (enum fault_kind)kind;
            *ret_end = end + 1 + size;
            return true;
        }
    }
    return false;
}

static bool replay(struct worker *worker)
{
    struct injury first, second;
    const char *end;
    if (!parse_injury(options.one_case, &first, &end)) {
        (void)fputs("crashmatrix: --case AT:KIND[/AT:KIND]\n", stderr);
        return false;
    }
    if (first.kind == FAULT_LIE) {
        case_lie(worker, first.at);
    } else if (*end == '/' && parse_injury(end + 1, &second, &end)) {
        (void)make_base(worker, first);
        (void)case_recover(worker, first, second);
    } else {
        (void)case_run(worker, first);
    }
    return true;
}

static void print_tally(uint64_t started_ms)
{
    unsigned long cases = tally->cases[0] + tally->cases[1] + tally->lies;
    printf("%lu faults in the script, %lu in recovery, %lu lies: %lu killed, "
           "%lu refused, %lu survived, %lu went on after FULL\n"
           "%lu cases in %.1f s, %lu bad\n",
           (unsigned long)tally->cases[0], (unsigned long)tally->cases[1],
           (unsigned long)tally->lies, (unsigned long)tally->killed,
           (unsigned long)tally->refused, (unsigned long)tally->survived,
           (unsigned long)tally->full, cases,
           (double)(sg_clock_mono().ms - started_ms) / 1000,
           (unsigned long)tally->bad);
}

int main(int argc, char **argv)
{
    static struct worker worker;
    uint64_t started_ms = sg_clock_mono().ms;
    bool good;

    if (!options_parse(argc, argv, &options)) {
        return 2;
    }
    workload_init(&workload, options.seed);
    tally = ward_share(sizeof *tally);
    plain = ward_share(sizeof *plain);
    init_worker(&worker, 99);
    good = rehearse(&worker);
    if (good && options.one_case != NULL) {
        good = replay(&worker);
    } else if (good) {
        good = ward_run_all(options.jobs, work, NULL) == 0;
    }
    print_tally(started_ms);
    ward_clean();
    return good && tally->bad == 0 ? 0 : 1;
}
