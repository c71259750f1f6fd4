/* What replication costs, in bytes on the wire and in time. Each part is a file
 * of its own; to add one, add a row. */
#include "tools/bench_store.h"

#define SIGNED_COUNT 20000u

static enum sg_err (*const parts[])(struct sg_bench *bench) = {
    sg_bench_heads,   /* which logs differ */
    sg_bench_package, /* what a record costs */
    sg_bench_bundle,  /* how fast a stick is made and taken */
};

/* And the parts that run on any workload. */
static enum sg_err (*const pairs[])(struct sg_bench *bench,
                                    struct sg_bench_workload *workload) = {
    sg_bench_core, /* what two cores move in memory */
    sg_bench_wire, /* what a connection costs, and a bad one carries */
};

static enum sg_err run_pairs(struct sg_bench *bench,
                             struct sg_bench_workload *workload)
{
    enum sg_err err = SG_OK;

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0] && err == SG_OK; i++)
        err = pairs[i](bench, workload);
    sg_bench_store_clear(workload);
    return err;
}

enum sg_err sg_bench_sync(struct sg_bench *bench)
{
    struct sg_bench_workload workload;
    enum sg_err err = SG_OK;

    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && err == SG_OK; i++)
        err = parts[i](bench);
    if (err == SG_OK)
        err = sg_bench_store_invent(SIGNED_COUNT, &workload);
    if (err == SG_OK)
        err = run_pairs(bench, &workload);
    if (err != SG_OK || bench->workload == NULL)
        return err;
    err = sg_bench_store_load(bench->workload, &workload);
    return err == SG_OK ? run_pairs(bench, &workload) : err;
}
