/* Telling the service manager how it is: sd_notify(3), the protocol alone.
 *
 * A datagram to the socket that $NOTIFY_SOCKET names; where none is named, as
 * on a terminal, nothing happens. It is not the journal: say.h.
 */
#ifndef SG_NODE_NOTIFY_H
#define SG_NODE_NOTIFY_H

#include <stdbool.h>

enum sg_notify_state {
    SG_NOTIFY_READY,     /* it listens; also after a reload */
    SG_NOTIFY_RELOADING, /* SIGHUP was heard */
    SG_NOTIFY_STOPPING,  /* it says goodbye to its peers */
};

/* Tells STATE. Says whether somebody was told; a manager that does not hear is
 * no reason to fail. Context: the loop's thread; does not wait. */
bool sg_notify_state(enum sg_notify_state state);

#endif
