#include "tools/synth_text.h"

#include <string.h>

#include "storage/base/check.h"
#include "storage/base/text.h"
#include "storage/registry/record.h"

/* A line is never longer; so room is made once and bytes are only copied. */
#define LINE_SIZE_MAX 4096

/* A line that is being written. */
struct line {
    char bytes[LINE_SIZE_MAX];
    size_t size;
};

static void put(struct line *line, const void *data, size_t size)
{
    SG_ASSERT(size <= LINE_SIZE_MAX - line->size);
    if (size > 0)
        memcpy(line->bytes + line->size, data, size);
    line->size += size;
}

#define PUT(line, literal) put(line, "" literal, sizeof(literal) - 1)

static void put_number(struct line *line, uint64_t value, unsigned digits)
{
    char bytes[20];
    size_t begin = sizeof bytes;

    do {
        bytes[--begin] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0 || sizeof bytes - begin < digits);
    put(line, bytes + begin, sizeof bytes - begin);
}

/* Puts BYTES in quotes. Our texts have nothing in them that JSON escapes. */
static void put_string(struct line *line, struct sg_bytes bytes)
{
    PUT(line, "\"");
    put(line, bytes.data, bytes.size);
    PUT(line, "\"");
}

static void put_uid(struct line *line, const struct sg_uid *uid)
{
    static const char digits[] = "0123456789abcdef";
    char text[2 * sizeof uid->bytes];

    for (size_t i = 0; i < sizeof uid->bytes; i++) {
        text[2 * i] = digits[uid->bytes[i] >> 4];
        text[2 * i + 1] = digits[uid->bytes[i] & 15];
    }
    put_string(line, sg_bytes(text, sizeof text));
}

/* Puts `"key":` after what there is already. */
#define KEY(line, key) PUT(line, ",\"" key "\":")

static void put_date(struct line *line, struct sg_date date)
{
    unsigned month = date.ymd / 100 % 100;

    PUT(line, "\"");
    put_number(line, date.ymd / 10000, 4);
    if (month != 0) {
        PUT(line, "-");
        put_number(line, month, 2);
    }
    if (date.ymd % 100 != 0) {
        PUT(line, "-");
        put_number(line, date.ymd % 100, 2);
    }
    PUT(line, "\"");
}

static void put_unit(struct line *line, struct sg_unit_key unit)
{
    PUT(line, "\"");
    put_number(line, unit.value, 1);
    PUT(line, "\"");
}

static void put_name(struct line *line, const struct sg_synth_name *name)
{
    PUT(line, "[");
    put_string(line, name->family);
    PUT(line, ",");
    put_string(line, name->middle);
    PUT(line, ",");
    put_string(line, name->given);
    PUT(line, "]");
}

static void put_text(struct line *line, const struct sg_synth_text *text)
{
    put_string(line, sg_bytes(text->bytes, text->size));
}

static void put_kin(struct line *line, const struct sg_synth_kin *kin)
{
    PUT(line, "{\"uid\":");
    put_uid(line, kin->uid);
    KEY(line, "name");
    put_name(line, &kin->name);
    PUT(line, "}");
}

static void put_identity(struct line *line,
                         const struct sg_synth_person *person)
{
    PUT(line, "{\"uid\":");
    put_uid(line, &person->uid);
    KEY(line, "name");
    put_name(line, &person->name);
    KEY(line, "birth");
    put_date(line, person->birth);
    KEY(line, "sex");
    put_number(line, person->sex, 1);
    if (person->pin != 0) {
        KEY(line, "pin");
        PUT(line, "\"");
        put_number(line, person->pin, 12);
        PUT(line, "\"");
    }
    if (person->old_number.size > 0) {
        KEY(line, "old_number");
        put_text(line, &person->old_number);
    }
    if (person->is_national)
        PUT(line, ",\"nationality\":[\"VN\"]");
    if (person->ethnic != 0) {
        KEY(line, "ethnicity");
        put_number(line, person->ethnic, 1);
    }
    KEY(line, "marital");
    put_number(line, person->marital, 1);
}

static void put_family(struct line *line, const struct sg_synth_person *person)
{
    if (person->father.uid != NULL) {
        KEY(line, "father");
        put_kin(line, &person->father);
    }
    if (person->mother.uid != NULL) {
        KEY(line, "mother");
        put_kin(line, &person->mother);
    }
    if (person->spouse.uid != NULL) {
        KEY(line, "spouse");
        put_kin(line, &person->spouse);
    }
    KEY(line, "household");
    put_uid(line, &person->household);
    KEY(line, "relation");
    put_number(line, person->relation, 1);
    if (person->file_no.size > 0) {
        KEY(line, "file_no");
        put_text(line, &person->file_no);
    }
}

