/* Epochs: a crash never begins one, and a store that is not where it was, or
 * not what it was, always begins exactly one (DESIGN.md D4).
 *
 *   epochs [--seed N] [--full] [--count N]
 *
 * 100 crashes between commit and high-water file, 1,000 with --full; then
 * copies, restored databases, lost files, other machines, and crashes while the
 * epoch begins; then two clones that both signed. Exit: 0 as promised, 1 not, 2
 * usage.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/base/clock.h"
#include "storage/lmdb/fetch.h"
#include "storage/log/fork.h"
#include "storage/log/highwater.h"
#include "tests/fault/fault.h"
#include "tests/fault/judge.h"
#include "tests/fault/options.h"
#include "tests/fault/script.h"
#include "tests/fault/ward.h"

#define ROUND 3u /* entries of one life */

struct bed {
    struct script_acks acks;
    struct fault_seen seen;
    char reason[JUDGE_REASON_MAX];
    enum sg_store_start start;
    struct sg_checkpoint signed_checkpoint; /* of the log of records */
    unsigned tails;
};

/* What a patient is to do, and what it finds. */
struct visit {
    struct script script;
    struct fault_plan plan;
    enum sg_store_start want; /* a new epoch because of this */
    bool may_carry_on;        /* or an earlier opening began it */
    unsigned appends;
};

static struct workload workload;
static struct options options;
static struct bed *bed;
static unsigned n_bad;

static void check(bool good, const char *what)
{
    printf("%s %s%s%s\n", good ? "ok " : "BAD", what,
           good || bed->reason[0] == 0 ? "" : ": ", good ? "" : bed->reason);
    (void)fflush(stdout);
    bed->reason[0] = 0;
    n_bad += !good;
}

static int complain(const char *what, int number)
{
    (void)snprintf(bed->reason, sizeof bed->reason, "%s %d", what, number);
    return 1;
}

static void visit_at(struct visit *visit, const char *name)
{
    memset(visit, 0, sizeof *visit);
    visit->script.workload = &workload;
    visit->script.acks = &bed->acks;
    (void)snprintf(visit->script.dir, sizeof visit->script.dir, "%s/%s",
                   ward_folder(), name);
    (void)snprintf(visit->plan.dir, sizeof visit->plan.dir, "%s",
                   visit->script.dir);
    visit->plan.seen = &bed->seen;
}

/* --- One life ------------------------------------------------------------- */

/* Appends to the log of records, one entry at a time. */
static enum sg_err append(const struct visit *visit, struct sg_store *store,
                          unsigned count)
{
    static struct workload_entries memory;
    const struct sg_store_own *own = sg_store_own(store, 0);
    struct sg_batch *batch;
    enum sg_err err = sg_batch_new(store, &batch);
    while (err == SG_OK && count-- > 0) {
        uint64_t first = own->signed_checkpoint.size;
        workload_own(visit->script.workload, 0, first, 1, &memory);
        err = sg_batch_append(batch, own->number, first, memory.entries, 1);
        if (err == SG_OK) {
            err = sg_batch_commit(batch);
        }
        if (err == SG_OK) {
            bed->acks.size[0] = own->signed_checkpoint.size;
        }
    }
    sg_batch_free(batch);
    return err;
}

/* Opens, notes how that went, appends. */
static int live(void *context)
{
    const struct visit *visit = context;
    const struct sg_store_own *own;
    struct sg_store *store;
    enum sg_err err;

    fault_begin(&visit->plan);
    err = script_open(&visit->script, &store);
    if (err != SG_OK) {
        return complain("open:", (int)err);
    }
    own = sg_store_own(store, 0);
    bed->start = own->start;
    bed->tails += own->start == SG_START_TAIL;
    bed->acks.id[0] = own->id;
    err = append(visit, store, visit->appends);
    bed->signed_checkpoint = own->signed_checkpoint;
    sg_store_close(store);
    return err == SG_OK ? 0 : complain("append:", (int)err);
}

static int be_born(void *context)
{
    struct visit *visit = context;
    struct sg_store_config config = script_config(&visit->script);
    fault_begin(&visit->plan);
    if (sg_store_create(&config, &workload_registry) != SG_OK) {
        return complain("create", 0);
    }
    return live(visit);
}

