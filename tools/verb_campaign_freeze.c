#include <stdio.h>
#include <string.h>

#include "storage/base/text.h"
#include "storage/registry/service/campaign.h"
#include "tools/seat.h"
#include "tools/verb.h"

#define DIGITS_MIN 8u

const struct sg_verb_page sg_verb_campaign_freeze_page = {
    "[CAMPAIGN] [--next] [--dir DIR]",
    {"Freezes a campaign: from now on its goal, days and units stand for ever, "
     "and every\n"
     "node counts. CAMPAIGN is its id, or the first digits of it, 8 at least; "
     "without\n"
     "it the only one there is.\n"
     "\n"
     "  --next  the next state: a frozen one begins to run, a running one is "
     "closed\n",
     "Chốt một chiến dịch: từ nay mục tiêu, các ngày và địa bàn không đổi nữa, "
     "mọi nút\n"
     "bắt đầu đếm. CAMPAIGN là mã chiến dịch, hoặc ít nhất 8 chữ số đầu; không "
     "ghi thì\n"
     "là chiến dịch duy nhất đang có.\n"
     "\n"
     "  --next  chuyển bước: đã chốt thì bắt đầu chạy, đang chạy thì kết "
     "thúc\n"},
    "  $ sogoc campaign freeze --dir authority\n"
    "  $ sogoc campaign freeze --next --dir authority\n",
};

static const struct sg_out_shape shape = {
    .type = "campaign",
    .field_count = 2,
    .fields = {{"id", {"campaign", "chiến dịch"}, 0},
               {"state", {"state", "trạng thái"}, 0}},
};

static const struct {
    const char *word;
    const char *says[2];
} states[] = {
    [SG_CAMPAIGN_DRAFT] = {"draft", {"draft", "dự thảo"}},
    [SG_CAMPAIGN_FROZEN] = {"frozen", {"frozen", "đã chốt"}},
    [SG_CAMPAIGN_RUNNING] = {"running", {"running", "đang chạy"}},
    [SG_CAMPAIGN_CLOSED] = {"closed", {"closed", "đã kết thúc"}},
};

static bool is_called(const struct sg_authority_campaign *campaign,
                      const char *name)
{
    char hex[2 * sizeof campaign->uid.bytes];
    struct sg_writer writer;
    size_t size = name == NULL ? 0 : strlen(name);

    if (name == NULL)
        return true;
    sg_writer_init_array(&writer, (uint8_t *)hex, sizeof hex);
    sg_text_hex_encode(&writer, SG_BYTES_ARRAY(campaign->uid.bytes));
    return size >= DIGITS_MIN && size <= sizeof hex &&
           memcmp(hex, name, size) == 0;
}

static int find(const struct sg_cli *cli, const struct sg_seat *seat,
                const char *name, const struct sg_authority_campaign **ret)
{
    size_t count, n_found = 0;
    const struct sg_authority_campaign *all =
        sg_authority_campaigns(seat->authority, &count);

    for (size_t i = 0; i < count; i++)
        if (is_called(&all[i], name)) {
            *ret = &all[i];
            n_found++;
        }
    if (n_found == 1)
        return 0;
    if (n_found == 0)
        return sg_cli_fail(cli, SG_EXIT_IMPOSSIBLE,
                           "there is no such campaign; sogoc campaign create",
                           "không có chiến dịch như vậy; dùng sogoc campaign "
                           "create");
    return sg_cli_fail(cli, SG_EXIT_USAGE,
                       "there are several; say the first digits of its id",
                       "có nhiều chiến dịch; hãy ghi các chữ số đầu của mã");
}

/* Says all again, but for the state. */
static int say(struct sg_cli *cli, struct sg_seat *seat,
               const struct sg_authority_campaign *campaign, unsigned state)
{
    struct sg_record_build *build;
    struct sg_record record;
    int code;
    enum sg_err err = sg_record_decode(campaign->payload, &record);

    if (err != SG_OK)
        return sg_cli_fail_err(cli, err, cli->dir);
    build = sg_seat_begin(seat, SG_TYPE_CAMPAIGN);
    seat->head.subject = campaign->uid;
    for (unsigned no = SG_FIELD_CAMPAIGN_TITLE; no < SG_FIELD_COUNT_MAX; no++) {
        if (!sg_record_has(&record, no))
            continue;
        if (no == SG_FIELD_CAMPAIGN_STATE)
            sg_record_build_uint(build, no, state);
        else
            sg_pack_raw(sg_record_build_field(build, no), record.fields[no]);
    }
    code = sg_seat_end(seat, NULL);
    if (code == 0)
        code = sg_seat_file(seat);
    if (code == 0) {
        const struct sg_out_value values[] = {
            sg_out_bytes(SG_OUT_HEX, SG_BYTES_ARRAY(campaign->uid.bytes)),
            sg_out_word(states[state].word, states[state].says[cli->lang]),
        };

        sg_out_card(&cli->out, &shape, values);
    }
    return code;
}

static int move(struct sg_cli *cli, struct sg_seat *seat, const char *name,
                bool is_next)
{
    const struct sg_authority_campaign *campaign = NULL;
    int code = find(cli, seat, name, &campaign);

    if (code != 0)
        return code;
    if (!is_next && campaign->state >= SG_CAMPAIGN_FROZEN)
        return sg_cli_fail(cli, SG_EXIT_IMPOSSIBLE,
                           "it is frozen already; --next goes on",
                           "chiến dịch đã chốt; dùng --next để chuyển bước");
    if (campaign->state >= SG_CAMPAIGN_CLOSED)
        return sg_cli_fail(cli, SG_EXIT_IMPOSSIBLE, "it is closed",
                           "chiến dịch đã kết thúc");
    return say(cli, seat, campaign, campaign->state + 1u);
}

int sg_verb_campaign_freeze(struct sg_cli *cli, struct sg_cli_words words)
{
    bool is_next = false;
    const struct sg_cli_option options[] = {
        {"--next", SG_CLI_FLAG, .flag = &is_next},
    };
    struct sg_seat seat;
    int code = sg_cli_options(cli, &words, options, 1, 0, 1);

    if (code == 0)
        code = sg_seat_open(cli, SG_SEAT_SPEAK, NULL, &seat);
    if (code != 0)
        return code;
    code = move(cli, &seat, words.count == 1 ? words.words[0] : NULL, is_next);
    sg_seat_close(&seat);
    return code;
}
