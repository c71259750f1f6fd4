/* Lists of heads, and sketches: what is told, and what follows from what was
 * told. */
#include <string.h>

#include "replication/exchange_internal.h"
#include "replication/field.h"
#include "storage/base/check.h"

/* In complete lists and in answers to cells a ref is as long as it can be. */
#define WIDTH_WHOLE 32u
/* In guesses so long that one log in 128 begins like another. */
#define WIDTH_MORE 7u

/* Bytes of a list beside its claims: type, flags, auth tag, count, judge. */
#define LIST_OVERHEAD 32u
/* The same of cells. */
#define CELLS_OVERHEAD 16u

_Static_assert(SG_EXCHANGE_LIST_SHARE(SG_EXCHANGE_SEND_MIN) > LIST_OVERHEAD,
               "a claim fits");

/* --- Telling claims ---------------------------------------------------- */

static unsigned guess_width(const struct sg_exchange *x)
{
    uint32_t count = sg_head_tree_count(sg_log_table_heads(x->table));
    unsigned width = WIDTH_MORE;

    for (; count > 0; count >>= 1)
        width++;
    return width < WIDTH_WHOLE ? width : WIDTH_WHOLE;
}

static size_t varint_size(uint64_t number)
{
    size_t size = 1;

    for (; number >= 0x80; number >>= 7)
        size++;
    return size;
}

/* Puts a claim of LOG on the list, which ascends by ref. False if the message
 * is full. */
static bool list_put(struct sg_exchange *x, uint32_t ref,
                     const struct sg_log *log)
{
    struct sg_exchange_room *room = x->room;
    struct sg_head_message_claim claim = sg_exchange_own(x, log);
    uint32_t at = x->list_count;
    size_t max = SG_EXCHANGE_LIST_SHARE(x->send_max) - LIST_OVERHEAD;
    size_t size;

    if (max > SG_MESSAGE_SIZE_MAX - LIST_OVERHEAD)
        max = SG_MESSAGE_SIZE_MAX - LIST_OVERHEAD;
    /* Only refs that wrap around p come out of order. */
    size = at > 0 && ref >= room->refs[at - 1]
               ? varint_size(ref - room->refs[at - 1])
               : SG_VARINT_SIZE_MAX;
    size += varint_size(claim.size) + varint_size(claim.short_by) +
            SG_HEAD_TAG_SIZE;
    if (at == SG_HEADS_MAX || x->list_size + size > max)
        return false;
    for (; at > 0 && room->refs[at - 1] > ref; at--) {
        room->refs[at] = room->refs[at - 1];
        room->claims[at] = room->claims[at - 1];
    }
    room->refs[at] = ref;
    room->claims[at] = claim;
    x->list_count++;
    x->list_size += size;
    return true;
}

/* LOG did not fit: the peer's judge will lack it. */
static void leave_untold(struct sg_exchange *x, const struct sg_log *log)
{
    const struct sg_claim *claim = sg_claims_find(x->claims, &log->id);
    uint32_t v = sg_log_table_v(sg_log_table_tag(x->table, log));

    if (claim != NULL)
        v = sg_field_sub(v, sg_log_table_v(claim->tag));
    x->untold[0] = sg_field_add(x->untold[0], v);
    x->untold[1] =
        sg_field_add(x->untold[1], sg_field_mul(v, sg_log_table_x(&log->id)));
}

enum verdict { SKIP, LIST, INTRODUCE };

typedef enum verdict decide_fn(const struct sg_exchange *x,
                               const struct sg_log *log);

/* Logs whose ids begin alike, so that one ref means all of them. */
struct group {
    uint32_t ref;
    uint32_t count;
    bool is_listed;
    const struct sg_log *logs[SG_EXCHANGE_GROUP_MAX];
};

/* A list that names a log names all that its ref fits, in order of id: so the
 * reader, who knows as many, knows which is which. */
static void list_group(struct sg_exchange *x, struct group *group)
{
    for (uint32_t i = 0; group->is_listed && i < group->count; i++) {
        if (!list_put(x, group->ref, group->logs[i]))
            leave_untold(x, group->logs[i]);
    }
    group->count = 0;
    group->is_listed = false;
}

