/* The questions, answered as last judged. */
#include <string.h>

#include "replication/trust_state.h"
#include "storage/base/check.h"
#include "storage/base/plant.h"
#include "storage/base/text.h"

#define VIET_NAM_MINUTES 420

/* --- roots ------------------------------------------------------------- */

uint8_t sg_trust_generation(const struct sg_trust *trust)
{
    return trust->n_roots == 0 ? SG_TRUST_NO_GENERATION
                               : (uint8_t)(trust->n_roots - 1);
}

const struct sg_root *sg_trust_root(const struct sg_trust *trust,
                                    uint8_t generation)
{
    return generation < trust->n_roots ? &trust->roots[generation] : NULL;
}

static struct sg_bytes payload(const struct sg_trust *trust, uint32_t number)
{
    const struct sg_trust_statement *statement = &trust->statements[number];

    return sg_bytes(trust->bytes + statement->offset, statement->size);
}

static size_t varint_size(size_t value)
{
    size_t size = 1;

    for (; value >= 0x80; value >>= 7)
        size++;
    return size;
}

void sg_trust_write_chain(const struct sg_trust *trust, uint8_t from,
                          size_t size_max, struct sg_writer *writer)
{
    unsigned first = from == SG_CHAIN_FROM_GENESIS ? 0 : from + 1U;
    size_t size = 1;

    for (unsigned g = first; g < trust->n_roots; g++) {
        struct sg_bytes link = payload(trust, trust->links[g]);

        size += varint_size(link.size) + link.size;
        if (size > size_max)
            break;
        if (g == first)
            sg_chain_begin(writer, from);
        sg_chain_put(writer, link);
    }
}

/* --- nodes ------------------------------------------------------------- */

/* Finds the first of NUMBERS, which are in order of keys, that is about KEY or
 * a larger one. */
