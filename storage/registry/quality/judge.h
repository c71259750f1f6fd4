/* The inside of quality.h: its parts, and what they share. */
#ifndef SG_STORAGE_REGISTRY_QUALITY_JUDGE_H
#define SG_STORAGE_REGISTRY_QUALITY_JUDGE_H

#include "storage/registry/quality/quality.h"

/* Gives the standing permanent residence; NULL when there is none. */
const struct sg_subject_object *sg_judge_home(const struct sg_subject *subject);

/* Gives the household that the home names. Returns false when it names none or
 * there is no such household. */
bool sg_judge_household(const struct sg_subject *subject,
                        const struct sg_quality_facts *facts,
                        struct sg_quality_household *ret);

/* Returns the day, in Viet Nam, of a record's clock. */
struct sg_date sg_judge_day(uint64_t hlc);

/* Says whether RECORD gives an evidence reference for FIELD: its own, or its
 * basis'. False when it is NULL or its bytes are not held. */
bool sg_judge_has_evidence(const struct sg_subject_record *record,
                           unsigned field);

/* Fill what the rules of structure and the verifications say. */
void sg_judge_rules_fill(const struct sg_subject *subject,
                         const struct sg_quality_facts *facts,
                         struct sg_quality_person *person);

/* Fill what is timely: sống. */
void sg_judge_life_fill(const struct sg_subject *subject,
                        const struct sg_quality_facts *facts,
                        struct sg_quality_person *person);

#endif
