/* measure: what the register finds wrong with a population.
 *
 * Reads entries (tools/data/README.md), writes the records that an office would
 * write when it brings them in, folds them, judges every person, searches for
 * duplicates, and prints one finding a line in the format of a truth file.
 * recall.py compares the two.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/registry/codes.h"
#include "storage/registry/merge/register.h"
#include "storage/registry/name.h"
#include "storage/registry/pin.h"
#include "storage/registry/quality/duplicate.h"
#include "storage/registry/quality/measure.h"
#include "storage/registry/unit_file.h"
#include "tests/quality/form.h"

#define THRESHOLD 700u
#define DAY_MAX   20400101u /* a later day is a slip */

struct measure {
    struct entries entries;
    struct form form;
    struct sg_register *reg;
    struct sg_unit_table *units;
    bool is_test;
    const char *due; /* keys that are asked for, divided by commas */
    struct sg_quality_field fields[SG_QUALITY_FIELDS_MAX];
    size_t n_fields;
    uint64_t index;
    struct form_repair *repairs; /* by entry */
    struct entry **by_uid;       /* sorted */
    struct entry **by_household;
};

/* --- Findings --------------------------------------------------------------
 */

static void print_uid(const char *key, const struct sg_uid *uid)
{
    printf("\"%s\":\"", key);
    for (size_t i = 0; i < sizeof uid->bytes; i++)
        printf("%02x", uid->bytes[i]);
    printf("\"");
}

static void say(const struct entry *entry, const char *kind, const char *field)
{
    printf("{");
    print_uid("person", &entry->uid);
    printf(",\"kind\":\"%s\"", kind);
    if (field != NULL)
        printf(",\"field\":\"%s\"", field);
    printf("}\n");
}

/* --- Bringing in ------------------------------------------------------------
 */

static void take(void *context, struct sg_bytes payload,
                 const struct sg_hash *id)
{
    struct measure *measure = context;
    struct sg_register_copy copy = {
        .index = measure->index++, .id = *id, .is_admitted = true, .roles = 7};
    struct sg_record record;

    SG_ASSERT(sg_record_decode(payload, &record) == SG_OK);
    copy.record = &record;
    SG_ASSERT(sg_register_put(measure->reg, &copy) == SG_OK);
}

static int compare_uids(const void *a, const void *b)
{
    const struct entry *const *x = a;
    const struct entry *const *y = b;

    return sg_uid_compare(&(*x)->uid, &(*y)->uid);
}

static int compare_households(const void *a, const void *b)
{
    const struct entry *const *x = a;
    const struct entry *const *y = b;
    int order = sg_uid_compare(&(*x)->household, &(*y)->household);

    return order != 0 ? order : compare_uids(a, b);
}

static void bring_in_households(struct measure *measure)
{
    size_t count = measure->entries.count;
    size_t to;

    for (size_t from = 0; from < count; from = to) {
        struct form_member members[64];
        const struct entry *head = measure->by_household[from];
        size_t n = 0;

        for (to = from;
             to < count && sg_uid_compare(&measure->by_household[to]->household,
                                          &head->household) == 0;
             to++)
            if (n < 64)
                members[n++] =
                    (struct form_member){measure->by_household[to]->uid,
                                         measure->by_household[to]->relation};
        for (size_t i = from; i < to; i++)
            if (measure->by_household[i]->relation == 1)
                head = measure->by_household[i];
        if (head->has_household)
            form_household(&measure->form, &head->household, head, members, n);
    }
}

static void bring_in(struct measure *measure)
{
    size_t count = measure->entries.count;

    measure->repairs = sg_calloc(count, sizeof *measure->repairs);
    measure->by_uid = sg_calloc(count, sizeof(struct entry *));
    measure->by_household = sg_calloc(count, sizeof(struct entry *));
    SG_ASSERT(measure->by_household != NULL && measure->by_uid != NULL &&
              measure->repairs != NULL);
    for (size_t i = 0; i < count; i++) {
        form_person(&measure->form, &measure->entries.items[i],
                    &measure->repairs[i]);
        measure->by_uid[i] = &measure->entries.items[i];
        measure->by_household[i] = &measure->entries.items[i];
    }
    qsort(measure->by_uid, count, sizeof(struct entry *), compare_uids);
    qsort(measure->by_household, count, sizeof(struct entry *),
          compare_households);
    bring_in_households(measure);
    SG_ASSERT(sg_register_settle(measure->reg) == SG_OK);
}

