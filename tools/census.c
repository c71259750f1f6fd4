#include "tools/census_line.h"

#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/base/text.h"
#include "storage/registry/codes.h"
#include "storage/registry/record_build.h"

#define FORM_IMPORT    20
#define STATE_ACTIVE   2
#define STATE_OPEN     2
#define HOUSEHOLD_OPEN 1
#define PERMANENT      1
#define BIRTH_YEAR_MIN 1900u
#define MS_OF_DAY      UINT64_C(86400000)
#define PAYLOADS_SIZE  (SG_CENSUS_RECORDS_MAX * 8192u)

static const char *const columns[SG_CENSUS_FIELD_COUNT] = {
#define COLUMN(NAME, column, member) column,
    SG_CENSUS_FIELDS(COLUMN)
#undef COLUMN
};

static const char *const members[SG_CENSUS_FIELD_COUNT] = {
#define MEMBER(NAME, column, member) member,
    SG_CENSUS_FIELDS(MEMBER)
#undef MEMBER
};

const char *sg_census_column(enum sg_census_field field)
{
    return columns[field];
}

const char *sg_census_member(enum sg_census_field field)
{
    return members[field];
}

/* --- What the shipped tables say ------------------------------------------ */

static bool has_code(const void *context, enum sg_schema_table number,
                     uint16_t code, struct sg_date first, struct sg_date last)
{
    const struct sg_codes_table *table = sg_codes_shipped(number);

    (void)context;
    if (table == NULL)
        return true; /* the node has what the authority published */
    for (size_t i = 0; i < table->n_rows; i++) {
        const struct sg_codes_row *row = &table->rows[i];

        if (row->code == code)
            return sg_date_compare(row->from, last) <= 0 &&
                   (row->until.ymd == 0 ||
                    sg_date_compare(first, row->until) < 0);
    }
    return false;
}

static const struct sg_unit *find_unit(const void *context,
                                       struct sg_unit_key unit)
{
    const struct sg_census *census = context;

    return sg_unit_find(census->config.units, unit);
}

static bool is_part(const void *context, struct sg_unit_key from,
                    struct sg_unit_key to)
{
    (void)context, (void)from, (void)to;
    return false;
}

static bool find_block(const void *context, const struct sg_ref *block,
                       unsigned serial, struct sg_pin_block *ret_block)
{
    (void)context, (void)block, (void)serial, (void)ret_block;
    return false;
}

static bool covers(const void *context, const struct sg_key_id *officer,
                   struct sg_unit_key unit)
{
    (void)context, (void)officer, (void)unit;
    return false;
}

enum sg_err sg_census_new(const struct sg_census_config *config,
                          struct sg_census **ret_census)
{
    struct sg_census *census = sg_calloc(1, sizeof *census);

    if (census == NULL)
        return SG_ERR_NOMEM;
    census->config = *config;
    if (config->officer != NULL)
        census->registry = config->officer->registry;
    census->facts = (struct sg_rules_facts){
        .context = census,
        .is_test = config->is_test,
        .has_code = has_code,
        .find_unit = find_unit,
        .is_part = is_part,
        .find_block = find_block,
        .covers = covers,
    };
    sg_buf_init(&census->payloads, PAYLOADS_SIZE);
    /* Records borrow from it: it never moves. */
    if (sg_buf_reserve(&census->payloads, PAYLOADS_SIZE) != SG_OK) {
        sg_free(census);
        return SG_ERR_NOMEM;
    }
    *ret_census = census;
    return SG_OK;
}

void sg_census_free(struct sg_census *census)
{
    if (census == NULL)
        return;
    sg_buf_wipe(&census->payloads);
    sg_crypto_wipe(census, sizeof *census);
    sg_free(census);
}

/* --- The person ------------------------------------------------------------
 */

/* A whole name: family name, given name, what is between. */
static void split_name(struct sg_census *census, struct sg_bytes text)
{
    const uint8_t *first =
        text.size == 0 ? NULL : memchr(text.data, ' ', text.size);
    const uint8_t *last = first;

    census->name.family = census->name.middle = SG_BYTES_TEXT("");
    census->name.given = text;
    if (first == NULL)
        return;
    for (const uint8_t *at = first; at < text.data + text.size; at++)
        if (*at == ' ')
            last = at;
    census->name.family = sg_bytes(text.data, (size_t)(first - text.data));
    if (last > first)
        census->name.middle = sg_bytes(first + 1, (size_t)(last - first - 1));
    census->name.given =
        sg_bytes(last + 1, (size_t)(text.data + text.size - last - 1));
}

