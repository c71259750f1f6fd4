/* Subject: what the register says of one person, household or other subject,
 * as the fold (fold.h) made it of all applied records about him.
 *
 * This is what a reader shows and what figures are computed from: objects (the
 * person himself, each number, residence, dossier, account ...) with a state
 * and cells; conflicts; a home; a status. Everything is sorted, so that equal
 * registers look equal. RECORDS.md, sections 4, 8 and 12. It holds no function
 * of today's date: ages, due days, lapsed and expired are the reader's to
 * compute.
 *
 *   object   (type, key): what a cell belongs to (section 7)
 *   cell     one field of an object, or one element of a set field
 *   head     a record that sets a cell and is no ancestor of another that does
 *
 * To read a value: sg_subject_find gives the object, sg_subject_known the cell
 * when it has a value and is not in dispute, and the cell's value is read with
 * record.h's sg_record_read_ functions or those at the end of this file.
 * Values are borrowed as long as the subject is.
 */
#ifndef SG_STORAGE_REGISTRY_MERGE_SUBJECT_H
#define SG_STORAGE_REGISTRY_MERGE_SUBJECT_H

#include "storage/registry/record.h"

/* The key of an object: at most kind, number and day of an old number, and the
 * two members of a resettle. */
#define SG_SUBJECT_KEY_SIZE_MAX 34

/* A record as the fold saw it. A head of a handover whose record is not held
 * has no inner bytes. */
struct sg_subject_record {
    struct sg_ref ref;
    uint16_t type;
    bool is_approved;
    bool is_refused;  /* by a ruling that stands: sets nothing */
    bool is_frozen;   /* effective after the death: sets nothing (C08) */
    bool is_standing; /* of a decision: counts */
    bool is_signed;
    uint64_t hlc; /* effective */
    struct sg_date effective;
    struct sg_key_id officer;
    struct sg_bytes inner;
};

/* What one head says. */
struct sg_subject_head {
    const struct sg_subject_record *record; /* or the decision that chose */
    struct sg_bytes value; /* as encoded; of a set's element its rest */
    enum sg_record_source source;
    bool is_approved;
};

/* Bits of a cell's flags, as in rows. */
enum sg_subject_flag {
    SG_SUBJECT_APPROVED = 1, /* what stands was approved */
    SG_SUBJECT_CONFLICT = 2, /* heads differ; somebody must decide */
    SG_SUBJECT_PENDING = 4,  /* a change waits for approval */
};

struct sg_subject_cell {
    uint8_t field;
    char merge; /* I C V S F */
    uint8_t flags;
    struct sg_bytes element; /* of a set field: its key, as encoded */
    struct sg_bytes value;   /* what stands, as encoded; no bytes: nothing does.
                                May be nil, "unknown" */
    const struct sg_subject_record *by; /* who says it; NULL: nobody */
    enum sg_record_source source;
    /* All heads, ascending by ref; one alone is `by`. Of class C those that
     * lost are the losers to show; with a flag they are the contenders. */
    const struct sg_subject_head *heads;
    size_t n_heads;
};

struct sg_subject_object {
    enum sg_type type;
    struct sg_bytes key; /* section 7; no bytes for the subject's only one */
    uint8_t state;       /* section 8; 0: none */
    const struct sg_subject_record *opening;  /* NULL: not held; of several
                                                 the smallest id */
    const struct sg_subject_record *state_by; /* who set it; NULL: nobody */
    const struct sg_subject_cell *cells;      /* ascending by field, element */
    size_t n_cells;
};

enum sg_subject_conflict_state {
    SG_SUBJECT_OPEN = 1,
    SG_SUBJECT_DECIDED = 2,
    SG_SUBJECT_REOPENED = 3,
};

/* A conflict: see conflict.h for its words, owner and due day. C10 and C12 are
 * listed here and have no row. */
struct sg_subject_conflict {
    uint8_t rule; /* 5: C05 */
    uint8_t field;
    uint8_t type; /* of the object; 0: the whole subject */
    enum sg_subject_conflict_state state;
    struct sg_bytes object;
    struct sg_bytes element;
    const struct sg_ref *contenders; /* ascending */
    size_t n_contenders;
    uint64_t since; /* the largest effective hlc of contenders held */
    /* Its history: applied decisions for it, ascending by ref. */
    const struct sg_subject_record *const *decisions;
    size_t n_decisions;
};

