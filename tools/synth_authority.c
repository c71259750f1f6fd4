#include "tools/synth_authority.h"

#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/registry/codes.h"
#include "storage/registry/unit_put.h"

#define STATEMENTS_SIZE_MAX (1 << 26)
#define STATEMENTS_FIRST    256u
#define HLC                 (UINT64_C(1577836800000) << 16) /* 2020-01-01 */
#define FOUNDED             20200101u
#define UNTIL               20990101u
#define TODAY_MS            UINT64_C(1717200000000) /* 2024-06-01 */
#define OFFICERS_OF_A_NODE  2u

/* Seeds of keys: this byte, 32 times. */
enum seed {
    SEED_NODE = 1,
    SEED_CAMPAIGN = 0xc0, /* of a uid */
    SEED_ROOT = 0xf0,
    SEED_NEXT = 0xf1,
};

struct sg_synth_authority {
    struct sg_registry_id registry;
    struct sg_sign_key root;
    struct sg_key_id root_id;
    unsigned n_nodes;
    struct sg_buf payloads;
    size_t *ends; /* of each statement in payloads */
    size_t count, capacity;
    /* The statement at hand. */
    struct sg_record_head head;
    struct sg_record_build build;
};

static void key_of(unsigned seed, struct sg_sign_key *ret_key,
                   uint8_t ret_public[SG_KEY_SIZE])
{
    uint8_t bytes[SG_KEY_SIZE];

    memset(bytes, (int)seed, sizeof(bytes));
    sg_crypto_sign_keypair(bytes, ret_key, ret_public);
}

/* --- one statement ----------------------------------------------------- */

static struct sg_record_build *begin(struct sg_synth_authority *said,
                                     enum sg_type type)
{
    said->head = (struct sg_record_head){
        .type = type, .effective = {FOUNDED}, .officer = said->root_id};
    sg_bytes_put_u64be(said->head.submit.bytes, said->count);
    sg_record_build_init(&said->build, &said->head);
    sg_record_build_uint(&said->build, 0, said->count + 1); /* the serial */
    return &said->build;
}

/* Makes room for one more statement. */
static enum sg_err reserve(struct sg_synth_authority *said)
{
    size_t capacity =
        said->capacity == 0 ? STATEMENTS_FIRST : said->capacity * 2;
    size_t *ends;

    if (said->count < said->capacity)
        return SG_OK;
    ends = sg_realloc(said->ends, capacity * sizeof(*ends));
    if (ends == NULL)
        return SG_ERR_NOMEM;
    said->ends = ends;
    said->capacity = capacity;
    return SG_OK;
}

static enum sg_err end(struct sg_synth_authority *said)
{
    struct sg_record_copy copy = {.hlc = HLC + said->count,
                                  .trust = SG_RECORD_TRUST_SYNCED,
                                  .position = said->count + 1};
    bool is_genesis = said->count == 0;
    struct sg_hash id;
    enum sg_err err = reserve(said);

    if (err != SG_OK) {
        sg_record_build_clear(&said->build);
        return err;
    }
    err = sg_record_build_end(&said->build, &copy, &said->root,
                              is_genesis ? NULL : &said->registry,
                              &said->payloads, &id);
    if (err == SG_OK)
        said->ends[said->count++] = said->payloads.size;
    return err;
}

size_t sg_synth_authority_count(const struct sg_synth_authority *said)
{
    return said->count;
}

struct sg_bytes sg_synth_authority_statement(
    const struct sg_synth_authority *said, size_t no)
{
    size_t first;

    SG_ASSERT(no < said->count);
    first = no == 0 ? 0 : said->ends[no - 1];
    return sg_bytes(said->payloads.data + first, said->ends[no] - first);
}

/* --- all of them ------------------------------------------------------- */

