/* A relay: threads that fill and work ahead of the one who takes what they have
 * done, in the order in which it was filled.
 *
 * It hands numbers of slots round, 0 to `slots` - 1, and knows nothing of what
 * is in them: that is the context's. A slot belongs to one thread at a time:
 * to the one that fills it and works on it, then to the taker, until he gives
 * it back.
 */
#ifndef SG_TOOLS_RELAY_H
#define SG_TOOLS_RELAY_H

#include <stdbool.h>

#include "storage/base/err.h"

#define SG_RELAY_THREADS_MAX 4u
#define SG_RELAY_SLOTS_MAX   16u

struct sg_relay_config {
    unsigned threads; /* 1 to SG_RELAY_THREADS_MAX */
    unsigned slots;   /* 1 to SG_RELAY_SLOTS_MAX */
    /* Fills SLOT with what comes next, and says whether something did: where
     * nothing did it is asked again, so it may wait, though not for ever. Sets
     * *RET_IS_END where nothing comes behind it. An error ends the relay
     * likewise. Context: the threads, one at a time. */
    enum sg_err (*fill)(void *context, unsigned slot, bool *ret_is_filled,
                        bool *ret_is_end);
    /* Does the work of SLOT. Context: THREAD, from 0. */
    enum sg_err (*work)(void *context, unsigned thread, unsigned slot);
    void *context;
};

struct sg_relay;

/* Starts a relay. Borrows: the context of CONFIG until free. Caller frees it
 * with sg_relay_free. Errors: NOMEM, LIMIT (no threads to be had). */
SG_USE_RESULT enum sg_err sg_relay_new(const struct sg_relay_config *config,
                                       struct sg_relay **ret_relay);

/* Stops the threads, when `fill` returns, and frees. Takes NULL. */
void sg_relay_free(struct sg_relay *relay);

enum sg_relay_got {
    SG_RELAY_SLOT,
    SG_RELAY_LATER, /* none is ready, and it was not to be waited for */
    SG_RELAY_END,   /* all were taken */
};

/* Takes the next slot; several may be out at a time. Waits for it if MAY_WAIT.
 * Errors: that of `work` on it, and it stays out; that of `fill`, after all
 * before it. Context: the taker. */
SG_USE_RESULT enum sg_err sg_relay_get(struct sg_relay *relay, bool may_wait,
                                       enum sg_relay_got *ret_got,
                                       unsigned *ret_slot);

/* Gives the slot back that is out longest. Context: the taker. */
void sg_relay_done(struct sg_relay *relay);

#endif
