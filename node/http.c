#include "node/http.h"

#include <stdio.h>
#include <string.h>

#include "storage/base/check.h"

static const char bearer[] = "Bearer ";

/* --- Refusals -------------------------------------------------------------
 */

static const struct sg_http_refusal fine = {.status = 0};
static const struct sg_http_refusal too_large_header = {
    431, "header_size", "the header of the request is too large",
    "phần đầu của yêu cầu quá lớn"};
static const struct sg_http_refusal wrong_host = {
    421, "host", "this service is not at that name",
    "dịch vụ này không ở tên máy đó"};
static const struct sg_http_refusal wrong_origin = {
    403, "origin", "a page of another site may not ask for this",
    "trang của nơi khác không được yêu cầu việc này"};
static const struct sg_http_refusal no_token = {
    401, "token", "a token or a session is needed",
    "cần có mã truy cập hoặc phiên làm việc"};
static const struct sg_http_refusal no_forgery = {
    403, "forgery", "the session's token is missing in the header",
    "thiếu mã chống giả mạo của phiên trong phần đầu"};
static const struct sg_http_refusal wrong_type = {
    415, "content_type", "the body must be application/json",
    "nội dung phải là application/json"};
static const struct sg_http_refusal too_large_body = {
    413, "body_size", "the body has more than 256 KiB",
    "nội dung lớn hơn 256 KiB"};

/* --- Texts ----------------------------------------------------------------
 */

static void draw(char ret[SG_HTTP_TOKEN_NEW])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t bytes[SG_HTTP_TOKEN_SIZE / 2];

    sg_crypto_random(bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        ret[2 * i] = digits[bytes[i] >> 4];
        ret[2 * i + 1] = digits[bytes[i] & 15];
    }
    ret[SG_HTTP_TOKEN_SIZE] = 0;
    sg_crypto_wipe(bytes, sizeof bytes);
}

/* Compares in a time that tells nothing; an empty SECRET equals nothing. */
static bool is_secret(const char *text, size_t size, const char *secret)
{
    return secret[0] != '\0' && size == SG_HTTP_TOKEN_SIZE &&
           sg_crypto_equal(text, secret, SG_HTTP_TOKEN_SIZE);
}

static bool is_same_letter(char a, char b)
{
    a = a >= 'A' && a <= 'Z' ? (char)(a + 32) : a;
    b = b >= 'A' && b <= 'Z' ? (char)(b + 32) : b;
    return a == b;
}

/* The name of a host, in any case. */
static bool is_name(const char *text, const char *name)
{
    while (*text != '\0' && is_same_letter(*text, *name))
        text++, name++;
    return *text == '\0' && *name == '\0';
}

/* --- Sessions -------------------------------------------------------------
 */

/* Finds the value of our cookie in HEADER; NULL: it is not there. */
static const char *cookie_of(const char *header, size_t *ret_size)
{
    size_t length = strlen(SG_HTTP_COOKIE);

    while (header != NULL && *header != '\0') {
        while (*header == ' ' || *header == ';')
            header++;
        if (strncmp(header, SG_HTTP_COOKIE, length) == 0 &&
            header[length] == '=') {
            header += length + 1;
            *ret_size = strcspn(header, "; ");
            return header;
        }
        header += strcspn(header, ";");
    }
    return NULL;
}

static struct sg_http_session *find_session(struct sg_http_gate *gate,
                                            const char *header)
{
    size_t size;
    const char *id = cookie_of(header, &size);

    for (size_t i = 0; i < SG_HTTP_SESSIONS_MAX && id != NULL; i++)
        if (is_secret(id, size, gate->sessions[i].id))
            return &gate->sessions[i];
    return NULL;
}

const struct sg_http_session *sg_http_session_begin(struct sg_http_gate *gate,
                                                    uint64_t now_ms)
{
    struct sg_http_session *session = &gate->sessions[0];

    for (size_t i = 1; i < SG_HTTP_SESSIONS_MAX && session->id[0] != '\0'; i++)
        if (gate->sessions[i].id[0] == '\0' ||
            gate->sessions[i].used_ms < session->used_ms)
            session = &gate->sessions[i];
    draw(session->id);
    draw(session->forgery);
    session->used_ms = now_ms;
    return session;
}

const char *sg_http_session_id(struct sg_http_gate *gate, const char *cookie)
{
    const struct sg_http_session *session = find_session(gate, cookie);

    return session == NULL ? "" : session->id;
}

bool sg_http_session_end(struct sg_http_gate *gate, const char *cookie)
{
    struct sg_http_session *session = find_session(gate, cookie);

    if (session == NULL)
        return false;
    sg_crypto_wipe(session, sizeof *session);
    return true;
}

/* --- Checks ---------------------------------------------------------------
 */

