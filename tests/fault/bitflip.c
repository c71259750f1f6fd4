/* Bit rot: one bit of a filled store's data file is turned over, and a child
 * opens the store and reads all of it. Nothing wrong may come out, nobody may
 * die by a signal, and damage to an entry must be named and healed from a
 * second store. So with each bit of the two meta pages. Then the file is cut
 * off at every page.
 *
 *   bitflip [--seed N] [--full] [--jobs N] [--count N] [--case BYTE/BIT]
 *
 * 500 flips and one in 10 of the meta pages' bits and of the cuts; 5,000 and
 * all with --full. Exit: 0 as promised, 1 not, 2 usage.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/base/clock.h"
#include "storage/lmdb/backup.h"
#include "storage/lmdb/fetch.h"
#include "storage/lmdb/repair.h"
#include "tests/fault/fault.h"
#include "tests/fault/library.h"
#include "tests/fault/options.h"
#include "tests/fault/ward.h"

#define RECORDS      6000u
#define FINDINGS_MAX 1024
#define SHOWN_MAX    10
#define REASON_MAX   200
#define PAGE         4096u
#define HEAD         48u  /* of a page, and the first offsets on it */
#define META         160u /* what LMDB believes of a meta page, and a little */

enum outcome {
    HARMLESS, /* nobody could tell */
    REFUSED,  /* the store does not open, and says so */
    PAGES,    /* verification says DAMAGED: rebuild from peers */
    NAMED,    /* what is damaged was named; healed only in part */
    HEALED,   /* and healed from the second store: all as before */
    OUTCOMES
};

static const char *const outcome_names[OUTCOMES] = {
    "harmless", "refused at open", "page damage named", "named, not healed",
    "healed"};

struct tally {
    atomic_ulong outcomes[OUTCOMES];
    atomic_ulong damages[SG_DAMAGE_LOG + 1]; /* flips with such a finding */
    atomic_ulong epochs;
    atomic_ulong cuts;
    atomic_ulong cuts_refused;
    atomic_ulong bad;
};

struct finding {
    uint32_t log;
    uint64_t index;
    enum sg_damage damage;
};

/* What a worker shares with its patients. */
struct bed {
    struct script_acks acks;
    enum outcome outcome;
    enum sg_err err;
    bool epoch;
    bool wrote;
    unsigned finding_count;
    struct finding findings[FINDINGS_MAX];
    char reason[REASON_MAX];
};

struct worker {
    struct script script; /* the store that suffers */
    struct script second; /* an intact one */
    struct fault_plan plan;
    struct bed *bed;
    char file[SCRIPT_PATH_MAX + 32];
};

static struct workload workload;
static struct options options;
static struct tally *tally;
static struct library *library;
static struct script pristine;
static uint8_t *data; /* of the pristine file */
static size_t data_size;

/* --- Patients ------------------------------------------------------------- */

static int complain(struct bed *bed, const char *what, const char *name)
{
    (void)snprintf(bed->reason, sizeof bed->reason, "%s: %s", what, name);
    return 1;
}

static bool is_named(enum sg_err err)
{
    return err == SG_ERR_DAMAGED || err == SG_ERR_TRUNCATED ||
           err == SG_ERR_VERSION;
}

static void found(void *context, uint32_t log, uint64_t index,
                  enum sg_damage damage)
{
    struct bed *bed = context;
    if (bed->finding_count < FINDINGS_MAX) {
        struct finding *finding = &bed->findings[bed->finding_count++];
        finding->log = log;
        finding->index = index;
        finding->damage = damage;
    }
}

static enum sg_err verify(struct bed *bed, struct sg_store *store)
{
    struct sg_verify *verify;
    bool done = false;
    enum sg_err err = sg_verify_new(store, found, bed, &verify);
    bed->finding_count = 0;
    while (err == SG_OK && !done) {
        err = sg_verify_step(verify, 4096, &done);
    }
    sg_verify_free(verify);
    return err;
}

/* Takes one entry from the second store. */
static enum sg_err heal_entry(struct sg_store *store, struct sg_store *second,
                              struct sg_batch *batch,
                              const struct finding *finding)
{
    static struct sg_tlog_proof proof;
    static struct sg_fetch fetch;
    enum sg_err err;
    sg_fetch_init(&fetch, SG_PAYLOAD_SIZE_MAX);
    err = sg_fetch_proof(second, finding->log, finding->index, &proof);
    if (err == SG_OK) {
        err = sg_fetch_range(second, finding->log, finding->index, 1, &fetch);
    }
    if (err == SG_OK) {
        err = sg_repair_entry(store, batch, finding->log, &proof,
                              &fetch.entries[0]);
    }
    if (err == SG_OK) {
        err = sg_batch_commit(batch);
    }
    sg_batch_clear(batch);
    sg_fetch_clear(&fetch);
    return err;
}

