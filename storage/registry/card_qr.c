#include "storage/registry/card_qr.h"

#include "storage/base/limits.h"
#include "storage/base/text.h"
#include "storage/registry/name.h"

#define N_FIELDS 7
#define KEY_MAX  (4 * SG_NAME_SIZE_MAX)

/* Cuts TEXT at its bars. Errors: MALFORMED unless there are seven fields. */
static enum sg_err split(struct sg_bytes text, struct sg_bytes fields[N_FIELDS])
{
    size_t count = 0;
    size_t start = 0;

    for (size_t i = 0; i <= text.size; i++) {
        if (i < text.size && text.data[i] != '|')
            continue;
        if (count == N_FIELDS)
            return SG_ERR_MALFORMED;
        fields[count++] = sg_bytes(text.data + start, i - start);
        start = i + 1;
    }
    return count == N_FIELDS ? SG_OK : SG_ERR_MALFORMED;
}

/* Reads ddMMyyyy. */
static enum sg_err read_date(struct sg_bytes text, struct sg_date *ret_date)
{
    unsigned digits[8];
    struct sg_date date;

    if (text.size != 8)
        return SG_ERR_MALFORMED;
    for (size_t i = 0; i < 8; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return SG_ERR_MALFORMED;
        digits[i] = (unsigned)(text.data[i] - '0');
    }
    date = sg_date_make(digits[4] * 1000 + digits[5] * 100 + digits[6] * 10 +
                            digits[7],
                        digits[2] * 10 + digits[3], digits[0] * 10 + digits[1]);
    if (sg_date_precision(date) != SG_DATE_YMD)
        return SG_ERR_INVALID;
    *ret_date = date;
    return SG_OK;
}

static enum sg_err read_sex(struct sg_bytes text, enum sg_sex *ret_sex)
{
    if (sg_bytes_equal(text, SG_BYTES_TEXT("Nam")))
        *ret_sex = SG_SEX_MALE;
    else if (sg_bytes_equal(text, SG_BYTES_TEXT("Nữ")))
        *ret_sex = SG_SEX_FEMALE;
    else
        return SG_ERR_MALFORMED;
    return SG_OK;
}

static bool is_old_number(struct sg_bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    }
    return text.size == 0 || text.size == 9 || text.size == 12;
}

static struct sg_bytes without_line_end(struct sg_bytes text)
{
    if (text.size > 0 && text.data[text.size - 1] == '\n')
        text.size--;
    if (text.size > 0 && text.data[text.size - 1] == '\r')
        text.size--;
    return text;
}

enum sg_err sg_card_qr_parse(struct sg_bytes text, struct sg_card_qr *ret_card)
{
    struct sg_bytes fields[N_FIELDS];
    struct sg_card_qr card;
    enum sg_err err;

    if (text.size > SG_CARD_QR_SIZE_MAX)
        return SG_ERR_LIMIT;
    if (!sg_text_is_utf8(text))
        return SG_ERR_TEXT;
    err = split(without_line_end(text), fields);
    if (err == SG_OK)
        err = sg_pin_parse(fields[0], &card.number);
    if (err == SG_OK && !is_old_number(fields[1]))
        err = SG_ERR_MALFORMED;
    if (err == SG_OK && fields[2].size == 0)
        err = SG_ERR_MALFORMED;
    if (err == SG_OK)
        err = read_date(fields[3], &card.birth);
    if (err == SG_OK)
        err = read_sex(fields[4], &card.sex);
    if (err == SG_OK)
        err = read_date(fields[6], &card.issued);
    if (err != SG_OK)
        return err;
    card.old_number = fields[1];
    card.name = fields[2];
    card.address = fields[5];
    *ret_card = card;
    return SG_OK;
}

static void note(unsigned field, bool is_known, bool is_equal,
                 unsigned *differs, unsigned *compared)
{
    if (!is_known)
        return;
    *compared |= field;
    if (!is_equal)
        *differs |= field;
}

static enum sg_err names_equal(const struct sg_card_qr *card,
                               const struct sg_bytes stored[3],
                               bool *ret_is_equal)
{
    const struct sg_bytes whole[3] = {{0}, {0}, card->name};
    uint8_t left[KEY_MAX], right[KEY_MAX];
    struct sg_writer a, b;
    enum sg_err err;

    sg_writer_init_array(&a, left, sizeof(left));
    sg_writer_init_array(&b, right, sizeof(right));
    err = sg_name_match_key(&a, whole);
    if (err == SG_OK)
        err = sg_name_match_key(&b, stored);
    if (err == SG_OK)
        *ret_is_equal =
            sg_bytes_equal(sg_bytes(left, a.size), sg_bytes(right, b.size));
    return err;
}

enum sg_err sg_card_qr_compare(const struct sg_card_qr *card,
                               const struct sg_card_qr_stored *stored,
                               unsigned *ret_differs, unsigned *ret_compared)
{
    unsigned differs = 0, compared = 0;
    bool is_same_name = true;
    enum sg_err err = SG_OK;

    if (stored->name[2].size > 0)
        err = names_equal(card, stored->name, &is_same_name);
    if (err != SG_OK)
        return err;
    note(SG_CARD_QR_NUMBER, stored->number != 0, stored->number == card->number,
         &differs, &compared);
    note(SG_CARD_QR_OLD_NUMBER,
         stored->old_number.size > 0 && card->old_number.size > 0,
         sg_bytes_equal(stored->old_number, card->old_number), &differs,
         &compared);
    note(SG_CARD_QR_NAME, stored->name[2].size > 0, is_same_name, &differs,
         &compared);
    note(SG_CARD_QR_BIRTH, stored->birth.ymd != 0,
         stored->birth.ymd == card->birth.ymd, &differs, &compared);
    note(SG_CARD_QR_SEX, stored->sex != SG_SEX_UNKNOWN,
         stored->sex == card->sex, &differs, &compared);
    note(SG_CARD_QR_ISSUED, stored->issued.ymd != 0,
         stored->issued.ymd == card->issued.ymd, &differs, &compared);
    *ret_differs = differs;
    *ret_compared = compared;
    return SG_OK;
}
