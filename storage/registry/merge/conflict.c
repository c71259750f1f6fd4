#include "storage/registry/merge/conflict.h"

#include "storage/base/check.h"

#define VIET_NAM_MINUTES 420

/* Rows: number, key, owner, worked days, has a row, words, source. */
/* clang-format off */
static const struct sg_conflict_rule rules[SG_CONFLICT_COUNT] = {
    {1, "same-record", SG_CONFLICT_NOBODY, 0, false, "", "", "D12"},
    {2, "causal", SG_CONFLICT_NOBODY, 0, false, "", "", "D12"},
    {3, "other-fields", SG_CONFLICT_NOBODY, 0, false, "", "", "D12"},
    {4, "same-value", SG_CONFLICT_NOBODY, 0, false, "", "", "D12"},
    {5, "identity", SG_CONFLICT_HOME, 2, true,
     "two offices changed the same identity field; the home commune decides",
     "hai nơi cùng sửa một thông tin định danh; công an xã nơi thường trú "
     "quyết định",
     "Decree 70/2024 Art. 6"},
    {6, "contact", SG_CONFLICT_NOBODY, 0, false, "", "", "low harm"},
    {7, "two-permanent", SG_CONFLICT_SUPERIOR, 7, true,
     "two permanent residences are open", "đang có hai nơi thường trú",
     "Law on Residence 2020 Art. 3, 22"},
    {8, "after-death", SG_CONFLICT_HOME, 2, true,
     "something was entered after the death of this person",
     "có dữ liệu phát sinh sau khi người này chết",
     "Law 26/2023 Art. 34; Residence Art. 24"},
    {9, "same-pin", SG_CONFLICT_CENTRE, 2, true,
     "two persons have one personal number",
     "hai người trùng một số định danh", "Circ. 59/2021 Art. 6"},
    {10, "same-person", SG_CONFLICT_BOTH_HOMES, 10, false,
     "these two entries may be one person",
     "hai hồ sơ có thể là của cùng một người", "Decree 70/2024 Art. 6"},
    {11, "approve-refuse", SG_CONFLICT_SUPERIOR, 2, true,
     "one officer approved, another refused",
     "ý kiến phê duyệt và từ chối trái nhau", "the safe side"},
    {12, "revoked", SG_CONFLICT_HOME, 5, false,
     "written after its node or officer was cut off; needs review",
     "ghi sau khi nút hoặc cán bộ bị cắt quyền; cần xem xét", "D6"},
    {13, "re-homed", SG_CONFLICT_HOME, 2, true,
     "written by the old node after the territory moved",
     "nút cũ ghi sau khi địa bàn đã chuyển giao", "the act of re-homing"},
    {14, "forked", SG_CONFLICT_HOME, 5, true,
     "comes from a log that split in two", "lấy từ nhật ký đã bị tách nhánh",
     "D5"},
    {15, "tables", SG_CONFLICT_NOBODY, 0, false, "", "", "D6"},
    {16, "value", SG_CONFLICT_HOME, 2, true,
     "two offices changed the same field", "hai nơi cùng sửa một thông tin",
     "Decree 70/2024 Art. 6"},
    {17, "transition", SG_CONFLICT_HOME, 2, true,
     "this step is not allowed from the present state",
     "không được chuyển sang trạng thái này", "section 8"},
    {18, "states", SG_CONFLICT_HOME, 2, true,
     "two offices took different steps",
     "hai nơi xử lý theo hai hướng khác nhau", "section 8"},
};
/* clang-format on */

const struct sg_conflict_rule *sg_conflict_get(unsigned no)
{
    SG_ASSERT(no >= 1);
    SG_ASSERT(no <= SG_CONFLICT_COUNT);
    return &rules[no - 1];
}

const char *sg_conflict_text(unsigned no, enum sg_lang lang)
{
    const struct sg_conflict_rule *rule = sg_conflict_get(no);

    return lang == SG_LANG_VI ? rule->vietnamese : rule->english;
}

struct sg_unit_key sg_conflict_owner(const struct sg_unit_table *units,
                                     const struct sg_subject *subject,
                                     const struct sg_subject_conflict *conflict)
{
    struct sg_unit_key unit = conflict->type == SG_TYPE_HOUSEHOLD
                                  ? subject->household_unit
                                  : subject->unit;
    const struct sg_unit *home;

    switch (sg_conflict_get(conflict->rule)->owner) {
    case SG_CONFLICT_CENTRE:
    case SG_CONFLICT_NOBODY:
        return SG_UNIT_COUNTRY;
    case SG_CONFLICT_SUPERIOR:
        home = sg_unit_find(units, unit);
        if (home != NULL)
            home = sg_unit_above(units, home, SG_UNIT_LEVEL_PROVINCE);
        return home != NULL ? home->key : SG_UNIT_COUNTRY;
    default:
        return unit;
    }
}

struct sg_date sg_conflict_due(const struct sg_subject_conflict *conflict,
                               const struct sg_calendar *calendar,
                               bool *is_provisional)
{
    unsigned days = sg_conflict_get(conflict->rule)->due_days;
    struct sg_wall wall = {(int64_t)(conflict->since >> 16)};
    struct sg_date start = sg_date_from_wall(wall, VIET_NAM_MINUTES);

    if (days == 0 || start.ymd == 0)
        return (struct sg_date){0};
    return sg_calendar_due_worked(calendar, start, days, is_provisional);
}
