#include <string.h>

#include "tools/reading.h"
#include "tools/unit_name.h"
#include "tools/verb.h"

#define LIMIT_MAX 100u

const struct sg_verb_page sg_verb_find_page = {
    "--pin N | --name TEXT [--unit U] | --unit U [--birth DATE] --purpose WHY "
    "[--case N]\n    [--limit N] [--officer NAME] [--socket PATH]",
    {"Finds persons in the register of the running node, as the officer whose "
     "key is\n"
     "unlocked there. Whom it shows is written down first, with WHY: dossier, "
     "correction,\n"
     "account, conflict, duplicate, verification, data_subject, audit, other "
     "(with --case).\n"
     "\n"
     "  --pin N        by personal number, twelve digits\n"
     "  --name TEXT    by name, with or without diacritics; a given name alone "
     "with --unit\n"
     "  --unit U       a unit by its number or name; alone: all of it\n"
     "  --birth DATE   as precise as known: 1985, 1985-03-12\n"
     "  --case N       the number of the matter\n"
     "  --limit N      persons at most, 1 to 100 (20)\n"
     "  --officer NAME unlocks this officer's key for this command alone\n"
     "  --socket PATH  of the daemon (/run/sogoc/sogocd.sock)\n",
     "Tìm người trong sổ của nút đang chạy, với tư cách cán bộ đã mở khóa tại "
     "đó. Ai\n"
     "được cho xem thì được ghi lại trước, kèm lý do WHY: dossier, correction, "
     "account,\n"
     "conflict, duplicate, verification, data_subject, audit, other (kèm "
     "--case).\n"
     "\n"
     "  --pin N        theo số định danh, mười hai chữ số\n"
     "  --name TEXT    theo tên, có dấu hoặc không; chỉ tên gọi thì kèm "
     "--unit\n"
     "  --unit U       đơn vị theo mã hoặc tên; ghi một mình: cả đơn vị\n"
     "  --birth DATE   chính xác đến đâu ghi đến đó: 1985, 1985-03-12\n"
     "  --case N       số của vụ việc\n"
     "  --limit N      số người tối đa, 1 đến 100 (20)\n"
     "  --officer NAME mở khóa cán bộ này chỉ cho lệnh này\n"
     "  --socket PATH  socket của sogocd (/run/sogoc/sogocd.sock)\n"},
    "  $ sogoc find --pin 999999999999 --purpose dossier --socket sogocd.sock "
    "2> /dev/null || test $? -eq 7 # nobody has unlocked a key\n",
};

static const struct sg_out_shape shape = {
    .type = "found",
    .field_count = 8,
    .fields = {{"uid", {"uid", "mã"}, 32},
               {"name", {"name", "họ và tên"}, 26},
               {"birth", {"born", "sinh"}, 10},
               {"pin", {"number", "số định danh"}, 12},
               {"status", {"status", "tình trạng"}, 10},
               {"conflicts", {"conflicts", "mâu thuẫn"}, -9},
               {"unit", {"unit", "mã đơn vị"}, -14},
               {"unit_name", {"home", "nơi thường trú"}, 0}},
};

static void show(struct sg_cli *cli, const json_t *answer)
{
    const json_t *units = json_object_get(answer, "units");
    char name[SG_READING_NAME_SIZE];
    json_t *person;
    size_t i;

    json_array_foreach(json_object_get(answer, "persons"), i, person)
    {
        const struct sg_out_value values[] = {
            sg_caller_text_value(person, "uid"),
            sg_reading_name(person, name),
            sg_caller_text_value(person, "birth"),
            sg_caller_text_value(person, "pin"),
            sg_caller_text_value(person, "status"),
            sg_caller_number_value(person, "conflicts_open"),
            sg_caller_number_value(person, "unit"),
            sg_reading_unit(person, units),
        };

        sg_out_row(&cli->out, &shape, values);
    }
    if (json_object_get(answer, "after") != NULL)
        sg_cli_note(cli, "there may be more: say more about whom you look for",
                    "có thể còn nữa: hãy ghi rõ hơn người cần tìm");
}

/* Adds the unit that TEXT calls to FORM. */
static int add_unit(const struct sg_cli *cli, const char *text, json_t *form)
{
    struct sg_unit_table *units;
    struct sg_unit_key unit;
    int code = sg_unit_name_shipped(cli, &units);

    if (code != 0)
        return code;
    code = sg_unit_name_find(cli, units, text, &unit);
    sg_unit_table_free(units);
    if (code == 0)
        (void)json_object_set_new(form, "unit",
                                  json_integer((json_int_t)unit.value));
    return code;
}

static int run(const struct sg_reading *reading, json_t *form)
{
    json_t *answer = NULL;
    int code = sg_reading_begin(reading);

    if (code != 0)
        return code;
    code = sg_reading_ask(reading, "/v1/search", form, &answer);
    if (code == 0) {
        show(reading->cli, answer);
        json_decref(answer);
    }
    sg_reading_end(reading);
    return code;
}

int sg_verb_find(struct sg_cli *cli, struct sg_cli_words words)
{
    struct sg_reading reading = {.cli = cli, .socket = SG_CALLER_SOCKET};
    const char *pin = NULL, *name = NULL, *unit = NULL, *birth = NULL;
    uint64_t limit = 20;
    const struct sg_cli_option options[] = {
        {"--pin", SG_CLI_TEXT, .text = &pin},
        {"--name", SG_CLI_TEXT, .text = &name},
        {"--unit", SG_CLI_TEXT, .text = &unit},
        {"--birth", SG_CLI_TEXT, .text = &birth},
        {"--limit", SG_CLI_NUMBER, .number = &limit},
        SG_READING_WHY(&reading),
        SG_READING_OPTIONS(&reading),
    };
    json_t *form = json_object();
    int code = sg_cli_options(cli, &words, options,
                              sizeof options / sizeof options[0], 0, 0);

    if (code == 0 && (limit == 0 || limit > LIMIT_MAX))
        code = sg_cli_fail(cli, SG_EXIT_USAGE, "--limit is 1 to %u",
                           "--limit phải từ 1 đến %u", LIMIT_MAX);
    if (code == 0 && unit != NULL)
        code = add_unit(cli, unit, form);
    if (pin != NULL)
        (void)json_object_set_new(form, "pin", json_string(pin));
    if (name != NULL)
        (void)json_object_set_new(form, "name", json_string(name));
    if (birth != NULL)
        (void)json_object_set_new(form, "birth", json_string(birth));
    (void)json_object_set_new(form, "limit", json_integer((json_int_t)limit));
    if (code == 0)
        code = run(&reading, form);
    json_decref(form);
    return code;
}
