#include "tools/synth_form.h"

#include <string.h>

#include "storage/base/check.h"
#include "storage/registry/name.h"
#include "storage/registry/nfc.h"
#include "storage/registry/record_build.h"
#include "tools/synth_flaw.h"

#define RESIDENCE_OPEN   2
#define RESIDENCE_CLOSED 3
#define DEAD             2
#define MS_OF_DAY        UINT64_C(86400000)

/* Code table 1. */
enum form { FORM_DC01 = 4, FORM_DC02, FORM_CT01 = 9, FORM_IMPORT = 20 };

/* A record on the desk. */
struct sheet {
    struct sg_record_head head;
    struct sg_record_build build;
    char document[24];
};

/* A person with flaws was taken over from older books. */
static bool is_legacy(const struct sg_synth_desk *desk)
{
    return desk->event == SG_SYNTH_ENROLLED && desk->person->n_flaws > 0;
}

/* Begins a record of TYPE about the desk's person, or SUBJECT, if any. */
static void begin(struct sg_synth_desk *desk, struct sheet *sheet,
                  enum sg_type type, const struct sg_uid *subject,
                  enum form form, const struct sg_ref *parents,
                  size_t n_parents)
{
    struct sg_synth_text number = {.size = 0};

    sg_synth_flaw_put_number(&number, desk->sequence, 1);
    memcpy(sheet->document, number.bytes, number.size);
    sheet->head = (struct sg_record_head){
        .type = type,
        .subject = subject != NULL ? *subject : desk->person->uid,
        .parents = parents,
        .n_parents = n_parents,
        .basis = {.form = (uint8_t)(is_legacy(desk) ? FORM_IMPORT : form),
                  .document = sg_bytes(sheet->document, number.size),
                  .clause = SG_BYTES_TEXT("")},
        .effective = desk->day,
        .officer = desk->officer->id,
    };
    sg_prng_bytes(desk->prng, sheet->head.submit.bytes,
                  sizeof sheet->head.submit.bytes);
    sg_record_build_init(&sheet->build, &sheet->head);
    if (is_legacy(desk)) {
        struct sg_record_src src = {.source = SG_RECORD_SOURCE_LEGACY};

        sg_record_build_src(&sheet->build, &src);
    }
}

/* Ends the record and puts it with the others. */
static struct sg_ref end(struct sg_synth_desk *desk, struct sheet *sheet)
{
    /* Between 7:00 and 17:00 in Viet Nam, which is from midnight UTC on. */
    uint64_t ms = (uint64_t)sg_date_days(desk->day) * MS_OF_DAY +
                  sg_prng_below(desk->prng, MS_OF_DAY * 10 / 24);
    struct sg_record_copy copy = {.hlc = ms << 16 | (desk->sequence & 0xffff),
                                  .trust = SG_RECORD_TRUST_SYNCED,
                                  .position = desk->position,
                                  .capture = desk->capture,
                                  .home = desk->home};
    struct sg_synth_record *record = &desk->records[desk->count];
    size_t offset = desk->payloads->size;
    struct sg_ref none = {{0}};

    SG_ASSERT(desk->count < SG_SYNTH_RECORDS_MAX);
    if (copy.hlc <= desk->hlc_last)
        copy.hlc = desk->hlc_last + (1 << 16);
    desk->hlc_last = copy.hlc;
    if (desk->err != SG_OK) {
        sg_record_build_clear(&sheet->build);
        return none;
    }
    desk->err = sg_record_build_end(
        &sheet->build, &copy, desk->is_signed ? &desk->officer->key : NULL,
        desk->registry, desk->payloads, &record->id);
    if (desk->err != SG_OK)
        return none;
    record->event = desk->event;
    record->type = sheet->head.type;
    record->node = desk->node;
    record->hlc = copy.hlc;
    record->payload =
        sg_bytes(desk->payloads->data + offset, desk->payloads->size - offset);
    desk->count++;
    desk->sequence++;
    return sg_ref_of(&record->id);
}

static struct sg_bytes bytes_of(const struct sg_synth_text *text)
{
    return sg_bytes(text->bytes, text->size);
}

static struct sg_record_name record_name(const struct sg_synth_name *name)
{
    return (struct sg_record_name){name->family, name->middle, name->given};
}

static void put_place(struct sg_record_build *build, unsigned no,
                      struct sg_unit_key unit)
{
    struct sg_record_place place = {.has_unit = true, .unit = unit};

    if (unit.value != 0)
        sg_record_build_place(build, no, &place);
}

