#include "tools/stick.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "storage/base/clock.h"
#include "tools/ask.h"

/* Until the core is looked at again though nothing was heard of the disk. */
#define WAIT_MS     20
#define PROGRESS_MS 1000
/* The only session: of the bundle. */
#define SESSIONS 1u

/* --- What the core wants done ---------------------------------------------
 */

/* Nobody is connected, so nothing is sent and nobody is called. */
static void hook_send(void *context, uint32_t session,
                      enum sg_message_type type, struct sg_bytes body)
{
    (void)context;
    (void)session;
    (void)type;
    (void)body;
}

static void hook_close(void *context, uint32_t session, enum sg_err err)
{
    (void)context;
    (void)session;
    (void)err;
}

static void hook_dial(void *context, uint32_t peer)
{
    (void)context;
    (void)peer;
}

static const char *const alarms[][2] = {
    [SG_SYNC_ALARM_FORK] = {"has forked; both histories are kept",
                            "bị rẽ nhánh; giữ lại cả hai lịch sử"},
    [SG_SYNC_ALARM_OWN_FORK] = {"is our own and has forked; it is closed",
                                "là của nút này và bị rẽ nhánh; đã đóng"},
    [SG_SYNC_ALARM_ROLLBACK] = {"is offered shorter than before; what is here "
                                "stays",
                                "được đưa đến ngắn hơn trước; giữ nguyên phần "
                                "đang có"},
    [SG_SYNC_ALARM_WITHHOLDS] = {"is not delivered by its holder",
                                 "không được bên giữ giao nộp"},
    [SG_SYNC_ALARM_QUOTA] = {"has a writer beyond his quota; no more is taken",
                             "có người ghi vượt hạn mức; không nhận thêm"},
    [SG_SYNC_ALARM_EPOCHS] = {"has a writer with too many logs; it is not "
                              "taken",
                              "có người ghi mở quá nhiều nhật ký; không nhận"},
    [SG_SYNC_ALARM_REVOKED] = {"shows that this node was revoked",
                               "cho thấy nút này đã bị thu hồi"},
    [SG_SYNC_ALARM_PROOF] = {"came with a proof that does not fit; refused",
                             "kèm bằng chứng không khớp; từ chối"},
    [SG_SYNC_ALARM_QUARANTINE] = {"has entries above a revocation's cut; kept "
                                  "and not applied",
                                  "có mục vượt mức giữ khi thu hồi; giữ lại "
                                  "nhưng không áp dụng"},
    [SG_SYNC_ALARM_DAMAGED] = {"could not be read here; see sogoc verify",
                               "không đọc được tại đây; xem sogoc verify"},
};

static void hook_alarm(void *context, const struct sg_effect *effect)
{
    struct sg_stick *stick = context;
    const uint8_t *id = effect->log.hash.bytes;

    stick->alarms++;
    sg_cli_note(stick->cli, "log %02x%02x%02x%02x %s",
                "nhật ký %02x%02x%02x%02x %s", id[0], id[1], id[2], id[3],
                alarms[effect->alarm][stick->cli->lang]);
}

static void wake(void *context)
{
    struct sg_stick *stick = context;

    (void)pthread_mutex_lock(&stick->mutex);
    stick->is_woken = true;
    (void)pthread_cond_signal(&stick->cond);
    (void)pthread_mutex_unlock(&stick->mutex);
}

static void wait_for_disk(struct sg_stick *stick)
{
    int64_t ms = sg_clock_wall().ms + WAIT_MS;
    struct timespec until = {.tv_sec = (time_t)(ms / 1000),
                             .tv_nsec = (long)(ms % 1000) * 1000000L};

    (void)pthread_mutex_lock(&stick->mutex);
    if (!stick->is_woken)
        (void)pthread_cond_timedwait(&stick->cond, &stick->mutex, &until);
    stick->is_woken = false;
    (void)pthread_mutex_unlock(&stick->mutex);
}

/* --- Stepping --------------------------------------------------------------
 */

static void say_now(struct sg_event *event)
{
    event->now_ms = (uint64_t)sg_clock_mono().ms;
    event->seconds = (uint64_t)(sg_clock_wall().ms / 1000);
}

static int check(const struct sg_stick *stick)
{
    enum sg_err err = sg_driver_failure(stick->driver);

    return err == SG_OK ? 0 : sg_cli_fail_err(stick->cli, err, stick->cli->dir);
}

int sg_stick_step(struct sg_stick *stick, struct sg_event *event)
{
    say_now(event);
    sg_driver_step(stick->driver, event);
    return check(stick);
}

static bool is_settled(const struct sg_stick *stick)
{
    struct sg_sync_session_view view;

    return sg_keeper_waiting(sg_driver_keeper(stick->driver)) == 0 &&
           (sg_sync_session(sg_driver_core(stick->driver), 0, &view) != SG_OK ||
            !view.settles);
}

