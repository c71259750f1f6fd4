#include "tools/erasing.h"

#include <stdlib.h>
#include <string.h>

#include "node/erasure.h"
#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/base/text.h"
#include "storage/lmdb/batch.h"
#include "storage/registry/admission.h"

/* Of one statement (RECORDS.md 6.9), and bytes of its field 4 that leave room
 * for the others in a record. */
#define ENTRIES_MAX  800u
#define ENTRIES_SIZE 60000u
/* Bytes of one member: an array, a log, an index, two refs' heads. */
#define MEMBER_SIZE 64u
#define REF_SIZE    18u

/* --- Opening -------------------------------------------------------------- */

/* Scope keys that KEY opens. */
struct hearing {
    struct sg_erasing *erasing;
    const struct sg_key *key;
    bool is_more;
};

static enum sg_err hear(void *context, const struct sg_authority_scope *scope)
{
    struct hearing *hearing = context;
    struct sg_erasing *erasing = hearing->erasing;

    return sg_given_take(&erasing->given, &scope->id, erasing->seat->authority,
                         hearing->key, &hearing->is_more);
}

int sg_erasing_open(struct sg_seat *seat, struct sg_erasing *ret_erasing)
{
    struct sg_erasing *erasing = ret_erasing;
    struct hearing hearing = {.erasing = erasing, .key = seat->escrow};
    enum sg_err err = SG_OK;

    *erasing = (struct sg_erasing){.seat = seat};
    erasing->fetch = sg_alloc(sizeof *erasing->fetch);
    if (erasing->fetch == NULL)
        return sg_cli_fail_err(seat->cli, SG_ERR_NOMEM, seat->cli->dir);
    sg_fetch_init(erasing->fetch, (size_t)SG_MESSAGE_SIZE_MAX);
    if (seat->escrow != NULL)
        err = sg_authority_scope_each(seat->authority, hear, &hearing);
    if (err == SG_OK)
        err =
            sg_unseal_new(seat->home.store, seat->home.scope, &erasing->unseal);
    if (err != SG_OK)
        return sg_cli_fail_err(seat->cli, err, seat->cli->dir);
    sg_unseal_give(erasing->unseal, &erasing->given);
    return 0;
}

void sg_erasing_close(struct sg_erasing *erasing)
{
    sg_unseal_free(erasing->unseal);
    sg_given_clear(&erasing->given);
    if (erasing->fetch != NULL)
        sg_fetch_clear(erasing->fetch);
    sg_free(erasing->fetch);
    sg_free(erasing->entries);
    *erasing = (struct sg_erasing){.seat = NULL};
}

/* --- An entry ------------------------------------------------------------- */

/* Reads the record that ENTRY holds. Errors: as sg_unseal_body and
 * sg_record_decode; TYPE: it is no record. */
static enum sg_err read_record(struct sg_erasing *erasing,
                               const struct sg_store_log *log,
                               const struct sg_entry *entry, uint64_t index,
                               struct sg_record *ret_record)
{
    enum sg_seal_kind kind = SG_SEAL_RECORD;
    struct sg_bytes body = entry->payload;
    enum sg_err err = SG_OK;

    if (entry->kind == SG_ENTRY_SEALED)
        err = sg_unseal_body(erasing->unseal, log, entry, index, &kind, &body);
    if (err == SG_OK && kind != SG_SEAL_RECORD)
        err = SG_ERR_TYPE;
    return err == SG_OK ? sg_record_decode(body, ret_record) : err;
}

static enum sg_err add(struct sg_erasing *erasing,
                       const struct sg_store_log *log,
                       const struct sg_entry *from, uint64_t index,
                       const struct sg_record *record)
{
    struct sg_erasing_entry *entry;
    struct sg_hash id;

    if (!sg_alloc_grow((void **)&erasing->entries, erasing->count,
                       &erasing->capacity, sizeof *erasing->entries))
        return SG_ERR_NOMEM;
    sg_record_id(erasing->seat->registry, record->inner, &id);
    entry = &erasing->entries[erasing->count++];
    *entry = (struct sg_erasing_entry){
        .log = log->id,
        .index = index,
        .length = from->length,
        .record = sg_ref_of(&id),
        .subject = record->subject,
        .type = record->schema,
        .n_parents = record->n_parents,
    };
    for (unsigned i = 0; i < record->n_parents; i++)
        entry->parents[i] = sg_record_parent(record, i);
    return SG_OK;
}