static void put_kin(struct sg_record_build *build, unsigned no,
                    const struct sg_synth_kin *kin)
{
    struct sg_record_kin record = {.has_uid = true, .has_name = true};

    if (kin->uid == NULL)
        return;
    record.uid = *kin->uid;
    record.name = record_name(&kin->name);
    sg_record_build_kin(build, no, &record);
}

/* Says whether the name can stand in a record as it is. */
static bool name_stands(const struct sg_synth_name *name)
{
    return sg_nfc_check(name->family) == SG_OK &&
           sg_nfc_check(name->middle) == SG_OK &&
           sg_nfc_check(name->given) == SG_OK;
}

/* Puts the bytes received for a name that cannot stand as it is (field 29). */
static void put_original(struct sg_record_build *build,
                         const struct sg_synth_name *name)
{
    struct sg_synth_text line = {.size = 0};
    struct sg_pack *pack =
        sg_record_build_field(build, SG_FIELD_COMMON_ORIGINAL);

    sg_synth_flaw_put(&line, name->family);
    sg_synth_flaw_put(&line, SG_BYTES_TEXT(" "));
    sg_synth_flaw_put(&line, name->middle);
    sg_synth_flaw_put(&line, SG_BYTES_TEXT(" "));
    sg_synth_flaw_put(&line, name->given);
    sg_pack_array(pack, 1);
    sg_pack_array(pack, 2);
    sg_pack_uint(pack, SG_FIELD_PERSON_NAME);
    sg_pack_bin(pack, bytes_of(&line));
}

struct sg_ref sg_synth_form_person(struct sg_synth_desk *desk)
{
    const struct sg_synth_person *person = desk->person;
    bool stands = name_stands(&person->name);
    struct sg_record_name name =
        record_name(stands ? &person->name : &person->clean);
    struct sheet sheet;
    struct sg_record_build *build = &sheet.build;

    begin(desk, &sheet, SG_TYPE_PERSON, NULL, FORM_DC01, NULL, 0);
    sg_record_build_name(build, SG_FIELD_PERSON_NAME, &name);
    sg_record_build_uint(build, SG_FIELD_PERSON_BIRTH, person->birth.ymd);
    sg_record_build_uint(build, SG_FIELD_PERSON_SEX, person->sex);
    put_kin(build, SG_FIELD_PERSON_FATHER, &person->father);
    put_kin(build, SG_FIELD_PERSON_MOTHER, &person->mother);
    put_place(build, SG_FIELD_PERSON_BIRTH_REG, person->birth_reg);
    put_place(build, SG_FIELD_PERSON_HOMETOWN, person->hometown);
    if (person->ethnic != 0)
        sg_record_build_uint(build, SG_FIELD_PERSON_ETHNICITY, person->ethnic);
    if (person->is_national) {
        struct sg_pack *pack =
            sg_record_build_field(build, SG_FIELD_PERSON_NATIONALITY);

        sg_pack_array(pack, 1);
        sg_pack_str(pack, SG_BYTES_TEXT("VN"));
    }
    sg_record_build_uint(build, SG_FIELD_PERSON_MARITAL, person->marital);
    put_kin(build, SG_FIELD_PERSON_SPOUSE, &person->spouse);
    if (person->phone.size > 0)
        sg_record_build_str(build, SG_FIELD_PERSON_PHONE,
                            bytes_of(&person->phone));
    sg_record_build_uint(build, SG_FIELD_PERSON_REGISTERED,
                         desk->capture.value);
    if (!stands)
        put_original(build, &person->name);
    return end(desk, &sheet);
}

struct sg_ref sg_synth_form_pin(struct sg_synth_desk *desk)
{
    struct sheet sheet;

    begin(desk, &sheet, SG_TYPE_PIN, NULL, FORM_DC01, NULL, 0);
    sg_record_build_uint(&sheet.build, SG_FIELD_COMMON_STATE, 2);
    sg_record_build_uint(&sheet.build, SG_FIELD_PIN_NUMBER, desk->person->pin);
    sg_record_build_uint(&sheet.build, SG_FIELD_PIN_BY, 1);
    return end(desk, &sheet);
}

struct sg_ref sg_synth_form_old_id(struct sg_synth_desk *desk)
{
    struct sheet sheet;

    begin(desk, &sheet, SG_TYPE_OLD_ID, NULL, FORM_DC01, NULL, 0);
    sg_record_build_uint(&sheet.build, SG_FIELD_OLD_ID_KIND, 1);
    sg_record_build_str(&sheet.build, SG_FIELD_OLD_ID_NUMBER,
                        bytes_of(&desk->person->old_number));
    sg_record_build_nil(&sheet.build, SG_FIELD_OLD_ID_ISSUED);
    return end(desk, &sheet);
}