static void read_name(struct sg_census *census)
{
    const struct sg_bytes *values = census->values;

    if (!sg_census_line_has(census, SG_CENSUS_GIVEN) &&
        sg_census_line_has(census, SG_CENSUS_NAME)) {
        split_name(census, sg_census_line_name(census, SG_CENSUS_NAME,
                                               values[SG_CENSUS_NAME], 240));
        if (census->name.family.size > 48 || census->name.middle.size > 96 ||
            census->name.given.size > 96)
            sg_census_line_misfits(census, SG_CENSUS_NAME);
        return;
    }
    census->name = (struct sg_record_name){
        sg_census_line_name(census, SG_CENSUS_FAMILY, values[SG_CENSUS_FAMILY],
                            48),
        sg_census_line_name(census, SG_CENSUS_MIDDLE, values[SG_CENSUS_MIDDLE],
                            96),
        sg_census_line_name(census, SG_CENSUS_GIVEN, values[SG_CENSUS_GIVEN],
                            96),
    };
    if (!sg_census_line_has(census, SG_CENSUS_GIVEN))
        sg_census_line_due(census, SG_CENSUS_GIVEN);
}

static void read_sex(struct sg_census *census)
{
    static const struct {
        const char *word;
        uint64_t sex;
    } words[] = {{"0", 0},  {"1", 1},    {"2", 2},     {"Nam", 1},
                 {"Nữ", 2}, {"male", 1}, {"female", 2}};
    const struct sg_bytes text = census->values[SG_CENSUS_SEX];

    census->sex = 0;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (sg_bytes_equal(text,
                           sg_bytes(words[i].word, strlen(words[i].word)))) {
            census->sex = words[i].sex;
            return;
        }
    if (text.size > 0)
        sg_census_line_breaks(census, 7, SG_CENSUS_SEX, false);
}

/* V01 of the state: what sex and birth say of the number. */
static void read_pin(struct sg_census *census)
{
    census->pin = 0;
    if (!sg_census_line_has(census, SG_CENSUS_PIN))
        return;
    if (sg_pin_parse(census->values[SG_CENSUS_PIN], &census->pin) != SG_OK ||
        census->pin == 0) {
        sg_census_line_breaks(census, 1, SG_CENSUS_PIN, false);
        return;
    }
    switch (sg_pin_check_person(census->pin, (enum sg_sex)census->sex,
                                census->birth)) {
    case SG_PIN_FITS:
    case SG_PIN_UNKNOWN:
        return;
    case SG_PIN_SEX:
    case SG_PIN_YEAR:
        sg_census_line_breaks(census, 1, SG_CENSUS_PIN,
                              census->config.is_legacy);
        return;
    }
}

/* The uid of a line that says none: a signature is a function of the key and
 * the line that nobody without the key can compute. */
static enum sg_err draw_uid(struct sg_census *census, uint64_t number)
{
    uint8_t place[8], signature[SG_SIGNATURE_SIZE] = {0};
    struct sg_sha256 ctx;
    struct sg_hash hash;
    enum sg_err err = SG_OK;

    sg_crypto_purpose_init(&ctx, "sogoc v1 import line",
                           &census->registry.hash);
    for (unsigned i = 0; i < sizeof place; i++)
        place[i] = (uint8_t)(number >> (8 * i));
    sg_crypto_sha256_update(&ctx, place, sizeof place);
    for (unsigned i = 0; i < SG_CENSUS_FIELD_COUNT; i++) {
        const struct sg_bytes value = census->values[i];
        const uint8_t size[2] = {(uint8_t)value.size,
                                 (uint8_t)(value.size >> 8)};

        if (i == SG_CENSUS_PIN || i == SG_CENSUS_OLD_NUMBER)
            continue;
        sg_crypto_sha256_update(&ctx, size, sizeof size);
        if (value.size > 0)
            sg_crypto_sha256_update(&ctx, value.data, value.size);
    }
    sg_crypto_sha256_final(&ctx, &hash);
    if (census->config.officer != NULL)
        err = sg_crypto_sign_purpose(
            &census->config.officer->sign, "sogoc v1 import uid",
            &census->registry.hash, hash.bytes, sizeof hash.bytes, signature);
    sg_crypto_sha256(signature, sizeof signature, &hash);
    memcpy(census->uid.bytes, hash.bytes, sizeof census->uid.bytes);
    return err;
}

