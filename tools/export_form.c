#include "tools/export_form.h"

#include <inttypes.h>
#include <string.h>

#include "storage/base/text.h"
#include "tools/census.h"

#define NUMBER_SIZE     24
#define OLD_NUMBER_SIZE 12u
#define OLD_ID_CMND     1u
#define STATE_ACTIVE    2
#define STATE_OPEN      2
#define PERMANENT       1
#define CURRENT         3

/* --- A person as fields ----------------------------------------------------
 */

/* The value of FIELD of OBJECT. */
static const json_t *field_of(const json_t *object, const char *field)
{
    const json_t *cell;
    size_t i;

    json_array_foreach(
        json_object_get(object, "fields"), i,
        cell) if (strcmp(json_string_value(json_object_get(cell, "field")),
                         field) == 0) return json_object_get(cell, "value");
    return NULL;
}

/* Puts VALUE, a text or a number, under KEY; nothing else is put. */
static void put(json_t *row, const char *key, const json_t *value)
{
    char number[NUMBER_SIZE];

    if (json_is_string(value) && json_string_length(value) > 0) {
        (void)json_object_set_new(row, key,
                                  json_string(json_string_value(value)));
    } else if (json_is_integer(value)) {
        (void)snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT,
                       json_integer_value(value));
        (void)json_object_set_new(row, key, json_string(number));
    }
}

static void put_name(json_t *row, const char *prefix, const json_t *name)
{
    static const char *const parts[] = {"family", "middle", "given"};
    char key[32];

    for (unsigned i = 0; i < 3; i++) {
        (void)snprintf(key, sizeof key, "%s%s", prefix, parts[i]);
        put(row, key, json_object_get(name, parts[i]));
    }
}

static void put_kin(json_t *row, const char *prefix, const json_t *kin)
{
    char key[32];

    (void)snprintf(key, sizeof key, "%suid", prefix);
    put(row, key, json_object_get(kin, "uid"));
    put_name(row, prefix, json_object_get(kin, "name"));
}

static void put_place(json_t *row, const char *key, const json_t *place)
{
    const json_t *unit = json_object_get(place, "unit");

    put(row, key,
        json_is_integer(unit) ? unit : json_object_get(place, "text"));
}

static void put_person(json_t *row, const json_t *object)
{
    static const char *const same[] = {"other_name", "ethnicity", "religion",
                                       "blood",      "marital",   "phone",
                                       "email",      "occupation"};

    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        put(row, same[i], field_of(object, same[i]));
    put(row, "nationality", json_array_get(field_of(object, "nationality"), 0));
    put_kin(row, "father_", field_of(object, "father"));
    put_kin(row, "mother_", field_of(object, "mother"));
    put_kin(row, "spouse_", field_of(object, "spouse"));
    put_place(row, "birth_reg", field_of(object, "birth_reg"));
    put_place(row, "hometown", field_of(object, "hometown"));
}

/* The key of an old_id: kind, number padded with zero bytes, day. */
static void put_old_id(json_t *row, const json_t *object)
{
    const char *key = json_string_value(json_object_get(object, "key"));
    char number[32] = "";
    struct sg_writer writer;

    sg_writer_init_array(&writer, (uint8_t *)number, sizeof number - 1);
    sg_text_hex_decode(&writer, sg_bytes(key, key == NULL ? 0 : strlen(key)));
    if (sg_writer_end(&writer) != SG_OK || number[0] != OLD_ID_CMND)
        return;
    number[1 + OLD_NUMBER_SIZE] = '\0';
    (void)json_object_set_new(row, "old_number", json_string(number + 1));
}

static void put_residence(json_t *row, const json_t *object)
{
    json_int_t kind = json_integer_value(field_of(object, "kind"));

    if (json_integer_value(json_object_get(object, "state")) != STATE_OPEN)
        return;
    if (kind == PERMANENT) {
        put(row, "unit", field_of(object, "unit"));
        put(row, "address", field_of(object, "address"));
        put(row, "household", field_of(object, "household"));
    } else if (kind == CURRENT) {
        put(row, "current_unit", field_of(object, "unit"));
        put(row, "current_address", field_of(object, "address"));
    }
}

json_t *sg_export_form_row(const json_t *person)
{
    json_t *row = json_object();
    const json_t *object;
    size_t i;

    if (row == NULL)
        return NULL;
    put(row, "uid", json_object_get(person, "uid"));
    put_name(row, "", json_object_get(person, "name"));
    put(row, "birth", json_object_get(person, "birth"));
    put(row, "sex", json_object_get(person, "sex"));
    put(row, "pin", json_object_get(person, "pin"));
    json_array_foreach(json_object_get(person, "objects"), i, object)
    {
        const char *type = json_string_value(json_object_get(object, "type"));

        if (type == NULL)
            continue;
        if (strcmp(type, "person") == 0)
            put_person(row, object);
        else if (strcmp(type, "old_id") == 0)
            put_old_id(row, object);
        else if (strcmp(type, "residence") == 0)
            put_residence(row, object);
    }
    return row;
}