/* Says why ENTRY, INDEX of the log NAME, cannot be erased; 0: it can. */
static int check_entry(const struct sg_cli *cli, const char *name,
                       const struct sg_entry *entry, uint64_t index)
{
    unsigned long long at = index;

    if (entry->state == SG_PAYLOAD_ERASED)
        return sg_cli_fail(cli, SG_EXIT_IMPOSSIBLE,
                           "%s %llu: it was erased before; sogoc erase list "
                           "has the orders",
                           "%s %llu: mục này đã được xóa từ trước; xem các "
                           "lệnh bằng sogoc erase list",
                           name, at);
    if (entry->state != SG_PAYLOAD_PRESENT)
        return sg_cli_fail(cli, SG_EXIT_IMPOSSIBLE,
                           "%s %llu: its payload is not held here: an order "
                           "has to name its record",
                           "%s %llu: nội dung không giữ tại đây, mà lệnh phải "
                           "ghi rõ bản ghi",
                           name, at);
    if (sg_admission_is_kept(entry->kind, entry->payload))
        return sg_cli_fail(cli, SG_EXIT_IMPOSSIBLE,
                           "%s %llu: openings, content keys and statements are "
                           "never erased; nothing was ordered",
                           "%s %llu: mục mở sổ, khóa nội dung và quyết định "
                           "không bao giờ bị xóa; chưa ra lệnh gì",
                           name, at);
    return 0;
}

static int fail_closed(const struct sg_cli *cli, const char *name,
                       uint64_t index)
{
    return sg_cli_fail(cli, SG_EXIT_KEY,
                       "%s %llu holds no record that keys/escrow.key here "
                       "opens, and an order has to name it; nothing was "
                       "ordered",
                       "%s %llu: keys/escrow.key ở đây không mở được bản ghi "
                       "nào, mà lệnh phải ghi rõ bản ghi; chưa ra lệnh gì",
                       name, (unsigned long long)index);
}

/* Adds entry INDEX of LOG, which NAME calls. */
static int add_named(struct sg_erasing *erasing, const struct sg_store_log *log,
                     const char *name, uint64_t index)
{
    const struct sg_cli *cli = erasing->seat->cli;
    const struct sg_entry *entry = &erasing->fetch->entries[0];
    struct sg_record record;
    enum sg_err err;
    int code;

    if (index >= log->row.frontier.size)
        return sg_cli_fail(cli, SG_EXIT_IMPOSSIBLE,
                           "%s: there is no entry %llu here; it has %llu",
                           "%s: ở đây không có mục %llu; nhật ký có %llu mục",
                           name, (unsigned long long)index,
                           (unsigned long long)log->row.frontier.size);
    err = sg_fetch_range(erasing->seat->home.store, log->number, index, 1,
                         erasing->fetch);
    if (err != SG_OK)
        return sg_cli_fail_err(cli, err, name);
    code = check_entry(cli, name, entry, index);
    if (code != 0)
        return code;
    if (read_record(erasing, log, entry, index, &record) != SG_OK)
        return fail_closed(cli, name, index);
    err = add(erasing, log, entry, index, &record);
    return err == SG_OK ? 0 : sg_cli_fail_err(cli, err, cli->dir);
}

/* --- All logs ------------------------------------------------------------- */

/* What is looked for: records about a person, or copies of records. */
struct looking {
    struct sg_erasing *erasing;
    const struct sg_uid *subject; /* NULL: the refs */
    struct sg_ref *refs;          /* ascending */
    size_t n_refs;
    struct sg_store_log *logs;
    size_t n_logs, capacity;
};

static int compare_refs(const void *a, const void *b)
{
    return sg_ref_compare(a, b);
}

