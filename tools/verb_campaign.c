#include <stdio.h>
#include <string.h>

#include "tools/caller.h"
#include "tools/unit_name.h"
#include "tools/verb.h"

#define PATH_SIZE 160

const struct sg_verb_page sg_verb_campaign_page = {
    "[UNIT] [--by office|province|district|commune] [--id CAMPAIGN] [--socket "
    "PATH]",
    {"Shows how far the campaign is that runs: who is eligible, excluded, "
     "captured,\n"
     "still to be visited; and when it will be done at the rate of the last 7 "
     "days.\n"
     "\n"
     "  UNIT           only what lies in this unit\n"
     "  --by WHAT      a row for each office (a node and what it serves), or "
     "each unit\n"
     "                 of a level (office)\n"
     "  --id CAMPAIGN  another one\n"
     "  --socket PATH  of the daemon (/run/sogoc/sogocd.sock)\n",
     "Tiến độ chiến dịch đang chạy: bao nhiêu người thuộc diện, được loại trừ, "
     "đã thu\n"
     "nhận, còn phải đến gặp; và bao giờ xong theo tốc độ 7 ngày qua.\n"
     "\n"
     "  UNIT           chỉ trong đơn vị này\n"
     "  --by CÁCH      mỗi hàng là một nơi làm việc (một nút và địa bàn của "
     "nó), hoặc\n"
     "                 một đơn vị của một cấp (office)\n"
     "  --id CAMPAIGN  chiến dịch khác\n"
     "  --socket PATH  socket của sogocd (/run/sogoc/sogocd.sock)\n"},
    "  $ sogoc campaign --socket sogocd.sock\n"
    "  $ sogoc campaign 'Huyện Mường Lát' --by commune --socket sogocd.sock\n",
};

static const struct sg_out_shape head_shape = {
    .type = "campaign",
    .field_count = 9,
    .fields = {{"title", {"campaign", "chiến dịch"}, 0},
               {"state", {"state", "trạng thái"}, 0},
               {"day", {"figures of", "số liệu ngày"}, 0},
               {"committed", {"own deadline", "hạn tự cam kết"}, 0},
               {"mandated", {"ministry's deadline", "hạn của Bộ"}, 0},
               {"verdict", {"verdict", "kết luận"}, 0},
               {"done", {"done on, at this rate", "dự kiến xong"}, 0},
               {"needed", {"a day needed", "cần mỗi ngày"}, 0},
               {"complete", {"all is counted", "đã đếm đủ"}, 0}},
};

static const struct sg_out_shape shape = {
    .type = "funnel",
    .field_count = 11,
    .fields = {{"name", {"where", "nơi"}, 22},
               {"eligible", {"eligible", "diện cấp"}, -9},
               {"excluded", {"excluded", "loại trừ"}, -9},
               {"target", {"target", "phải làm"}, -9},
               {"captured", {"captured", "thu nhận"}, -9},
               {"approved", {"approved", "duyệt"}, -9},
               {"issued", {"issued", "có thẻ"}, -9},
               {"delivered", {"delivered", "đã trả"}, -9},
               {"remaining", {"remaining", "còn lại"}, -9},
               {"percent", {"counted", "đạt"}, -8},
               {"lag", {"lag", "chưa nhận"}, -9}},
    .legend = {"target: eligible without excluded. remaining: nothing is "
               "captured yet, go and see them. counted: of the target. lag: "
               "entries written there that these figures have not.",
               "phải làm: diện cấp trừ loại trừ. còn lại: chưa thu nhận gì, "
               "phải đến gặp. đạt: so với phải làm. chưa nhận: số mục đã ghi "
               "ở đó mà số liệu này chưa có."},
};

/* The share of the target that is counted, rounded down: 100.0 is all. */
static void print_percent(const json_t *funnel, char ret[16])
{
    uint64_t target = sg_caller_number(funnel, "target");
    uint64_t counted = sg_caller_number(funnel, "counted");

    if (target == 0)
        (void)snprintf(ret, 16, "-");
    else
        (void)snprintf(ret, 16, "%u.%u%%", (unsigned)(counted * 100 / target),
                       (unsigned)(counted * 1000 / target % 10));
}

static void show_funnel(struct sg_cli *cli, const char *name,
                        const json_t *funnel, struct sg_out_value lag)
{
    char percent[16];

    print_percent(funnel, percent);
    const struct sg_out_value values[] = {
        sg_out_bytes(SG_OUT_BODY, sg_bytes(name, strlen(name))),
        sg_caller_number_value(funnel, "eligible"),
        sg_caller_number_value(funnel, "excluded"),
        sg_caller_number_value(funnel, "target"),
        sg_caller_number_value(funnel, "captured"),
        sg_caller_number_value(funnel, "approved"),
        sg_caller_number_value(funnel, "issued"),
        sg_caller_number_value(funnel, "delivered"),
        sg_caller_number_value(funnel, "remaining"),
        sg_out_bytes(SG_OUT_BODY, sg_bytes(percent, strlen(percent))),
        lag,
    };

    sg_out_row(&cli->out, &shape, values);
}

static const char *state_of(const struct sg_cli *cli, const char *word)
{
    static const struct {
        const char *word;
        const char *vi;
    } states[] = {{"frozen", "đã chốt"},
                  {"running", "đang chạy"},
                  {"closed", "đã kết thúc"}};

    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (strcmp(states[i].word, word) == 0)
            return sg_cli_say(cli, word, states[i].vi);
    return word;
}

