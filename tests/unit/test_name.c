/* storage/registry/name.h, on all the syllables that Vietnamese can form. */
#include <stdio.h>
#include <string.h>

#include "storage/base/limits.h"
#include "storage/registry/name.h"
#include "storage/registry/nfc.h"
#include "tests/lib/page.h"
#include "tests/lib/test.h"

#define TEXT(literal) SG_BYTES_TEXT(literal)

/* The tone goes behind the character that stands before `|`; where custom has
 * two places for it, the second spelling has the other. */
static const struct {
    const char *rime;
    const char *other;
    const char *plain; /* without diacritics */
} rimes[] = {
    {"a|", NULL, "a"},       {"a|c", NULL, "ac"},     {"a|ch", NULL, "ach"},
    {"a|i", NULL, "ai"},     {"a|m", NULL, "am"},     {"a|n", NULL, "an"},
    {"a|ng", NULL, "ang"},   {"a|nh", NULL, "anh"},   {"a|o", NULL, "ao"},
    {"a|p", NULL, "ap"},     {"a|t", NULL, "at"},     {"a|u", NULL, "au"},
    {"a|y", NULL, "ay"},     {"ă|c", NULL, "ac"},     {"ă|m", NULL, "am"},
    {"ă|n", NULL, "an"},     {"ă|ng", NULL, "ang"},   {"ă|t", NULL, "at"},
    {"â|m", NULL, "am"},     {"â|n", NULL, "an"},     {"â|ng", NULL, "ang"},
    {"â|t", NULL, "at"},     {"â|u", NULL, "au"},     {"â|y", NULL, "ay"},
    {"e|", NULL, "e"},       {"e|c", NULL, "ec"},     {"e|m", NULL, "em"},
    {"e|n", NULL, "en"},     {"e|ng", NULL, "eng"},   {"e|o", NULL, "eo"},
    {"e|t", NULL, "et"},     {"ê|", NULL, "e"},       {"ê|ch", NULL, "ech"},
    {"ê|m", NULL, "em"},     {"ê|n", NULL, "en"},     {"ê|nh", NULL, "enh"},
    {"ê|t", NULL, "et"},     {"ê|u", NULL, "eu"},     {"i|", NULL, "i"},
    {"i|a", NULL, "ia"},     {"i|ch", NULL, "ich"},   {"iê|c", NULL, "iec"},
    {"iê|m", NULL, "iem"},   {"iê|n", NULL, "ien"},   {"iê|ng", NULL, "ieng"},
    {"iê|p", NULL, "iep"},   {"iê|t", NULL, "iet"},   {"iê|u", NULL, "ieu"},
    {"i|m", NULL, "im"},     {"i|n", NULL, "in"},     {"i|nh", NULL, "inh"},
    {"i|p", NULL, "ip"},     {"i|t", NULL, "it"},     {"i|u", NULL, "iu"},
    {"o|", NULL, "o"},       {"o|a", "oa|", "oa"},    {"oa|c", NULL, "oac"},
    {"oa|i", NULL, "oai"},   {"oa|n", NULL, "oan"},   {"oa|ng", NULL, "oang"},
    {"oa|nh", NULL, "oanh"}, {"oa|t", NULL, "oat"},   {"oă|n", NULL, "oan"},
    {"o|e", "oe|", "oe"},    {"oe|n", NULL, "oen"},   {"o|i", NULL, "oi"},
    {"o|m", NULL, "om"},     {"o|n", NULL, "on"},     {"o|ng", NULL, "ong"},
    {"o|t", NULL, "ot"},     {"ô|", NULL, "o"},       {"ô|c", NULL, "oc"},
    {"ô|i", NULL, "oi"},     {"ô|m", NULL, "om"},     {"ô|n", NULL, "on"},
    {"ô|ng", NULL, "ong"},   {"ơ|", NULL, "o"},       {"ơ|i", NULL, "oi"},
    {"ơ|m", NULL, "om"},     {"ơ|n", NULL, "on"},     {"ơ|t", NULL, "ot"},
    {"u|", NULL, "u"},       {"u|a", NULL, "ua"},     {"uâ|n", NULL, "uan"},
    {"uâ|t", NULL, "uat"},   {"u|c", NULL, "uc"},     {"uê|", NULL, "ue"},
    {"u|i", NULL, "ui"},     {"u|m", NULL, "um"},     {"u|n", NULL, "un"},
    {"u|ng", NULL, "ung"},   {"uô|c", NULL, "uoc"},   {"uô|i", NULL, "uoi"},
    {"uô|n", NULL, "uon"},   {"uô|ng", NULL, "uong"}, {"uơ|", NULL, "uo"},
    {"u|t", NULL, "ut"},     {"u|y", "uy|", "uy"},    {"uyê|n", NULL, "uyen"},
    {"uyê|t", NULL, "uyet"}, {"uy|nh", NULL, "uynh"}, {"ư|", NULL, "u"},
    {"ư|a", NULL, "ua"},     {"ư|c", NULL, "uc"},     {"ư|ng", NULL, "ung"},
    {"ươ|c", NULL, "uoc"},   {"ươ|i", NULL, "uoi"},   {"ươ|n", NULL, "uon"},
    {"ươ|ng", NULL, "uong"}, {"ươ|u", NULL, "uou"},   {"ư|u", NULL, "uu"},
    {"y|", NULL, "y"},       {"yê|n", NULL, "yen"},   {"yê|u", NULL, "yeu"},
};