void sg_http_gate_init(struct sg_http_gate *gate, const char *listen)
{
    const char *colon = strrchr(listen, ':');

    memset(gate, 0, sizeof *gate);
    draw(gate->token);
    if (colon == NULL)
        return;
    (void)snprintf(gate->names[0], sizeof gate->names[0], "%s", listen);
    (void)snprintf(gate->names[1], sizeof gate->names[1], "127.0.0.1%s", colon);
    (void)snprintf(gate->names[2], sizeof gate->names[2], "localhost%s", colon);
    (void)snprintf(gate->names[3], sizeof gate->names[3], "[::1]%s", colon);
}

static bool is_ours(const struct sg_http_gate *gate, const char *host)
{
    for (size_t i = 0; i < sizeof gate->names / sizeof gate->names[0]; i++)
        if (gate->names[i][0] != '\0' && is_name(host, gate->names[i]))
            return true;
    return false;
}

/* A browser says where a request comes from; a program says nothing. */
static bool is_foreign(const struct sg_http_gate *gate,
                       const struct sg_http_request *request)
{
    static const char scheme[] = "http://";

    if (request->site != NULL && strcmp(request->site, "same-origin") != 0 &&
        strcmp(request->site, "none") != 0)
        return true;
    return request->origin != NULL &&
           (strncmp(request->origin, scheme, strlen(scheme)) != 0 ||
            !is_ours(gate, request->origin + strlen(scheme)));
}

static bool has_token(const struct sg_http_gate *gate,
                      const struct sg_http_request *request)
{
    const char *header = request->authorization;

    return header != NULL && strncmp(header, bearer, strlen(bearer)) == 0 &&
           is_secret(header + strlen(bearer), strlen(header) - strlen(bearer),
                     gate->token);
}

static struct sg_http_refusal check_caller(
    struct sg_http_gate *gate, const struct sg_http_request *request,
    enum sg_http_need need, uint64_t now_ms)
{
    struct sg_http_session *session;

    if (need == SG_HTTP_OPEN || has_token(gate, request))
        return fine;
    session = find_session(gate, request->cookie);
    if (session == NULL || need == SG_HTTP_LOGIN)
        return no_token;
    if (now_ms - session->used_ms > SG_HTTP_SESSION_IDLE_MS) {
        sg_crypto_wipe(session, sizeof *session);
        return no_token;
    }
    session->used_ms = now_ms;
    if (need == SG_HTTP_CHANGES &&
        (request->forgery == NULL ||
         !is_secret(request->forgery, strlen(request->forgery),
                    session->forgery)))
        return no_forgery;
    return fine;
}

/* Says whether the media type TEXT is TYPE, with parameters or without. */
static bool is_type(const char *text, const char *type)
{
    size_t i = 0;

    if (text == NULL)
        return false;
    while (type[i] != '\0' && is_same_letter(text[i], type[i]))
        i++;
    while (type[i] == '\0' && text[i] == ' ')
        text++;
    return type[i] == '\0' && (text[i] == '\0' || text[i] == ';');
}

bool sg_http_is_lines(const char *content_type)
{
    return is_type(content_type, SG_HTTP_LINES);
}

struct sg_http_refusal sg_http_check(struct sg_http_gate *gate,
                                     const struct sg_http_request *request,
                                     enum sg_http_need need, uint64_t now_ms)
{
    struct sg_http_refusal refusal = fine;

    if (request->header_size > SG_HTTP_HEADER_SIZE_MAX)
        return too_large_header;
    if (request->way == SG_HTTP_LOOPBACK &&
        (request->host == NULL || !is_ours(gate, request->host)))
        return wrong_host;
    /* Also of what only reads: no page of another site has a reason to. */
    if (is_foreign(gate, request))
        return wrong_origin;
    if (request->way == SG_HTTP_LOOPBACK)
        refusal = check_caller(gate, request, need, now_ms);
    if (refusal.status != 0)
        return refusal;
    if (request->has_body && !is_type(request->content_type, SG_HTTP_JSON) &&
        !sg_http_is_lines(request->content_type))
        return wrong_type;
    if (request->body_size > SG_HTTP_BODY_SIZE_MAX)
        return too_large_body;
    return fine;
}

bool sg_http_is_flat(const uint8_t *text, size_t size)
{
    size_t depth = 0;
    bool in_string = false;

    for (size_t i = 0; i < size; i++) {
        if (in_string && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            in_string = !in_string;
        else if (!in_string && (text[i] == '[' || text[i] == '{'))
            depth++;
        else if (!in_string && (text[i] == ']' || text[i] == '}'))
            depth -= depth > 0;
        if (depth > SG_HTTP_JSON_DEPTH_MAX)
            return false;
    }
    return true;
}
