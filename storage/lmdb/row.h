/* Rows of the log environment: how an entry and a log lie in LMDB.
 *
 * FORMAT.md section 10 has the bytes. Pure codecs: strict when they read,
 * because what they read may be damaged; the caller checks the hashes.
 */
#ifndef SG_STORAGE_LMDB_ROW_H
#define SG_STORAGE_LMDB_ROW_H

#include <stddef.h>
#include <stdint.h>

#include "storage/base/bytes.h"
#include "storage/base/err.h"
#include "storage/log/checkpoint.h"
#include "storage/log/entry.h"
#include "storage/log/merkle.h"

/* An entry row before its payload: three varints, state, length, leaf hash. */
#define SG_ROW_ENTRY_HEAD_MAX (10 + 10 + 1 + 10 + 5 + 32)
#define SG_ROW_ENTRY_MAX      (SG_ROW_ENTRY_HEAD_MAX + SG_PAYLOAD_SIZE_MAX)
#define SG_ROW_LOG_MAX        (188 + 32 * SG_MERKLE_HASHES_MAX)

/* An entry where it lies. ENTRY's payload is borrowed from the row. If it is
 * present, ENTRY's payload hash is not set by decoding: computing it from the
 * payload is the check against LEAF. */
struct sg_row_entry {
    uint32_t log;
    uint64_t index;
    struct sg_entry entry;
    struct sg_hash leaf;
};

/* Gives the size that ROW takes. */
size_t sg_row_entry_size(const struct sg_row_entry *row);

/* Encodes ROW into exactly sg_row_entry_size bytes at RET. */
void sg_row_entry_encode(const struct sg_row_entry *row, uint8_t *ret,
                         size_t size);

/* Decodes a row. Borrows: BYTES, as long as RET_ROW's payload is used.
 * Errors: DAMAGED. */
SG_USE_RESULT enum sg_err sg_row_entry_decode(struct sg_bytes bytes,
                                              struct sg_row_entry *ret_row);

enum sg_log_flag {
    SG_LOG_OWN = 1,     /* this node writes it */
    SG_LOG_CLOSED = 2,  /* a later epoch follows: no append, no signature */
    SG_LOG_FORKED = 4,  /* another branch exists */
    SG_LOG_REFUSED = 8, /* an entry of an unknown version stopped it */
};

/* A log as this store has it. */
struct sg_row_log {
    struct sg_log_core core;
    uint8_t flags;
    uint8_t branch;             /* 0: as first seen */
    uint64_t absent;            /* payloads not held */
    uint64_t erased;            /* payloads erased */
    uint64_t change;            /* change number of the last change */
    struct sg_checkpoint known; /* size 0: none; may be ahead of what is held */
    struct sg_frontier frontier; /* its size is the number of entries held */
};

/* Encodes LOG into RET; returns the size. */
size_t sg_row_log_encode(const struct sg_row_log *log,
                         uint8_t ret[SG_ROW_LOG_MAX]);

/* Decodes a log row. Errors: DAMAGED, VERSION. */
SG_USE_RESULT enum sg_err sg_row_log_decode(struct sg_bytes bytes,
                                            struct sg_row_log *ret_log);

#endif
