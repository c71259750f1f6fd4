/* The order of statements, their slots, and what a position holds of them
 * (RECORDS 6.1). */
#include <stdlib.h>
#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/registry/authority_state.h"

#define SLOTS_FIRST    64u
#define OPENING_INDEX  1u /* entry 0 is the log's own */
#define VIETNAM_OFFSET 420
#define LAST_DAY       ((struct sg_date){99991231})

/* --- order and slots --------------------------------------------------- */

static int compare_order(const void *a, const void *b)
{
    const struct sg_authority_ordered *x = a;
    const struct sg_authority_ordered *y = b;

    if (x->root != y->root)
        return x->root < y->root ? -1 : 1;
    if (x->serial != y->serial)
        return x->serial < y->serial ? -1 : 1;
    return memcmp(&x->id, &y->id, sizeof(x->id));
}

static bool has_slots(enum sg_type type)
{
    switch (type) {
    case SG_TYPE_NODE_ADMIT:
    case SG_TYPE_OFFICER_GRANT:
    case SG_TYPE_SCOPE_KEY:
    case SG_TYPE_UNIT:
    case SG_TYPE_UNIT_SUCCESSION:
    case SG_TYPE_CODE_TABLE:
    case SG_TYPE_CALENDAR:
    case SG_TYPE_CAMPAIGN:
    case SG_TYPE_RULES:
    case SG_TYPE_POLICY:
        return true;
    default:
        return false;
    }
}

static size_t slot_hash(enum sg_type type, const struct sg_uid *subject)
{
    uint64_t hash = sg_bytes_get_u64be(subject->bytes) +
                    sg_bytes_get_u64be(subject->bytes + 8) + (uint64_t)type;

    hash *= UINT64_C(0x9e3779b97f4a7c15); /* 2^64 / the golden ratio */
    return (size_t)(hash >> 32);
}

uint32_t sg_authority_find_slot(const struct sg_authority *authority,
                                enum sg_type type, const struct sg_uid *subject)
{
    const struct sg_authority_slot *slots =
        authority->made[SG_AUTHORITY_SLOTS].items;
    size_t mask = authority->by_slot_size - 1;

    if (authority->by_slot_size == 0)
        return SG_AUTHORITY_NONE;
    for (size_t at = slot_hash(type, subject) & mask;
         authority->by_slot[at] != 0; at = (at + 1) & mask) {
        uint32_t no = authority->by_slot[at] - 1;

        if (slots[no].type == type &&
            memcmp(&slots[no].subject, subject, sizeof(*subject)) == 0)
            return no;
    }
    return SG_AUTHORITY_NONE;
}

static enum sg_err slot_add(struct sg_authority *authority,
                            const struct sg_authority_statement *statement,
                            uint32_t *ret_slot)
{
    struct sg_authority_list *list = &authority->made[SG_AUTHORITY_SLOTS];
    size_t mask = authority->by_slot_size - 1;
    struct sg_authority_slot *slot;
    size_t at;

    *ret_slot =
        sg_authority_find_slot(authority, statement->type, &statement->subject);
    if (*ret_slot != SG_AUTHORITY_NONE)
        return SG_OK;
    slot = sg_authority_list_add(list, sizeof(*slot), 1);
    if (slot == NULL)
        return SG_ERR_NOMEM;
    slot->type = statement->type;
    slot->subject = statement->subject;
    slot->newest = SG_AUTHORITY_NONE;
    *ret_slot = (uint32_t)list->count - 1;
    at = slot_hash(slot->type, &slot->subject) & mask;
    while (authority->by_slot[at] != 0)
        at = (at + 1) & mask;
    authority->by_slot[at] = *ret_slot + 1;
    return SG_OK;
}

/* Lists the statements that count in their order. */
static enum sg_err put_in_order(struct sg_authority *authority)
{
    struct sg_authority_list *list = &authority->made[SG_AUTHORITY_ORDERED];

    for (uint32_t i = 0; i < authority->statements.count; i++) {
        const struct sg_authority_statement *statement =
            sg_authority_statement(authority, i);
        struct sg_authority_ordered *ordered;

        if (!statement->counts)
            continue;
        ordered = sg_authority_list_add(list, sizeof(*ordered), 1);
        if (ordered == NULL)
            return SG_ERR_NOMEM;
        *ordered = (struct sg_authority_ordered){
            statement->root, statement->serial, statement->id, i};
    }
    sg_authority_list_sort(list, sizeof(struct sg_authority_ordered),
                           compare_order);
    return SG_OK;
}

