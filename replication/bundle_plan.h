/* Planning a bundle: which entries of which logs a stick is to bring, and what
 * a node asks for by stick. PROTOCOL.md section 15.
 *
 *     plan:     _new, _add each own log, then what the destination says it has:
 *               _take each CLAIM of its head request (bundle_take.h), or
 *               _holds each of its holding statements, or nothing: everything
 *               then _logs, _authority, _proofs for the maker (bundle_make.h)
 *     request:  _new, _add each own log, then _request for the maker
 *     statements: the same, then _statements
 *
 * A plan believes what it is told: the caller gives it only the claims of a
 * maker whose manifest stands. A wrong claim costs the destination a round of
 * sticks and nobody else anything; where it can be read in two ways, more is
 * sent than is lacking, never less.
 *
 * Pure; memory is taken at creation.
 */
#ifndef SG_REPLICATION_BUNDLE_PLAN_H
#define SG_REPLICATION_BUNDLE_PLAN_H

#include "replication/bundle_make.h"
#include "replication/flow.h"
#include "replication/sync.h"
#include "replication/trust.h"

struct sg_bundle_plan;

struct sg_bundle_plan_config {
    struct sg_registry_id registry;
    const struct sg_trust *trust;             /* borrowed */
    uint8_t certificate[SG_CERTIFICATE_SIZE]; /* own; zeros: none */
    uint32_t logs_max;                        /* 1 to SG_LOGS_MAX */
};

/* Caller frees. Errors: NOMEM, INVALID. */
SG_USE_RESULT enum sg_err sg_bundle_plan_new(
    const struct sg_bundle_plan_config *config, struct sg_bundle_plan **ret);

/* Frees; takes NULL. */
void sg_bundle_plan_free(struct sg_bundle_plan *plan);

/* Adds a log of the store: branch 0 of one of which a checkpoint is known;
 * others are passed over. All logs come before all claims. Errors: LIMIT. */
SG_USE_RESULT enum sg_err sg_bundle_plan_add(struct sg_bundle_plan *plan,
                                             const struct sg_sync_head *head);

/* Takes a message of the destination: `heads`, `stored` or `subscribe`; others
 * are passed over. Errors: those of decoding; what came before stays. */
SG_USE_RESULT enum sg_err sg_bundle_plan_take(
    struct sg_bundle_plan *plan, const struct sg_frame_message *message);

/* The destination signed that it holds HELD entries of LOG. */
void sg_bundle_plan_holds(struct sg_bundle_plan *plan,
                          const struct sg_log_id *log, uint64_t held);

/* Gives the logs that lack something, in the order in which they are to travel:
 * the authority's, logs of records, audits and what is above a cut. Borrows:
 * until the plan changes or is freed. Forked logs are not among them: their
 * proofs go (`fork`). */
const struct sg_bundle_make_log *sg_bundle_plan_logs(
    struct sg_bundle_plan *plan, size_t *ret_count);

/* Gives what the destination wants of sealed payloads; all if it did not say.
 */
const struct sg_flow_subscription *sg_bundle_plan_subscription(
    const struct sg_bundle_plan *plan);

/* Called for each message of a bundle, in order. Borrows: BODY for the call. */
typedef void sg_bundle_plan_put_fn(void *context, enum sg_message_type type,
                                   struct sg_bytes body);

/* Gives `authority`, which lists the authority's logs known here. Errors: LIMIT
 * (more than SG_AUTHORITY_LISTED_MAX: nothing is given). */
SG_USE_RESULT enum sg_err sg_bundle_plan_authority(
    const struct sg_bundle_plan *plan, sg_bundle_plan_put_fn *put,
    void *context);

/* Gives a `proof` from 0, the whole checkpoint, of each log of which the
 * destination knows as much as we do and another root: it is a fork, and who
 * holds both checkpoints can show it. */
void sg_bundle_plan_proofs(const struct sg_bundle_plan *plan,
                           sg_bundle_plan_put_fn *put, void *context);

/* Gives the messages of a head request: `subscribe` if WANTS is not NULL,
 * `authority`, `heads`; none larger than a piece of EXPONENT holds. Errors:
 * those of _authority; NOMEM; INVALID. */
SG_USE_RESULT enum sg_err sg_bundle_plan_request(
    struct sg_bundle_plan *plan, const struct sg_sync_wants *wants,
    unsigned exponent, sg_bundle_plan_put_fn *put, void *context);

/* Gives the messages of a statements bundle: `stored`, for who makes the next
 * bundle, and for each log a `holding` signed by KEY with SECONDS since 1970,
 * which is for everybody. What else is kept (cosignatures, holdings of others,
 * statements) the caller puts after them. */
void sg_bundle_plan_statements(struct sg_bundle_plan *plan,
                               const struct sg_sign_key *key, uint64_t seconds,
                               sg_bundle_plan_put_fn *put, void *context);

#endif
