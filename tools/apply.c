#include "tools/apply.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "replication/channel.h"
#include "replication/stage1.h"
#include "storage/base/text.h"

#define PREFIX     "sogoc-invite-1:"
#define WAIT_S     70 /* longer than a stage 1 may take */
#define READ_SIZE  4096
#define HEX_SIZE   64
#define SECRET_HEX (2 * SG_JOIN_SECRET_SIZE)

/* --- The invite's text
 * --------------------------------------------------------- */

static bool read_hex(const char **at, size_t digits, uint8_t *ret)
{
    struct sg_writer writer;

    if (strnlen(*at, digits + 1) <= digits || (*at)[digits] != ':')
        return false;
    sg_writer_init_array(&writer, ret, digits / 2);
    sg_text_hex_decode(&writer, sg_bytes(*at, digits));
    *at += digits + 1;
    return sg_writer_end(&writer) == SG_OK && writer.size == digits / 2;
}

/* host:port; an IPv6 address stands in brackets. */
static bool read_address(const char *text, struct sg_apply_invite *ret)
{
    const char *colon = strrchr(text, ':');
    size_t size;

    if (colon == NULL)
        return false;
    size = (size_t)(colon - text);
    if (size > 2 && text[0] == '[' && text[size - 1] == ']') {
        text++;
        size -= 2;
    }
    if (size == 0 || size >= sizeof ret->host || colon[1] == '\0' ||
        strlen(colon + 1) >= sizeof ret->port)
        return false;
    memcpy(ret->host, text, size);
    ret->host[size] = '\0';
    (void)snprintf(ret->port, sizeof ret->port, "%s", colon + 1);
    return true;
}

int sg_apply_read_invite(const struct sg_cli *cli, const char *text,
                         struct sg_apply_invite *ret_invite)
{
    const char *at = text + strlen(PREFIX);

    if (strncmp(text, PREFIX, strlen(PREFIX)) == 0 &&
        read_hex(&at, HEX_SIZE, ret_invite->registry.hash.bytes) &&
        read_hex(&at, SECRET_HEX, ret_invite->secret) &&
        read_address(at, ret_invite))
        return 0;
    return sg_cli_fail(cli, SG_EXIT_USAGE,
                       "--invite wants the whole text that sogoc invite "
                       "printed",
                       "--invite cần nguyên văn dòng mà sogoc invite đã in");
}

/* --- The conversation
 * ---------------------------------------------------------- */

struct asking {
    const struct sg_apply_invite *invite;
    const struct sg_key *transport;
    struct sg_stage1_application application;
    struct sg_trust *trust;
    struct sg_channel *channel;
    struct sg_stage1 stage1;
    struct sg_stage1_out out;
    struct sg_buf *admission;
    struct sg_buf chain; /* as it was shown, judged */
    enum sg_join_answer answer;
    bool is_answered, is_over;
    enum sg_err why; /* it is over */
    int fd;
};

static enum sg_err write_out(struct asking *asking)
{
    for (;;) {
        struct sg_bytes bytes = sg_channel_output(asking->channel);
        ssize_t n;

        if (bytes.size == 0)
            return SG_OK;
        n = send(asking->fd, bytes.data, bytes.size, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return SG_ERR_IO;
        sg_channel_sent(asking->channel, (size_t)n);
    }
}

static enum sg_err keep_admission(struct asking *asking)
{
    struct sg_join_admission admission = {
        .registry = asking->invite->registry,
        .chain = sg_buf_bytes(&asking->chain),
    };
    struct sg_writer writer;

    memcpy(admission.certificate, asking->out.certificate, SG_CERTIFICATE_SIZE);
    sg_writer_init_buf(&writer, asking->admission);
    sg_join_admission_put(&writer, &admission);
    return sg_writer_end(&writer);
}

/* Does what stage 1 wants done. */
static enum sg_err follow(struct asking *asking)
{
    const struct sg_stage1_out *out = &asking->out;
    enum sg_err err = SG_OK;

    for (size_t i = 0; i < out->count && err == SG_OK; i++)
        err = sg_channel_send(asking->channel, out->messages[i].type,
                              out->messages[i].body);
    if (err == SG_OK)
        err = sg_channel_flush(asking->channel);
    if (err == SG_OK)
        err = sg_buf_append(&asking->chain, out->shown);
    if (err == SG_OK && out->is_answered) {
        asking->is_answered = true;
        asking->answer = out->answer;
        if (out->answer == SG_JOIN_ADMITTED)
            err = keep_admission(asking);
    }
    if (out->is_closed) {
        asking->is_over = true;
        asking->why = out->err;
    }
    return err;
}

static enum sg_err greet(struct asking *asking)
{
    const struct sg_hello_payload payload = {
        .form = SG_HELLO_APPLICANT,
        .generation = SG_HELLO_NO_GENERATION,
    };

