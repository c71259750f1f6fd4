#include <string.h>

#include "tools/ask.h"
#include "tools/reading.h"
#include "tools/verb.h"

#define HOURS_DEFAULT 8u

const struct sg_verb_page sg_verb_permit_page = {
    "READER --persons N --case CASE --purpose WHY [--hours N]\n"
    "              [--officer NAME] [--socket PATH]",
    {"Lets another officer be shown more persons than the day's limit, as the "
     "second\n"
     "officer whom that takes: who approves, adjudicates or administers, and "
     "is not\n"
     "READER (his key id; sogoc officer list has it). It is written down and "
     "signed\n"
     "with the second officer's key, and counts for this purpose and case "
     "alone.\n"
     "\n"
     "  --persons N    how many persons\n"
     "  --hours N      for how long, up to 24 (8)\n"
     "  --purpose WHY  dossier, correction, account, conflict, duplicate,\n"
     "                 verification, data_subject, audit, other\n"
     "  --case CASE    the number of the matter\n"
     "  --officer NAME the second officer, who signs this with his passphrase "
     "and\n"
     "                 unlocks nothing; else the one whose key is unlocked\n"
     "  --socket PATH  of the daemon (/run/sogoc/sogocd.sock)\n",
     "Cho một cán bộ khác được xem nhiều người hơn mức trong ngày, với tư cách "
     "cán\n"
     "bộ thứ hai: người có vai trò phê duyệt, phân xử hoặc quản trị, và không "
     "phải\n"
     "READER (mã khóa; xem sogoc officer list). Việc này được ghi lại, ký bằng "
     "khóa\n"
     "của cán bộ thứ hai, và chỉ dùng cho đúng lý do và vụ việc này.\n"
     "\n"
     "  --persons N    bao nhiêu người\n"
     "  --hours N      trong bao lâu, tối đa 24 giờ (8)\n"
     "  --purpose WHY  dossier, correction, account, conflict, duplicate,\n"
     "                 verification, data_subject, audit, other\n"
     "  --case CASE    số hiệu vụ việc\n"
     "  --officer NAME cán bộ thứ hai, ký việc này bằng mật khẩu của mình và "
     "không mở\n"
     "                 khóa gì; không có thì là cán bộ đang mở khóa\n"
     "  --socket PATH  socket của sogocd (/run/sogoc/sogocd.sock)\n"},
    "  $ sogoc permit 0123456789abcdef --officer cb-0002 --persons 500 "
    "--purpose verification --case KH-12 --socket sogocd.sock 2> /dev/null || "
    "test $? -eq 3 # where the node has no scope key\n",
};

static const struct sg_out_shape shape = {
    .type = "permit",
    .field_count = 4,
    .fields = {{"permit", {"permit", "cho phép"}, 0},
               {"for", {"for", "cho cán bộ"}, 0},
               {"persons", {"persons", "số người"}, 0},
               {"until_ms", {"until, ms", "đến lúc, ms"}, 0}},
};

/* A key in the clear needs no passphrase; the node says so without a try. */
static int ask_as(const struct sg_reading *reading, json_t *form,
                  unsigned *ret_status, json_t **ret_answer)
{
    struct sg_passphrase *passphrase;
    int code = sg_caller_ask(reading->cli, reading->socket, "/v1/permits", form,
                             ret_status, ret_answer);

    if (code != 0 || reading->officer == NULL || *ret_status != 403 ||
        strcmp(sg_caller_text(*ret_answer, "error"), "passphrase") != 0)
        return code;
    json_decref(*ret_answer);
    *ret_answer = NULL;
    code =
        sg_ask_passphrase(reading->cli, reading->officer, false, &passphrase);
    if (code != 0)
        return code;
    (void)json_object_set_new(
        form, "passphrase",
        json_stringn((const char *)passphrase->bytes, passphrase->size));
    sg_passphrase_free(passphrase);
    return sg_caller_ask(reading->cli, reading->socket, "/v1/permits", form,
                         ret_status, ret_answer);
}

static int permit(const struct sg_reading *reading, json_t *form)
{
    json_t *answer = NULL;
    unsigned status = 0;
    int code = ask_as(reading, form, &status, &answer);

    if (code == 0 && status != 200)
        code = sg_caller_refused(reading->cli, status, answer);
    if (code == 0) {
        const struct sg_out_value values[] = {
            sg_caller_text_value(answer, "permit"),
            sg_caller_text_value(answer, "for"),
            sg_caller_number_value(answer, "persons"),
            sg_caller_number_value(answer, "until_ms"),
        };

        sg_out_card(&reading->cli->out, &shape, values);
    }
    json_decref(answer);
    return code;
}

int sg_verb_permit(struct sg_cli *cli, struct sg_cli_words words)
{
    struct sg_reading reading = {.cli = cli, .socket = SG_CALLER_SOCKET};
    uint64_t persons = 0, hours = HOURS_DEFAULT;
    const struct sg_cli_option options[] = {
        SG_READING_OPTIONS(&reading),
        SG_READING_WHY(&reading),
        {"--persons", SG_CLI_NUMBER, .number = &persons},
        {"--hours", SG_CLI_NUMBER, .number = &hours},
    };
    json_t *form;
    int code = sg_cli_options(cli, &words, options,
                              sizeof options / sizeof options[0], 1, 1);

    if (code != 0)
        return code;
    if (persons == 0 || hours == 0 || hours > 24 || reading.purpose == NULL ||
        reading.matter == NULL)
        return sg_cli_fail(cli, SG_EXIT_USAGE,
                           "say how many and why: --persons, --purpose, "
                           "--case; --hours is up to 24",
                           "hãy ghi bao nhiêu người và vì sao: --persons, "
                           "--purpose, --case; --hours không quá 24");
    form = json_pack("{s:s,s:I,s:I,s:s,s:s,s:s,s:s*}", "for", words.words[0],
                     "persons", (json_int_t)persons, "hours", (json_int_t)hours,
                     "purpose", reading.purpose, "case", reading.matter,
                     "channel", "cli", "officer", reading.officer);
    if (form == NULL)
        return sg_cli_fail(cli, SG_EXIT_USAGE, "a word is not UTF-8",
                           "có từ không phải UTF-8");
    code = permit(&reading, form);
    json_decref(form);
    return code;
}
