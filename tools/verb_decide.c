#include <stdio.h>
#include <string.h>

#include "storage/base/crypto.h"
#include "storage/base/text.h"
#include "tools/reading.h"
#include "tools/unit_name.h"
#include "tools/verb.h"

#define PATH_SIZE  128
#define DIGITS_MIN 8u
#define DIGITS_MAX 32u
#define LINE_SIZE  8192

const struct sg_verb_page sg_verb_decide_page = {
    "SUBJECT... [--choose RECORD | --settle | --clear | --same UID | "
    "--different] [--rule Cnn] [--field F] [--unit UNIT] [--reason T] "
    "[--officer NAME] [--socket PATH]",
    {"Decides conflicts, as sogoc conflicts lists them: SUBJECT is the first "
     "digits, 8 or\n"
     "more, of whom it is about; - reads rows of sogoc conflicts --json. The "
     "officer is\n"
     "who has unlocked his key at the node; the record is signed with it. "
     "Refused if\n"
     "anybody has filed something since it was listed.\n"
     "\n"
     "  --choose RECORD  what this record says stands\n"
     "  --settle         what the records say stands; it was looked at\n"
     "  --clear          a forked or late record counts as any other\n"
     "  --same UID       the two are one person, and UID goes on\n"
     "  --different      the two are two persons\n"
     "  --rule, --field  which, where there are several\n"
     "  --unit UNIT      for which the officer decides (that of the list)\n"
     "  --reason T       why\n"
     "  --officer NAME   unlocks his key for this, and locks it again\n"
     "  --socket PATH    of the daemon (/run/sogoc/sogocd.sock)\n",
     "Quyết định các mâu thuẫn mà sogoc conflicts liệt kê: SUBJECT là ít nhất "
     "8 "
     "chữ số\n"
     "đầu của mã người; - đọc các hàng của sogoc conflicts --json. Cán bộ là "
     "người đã\n"
     "mở khóa tại nút; bản ghi được ký bằng khóa ấy. Bị từ chối nếu đã có ai "
     "ghi thêm\n"
     "từ lúc liệt kê.\n"
     "\n"
     "  --choose RECORD  lấy theo bản ghi này\n"
     "  --settle         giữ như các bản ghi đang nói; đã xem xét\n"
     "  --clear          bản ghi tách nhánh hoặc ghi muộn được tính như mọi "
     "bản ghi\n"
     "  --same UID       hai hồ sơ là một người, giữ mã UID\n"
     "  --different      hai hồ sơ là hai người\n"
     "  --rule, --field  mâu thuẫn nào, khi có nhiều\n"
     "  --unit UNIT      đơn vị mà cán bộ thay mặt quyết định (của danh sách)\n"
     "  --reason T       lý do\n"
     "  --officer NAME   mở khóa của cán bộ này rồi khóa lại\n"
     "  --socket PATH    socket của sogocd (/run/sogoc/sogocd.sock)\n"},
    "  $ sogoc conflicts --all --json --socket sogocd.sock | sogoc "
    "decide - --settle --reason 'đã xem hồ sơ giấy' --socket sogocd.sock\n",
};

static const struct sg_out_shape shape = {
    .type = "decided",
    .field_count = 6,
    .fields = {{"rule", {"rule", "quy tắc"}, 7},
               {"subject", {"of whom", "của ai"}, 32},
               {"act", {"act", "quyết định"}, 10},
               {"log", {"log", "nhật ký"}, 16},
               {"index", {"index", "mục"}, -8},
               {"id", {"record id", "mã bản ghi"}, 64}},
};

/* One run of decide. */
struct word {
    struct sg_cli *cli;
    const char *socket;
    const char *choose, *same, *rule, *field, *unit, *reason, *officer;
    bool settle, clear, different;
    const char *act;
    bool has_unit;
    struct sg_unit_key key; /* of --unit */
};

/* --- What is asked --------------------------------------------------------
 */

static int read_act(struct word *word)
{
    int n = (word->choose != NULL) + (word->same != NULL) + word->settle +
            word->clear + word->different;

    if (n != 1)
        return sg_cli_fail(word->cli, SG_EXIT_USAGE,
                           "say one of --choose, --settle, --clear, --same, "
                           "--different",
                           "hãy ghi một trong --choose, --settle, --clear, "
                           "--same, --different");
    word->act = word->choose != NULL ? "choose"
                : word->same != NULL ? "same"
                : word->settle       ? "settle"
                : word->clear        ? "clear"
                                     : "different";
    return 0;
}

static int read_unit(struct word *word)
{
    struct sg_unit_table *units;
    int code;

    if (word->unit == NULL)
        return 0;
    code = sg_unit_name_shipped(word->cli, &units);
    if (code != 0)
        return code;
    code = sg_unit_name_find(word->cli, units, word->unit, &word->key);
    sg_unit_table_free(units);
    word->has_unit = code == 0;
    return code;
}

/* --- The conflict that is meant -------------------------------------------
 */

/* What was found: a row of the list, and whose list it was. */
struct found {
    json_t *row;
    uint64_t unit;
    size_t count;
};