/* V05: what is no day, too long ago, or still to come. */
static void read_birth(struct sg_census *census)
{
    struct sg_date *birth = &census->birth;

    birth->ymd = 0;
    if (!sg_census_line_has(census, SG_CENSUS_BIRTH))
        return;
    if (sg_date_parse(census->values[SG_CENSUS_BIRTH], birth) == SG_OK &&
        birth->ymd / 10000 >= BIRTH_YEAR_MIN &&
        sg_date_compare(sg_date_first(*birth), census->config.day) <= 0)
        return;
    sg_census_line_breaks(census, 5, SG_CENSUS_BIRTH, false);
    birth->ymd = 0;
}

static enum sg_err read_identity(struct sg_census *census, uint64_t number)
{
    enum sg_err err = SG_OK;

    if (!sg_census_line_has(census, SG_CENSUS_UID))
        err = draw_uid(census, number);
    else
        (void)sg_census_line_uid(census, SG_CENSUS_UID, &census->uid);
    read_name(census);
    read_sex(census);
    read_birth(census);
    read_pin(census);
    if (!sg_census_line_has(census, SG_CENSUS_UNIT))
        sg_census_line_due(census, SG_CENSUS_UNIT);
    else if (!sg_census_line_unit(census, SG_CENSUS_UNIT, &census->unit))
        sg_census_line_breaks(census, 8, SG_CENSUS_UNIT, false);
    return err;
}

/* --- Records ---------------------------------------------------------------
 */

/* A record in the making. */
struct sheet {
    struct sg_record_head head;
    struct sg_record_build build;
};

static void begin(struct sg_census *census, struct sheet *sheet,
                  enum sg_type type, struct sg_uid subject)
{
    const struct sg_key *officer = census->config.officer;
    struct sg_record_src src = {.source = SG_RECORD_SOURCE_LEGACY};

    sheet->head = (struct sg_record_head){
        .type = type,
        .subject = subject,
        .basis = {.form = FORM_IMPORT,
                  .document = SG_BYTES_TEXT(""),
                  .clause = SG_BYTES_TEXT("")},
        .effective = census->config.day,
    };
    if (officer != NULL)
        sheet->head.officer = sg_key_id_of(&census->registry, SG_KEY_OFFICER,
                                           officer->public_key);
    sg_record_build_init(&sheet->build, &sheet->head);
    sg_record_build_src(&sheet->build, &src);
}

/* What a submit id stands for is the record itself: who files the same again
 * files it once. */
static void draw_submit(const struct sg_census *census, struct sheet *sheet)
{
    struct sg_sha256 ctx;
    struct sg_hash hash;
    uint8_t type = (uint8_t)sheet->head.type;

    sg_crypto_purpose_init(&ctx, "sogoc v1 import submit",
                           &census->registry.hash);
    sg_crypto_sha256_update(&ctx, &type, 1);
    sg_crypto_sha256_update(&ctx, sheet->head.subject.bytes, 16);
    sg_crypto_sha256_update(&ctx, sheet->head.officer.bytes,
                            sizeof sheet->head.officer.bytes);
    sg_crypto_sha256_update(&ctx, (const uint8_t *)&sheet->head.effective,
                            sizeof sheet->head.effective);
    sg_crypto_sha256_update(&ctx, sheet->build.body.data,
                            sheet->build.body.size);
    sg_crypto_sha256_final(&ctx, &hash);
    memcpy(sheet->head.submit.bytes, hash.bytes,
           sizeof sheet->head.submit.bytes);
}

