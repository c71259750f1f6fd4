/* Verification of a whole store: every row, node, count and checkpoint, in
 * steps, with flat memory.
 *
 * One log at a time is walked from its first entry: each row is hashed again,
 * each chunk of 256 leaves is held against its stored node, each node against
 * its parents, the end against the frontier and the signed checkpoint. What is
 * wrong is named and the walk goes on behind it. The same steps, a few at a
 * time, are the background scrub. Nothing is changed here.
 *
 * Context: one thread per struct sg_verify; others may read and write
 * meanwhile. A step is one read transaction.
 */
#ifndef SG_STORAGE_LMDB_VERIFY_H
#define SG_STORAGE_LMDB_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "storage/base/err.h"
#include "storage/lmdb/store.h"

/* What can be wrong. The numbers stand in the database `damage`. */
enum sg_damage {
    SG_DAMAGE_PAYLOAD = 1,    /* a payload is not the one that was signed */
    SG_DAMAGE_LEAF = 2,       /* the leaf hash or header beside it is not */
    SG_DAMAGE_ROW = 3,        /* an entry's row is missing or unreadable */
    SG_DAMAGE_NODE = 4,       /* a stored node is not the hash of its leaves */
    SG_DAMAGE_FRONTIER = 5,   /* the log's frontier is not that of its leaves */
    SG_DAMAGE_CHECKPOINT = 6, /* the checkpoint does not verify or not fit */
    SG_DAMAGE_COUNT = 7,      /* counters or rows that belong to no log */
    SG_DAMAGE_LOG = 8, /* a log row is unreadable, or at odds with others */
    /* Of the high-water file; found by sg_verify_highwater alone: */
    SG_DAMAGE_SLOT = 9,    /* a slot is torn, or was changed */
    SG_DAMAGE_SIGNED = 10, /* the logs lack what was signed, or differ from it
                              or are not those that the file was written for */
};
#define SG_DAMAGE_LAST SG_DAMAGE_SIGNED

/* Names DAMAGE in one English or Vietnamese phrase; static storage. */
const char *sg_verify_damage_text(enum sg_damage damage, enum sg_lang lang);

/* Called for each finding: INDEX is the entry, or the first entry below a node;
 * 0 for the log as a whole. */
typedef void sg_verify_found_fn(void *context, uint32_t log, uint64_t index,
                                enum sg_damage damage);

struct sg_verify;

/* Prepares to verify STORE. Caller frees with sg_verify_free. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_verify_new(struct sg_store *store,
                                        sg_verify_found_fn *found,
                                        void *context,
                                        struct sg_verify **ret_verify);
void sg_verify_free(struct sg_verify *verify);

/* Goes on by at least one entry and about ENTRIES. RET_DONE when all logs have
 * been walked; the next call begins anew.
 * Errors: DAMAGED when LMDB's own pages are damaged so that the walk cannot go
 * on: the store has to be rebuilt from peers or a backup. */
SG_USE_RESULT enum sg_err sg_verify_step(struct sg_verify *verify,
                                         uint64_t entries, bool *ret_done);

/* Looks at all pages of the database, also of those rows that no walk comes by.
 * One read transaction; nothing is read twice. Errors: DAMAGED. */
SG_USE_RESULT enum sg_err sg_verify_pages(struct sg_store *store);

/* Holds the high-water file that lies beside STORE against the logs, where
 * there is one: a backup has none. STORE is best opened beside, since a start
 * with keys acts on what is found here. FOUND is called with the entry up to
 * which something was signed, or 0.
 * Errors: ACCESS, IO, DAMAGED. */
SG_USE_RESULT enum sg_err sg_verify_highwater(struct sg_store *store,
                                              sg_verify_found_fn *found,
                                              void *context);

struct sg_verify_totals {
    uint32_t logs;
    uint64_t entries;      /* walked */
    uint64_t entries_held; /* to be walked in all, as of the beginning */
    uint64_t present;      /* payloads hashed */
    uint64_t absent;
    uint64_t erased;
    uint64_t checkpoints; /* verified */
    uint64_t findings;
};

/* Gives the figures of the walk so far. */
const struct sg_verify_totals *sg_verify_totals(const struct sg_verify *verify);

#endif
