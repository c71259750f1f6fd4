/* Record: who changed what about whom, when, where and on which legal basis.
 *
 * A payload is read into struct sg_record, a view that borrows the payload and
 * allocates nothing. Three checks, in the order of admission (RECORDS.md,
 * section 3):
 *
 *   sg_record_decode   A03  canonical bytes, an envelope as in section 2
 *   record.schema      A04  NULL: a type that this program does not know; it is
 *                           carried, proved, shown as unknown, never applied
 *   sg_record_fit      A05  the body is what the type's table says
 *
 * and the signature (A12) apart, since it is checked off the hot path. Fields
 * are read by sg_record_uint and the like from records that fit.
 *
 * To write one, see record_build.h. Whether it is right in law is said by
 * rules.h; whether it counts, by the merge.
 */
#ifndef SG_STORAGE_REGISTRY_RECORD_H
#define SG_STORAGE_REGISTRY_RECORD_H

#include "storage/base/crypto.h"
#include "storage/base/msgpack.h"
#include "storage/log/key_id.h"
#include "storage/registry/schema.h"
#include "storage/registry/unit.h"
#include "storage/registry/value.h"

enum sg_record_trust {
    SG_RECORD_TRUST_UNKNOWN,
    SG_RECORD_TRUST_DRIFTING,
    SG_RECORD_TRUST_SYNCED,
};

/* Form code, document reference, legal clause. */
struct sg_record_basis {
    uint8_t form;
    struct sg_bytes document;
    struct sg_bytes clause;
};

/* What belongs to this copy and not to the record: the outer part. */
struct sg_record_copy {
    uint64_t hlc;        /* ms << 16 | counter */
    int64_t wall_offset; /* wall ms minus hlc ms */
    enum sg_record_trust trust;
    uint64_t position; /* authority position: generation << 32 | size */
    struct sg_unit_key capture;
    struct sg_unit_key home;   /* equals capture when not written */
    struct sg_bytes signature; /* 64 bytes; none while the key is locked */
    bool is_later_form;        /* ext has a key below 16: A06 */
};

/* A decoded record. Everything borrows from the payload. */
struct sg_record {
    uint16_t type; /* as written, known or not */
    uint16_t version;
    const struct sg_schema_type *schema; /* NULL: unknown here */
    struct sg_bytes inner;               /* the bytes that the id covers */
    struct sg_uid subject;               /* 16 bytes, see schema->subject */
    struct sg_bytes body;                /* the map, as encoded */
    uint32_t present;                    /* bit n: field n is in the body */
    unsigned n_parents;
    const uint8_t *parents; /* see sg_record_parent */
    struct sg_record_basis basis;
    struct sg_date effective;
    struct sg_key_id officer;
    struct sg_uid submit;
    struct sg_record_copy copy;
    /* Encoded values of the fields below SG_FIELD_COUNT_MAX that are present.
     */
    struct sg_bytes fields[SG_FIELD_COUNT_MAX];
};

/* Reads PAYLOAD strictly. Borrows: PAYLOAD as long as the record is used.
 * Errors: LIMIT above SG_RECORD_SIZE_MAX and other limits; TRUNCATED, TRAILING,
 * NOTCANONICAL, TEXT, TYPE; MALFORMED when the envelope is not that of
 * section 2. */
SG_USE_RESULT enum sg_err sg_record_decode(struct sg_bytes payload,
                                           struct sg_record *ret_record);

/* The same of the inner bytes alone, as a fold keeps them (merge/subject.h);
 * the copy is zeros. Borrows and errors: as sg_record_decode. */
SG_USE_RESULT enum sg_err sg_record_decode_inner(struct sg_bytes inner,
                                                 struct sg_record *ret_record);

/* Checks that VALUE is one value in the canonical form of section 1, such as
 * the member of a handover. Errors: as sg_record_decode. */
SG_USE_RESULT enum sg_err sg_record_check_value(struct sg_bytes value);

