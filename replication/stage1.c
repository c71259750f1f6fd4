#include "replication/stage1.h"

#include <string.h>

#include "storage/base/check.h"

_Static_assert(SG_HELLO_NO_GENERATION == SG_CHAIN_FROM_GENESIS,
               "who knows no root begins with the genesis");

/* --- what goes out ----------------------------------------------------- */

static void begin_out(struct sg_stage1 *stage1, struct sg_stage1_out *out)
{
    *out = (struct sg_stage1_out){.count = 0};
    stage1->used = 0;
    if (stage1->has_sent_ready)
        stage1->left = SG_STAGE1_SIZE_MAX; /* ours are of stage 2 now */
}

/* Begins a body in the room, of as much as may still go out. */
static void begin_body(struct sg_stage1 *stage1, struct sg_writer *writer)
{
    sg_writer_init_array(writer, stage1->room + stage1->used, stage1->left);
}

static void put_message(struct sg_stage1 *stage1, struct sg_stage1_out *out,
                        enum sg_message_type type,
                        const struct sg_writer *writer)
{
    SG_ASSERT(writer->err == SG_OK);
    SG_ASSERT(writer->size <= stage1->left);
    SG_ASSERT(out->count < SG_STAGE1_MESSAGES_MAX);
    out->messages[out->count++] = (struct sg_frame_message){
        .type = type,
        .body = sg_bytes(stage1->room + stage1->used, writer->size),
    };
    stage1->used += writer->size;
    stage1->left -= writer->size;
}

/* Ends the session, by a word of ours. */
static void close_with(struct sg_stage1 *stage1, enum sg_err err,
                       struct sg_stage1_out *out)
{
    struct sg_writer writer;

    out->code = (uint8_t)sg_close_code(err);
    out->err = err == SG_OK ? SG_ERR_DONE : err;
    out->is_closed = true;
    begin_body(stage1, &writer);
    sg_writer_u8(&writer, out->code);
    put_message(stage1, out, SG_MESSAGE_CLOSE, &writer);
    stage1->state = SG_STAGE1_CLOSED;
}

/* Writes the chain from FROM on; leaves room for the answer to an applicant and
 * for the word at the end. */
static void put_chain(struct sg_stage1 *stage1, uint8_t from,
                      struct sg_stage1_out *out)
{
    size_t size_max = stage1->left - SG_JOIN_ANSWER_SIZE_MAX - SG_CLOSE_SIZE;
    struct sg_writer writer;

    begin_body(stage1, &writer);
    sg_trust_write_chain(stage1->config.trust, from, size_max, &writer);
    if (writer.size > 0)
        put_message(stage1, out, SG_MESSAGE_CHAIN, &writer);
}

/* --- the judgement ----------------------------------------------------- */

static const struct sg_chain *shown(const struct sg_stage1 *stage1)
{
    return stage1->chain.count == 0 ? NULL : &stage1->chain;
}

/* The peer gets its own revocation, if it fits, the word, and nothing else. */
static void refuse(struct sg_stage1 *stage1, enum sg_err err,
                   struct sg_stage1_out *out)
{
    const struct sg_stage1_config *config = &stage1->config;
    struct sg_certificate certificate;
    struct sg_writer writer;
    struct sg_bytes record = {0};

    stage1->verdict = SG_CERTIFICATE_REFUSED;
    if (err == SG_ERR_REVOKED &&
        sg_certificate_decode(SG_BYTES_ARRAY(config->received.certificate),
                              &certificate) == SG_OK)
        record = sg_trust_revocation(config->trust, certificate.node_key,
                                     stage1->left - SG_CLOSE_SIZE);
    if (record.size > 0) {
        begin_body(stage1, &writer);
        sg_writer_bytes(&writer, record);
        put_message(stage1, out, SG_MESSAGE_REVOKED, &writer);
    }
    close_with(stage1, err, out);
}

static void open_if_ready(struct sg_stage1 *stage1, struct sg_stage1_out *out)
{
    if (stage1->state != SG_STAGE1_WAITS || !stage1->has_sent_ready ||
        !stage1->has_peer_ready)
        return;
    stage1->state = SG_STAGE1_OPEN;
    out->is_opened = true;
}

