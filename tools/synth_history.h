/* Histories: what offices write about synthetic citizens over days and nodes,
 * as records of the register.
 *
 * Each citizen is enrolled where he lives; most enrolments are approved; cards
 * are made and accounts opened; some people correct something, move, die.
 * Sometimes two nodes that do not hear each other change the same birth date,
 * or one goes on writing about a dead man. The days go on past reforms of the
 * units, and a record names the unit of its own day.
 *
 * The records of one citizen come together, ancestors first. A log wants those
 * of its node sorted by hlc, which ascends with the days. What the flaws of
 * synth.h spoil comes as legacy data (source class 1).
 */
#ifndef SG_TOOLS_SYNTH_HISTORY_H
#define SG_TOOLS_SYNTH_HISTORY_H

#include "storage/base/buf.h"
#include "storage/log/key_file.h"
#include "storage/registry/record.h"
#include "tools/synth.h"

#define SG_SYNTH_NODES_MAX   64
#define SG_SYNTH_RECORDS_MAX 40 /* of one citizen */

/* X(NAME, word in the truth file, in a thousand of whom). */
/* clang-format off */
#define SG_SYNTH_EVENTS(X)                                                     \
    X(ENROLLED, "enrolled", 1000, "all")                                       \
    X(APPROVED, "approved", 700, "all")                                        \
    X(CARD, "card", 500, "dossiers, with a day of birth: up to delivery")      \
    X(ACCOUNT, "account", 1000, "accounts of those with a card")               \
    X(CORRECTED, "corrected", 30, "all: the day of birth")                     \
    X(DISPUTED, "disputed", 10, "others: two days of birth, concurrently")     \
    X(RULED, "ruled", 500, "disputed: the home commune chooses")               \
    X(RELOCATED, "relocated", 60, "all: a new permanent residence")            \
    X(DIED, "died", 20, "from 60 on")                                          \
    X(AFTER_DEATH, "after_death", 100, "died: a dossier dated later")
/* clang-format on */

enum sg_synth_event {
#define SG_SYNTH_ENUM(NAME, ...) SG_SYNTH_##NAME,
    SG_SYNTH_EVENTS(SG_SYNTH_ENUM)
#undef SG_SYNTH_ENUM
        SG_SYNTH_EVENT_COUNT
};

struct sg_synth_history_options {
    struct sg_synth_options population;
    unsigned n_nodes; /* 1 to SG_SYNTH_NODES_MAX; districts are dealt out */
    struct sg_registry_id registry;
    uint64_t position; /* of the authority, in every record */
    bool is_signed;
    /* Who captures and who approves, where there is one node; borrowed until
     * sg_synth_history_new returns. NULL: drawn from the seed. */
    const struct sg_key *officers[2];
    uint32_t per_thousand[SG_SYNTH_EVENT_COUNT];
};

struct sg_synth_record {
    enum sg_synth_event event;
    enum sg_type type;
    unsigned node; /* in whose log it is written */
    uint64_t hlc;
    struct sg_hash id;
    struct sg_bytes payload;
};

struct sg_synth_history;

/* Sets OPTIONS to COUNT entries of SEED, 27 nodes, signed, the registry zero,
 * with the rates of the list above. */
void sg_synth_history_options_init(struct sg_synth_history_options *options,
                                   uint64_t count, uint64_t seed);

/* Lets nothing happen in OPTIONS that another office than the one of the
 * citizen's own district has a hand in: no disputes, no moves. */
void sg_synth_history_options_alone(struct sg_synth_history_options *options);

/* Gives a history; caller frees with sg_synth_history_free. Borrows: UNITS,
 * sealed, until then. Errors: as sg_synth_new; INVALID for no or too many
 * nodes, and for officers of several. */
SG_USE_RESULT enum sg_err sg_synth_history_new(
    const struct sg_synth_history_options *options,
    const struct sg_unit_table *units, struct sg_synth_history **ret_history);

/* Takes HISTORY, which may be NULL. */
void sg_synth_history_free(struct sg_synth_history *history);

/* Gives the public key of an officer of NODE: of the one who captures, or the
 * one who approves. Both are the same for one seed. */
void sg_synth_history_officer(const struct sg_synth_history *history,
                              unsigned node, bool is_approver,
                              uint8_t ret_public_key[SG_KEY_SIZE]);

/* Gives the next citizen and all records about him, borrowed until the next
 * call; no records after the last. Errors: NOMEM, LIMIT. */
SG_USE_RESULT enum sg_err sg_synth_history_next(
    struct sg_synth_history *history, const struct sg_synth_person **ret_person,
    const struct sg_synth_record **ret_records, size_t *ret_count);

/* The word of EVENT in the truth file. */
const char *sg_synth_event_word(enum sg_synth_event event);

#endif
