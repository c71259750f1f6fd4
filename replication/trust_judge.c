/* The judgement: what all statements together say, from the set alone. */
#include <string.h>

#include "replication/trust_state.h"
#include "storage/base/check.h"

/* --- sorting ----------------------------------------------------------- */

int sg_trust_state_order(const struct sg_trust_statement *a,
                         const struct sg_trust_statement *b)
{
    if (a->generation != b->generation)
        return a->generation < b->generation ? -1 : 1;
    if (a->serial != b->serial)
        return a->serial < b->serial ? -1 : 1;
    return memcmp(a->id.bytes, b->id.bytes, sizeof a->id.bytes);
}

/* Compares items NO a and b of what is sorted. */
typedef int compare_items(const struct sg_trust *trust, const void *items,
                          uint32_t a, uint32_t b);

static int by_key(const struct sg_trust *trust, const void *items, uint32_t a,
                  uint32_t b)
{
    const uint32_t *numbers = items;
    const struct sg_trust_statement *left = &trust->statements[numbers[a]];
    const struct sg_trust_statement *right = &trust->statements[numbers[b]];
    int order = memcmp(left->key, right->key, sizeof left->key);

    return order != 0 ? order : sg_trust_state_order(left, right);
}

static int by_order(const struct sg_trust *trust, const void *items, uint32_t a,
                    uint32_t b)
{
    const uint32_t *numbers = items;

    return sg_trust_state_order(&trust->statements[numbers[a]],
                                &trust->statements[numbers[b]]);
}

static int by_entry(const struct sg_trust *trust, const void *items, uint32_t a,
                    uint32_t b)
{
    const struct sg_trust_erasure *erasures = items;
    const struct sg_trust_erasure *left = &erasures[a], *right = &erasures[b];
    int order = memcmp(&left->log, &right->log, sizeof left->log);

    if (order != 0)
        return order;
    if (left->index != right->index)
        return left->index < right->index ? -1 : 1;
    return memcmp(&trust->statements[left->statement].id,
                  &trust->statements[right->statement].id,
                  sizeof(struct sg_hash));
}

static void swap(uint8_t *items, size_t size, uint32_t a, uint32_t b)
{
    uint8_t kept[sizeof(struct sg_trust_erasure)];

    SG_ASSERT(size <= sizeof kept);
    memcpy(kept, items + a * size, size);
    memcpy(items + a * size, items + b * size, size);
    memcpy(items + b * size, kept, size);
}

static void sift(const struct sg_trust *trust, void *items, size_t size,
                 uint32_t from, uint32_t count, compare_items *compare)
{
    for (;;) {
        uint32_t child = 2 * from + 1;

        if (child >= count)
            return;
        if (child + 1 < count && compare(trust, items, child, child + 1) < 0)
            child++;
        if (compare(trust, items, from, child) >= 0)
            return;
        swap(items, size, from, child);
        from = child;
    }
}

/* Heapsort: qsort may take memory. */
static void sort(const struct sg_trust *trust, void *items, size_t size,
                 uint32_t count, compare_items *compare)
{
    for (uint32_t i = count / 2; i > 0; i--)
        sift(trust, items, size, i - 1, count, compare);
    for (uint32_t i = count; i > 1; i--) {
        swap(items, size, 0, i - 1);
        sift(trust, items, size, 0, i - 1, compare);
    }
}

static void sort_numbers(const struct sg_trust *trust,
                         struct sg_trust_numbers *numbers,
                         compare_items *compare)
{
    sort(trust, numbers->items, sizeof numbers->items[0], numbers->count,
         compare);
}

/* --- roots ------------------------------------------------------------- */

/* Finds the rotation to GENERATION: of several that follow BEFORE the one with
 * the smallest id. Counts the others as rivals. */
static uint32_t find_rotation(struct sg_trust *trust, uint8_t generation,
                              const struct sg_root *before,
                              struct sg_root *ret_root)
{
    uint32_t found = SG_TRUST_NONE;

