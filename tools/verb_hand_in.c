#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "storage/base/alloc.h"
#include "storage/base/clock.h"
#include "tools/courier.h"
#include "tools/intake.h"
#include "tools/verb.h"

#define WAIT_DEFAULT 10u /* seconds */
#define WAIT_MAX     3600u
#define PROGRESS_MS  500
#define TEXT_SIZE    256

const struct sg_verb_page sg_verb_hand_in_page = {
    "[FILE...] [--socket PATH] [--each] [--callers N] [--wait SECONDS]",
    {"Hands forms in to the sogocd of this machine, one a line, each a JSON "
     "object as\n"
     "POST /v1/records takes it (node/API.md); default: standard input. What "
     "is\n"
     "reported as filed is durable and signed there. The same forms handed in "
     "again\n"
     "are filed once. Exit 1 if any was refused.\n"
     "\n"
     "  --socket PATH  of the daemon (/run/sogoc/sogocd.sock)\n"
     "  --each         a row for each form: the record's id and its place\n"
     "  --callers N    requests on their way at a time, 1 to 8 (3), each with "
     "up "
     "to 256\n"
     "                 forms\n"
     "  --wait SECONDS for a daemon that is not there yet, or busy (10)\n",
     "Nộp biểu mẫu cho sogocd trên máy này, mỗi dòng một đối tượng JSON đúng "
     "dạng\n"
     "POST /v1/records nhận (node/API.md); mặc định đọc đầu vào chuẩn. Những "
     "gì báo\n"
     "đã ghi thì đã ở trên đĩa và đã ký. Nộp lại cùng biểu mẫu chỉ được ghi "
     "một\n"
     "lần. Mã kết thúc 1 nếu có biểu mẫu bị từ chối.\n"
     "\n"
     "  --socket PATH  socket của sogocd (/run/sogoc/sogocd.sock)\n"
     "  --each         mỗi biểu mẫu một hàng: mã bản ghi và vị trí\n"
     "  --callers N    số lượt gửi cùng lúc, 1 đến 8 (3), mỗi lượt tối đa 256 "
     "biểu mẫu\n"
     "  --wait SECONDS chờ sogocd chưa chạy hoặc đang bận (10)\n"},
    "  $ sogoc synth 9000 --day 2025-02-01 --within 'Huyện Mường Lát' --forms "
    "--officer cb-0002 --dir node > forms.jsonl\n"
    "  $ sogoc hand-in /dev/null # forms.jsonl, where the daemon runs\n",
};

static const struct sg_out_shape each_shape = {
    .type = "filed",
    .field_count = 4,
    .fields = {{"line", {"line", "dòng"}, -8},
               {"log", {"log", "nhật ký"}, 16},
               {"index", {"index", "mục"}, -10},
               {"id", {"record id", "mã bản ghi"}, 64}},
};

static const struct sg_out_shape refused_shape = {
    .type = "refused",
    .field_count = 4,
    .fields = {{"line", {"line", "dòng"}, -8},
               {"status", {"status", "mã HTTP"}, -8},
               {"error", {"error", "lỗi"}, 10},
               {"reason", {"reason", "lý do"}, 0}},
};

static const struct sg_out_shape shape = {
    .type = "handed_in",
    .field_count = 4,
    .fields = {{"forms", {"forms", "số biểu mẫu"}, 0},
               {"filed", {"filed now", "ghi mới"}, 0},
               {"before", {"filed before", "đã có"}, 0},
               {"refused", {"refused", "bị từ chối"}, 0}},
};

/* One run of hand-in. */
struct errand {
    struct sg_cli *cli;
    struct sg_intake *intake;
    bool is_each;
    bool is_input; /* reading the forms failed */
    uint64_t filed, before, refused;
    struct sg_mono last; /* word of progress */
};

/* While we wait for a slow writer nothing else moves; answers that came
 * meanwhile are there afterwards. */
static enum sg_err next_form(void *context, bool is_idle,
                             enum sg_pipeline_next *ret_next,
                             struct sg_bytes *ret_form, uint64_t *ret_number)
{
    struct errand *errand = context;
    enum sg_err err =
        sg_intake_next(errand->intake, is_idle, ret_next, ret_form);

    errand->is_input = err != SG_OK;
    *ret_number = errand->intake->line;
    return err;
}

static struct sg_out_value text_of(const json_t *answer, const char *name)
{
    const char *text = json_string_value(json_object_get(answer, name));

    return text == NULL
               ? sg_out_none()
               : sg_out_bytes(SG_OUT_BODY, sg_bytes(text, strlen(text)));
}

static void show_refused(struct errand *errand, uint64_t line, unsigned status,
                         const json_t *answer)
{
    const char *check = json_string_value(json_object_get(answer, "check"));
    const char *word = json_string_value(
        json_object_get(answer, sg_cli_say(errand->cli, "en", "vi")));
    char reason[TEXT_SIZE];
    int n =
        snprintf(reason, sizeof reason, "%s%s%s", check == NULL ? "" : check,
                 check == NULL ? "" : ": ", word == NULL ? "" : word);
    size_t size = n < 0 ? 0 : strnlen(reason, sizeof reason);
    const struct sg_out_value values[] = {
        sg_out_number(line),
        sg_out_number(status),
        text_of(answer, "error"),
        sg_out_bytes(SG_OUT_BODY, sg_bytes(reason, size)),
    };

    sg_out_row(&errand->cli->out, &refused_shape, values);
}

