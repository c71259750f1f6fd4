#include "storage/registry/record_build.h"

#include <string.h>

#include "storage/base/check.h"

void sg_record_build_init(struct sg_record_build *build,
                          const struct sg_record_head *head)
{
    build->head = head;
    build->n_fields = 0;
    build->no_min = 0;
    sg_buf_init(&build->body, SG_RECORD_SIZE_MAX);
    sg_pack_init(&build->pack, &build->body);
}

void sg_record_build_clear(struct sg_record_build *build)
{
    sg_buf_clear(&build->body);
}

/* --- fields ------------------------------------------------------------ */

struct sg_pack *sg_record_build_field(struct sg_record_build *build,
                                      unsigned no)
{
    SG_ASSERT(no >= build->no_min);
    SG_ASSERT(no < SG_FIELD_COUNT_MAX);
    build->no_min = no + 1;
    build->n_fields++;
    sg_pack_uint(&build->pack, no);
    return &build->pack;
}

void sg_record_build_nil(struct sg_record_build *build, unsigned no)
{
    sg_pack_nil(sg_record_build_field(build, no));
}

void sg_record_build_uint(struct sg_record_build *build, unsigned no,
                          uint64_t value)
{
    sg_pack_uint(sg_record_build_field(build, no), value);
}

void sg_record_build_str(struct sg_record_build *build, unsigned no,
                         struct sg_bytes text)
{
    sg_pack_str(sg_record_build_field(build, no), text);
}

void sg_record_build_bin(struct sg_record_build *build, unsigned no,
                         struct sg_bytes bytes)
{
    sg_pack_bin(sg_record_build_field(build, no), bytes);
}

void sg_record_build_name(struct sg_record_build *build, unsigned no,
                          const struct sg_record_name *name)
{
    sg_record_build_pack_name(sg_record_build_field(build, no), name);
}

void sg_record_build_place(struct sg_record_build *build, unsigned no,
                           const struct sg_record_place *place)
{
    sg_record_build_pack_place(sg_record_build_field(build, no), place);
}

void sg_record_build_kin(struct sg_record_build *build, unsigned no,
                         const struct sg_record_kin *kin)
{
    sg_record_build_pack_kin(sg_record_build_field(build, no), kin);
}

void sg_record_build_src(struct sg_record_build *build,
                         const struct sg_record_src *src)
{
    if (src->source == SG_RECORD_SOURCE_DECLARED && src->evidence.size == 0 &&
        src->verified.ymd == 0)
        return;
    sg_record_build_pack_src(sg_record_build_field(build, SG_FIELD_COMMON_SRC),
                             src);
}

/* --- tuples ------------------------------------------------------------ */

/* A text that is not known has no data. */
static void pack_optional(struct sg_pack *pack, struct sg_bytes text)
{
    if (text.data == NULL)
        sg_pack_nil(pack);
    else
        sg_pack_str(pack, text);
}

void sg_record_build_pack_name(struct sg_pack *pack,
                               const struct sg_record_name *name)
{
    sg_pack_array(pack, 3);
    sg_pack_str(pack, name->family);
    sg_pack_str(pack, name->middle);
    sg_pack_str(pack, name->given);
}

void sg_record_build_pack_place(struct sg_pack *pack,
                                const struct sg_record_place *place)
{
    if (!place->has_unit && place->text.data == NULL &&
        place->country.data == NULL) {
        sg_pack_nil(pack);
        return;
    }
    sg_pack_array(pack, 3);
    if (place->has_unit)
        sg_pack_uint(pack, place->unit.value);
    else
        sg_pack_nil(pack);
    pack_optional(pack, place->text);
    pack_optional(pack, place->country);
}

void sg_record_build_pack_kin(struct sg_pack *pack,
                              const struct sg_record_kin *kin)
{
    sg_pack_array(pack, 4);
    if (kin->has_uid)
        sg_pack_bin(pack, SG_BYTES_ARRAY(kin->uid.bytes));
    else
        sg_pack_nil(pack);
    if (kin->has_name)
        sg_record_build_pack_name(pack, &kin->name);
    else
        sg_pack_nil(pack);
    if (kin->has_pin)
        sg_pack_uint(pack, kin->pin);
    else
        sg_pack_nil(pack);
    pack_optional(pack, kin->old_number);
}

