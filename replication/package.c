#include "replication/package.h"

#include <string.h>

#include "storage/base/check.h"
#include "storage/base/reader.h"

#define ENTRY_VERSION 1

#define FLAG_CHECKPOINT 1u
#define FLAG_FRESH      2u
#define FLAG_FILLING    4u
#define FLAG_ZERO       8u
#define FLAG_VERSION    4 /* its lowest bit */

/* A run: (run - 1)·64 + state·16 + kind. */
#define RUN_KINDS 16u
#define RUN_STEP  64u

_Static_assert(SG_ENTRY_KIND_MAX < RUN_KINDS, "a kind fits a run");
_Static_assert(SG_PACKAGE_ENTRIES_MAX <= UINT8_MAX + 1, "positions are a byte");

struct sg_log_ref sg_package_ref(const struct sg_log_id *log)
{
    struct sg_log_ref ref;

    memcpy(ref.bytes, log->hash.bytes, sizeof ref.bytes);
    return ref;
}

/* --- Ranges --------------------------------------------------------------- */

uint64_t sg_package_end_max(uint64_t first, uint64_t size)
{
    uint64_t left = SG_PACKAGE_ENTRIES_MAX - first % SG_PACKAGE_ENTRIES_MAX;

    SG_ASSERT(first <= size);
    return left < size - first ? first + left : size;
}

uint64_t sg_package_reach(uint64_t first, uint64_t end, uint64_t size,
                          bool is_fresh)
{
    struct sg_merkle_range ranges[SG_MERKLE_HASHES_MAX];
    size_t i = 0;

    SG_ASSERT(first < end);
    SG_ASSERT(end <= size);
    if (is_fresh)
        return size;
    (void)sg_merkle_plan_extension(first, size, ranges);
    while (ranges[i].end < end)
        i++;
    return ranges[i].end;
}

static size_t count_nodes(const struct sg_package_head *head, uint64_t size)
{
    struct sg_merkle_range ranges[SG_MERKLE_HASHES_MAX];
    uint64_t end = sg_package_end(head), reach;

    if (head->is_filling)
        return 0;
    reach = sg_package_reach(head->first, end, size, head->is_fresh);
    return sg_merkle_plan_extension(end, reach, ranges);
}

/* The checkpoint's size: the package's own, or the one before it. */
static uint64_t size_toward(const struct sg_package_head *head, uint64_t size)
{
    return head->has_checkpoint ? head->size : size;
}

/* --- Reading -------------------------------------------------------------- */

static void check(struct sg_reader *reader, bool holds)
{
    if (!holds)
        sg_reader_fail(reader, SG_ERR_MALFORMED);
}

static void read_flags(struct sg_reader *reader, struct sg_package_head *head)
{
    unsigned flags = sg_reader_u8(reader);

    if (flags >> FLAG_VERSION != ENTRY_VERSION - 1)
        sg_reader_fail(reader, SG_ERR_VERSION);
    head->has_checkpoint = (flags & FLAG_CHECKPOINT) != 0;
    head->is_fresh = (flags & FLAG_FRESH) != 0;
    head->is_filling = (flags & FLAG_FILLING) != 0;
    check(reader, (flags & FLAG_ZERO) == 0);
    if (head->is_fresh)
        check(reader, head->has_checkpoint);
    if (head->is_filling)
        check(reader, !head->has_checkpoint);
    if (head->number == 0)
        check(reader, head->is_fresh || head->is_filling);
}

/* Reads the entries' place: within one block of SG_PACKAGE_ENTRIES_MAX. */
static void read_range(struct sg_reader *reader, struct sg_package_head *head)
{
    uint64_t count, block;

    head->first = sg_reader_varint(reader);
    count = sg_reader_varint(reader);
    if (count > SG_PACKAGE_ENTRIES_MAX)
        sg_reader_fail(reader, SG_ERR_LIMIT);
    check(reader, count > 0);
    block = SG_PACKAGE_ENTRIES_MAX - head->first % SG_PACKAGE_ENTRIES_MAX;
    check(reader, count <= block);
    check(reader, count <= UINT64_MAX - head->first);
    if (reader->err == SG_OK)
        head->count = (size_t)count;
}

