/* Root keys: the chain from the genesis, and which copies of statements it
 * makes valid (RECORDS 6.1, 6.2). */
#include <string.h>

#include "storage/base/check.h"
#include "storage/registry/authority_state.h"

static const char purpose_key_id[] = "sogoc v1 key id";

enum { REASON_PLANNED = 1, REASON_LOST = 2 };

/* A statement that proves itself counts wherever it lies. */
static bool proves_itself(const struct sg_authority_statement *statement)
{
    return statement->type == SG_TYPE_GENESIS ||
           statement->type == SG_TYPE_ROOT_ROTATE;
}

static struct sg_authority_root *roots_of(const struct sg_authority *authority)
{
    return authority->made[SG_AUTHORITY_ROOTS].items;
}

static size_t n_roots(const struct sg_authority *authority)
{
    return authority->made[SG_AUTHORITY_ROOTS].count;
}

/* The commitment to a root key: all of its key id's hash, without registry. */
static void commit(const uint8_t key[SG_KEY_SIZE], struct sg_hash *ret_hash)
{
    uint8_t data[1 + SG_KEY_SIZE] = {SG_KEY_ROOT};

    memcpy(data + 1, key, SG_KEY_SIZE);
    sg_crypto_purpose_hash(purpose_key_id, NULL, data, sizeof(data), ret_hash);
}

static enum sg_err root_add(struct sg_authority *authority, struct sg_bytes key,
                            struct sg_bytes next)
{
    struct sg_authority_root *root = sg_authority_list_add(
        &authority->made[SG_AUTHORITY_ROOTS], sizeof(*root), 1);

    if (root == NULL)
        return SG_ERR_NOMEM;
    SG_ASSERT(key.size >= SG_KEY_SIZE);
    SG_ASSERT(next.size == sizeof(root->next));
    memcpy(root->key, key.data, SG_KEY_SIZE);
    memcpy(root->next.bytes, next.data, next.size);
    root->id = sg_key_id_of(&authority->registry, SG_KEY_ROOT, root->key);
    root->ended_by = SG_AUTHORITY_NONE;
    return SG_OK;
}

/* --- signatures -------------------------------------------------------- */

static bool is_signed_by(const struct sg_authority *authority,
                         const struct sg_hash *id, const uint8_t *signature,
                         const uint8_t key[SG_KEY_SIZE])
{
    const struct sg_record record = {
        .copy.signature = {signature, SG_SIGNATURE_SIZE}};

    return sg_record_verify(&record, id, &authority->registry, key) == SG_OK;
}

/* Verifies what signatures of statement NO have not been yet; says whether one
 * is right. A key id stands for one root key for ever, so they stay judged. */
static bool check_signings(struct sg_authority *authority, uint32_t no,
                           const uint8_t key[SG_KEY_SIZE])
{
    const struct sg_authority_statement *statement =
        sg_authority_statement(authority, no);
    struct sg_authority_signing *signings = authority->signings.items;
    bool is_right = false;

    for (uint32_t i = statement->signings; i != SG_AUTHORITY_NONE;
         i = signings[i].next) {
        struct sg_authority_signing *signing = &signings[i];

        if (signing->state == SG_AUTHORITY_UNCHECKED)
            signing->state =
                signing->is_there && is_signed_by(authority, &statement->id,
                                                  signing->bytes, key)
                    ? SG_AUTHORITY_RIGHT
                    : SG_AUTHORITY_WRONG;
        is_right = is_right || signing->state == SG_AUTHORITY_RIGHT;
    }
    return is_right;
}

/* --- genesis and rotations --------------------------------------------- */

static void found(struct sg_authority *authority,
                  const struct sg_record *genesis)
{
    struct sg_bytes writer = sg_record_bin(genesis, SG_FIELD_GENESIS_WRITER);
    struct sg_date day = sg_date_first(genesis->effective);
    int64_t ms;

    memcpy(authority->writer.key, writer.data, SG_KEY_SIZE);
    authority->writer.role = SG_AUTHORITY_ROLE_AUTHORITY;
    authority->writer.from = day;
    authority->writer.until = (struct sg_date){0};
    authority->writer.statement =
        sg_authority_ref(authority, authority->genesis);
    authority->is_test = sg_record_uint(genesis, SG_FIELD_GENESIS_TEST) != 0;
    authority->centre = sg_record_unit(genesis, SG_FIELD_GENESIS_CENTRE);
    ms = (int64_t)sg_date_days(day) * 86400000 - 7 * INT64_C(3600000);
    authority->floor_least = ms < 0 ? 0 : (uint64_t)ms;
}

