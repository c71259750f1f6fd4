/* A folded subject made by hand, for tests of what is computed from one: the
 * fold itself is not asked.
 *
 *     folded_init(&man);
 *     at = folded_add(&man, SG_TYPE_DOSSIER, 1);
 *     folded_uint(&man, at, SG_FIELD_DOSSIER_CAPTURED, 20240701);
 *
 * Objects are added in ascending order of types; those with keys get one that
 * ascends. Whatever is set is said by a record of man.effective, written on
 * man.written, with man.source.
 */
#ifndef SG_TESTS_LIB_FOLDED_H
#define SG_TESTS_LIB_FOLDED_H

#include "storage/base/buf.h"
#include "storage/registry/merge/subject.h"

#define FOLDED_OBJECTS   32u
#define FOLDED_CELLS     24u
#define FOLDED_RECORDS   256u
#define FOLDED_CONFLICTS 8u
#define FOLDED_BYTES     16384u

struct folded {
    struct sg_subject subject;
    struct sg_subject_object objects[FOLDED_OBJECTS];
    struct sg_subject_cell cells[FOLDED_OBJECTS][FOLDED_CELLS];
    struct sg_subject_record records[FOLDED_RECORDS];
    struct sg_subject_conflict conflicts[FOLDED_CONFLICTS];
    uint8_t bytes[FOLDED_BYTES];
    size_t used;

    /* Of what is set next. */
    struct sg_date effective;
    struct sg_date written;
    enum sg_record_source source;
};

/* An active person, uid 1, of whom nothing is known. */
void folded_init(struct folded *man);

/* Adds an object in STATE; gives its place. */
size_t folded_add(struct folded *man, enum sg_type type, unsigned state);

/* The same with KEY. */
size_t folded_add_key(struct folded *man, enum sg_type type,
                      struct sg_bytes key, unsigned state);

/* Set FIELD of object AT, anew where it is set already. */
void folded_uint(struct folded *man, size_t at, unsigned field, uint64_t value);
void folded_str(struct folded *man, size_t at, unsigned field,
                const char *text);
void folded_uid(struct folded *man, size_t at, unsigned field, uint8_t first);
void folded_nil(struct folded *man, size_t at, unsigned field);
void folded_name(struct folded *man, size_t at, unsigned field,
                 const char *family, const char *middle, const char *given);
void folded_place(struct folded *man, size_t at, unsigned field, uint64_t unit);
void folded_kin(struct folded *man, size_t at, unsigned field, uint8_t first);
/* An array with one text. */
void folded_list(struct folded *man, size_t at, unsigned field,
                 const char *text);

/* Puts FIELD in dispute. */
void folded_dispute(struct folded *man, size_t at, unsigned field);

/* A person's own number, active. */
size_t folded_pin(struct folded *man, uint64_t number);

/* An open permanent residence in UNIT since FROM, and his home. */
size_t folded_home(struct folded *man, uint64_t unit, uint32_t from);

/* Adds a conflict of RULE in STATE. */
void folded_conflict(struct folded *man, unsigned rule,
                     enum sg_subject_conflict_state state);

/* Adds the record that PAYLOAD is, as applied; gives its place. */
size_t folded_record(struct folded *man, struct sg_bytes payload);

#endif