struct sg_ref sg_synth_form_residence(struct sg_synth_desk *desk,
                                      struct sg_unit_key unit,
                                      struct sg_unit_key old_unit)
{
    struct sheet sheet;
    struct sg_record_build *build = &sheet.build;

    begin(desk, &sheet, SG_TYPE_RESIDENCE, NULL, FORM_CT01, NULL, 0);
    sg_record_build_uint(build, SG_FIELD_COMMON_STATE, RESIDENCE_OPEN);
    sg_record_build_uint(build, SG_FIELD_RESIDENCE_KIND, 1);
    sg_record_build_uint(build, SG_FIELD_RESIDENCE_UNIT, unit.value);
    sg_record_build_str(build, SG_FIELD_RESIDENCE_ADDRESS,
                        bytes_of(&desk->person->address));
    sg_record_build_uint(build, SG_FIELD_RESIDENCE_FROM, desk->day.ymd);
    if (old_unit.value != 0) {
        sg_record_build_uint(build, SG_FIELD_RESIDENCE_REASON, 1);
        sg_record_build_uint(build, SG_FIELD_RESIDENCE_OLD_UNIT,
                             old_unit.value);
    } else {
        sg_record_build_bin(build, SG_FIELD_RESIDENCE_HOUSEHOLD,
                            SG_BYTES_ARRAY(desk->person->household.bytes));
    }
    return end(desk, &sheet);
}

struct sg_ref sg_synth_form_leave(struct sg_synth_desk *desk,
                                  struct sg_ref residence)
{
    struct sheet sheet;
    struct sg_record_build *build = &sheet.build;

    begin(desk, &sheet, SG_TYPE_RESIDENCE, NULL, FORM_CT01, &residence, 1);
    sg_record_build_bin(build, SG_FIELD_COMMON_OF,
                        SG_BYTES_ARRAY(residence.bytes));
    sg_record_build_uint(build, SG_FIELD_COMMON_STATE, RESIDENCE_CLOSED);
    sg_record_build_uint(build, SG_FIELD_RESIDENCE_UNTIL, desk->day.ymd);
    sg_record_build_uint(build, SG_FIELD_RESIDENCE_REASON, 1);
    return end(desk, &sheet);
}

/* Puts the members in ascending order of uids, as a set is written. */
static void put_members(struct sg_pack *pack,
                        const struct sg_synth_member *members, size_t count)
{
    const struct sg_uid *last = NULL;

    sg_pack_array(pack, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        const struct sg_synth_member *next = NULL;

        for (size_t k = 0; k < count; k++)
            if ((last == NULL || sg_uid_compare(members[k].uid, last) > 0) &&
                (next == NULL || sg_uid_compare(members[k].uid, next->uid) < 0))
                next = &members[k];
        SG_ASSERT(next != NULL);
        sg_pack_array(pack, 2);
        sg_pack_bin(pack, SG_BYTES_ARRAY(next->uid->bytes));
        sg_pack_array(pack, 3);
        sg_pack_uint(pack, next->relation);
        sg_pack_nil(pack);
        sg_pack_nil(pack);
        last = next->uid;
    }
}

struct sg_ref sg_synth_form_household(struct sg_synth_desk *desk,
                                      const struct sg_synth_member *members,
                                      size_t n_members)
{
    const struct sg_synth_person *person = desk->person;
    struct sheet sheet;
    struct sg_record_build *build = &sheet.build;

    begin(desk, &sheet, SG_TYPE_HOUSEHOLD, &person->household, FORM_CT01, NULL,
          0);
    sg_record_build_uint(build, SG_FIELD_COMMON_STATE, 1);
    sg_record_build_str(build, SG_FIELD_HOUSEHOLD_FILE_NO,
                        bytes_of(&person->file_no));
    sg_record_build_uint(build, SG_FIELD_HOUSEHOLD_UNIT, person->unit.value);
    sg_record_build_str(build, SG_FIELD_HOUSEHOLD_ADDRESS,
                        bytes_of(&person->address));
    put_members(sg_record_build_field(build, SG_FIELD_HOUSEHOLD_MEMBERS),
                members, n_members);
    sg_record_build_uint(build, SG_FIELD_HOUSEHOLD_OPENED, desk->day.ymd);
    return end(desk, &sheet);
}

