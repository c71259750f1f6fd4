#include "tests/lib/founding.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "replication/certificate.h"
#include "replication/chain.h"
#include "replication/root.h"
#include "storage/base/check.h"
#include "storage/lmdb/batch.h"
#include "storage/lmdb/key_store.h"
#include "storage/log/key_file.h"
#include "storage/registry/record_build.h"

#define PATH_SIZE 4096
#define BEGIN_MS  UINT64_C(1751302800000) /* 2025-07-01 in Vietnam */
#define BEGIN_DAY 20250701u
#define UNTIL_DAY 20350701u
#define UNIT      UINT64_C(10003820191201)

struct founder {
    char dir[PATH_SIZE];
    uint8_t node_secret[SG_KEY_SIZE], transport_secret[SG_KEY_SIZE];
    uint8_t node_key[SG_KEY_SIZE], transport_key[SG_KEY_SIZE];
    struct sg_sign_key sign;
    uint8_t certificate[SG_CERTIFICATE_SIZE];
};

struct founding {
    struct sg_registry_id registry;
    struct sg_sign_key root, next;
    uint8_t root_key[SG_KEY_SIZE], next_key[SG_KEY_SIZE];
    struct sg_buf genesis;
    uint64_t serial;
    size_t n;
    struct founder nodes[FOUNDING_NODES_MAX];
};

/* --- Files ------------------------------------------------------------------
 */

static void path_of(const struct founder *node, const char *name,
                    char ret[PATH_SIZE])
{
    int n = snprintf(ret, PATH_SIZE, "%s/%s", node->dir, name);

    SG_ASSERT(n > 0 && n < PATH_SIZE);
}

static void write_file(const struct founder *node, const char *name,
                       struct sg_bytes bytes)
{
    char path[PATH_SIZE];
    FILE *file;

    path_of(node, name, path);
    file = fopen(path, "wbe");
    SG_ASSERT(file != NULL);
    SG_ASSERT(fwrite(bytes.data, 1, bytes.size, file) == bytes.size);
    SG_ASSERT(fclose(file) == 0);
}

static void write_key(const struct founding *founding,
                      const struct founder *node, const char *name,
                      enum sg_key_kind kind, const uint8_t *secret)
{
    uint8_t file[SG_KEY_FILE_SIZE];
    char folder[PATH_SIZE];
    struct sg_key *key;

    path_of(node, "keys", folder);
    SG_ASSERT(sg_key_file_new(kind, &founding->registry, secret, &key) ==
              SG_OK);
    sg_key_file_encode(key, file);
    SG_ASSERT(sg_key_store_write(folder, name, SG_KEY_STORE_CREATE, file) ==
              SG_OK);
    sg_key_file_free(key);
}

/* --- Statements
 * --------------------------------------------------------------- */

struct statement {
    struct sg_record_head head;
    struct sg_record_copy copy;
    struct sg_record_build build;
};

static void begin(const struct founding *founding, struct statement *statement,
                  enum sg_type type)
{
    *statement = (struct statement){
        .head = {.type = type, .effective = {BEGIN_DAY}},
        .copy = {.hlc = BEGIN_MS << 16, .trust = SG_RECORD_TRUST_SYNCED},
    };
    sg_crypto_random(statement->head.submit.bytes,
                     sizeof statement->head.submit.bytes);
    if (type != SG_TYPE_GENESIS)
        statement->head.officer =
            sg_key_id_of(&founding->registry, SG_KEY_ROOT, founding->root_key);
    sg_record_build_init(&statement->build, &statement->head);
}

static void end(struct founding *founding, struct statement *statement,
                struct sg_buf *ret)
{
    const struct sg_registry_id *registry =
        statement->head.type == SG_TYPE_GENESIS ? NULL : &founding->registry;
    struct sg_hash id;

    sg_buf_init(ret, SG_RECORD_SIZE_MAX);
    SG_ASSERT(sg_record_build_end(&statement->build, &statement->copy,
                                  &founding->root, registry, ret,
                                  &id) == SG_OK);
}

