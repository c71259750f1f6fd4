/* The inside of sg_trust: for trust.c (memory and what comes in), trust_judge.c
 * (the judgement), trust_ask.c (the questions) alone.
 *
 * Statements lie in one array in the order they came, their bytes in one room,
 * with an index by id. What the judgement finds are arrays of their numbers.
 */
#ifndef SG_REPLICATION_TRUST_STATE_H
#define SG_REPLICATION_TRUST_STATE_H

#include "replication/trust.h"
#include "replication/trust_record.h"
#include "storage/log/key_id.h"

#define SG_TRUST_NONE UINT32_MAX
/* A generation that is not known, or not yet. */
#define SG_TRUST_NO_GENERATION 255u
#define SG_TRUST_GENERATIONS   (SG_CERTIFICATE_GENERATION_MAX + 1u)

enum sg_trust_certificate_state {
    SG_TRUST_CERTIFICATE_WAITS, /* its root is not known */
    SG_TRUST_CERTIFICATE_GOOD,
    SG_TRUST_CERTIFICATE_BAD,
};

struct sg_trust_statement {
    struct sg_hash id;
    uint8_t key[SG_KEY_SIZE]; /* of the node, types 6 and 7 */
    uint64_t serial;
    uint64_t ms;     /* type 5 */
    uint32_t offset; /* of its bytes */
    uint32_t size;
    uint32_t first_place;
    uint32_t erasures; /* type 19 */
    struct sg_key_id officer;
    struct sg_key_id key_id; /* of KEY, type 6 */
    uint16_t type;
    uint8_t generation;  /* of the root that signed it, once that is known */
    uint8_t role;        /* type 6 */
    uint8_t what;        /* type 7 */
    uint8_t certificate; /* type 6 */
    bool is_lifted;      /* type 7 */
    bool stands;         /* as last judged */
    bool is_cut_off;     /* as last judged: a rotation took it away */
    bool is_dead;        /* its signature is wrong: to be removed */
};

struct sg_trust_found_place {
    uint32_t statement;
    uint32_t log;
    uint32_t next; /* of the same statement */
    uint64_t index;
    bool is_within; /* as last judged: no rotation cuts it off here */
};

struct sg_trust_log {
    struct sg_log_id log;
    uint8_t node_key[SG_KEY_SIZE];
    unsigned branch;
    uint64_t held;
    uint64_t limit;    /* while judging a generation */
    bool has_node_key; /* false: only what is held was said */
    bool is_authority; /* as last judged */
};

struct sg_trust_erasure {
    struct sg_log_id log;
    uint64_t index;
    uint32_t statement;
};

struct sg_trust_numbers {
    uint32_t *items;
    uint32_t count;
};

struct sg_trust {
    struct sg_trust_config config;
    struct sg_trust_statement *statements;
    uint32_t n_statements;
    uint32_t *by_id; /* numbers of statements, ascending by id */
    uint32_t *moved; /* where they went, while some are removed */
    struct sg_trust_found_place *places;
    uint32_t n_places;
    struct sg_trust_log *logs;
    uint32_t n_logs;
    uint8_t *bytes;
    uint32_t n_bytes;
    uint32_t erasures_kept; /* entries named by all orders kept */

    /* What the judgement found. */
    struct sg_root roots[SG_TRUST_GENERATIONS];
    struct sg_key_id root_ids[SG_TRUST_GENERATIONS];
    uint32_t links[SG_TRUST_GENERATIONS]; /* genesis, then rotations */
    bool is_behind[SG_TRUST_GENERATIONS]; /* see sg_certificate_facts */
    unsigned n_roots;
    uint8_t writer[SG_KEY_SIZE];       /* of the genesis */
    struct sg_trust_numbers admits;    /* by key, then order */
    struct sg_trust_numbers cuts;      /* by key, then order; not the lifted */
    struct sg_trust_numbers ranges;    /* by order; for all officers */
    struct sg_trust_numbers opened;    /* by order */
    struct sg_trust_erasure *erasures; /* by log, index, id of the order */
    uint32_t n_erasures;
    struct sg_trust_floor floor;
    struct sg_hash digest;
    struct sg_trust_counts counts;

    bool has_new_links; /* a genesis or a rotation since the last judgement */
    bool is_lossy;      /* something was dropped */
    bool wants_replay;
};

/* Reads a statement that is kept. */
struct sg_trust_record sg_trust_state_record(
    const struct sg_trust *trust, const struct sg_trust_statement *statement);

/* Finds the first number in by_id whose id begins with at least PREFIX. */
uint32_t sg_trust_state_lower(const struct sg_trust *trust,
                              struct sg_bytes prefix);

/* Finds a statement by id and signature; SG_TRUST_NONE if it is not kept. */
uint32_t sg_trust_state_find(const struct sg_trust *trust,
                             const struct sg_hash *id,
                             const uint8_t signature[SG_SIGNATURE_SIZE]);

/* Returns the newest generation whose root has this key ID;
 * SG_TRUST_NO_GENERATION if none has. */
uint8_t sg_trust_state_generation(const struct sg_trust *trust,
                                  const struct sg_key_id *id);

/* Removes the statements that are dead and, if WITH_CUT_OFF, those that a
 * rotation took away. Returns how many. */
uint32_t sg_trust_state_remove(struct sg_trust *trust, bool with_cut_off);

/* Says how many of the first SIZE entries of a branch are of the history with
 * ROOT: the configured function, or SIZE. */
uint64_t sg_trust_state_prefix(const struct sg_trust *trust,
                               const struct sg_trust_stand *stand,
                               unsigned branch);

/* Compares by order: generation, serial, record id. */
int sg_trust_state_order(const struct sg_trust_statement *a,
                         const struct sg_trust_statement *b);

#endif
