/* A connection up to the end of its handshake, as a stranger sees it: the first
 * byte chooses which end listens, the rest is what it hears, in pieces.
 *
 * All keys are those of PROTOCOL.md's example, also the ephemeral ones, and the
 * payloads that this end says are zeros: the seeds come through, and what has
 * not been sealed by the other key does not. No memory is taken at all. */
#include <string.h>

#include "replication/frame.h"
#include "replication/hello.h"
#include "storage/base/check.h"
#include "tests/fuzz/fuzz.h"

/* One end, and what it may use before it knows its peer. */
struct end {
    enum sg_noise_role role;
    struct sg_noise noise;
    struct sg_hello_reader hello;
    struct sg_frame_reader frames;
    uint8_t room[SG_HANDSHAKE_SIZE_MAX];
    unsigned number; /* of the Noise message it waits for */
    bool has_hello;
};

_Static_assert(sizeof(struct end) <= SG_PREAUTH_SIZE_MAX, "bounded");

static struct sg_noise_key key_of(uint8_t secret)
{
    struct sg_noise_key key;

    memset(key.secret, secret, sizeof key.secret);
    sg_crypto_x25519_public(key.secret, key.public_key);
    return key;
}

static void expect(struct end *end, unsigned number)
{
    struct sg_hello_bounds bounds = sg_hello_bounds(number);

    end->number = number;
    sg_frame_reader_expect(&end->frames, bounds.size_min, bounds.size_max);
}

static enum sg_err speak(struct end *end, size_t payload_size)
{
    uint8_t payload[SG_HELLO_PAYLOAD_SIZE_MAX] = {0};
    uint8_t message[SG_HANDSHAKE_SIZE_MAX];

    return sg_noise_write(&end->noise, sg_bytes(payload, payload_size), message,
                          payload_size + sg_noise_overhead(&end->noise));
}

static void begin(struct end *end, enum sg_noise_role role)
{
    bool is_a = role == SG_NOISE_INITIATOR;
    struct sg_noise_key key = key_of(is_a ? 0x41 : 0x42);
    struct sg_registry_id registry;
    uint8_t ephemeral[SG_KEY_SIZE];

    memset(end, 0, sizeof *end);
    end->role = role;
    memset(registry.hash.bytes, 0x11, sizeof registry.hash.bytes);
    memset(ephemeral, is_a ? 0x51 : 0x52, sizeof ephemeral);
    sg_hello_handshake(&end->noise, role, &registry, &key, ephemeral);
    sg_frame_reader_init(&end->frames, end->room, sizeof end->room);
    if (is_a)
        SG_ASSERT(speak(end, 0) == SG_OK);
    expect(end, is_a ? 2 : 1);
}

static enum sg_err read_message(struct end *end, struct sg_bytes message)
{
    size_t overhead = sg_noise_overhead(&end->noise);
    struct sg_hello_payload payload;
    uint8_t bytes[SG_HANDSHAKE_SIZE_MAX];
    size_t size = message.size - overhead;
    enum sg_err err;

    SG_ASSERT(message.size >= overhead); /* the bounds say so */
    err = sg_noise_read(&end->noise, message, bytes, size);
    if (err != SG_OK || end->number == 1)
        return err;
    return sg_hello_payload_decode(sg_bytes(bytes, size), end->number,
                                   sg_noise_remote_static(&end->noise),
                                   &payload);
}

/* Hears one piece. */
static enum sg_err hear(struct end *end, struct sg_bytes input)
{
    struct sg_bytes message = {NULL, 0};
    uint8_t answer[SG_HELLO_SIZE];
    enum sg_err err = SG_OK;

    if (!end->has_hello) {
        if (!sg_hello_take(&end->hello, &input))
            return SG_OK;
        end->has_hello = true;
        err = end->role == SG_NOISE_INITIATOR
                  ? sg_hello_check(end->hello.bytes)
                  : sg_hello_answer(end->hello.bytes, true, answer);
    }
    while (err == SG_OK && sg_noise_state(&end->noise) == SG_NOISE_READS) {
        err = sg_frame_reader_next(&end->frames, &input, &message);
        if (err != SG_OK || message.size == 0)
            return err;
        err = read_message(end, message);
        if (err != SG_OK || sg_noise_state(&end->noise) == SG_NOISE_OPEN)
            return err;
        err = speak(end, end->number == 1 ? SG_HELLO_MEMBER_2_SIZE
                                          : SG_HELLO_MEMBER_3_SIZE);
        if (err == SG_OK && end->number == 1)
            expect(end, 3);
    }
    return err;
}

/* Who comes through has proved one of the two keys that there are. */
static void judge(const struct end *end, enum sg_err err)
{
    struct sg_noise_key peer;

    if (sg_noise_state(&end->noise) != SG_NOISE_OPEN)
        return;
    peer = key_of(end->role == SG_NOISE_INITIATOR ? 0x42 : 0x41);
    SG_ASSERT(memcmp(sg_noise_remote_static(&end->noise), peer.public_key,
                     sizeof peer.public_key) == 0);
    SG_ASSERT(err == SG_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct end end;
    enum sg_err err = SG_OK;

    SG_ASSERT(sg_crypto_init() == SG_OK);
    if (size < 2)
        return 0;
    begin(&end, (enum sg_noise_role)(data[0] & 1));
    size_t piece = 1 + (data[0] >> 1) * 4u;
    for (size_t at = 1; err == SG_OK && at < size; at += piece)
        err = hear(&end,
                   sg_bytes(data + at, size - at < piece ? size - at : piece));
    judge(&end, err);
    sg_noise_clear(&end.noise);
    return 0;
}
