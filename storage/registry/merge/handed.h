/* Handed: what handovers (RECORDS.md 7.15) bring into a subject's graph: heads
 * whose records are not held here, their approval, and what they stand above.
 * The inside of the merge.
 */
#ifndef SG_STORAGE_REGISTRY_MERGE_HANDED_H
#define SG_STORAGE_REGISTRY_MERGE_HANDED_H

#include "storage/registry/merge/graph.h"

enum sg_handed_flag {
    SG_HANDED_APPROVED = 1,
    SG_HANDED_FROZEN = 2,
    SG_HANDED_STANDING = 4,
};

struct sg_handed_head {
    uint16_t type;
    uint8_t field;
    uint8_t flags; /* bits of enum sg_handed_flag */
    uint8_t source;
    uint32_t over; /* of sg_handed's */
    struct sg_bytes key;
    const uint8_t *ref; /* 16 bytes */
    uint64_t hlc;
    struct sg_bytes value;
};

/* Reads the heads of one handover. */
struct sg_handed_reader {
    struct sg_cursor heads, values;
    uint32_t left;
};

/* Begins to read fields `heads` and `values` of a handover, as encoded. */
void sg_handed_begin(struct sg_bytes heads, struct sg_bytes values,
                     struct sg_handed_reader *ret_reader);
void sg_handed_open(const struct sg_graph_node *node,
                    struct sg_handed_reader *ret_reader);
bool sg_handed_next(struct sg_handed_reader *reader,
                    struct sg_handed_head *ret_head);

/* A handover that counts. */
struct sg_handed_over {
    uint32_t node;
    const uint8_t *covers; /* refs as encoded, ascending */
    uint32_t n_covers;
};

struct sg_handed {
    struct sg_handed_over *overs;
    size_t n_overs;
    struct sg_handed_head *heads; /* ascending by type, key, field, ref */
    size_t n_heads;
};

/* Reads the handovers of GRAPH that count, and adds a node to EXTRAS for each
 * record that they name and that is not held. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_handed_read(struct sg_graph *graph,
                                         struct sg_graph_extras *extras);

/* Says whether a handover that counts covers REF; of OVER alone. */
bool sg_handed_is_covered(const struct sg_graph *graph, const uint8_t ref[16]);
bool sg_handed_covers(const struct sg_handed_over *over, const uint8_t ref[16]);

/* Gives the heads of the object TYPE, KEY. */
const struct sg_handed_head *sg_handed_heads(const struct sg_graph *graph,
                                             enum sg_type type,
                                             struct sg_bytes key,
                                             size_t *ret_count);

/* Gives what the record NODE, held or handed over, says in FIELD; no bytes when
 * it does not set it. NODE has an object. */
struct sg_bytes sg_handed_value(const struct sg_graph *graph, uint32_t node,
                                uint8_t field);

/* Says whether a head of NODE, which is not held, is marked as frozen. */
bool sg_handed_is_frozen(const struct sg_graph *graph, uint32_t node);

/* One who would set a cell: its node, and the row of its ancestors. */
struct sg_handed_setter {
    uint32_t node;
    const uint64_t *row;
};

/* Where handovers have heads in the cell FIELD, ELEMENT of OBJECT (element NULL
 * but for sets), gives SETTERS rows in which those heads stand above what their
 * handover covers (RECORDS 4.1); else leaves them as they are. Errors: NOMEM.
 */
SG_USE_RESULT enum sg_err sg_handed_overlay(
    struct sg_graph *graph, const struct sg_graph_object *object,
    unsigned field, const uint8_t *element, struct sg_handed_setter *setters,
    size_t count);

/* Gives the rest of element KEY in the encoded SET; no bytes when it is not
 * there. */
struct sg_bytes sg_handed_element(struct sg_bytes set, const uint8_t key[16]);

#endif
