/* Trace: the last 256 things that happened, kept in memory and printed when an
 * SG_ASSERT fails; chosen parts are also printed as they happen.
 *
 * This is not a log for operators (node/ and tools/ write that). An event is a
 * static sentence and up to four integers: no strings, so nothing personal can
 * get in. It never allocates, locks or reads a clock; a step of the replication
 * core may trace and stays a pure function of its inputs.
 *
 * If you want to add a part, add a line to SG_TRACE_LIST.
 */
#ifndef SG_STORAGE_BASE_TRACE_H
#define SG_STORAGE_BASE_TRACE_H

#include <stdint.h>

#include "storage/base/err.h"
#include "storage/base/mono.h"
#include "storage/base/trace_ring.h"

/* Events that are kept. */
#define SG_TRACE_EVENTS SG_TRACE_RING_EVENTS

/* X(name, text): the parts of the system, one bit each, at most 64. */
#define SG_TRACE_LIST(X)      \
    X(BASE, "base")           \
    X(LOG, "log")             \
    X(REGISTRY, "registry")   \
    X(STORE, "store")         \
    X(VIEW, "view")           \
    X(SYNC, "sync")           \
    X(SESSION, "session")     \
    X(PACKAGE, "package")     \
    X(AUTHORITY, "authority") \
    X(BUNDLE, "bundle")       \
    X(NOISE, "noise")         \
    X(NET, "net")             \
    X(HTTP, "http")           \
    X(TEST, "test")

enum sg_trace_part {
#define SG_TRACE_ENUM(name, text) SG_TRACE_##name,
    SG_TRACE_LIST(SG_TRACE_ENUM)
#undef SG_TRACE_ENUM
        SG_TRACE_PARTS
};

/* Keeps an event of PART. MESSAGE is a literal, or lives as long as the
 * program; each % in it stands for the next of A, B, C, D, and an argument
 * without a % is not printed:
 *
 *     sg_trace(SG_TRACE_SYNC, now, "sent [%, %) to peer %", begin, end, peer,
 *              0);
 *
 * NOW is SG_MONO_NEVER where no time was handed in. Context: any thread;
 * it never waits. */
void sg_trace(enum sg_trace_part part, struct sg_mono now, const char *message,
              uint64_t a, uint64_t b, uint64_t c, uint64_t d);

/* Chooses the parts whose events are also printed to standard error, from a
 * list as in SG_TRACE=all,-http or SG_TRACE=sync,store; "all" is every part, a
 * minus takes one away, the last word wins. NULL or "" chooses none. A program
 * calls this once with getenv("SG_TRACE"). Errors: INVALID when a word is no
 * part; then nothing changes. */
SG_USE_RESULT enum sg_err sg_trace_select(const char *list);

/* Prints the kept events to FD, oldest first. Context: any thread, also a
 * signal handler. */
void sg_trace_print(int fd);

#endif