/* Writes what RECORD, whose type or version is not known here, is to be shown
 * as: "unknown type 99 schema 3, carried and proved". Errors: as
 * sg_writer_bytes, left in WRITER. */
void sg_record_write_unknown(struct sg_writer *writer,
                             const struct sg_record *record, enum sg_lang lang);

/* Why a body does not fit its table. */
enum sg_record_misfit {
    SG_RECORD_FITS,
    SG_RECORD_FIELD_UNKNOWN,   /* the table has no such field */
    SG_RECORD_FIELD_FORM,      /* another type, or out of its limits */
    SG_RECORD_FIELD_NIL,       /* only I, C and V can be set to unknown */
    SG_RECORD_FIELD_MISSING,   /* due and not there */
    SG_RECORD_FIELD_AMENDED,   /* set by the opening record only */
    SG_RECORD_FIELD_REDUNDANT, /* says what is said without it */
    SG_RECORD_ACT,             /* a decision lacks what its act needs */
    SG_RECORD_SUBJECT,         /* not what the fields say */
    SG_RECORD_EFFECTIVE,       /* not the day of the event */
    SG_RECORD_VALUES,          /* of a handover: not those of its heads */
};

/* Checks the body of RECORD, whose schema is known, against its table; gives
 * the first misfit and, in *RET_NO, the field (SG_FIELD_NONE when it is none).
 * REGISTRY is needed for subjects that are key ids. Allocates nothing. */
SG_USE_RESULT enum sg_record_misfit sg_record_fit(
    const struct sg_record *record, const struct sg_registry_id *registry,
    uint8_t *ret_no);

/* Computes the subject that the fields of RECORD say it must have: of most
 * statements; of the others it is the one it has. Reads schema, fields, subject
 * and officer only. Errors: INVALID when the fields do not fit. */
SG_USE_RESULT enum sg_err sg_record_subject(
    const struct sg_record *record, const struct sg_registry_id *registry,
    struct sg_uid *ret_subject);

/* Says why in a few words, in LANG; static storage. */
const char *sg_record_misfit_text(enum sg_record_misfit misfit,
                                  enum sg_lang lang);

/* Says whether RECORD, whose schema is known, opens an object (section 7). */
bool sg_record_is_opening(const struct sg_record *record);

/* --- identity ---------------------------------------------------------- */

/* Computes the id of the record with these INNER bytes. */
void sg_record_id(const struct sg_registry_id *registry, struct sg_bytes inner,
                  struct sg_hash *ret_id);

/* The same for many records of one registry: PREFIX is made once by
 * sg_record_id_prefix. */
void sg_record_id_prefix(const struct sg_registry_id *registry,
                         struct sg_sha256 *ret_prefix);
void sg_record_id_after(const struct sg_sha256 *prefix, struct sg_bytes inner,
                        struct sg_hash *ret_id);

/* Computes the registry id that the genesis with these INNER bytes founds. */
void sg_record_registry(struct sg_bytes inner,
                        struct sg_registry_id *ret_registry);

/* Signs the record with this ID. */
SG_USE_RESULT enum sg_err sg_record_sign(
    const struct sg_sign_key *key, const struct sg_registry_id *registry,
    const struct sg_hash *id, uint8_t ret_signature[SG_SIGNATURE_SIZE]);

/* Verifies the signature that RECORD carries.
 * Errors: SIGNATURE when it is wrong; NOTFOUND when there is none. */
SG_USE_RESULT enum sg_err sg_record_verify(
    const struct sg_record *record, const struct sg_hash *id,
    const struct sg_registry_id *registry,
    const uint8_t public_key[SG_KEY_SIZE]);

/* --- reading fields of a record that fits ------------------------------ */

/* Family, middle and given name. */
struct sg_record_name {
    struct sg_bytes family, middle, given;
};

/* A unit, an address in words, a country; each may be unknown. */
struct sg_record_place {
    bool has_unit;
    struct sg_unit_key unit;
    struct sg_bytes text;    /* data NULL: not known */
    struct sg_bytes country; /* data NULL: Viet Nam */
};

