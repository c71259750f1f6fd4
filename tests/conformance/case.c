#include "tests/conformance/case.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "tests/lib/hex.h"

void case_begin(struct test_case *c, struct run *run, const char *file,
                const json_t *json, const char *id_field, size_t index)
{
    *c = (struct test_case){.run = run, .file = file, .json = json};
    const json_t *id = json_object_get(json, id_field);
    if (json_is_integer(id))
        (void)snprintf(c->id, sizeof(c->id), "%s %lld", id_field,
                       (long long)json_integer_value(id));
    else
        (void)snprintf(c->id, sizeof(c->id), "place %zu", index);
}

uint8_t *case_room(struct test_case *c, size_t size)
{
    SG_ASSERT(c->owned_count < CASE_FIELDS_MAX);
    void *room = sg_calloc(size > 0 ? size : 1, 1);
    SG_ASSERT(room != NULL);
    c->owned[c->owned_count++] = room;
    return room;
}

const char *case_text(struct test_case *c, const char *field)
{
    const char *text = json_string_value(json_object_get(c->json, field));
    case_expect(c, text != NULL, "no text in '%s'", field);
    return text != NULL ? text : "";
}

size_t case_size(struct test_case *c, const char *field, size_t max)
{
    const json_t *value = json_object_get(c->json, field);
    json_int_t number = json_is_integer(value) ? json_integer_value(value) : -1;
    bool good = number >= 0 && (uint64_t)number <= max;
    case_expect(c, good, "no number from 0 to %zu in '%s'", max, field);
    return good ? (size_t)number : 0;
}

struct sg_bytes case_hex_of(struct test_case *c, const char *text)
{
    size_t room = strlen(text) / 2;
    uint8_t *bytes = case_room(c, room);
    size_t size = hex_decode(text, bytes, room);
    case_expect(c, size != HEX_BAD, "not hex: %.40s", text);
    return sg_bytes(bytes, size != HEX_BAD ? size : 0);
}

struct sg_bytes case_hex(struct test_case *c, const json_t *object,
                         const char *field)
{
    const char *text = json_string_value(json_object_get(object, field));
    case_expect(c, text != NULL, "no hex in '%s'", field);
    return case_hex_of(c, text != NULL ? text : "");
}

void case_expect(struct test_case *c, bool condition, const char *format, ...)
{
    if (condition || !case_good(c))
        return;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(c->reason, sizeof(c->reason), format, args);
    va_end(args);
}

bool case_good(const struct test_case *c)
{
    return c->reason[0] == '\0';
}

void case_end(struct test_case *c)
{
    if (case_good(c))
        run_pass(c->run);
    else
        run_fail(c->run, c->file, c->id, "%s", c->reason);
    while (c->owned_count > 0)
        sg_free(c->owned[--c->owned_count]);
}

json_t *case_load(struct run *run, const char *file)
{
    json_error_t error;
    json_t *json =
        json_load_file(file, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (json == NULL)
        run_fail(run, file, "file", "line %d: %s", error.line, error.text);
    return json;
}
