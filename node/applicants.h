/* Applicants: what a node answers to who asks it over the network to be
 * admitted (PROTOCOL.md 16). Who may ask is invites.h; who is admitted the
 * authority has said, in its logs.
 *
 * Context: the loop's thread. Not out of a hook, but for sg_applicants_ask.
 */
#ifndef SG_NODE_APPLICANTS_H
#define SG_NODE_APPLICANTS_H

#include <stdbool.h>

#include "node/driver.h"
#include "node/tries.h"

struct sg_applicants {
    const char *dir;                       /* of the node */
    const struct sg_registry_id *registry; /* borrowed, as DIR */
    struct sg_driver *driver;
    struct sg_tries tries;  /* wrong proofs */
    bool is_inviting;       /* as the core was told */
    struct sg_event answer; /* that waits; its ticket is 0 when none does */
};

/* Tells the core whether applicants are heard: while an invite holds. EVENT
 * says the time. Call it when somebody connects. */
void sg_applicants_look(struct sg_applicants *applicants,
                        const struct sg_event *event);

/* Takes a JOIN effect of who calls from ADDRESS, as the driver's hook; who had
 * SG_TRIES_MAX wrong proofs this hour is refused, and no proof of his is looked
 * at. Says whether an answer waits for
 * sg_applicants_answer: call that when the hook has returned. A second one
 * before that is not answered, and asks again. */
bool sg_applicants_ask(struct sg_applicants *applicants,
                       const struct sg_event *event,
                       const struct sg_effect *effect,
                       const struct sockaddr_storage *address);

/* Gives the core the answer that waits, if one does. */
void sg_applicants_answer(struct sg_applicants *applicants,
                          const struct sg_event *event);

#endif
