/* A node's disk, as storage/lmdb would leave it: what is durable, what waits,
 * and the high-water file beside it.
 *
 * Only what the promises of storage/lmdb/README.md allow can be seen: a commit
 * happens whole or not at all; a crash keeps the last one, or the one that was
 * under way; the high-water file has two slots, of which a crash may tear the
 * one being written. The faults are in when and what is lost (disk_crash,
 * disk_rot, disk_full), not in half a commit: tests/fault has shown on the real
 * store that there is no such thing.
 */
#ifndef SG_TESTS_SIM_DISK_H
#define SG_TESTS_SIM_DISK_H

#include <stdbool.h>

#include "replication/sync.h"
#include "tests/sim/index.h"
#include "tests/sim/pool.h"

/* An entry as this disk has it. */
struct disk_slot {
    const struct pool_entry *place;
    uint8_t state;                        /* enum sg_payload_state */
    bool is_rotten;                       /* the payload reads as other bytes */
    uint8_t erased_by[SG_ERASED_BY_SIZE]; /* of erased ones */
};

/* Hashes of complete subtrees, one array a level; level 0 is the slots'. */
struct disk_level {
    struct sg_hash *hashes;
    size_t count;
    size_t room;
};

/* What a slot of the high-water file says of the own logs, or nothing. */
struct disk_mark {
    bool is_set;
    struct sg_log_core core;
    struct sg_checkpoint checkpoint;
    struct sg_checkpoint
        audit; /* of the log of audits; size 0: there is none */
};

struct disk_log {
    struct sg_log_core core;
    struct sg_log_id id;
    uint8_t branch;
    bool is_own;
    bool is_closed;
    bool is_forked;
    bool is_news;               /* the core is to be told by a HEAD */
    struct sg_checkpoint known; /* an own log's: as signed last */
    uint64_t absent;
    uint64_t change;
    struct disk_slot *slots;
    size_t n_slots;
    size_t room;
    struct disk_level *levels; /* of the tree: a thousand nodes have millions
                                * of logs, nearly all of them small */
    size_t n_levels;
    size_t levels_room;
    struct disk_mark *begun; /* an own log's: the file's newest slot then */
    uint8_t *proof;          /* of a fork; NULL: none */
    size_t proof_size;
    uint32_t variants; /* of the writer's histories, those that still fit */
};

/* A memory of a peer. */
struct disk_memory {
    uint8_t node_key[SG_KEY_SIZE];
    uint8_t tag[SG_HELLO_TAG_SIZE];
    uint64_t change;
};

/* One change that waits for its commit. */
struct disk_op {
    enum sg_effect_kind kind; /* a WRITE; SG_EFFECT_SEND: own entries */
    uint64_t ticket;
    struct sg_log_core core;
    struct sg_log_id id;
    uint8_t branch;
    uint64_t first;
    struct disk_slot *slots;
    size_t count;
    uint8_t *body; /* own entry that is not sealed yet; NULL: none */
    size_t body_size;
    uint8_t entry_kind;
    uint64_t key_entry; /* under which it will be */
    bool is_audit;
    bool uses_reserve; /* written though the disk is full */
    struct sg_checkpoint known;
    struct disk_memory memory;
    uint8_t *proof; /* FORK; becomes the log's */
    size_t proof_size;
    uint64_t index; /* ERASE */
    uint8_t order[SG_ERASED_BY_SIZE];
};

struct disk {
    uint8_t database[16];
    uint64_t fingerprint; /* of the machine that wrote the high-water file */
    struct disk_mark marks[2]; /* the file's two slots; [0] is the newest */
    struct disk_log **logs;
    size_t n_logs;
    size_t logs_room;
    struct index index; /* of them */
    struct disk_memory *memories;
    size_t n_memories;
    size_t memories_room;
    struct disk_op *waiting;
    size_t n_waiting;
    size_t waiting_room;
    size_t n_underway; /* the first so many of them are being committed */
    uint64_t changes;
    bool is_full;
};

void disk_init(struct disk *disk, const uint8_t database[16],
               uint64_t fingerprint);
void disk_clear(struct disk *disk);

/* Makes RET a copy of DISK without what waits: a clone of the machine, or with
 * WITHOUT_MARKS a backup. */
void disk_copy(const struct disk *disk, bool without_marks, struct disk *ret);

/* Finds a log; NULL when there is none. */
struct disk_log *disk_find(const struct disk *disk, const struct sg_log_id *id,
                           uint8_t branch);

/* The own log of KIND that is written now; NULL when there is none. */
struct disk_log *disk_own_of(const struct disk *disk, enum sg_log_kind kind);
/* The same of records. */
struct disk_log *disk_own(const struct disk *disk);

/* Adds the log with CORE, empty. */
struct disk_log *disk_add(struct disk *disk,
                          const struct sg_registry_id *registry,
                          const struct sg_log_core *core, uint8_t branch);

/* Puts OP in line; its slots become the disk's. */
void disk_wait(struct disk *disk, const struct disk_op *op);

/* Carries OP out. Errors: EXISTS, STATE, FULL, NOTFOUND, as batch.h. */
enum sg_err disk_apply(struct disk *disk, const struct sg_registry_id *registry,
                       const struct disk_op *op);

/* Takes the N first ops that wait away, freeing what they hold. */
void disk_drop(struct disk *disk, size_t n);

/* Gives the hash of leaves [FROM, TO) of LOG, which are held. */
struct sg_hash disk_range(const struct disk_log *log, uint64_t from,
                          uint64_t to);

/* Gives the frontier as it was at SIZE. */
void disk_frontier(const struct disk_log *log, uint64_t size,
                   struct sg_frontier *ret);

/* Gives the root of all that LOG holds. */
struct sg_hash disk_root(const struct disk_log *log);

/* Gives what sync.h wants to know of LOG. */
void disk_head(const struct disk_log *log, struct sg_sync_head *ret);

/* Takes the entries from SIZE on away: an unsigned tail that is not ours. */
void disk_cut(struct disk_log *log, uint64_t size);

#endif
