/* Claims: what one peer said in a session about the logs it knows, and the
 * judge over them (PROTOCOL.md section 7).
 *
 * A claim is "I know this log up to size, and can serve size - short entries of
 * it". It is unproved. A log that only the peer knows is *introduced* by its
 * core; it is a claim of this session and no more: it is not stored, counted,
 * relayed or shown to others until a checkpoint of it verifies.
 *
 * There is one claim a log, the peer's last word on it; memory is taken at
 * creation, and what does not fit is passed over: the next exchange finds it.
 */
#ifndef SG_REPLICATION_CLAIMS_H
#define SG_REPLICATION_CLAIMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replication/log_table.h"
#include "storage/base/err.h"
#include "storage/log/entry.h"

struct sg_claim {
    struct sg_log_id id;
    uint64_t size;     /* 0: forked, the peer has a fork proof */
    uint64_t short_by; /* of size, entries that it cannot serve */
    uint8_t tag[SG_HEAD_TAG_SIZE];
    bool is_introduced; /* core is set: the log was not in the table */
    bool is_suspect;    /* another root at our size was seen: fork */
    bool is_listed;  /* in the complete list or the sketch now being answered */
    uint32_t number; /* row in the table; SG_LOG_NONE if introduced */
    struct sg_log_core core;
};

struct sg_claims;

/* Makes room for CLAIMS_MAX claims, 1 to SG_HEADS_MAX. Caller frees. Errors:
 * NOMEM, LIMIT. */
SG_USE_RESULT enum sg_err sg_claims_new(struct sg_log_table *table,
                                        uint32_t claims_max,
                                        struct sg_claims **ret_claims);

/* Frees; takes NULL. */
void sg_claims_free(struct sg_claims *claims);

/* Forgets all. */
void sg_claims_clear(struct sg_claims *claims);

/* Counts; gives claim INDEX, below the count. Indices are good until _clear or
 * _sweep. */
uint32_t sg_claims_count(const struct sg_claims *claims);
const struct sg_claim *sg_claims_at(const struct sg_claims *claims,
                                    uint32_t index);

/* Gives the claim about a log; NULL if there is none. */
const struct sg_claim *sg_claims_find(const struct sg_claims *claims,
                                      const struct sg_log_id *id);

/* The same by the first SG_LOG_REF_SIZE bytes of the log's id. */
const struct sg_claim *sg_claims_find_ref(const struct sg_claims *claims,
                                          const uint8_t ref[SG_LOG_REF_SIZE]);

/* Gives the row of the log that CLAIM is about: of an introduced one too, once
 * the table has it. NULL if it is not known here. */
struct sg_log *sg_claims_log(const struct sg_claims *claims,
                             const struct sg_claim *claim);

/* What of a claim is news to this node. */
enum sg_claim_news {
    SG_CLAIM_OLD,    /* nothing: as large as here, or less */
    SG_CLAIM_LARGER, /* want it from held (its core, if introduced) */
    SG_CLAIM_OTHER,  /* equal size, another tag or root: `prove` m = 0 */
    SG_CLAIM_FORKED, /* the peer has a fork proof that we lack */
};
enum sg_claim_news sg_claims_news(const struct sg_claims *claims,
                                  const struct sg_claim *claim);

/* Says that no further claim fits. */
bool sg_claims_are_full(const struct sg_claims *claims);

/* --- For exchange.c ---------------------------------------------------- */

/* Takes the peer's word about LOG, a branch 0 of the table; about the log of
 * CORE, which may be in the table. SIZE 0: forked. Gives the claim,
 * listed; NULL if it did not fit, or another log of its ref is known. */
struct sg_claim *sg_claims_take(struct sg_claims *claims,
                                const struct sg_log *log, uint64_t size,
                                uint64_t short_by,
                                const uint8_t tag[SG_HEAD_TAG_SIZE]);
struct sg_claim *sg_claims_introduce(struct sg_claims *claims,
                                     const struct sg_log_core *core,
                                     uint64_t size, uint64_t short_by,
                                     const uint8_t tag[SG_HEAD_TAG_SIZE]);

/* Counts the changes of the claims. */
uint64_t sg_claims_version(const struct sg_claims *claims);

/* Forgets the claims that are no news any more. */
void sg_claims_sweep(struct sg_claims *claims);

/* Unsets is_listed of all. */
void sg_claims_unlist(struct sg_claims *claims);

/* Compares a claim with what is known here: -1, 0, 1 as the claim is smaller,
 * equal, larger: forked, then size, then tag as a number. */
int sg_claims_compare(const struct sg_claims *claims,
                      const struct sg_claim *claim);

/* Gives the judge: the sums of v and v x over the union map, which holds for
 * each log the larger of own head and claim. */
void sg_claims_judge(const struct sg_claims *claims, uint32_t ret[2]);

#endif
