/* A node's storage over its disk: group commit, D14's order for own entries,
 * epochs by D4, and the faults of power and volume at every step.
 *
 *     commit (2 flushes) -> STORED -> sign -> high-water flush -> acknowledge
 */
#include <string.h>

#include "replication/package.h"
#include "storage/base/check.h"
#include "storage/base/plant.h"
#include "storage/log/content_key.h"
#include "tests/sim/authority.h"
#include "tests/sim/check.h"
#include "tests/sim/memory.h"
#include "tests/sim/secret.h"
#include "tests/sim/world.h"

#define FLUSH_MS_MAX 20u
#define KIND_LATER   9u   /* of an entry that no version knows */
#define RECORD_SIZE  112u /* about what one is once it is compressed */

/* --- Own log -------------------------------------------------------------- */

static struct disk_slot slot_of(struct world *world, uint8_t kind,
                                uint64_t key_entry, struct sg_bytes payload)
{
    struct sg_entry entry = {
        .kind = kind,
        .state = SG_PAYLOAD_PRESENT,
        .key_entry = key_entry,
        .length = (uint32_t)payload.size,
        .payload_hash = sg_entry_payload_hash(&world->pool.hasher, payload),
        .payload = payload,
    };

    check_seal(world, TRACE_NO_NODE, payload);
    return (struct disk_slot){.place = pool_put(&world->pool, &entry)};
}

static const enum sg_log_kind kinds[] = {SG_LOG_RECORDS, SG_LOG_AUDIT};
#define KINDS (sizeof kinds / sizeof kinds[0])

/* Signs an own log as it is. */
static void sign(struct world *world, struct node *node, struct disk_log *log)
{
    struct sg_hash root = disk_root(log);
    uint64_t from = log->known.size;

    check_sign(world, node, log, from);
    for (uint64_t i = from; i < log->n_slots; i++)
        oracle_signed(&world->oracle, &log->id, &log->core, node->identity,
                      node->number, i, &log->slots[i].place->leaf);
    sg_checkpoint_sign(&world->registry, &log->id, &node->key, log->n_slots,
                       &root, &log->known);
    log->change = ++node->disk.changes;
    log->is_news = true;
}

/* Signs the own logs that have grown, writes the high-water slot. */
static void sign_all(struct world *world, struct node *node)
{
    struct disk *disk = &node->disk;
    struct disk_mark mark = {.is_set = true};
    bool has_news = false;

    for (size_t i = 0; i < KINDS; i++) {
        struct disk_log *log = disk_own_of(disk, kinds[i]);

        if (log == NULL)
            continue;
        if (log->n_slots > log->known.size) {
            sign(world, node, log);
            has_news = true;
        }
        if (kinds[i] == SG_LOG_AUDIT) {
            mark.audit = log->known;
        } else {
            mark.core = log->core;
            mark.checkpoint = log->known;
        }
    }
    if (!has_news)
        return;
    disk->marks[1] = disk->marks[0];
    disk->marks[0] = mark;
    disk->fingerprint = node->fingerprint;
}

/* What follows the opening: the content keys; of the authority, what its log
 * stands on. Returns how many. */
static size_t first_entries(struct world *world, struct node *node,
                            const struct sg_log_id *id,
                            struct disk_slot slots[SECRET_KEYS])
{
    struct sg_buf payload;

    if (node->role == 1) {
        authority_first(world, node, id, &payload);
        slots[0] = slot_of(world, SG_ENTRY_PLAIN, 0, sg_buf_bytes(&payload));
        sg_buf_clear(&payload);
        return 1;
    }
    for (size_t i = 0; i < SECRET_KEYS; i++) {
        secret_wrap(world, node, id, i + 1, &payload);
        slots[i] =
            slot_of(world, SG_ENTRY_CONTENT_KEY, 0, sg_buf_bytes(&payload));
        sg_buf_clear(&payload);
    }
    return SECRET_KEYS;
}