/* Lists or introduces all logs as DECIDE says, with refs of WIDTH bits. */
static void tell(struct sg_exchange *x, unsigned width, decide_fn *decide)
{
    static const struct sg_head_prefix all = {0};
    struct group group = {.count = 0};
    struct sg_head_tree_walk walk;
    uint32_t slot;

    sg_head_tree_walk_prefix(&walk, sg_log_table_heads(x->table), &all);
    while (sg_head_tree_walk_next(&walk, &slot)) {
        const struct sg_log *log = sg_log_table_at(x->table, slot);
        enum verdict verdict = decide(x, log);
        uint32_t ref = sg_exchange_short_ref(&log->id, width);

        if (verdict == INTRODUCE) {
            if (!sg_exchange_introduce(x, log))
                leave_untold(x, log);
            continue;
        }
        if (ref != group.ref)
            list_group(x, &group);
        group.ref = ref;
        group.is_listed = group.is_listed || verdict == LIST;
        if (group.count < SG_EXCHANGE_GROUP_MAX)
            group.logs[group.count++] = log;
    }
    list_group(x, &group);
}

/* Sends what was listed. */
static void send_list(struct sg_exchange *x, unsigned width, bool has_judge,
                      bool is_complete)
{
    struct sg_head_message_heads heads = {.width = width,
                                          .has_judge = has_judge,
                                          .is_complete = is_complete,
                                          .count = x->list_count};
    struct sg_writer writer;
    enum sg_err err;

    sg_exchange_flush(x, width);
    heads.auth = sg_exchange_auth(x);
    if (has_judge) {
        sg_claims_judge(x->claims, heads.judge);
        for (int i = 0; i < 2; i++)
            heads.judge[i] = sg_field_sub(heads.judge[i], x->untold[i]);
    }
    sg_exchange_write_last(x, &writer);
    sg_head_message_heads_encode(&writer, &heads, x->room->refs,
                                 x->room->claims);
    err = sg_writer_end(&writer);
    SG_ASSERT(err == SG_OK);
    sg_exchange_send_last(x, SG_MESSAGE_HEADS,
                          sg_bytes(x->room->body, writer.size));
}

static enum verdict decide_change(const struct sg_exchange *x,
                                  const struct sg_log *log)
{
    const struct sg_claim *claim;

    if (!x->has_told || log->head_change <= x->told)
        return SKIP;
    claim = sg_claims_find(x->claims, &log->id);
    if (claim == NULL)
        return log->first > x->told ? INTRODUCE : LIST;
    return sg_claims_compare(x->claims, claim) < 0 ? LIST : SKIP;
}

static enum verdict decide_all(const struct sg_exchange *x,
                               const struct sg_log *log)
{
    (void)x;
    (void)log;
    return LIST;
}

static enum verdict decide_rest(const struct sg_exchange *x,
                                const struct sg_log *log)
{
    const struct sg_claim *claim = sg_claims_find(x->claims, &log->id);

    if (claim == NULL || !claim->is_listed)
        return INTRODUCE;
    return sg_claims_compare(x->claims, claim) < 0 ? LIST : SKIP;
}

static enum verdict decide_larger(const struct sg_exchange *x,
                                  const struct sg_log *log)
{
    const struct sg_claim *claim = sg_claims_find(x->claims, &log->id);

    if (claim == NULL || !claim->is_listed)
        return SKIP;
    return sg_claims_compare(x->claims, claim) < 0 ? LIST : SKIP;
}

uint32_t sg_exchange_changes(const struct sg_exchange *x, uint32_t max)
{
    const struct sg_log *log = sg_log_table_newest(x->table);
    uint32_t count = 0;

    while (log != NULL && log->change > x->told && count < max) {
        count += log->head_change > x->told && log->branch == 0;
        log = sg_log_table_older(x->table, log);
    }
    return count;
}

void sg_exchange_tell_changes(struct sg_exchange *x, bool has_judge)
{
    unsigned width = guess_width(x);

    if (x->has_told && sg_exchange_changes(x, 1) > 0)
        tell(x, width, decide_change);
    send_list(x, width, has_judge, /* is_complete= */ false);
}

void sg_exchange_tell_all(struct sg_exchange *x)
{
    tell(x, WIDTH_WHOLE, decide_all);
    send_list(x, WIDTH_WHOLE, /* has_judge= */ false, /* is_complete= */ true);
}

void sg_exchange_tell_rest(struct sg_exchange *x)
{
    tell(x, WIDTH_WHOLE, decide_rest);
    send_list(x, WIDTH_WHOLE, /* has_judge= */ true, /* is_complete= */ false);
}

void sg_exchange_tell_larger(struct sg_exchange *x)
{
    /* The closing exchange has asked for all that differs, and introduced. */
    if (!x->is_closing)
        tell(x, WIDTH_WHOLE, decide_larger);
    send_list(x, WIDTH_WHOLE, /* has_judge= */ true, /* is_complete= */ false);
}

/* --- Taking claims ----------------------------------------------------- */

/* Claims of one ref, as they came. */
struct claimed {
    uint32_t ref;
    uint32_t count;
    struct sg_head_message_claim claims[SG_EXCHANGE_GROUP_MAX];
};

