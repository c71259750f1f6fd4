/* An authority for tests: root keys by generation, and the statements that they
 * sign, as plain records.
 *
 * Its users link sg_replication, which is why it is a header alone. What it
 * gives lives until much more was given (tests/lib/hex.h).
 */
#ifndef SG_TESTS_LIB_TRUST_H
#define SG_TESTS_LIB_TRUST_H

#include <string.h>

#include "replication/root.h"
#include "replication/trust.h"
#include "replication/trust_record.h"
#include "storage/base/pack.h"
#include "tests/lib/test.h"

#define TRUST_ROOTS 20

struct trust_world {
    struct sg_registry_id registry;
    struct sg_sign_key roots[TRUST_ROOTS];
    uint8_t root_keys[TRUST_ROOTS][SG_KEY_SIZE];
    struct sg_bytes genesis;
    uint8_t submits; /* one for each record */
};

/* A record that is being written. */
struct trust_draft {
    unsigned type;
    uint8_t subject[16];
    struct sg_buf body;
    struct sg_pack pack;
};

static inline struct sg_bytes trust_live(struct sg_buf *buf)
{
    struct sg_bytes bytes = sg_hex(sg_hex_text(sg_buf_bytes(buf)));

    sg_buf_clear(buf);
    return bytes;
}

/* The node key of seed SEED 32 times. */
static inline struct sg_sign_key trust_key(uint8_t seed,
                                           uint8_t ret_public[SG_KEY_SIZE])
{
    uint8_t bytes[SG_KEY_SIZE];
    struct sg_sign_key key;

    assert_ok(sg_crypto_init());
    memset(bytes, seed, sizeof bytes);
    sg_crypto_sign_keypair(bytes, &key, ret_public);
    return key;
}

static inline struct sg_log_id trust_log(uint8_t number)
{
    struct sg_log_id log;

    memset(&log, number, sizeof log);
    return log;
}

/* Begins the record with SERIAL and N further fields. */
static inline void trust_begin(struct trust_draft *draft, unsigned type,
                               uint32_t n, uint64_t serial)
{
    *draft = (struct trust_draft){.type = type};
    sg_buf_init(&draft->body, 1 << 16);
    sg_pack_init(&draft->pack, &draft->body);
    sg_pack_map(&draft->pack, n + 1);
    sg_pack_uint(&draft->pack, 0);
    sg_pack_uint(&draft->pack, serial);
}

static inline void trust_uint(struct trust_draft *draft, unsigned no,
                              uint64_t value)
{
    sg_pack_uint(&draft->pack, no);
    sg_pack_uint(&draft->pack, value);
}

static inline void trust_bin(struct trust_draft *draft, unsigned no,
                             const void *bytes, size_t size)
{
    sg_pack_uint(&draft->pack, no);
    sg_pack_bin(&draft->pack, sg_bytes(bytes, size));
}

static inline void trust_str(struct trust_draft *draft, unsigned no,
                             const char *text)
{
    sg_pack_uint(&draft->pack, no);
    sg_pack_str(&draft->pack, sg_bytes(text, strlen(text)));
}

static inline void trust_stands(struct trust_draft *draft, unsigned no,
                                const struct sg_trust_stand *stands, size_t n,
                                bool is_signed)
{
    static const uint8_t signature[SG_SIGNATURE_SIZE] = {7};

    sg_pack_uint(&draft->pack, no);
    sg_pack_array(&draft->pack, (uint32_t)n);
    for (size_t i = 0; i < n; i++) {
        sg_pack_array(&draft->pack, is_signed ? 4 : 3);
        sg_pack_bin(&draft->pack, SG_BYTES_ARRAY(stands[i].log.hash.bytes));
        sg_pack_uint(&draft->pack, stands[i].size);
        sg_pack_bin(&draft->pack, SG_BYTES_ARRAY(stands[i].root.bytes));
        if (is_signed)
            sg_pack_bin(&draft->pack, SG_BYTES_ARRAY(signature));
    }
}

static inline struct sg_bytes trust_inner(struct trust_world *world,
                                          const struct trust_draft *draft,
                                          const struct sg_key_id *officer)
{
    uint8_t submit[16];
    struct sg_buf buf;
    struct sg_pack pack;

    memset(submit, world->submits, sizeof submit);
    sg_buf_init(&buf, 1 << 16);
    sg_pack_init(&pack, &buf);
    sg_pack_array(&pack, 9);
    sg_pack_uint(&pack, draft->type);
    sg_pack_uint(&pack, 1);
    sg_pack_bin(&pack, SG_BYTES_ARRAY(draft->subject));
    sg_pack_raw(&pack, sg_buf_bytes(&draft->body));
    sg_pack_array(&pack, 0);
    sg_pack_array(&pack, 3);
    sg_pack_uint(&pack, 0);
    sg_pack_str(&pack, SG_BYTES_TEXT(""));
    sg_pack_str(&pack, SG_BYTES_TEXT(""));
    sg_pack_uint(&pack, 20250701);
    sg_pack_bin(&pack, SG_BYTES_ARRAY(officer->bytes));
    sg_pack_bin(&pack, SG_BYTES_ARRAY(submit));
    assert_ok(sg_pack_end(&pack));
    return trust_live(&buf);
}