/* --- Judging -----------------------------------------------------------------
 */

static const struct entry *find(const struct measure *measure,
                                const struct sg_uid *uid)
{
    struct entry wanted = {.uid = *uid};
    struct entry *place = &wanted;
    struct entry **found =
        bsearch(&place, measure->by_uid, measure->entries.count,
                sizeof(struct entry *), compare_uids);

    return found == NULL ? NULL : *found;
}

static bool relative(void *context, const struct sg_uid *uid,
                     struct sg_quality_relative *ret)
{
    const struct entry *entry = find(context, uid);

    if (entry == NULL)
        return false;
    *ret = (struct sg_quality_relative){entry->birth, entry->spouse.is_there,
                                        entry->spouse.uid};
    return true;
}

static bool household(void *context, const struct sg_uid *uid,
                      const struct sg_uid *person,
                      struct sg_quality_household *ret)
{
    const struct measure *measure = context;
    const struct entry *entry = find(measure, person);

    (void)uid;
    if (entry == NULL || !entry->has_household)
        return false;
    *ret = (struct sg_quality_household){.is_open = true,
                                         .heads = 1,
                                         .has_file_no = entry->file_no != NULL,
                                         .has_members = true,
                                         .has_person = true};
    return true;
}

/* The tables that the release ships; where most numbers begin with 999 it is a
 * test registry, and that is its only province. */
static bool has_code(void *context, enum sg_schema_table table, uint16_t code,
                     struct sg_date day)
{
    const struct measure *measure = context;
    const struct sg_codes_table *shipped = sg_codes_shipped(table);

    (void)day; /* entries do not say when they were written */
    if (table == SG_TABLE_PROVINCE && measure->is_test)
        return code == SG_PIN_PROVINCE_TEST;
    for (size_t i = 0; shipped != NULL && i < shipped->n_rows; i++)
        if (shipped->rows[i].code == code)
            return true;
    return false;
}

static bool is_test_registry(const struct entries *entries)
{
    size_t n_numbers = 0;
    size_t n_test = 0;

    for (size_t i = 0; i < entries->count; i++) {
        uint64_t pin = entries->items[i].pin;

        n_numbers += pin != 0;
        n_test += sg_pin_split(pin).province == SG_PIN_PROVINCE_TEST;
    }
    return 2 * n_test > n_numbers;
}

/* Keys of entries that may be missing. Those of policy 8 are told always, but
 * for what entries lack for other reasons than a flaw; the rest, and these,
 * when they are asked for. */
static const struct {
    const char *key;
    enum sg_type type;
    uint8_t field;
    bool is_due; /* policy 8 has it */
    bool is_told;
} told[] = {
    {"name", SG_TYPE_PERSON, SG_FIELD_PERSON_NAME, true, true},
    {"birth", SG_TYPE_PERSON, SG_FIELD_PERSON_BIRTH, true, true},
    {"sex", SG_TYPE_PERSON, SG_FIELD_PERSON_SEX, true, true},
    {"birth_reg", SG_TYPE_PERSON, SG_FIELD_PERSON_BIRTH_REG, true, true},
    {"hometown", SG_TYPE_PERSON, SG_FIELD_PERSON_HOMETOWN, true, true},
    {"ethnicity", SG_TYPE_PERSON, SG_FIELD_PERSON_ETHNICITY, true, true},
    {"nationality", SG_TYPE_PERSON, SG_FIELD_PERSON_NATIONALITY, true, true},
    {"unit", SG_TYPE_RESIDENCE, SG_FIELD_RESIDENCE_UNIT, true, true},
    {"file_no", SG_TYPE_HOUSEHOLD, SG_FIELD_HOUSEHOLD_FILE_NO, true, true},
    {"household", SG_TYPE_HOUSEHOLD, SG_FIELD_HOUSEHOLD_MEMBERS, true, true},
    {"pin", SG_TYPE_PIN, SG_FIELD_PIN_NUMBER, true, false},
    {"father", SG_TYPE_PERSON, SG_FIELD_PERSON_FATHER, true, false},
    {"mother", SG_TYPE_PERSON, SG_FIELD_PERSON_MOTHER, true, false},
    {"spouse", SG_TYPE_PERSON, SG_FIELD_PERSON_SPOUSE, false, false},
    {"marital", SG_TYPE_PERSON, SG_FIELD_PERSON_MARITAL, false, false},
    {"phone", SG_TYPE_PERSON, SG_FIELD_PERSON_PHONE, false, false},
    {"address", SG_TYPE_RESIDENCE, SG_FIELD_RESIDENCE_ADDRESS, false, false},
    {"old_number", SG_TYPE_OLD_ID, SG_FIELD_OLD_ID_NUMBER, false, false},
};
#define N_TOLD (sizeof told / sizeof told[0])

