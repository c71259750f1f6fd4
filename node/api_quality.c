/* What the API says of the register's quality, by unit: đúng, đủ, sạch, sống,
 * thống nhất, each with what it is a part of. Figures, nobody's data. */
#include <string.h>

#include "node/api_sum.h"
#include "storage/base/check.h"

/* Units of one answer: what fits into SG_API_ANSWER_SIZE_MAX. */
#define ROWS_MAX 300u

static json_t *json_of_fraction(struct sg_fraction fraction)
{
    char text[8];
    json_t *json = json_pack("{s:I,s:I}", "of", (json_int_t)fraction.of, "in",
                             (json_int_t)fraction.in);

    sg_measure_print(fraction, text);
    sg_api_call_set(json, "percent",
                    fraction.in == 0 ? json_null() : json_string(text));
    return json;
}

/* Millionths; null where there are none. */
static json_t *json_of_millionths(int64_t value, bool is_there)
{
    return is_there ? json_integer(value) : json_null();
}

static json_t *json_of_rules(const struct sg_measure *measure)
{
    json_t *list = json_array();

    for (unsigned i = 1; i <= SG_RULES_COUNT; i++) {
        const struct sg_measure_rule *rule = &measure->rules[i];

        if (rule->pass == 0 && rule->fail == 0 && rule->unknown == 0)
            continue;
        (void)json_array_append_new(
            list,
            json_pack("{s:i,s:I,s:I,s:I}", "rule", (int)i, "pass",
                      (json_int_t)rule->pass, "fail", (json_int_t)rule->fail,
                      "unknown", (json_int_t)rule->unknown));
    }
    return list;
}

static json_t *json_of_dirt(const struct sg_measure *measure)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < SG_QUALITY_DIRT_COUNT; i++) {
        enum sg_quality_dirt dirt = (enum sg_quality_dirt)(1u << i);

        if (measure->dirty[i] != 0)
            (void)json_array_append_new(
                list, json_pack("{s:I,s:s,s:s}", "persons",
                                (json_int_t)measure->dirty[i], "en",
                                sg_quality_dirt_text(dirt, SG_LANG_EN), "vi",
                                sg_quality_dirt_text(dirt, SG_LANG_VI)));
    }
    return list;
}

static json_t *json_of_sample(const struct sg_measure *measure,
                              const struct sg_measure_result *result)
{
    json_t *json = json_object();
    json_t *list = json_array();

    for (unsigned i = 0; i < SG_MEASURE_STRATA; i++)
        if (measure->strata[i].sampled != 0)
            (void)json_array_append_new(
                list, json_pack("{s:i,s:I,s:I}", "stratum", (int)i, "sampled",
                                (json_int_t)measure->strata[i].sampled, "wrong",
                                (json_int_t)measure->strata[i].wrong));
    sg_api_call_set(json, "persons", json_integer(result->sampled));
    sg_api_call_set(json, "sufficient", json_boolean(result->has_sample));
    sg_api_call_set(
        json, "wrong",
        json_of_millionths(result->sample_wrong, result->has_sample));
    sg_api_call_set(
        json, "wrong_at_most",
        json_of_millionths(result->sample_wrong_max, result->has_sample));
    sg_api_call_set(json, "strata", list);
    return json;
}

static json_t *json_of_verdict(enum sg_measure_verdict verdict)
{
    static const char *const words[] = {"grey", "red", "yellow", "green"};

    return json_pack("{s:s,s:s,s:s}", "word", words[verdict], "en",
                     sg_measure_text(verdict, SG_LANG_EN), "vi",
                     sg_measure_text(verdict, SG_LANG_VI));
}

