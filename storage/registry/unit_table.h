/* The inside of a unit table: shared by unit.c, which asks, and unit_table.c,
 * which fills and checks. Not for anybody else: see unit.h.
 */
#ifndef SG_STORAGE_REGISTRY_UNIT_TABLE_H
#define SG_STORAGE_REGISTRY_UNIT_TABLE_H

#include "storage/base/buf.h"
#include "storage/registry/unit.h"

/* Where the edges of one unit stand in the two lists. */
struct sg_unit_span {
    uint32_t out, n_out; /* in edges */
    uint32_t in, n_in;   /* in back */
};

struct sg_unit_table {
    struct sg_unit *units; /* once sealed ascending by key */
    size_t n_units, units_capacity;
    struct sg_unit_edge *edges; /* once sealed ascending by (from, to) */
    size_t n_edges, edges_capacity;
    struct sg_unit_edge *back;      /* the same, ascending by (to, from) */
    struct sg_unit_span *spans;     /* one for each unit */
    const struct sg_unit **by_name; /* ascending by (parent, name, from) */
    struct sg_buf texts; /* until sealed texts hold offsets into it */
    bool is_sealed;
};

#endif
