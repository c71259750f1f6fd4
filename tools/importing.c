#include "tools/importing.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/base/clock.h"
#include "storage/registry/rules.h"
#include "tools/courier.h"
#include "tools/import_journal.h"
#include "tools/import_report.h"
#include "tools/judging.h"

/* Lines after which the journal is written. What was handed in and is not in it
 * is far less than the 32,768 submit ids that a node knows. */
#define JOURNAL_LINES 2048u
#define PROGRESS_MS   500
#define REASON_SIZE   512

_Static_assert((JOURNAL_LINES + (SG_JUDGING_PARTS + 1) * SG_JUDGING_ROWS) *
                       SG_CENSUS_RECORDS_MAX <=
                   16384,
               "what is handed in and in no journal");

/* A part that is out: its forms are handed in, and answered. */
struct out {
    struct sg_judging_part *part;
    size_t left;                      /* forms that are not answered */
    bool is_refused[SG_JUDGING_ROWS]; /* by the node, for one record at least */
};

struct importing {
    const struct sg_importing_config *config;
    struct sg_importing_sum *sum;
    struct sg_rows *rows;
    struct sg_judging *judging;
    FILE *report;
    struct sg_import_journal journal;
    uint64_t unwritten; /* lines that are done and not in the journal's file */
    /* The parts that are out: parts[n_done] to parts[n_got - 1], modulo. */
    struct out outs[SG_JUDGING_PARTS];
    unsigned n_got, n_done;
    size_t at, offset;    /* the next form of the newest one, and its bytes */
    enum sg_err err;      /* of the report or the journal */
    unsigned stop_status; /* what the node cannot do now */
    char stop_reason[REASON_SIZE];
    struct sg_mono said; /* word of progress */
};

/* --- Columns ---------------------------------------------------------------
 */

void sg_importing_columns_init(struct sg_importing_columns *columns,
                               enum sg_rows_form form)
{
    *columns = (struct sg_importing_columns){.form = form};
    for (unsigned i = 0; i < SG_CENSUS_FIELD_COUNT; i++)
        columns->names[i] = form == SG_ROWS_CSV
                                ? sg_census_column((enum sg_census_field)i)
                                : sg_census_member((enum sg_census_field)i);
}

static int map_one(const struct sg_cli *cli,
                   struct sg_importing_columns *columns, char *pair)
{
    char *column = strchr(pair, '=');

    if (*pair == '\0' || *pair == '#')
        return 0;
    if (column != NULL)
        *column++ = '\0';
    for (unsigned i = 0; column != NULL && i < SG_CENSUS_FIELD_COUNT; i++)
        if (strcmp(pair, sg_census_column((enum sg_census_field)i)) == 0) {
            columns->names[i] = *column == '\0' ? NULL : column;
            columns->is_said[i] = true;
            return 0;
        }
    return sg_cli_fail(cli, SG_EXIT_USAGE,
                       "--map: %s: no such field; it is field=column, and "
                       "tools/data/README.md has the fields",
                       "--map: %s: không có trường này; cách ghi là "
                       "trường=cột, danh sách trường ở tools/data/README.md",
                       pair);
}

int sg_importing_columns_map(const struct sg_cli *cli,
                             struct sg_importing_columns *columns, char *text)
{
    char *rest = NULL;
    int code = 0;

    for (char *pair = strtok_r(text, ",\r\n", &rest); pair != NULL && code == 0;
         pair = strtok_r(NULL, ",\r\n", &rest))
        code = map_one(cli, columns, pair);
    return code;
}

/* --- The report ------------------------------------------------------------
 */

