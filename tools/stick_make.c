/* Bundles out of a store: what goes in, for whom, and the files. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "node/answer.h"
#include "storage/base/alloc.h"
#include "storage/base/clock.h"
#include "storage/lmdb/fetch.h"
#include "storage/lmdb/file.h"
#include "storage/lmdb/keep.h"
#include "tools/seat.h"
#include "tools/stick.h"

/* Messages of one bundle beside packages: claims of the most logs, and what was
 * said about each of them by a few. */
#define MESSAGES_SIZE_MAX ((size_t)64 << 20)
#define MESSAGES_MAX      65536u
#define TO_SIZE_MAX       4096u

/* --- Plans -----------------------------------------------------------------
 */

static enum sg_err add_logs(struct sg_stick *stick, struct sg_bundle_plan *plan)
{
    struct sg_store_log log;
    enum sg_err err = SG_OK;

    for (uint32_t number = 1; err == SG_OK; number++) {
        struct sg_sync_head head;

        err = sg_store_get(stick->identity.store, number, &log);
        if (err == SG_ERR_NOTFOUND)
            return SG_OK;
        if (err != SG_OK)
            return err;
        head = sg_driver_head(&log);
        err = sg_bundle_plan_add(plan, &head);
    }
    return err;
}

int sg_stick_plan(struct sg_stick *stick, struct sg_bundle_plan **ret_plan)
{
    struct sg_bundle_plan_config config = {
        .registry = *sg_store_registry(stick->identity.store),
        .trust = sg_sync_trust(sg_driver_core(stick->driver)),
        .logs_max = SG_LOGS_MAX,
    };
    enum sg_err err;

    memcpy(config.certificate, stick->identity.certificate,
           sizeof config.certificate);
    err = sg_bundle_plan_new(&config, ret_plan);
    if (err == SG_OK) {
        err = add_logs(stick, *ret_plan);
        if (err != SG_OK)
            sg_bundle_plan_free(*ret_plan);
    }
    return err == SG_OK ? 0 : sg_cli_fail_err(stick->cli, err, stick->cli->dir);
}

/* --- Messages ---------------------------------------------------------------
 */

/* What goes in before the packages. */
struct messages {
    struct sg_buf bytes;
    struct {
        enum sg_message_type type;
        size_t end;
    } * rows;
    size_t count, capacity;
    enum sg_err err;
};

static void put(void *context, enum sg_message_type type, struct sg_bytes body)
{
    struct messages *all = context;

    if (all->err == SG_OK && all->count == MESSAGES_MAX)
        all->err = SG_ERR_LIMIT;
    if (all->err == SG_OK)
        all->err = sg_buf_append(&all->bytes, body);
    if (all->err != SG_OK)
        return;
    if (!sg_alloc_grow((void **)&all->rows, all->count, &all->capacity,
                       sizeof *all->rows)) {
        all->err = SG_ERR_NOMEM;
        return;
    }
    all->rows[all->count].type = type;
    all->rows[all->count++].end = all->bytes.size;
}

static enum sg_err put_fork(void *context, const struct sg_log_id *log,
                            struct sg_bytes proof)
{
    (void)log;
    put(context, SG_MESSAGE_FORK, proof);
    return SG_OK;
}

static enum sg_err put_kept(void *context,
                            const struct sg_keep_statement *statement)
{
    put(context, (enum sg_message_type)statement->kind, statement->bytes);
    return SG_OK;
}

/* What others said that they hold, or saw, of each log. */
static enum sg_err put_statements(struct sg_stick *stick,
                                  struct messages *messages)
{
    static const enum sg_keep_kind kinds[] = {SG_KEEP_HOLDING,
                                              SG_KEEP_COSIGNATURE};
    struct sg_store *store = stick->identity.store;
    struct sg_store_log log;
    enum sg_err err = SG_OK;

    for (uint32_t number = 1; err == SG_OK; number++) {
        err = sg_store_get(store, number, &log);
        for (size_t k = 0; k < sizeof kinds / sizeof kinds[0] && err == SG_OK;
             k++)
            err = sg_keep_each_statement(store, kinds[k], log.id.hash.bytes,
                                         put_kept, messages);
    }
    return err == SG_ERR_NOTFOUND ? SG_OK : err;
}

static enum sg_err gather(struct sg_stick *stick,
                          const struct sg_stick_wish *wish,
                          struct sg_bundle_plan *plan,
                          struct messages *messages)
{
    enum sg_err err = SG_OK;

