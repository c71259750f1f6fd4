#include "tools/synth_flaw.h"

#include <string.h>

#include "storage/base/check.h"

#define TONES 6

/* A vowel without tone and with the five tones, as in TCVN 6909 and in the
 * bytes of TCVN3; and what it is made of when decomposed. */
struct vowel {
    const char *letters[TONES];
    uint8_t tcvn3[TONES];
    char base;
    const char *quality;   /* mark that goes before the tones but the last */
    bool is_quality_first; /* and before the last too: the horn */
};

#define BREVE      "\xcc\x86"
#define CIRCUMFLEX "\xcc\x82"
#define HORN       "\xcc\x9b"

static const struct vowel vowels[] = {
    {{"a", "à", "á", "ả", "ã", "ạ"},
     {'a', 0xb5, 0xb8, 0xb6, 0xb7, 0xb9},
     'a',
     "",
     false},
    {{"ă", "ằ", "ắ", "ẳ", "ẵ", "ặ"},
     {0xa8, 0xbb, 0xbe, 0xbc, 0xbd, 0xc6},
     'a',
     BREVE,
     false},
    {{"â", "ầ", "ấ", "ẩ", "ẫ", "ậ"},
     {0xa9, 0xc7, 0xca, 0xc8, 0xc9, 0xcb},
     'a',
     CIRCUMFLEX,
     false},
    {{"e", "è", "é", "ẻ", "ẽ", "ẹ"},
     {'e', 0xcc, 0xd0, 0xce, 0xcf, 0xd1},
     'e',
     "",
     false},
    {{"ê", "ề", "ế", "ể", "ễ", "ệ"},
     {0xaa, 0xd2, 0xd5, 0xd3, 0xd4, 0xd6},
     'e',
     CIRCUMFLEX,
     false},
    {{"i", "ì", "í", "ỉ", "ĩ", "ị"},
     {'i', 0xd7, 0xdd, 0xd8, 0xdc, 0xde},
     'i',
     "",
     false},
    {{"o", "ò", "ó", "ỏ", "õ", "ọ"},
     {'o', 0xdf, 0xe3, 0xe1, 0xe2, 0xe4},
     'o',
     "",
     false},
    {{"ô", "ồ", "ố", "ổ", "ỗ", "ộ"},
     {0xab, 0xe5, 0xe8, 0xe6, 0xe7, 0xe9},
     'o',
     CIRCUMFLEX,
     false},
    {{"ơ", "ờ", "ớ", "ở", "ỡ", "ợ"},
     {0xac, 0xea, 0xed, 0xeb, 0xec, 0xee},
     'o',
     HORN,
     true},
    {{"u", "ù", "ú", "ủ", "ũ", "ụ"},
     {'u', 0xef, 0xf3, 0xf1, 0xf2, 0xf4},
     'u',
     "",
     false},
    {{"ư", "ừ", "ứ", "ử", "ữ", "ự"},
     {0xad, 0xf5, 0xf8, 0xf6, 0xf7, 0xf9},
     'u',
     HORN,
     true},
    {{"y", "ỳ", "ý", "ỷ", "ỹ", "ỵ"},
     {'y', 0xfa, 0xfd, 0xfb, 0xfc, 0xfe},
     'y',
     "",
     false},
};
#define N_VOWELS (sizeof vowels / sizeof vowels[0])

/* None, grave, acute, hook, tilde, and the dot below. */
static const char *const tones[TONES] = {"",         "\xcc\x80", "\xcc\x81",
                                         "\xcc\x89", "\xcc\x83", "\xcc\xa3"};

void sg_synth_flaw_put(struct sg_synth_text *text, struct sg_bytes bytes)
{
    SG_ASSERT(bytes.size <= SG_SYNTH_TEXT_SIZE_MAX - (size_t)text->size);
    if (bytes.size > 0)
        memcpy(text->bytes + text->size, bytes.data, bytes.size);
    text->size = (uint8_t)(text->size + bytes.size);
}

