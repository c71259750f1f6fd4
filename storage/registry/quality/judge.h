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

/* Fill what the rules of structure and the verifications say. */
void sg_judge_rules_fill(const struct sg_subject *subject,
                         const struct sg_quality_facts *facts,
                         struct sg_quality_person *person);

/* Fill what is timely: sống. */
void sg_judge_life_fill(const struct sg_subject *subject,
                        const struct sg_quality_facts *facts,
                        struct sg_quality_person *person);

#endif
