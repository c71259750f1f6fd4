/* Two nodes of a registry in memory: real cores, and stores that keep what the
 * cores say. For the benches of replication.
 *
 * Node 0 holds every log: the authority's, and those of the writers, of which
 * the first is its own. Node 1 holds the authority's alone. Between them is
 * what the bench makes of it: it gets what a core sends by a hook, and brings
 * it to the other by an event. One session, number 0 on both sides.
 *
 *     sg_bench_pair_new(workload, n, count, &pair)
 *     sg_bench_pair_start(pair, 0), (pair, 1)
 *     ...sg_bench_pair_open, _step, _commit
 *     sg_bench_pair_check(pair)
 */
#ifndef SG_TOOLS_BENCH_PAIR_H
#define SG_TOOLS_BENCH_PAIR_H

#include "replication/noise.h"
#include "replication/sync.h"
#include "tools/bench_store.h"

struct sg_bench_pair;

/* What a core does to the outside. Bodies are borrowed for the call. */
struct sg_bench_pair_hooks {
    void (*send)(void *context, unsigned node, enum sg_message_type type,
                 struct sg_bytes body);
    void (*close)(void *context, unsigned node, enum sg_err why);
    void (*dial)(void *context, unsigned node); /* NULL: nobody dials */
    void *context;
};

/* Writes the logs of N_WRITERS, of ENTRIES in all, whose payloads are bodies of
 * WORKLOAD, sealed; caller frees. Errors: NOMEM, LIMIT. */
SG_USE_RESULT enum sg_err sg_bench_pair_new(struct sg_bench_workload *workload,
                                            unsigned n_writers, size_t entries,
                                            struct sg_bench_pair **ret_pair);
void sg_bench_pair_free(struct sg_bench_pair *pair);

/* Sets what happens to the outside, before the cores start. Borrows: HOOKS'
 * context as long as PAIR. */
void sg_bench_pair_hook(struct sg_bench_pair *pair,
                        const struct sg_bench_pair_hooks *hooks);

/* Starts NODE's core on its store: node 0's is full, node 1's has the logs of
 * the authority, and all if IS_FULL. A core that was there is gone.
 * Errors: NOMEM; as sg_bench_pair_step. */
SG_USE_RESULT enum sg_err sg_bench_pair_start(struct sg_bench_pair *pair,
                                              unsigned node, bool is_full);

/* Gives EVENT to NODE's core at PAIR's time, calls the hooks, answers reads.
 * Errors: STATE, an effect that does not belong here (an alarm, a write that
 * does not continue its log). */
SG_USE_RESULT enum sg_err sg_bench_pair_step(struct sg_bench_pair *pair,
                                             unsigned node,
                                             struct sg_event *event);

/* Makes NODE's writes durable and says so; nothing if there are none. */
SG_USE_RESULT enum sg_err sg_bench_pair_commit(struct sg_bench_pair *pair,
                                               unsigned node);

/* Says whether NODE has written what is not durable; how many entries came to
 * node 1 since it started and are durable, and the bytes of their payloads and
 * lengths; how many it is to get. */
bool sg_bench_pair_writes(const struct sg_bench_pair *pair, unsigned node);
uint64_t sg_bench_pair_entries(const struct sg_bench_pair *pair);
uint64_t sg_bench_pair_bytes(const struct sg_bench_pair *pair);
uint64_t sg_bench_pair_expected(const struct sg_bench_pair *pair);

/* Compares all that node 1 holds with what was written. Errors: PROOF. */
SG_USE_RESULT enum sg_err sg_bench_pair_check(const struct sg_bench_pair *pair);

struct sg_sync *sg_bench_pair_core(struct sg_bench_pair *pair, unsigned node);
const struct sg_registry_id *sg_bench_pair_registry(
    const struct sg_bench_pair *pair);
const struct sg_noise_key *sg_bench_pair_transport(
    const struct sg_bench_pair *pair, unsigned node);

/* The time of both cores, in ms. */
void sg_bench_pair_at(struct sg_bench_pair *pair, uint64_t now_ms);

#endif