static bool run(struct visit *visit, int (*fn)(void *))
{
    static uint64_t n_runs;
    struct ward_end end;
    workload_seed_random(options.seed + n_runs++);
    memset(&bed->seen, 0, sizeof bed->seen);
    end = ward_run(fn, visit);
    if (end.signal != 0) {
        (void)complain("signal", end.signal);
    }
    return end.code == 0;
}

/* --- Crashes -------------------------------------------------------------- */

/* Kills a life at its last high-water write or sync; the next one must carry
 * on. */
static bool crash(unsigned round, uint64_t calls)
{
    static const struct {
        enum fault_kind kind;
        unsigned before; /* the end */
    } moments[] = {
        {FAULT_KILL_BEFORE, 1}, {FAULT_KILL_HALF, 1},  {FAULT_KILL_AFTER, 1},
        {FAULT_KILL_BEFORE, 0}, {FAULT_KILL_AFTER, 0},
    };
    struct sg_log_id id = bed->acks.id[0];
    uint64_t acknowledged;
    struct visit visit;

    visit_at(&visit, "crash");
    visit.appends = ROUND;
    (void)snprintf(visit.plan.only, sizeof visit.plan.only, "highwater");
    visit.plan.kind = moments[round % 5].kind;
    visit.plan.at = calls - moments[round % 5].before;
    (void)ward_run(live, &visit);
    acknowledged = bed->acks.size[0];
    visit.plan.kind = FAULT_NONE;
    visit.appends = 0;
    if (!run(&visit, live)) {
        return false;
    }
    if (bed->start > SG_START_TAIL ||
        memcmp(&id, &bed->acks.id[0], sizeof id) != 0 ||
        bed->signed_checkpoint.size < acknowledged) {
        (void)complain("start", (int)bed->start);
        return false;
    }
    return true;
}

static void test_crashes(void)
{
    struct visit visit;
    char what[100];
    uint64_t calls;
    unsigned round;
    bool good;

    visit_at(&visit, "crash");
    (void)snprintf(visit.plan.only, sizeof visit.plan.only, "highwater");
    good = run(&visit, be_born);
    visit.appends = ROUND;
    good = good && run(&visit, live);
    calls = bed->seen.calls;
    bed->tails = 0;
    for (round = 0; good && round < options.count; round++) {
        good = crash(round, calls);
    }
    (void)snprintf(what, sizeof what,
                   "%u crashes between commit and high-water file: %u tails "
                   "signed, no new epoch",
                   round, bed->tails);
    check(good && bed->tails > round / 3, what);
}

/* --- One new epoch -------------------------------------------------------- */

struct census {
    unsigned own;
    unsigned closed;
};

static enum sg_err take_census(void *context, const struct sg_store_log *log)
{
    struct census *census = context;
    bool records = log->row.core.kind == SG_LOG_RECORDS;
    census->own += records && (log->row.flags & SG_LOG_OWN) != 0;
    census->closed += records && (log->row.flags & SG_LOG_CLOSED) != 0;
    return SG_OK;
}

/* The opening of the new log names the old one, which is closed for ever. */
static int find_epoch(void *context)
{
    const struct visit *visit = context;
    static struct sg_fetch fetch;
    struct census census = {0, 0};
    const struct sg_store_own *own;
    struct sg_opening opening;
    struct sg_store_log old;
    struct sg_store *store;
    struct sg_hash root;

    fault_begin(&visit->plan);
    if (script_open(&visit->script, &store) != SG_OK) {
        return complain("does not open", 0);
    }
    own = sg_store_own(store, 0);
    if (own->start != visit->want &&
        !(visit->may_carry_on && own->start == SG_START_CARRIED_ON)) {
        return complain("start", (int)own->start);
    }
    sg_fetch_init(&fetch, 1 << 16);
    if (sg_fetch_range(store, own->number, 0, 1, &fetch) != SG_OK ||
        sg_entry_opening_decode(fetch.entries[0].payload, &opening) != SG_OK ||
        !opening.follows ||
        memcmp(&opening.predecessor, &bed->acks.id[0], 32) != 0) {
        return complain("the opening does not name its predecessor", 0);
    }
    if (sg_store_find(store, &opening.predecessor, 0, &old) != SG_OK ||
        (old.row.flags & SG_LOG_CLOSED) == 0 ||
        old.row.frontier.size != opening.size) {
        return complain("the old log is not closed", 0);
    }
    root = sg_merkle_root(&old.row.frontier);
    if (memcmp(&root, &opening.root, sizeof root) != 0) {
        return complain("the opening has another root", 0);
    }
    if (sg_store_each(store, take_census, &census) != SG_OK ||
        census.own != census.closed + 1) {
        return complain("open epochs:", (int)(census.own - census.closed));
    }
    bed->acks.size[0] = census.own;
    sg_store_close(store);
    return 0;
}

