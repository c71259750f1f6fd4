/* Packages: what is read is written again as the same bytes; and whatever a
 * receiver takes is what the log's writer signed.
 *
 * Input: held, known, whether there is a stack, the size that the want is
 * toward, a byte each; then the body of a `package`. The log is any_log's of
 * seed 1, of which the seeds are packages. */
#include <string.h>

#include "storage/base/check.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/any_log.h"

#define COUNT 40u

static struct any_log log_;
static struct sg_checkpoint checkpoints[COUNT + 1];
static struct sg_package_body body;

static void init(void)
{
    struct sg_prng prng;

    if (log_.count > 0)
        return;
    SG_ASSERT(sg_crypto_init() == SG_OK);
    sg_prng_init(&prng, 1);
    any_log_init(&log_, &prng, COUNT);
    for (size_t size = 0; size <= COUNT; size++)
        checkpoints[size] = any_log_checkpoint(&log_, size);
}

static void try_bytes(struct sg_bytes bytes)
{
    static uint8_t room[SG_MESSAGE_SIZE_MAX];
    struct sg_writer writer;

    sg_writer_init_array(&writer, room, sizeof room);
    SG_ASSERT(sg_package_encode(&body, &writer) == SG_OK);
    SG_ASSERT(sg_bytes_equal(sg_writer_written(&writer), bytes));
    for (size_t i = 0; i < body.head.count; i++)
        SG_ASSERT(sg_entry_check(&body.entries[i], body.head.first + i) ==
                  SG_OK);
}

static bool is_same(const struct sg_hash *a, const struct sg_hash *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static void try_filling(void)
{
    uint64_t end = sg_package_end(&body.head);

    if (end > COUNT)
        return;
    if (sg_package_verify_filling(&body, log_.leaves + body.head.first) !=
        SG_OK)
        return;
    for (uint64_t i = body.head.first; i < end; i++) {
        const struct sg_entry *entry = &body.entries[i - body.head.first];

        if (entry->state == SG_PAYLOAD_PRESENT)
            SG_ASSERT(sg_bytes_equal(entry->payload, log_.entries[i].payload));
    }
}

static void try_package(size_t held, size_t known, bool has_stack,
                        uint64_t toward)
{
    static struct sg_package_receiver receiver;
    static struct sg_package_result result;
    enum sg_package_verdict judged, verdict;
    struct sg_frontier frontier;
    struct sg_hash root;
    uint64_t end = sg_package_end(&body.head);

    frontier = any_log_frontier(&log_, held);
    sg_package_receiver_init(&receiver, &frontier, &checkpoints[known]);
    if (has_stack) {
        receiver.stack.toward = checkpoints[known];
        receiver.stack.count =
            any_log_cover(&log_, held, known, receiver.stack.hashes);
    }
    judged = sg_package_judge(&body.head, toward, &receiver);
    verdict = sg_package_verify(&log_.of, &body, toward, &receiver, &result);
    SG_ASSERT(verdict != SG_PACKAGE_FORKS);
    SG_ASSERT(verdict != SG_PACKAGE_NO_OPENING);
    if (judged != SG_PACKAGE_FITS)
        SG_ASSERT(verdict == judged);
    if (verdict != SG_PACKAGE_FITS)
        return;
    SG_ASSERT(receiver.held.size == end);
    SG_ASSERT(end <= COUNT);
    root = sg_merkle_root(&receiver.held);
    SG_ASSERT(is_same(&root, &checkpoints[end].root));
    SG_ASSERT(
        is_same(&receiver.known.root, &checkpoints[receiver.known.size].root));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sg_package_head head;
    struct sg_bytes bytes;
    enum sg_err peeked, err;
    size_t known;

    if (size < 4)
        return 0;
    init();
    known = data[1] % (COUNT + 1);
    bytes = sg_bytes(data + 4, size - 4);
    peeked = sg_package_peek(bytes, &head);
    err = sg_package_decode(bytes, data[3], &log_.hasher, &body);
    if (peeked != SG_OK)
        SG_ASSERT(err == peeked);
    if (err != SG_OK)
        return 0;
    try_bytes(bytes);
    if (body.head.is_filling)
        try_filling();
    else
        try_package(data[0] % (known + 1), known, (data[2] & 1) != 0, data[3]);
    return 0;
}
