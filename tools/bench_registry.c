/* How fast records of a synthetic history are read, admitted and folded into a
 * register with its state roots, in memory. Officers' signatures are not
 * verified on this path (RECORDS 3, A12). What the machine itself gives is
 * hashing the same bytes. How fast citizens are invented stands beside it. */
#include "tools/bench.h"

#include <stdio.h>
#include <string.h>

#include "storage/base/alloc.h"
#include "storage/registry/admission.h"
#include "storage/registry/merge/register.h"
#include "storage/registry/unit_file.h"
#include "tools/synth_authority.h"

#define NODES         27u
#define PERSONS       4000u
#define RECORDS_MAX   (PERSONS * SG_SYNTH_RECORDS_MAX)
#define PAYLOADS_MAX  (1 << 28)
#define GOAL_ADMIT_US 2.0
#define GOAL_FOLD     150000

struct work {
    struct sg_unit_table *units;
    struct sg_synth_authority *said;
    struct sg_synth_history *history;
    struct sg_authority *authority;
    struct sg_registry_id registry;
    struct sg_log_id logs[NODES];
    uint8_t nodes[NODES][SG_KEY_SIZE];
    struct sg_buf payloads;
    struct sg_admission_copy *copies; /* payload.data is an offset at first */
    size_t n_copies;
    size_t n_admitted;
    struct sg_state_root root;
};

/* Reads every copy: A03 to A05, and its id. */
static enum sg_err read_all(void *context)
{
    struct work *work = context;
    struct sg_sha256 prefix;
    enum sg_err err = SG_OK;

    sg_record_id_prefix(&work->registry, &prefix);
    for (size_t i = 0; err == SG_OK && i < work->n_copies; i++) {
        struct sg_record record;
        struct sg_hash id;
        uint8_t no;

        err = sg_record_decode(work->copies[i].payload, &record);
        if (err == SG_OK &&
            sg_record_fit(&record, &work->registry, &no) != SG_RECORD_FITS)
            err = SG_ERR_INVALID;
        sg_record_id_after(&prefix, record.inner, &id);
    }
    return err;
}

/* The same and the whole judgement. */
static enum sg_err judge_all(void *context)
{
    struct work *work = context;
    struct sg_admission_judge judge;
    struct sg_admission_verdict verdict;

    work->n_admitted = 0;
    sg_admission_judge_init(&judge, work->authority, &work->registry);
    for (size_t i = 0; i < work->n_copies; i++) {
        sg_admission_judge(&judge, &work->copies[i], &verdict);
        work->n_admitted += verdict.standing == SG_ADMISSION_ADMITTED;
    }
    return SG_OK;
}

static enum sg_err put(struct sg_register *reg,
                       const struct sg_admission_copy *copy,
                       const struct sg_admission_verdict *verdict)
{
    struct sg_register_copy to = {.log = copy->place.log.hash,
                                  .index = copy->place.index,
                                  .id = verdict->id,
                                  .record = &verdict->record,
                                  .is_admitted = true,
                                  .is_signed = true,
                                  .roles = verdict->grant->roles,
                                  .grant = verdict->grant->units,
                                  .n_grant = verdict->grant->n_units};

    memcpy(to.node.key, copy->node, sizeof(to.node.key));
    return sg_register_put(reg, &to);
}

/* The same, and a register of all that is admitted. */
static enum sg_err fold_all(void *context)
{
    struct work *work = context;
    struct sg_register_setup setup;
    struct sg_register *reg = NULL;
    struct sg_admission_judge judge;
    struct sg_admission_verdict verdict;
    enum sg_err err;

    sg_register_setup_of(work->authority, &work->registry, &setup);
    err = sg_register_new(&setup, &reg);
    sg_admission_judge_init(&judge, work->authority, &work->registry);
    for (size_t i = 0; err == SG_OK && i < work->n_copies; i++) {
        sg_admission_judge(&judge, &work->copies[i], &verdict);
        if (verdict.standing == SG_ADMISSION_ADMITTED)
            err = put(reg, &work->copies[i], &verdict);
    }
    if (err == SG_OK)
        err = sg_register_settle(reg);
    if (err == SG_OK)
        sg_register_root_all(reg, &work->root);
    sg_register_free(reg);
    return err;
}

static enum sg_err keep(struct work *work, const struct sg_synth_record *record)
{
    struct sg_admission_copy *copy = &work->copies[work->n_copies];
    size_t offset = work->payloads.size;
    enum sg_err err = sg_buf_append(&work->payloads, record->payload);

    if (err != SG_OK)
        return err;
    *copy = (struct sg_admission_copy){
        .place = {work->logs[record->node], work->n_copies + 1, 0},
        .node = work->nodes[record->node],
        .log_kind = SG_LOG_RECORDS,
        .entry_kind = SG_ENTRY_SEALED,
        .payload = {NULL, offset}};
    work->n_copies++;
    return SG_OK;
}