    return sg_channel_greet(asking->channel, &payload);
}

static void begin(struct asking *asking)
{
    struct sg_stage1_config config = {
        .trust = asking->trust,
        .registry = &asking->invite->registry,
        .handshake = *sg_channel_handshake(asking->channel),
        .sent = *sg_channel_sent_payload(asking->channel),
        .received = *sg_channel_received(asking->channel),
        .application = &asking->application,
    };

    memcpy(config.node_key, asking->application.request.node_key, SG_KEY_SIZE);
    memcpy(config.remote_static, sg_channel_remote_static(asking->channel),
           SG_KEY_SIZE);
    sg_stage1_init(&asking->stage1, &config, &asking->out);
}

/* Takes INPUT, all of it. */
static enum sg_err take(struct asking *asking, struct sg_bytes input)
{
    enum sg_err err = SG_OK;

    while (err == SG_OK && !asking->is_over) {
        struct sg_frame_message message;
        enum sg_channel_event event;

        err = sg_channel_take(asking->channel, &input, &event, &message);
        if (err != SG_OK || event == SG_CHANNEL_MORE)
            break;
        if (event == SG_CHANNEL_GREET) {
            err = greet(asking);
            continue;
        }
        if (event == SG_CHANNEL_OPENED)
            begin(asking);
        else
            sg_stage1_take(&asking->stage1, &message, &asking->out);
        err = follow(asking);
    }
    return err;
}

static enum sg_err converse(struct asking *asking)
{
    enum sg_err err = write_out(asking);

    while (err == SG_OK && !asking->is_over && !asking->is_answered) {
        uint8_t bytes[READ_SIZE];
        ssize_t n = recv(asking->fd, bytes, sizeof bytes, 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0 ? SG_ERR_TRUNCATED : SG_ERR_SLOW;
        err = take(asking, sg_bytes(bytes, (size_t)n));
        if (err == SG_OK)
            err = write_out(asking);
    }
    if (err == SG_OK && !asking->is_answered)
        err = asking->why == SG_OK ? SG_ERR_UNTRUSTED : asking->why;
    return err;
}

/* --- The connection
 * ------------------------------------------------------------ */

static int dial(const struct sg_apply_invite *invite)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    const struct timeval wait = {.tv_sec = WAIT_S};
    struct addrinfo *all, *one;
    int fd = -1;

    if (getaddrinfo(invite->host, invite->port, &hints, &all) != 0)
        return -1;
    for (one = all; one != NULL && fd < 0; one = one->ai_next) {
        fd = socket(one->ai_family, one->ai_socktype | SOCK_CLOEXEC,
                    one->ai_protocol);
        if (fd >= 0 && connect(fd, one->ai_addr, one->ai_addrlen) != 0) {
            (void)close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(all);
    if (fd >= 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    }
    return fd;
}

static enum sg_err make(struct asking *asking)
{
    const struct sg_trust_config config = {
        .registry = asking->invite->registry,
        .limits = sg_trust_limits_province,
    };
    struct sg_noise_key key;
    uint8_t ephemeral[SG_KEY_SIZE];
    const struct sg_channel_config channel = {
        .role = SG_NOISE_INITIATOR,
        .registry = &asking->invite->registry,
        .transport_key = &key,
        .ephemeral_secret = ephemeral,
    };
    enum sg_err err = sg_trust_new(&config, &asking->trust);

    memcpy(key.secret, asking->transport->secret, SG_KEY_SIZE);
    memcpy(key.public_key, asking->transport->public_key, SG_KEY_SIZE);
    sg_crypto_random(ephemeral, sizeof ephemeral);
    if (err == SG_OK) {
        (void)sg_trust_judge(asking->trust);
        err = sg_channel_new(&channel, &asking->channel);
    }
    sg_crypto_wipe(&key, sizeof key);
    sg_crypto_wipe(ephemeral, sizeof ephemeral);
    return err;
}

int sg_apply_ask(const struct sg_cli *cli, const struct sg_apply_invite *invite,
                 const struct sg_join_request *request,
                 const struct sg_key *transport,
                 enum sg_join_answer *ret_answer, struct sg_buf *admission)
{
    struct asking asking = {
        .invite = invite,
        .transport = transport,
        .application = {.request = *request},
        .admission = admission,
        .fd = dial(invite),
    };
    enum sg_err err;

    if (asking.fd < 0)
        return sg_cli_fail(cli, SG_EXIT_IMPOSSIBLE,
                           "%s:%s does not answer; is sogocd running there?",
                           "%s:%s không trả lời; sogocd có chạy ở đó không?",
                           invite->host, invite->port);
    sg_buf_init(&asking.chain, SG_STAGE1_SIZE_MAX);
    memcpy(asking.application.secret, invite->secret, SG_JOIN_SECRET_SIZE);
    err = make(&asking);
    if (err == SG_OK)
        err = converse(&asking);
    sg_channel_free(asking.channel);
    sg_trust_free(asking.trust);
    sg_buf_clear(&asking.chain);
    sg_crypto_wipe(&asking.application, sizeof asking.application);
    (void)close(asking.fd);
    if (err == SG_OK) {
        *ret_answer = asking.answer;
        return 0;
    }
    return sg_cli_fail(cli, SG_EXIT_IMPOSSIBLE,
                       "%s:%s: %s; ask for a new invite, or join by files",
                       "%s:%s: %s; hãy xin lời mời mới, hoặc vào sổ bằng tệp",
                       invite->host, invite->port, sg_err_text(err, cli->lang));
}
