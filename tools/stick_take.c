/* Bundles into a store: a file's pieces, the core's events, and what is
 * remembered of a file that was taken in part. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "storage/base/alloc.h"
#include "storage/base/buf.h"
#include "storage/lmdb/file.h"
#include "tools/stick.h"
#include "tools/stick_file.h"

#define FOLDER "taking"

/* A file that is being read. */
struct work {
    struct sg_stick *stick;
    const char *path;
    struct sg_stick_file file;
    struct sg_bundle_plan *plan; /* may be NULL */
    struct sg_bundle_take *take;
    struct sg_stick_taken *taken;
    uint8_t *piece;                   /* what the taker asked for */
    char progress[SG_STICK_PATH_MAX]; /* where it is kept how far it is */
};

/* --- What is kept of its progress
 * -----------------------------------------------
 */

static int name_progress(struct work *work,
                         const struct sg_bundle_header *header)
{
    const char *dir = work->stick->cli->dir;
    int n = snprintf(work->progress, sizeof work->progress, "%s/" FOLDER, dir);
    enum sg_err err = n > 0 && n < (int)sizeof work->progress
                          ? sg_file_make_folder(work->progress)
                          : SG_ERR_LIMIT;

    if (err != SG_OK && err != SG_ERR_EXISTS)
        return sg_cli_fail_err(work->stick->cli, err, dir);
    for (size_t i = 0;
         i <= sizeof header->id && n > 0 && n < (int)sizeof work->progress; i++)
        n += snprintf(work->progress + n, sizeof work->progress - (size_t)n,
                      i == 0                  ? "/%02x"
                      : i < sizeof header->id ? "%02x"
                                              : "-%u",
                      i < sizeof header->id ? header->id[i]
                                            : (unsigned)header->part);
    if (n < 0 || n >= (int)sizeof work->progress)
        return sg_cli_fail_err(work->stick->cli, SG_ERR_LIMIT, dir);
    return 0;
}

/* A progress that cannot be read is none: all is taken again, to no effect. */
static void read_progress(const struct work *work, struct sg_buf *buf)
{
    if (sg_file_read(work->progress, buf) != SG_OK)
        sg_buf_clear(buf);
}

/* All that is marked in it is durable: it is kept after settling only. */
static int keep_progress(struct work *work)
{
    enum sg_err err =
        sg_file_write(work->progress, sg_bundle_take_progress(work->take));

    return err == SG_OK
               ? 0
               : sg_cli_fail_err(work->stick->cli, err, work->progress);
}

/* --- Turns
 * --------------------------------------------------------------------
 */

static void give(struct work *work, const struct sg_bundle_take_turn *turn)
{
    enum sg_err err =
        sg_stick_file_read(&work->file, turn->offset, work->piece, turn->size);

    sg_bundle_take_give(work->take, err, sg_bytes(work->piece, turn->size));
}

static void say_damage(struct work *work,
                       const struct sg_bundle_take_turn *turn)
{
    const struct sg_cli *cli = work->stick->cli;

    if (turn->damage == SG_ERR_TRUNCATED) {
        work->taken->cut_at = turn->piece;
        sg_cli_note(cli, "%s: cut at piece %u of %u",
                    "%s: bị cắt tại khối %u trên %u", work->path, turn->piece,
                    turn->pieces);
        return;
    }
    work->taken->unreadable++;
    sg_cli_note(cli, "%s: piece %u of %u is damaged and was passed over",
                "%s: khối %u trên %u bị hỏng, đã bỏ qua", work->path,
                turn->piece, turn->pieces);
}

static int settle(struct work *work, const struct sg_bundle_take_turn *turn)
{
    int code = sg_stick_settle(work->stick);

    if (code == 0)
        code = keep_progress(work);
    if (code == 0 && sg_stick_is_time_to_say(work->stick))
        sg_cli_note(work->stick->cli, "%s: piece %u of %u",
                    "%s: khối %u trên %u", work->path, turn->piece,
                    turn->pieces);
    return code;
}

static int run(struct work *work)
{
    struct sg_bundle_take_turn turn;
    enum sg_err err;
    int code = 0;

    while (code == 0) {
        sg_bundle_take_next(work->take, &turn);
        switch (turn.kind) {
        case SG_BUNDLE_TAKE_READ:
            give(work, &turn);
            break;
        case SG_BUNDLE_TAKE_EVENT:
            code = sg_stick_step(work->stick, &turn.event);
            break;
        case SG_BUNDLE_TAKE_CLAIM:
            err = work->plan == NULL
                      ? SG_OK
                      : sg_bundle_plan_take(work->plan, &turn.message);
            if (err == SG_ERR_NOMEM)
                code = sg_cli_fail_err(work->stick->cli, err, work->path);
            break;
        case SG_BUNDLE_TAKE_SETTLE:
            code = settle(work, &turn);
            break;
        case SG_BUNDLE_TAKE_DAMAGE:
            say_damage(work, &turn);
            break;
        case SG_BUNDLE_TAKE_DONE:
            return sg_stick_settle(work->stick);
        }
    }
    return code;
}

/* --- The whole --------------------------------------------------------------
 */

static int begin(struct work *work)
{
    const struct sg_stick_file *file = &work->file;
    const struct sg_identity *identity = &work->stick->identity;
    struct sg_bundle_take_config config = {
        .registry = *sg_store_registry(identity->store),
        .core = sg_driver_core(work->stick->driver),
        .session = 0,
    };
    struct sg_buf progress;
    enum sg_err err = SG_ERR_NOMEM;

    sg_buf_init(&progress, SG_BUNDLE_PROGRESS_SIZE_MAX);
    read_progress(work, &progress);
    memcpy(config.public_key, identity->transport->public_key, SG_KEY_SIZE);
    memcpy(config.secret, identity->transport->secret, SG_KEY_SIZE);
    work->piece = sg_alloc((size_t)1 << file->header.exponent);
    if (work->piece != NULL)
        err = sg_bundle_take_new(&config, sg_bytes(file->head, file->head_size),
                                 file->size, sg_buf_bytes(&progress),
                                 &work->take);
    sg_crypto_wipe(config.secret, sizeof config.secret);
    sg_buf_clear(&progress);
    return err == SG_OK ? 0
                        : sg_stick_file_fail(work->stick->cli, work->path, err);
}

/* A file that was taken wholly is not remembered: again, it brings nothing. */
static void forget_progress(const struct work *work)
{
    const struct sg_bundle_take_view *view = &work->taken->view;

    if (view->pieces_done == view->header.pieces ||
        view->header.kind != SG_BUNDLE_ENTRIES)
        (void)unlink(work->progress);
}

int sg_stick_take(struct sg_stick *stick, const char *path,
                  struct sg_bundle_plan *plan, struct sg_stick_taken *ret_taken)
{
    struct work work = {
        .stick = stick, .path = path, .plan = plan, .taken = ret_taken};
    int code;

    *ret_taken = (struct sg_stick_taken){.cut_at = 0};
    code = sg_stick_file_open(
        stick->cli, path, sg_store_registry(stick->identity.store), &work.file);
    if (code != 0)
        return code;
    code = name_progress(&work, &work.file.header);
    if (code == 0)
        code = begin(&work);
    if (code == 0)
        code = run(&work);
    if (work.take != NULL)
        sg_bundle_take_view(work.take, &ret_taken->view);
    if (code == 0)
        forget_progress(&work);
    sg_bundle_take_free(work.take);
    sg_free(work.piece);
    sg_stick_file_close(&work.file);
    return code;
}
