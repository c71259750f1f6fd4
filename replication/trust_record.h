/* The authority's statements that replication understands, read strictly from
 * the plain records that carry them.
 *
 * RECORDS.md sections 2 and 6. The registry reads every type from its tables;
 * this reads the nine that decide who may speak, because replication does not
 * see the registry. Both accept the same bytes, but for one thing: texts are
 * checked here to be UTF-8 without control characters, and not against Unicode
 * 15. Pure, allocates nothing; a record borrows its payload.
 */
#ifndef SG_REPLICATION_TRUST_RECORD_H
#define SG_REPLICATION_TRUST_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "storage/base/bytes.h"
#include "storage/base/crypto.h"
#include "storage/base/date.h"
#include "storage/base/err.h"
#include "storage/base/limits.h"
#include "storage/base/msgpack.h"
#include "storage/log/entry.h"
#include "storage/log/key_id.h"

/* The numbers are those of RECORDS.md section 5; 3 is not used. */
enum sg_trust_type {
    SG_TRUST_GENESIS = 1,
    SG_TRUST_LOG = 2,
    SG_TRUST_ROOT_ROTATE = 4,
    SG_TRUST_HEARTBEAT = 5,
    SG_TRUST_NODE_ADMIT = 6,
    SG_TRUST_NODE_CUT = 7,
    SG_TRUST_LIFT = 10,
    SG_TRUST_ERASURE = 19,
    SG_TRUST_ENDORSE_RANGE = 22,
};

/* The first half of a record's id. */
#define SG_TRUST_REF_SIZE 16u

/* A list inside a record, whose form has been checked. */
struct sg_trust_list {
    uint32_t count;
    struct sg_bytes encoded; /* the elements, borrowed */
};

/* A log up to SIZE, where it has ROOT. */
struct sg_trust_stand {
    struct sg_log_id log;
    uint64_t size;
    struct sg_hash root;
};

/* One entry to be erased. */
struct sg_trust_erased {
    struct sg_log_id log;
    uint64_t index;
};

enum sg_trust_what {
    SG_TRUST_SUSPEND = 1, /* can be lifted */
    SG_TRUST_RETIRE = 2,
    SG_TRUST_REVOKE = 3,
};

enum sg_trust_reason {
    SG_TRUST_PLANNED = 1,
    SG_TRUST_KEY_LOST = 2,
    SG_TRUST_KEY_STOLEN = 3,
};

/* A statement; beside the type and what all have, the members of its type. */
struct sg_trust_record {
    enum sg_trust_type type;
    struct sg_bytes payload; /* all of it */
    struct sg_bytes inner;   /* what the id covers */
    struct sg_key_id officer;
    uint8_t signature[SG_SIGNATURE_SIZE];
    uint64_t serial;
    union {
        struct {
            uint8_t root[SG_KEY_SIZE];
            struct sg_hash next;
            uint8_t writer[SG_KEY_SIZE]; /* node key */
        } genesis;
        struct {
            uint32_t generation;
            struct sg_log_id log;
            struct sg_trust_list stands_on; /* sg_trust_stand */
        } opened;
        struct {
            uint8_t generation;
            enum sg_trust_reason reason;
            uint8_t root[SG_KEY_SIZE];
            struct sg_hash next;
            struct sg_trust_list stands; /* sg_trust_stand */
            struct sg_bytes proof;       /* 64 bytes, in inner */
        } rotate;
        struct {
            uint64_t ms;
        } heartbeat;
        struct {
            struct sg_bytes certificate; /* of some version */
            uint8_t node[SG_KEY_SIZE];
            uint8_t role; /* 1 to 5; enum sg_certificate_role */
        } admit;
        struct {
            uint8_t node[SG_KEY_SIZE];
            enum sg_trust_what what;
            struct sg_trust_list stands; /* sg_trust_stand */
        } cut;
        struct {
            struct sg_trust_list of; /* refs */
        } lift;
        struct {
            struct sg_trust_list entries; /* sg_trust_erased */
        } erasure;
        struct {
            struct sg_trust_stand stand;
            uint64_t first;
            bool is_of_officer; /* of one officer's entries alone */
        } endorse;
    };
};

/* Reads PAYLOAD. Borrows: PAYLOAD as long as the record is used. Errors:
 * NOTFOUND when it is a record of a type that is not one of these; VERSION when
 * it is of a later schema or envelope, or a rotation beyond 254; LIMIT,
 * TRUNCATED, TRAILING, NOTCANONICAL, TEXT, TYPE; MALFORMED when it does not fit
 * its table. */
SG_USE_RESULT enum sg_err sg_trust_record_decode(
    struct sg_bytes payload, struct sg_trust_record *ret_record);

/* Says whether PAYLOAD, of a plain entry, is a record of types 1 to 31, read
 * here or not: no order erases it (RECORDS.md 6.9). What is behind the type is
 * not looked at. */
bool sg_trust_record_is_kept(struct sg_bytes payload);

/* Computes the id of RECORD. */
struct sg_hash sg_trust_record_id(const struct sg_trust_record *record,
                                  const struct sg_registry_id *registry);

/* Computes the id of the registry that RECORD, a genesis, founds. */
struct sg_registry_id sg_trust_record_registry(
    const struct sg_trust_record *record);

/* Verifies that ROOT signed RECORD. Errors: SIGNATURE. */
SG_USE_RESULT enum sg_err sg_trust_record_verify(
    const struct sg_trust_record *record, const struct sg_registry_id *registry,
    const uint8_t root[SG_KEY_SIZE]);

/* Verifies the proof in RECORD, a rotation: that the new root signed it too.
 * Errors: SIGNATURE. */
SG_USE_RESULT enum sg_err sg_trust_record_verify_proof(
    const struct sg_trust_record *record,
    const struct sg_registry_id *registry);

/* Walks over LIST: each call gives the next element and takes it off. */
struct sg_trust_stand sg_trust_record_next_stand(struct sg_trust_list *list);
struct sg_trust_erased sg_trust_record_next_erased(struct sg_trust_list *list);
struct sg_bytes sg_trust_record_next_ref(struct sg_trust_list *list);

#endif