    switch (wish->kind) {
    case SG_BUNDLE_REQUEST:
        err = sg_bundle_plan_request(plan, NULL, SG_BUNDLE_MAKE_EXPONENT_MIN,
                                     put, messages);
        break;
    case SG_BUNDLE_ENTRIES:
        err = sg_bundle_plan_authority(plan, put, messages);
        if (err == SG_OK)
            err = sg_keep_each_fork(stick->identity.store, put_fork, messages);
        sg_bundle_plan_proofs(plan, put, messages);
        break;
    case SG_BUNDLE_STATEMENTS:
        sg_bundle_plan_statements(plan, &stick->identity.node->sign,
                                  (uint64_t)(sg_clock_wall().ms / 1000), put,
                                  messages);
        err = put_statements(stick, messages);
        break;
    }
    return err == SG_OK ? messages->err : err;
}

/* --- Destinations -----------------------------------------------------------
 */

struct readers {
    uint8_t keys[SG_BUNDLE_DESTINATIONS_MAX][SG_KEY_SIZE];
    size_t count;
};

static int add_reader(const struct sg_cli *cli, struct readers *readers,
                      const struct sg_trust_node *node)
{
    if (readers->count == SG_BUNDLE_DESTINATIONS_MAX)
        return sg_cli_fail_err(cli, SG_ERR_LIMIT, "--to");
    memcpy(readers->keys[readers->count++], node->certificate.transport_key,
           SG_KEY_SIZE);
    return 0;
}

static int choose_all(struct sg_stick *stick, const struct sg_trust *trust,
                      struct readers *readers)
{
    struct sg_trust_node node;
    uint32_t no = 0;
    int code = 0;

    while (code == 0 && sg_trust_next_node(trust, &no, &node))
        if (node.state == SG_TRUST_ADMITTED)
            code = add_reader(stick->cli, readers, &node);
    if (code == 0 && readers->count == 0)
        code = sg_cli_fail(stick->cli, SG_EXIT_IMPOSSIBLE,
                           "no node of the registry is known here yet: take a "
                           "bundle from the authority first",
                           "chưa biết nút nào của sổ: hãy nhận một gói từ cơ "
                           "quan quản lý trước");
    return code;
}

static int choose_named(struct sg_stick *stick, const struct sg_trust *trust,
                        const char *to, struct readers *readers)
{
    const struct sg_registry_id *registry =
        sg_store_registry(stick->identity.store);
    char names[TO_SIZE_MAX], *rest = NULL;
    struct sg_trust_node node;
    int code = 0;

    if (strlen(to) >= sizeof names)
        return sg_cli_fail_err(stick->cli, SG_ERR_LIMIT, "--to");
    memcpy(names, to, strlen(to) + 1);
    for (char *name = strtok_r(names, ",", &rest); name != NULL && code == 0;
         name = strtok_r(NULL, ",", &rest)) {
        code = sg_seat_find_node(stick->cli, registry, trust, name, &node);
        if (code == 0 && node.state != SG_TRUST_ADMITTED)
            code = sg_cli_fail(stick->cli, SG_EXIT_IMPOSSIBLE,
                               "%s: its certificate does not stand; sogoc "
                               "nodes says why",
                               "%s: chứng nhận của nút này không còn hiệu "
                               "lực; xem sogoc nodes",
                               name);
        if (code == 0)
            code = add_reader(stick->cli, readers, &node);
    }
    if (code == 0 && readers->count == 0)
        code = sg_cli_fail(stick->cli, SG_EXIT_USAGE, "--to names nobody",
                           "--to không nêu tên ai");
    return code;
}

/* --- Files
 * --------------------------------------------------------------------
 */

void sg_stick_name(const uint8_t id[SG_BUNDLE_ID_SIZE], unsigned part,
                   char ret_name[SG_STICK_NAME_SIZE])
{
    (void)snprintf(ret_name, SG_STICK_NAME_SIZE,
                   "sogoc-%02x%02x%02x%02x-%u.bundle", id[0], id[1], id[2],
                   id[3], part);
}

/* A bundle that is being written. */
struct work {
    struct sg_stick *stick;
    const struct sg_stick_wish *wish;
    const struct sg_bundle_make_config *config;
    struct sg_bundle_make *make;
    struct sg_answer *answer;
    struct sg_stick_made *made;
    FILE *file; /* of the part that is being written */
    char path[SG_STICK_PATH_MAX], temp[SG_STICK_PATH_MAX];
};