static const struct {
    const char *onset;
    const char *plain;
} onsets[] = {
    {"", ""},     {"b", "b"},     {"c", "c"},   {"ch", "ch"}, {"d", "d"},
    {"đ", "d"},   {"g", "g"},     {"gh", "gh"}, {"gi", "gi"}, {"h", "h"},
    {"k", "k"},   {"kh", "kh"},   {"l", "l"},   {"m", "m"},   {"n", "n"},
    {"ng", "ng"}, {"ngh", "ngh"}, {"nh", "nh"}, {"ph", "ph"}, {"qu", "qu"},
    {"r", "r"},   {"s", "s"},     {"t", "t"},   {"th", "th"}, {"tr", "tr"},
    {"v", "v"},   {"x", "x"},     {"Đ", "d"},   {"Th", "th"}, {"Nguy", "nguy"},
};

static const char *const tones[] = {"",       "\u0300", "\u0301",
                                    "\u0309", "\u0303", "\u0323"};

#define N_RIMES  (sizeof(rimes) / sizeof(rimes[0]))
#define N_ONSETS (sizeof(onsets) / sizeof(onsets[0]))
#define N_TONES  (sizeof(tones) / sizeof(tones[0]))

struct text {
    char chars[256];
    size_t size;
};

static struct sg_bytes bytes_of(const struct text *text)
{
    return sg_bytes(text->chars, text->size);
}

static struct text nfc(struct sg_bytes from)
{
    struct text text;
    struct sg_writer writer;
    bool is_changed;

    sg_writer_init_array(&writer, (uint8_t *)text.chars, sizeof(text.chars));
    assert_ok(sg_nfc_write(&writer, from, &is_changed));
    text.size = writer.size;
    return text;
}

/* The syllable of ONSET, RIME and TONE in NFC. */
static struct text syllable(const char *onset, const char *rime,
                            const char *tone)
{
    const char *mark = strchr(rime, '|');
    char raw[64];
    int size = snprintf(raw, sizeof(raw), "%s%.*s%s%s", onset,
                        (int)(mark - rime), rime, tone, mark + 1);

    return nfc(sg_bytes(raw, (size_t)size));
}

static struct text match_key(struct sg_bytes word)
{
    const struct sg_bytes parts[3] = {{0}, {0}, word};
    struct text key;
    struct sg_writer writer;

    sg_writer_init_array(&writer, (uint8_t *)key.chars, sizeof(key.chars));
    assert_ok(sg_name_match_key(&writer, parts));
    key.size = writer.size;
    return key;
}

static struct text search_key(struct sg_bytes word)
{
    struct text key;
    struct sg_writer writer;

    sg_writer_init_array(&writer, (uint8_t *)key.chars, sizeof(key.chars));
    assert_ok(sg_name_search_key(&writer, word));
    key.size = writer.size;
    return key;
}

/* Every syllable of the language is a fine name, and its search key is its
 * letters without their signs. */
static void test_syllables_are_names(void **state)
{
    size_t count = 0;

    (void)state;
    for (size_t o = 0; o < N_ONSETS; o++) {
        for (size_t i = 0; i < N_RIMES; i++) {
            for (size_t t = 0; t < N_TONES; t++) {
                struct text word =
                    syllable(onsets[o].onset, rimes[i].rime, tones[t]);
                struct text key = search_key(bytes_of(&word));
                char plain[64];
                int size = snprintf(plain, sizeof(plain), "%s%s",
                                    onsets[o].plain, rimes[i].plain);

                assert_int_equal(sg_name_check(bytes_of(&word)), SG_NAME_FINE);
                assert_true(sg_bytes_equal(bytes_of(&key),
                                           sg_bytes(plain, (size_t)size)));
                count++;
            }
        }
    }
    assert_true(count > 20000);
}