static void put_word(struct sg_synth_text *text, const char *word)
{
    sg_synth_flaw_put(text, sg_bytes(word, strlen(word)));
}

void sg_synth_flaw_put_number(struct sg_synth_text *text, uint64_t value,
                              unsigned digits)
{
    uint8_t bytes[20];
    size_t begin = sizeof bytes;

    do {
        bytes[--begin] = (uint8_t)('0' + value % 10);
        value /= 10;
    } while (value > 0 || sizeof bytes - begin < digits);
    sg_synth_flaw_put(text, sg_bytes(bytes + begin, sizeof bytes - begin));
}

void sg_synth_flaw_add(struct sg_synth_person *person,
                       enum sg_synth_flaw_kind kind, const char *field)
{
    SG_ASSERT(person->n_flaws < SG_SYNTH_FLAW_COUNT);
    person->flaws[person->n_flaws++] = (struct sg_synth_flaw){
        .kind = kind, .field = field, .truth = {.size = 0}, .other = NULL};
}

static struct sg_synth_text *truth(struct sg_synth_person *person)
{
    SG_ASSERT(person->n_flaws > 0);
    return &person->flaws[person->n_flaws - 1].truth;
}

void sg_synth_flaw_truth_number(struct sg_synth_person *person, uint64_t value)
{
    sg_synth_flaw_put_number(truth(person), value, 1);
}

void sg_synth_flaw_truth_text(struct sg_synth_person *person,
                              struct sg_synth_text text)
{
    *truth(person) = text;
}

/*
 * Spoilt names.
 */