static void read_head(struct sg_reader *reader, struct sg_package_head *head)
{
    *head = (struct sg_package_head){.number = sg_reader_varint(reader)};
    if (head->number == 0)
        sg_reader_copy(reader, head->ref.bytes, sizeof head->ref.bytes);
    read_flags(reader, head);
    read_range(reader, head);
    if (!head->has_checkpoint)
        return;
    head->size = sg_reader_varint(reader);
    sg_reader_copy(reader, head->signature, sizeof head->signature);
    check(reader, head->size >= sg_package_end(head));
}

enum sg_err sg_package_peek(struct sg_bytes bytes,
                            struct sg_package_head *ret_head)
{
    struct sg_package_head head;
    struct sg_reader reader;

    sg_reader_init(&reader, bytes);
    read_head(&reader, &head);
    if (reader.err == SG_OK) {
        *ret_head = head;
    } else if (reader.err == SG_ERR_VERSION) {
        *ret_head =
            (struct sg_package_head){.number = head.number, .ref = head.ref};
    }
    return reader.err;
}

/* Reads states and kinds, in maximal runs. */
static void read_runs(struct sg_reader *reader, struct sg_package_body *body)
{
    size_t at = 0, count = body->head.count;
    uint64_t before = UINT64_MAX;

    while (reader->err == SG_OK && at < count) {
        uint64_t value = sg_reader_varint(reader);
        uint64_t run = value / RUN_STEP, what = value % RUN_STEP;

        if (what == before)
            sg_reader_fail(reader, SG_ERR_NOTCANONICAL);
        check(reader, run < count - at);
        check(reader, what / RUN_KINDS <= SG_PAYLOAD_ERASED);
        before = what;
        for (size_t end = at + run + 1; reader->err == SG_OK && at < end; at++)
            body->entries[at] = (struct sg_entry){
                .kind = (uint8_t)(what % RUN_KINDS),
                .state = (enum sg_payload_state)(what / RUN_KINDS)};
    }
}

static bool is_keyed(const struct sg_entry *entry)
{
    return entry->kind >= SG_ENTRY_SEALED;
}

static size_t count_keyed(const struct sg_package_body *body)
{
    size_t keyed = 0;

    for (size_t i = 0; i < body->head.count; i++)
        keyed += is_keyed(&body->entries[i]);
    return keyed;
}

/* The distinct key entries of a package, ascending. */
struct keys {
    size_t count;
    uint64_t entries[SG_PACKAGE_ENTRIES_MAX];
};

static void read_keys(struct sg_reader *reader, size_t keyed, struct keys *keys)
{
    uint64_t count = sg_reader_varint(reader);

    check(reader, count > 0);
    check(reader, count <= keyed);
    keys->count = 0;
    while (reader->err == SG_OK && keys->count < count) {
        uint64_t value = sg_reader_varint(reader);

        if (keys->count > 0) {
            uint64_t last = keys->entries[keys->count - 1];

            check(reader, value < UINT64_MAX - last);
            value += last + 1;
        }
        keys->entries[keys->count++] = value;
    }
}

/* Gives each keyed entry its key; every row of the table is used. */
static void read_positions(struct sg_reader *reader, const struct keys *keys,
                           struct sg_package_body *body)
{
    bool is_used[SG_PACKAGE_ENTRIES_MAX] = {false};
    size_t used = 0;