static bool is_entry(enum sg_damage damage)
{
    return damage == SG_DAMAGE_PAYLOAD || damage == SG_DAMAGE_LEAF ||
           damage == SG_DAMAGE_ROW;
}

static enum sg_err heal(struct bed *bed, struct sg_store *store,
                        struct sg_store *second)
{
    static struct finding list[FINDINGS_MAX];
    unsigned count = bed->finding_count, i;
    struct sg_batch *batch;
    uint64_t written;
    enum sg_err err = sg_batch_new(store, &batch), first = SG_OK;

    if (err != SG_OK) {
        return err;
    }
    bed->wrote = true;
    memcpy(list, bed->findings, sizeof list);
    for (i = 0; i < count; i++) {
        if (is_entry(list[i].damage)) {
            err = heal_entry(store, second, batch, &list[i]);
            first = first == SG_OK ? err : first;
        }
    }
    for (i = 0; i < count; i++) {
        if (list[i].damage == SG_DAMAGE_NODE ||
            list[i].damage == SG_DAMAGE_FRONTIER) {
            err = sg_repair_tree(store, list[i].log, &written);
            first = first == SG_OK ? err : first;
        }
    }
    sg_batch_free(batch);
    return first;
}

/* Findings are there: heal, and look again. */
static int treat(struct worker *worker, struct sg_store *store)
{
    struct bed *bed = worker->bed;
    struct library_reading reading;
    struct sg_store *second;
    struct finding was = bed->findings[0];
    bool entries_only = true;
    enum sg_err err;
    unsigned i;

    for (i = 0; i < bed->finding_count; i++) {
        enum sg_damage damage = bed->findings[i].damage;
        atomic_fetch_add(&tally->damages[damage], 1);
        entries_only = entries_only && (damage == SG_DAMAGE_PAYLOAD ||
                                        damage == SG_DAMAGE_LEAF);
    }
    err = script_open(&worker->second, &second);
    if (err != SG_OK) {
        return complain(bed, "second store", sg_err_name(err));
    }
    err = heal(bed, store, second);
    sg_store_close(second);
    bed->outcome = NAMED;
    if (err == SG_OK) {
        err = verify(bed, store);
    }
    if (err == SG_OK && bed->finding_count == 0) {
        library_read(library, store, &reading);
        if (reading.wrong + reading.damaged + reading.missing > 0) {
            return complain(bed, "after healing", reading.what);
        }
        bed->outcome = HEALED;
        return 0;
    }
    if (err == SG_ERR_DAMAGED || err == SG_ERR_FATAL) {
        bed->outcome = PAGES; /* its page cannot be written on */
        return 0;
    }
    if (entries_only) {
        (void)snprintf(bed->reason, sizeof bed->reason,
                       "entry %llu of log %u not healed: %s, now %u findings: "
                       "%s",
                       (unsigned long long)was.index, was.log, sg_err_name(err),
                       bed->finding_count,
                       sg_verify_damage_text(was.damage, SG_LANG_EN));
        return 1;
    }
    return 0;
}

/* A hot copy of a damaged store may fail, by name; damage in an entry comes
 * along, and is found by who verifies the copy. */
static int copy(const struct worker *worker, struct sg_store *store)
{
    char dir[SCRIPT_PATH_MAX + 32], part[SCRIPT_PATH_MAX + 48];
    enum sg_err err;
    (void)snprintf(dir, sizeof dir, "%s.copy", worker->script.dir);
    (void)snprintf(part, sizeof part, "%s.part", dir);
    ward_remove(dir);
    ward_remove(part);
    err = sg_backup_write(store, dir);
    return err == SG_OK || is_named(err)
               ? 0
               : complain(worker->bed, "copy", sg_err_name(err));
}

