/* The authority of a simulated registry: the genesis, certificates, heartbeats,
 * a revocation, a rotation of the root. Written with the registry's own
 * builder, so that replication's reader is tried on what the product writes. */
#include "tests/sim/authority.h"

#include <stdlib.h>
#include <string.h>

#include "replication/certificate.h"
#include "replication/trust_record.h"
#include "storage/base/check.h"
#include "storage/registry/record_build.h"
#include "tests/sim/memory.h"
#include "tests/sim/secret.h"

#define BEGIN_MS  UINT64_C(1751302800000) /* 2025-07-01 in Vietnam */
#define BEGIN_DAY 20250701u
#define UNTIL_DAY 20350701u
#define UNIT      UINT64_C(10003820191201)

/* A statement lists no more logs than fit a record. */
#define STANDS_MAX 20u
#define ERASED_MAX 4u
#define TYPE_LATER 29u
#define REF_SIZE                                                \
    sizeof(struct sg_ref) /* any will do: nothing reads it here \
                           */

struct statement {
    struct sg_record_head head;
    struct sg_record_copy copy;
    struct sg_record_build build;
};

static void begin(struct world *world, struct statement *statement,
                  enum sg_type type)
{
    struct authority *authority = &world->authority;

    *statement = (struct statement){
        .head = {.type = type, .effective = {BEGIN_DAY}},
        .copy = {.hlc = (BEGIN_MS + world->now_ms) << 16,
                 .trust = SG_RECORD_TRUST_SYNCED,
                 .position = 0},
    };
    sg_prng_bytes(&world->prng, statement->head.submit.bytes,
                  sizeof statement->head.submit.bytes);
    if (type != SG_TYPE_GENESIS)
        statement->head.officer =
            sg_key_id_of(&world->registry, SG_KEY_ROOT,
                         authority->roots[authority->generation].public_key);
    sg_record_build_init(&statement->build, &statement->head);
}

static void end(struct world *world, struct statement *statement,
                struct sg_buf *ret)
{
    struct authority *authority = &world->authority;
    const struct sg_registry_id *registry =
        statement->head.type == SG_TYPE_GENESIS ? NULL : &world->registry;
    struct sg_hash id;

    sg_buf_init(ret, SG_RECORD_SIZE_MAX);
    SG_ASSERT(sg_record_build_end(&statement->build, &statement->copy,
                                  &authority->roots[authority->generation].key,
                                  registry, ret, &id) == SG_OK);
}

/* What was made goes into the authority's log. */
static void publish(struct world *world, struct statement *statement)
{
    struct sg_buf payload;

    end(world, statement, &payload);
    store_append(world, &world->nodes[0], SG_ENTRY_PLAIN,
                 sg_buf_bytes(&payload));
    sg_buf_clear(&payload);
}

static struct sg_hash commitment(const struct authority_root *root)
{
    static const struct sg_hash none;
    struct sg_hash hash;
    uint8_t bytes[1 + SG_KEY_SIZE] = {5};

    memcpy(bytes + 1, root->public_key, SG_KEY_SIZE);
    sg_crypto_purpose_hash("sogoc v1 key id", &none, bytes, sizeof bytes,
                           &hash);
    return hash;
}

static void pack_stand(struct sg_pack *pack, const struct disk_log *log,
                       bool has_signature)
{
    sg_pack_array(pack, has_signature ? 4 : 3);
    sg_pack_bin(pack, sg_bytes(log->id.hash.bytes, 32));
    sg_pack_uint(pack, log->known.size);
    sg_pack_bin(pack, sg_bytes(log->known.root.bytes, 32));
    if (has_signature)
        sg_pack_bin(pack, sg_bytes(log->known.signature, SG_SIGNATURE_SIZE));
}

/* --- Founding ----------------------------------------------------------------
 */