    for (uint32_t i = 0; i < trust->n_statements; i++) {
        uint32_t number = trust->by_id[i];
        struct sg_trust_record record;
        struct sg_root root;

        if (trust->statements[number].type != SG_TRUST_ROOT_ROTATE)
            continue;
        record = sg_trust_state_record(trust, &trust->statements[number]);
        if (sg_root_from_rotation(&record, &trust->config.registry, generation,
                                  before, &root) != SG_OK)
            continue;
        if (found == SG_TRUST_NONE) {
            found = number;
            *ret_root = root;
        } else if (memcmp(&trust->statements[number].id,
                          &trust->statements[found].id,
                          sizeof(struct sg_hash)) != 0) {
            trust->counts.rivals++;
        }
    }
    return found;
}

static uint32_t find_genesis(const struct sg_trust *trust)
{
    for (uint32_t i = 0; i < trust->n_statements; i++) {
        if (trust->statements[trust->by_id[i]].type == SG_TRUST_GENESIS)
            return trust->by_id[i];
    }
    return SG_TRUST_NONE;
}

static void put_root(struct sg_trust *trust, uint32_t link,
                     const struct sg_root *root)
{
    unsigned generation = trust->n_roots++;

    trust->roots[generation] = *root;
    trust->root_ids[generation] =
        sg_key_id_of(&trust->config.registry, SG_KEY_ROOT, root->key);
    trust->links[generation] = link;
}

/* Says which root signed what is not known any more: another rotation has come
 * in the place of one. */
static void forget_signers(struct sg_trust *trust)
{
    for (uint32_t i = 0; i < trust->n_statements; i++) {
        trust->statements[i].generation = SG_TRUST_NO_GENERATION;
        trust->statements[i].certificate = SG_TRUST_CERTIFICATE_WAITS;
    }
}

static void judge_roots(struct sg_trust *trust)
{
    struct sg_key_id before[SG_TRUST_GENERATIONS];
    unsigned n_before = trust->n_roots;
    uint32_t genesis = find_genesis(trust);
    struct sg_trust_record record;
    struct sg_root root;
    enum sg_err err;

    memcpy(before, trust->root_ids, sizeof before);
    trust->n_roots = 0;
    trust->counts.rivals = 0;
    trust->has_new_links = false;
    if (genesis == SG_TRUST_NONE)
        return;
    record = sg_trust_state_record(trust, &trust->statements[genesis]);
    memcpy(trust->writer, record.genesis.writer, SG_KEY_SIZE);
    err = sg_root_from_genesis(&record, &trust->config.registry, &root);
    SG_ASSERT(err == SG_OK);
    put_root(trust, genesis, &root);
    while (trust->n_roots < SG_TRUST_GENERATIONS) {
        uint32_t link = find_rotation(trust, (uint8_t)trust->n_roots,
                                      &trust->roots[trust->n_roots - 1], &root);

        if (link == SG_TRUST_NONE)
            break;
        put_root(trust, link, &root);
    }
    if (trust->n_roots < n_before ||
        memcmp(before, trust->root_ids, n_before * sizeof before[0]) != 0)
        forget_signers(trust);
    if (trust->is_lossy)
        trust->wants_replay = true;
}

/* --- who signed -------------------------------------------------------- */

static void judge_signature(struct sg_trust *trust,
                            struct sg_trust_statement *statement)
{
    uint8_t generation = sg_trust_state_generation(trust, &statement->officer);
    struct sg_trust_record record;

    if (generation == SG_TRUST_NO_GENERATION)
        return;
    record = sg_trust_state_record(trust, statement);
    if (sg_trust_record_verify(&record, &trust->config.registry,
                               trust->roots[generation].key) == SG_OK) {
        statement->generation = generation;
    } else {
        statement->is_dead = true;
        trust->counts.rejected++;
    }
}

static void judge_signatures(struct sg_trust *trust)
{
    bool has_dead = false;

    for (uint32_t i = 0; i < trust->n_statements; i++) {
        struct sg_trust_statement *statement = &trust->statements[i];

        if (statement->type != SG_TRUST_GENESIS &&
            statement->type != SG_TRUST_ROOT_ROTATE &&
            statement->generation == SG_TRUST_NO_GENERATION)
            judge_signature(trust, statement);
        has_dead = has_dead || statement->is_dead;
    }
    if (has_dead)
        (void)sg_trust_state_remove(trust, /* with_cut_off= */ false);
}