/* The epoch that begins when VISIT opens is the only one: the next opening
 * carries it on, and appends to it. */
static void expect_one(struct visit *visit, enum sg_store_start want,
                       const char *what)
{
    bool good;
    visit->want = want;
    visit->appends = ROUND;
    good = run(visit, find_epoch) && bed->acks.size[0] == 2 &&
           run(visit, live) && bed->start == SG_START_CARRIED_ON;
    if (!good && bed->reason[0] == 0) {
        (void)complain("then start", (int)bed->start);
    }
    check(good, what);
}

/* A store in NAME with some entries. */
static bool make(struct visit *visit, const char *name)
{
    visit_at(visit, name);
    visit->appends = 10;
    return run(visit, be_born);
}

static void place(const struct visit *visit, const char *name, char *ret,
                  size_t size)
{
    (void)snprintf(ret, size, "%s/%s", visit->script.dir, name);
}

static void test_copy(void)
{
    struct visit here, there;
    bool good = make(&here, "here");
    visit_at(&there, "there");
    ward_copy(here.script.dir, there.script.dir);
    if (!good) {
        check(false, "a store to copy");
        return;
    }
    expect_one(&there, SG_START_MACHINE, "a copied directory: one new epoch");
    here.appends = 1;
    check(run(&here, live) && bed->start == SG_START_CARRIED_ON,
          "the original carries on");
}

/* An old data file comes back; the rest of the directory stays. */
static void test_restored(void)
{
    char file[SCRIPT_PATH_MAX + 32], log[SCRIPT_PATH_MAX + 32];
    struct visit visit, old;
    bool good = make(&visit, "restored");

    visit_at(&old, "old");
    place(&visit, "log", log, sizeof log);
    ward_copy(log, old.script.dir);
    good = good && run(&visit, live);
    ward_copy(old.script.dir, log);
    place(&visit, "log/lock.mdb", file, sizeof file);
    (void)unlink(file);
    if (!good) {
        check(false, "a store to restore");
        return;
    }
    expect_one(&visit, SG_START_SHORTER, "an old data file: one new epoch");
}

static void garble(const struct visit *visit, unsigned slot)
{
    char file[SCRIPT_PATH_MAX + 32];
    int fd;
    place(visit, "highwater", file, sizeof file);
    fd = open(file, O_WRONLY | O_CLOEXEC);
    if (fd < 0 ||
        pwrite(fd, "torn", 4, (off_t)slot * SG_HIGHWATER_STRIDE + 512) != 4) {
        perror(file);
        exit(2);
    }
    (void)close(fd);
}

static void test_slots(void)
{
    struct visit visit;
    unsigned slot;
    for (slot = 0; slot < 2; slot++) {
        if (!make(&visit, slot == 0 ? "slot0" : "slot1")) {
            check(false, "a store with slots");
            return;
        }
        garble(&visit, slot);
        check(run(&visit, live) && bed->start <= SG_START_TAIL,
              "one slot is torn: carried on");
    }
    garble(&visit, 0);
    garble(&visit, 1);
    expect_one(&visit, SG_START_NO_HIGHWATER,
               "both slots are torn: one new epoch");
}

static void test_lost(void)
{
    char file[SCRIPT_PATH_MAX + 32];
    struct visit visit;
    if (!make(&visit, "lost")) {
        check(false, "a store to lose a file of");
        return;
    }
    place(&visit, "highwater", file, sizeof file);
    (void)unlink(file);
    expect_one(&visit, SG_START_NO_HIGHWATER,
               "the high-water file is gone: one new epoch");
}

static void test_machine(void)
{
    struct visit visit;
    if (!make(&visit, "machine")) {
        check(false, "a store to move");
        return;
    }
    visit.script.machine = "another machine";
    expect_one(&visit, SG_START_MACHINE, "another machine: one new epoch");
}

/* --- Crashes while an epoch begins ---------------------------------------- */

