#include "storage/registry/rules.h"

#include "storage/base/check.h"

#define DAY(n) \
    {          \
        n      \
    }
#define ALWAYS DAY(0)
#define OPEN   DAY(0)

/* In force: the law on citizen identification of 2014, the law on residence of
 * 2020, and the law on identification of 2023 with its decrees. */
#define LAW_2014       DAY(20160101)
#define RESIDENCE_2020 DAY(20210701)
#define LAW_2023       DAY(20240701)

/* Severity of records, of legacy values, of the state. */
#define HOLDS(from, until, record, legacy, state)                           \
    {                                                                       \
        from, until, SG_RULES_##record, SG_RULES_##legacy, SG_RULES_##state \
    }

static const struct sg_rules_rule rules[SG_RULES_COUNT] = {
    {1,
     "pin-structure",
     SG_RULES_RECORD | SG_RULES_STATE,
     "the personal number does not fit sex, birth year or province code",
     "số định danh không khớp giới tính, năm sinh hoặc mã tỉnh",
     "Decree 137/2015 Art. 13; Circ. 07/2016, 59/2021",
     1,
     {HOLDS(LAW_2014, OPEN, REJECT, FLAG, FLAG)}},
    {2,
     "pin-province",
     SG_RULES_STATE,
     "the personal number's province is not that of birth registration",
     "mã tỉnh trong số định danh khác nơi đăng ký khai sinh",
     "Circ. 59/2021 Art. 4, 6",
     1,
     {HOLDS(LAW_2014, OPEN, OFF, OFF, FLAG)}},
    {3,
     "pin-unique",
     SG_RULES_STATE,
     "this personal number belongs to another person or was cancelled",
     "số định danh đã cấp cho người khác hoặc đã bị hủy",
     "Law 26/2023 Art. 12",
     1,
     {HOLDS(LAW_2014, OPEN, OFF, OFF, CONFLICT)}},
    {4,
     "pin-block",
     SG_RULES_RECORD,
     "this node has no right to this number",
     "đơn vị không được cấp số định danh này",
     "Law 26/2023 Art. 12",
     1,
     {HOLDS(LAW_2014, OPEN, REJECT, REJECT, OFF)}},
    {5,
     "birth-date",
     SG_RULES_RECORD | SG_RULES_STATE,
     "the birth date is not possible, or not exact enough for a card",
     "ngày sinh không hợp lệ, hoặc chưa đủ ngày tháng năm để cấp thẻ",
     "DC01 guidance",
     1,
     {HOLDS(ALWAYS, OPEN, REJECT, REJECT, BLOCK)}},
    {6,
     "name-text",
     SG_RULES_RECORD,
     "the name has characters that do not belong in a name",
     "họ tên có ký tự không hợp lệ",
     "TCVN 6909:2001; QCVN 109",
     1,
     {HOLDS(ALWAYS, OPEN, REJECT, FLAG, OFF)}},
    {7,
     "codes",
     SG_RULES_RECORD,
     "a code is not in the table of that day",
     "mã không có trong danh mục tại thời điểm đó",
     "QCVN 109 annexes",
     1,
     {HOLDS(ALWAYS, OPEN, REJECT, FLAG, OFF)}},
    {8,
     "unit-valid",
     SG_RULES_RECORD,
     "the unit did not exist on that day",
     "đơn vị hành chính không tồn tại vào ngày đó",
     "QĐ 19/2025/QĐ-TTg",
     1,
     {HOLDS(ALWAYS, OPEN, REJECT, FLAG, OFF)}},
    {9,
     "residence",
     SG_RULES_STATE,
     "more than one residence of a kind, or a stay too long or too short",
     "có nhiều hơn một nơi cư trú cùng loại, hoặc thời hạn không đúng",
     "Law on Residence 2020 Art. 3, 27",
     1,
     {HOLDS(RESIDENCE_2020, OPEN, OFF, OFF, CONFLICT)}},
    {10,
     "kin-ages",
     SG_RULES_STATE,
     "the ages of parent and child, or the spouses, do not fit",
     "tuổi cha mẹ và con, hoặc quan hệ vợ chồng, không hợp lý",
     "plausibility",
     1,
     {HOLDS(ALWAYS, OPEN, OFF, OFF, FLAG)}},
    {11,
     "dossier-age",
     SG_RULES_RECORD | SG_RULES_STATE,
     "the dossier does not fit the age: biometrics, guardian or signature",
     "hồ sơ không phù hợp độ tuổi: sinh trắc, người giám hộ hoặc chữ ký",
     "Law 26/2023 Art. 19, 23, 24; Law 59/2014 Art. 19",
     2,
     {HOLDS(LAW_2014, LAW_2023, OFF, OFF, BLOCK),
      HOLDS(LAW_2023, OPEN, REJECT, FLAG, BLOCK)}},
    {12,
     "card-expiry",
     SG_RULES_STATE,
     "the card's expiry is not the date that the age gives",
     "hạn thẻ không đúng theo mốc tuổi",
     "Law 26/2023 Art. 21; Law 59/2014 Art. 21",
     1,
     {HOLDS(LAW_2014, OPEN, OFF, OFF, FLAG)}},
    {13,
     "after-death",
     SG_RULES_STATE,
     "something is dated after this person's death",
     "có sự kiện sau ngày người này chết",
     "Law 26/2023 Art. 34; Residence Art. 24",
     1,
     {HOLDS(ALWAYS, OPEN, OFF, OFF, CONFLICT)}},
    {14,
     "account-basis",
     SG_RULES_STATE,
     "the account lacks a valid card, an own phone number or a guardian",
     "tài khoản thiếu thẻ còn hạn, số điện thoại chính chủ hoặc người giám hộ",
     "Decree 69/2024 Art. 10",
     1,
     {HOLDS(LAW_2023, OPEN, OFF, OFF, BLOCK)}},
    {15,
     "account-activation",
     SG_RULES_STATE,
     "activated later than 7 days after notice",
     "kích hoạt sau 7 ngày kể từ khi thông báo",
     "Decree 69/2024 Art. 14",
     1,
     {HOLDS(LAW_2023, OPEN, OFF, OFF, FLAG)}},
    {16,
     "four-eyes",
     SG_RULES_RECORD | SG_RULES_STATE,
     "who captured it may not approve it",
     "người lập hồ sơ không được tự phê duyệt",
     "Circ. 59/2021 Art. 3",
     1,
     {HOLDS(ALWAYS, OPEN, REJECT, REJECT, REJECT)}},
    {17,
     "log-integrity",
     0,
     "the proof of origin fails",
     "không chứng thực được nguồn gốc",
     "D1, D6",
     1,
     {HOLDS(ALWAYS, OPEN, QUARANTINE, QUARANTINE, QUARANTINE)}},
    {18,
     "future-effective",
     SG_RULES_RECORD,
     "the date lies in the future",
     "ngày hiệu lực ở tương lai",
     "offline clocks",
     1,
     {HOLDS(ALWAYS, OPEN, FLAG, FLAG, OFF)}},
    {19,
     "clocks",
     SG_RULES_STATE,
     "the legal time limit has passed",
     "đã quá thời hạn theo luật",
     "Decree 70/2024 Art. 6; Law 26/2023 Art. 26; Decree 69/2024 Art. 13, 14",
     1,
     {HOLDS(ALWAYS, OPEN, OFF, OFF, OVERDUE)}},
    {20,
     "card-qr",
     SG_RULES_RECORD,
     "the card and the register differ",
     "thông tin trên thẻ khác với dữ liệu đang lưu",
     "card QR of 2021",
     1,
     {HOLDS(ALWAYS, OPEN, FLAG, FLAG, OFF)}},
};

