#include "storage/registry/quality/duplicate.h"

#include <string.h>

#include "storage/base/crypto.h"

/* Tenths of bits. For two different persons of one province drawn at random,
 * that a value agrees by chance has the probability 2^-(weight / 10). */
enum weight {
    NAME_EQUAL = 90, /* where nothing is known of how common it is */
    NAME_EQUAL_MIN = 45,
    NAME_SPELT = 60,   /* equal but for tones and marks */
    NAME_PARTLY = 60,  /* a middle name more or less */
    NAME_SWAPPED = 60, /* family and given name in each other's place */
    NAME_SLIP = 45,    /* one letter */
    NAME_OTHER = -250,
    BIRTH_DAY = 140,
    BIRTH_SWAPPED = 100, /* day and month in each other's place */
    BIRTH_SLIP = 50,     /* one digit, in full dates */
    BIRTH_YEAR = 60,     /* of one only the year is known */
    BIRTH_MONTH = 80,    /* of one only year and month */
    BIRTH_SAME_YEAR = -40,
    BIRTH_OTHER = -110,
    SEX_EQUAL = 10,
    SEX_OTHER = -60,
    PIN_EQUAL = 150,
    PIN_OTHER = -90,
    OLD_EQUAL = 140,
    OLD_OTHER = -10,
    PARENT_EQUAL = 80,
    PARENT_OTHER = -40,
    HOMETOWN_EQUAL = 70,
    HOMETOWN_NEAR = 10, /* where they live in one unit anyway */
    HOMETOWN_OTHER = -20,
    UNIT_EQUAL = 40,
    ADDRESS_EQUAL = 15,
    UNIT_OTHER = -10,
    PHONE_EQUAL = 70,
    PHONE_OTHER = -5,
};

/* One entry in 200 is a second one: of two entries of N, before anything is
 * compared, the odds that they are one person are about 1 to 100 N. */
#define PRIOR_BASE       66
#define PRIOR_POPULATION 200000u /* where it is not known */

static int log2_tenths(uint64_t value)
{
    int tenths = 0;

    for (; value > 1; value /= 2)
        tenths += 10;
    return tenths;
}

static bool is_empty(struct sg_bytes bytes)
{
    return bytes.size == 0;
}

