/* The node as it runs: libuv's loop around a driver.
 *
 * Listener, connections, timers and signals; everything that is decided is
 * decided by the core, everything durable by the driver's keeper.
 */
#ifndef SG_NODE_UV_NODE_H
#define SG_NODE_UV_NODE_H

#include "node/config.h"
#include "node/identity.h"
#include "storage/base/err.h"

/* Connections beyond the sessions: those whose peer has not said yet who he
 * is. And of one address. */
#define SG_UV_NODE_STRANGERS_MAX 64u
#define SG_UV_NODE_ADDRESS_MAX   8u
/* How long peers have to take leave when the node stops. */
#define SG_UV_NODE_STOP_MS 3000u

/* Why a node came to rest. */
enum sg_uv_node_end {
    SG_UV_NODE_STOPPED,   /* SIGTERM or SIGINT */
    SG_UV_NODE_RELOADS,   /* SIGHUP: read the configuration and run again */
    SG_UV_NODE_NEW_EPOCH, /* the own log was closed: open the store again */
    SG_UV_NODE_COMPACTS   /* payloads were erased: the same (erasure.h) */
};

/* Has SIGTERM, SIGINT and SIGHUP wait until a node runs, so that none is lost
 * before, after or between two runs. */
void sg_uv_node_hold_signals(void);

/* Runs the node until it comes to rest; the signals are its own meanwhile.
 * Borrows: CONFIG and IDENTITY for the call.
 * Errors: IO (the address to listen on cannot be had), INVALID (an address that
 * is no IP literal and port), NOMEM; FATAL, DAMAGED: the disk failed, nothing
 * more may be acknowledged, and the process must end. */
SG_USE_RESULT enum sg_err sg_uv_node_run(const struct sg_config *config,
                                         const struct sg_identity *identity,
                                         enum sg_uv_node_end *ret_end);

#endif
