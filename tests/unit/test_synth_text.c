#include "tools/synth_text.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "storage/registry/unit_file.h"
#include "tests/lib/test.h"

#define COUNT 20000u

static json_t *parse(const struct sg_buf *buf, size_t begin)
{
    json_error_t error;
    json_t *line = json_loadb((const char *)buf->data + begin,
                              buf->size - begin, 0, &error);

    if (line == NULL)
        fail_msg("%s: %.*s", error.text, (int)(buf->size - begin),
                 (const char *)buf->data + begin);
    return line;
}

static void assert_key(json_t *object, const char *key, struct sg_bytes text)
{
    json_t *value = json_object_get(object, key);

    if (text.size == 0) {
        assert_null(value);
        return;
    }
    assert_non_null(value);
    assert_int_equal(json_string_length(value), text.size);
    assert_memory_equal(json_string_value(value), text.data, text.size);
}

static struct sg_bytes bytes_of(const struct sg_synth_text *text)
{
    return sg_bytes(text->bytes, text->size);
}

static void check_person(const struct sg_synth_person *person, json_t *line)
{
    json_t *name = json_object_get(line, "name");
    json_t *dossier = json_object_get(line, "dossier");
    const char *birth = json_string_value(json_object_get(line, "birth"));
    struct sg_date date;

    assert_int_equal(json_array_size(name), 3);
    assert_memory_equal(json_string_value(json_array_get(name, 2)),
                        person->name.given.data, person->name.given.size);
    assert_ok(sg_date_parse(sg_bytes(birth, strlen(birth)), &date));
    assert_int_equal(date.ymd, person->birth.ymd);
    assert_int_equal(json_integer_value(json_object_get(line, "sex")),
                     person->sex);
    assert_int_equal(json_integer_value(json_object_get(line, "ethnicity")),
                     person->ethnic);
    assert_int_equal(
        strtoull(json_string_value(json_object_get(line, "unit")), NULL, 10),
        person->unit.value);
    if (person->pin != 0)
        assert_int_equal(
            strtoull(json_string_value(json_object_get(line, "pin")), NULL, 10),
            person->pin);
    else
        assert_null(json_object_get(line, "pin"));
    assert_int_equal(json_object_get(line, "father") != NULL,
                     person->father.uid != NULL);
    assert_key(line, "file_no", bytes_of(&person->file_no));
    assert_key(line, "phone", bytes_of(&person->phone));
    assert_key(line, "old_number", bytes_of(&person->old_number));
    assert_int_equal(dossier != NULL, person->captured.ymd != 0);
    if (dossier != NULL)
        assert_key(dossier, "address", bytes_of(&person->dossier_address));
}

static void check_truth(const struct sg_synth_person *person,
                        const struct sg_buf *buf)
{
    size_t begin = 0;

    for (size_t i = 0; i < person->n_flaws; i++) {
        const uint8_t *end = memchr(buf->data + begin, '\n', buf->size - begin);
        struct sg_buf one = {.data = buf->data};
        json_t *line;

        assert_non_null(end);
        one.size = (size_t)(end + 1 - buf->data);
        line = parse(&one, begin);
        assert_string_equal(json_string_value(json_object_get(line, "kind")),
                            sg_synth_flaw_word(person->flaws[i].kind));
        assert_key(line, "truth", bytes_of(&person->flaws[i].truth));
        assert_int_equal(json_object_get(line, "other") != NULL,
                         person->flaws[i].other != NULL);
        json_decref(line);
        begin = one.size;
    }
    assert_int_equal(begin, buf->size);
}

/* Each entry and each flaw is one line of JSON that another reader reads, with
 * the values of the entry. */
static void test_synth_text_lines(void **state)
{
    struct sg_unit_table *units = NULL;
    struct sg_synth_options options;
    const struct sg_synth_person *person;
    struct sg_synth *synth = NULL;
    struct sg_buf buf;

    (void)state;
    assert_ok(sg_unit_file_read(sg_unit_file_shipped(), &units, NULL));
    sg_synth_options_init(&options, COUNT, 1);
    for (size_t i = 0; i < SG_SYNTH_FLAW_COUNT; i++)
        options.per_million[i] = 200000;
    assert_ok(sg_synth_new(&options, units, &synth));
    sg_buf_init(&buf, 1 << 16);
    while (sg_synth_next(synth, &person)) {
        json_t *line;

        sg_buf_truncate(&buf, 0);
        assert_ok(sg_synth_text_person(person, &buf));
        assert_int_equal(buf.data[buf.size - 1], '\n');
        assert_ptr_equal(memchr(buf.data, '\n', buf.size),
                         buf.data + buf.size - 1);
        line = parse(&buf, 0);
        check_person(person, line);
        json_decref(line);
        sg_buf_truncate(&buf, 0);
        assert_ok(sg_synth_text_truth(person, &buf));
        check_truth(person, &buf);
    }
    sg_buf_clear(&buf);
    sg_synth_free(synth);
    sg_unit_table_free(units);
}

/* Each thing that happened to a citizen after his enrolment is one line, once
 * however many records tell it. */
static void test_synth_text_events(void **state)
{
    static const enum sg_synth_event events[] = {
        SG_SYNTH_ENROLLED, SG_SYNTH_APPROVED, SG_SYNTH_CARD, SG_SYNTH_CARD,
        SG_SYNTH_DIED};
    static const char *const words[] = {"approved", "card", "died"};
    struct sg_synth_record records[5] = {{.node = 0}};
    struct sg_synth_person person = {.number = 0};
    struct sg_buf buf;
    size_t begin = 0;

    (void)state;
    for (size_t i = 0; i < 5; i++)
        records[i].event = events[i];
    sg_buf_init(&buf, 1 << 12);
    assert_ok(sg_synth_text_events(&person, records, 5, &buf));
    for (size_t i = 0; i < 3; i++) {
        const uint8_t *end = memchr(buf.data + begin, '\n', buf.size - begin);
        struct sg_buf one = {.data = buf.data};
        json_t *line;

        assert_non_null(end);
        one.size = (size_t)(end + 1 - buf.data);
        line = parse(&one, begin);
        assert_string_equal(json_string_value(json_object_get(line, "event")),
                            words[i]);
        assert_string_equal(json_string_value(json_object_get(line, "person")),
                            "00000000000000000000000000000000");
        json_decref(line);
        begin = one.size;
    }
    assert_int_equal(begin, buf.size);
    sg_buf_clear(&buf);
}

/* A buffer without room gets no half lines. */
static void test_synth_text_full(void **state)
{
    struct sg_unit_table *units = NULL;
    struct sg_synth_options options;
    const struct sg_synth_person *person;
    struct sg_synth *synth = NULL;
    struct sg_buf buf;

    (void)state;
    assert_ok(sg_unit_file_read(sg_unit_file_shipped(), &units, NULL));
    sg_synth_options_init(&options, 1, 1);
    assert_ok(sg_synth_new(&options, units, &synth));
    assert_true(sg_synth_next(synth, &person));
    sg_buf_init(&buf, 100);
    assert_err(sg_synth_text_person(person, &buf), LIMIT);
    assert_int_equal(buf.size, 0);
    sg_buf_clear(&buf);
    sg_synth_free(synth);
    sg_unit_table_free(units);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_synth_text_lines),
        cmocka_unit_test(test_synth_text_events),
        cmocka_unit_test(test_synth_text_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