/* Judges a member; whoever passes is told that we are ready. */
static void judge_member(struct sg_stage1 *stage1, struct sg_stage1_out *out)
{
    const uint8_t *certificate = stage1->config.received.certificate;
    enum sg_certificate_verdict verdict;
    struct sg_writer writer;
    enum sg_err err;

    err = sg_trust_judge_certificate(stage1->config.trust, shown(stage1),
                                     certificate, &verdict);
    out->is_changed = verdict != stage1->verdict;
    stage1->verdict = verdict;
    if (err != SG_OK) {
        refuse(stage1, err, out);
        return;
    }
    err = sg_certificate_decode(sg_bytes(certificate, SG_CERTIFICATE_SIZE),
                                &stage1->peer);
    SG_ASSERT(err == SG_OK);
    if (!stage1->has_sent_ready) {
        begin_body(stage1, &writer);
        put_message(stage1, out, SG_MESSAGE_READY, &writer);
        stage1->has_sent_ready = true;
    }
    open_if_ready(stage1, out);
}

/* --- beginning --------------------------------------------------------- */

void sg_stage1_greet(const struct sg_trust *trust,
                     const struct sg_hello_payload *peer,
                     struct sg_hello_payload *payload)
{
    enum sg_certificate_verdict verdict = SG_CERTIFICATE_REFUSED;

    if (payload->form == SG_HELLO_APPLICANT)
        return;
    payload->generation = sg_trust_generation(trust);
    if (payload->generation == SG_HELLO_NO_GENERATION)
        payload->generation = 0; /* and this node will refuse everybody */
    payload->is_ready = false;
    if (peer == NULL)
        return;
    /* A newer root of theirs may change the verdict: their chain comes first.
     */
    if (peer->generation <= payload->generation &&
        sg_trust_judge_certificate(trust, NULL, peer->certificate, &verdict) ==
            SG_OK)
        payload->is_ready = peer->generation == payload->generation;
    if (verdict != SG_CERTIFICATE_ACCEPTED)
        memset(payload->head_root, 0, sizeof payload->head_root);
}

static bool is_applicant(const struct sg_stage1 *stage1)
{
    return stage1->config.sent.form == SG_HELLO_APPLICANT;
}

static bool has_applicant(const struct sg_stage1 *stage1)
{
    return stage1->config.received.form == SG_HELLO_APPLICANT;
}

/* Shows an applicant whom to believe, if this node issues invites. */
static void begin_with_applicant(struct sg_stage1 *stage1,
                                 struct sg_stage1_out *out)
{
    if (!stage1->config.invites ||
        sg_trust_generation(stage1->config.trust) == SG_HELLO_NO_GENERATION)
        close_with(stage1, SG_ERR_UNTRUSTED, out);
    else
        put_chain(stage1, SG_CHAIN_FROM_GENESIS, out);
}

static void begin_with_member(struct sg_stage1 *stage1,
                              struct sg_stage1_out *out)
{
    uint8_t ours = stage1->config.sent.generation;
    uint8_t theirs = stage1->config.received.generation;

    stage1->has_sent_ready = stage1->config.sent.is_ready;
    stage1->has_peer_ready = stage1->config.received.is_ready;
    stage1->needs_chain = ours < theirs;
    if (ours > theirs)
        put_chain(stage1, theirs, out);
    if (!stage1->needs_chain)
        judge_member(stage1, out);
    else if (stage1->has_peer_ready)
        close_with(stage1, SG_ERR_MALFORMED, out);
}

void sg_stage1_init(struct sg_stage1 *stage1,
                    const struct sg_stage1_config *config,
                    struct sg_stage1_out *ret_out)
{
    *stage1 = (struct sg_stage1){
        .config = *config,
        .left = SG_STAGE1_SIZE_MAX,
    };
    SG_ASSERT(is_applicant(stage1) == (config->application != NULL));
    begin_out(stage1, ret_out);
    if (is_applicant(stage1))
        stage1->needs_chain = true;
    else if (has_applicant(stage1))
        begin_with_applicant(stage1, ret_out);
    else
        begin_with_member(stage1, ret_out);
}

/* --- what comes in ----------------------------------------------------- */

/* The applicant believes nobody but who is certified by the root at the end of
 * the chain; only then is the invite spoken. */