/* Puts the outer part around INNER. */
static inline struct sg_bytes trust_outer(
    struct sg_bytes inner, const uint8_t signature[SG_SIGNATURE_SIZE])
{
    struct sg_buf buf;
    struct sg_pack pack;

    sg_buf_init(&buf, 1 << 16);
    sg_pack_init(&pack, &buf);
    sg_pack_array(&pack, 2);
    sg_pack_raw(&pack, inner);
    sg_pack_array(&pack, 8);
    sg_pack_uint(&pack, 0);
    sg_pack_int(&pack, 0);
    sg_pack_uint(&pack, 2);
    sg_pack_uint(&pack, 0);
    sg_pack_uint(&pack, 0);
    sg_pack_nil(&pack);
    sg_pack_bin(&pack, sg_bytes(signature, SG_SIGNATURE_SIZE));
    sg_pack_map(&pack, 0);
    assert_ok(sg_pack_end(&pack));
    return trust_live(&buf);
}

/* Signs the record id of INNER, formed with REGISTRY. */
static inline void trust_sign(const struct sg_registry_id *registry,
                              const struct sg_sign_key *key,
                              struct sg_bytes inner,
                              uint8_t ret_signature[SG_SIGNATURE_SIZE])
{
    struct sg_hash id;

    sg_crypto_purpose_hash("sogoc v1 record", &registry->hash, inner.data,
                           inner.size, &id);
    assert_ok(sg_crypto_sign_purpose(key, "sogoc v1 record sig",
                                     &registry->hash, id.bytes, sizeof id.bytes,
                                     ret_signature));
}

/* Ends the record: signed by KEY, in the name of the root key OFFICER. */
static inline struct sg_bytes trust_end_as(struct trust_world *world,
                                           struct trust_draft *draft,
                                           const struct sg_sign_key *key,
                                           const uint8_t officer[SG_KEY_SIZE])
{
    struct sg_key_id id = sg_key_id_of(&world->registry, SG_KEY_ROOT, officer);
    uint8_t signature[SG_SIGNATURE_SIZE];
    struct sg_bytes inner;

    assert_ok(sg_pack_end(&draft->pack));
    world->submits++;
    inner = trust_inner(world, draft, &id);
    sg_buf_clear(&draft->body);
    trust_sign(&world->registry, key, inner, signature);
    return trust_outer(inner, signature);
}

/* Ends the record: signed by the root of GENERATION. */
static inline struct sg_bytes trust_end(struct trust_world *world,
                                        struct trust_draft *draft,
                                        unsigned generation)
{
    return trust_end_as(world, draft, &world->roots[generation],
                        world->root_keys[generation]);
}

/* Founds a registry: roots of seeds a0 and up, and a genesis that names WRITER,
 * a node key, and commits to the root of generation 1. */
static inline struct trust_world trust_found(const uint8_t writer[SG_KEY_SIZE])
{
    static const struct sg_key_id no_one = {{0}};
    struct trust_world world = {.submits = 0};
    struct sg_hash next;
    struct trust_draft draft;
    uint8_t signature[SG_SIGNATURE_SIZE];
    struct sg_bytes inner;

    for (uint8_t i = 0; i < TRUST_ROOTS; i++)
        world.roots[i] = trust_key((uint8_t)(0xa0 + i), world.root_keys[i]);
    next = sg_root_commitment(world.root_keys[1]);
    trust_begin(&draft, SG_TRUST_GENESIS, 8, 1);
    trust_uint(&draft, 1, 1);
    trust_str(&draft, 2, "Sổ gốc");
    sg_pack_uint(&draft.pack, 3);
    sg_pack_array(&draft.pack, 1);
    sg_pack_bin(&draft.pack, SG_BYTES_ARRAY(world.root_keys[0]));
    trust_bin(&draft, 4, next.bytes, sizeof next.bytes);
    trust_bin(&draft, 5, writer, SG_KEY_SIZE);
    trust_uint(&draft, 6, 1);
    trust_uint(&draft, 7, 1);
    trust_uint(&draft, 8, 0);
    assert_ok(sg_pack_end(&draft.pack));
    inner = trust_inner(&world, &draft, &no_one);
    sg_buf_clear(&draft.body);
    sg_crypto_purpose_hash("sogoc v1 registry", NULL, inner.data, inner.size,
                           &world.registry.hash);
    trust_sign(&world.registry, &world.roots[0], inner, signature);
    world.genesis = trust_outer(inner, signature);
    return world;
}