struct sg_ref sg_synth_form_birth(struct sg_synth_desk *desk,
                                  struct sg_ref parent, struct sg_date birth)
{
    struct sheet sheet;

    begin(desk, &sheet, SG_TYPE_PERSON, NULL, FORM_DC02, &parent, 1);
    sg_record_build_uint(&sheet.build, SG_FIELD_PERSON_BIRTH, birth.ymd);
    return end(desk, &sheet);
}

struct sg_ref sg_synth_form_death(struct sg_synth_desk *desk)
{
    struct sheet sheet;

    begin(desk, &sheet, SG_TYPE_VITAL, NULL, FORM_DC01, NULL, 0);
    sg_record_build_uint(&sheet.build, SG_FIELD_COMMON_STATE, DEAD);
    sg_record_build_uint(&sheet.build, SG_FIELD_VITAL_AT, desk->day.ymd);
    sg_record_build_str(&sheet.build, SG_FIELD_VITAL_CERTIFICATE,
                        sheet.head.basis.document);
    return end(desk, &sheet);
}

struct sg_ref sg_synth_form_dossier(struct sg_synth_desk *desk)
{
    struct sheet sheet;
    struct sg_record_build *build = &sheet.build;

    begin(desk, &sheet, SG_TYPE_DOSSIER, NULL, FORM_DC02, NULL, 0);
    sg_record_build_uint(build, SG_FIELD_COMMON_STATE, 1);
    sg_record_build_str(build, SG_FIELD_DOSSIER_NO, sheet.head.basis.document);
    sg_record_build_uint(build, SG_FIELD_DOSSIER_KIND, 1);
    sg_record_build_uint(build, SG_FIELD_DOSSIER_CAUSE, 0);
    sg_record_build_uint(build, SG_FIELD_DOSSIER_CAPTURED, desk->day.ymd);
    sg_record_build_uint(build, SG_FIELD_DOSSIER_SIGNED_BY, 1);
    return end(desk, &sheet);
}

struct sg_ref sg_synth_form_account(struct sg_synth_desk *desk)
{
    struct sheet sheet;
    struct sg_record_build *build = &sheet.build;

    begin(desk, &sheet, SG_TYPE_ACCOUNT, NULL, FORM_DC02, NULL, 0);
    sg_record_build_uint(build, SG_FIELD_COMMON_STATE, 1);
    sg_record_build_uint(build, SG_FIELD_ACCOUNT_LEVEL, 2);
    sg_record_build_uint(build, SG_FIELD_ACCOUNT_REQUESTED, desk->day.ymd);
    if (desk->person->phone.size > 0)
        sg_record_build_str(build, SG_FIELD_ACCOUNT_PHONE,
                            bytes_of(&desk->person->phone));
    return end(desk, &sheet);
}

struct sg_ref sg_synth_form_move(struct sg_synth_desk *desk, enum sg_type type,
                                 struct sg_ref object, struct sg_ref parent,
                                 unsigned state, unsigned day_field)
{
    struct sheet sheet;

    begin(desk, &sheet, type, NULL, FORM_DC02, &parent, 1);
    sg_record_build_bin(&sheet.build, SG_FIELD_COMMON_OF,
                        SG_BYTES_ARRAY(object.bytes));
    sg_record_build_uint(&sheet.build, SG_FIELD_COMMON_STATE, state);
    if (day_field != SG_FIELD_NONE)
        sg_record_build_uint(&sheet.build, day_field, desk->day.ymd);
    return end(desk, &sheet);
}

struct sg_ref sg_synth_form_decision(struct sg_synth_desk *desk,
                                     const struct sg_ref *parents,
                                     size_t n_parents,
                                     const struct sg_ref *choice)
{
    struct sheet sheet;
    struct sg_record_build *build = &sheet.build;

    begin(desk, &sheet, SG_TYPE_DECISION, NULL, FORM_DC02, parents, n_parents);
    sg_record_build_uint(build, SG_FIELD_DECISION_ACT, choice == NULL ? 1 : 3);
    sg_record_build_uint(build, SG_FIELD_DECISION_UNIT, desk->home.value);
    if (choice != NULL) {
        sg_record_build_uint(build, SG_FIELD_DECISION_RULE, 5);
        sg_record_build_uint(build, SG_FIELD_DECISION_FIELD,
                             SG_FIELD_PERSON_BIRTH);
        sg_record_build_bin(build, SG_FIELD_DECISION_CHOICE,
                            SG_BYTES_ARRAY(choice->bytes));
    }
    return end(desk, &sheet);
}
