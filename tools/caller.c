#include "tools/caller.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "storage/base/buf.h"
#include "storage/base/text.h"

#define TIMEOUT_MS    60000L
#define URL_SIZE      512
#define BODY_SIZE_MAX (1u << 18)

static size_t take_bytes(char *bytes, size_t one, size_t size, void *context)
{
    return sg_buf_append(context, sg_bytes(bytes, one * size)) == SG_OK
               ? one * size
               : 0;
}

static void set_all(CURL *easy, const char *socket, const char *url,
                    struct sg_buf *answer)
{
    (void)curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, socket);
    (void)curl_easy_setopt(easy, CURLOPT_URL, url);
    (void)curl_easy_setopt(easy, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_bytes);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, answer);
}

static CURLcode perform(const char *socket, const char *url, const char *text,
                        struct sg_buf *answer, long *ret_status)
{
    struct curl_slist *headers =
        curl_slist_append(NULL, "Content-Type: application/json");
    CURL *easy = curl_easy_init();
    CURLcode code = CURLE_OUT_OF_MEMORY;

    if (headers != NULL && easy != NULL) {
        set_all(easy, socket, url, answer);
        if (text != NULL) {
            (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
            (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, text);
        }
        code = curl_easy_perform(easy);
    }
    if (code == CURLE_OK)
        code = curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, ret_status);
    curl_easy_cleanup(easy);
    curl_slist_free_all(headers);
    return code;
}

static int fail(const struct sg_cli *cli, const char *socket, CURLcode code)
{
    if (code == CURLE_OUT_OF_MEMORY)
        return sg_cli_fail_err(cli, SG_ERR_NOMEM, socket);
    if (code == CURLE_COULDNT_CONNECT)
        return sg_cli_fail(cli, SG_EXIT_IMPOSSIBLE,
                           "%s: no sogocd answers there; start it, or say "
                           "--socket as its configuration does",
                           "%s: không có sogocd ở đó; hãy chạy nó, hoặc ghi "
                           "--socket đúng như cấu hình",
                           socket);
    return sg_cli_fail(cli, SG_EXIT_DISK, "%s: %s", "%s: %s", socket,
                       curl_easy_strerror(code));
}

static int put_text(const char *text, size_t size, void *buf)
{
    return sg_buf_append(buf, sg_bytes(text, size)) == SG_OK ? 0 : -1;
}

/* Writes BODY as a string with its NUL. */
static bool write_body(const json_t *body, struct sg_buf *text)
{
    return json_dump_callback(body, put_text, text, JSON_COMPACT) == 0 &&
           put_text("", 1, text) == 0;
}

int sg_caller_ask(const struct sg_cli *cli, const char *socket,
                  const char *path, const json_t *body, unsigned *ret_status,
                  json_t **ret_answer)
{
    char url[URL_SIZE];
    struct sg_buf text, answer;
    long status = 0;
    CURLcode code = CURLE_OUT_OF_MEMORY;
    int n = snprintf(url, sizeof url, "http://localhost%s", path);

    *ret_answer = NULL;
    sg_buf_init(&text, BODY_SIZE_MAX);
    sg_buf_init(&answer, SG_CALLER_ANSWER_MAX);
    if (n > 0 && (size_t)n < sizeof url &&
        (body == NULL || write_body(body, &text)))
        code =
            perform(socket, url, body == NULL ? NULL : (const char *)text.data,
                    &answer, &status);
    if (code == CURLE_OK)
        *ret_answer = json_loadb((const char *)answer.data, answer.size,
                                 JSON_REJECT_DUPLICATES, NULL);
    sg_buf_wipe(&text);
    sg_buf_wipe(&answer);
    if (code != CURLE_OK)
        return fail(cli, socket, code);
    *ret_status = (unsigned)status;
    if (*ret_answer != NULL)
        return 0;
    return sg_cli_fail(cli, SG_EXIT_IMPOSSIBLE,
                       "%s: what answers there is no sogocd",
                       "%s: nơi trả lời ở đó không phải sogocd", socket);
}

