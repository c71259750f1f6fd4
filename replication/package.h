/* Packages: consecutive entries of one log with what ties them to a signed
 * checkpoint; made, read, planned and verified.
 *
 * PROTOCOL.md section 9 has the bytes and the tables; both sides are here, so
 * that core, bundles, simulator and fuzzer use the same code. It is not the
 * flow (who asks whom, flow_message.h; what is sent when, outbox.h), and it
 * keeps nothing: what a receiver remembers of a log is a value of the caller's.
 * Pure: bytes in, bytes out; no allocation.
 *
 *     receiver:  sg_package_peek(bytes) -> head -> the want, its log
 *                sg_package_judge(head, log, size) -> new to us?
 *                sg_package_decode(bytes, size, hasher) -> body
 *                sg_package_verify(log, body, receiver) -> commit what is new
 *     sender:    entries [first, end) and the hashes of
 *                sg_merkle_plan_extension(end, sg_package_reach(...))
 *                -> body -> sg_package_encode
 *
 * Words: first, end: the range [first, end) of a package's entries, PROTOCOL's
 * [a, b). Size: of the checkpoint that it proves toward, PROTOCOL's N. Reach:
 * up to where its nodes go. Stack: the hashes of cover(held, N), which a
 * receiver keeps so that no node crosses twice. Fresh: a package that needs no
 * stack. Filling: one of payloads only, for entries held without.
 */
#ifndef SG_REPLICATION_PACKAGE_H
#define SG_REPLICATION_PACKAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/base/bytes.h"
#include "storage/base/err.h"
#include "storage/base/limits.h"
#include "storage/base/writer.h"
#include "storage/log/checkpoint.h"
#include "storage/log/entry.h"
#include "storage/log/fork.h"
#include "storage/log/merkle.h"

/* What names a log in a message: the beginning of its id. */
#define SG_REF_SIZE 16u

struct sg_log_ref {
    uint8_t bytes[SG_REF_SIZE];
};

_Static_assert(SG_REF_SIZE == SG_ERASED_BY_SIZE, "an order's ref, too");

/* Gives the ref of LOG. */
struct sg_log_ref sg_package_ref(const struct sg_log_id *log);

/* --- The bytes ------------------------------------------------------------ */

/* What stands before the entries. */
struct sg_package_head {
    uint64_t number;       /* of the want that it answers; 0: pushed */
    struct sg_log_ref ref; /* zeros unless NUMBER is 0 */
    bool has_checkpoint;
    bool is_fresh;   /* only with a checkpoint */
    bool is_filling; /* alone: neither checkpoint, nor fresh, nor nodes */
    uint64_t first;
    size_t count; /* 1 to SG_PACKAGE_ENTRIES_MAX */
    uint64_t size;
    uint8_t signature[SG_SIGNATURE_SIZE]; /* zeros without a checkpoint, as
                                           * SIZE is */
};

/* A whole package. It is large (24 KiB): it belongs into memory that is taken
 * once, not onto the stack. */
struct sg_package_body {
    struct sg_package_head head;
    /* Payloads are borrowed from the bytes. */
    struct sg_entry entries[SG_PACKAGE_ENTRIES_MAX];
    size_t node_count;
    struct sg_hash nodes[SG_MERKLE_HASHES_MAX];
};

/* Gives the first index after the package's entries. */
static inline uint64_t sg_package_end(const struct sg_package_head *head)
{
    return head->first + head->count;
}

/* Reads the head alone and judges it by itself. RET_HEAD is set in its number
 * and ref after VERSION too, which closes that log here and not the session.
 * Errors: TRUNCATED, NOTCANONICAL, MALFORMED; LIMIT (more entries than
 * SG_PACKAGE_ENTRIES_MAX); VERSION (entries of a version that this program does
 * not know). */
SG_USE_RESULT enum sg_err sg_package_peek(struct sg_bytes bytes,
                                          struct sg_package_head *ret_head);

/* Reads a whole package, strictly; hashes the payloads that are present, so
 * that every entry has its hash. SIZE: of the checkpoint that the want's
 * packages prove, as an earlier one of them or the receiver's stack has it; 0:
 * none is known, and the package must bring its own. RET_BODY is undefined
 * after an error. Borrows: BYTES, as long as RET_BODY's payloads are used.
 * Errors: TRUNCATED, TRAILING, NOTCANONICAL, MALFORMED, VERSION; LIMIT (also a
 * payload above SG_PAYLOAD_SIZE_MAX). */
SG_USE_RESULT enum sg_err sg_package_decode(
    struct sg_bytes bytes, uint64_t size, const struct sg_entry_hasher *hasher,
    struct sg_package_body *ret_body);

/* Writes the body of a `package` message. BODY is one that sg_package_decode
 * would give: within the limits, entries as sg_entry_check wants them, payloads
 * where they are present, the nodes that sg_package_reach asks for.
 * Errors: LIMIT (more than WRITER takes), NOMEM. */
SG_USE_RESULT enum sg_err sg_package_encode(const struct sg_package_body *body,
                                            struct sg_writer *writer);

/* --- The sender ----------------------------------------------------------- */

/* Says up to where the nodes of package [FIRST, END) toward SIZE go: they are
 * the hashes of sg_merkle_plan_extension(END, reach); none when END is the
 * reach. SIZE if fresh. FIRST < END <= SIZE. */
uint64_t sg_package_reach(uint64_t first, uint64_t end, uint64_t size,
                          bool is_fresh);

/* Says where a package from FIRST must end at the latest, if the log has SIZE
 * entries: at the next multiple of SG_PACKAGE_ENTRIES_MAX. */
uint64_t sg_package_end_max(uint64_t first, uint64_t size);

