/* Stage 1 against a peer that says anything. The first byte is who we are, then
 * messages: type, u16 length, body. Whatever comes: what goes out is bounded,
 * nobody is believed by bytes that no root has signed, and a closed session
 * says and reads nothing more. */
#include <string.h>

#include "replication/stage1.h"
#include "storage/base/check.h"
#include "storage/base/reader.h"
#include "tests/fuzz/fuzz.h"

/* The registry of RECORDS.md and its genesis; its roots are of the seeds 10 and
 * 11, 32 times. */
static const struct sg_registry_id registry = {
    {{0x55, 0xae, 0xf2, 0x0f, 0xb7, 0x1a, 0x98, 0xff, 0xb3, 0x48, 0x81,
      0x6a, 0xaa, 0x3a, 0x8f, 0x36, 0x25, 0xfc, 0x8d, 0x0b, 0xcb, 0xe5,
      0x71, 0x34, 0xfc, 0xa4, 0x2b, 0x3c, 0x6c, 0xdf, 0xda, 0x6f}}};

static const uint8_t genesis[] = {
    0x92, 0x99, 0x01, 0x01, 0xc4, 0x10, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x89, 0x00,
    0x01, 0x01, 0x01, 0x02, 0xb9, 0x53, 0xe1, 0xbb, 0x95, 0x20, 0x67, 0xe1,
    0xbb, 0x91, 0x63, 0x20, 0x74, 0x68, 0xe1, 0xbb, 0xad, 0x20, 0x6e, 0x67,
    0x68, 0x69, 0xe1, 0xbb, 0x87, 0x6d, 0x03, 0x91, 0xc4, 0x20, 0x43, 0xa7,
    0x2e, 0x71, 0x44, 0x01, 0x76, 0x2d, 0xf6, 0x6b, 0x68, 0xc2, 0x6d, 0xfb,
    0xdf, 0x26, 0x82, 0xaa, 0xec, 0x9f, 0x24, 0x74, 0xec, 0xa4, 0x61, 0x3e,
    0x42, 0x4a, 0x0f, 0xba, 0xfd, 0x3c, 0x04, 0xc4, 0x20, 0x1a, 0x75, 0xc8,
    0xd9, 0x1b, 0x43, 0xdf, 0x9a, 0x7b, 0x82, 0x13, 0xf8, 0xf9, 0x63, 0xc8,
    0xd7, 0xfd, 0x0d, 0x48, 0x88, 0xcc, 0x2b, 0xe0, 0x50, 0x97, 0xfe, 0xd9,
    0xeb, 0xaa, 0x2f, 0x29, 0xb5, 0x05, 0xc4, 0x20, 0x8a, 0x88, 0xe3, 0xdd,
    0x74, 0x09, 0xf1, 0x95, 0xfd, 0x52, 0xdb, 0x2d, 0x3c, 0xba, 0x5d, 0x72,
    0xca, 0x67, 0x09, 0xbf, 0x1d, 0x94, 0x12, 0x1b, 0xf3, 0x74, 0x88, 0x01,
    0xb4, 0x0f, 0x6f, 0x5c, 0x06, 0x01, 0x07, 0x01, 0x08, 0xcf, 0x00, 0x00,
    0x09, 0x19, 0x32, 0x26, 0x1d, 0xe1, 0x90, 0x93, 0x16, 0xa0, 0xa0, 0xce,
    0x01, 0x35, 0x00, 0x4d, 0xc4, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0xc4, 0x10, 0xa1, 0xa1, 0xa1, 0xa1, 0xa1, 0xa1, 0xa1, 0xa1,
    0xa1, 0xa1, 0xa1, 0xa1, 0xa1, 0xa1, 0xa1, 0xa1, 0x98, 0xcf, 0x01, 0x97,
    0xc8, 0x8a, 0x5b, 0x40, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0xc0, 0xc4,
    0x40, 0xfc, 0x87, 0x18, 0x57, 0xff, 0xa5, 0x54, 0xf5, 0xff, 0xa9, 0x80,
    0x82, 0x63, 0x3e, 0x7f, 0x39, 0x3f, 0xce, 0x75, 0x68, 0x9e, 0xbf, 0x82,
    0xb9, 0x3f, 0x52, 0x52, 0x5d, 0x60, 0x84, 0xb6, 0x01, 0xbd, 0xb9, 0x5d,
    0x15, 0x64, 0xfd, 0x53, 0x92, 0xb1, 0x39, 0xa1, 0xb3, 0xe7, 0x5b, 0xc8,
    0x55, 0xb6, 0x55, 0x80, 0x7b, 0x6a, 0xd3, 0xdb, 0x21, 0xfc, 0x61, 0x09,
    0x73, 0xe1, 0x55, 0xeb, 0x04, 0x80,
};

enum who {
    MEMBER,    /* who knows as much as the peer */
    AWAY,      /* a member that the peer is a root ahead of */
    APPLICANT, /* who knows nothing */
    INVITING,  /* whom an applicant has dialled */
    WHO,
};

