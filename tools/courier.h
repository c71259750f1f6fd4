/* Hands forms in to a running node: one HTTP request each (node/API.md), over
 * its Unix socket, several on their way at a time.
 *
 * A form that the node is too busy for is handed in again, until its patience
 * ends; the submit id in it makes that harmless. Answers come in any order.
 */
#ifndef SG_TOOLS_COURIER_H
#define SG_TOOLS_COURIER_H

#include <stdbool.h>
#include <stdint.h>

#include "storage/base/bytes.h"
#include "storage/base/err.h"

#define SG_COURIER_CALLERS_MAX 64u
/* The longest answer that is read. */
#define SG_COURIER_ANSWER_MAX 65536u

struct sg_courier_config {
    const char *socket; /* path; borrowed for the call */
    unsigned callers;   /* 1 to SG_COURIER_CALLERS_MAX */
    uint32_t wait_ms; /* for a node that is not there yet, or busy, in a row */
    /* Gives the next form and its number; no bytes after the last. What it
     * returns ends the run. */
    enum sg_err (*next)(void *context, struct sg_bytes *ret_form,
                        uint64_t *ret_number);
    /* Takes the answer to form NUMBER. */
    void (*answered)(void *context, uint64_t number, unsigned status,
                     struct sg_bytes answer);
    void *context;
};

/* Hands in all forms; each that was handed in has been answered when it
 * returns SG_OK. Errors: INVALID (a socket path that is too long); NOTFOUND (no
 * node answers at the socket); IO (the connection broke: what was not answered
 * may or may not be filed); NOMEM; those of `next`. */
SG_USE_RESULT enum sg_err sg_courier_run(
    const struct sg_courier_config *config);

#endif
