#include "tests/sim/oracle.h"

#include <string.h>

#include "tests/sim/memory.h"

void oracle_clear(struct oracle *oracle)
{
    for (size_t i = 0; i < oracle->n_logs; i++)
        for (size_t j = 0; j < oracle->logs[i].n_variants; j++)
            memory_free(oracle->logs[i].variants[j].leaves);
    index_clear(&oracle->index);
    memory_free(oracle->logs);
    memory_free(oracle->acks);
    memory_free(oracle->cuts);
    memory_free(oracle->orders);
    *oracle = (struct oracle){0};
}

struct oracle_log *oracle_find(const struct oracle *oracle,
                               const struct sg_log_id *id)
{
    size_t cursor = 0;
    uint32_t place;

    while ((place = index_next(&oracle->index, id, &cursor)) != INDEX_NONE)
        if (memcmp(&oracle->logs[place].id, id, sizeof *id) == 0)
            return &oracle->logs[place];
    return NULL;
}

static struct oracle_variant *variant_of(struct oracle_log *log,
                                         uint32_t machine)
{
    for (size_t i = 0; i < log->n_variants; i++)
        if (log->variants[i].machine == machine)
            return &log->variants[i];
    return NULL;
}

static void note_fork(struct oracle_log *log, size_t index,
                      const struct sg_hash *leaf)
{
    for (size_t i = 0; i < log->n_variants; i++) {
        const struct oracle_variant *other = &log->variants[i];

        if (index < other->count &&
            memcmp(&other->leaves[index], leaf, sizeof *leaf) != 0)
            log->is_forked = true;
    }
}

void oracle_signed(struct oracle *oracle, const struct sg_log_id *id,
                   const struct sg_log_core *core, uint32_t identity,
                   uint32_t machine, uint64_t index, const struct sg_hash *leaf)
{
    struct oracle_log *log = oracle_find(oracle, id);
    struct oracle_variant *variant;

    if (log == NULL) {
        oracle->logs = memory_room(oracle->logs, ++oracle->n_logs,
                                   &oracle->logs_room, sizeof *oracle->logs);
        log = &oracle->logs[oracle->n_logs - 1];
        index_put(&oracle->index, id, (uint32_t)(oracle->n_logs - 1));
        *log = (struct oracle_log){*id, *core, .identity = identity};
    }
    variant = variant_of(log, machine);
    if (variant == NULL && log->n_variants < ORACLE_VARIANTS_MAX) {
        variant = &log->variants[log->n_variants++];
        *variant = (struct oracle_variant){.machine = machine};
    }
    if (variant == NULL || index < variant->count)
        return;
    variant->leaves = memory_room(variant->leaves, (size_t)index + 1,
                                  &variant->room, sizeof *variant->leaves);
    variant->leaves[index] = *leaf;
    variant->count = (size_t)index + 1;
    note_fork(log, (size_t)index, leaf);
}

void oracle_cloned(struct oracle *oracle, uint32_t from, uint32_t to)
{
    for (size_t i = 0; i < oracle->n_logs; i++) {
        struct oracle_log *log = &oracle->logs[i];
        const struct oracle_variant *variant = variant_of(log, from);
        struct oracle_variant *copy;

        if (variant == NULL || log->n_variants == ORACLE_VARIANTS_MAX)
            continue;
        copy = &log->variants[log->n_variants++];
        *copy = (struct oracle_variant){
            .machine = to,
            .leaves = memory_copy(variant->leaves,
                                  variant->count * sizeof *variant->leaves),
            .count = variant->count,
            .room = variant->count,
        };
    }
}

uint32_t oracle_match(const struct oracle_log *log, uint32_t variants,
                      uint64_t index, const struct sg_hash *leaf)
{
    for (size_t i = 0; i < log->n_variants; i++) {
        const struct oracle_variant *variant = &log->variants[i];

        if (index >= variant->count ||
            memcmp(&variant->leaves[index], leaf, sizeof *leaf) != 0)
            variants &= ~(UINT32_C(1) << i);
    }
    return variants;
}

void oracle_acknowledged(struct oracle *oracle, const struct oracle_ack *ack)
{
    oracle->acks = memory_room(oracle->acks, ++oracle->n_acks,
                               &oracle->acks_room, sizeof *oracle->acks);
    oracle->acks[oracle->n_acks - 1] = *ack;
}

void oracle_ordered(struct oracle *oracle, const struct sg_log_id *log,
                    uint64_t index)
{
    oracle->orders = memory_room(oracle->orders, ++oracle->n_orders,
                                 &oracle->orders_room, sizeof *oracle->orders);
    oracle->orders[oracle->n_orders - 1] = (struct oracle_order){*log, index};
}

void oracle_stands(struct oracle *oracle, const uint8_t node_key[SG_KEY_SIZE],
                   const struct sg_log_id *log, uint64_t size)
{
    struct oracle_cut *cut;

    oracle->cuts = memory_room(oracle->cuts, ++oracle->n_cuts,
                               &oracle->cuts_room, sizeof *oracle->cuts);
    cut = &oracle->cuts[oracle->n_cuts - 1];
    *cut = (struct oracle_cut){.log = *log, .size = size};
    memcpy(cut->node_key, node_key, SG_KEY_SIZE);
}