static int fail_file(struct work *work)
{
    enum sg_err err = errno == ENOSPC || errno == EDQUOT ? SG_ERR_FULL
                      : errno == EACCES || errno == EPERM || errno == EROFS
                          ? SG_ERR_ACCESS
                      : errno == ENOENT || errno == ENOTDIR ? SG_ERR_NOTFOUND
                                                            : SG_ERR_IO;

    return sg_cli_fail_err(work->stick->cli, err, work->path);
}

/* What is on the stick is there when the officer pulls it out. */
static int end_part(struct work *work)
{
    FILE *file = work->file;
    bool is_written;

    if (file == NULL)
        return 0;
    work->file = NULL;
    is_written = fflush(file) == 0 && fsync(fileno(file)) == 0;
    if (fclose(file) != 0 || !is_written || rename(work->temp, work->path) != 0)
        return fail_file(work);
    if (sg_file_sync_parent(work->path) != SG_OK)
        return fail_file(work);
    return 0;
}

static int begin_part(struct work *work, unsigned part)
{
    char name[SG_STICK_NAME_SIZE];
    int n, m, code = end_part(work);

    if (code != 0)
        return code;
    sg_stick_name(work->config->id, part, name);
    n = snprintf(work->path, sizeof work->path, "%s/%s", work->wish->folder,
                 name);
    m = snprintf(work->temp, sizeof work->temp, "%s.new", work->path);
    if (n < 0 || n >= (int)sizeof work->path || m < 0 ||
        m >= (int)sizeof work->temp)
        return sg_cli_fail_err(work->stick->cli, SG_ERR_LIMIT,
                               work->wish->folder);
    work->file = fopen(work->temp, "wxe");
    if (work->file == NULL)
        return fail_file(work);
    work->made->parts = part;
    return 0;
}

static int write_bytes(struct work *work, struct sg_bytes bytes)
{
    if (fwrite(bytes.data, 1, bytes.size, work->file) != bytes.size)
        return fail_file(work);
    work->made->bytes += bytes.size;
    return 0;
}

/* Answers a READ from the store. */
static int give(struct work *work, const struct sg_bundle_turn *turn)
{
    struct sg_stick *stick = work->stick;
    const struct sg_bundle_make_log *log = &work->config->logs[turn->log];
    struct sg_effect effect = {
        .kind = SG_EFFECT_READ,
        .log = sg_entry_log_id(&work->config->registry, &log->core),
        .read = {.first = turn->first,
                 .to = turn->to,
                 .size_max = turn->size_max,
                 .prove_to = turn->prove_to,
                 .held = turn->prove_to,
                 .is_fresh = true,
                 .frontier = turn->is_proof},
    };
    struct sg_event event;
    enum sg_err err;

    sg_answer_read(work->answer, stick->identity.store, &effect, NULL, &event);
    err = event.read.err;
    if (err == SG_OK)
        err = sg_bundle_make_give(work->make, event.read.entries,
                                  event.read.count, event.read.hashes,
                                  event.read.hash_count);
    if (err == SG_ERR_DAMAGED)
        return sg_cli_fail(stick->cli, SG_EXIT_DAMAGED,
                           "log %02x%02x%02x%02x, entries from %" PRIu64
                           ": damaged here; see sogoc verify",
                           "nhật ký %02x%02x%02x%02x, từ mục %" PRIu64
                           ": bị hỏng tại đây; xem sogoc verify",
                           effect.log.hash.bytes[0], effect.log.hash.bytes[1],
                           effect.log.hash.bytes[2], effect.log.hash.bytes[3],
                           turn->first);
    return err == SG_OK ? 0 : sg_cli_fail_err(stick->cli, err, stick->cli->dir);
}

static int take_turn(struct work *work, const struct sg_bundle_turn *turn)
{
    int code = 0;

    switch (turn->kind) {
    case SG_BUNDLE_TURN_READ:
        return give(work, turn);
    case SG_BUNDLE_TURN_HEADER:
        code = begin_part(work, turn->part);
        break;
    case SG_BUNDLE_TURN_PIECE:
        break;
    case SG_BUNDLE_TURN_DONE:
        return end_part(work);
    }
    if (code == 0)
        code = write_bytes(work, turn->bytes);
    if (code == 0 && sg_stick_is_time_to_say(work->stick))
        sg_cli_note(work->stick->cli, "%" PRIu64 " of %" PRIu64 " pieces",
                    "%" PRIu64 " trên %" PRIu64 " khối", turn->pieces_done,
                    turn->pieces_all);
    return code;
}

