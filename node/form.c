#include "node/form.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/base/pack.h"
#include "storage/base/text.h"

#define BIN_SIZE_MAX SG_RECORD_SIZE_MAX
#define PIN_DIGITS   12

/* The members of the tuples that have a word of their own. */
static const char *const name_members[] = {"family", "middle", "given"};
static const char *const place_members[] = {"unit", "text", "country"};
static const char *const kin_members[] = {"uid", "name", "pin", "old_number"};
static const char *const src_members[] = {"class", "evidence", "verified"};

static const char *const *members_of(enum sg_schema_kind kind)
{
    switch (kind) {
    case SG_SCHEMA_NAME:
        return name_members;
    case SG_SCHEMA_PLACE:
        return place_members;
    case SG_SCHEMA_KIN:
        return kin_members;
    case SG_SCHEMA_SRC:
        return src_members;
    default:
        return NULL;
    }
}

/* Bytes of the kinds that are written in hex; 0: it is none of them. */
static size_t hex_size_of(enum sg_schema_kind kind)
{
    switch (kind) {
    case SG_SCHEMA_UID:
    case SG_SCHEMA_REF:
        return 16;
    case SG_SCHEMA_HASH:
    case SG_SCHEMA_LOG:
    case SG_SCHEMA_KEY:
        return 32;
    case SG_SCHEMA_SIG:
        return 64;
    case SG_SCHEMA_KEYID:
        return 8;
    default:
        return 0;
    }
}

/* --- From JSON ------------------------------------------------------------
 */

/* Reads SIZE bytes in hex, digits a to f small: one form for each value. */
static bool read_hex(const json_t *json, uint8_t *ret, size_t size)
{
    const char *text = json_string_value(json);
    struct sg_writer writer;

    if (text == NULL || json_string_length(json) != 2 * size ||
        strspn(text, "0123456789abcdef") != 2 * size)
        return false;
    sg_writer_init_array(&writer, ret, size);
    sg_text_hex_decode(&writer, sg_bytes(text, 2 * size));
    return sg_writer_end(&writer) == SG_OK;
}

static bool put_hex(struct sg_pack *pack, const json_t *json, size_t size)
{
    uint8_t bytes[64];

    SG_ASSERT(size <= sizeof bytes);
    if (!read_hex(json, bytes, size))
        return false;
    sg_pack_bin(pack, sg_bytes(bytes, size));
    return true;
}

static bool put_bin(struct sg_pack *pack, const json_t *json)
{
    struct sg_writer writer;
    struct sg_buf bytes;
    bool is_right = false;

    if (!json_is_string(json))
        return false;
    sg_buf_init(&bytes, BIN_SIZE_MAX);
    sg_writer_init_buf(&writer, &bytes);
    sg_text_base64_decode(
        &writer, sg_bytes(json_string_value(json), json_string_length(json)));
    if (sg_writer_end(&writer) == SG_OK) {
        sg_pack_bin(pack, sg_buf_bytes(&bytes));
        is_right = true;
    }
    sg_buf_clear(&bytes);
    return is_right;
}

/* Numbers beyond what a JSON integer surely carries are decimal strings, and
 * so are personal numbers, whose leading zeros people read. */
static bool put_uint(struct sg_pack *pack, const json_t *json, bool is_pin)
{
    const char *text = json_string_value(json);
    uint64_t value;

    if (!is_pin && json_is_integer(json) && json_integer_value(json) >= 0) {
        sg_pack_uint(pack, (uint64_t)json_integer_value(json));
        return true;
    }
    if (text == NULL || strlen(text) != json_string_length(json))
        return false;
    if (is_pin) {
        if (strlen(text) != PIN_DIGITS || strspn(text, "0123456789") != 12)
            return false;
        text += strspn(text, "0");
        if (*text == '\0') {
            sg_pack_uint(pack, 0);
            return true;
        }
    }
    if (sg_text_decimal_decode(sg_bytes(text, strlen(text)), &value) != SG_OK ||
        (!is_pin && value <= INT64_MAX))
        return false;
    sg_pack_uint(pack, value);
    return true;
}

static bool put_str(struct sg_pack *pack, const json_t *json)
{
    if (!json_is_string(json))
        return false;
    sg_pack_str(pack,
                sg_bytes(json_string_value(json), json_string_length(json)));
    return true;
}

