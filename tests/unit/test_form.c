/* Records as JSON: there and back, byte for byte; what is not a form. */
#include "node/form.h"

#include <string.h>

#include "storage/registry/unit_file.h"
#include "tests/lib/page.h"
#include "tests/lib/test.h"
#include "tools/synth_history.h"

#define PERSONS 300u

/* Turns the record of PAYLOAD into JSON, through text, and back. */
static void demand_same(struct sg_bytes payload)
{
    struct sg_form_fault fault;
    struct sg_record record;
    struct sg_buf inner;
    json_t *json, *read;
    static char text[4 * SG_RECORD_SIZE_MAX];
    size_t size;

    assert_ok(sg_record_decode(payload, &record));
    json = sg_form_decode(&record);
    assert_non_null(json);
    size = json_dumpb(json, text, sizeof text, 0);
    assert_true(size > 0);
    assert_true(size <= sizeof text);
    read = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(read);
    sg_buf_init(&inner, SG_RECORD_SIZE_MAX);
    assert_ok(sg_form_encode(read, NULL, &inner, &fault));
    assert_true(sg_bytes_equal(sg_buf_bytes(&inner), record.inner));
    sg_buf_clear(&inner);
    json_decref(read);
    json_decref(json);
}

/* The examples of RECORDS.md, statements and audits too. */
static void test_examples(void **state)
{
    static const char *const names[] = {
        "genesis",  "officer-grant", "revocation", "enrolment", "correction",
        "decision", "root-rotation", "handover",   "access"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct sg_buf payload;

        sg_buf_init(&payload, SG_RECORD_SIZE_MAX);
        sg_page_hex("storage/registry/RECORDS.md", names[i], &payload);
        demand_same(sg_buf_bytes(&payload));
        sg_buf_clear(&payload);
    }
}

/* All that the offices write about some hundred citizens. */
static void test_histories(void **state)
{
    struct sg_synth_history_options options;
    struct sg_synth_history *history;
    const struct sg_synth_person *person;
    const struct sg_synth_record *records;
    struct sg_unit_table *units;
    size_t count = 1, n = 0;

    (void)state;
    assert_ok(sg_unit_file_read(sg_unit_file_shipped(), &units, NULL));
    sg_synth_history_options_init(&options, PERSONS, 5);
    assert_ok(sg_synth_history_new(&options, units, &history));
    while (count > 0) {
        assert_ok(sg_synth_history_next(history, &person, &records, &count));
        for (size_t i = 0; i < count; i++)
            demand_same(records[i].payload);
        n += count;
    }
    assert_true(n > 3 * PERSONS);
    sg_synth_history_free(history);
    sg_unit_table_free(units);
}

/* --- what is no form ---------------------------------------------------- */

static const char good[] =
    "{\"type\":\"pin\",\"subject\":\"000102030405060708090a0b0c0d0e0f\","
    "\"body\":{\"state\":2,\"number\":\"001085000017\",\"by\":1},"
    "\"basis\":{\"form\":4,\"document\":\"d\",\"clause\":\"\"},"
    "\"effective\":20250201,\"officer\":\"0011223344556677\","
    "\"submit\":\"ffeeddccbbaa99887766554433221100\"}";

/* Sets member PATH ("body.number", "subject") of a good form to VALUE, in
 * JSON; NULL: takes it out. */
static json_t *form_with(const char *path, const char *value)
{
    json_t *form = json_loads(good, 0, NULL), *in = form;
    const char *dot = strchr(path, '.');

    assert_non_null(form);
    if (dot != NULL) {
        char first[16] = "";

        memcpy(first, path, (size_t)(dot - path));
        in = json_object_get(form, first);
        path = dot + 1;
    }
    if (value == NULL)
        (void)json_object_del(in, path);
    else
        (void)json_object_set_new(in, path,
                                  json_loads(value, JSON_DECODE_ANY, NULL));
    return form;
}