static void make_genesis(struct founding *founding)
{
    struct sg_hash next = sg_root_commitment(founding->next_key);
    struct statement statement;
    struct sg_record record;
    struct sg_pack *pack;

    begin(founding, &statement, SG_TYPE_GENESIS);
    sg_record_build_uint(&statement.build, SG_FIELD_GENESIS_SERIAL, 1);
    sg_record_build_uint(&statement.build, SG_FIELD_GENESIS_FORMAT, 1);
    sg_record_build_str(&statement.build, SG_FIELD_GENESIS_TITLE,
                        SG_BYTES_TEXT("test"));
    pack = sg_record_build_field(&statement.build, SG_FIELD_GENESIS_ROOTS);
    sg_pack_array(pack, 1);
    sg_pack_bin(pack, SG_BYTES_ARRAY(founding->root_key));
    sg_record_build_bin(&statement.build, SG_FIELD_GENESIS_NEXT,
                        SG_BYTES_ARRAY(next.bytes));
    sg_record_build_bin(&statement.build, SG_FIELD_GENESIS_WRITER,
                        SG_BYTES_ARRAY(founding->nodes[0].node_key));
    sg_record_build_uint(&statement.build, SG_FIELD_GENESIS_THRESHOLD, 1);
    sg_record_build_uint(&statement.build, SG_FIELD_GENESIS_TEST, 1);
    sg_record_build_uint(&statement.build, SG_FIELD_GENESIS_CENTRE, UNIT);
    end(founding, &statement, &founding->genesis);
    SG_ASSERT(sg_record_decode(sg_buf_bytes(&founding->genesis), &record) ==
              SG_OK);
    sg_record_registry(record.inner, &founding->registry);
}

static enum sg_certificate_role role_of(size_t node)
{
    return node == 0 ? SG_CERTIFICATE_AUTHORITY : SG_CERTIFICATE_DISTRICT;
}

static void certify(struct founding *founding, size_t number)
{
    struct founder *node = &founding->nodes[number];
    struct sg_certificate certificate = {
        .role = role_of(number),
        .epochs = 16,
        .serial = (uint32_t)number + 1,
        .unit = UNIT,
        .from = {BEGIN_DAY},
        .until = {UNTIL_DAY},
    };

    memcpy(certificate.node_key, node->node_key, SG_KEY_SIZE);
    memcpy(certificate.transport_key, node->transport_key, SG_KEY_SIZE);
    sg_certificate_sign(&certificate, &founding->registry, &founding->root);
    sg_certificate_encode(&certificate, node->certificate);
}

static void make_admit(struct founding *founding, size_t number,
                       struct sg_buf *ret)
{
    const struct founder *node = &founding->nodes[number];
    struct statement statement;

    begin(founding, &statement, SG_TYPE_NODE_ADMIT);
    sg_record_build_uint(&statement.build, SG_FIELD_NODE_ADMIT_SERIAL,
                         founding->serial++);
    sg_record_build_bin(&statement.build, SG_FIELD_NODE_ADMIT_CERTIFICATE,
                        SG_BYTES_ARRAY(node->certificate));
    sg_record_build_bin(&statement.build, SG_FIELD_NODE_ADMIT_NODE,
                        SG_BYTES_ARRAY(node->node_key));
    sg_record_build_uint(&statement.build, SG_FIELD_NODE_ADMIT_ROLE,
                         role_of(number));
    sg_record_build_uint(&statement.build, SG_FIELD_NODE_ADMIT_FROM, BEGIN_DAY);
    sg_record_build_uint(&statement.build, SG_FIELD_NODE_ADMIT_UNTIL,
                         UNTIL_DAY);
    end(founding, &statement, ret);
}

/* --- Directories
 * ---------------------------------------------------------------- */

static void write_chain(const struct founding *founding,
                        const struct founder *node)
{
    struct sg_writer writer;
    struct sg_buf chain;

    sg_buf_init(&chain, 2 * SG_RECORD_SIZE_MAX);
    sg_writer_init_buf(&writer, &chain);
    sg_chain_begin(&writer, SG_CHAIN_FROM_GENESIS);
    sg_chain_put(&writer, sg_buf_bytes(&founding->genesis));
    SG_ASSERT(sg_writer_end(&writer) == SG_OK);
    write_file(node, "chain", sg_buf_bytes(&chain));
    sg_buf_clear(&chain);
}