static struct disk_log *begin_log(struct world *world, struct node *node,
                                  enum sg_log_kind kind,
                                  const struct disk_log *before)
{
    struct sg_opening opening = {.core.kind = kind};
    uint8_t bytes[SG_OPENING_SIZE_MAX];
    struct disk_slot slots[1 + SECRET_KEYS];
    struct disk_op op = {.kind = SG_EFFECT_SEND};
    bool was_full = node->disk.is_full;

    memcpy(opening.core.node_key, node->public_key, SG_KEY_SIZE);
    if (!SG_PLANT(sim_epoch_reused))
        sg_prng_bytes(&world->prng, opening.core.epoch, SG_EPOCH_SIZE);
    if (before != NULL) {
        opening.follows = true;
        opening.predecessor = before->id;
        opening.size = before->known.size;
        opening.root = before->known.root;
        if (opening.size == 0) /* it was never signed */
            opening.root = sg_merkle_root(&(struct sg_frontier){0});
    }
    slots[0] =
        slot_of(world, SG_ENTRY_OPENING, 0,
                sg_bytes(bytes, sg_entry_opening_encode(&opening, bytes)));
    op.core = opening.core;
    op.id = sg_entry_log_id(&world->registry, &op.core);
    op.count = 1 + first_entries(world, node, &op.id, slots + 1);
    op.slots = slots;
    node->disk.is_full = false; /* the reserve is for this */
    SG_ASSERT(disk_apply(&node->disk, &world->registry, &op) == SG_OK);
    node->disk.is_full = was_full;
    return disk_find(&node->disk, &op.id, 0);
}

/* Closes the own log of KIND and begins a new one. */
static void begin_kind(struct world *world, struct node *node,
                       enum sg_log_kind kind)
{
    struct disk_log *before = disk_own_of(&node->disk, kind);
    struct disk_log *log;

    if (before != NULL) {
        /* What was committed and not signed is nobody's: it goes. */
        if (before->n_slots > before->known.size)
            disk_cut(before, before->known.size);
        before->is_closed = true;
        before->is_news = true;
        before->change = ++node->disk.changes;
    }
    log = begin_log(world, node, kind, before);
    log->begun = memory_copy(&node->disk.marks[0], sizeof node->disk.marks[0]);
    world_trace(world, node->number, "epoch", &log->id, node->generation,
                (uint64_t)kind, 0);
    check_epoch(world, node, log);
}

/* Closes the own logs and commits the beginnings of new ones. The authority
 * reads nobody's data: it has no audits. */
static void begin_epoch(struct world *world, struct node *node)
{
    begin_kind(world, node, SG_LOG_RECORDS);
    if (node->role != 1)
        begin_kind(world, node, SG_LOG_AUDIT);
}

void store_new_epoch(struct world *world, struct node *node)
{
    begin_epoch(world, node);
    sign_all(world, node);
    world_later(world, 0, QUEUE_MARK, node->number, node->generation, 0, NULL);
}

/* --- Opening ---------------------------------------------------------------
 */

/* Says whether LOG goes through CHECKPOINT. */
static bool goes_through(const struct disk_log *log,
                         const struct sg_checkpoint *checkpoint)
{
    struct sg_hash root;

    if (checkpoint->size == 0)
        return true;
    if (log == NULL || log->n_slots < checkpoint->size)
        return false;
    root = disk_range(log, 0, checkpoint->size);
    return memcmp(&root, &checkpoint->root, sizeof root) == 0;
}

/* Says whether the high-water file allows the own logs to be carried on. */
static bool carries_on(const struct node *node, const struct disk_log *own)
{
    const struct disk_mark *mark = &node->disk.marks[0];

    if (!mark->is_set)
        mark = &node->disk.marks[1];
    if (SG_PLANT(sim_no_highwater))
        return true;
    if (!mark->is_set || node->disk.fingerprint != node->fingerprint ||
        memcmp(&mark->core, &own->core, sizeof own->core) != 0)
        return false;
    return goes_through(own, &mark->checkpoint) &&
           goes_through(disk_own_of(&node->disk, SG_LOG_AUDIT), &mark->audit);
}

/* Says whether OWN was being begun here when power failed: then it is finished.
 * Beside another high-water file it is a copy's. */
static bool is_begun(const struct node *node, const struct disk_log *own)
{
    const struct disk_mark *mark = &node->disk.marks[0];

    return own != NULL && own->known.size == 0 &&
           node->disk.fingerprint == node->fingerprint && mark->is_set &&
           own->begun != NULL && own->begun->is_set &&
           memcmp(&mark->checkpoint, &own->begun->checkpoint,
                  sizeof mark->checkpoint) == 0;
}