static size_t slots_size(size_t statements)
{
    size_t size = SLOTS_FIRST;

    while (size < 2 * statements)
        size *= 2;
    return size;
}

enum sg_err sg_authority_seal_slots(struct sg_authority *authority)
{
    const struct sg_authority_list *list =
        &authority->made[SG_AUTHORITY_ORDERED];
    const struct sg_authority_ordered *ordered;
    enum sg_err err = put_in_order(authority);

    if (err != SG_OK)
        return err;
    ordered = list->items;
    authority->by_slot_size = slots_size(list->count);
    authority->by_slot =
        sg_calloc(authority->by_slot_size, sizeof(*authority->by_slot));
    if (authority->by_slot == NULL)
        return SG_ERR_NOMEM;
    for (size_t i = 0; err == SG_OK && i < list->count; i++) {
        struct sg_authority_statement *statement =
            sg_authority_statement(authority, ordered[i].statement);
        struct sg_authority_slot *slots;

        if (!has_slots(statement->type))
            continue;
        err = slot_add(authority, statement, &statement->slot);
        if (err != SG_OK)
            break;
        slots = authority->made[SG_AUTHORITY_SLOTS].items;
        statement->older = slots[statement->slot].newest;
        slots[statement->slot].newest = ordered[i].statement;
    }
    return err;
}

enum sg_err sg_authority_each(const struct sg_authority *authority,
                              enum sg_type type, sg_authority_statement_fn *fn,
                              void *context)
{
    const struct sg_authority_ordered *ordered =
        authority->made[SG_AUTHORITY_ORDERED].items;
    const struct sg_authority_slot *slots =
        authority->made[SG_AUTHORITY_SLOTS].items;
    enum sg_err err = SG_OK;

    SG_ASSERT(authority->is_sealed);
    for (size_t i = authority->made[SG_AUTHORITY_ORDERED].count;
         i-- > 0 && err == SG_OK;) {
        uint32_t no = ordered[i].statement;
        const struct sg_authority_statement *statement =
            sg_authority_statement(authority, no);

        if (statement->type == type &&
            (!has_slots(type) || slots[statement->slot].newest == no))
            err = fn(context,
                     sg_bytes(statement->payload, statement->payload_size));
    }
    return err;
}

struct sg_uid sg_authority_subject(uint64_t number)
{
    struct sg_uid subject = {{0}};

    sg_bytes_put_u64be(subject.bytes + 8, number);
    return subject;
}

/* --- generations ------------------------------------------------------- */

static int compare_openings(const void *a, const void *b)
{
    const struct sg_authority_opening *x = a;
    const struct sg_authority_opening *y = b;

    if (x->generation != y->generation)
        return x->generation < y->generation ? -1 : 1;
    return (x->log > y->log) - (x->log < y->log);
}

static enum sg_err opening_add(struct sg_authority *authority,
                               uint32_t generation, uint32_t log,
                               uint32_t statement)
{
    struct sg_authority_opening *opening = sg_authority_list_add(
        &authority->made[SG_AUTHORITY_OPENINGS], sizeof(*opening), 1);

    if (opening == NULL)
        return SG_ERR_NOMEM;
    *opening = (struct sg_authority_opening){generation, log, statement};
    return SG_OK;
}

/* Adds the logs that statement NO, a genesis or an authority_log, opens. */
static enum sg_err find_opened(struct sg_authority *authority, uint32_t no)
{
    const struct sg_authority_copy *copies = authority->copies.items;
    const struct sg_authority_statement *statement =
        sg_authority_statement(authority, no);
    bool is_genesis = statement->type == SG_TYPE_GENESIS;
    const uint8_t *named = authority->writer.key;
    struct sg_record record;
    uint32_t generation = 0;
    enum sg_err err = SG_OK;

    sg_authority_read(authority, no, &record);
    if (!is_genesis) {
        named = sg_record_bin(&record, SG_FIELD_AUTHORITY_LOG_LOG).data;
        generation = (uint32_t)sg_record_uint(
            &record, SG_FIELD_AUTHORITY_LOG_GENERATION);
    }
    for (uint32_t c = statement->copies; err == SG_OK && c != SG_AUTHORITY_NONE;
         c = copies[c].next) {
        const struct sg_authority_log *log =
            sg_authority_log_get(authority, copies[c].log);
        const uint8_t *found = is_genesis ? log->node : log->id.hash.bytes;

        if (copies[c].is_valid && copies[c].index == OPENING_INDEX &&
            memcmp(found, named, SG_KEY_SIZE) == 0)
            err = opening_add(authority, generation, copies[c].log,
                              is_genesis ? SG_AUTHORITY_NONE : no);
    }
    return err;
}

