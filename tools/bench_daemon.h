/* Real daemons for benches: a registry of the program `found`, whose nodes run
 * as the program `sogocd`; both stand beside this one. They listen on loopback
 * and answer on a Unix socket, where they are asked how far they are.
 *
 * What fails is not printed here.
 */
#ifndef SG_TOOLS_BENCH_DAEMON_H
#define SG_TOOLS_BENCH_DAEMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "storage/base/buf.h"
#include "storage/base/err.h"

/* Makes the nodes FOLDER/0 up to N - 1 of a new registry; with CITIZENS there
 * are officers, and FOLDER/forms.jsonl has what they hand in.
 * Errors: NOTFOUND (the programs are not built), IO. */
SG_USE_RESULT enum sg_err sg_bench_daemon_found(const char *folder, unsigned n,
                                                size_t citizens);

/* Removes all that is in FOLDER. */
void sg_bench_daemon_clean(const char *folder);

/* One node of the registry in FOLDER. */
struct sg_bench_daemon {
    const char *folder;
    unsigned number;
    uint16_t port;    /* where it listens for others */
    const char *more; /* lines of its configuration; NULL: none */
    pid_t pid;        /* 0: it does not run */
    int fd;           /* to its API, once it was asked */
    struct sg_buf answer;
};

/* Errors: IO (no port to be had). */
SG_USE_RESULT enum sg_err sg_bench_daemon_init(struct sg_bench_daemon *daemon,
                                               const char *folder,
                                               unsigned number);

/* Starts DAEMON, which dials the N PEERS, and returns when its API answers.
 * Errors: NOTFOUND, IO. */
SG_USE_RESULT enum sg_err sg_bench_daemon_start(
    struct sg_bench_daemon *daemon, const struct sg_bench_daemon *peers,
    size_t n);

/* Waits until DAEMON, which was just started, has a connection to a peer: a
 * node that starts lets a random part of a second pass before it dials. *RET_MS
 * is the time just before. Errors: IO. */
SG_USE_RESULT enum sg_err sg_bench_daemon_meet(struct sg_bench_daemon *daemon,
                                               uint64_t *ret_ms);

/* Ends it as an administrator does; as a power cut does. Both take one that
 * does not run, or was not initialized but is all zero. */
void sg_bench_daemon_stop(struct sg_bench_daemon *daemon);
void sg_bench_daemon_kill(struct sg_bench_daemon *daemon);

/* Has DAEMON, which does not run, hear what the authority says: it runs beside
 * AUTHORITY, which does, until it holds its log. Errors: as start, wait. */
SG_USE_RESULT enum sg_err sg_bench_daemon_hear(
    struct sg_bench_daemon *daemon, struct sg_bench_daemon *authority);

/* Opens a connection to its API: the descriptor, or -1. */
int sg_bench_daemon_dial(const struct sg_bench_daemon *daemon);

/* Asks GET PATH; DAEMON->answer is the body, ended by a NUL. Errors: IO. */
SG_USE_RESULT enum sg_err sg_bench_daemon_get(struct sg_bench_daemon *daemon,
                                              const char *path);

/* Sums the numbers of MEMBER in the last answer. */
uint64_t sg_bench_daemon_sum(const struct sg_bench_daemon *daemon,
                             const char *member);

/* Waits until the numbers of MEMBER in GET PATH come to at least LEAST.
 * Errors: IO (not within five minutes). */
SG_USE_RESULT enum sg_err sg_bench_daemon_wait(struct sg_bench_daemon *daemon,
                                               const char *path,
                                               const char *member,
                                               uint64_t least);

/* Gives the memory that it has for itself, in MiB, and the processor time that
 * its threads have used, in seconds; 0 where the system does not say. */
double sg_bench_daemon_memory(const struct sg_bench_daemon *daemon);
double sg_bench_daemon_cpu(const struct sg_bench_daemon *daemon);

/* Gives this process, and all that it starts from now on, a loopback of their
 * own, so that the bytes of others are not counted; where the system does not
 * allow it (it takes root) they are. */
void sg_bench_daemon_retire(void);

/* Gives the bytes that went over the loopback, with the headers of all layers;
 * each is counted once. */
uint64_t sg_bench_daemon_loopback(void);

#endif