/* Takes the claims of one ref as those about the logs that it fits, where there
 * are as many. Else it is asked, because an introduction is exact; a bare claim
 * is not worth a question. */
static void take_group(struct sg_exchange *x, const struct claimed *claimed,
                       unsigned width, bool is_bare)
{
    struct sg_log *logs[SG_EXCHANGE_GROUP_MAX];
    uint32_t fits;

    if (claimed->count == 0)
        return;
    fits = sg_log_table_fits(x->table, claimed->ref, width, logs,
                             SG_EXCHANGE_GROUP_MAX);
    if (fits != claimed->count || fits > SG_EXCHANGE_GROUP_MAX) {
        if (!is_bare)
            sg_exchange_ask(x, claimed->ref);
        return;
    }
    for (uint32_t i = 0; i < fits; i++) {
        const struct sg_head_message_claim *claim = &claimed->claims[i];

        (void)sg_claims_take(x->claims, logs[i], claim->size, claim->short_by,
                             claim->tag);
    }
}

static void take_claims(struct sg_exchange *x,
                        struct sg_head_message_heads *heads, bool is_bare)
{
    struct claimed claimed = {.count = 0};
    struct sg_head_message_claim claim;
    uint32_t ref;

    while (sg_head_message_heads_next(heads, &ref, &claim)) {
        if (ref != claimed.ref) {
            take_group(x, &claimed, heads->width, is_bare);
            claimed.count = 0;
        }
        claimed.ref = ref;
        if (claimed.count < SG_EXCHANGE_GROUP_MAX)
            claimed.claims[claimed.count] = claim;
        claimed.count++;
    }
    take_group(x, &claimed, heads->width, is_bare);
}

enum sg_err sg_exchange_take_heads(struct sg_exchange *x, struct sg_bytes body)
{
    enum sg_exchange_next next = SG_EXCHANGE_TELL_CHANGES;
    struct sg_head_message_heads heads;
    enum sg_err err = sg_head_message_heads_decode(body, &heads);

    if (err != SG_OK)
        return err;
    if (heads.auth.is_there) {
        x->report->has_auth_tag = true;
        memcpy(x->report->auth_tag, heads.auth.tag, SG_HEAD_TAG_SIZE);
    }
    /* The first answer to a root has the auth tag; what comes before it, or
     * when nothing is open, stands for itself. */
    if (!x->is_open || (x->root_sent && !heads.auth.is_there)) {
        take_claims(x, &heads, /* is_bare= */ true);
        return SG_OK;
    }
    x->root_sent = false;
    sg_claims_unlist(x->claims);
    take_claims(x, &heads, /* is_bare= */ false);
    sg_exchange_flush(x, heads.width);
    if (heads.has_judge)
        next = SG_EXCHANGE_JUDGE;
    else if (heads.is_complete)
        next = SG_EXCHANGE_TELL_REST;
    else if (x->cells_sent > 0)
        next = SG_EXCHANGE_TELL_LARGER;
    memcpy(x->judge, heads.judge, sizeof x->judge);
    sg_exchange_follow(x, next);
    return SG_OK;
}

/* --- Cells ------------------------------------------------------------- */

/* Makes cells FIRST to TO - 1 of the union map, in the room. */
static void make_cells(struct sg_exchange *x, uint32_t first, uint32_t to)
{
    struct sg_head_cell *cells = x->room->cells;
    struct sg_head_tree *heads = sg_log_table_heads(x->table);
    uint32_t rows = sg_log_table_count(x->table);

    memset(cells, 0, (to - first) * sizeof *cells);
    for (uint32_t i = 0; i < rows; i++) {
        if (sg_head_tree_has(heads, i))
            sg_cells_add(cells, first, to,
                         sg_log_table_x(sg_head_tree_id_at(heads, i)),
                         sg_log_table_v(sg_head_tree_leaf_at(heads, i)->bytes));
    }
    for (uint32_t i = 0; i < sg_claims_count(x->claims); i++) {
        const struct sg_claim *claim = sg_claims_at(x->claims, i);
        const struct sg_log *log = sg_claims_log(x->claims, claim);
        uint32_t number = sg_log_table_x(&claim->id);

        if (sg_claims_compare(x->claims, claim) <= 0)
            continue;
        sg_cells_add(cells, first, to, number, sg_log_table_v(claim->tag));
        if (sg_exchange_knows(log))
            sg_cells_sub(cells, first, to, number,
                         sg_log_table_v(sg_log_table_tag(x->table, log)));
    }
}

