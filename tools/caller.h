/* Asks the running node of this machine: one call of its API (node/API.md) at a
 * time, over its Unix socket.
 *
 * Functions print their error and return the exit code, 0 for success.
 */
#ifndef SG_TOOLS_CALLER_H
#define SG_TOOLS_CALLER_H

#include <jansson.h>

#include "tools/cli.h"

/* Where sogocd listens if nothing is said. */
#define SG_CALLER_SOCKET "/run/sogoc/sogocd.sock"

/* The longest answer that is read. */
#define SG_CALLER_ANSWER_MAX (4u << 20)

/* Asks PATH, with its query, of the node at SOCKET; BODY, if it is not NULL, is
 * sent to it with POST. Gives the answer, whatever its status; the caller frees
 * it with json_decref. */
SG_USE_RESULT int sg_caller_ask(const struct sg_cli *cli, const char *socket,
                                const char *path, const json_t *body,
                                unsigned *ret_status, json_t **ret_answer);

/* Says what the node answered when it refused; returns the exit code. */
int sg_caller_refused(const struct sg_cli *cli, unsigned status,
                      const json_t *answer);

/* As sg_caller_ask; an answer other than 200 or 201 is an error. */
SG_USE_RESULT int sg_caller_get(const struct sg_cli *cli, const char *socket,
                                const char *path, json_t **ret_answer);

/* --- reading answers ----------------------------------------------------- */

/* Give the member NAME: 0, "-" and NULL where there is none such. */
uint64_t sg_caller_number(const json_t *json, const char *name);
const char *sg_caller_text(const json_t *json, const char *name);

/* Give it as a value to print, borrowed from JSON. */
struct sg_out_value sg_caller_number_value(const json_t *json,
                                           const char *name);
struct sg_out_value sg_caller_text_value(const json_t *json, const char *name);

/* The same of hex digits, which TEXT holds as bytes while it is printed, and of
 * a day, YYYYMMDD, written for the person as his language writes days. */
struct sg_out_value sg_caller_hex_value(const json_t *json, const char *name,
                                        uint8_t text[32]);
#define SG_CALLER_DAY_SIZE 32
struct sg_out_value sg_caller_day_value(const struct sg_cli *cli,
                                        const json_t *json, const char *name,
                                        char text[SG_CALLER_DAY_SIZE]);

/* The sentence of JSON in the language of CLI: its member "en" or "vi". */
const char *sg_caller_words(const struct sg_cli *cli, const json_t *json);

#endif