static int open_report(struct importing *importing)
{
    const struct sg_importing_config *config = importing->config;
    bool is_new = importing->journal.line == 0;
    int fd = open(config->report, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0 || fchmod(fd, 0600) != 0 ||
        ftruncate(fd, is_new ? 0 : (off_t)importing->journal.report) != 0 ||
        lseek(fd, 0, SEEK_END) < 0 ||
        (importing->report = fdopen(fd, "r+")) == NULL) {
        int code = sg_cli_fail(
            config->cli, errno == EACCES ? SG_EXIT_ACCESS : SG_EXIT_IMPOSSIBLE,
            "%s: %s; say another --report", "%s: %s; hãy ghi --report khác",
            config->report, strerror(errno));
        if (fd >= 0)
            (void)close(fd);
        return code;
    }
    (void)fseek(importing->report, 0, SEEK_END);
    if (is_new)
        (void)fputs(SG_IMPORT_REPORT_HEAD, importing->report);
    return 0;
}

/* Has the report on the disk; gives its size. */
static enum sg_err sync_report(struct importing *importing)
{
    long size;

    if (fflush(importing->report) != 0 || ferror(importing->report) != 0 ||
        fdatasync(fileno(importing->report)) != 0)
        return errno == ENOSPC ? SG_ERR_FULL : SG_ERR_IO;
    size = ftell(importing->report);
    if (size < 0)
        return SG_ERR_IO;
    importing->journal.report = (uint64_t)size;
    return SG_OK;
}

/* --- Parts that are done --------------------------------------------------
 */

static void say_progress(struct importing *importing)
{
    const struct sg_importing_sum *sum = importing->sum;
    struct sg_mono now = sg_clock_mono();

    if (!importing->config->cli->is_progress ||
        sg_mono_diff(now, importing->said) < PROGRESS_MS)
        return;
    importing->said = now;
    sg_cli_note(
        importing->config->cli,
        "%" PRIu64 " lines, %" PRIu64 " refused, %" PRIu64 " records filed",
        "%" PRIu64 " dòng, %" PRIu64 " bị từ chối, %" PRIu64 " bản ghi đã ghi",
        sum->lines, sum->refused, sum->filed + sum->before);
}

/* What is durable at the node is told to the journal, with the report. */
static enum sg_err write_journal(struct importing *importing)
{
    enum sg_err err;

    if (importing->unwritten == 0)
        return SG_OK;
    importing->unwritten = 0;
    err = sync_report(importing);
    return err == SG_OK ? sg_import_journal_write(importing->config->journal,
                                                  &importing->journal)
                        : err;
}

/* Takes PART as done: its lines were looked at, its records answered. */
static enum sg_err end_part(struct importing *importing,
                            const struct sg_judging_part *part)
{
    struct sg_importing_sum *sum = importing->sum;
    struct sg_import_journal *journal = &importing->journal;

    if (part->report.size > 0 &&
        fwrite(part->report.data, part->report.size, 1, importing->report) != 1)
        return errno == ENOSPC ? SG_ERR_FULL : SG_ERR_IO;
    sum->lines += part->n_rows;
    sum->lines_now += part->n_rows;
    sum->refused += part->refused;
    sum->flagged += part->flagged;
    sum->records += part->records;
    journal->line = part->rows[part->n_rows - 1].line;
    journal->digest = part->digest;
    journal->lines = sum->lines;
    journal->refused = sum->refused;
    journal->flagged = sum->flagged;
    journal->records = sum->records;
    importing->unwritten += part->n_rows;
    sg_judging_done(importing->judging);
    say_progress(importing);
    return SG_OK;
}

/* Gives back the parts of which all is answered, oldest first. */
static void end_parts(struct importing *importing)
{
    while (importing->err == SG_OK && importing->n_done != importing->n_got) {
        const struct out *out =
            &importing->outs[importing->n_done % SG_JUDGING_PARTS];

        if (out->left > 0)
            return;
        importing->n_done++;
        importing->err = end_part(importing, out->part);
        if (importing->err == SG_OK && importing->unwritten >= JOURNAL_LINES)
            importing->err = write_journal(importing);
    }
}

/* --- To the node -----------------------------------------------------------
 */

