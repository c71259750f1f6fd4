/* The driver: what stands between the sync core and the world.
 *
 * It makes the core from a store, executes the effects that concern the store
 * (reads from fetch.h, writes by the keeper), and hands those that concern
 * connections to its owner. No sockets and no clock: the owner has both, and
 * says the time in each event. tests/sim/node.c is the same thing in memory.
 *
 * Order: effects are executed as they come, and a write is acknowledged to the
 * core only when the keeper has committed it, so that durable comes before
 * visible.
 * Context: one thread, the loop's. Nothing here is called out of a hook.
 */
#ifndef SG_NODE_DRIVER_H
#define SG_NODE_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "node/keeper.h"
#include "replication/sync.h"
#include "storage/base/err.h"
#include "storage/lmdb/store.h"

struct sg_driver;

/* Bytes of writes that wait for the disk: beyond it, read no more from peers.
 * A second of what a slow disk takes. */
#define SG_DRIVER_WAITING_MAX (16u << 20)

/* What the owner does. BODY is borrowed for the call. */
struct sg_driver_hooks {
    void (*send)(void *context, uint32_t session, enum sg_message_type type,
                 struct sg_bytes body);
    /* After what was sent; the number is free at once. */
    void (*close)(void *context, uint32_t session, enum sg_err err);
    void (*dial)(void *context, uint32_t peer);
    void (*alarm)(void *context, const struct sg_effect *effect);
    /* An append is done (sg_keeper_append): durable, and peers are told. JOB is
     * borrowed for the call. NULL: nobody appends. */
    void (*appended)(void *context, const struct sg_keeper_job *job);
    /* An applicant asks: answer with sg_driver_step, SG_EVENT_JOINED, after
     * this call. NULL: nobody is heard. */
    void (*join)(void *context, const struct sg_effect *effect);
    /* The authority's state changed. NULL: nobody asks. */
    void (*judged)(void *context);
    sg_keeper_wake *wake; /* by the keeper's thread: call sg_driver_settle */
    void *context;
};

/* Makes the core and the keeper. Borrows: STORE and CONFIG's key as long as the
 * driver; CONFIG's database id is taken from the store.
 * Errors: those of sg_sync_new and sg_keeper_new. */
SG_USE_RESULT enum sg_err sg_driver_new(struct sg_store *store,
                                        const struct sg_sync_config *config,
                                        const struct sg_driver_hooks *hooks,
                                        struct sg_driver **ret_driver);

/* Waits for the keeper, frees. Takes NULL. */
void sg_driver_free(struct sg_driver *driver);

/* Tells the core the store's logs and starts it. EVENT says the time.
 * Errors: DAMAGED. */
SG_USE_RESULT enum sg_err sg_driver_start(struct sg_driver *driver,
                                          const struct sg_event *event);

/* Gives EVENT to the core and does all that follows. */
void sg_driver_step(struct sg_driver *driver, const struct sg_event *event);

/* Tells the core what the keeper has done. EVENT says the time. Returns whether
 * that was anything: the store may have grown. */
bool sg_driver_settle(struct sg_driver *driver, const struct sg_event *event);

/* When a TICK is due: ms of now_ms; UINT64_MAX: never. */
uint64_t sg_driver_deadline(const struct sg_driver *driver);

/* Says whether the disk is behind: read no more from peers until it is not. */
bool sg_driver_is_busy(struct sg_driver *driver);

/* Says whether the store takes no ordinary writes for lack of room. */
bool sg_driver_is_full(const struct sg_driver *driver);

/* Says whether the own log was closed: a new epoch begins when the store is
 * opened anew. */
bool sg_driver_is_closed(const struct sg_driver *driver);

/* Has sg_driver_compacts, and the deadline, wait MS after the last payload that
 * was removed by order. */
void sg_driver_compact_after(struct sg_driver *driver, uint64_t ms);

/* Says, once, that payloads were removed and their bytes are due to go out of
 * the store's free pages: they do when it is opened anew (erasure.h). */
bool sg_driver_compacts(struct sg_driver *driver, uint64_t now_ms);

/* SG_OK; or FATAL, DAMAGED, NOMEM: the process must stop, and nothing more is
 * acknowledged. */
enum sg_err sg_driver_failure(const struct sg_driver *driver);

/* Gives the head of LOG as the core knows it, but for whose it is. */
struct sg_sync_head sg_driver_head(const struct sg_store_log *log);

/* Gives the keeper, to append to own logs with. */
struct sg_keeper *sg_driver_keeper(struct sg_driver *driver);

/* Gives the core, to look at (sg_sync_greet, sg_sync_session and the like). */
const struct sg_sync *sg_driver_core(const struct sg_driver *driver);

#endif