static uint32_t lower(const struct sg_trust *trust,
                      const struct sg_trust_numbers *numbers,
                      const uint8_t key[SG_KEY_SIZE])
{
    uint32_t low = 0, high = numbers->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (memcmp(trust->statements[numbers->items[middle]].key, key,
                   SG_KEY_SIZE) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Gives statement NO of NUMBERS if it is about KEY. */
static const struct sg_trust_statement *about(
    const struct sg_trust *trust, const struct sg_trust_numbers *numbers,
    uint32_t no, const uint8_t key[SG_KEY_SIZE])
{
    const struct sg_trust_statement *statement;

    if (no >= numbers->count)
        return NULL;
    statement = &trust->statements[numbers->items[no]];
    if (memcmp(statement->key, key, SG_KEY_SIZE) != 0)
        return NULL;
    return statement;
}

static enum sg_trust_node_state node_state(const struct sg_trust *trust,
                                           const uint8_t key[SG_KEY_SIZE])
{
    static const enum sg_trust_node_state states[] = {
        SG_TRUST_ADMITTED,
        SG_TRUST_SUSPENDED,
        SG_TRUST_RETIRED,
        SG_TRUST_REVOKED,
    };
    const struct sg_trust_statement *cut;
    uint8_t gravest = 0;

    for (uint32_t i = lower(trust, &trust->cuts, key);
         (cut = about(trust, &trust->cuts, i, key)) != NULL; i++) {
        if (cut->what > gravest)
            gravest = cut->what;
    }
    return states[gravest];
}

/* Says whether the node_admit NO has a good certificate and is the newest of
 * its node that has. */
static bool is_newest(const struct sg_trust *trust, uint32_t no)
{
    const struct sg_trust_statement *admit =
        &trust->statements[trust->admits.items[no]];
    const struct sg_trust_statement *later;

    if (admit->certificate != SG_TRUST_CERTIFICATE_GOOD)
        return false;
    while ((later = about(trust, &trust->admits, ++no, admit->key)) != NULL) {
        if (later->certificate == SG_TRUST_CERTIFICATE_GOOD)
            return false;
    }
    return true;
}

static void fill(const struct sg_trust *trust, uint32_t no,
                 struct sg_trust_node *ret_node)
{
    const struct sg_trust_statement *admit =
        &trust->statements[trust->admits.items[no]];
    struct sg_trust_record record = sg_trust_state_record(trust, admit);
    enum sg_err err =
        sg_certificate_decode(record.admit.certificate, &ret_node->certificate);

    SG_ASSERT(err == SG_OK);
    memcpy(ret_node->bytes, record.admit.certificate.data,
           sizeof ret_node->bytes);
    ret_node->state = node_state(trust, admit->key);
}

bool sg_trust_node(const struct sg_trust *trust,
                   const uint8_t node_key[SG_KEY_SIZE],
                   struct sg_trust_node *ret_node)
{
    for (uint32_t i = lower(trust, &trust->admits, node_key);
         about(trust, &trust->admits, i, node_key) != NULL; i++) {
        if (!is_newest(trust, i))
            continue;
        fill(trust, i, ret_node);
        return true;
    }
    return false;
}

bool sg_trust_node_of_id(const struct sg_trust *trust,
                         const struct sg_key_id *id,
                         struct sg_trust_node *ret_node)
{
    for (uint32_t i = 0; i < trust->admits.count; i++) {
        const struct sg_trust_statement *admit =
            &trust->statements[trust->admits.items[i]];

        if (sg_key_id_compare(&admit->key_id, id) != 0 || !is_newest(trust, i))
            continue;
        fill(trust, i, ret_node);
        return true;
    }
    return false;
}

bool sg_trust_next_node(const struct sg_trust *trust, uint32_t *no,
                        struct sg_trust_node *ret_node)
{
    while (*no < trust->admits.count) {
        uint32_t at = (*no)++;

        if (!is_newest(trust, at))
            continue;
        fill(trust, at, ret_node);
        return true;
    }
    return false;
}

bool sg_trust_is_authority(const struct sg_trust *trust,
                           const uint8_t node_key[SG_KEY_SIZE])
{
    const struct sg_trust_statement *admit;

    if (trust->n_roots > 0 && memcmp(trust->writer, node_key, SG_KEY_SIZE) == 0)
        return true;
    for (uint32_t i = lower(trust, &trust->admits, node_key);
         (admit = about(trust, &trust->admits, i, node_key)) != NULL; i++) {
        if (admit->role == SG_CERTIFICATE_AUTHORITY)
            return true;
    }
    return false;
}

unsigned sg_trust_epochs(const struct sg_trust *trust,
                         const uint8_t node_key[SG_KEY_SIZE])
{
    struct sg_trust_node node;

    return sg_trust_node(trust, node_key, &node) ? node.certificate.epochs : 0;
}

/* Says whether a node_admit that stands has just these bytes. */
static bool is_admitted(const struct sg_trust *trust,
                        const struct sg_certificate *certificate,
                        const uint8_t bytes[SG_CERTIFICATE_SIZE])
{
    const uint8_t *key = certificate->node_key;
    const struct sg_trust_statement *admit;

    for (uint32_t i = lower(trust, &trust->admits, key);
         (admit = about(trust, &trust->admits, i, key)) != NULL; i++) {
        struct sg_trust_record record = sg_trust_state_record(trust, admit);

        if (sg_bytes_equal(record.admit.certificate,
                           sg_bytes(bytes, SG_CERTIFICATE_SIZE)))
            return true;
    }
    return false;
}

enum sg_err sg_trust_judge_certificate(const struct sg_trust *trust,
                                       const struct sg_chain *chain,
                                       const uint8_t bytes[SG_CERTIFICATE_SIZE],
                                       enum sg_certificate_verdict *ret_verdict)
{
    struct sg_certificate_facts facts = {
        .registry = &trust->config.registry,
        .floor = sg_trust_floor_day(trust),
    };
    unsigned n_shown =
        chain == NULL ? 0U : chain->first + (unsigned)chain->count;
    unsigned n_roots = n_shown > trust->n_roots ? n_shown : trust->n_roots;
    struct sg_certificate certificate;
    const struct sg_root *root;
    unsigned generation;
    enum sg_err err;

    *ret_verdict = SG_CERTIFICATE_REFUSED;
    err = sg_certificate_decode(sg_bytes(bytes, SG_CERTIFICATE_SIZE),
                                &certificate);
    if (err != SG_OK)
        return err;
    if (n_roots == 0)
        return SG_ERR_UNTRUSTED;
    generation = certificate.generation;
    root = sg_trust_root(trust, certificate.generation);
    facts.is_shown = root == NULL;
    if (root == NULL)
        root = sg_chain_root(chain, certificate.generation);
    facts.root = root == NULL ? NULL : root->key;
    facts.newest = (uint8_t)(n_roots - 1);
    facts.is_admitted = generation + 1 < trust->n_roots &&
                        is_admitted(trust, &certificate, bytes);
    facts.is_behind =
        generation + 1 >= trust->n_roots || trust->is_behind[generation];
    facts.is_cut = about(trust, &trust->cuts,
                         lower(trust, &trust->cuts, certificate.node_key),
                         certificate.node_key) != NULL;
    return sg_certificate_judge(&certificate, &facts, ret_verdict);
}

struct sg_bytes sg_trust_revocation(const struct sg_trust *trust,
                                    const uint8_t node_key[SG_KEY_SIZE],
                                    size_t size_max)
{
    const struct sg_trust_statement *cut, *best = NULL;

    /* Ascending by order: of the gravest the last is the newest. */
    for (uint32_t i = lower(trust, &trust->cuts, node_key);
         (cut = about(trust, &trust->cuts, i, node_key)) != NULL; i++) {
        if (cut->size <= size_max && (best == NULL || cut->what >= best->what))
            best = cut;
    }
    if (best == NULL)
        return (struct sg_bytes){0};
    return sg_bytes(trust->bytes + best->offset, best->size);
}

/* Gives the newest root of all, known or shown; NULL if there is none. */
static const struct sg_root *newest_root(const struct sg_trust *trust,
                                         const struct sg_chain *chain)
{
    if (chain != NULL && chain->count > 0 &&
        chain->first + (unsigned)chain->count > trust->n_roots)
        return &chain->roots[chain->count - 1];
    return trust->n_roots == 0 ? NULL : &trust->roots[trust->n_roots - 1];
}

bool sg_trust_is_revocation(const struct sg_trust *trust,
                            const struct sg_chain *chain, struct sg_bytes bytes,
                            const uint8_t node_key[SG_KEY_SIZE])
{
    const struct sg_registry_id *registry = &trust->config.registry;
    const struct sg_root *root = newest_root(trust, chain);
    struct sg_trust_record record;
    struct sg_key_id root_id;
    struct sg_hash id;
    uint32_t kept;

    if (sg_trust_record_decode(bytes, &record) != SG_OK ||
        record.type != SG_TRUST_NODE_CUT ||
        memcmp(record.cut.node, node_key, SG_KEY_SIZE) != 0 || root == NULL)
        return false;
    id = sg_trust_record_id(&record, registry);
    kept = sg_trust_state_find(trust, &id, record.signature);
    if (kept != SG_TRUST_NONE && trust->statements[kept].stands)
        return !trust->statements[kept].is_lifted;
    root_id = sg_key_id_of(registry, SG_KEY_ROOT, root->key);
    return sg_key_id_compare(&record.officer, &root_id) == 0 &&
           sg_trust_record_verify(&record, registry, root->key) == SG_OK;
}

/* --- time -------------------------------------------------------------- */

struct sg_trust_floor sg_trust_floor(const struct sg_trust *trust)
{
    return trust->floor;
}

struct sg_date sg_trust_floor_day(const struct sg_trust *trust)
{
    static const struct sg_date none = {0}, last = {99991231};
    struct sg_date day;

    if (trust->floor.ms == 0)
        return none;
    if (trust->floor.ms > INT64_MAX)
        return last;
    day = sg_date_from_wall((struct sg_wall){(int64_t)trust->floor.ms},
                            VIET_NAM_MINUTES);
    return sg_date_is_valid(day) ? day : last;
}

/* --- cuts and quarantine ----------------------------------------------- */

/* The cut that one node_cut makes in a branch of LOG. */
static uint64_t cut_of(const struct sg_trust *trust,
                       const struct sg_trust_statement *statement,
                       const struct sg_log_id *log, unsigned branch)
{
    struct sg_trust_record record = sg_trust_state_record(trust, statement);
    struct sg_trust_list list = record.cut.stands;

    while (list.count > 0) {
        struct sg_trust_stand stand = sg_trust_record_next_stand(&list);

        if (memcmp(&stand.log, log, sizeof *log) == 0)
            return sg_trust_state_prefix(trust, &stand, branch);
    }
    return 0;
}

uint64_t sg_trust_cut(const struct sg_trust *trust,
                      const uint8_t node_key[SG_KEY_SIZE],
                      const struct sg_log_id *log, unsigned branch)
{
    const struct sg_trust_statement *statement;
    uint64_t cut = SG_TRUST_NO_CUT;

    for (uint32_t i = lower(trust, &trust->cuts, node_key);
         (statement = about(trust, &trust->cuts, i, node_key)) != NULL; i++) {
        uint64_t size = cut_of(trust, statement, log, branch);

        if (SG_PLANT(sync_cut_off_by_one))
            size++;
        if (size < cut && !SG_PLANT(sync_cut_ignored))
            cut = size;
    }
    return cut;
}

/* Finds the end of the endorsed ranges of the branch that hold INDEX; INDEX
 * itself when none does. */
static uint64_t endorsed_end(const struct sg_trust *trust,
                             const struct sg_log_id *log, unsigned branch,
                             uint64_t index)
{
    bool goes_on = true;

    while (goes_on) {
        goes_on = false;
        for (uint32_t i = 0; i < trust->ranges.count; i++) {
            struct sg_trust_record record = sg_trust_state_record(
                trust, &trust->statements[trust->ranges.items[i]]);
            const struct sg_trust_stand *stand = &record.endorse.stand;
            uint64_t end;

            if (memcmp(&stand->log, log, sizeof *log) != 0 ||
                record.endorse.first > index)
                continue;
            end = sg_trust_state_prefix(trust, stand, branch);
            if (end <= index)
                continue;
            index = end;
            goes_on = true;
        }
    }
    return index;
}

/* Finds where the next endorsed range above INDEX begins, at most END. */
static uint64_t endorsed_begin(const struct sg_trust *trust,
                               const struct sg_log_id *log, uint64_t index,
                               uint64_t end)
{
    for (uint32_t i = 0; i < trust->ranges.count; i++) {
        struct sg_trust_record record = sg_trust_state_record(
            trust, &trust->statements[trust->ranges.items[i]]);
        uint64_t first = record.endorse.first;

        if (memcmp(&record.endorse.stand.log, log, sizeof *log) == 0 &&
            first > index && first < end)
            end = first;
    }
    return end;
}

bool sg_trust_is_quarantined(const struct sg_trust *trust,
                             const uint8_t node_key[SG_KEY_SIZE],
                             const struct sg_log_id *log, unsigned branch,
                             uint64_t index)
{
    return index >= sg_trust_cut(trust, node_key, log, branch) &&
           endorsed_end(trust, log, branch, index) == index;
}

uint64_t sg_trust_quarantined(const struct sg_trust *trust,
                              const uint8_t node_key[SG_KEY_SIZE],
                              const struct sg_log_id *log, unsigned branch,
                              uint64_t held)
{
    uint64_t at = sg_trust_cut(trust, node_key, log, branch);
    uint64_t quarantined = 0;

    while (at < held) {
        uint64_t end;

        at = endorsed_end(trust, log, branch, at);
        if (at >= held)
            break;
        end = endorsed_begin(trust, log, at, held);
        quarantined += end - at;
        at = end;
    }
    return quarantined;
}

/* --- erasure ----------------------------------------------------------- */

/* Finds the first erasure of LOG's entry INDEX, or what is behind it. */
static uint32_t lower_erasure(const struct sg_trust *trust,
                              const struct sg_log_id *log, uint64_t index)
{
    uint32_t low = 0, high = trust->n_erasures;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct sg_trust_erasure *at = &trust->erasures[middle];
        int order = memcmp(&at->log, log, sizeof *log);

        if (order < 0 || (order == 0 && at->index < index))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Gives the id of the order of erasure NO if it is of this entry. */
static const uint8_t *order_of(const struct sg_trust *trust, uint32_t no,
                               const struct sg_log_id *log, uint64_t index)
{
    const struct sg_trust_erasure *at = &trust->erasures[no];

    if (no >= trust->n_erasures || at->index != index ||
        memcmp(&at->log, log, sizeof *log) != 0)
        return NULL;
    return trust->statements[at->statement].id.bytes;
}

bool sg_trust_erasure(const struct sg_trust *trust, const struct sg_log_id *log,
                      uint64_t index, uint8_t ret_order[SG_ERASED_BY_SIZE])
{
    const uint8_t *order =
        order_of(trust, lower_erasure(trust, log, index), log, index);

    if (order == NULL)
        return false;
    memcpy(ret_order, order, SG_ERASED_BY_SIZE);
    return true;
}

bool sg_trust_has_order(const struct sg_trust *trust,
                        const struct sg_log_id *log, uint64_t index,
                        const uint8_t order[SG_ERASED_BY_SIZE])
{
    const uint8_t *found;

    for (uint32_t i = lower_erasure(trust, log, index);
         (found = order_of(trust, i, log, index)) != NULL; i++) {
        if (memcmp(found, order, SG_ERASED_BY_SIZE) == 0)
            return true;
    }
    return false;
}

/* --- the whole --------------------------------------------------------- */

/* Returns what is held of the log in which a statement is entry 1, which is the
 * log LOG, or any if NULL; 0 if there is none. */
static uint64_t held_of(const struct sg_trust *trust, uint32_t number,
                        const struct sg_log_id *log)
{
    uint64_t held = 0;

    for (uint32_t i = trust->statements[number].first_place; i != SG_TRUST_NONE;
         i = trust->places[i].next) {
        const struct sg_trust_found_place *place = &trust->places[i];
        const struct sg_trust_log *at = &trust->logs[place->log];

        if (place->index != 1 || at->branch != 0 || at->held <= held ||
            (log != NULL && memcmp(&at->log, log, sizeof *log) != 0))
            continue;
        held = at->held;
    }
    return held;
}

/* Returns the generation that a log opened; 0 for the first and for others. */
static uint32_t generation_of(const struct sg_trust *trust,
                              const struct sg_log_id *log)
{
    uint32_t generation = 0;

    for (uint32_t i = 0; i < trust->opened.count; i++) {
        uint32_t number = trust->opened.items[i];
        struct sg_trust_record record =
            sg_trust_state_record(trust, &trust->statements[number]);

        if (memcmp(&record.opened.log, log, sizeof *log) == 0 &&
            held_of(trust, number, log) > 0 &&
            record.opened.generation > generation)
            generation = record.opened.generation;
    }
    return generation;
}

/* One that lists a log of its own generation or a later one opens nothing. */
static bool opens(const struct sg_trust *trust,
                  const struct sg_trust_record *record)
{
    struct sg_trust_list list = record->opened.stands_on;

    while (list.count > 0) {
        struct sg_trust_stand stand = sg_trust_record_next_stand(&list);

        if (generation_of(trust, &stand.log) >= record->opened.generation)
            return false;
    }
    return true;
}

uint64_t sg_trust_position(const struct sg_trust *trust)
{
    uint64_t generation = 0, held = 0;

    if (trust->n_roots == 0)
        return 0;
    held = held_of(trust, trust->links[0], NULL);
    for (uint32_t i = 0; i < trust->opened.count; i++) {
        uint32_t number = trust->opened.items[i];
        struct sg_trust_record record =
            sg_trust_state_record(trust, &trust->statements[number]);
        uint64_t here = held_of(trust, number, &record.opened.log);

        if (record.opened.generation < generation || here == 0 ||
            !opens(trust, &record))
            continue;
        if (record.opened.generation > generation || here > held)
            held = here;
        generation = record.opened.generation;
    }
    return generation << 32 | (held & UINT32_MAX);
}

struct sg_trust_counts sg_trust_counts(const struct sg_trust *trust)
{
    return trust->counts;
}
