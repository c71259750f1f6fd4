/* Full disks: writing stops with FULL, reading goes on, and writing resumes
 * when there is room, all without opening the store again (DESIGN.md D17).
 *
 *   diskfull [--seed N]
 *
 * Three ways to be full: the limit of a file's size; free space below the
 * reserve; a file system of 8 MiB with nothing left, where mounting one is
 * permitted. Exit: 0 as promised, 1 not, 2 usage.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/lmdb/fetch.h"
#include "tests/fault/fault.h"
#include "tests/fault/judge.h"
#include "tests/fault/options.h"
#include "tests/fault/script.h"
#include "tests/fault/ward.h"

#define BATCHES_MAX 2000
#define BATCH       50u
#define SMALL_DISK  "size=8m"
#define LIMITS      16u
#define LIMIT       (UINT64_C(1) << 20)
#define LIMIT_STEP  3000u
#define BALLAST     (2u << 20)

/* Exit code of a patient that may not mount. */
#define NOT_PERMITTED 77

struct patient {
    struct script script;
    struct sg_store *store;
    struct sg_batch *batch;
    struct workload_entries memory;
};

static struct workload workload;
static struct options options;
static char *reason;

static bool complain(const char *what, enum sg_err err)
{
    (void)snprintf(reason, JUDGE_REASON_MAX, "%s: %s", what, sg_err_name(err));
    return false;
}

/* --- Steps ---------------------------------------------------------------- */

static bool begin(struct patient *patient, const char *name, uint64_t reserve)
{
    struct sg_store_config config;
    struct sg_store_key key = {&workload.key, SG_LOG_RECORDS};
    enum sg_err err;
    (void)snprintf(patient->script.dir, sizeof patient->script.dir, "%s/%s",
                   ward_folder(), name);
    config = script_config(&patient->script);
    config.reserve_size = reserve;
    workload_seed_random(options.seed);
    err = sg_store_create(&config, &workload_registry);
    if (err == SG_OK) {
        err = sg_store_open(&config, &key, 1, &patient->store);
    }
    if (err == SG_OK) {
        err = sg_batch_new(patient->store, &patient->batch);
    }
    return err == SG_OK || complain("begin", err);
}

/* Appends batches until one is refused; gives why. COUNT 0: no end. */
static enum sg_err append(struct patient *patient, unsigned count)
{
    const struct sg_store_own *own = sg_store_own(patient->store, 0);
    enum sg_err err = SG_OK;
    unsigned i;
    for (i = 0; err == SG_OK && (count == 0 || i < count); i++) {
        uint64_t first = own->signed_checkpoint.size;
        if (i == BATCHES_MAX) {
            return SG_ERR_LIMIT;
        }
        sg_batch_clear(patient->batch);
        workload_own(&workload, 0, first, BATCH, &patient->memory);
        err = sg_batch_append(patient->batch, own->number, first,
                              patient->memory.entries, BATCH);
        if (err == SG_OK) {
            err = sg_batch_commit(patient->batch);
        }
    }
    return err;
}

/* Everything that was acknowledged comes out as it went in. */
static bool read_all(struct patient *patient)
{
    const struct sg_store_own *own = sg_store_own(patient->store, 0);
    static struct sg_fetch fetch;
    uint64_t at = 0;
    sg_fetch_init(&fetch, 4u << 20);
    while (at < own->signed_checkpoint.size) {
        enum sg_err err = sg_fetch_range(patient->store, own->number, at,
                                         SG_PACKAGE_ENTRIES_MAX, &fetch);
        if (err != SG_OK || judge_entries(&workload, 0, at, fetch.entries,
                                          fetch.count) != UINT64_MAX) {
            return complain("reading", err);
        }
        at += fetch.count;
    }
    sg_fetch_clear(&fetch);
    return true;
}

/* FULL, and again FULL; reads go on meanwhile. */
static bool fill_up(struct patient *patient)
{
    enum sg_err err = append(patient, 0);
    if (err != SG_ERR_FULL) {
        return complain("a full disk says", err);
    }
    err = append(patient, 1);
    if (err != SG_ERR_FULL) {
        return complain("a disk still full says", err);
    }
    return read_all(patient);
}

