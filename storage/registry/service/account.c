#include "storage/registry/service/account.h"

#include "storage/registry/rules_state.h"
#include "storage/registry/service/dossier.h"

#define LOCK_CAUSE_DEATH 4u

enum state {
    REQUESTED = 1,
    ISSUED = 2,
    NOTIFIED = 3,
    ACTIVE = 4,
    LOCKED = 5,
    DELETED = 6,
};

static void read_campaign(const struct sg_subject_object *object,
                          struct sg_account *account)
{
    const struct sg_subject_cell *cell =
        sg_subject_known(object, SG_FIELD_ACCOUNT_CAMPAIGN);
    struct sg_msgpack reader;

    if (cell == NULL)
        return;
    sg_subject_open(cell, &reader);
    account->has_campaign = sg_record_read_uid(&reader, &account->campaign);
}

/* Decree 69/2024 Art. 13 gives level 2 longer when there is no valid card. */
static enum sg_rules_clock clock_of(const struct sg_subject *subject,
                                    const struct sg_account *account)
{
    if (account->level < 2)
        return SG_RULES_CLOCK_ACCOUNT_1;
    return sg_dossier_has_card(subject, account->requested)
               ? SG_RULES_CLOCK_ACCOUNT_2
               : SG_RULES_CLOCK_ACCOUNT_2_NO_CARD;
}

static void judge_issue(const struct sg_subject *subject, struct sg_date today,
                        const struct sg_calendar *calendar,
                        struct sg_account *account)
{
    enum sg_rules_clock clock = clock_of(subject, account);
    enum sg_rules_verdict verdict;

    /* Whoever registers himself at level 0 waits for nobody. */
    if (!sg_date_is_valid(account->requested) || account->level == 0 ||
        account->state == DELETED)
        return;
    verdict = sg_rules_v19(clock, account->requested, account->issued, today,
                           calendar, &account->is_provisional);
    if (verdict == SG_RULES_NOT_APPLICABLE)
        return;
    account->issue_due = sg_rules_due(clock, account->requested, calendar,
                                      &account->is_provisional);
    account->is_issue_overdue = verdict == SG_RULES_FAIL;
}

/* The 7 days of V15: after them it is the late path, whatever day it is. */
static void judge_activation(struct sg_date today, struct sg_account *account)
{
    if (sg_rules_v15(account->notified, account->activated, today) ==
        SG_RULES_NOT_APPLICABLE)
        return;
    account->activation_due =
        sg_date_from_days(sg_date_days(account->notified) +
                          sg_rules_limit(SG_RULES_CLOCK_ACTIVATION)->count);
    account->is_late = sg_date_is_valid(account->activated) &&
                       sg_rules_v15(account->notified, account->activated,
                                    today) == SG_RULES_FAIL;
}

static bool has_either(const struct sg_subject_object *account, unsigned mine,
                       const struct sg_subject_object *person, unsigned other)
{
    return sg_subject_known(account, mine) != NULL ||
           sg_subject_known(person, other) != NULL;
}

/* The basis of level 2 is asked of the day of issue; before that, of today. */
static void judge_basis(const struct sg_subject *subject,
                        const struct sg_subject_object *object,
                        struct sg_date today, struct sg_account *account)
{
    const struct sg_subject_object *person =
        sg_subject_find(subject, SG_TYPE_PERSON, sg_bytes(NULL, 0));
    struct sg_date day =
        sg_date_is_valid(account->issued) ? account->issued : today;
    struct sg_rules_account facts = {
        .level = account->level,
        .requested = account->requested,
        .birth = sg_subject_date(person, SG_FIELD_PERSON_BIRTH),
        .has_phone = sg_subject_str(object, SG_FIELD_ACCOUNT_PHONE).size > 0 ||
                     sg_subject_str(person, SG_FIELD_PERSON_PHONE).size > 0,
        .has_guardian = has_either(object, SG_FIELD_ACCOUNT_GUARDIAN, person,
                                   SG_FIELD_PERSON_GUARDIAN),
    };

    /* Only whether there is a card matters to the rule. */
    if (sg_dossier_has_card(subject, day)) {
        facts.card_from = account->requested;
        facts.card_until = SG_RULES_FOR_LIFE;
    }
    account->is_basis_missing =
        account->state != DELETED && sg_rules_v14(&facts) == SG_RULES_FAIL;
}

static enum sg_account_shown shown_as(const struct sg_subject *subject,
                                      struct sg_date today,
                                      const struct sg_account *account)
{
    if (account->state == DELETED)
        return SG_ACCOUNT_DELETED;
    if (account->state == LOCKED ||
        (account->state != 0 && subject->status == SG_SUBJECT_DECEASED))
        return SG_ACCOUNT_LOCKED;
    switch (account->state) {
    case REQUESTED:
        return SG_ACCOUNT_REQUESTED;
    case ISSUED:
        return SG_ACCOUNT_ISSUED;
    case NOTIFIED:
        return sg_rules_v15(account->notified, account->activated, today) ==
                       SG_RULES_FAIL
                   ? SG_ACCOUNT_LAPSED
                   : SG_ACCOUNT_NOTIFIED;
    case ACTIVE:
        return SG_ACCOUNT_ACTIVE;
    default:
        return SG_ACCOUNT_NONE;
    }
}

void sg_account_read(const struct sg_subject *subject,
                     const struct sg_subject_object *object,
                     struct sg_date today, const struct sg_calendar *calendar,
                     struct sg_account *ret_account)
{
    struct sg_account *account = ret_account;

    *account = (struct sg_account){
        .state = object->state,
        .level = (uint8_t)sg_subject_uint(object, SG_FIELD_ACCOUNT_LEVEL, 0),
        .requested = sg_subject_date(object, SG_FIELD_ACCOUNT_REQUESTED),
        .issued = sg_subject_date(object, SG_FIELD_ACCOUNT_ISSUED),
        .notified = sg_subject_date(object, SG_FIELD_ACCOUNT_NOTIFIED),
        .activated = sg_subject_date(object, SG_FIELD_ACCOUNT_ACTIVATED),
    };
    account->shown = shown_as(subject, today, account);
    if (account->shown == SG_ACCOUNT_LOCKED)
        account->lock_cause = subject->status == SG_SUBJECT_DECEASED
                                  ? LOCK_CAUSE_DEATH
                                  : (uint8_t)sg_subject_uint(
                                        object, SG_FIELD_ACCOUNT_LOCK_CAUSE, 0);
    read_campaign(object, account);
    judge_issue(subject, today, calendar, account);
    judge_activation(today, account);
    judge_basis(subject, object, today, account);
}

const char *sg_account_text(enum sg_account_shown shown, enum sg_lang lang)
{
    static const char *const texts[SG_ACCOUNT_SHOWN_COUNT][2] = {
        [SG_ACCOUNT_NONE] = {"none", "chưa có"},
        [SG_ACCOUNT_REQUESTED] = {"requested", "đã đề nghị"},
        [SG_ACCOUNT_ISSUED] = {"issued", "đã cấp"},
        [SG_ACCOUNT_NOTIFIED] = {"notified", "đã thông báo"},
        [SG_ACCOUNT_LAPSED] = {"activation lapsed", "quá hạn kích hoạt"},
        [SG_ACCOUNT_ACTIVE] = {"active", "đã kích hoạt"},
        [SG_ACCOUNT_LOCKED] = {"locked", "đã khóa"},
        [SG_ACCOUNT_DELETED] = {"deleted", "đã xóa"},
    };

    return texts[shown][lang == SG_LANG_VI];
}
