/* The oracle: what truly happened, seen from outside all nodes. The checkers
 * compare nodes with it; nothing of the product ever does. */
#ifndef SG_TESTS_SIM_ORACLE_H
#define SG_TESTS_SIM_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/log/checkpoint.h"
#include "storage/log/entry.h"
#include "tests/sim/index.h"

/* A history of a log, as one machine signed it. */
struct oracle_variant {
    uint32_t machine; /* node number of the writer's process */
    struct sg_hash *leaves;
    size_t count;
    size_t room;
};

#define ORACLE_VARIANTS_MAX 8u

struct oracle_log {
    struct sg_log_id id;
    struct sg_log_core core;
    uint32_t identity; /* whose key */
    struct oracle_variant variants[ORACLE_VARIANTS_MAX];
    size_t n_variants;
    bool is_forked; /* two of its signed histories differ */
    bool is_authority;
};

/* An acknowledgement that an officer got. */
struct oracle_ack {
    uint32_t node;
    struct sg_log_id log;
    uint64_t index;
    struct sg_hash leaf;
    uint64_t at_ms;
    bool is_lost; /* its disk was lost or set back afterwards */
};

/* What a revocation lets stand. */
struct oracle_cut {
    uint8_t node_key[SG_KEY_SIZE];
    struct sg_log_id log;
    uint64_t size;
};

/* An entry whose payload the authority ordered erased. */
struct oracle_order {
    struct sg_log_id log;
    uint64_t index;
};

struct oracle {
    struct oracle_log *logs;
    size_t n_logs;
    size_t logs_room;
    struct index index; /* of them */
    struct oracle_ack *acks;
    size_t n_acks;
    size_t acks_room;
    struct oracle_cut *cuts;
    size_t n_cuts;
    size_t cuts_room;
    struct oracle_order *orders;
    size_t n_orders;
    size_t orders_room;
    uint64_t violations;
};

void oracle_clear(struct oracle *oracle);

struct oracle_log *oracle_find(const struct oracle *oracle,
                               const struct sg_log_id *id);

/* Says that MACHINE signed LEAF as entry INDEX of its copy of the log. */
void oracle_signed(struct oracle *oracle, const struct sg_log_id *id,
                   const struct sg_log_core *core, uint32_t identity,
                   uint32_t machine, uint64_t index,
                   const struct sg_hash *leaf);

/* Says that machine TO is a copy of FROM: its histories begin alike. */
void oracle_cloned(struct oracle *oracle, uint32_t from, uint32_t to);

/* Returns which of the log's histories, of those in VARIANTS, have LEAF at
 * INDEX; bits of histories that do not exist yet are left as they are, since a
 * clone may begin one that goes through the same entries. None fits when no bit
 * below n_variants is left. */
uint32_t oracle_match(const struct oracle_log *log, uint32_t variants,
                      uint64_t index, const struct sg_hash *leaf);

/* Says that a revocation of NODE_KEY lets the first SIZE entries of LOG stand.
 */
void oracle_stands(struct oracle *oracle, const uint8_t node_key[SG_KEY_SIZE],
                   const struct sg_log_id *log, uint64_t size);

void oracle_ordered(struct oracle *oracle, const struct sg_log_id *log,
                    uint64_t index);

void oracle_acknowledged(struct oracle *oracle, const struct oracle_ack *ack);

#endif
