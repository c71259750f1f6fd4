/* The roll: the view (view/view.h) as the daemon runs it, with its key, its
 * thread and the readers that the API asks through.
 *
 * The key is DIR/keys/view.key, drawn when it is missing: what it sealed is
 * made anew from the logs then. Without a view the node still registers and
 * replicates: whoever asks for the register is told to come later.
 */
#ifndef SG_NODE_ROLL_H
#define SG_NODE_ROLL_H

#include "node/view_thread.h"

struct sg_roll;

/* Opens the view of STORE in DIR, read with SCOPE (NULL: with none) and with
 * what scope keys the authority gives TRANSPORT, and begins to keep it.
 * Borrows: all until close. NULL: it cannot be, and the administrator was told
 * why. */
struct sg_roll *sg_roll_open(const char *dir, struct sg_store *store,
                             const struct sg_key *scope,
                             const struct sg_key *transport);

/* Ends the thread and closes the view. Takes NULL. */
void sg_roll_close(struct sg_roll *roll);

/* Says that the store has grown. Takes NULL. Context: any thread. */
void sg_roll_kick(struct sg_roll *roll);

/* Gives the view, and what ended its thread: SG_OK, or FULL while it waits. */
struct sg_view *sg_roll_view(struct sg_roll *roll);
enum sg_err sg_roll_err(struct sg_roll *roll);

/* Says whether the view rests, and gives a number that is another one as soon
 * as it has worked: what several calls of the view said belongs together where
 * it rested before the first, and the number is the same after the last. */
bool sg_roll_rests(struct sg_roll *roll, uint64_t *ret_moment);

#endif