static int patient(void *context)
{
    struct worker *worker = context;
    struct bed *bed = worker->bed;
    struct library_reading reading;
    struct sg_store *store;
    unsigned i;

    workload_seed_random(options.seed);
    fault_begin(&worker->plan);
    bed->err = script_open(&worker->script, &store);
    if (bed->err != SG_OK) {
        bed->outcome = REFUSED;
        return is_named(bed->err)
                   ? 0
                   : complain(bed, "open", sg_err_name(bed->err));
    }
    for (i = 0; i < WORKLOAD_OWN; i++) {
        bed->epoch =
            bed->epoch || sg_store_own(store, i)->start > SG_START_TAIL;
    }
    library_read(library, store, &reading);
    if (reading.wrong > 0) {
        return complain(bed, "handed out wrong", reading.what);
    }
    if (reading.fresh > 0 && !bed->epoch) {
        return complain(bed, "handed out wrong", "entries of no log");
    }
    if (copy(worker, store) != 0) {
        return 1;
    }
    bed->err = verify(bed, store);
    if (bed->err != SG_OK) {
        bed->outcome = PAGES;
        return is_named(bed->err)
                   ? 0
                   : complain(bed, "verify", sg_err_name(bed->err));
    }
    if (bed->finding_count > 0) {
        return bed->epoch ? 0 : treat(worker, store);
    }
    if (reading.damaged + reading.missing > 0) {
        return bed->epoch
                   ? 0
                   : complain(bed, "verify does not name it", reading.refused);
    }
    sg_store_close(store);
    return 0;
}

/* --- Cases ---------------------------------------------------------------- */

static void write_file(const struct worker *worker, size_t size)
{
    int fd = open(worker->file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size) {
        perror(worker->file);
        exit(2);
    }
    (void)close(fd);
}

static void write_byte(const struct worker *worker, uint64_t at, uint8_t byte)
{
    int fd = open(worker->file, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || pwrite(fd, &byte, 1, (off_t)at) != 1) {
        perror(worker->file);
        exit(2);
    }
    (void)close(fd);
}

static void prepare(struct worker *worker)
{
    struct bed *bed = worker->bed;
    bed->outcome = HARMLESS;
    bed->err = SG_OK;
    bed->epoch = bed->wrote = false;
    bed->finding_count = 0;
    bed->reason[0] = 0;
}

static void blame(const char *what, uint64_t at, uint64_t bit,
                  const char *reason)
{
    if (atomic_fetch_add(&tally->bad, 1) < SHOWN_MAX) {
        printf("BAD %s\n    replay: bitflip --seed %llu --case %llu/%llu "
               "(%s, page %llu + %llu)\n",
               reason, (unsigned long long)options.seed, (unsigned long long)at,
               (unsigned long long)bit, what, (unsigned long long)at / PAGE,
               (unsigned long long)at % PAGE);
        (void)fflush(stdout);
    }
}

static void flip(struct worker *worker, uint64_t at, unsigned bit)
{
    struct bed *bed = worker->bed;
    struct ward_end end;
    prepare(worker);
    write_byte(worker, at, (uint8_t)(data[at] ^ 1u << bit));
    end = ward_run(patient, worker);
    if (end.code != 0) {
        blame("flip", at, bit,
              end.signal != 0 ? strsignal(end.signal) : bed->reason);
    } else {
        atomic_fetch_add(&tally->outcomes[bed->outcome], 1);
        atomic_fetch_add(&tally->epochs, bed->epoch);
    }
    if (end.code == 0 && !bed->wrote && !bed->epoch) {
        write_byte(worker, at, data[at]);
    } else {
        ward_copy(pristine.dir, worker->script.dir);
    }
}

/* Cut off before page PAGES, the file must be refused, unless what is missing
 * was not in use. */
static void cut(struct worker *worker, uint64_t pages)
{
    struct bed *bed = worker->bed;
    struct ward_end end;
    prepare(worker);
    write_file(worker, pages * PAGE);
    end = ward_run(patient, worker);
    atomic_fetch_add(&tally->cuts, 1);
    atomic_fetch_add(&tally->cuts_refused, bed->outcome == REFUSED);
    if (end.code != 0 ||
        (bed->outcome != REFUSED && bed->outcome != HARMLESS)) {
        blame("cut", pages * PAGE, 0,
              end.signal != 0 ? strsignal(end.signal) : bed->reason);
    }
}

/* --- Workers -------------------------------------------------------------- */

static void init_worker(struct worker *worker, unsigned i)
{
    memset(worker, 0, sizeof *worker);
    worker->bed = ward_share(sizeof *worker->bed);
    worker->script.workload = worker->second.workload = &workload;
    worker->script.acks = worker->second.acks = &worker->bed->acks;
    (void)snprintf(worker->script.dir, sizeof worker->script.dir, "%s/store%u",
                   ward_folder(), i);
    (void)snprintf(worker->second.dir, sizeof worker->second.dir, "%s/second%u",
                   ward_folder(), i);
    (void)snprintf(worker->file, sizeof worker->file, "%s/log/data.mdb",
                   worker->script.dir);
    (void)snprintf(worker->plan.dir, sizeof worker->plan.dir, "%s",
                   worker->script.dir);
    worker->plan.same_identity = true;
}