/* --- CSV and JSON lines ----------------------------------------------------
 */

static const char *value_of(const json_t *row, const char *key)
{
    const char *text = json_string_value(json_object_get(row, key));

    return text == NULL ? "" : text;
}

/* Whole names are not written: their parts are. */
static bool is_written(unsigned field)
{
    return field != SG_CENSUS_NAME && field != SG_CENSUS_RELATION &&
           field != SG_CENSUS_FILE_NO;
}

static void put_csv(FILE *file, const json_t *row)
{
    for (unsigned i = 0; i < SG_CENSUS_FIELD_COUNT; i++) {
        const char *name = sg_census_column((enum sg_census_field)i);
        const char *text = row == NULL ? name : value_of(row, name);
        bool is_quoted = strpbrk(text, ",\"\r\n") != NULL;

        if (!is_written(i))
            continue;
        if (i > 0)
            (void)putc(',', file);
        if (is_quoted)
            (void)putc('"', file);
        for (; *text != '\0'; text++) {
            if (*text == '"')
                (void)putc('"', file);
            (void)putc(*text, file);
        }
        if (is_quoted)
            (void)putc('"', file);
    }
    (void)fputs("\r\n", file);
}

/* Sets TEXT where PATH, members and places of lists, says. */
static void set_path(json_t *json, const char *path, const char *text)
{
    char member[32];
    size_t size = strcspn(path, ".");
    json_t *next;

    (void)snprintf(member, sizeof member, "%.*s", (int)size, path);
    if (path[size] == '\0') {
        (void)json_object_set_new(json, member, json_string(text));
        return;
    }
    next = json_object_get(json, member);
    if (path[size + 1] >= '0' && path[size + 1] <= '9') {
        size_t place = (size_t)(path[size + 1] - '0');

        if (next == NULL)
            (void)json_object_set_new(json, member, next = json_array());
        while (json_array_size(next) < place)
            (void)json_array_append_new(next, json_string(""));
        (void)json_array_append_new(next, json_string(text));
        return;
    }
    if (next == NULL)
        (void)json_object_set_new(json, member, next = json_object());
    set_path(next, path + size + 1, text);
}

static void put_json(FILE *file, const json_t *row)
{
    json_t *json = json_object();

    for (unsigned i = 0; i < SG_CENSUS_FIELD_COUNT; i++) {
        enum sg_census_field field = (enum sg_census_field)i;
        const char *text = value_of(row, sg_census_column(field));

        if (is_written(i) && text[0] != '\0')
            set_path(json, sg_census_member(field), text);
    }
    if (json_dumpf(json, file, JSON_COMPACT) == 0)
        (void)putc('\n', file);
    json_decref(json);
}

/* --- XML -------------------------------------------------------------------
 */

static void put_escaped(FILE *file, const char *text)
{
    for (; *text != '\0'; text++)
        switch (*text) {
        case '&':
            (void)fputs("&amp;", file);
            break;
        case '<':
            (void)fputs("&lt;", file);
            break;
        case '>':
            (void)fputs("&gt;", file);
            break;
        default:
            (void)putc(*text, file);
        }
}

/* What is not known is an empty element. */
static void put_element(FILE *file, const char *name, const char *text)
{
    (void)fprintf(file, "<%s>", name);
    put_escaped(file, text);
    (void)fprintf(file, "</%s>", name);
}

static void put_xml_name(FILE *file, const json_t *row, const char *prefix)
{
    static const char *const parts[][2] = {
        {"Ho", "family"}, {"ChuDem", "middle"}, {"Ten", "given"}};
    char key[32];

    (void)fputs("<HoVaTen>", file);
    for (unsigned i = 0; i < 3; i++) {
        (void)snprintf(key, sizeof key, "%s%s", prefix, parts[i][1]);
        put_element(file, parts[i][0], value_of(row, key));
    }
    (void)fputs("</HoVaTen>", file);
}

/* A unit's 14 digits are given as its code of five. */
static void put_xml_place(FILE *file, const char *name, const char *unit,
                          const char *text)
{
    char code[8] = "";

    if (strlen(unit) == 14)
        (void)snprintf(code, sizeof code, "%.5s", unit + 1);
    else if (unit[0] != '\0')
        text = unit; /* words */
    (void)fprintf(file, "<%s>", name);
    put_element(file, "MaDonViHanhChinh", code);
    put_element(file, "ChiTiet", text);
    put_element(file, "QuocGia", unit[0] == '\0' ? "" : "VN");
    (void)fprintf(file, "</%s>", name);
}

