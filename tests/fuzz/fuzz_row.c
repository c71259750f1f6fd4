/* Rows of the log environment: what is accepted is encoded again and is the
 * same bytes. */
#include <string.h>

#include "storage/base/check.h"
#include "storage/lmdb/row.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t again[SG_ROW_ENTRY_MAX];
    struct sg_row_entry entry;
    struct sg_row_log log;

    if (sg_row_entry_decode(sg_bytes(data, size), &entry) == SG_OK) {
        SG_ASSERT(sg_row_entry_size(&entry) == size);
        sg_row_entry_encode(&entry, again, size);
        SG_ASSERT(memcmp(again, data, size) == 0);
    }
    if (sg_row_log_decode(sg_bytes(data, size), &log) == SG_OK) {
        SG_ASSERT(sg_row_log_encode(&log, again) == size);
        SG_ASSERT(memcmp(again, data, size) == 0);
    }
    return 0;
}
