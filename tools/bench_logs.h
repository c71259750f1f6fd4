/* The logs of an invented registry in memory, whole and signed, with the
 * subtrees that a store would keep: the authority's, and those of its writers.
 * For the benches of replication (bench_pair.h).
 */
#ifndef SG_TOOLS_BENCH_LOGS_H
#define SG_TOOLS_BENCH_LOGS_H

#include "replication/certificate.h"
#include "replication/noise.h"
#include "storage/log/checkpoint.h"
#include "storage/log/entry.h"
#include "storage/log/key_id.h"
#include "storage/log/merkle.h"
#include "tools/bench_store.h"

#define SG_BENCH_LOGS_WRITERS_MAX 27u
#define SG_BENCH_LOGS_LEVELS      20u /* subtrees up to 2^19 entries */

struct sg_bench_log {
    struct sg_log_core core;
    struct sg_log_id id;
    struct sg_checkpoint known;
    size_t count;
    struct sg_entry *entries; /* payloads in the registry's bytes */
    struct sg_hash *nodes[SG_BENCH_LOGS_LEVELS]; /* by level and position */
};

/* A node that is admitted. */
struct sg_bench_member {
    struct sg_sign_key key;
    uint8_t node_key[SG_KEY_SIZE];
    struct sg_noise_key transport;
    uint8_t certificate[SG_CERTIFICATE_SIZE];
};

/* Log 0 is the authority's, log I of member I. */
struct sg_bench_logs {
    struct sg_registry_id registry;
    struct sg_entry_hasher hasher;
    struct sg_sign_key root;
    struct sg_key_id root_id;
    uint64_t serial;
    struct sg_buf bytes; /* all payloads, one after the other */
    size_t genesis_at, genesis_size;
    unsigned n_logs, n_members;
    struct sg_bench_member members[SG_BENCH_LOGS_WRITERS_MAX + 2];
    struct sg_bench_log logs[SG_BENCH_LOGS_WRITERS_MAX + 1];
};

/* Writes the logs of N_WRITERS, of ENTRIES in all, sealed bodies of WORKLOAD;
 * the last member writes nothing. Caller frees. Errors: NOMEM, LIMIT. */
SG_USE_RESULT enum sg_err sg_bench_logs_new(struct sg_bench_workload *workload,
                                            unsigned n_writers, size_t entries,
                                            struct sg_bench_logs **ret_logs);
void sg_bench_logs_free(struct sg_bench_logs *logs);

/* Gives the hash over RANGE of LOG, its frontier at SIZE. */
struct sg_hash sg_bench_logs_range(const struct sg_bench_log *log,
                                   const struct sg_merkle_range *range);
struct sg_frontier sg_bench_logs_frontier(const struct sg_bench_log *log,
                                          uint64_t size);

#endif
