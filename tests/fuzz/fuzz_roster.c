/* The body of `authority`: what is accepted is written again as the same bytes.
 */
#include "replication/roster.h"
#include "storage/base/check.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t again[SG_MESSAGE_SIZE_MAX];
    struct sg_bytes body = {data, size};
    struct sg_roster_item item;
    struct sg_writer writer;
    struct sg_roster roster;
    uint32_t n = 0;
    enum sg_err err;

    if (sg_roster_decode(body, &roster) != SG_OK)
        return 0;
    SG_ASSERT(roster.count <= SG_AUTHORITY_LISTED_MAX);
    sg_writer_init_array(&writer, again, sizeof again);
    while (sg_roster_next(&roster, &item)) {
        sg_roster_put(&writer, &item);
        n++;
    }
    err = sg_writer_end(&writer);
    SG_ASSERT(err == SG_OK);
    SG_ASSERT(n == roster.count);
    SG_ASSERT(sg_bytes_equal(sg_bytes(again, writer.size), body));
    return 0;
}
