/* What all statements together say. */
#include "replication/trust.h"
#include "tests/unit/trust_story.h"

/* The genesis makes its writer's logs the authority's and its root the judge;
 * another registry's genesis is refused. */
static void test_genesis(void **state)
{
    struct trust_world other = trust_found(story.keys[2]);
    struct sg_trust *trust = story_trust();

    (void)state;
    assert_err(story_add(trust, 1, 1, other.genesis), UNTRUSTED);
    assert_ok(story_add(trust, 1, 1, story.world.genesis));
    assert_int_equal(sg_trust_generation(trust), 255); /* as last judged */
    assert_true(sg_trust_judge(trust));
    assert_false(sg_trust_judge(trust));
    assert_int_equal(sg_trust_generation(trust), 0);
    assert_memory_equal(sg_trust_root(trust, 0)->key, story.world.root_keys[0],
                        SG_KEY_SIZE);
    assert_true(sg_trust_is_authority(trust, story.keys[1]));
    assert_false(sg_trust_is_authority(trust, story.keys[2]));
    assert_verdict(trust, NULL, &story.certificates[2], OK, ACCEPTED);
    assert_int_equal(sg_trust_counts(trust).stand, 1);
    assert_int_equal(sg_trust_counts(trust).rejected, 1);
    sg_trust_free(trust);
}

/* Of several admissions of a node the one with the largest order stands whole;
 * a serial counts within its generation only. */
static void test_admission(void **state)
{
    struct sg_trust_stand stands = {story.logs[1], 100, {{0}}};
    struct sg_certificate later = story.certificates[2];
    struct sg_certificate newest = later;
    struct sg_trust *trust = story_trust();
    struct sg_trust_node node;

    (void)state;
    later.epochs = 3;
    sg_certificate_sign(&later, &story.world.registry, &story.world.roots[0]);
    newest.epochs = 5;
    newest.generation = 1;
    sg_certificate_sign(&newest, &story.world.registry, &story.world.roots[1]);
    assert_ok(story_add(trust, 1, 1, story.world.genesis));
    assert_ok(story_add(trust, 1, 3, trust_admit(&story.world, 0, 9, &later)));
    assert_ok(story_add(
        trust, 1, 2, trust_admit(&story.world, 0, 8, &story.certificates[2])));
    sg_trust_judge(trust);
    assert_true(sg_trust_node(trust, story.keys[2], &node));
    assert_int_equal(node.state, SG_TRUST_ADMITTED);
    assert_int_equal(node.certificate.epochs, 3);
    assert_int_equal(sg_trust_epochs(trust, story.keys[2]), 3);
    assert_false(sg_trust_node(trust, story.keys[3], &node));
    /* A thief's serial is worth nothing after the rotation. */
    assert_ok(story_add(
        trust, 1, 4, trust_admit(&story.world, 0, UINT64_C(1) << 63, &later)));
    assert_ok(
        story_add(trust, 1, 5, trust_rotate(&story.world, 1, 1, &stands, 1)));
    assert_ok(story_add(trust, 1, 6, trust_admit(&story.world, 1, 1, &newest)));
    sg_trust_judge(trust);
    assert_int_equal(sg_trust_epochs(trust, story.keys[2]), 5);
    sg_trust_free(trust);
}

/* A node_admit whose certificate is another node's, of another version or not
 * signed by its root admits nobody; its role counts all the same, since the
 * root has signed the statement. */
static void test_admission_of_bad_certificate(void **state)
{
    struct sg_trust *trust = story_trust();
    struct sg_certificate bad = story.certificates[7];
    struct sg_trust_node node;

    (void)state;
    bad.serial++;
    assert_ok(story_add(trust, 1, 1, story.world.genesis));
    assert_ok(story_add(trust, 1, 2, trust_admit(&story.world, 0, 2, &bad)));
    sg_trust_judge(trust);
    assert_false(sg_trust_node(trust, story.keys[7], &node));
    assert_true(sg_trust_is_authority(trust, story.keys[7]));
    assert_int_equal(sg_trust_counts(trust).refused, 1);
    assert_int_equal(sg_trust_counts(trust).stand, 1);
    sg_trust_free(trust);
}

