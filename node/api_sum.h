/* Sums of figures by unit: each unit's own counts, and those of all below it,
 * as the answers of the API list them. Not for anybody outside api*.c.
 */
#ifndef SG_NODE_API_SUM_H
#define SG_NODE_API_SUM_H

#include "node/api_call.h"

/* The counts of a unit: its own, and of all below it. */
struct sg_api_sum {
    struct sg_unit_key unit;
    bool is_own; /* tallies are of this very unit */
    struct sg_funnel own;
    struct sg_funnel funnel;
    struct sg_measure measure_own;
    struct sg_measure measure;
};

/* Zero is empty. */
struct sg_api_sums {
    struct sg_api_sum **all; /* ascending by unit */
    size_t n, capacity;
};

void sg_api_sum_clear(struct sg_api_sums *sums);

/* Gives the sum of UNIT, made when it is new; NULL: no memory. */
struct sg_api_sum *sg_api_sum_need(struct sg_api_sums *sums,
                                   struct sg_unit_key unit);

/* Takes the tally of one unit: a sg_view_take_tally, CONTEXT the sums. */
SG_USE_RESULT enum sg_err sg_api_sum_take(void *context,
                                          const struct sg_view_tally *tally);

/* Adds what each unit has to all that are above it, the country too. Errors:
 * NOMEM. */
SG_USE_RESULT enum sg_err sg_api_sum_up(struct sg_api_sums *sums,
                                        const struct sg_unit_table *units,
                                        bool is_measure);

/* What the parameters `under`, `level`, `after` and `limit` ask for. */
struct sg_api_sum_asked {
    struct sg_unit_key under;
    uint64_t level; /* 0: all */
    uint64_t after;
    uint64_t limit;
};

/* Reads them; at most MOST rows. False: RET says 400. */
bool sg_api_sum_asked(const struct sg_api_request *request, uint64_t most,
                      struct sg_api_sum_asked *ret_asked,
                      struct sg_api_answer *ret);

typedef json_t *sg_api_sum_json(const struct sg_api_sum *sum, void *context);

/* Sets the members `units` of JSON, the rows that were asked for, each with its
 * unit and what MAKE says of it as MEMBER, and `after` where more follow. */
void sg_api_sum_list(const struct sg_api_sums *sums,
                     const struct sg_api_sum_asked *asked,
                     const struct sg_unit_table *units, const char *member,
                     sg_api_sum_json *make, void *context, json_t *json);

#endif
