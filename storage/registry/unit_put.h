/* Units as statements: what the authority says of a unit and of what became of
 * it (RECORDS.md 6.6). The other way is sg_authority_units.
 */
#ifndef SG_STORAGE_REGISTRY_UNIT_PUT_H
#define SG_STORAGE_REGISTRY_UNIT_PUT_H

#include "storage/registry/record_build.h"
#include "storage/registry/unit.h"

/* Sets the fields of a `unit` statement that was begun, but for its serial. */
void sg_unit_put_unit(struct sg_record_build *build,
                      const struct sg_unit *unit);

/* Sets the fields of a `unit_succession` statement that was begun, but for its
 * serial: where UNIT went, which ended and has COUNT EDGES, at least one. */
void sg_unit_put_edges(struct sg_record_build *build,
                       const struct sg_unit *unit,
                       const struct sg_unit_edge *edges, size_t count);

#endif
