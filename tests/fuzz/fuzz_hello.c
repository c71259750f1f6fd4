/* The cleartext hello and the payloads of the handshake: what is accepted is
 * written again and is the same bytes. */
#include <string.h>

#include "replication/hello.h"
#include "storage/base/check.h"
#include "tests/fuzz/fuzz.h"

static void try_hello(struct sg_bytes input)
{
    uint8_t ours[SG_HELLO_SIZE], answer[SG_HELLO_SIZE];
    struct sg_hello_reader reader = {.size = 0};
    size_t size = input.size;

    if (!sg_hello_take(&reader, &input)) {
        SG_ASSERT(size < SG_HELLO_SIZE);
        return;
    }
    SG_ASSERT(input.size == size - SG_HELLO_SIZE);
    sg_hello_begin(ours);
    bool is_ours = memcmp(ours, reader.bytes, sizeof ours) == 0;
    /* There is one hello to go on with, and one answer to it. */
    SG_ASSERT((sg_hello_check(reader.bytes) == SG_OK) == is_ours);
    enum sg_err err = sg_hello_answer(reader.bytes, true, answer);
    SG_ASSERT((err == SG_OK) == is_ours);
    if (err == SG_OK)
        SG_ASSERT(sg_hello_check(answer) == SG_OK);
    if (err == SG_ERR_MAJOR)
        SG_ASSERT(sg_hello_check(answer) == SG_ERR_MAJOR);
}

static void try_payload(struct sg_bytes bytes, unsigned number)
{
    static const uint8_t key[SG_KEY_SIZE] = {9};
    uint8_t again[SG_HELLO_PAYLOAD_SIZE_MAX];
    struct sg_hello_payload payload;

    if (sg_hello_payload_decode(bytes, number, key, &payload) != SG_OK)
        return;
    SG_ASSERT(number == 3 || payload.form == SG_HELLO_MEMBER);
    if (payload.form == SG_HELLO_MEMBER)
        SG_ASSERT(memcmp(payload.certificate + 48, key, sizeof key) == 0);
    if (payload.minor > SG_HELLO_MINOR ||
        (payload.features & ~SG_HELLO_FEATURE_CELLS) != 0)
        return; /* a later version's, which is read and not written here */
    size_t size = sg_hello_payload_encode(&payload, number, again);
    SG_ASSERT(sg_bytes_equal(sg_bytes(again, size), bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sg_bytes bytes = {data, size};

    try_hello(bytes);
    try_payload(bytes, 2);
    try_payload(bytes, 3);
    return 0;
}
