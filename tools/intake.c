#include "tools/intake.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "storage/base/crypto.h"

/* How long to wait for the first line before looking whether to stop. */
#define IDLE_MS 500

_Static_assert(SG_INTAKE_SIZE >= 2 * SG_INTAKE_LINE_MAX, "a line always fits");

void sg_intake_init(struct sg_intake *intake, char *const *names, int count)
{
    intake->names = names;
    intake->count = count;
    intake->at = 0;
    intake->fd = -1;
    intake->line = 0;
    intake->begin = 0;
    intake->end = 0;
}

static void close_file(struct sg_intake *intake)
{
    if (intake->fd > STDIN_FILENO)
        (void)close(intake->fd);
    intake->fd = -1;
}

void sg_intake_clear(struct sg_intake *intake)
{
    close_file(intake);
    sg_crypto_wipe(intake->bytes, sizeof intake->bytes);
}

static enum sg_err open_file(struct sg_intake *intake)
{
    const char *name = intake->names[intake->at];

    intake->line = 0;
    intake->fd = strcmp(name, "-") == 0 ? STDIN_FILENO
                                        : open(name, O_RDONLY | O_CLOEXEC);
    if (intake->fd >= 0)
        return SG_OK;
    return errno == ENOENT || errno == ENOTDIR ? SG_ERR_NOTFOUND
           : errno == EACCES                   ? SG_ERR_ACCESS
                                               : SG_ERR_IO;
}

/* Gives the line that is whole in memory, if there is one.
 * Errors: NOTFOUND, LIMIT. */
static enum sg_err take_line(struct sg_intake *intake, bool is_last,
                             struct sg_bytes *ret_line)
{
    while (intake->begin < intake->end) {
        const uint8_t *from = intake->bytes + intake->begin;
        size_t left = intake->end - intake->begin;
        const uint8_t *newline = memchr(from, '\n', left);
        size_t size = newline != NULL ? (size_t)(newline - from) : left;
        if (newline == NULL && !is_last && size <= SG_INTAKE_LINE_MAX)
            return SG_ERR_NOTFOUND;
        intake->line++;
        if (size > SG_INTAKE_LINE_MAX)
            return SG_ERR_LIMIT;
        intake->begin += size + (newline != NULL);
        if (size == 0)
            continue;
        *ret_line = sg_bytes(from, size);
        return SG_OK;
    }
    return SG_ERR_NOTFOUND;
}

/* Reads more. Gives the end of the file as no bytes; a pause, if nothing comes
 * in time: soon for a caller that holds lines, late for one that does not. */
static enum sg_err read_more(struct sg_intake *intake, bool is_empty,
                             bool *ret_pause, bool *ret_end)
{
    struct pollfd wanted = {.fd = intake->fd, .events = POLLIN};
    size_t left = intake->end - intake->begin;
    ssize_t n;

    if (poll(&wanted, 1, is_empty ? IDLE_MS : SG_COMMIT_MS_MAX) == 0) {
        *ret_pause = true;
        return SG_OK;
    }
    memmove(intake->bytes, intake->bytes + intake->begin, left);
    intake->begin = 0;
    intake->end = left;
    do
        n = read(intake->fd, intake->bytes + left, sizeof intake->bytes - left);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return SG_ERR_IO;
    intake->end += (size_t)n;
    *ret_end = n == 0;
    return SG_OK;
}

enum sg_err sg_intake_next(void *context, bool is_empty,
                           enum sg_pipeline_next *ret_next,
                           struct sg_bytes *ret_line)
{
    struct sg_intake *intake = context;
    bool is_pause = false, is_last = false;

    while (intake->at < intake->count) {
        enum sg_err err = intake->fd < 0 ? open_file(intake) : SG_OK;
        if (err != SG_OK)
            return err;
        err = take_line(intake, is_last, ret_line);
        if (err == SG_OK)
            *ret_next = SG_PIPELINE_BODY;
        if (err != SG_ERR_NOTFOUND)
            return err;
        if (is_last) {
            close_file(intake);
            intake->at++;
            is_last = false;
            continue;
        }
        err = read_more(intake, is_empty, &is_pause, &is_last);
        if (err != SG_OK)
            return err;
        if (is_pause) {
            *ret_next = SG_PIPELINE_PAUSE;
            return SG_OK;
        }
    }
    *ret_next = SG_PIPELINE_END;
    return SG_OK;
}
