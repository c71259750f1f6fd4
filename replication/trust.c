/* Memory, and what comes in: statements are kept as they are, judged later. */
#include "replication/trust.h"

#include <string.h>

#include "replication/trust_state.h"
#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/base/reader.h"

const struct sg_trust_limits sg_trust_limits_country = {
    .statements = 16384,
    .places = 32768,
    .logs = 1024,
    .erasures = 65536,
    .bytes = 16U << 20,
};

const struct sg_trust_limits sg_trust_limits_province = {
    .statements = 1024,
    .places = 2048,
    .logs = 64,
    .erasures = 4096,
    .bytes = 1U << 20,
};

/* Of room that is short, what allows leaves an eighth to what denies; and what
 * waits for a root that may never come has a quarter. */
#define ALLOW_SHARE(limit) ((limit) - (limit) / 8)
#define WAIT_SHARE(limit)  ((limit) / 4)

/* --- memory ------------------------------------------------------------ */

static bool numbers_new(struct sg_trust_numbers *numbers, uint32_t count)
{
    numbers->items = sg_calloc(count, sizeof numbers->items[0]);
    return numbers->items != NULL;
}

static bool take_memory(struct sg_trust *trust)
{
    const struct sg_trust_limits *limits = &trust->config.limits;
    uint32_t n = limits->statements;

    trust->statements = sg_calloc(n, sizeof trust->statements[0]);
    trust->by_id = sg_calloc(n, sizeof trust->by_id[0]);
    trust->moved = sg_calloc(n, sizeof trust->moved[0]);
    trust->places = sg_calloc(limits->places, sizeof trust->places[0]);
    trust->logs = sg_calloc(limits->logs, sizeof trust->logs[0]);
    trust->bytes = sg_alloc(limits->bytes);
    trust->erasures = sg_calloc(limits->erasures, sizeof trust->erasures[0]);
    if (trust->statements == NULL || trust->by_id == NULL ||
        trust->moved == NULL || trust->places == NULL || trust->logs == NULL ||
        trust->bytes == NULL || trust->erasures == NULL)
        return false;
    return numbers_new(&trust->admits, n) && numbers_new(&trust->cuts, n) &&
           numbers_new(&trust->ranges, n) && numbers_new(&trust->opened, n);
}

enum sg_err sg_trust_new(const struct sg_trust_config *config,
                         struct sg_trust **ret)
{
    struct sg_trust *trust = sg_calloc(1, sizeof *trust);

    SG_ASSERT(config->limits.statements > 0);
    SG_ASSERT(config->limits.places > 0);
    SG_ASSERT(config->limits.logs > 0);
    SG_ASSERT(config->limits.erasures > 0);
    SG_ASSERT(config->limits.bytes > 0);
    if (trust == NULL)
        return SG_ERR_NOMEM;
    trust->config = *config;
    trust->floor = config->floor;
    if (!take_memory(trust)) {
        sg_trust_free(trust);
        return SG_ERR_NOMEM;
    }
    *ret = trust;
    return SG_OK;
}

void sg_trust_free(struct sg_trust *trust)
{
    if (trust == NULL)
        return;
    sg_free(trust->statements);
    sg_free(trust->by_id);
    sg_free(trust->moved);
    sg_free(trust->places);
    sg_free(trust->logs);
    sg_free(trust->bytes);
    sg_free(trust->erasures);
    sg_free(trust->admits.items);
    sg_free(trust->cuts.items);
    sg_free(trust->ranges.items);
    sg_free(trust->opened.items);
    sg_free(trust);
}

/* --- statements -------------------------------------------------------- */

struct sg_trust_record sg_trust_state_record(
    const struct sg_trust *trust, const struct sg_trust_statement *statement)
{
    struct sg_bytes bytes =
        sg_bytes(trust->bytes + statement->offset, statement->size);
    struct sg_trust_record record;
    enum sg_err err = sg_trust_record_decode(bytes, &record);

    SG_ASSERT(err == SG_OK);
    return record;
}

uint32_t sg_trust_state_lower(const struct sg_trust *trust,
                              struct sg_bytes prefix)
{
    uint32_t low = 0, high = trust->n_statements;

    SG_ASSERT(prefix.size <= sizeof(struct sg_hash));
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct sg_trust_statement *at =
            &trust->statements[trust->by_id[middle]];

