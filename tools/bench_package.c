/* Packages: the bytes of a record on the wire, in bulk and pushed, and how fast
 * a receiver reads and verifies them in memory. All messages that a record
 * costs are counted as frames of their own: packages, `stored`, `credit`, with
 * what Noise adds. */
#include <stdio.h>
#include <string.h>

#include "replication/credit.h"
#include "replication/flow.h"
#include "replication/frame.h"
#include "replication/package.h"
#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "tools/bench_store.h"

#define ENTRIES      65536u /* of the log that is sent */
#define KEYS         2u     /* reader sets, turn by turn */
#define SIGNED_COUNT 20000u
#define NAME_SIZE    64
/* Issue 4: bytes a record, entries a second. */
#define GOAL_BULK_W     150.0
#define GOAL_BULK_OTHER 290.0
#define GOAL_PUSH_W     330.0
#define GOAL_VERIFIED   500000.0
/* Two seconds of a link of 2 kbit/s. */
#define SLOW_SIZE 500u

struct work {
    struct sg_bench_workload *workload;
    struct sg_entry_hasher hasher;
    struct sg_package_log log;
    struct sg_sign_key key;
    struct sg_checkpoint checkpoint;
    struct sg_entry *entries;
    struct sg_hash *leaves;
    struct sg_buf payloads;
    struct sg_buf packages; /* bodies, one after the other */
    size_t *sizes;          /* of them */
    size_t count;
    struct sg_package_body body;
    struct sg_package_receiver receiver;
    struct sg_package_result result;
    uint8_t room[SG_MESSAGE_SIZE_MAX];
};

static const char *name_of(char name[NAME_SIZE], const char *what,
                           const struct sg_bench_workload *workload)
{
    (void)snprintf(name, NAME_SIZE, "sync/%s_%s", what, workload->name);
    return name;
}

static bool is_w(const struct sg_bench_workload *workload)
{
    return workload->kind == SG_SEAL_OPAQUE;
}

/* --- The log -------------------------------------------------------------- */

static void init_log(struct work *work)
{
    static const struct sg_registry_id registry;
    uint8_t seed[SG_KEY_SIZE] = "a bench has no secret to keep";

    sg_entry_hasher_init(&work->hasher, &registry);
    work->log.hasher = &work->hasher;
    work->log.core = (struct sg_log_core){.kind = SG_LOG_RECORDS};
    sg_crypto_sign_keypair(seed, &work->key, work->log.core.node_key);
    work->log.id = sg_entry_log_id(&registry, &work->log.core);
}

static enum sg_err add_entry(struct work *work, size_t index,
                             enum sg_entry_kind kind, uint64_t key_entry,
                             struct sg_bytes payload)
{
    enum sg_err err = sg_entry_make(&work->hasher, kind, key_entry, payload,
                                    &work->entries[index]);

    if (err == SG_OK)
        work->leaves[index] = sg_entry_leaf(&work->entries[index]);
    return err;
}

/* The opening and the content keys; a receiver does not look into the latter.
 */
static enum sg_err add_first(struct work *work)
{
    static const uint8_t wraps[3 * 88];
    static uint8_t bytes[SG_OPENING_SIZE_MAX];
    struct sg_opening opening = {.core = work->log.core};
    size_t size = sg_entry_opening_encode(&opening, bytes);
    enum sg_err err =
        add_entry(work, 0, SG_ENTRY_OPENING, 0, sg_bytes(bytes, size));

    for (size_t i = 1; i <= KEYS && err == SG_OK; i++)
        err =
            add_entry(work, i, SG_ENTRY_CONTENT_KEY, 0, SG_BYTES_ARRAY(wraps));
    return err;
}

/* Seals the records, which take turns with the reader sets; their payloads lie
 * one after the other and do not move. */
static enum sg_err seal_records(struct work *work, struct sg_sealer *sealer)
{
    struct sg_seal_keys keys[KEYS];
    enum sg_err err = SG_OK;

    for (size_t i = 0; i < KEYS; i++) {
        uint8_t key[SG_KEY_SIZE] = {(uint8_t)(1 + i)};

        sg_seal_keys_init(&keys[i], &work->hasher.registry, &work->log.id, key);
    }
    for (size_t i = 1 + KEYS; i < ENTRIES && err == SG_OK; i++) {
        struct sg_seal_place place = {i, 1 + i % KEYS};
        size_t before = work->payloads.size;

        err = sg_seal_encode(
            sealer, &keys[i % KEYS], &place, work->workload->kind,
            sg_bench_store_body(work->workload), &work->payloads);
        work->entries[i].length = (uint32_t)(work->payloads.size - before);
    }
    return err;
}

