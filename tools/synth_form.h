/* Forms: one function for each kind of record that offices write about a
 * citizen. Used by synth_history.c, which decides what happens and when.
 *
 * A failure is kept in the desk and makes what follows do nothing.
 */
#ifndef SG_TOOLS_SYNTH_FORM_H
#define SG_TOOLS_SYNTH_FORM_H

#include "storage/base/prng.h"
#include "tools/synth_history.h"

struct sg_synth_officer {
    struct sg_sign_key key;
    struct sg_key_id id;
    uint8_t public_key[SG_KEY_SIZE];
};

/* Where, when and by whom the next record is written. */
struct sg_synth_desk {
    const struct sg_synth_person *person;
    enum sg_synth_event event;
    unsigned node;
    const struct sg_synth_officer *officer;
    bool is_signed;
    struct sg_date day;
    struct sg_unit_key capture, home;
    const struct sg_registry_id *registry;
    uint64_t position;
    uint64_t sequence; /* of all records, for clocks that never stand */
    uint64_t hlc_last; /* of this person's records */
    struct sg_prng *prng;
    struct sg_buf *payloads; /* has room enough never to move */
    struct sg_synth_record *records;
    size_t count;
    enum sg_err err;
};

/* Each writes one record and returns its ref. PARENT and OBJECT are refs of
 * records written before. */
struct sg_ref sg_synth_form_person(struct sg_synth_desk *desk);
struct sg_ref sg_synth_form_pin(struct sg_synth_desk *desk);
struct sg_ref sg_synth_form_old_id(struct sg_synth_desk *desk);
struct sg_ref sg_synth_form_residence(struct sg_synth_desk *desk,
                                      struct sg_unit_key unit,
                                      struct sg_unit_key old_unit);
struct sg_ref sg_synth_form_household(struct sg_synth_desk *desk,
                                      const struct sg_synth_member *members,
                                      size_t n_members);
struct sg_ref sg_synth_form_leave(struct sg_synth_desk *desk,
                                  struct sg_ref residence);
struct sg_ref sg_synth_form_birth(struct sg_synth_desk *desk,
                                  struct sg_ref parent, struct sg_date birth);
struct sg_ref sg_synth_form_death(struct sg_synth_desk *desk);
struct sg_ref sg_synth_form_dossier(struct sg_synth_desk *desk);
struct sg_ref sg_synth_form_account(struct sg_synth_desk *desk);

/* Moves a dossier or an account (TYPE) to STATE; the day goes into field
 * DAY_FIELD, unless that is SG_FIELD_NONE. */
struct sg_ref sg_synth_form_move(struct sg_synth_desk *desk, enum sg_type type,
                                 struct sg_ref object, struct sg_ref parent,
                                 unsigned state, unsigned day_field);

/* Approves PARENTS; or, with CHOICE, one of them, chooses it as the birth date
 * (conflict rule C05). */
struct sg_ref sg_synth_form_decision(struct sg_synth_desk *desk,
                                     const struct sg_ref *parents,
                                     size_t n_parents,
                                     const struct sg_ref *choice);

#endif