static void make_genesis(struct world *world)
{
    struct authority *authority = &world->authority;
    struct sg_hash next = commitment(&authority->roots[1]);
    struct statement statement;
    struct sg_record record;
    struct sg_pack *pack;

    begin(world, &statement, SG_TYPE_GENESIS);
    sg_record_build_uint(&statement.build, SG_FIELD_GENESIS_SERIAL, 1);
    sg_record_build_uint(&statement.build, SG_FIELD_GENESIS_FORMAT, 1);
    sg_record_build_str(&statement.build, SG_FIELD_GENESIS_TITLE,
                        sg_bytes("sim", 3));
    pack = sg_record_build_field(&statement.build, SG_FIELD_GENESIS_ROOTS);
    sg_pack_array(pack, 1);
    sg_pack_bin(pack, sg_bytes(authority->roots[0].public_key, SG_KEY_SIZE));
    sg_record_build_bin(&statement.build, SG_FIELD_GENESIS_NEXT,
                        sg_bytes(next.bytes, sizeof next.bytes));
    sg_record_build_bin(&statement.build, SG_FIELD_GENESIS_WRITER,
                        sg_bytes(world->nodes[0].public_key, SG_KEY_SIZE));
    sg_record_build_uint(&statement.build, SG_FIELD_GENESIS_THRESHOLD, 1);
    sg_record_build_uint(&statement.build, SG_FIELD_GENESIS_TEST, 1);
    sg_record_build_uint(&statement.build, SG_FIELD_GENESIS_CENTRE, UNIT);
    end(world, &statement, &authority->genesis);
    SG_ASSERT(sg_record_decode(sg_buf_bytes(&authority->genesis), &record) ==
              SG_OK);
    sg_record_registry(record.inner, &world->registry);
}

static void certify(struct world *world, struct node *node)
{
    struct authority *authority = &world->authority;
    struct sg_certificate certificate = {
        .role = (enum sg_certificate_role)node->role,
        .generation = authority->generation,
        .epochs = 16,
        .serial = node->number + 1,
        .unit = UNIT,
        .from = {BEGIN_DAY},
        .until = {UNTIL_DAY},
    };

    memcpy(certificate.node_key, node->public_key, SG_KEY_SIZE);
    memcpy(certificate.transport_key, node->transport_public, SG_KEY_SIZE);
    sg_certificate_sign(&certificate, &world->registry,
                        &authority->roots[authority->generation].key);
    sg_certificate_encode(&certificate, node->certificate);
}

static void admit(struct world *world, const struct node *node)
{
    struct statement statement;

    begin(world, &statement, SG_TYPE_NODE_ADMIT);
    sg_record_build_uint(&statement.build, SG_FIELD_NODE_ADMIT_SERIAL,
                         world->authority.serial++);
    sg_record_build_bin(&statement.build, SG_FIELD_NODE_ADMIT_CERTIFICATE,
                        sg_bytes(node->certificate, SG_CERTIFICATE_SIZE));
    sg_record_build_bin(&statement.build, SG_FIELD_NODE_ADMIT_NODE,
                        sg_bytes(node->public_key, SG_KEY_SIZE));
    sg_record_build_uint(&statement.build, SG_FIELD_NODE_ADMIT_ROLE,
                         node->role);
    sg_record_build_uint(&statement.build, SG_FIELD_NODE_ADMIT_FROM, BEGIN_DAY);
    sg_record_build_uint(&statement.build, SG_FIELD_NODE_ADMIT_UNTIL,
                         UNTIL_DAY);
    publish(world, &statement);
}

void authority_found(struct world *world)
{
    struct authority *authority = &world->authority;
    uint8_t seed[SG_KEY_SIZE];

    authority->serial = 2;
    for (size_t i = 0; i < AUTHORITY_ROOTS; i++) {
        secret_key(&world->prng, seed);
        sg_crypto_sign_keypair(seed, &authority->roots[i].key,
                               authority->roots[i].public_key);
    }
    make_genesis(world);
    for (uint32_t i = 0; i < world->n_originals; i++)
        certify(world, &world->nodes[i]);
}

void authority_chain(struct world *world, struct sg_buf *ret)
{
    struct sg_writer writer;

    sg_buf_init(ret, SG_RECORD_SIZE_MAX);
    sg_writer_init_buf(&writer, ret);
    sg_writer_u8(&writer, SG_HELLO_NO_GENERATION);
    sg_writer_varint(&writer, world->authority.genesis.size);
    sg_writer_bytes(&writer, sg_buf_bytes(&world->authority.genesis));
    SG_ASSERT(sg_writer_end(&writer) == SG_OK);
}

void authority_admit_all(struct world *world)
{
    for (uint32_t i = 0; i < world->n_originals; i++)
        admit(world, &world->nodes[i]);
}