/* The certificate inside a node_admit: of this node, and signed by its root. */
static void judge_certificate(const struct sg_trust *trust,
                              struct sg_trust_statement *statement)
{
    struct sg_trust_record record = sg_trust_state_record(trust, statement);
    struct sg_certificate certificate;

    statement->certificate = SG_TRUST_CERTIFICATE_BAD;
    if (sg_certificate_decode(record.admit.certificate, &certificate) !=
            SG_OK ||
        memcmp(certificate.node_key, statement->key, SG_KEY_SIZE) != 0)
        return;
    if (certificate.generation >= trust->n_roots)
        statement->certificate = SG_TRUST_CERTIFICATE_WAITS;
    else if (sg_certificate_verify(&certificate, &trust->config.registry,
                                   trust->roots[certificate.generation].key) ==
             SG_OK)
        statement->certificate = SG_TRUST_CERTIFICATE_GOOD;
}

/* --- what stands ------------------------------------------------------- */

uint64_t sg_trust_state_prefix(const struct sg_trust *trust,
                               const struct sg_trust_stand *stand,
                               unsigned branch)
{
    uint64_t size = stand->size;

    if (trust->config.prefix != NULL)
        size = trust->config.prefix(trust->config.context, &stand->log, branch,
                                    stand->size, &stand->root);
    return size < stand->size ? size : stand->size;
}

/* Sets the limit of every log for what the root of GENERATION signed; says
 * whether some log that stands is not held so far. */
static bool set_limits(struct sg_trust *trust, unsigned generation)
{
    struct sg_trust_record record = sg_trust_state_record(
        trust, &trust->statements[trust->links[generation + 1]]);
    struct sg_trust_list list = record.rotate.stands;
    bool is_behind = false;

    for (uint32_t i = 0; i < trust->n_logs; i++)
        trust->logs[i].limit = 0;
    while (list.count > 0) {
        struct sg_trust_stand stand = sg_trust_record_next_stand(&list);
        bool is_held = stand.size == 0;

        for (uint32_t i = 0; i < trust->n_logs; i++) {
            struct sg_trust_log *log = &trust->logs[i];

            if (memcmp(&log->log, &stand.log, sizeof stand.log) != 0)
                continue;
            log->limit = sg_trust_state_prefix(trust, &stand, log->branch);
            if (log->limit == stand.size && log->held >= stand.size)
                is_held = true;
        }
        is_behind = is_behind || !is_held;
    }
    return is_behind;
}

/* Notes of each place whether the rotations let it stand. */
static void judge_places(struct sg_trust *trust)
{
    for (unsigned g = 0; g < trust->n_roots; g++) {
        bool is_newest = g + 1 == trust->n_roots;

        trust->is_behind[g] = !is_newest && set_limits(trust, g);
        for (uint32_t i = 0; i < trust->n_places; i++) {
            struct sg_trust_found_place *place = &trust->places[i];

            if (trust->statements[place->statement].generation == g)
                place->is_within =
                    is_newest || place->index < trust->logs[place->log].limit;
        }
    }
}

/* Judges one statement by its places; says whether it stands. */
static bool judge_statement(struct sg_trust *trust,
                            struct sg_trust_statement *statement)
{
    bool is_within = false, stands = false;

    for (uint32_t i = statement->first_place; i != SG_TRUST_NONE;
         i = trust->places[i].next) {
        const struct sg_trust_found_place *place = &trust->places[i];

        is_within = is_within || place->is_within;
        stands = stands ||
                 (place->is_within && trust->logs[place->log].is_authority);
    }
    statement->stands = stands;
    statement->is_cut_off = !is_within;
    return stands;
}

