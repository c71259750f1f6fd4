#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "storage/base/alloc.h"
#include "storage/base/clock.h"
#include "storage/registry/unit_file.h"
#include "tools/caller.h"
#include "tools/courier.h"
#include "tools/importing.h"
#include "tools/officer.h"
#include "tools/verb.h"

#define WAIT_DEFAULT 10u /* seconds */
#define WAIT_MAX     3600u
#define MAP_SIZE_MAX 65536u

const struct sg_verb_page sg_verb_import_page = {
    "FILE --officer NAME [--day DAY] [--map MAP] [--legacy]\n"
    "              [--report FILE] [--journal FILE] [--socket PATH] "
    "[--dir DIR]\n"
    "       sogoc import FILE --dry-run [--day DAY] [--map MAP] [--test]",
    {"Takes over the persons of an older book: CSV with a head, or one JSON "
     "object a\n"
     "line, as sogoc synth prints them. Each line becomes the records that an "
     "office\n"
     "would write of it, as legacy data, signed by the officer and handed in "
     "to the\n"
     "sogocd of this machine. Ended in the middle, even by kill -9: type it "
     "again, it\n"
     "goes on and files nothing twice. Exit 1 if any line was refused.\n"
     "\n"
     "  --officer NAME  signs with keys/officer-NAME.key of DIR\n"
     "  --day DAY       as of which the book is, YYYY-MM-DD (today)\n"
     "  --map MAP       field=column,... or a file with one a line; fields and "
     "the\n"
     "                  columns they have by default: tools/data/README.md\n"
     "  --legacy        lets through what the rules only flag of legacy data; "
     "it is\n"
     "                  listed and marked in the register\n"
     "  --dry-run       files nothing, needs no node, says what would be "
     "refused\n"
     "  --test          a test registry: numbers of province 999 (else they "
     "are refused)\n"
     "  --format F      csv or jsonl (by the name of FILE)\n"
     "  --separator C   between the values of CSV (,)\n"
     "  --report FILE   of refused lines, mode 0600 (FILE.refused.csv)\n"
     "  --journal FILE  how far it is (FILE.journal); keep it: with it the "
     "file is\n"
     "                  imported once\n"
     "  --socket PATH   of the daemon (/run/sogoc/sogocd.sock)\n"
     "  --wait SECONDS  for a daemon that is not there yet, or busy (10)\n",
     "Nhập dữ liệu người dân từ sổ cũ: CSV có dòng tiêu đề, hoặc mỗi dòng một "
     "đối\n"
     "tượng JSON như sogoc synth in ra. Mỗi dòng thành các bản ghi như cán bộ "
     "lập,\n"
     "nguồn là dữ liệu cũ, do cán bộ ký và nộp cho sogocd trên máy này. Bị "
     "ngắt giữa\n"
     "chừng, kể cả kill -9: gõ lại đúng lệnh, chương trình làm tiếp và không "
     "ghi gì\n"
     "hai lần. Mã kết thúc 1 nếu có dòng bị từ chối.\n"
     "\n"
     "  --officer NAME  ký bằng keys/officer-NAME.key của DIR\n"
     "  --day DAY       sổ cũ tính đến ngày này, YYYY-MM-DD (hôm nay)\n"
     "  --map MAP       trường=cột,... hoặc tệp mỗi dòng một cặp; tên trường "
     "và cột\n"
     "                  mặc định: tools/data/README.md\n"
     "  --legacy        cho qua những gì quy tắc chỉ đánh dấu ở dữ liệu cũ; "
     "vẫn liệt\n"
     "                  kê và đánh dấu trong sổ\n"
     "  --dry-run       không ghi gì, không cần nút, chỉ báo dòng nào sẽ bị từ "
     "chối\n"
     "  --test          sổ thử: nhận số của tỉnh 999 (nếu không thì từ chối)\n"
     "  --format F      csv hoặc jsonl (theo tên FILE)\n"
     "  --separator C   ký tự ngăn cột của CSV (,)\n"
     "  --report FILE   danh sách dòng bị từ chối, quyền 0600 "
     "(FILE.refused.csv)\n"
     "  --journal FILE  đã làm đến đâu (FILE.journal); hãy giữ lại: nhờ nó "
     "tệp chỉ\n"
     "                  được nhập một lần\n"
     "  --socket PATH   socket của sogocd (/run/sogoc/sogocd.sock)\n"
     "  --wait SECONDS  chờ sogocd chưa chạy hoặc đang bận (10)\n"},
    "  $ sogoc synth 500 --clean --day 2025-02-01 > old-book.jsonl\n"
    "  $ sogoc import old-book.jsonl --dry-run --test --day 2025-02-01\n",
};

