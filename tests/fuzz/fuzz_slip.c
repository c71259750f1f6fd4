/* Slips, as bytes and as the text of a QR: what is accepted is written again as
 * the same bytes, and is not believed for that alone. */
#include "replication/slip.h"
#include "storage/base/check.h"
#include "tests/fuzz/fuzz.h"

/* A slip in other bytes than sg_slip_encode's would be two slips. */
static void check_bytes(struct sg_bytes bytes)
{
    static const uint8_t nobody[SG_KEY_SIZE];
    uint8_t again[SG_SLIP_SIZE];
    struct sg_slip slip;

    if (sg_slip_decode(bytes, &slip) != SG_OK)
        return;
    sg_slip_encode(&slip, again);
    SG_ASSERT(sg_bytes_equal(SG_BYTES_ARRAY(again), bytes));
    SG_ASSERT(slip.index < slip.checkpoint.size);
    SG_ASSERT(sg_slip_verify(&slip, nobody) != SG_OK);
}

/* Text: what is read gives, but for the white space around it, the same. */
static void check_text(struct sg_bytes text)
{
    uint8_t bytes[SG_SLIP_SIZE];
    struct sg_buf again;
    enum sg_err err;

    if (sg_slip_parse(text, bytes) != SG_OK)
        return;
    sg_buf_init(&again, SG_SLIP_TEXT_SIZE);
    err = sg_slip_text(bytes, &again);
    SG_ASSERT(err == SG_OK);
    SG_ASSERT(again.size == SG_SLIP_TEXT_SIZE);
    SG_ASSERT(again.size <= text.size);
    sg_buf_clear(&again);
    check_bytes(SG_BYTES_ARRAY(bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum sg_err err = sg_crypto_init();

    SG_ASSERT(err == SG_OK);
    check_bytes(sg_bytes(data, size));
    check_text(sg_bytes(data, size));
    return 0;
}