/* Returns the largest generation that LOG claims to open; 0 when none. */
static uint32_t generation_of(const struct sg_authority *authority,
                              const struct sg_log_id *log)
{
    const struct sg_authority_list *list =
        &authority->made[SG_AUTHORITY_OPENINGS];
    const struct sg_authority_opening *openings = list->items;
    uint32_t no = sg_authority_log_find(authority, log);
    uint32_t generation = 0;

    for (size_t i = 0; i < list->count; i++)
        if (openings[i].log == no && openings[i].generation > generation)
            generation = openings[i].generation;
    return generation;
}

/* Adds a part for each log that the authority_log STATEMENT lists. One that
 * lists its own generation or a later one opens nothing: *RET_OPENS. */
static enum sg_err list_parts(struct sg_authority *authority,
                              struct sg_authority_generation *generation,
                              uint32_t statement, bool *ret_opens)
{
    struct sg_ref ref = sg_authority_ref(authority, statement);
    const struct sg_authority_stand *stands;
    struct sg_authority_part *part;
    struct sg_record record;
    uint32_t first, count;
    enum sg_err err;

    sg_authority_read(authority, statement, &record);
    err = sg_authority_add_stands(
        authority, &record, SG_FIELD_AUTHORITY_LOG_STANDS_ON, &first, &count);
    if (err != SG_OK)
        return err;
    stands = authority->made[SG_AUTHORITY_STANDS].items;
    for (uint32_t i = first; i < first + count; i++)
        if (generation_of(authority, &stands[i].log) >= generation->number) {
            *ret_opens = false;
            return sg_authority_alarm(authority, SG_AUTHORITY_ALARM_GENERATION,
                                      &ref, &ref);
        }
    for (uint32_t i = first; i < first + count; i++) {
        uint32_t log = sg_authority_log_find(authority, &stands[i].log);
        uint64_t held = log == SG_AUTHORITY_NONE
                            ? 0
                            : sg_authority_log_get(authority, log)->held;

        if (held < stands[i].size)
            generation->is_complete = false;
        if (held == 0)
            continue;
        part = sg_authority_list_add(&authority->made[SG_AUTHORITY_PARTS],
                                     sizeof(*part), 1);
        if (part == NULL)
            return SG_ERR_NOMEM;
        *part = (struct sg_authority_part){log, stands[i].branch,
                                           stands[i].size, false};
        generation->n_parts++;
    }
    return SG_OK;
}

/* Adds to GENERATION what OPENING brings to it. */
static enum sg_err open_one(struct sg_authority *authority,
                            struct sg_authority_generation *generation,
                            const struct sg_authority_opening *opening)
{
    uint64_t held = sg_authority_log_get(authority, opening->log)->held;
    struct sg_authority_part *part;
    enum sg_err err = SG_OK;
    bool opens = true;

    if (opening->statement != SG_AUTHORITY_NONE)
        err = list_parts(authority, generation, opening->statement, &opens);
    if (err != SG_OK || !opens)
        return err;
    part = sg_authority_list_add(&authority->made[SG_AUTHORITY_PARTS],
                                 sizeof(*part), 1);
    if (part == NULL)
        return SG_ERR_NOMEM;
    *part = (struct sg_authority_part){.log = opening->log, .is_own = true};
    generation->n_parts++;
    if (generation->held < held)
        generation->held = held;
    return SG_OK;
}

/* Returns the least size of GENERATION's own log at which statement NO is seen;
 * UINT64_MAX when it never is. */
static uint64_t seen_from(const struct sg_authority *authority,
                          const struct sg_authority_generation *generation,
                          uint32_t no)
{
    const struct sg_authority_part *parts =
        (const struct sg_authority_part *)authority->made[SG_AUTHORITY_PARTS]
            .items +
        generation->first_part;
    const struct sg_authority_copy *copies = authority->copies.items;
    uint64_t from = UINT64_MAX;

    for (uint32_t c = sg_authority_statement(authority, no)->copies;
         c != SG_AUTHORITY_NONE; c = copies[c].next) {
        if (!copies[c].is_valid)
            continue;
        for (uint32_t i = 0; i < generation->n_parts; i++) {
            if (parts[i].log != copies[c].log)
                continue;
            if (parts[i].is_own && copies[c].index + 1 < from)
                from = copies[c].index + 1;
            if (!parts[i].is_own && copies[c].index < parts[i].size &&
                (copies[c].branch == 0 || copies[c].branch == parts[i].branch))
                return 0;
        }
    }
    return from;
}

