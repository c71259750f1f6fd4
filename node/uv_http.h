/* The API's two doors: HTTP on a Unix socket and on loopback.
 *
 * libmicrohttpd without a thread of its own: its epoll descriptors are watched
 * by the loop. It moves bytes, knows who waits for what, and ends whom is slow;
 * who is let in is http.h, what is answered is api.h.
 * Context: the loop's thread.
 */
#ifndef SG_NODE_UV_HTTP_H
#define SG_NODE_UV_HTTP_H

#include <uv.h>

#include "node/api.h"

struct sg_uv_http;

/* Opens the doors that CONFIG names and writes the token to DIRECTORY/token
 * (mode 0600). Borrows: all until close. Errors: IO (an address cannot be had;
 * it was said why), INVALID (http is no address of loopback), LIMIT (the
 * socket's path is too long), NOMEM. */
SG_USE_RESULT enum sg_err sg_uv_http_open(uv_loop_t *loop,
                                          const struct sg_config *config,
                                          struct sg_http_gate *gate,
                                          struct sg_uv_http **ret_http);

/* Has requests answered by API from now on; before that, nobody is. */
void sg_uv_http_start(struct sg_uv_http *http, struct sg_api *api);

/* Gives the answers of PAPERS, taking them, to whom waits for them. */
void sg_uv_http_answer(struct sg_uv_http *http, struct sg_desk_paper *papers);

/* Gives the answers of tasks that have come to an end to whom waits for them,
 * and handles the requests that were held and are due. */
void sg_uv_http_finish(struct sg_uv_http *http);

/* Says that the store has changed: followers are told soon. */
void sg_uv_http_changed(struct sg_uv_http *http);

/* Closes the doors and all connections; papers that are at the desk may still
 * come back, until sg_uv_http_free, which is called when the loop has run what
 * the close left. Both take NULL. */
void sg_uv_http_close(struct sg_uv_http *http);
void sg_uv_http_free(struct sg_uv_http *http);

#endif
