#include <stdio.h>
#include <string.h>

#include "tools/caller.h"
#include "tools/unit_name.h"
#include "tools/verb.h"

#define PATH_SIZE 128

const struct sg_verb_page sg_verb_conflicts_page = {
    "[UNIT | --all] [--decided] [--socket PATH]",
    {"Lists what waits for an officer's word. Without UNIT: where how many "
     "wait. With\n"
     "UNIT (0: the centre): those that it is to decide, each with the records "
     "that\n"
     "differ. No value and nobody's name is shown: for that see sogoc person. "
     "To decide:\n"
     "sogoc decide.\n"
     "\n"
     "  --all          those of all units where something waits\n"
     "  --decided      those that were decided\n"
     "  --socket PATH  of the daemon (/run/sogoc/sogocd.sock)\n",
     "Liệt kê những mâu thuẫn chờ cán bộ quyết định. Không ghi UNIT: nơi nào "
     "có "
     "bao\n"
     "nhiêu. Ghi UNIT (0: trung tâm): những mâu thuẫn đơn vị đó phải quyết "
     "định, kèm\n"
     "các bản ghi khác nhau. Không hiện giá trị, không hiện tên ai: xem sogoc "
     "person.\n"
     "Quyết định bằng sogoc decide.\n"
     "\n"
     "  --all          của mọi đơn vị đang có mâu thuẫn chờ\n"
     "  --decided      những mâu thuẫn đã quyết định\n"
     "  --socket PATH  socket của sogocd (/run/sogoc/sogocd.sock)\n"},
    "  $ sogoc conflicts --socket sogocd.sock\n"
    "  $ sogoc conflicts --all --socket sogocd.sock\n",
};

static const struct sg_out_shape units_shape = {
    .type = "waiting",
    .field_count = 4,
    .fields = {{"unit", {"unit", "mã đơn vị"}, -14},
               {"name", {"name", "tên"}, 24},
               {"open", {"open", "đang chờ"}, -9},
               {"rules", {"by rule", "theo quy tắc"}, 0}},
    .legend = {"Unit 0 is the centre. C05 ...: RECORDS.md, section 4.",
               "Đơn vị 0 là trung tâm. C05 ...: xem RECORDS.md, mục 4."},
};

static const struct sg_out_shape total_shape = {
    .type = "waiting_in_all",
    .field_count = 1,
    .fields = {{"open", {"waiting in all", "đang chờ, tổng cộng"}, 0}},
};

static const struct sg_out_shape shape = {
    .type = "conflict",
    .field_count = 10,
    .fields = {{"rule", {"rule", "quy tắc"}, 7},
               {"subject", {"of whom", "của ai"}, 32},
               {"field", {"field", "trường"}, 14},
               {"state", {"state", "trạng thái"}, 12},
               {"due", {"due", "hạn"}, -11},
               {"home", {"home", "nơi thường trú"}, -14},
               {"records",
                {"records that differ", "các bản ghi khác nhau"},
                33},
               {"acts", {"acts", "cách quyết định"}, 14},
               {"object", {"object", "đối tượng"}, 10},
               {"says", {"what it is", "nội dung"}, 0}},
    .legend = {"of whom, records: ids; sogoc decide takes their first digits.",
               "của ai, các bản ghi: mã; sogoc decide nhận các chữ số đầu."},
};

/* Writes the members NAME of LIST (NULL: the texts themselves) with spaces
 * between; what has no room is left out. */
static struct sg_out_value join(const json_t *list, const char *name,
                                char *text, size_t size)
{
    size_t used = 0, i;
    json_t *row;

    text[0] = '\0';
    json_array_foreach(list, i, row)
    {
        const char *word =
            json_string_value(name == NULL ? row : json_object_get(row, name));
        int n = snprintf(text + used, size - used, "%s%s", i == 0 ? "" : " ",
                         word == NULL ? "" : word);

        if (n < 0 || (size_t)n >= size - used)
            break;
        used += (size_t)n;
    }
    return sg_out_bytes(SG_OUT_BODY, sg_bytes(text, strlen(text)));
}

static struct sg_out_value state_value(const struct sg_cli *cli,
                                       const json_t *row)
{
    const char *word = sg_caller_text(row, "state");

    if (strcmp(word, "open") == 0)
        return sg_out_word("open", sg_cli_say(cli, "open", "đang chờ"));
    if (strcmp(word, "decided") == 0)
        return sg_out_word("decided", sg_cli_say(cli, "decided", "đã quyết"));
    return sg_out_word("reopened", sg_cli_say(cli, "reopened", "mở lại"));
}