/* Finds the genesis, of which there is one: the registry's id is its hash. */
static enum sg_err find_genesis(struct sg_authority *authority)
{
    for (uint32_t i = 0; i < authority->statements.count; i++) {
        struct sg_authority_statement *statement =
            sg_authority_statement(authority, i);
        struct sg_registry_id registry;
        struct sg_record record;
        struct sg_bytes roots, next;
        struct sg_msgpack reader;

        if (statement->type != SG_TYPE_GENESIS)
            continue;
        sg_authority_read(authority, i, &record);
        sg_record_registry(record.inner, &registry);
        if (memcmp(&registry, &authority->registry, sizeof(registry)) != 0)
            continue;
        sg_record_open(&record, SG_FIELD_GENESIS_ROOTS, &reader);
        (void)sg_msgpack_read_array(&reader);
        roots = sg_msgpack_read_bin(&reader);
        statement->is_rooted = true;
        if (!check_signings(authority, i, roots.data))
            return SG_OK;
        authority->genesis = i;
        found(authority, &record);
        next = sg_record_bin(&record, SG_FIELD_GENESIS_NEXT);
        return root_add(authority, roots, next);
    }
    return SG_OK;
}

/* Verifies the new root's own signature: over the record with the proof as
 * zero bytes. */
static bool is_proven(const struct sg_authority *authority,
                      const struct sg_record *rotation, const uint8_t *key)
{
    static const uint8_t zero[SG_SIGNATURE_SIZE];
    struct sg_bytes proof = sg_record_bin(rotation, SG_FIELD_ROOT_ROTATE_PROOF);
    const uint8_t *end = rotation->inner.data + rotation->inner.size;
    struct sg_sha256 hash = authority->id_prefix;
    struct sg_hash id;

    sg_crypto_sha256_update(&hash, rotation->inner.data,
                            (size_t)(proof.data - rotation->inner.data));
    sg_crypto_sha256_update(&hash, zero, sizeof(zero));
    sg_crypto_sha256_update(&hash, proof.data + proof.size,
                            (size_t)(end - proof.data) - proof.size);
    sg_crypto_sha256_final(&hash, &id);
    return is_signed_by(authority, &id, proof.data, key);
}

/* Says whether statement NO rotates from root K, the newest, to the key that
 * is committed to. */
static bool is_rotation(struct sg_authority *authority, uint32_t no, size_t k)
{
    struct sg_authority_statement *statement =
        sg_authority_statement(authority, no);
    const struct sg_authority_root *old = &roots_of(authority)[k];
    struct sg_record record;
    struct sg_hash commitment;
    struct sg_bytes key;
    struct sg_key_id id;
    uint64_t reason;
    bool by_old, by_new;

    sg_authority_read(authority, no, &record);
    if (sg_record_uint(&record, SG_FIELD_ROOT_ROTATE_GENERATION) != k + 1)
        return false;
    key = sg_record_bin(&record, SG_FIELD_ROOT_ROTATE_ROOT);
    commit(key.data, &commitment);
    id = sg_key_id_of(&authority->registry, SG_KEY_ROOT, key.data);
    reason = sg_record_uint(&record, SG_FIELD_ROOT_ROTATE_REASON);
    by_old = reason != REASON_LOST &&
             sg_key_id_compare(&statement->officer, &old->id) == 0;
    by_new = reason != REASON_PLANNED &&
             sg_key_id_compare(&statement->officer, &id) == 0;
    if (memcmp(&commitment, &old->next, sizeof(commitment)) != 0 ||
        (!by_old && !by_new))
        return false;
    statement->is_rooted = true;
    statement->root = (uint8_t)(by_old ? k : k + 1);
    return is_proven(authority, &record, key.data) &&
           check_signings(authority, no, by_old ? old->key : key.data);
}

/* Ends root K with the rotation NO and begins the next. */
static enum sg_err rotate(struct sg_authority *authority, size_t k, uint32_t no)
{
    struct sg_authority_root *old = &roots_of(authority)[k];
    struct sg_bytes key, next;
    struct sg_record record;
    enum sg_err err;

