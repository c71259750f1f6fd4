/* The state as text, a line a fact. */
#include <string.h>

#include "replication/trust_state.h"
#include "storage/base/text.h"

static void put_text(struct sg_writer *writer, const char *text)
{
    sg_writer_bytes(writer, sg_bytes(text, strlen(text)));
}

static void put_number(struct sg_writer *writer, uint64_t number)
{
    sg_writer_u8(writer, ' ');
    sg_text_decimal_encode(writer, number);
}

static void put_hex(struct sg_writer *writer, const void *bytes, size_t size)
{
    sg_writer_u8(writer, ' ');
    sg_text_hex_encode(writer, sg_bytes(bytes, size));
}

static void put_roots(struct sg_writer *writer, const struct sg_trust *trust)
{
    for (unsigned g = 0; g < trust->n_roots; g++) {
        put_text(writer, "root");
        put_number(writer, g);
        put_hex(writer, trust->roots[g].key, SG_KEY_SIZE);
        put_text(writer, trust->is_behind[g] ? " behind\n" : "\n");
    }
    put_text(writer, "floor");
    put_number(writer, trust->floor.ms);
    put_text(writer, "\nrivals");
    put_number(writer, trust->counts.rivals);
    put_text(writer, "\n");
}

static void put_admits(struct sg_writer *writer, const struct sg_trust *trust)
{
    for (uint32_t i = 0; i < trust->admits.count; i++) {
        const struct sg_trust_statement *admit =
            &trust->statements[trust->admits.items[i]];

        put_text(writer, "admit");
        put_hex(writer, admit->key, SG_KEY_SIZE);
        put_number(writer, admit->role);
        put_number(writer, admit->generation);
        put_number(writer, admit->serial);
        put_number(writer, admit->certificate);
        put_hex(writer, admit->id.bytes, SG_TRUST_REF_SIZE);
        put_text(writer, "\n");
    }
}

static void put_stand(struct sg_writer *writer,
                      const struct sg_trust_stand *stand)
{
    put_hex(writer, stand->log.hash.bytes, sizeof stand->log.hash.bytes);
    put_number(writer, stand->size);
    put_hex(writer, stand->root.bytes, sizeof stand->root.bytes);
    put_text(writer, "\n");
}

static void put_cuts(struct sg_writer *writer, const struct sg_trust *trust)
{
    for (uint32_t i = 0; i < trust->cuts.count; i++) {
        const struct sg_trust_statement *cut =
            &trust->statements[trust->cuts.items[i]];
        struct sg_trust_record record = sg_trust_state_record(trust, cut);
        struct sg_trust_list list = record.cut.stands;

        put_text(writer, "cut");
        put_hex(writer, cut->key, SG_KEY_SIZE);
        put_number(writer, cut->what);
        put_hex(writer, cut->id.bytes, SG_TRUST_REF_SIZE);
        put_text(writer, "\n");
        while (list.count > 0) {
            struct sg_trust_stand stand = sg_trust_record_next_stand(&list);

            put_text(writer, " stands");
            put_stand(writer, &stand);
        }
    }
}

static void put_ranges(struct sg_writer *writer, const struct sg_trust *trust)
{
    for (uint32_t i = 0; i < trust->ranges.count; i++) {
        struct sg_trust_record record = sg_trust_state_record(
            trust, &trust->statements[trust->ranges.items[i]]);

        put_text(writer, "endorsed from");
        put_number(writer, record.endorse.first);
        put_stand(writer, &record.endorse.stand);
    }
    for (uint32_t i = 0; i < trust->opened.count; i++) {
        struct sg_trust_record record = sg_trust_state_record(
            trust, &trust->statements[trust->opened.items[i]]);

        put_text(writer, "log");
        put_number(writer, record.opened.generation);
        put_hex(writer, record.opened.log.hash.bytes,
                sizeof record.opened.log.hash.bytes);
        put_text(writer, "\n");
    }
}

static void put_erasures(struct sg_writer *writer, const struct sg_trust *trust)
{
    for (uint32_t i = 0; i < trust->n_erasures; i++) {
        const struct sg_trust_erasure *erasure = &trust->erasures[i];

        put_text(writer, "erased");
        put_hex(writer, erasure->log.hash.bytes,
                sizeof erasure->log.hash.bytes);
        put_number(writer, erasure->index);
        put_hex(writer, trust->statements[erasure->statement].id.bytes,
                SG_TRUST_REF_SIZE);
        put_text(writer, "\n");
    }
}

enum sg_err sg_trust_dump(const struct sg_trust *trust, struct sg_buf *ret)
{
    struct sg_writer writer;

    sg_writer_init_buf(&writer, ret);
    put_roots(&writer, trust);
    put_admits(&writer, trust);
    put_cuts(&writer, trust);
    put_ranges(&writer, trust);
    put_erasures(&writer, trust);
    return sg_writer_end(&writer);
}
