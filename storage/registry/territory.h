/* Territory: which node serves a unit's homes, and since which place in the old
 * node's logs (RECORDS.md 6.3 field territory, 6.6 rehome).
 *
 * Node, unit and territory are separate things: a signed act moves a territory
 * from node to node, and the units do not change. An act about a unit
 * is about all below it; of several about one unit, or one above it, the last
 * stands. What the old node writes
 * after the cut-over is applied all the same and marked late_after_rehome
 * (rule C13).
 *
 * The acts are handed in by the caller, ascending by their order (RECORDS 6.1).
 * Whether they are signed and in force was decided before.
 */
#ifndef SG_STORAGE_REGISTRY_TERRITORY_H
#define SG_STORAGE_REGISTRY_TERRITORY_H

#include "storage/base/bytes.h"
#include "storage/base/err.h"
#include "storage/registry/unit.h"

/* A node, by its signing key. */
struct sg_territory_node {
    uint8_t key[32];
};

/* Entries of LOG from index SIZE on come after the cut-over. */
struct sg_territory_cut {
    struct sg_hash log;
    uint64_t size;
};

/* One signed act that moves UNITS, with all below them. Borrowed for the
 * call.*/
struct sg_territory_rehome {
    const struct sg_unit_key *units;
    size_t n_units;
    struct sg_territory_node from;
    struct sg_territory_node to;
    const struct sg_territory_cut *cuts;
    size_t n_cuts;
};

struct sg_territory;

/* Gives a map in which nobody serves anything; caller frees with
 * sg_territory_free. Borrows: UNITS, sealed, until then. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_territory_new(const struct sg_unit_table *units,
                                           struct sg_territory **ret);

/* Takes TERRITORY, which may be NULL. */
void sg_territory_free(struct sg_territory *territory);

/* NODE was admitted with these units. A later act of re-homing beats it,
 * whichever comes first here. Errors: NOTFOUND for a unit that the table does
 * not have: the others are taken all the same. */
SG_USE_RESULT enum sg_err sg_territory_admit(
    struct sg_territory *territory, const struct sg_territory_node *node,
    const struct sg_unit_key *units, size_t n_units);

/* Takes the act REHOME. Errors: NOTFOUND as above; LIMIT for more acts than
 * SG_REHOMES_MAX or more cuts than SG_REHOME_CUTS_MAX; NOMEM. */
SG_USE_RESULT enum sg_err sg_territory_rehome(
    struct sg_territory *territory, const struct sg_territory_rehome *rehome);

/* Gives the node that serves UNIT: by the last act about it, else by the
 * admission for it or the nearest above it; NULL when nobody does. Borrowed
 * until the map changes. */
const struct sg_territory_node *sg_territory_node_of(
    const struct sg_territory *territory, struct sg_unit_key unit);

/* Says whether entry INDEX of LOG of NODE, about a person whose home is UNIT,
 * came after NODE had handed UNIT over. A log of NODE's that the act does not
 * list was opened after it. */
bool sg_territory_is_late(const struct sg_territory *territory,
                          struct sg_unit_key unit,
                          const struct sg_territory_node *node,
                          const struct sg_hash *log, uint64_t index);

#endif
