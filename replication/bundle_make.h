/* Making a bundle: which pieces a stick gets, in which order. PROTOCOL.md
 * section 15.
 *
 * The maker does no I/O: it asks for entries and gives bytes to write.
 *
 *     for (;;) {
 *         err = sg_bundle_make_next(make, &turn);
 *         READ    read, then sg_bundle_make_give
 *         HEADER  begin the file of part turn.part with turn.bytes
 *         PIECE   append turn.bytes to it
 *         DONE    end
 *     }
 *
 * A header counts the pieces of its part, so everything is read twice: once to
 * count, once to write. What is read must be the same both times, which entries
 * of a log are; when an erasure comes between, STATE says so: begin again.
 *
 * Every piece introduces the logs it names, so that it is worth something
 * without the others. Memory is taken at creation.
 */
#ifndef SG_REPLICATION_BUNDLE_MAKE_H
#define SG_REPLICATION_BUNDLE_MAKE_H

#include "replication/bundle.h"
#include "replication/package.h"

struct sg_bundle_make;

/* Pieces must hold the largest entry and what stands around it. */
#define SG_BUNDLE_MAKE_EXPONENT_MIN 17u

/* A log of which entries go into the bundle. */
struct sg_bundle_make_log {
    struct sg_log_core core;
    uint64_t from;              /* what the destination holds already */
    struct sg_checkpoint known; /* all of it is held here */
    /* What the destination knows beyond what it holds: a `proof` from there
     * comes first, without which it could tie no package to that. 0: nothing.
     */
    uint64_t prove_from;
};

/* A message as it stands. */
struct sg_bundle_make_message {
    enum sg_message_type type;
    struct sg_bytes body;
};

struct sg_bundle_make_config {
    struct sg_registry_id registry;
    enum sg_bundle_kind kind;
    unsigned exponent;      /* of pieces; 0: SG_BUNDLE_MAKE_EXPONENT_MIN */
    uint64_t part_size_max; /* bytes; 0: SG_BUNDLE_SIZE_MAX */
    uint8_t id[SG_BUNDLE_ID_SIZE]; /* random */
    uint8_t key[SG_KEY_SIZE];      /* random; wiped when the maker ends */
    uint8_t certificate[SG_CERTIFICATE_SIZE];
    const struct sg_sign_key *node_key; /* borrowed as long as the maker */
    uint64_t seconds;                   /* since 1970, for display */
    uint8_t request[SG_BUNDLE_ID_SIZE]; /* that it answers; zeros: none */
    const uint8_t (*transport_keys)[SG_KEY_SIZE]; /* destinations */
    size_t n_destinations;
    /* After the manifest, in this order: authority, forks, branches, heads,
     * subscribe, statements. Borrowed as long as the maker. */
    const struct sg_bundle_make_message *messages;
    size_t n_messages;
    /* Then these logs, authority logs first. Copied. */
    const struct sg_bundle_make_log *logs;
    size_t n_logs;
};

/* Begins. Caller frees with sg_bundle_make_free. Errors: NOMEM; INVALID (a
 * number that cannot be, a message that fits no piece); CRYPTO (a transport key
 * that is none). */
SG_USE_RESULT enum sg_err sg_bundle_make_new(
    const struct sg_bundle_make_config *config, struct sg_bundle_make **ret);

/* Wipes and frees; takes NULL. */
void sg_bundle_make_free(struct sg_bundle_make *make);

enum sg_bundle_turn_kind {
    SG_BUNDLE_TURN_READ,
    SG_BUNDLE_TURN_HEADER,
    SG_BUNDLE_TURN_PIECE,
    SG_BUNDLE_TURN_DONE,
};

struct sg_bundle_turn {
    enum sg_bundle_turn_kind kind;
    /* READ: entries [first, to) of logs[log], as many as size_max bytes of
     * payloads allow, at least one; and the hashes of
     * sg_merkle_plan_extension(end of these, prove_to). With IS_PROOF no
     * entries, and before those hashes the frontier at FIRST. */
    size_t log;
    uint64_t first;
    uint64_t to;
    size_t size_max;
    uint64_t prove_to;
    bool is_proof;
    /* HEADER, PIECE: to be written; borrowed until the next call. */
    uint16_t part; /* from 1 */
    struct sg_bytes bytes;
    /* How far it is: pieces written, of so many; 0 while they are counted. */
    uint64_t pieces_done;
    uint64_t pieces_all;
};

/* Goes on to the next turn. Errors: STATE (what was read is not what was
 * counted), LIMIT (more than 65,535 parts). */
SG_USE_RESULT enum sg_err sg_bundle_make_next(struct sg_bundle_make *make,
                                              struct sg_bundle_turn *ret_turn);

/* Answers a READ. Borrows: ENTRIES and HASHES for the call. Errors: INVALID
 * (not what was asked for); those of sg_package_encode. */
SG_USE_RESULT enum sg_err sg_bundle_make_give(struct sg_bundle_make *make,
                                              const struct sg_entry entries[],
                                              size_t count,
                                              const struct sg_hash hashes[],
                                              size_t hash_count);

#endif
