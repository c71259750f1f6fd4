#include "node/erasure.h"

#include <string.h>

#include "node/gazette.h"
#include "node/roll.h"
#include "storage/base/alloc.h"
#include "storage/base/clock.h"
#include "storage/lmdb/backup.h"
#include "storage/lmdb/batch.h"
#include "storage/lmdb/erasures.h"
#include "storage/lmdb/keep.h"
#include "storage/registry/record_build.h"

#define VIETNAM_MIN (7 * 60)
#define DONE        2u /* field `state`: compacted, the register made anew */

/* An order of which something is left to do. */
struct order {
    struct sg_ref ref;
    uint64_t entries; /* that it erased here */
};

struct finish {
    struct sg_store *store;
    const struct sg_key *node;
    const struct sg_registry_id *registry;
    bool is_to_compact;
    struct order *orders;
    size_t n, capacity;
    uint64_t position, floor_ms;
};

/* --- What is left --------------------------------------------------------- */

static struct order *find(struct finish *finish,
                          const uint8_t ref[SG_ERASED_BY_SIZE])
{
    for (size_t i = 0; i < finish->n; i++)
        if (memcmp(finish->orders[i].ref.bytes, ref, SG_ERASED_BY_SIZE) == 0)
            return &finish->orders[i];
    return NULL;
}

static enum sg_err find_left(void *context, const struct sg_erasures_row *row)
{
    struct finish *finish = context;

    finish->is_to_compact =
        finish->is_to_compact || row->state <= SG_ERASURES_REMOVED;
    if (row->state == SG_ERASURES_SAID || find(finish, row->order) != NULL)
        return SG_OK;
    if (!sg_alloc_grow((void **)&finish->orders, finish->n, &finish->capacity,
                       sizeof *finish->orders))
        return SG_ERR_NOMEM;
    finish->orders[finish->n] = (struct order){.entries = 0};
    memcpy(finish->orders[finish->n++].ref.bytes, row->order,
           SG_ERASED_BY_SIZE);
    return SG_OK;
}

/* Those of which it was said before count again: it says how many in all. */
static enum sg_err count(void *context, const struct sg_erasures_row *row)
{
    struct order *order = find(context, row->order);

    if (order != NULL)
        order->entries++;
    return SG_OK;
}

/* --- What is said --------------------------------------------------------- */

/* Reads where the authority's logs stand here, and below which no clock goes.
 */
static enum sg_err read_authority(struct finish *finish)
{
    struct sg_gazette *gazette;
    struct sg_keep_floor floor;
    enum sg_err err = sg_keep_floor(finish->store, &floor);

    if (err == SG_OK)
        err = sg_gazette_new(finish->store, &gazette);
    if (err != SG_OK)
        return err;
    finish->floor_ms = floor.ms;
    err = sg_gazette_read(gazette);
    if (err == SG_OK && sg_gazette_authority(gazette) == NULL)
        err = SG_ERR_STATE;
    if (err == SG_OK)
        err = sg_gazette_position(gazette, &finish->position);
    sg_gazette_free(gazette);
    return err;
}

static enum sg_err build(const struct finish *finish, const struct order *order,
                         struct sg_buf *payload)
{
    struct sg_wall now = sg_clock_wall();
    uint64_t wall_ms = now.ms > 0 ? (uint64_t)now.ms : 0;
    uint64_t ms = wall_ms > finish->floor_ms ? wall_ms : finish->floor_ms;
    struct sg_record_head head = {
        .type = SG_TYPE_ERASURE_DONE,
        .effective =
            sg_date_from_wall((struct sg_wall){(int64_t)ms}, VIETNAM_MIN),
        .officer = sg_key_id_of(finish->registry, SG_KEY_NODE,
                                finish->node->public_key),
    };
    const struct sg_record_copy copy = {
        .hlc = ms << 16,
        .wall_offset = (int64_t)wall_ms - (int64_t)ms,
        .position = finish->position,
    };
    struct sg_record_build draft;
    struct sg_hash id;

    memcpy(head.subject.bytes, order->ref.bytes, sizeof head.subject.bytes);
    sg_crypto_random(head.submit.bytes, sizeof head.submit.bytes);
    sg_record_build_init(&draft, &head);
    sg_record_build_bin(&draft, SG_FIELD_ERASURE_DONE_ORDER,
                        SG_BYTES_ARRAY(order->ref.bytes));
    sg_record_build_uint(&draft, SG_FIELD_ERASURE_DONE_STATE, DONE);
    sg_record_build_uint(&draft, SG_FIELD_ERASURE_DONE_ENTRIES, order->entries);
    return sg_record_build_end(&draft, &copy, &finish->node->sign,
                               finish->registry, payload, &id);
}

/* Writes down in the own log that ORDER was carried out. Said twice, after a
 * crash in between, it does no harm. */
static enum sg_err say(const struct finish *finish, struct sg_batch *batch,
                       const struct order *order)
{
    const struct sg_store_own *own = sg_store_own(finish->store, 0);
    struct sg_entry entry;
    struct sg_buf payload;
    enum sg_err err;

    sg_buf_init(&payload, SG_RECORD_SIZE_MAX);
    err = build(finish, order, &payload);
    if (err == SG_OK)
        err = sg_entry_make(sg_store_hasher(finish->store), SG_ENTRY_PLAIN, 0,
                            sg_buf_bytes(&payload), &entry);
    sg_batch_use_reserve(batch, true);
    if (err == SG_OK)
        err = sg_batch_append(batch, own->number, own->signed_checkpoint.size,
                              &entry, 1);
    if (err == SG_OK)
        err = sg_batch_commit(batch);
    sg_buf_clear(&payload);
    return err == SG_OK ? sg_erasures_say(finish->store, order->ref.bytes)
                        : err;
}

static enum sg_err say_all(struct finish *finish)
{
    struct sg_batch *batch = NULL;
    enum sg_err err = read_authority(finish);

    if (err == SG_OK)
        err = sg_batch_new(finish->store, &batch);
    for (size_t i = 0; i < finish->n && err == SG_OK; i++)
        err = say(finish, batch, &finish->orders[i]);
    sg_batch_free(batch);
    return err;
}

/* --- The whole ------------------------------------------------------------ */

static enum sg_err run(struct finish *finish, const char *dir,
                       struct sg_erasure_done *ret_done)
{
    enum sg_err err = sg_erasures_each(finish->store, find_left, finish);

    if (err != SG_OK || finish->n == 0)
        return err;
    err = sg_erasures_each(finish->store, count, finish);
    /* The key first: a crash behind it costs a register, one before it nothing.
     */
    if (err == SG_OK && finish->is_to_compact)
        err = sg_roll_change_key(dir, finish->registry);
    if (err == SG_OK && finish->is_to_compact)
        err = sg_backup_compact(finish->store);
    if (err != SG_OK)
        return err;
    ret_done->orders = finish->n;
    ret_done->is_compacted = finish->is_to_compact;
    for (size_t i = 0; i < finish->n; i++)
        ret_done->entries += finish->orders[i].entries;
    return say_all(finish);
}

enum sg_err sg_erasure_finish(struct sg_store *store, const char *dir,
                              const struct sg_key *node,
                              struct sg_erasure_done *ret_done)
{
    struct finish finish = {
        .store = store,
        .node = node,
        .registry = sg_store_registry(store),
    };
    enum sg_err err;

    *ret_done = (struct sg_erasure_done){.orders = 0};
    err = run(&finish, dir, ret_done);
    sg_free(finish.orders);
    return err;
}