/* Power fails while the store recovers. */
static bool fails_again(struct world *world)
{
    bool fails =
        world_has(world, NEMESIS_RECOVERY) && sg_prng_chance(&world->prng, 100);

    world->changed[NEMESIS_RECOVERY] += fails;
    return fails;
}

/* Stops where power fails: before anything was done, when a new epoch is in
 * LMDB and not in the high-water file, when all is done and nobody knows. */
bool store_open(struct world *world, struct node *node)
{
    struct disk_log *own = disk_own(&node->disk);
    bool is_old = own != NULL && carries_on(node, own);

    if (fails_again(world))
        return false;
    if (!is_old && !is_begun(node, own))
        begin_epoch(world, node);
    if (!is_old && fails_again(world))
        return false;
    sign_all(world, node); /* also the tail of a crash, which is whole */
    for (size_t i = 0; i < node->disk.n_logs; i++)
        node->disk.logs[i]->is_news = false;
    return !fails_again(world);
}

/* --- Commit -----------------------------------------------------------------
 */

/* Puts an own entry in line. */
static void put_own(struct world *world, struct node *node, struct disk_op *op)
{
    op->kind = SG_EFFECT_SEND;
    op->count = 1;
    if (node->asked_at == 0)
        node->asked_at = world->now_ms;
    disk_wait(&node->disk, op);
    store_commit(world, node);
}

void store_append(struct world *world, struct node *node, uint8_t kind,
                  struct sg_bytes payload)
{
    struct disk_op op = {.slots = memory_new(sizeof *op.slots)};

    op.slots[0] = slot_of(world, kind, 0, payload);
    put_own(world, node, &op);
}

/* A record, or that one was read: what must not be seen, and what says whose it
 * is. */
static void file(struct world *world, struct node *node, enum sg_log_kind kind,
                 uint64_t count)
{
    uint8_t body[RECORD_SIZE];

    for (uint64_t i = 0; i < count; i++) {
        struct disk_op op = {.slots = memory_new(sizeof *op.slots)};

        sg_prng_bytes(&world->prng, body, sizeof body);
        memcpy(body, secret_mark, SECRET_MARK_SIZE);
        op.key_entry = 1 + body[SECRET_MARK_SIZE] % SECRET_KEYS;
        op.entry_kind = SG_ENTRY_SEALED;
        op.is_audit = kind == SG_LOG_AUDIT;
        if (node->is_later_minor && world_has(world, NEMESIS_MINOR) &&
            body[SECRET_MARK_SIZE + 1] < 64) {
            op.entry_kind = KIND_LATER;
            world->changed[NEMESIS_MINOR]++;
        }
        op.body = memory_copy(body, sizeof body);
        op.body_size = sizeof body;
        put_own(world, node, &op);
    }
}

void store_submit(struct world *world, struct node *node, uint64_t count)
{
    if (node->is_up)
        file(world, node, SG_LOG_RECORDS, count);
}

void store_audit(struct world *world, struct node *node, uint64_t count)
{
    if (node->is_up)
        file(world, node, SG_LOG_AUDIT, count);
}

/* Power may fail at any operation of this commit. */
static void tempt(struct world *world, struct node *node)
{
    if (!world_has(world, NEMESIS_CRASH) ||
        !sg_prng_chance(&world->prng, world->crash_permille))
        return;
    world_later(world, sg_prng_below(&world->prng, 2 * FLUSH_MS_MAX),
                QUEUE_CRASH, node->number, node->generation, 0, NULL);
}

void store_commit(struct world *world, struct node *node)
{
    if (node->is_committing || node->disk.n_waiting == 0 || !node->is_up)
        return;
    node->is_committing = true;
    node->disk.n_underway = node->disk.n_waiting;
    world_later(world, 1 + sg_prng_below(&world->prng, FLUSH_MS_MAX),
                QUEUE_COMMIT, node->number, node->generation, 0, NULL);
    tempt(world, node);
}

/* Own entries go to the end of the log that is written now, and are sealed for
 * that place. */