void authority_first(struct world *world, const struct node *node,
                     const struct sg_log_id *log, struct sg_buf *ret)
{
    struct authority *authority = &world->authority;
    struct statement statement;
    struct sg_pack *pack;
    uint32_t n = 0;

    (void)node;
    if (authority->logs++ == 0) {
        sg_buf_init(ret, SG_RECORD_SIZE_MAX);
        SG_ASSERT(sg_buf_append(ret, sg_buf_bytes(&authority->genesis)) ==
                  SG_OK);
        return;
    }
    begin(world, &statement, SG_TYPE_AUTHORITY_LOG);
    sg_record_build_uint(&statement.build, SG_FIELD_AUTHORITY_LOG_SERIAL,
                         authority->serial++);
    sg_record_build_uint(&statement.build, SG_FIELD_AUTHORITY_LOG_GENERATION,
                         authority->logs - 1);
    sg_record_build_bin(&statement.build, SG_FIELD_AUTHORITY_LOG_LOG,
                        sg_bytes(log->hash.bytes, 32));
    pack = sg_record_build_field(&statement.build,
                                 SG_FIELD_AUTHORITY_LOG_STANDS_ON);
    for (size_t i = 0; i < world->nodes[0].disk.n_logs; i++)
        n += world->nodes[0].disk.logs[i]->is_own;
    sg_pack_array(pack, n);
    for (size_t i = 0; i < world->nodes[0].disk.n_logs; i++)
        if (world->nodes[0].disk.logs[i]->is_own)
            pack_stand(pack, world->nodes[0].disk.logs[i], false);
    end(world, &statement, ret);
}

/* --- Speaking
 * ------------------------------------------------------------------ */

static void beat(struct world *world)
{
    struct statement statement;

    begin(world, &statement, SG_TYPE_HEARTBEAT);
    sg_record_build_uint(&statement.build, SG_FIELD_HEARTBEAT_SERIAL,
                         world->authority.serial++);
    sg_record_build_uint(&statement.build, SG_FIELD_HEARTBEAT_TIME,
                         BEGIN_MS + world->now_ms);
    world->authority.beat_ms = BEGIN_MS + world->now_ms;
    publish(world, &statement);
}

/* Gives NODE's logs that a cut lets stand, ascending by id; of more than fit
 * the first ones. */
static uint32_t find_standing(const struct disk *disk, const struct node *node,
                              const struct disk_log *ret[STANDS_MAX])
{
    uint32_t n = 0;

    for (size_t i = 0; i < disk->n_logs && n < STANDS_MAX; i++) {
        uint32_t at = n;

        if (!authority_stands(disk->logs[i], node))
            continue;
        for (; at > 0 && memcmp(&ret[at - 1]->id, &disk->logs[i]->id,
                                sizeof ret[0]->id) > 0;
             at--)
            ret[at] = ret[at - 1];
        ret[at] = disk->logs[i];
        n++;
    }
    return n;
}

/* Revokes a district: what the authority holds of its logs stands. */
static void revoke(struct world *world)
{
    uint32_t victim =
        2 + (uint32_t)sg_prng_below(&world->prng, world->n_originals - 2);
    struct node *node = &world->nodes[victim];
    const struct disk_log *standing[STANDS_MAX];
    struct statement statement;
    struct sg_pack *pack;
    uint32_t n;

    n = find_standing(&world->nodes[0].disk, node, standing);
    if (node->is_revoked)
        return;
    begin(world, &statement, SG_TYPE_NODE_CUT);
    sg_record_build_uint(&statement.build, SG_FIELD_NODE_CUT_SERIAL,
                         world->authority.serial++);
    sg_record_build_bin(&statement.build, SG_FIELD_NODE_CUT_NODE,
                        sg_bytes(node->public_key, SG_KEY_SIZE));
    sg_record_build_uint(&statement.build, SG_FIELD_NODE_CUT_WHAT, 3);
    pack = sg_record_build_field(&statement.build, SG_FIELD_NODE_CUT_STANDS);
    sg_pack_array(pack, n);
    for (size_t i = 0; i < n; i++) {
        pack_stand(pack, standing[i], true);
        oracle_stands(&world->oracle, node->public_key, &standing[i]->id,
                      standing[i]->known.size);
    }
    sg_record_build_uint(&statement.build, SG_FIELD_NODE_CUT_REASON, 2);
    publish(world, &statement);
    /* What it does not list is cut to nothing, even when it lists nothing. */
    oracle_stands(&world->oracle, node->public_key, &(struct sg_log_id){0}, 0);
    for (uint32_t i = 0; i < world->n_nodes; i++)
        if (world->nodes[i].identity == victim)
            world->nodes[i].is_revoked = true;
    world_trace(world, 0, "revoke", NULL, victim, n, 0);
    world->changed[NEMESIS_REVOKE]++;
}

