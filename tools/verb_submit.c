#include <inttypes.h>
#include <stdio.h>

#include "node/write_key.h"
#include "storage/base/alloc.h"
#include "tools/home.h"
#include "tools/intake.h"
#include "tools/verb.h"

const struct sg_verb_page sg_verb_submit_page = {
    "[FILE...] [--each] [--dir DIR]",
    {"Seals each line of the FILEs (default: standard input) and writes it to "
     "the\n"
     "own log as opaque bytes. Lines are committed together, up to 1,000 at "
     "once;\n"
     "what is reported here survives a power cut. Empty lines are passed over; "
     "a\n"
     "line has at most 65,502 bytes.\n"
     "\n"
     "  --each  a row for each line: its place and its leaf hash\n",
     "Niêm phong từng dòng của các FILE (mặc định: đầu vào chuẩn) và ghi vào "
     "nhật\n"
     "ký của nút này. Ghi theo lô, đến 1.000 dòng một lần; những gì đã báo ở "
     "đây\n"
     "thì mất điện cũng không mất. Bỏ qua dòng trống; mỗi dòng tối đa 65.502 "
     "byte.\n"
     "\n"
     "  --each  mỗi dòng một hàng: vị trí và mã băm lá\n"},
    "  $ printf 'xin chào\\nmột hai ba\\n' | sogoc submit --dir demo\n",
};

static const struct sg_out_shape each_shape = {
    .type = "line",
    .field_count = 3,
    .fields = {{"log", {"log", "nhật ký"}, 16},
               {"index", {"index", "mục"}, -10},
               {"leaf", {"leaf hash", "mã băm lá"}, 64}},
    .legend = {"log: the first digits of its id. Every row is on the disk and "
               "signed.",
               "nhật ký: các chữ số đầu của mã. Mọi hàng đã ở trên đĩa và đã "
               "ký."},
};

static const struct sg_out_shape shape = {
    .type = "submitted",
    .field_count = 6,
    .fields = {{"lines", {"lines", "số dòng"}, 0},
               {"log", {"log", "nhật ký"}, 0},
               {"first", {"first index", "mục đầu"}, 0},
               {"last", {"last index", "mục cuối"}, 0},
               {"size", {"signed size", "kích thước đã ký"}, 0},
               {"root", {"root", "gốc cây"}, 0}},
};

/* One run of submit. */
struct submission {
    struct sg_cli *cli;
    struct sg_home *home;
    const struct sg_store_own *own;
    struct sg_batch *batch;
    struct sg_pipeline *pipeline;
    bool is_each;
    uint64_t first;
    uint64_t count; /* acknowledged */
};

static void show_chunk(const struct submission *submission,
                       const struct sg_pipeline_chunk *chunk)
{
    for (size_t i = 0; i < chunk->count && submission->is_each; i++) {
        struct sg_hash leaf = sg_entry_leaf(&chunk->entries[i]);
        const struct sg_out_value values[] = {
            sg_out_hash(&submission->own->id.hash),
            sg_out_number(chunk->first + i),
            sg_out_hash(&leaf),
        };
        sg_out_row(&submission->cli->out, &each_shape, values);
    }
    (void)fflush(submission->cli->out.file);
}

/* Appends CHUNK and makes it durable; sealed again if the log went on. */
static enum sg_err write_chunk(struct submission *submission,
                               struct sg_pipeline_chunk *chunk)
{
    const struct sg_store_own *own = submission->own;
    enum sg_err err =
        sg_batch_append(submission->batch, own->number, chunk->first,
                        chunk->entries, chunk->count);

    if (err == SG_ERR_STATE) {
        err = sg_pipeline_again(submission->pipeline, chunk,
                                own->signed_checkpoint.size);
        if (err == SG_OK)
            err = sg_batch_append(submission->batch, own->number, chunk->first,
                                  chunk->entries, chunk->count);
    }
    if (err == SG_OK)
        err = sg_batch_commit(submission->batch);
    if (err == SG_OK) {
        if (submission->count == 0)
            submission->first = chunk->first;
        submission->count += chunk->count;
        show_chunk(submission, chunk);
    }
    return err;
}

/* Writes chunk after chunk; RET_IS_INPUT says who failed. */
static enum sg_err write_all(struct submission *submission, bool *ret_is_input)
{
    struct sg_pipeline_chunk *chunk;
    enum sg_err err;

    for (;;) {
        err = sg_pipeline_get(submission->pipeline, &chunk);
        *ret_is_input = true;
        if (err != SG_OK || chunk == NULL)
            return err;
        *ret_is_input = false;
        err = write_chunk(submission, chunk);
        sg_pipeline_done(submission->pipeline, chunk);
        if (err != SG_OK)
            return err;
    }
}

