/* How fast citizens are invented, and written as lines. */
#include "tools/bench.h"

#include <stdio.h>

#include "storage/registry/unit_file.h"
#include "tools/synth.h"
#include "tools/synth_text.h"

#define PERSONS 50000u

struct work {
    struct sg_unit_table *units;
    struct sg_buf lines;
    uint64_t seed;
};

/* Invents PERSONS citizens and writes each as a line into memory. */
static enum sg_err invent(void *context)
{
    struct work *work = context;
    struct sg_synth_options options;
    const struct sg_synth_person *person;
    struct sg_synth *synth = NULL;
    enum sg_err err;

    sg_synth_options_init(&options, PERSONS, ++work->seed);
    err = sg_synth_new(&options, work->units, &synth);
    while (err == SG_OK && sg_synth_next(synth, &person)) {
        sg_buf_truncate(&work->lines, 0);
        err = sg_synth_text_person(person, &work->lines);
    }
    sg_synth_free(synth);
    return err;
}

enum sg_err sg_bench_synth(struct sg_bench *bench)
{
    struct sg_bench_figure figure = {.name = "synth/persons",
                                     .unit = "/s",
                                     .goal = 200000,
                                     .goal_kind = SG_BENCH_AT_LEAST};
    struct work work = {.seed = 0};
    enum sg_err err =
        sg_unit_file_read(sg_unit_file_shipped(), &work.units, NULL);

    sg_buf_init(&work.lines, 1 << 16);
    if (err == SG_OK)
        err = sg_bench_rate(bench, PERSONS, UINT64_MAX, invent, &work,
                            &figure.value);
    if (err == SG_OK)
        sg_bench_print(bench, &figure);
    else
        (void)fprintf(stderr, "bench: synth: %s\n",
                      sg_err_text(err, SG_LANG_EN));
    sg_buf_clear(&work.lines);
    sg_unit_table_free(work.units);
    return err;
}
