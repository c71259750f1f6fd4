/* Schema: what RECORDS.md says of each record type, as data.
 *
 * One table (schema_list.h) drives the encoder, the check of a record, its
 * names in JSON and the merge. It is not code that judges: whether a body fits
 * is record.h's, whether it is right is rules.h's.
 *
 *   type     a record type and everything that section 5 says of it
 *   field    a numbered member of a type's body: sections 6 and 7
 *   value    the form of a field: a word of section 1, or a tuple or an array
 *            of such
 */
#ifndef SG_STORAGE_REGISTRY_SCHEMA_H
#define SG_STORAGE_REGISTRY_SCHEMA_H

#include "storage/base/bytes.h"
#include "storage/base/writer.h"
#include "storage/registry/schema_list.h"

/* SG_TYPE_PERSON = 32 and so on. */
enum sg_type {
#define SG_SCHEMA_ENUM_TYPE(NAME, number, ...) SG_TYPE_##NAME = number,
    SG_SCHEMA_TYPES(SG_SCHEMA_ENUM_TYPE)
#undef SG_SCHEMA_ENUM_TYPE
};

/* SG_FIELD_PERSON_NAME = 3 and so on; SG_FIELD_COMMON_SRC = 0 and the others
 * that types 32 to 48 share. */
enum sg_field {
#define SG_SCHEMA_ENUM_FIELD(TYPE, no, NAME, ...) SG_FIELD_##TYPE##_##NAME = no,
    SG_SCHEMA_FIELDS(SG_SCHEMA_ENUM_FIELD)
#undef SG_SCHEMA_ENUM_FIELD
};

/* Field numbers are below this, so that a mask of fields is 32 bits. */
#define SG_FIELD_COUNT_MAX 31
#define SG_FIELD_NONE      UINT8_MAX

/* The words of section 1. NAME, PLACE, KIN and SRC are tuples too. */
enum sg_schema_kind {
    SG_SCHEMA_UINT,
    SG_SCHEMA_STR,
    SG_SCHEMA_BIN,
    SG_SCHEMA_UID,
    SG_SCHEMA_REF,
    SG_SCHEMA_HASH,
    SG_SCHEMA_LOG,
    SG_SCHEMA_KEY,
    SG_SCHEMA_SIG,
    SG_SCHEMA_KEYID,
    SG_SCHEMA_DATE,
    SG_SCHEMA_DAY,
    SG_SCHEMA_MS,
    SG_SCHEMA_UNIT,
    SG_SCHEMA_PIN,
    SG_SCHEMA_CODE,
    SG_SCHEMA_NAME,
    SG_SCHEMA_PLACE,
    SG_SCHEMA_KIN,
    SG_SCHEMA_SRC,
    SG_SCHEMA_TUPLE,
    SG_SCHEMA_ARRAY,
};

/* Code tables of section 9. */
enum sg_schema_table {
    SG_TABLE_FORM = 1,
    SG_TABLE_ETHNIC,
    SG_TABLE_RELIGION,
    SG_TABLE_BLOOD,
    SG_TABLE_MARITAL,
    SG_TABLE_RELATION,
    SG_TABLE_UNIT_KIND,
    SG_TABLE_REJECT,
    SG_TABLE_PROVINCE,
    SG_TABLE_COUNTRY,
    SG_TABLE_ISO_COUNTRY,
};

/* The form of a value. MIN and MAX bound an integer, the bytes of a text or of
 * bytes, or the count of an array. */
struct sg_schema_value {
    enum sg_schema_kind kind;
    bool is_nullable;           /* `?`: nil is allowed, "not known" */
    uint8_t sorted_by;          /* arrays: by how many members they ascend */
    uint8_t n_members;          /* of a tuple; 1 for an array */
    enum sg_schema_table table; /* of a code */
    uint64_t min;
    uint64_t max;
    const struct sg_schema_value *members;
};

enum sg_schema_need {
    SG_SCHEMA_MAY,     /* a record may carry it */
    SG_SCHEMA_OPENING, /* `o`: an opening record must */
    SG_SCHEMA_ALWAYS,  /* `a`: every record must */
};

struct sg_schema_field {
    uint8_t no;
    char merge; /* class of section 4: I C V S M K F X A */
    enum sg_schema_need need;
    uint32_t rules; /* bit n: rule Vn looks at it */
    const char *name;
    struct sg_schema_value value;
};

enum sg_schema_entry {
    SG_SCHEMA_PLAIN,  /* in clear, in a log of kind 1 */
    SG_SCHEMA_SEALED, /* sealed, in a log of kind 1 */
    SG_SCHEMA_AUDIT,  /* sealed, in a log of kind 2 */
};

/* Bits of `signed by`: the role bits of officers, and two kinds of key. */
enum sg_schema_signer {
    SG_ROLE_CAPTURE = 1,
    SG_ROLE_APPROVE = 2,
    SG_ROLE_ADJUDICATE = 4,
    SG_ROLE_AUDIT = 8,
    SG_ROLE_ADMINISTER = 16,
    SG_SIGNER_ROOT = 32,
    SG_SIGNER_NODE = 64,
};

