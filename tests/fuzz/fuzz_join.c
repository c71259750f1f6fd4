/* A join request and the answer to it: what is accepted is written again as the
 * same bytes. The first byte says which of the two. */
#include "replication/join.h"
#include "storage/base/check.h"
#include "tests/fuzz/fuzz.h"

static void try_request(struct sg_bytes bytes)
{
    static const struct sg_registry_id registry = {{{0x22}}};
    uint8_t again[SG_JOIN_REQUEST_SIZE];
    struct sg_join_request request;

    if (sg_join_request_decode(bytes, &request) != SG_OK)
        return;
    sg_join_request_encode(&request, again);
    SG_ASSERT(sg_bytes_equal(SG_BYTES_ARRAY(again), bytes));
    SG_ASSERT(sg_join_request_verify(&request, &registry) != SG_OK);
}

static void try_answer(struct sg_bytes body)
{
    uint8_t certificate[SG_CERTIFICATE_SIZE], again[SG_JOIN_ANSWER_SIZE_MAX];
    enum sg_join_answer answer;
    struct sg_writer writer;
    enum sg_err err;

    if (sg_join_answer_decode(body, &answer, certificate) != SG_OK)
        return;
    sg_writer_init_array(&writer, again, sizeof again);
    sg_join_answer_put(&writer, answer,
                       answer == SG_JOIN_ADMITTED ? certificate : NULL);
    err = sg_writer_end(&writer);
    SG_ASSERT(err == SG_OK);
    SG_ASSERT(sg_bytes_equal(sg_bytes(again, writer.size), body));
}

/* What is read is written again as the same bytes; nobody is admitted by what
 * no root has signed. */
static void try_admission(struct sg_bytes bytes)
{
    static const struct sg_registry_id registry;
    static const uint8_t key[SG_KEY_SIZE];
    uint8_t again[SG_JOIN_ADMISSION_SIZE_MAX];
    struct sg_join_admission admission;
    struct sg_writer writer;
    enum sg_err err;

    if (sg_join_admission_decode(bytes, &admission) != SG_OK)
        return;
    sg_writer_init_array(&writer, again, sizeof again);
    sg_join_admission_put(&writer, &admission);
    err = sg_writer_end(&writer);
    SG_ASSERT(err == SG_OK);
    SG_ASSERT(sg_bytes_equal(sg_bytes(again, writer.size), bytes));
    err = sg_join_admission_judge(&admission, &registry, key, key);
    SG_ASSERT(err != SG_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum sg_err err = sg_crypto_init();

    SG_ASSERT(err == SG_OK);
    if (size == 0)
        return 0;
    if (data[0] == 0)
        try_request(sg_bytes(data + 1, size - 1));
    else if (data[0] == 1)
        try_admission(sg_bytes(data + 1, size - 1));
    else
        try_answer(sg_bytes(data + 1, size - 1));
    return 0;
}
