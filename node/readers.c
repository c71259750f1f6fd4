#include "node/readers.h"

#include <stdlib.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/registry/authority_scope.h"

/* The key that stands for a unit. */
struct scope {
    struct sg_unit_key unit;
    size_t age; /* 0: the newest statement */
    struct sg_scope_public key;
};

struct sg_readers {
    struct sg_unit_key centre;
    const struct sg_unit_table *units; /* NULL: nothing was read */
    struct sg_date as_of;
    struct scope *scopes; /* ascending by unit, one of each */
    size_t n, capacity;
};

/* Fields that name homes, by type (RECORDS.md 7): O, and H where the record
 * gives a new one. */
static const struct homes {
    enum sg_type type;
    unsigned fields[2];
} homes[] = {
    {SG_TYPE_RESIDENCE, {SG_FIELD_RESIDENCE_UNIT, SG_FIELD_RESIDENCE_OLD_UNIT}},
    {SG_TYPE_HOUSEHOLD, {SG_FIELD_HOUSEHOLD_UNIT, SG_FIELD_HOUSEHOLD_UNIT}},
    {SG_TYPE_HANDOVER,
     {SG_FIELD_HANDOVER_FROM_UNIT, SG_FIELD_HANDOVER_TO_UNIT}},
    {SG_TYPE_RESETTLE, {SG_FIELD_RESETTLE_FROM, SG_FIELD_RESETTLE_TO}},
};

_Static_assert(SG_WRITE_KEY_READERS_MAX >= 2 + 2 * 3,
               "capture, centre; home and the homes that a record names, each "
               "carried");

enum sg_err sg_readers_new(struct sg_readers **ret_readers)
{
    struct sg_readers *readers = sg_calloc(1, sizeof *readers);

    if (readers == NULL)
        return SG_ERR_NOMEM;
    *ret_readers = readers;
    return SG_OK;
}

void sg_readers_free(struct sg_readers *readers)
{
    if (readers == NULL)
        return;
    sg_free(readers->scopes);
    sg_free(readers);
}

/* --- The table ------------------------------------------------------------
 */

static enum sg_err add_scope(void *context,
                             const struct sg_authority_scope *scope)
{
    struct sg_readers *readers = context;

    if (scope->state != SG_AUTHORITY_SCOPE_CURRENT)
        return SG_OK;
    if (readers->n == readers->capacity) {
        size_t capacity = readers->capacity > 0 ? 2 * readers->capacity : 64;
        struct scope *more =
            sg_realloc(readers->scopes, capacity * sizeof *more);

        if (more == NULL)
            return SG_ERR_NOMEM;
        readers->scopes = more;
        readers->capacity = capacity;
    }
    readers->scopes[readers->n] =
        (struct scope){scope->unit, readers->n, scope->public_key};
    readers->n++;
    return SG_OK;
}

static int compare_scopes(const void *a, const void *b)
{
    const struct scope *x = a, *y = b;

    if (x->unit.value != y->unit.value)
        return x->unit.value < y->unit.value ? -1 : 1;
    return (x->age > y->age) - (x->age < y->age);
}

enum sg_err sg_readers_read(struct sg_readers *readers,
                            const struct sg_authority *authority)
{
    size_t n = 0;
    enum sg_err err;

    readers->n = 0;
    readers->centre = sg_authority_centre(authority);
    readers->units = sg_authority_units(authority);
    readers->as_of = sg_authority_as_of(authority);
    err = sg_authority_scope_each(authority, add_scope, readers);
    if (err != SG_OK)
        readers->n = 0;
    if (readers->n > 1)
        qsort(readers->scopes, readers->n, sizeof readers->scopes[0],
              compare_scopes);
    for (size_t i = 0; i < readers->n; i++)
        if (n == 0 || !sg_unit_key_equal(readers->scopes[n - 1].unit,
                                         readers->scopes[i].unit))
            readers->scopes[n++] = readers->scopes[i];
    readers->n = n;
    return err;
}

/* --- A record's -----------------------------------------------------------
 */

static int compare_unit(const void *key, const void *item)
{
    const struct sg_unit_key *unit = key;
    const struct scope *scope = item;

    return (unit->value > scope->unit.value) -
           (unit->value < scope->unit.value);
}

static void add_unit(const struct sg_readers *readers, struct sg_unit_key unit,
                     struct sg_write_key_readers *ret_readers)
{
    const struct scope *scope =
        readers->n == 0 ? NULL
                        : bsearch(&unit, readers->scopes, readers->n,
                                  sizeof readers->scopes[0], compare_unit);

    if (scope == NULL)
        return;
    SG_ASSERT(ret_readers->count < SG_WRITE_KEY_READERS_MAX);
    ret_readers->all[ret_readers->count++] = scope->key;
}

/* A home, and where it has come to be. */
static void add_home(const struct sg_readers *readers, struct sg_unit_key home,
                     struct sg_write_key_readers *ret_readers)
{
    struct sg_unit_place place;

    add_unit(readers, home, ret_readers);
    if (readers->units == NULL)
        return;
    place = sg_unit_carry(readers->units, home, readers->as_of);
    if (place.fit == SG_UNIT_FIT_EXACT || place.fit == SG_UNIT_FIT_PENDING)
        if (!sg_unit_key_equal(place.unit, home))
            add_unit(readers, place.unit, ret_readers);
}

void sg_readers_of(const struct sg_readers *readers,
                   const struct sg_record *record, struct sg_unit_key capture,
                   struct sg_unit_key home,
                   struct sg_write_key_readers *ret_readers)
{
    ret_readers->count = 0;
    add_unit(readers, capture, ret_readers);
    add_home(readers, home, ret_readers);
    add_unit(readers, readers->centre, ret_readers);
    for (size_t i = 0; i < sizeof homes / sizeof homes[0]; i++) {
        if (record->type != homes[i].type)
            continue;
        for (size_t k = 0; k < 2; k++)
            if (sg_record_has(record, homes[i].fields[k]))
                add_home(readers, sg_record_unit(record, homes[i].fields[k]),
                         ret_readers);
    }
}