/* The column that FIELD of a record of TYPE came from. */
static enum sg_census_field column_of(uint16_t type, unsigned field)
{
    static const struct {
        uint16_t type;
        uint8_t field;
        uint8_t column;
    } map[] = {
        {SG_TYPE_PERSON, SG_FIELD_PERSON_NAME, SG_CENSUS_GIVEN},
        {SG_TYPE_PERSON, SG_FIELD_PERSON_OTHER_NAME, SG_CENSUS_OTHER_NAME},
        {SG_TYPE_PERSON, SG_FIELD_PERSON_BIRTH, SG_CENSUS_BIRTH},
        {SG_TYPE_PERSON, SG_FIELD_PERSON_SEX, SG_CENSUS_SEX},
        {SG_TYPE_PERSON, SG_FIELD_PERSON_FATHER, SG_CENSUS_FATHER_GIVEN},
        {SG_TYPE_PERSON, SG_FIELD_PERSON_MOTHER, SG_CENSUS_MOTHER_GIVEN},
        {SG_TYPE_PERSON, SG_FIELD_PERSON_SPOUSE, SG_CENSUS_SPOUSE_GIVEN},
        {SG_TYPE_PERSON, SG_FIELD_PERSON_BIRTH_REG, SG_CENSUS_BIRTH_REG},
        {SG_TYPE_PERSON, SG_FIELD_PERSON_HOMETOWN, SG_CENSUS_HOMETOWN},
        {SG_TYPE_PERSON, SG_FIELD_PERSON_ETHNICITY, SG_CENSUS_ETHNICITY},
        {SG_TYPE_PERSON, SG_FIELD_PERSON_RELIGION, SG_CENSUS_RELIGION},
        {SG_TYPE_PERSON, SG_FIELD_PERSON_NATIONALITY, SG_CENSUS_NATIONALITY},
        {SG_TYPE_PERSON, SG_FIELD_PERSON_BLOOD, SG_CENSUS_BLOOD},
        {SG_TYPE_PERSON, SG_FIELD_PERSON_MARITAL, SG_CENSUS_MARITAL},
        {SG_TYPE_PERSON, SG_FIELD_PERSON_PHONE, SG_CENSUS_PHONE},
        {SG_TYPE_PIN, SG_FIELD_PIN_NUMBER, SG_CENSUS_PIN},
        {SG_TYPE_OLD_ID, SG_FIELD_OLD_ID_NUMBER, SG_CENSUS_OLD_NUMBER},
        {SG_TYPE_HOUSEHOLD, SG_FIELD_HOUSEHOLD_MEMBERS, SG_CENSUS_RELATION},
    };

    for (size_t i = 0; i < sizeof map / sizeof map[0]; i++)
        if (map[i].type == type && map[i].field == field)
            return (enum sg_census_field)map[i].column;
    return SG_CENSUS_UNIT;
}

/* The names of relatives may be foreigners': every fault there is a flag. */
static bool is_kin(enum sg_census_field column)
{
    return column >= SG_CENSUS_FATHER_UID && column <= SG_CENSUS_SPOUSE_GIVEN;
}

/* Judges a record as if it were new; what it breaks only as such is let
 * through as legacy data, where that was said. */
static void judge(struct sg_census *census, const struct sg_record *record)
{
    struct sg_rules_findings findings = {.count = 0};

    sg_rules_check(record, &census->facts, &findings);
    for (size_t i = 0; i < findings.count; i++) {
        const struct sg_rules_finding *finding = &findings.items[i];
        enum sg_census_field column = column_of(record->type, finding->field);
        bool is_refused = finding->severity == SG_RULES_REJECT;
        bool is_new =
            sg_rules_severity(finding->rule, SG_RULES_RECORD, false,
                              record->effective, NULL, 0) == SG_RULES_REJECT;

        if (finding->rule == 6 && is_kin(column))
            is_new = false;
        sg_census_line_breaks(census, finding->rule, column,
                              !is_refused &&
                                  (!is_new || census->config.is_legacy));
    }
}

static enum sg_err end(struct sg_census *census, struct sheet *sheet)
{
    const struct sg_key *officer = census->config.officer;
    struct sg_census_result *result = census->result;
    struct sg_record_copy copy = {
        .hlc = (uint64_t)sg_date_days(census->config.today) * MS_OF_DAY << 16,
        .trust = SG_RECORD_TRUST_SYNCED,
        .capture = census->unit,
        .home = census->unit,
    };
    struct sg_record *record = &result->records[result->n_records];
    struct sg_hash id;
    enum sg_err err;

    SG_ASSERT(result->n_records < SG_CENSUS_RECORDS_MAX);
    draw_submit(census, sheet);
    err = sg_record_build_read(
        &sheet->build, &copy,
        officer == NULL || census->is_refused ? NULL : &officer->sign,
        &census->registry, &census->payloads, &id, record);
    if (err == SG_ERR_NOMEM)
        return err;
    if (err != SG_OK) {
        sg_census_line_misfits(
            census, column_of((uint16_t)sheet->head.type, SG_FIELD_NONE));
        return SG_OK;
    }
    result->n_records++;
    judge(census, record);
    return SG_OK;
}