/* Returns the bytes of the letter of UTF-8 that begins at DATA. */
static size_t letter_size(uint8_t first)
{
    return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* Finds the vowel with its tone at the start of BYTES; NULL for none. */
static const struct vowel *vowel_at(struct sg_bytes bytes, size_t *ret_tone)
{
    for (size_t v = 0; bytes.size > 0 && v < N_VOWELS; v++)
        for (size_t t = 0; t < TONES; t++) {
            size_t size = strlen(vowels[v].letters[t]);

            if (size <= bytes.size &&
                memcmp(bytes.data, vowels[v].letters[t], size) == 0) {
                *ret_tone = t;
                return &vowels[v];
            }
        }
    return NULL;
}

static struct sg_bytes rest(struct sg_bytes bytes, size_t size)
{
    return sg_bytes(bytes.data + size, bytes.size - size);
}

/* Puts the letter at the start of FROM to TO, spoilt, and returns the bytes of
 * FROM that are dealt with. */
typedef size_t spoil_letter(struct sg_bytes from, struct sg_synth_text *to);

static size_t letter_nfd(struct sg_bytes from, struct sg_synth_text *to)
{
    size_t size = letter_size(from.data[0]);
    size_t tone = 0;
    const struct vowel *vowel = vowel_at(from, &tone);

    if (vowel == NULL || size == 1) {
        sg_synth_flaw_put(to, sg_bytes(from.data, size));
        return size;
    }
    sg_synth_flaw_put(to, sg_bytes(&vowel->base, 1));
    /* By combining class: horn 216, dot below 220, all others 230. */
    if (tone == TONES - 1 && !vowel->is_quality_first) {
        put_word(to, tones[tone]);
        put_word(to, vowel->quality);
    } else {
        put_word(to, vowel->quality);
        put_word(to, tones[tone]);
    }
    return size;
}

static bool is_word_end(struct sg_bytes bytes)
{
    return bytes.size == 0 || bytes.data[0] == ' ';
}

/* òa to oà, òe to oè, ùy to uỳ, at the end of a word. */
static size_t letter_tone(struct sg_bytes from, struct sg_synth_text *to)
{
    size_t size = letter_size(from.data[0]);
    size_t tone = 0;
    const struct vowel *first = vowel_at(from, &tone);

    if (first != NULL && tone > 0 && from.size > size &&
        is_word_end(rest(from, size + 1)) && first->quality[0] == '\0' &&
        ((first->base == 'o' && strchr("ae", from.data[size]) != NULL) ||
         (first->base == 'u' && from.data[size] == 'y'))) {
        size_t none = 0;
        const struct vowel *second = vowel_at(rest(from, size), &none);

        put_word(to, first->letters[0]);
        put_word(to, second->letters[tone]);
        return size + 1;
    }
    sg_synth_flaw_put(to, sg_bytes(from.data, size));
    return size;
}

static void put_latin1(struct sg_synth_text *to, uint8_t byte)
{
    uint8_t utf8[2] = {(uint8_t)(0xc0 | byte >> 6),
                       (uint8_t)(0x80 | (byte & 0x3f))};

    if (byte < 0x80)
        sg_synth_flaw_put(to, sg_bytes(&byte, 1));
    else
        sg_synth_flaw_put(to, sg_bytes(utf8, 2));
}

static size_t letter_latin1(struct sg_bytes from, struct sg_synth_text *to)
{
    put_latin1(to, from.data[0]);
    return 1;
}

static size_t letter_tcvn3(struct sg_bytes from, struct sg_synth_text *to)
{
    size_t size = letter_size(from.data[0]);
    size_t tone = 0;
    const struct vowel *vowel = vowel_at(from, &tone);

    if (vowel != NULL)
        put_latin1(to, vowel->tcvn3[tone]);
    else if (size == 2 && memcmp(from.data, "đ", 2) == 0)
        put_latin1(to, 0xae);
    else if (size == 2 && memcmp(from.data, "Đ", 2) == 0)
        put_latin1(to, 0xa7);
    else
        sg_synth_flaw_put(to, sg_bytes(from.data, size));
    return size;
}

static struct sg_bytes spoil_part(struct sg_bytes from, spoil_letter *letter,
                                  struct sg_synth_text *to)
{
    size_t begin = to->size;

    while (from.size > 0)
        from = rest(from, letter(from, to));
    return sg_bytes(to->bytes + begin, to->size - begin);
}

static bool name_equal(const struct sg_synth_name *a,
                       const struct sg_synth_name *b)
{
    return sg_bytes_equal(a->family, b->family) &&
           sg_bytes_equal(a->middle, b->middle) &&
           sg_bytes_equal(a->given, b->given);
}

/* Spoils the three parts by LETTER. A name that comes out as it was has no
 * flaw. */
static void spoil_name(struct sg_synth_person *person, spoil_letter *letter,
                       enum sg_synth_flaw_kind kind)
{
    struct sg_synth_name was = person->name;
    struct sg_synth_name *name = &person->name;
    struct sg_synth_text *text = &person->name_text;

    text->size = 0;
    name->family = spoil_part(was.family, letter, text);
    name->middle = spoil_part(was.middle, letter, text);
    name->given = spoil_part(was.given, letter, text);
    if (name_equal(name, &was))
        return;
    sg_synth_flaw_add(person, kind, "name");
    sg_synth_flaw_put(truth(person), was.family);
    put_word(truth(person), was.middle.size > 0 ? " " : "");
    sg_synth_flaw_put(truth(person), was.middle);
    put_word(truth(person), " ");
    sg_synth_flaw_put(truth(person), was.given);
}

void sg_synth_flaw_nfd(struct sg_synth_person *person)
{
    spoil_name(person, letter_nfd, SG_SYNTH_NFD);
}

void sg_synth_flaw_tone(struct sg_synth_person *person)
{
    spoil_name(person, letter_tone, SG_SYNTH_TONE);
}

void sg_synth_flaw_mojibake(struct sg_synth_person *person, bool is_tcvn3)
{
    spoil_name(person, is_tcvn3 ? letter_tcvn3 : letter_latin1,
               SG_SYNTH_MOJIBAKE);
}