static inline struct sg_bytes trust_heartbeat(struct trust_world *world,
                                              unsigned generation,
                                              uint64_t serial, uint64_t ms)
{
    struct trust_draft draft;

    trust_begin(&draft, SG_TRUST_HEARTBEAT, 1, serial);
    trust_uint(&draft, 1, ms);
    return trust_end(world, &draft, generation);
}

/* A certificate for the node and transport key given, signed by the root of
 * GENERATION; valid until the end of 2030. */
static inline struct sg_certificate trust_certificate(
    const struct trust_world *world, unsigned generation,
    enum sg_certificate_role role, const uint8_t node_key[SG_KEY_SIZE],
    const uint8_t transport_key[SG_KEY_SIZE])
{
    struct sg_certificate certificate = {
        .role = role,
        .generation = (uint8_t)generation,
        .epochs = 16,
        .serial = 1,
        .from = {20250101},
        .until = {20301231},
    };

    memcpy(certificate.node_key, node_key, SG_KEY_SIZE);
    memcpy(certificate.transport_key, transport_key, SG_KEY_SIZE);
    sg_certificate_sign(&certificate, &world->registry,
                        &world->roots[generation]);
    return certificate;
}

static inline struct sg_bytes trust_admit(
    struct trust_world *world, unsigned generation, uint64_t serial,
    const struct sg_certificate *certificate)
{
    uint8_t bytes[SG_CERTIFICATE_SIZE];
    struct trust_draft draft;

    sg_certificate_encode(certificate, bytes);
    trust_begin(&draft, SG_TRUST_NODE_ADMIT, 5, serial);
    memcpy(draft.subject, certificate->node_key, sizeof draft.subject);
    trust_bin(&draft, 1, bytes, sizeof bytes);
    trust_bin(&draft, 2, certificate->node_key, SG_KEY_SIZE);
    trust_uint(&draft, 3, certificate->role);
    trust_uint(&draft, 4, certificate->from.ymd);
    trust_uint(&draft, 5, certificate->until.ymd);
    return trust_end(world, &draft, generation);
}

static inline struct sg_bytes trust_cut(struct trust_world *world,
                                        unsigned generation, uint64_t serial,
                                        const uint8_t node_key[SG_KEY_SIZE],
                                        enum sg_trust_what what,
                                        const struct sg_trust_stand *stands,
                                        size_t n)
{
    struct trust_draft draft;

    trust_begin(&draft, SG_TRUST_NODE_CUT, 4, serial);
    memcpy(draft.subject, node_key, sizeof draft.subject);
    trust_bin(&draft, 1, node_key, SG_KEY_SIZE);
    trust_uint(&draft, 2, what);
    trust_stands(&draft, 3, stands, n, /* is_signed= */ true);
    trust_uint(&draft, 4, 2);
    return trust_end(world, &draft, generation);
}

/* Lifts the statement that RECORD is. */
static inline struct sg_bytes trust_lift(struct trust_world *world,
                                         unsigned generation, uint64_t serial,
                                         struct sg_bytes record)
{
    struct sg_trust_record lifted;
    struct trust_draft draft;
    struct sg_hash id;

    assert_ok(sg_trust_record_decode(record, &lifted));
    id = sg_trust_record_id(&lifted, &world->registry);
    trust_begin(&draft, SG_TRUST_LIFT, 1, serial);
    sg_pack_uint(&draft.pack, 1);
    sg_pack_array(&draft.pack, 1);
    sg_pack_bin(&draft.pack, sg_bytes(id.bytes, SG_TRUST_REF_SIZE));
    return trust_end(world, &draft, generation);
}

/* Orders entries FIRST to FIRST + N - 1 of LOG to be erased. */
static inline struct sg_bytes trust_erase(struct trust_world *world,
                                          unsigned generation, uint64_t serial,
                                          const struct sg_log_id *log,
                                          uint64_t first, uint32_t n)
{
    static const uint8_t ref[SG_TRUST_REF_SIZE] = {5};
    struct trust_draft draft;

    trust_begin(&draft, SG_TRUST_ERASURE, 5, serial);
    trust_str(&draft, 1, "12/QD");
    trust_str(&draft, 2, "Luật 91/2025");
    trust_uint(&draft, 3, 1);
    sg_pack_uint(&draft.pack, 4);
    sg_pack_array(&draft.pack, n);
    for (uint32_t i = 0; i < n; i++) {
        sg_pack_array(&draft.pack, 4);
        sg_pack_bin(&draft.pack, SG_BYTES_ARRAY(log->hash.bytes));
        sg_pack_uint(&draft.pack, first + i);
        sg_pack_bin(&draft.pack, SG_BYTES_ARRAY(ref));
        sg_pack_array(&draft.pack, 1);
        sg_pack_bin(&draft.pack, SG_BYTES_ARRAY(ref));
    }
    trust_uint(&draft, 5, 20260101);
    return trust_end(world, &draft, generation);
}

