#include "tests/merge/replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/base/reader.h"

#define FILE_SIZE_MAX ((size_t)2 << 30)

#define PIECES_MAX 4u
#define LINE_MAX   (3u << 20)
#define DAY_MS     UINT64_C(86400000)

void replay_must(enum sg_err err, const char *what)
{
    if (err == SG_OK)
        return;
    fprintf(stderr, "replay: %s: error %d\n", what, (int)err);
    abort();
}

/* --- the file ---------------------------------------------------------- */

static void read_log(struct sg_reader *reader, struct replay_log *log)
{
    sg_reader_copy(reader, log->id.hash.bytes, sizeof log->id.hash.bytes);
    sg_reader_copy(reader, log->node, sizeof log->node);
    log->kind = sg_reader_u8(reader);
    log->size = sg_reader_u64be(reader);
}

static bool is_statement(struct sg_bytes payload, uint8_t entry_kind)
{
    struct sg_record record;

    return entry_kind == SG_ENTRY_PLAIN &&
           sg_record_decode(payload, &record) == SG_OK &&
           record.type < SG_TYPE_ERASURE_DONE;
}

static void read_copy(struct sg_reader *reader, struct replay_history *history,
                      struct replay_copy *copy)
{
    static const enum sg_admission_signature signatures[] = {
        SG_ADMISSION_UNCHECKED, SG_ADMISSION_RIGHT, SG_ADMISSION_WRONG};
    const struct replay_log *log;
    struct sg_bytes payload;

    memset(copy, 0, sizeof *copy);
    copy->log = sg_reader_u32be(reader) % history->n_logs;
    log = &history->logs[copy->log];
    copy->copy.place.log = log->id;
    copy->copy.place.index = sg_reader_u64be(reader);
    copy->copy.place.branch = sg_reader_u32be(reader);
    copy->copy.node = log->node;
    copy->copy.log_kind = (enum sg_log_kind)log->kind;
    copy->copy.entry_kind = sg_reader_u8(reader);
    copy->is_held = sg_reader_u8(reader) != 0;
    copy->copy.signature = signatures[sg_reader_u8(reader) % 3];
    copy->n_readers = sg_reader_u8(reader) % (REPLAY_READERS_MAX + 1);
    for (unsigned i = 0; i < copy->n_readers; i++)
        copy->readers[i].value = sg_reader_u64be(reader);
    payload = sg_reader_take(reader, sg_reader_u32be(reader));
    copy->is_statement = is_statement(payload, copy->copy.entry_kind);
    if (copy->is_held)
        copy->copy.payload = payload;
}

static int compare_units(const void *a, const void *b)
{
    const struct sg_unit_key *one = a, *two = b;

    return (one->value > two->value) - (one->value < two->value);
}

bool replay_read(struct sg_bytes *file, struct replay_history *history)
{
    struct sg_reader reader;

    if (file->size == 0)
        return false;
    sg_reader_init(&reader, *file);
    memset(history, 0, sizeof *history);
    history->number = sg_reader_u32be(&reader);
    sg_reader_copy(&reader, history->registry.hash.bytes, 32);
    history->n_logs = sg_reader_u32be(&reader);
    if (history->n_logs == 0 || history->n_logs > REPLAY_LOGS_MAX)
        replay_must(SG_ERR_LIMIT, "logs");
    for (unsigned i = 0; i < history->n_logs; i++)
        read_log(&reader, &history->logs[i]);
    history->n_copies = sg_reader_u32be(&reader);
    if (history->n_copies > REPLAY_COPIES_MAX)
        replay_must(SG_ERR_LIMIT, "copies");
    for (unsigned i = 0; i < history->n_copies; i++) {
        struct replay_copy *copy = &history->copies[i];

        read_copy(&reader, history, copy);
        qsort(copy->readers, copy->n_readers, sizeof copy->readers[0],
              compare_units);
    }
    replay_must(reader.err, "the file");
    *file = reader.left;
    return true;
}

/* --- one delivery ------------------------------------------------------ */

struct delivery {
    struct replay_history *history;
    struct sg_prng prng;
    struct sg_authority *authority;
    struct sg_register *reg;
    unsigned order[REPLAY_COPIES_MAX];
    /* What was put of each copy: an order may erase it later. */
    struct sg_admission_verdict was_put[REPLAY_COPIES_MAX];
};

/* The root that a statement says begins with the branch that it means. */
static uint32_t branch_of(const void *context,
                          const struct sg_authority_prefix *prefix)
{
    uint32_t branch = sg_bytes_get_u32be(prefix->root.bytes);

    (void)context;
    return branch > 2 ? SG_AUTHORITY_BRANCH_NONE : branch;
}

static bool bridge(void *context, const struct sg_ref *record,
                   const uint8_t **ret_parents, size_t *ret_count)
{
    struct delivery *delivery = context;
    const struct sg_authority_erased *erased =
        sg_authority_find_bridge(delivery->authority, record);

    if (erased == NULL)
        return false;
    *ret_parents = erased->parents;
    *ret_count = erased->n_parents;
    return true;
}

