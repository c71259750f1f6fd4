#include "tests/quality/entry.h"

#include <stdlib.h>
#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static unsigned number_of(const json_t *object, const char *key)
{
    json_int_t number = json_integer_value(json_object_get(object, key));

    return number > 0 && number <= 65535 ? (unsigned)number : 0;
}

static bool read_uid(const char *text, struct sg_uid *ret_uid)
{
    for (size_t i = 0; i < sizeof ret_uid->bytes; i++) {
        unsigned byte;

        if (text == NULL || sscanf(text + 2 * i, "%2x", &byte) != 1)
            return false;
        ret_uid->bytes[i] = (uint8_t)byte;
    }
    return strlen(text) == 2 * sizeof ret_uid->bytes;
}

static struct sg_unit_key unit_of(const json_t *object, const char *key)
{
    const char *text = text_of(object, key);
    json_int_t number = json_integer_value(json_object_get(object, key));

    if (text == NULL && number > 0)
        return (struct sg_unit_key){(uint64_t)number};
    return (struct sg_unit_key){text == NULL ? 0 : strtoull(text, NULL, 10)};
}

static struct sg_date date_of(const json_t *object, const char *key)
{
    const char *text = text_of(object, key);
    struct sg_date date = {0};

    if (text == NULL ||
        sg_date_parse(sg_bytes(text, strlen(text)), &date) != SG_OK)
        return (struct sg_date){0};
    return date;
}

static void read_name(const json_t *array, const char *ret_name[3])
{
    for (size_t i = 0; i < 3; i++) {
        const char *part = json_string_value(json_array_get(array, i));

        ret_name[i] = part == NULL ? "" : part;
    }
}

static void read_kin(const json_t *object, const char *key,
                     struct entry_kin *ret_kin)
{
    const json_t *kin = json_object_get(object, key);

    ret_kin->is_there =
        kin != NULL && read_uid(text_of(kin, "uid"), &ret_kin->uid);
    read_name(json_object_get(kin, "name"), ret_kin->name);
}

static void read_dossier(const json_t *dossier, struct entry *entry)
{
    entry->has_dossier = dossier != NULL;
    entry->dossier_captured = date_of(dossier, "captured");
    entry->dossier_birth = date_of(dossier, "birth");
    entry->dossier_address = text_of(dossier, "address");
    entry->dossier_phone = text_of(dossier, "phone");
}

/* The first of the countries, of two letters. */
static const char *code_of(const json_t *nationality)
{
    const char *code = json_string_value(json_array_get(nationality, 0));

    return code != NULL && strlen(code) == 2 ? code : NULL;
}

static bool read_entry(json_t *json, struct entry *entry)
{
    const char *pin = text_of(json, "pin");
    const json_t *nationality = json_object_get(json, "nationality");

    *entry = (struct entry){
        .json = json,
        .birth = date_of(json, "birth"),
        .sex = number_of(json, "sex") <= 2 ? number_of(json, "sex") : 0,
        .pin = pin == NULL ? 0 : strtoull(pin, NULL, 10) % 1000000000000,
        .old_number = text_of(json, "old_number"),
        .has_nationality = code_of(nationality) != NULL,
        .nationality = code_of(nationality),
        .ethnicity = number_of(json, "ethnicity"),
        .marital = number_of(json, "marital"),
        .relation = number_of(json, "relation"),
        .file_no = text_of(json, "file_no"),
        .unit = unit_of(json, "unit"),
        .address = text_of(json, "address"),
        .birth_reg = unit_of(json, "birth_reg"),
        .hometown = unit_of(json, "hometown"),
        .phone = text_of(json, "phone"),
    };
    read_name(json_object_get(json, "name"), entry->name);
    read_kin(json, "father", &entry->father);
    read_kin(json, "mother", &entry->mother);
    read_kin(json, "spouse", &entry->spouse);
    entry->has_household =
        read_uid(text_of(json, "household"), &entry->household);
    read_dossier(json_object_get(json, "dossier"), entry);
    return read_uid(text_of(json, "uid"), &entry->uid);
}

static bool add_line(struct entries *entries, const char *line, size_t number)
{
    json_error_t error;
    json_t *json = json_loads(line, 0, &error);

    if (entries->count == entries->room) {
        entries->room = entries->room == 0 ? 4096 : 2 * entries->room;
        entries->items =
            sg_realloc(entries->items, entries->room * sizeof *entries->items);
        SG_ASSERT(entries->items != NULL);
    }
    if (json == NULL) {
        fprintf(stderr, "line %zu: %s\n", number, error.text);
        return false;
    }
    if (!read_entry(json, &entries->items[entries->count])) {
        fprintf(stderr, "line %zu: no uid of 32 hex digits\n", number);
        json_decref(json);
        return false;
    }
    entries->count++;
    return true;
}

#define LINE_SIZE_MAX 65536u

/* Reads all lines of FILE; one that does not end within the buffer is too long.
 */
static bool read_lines(FILE *file, char *line, struct entries *entries)
{
    for (size_t number = 1; fgets(line, LINE_SIZE_MAX, file) != NULL;
         number++) {
        if (strchr(line, '\n') == NULL && !feof(file)) {
            fprintf(stderr, "line %zu: too long\n", number);
            return false;
        }
        if (line[strspn(line, " \t\r\n")] != 0 &&
            !add_line(entries, line, number))
            return false;
    }
    return ferror(file) == 0;
}

bool entries_read(const char *path, struct entries *ret_entries)
{
    FILE *file = fopen(path, "r");
    char *line;
    bool is_fine;

    *ret_entries = (struct entries){0};
    if (file == NULL) {
        perror(path);
        return false;
    }
    line = sg_alloc(LINE_SIZE_MAX);
    SG_ASSERT(line != NULL);
    is_fine = read_lines(file, line, ret_entries);
    sg_free(line);
    fclose(file);
    return is_fine;
}

void entries_free(struct entries *entries)
{
    for (size_t i = 0; i < entries->count; i++)
        json_decref(entries->items[i].json);
    sg_free(entries->items);
    *entries = (struct entries){0};
}
