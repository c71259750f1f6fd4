#include "storage/registry/merge/subject.h"

#include "storage/base/check.h"

static int compare(const struct sg_subject_object *object, unsigned type,
                   struct sg_bytes key)
{
    int order = (object->type > type) - (object->type < type);

    return order != 0 ? order : sg_bytes_compare(object->key, key);
}

const struct sg_subject_object *sg_subject_find(
    const struct sg_subject *subject, enum sg_type type, struct sg_bytes key)
{
    size_t begin = 0, count = subject->n_objects;

    while (count > 0) {
        const struct sg_subject_object *object =
            &subject->objects[begin + count / 2];
        int order = compare(object, type, key);

        if (order == 0)
            return object;
        if (order < 0)
            begin += count / 2 + 1;
        count = order < 0 ? count - count / 2 - 1 : count / 2;
    }
    return NULL;
}

const struct sg_subject_object *sg_subject_objects(
    const struct sg_subject *subject, enum sg_type type, size_t *ret_count)
{
    size_t first = 0, end;

    while (first < subject->n_objects && subject->objects[first].type < type)
        first++;
    for (end = first; end < subject->n_objects; end++)
        if (subject->objects[end].type != type)
            break;
    *ret_count = end - first;
    return *ret_count > 0 ? &subject->objects[first] : NULL;
}

const struct sg_subject_cell *sg_subject_cell(
    const struct sg_subject_object *object, unsigned field)
{
    for (size_t i = 0; object != NULL && i < object->n_cells; i++)
        if (object->cells[i].field == field)
            return &object->cells[i];
    return NULL;
}

static bool has_value(const struct sg_subject_cell *cell)
{
    return cell != NULL && cell->value.size > 0 && cell->value.data[0] != 0xc0;
}

const struct sg_subject_cell *sg_subject_known(
    const struct sg_subject_object *object, unsigned field)
{
    const struct sg_subject_cell *cell = sg_subject_cell(object, field);

    return has_value(cell) && (cell->flags & SG_SUBJECT_CONFLICT) == 0 ? cell
                                                                       : NULL;
}

bool sg_subject_is_counted(const struct sg_subject *subject)
{
    return subject->status == SG_SUBJECT_ACTIVE ||
           subject->status == SG_SUBJECT_MISSING ||
           subject->status == SG_SUBJECT_ABROAD;
}

bool sg_subject_has_open(const struct sg_subject *subject, unsigned rule)
{
    for (size_t i = 0; i < subject->n_conflicts; i++)
        if (subject->conflicts[i].rule == rule &&
            subject->conflicts[i].state != SG_SUBJECT_DECIDED)
            return true;
    return false;
}

void sg_subject_open(const struct sg_subject_cell *cell,
                     struct sg_msgpack *ret_reader)
{
    SG_ASSERT(has_value(cell));
    sg_msgpack_init(ret_reader, cell->value);
}

static uint64_t read_uint(const struct sg_subject_cell *cell)
{
    struct sg_msgpack reader;
    uint64_t value;

    sg_subject_open(cell, &reader);
    value = sg_msgpack_read_uint(&reader);
    SG_ASSERT(reader.err == SG_OK);
    return value;
}

uint64_t sg_subject_uint(const struct sg_subject_object *object, unsigned field,
                         uint64_t instead)
{
    const struct sg_subject_cell *cell = sg_subject_known(object, field);

    return cell != NULL ? read_uint(cell) : instead;
}

uint64_t sg_subject_stands_uint(const struct sg_subject_object *object,
                                unsigned field, uint64_t instead)
{
    const struct sg_subject_cell *cell = sg_subject_cell(object, field);

    return has_value(cell) ? read_uint(cell) : instead;
}

struct sg_date sg_subject_date(const struct sg_subject_object *object,
                               unsigned field)
{
    return (struct sg_date){(uint32_t)sg_subject_uint(object, field, 0)};
}

struct sg_unit_key sg_subject_unit(const struct sg_subject_object *object,
                                   unsigned field)
{
    return (struct sg_unit_key){sg_subject_uint(object, field, 0)};
}

struct sg_bytes sg_subject_str(const struct sg_subject_object *object,
                               unsigned field)
{
    const struct sg_subject_cell *cell = sg_subject_known(object, field);
    struct sg_msgpack reader;
    struct sg_bytes text;

    if (cell == NULL)
        return (struct sg_bytes){0};
    sg_subject_open(cell, &reader);
    text = sg_msgpack_read_str(&reader);
    SG_ASSERT(reader.err == SG_OK);
    return text;
}

uint64_t sg_subject_pin(const struct sg_subject *subject)
{
    size_t count;
    const struct sg_subject_object *pins =
        sg_subject_objects(subject, SG_TYPE_PIN, &count);
    uint64_t number = 0;

    for (size_t i = 0; i < count; i++) {
        if (pins[i].state != 2)
            continue;
        if (number != 0)
            return 0;
        number = sg_bytes_get_u64be(pins[i].key.data);
    }
    return number;
}
