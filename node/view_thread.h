/* The view thread: keeps the view at the store's side, so that the loop never
 * waits for it.
 *
 * It applies when it is told that the store has grown, verifies signatures when
 * nothing else is to be done, and says what became of it. Readers do not need
 * it (view/view.h).
 */
#ifndef SG_NODE_VIEW_THREAD_H
#define SG_NODE_VIEW_THREAD_H

#include "node/view/view.h"

struct sg_view_thread;

/* Says that a turn is over, which may have changed the view, or that the thread
 * has ended with an error. Context: the view thread; it must not wait. */
typedef void sg_view_thread_wake(void *context);

/* Starts the thread. Borrows: VIEW, until sg_view_thread_free; nobody else
 * writes to it meanwhile. WAKE may be NULL. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_view_thread_new(struct sg_view *view,
                                             sg_view_thread_wake *wake,
                                             void *context,
                                             struct sg_view_thread **ret);

/* Ends the thread after the commit it is at, frees. Takes NULL. */
void sg_view_thread_free(struct sg_view_thread *thread);

/* Says that the store may have something new: it is taken in when the thread
 * has rested. Context: any thread. */
void sg_view_thread_kick(struct sg_view_thread *thread);

/* The same, for who waits for what comes of it: the thread does not rest before
 * that. Context: any thread. */
void sg_view_thread_hurry(struct sg_view_thread *thread);

/* Has the view deleted and built anew under KEY (sg_view_rebuild). Context: any
 * thread. */
void sg_view_thread_rebuild(struct sg_view_thread *thread,
                            const struct sg_key *key);

/* Says whether the thread rests; RET_MOMENT is another one when it has worked.
 * Context: any thread. */
bool sg_view_thread_rests(struct sg_view_thread *thread, uint64_t *ret_moment);

/* Gives the error that ended the thread, or FULL while it waits for room;
 * SG_OK else. Context: any thread. */
enum sg_err sg_view_thread_err(struct sg_view_thread *thread);

#endif