static int write_all(struct work *work)
{
    struct sg_bundle_turn turn = {.kind = SG_BUNDLE_TURN_READ};
    const struct sg_cli *cli = work->stick->cli;
    enum sg_err err = sg_answer_new(&work->answer);
    int code = 0;

    if (err == SG_OK)
        err = sg_bundle_make_new(work->config, &work->make);
    while (err == SG_OK && code == 0) {
        err = sg_bundle_make_next(work->make, &turn);
        if (err == SG_OK)
            code = take_turn(work, &turn);
        if (err == SG_OK && turn.kind == SG_BUNDLE_TURN_DONE)
            break;
    }
    if (work->file != NULL) {
        (void)fclose(work->file);
        (void)unlink(work->temp);
    }
    sg_bundle_make_free(work->make);
    sg_answer_free(work->answer);
    return err == SG_OK ? code : sg_cli_fail_err(cli, err, cli->dir);
}

/* --- The whole --------------------------------------------------------------
 */

static enum sg_err list(const struct messages *messages,
                        struct sg_bundle_make_message **ret_items)
{
    struct sg_bundle_make_message *items =
        sg_calloc(messages->count + 1, sizeof *items);
    size_t from = 0;

    if (items == NULL)
        return SG_ERR_NOMEM;
    for (size_t i = 0; i < messages->count; i++) {
        items[i].type = messages->rows[i].type;
        items[i].body =
            sg_bytes(messages->bytes.data + from, messages->rows[i].end - from);
        from = messages->rows[i].end;
    }
    *ret_items = items;
    return SG_OK;
}

static int make_of(struct sg_stick *stick, const struct sg_stick_wish *wish,
                   struct sg_bundle_plan *plan, const struct messages *messages,
                   const struct readers *readers,
                   struct sg_stick_made *ret_made)
{
    struct sg_bundle_make_message *items;
    struct sg_bundle_make_config config = {
        .registry = *sg_store_registry(stick->identity.store),
        .kind = wish->kind,
        .part_size_max = wish->part_size_max,
        .node_key = &stick->identity.node->sign,
        .seconds = (uint64_t)(sg_clock_wall().ms / 1000),
        .transport_keys = readers->keys,
        .n_destinations = readers->count,
        .n_messages = messages->count,
    };
    struct work work = {
        .stick = stick, .wish = wish, .config = &config, .made = ret_made};
    enum sg_err err = list(messages, &items);
    int code;

    if (err != SG_OK)
        return sg_cli_fail_err(stick->cli, err, stick->cli->dir);
    config.messages = items;
    sg_crypto_random(config.id, sizeof config.id);
    sg_crypto_random(config.key, sizeof config.key);
    memcpy(config.certificate, stick->identity.certificate,
           sizeof config.certificate);
    if (wish->request != NULL)
        memcpy(config.request, wish->request, sizeof config.request);
    if (wish->kind == SG_BUNDLE_ENTRIES)
        config.logs = sg_bundle_plan_logs(plan, &config.n_logs);
    *ret_made = (struct sg_stick_made){.destinations = (uint32_t)readers->count,
                                       .logs = config.n_logs};
    memcpy(ret_made->id, config.id, sizeof config.id);
    for (size_t i = 0; i < config.n_logs; i++)
        ret_made->entries += config.logs[i].known.size - config.logs[i].from;
    code = write_all(&work);
    sg_crypto_wipe(config.key, sizeof config.key);
    sg_free(items);
    return code;
}

int sg_stick_make(struct sg_stick *stick, const struct sg_stick_wish *wish,
                  struct sg_stick_made *ret_made)
{
    const struct sg_trust *trust = sg_sync_trust(sg_driver_core(stick->driver));
    struct messages messages = {.err = SG_OK};
    struct readers *readers = sg_calloc(1, sizeof *readers);
    struct sg_bundle_plan *plan = wish->plan;
    int code = readers == NULL
                   ? sg_cli_fail_err(stick->cli, SG_ERR_NOMEM, stick->cli->dir)
               : wish->to == NULL
                   ? choose_all(stick, trust, readers)
                   : choose_named(stick, trust, wish->to, readers);
    enum sg_err err;

    sg_buf_init(&messages.bytes, MESSAGES_SIZE_MAX);
    if (code == 0 && plan == NULL)
        code = sg_stick_plan(stick, &plan);
    if (code == 0) {
        err = gather(stick, wish, plan, &messages);
        code = err == SG_OK
                   ? make_of(stick, wish, plan, &messages, readers, ret_made)
                   : sg_cli_fail_err(stick->cli, err, stick->cli->dir);
    }
    if (wish->plan == NULL && plan != NULL)
        sg_bundle_plan_free(plan);
    sg_buf_clear(&messages.bytes);
    sg_free(messages.rows);
    sg_free(readers);
    return code;
}