/* A body up to so many bytes is small: what is beside its entries counts. */
#define SG_PACKAGE_SMALL 8192u
/* What a package costs beside its body, about: a frame, an acknowledgement. */
#define SG_PACKAGE_EXTRA 64u

/* Counts how many of ENTRIES go into one package toward SIZE of at most
 * BODY_MAX bytes: at least one, never across a multiple of
 * SG_PACKAGE_ENTRIES_MAX, never a body above SG_MESSAGE_SIZE_MAX. 0 when COUNT
 * is, or when the first is of a kind that cannot travel. HEAD is set but for
 * its count; ENTRIES begin at its first. Where it does not know a size it
 * counts a few bytes too many: the body is never larger than it says, unless
 * one entry alone is. Of ends that fit a small body it takes the one with the
 * fewest bytes beside entries for the bytes of them: a round number, mostly. */
size_t sg_package_fit(const struct sg_package_head *head,
                      const struct sg_entry entries[], size_t count,
                      uint64_t size, size_t body_max);

/* --- The receiver --------------------------------------------------------- */

/* A log as verification needs it. */
struct sg_package_log {
    const struct sg_entry_hasher *hasher; /* borrowed; it knows the registry */
    struct sg_log_id id;
    struct sg_log_core core;
};

/* The hashes of cover(held, size) under a checkpoint that was verified and is
 * of one history with all that is known. */
struct sg_package_stack {
    struct sg_checkpoint toward; /* size 0: there is no stack */
    size_t count;
    struct sg_hash hashes[SG_MERKLE_HASHES_MAX];
};

/* What a receiver remembers of a log it fetches. After a restart: HELD and
 * KNOWN from the store, no stack. A value of 4 KiB. */
struct sg_package_receiver {
    struct sg_frontier held; /* its size: entries verified, maybe not durable */
    struct sg_checkpoint known; /* size 0: none; never below held */
    struct sg_package_stack stack;
};

/* Sets RECEIVER to what a store knows of a log: no stack. Borrows nothing. */
void sg_package_receiver_init(struct sg_package_receiver *receiver,
                              const struct sg_frontier *held,
                              const struct sg_checkpoint *known);

/* What became of a package: section 9's table, a row each. Only after FITS has
 * anything changed. */
enum sg_package_verdict {
    /* Verified: commit the entries from RET->skip on. */
    SG_PACKAGE_FITS,
    /* All of it is held: ignored; `stored` is sent again. */
    SG_PACKAGE_DUPLICATE,
    /* It begins beyond what is held: a claim of the checkpoint's size. */
    SG_PACKAGE_AHEAD,
    /* Its checkpoint is older than what is known here: `stop` 3, and a peer is
     * asked that knows more. */
    SG_PACKAGE_OLDER,
    /* Its checkpoint is newer than what is known here, which is not held yet:
     * `prove` with m = known first, then it is wanted again. */
    SG_PACKAGE_UNPROVED,
    /* It builds on a stack that is not here: wanted again, without flag 2. If
     * that brings another, the peer does not follow the protocol. */
    SG_PACKAGE_NO_STACK,
    /* It does not fold to what the signature covers: `prove` with m = known.
     * Consistent after all: it was garbage, close 7. Else a fork. */
    SG_PACKAGE_MISMATCH,
    /* It is signed, and contradicts the known checkpoint of the same size:
     * RET->fork proves it. */
    SG_PACKAGE_FORKS,
    /* Signed, but entry 0 is no opening with this core: the log is refused and
     * counted as MALFORMED; the peer is not to blame. */
    SG_PACKAGE_NO_OPENING,
};

/* What a verified package gave, or the evidence against its writer. */
struct sg_package_result {
    size_t skip;          /* entries that were held already */
    bool has_known_grown; /* the receiver's known checkpoint is the package's */
    struct sg_fork fork;  /* FORKS only */
};

/* Judges by the range and the sizes alone, so that a package that will not be
 * taken is not hashed: any verdict but MISMATCH, FORKS and NO_OPENING; FITS
 * means that sg_package_verify decides. SIZE as in sg_package_decode. Not for a
 * filling. */
enum sg_package_verdict sg_package_judge(
    const struct sg_package_head *head, uint64_t size,
    const struct sg_package_receiver *receiver);

/* Verifies BODY, which sg_package_decode gave for the same SIZE, and moves
 * RECEIVER on: held, stack, and known when the checkpoint is newer. Entries
 * that are held already are passed over. RET is set after FITS, and after FORKS
 * its fork. Not for a filling. */
enum sg_package_verdict sg_package_verify(const struct sg_package_log *log,
                                          const struct sg_package_body *body,
                                          uint64_t size,
                                          struct sg_package_receiver *receiver,
                                          struct sg_package_result *ret);

/* Verifies a filling: LEAVES are the leaf hashes held here of its range. An
 * entry whose payload is present and fits is good; one without a payload is
 * passed over. Errors: PROOF: drop it, close 7. */
SG_USE_RESULT enum sg_err sg_package_verify_filling(
    const struct sg_package_body *body, const struct sg_hash leaves[]);

/* Says whether the authority's state here has the payload of entry INDEX
 * erased, and by which order. */
typedef bool sg_package_order_fn(void *context, uint64_t index,
                                 uint8_t ret_order[SG_ERASED_BY_SIZE]);

/* Puts the orders known here in force on a verified BODY: what is ordered
 * erased is dropped and marked erased, but for openings, content keys and plain
 * records of types 1 to 31, which stay whatever an order names
 * (RECORDS.md 6.9); and a peer's "erased" without such an order becomes "not
 * held". */
void sg_package_settle(struct sg_package_body *body,
                       sg_package_order_fn *is_ordered, void *context);

#endif
