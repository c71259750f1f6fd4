#include "tests/sim/disk.h"

#include <string.h>

#include "tests/sim/memory.h"

void disk_init(struct disk *disk, const uint8_t database[16],
               uint64_t fingerprint)
{
    *disk = (struct disk){.fingerprint = fingerprint};
    memcpy(disk->database, database, sizeof disk->database);
}

static void log_free(struct disk_log *log)
{
    for (size_t i = 0; i < log->n_levels; i++)
        memory_free(log->levels[i].hashes);
    memory_free(log->levels);
    memory_free(log->begun);
    memory_free(log->slots);
    memory_free(log->proof);
    memory_free(log);
}

void disk_clear(struct disk *disk)
{
    disk_drop(disk, disk->n_waiting);
    for (size_t i = 0; i < disk->n_logs; i++)
        log_free(disk->logs[i]);
    index_clear(&disk->index);
    memory_free(disk->logs);
    memory_free(disk->memories);
    memory_free(disk->waiting);
    *disk = (struct disk){0};
}

static struct disk_log *log_copy(const struct disk_log *log)
{
    struct disk_log *copy = memory_copy(log, sizeof *log);

    copy->slots = memory_copy(log->slots, log->n_slots * sizeof *log->slots);
    copy->room = log->n_slots;
    if (log->proof != NULL)
        copy->proof = memory_copy(log->proof, log->proof_size);
    if (log->begun != NULL)
        copy->begun = memory_copy(log->begun, sizeof *log->begun);
    copy->levels =
        memory_copy(log->levels, log->n_levels * sizeof *log->levels);
    copy->levels_room = log->n_levels;
    for (size_t i = 0; i < log->n_levels; i++) {
        struct disk_level *level = &copy->levels[i];

        level->hashes =
            memory_copy(level->hashes, level->count * sizeof *level->hashes);
        level->room = level->count;
    }
    return copy;
}

void disk_copy(const struct disk *disk, bool without_marks, struct disk *ret)
{
    *ret = *disk;
    ret->waiting = NULL;
    ret->n_waiting = ret->waiting_room = ret->n_underway = 0;
    ret->logs = memory_new(disk->n_logs * sizeof *disk->logs);
    ret->logs_room = disk->n_logs;
    ret->index = (struct index){0};
    for (size_t i = 0; i < disk->n_logs; i++) {
        ret->logs[i] = log_copy(disk->logs[i]);
        index_put(&ret->index, &ret->logs[i]->id, (uint32_t)i);
    }
    ret->memories =
        memory_copy(disk->memories, disk->n_memories * sizeof *disk->memories);
    ret->memories_room = disk->n_memories;
    if (without_marks)
        memset(ret->marks, 0, sizeof ret->marks);
}

struct disk_log *disk_find(const struct disk *disk, const struct sg_log_id *id,
                           uint8_t branch)
{
    size_t cursor = 0;
    uint32_t place;

    while ((place = index_next(&disk->index, id, &cursor)) != INDEX_NONE) {
        struct disk_log *log = disk->logs[place];

        if (log->branch == branch && memcmp(&log->id, id, sizeof *id) == 0)
            return log;
    }
    return NULL;
}

struct disk_log *disk_own_of(const struct disk *disk, enum sg_log_kind kind)
{
    for (size_t i = disk->n_logs; i-- > 0;)
        if (disk->logs[i]->is_own && !disk->logs[i]->is_closed &&
            disk->logs[i]->core.kind == kind)
            return disk->logs[i];
    return NULL;
}

struct disk_log *disk_own(const struct disk *disk)
{
    return disk_own_of(disk, SG_LOG_RECORDS);
}

struct disk_log *disk_add(struct disk *disk,
                          const struct sg_registry_id *registry,
                          const struct sg_log_core *core, uint8_t branch)
{
    struct disk_log *log = memory_new(sizeof *log);

    log->core = *core;
    log->id = sg_entry_log_id(registry, core);
    log->branch = branch;
    log->variants = UINT32_MAX;
    disk->logs = memory_room(disk->logs, disk->n_logs + 1, &disk->logs_room,
                             sizeof(struct disk_log *));
    index_put(&disk->index, &log->id, (uint32_t)disk->n_logs);
    disk->logs[disk->n_logs++] = log;
    return log;
}