/* The payloads move no more: they lie one behind the other. */
static void settle(struct work *work)
{
    for (size_t i = 0; i < work->n_copies; i++) {
        struct sg_bytes *payload = &work->copies[i].payload;
        size_t first = payload->size;
        size_t end = i + 1 < work->n_copies ? work->copies[i + 1].payload.size
                                            : work->payloads.size;

        *payload = sg_bytes(work->payloads.data + first, end - first);
    }
}

static enum sg_err fill(struct work *work)
{
    const struct sg_synth_person *person;
    const struct sg_synth_record *records;
    size_t count = 1;
    enum sg_err err = SG_OK;

    for (unsigned node = 0; node < NODES; node++) {
        sg_synth_authority_node(work->said, node, work->nodes[node]);
        work->logs[node] = sg_synth_authority_log(work->said, node);
    }
    work->copies = sg_calloc(RECORDS_MAX, sizeof(*work->copies));
    if (work->copies == NULL)
        return SG_ERR_NOMEM;
    while (err == SG_OK && count > 0) {
        err = sg_synth_history_next(work->history, &person, &records, &count);
        for (size_t i = 0; err == SG_OK && i < count; i++)
            err = keep(work, &records[i]);
    }
    settle(work);
    return err;
}

/* A registry of 27 districts, and what its officers wrote. */
static enum sg_err prepare(struct work *work)
{
    struct sg_synth_history_options options;
    enum sg_err err =
        sg_unit_file_read(sg_unit_file_shipped(), &work->units, NULL);

    if (err == SG_OK)
        err = sg_synth_authority_new(work->units, NODES, &work->said);
    if (err != SG_OK)
        return err;
    sg_synth_history_options_init(&options, PERSONS, 1);
    work->registry = *sg_synth_authority_registry(work->said);
    options.registry = work->registry;
    options.position = sg_synth_authority_position(work->said);
    err = sg_synth_history_new(&options, work->units, &work->history);
    if (err == SG_OK)
        err = sg_synth_authority_grant(work->said, work->history);
    if (err == SG_OK)
        err = sg_synth_authority_state(work->said, &work->authority);
    return err == SG_OK ? fill(work) : err;
}

/* Measures all steps together, beside the hashing of the same bytes. */
static enum sg_err measure_fold(struct sg_bench *bench, struct work *work)
{
    struct sg_bench_figure folded = {.name = "registry/folded",
                                     .unit = "/s",
                                     .goal = GOAL_FOLD,
                                     .goal_kind = SG_BENCH_AT_LEAST};
    enum sg_err err = sg_bench_limits_hash(
        bench, work->payloads.size / work->n_copies, &folded.limit);

    if (err == SG_OK)
        err = sg_bench_rate(bench, (double)work->n_copies, UINT64_MAX, fold_all,
                            work, &folded.value);
    if (err != SG_OK)
        return err;
    if (work->root.n_persons * 100 < (uint64_t)PERSONS * 90)
        return SG_ERR_INVALID; /* most are folded, and alive */
    sg_bench_print(bench, &folded);
    return SG_OK;
}

static enum sg_err measure(struct sg_bench *bench, struct work *work)
{
    struct sg_bench_figure read = {.name = "registry/decode_fit_id",
                                   .unit = "/s"};
    struct sg_bench_figure judged = {.name = "registry/admitted", .unit = "/s"};
    struct sg_bench_figure admission = {.name = "registry/admission",
                                        .unit = "us",
                                        .goal = GOAL_ADMIT_US,
                                        .goal_kind = SG_BENCH_AT_MOST};
    double count = (double)work->n_copies;
    enum sg_err err =
        sg_bench_rate(bench, count, UINT64_MAX, read_all, work, &read.value);

    if (err == SG_OK)
        err = sg_bench_rate(bench, count, UINT64_MAX, judge_all, work,
                            &judged.value);
    if (err != SG_OK)
        return err;
    if (work->n_admitted * 100 < work->n_copies * 98)
        return SG_ERR_INVALID; /* it would be the wrong path that is fast */
    admission.value = 1e6 / judged.value - 1e6 / read.value;
    sg_bench_print(bench, &read);
    sg_bench_print(bench, &judged);
    sg_bench_print(bench, &admission);
    return measure_fold(bench, work);
}

enum sg_err sg_bench_registry(struct sg_bench *bench)
{
    struct work work = {.units = NULL};
    enum sg_err err;

    sg_buf_init(&work.payloads, PAYLOADS_MAX);
    err = prepare(&work);
    if (err == SG_OK)
        err = measure(bench, &work);
    if (err == SG_OK)
        err = sg_bench_synth(bench, work.units);
    if (err != SG_OK)
        (void)fprintf(stderr, "bench: registry: %s\n",
                      sg_err_text(err, SG_LANG_EN));
    sg_buf_clear(&work.payloads);
    sg_free(work.copies);
    sg_authority_free(work.authority);
    sg_synth_history_free(work.history);
    sg_synth_authority_free(work.said);
    sg_unit_table_free(work.units);
    return err;
}
