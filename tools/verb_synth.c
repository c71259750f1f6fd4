#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "storage/base/text.h"
#include "storage/registry/unit_file.h"
#include "tools/officer.h"
#include "tools/synth.h"
#include "tools/synth_history.h"
#include "tools/synth_text.h"
#include "tools/unit_name.h"
#include "tools/verb.h"

const struct sg_verb_page sg_verb_synth_page = {
    "COUNT [--seed N] [--day DAY] [--clean] [--truth FILE]\n"
    "             [--within UNIT] [--no-cards] [--records [--nodes N] "
    "[--unsigned]]\n"
    "             [--forms --officer NAME [--approver NAME] [--dir DIR]]",
    {"Prints COUNT invented citizens of Thanh Hoa, one JSON object a line, "
     "with the\n"
     "defects that registers have. Nobody here exists. The same words print "
     "the same\n"
     "bytes for ever; tools/data/README.md describes the formats.\n"
     "\n"
     "  --seed N      another population (default: 1)\n"
     "  --day DAY     as of this day, YYYY-MM-DD (default: 2023-04-10)\n"
     "  --clean       nothing is wrong with anybody\n"
     "  --truth FILE  write what is wrong with whom\n"
     "  --records     not lines, but what offices record about them, binary\n"
     "  --nodes N     ... at so many nodes (default: 27)\n"
     "  --unsigned    ... without the officers' signatures\n"
     "  --no-cards    ... whose cards are not made yet: dossiers are opened, "
     "no more\n"
     "  --within UNIT only those of the COUNT who live there\n"
     "  --forms       not lines, but what their own offices hand in about "
     "them, as\n"
     "                sogoc hand-in takes it\n"
     "  --officer NAME   ... signed by keys/officer-NAME.key of DIR\n"
     "  --approver NAME  ... approvals by another officer\n",
     "In ra COUNT công dân giả định của Thanh Hóa, mỗi dòng một đối tượng "
     "JSON, kèm\n"
     "các lỗi dữ liệu thường gặp. Không có ai là người thật. Cùng tham số "
     "luôn cho\n"
     "cùng kết quả; định dạng xem tools/data/README.md.\n"
     "\n"
     "  --seed N      dân số khác (mặc định: 1)\n"
     "  --day DAY     tính đến ngày này, YYYY-MM-DD (mặc định: 2023-04-10)\n"
     "  --clean       không ai có lỗi dữ liệu\n"
     "  --truth FILE  ghi lỗi nào của ai vào tệp\n"
     "  --records     không in dòng mà in các bản ghi nghiệp vụ, nhị phân\n"
     "  --nodes N     ... của chừng ấy nút (mặc định: 27)\n"
     "  --unsigned    ... không có chữ ký của cán bộ\n"
     "  --no-cards    ... chưa làm thẻ: chỉ mở hồ sơ\n"
     "  --within UNIT chỉ những người trong số COUNT cư trú ở đó\n"
     "  --forms       không in dòng mà in các biểu mẫu cơ quan nơi cư trú nộp "
     "vào,\n"
     "                dùng cho sogoc hand-in\n"
     "  --officer NAME   ... ký bằng keys/officer-NAME.key của DIR\n"
     "  --approver NAME  ... cán bộ khác duyệt\n"},
    "  $ sogoc synth 1000 --truth truth.jsonl > citizens.jsonl\n",
};

#define CHUNK_SIZE (1 << 20)

/* What was asked for. */
struct wish {
    struct sg_synth_history_options history;
    const char *truth; /* path; NULL: none */
    bool is_records, is_forms;
    const char *within;      /* a unit, as a person calls it; NULL: all */
    const char *officers[2]; /* who captures, who approves; NULL: the same */
    struct sg_key *keys[2];
};

/* Gathers what is printed, and writes it out by chunks. */
struct output {
    struct sg_buf lines, truths;
    FILE *truth; /* NULL: nobody asked for it */
    enum sg_err err;
};

/* Writes what BUF has to FILE once it is a chunk, or IS_LAST. */
static bool flush(struct sg_buf *buf, FILE *file, bool is_last)
{
    if (buf->size == 0 || (!is_last && buf->size < CHUNK_SIZE))
        return true;
    if (fwrite(buf->data, 1, buf->size, file) != buf->size)
        return false;
    sg_buf_truncate(buf, 0);
    return true;
}

static void output_flush(struct output *output, bool is_last)
{
    if (output->err != SG_OK)
        return;
    if (!flush(&output->lines, stdout, is_last) ||
        (output->truth != NULL &&
         !flush(&output->truths, output->truth, is_last)))
        output->err = errno == ENOSPC ? SG_ERR_FULL : SG_ERR_IO;
}

