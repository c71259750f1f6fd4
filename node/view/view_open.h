/* A view of entries that come from anywhere: for tests and benches; view.h
 * opens that of a log store.
 */
#ifndef SG_NODE_VIEW_VIEW_OPEN_H
#define SG_NODE_VIEW_VIEW_OPEN_H

#include "node/view/feed.h"
#include "node/view/view.h"

/* Opens a view of what FEED gives, of REGISTRY; CONFIG->store and scopes are
 * not looked at. Takes: FEED, whose free is called at close, and when this
 * fails. Else as sg_view_open. */
SG_USE_RESULT enum sg_err sg_view_open_feed(
    const struct sg_view_config *config, const struct sg_registry_id *registry,
    const struct sg_feed *feed, struct sg_view **ret_view,
    enum sg_sealed_start *ret_start);

#endif
