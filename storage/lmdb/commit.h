/* Inside a batch: what has been added, and how it reaches the disk.
 *
 * Used by batch.c and commit.c only.
 */
#ifndef SG_STORAGE_LMDB_COMMIT_H
#define SG_STORAGE_LMDB_COMMIT_H

#include "storage/base/limits.h"
#include "storage/lmdb/batch.h"
#include "storage/lmdb/internal.h"

/* Logs that one batch may touch. */
#define SG_COMMIT_LOGS_MAX 64
/* Stored nodes that one batch may complete: one for each 256 entries, half as
 * many above, and a chain of 56 when a large log meets a power of two. */
#define SG_COMMIT_NODES_MAX 2048
/* Remembered checkpoints of one log, above what is held of it. */
#define SG_COMMIT_AHEAD_MAX 8

/* A log that the batch touches, as it will be. */
struct sg_commit_log {
    uint32_t number;
    bool fresh; /* introduced by this batch */
    struct sg_store_own *own;
    struct sg_log_id id;
    struct sg_row_log row;
    struct sg_frontier before; /* as committed */
    uint64_t change_before;
    uint64_t tail_arrival; /* of the last committed entry */
    uint64_t tail_now;     /* while applying */
    /* Checkpoints that the log must pass through on its way. */
    unsigned ahead_count;
    struct sg_checkpoint ahead[SG_COMMIT_AHEAD_MAX];
};

enum sg_commit_what {
    SG_COMMIT_ADD,     /* a new row at the end of its log */
    SG_COMMIT_REPLACE, /* a row that changes its state */
};

struct sg_commit_item {
    enum sg_commit_what what;
    struct sg_row_entry row;
};

struct sg_commit_node {
    uint32_t log;
    unsigned level;
    uint64_t position;
    struct sg_hash hash;
};

/* Rows beside the logs that one batch may put (keep.h), and their keys. */
#define SG_COMMIT_KEEPS_MAX    64
#define SG_COMMIT_KEEP_KEY_MAX 65

struct sg_commit_keep {
    unsigned db;
    uint8_t key_size;
    uint8_t key[SG_COMMIT_KEEP_KEY_MAX];
    uint8_t copy[16]; /* of a short value: then value.data is NULL */
    struct sg_bytes value;
};

struct sg_batch {
    struct sg_store *store;
    bool full;   /* a commit met FULL */
    bool begun;  /* something was added: space has been looked at */
    bool urgent; /* what is added may use the reserve */
    bool stamp;  /* the machine's fingerprint goes into the database */
    bool begins; /* and the sequence of the high-water file */
    uint32_t fresh_count;
    size_t log_count;
    size_t item_count;
    size_t node_count;
    size_t keep_count;
    struct sg_commit_keep keeps[SG_COMMIT_KEEPS_MAX];
    struct sg_commit_log logs[SG_COMMIT_LOGS_MAX];
    struct sg_commit_item items[SG_COMMIT_ENTRIES_MAX];
    struct sg_commit_node nodes[SG_COMMIT_NODES_MAX];
};

/* Writes BATCH in one transaction, reads back, signs. Errors: as
 * sg_batch_commit. */
SG_USE_RESULT enum sg_err sg_commit_run(struct sg_batch *batch);

#endif