    sg_authority_read(authority, no, &record);
    old->ended_by = no;
    err =
        sg_authority_add_stands(authority, &record, SG_FIELD_ROOT_ROTATE_STANDS,
                                &old->first_stand, &old->n_stands);
    if (err != SG_OK)
        return err;
    key = sg_record_bin(&record, SG_FIELD_ROOT_ROTATE_ROOT);
    next = sg_record_bin(&record, SG_FIELD_ROOT_ROTATE_NEXT);
    return root_add(authority, key, next);
}

/* Finds the rotation of root K with the smallest id. */
static uint32_t find_rotation(struct sg_authority *authority, size_t k)
{
    uint32_t best = SG_AUTHORITY_NONE;

    for (uint32_t i = 0; i < authority->statements.count; i++) {
        struct sg_authority_statement *statement =
            sg_authority_statement(authority, i);

        if (statement->type != SG_TYPE_ROOT_ROTATE ||
            !is_rotation(authority, i, k))
            continue;
        statement->item = (uint32_t)k; /* it rotates this root */
        if (best == SG_AUTHORITY_NONE ||
            memcmp(&statement->id, &sg_authority_statement(authority, best)->id,
                   sizeof(statement->id)) < 0)
            best = i;
    }
    return best;
}

/* Names every rotation of root K but BEST. */
static enum sg_err alarm_rotations(struct sg_authority *authority, size_t k,
                                   uint32_t best)
{
    struct sg_ref chosen = sg_authority_ref(authority, best);
    enum sg_err err = SG_OK;

    for (uint32_t i = 0; err == SG_OK && i < authority->statements.count; i++) {
        const struct sg_authority_statement *statement =
            sg_authority_statement(authority, i);
        struct sg_ref other = sg_authority_ref(authority, i);

        if (i != best && statement->type == SG_TYPE_ROOT_ROTATE &&
            statement->item == k)
            err = sg_authority_alarm(authority, SG_AUTHORITY_ALARM_ROTATION,
                                     &other, &chosen);
    }
    return err;
}

static enum sg_err follow(struct sg_authority *authority)
{
    enum sg_err err = SG_OK;

    for (size_t k = 0; err == SG_OK && k < n_roots(authority); k++) {
        uint32_t best = find_rotation(authority, k);

        if (best == SG_AUTHORITY_NONE)
            break;
        err = alarm_rotations(authority, k, best);
        if (err == SG_OK)
            err = rotate(authority, k, best);
    }
    return err;
}

/* --- which copies are valid -------------------------------------------- */

/* Finds the root key that signs STATEMENT, and verifies. */
static void find_signer(struct sg_authority *authority, uint32_t no)
{
    struct sg_authority_statement *statement =
        sg_authority_statement(authority, no);

    for (size_t k = 0; k < n_roots(authority); k++) {
        const struct sg_authority_root *root = &roots_of(authority)[k];

        if (sg_key_id_compare(&root->id, &statement->officer) != 0)
            continue;
        statement->is_rooted = true;
        statement->root = (uint8_t)k;
        (void)check_signings(authority, no, root->key);
        return;
    }
}

/* Says whether the entry of LOG at (INDEX, BRANCH), signed by root K, comes
 * after the rotation of that root. */
static bool is_cut(const struct sg_authority *authority, size_t k,
                   const struct sg_log_id *log, uint64_t index, uint32_t branch)
{
    const struct sg_authority_root *root = &roots_of(authority)[k];
    const struct sg_authority_stand *stand;

    if (root->ended_by == SG_AUTHORITY_NONE)
        return false;
    stand = sg_authority_find_stand(authority, root->first_stand,
                                    root->n_stands, log);
    return stand == NULL || !sg_authority_is_within(stand, index, branch);
}

static bool is_valid(const struct sg_authority *authority,
                     const struct sg_authority_statement *statement,
                     const struct sg_authority_copy *copy)
{
    const struct sg_authority_signing *signings = authority->signings.items;
    const struct sg_authority_log *log =
        sg_authority_log_get(authority, copy->log);

    if (!statement->is_rooted ||
        signings[copy->signing].state != SG_AUTHORITY_RIGHT)
        return false;
    if (proves_itself(statement))
        return true;
    return log->is_authority && !is_cut(authority, statement->root, &log->id,
                                        copy->index, copy->branch);
}

