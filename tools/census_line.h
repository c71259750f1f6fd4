/* The inside of a census: the line at hand, its values and what is wrong with
 * them. For census.c alone: see census.h.
 *
 * A value that is not right is a fault of the line, and what is given instead
 * may stand in a record that is never used.
 */
#ifndef SG_TOOLS_CENSUS_LINE_H
#define SG_TOOLS_CENSUS_LINE_H

#include "storage/registry/rules.h"
#include "tools/census.h"

#define SG_CENSUS_TEXTS_SIZE 16384u

struct sg_census {
    struct sg_census_config config;
    struct sg_registry_id registry;
    struct sg_rules_facts facts;
    struct sg_buf payloads;
    /* The line at hand. */
    const struct sg_bytes *values;
    struct sg_census_result *result;
    bool is_refused;
    struct sg_uid uid;
    struct sg_unit_key unit;
    uint64_t pin, sex;
    struct sg_date birth;
    struct sg_record_name name;
    bool is_name_repaired;
    size_t n_texts;
    uint8_t texts[SG_CENSUS_TEXTS_SIZE]; /* repaired */
};

static inline bool sg_census_line_has(const struct sg_census *census,
                                      enum sg_census_field field)
{
    return census->values[field].size > 0;
}

/* Say what is wrong with FIELD: it breaks rule NO, which may be a flag only;
 * it does not fit its field of a record; it is missing. */
void sg_census_line_breaks(struct sg_census *census, unsigned no,
                           enum sg_census_field field, bool is_flag);
void sg_census_line_misfits(struct sg_census *census,
                            enum sg_census_field field);
void sg_census_line_due(struct sg_census *census, enum sg_census_field field);

/* Give TEXT, the part FIELD of a name, and the text of FIELD, as they stand in
 * records, at most MAX bytes. Borrowed until the next line. */
struct sg_bytes sg_census_line_name(struct sg_census *census,
                                    enum sg_census_field field,
                                    struct sg_bytes text, size_t max);
struct sg_bytes sg_census_line_text(struct sg_census *census,
                                    enum sg_census_field field, size_t max);

/* Read FIELD: a code up to MAX (V07), a uid. False where there is none or it
 * is not right, which is a fault. */
bool sg_census_line_number(struct sg_census *census, enum sg_census_field field,
                           uint64_t max, uint64_t *ret);
bool sg_census_line_uid(struct sg_census *census, enum sg_census_field field,
                        struct sg_uid *ret);

/* Reads FIELD as a unit: its 14 digits, or the code of a commune on the day of
 * the book. False is no fault: it may be words. */
bool sg_census_line_unit(const struct sg_census *census,
                         enum sg_census_field field, struct sg_unit_key *ret);

#endif
