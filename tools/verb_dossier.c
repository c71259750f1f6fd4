#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/date.h"
#include "tools/reading.h"
#include "tools/verb.h"

#define VALUE_SIZE     1024
#define PATH_SIZE      160
#define OFFSET_MINUTES 420 /* Viet Nam */
#define FORBIDDEN      403

const struct sg_verb_page sg_verb_dossier_page = {
    "UID --purpose WHY [--case N] [--officer NAME] [--socket PATH]",
    {"Prints all that the running node has of one person as one paper: each "
     "value that\n"
     "stands, with its source, and those that contend; every record, by the "
     "time at which\n"
     "it was written, with its officer and where it lies (sogoc prove LOG "
     "INDEX proves\n"
     "it); the conflicts and who decides; and who was shown him, which needs "
     "the role\n"
     "audit. That it was printed is written down first, with WHY (see sogoc "
     "find).\n"
     "\n"
     "  --case N       the number of the matter\n"
     "  --officer NAME unlocks this officer's key for this command alone\n"
     "  --socket PATH  of the daemon (/run/sogoc/sogocd.sock)\n",
     "In ra toàn bộ những gì nút đang chạy có về một người thành một hồ sơ: "
     "từng giá trị\n"
     "hiện có, kèm nguồn, và các giá trị còn mâu thuẫn; mọi bản ghi theo thời "
     "điểm ghi,\n"
     "kèm cán bộ và vị trí (sogoc prove LOG INDEX chứng minh); các mâu thuẫn "
     "và nơi quyết\n"
     "định; và ai đã được xem, mục này cần vai trò audit. Việc in được ghi lại "
     "trước, kèm\n"
     "lý do WHY (xem sogoc find).\n"
     "\n"
     "  --case N       số của vụ việc\n"
     "  --officer NAME mở khóa cán bộ này chỉ cho lệnh này\n"
     "  --socket PATH  socket của sogocd (/run/sogoc/sogocd.sock)\n"},
    "  $ sogoc dossier 00000000000000000000000000000001 --purpose data_subject "
    "--socket sogocd.sock 2> /dev/null || test $? -eq 7 # nobody has unlocked "
    "a key\n",
};

static const struct sg_out_shape shape = {
    .type = "dossier",
    .field_count = 11,
    .fields = {{"uid", {"uid", "mã"}, 0},
               {"name", {"name", "họ và tên"}, 0},
               {"birth", {"born", "ngày sinh"}, 0},
               {"pin", {"number", "số định danh"}, 0},
               {"status", {"status", "tình trạng"}, 0},
               {"unit", {"unit", "mã đơn vị"}, 0},
               {"unit_name", {"home", "nơi thường trú"}, 0},
               {"records", {"records", "số bản ghi"}, 0},
               {"left_out", {"records left out", "bản ghi không in"}, 0},
               {"conflicts", {"open conflicts", "mâu thuẫn chưa quyết"}, 0},
               {"as_of", {"as of", "tính đến ngày"}, 0}},
};

static const struct sg_out_shape value_shape = {
    .type = "dossier_value",
    .field_count = 7,
    .fields = {{"of", {"of", "của"}, 12},
               {"field", {"field", "trường"}, 16},
               {"marks", {"marks", "dấu"}, 5},
               {"source", {"source", "nguồn"}, 10},
               {"element", {"element", "phần tử"}, 12},
               {"by", {"record", "bản ghi"}, 16},
               {"value", {"value", "giá trị"}, 0}},
    .legend = {"marks: a approved, c in conflict, p a change waits, o one that "
               "contends. record:\nwho says it.",
               "dấu: a đã duyệt, c có mâu thuẫn, p có thay đổi chờ duyệt, o "
               "giá trị đang mâu\nthuẫn. bản ghi: bản ghi nói điều đó."},
};

static const struct sg_out_shape record_shape = {
    .type = "dossier_record",
    .field_count = 8,
    .fields = {{"written", {"written", "ngày ghi"}, -8},
               {"ms", {"time, ms", "lúc, ms"}, -13},
               {"kind", {"type", "loại"}, 12},
               {"effective", {"day", "ngày"}, 10},
               {"officer", {"officer", "cán bộ"}, 16},
               {"ref", {"record", "bản ghi"}, 32},
               {"log", {"log", "nhật ký"}, 16},
               {"index", {"index", "mục"}, 0}},
    .legend = {"A record with copies in several logs has a line for each.",
               "Bản ghi có bản sao ở nhiều nhật ký thì mỗi bản một dòng."},
};

static const struct sg_out_shape conflict_shape = {
    .type = "dossier_conflict",
    .field_count = 6,
    .fields = {{"rule", {"rule", "quy tắc"}, -7},
               {"state", {"state", "trạng thái"}, 10},
               {"field", {"field", "trường"}, 16},
               {"decides", {"decides", "nơi quyết định"}, -14},
               {"due", {"due", "hạn"}, 10},
               {"what", {"what", "nội dung"}, 0}},
};