/* A node_admit for node 3 with CERTIFICATE, whatever that is. */
static struct sg_bytes admit_with(struct sg_bytes certificate, uint64_t serial)
{
    struct trust_draft draft;

    trust_begin(&draft, SG_TRUST_NODE_ADMIT, 5, serial);
    memcpy(draft.subject, story.keys[3], sizeof draft.subject);
    trust_bin(&draft, 1, certificate.data, certificate.size);
    trust_bin(&draft, 2, story.keys[3], SG_KEY_SIZE);
    trust_uint(&draft, 3, SG_CERTIFICATE_DISTRICT);
    trust_uint(&draft, 4, 20250101);
    trust_uint(&draft, 5, 20301231);
    return trust_end(&story.world, &draft, 0);
}

/* Another node's certificate, or one of another form, admits nobody, and does
 * not stand in the way of an older one that is good. */
static void test_admission_of_other_certificate(void **state)
{
    struct sg_trust *trust = story_trust();
    uint8_t bytes[SG_CERTIFICATE_SIZE];
    struct sg_trust_node node;
    struct sg_key_id id;
    uint32_t no = 0;

    (void)state;
    assert_ok(story_add(trust, 1, 1, story.world.genesis));
    sg_certificate_encode(&story.certificates[2], bytes);
    assert_ok(story_add(trust, 1, 2, admit_with(SG_BYTES_ARRAY(bytes), 5)));
    assert_ok(story_add(trust, 1, 3, admit_with(sg_bytes(bytes, 120), 6)));
    sg_trust_judge(trust);
    assert_false(sg_trust_node(trust, story.keys[3], &node));
    assert_false(sg_trust_next_node(trust, &no, &node));
    assert_int_equal(sg_trust_counts(trust).refused, 2);
    assert_ok(story_add(
        trust, 1, 4, trust_admit(&story.world, 0, 4, &story.certificates[3])));
    sg_trust_judge(trust);
    assert_true(sg_trust_node(trust, story.keys[3], &node));
    no = 0;
    assert_true(sg_trust_next_node(trust, &no, &node));
    assert_memory_equal(node.certificate.node_key, story.keys[3], SG_KEY_SIZE);
    assert_false(sg_trust_next_node(trust, &no, &node));
    id = sg_key_id_of(&story.world.registry, SG_KEY_NODE, story.keys[3]);
    assert_true(sg_trust_node_of_id(trust, &id, &node));
    assert_memory_equal(node.certificate.node_key, story.keys[3], SG_KEY_SIZE);
    id = sg_key_id_of(&story.world.registry, SG_KEY_NODE, story.keys[2]);
    assert_false(sg_trust_node_of_id(trust, &id, &node));
    sg_trust_free(trust);
}

/* Deny beats allow, whichever is later; the gravest counts; a suspension can be
 * lifted, a revocation not. */
