#include "replication/erase.h"

#include "storage/base/check.h"

struct order_question {
    struct sg_sync *core;
    const struct sg_log_id *log;
};

static bool is_ordered(void *context, uint64_t index,
                       uint8_t ret_order[SG_ERASED_BY_SIZE])
{
    const struct order_question *question = context;

    return sg_trust_erasure(question->core->trust, question->log, index,
                            ret_order);
}

void sg_erase_settle(struct sg_sync *core, const struct sg_log_id *log,
                     struct sg_package_body *body)
{
    struct order_question question = {.core = core, .log = log};

    sg_package_settle(body, is_ordered, &question);
}

void sg_erase_again(struct sg_sync *core)
{
    (void)core; /* the driver finds them when it hears JUDGED */
}

enum sg_err sg_erase_fill(struct sg_sync *core, struct sg_core_session *session,
                          struct sg_bytes body,
                          const struct sg_package_head *head)
{
    (void)core;
    (void)session;
    (void)body;
    (void)head;
    return SG_OK; /* nothing was asked for */
}