static bool equals(struct sg_bytes a, struct sg_bytes b)
{
    return a.size == b.size &&
           (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* One letter more, less or other. */
static bool is_slip(struct sg_bytes a, struct sg_bytes b)
{
    size_t shorter = a.size < b.size ? a.size : b.size;
    size_t front = 0;
    size_t back = 0;

    if (a.size > b.size + 1 || b.size > a.size + 1)
        return false;
    while (front < shorter && a.data[front] == b.data[front])
        front++;
    while (back < shorter - front &&
           a.data[a.size - 1 - back] == b.data[b.size - 1 - back])
        back++;
    return a.size - front - back <= 1 && b.size - front - back <= 1;
}

static int rarity(uint64_t common, uint64_t population)
{
    int tenths;

    if (common == 0 || population <= common)
        return NAME_EQUAL;
    tenths = log2_tenths(population / common);
    return tenths < NAME_EQUAL_MIN ? NAME_EQUAL_MIN : tenths;
}

static int part(struct sg_duplicate_score *score, enum sg_duplicate_part which,
                int agreement, int weight)
{
    score->parts[which] = (int16_t)agreement;
    return weight;
}

static int compare_names(const struct sg_duplicate_entry *a,
                         const struct sg_duplicate_entry *b, uint64_t common,
                         uint64_t population, struct sg_duplicate_score *score)
{
    bool same_ends = equals(a->family, b->family) && equals(a->given, b->given);

    if (is_empty(a->match) || is_empty(b->match))
        return part(score, SG_DUPLICATE_NAME, -1, 0);
    if (equals(a->match, b->match))
        return part(score, SG_DUPLICATE_NAME, 1000, rarity(common, population));
    if (same_ends && equals(a->middle, b->middle))
        return part(score, SG_DUPLICATE_NAME, 850, NAME_SPELT);
    if (same_ends && (is_empty(a->middle) || is_empty(b->middle)))
        return part(score, SG_DUPLICATE_NAME, 750, NAME_PARTLY);
    if (equals(a->family, b->given) && equals(a->given, b->family) &&
        equals(a->middle, b->middle))
        return part(score, SG_DUPLICATE_NAME, 700, NAME_SWAPPED);
    if (is_slip(a->family, b->family) + is_slip(a->middle, b->middle) +
                is_slip(a->given, b->given) ==
            3 &&
        equals(a->family, b->family) + equals(a->middle, b->middle) +
                equals(a->given, b->given) ==
            2)
        return part(score, SG_DUPLICATE_NAME, 650, NAME_SLIP);
    return part(score, SG_DUPLICATE_NAME, 0, NAME_OTHER);
}

static unsigned digits_apart(uint32_t a, uint32_t b)
{
    unsigned n = 0;

    for (; a != 0 || b != 0; a /= 10, b /= 10)
        n += a % 10 != b % 10;
    return n;
}

static int compare_full_births(uint32_t a, uint32_t b,
                               struct sg_duplicate_score *score)
{
    if (a == b)
        return part(score, SG_DUPLICATE_BIRTH, 1000, BIRTH_DAY);
    if (a / 10000 == b / 10000 && a / 100 % 100 == b % 100 &&
        b / 100 % 100 == a % 100)
        return part(score, SG_DUPLICATE_BIRTH, 800, BIRTH_SWAPPED);
    if (digits_apart(a, b) == 1)
        return part(score, SG_DUPLICATE_BIRTH, 600, BIRTH_SLIP);
    /* The first of January stands for a year of which no more is known. */
    if (a / 10000 == b / 10000 && (a % 10000 == 101 || b % 10000 == 101))
        return part(score, SG_DUPLICATE_BIRTH, 500, BIRTH_YEAR);
    if (a / 10000 == b / 10000)
        return part(score, SG_DUPLICATE_BIRTH, 200, BIRTH_SAME_YEAR);
    return part(score, SG_DUPLICATE_BIRTH, 0, BIRTH_OTHER);
}

static int compare_births(struct sg_date a, struct sg_date b,
                          struct sg_duplicate_score *score)
{
    enum sg_date_precision less = sg_date_precision(a);

    if (!sg_date_is_valid(a) || !sg_date_is_valid(b))
        return part(score, SG_DUPLICATE_BIRTH, -1, 0);
    if (sg_date_precision(b) < less)
        less = sg_date_precision(b);
    if (less == SG_DATE_YMD)
        return compare_full_births(a.ymd, b.ymd, score);
    if (a.ymd / 10000 != b.ymd / 10000)
        return part(score, SG_DUPLICATE_BIRTH, 0, BIRTH_OTHER);
    if (less == SG_DATE_Y)
        return part(score, SG_DUPLICATE_BIRTH, 500, BIRTH_YEAR);
    if (a.ymd / 100 == b.ymd / 100)
        return part(score, SG_DUPLICATE_BIRTH, 700, BIRTH_MONTH);
    return part(score, SG_DUPLICATE_BIRTH, 200, BIRTH_SAME_YEAR);
}

/* Values that agree or do not. */
static int compare_plain(bool is_known, bool is_equal,
                         enum sg_duplicate_part which, int equal, int other,
                         struct sg_duplicate_score *score)
{
    if (!is_known)
        return part(score, which, -1, 0);
    return is_equal ? part(score, which, 1000, equal)
                    : part(score, which, 0, other);
}

static int compare_texts(struct sg_bytes a, struct sg_bytes b,
                         enum sg_duplicate_part which, int equal, int other,
                         struct sg_duplicate_score *score)
{
    return compare_plain(!is_empty(a) && !is_empty(b), equals(a, b), which,
                         equal, other, score);
}

static int compare_parents(const struct sg_duplicate_entry *a,
                           const struct sg_duplicate_entry *b,
                           struct sg_duplicate_score *score)
{
    const struct sg_bytes of_a[2] = {a->father, a->mother};
    const struct sg_bytes of_b[2] = {b->father, b->mother};
    int known = 0;
    int agree = 0;

    for (int i = 0; i < 2; i++) {
        if (is_empty(of_a[i]) || is_empty(of_b[i]))
            continue;
        known++;
        agree += equals(of_a[i], of_b[i]);
    }
    if (known == 0)
        return part(score, SG_DUPLICATE_PARENTS, -1, 0);
    return part(score, SG_DUPLICATE_PARENTS, 1000 * agree / known,
                agree * PARENT_EQUAL + (known - agree) * PARENT_OTHER);
}

/* Who lives in one commune mostly comes from there: it says little then. */
static int compare_hometowns(const struct sg_duplicate_entry *a,
                             const struct sg_duplicate_entry *b,
                             struct sg_duplicate_score *score)
{
    bool is_near = sg_unit_key_equal(a->residence, b->residence);

    return compare_plain(
        a->hometown.value != 0 && b->hometown.value != 0,
        sg_unit_key_equal(a->hometown, b->hometown), SG_DUPLICATE_HOMETOWN,
        is_near ? HOMETOWN_NEAR : HOMETOWN_EQUAL, HOMETOWN_OTHER, score);
}

static int compare_homes(const struct sg_duplicate_entry *a,
                         const struct sg_duplicate_entry *b,
                         struct sg_duplicate_score *score)
{
    if (a->residence.value == 0 || b->residence.value == 0)
        return part(score, SG_DUPLICATE_RESIDENCE, -1, 0);
    if (!sg_unit_key_equal(a->residence, b->residence))
        return part(score, SG_DUPLICATE_RESIDENCE, 0, UNIT_OTHER);
    if (!is_empty(a->address) && equals(a->address, b->address))
        return part(score, SG_DUPLICATE_RESIDENCE, 1000,
                    UNIT_EQUAL + ADDRESS_EQUAL);
    return part(score, SG_DUPLICATE_RESIDENCE, 700, UNIT_EQUAL);
}

/* From the odds to a scale of 1,000: even odds are 700, the default of policy
 * 6; three bits halve what is left to either end. */
static uint16_t total_of(int weight, uint64_t population)
{
    int over = weight - PRIOR_BASE -
               log2_tenths(population == 0 ? PRIOR_POPULATION : population);
    int rest = over < 0 ? 700 : 300;

    for (int bits = (over < 0 ? -over : over) / 10; bits > 0 && rest > 0;
         bits -= 3)
        rest /= 2;
    return (uint16_t)(over < 0 ? rest : 1000 - rest);
}

void sg_duplicate_compare(const struct sg_duplicate_entry *a,
                          const struct sg_duplicate_entry *b, uint64_t common,
                          uint64_t population,
                          struct sg_duplicate_score *ret_score)
{
    struct sg_duplicate_score *score = ret_score;
    int weight = 0;

    *score = (struct sg_duplicate_score){0};
    weight += compare_names(a, b, common, population, score);
    weight += compare_births(a->birth, b->birth, score);
    weight += compare_plain(a->sex != 0 && b->sex != 0, a->sex == b->sex,
                            SG_DUPLICATE_SEX, SEX_EQUAL, SEX_OTHER, score);
    weight += compare_plain(a->pin != 0 && b->pin != 0, a->pin == b->pin,
                            SG_DUPLICATE_PIN, PIN_EQUAL, PIN_OTHER, score);
    weight +=
        compare_texts(a->old_number, b->old_number, SG_DUPLICATE_OLD_NUMBER,
                      OLD_EQUAL, OLD_OTHER, score);
    weight += compare_parents(a, b, score);
    weight += compare_hometowns(a, b, score);
    weight += compare_homes(a, b, score);
    weight += compare_texts(a->phone, b->phone, SG_DUPLICATE_PHONE, PHONE_EQUAL,
                            PHONE_OTHER, score);
    score->weight = (int16_t)weight;
    score->total = total_of(weight, population);
}

/* --- Keys ----------------------------------------------------------------- */

uint64_t sg_duplicate_hash(const uint8_t secret[32], struct sg_bytes text)
{
    uint8_t bytes[16];
    uint64_t hash;

    sg_crypto_blake2b(secret, 32, text.data, text.size, bytes, sizeof bytes);
    memcpy(&hash, bytes, sizeof hash);
    return hash;
}

struct maker {
    const uint8_t *secret;
    uint64_t *keys;
    size_t count;
};

/* Adds the key of a kind and two texts, unless one is missing. */
static void add_key(struct maker *maker, uint8_t kind, struct sg_bytes a,
                    struct sg_bytes b)
{
    uint8_t text[2 * 256 + 2];
    size_t size = 0;

    if (is_empty(a) || is_empty(b) || a.size > 256 || b.size > 256)
        return;
    text[size++] = kind;
    memcpy(text + size, a.data, a.size);
    size += a.size;
    text[size++] = 0;
    memcpy(text + size, b.data, b.size);
    size += b.size;
    maker->keys[maker->count++] =
        sg_duplicate_hash(maker->secret, sg_bytes(text, size));
}

size_t sg_duplicate_keys(const struct sg_duplicate_entry *entry,
                         const uint8_t secret[32],
                         uint64_t ret_keys[SG_DUPLICATE_KEYS_MAX])
{
    struct maker maker = {.secret = secret, .keys = ret_keys};
    uint32_t year = entry->birth.ymd / 10000;
    uint32_t day = entry->birth.ymd;
    struct sg_bytes year_text = sg_bytes(&year, year != 0 ? sizeof year : 0);
    struct sg_bytes day_text = sg_bytes(
        &day, sg_date_precision(entry->birth) == SG_DATE_YMD ? sizeof day : 0);
    struct sg_bytes unit =
        sg_bytes(&entry->residence,
                 entry->residence.value != 0 ? sizeof entry->residence : 0);
    struct sg_bytes pin =
        sg_bytes(&entry->pin, entry->pin != 0 ? sizeof entry->pin : 0);

    add_key(&maker, 1, entry->match, year_text);
    add_key(&maker, 2, entry->given, day_text);
    add_key(&maker, 3, entry->old_number, entry->old_number);
    add_key(&maker, 4, entry->phone, entry->given);
    add_key(&maker, 5, entry->match, entry->father);
    add_key(&maker, 6, entry->match, entry->mother);
    add_key(&maker, 7, entry->match, unit);
    add_key(&maker, 8, pin, pin);
    /* As the given name's: it may stand in its place. */
    if (!equals(entry->family, entry->given))
        add_key(&maker, 2, entry->family, day_text);
    return maker.count;
}
