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

/* With SG_CENSUS_RECORDS_MAX records each far fewer than the 32,768 submit ids
 * that a node knows. */
#define BATCH_LINES 2048u
#define PROGRESS_MS 500
#define FORM_MAX    65536u
#define REASON_SIZE 512

_Static_assert(BATCH_LINES *SG_CENSUS_RECORDS_MAX <= 16384, "a batch");

/* A line of the batch. */
struct line {
    uint64_t number;
    bool is_refused; /* by the node, for one record at least */
};

struct importing {
    const struct sg_importing_config *config;
    struct sg_importing_sum *sum;
    struct sg_rows *rows;
    struct sg_census *census;
    FILE *report;
    struct sg_import_journal journal;
    struct sg_buf form;
    struct sg_census_result result;
    unsigned at; /* the next record of it */
    struct line lines[BATCH_LINES];
    size_t n_lines;
    bool is_last;         /* the file has ended */
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

static void put_quoted(FILE *file, const char *text)
{
    (void)fputs(",\"", file);
    for (; *text != '\0'; text++) {
        if (*text == '"')
            (void)putc('"', file);
        (void)putc(*text, file);
    }
    (void)putc('"', file);
}

/* Nothing of what the line says is in the report: who has the file looks there.
 */
static void report(struct importing *importing, uint64_t line, const char *code,
                   int code_size, const char *field, bool is_flag,
                   const char *english, const char *vietnamese)
{
    (void)fprintf(importing->report, "%" PRIu64 ",%s,%.*s,%s", line,
                  is_flag ? "flagged" : "refused", code_size, code, field);
    put_quoted(importing->report, english);
    put_quoted(importing->report, vietnamese);
    (void)fputs("\r\n", importing->report);
}

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
        (void)fputs("line,verdict,code,field,reason_en,reason_vi\r\n",
                    importing->report);
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

/* --- Lines -----------------------------------------------------------------
 */

/* A row that has no values to judge. */
static void report_row(struct importing *importing, enum sg_rows_state state)
{
    static const struct {
        const char *code, *english, *vietnamese;
    } words[] = {
        [SG_ROWS_LONG] = {"row", "the row is too long", "dòng quá dài"},
        [SG_ROWS_QUOTE] = {"CSV", "the quotation marks do not fit",
                           "dấu ngoặc kép không khớp"},
        [SG_ROWS_COUNT] = {"CSV",
                           "the row does not have as many values as the "
                           "head",
                           "số giá trị khác số cột của dòng tiêu đề"},
        [SG_ROWS_TEXT] = {"row", "the row is not UTF-8",
                          "dòng không phải UTF-8"},
        [SG_ROWS_NO_OBJECT] = {"JSON", "the line is not one JSON object",
                               "dòng không phải một đối tượng JSON"},
    };

    report(importing, sg_rows_line(importing->rows), words[state].code, 4, "-",
           false, words[state].english, words[state].vietnamese);
}

static void report_faults(struct importing *importing)
{
    const struct sg_census_result *result = &importing->result;
    bool is_refused = result->n_records == 0;

    importing->sum->refused += is_refused;
    importing->sum->flagged += !is_refused && result->n_faults > 0;
    for (unsigned i = 0; i < result->n_faults; i++) {
        const struct sg_census_fault *fault = &result->faults[i];

        report(importing, sg_rows_line(importing->rows), fault->code,
               (int)sizeof fault->code, fault->field, fault->is_flag,
               fault->english, fault->vietnamese);
    }
}

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

/* Reads the next line and makes its records. */
static enum sg_err take_line(struct importing *importing)
{
    struct sg_bytes values[SG_CENSUS_FIELD_COUNT];
    enum sg_rows_state state;
    enum sg_err err = sg_rows_next(importing->rows, values, &state);