/* Takes the next part out, if there is one yet. */
static enum sg_err take_part(struct importing *importing, bool may_wait,
                             enum sg_relay_got *ret_got)
{
    struct sg_judging_part *part;
    struct out *out = &importing->outs[importing->n_got % SG_JUDGING_PARTS];
    enum sg_err err =
        sg_judging_get(importing->judging, may_wait, ret_got, &part);

    if (err != SG_OK || *ret_got != SG_RELAY_SLOT)
        return err;
    *out = (struct out){.part = part, .left = part->n_forms};
    importing->n_got++;
    importing->at = importing->offset = 0;
    end_parts(importing);
    return importing->err;
}

static const struct sg_judging_part *newest_part(
    const struct importing *importing)
{
    return importing->n_got == importing->n_done
               ? NULL
               : importing->outs[(importing->n_got - 1) % SG_JUDGING_PARTS]
                     .part;
}

/* The source of a courier. Its numbers say which part that is out, and which
 * form of it. */
static enum sg_err next_form(void *context, bool is_idle,
                             enum sg_pipeline_next *ret_next,
                             struct sg_bytes *ret_form, uint64_t *ret_number)
{
    struct importing *importing = context;
    const struct sg_judging_part *part = newest_part(importing);
    enum sg_relay_got got = SG_RELAY_SLOT;
    enum sg_err err = importing->err;

    *ret_next = SG_PIPELINE_END;
    if (err != SG_OK || importing->stop_status != 0)
        return err;
    while (err == SG_OK && got == SG_RELAY_SLOT &&
           (part == NULL || importing->at == part->n_forms)) {
        err = take_part(importing, is_idle, &got);
        part = newest_part(importing);
    }
    if (err != SG_OK || got == SG_RELAY_END)
        return err;
    *ret_next = got == SG_RELAY_LATER ? SG_PIPELINE_PAUSE : SG_PIPELINE_BODY;
    if (got == SG_RELAY_LATER)
        return SG_OK;
    *ret_form = sg_bytes(part->forms.data + importing->offset,
                         part->items[importing->at].size);
    *ret_number = (uint64_t)((importing->n_got - 1) % SG_JUDGING_PARTS) << 16 |
                  importing->at;
    importing->offset += part->items[importing->at++].size;
    return SG_OK;
}

static const char *text_of(const json_t *json, const char *name,
                           const char *instead)
{
    const char *text = json_string_value(json_object_get(json, name));

    return text == NULL ? instead : text;
}

/* A record that the node refuses for ever. */
static enum sg_err report_refused(struct out *out,
                                  const struct sg_judging_form *form,
                                  const json_t *answer)
{
    uint64_t rule =
        (uint64_t)json_integer_value(json_object_get(answer, "rule"));
    bool is_rule = rule >= 1 && rule <= SG_RULES_COUNT;
    const struct sg_schema_type *schema = sg_schema_find(form->type, 1);
    char code[8];
    struct sg_import_report_row row = {
        .line = out->part->rows[form->row].line,
        .field = schema == NULL ? "-" : schema->name,
        .english = is_rule ? sg_rules_text((unsigned)rule, SG_LANG_EN)
                           : text_of(answer, "en", "-"),
        .vietnamese = is_rule ? sg_rules_text((unsigned)rule, SG_LANG_VI)
                              : text_of(answer, "vi", "-"),
    };

    out->part->refused += !out->is_refused[form->row];
    out->is_refused[form->row] = true;
    if (is_rule)
        (void)snprintf(code, sizeof code, "V%02u", (unsigned)rule);
    else
        (void)snprintf(code, sizeof code, "%.7s",
                       text_of(answer, "check", text_of(answer, "error", "-")));
    row.code = sg_bytes(code, strlen(code));
    return sg_import_report_put(&out->part->report, &row);
}

/* The node cannot take records at all now, or never: that is no line's fault.
 */