/* Another person as far as known. */
struct sg_record_kin {
    bool has_uid, has_name, has_pin;
    struct sg_uid uid;
    struct sg_record_name name;
    uint64_t pin;
    struct sg_bytes old_number; /* data NULL: not known */
};

enum sg_record_source {
    SG_RECORD_SOURCE_UNKNOWN,
    SG_RECORD_SOURCE_LEGACY,
    SG_RECORD_SOURCE_DECLARED,
    SG_RECORD_SOURCE_DOCUMENT,
    SG_RECORD_SOURCE_IN_PERSON,
    SG_RECORD_SOURCE_NATIONAL,
};

/* Provenance of a value. */
struct sg_record_src {
    enum sg_record_source source;
    struct sg_bytes evidence; /* none: the basis reference */
    struct sg_date verified;  /* no date: not verified */
};

/* Says whether RECORD sets field NO, to a value or to nil. */
static inline bool sg_record_has(const struct sg_record *record, unsigned no)
{
    return no < SG_FIELD_COUNT_MAX && (record->present >> no & 1) != 0;
}

/* Says whether RECORD sets field NO to nil, "unknown". */
bool sg_record_is_nil(const struct sg_record *record, unsigned no);

/* Return field NO of RECORD, which has it and not as nil. The caller knows its
 * type from the table. */
uint64_t sg_record_uint(const struct sg_record *record, unsigned no);
struct sg_date sg_record_date(const struct sg_record *record, unsigned no);
struct sg_unit_key sg_record_unit(const struct sg_record *record, unsigned no);
struct sg_bytes sg_record_str(const struct sg_record *record, unsigned no);
struct sg_bytes sg_record_bin(const struct sg_record *record, unsigned no);
struct sg_uid sg_record_uid(const struct sg_record *record, unsigned no);
struct sg_ref sg_record_ref(const struct sg_record *record, unsigned no);
struct sg_record_name sg_record_name(const struct sg_record *record,
                                     unsigned no);
struct sg_record_place sg_record_place(const struct sg_record *record,
                                       unsigned no);
struct sg_record_kin sg_record_kin(const struct sg_record *record, unsigned no);

/* As sg_record_uint; INSTEAD when RECORD has no field NO, or nil. */
uint64_t sg_record_uint_or(const struct sg_record *record, unsigned no,
                           uint64_t instead);

/* Begins to read field NO of RECORD, for arrays and sets: the elements are read
 * with the functions below. */
void sg_record_open(const struct sg_record *record, unsigned no,
                    struct sg_msgpack *ret_reader);

/* Read one value of a record that fits from READER. A nil gives no bytes, no
 * date, false. */
struct sg_record_name sg_record_read_name(struct sg_msgpack *reader);
struct sg_record_place sg_record_read_place(struct sg_msgpack *reader);
struct sg_record_kin sg_record_read_kin(struct sg_msgpack *reader);
struct sg_record_src sg_record_read_src(struct sg_msgpack *reader);
struct sg_date sg_record_read_date(struct sg_msgpack *reader);
bool sg_record_read_unit(struct sg_msgpack *reader, struct sg_unit_key *ret);
bool sg_record_read_uid(struct sg_msgpack *reader, struct sg_uid *ret);
bool sg_record_read_ref(struct sg_msgpack *reader, struct sg_ref *ret);

/* Returns the provenance of field NO: its own entry in `per_field`, else field
 * 0, else declared by the citizen. */
struct sg_record_src sg_record_src_of(const struct sg_record *record,
                                      unsigned no);

/* Returns parent INDEX, which is below record->n_parents. */
struct sg_ref sg_record_parent(const struct sg_record *record, unsigned index);

/* Returns the day, in Viet Nam, that the writer's own clock showed. */
struct sg_date sg_record_captured(const struct sg_record *record);

#endif
