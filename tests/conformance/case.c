#include "tests/conformance/case.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/buf.h"
#include "storage/base/check.h"
#include "storage/base/text.h"
#include "storage/base/writer.h"
#include "tests/lib/hex.h"

#define CASE_FILE_MAX (64u << 20)

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

uint64_t case_u64(struct test_case *c, const char *field)
{
    const json_t *value = json_object_get(c->json, field);
    uint64_t number = 0;
    bool good = false;
    if (json_is_integer(value)) {
        good = json_integer_value(value) >= 0;
        number = (uint64_t)json_integer_value(value);
    } else if (json_is_string(value)) {
        struct sg_bytes digits = {(const uint8_t *)json_string_value(value),
                                  json_string_length(value)};
        good = sg_text_decimal_decode(digits, &number) == SG_OK;
    }
    case_expect(c, good, "no number of 64 bits in '%s'", field);
    return good ? number : 0;
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

struct sg_bytes case_base64_of(struct test_case *c, const char *text)
{
    size_t size = strlen(text);
    uint8_t *bytes = case_room(c, size / 4 * 3);
    struct sg_writer writer;
    sg_writer_init_array(&writer, bytes, size / 4 * 3);
    sg_text_base64_decode(&writer, sg_bytes(text, size));
    enum sg_err err = sg_writer_end(&writer);
    case_expect(c, err == SG_OK, "not base64: %.40s", text);
    return sg_bytes(bytes, err == SG_OK ? writer.size : 0);
}

struct sg_bytes case_base64(struct test_case *c, const json_t *object,
                            const char *field)
{
    const char *text = json_string_value(json_object_get(object, field));
    case_expect(c, text != NULL, "no base64 in '%s'", field);
    return case_base64_of(c, text != NULL ? text : "");
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

/* Appends what FILE holds to RET; false when it cannot be read. */
static bool read_whole(const char *file, struct sg_buf *ret)
{
    FILE *stream = fopen(file, "rb");
    uint8_t part[4096];
    size_t size;
    bool good = stream != NULL;
    while (good && (size = fread(part, 1, sizeof(part), stream)) > 0)
        good = sg_buf_append(ret, sg_bytes(part, size)) == SG_OK;
    if (stream != NULL) {
        good = good && ferror(stream) == 0;
        (void)fclose(stream);
    }
    return good;
}

/* Returns how many digits stand at AT, if they are an integer by themselves and
 * too many for 63 bits to be sure of; else 0. */
static size_t wide_integer(struct sg_bytes text, size_t at)
{
    size_t end = at;
    while (end < text.size && isdigit(text.data[end]))
        end++;
    bool is_part = (at > 0 && (isalnum(text.data[at - 1]) ||
                               strchr("+-.", text.data[at - 1]) != NULL)) ||
                   (end < text.size && strchr(".eE", text.data[end]) != NULL);
    return is_part || end - at < 19 ? 0 : end - at;
}

/* Appends TEXT, JSON, to RET with every wide integer in quotes. */
static bool quote_wide(struct sg_bytes text, struct sg_buf *ret)
{
    bool in_string = false, good = true;
    for (size_t i = 0; good && i < text.size;) {
        size_t digits = in_string ? 0 : wide_integer(text, i);
        size_t size = digits > 0 ? digits : 1;
        if (text.data[i] == '"')
            in_string = !in_string;
        else if (in_string && text.data[i] == '\\' && i + 1 < text.size)
            size = 2;
        struct sg_bytes piece = {text.data + i, size};
        if (digits > 0)
            good = sg_buf_append(ret, SG_BYTES_TEXT("\"")) == SG_OK;
        good = good && sg_buf_append(ret, piece) == SG_OK;
        if (digits > 0)
            good = good && sg_buf_append(ret, SG_BYTES_TEXT("\"")) == SG_OK;
        i += size;
    }
    return good;
}

json_t *case_load_wide(struct run *run, const char *file)
{
    struct sg_buf text, quoted;
    json_error_t error = {.text = "cannot be read"};
    json_t *json = NULL;
    sg_buf_init(&text, CASE_FILE_MAX);
    sg_buf_init(&quoted, CASE_FILE_MAX);
    if (read_whole(file, &text) && quote_wide(sg_buf_bytes(&text), &quoted))
        json = json_loadb((const char *)quoted.data, quoted.size,
                          JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (json == NULL)
        run_fail(run, file, "file", "line %d: %s", error.line, error.text);
    sg_buf_clear(&text);
    sg_buf_clear(&quoted);
    return json;
}

struct sg_bytes case_file(struct test_case *c, const char *file)
{
    struct sg_buf buf;
    sg_buf_init(&buf, CASE_FILE_MAX);
    case_expect(c, read_whole(file, &buf), "%s cannot be read", file);
    uint8_t *room = case_room(c, buf.size);
    struct sg_bytes bytes = {room, buf.size};
    if (buf.size > 0)
        memcpy(room, buf.data, buf.size);
    sg_buf_clear(&buf);
    return bytes;
}
