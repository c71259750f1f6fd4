/* kawanet/msgpack-test-suite, dist: groups of values, each value with all its
 * encodings. A vector is one encoding: our reader accepts the one that our
 * writer makes of the value, and reads the value from it; every other is
 * refused. What has no encoding of ours (floats, timestamps, extensions, maps
 * with keys out of order) is refused in all.
 */
#include "tests/conformance/run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/base/msgpack.h"
#include "storage/base/pack.h"
#include "tests/conformance/case.h"

#define VALUE_SIZE_MAX (1u << 20)

static struct sg_bytes text_of(const json_t *json)
{
    return sg_bytes(json_string_value(json), json_string_length(json));
}

static struct sg_bytes key_of(const char *key)
{
    return sg_bytes(key, strlen(key));
}

/* Packs what stands in JSON. Returns false when it has no encoding of ours. */
static bool pack_json(struct sg_pack *pack, const json_t *json)
{
    size_t i;
    const char *key;
    json_t *item;
    bool good = true;
    switch (json_typeof(json)) {
    case JSON_NULL:
        sg_pack_nil(pack);
        return true;
    case JSON_TRUE:
    case JSON_FALSE:
        sg_pack_bool(pack, json_is_true(json));
        return true;
    case JSON_INTEGER:
        sg_pack_int(pack, json_integer_value(json));
        return true;
    case JSON_STRING:
        sg_pack_str(pack, text_of(json));
        return true;
    case JSON_ARRAY:
        sg_pack_array(pack, (uint32_t)json_array_size(json));
        json_array_foreach(json, i, item)
        {
            good = pack_json(pack, item) && good;
        }
        return good;
    case JSON_OBJECT:
        sg_pack_map(pack, (uint32_t)json_object_size(json));
        json_object_foreach((json_t *)(uintptr_t)json, key, item)
        {
            sg_pack_str(pack, key_of(key));
            good = pack_json(pack, item) && good;
        }
        return good;
    case JSON_REAL:
        return false;
    }
    return false;
}

/* Reads one value and says whether it is what stands in JSON. */
static bool read_json(struct sg_msgpack *reader, const json_t *json)
{
    size_t i;
    const char *key;
    json_t *item;
    bool same;
    switch (json_typeof(json)) {
    case JSON_NULL:
        sg_msgpack_read_nil(reader);
        return true;
    case JSON_TRUE:
    case JSON_FALSE:
        return sg_msgpack_read_bool(reader) == json_is_true(json);
    case JSON_INTEGER:
        return sg_msgpack_read_int(reader) == json_integer_value(json);
    case JSON_STRING:
        return sg_bytes_equal(sg_msgpack_read_str(reader), text_of(json));
    case JSON_ARRAY:
        same = sg_msgpack_read_array(reader) == json_array_size(json);
        json_array_foreach(json, i, item)
        {
            same = read_json(reader, item) && same;
        }
        return same;
    case JSON_OBJECT:
        same = sg_msgpack_read_map(reader) == json_object_size(json);
        json_object_foreach((json_t *)(uintptr_t)json, key, item)
        {
            struct sg_bytes ours = sg_msgpack_read_str(reader);
            same = sg_bytes_equal(ours, key_of(key)) && same;
            same = read_json(reader, item) && same;
        }
        return same;
    case JSON_REAL:
        return false;
    }
    return false;
}

/* The value of a test. Most are what their JSON is; two types JSON lacks. */
enum form {
    FORM_NONE, /* no encoding of ours */
    FORM_JSON,
    FORM_BINARY, /* hex digits */
    FORM_UINT,   /* decimal digits: bignum */
    FORM_INT,    /* the same, below zero */
};

struct value {
    enum form form;
    const json_t *json;
    struct sg_bytes binary; /* until case_end */
    uint64_t number;        /* below zero: its two's complement */
};

static const struct type {
    const char *name;
    enum form form;
} types[] = {
    /* A test may say both bignum and number; the first is exact. */
    {"bignum", FORM_UINT},    {"nil", FORM_JSON},    {"bool", FORM_JSON},
    {"binary", FORM_BINARY},  {"number", FORM_JSON}, {"string", FORM_JSON},
    {"array", FORM_JSON},     {"map", FORM_JSON},    {"ext", FORM_NONE},
    {"timestamp", FORM_NONE},
};

static const struct type *type_of(const json_t *test)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (json_object_get(test, types[i].name) != NULL)
            return &types[i];
    }
    return NULL;
}

/* Reads decimal digits; what 64 bits do not hold has no encoding of ours. */
static void bignum_of(struct test_case *c, const char *digits,
                      struct value *value)
{
    bool is_negative = digits[0] == '-';
    const char *rest = digits + is_negative;
    bool good = *rest != '\0' && rest[strspn(rest, "0123456789")] == '\0';
    case_expect(c, good, "no integer in 'bignum'");
    errno = 0;
    value->form = is_negative ? FORM_INT : FORM_UINT;
    value->number = is_negative ? (uint64_t)strtoll(digits, NULL, 10)
                                : strtoull(digits, NULL, 10);
    if (errno != 0)
        value->form = FORM_NONE;
}