static bool is_looked_for(const struct looking *looking,
                          const struct sg_record *record)
{
    struct sg_hash id;
    struct sg_ref ref;

    if (looking->subject != NULL)
        return sg_uid_compare(&record->subject, looking->subject) == 0;
    sg_record_id(looking->erasing->seat->registry, record->inner, &id);
    ref = sg_ref_of(&id);
    return bsearch(&ref, looking->refs, looking->n_refs, sizeof ref,
                   compare_refs) != NULL;
}

static enum sg_err look_at(const struct looking *looking,
                           const struct sg_store_log *log,
                           const struct sg_entry *entry, uint64_t index)
{
    struct sg_erasing *erasing = looking->erasing;
    struct sg_record record;
    enum sg_err err = read_record(erasing, log, entry, index, &record);

    if (err == SG_ERR_NOMEM || err == SG_ERR_FATAL)
        return err;
    if (err != SG_OK)
        erasing->unread += err != SG_ERR_TYPE;
    else if (is_looked_for(looking, &record))
        return add(erasing, log, entry, index, &record);
    return SG_OK;
}

/* Looks at what was fetched, key by key: each is opened once a fetch. */
static enum sg_err look_at_all(const struct looking *looking,
                               const struct sg_store_log *log)
{
    const struct sg_fetch *fetch = looking->erasing->fetch;
    bool is_done[SG_PACKAGE_ENTRIES_MAX] = {false};
    enum sg_err err = SG_OK;

    for (size_t i = 0; i < fetch->count; i++) {
        uint64_t key = fetch->entries[i].key_entry;

        for (size_t k = i; k < fetch->count && err == SG_OK; k++) {
            const struct sg_entry *entry = &fetch->entries[k];

            if (is_done[k] || entry->key_entry != key)
                continue;
            is_done[k] = true;
            if (entry->kind != SG_ENTRY_SEALED ||
                entry->state == SG_PAYLOAD_ERASED)
                continue;
            if (entry->state == SG_PAYLOAD_PRESENT)
                err = look_at(looking, log, entry, fetch->first + k);
            else
                looking->erasing->unread++;
        }
    }
    return err;
}

static enum sg_err look_through(const struct looking *looking,
                                const struct sg_store_log *log)
{
    struct sg_erasing *erasing = looking->erasing;

    for (uint64_t at = 0; at < log->row.frontier.size;) {
        enum sg_err err =
            sg_fetch_range(erasing->seat->home.store, log->number, at,
                           SG_PACKAGE_ENTRIES_MAX, erasing->fetch);

        if (err == SG_ERR_DAMAGED) {
            erasing->unread++;
            at++;
            continue;
        }
        if (err == SG_OK)
            err = look_at_all(looking, log);
        if (err != SG_OK)
            return err;
        at += erasing->fetch->count;
    }
    return SG_OK;
}

static enum sg_err take_log(void *context, const struct sg_store_log *log)
{
    struct looking *looking = context;

    if (log->row.core.kind != SG_LOG_RECORDS)
        return SG_OK;
    if (!sg_alloc_grow((void **)&looking->logs, looking->n_logs,
                       &looking->capacity, sizeof *looking->logs))
        return SG_ERR_NOMEM;
    looking->logs[looking->n_logs++] = *log;
    return SG_OK;
}

static int compare(const void *a, const void *b)
{
    const struct sg_erasing_entry *x = a, *y = b;
    int order = memcmp(&x->log, &y->log, sizeof x->log);

    return order != 0 ? order : (x->index > y->index) - (x->index < y->index);
}

/* Puts the entries in order, each once: a fork's sides have some in common. */
static void sort(struct sg_erasing *erasing)
{
    size_t n = 0;

    if (erasing->count < 2)
        return;
    qsort(erasing->entries, erasing->count, sizeof erasing->entries[0],
          compare);
    for (size_t i = 1; i < erasing->count; i++)
        if (compare(&erasing->entries[n], &erasing->entries[i]) != 0)
            erasing->entries[++n] = erasing->entries[i];
    erasing->count = n + 1;
}

/* Looks through all logs of records, on all sides of a fork. */
static int look(struct looking *looking)
{
    struct sg_erasing *erasing = looking->erasing;
    const struct sg_cli *cli = erasing->seat->cli;
    enum sg_err err =
        sg_store_each(erasing->seat->home.store, take_log, looking);

    for (size_t i = 0; i < looking->n_logs && err == SG_OK; i++)
        err = look_through(looking, &looking->logs[i]);
    sg_free(looking->logs);
    if (err != SG_OK)
        return sg_cli_fail_err(cli, err, cli->dir);
    sort(erasing);
    return 0;
}