static bool put_value(struct sg_pack *pack, const struct sg_schema_value *value,
                      const json_t *json);

/* A tuple with a word of its own: an object with all its members. */
static bool put_named(struct sg_pack *pack, const struct sg_schema_value *value,
                      const json_t *json)
{
    const char *const *members = members_of(value->kind);

    if (!json_is_object(json) || json_object_size(json) != value->n_members)
        return false;
    sg_pack_array(pack, value->n_members);
    for (unsigned i = 0; i < value->n_members; i++) {
        const json_t *member = json_object_get(json, members[i]);

        if (member == NULL || !put_value(pack, &value->members[i], member))
            return false;
    }
    return true;
}

static bool put_tuple(struct sg_pack *pack, const struct sg_schema_value *value,
                      const json_t *json)
{
    bool is_array = value->kind == SG_SCHEMA_ARRAY;
    size_t count = json_array_size(json);

    if (!json_is_array(json) || (!is_array && count != value->n_members) ||
        (is_array && count > value->max))
        return false;
    sg_pack_array(pack, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        if (!put_value(pack, &value->members[is_array ? 0 : i],
                       json_array_get(json, i)))
            return false;
    return true;
}

/* Packs JSON as VALUE is written; false: it has another form. Nil is packed
 * wherever it is said: whether it is allowed there is the fit's to say. */
static bool put_value(struct sg_pack *pack, const struct sg_schema_value *value,
                      const json_t *json)
{
    size_t hex_size = hex_size_of(value->kind);

    if (json_is_null(json)) {
        sg_pack_nil(pack);
        return true;
    }
    if (hex_size > 0)
        return put_hex(pack, json, hex_size);
    switch (value->kind) {
    case SG_SCHEMA_STR:
        return put_str(pack, json);
    case SG_SCHEMA_BIN:
        return put_bin(pack, json);
    case SG_SCHEMA_TUPLE:
    case SG_SCHEMA_ARRAY:
        return put_tuple(pack, value, json);
    case SG_SCHEMA_NAME:
    case SG_SCHEMA_PLACE:
    case SG_SCHEMA_KIN:
    case SG_SCHEMA_SRC:
        return put_named(pack, value, json);
    default:
        return put_uint(pack, json, value->kind == SG_SCHEMA_PIN);
    }
}

/* A record in the making. */
struct form {
    const json_t *json;
    const struct sg_schema_type *type;
    struct sg_pack pack;
    struct sg_form_fault fault;
    size_t n_members; /* that were found */
};

static const json_t *take(struct form *form, const char *member)
{
    const json_t *json = json_object_get(form->json, member);

    form->fault.member = member;
    form->n_members += json != NULL;
    return json;
}

static bool find_type(struct form *form)
{
    const char *word = json_string_value(take(form, "type"));
    const json_t *schema;
    json_int_t version = 1;
    size_t count;
    const struct sg_schema_type *const *types = sg_schema_types(&count);

    for (size_t i = 0; word != NULL && i < count; i++)
        if (strcmp(types[i]->name, word) == 0)
            form->type = types[i];
    if (form->type == NULL)
        return false;
    schema = take(form, "schema");
    if (schema != NULL) {
        if (!json_is_integer(schema))
            return false;
        version = json_integer_value(schema);
    }
    return version == form->type->version;
}

static bool put_body(struct form *form)
{
    const json_t *body = take(form, "body");
    size_t n_found = 0;

    if (!json_is_object(body))
        return false;
    sg_pack_map(&form->pack, (uint32_t)json_object_size(body));
    for (unsigned i = 0; i < form->type->n_fields; i++) {
        const struct sg_schema_field *field = &form->type->fields[i];
        const json_t *value = json_object_get(body, field->name);

        if (value == NULL)
            continue;
        n_found++;
        form->fault.field = field->name;
        sg_pack_uint(&form->pack, field->no);
        if (!put_value(&form->pack, &field->value, value))
            return false;
        form->fault.field = NULL;
    }
    form->fault.field = n_found == json_object_size(body) ? NULL : "?";
    return form->fault.field == NULL;
}

static bool put_parents(struct form *form)
{
    const json_t *parents = take(form, "parents");
    size_t count = json_array_size(parents);

    if (parents != NULL && (!json_is_array(parents) || count > SG_PARENTS_MAX))
        return false;
    sg_pack_array(&form->pack, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        if (!put_hex(&form->pack, json_array_get(parents, i),
                     sizeof(struct sg_ref)))
            return false;
    return true;
}

static bool put_basis(struct form *form)
{
    const json_t *basis = take(form, "basis");
    const json_t *no = json_object_get(basis, "form");

    if (!json_is_object(basis) || json_object_size(basis) != 3 ||
        !json_is_integer(no) || json_integer_value(no) < 0)
        return false;
    sg_pack_array(&form->pack, 3);
    sg_pack_uint(&form->pack, (uint64_t)json_integer_value(no));
    return put_str(&form->pack, json_object_get(basis, "document")) &&
           put_str(&form->pack, json_object_get(basis, "clause"));
}

static bool put_effective(struct form *form)
{
    const json_t *effective = take(form, "effective");

    return json_is_integer(effective) &&
           put_uint(&form->pack, effective, false);
}

static bool put_officer(struct form *form, const struct sg_key_id *officer)
{
    const json_t *said = take(form, "officer");

    if (said == NULL && officer != NULL) {
        sg_pack_bin(&form->pack, SG_BYTES_ARRAY(officer->bytes));
        return true;
    }
    return put_hex(&form->pack, said, sizeof officer->bytes);
}

static bool put_all(struct form *form, const struct sg_key_id *officer)
{
    if (!json_is_object(form->json) || !find_type(form))
        return false;
    sg_pack_array(&form->pack, 9);
    sg_pack_uint(&form->pack, (uint64_t)form->type->number);
    sg_pack_uint(&form->pack, form->type->version);
    if (!put_hex(&form->pack, take(form, "subject"), sizeof(struct sg_uid)) ||
        !put_body(form) || !put_parents(form) || !put_basis(form) ||
        !put_effective(form) || !put_officer(form, officer) ||
        !put_hex(&form->pack, take(form, "submit"), sizeof(struct sg_uid)))
        return false;
    form->fault.member = "?";
    return form->n_members == json_object_size(form->json);
}

enum sg_err sg_form_encode(const json_t *json, const struct sg_key_id *officer,
                           struct sg_buf *inner,
                           struct sg_form_fault *ret_fault)
{
    struct form form = {.json = json, .fault = {.member = "type"}};
    size_t size = inner->size;
    enum sg_err err;

    sg_pack_init(&form.pack, inner);
    if (!put_all(&form, officer)) {
        /* What was packed so far is no value. */
        sg_writer_fail(&form.pack.writer, SG_ERR_INVALID);
        err = sg_pack_end(&form.pack);
        SG_ASSERT(err != SG_OK);
        sg_buf_truncate(inner, size);
        *ret_fault = form.fault;
        return SG_ERR_INVALID;
    }
    err = sg_pack_end(&form.pack);
    if (err == SG_ERR_LIMIT || err == SG_ERR_NOMEM || err == SG_OK)
        return err;
    /* A text that is no UTF-8 does not come out of the JSON reader; one with a
     * control character does. */
    *ret_fault = (struct sg_form_fault){.member = "?"};
    return SG_ERR_INVALID;
}

/* --- To JSON --------------------------------------------------------------
 */

static json_t *json_of_hex(struct sg_bytes bytes)
{
    char text[2 * 64];
    struct sg_writer writer;

    SG_ASSERT(2 * bytes.size <= sizeof text);
    sg_writer_init_array(&writer, (uint8_t *)text, sizeof text);
    sg_text_hex_encode(&writer, bytes);
    return json_stringn(text, 2 * bytes.size);
}

static json_t *json_of_str(struct sg_bytes text)
{
    return json_stringn(text.size == 0 ? "" : (const char *)text.data,
                        text.size);
}

static json_t *json_of_bin(struct sg_bytes bytes)
{
    struct sg_writer writer;
    struct sg_buf text;
    json_t *json = NULL;

    sg_buf_init(&text, 2 * BIN_SIZE_MAX);
    sg_writer_init_buf(&writer, &text);
    sg_text_base64_encode(&writer, bytes);
    if (sg_writer_end(&writer) == SG_OK)
        json = json_of_str(sg_buf_bytes(&text));
    sg_buf_clear(&text);
    return json;
}

static json_t *json_of_uint(uint64_t value, bool is_pin)
{
    char text[24];

    if (!is_pin && value <= INT64_MAX)
        return json_integer((json_int_t)value);
    (void)snprintf(text, sizeof text, is_pin ? "%012" PRIu64 : "%" PRIu64,
                   value);
    return json_string(text);
}

static json_t *json_of_value(const struct sg_schema_value *value,
                             struct sg_msgpack *reader);

static json_t *json_of_named(const struct sg_schema_value *value,
                             struct sg_msgpack *reader)
{
    const char *const *members = members_of(value->kind);
    json_t *json = json_object();

    (void)sg_msgpack_read_array(reader);
    for (unsigned i = 0; i < value->n_members; i++)
        (void)json_object_set_new(json, members[i],
                                  json_of_value(&value->members[i], reader));
    return json;
}

static json_t *json_of_tuple(const struct sg_schema_value *value,
                             struct sg_msgpack *reader)
{
    uint32_t count = sg_msgpack_read_array(reader);
    json_t *json = json_array();

    for (uint32_t i = 0; i < count && reader->err == SG_OK; i++)
        (void)json_array_append_new(
            json, json_of_value(
                      &value->members[value->kind == SG_SCHEMA_ARRAY ? 0 : i],
                      reader));
    return json;
}

static json_t *json_of_value(const struct sg_schema_value *value,
                             struct sg_msgpack *reader)
{
    if (sg_msgpack_peek(reader) == SG_MSGPACK_NIL) {
        sg_msgpack_read_nil(reader);
        return json_null();
    }
    if (hex_size_of(value->kind) > 0)
        return json_of_hex(sg_msgpack_read_bin(reader));
    switch (value->kind) {
    case SG_SCHEMA_STR:
        return json_of_str(sg_msgpack_read_str(reader));
    case SG_SCHEMA_BIN:
        return json_of_bin(sg_msgpack_read_bin(reader));
    case SG_SCHEMA_TUPLE:
    case SG_SCHEMA_ARRAY:
        return json_of_tuple(value, reader);
    case SG_SCHEMA_NAME:
    case SG_SCHEMA_PLACE:
    case SG_SCHEMA_KIN:
    case SG_SCHEMA_SRC:
        return json_of_named(value, reader);
    default:
        return json_of_uint(sg_msgpack_read_uint(reader),
                            value->kind == SG_SCHEMA_PIN);
    }
}

static json_t *json_of_body(const struct sg_record *record)
{
    json_t *json = json_object();

    for (unsigned i = 0; i < record->schema->n_fields; i++) {
        const struct sg_schema_field *field = &record->schema->fields[i];
        struct sg_msgpack reader;

        if (!sg_record_has(record, field->no))
            continue;
        sg_msgpack_init(&reader, record->fields[field->no]);
        (void)json_object_set_new(json, field->name,
                                  json_of_value(&field->value, &reader));
    }
    return json;
}

json_t *sg_form_decode(const struct sg_record *record)
{
    json_t *json = json_object(), *parents = json_array(),
           *basis = json_object();

    SG_ASSERT(record->schema != NULL);
    for (unsigned i = 0; i < record->n_parents; i++) {
        struct sg_ref ref = sg_record_parent(record, i);

        (void)json_array_append_new(parents,
                                    json_of_hex(SG_BYTES_ARRAY(ref.bytes)));
    }
    (void)json_object_set_new(basis, "form", json_integer(record->basis.form));
    (void)json_object_set_new(basis, "document",
                              json_of_str(record->basis.document));
    (void)json_object_set_new(basis, "clause",
                              json_of_str(record->basis.clause));
    (void)json_object_set_new(json, "type", json_string(record->schema->name));
    (void)json_object_set_new(json, "schema", json_integer(record->version));
    (void)json_object_set_new(
        json, "subject", json_of_hex(SG_BYTES_ARRAY(record->subject.bytes)));
    (void)json_object_set_new(json, "body", json_of_body(record));
    (void)json_object_set_new(json, "parents", parents);
    (void)json_object_set_new(json, "basis", basis);
    (void)json_object_set_new(json, "effective",
                              json_integer(record->effective.ymd));
    (void)json_object_set_new(
        json, "officer", json_of_hex(SG_BYTES_ARRAY(record->officer.bytes)));
    (void)json_object_set_new(
        json, "submit", json_of_hex(SG_BYTES_ARRAY(record->submit.bytes)));
    return json;
}