static void show_filed(struct errand *errand, uint64_t line,
                       const json_t *answer)
{
    const struct sg_out_value values[] = {
        sg_out_number(line),
        text_of(answer, "log"),
        sg_out_number(
            (uint64_t)json_integer_value(json_object_get(answer, "index"))),
        text_of(answer, "id"),
    };

    sg_out_row(&errand->cli->out, &each_shape, values);
}

static void say_progress(struct errand *errand)
{
    struct sg_mono now = sg_clock_mono();

    if (!errand->cli->is_progress ||
        sg_mono_diff(now, errand->last) < PROGRESS_MS)
        return;
    errand->last = now;
    sg_cli_note(errand->cli, "%" PRIu64 " forms answered",
                "đã trả lời %" PRIu64 " biểu mẫu",
                errand->filed + errand->before + errand->refused);
}

static void answered(void *context, uint64_t number, unsigned status,
                     const json_t *answer)
{
    struct errand *errand = context;
    bool is_filed = status == 200 || status == 201;

    errand->filed += status == 201;
    errand->before += status == 200;
    errand->refused += !is_filed;
    if (!is_filed)
        show_refused(errand, number, status, answer);
    else if (errand->is_each)
        show_filed(errand, number, answer);
    say_progress(errand);
}

static int fail(const struct errand *errand, enum sg_err err,
                const char *socket)
{
    const struct sg_cli *cli = errand->cli;
    const struct sg_intake *intake = errand->intake;
    int code;

    if (errand->is_input && err == SG_ERR_LIMIT)
        code = sg_cli_fail(cli, SG_EXIT_IMPOSSIBLE,
                           "line %" PRIu64 " has more than %d bytes: that is "
                           "no form",
                           "dòng %" PRIu64 " dài hơn %d byte: không phải biểu "
                           "mẫu",
                           intake->line, SG_INTAKE_LINE_MAX);
    else if (errand->is_input)
        code = sg_cli_fail_err(cli, err, intake->names[intake->at]);
    else if (err == SG_ERR_NOTFOUND)
        code = sg_cli_fail(cli, SG_EXIT_IMPOSSIBLE,
                           "%s: no sogocd answers there; start it, or say "
                           "--socket as its configuration does",
                           "%s: không có sogocd ở đó; hãy chạy nó, hoặc ghi "
                           "--socket đúng như cấu hình",
                           socket);
    else
        code = sg_cli_fail_err(cli, err, socket);
    sg_cli_note(cli,
                "%" PRIu64 " forms were answered and stay; hand all in again: "
                "none is filed twice",
                "%" PRIu64 " biểu mẫu đã được trả lời và giữ nguyên; hãy nộp "
                "lại tất cả: không cái nào bị ghi hai lần",
                errand->filed + errand->before + errand->refused);
    return code;
}

static int run(struct errand *errand, struct sg_courier_config *config)
{
    enum sg_err err = sg_courier_run(config);
    const struct sg_out_value values[] = {
        sg_out_number(errand->filed + errand->before + errand->refused),
        sg_out_number(errand->filed),
        sg_out_number(errand->before),
        sg_out_number(errand->refused),
    };

    sg_out_card(&errand->cli->out, &shape, values);
    if (err != SG_OK)
        return fail(errand, err, config->socket);
    return errand->refused > 0 ? SG_EXIT_NO : SG_EXIT_OK;
}

static int check(const struct sg_cli *cli, const char *socket, uint64_t callers,
                 uint64_t wait)
{
    struct sockaddr_un address;

    if (strlen(socket) >= sizeof address.sun_path)
        return sg_cli_fail(cli, SG_EXIT_USAGE, "--socket: the path is too long",
                           "--socket: đường dẫn quá dài");
    if (callers == 0 || callers > SG_COURIER_CALLERS_MAX)
        return sg_cli_fail(cli, SG_EXIT_USAGE, "--callers is 1 to %u",
                           "--callers phải từ 1 đến %u",
                           SG_COURIER_CALLERS_MAX);
    if (wait > WAIT_MAX)
        return sg_cli_fail(cli, SG_EXIT_USAGE, "--wait is up to %u",
                           "--wait không quá %u", WAIT_MAX);
    return 0;
}

int sg_verb_hand_in(struct sg_cli *cli, struct sg_cli_words words)
{
    static char *const standard_input[] = {"-"};
    struct errand errand = {.cli = cli, .last = sg_clock_mono()};
    uint64_t callers = SG_COURIER_CALLERS, wait = WAIT_DEFAULT;
    struct sg_courier_config config = {
        .socket = "/run/sogoc/sogocd.sock",
        .next = next_form,
        .answered = answered,
        .context = &errand,
    };
    const struct sg_cli_option options[] = {
        {"--socket", SG_CLI_TEXT, .text = &config.socket},
        {"--each", SG_CLI_FLAG, .flag = &errand.is_each},
        {"--callers", SG_CLI_NUMBER, .number = &callers},
        {"--wait", SG_CLI_NUMBER, .number = &wait},
    };
    int code = sg_cli_options(cli, &words, options, 4, 0, words.count);

    if (code == 0)
        code = check(cli, config.socket, callers, wait);
    if (code != 0)
        return code;
    config.callers = (unsigned)callers;
    config.wait_ms = (uint32_t)wait * 1000;
    errand.intake = sg_alloc(sizeof *errand.intake);
    if (errand.intake == NULL)
        return sg_cli_fail_err(cli, SG_ERR_NOMEM, config.socket);
    sg_intake_init(errand.intake,
                   words.count > 0 ? words.words : standard_input,
                   words.count > 0 ? words.count : 1);
    code = run(&errand, &config);
    sg_intake_clear(errand.intake);
    sg_free(errand.intake);
    return code;
}
