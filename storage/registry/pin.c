#include "storage/registry/pin.h"

#include <string.h>

#include "storage/base/check.h"

#define CENTURY_FIRST 1900u
#define CENTURY_END   2400u
/* The law on citizen identification of 2014 came into force. */
#define NUMBERS_FROM \
    {                \
        20160101     \
    }

/* Circular 07/2016, annex 1. */
static const struct sg_pin_province provinces[] = {
    {1, NUMBERS_FROM, "Hà Nội"},
    {2, NUMBERS_FROM, "Hà Giang"},
    {4, NUMBERS_FROM, "Cao Bằng"},
    {6, NUMBERS_FROM, "Bắc Kạn"},
    {8, NUMBERS_FROM, "Tuyên Quang"},
    {10, NUMBERS_FROM, "Lào Cai"},
    {11, NUMBERS_FROM, "Điện Biên"},
    {12, NUMBERS_FROM, "Lai Châu"},
    {14, NUMBERS_FROM, "Sơn La"},
    {15, NUMBERS_FROM, "Yên Bái"},
    {17, NUMBERS_FROM, "Hòa Bình"},
    {19, NUMBERS_FROM, "Thái Nguyên"},
    {20, NUMBERS_FROM, "Lạng Sơn"},
    {22, NUMBERS_FROM, "Quảng Ninh"},
    {24, NUMBERS_FROM, "Bắc Giang"},
    {25, NUMBERS_FROM, "Phú Thọ"},
    {26, NUMBERS_FROM, "Vĩnh Phúc"},
    {27, NUMBERS_FROM, "Bắc Ninh"},
    {30, NUMBERS_FROM, "Hải Dương"},
    {31, NUMBERS_FROM, "Hải Phòng"},
    {33, NUMBERS_FROM, "Hưng Yên"},
    {34, NUMBERS_FROM, "Thái Bình"},
    {35, NUMBERS_FROM, "Hà Nam"},
    {36, NUMBERS_FROM, "Nam Định"},
    {37, NUMBERS_FROM, "Ninh Bình"},
    {38, NUMBERS_FROM, "Thanh Hóa"},
    {40, NUMBERS_FROM, "Nghệ An"},
    {42, NUMBERS_FROM, "Hà Tĩnh"},
    {44, NUMBERS_FROM, "Quảng Bình"},
    {45, NUMBERS_FROM, "Quảng Trị"},
    {46, NUMBERS_FROM, "Thừa Thiên Huế"},
    {48, NUMBERS_FROM, "Đà Nẵng"},
    {49, NUMBERS_FROM, "Quảng Nam"},
    {51, NUMBERS_FROM, "Quảng Ngãi"},
    {52, NUMBERS_FROM, "Bình Định"},
    {54, NUMBERS_FROM, "Phú Yên"},
    {56, NUMBERS_FROM, "Khánh Hòa"},
    {58, NUMBERS_FROM, "Ninh Thuận"},
    {60, NUMBERS_FROM, "Bình Thuận"},
    {62, NUMBERS_FROM, "Kon Tum"},
    {64, NUMBERS_FROM, "Gia Lai"},
    {66, NUMBERS_FROM, "Đắk Lắk"},
    {67, NUMBERS_FROM, "Đắk Nông"},
    {68, NUMBERS_FROM, "Lâm Đồng"},
    {70, NUMBERS_FROM, "Bình Phước"},
    {72, NUMBERS_FROM, "Tây Ninh"},
    {74, NUMBERS_FROM, "Bình Dương"},
    {75, NUMBERS_FROM, "Đồng Nai"},
    {77, NUMBERS_FROM, "Bà Rịa - Vũng Tàu"},
    {79, NUMBERS_FROM, "Thành phố Hồ Chí Minh"},
    {80, NUMBERS_FROM, "Long An"},
    {82, NUMBERS_FROM, "Tiền Giang"},
    {83, NUMBERS_FROM, "Bến Tre"},
    {84, NUMBERS_FROM, "Trà Vinh"},
    {86, NUMBERS_FROM, "Vĩnh Long"},
    {87, NUMBERS_FROM, "Đồng Tháp"},
    {89, NUMBERS_FROM, "An Giang"},
    {91, NUMBERS_FROM, "Kiên Giang"},
    {92, NUMBERS_FROM, "Cần Thơ"},
    {93, NUMBERS_FROM, "Hậu Giang"},
    {94, NUMBERS_FROM, "Sóc Trăng"},
    {95, NUMBERS_FROM, "Bạc Liêu"},
    {96, NUMBERS_FROM, "Cà Mau"},
};

#define N_PROVINCES (sizeof(provinces) / sizeof(provinces[0]))
_Static_assert(N_PROVINCES == 63, "the provinces of 2008 to 2025");

enum sg_err sg_pin_parse(struct sg_bytes text, uint64_t *ret_number)
{
    uint64_t number = 0;

    if (text.size != SG_PIN_DIGITS)
        return SG_ERR_MALFORMED;
    for (size_t i = 0; i < SG_PIN_DIGITS; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return SG_ERR_MALFORMED;
        number = number * 10 + (uint64_t)(text.data[i] - '0');
    }
    *ret_number = number;
    return SG_OK;
}