static void put_places(struct line *line, const struct sg_synth_person *person)
{
    KEY(line, "unit");
    put_unit(line, person->unit);
    KEY(line, "address");
    put_text(line, &person->address);
    if (person->birth_reg.value != 0) {
        KEY(line, "birth_reg");
        put_unit(line, person->birth_reg);
    }
    if (person->hometown.value != 0) {
        KEY(line, "hometown");
        put_unit(line, person->hometown);
    }
    if (person->phone.size > 0) {
        KEY(line, "phone");
        put_text(line, &person->phone);
    }
}

static void put_card(struct line *line, const struct sg_synth_person *person)
{
    if (person->captured.ymd == 0)
        return;
    PUT(line, ",\"dossier\":{\"captured\":");
    put_date(line, person->captured);
    KEY(line, "birth");
    put_date(line, person->dossier_birth);
    KEY(line, "address");
    put_text(line, &person->dossier_address);
    if (person->dossier_phone.size > 0) {
        KEY(line, "phone");
        put_text(line, &person->dossier_phone);
    }
    PUT(line, "}");
    if (person->notified.ymd == 0)
        return;
    PUT(line, ",\"account\":{\"level\":2,\"notified\":");
    put_date(line, person->notified);
    if (person->activated.ymd != 0) {
        KEY(line, "activated");
        put_date(line, person->activated);
    }
    PUT(line, "}");
}

static enum sg_err end_line(struct line *line, struct sg_buf *buf)
{
    PUT(line, "}\n");
    return sg_buf_append(buf, sg_bytes(line->bytes, line->size));
}

enum sg_err sg_synth_text_person(const struct sg_synth_person *person,
                                 struct sg_buf *buf)
{
    struct line line;

    line.size = 0;
    put_identity(&line, person);
    put_family(&line, person);
    put_places(&line, person);
    put_card(&line, person);
    return end_line(&line, buf);
}

enum sg_err sg_synth_text_truth(const struct sg_synth_person *person,
                                struct sg_buf *buf)
{
    enum sg_err err = SG_OK;

    for (size_t i = 0; err == SG_OK && i < person->n_flaws; i++) {
        const struct sg_synth_flaw *flaw = &person->flaws[i];
        const char *word = sg_synth_flaw_word(flaw->kind);
        struct line line;

        line.size = 0;
        PUT(&line, "{\"person\":");
        put_uid(&line, &person->uid);
        KEY(&line, "kind");
        put_string(&line, sg_bytes(word, strlen(word)));
        if (flaw->field[0] != '\0') {
            KEY(&line, "field");
            put_string(&line, sg_bytes(flaw->field, strlen(flaw->field)));
        }
        if (flaw->truth.size > 0) {
            KEY(&line, "truth");
            put_text(&line, &flaw->truth);
        }
        if (flaw->other != NULL) {
            KEY(&line, "other");
            put_uid(&line, flaw->other);
        }
        err = end_line(&line, buf);
    }
    return err;
}

enum sg_err sg_synth_text_events(const struct sg_synth_person *person,
                                 const struct sg_synth_record *records,
                                 size_t count, struct sg_buf *buf)
{
    uint32_t seen = 1u << SG_SYNTH_ENROLLED;
    enum sg_err err = SG_OK;

    for (size_t i = 0; err == SG_OK && i < count; i++) {
        const char *word = sg_synth_event_word(records[i].event);
        struct line line;

        if ((seen >> records[i].event & 1) != 0)
            continue;
        seen |= 1u << records[i].event;
        line.size = 0;
        PUT(&line, "{\"person\":");
        put_uid(&line, &person->uid);
        KEY(&line, "event");
        put_string(&line, sg_bytes(word, strlen(word)));
        err = end_line(&line, buf);
    }
    return err;
}

static void put_base64(struct sg_writer *writer, struct sg_bytes name,
                       struct sg_bytes bytes)
{
    sg_writer_bytes(writer, name);
    sg_text_base64_encode(writer, bytes);
    sg_writer_bytes(writer, SG_BYTES_TEXT("\","));
}

static void put_form_unit(struct sg_writer *writer, struct sg_bytes name,
                          struct sg_unit_key unit)
{
    sg_writer_bytes(writer, name);
    sg_text_decimal_encode(writer, unit.value);
}

enum sg_err sg_synth_text_form(const struct sg_synth_record *written,
                               struct sg_buf *buf)
{
    struct sg_record record;
    struct sg_writer writer;
    enum sg_err err = sg_record_decode(written->payload, &record);

    SG_ASSERT(err == SG_OK); /* it was just written */
    sg_writer_init_buf(&writer, buf);
    put_base64(&writer, SG_BYTES_TEXT("{\"inner\":\""), record.inner);
    if (record.copy.signature.size > 0)
        put_base64(&writer, SG_BYTES_TEXT("\"signature\":\""),
                   record.copy.signature);
    put_form_unit(&writer, SG_BYTES_TEXT("\"capture\":"), record.copy.capture);
    put_form_unit(&writer, SG_BYTES_TEXT(",\"home\":"), record.copy.home);
    sg_writer_bytes(&writer, SG_BYTES_TEXT("}\n"));
    return sg_writer_end(&writer);
}