static void test_deny(void **state)
{
    struct trust_world *world = &story.world;
    struct sg_bytes suspend =
        trust_cut(world, 0, 3, story.keys[2], SG_TRUST_SUSPEND, NULL, 0);
    struct sg_bytes revoke =
        trust_cut(world, 0, 4, story.keys[3], SG_TRUST_REVOKE, NULL, 0);
    struct sg_trust *trust = story_trust();
    struct sg_trust_node node;

    (void)state;
    assert_ok(story_add(trust, 1, 1, world->genesis));
    assert_ok(story_add(trust, 1, 2, suspend));
    assert_ok(story_add(trust, 1, 3, revoke));
    assert_ok(story_add(trust, 1, 4,
                        trust_admit(world, 0, 50, &story.certificates[2])));
    assert_ok(story_add(trust, 1, 5,
                        trust_admit(world, 0, 51, &story.certificates[3])));
    sg_trust_judge(trust);
    assert_verdict(trust, NULL, &story.certificates[2], REVOKED, REFUSED);
    assert_verdict(trust, NULL, &story.certificates[3], REVOKED, REFUSED);
    assert_verdict(trust, NULL, &story.certificates[4], OK, ACCEPTED);
    assert_true(sg_trust_node(trust, story.keys[2], &node));
    assert_int_equal(node.state, SG_TRUST_SUSPENDED);
    assert_true(sg_trust_node(trust, story.keys[3], &node));
    assert_int_equal(node.state, SG_TRUST_REVOKED);

    assert_ok(story_add(trust, 1, 6, trust_lift(world, 0, 6, suspend)));
    assert_ok(story_add(trust, 1, 7, trust_lift(world, 0, 7, revoke)));
    assert_true(sg_trust_judge(trust));
    assert_verdict(trust, NULL, &story.certificates[2], OK, ACCEPTED);
    assert_verdict(trust, NULL, &story.certificates[3], REVOKED, REFUSED);
    assert_ok(story_add(
        trust, 1, 8,
        trust_cut(world, 0, 8, story.keys[2], SG_TRUST_RETIRE, NULL, 0)));
    sg_trust_judge(trust);
    assert_verdict(trust, NULL, &story.certificates[2], REVOKED, REFUSED);
    assert_true(sg_trust_node(trust, story.keys[2], &node));
    assert_int_equal(node.state, SG_TRUST_RETIRED);
    sg_trust_free(trust);
}

/* The floor is the largest heartbeat that stands, read in UTC+7; smaller ones
 * do not lower it. Time that no calendar has is its last day. */
static void test_floor(void **state)
{
    struct trust_world *world = &story.world;
    struct sg_trust *trust = story_trust();

    (void)state;
    assert_ok(story_add(trust, 1, 1, world->genesis));
    assert_ok(story_add(trust, 1, 2, trust_heartbeat(world, 0, 2, JULY_2_MS)));
    assert_ok(story_add(trust, 1, 3, trust_heartbeat(world, 0, 3, 5)));
    assert_true(sg_trust_judge(trust));
    assert_int_equal(sg_trust_floor(trust).ms, JULY_2_MS);
    assert_int_equal(sg_trust_floor_day(trust).ymd, 20250702);
    assert_ok(story_add(trust, 1, 4, trust_heartbeat(world, 0, 4, END_MS - 1)));
    sg_trust_judge(trust);
    assert_int_equal(sg_trust_floor_day(trust).ymd, 20301231);
    assert_verdict(trust, NULL, &story.certificates[2], OK, ACCEPTED);
    assert_ok(story_add(trust, 1, 5, trust_heartbeat(world, 0, 5, END_MS)));
    sg_trust_judge(trust);
    assert_verdict(trust, NULL, &story.certificates[2], EXPIRED, REFUSED);
    assert_ok(story_add(trust, 1, 6, trust_heartbeat(world, 0, 6, UINT64_MAX)));
    sg_trust_judge(trust);
    assert_int_equal(sg_trust_floor_day(trust).ymd, 99991231);
    assert_ok(story_add(
        trust, 1, 7,
        trust_rotate(world, 1, 7,
                     &(struct sg_trust_stand){story.logs[1], 4, {{0}}}, 1)));
    sg_trust_judge(trust); /* cut off above entry 3 */
    assert_int_equal(sg_trust_floor(trust).ms, JULY_2_MS);
    sg_trust_free(trust);
}

/* A floor from before is not lowered by a database that was restored; it falls
 * with the root that signed it. */