void sg_exchange_send_cells(struct sg_exchange *x, uint32_t first, uint32_t to)
{
    uint64_t versions[2] = {sg_log_table_version(x->table),
                            sg_claims_version(x->claims)};
    struct sg_head_message_auth auth = sg_exchange_auth(x);
    size_t fit = (x->budget - CELLS_OVERHEAD) / SG_HEAD_CELL_SIZE;
    struct sg_writer writer;
    enum sg_err err;

    /* What was sent is of another map by now: begin anew. */
    if (memcmp(versions, x->cells_versions, sizeof versions) != 0)
        first = 0;
    SG_ASSERT(first < to);
    if (to - first > fit)
        to = first + (uint32_t)fit;
    make_cells(x, first, to);
    sg_exchange_write_last(x, &writer);
    sg_head_message_cells_encode(&writer, &auth, first, x->room->cells,
                                 to - first);
    err = sg_writer_end(&writer);
    SG_ASSERT(err == SG_OK);
    x->cells_sent = to;
    memcpy(x->cells_versions, versions, sizeof versions);
    x->tried_cells = true;
    sg_exchange_send_last(x, SG_MESSAGE_CELLS,
                          sg_bytes(x->room->body, writer.size));
}

/* The numbers of the logs that differ are found: says what is known of them
 * here, and asks for the others; in the closing exchange by core, both ways. */
static void answer_found(struct sg_exchange *x, const uint32_t numbers[],
                         uint32_t count)
{
    struct sg_log *logs[SG_EXCHANGE_GROUP_MAX];

    for (uint32_t i = 0; i < count; i++) {
        uint32_t fits = sg_log_table_fits(x->table, numbers[i], WIDTH_WHOLE,
                                          logs, SG_EXCHANGE_GROUP_MAX);

        if (fits == 0 || x->is_closing)
            sg_exchange_ask(x, numbers[i]);
        for (uint32_t k = 0; k < fits && k < SG_EXCHANGE_GROUP_MAX; k++) {
            if (x->is_closing)
                (void)sg_exchange_introduce(x, logs[k]);
            else
                (void)list_put(x, numbers[i], logs[k]);
        }
    }
    send_list(x, WIDTH_WHOLE, /* has_judge= */ false, /* is_complete= */ false);
}

/* Decodes all cells that came, and answers. */
static void answer_cells(struct sg_exchange *x)
{
    uint32_t count = x->cells_got, next, found;
    bool is_decoded;
    struct sg_head_cell *cells = x->room->cells;
    uint8_t body[SG_VARINT_SIZE_MAX];
    struct sg_writer writer;
    enum sg_err err;

    make_cells(x, 0, count);
    sg_cells_minus(cells, x->cells, count);
    next = sg_cells_next(cells, count);
    is_decoded =
        sg_cells_decode(cells, count, &x->room->work, x->room->numbers, &found);
    if (is_decoded && found > 0) {
        answer_found(x, x->room->numbers, found);
        return;
    }
    /* Nothing differs that a sketch could show, or too much; or the peer makes
     * us work for every cell. */
    if (is_decoded || x->sketches > SG_EXCHANGE_SKETCHES_MAX ||
        next > SG_CELLS_MAX || count == SG_CELLS_MAX) {
        sg_exchange_tell_tree(x);
        return;
    }
    sg_writer_init_array(&writer, body, sizeof body);
    sg_head_message_more_encode(&writer, next);
    err = sg_writer_end(&writer);
    SG_ASSERT(err == SG_OK);
    sg_exchange_send_last(x, SG_MESSAGE_MORE, sg_bytes(body, writer.size));
}

enum sg_err sg_exchange_take_cells(struct sg_exchange *x, struct sg_bytes body)
{
    struct sg_head_message_cells cells;
    enum sg_err err = sg_head_message_cells_decode(body, &cells);

    if (err != SG_OK)
        return err;
    if (cells.auth.is_there) {
        x->report->has_auth_tag = true;
        memcpy(x->report->auth_tag, cells.auth.tag, SG_HEAD_TAG_SIZE);
    }
    if (!x->session.has_cells ||
        (cells.first != 0 && cells.first != x->cells_got))
        return SG_ERR_MALFORMED;
    x->cells_got = cells.first;
    while (sg_head_message_cells_next(&cells, &x->cells[x->cells_got]))
        x->cells_got++;
    x->tried_cells = true;
    x->sketches++;
    if (cells.first == 0 && !x->is_closing &&
        sg_head_tree_count(sg_log_table_heads(x->table)) <=
            SG_EXCHANGE_COMPLETE_MAX)
        sg_exchange_tell_all(x);
    else
        answer_cells(x);
    return SG_OK;
}