static struct sg_fold_world world_of(const struct sg_authority *authority)
{
    struct sg_fold_world world = {
        .units = sg_authority_units(authority),
        .as_of = sg_authority_as_of(authority),
        .duplicate_score = (unsigned)sg_authority_policy(
            authority, SG_AUTHORITY_POLICY_DUPLICATE_SCORE, 0)};

    return world;
}

static struct sg_register_setup setup_of(struct delivery *delivery)
{
    const struct sg_authority *authority = delivery->authority;
    struct sg_authority_at at;
    uint64_t days =
        sg_authority_policy(authority, SG_AUTHORITY_POLICY_CLOCK_DAYS, 0);
    struct sg_register_setup setup = {.registry = delivery->history->registry,
                                      .world = world_of(authority),
                                      .territory =
                                          sg_authority_territory(authority),
                                      .bridge = bridge,
                                      .context = delivery};

    setup.campaigns = sg_authority_campaigns(authority, &setup.n_campaigns);
    sg_authority_at_cut(authority, &at);
    setup.hlc_max =
        (sg_authority_time_floor(&at) + days * DAY_MS) << 16 | UINT16_MAX;
    return setup;
}

/* Takes in the statements among the first COUNT copies. */
static void hear(struct delivery *delivery, unsigned count)
{
    struct replay_history *history = delivery->history;

    for (unsigned i = 0; i < history->n_logs; i++)
        replay_must(sg_authority_hold(delivery->authority, &history->logs[i].id,
                                      history->logs[i].size),
                    "hold");
    for (unsigned i = 0; i < count; i++) {
        const struct replay_copy *copy = &history->copies[delivery->order[i]];

        if (copy->is_statement && copy->is_held)
            replay_must(sg_authority_add(delivery->authority,
                                         copy->copy.payload, &copy->copy.place,
                                         copy->copy.node),
                        "statement");
    }
    replay_must(sg_authority_seal(delivery->authority), "authority");
}

static void judge(struct delivery *delivery, unsigned count)
{
    struct sg_admission_judge judge;
    struct replay_history *history = delivery->history;

    sg_admission_judge_init(&judge, delivery->authority, &history->registry);
    for (unsigned i = 0; i < count; i++) {
        struct replay_copy *copy = &history->copies[delivery->order[i]];

        if (!copy->is_statement)
            sg_admission_judge(&judge, &copy->copy, &copy->verdict);
    }
}

/* What the file says of the signatures is true. */
static void verify(struct delivery *delivery)
{
    struct sg_admission_judge judge;
    struct replay_history *history = delivery->history;

    sg_admission_judge_init(&judge, delivery->authority, &history->registry);
    for (unsigned i = 0; i < history->n_copies; i++) {
        struct replay_copy *copy = &history->copies[i];
        enum sg_admission_signature found;

        if (copy->is_statement || copy->verdict.grant == NULL)
            continue;
        found = sg_admission_verify(&judge, &copy->copy, &copy->verdict);
        if (found != SG_ADMISSION_UNCHECKED && found != copy->copy.signature)
            replay_must(SG_ERR_SIGNATURE, "what the file says of it");
    }
}

static void put(struct delivery *delivery, unsigned no)
{
    struct replay_copy *copy = &delivery->history->copies[no];
    struct sg_admission_verdict *verdict = &delivery->was_put[no];
    struct sg_register_copy to = {
        .log = copy->copy.place.log.hash,
        .index = copy->copy.place.index,
        .branch = copy->copy.place.branch,
        .is_admitted = copy->verdict.standing == SG_ADMISSION_ADMITTED,
        .is_quarantined = copy->verdict.standing == SG_ADMISSION_QUARANTINED,
        .is_signed = copy->copy.signature == SG_ADMISSION_RIGHT,
        .is_forked = copy->verdict.is_forked,
        .readers = copy->readers,
        .n_readers = copy->n_readers};

    if (to.is_admitted || to.is_quarantined)
        *verdict = copy->verdict;
    else if (!verdict->has_id)
        return; /* it never counted */
    to.id = verdict->id;
    to.record = &verdict->record;
    memcpy(to.node.key, copy->copy.node, sizeof to.node.key);
    if (copy->verdict.grant != NULL) {
        to.roles = copy->verdict.grant->roles;
        to.grant = copy->verdict.grant->units;
        to.n_grant = copy->verdict.grant->n_units;
    }
    replay_must(sg_register_put(delivery->reg, &to), "put");
}

/* What is there after the first COUNT copies. */
static void settle(struct delivery *delivery, unsigned count)
{
    struct replay_history *history = delivery->history;
    struct sg_register_setup setup;
    struct sg_fold_world world;

    hear(delivery, count);
    for (unsigned i = 0; i < count; i++)
        history->copies[delivery->order[i]].copy.endorsement =
            SG_ADMISSION_NOT_ENDORSED;
    judge(delivery, count);
    world = world_of(delivery->authority);
    replay_endorse(history, delivery->order, count, delivery->authority,
                   &world);
    judge(delivery, count);
    setup = setup_of(delivery);
    if (delivery->reg == NULL)
        replay_must(sg_register_new(&setup, &delivery->reg), "register");
    else
        replay_must(sg_register_set(delivery->reg, &setup), "setup");
    for (unsigned i = 0; i < count; i++) {
        put(delivery, delivery->order[i]);
        if (sg_prng_chance(&delivery->prng, 50))
            put(delivery, delivery->order[i]); /* twice */
    }
    replay_must(sg_register_settle(delivery->reg), "settle");
}

