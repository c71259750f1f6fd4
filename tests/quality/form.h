/* The records that an office would write of an entry when it is brought into
 * the register. */
#ifndef SG_TESTS_QUALITY_FORM_H
#define SG_TESTS_QUALITY_FORM_H

#include "storage/base/buf.h"
#include "storage/registry/record.h"
#include "tests/quality/entry.h"

/* Takes one record; its payload is borrowed for the call. */
typedef void form_take(void *context, struct sg_bytes payload,
                       const struct sg_hash *id);

/* Where the records are written. */
struct form {
    struct sg_registry_id registry;
    struct sg_date day;
    uint64_t serial; /* of records: makes submit ids and clocks */
    form_take *take;
    void *context;
};

/* What was found wrong on the way in, and repaired. */
struct form_repair {
    bool is_decomposed; /* the name was not in NFC */
    bool has_residue;   /* it has signs of another encoding */
    bool is_refused;    /* and cannot stand in a record */
};

/* A member of a household, as it says. */
struct form_member {
    struct sg_uid uid;
    unsigned relation;
};

/* Writes the records of ENTRY: person, number, old number, residence. */
void form_person(struct form *form, const struct entry *entry,
                 struct form_repair *ret_repair);

/* Writes the record of a household; MEMBERS ascend by uid. */
void form_household(struct form *form, const struct sg_uid *household,
                    const struct entry *head, const struct form_member *members,
                    size_t count);

#endif
