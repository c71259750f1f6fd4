#include "storage/lmdb/scrub.h"

#include <string.h>

#include "storage/base/alloc.h"
#include "storage/lmdb/internal.h"
#include "storage/lmdb/schema.h"

/* A row of `damage`: what was found, and when last, in seconds. */
#define ROW_SIZE 9

struct finding {
    uint32_t log;
    uint64_t index;
    enum sg_damage damage;
};

struct sg_scrub {
    struct sg_store *store;
    struct sg_verify *verify;
    struct sg_wall round; /* when this one began */
    bool begun;
    bool end; /* this step ends the round */
    struct sg_wall now;
    unsigned count;
    struct finding findings[SG_SCRUB_FINDINGS_MAX];
};

static void found(void *context, uint32_t log, uint64_t index,
                  enum sg_damage damage)
{
    struct sg_scrub *scrub = context;
    if (scrub->count < SG_SCRUB_FINDINGS_MAX) {
        scrub->findings[scrub->count++] = (struct finding){log, index, damage};
    }
}

enum sg_err sg_scrub_new(struct sg_store *store, struct sg_scrub **ret_scrub)
{
    struct sg_scrub *scrub = sg_calloc(1, sizeof *scrub);
    enum sg_err err;
    if (scrub == NULL) {
        return SG_ERR_NOMEM;
    }
    scrub->store = store;
    err = sg_verify_new(store, found, scrub, &scrub->verify);
    if (err != SG_OK) {
        sg_free(scrub);
        return err;
    }
    *ret_scrub = scrub;
    return SG_OK;
}

void sg_scrub_free(struct sg_scrub *scrub)
{
    if (scrub != NULL) {
        sg_verify_free(scrub->verify);
        sg_free(scrub);
    }
}

static uint64_t seconds(struct sg_wall wall)
{
    return wall.ms < 0 ? 0 : (uint64_t)wall.ms / 1000;
}

/* Takes off the list what the round that ends did not see again. */
static enum sg_err forget(struct sg_txn *txn, const struct sg_scrub *scrub)
{
    struct sg_schema_key at = sg_schema_place(0, 0);
    struct sg_bytes key, value;
    uint64_t index = 0;
    uint32_t log = 0;

    while (sg_txn_seek(txn, SG_DB_DAMAGE, sg_schema_bytes(&at), &key, &value)) {
        if (!sg_schema_parse_place(key, &log, &index) ||
            value.size != ROW_SIZE) {
            return SG_ERR_DAMAGED;
        }
        at = sg_schema_place(log, index);
        if (sg_bytes_get_u64be(value.data + 1) < seconds(scrub->round)) {
            sg_txn_del(txn, SG_DB_DAMAGE, sg_schema_bytes(&at));
        }
        if (index == UINT64_MAX) {
            return SG_ERR_DAMAGED;
        }
        at = sg_schema_place(log, index + 1);
    }
    return sg_txn_err(txn);
}

static enum sg_err write_down(struct sg_txn *txn, void *context)
{
    const struct sg_scrub *scrub = context;
    unsigned i;
    for (i = 0; i < scrub->count; i++) {
        const struct finding *finding = &scrub->findings[i];
        struct sg_schema_key key =
            sg_schema_place(finding->log, finding->index);
        uint8_t row[ROW_SIZE];
        row[0] = (uint8_t)finding->damage;
        sg_bytes_put_u64be(row + 1, seconds(scrub->now));
        sg_txn_put(txn, SG_DB_DAMAGE, sg_schema_bytes(&key),
                   SG_BYTES_ARRAY(row));
    }
    return scrub->end ? forget(txn, scrub) : sg_txn_err(txn);
}

enum sg_err sg_scrub_step(struct sg_scrub *scrub, uint64_t entries,
                          struct sg_wall now, bool *ret_round)
{
    enum sg_err err;

    scrub->now = now;
    scrub->count = 0;
    if (!scrub->begun) {
        scrub->begun = true;
        scrub->round = now;
    }
    err = sg_verify_step(scrub->verify, entries, &scrub->end);
    if (err == SG_OK && (scrub->count > 0 || scrub->end)) {
        err = sg_env_write(scrub->store->env, write_down, scrub);
    }
    if (err == SG_OK) {
        scrub->begun = !scrub->end;
        *ret_round = scrub->end;
    }
    return err;
}

struct listing {
    sg_scrub_found_fn *fn;
    void *context;
};

static enum sg_err list(struct sg_txn *txn, void *context)
{
    const struct listing *listing = context;
    struct sg_schema_key from = sg_schema_place(0, 0);
    struct sg_bytes key, value;
    uint64_t index = 0;
    uint32_t log = 0;
    bool more =
        sg_txn_seek(txn, SG_DB_DAMAGE, sg_schema_bytes(&from), &key, &value);
    while (more) {
        struct sg_wall seen;
        if (!sg_schema_parse_place(key, &log, &index) ||
            value.size != ROW_SIZE || value.data[0] < SG_DAMAGE_PAYLOAD ||
            value.data[0] > SG_DAMAGE_LOG) {
            return SG_ERR_DAMAGED;
        }
        seen.ms = (int64_t)(sg_bytes_get_u64be(value.data + 1) * 1000);
        listing->fn(listing->context, log, index, (enum sg_damage)value.data[0],
                    seen);
        more = sg_txn_next(txn, SG_DB_DAMAGE, &key, &value);
    }
    return sg_txn_err(txn);
}

enum sg_err sg_scrub_each(struct sg_store *store, sg_scrub_found_fn *fn,
                          void *context)
{
    struct listing listing = {fn, context};
    return sg_env_read(store->env, list, &listing);
}
