/* Lines from files or from standard input, one after the other, in bounded
 * memory: what `submit` reads.
 *
 * A line is what stands before a newline, or before the end; any bytes. Empty
 * lines are passed over.
 */
#ifndef SG_TOOLS_INTAKE_H
#define SG_TOOLS_INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/base/bytes.h"
#include "storage/base/err.h"
#include "storage/base/limits.h"
#include "tools/pipeline.h"

/* The longest line: what a seal holds even where nothing compresses. */
#define SG_INTAKE_LINE_MAX 65502
/* What is read at once. */
#define SG_INTAKE_SIZE 262144

_Static_assert(SG_INTAKE_LINE_MAX + 2 + SG_SEAL_OVERHEAD <= SG_PAYLOAD_SIZE_MAX,
               "line");

struct sg_intake {
    char *const *names; /* of files; "-" is standard input */
    int count;
    int at;        /* names[at] is being read */
    int fd;        /* or -1 */
    uint64_t line; /* number of the last line given or refused, from 1 */
    size_t begin;  /* bytes[begin, end) are not given out yet */
    size_t end;
    uint8_t bytes[SG_INTAKE_SIZE];
};

/* Prepares to read the files NAMES. Borrows: NAMES. Ends with
 * sg_intake_clear. */
void sg_intake_init(struct sg_intake *intake, char *const *names, int count);
void sg_intake_clear(struct sg_intake *intake);

/* The source of a pipeline, with a struct sg_intake as context: a line, or a
 * pause where none comes within SG_COMMIT_MS_MAX, or, if the chunk IS_EMPTY,
 * half a second.
 * Errors: NOTFOUND, ACCESS, IO; LIMIT (a line is too long). The file is
 * names[at], and for LIMIT the line is `line`. */
SG_USE_RESULT enum sg_err sg_intake_next(void *intake, bool is_empty,
                                         enum sg_pipeline_next *ret_next,
                                         struct sg_bytes *ret_line);

#endif
