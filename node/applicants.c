#include "node/applicants.h"

#include <string.h>

#include "node/invites.h"
#include "node/say.h"

void sg_applicants_look(struct sg_applicants *applicants,
                        const struct sg_event *event)
{
    struct sg_event next = *event;
    bool is_inviting = sg_invites_any(applicants->dir, event->seconds * 1000);

    if (is_inviting == applicants->is_inviting)
        return;
    applicants->is_inviting = is_inviting;
    next.kind = SG_EVENT_INVITES;
    next.is_inviting = is_inviting;
    sg_driver_step(applicants->driver, &next);
}

/* Finds the certificate that the authority gave for both keys of REQUEST. */
static bool find_certificate(const struct sg_applicants *applicants,
                             const struct sg_join_request *request,
                             struct sg_trust_node *ret_node)
{
    const struct sg_sync *core = sg_driver_core(applicants->driver);

    return sg_trust_node(sg_sync_trust(core), request->node_key, ret_node) &&
           ret_node->state == SG_TRUST_ADMITTED &&
           memcmp(ret_node->certificate.transport_key, request->transport_key,
                  SG_KEY_SIZE) == 0;
}

static const char *said(enum sg_join_answer answer, enum sg_err err)
{
    if (answer == SG_JOIN_ADMITTED)
        return "it is admitted; certificate sent";
    if (answer == SG_JOIN_WAIT)
        return "the request is in requests/; told to wait";
    if (err == SG_ERR_LIMIT)
        return "too many wrong proofs from there this hour; refused";
    return err == SG_ERR_UNTRUSTED ? "no right invite; refused"
                                   : "the request could not be kept; refused";
}

bool sg_applicants_ask(struct sg_applicants *applicants,
                       const struct sg_event *event,
                       const struct sg_effect *effect,
                       const struct sockaddr_storage *address)
{
    const struct sg_join_request *request = &effect->join.request;
    struct sg_event *answer = &applicants->answer;
    struct sg_trust_node node;
    enum sg_err err = SG_ERR_LIMIT;

    if (answer->joined.ticket != 0)
        return false;
    *answer = *event;
    answer->kind = SG_EVENT_JOINED;
    answer->joined.ticket = effect->ticket;
    answer->joined.answer = SG_JOIN_REFUSED;
    if (sg_tries_may(&applicants->tries, address, event->now_ms))
        err = sg_invites_take(applicants->dir, event->seconds * 1000,
                              applicants->registry, request, effect->join.bytes,
                              effect->join.proof, &effect->join.handshake);
    if (err == SG_ERR_UNTRUSTED)
        sg_tries_count(&applicants->tries, address, event->now_ms);
    if (err == SG_OK)
        answer->joined.answer = SG_JOIN_WAIT;
    if (err == SG_OK && find_certificate(applicants, request, &node)) {
        answer->joined.answer = SG_JOIN_ADMITTED;
        memcpy(answer->joined.certificate, node.bytes, SG_CERTIFICATE_SIZE);
    }
    sg_say(SG_CONFIG_LOG_INFO, "an applicant asks to join: %s",
           said(answer->joined.answer, err));
    return true;
}

void sg_applicants_answer(struct sg_applicants *applicants,
                          const struct sg_event *event)
{
    struct sg_event answer = applicants->answer;

    if (answer.joined.ticket == 0)
        return;
    applicants->answer = (struct sg_event){.kind = SG_EVENT_JOINED};
    answer.now_ms = event->now_ms;
    answer.seconds = event->seconds;
    sg_driver_step(applicants->driver, &answer);
}
