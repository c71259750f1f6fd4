/* Damage becomes an error: a fault inside a mapped file ends the work that met
 * it, not the process.
 *
 * LMDB trusts its pages. One flipped bit in a page's header can send it past
 * the end of the file (SIGBUS), past the map (SIGSEGV) or into an assertion of
 * its own. Work on the map runs under a guard that catches these, and only
 * these: a fault anywhere else is a bug of ours and takes its usual course.
 */
#ifndef SG_STORAGE_LMDB_GUARD_H
#define SG_STORAGE_LMDB_GUARD_H

#include <stdbool.h>
#include <stddef.h>

/* Puts the handlers of SIGSEGV and SIGBUS in front of what is there, and
 * ignores SIGXFSZ: a file size limit is a full disk. Call it at every open;
 * others may have come in between. Context: any thread. */
void sg_guard_install(void);

/* Runs FN(CONTEXT). Returns false if it faulted in [MAP, MAP + SIZE), or a
 * little beyond, and was left in the middle: nothing it held is released.
 * Context: any thread; not inside itself. */
bool sg_guard_run(const void *map, size_t size, void (*fn)(void *context),
                  void *context);

/* Between these two FN is in LMDB, where a fault is damage wherever it is: a
 * flipped flag makes it follow a NULL of its own. */
void sg_guard_enter(void);
void sg_guard_exit(void);

/* Leaves the running FN as a fault would. Returns only if none is running. */
void sg_guard_leave(void);

#endif