static void test_floor_of_before(void **state)
{
    struct trust_world *world = &story.world;
    struct sg_trust_config config = {
        .registry = world->registry,
        .limits = story_limits,
        .floor = {.ms = END_MS, .generation = 0},
    };
    struct sg_trust *trust = story_trust_with(&config);

    (void)state;
    sg_trust_judge(trust);
    assert_int_equal(sg_trust_floor(trust).ms, END_MS);
    assert_ok(story_add(trust, 1, 1, world->genesis));
    assert_ok(story_add(trust, 1, 2, trust_heartbeat(world, 0, 2, JULY_2_MS)));
    sg_trust_judge(trust);
    assert_int_equal(sg_trust_floor(trust).ms, END_MS);
    assert_verdict(trust, NULL, &story.certificates[2], EXPIRED, REFUSED);
    assert_ok(story_add(trust, 1, 3, trust_rotate(world, 1, 3, NULL, 0)));
    sg_trust_judge(trust);
    assert_int_equal(sg_trust_floor(trust).ms, 0);
    sg_trust_free(trust);
}

/* --- rotations --------------------------------------------------------- */

/* After a rotation the old root's statements count as far as it lets them
 * stand, deny statements too; and of the certificates of the old root those
 * that are found there. */
static void test_rotation(void **state)
{
    struct trust_world *world = &story.world;
    struct sg_trust_stand stands = {story.logs[1], 5, {{0}}};
    struct sg_certificate renewed = trust_certificate(
        world, 1, SG_CERTIFICATE_DISTRICT, story.keys[4], story.keys[4]);
    struct sg_trust *trust = story_trust();

    (void)state;
    assert_ok(story_add(trust, 1, 1, world->genesis));
    assert_ok(story_add(trust, 1, 2,
                        trust_admit(world, 0, 2, &story.certificates[2])));
    /* The thief of the root: admits node 3, revokes node 2. */
    assert_ok(story_add(trust, 1, 5,
                        trust_admit(world, 0, 5, &story.certificates[3])));
    assert_ok(story_add(
        trust, 1, 6,
        trust_cut(world, 0, 6, story.keys[2], SG_TRUST_REVOKE, NULL, 0)));
    sg_trust_judge(trust);
    assert_verdict(trust, NULL, &story.certificates[2], REVOKED, REFUSED);
    assert_verdict(trust, NULL, &story.certificates[3], OK, ACCEPTED);
    assert_verdict(trust, NULL, &renewed, UNTRUSTED, REFUSED);

    assert_ok(story_add(trust, 7, 1, trust_rotate(world, 1, 7, &stands, 1)));
    assert_true(sg_trust_judge(trust));
    assert_int_equal(sg_trust_generation(trust), 1);
    /* It is not known yet whether all that stands is here. */
    assert_verdict(trust, NULL, &story.certificates[2], OK, ACCEPTED);
    assert_verdict(trust, NULL, &story.certificates[3], OK, LIMITED);
    assert_ok(sg_trust_held(trust, &story.logs[1], 0, 4));
    assert_false(sg_trust_judge(trust));
    assert_verdict(trust, NULL, &story.certificates[3], OK, LIMITED);
    assert_ok(sg_trust_held(trust, &story.logs[1], 0, 5));
    assert_ok(sg_trust_held(trust, &story.logs[1], 0, 1)); /* changes nothing */
    assert_true(sg_trust_judge(trust));
    assert_verdict(trust, NULL, &story.certificates[2], OK, ACCEPTED);
    assert_verdict(trust, NULL, &story.certificates[3], UNTRUSTED, REFUSED);
    assert_verdict(trust, NULL, &renewed, OK, ACCEPTED);
    assert_int_equal(sg_trust_counts(trust).cut_off, 2);
    assert_int_equal(sg_trust_counts(trust).stand, 3);
    sg_trust_free(trust);
}

/* Who may rotate: with the old key alone nobody; with the key committed to
 * alone when the reason says that the old one is lost or stolen. */
