/* Statements of the authority: any bytes are read to their end or refused; what
 * is kept without a signature that is known changes nothing that is believed.
 */
#include <string.h>

#include "replication/trust.h"
#include "replication/trust_record.h"
#include "storage/base/check.h"
#include "tests/fuzz/fuzz.h"

static void walk(struct sg_trust_list list, enum sg_trust_type type)
{
    while (list.count > 0) {
        if (type == SG_TRUST_LIFT)
            SG_ASSERT(sg_trust_record_next_ref(&list).size ==
                      SG_TRUST_REF_SIZE);
        else if (type == SG_TRUST_ERASURE)
            (void)sg_trust_record_next_erased(&list);
        else
            (void)sg_trust_record_next_stand(&list);
    }
    SG_ASSERT(list.encoded.size == 0);
}

static void look(const struct sg_trust_record *record)
{
    static const struct sg_registry_id registry = {{{0x11}}};

    switch (record->type) {
    case SG_TRUST_LOG:
        walk(record->opened.stands_on, record->type);
        break;
    case SG_TRUST_ROOT_ROTATE:
        walk(record->rotate.stands, record->type);
        SG_ASSERT(sg_trust_record_verify_proof(record, &registry) != SG_OK);
        break;
    case SG_TRUST_NODE_CUT:
        walk(record->cut.stands, record->type);
        break;
    case SG_TRUST_LIFT:
        walk(record->lift.of, record->type);
        break;
    case SG_TRUST_ERASURE:
        walk(record->erasure.entries, record->type);
        break;
    default:
        break;
    }
    SG_ASSERT(sg_trust_record_verify(record, &registry, record->genesis.root) !=
              SG_OK);
}

static void believe(struct sg_bytes payload)
{
    static const struct sg_trust_place place = {.index = 1};
    const struct sg_trust_config config = {
        .limits = {8, 8, 2, 32, 1 << 17},
    };
    struct sg_trust *trust;

    if (sg_trust_new(&config, &trust) != SG_OK)
        return;
    (void)!sg_trust_add(trust, &place, payload);
    (void)!sg_trust_add_chain(trust, payload);
    (void)sg_trust_judge(trust);
    SG_ASSERT(sg_trust_generation(trust) == 255);
    SG_ASSERT(sg_trust_floor(trust).ms == 0);
    SG_ASSERT(sg_trust_counts(trust).stand == 0);
    sg_trust_free(trust);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sg_bytes payload = {data, size};
    struct sg_trust_record record;
    enum sg_err err = sg_crypto_init();

    SG_ASSERT(err == SG_OK);
    if (sg_trust_record_decode(payload, &record) == SG_OK) {
        SG_ASSERT(record.inner.data > data);
        SG_ASSERT(record.inner.size < size);
        look(&record);
    }
    believe(payload);
    return 0;
}