static enum sg_err add_records(struct work *work)
{
    const uint8_t *at = work->payloads.data;
    enum sg_err err = SG_OK;

    for (size_t i = 1 + KEYS; i < ENTRIES && err == SG_OK; i++) {
        size_t size = work->entries[i].length;

        err = add_entry(work, i, SG_ENTRY_SEALED, 1 + i % KEYS,
                        sg_bytes(at, size));
        at += size;
    }
    return err;
}

static struct sg_hash range_root(const struct work *work, uint64_t start,
                                 uint64_t end)
{
    struct sg_frontier frontier = {.size = 0};

    for (uint64_t i = start; i < end; i++)
        sg_merkle_append(&frontier, &work->leaves[i], NULL, NULL);
    return sg_merkle_root(&frontier);
}

static enum sg_err make_log(struct work *work)
{
    struct sg_sealer *sealer;
    struct sg_hash root;
    enum sg_err err = sg_seal_sealer_new(&sealer);

    if (err != SG_OK)
        return err;
    init_log(work);
    err = add_first(work);
    if (err == SG_OK)
        err = seal_records(work, sealer);
    if (err == SG_OK)
        err = add_records(work);
    sg_seal_sealer_free(sealer);
    if (err != SG_OK)
        return err;
    root = range_root(work, 0, ENTRIES);
    sg_checkpoint_sign(&work->hasher.registry, &work->log.id, &work->key,
                       ENTRIES, &root, &work->checkpoint);
    return SG_OK;
}

/* --- Packages ------------------------------------------------------------- */

/* Bytes on the wire of a message with a body of SIZE, alone in its frames. */
static double wire(size_t size)
{
    uint8_t bytes[SG_MESSAGE_HEADER_SIZE_MAX];
    const size_t plain_max = SG_NOISE_SIZE_MAX - SG_SEAL_TAG_SIZE;
    struct sg_writer writer;
    size_t plain, frames;

    sg_writer_init_array(&writer, bytes, sizeof bytes);
    sg_writer_u8(&writer, 0);
    sg_writer_varint(&writer, size);
    plain = writer.size + size;
    frames = (plain + plain_max - 1) / plain_max;
    return (double)(plain + frames * (SG_FRAME_HEADER_SIZE + SG_SEAL_TAG_SIZE));
}

/* The head of a package from FIRST toward SIZE, without its count. */
static struct sg_package_head make_head(const struct work *work,
                                        uint64_t number, uint64_t first,
                                        uint64_t size, bool is_fresh)
{
    struct sg_package_head head = {.number = number,
                                   .has_checkpoint = is_fresh,
                                   .is_fresh = is_fresh,
                                   .first = first};

    if (number == 0)
        head.ref = sg_package_ref(&work->log.id);
    if (is_fresh) {
        head.size = size;
        memcpy(head.signature, work->checkpoint.signature,
               sizeof head.signature);
    }
    return head;
}

/* Makes the body of COUNT entries behind HEAD, toward SIZE. */
static void make_body(struct work *work, const struct sg_package_head *head,
                      size_t count, uint64_t size)
{
    struct sg_merkle_range ranges[SG_MERKLE_HASHES_MAX];
    struct sg_package_body *body = &work->body;
    uint64_t first = head->first, end = first + count;

    body->head = *head;
    body->head.count = count;
    memcpy(body->entries, work->entries + first,
           count * sizeof body->entries[0]);
    body->node_count = sg_merkle_plan_extension(
        end, sg_package_reach(first, end, size, head->is_fresh), ranges);
    for (size_t i = 0; i < body->node_count; i++)
        body->nodes[i] = range_root(work, ranges[i].start, ranges[i].end);
}

/* Appends the body that was made to the packages. */
static enum sg_err keep_body(struct work *work)
{
    struct sg_writer writer;
    enum sg_err err;

    sg_writer_init_buf(&writer, &work->packages);
    err = sg_package_encode(&work->body, &writer);
    if (err == SG_OK)
        err = sg_writer_end(&writer);
    if (err == SG_OK)
        work->sizes[work->count++] = writer.size;
    return err;
}

/* Lays out the first LIMIT entries of the log in packages of at most BODY_MAX
 * bytes. */
