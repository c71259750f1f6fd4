/* Account: an electronic identity account, from request to activation, lapse
 * and lock, as it stands on a day. RECORDS.md 7.8 and 8.6; Decree 69/2024 Art.
 * 10 to 16; Law 26/2023 Art. 34. Pure; no clock.
 */
#ifndef SG_STORAGE_REGISTRY_SERVICE_ACCOUNT_H
#define SG_STORAGE_REGISTRY_SERVICE_ACCOUNT_H

#include "storage/registry/calendar.h"
#include "storage/registry/merge/subject.h"

/* What an account is shown as. */
enum sg_account_shown {
    SG_ACCOUNT_NONE, /* no legal state */
    SG_ACCOUNT_REQUESTED,
    SG_ACCOUNT_ISSUED,
    SG_ACCOUNT_NOTIFIED,
    SG_ACCOUNT_LAPSED, /* notified, and the 7 days are over: by phone only */
    SG_ACCOUNT_ACTIVE,
    SG_ACCOUNT_LOCKED,
    SG_ACCOUNT_DELETED,
    SG_ACCOUNT_SHOWN_COUNT,
};

struct sg_account {
    uint8_t state; /* section 8.6 */
    uint8_t level;
    enum sg_account_shown shown;
    /* Why it is locked: Art. 34's causes; 4 without any record when the holder
     * is dead; 0 when it is not locked, or nobody said why. */
    uint8_t lock_cause;
    bool is_late; /* activated after the 7 days */
    bool is_provisional;
    struct sg_date requested, issued, notified, activated;
    struct sg_date issue_due; /* no date: no limit by the law of that day */
    /* Last day of the 7; no date before notice, or by an older law. */
    struct sg_date activation_due;
    bool is_issue_overdue;
    bool is_basis_missing; /* V14: no card, phone or guardian */
    bool has_campaign;
    struct sg_uid campaign;
};

/* Reads OBJECT, an account of SUBJECT, as it stands on TODAY. */
void sg_account_read(const struct sg_subject *subject,
                     const struct sg_subject_object *object,
                     struct sg_date today, const struct sg_calendar *calendar,
                     struct sg_account *ret_account);

/* Names SHOWN in LANG. Static storage. */
const char *sg_account_text(enum sg_account_shown shown, enum sg_lang lang);

#endif