static void show_head(struct sg_cli *cli, const json_t *answer)
{
    const json_t *campaign = json_object_get(answer, "campaign");
    const json_t *total = json_object_get(answer, "total");
    const json_t *forecast = json_object_get(total, "forecast");
    const json_t *verdict = json_object_get(total, "verdict");
    const char *word = sg_caller_text(campaign, "state");
    char days[4][SG_CALLER_DAY_SIZE];
    bool is_complete = json_is_true(json_object_get(answer, "complete"));
    const struct sg_out_value values[] = {
        sg_caller_text_value(campaign, "title"),
        sg_out_word(word, state_of(cli, word)),
        sg_caller_day_value(cli, answer, "day", days[0]),
        sg_caller_day_value(cli, campaign, "committed", days[1]),
        sg_caller_day_value(cli, campaign, "mandated", days[2]),
        sg_out_word(sg_caller_text(verdict, "word"),
                    sg_caller_words(cli, verdict)),
        sg_caller_day_value(cli, forecast, "day", days[3]),
        sg_caller_number_value(forecast, "needed_mandated"),
        is_complete ? sg_out_word("true", sg_cli_say(cli, "yes", "có"))
                    : sg_out_word("false", sg_cli_say(cli, "not yet", "chưa")),
    };

    sg_out_card(&cli->out, &head_shape, values);
}

static void show_offices(struct sg_cli *cli, const json_t *answer)
{
    json_t *row;
    size_t i;

    json_array_foreach(json_object_get(answer, "offices"), i, row)
    {
        const char *label = sg_caller_text(row, "label");
        char name[40];

        if (*label == '\0') {
            (void)snprintf(name, sizeof name, "%.16s",
                           sg_caller_text(row, "node"));
            label = name;
        }
        show_funnel(cli, label, json_object_get(row, "funnel"),
                    sg_caller_number_value(row, "lag"));
    }
}

static void show_units(struct sg_cli *cli, const json_t *answer)
{
    json_t *row;
    size_t i;

    json_array_foreach(json_object_get(answer, "units"), i, row)
        show_funnel(cli, sg_caller_text(row, "name"),
                    json_object_get(row, "funnel"), sg_out_none());
}

/* What is asked for. */
struct wish {
    struct sg_cli *cli;
    const char *socket, *by, *id;
    unsigned level; /* 0: by office */
    struct sg_unit_key under;
};

static int read_wish(struct wish *wish, struct sg_cli_words words)
{
    static const char *const levels[] = {"office", "province", "district",
                                         "commune"};
    struct sg_unit_table *units;
    int code = 0;
    bool is_known = false;

    for (unsigned i = 0; i < 4; i++)
        if (strcmp(levels[i], wish->by) == 0) {
            wish->level = i;
            is_known = true;
        }
    if (!is_known)
        return sg_cli_fail(wish->cli, SG_EXIT_USAGE,
                           "--by is office, province, district or commune",
                           "--by là office, province, district hoặc commune");
    if (words.count == 0)
        return 0;
    code = sg_unit_name_shipped(wish->cli, &units);
    if (code != 0)
        return code;
    code = sg_unit_name_find(wish->cli, units, words.words[0], &wish->under);
    sg_unit_table_free(units);
    return code;
}

static int show(struct wish *wish)
{
    uint64_t after = 0;
    bool is_first = true;

    do {
        char path[PATH_SIZE];
        json_t *answer;
        int n = snprintf(path, sizeof path,
                         "/v1/campaign?under=%llu&level=%u&after=%llu%s%s",
                         (unsigned long long)wish->under.value,
                         wish->level == 0 ? 3 : wish->level,
                         (unsigned long long)after,
                         wish->id == NULL ? "" : "&campaign=",
                         wish->id == NULL ? "" : wish->id);
        int code = n < 0 || (size_t)n >= sizeof path
                       ? sg_cli_fail(wish->cli, SG_EXIT_USAGE,
                                     "--id: no such campaign",
                                     "--id: không có chiến dịch như vậy")
                       : sg_caller_get(wish->cli, wish->socket, path, &answer);

        if (code != 0)
            return code;
        if (is_first)
            show_head(wish->cli, answer);
        if (wish->level == 0)
            show_offices(wish->cli, answer);
        else
            show_units(wish->cli, answer);
        after = wish->level == 0 ? 0 : sg_caller_number(answer, "after");
        if (after == 0)
            show_funnel(wish->cli,
                        sg_cli_say(wish->cli, "all together", "tổng cộng"),
                        json_object_get(answer, "total"), sg_out_none());
        is_first = false;
        json_decref(answer);
    } while (after != 0);
    return 0;
}

int sg_verb_campaign(struct sg_cli *cli, struct sg_cli_words words)
{
    struct wish wish = {.cli = cli, .socket = SG_CALLER_SOCKET, .by = "office"};
    const struct sg_cli_option options[] = {
        {"--by", SG_CLI_TEXT, .text = &wish.by},
        {"--id", SG_CLI_TEXT, .text = &wish.id},
        {"--socket", SG_CLI_TEXT, .text = &wish.socket},
    };
    int code = sg_cli_options(cli, &words, options, 3, 0, 1);

    if (code == 0)
        code = read_wish(&wish, words);
    return code == 0 ? show(&wish) : code;
}
