#include "tools/bench_logs.h"

#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/registry/record_build.h"
#include "storage/registry/schema.h"

#define HLC        (UINT64_C(1577836800000) << 16) /* 2020-01-01 */
#define FOUNDED    20200101u
#define UNTIL      20990101u
#define BYTES_MAX  ((size_t)1 << 30)
#define WRAPS_SIZE (3 * 88) /* a content key for three scopes */

/* Seeds of keys: this byte, 32 times. */
enum seed { SEED_MEMBER = 1, SEED_TRANSPORT = 0x80, SEED_ROOT = 0xf0 };

/* --- Members ------------------------------------------------------------- */

static void make_member(struct sg_bench_logs *logs, unsigned no)
{
    struct sg_bench_member *member = &logs->members[no];
    uint8_t seed[SG_KEY_SIZE];

    memset(seed, (int)(SEED_MEMBER + no), sizeof seed);
    sg_crypto_sign_keypair(seed, &member->key, member->node_key);
    memset(member->transport.secret, (int)(SEED_TRANSPORT + no), SG_KEY_SIZE);
    sg_crypto_x25519_public(member->transport.secret,
                            member->transport.public_key);
}

static void certify(struct sg_bench_logs *logs, unsigned no)
{
    struct sg_bench_member *member = &logs->members[no];
    struct sg_certificate certificate = {
        .role = no == 0 ? SG_CERTIFICATE_AUTHORITY : SG_CERTIFICATE_DISTRICT,
        .epochs = 8,
        .serial = no + 1,
        .from = {FOUNDED},
        .until = {UNTIL},
    };

    memcpy(certificate.node_key, member->node_key, SG_KEY_SIZE);
    memcpy(certificate.transport_key, member->transport.public_key,
           SG_KEY_SIZE);
    sg_certificate_sign(&certificate, &logs->registry, &logs->root);
    sg_certificate_encode(&certificate, member->certificate);
}

/* --- What the authority says --------------------------------------------- */

/* Ends the record that BUILD began under HEAD: the next payload. */
static enum sg_err state(struct sg_bench_logs *logs,
                         struct sg_record_build *build, size_t *ret_size)
{
    struct sg_record_copy copy = {.hlc = HLC + logs->serial,
                                  .trust = SG_RECORD_TRUST_SYNCED,
                                  .position = logs->serial};
    size_t before = logs->bytes.size;
    struct sg_hash id;
    enum sg_err err = sg_record_build_end(
        build, &copy, &logs->root, logs->serial == 1 ? NULL : &logs->registry,
        &logs->bytes, &id);

    *ret_size = logs->bytes.size - before;
    return err;
}

static void begin(struct sg_bench_logs *logs, enum sg_type type,
                  struct sg_record_head *head, struct sg_record_build *build)
{
    *head = (struct sg_record_head){
        .type = type, .effective = {FOUNDED}, .officer = logs->root_id};
    sg_bytes_put_u64be(head->submit.bytes, ++logs->serial);
    sg_record_build_init(build, head);
    sg_record_build_uint(build, 0, logs->serial);
}

static enum sg_err found(struct sg_bench_logs *logs)
{
    static const uint8_t next[1 + SG_KEY_SIZE] = {SG_KEY_ROOT, 1};
    uint8_t seed[SG_KEY_SIZE], root[SG_KEY_SIZE];
    struct sg_record_head head;
    struct sg_record_build build;
    struct sg_record record;
    struct sg_hash commitment;
    struct sg_pack *pack;
    enum sg_err err;

    memset(seed, SEED_ROOT, sizeof seed);
    sg_crypto_sign_keypair(seed, &logs->root, root);
    sg_crypto_purpose_hash("sogoc v1 key id", NULL, next, sizeof next,
                           &commitment);
    begin(logs, SG_TYPE_GENESIS, &head, &build);
    sg_record_build_uint(&build, SG_FIELD_GENESIS_FORMAT, 1);
    sg_record_build_str(&build, SG_FIELD_GENESIS_TITLE,
                        SG_BYTES_TEXT("Sổ gốc thử nghiệm"));
    pack = sg_record_build_field(&build, SG_FIELD_GENESIS_ROOTS);
    sg_pack_array(pack, 1);
    sg_pack_bin(pack, SG_BYTES_ARRAY(root));
    sg_record_build_bin(&build, SG_FIELD_GENESIS_NEXT,
                        SG_BYTES_ARRAY(commitment.bytes));
    sg_record_build_bin(&build, SG_FIELD_GENESIS_WRITER,
                        SG_BYTES_ARRAY(logs->members[0].node_key));
    sg_record_build_uint(&build, SG_FIELD_GENESIS_THRESHOLD, 1);
    sg_record_build_uint(&build, SG_FIELD_GENESIS_TEST, 1);
    sg_record_build_uint(&build, SG_FIELD_GENESIS_CENTRE, 0);
    logs->genesis_at = logs->bytes.size;
    err = state(logs, &build, &logs->genesis_size);
    if (err == SG_OK)
        err = sg_record_decode(
            sg_bytes(logs->bytes.data + logs->genesis_at, logs->genesis_size),
            &record);
    if (err != SG_OK)
        return err;
    sg_record_registry(record.inner, &logs->registry);
    logs->root_id = sg_key_id_of(&logs->registry, SG_KEY_ROOT, root);
    return SG_OK;
}