static void test_who_rotates(void **state)
{
    static const struct {
        struct trust_rotation rotation;
        bool counts;
    } cases[] = {
        {{SG_TRUST_PLANNED, NULL, 0, 1, 2, 0}, true},
        {{SG_TRUST_PLANNED, NULL, 0, 1, 2, 1}, false},
        {{SG_TRUST_KEY_LOST, NULL, 0, 1, 2, 1}, true},
        {{SG_TRUST_KEY_LOST, NULL, 0, 1, 2, 0}, false},
        {{SG_TRUST_KEY_STOLEN, NULL, 0, 1, 2, 0}, true},
        {{SG_TRUST_KEY_STOLEN, NULL, 0, 1, 2, 1}, true},
        {{SG_TRUST_KEY_STOLEN, NULL, 0, 1, 2, 3}, false},
        /* The thief of the root in use rotates to himself. */
        {{SG_TRUST_PLANNED, NULL, 0, 5, 6, 0}, false},
        {{SG_TRUST_KEY_STOLEN, NULL, 0, 5, 6, 5}, false},
        {{SG_TRUST_KEY_STOLEN, NULL, 0, 0, 1, 0}, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sg_trust *trust = story_trust();

        assert_ok(story_add(trust, 1, 1, story.world.genesis));
        assert_ok(
            story_add(trust, 1, 2,
                      trust_rotate_as(&story.world, 1, 2, &cases[i].rotation)));
        sg_trust_judge(trust);
        assert_int_equal(sg_trust_generation(trust), cases[i].counts ? 1 : 0);
        if (cases[i].counts)
            assert_memory_equal(sg_trust_root(trust, 1)->key,
                                story.world.root_keys[1], SG_KEY_SIZE);
        sg_trust_free(trust);
    }
}

/* A rotation whose proof is not the new root's, or that another root signed in
 * the old one's name, rotates nothing. */
static void test_rotation_unproved(void **state)
{
    struct trust_rotation rotation = {SG_TRUST_PLANNED, NULL, 0, 1, 2, 0};
    struct sg_trust *trust = story_trust();
    uint8_t proof[SG_SIGNATURE_SIZE] = {1};
    struct trust_draft draft;

    (void)state;
    assert_ok(story_add(trust, 1, 1, story.world.genesis));
    assert_ok(story_add(
        trust, 1, 2,
        trust_rotation_body(&story.world, 1, 2, &rotation, proof, &draft)));
    assert_ok(
        sg_trust_add(trust, NULL, trust_rotate(&story.world, 2, 2, NULL, 0)));
    sg_trust_judge(trust);
    assert_int_equal(sg_trust_generation(trust), 0);
    assert_int_equal(sg_trust_counts(trust).waiting, 2);
    sg_trust_free(trust);
}

/* Of two rotations from one root to the same successor the smaller id counts,
 * in whatever order they come, and that there are two is seen. What the other
 * had led to is forgotten. */
static void test_rivals(void **state)
{
    struct trust_world *world = &story.world;
    struct sg_trust_stand more = {story.logs[1], 10, {{0}}};
    struct trust_rotation to_two = {SG_TRUST_PLANNED, &more, 1, 1, 2, 0};
    struct trust_rotation to_three = {SG_TRUST_PLANNED, NULL, 0, 1, 3, 0};
    struct trust_rotation next = {SG_TRUST_PLANNED, NULL, 0, 2, 4, 1};
    struct sg_bytes rivals[] = {trust_rotate_as(world, 1, 2, &to_two),
                                trust_rotate_as(world, 1, 3, &to_three)};
    struct sg_bytes onward = trust_rotate_as(world, 2, 4, &next);
    struct sg_bytes beat = trust_heartbeat(world, 2, 1, 77);
    struct sg_trust_record records[2];
    struct sg_hash ids[2];
    struct sg_bytes dumps[2];
    unsigned smaller;

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        assert_ok(sg_trust_record_decode(rivals[i], &records[i]));
        ids[i] = sg_trust_record_id(&records[i], &world->registry);
    }
    smaller = memcmp(&ids[0], &ids[1], sizeof ids[0]) < 0 ? 0 : 1;
    for (unsigned first = 0; first < 2; first++) {
        struct sg_trust *trust = story_trust();

        assert_ok(story_add(trust, 1, 1, world->genesis));
        assert_ok(story_add(trust, 1, 3, rivals[first]));
        assert_ok(story_add(trust, 1, 5, onward));
        assert_ok(story_add(trust, 1, 6, beat));
        sg_trust_judge(trust);
        assert_int_equal(sg_trust_generation(trust), first == 0 ? 2 : 1);
        assert_int_equal(sg_trust_floor(trust).ms, first == 0 ? 77 : 0);
        assert_int_equal(sg_trust_counts(trust).rivals, 0);
        assert_ok(story_add(trust, 1, 4, rivals[1 - first]));
        sg_trust_judge(trust);
        assert_int_equal(sg_trust_counts(trust).rivals, 1);
        assert_int_equal(sg_trust_generation(trust), smaller == 0 ? 2 : 1);
        dumps[first] = story_dump(trust);
        sg_trust_free(trust);
    }
    if (smaller == 0)
        assert_true(sg_bytes_equal(dumps[0], dumps[1]));
}

