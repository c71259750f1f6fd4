#include <stdio.h>
#include <string.h>

#include "tools/reading.h"
#include "tools/verb.h"

#define VALUE_SIZE 1024
#define LINE_SIZE  4096 /* a row of find */

const struct sg_verb_page sg_verb_person_page = {
    "UID... | - --purpose WHY [--case N] [--officer NAME] [--socket PATH]",
    {"Shows what the register of the running node says of persons: each field "
     "with the\n"
     "value that stands, who says it, and what is in dispute; then the "
     "conflicts and the\n"
     "records. -: the uids that sogoc find --json printed, from standard "
     "input. Each one\n"
     "shown is written down first, with WHY (see sogoc find).\n"
     "\n"
     "  --case N       the number of the matter\n"
     "  --officer NAME unlocks this officer's key for this command alone\n"
     "  --socket PATH  of the daemon (/run/sogoc/sogocd.sock)\n",
     "Cho xem sổ của nút đang chạy ghi gì về những người này: từng trường với "
     "giá trị\n"
     "hiện có, bản ghi nào nói thế, điều gì còn mâu thuẫn; rồi các mâu thuẫn "
     "và các bản\n"
     "ghi. -: các mã do sogoc find --json in ra, từ đầu vào chuẩn. Ai được cho "
     "xem thì\n"
     "được ghi lại trước, kèm lý do WHY (xem sogoc find).\n"
     "\n"
     "  --case N       số của vụ việc\n"
     "  --officer NAME mở khóa cán bộ này chỉ cho lệnh này\n"
     "  --socket PATH  socket của sogocd (/run/sogoc/sogocd.sock)\n"},
    "  $ sogoc find --unit 'Huyện Mường Lát' --purpose dossier --json --socket "
    "sogocd.sock 2> /dev/null > found.jsonl || true\n"
    "  $ sogoc person - --purpose dossier --socket sogocd.sock < "
    "found.jsonl\n",
};

static const struct sg_out_shape shape = {
    .type = "person",
    .field_count = 8,
    .fields = {{"uid", {"uid", "mã"}, 0},
               {"name", {"name", "họ và tên"}, 0},
               {"birth", {"born", "ngày sinh"}, 0},
               {"pin", {"number", "số định danh"}, 0},
               {"status", {"status", "tình trạng"}, 0},
               {"unit", {"unit", "mã đơn vị"}, 0},
               {"unit_name", {"home", "nơi thường trú"}, 0},
               {"conflicts", {"open conflicts", "mâu thuẫn chưa quyết"}, 0}},
};

static const struct sg_out_shape field_shape = {
    .type = "field",
    .field_count = 6,
    .fields = {{"of", {"of", "của"}, 12},
               {"state", {"state", "trạng thái"}, -10},
               {"field", {"field", "trường"}, 16},
               {"marks", {"marks", "dấu"}, 5},
               {"by", {"record", "bản ghi"}, 16},
               {"value", {"value", "giá trị"}, 0}},
    .legend = {"marks: a approved, c in conflict, p a change waits. record: "
               "who says it.",
               "dấu: a đã duyệt, c có mâu thuẫn, p có thay đổi chờ duyệt. bản "
               "ghi: bản ghi nói điều đó."},
};

static const struct sg_out_shape record_shape = {
    .type = "record",
    .field_count = 6,
    .fields = {{"ref", {"record", "bản ghi"}, 32},
               {"kind", {"type", "loại"}, 12},
               {"effective", {"day", "ngày"}, 10},
               {"officer", {"officer", "cán bộ"}, 16},
               {"log", {"log", "nhật ký"}, 16},
               {"index", {"index", "mục"}, -9}},
};

