/* Sealing and opening workload W, on one thread and in memory. The limit of
 * sealing is its compression alone: the rest of the work is what our seal
 * costs. */
#include <stdio.h>

#include "storage/log/compress.h"
#include "tools/bench_store.h"

#define RECORDS   1000u /* of one call */
#define KEY_ENTRY 1

struct work {
    struct sg_bench_workload *workload;
    struct sg_sealer *sealer;
    struct sg_opener *opener;
    struct sg_compressor *compressor;
    struct sg_seal_keys keys;
    struct sg_buf payloads;
    struct sg_seal_item items[RECORDS]; /* what payloads were made of */
    uint8_t frame[SG_COMPRESS_MAGIC_SIZE + SG_COMPRESS_FRAME_MAX];
};

static enum sg_err compress_all(void *context)
{
    struct work *work = context;
    enum sg_err err = SG_OK;
    size_t size;

    for (size_t i = 0; err == SG_OK && i < RECORDS; i++)
        err = sg_compress_frame(work->compressor, /* dictionary= */ 1,
                                sg_bench_store_body(work->workload),
                                work->frame + SG_COMPRESS_MAGIC_SIZE, &size);
    return err;
}

static enum sg_err seal_all(void *context)
{
    struct work *work = context;

    for (size_t i = 0; i < RECORDS; i++) {
        work->items[i] =
            (struct sg_seal_item){.index = KEY_ENTRY + 1 + i,
                                  .kind = SG_SEAL_OPAQUE,
                                  .body = sg_bench_store_body(work->workload)};
    }
    sg_buf_truncate(&work->payloads, 0);
    return sg_seal_encode_batch(work->sealer, &work->keys, KEY_ENTRY,
                                work->items, RECORDS, &work->payloads);
}

/* Opens what the last call of seal_all() made. */
static enum sg_err open_all(void *context)
{
    struct work *work = context;
    const uint8_t *at = work->payloads.data;

    for (size_t i = 0; i < RECORDS; i++) {
        struct sg_seal_place place = {work->items[i].index, KEY_ENTRY};
        size_t size = work->items[i].payload_size;
        enum sg_seal_kind kind;
        struct sg_bytes body;
        enum sg_err err = sg_seal_decode(work->opener, &work->keys, &place,
                                         sg_bytes(at, size), &kind, &body);
        if (err != SG_OK)
            return err;
        at += size;
    }
    return SG_OK;
}

static enum sg_err run(struct sg_bench *bench, struct work *work)
{
    struct sg_bench_figure sealed = {.name = "seal/W_seal", .unit = "/s"};
    struct sg_bench_figure opened = {.name = "seal/W_open", .unit = "/s"};
    struct sg_bench_figure size = {.name = "seal/W_size",
                                   .unit = "B",
                                   .goal = 143,
                                   .goal_kind = SG_BENCH_AT_MOST};
    enum sg_err err = sg_bench_rate(bench, RECORDS, UINT64_MAX, compress_all,
                                    work, &sealed.limit);

    if (err == SG_OK)
        err = sg_bench_rate(bench, RECORDS, UINT64_MAX, seal_all, work,
                            &sealed.value);
    if (err == SG_OK)
        err = sg_bench_rate(bench, RECORDS, UINT64_MAX, open_all, work,
                            &opened.value);
    if (err != SG_OK)
        return err;
    size.value = (double)work->payloads.size / RECORDS;
    sg_bench_print(bench, &sealed);
    sg_bench_print(bench, &opened);
    sg_bench_print(bench, &size);
    return SG_OK;
}

static void init_keys(struct sg_seal_keys *keys)
{
    static const struct sg_registry_id registry;
    static const struct sg_log_id log;
    uint8_t key[SG_KEY_SIZE];

    sg_crypto_random(key, sizeof(key));
    sg_seal_keys_init(keys, &registry, &log, key);
    sg_crypto_wipe(key, sizeof(key));
}

static enum sg_err prepare_and_run(struct sg_bench *bench, struct work *work)
{
    enum sg_err err = sg_seal_sealer_new(&work->sealer);

    if (err == SG_OK)
        err = sg_seal_opener_new(&work->opener);
    if (err == SG_OK)
        err = sg_compress_new(&work->compressor);
    if (err == SG_OK)
        err = run(bench, work);
    sg_compress_free(work->compressor);
    sg_seal_opener_free(work->opener);
    sg_seal_sealer_free(work->sealer);
    return err;
}

enum sg_err sg_bench_seal(struct sg_bench *bench)
{
    static struct work work;
    struct sg_bench_figure none = {
        .name = "seal/W", .unit = "/s", .missing = "no --workload: see --help"};
    struct sg_bench_workload workload;
    enum sg_err err;

    if (bench->workload == NULL) {
        sg_bench_print(bench, &none);
        return SG_OK;
    }
    err = sg_bench_store_load(bench->workload, &workload);
    if (err != SG_OK)
        return err;
    work.workload = &workload;
    init_keys(&work.keys);
    sg_buf_init(&work.payloads, RECORDS * SG_PAYLOAD_SIZE_MAX);
    err = prepare_and_run(bench, &work);
    if (err != SG_OK)
        (void)fprintf(stderr, "bench: seal: %s\n",
                      sg_err_text(err, SG_LANG_EN));
    sg_seal_keys_wipe(&work.keys);
    sg_buf_clear(&work.payloads);
    sg_bench_store_clear(&workload);
    return err;
}