static bool make_authority(struct sg_trust *trust,
                           const uint8_t node_key[SG_KEY_SIZE])
{
    bool is_new = false;

    for (uint32_t i = 0; i < trust->n_logs; i++) {
        struct sg_trust_log *log = &trust->logs[i];

        if (log->is_authority || !log->has_node_key ||
            memcmp(log->node_key, node_key, SG_KEY_SIZE) != 0)
            continue;
        log->is_authority = true;
        is_new = true;
    }
    return is_new;
}

/* A node that is admitted as authority makes its logs count, which may admit
 * another: the least set of which that is true. */
static void judge_standing(struct sg_trust *trust)
{
    bool goes_on = true;

    for (uint32_t i = 0; i < trust->n_logs; i++)
        trust->logs[i].is_authority = false;
    if (trust->n_roots > 0)
        (void)make_authority(trust, trust->writer);
    while (goes_on) {
        goes_on = false;
        for (uint32_t i = 0; i < trust->n_statements; i++) {
            struct sg_trust_statement *statement = &trust->statements[i];

            statement->stands = false;
            statement->is_cut_off = false;
            if (statement->generation != SG_TRUST_NO_GENERATION &&
                judge_statement(trust, statement) &&
                statement->role == SG_CERTIFICATE_AUTHORITY &&
                make_authority(trust, statement->key))
                goes_on = true;
        }
    }
    for (unsigned g = 0; g < trust->n_roots; g++)
        trust->statements[trust->links[g]].stands = true;
}

/* --- what follows ------------------------------------------------------ */

static void number_put(struct sg_trust_numbers *numbers, uint32_t number)
{
    numbers->items[numbers->count++] = number;
}

static void lift(struct sg_trust *trust,
                 const struct sg_trust_statement *statement)
{
    struct sg_trust_record record = sg_trust_state_record(trust, statement);
    struct sg_trust_list list = record.lift.of;

    while (list.count > 0) {
        struct sg_bytes ref = sg_trust_record_next_ref(&list);
        uint32_t at = sg_trust_state_lower(trust, ref);

        for (; at < trust->n_statements; at++) {
            struct sg_trust_statement *of =
                &trust->statements[trust->by_id[at]];

            if (memcmp(of->id.bytes, ref.data, ref.size) != 0)
                break;
            if (of->type == SG_TRUST_NODE_CUT && of->what == SG_TRUST_SUSPEND)
                of->is_lifted = true;
        }
    }
}

static void judge_lifts(struct sg_trust *trust)
{
    for (uint32_t i = 0; i < trust->n_statements; i++)
        trust->statements[i].is_lifted = false;
    for (uint32_t i = 0; i < trust->n_statements; i++) {
        if (trust->statements[i].type == SG_TRUST_LIFT &&
            trust->statements[i].stands)
            lift(trust, &trust->statements[i]);
    }
}

static void put_erasures(struct sg_trust *trust, uint32_t number)
{
    struct sg_trust_record record =
        sg_trust_state_record(trust, &trust->statements[number]);
    struct sg_trust_list list = record.erasure.entries;

    while (list.count > 0) {
        struct sg_trust_erased erased = sg_trust_record_next_erased(&list);

        SG_ASSERT(trust->n_erasures < trust->config.limits.erasures);
        trust->erasures[trust->n_erasures++] = (struct sg_trust_erasure){
            .log = erased.log,
            .index = erased.index,
            .statement = number,
        };
    }
}

/* Files a statement that stands under what it is about. */
static void file(struct sg_trust *trust, uint32_t number)
{
    struct sg_trust_statement *statement = &trust->statements[number];

    switch (statement->type) {
    case SG_TRUST_LOG:
        number_put(&trust->opened, number);
        break;
    case SG_TRUST_NODE_ADMIT:
        if (statement->certificate == SG_TRUST_CERTIFICATE_WAITS)
            judge_certificate(trust, statement);
        number_put(&trust->admits, number);
        break;
    case SG_TRUST_NODE_CUT:
        if (!statement->is_lifted)
            number_put(&trust->cuts, number);
        break;
    case SG_TRUST_ERASURE:
        put_erasures(trust, number);
        break;
    case SG_TRUST_ENDORSE_RANGE:
        if (!sg_trust_state_record(trust, statement).endorse.is_of_officer)
            number_put(&trust->ranges, number);
        break;
    default:
        break;
    }
}