static enum sg_err make_packages(struct work *work, uint64_t limit,
                                 size_t body_max)
{
    enum sg_err err = SG_OK;
    uint64_t first = 0;

    sg_buf_truncate(&work->packages, 0);
    work->count = 0;
    while (first < limit && err == SG_OK) {
        struct sg_package_head head =
            make_head(work, 1, first, ENTRIES, first == 0);
        size_t count =
            sg_package_fit(&head, work->entries + first,
                           (size_t)(limit - first), ENTRIES, body_max);

        make_body(work, &head, count, ENTRIES);
        err = keep_body(work);
        first += count;
    }
    return err;
}

/* Bytes on the wire of all packages, of `stored` after each, and of `credit`
 * whenever it is due. */
static double count_bytes(struct work *work)
{
    struct sg_credit credit;
    struct sg_writer writer;
    double bytes = 0;

    sg_credit_init(&credit);
    for (size_t i = 0; i < work->count; i++) {
        struct sg_flow_stored stored = {.number = 1, .held = ENTRIES};
        uint64_t total;

        bytes += wire(work->sizes[i]);
        sg_writer_init_array(&writer, work->room, sizeof work->room);
        sg_flow_stored_encode(&stored, 1, &writer);
        bytes += wire(writer.size);
        if (sg_credit_use(&credit, work->sizes[i]) != SG_OK)
            SG_ASSERT(false);
        sg_credit_settle(&credit, work->sizes[i]);
        if (!sg_credit_grant(&credit, &total))
            continue;
        sg_writer_init_array(&writer, work->room, sizeof work->room);
        sg_flow_credit_encode(total, &writer);
        bytes += wire(writer.size);
    }
    return bytes;
}

static enum sg_err run_bulk(struct sg_bench *bench, struct work *work,
                            const char *what, uint64_t limit, size_t body_max,
                            enum sg_bench_goal goal_kind)
{
    char name[NAME_SIZE];
    struct sg_bench_figure figure = {
        .name = name_of(name, what, work->workload),
        .unit = "B",
        .goal = is_w(work->workload) ? GOAL_BULK_W : GOAL_BULK_OTHER,
        .goal_kind = goal_kind};
    enum sg_err err = make_packages(work, limit, body_max);

    if (err != SG_OK)
        return err;
    figure.value = count_bytes(work) / (double)limit;
    sg_bench_print(bench, &figure);
    return SG_OK;
}

/* One new record to a peer that holds all before it, and its `stored`: the mean
 * over the last package's. */
static enum sg_err run_push(struct sg_bench *bench, struct work *work)
{
    char name[NAME_SIZE];
    struct sg_bench_figure figure = {
        .name = name_of(name, "push", work->workload),
        .unit = "B",
        .goal = GOAL_PUSH_W,
        .goal_kind =
            is_w(work->workload) ? SG_BENCH_AT_MOST : SG_BENCH_NO_GOAL};
    struct sg_flow_stored stored = {.ref = sg_package_ref(&work->log.id),
                                    .held = ENTRIES};
    struct sg_writer writer;

    for (uint64_t i = ENTRIES - SG_PACKAGE_ENTRIES_MAX; i < ENTRIES; i++) {
        struct sg_package_head head = make_head(work, 0, i, i + 1, true);

        make_body(work, &head, 1, i + 1);
        sg_writer_init_array(&writer, work->room, sizeof work->room);
        if (sg_package_encode(&work->body, &writer) != SG_OK)
            return writer.err;
        figure.value += wire(writer.size);
    }
    sg_writer_init_array(&writer, work->room, sizeof work->room);
    sg_flow_stored_encode(&stored, 1, &writer);
    figure.value = figure.value / SG_PACKAGE_ENTRIES_MAX + wire(writer.size);
    sg_bench_print(bench, &figure);
    return SG_OK;
}

/* --- Verification --------------------------------------------------------- */

/* Takes the whole log in packages, as a receiver that knows nothing of it. */
static enum sg_err verify_all(void *context)
{
    static const struct sg_frontier nothing;
    static const struct sg_checkpoint none;
    struct work *work = context;
    const uint8_t *at = work->packages.data;