static void place_own(struct world *world, struct node *node,
                      struct disk_op *op)
{
    const struct disk_log *own =
        disk_own_of(&node->disk, op->is_audit ? SG_LOG_AUDIT : SG_LOG_RECORDS);
    struct sg_buf payload;

    op->core = own->core;
    op->id = own->id;
    op->first = own->n_slots;
    if (op->body == NULL)
        return;
    secret_seal(world, node, &op->id, op->first, op->key_entry,
                sg_bytes(op->body, op->body_size), &payload);
    op->slots[0] =
        slot_of(world, op->entry_kind, op->key_entry,
                SG_PLANT(sim_seal_skipped) ? sg_bytes(op->body, op->body_size)
                                           : sg_buf_bytes(&payload));
    sg_buf_clear(&payload);
}

static enum sg_err apply(struct world *world, struct node *node,
                         struct disk_op *op)
{
    struct disk_log *log;
    uint64_t held;
    enum sg_err err;

    if (op->kind == SG_EFFECT_SEND)
        place_own(world, node, op);
    log = disk_find(&node->disk, &op->id, op->branch);
    held = log == NULL ? 0 : log->n_slots;
    err = disk_apply(&node->disk, &world->registry, op);
    log = disk_find(&node->disk, &op->id, op->branch);
    if (err == SG_OK && op->kind == SG_EFFECT_WRITE_PACKAGE)
        check_stored(world, node, log, held);
    if (err == SG_OK && op->kind == SG_EFFECT_WRITE_ERASE)
        world->changed[NEMESIS_ERASE]++;
    if (err == SG_ERR_FULL)
        world->changed[NEMESIS_FULL]++;
    return err;
}

static void refuse(struct world *world, struct node *node,
                   const struct disk_op *op, enum sg_err err)
{
    struct sg_event event = {.kind = SG_EVENT_REFUSED};

    world_trace(world, node->number, "refused", &op->id, op->ticket,
                (uint64_t)err, op->first);
    if (op->kind == SG_EFFECT_SEND) {
        node->asked_at = 0; /* the officer is told: not stored */
        return;
    }
    event.refused.ticket = op->ticket;
    event.refused.err = err;
    node_step(world, node, &event);
}

void store_committed(struct world *world, struct node *node)
{
    size_t n = node->disk.n_underway;
    uint64_t ticket = 0;
    bool has_own = false;

    for (size_t i = 0; i < n; i++) {
        struct disk_op *op = &node->disk.waiting[i];
        enum sg_err err = apply(world, node, op);

        if (err != SG_OK)
            refuse(world, node, &node->disk.waiting[i], err);
        if (op->kind == SG_EFFECT_SEND)
            has_own = has_own || err == SG_OK;
        else if (op->ticket > ticket)
            ticket = op->ticket;
    }
    disk_drop(&node->disk, n);
    world_trace(world, node->number, "commit", NULL, n, ticket, has_own);
    if (ticket > 0) {
        struct sg_event event;

        node_event(&event, SG_EVENT_STORED, 0);
        event.stored = ticket;
        event.change = node->disk.changes;
        node_step(world, node, &event);
    }
    if (has_own) {
        world_later(world, 1 + sg_prng_below(&world->prng, FLUSH_MS_MAX),
                    QUEUE_MARK, node->number, node->generation, 1, NULL);
        return;
    }
    node->is_committing = false;
    store_commit(world, node);
}

static void acknowledge(struct world *world, struct node *node,
                        const struct disk_log *log, uint64_t from)
{
    if (log->n_slots == from)
        return;
    for (uint64_t i = from; i < log->n_slots; i++) {
        struct oracle_ack ack = {
            .node = node->number,
            .log = log->id,
            .index = i,
            .leaf = log->slots[i].place->leaf,
            .at_ms = world->now_ms,
        };

        oracle_acknowledged(&world->oracle, &ack);
        world->records += log->core.kind == SG_LOG_RECORDS;
    }
    if (node->asked_at != 0)
        check_live(world, node, world->now_ms - node->asked_at);
    node->asked_at = 0;
}