static int work(void *context, unsigned i)
{
    static struct worker worker;
    struct sg_prng prng;
    uint64_t n;
    (void)context;
    init_worker(&worker, i);
    ward_copy(pristine.dir, worker.script.dir);
    ward_copy(pristine.dir, worker.second.dir);
    sg_prng_init(&prng, options.seed + i);
    for (n = i; n < options.count; n += options.jobs) {
        uint64_t at = sg_prng_below(&prng, data_size);
        if (n % 4 == 0) { /* most is at stake at the head of a page */
            at = at / PAGE * PAGE + sg_prng_below(&prng, HEAD);
        }
        flip(&worker, at, (unsigned)sg_prng_below(&prng, 8));
    }
    for (n = i; n < 2u * META * 8; n += options.jobs) {
        if (options.full || n % options.one_in == 0) {
            flip(&worker, n / (META * 8) * PAGE + n / 8 % META,
                 (unsigned)n % 8);
        }
    }
    for (n = i; n < data_size / PAGE; n += options.jobs) {
        if (options.full || n % options.one_in == 0 || n < 8) {
            cut(&worker, n);
        }
    }
    return 0;
}

/* --- Program -------------------------------------------------------------- */

static int fill(void *context)
{
    struct worker *worker = context;
    workload_seed_random(options.seed);
    fault_begin(&worker->plan);
    worker->bed->err = library_fill(&pristine, RECORDS, library);
    return worker->bed->err == SG_OK ? 0 : 1;
}

static bool load(const char *path)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) != 0) {
        return false;
    }
    data_size = (size_t)status.st_size;
    data = ward_share(data_size);
    if (read(fd, data, data_size) != (ssize_t)data_size) {
        return false;
    }
    return close(fd) == 0;
}

static bool make_pristine(struct worker *worker)
{
    char path[SCRIPT_PATH_MAX + 32];
    struct ward_end end;
    pristine = worker->script;
    end = ward_run(fill, worker);
    (void)snprintf(path, sizeof path, "%s/log/data.mdb", pristine.dir);
    if (end.code != 0 || !load(path)) {
        printf("BAD filling: %s\n", sg_err_name(worker->bed->err));
        return false;
    }
    printf("seed %llu: %llu entries, %zu bytes\n",
           (unsigned long long)options.seed,
           (unsigned long long)library->arrivals, data_size);
    return true;
}

static bool replay(void)
{
    static struct worker worker;
    unsigned long long at;
    unsigned bit;
    if (sscanf(options.one_case, "%llu/%u", &at, &bit) != 2 ||
        at >= data_size || bit > 7) {
        (void)fputs("bitflip: --case BYTE/BIT\n", stderr);
        return false;
    }
    init_worker(&worker, 0);
    ward_copy(pristine.dir, worker.script.dir);
    ward_copy(pristine.dir, worker.second.dir);
    flip(&worker, at, bit);
    return true;
}

static void print_tally(double seconds)
{
    unsigned i;
    for (i = 0; i < OUTCOMES; i++) {
        printf("%s%lu %s", i > 0 ? ", " : "", (unsigned long)tally->outcomes[i],
               outcome_names[i]);
    }
    printf("; %lu new epochs\nfindings:", (unsigned long)tally->epochs);
    for (i = SG_DAMAGE_PAYLOAD; i <= SG_DAMAGE_LOG; i++) {
        printf(" %lu %s%s", (unsigned long)tally->damages[i],
               sg_verify_damage_text((enum sg_damage)i, SG_LANG_EN),
               i < SG_DAMAGE_LOG ? "," : "");
    }
    printf("\n%lu files cut off, %lu refused; %.1f s; %lu bad\n",
           (unsigned long)tally->cuts, (unsigned long)tally->cuts_refused,
           seconds, (unsigned long)tally->bad);
}

int main(int argc, char **argv)
{
    static struct worker worker;
    uint64_t started_ms = sg_clock_mono().ms;
    bool good;

    if (!options_parse(argc, argv, &options)) {
        return 2;
    }
    if (options.count == 0) {
        options.count = options.full ? 5000 : 500;
    }
    workload_init(&workload, options.seed);
    tally = ward_share(sizeof *tally);
    library = ward_share(sizeof *library);
    init_worker(&worker, 99);
    good = make_pristine(&worker);
    if (good && options.one_case != NULL) {
        good = replay();
    } else if (good) {
        good = ward_run_all(options.jobs, work, NULL) == 0;
    }
    print_tally((double)(sg_clock_mono().ms - started_ms) / 1000);
    ward_clean();
    return good && tally->bad == 0 ? 0 : 1;
}