static void put_code(struct sg_census *census, struct sheet *sheet, unsigned no,
                     enum sg_census_field field)
{
    uint64_t code;

    if (sg_census_line_number(census, field, UINT16_MAX, &code))
        sg_record_build_uint(&sheet->build, no, code);
}

static void put_text(struct sg_census *census, struct sheet *sheet, unsigned no,
                     enum sg_census_field field, size_t max)
{
    if (sg_census_line_has(census, field))
        sg_record_build_str(&sheet->build, no,
                            sg_census_line_text(census, field, max));
}

/* A place is a unit, or words. */
static void put_place(struct sg_census *census, struct sheet *sheet,
                      unsigned no, enum sg_census_field field)
{
    struct sg_record_place place = {.has_unit = false};

    if (!sg_census_line_has(census, field))
        return;
    place.has_unit = sg_census_line_unit(census, field, &place.unit);
    if (!place.has_unit)
        place.text = sg_census_line_text(census, field, 160);
    sg_record_build_place(&sheet->build, no, &place);
}

/* The four columns of a relative begin with UID. */
static void put_kin(struct sg_census *census, struct sheet *sheet, unsigned no,
                    enum sg_census_field uid)
{
    struct sg_record_kin kin = {.has_uid = false};
    static const size_t sizes[3] = {48, 96, 96};
    struct sg_bytes parts[3];

    for (unsigned i = 0; i < 3; i++) {
        enum sg_census_field field = (enum sg_census_field)(uid + 1 + i);

        kin.has_name = kin.has_name || sg_census_line_has(census, field);
        parts[i] =
            sg_census_line_name(census, field, census->values[field], sizes[i]);
    }
    kin.has_uid = sg_census_line_uid(census, uid, &kin.uid);
    if (!kin.has_name && !kin.has_uid)
        return;
    if (kin.has_name && parts[2].size == 0)
        sg_census_line_due(census, (enum sg_census_field)(uid + 3));
    kin.name = (struct sg_record_name){parts[0], parts[1], parts[2]};
    sg_record_build_kin(&sheet->build, no, &kin);
}

/* The bytes received, where the name was repaired (field 29). */
static void put_original(struct sg_census *census, struct sheet *sheet)
{
    static const enum sg_census_field parts[] = {
        SG_CENSUS_FAMILY, SG_CENSUS_MIDDLE, SG_CENSUS_GIVEN};
    uint8_t line[SG_NAME_SIZE_MAX * 4];
    struct sg_writer writer;
    struct sg_pack *pack;

    if (!census->is_name_repaired)
        return;
    sg_writer_init_array(&writer, line, sizeof line);
    if (!sg_census_line_has(census, SG_CENSUS_GIVEN))
        sg_writer_bytes(&writer, census->values[SG_CENSUS_NAME]);
    for (unsigned i = 0; i < 3 && sg_census_line_has(census, SG_CENSUS_GIVEN);
         i++) {
        if (i > 0 && sg_census_line_has(census, parts[i]))
            sg_writer_bytes(&writer, SG_BYTES_TEXT(" "));
        sg_writer_bytes(&writer, census->values[parts[i]]);
    }
    if (sg_writer_end(&writer) != SG_OK) {
        sg_census_line_misfits(census, SG_CENSUS_GIVEN);
        return;
    }
    pack = sg_record_build_field(&sheet->build, SG_FIELD_COMMON_ORIGINAL);
    sg_pack_array(pack, 1);
    sg_pack_array(pack, 2);
    sg_pack_uint(pack, SG_FIELD_PERSON_NAME);
    sg_pack_bin(pack, sg_bytes(line, writer.size));
}

static enum sg_err make_person(struct sg_census *census)
{
    struct sheet sheet;
    struct sg_record_build *build = &sheet.build;

