#include "tools/reading.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/ask.h"

static int ask_unlock(const struct sg_reading *reading, const char *name,
                      const struct sg_passphrase *passphrase,
                      unsigned *ret_status, json_t **ret_answer)
{
    json_t *body = json_pack("{s:s}", "officer", name);
    int code;

    if (passphrase != NULL)
        (void)json_object_set_new(
            body, "passphrase",
            json_stringn((const char *)passphrase->bytes, passphrase->size));
    code = sg_caller_ask(reading->cli, reading->socket, "/v1/unlock", body,
                         ret_status, ret_answer);
    json_decref(body);
    return code;
}

/* Gives ANSWER if it is a good one; else says what the node said. */
static int take(const struct sg_reading *reading, unsigned status,
                json_t *answer, json_t **ret_answer)
{
    int code = 0;

    if (status == 200) {
        *ret_answer = answer;
        return 0;
    }
    code = sg_caller_refused(reading->cli, status, answer);
    json_decref(answer);
    return code;
}

/* A key in the clear needs no passphrase; the node says so without a try. */
int sg_reading_unlock(const struct sg_reading *reading, const char *name,
                      json_t **ret_answer)
{
    struct sg_passphrase *passphrase;
    unsigned status = 0;
    json_t *answer = NULL;
    int code = ask_unlock(reading, name, NULL, &status, &answer);

    if (code == 0 && status == 403 &&
        strcmp(sg_caller_text(answer, "error"), "passphrase") == 0) {
        json_decref(answer);
        code = sg_ask_passphrase(reading->cli, name, false, &passphrase);
        if (code != 0)
            return code;
        code = ask_unlock(reading, name, passphrase, &status, &answer);
        sg_passphrase_free(passphrase);
    }
    return code == 0 ? take(reading, status, answer, ret_answer) : code;
}

int sg_reading_lock(const struct sg_reading *reading, json_t **ret_answer)
{
    json_t *body = json_object(), *answer;
    unsigned status = 0;
    int code = sg_caller_ask(reading->cli, reading->socket, "/v1/lock", body,
                             &status, &answer);

    json_decref(body);
    return code == 0 ? take(reading, status, answer, ret_answer) : code;
}

int sg_reading_begin(const struct sg_reading *reading)
{
    json_t *answer = NULL;
    int code;

    if (reading->officer == NULL)
        return 0;
    code = sg_reading_unlock(reading, reading->officer, &answer);
    if (code == 0)
        json_decref(answer);
    return code;
}

void sg_reading_end(const struct sg_reading *reading)
{
    json_t *answer = NULL;

    if (reading->officer != NULL && sg_reading_lock(reading, &answer) == 0)
        json_decref(answer);
}

int sg_reading_ask(const struct sg_reading *reading, const char *path,
                   json_t *form, json_t **ret_answer)
{
    unsigned status = 0;
    json_t *answer = NULL;
    int code;

    if (reading->purpose == NULL)
        return sg_cli_fail(
            reading->cli, SG_EXIT_USAGE,
            "say why: --purpose dossier, correction, account, conflict, "
            "duplicate, verification, data_subject, audit or other",
            "hãy ghi lý do: --purpose dossier, correction, account, conflict, "
            "duplicate, verification, data_subject, audit hoặc other");
    (void)json_object_set_new(form, "purpose", json_string(reading->purpose));
    (void)json_object_set_new(form, "channel", json_string("cli"));
    if (reading->matter != NULL)
        (void)json_object_set_new(form, "case", json_string(reading->matter));
    code = sg_caller_ask(reading->cli, reading->socket, path, form, &status,
                         &answer);
    return code == 0 ? take(reading, status, answer, ret_answer) : code;
}

/* --- What answers say -----------------------------------------------------
 */

struct sg_out_value sg_reading_name(const json_t *person,
                                    char ret[SG_READING_NAME_SIZE])
{
    static const char *const parts[] = {"family", "middle", "given"};
    const json_t *name = json_object_get(person, "name");
    size_t used = 0;

    ret[0] = '\0';
    for (size_t i = 0; i < 3; i++) {
        const char *part = json_string_value(json_object_get(name, parts[i]));
        int n;

        if (part == NULL || part[0] == '\0')
            continue;
        n = snprintf(ret + used, SG_READING_NAME_SIZE - used, "%s%s",
                     used > 0 ? " " : "", part);
        if (n < 0 || (size_t)n >= SG_READING_NAME_SIZE - used)
            break;
        used += (size_t)n;
    }
    return used == 0 ? sg_out_none()
                     : sg_out_bytes(SG_OUT_BODY, sg_bytes(ret, strlen(ret)));
}

struct sg_out_value sg_reading_unit(const json_t *person, const json_t *units)
{
    char key[24];

    (void)snprintf(key, sizeof key, "%" PRIu64,
                   sg_caller_number(person, "unit"));
    return sg_caller_text_value(units, key);
}
