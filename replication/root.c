#include "replication/root.h"

#include <string.h>

#include "storage/base/check.h"

struct sg_hash sg_root_commitment(const uint8_t key[SG_KEY_SIZE])
{
    uint8_t data[1 + SG_KEY_SIZE] = {SG_KEY_ROOT};
    struct sg_hash commitment;

    memcpy(data + 1, key, SG_KEY_SIZE);
    sg_crypto_purpose_hash("sogoc v1 key id", NULL, data, sizeof data,
                           &commitment);
    return commitment;
}

enum sg_err sg_root_from_genesis(const struct sg_trust_record *record,
                                 const struct sg_registry_id *registry,
                                 struct sg_root *ret_root)
{
    static const struct sg_key_id no_one = {{0}};
    struct sg_registry_id founded;

    if (record->type != SG_TRUST_GENESIS)
        return SG_ERR_UNTRUSTED;
    founded = sg_trust_record_registry(record);
    if (memcmp(&founded, registry, sizeof founded) != 0 ||
        sg_key_id_compare(&record->officer, &no_one) != 0)
        return SG_ERR_UNTRUSTED;
    if (sg_trust_record_verify(record, registry, record->genesis.root) != SG_OK)
        return SG_ERR_UNTRUSTED;
    memcpy(ret_root->key, record->genesis.root, sizeof ret_root->key);
    ret_root->next = record->genesis.next;
    return SG_OK;
}

/* Who signs, beside the proof: with a planned rotation the old root; with a
 * lost key the new one; with a stolen key either. Gives NULL for anybody else.
 */
static const uint8_t *signer(const struct sg_trust_record *record,
                             const struct sg_registry_id *registry,
                             const struct sg_root *before)
{
    enum sg_trust_reason reason = record->rotate.reason;
    struct sg_key_id old_id = sg_key_id_of(registry, SG_KEY_ROOT, before->key);
    struct sg_key_id new_id =
        sg_key_id_of(registry, SG_KEY_ROOT, record->rotate.root);

    if (reason != SG_TRUST_KEY_LOST &&
        sg_key_id_compare(&record->officer, &old_id) == 0)
        return before->key;
    if (reason != SG_TRUST_PLANNED &&
        sg_key_id_compare(&record->officer, &new_id) == 0)
        return record->rotate.root;
    return NULL;
}

enum sg_err sg_root_from_rotation(const struct sg_trust_record *record,
                                  const struct sg_registry_id *registry,
                                  uint8_t generation,
                                  const struct sg_root *before,
                                  struct sg_root *ret_root)
{
    struct sg_hash commitment;
    const uint8_t *key;

    SG_ASSERT(generation > 0);
    if (record->type != SG_TRUST_ROOT_ROTATE ||
        record->rotate.generation != generation)
        return SG_ERR_UNTRUSTED;
    commitment = sg_root_commitment(record->rotate.root);
    key = signer(record, registry, before);
    if (memcmp(&commitment, &before->next, sizeof commitment) != 0 ||
        key == NULL)
        return SG_ERR_UNTRUSTED;
    if (sg_trust_record_verify(record, registry, key) != SG_OK ||
        sg_trust_record_verify_proof(record, registry) != SG_OK)
        return SG_ERR_UNTRUSTED;
    memcpy(ret_root->key, record->rotate.root, sizeof ret_root->key);
    ret_root->next = record->rotate.next;
    return SG_OK;
}
