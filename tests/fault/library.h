/* A filled store to damage: own logs and a foreign one, payloads present,
 * absent and erased, large and small; and what it must hand out.
 */
#ifndef SG_TESTS_FAULT_LIBRARY_H
#define SG_TESTS_FAULT_LIBRARY_H

#include <stdbool.h>
#include <stdint.h>

#include "storage/lmdb/verify.h"
#include "tests/fault/script.h"

#define LIBRARY_LOGS      3u /* records, audit, foreign: as workload_payload */
#define LIBRARY_ROOTS_MAX 64

/* The truth about one log. */
struct library_log {
    uint32_t number;
    uint64_t size;
    struct sg_log_id id;
    uint8_t node_key[SG_KEY_SIZE];
    /* At sizes 1 + i * step. */
    uint64_t step;
    struct sg_hash roots[LIBRARY_ROOTS_MAX];
};

struct library {
    const struct workload *workload;
    struct library_log logs[LIBRARY_LOGS];
    uint64_t arrivals;
};

/* Makes a store in SCRIPT's dir with RECORDS entries in the log of records and
 * a tenth of that in the other own log, and writes down what it is. */
SG_USE_RESULT enum sg_err library_fill(const struct script *script,
                                       uint64_t records,
                                       struct library *ret_library);

/* What reading everything came to. */
struct library_reading {
    uint64_t entries; /* handed out, all right */
    uint64_t damaged; /* refused by name: DAMAGED */
    uint64_t missing; /* said not to be there */
    uint64_t fresh;   /* of logs that were not there: a new epoch's */
    uint64_t wrong;   /* handed out wrong */
    char what[120];   /* the first wrong one */
    char refused[60]; /* the first refusal */
};

/* Reads all entries by range and by arrival, roots, proofs and covers, and
 * compares them with the truth. */
void library_read(const struct library *library, struct sg_store *store,
                  struct library_reading *ret_reading);

#endif