static struct value value_of(struct test_case *c, const struct type *type)
{
    struct value value = {
        type->form, json_object_get(c->json, type->name), {NULL, 0}, 0};
    if (type->form == FORM_BINARY)
        value.binary = case_hex(c, c->json, type->name);
    if (type->form == FORM_UINT)
        bignum_of(c, case_text(c, type->name), &value);
    return value;
}

/* Packs VALUE at the end of BUF. Returns false when it has no encoding of ours,
 * and nothing is in BUF. */
static bool pack_value(struct sg_buf *buf, const struct value *value)
{
    struct sg_pack pack;
    sg_pack_init(&pack, buf);
    bool good = value->form != FORM_NONE;
    if (value->form == FORM_JSON)
        good = pack_json(&pack, value->json);
    else if (value->form == FORM_BINARY)
        sg_pack_bin(&pack, value->binary);
    else if (value->form == FORM_UINT)
        sg_pack_uint(&pack, value->number);
    else if (value->form == FORM_INT)
        sg_pack_int(&pack, (int64_t)value->number);
    return sg_pack_end(&pack) == SG_OK && good;
}

/* Reads BYTES and says whether they are VALUE and nothing else. */
static bool read_value(struct sg_bytes bytes, const struct value *value)
{
    struct sg_msgpack reader;
    sg_msgpack_init(&reader, bytes);
    bool same = false;
    if (value->form == FORM_JSON)
        same = read_json(&reader, value->json);
    else if (value->form == FORM_BINARY)
        same = sg_bytes_equal(sg_msgpack_read_bin(&reader), value->binary);
    else if (value->form == FORM_UINT)
        same = sg_msgpack_read_uint(&reader) == value->number;
    else if (value->form == FORM_INT)
        same = (uint64_t)sg_msgpack_read_int(&reader) == value->number;
    return sg_msgpack_end(&reader) == SG_OK && same;
}

/* Floats may be shorter than ours. */
static bool is_float(struct sg_bytes bytes)
{
    return bytes.size > 0 && (bytes.data[0] == 0xca || bytes.data[0] == 0xcb);
}

/* Says how an encoding stands to the one of ours. */
enum standing { STANDING_NO_OURS, STANDING_OURS, STANDING_OTHER };

static enum standing vector_run(struct test_case *c, const char *encoding,
                                const struct type *type)
{
    enum standing standing = STANDING_NO_OURS;
    struct sg_bytes bytes = case_hex_of(c, encoding);
    struct value value = value_of(c, type);
    struct sg_buf ours;
    sg_buf_init(&ours, VALUE_SIZE_MAX);
    if (pack_value(&ours, &value))
        standing = sg_bytes_equal(bytes, sg_buf_bytes(&ours)) ? STANDING_OURS
                                                              : STANDING_OTHER;
    enum sg_err err = sg_msgpack_check(bytes, VALUE_SIZE_MAX);
    if (standing == STANDING_OURS) {
        case_expect(c, err == SG_OK, "refused (%s), it is the one of ours",
                    sg_err_name(err));
        case_expect(c, read_value(bytes, &value), "reads as another value");
    } else {
        case_expect(c, err != SG_OK, "accepted, it is not the one of ours");
    }
    if (standing == STANDING_OTHER)
        case_expect(c, bytes.size >= ours.size || is_float(bytes),
                    "shorter than the one of ours");
    sg_buf_clear(&ours);
    return standing;
}

static void test_run(struct run *run, const char *file, const char *group,
                     size_t index, const json_t *test)
{
    char id[80];
    (void)snprintf(id, sizeof(id), "%.40s %zu", group, index);
    const json_t *encodings = json_object_get(test, "msgpack");
    const struct type *type = type_of(test);
    if (json_array_size(encodings) == 0) {
        run_fail(run, file, id, "no list in 'msgpack'");
        return;
    }
    if (type == NULL) {
        run_skip(run, file, json_array_size(encodings),
                 "%s: a value of no type that is known", id);
        return;
    }
    size_t i;
    const json_t *encoding;
    bool seen[STANDING_OTHER + 1] = {false};
    json_array_foreach(encodings, i, encoding)
    {
        struct test_case c;
        case_begin(&c, run, file, test, "", i);
        (void)snprintf(c.id, sizeof(c.id), "%.*s/%zu", (int)sizeof(c.id) - 24,
                       id, i);
        const char *text = json_string_value(encoding);
        case_expect(&c, text != NULL, "no hex in 'msgpack'");
        seen[vector_run(&c, text != NULL ? text : "", type)] = true;
        case_end(&c);
    }
    if (seen[STANDING_OTHER] && !seen[STANDING_OURS])
        run_fail(run, file, id, "the encoding of ours is not in the list");
}

static void file_run(struct run *run, const char *file, void *context)
{
    (void)context;
    json_t *groups = case_load(run, file);
    if (groups == NULL)
        return;
    if (!json_is_object(groups))
        run_fail(run, file, "file", "not an object of groups");
    const char *name;
    json_t *group;
    json_object_foreach(groups, name, group)
    {
        if (!json_is_array(group))
            run_fail(run, file, name, "not a list of values");
        size_t i;
        const json_t *test;
        json_array_foreach(group, i, test)
        {
            test_run(run, file, name, i, test);
        }
    }
    json_decref(groups);
}

void msgpack_run(struct run *run, const char *path)
{
    run_files(run, path, ".json", file_run, /* context= */ NULL);
}