void store_marked(struct world *world, struct node *node, bool of_commit)
{
    uint64_t from[KINDS] = {0};

    for (size_t i = 0; i < KINDS; i++)
        if (disk_own_of(&node->disk, kinds[i]) != NULL)
            from[i] = disk_own_of(&node->disk, kinds[i])->known.size;
    sign_all(world, node);
    for (size_t i = 0; i < KINDS; i++)
        if (disk_own_of(&node->disk, kinds[i]) != NULL)
            acknowledge(world, node, disk_own_of(&node->disk, kinds[i]),
                        from[i]);
    for (size_t i = 0; i < node->disk.n_logs; i++) {
        struct sg_event event = {.kind = SG_EVENT_HEAD};

        if (!node->disk.logs[i]->is_news)
            continue;
        node->disk.logs[i]->is_news = false;
        disk_head(node->disk.logs[i], &event.head);
        node_step(world, node, &event);
    }
    if (of_commit) {
        node->is_committing = false;
        store_commit(world, node);
    }
}

void store_fail(struct world *world, struct node *node)
{
    struct disk *disk = &node->disk;

    if (!node->is_up)
        return;
    world->changed[NEMESIS_CRASH]++;
    /* The commit under way is durable, or never was. The authority's operator
     * says again what was not acknowledged: as good as durable. */
    if (node->role == 1)
        disk->n_underway = disk->n_waiting;
    if (disk->n_underway > 0 &&
        (node->role == 1 || sg_prng_chance(&world->prng, 500)))
        for (size_t i = 0; i < disk->n_underway; i++)
            (void)apply(world, node, &disk->waiting[i]);
    else if (node->is_committing && disk->n_underway == 0 &&
             world_has(world, NEMESIS_TORN) &&
             sg_prng_chance(&world->prng, 500)) {
        /* The slot being written is torn: the newest is the other one. */
        world->changed[NEMESIS_TORN]++;
        disk->marks[1].is_set = false;
    }
    if (SG_PLANT(sim_held_goes_back) && disk->logs[0]->n_slots > 3)
        disk_cut(disk->logs[0], disk->logs[0]->n_slots - 1);
    if (SG_PLANT(sim_flush_lost) && disk_own(disk)->n_slots > 3)
        disk_cut(disk_own(disk), disk_own(disk)->n_slots - 1);
    node_crash(world, node);
    world_later(world, WORLD_SECOND + sg_prng_below(&world->prng, WORLD_HOUR),
                QUEUE_START, node->number, 0, 0, NULL);
}

/* --- What the core wants
 * ------------------------------------------------------ */

static void take_slots(struct world *world, struct node *node,
                       const struct sg_effect *effect, struct disk_op *op)
{
    op->first = effect->package.first;
    op->count = effect->package.count;
    op->core = effect->package.core;
    op->known = effect->package.known;
    op->slots = memory_new(op->count * sizeof *op->slots);
    for (size_t i = 0; i < op->count; i++) {
        const struct sg_entry *entry = &effect->package.entries[i];

        op->slots[i].place = pool_put(&world->pool, entry);
        op->slots[i].state = (uint8_t)entry->state;
        memcpy(op->slots[i].erased_by, entry->erased_by, SG_ERASED_BY_SIZE);
    }
    check_write(world, node, effect);
}

void store_write(struct world *world, struct node *node,
                 const struct sg_effect *effect)
{
    struct disk_op op = {
        .kind = effect->kind,
        .ticket = effect->ticket,
        .id = effect->log,
        .branch = effect->branch,
        .uses_reserve = effect->uses_reserve,
    };

    world_trace(world, node->number, "write", &effect->log,
                (uint64_t)effect->kind, effect->ticket,
                effect->kind == SG_EFFECT_WRITE_PACKAGE ? effect->package.first
                                                        : 0);
    switch (effect->kind) {
    case SG_EFFECT_WRITE_PACKAGE:
    case SG_EFFECT_WRITE_FILL:
        take_slots(world, node, effect, &op);
        break;
    case SG_EFFECT_WRITE_KNOWN:
        op.core = effect->known.core;
        op.known = effect->known.checkpoint;
        break;
    case SG_EFFECT_WRITE_FORK:
        check_proof(world, node, effect, &op.core);
        op.proof = memory_copy(effect->proof.data, effect->proof.size);
        op.proof_size = effect->proof.size;
        break;
    case SG_EFFECT_WRITE_ERASE:
        op.index = effect->erase.index;
        memcpy(op.order, effect->erase.order, sizeof op.order);
        break;
    case SG_EFFECT_WRITE_MEMORY:
        memcpy(op.memory.node_key, effect->memory.node_key, SG_KEY_SIZE);
        memcpy(op.memory.tag, effect->memory.database_tag, SG_HELLO_TAG_SIZE);
        op.memory.change = effect->memory.change;
        break;
    default:
        break;
    }
    /* A proof or a checkpoint names no session, and comes of messages only. */
    if (effect->session == node->slots ||
        effect->kind == SG_EFFECT_WRITE_FORK ||
        effect->kind == SG_EFFECT_WRITE_KNOWN)
        node->replayed++;
    disk_wait(&node->disk, &op);
    store_commit(world, node);
}