/* The peer's certificate, by the root of GENERATION. */
static void certify(unsigned generation, uint8_t ret[SG_CERTIFICATE_SIZE])
{
    struct sg_certificate certificate = {
        .role = SG_CERTIFICATE_CENTRAL,
        .generation = (uint8_t)generation,
        .epochs = 1,
        .node_key = {9},
        .from = {20250101},
        .until = {20301231},
    };
    uint8_t seed[SG_KEY_SIZE], public_key[SG_KEY_SIZE];
    struct sg_sign_key root;

    memset(seed, 10 + (int)generation, sizeof seed);
    sg_crypto_sign_keypair(seed, &root, public_key);
    sg_certificate_sign(&certificate, &registry, &root);
    sg_certificate_encode(&certificate, ret);
}

static struct sg_stage1_config config_of(
    enum who who, const struct sg_trust *trust,
    const struct sg_stage1_application *application)
{
    struct sg_stage1_config config = {
        .trust = trust,
        .registry = &registry,
        .sent = {.form = SG_HELLO_MEMBER},
        .received = {.form = SG_HELLO_MEMBER},
        .invites = who == INVITING,
        .application = who == APPLICANT ? application : NULL,
    };

    certify(who == AWAY || who == APPLICANT ? 1 : 0,
            config.received.certificate);
    if (who == AWAY)
        config.received.generation = 1;
    if (who == APPLICANT) {
        config.sent.form = SG_HELLO_APPLICANT;
        config.sent.generation = SG_HELLO_NO_GENERATION;
    }
    if (who == INVITING) {
        config.received.form = SG_HELLO_APPLICANT;
        config.received.generation = SG_HELLO_NO_GENERATION;
    }
    return config;
}

static struct sg_trust *trust_new(enum who who)
{
    const struct sg_trust_config config = {
        .registry = registry,
        .limits = {8, 8, 2, 2, 1 << 14},
    };
    struct sg_trust *trust;
    enum sg_err err = sg_crypto_init();

    SG_ASSERT(err == SG_OK);
    if (sg_trust_new(&config, &trust) != SG_OK)
        return NULL;
    if (who != APPLICANT) {
        err = sg_trust_add(trust, NULL, SG_BYTES_ARRAY(genesis));
        SG_ASSERT(err == SG_OK);
        (void)sg_trust_judge(trust);
        SG_ASSERT(sg_trust_generation(trust) == 0);
    }
    return trust;
}

static size_t check(const struct sg_stage1 *stage1,
                    const struct sg_stage1_out *out)
{
    size_t size = 0;

    SG_ASSERT(out->count <= SG_STAGE1_MESSAGES_MAX);
    for (size_t i = 0; i < out->count; i++)
        size += out->messages[i].body.size;
    SG_ASSERT(size <= SG_STAGE1_SIZE_MAX);
    if (out->is_closed)
        SG_ASSERT(stage1->state == SG_STAGE1_CLOSED);
    if (out->is_answered && out->answer == SG_JOIN_ADMITTED)
        SG_ASSERT(stage1->config.application == NULL); /* nobody signs here */
    return size;
}

static void talk(enum who who, struct sg_stage1 *stage1,
                 struct sg_reader *reader)
{
    struct sg_stage1_out out;
    size_t sent = 0;

    while (reader->err == SG_OK && reader->left.size > 0) {
        struct sg_frame_message message;
        bool was_closed = stage1->state == SG_STAGE1_CLOSED;

        message.type = (enum sg_message_type)sg_reader_u8(reader);
        message.body = sg_reader_take(reader, sg_reader_u16be(reader));
        if (reader->err != SG_OK)
            break;
        sg_stage1_take(stage1, &message, &out);
        sent += check(stage1, &out);
        SG_ASSERT(stage1->has_sent_ready || sent <= SG_STAGE1_SIZE_MAX);
        if (was_closed)
            SG_ASSERT(out.count == 0 && !out.is_closed);
        if (stage1->state == SG_STAGE1_OPEN)
            SG_ASSERT(who == MEMBER || who == AWAY);
        if (out.is_asked) {
            SG_ASSERT(who == INVITING);
            sg_stage1_answer(stage1, SG_JOIN_REFUSED, NULL, &out);
            sent += check(stage1, &out);
            SG_ASSERT(sent <= SG_STAGE1_SIZE_MAX);
        }
        sg_stage1_judge(stage1, &out);
        (void)check(stage1, &out);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct sg_stage1_application application = {
        .request = {.role = SG_CERTIFICATE_DISTRICT},
    };
    struct sg_stage1_config config;
    struct sg_stage1_out out;
    struct sg_reader reader;
    struct sg_stage1 stage1;
    struct sg_trust *trust;
    enum who who;

    sg_reader_init(&reader, sg_bytes(data, size));
    who = (enum who)(sg_reader_u8(&reader) % WHO);
    trust = trust_new(who);
    if (trust == NULL)
        return 0;
    config = config_of(who, trust, &application);
    sg_stage1_init(&stage1, &config, &out);
    (void)check(&stage1, &out);
    talk(who, &stage1, &reader);
    sg_trust_free(trust);
    return 0;
}
