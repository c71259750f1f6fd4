/* A story for the tests of trust: a registry, ten nodes, a log of each.
 */
#ifndef SG_TESTS_UNIT_TRUST_STORY_H
#define SG_TESTS_UNIT_TRUST_STORY_H

#include "replication/trust.h"
#include "tests/lib/trust.h"

/* 2025-07-02 00:30 and the end of 2030, in UTC+7. */
#define JULY_2_MS UINT64_C(1751391000000)
#define END_MS    UINT64_C(1924966800000)

/* The keys of the story: node 1 writes for the authority from the beginning,
 * node 7 is admitted to that; 2 to 6 are districts. */
static struct {
    struct trust_world world;
    uint8_t keys[10][SG_KEY_SIZE];
    struct sg_certificate certificates[10];
    struct sg_log_id logs[10];
} story;

static const struct sg_trust_limits story_limits = {
    .statements = 64,
    .places = 128,
    .logs = 16,
    .erasures = 64,
    .bytes = 65536,
};

static inline int story_begin(void **state)
{
    (void)state;
    for (uint8_t i = 0; i < 10; i++) {
        trust_key((uint8_t)(i + 1), story.keys[i]);
        story.logs[i] = trust_log((uint8_t)(0x10 + i));
    }
    story.world = trust_found(story.keys[1]);
    for (uint8_t i = 0; i < 10; i++)
        story.certificates[i] =
            trust_certificate(&story.world, 0,
                              i == 1 || i == 7 ? SG_CERTIFICATE_AUTHORITY
                                               : SG_CERTIFICATE_DISTRICT,
                              story.keys[i], story.keys[i]);
    return 0;
}

static inline struct sg_trust *story_trust_with(
    const struct sg_trust_config *config)
{
    struct sg_trust *trust;

    assert_ok(sg_trust_new(config, &trust));
    return trust;
}

static inline struct sg_trust *story_trust(void)
{
    struct sg_trust_config config = {
        .registry = story.world.registry,
        .limits = sg_trust_limits_province,
    };

    return story_trust_with(&config);
}

/* Adds PAYLOAD as entry INDEX of log NUMBER, which node NUMBER writes. */
static inline enum sg_err story_add(struct sg_trust *trust, unsigned number,
                                    uint64_t index, struct sg_bytes payload)
{
    struct sg_trust_place place = {.log = story.logs[number], .index = index};

    memcpy(place.node_key, story.keys[number], SG_KEY_SIZE);
    return sg_trust_add(trust, &place, payload);
}

static inline enum sg_certificate_verdict story_verdict(
    const struct sg_trust *trust, const struct sg_chain *chain,
    const struct sg_certificate *certificate, enum sg_err *ret_err)
{
    uint8_t bytes[SG_CERTIFICATE_SIZE];
    enum sg_certificate_verdict verdict;

    sg_certificate_encode(certificate, bytes);
    *ret_err = sg_trust_judge_certificate(trust, chain, bytes, &verdict);
    return verdict;
}

/* Asserts how the certificate is judged. */
#define assert_verdict(trust, chain, certificate, name, wanted) \
    do {                                                        \
        enum sg_err judged;                                     \
        enum sg_certificate_verdict got =                       \
            story_verdict(trust, chain, certificate, &judged);  \
        assert_err(judged, name);                               \
        assert_int_equal(got, SG_CERTIFICATE_##wanted);         \
    } while (0)

static inline struct sg_bytes story_dump(const struct sg_trust *trust)
{
    struct sg_buf buf;

    sg_buf_init(&buf, 1 << 20);
    assert_ok(sg_trust_dump(trust, &buf));
    return trust_live(&buf);
}

/* Says where branch 1 of log 2 leaves branch 0: after 30 entries. Root 1 is
 * branch 0's, root 2 branch 1's. */
static inline uint64_t story_prefix(void *context, const struct sg_log_id *log,
                                    unsigned branch, uint64_t size,
                                    const struct sg_hash *root)
{
    unsigned *asked = context;

    (*asked)++;
    if (memcmp(log, &story.logs[2], sizeof *log) != 0 ||
        root->bytes[0] == branch + 1)
        return size;
    return size < 30 ? size : 30;
}

static inline struct sg_chain story_chain(const struct sg_trust *trust,
                                          uint8_t from,
                                          const struct sg_root *known)
{
    uint8_t room[SG_STAGE1_SIZE_MAX];
    struct sg_writer writer;
    struct sg_chain chain;

    sg_writer_init_array(&writer, room, sizeof room);
    sg_trust_write_chain(trust, from, sizeof room, &writer);
    assert_ok(sg_writer_end(&writer));
    assert_ok(sg_chain_decode(sg_bytes(room, writer.size),
                              &story.world.registry, from, known, &chain));
    return chain;
}

#endif