/* --- Reading
 * ------------------------------------------------------------------- */

struct reading {
    struct sg_effect effect;
    struct sg_sync_wants filter[]; /* one, if EFFECT has it */
};

void store_read(struct world *world, struct node *node,
                const struct sg_effect *effect)
{
    const struct sg_sync_wants *filter = effect->read.filter;
    struct reading *reading =
        memory_raw(sizeof *reading + (filter != NULL ? sizeof *filter : 0));

    reading->effect = *effect;
    if (filter != NULL) {
        memcpy(reading->filter, filter, sizeof *filter);
        reading->effect.read.filter = reading->filter;
    }
    world_later(world, sg_prng_below(&world->prng, 3), QUEUE_READ, node->number,
                node->generation, effect->session, reading);
}

/* Says whether a listed scope reads the content key at ENTRY of LOG. */
static bool is_for_scopes(const struct disk_log *log, uint64_t entry,
                          const struct sg_sync_wants *filter)
{
    struct sg_content_key_place place = {log->id, entry};
    struct sg_content_key key;

    if (entry >= log->n_slots ||
        sg_content_key_parse(log->slots[entry].place->entry.payload, &place,
                             &key) != SG_OK)
        return false;
    for (size_t i = 0; i < sg_content_key_reader_count(&key); i++) {
        struct sg_key_id id = sg_content_key_reader_id(&key, i);

        for (size_t k = 0; k < filter->n_scopes; k++)
            if (sg_key_id_compare(&id, &filter->scopes[k]) == 0)
                return true;
    }
    return false;
}

static bool wants(const struct sg_sync_wants *filter,
                  const struct disk_log *log, const struct sg_entry *entry)
{
    enum sg_sync_payloads what =
        log->core.kind == SG_LOG_AUDIT ? filter->audits : filter->records;

    if (entry->kind < SG_ENTRY_SEALED || what == SG_SYNC_PAYLOADS_ALL)
        return true;
    return what == SG_SYNC_PAYLOADS_SCOPES &&
           is_for_scopes(log, entry->key_entry, filter);
}

/* A payload that reads as other bytes is caught by its hash, and is not held
 * from then on: peers have it. */
static void mend(struct world *world, struct node *node, struct disk_log *log,
                 struct disk_slot *slot)
{
    world->changed[NEMESIS_ROT]++;
    slot->is_rotten = false;
    slot->state = SG_PAYLOAD_NOT_HELD;
    log->absent++;
    log->is_news = true;
    world_later(world, 0, QUEUE_MARK, node->number, node->generation, 0, NULL);
}

static void scrub_slot(struct world *world, struct node *node,
                       struct disk_log *log, struct disk_slot *slot)
{
    struct sg_entry entry = slot->place->entry;

    if (!slot->is_rotten)
        return;
    if (!SG_PLANT(sim_rot_served)) {
        mend(world, node, log, slot);
        return;
    }
    entry.payload.size--;
    check_read(world, node, &entry, slot->place);
}

void store_scrub(struct world *world, struct node *node)
{
    for (size_t i = 0; i < node->disk.n_logs && node->is_up; i++) {
        struct disk_log *log = node->disk.logs[i];

        for (size_t j = 0; j < log->n_slots; j++)
            scrub_slot(world, node, log, &log->slots[j]);
    }
}