/* Both places of the tone give one matching key, and other tones others. */
static void test_tone_position_does_not_matter(void **state)
{
    size_t count = 0;

    (void)state;
    for (size_t o = 0; o < N_ONSETS; o++) {
        for (size_t i = 0; i < N_RIMES; i++) {
            for (size_t t = 1; rimes[i].other != NULL && t < N_TONES; t++) {
                struct text old =
                    syllable(onsets[o].onset, rimes[i].rime, tones[t]);
                struct text new =
                    syllable(onsets[o].onset, rimes[i].other, tones[t]);
                struct text none =
                    syllable(onsets[o].onset, rimes[i].rime, tones[0]);
                struct text a = match_key(bytes_of(&old));
                struct text b = match_key(bytes_of(&new));
                struct text c = match_key(bytes_of(&none));

                assert_true(sg_bytes_equal(bytes_of(&a), bytes_of(&b)));
                assert_false(sg_bytes_equal(bytes_of(&a), bytes_of(&c)));
                count++;
            }
        }
    }
    assert_int_equal(count, 3 * 5 * N_ONSETS);
}

/* Keys do not tell composed from decomposed, nor capitals from small. */
static void test_keys_of_variants_are_one(void **state)
{
    static const char *const variants[] = {
        "Nguyễn Thị Hoà", "NGUYỄN THỊ HÒA",
        "Nguye\u0302\u0303n Thi\u0323 Hoa\u0300", "nguyễn  thị hòa"};
    struct text first = match_key(sg_bytes(variants[0], strlen(variants[0])));

    (void)state;
    for (size_t i = 1; i < sizeof(variants) / sizeof(variants[0]); i++) {
        struct text key = match_key(sg_bytes(variants[i], strlen(variants[i])));

        assert_true(sg_bytes_equal(bytes_of(&first), bytes_of(&key)));
    }
}

/* The page's examples of matching keys are ours. */
static void test_page_has_these_keys(void **state)
{
    struct sg_buf buf;
    size_t count = 0;

    (void)state;
    sg_buf_init(&buf, 4096);
    sg_page_text("storage/registry/RECORDS.md", "matching-keys", &buf);
    assert_ok(sg_buf_append(&buf, sg_bytes("\0", 1)));
    for (char *line = (char *)buf.data, *next; *line != '\0'; line = next) {
        next = line + strcspn(line, "\n");
        if (*next == '\n')
            *next++ = '\0';
        char *middle = strstr(line, " = ");
        struct text key;

        assert_non_null(middle);
        key = match_key(sg_bytes(line, (size_t)(middle - line)));
        assert_true(sg_bytes_equal(bytes_of(&key),
                                   sg_bytes(middle + 3, strlen(middle + 3))));
        count++;
    }
    assert_int_equal(count, 5);
    sg_buf_clear(&buf);
}

/* A y is left alone where it is not the only vowel, and in the name itself
 * always. */
static void test_y_is_one_with_i_only_at_the_end(void **state)
{
    static const char *const pairs[][2] = {
        {"Mỹ", "mi4"},     {"Lý", "li2"},       {"Ý", "i2"},
        {"Thúy", "thuy2"}, {"Huỳnh", "huynh1"}, {"Yến", "yên2"},
        {"Vỹ", "vi4"},     {"Hải", "hai3"},     {"Dậy", "dây5"}};
    uint8_t room[64];
    struct sg_writer writer;
    bool is_changed;

    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        struct text key = match_key(sg_bytes(pairs[i][0], strlen(pairs[i][0])));

        assert_true(sg_bytes_equal(bytes_of(&key),
                                   sg_bytes(pairs[i][1], strlen(pairs[i][1]))));
    }
    sg_writer_init_array(&writer, room, sizeof(room));
    assert_ok(sg_name_repair(&writer, TEXT("Lý Mỹ"), &is_changed));
    assert_false(is_changed);
}

/* TCVN3 and VNI bytes that were read as Latin-1 are found, and so is Ð. */
static void test_residue_is_found(void **state)
{
    static const char *const found[] = {
        "NguyÔn ThÞ Hoµ", "TrÇn V¨n §øc", "Ph¹m",  "Nguyeãn Thò Hoøa",
        "Traàn Vaên Nam", "Leâ",          "Phaïm", "NGUYEÃN",
        "Hoaøng",         "Ñoã",          "Ðỗ",    "ðỗ",
        "Buøi",           "aªb",          "Hoâ",   "NguyÔn",
        "QuyÕt",          "TuÊn"};
    size_t refused = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(found) / sizeof(found[0]); i++) {
        enum sg_name_fault fault =
            sg_name_check(sg_bytes(found[i], strlen(found[i])));

        assert_true(fault == SG_NAME_RESIDUE || fault == SG_NAME_CHARACTER);
        refused++;
    }
    assert_int_equal(refused, sizeof(found) / sizeof(found[0]));
    assert_int_equal(sg_name_check(TEXT("Nguyeãn")), SG_NAME_RESIDUE);
    assert_int_equal(sg_name_check(TEXT("ThÞ")), SG_NAME_RESIDUE);
    assert_int_equal(sg_name_check(TEXT("NGUYỄN")), SG_NAME_FINE);
    assert_int_equal(sg_name_check(TEXT("ÂN")), SG_NAME_FINE);
    assert_int_equal(sg_name_check(TEXT("Lê-Ân")), SG_NAME_FINE);
}

