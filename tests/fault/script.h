/* The script: what a node does with its store in a few seconds of life, and
 * what it was promised meanwhile.
 *
 * 300 single appends, three batches of 100 (over two own logs), two packages
 * and a checkpoint of another node, two erasures, a compaction, a map that
 * grows, a payload that arrives late, a backup, and a reopening in between.
 * Each promise (a call that returned SG_OK) is written into memory that
 * outlives the process; judge.h holds the store to it afterwards.
 */
#ifndef SG_TESTS_FAULT_SCRIPT_H
#define SG_TESTS_FAULT_SCRIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/fault/workload.h"

#define SCRIPT_SINGLES     300
#define SCRIPT_BATCHES     3
#define SCRIPT_ERASED      50 /* own log of records */
#define SCRIPT_ERASED_AWAY 31 /* foreign log */
#define SCRIPT_FILLED      4  /* foreign log */
/* Small, so that it is outgrown twice. */
#define SCRIPT_MAP_SIZE (UINT64_C(128) << 10)
#define SCRIPT_PATH_MAX 512

extern const uint8_t script_order[16];

/* What the store has promised so far. */
struct script_acks {
    uint32_t count; /* of all */
    bool created;
    bool opened;
    bool erased;
    bool compacted;
    bool filled;
    bool backed_up;
    bool done;     /* the script came to its end */
    bool undead;   /* a store said FATAL, and then SG_OK to more work */
    uint32_t full; /* times it said FULL, and went on after that */
    struct sg_log_id id[WORKLOAD_OWN];
    uint64_t size[WORKLOAD_OWN];
    uint64_t backup_size; /* of the own log of records, in the backup */
    uint64_t foreign_held;
    uint64_t foreign_known;
};

struct script {
    const struct workload *workload;
    char dir[SCRIPT_PATH_MAX];
    const char *machine;      /* NULL: always the same */
    struct script_acks *acks; /* shared */
    /* Called after each promise; may be NULL. */
    void (*on_ack)(const struct script_acks *acks);
};

/* Where the backup is: within script->dir, so that faults find it, too. */
void script_backup_dir(const struct script *script,
                       char ret[SCRIPT_PATH_MAX + 32]);

/* How all stores of this folder are configured. */
struct sg_store_config script_config(const struct script *script);

/* Opens the store with its two keys. */
SG_USE_RESULT enum sg_err script_open(const struct script *script,
                                      struct sg_store **ret_store);

/* Makes a store in script->dir and does everything. Stops at the first error
 * but FULL, which is tried again. */
SG_USE_RESULT enum sg_err script_run(const struct script *script);

/* What a node does after any accident: opens the store, or makes it if it was
 * never promised, and appends an entry to each own log. */
SG_USE_RESULT enum sg_err script_recover(const struct script *script);

#endif