/* Bits of `readers`: whose scopes the content key is wrapped for. */
enum sg_schema_reader {
    SG_READER_CAPTURE = 1,   /* C: the capture commune */
    SG_READER_HOME = 2,      /* H: the home commune */
    SG_READER_OLD = 4,       /* O: the old home */
    SG_READER_CENTRE = 8,    /* Z: the centre */
    SG_READER_BOTH = 16,     /* the homes of both persons */
    SG_READER_ENDORSED = 32, /* as the records endorsed */
    SG_READER_ALL = 64,      /* everybody: a plain entry */
};

/* What the 16 bytes of `subject` are. */
enum sg_schema_subject {
    SG_SCHEMA_SUBJECT_UID,         /* a person, household or campaign */
    SG_SCHEMA_SUBJECT_UID_OR_ZERO, /* a person, or zero for a query */
    SG_SCHEMA_SUBJECT_SMALLER,     /* the smaller uid of a pair */
    SG_SCHEMA_SUBJECT_RANDOM,
    SG_SCHEMA_SUBJECT_ZERO,
    SG_SCHEMA_SUBJECT_GENERATION,  /* 8 zero, field `generation` */
    SG_SCHEMA_SUBJECT_NODE,        /* field `node`, its first 16 bytes */
    SG_SCHEMA_SUBJECT_LOG,         /* field `log`, its first 16 bytes */
    SG_SCHEMA_SUBJECT_OFFICER,     /* 8 zero, field `officer` */
    SG_SCHEMA_SUBJECT_OFFICER_KEY, /* 8 zero, key id of field `officer` */
    SG_SCHEMA_SUBJECT_SCOPE_KEY,   /* 8 zero, key id of field `public` */
    SG_SCHEMA_SUBJECT_SIGNER,      /* 8 zero, the envelope's officer */
    SG_SCHEMA_SUBJECT_UNIT,        /* 8 zero, field 1 */
    SG_SCHEMA_SUBJECT_NUMBER,      /* 8 zero, field 1 */
    SG_SCHEMA_SUBJECT_TABLE,       /* 8 zero, table << 8 | part */
    SG_SCHEMA_SUBJECT_ORDER,       /* field `order` */
};

/* What names the object that a record's values belong to (section 7). */
enum sg_schema_object {
    SG_SCHEMA_OBJECT_NONE,     /* an event or a statement: no cells */
    SG_SCHEMA_OBJECT_SUBJECT,  /* empty: the subject has one */
    SG_SCHEMA_OBJECT_OPENING,  /* ref of the opening record */
    SG_SCHEMA_OBJECT_NUMBER,   /* u64 number (pin) */
    SG_SCHEMA_OBJECT_OLD_ID,   /* kind, number, issued */
    SG_SCHEMA_OBJECT_OTHER,    /* the other uid (duplicate) */
    SG_SCHEMA_OBJECT_RESETTLE, /* ref of the residence, u64 from */
};

struct sg_schema_type {
    enum sg_type number;
    uint16_t version; /* its schema: 1 for all of rule version 1 */
    const char *name;
    enum sg_schema_entry entry;
    uint8_t signers; /* bits of enum sg_schema_signer */
    bool is_signed;  /* not applied without a signature */
    uint8_t readers; /* bits of enum sg_schema_reader */
    enum sg_schema_subject subject;
    enum sg_schema_object object;
    uint8_t n_fields;
    const struct sg_schema_field *fields; /* ascending by number */
};

/* Finds the table of TYPE at VERSION; NULL when this program has none, and the
 * record is carried without being applied. */
const struct sg_schema_type *sg_schema_find(uint16_t type, uint16_t version);

/* Gives the types this program knows, ascending by number; *RET_COUNT says how
 * many. Static storage. */
const struct sg_schema_type *const *sg_schema_types(size_t *ret_count);

/* Finds the field NO of TYPE; NULL when the type has none. */
const struct sg_schema_field *sg_schema_field(const struct sg_schema_type *type,
                                              unsigned no);

/* Finds the field of TYPE called NAME, as JSON calls it; or NULL. */
const struct sg_schema_field *sg_schema_field_named(
    const struct sg_schema_type *type, struct sg_bytes name);

/* Says whether records of TYPE carry `of` and so have objects of their own,
 * opened by a record without it. */
bool sg_schema_has_of(const struct sg_schema_type *type);

/* Says whether records of TYPE share the fields of section 7: provenance,
 * notes, originals. */
static inline bool sg_schema_is_shared(const struct sg_schema_type *type)
{
    return type->number >= SG_TYPE_PERSON && type->number <= SG_TYPE_ENDORSE;
}

/* Says whether the members of VALUE's array are the elements of a set that is
 * merged one by one (class S) when FIELD is of it. */
static inline bool sg_schema_is_set(const struct sg_schema_field *field)
{
    return field->merge == 'S';
}

/* Writes VALUE in the words of RECORDS.md, such as "[(uid, kin?)] 1..32". */
void sg_schema_write_value(struct sg_writer *writer,
                           const struct sg_schema_value *value);

#endif
