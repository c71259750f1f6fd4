/* Plans: what is sent when short refs are clear, fit several logs, or none. */
#include "replication/bundle_plan.h"

#include <stdlib.h>
#include <string.h>

#include "replication/head_message.h"
#include "replication/roster.h"
#include "tests/lib/trust.h"

#define LOGS 40u

static struct sg_registry_id registry;
static struct sg_trust *trust;
static struct sg_sync_head heads[LOGS];
static struct sg_log_id ids[LOGS]; /* ascending, like heads */

static int compare(const void *a, const void *b)
{
    const struct sg_sync_head *first = a;
    const struct sg_sync_head *second = b;
    struct sg_log_id x = sg_entry_log_id(&registry, &first->core);
    struct sg_log_id y = sg_entry_log_id(&registry, &second->core);

    return memcmp(&x, &y, sizeof x);
}

static int make(void **state)
{
    struct sg_trust_config config = {.limits = sg_trust_limits_province};
    uint8_t key[SG_KEY_SIZE] = {1};

    (void)state;
    registry = trust_found(key).registry;
    config.registry = registry;
    assert_ok(sg_trust_new(&config, &trust));
    for (uint32_t i = 0; i < LOGS; i++) {
        heads[i] = (struct sg_sync_head){.core.kind = SG_LOG_RECORDS};
        heads[i].core.node_key[0] = (uint8_t)(i + 1);
        heads[i].known.size = heads[i].frontier.size = 100;
        heads[i].known.root.bytes[0] = (uint8_t)i;
    }
    qsort(heads, LOGS, sizeof heads[0], compare);
    for (uint32_t i = 0; i < LOGS; i++)
        ids[i] = sg_entry_log_id(&registry, &heads[i].core);
    return 0;
}

static int free_trust(void **state)
{
    (void)state;
    sg_trust_free(trust);
    return 0;
}

static struct sg_bundle_plan *begin(uint32_t n)
{
    struct sg_bundle_plan_config config = {
        .registry = registry, .trust = trust, .logs_max = LOGS};
    struct sg_bundle_plan *plan;

    assert_ok(sg_bundle_plan_new(&config, &plan));
    for (uint32_t i = n; i-- > 0;)
        assert_ok(sg_bundle_plan_add(plan, &heads[i]));
    return plan;
}

/* Tells PLAN of claims with refs of WIDTH bits. */
static void tell(struct sg_bundle_plan *plan, unsigned width,
                 const uint32_t refs[],
                 const struct sg_head_message_claim claims[], uint32_t count)
{
    uint8_t body[4096];
    struct sg_head_message_heads message = {.width = width, .count = count};
    struct sg_frame_message frame = {.type = SG_MESSAGE_HEADS};
    struct sg_writer writer;

    sg_writer_init_array(&writer, body, sizeof body);
    sg_head_message_heads_encode(&writer, &message, refs, claims);
    assert_ok(writer.err);
    frame.body = sg_writer_written(&writer);
    assert_ok(sg_bundle_plan_take(plan, &frame));
}

/* From where log AT goes; UINT64_MAX: it does not. */
static uint64_t from_of(struct sg_bundle_plan *plan, uint32_t at)
{
    size_t count;
    const struct sg_bundle_make_log *logs = sg_bundle_plan_logs(plan, &count);

    for (size_t i = 0; i < count; i++)
        if (memcmp(&logs[i].core, &heads[at].core, sizeof logs[i].core) == 0)
            return logs[i].from;
    return UINT64_MAX;
}

static uint32_t bits_of(uint32_t at, unsigned width)
{
    return sg_bytes_get_u32be(ids[at].hash.bytes) >> (32 - width);
}

/* Nothing claimed: everything goes. A whole ref: from what is held. */
static void test_clear_refs(void **state)
{
    struct sg_bundle_plan *plan = begin(3);
    struct sg_head_message_claim claims[2] = {{.size = 60},
                                              {.size = 90, .short_by = 50}};
    uint32_t refs[2] = {sg_log_table_x(&ids[0]), sg_log_table_x(&ids[2])};
    size_t count;

    (void)state;
    (void)sg_bundle_plan_logs(plan, &count);
    assert_int_equal(count, 3);
    tell(plan, 32, refs, claims, 2);
    assert_int_equal(from_of(plan, 0), 60);
    assert_int_equal(from_of(plan, 1), 0);
    assert_int_equal(from_of(plan, 2), 40);
    assert_int_equal(sg_bundle_plan_logs(plan, &count)[2].prove_from, 90);
    sg_bundle_plan_free(plan);
}