static bool is_meant(const struct word *word, const char *subject,
                     const json_t *row)
{
    return strncmp(sg_caller_text(row, "subject"), subject, strlen(subject)) ==
               0 &&
           (word->rule == NULL ||
            strcmp(word->rule, sg_caller_text(row, "rule")) == 0) &&
           (word->field == NULL ||
            strcmp(word->field, sg_caller_text(row, "field")) == 0);
}

/* Looks through what UNIT is to decide. */
static int look(const struct word *word, uint64_t unit, const char *subject,
                struct found *found)
{
    uint64_t after = 0;

    do {
        char path[PATH_SIZE];
        json_t *answer, *row;
        size_t i;
        int code;

        (void)snprintf(path, sizeof path, "/v1/conflicts?unit=%llu&after=%llu",
                       (unsigned long long)unit, (unsigned long long)after);
        code = sg_caller_get(word->cli, word->socket, path, &answer);
        if (code != 0)
            return code;
        json_array_foreach(json_object_get(answer, "conflicts"), i, row)
        {
            if (!is_meant(word, subject, row))
                continue;
            if (found->count++ == 0) {
                found->row = json_incref(row);
                found->unit = unit;
            }
        }
        after = sg_caller_number(answer, "after");
        json_decref(answer);
    } while (after != 0);
    return 0;
}

/* Looks at all units where something waits, or at the one that was said. */
static int look_all(const struct word *word, const char *subject,
                    struct found *found)
{
    json_t *answer, *row;
    size_t i;
    int code;

    if (word->has_unit && word->key.value == 0)
        return look(word, 0, subject, found);
    code = sg_caller_get(word->cli, word->socket, "/v1/conflicts", &answer);
    if (code != 0)
        return code;
    json_array_foreach(json_object_get(answer, "units"), i, row)
    {
        if (code == 0)
            code = look(word, sg_caller_number(row, "unit"), subject, found);
    }
    json_decref(answer);
    return code;
}

static int find(const struct word *word, const char *subject,
                struct found *found)
{
    size_t size = strlen(subject);
    int code;

    if (size < DIGITS_MIN || size > DIGITS_MAX ||
        strspn(subject, "0123456789abcdef") != size)
        return sg_cli_fail(word->cli, SG_EXIT_USAGE,
                           "%s: SUBJECT is 8 to 32 hex digits",
                           "%s: SUBJECT gồm 8 đến 32 chữ số hex", subject);
    code = look_all(word, subject, found);
    if (code != 0 || found->count == 1)
        return code;
    if (found->count == 0)
        return sg_cli_fail(word->cli, SG_EXIT_IMPOSSIBLE,
                           "%s: nothing of that waits here; sogoc conflicts",
                           "%s: ở đây không có gì như vậy đang chờ; xem sogoc "
                           "conflicts",
                           subject);
    return sg_cli_fail(word->cli, SG_EXIT_USAGE,
                       "%s: several wait; say more digits, --rule, --field",
                       "%s: có nhiều mâu thuẫn; hãy ghi thêm chữ số, --rule, "
                       "--field",
                       subject);
}

/* --- The word -------------------------------------------------------------
 */

static json_t *draw_submit(void)
{
    uint8_t bytes[16];
    char hex[2 * sizeof bytes];
    struct sg_writer writer;

    sg_crypto_random(bytes, sizeof bytes);
    sg_writer_init_array(&writer, (uint8_t *)hex, sizeof hex);
    sg_text_hex_encode(&writer, SG_BYTES_ARRAY(bytes));
    return json_stringn(hex, sizeof hex);
}

/* The whole id of the contender that CHOOSE begins; NULL: none, or several. */
static const char *find_choice(const json_t *row, const char *choose)
{
    const char *found = NULL;
    json_t *contender;
    size_t i;

    json_array_foreach(json_object_get(row, "contenders"), i, contender)
    {
        const char *record = sg_caller_text(contender, "record");

        if (strlen(choose) < DIGITS_MIN ||
            strncmp(record, choose, strlen(choose)) != 0)
            continue;
        if (found != NULL)
            return NULL;
        found = record;
    }
    return found;
}

static json_t *make_body(const struct word *word, const struct found *found,
                         const char *choice)
{
    static const char *const same[] = {"subject", "rule",   "type",
                                       "field",   "object", "element"};
    json_t *body = json_object(), *list = json_array(), *contender;
    size_t i;

    for (i = 0; i < sizeof same / sizeof same[0]; i++) {
        json_t *member = json_object_get(found->row, same[i]);

        if (member != NULL)
            (void)json_object_set(body, same[i], member);
    }
    json_array_foreach(json_object_get(found->row, "contenders"), i, contender)(
        void) json_array_append(list, json_object_get(contender, "record"));
    (void)json_object_set_new(body, "contenders", list);
    (void)json_object_set_new(body, "act", json_string(word->act));
    (void)json_object_set_new(
        body, "unit",
        json_integer(
            (json_int_t)(word->has_unit ? word->key.value : found->unit)));
    if (choice != NULL)
        (void)json_object_set_new(body, "choice", json_string(choice));
    if (word->same != NULL)
        (void)json_object_set_new(body, "keep", json_string(word->same));
    if (word->reason != NULL)
        (void)json_object_set_new(body, "reason", json_string(word->reason));
    (void)json_object_set_new(body, "submit", draw_submit());
    return body;
}