    importing->result.n_records = importing->at = 0;
    if (err != SG_OK)
        return err;
    importing->is_last = state == SG_ROWS_END;
    if (importing->is_last)
        return SG_OK;
    importing->sum->lines++;
    importing->sum->lines_now++;
    if ((importing->sum->lines & 1023) == 0)
        say_progress(importing);
    if (state != SG_ROWS_ROW) {
        importing->sum->refused++;
        report_row(importing, state);
        return SG_OK;
    }
    err = sg_census_take(importing->census, values,
                         sg_rows_line(importing->rows), &importing->result);
    if (err == SG_OK)
        report_faults(importing);
    importing->sum->records += importing->result.n_records;
    return err;
}

/* --- To the node -----------------------------------------------------------
 */

/* The source of a courier: the records of one batch of lines. Its numbers say
 * which line of the batch, and the type of the record. */
static enum sg_err next_form(void *context, struct sg_bytes *ret_form,
                             uint64_t *ret_number)
{
    struct importing *importing = context;
    const struct sg_record *record;
    enum sg_err err = SG_OK;

    while (err == SG_OK && importing->at == importing->result.n_records) {
        if (importing->is_last || importing->stop_status != 0 ||
            importing->n_lines == BATCH_LINES) {
            *ret_form = sg_bytes(NULL, 0);
            return SG_OK;
        }
        err = take_line(importing);
        if (err == SG_OK && !importing->is_last)
            importing->lines[importing->n_lines++] =
                (struct line){.number = sg_rows_line(importing->rows)};
    }
    if (err != SG_OK)
        return err;
    record = &importing->result.records[importing->at++];
    sg_buf_truncate(&importing->form, 0);
    err = sg_census_form(record, &importing->form);
    *ret_form = sg_buf_bytes(&importing->form);
    *ret_number = (uint64_t)(importing->n_lines - 1) << 8 | record->type;
    return err;
}

static const char *text_of(const json_t *json, const char *name,
                           const char *instead)
{
    const char *text = json_string_value(json_object_get(json, name));

    return text == NULL ? instead : text;
}

/* A record that the node refuses for ever. */
static void report_refused(struct importing *importing, struct line *line,
                           unsigned type, const json_t *answer)
{
    uint64_t rule =
        (uint64_t)json_integer_value(json_object_get(answer, "rule"));
    const struct sg_schema_type *schema = sg_schema_find((uint16_t)type, 1);
    char code[8];

    importing->sum->refused += !line->is_refused;
    line->is_refused = true;
    if (rule >= 1 && rule <= SG_RULES_COUNT)
        (void)snprintf(code, sizeof code, "V%02u", (unsigned)rule);
    else
        (void)snprintf(code, sizeof code, "%.7s",
                       text_of(answer, "check", text_of(answer, "error", "-")));
    report(importing, line->number, code, (int)sizeof code,
           schema == NULL ? "-" : schema->name, false,
           rule >= 1 && rule <= SG_RULES_COUNT
               ? sg_rules_text((unsigned)rule, SG_LANG_EN)
               : text_of(answer, "en", "-"),
           rule >= 1 && rule <= SG_RULES_COUNT
               ? sg_rules_text((unsigned)rule, SG_LANG_VI)
               : text_of(answer, "vi", "-"));
}

/* The node cannot take records at all now, or never: that is no line's fault.
 */
static bool is_stop(unsigned status, const json_t *answer)
{
    return status >= 500 || status == 401 || status == 429 ||
           strcmp(text_of(answer, "error", ""), "no_scope") == 0;
}

static void answered(void *context, uint64_t number, unsigned status,
                     struct sg_bytes bytes)
{
    struct importing *importing = context;
    const struct sg_cli *cli = importing->config->cli;
    json_t *answer;

    SG_ASSERT(number >> 8 < importing->n_lines);
    importing->sum->filed += status == 201;
    importing->sum->before += status == 200;
    if (status == 200 || status == 201)
        return;
    answer = json_loadb((const char *)bytes.data, bytes.size, 0, NULL);
    if (!is_stop(status, answer)) {
        report_refused(importing, &importing->lines[number >> 8],
                       (unsigned)(number & 255), answer);
    } else if (importing->stop_status == 0) {
        importing->stop_status = status;
        (void)snprintf(importing->stop_reason, sizeof importing->stop_reason,
                       "%s", text_of(answer, sg_cli_say(cli, "en", "vi"), "?"));
    }
    json_decref(answer);
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

/* What is durable at the node is told to the journal, with the report. */
static enum sg_err end_batch(struct importing *importing)
{
    struct sg_import_journal *journal = &importing->journal;
    enum sg_err err = sync_report(importing);

    journal->line = sg_rows_line(importing->rows);
    sg_rows_digest(importing->rows, &journal->digest);
    journal->lines = importing->sum->lines;
    journal->refused = importing->sum->refused;
    journal->flagged = importing->sum->flagged;
    journal->records = importing->sum->records;
    return err == SG_OK
               ? sg_import_journal_write(importing->config->journal, journal)
               : err;
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
    enum sg_err err = SG_OK;

    while (err == SG_OK && !importing->is_last) {
        importing->n_lines = 0;
        err = sg_courier_run(&courier);
        if (err == SG_OK && importing->stop_status != 0)
            err = SG_ERR_STATE;
        /* At the end of the file the last line is told, not what is behind. */
        if (err == SG_OK && importing->n_lines > 0)
            err = end_batch(importing);
    }
    return err == SG_OK ? 0 : fail_run(importing, err);
}

static int look_at_all(struct importing *importing)
{
    enum sg_err err = SG_OK;

    while (err == SG_OK && !importing->is_last)
        err = take_line(importing);
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
    struct sg_bytes values[SG_CENSUS_FIELD_COUNT];
    enum sg_rows_state state = SG_ROWS_ROW;
    struct sg_hash digest = {{0}};
    enum sg_err err = SG_OK;

    if (journal->line == 0)
        return 0;
    while (err == SG_OK && state != SG_ROWS_END &&
           sg_rows_line(importing->rows) < journal->line)
        err = sg_rows_next(importing->rows, values, &state);
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

static int run(struct importing *importing)
{
    const struct sg_importing_config *config = importing->config;
    enum sg_err err;
    int code = 0;

    if (config->journal != NULL)
        code = open_journal(importing);
    if (code != 0)
        return code;
    err = sg_census_new(config->census, &importing->census);
    if (err == SG_OK)
        err = sg_rows_open(config->file, config->form, config->separator,
                           &importing->rows);
    if (err != SG_OK)
        return sg_cli_fail_err(config->cli, err, config->file);
    code = bind(importing);
    if (code == 0)
        code = go_on(importing);
    if (code == 0)
        code = open_report(importing);
    if (code != 0)
        return code;
    importing->sum->is_begun = true;
    return config->journal == NULL ? look_at_all(importing)
                                   : file_all(importing);
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
    sg_buf_init(&importing->form, FORM_MAX);
    code = run(importing);
    if (importing->report != NULL && fclose(importing->report) != 0 &&
        code == 0)
        code = sg_cli_fail_err(config->cli, SG_ERR_IO, config->report);
    sg_rows_close(importing->rows);
    sg_census_free(importing->census);
    sg_buf_wipe(&importing->form);
    sg_free(importing);
    return code;
}
