#include <stdio.h>
#include <string.h>

#include "storage/base/text.h"
#include "storage/registry/service/campaign.h"
#include "tools/seat.h"
#include "tools/unit_name.h"
#include "tools/verb.h"

#define UNITS_MAX SG_CAMPAIGN_UNITS_MAX
#define TITLE_MAX 96u
#define AGE_CARD  14u

const struct sg_verb_page sg_verb_campaign_create_page = {
    "UNIT... --title T --reference DAY --committed DAY --mandated DAY [--goal "
    "G] [--age N] [--excluded PERMILLE] [--dir DIR]",
    {"Announces a campaign in UNITs as a draft: nothing is counted before it "
     "is frozen\n"
     "(sogoc campaign freeze). Days are YYYYMMDD. A person counts where he had "
     "his\n"
     "permanent residence on the day of reference.\n"
     "\n"
     "  --title T            its name\n"
     "  --reference DAY      who is old enough on that day is eligible\n"
     "  --committed DAY      the deadline that the unit set itself\n"
     "  --mandated DAY       the ministry's\n"
     "  --goal card|account  a card delivered, or an account of level 2 active "
     "(card)\n"
     "  --age N              at least so old (14)\n"
     "  --excluded PERMILLE  the approved share of exclusions (20)\n",
     "Lập một chiến dịch tại các UNIT ở dạng dự thảo: chưa đếm gì trước khi "
     "chốt\n"
     "(sogoc campaign freeze). Ngày ghi dạng YYYYMMDD. Mỗi người được đếm tại "
     "nơi\n"
     "thường trú vào ngày mốc.\n"
     "\n"
     "  --title T            tên chiến dịch\n"
     "  --reference DAY      ngày mốc: đủ tuổi vào ngày này là thuộc diện\n"
     "  --committed DAY      hạn đơn vị tự cam kết\n"
     "  --mandated DAY       hạn của Bộ\n"
     "  --goal card|account  trả thẻ, hoặc kích hoạt tài khoản mức 2 (card)\n"
     "  --age N              từ bao nhiêu tuổi (14)\n"
     "  --excluded PHẦN_NGHÌN  tỷ lệ loại trừ được duyệt (20)\n"},
    "  $ sogoc campaign create 'Tỉnh Thanh Hóa' --title 'Cao điểm cấp thẻ' "
    "--reference 20250101 --committed 20250331 --mandated 20250630 --dir "
    "authority\n",
};

static const struct sg_out_shape shape = {
    .type = "campaign",
    .field_count = 2,
    .fields = {{"id", {"campaign", "chiến dịch"}, 0},
               {"state", {"state", "trạng thái"}, 0}},
};

struct plan {
    struct sg_cli *cli;
    const char *title, *goal, *reference, *committed, *mandated;
    uint64_t age, excluded;
    struct sg_date days[3];
    size_t n_units;
    struct sg_unit_key units[UNITS_MAX];
};

static int read_days(struct plan *plan)
{
    const char *const texts[] = {plan->reference, plan->committed,
                                 plan->mandated};
    static const char *const names[] = {"--reference", "--committed",
                                        "--mandated"};

    for (size_t i = 0; i < 3; i++) {
        uint64_t ymd = 0;

        if (texts[i] != NULL &&
            sg_text_decimal_decode(sg_bytes(texts[i], strlen(texts[i])),
                                   &ymd) == SG_OK &&
            ymd <= 99991231)
            plan->days[i].ymd = (uint32_t)ymd;
        if (!sg_date_is_valid(plan->days[i]) ||
            sg_date_precision(plan->days[i]) != SG_DATE_YMD)
            return sg_cli_fail(plan->cli, SG_EXIT_USAGE,
                               "%s wants a day as YYYYMMDD",
                               "%s cần một ngày dạng YYYYMMDD", names[i]);
    }
    return 0;
}