    for (size_t i = 0; reader->err == SG_OK && i < body->head.count; i++) {
        size_t position = 0;

        if (!is_keyed(&body->entries[i]))
            continue;
        if (keys->count > 1)
            position = sg_reader_u8(reader);
        check(reader, position < keys->count);
        if (reader->err != SG_OK)
            return;
        body->entries[i].key_entry = keys->entries[position];
        used += !is_used[position];
        is_used[position] = true;
    }
    if (reader->err == SG_OK && used < keys->count)
        sg_reader_fail(reader, SG_ERR_NOTCANONICAL);
}

static void read_key_entries(struct sg_reader *reader,
                             struct sg_package_body *body)
{
    size_t keyed = reader->err == SG_OK ? count_keyed(body) : 0;
    struct keys keys;

    if (keyed == 0)
        return;
    read_keys(reader, keyed, &keys);
    read_positions(reader, &keys, body);
}

static void read_lengths(struct sg_reader *reader, struct sg_package_body *body)
{
    for (size_t i = 0; reader->err == SG_OK && i < body->head.count; i++) {
        uint64_t length = sg_reader_varint(reader);

        if (length > SG_PAYLOAD_SIZE_MAX) {
            sg_reader_fail(reader, SG_ERR_LIMIT);
            return;
        }
        body->entries[i].length = (uint32_t)length;
        if (reader->err == SG_OK)
            check(reader, sg_entry_check(&body->entries[i],
                                         body->head.first + i) == SG_OK);
    }
}

static void read_nodes(struct sg_reader *reader, uint64_t size,
                       struct sg_package_body *body)
{
    body->node_count = 0;
    if (reader->err != SG_OK)
        return;
    body->node_count = count_nodes(&body->head, size);
    for (size_t i = 0; i < body->node_count; i++)
        sg_reader_copy(reader, body->nodes[i].bytes,
                       sizeof body->nodes[i].bytes);
}

static void read_payload(struct sg_reader *reader,
                         const struct sg_entry_hasher *hasher,
                         struct sg_entry *entry)
{
    if (entry->state == SG_PAYLOAD_PRESENT) {
        entry->payload = sg_reader_take(reader, entry->length);
        if (reader->err == SG_OK)
            entry->payload_hash = sg_entry_payload_hash(hasher, entry->payload);
        return;
    }
    sg_reader_copy(reader, entry->payload_hash.bytes,
                   sizeof entry->payload_hash.bytes);
    if (entry->state == SG_PAYLOAD_ERASED)
        sg_reader_copy(reader, entry->erased_by, sizeof entry->erased_by);
}

enum sg_err sg_package_decode(struct sg_bytes bytes, uint64_t size,
                              const struct sg_entry_hasher *hasher,
                              struct sg_package_body *ret_body)
{
    struct sg_reader reader;

    sg_reader_init(&reader, bytes);
    read_head(&reader, &ret_body->head);
    size = size_toward(&ret_body->head, size);
    if (!ret_body->head.is_filling)
        check(&reader, size >= sg_package_end(&ret_body->head));
    read_runs(&reader, ret_body);
    read_key_entries(&reader, ret_body);
    read_lengths(&reader, ret_body);
    read_nodes(&reader, size, ret_body);
    for (size_t i = 0; reader.err == SG_OK && i < ret_body->head.count; i++)
        read_payload(&reader, hasher, &ret_body->entries[i]);
    return sg_reader_end(&reader);
}

/* --- Writing -------------------------------------------------------------- */

static void write_head(struct sg_writer *writer,
                       const struct sg_package_head *head)
{
    unsigned flags = (head->has_checkpoint ? FLAG_CHECKPOINT : 0) |
                     (head->is_fresh ? FLAG_FRESH : 0) |
                     (head->is_filling ? FLAG_FILLING : 0) |
                     (ENTRY_VERSION - 1) << FLAG_VERSION;

    sg_writer_varint(writer, head->number);
    if (head->number == 0)
        sg_writer_bytes(writer, SG_BYTES_ARRAY(head->ref.bytes));
    sg_writer_u8(writer, (uint8_t)flags);
    sg_writer_varint(writer, head->first);
    sg_writer_varint(writer, head->count);
    if (!head->has_checkpoint)
        return;
    sg_writer_varint(writer, head->size);
    sg_writer_bytes(writer, SG_BYTES_ARRAY(head->signature));
}