static const struct sg_out_shape shape = {
    .type = "imported",
    .field_count = 11,
    .fields = {{"into", {"into", "ghi vào"}, 0},
               {"lines", {"lines", "số dòng"}, 0},
               {"refused", {"lines refused", "dòng bị từ chối"}, 0},
               {"flagged", {"lines flagged", "dòng bị đánh dấu"}, 0},
               {"records", {"records", "bản ghi"}, 0},
               {"filed", {"filed now", "ghi mới"}, 0},
               {"before", {"filed before", "đã có"}, 0},
               {"resumed", {"went on after line", "làm tiếp sau dòng"}, 0},
               {"report", {"report", "danh sách từ chối"}, 0},
               {"ms", {"milliseconds", "mili giây"}, 0},
               {"rate", {"lines a second", "dòng mỗi giây"}, 0}},
};

/* What was asked for. */
struct wish {
    const char *file, *officer, *day, *map, *report, *journal, *socket;
    const char *format, *separator;
    uint64_t wait;
    bool is_dry, is_legacy, is_test;
    struct sg_importing_columns columns;
    char report_path[SG_IMPORTING_PATH_MAX];
    char journal_path[SG_IMPORTING_PATH_MAX];
    char *map_text; /* borrowed by columns */
};

static bool ends(const char *text, const char *end)
{
    size_t size = strlen(text), tail = strlen(end);

    return size >= tail && strcmp(text + size - tail, end) == 0;
}

static int read_format(const struct sg_cli *cli, const struct wish *wish,
                       enum sg_rows_form *ret)
{
    if (wish->format == NULL)
        *ret = ends(wish->file, ".jsonl") || ends(wish->file, ".ndjson")
                   ? SG_ROWS_JSON
                   : SG_ROWS_CSV;
    else if (strcmp(wish->format, "jsonl") == 0)
        *ret = SG_ROWS_JSON;
    else if (strcmp(wish->format, "csv") == 0)
        *ret = SG_ROWS_CSV;
    else
        return sg_cli_fail(cli, SG_EXIT_USAGE, "--format is csv or jsonl",
                           "--format là csv hoặc jsonl");
    if (wish->wait > WAIT_MAX)
        return sg_cli_fail(cli, SG_EXIT_USAGE, "--wait is up to %u",
                           "--wait không quá %u", WAIT_MAX);
    if (wish->separator != NULL &&
        (strlen(wish->separator) != 1 ||
         strchr("\"\r\n", wish->separator[0]) != NULL))
        return sg_cli_fail(cli, SG_EXIT_USAGE,
                           "--separator is one character, such as ; ",
                           "--separator là một ký tự, ví dụ ; ");
    return 0;
}

/* Reads the mapping: as it stands, or the file that it names. */
static int read_map(const struct sg_cli *cli, struct wish *wish,
                    enum sg_rows_form form)
{
    size_t size = wish->map == NULL ? 0 : strlen(wish->map);
    FILE *file = NULL;

