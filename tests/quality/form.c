#include "tests/quality/form.h"

#include <string.h>

#include "storage/base/check.h"
#include "storage/registry/name.h"
#include "storage/registry/nfc.h"
#include "storage/registry/record_build.h"

#define FORM_DC01 4u
#define FORM_CT01 9u

#define FAMILY_SIZE_MAX 48u

struct sheet {
    struct sg_record_head head;
    struct sg_record_copy copy;
    struct sg_record_build build;
};

static void begin(struct form *form, struct sheet *sheet, enum sg_type type,
                  const struct sg_uid *subject, uint8_t code,
                  struct sg_unit_key unit)
{
    struct sg_record_src src = {.source = SG_RECORD_SOURCE_LEGACY};
    uint64_t serial = form->serial++;

    *sheet = (struct sheet){
        .head = {.type = type,
                 .subject = *subject,
                 .basis.form = code,
                 .effective = form->day},
        .copy = {.hlc = (UINT64_C(1681084800000) + serial) << 16,
                 .trust = SG_RECORD_TRUST_SYNCED,
                 .capture = unit,
                 .home = unit},
    };
    memcpy(sheet->head.submit.bytes, &serial, sizeof serial);
    sheet->head.officer.bytes[0] = 1;
    sg_record_build_init(&sheet->build, &sheet->head);
    sg_record_build_src(&sheet->build, &src);
}

/* Returns false when the record is refused. */
static bool end(struct form *form, struct sheet *sheet)
{
    struct sg_buf payload;
    struct sg_hash id;
    enum sg_err err;

    sg_buf_init(&payload, SG_RECORD_SIZE_MAX);
    err = sg_record_build_end(&sheet->build, &sheet->copy, NULL,
                              &form->registry, &payload, &id);
    if (err == SG_OK)
        form->take(form->context, sg_buf_bytes(&payload), &id);
    sg_buf_clear(&payload);
    return err == SG_OK;
}

static struct sg_bytes bytes_of(const char *text)
{
    return sg_bytes(text, strlen(text));
}

/* A part of a name as it may stand in a record. */
struct part {
    uint8_t bytes[SG_NAME_SIZE_MAX];
    size_t size;
};

static struct sg_bytes repair(const char *text, struct part *part,
                              bool *is_decomposed)
{
    struct sg_writer writer;
    bool changed;

    sg_writer_init_array(&writer, part->bytes, sizeof part->bytes);
    if (sg_name_repair(&writer, bytes_of(text), &changed) != SG_OK)
        return sg_bytes(part->bytes, 0);
    if (sg_nfc_check(bytes_of(text)) != SG_OK)
        *is_decomposed = true;
    return sg_writer_written(&writer);
}

/* TEXT in NFC, cut after at most MAX bytes at the end of a letter. */
struct text {
    uint8_t bytes[256];
};

static struct sg_bytes fit_text(const char *text, size_t max, struct text *ret)
{
    struct sg_writer writer;
    struct sg_bytes whole = bytes_of(text);
    size_t size;
    bool changed;

    if (whole.size > max)
        whole.size = max;
    while (whole.size > 0 && (text[whole.size] & 0xc0) == 0x80)
        whole.size--;
    sg_writer_init_array(&writer, ret->bytes, sizeof ret->bytes);
    if (sg_nfc_write(&writer, whole, &changed) != SG_OK)
        return sg_bytes(NULL, 0);
    size = sg_writer_written(&writer).size;
    return size <= max ? sg_writer_written(&writer) : sg_bytes(NULL, 0);
}

static void put_text(struct sg_record_build *build, unsigned no,
                     const char *text, size_t max)
{
    struct text fitted;

    sg_record_build_str(build, no,
                        fit_text(text == NULL ? "" : text, max, &fitted));
}

/* The parts of a name within their limits; a name of one word is a given name.
 */