/* Words of letters with single spaces; ’ and - between letters. */
static void test_form_of_names(void **state)
{
    static const struct {
        const char *text;
        enum sg_name_fault fault;
    } cases[] = {
        {"", SG_NAME_FINE},
        {"Hoa", SG_NAME_FINE},
        {"Khơ-mú", SG_NAME_FINE},
        {"H’Hen", SG_NAME_FINE},
        {"Ê̆ban", SG_NAME_FINE},
        {" Hoa", SG_NAME_SPACE},
        {"Hoa ", SG_NAME_SPACE},
        {"Thị  Hoa", SG_NAME_SPACE},
        {" ", SG_NAME_SPACE},
        {"Hoa2", SG_NAME_CHARACTER},
        {"Hoa.", SG_NAME_CHARACTER},
        {"-Hoa", SG_NAME_CHARACTER},
        {"Hoa-", SG_NAME_CHARACTER},
        {"H--n", SG_NAME_CHARACTER},
        {"H- n", SG_NAME_CHARACTER},
        {"H'Hen", SG_NAME_CHARACTER},
        {"\u0301a", SG_NAME_CHARACTER},
        {"Ho\ufffda", SG_NAME_CHARACTER},
        {"\xff", SG_NAME_CHARACTER},
        {"Иван", SG_NAME_SCRIPT},
        {"Hoа", SG_NAME_SCRIPT}, /* a Cyrillic а */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(
            sg_name_check(sg_bytes(cases[i].text, strlen(cases[i].text))),
            cases[i].fault);
}

static void assert_repair(const char *from, const char *to)
{
    uint8_t room[256];
    struct sg_writer writer;
    bool is_changed;

    sg_writer_init_array(&writer, room, sizeof(room));
    assert_ok(
        sg_name_repair(&writer, sg_bytes(from, strlen(from)), &is_changed));
    assert_true(
        sg_bytes_equal(sg_bytes(room, writer.size), sg_bytes(to, strlen(to))));
    assert_int_equal(is_changed, strcmp(from, to) != 0);
    assert_int_equal(sg_name_check(sg_bytes(room, writer.size)), SG_NAME_FINE);
}

/* What is typed or imported is brought into form, and it is said that it was
 * changed, so that the original is kept. */
static void test_repair(void **state)
{
    uint8_t room[300] = {0};
    uint8_t many[SG_NAME_SIZE_MAX + 1];
    struct sg_writer writer;
    bool is_changed;

    (void)state;
    assert_repair("Nguyễn Thị Hòa", "Nguyễn Thị Hòa");
    assert_repair("  Nguyễn\u00a0 Thị\tHòa ", "Nguyễn Thị Hòa");
    assert_repair("Nguye\u0302\u0303n", "Nguyễn");
    assert_repair("Ðỗ", "Đỗ");
    assert_repair("ðỗ", "đỗ");
    assert_repair("H'Hen", "H’Hen");
    assert_repair("  ", "");
    memset(many, 'a', sizeof(many));
    sg_writer_init_array(&writer, room, sizeof(room));
    assert_ok(
        sg_name_repair(&writer, sg_bytes(many, SG_NAME_SIZE_MAX), &is_changed));
    sg_writer_init_array(&writer, room, sizeof(room));
    assert_err(
        sg_name_repair(&writer, sg_bytes(many, sizeof(many)), &is_changed),
        LIMIT);
    sg_writer_init_array(&writer, room, sizeof(room));
    assert_err(sg_name_repair(&writer, TEXT("a\xff"), &is_changed), TEXT);
    sg_writer_init_array(&writer, room, sizeof(room));
    assert_err(sg_name_search_key(&writer, sg_bytes(many, sizeof(many))),
               LIMIT);
    sg_writer_init_array(&writer, room, sizeof(room));
    assert_err(sg_name_search_key(&writer, TEXT("a \xff")), TEXT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_syllables_are_names),
        cmocka_unit_test(test_tone_position_does_not_matter),
        cmocka_unit_test(test_keys_of_variants_are_one),
        cmocka_unit_test(test_page_has_these_keys),
        cmocka_unit_test(test_y_is_one_with_i_only_at_the_end),
        cmocka_unit_test(test_residue_is_found),
        cmocka_unit_test(test_form_of_names),
        cmocka_unit_test(test_repair),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