    sg_importing_columns_init(&wish->columns, form);
    if (wish->map == NULL)
        return 0;
    wish->map_text = sg_calloc(1, MAP_SIZE_MAX + 1);
    if (wish->map_text == NULL)
        return sg_cli_fail_err(cli, SG_ERR_NOMEM, "--map");
    if (strchr(wish->map, '=') == NULL) {
        file = fopen(wish->map, "re");
        if (file == NULL)
            return sg_cli_fail(cli, SG_EXIT_IMPOSSIBLE, "%s: %s", "%s: %s",
                               wish->map, strerror(errno));
        size = fread(wish->map_text, 1, MAP_SIZE_MAX, file);
        (void)fclose(file);
        wish->map_text[size] = '\0';
    } else if (size <= MAP_SIZE_MAX) {
        memcpy(wish->map_text, wish->map, size + 1);
    }
    return sg_importing_columns_map(cli, &wish->columns, wish->map_text);
}

static int read_paths(const struct sg_cli *cli, struct wish *wish)
{
    bool is_input = strcmp(wish->file, "-") == 0;
    const char *report = wish->is_dry ? "dry-run.csv" : "refused.csv";
    int n, m;

    if (is_input && !wish->is_dry)
        return sg_cli_fail(cli, SG_EXIT_USAGE,
                           "an import goes on where it was cut off, so it "
                           "needs a file, not -",
                           "để làm tiếp được khi bị ngắt, hãy nhập từ một tệp, "
                           "không phải -");
    n = wish->report != NULL
            ? snprintf(wish->report_path, sizeof wish->report_path, "%s",
                       wish->report)
            : snprintf(wish->report_path, sizeof wish->report_path, "%s.%s",
                       is_input ? "import" : wish->file, report);
    m = snprintf(wish->journal_path, sizeof wish->journal_path, "%s%s",
                 wish->journal != NULL ? wish->journal : wish->file,
                 wish->journal != NULL ? "" : ".journal");
    if (n < 0 || m < 0 || (size_t)n >= sizeof wish->report_path ||
        (size_t)m + 5 >= sizeof wish->journal_path)
        return sg_cli_fail(cli, SG_EXIT_USAGE, "a path is too long",
                           "đường dẫn quá dài");
    return 0;
}

static int read_day(const struct sg_cli *cli, const struct wish *wish,
                    struct sg_census_config *census)
{
    census->today = sg_date_from_wall(sg_clock_wall(), 420);
    census->day = census->today;
    if (wish->day != NULL &&
        (sg_date_parse(sg_bytes(wish->day, strlen(wish->day)), &census->day) !=
             SG_OK ||
         sg_date_precision(census->day) != SG_DATE_YMD))
        return sg_cli_fail(cli, SG_EXIT_USAGE, "%s: a day is YYYY-MM-DD",
                           "%s: ngày phải có dạng YYYY-MM-DD", wish->day);
    return 0;
}

static void show(struct sg_cli *cli, const struct wish *wish,
                 const struct sg_importing_sum *sum, uint64_t ms)
{
    const char *into = wish->is_dry ? "-" : wish->socket;
    const char *report = wish->report_path;
    const struct sg_out_value values[] = {
        wish->is_dry ? sg_out_word("nothing", sg_cli_say(cli,
                                                         "nothing: a dry "
                                                         "run",
                                                         "không ghi: chạy thử"))
                     : sg_out_bytes(SG_OUT_BODY, sg_bytes(into, strlen(into))),
        sg_out_number(sum->lines),
        sg_out_number(sum->refused),
        sg_out_number(sum->flagged),
        sg_out_number(sum->records),
        sg_out_number(sum->filed),
        sg_out_number(sum->before),
        sg_out_number(sum->resumed),
        sg_out_bytes(SG_OUT_BODY, sg_bytes(report, strlen(report))),
        sg_out_number(ms),
        ms == 0 ? sg_out_none() : sg_out_number(sum->lines_now * 1000 / ms),
    };

    sg_out_card(&cli->out, &shape, values);
}