/* Says whether KEY stands in LIST, keys divided by commas. */
static bool is_listed(const char *list, const char *key)
{
    size_t size = strlen(key);

    for (const char *at = list; at != NULL && *at != 0;) {
        size_t length = strcspn(at, ",");

        if (length == size && memcmp(at, key, size) == 0)
            return true;
        at += length + (at[length] == ',');
    }
    return false;
}

static const char *key_of(const struct measure *measure,
                          const struct sg_quality_field *field)
{
    for (size_t i = 0; i < N_TOLD; i++)
        if (told[i].type == field->type && told[i].field == field->field)
            return told[i].is_told || is_listed(measure->due, told[i].key)
                       ? told[i].key
                       : NULL;
    return NULL;
}

/* Says whether most entries of children have KEY: else it is adults'. */
static bool is_childrens(const struct measure *measure, const char *key)
{
    size_t n_children = 0;
    size_t n_with = 0;

    for (size_t i = 0; i < measure->entries.count; i++) {
        const struct entry *entry = &measure->entries.items[i];

        if (!sg_date_is_valid(entry->birth) ||
            sg_rules_age(entry->birth, measure->form.day) >= 14)
            continue;
        n_children++;
        n_with += json_object_get(entry->json, key) != NULL;
    }
    return 2 * n_with > n_children;
}

/* The fields of policy 8, and those that were asked for beside: an authority
 * may add them (RECORDS 6.11). */
static void choose_fields(struct measure *measure)
{
    memcpy(measure->fields, sg_quality_fields,
           sg_quality_n_fields * sizeof *measure->fields);
    measure->n_fields = sg_quality_n_fields;
    for (size_t i = 0; i < N_TOLD; i++)
        if (!told[i].is_due && is_listed(measure->due, told[i].key))
            measure->fields[measure->n_fields++] = (struct sg_quality_field){
                is_childrens(measure, told[i].key) ? SG_QUALITY_ALL
                                                   : SG_QUALITY_FROM_14,
                told[i].type, told[i].field};
}

/* What hangs on a residence may be there without its unit. */
static bool is_there(const struct entry *entry, const char *key)
{
    return (strcmp(key, "file_no") == 0 && entry->file_no != NULL) ||
           (strcmp(key, "address") == 0 && entry->address != NULL) ||
           (strcmp(key, "household") == 0 && entry->has_household);
}

static void say_missing(const struct measure *measure,
                        const struct entry *entry,
                        const struct sg_quality_person *person)
{
    for (size_t i = 0; i < measure->n_fields; i++) {
        const char *key = key_of(measure, &measure->fields[i]);

        if ((person->missing >> i & 1) != 0 && key != NULL &&
            !is_there(entry, key))
            say(entry, "incomplete", key);
    }
}

static bool differ(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) != 0;
}

/* No day is meant by both. */
static bool are_apart(struct sg_date a, struct sg_date b)
{
    return sg_date_is_valid(a) && sg_date_is_valid(b) &&
           (sg_date_compare(sg_date_last(a), sg_date_first(b)) < 0 ||
            sg_date_compare(sg_date_last(b), sg_date_first(a)) < 0);
}

