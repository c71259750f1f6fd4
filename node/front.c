#include "node/front.h"

#include <string.h>

enum sg_err sg_front_open(struct sg_front *front,
                          const struct sg_api_config *config)
{
    const struct sg_identity *identity = config->identity;
    struct sg_desk_config desk = {
        .store = identity->store,
        .keeper = config->keeper,
        .scope = identity->scope,
        .wake = config->wake,
        .context = config->context,
    };
    const struct sg_roll_config roll = {
        .dir = config->config->directory,
        .store = identity->store,
        .scope = identity->scope,
        .transport = identity->transport,
        .wake = config->wake,
        .context = config->context,
    };
    struct sg_api_config api = *config;
    enum sg_err err;

    memcpy(desk.node, identity->node->public_key, sizeof desk.node);
    front->roll = sg_roll_open(&roll);
    err = sg_desk_new(&desk, &front->desk);
    api.desk = front->desk;
    api.roll = front->roll;
    return err == SG_OK ? sg_api_new(&api, &front->api) : err;
}

void sg_front_appended(struct sg_front *front, const struct sg_keeper_job *job)
{
    if (!sg_api_appended(front->api, job))
        sg_desk_settle(front->desk, job);
}

void sg_front_stop(struct sg_front *front)
{
    sg_api_stop(front->api);
    sg_roll_close(front->roll);
    front->roll = NULL;
    sg_desk_stop(front->desk);
}

void sg_front_free(struct sg_front *front)
{
    sg_desk_free(front->desk);
    sg_api_free(front->api);
    *front = (struct sg_front){.roll = NULL};
}