    sg_package_receiver_init(&work->receiver, &nothing, &none);
    for (size_t i = 0; i < work->count; i++) {
        struct sg_bytes bytes = sg_bytes(at, work->sizes[i]);
        enum sg_err err =
            sg_package_decode(bytes, ENTRIES, &work->hasher, &work->body);

        if (err != SG_OK)
            return err;
        if (sg_package_verify(&work->log, &work->body, ENTRIES, &work->receiver,
                              &work->result) != SG_PACKAGE_FITS)
            return SG_ERR_PROOF;
        at += bytes.size;
    }
    return work->receiver.held.size == ENTRIES ? SG_OK : SG_ERR_PROOF;
}

/* The machine's own: the payload, the leaf and a node of the tree hashed. */
static enum sg_err hash_limit(const struct sg_bench *bench,
                              const struct work *work, double *ret_limit)
{
    const size_t sizes[] = {work->payloads.size / ENTRIES,
                            1 + SG_ENTRY_HEADER_SIZE, 1 + 2 * 32};
    double seconds = 0, rate;

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        enum sg_err err = sg_bench_limits_hash(bench, sizes[i], &rate);

        if (err != SG_OK)
            return err;
        seconds += 1 / rate;
    }
    *ret_limit = 1 / seconds;
    return SG_OK;
}

static enum sg_err run_verify(struct sg_bench *bench, struct work *work)
{
    char name[NAME_SIZE];
    struct sg_bench_figure figure = {
        .name = name_of(name, "verify", work->workload),
        .unit = "/s",
        .goal = GOAL_VERIFIED,
        .goal_kind =
            is_w(work->workload) ? SG_BENCH_AT_LEAST : SG_BENCH_NO_GOAL};
    enum sg_err err = make_packages(work, ENTRIES, SG_MESSAGE_SIZE_MAX);

    if (err == SG_OK)
        err = hash_limit(bench, work, &figure.limit);
    if (err == SG_OK)
        err = sg_bench_rate(bench, ENTRIES, UINT64_MAX, verify_all, work,
                            &figure.value);
    if (err == SG_OK)
        sg_bench_print(bench, &figure);
    return err;
}

static enum sg_err run(struct sg_bench *bench, struct work *work)
{
    enum sg_err err = make_log(work);

    if (err == SG_OK)
        err = run_bulk(bench, work, "bulk", ENTRIES, SG_MESSAGE_SIZE_MAX,
                       SG_BENCH_AT_MOST);
    if (err == SG_OK)
        err = run_bulk(bench, work, "slow", ENTRIES / 16, SLOW_SIZE,
                       SG_BENCH_NO_GOAL);
    if (err == SG_OK)
        err = run_push(bench, work);
    return err == SG_OK ? run_verify(bench, work) : err;
}

static enum sg_err run_workload(struct sg_bench *bench,
                                struct sg_bench_workload *workload)
{
    static struct work work;
    enum sg_err err = SG_ERR_NOMEM;

    memset(&work, 0, sizeof work);
    work.workload = workload;
    work.entries = sg_calloc(ENTRIES, sizeof *work.entries);
    work.leaves = sg_calloc(ENTRIES, sizeof *work.leaves);
    work.sizes = sg_calloc(ENTRIES, sizeof *work.sizes);
    sg_buf_init(&work.payloads, (size_t)1 << 30);
    sg_buf_init(&work.packages, (size_t)1 << 30);
    if (work.entries != NULL && work.leaves != NULL && work.sizes != NULL)
        err = run(bench, &work);
    if (err != SG_OK)
        (void)fprintf(stderr, "bench: packages: %s\n",
                      sg_err_text(err, SG_LANG_EN));
    sg_buf_clear(&work.packages);
    sg_buf_clear(&work.payloads);
    sg_free(work.sizes);
    sg_free(work.leaves);
    sg_free(work.entries);
    return err;
}

enum sg_err sg_bench_package(struct sg_bench *bench)
{
    struct sg_bench_figure none = {.name = "sync/bulk_W",
                                   .unit = "B",
                                   .missing = "no --workload: see --help"};
    struct sg_bench_workload workload;
    enum sg_err err = sg_bench_store_invent(SIGNED_COUNT, &workload);

    if (err != SG_OK)
        return err;
    err = run_workload(bench, &workload);
    sg_bench_store_clear(&workload);
    if (err != SG_OK)
        return err;
    if (bench->workload == NULL) {
        sg_bench_print(bench, &none);
        return SG_OK;
    }
    err = sg_bench_store_load(bench->workload, &workload);
    if (err != SG_OK)
        return err;
    err = run_workload(bench, &workload);
    sg_bench_store_clear(&workload);
    return err;
}