int sg_stick_settle(struct sg_stick *stick)
{
    struct sg_event event;
    int code = 0;

    while (code == 0) {
        event = (struct sg_event){.kind = SG_EVENT_TICK};
        say_now(&event);
        (void)sg_driver_settle(stick->driver, &event);
        code = check(stick);
        if (code != 0 || is_settled(stick))
            break;
        wait_for_disk(stick);
        if (event.now_ms >= sg_driver_deadline(stick->driver))
            code = sg_stick_step(stick, &event);
    }
    return code;
}

bool sg_stick_is_time_to_say(struct sg_stick *stick)
{
    struct sg_mono now = sg_clock_mono();

    if (!stick->cli->is_progress ||
        sg_mono_diff(now, stick->last) < PROGRESS_MS)
        return false;
    stick->last = now;
    return true;
}

void sg_stick_hex(struct sg_bytes bytes, char ret_text[2 * SG_KEY_SIZE + 1])
{
    for (size_t i = 0; i < bytes.size && i < SG_KEY_SIZE; i++)
        (void)snprintf(ret_text + 2 * i, 3, "%02x", bytes.data[i]);
}

/* --- Opening --------------------------------------------------------------
 */

/* A key under a passphrase makes the first try fail: then it is asked for. */
static int open_identity(struct sg_stick *stick)
{
    const struct sg_cli *cli = stick->cli;
    const struct sg_store_config config = {.dir = cli->dir};
    struct sg_passphrase *passphrase = NULL;
    struct sg_cli node = *cli;
    const char *what;
    int code;
    enum sg_err err = sg_identity_open(&config, NULL, &stick->identity, &what);

    if (err == SG_ERR_DECRYPT) {
        if (node.node_passphrase_file != NULL)
            node.passphrase_file = node.node_passphrase_file;
        code = sg_ask_passphrase(&node, what, false, &passphrase);
        if (code != 0)
            return code;
        err = sg_identity_open(&config, passphrase, &stick->identity, &what);
        sg_passphrase_free(passphrase);
    }
    if (err == SG_ERR_NOTFOUND)
        return sg_cli_fail(cli, SG_EXIT_IMPOSSIBLE,
                           "%s/%s is missing: this is no node of a registry; "
                           "make one with: sogoc join",
                           "thiếu %s/%s: đây chưa phải nút của sổ; hãy tạo "
                           "bằng: sogoc join",
                           cli->dir, what);
    if (err == SG_ERR_BUSY)
        return sg_cli_fail(
            cli, SG_EXIT_BUSY,
            "%s: sogocd has it; stop it, do this, start it again: systemctl "
            "stop sogocd",
            "%s: sogocd đang dùng; hãy dừng nó, làm việc này, rồi chạy lại: "
            "systemctl stop sogocd",
            cli->dir);
    return err == SG_OK ? 0 : sg_cli_fail_err(cli, err, what);
}

static int start(struct sg_stick *stick)
{
    const struct sg_driver_hooks hooks = {
        .send = hook_send,
        .close = hook_close,
        .dial = hook_dial,
        .alarm = hook_alarm,
        .wake = wake,
        .context = stick,
    };
    struct sg_sync_config config = {
        .registry = *sg_store_registry(stick->identity.store),
        .key = &stick->identity.node->sign,
        .chain = sg_buf_bytes(&stick->identity.chain),
        .sessions_max = SESSIONS,
    };
    struct sg_event event = {.kind = SG_EVENT_TICK};
    enum sg_err err;

    memcpy(config.certificate, stick->identity.certificate,
           sizeof config.certificate);
    sg_crypto_random(config.seed, sizeof config.seed);
    err = sg_driver_new(stick->identity.store, &config, &hooks, &stick->driver);
    say_now(&event);
    if (err == SG_OK)
        err = sg_driver_start(stick->driver, &event);
    if (err != SG_OK)
        return sg_cli_fail_err(stick->cli, err, stick->cli->dir);
    return sg_stick_settle(stick);
}

int sg_stick_open(struct sg_cli *cli, struct sg_stick *stick)
{
    int code;

    *stick = (struct sg_stick){.cli = cli, .last = sg_clock_mono()};
    (void)pthread_mutex_init(&stick->mutex, NULL);
    (void)pthread_cond_init(&stick->cond, NULL);
    code = open_identity(stick);
    if (code == 0)
        code = start(stick);
    if (code != 0)
        sg_stick_close(stick);
    return code;
}

void sg_stick_close(struct sg_stick *stick)
{
    sg_driver_free(stick->driver);
    sg_identity_close(&stick->identity);
    (void)pthread_cond_destroy(&stick->cond);
    (void)pthread_mutex_destroy(&stick->mutex);
}
