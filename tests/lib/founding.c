#include "tests/lib/founding.h"

#include <stdio.h>
#include <stdlib.h>
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
#include "storage/registry/unit_file.h"
#include "tools/synth_authority.h"
#include "tools/synth_history.h"
#include "tools/synth_text.h"

#define PATH_SIZE 4096
#define BEGIN_MS  FOUNDING_BEGIN_MS
#define BEGIN_DAY 20250701u
#define UNTIL_DAY 20350701u
#define UNIT      UINT64_C(10003820191201)

/* Communes: more than there are. */
#define UNITS_MAX 1024
/* Nodes from this number on read what the centre reads, as node 0 does. */
#define CENTRE_FROM 3

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
    /* What the authority says besides; NULL: nothing. */
    struct sg_synth_authority *said;
    /* Communes where forms are handed in, and homes. */
    struct sg_unit_key units[UNITS_MAX];
    size_t n_units;
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

/* What the synthetic authority says, said by ours: the same fields, signed by
 * this root. What only founds its own registry is left out. */
static bool repeat(struct founding *founding, size_t no, struct sg_buf *ret)
{
    struct statement statement;
    struct sg_record record;
    struct sg_bytes payload = sg_synth_authority_statement(founding->said, no);

    SG_ASSERT(sg_record_decode(payload, &record) == SG_OK);
    if (record.type == SG_TYPE_GENESIS || record.type == SG_TYPE_NODE_ADMIT)
        return false;
    begin(founding, &statement, (enum sg_type)record.type);
    statement.head.effective = record.effective;
    statement.head.subject = record.subject;
    for (unsigned field = 0; field < SG_FIELD_COUNT_MAX; field++)
        if (sg_record_has(&record, field))
            sg_pack_raw(sg_record_build_field(&statement.build, field),
                        record.fields[field]);
    end(founding, &statement, ret);
    return true;
}

/* A scope key's secret for one node. */
struct wrap {
    struct sg_key_id reader;
    uint8_t box[SG_KEY_SIZE + SG_BOX_OVERHEAD];
};

static int compare_wraps(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct sg_key_id));
}

static void make_wrap(const struct founding *founding,
                      const struct founder *node, struct sg_bytes secret,
                      struct wrap *ret)
{
    ret->reader = sg_key_id_of(&founding->registry, SG_KEY_TRANSPORT,
                               node->transport_key);
    SG_ASSERT(sg_crypto_box_seal(node->transport_key, secret, ret->box,
                                 sizeof ret->box) == SG_OK);
}

/* SECRET for NODE and the last MORE nodes, in the order of their key ids. */
static void pack_wraps(const struct founding *founding,
                       const struct founder *node, size_t more,
                       struct sg_bytes secret, struct sg_pack *pack)
{
    struct wrap wraps[1 + FOUNDING_NODES_MAX];
    size_t count = 0;

    make_wrap(founding, node, secret, &wraps[count++]);
    for (size_t i = founding->n - more; i < founding->n; i++)
        make_wrap(founding, &founding->nodes[i], secret, &wraps[count++]);
    qsort(wraps, count, sizeof wraps[0], compare_wraps);
    sg_pack_array(pack, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        sg_pack_array(pack, 2);
        sg_pack_bin(pack, SG_BYTES_ARRAY(wraps[i].reader.bytes));
        sg_pack_bin(pack, SG_BYTES_ARRAY(wraps[i].box));
    }
}

/* The scope key of UNIT, whose secret goes to NODE and to the last MORE nodes.
 * Others than the writer's own: what he writes is sealed for them. */
static void make_scope(struct founding *founding, struct sg_unit_key unit,
                       const struct founder *node, size_t more,
                       struct sg_buf *ret)
{
    uint8_t secret[SG_KEY_SIZE], public_key[SG_KEY_SIZE];
    struct statement statement;

    sg_crypto_x25519_keypair(secret, public_key);
    begin(founding, &statement, SG_TYPE_SCOPE_KEY);
    sg_record_build_uint(&statement.build, SG_FIELD_SCOPE_KEY_SERIAL,
                         founding->serial++);
    sg_record_build_uint(&statement.build, SG_FIELD_SCOPE_KEY_UNIT, unit.value);
    sg_record_build_bin(&statement.build, SG_FIELD_SCOPE_KEY_PUBLIC,
                        SG_BYTES_ARRAY(public_key));
    sg_record_build_uint(&statement.build, SG_FIELD_SCOPE_KEY_STATE, 1);
    pack_wraps(
        founding, node, more, SG_BYTES_ARRAY(secret),
        sg_record_build_field(&statement.build, SG_FIELD_SCOPE_KEY_WRAPS));
    end(founding, &statement, ret);
    sg_crypto_wipe(secret, sizeof secret);
}

/* --- Officers -------------------------------------------------------------
 */