/* Marks the valid copies; says whether any was not marked before. */
static bool mark_copies(struct sg_authority *authority)
{
    struct sg_authority_copy *copies = authority->copies.items;
    bool is_new = false;

    for (uint32_t i = 0; i < authority->statements.count; i++) {
        struct sg_authority_statement *statement =
            sg_authority_statement(authority, i);

        for (uint32_t c = statement->copies; c != SG_AUTHORITY_NONE;
             c = copies[c].next) {
            if (copies[c].is_valid ||
                !is_valid(authority, statement, &copies[c]))
                continue;
            copies[c].is_valid = true;
            statement->counts = true;
            is_new = true;
        }
    }
    return is_new;
}

static void mark_logs(struct sg_authority *authority,
                      const uint8_t key[SG_KEY_SIZE])
{
    for (uint32_t i = 0; i < authority->logs.count; i++) {
        struct sg_authority_log *log = sg_authority_log_get(authority, i);

        if (log->has_node && memcmp(log->node, key, SG_KEY_SIZE) == 0)
            log->is_authority = true;
    }
}

/* Marks the logs of nodes that a statement that counts gives role 1. */
static void mark_nodes(struct sg_authority *authority)
{
    for (uint32_t i = 0; i < authority->statements.count; i++) {
        const struct sg_authority_statement *statement =
            sg_authority_statement(authority, i);
        struct sg_record record;

        if (!statement->counts || statement->type != SG_TYPE_NODE_ADMIT)
            continue;
        sg_authority_read(authority, i, &record);
        if (sg_record_uint(&record, SG_FIELD_NODE_ADMIT_ROLE) ==
            SG_AUTHORITY_ROLE_AUTHORITY)
            mark_logs(authority,
                      sg_record_bin(&record, SG_FIELD_NODE_ADMIT_NODE).data);
    }
}

static void forget(struct sg_authority *authority)
{
    struct sg_authority_copy *copies = authority->copies.items;

    for (uint32_t i = 0; i < authority->statements.count; i++) {
        struct sg_authority_statement *statement =
            sg_authority_statement(authority, i);

        statement->root = 0;
        statement->is_rooted = false;
        statement->counts = false;
        statement->slot = SG_AUTHORITY_NONE;
        statement->older = SG_AUTHORITY_NONE;
        statement->item = SG_AUTHORITY_NONE;
    }
    for (size_t i = 0; i < authority->copies.count; i++)
        copies[i].is_valid = false;
    for (uint32_t i = 0; i < authority->logs.count; i++)
        sg_authority_log_get(authority, i)->is_authority = false;
}

enum sg_err sg_authority_seal_roots(struct sg_authority *authority)
{
    enum sg_err err;

    forget(authority);
    err = find_genesis(authority);
    if (err == SG_OK)
        err = follow(authority);
    if (err != SG_OK || authority->genesis == SG_AUTHORITY_NONE)
        return err;
    for (uint32_t i = 0; i < authority->statements.count; i++)
        if (!proves_itself(sg_authority_statement(authority, i)))
            find_signer(authority, i);
    mark_logs(authority, authority->writer.key);
    while (mark_copies(authority))
        mark_nodes(authority);
    return SG_OK;
}

enum sg_authority_verdict sg_authority_judge(
    const struct sg_authority *authority, const struct sg_hash *id,
    const struct sg_authority_place *place, struct sg_bytes signature)
{
    const struct sg_authority_signing *signings = authority->signings.items;
    uint32_t no = sg_authority_find(authority, id);
    uint32_t log = sg_authority_log_find(authority, &place->log);
    const struct sg_authority_statement *statement;

    SG_ASSERT(authority->is_sealed);
    if (no == SG_AUTHORITY_NONE || log == SG_AUTHORITY_NONE)
        return SG_AUTHORITY_NO_NODE;
    statement = sg_authority_statement(authority, no);
    if (!proves_itself(statement) &&
        !sg_authority_log_get(authority, log)->is_authority)
        return SG_AUTHORITY_NO_NODE;
    if (!statement->is_rooted)
        return SG_AUTHORITY_NO_ROOT;
    if (!proves_itself(statement) &&
        is_cut(authority, statement->root, &place->log, place->index,
               place->branch))
        return SG_AUTHORITY_CUT;
    for (uint32_t i = statement->signings; i != SG_AUTHORITY_NONE;
         i = signings[i].next)
        if (signings[i].state == SG_AUTHORITY_RIGHT &&
            sg_bytes_equal(signature, SG_BYTES_ARRAY(signings[i].bytes)))
            return SG_AUTHORITY_VALID;
    return SG_AUTHORITY_SIGNATURE;
}