static void apply(struct sg_stage1 *stage1, struct sg_stage1_out *out)
{
    const struct sg_stage1_config *config = &stage1->config;
    uint8_t request[SG_JOIN_REQUEST_SIZE], proof[SG_JOIN_PROOF_SIZE];
    enum sg_certificate_verdict verdict;
    struct sg_writer writer;
    enum sg_err err = sg_trust_judge_certificate(
        config->trust, shown(stage1), config->received.certificate, &verdict);

    if (err == SG_OK && verdict != SG_CERTIFICATE_ACCEPTED)
        err = SG_ERR_UNTRUSTED;
    if (err != SG_OK) {
        close_with(stage1, err, out);
        return;
    }
    stage1->verdict = verdict;
    sg_join_request_encode(&config->application->request, request);
    sg_join_proof(config->registry, config->application->secret,
                  &config->handshake, request, proof);
    begin_body(stage1, &writer);
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(request));
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(proof));
    put_message(stage1, out, SG_MESSAGE_JOIN, &writer);
    stage1->has_asked = true;
}

static void take_chain(struct sg_stage1 *stage1, struct sg_bytes body,
                       struct sg_stage1_out *out)
{
    const struct sg_stage1_config *config = &stage1->config;
    uint8_t from = config->sent.generation;
    const struct sg_root *known = sg_trust_root(config->trust, from);
    enum sg_err err = SG_ERR_UNTRUSTED; /* nothing is known to go on from */

    if (!stage1->needs_chain)
        err = SG_ERR_MALFORMED;
    else if (from == SG_CHAIN_FROM_GENESIS || known != NULL)
        err = sg_chain_decode(body, config->registry, from, known,
                              &stage1->chain);
    if (err != SG_OK) {
        close_with(stage1, err, out);
        return;
    }
    stage1->needs_chain = false;
    out->shown = body;
    if (is_applicant(stage1))
        apply(stage1, out);
    else
        judge_member(stage1, out);
}

static void take_ready(struct sg_stage1 *stage1, struct sg_bytes body,
                       struct sg_stage1_out *out)
{
    if (body.size > 0 || stage1->has_peer_ready || stage1->needs_chain ||
        is_applicant(stage1) || has_applicant(stage1)) {
        close_with(stage1, SG_ERR_MALFORMED, out);
        return;
    }
    stage1->has_peer_ready = true;
    open_if_ready(stage1, out);
}

/* One that is about another node, or that no root we know has signed, says
 * nothing; the word that follows it does. */
static void take_revoked(struct sg_stage1 *stage1, struct sg_bytes body,
                         struct sg_stage1_out *out)
{
    const struct sg_stage1_config *config = &stage1->config;
    struct sg_trust_record record;
    enum sg_err err = sg_trust_record_decode(body, &record);

    if (err != SG_OK && err != SG_ERR_VERSION) {
        close_with(stage1, SG_ERR_MALFORMED, out);
        return;
    }
    if (sg_trust_is_revocation(config->trust, shown(stage1), body,
                               config->node_key))
        out->own_revocation = body;
}

static void take_join(struct sg_stage1 *stage1, struct sg_bytes body,
                      struct sg_stage1_out *out)
{
    const struct sg_stage1_config *config = &stage1->config;
    struct sg_join_request request;

    if (!has_applicant(stage1) || stage1->is_asked ||
        body.size != SG_JOIN_SIZE ||
        sg_join_request_decode(sg_bytes(body.data, SG_JOIN_REQUEST_SIZE),
                               &request) != SG_OK) {
        close_with(stage1, SG_ERR_MALFORMED, out);
        return;
    }
    if (memcmp(request.transport_key, config->remote_static, SG_KEY_SIZE) !=
            0 ||
        sg_join_request_verify(&request, config->registry) != SG_OK) {
        close_with(stage1, SG_ERR_PROOF, out);
        return;
    }
    stage1->is_asked = true;
    out->is_asked = true;
    out->request = request;
    out->join = body;
}

void sg_stage1_answer(struct sg_stage1 *stage1, enum sg_join_answer answer,
                      const uint8_t certificate[SG_CERTIFICATE_SIZE],
                      struct sg_stage1_out *ret_out)
{
    struct sg_writer writer;

    SG_ASSERT((answer == SG_JOIN_ADMITTED) == (certificate != NULL));
    begin_out(stage1, ret_out);
    if (!stage1->is_asked || stage1->state == SG_STAGE1_CLOSED)
        return;
    begin_body(stage1, &writer);
    sg_join_answer_put(&writer, answer, certificate);
    put_message(stage1, ret_out, SG_MESSAGE_JOINED, &writer);
    ret_out->is_answered = true;
    ret_out->answer = answer;
    if (certificate != NULL)
        memcpy(ret_out->certificate, certificate, SG_CERTIFICATE_SIZE);
    close_with(stage1, SG_ERR_DONE, ret_out);
}

