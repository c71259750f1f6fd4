#include "tests/lib/torture.h"

#include "storage/base/alloc.h"
#include "tests/lib/test.h"

/* More would be a loop that never gets through. */
#define RUNS_MAX 100000

int64_t sg_torture_run(enum sg_err (*run)(void *context), void *context)
{
    for (int64_t nth = 1; nth <= RUNS_MAX; nth++) {
        int64_t live = sg_alloc_live();
        enum sg_err err;
        bool failed;

        sg_alloc_fail_at(nth);
        err = run(context);
        failed = sg_alloc_failed();
        sg_alloc_fail_at(0);
        if (sg_alloc_live() != live)
            fail_msg("allocation %lld fails: %lld left behind", (long long)nth,
                     (long long)(sg_alloc_live() - live));
        if (!failed) {
            assert_ok(err);
            return nth - 1;
        }
        if (err != SG_ERR_NOMEM)
            fail_msg("allocation %lld fails: %s, not NOMEM", (long long)nth,
                     sg_err_name(err));
    }
    fail_msg("still failing after %d runs", RUNS_MAX);
    return -1;
}
