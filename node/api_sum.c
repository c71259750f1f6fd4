#include "node/api_sum.h"

#include <string.h>

#include "storage/base/alloc.h"

void sg_api_sum_clear(struct sg_api_sums *sums)
{
    for (size_t i = 0; i < sums->n; i++)
        sg_free(sums->all[i]);
    sg_free(sums->all);
}

/* Gives the sum of UNIT, made when it is new; NULL: no memory. */
struct sg_api_sum *sg_api_sum_need(struct sg_api_sums *sums,
                                   struct sg_unit_key unit)
{
    size_t low = 0, high = sums->n;
    struct sg_api_sum *sum;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (sums->all[middle]->unit.value < unit.value)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < sums->n && sg_unit_key_equal(sums->all[low]->unit, unit))
        return sums->all[low];
    if (!sg_alloc_grow((void **)&sums->all, sums->n, &sums->capacity,
                       sizeof(struct sg_api_sum *)))
        return NULL;
    sum = sg_calloc(1, sizeof *sum);
    if (sum == NULL)
        return NULL;
    sum->unit = unit;
    memmove(sums->all + low + 1, sums->all + low,
            (sums->n - low) * sizeof(struct sg_api_sum *));
    sums->all[low] = sum;
    sums->n++;
    return sum;
}

enum sg_err sg_api_sum_take(void *context, const struct sg_view_tally *tally)
{
    struct sg_api_sum *sum = sg_api_sum_need(context, tally->unit);

    if (sum == NULL)
        return SG_ERR_NOMEM;
    sum->is_own = true;
    if (tally->funnel != NULL)
        sum->own = *tally->funnel;
    if (tally->measure != NULL)
        sum->measure_own = *tally->measure;
    return SG_OK;
}

/* Without a census of birthdays one day in 365 is expected (measure.h). */
static const struct sg_fraction no_census;

static void add(struct sg_api_sum *to, const struct sg_api_sum *own,
                bool is_measure)
{
    if (is_measure)
        sg_measure_add(&to->measure, &own->measure_own, no_census);
    else
        sg_funnel_add(&to->funnel, &own->own);
}

/* Adds what each unit has to all that are above it, the country too. */
enum sg_err sg_api_sum_up(struct sg_api_sums *sums,
                          const struct sg_unit_table *units, bool is_measure)
{
    size_t n = sums->n;
    struct sg_api_sum **own = sg_alloc((n + 1) * sizeof(struct sg_api_sum *));
    enum sg_err err = own == NULL ? SG_ERR_NOMEM : SG_OK;

    for (size_t i = 0; err == SG_OK && i < n; i++) {
        own[i] = sums->all[i];
        /* A commune by itself is judged as one, not as a sum of one. */
        own[i]->measure = own[i]->measure_own;
        own[i]->funnel = own[i]->own;
    }
    for (size_t i = 0; err == SG_OK && i < n; i++) {
        struct sg_unit_key at = own[i]->unit;

        for (unsigned level = 0; at.value != 0 && level < 4; level++) {
            const struct sg_unit *unit = sg_unit_find(units, at);
            struct sg_api_sum *above;

            at = unit == NULL ? SG_UNIT_COUNTRY : unit->parent;
            above = sg_api_sum_need(sums, at);
            if (above == NULL) {
                err = SG_ERR_NOMEM;
                break;
            }
            add(above, own[i], is_measure);
        }
    }
    sg_free(own);
    return err;
}

/* --- What was asked -------------------------------------------------------
 */

bool sg_api_sum_asked(const struct sg_api_request *request, uint64_t most,
                      struct sg_api_sum_asked *ret_asked,
                      struct sg_api_answer *ret)
{
    uint64_t under;

    if (!sg_api_call_number(request, "under", 0, 0, INT64_MAX, &under, ret) ||
        !sg_api_call_number(request, "level", 0, 1, 3, &ret_asked->level,
                            ret) ||
        !sg_api_call_number(request, "after", 0, 0, INT64_MAX,
                            &ret_asked->after, ret) ||
        !sg_api_call_number(request, "limit", most, 1, most, &ret_asked->limit,
                            ret))
        return false;
    ret_asked->under.value = under;
    if (sg_unit_key_is_valid(ret_asked->under))
        return true;
    sg_api_call_refuse(ret, 400, "parameter",
                       "a parameter is not what is allowed",
                       "tham số không hợp lệ");
    return false;
}

static bool is_asked(const struct sg_api_sum_asked *asked,
                     const struct sg_unit_table *units,
                     const struct sg_api_sum *sum)
{
    return sum->unit.value > asked->after &&
           (asked->level == 0 ||
            (uint64_t)sg_unit_key_level(sum->unit) == asked->level) &&
           sg_unit_covers(units, asked->under, sum->unit);
}

/* {"unit", "name", "level", "parent"}: what a row begins with. */
static json_t *json_of_unit(const struct sg_unit_table *units,
                            struct sg_unit_key key)
{
    const struct sg_unit *unit = sg_unit_find(units, key);
    json_t *json = json_object();

    sg_api_call_set(json, "unit", json_integer((json_int_t)key.value));
    sg_api_call_set(json, "name",
                    unit == NULL ? json_null()
                                 : json_stringn((const char *)unit->name.data,
                                                unit->name.size));
    sg_api_call_set(json, "level", json_integer(sg_unit_key_level(key)));
    sg_api_call_set(json, "parent",
                    unit == NULL
                        ? json_null()
                        : json_integer((json_int_t)unit->parent.value));
    return json;
}

void sg_api_sum_list(const struct sg_api_sums *sums,
                     const struct sg_api_sum_asked *asked,
                     const struct sg_unit_table *units, const char *member,
                     sg_api_sum_json *make, void *context, json_t *json)
{
    json_t *list = json_array();
    uint64_t last = 0;
    bool is_more = false;

    for (size_t i = 0; i < sums->n && !is_more; i++) {
        const struct sg_api_sum *sum = sums->all[i];
        json_t *row;

        if (sum->unit.value == 0 || !is_asked(asked, units, sum))
            continue;
        is_more = json_array_size(list) == asked->limit;
        if (is_more)
            break;
        last = sum->unit.value;
        row = json_of_unit(units, sum->unit);
        sg_api_call_set(row, member, make(sum, context));
        (void)json_array_append_new(list, row);
    }
    sg_api_call_set(json, "units", list);
    if (is_more)
        sg_api_call_set(json, "after", json_integer((json_int_t)last));
}
