/* Reads: how many persons each officer was shown today, and which second
 * officers have let him read more (threats.md row 29).
 *
 * Persons are counted, not screens: whom he was shown today he may be shown
 * again. Beyond the limit each new person is shown under a permit of a second
 * officer, which says how many, until when, and for which matter. Days are
 * those of Viet Nam by the clock of the audit log, which never goes back; what
 * was counted before a restart is counted again from that log. It records
 * nothing: audit.h does.
 *
 *     verdict = sg_reads_ask(reads, &asked, &uids...)
 *     ... the note is on its way to the audit ...
 *     sg_reads_count(reads, ...) for each
 *
 * Context: one thread.
 */
#ifndef SG_NODE_READS_H
#define SG_NODE_READS_H

#include <stdbool.h>
#include <stddef.h>

#include "node/audit.h"

/* Officers of one day; persons of one officer and day; permits. */
#define SG_READS_OFFICERS_MAX 256u
#define SG_READS_PERSONS_MAX  1048576u
#define SG_READS_PERMITS_MAX  256u
/* How long a permit lasts at most. */
#define SG_READS_PERMIT_MS_MAX UINT64_C(86400000)

struct sg_reads;

/* Makes one that has counted nothing. Caller frees; free takes NULL. Errors:
 * NOMEM. */
SG_USE_RESULT enum sg_err sg_reads_new(struct sg_reads **ret_reads);
void sg_reads_free(struct sg_reads *reads);

/* A permit, as it stands in the audit log. */
struct sg_reads_permit {
    struct sg_ref ref;
    struct sg_key_id officer; /* who may read more */
    uint64_t persons;
    uint64_t until_ms;
    unsigned purpose;
    size_t matter_size;
    uint8_t matter[SG_AUDIT_MATTER_MAX];
};

/* Notes PERMIT; the one that ended first makes room. */
void sg_reads_permit(struct sg_reads *reads,
                     const struct sg_reads_permit *permit);

/* Notes that OFFICER is shown UID at MS; PERMIT is NULL, or the ref of the
 * permit that it counts for. Once a person is counted this does nothing. */
void sg_reads_count(struct sg_reads *reads, const struct sg_key_id *officer,
                    const struct sg_uid *uid, uint64_t ms,
                    const struct sg_ref *permit);

struct sg_reads_asked {
    struct sg_key_id officer;
    uint64_t ms;
    uint64_t limit; /* persons a day */
    unsigned purpose;
    struct sg_bytes matter;
};

/* What may be shown. */
struct sg_reads_verdict {
    bool may;
    bool has_permit; /* new persons are shown under it: */
    struct sg_ref permit;
    uint64_t left; /* new persons that may be shown, permits included */
};

/* Says whether COUNT persons may be shown. */
void sg_reads_ask(struct sg_reads *reads, const struct sg_reads_asked *asked,
                  const struct sg_uid *uids, size_t count,
                  struct sg_reads_verdict *ret_verdict);

/* Says whether UID was shown to OFFICER on the day of MS already. */
bool sg_reads_is_counted(const struct sg_reads *reads,
                         const struct sg_key_id *officer,
                         const struct sg_uid *uid, uint64_t ms);

/* Gives how many persons without a permit OFFICER was shown on the day of MS.
 */
uint64_t sg_reads_today(const struct sg_reads *reads,
                        const struct sg_key_id *officer, uint64_t ms);

/* Gives when the day of MS began, ms. */
uint64_t sg_reads_day_begin(uint64_t ms);

#endif