static void demand_fault(const char *path, const char *value,
                         const char *member, const char *field)
{
    json_t *form = form_with(path, value);
    struct sg_form_fault fault = {NULL, NULL};
    struct sg_buf inner;

    sg_buf_init(&inner, SG_RECORD_SIZE_MAX);
    assert_int_equal(sg_form_encode(form, NULL, &inner, &fault),
                     SG_ERR_INVALID);
    assert_string_equal(fault.member, member);
    if (field == NULL)
        assert_null(fault.field);
    else
        assert_string_equal(fault.field, field);
    assert_int_equal(inner.size, 0);
    sg_buf_clear(&inner);
    json_decref(form);
}

/* Each value has one form; the member that has another is named. */
static void test_faults(void **state)
{
    static const struct {
        const char *path, *value, *member, *field;
    } faults[] = {
        {"type", NULL, "type", NULL},
        {"type", "\"nothing\"", "type", NULL},
        {"schema", "2", "schema", NULL},
        {"schema", "\"1\"", "schema", NULL},
        {"subject", NULL, "subject", NULL},
        {"subject", "\"00\"", "subject", NULL},
        {"subject", "\"000102030405060708090A0B0C0D0E0F\"", "subject", NULL},
        {"body", "[]", "body", NULL},
        {"body.colour", "1", "body", "?"},
        {"body.state", "-1", "body", "state"},
        {"body.state", "1.5", "body", "state"},
        {"body.state", "\"2\"", "body", "state"},
        {"body.state", "true", "body", "state"},
        {"body.number", "1085000017", "body", "number"},
        {"body.number", "\"1085000017\"", "body", "number"},
        {"body.number", "\"00108500001x\"", "body", "number"},
        {"body.src", "[2,\"\",null]", "body", "src"},
        {"body.src", "{\"class\":2,\"evidence\":\"\"}", "body", "src"},
        {"body.src", "{\"class\":2,\"evidence\":\"\",\"on\":null}", "body",
         "src"},
        {"body.original", "[[3]]", "body", "original"},
        {"body.original", "[[3,\"%\"]]", "body", "original"},
        {"body.note", "7", "body", "note"},
        {"parents", "{}", "parents", NULL},
        {"parents", "[1]", "parents", NULL},
        {"basis", NULL, "basis", NULL},
        {"basis.clause", NULL, "basis", NULL},
        {"basis.form", "\"4\"", "basis", NULL},
        {"effective", "\"20250201\"", "effective", NULL},
        {"officer", NULL, "officer", NULL},
        {"submit", NULL, "submit", NULL},
        {"clock", "1", "?", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        demand_fault(faults[i].path, faults[i].value, faults[i].member,
                     faults[i].field);
}

/* An officer who is not named is the one who asks; a number beyond what JSON
 * integers carry is a string; a text that is not NFC is no record's. */
static void test_values(void **state)
{
    static const struct sg_key_id officer = {{9, 8, 7, 6, 5, 4, 3, 2}};
    json_t *form = form_with("officer", NULL);
    struct sg_form_fault fault;
    struct sg_record record;
    struct sg_buf inner;

    (void)state;
    sg_buf_init(&inner, SG_RECORD_SIZE_MAX);
    assert_ok(sg_form_encode(form, &officer, &inner, &fault));
    assert_ok(sg_record_decode_inner(sg_buf_bytes(&inner), &record));
    assert_int_equal(sg_key_id_compare(&record.officer, &officer), 0);
    assert_int_equal(sg_record_uint(&record, SG_FIELD_PIN_NUMBER), 1085000017);
    sg_buf_truncate(&inner, 0);
    (void)json_object_set_new(json_object_get(form, "body"), "number",
                              json_string("000000000000"));
    (void)json_object_set_new(json_object_get(form, "body"), "state",
                              json_string("18446744073709551615"));
    assert_ok(sg_form_encode(form, &officer, &inner, &fault));
    assert_ok(sg_record_decode_inner(sg_buf_bytes(&inner), &record));
    assert_int_equal(sg_record_uint(&record, SG_FIELD_PIN_NUMBER), 0);
    assert_true(sg_record_uint(&record, SG_FIELD_COMMON_STATE) == UINT64_MAX);
    sg_buf_clear(&inner);
    json_decref(form);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_histories),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
