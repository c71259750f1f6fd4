/* Hands forms in to a running node over its Unix socket: many in a request, a
 * line each, and several requests on their way at a time (node/API.md).
 *
 * A form that the node is too busy for is handed in again, until its patience
 * ends; the submit id in it makes that harmless. Answers come in any order.
 */
#ifndef SG_TOOLS_COURIER_H
#define SG_TOOLS_COURIER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "storage/base/bytes.h"
#include "storage/base/err.h"
#include "tools/pipeline.h"

#define SG_COURIER_CALLERS_MAX 8u
/* Requests that keep a node at work: it has places for no more. */
#define SG_COURIER_CALLERS 3u

struct sg_courier_config {
    const char *socket; /* path; borrowed for the call */
    unsigned callers;   /* requests at a time, 1 to SG_COURIER_CALLERS_MAX */
    uint32_t wait_ms; /* for a node that is not there yet, or busy, in a row */
    /* Gives the next form, one line, borrowed until the next call, and its
     * number. SG_PIPELINE_PAUSE: there is none now, what there is goes off. If
     * IS_IDLE nothing is on its way and it may wait, though not for ever. What
     * it returns ends the run. */
    enum sg_err (*next)(void *context, bool is_idle,
                        enum sg_pipeline_next *ret_next,
                        struct sg_bytes *ret_form, uint64_t *ret_number);
    /* Takes the answer to form NUMBER. */
    void (*answered)(void *context, uint64_t number, unsigned status,
                     const json_t *answer);
    void *context;
};

/* Hands in all forms; each that was handed in has been answered when it
 * returns SG_OK. Errors: INVALID (a socket path that is too long); NOTFOUND (no
 * node answers at the socket); IO (the connection broke, or the answer is none:
 * what was not answered may or may not be filed); LIMIT (a form is longer than
 * a node takes); NOMEM; those of `next`. */
SG_USE_RESULT enum sg_err sg_courier_run(
    const struct sg_courier_config *config);

#endif
