#include "tools/examine.h"

#include <inttypes.h>
#include <string.h>

#include "storage/base/clock.h"

/* Entries between two looks at the clock. */
#define STEP        10000
#define PROGRESS_MS 1000

static const struct sg_out_shape shape = {
    .type = "finding",
    .field_count = 3,
    .fields = {{"log", {"log", "nhật ký"}, -8},
               {"index", {"index", "mục"}, -12},
               {"what", {"what", "lỗi gì"}, 0}},
    .legend = {"index: the entry, or the first one below what is damaged.",
               "mục: mục bị lỗi, hoặc mục đầu tiên trong phần bị hỏng."},
};

void sg_examine_print(void *context, uint32_t log, uint64_t index,
                      enum sg_damage damage)
{
    struct sg_cli *cli = context;
    const struct sg_out_value values[] = {
        sg_out_number(log),
        sg_out_number(index),
        sg_out_word(sg_verify_damage_text(damage, SG_LANG_EN),
                    sg_verify_damage_text(damage, cli->lang)),
    };

    sg_out_row(&cli->out, &shape, values);
}

static void say_progress(const struct sg_cli *cli,
                         const struct sg_verify_totals *totals,
                         struct sg_mono *last)
{
    struct sg_mono now = sg_clock_mono();

    if (!cli->is_progress || sg_mono_diff(now, *last) < PROGRESS_MS)
        return;
    *last = now;
    sg_cli_note(cli, "%" PRIu64 " of %" PRIu64 " entries",
                "%" PRIu64 " trên %" PRIu64 " mục", totals->entries,
                totals->entries_held);
}

int sg_examine_fail_pages(const struct sg_cli *cli, const char *dir)
{
    return sg_cli_fail(cli, SG_EXIT_DAMAGED,
                       "%s: the database itself is damaged; put a backup in "
                       "its place: sogoc restore BACKUP --replace",
                       "%s: chính cơ sở dữ liệu bị hỏng; hãy thay bằng bản sao "
                       "lưu: sogoc restore BẢN-SAO --replace",
                       dir);
}

int sg_examine_store(struct sg_cli *cli, struct sg_store *store,
                     const char *dir, sg_verify_found_fn *found, void *context,
                     struct sg_verify_totals *ret_totals)
{
    struct sg_mono last = sg_clock_mono();
    struct sg_verify *verify;
    bool is_done = false;
    enum sg_err err = sg_verify_new(store, found, context, &verify);

    memset(ret_totals, 0, sizeof *ret_totals);
    if (err != SG_OK)
        return sg_cli_fail_err(cli, err, dir);
    while (err == SG_OK && !is_done) {
        err = sg_verify_step(verify, STEP, &is_done);
        say_progress(cli, sg_verify_totals(verify), &last);
    }
    *ret_totals = *sg_verify_totals(verify);
    sg_verify_free(verify);
    if (err == SG_ERR_DAMAGED)
        return sg_examine_fail_pages(cli, dir);
    return err == SG_OK ? 0 : sg_cli_fail_err(cli, err, dir);
}
