/* Dossier: a request for an identity card, from capture to delivery, as it
 * stands on a day. RECORDS.md 7.7 and 8.5; Law 26/2023 Art. 19 to 29.
 *
 * The register keeps states and days; what depends on the day asked about is
 * computed here: the legal time limit, expiry without recapture, how long a
 * card has been waiting for its holder. Pure; no clock.
 */
#ifndef SG_STORAGE_REGISTRY_SERVICE_DOSSIER_H
#define SG_STORAGE_REGISTRY_SERVICE_DOSSIER_H

#include "storage/registry/calendar.h"
#include "storage/registry/merge/subject.h"

/* Months after which a rejected dossier that nobody captured again is dropped
 * by the centre. */
#define SG_DOSSIER_EXPIRY_MONTHS 6u

/* How far a dossier has come; a funnel counts each that was reached. */
enum sg_dossier_stage {
    SG_DOSSIER_NONE, /* rejected, withdrawn, or its card withdrawn */
    SG_DOSSIER_CAPTURED,
    SG_DOSSIER_APPROVED,
    SG_DOSSIER_ACCEPTED,
    SG_DOSSIER_ISSUED,
    SG_DOSSIER_DELIVERED,
    SG_DOSSIER_STAGE_COUNT,
};

/* Why a dossier goes no further than sent. */
enum sg_dossier_block {
    SG_DOSSIER_FREE,
    SG_DOSSIER_BLOCKED_PIN,   /* two persons have the number (C09) */
    SG_DOSSIER_BLOCKED_BIRTH, /* the day of birth is not known (V05) */
};

struct sg_dossier {
    uint8_t state; /* section 8.5 */
    enum sg_dossier_stage stage;
    enum sg_dossier_block block;
    uint8_t kind;
    uint8_t cause;
    bool is_rejected;
    uint8_t reject_code; /* of one that is rejected; 0: none stated */
    bool is_expired;     /* rejected, and 6 months have passed */
    bool is_undelivered; /* the card is made and waits for its holder */
    int32_t waiting;     /* days since its result, while undelivered */
    struct sg_date captured, approved, sent, result, delivered;
    struct sg_date card_from, card_until; /* no date: no card */
    /* Last day for the result; no date: the law of that day sets none. */
    struct sg_date due;
    bool is_overdue;
    bool is_provisional; /* a year without calendar was met */
    bool has_campaign;
    struct sg_uid campaign;
};

/* Reads OBJECT, a dossier of SUBJECT, as it stands on TODAY. */
void sg_dossier_read(const struct sg_subject *subject,
                     const struct sg_subject_object *object,
                     struct sg_date today, const struct sg_calendar *calendar,
                     struct sg_dossier *ret_dossier);

/* Says whether SUBJECT has a card that is in force on DAY: made, within its
 * days, neither withdrawn nor held. A card of which only the number was entered
 * (old_id of kind 3 or 4) is good to its printed end (Resolution
 * 190/2025/QH15 Art. 10). */
bool sg_dossier_has_card(const struct sg_subject *subject, struct sg_date day);

/* Returns the day N months after DAY, the last of its month where it has no
 * such day (Civil Code 2015 Art. 147). */
struct sg_date sg_dossier_months_after(struct sg_date day, unsigned n);

#endif