/* A short ref that fits several logs here: as many claims are meant in order;
 * fewer logs than claims take the least; more logs than claims take all. */
static void test_refs_that_fit_several(void **state)
{
    static const uint64_t wanted[4][2] = {{0, 0}, {0, 0}, {60, 40}, {40, 40}};
    struct sg_head_message_claim claims[3] = {
        {.size = 60}, {.size = 40}, {.size = 50}};
    uint32_t refs[3], at = 0;

    (void)state;
    while (at + 2 < LOGS && (bits_of(at, 5) != bits_of(at + 1, 5) ||
                             (at > 0 && bits_of(at - 1, 5) == bits_of(at, 5))))
        at++;
    assert_true(at + 2 < LOGS); /* two neighbours that begin alike */
    refs[0] = refs[1] = refs[2] = bits_of(at, 5);
    for (uint32_t n = 1; n <= 3; n++) {
        struct sg_bundle_plan *plan = begin(at + 2);

        tell(plan, 5, refs, claims, n);
        assert_int_equal(from_of(plan, at), wanted[n][0]);
        assert_int_equal(from_of(plan, at + 1), wanted[n][1]);
        sg_bundle_plan_free(plan);
    }
}

static void count_proofs(void *context, enum sg_message_type type,
                         struct sg_bytes body)
{
    uint32_t *n = context;

    assert_true(body.size > 0);
    *n += type == SG_MESSAGE_PROOF;
}

/* A ref that fits none changes nothing; a forked log and one that is larger
 * there do not go; equal sizes with another tag are shown. */
static void test_refs_that_say_else(void **state)
{
    struct sg_bundle_plan *plan = begin(3);
    struct sg_head_message_claim claims[3] = {
        {.size = 0}, {.size = 100, .tag = {1}}, {.size = 101}};
    struct sg_head_message_claim other = {.size = 7};
    uint32_t refs[3], n_proofs = 0, ref = sg_log_table_x(&ids[2]) + 1;
    size_t count;

    (void)state;
    for (uint32_t i = 0; i < 3; i++)
        refs[i] = sg_log_table_x(&ids[i]);
    tell(plan, 32, refs, claims, 3);
    tell(plan, 32, &ref, &other, 1);
    (void)sg_bundle_plan_logs(plan, &count);
    assert_int_equal(count, 0);
    sg_bundle_plan_proofs(plan, count_proofs, &n_proofs);
    assert_int_equal(n_proofs, 1);
    sg_bundle_plan_free(plan);
}

/* What was signed long ago raises what is believed held, and gives way to a
 * head request, which knows that a node was restored. */
static void test_holdings_and_requests(void **state)
{
    struct sg_bundle_plan *plan = begin(1);
    struct sg_head_message_claim claim = {.size = 20};
    uint32_t ref = sg_log_table_x(&ids[0]);

    (void)state;
    sg_bundle_plan_holds(plan, &ids[0], 50);
    sg_bundle_plan_holds(plan, &ids[0], 30);
    sg_bundle_plan_holds(plan, &ids[1], 30);
    assert_int_equal(from_of(plan, 0), 50);
    tell(plan, 32, &ref, &claim, 1);
    assert_int_equal(from_of(plan, 0), 20);
    sg_bundle_plan_holds(plan, &ids[0], 50);
    assert_int_equal(from_of(plan, 0), 20);
    sg_bundle_plan_free(plan);
}

struct round {
    struct sg_bundle_plan *answer;
    uint32_t n_heads;
};

static void give(void *context, enum sg_message_type type, struct sg_bytes body)
{
    struct round *round = context;
    struct sg_frame_message message = {.type = type, .body = body};

    round->n_heads += type == SG_MESSAGE_HEADS;
    assert_true(body.size <= sg_bundle_pack_body_max(SG_BUNDLE_EXPONENT_MIN));
    assert_ok(sg_bundle_plan_take(round->answer, &message));
}

/* A request from who has all is answered by nothing, one from who has nothing
 * by everything. */
static void test_round_trip(void **state)
{
    struct sg_sync_wants wants = {.records = SG_SYNC_PAYLOADS_NONE,
                                  .audits = SG_SYNC_PAYLOADS_ALL};

    (void)state;
    for (uint32_t n = 0; n <= LOGS; n += LOGS) {
        struct sg_bundle_plan *request = begin(n);
        struct round round = {.answer = begin(LOGS)};
        size_t count;

        assert_ok(sg_bundle_plan_request(request, &wants,
                                         SG_BUNDLE_EXPONENT_MIN, give, &round));
        (void)sg_bundle_plan_logs(round.answer, &count);
        assert_int_equal(count, LOGS - n);
        assert_int_equal(round.n_heads, 1);
        assert_int_equal(sg_bundle_plan_subscription(round.answer)->records,
                         SG_FLOW_PAYLOADS_NONE);
        assert_err(sg_bundle_plan_request(request, NULL, 11, give, &round),
                   INVALID);
        sg_bundle_plan_free(round.answer);
        sg_bundle_plan_free(request);
    }
}