/* Those of tests, beside those of the forms. */
static const struct {
    const char *name;
    unsigned roles;
    bool is_local; /* granted one commune; else the country */
} officers[] = {
    {"cb-0001", SG_ROLE_CAPTURE, false},
    {"cb-0002", SG_ROLE_APPROVE | SG_ROLE_ADJUDICATE, false},
    {"cb-0003", SG_ROLE_AUDIT | SG_ROLE_ADMINISTER, false},
    {"cb-0004", SG_ROLE_CAPTURE, true},
};

#define N_OFFICERS (sizeof officers / sizeof officers[0])

/* Makes officer NUMBER: his key file, under the passphrase "words of NAME", in
 * all directories, and his grant. */
static void make_officer(struct founding *founding, size_t number,
                         struct sg_buf *ret)
{
    uint8_t file[SG_KEY_FILE_SIZE];
    char words[64], name[32], folder[PATH_SIZE];
    struct sg_key_file_wrap wrap;
    struct statement statement;
    struct sg_pack *pack;
    struct sg_key *key;

    (void)snprintf(words, sizeof words, "words of %s", officers[number].name);
    (void)snprintf(name, sizeof name, "officer-%s", officers[number].name);
    SG_ASSERT(sg_key_file_draw(SG_KEY_OFFICER, &founding->registry, &key) ==
              SG_OK);
    sg_key_file_wrap_draw(&sg_crypto_argon2id_interactive, &wrap);
    SG_ASSERT(sg_key_file_encode_wrapped(key, sg_bytes(words, strlen(words)),
                                         &wrap, file) == SG_OK);
    for (size_t i = 0; i < founding->n; i++) {
        path_of(&founding->nodes[i], "keys", folder);
        SG_ASSERT(sg_key_store_write(folder, name, SG_KEY_STORE_CREATE, file) ==
                  SG_OK);
    }
    begin(founding, &statement, SG_TYPE_OFFICER_GRANT);
    sg_record_build_uint(&statement.build, SG_FIELD_OFFICER_GRANT_SERIAL,
                         founding->serial++);
    sg_record_build_bin(&statement.build, SG_FIELD_OFFICER_GRANT_OFFICER,
                        SG_BYTES_ARRAY(key->public_key));
    sg_record_build_uint(&statement.build, SG_FIELD_OFFICER_GRANT_ROLES,
                         officers[number].roles);
    pack =
        sg_record_build_field(&statement.build, SG_FIELD_OFFICER_GRANT_UNITS);
    sg_pack_array(pack, 1);
    sg_pack_uint(pack,
                 officers[number].is_local ? founding->units[0].value : 0);
    sg_record_build_uint(&statement.build, SG_FIELD_OFFICER_GRANT_FROM,
                         BEGIN_DAY);
    sg_record_build_uint(&statement.build, SG_FIELD_OFFICER_GRANT_UNTIL,
                         UNTIL_DAY);
    sg_record_build_str(
        &statement.build, SG_FIELD_OFFICER_GRANT_LABEL,
        sg_bytes(officers[number].name, strlen(officers[number].name)));
    end(founding, &statement, ret);
    sg_key_file_free(key);
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

/* What goes into one commit: a flush for each of a thousand statements would
 * take seconds. */
struct pages {
    size_t count;
    struct sg_buf bufs[SG_COMMIT_ENTRIES_MAX];
    struct sg_entry entries[SG_COMMIT_ENTRIES_MAX];
};

/* Adds a page: its buffer, to be filled. */
static struct sg_buf *add_page(struct pages *pages)
{
    SG_ASSERT(pages->count < SG_COMMIT_ENTRIES_MAX);
    return &pages->bufs[pages->count++];
}

static void append(struct sg_store *store, struct sg_batch *batch,
                   struct pages *pages)
{
    const struct sg_store_own *own = sg_store_own(store, 0);

    for (size_t i = 0; i < pages->count; i++)
        SG_ASSERT(sg_entry_make(sg_store_hasher(store), SG_ENTRY_PLAIN, 0,
                                sg_buf_bytes(&pages->bufs[i]),
                                &pages->entries[i]) == SG_OK);
    SG_ASSERT(sg_batch_append(batch, own->number, own->signed_checkpoint.size,
                              pages->entries, pages->count) == SG_OK);
    SG_ASSERT(sg_batch_commit(batch) == SG_OK);
    while (pages->count > 0)
        sg_buf_clear(&pages->bufs[--pages->count]);
}

/* The authority's log: the genesis, whom it admits, what else it says. */
static void write_authority(struct founding *founding, struct sg_store *store,
                            struct sg_batch *batch)
{
    static struct pages pages;
    size_t n =
        founding->said == NULL ? 0 : sg_synth_authority_count(founding->said);
    struct sg_buf *genesis = add_page(&pages);

