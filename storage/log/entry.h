/* Entries of a log: identity of the log, the header that is hashed, the states
 * of a payload, and the opening that is entry 0.
 *
 * FORMAT.md sections 2 to 4 and 6 have the bytes. What is inside a payload is
 * not decided here: seals are storage/log/seal.h, records are the registry's.
 * Pure: bytes in, bytes out.
 */
#ifndef SG_STORAGE_LOG_ENTRY_H
#define SG_STORAGE_LOG_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/base/bytes.h"
#include "storage/base/crypto.h"
#include "storage/base/err.h"
#include "storage/base/limits.h"

/* Identifies one registry; a struct of its own so that it is never passed where
 * a log id belongs. */
struct sg_registry_id {
    struct sg_hash hash;
};

/* Identifies one log: the hash of its core. */
struct sg_log_id {
    struct sg_hash hash;
};

enum sg_log_kind {
    SG_LOG_RECORDS = 1,
    SG_LOG_AUDIT = 2,
};

#define SG_LOG_CORE_SIZE     49
#define SG_EPOCH_SIZE        16
#define SG_ENTRY_HEADER_SIZE 46
#define SG_SHORT_HEADER_SIZE 14
#define SG_OPENING_SIZE_MIN  51
#define SG_OPENING_SIZE_MAX  123
#define SG_ERASED_BY_SIZE    16

_Static_assert(SG_LOG_CORE_SIZE == SG_KEY_SIZE + 1 + SG_EPOCH_SIZE, "core");
_Static_assert(SG_ENTRY_HEADER_SIZE ==
                   SG_SHORT_HEADER_SIZE + sizeof(struct sg_hash),
               "header");

/* What a log is: whoever has the core knows the id. */
struct sg_log_core {
    uint8_t node_key[SG_KEY_SIZE];
    enum sg_log_kind kind;
    uint8_t epoch[SG_EPOCH_SIZE];
};

/* The hashes of one registry that are begun many times, begun once. */
struct sg_entry_hasher {
    struct sg_registry_id registry;
    struct sg_sha256 payload; /* after the purpose block of payloads */
};

/* Kinds up to 15 fit the formats; those above SEALED are of a later time: kept,
 * proved and relayed, not interpreted. */
enum sg_entry_kind {
    SG_ENTRY_OPENING = 0,
    SG_ENTRY_CONTENT_KEY = 1,
    SG_ENTRY_PLAIN = 2,
    SG_ENTRY_SEALED = 3,
    SG_ENTRY_KIND_MAX = 15,
};

enum sg_payload_state {
    SG_PAYLOAD_PRESENT = 0,
    SG_PAYLOAD_NOT_HELD = 1,
    SG_PAYLOAD_ERASED = 2,
};

/* One entry in memory. PAYLOAD is borrowed and empty unless present;
 * PAYLOAD_HASH is always set; KIND may be one this program does not know. */
struct sg_entry {
    uint8_t kind; /* enum sg_entry_kind, and above */
    enum sg_payload_state state;
    uint64_t key_entry;
    uint32_t length; /* of the payload, whatever its state */
    struct sg_hash payload_hash;
    struct sg_bytes payload;
    /* First half of the order's record id; zero unless erased. */
    uint8_t erased_by[SG_ERASED_BY_SIZE];
};

/* Begins the hashes of REGISTRY. */
void sg_entry_hasher_init(struct sg_entry_hasher *hasher,
                          const struct sg_registry_id *registry);

/* Encodes CORE into its 49 bytes. */
void sg_entry_core_encode(const struct sg_log_core *core,
                          uint8_t ret_bytes[SG_LOG_CORE_SIZE]);

/* Decodes a core.
 * Errors: TRUNCATED, TRAILING, MALFORMED (kind). */
SG_USE_RESULT enum sg_err sg_entry_core_decode(struct sg_bytes bytes,
                                               struct sg_log_core *ret_core);

/* Gives the id of the log with CORE in REGISTRY. */
struct sg_log_id sg_entry_log_id(const struct sg_registry_id *registry,
                                 const struct sg_log_core *core);

/* Hashes a payload with its purpose and registry. */
struct sg_hash sg_entry_payload_hash(const struct sg_entry_hasher *hasher,
                                     struct sg_bytes payload);

/* Makes an entry of a PAYLOAD that is present: sets length and hash. KEY_ENTRY
 * is 0 except for SEALED.
 * Borrows: PAYLOAD, as long as RET_ENTRY is used.
 * Errors: LIMIT (payload empty or above SG_PAYLOAD_SIZE_MAX). */
SG_USE_RESULT enum sg_err sg_entry_make(const struct sg_entry_hasher *hasher,
                                        enum sg_entry_kind kind,
                                        uint64_t key_entry,
                                        struct sg_bytes payload,
                                        struct sg_entry *ret_entry);

/* Encodes the header, which is the leaf data, and the short header. */
void sg_entry_header_encode(const struct sg_entry *entry,
                            uint8_t ret_bytes[SG_ENTRY_HEADER_SIZE]);
void sg_entry_short_header_encode(uint8_t kind, uint64_t key_entry,
                                  uint32_t length,
                                  uint8_t ret_bytes[SG_SHORT_HEADER_SIZE]);

/* Decodes a header into an entry whose payload is not held.
 * Errors: TRUNCATED, TRAILING, VERSION, MALFORMED (kind above 15, key entry
 * where there is none, length). */
SG_USE_RESULT enum sg_err sg_entry_header_decode(struct sg_bytes bytes,
                                                 struct sg_entry *ret_entry);

/* Gives the leaf hash of ENTRY. */
struct sg_hash sg_entry_leaf(const struct sg_entry *entry);

/* Checks the rules of FORMAT.md section 4 that tie an entry to its place: an
 * opening at index 0 and only there, a key entry before the entry it seals; and
 * that its header is one that sg_entry_header_decode accepts.
 * Errors: MALFORMED. */
SG_USE_RESULT enum sg_err sg_entry_check(const struct sg_entry *entry,
                                         uint64_t index);

/* What entry 0 says. */
struct sg_opening {
    struct sg_log_core core;
    bool follows; /* the rest is set only then, else zero */
    struct sg_log_id predecessor;
    uint64_t size; /* a lower bound, never a cut */
    struct sg_hash root;
};

/* Encodes an opening; returns its size, 51 or 123. */
size_t sg_entry_opening_encode(const struct sg_opening *opening,
                               uint8_t ret_bytes[SG_OPENING_SIZE_MAX]);

/* Decodes an opening.
 * Errors: MALFORMED, VERSION, TRUNCATED, TRAILING. */
SG_USE_RESULT enum sg_err sg_entry_opening_decode(
    struct sg_bytes bytes, struct sg_opening *ret_opening);

/* Checks that OPENING is of LOG: its core hashes to the id, and it does not
 * follow itself.
 * Errors: MALFORMED. */
SG_USE_RESULT enum sg_err sg_entry_opening_check(
    const struct sg_registry_id *registry, const struct sg_log_id *log,
    const struct sg_opening *opening);

#endif
