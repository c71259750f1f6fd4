#include "storage/registry/machine.h"

#include "storage/base/check.h"

#define S(state) (UINT32_C(1) << (state))
#define BY_C     SG_MACHINE_CAPTURE
#define BY_A     SG_MACHINE_APPROVE
#define BY_J     SG_MACHINE_ADJUDICATE
#define BY_D     SG_MACHINE_DECISION

/* Rows: state, next, rank, by, name. */

static const struct sg_machine_state vital[] = {
    {0, S(1) | S(2) | S(3) | S(4) | S(5) | S(7), 0, 0, ""},
    {1, S(2) | S(3) | S(4) | S(5) | S(7), 1, BY_C, "born, alive"},
    {2, S(6), 7, BY_C, "dead"},
    {3, S(2) | S(4) | S(6) | S(7), 4, BY_C, "missing"},
    {4, S(2) | S(6), 6, BY_A, "declared dead by court"},
    {5, S(1) | S(2) | S(3) | S(4) | S(6) | S(7), 3, BY_C, "settled abroad"},
    {6, S(2) | S(3) | S(4) | S(5) | S(7), 2, BY_J,
     "returned, or event annulled"},
    {7, S(6), 5, BY_J, "void: entered in error, no such person"},
};

static const struct sg_machine_state pin[] = {
    {0, S(1) | S(2), 0, 0, ""},
    {1, S(2) | S(3), 1, BY_C, "asked for, not confirmed"},
    {2, S(3), 2, BY_C, "active"},
    {3, 0, 3, BY_J, "cancelled"},
};

static const struct sg_machine_state residence[] = {
    {0, S(1) | S(2), 0, 0, ""}, {1, S(2) | S(3) | S(4), 1, BY_C, "asked for"},
    {2, S(3), 2, BY_C, "open"}, {3, S(2), 4, BY_C, "closed"},
    {4, 0, 3, BY_D, "refused"},
};

static const struct sg_machine_state household[] = {
    {0, S(1), 0, 0, ""},
    {1, S(2), 1, BY_C, "open"},
    {2, S(1), 2, BY_C, "closed"},
};

static const struct sg_machine_state dossier[] = {
    {0, S(1), 0, 0, ""},
    {1, S(2) | S(5) | S(12), 1, BY_C, "captured"},
    {2, S(3) | S(5) | S(12), 2, BY_A | BY_D, "approved"},
    {3, S(4) | S(5) | S(12), 3, BY_C, "queued and sent"},
    {4, S(5) | S(6) | S(12), 4, BY_C, "accepted"},
    {5, S(1) | S(12), 10, BY_C, "rejected (reject_code)"},
    {6, S(7) | S(10) | S(11) | S(12), 5, BY_C, "issued"},
    {7, S(8) | S(9), 6, BY_C, "arrived"},
    {8, S(10) | S(11), 7, BY_C, "delivered"},
    {9, S(7) | S(8) | S(12), 8, BY_C, "undeliverable"},
    {10, 0, 12, BY_A, "withdrawn card"},
    {11, S(13) | S(10), 11, BY_A, "held (custody, compulsory measure)"},
    {12, 0, 9, BY_A, "withdrawn dossier"},
    {13, S(10) | S(11), 7, BY_A, "returned to the holder"},
};

static const struct sg_machine_state account[] = {
    {0, S(1), 0, 0, ""},
    {1, S(2) | S(6), 1, BY_C, "requested"},
    {2, S(3) | S(5) | S(6), 2, BY_C, "issued"},
    {3, S(4) | S(5) | S(6), 3, BY_C, "notified"},
    {4, S(5) | S(6), 4, BY_C, "active"},
    {5, S(4) | S(6), 6, BY_A, "locked (lock_cause)"},
    {6, 0, 5, BY_A, "deleted, or refused"},
};

static const struct sg_machine_state exclusion[] = {
    {0, S(1), 0, 0, ""},
    {1, S(2) | S(3) | S(4), 1, BY_C, "proposed"},
    {2, S(4), 2, BY_D, "approved"},
    {3, S(1), 3, BY_D, "refused"},
    {4, 0, 4, BY_C, "withdrawn"},
};

static const struct sg_machine_state request[] = {
    {0, S(1), 0, 0, ""},
    {1, S(2) | S(3) | S(4) | S(5), 1, BY_C, "lodged"},
    {2, S(3) | S(4) | S(5), 2, BY_C, "forwarded"},
    {3, 0, 3, BY_D, "approved"},
    {4, S(1), 5, BY_D, "refused"},
    {5, 0, 4, BY_C, "withdrawn"},
};

static const struct sg_machine_state duplicate[] = {
    {0, S(1), 0, 0, ""},
    {1, S(2) | S(3) | S(4), 1, BY_C, "open"},
    {2, S(1) | S(3), 2, BY_D, "same"},
    {3, S(1) | S(2), 4, BY_D, "different"},
    {4, S(1) | S(2) | S(3), 3, BY_D, "deferred"},
};

#define MACHINE(TYPE, word)                                  \
    {                                                        \
        SG_TYPE_##TYPE, sizeof(word) / sizeof(word[0]), word \
    }

static const struct sg_machine machines[] = {
    MACHINE(VITAL, vital),         MACHINE(PIN, pin),
    MACHINE(RESIDENCE, residence), MACHINE(HOUSEHOLD, household),
    MACHINE(DOSSIER, dossier),     MACHINE(ACCOUNT, account),
    MACHINE(EXCLUSION, exclusion), MACHINE(REQUEST, request),
    MACHINE(DUPLICATE, duplicate),
};

const struct sg_machine *sg_machine_find(enum sg_type type)
{
    for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
        if (machines[i].type == type)
            return &machines[i];
    }
    return NULL;
}

const struct sg_machine_state *sg_machine_state(
    const struct sg_machine *machine, unsigned state)
{
    /* States count up from 0. */
    if (state >= machine->n_states)
        return NULL;
    SG_ASSERT(machine->states[state].state == state);
    return &machine->states[state];
}

bool sg_machine_allows(const struct sg_machine *machine, unsigned from,
                       unsigned to)
{
    const struct sg_machine_state *state = sg_machine_state(machine, from);

    if (state == NULL || sg_machine_state(machine, to) == NULL)
        return false;
    return from == to || (state->next >> to & 1) != 0;
}

bool sg_machine_may_write(const struct sg_machine *machine, unsigned state,
                          unsigned roles)
{
    const struct sg_machine_state *row = sg_machine_state(machine, state);
    unsigned can = 0;

    if (row == NULL)
        return false;
    if ((roles & SG_ROLE_ADJUDICATE) != 0)
        can |= SG_MACHINE_ADJUDICATE | SG_MACHINE_APPROVE | SG_MACHINE_CAPTURE;
    if ((roles & SG_ROLE_APPROVE) != 0)
        can |= SG_MACHINE_APPROVE | SG_MACHINE_CAPTURE;
    if ((roles & SG_ROLE_CAPTURE) != 0)
        can |= SG_MACHINE_CAPTURE;
    return (row->by & can) != 0;
}

bool sg_machine_reaches(const struct sg_machine *machine, unsigned from,
                        unsigned to)
{
    uint32_t reached = S(from), before = 0;

    SG_ASSERT(from < machine->n_states);
    SG_ASSERT(to < machine->n_states);
    while (reached != before) {
        before = reached;
        for (unsigned i = 0; i < machine->n_states; i++) {
            if ((before >> i & 1) != 0)
                reached |= machine->states[i].next;
        }
    }
    return (reached >> to & 1) != 0;
}
