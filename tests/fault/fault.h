/* The shim: a disk that fails on command, between a program and the kernel.
 *
 * libfault.so takes the place of the libc calls that change files. Calls on
 * files under one directory are numbered from 1; one of them, or none, goes
 * wrong in the way that is asked for. It can also write down every call with
 * its data, for crash images. Programs of this folder link it in front of LMDB
 * and steer it with the functions below; any other program is put on it with
 *
 *   LD_PRELOAD=libfault.so FAULT_DIR=/abs/dir FAULT_KIND=eio FAULT_AT=17
 *
 * and FAULT_REPORT=1 to have the number of calls printed at the end.
 *
 * Context: a process has one plan; calls may come from any thread.
 */
#ifndef SG_TESTS_FAULT_FAULT_H
#define SG_TESTS_FAULT_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAULT_PATH_MAX 512
#define FAULT_LIE_MAX  32

enum fault_kind {
    FAULT_NONE,
    FAULT_KILL_BEFORE, /* kill -9 on itself; the call does not happen */
    FAULT_KILL_AFTER,  /* it happens, then kill -9 */
    FAULT_KILL_HALF,   /* half of the bytes are written, then kill -9 */
    FAULT_EIO,
    FAULT_ENOSPC,
    FAULT_SHORT, /* half of the bytes are written, and the call says so */
    FAULT_LIE,   /* of the bytes `lie` one bit is written wrong, whenever they
                    are written, and nothing is said; `at` does not matter */
    FAULT_KINDS
};

extern const char *const fault_kind_names[FAULT_KINDS];

/* What a call does. */
enum fault_op {
    FAULT_WRITE,
    FAULT_SYNC,
    FAULT_SIZE, /* ftruncate, fallocate */
    FAULT_MAKE, /* open with O_CREAT, mkdir */
    FAULT_MOVE, /* rename, exchange */
    FAULT_DROP, /* unlink, rmdir */
    FAULT_MARK, /* not a call: fault_mark */
    FAULT_OPS
};

extern const char *const fault_op_names[FAULT_OPS];

/* Says whether KIND makes a difference at a call of OP. */
bool fault_fits(enum fault_kind kind, enum fault_op op);

/* What is known of the calls, in memory that outlives the process. */
#define FAULT_CALLS_MAX 16384
struct fault_seen {
    uint64_t calls;
    bool hit;
    uint8_t op[FAULT_CALLS_MAX]; /* enum fault_op of call I + 1 */
};

/* One recorded call, followed by its name or data, padded to 8 bytes. Files
 * and directories are known by inode number. */
struct fault_event {
    uint32_t size; /* with what follows */
    uint8_t op;
    bool durable;     /* the call returned only when it was (O_DSYNC) */
    uint16_t pad;     /* 0 */
    uint64_t file;    /* of WRITE, SYNC, SIZE; the one made, moved, dropped */
    uint64_t folder;  /* of names */
    uint64_t folder2; /* of MOVE: the folder of the new name */
    uint64_t file2;   /* of MOVE that exchanges: the other one; else 0 */
    uint64_t at;      /* offset, or new size; of MAKE, 1 for a folder */
    uint32_t name;    /* bytes of the name, or of the first of two */
    uint32_t data;    /* bytes of data, or of the second name */
};

struct fault_record {
    uint64_t capacity;
    uint64_t size; /* in use */
    uint64_t overflow;
    uint8_t bytes[];
};

struct fault_plan {
    char dir[FAULT_PATH_MAX]; /* absolute */
    enum fault_kind kind;
    uint64_t at; /* the call, from 1 */
    /* Not empty: only calls on files of this name are counted. */
    char only[FAULT_LIE_MAX];
    uint8_t lie[FAULT_LIE_MAX];
    /* Files say that they are always the same inode, born at the same time: a
     * crash image passes for the original. */
    bool same_identity;
    struct fault_seen *seen;     /* may be NULL */
    struct fault_record *record; /* may be NULL */
};

/* Puts PLAN into force and counts from 1; forgets the one before. */
void fault_begin(const struct fault_plan *plan);

/* Lets everything through again; identities stay as they are. */
void fault_end(void);

/* Writes BYTES into the record between the calls: an acknowledgement. */
void fault_mark(const void *bytes, size_t size);

#endif
