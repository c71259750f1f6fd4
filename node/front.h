/* The front: what stands on the driver and serves this machine: the view, the
 * desk, the API, in the order in which they need each other.
 */
#ifndef SG_NODE_FRONT_H
#define SG_NODE_FRONT_H

#include "node/api.h"

/* All NULL: there is none. */
struct sg_front {
    struct sg_roll *roll;
    struct sg_desk *desk;
    struct sg_api *api;
};

/* Makes all of it on what CONFIG says; its desk and roll are ignored, its wake
 * is called by all threads of these. Ends with sg_front_stop and sg_front_free,
 * also after an error. Errors: NOMEM, DAMAGED. */
SG_USE_RESULT enum sg_err sg_front_open(struct sg_front *front,
                                        const struct sg_api_config *config);

/* Hands on what the keeper says of an append. */
void sg_front_appended(struct sg_front *front, const struct sg_keeper_job *job);

/* Ends the threads, so that nothing more goes to the keeper; before he is
 * freed. What he has stays until sg_front_free, after him. */
void sg_front_stop(struct sg_front *front);
void sg_front_free(struct sg_front *front);

#endif
