/* HTTP: who is let in. Each refusal of node/http.h, in its order. */
#include "node/http.h"

#include <stdio.h>
#include <string.h>

#include "tests/lib/test.h"

#define LISTEN "127.0.0.2:7647"

static struct sg_http_gate gate;

static int setup(void **state)
{
    (void)state;
    assert_ok(sg_crypto_init());
    sg_http_gate_init(&gate, LISTEN);
    return 0;
}

/* A request of a program at loopback that is all right but for its token. */
static struct sg_http_request request_of(void)
{
    return (struct sg_http_request){
        .way = SG_HTTP_LOOPBACK, .host = LISTEN, .header_size = 100};
}

static unsigned status_of(const struct sg_http_request *request,
                          enum sg_http_need need)
{
    return sg_http_check(&gate, request, need, 1000).status;
}

static void test_names(void **state)
{
    static const char *const ours[] = {LISTEN, "127.0.0.1:7647",
                                       "LocalHost:7647", "[::1]:7647"};
    static const char *const others[] = {"evil.example:7647",
                                         "127.0.0.1",
                                         "127.0.0.1:80",
                                         "localhost",
                                         "localhost:76470",
                                         "localhost:7647.",
                                         ""};
    struct sg_http_request request = request_of();

    (void)state;
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        request.host = ours[i];
        assert_int_equal(status_of(&request, SG_HTTP_OPEN), 0);
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        request.host = others[i];
        assert_int_equal(status_of(&request, SG_HTTP_OPEN), 421);
    }
    request.host = NULL;
    assert_int_equal(status_of(&request, SG_HTTP_OPEN), 421);
    request.way = SG_HTTP_SOCKET;
    assert_int_equal(status_of(&request, SG_HTTP_CHANGES), 0);
}

static void test_origins(void **state)
{
    struct sg_http_request request = request_of();

    (void)state;
    request.origin = "http://localhost:7647";
    request.site = "same-origin";
    assert_int_equal(status_of(&request, SG_HTTP_OPEN), 0);
    request.site = "cross-site";
    assert_int_equal(status_of(&request, SG_HTTP_OPEN), 403);
    request.site = "same-site";
    assert_int_equal(status_of(&request, SG_HTTP_OPEN), 403);
    request.site = "none";
    request.origin = "null";
    assert_int_equal(status_of(&request, SG_HTTP_OPEN), 403);
    request.origin = "https://localhost:7647";
    assert_int_equal(status_of(&request, SG_HTTP_OPEN), 403);
    request.origin = "http://localhost:7648";
    assert_int_equal(status_of(&request, SG_HTTP_OPEN), 403);
    /* Without the loopback door no page has business here. */
    sg_http_gate_init(&gate, "");
    request.way = SG_HTTP_SOCKET;
    request.origin = "http://localhost:7647";
    assert_int_equal(status_of(&request, SG_HTTP_OPEN), 403);
    request.origin = NULL;
    assert_int_equal(status_of(&request, SG_HTTP_CHANGES), 0);
}

static void test_tokens(void **state)
{
    char header[SG_HTTP_TOKEN_NEW + 16] = "Bearer ";
    struct sg_http_request request = request_of();

    (void)state;
    assert_int_equal(strlen(gate.token), SG_HTTP_TOKEN_SIZE);
    assert_int_equal(status_of(&request, SG_HTTP_OPEN), 0);
    assert_int_equal(status_of(&request, SG_HTTP_TOKEN), 401);
    memcpy(header + strlen(header), gate.token, sizeof gate.token);
    request.authorization = header;
    assert_int_equal(status_of(&request, SG_HTTP_TOKEN), 0);
    assert_int_equal(status_of(&request, SG_HTTP_CHANGES), 0);
    assert_int_equal(status_of(&request, SG_HTTP_LOGIN), 0);
    header[strlen(header) - 1] ^= 1;
    assert_int_equal(status_of(&request, SG_HTTP_TOKEN), 401);
    header[strlen(header) - 1] = 0;
    assert_int_equal(status_of(&request, SG_HTTP_TOKEN), 401);
    request.authorization = "Bearer ";
    assert_int_equal(status_of(&request, SG_HTTP_TOKEN), 401);
    request.authorization = gate.token;
    assert_int_equal(status_of(&request, SG_HTTP_TOKEN), 401);
}

static const char *cookie_of(const struct sg_http_session *session)
{
    static char cookie[SG_HTTP_TOKEN_NEW + 32];

    snprintf(cookie, sizeof cookie, "x=1; " SG_HTTP_COOKIE "=%s; y=2",
             session->id);
    return cookie;
}

/* A session reads; to change something it shows its own token. It ends when it
 * is idle, when it is ended, and when too many newer ones have come. */
