#include "tools/census_line.h"

#include <string.h>

#include "storage/base/text.h"
#include "storage/registry/name.h"
#include "storage/registry/nfc.h"

#define DIGITS_OF_UNIT 14u

/* --- Faults ----------------------------------------------------------------
 */

static void fault(struct sg_census *census, const char code[4],
                  enum sg_census_field field, const char *english,
                  const char *vietnamese, bool is_flag)
{
    struct sg_census_result *result = census->result;
    struct sg_census_fault *one = &result->faults[result->n_faults];

    census->is_refused = census->is_refused || !is_flag;
    if (result->n_faults == SG_CENSUS_FAULTS_MAX)
        return;
    result->n_faults++;
    memcpy(one->code, code, sizeof one->code);
    one->field = sg_census_column(field);
    one->english = english;
    one->vietnamese = vietnamese;
    one->is_flag = is_flag;
}

/* Rule NO is broken by FIELD. */
void sg_census_line_breaks(struct sg_census *census, unsigned no,
                           enum sg_census_field field, bool is_flag)
{
    const char code[4] = {'V', (char)('0' + no / 10), (char)('0' + no % 10)};

    for (unsigned i = 0; i < census->result->n_faults; i++)
        if (census->result->faults[i].field == sg_census_column(field) &&
            memcmp(census->result->faults[i].code, code, sizeof code) == 0)
            return;
    fault(census, code, field, sg_rules_text(no, SG_LANG_EN),
          sg_rules_text(no, SG_LANG_VI), is_flag);
}

void sg_census_line_misfits(struct sg_census *census,
                            enum sg_census_field field)
{
    fault(census, "A05", field, "the value does not have the form of its field",
          "giá trị không đúng dạng của trường", false);
}

void sg_census_line_due(struct sg_census *census, enum sg_census_field field)
{
    fault(census, "A05", field, "the value is missing and is due",
          "thiếu giá trị bắt buộc", false);
}

/* --- Values --------------------------------------------------------------- */

/* Keeps what was written into the texts of the line. */
static struct sg_bytes keep(struct sg_census *census,
                            const struct sg_writer *writer)
{
    uint8_t *from = census->texts + census->n_texts;

    census->n_texts += writer->size;
    return sg_bytes(from, writer->size);
}

/* Gives a part of a name as it stands in records, at most MAX bytes. */
struct sg_bytes sg_census_line_name(struct sg_census *census,
                                    enum sg_census_field field,
                                    struct sg_bytes text, size_t max)
{
    struct sg_writer writer;
    bool is_changed = false;
    enum sg_err err;

    if (text.size == 0)
        return SG_BYTES_TEXT("");
    sg_writer_init_array(&writer, census->texts + census->n_texts,
                         SG_CENSUS_TEXTS_SIZE - census->n_texts);
    err = sg_name_repair(&writer, text, &is_changed);
    if (err == SG_OK)
        err = sg_writer_end(&writer);
    if (err != SG_OK) {
        sg_census_line_breaks(census, 6, field, false);
        return SG_BYTES_TEXT("");
    }
    if (writer.size > max)
        sg_census_line_misfits(census, field);
    census->is_name_repaired =
        census->is_name_repaired ||
        (is_changed && field >= SG_CENSUS_NAME && field <= SG_CENSUS_GIVEN);
    return keep(census, &writer);
}

/* Gives any other text, at most MAX bytes. */
struct sg_bytes sg_census_line_text(struct sg_census *census,
                                    enum sg_census_field field, size_t max)
{
    struct sg_writer writer;
    bool is_changed;
    enum sg_err err;

    sg_writer_init_array(&writer, census->texts + census->n_texts,
                         SG_CENSUS_TEXTS_SIZE - census->n_texts);
    err = sg_nfc_write(&writer, census->values[field], &is_changed);
    if (err == SG_OK)
        err = sg_writer_end(&writer);
    if (err != SG_OK || writer.size > max) {
        sg_census_line_misfits(census, field);
        return SG_BYTES_TEXT("");
    }
    return keep(census, &writer);
}

/* A number up to MAX; false where there is none, or it is no such number. */
bool sg_census_line_number(struct sg_census *census, enum sg_census_field field,
                           uint64_t max, uint64_t *ret)
{
    if (!sg_census_line_has(census, field))
        return false;
    if (sg_text_decimal_decode(census->values[field], ret) == SG_OK &&
        *ret <= max)
        return true;
    sg_census_line_breaks(census, 7, field, false);
    return false;
}

bool sg_census_line_uid(struct sg_census *census, enum sg_census_field field,
                        struct sg_uid *ret)
{
    struct sg_writer writer;

    if (!sg_census_line_has(census, field))
        return false;
    sg_writer_init_array(&writer, ret->bytes, sizeof ret->bytes);
    sg_text_hex_decode(&writer, census->values[field]);
    if (sg_writer_end(&writer) == SG_OK && writer.size == sizeof ret->bytes)
        return true;
    sg_census_line_misfits(census, field);
    return false;
}

/* A unit: its 14 digits, or the code that it has on the day of the book. */
bool sg_census_line_unit(const struct sg_census *census,
                         enum sg_census_field field, struct sg_unit_key *ret)
{
    const struct sg_bytes text = census->values[field];
    const struct sg_unit *unit;
    struct sg_bytes digits = text;
    uint64_t value;

    while (digits.size > 1 && digits.data[0] == '0')
        digits = sg_bytes(digits.data + 1, digits.size - 1);
    if (text.size == 0 || sg_text_decimal_decode(digits, &value) != SG_OK)
        return false;
    ret->value = value;
    if (text.size == DIGITS_OF_UNIT)
        return sg_unit_key_is_valid(*ret) && value != 0;
    unit = value > 99999
               ? NULL
               : sg_unit_find_at(census->config.units, SG_UNIT_LEVEL_COMMUNE,
                                 (uint32_t)value, census->config.day);
    if (unit != NULL)
        *ret = unit->key;
    return unit != NULL;
}