static bool read_parts(const char *const name[3], struct part parts[3],
                       struct sg_record_name *ret, bool *is_decomposed)
{
    *ret = (struct sg_record_name){
        repair(name[0], &parts[0], is_decomposed),
        repair(name[1], &parts[1], is_decomposed),
        repair(name[2], &parts[2], is_decomposed),
    };
    if (ret->given.size == 0) {
        ret->given = ret->middle.size > 0 ? ret->middle : ret->family;
        if (ret->middle.size == 0)
            ret->family = ret->middle;
        ret->middle.size = 0;
    }
    return ret->given.size > 0 && ret->family.size <= FAMILY_SIZE_MAX;
}

/* What cannot stand in a record is written as a sign, which is no name. */
static void put_name(struct sg_record_build *build, const char *const name[3],
                     struct form_repair *repair)
{
    struct part parts[3];
    struct sg_record_name record;
    bool is_there = name[0][0] != 0 || name[1][0] != 0 || name[2][0] != 0;

    if (!is_there) {
        sg_record_build_nil(build, SG_FIELD_PERSON_NAME);
        return;
    }
    if (repair->is_refused ||
        !read_parts(name, parts, &record, &repair->is_decomposed))
        record = (struct sg_record_name){.given = SG_BYTES_TEXT("?")};
    sg_record_build_name(build, SG_FIELD_PERSON_NAME, &record);
}

static void put_kin(struct sg_record_build *build, unsigned no,
                    const struct entry_kin *kin)
{
    struct sg_record_kin record = {.has_uid = true, .uid = kin->uid};
    struct part parts[3];
    bool is_decomposed;

    if (!kin->is_there)
        return;
    record.has_name =
        read_parts(kin->name, parts, &record.name, &is_decomposed);
    sg_record_build_kin(build, no, &record);
}

static void put_place(struct sg_record_build *build, unsigned no,
                      struct sg_unit_key unit)
{
    struct sg_record_place place = {.has_unit = true, .unit = unit};

    if (unit.value != 0)
        sg_record_build_place(build, no, &place);
}

static void put_nationality(struct sg_record_build *build,
                            const struct entry *entry)
{
    struct sg_pack *pack;

    if (!entry->has_nationality)
        return;
    pack = sg_record_build_field(build, SG_FIELD_PERSON_NATIONALITY);
    sg_pack_array(pack, 1);
    sg_pack_str(pack, bytes_of(entry->nationality));
}

static void write_person(struct form *form, const struct entry *entry,
                         struct form_repair *repair)
{
    struct sheet sheet;
    struct sg_record_build *build = &sheet.build;

    begin(form, &sheet, SG_TYPE_PERSON, &entry->uid, FORM_DC01, entry->unit);
    put_name(build, entry->name, repair);
    if (sg_date_is_valid(entry->birth))
        sg_record_build_uint(build, SG_FIELD_PERSON_BIRTH, entry->birth.ymd);
    else
        sg_record_build_nil(build, SG_FIELD_PERSON_BIRTH);
    sg_record_build_uint(build, SG_FIELD_PERSON_SEX, entry->sex);
    put_kin(build, SG_FIELD_PERSON_FATHER, &entry->father);
    put_kin(build, SG_FIELD_PERSON_MOTHER, &entry->mother);
    put_place(build, SG_FIELD_PERSON_BIRTH_REG, entry->birth_reg);
    put_place(build, SG_FIELD_PERSON_HOMETOWN, entry->hometown);
    if (entry->ethnicity != 0)
        sg_record_build_uint(build, SG_FIELD_PERSON_ETHNICITY,
                             entry->ethnicity);
    put_nationality(build, entry);
    if (entry->marital != 0)
        sg_record_build_uint(build, SG_FIELD_PERSON_MARITAL, entry->marital);
    put_kin(build, SG_FIELD_PERSON_SPOUSE, &entry->spouse);
    if (entry->phone != NULL)
        put_text(build, SG_FIELD_PERSON_PHONE, entry->phone, 16);
    sg_record_build_uint(build, SG_FIELD_PERSON_REGISTERED, entry->unit.value);
    if (!end(form, &sheet))
        repair->is_refused = true;
}