static int compare_beats(const void *a, const void *b)
{
    const struct sg_authority_beat *x = a;
    const struct sg_authority_beat *y = b;

    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    return (x->time > y->time) - (x->time < y->time);
}

/* Lists the heartbeats that GENERATION sees, and from where. */
static enum sg_err list_beats(struct sg_authority *authority,
                              struct sg_authority_generation *generation)
{
    struct sg_authority_list *list = &authority->made[SG_AUTHORITY_BEATS];
    struct sg_authority_beat *beats;

    generation->first_beat = (uint32_t)list->count;
    for (uint32_t i = 0; i < authority->statements.count; i++) {
        const struct sg_authority_statement *statement =
            sg_authority_statement(authority, i);
        struct sg_authority_beat *beat;
        struct sg_record record;
        uint64_t from;

        if (!statement->counts || statement->type != SG_TYPE_HEARTBEAT)
            continue;
        from = seen_from(authority, generation, i);
        if (from == UINT64_MAX)
            continue;
        beat = sg_authority_list_add(list, sizeof(*beat), 1);
        if (beat == NULL)
            return SG_ERR_NOMEM;
        sg_authority_read(authority, i, &record);
        beat->from = from;
        beat->time = sg_record_uint(&record, SG_FIELD_HEARTBEAT_TIME);
        generation->n_beats++;
    }
    if (generation->n_beats == 0)
        return SG_OK;
    beats = (struct sg_authority_beat *)list->items + generation->first_beat;
    if (generation->n_beats > 1)
        qsort(beats, generation->n_beats, sizeof(*beats), compare_beats);
    for (uint32_t i = 1; i < generation->n_beats; i++)
        if (beats[i].time < beats[i - 1].time)
            beats[i].time = beats[i - 1].time;
    return SG_OK;
}

/* Makes the generation that the openings from FIRST on claim; *RET_NEXT is the
 * first of the next. */
static enum sg_err generation_add(struct sg_authority *authority, size_t first,
                                  size_t *ret_next)
{
    const struct sg_authority_list *list =
        &authority->made[SG_AUTHORITY_OPENINGS];
    const struct sg_authority_opening *openings = list->items;
    struct sg_authority_generation generation = {
        .number = openings[first].generation,
        .is_complete = true,
        .first_part = (uint32_t)authority->made[SG_AUTHORITY_PARTS].count};
    struct sg_authority_generation *kept;
    enum sg_err err = SG_OK;
    size_t i;

    for (i = first; err == SG_OK && i < list->count &&
                    openings[i].generation == generation.number;
         i++)
        err = open_one(authority, &generation, &openings[i]);
    *ret_next = i;
    if (err != SG_OK || generation.held == 0)
        return err; /* nothing opens it */
    err = list_beats(authority, &generation);
    if (err != SG_OK)
        return err;
    kept = sg_authority_list_add(&authority->made[SG_AUTHORITY_GENERATIONS],
                                 sizeof(*kept), 1);
    if (kept == NULL)
        return SG_ERR_NOMEM;
    *kept = generation;
    return SG_OK;
}

/* The time floor of the whole cut. */
static void find_floor(struct sg_authority *authority)
{
    uint64_t floor = 0;
    bool has_beat = false;

    for (uint32_t i = 0; i < authority->statements.count; i++) {
        const struct sg_authority_statement *statement =
            sg_authority_statement(authority, i);
        struct sg_record record;
        uint64_t time;

        if (!statement->counts || statement->type != SG_TYPE_HEARTBEAT)
            continue;
        sg_authority_read(authority, i, &record);
        time = sg_record_uint(&record, SG_FIELD_HEARTBEAT_TIME);
        floor = !has_beat || floor < time ? time : floor;
        has_beat = true;
    }
    authority->floor_whole = has_beat ? floor : authority->floor_least;
}

enum sg_err sg_authority_seal_generations(struct sg_authority *authority)
{
    struct sg_authority_list *openings =
        &authority->made[SG_AUTHORITY_OPENINGS];
    enum sg_err err = SG_OK;

