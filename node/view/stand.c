#include "node/view/stand.h"

#include "storage/base/alloc.h"
#include "storage/registry/merge/row.h"

enum sg_err sg_stand_new(struct sg_view *view, bool is_writer,
                         struct sg_view_reader **ret)
{
    struct sg_view_reader *desk = sg_calloc(1, sizeof *desk);
    const struct sg_fold_world *world = &view->setup.world;
    enum sg_err err;

    if (desk == NULL)
        return SG_ERR_NOMEM;
    desk->view = view;
    sg_buf_init(&desk->work, SG_ROW_SIZE_MAX);
    err = sg_pile_init(&desk->pile, view, is_writer);
    if (err == SG_OK) {
        sg_pile_source(&desk->pile, &desk->source);
        err = sg_fold_new(world, &desk->source, &desk->fold);
    }
    if (err == SG_OK)
        err = sg_fold_new(world, &desk->source, &desk->other);
    if (err != SG_OK) {
        sg_stand_free(desk);
        return err;
    }
    *ret = desk;
    return SG_OK;
}

void sg_stand_free(struct sg_view_reader *desk)
{
    if (desk == NULL)
        return;
    sg_fold_free(desk->other);
    sg_fold_free(desk->fold);
    sg_pile_clear(&desk->pile);
    sg_buf_clear(&desk->work);
    sg_free(desk);
}
