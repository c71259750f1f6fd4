/* Admitting by the authority: a certificate and the statement that it
 * stands, units and code tables published (RECORDS.md 6.3, 6.6, 6.7).
 *
 * Each ends statements that are filed with the seat's others. Functions print
 * their error and return the exit code, 0 for success.
 */
#ifndef SG_TOOLS_SEAT_ADMIT_H
#define SG_TOOLS_SEAT_ADMIT_H

#include "tools/seat.h"

/* Units that one node serves: field 6 takes no more. */
#define SG_SEAT_ADMIT_UNITS_MAX 256u

struct sg_seat_admit {
    enum sg_certificate_role role;
    uint64_t unit;
    uint8_t node_key[SG_KEY_SIZE];
    uint8_t transport_key[SG_KEY_SIZE];
    unsigned days;     /* from today on */
    unsigned epochs;   /* logs per kind */
    const char *label; /* of the office; NULL: none */
    size_t n_units;    /* of its territory */
    struct sg_unit_key units[SG_SEAT_ADMIT_UNITS_MAX]; /* ascending */
};

/* Signs a certificate by what ADMIT says, and ends its statement. */
SG_USE_RESULT int sg_seat_admit_node(
    struct sg_seat *seat, const struct sg_seat_admit *admit,
    uint8_t ret_certificate[SG_CERTIFICATE_SIZE]);

/* Sets the territory of ADMIT to what an office for UNIT serves: UNIT, and of
 * a district the communes of today that lie in it, or came out of communes that
 * did, and are no other node's, but for one that was revoked or retired. */
SG_USE_RESULT int sg_seat_admit_territory(const struct sg_seat *seat,
                                          struct sg_unit_key unit,
                                          struct sg_seat_admit *admit);

/* Ends statements for the units and successions of UNITS that are not, or
 * otherwise, in the authority's state; gives how many. */
SG_USE_RESULT int sg_seat_admit_units(struct sg_seat *seat,
                                      const struct sg_unit_table *units,
                                      size_t *ret_count);

/* Ends statements for the shipped code tables of which there is none yet. */
SG_USE_RESULT int sg_seat_admit_codes(struct sg_seat *seat, size_t *ret_count);

/* Ends a heartbeat with this machine's time. Fails where an earlier one had a
 * later time: this clock is behind. */
SG_USE_RESULT int sg_seat_admit_heartbeat(struct sg_seat *seat);

#endif