    begin(census, &sheet, SG_TYPE_PERSON, census->uid);
    sg_record_build_name(build, SG_FIELD_PERSON_NAME, &census->name);
    if (census->birth.ymd != 0)
        sg_record_build_uint(build, SG_FIELD_PERSON_BIRTH, census->birth.ymd);
    else
        sg_record_build_nil(build, SG_FIELD_PERSON_BIRTH);
    sg_record_build_uint(build, SG_FIELD_PERSON_SEX, census->sex);
    put_kin(census, &sheet, SG_FIELD_PERSON_FATHER, SG_CENSUS_FATHER_UID);
    put_kin(census, &sheet, SG_FIELD_PERSON_MOTHER, SG_CENSUS_MOTHER_UID);
    if (sg_census_line_has(census, SG_CENSUS_OTHER_NAME))
        sg_record_build_str(
            build, SG_FIELD_PERSON_OTHER_NAME,
            sg_census_line_name(census, SG_CENSUS_OTHER_NAME,
                                census->values[SG_CENSUS_OTHER_NAME], 96));
    put_place(census, &sheet, SG_FIELD_PERSON_BIRTH_REG, SG_CENSUS_BIRTH_REG);
    put_place(census, &sheet, SG_FIELD_PERSON_HOMETOWN, SG_CENSUS_HOMETOWN);
    put_code(census, &sheet, SG_FIELD_PERSON_ETHNICITY, SG_CENSUS_ETHNICITY);
    put_code(census, &sheet, SG_FIELD_PERSON_RELIGION, SG_CENSUS_RELIGION);
    if (sg_census_line_has(census, SG_CENSUS_NATIONALITY)) {
        struct sg_pack *pack =
            sg_record_build_field(build, SG_FIELD_PERSON_NATIONALITY);

        sg_pack_array(pack, 1);
        sg_pack_str(pack,
                    sg_census_line_text(census, SG_CENSUS_NATIONALITY, 2));
    }
    put_code(census, &sheet, SG_FIELD_PERSON_BLOOD, SG_CENSUS_BLOOD);
    put_code(census, &sheet, SG_FIELD_PERSON_MARITAL, SG_CENSUS_MARITAL);
    put_kin(census, &sheet, SG_FIELD_PERSON_SPOUSE, SG_CENSUS_SPOUSE_UID);
    put_text(census, &sheet, SG_FIELD_PERSON_PHONE, SG_CENSUS_PHONE, 16);
    put_text(census, &sheet, SG_FIELD_PERSON_EMAIL, SG_CENSUS_EMAIL, 96);
    put_text(census, &sheet, SG_FIELD_PERSON_OCCUPATION, SG_CENSUS_OCCUPATION,
             64);
    sg_record_build_uint(build, SG_FIELD_PERSON_REGISTERED, census->unit.value);
    put_original(census, &sheet);
    return end(census, &sheet);
}

static enum sg_err make_pin(struct sg_census *census)
{
    struct sheet sheet;

    if (census->pin == 0)
        return SG_OK;
    begin(census, &sheet, SG_TYPE_PIN, census->uid);
    sg_record_build_uint(&sheet.build, SG_FIELD_COMMON_STATE, STATE_ACTIVE);
    sg_record_build_uint(&sheet.build, SG_FIELD_PIN_NUMBER, census->pin);
    sg_record_build_uint(&sheet.build, SG_FIELD_PIN_BY, 1);
    return end(census, &sheet);
}

static enum sg_err make_old_id(struct sg_census *census)
{
    struct sheet sheet;

    if (!sg_census_line_has(census, SG_CENSUS_OLD_NUMBER))
        return SG_OK;
    begin(census, &sheet, SG_TYPE_OLD_ID, census->uid);
    sg_record_build_uint(&sheet.build, SG_FIELD_OLD_ID_KIND,
                         census->values[SG_CENSUS_OLD_NUMBER].size == 12 ? 2
                                                                         : 1);
    sg_record_build_str(&sheet.build, SG_FIELD_OLD_ID_NUMBER,
                        sg_census_line_text(census, SG_CENSUS_OLD_NUMBER, 12));
    sg_record_build_nil(&sheet.build, SG_FIELD_OLD_ID_ISSUED);
    return end(census, &sheet);
}

