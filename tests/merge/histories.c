/* histories FIRST COUNT FILE: writes COUNT made-up histories, of the seeds from
 * FIRST on, to FILE, in the form of history.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/registry/unit_file.h"
#include "tests/merge/history.h"

#define FILE_SIZE_MAX ((size_t)2 << 30)

static struct sg_bytes keep(struct history_people *people, unsigned no,
                            unsigned part, struct sg_bytes text)
{
    memcpy(people->names[no][part], text.data, text.size);
    return sg_bytes(people->names[no][part], text.size);
}

/* Citizens without flaws: a history makes its own. */
static void draw_people(struct history_people *people)
{
    struct sg_unit_table *units;
    struct sg_synth_options options;
    struct sg_synth *synth;
    const struct sg_synth_person *person;

    history_must(sg_unit_file_read(sg_unit_file_shipped(), &units, NULL),
                 "units");
    sg_synth_options_init(&options, HISTORY_CITIZENS, 1);
    memset(options.per_million, 0, sizeof options.per_million);
    history_must(sg_synth_new(&options, units, &synth), "citizens");
    for (unsigned i = 0; i < HISTORY_CITIZENS; i++) {
        if (!sg_synth_next(synth, &person))
            history_must(SG_ERR_STATE, "citizens");
        people->persons[i] = *person;
        people->persons[i].name.family =
            keep(people, i, 0, person->name.family);
        people->persons[i].name.middle =
            keep(people, i, 1, person->name.middle);
        people->persons[i].name.given = keep(people, i, 2, person->name.given);
    }
    sg_synth_free(synth);
    sg_unit_table_free(units);
}

static int save(const char *path, const struct sg_buf *out)
{
    FILE *file = fopen(path, "wb");
    bool is_good =
        file != NULL && fwrite(out->data, 1, out->size, file) == out->size;

    if (file != NULL && fclose(file) != 0)
        is_good = false;
    if (!is_good)
        fprintf(stderr, "%s: cannot be written\n", path);
    return is_good ? 0 : 1;
}

int main(int argc, char **argv)
{
    static struct history history;
    static struct history_people people;
    struct sg_buf out;
    uint64_t first, count;
    int code;

    if (argc != 4) {
        fprintf(stderr, "usage: histories FIRST COUNT FILE\n");
        return 2;
    }
    first = strtoull(argv[1], NULL, 10);
    count = strtoull(argv[2], NULL, 10);
    history_must(sg_crypto_init(), "crypto");
    draw_people(&people);
    sg_buf_init(&out, FILE_SIZE_MAX);
    history_must(sg_buf_append(&out, SG_BYTES_TEXT("sogochs1")), "file");
    for (uint64_t i = 0; i < count; i++) {
        history_make(&history, &people, first + i);
        history_write(&history, (uint32_t)(first + i), &out);
        history_clear(&history);
    }
    code = save(argv[3], &out);
    sg_buf_clear(&out);
    return code;
}