        if (memcmp(at->id.bytes, prefix.data, prefix.size) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Copies of one record may differ in their signature, and the wrong one may
 * come first: so it is part of what a statement is known by. */
uint32_t sg_trust_state_find(const struct sg_trust *trust,
                             const struct sg_hash *id,
                             const uint8_t signature[SG_SIGNATURE_SIZE])
{
    uint32_t at = sg_trust_state_lower(trust, SG_BYTES_ARRAY(id->bytes));

    for (; at < trust->n_statements; at++) {
        const struct sg_trust_statement *found =
            &trust->statements[trust->by_id[at]];

        if (memcmp(&found->id, id, sizeof *id) != 0)
            break;
        if (memcmp(sg_trust_state_record(trust, found).signature, signature,
                   SG_SIGNATURE_SIZE) == 0)
            return trust->by_id[at];
    }
    return SG_TRUST_NONE;
}

uint8_t sg_trust_state_generation(const struct sg_trust *trust,
                                  const struct sg_key_id *id)
{
    for (unsigned i = trust->n_roots; i > 0; i--) {
        if (sg_key_id_compare(&trust->root_ids[i - 1], id) == 0)
            return (uint8_t)(i - 1);
    }
    return SG_TRUST_NO_GENERATION;
}

static bool is_link(const struct sg_trust_statement *statement)
{
    return statement->type == SG_TRUST_GENESIS ||
           statement->type == SG_TRUST_ROOT_ROTATE;
}

/* Waits: nobody knows yet whether a root has signed it. */
static bool is_waiting(const struct sg_trust_statement *statement)
{
    if (statement->type == SG_TRUST_ROOT_ROTATE)
        return !statement->stands;
    return statement->type != SG_TRUST_GENESIS &&
           statement->generation == SG_TRUST_NO_GENERATION;
}

static bool is_allowing(const struct sg_trust_statement *statement)
{
    return statement->type == SG_TRUST_NODE_ADMIT ||
           statement->type == SG_TRUST_ERASURE ||
           statement->type == SG_TRUST_ENDORSE_RANGE;
}

/* --- removing ---------------------------------------------------------- */

static void numbers_follow(const struct sg_trust *trust, uint32_t *items,
                           uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        items[i] = trust->moved[items[i]];
        SG_ASSERT(items[i] != SG_TRUST_NONE);
    }
}

/* Closes the gaps among statements and bytes; MOVED says where each went. */
static void close_statements(struct sg_trust *trust, bool with_cut_off)
{
    uint32_t n = 0, n_bytes = 0;

    for (uint32_t i = 0; i < trust->n_statements; i++) {
        struct sg_trust_statement *from = &trust->statements[i];

        if (from->is_dead || (with_cut_off && from->is_cut_off)) {
            trust->moved[i] = SG_TRUST_NONE;
            trust->erasures_kept -= from->erasures;
            continue;
        }
        memmove(trust->bytes + n_bytes, trust->bytes + from->offset,
                from->size);
        from->offset = n_bytes;
        from->first_place = SG_TRUST_NONE;
        n_bytes += from->size;
        trust->moved[i] = n;
        trust->statements[n++] = *from;
    }
    trust->n_statements = n;
    trust->n_bytes = n_bytes;
}

static void close_places(struct sg_trust *trust)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < trust->n_places; i++) {
        struct sg_trust_found_place place = trust->places[i];
        struct sg_trust_statement *statement;

        place.statement = trust->moved[place.statement];
        if (place.statement == SG_TRUST_NONE)
            continue;
        statement = &trust->statements[place.statement];
        place.next = statement->first_place;
        statement->first_place = n;
        trust->places[n++] = place;
    }
    trust->n_places = n;
}

uint32_t sg_trust_state_remove(struct sg_trust *trust, bool with_cut_off)
{
    uint32_t before = trust->n_statements, n = 0;

    close_statements(trust, with_cut_off);
    close_places(trust);
    for (uint32_t i = 0; i < before; i++) {
        uint32_t to = trust->moved[trust->by_id[i]];

        if (to != SG_TRUST_NONE)
            trust->by_id[n++] = to;
    }
    SG_ASSERT(n == trust->n_statements);
    for (unsigned i = 0; i < trust->n_roots; i++)
        numbers_follow(trust, &trust->links[i], 1);
    numbers_follow(trust, trust->admits.items, trust->admits.count);
    numbers_follow(trust, trust->cuts.items, trust->cuts.count);
    numbers_follow(trust, trust->ranges.items, trust->ranges.count);
    numbers_follow(trust, trust->opened.items, trust->opened.count);
    for (uint32_t i = 0; i < trust->n_erasures; i++)
        numbers_follow(trust, &trust->erasures[i].statement, 1);
    return before - n;
}

/* --- adding ------------------------------------------------------------ */