static void show_field(struct sg_cli *cli, const json_t *object,
                       const json_t *field)
{
    const json_t *value = json_object_get(field, "value");
    char marks[4] = "", text[VALUE_SIZE];
    size_t n = 0;
    size_t size = 0;

    if (json_is_true(json_object_get(field, "approved")))
        marks[n++] = 'a';
    if (json_is_true(json_object_get(field, "conflict")))
        marks[n++] = 'c';
    if (json_is_true(json_object_get(field, "pending")))
        marks[n++] = 'p';
    if (!json_is_string(value))
        size = json_dumpb(value, text, sizeof text,
                          JSON_ENCODE_ANY | JSON_COMPACT);
    const struct sg_out_value values[] = {
        sg_caller_text_value(object, "type"),
        sg_caller_number_value(object, "state"),
        sg_caller_text_value(field, "field"),
        sg_out_bytes(SG_OUT_BODY, sg_bytes(marks, n)),
        sg_caller_text_value(field, "by"),
        json_is_string(value) ? sg_caller_text_value(field, "value")
        : size <= sizeof text ? sg_out_bytes(SG_OUT_BODY, sg_bytes(text, size))
                              : sg_out_none(),
    };

    sg_out_row(&cli->out, &field_shape, values);
}

static void show_record(struct sg_cli *cli, const json_t *record)
{
    const json_t *at = json_array_get(json_object_get(record, "at"), 0);
    const struct sg_out_value values[] = {
        sg_caller_text_value(record, "ref"),
        sg_caller_text_value(record, "type"),
        sg_caller_text_value(record, "effective"),
        sg_caller_text_value(record, "officer"),
        sg_caller_text_value(at, "log"),
        sg_caller_number_value(at, "index"),
    };

    sg_out_row(&cli->out, &record_shape, values);
}

static void show(struct sg_cli *cli, const json_t *person)
{
    char name[SG_READING_NAME_SIZE];
    const struct sg_out_value values[] = {
        sg_caller_text_value(person, "uid"),
        sg_reading_name(person, name),
        sg_caller_text_value(person, "birth"),
        sg_caller_text_value(person, "pin"),
        sg_caller_text_value(person, "status"),
        sg_caller_number_value(person, "unit"),
        sg_reading_unit(person, json_object_get(person, "units")),
        sg_caller_number_value(person, "conflicts_open"),
    };
    json_t *object, *field, *record;
    size_t i, k;

    sg_out_card(&cli->out, &shape, values);
    json_array_foreach(json_object_get(person, "objects"), i, object)
        json_array_foreach(json_object_get(object, "fields"), k, field)
            show_field(cli, object, field);
    json_array_foreach(json_object_get(person, "records"), i, record)
        show_record(cli, record);
}

static int show_uid(const struct sg_reading *reading, const char *uid)
{
    json_t *form = json_pack("{s:s}", "uid", uid), *answer = NULL;
    int code = sg_reading_ask(reading, "/v1/person", form, &answer);

    json_decref(form);
    if (code != 0)
        return code;
    show(reading->cli, answer);
    json_decref(answer);
    return 0;
}

/* The uids of standard input. */
static int show_rows(const struct sg_reading *reading)
{
    char line[LINE_SIZE];
    int code = 0;

    while (code == 0 && fgets(line, sizeof line, stdin) != NULL) {
        json_t *row = json_loads(line, JSON_REJECT_DUPLICATES, NULL);

        code = row == NULL
                   ? sg_cli_fail(reading->cli, SG_EXIT_USAGE,
                                 "standard input: no row of sogoc find --json",
                                 "đầu vào chuẩn: không phải hàng của sogoc "
                                 "find --json")
                   : show_uid(reading, sg_caller_text(row, "uid"));
        json_decref(row);
    }
    return code;
}

int sg_verb_person(struct sg_cli *cli, struct sg_cli_words words)
{
    struct sg_reading reading = {.cli = cli, .socket = SG_CALLER_SOCKET};
    const struct sg_cli_option options[] = {
        SG_READING_WHY(&reading),
        SG_READING_OPTIONS(&reading),
    };
    int code =
        sg_cli_options(cli, &words, options, sizeof options / sizeof options[0],
                       1, words.count);

    if (code == 0)
        code = sg_reading_begin(&reading);
    if (code != 0)
        return code;
    for (int i = 0; code == 0 && i < words.count; i++)
        code = strcmp(words.words[i], "-") == 0
                   ? show_rows(&reading)
                   : show_uid(&reading, words.words[i]);
    sg_reading_end(&reading);
    return code;
}