static enum sg_err make_residence(struct sg_census *census,
                                  const struct sg_uid *household)
{
    struct sheet sheet;
    struct sg_record_build *build = &sheet.build;

    begin(census, &sheet, SG_TYPE_RESIDENCE, census->uid);
    sg_record_build_uint(build, SG_FIELD_COMMON_STATE, STATE_OPEN);
    sg_record_build_uint(build, SG_FIELD_RESIDENCE_KIND, PERMANENT);
    sg_record_build_uint(build, SG_FIELD_RESIDENCE_UNIT, census->unit.value);
    sg_record_build_str(build, SG_FIELD_RESIDENCE_ADDRESS,
                        sg_census_line_text(census, SG_CENSUS_ADDRESS, 160));
    sg_record_build_uint(build, SG_FIELD_RESIDENCE_FROM,
                         census->config.day.ymd);
    if (household != NULL)
        sg_record_build_bin(build, SG_FIELD_RESIDENCE_HOUSEHOLD,
                            SG_BYTES_ARRAY(household->bytes));
    return end(census, &sheet);
}

/* Each member writes the household with himself in it: members are a set. */
static enum sg_err make_household(struct sg_census *census,
                                  const struct sg_uid *household)
{
    struct sheet sheet;
    struct sg_record_build *build = &sheet.build;
    uint64_t relation = 0;
    struct sg_pack *pack;

    begin(census, &sheet, SG_TYPE_HOUSEHOLD, *household);
    sg_record_build_uint(build, SG_FIELD_COMMON_STATE, HOUSEHOLD_OPEN);
    sg_record_build_str(build, SG_FIELD_HOUSEHOLD_FILE_NO,
                        sg_census_line_text(census, SG_CENSUS_FILE_NO, 32));
    sg_record_build_uint(build, SG_FIELD_HOUSEHOLD_UNIT, census->unit.value);
    sg_record_build_str(build, SG_FIELD_HOUSEHOLD_ADDRESS,
                        sg_census_line_text(census, SG_CENSUS_ADDRESS, 160));
    (void)sg_census_line_number(census, SG_CENSUS_RELATION, UINT16_MAX,
                                &relation);
    pack = sg_record_build_field(build, SG_FIELD_HOUSEHOLD_MEMBERS);
    sg_pack_array(pack, 1);
    sg_pack_array(pack, 2);
    sg_pack_bin(pack, SG_BYTES_ARRAY(census->uid.bytes));
    sg_pack_array(pack, 3);
    sg_pack_uint(pack, relation);
    sg_pack_nil(pack);
    sg_pack_nil(pack);
    sg_record_build_uint(build, SG_FIELD_HOUSEHOLD_OPENED,
                         census->config.day.ymd);
    return end(census, &sheet);
}

enum sg_err sg_census_take(struct sg_census *census,
                           const struct sg_bytes values[], uint64_t number,
                           struct sg_census_result *ret_result)
{
    struct sg_uid household;
    bool has_household;
    enum sg_err err;

    census->values = values;
    census->result = ret_result;
    census->is_refused = census->is_name_repaired = false;
    census->n_texts = 0;
    sg_buf_truncate(&census->payloads, 0);
    ret_result->n_records = ret_result->n_faults = 0;
    err = read_identity(census, number);
    has_household = sg_census_line_uid(census, SG_CENSUS_HOUSEHOLD, &household);
    if (err == SG_OK && !census->is_refused)
        err = make_person(census);
    if (err == SG_OK && !census->is_refused)
        err = make_pin(census);
    if (err == SG_OK && !census->is_refused)
        err = make_old_id(census);
    if (err == SG_OK && !census->is_refused)
        err = make_residence(census, has_household ? &household : NULL);
    if (err == SG_OK && !census->is_refused && has_household)
        err = make_household(census, &household);
    if (census->is_refused)
        ret_result->n_records = 0;
    return err;
}

static void put_base64(struct sg_writer *writer, struct sg_bytes name,
                       struct sg_bytes bytes)
{
    sg_writer_bytes(writer, name);
    sg_text_base64_encode(writer, bytes);
    sg_writer_bytes(writer, SG_BYTES_TEXT("\","));
}

enum sg_err sg_census_form(const struct sg_record *record, struct sg_buf *form)
{
    struct sg_writer writer;

    sg_writer_init_buf(&writer, form);
    put_base64(&writer, SG_BYTES_TEXT("{\"inner\":\""), record->inner);
    if (record->copy.signature.size > 0)
        put_base64(&writer, SG_BYTES_TEXT("\"signature\":\""),
                   record->copy.signature);
    sg_writer_bytes(&writer, SG_BYTES_TEXT("\"capture\":"));
    sg_text_decimal_encode(&writer, record->copy.capture.value);
    sg_writer_bytes(&writer, SG_BYTES_TEXT("}"));
    return sg_writer_end(&writer);
}
