/* The desk: where records for the own logs are handed in while the node runs.
 *
 * A thread of its own does what costs: it checks each record as admission will
 * (RECORDS.md section 3, A03 to A13, the officer's signature included; A02 of a
 * record that an order erased, wherever it was filed), writes the outer part
 * (clock, position of the authority), seals it for where it will stand and
 * gives it to the keeper. When it is durable and signed the paper comes back
 * with its place (DESIGN.md D14). It is not the store, which decides where a
 * log ends, and it knows no HTTP.
 *
 * A form may be handed in again: the desk knows the last SG_DESK_KNOWN submit
 * ids of the own log and answers a retry with the first one's place. It reads
 * them back from the log when it begins, so that a restart changes nothing. A
 * retry that comes after more records than that is filed as a second copy,
 * which the merge knows to be the same record (D12).
 *
 *     loop:  sg_desk_put -> desk thread -> keeper -> sg_desk_settle
 *            sg_desk_take: papers with their answers
 */
#ifndef SG_NODE_DESK_H
#define SG_NODE_DESK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "node/keeper.h"
#include "storage/log/key_file.h"
#include "storage/registry/admission.h"
#include "storage/registry/record.h"

struct sg_desk;

/* Submit ids that are known: two hundred days of a district. */
#define SG_DESK_KNOWN 32768u
/* Papers that wait for the desk's thread; more are not taken. */
#define SG_DESK_WAITING_MAX 1024u
/* Of these places, those that many at a time leave to who comes with one: an
 * import does not shut out an office. */
#define SG_DESK_WAITING_SPARE 256u
/* Papers that are sealed together, and bytes of them. */
#define SG_DESK_FLIGHT_MAX  512u
#define SG_DESK_FLIGHT_SIZE (1u << 20)

/* The authority may say much, and its own log grows with what is filed there:
 * the judge follows so often, and at once when a record would be refused. */
#define SG_DESK_JUDGE_MS 250u

/* What became of a paper. */
enum sg_desk_answer {
    SG_DESK_KEPT,        /* durable, signed */
    SG_DESK_KEPT_BEFORE, /* durable, signed: an earlier paper was the same */
    SG_DESK_USED,        /* another record has this submit id */
    SG_DESK_REFUSED,     /* it would not be admitted: CODE says why */
    SG_DESK_FULL,        /* the disk is full */
    SG_DESK_UNABLE,      /* ERR says why: CLOSED, NOTFOUND (no scope key) */
};

/* One record on its way. The caller makes it with sg_desk_paper_new and fills
 * in the first part; who takes it back frees it with sg_desk_paper_free. */
struct sg_desk_paper {
    struct sg_desk_paper *next;
    /* Whoever waits for it, and for which of many at a time (NULL: it is alone)
     * it is; the desk does not look at them. */
    void *owner;
    void *many;
    size_t at;

    /* The outer part as far as the form knows it. */
    struct sg_unit_key capture;
    struct sg_unit_key home;
    bool is_signed;
    uint8_t signature[SG_SIGNATURE_SIZE];

    /* The answer. */
    enum sg_desk_answer answer;
    enum sg_err err;
    enum sg_admission_code code;  /* REFUSED */
    enum sg_record_misfit misfit; /* of A05 */
    uint8_t field;                /* of A05, or SG_FIELD_NONE */
    uint8_t rule;                 /* of A13 */
    bool has_id;                  /* the two below are set */
    struct sg_hash id;            /* of the record */
    struct sg_uid submit;
    struct sg_log_id log; /* where it is, of KEPT and KEPT_BEFORE */
    uint64_t index;
    struct sg_checkpoint checkpoint; /* signed, and covers it */

    size_t size; /* of the inner bytes */
    uint8_t inner[];
};

struct sg_desk_config {
    struct sg_store *store;
    struct sg_keeper *keeper;
    const struct sg_key *scope; /* seals are for it; NULL: nothing is taken */
    uint8_t node[SG_KEY_SIZE];  /* the node's public key */
    sg_keeper_wake *wake;       /* by the desk's thread: call sg_desk_take */
    void *context;
};

/* Gives a paper with INNER, which is copied. NULL: no memory. */
struct sg_desk_paper *sg_desk_paper_new(struct sg_bytes inner);
void sg_desk_paper_free(struct sg_desk_paper *paper);

/* Starts the thread. Borrows: what CONFIG points to, until free.
 * Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_desk_new(const struct sg_desk_config *config,
                                      struct sg_desk **ret_desk);

/* Ends the thread, so that nothing more goes to the keeper; what was sealed and
 * is with him stays. Call it before the keeper is freed, and sg_desk_free after
 * it. Takes NULL. */
void sg_desk_stop(struct sg_desk *desk);
void sg_desk_free(struct sg_desk *desk);

/* Takes PAPER. Errors: LIMIT (too many wait), and PAPER stays the caller's. */
SG_USE_RESULT enum sg_err sg_desk_put(struct sg_desk *desk,
                                      struct sg_desk_paper *paper);

/* Takes PAPERS, one behind the other by `next`, all or none. Errors: LIMIT (too
 * many wait, SG_DESK_WAITING_SPARE left over), and they stay the caller's. */
SG_USE_RESULT enum sg_err sg_desk_put_all(struct sg_desk *desk,
                                          struct sg_desk_paper *papers);

/* Says that what the authority has said has changed, and what this node holds
 * of it: POSITION for new records, FLOOR_MS below which no clock goes. */
void sg_desk_judge(struct sg_desk *desk, uint64_t position, uint64_t floor_ms);

/* Gives the time below which no clock goes, as far as it is known: of the
 * newest heartbeat, or when the registry began. 0: neither was read yet. */
uint64_t sg_desk_floor(struct sg_desk *desk);

/* Takes what the keeper says of an append of this desk's.
 * Context: the loop's thread, as all here. */
void sg_desk_settle(struct sg_desk *desk, const struct sg_keeper_job *job);

/* Gives the papers that are answered, in no special order; NULL: none. */
struct sg_desk_paper *sg_desk_take(struct sg_desk *desk);

/* What has been done since it began. */
struct sg_desk_counts {
    uint64_t kept, again, refused;
    size_t waiting; /* papers that are not answered */
};
void sg_desk_count(struct sg_desk *desk, struct sg_desk_counts *ret_counts);

#endif
