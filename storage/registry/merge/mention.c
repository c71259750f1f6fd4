#include "storage/registry/merge/mention.h"

#include "storage/registry/merge/cursor.h"
#include "storage/registry/merge/handed.h"

unsigned sg_mention_type(struct sg_bytes inner)
{
    struct sg_cursor cursor = {inner.data};

    (void)sg_cursor_array(&cursor);
    return (unsigned)sg_cursor_uint(&cursor);
}

/* Finds field NO in the body of an inner part; no bytes when it is not there.
 */
static struct sg_bytes find_field(struct sg_bytes inner, unsigned no)
{
    struct sg_cursor cursor = {inner.data};

    (void)sg_cursor_array(&cursor);
    for (int i = 0; i < 3; i++)
        (void)sg_cursor_skip(&cursor); /* type, schema, subject */
    for (uint32_t n = sg_cursor_map(&cursor); n > 0; n--) {
        bool is_it = sg_cursor_uint(&cursor) == no;
        struct sg_bytes value = sg_cursor_skip(&cursor);

        if (is_it)
            return value;
    }
    return (struct sg_bytes){0};
}

size_t sg_mention_count(struct sg_bytes inner)
{
    unsigned type = sg_mention_type(inner);
    struct sg_cursor cursor;

    if (type != SG_TYPE_HANDOVER)
        return type == SG_TYPE_PIN || type == SG_TYPE_DUPLICATE;
    cursor.at = find_field(inner, SG_FIELD_HANDOVER_HEADS).data;
    return cursor.at != NULL ? sg_cursor_array(&cursor) : 0;
}

/* The objects of a handover's heads. */
static size_t each_head(struct sg_bytes inner, size_t max,
                        sg_mention_take *take, void *context)
{
    struct sg_handed_reader reader;
    struct sg_handed_head head;
    size_t count = 0;

    sg_handed_begin(find_field(inner, SG_FIELD_HANDOVER_HEADS),
                    find_field(inner, SG_FIELD_HANDOVER_VALUES), &reader);
    while (count < max && sg_handed_next(&reader, &head) &&
           take(context, head.type, head.key))
        count++;
    return count;
}

size_t sg_mention_each(struct sg_bytes inner, size_t max, sg_mention_take *take,
                       void *context)
{
    size_t count = sg_mention_count(inner);
    struct sg_cursor cursor;
    uint8_t number[8];

    max = max < count ? max : count;
    if (max == 0)
        return 0;
    switch (sg_mention_type(inner)) {
    case SG_TYPE_PIN:
        cursor.at = find_field(inner, SG_FIELD_PIN_NUMBER).data;
        sg_bytes_put_u64be(number, sg_cursor_uint(&cursor));
        return take(context, SG_TYPE_PIN, SG_BYTES_ARRAY(number));
    case SG_TYPE_DUPLICATE:
        cursor.at = find_field(inner, SG_FIELD_DUPLICATE_OTHER).data;
        return take(context, SG_TYPE_DUPLICATE, sg_cursor_bytes(&cursor));
    default:
        return each_head(inner, max, take, context);
    }
}