void sg_pin_format(uint64_t number, char ret_text[SG_PIN_TEXT_SIZE])
{
    SG_ASSERT(number <= SG_PIN_MAX);
    for (size_t i = SG_PIN_DIGITS; i > 0; i--) {
        ret_text[i - 1] = (char)('0' + number % 10);
        number /= 10;
    }
    ret_text[SG_PIN_DIGITS] = '\0';
}

struct sg_pin_parts sg_pin_split(uint64_t number)
{
    unsigned digit = (unsigned)(number / 100000000 % 10);

    SG_ASSERT(number <= SG_PIN_MAX);
    return (struct sg_pin_parts){
        .province = (unsigned)(number / 1000000000),
        .sex = digit % 2 == 0 ? SG_SEX_MALE : SG_SEX_FEMALE,
        .year = CENTURY_FIRST + 100 * (digit / 2) +
                (unsigned)(number / 1000000 % 100),
        .serial = (unsigned)(number % 1000000),
    };
}

enum sg_err sg_pin_join(const struct sg_pin_parts *parts, uint64_t *ret_number)
{
    uint64_t digit;

    if (parts->sex != SG_SEX_MALE && parts->sex != SG_SEX_FEMALE)
        return SG_ERR_INVALID;
    if (parts->year < CENTURY_FIRST || parts->year >= CENTURY_END)
        return SG_ERR_INVALID;
    if (parts->province > 999 || parts->serial > SG_PIN_SERIAL_MAX)
        return SG_ERR_INVALID;
    digit = (parts->year - CENTURY_FIRST) / 100 * 2 +
            (parts->sex == SG_SEX_FEMALE ? 1 : 0);
    *ret_number = parts->province * UINT64_C(1000000000) +
                  digit * UINT64_C(100000000) +
                  parts->year % 100 * UINT64_C(1000000) + parts->serial;
    return SG_OK;
}

const struct sg_pin_province *sg_pin_provinces(size_t *ret_count)
{
    *ret_count = N_PROVINCES;
    return provinces;
}

bool sg_pin_is_province(unsigned code, struct sg_date day)
{
    for (size_t i = 0; i < N_PROVINCES; i++) {
        if (provinces[i].code == code)
            return sg_date_compare(provinces[i].from, day) <= 0;
    }
    return false;
}

enum sg_pin_verdict sg_pin_check_person(uint64_t number, enum sg_sex sex,
                                        struct sg_date birth)
{
    struct sg_pin_parts parts = sg_pin_split(number);

    if (sex != SG_SEX_UNKNOWN && sex != parts.sex)
        return SG_PIN_SEX;
    if (birth.ymd != 0 && birth.ymd / 10000 != parts.year)
        return SG_PIN_YEAR;
    return sex == SG_SEX_UNKNOWN || birth.ymd == 0 ? SG_PIN_UNKNOWN
                                                   : SG_PIN_FITS;
}

void sg_pin_block_read(const struct sg_record *record,
                       struct sg_pin_block *ret_block)
{
    struct sg_bytes node;

    SG_ASSERT(record->type == SG_TYPE_PIN_BLOCK);
    node = sg_record_bin(record, SG_FIELD_PIN_BLOCK_NODE);
    SG_ASSERT(node.size == sizeof(ret_block->node));
    memcpy(ret_block->node, node.data, node.size);
    ret_block->province =
        (unsigned)sg_record_uint(record, SG_FIELD_PIN_BLOCK_PROVINCE);
    ret_block->first =
        (unsigned)sg_record_uint(record, SG_FIELD_PIN_BLOCK_FIRST);
    ret_block->last = (unsigned)sg_record_uint(record, SG_FIELD_PIN_BLOCK_LAST);
    ret_block->expires = sg_record_date(record, SG_FIELD_PIN_BLOCK_EXPIRES);
}

enum sg_err sg_pin_block_check(const struct sg_pin_block *block,
                               uint64_t number, struct sg_date assigned,
                               const uint8_t node[SG_KEY_SIZE])
{
    struct sg_pin_parts parts = sg_pin_split(number);

    if (memcmp(block->node, node, SG_KEY_SIZE) != 0)
        return SG_ERR_ACCESS;
    if (parts.province != block->province || parts.serial < block->first ||
        parts.serial > block->last)
        return SG_ERR_LIMIT;
    if (sg_date_compare(assigned, block->expires) > 0)
        return SG_ERR_STATE;
    return SG_OK;
}

bool sg_pin_block_overlaps(const struct sg_pin_block *a,
                           const struct sg_pin_block *b)
{
    return a->province == b->province && a->first <= b->last &&
           b->first <= a->last;
}

enum sg_err sg_pin_block_draw(const struct sg_pin_block *block, enum sg_sex sex,
                              unsigned year, uint64_t random,
                              uint64_t *ret_number)
{
    struct sg_pin_parts parts = {
        .province = block->province, .sex = sex, .year = year};

    if (block->first > block->last)
        return SG_ERR_INVALID;
    parts.serial =
        block->first + (unsigned)(random % (block->last - block->first + 1));
    return sg_pin_join(&parts, ret_number);
}