enum sg_subject_status {
    SG_SUBJECT_NO_PERSON, /* no record of a person: no status row */
    SG_SUBJECT_ACTIVE = 1,
    SG_SUBJECT_DECEASED = 2,
    SG_SUBJECT_MISSING = 3,
    SG_SUBJECT_ABROAD = 4,
    SG_SUBJECT_VOID = 5,
    SG_SUBJECT_MERGED = 6,
};

/* Bits of the marks in a status row. */
enum sg_subject_mark {
    SG_SUBJECT_FORKED = 1,
    SG_SUBJECT_LATE = 2,
    SG_SUBJECT_FROZEN = 4,
    SG_SUBJECT_REHOMING = 8,
    SG_SUBJECT_DUPLICATE = 16,
};

struct sg_subject {
    struct sg_uid uid;
    enum sg_subject_status status;
    uint8_t marks;
    struct sg_uid canonical; /* himself unless merged */
    struct sg_date death;    /* of one deceased; no date: not known */

    /* The unit of his rows: home; the split unit while pending; without a home
     * `registered`, or else that of a household. */
    struct sg_unit_key unit;
    struct sg_unit_key household_unit; /* of a household's own rows */
    bool has_home;
    bool has_residence; /* RESIDENCE is the standing permanent one */
    struct sg_ref residence;

    const struct sg_subject_object *objects; /* ascending by type, key */
    size_t n_objects;
    const struct sg_subject_conflict *conflicts; /* ascending by rule, type,
                                                    object, field, element */
    size_t n_conflicts;
    const struct sg_subject_record *records; /* all applied, ascending by id */
    size_t n_records;
    size_t n_left_out; /* applied, beyond SG_SUBJECT_RECORDS_MAX (A15) */
};

/* Finds the object TYPE, KEY; NULL when there is none. */
const struct sg_subject_object *sg_subject_find(
    const struct sg_subject *subject, enum sg_type type, struct sg_bytes key);

/* Gives the objects of TYPE, contiguous; *RET_COUNT says how many. */
const struct sg_subject_object *sg_subject_objects(
    const struct sg_subject *subject, enum sg_type type, size_t *ret_count);

/* Finds the cell of FIELD; of a set field the first. NULL when nobody sets it,
 * and when OBJECT is NULL. */
const struct sg_subject_cell *sg_subject_cell(
    const struct sg_subject_object *object, unsigned field);

/* The same, but NULL too when it is unset, nil ("unknown") or in dispute: what
 * rules call not known. A value with a pending change is known. */
const struct sg_subject_cell *sg_subject_known(
    const struct sg_subject_object *object, unsigned field);

/* Says whether he counts among the living population: a person who is alive,
 * not void and not merged into another. */
bool sg_subject_is_counted(const struct sg_subject *subject);

/* Says whether a conflict of RULE is open or reopened. */
bool sg_subject_has_open(const struct sg_subject *subject, unsigned rule);

/* --- reading what is known; the caller knows the field's type ---------- */

/* Returns the number, date or unit of FIELD when it is known, else INSTEAD, no
 * date, the country. */
uint64_t sg_subject_uint(const struct sg_subject_object *object, unsigned field,
                         uint64_t instead);
struct sg_date sg_subject_date(const struct sg_subject_object *object,
                               unsigned field);
struct sg_unit_key sg_subject_unit(const struct sg_subject_object *object,
                                   unsigned field);
/* As sg_subject_uint, but of what stands, in dispute or not. */
uint64_t sg_subject_stands_uint(const struct sg_subject_object *object,
                                unsigned field, uint64_t instead);
/* Returns the text; data NULL when it is not known. */
struct sg_bytes sg_subject_str(const struct sg_subject_object *object,
                               unsigned field);
/* Begin to read the value of CELL, for names, places, kin and arrays. */
void sg_subject_open(const struct sg_subject_cell *cell,
                     struct sg_msgpack *ret_reader);
/* Returns the active personal number; 0 when there is none, or two. */
uint64_t sg_subject_pin(const struct sg_subject *subject);

#endif
