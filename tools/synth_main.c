/* synth: prints invented citizens, one JSON object on a line. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "storage/base/text.h"
#include "storage/base/version.h"
#include "storage/registry/unit_file.h"
#include "tools/synth.h"
#include "tools/synth_history.h"
#include "tools/synth_text.h"

static const char help[] =
    "usage: synth COUNT [--seed N] [--day DAY] [--clean] [--truth FILE]\n"
    "             [--records [--nodes N] [--unsigned]]\n"
    "\n"
    "Prints COUNT invented citizens of Thanh Hoa as lines of JSON.\n"
    "\n"
    "  --seed N      another population; 1 if not given\n"
    "  --day DAY     as of this day, YYYY-MM-DD; 2023-04-10 if not given\n"
    "  --clean       nothing is wrong with anybody\n"
    "  --truth FILE  writes what is wrong with whom\n"
    "  --records     not lines, but what offices record about them\n"
    "  --nodes N     of so many nodes; 27 if not given\n"
    "  --unsigned    as captured, without the officers' signatures\n"
    "\n"
    "The same arguments print the same bytes for ever. The formats are\n"
    "described in tools/data/README.md. Nobody here exists.\n";

#define CHUNK_SIZE (1 << 20)

static int complain(const char *what, const char *why)
{
    (void)fprintf(stderr, "synth: %s: %s\n", what, why);
    return 1;
}

struct arguments {
    struct sg_synth_history_options history;
    const char *truth; /* path; NULL: none */
    bool is_records;
};

static bool number_of(const char *text, uint64_t *ret)
{
    return text != NULL &&
           sg_text_decimal_decode(sg_bytes(text, strlen(text)), ret) == SG_OK;
}

static bool day_of(const char *text, struct sg_date *ret)
{
    return text != NULL &&
           sg_date_parse(sg_bytes(text, strlen(text)), ret) == SG_OK &&
           sg_date_precision(*ret) == SG_DATE_YMD;
}

static bool nodes_of(const char *text, unsigned *ret)
{
    uint64_t nodes = 0;

    if (!number_of(text, &nodes) || nodes > SG_SYNTH_NODES_MAX)
        return false;
    *ret = (unsigned)nodes;
    return true;
}

/* Reads an option without value; false when NAME is none. */
static bool read_switch(const char *name, struct arguments *arguments)
{
    struct sg_synth_options *population = &arguments->history.population;

    if (strcmp(name, "--clean") == 0)
        memset(population->per_million, 0, sizeof population->per_million);
    else if (strcmp(name, "--records") == 0)
        arguments->is_records = true;
    else if (strcmp(name, "--unsigned") == 0)
        arguments->history.is_signed = false;
    else
        return false;
    return true;
}

/* Reads an option and its VALUE, which may be NULL; false when it is none. */
static bool read_option(const char *name, const char *value,
                        struct arguments *arguments)
{
    struct sg_synth_options *population = &arguments->history.population;

    if (strcmp(name, "--truth") == 0 && value != NULL)
        arguments->truth = value;
    else if (strcmp(name, "--seed") == 0)
        return number_of(value, &population->seed);
    else if (strcmp(name, "--day") == 0)
        return day_of(value, &population->day);
    else if (strcmp(name, "--nodes") == 0)
        return nodes_of(value, &arguments->history.n_nodes);
    else
        return false;
    return true;
}

/* Reads the arguments; gives the one that is wrong, or NULL. */
static const char *read_arguments(int argc, char *const *argv,
                                  struct arguments *ret)
{
    uint64_t count;

    if (argc < 2 || !number_of(argv[1], &count))
        return argc < 2 ? "COUNT" : argv[1];
    sg_synth_history_options_init(&ret->history, count, 1);
    ret->truth = NULL;
    ret->is_records = false;
    for (int i = 2; i < argc; i++) {
        if (read_switch(argv[i], ret))
            continue;
        if (!read_option(argv[i], i + 1 < argc ? argv[i + 1] : NULL, ret))
            return argv[i];
        i++;
    }
    return NULL;
}

/* Writes what BUF has to FILE once it is a chunk, or IS_LAST. */
static bool flush(struct sg_buf *buf, FILE *file, bool is_last)
{
    if (buf->size == 0 || (!is_last && buf->size < CHUNK_SIZE))
        return true;
    if (fwrite(buf->data, 1, buf->size, file) != buf->size)
        return false;
    sg_buf_truncate(buf, 0);
    return true;
}

