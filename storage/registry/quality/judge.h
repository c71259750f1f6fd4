/* The inside of quality.h: its parts, and what they share. */
#ifndef SG_STORAGE_REGISTRY_QUALITY_JUDGE_H
#define SG_STORAGE_REGISTRY_QUALITY_JUDGE_H

#include "storage/registry/quality/quality.h"

/* Gives the standing permanent residence; NULL when there is none. */
const struct sg_subject_object *sg_judge_home(const struct sg_subject *subject);

/* Gives the household that the home names. Returns false when it names none. */
bool sg_judge_household(const struct sg_subject *subject,
                        struct sg_uid *ret_household);

/* Returns the day, in Viet Nam, of a record's clock. */
struct sg_date sg_judge_day(uint64_t hlc);

/* The record last asked for evidence, decoded: most fields of a person are of
 * one or two records. All zero at first; good while the subject is. */
struct sg_judge_source {
    const struct sg_subject_record *record; /* NULL: none yet */
    bool is_readable; /* its bytes are held, and of a shared type */
    struct sg_record decoded;
};

/* Says whether RECORD gives an evidence reference for FIELD: its own, or its
 * basis'. False when it is NULL or its bytes are not held. SOURCE saves
 * decoding it again. */
bool sg_judge_has_evidence(struct sg_judge_source *source,
                           const struct sg_subject_record *record,
                           unsigned field);

/* Finds the parents and the spouse. */
void sg_judge_ask(const struct sg_subject *subject,
                  struct sg_quality_asked *asked);

/* Judges V10, for which FACTS is asked for them. */
uint8_t sg_judge_kin(const struct sg_quality_asked *asked,
                     const struct sg_quality_facts *facts);

/* Fill what the rules of structure and the verifications say. */
void sg_judge_rules_fill(const struct sg_subject *subject,
                         const struct sg_quality_facts *facts,
                         struct sg_quality_person *person);

/* Fill what is timely: sống. */
void sg_judge_life_fill(const struct sg_subject *subject,
                        const struct sg_quality_facts *facts,
                        struct sg_quality_person *person);

#endif