static enum sg_err found(struct sg_synth_authority *said,
                         const struct sg_unit_table *units)
{
    uint8_t root[SG_KEY_SIZE], node[SG_KEY_SIZE];
    uint8_t next[1 + SG_KEY_SIZE] = {SG_KEY_ROOT};
    struct sg_sign_key secret;
    struct sg_record_build *build = begin(said, SG_TYPE_GENESIS);
    struct sg_record record;
    struct sg_hash commitment;
    struct sg_pack *pack;
    enum sg_err err;

    said->head.officer = (struct sg_key_id){{0}};
    key_of(SEED_ROOT, &said->root, root);
    key_of(SEED_NEXT, &secret, next + 1);
    key_of(SEED_NODE + said->n_nodes, &secret, node);
    sg_crypto_purpose_hash("sogoc v1 key id", NULL, next, sizeof(next),
                           &commitment);
    sg_record_build_uint(build, SG_FIELD_GENESIS_FORMAT, 1);
    sg_record_build_str(build, SG_FIELD_GENESIS_TITLE,
                        SG_BYTES_TEXT("Sổ gốc thử nghiệm"));
    pack = sg_record_build_field(build, SG_FIELD_GENESIS_ROOTS);
    sg_pack_array(pack, 1);
    sg_pack_bin(pack, SG_BYTES_ARRAY(root));
    sg_record_build_bin(build, SG_FIELD_GENESIS_NEXT,
                        SG_BYTES_ARRAY(commitment.bytes));
    sg_record_build_bin(build, SG_FIELD_GENESIS_WRITER, SG_BYTES_ARRAY(node));
    sg_record_build_uint(build, SG_FIELD_GENESIS_THRESHOLD, 1);
    sg_record_build_uint(build, SG_FIELD_GENESIS_TEST, 1);
    sg_record_build_uint(build, SG_FIELD_GENESIS_CENTRE,
                         sg_unit_table_get(units, 0)->key.value);
    err = end(said);
    if (err != SG_OK)
        return err;
    err = sg_record_decode(sg_synth_authority_statement(said, 0), &record);
    SG_ASSERT(err == SG_OK);
    sg_record_registry(record.inner, &said->registry);
    said->root_id = sg_key_id_of(&said->registry, SG_KEY_ROOT, root);
    return SG_OK;
}

static enum sg_err state_unit(struct sg_synth_authority *said,
                              const struct sg_unit *unit)
{
    sg_unit_put_unit(begin(said, SG_TYPE_UNIT), unit);
    return end(said);
}

static enum sg_err state_edges(struct sg_synth_authority *said,
                               const struct sg_unit_table *units,
                               const struct sg_unit *unit)
{
    const struct sg_unit_edge *edges;
    size_t count;

    edges = sg_unit_edges_from(units, unit->key, &count);
    if (count == 0)
        return SG_OK;
    sg_unit_put_edges(begin(said, SG_TYPE_UNIT_SUCCESSION), unit, edges, count);
    return end(said);
}

static enum sg_err state_units(struct sg_synth_authority *said,
                               const struct sg_unit_table *units)
{
    enum sg_err err = SG_OK;

    for (size_t i = 0; err == SG_OK && i < sg_unit_table_size(units); i++) {
        const struct sg_unit *unit = sg_unit_table_get(units, i);

        err = state_unit(said, unit);
        if (err == SG_OK)
            err = state_edges(said, units, unit);
    }
    return err;
}

static enum sg_err state_codes(struct sg_synth_authority *said)
{
    enum sg_err err = SG_OK;

    for (unsigned i = SG_TABLE_FORM; err == SG_OK && i <= SG_TABLE_ISO_COUNTRY;
         i++) {
        const struct sg_codes_table *table =
            sg_codes_shipped((enum sg_schema_table)i);

        if (table == NULL)
            continue;
        sg_codes_put(begin(said, SG_TYPE_CODE_TABLE), table);
        err = end(said);
    }
    return err;
}

static enum sg_err state_node(struct sg_synth_authority *said, unsigned node)
{
    uint8_t certificate[SG_CERTIFICATE_SIZE] = {1, SG_AUTHORITY_ROLE_DISTRICT,
                                                0, 1};
    struct sg_record_build *build = begin(said, SG_TYPE_NODE_ADMIT);
    uint8_t key[SG_KEY_SIZE];

