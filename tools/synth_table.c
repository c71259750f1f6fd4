#include "tools/synth_table.h"

#include <string.h>

#include "storage/base/check.h"
#include "storage/base/text.h"

/* Made from data/population.txt by the build (.cmake/SogocEmbed.cmake). */
extern const uint8_t sg_synth_table_text[];
extern const size_t sg_synth_table_text_size;

#define FIELDS_MAX 8

struct line {
    struct sg_bytes fields[FIELDS_MAX];
    size_t count;
};

static bool is_word(struct sg_bytes bytes, const char *word)
{
    return sg_bytes_equal(bytes, sg_bytes(word, strlen(word)));
}

/* Cuts LINE at its tabs. */
static struct line cut(struct sg_bytes text)
{
    struct line line = {.count = 0};
    size_t begin = 0;

    for (size_t i = 0; i <= text.size; i++) {
        if (i < text.size && text.data[i] != '\t')
            continue;
        SG_ASSERT(line.count < FIELDS_MAX);
        line.fields[line.count++] = sg_bytes(text.data + begin, i - begin);
        begin = i + 1;
    }
    return line;
}

static uint32_t number(const struct line *line, size_t i)
{
    uint64_t value = 0;

    SG_ASSERT(i < line->count);
    SG_ASSERT(sg_text_decimal_decode(line->fields[i], &value) == SG_OK);
    SG_ASSERT(value <= UINT32_MAX);
    return (uint32_t)value;
}

static void list_add(struct sg_synth_list *list, struct sg_bytes text,
                     uint32_t weight)
{
    uint32_t sum = list->count == 0 ? 0 : list->sums[list->count - 1];

    SG_ASSERT(list->count < SG_SYNTH_LIST_MAX);
    SG_ASSERT(text.size > 0);
    list->texts[list->count] = text;
    list->sums[list->count++] = sum + weight;
}

static enum sg_synth_people people_of(struct sg_bytes word)
{
    static const char *const words[] = {"kinh", "muong", "thai", "mong"};
    size_t i = 0;

    while (i < SG_SYNTH_PEOPLES && !is_word(word, words[i]))
        i++;
    SG_ASSERT(i < SG_SYNTH_PEOPLES);
    return (enum sg_synth_people)i;
}

static size_t sex_of(const struct line *line, size_t i)
{
    SG_ASSERT(number(line, i) == 1 || number(line, i) == 2);
    return number(line, i) - 1;
}

/* age FIRST LAST MALE FEMALE */
static void read_age(struct sg_synth_table *table, const struct line *line)
{
    for (uint8_t sex = 1; sex <= 2; sex++) {
        size_t n = table->n_ages++;

        SG_ASSERT(n < SG_SYNTH_LIST_MAX);
        table->ages[n] = (struct sg_synth_age){(uint8_t)number(line, 1),
                                               (uint8_t)number(line, 2), sex};
        table->age_sums[n] =
            number(line, 2u + sex) + (n == 0 ? 0 : table->age_sums[n - 1]);
    }
}

/* district CODE GROUND KINH MUONG THAI MONG */
static void read_district(struct sg_synth_table *table, const struct line *line)
{
    struct sg_synth_district *district =
        &table->districts[table->n_districts++];
    uint32_t sum = 0;

    SG_ASSERT(table->n_districts <= 32);
    district->code = number(line, 1);
    district->ground = (enum sg_synth_ground)number(line, 2);
    for (size_t i = 0; i < SG_SYNTH_PEOPLES; i++)
        district->sums[i] = sum += number(line, 3 + i);
    SG_ASSERT(sum == 1000);
}

static void read_line(struct sg_synth_table *table, const struct line *line)
{
    const struct sg_bytes *fields = line->fields;

    if (is_word(fields[0], "age"))
        read_age(table, line);
    else if (is_word(fields[0], "family"))
        list_add(&table->families[people_of(fields[1])], fields[3],
                 number(line, 2));
    else if (is_word(fields[0], "middle"))
        list_add(&table->middles[sex_of(line, 1)], fields[2], 1);
    else if (is_word(fields[0], "given"))
        list_add(&table->givens[people_of(fields[1]) == SG_SYNTH_MONG]
                               [sex_of(line, 2)][number(line, 3) - 1],
                 fields[4], 1);
    else if (is_word(fields[0], "district"))
        read_district(table, line);
    else
        SG_ASSERT(is_word(fields[0], "end"));
}

void sg_synth_table_read(struct sg_synth_table *table)
{
    struct sg_bytes left = {sg_synth_table_text, sg_synth_table_text_size};
    bool is_first = true;

    *table = (struct sg_synth_table){.n_ages = 0};
    while (left.size > 0) {
        const uint8_t *end = memchr(left.data, '\n', left.size);
        struct sg_bytes text;

        SG_ASSERT(end != NULL);
        text = sg_bytes(left.data, (size_t)(end - left.data));
        left = sg_bytes(end + 1, left.size - text.size - 1);
        if (is_first)
            SG_ASSERT(is_word(text, "sogoc population 1"));
        else if (text.data[0] != '#') {
            struct line line = cut(text);

            read_line(table, &line);
        }
        is_first = false;
    }
    SG_ASSERT(table->n_districts > 0);
    SG_ASSERT(table->districts[0].code == 0);
}

size_t sg_synth_table_draw(const uint32_t *sums, size_t count,
                           struct sg_prng *prng)
{
    uint64_t drawn = sg_prng_below(prng, sums[count - 1]);
    size_t begin = 0;
    size_t end = count - 1;

    while (begin < end) {
        size_t middle = begin + (end - begin) / 2;

        if (sums[middle] <= drawn)
            begin = middle + 1;
        else
            end = middle;
    }
    return begin;
}

struct sg_bytes sg_synth_table_pick(const struct sg_synth_list *list,
                                    struct sg_prng *prng)
{
    return list->texts[sg_synth_table_draw(list->sums, list->count, prng)];
}

const struct sg_synth_district *sg_synth_table_district(
    const struct sg_synth_table *table, uint32_t code)
{
    for (size_t i = 1; i < table->n_districts; i++)
        if (table->districts[i].code == code)
            return &table->districts[i];
    return &table->districts[0];
}
