#include "replication/chain.h"

#include "storage/base/check.h"
#include "storage/base/reader.h"

/* What a link has at least: its length, two signatures, two keys or hashes of
 * keys, subject, officer and submit id. So a body that fits into stage 1 has no
 * more links than there is room for. */
#define LINK_SIZE_MIN (2u + 2 * 64 + 2 * 32 + 16 + 8 + 16)

_Static_assert(SG_STAGE1_SIZE_MAX / LINK_SIZE_MIN <= SG_CHAIN_LINKS_MAX,
               "every chain of stage 1 has room");

const struct sg_root *sg_chain_root(const struct sg_chain *chain,
                                    uint8_t generation)
{
    if (chain == NULL || generation < chain->first ||
        generation - chain->first >= chain->count)
        return NULL;
    return &chain->roots[generation - chain->first];
}

/* Takes the next link, which names the root of GENERATION. */
static enum sg_err take_link(struct sg_bytes record_bytes,
                             const struct sg_registry_id *registry,
                             unsigned generation, const struct sg_root *before,
                             struct sg_root *ret_root)
{
    struct sg_trust_record record;
    enum sg_err err = sg_trust_record_decode(record_bytes, &record);

    if (err == SG_ERR_NOTFOUND)
        return SG_ERR_UNTRUSTED; /* a record, and no link */
    if (err != SG_OK)
        return err;
    if (before == NULL)
        return sg_root_from_genesis(&record, registry, ret_root);
    if (generation >= SG_CHAIN_FROM_GENESIS)
        return SG_ERR_UNTRUSTED;
    return sg_root_from_rotation(&record, registry, (uint8_t)generation, before,
                                 ret_root);
}

enum sg_err sg_chain_decode(struct sg_bytes body,
                            const struct sg_registry_id *registry, uint8_t from,
                            const struct sg_root *known,
                            struct sg_chain *ret_chain)
{
    struct sg_chain chain = {0};
    struct sg_reader reader;
    enum sg_err err = SG_OK;

    SG_ASSERT((from == SG_CHAIN_FROM_GENESIS) == (known == NULL));
    if (body.size > SG_STAGE1_SIZE_MAX)
        return SG_ERR_LIMIT;
    chain.first = known == NULL ? 0 : (uint8_t)(from + 1);
    sg_reader_init(&reader, body);
    if (sg_reader_u8(&reader) != from || reader.left.size == 0)
        sg_reader_fail(&reader, SG_ERR_MALFORMED);
    while (err == SG_OK && reader.err == SG_OK && reader.left.size > 0) {
        struct sg_bytes record =
            sg_reader_take(&reader, sg_reader_varint(&reader));

        if (reader.err != SG_OK)
            break;
        SG_ASSERT(chain.count < SG_CHAIN_LINKS_MAX);
        err = take_link(record, registry, chain.first + chain.count, known,
                        &chain.roots[chain.count]);
        known = &chain.roots[chain.count];
        chain.count++;
    }
    if (err != SG_OK)
        return err;
    err = sg_reader_end(&reader);
    if (err == SG_OK)
        *ret_chain = chain;
    return err;
}

void sg_chain_begin(struct sg_writer *writer, uint8_t from)
{
    sg_writer_u8(writer, from);
}

void sg_chain_put(struct sg_writer *writer, struct sg_bytes record)
{
    sg_writer_varint(writer, record.size);
    sg_writer_bytes(writer, record);
}