static void show(const struct submission *submission)
{
    const struct sg_store_own *own = submission->own;
    bool any = submission->count > 0;
    const struct sg_out_value values[] = {
        sg_out_number(submission->count),
        sg_out_hash(&own->id.hash),
        any ? sg_out_number(submission->first) : sg_out_none(),
        any ? sg_out_number(submission->first + submission->count - 1)
            : sg_out_none(),
        sg_out_number(own->signed_checkpoint.size),
        sg_out_hash(&own->signed_checkpoint.root),
    };

    sg_out_card(&submission->cli->out, &shape, values);
}

static int fail(const struct submission *submission, enum sg_err err,
                bool is_input, const struct sg_intake *intake)
{
    const struct sg_cli *cli = submission->cli;
    const char *name = is_input && intake->at < intake->count
                           ? intake->names[intake->at]
                           : cli->dir;
    int code = is_input && err == SG_ERR_LIMIT
                   ? sg_cli_fail(cli, SG_EXIT_IMPOSSIBLE,
                                 "%s: line %" PRIu64 " has more than %d bytes; "
                                 "split it",
                                 "%s: dòng %" PRIu64 " dài hơn %d byte; hãy "
                                 "tách nhỏ",
                                 name, intake->line, SG_INTAKE_LINE_MAX)
                   : sg_cli_fail_err(cli, err, name);

    sg_cli_note(cli,
                "%" PRIu64 " lines were written and stay; submit the rest "
                "again",
                "%" PRIu64 " dòng đã được ghi và giữ nguyên; hãy gửi lại phần "
                "còn lại",
                submission->count);
    return code;
}

static int submit(struct submission *submission, struct sg_intake *intake,
                  const struct sg_seal_keys *keys, uint64_t key_entry)
{
    const struct sg_pipeline_config config = {
        .hasher = sg_store_hasher(submission->home->store),
        .keys = keys,
        .key_entry = key_entry,
        .first = submission->own->signed_checkpoint.size,
        .source = sg_intake_next,
        .context = intake,
    };
    bool is_input = false;
    enum sg_err err = sg_pipeline_new(&config, &submission->pipeline);

    if (err == SG_OK)
        err = write_all(submission, &is_input);
    if (err == SG_OK || submission->count > 0)
        show(submission);
    int code = err == SG_OK ? 0 : fail(submission, err, is_input, intake);
    sg_pipeline_free(submission->pipeline);
    return code;
}

static int open_and_submit(struct submission *submission,
                           struct sg_intake *intake)
{
    struct sg_seal_keys *keys;
    struct sg_cli *cli = submission->cli;
    uint64_t key_entry;
    int code = sg_home_own(cli, submission->home, &submission->own);

    if (code != 0)
        return code;
    if (submission->home->scope == NULL)
        return sg_cli_fail(cli, SG_EXIT_KEY,
                           "%s/keys/scope.key is missing: nobody could read "
                           "what is sealed; put it back",
                           "thiếu %s/keys/scope.key: không ai đọc được phần "
                           "niêm phong; hãy đặt lại",
                           cli->dir);
    enum sg_err err = sg_batch_new(submission->home->store, &submission->batch);
    if (err == SG_OK)
        err = sg_write_key_get(submission->home->store, submission->home->scope,
                               submission->own, submission->batch, &keys,
                               &key_entry);
    if (err != SG_OK)
        return sg_cli_fail_err(cli, err, cli->dir);
    code = submit(submission, intake, keys, key_entry);
    sg_crypto_secret_free(keys);
    return code;
}

int sg_verb_submit(struct sg_cli *cli, struct sg_cli_words words)
{
    static char *const standard_input[] = {"-"};
    struct submission submission = {.cli = cli};
    const struct sg_cli_option options[] = {
        {"--each", SG_CLI_FLAG, .flag = &submission.is_each},
    };
    struct sg_home home;
    int code = sg_cli_options(cli, &words, options, 1, 0, words.count);

    if (code == 0)
        code = sg_home_open(cli, &home);
    if (code != 0)
        return code;
    struct sg_intake *intake = sg_alloc(sizeof *intake);
    if (intake == NULL) {
        code = sg_cli_fail_err(cli, SG_ERR_NOMEM, cli->dir);
    } else {
        submission.home = &home;
        sg_intake_init(intake, words.count > 0 ? words.words : standard_input,
                       words.count > 0 ? words.count : 1);
        code = open_and_submit(&submission, intake);
        sg_batch_free(submission.batch);
        sg_intake_clear(intake);
    }
    sg_free(intake);
    sg_home_close(&home);
    return code;
}
