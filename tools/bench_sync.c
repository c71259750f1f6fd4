/* What replication costs, in bytes on the wire and in time. Each part is a file
 * of its own; to add one, add a row. */
#include "tools/bench.h"

static enum sg_err (*const parts[])(struct sg_bench *bench) = {
    sg_bench_heads,   /* which logs differ */
    sg_bench_package, /* what a record costs */
    sg_bench_bundle,  /* how fast a stick is made and taken */
};

enum sg_err sg_bench_sync(struct sg_bench *bench)
{
    enum sg_err err = SG_OK;

    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && err == SG_OK; i++)
        err = parts[i](bench);
    return err;
}
