/* The authority of a simulated registry: node 0 writes its log. */
#ifndef SG_TESTS_SIM_AUTHORITY_H
#define SG_TESTS_SIM_AUTHORITY_H

#include "storage/base/buf.h"
#include "tests/sim/world.h"

enum authority_word {
    AUTHORITY_BEAT,
    AUTHORITY_REVOKE,
    AUTHORITY_ROTATE,
    AUTHORITY_ERASE,
    AUTHORITY_LATER, /* something that nobody understands yet */
};

/* Founds the registry: its root keys, its genesis, everybody's certificate.
 * Nodes have their keys and roles already. */
void authority_found(struct world *world);

/* Gives what a node is shown when it joins: a chain that has the genesis. */
void authority_chain(struct world *world, struct sg_buf *ret);

/* Writes a node_admit of every node into the authority's log. */
void authority_admit_all(struct world *world);

/* Gives entry 1 of the authority's log LOG: the genesis, or for a later epoch
 * what it stands on. The caller clears RET. */
void authority_first(struct world *world, const struct node *node,
                     const struct sg_log_id *log, struct sg_buf *ret);

/* Writes a statement, if node 0 is up. */
void authority_speak(struct world *world, uint64_t what);

/* Says whether LOG, as the authority has it, is one of NODE's that a cut lets
 * stand. */
bool authority_stands(const struct disk_log *log, const struct node *node);

#endif