int sg_caller_refused(const struct sg_cli *cli, unsigned status,
                      const json_t *answer)
{
    const char *check = json_string_value(json_object_get(answer, "check"));
    const char *member = json_string_value(json_object_get(answer, "member"));
    enum sg_cli_exit code = SG_EXIT_IMPOSSIBLE;

    if (status == 401 || status == 403)
        code = SG_EXIT_ACCESS;
    else if (status == 422 || status == 409)
        code = SG_EXIT_NO;
    else if (status == 507)
        code = SG_EXIT_FULL;
    return sg_cli_fail(cli, code, "%s%s%s%s", "%s%s%s%s",
                       check != NULL    ? check
                       : member != NULL ? member
                                        : "",
                       check != NULL || member != NULL ? ": " : "",
                       sg_caller_words(cli, answer), "");
}

int sg_caller_get(const struct sg_cli *cli, const char *socket,
                  const char *path, json_t **ret_answer)
{
    unsigned status = 0;
    json_t *answer;
    int code = sg_caller_ask(cli, socket, path, NULL, &status, &answer);

    if (code != 0)
        return code;
    if (status == 200) {
        *ret_answer = answer;
        return 0;
    }
    code = sg_caller_refused(cli, status, answer);
    json_decref(answer);
    return code;
}

uint64_t sg_caller_number(const json_t *json, const char *name)
{
    json_int_t value = json_integer_value(json_object_get(json, name));

    return value < 0 ? 0 : (uint64_t)value;
}

const char *sg_caller_text(const json_t *json, const char *name)
{
    const char *text = json_string_value(json_object_get(json, name));

    return text == NULL ? "-" : text;
}

struct sg_out_value sg_caller_number_value(const json_t *json, const char *name)
{
    return json_is_integer(json_object_get(json, name))
               ? sg_out_number(sg_caller_number(json, name))
               : sg_out_none();
}

struct sg_out_value sg_caller_text_value(const json_t *json, const char *name)
{
    const json_t *text = json_object_get(json, name);

    return json_is_string(text)
               ? sg_out_bytes(SG_OUT_BODY, sg_bytes(json_string_value(text),
                                                    json_string_length(text)))
               : sg_out_none();
}

struct sg_out_value sg_caller_hex_value(const json_t *json, const char *name,
                                        uint8_t text[32])
{
    const json_t *hex = json_object_get(json, name);
    struct sg_writer writer;

    sg_writer_init_array(&writer, text, 32);
    if (json_is_string(hex))
        sg_text_hex_decode(
            &writer, sg_bytes(json_string_value(hex), json_string_length(hex)));
    if (!json_is_string(hex) || sg_writer_end(&writer) != SG_OK)
        return sg_out_none();
    return sg_out_bytes(SG_OUT_HEX, sg_bytes(text, writer.size));
}

struct sg_out_value sg_caller_day_value(const struct sg_cli *cli,
                                        const json_t *json, const char *name,
                                        char text[SG_CALLER_DAY_SIZE])
{
    uint64_t ymd = sg_caller_number(json, name);
    unsigned year = (unsigned)(ymd / 10000 % 10000);
    unsigned month = (unsigned)(ymd / 100 % 100), day = (unsigned)(ymd % 100);

    if (ymd == 0)
        return sg_out_none();
    if (cli->is_json)
        return sg_out_number(ymd);
    if (cli->lang == SG_LANG_VI)
        (void)snprintf(text, SG_CALLER_DAY_SIZE, "%u/%u/%u", day, month, year);
    else
        (void)snprintf(text, SG_CALLER_DAY_SIZE, "%04u-%02u-%02u", year, month,
                       day);
    return sg_out_word(text, NULL);
}

const char *sg_caller_words(const struct sg_cli *cli, const json_t *json)
{
    return sg_caller_text(json, sg_cli_say(cli, "en", "vi"));
}