    /* What a certificate says of role, key and days; it opens no session. */
    sg_synth_authority_node(said, node, key);
    memcpy(certificate + 16, key, sizeof(key));
    sg_bytes_put_u32be(certificate + 80, FOUNDED);
    sg_bytes_put_u32be(certificate + 84, UNTIL);
    sg_record_build_bin(build, SG_FIELD_NODE_ADMIT_CERTIFICATE,
                        SG_BYTES_ARRAY(certificate));
    sg_record_build_bin(build, SG_FIELD_NODE_ADMIT_NODE, SG_BYTES_ARRAY(key));
    sg_record_build_uint(build, SG_FIELD_NODE_ADMIT_ROLE,
                         SG_AUTHORITY_ROLE_DISTRICT);
    sg_record_build_uint(build, SG_FIELD_NODE_ADMIT_FROM, FOUNDED);
    sg_record_build_uint(build, SG_FIELD_NODE_ADMIT_UNTIL, UNTIL);
    return end(said);
}

enum sg_err sg_synth_authority_new(const struct sg_unit_table *units,
                                   unsigned n_nodes,
                                   struct sg_synth_authority **ret_said)
{
    struct sg_synth_authority *said;
    enum sg_err err;

    if (n_nodes == 0 || n_nodes > SG_SYNTH_NODES_MAX)
        return SG_ERR_INVALID;
    said = sg_calloc(1, sizeof(*said));
    if (said == NULL)
        return SG_ERR_NOMEM;
    said->n_nodes = n_nodes;
    sg_buf_init(&said->payloads, STATEMENTS_SIZE_MAX);
    err = found(said, units);
    if (err == SG_OK)
        err = state_units(said, units);
    if (err == SG_OK)
        err = state_codes(said);
    for (unsigned node = 0; err == SG_OK && node < n_nodes; node++)
        err = state_node(said, node);
    if (err != SG_OK) {
        sg_synth_authority_free(said);
        return err;
    }
    *ret_said = said;
    return SG_OK;
}

void sg_synth_authority_free(struct sg_synth_authority *said)
{
    if (said == NULL)
        return;
    sg_buf_clear(&said->payloads);
    sg_free(said->ends);
    sg_free(said);
}

const struct sg_registry_id *sg_synth_authority_registry(
    const struct sg_synth_authority *said)
{
    return &said->registry;
}

uint64_t sg_synth_authority_position(const struct sg_synth_authority *said)
{
    /* Entry 0 is the log's opening. */
    return 1 + said->count + said->n_nodes * OFFICERS_OF_A_NODE;
}

static enum sg_err grant_one(struct sg_synth_authority *said,
                             const uint8_t key[SG_KEY_SIZE], unsigned roles)
{
    struct sg_record_build *build = begin(said, SG_TYPE_OFFICER_GRANT);
    struct sg_pack *pack;

    sg_record_build_bin(build, SG_FIELD_OFFICER_GRANT_OFFICER,
                        sg_bytes(key, SG_KEY_SIZE));
    sg_record_build_uint(build, SG_FIELD_OFFICER_GRANT_ROLES, roles);
    pack = sg_record_build_field(build, SG_FIELD_OFFICER_GRANT_UNITS);
    sg_pack_array(pack, 1);
    sg_pack_uint(pack, 0);
    sg_record_build_uint(build, SG_FIELD_OFFICER_GRANT_FROM, FOUNDED);
    sg_record_build_uint(build, SG_FIELD_OFFICER_GRANT_UNTIL, UNTIL);
    sg_record_build_str(build, SG_FIELD_OFFICER_GRANT_LABEL,
                        SG_BYTES_TEXT("CB"));
    return end(said);
}

enum sg_err sg_synth_authority_grant(struct sg_synth_authority *said,
                                     const struct sg_synth_history *history)
{
    static const unsigned roles[OFFICERS_OF_A_NODE] = {
        SG_ROLE_CAPTURE, SG_ROLE_APPROVE | SG_ROLE_ADJUDICATE};
    enum sg_err err = SG_OK;

    for (unsigned node = 0; node < said->n_nodes; node++)
        for (unsigned k = 0; err == SG_OK && k < OFFICERS_OF_A_NODE; k++) {
            uint8_t key[SG_KEY_SIZE];

            sg_synth_history_officer(history, node, k == 1, key);
            err = grant_one(said, key, roles[k]);
        }
    return err;
}

