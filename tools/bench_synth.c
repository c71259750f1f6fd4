/* How fast citizens are invented, and written as lines. */
#include "tools/bench.h"

#include "tools/synth.h"
#include "tools/synth_text.h"

#define PERSONS      50000u
#define GOAL_PERSONS 200000

struct work {
    const struct sg_unit_table *units;
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

enum sg_err sg_bench_synth(struct sg_bench *bench,
                           const struct sg_unit_table *units)
{
    struct sg_bench_figure figure = {.name = "registry/synth_persons",
                                     .unit = "/s",
                                     .goal = GOAL_PERSONS,
                                     .goal_kind = SG_BENCH_AT_LEAST};
    struct work work = {.units = units};
    enum sg_err err;

    sg_buf_init(&work.lines, 1 << 16);
    err =
        sg_bench_rate(bench, PERSONS, UINT64_MAX, invent, &work, &figure.value);
    if (err == SG_OK)
        sg_bench_print(bench, &figure);
    sg_buf_clear(&work.lines);
    return err;
}