void disk_wait(struct disk *disk, const struct disk_op *op)
{
    disk->waiting = memory_room(disk->waiting, disk->n_waiting + 1,
                                &disk->waiting_room, sizeof *disk->waiting);
    disk->waiting[disk->n_waiting++] = *op;
}

void disk_drop(struct disk *disk, size_t n)
{
    if (n == 0)
        return;
    for (size_t i = 0; i < n; i++) {
        memory_free(disk->waiting[i].slots);
        memory_free(disk->waiting[i].body);
        memory_free(disk->waiting[i].proof);
    }
    memmove(disk->waiting, disk->waiting + n,
            (disk->n_waiting - n) * sizeof *disk->waiting);
    disk->n_waiting -= n;
    disk->n_underway = disk->n_underway > n ? disk->n_underway - n : 0;
}

/* --- The tree ---------------------------------------------------------- */

static void keep_node(void *context, unsigned level, uint64_t position,
                      const struct sg_hash *hash)
{
    struct disk_log *log = context;
    struct disk_level *row;

    if (level >= log->n_levels) {
        log->n_levels = level + 1;
        log->levels = memory_room(log->levels, log->n_levels, &log->levels_room,
                                  sizeof *log->levels);
    }
    row = &log->levels[level];
    row->hashes = memory_room(row->hashes, (size_t)position + 1, &row->room,
                              sizeof *row->hashes);
    row->hashes[position] = *hash;
    row->count = (size_t)position + 1;
}

/* FRONTIER is the log's, and is again afterwards. */
static void append(struct disk_log *log, const struct disk_slot *slot,
                   struct sg_frontier *frontier)
{
    log->slots = memory_room(log->slots, log->n_slots + 1, &log->room,
                             sizeof *log->slots);
    log->slots[log->n_slots++] = *slot;
    if (slot->state == SG_PAYLOAD_NOT_HELD)
        log->absent++;
    sg_merkle_append(frontier, &slot->place->leaf, keep_node, log);
}

struct sg_hash disk_range(const struct disk_log *log, uint64_t from,
                          uint64_t to)
{
    struct sg_merkle_place places[SG_MERKLE_COVER_MAX];
    struct sg_hash hashes[SG_MERKLE_COVER_MAX];
    size_t n = sg_merkle_cover(from, to, places);

    for (size_t i = 0; i < n; i++) {
        if (places[i].level == 0)
            hashes[i] = log->slots[places[i].position].place->leaf;
        else
            hashes[i] = log->levels[places[i].level].hashes[places[i].position];
    }
    return sg_merkle_join(hashes, n);
}

void disk_frontier(const struct disk_log *log, uint64_t size,
                   struct sg_frontier *ret)
{
    uint64_t from = 0;
    size_t n = 0;

    *ret = (struct sg_frontier){.size = size};
    for (unsigned bit = 64; bit-- > 0;) {
        uint64_t part = UINT64_C(1) << bit;

        if ((size & part) == 0)
            continue;
        ret->hashes[n++] = bit == 0 ? log->slots[from].place->leaf
                                    : log->levels[bit].hashes[from >> bit];
        from += part;
    }
}

struct sg_hash disk_root(const struct disk_log *log)
{
    struct sg_frontier frontier;

    disk_frontier(log, log->n_slots, &frontier);
    return sg_merkle_root(&frontier);
}

void disk_cut(struct disk_log *log, uint64_t size)
{
    while (log->n_slots > size)
        if (log->slots[--log->n_slots].state == SG_PAYLOAD_NOT_HELD)
            log->absent--;
    for (unsigned level = 1; level < log->n_levels; level++)
        log->levels[level].count = (size_t)(size >> level);
}

/* --- Changes ----------------------------------------------------------- */

static enum sg_err apply_entries(struct disk *disk,
                                 const struct sg_registry_id *registry,
                                 const struct disk_op *op)
{
    struct disk_log *log = disk_find(disk, &op->id, op->branch);
    uint64_t held = log == NULL ? 0 : log->n_slots;
    bool is_own = op->kind == SG_EFFECT_SEND;
    struct sg_frontier frontier;

    if (disk->is_full && !op->uses_reserve)
        return SG_ERR_FULL;
    if (op->first + op->count <= held)
        return SG_ERR_EXISTS;
    if (op->first > held ||
        (log != NULL && log->is_own && !is_own && !log->is_closed))
        return SG_ERR_STATE;
    if (log == NULL)
        log = disk_add(disk, registry, &op->core, op->branch);
    disk_frontier(log, held, &frontier);
    for (uint64_t i = held - op->first; i < op->count; i++)
        append(log, &op->slots[i], &frontier);
    if (op->known.size > log->known.size)
        log->known = op->known;
    log->is_own = log->is_own || is_own;
    log->change = ++disk->changes;
    return SG_OK;
}