static enum sg_err state_campaign(struct sg_synth_authority *said,
                                  unsigned state)
{
    struct sg_record_build *build = begin(said, SG_TYPE_CAMPAIGN);
    struct sg_pack *pack;

    memset(said->head.subject.bytes, SEED_CAMPAIGN,
           sizeof said->head.subject.bytes);
    sg_record_build_str(build, SG_FIELD_CAMPAIGN_TITLE,
                        SG_BYTES_TEXT("Cấp thẻ căn cước"));
    sg_record_build_uint(build, SG_FIELD_CAMPAIGN_STATE, state);
    sg_record_build_uint(build, SG_FIELD_CAMPAIGN_GOAL, 1);
    sg_record_build_uint(build, SG_FIELD_CAMPAIGN_AGE, 14);
    sg_record_build_uint(build, SG_FIELD_CAMPAIGN_RESIDENCE, 1);
    sg_record_build_uint(build, SG_FIELD_CAMPAIGN_REFERENCE, 20230601);
    sg_record_build_uint(build, SG_FIELD_CAMPAIGN_COMMITTED, 20230930);
    sg_record_build_uint(build, SG_FIELD_CAMPAIGN_MANDATED, 20231231);
    pack = sg_record_build_field(build, SG_FIELD_CAMPAIGN_UNITS);
    sg_pack_array(pack, 1);
    sg_pack_uint(pack, SG_UNIT_COUNTRY.value);
    return end(said);
}

enum sg_err sg_synth_authority_campaign(struct sg_synth_authority *said)
{
    static const unsigned states[] = {1, 2, 3}; /* draft, frozen, running */
    enum sg_err err = SG_OK;

    for (size_t i = 0; err == SG_OK && i < sizeof states / sizeof states[0];
         i++)
        err = state_campaign(said, states[i]);
    if (err != SG_OK)
        return err;
    sg_record_build_uint(begin(said, SG_TYPE_HEARTBEAT),
                         SG_FIELD_HEARTBEAT_TIME, TODAY_MS);
    return end(said);
}

void sg_synth_authority_sign_key(const struct sg_synth_authority *said,
                                 unsigned node, struct sg_sign_key *ret_key,
                                 uint8_t ret_public[SG_KEY_SIZE])
{
    SG_ASSERT(node <= said->n_nodes);
    key_of(SEED_NODE + node, ret_key, ret_public);
}

void sg_synth_authority_node(const struct sg_synth_authority *said,
                             unsigned node, uint8_t ret_key[SG_KEY_SIZE])
{
    struct sg_sign_key secret;

    sg_synth_authority_sign_key(said, node, &secret, ret_key);
}

struct sg_log_id sg_synth_authority_log(const struct sg_synth_authority *said,
                                        unsigned node)
{
    struct sg_log_core core = {.kind = SG_LOG_RECORDS};

    sg_synth_authority_node(said, node, core.node_key);
    return sg_entry_log_id(&said->registry, &core);
}

enum sg_err sg_synth_authority_state(const struct sg_synth_authority *said,
                                     struct sg_authority **ret_authority)
{
    struct sg_authority_place place = {
        .log = sg_synth_authority_log(said, said->n_nodes)};
    struct sg_authority *authority = NULL;
    uint8_t key[SG_KEY_SIZE];
    enum sg_err err;

    sg_synth_authority_node(said, said->n_nodes, key);
    err = sg_authority_new(&said->registry, NULL, NULL, &authority);
    for (size_t i = 0; err == SG_OK && i < said->count; i++) {
        place.index = i + 1;
        err = sg_authority_add(authority, sg_synth_authority_statement(said, i),
                               &place, key);
    }
    if (err == SG_OK)
        err = sg_authority_seal(authority);
    if (err != SG_OK) {
        sg_authority_free(authority);
        return err;
    }
    *ret_authority = authority;
    return SG_OK;
}