static void show(const struct word *word, const struct found *found,
                 const json_t *answer)
{
    uint8_t subject[32], log[32], id[32];
    const struct sg_out_value values[] = {
        sg_caller_text_value(found->row, "rule"),
        sg_caller_hex_value(found->row, "subject", subject),
        sg_out_word(word->act, NULL),
        sg_caller_hex_value(answer, "log", log),
        sg_caller_number_value(answer, "index"),
        sg_caller_hex_value(answer, "id", id),
    };

    sg_out_row(&word->cli->out, &shape, values);
}

static int say(const struct word *word, const struct found *found)
{
    const char *choice = NULL;
    unsigned status = 0;
    json_t *body, *answer;
    int code;

    if (word->choose != NULL) {
        choice = find_choice(found->row, word->choose);
        if (choice == NULL)
            return sg_cli_fail(word->cli, SG_EXIT_USAGE,
                               "--choose %s: no record that contends begins "
                               "so, or several do",
                               "--choose %s: không có bản ghi nào bắt đầu như "
                               "vậy, hoặc có nhiều",
                               word->choose);
    }
    body = make_body(word, found, choice);
    code = sg_caller_ask(word->cli, word->socket, "/v1/decisions", body,
                         &status, &answer);
    json_decref(body);
    if (code != 0)
        return code;
    if (status == 200 || status == 201)
        show(word, found, answer);
    else
        code = sg_caller_refused(word->cli, status, answer);
    json_decref(answer);
    return code;
}

static int decide(const struct word *word, const char *subject)
{
    struct found found = {.row = NULL};
    int code = find(word, subject, &found);

    if (code == 0)
        code = say(word, &found);
    json_decref(found.row);
    return code;
}

/* Rows of `sogoc conflicts --json`, each decided as the options say. */
static int decide_rows(struct word *word)
{
    const char *rule = word->rule, *field = word->field;
    char line[LINE_SIZE];
    int code = 0;

    while (code == 0 && fgets(line, sizeof line, stdin) != NULL) {
        json_t *row = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
        const char *place = sg_caller_text(row, "field");
        const char *dot = strchr(place, '.');

        if (!json_is_string(json_object_get(row, "subject"))) {
            json_decref(row);
            return sg_cli_fail(word->cli, SG_EXIT_USAGE,
                               "-: no row of sogoc conflicts --json",
                               "-: không phải hàng của sogoc conflicts "
                               "--json");
        }
        if (rule == NULL)
            word->rule = sg_caller_text(row, "rule");
        if (field == NULL && dot != NULL && strcmp(dot + 1, "-") != 0)
            word->field = dot + 1;
        code = decide(word, sg_caller_text(row, "subject"));
        word->rule = rule;
        word->field = field;
        json_decref(row);
    }
    return code;
}

/* --- The officer ----------------------------------------------------------
 */

static int run(struct word *word, struct sg_cli_words words)
{
    const struct sg_reading reading = {
        .cli = word->cli,
        .socket = word->socket,
        .officer = word->officer,
    };
    int code = sg_reading_begin(&reading);

    if (code != 0)
        return code;
    for (int i = 0; code == 0 && i < words.count; i++)
        code = strcmp(words.words[i], "-") == 0 ? decide_rows(word)
                                                : decide(word, words.words[i]);
    sg_reading_end(&reading);
    return code;
}

int sg_verb_decide(struct sg_cli *cli, struct sg_cli_words words)
{
    struct word word = {.cli = cli, .socket = SG_CALLER_SOCKET};
    const struct sg_cli_option options[] = {
        {"--choose", SG_CLI_TEXT, .text = &word.choose},
        {"--settle", SG_CLI_FLAG, .flag = &word.settle},
        {"--clear", SG_CLI_FLAG, .flag = &word.clear},
        {"--same", SG_CLI_TEXT, .text = &word.same},
        {"--different", SG_CLI_FLAG, .flag = &word.different},
        {"--rule", SG_CLI_TEXT, .text = &word.rule},
        {"--field", SG_CLI_TEXT, .text = &word.field},
        {"--unit", SG_CLI_TEXT, .text = &word.unit},
        {"--reason", SG_CLI_TEXT, .text = &word.reason},
        {"--officer", SG_CLI_TEXT, .text = &word.officer},
        {"--socket", SG_CLI_TEXT, .text = &word.socket},
    };
    int code =
        sg_cli_options(cli, &words, options, sizeof options / sizeof options[0],
                       1, words.count);

    if (code == 0)
        code = read_act(&word);
    if (code == 0)
        code = read_unit(&word);
    return code == 0 ? run(&word, words) : code;
}