static enum sg_err apply_fill(struct disk *disk, const struct disk_op *op)
{
    struct disk_log *log = disk_find(disk, &op->id, op->branch);

    if (disk->is_full)
        return SG_ERR_FULL;
    for (size_t i = 0; log != NULL && i < op->count; i++) {
        uint64_t index = op->first + i;

        if (index >= log->n_slots ||
            log->slots[index].state != SG_PAYLOAD_NOT_HELD ||
            op->slots[i].state != SG_PAYLOAD_PRESENT)
            continue;
        log->slots[index].state = SG_PAYLOAD_PRESENT;
        log->absent--;
    }
    return log == NULL ? SG_ERR_NOTFOUND : SG_OK;
}

static enum sg_err apply_erase(struct disk *disk, const struct disk_op *op)
{
    struct disk_log *log = disk_find(disk, &op->id, op->branch);
    struct disk_slot *slot;

    if (log == NULL || op->index >= log->n_slots)
        return SG_ERR_NOTFOUND;
    slot = &log->slots[op->index];
    if (slot->state == SG_PAYLOAD_ERASED)
        return SG_ERR_EXISTS;
    if (slot->state == SG_PAYLOAD_NOT_HELD)
        log->absent--;
    slot->state = SG_PAYLOAD_ERASED;
    slot->is_rotten = false; /* what read as other bytes is gone */
    memcpy(slot->erased_by, op->order, sizeof slot->erased_by);
    return SG_OK;
}

static enum sg_err apply_memory(struct disk *disk, const struct disk_op *op)
{
    size_t i = 0;

    while (i < disk->n_memories &&
           memcmp(disk->memories[i].node_key, op->memory.node_key, SG_KEY_SIZE))
        i++;
    if (i == disk->n_memories)
        disk->memories =
            memory_room(disk->memories, ++disk->n_memories,
                        &disk->memories_room, sizeof *disk->memories);
    disk->memories[i] = op->memory;
    return SG_OK;
}

static enum sg_err apply_known(struct disk *disk,
                               const struct sg_registry_id *registry,
                               const struct disk_op *op)
{
    struct disk_log *log = disk_find(disk, &op->id, op->branch);

    if (log == NULL)
        log = disk_add(disk, registry, &op->core, op->branch);
    if (op->known.size <= log->known.size)
        return SG_ERR_EXISTS;
    log->known = op->known;
    log->change = ++disk->changes;
    return SG_OK;
}

enum sg_err disk_apply(struct disk *disk, const struct sg_registry_id *registry,
                       const struct disk_op *op)
{
    struct disk_log *log;

    switch (op->kind) {
    case SG_EFFECT_SEND:
    case SG_EFFECT_WRITE_PACKAGE:
        return apply_entries(disk, registry, op);
    case SG_EFFECT_WRITE_KNOWN:
        return apply_known(disk, registry, op);
    case SG_EFFECT_WRITE_FILL:
        return apply_fill(disk, op);
    case SG_EFFECT_WRITE_ERASE:
        return apply_erase(disk, op);
    case SG_EFFECT_WRITE_MEMORY:
        return apply_memory(disk, op);
    case SG_EFFECT_WRITE_FORK:
        log = disk_find(disk, &op->id, 0);
        if (log == NULL)
            log = disk_add(disk, registry, &op->core, 0);
        log->is_forked = true;
        log->change = ++disk->changes;
        memory_free(log->proof);
        log->proof = memory_copy(op->proof, op->proof_size);
        log->proof_size = op->proof_size;
        return SG_OK;
    default:
        return SG_OK;
    }
}

void disk_head(const struct disk_log *log, struct sg_sync_head *ret)
{
    *ret = (struct sg_sync_head){
        .core = log->core,
        .branch = log->branch,
        .is_own = log->is_own && !log->is_closed,
        .is_forked = log->is_forked,
        .known = log->known,
        .absent = log->absent,
        .change = log->change,
    };
    disk_frontier(log, log->n_slots, &ret->frontier);
}