static void write_numbers(struct form *form, const struct entry *entry)
{
    struct sheet sheet;

    if (entry->pin != 0) {
        begin(form, &sheet, SG_TYPE_PIN, &entry->uid, FORM_DC01, entry->unit);
        sg_record_build_uint(&sheet.build, SG_FIELD_COMMON_STATE, 2);
        sg_record_build_uint(&sheet.build, SG_FIELD_PIN_NUMBER, entry->pin);
        sg_record_build_uint(&sheet.build, SG_FIELD_PIN_BY, 1);
        (void)end(form, &sheet);
    }
    if (entry->old_number != NULL) {
        begin(form, &sheet, SG_TYPE_OLD_ID, &entry->uid, FORM_DC01,
              entry->unit);
        sg_record_build_uint(&sheet.build, SG_FIELD_OLD_ID_KIND, 1);
        put_text(&sheet.build, SG_FIELD_OLD_ID_NUMBER, entry->old_number, 12);
        sg_record_build_nil(&sheet.build, SG_FIELD_OLD_ID_ISSUED);
        (void)end(form, &sheet);
    }
}

static void write_residence(struct form *form, const struct entry *entry)
{
    struct sheet sheet;
    struct sg_record_build *build = &sheet.build;

    if (entry->unit.value == 0)
        return;
    begin(form, &sheet, SG_TYPE_RESIDENCE, &entry->uid, FORM_CT01, entry->unit);
    sg_record_build_uint(build, SG_FIELD_COMMON_STATE, 2);
    sg_record_build_uint(build, SG_FIELD_RESIDENCE_KIND, 1);
    sg_record_build_uint(build, SG_FIELD_RESIDENCE_UNIT, entry->unit.value);
    put_text(build, SG_FIELD_RESIDENCE_ADDRESS, entry->address, 160);
    sg_record_build_uint(build, SG_FIELD_RESIDENCE_FROM, form->day.ymd);
    if (entry->has_household)
        sg_record_build_bin(build, SG_FIELD_RESIDENCE_HOUSEHOLD,
                            sg_bytes(entry->household.bytes, 16));
    (void)end(form, &sheet);
}

/* Latin-1's controls and signs are in no name: they are what is left of a text
 * that was read in the wrong encoding. */
static bool has_residue(const char *text)
{
    for (const uint8_t *at = (const uint8_t *)text; *at != 0; at++)
        if (at[0] == 0xc2 && at[1] >= 0x80 && at[1] <= 0xbf)
            return true;
    return false;
}

void form_person(struct form *form, const struct entry *entry,
                 struct form_repair *ret_repair)
{
    *ret_repair = (struct form_repair){
        .has_residue = has_residue(entry->name[0]) ||
                       has_residue(entry->name[1]) ||
                       has_residue(entry->name[2]),
    };
    write_person(form, entry, ret_repair);
    if (ret_repair->is_refused)
        write_person(form, entry, ret_repair);
    write_numbers(form, entry);
    write_residence(form, entry);
}

void form_household(struct form *form, const struct sg_uid *household,
                    const struct entry *head, const struct form_member *members,
                    size_t count)
{
    struct sheet sheet;
    struct sg_record_build *build = &sheet.build;
    struct sg_pack *pack;

    begin(form, &sheet, SG_TYPE_HOUSEHOLD, household, FORM_DC01, head->unit);
    sg_record_build_uint(build, SG_FIELD_COMMON_STATE, 1);
    put_text(build, SG_FIELD_HOUSEHOLD_FILE_NO, head->file_no, 32);
    sg_record_build_uint(build, SG_FIELD_HOUSEHOLD_UNIT, head->unit.value);
    pack = sg_record_build_field(build, SG_FIELD_HOUSEHOLD_MEMBERS);
    sg_pack_array(pack, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        sg_pack_array(pack, 2);
        sg_pack_bin(pack, sg_bytes(members[i].uid.bytes, 16));
        sg_pack_array(pack, 3);
        sg_pack_uint(pack, members[i].relation);
        sg_pack_nil(pack);
        sg_pack_nil(pack);
    }
    sg_record_build_uint(build, SG_FIELD_HOUSEHOLD_OPENED, form->day.ymd);
    (void)end(form, &sheet);
}
