#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/base/text.h"
#include "tools/out.h"

/* Gives BYTES as a string made by ENCODE, which writes at most SIZE bytes. */
static json_t *encoded(struct sg_bytes bytes, size_t size,
                       void (*encode)(struct sg_writer *, struct sg_bytes))
{
    uint8_t *text = sg_alloc(size);
    struct sg_writer writer;
    json_t *string = NULL;

    if (text == NULL)
        return NULL;
    sg_writer_init_array(&writer, text, size);
    encode(&writer, bytes);
    if (sg_writer_end(&writer) == SG_OK)
        string = json_stringn((const char *)text, writer.size);
    sg_free(text);
    return string;
}

static json_t *base64(struct sg_bytes bytes)
{
    return encoded(bytes, bytes.size / 3 * 4 + 4, sg_text_base64_encode);
}

static json_t *number(uint64_t value)
{
    char text[24];

    if (value <= INT64_MAX)
        return json_integer((json_int_t)value);
    (void)snprintf(text, sizeof text, "%" PRIu64, value);
    return json_string(text);
}

/* Bytes that are no text stand under KEY_base64 instead. */
static int put_body(json_t *object, const char *key, struct sg_bytes bytes)
{
    char other[64];

    if (sg_text_is_utf8(bytes))
        return json_object_set_new_nocheck(
            object, key, json_stringn((const char *)bytes.data, bytes.size));
    (void)snprintf(other, sizeof other, "%s_base64", key);
    return json_object_set_new_nocheck(object, other, base64(bytes));
}

static int put(json_t *object, const char *key,
               const struct sg_out_value *value)
{
    json_t *made = NULL;

    switch (value->kind) {
    case SG_OUT_NONE:
        made = json_null();
        break;
    case SG_OUT_WORD:
        made = json_string(value->word);
        break;
    case SG_OUT_NUMBER:
        made = number(value->number);
        break;
    case SG_OUT_HEX:
        made = encoded(value->bytes, 2 * value->bytes.size + 1,
                       sg_text_hex_encode);
        break;
    case SG_OUT_BASE64:
        made = base64(value->bytes);
        break;
    case SG_OUT_BODY:
        return put_body(object, key, value->bytes);
    }
    return json_object_set_new_nocheck(object, key, made);
}

void sg_out_json(struct sg_out *out, const struct sg_out_shape *shape,
                 const struct sg_out_value values[])
{
    json_t *object = json_pack("{s:s}", "type", shape->type);
    int failed = object == NULL;

    for (unsigned i = 0; i < shape->field_count && !failed; i++)
        failed = put(object, shape->fields[i].key, &values[i]) != 0;
    SG_ASSERT(!failed); /* memory alone can be missing */
    failed = json_dumpf(object, out->file, JSON_COMPACT) != 0 ||
             fputs("\n", out->file) == EOF;
    json_decref(object);
    (void)failed; /* the file remembers it: sg_out_end */
}
