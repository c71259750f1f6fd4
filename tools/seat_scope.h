/* Scope keys by the authority: made, given, replaced (RECORDS.md 6.5).
 *
 * Each ends statements that are filed with the seat's others. Functions print
 * their error and return the exit code, 0 for success.
 */
#ifndef SG_TOOLS_SEAT_SCOPE_H
#define SG_TOOLS_SEAT_SCOPE_H

#include "tools/seat.h"

/* Units that one command names. */
#define SG_SEAT_SCOPE_UNITS_MAX 256

/* What was done for a unit. */
enum sg_seat_scope_done {
    SG_SEAT_SCOPE_HAD,   /* the reader has it already: nothing was said */
    SG_SEAT_SCOPE_GIVEN, /* a key that there was */
    SG_SEAT_SCOPE_MADE,  /* a new key */
};

/* Gives the secret of UNIT's current scope key, which is made if there is none,
 * to the node with the transport key READER, and with it those that it
 * replaced; NULL: to the escrow alone. Once for a unit and a seat. */
SG_USE_RESULT int sg_seat_scope_give(struct sg_seat *seat,
                                     struct sg_unit_key unit,
                                     const uint8_t *reader,
                                     enum sg_seat_scope_done *ret_done);

/* Replaces the scope key of UNIT: the new secret goes to the escrow and to the
 * admitted nodes that have the old one, but for the node with the key BUT (may
 * be NULL). Gives how many nodes that are. */
SG_USE_RESULT int sg_seat_scope_rotate(struct sg_seat *seat,
                                       struct sg_unit_key unit,
                                       const uint8_t *but, size_t *ret_readers);

#endif
