/* The keeper: the one who writes to the log store, on a thread of its own.
 *
 * It takes WRITE effects of the sync core, and entries for own logs, commits
 * them in groups and hands them back with what became of each. It is not the
 * store, which decides what is refused, and it does not talk to the core: the
 * driver does (driver.h).
 *
 * Grouping: a commit takes what waits, up to SG_COMMIT_ENTRIES_MAX entries; it
 * waits for company as long as more comes, SG_COMMIT_MS_MAX at the most. An
 * officer waits for his own entries: they wait for no company, and what comes
 * while they are committed is the next group.
 */
#ifndef SG_NODE_KEEPER_H
#define SG_NODE_KEEPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replication/sync.h"
#include "storage/base/err.h"
#include "storage/lmdb/keep.h"
#include "storage/lmdb/store.h"

struct sg_keeper;

/* Says that sg_keeper_take has something to give. Context: the keeper's own
 * thread, or one that is in sg_keeper_append_here; it must not wait. */
typedef void sg_keeper_wake(void *context);

/* Starts the thread. Borrows: STORE, until sg_keeper_free; nobody else writes
 * to it meanwhile. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_keeper_new(struct sg_store *store,
                                        sg_keeper_wake *wake, void *context,
                                        struct sg_keeper **ret_keeper);

/* Commits what waits, ends the thread, frees. Takes NULL. */
void sg_keeper_free(struct sg_keeper *keeper);

/* Takes a WRITE effect, or BEHIND: the own log is closed, and the next opening
 * of the store begins a new epoch. What it points to is copied. Errors: NOMEM.
 * Context: the loop's thread. */
SG_USE_RESULT enum sg_err sg_keeper_put(struct sg_keeper *keeper,
                                        const struct sg_effect *effect);

/* Entries for the end of an own log. */
struct sg_keeper_append {
    uint32_t number;
    uint64_t first; /* the index that entries[0] is sealed for */
    const struct sg_entry *entries;
    size_t count; /* 1 to SG_COMMIT_ENTRIES_MAX */
    void *owner;
};

/* Takes entries for an own log; they come back as a job whose error is OK when
 * they are durable and signed, STATE when FIRST is not the log's end. Borrows:
 * the entries and their payloads until then. Context: any thread.
 * Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_keeper_append(
    struct sg_keeper *keeper, const struct sg_keeper_append *append);

/* The same, for who has nothing else to do: where the keeper rests, its work is
 * done in the caller's thread, which is woken sooner than a third one would be
 * that only waits for the disk as well. Context: any thread but the loop's. */
SG_USE_RESULT enum sg_err sg_keeper_append_here(
    struct sg_keeper *keeper, const struct sg_keeper_append *append);

/* Takes a time floor to keep. Errors: NOMEM. Context: the loop's thread. */
SG_USE_RESULT enum sg_err sg_keeper_floor(struct sg_keeper *keeper,
                                          const struct sg_keep_floor *floor);

/* Gives the bytes that wait or are being committed. Context: any thread. */
size_t sg_keeper_waiting(struct sg_keeper *keeper);

/* A write that is done: durable if ERR is SG_OK, else refused. */
struct sg_keeper_job {
    struct sg_keeper_job *next;
    bool is_append;
    bool is_floor;
    struct sg_keep_floor floor;
    struct sg_keeper_append append;
    struct sg_store_log own; /* of an append: the log after it */
    struct sg_effect effect; /* else; its pointers lead into the job */
    size_t size;             /* of the job and what it holds */
    enum sg_err err;
};

/* What happened since the last call. */
struct sg_keeper_done {
    struct sg_keeper_job *jobs; /* in the order they were put; may be NULL */
    uint64_t change;            /* the store's largest change number */
    bool is_full;               /* the store takes no ordinary writes now */
    bool is_closed;             /* the own log was closed: open anew */
    bool is_erased;             /* payloads were removed by order */
    enum sg_err err; /* FATAL, DAMAGED: stop, acknowledge nothing more */
};

/* Gives what is done. Caller frees the jobs with sg_keeper_done_clear. */
void sg_keeper_take(struct sg_keeper *keeper, struct sg_keeper_done *ret_done);
void sg_keeper_done_clear(struct sg_keeper_done *done);

#endif
