/* A person in JSON: what the register says of a subject (merge/subject.h), all
 * of it, in the words of the schema (RECORDS.md), and in brief for a list.
 *
 * Nothing is left out but what a limit cuts, which is said. Dates are ISO, as
 * precise as they are; personal numbers are texts; ids are hex; codes and units
 * are numbers, with the names of units beside. Who may see it, and that it was
 * written down, is the caller's business. Pure.
 */
#ifndef SG_NODE_PERSON_JSON_H
#define SG_NODE_PERSON_JSON_H

#include <jansson.h>

#include "storage/registry/authority.h"
#include "storage/registry/merge/subject.h"

/* Records of one person that are listed, with their places. */
#define SG_PERSON_JSON_RECORDS_MAX 512u
/* Where a record lies. */
struct sg_person_json_place {
    struct sg_ref record;
    struct sg_log_id log;
    uint64_t index;
    bool is_admitted;
};

/* Gives SUBJECT in full. PLACES ascend by record. AUTHORITY, sealed, names the
 * units and says by when conflicts are due. NULL: no memory. */
json_t *sg_person_json(const struct sg_subject *subject,
                       const struct sg_authority *authority,
                       const struct sg_person_json_place *places,
                       size_t n_places);

/* Gives SUBJECT in brief: enough to choose by. NULL: no memory. */
json_t *sg_person_json_brief(const struct sg_subject *subject);

/* Gives the name and birth date that stand; false: not known, or no person. */
bool sg_person_json_birth(const struct sg_subject *subject,
                          struct sg_date *ret_birth);

/* Names UNIT in OBJECT, by its number. */
void sg_person_json_unit(json_t *object, const struct sg_authority *authority,
                         struct sg_unit_key unit);

#endif