static const struct sg_out_shape reader_shape = {
    .type = "dossier_reader",
    .field_count = 7,
    .fields = {{"day", {"shown", "ngày xem"}, -8},
               {"ms", {"time, ms", "lúc, ms"}, -13},
               {"officer", {"officer", "cán bộ"}, 16},
               {"what", {"what", "việc"}, 9},
               {"purpose", {"purpose", "lý do"}, 12},
               {"case", {"case", "vụ việc"}, 16},
               {"signature", {"signature", "chữ ký"}, 0}},
};

/* --- Values --------------------------------------------------------------- */

/* The day in Viet Nam of the moment that JSON has. */
static struct sg_out_value day_of(const json_t *json)
{
    struct sg_wall when = {.ms = (int64_t)sg_caller_number(json, "ms")};

    return sg_out_number(sg_date_from_wall(when, OFFSET_MINUTES).ymd);
}

/* VALUE as it is, or as JSON where it is no text. */
static struct sg_out_value any_value(const json_t *json, const char *name,
                                     char text[VALUE_SIZE])
{
    const json_t *value = json_object_get(json, name);
    size_t size;

    if (value == NULL || json_is_null(value))
        return sg_out_none();
    if (json_is_string(value))
        return sg_caller_text_value(json, name);
    size = json_dumpb(value, text, VALUE_SIZE, JSON_ENCODE_ANY | JSON_COMPACT);
    return size <= VALUE_SIZE ? sg_out_bytes(SG_OUT_BODY, sg_bytes(text, size))
                              : sg_out_none();
}

static void show_value(struct sg_cli *cli, const json_t *object,
                       const json_t *field, const json_t *said,
                       const char *marks)
{
    char text[VALUE_SIZE];
    const struct sg_out_value values[] = {
        sg_caller_text_value(object, "type"),
        sg_caller_text_value(field, "field"),
        marks[0] == '\0'
            ? sg_out_none()
            : sg_out_bytes(SG_OUT_BODY, sg_bytes(marks, strlen(marks))),
        sg_caller_text_value(said, "source"),
        sg_caller_text_value(field, "element"),
        sg_caller_text_value(said, "by"),
        any_value(said, "value", text),
    };

    sg_out_row(&cli->out, &value_shape, values);
}

/* A field: what stands, then what contends with it. */
static void show_field(struct sg_cli *cli, const json_t *object,
                       const json_t *field)
{
    char marks[4] = "";
    size_t n = 0, i;
    json_t *head;

    if (json_is_true(json_object_get(field, "approved")))
        marks[n++] = 'a';
    if (json_is_true(json_object_get(field, "conflict")))
        marks[n++] = 'c';
    if (json_is_true(json_object_get(field, "pending")))
        marks[n++] = 'p';
    marks[n] = '\0';
    show_value(cli, object, field, field, marks);
    json_array_foreach(json_object_get(field, "heads"), i, head)
        show_value(cli, object, field, head, "o");
}

static void show_person(struct sg_cli *cli, const json_t *person)
{
    char name[SG_READING_NAME_SIZE], text[VALUE_SIZE];
    json_t *object, *field;
    size_t i, k;
    const struct sg_out_value values[] = {
        sg_caller_text_value(person, "uid"),
        sg_reading_name(person, name),
        sg_caller_text_value(person, "birth"),
        sg_caller_text_value(person, "pin"),
        sg_caller_text_value(person, "status"),
        sg_caller_number_value(person, "unit"),
        sg_reading_unit(person, json_object_get(person, "units")),
        sg_out_number(json_array_size(json_object_get(person, "records"))),
        sg_caller_number_value(person, "records_left_out"),
        sg_caller_number_value(person, "conflicts_open"),
        any_value(person, "as_of", text),
    };

    sg_out_card(&cli->out, &shape, values);
    json_array_foreach(json_object_get(person, "objects"), i, object)
        json_array_foreach(json_object_get(object, "fields"), k, field)
            show_field(cli, object, field);
}

/* --- The history ---------------------------------------------------------- */

static void show_record(struct sg_cli *cli, const json_t *record)
{
    json_t *at;
    size_t i;

    json_array_foreach(json_object_get(record, "at"), i, at)
    {
        const struct sg_out_value values[] = {
            day_of(record),
            sg_caller_number_value(record, "ms"),
            sg_caller_text_value(record, "type"),
            sg_caller_text_value(record, "effective"),
            sg_caller_text_value(record, "officer"),
            sg_caller_text_value(record, "ref"),
            sg_caller_text_value(at, "log"),
            sg_caller_number_value(at, "index"),
        };

        sg_out_row(&cli->out, &record_shape, values);
    }
}

/* By the time that each was written, then by its name. */
static int compare(const void *a, const void *b)
{
    const json_t *x = *(const json_t *const *)a, *y = *(const json_t *const *)b;
    uint64_t first = sg_caller_number(x, "ms"),
             second = sg_caller_number(y, "ms");

    if (first != second)
        return (first > second) - (first < second);
    return strcmp(sg_caller_text(x, "ref"), sg_caller_text(y, "ref"));
}

