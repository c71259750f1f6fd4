/* Any record: a random one of any type that fits its table, for properties
 * that must hold of all.
 *
 * It is made from the schema, so a new type or field is in it the day it is in
 * the table. What it says is nonsense.
 */
#ifndef SG_TESTS_UNIT_ANY_RECORD_H
#define SG_TESTS_UNIT_ANY_RECORD_H

#include "storage/base/prng.h"
#include "storage/registry/record_build.h"

/* The registry that all of them are of. */
extern const struct sg_registry_id any_record_registry;

/* Appends a random record of TYPE to PAYLOAD and gives its id. It opens an
 * object, or is a statement or event. Errors: as sg_record_build_end. */
SG_USE_RESULT enum sg_err any_record(struct sg_prng *prng,
                                     const struct sg_schema_type *type,
                                     struct sg_buf *payload,
                                     struct sg_hash *ret_id);

#endif
