/* The trace of a run: one dense line per event, and a hash over all lines that
 * says whether two runs were the same.
 *
 *     time node what log a b c
 *
 * time: virtual ms. node: its number, or -. what: a word of ten letters at
 * most, as in README.md. log: the first 4 bytes of its id in hex, or -. a, b,
 * c: numbers, whose meaning goes with the word.
 */
#ifndef SG_TESTS_SIM_TRACE_H
#define SG_TESTS_SIM_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "storage/log/entry.h"

#define TRACE_NO_NODE UINT32_MAX

struct trace {
    bool prints;
    uint64_t hash; /* begins as 0 */
    uint64_t lines;
};

/* Adds a line. LOG may be NULL. */
void trace_line(struct trace *trace, uint64_t now_ms, uint32_t node,
                const char *what, const struct sg_log_id *log, uint64_t a,
                uint64_t b, uint64_t c);

#endif
