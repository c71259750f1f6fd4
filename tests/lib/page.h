/* The worked examples of the specifications, read from the pages themselves,
 * so that a page and the code cannot drift apart.
 *
 * An example is a fenced block whose first line is ```hex NAME (bytes, as
 * sg_hex reads them) or ```text NAME (lines, taken as they are).
 */
#ifndef SG_TESTS_LIB_PAGE_H
#define SG_TESTS_LIB_PAGE_H

#include "storage/base/buf.h"

/* Appends to RET the bytes of the block ```hex NAME of PAGE, a path from the
 * root of the sources such as "storage/FORMAT.md". Fails the test if there is
 * no such page, not exactly one such block, or no hex in it. */
void sg_page_hex(const char *page, const char *name, struct sg_buf *ret);

/* As sg_page_hex, of the block ```text NAME: its lines, each with its end. */
void sg_page_text(const char *page, const char *name, struct sg_buf *ret);

/* Gives the content of the one block ```KIND NAME in the page PAGE, borrowed
 * from it. Errors: NOTFOUND; EXISTS when there are two; TRUNCATED when the
 * block has no end. */
SG_USE_RESULT enum sg_err sg_page_find(struct sg_bytes page, const char *kind,
                                       const char *name,
                                       struct sg_bytes *ret_content);

#endif
