/* Packages of other nodes' logs into a store: verified, committed in groups. */
#ifndef SG_TOOLS_BENCH_FOREIGN_H
#define SG_TOOLS_BENCH_FOREIGN_H

#include "tools/bench_store.h"

/* The most logs that take turns. */
#define SG_BENCH_FOREIGN_LOGS_MAX 27

/* Measures packages of WORKLOAD from LOG_COUNT logs that take turns, in groups
 * of up to SG_COMMIT_ENTRIES_MAX entries, each into a new store, and prints the
 * figure. */
SG_USE_RESULT enum sg_err sg_bench_foreign_run(
    struct sg_bench *bench, struct sg_bench_workload *workload,
    unsigned log_count);

#endif
