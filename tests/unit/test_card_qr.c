/* storage/registry/card_qr.h: the QR of the card of 2021. */
#include <string.h>

#include "storage/base/limits.h"
#include "storage/registry/card_qr.h"
#include "tests/lib/test.h"

#define TEXT(lit) SG_BYTES_TEXT(lit)

static const char good[] = "999188000001|171234567|NGUYỄN THỊ HOÀ|15031988|Nữ|"
                           "Thôn 7, Hàm Rồng|18062021";

static struct sg_card_qr parse(const char *text)
{
    struct sg_card_qr card;

    assert_ok(sg_card_qr_parse(sg_bytes(text, strlen(text)), &card));
    return card;
}

/* The seven fields are read; the old number may be empty. */
static void test_seven_fields(void **state)
{
    struct sg_card_qr card = parse(good);

    (void)state;
    assert_int_equal(card.number, UINT64_C(999188000001));
    assert_true(sg_bytes_equal(card.old_number, TEXT("171234567")));
    assert_true(sg_bytes_equal(card.name, TEXT("NGUYỄN THỊ HOÀ")));
    assert_int_equal(card.birth.ymd, 19880315);
    assert_int_equal(card.sex, SG_SEX_FEMALE);
    assert_true(sg_bytes_equal(card.address, TEXT("Thôn 7, Hàm Rồng")));
    assert_int_equal(card.issued.ymd, 20210618);
    card = parse("999088000001||LÊ NAM|15031988|Nam||18062021\r\n");
    assert_int_equal(card.old_number.size, 0);
    assert_int_equal(card.sex, SG_SEX_MALE);
}

/* What is not such a text is refused, and nothing of it is given. */
static void test_other_texts_are_refused(void **state)
{
    static const char *const malformed[] = {
        "",
        "999188000001",
        "999188000001||A|15031988|Nữ|x",
        "999188000001||A|15031988|Nữ|x|18062021|",
        "99918800001||A|15031988|Nữ|x|18062021",
        "999188000001|12345|A|15031988|Nữ|x|18062021",
        "999188000001|17123456x|A|15031988|Nữ|x|18062021",
        "999188000001|||15031988|Nữ|x|18062021",
        "999188000001||A|1503198|Nữ|x|18062021",
        "999188000001||A|15031988|nữ|x|18062021",
        "999188000001||A|15031988|Nữ|x|1806202x",
    };
    char big[SG_CARD_QR_SIZE_MAX + 1];
    struct sg_card_qr card = {.number = 7};

    (void)state;
    for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++)
        assert_err(sg_card_qr_parse(
                       sg_bytes(malformed[i], strlen(malformed[i])), &card),
                   MALFORMED);
    assert_err(
        sg_card_qr_parse(TEXT("999188000001||A|30021988|Nữ|x|18062021"), &card),
        INVALID);
    assert_err(sg_card_qr_parse(
                   TEXT("999188000001||A\xff|15031988|Nữ|x|18062021"), &card),
               TEXT);
    memset(big, 'a', sizeof(big));
    assert_err(sg_card_qr_parse(sg_bytes(big, sizeof(big)), &card), LIMIT);
    assert_err(sg_card_qr_parse(sg_bytes(big, sizeof(big) - 1), &card),
               MALFORMED);
    assert_int_equal(card.number, 7);
}

static unsigned differs(const struct sg_card_qr_stored *stored,
                        unsigned expected_compared)
{
    struct sg_card_qr card = parse(good);
    unsigned differing, compared;

    assert_ok(sg_card_qr_compare(&card, stored, &differing, &compared));
    assert_int_equal(compared, expected_compared);
    return differing;
}

/* V20: only what both know is compared; a name in another spelling is the same
 * name. */
static void test_compare(void **state)
{
    const struct sg_card_qr_stored same = {
        .number = UINT64_C(999188000001),
        .old_number = TEXT("171234567"),
        .name = {TEXT("Nguyễn"), TEXT("Thị"), TEXT("Hòa")},
        .birth = {19880315},
        .sex = SG_SEX_FEMALE,
        .issued = {20210618},
    };
    const struct sg_card_qr_stored nothing = {0};
    struct sg_card_qr_stored other = same;
    const unsigned all = 63;

    (void)state;
    assert_int_equal(differs(&same, all), 0);
    assert_int_equal(differs(&nothing, 0), 0);
    other.number++;
    assert_int_equal(differs(&other, all), SG_CARD_QR_NUMBER);
    other = same;
    other.name[2] = TEXT("Hoa");
    assert_int_equal(differs(&other, all), SG_CARD_QR_NAME);
    other = same;
    other.birth.ymd = 19880000;
    other.sex = SG_SEX_MALE;
    assert_int_equal(differs(&other, all), SG_CARD_QR_BIRTH | SG_CARD_QR_SEX);
    other = same;
    other.old_number = TEXT("171234568");
    other.issued.ymd = 20210619;
    assert_int_equal(differs(&other, all),
                     SG_CARD_QR_OLD_NUMBER | SG_CARD_QR_ISSUED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seven_fields),
        cmocka_unit_test(test_other_texts_are_refused),
        cmocka_unit_test(test_compare),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