static int show_history(struct sg_cli *cli, const json_t *person)
{
    const json_t *records = json_object_get(person, "records");
    size_t n = json_array_size(records);
    const json_t **sorted = sg_calloc(n + 1, sizeof *sorted);

    if (sorted == NULL)
        return sg_cli_fail_err(cli, SG_ERR_NOMEM, "dossier");
    for (size_t i = 0; i < n; i++)
        sorted[i] = json_array_get(records, i);
    qsort(sorted, n, sizeof *sorted, compare);
    for (size_t i = 0; i < n; i++)
        show_record(cli, sorted[i]);
    sg_free(sorted);
    return 0;
}

static void show_conflicts(struct sg_cli *cli, const json_t *person)
{
    json_t *conflict;
    size_t i;

    json_array_foreach(json_object_get(person, "conflicts"), i, conflict)
    {
        char due[VALUE_SIZE];
        const char *words = sg_caller_words(cli, conflict);
        const struct sg_out_value values[] = {
            sg_caller_number_value(conflict, "rule"),
            sg_caller_text_value(conflict, "state"),
            sg_caller_text_value(conflict, "field"),
            sg_caller_number_value(conflict, "decides"),
            any_value(conflict, "due", due),
            sg_out_bytes(SG_OUT_BODY, sg_bytes(words, strlen(words))),
        };

        sg_out_row(&cli->out, &conflict_shape, values);
    }
}

/* --- Who was shown him ---------------------------------------------------- */

static void show_readers(struct sg_cli *cli, const json_t *answer)
{
    json_t *entry;
    size_t i;

    json_array_foreach(json_object_get(answer, "entries"), i, entry)
    {
        const struct sg_out_value values[] = {
            day_of(entry),
            sg_caller_number_value(entry, "ms"),
            sg_caller_text_value(entry, "officer"),
            sg_caller_text_value(entry, "what"),
            sg_caller_text_value(entry, "purpose"),
            sg_caller_text_value(entry, "case"),
            sg_caller_text_value(entry, "signature"),
        };

        sg_out_row(&cli->out, &reader_shape, values);
    }
}

static int ask_readers(const struct sg_reading *reading, const char *uid)
{
    uint64_t after = 0;

    do {
        char path[PATH_SIZE], cursor[40] = "";
        unsigned status = 0;
        json_t *answer;
        int code;

        if (after != 0)
            (void)snprintf(cursor, sizeof cursor, "&after=%" PRIu64, after);
        (void)snprintf(path, sizeof path, "/v1/audit?limit=200&uid=%s%s", uid,
                       cursor);
        code = sg_caller_ask(reading->cli, reading->socket, path, NULL, &status,
                             &answer);
        if (code != 0)
            return code;
        if (status == FORBIDDEN)
            sg_cli_note(reading->cli,
                        "who was shown this person is left out: that needs the "
                        "role audit",
                        "không in ai đã xem người này: cần vai trò audit");
        else if (status != 200)
            code = sg_caller_refused(reading->cli, status, answer);
        else
            show_readers(reading->cli, answer);
        after = status == 200 ? sg_caller_number(answer, "after") : 0;
        json_decref(answer);
        if (code != 0)
            return code;
    } while (after != 0);
    return 0;
}

static int show(const struct sg_reading *reading, const char *uid)
{
    json_t *form = json_pack("{s:s}", "uid", uid), *person = NULL;
    int code = sg_reading_ask(reading, "/v1/person", form, &person);

    json_decref(form);
    if (code != 0)
        return code;
    show_person(reading->cli, person);
    code = show_history(reading->cli, person);
    if (code == 0) {
        show_conflicts(reading->cli, person);
        code = ask_readers(reading, uid);
    }
    json_decref(person);
    return code;
}

int sg_verb_dossier(struct sg_cli *cli, struct sg_cli_words words)
{
    struct sg_reading reading = {.cli = cli, .socket = SG_CALLER_SOCKET};
    const struct sg_cli_option options[] = {
        SG_READING_WHY(&reading),
        SG_READING_OPTIONS(&reading),
    };
    const char *uid;
    int code = sg_cli_options(cli, &words, options,
                              sizeof options / sizeof options[0], 1, 1);

    if (code != 0)
        return code;
    uid = words.words[0];
    if (strlen(uid) != 32 || strspn(uid, "0123456789abcdef") != 32)
        return sg_cli_fail(cli, SG_EXIT_USAGE,
                           "%s: a person is his uid, 32 lowercase hex digits; "
                           "sogoc find has it",
                           "%s: người thì ghi mã gồm 32 chữ số hex thường; xem "
                           "sogoc find",
                           uid);
    code = sg_reading_begin(&reading);
    if (code != 0)
        return code;
    code = show(&reading, uid);
    sg_reading_end(&reading);
    return code;
}