static void test_sessions(void **state)
{
    const struct sg_http_session *session = sg_http_session_begin(&gate, 1000);
    struct sg_http_request request = request_of();

    (void)state;
    request.cookie = cookie_of(session);
    assert_int_equal(status_of(&request, SG_HTTP_TOKEN), 0);
    assert_int_equal(status_of(&request, SG_HTTP_LOGIN), 401);
    assert_int_equal(status_of(&request, SG_HTTP_CHANGES), 403);
    request.forgery = session->id;
    assert_int_equal(status_of(&request, SG_HTTP_CHANGES), 403);
    request.forgery = session->forgery;
    assert_int_equal(status_of(&request, SG_HTTP_CHANGES), 0);
    assert_true(sg_http_session_end(&gate, request.cookie));
    assert_false(sg_http_session_end(&gate, request.cookie));
    assert_int_equal(status_of(&request, SG_HTTP_TOKEN), 401);

    session = sg_http_session_begin(&gate, 1000);
    request.cookie = cookie_of(session);
    assert_int_equal(sg_http_check(&gate, &request, SG_HTTP_TOKEN,
                                   1000 + SG_HTTP_SESSION_IDLE_MS)
                         .status,
                     0);
    assert_int_equal(sg_http_check(&gate, &request, SG_HTTP_TOKEN,
                                   1001 + 2 * SG_HTTP_SESSION_IDLE_MS)
                         .status,
                     401);

    session = sg_http_session_begin(&gate, 2000);
    request.cookie = cookie_of(session);
    for (uint64_t i = 1; i < SG_HTTP_SESSIONS_MAX; i++)
        (void)sg_http_session_begin(&gate, 2000 + i);
    assert_int_equal(sg_http_check(&gate, &request, SG_HTTP_TOKEN, 2000).status,
                     0);
    (void)sg_http_session_begin(&gate, 3000);
    assert_int_equal(sg_http_check(&gate, &request, SG_HTTP_TOKEN, 3000).status,
                     401);
}

static void test_bodies(void **state)
{
    struct sg_http_request request = request_of();

    (void)state;
    request.has_body = true;
    request.body_size = SG_HTTP_BODY_SIZE_MAX;
    request.content_type = "application/json";
    assert_int_equal(status_of(&request, SG_HTTP_OPEN), 0);
    request.content_type = "Application/JSON; charset=utf-8";
    assert_int_equal(status_of(&request, SG_HTTP_OPEN), 0);
    request.content_type = "application/json ;charset=utf-8";
    assert_int_equal(status_of(&request, SG_HTTP_OPEN), 0);
    assert_false(sg_http_is_lines(request.content_type));
    request.content_type = "application/jsonp";
    assert_int_equal(status_of(&request, SG_HTTP_OPEN), 415);
    request.content_type = "application/x-ndjson";
    assert_int_equal(status_of(&request, SG_HTTP_OPEN), 0);
    assert_true(sg_http_is_lines(request.content_type));
    assert_true(sg_http_is_lines("Application/X-NDJSON; charset=utf-8"));
    assert_false(sg_http_is_lines(NULL));
    request.content_type = "text/plain";
    assert_int_equal(status_of(&request, SG_HTTP_OPEN), 415);
    request.content_type = NULL;
    assert_int_equal(status_of(&request, SG_HTTP_OPEN), 415);
    request.content_type = "application/json";
    request.body_size++;
    assert_int_equal(status_of(&request, SG_HTTP_OPEN), 413);
    request.header_size = SG_HTTP_HEADER_SIZE_MAX;
    assert_int_equal(status_of(&request, SG_HTTP_OPEN), 413);
    request.header_size++;
    assert_int_equal(status_of(&request, SG_HTTP_OPEN), 431);
}

/* The first check that fails is named; each word is in both languages. */
static void test_order(void **state)
{
    struct sg_http_request request = {
        .way = SG_HTTP_LOOPBACK,
        .host = "evil",
        .origin = "http://evil",
        .content_type = "text/plain",
        .has_body = true,
        .header_size = SG_HTTP_HEADER_SIZE_MAX + 1,
        .body_size = SG_HTTP_BODY_SIZE_MAX + 1,
    };
    static const unsigned order[] = {431, 421, 403, 401, 415, 413};
    char header[SG_HTTP_TOKEN_NEW + 16];

    (void)state;
    snprintf(header, sizeof header, "Bearer %s", gate.token);
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        struct sg_http_refusal refusal =
            sg_http_check(&gate, &request, SG_HTTP_CHANGES, 1);

        assert_int_equal(refusal.status, order[i]);
        assert_true(strlen(refusal.code) > 0);
        assert_true(strlen(refusal.english) > 0);
        assert_true(strlen(refusal.vietnamese) > 0);
        switch (order[i]) {
        case 431:
            request.header_size = 1;
            break;
        case 421:
            request.host = LISTEN;
            break;
        case 403:
            request.origin = NULL;
            break;
        case 401:
            request.authorization = header;
            break;
        default:
            request.content_type = "application/json";
            break;
        }
    }
}

static bool is_flat(const char *text)
{
    return sg_http_is_flat((const uint8_t *)text, strlen(text));
}

static void test_depth(void **state)
{
    char text[64];

    (void)state;
    memset(text, '[', SG_HTTP_JSON_DEPTH_MAX);
    text[SG_HTTP_JSON_DEPTH_MAX] = 0;
    assert_true(is_flat(text));
    text[SG_HTTP_JSON_DEPTH_MAX] = 0x7b;
    text[SG_HTTP_JSON_DEPTH_MAX + 1] = 0;
    assert_false(is_flat(text));
    assert_true(is_flat("[][][][][][][][][][][][][][][][][][][][]"));
    assert_true(is_flat("\"[[[[[[[[[[[[[[[[[[[[[[[[\""));
    assert_true(is_flat("\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[\""));
    assert_false(is_flat("\"\\\\\"[[[[[[[[[[[[[[[[[[[[[[[["));
    assert_true(is_flat("]]]]]]]]]]]]]]]]]]]["));
    assert_true(is_flat("\\"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_names, setup),
        cmocka_unit_test_setup(test_origins, setup),
        cmocka_unit_test_setup(test_tokens, setup),
        cmocka_unit_test_setup(test_sessions, setup),
        cmocka_unit_test_setup(test_bodies, setup),
        cmocka_unit_test_setup(test_order, setup),
        cmocka_unit_test_setup(test_depth, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
