/* Stand: what one thread works with: a pile, two folds, scratch. The inside of
 * the view.
 */
#ifndef SG_NODE_VIEW_STAND_H
#define SG_NODE_VIEW_STAND_H

#include "node/view/pile.h"

struct sg_view_reader {
    struct sg_view *view;
    struct sg_pile pile;
    struct sg_fold_source source;
    struct sg_fold *fold;
    struct sg_fold *other; /* what the first one's judge asks of relatives */
    struct sg_buf work;    /* of rows */
};

/* Gives a stand. Caller frees it with sg_stand_free, which takes NULL. Errors:
 * NOMEM. */
SG_USE_RESULT enum sg_err sg_stand_new(struct sg_view *view, bool is_writer,
                                       struct sg_view_reader **ret);
void sg_stand_free(struct sg_view_reader *desk);

#endif