/* A full disk is no reason not to open, nor to begin an epoch. */
static bool reopen(struct patient *patient, uint64_t reserve)
{
    struct sg_store_config config = script_config(&patient->script);
    struct sg_store_key key = {&workload.key, SG_LOG_RECORDS};
    enum sg_err err;
    config.reserve_size = reserve;
    sg_batch_free(patient->batch);
    sg_store_close(patient->store);
    patient->batch = NULL;
    patient->store = NULL;
    err = sg_store_open(&config, &key, 1, &patient->store);
    if (err == SG_OK) {
        err = sg_batch_new(patient->store, &patient->batch);
    }
    if (err != SG_OK) {
        return complain("opening on a full disk", err);
    }
    return (sg_store_own(patient->store, 0)->start == SG_START_CARRIED_ON ||
            complain("a new epoch", SG_OK)) &&
           read_all(patient);
}

static bool resume(struct patient *patient)
{
    uint64_t before = sg_store_own(patient->store, 0)->signed_checkpoint.size;
    enum sg_err err = append(patient, 3);
    if (err != SG_OK) {
        return complain("with room again", err);
    }
    if (sg_store_own(patient->store, 0)->signed_checkpoint.size !=
        before + 3 * BATCH) {
        return complain("with room again, too few", err);
    }
    return read_all(patient);
}

static void end(struct patient *patient)
{
    sg_batch_free(patient->batch);
    sg_store_close(patient->store);
}

/* --- Three ways ----------------------------------------------------------- */

/* Where a limit falls among the pages of one write differs: each is tried. */
static int limited_file(void *context)
{
    static struct patient patient;
    const rlim_t *size = context;
    struct rlimit limit = {*size, RLIM_INFINITY};
    bool good = begin(&patient, "limited", 1) &&
                setrlimit(RLIMIT_FSIZE, &limit) == 0 && fill_up(&patient);
    limit.rlim_cur = RLIM_INFINITY;
    good = good && setrlimit(RLIMIT_FSIZE, &limit) == 0 && resume(&patient);
    end(&patient);
    return good ? 0 : 1;
}

/* Takes room, as much as there is. */
static bool put_ballast(const char *path)
{
    static uint8_t bytes[BALLAST];
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    bool good = fd >= 0 && write(fd, bytes, sizeof bytes) > 0;
    return fd >= 0 && close(fd) == 0 && good;
}

/* A file system of 8 MiB at the ward's folder, for this process alone. */
static bool mount_small(void)
{
    return unshare(CLONE_NEWNS) == 0 &&
           mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tmpfs", ward_folder(), "tmpfs", 0, SMALL_DISK) == 0;
}

static int small_disk(uint64_t reserve)
{
    static struct patient patient;
    char path[SCRIPT_PATH_MAX];
    bool good;
    if (!mount_small()) {
        return NOT_PERMITTED;
    }
    (void)snprintf(path, sizeof path, "%s/ballast", ward_folder());
    good = put_ballast(path) && begin(&patient, "small", reserve) &&
           fill_up(&patient) && unlink(path) == 0 && resume(&patient) &&
           put_ballast(path) && fill_up(&patient) &&
           reopen(&patient, reserve) && unlink(path) == 0 && resume(&patient);
    end(&patient);
    return good ? 0 : 1;
}

static int below_reserve(void *context)
{
    (void)context;
    return small_disk(3u << 20);
}

static int nothing_left(void *context)
{
    (void)context;
    return small_disk(1);
}

static bool run(int (*fn)(void *), void *context, const char *what)
{
    struct ward_end ended = ward_run(fn, context);
    bool good = ended.code == 0 || ended.code == NOT_PERMITTED;
    printf("%s %s%s%s\n",
           ended.code == NOT_PERMITTED ? "not permitted:"
           : good                      ? "ok "
                                       : "BAD",
           what, good ? "" : ": ",
           good                ? ""
           : ended.signal != 0 ? strsignal(ended.signal)
                               : reason);
    (void)fflush(stdout);
    return good;
}

int main(int argc, char **argv)
{
    bool good = true;
    unsigned i;
    if (!options_parse(argc, argv, &options)) {
        return 2;
    }
    workload_init(&workload, options.seed);
    reason = ward_share(JUDGE_REASON_MAX);
    (void)ward_folder();
    printf("seed %llu\n", (unsigned long long)options.seed);
    for (i = 0; i < LIMITS; i++) {
        rlim_t size = LIMIT + i * LIMIT_STEP;
        char what[64], dir[SCRIPT_PATH_MAX];
        (void)snprintf(what, sizeof what, "a file at its limit of size, %lu",
                       (unsigned long)size);
        good = run(limited_file, &size, what) && good;
        (void)snprintf(dir, sizeof dir, "%s/limited", ward_folder());
        ward_remove(dir);
    }
    good = run(below_reserve, NULL, "less free than the reserve") && good;
    good =
        run(nothing_left, NULL, "a file system of 8 MiB, nothing left") && good;
    ward_clean();
    return good ? 0 : 1;
}