static int check(struct plan *plan)
{
    size_t size = plan->title == NULL ? 0 : strlen(plan->title);

    if (size == 0 || size > TITLE_MAX)
        return sg_cli_fail(plan->cli, SG_EXIT_USAGE,
                           "--title wants 1 to %u bytes",
                           "--title cần 1 đến %u byte", TITLE_MAX);
    if (strcmp(plan->goal, "card") != 0 && strcmp(plan->goal, "account") != 0)
        return sg_cli_fail(plan->cli, SG_EXIT_USAGE,
                           "--goal is card or account",
                           "--goal là card hoặc account");
    if (plan->age > 130 || plan->excluded > 1000)
        return sg_cli_fail(plan->cli, SG_EXIT_USAGE,
                           "--age is up to 130, --excluded up to 1000",
                           "--age không quá 130, --excluded không quá 1000");
    return read_days(plan);
}

static int say(const struct plan *plan, struct sg_seat *seat)
{
    struct sg_record_build *build = sg_seat_begin(seat, SG_TYPE_CAMPAIGN);
    struct sg_uid uid;
    struct sg_pack *pack;
    int code;

    sg_crypto_random(uid.bytes, sizeof uid.bytes);
    seat->head.subject = uid;
    sg_record_build_str(build, SG_FIELD_CAMPAIGN_TITLE,
                        sg_bytes(plan->title, strlen(plan->title)));
    sg_record_build_uint(build, SG_FIELD_CAMPAIGN_STATE, SG_CAMPAIGN_DRAFT);
    sg_record_build_uint(build, SG_FIELD_CAMPAIGN_GOAL,
                         strcmp(plan->goal, "card") == 0 ? SG_CAMPAIGN_CARD
                                                         : SG_CAMPAIGN_ACCOUNT);
    sg_record_build_uint(build, SG_FIELD_CAMPAIGN_AGE, plan->age);
    sg_record_build_uint(build, SG_FIELD_CAMPAIGN_RESIDENCE, 1);
    sg_record_build_uint(build, SG_FIELD_CAMPAIGN_REFERENCE, plan->days[0].ymd);
    sg_record_build_uint(build, SG_FIELD_CAMPAIGN_COMMITTED, plan->days[1].ymd);
    sg_record_build_uint(build, SG_FIELD_CAMPAIGN_MANDATED, plan->days[2].ymd);
    sg_record_build_uint(build, SG_FIELD_CAMPAIGN_EXCLUDED_PERMILLE,
                         plan->excluded);
    pack = sg_record_build_field(build, SG_FIELD_CAMPAIGN_UNITS);
    sg_pack_array(pack, (uint32_t)plan->n_units);
    for (size_t i = 0; i < plan->n_units; i++)
        sg_pack_uint(pack, plan->units[i].value);
    code = sg_seat_end(seat, NULL);
    if (code == 0)
        code = sg_seat_file(seat);
    if (code == 0) {
        const struct sg_out_value values[] = {
            sg_out_bytes(SG_OUT_HEX, SG_BYTES_ARRAY(uid.bytes)),
            sg_out_word("draft", sg_cli_say(plan->cli, "draft", "dự thảo")),
        };

        sg_out_card(&plan->cli->out, &shape, values);
    }
    return code;
}

int sg_verb_campaign_create(struct sg_cli *cli, struct sg_cli_words words)
{
    struct plan plan = {
        .cli = cli, .goal = "card", .age = AGE_CARD, .excluded = 20};
    const struct sg_cli_option options[] = {
        {"--title", SG_CLI_TEXT, .text = &plan.title},
        {"--goal", SG_CLI_TEXT, .text = &plan.goal},
        {"--reference", SG_CLI_TEXT, .text = &plan.reference},
        {"--committed", SG_CLI_TEXT, .text = &plan.committed},
        {"--mandated", SG_CLI_TEXT, .text = &plan.mandated},
        {"--age", SG_CLI_NUMBER, .number = &plan.age},
        {"--excluded", SG_CLI_NUMBER, .number = &plan.excluded},
    };
    struct sg_seat seat;
    int code = sg_cli_options(cli, &words, options,
                              sizeof options / sizeof options[0], 1, UNITS_MAX);

    if (code == 0)
        code = check(&plan);
    if (code == 0)
        code = sg_seat_open(cli, SG_SEAT_SPEAK, NULL, &seat);
    if (code != 0)
        return code;
    plan.n_units = (size_t)words.count;
    code = sg_unit_name_find_all(cli, sg_authority_units(seat.authority),
                                 words.words, plan.n_units, plan.units);
    if (code == 0)
        code = say(&plan, &seat);
    sg_seat_close(&seat);
    return code;
}
