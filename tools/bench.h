/* Benches: figures with a name, a unit, and what they are measured against.
 *
 * A bench is a function in a file bench_<name>.c and a row of the table in
 * bench.c. It measures and hands over figures; how they are printed is not its
 * business.
 */
#ifndef SG_TOOLS_BENCH_H
#define SG_TOOLS_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/base/err.h"

/* What a goal asks of a value. */
enum sg_bench_goal { SG_BENCH_NO_GOAL, SG_BENCH_AT_LEAST, SG_BENCH_AT_MOST };

/* One measured figure. */
struct sg_bench_figure {
    const char *name; /* bench/what, such as "limits/sha256_64" */
    const char *unit; /* such as "/s" */
    double value;
    double limit; /* the machine's own in the same unit; 0 when unknown */
    double goal;  /* what the value is to reach; see goal_kind */
    enum sg_bench_goal goal_kind;
    const char *missing; /* why there is no value; NULL where there is one */
};

/* One run of the program: what the caller chose, and what was printed. */
struct sg_bench {
    const char *folder; /* empty, on the disk to measure; removed at the end */
    uint64_t round_ms;  /* how long one round of a rate lasts */
    bool is_json;
    bool is_full;         /* the long measurements too */
    const char *workload; /* file of `tools/workload --msgpack`, or NULL */
    uint64_t records;     /* of a filled store, unless is_full */
    uint64_t n_figures;
    uint64_t n_missed; /* goals that do not hold */
};

/* Prints FIGURE, as a row or as one JSON object on a line. */
void sg_bench_print(struct sg_bench *bench,
                    const struct sg_bench_figure *figure);

/* Does one piece of work, of a size that the caller of sg_bench_rate knows. */
typedef enum sg_err sg_bench_work(void *context);

/* Repeats WORK in three rounds of round_ms, or of CALLS_MAX calls where that is
 * less, and gives the median of UNITS a second, UNITS being what one call does.
 * Errors: the first of WORK. */
SG_USE_RESULT enum sg_err sg_bench_rate(const struct sg_bench *bench,
                                        double units, uint64_t calls_max,
                                        sg_bench_work *work, void *context,
                                        double *ret_rate);

/* One of several works that are measured in turn. */
struct sg_bench_turn {
    double units;
    uint64_t calls_max;
    sg_bench_work *work;
    void *context;
    double rate; /* set by sg_bench_rates */
};

/* Measures COUNT works as sg_bench_rate does, each for a twentieth of a round
 * before the next: what is to be divided by each other has met the same moments
 * of the disk, on the same core. Errors: the first of a work. */
#define SG_BENCH_TURNS_MAX 4
SG_USE_RESULT enum sg_err sg_bench_rates(const struct sg_bench *bench,
                                         struct sg_bench_turn turns[],
                                         size_t count);

/* What the machine gives, for the benches that are divided by it: syncs of a
 * page, records of 400 bytes appended to LMDB in batches of BATCH, hashes of
 * SIZE bytes, all a second.
 * Errors: IO, after they have printed why. */
SG_USE_RESULT enum sg_err sg_bench_limits_sync(const struct sg_bench *bench,
                                               double *ret_rate);
SG_USE_RESULT enum sg_err sg_bench_limits_append(const struct sg_bench *bench,
                                                 uint64_t batch,
                                                 double *ret_rate);

/* The same as works, for sg_bench_rates: one sync of a page; one append of
 * BATCH records, to a file that has AHEAD bytes of room written before. */
struct sg_bench_limits_file;
SG_USE_RESULT enum sg_err sg_bench_limits_file_new(
    const struct sg_bench *bench, struct sg_bench_limits_file **ret_file);
SG_USE_RESULT enum sg_err sg_bench_limits_file_sync(void *file);
void sg_bench_limits_file_free(struct sg_bench_limits_file *file);

struct sg_bench_limits_lmdb;
SG_USE_RESULT enum sg_err sg_bench_limits_lmdb_new(
    const struct sg_bench *bench, uint64_t batch, size_t ahead,
    struct sg_bench_limits_lmdb **ret_lmdb);
SG_USE_RESULT enum sg_err sg_bench_limits_lmdb_append(void *lmdb);
void sg_bench_limits_lmdb_free(struct sg_bench_limits_lmdb *lmdb);

SG_USE_RESULT enum sg_err sg_bench_limits_hash(const struct sg_bench *bench,
                                               size_t size, double *ret_rate);

/* The benches. They print what fails to standard error. */
SG_USE_RESULT enum sg_err sg_bench_limits(struct sg_bench *bench);
SG_USE_RESULT enum sg_err sg_bench_seal(struct sg_bench *bench);
SG_USE_RESULT enum sg_err sg_bench_storage(struct sg_bench *bench);
SG_USE_RESULT enum sg_err sg_bench_registry(struct sg_bench *bench);
SG_USE_RESULT enum sg_err sg_bench_submit(struct sg_bench *bench);
SG_USE_RESULT enum sg_err sg_bench_view(struct sg_bench *bench);
SG_USE_RESULT enum sg_err sg_bench_sync(struct sg_bench *bench);
SG_USE_RESULT enum sg_err sg_bench_catchup(struct sg_bench *bench);

/* A part of sg_bench_registry: citizens invented over UNITS, as lines. It
 * prints no error. */
struct sg_unit_table;
SG_USE_RESULT enum sg_err sg_bench_synth(struct sg_bench *bench,
                                         const struct sg_unit_table *units);

/* Parts of sg_bench_catchup: many nodes; and the bare loop that one sender and
 * one receiver of COUNT records are divided by. */
struct sg_bench_workload;
SG_USE_RESULT enum sg_err sg_bench_many(struct sg_bench *bench,
                                        struct sg_bench_workload *workload);
SG_USE_RESULT enum sg_err sg_bench_bare(const struct sg_bench *bench,
                                        struct sg_bench_workload *workload,
                                        uint64_t count, double *ret_rate);

/* Parts of sg_bench_sync. */
SG_USE_RESULT enum sg_err sg_bench_heads(struct sg_bench *bench);
SG_USE_RESULT enum sg_err sg_bench_package(struct sg_bench *bench);
SG_USE_RESULT enum sg_err sg_bench_bundle(struct sg_bench *bench);

/* Parts of it that run on WORKLOAD: each for the signed records, then for W. */
SG_USE_RESULT enum sg_err sg_bench_core(struct sg_bench *bench,
                                        struct sg_bench_workload *workload);
SG_USE_RESULT enum sg_err sg_bench_wire(struct sg_bench *bench,
                                        struct sg_bench_workload *workload);

#endif
