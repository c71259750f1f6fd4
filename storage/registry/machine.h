/* Machines: the states of the objects that have some, as data.
 *
 * RECORDS.md, section 8: which state may follow which, which of two concurrent
 * ones stands, and who may write it. It is the table alone; which records set a
 * state, and from where, is found by the merge.
 */
#ifndef SG_STORAGE_REGISTRY_MACHINE_H
#define SG_STORAGE_REGISTRY_MACHINE_H

#include "storage/registry/schema.h"

/* "No state yet", the row `-`. */
#define SG_MACHINE_NONE 0u
/* States are below this. */
#define SG_MACHINE_STATES_MAX 32u

/* Bits of `by`. An approving officer may do what a capturing one may, an
 * adjudicating one what an approving one may. */
enum sg_machine_by {
    SG_MACHINE_CAPTURE = 1,    /* c */
    SG_MACHINE_APPROVE = 2,    /* a */
    SG_MACHINE_ADJUDICATE = 4, /* j */
    SG_MACHINE_DECISION = 8,   /* d: set by a decision */
};

struct sg_machine_state {
    uint8_t state;
    uint32_t next; /* bit n: state n may follow */
    uint8_t rank;  /* of concurrent states the largest stands */
    uint8_t by;
    const char *name;
};

struct sg_machine {
    enum sg_type type;
    uint8_t n_states;
    const struct sg_machine_state *states; /* the first is "none yet" */
};

/* Finds the machine of records of TYPE; NULL when it has none. */
const struct sg_machine *sg_machine_find(enum sg_type type);

/* Finds STATE; NULL when MACHINE has no such state. */
const struct sg_machine_state *sg_machine_state(
    const struct sg_machine *machine, unsigned state);

/* Says whether MACHINE allows TO after FROM, which may be SG_MACHINE_NONE; to
 * repeat a state is allowed. */
bool sg_machine_allows(const struct sg_machine *machine, unsigned from,
                       unsigned to);

/* Says whether an officer with these ROLES (bits SG_ROLE_) may write STATE by a
 * record; a state that only a decision sets he may not. */
bool sg_machine_may_write(const struct sg_machine *machine, unsigned state,
                          unsigned roles);

/* Says whether TO can be reached from FROM in any number of steps. */
bool sg_machine_reaches(const struct sg_machine *machine, unsigned from,
                        unsigned to);

#endif