    sg_buf_init(genesis, SG_RECORD_SIZE_MAX);
    SG_ASSERT(sg_buf_append(genesis, sg_buf_bytes(&founding->genesis)) ==
              SG_OK);
    for (size_t i = 0; i < founding->n; i++)
        make_admit(founding, i, add_page(&pages));
    for (size_t i = 0; i < n; i++) {
        SG_ASSERT(pages.count < SG_COMMIT_ENTRIES_MAX);
        if (repeat(founding, i, &pages.bufs[pages.count]))
            pages.count++;
    }
    for (size_t i = 0; i < N_OFFICERS && n > 0; i++)
        make_officer(founding, i, add_page(&pages));
    if (n > 0)
        make_scope(founding, (struct sg_unit_key){UNIT}, &founding->nodes[0],
                   founding->n > CENTRE_FROM ? founding->n - CENTRE_FROM : 0,
                   add_page(&pages));
    for (size_t i = 0; i < founding->n_units; i++)
        make_scope(founding, founding->units[i],
                   &founding->nodes[founding->n > 1], 0, add_page(&pages));
    append(store, batch, &pages);
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
        write_authority(founding, store, batch);
    sg_batch_free(batch);
    sg_store_close(store);
}

static void write_node(struct founding *founding, size_t number)
{
    const struct founder *node = &founding->nodes[number];
    uint8_t scope[SG_KEY_SIZE];

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

/* --- Forms ----------------------------------------------------------------
 */

static void note_unit(struct founding *founding, struct sg_unit_key unit)
{
    for (size_t i = 0; i < founding->n_units; i++)
        if (sg_unit_key_equal(founding->units[i], unit))
            return;
    SG_ASSERT(founding->n_units < UNITS_MAX);
    founding->units[founding->n_units++] = unit;
}

/* And what has become of them when the register begins. */
static void note_heirs(struct founding *founding,
                       const struct sg_unit_table *units)
{
    size_t n = founding->n_units;

    for (size_t i = 0; i < n; i++)
        note_unit(founding, sg_unit_carry(units, founding->units[i],
                                          (struct sg_date){BEGIN_DAY})
                                .unit);
}

static void write_form(FILE *file, const struct sg_synth_record *written)
{
    struct sg_buf line;

    sg_buf_init(&line, 2 * SG_RECORD_SIZE_MAX);
    SG_ASSERT(sg_synth_text_form(written, &line) == SG_OK);
    SG_ASSERT(fwrite(line.data, 1, line.size, file) == line.size);
    sg_buf_clear(&line);
}

static void write_forms(struct founding *founding, const char *parent,
                        struct sg_synth_history *history)
{
    const struct sg_synth_person *person;
    const struct sg_synth_record *records;
    char path[PATH_SIZE];
    size_t count;
    FILE *file;
    int n = snprintf(path, sizeof path, "%s/forms.jsonl", parent);

    SG_ASSERT(n > 0 && n < PATH_SIZE);
    file = fopen(path, "wbe");
    SG_ASSERT(file != NULL);
    do {
        SG_ASSERT(sg_synth_history_next(history, &person, &records, &count) ==
                  SG_OK);
        for (size_t i = 0; i < count; i++) {
            struct sg_record record;

            write_form(file, &records[i]);
            SG_ASSERT(sg_record_decode(records[i].payload, &record) == SG_OK);
            note_unit(founding, record.copy.capture);
            note_unit(founding, record.copy.home);
        }
    } while (count > 0);
    SG_ASSERT(fclose(file) == 0);
}

/* --- All of it ------------------------------------------------------------
 */

static void found(struct founding *founding, const char *parent, size_t n)
{
    SG_ASSERT(n >= 1 && n <= FOUNDING_NODES_MAX);
    SG_ASSERT(sg_crypto_init() == SG_OK);
    *founding = (struct founding){.n = n, .serial = 2};
    draw(founding, parent);
    make_genesis(founding);
    for (size_t i = 0; i < n; i++)
        certify(founding, i);
}

static void write_all(struct founding *founding)
{
    for (size_t i = 0; i < founding->n; i++)
        SG_ASSERT(mkdir(founding->nodes[i].dir, 0700) == 0);
    for (size_t i = 0; i < founding->n; i++)
        write_node(founding, i);
    sg_buf_clear(&founding->genesis);
}

void founding_make(const char *parent, size_t n)
{
    static struct founding founding;

    found(&founding, parent, n);
    write_all(&founding);
}

void founding_make_forms(const char *parent, size_t n, size_t citizens)
{
    static struct founding founding;
    struct sg_synth_history_options options;
    struct sg_synth_history *history;
    struct sg_unit_table *units;

    found(&founding, parent, n);
    SG_ASSERT(sg_unit_file_read(sg_unit_file_shipped(), &units, NULL) == SG_OK);
    sg_synth_history_options_init(&options, citizens, 1);
    options.n_nodes = (unsigned)n;
    options.registry = founding.registry;
    SG_ASSERT(sg_synth_authority_new(units, (unsigned)n, &founding.said) ==
              SG_OK);
    SG_ASSERT(sg_synth_history_new(&options, units, &history) == SG_OK);
    SG_ASSERT(sg_synth_authority_grant(founding.said, history) == SG_OK);
    write_forms(&founding, parent, history);
    note_heirs(&founding, units);
    write_all(&founding);
    sg_synth_history_free(history);
    sg_synth_authority_free(founding.said);
    sg_unit_table_free(units);
}