static bool is_stop(unsigned status, const json_t *answer)
{
    return status >= 500 || status == 401 || status == 429 ||
           strcmp(text_of(answer, "error", ""), "no_scope") == 0;
}

static void answered(void *context, uint64_t number, unsigned status,
                     const json_t *answer)
{
    struct importing *importing = context;
    const struct sg_cli *cli = importing->config->cli;
    struct out *out = &importing->outs[number >> 16];
    bool is_filed = status == 200 || status == 201;

    SG_ASSERT(out->left > 0);
    SG_ASSERT((number & 0xffff) < out->part->n_forms);
    importing->sum->filed += status == 201;
    importing->sum->before += status == 200;
    if (!is_filed && is_stop(status, answer)) {
        if (importing->stop_status != 0)
            return;
        importing->stop_status = status;
        (void)snprintf(importing->stop_reason, sizeof importing->stop_reason,
                       "%s", text_of(answer, sg_cli_say(cli, "en", "vi"), "?"));
        return; /* its part is never done */
    }
    if (!is_filed && importing->err == SG_OK)
        importing->err =
            report_refused(out, &out->part->items[number & 0xffff], answer);
    out->left--;
    end_parts(importing);
}

static int fail_run(const struct importing *importing, enum sg_err err)
{
    const struct sg_importing_config *config = importing->config;
    const struct sg_cli *cli = config->cli;
    int code;

    if (importing->stop_status != 0)
        code = sg_cli_fail(
            cli,
            importing->stop_status == 507 ? SG_EXIT_FULL : SG_EXIT_IMPOSSIBLE,
            "the node takes no records: %s", "nút không nhận bản ghi: %s",
            importing->stop_reason);
    else if (err == SG_ERR_NOTFOUND)
        code = sg_cli_fail(cli, SG_EXIT_IMPOSSIBLE,
                           "%s: no sogocd answers there; start it, or say "
                           "--socket as its configuration does; --dry-run "
                           "needs none",
                           "%s: không có sogocd ở đó; hãy chạy nó, hoặc ghi "
                           "--socket đúng như cấu hình; --dry-run thì không "
                           "cần",
                           config->socket);
    else
        code = sg_cli_fail_err(cli, err, config->file);
    if (config->journal != NULL)
        sg_cli_note(cli,
                    "what was filed stays; type the same again and it goes on "
                    "after line %" PRIu64,
                    "những gì đã ghi vẫn còn; gõ lại đúng lệnh này để làm tiếp "
                    "sau dòng %" PRIu64,
                    importing->journal.line);
    return code;
}

static int file_all(struct importing *importing)
{
    const struct sg_courier_config courier = {
        .socket = importing->config->socket,
        .callers = importing->config->callers,
        .wait_ms = importing->config->wait_ms,
        .next = next_form,
        .answered = answered,
        .context = importing,
    };
    enum sg_err err = sg_courier_run(&courier);
    enum sg_err written;

    if (err == SG_OK)
        err = importing->err;
    if (err == SG_OK && importing->stop_status != 0)
        err = SG_ERR_STATE;
    /* Also where it failed: so much need not be handed in again. */
    written = importing->err == SG_OK ? write_journal(importing) : SG_OK;
    if (err == SG_OK)
        err = written;
    return err == SG_OK ? 0 : fail_run(importing, err);
}

static int look_at_all(struct importing *importing)
{
    enum sg_relay_got got = SG_RELAY_SLOT;
    struct sg_judging_part *part;
    enum sg_err err = SG_OK;

    while (err == SG_OK && got != SG_RELAY_END) {
        err = sg_judging_get(importing->judging, true, &got, &part);
        if (err == SG_OK && got == SG_RELAY_SLOT)
            err = end_part(importing, part);
    }
    if (err == SG_OK)
        err = sync_report(importing);
    return err == SG_OK ? 0 : fail_run(importing, err);
}

/* --- Beginning -------------------------------------------------------------
 */