/* The dossier says another thing than the register. */
static void say_mismatch(const struct entry *entry)
{
    if (!entry->has_dossier)
        return;
    if (are_apart(entry->dossier_birth, entry->birth))
        say(entry, "mismatch", "dossier.birth");
    if (differ(entry->dossier_phone, entry->phone))
        say(entry, "mismatch", "dossier.phone");
    if (differ(entry->dossier_address, entry->address))
        say(entry, "mismatch", "dossier.address");
}

static void judge(struct measure *measure, struct sg_date today)
{
    const struct sg_calendar calendar = {NULL, 0};
    const struct sg_quality_facts facts = {
        .context = measure,
        .relative = relative,
        .household = household,
        .has_code = has_code,
        .units = measure->units,
        .calendar = &calendar,
        .today = today,
        .fields = measure->fields,
        .n_fields = measure->n_fields,
    };
    struct sg_measure counts = {0};
    struct sg_measure_result result;
    char text[8];

    for (size_t i = 0; i < measure->entries.count; i++) {
        const struct entry *entry = &measure->entries.items[i];
        const struct sg_subject *subject;
        struct sg_quality_person person;

        SG_ASSERT(sg_register_subject(measure->reg, &entry->uid, &subject) ==
                  SG_OK);
        sg_quality_judge(subject, &facts, &person);
        sg_measure_count(&counts, &person, 1);
        if (person.rules[1] == SG_RULES_FAIL ||
            person.rules[2] == SG_RULES_FAIL)
            say(entry, "pin", NULL);
        if (person.rules[6] == SG_RULES_FAIL ||
            measure->repairs[i].has_residue || measure->repairs[i].is_refused)
            say(entry, "mojibake", NULL);
        if (measure->repairs[i].is_decomposed)
            say(entry, "nfd", NULL);
        say_missing(measure, entry, &person);
        say_mismatch(entry);
    }
    sg_measure_judge(&counts, &(struct sg_measure_outside){0}, &result);
    fprintf(stderr, "persons %" PRId64, counts.persons);
    sg_measure_print(result.correct, text);
    fprintf(stderr, ", dung %s %%", text);
    sg_measure_print(result.complete, text);
    fprintf(stderr, ", du %s %%", text);
    sg_measure_print(result.clean, text);
    fprintf(stderr, ", sach %s %%\n", text);
}

/* --- Duplicates ------------------------------------------------------------
 */

/* Search keys of one entry, one after the other. */
struct keys {
    uint8_t bytes[8 * SG_NAME_SIZE_MAX];
    struct sg_writer writer;
};

static struct sg_bytes search_key(struct keys *keys, const char *text)
{
    size_t from = sg_writer_written(&keys->writer).size;

    if (text == NULL ||
        sg_name_search_key(&keys->writer, sg_bytes(text, strlen(text))) !=
            SG_OK)
        return sg_bytes(NULL, 0);
    return sg_bytes(keys->bytes + from,
                    sg_writer_written(&keys->writer).size - from);
}

static struct sg_bytes match_key(struct keys *keys, const char *const name[3])
{
    struct sg_bytes parts[3];
    size_t from = sg_writer_written(&keys->writer).size;

    for (size_t i = 0; i < 3; i++)
        parts[i] = sg_bytes(name[i], strlen(name[i]));
    if (sg_name_match_key(&keys->writer, parts) != SG_OK)
        return sg_bytes(NULL, 0);
    return sg_bytes(keys->bytes + from,
                    sg_writer_written(&keys->writer).size - from);
}

static struct sg_bytes text_of(const char *text)
{
    return sg_bytes(text, text == NULL ? 0 : strlen(text));
}