/* Prints citizens as lines. */
static void print_lines(const struct sg_synth_options *options,
                        const struct sg_unit_table *units,
                        struct output *output)
{
    const struct sg_synth_person *person;
    struct sg_synth *synth = NULL;

    output->err = sg_synth_new(options, units, &synth);
    while (output->err == SG_OK && sg_synth_next(synth, &person)) {
        output->err = sg_synth_text_person(person, &output->lines);
        if (output->err == SG_OK && output->truth != NULL)
            output->err = sg_synth_text_truth(person, &output->truths);
        output_flush(output, false);
    }
    sg_synth_free(synth);
}

/* Puts the size and the node of RECORD, little-endian, and its payload. */
static enum sg_err put_record(const struct sg_synth_record *record,
                              struct sg_buf *buf)
{
    size_t size = record->payload.size + 2;
    uint8_t head[6] = {(uint8_t)size,         (uint8_t)(size >> 8),
                       (uint8_t)(size >> 16), (uint8_t)(size >> 24),
                       (uint8_t)record->node, (uint8_t)(record->node >> 8)};
    enum sg_err err = sg_buf_append(buf, sg_bytes(head, sizeof head));

    return err != SG_OK ? err : sg_buf_append(buf, record->payload);
}

/* Prints what offices record about citizens. */
static void print_records(const struct wish *wish,
                          const struct sg_unit_table *units,
                          struct output *output)
{
    const struct sg_synth_history_options *options = &wish->history;
    struct sg_synth_history *history = NULL;
    const struct sg_synth_record *records;
    const struct sg_synth_person *person;
    size_t count = 1;

    output->err = sg_synth_history_new(options, units, &history);
    while (output->err == SG_OK && count > 0) {
        output->err = sg_synth_history_next(history, &person, &records, &count);
        for (size_t i = 0; output->err == SG_OK && i < count; i++)
            output->err = wish->is_forms
                              ? sg_synth_text_form(&records[i], &output->lines)
                              : put_record(&records[i], &output->lines);
        if (output->err == SG_OK && count > 0 && output->truth != NULL) {
            output->err = sg_synth_text_truth(person, &output->truths);
            if (output->err == SG_OK)
                output->err = sg_synth_text_events(person, records, count,
                                                   &output->truths);
        }
        output_flush(output, false);
    }
    sg_synth_history_free(history);
}

/* Reads COUNT and the day; they stand as text. Returns the exit code. */
static int read_wish(const struct sg_cli *cli, const char *count,
                     const char *day, uint64_t nodes, struct wish *wish)
{
    struct sg_synth_options *population = &wish->history.population;

    if (sg_text_decimal_decode(sg_bytes(count, strlen(count)),
                               &population->count) != SG_OK ||
        population->count > SG_SYNTH_COUNT_MAX)
        return sg_cli_fail(cli, SG_EXIT_USAGE, "%s: COUNT is a number up to %d",
                           "%s: COUNT là một số không quá %d", count,
                           SG_SYNTH_COUNT_MAX);
    if (day != NULL &&
        sg_date_parse(sg_bytes(day, strlen(day)), &population->day) != SG_OK)
        return sg_cli_fail(cli, SG_EXIT_USAGE, "%s: a day is YYYY-MM-DD",
                           "%s: ngày phải có dạng YYYY-MM-DD", day);
    if (nodes == 0 || nodes > SG_SYNTH_NODES_MAX)
        return sg_cli_fail(cli, SG_EXIT_USAGE, "--nodes is 1 to %d",
                           "--nodes phải từ 1 đến %d", SG_SYNTH_NODES_MAX);
    wish->history.n_nodes = (unsigned)nodes;
    return 0;
}

/* Forms are of one node, signed by officers who are known to the authority. */
static int read_forms(const struct sg_cli *cli, struct wish *wish)
{
    int code = 0;

    if (!wish->is_forms && wish->officers[0] == NULL &&
        wish->officers[1] == NULL)
        return 0;
    if (!wish->is_forms || wish->is_records || wish->officers[0] == NULL)
        return sg_cli_fail(cli, SG_EXIT_USAGE,
                           "--forms and --officer go together, without "
                           "--records",
                           "--forms và --officer đi cùng nhau, không có "
                           "--records");
    for (size_t i = 0; i < 2 && code == 0; i++)
        if (wish->officers[i] != NULL)
            code = sg_officer_key(cli, wish->officers[i], &wish->keys[i]);
    if (code != 0)
        return code;
    wish->history.n_nodes = 1;
    wish->history.registry = wish->keys[0]->registry;
    wish->history.officers[0] = wish->keys[0];
    wish->history.officers[1] =
        wish->keys[1] != NULL ? wish->keys[1] : wish->keys[0];
    sg_synth_history_options_alone(&wish->history);
    return 0;
}