/* Judges the certificate that an applicant was given: of its own keys, and by
 * the newest root. */
static enum sg_err judge_own(const struct sg_stage1 *stage1,
                             const uint8_t bytes[SG_CERTIFICATE_SIZE])
{
    const struct sg_join_request *request =
        &stage1->config.application->request;
    enum sg_certificate_verdict verdict;
    struct sg_certificate certificate;
    enum sg_err err = sg_trust_judge_certificate(
        stage1->config.trust, shown(stage1), bytes, &verdict);

    if (err != SG_OK)
        return err;
    err = sg_certificate_decode(sg_bytes(bytes, SG_CERTIFICATE_SIZE),
                                &certificate);
    SG_ASSERT(err == SG_OK);
    if (verdict != SG_CERTIFICATE_ACCEPTED ||
        memcmp(certificate.node_key, request->node_key, SG_KEY_SIZE) != 0 ||
        memcmp(certificate.transport_key, request->transport_key,
               SG_KEY_SIZE) != 0)
        return SG_ERR_UNTRUSTED;
    return SG_OK;
}

static void take_joined(struct sg_stage1 *stage1, struct sg_bytes body,
                        struct sg_stage1_out *out)
{
    uint8_t certificate[SG_CERTIFICATE_SIZE];
    enum sg_join_answer answer;
    enum sg_err err = SG_ERR_MALFORMED;

    if (stage1->has_asked)
        err = sg_join_answer_decode(body, &answer, certificate);
    if (err == SG_OK && answer == SG_JOIN_ADMITTED)
        err = judge_own(stage1, certificate);
    if (err != SG_OK) {
        close_with(stage1, err, out);
        return;
    }
    out->is_answered = true;
    out->answer = answer;
    memcpy(out->certificate, certificate, sizeof certificate);
    close_with(stage1, SG_ERR_DONE, out);
}

static void take_close(struct sg_stage1 *stage1, struct sg_bytes body,
                       struct sg_stage1_out *out)
{
    enum sg_err err = sg_close_decode(body, &out->code);

    if (err != SG_OK) {
        close_with(stage1, err, out);
        return;
    }
    stage1->state = SG_STAGE1_CLOSED;
    out->is_closed = true;
    out->is_by_peer = true;
    out->err = out->code <= SG_CLOSE_STORAGE
                   ? sg_close_err((enum sg_close)out->code)
                   : SG_ERR_VERSION;
}

void sg_stage1_take(struct sg_stage1 *stage1,
                    const struct sg_frame_message *message,
                    struct sg_stage1_out *ret_out)
{
    bool is_open = stage1->state == SG_STAGE1_OPEN;

    begin_out(stage1, ret_out);
    if (stage1->state == SG_STAGE1_CLOSED)
        return;
    if (message->type == SG_MESSAGE_CLOSE)
        take_close(stage1, message->body, ret_out);
    else if (message->type == SG_MESSAGE_REVOKED)
        take_revoked(stage1, message->body, ret_out);
    else if (message->type == SG_MESSAGE_CHAIN && !is_open)
        take_chain(stage1, message->body, ret_out);
    else if (message->type == SG_MESSAGE_READY && !is_open)
        take_ready(stage1, message->body, ret_out);
    else if (message->type == SG_MESSAGE_JOIN && !is_open)
        take_join(stage1, message->body, ret_out);
    else if (message->type == SG_MESSAGE_JOINED && !is_open)
        take_joined(stage1, message->body, ret_out);
    else
        close_with(stage1, SG_ERR_MALFORMED, ret_out);
}

void sg_stage1_judge(struct sg_stage1 *stage1, struct sg_stage1_out *ret_out)
{
    begin_out(stage1, ret_out);
    if (stage1->state == SG_STAGE1_CLOSED || stage1->needs_chain ||
        is_applicant(stage1) || has_applicant(stage1))
        return;
    judge_member(stage1, ret_out);
}

void sg_stage1_close(struct sg_stage1 *stage1, enum sg_err err,
                     struct sg_stage1_out *ret_out)
{
    begin_out(stage1, ret_out);
    if (stage1->state != SG_STAGE1_CLOSED)
        close_with(stage1, err, ret_out);
}
