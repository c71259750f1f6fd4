#include "storage/lmdb/erasures.h"

#include <string.h>

#include "storage/lmdb/internal.h"
#include "storage/lmdb/schema.h"
#include "storage/lmdb/txn.h"

#define STATE_AT SG_ERASED_BY_SIZE
#define ROW_SIZE (SG_ERASED_BY_SIZE + 1)

static bool parse(struct sg_bytes key, struct sg_bytes value,
                  struct sg_erasures_row *ret_row)
{
    if (!sg_schema_parse_place(key, &ret_row->log, &ret_row->index) ||
        value.size != ROW_SIZE || value.data[STATE_AT] > SG_ERASURES_SAID) {
        return false;
    }
    memcpy(ret_row->order, value.data, sizeof ret_row->order);
    ret_row->state = (enum sg_erasures_state)value.data[STATE_AT];
    return true;
}

/* Begins a walk over all rows, or goes on. Says whether there is one more. */
static bool step(struct sg_txn *txn, bool *is_begun,
                 struct sg_erasures_row *ret_row)
{
    struct sg_schema_key from = sg_schema_place(0, 0);
    struct sg_bytes key, value;
    bool found = *is_begun ? sg_txn_next(txn, SG_DB_ERASURES, &key, &value)
                           : sg_txn_seek(txn, SG_DB_ERASURES,
                                         sg_schema_bytes(&from), &key, &value);

    *is_begun = true;
    if (!found) {
        return false;
    }
    if (!parse(key, value, ret_row)) {
        (void)sg_txn_fail(txn, SG_ERR_DAMAGED);
        return false;
    }
    return true;
}

struct walk {
    sg_erasures_fn *fn;
    void *context;
};

static enum sg_err each(struct sg_txn *txn, void *context)
{
    const struct walk *walk = context;
    struct sg_erasures_row row;
    bool is_begun = false;

    while (step(txn, &is_begun, &row)) {
        enum sg_err err = walk->fn(walk->context, &row);

        if (err != SG_OK) {
            return err;
        }
    }
    return sg_txn_err(txn);
}

enum sg_err sg_erasures_each(struct sg_store *store, sg_erasures_fn *fn,
                             void *context)
{
    struct walk walk = {fn, context};

    return sg_env_read(store->env, each, &walk);
}

static enum sg_err say(struct sg_txn *txn, void *context)
{
    const uint8_t *order = context;
    struct sg_erasures_row row;
    bool is_begun = false;

    while (step(txn, &is_begun, &row)) {
        struct sg_schema_key at = sg_schema_place(row.log, row.index);
        uint8_t value[ROW_SIZE];

        if (row.state != SG_ERASURES_COMPACTED ||
            memcmp(row.order, order, sizeof row.order) != 0) {
            continue;
        }
        memcpy(value, row.order, sizeof row.order);
        value[STATE_AT] = SG_ERASURES_SAID;
        sg_txn_put(txn, SG_DB_ERASURES, sg_schema_bytes(&at),
                   SG_BYTES_ARRAY(value));
    }
    return sg_txn_err(txn);
}

enum sg_err sg_erasures_say(struct sg_store *store,
                            const uint8_t order[SG_ERASED_BY_SIZE])
{
    uint8_t own[SG_ERASED_BY_SIZE];

    memcpy(own, order, sizeof own);
    return sg_env_write(store->env, say, own);
}
