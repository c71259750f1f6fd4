/* synth: prints invented citizens, one JSON object on a line. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "storage/base/text.h"
#include "storage/base/version.h"
#include "storage/registry/unit_file.h"
#include "tools/synth.h"
#include "tools/synth_text.h"

static const char help[] =
    "usage: synth COUNT [--seed N] [--day YYYY-MM-DD] [--clean] [--truth "
    "FILE]\n"
    "\n"
    "Prints COUNT invented citizens of Thanh Hoa as lines of JSON.\n"
    "\n"
    "  --seed N      another population; 1 if not given\n"
    "  --day DAY     as of this day; 2023-04-10 if not given\n"
    "  --clean       nothing is wrong with anybody\n"
    "  --truth FILE  writes what is wrong with whom\n"
    "\n"
    "The same arguments print the same bytes for ever. The format is "
    "described\n"
    "in tools/data/README.md. Nobody here exists.\n";

#define CHUNK_SIZE (1 << 20)

static int complain(const char *what, const char *why)
{
    (void)fprintf(stderr, "synth: %s: %s\n", what, why);
    return 1;
}

struct arguments {
    struct sg_synth_options options;
    const char *truth; /* path; NULL: none */
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

/* Reads the arguments; gives the one that is wrong, or NULL. */
static const char *read_arguments(int argc, char *const *argv,
                                  struct arguments *ret)
{
    uint64_t count;

    if (argc < 2 || !number_of(argv[1], &count))
        return argc < 2 ? "COUNT" : argv[1];
    sg_synth_options_init(&ret->options, count, 1);
    ret->truth = NULL;
    for (int i = 2; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;

        if (strcmp(argv[i], "--clean") == 0) {
            memset(ret->options.per_million, 0,
                   sizeof ret->options.per_million);
            continue;
        }
        if (strcmp(argv[i], "--truth") == 0 && value != NULL)
            ret->truth = value;
        else if (!(strcmp(argv[i], "--seed") == 0 &&
                   number_of(value, &ret->options.seed)) &&
                 !(strcmp(argv[i], "--day") == 0 &&
                   day_of(value, &ret->options.day)))
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

/* Prints all of SYNTH; gives what failed, or NULL. */
static const char *print_all(struct sg_synth *synth, FILE *truth)
{
    const struct sg_synth_person *person;
    const char *failed = NULL;
    struct sg_buf lines, truths;

    sg_buf_init(&lines, 2 * CHUNK_SIZE);
    sg_buf_init(&truths, 2 * CHUNK_SIZE);
    while (failed == NULL && sg_synth_next(synth, &person)) {
        if (sg_synth_text_person(person, &lines) != SG_OK ||
            (truth != NULL && sg_synth_text_truth(person, &truths) != SG_OK))
            failed = sg_err_text(SG_ERR_NOMEM, SG_LANG_EN);
        else if (!flush(&lines, stdout, false) ||
                 (truth != NULL && !flush(&truths, truth, false)))
            failed = strerror(errno);
    }
    if (failed == NULL && (!flush(&lines, stdout, true) || fflush(stdout) != 0))
        failed = strerror(errno);
    if (failed == NULL && truth != NULL && !flush(&truths, truth, true))
        failed = strerror(errno);
    sg_buf_clear(&lines);
    sg_buf_clear(&truths);
    return failed;
}

static int run(const struct arguments *arguments)
{
    struct sg_unit_table *units = NULL;
    struct sg_synth *synth = NULL;
    const char *failed = NULL;
    FILE *truth = NULL;
    enum sg_err err = sg_unit_file_read(sg_unit_file_shipped(), &units, NULL);

    if (err == SG_OK)
        err = sg_synth_new(&arguments->options, units, &synth);
    if (err != SG_OK)
        failed = sg_err_text(err, SG_LANG_EN);
    if (failed == NULL && arguments->truth != NULL) {
        truth = fopen(arguments->truth, "we");
        if (truth == NULL)
            failed = strerror(errno);
    }
    if (failed == NULL)
        failed = print_all(synth, truth);
    if (truth != NULL && fclose(truth) != 0 && failed == NULL)
        failed = strerror(errno);
    sg_synth_free(synth);
    sg_unit_table_free(units);
    return failed == NULL ? 0 : complain("not all is written", failed);
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
