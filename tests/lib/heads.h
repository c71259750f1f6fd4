/* Logs by number for tests of head exchange: log N is the same log wherever it
 * is made. With the two logs of PROTOCOL.md section 7's examples.
 *
 * Its users link sg_replication, which is why it is a header alone.
 */
#ifndef SG_TESTS_LIB_HEADS_H
#define SG_TESTS_LIB_HEADS_H

#include <string.h>

#include "replication/log_table.h"
#include "storage/base/check.h"

/* The registry of FORMAT.md's examples. */
static const struct sg_registry_id heads_registry = {
    {{0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
      0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
      0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11}}};

/* The core of log N: node key zeros, the epoch tells N. */
static inline struct sg_log_core heads_core(uint64_t n)
{
    struct sg_log_core core = {.kind = SG_LOG_RECORDS};

    memcpy(core.epoch, &(uint64_t){n}, sizeof n);
    return core;
}

/* A checkpoint of SIZE entries; another VARIANT has another root. */
static inline struct sg_checkpoint heads_known(uint64_t size, uint64_t variant)
{
    struct sg_checkpoint known = {.size = size};

    sg_bytes_put_u64be(known.root.bytes, size);
    sg_bytes_put_u64be(known.root.bytes + 8, variant);
    return known;
}

/* Gives a table for LOGS_MAX logs. */
static inline struct sg_log_table *heads_table(uint32_t logs_max)
{
    struct sg_log_table_config config = {
        .registry = heads_registry, .logs_max = logs_max, .frontiers_max = 0};
    struct sg_log_table *table;
    enum sg_err err = sg_log_table_new(&config, &table);

    SG_ASSERT(err == SG_OK);
    return table;
}

/* Gives the row of the log of CORE, made if it is not there; all that is known
 * of it is held. The change number is the next one. */
static inline struct sg_log *heads_put(struct sg_log_table *table,
                                       const struct sg_log_core *core,
                                       uint64_t size, uint64_t variant)
{
    struct sg_log_id id = sg_entry_log_id(&heads_registry, core);
    struct sg_log *log = sg_log_table_find(table, &id, 0);
    struct sg_checkpoint known = heads_known(size, variant);
    uint64_t change = sg_log_table_change(table) + 1;

    if (log == NULL) {
        enum sg_err err = sg_log_table_add(table, core, 0, &log);

        SG_ASSERT(err == SG_OK);
    }
    sg_log_table_set_known(table, log, &known, change);
    sg_log_table_set_held(table, log, size, size, change);
    return log;
}

static inline struct sg_log *heads_set(struct sg_log_table *table, uint64_t n,
                                       uint64_t size, uint64_t variant)
{
    struct sg_log_core core = heads_core(n);

    return heads_put(table, &core, size, variant);
}

#endif