/* What comes before what it needs is kept, and counts once that has come: a
 * statement of generation 2 before the rotations, a node_admit before its root,
 * the statements of an authority node before it is admitted. */
static void test_before(void **state)
{
    struct trust_world *world = &story.world;
    struct sg_certificate two = trust_certificate(
        world, 2, SG_CERTIFICATE_DISTRICT, story.keys[2], story.keys[2]);
    struct sg_trust *trust = story_trust();

    (void)state;
    assert_ok(story_add(trust, 7, 3, trust_admit(world, 2, 1, &two)));
    assert_ok(story_add(trust, 7, 4, trust_heartbeat(world, 2, 2, 1234)));
    assert_ok(story_add(trust, 1, 9,
                        trust_admit(world, 2, 3, &story.certificates[7])));
    assert_ok(sg_trust_add(trust, NULL, trust_rotate(world, 2, 1, NULL, 0)));
    sg_trust_judge(trust);
    assert_int_equal(sg_trust_counts(trust).waiting, 4);
    assert_ok(sg_trust_add(trust, NULL, world->genesis));
    sg_trust_judge(trust);
    assert_int_equal(sg_trust_generation(trust), 0);
    assert_int_equal(sg_trust_counts(trust).waiting, 4);
    assert_ok(sg_trust_add(trust, NULL, trust_rotate(world, 1, 1, NULL, 0)));
    assert_true(sg_trust_judge(trust));
    assert_int_equal(sg_trust_generation(trust), 2);
    assert_int_equal(sg_trust_counts(trust).waiting, 0);
    assert_int_equal(sg_trust_counts(trust).stand, 6);
    assert_int_equal(sg_trust_floor(trust).ms, 1234);
    assert_true(sg_trust_is_authority(trust, story.keys[7]));
    assert_verdict(trust, NULL, &two, OK, ACCEPTED);
    sg_trust_free(trust);
}

/* Statements count in logs of authority nodes alone; nobody admits himself. */
static void test_whose_log(void **state)
{
    struct trust_world *world = &story.world;
    struct sg_trust *trust = story_trust();

    (void)state;
    assert_ok(story_add(trust, 1, 1, world->genesis));
    assert_ok(story_add(trust, 2, 1, trust_heartbeat(world, 0, 2, 1234)));
    assert_ok(story_add(trust, 7, 1,
                        trust_admit(world, 0, 3, &story.certificates[7])));
    sg_trust_judge(trust);
    assert_int_equal(sg_trust_floor(trust).ms, 0);
    assert_false(sg_trust_is_authority(trust, story.keys[7]));
    assert_int_equal(sg_trust_counts(trust).waiting, 2);
    assert_ok(story_add(trust, 1, 2,
                        trust_admit(world, 0, 3, &story.certificates[7])));
    assert_ok(story_add(trust, 7, 2, trust_heartbeat(world, 0, 4, 99)));
    sg_trust_judge(trust);
    assert_int_equal(sg_trust_floor(trust).ms, 99);
    sg_trust_free(trust);
}