const struct sg_rules_rule *sg_rules_get(unsigned no)
{
    SG_ASSERT(no >= 1);
    SG_ASSERT(no <= SG_RULES_COUNT);
    return &rules[no - 1];
}

const char *sg_rules_text(unsigned no, enum sg_lang lang)
{
    const struct sg_rules_rule *rule = sg_rules_get(no);

    return lang == SG_LANG_VI ? rule->vietnamese : rule->english;
}

static bool is_within(struct sg_date day, struct sg_date from,
                      struct sg_date until)
{
    if (from.ymd != 0 && sg_date_compare(day, from) < 0)
        return false;
    return until.ymd == 0 || sg_date_compare(day, until) < 0;
}

/* What is rejected when it is new is flagged when it is a legacy value. */
static enum sg_rules_severity changed(enum sg_rules_severity severity,
                                      bool is_legacy)
{
    return is_legacy && severity == SG_RULES_REJECT ? SG_RULES_FLAG : severity;
}

enum sg_rules_severity sg_rules_severity(unsigned no, enum sg_rules_scope scope,
                                         bool is_legacy, struct sg_date day,
                                         const struct sg_rules_change *changes,
                                         size_t n_changes)
{
    const struct sg_rules_rule *rule = sg_rules_get(no);
    struct sg_date first = sg_date_first(day);

    if ((rule->scopes & scope) == 0)
        return SG_RULES_OFF;
    for (size_t i = 0; i < n_changes; i++) {
        if (changes[i].rule == no &&
            is_within(first, changes[i].from, changes[i].until))
            return changed(changes[i].severity, is_legacy);
    }
    for (unsigned i = 0; i < rule->n_periods; i++) {
        const struct sg_rules_period *period = &rule->periods[i];

        if (!is_within(first, period->from, period->until))
            continue;
        if (scope == SG_RULES_STATE)
            return period->state;
        return is_legacy ? period->legacy : period->record;
    }
    return SG_RULES_OFF;
}

unsigned sg_rules_refused_by(const struct sg_rules_findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        if (findings->items[i].severity == SG_RULES_REJECT)
            return findings->items[i].rule;
    }
    return 0;
}