bool authority_stands(const struct disk_log *log, const struct node *node)
{
    return memcmp(log->core.node_key, node->public_key, SG_KEY_SIZE) == 0 &&
           log->known.size > 0 && log->known.size <= log->n_slots &&
           log->branch == 0;
}

static void build_rotation(struct world *world, struct statement *statement,
                           const uint8_t proof[SG_SIGNATURE_SIZE],
                           uint64_t serial)
{
    struct authority *authority = &world->authority;
    const struct disk *disk = &world->nodes[0].disk;
    const struct authority_root *root =
        &authority->roots[authority->generation + 1];
    struct sg_hash next = commitment(root + 1);
    struct sg_pack *pack;
    uint32_t n = 0;

    sg_record_build_init(&statement->build, &statement->head);
    sg_record_build_uint(&statement->build, SG_FIELD_ROOT_ROTATE_SERIAL,
                         serial);
    sg_record_build_uint(&statement->build, SG_FIELD_ROOT_ROTATE_GENERATION,
                         authority->generation + 1u);
    sg_record_build_bin(&statement->build, SG_FIELD_ROOT_ROTATE_ROOT,
                        sg_bytes(root->public_key, SG_KEY_SIZE));
    pack =
        sg_record_build_field(&statement->build, SG_FIELD_ROOT_ROTATE_STANDS);
    for (size_t i = 0; i < disk->n_logs; i++)
        n += disk->logs[i]->is_own;
    sg_pack_array(pack, n);
    for (size_t i = 0; i < disk->n_logs; i++)
        if (disk->logs[i]->is_own)
            pack_stand(pack, disk->logs[i], false);
    sg_record_build_bin(&statement->build, SG_FIELD_ROOT_ROTATE_PROOF,
                        sg_bytes(proof, SG_SIGNATURE_SIZE));
    sg_record_build_uint(&statement->build, SG_FIELD_ROOT_ROTATE_REASON, 1);
    sg_record_build_bin(&statement->build, SG_FIELD_ROOT_ROTATE_NEXT,
                        sg_bytes(next.bytes, sizeof next.bytes));
}

static void rotate(struct world *world)
{
    struct authority *authority = &world->authority;
    uint8_t proof[SG_SIGNATURE_SIZE] = {0};
    uint64_t serial = authority->serial++;
    struct statement statement;
    struct sg_buf draft;
    struct sg_hash id;

    if (authority->generation + 2u >= AUTHORITY_ROOTS)
        return;
    begin(world, &statement, SG_TYPE_ROOT_ROTATE);
    sg_record_build_clear(&statement.build);
    build_rotation(world, &statement, proof, serial);
    sg_buf_init(&draft, SG_RECORD_SIZE_MAX);
    SG_ASSERT(sg_record_build_end(&statement.build, &statement.copy, NULL,
                                  &world->registry, &draft, &id) == SG_OK);
    sg_buf_clear(&draft);
    SG_ASSERT(sg_record_sign(&authority->roots[authority->generation + 1].key,
                             &world->registry, &id, proof) == SG_OK);
    build_rotation(world, &statement, proof, serial);
    publish(world, &statement);
    authority->generation++;
    authority->serial = 1;
    world_trace(world, 0, "rotate", NULL, authority->generation, 0, 0);
    world->changed[NEMESIS_ROTATE]++;
}

/* Draws an entry of somebody's that the authority holds and that may be
 * erased. */
static bool choose_entry(struct world *world, struct oracle_order *ret)
{
    const struct disk *disk = &world->nodes[0].disk;
    const struct disk_log *log =
        disk->logs[sg_prng_below(&world->prng, disk->n_logs)];
    uint64_t index = sg_prng_below(&world->prng, log->n_slots + 1);

    *ret = (struct oracle_order){log->id, index};
    return log->branch == 0 && index < log->n_slots &&
           log->slots[index].place->entry.kind == SG_ENTRY_SEALED;
}

/* A statement of a type that no version knows, or of a later schema: a
 * heartbeat's bytes with another number there. Readers pass it over before they
 * ask who signed it. */