/* Logs travel by priority, and more than there is room for are refused. */
static void test_order_and_limits(void **state)
{
    struct sg_bundle_plan_config config = {
        .registry = registry, .trust = trust, .logs_max = 2};
    struct sg_sync_head audits = heads[0];
    struct sg_bundle_plan *plan;
    size_t count;

    (void)state;
    assert_ok(sg_bundle_plan_new(&config, &plan));
    audits.core.kind = SG_LOG_AUDIT;
    assert_ok(sg_bundle_plan_add(plan, &audits));
    assert_ok(sg_bundle_plan_add(plan, &heads[1]));
    assert_err(sg_bundle_plan_add(plan, &heads[2]), LIMIT);
    assert_int_equal(sg_bundle_plan_logs(plan, &count)[1].core.kind,
                     SG_LOG_AUDIT);
    assert_int_equal(count, 2);
    sg_bundle_plan_free(plan);
    config.logs_max = 0;
    assert_err(sg_bundle_plan_new(&config, &plan), INVALID);
}

static void count_told(void *context, enum sg_message_type type,
                       struct sg_bytes body)
{
    size_t *told = context;
    struct sg_roster roster;

    assert_int_equal(type, SG_MESSAGE_AUTHORITY);
    assert_ok(sg_roster_decode(body, &roster));
    *told = roster.count;
}

/* Begins a plan of the centre of a registry with the authority's logs of N
 * epochs. */
static struct sg_bundle_plan *begin_authority(const struct sg_trust *of,
                                              const uint8_t key[SG_KEY_SIZE],
                                              uint32_t n)
{
    const struct sg_certificate certificate = {
        .role = SG_CERTIFICATE_AUTHORITY,
        .epochs = 1,
        .node_key = {1},
        .from = {20250101},
        .until = {20301231},
    };
    struct sg_bundle_plan_config config = {
        .registry = registry, .trust = of, .logs_max = n};
    struct sg_sync_head head = heads[0];
    struct sg_bundle_plan *plan;

    memcpy(head.core.node_key, key, SG_KEY_SIZE);
    sg_certificate_encode(&certificate, config.certificate);
    assert_ok(sg_bundle_plan_new(&config, &plan));
    for (uint32_t i = 0; i < n; i++) {
        sg_bytes_put_u32be(head.core.epoch, i);
        assert_ok(sg_bundle_plan_add(plan, &head));
    }
    return plan;
}

/* Of the authority's logs so many can be told of, and not one more: then
 * nothing is. */
static void test_authority_limit(void **state)
{
    const uint8_t key[SG_KEY_SIZE] = {1};
    struct trust_world world = trust_found(key);
    struct sg_trust_config config = {.registry = registry,
                                     .limits = sg_trust_limits_province};
    struct sg_trust *of;

    (void)state;
    assert_ok(sg_trust_new(&config, &of));
    assert_ok(sg_trust_add(of, NULL, world.genesis));
    (void)sg_trust_judge(of);
    for (uint32_t n = SG_AUTHORITY_LISTED_MAX; n <= SG_AUTHORITY_LISTED_MAX + 1;
         n++) {
        struct sg_bundle_plan *plan = begin_authority(of, key, n);
        size_t told = 0;
        enum sg_err err = sg_bundle_plan_authority(plan, count_told, &told);

        assert_int_equal(err,
                         n > SG_AUTHORITY_LISTED_MAX ? SG_ERR_LIMIT : SG_OK);
        assert_int_equal(told, n > SG_AUTHORITY_LISTED_MAX ? 0 : n);
        sg_bundle_plan_free(plan);
    }
    sg_trust_free(of);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clear_refs),
        cmocka_unit_test(test_refs_that_fit_several),
        cmocka_unit_test(test_refs_that_say_else),
        cmocka_unit_test(test_holdings_and_requests),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_order_and_limits),
        cmocka_unit_test(test_authority_limit),
    };

    if (sg_crypto_init() != SG_OK)
        return 1;
    return cmocka_run_group_tests(tests, make, free_trust);
}