    find_floor(authority);
    for (uint32_t i = 0; err == SG_OK && i < authority->statements.count; i++) {
        const struct sg_authority_statement *statement =
            sg_authority_statement(authority, i);

        if (statement->type == SG_TYPE_AUTHORITY_LOG ? statement->counts
                                                     : i == authority->genesis)
            err = find_opened(authority, i);
    }
    sg_authority_list_sort(openings, sizeof(struct sg_authority_opening),
                           compare_openings);
    for (size_t next = 0; err == SG_OK && next < openings->count;)
        err = generation_add(authority, next, &next);
    return err;
}

/* --- positions --------------------------------------------------------- */

static int compare_number(const void *key, const void *generation)
{
    const uint32_t *number = key;
    const struct sg_authority_generation *other = generation;

    return (*number > other->number) - (*number < other->number);
}

static void at_floor(struct sg_authority_at *at, uint64_t time)
{
    at->time_floor = time;
    at->floor_day = LAST_DAY;
    if (time <= INT64_MAX)
        at->floor_day =
            sg_date_from_wall((struct sg_wall){(int64_t)time}, VIETNAM_OFFSET);
    if (at->floor_day.ymd == 0)
        at->floor_day = LAST_DAY;
}

void sg_authority_at_cut(const struct sg_authority *authority,
                         struct sg_authority_at *ret_at)
{
    SG_ASSERT(authority->is_sealed);
    *ret_at = (struct sg_authority_at){.authority = authority};
    at_floor(ret_at, authority->floor_whole);
}

/* The largest heartbeat that is seen at SIZE of GENERATION. */
static uint64_t floor_at(const struct sg_authority *authority,
                         const struct sg_authority_generation *generation,
                         uint64_t size)
{
    const struct sg_authority_beat *beats =
        authority->made[SG_AUTHORITY_BEATS].items;
    uint32_t low = generation->first_beat;
    uint32_t high = low + generation->n_beats;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (beats[middle].from <= size)
            low = middle + 1;
        else
            high = middle;
    }
    return low == generation->first_beat ? authority->floor_least
                                         : beats[low - 1].time;
}

enum sg_err sg_authority_at(const struct sg_authority *authority,
                            uint64_t position, struct sg_authority_at *ret_at)
{
    const struct sg_authority_list *list =
        &authority->made[SG_AUTHORITY_GENERATIONS];
    const struct sg_authority_generation *generation = NULL;
    uint32_t number = (uint32_t)(position >> 32);
    uint64_t size = position & UINT32_MAX;

    sg_authority_at_cut(authority, ret_at);
    if (list->count > 0)
        generation = bsearch(&number, list->items, list->count,
                             sizeof(*generation), compare_number);
    if (generation == NULL || !generation->is_complete ||
        size > generation->held)
        return SG_ERR_STATE;
    ret_at->generation = generation;
    ret_at->size = size;
    at_floor(ret_at, floor_at(authority, generation, size));
    return SG_OK;
}

bool sg_authority_is_seen(const struct sg_authority_at *at, uint32_t no)
{
    return at->generation == NULL ||
           seen_from(at->authority, at->generation, no) <= at->size;
}

uint32_t sg_authority_standing(const struct sg_authority_at *at, uint32_t slot)
{
    const struct sg_authority_slot *slots =
        at->authority->made[SG_AUTHORITY_SLOTS].items;
    uint32_t no;

    if (slot == SG_AUTHORITY_NONE)
        return SG_AUTHORITY_NONE;
    no = slots[slot].newest;
    while (no != SG_AUTHORITY_NONE && !sg_authority_is_seen(at, no))
        no = sg_authority_statement(at->authority, no)->older;
    return no;
}

uint64_t sg_authority_time_floor(const struct sg_authority_at *at)
{
    return at->time_floor;
}

struct sg_bytes sg_authority_slot(const struct sg_authority *authority,
                                  enum sg_type type,
                                  const struct sg_uid *subject)
{
    const struct sg_authority_slot *slots =
        authority->made[SG_AUTHORITY_SLOTS].items;
    const struct sg_authority_statement *statement;
    uint32_t slot = sg_authority_find_slot(authority, type, subject);

    SG_ASSERT(authority->is_sealed);
    if (slot == SG_AUTHORITY_NONE)
        return (struct sg_bytes){NULL, 0};
    statement = sg_authority_statement(authority, slots[slot].newest);
    return (struct sg_bytes){statement->payload, statement->payload_size};
}
