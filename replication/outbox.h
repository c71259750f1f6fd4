/* The outbox: what one session has still to send, and what goes next.
 *
 * PROTOCOL.md section 10: strictly by priority from message to message; within
 * 2 to 4 deficit round robin over writers, so that one who floods delays nobody
 * but himself; what the peer's byte budget allows; packages of about two
 * seconds of goodput, within the peer's credit. It decides order and size; it
 * does not know what a log is, reads no clock, and sends nothing.
 *
 * What waits is of two kinds. A *message* is built and copied in: the small
 * talk, and what must not change any more. A *stream* is a row of a few bytes,
 * "packages of this log, until I say that it is done": the entries are read and
 * the package is made when its turn has come, so that bulk takes no memory
 * while it waits, is of the size that the link has now, and has in it what is
 * held by then. A push is a stream too, which is done after one package.
 *
 *     sg_outbox_release(outbox);                       at the start of a step
 *     while (sg_outbox_next(outbox, now_ms, &room, &turn)) {
 *         SG_OUTBOX_MESSAGE: send turn.type, turn.body
 *         SG_OUTBOX_PACKAGE: read entries of turn.slot's log, at most
 *                            turn.size_max bytes; later sg_outbox_made, or
 *                            sg_outbox_close
 *     }
 *
 * One package is in the making at a time; messages overtake it.
 *
 * Promises: a message waits for none of a later priority that was not given out
 * before it. A writer who has had SG_OUTBOX_QUANTUM bytes goes behind all
 * others who wait in his priority, and who had more sits out as many rounds: so
 * of W who wait each gets a W-th. Nothing is dropped: a full outbox refuses,
 * and the core stops reading from that peer. Memory is taken at new.
 *
 * Times are milliseconds of a monotonic clock, never less than before.
 * Context: one thread.
 */
#ifndef SG_REPLICATION_OUTBOX_H
#define SG_REPLICATION_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replication/budget.h"
#include "replication/credit.h"
#include "replication/frame.h"
#include "replication/pace.h"
#include "storage/base/bytes.h"
#include "storage/base/crypto.h"
#include "storage/base/err.h"
#include "storage/base/limits.h"

struct sg_outbox;

#define SG_OUTBOX_PRIORITIES 5u

/* Makes an outbox for any number of sessions, one after the other. Takes about
 * 550 KiB once. Caller frees. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_outbox_new(struct sg_outbox **ret_outbox);

/* Frees; takes NULL. */
void sg_outbox_free(struct sg_outbox *outbox);

/* Empties OUTBOX for a new session: no credit yet beyond SG_CREDIT_INITIAL, a
 * pace of its own. Before the first reset nothing else may be called. Borrows:
 * BUDGET, the peer's, until the next reset. */
void sg_outbox_reset(struct sg_outbox *outbox, struct sg_budget *budget);

/* --- What waits ----------------------------------------------------------- */

/* Puts a message behind those of its PRIORITY. WRITER is whose data it is, a
 * node key, and NULL for priorities 0 and 1, which have no writers. Of 2 to 4
 * it has at most SG_OUTBOX_NOTE_SIZE_MAX bytes. Borrows: BODY for the call.
 * Errors: LIMIT (no room now: it was not taken). */
SG_USE_RESULT enum sg_err sg_outbox_put(struct sg_outbox *outbox,
                                        unsigned priority,
                                        const uint8_t writer[SG_KEY_SIZE],
                                        enum sg_message_type type,
                                        struct sg_bytes body);

/* Opens a stream under SLOT, which is below SG_OUTBOX_STREAMS_MAX, free, and
 * the caller's choice: it will say what log and from where. LOG is any number
 * that names the log in `stored`. WRITER as above. */
void sg_outbox_open(struct sg_outbox *outbox, uint32_t slot, uint64_t log,
                    unsigned priority, const uint8_t writer[SG_KEY_SIZE]);

/* Closes SLOT's stream, also while its package is in the making; does nothing
 * if it is free. */
void sg_outbox_close(struct sg_outbox *outbox, uint32_t slot);

/* Says whether SLOT is a stream now. */
bool sg_outbox_is_open(const struct sg_outbox *outbox, uint32_t slot);

/* --- What goes ------------------------------------------------------------ */

enum sg_outbox_kind { SG_OUTBOX_MESSAGE, SG_OUTBOX_PACKAGE };

struct sg_outbox_turn {
    enum sg_outbox_kind kind;
    unsigned priority;
    /* MESSAGE: the body lies in the outbox until sg_outbox_release. */
    enum sg_message_type type;
    struct sg_bytes body;
    /* PACKAGE: of this stream, a body of SIZE_MAX bytes at most, unless one
     * entry alone is larger (sg_package_fit). */
    uint32_t slot;
    size_t size_max;
};

/* Gives what goes next while there is ROOM, from which its bytes are taken
 * (header included; of a package SIZE_MAX): the last one may be larger than
 * what is left, which is then 0. False: nothing may go now. */
SG_USE_RESULT bool sg_outbox_next(struct sg_outbox *outbox, uint64_t now_ms,
                                  size_t *room,
                                  struct sg_outbox_turn *ret_turn);

/* Forgets the bodies of messages given out so far. */
void sg_outbox_release(struct sg_outbox *outbox);

/* Says that the package of the last PACKAGE turn was made, is SIZE bytes and
 * goes out now; it ends before END. The stream goes on unless IS_DONE. SIZE
 * fits the credit, for a package turn is only given when a package of one
 * entry would. */
void sg_outbox_made(struct sg_outbox *outbox, uint64_t now_ms, size_t size,
                    uint64_t end, bool is_done);

/* Says whether a package is in the making, and of which stream. */
bool sg_outbox_is_making(const struct sg_outbox *outbox, uint32_t *ret_slot);

/* Takes the peer's word that LOG is durable there up to HELD: packages on their
 * way up to there are acknowledged. */
void sg_outbox_stored(struct sg_outbox *outbox, uint64_t now_ms, uint64_t log,
                      uint64_t held);

/* Takes a `credit` message. Errors: MALFORMED (less than before). */
SG_USE_RESULT enum sg_err sg_outbox_credit(struct sg_outbox *outbox,
                                           uint64_t total);

/* --- Looking in ----------------------------------------------------------- */

/* Says whether a push could go: without credit it becomes a claim. */
bool sg_outbox_has_credit(const struct sg_outbox *outbox);

/* Gives the size that packages and frames should have now. */
size_t sg_outbox_size(const struct sg_outbox *outbox);

/* Says whether anything waits or is in the making; how many bytes of built
 * messages wait. */
bool sg_outbox_is_empty(const struct sg_outbox *outbox);
size_t sg_outbox_waiting(const struct sg_outbox *outbox);

/* When sg_outbox_next may give what it did not give for want of budget:
 * UINT64_MAX when nothing waits for that. */
uint64_t sg_outbox_deadline(const struct sg_outbox *outbox, uint64_t now_ms);

#endif