static enum sg_err admit(struct sg_bench_logs *logs, unsigned no,
                         size_t *ret_size)
{
    const struct sg_bench_member *member = &logs->members[no];
    struct sg_record_head head;
    struct sg_record_build build;

    begin(logs, SG_TYPE_NODE_ADMIT, &head, &build);
    sg_record_build_bin(&build, SG_FIELD_NODE_ADMIT_CERTIFICATE,
                        SG_BYTES_ARRAY(member->certificate));
    sg_record_build_bin(&build, SG_FIELD_NODE_ADMIT_NODE,
                        SG_BYTES_ARRAY(member->node_key));
    sg_record_build_uint(&build, SG_FIELD_NODE_ADMIT_ROLE,
                         member->certificate[1]);
    sg_record_build_uint(&build, SG_FIELD_NODE_ADMIT_FROM, FOUNDED);
    sg_record_build_uint(&build, SG_FIELD_NODE_ADMIT_UNTIL, UNTIL);
    return state(logs, &build, ret_size);
}

/* --- Logs ---------------------------------------------------------------- */

static enum sg_err begin_log(struct sg_bench_logs *logs, unsigned no,
                             size_t count)
{
    struct sg_bench_log *log = &logs->logs[no];

    log->core.kind = SG_LOG_RECORDS;
    memcpy(log->core.node_key, logs->members[no].node_key, SG_KEY_SIZE);
    log->core.epoch[0] = 1;
    log->id = sg_entry_log_id(&logs->registry, &log->core);
    log->count = count;
    log->entries = sg_calloc(count, sizeof log->entries[0]);
    if (log->entries == NULL)
        return SG_ERR_NOMEM;
    for (unsigned i = 0; i < SG_BENCH_LOGS_LEVELS && count >> i > 0; i++) {
        log->nodes[i] = sg_calloc(count >> i, sizeof log->nodes[i][0]);
        if (log->nodes[i] == NULL)
            return SG_ERR_NOMEM;
    }
    return SG_OK;
}

/* Notes the kind and size of an entry; its payload is the next in the bytes. */
static void note(struct sg_bench_log *log, size_t i, enum sg_entry_kind kind,
                 size_t size)
{
    log->entries[i].kind = (uint8_t)kind;
    log->entries[i].key_entry = kind == SG_ENTRY_SEALED ? 1 : 0;
    log->entries[i].length = (uint32_t)size;
}

static enum sg_err put_opening(struct sg_bench_logs *logs,
                               struct sg_bench_log *log)
{
    struct sg_opening opening = {.core = log->core};
    uint8_t bytes[SG_OPENING_SIZE_MAX];
    size_t size = sg_entry_opening_encode(&opening, bytes);

    note(log, 0, SG_ENTRY_OPENING, size);
    return sg_buf_append(&logs->bytes, sg_bytes(bytes, size));
}

/* Opening and admissions; the genesis already lies in the bytes, in front. */
static enum sg_err write_authority(struct sg_bench_logs *logs)
{
    struct sg_bench_log *log = &logs->logs[0];
    enum sg_err err = begin_log(logs, 0, logs->n_members + 2);
    size_t size;

    if (err == SG_OK)
        err = put_opening(logs, log);
    if (err != SG_OK)
        return err;
    note(log, 1, SG_ENTRY_PLAIN, logs->genesis_size);
    for (unsigned i = 0; i < logs->n_members && err == SG_OK; i++) {
        err = admit(logs, i, &size);
        note(log, 2 + i, SG_ENTRY_PLAIN, size);
    }
    return err;
}

static enum sg_err write_log(struct sg_bench_logs *logs, unsigned no,
                             size_t count, struct sg_bench_workload *workload,
                             struct sg_sealer *sealer)
{
    static const uint8_t wraps[WRAPS_SIZE], key[SG_KEY_SIZE] = {1};
    struct sg_bench_log *log = &logs->logs[no];
    struct sg_seal_keys keys;
    enum sg_err err = begin_log(logs, no, count);

    if (err == SG_OK)
        err = put_opening(logs, log);
    if (err != SG_OK)
        return err;
    note(log, 1, SG_ENTRY_CONTENT_KEY, sizeof wraps);
    err = sg_buf_append(&logs->bytes, SG_BYTES_ARRAY(wraps));
    sg_seal_keys_init(&keys, &logs->registry, &log->id, key);
    for (size_t i = 2; i < count && err == SG_OK; i++) {
        struct sg_seal_place place = {i, 1};
        size_t before = logs->bytes.size;

        err = sg_seal_encode(sealer, &keys, &place, workload->kind,
                             sg_bench_store_body(workload), &logs->bytes);
        note(log, i, SG_ENTRY_SEALED, logs->bytes.size - before);
    }
    return err;
}