static void set_fractions(json_t *json, const struct sg_measure_result *result)
{
    const struct {
        const char *key;
        struct sg_fraction value;
    } fractions[] = {
        {"correct", result->correct},
        {"complete", result->complete},
        {"clean", result->clean},
        {"live", result->live},
        {"consistent", result->consistent},
        {"coverage", result->coverage},
        {"structure", result->struct_correct},
        {"external", result->external},
        {"external_coverage", result->external_coverage},
        {"fields", result->fields},
        {"people", result->people},
        {"evidence", result->evidence},
        {"in_time", result->lag},
        {"duties", result->due},
        {"touched", result->touch},
        {"replication", result->replication},
    };

    for (size_t i = 0; i < sizeof fractions / sizeof fractions[0]; i++)
        sg_api_call_set(json, fractions[i].key,
                        json_of_fraction(fractions[i].value));
}

static json_t *json_of_measure(const struct sg_measure *measure)
{
    /* What nobody has told this node is not computable, and never a pass: a
     * reference count, events known elsewhere, a comparison with the centre. */
    const struct sg_measure_outside outside = {.reference = 0};
    struct sg_measure_result result;
    json_t *json = json_object();

    sg_measure_judge(measure, &outside, &result);
    sg_api_call_set(json, "persons", json_integer(measure->persons));
    sg_api_call_set(json, "pending", json_integer(measure->pending));
    sg_api_call_set(json, "homeless", json_integer(measure->homeless));
    sg_api_call_set(json, "verdict", json_of_verdict(result.verdict));
    set_fractions(json, &result);
    sg_api_call_set(json, "provisional", json_boolean(result.is_provisional));
    sg_api_call_set(json, "new_year", json_boolean(result.has_new_year));
    sg_api_call_set(
        json, "mean_correct",
        json_of_millionths(result.mean_correct, result.mean_correct >= 0));
    sg_api_call_set(
        json, "mean_clean",
        json_of_millionths(result.mean_clean, result.mean_clean >= 0));
    sg_api_call_set(json, "rules", json_of_rules(measure));
    sg_api_call_set(json, "dirt", json_of_dirt(measure));
    sg_api_call_set(json, "sample", json_of_sample(measure, &result));
    return json;
}

static json_t *json_of_sum_measure(const struct sg_api_sum *sum, void *context)
{
    (void)context;
    return json_of_measure(&sum->measure);
}

/* The answer; the view is held. */
static enum sg_err tell(struct sg_api_sums *sums,
                        const struct sg_api_sum_asked *asked,
                        const struct sg_authority *authority, json_t *json)
{
    const struct sg_unit_table *units = sg_authority_units(authority);
    enum sg_err err = sg_api_sum_up(sums, units, true);
    struct sg_api_sum *country =
        err == SG_OK ? sg_api_sum_need(sums, SG_UNIT_COUNTRY) : NULL;

    if (country == NULL)
        return SG_ERR_NOMEM;
    sg_api_call_set(json, "total", json_of_measure(&country->measure));
    sg_api_sum_list(sums, asked, units, "quality", json_of_sum_measure, NULL,
                    json);
    return SG_OK;
}

void sg_api_quality_show(struct sg_api *api,
                         const struct sg_api_request *request,
                         struct sg_api_answer *ret)
{
    struct sg_view *view = sg_api_call_view(api, ret);
    struct sg_api_sums sums = {.n = 0};
    struct sg_api_sum_asked asked;
    struct sg_view_status status;
    bool is_complete;
    enum sg_err err;
    json_t *json;

    if (view == NULL || !sg_api_sum_asked(request, ROWS_MAX, &asked, ret))
        return;
    is_complete = sg_api_call_status(api, view, &status);
    json = json_object();
    sg_api_call_set(json, "day", sg_api_call_date(status.counted));
    sg_api_call_set(json, "complete", json_boolean(is_complete));
    err = sg_view_measures(view, sg_api_sum_take, &sums);
    if (err == SG_OK) {
        err = tell(&sums, &asked, sg_view_hold(view), json);
        sg_view_release(view);
    }
    if (err == SG_OK) {
        sg_api_call_json(ret, 200, json);
    } else {
        json_decref(json);
        sg_api_call_refuse_err(ret, 503, err);
    }
    sg_api_sum_clear(&sums);
}