/* What is printed, and to where. */
struct output {
    struct sg_buf lines, truths;
    FILE *truth; /* NULL: nobody asked for it */
    enum sg_err err;
    int errnum;
};

/* Writes out what has gathered. */
static void output_flush(struct output *output, bool is_last)
{
    if (output->err != SG_OK)
        return;
    if (flush(&output->lines, stdout, is_last) &&
        (output->truth == NULL ||
         flush(&output->truths, output->truth, is_last)) &&
        (!is_last || fflush(stdout) == 0))
        return;
    output->err = SG_ERR_IO;
    output->errnum = errno;
}

/* Prints citizens as lines. */
static void print_lines(const struct sg_synth_options *options,
                        const struct sg_unit_table *units,
                        struct output *output)
{
    const struct sg_synth_person *person;
    struct sg_synth *synth = NULL;

    output->err = sg_synth_new(options, units, &synth);
    while (output->err == SG_OK && sg_synth_next(synth, &person)) {
        output->err = sg_synth_text_person(person, &output->lines);
        if (output->err == SG_OK && output->truth != NULL)
            output->err = sg_synth_text_truth(person, &output->truths);
        output_flush(output, false);
    }
    sg_synth_free(synth);
}

/* Prints records: their size and node, little-endian, and the payload. */
static enum sg_err print_record(const struct sg_synth_record *record,
                                struct sg_buf *buf)
{
    size_t size = record->payload.size + 2;
    uint8_t head[6] = {(uint8_t)size,         (uint8_t)(size >> 8),
                       (uint8_t)(size >> 16), (uint8_t)(size >> 24),
                       (uint8_t)record->node, (uint8_t)(record->node >> 8)};
    enum sg_err err = sg_buf_append(buf, sg_bytes(head, sizeof head));

    return err != SG_OK ? err : sg_buf_append(buf, record->payload);
}

static void print_records(const struct sg_synth_history_options *options,
                          const struct sg_unit_table *units,
                          struct output *output)
{
    struct sg_synth_history *history = NULL;
    const struct sg_synth_record *records;
    const struct sg_synth_person *person;
    size_t count = 1;

    output->err = sg_synth_history_new(options, units, &history);
    while (output->err == SG_OK && count > 0) {
        output->err = sg_synth_history_next(history, &person, &records, &count);
        for (size_t i = 0; output->err == SG_OK && i < count; i++)
            output->err = print_record(&records[i], &output->lines);
        if (output->err == SG_OK && count > 0 && output->truth != NULL) {
            output->err = sg_synth_text_truth(person, &output->truths);
            if (output->err == SG_OK)
                output->err = sg_synth_text_events(person, records, count,
                                                   &output->truths);
        }
        output_flush(output, false);
    }
    sg_synth_history_free(history);
}

static int run(const struct arguments *arguments)
{
    struct output output = {.truth = NULL};
    struct sg_unit_table *units = NULL;

    if (arguments->truth != NULL) {
        output.truth = fopen(arguments->truth, "we");
        if (output.truth == NULL)
            return complain(arguments->truth, strerror(errno));
    }
    sg_buf_init(&output.lines, 2 * CHUNK_SIZE);
    sg_buf_init(&output.truths, 2 * CHUNK_SIZE);
    output.err = sg_unit_file_read(sg_unit_file_shipped(), &units, NULL);
    if (output.err == SG_OK && arguments->is_records)
        print_records(&arguments->history, units, &output);
    else if (output.err == SG_OK)
        print_lines(&arguments->history.population, units, &output);
    output_flush(&output, true);
    if (output.truth != NULL && fclose(output.truth) != 0 &&
        output.err == SG_OK) {
        output.err = SG_ERR_IO;
        output.errnum = errno;
    }
    sg_buf_clear(&output.lines);
    sg_buf_clear(&output.truths);
    sg_unit_table_free(units);
    if (output.err == SG_OK)
        return 0;
    return complain("not all is written",
                    output.err == SG_ERR_IO
                        ? strerror(output.errnum)
                        : sg_err_text(output.err, SG_LANG_EN));
}

int main(int argc, char **argv)
{
    struct arguments arguments;
    const char *wrong;

    if (sg_version_answer(argc, argv, "synth", help))
        return 0;
    wrong = read_arguments(argc, argv, &arguments);
    if (wrong != NULL)
        return complain(wrong, "not understood; see synth --help");
    return run(&arguments);
}
