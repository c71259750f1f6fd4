/* HTTP: what a request must be before anybody looks at what it asks for.
 *
 * The checks of threats.md 2.6, in their order, each with a status of its own,
 * and the sessions of a browser. It reads headers that were parsed already and
 * moves no bytes: uv_http.h does. It does not know the calls: api.h does.
 *
 * Two ways lead here. The Unix socket: whoever may open it may ask; no browser
 * can. Loopback: any web page that the officer has open can make his browser
 * send something there, so that a name, an origin, a token and a media type are
 * asked for.
 */
#ifndef SG_NODE_HTTP_H
#define SG_NODE_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/base/crypto.h"

/* Limits of a request, and of who may be there at a time. */
#define SG_HTTP_HEADER_SIZE_MAX 8192u
#define SG_HTTP_HEADER_MS       5000u
#define SG_HTTP_BODY_SIZE_MAX   262144u
#define SG_HTTP_BODY_MS         15000u
#define SG_HTTP_ANSWER_MS       30000u /* to take the answer */
#define SG_HTTP_IDLE_MS         30000u /* until the next request's header */
#define SG_HTTP_SOCKET_MAX      256u   /* connections */
#define SG_HTTP_LOOPBACK_MAX    64u
#define SG_HTTP_ADDRESS_MAX     8u
#define SG_HTTP_QUERY_MAX       8u /* parameters */
#define SG_HTTP_JSON_DEPTH_MAX  16u

/* A token in hex: of the file, of a session, against forged requests. */
#define SG_HTTP_TOKEN_SIZE 64u
#define SG_HTTP_TOKEN_NEW  (SG_HTTP_TOKEN_SIZE + 1)

/* Media types of a body. No page of another can send either unasked. */
#define SG_HTTP_JSON  "application/json"
#define SG_HTTP_LINES "application/x-ndjson"

#define SG_HTTP_SESSIONS_MAX    16u
#define SG_HTTP_SESSION_IDLE_MS 1800000u
#define SG_HTTP_COOKIE          "sogoc"
#define SG_HTTP_FORGERY_HEADER  "X-Sogoc-Token"

enum sg_http_way {
    SG_HTTP_SOCKET,
    SG_HTTP_LOOPBACK,
};

/* What the caller of an API must show. */
enum sg_http_need {
    SG_HTTP_OPEN,    /* nothing: holds nothing that is worth a token */
    SG_HTTP_TOKEN,   /* a token or a session */
    SG_HTTP_CHANGES, /* the same, and it changes state */
    SG_HTTP_LOGIN,   /* the token of the file itself, and it changes state */
};

/* The headers of a request; NULL: not there. */
struct sg_http_request {
    enum sg_http_way way;
    const char *host;
    const char *origin;
    const char *site; /* Sec-Fetch-Site */
    const char *authorization;
    const char *cookie;
    const char *forgery; /* SG_HTTP_FORGERY_HEADER */
    const char *content_type;
    bool has_body;
    size_t header_size;
    uint64_t body_size; /* as announced; 0: not announced */
};

struct sg_http_session {
    char id[SG_HTTP_TOKEN_NEW]; /* empty: free */
    char forgery[SG_HTTP_TOKEN_NEW];
    uint64_t used_ms;
};

struct sg_http_gate {
    char names[4][280]; /* what Host may say; empty: unused */
    char token[SG_HTTP_TOKEN_NEW];
    struct sg_http_session sessions[SG_HTTP_SESSIONS_MAX];
};

/* Why a request goes no further: a status and a word for programs. */
struct sg_http_refusal {
    unsigned status; /* 0: it may go on */
    const char *code;
    const char *english;
    const char *vietnamese;
};

/* Prepares GATE for the address that HTTP listens at, "127.0.0.1:7647" (empty:
 * not at all): that name and localhost; draws the token. */
void sg_http_gate_init(struct sg_http_gate *gate, const char *listen);

/* Checks REQUEST for a call that needs NEED, at NOW_MS. Status 0: all is well.
 */
struct sg_http_refusal sg_http_check(struct sg_http_gate *gate,
                                     const struct sg_http_request *request,
                                     enum sg_http_need need, uint64_t now_ms);

/* Begins a session at NOW_MS; the one that was idle longest makes room. Borrows
 * until the next begin. */
const struct sg_http_session *sg_http_session_begin(struct sg_http_gate *gate,
                                                    uint64_t now_ms);

/* Gives the id of the session that COOKIE names; empty: there is none. */
const char *sg_http_session_id(struct sg_http_gate *gate, const char *cookie);

/* Ends the session that COOKIE names; says whether there was one. */
bool sg_http_session_end(struct sg_http_gate *gate, const char *cookie);

/* Says whether CONTENT_TYPE, NULL being none, is that of JSON lines. */
bool sg_http_is_lines(const char *content_type);

/* Says whether TEXT of SIZE bytes nests arrays and objects no deeper than
 * SG_HTTP_JSON_DEPTH_MAX: asked before a parser that recurses sees it. */
bool sg_http_is_flat(const uint8_t *text, size_t size);

#endif