static void note_node(void *context, unsigned level, uint64_t position,
                      const struct sg_hash *hash)
{
    struct sg_bench_log *log = context;

    SG_ASSERT(level < SG_BENCH_LOGS_LEVELS);
    log->nodes[level][position] = *hash;
}

/* Hashes and signs log NO, whose payloads begin at *AT of the bytes. */
static enum sg_err sign_log(struct sg_bench_logs *logs, unsigned no, size_t *at)
{
    struct sg_bench_log *log = &logs->logs[no];
    struct sg_frontier frontier = {.size = 0};
    struct sg_hash root;

    for (size_t i = 0; i < log->count; i++) {
        struct sg_entry *entry = &log->entries[i];
        bool is_genesis = no == 0 && i == 1;
        size_t from = is_genesis ? logs->genesis_at : *at;
        enum sg_err err = sg_entry_make(
            &logs->hasher, entry->kind, entry->key_entry,
            sg_bytes(logs->bytes.data + from, entry->length), entry);

        if (err != SG_OK)
            return err;
        *at += is_genesis ? 0 : entry->length;
        log->nodes[0][i] = sg_entry_leaf(entry);
        sg_merkle_append(&frontier, &log->nodes[0][i], note_node, log);
    }
    root = sg_merkle_root(&frontier);
    sg_checkpoint_sign(&logs->registry, &log->id, &logs->members[no].key,
                       log->count, &root, &log->known);
    return SG_OK;
}

static enum sg_err write_all(struct sg_bench_logs *logs, size_t entries,
                             struct sg_bench_workload *workload)
{
    unsigned n_writers = logs->n_logs - 1;
    struct sg_sealer *sealer;
    size_t at = logs->genesis_size;
    enum sg_err err = sg_seal_sealer_new(&sealer);

    if (err != SG_OK)
        return err;
    for (unsigned i = 0; i < logs->n_members; i++)
        make_member(logs, i);
    err = found(logs);
    at = logs->genesis_size;
    sg_entry_hasher_init(&logs->hasher, &logs->registry);
    for (unsigned i = 0; i < logs->n_members; i++)
        certify(logs, i);
    if (err == SG_OK)
        err = write_authority(logs);
    for (unsigned i = 1; i < logs->n_logs && err == SG_OK; i++)
        err = write_log(logs, i, entries / n_writers, workload, sealer);
    sg_seal_sealer_free(sealer);
    for (unsigned i = 0; i < logs->n_logs && err == SG_OK; i++)
        err = sign_log(logs, i, &at);
    SG_ASSERT(err != SG_OK || at == logs->bytes.size);
    return err;
}

enum sg_err sg_bench_logs_new(struct sg_bench_workload *workload,
                              unsigned n_writers, size_t entries,
                              struct sg_bench_logs **ret_logs)
{
    struct sg_bench_logs *logs = sg_calloc(1, sizeof *logs);
    enum sg_err err;

    SG_ASSERT(n_writers >= 1);
    SG_ASSERT(n_writers <= SG_BENCH_LOGS_WRITERS_MAX);
    if (logs == NULL)
        return SG_ERR_NOMEM;
    logs->n_logs = n_writers + 1;
    logs->n_members = n_writers + 2;
    sg_buf_init(&logs->bytes, BYTES_MAX);
    err = write_all(logs, entries, workload);
    if (err != SG_OK) {
        sg_bench_logs_free(logs);
        return err;
    }
    *ret_logs = logs;
    return SG_OK;
}

void sg_bench_logs_free(struct sg_bench_logs *logs)
{
    if (logs == NULL)
        return;
    for (unsigned i = 0; i < logs->n_logs; i++) {
        for (unsigned k = 0; k < SG_BENCH_LOGS_LEVELS; k++)
            sg_free(logs->logs[i].nodes[k]);
        sg_free(logs->logs[i].entries);
    }
    sg_buf_clear(&logs->bytes);
    sg_free(logs);
}

/* --- Looking up ---------------------------------------------------------- */

struct sg_hash sg_bench_logs_range(const struct sg_bench_log *log,
                                   const struct sg_merkle_range *range)
{
    struct sg_merkle_place places[SG_MERKLE_COVER_MAX];
    struct sg_hash hashes[SG_MERKLE_COVER_MAX];
    size_t n = sg_merkle_cover(range->start, range->end, places);

    for (size_t i = 0; i < n; i++)
        hashes[i] = log->nodes[places[i].level][places[i].position];
    return sg_merkle_join(hashes, n);
}

struct sg_frontier sg_bench_logs_frontier(const struct sg_bench_log *log,
                                          uint64_t size)
{
    struct sg_merkle_place places[SG_MERKLE_COVER_MAX];
    struct sg_frontier frontier = {.size = size};
    size_t n = sg_merkle_cover(0, size, places);

    SG_ASSERT(n <= SG_MERKLE_HASHES_MAX);
    for (size_t i = 0; i < n; i++)
        frontier.hashes[i] = log->nodes[places[i].level][places[i].position];
    return frontier;
}
