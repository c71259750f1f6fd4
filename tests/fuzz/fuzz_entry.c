/* Cores, entry headers and openings: what is accepted is encoded again and is
 * the same bytes. */
#include <string.h>

#include "storage/base/check.h"
#include "storage/log/entry.h"
#include "tests/fuzz/fuzz.h"

static void try_core(struct sg_bytes bytes)
{
    uint8_t again[SG_LOG_CORE_SIZE];
    struct sg_log_core core;

    if (sg_entry_core_decode(bytes, &core) != SG_OK)
        return;
    sg_entry_core_encode(&core, again);
    SG_ASSERT(sg_bytes_equal(SG_BYTES_ARRAY(again), bytes));
}

static void try_header(struct sg_bytes bytes)
{
    uint8_t again[SG_ENTRY_HEADER_SIZE];
    struct sg_entry entry;
    uint64_t index;

    if (sg_entry_header_decode(bytes, &entry) != SG_OK)
        return;
    sg_entry_header_encode(&entry, again);
    SG_ASSERT(sg_bytes_equal(SG_BYTES_ARRAY(again), bytes));
    /* There is a place for it: behind its key, or at the start. */
    index = entry.kind == SG_ENTRY_OPENING ? 0 : entry.key_entry + 1;
    if (index == 0 && entry.kind != SG_ENTRY_OPENING)
        SG_ASSERT(entry.key_entry == UINT64_MAX);
    else
        SG_ASSERT(sg_entry_check(&entry, index) == SG_OK);
}

static void try_opening(struct sg_bytes bytes)
{
    uint8_t again[SG_OPENING_SIZE_MAX];
    struct sg_opening opening;
    struct sg_registry_id registry = {{{0}}};
    struct sg_log_id log;
    enum sg_err err;
    size_t size;

    if (sg_entry_opening_decode(bytes, &opening) != SG_OK)
        return;
    size = sg_entry_opening_encode(&opening, again);
    SG_ASSERT(sg_bytes_equal(sg_bytes(again, size), bytes));
    log = sg_entry_log_id(&registry, &opening.core);
    err = sg_entry_opening_check(&registry, &log, &opening);
    if (opening.follows && memcmp(&opening.predecessor, &log, sizeof log) == 0)
        SG_ASSERT(err == SG_ERR_MALFORMED);
    else
        SG_ASSERT(err == SG_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sg_bytes bytes = {data, size};

    try_core(bytes);
    try_header(bytes);
    try_opening(bytes);
    return 0;
}