/* Says which columns nobody reads. */
static void note_left_over(const struct importing *importing)
{
    char list[256];
    size_t size = 0;
    struct sg_bytes name;

    for (unsigned i = 0; sg_rows_left_over(importing->rows, i, &name); i++) {
        int n = snprintf(list + size, sizeof list - size, "%s%.*s",
                         i == 0 ? "" : ", ", (int)name.size,
                         name.size == 0 ? "" : (const char *)name.data);
        if (n < 0 || (size_t)n >= sizeof list - size)
            break;
        size += (size_t)n;
    }
    if (size > 0)
        sg_cli_note(importing->config->cli, "columns that are not read: %.*s",
                    "các cột không đọc: %.*s", (int)size, list);
}

static int bind(struct importing *importing)
{
    const struct sg_importing_config *config = importing->config;
    const struct sg_importing_columns *columns = config->columns;
    bool found[SG_CENSUS_FIELD_COUNT];
    enum sg_err err = sg_rows_bind(importing->rows, columns->names,
                                   SG_CENSUS_FIELD_COUNT, found);

    if (err == SG_ERR_MALFORMED)
        return sg_cli_fail(config->cli, SG_EXIT_DAMAGED,
                           "%s: the first line is no head of CSV with each "
                           "column once; --separator, --format?",
                           "%s: dòng đầu không phải tiêu đề CSV mỗi cột một "
                           "lần; xem --separator, --format",
                           config->file);
    if (err != SG_OK)
        return sg_cli_fail_err(config->cli, err, config->file);
    for (unsigned i = 0; i < SG_CENSUS_FIELD_COUNT; i++)
        if (columns->is_said[i] && columns->names[i] != NULL && !found[i])
            return sg_cli_fail(
                config->cli, SG_EXIT_USAGE, "%s: there is no column %s",
                "%s: không có cột %s", config->file, columns->names[i]);
    if (!found[SG_CENSUS_UNIT] ||
        (!found[SG_CENSUS_GIVEN] && !found[SG_CENSUS_NAME]))
        return sg_cli_fail(config->cli, SG_EXIT_USAGE,
                           "%s: no columns for the name and the unit; say "
                           "which they are with --map",
                           "%s: không thấy cột họ tên và đơn vị; hãy chỉ ra "
                           "bằng --map",
                           config->file);
    note_left_over(importing);
    return 0;
}

/* The journal that this import has, or begins. */
static int open_journal(struct importing *importing)
{
    const struct sg_importing_config *config = importing->config;
    struct sg_import_journal *journal = &importing->journal;
    struct sg_import_journal own = {.day = config->census->day};
    struct sg_sha256 ctx;
    enum sg_err err;

    sg_crypto_sha256_init(&ctx);
    for (unsigned i = 0; i < SG_CENSUS_FIELD_COUNT; i++) {
        const char *name = config->columns->names[i];

        sg_crypto_sha256_update(&ctx, (const uint8_t *)(name ? name : ""),
                                (name ? strlen(name) : 0) + 1);
    }
    sg_crypto_sha256_update(&ctx, (const uint8_t *)&config->census->is_legacy,
                            1);
    sg_crypto_sha256_update(&ctx, config->census->officer->public_key,
                            SG_KEY_SIZE);
    sg_crypto_sha256_update(&ctx, config->census->officer->registry.hash.bytes,
                            32);
    sg_crypto_sha256_final(&ctx, &own.settings);
    err = sg_import_journal_read(config->journal, journal);
    if (err == SG_ERR_NOTFOUND) {
        *journal = own;
        return 0;
    }
    if (err != SG_OK && err != SG_ERR_MALFORMED)
        return sg_cli_fail_err(config->cli, err, config->journal);
    if (err == SG_OK &&
        memcmp(&journal->settings, &own.settings, sizeof own.settings) == 0 &&
        (!config->is_day_given || journal->day.ymd == own.day.ymd)) {
        config->census->day = journal->day;
        return 0;
    }
    return sg_cli_fail(config->cli, SG_EXIT_IMPOSSIBLE,
                       "%s is the journal of an import with another officer, "
                       "day or mapping; say these, or another --journal",
                       "%s là nhật ký của lần nhập với cán bộ, ngày hoặc cách "
                       "ghép cột khác; hãy ghi đúng như vậy, hoặc --journal "
                       "khác",
                       config->journal);
}