void sg_record_build_pack_src(struct sg_pack *pack,
                              const struct sg_record_src *src)
{
    sg_pack_array(pack, 3);
    sg_pack_uint(pack, (uint64_t)src->source);
    sg_pack_str(pack, src->evidence);
    if (src->verified.ymd == 0)
        sg_pack_nil(pack);
    else
        sg_pack_uint(pack, src->verified.ymd);
}

/* --- envelope ---------------------------------------------------------- */

static void pack_parents(struct sg_pack *pack,
                         const struct sg_record_head *head)
{
    struct sg_ref sorted[SG_PARENTS_MAX];
    size_t count = 0;

    if (head->n_parents > SG_PARENTS_MAX) {
        sg_writer_fail(&pack->writer, SG_ERR_LIMIT);
        return;
    }
    for (; count < head->n_parents; count++) {
        size_t at = count;

        for (; at > 0 &&
               sg_ref_compare(&sorted[at - 1], &head->parents[count]) > 0;
             at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = head->parents[count];
    }
    sg_pack_array(pack, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        sg_pack_bin(pack, SG_BYTES_ARRAY(sorted[i].bytes));
}

/* Gives the subject that the fields packed so far say. */
static enum sg_err find_subject(const struct sg_record_build *build,
                                const struct sg_registry_id *registry,
                                struct sg_uid *ret_subject)
{
    struct sg_record record = {
        .schema = sg_schema_find((uint16_t)build->head->type, 1),
        .subject = build->head->subject,
        .officer = build->head->officer,
        .n_parents = (unsigned)build->head->n_parents};
    struct sg_msgpack reader;

    SG_ASSERT(record.schema != NULL);
    sg_msgpack_init(&reader, sg_buf_bytes(&build->body));
    for (uint32_t i = 0; i < build->n_fields; i++) {
        uint64_t no = sg_msgpack_read_uint(&reader);

        SG_ASSERT(no < SG_FIELD_COUNT_MAX);
        record.fields[no] = sg_msgpack_skip(&reader);
        if (reader.err != SG_OK)
            return reader.err;
        record.present |= UINT32_C(1) << no;
    }
    return sg_record_subject(&record, registry, ret_subject);
}

static void pack_inner(struct sg_pack *pack,
                       const struct sg_record_build *build,
                       const struct sg_uid *subject)
{
    const struct sg_record_head *head = build->head;

    sg_pack_array(pack, 9);
    sg_pack_uint(pack, (uint64_t)head->type);
    sg_pack_uint(pack, 1);
    sg_pack_bin(pack, SG_BYTES_ARRAY(subject->bytes));
    sg_pack_map(pack, build->n_fields);
    sg_pack_raw(pack, sg_buf_bytes(&build->body));
    pack_parents(pack, head);
    sg_pack_array(pack, 3);
    sg_pack_uint(pack, head->basis.form);
    sg_pack_str(pack, head->basis.document);
    sg_pack_str(pack, head->basis.clause);
    sg_pack_uint(pack, head->effective.ymd);
    sg_pack_bin(pack, SG_BYTES_ARRAY(head->officer.bytes));
    sg_pack_bin(pack, SG_BYTES_ARRAY(head->submit.bytes));
}

static void pack_outer(struct sg_pack *pack, const struct sg_record_copy *copy,
                       struct sg_bytes signature)
{
    sg_pack_array(pack, 8);
    sg_pack_uint(pack, copy->hlc);
    sg_pack_int(pack, copy->wall_offset);
    sg_pack_uint(pack, (uint64_t)copy->trust);
    sg_pack_uint(pack, copy->position);
    sg_pack_uint(pack, copy->capture.value);
    if (copy->home.value == copy->capture.value)
        sg_pack_nil(pack);
    else
        sg_pack_uint(pack, copy->home.value);
    if (signature.size == 0)
        sg_pack_nil(pack);
    else
        sg_pack_bin(pack, signature);
    sg_pack_map(pack, 0);
}

enum sg_err sg_record_build_copy(struct sg_bytes inner,
                                 const struct sg_record_copy *copy,
                                 struct sg_buf *payload)
{
    size_t before = payload->size;
    struct sg_pack pack;
    enum sg_err err;

    sg_pack_init(&pack, payload);
    sg_pack_array(&pack, 2);
    sg_pack_raw(&pack, inner);
    pack_outer(&pack, copy, copy->signature);
    err = sg_writer_end(&pack.writer);
    if (err != SG_OK)
        sg_buf_truncate(payload, before);
    return err;
}

/* Everything of ours is read back before it is used. */
static enum sg_err check(struct sg_bytes payload,
                         const struct sg_registry_id *registry,
                         struct sg_record *ret_record)
{
    uint8_t no;
    enum sg_err err = sg_record_decode(payload, ret_record);

    if (err != SG_OK)
        return err;
    SG_ASSERT(ret_record->schema != NULL);
    return sg_record_fit(ret_record, registry, &no) == SG_RECORD_FITS
               ? SG_OK
               : SG_ERR_INVALID;
}

static enum sg_err assemble(const struct sg_record_build *build,
                            const struct sg_record_copy *copy,
                            const struct sg_sign_key *key,
                            const struct sg_registry_id *registry,
                            struct sg_buf *payload, struct sg_hash *ret_id,
                            struct sg_record *ret_record)
{
    size_t start = payload->size;
    uint8_t made[SG_SIGNATURE_SIZE];
    struct sg_bytes signature = copy->signature;
    struct sg_registry_id founded;
    struct sg_uid subject;
    struct sg_pack pack;
    enum sg_err err = find_subject(build, registry, &subject);

    if (err != SG_OK)
        return err;
    sg_pack_init(&pack, payload);
    sg_pack_array(&pack, 2);
    pack_inner(&pack, build, &subject);
    if (pack.writer.err == SG_OK) {
        struct sg_bytes inner =
            sg_bytes(payload->data + start + 1, payload->size - start - 1);
        if (registry == NULL) {
            SG_ASSERT(build->head->type == SG_TYPE_GENESIS);
            sg_record_registry(inner, &founded);
            registry = &founded;
        }
        sg_record_id(registry, inner, ret_id);
    }
    if (pack.writer.err == SG_OK && key != NULL) {
        err = sg_record_sign(key, registry, ret_id, made);
        if (err != SG_OK)
            sg_writer_fail(&pack.writer, err);
        signature = SG_BYTES_ARRAY(made);
    }
    pack_outer(&pack, copy, signature);
    err = sg_writer_end(&pack.writer);
    if (err != SG_OK)
        return err;
    return check(sg_bytes(payload->data + start, payload->size - start),
                 registry, ret_record);
}

enum sg_err sg_record_build_end(struct sg_record_build *build,
                                const struct sg_record_copy *copy,
                                const struct sg_sign_key *key,
                                const struct sg_registry_id *registry,
                                struct sg_buf *payload, struct sg_hash *ret_id)
{
    struct sg_record record;

    return sg_record_build_read(build, copy, key, registry, payload, ret_id,
                                &record);
}

enum sg_err sg_record_build_read(struct sg_record_build *build,
                                 const struct sg_record_copy *copy,
                                 const struct sg_sign_key *key,
                                 const struct sg_registry_id *registry,
                                 struct sg_buf *payload, struct sg_hash *ret_id,
                                 struct sg_record *ret_record)
{
    size_t before = payload->size;
    struct sg_record record;
    struct sg_hash id;
    enum sg_err err = sg_writer_end(&build->pack.writer);

    if (err == SG_OK)
        err = assemble(build, copy, key, registry, payload, &id, &record);
    sg_record_build_clear(build);
    if (err != SG_OK) {
        sg_buf_truncate(payload, before);
        return err;
    }
    *ret_id = id;
    *ret_record = record;
    return SG_OK;
}
