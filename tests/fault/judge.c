#include "tests/fault/judge.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/lmdb/fetch.h"
#include "storage/lmdb/verify.h"

__attribute__((format(printf, 2, 3))) static bool fail(struct judge *judge,
                                                       const char *format, ...)
{
    va_list list;
    va_start(list, format);
    (void)vsnprintf(judge->reason, sizeof judge->reason, format, list);
    va_end(list);
    return false;
}

/* --- Own logs ------------------------------------------------------------- */

struct census {
    const struct workload *workload;
    unsigned own;    /* with our key and flag */
    unsigned closed; /* of these */
    bool foreign;
    struct sg_store_log foreign_log;
};

static enum sg_err take_census(void *context, const struct sg_store_log *log)
{
    struct census *census = context;
    if ((log->row.flags & SG_LOG_OWN) != 0) {
        census->own++;
        census->closed += (log->row.flags & SG_LOG_CLOSED) != 0;
    } else if (memcmp(&log->id, &census->workload->foreign_id,
                      sizeof log->id) == 0) {
        census->foreign = true;
        census->foreign_log = *log;
    }
    return SG_OK;
}

static bool judge_own(struct judge *judge, struct sg_store *store)
{
    const struct script_acks *acks = judge->script->acks;
    unsigned i;
    for (i = 0; i < WORKLOAD_OWN; i++) {
        const struct sg_store_own *own = sg_store_own(store, i);
        bool first = own->start == SG_START_FIRST;
        enum sg_store_start worst = judge->lied ? SG_START_CUT : SG_START_TAIL;
        if (own->start > worst || (first && acks->opened)) {
            return fail(judge, "own log %u: start %d", i, (int)own->start);
        }
        if (acks->opened &&
            memcmp(&own->id, &acks->id[i], sizeof own->id) != 0) {
            return fail(judge, "own log %u is another one", i);
        }
        if (acks->opened && own->signed_checkpoint.size < acks->size[i]) {
            return fail(judge, "own log %u: %llu of %llu acknowledged", i,
                        (unsigned long long)own->signed_checkpoint.size,
                        (unsigned long long)acks->size[i]);
        }
    }
    return true;
}

static bool judge_logs(struct judge *judge, struct sg_store *store,
                       struct census *census)
{
    const struct script_acks *acks = judge->script->acks;
    enum sg_err err;
    memset(census, 0, sizeof *census);
    census->workload = judge->script->workload;
    err = sg_store_each(store, take_census, census);
    if (err != SG_OK) {
        return fail(judge, "listing logs: %s", sg_err_name(err));
    }
    if (census->own != WORKLOAD_OWN || census->closed > 0) {
        return fail(judge, "%u own logs, %u closed: a new epoch", census->own,
                    census->closed);
    }
    if ((acks->foreign_held > 0 || acks->foreign_known > 0) &&
        (!census->foreign ||
         census->foreign_log.row.frontier.size < acks->foreign_held ||
         census->foreign_log.row.known.size < acks->foreign_known)) {
        return fail(judge, "the foreign log lacks what was acknowledged");
    }
    return true;
}

/* --- Verification --------------------------------------------------------- */

static void found(void *context, uint32_t log, uint64_t index,
                  enum sg_damage damage)
{
    struct judge *judge = context;
    (void)fail(judge, "verify: log %u index %llu: %s", log,
               (unsigned long long)index,
               sg_verify_damage_text(damage, SG_LANG_EN));
}

static bool judge_verify(struct judge *judge, struct sg_store *store)
{
    struct sg_verify *verify;
    bool done = false, good;
    enum sg_err err = sg_verify_new(store, found, judge, &verify);
    while (err == SG_OK && !done) {
        err = sg_verify_step(verify, 4096, &done);
    }
    if (err != SG_OK) {
        return fail(judge, "verify: %s", sg_err_name(err));
    }
    good = sg_verify_totals(verify)->findings == 0;
    sg_verify_free(verify);
    return good;
}

/* --- Entries -------------------------------------------------------------- */

uint64_t judge_entries(const struct workload *workload, unsigned log,
                       uint64_t first, const struct sg_entry entries[],
                       size_t count)
{
    static uint8_t payload[WORKLOAD_PAYLOAD_MAX];
    size_t i;
    for (i = 0; i < count; i++) {
        uint64_t index = first + i;
        bool foreign = log == WORKLOAD_FOREIGN_LOG;
        size_t size = workload_payload(workload, log, index, payload);
        bool good;
        switch (entries[i].state) {
        case SG_PAYLOAD_PRESENT:
            good = index == 0 ||
                   sg_bytes_equal(entries[i].payload, sg_bytes(payload, size));
            break;
        case SG_PAYLOAD_NOT_HELD:
            good = foreign && workload_is_absent(index);
            break;
        default:
            good = (foreign ? index == SCRIPT_ERASED_AWAY
                            : log == 0 && index == SCRIPT_ERASED) &&
                   memcmp(entries[i].erased_by, script_order, 16) == 0;
        }
        if (!good || (index > 0 && entries[i].length != size)) {
            return index;
        }
    }
    return UINT64_MAX;
}