/* Endorses entries FIRST to STAND's size; for one officer alone, or all. */
static inline struct sg_bytes trust_endorse(struct trust_world *world,
                                            unsigned generation,
                                            uint64_t serial, uint64_t first,
                                            const struct sg_trust_stand *stand,
                                            bool is_of_officer)
{
    static const uint8_t officer[SG_KEY_ID_SIZE] = {6};
    struct trust_draft draft;

    trust_begin(&draft, SG_TRUST_ENDORSE_RANGE, is_of_officer ? 6 : 5, serial);
    memcpy(draft.subject, stand->log.hash.bytes, sizeof draft.subject);
    trust_bin(&draft, 1, stand->log.hash.bytes, sizeof stand->log.hash.bytes);
    trust_uint(&draft, 2, first);
    trust_uint(&draft, 3, stand->size);
    trust_bin(&draft, 4, stand->root.bytes, sizeof stand->root.bytes);
    if (is_of_officer)
        trust_bin(&draft, 5, officer, sizeof officer);
    trust_str(&draft, 6, "đã xem xét");
    return trust_end(world, &draft, generation);
}

/* Says that LOG opens a generation of authority logs. */
static inline struct sg_bytes trust_opened(struct trust_world *world,
                                           unsigned generation, uint64_t serial,
                                           uint32_t opened,
                                           const struct sg_log_id *log,
                                           const struct sg_trust_stand *stands,
                                           size_t n)
{
    struct trust_draft draft;

    trust_begin(&draft, SG_TRUST_LOG, 3, serial);
    sg_bytes_put_u64be(draft.subject + 8, opened);
    trust_uint(&draft, 1, opened);
    trust_bin(&draft, 2, log->hash.bytes, sizeof log->hash.bytes);
    trust_stands(&draft, 3, stands, n, /* is_signed= */ false);
    return trust_end(world, &draft, generation);
}

/* What a rotation says beside its generation. */
struct trust_rotation {
    enum sg_trust_reason reason;
    const struct sg_trust_stand *stands;
    size_t n_stands;
    unsigned root;   /* the new root: world->roots[root] */
    unsigned next;   /* and the one it commits to */
    unsigned signer; /* beside the proof */
};

static inline struct sg_bytes trust_rotation_body(
    struct trust_world *world, unsigned generation, uint64_t serial,
    const struct trust_rotation *rotation,
    const uint8_t proof[SG_SIGNATURE_SIZE], struct trust_draft *draft)
{
    struct sg_hash next = sg_root_commitment(world->root_keys[rotation->next]);

    trust_begin(draft, SG_TRUST_ROOT_ROTATE, 6, serial);
    trust_uint(draft, 1, generation);
    trust_bin(draft, 2, world->root_keys[rotation->root], SG_KEY_SIZE);
    trust_stands(draft, 3, rotation->stands, rotation->n_stands, false);
    trust_bin(draft, 4, proof, SG_SIGNATURE_SIZE);
    trust_uint(draft, 5, rotation->reason);
    trust_bin(draft, 6, next.bytes, sizeof next.bytes);
    return trust_end(world, draft, rotation->signer);
}

/* Writes a rotation; the new root signs it once with zeros for its proof. */
static inline struct sg_bytes trust_rotate_as(
    struct trust_world *world, unsigned generation, uint64_t serial,
    const struct trust_rotation *rotation)
{
    uint8_t proof[SG_SIGNATURE_SIZE] = {0};
    struct trust_draft draft;
    struct sg_trust_record record;
    struct sg_bytes whole =
        trust_rotation_body(world, generation, serial, rotation, proof, &draft);

    assert_ok(sg_trust_record_decode(whole, &record));
    trust_sign(&world->registry, &world->roots[rotation->root], record.inner,
               proof);
    world->submits--; /* the same record, with its proof */
    return trust_rotation_body(world, generation, serial, rotation, proof,
                               &draft);
}

/* The planned rotation to GENERATION, by the roots in their order. */
static inline struct sg_bytes trust_rotate(struct trust_world *world,
                                           unsigned generation, uint64_t serial,
                                           const struct sg_trust_stand *stands,
                                           size_t n)
{
    struct trust_rotation rotation = {
        .reason = SG_TRUST_PLANNED,
        .stands = stands,
        .n_stands = n,
        .root = generation,
        .next = generation + 1,
        .signer = generation - 1,
    };

    return trust_rotate_as(world, generation, serial, &rotation);
}

#endif