static int only_open(void *context)
{
    const struct visit *visit = context;
    struct sg_store *store;
    fault_begin(&visit->plan);
    if (script_open(&visit->script, &store) != SG_OK) {
        return complain("does not open", 0);
    }
    sg_store_close(store);
    return 0;
}

/* What makes the epoch necessary. */
enum accident { LOST, TORN, MOVED, RESTORED, ACCIDENTS };

static bool have_accident(struct visit *visit, enum accident accident)
{
    char log[SCRIPT_PATH_MAX + 32], file[SCRIPT_PATH_MAX + 32];
    struct visit old;

    place(visit, "highwater", file, sizeof file);
    switch (accident) {
    case LOST:
        visit->want = SG_START_NO_HIGHWATER;
        return unlink(file) == 0;
    case TORN:
        visit->want = SG_START_NO_HIGHWATER;
        garble(visit, 0);
        garble(visit, 1);
        return true;
    case MOVED:
        visit->want = SG_START_MACHINE;
        visit->script.machine = "another machine";
        return true;
    default:
        visit->want = SG_START_SHORTER;
        visit_at(&old, "unfinished.old");
        place(visit, "log", log, sizeof log);
        ward_copy(log, old.script.dir);
        if (!run(visit, live)) {
            return false;
        }
        ward_copy(old.script.dir, log);
        place(visit, "log/lock.mdb", file, sizeof file);
        return unlink(file) == 0;
    }
}

/* Kills the opening that begins an epoch at call AT of the high-water file,
 * three times over; the one after that finishes the epoch. RET_HIT says whether
 * there was such a call. */
static bool begin_again(enum accident accident, enum fault_kind kind,
                        uint64_t at, bool *ret_hit)
{
    struct visit visit;
    unsigned i;
    bool good = make(&visit, "unfinished") && have_accident(&visit, accident);

    *ret_hit = false;
    (void)snprintf(visit.plan.only, sizeof visit.plan.only, "highwater");
    visit.plan.kind = kind;
    visit.plan.at = at;
    for (i = 0; i < 3 && good; i++) {
        (void)run(&visit, only_open);
        *ret_hit = *ret_hit || bed->seen.hit;
    }
    bed->reason[0] = 0;
    visit.plan.kind = FAULT_NONE;
    visit.may_carry_on = true;
    good = good && run(&visit, find_epoch) && bed->acks.size[0] == 2;
    ward_remove(visit.script.dir);
    visit_at(&visit, "unfinished.old");
    ward_remove(visit.script.dir);
    return good;
}

static void test_unfinished(void)
{
    static const enum fault_kind kinds[] = {FAULT_KILL_BEFORE, FAULT_KILL_HALF,
                                            FAULT_KILL_AFTER};
    char what[100];
    unsigned n = 0, accident, kind;
    bool good = true, hit;
    uint64_t at;

    for (accident = 0; accident < ACCIDENTS; accident++) {
        for (kind = 0; kind < 3; kind++) {
            for (at = 1, hit = true; good && hit; at++) {
                good =
                    begin_again((enum accident)accident, kinds[kind], at, &hit);
                n += hit;
            }
        }
    }
    (void)snprintf(what, sizeof what,
                   "%u crashes while an epoch begins, three times each: one "
                   "new epoch",
                   n);
    check(good && n > 20, what);
}

/* --- Clones --------------------------------------------------------------- */

/* What a third party learns from two clones that both signed. */
static int prove_fork(void *context)
{
    const struct visit *visits = context;
    static uint8_t bytes[SG_FORK_SIZE_MAX];
    static struct sg_fork fork, read;
    struct sg_store *a, *b;
    struct sg_frontier frontier;
    struct sg_hash cover[SG_MERKLE_HASHES_MAX];
    size_t count, size;
    uint64_t smaller;

    fault_begin(&visits[0].plan);
    if (script_open(&visits[0].script, &a) != SG_OK ||
        script_open(&visits[1].script, &b) != SG_OK) {
        return complain("a clone does not open", 0);
    }
    memset(&fork, 0, sizeof fork);
    fork.registry = workload_registry;
    fork.core = sg_store_own(a, 0)->core;
    sg_fork_order(&fork, &sg_store_own(a, 0)->signed_checkpoint,
                  &sg_store_own(b, 0)->signed_checkpoint);
    smaller = fork.smaller.size;
    if (fork.larger.size > smaller) {
        if (sg_fetch_frontier(b, sg_store_own(b, 0)->number, smaller,
                              &frontier) != SG_OK ||
            sg_fetch_cover(b, sg_store_own(b, 0)->number, smaller,
                           fork.larger.size, cover, &count) != SG_OK) {
            return complain("no frontier", 0);
        }
        fork.hash_count = sg_merkle_frontier_count(smaller);
        memcpy(fork.hashes, frontier.hashes,
               fork.hash_count * sizeof fork.hashes[0]);
        memcpy(fork.hashes + fork.hash_count, cover, count * sizeof cover[0]);
        fork.hash_count += count;
    }
    size = sg_fork_encode(&fork, bytes);
    if (sg_fork_decode(sg_bytes(bytes, size), &read) != SG_OK ||
        sg_fork_verify(&read) != SG_OK) {
        return complain("the fork proof does not verify", 0);
    }
    sg_store_close(a);
    sg_store_close(b);
    return 0;
}