static bool read_uid(const char *hex, struct sg_uid *ret_uid)
{
    struct sg_writer writer;

    sg_writer_init_array(&writer, ret_uid->bytes, sizeof ret_uid->bytes);
    sg_text_hex_decode(&writer, sg_bytes(hex, strlen(hex)));
    return sg_writer_end(&writer) == SG_OK &&
           writer.size == sizeof ret_uid->bytes;
}

int sg_erasing_person(struct sg_erasing *erasing, const char *uid)
{
    const struct sg_cli *cli = erasing->seat->cli;
    struct looking looking = {.erasing = erasing};
    struct sg_uid subject;
    int code;

    if (!read_uid(uid, &subject))
        return sg_cli_fail(cli, SG_EXIT_USAGE,
                           "%s: a person is his uid, 32 lowercase hex digits; "
                           "an entry is a log and a number",
                           "%s: người thì ghi mã gồm 32 chữ số hex thường; mục "
                           "thì ghi nhật ký và số mục",
                           uid);
    looking.subject = &subject;
    code = look(&looking);
    if (code != 0 || erasing->count > 0)
        return code;
    return sg_cli_fail(cli, SG_EXIT_IMPOSSIBLE,
                       "%s: nothing that can be opened here is about this "
                       "person, or all of it was erased (%llu entries do not "
                       "open)",
                       "%s: không có bản ghi nào mở được ở đây nói về người "
                       "này, hoặc đã xóa hết (%llu mục không mở được)",
                       uid, (unsigned long long)erasing->unread);
}

static int find_copies(struct sg_erasing *erasing)
{
    struct looking looking = {.erasing = erasing, .n_refs = erasing->count};
    int code;

    looking.refs = sg_calloc(erasing->count, sizeof *looking.refs);
    if (looking.refs == NULL)
        return sg_cli_fail_err(erasing->seat->cli, SG_ERR_NOMEM,
                               erasing->seat->cli->dir);
    for (size_t i = 0; i < erasing->count; i++)
        looking.refs[i] = erasing->entries[i].record;
    qsort(looking.refs, looking.n_refs, sizeof *looking.refs, compare_refs);
    code = look(&looking);
    sg_free(looking.refs);
    return code;
}

int sg_erasing_entries(struct sg_erasing *erasing, const char *name,
                       struct sg_cli_words indexes)
{
    const struct sg_cli *cli = erasing->seat->cli;
    struct sg_store_log log;
    int code = sg_home_log(cli, &erasing->seat->home, name, &log);

    for (int i = 0; i < indexes.count && code == 0; i++) {
        const char *text = indexes.words[i];
        uint64_t index;

        if (sg_text_decimal_decode(sg_bytes(text, strlen(text)), &index) !=
            SG_OK)
            return sg_cli_fail(cli, SG_EXIT_USAGE,
                               "%s: INDEX wants a whole number",
                               "%s: INDEX cần một số nguyên", text);
        code = add_named(erasing, &log, name, index);
    }
    return code == 0 ? find_copies(erasing) : code;
}

/* --- Saying it ------------------------------------------------------------ */

static void pack_entry(struct sg_pack *pack,
                       const struct sg_erasing_entry *entry)
{
    sg_pack_array(pack, 4);
    sg_pack_bin(pack, SG_BYTES_ARRAY(entry->log.hash.bytes));
    sg_pack_uint(pack, entry->index);
    sg_pack_bin(pack, SG_BYTES_ARRAY(entry->record.bytes));
    sg_pack_array(pack, entry->n_parents);
    for (unsigned i = 0; i < entry->n_parents; i++)
        sg_pack_bin(pack, SG_BYTES_ARRAY(entry->parents[i].bytes));
}

/* Returns how many entries from FIRST on one statement names. */
static size_t count_of_one(const struct sg_erasing *erasing, size_t first)
{
    size_t n = 0, size = 0;

    while (first + n < erasing->count && n < ENTRIES_MAX) {
        size += MEMBER_SIZE +
                (size_t)erasing->entries[first + n].n_parents * REF_SIZE;
        if (size > ENTRIES_SIZE)
            break;
        n++;
    }
    return n;
}

