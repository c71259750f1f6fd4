/* A stick between nodes of sync_pair.h: a bundle made of what one node's store
 * has, and taken by another node's core. Everything is in memory. */
#ifndef SG_TESTS_UNIT_STICK_H
#define SG_TESTS_UNIT_STICK_H

#include "replication/bundle_plan.h"
#include "replication/bundle_take.h"
#include "tests/lib/sync_pair.h"

#define STICK_PARTS_MAX 16u

struct stick {
    size_t n_parts;
    size_t sizes[STICK_PARTS_MAX];
    uint8_t *parts[STICK_PARTS_MAX];
};

/* What a taking came to. */
struct stick_result {
    struct sg_bundle_take_view view;
    size_t n_damages; /* turns that named damage */
    enum sg_err damage;
    uint32_t damaged_piece; /* the first, from 1 */
    uint32_t pieces;
    size_t n_reads;
    size_t n_claims;
    size_t n_early; /* packages of others written before the authority's */
};

/* Asks of a stick that NODE makes. */
struct stick_wish {
    struct sg_bundle_plan *plan; /* what goes on it; NULL: all of NODE */
    uint64_t part_size_max;
    uint8_t id;
    size_t to, to2;  /* the nodes that can read it */
    size_t poses_as; /* its certificate instead of the maker's; 0: no */
};

/* The transport key of NODE. */
void stick_key(size_t node, uint8_t ret_public[SG_KEY_SIZE],
               uint8_t ret_secret[SG_KEY_SIZE]);

/* Makes a plan with all that NODE has; nothing is claimed yet. */
struct sg_bundle_plan *stick_plan(struct pair_net *net, size_t node);

/* Makes a bundle of entries of NODE; frees the wish's plan. */
void stick_make(struct pair_net *net, size_t node,
                const struct stick_wish *wish, struct stick *ret);

/* Makes a bundle of KIND that has MESSAGES alone. */
void stick_make_of(struct pair_net *net, size_t node, enum sg_bundle_kind kind,
                   const struct sg_bundle_make_message *messages, size_t n,
                   const struct stick_wish *wish, struct stick *ret);

/* Makes NODE's head request. */
void stick_request(struct pair_net *net, size_t node, size_t to,
                   struct stick *ret);

/* Makes NODE's statements. */
void stick_state(struct pair_net *net, size_t node,
                 const struct stick_wish *wish, struct stick *ret);

void stick_free(struct stick *stick);

/* Gives part NO, borrowed. */
static inline struct sg_bytes stick_part(const struct stick *stick, size_t no)
{
    return sg_bytes(stick->parts[no], stick->sizes[no]);
}

/* How a part is taken. */
struct stick_how {
    struct sg_bundle_plan *plan; /* for claims; may be NULL */
    struct sg_bytes progress;    /* of an earlier run */
    uint8_t *keeps;              /* room for the progress; may be NULL */
    size_t *kept;                /* its size */
    uint32_t stops_after;        /* settlings; the process dies. 0: never */
};

/* NODE takes BYTES as a part. Errors: those of sg_bundle_take_new. */
enum sg_err stick_take_part(struct pair_net *net, size_t node,
                            struct sg_bytes bytes, const struct stick_how *how,
                            struct stick_result *ret);

/* NODE takes all parts in order, without memory. */
void stick_take(struct pair_net *net, size_t node, const struct stick *stick,
                struct stick_result *ret);

#endif
