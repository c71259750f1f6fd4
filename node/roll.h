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

struct sg_roll_config {
    const char *dir; /* the data directory */
    struct sg_store *store;
    const struct sg_key *scope; /* reads with it; NULL: with none, */
    /* and with what scope keys the authority gives this one. */
    const struct sg_key *transport;
    /* By the view's thread, after each of its turns; NULL: nobody waits. */
    sg_view_thread_wake *wake;
    void *context;
};

/* Opens the view of CONFIG's store and begins to keep it. Borrows: what CONFIG
 * points to, until close. NULL: it cannot be, and the administrator was told
 * why. */
struct sg_roll *sg_roll_open(const struct sg_roll_config *config);

/* Ends the thread and closes the view. Takes NULL. */
void sg_roll_close(struct sg_roll *roll);

/* Draws another key for the view in DIR, which nobody has open: what lies there
 * opens to nobody any more, and the next opening makes it anew (D18). Where
 * there is no key nothing is done. Errors: of key files. */
SG_USE_RESULT enum sg_err sg_roll_change_key(
    const char *dir, const struct sg_registry_id *registry);

/* Says that the store has grown. Takes NULL. Context: any thread. */
void sg_roll_kick(struct sg_roll *roll);

/* The same, for who waits for what comes of it: it is taken in at once. What
 * is kicked only gathers for a moment, so that the view's commits do not take
 * the disk from the logs'. Context: any thread. */
void sg_roll_hurry(struct sg_roll *roll);

/* Gives the view, and what ended its thread: SG_OK, or FULL while it waits. */
struct sg_view *sg_roll_view(struct sg_roll *roll);
enum sg_err sg_roll_err(struct sg_roll *roll);

/* Says in a word how the view was met when it was opened: `found`, `made`, or
 * why it is made anew: `format`, `key`, `damaged`, `half_made`, `set_back` (the
 * logs have less than it was made of, or others). Static storage. */
const char *sg_roll_start(const struct sg_roll *roll);

/* Says whether the view rests, and gives a number that is another one as soon
 * as it has worked: what several calls of the view said belongs together where
 * it rested before the first, and the number is the same after the last. */
bool sg_roll_rests(struct sg_roll *roll, uint64_t *ret_moment);

#endif