static void compare_by(const struct entry *entry, struct keys *keys,
                       struct sg_duplicate_entry *ret)
{
    sg_writer_init_array(&keys->writer, keys->bytes, sizeof keys->bytes);
    *ret = (struct sg_duplicate_entry){
        .uid = entry->uid,
        .match = match_key(keys, entry->name),
        .family = search_key(keys, entry->name[0]),
        .middle = search_key(keys, entry->name[1]),
        .given = search_key(keys, entry->name[2]),
        .birth = entry->birth,
        .sex = (uint8_t)entry->sex,
        .pin = entry->pin,
        .old_number = text_of(entry->old_number),
        .father = entry->father.is_there ? match_key(keys, entry->father.name)
                                         : sg_bytes(NULL, 0),
        .mother = entry->mother.is_there ? match_key(keys, entry->mother.name)
                                         : sg_bytes(NULL, 0),
        .hometown = entry->hometown,
        .residence = entry->unit,
        .address = text_of(entry->address),
        .phone = text_of(entry->phone),
    };
}

static enum sg_err say_pair(void *context, const struct sg_duplicate_pair *pair)
{
    const struct measure *measure = context;

    printf("{");
    print_uid("person", &measure->entries.items[pair->a].uid);
    printf(",\"kind\":\"duplicate\",");
    print_uid("other", &measure->entries.items[pair->b].uid);
    printf(",\"score\":%u}\n", (unsigned)pair->score.total);
    return SG_OK;
}

static void search(struct measure *measure)
{
    size_t count = measure->entries.count;
    struct sg_duplicate_entry *entries = sg_calloc(count, sizeof *entries);
    struct keys *keys = sg_calloc(count, sizeof *keys);
    uint8_t secret[32] = {7};

    SG_ASSERT(entries != NULL && keys != NULL);
    for (size_t i = 0; i < count; i++)
        compare_by(&measure->entries.items[i], &keys[i], &entries[i]);
    SG_ASSERT(sg_duplicate_find(entries, count, secret, THRESHOLD, say_pair,
                                measure) == SG_OK);
    sg_free(entries);
    sg_free(keys);
}

/* --- All of it -------------------------------------------------------------
 */

static void free_all(struct measure *measure)
{
    sg_register_free(measure->reg);
    sg_unit_table_free(measure->units);
    entries_free(&measure->entries);
    sg_free(measure->repairs);
    sg_free(measure->by_uid);
    sg_free(measure->by_household);
}

/* The day of the population: the last that any entry names, and not before the
 * campaign. */
static struct sg_date last_day(const struct entries *entries)
{
    struct sg_date last = {20230410};

    for (size_t i = 0; i < entries->count; i++) {
        const struct sg_date days[] = {entries->items[i].birth,
                                       entries->items[i].dossier_captured};

        for (size_t k = 0; k < 2; k++)
            if (sg_date_precision(days[k]) == SG_DATE_YMD &&
                sg_date_is_valid(days[k]) &&
                sg_date_compare(last, days[k]) < 0 && days[k].ymd < DAY_MAX)
                last = days[k];
    }
    return last;
}

static void run(struct measure *measure)
{
    struct sg_register_setup setup = {.hlc_max = UINT64_MAX};
    struct sg_date today = last_day(&measure->entries);

    SG_ASSERT(sg_unit_file_read(sg_unit_file_shipped(), &measure->units,
                                NULL) == SG_OK);
    setup.world.units = measure->units;
    setup.world.as_of = today;
    setup.world.duplicate_score = THRESHOLD;
    SG_ASSERT(sg_register_new(&setup, &measure->reg) == SG_OK);
    measure->form.day = today;
    measure->form.take = take;
    measure->form.context = measure;
    measure->is_test = is_test_registry(&measure->entries);
    choose_fields(measure);
    bring_in(measure);
    judge(measure, today);
    search(measure);
}

int main(int argc, char **argv)
{
    struct measure measure = {0};
    clock_t began = clock();

    if (argc == 4 && strcmp(argv[1], "--due") == 0)
        measure.due = argv[2];
    if ((argc != 2 && measure.due == NULL) || sg_crypto_init() != SG_OK) {
        fprintf(stderr, "usage: measure [--due KEY,...] POPULATION\n");
        return 2;
    }
    if (!entries_read(argv[argc - 1], &measure.entries))
        return 1;
    run(&measure);
    fprintf(stderr, "%zu entries, %" PRIu64 " records, %.1f s\n",
            measure.entries.count, measure.index,
            (double)(clock() - began) / CLOCKS_PER_SEC);
    free_all(&measure);
    return 0;
}