static void say_later(struct world *world)
{
    struct statement statement;
    struct sg_trust_record record;
    struct sg_buf payload;
    bool has_later_type = sg_prng_chance(&world->prng, 500);
    size_t at = 0;

    begin(world, &statement, SG_TYPE_HEARTBEAT);
    sg_record_build_uint(&statement.build, SG_FIELD_HEARTBEAT_SERIAL,
                         world->authority.serial);
    sg_record_build_uint(&statement.build, SG_FIELD_HEARTBEAT_TIME,
                         BEGIN_MS + world->now_ms + WORLD_DAY * 365);
    end(world, &statement, &payload);
    while (payload.data[at] != SG_TYPE_HEARTBEAT)
        at++;
    if (has_later_type)
        payload.data[at] = TYPE_LATER;
    else
        payload.data[at + 1]++; /* the schema */
    SG_ASSERT(sg_trust_record_decode(sg_buf_bytes(&payload), &record) ==
              (has_later_type ? SG_ERR_NOTFOUND : SG_ERR_VERSION));
    store_append(world, &world->nodes[0], SG_ENTRY_PLAIN,
                 sg_buf_bytes(&payload));
    sg_buf_clear(&payload);
    world->changed[NEMESIS_MINOR]++;
}

static int compare_orders(const void *a, const void *b)
{
    const struct oracle_order *first = a;
    const struct oracle_order *second = b;
    int by_log = memcmp(&first->log, &second->log, sizeof first->log);

    if (by_log != 0)
        return by_log;
    return first->index < second->index ? -1 : first->index > second->index;
}

/* Returns how many of the N, in order, are left. */
static uint32_t drop_doubles(struct oracle_order *orders, uint32_t n)
{
    uint32_t left = 1;

    for (uint32_t i = 1; i < n; i++)
        if (compare_orders(&orders[left - 1], &orders[i]) != 0)
            orders[left++] = orders[i];
    return left;
}

/* What a day's decision names: a few entries of several logs. */
static void order_erasure(struct world *world)
{
    struct oracle_order orders[ERASED_MAX];
    struct statement statement;
    struct sg_pack *pack;
    uint32_t n = 0;

    for (unsigned i = 0; i < 4 * ERASED_MAX && n < ERASED_MAX; i++)
        n += choose_entry(world, &orders[n]);
    if (n == 0)
        return;
    begin(world, &statement, SG_TYPE_ERASURE);
    sg_record_build_uint(&statement.build, SG_FIELD_ERASURE_SERIAL,
                         world->authority.serial++);
    sg_record_build_str(&statement.build, SG_FIELD_ERASURE_ORDER,
                        sg_bytes("1", 1));
    sg_record_build_str(&statement.build, SG_FIELD_ERASURE_CLAUSE,
                        sg_bytes("14", 2));
    sg_record_build_uint(&statement.build, SG_FIELD_ERASURE_REASON, 1);
    pack = sg_record_build_field(&statement.build, SG_FIELD_ERASURE_ENTRIES);
    qsort(orders, n, sizeof orders[0], compare_orders);
    n = drop_doubles(orders, n);
    sg_pack_array(pack, n);
    for (uint32_t i = 0; i < n; i++) {
        sg_pack_array(pack, 4);
        sg_pack_bin(pack, SG_BYTES_ARRAY(orders[i].log.hash.bytes));
        sg_pack_uint(pack, orders[i].index);
        sg_pack_bin(pack, sg_bytes(orders[i].log.hash.bytes, REF_SIZE));
        sg_pack_array(pack, 0);
        oracle_ordered(&world->oracle, &orders[i].log, orders[i].index);
    }
    sg_record_build_uint(&statement.build, SG_FIELD_ERASURE_ORDERED, BEGIN_DAY);
    publish(world, &statement);
    world_trace(world, 0, "erase", NULL, n, 0, 0);
}

void authority_speak(struct world *world, uint64_t what)
{
    if (!world->nodes[0].is_up)
        return;
    switch (what) {
    case AUTHORITY_BEAT:
        beat(world);
        return;
    case AUTHORITY_REVOKE:
        revoke(world);
        return;
    case AUTHORITY_LATER:
        say_later(world);
        return;
    case AUTHORITY_ERASE:
        order_erasure(world);
        return;
    default:
        rotate(world);
        return;
    }
}