static void shuffle(struct delivery *delivery)
{
    unsigned count = delivery->history->n_copies;

    for (unsigned i = count; i > 1; i--) {
        unsigned k = (unsigned)sg_prng_below(&delivery->prng, i);
        unsigned other = delivery->order[k];

        delivery->order[k] = delivery->order[i - 1];
        delivery->order[i - 1] = other;
    }
}

/* --- what comes out ---------------------------------------------------- */

void replay_say(struct sg_buf *out, const char *text)
{
    replay_must(sg_buf_append(out, sg_bytes(text, strlen(text))), "lines");
}

void replay_say_hex(struct sg_buf *out, struct sg_bytes bytes)
{
    const char digits[] = "0123456789abcdef";
    uint8_t *to;

    replay_must(sg_buf_extend(out, 2 * bytes.size, &to), "lines");
    for (size_t i = 0; i < bytes.size; i++) {
        *to++ = (uint8_t)digits[bytes.data[i] >> 4];
        *to++ = (uint8_t)digits[bytes.data[i] & 15];
    }
}

void replay_load(const char *path, struct sg_buf *ret)
{
    FILE *file = fopen(path, "rb");
    uint8_t *room;
    size_t size;

    sg_buf_init(ret, FILE_SIZE_MAX);
    if (file == NULL)
        replay_must(SG_ERR_IO, path);
    do {
        replay_must(sg_buf_extend(ret, 1 << 20, &room), path);
        size = fread(room, 1, 1 << 20, file);
        sg_buf_truncate(ret, ret->size - (1 << 20) + size);
    } while (size > 0);
    (void)fclose(file);
}

static enum sg_err say_row(void *context, const struct sg_row *row)
{
    struct sg_buf *out = context;

    replay_say(out, "row ");
    replay_say_hex(out, row->bytes);
    replay_say(out, "\n");
    return SG_OK;
}

static void say_root(struct sg_buf *out, const char *unit,
                     const struct sg_state_root *root)
{
    char counts[64];

    replay_say(out, "root ");
    replay_say(out, unit);
    replay_say(out, " ");
    replay_say_hex(out, SG_BYTES_ARRAY(root->sum.bytes));
    (void)snprintf(counts, sizeof counts, " %" PRIu64 " %" PRIu64 "\n",
                   root->n_rows, root->n_persons);
    replay_say(out, counts);
}

static void report(struct delivery *delivery, struct sg_buf *out)
{
    struct sg_state_root root;
    struct sg_unit_key unit;
    size_t cursor = 0;
    char text[24];

    replay_say(out, "copies ");
    for (unsigned i = 0; i < delivery->history->n_copies; i++) {
        const struct replay_copy *copy = &delivery->history->copies[i];

        replay_say(out, copy->is_statement ? "s"
                        : copy->verdict.standing == SG_ADMISSION_ADMITTED
                            ? "A"
                            : "-");
    }
    replay_say(out, "\n");
    replay_must(sg_register_rows(delivery->reg, say_row, out), "rows");
    while (sg_register_next_unit(delivery->reg, &cursor, &unit, &root)) {
        (void)snprintf(text, sizeof text, "%" PRIu64, unit.value);
        if (root.n_rows > 0)
            say_root(out, text, &root);
    }
    sg_register_root_all(delivery->reg, &root);
    if (root.n_rows > 0)
        say_root(out, "all", &root);
}

void replay_deliver(struct replay_history *history, uint64_t seed,
                    struct sg_buf *ret)
{
    static struct delivery delivery;
    unsigned pieces, done = 0;

    memset(&delivery, 0, sizeof delivery);
    delivery.history = history;
    sg_prng_init(&delivery.prng, seed);
    for (unsigned i = 0; i < history->n_copies; i++)
        delivery.order[i] = i;
    replay_must(sg_authority_new(&history->registry, branch_of, NULL,
                                 &delivery.authority),
                "authority");
    if (seed != 0)
        shuffle(&delivery);
    pieces =
        seed == 0 ? 0 : (unsigned)sg_prng_below(&delivery.prng, PIECES_MAX);
    for (; pieces > 0 && done < history->n_copies; pieces--) {
        done += (unsigned)sg_prng_below(&delivery.prng,
                                        history->n_copies - done + 1);
        settle(&delivery, done);
    }
    settle(&delivery, history->n_copies);
    if (seed == 0)
        verify(&delivery);
    report(&delivery, ret);
    sg_register_free(delivery.reg);
    sg_authority_free(delivery.authority);
}