static int say_one(struct sg_erasing *erasing,
                   const struct sg_erasing_order *order, size_t first, size_t n)
{
    struct sg_record_build *build =
        sg_seat_begin(erasing->seat, SG_TYPE_ERASURE);
    struct sg_pack *pack;
    struct sg_hash id;
    int code;

    sg_record_build_str(build, SG_FIELD_ERASURE_ORDER,
                        sg_bytes(order->number, strlen(order->number)));
    sg_record_build_str(build, SG_FIELD_ERASURE_CLAUSE,
                        sg_bytes(order->basis, strlen(order->basis)));
    sg_record_build_uint(build, SG_FIELD_ERASURE_REASON, order->reason);
    pack = sg_record_build_field(build, SG_FIELD_ERASURE_ENTRIES);
    sg_pack_array(pack, (uint32_t)n);
    for (size_t i = 0; i < n; i++)
        pack_entry(pack, &erasing->entries[first + i]);
    sg_record_build_uint(build, SG_FIELD_ERASURE_ORDERED, order->day.ymd);
    code = sg_seat_end(erasing->seat, &id);
    for (size_t i = 0; i < n && code == 0; i++)
        erasing->entries[first + i].order = sg_ref_of(&id);
    return code;
}

int sg_erasing_say(struct sg_erasing *erasing,
                   const struct sg_erasing_order *order)
{
    int code = 0;

    SG_ASSERT(erasing->count > 0);
    for (size_t at = 0; at < erasing->count && code == 0;) {
        size_t n = count_of_one(erasing, at);

        code = say_one(erasing, order, at, n);
        at += n;
    }
    return code == 0 ? sg_seat_file(erasing->seat) : code;
}

/* --- Doing it here -------------------------------------------------------- */

/* Adds to BATCH; one that is full is committed first. */
static enum sg_err erase_row(struct sg_batch *batch, uint32_t number,
                             const struct sg_erasing_entry *entry)
{
    enum sg_err err =
        sg_batch_erase(batch, number, entry->index, entry->order.bytes);

    if (err == SG_ERR_LIMIT) {
        err = sg_batch_commit(batch);
        if (err == SG_OK)
            err =
                sg_batch_erase(batch, number, entry->index, entry->order.bytes);
    }
    return err == SG_ERR_EXISTS ? SG_OK : err;
}

/* On every side of a fork that goes so far. */
static enum sg_err erase_entry(struct sg_store *store, struct sg_batch *batch,
                               const struct sg_erasing_entry *entry)
{
    enum sg_err err = SG_OK;

    for (uint8_t branch = 0; branch < SG_BRANCHES_MAX && err == SG_OK;
         branch++) {
        struct sg_store_log log;

        err = sg_store_find(store, &entry->log, branch, &log);
        if (err == SG_OK && entry->index < log.row.frontier.size)
            err = erase_row(batch, log.number, entry);
        if (err == SG_ERR_NOTFOUND)
            err = SG_OK;
    }
    return err;
}

int sg_erasing_do(struct sg_erasing *erasing, bool *ret_is_compacted)
{
    const struct sg_cli *cli = erasing->seat->cli;
    struct sg_store *store = erasing->seat->home.store;
    struct sg_erasure_done done = {.orders = 0};
    struct sg_batch *batch = NULL;
    enum sg_err err = sg_batch_new(store, &batch);

    for (size_t i = 0; i < erasing->count && err == SG_OK; i++)
        err = erase_entry(store, batch, &erasing->entries[i]);
    if (err == SG_OK)
        err = sg_batch_commit(batch);
    sg_batch_free(batch);
    if (err == SG_OK)
        err =
            sg_erasure_finish(store, cli->dir, erasing->seat->home.node, &done);
    *ret_is_compacted = done.is_compacted;
    if (err == SG_ERR_FULL && !done.is_compacted)
        err = SG_OK;
    return err == SG_OK ? 0 : sg_cli_fail_err(cli, err, cli->dir);
}