static void append(struct sg_store *store, struct sg_batch *batch,
                   struct sg_bytes payload)
{
    const struct sg_store_own *own = sg_store_own(store, 0);
    struct sg_entry entry;

    SG_ASSERT(sg_entry_make(sg_store_hasher(store), SG_ENTRY_PLAIN, 0, payload,
                            &entry) == SG_OK);
    SG_ASSERT(sg_batch_append(batch, own->number, own->signed_checkpoint.size,
                              &entry, 1) == SG_OK);
    SG_ASSERT(sg_batch_commit(batch) == SG_OK);
}

/* Opens the store of node NUMBER once, so that its log begins; the authority
 * says what it has to say. */
static void write_log(struct founding *founding, size_t number)
{
    const struct founder *node = &founding->nodes[number];
    const struct sg_store_config config = {.dir = node->dir};
    const struct sg_store_key key = {&node->sign, SG_LOG_RECORDS};
    struct sg_store *store;
    struct sg_batch *batch;

    SG_ASSERT(sg_store_create(&config, &founding->registry) == SG_OK);
    SG_ASSERT(sg_store_open(&config, &key, 1, &store) == SG_OK);
    SG_ASSERT(sg_batch_new(store, &batch) == SG_OK);
    if (number == 0)
        append(store, batch, sg_buf_bytes(&founding->genesis));
    for (size_t i = 0; i < founding->n && number == 0; i++) {
        struct sg_buf admit;

        make_admit(founding, i, &admit);
        append(store, batch, sg_buf_bytes(&admit));
        sg_buf_clear(&admit);
    }
    sg_batch_free(batch);
    sg_store_close(store);
}

static void write_node(struct founding *founding, size_t number)
{
    const struct founder *node = &founding->nodes[number];
    uint8_t scope[SG_KEY_SIZE];

    SG_ASSERT(mkdir(node->dir, 0700) == 0);
    sg_crypto_random(scope, sizeof scope);
    write_key(founding, node, "node", SG_KEY_NODE, node->node_secret);
    write_key(founding, node, "transport", SG_KEY_TRANSPORT,
              node->transport_secret);
    write_key(founding, node, "scope", SG_KEY_SCOPE, scope);
    write_file(node, "certificate", SG_BYTES_ARRAY(node->certificate));
    write_chain(founding, node);
    write_log(founding, number);
}

static void draw(struct founding *founding, const char *parent)
{
    uint8_t seed[SG_KEY_SIZE];

    sg_crypto_random(seed, sizeof seed);
    sg_crypto_sign_keypair(seed, &founding->root, founding->root_key);
    sg_crypto_random(seed, sizeof seed);
    sg_crypto_sign_keypair(seed, &founding->next, founding->next_key);
    for (size_t i = 0; i < founding->n; i++) {
        struct founder *node = &founding->nodes[i];
        int n = snprintf(node->dir, sizeof node->dir, "%s/%zu", parent, i);

        SG_ASSERT(n > 0 && n < PATH_SIZE);
        sg_crypto_random(node->node_secret, SG_KEY_SIZE);
        sg_crypto_sign_keypair(node->node_secret, &node->sign, node->node_key);
        sg_crypto_random(node->transport_secret, SG_KEY_SIZE);
        sg_crypto_x25519_public(node->transport_secret, node->transport_key);
    }
}

void founding_make(const char *parent, size_t n)
{
    static struct founding founding;

    SG_ASSERT(n >= 1 && n <= FOUNDING_NODES_MAX);
    SG_ASSERT(sg_crypto_init() == SG_OK);
    founding = (struct founding){.n = n, .serial = 2};
    draw(&founding, parent);
    make_genesis(&founding);
    for (size_t i = 0; i < n; i++)
        certify(&founding, i);
    for (size_t i = 0; i < n; i++)
        write_node(&founding, i);
    sg_buf_clear(&founding.genesis);
}