static enum sg_err read_entries(struct world *world, struct node *node,
                                const struct sg_effect *effect,
                                struct disk_log *log, struct sg_entry *entries,
                                size_t *ret_count)
{
    size_t size = 0;
    size_t n = 0;

    for (uint64_t i = effect->read.first; i < effect->read.to; i++) {
        struct disk_slot *slot = &log->slots[i];
        struct sg_entry *entry = &entries[n];

        if (slot->is_rotten && !SG_PLANT(sim_rot_served)) {
            mend(world, node, log, slot);
            if (n == 0)
                return SG_ERR_DAMAGED;
            break;
        }
        *entry = slot->place->entry;
        entry->state = slot->state;
        memcpy(entry->erased_by, slot->erased_by, sizeof entry->erased_by);
        if (entry->state == SG_PAYLOAD_PRESENT && effect->read.filter != NULL &&
            !wants(effect->read.filter, log, entry)) {
            entry->state = SG_PAYLOAD_NOT_HELD;
            world->changed[NEMESIS_WANTS]++;
        }
        if (entry->state != SG_PAYLOAD_PRESENT)
            entry->payload = sg_bytes(NULL, 0);
        if (slot->is_rotten && entry->payload.size > 0)
            entry->payload.size--; /* planted: other bytes than were written */
        check_read(world, node, entry, slot->place);
        size += entry->payload.size;
        if ((n > 0 && size > effect->read.size_max) ||
            n == SG_PACKAGE_ENTRIES_MAX)
            break;
        n++;
        if (!effect->read.is_judged && (i + 1) % SG_PACKAGE_ENTRIES_MAX == 0)
            break;
    }
    *ret_count = n;
    return SG_OK;
}

enum sg_err store_give(struct world *world, struct node *node,
                       struct disk_log *log, const struct sg_effect *effect,
                       struct sg_entry *entries, size_t *ret_count)
{
    return read_entries(world, node, effect, log, entries, ret_count);
}

static size_t read_hashes(const struct disk_log *log,
                          const struct sg_effect *effect, uint64_t end,
                          struct sg_hash *hashes)
{
    struct sg_merkle_range ranges[SG_MERKLE_HASHES_MAX];
    uint64_t reach = effect->read.prove_to;
    size_t n = 0;
    size_t n_ranges;

    if (effect->read.frontier) {
        struct sg_frontier frontier;

        disk_frontier(log, effect->read.first, &frontier);
        n = sg_merkle_frontier_count(frontier.size);
        memcpy(hashes, frontier.hashes, n * sizeof *hashes);
    } else if (reach > 0) {
        reach = sg_package_reach(effect->read.first, end, reach,
                                 effect->read.is_fresh);
    }
    if (reach > effect->read.held)
        reach = effect->read.held;
    if (reach <= end)
        return n;
    n_ranges = sg_merkle_plan_extension(end, reach, ranges);
    for (size_t i = 0; i < n_ranges; i++)
        hashes[n++] = disk_range(log, ranges[i].start, ranges[i].end);
    return n;
}

void store_readied(struct world *world, struct node *node, void *pointer)
{
    struct reading *reading = pointer;
    const struct sg_effect *effect = &reading->effect;
    struct disk_log *log = disk_find(&node->disk, &effect->log, effect->branch);
    struct sg_entry entries[SG_PACKAGE_ENTRIES_MAX];
    struct sg_hash hashes[2 * SG_MERKLE_HASHES_MAX];
    struct sg_event event;

    node_event(&event, SG_EVENT_READ, effect->session);
    event.read.count = event.read.hash_count = 0;
    event.read.ticket = effect->ticket;
    event.read.first = effect->read.first;
    event.read.entries = entries;
    event.read.hashes = hashes;
    if (log == NULL || effect->read.to > log->n_slots ||
        effect->read.held > log->n_slots) {
        event.read.err = SG_ERR_NOTFOUND;
    } else {
        event.read.err =
            read_entries(world, node, effect, log, entries, &event.read.count);
        if (event.read.err == SG_OK)
            event.read.hash_count = read_hashes(
                log, effect, effect->read.first + event.read.count, hashes);
    }
    world_trace(world, node->number, "read", &effect->log, effect->read.first,
                event.read.count, (uint64_t)event.read.err);
    memory_free(reading);
    node_step(world, node, &event);
}