static bool has_room(const struct sg_trust *trust,
                     const struct sg_trust_statement *statement)
{
    const struct sg_trust_limits *limits = &trust->config.limits;
    uint32_t n = limits->statements, n_bytes = limits->bytes;
    uint32_t waiting = 0, waiting_bytes = 0;

    if (is_allowing(statement)) {
        n = ALLOW_SHARE(n);
        n_bytes = ALLOW_SHARE(n_bytes);
    }
    if (trust->n_statements >= n || statement->size > n_bytes ||
        trust->n_bytes > n_bytes - statement->size ||
        statement->erasures > limits->erasures - trust->erasures_kept)
        return false;
    if (!is_waiting(statement))
        return true;
    for (uint32_t i = 0; i < trust->n_statements; i++) {
        if (!is_waiting(&trust->statements[i]))
            continue;
        waiting++;
        waiting_bytes += trust->statements[i].size;
    }
    return waiting < WAIT_SHARE(limits->statements) &&
           waiting_bytes + statement->size <= WAIT_SHARE(limits->bytes);
}

/* Notes that something was not kept that might have counted. */
static enum sg_err drop(struct sg_trust *trust)
{
    trust->counts.dropped++;
    trust->is_lossy = true;
    return SG_ERR_LIMIT;
}

/* Gives up what rotations took away: nothing but another rotation in the place
 * of one of them brings it back. */
static void make_room(struct sg_trust *trust)
{
    if (sg_trust_state_remove(trust, /* with_cut_off= */ true) > 0)
        trust->is_lossy = true;
}

/* Keeps a statement. */
static enum sg_err keep(struct sg_trust *trust,
                        const struct sg_trust_statement *statement,
                        struct sg_bytes payload, uint32_t *ret_number)
{
    struct sg_trust_statement *kept;
    uint32_t at;

    if (!has_room(trust, statement))
        make_room(trust);
    if (!has_room(trust, statement))
        return drop(trust);
    at = sg_trust_state_lower(trust, SG_BYTES_ARRAY(statement->id.bytes));
    memmove(&trust->by_id[at + 1], &trust->by_id[at],
            (trust->n_statements - at) * sizeof trust->by_id[0]);
    trust->by_id[at] = trust->n_statements;
    kept = &trust->statements[trust->n_statements];
    *kept = *statement;
    kept->offset = trust->n_bytes;
    memcpy(trust->bytes + trust->n_bytes, payload.data, payload.size);
    trust->n_bytes += statement->size;
    trust->erasures_kept += statement->erasures;
    *ret_number = trust->n_statements++;
    if (is_link(statement))
        trust->has_new_links = true;
    return SG_OK;
}

/* Finds the log, or takes room for it; SG_TRUST_NONE when there is none. */
static uint32_t log_number(struct sg_trust *trust, const struct sg_log_id *log,
                           unsigned branch)
{
    struct sg_trust_log *made;

    for (uint32_t i = 0; i < trust->n_logs; i++) {
        if (trust->logs[i].branch == branch &&
            memcmp(&trust->logs[i].log, log, sizeof *log) == 0)
            return i;
    }
    if (trust->n_logs == trust->config.limits.logs)
        return SG_TRUST_NONE;
    made = &trust->logs[trust->n_logs];
    *made = (struct sg_trust_log){.log = *log, .branch = branch};
    return trust->n_logs++;
}

/* Notes that a statement stands at PLACE; of several in one log the first. */
static enum sg_err put_place(struct sg_trust *trust, uint32_t number,
                             const struct sg_trust_place *place)
{
    struct sg_trust_statement *statement = &trust->statements[number];
    uint32_t log = log_number(trust, &place->log, place->branch);
    struct sg_trust_found_place *made;

    if (log == SG_TRUST_NONE)
        return drop(trust);
    memcpy(trust->logs[log].node_key, place->node_key, SG_KEY_SIZE);
    trust->logs[log].has_node_key = true;
    for (uint32_t i = statement->first_place; i != SG_TRUST_NONE;
         i = trust->places[i].next) {
        if (trust->places[i].log != log)
            continue;
        if (place->index < trust->places[i].index)
            trust->places[i].index = place->index;
        return SG_OK;
    }
    if (trust->n_places == trust->config.limits.places)
        return drop(trust);
    made = &trust->places[trust->n_places];
    *made = (struct sg_trust_found_place){
        .statement = number,
        .log = log,
        .next = statement->first_place,
        .index = place->index,
    };
    statement->first_place = trust->n_places++;
    return SG_OK;
}

/* A statement that has no place is nowhere: it goes again. */
static enum sg_err add_place(struct sg_trust *trust, uint32_t number,
                             const struct sg_trust_place *place)
{
    struct sg_trust_statement *statement = &trust->statements[number];
    enum sg_err err = put_place(trust, number, place);

    statement->is_dead =
        statement->first_place == SG_TRUST_NONE && !is_link(statement);
    return err;
}

