/* Stow: the order in which rows that are appended fill their pages. The inside
 * of the view.
 *
 * A row is never on two pages, so that rows as they come leave half a row of
 * each page empty, a twentieth of the view. Who writes many at once may choose
 * their order: the largest that the page has room for comes next. (A row that
 * grows later splits its page, as most would anyway.)
 */
#ifndef SG_NODE_VIEW_STOW_H
#define SG_NODE_VIEW_STOW_H

#include <stddef.h>
#include <stdint.h>

#include "storage/base/err.h"

/* Orders COUNT rows, of which each takes as many bytes of a page as SIZES says,
 * at most SG_SEALED_PAGE_SIZE. *LEFT is what the last page has left, and is
 * afterwards; RET_ORDER has the places of the rows, each once. Errors: NOMEM.
 */
SG_USE_RESULT enum sg_err sg_stow_order(const uint16_t *sizes, size_t count,
                                        size_t *left, uint32_t *ret_order);

#endif
