/* Record builder: writes what record.h reads.
 *
 * The fields go in by ascending number, straight lines with one check at the
 * end, where the payload is put together, named, signed, and read back with the
 * strict reader: what leaves here fits.
 *
 *     sg_record_build_init(&build, &head);
 *     sg_record_build_name(&build, SG_FIELD_PERSON_NAME, &name);
 *     sg_record_build_uint(&build, SG_FIELD_PERSON_SEX, 2);
 *     err = sg_record_build_end(&build, &copy, &key, &registry, &payload, &id);
 *
 * Texts must be NFC already (nfc.h). It does not choose parents, clocks or
 * positions: the caller knows them.
 */
#ifndef SG_STORAGE_REGISTRY_RECORD_BUILD_H
#define SG_STORAGE_REGISTRY_RECORD_BUILD_H

#include "storage/base/buf.h"
#include "storage/base/pack.h"
#include "storage/registry/record.h"

/* The envelope of a record to be, without its body. */
struct sg_record_head {
    enum sg_type type;
    struct sg_uid
        subject; /* where the fields say it, what is here is ignored */
    const struct sg_ref *parents; /* in any order, no two alike */
    size_t n_parents;
    struct sg_record_basis basis;
    struct sg_date effective;
    struct sg_key_id officer;
    struct sg_uid submit; /* made once by the form, kept over every retry */
};

struct sg_record_build {
    const struct sg_record_head *head; /* borrowed */
    struct sg_buf body;
    struct sg_pack pack; /* to body */
    uint32_t n_fields;
    unsigned no_min; /* the next field is at least this */
};

/* Begins a record. Borrows: HEAD, and what it points to, until the end. Ends
 * with sg_record_build_end or sg_record_build_clear. */
void sg_record_build_init(struct sg_record_build *build,
                          const struct sg_record_head *head);

/* Set field NO, above all that are set already. Borrow: their bytes for the
 * call. Dates and units are numbers. */
void sg_record_build_nil(struct sg_record_build *build, unsigned no);
void sg_record_build_uint(struct sg_record_build *build, unsigned no,
                          uint64_t value);
void sg_record_build_str(struct sg_record_build *build, unsigned no,
                         struct sg_bytes text);
void sg_record_build_bin(struct sg_record_build *build, unsigned no,
                         struct sg_bytes bytes);
void sg_record_build_name(struct sg_record_build *build, unsigned no,
                          const struct sg_record_name *name);
void sg_record_build_place(struct sg_record_build *build, unsigned no,
                           const struct sg_record_place *place);
void sg_record_build_kin(struct sg_record_build *build, unsigned no,
                         const struct sg_record_kin *kin);

/* Sets the provenance of the whole record (field 0); what is the default is
 * not written. */
void sg_record_build_src(struct sg_record_build *build,
                         const struct sg_record_src *src);

/* Begins field NO and gives where its one value is to be packed: arrays,
 * tuples and sets, in ascending order. Valid until the next call. */
struct sg_pack *sg_record_build_field(struct sg_record_build *build,
                                      unsigned no);

/* Pack one tuple of section 1 into such a field. A place of which nothing is
 * known is nil; a kin of which nothing is known is "declared none". */
void sg_record_build_pack_name(struct sg_pack *pack,
                               const struct sg_record_name *name);
void sg_record_build_pack_place(struct sg_pack *pack,
                                const struct sg_record_place *place);
void sg_record_build_pack_kin(struct sg_pack *pack,
                              const struct sg_record_kin *kin);
void sg_record_build_pack_src(struct sg_pack *pack,
                              const struct sg_record_src *src);

/* Ends the record: appends its payload to PAYLOAD and gives its id. COPY is the
 * outer part; it is signed with KEY, or, when KEY is NULL, carries the
 * signature that COPY has, or none. REGISTRY is NULL for a genesis, which
 * founds its own. Frees what BUILD holds, also on failure; PAYLOAD is then as
 * it was. Errors: NOMEM, LIMIT; those of sg_record_decode; INVALID when the
 * body does not fit its table. */
SG_USE_RESULT enum sg_err sg_record_build_end(
    struct sg_record_build *build, const struct sg_record_copy *copy,
    const struct sg_sign_key *key, const struct sg_registry_id *registry,
    struct sg_buf *payload, struct sg_hash *ret_id);

/* As sg_record_build_end; gives the record too, as it was read back. Borrows:
 * PAYLOAD, unmoved, as long as the record is used. */
SG_USE_RESULT enum sg_err sg_record_build_read(
    struct sg_record_build *build, const struct sg_record_copy *copy,
    const struct sg_sign_key *key, const struct sg_registry_id *registry,
    struct sg_buf *payload, struct sg_hash *ret_id,
    struct sg_record *ret_record);

/* Puts a copy together around the INNER bytes that somebody else has made:
 * appends its payload to PAYLOAD. COPY is the outer part, with the signature
 * that it has, or none. What comes out is not checked: read it with
 * sg_record_decode. Errors: NOMEM, LIMIT; PAYLOAD is then as it was. */
SG_USE_RESULT enum sg_err sg_record_build_copy(
    struct sg_bytes inner, const struct sg_record_copy *copy,
    struct sg_buf *payload);

/* Gives up a record that was begun. Takes one that has ended too. */
void sg_record_build_clear(struct sg_record_build *build);

#endif