static void put_xml_kin(FILE *file, const json_t *row, const char *name,
                        const char *prefix)
{
    (void)fprintf(file, "<%s>", name);
    put_xml_name(file, row, prefix);
    (void)fprintf(file, "</%s>", name);
}

static void put_xml(FILE *file, const json_t *row)
{
    const char *blood = value_of(row, "blood");

    (void)fputs("<CongDan>", file);
    put_element(file, "SoDinhDanh", value_of(row, "pin"));
    put_element(file, "SoCMND", value_of(row, "old_number"));
    put_xml_name(file, row, "");
    put_element(file, "GioiTinh", value_of(row, "sex"));
    put_element(file, "DanToc", value_of(row, "ethnicity"));
    put_element(file, "TonGiao", value_of(row, "religion"));
    put_element(file, "TinhTrangHonNhan", value_of(row, "marital"));
    put_element(file, "NhomMau", strcmp(blood, "0") == 0 ? "00" : blood);
    (void)fputs("<NgayThangNamSinh>", file);
    put_element(file, "NgayThangNam", value_of(row, "birth"));
    (void)fputs("</NgayThangNamSinh>", file);
    put_xml_place(file, "NoiDangKyKhaiSinh", value_of(row, "birth_reg"), "");
    put_xml_place(file, "QueQuan", value_of(row, "hometown"), "");
    put_xml_place(file, "ThuongTru", value_of(row, "unit"),
                  value_of(row, "address"));
    put_xml_place(file, "NoiOHienTai", value_of(row, "current_unit"),
                  value_of(row, "current_address"));
    put_xml_kin(file, row, "Cha", "father_");
    put_xml_kin(file, row, "Me", "mother_");
    put_xml_kin(file, row, "VoChong", "spouse_");
    (void)fputs("</CongDan>\n", file);
}

/* --- All -------------------------------------------------------------------
 */

static void begin_xml(FILE *file, const struct sg_export_form_head *head)
{
    char day[SG_DATE_TEXT_SIZE] = "";

    if (sg_date_is_valid(head->day))
        sg_date_format(head->day, SG_DATE_ISO, day);
    (void)fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                "<CongdanCollection "
                "xmlns=\"http://www.mic.gov.vn/dancu/1.0\">\n",
                file);
    (void)fprintf(file,
                  "<GhiChu>sogoc cut %s; state root %s; registry %s; unit "
                  "%" PRIu64 "; in conflict %" PRIu64 "</GhiChu>\n",
                  head->cut, head->root, head->registry, head->unit,
                  head->in_conflict);
    put_element(file, "ThoiDiemDuLieu", day);
    (void)fprintf(file, "<SoCongDan>%" PRIu64 "</SoCongDan>\n", head->persons);
}

void sg_export_form_begin(FILE *file, enum sg_export_form_kind kind,
                          const struct sg_export_form_head *head)
{
    if (kind == SG_EXPORT_FORM_XML) {
        begin_xml(file, head);
        return;
    }
    if (kind == SG_EXPORT_FORM_CSV)
        (void)fprintf(file,
                      "# sogoc export 1, cut %s, state root %s, registry %s, "
                      "unit %" PRIu64 ", persons %" PRIu64
                      ", in conflict %" PRIu64 "\r\n",
                      head->cut, head->root, head->registry, head->unit,
                      head->persons, head->in_conflict);
    else
        (void)fprintf(file,
                      "{\"sogoc_export\":1,\"cut\":\"%s\",\"state_root\":"
                      "\"%s\",\"registry\":\"%s\",\"unit\":\"%" PRIu64
                      "\",\"persons\":%" PRIu64 ",\"in_conflict\":%" PRIu64
                      "}\n",
                      head->cut, head->root, head->registry, head->unit,
                      head->persons, head->in_conflict);
    if (kind == SG_EXPORT_FORM_CSV)
        put_csv(file, NULL);
}

void sg_export_form_put(FILE *file, enum sg_export_form_kind kind,
                        const json_t *row)
{
    if (kind == SG_EXPORT_FORM_CSV)
        put_csv(file, row);
    else if (kind == SG_EXPORT_FORM_JSON)
        put_json(file, row);
    else
        put_xml(file, row);
}

void sg_export_form_end(FILE *file, enum sg_export_form_kind kind)
{
    if (kind == SG_EXPORT_FORM_XML)
        (void)fputs("</CongdanCollection>\n", file);
}