static void unfile(struct sg_trust *trust)
{
    trust->admits.count = 0;
    trust->cuts.count = 0;
    trust->ranges.count = 0;
    trust->opened.count = 0;
    trust->n_erasures = 0;
}

static void judge_files(struct sg_trust *trust)
{
    for (uint32_t i = 0; i < trust->n_statements; i++) {
        if (trust->statements[i].stands)
            file(trust, i);
    }
    sort_numbers(trust, &trust->admits, by_key);
    sort_numbers(trust, &trust->cuts, by_key);
    sort_numbers(trust, &trust->ranges, by_order);
    sort_numbers(trust, &trust->opened, by_order);
    sort(trust, trust->erasures, sizeof trust->erasures[0], trust->n_erasures,
         by_entry);
}

/* What was the floor before stays, also after a restore, unless its root has
 * been rotated: then it may have been a thief's, and what stands tells. */
static void judge_floor(struct sg_trust *trust)
{
    struct sg_trust_floor floor = trust->floor;

    if (trust->n_roots > 0 && floor.generation + 1U < trust->n_roots)
        floor = (struct sg_trust_floor){0};
    for (uint32_t i = 0; i < trust->n_statements; i++) {
        const struct sg_trust_statement *statement = &trust->statements[i];

        if (statement->type != SG_TRUST_HEARTBEAT || !statement->stands)
            continue;
        if (statement->ms < floor.ms ||
            (statement->ms == floor.ms &&
             statement->generation <= floor.generation))
            continue;
        floor.ms = statement->ms;
        floor.generation = statement->generation;
    }
    trust->floor = floor;
}

static void count(struct sg_trust *trust)
{
    struct sg_trust_counts *counts = &trust->counts;

    counts->stand = 0;
    counts->cut_off = 0;
    counts->waiting = 0;
    counts->refused = 0;
    for (uint32_t i = 0; i < trust->n_statements; i++) {
        const struct sg_trust_statement *statement = &trust->statements[i];

        if (statement->stands && statement->type == SG_TRUST_NODE_ADMIT &&
            statement->certificate == SG_TRUST_CERTIFICATE_BAD)
            counts->refused++;
        else if (statement->stands)
            counts->stand++;
        else if (statement->is_cut_off)
            counts->cut_off++;
        else
            counts->waiting++;
    }
}

/* Hashes all that the answers depend on. */
static struct sg_hash digest(const struct sg_trust *trust)
{
    struct sg_sha256 ctx;
    struct sg_hash hash;

    sg_crypto_sha256_init(&ctx);
    sg_crypto_sha256_update(&ctx, (const uint8_t *)trust->root_ids,
                            trust->n_roots * sizeof trust->root_ids[0]);
    sg_crypto_sha256_update(&ctx, (const uint8_t *)trust->is_behind,
                            trust->n_roots * sizeof trust->is_behind[0]);
    sg_crypto_sha256_update(&ctx, (const uint8_t *)&trust->floor.ms,
                            sizeof trust->floor.ms);
    for (uint32_t i = 0; i < trust->n_statements; i++) {
        const struct sg_trust_statement *statement =
            &trust->statements[trust->by_id[i]];

        if (statement->stands)
            sg_crypto_sha256_update(&ctx, statement->id.bytes,
                                    sizeof statement->id.bytes);
    }
    sg_crypto_sha256_final(&ctx, &hash);
    return hash;
}

bool sg_trust_judge(struct sg_trust *trust)
{
    struct sg_hash before = trust->digest;

    unfile(trust);
    if (trust->has_new_links)
        judge_roots(trust);
    judge_signatures(trust);
    judge_places(trust);
    judge_standing(trust);
    judge_lifts(trust);
    judge_files(trust);
    judge_floor(trust);
    count(trust);
    trust->digest = digest(trust);
    return memcmp(&before, &trust->digest, sizeof before) != 0;
}