static unsigned run_value(const struct sg_entry *entry)
{
    return (unsigned)entry->state * RUN_KINDS + entry->kind;
}

static void write_runs(struct sg_writer *writer,
                       const struct sg_package_body *body)
{
    size_t at = 0, count = body->head.count;

    while (at < count) {
        unsigned value = run_value(&body->entries[at]);
        size_t run = 1;

        while (at + run < count && run_value(&body->entries[at + run]) == value)
            run++;
        sg_writer_varint(writer, (run - 1) * RUN_STEP + value);
        at += run;
    }
}

/* Finds the place of ENTRY in KEYS: the first that is not smaller. */
static size_t find_key(const struct keys *keys, uint64_t entry)
{
    size_t low = 0, high = keys->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (keys->entries[middle] < entry)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void add_key(struct keys *keys, uint64_t entry)
{
    size_t at = find_key(keys, entry);

    if (at < keys->count && keys->entries[at] == entry)
        return;
    SG_ASSERT(keys->count < SG_PACKAGE_ENTRIES_MAX);
    memmove(keys->entries + at + 1, keys->entries + at,
            (keys->count - at) * sizeof keys->entries[0]);
    keys->entries[at] = entry;
    keys->count++;
}

static void write_key_entries(struct sg_writer *writer,
                              const struct sg_package_body *body)
{
    struct keys keys = {.count = 0};

    for (size_t i = 0; i < body->head.count; i++) {
        if (is_keyed(&body->entries[i]))
            add_key(&keys, body->entries[i].key_entry);
    }
    if (keys.count == 0)
        return;
    sg_writer_varint(writer, keys.count);
    sg_writer_varint(writer, keys.entries[0]);
    for (size_t i = 1; i < keys.count; i++)
        sg_writer_varint(writer, keys.entries[i] - keys.entries[i - 1] - 1);
    for (size_t i = 0; keys.count > 1 && i < body->head.count; i++) {
        if (is_keyed(&body->entries[i]))
            sg_writer_u8(writer,
                         (uint8_t)find_key(&keys, body->entries[i].key_entry));
    }
}

static void write_payload(struct sg_writer *writer,
                          const struct sg_entry *entry)
{
    if (entry->state == SG_PAYLOAD_PRESENT) {
        SG_ASSERT(entry->payload.size == entry->length);
        sg_writer_bytes(writer, entry->payload);
        return;
    }
    sg_writer_bytes(writer, SG_BYTES_ARRAY(entry->payload_hash.bytes));
    if (entry->state == SG_PAYLOAD_ERASED)
        sg_writer_bytes(writer, SG_BYTES_ARRAY(entry->erased_by));
}

static void check_head(const struct sg_package_head *head)
{
    SG_ASSERT(head->count > 0);
    SG_ASSERT(sg_package_end(head) <=
              sg_package_end_max(head->first, UINT64_MAX));
    if (head->has_checkpoint)
        SG_ASSERT(head->size >= sg_package_end(head));
    if (head->is_fresh)
        SG_ASSERT(head->has_checkpoint);
    if (head->is_filling)
        SG_ASSERT(!head->has_checkpoint);
    if (head->number == 0)
        SG_ASSERT(head->is_fresh || head->is_filling);
}

enum sg_err sg_package_encode(const struct sg_package_body *body,
                              struct sg_writer *writer)
{
    const struct sg_package_head *head = &body->head;

    check_head(head);
    if (head->has_checkpoint)
        SG_ASSERT(body->node_count == count_nodes(head, head->size));
    if (head->is_filling)
        SG_ASSERT(body->node_count == 0);
    write_head(writer, head);
    write_runs(writer, body);
    write_key_entries(writer, body);
    for (size_t i = 0; i < head->count; i++) {
        SG_ASSERT(sg_entry_check(&body->entries[i], head->first + i) == SG_OK);
        sg_writer_varint(writer, body->entries[i].length);
    }
    for (size_t i = 0; i < body->node_count; i++)
        sg_writer_bytes(writer, SG_BYTES_ARRAY(body->nodes[i].bytes));
    for (size_t i = 0; i < head->count; i++)
        write_payload(writer, &body->entries[i]);
    return writer->err;
}

/* --- How much fits -------------------------------------------------------- */

static size_t varint_size(uint64_t value)
{
    size_t size = 1;

    while (value >= 0x80) {
        value >>= 7;
        size++;
    }
    return size;
}

/* Bytes of all but entries and nodes, with the largest count. */
static size_t head_size(const struct sg_package_head *head)
{
    size_t size = varint_size(head->number) + 1 + varint_size(head->first) + 2;

    if (head->number == 0)
        size += sizeof head->ref;
    if (head->has_checkpoint)
        size += varint_size(head->size) + sizeof head->signature;
    return size + 2; /* the count of keys */
}

/* Bytes of ENTRY after BEFORE (NULL: it is the first): its run, key and length
 * at the most, and its payload. */
static size_t entry_size(const struct sg_entry *entry,
                         const struct sg_entry *before)
{
    size_t size = varint_size(entry->length);

    if (before == NULL || run_value(entry) != run_value(before))
        size += 2;
    if (is_keyed(entry))
        size++;
    if (is_keyed(entry) &&
        (before == NULL || entry->key_entry != before->key_entry))
        size += varint_size(entry->key_entry);
    if (entry->state == SG_PAYLOAD_PRESENT)
        return size + entry->length;
    size += sizeof entry->payload_hash;
    return size +
           (entry->state == SG_PAYLOAD_ERASED ? sizeof entry->erased_by : 0);
}

static size_t nodes_size(const struct sg_package_head *head, uint64_t end,
                         uint64_t size)
{
    struct sg_merkle_range ranges[SG_MERKLE_HASHES_MAX];
    uint64_t reach;

    if (head->is_filling)
        return 0;
    reach = sg_package_reach(head->first, end, size, head->is_fresh);
    return sizeof(struct sg_hash) *
           sg_merkle_plan_extension(end, reach, ranges);
}

/* Says whether a package of BODY bytes, of them NODES, is cheaper than the best
 * so far: each costs a frame and an acknowledgement, too. */
static bool is_cheaper(size_t body, size_t nodes, size_t best_body,
                       size_t best_nodes)
{
    return (nodes + SG_PACKAGE_EXTRA) * best_body <=
           (best_nodes + SG_PACKAGE_EXTRA) * body;
}

size_t sg_package_fit(const struct sg_package_head *head,
                      const struct sg_entry entries[], size_t count,
                      uint64_t size, size_t body_max)
{
    uint64_t first = head->first;
    uint64_t block = sg_package_end_max(first, size) - first;
    size_t fits = 0, total = head_size(head), nodes;
    size_t fits_total = 0, fits_nodes = 0;
    bool is_small = body_max <= SG_PACKAGE_SMALL;

    if (body_max > SG_MESSAGE_SIZE_MAX)
        body_max = SG_MESSAGE_SIZE_MAX;
    if (count > block)
        count = (size_t)block;
    for (size_t i = 0; i < count && entries[i].kind <= SG_ENTRY_KIND_MAX; i++) {
        total += entry_size(&entries[i], i > 0 ? &entries[i - 1] : NULL);
        if (i > 0 && total > body_max)
            break;
        nodes = nodes_size(head, first + i + 1, size);
        if (i > 0 &&
            (total + nodes > body_max ||
             (is_small && !is_cheaper(total, nodes, fits_total, fits_nodes))))
            continue;
        fits = i + 1;
        fits_total = total;
        fits_nodes = nodes;
    }
    return fits;
}