/* A third store that knows the first clone's checkpoint meets the other's. */
static int meet_both(void *context)
{
    const struct visit *visits = context;
    struct sg_store_config config = script_config(&visits[2].script);
    struct sg_checkpoint known[2];
    struct sg_log_core core;
    struct sg_store *store;
    struct sg_batch *batch;
    uint32_t log;
    unsigned i;

    fault_begin(&visits[0].plan);
    for (i = 0; i < 2; i++) {
        if (script_open(&visits[i].script, &store) != SG_OK) {
            return complain("a clone does not open", (int)i);
        }
        known[i] = sg_store_own(store, 0)->signed_checkpoint;
        core = sg_store_own(store, 0)->core;
        sg_store_close(store);
    }
    if (sg_store_create(&config, &workload_registry) != SG_OK ||
        sg_store_open(&config, NULL, 0, &store) != SG_OK ||
        sg_batch_new(store, &batch) != SG_OK ||
        sg_batch_log(batch, &core, 0, &log) != SG_OK ||
        sg_batch_commit(batch) != SG_OK ||
        sg_batch_known(batch, log, &known[0]) != SG_OK ||
        sg_batch_commit(batch) != SG_OK) {
        return complain("the third store", 0);
    }
    if (sg_batch_known(batch, log, &known[1]) != SG_ERR_FORK) {
        return complain("no fork is seen", 0);
    }
    sg_batch_free(batch);
    sg_store_close(store);
    return 0;
}

/* The same disk twice: nothing tells the clones apart, and both go on. */
static void test_clones(void)
{
    static struct workload other;
    struct visit visits[3];
    bool good;

    visit_at(&visits[0], "clone0");
    visit_at(&visits[1], "clone1");
    visit_at(&visits[2], "third");
    visits[0].plan.same_identity = visits[1].plan.same_identity = true;
    visits[0].appends = 10;
    good = run(&visits[0], be_born);
    ward_copy(visits[0].script.dir, visits[1].script.dir);
    workload_init(&other, options.seed + 1000);
    other.key = workload.key;
    visits[1].script.workload = &other; /* the same key, other entries */
    visits[0].appends = visits[1].appends = 5;
    good = good && run(&visits[0], live) && run(&visits[1], live);
    check(good && run(visits, meet_both), "two clones that both signed: FORK");
    check(good && run(visits, prove_fork),
          "their fork proof verifies from its bytes alone, equal sizes");
    visits[1].appends = 7;
    good = good && run(&visits[1], live);
    check(good && run(visits, prove_fork),
          "their fork proof verifies from its bytes alone, unequal sizes");
}

int main(int argc, char **argv)
{
    uint64_t started_ms = sg_clock_mono().ms;
    if (!options_parse(argc, argv, &options)) {
        return 2;
    }
    if (options.count == 0) {
        options.count = options.full ? 1000 : 100;
    }
    workload_init(&workload, options.seed);
    bed = ward_share(sizeof *bed);
    printf("seed %llu\n", (unsigned long long)options.seed);
    test_crashes();
    test_copy();
    test_restored();
    test_slots();
    test_lost();
    test_machine();
    test_unfinished();
    test_clones();
    printf("%.1f s; %u bad\n", (double)(sg_clock_mono().ms - started_ms) / 1000,
           n_bad);
    ward_clean();
    return n_bad == 0 ? 0 : 1;
}