static int run(struct sg_cli *cli, struct wish *wish,
               struct sg_census_config *census, enum sg_rows_form form)
{
    const struct sg_importing_config config = {
        .cli = cli,
        .file = wish->file,
        .form = form,
        .separator = wish->separator == NULL ? ',' : wish->separator[0],
        .columns = &wish->columns,
        .census = census,
        .report = wish->report_path,
        .journal = wish->is_dry ? NULL : wish->journal_path,
        .socket = wish->socket,
        .callers = SG_COURIER_CALLERS,
        .wait_ms = (uint32_t)wish->wait * 1000,
        .is_day_given = wish->day != NULL,
    };
    struct sg_importing_sum sum = {.lines = 0};
    struct sg_mono begin = sg_clock_mono();
    int code = sg_importing_run(&config, &sum);

    if (sum.is_begun)
        show(cli, wish, &sum, (uint64_t)sg_mono_diff(sg_clock_mono(), begin));
    if (code == 0 && sum.refused > 0)
        code = SG_EXIT_NO;
    return code;
}

static int import(struct sg_cli *cli, struct wish *wish)
{
    struct sg_census_config census = {.is_test = wish->is_test,
                                      .is_legacy = wish->is_legacy};
    enum sg_rows_form form = SG_ROWS_CSV;
    struct sg_unit_table *units = NULL;
    struct sg_key *officer = NULL;
    int code = read_format(cli, wish, &form);

    if (code == 0)
        code = read_map(cli, wish, form);
    if (code == 0)
        code = read_paths(cli, wish);
    if (code == 0)
        code = read_day(cli, wish, &census);
    if (code == 0 && wish->officer == NULL && !wish->is_dry)
        code = sg_cli_fail(cli, SG_EXIT_USAGE,
                           "who imports? --officer NAME; or --dry-run",
                           "cán bộ nào nhập? --officer NAME; hoặc --dry-run");
    if (code == 0 && wish->officer != NULL)
        code = sg_officer_key(cli, wish->officer, &officer);
    if (code == 0) {
        enum sg_err err =
            sg_unit_file_read(sg_unit_file_shipped(), &units, NULL);

        code = err == SG_OK ? 0 : sg_cli_fail_err(cli, err, wish->file);
    }
    census.units = units;
    census.officer = officer;
    if (code == 0)
        code = run(cli, wish, &census, form);
    sg_unit_table_free(units);
    sg_key_file_free(officer);
    sg_free(wish->map_text);
    return code;
}

int sg_verb_import(struct sg_cli *cli, struct sg_cli_words words)
{
    struct wish wish = {.socket = SG_CALLER_SOCKET, .wait = WAIT_DEFAULT};
    const struct sg_cli_option options[] = {
        {"--officer", SG_CLI_TEXT, .text = &wish.officer},
        {"--day", SG_CLI_TEXT, .text = &wish.day},
        {"--map", SG_CLI_TEXT, .text = &wish.map},
        {"--legacy", SG_CLI_FLAG, .flag = &wish.is_legacy},
        {"--dry-run", SG_CLI_FLAG, .flag = &wish.is_dry},
        {"--test", SG_CLI_FLAG, .flag = &wish.is_test},
        {"--format", SG_CLI_TEXT, .text = &wish.format},
        {"--separator", SG_CLI_TEXT, .text = &wish.separator},
        {"--report", SG_CLI_TEXT, .text = &wish.report},
        {"--journal", SG_CLI_TEXT, .text = &wish.journal},
        {"--socket", SG_CLI_TEXT, .text = &wish.socket},
        {"--wait", SG_CLI_NUMBER, .number = &wish.wait},
    };
    int code = sg_cli_options(cli, &words, options,
                              sizeof options / sizeof options[0], 1, 1);

    if (code != 0)
        return code;
    wish.file = words.words[0];
    return import(cli, &wish);
}