static bool judge_log(struct judge *judge, struct sg_store *store,
                      uint32_t number, unsigned log, uint64_t size)
{
    static struct sg_fetch fetch;
    uint64_t at = 0, wrong;
    enum sg_err err = SG_OK;

    sg_fetch_init(&fetch, 1 << 21);
    while (at < size) {
        err = sg_fetch_range(store, number, at, SG_PACKAGE_ENTRIES_MAX, &fetch);
        if (err != SG_OK || fetch.count == 0) {
            return fail(judge, "log %u index %llu: %s", log,
                        (unsigned long long)at, sg_err_name(err));
        }
        wrong = judge_entries(judge->script->workload, log, at, fetch.entries,
                              fetch.count);
        if (wrong != UINT64_MAX) {
            return fail(judge, "log %u index %llu: wrong bytes", log,
                        (unsigned long long)wrong);
        }
        at += fetch.count;
    }
    sg_fetch_clear(&fetch);
    return true;
}

static bool judge_states(struct judge *judge, struct sg_store *store,
                         const struct census *census)
{
    const struct script_acks *acks = judge->script->acks;
    static struct sg_fetch fetch;
    uint32_t own = sg_store_own(store, 0)->number;
    uint32_t foreign = census->foreign_log.number;

    sg_fetch_init(&fetch, 1 << 16);
    if (acks->erased &&
        (sg_fetch_range(store, own, SCRIPT_ERASED, 1, &fetch) != SG_OK ||
         fetch.entries[0].state != SG_PAYLOAD_ERASED ||
         sg_fetch_range(store, foreign, SCRIPT_ERASED_AWAY, 1, &fetch) !=
             SG_OK ||
         fetch.entries[0].state != SG_PAYLOAD_ERASED)) {
        return fail(judge, "an erased payload is back");
    }
    if (acks->filled &&
        (sg_fetch_range(store, foreign, SCRIPT_FILLED, 1, &fetch) != SG_OK ||
         fetch.entries[0].state != SG_PAYLOAD_PRESENT)) {
        return fail(judge, "a payload that was filled in is gone");
    }
    sg_fetch_clear(&fetch);
    return true;
}

/* After compaction the erased bytes are in no page of the file. */
static bool judge_erased_bytes(struct judge *judge)
{
    static uint8_t payload[WORKLOAD_PAYLOAD_MAX];
    char path[SCRIPT_PATH_MAX + 32];
    struct stat status;
    size_t size =
        workload_payload(judge->script->workload, 0, SCRIPT_ERASED, payload);
    bool gone = false;
    void *map;
    int fd;

    (void)snprintf(path, sizeof path, "%s/log/data.mdb", judge->script->dir);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) != 0) {
        return fail(judge, "no data file");
    }
    map = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (map != MAP_FAILED) {
        gone = memmem(map, (size_t)status.st_size, payload, size) == NULL;
        (void)munmap(map, (size_t)status.st_size);
    }
    (void)close(fd);
    return gone || fail(judge, "erased bytes after compaction");
}

/* --- All of it ------------------------------------------------------------ */

static bool judge_all_logs(struct judge *judge, struct sg_store *store,
                           const struct census *census)
{
    unsigned i;
    for (i = 0; i < WORKLOAD_OWN; i++) {
        const struct sg_store_own *own = sg_store_own(store, i);
        if (!judge_log(judge, store, own->number, i,
                       own->signed_checkpoint.size)) {
            return false;
        }
    }
    return !census->foreign ||
           judge_log(judge, store, census->foreign_log.number,
                     WORKLOAD_FOREIGN_LOG,
                     census->foreign_log.row.frontier.size);
}

static bool judge_open(struct judge *judge, struct sg_store *store)
{
    struct census census;
    return judge_own(judge, store) && judge_logs(judge, store, &census) &&
           judge_verify(judge, store) &&
           judge_all_logs(judge, store, &census) &&
           judge_states(judge, store, &census);
}

/* A backup that is there at all is whole. */
static bool judge_backup(struct judge *judge)
{
    const struct script_acks *acks = judge->script->acks;
    struct sg_store_config config = script_config(judge->script);
    char dir[SCRIPT_PATH_MAX + 32];
    struct sg_store_log log;
    struct sg_store *store;
    enum sg_err err;
    bool good;

    script_backup_dir(judge->script, dir);
    if (access(dir, F_OK) != 0) {
        return !acks->backed_up || fail(judge, "the backup is gone");
    }
    config.dir = dir;
    err = sg_store_open(&config, NULL, 0, &store);
    if (err != SG_OK) {
        return fail(judge, "the backup does not open: %s", sg_err_name(err));
    }
    err = sg_store_find(store, &acks->id[0], 0, &log);
    good = err == SG_OK && log.row.frontier.size >= acks->backup_size;
    if (!good) {
        (void)fail(judge, "the backup lacks entries: %s", sg_err_name(err));
    }
    good = good && judge_verify(judge, store) &&
           judge_log(judge, store, log.number, 0, log.row.frontier.size);
    sg_store_close(store);
    return good;
}

bool judge_store(struct judge *judge)
{
    const struct script_acks *acks = judge->script->acks;
    struct sg_store *store;
    enum sg_err err = script_open(judge->script, &store);
    bool good;

    judge->reason[0] = 0;
    if (acks->undead) {
        return fail(judge, "SG_OK after FATAL");
    }
    if (err == SG_OK) {
        good = judge_open(judge, store);
        sg_store_close(store);
        if (!good || (acks->compacted && !judge_erased_bytes(judge)) ||
            !judge_backup(judge)) {
            return false;
        }
    } else if (err != SG_ERR_NOTFOUND || acks->created) {
        return fail(judge, "does not open: %s", sg_err_name(err));
    }
    err = script_recover(judge->script);
    return err == SG_OK || fail(judge, "does not go on: %s", sg_err_name(err));
}