static int read_within(const struct sg_cli *cli, struct wish *wish)
{
    struct sg_unit_table *units = NULL;
    int code;

    if (wish->within == NULL)
        return 0;
    code = sg_unit_name_shipped(cli, &units);
    if (code == 0)
        code = sg_unit_name_find(cli, units, wish->within,
                                 &wish->history.population.within);
    sg_unit_table_free(units);
    return code;
}

static int print_all(const struct sg_cli *cli, const struct wish *wish)
{
    struct output output = {.err = SG_OK};
    struct sg_unit_table *units = NULL;

    if (wish->truth != NULL) {
        output.truth = fopen(wish->truth, "we");
        if (output.truth == NULL)
            return sg_cli_fail(
                cli, errno == EACCES ? SG_EXIT_ACCESS : SG_EXIT_IMPOSSIBLE,
                "%s: %s", "%s: %s", wish->truth, strerror(errno));
    }
    sg_buf_init(&output.lines, 2 * CHUNK_SIZE);
    sg_buf_init(&output.truths, 2 * CHUNK_SIZE);
    output.err = sg_unit_file_read(sg_unit_file_shipped(), &units, NULL);
    if (output.err == SG_OK && (wish->is_records || wish->is_forms))
        print_records(wish, units, &output);
    else if (output.err == SG_OK)
        print_lines(&wish->history.population, units, &output);
    output_flush(&output, true);
    if (output.truth != NULL && fclose(output.truth) != 0 &&
        output.err == SG_OK)
        output.err = SG_ERR_IO;
    sg_buf_clear(&output.lines);
    sg_buf_clear(&output.truths);
    sg_unit_table_free(units);
    if (output.err == SG_ERR_INVALID)
        return sg_cli_fail(cli, SG_EXIT_USAGE,
                           "--day: a day from 2019-12-01 to 2099-12-31",
                           "--day: ngày từ 2019-12-01 đến 2099-12-31");
    return output.err == SG_OK ? 0 : sg_cli_fail_err(cli, output.err, "synth");
}

int sg_verb_synth(struct sg_cli *cli, struct sg_cli_words words)
{
    struct wish wish = {.truth = NULL};
    const char *day = NULL;
    uint64_t nodes, seed = 1;
    bool is_clean = false, is_unsigned = false, has_no_cards = false;
    int code;

    sg_synth_history_options_init(&wish.history, 0, seed);
    nodes = wish.history.n_nodes;
    const struct sg_cli_option options[] = {
        {"--seed", SG_CLI_NUMBER, .number = &seed},
        {"--day", SG_CLI_TEXT, .text = &day},
        {"--clean", SG_CLI_FLAG, .flag = &is_clean},
        {"--truth", SG_CLI_TEXT, .text = &wish.truth},
        {"--records", SG_CLI_FLAG, .flag = &wish.is_records},
        {"--nodes", SG_CLI_NUMBER, .number = &nodes},
        {"--unsigned", SG_CLI_FLAG, .flag = &is_unsigned},
        {"--no-cards", SG_CLI_FLAG, .flag = &has_no_cards},
        {"--within", SG_CLI_TEXT, .text = &wish.within},
        {"--forms", SG_CLI_FLAG, .flag = &wish.is_forms},
        {"--officer", SG_CLI_TEXT, .text = &wish.officers[0]},
        {"--approver", SG_CLI_TEXT, .text = &wish.officers[1]},
    };

    code = sg_cli_options(cli, &words, options,
                          sizeof options / sizeof options[0], 1, 1);
    if (code == 0)
        code = read_wish(cli, words.words[0], day, nodes, &wish);
    if (code == 0)
        code = read_within(cli, &wish);
    if (code == 0)
        code = read_forms(cli, &wish);
    wish.history.population.seed = seed;
    wish.history.is_signed = !is_unsigned;
    if (has_no_cards)
        wish.history.per_thousand[SG_SYNTH_CARD] = 0;
    if (is_clean)
        memset(wish.history.population.per_million, 0,
               sizeof wish.history.population.per_million);
    if (code == 0)
        code = print_all(cli, &wish);
    sg_key_file_free(wish.keys[0]);
    sg_key_file_free(wish.keys[1]);
    return code;
}