static void show_conflict(struct sg_cli *cli, const json_t *row)
{
    char field[64], records[16 * 33 + 1], acts[64];
    const char *type = sg_caller_text(row, "type");
    char due[SG_CALLER_DAY_SIZE];
    uint8_t subject[32];

    (void)snprintf(field, sizeof field, "%s.%s", type,
                   sg_caller_text(row, "field"));
    const struct sg_out_value values[] = {
        sg_caller_text_value(row, "rule"),
        sg_caller_hex_value(row, "subject", subject),
        sg_out_bytes(SG_OUT_BODY, sg_bytes(field, strlen(field))),
        state_value(cli, row),
        sg_caller_day_value(cli, row, "due", due),
        sg_caller_number_value(row, "home"),
        join(json_object_get(row, "contenders"), "record", records,
             sizeof records),
        join(json_object_get(row, "acts"), NULL, acts, sizeof acts),
        sg_caller_text_value(row, "object"),
        sg_caller_text_value(row, sg_cli_say(cli, "en", "vi")),
    };

    sg_out_row(&cli->out, &shape, values);
}

static int show_conflicts(struct sg_cli *cli, const char *socket,
                          struct sg_unit_key unit, bool is_decided)
{
    uint64_t after = 0;

    do {
        char path[PATH_SIZE];
        json_t *answer, *row;
        size_t i;
        int code;

        (void)snprintf(
            path, sizeof path, "/v1/conflicts?unit=%llu&after=%llu%s",
            (unsigned long long)unit.value, (unsigned long long)after,
            is_decided ? "&state=decided" : "");
        code = sg_caller_get(cli, socket, path, &answer);
        if (code != 0)
            return code;
        json_array_foreach(json_object_get(answer, "conflicts"), i, row)
            show_conflict(cli, row);
        after = sg_caller_number(answer, "after");
        json_decref(answer);
    } while (after != 0);
    return 0;
}

/* Those of every unit that has open ones. */
static int show_all(struct sg_cli *cli, const char *socket)
{
    json_t *answer, *row;
    size_t i;
    int code = sg_caller_get(cli, socket, "/v1/conflicts", &answer);

    if (code != 0)
        return code;
    json_array_foreach(json_object_get(answer, "units"), i, row)
    {
        const struct sg_unit_key unit = {sg_caller_number(row, "unit")};

        if (code == 0)
            code = show_conflicts(cli, socket, unit, false);
    }
    json_decref(answer);
    return code;
}

static void show_unit(struct sg_cli *cli, const json_t *row)
{
    char rules[256] = "";
    size_t used = 0;
    const char *rule;
    json_t *count;

    json_object_foreach(json_object_get(row, "rules"), rule, count)
    {
        int n = snprintf(rules + used, sizeof rules - used, "%s%s %lld",
                         used == 0 ? "" : ", ", rule,
                         (long long)json_integer_value(count));

        if (n < 0 || (size_t)n >= sizeof rules - used)
            break;
        used += (size_t)n;
    }
    const struct sg_out_value values[] = {
        sg_caller_number_value(row, "unit"),
        sg_caller_text_value(row, "name"),
        sg_caller_number_value(row, "open"),
        sg_out_bytes(SG_OUT_BODY, sg_bytes(rules, strlen(rules))),
    };

    sg_out_row(&cli->out, &units_shape, values);
}

static int show_units(struct sg_cli *cli, const char *socket)
{
    json_t *answer, *row;
    uint64_t all = 0;
    size_t i;
    int code = sg_caller_get(cli, socket, "/v1/conflicts", &answer);

    if (code != 0)
        return code;
    json_array_foreach(json_object_get(answer, "units"), i, row)
    {
        show_unit(cli, row);
        all += sg_caller_number(row, "open");
    }
    const struct sg_out_value total = sg_out_number(all);

    json_decref(answer);
    sg_out_card(&cli->out, &total_shape, &total);
    return 0;
}

int sg_verb_conflicts(struct sg_cli *cli, struct sg_cli_words words)
{
    const char *socket = SG_CALLER_SOCKET;
    bool is_decided = false, is_all = false;
    const struct sg_cli_option options[] = {
        {"--all", SG_CLI_FLAG, .flag = &is_all},
        {"--decided", SG_CLI_FLAG, .flag = &is_decided},
        {"--socket", SG_CLI_TEXT, .text = &socket},
    };
    struct sg_unit_table *units;
    struct sg_unit_key unit;
    int code = sg_cli_options(cli, &words, options, 3, 0, 1);

    if (code == 0 && words.count == 0 && is_decided)
        code = sg_cli_fail(cli, SG_EXIT_USAGE, "--decided wants a UNIT",
                           "--decided cần một UNIT");
    if (code == 0 && words.count == 1 && is_all)
        code = sg_cli_fail(cli, SG_EXIT_USAGE, "either UNIT or --all",
                           "hoặc UNIT hoặc --all");
    if (code != 0)
        return code;
    if (words.count == 0)
        return is_all ? show_all(cli, socket) : show_units(cli, socket);
    code = sg_unit_name_shipped(cli, &units);
    if (code != 0)
        return code;
    code = sg_unit_name_find(cli, units, words.words[0], &unit);
    sg_unit_table_free(units);
    return code == 0 ? show_conflicts(cli, socket, unit, is_decided) : code;
}