/* A node that was away judges by what its peer shows: the new root is believed,
 * certificates of the old one only as far as the authority's logs go. What the
 * old root, stolen meanwhile, said against somebody whom the new one has
 * certified limits him and does not shut him out. */
static void test_shown_by_chain(void **state)
{
    struct trust_world *world = &story.world;
    struct sg_trust *here = story_trust(), *there = story_trust();
    struct sg_certificate renewed = trust_certificate(
        world, 1, SG_CERTIFICATE_CENTRAL, story.keys[4], story.keys[4]);
    struct sg_certificate thief = trust_certificate(
        world, 0, SG_CERTIFICATE_CENTRAL, story.keys[5], story.keys[5]);
    struct sg_chain chain;

    (void)state;
    assert_ok(story_add(here, 1, 1, world->genesis));
    sg_trust_judge(here);
    assert_ok(story_add(there, 1, 1, world->genesis));
    assert_ok(story_add(there, 1, 3, trust_rotate(world, 1, 3, NULL, 0)));
    sg_trust_judge(there);
    chain = story_chain(there, 0, sg_trust_root(here, 0));
    assert_int_equal(chain.first, 1);
    assert_int_equal(chain.count, 1);
    assert_verdict(here, NULL, &renewed, UNTRUSTED, REFUSED);
    assert_verdict(here, &chain, &renewed, OK, ACCEPTED);
    assert_verdict(here, NULL, &thief, OK, ACCEPTED);
    assert_verdict(here, &chain, &thief, OK, LIMITED);
    assert_verdict(there, NULL, &thief, UNTRUSTED, REFUSED);

    assert_ok(story_add(
        here, 1, 4,
        trust_cut(world, 0, 4, story.keys[4], SG_TRUST_REVOKE, NULL, 0)));
    sg_trust_judge(here);
    assert_verdict(here, &chain, &renewed, OK, LIMITED);
    assert_ok(story_add(here, 1, 5, trust_heartbeat(world, 0, 5, UINT64_MAX)));
    sg_trust_judge(here);
    assert_verdict(here, &chain, &story.certificates[3], EXPIRED, REFUSED);
    assert_verdict(here, &chain, &renewed, OK, LIMITED);
    assert_ok(story_add(here, 1, 6, trust_rotate(world, 1, 3, NULL, 0)));
    sg_trust_judge(here);
    assert_verdict(here, &chain, &renewed, OK, ACCEPTED);
    sg_trust_free(here);
    sg_trust_free(there);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_genesis, story_begin),
        cmocka_unit_test_setup(test_admission, story_begin),
        cmocka_unit_test_setup(test_admission_of_bad_certificate, story_begin),
        cmocka_unit_test_setup(test_admission_of_other_certificate,
                               story_begin),
        cmocka_unit_test_setup(test_deny, story_begin),
        cmocka_unit_test_setup(test_floor, story_begin),
        cmocka_unit_test_setup(test_floor_of_before, story_begin),
        cmocka_unit_test_setup(test_rotation, story_begin),
        cmocka_unit_test_setup(test_who_rotates, story_begin),
        cmocka_unit_test_setup(test_rotation_unproved, story_begin),
        cmocka_unit_test_setup(test_rivals, story_begin),
        cmocka_unit_test_setup(test_before, story_begin),
        cmocka_unit_test_setup(test_whose_log, story_begin),
        cmocka_unit_test_setup(test_shown_by_chain, story_begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