/* Goes to the line that the journal has, which must be there as it was. */
static int go_on(struct importing *importing)
{
    const struct sg_importing_config *config = importing->config;
    const struct sg_import_journal *journal = &importing->journal;
    struct sg_importing_sum *sum = importing->sum;
    struct sg_rows_piece piece = {.state = SG_ROWS_ROW};
    struct sg_hash digest = {{0}};
    enum sg_err err = SG_OK;

    if (journal->line == 0)
        return 0;
    while (err == SG_OK && piece.state != SG_ROWS_END &&
           piece.line < journal->line)
        err = sg_rows_cut(importing->rows, &piece);
    if (err != SG_OK)
        return sg_cli_fail_err(config->cli, err, config->file);
    sg_rows_digest(importing->rows, &digest);
    if (memcmp(&digest, &journal->digest, sizeof digest) != 0)
        return sg_cli_fail(config->cli, SG_EXIT_IMPOSSIBLE,
                           "%s is not the file that %s is about: it was "
                           "changed before line %" PRIu64
                           "; put it back, or import what is new as a file of "
                           "its own",
                           "%s không phải tệp mà %s ghi: đã bị sửa trước dòng "
                           "%" PRIu64
                           "; hãy đặt lại tệp cũ, hoặc nhập phần mới bằng tệp "
                           "riêng",
                           config->file, config->journal, journal->line);
    sum->resumed = journal->line;
    sum->lines = journal->lines;
    sum->refused = journal->refused;
    sum->flagged = journal->flagged;
    sum->records = journal->records;
    return 0;
}

static int begin(struct importing *importing)
{
    const struct sg_importing_config *config = importing->config;
    enum sg_err err;
    int code = 0;

    if (config->journal != NULL)
        code = open_journal(importing);
    if (code != 0)
        return code;
    err = sg_rows_open(config->file, config->form, config->separator,
                       &importing->rows);
    if (err != SG_OK)
        return sg_cli_fail_err(config->cli, err, config->file);
    code = bind(importing);
    if (code == 0)
        code = go_on(importing);
    if (code == 0)
        code = open_report(importing);
    return code;
}

static int run(struct importing *importing)
{
    const struct sg_importing_config *config = importing->config;
    bool is_dry = config->journal == NULL;
    int code = begin(importing);
    const struct sg_judging_config judging = {
        .rows = importing->rows,
        .census = config->census,
        .has_forms = !is_dry,
    };
    enum sg_err err;

    if (code != 0)
        return code;
    err = sg_judging_new(&judging, &importing->judging);
    if (err != SG_OK)
        return sg_cli_fail_err(config->cli, err, config->file);
    importing->sum->is_begun = true;
    return is_dry ? look_at_all(importing) : file_all(importing);
}

int sg_importing_run(const struct sg_importing_config *config,
                     struct sg_importing_sum *ret_sum)
{
    struct importing *importing = sg_calloc(1, sizeof *importing);
    int code;

    if (importing == NULL)
        return sg_cli_fail_err(config->cli, SG_ERR_NOMEM, config->file);
    importing->config = config;
    importing->sum = ret_sum;
    importing->said = sg_clock_mono();
    code = run(importing);
    if (importing->report != NULL && fclose(importing->report) != 0 &&
        code == 0)
        code = sg_cli_fail_err(config->cli, SG_ERR_IO, config->report);
    sg_judging_free(importing->judging);
    sg_rows_close(importing->rows);
    sg_free(importing);
    return code;
}