/* What the judgement asks often is read once. */
static struct sg_trust_statement statement_of(
    const struct sg_trust *trust, const struct sg_trust_record *record)
{
    struct sg_trust_statement statement = {
        .id = sg_trust_record_id(record, &trust->config.registry),
        .serial = record->serial,
        .size = (uint32_t)record->payload.size,
        .first_place = SG_TRUST_NONE,
        .officer = record->officer,
        .type = (uint16_t)record->type,
        .generation = SG_TRUST_NO_GENERATION,
    };

    switch (record->type) {
    case SG_TRUST_HEARTBEAT:
        statement.ms = record->heartbeat.ms;
        break;
    case SG_TRUST_NODE_ADMIT:
        memcpy(statement.key, record->admit.node, SG_KEY_SIZE);
        statement.role = record->admit.role;
        statement.key_id = sg_key_id_of(&trust->config.registry, SG_KEY_NODE,
                                        record->admit.node);
        break;
    case SG_TRUST_NODE_CUT:
        memcpy(statement.key, record->cut.node, SG_KEY_SIZE);
        statement.what = (uint8_t)record->cut.what;
        break;
    case SG_TRUST_ERASURE:
        statement.erasures = record->erasure.entries.count;
        break;
    default:
        break;
    }
    return statement;
}

/* Verifies what can be verified now: a genesis, and what a known root signed. A
 * rotation is verified in its turn, when the roots are judged. */
static enum sg_err check(const struct sg_trust *trust,
                         const struct sg_trust_record *record,
                         struct sg_trust_statement *statement)
{
    const struct sg_registry_id *registry = &trust->config.registry;
    struct sg_root root;
    uint8_t generation;

    if (record->type == SG_TRUST_GENESIS)
        return sg_root_from_genesis(record, registry, &root);
    if (record->type == SG_TRUST_ROOT_ROTATE)
        return SG_OK;
    generation = sg_trust_state_generation(trust, &record->officer);
    if (generation == SG_TRUST_NO_GENERATION)
        return SG_OK;
    statement->generation = generation;
    return sg_trust_record_verify(record, registry,
                                  trust->roots[generation].key);
}

enum sg_err sg_trust_add(struct sg_trust *trust,
                         const struct sg_trust_place *place,
                         struct sg_bytes payload)
{
    struct sg_trust_statement statement;
    struct sg_trust_record record;
    enum sg_err err = sg_trust_record_decode(payload, &record);
    uint32_t number;

    if (err == SG_ERR_NOTFOUND)
        return SG_OK; /* the registry's */
    if (err == SG_ERR_VERSION)
        trust->counts.later++;
    else if (err != SG_OK)
        trust->counts.rejected++;
    if (err != SG_OK)
        return err;
    statement = statement_of(trust, &record);
    if (place == NULL)
        SG_ASSERT(is_link(&statement));
    if (trust->n_places == trust->config.limits.places)
        make_room(trust);
    number = sg_trust_state_find(trust, &statement.id, record.signature);
    if (number == SG_TRUST_NONE) {
        err = check(trust, &record, &statement);
        if (err != SG_OK) {
            trust->counts.rejected++;
            return err;
        }
        err = keep(trust, &statement, payload, &number);
        if (err != SG_OK)
            return err;
    }
    return place == NULL ? SG_OK : add_place(trust, number, place);
}

enum sg_err sg_trust_add_chain(struct sg_trust *trust, struct sg_bytes chain)
{
    struct sg_reader reader;
    enum sg_err err = SG_OK;

    sg_reader_init(&reader, chain);
    if (sg_reader_u8(&reader) != SG_CHAIN_FROM_GENESIS)
        sg_reader_fail(&reader, SG_ERR_MALFORMED);
    while (err == SG_OK && reader.err == SG_OK && reader.left.size > 0) {
        struct sg_bytes record =
            sg_reader_take(&reader, sg_reader_varint(&reader));
        struct sg_trust_record link;

        if (reader.err != SG_OK)
            break;
        err = sg_trust_record_decode(record, &link);
        if (err == SG_ERR_NOTFOUND ||
            (err == SG_OK && link.type != SG_TRUST_GENESIS &&
             link.type != SG_TRUST_ROOT_ROTATE))
            err = SG_ERR_MALFORMED;
        if (err == SG_OK)
            err = sg_trust_add(trust, NULL, record);
    }
    return err != SG_OK ? err : sg_reader_end(&reader);
}

enum sg_err sg_trust_held(struct sg_trust *trust, const struct sg_log_id *log,
                          unsigned branch, uint64_t size)
{
    uint32_t number = log_number(trust, log, branch);

    if (number == SG_TRUST_NONE)
        return SG_ERR_LIMIT;
    if (size > trust->logs[number].held)
        trust->logs[number].held = size;
    return SG_OK;
}

bool sg_trust_wants_replay(const struct sg_trust *trust)
{
    return trust->wants_replay;
}

void sg_trust_replay(struct sg_trust *trust)
{
    trust->is_lossy = false;
    trust->wants_replay = false;
}
