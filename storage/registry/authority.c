#include "storage/registry/authority.h"

#include <stdlib.h>
#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/registry/authority_state.h"

#define LIST_FIRST    16u
#define BY_ID_FIRST   64u
#define STATEMENT_MAX SG_TYPE_ENDORSE_RANGE

/* --- lists ------------------------------------------------------------- */

void *sg_authority_list_add(struct sg_authority_list *list, size_t size,
                            size_t n)
{
    size_t capacity = list->capacity < LIST_FIRST ? LIST_FIRST : list->capacity;
    uint8_t *items;

    while (capacity < list->count + n)
        capacity *= 2;
    if (capacity != list->capacity) {
        items = sg_realloc(list->items, capacity * size);
        if (items == NULL)
            return NULL;
        list->items = items;
        list->capacity = capacity;
    }
    items = (uint8_t *)list->items + list->count * size;
    memset(items, 0, n * size);
    list->count += n;
    return items;
}

void sg_authority_list_sort(struct sg_authority_list *list, size_t size,
                            int (*compare)(const void *, const void *))
{
    if (list->count > 1)
        qsort(list->items, list->count, size, compare);
}

static void list_free(struct sg_authority_list *list)
{
    sg_free(list->items);
    *list = (struct sg_authority_list){0};
}

/* --- a state and its end ----------------------------------------------- */

enum sg_err sg_authority_new(const struct sg_registry_id *registry,
                             sg_authority_branch_of branch_of,
                             const void *context,
                             struct sg_authority **ret_authority)
{
    struct sg_authority *authority = sg_calloc(1, sizeof(*authority));

    if (authority == NULL)
        return SG_ERR_NOMEM;
    authority->registry = *registry;
    sg_record_id_prefix(registry, &authority->id_prefix);
    authority->branch_of = branch_of;
    authority->context = context;
    authority->genesis = SG_AUTHORITY_NONE;
    *ret_authority = authority;
    return SG_OK;
}

/* Forgets what the last sealing made. */
static void unseal(struct sg_authority *authority)
{
    for (size_t i = 0; i < SG_AUTHORITY_MADE_COUNT; i++)
        list_free(&authority->made[i]);
    sg_free(authority->by_slot);
    sg_territory_free(authority->territory);
    sg_unit_table_free(authority->units);
    authority->by_slot = NULL;
    authority->by_slot_size = 0;
    authority->territory = NULL;
    authority->units = NULL;
    authority->calendar = (struct sg_calendar){0};
    authority->genesis = SG_AUTHORITY_NONE;
    authority->is_sealed = false;
}

void sg_authority_free(struct sg_authority *authority)
{
    if (authority == NULL)
        return;
    unseal(authority);
    for (uint32_t i = 0; i < authority->statements.count; i++)
        sg_free(sg_authority_statement(authority, i)->payload);
    list_free(&authority->logs);
    list_free(&authority->statements);
    list_free(&authority->copies);
    list_free(&authority->signings);
    sg_free(authority->by_id);
    sg_free(authority);
}

/* --- logs -------------------------------------------------------------- */

uint32_t sg_authority_log_find(const struct sg_authority *authority,
                               const struct sg_log_id *log)
{
    for (uint32_t i = 0; i < authority->logs.count; i++)
        if (memcmp(&sg_authority_log_get(authority, i)->id, log,
                   sizeof(*log)) == 0)
            return i;
    return SG_AUTHORITY_NONE;
}

static enum sg_err log_intern(struct sg_authority *authority,
                              const struct sg_log_id *id, uint32_t *ret_log)
{
    struct sg_authority_log *log;

    *ret_log = sg_authority_log_find(authority, id);
    if (*ret_log != SG_AUTHORITY_NONE)
        return SG_OK;
    if (authority->logs.count == SG_AUTHORITY_LOGS_MAX)
        return SG_ERR_LIMIT;
    log = sg_authority_list_add(&authority->logs, sizeof(*log), 1);
    if (log == NULL)
        return SG_ERR_NOMEM;
    log->id = *id;
    *ret_log = (uint32_t)authority->logs.count - 1;
    return SG_OK;
}

enum sg_err sg_authority_hold(struct sg_authority *authority,
                              const struct sg_log_id *log, uint64_t size)
{
    struct sg_authority_log *held;
    enum sg_err err;
    uint32_t no;

    authority->is_sealed = false;
    err = log_intern(authority, log, &no);
    if (err != SG_OK)
        return err;
    held = sg_authority_log_get(authority, no);
    if (held->held < size)
        held->held = size;
    return SG_OK;
}

/* --- statements -------------------------------------------------------- */

static void by_id_put(struct sg_authority *authority, uint32_t no)
{
    size_t mask = authority->by_id_size - 1;
    size_t at =
        sg_bytes_get_u64be(sg_authority_statement(authority, no)->id.bytes) &
        mask;

    while (authority->by_id[at] != 0)
        at = (at + 1) & mask;
    authority->by_id[at] = no + 1;
}

/* Makes room for one more statement, so that half of the table is free. */
static enum sg_err by_id_reserve(struct sg_authority *authority)
{
    size_t size = authority->by_id_size;
    uint32_t *by_id;

    if (authority->statements.count < size / 2)
        return SG_OK;
    size = size == 0 ? BY_ID_FIRST : size * 2;
    by_id = sg_calloc(size, sizeof(*by_id));
    if (by_id == NULL)
        return SG_ERR_NOMEM;
    sg_free(authority->by_id);
    authority->by_id = by_id;
    authority->by_id_size = size;
    for (uint32_t i = 0; i < authority->statements.count; i++)
        by_id_put(authority, i);
    return SG_OK;
}

/* Finds the statement whose id begins with these SIZE bytes, 8 at least. */
static uint32_t find(const struct sg_authority *authority, const uint8_t *begin,
                     size_t size)
{
    size_t mask = authority->by_id_size - 1;

    if (authority->by_id_size == 0)
        return SG_AUTHORITY_NONE;
    for (size_t at = sg_bytes_get_u64be(begin) & mask;
         authority->by_id[at] != 0; at = (at + 1) & mask) {
        uint32_t no = authority->by_id[at] - 1;

        if (memcmp(sg_authority_statement(authority, no)->id.bytes, begin,
                   size) == 0)
            return no;
    }
    return SG_AUTHORITY_NONE;
}

uint32_t sg_authority_find(const struct sg_authority *authority,
                           const struct sg_hash *id)
{
    return find(authority, id->bytes, sizeof(id->bytes));
}

uint32_t sg_authority_find_ref(const struct sg_authority *authority,
                               const struct sg_ref *ref)
{
    return find(authority, ref->bytes, sizeof(ref->bytes));
}

static enum sg_err statement_add(struct sg_authority *authority,
                                 struct sg_bytes payload,
                                 const struct sg_record *record,
                                 const struct sg_hash *id, uint32_t *ret_no)
{
    struct sg_authority_statement *statement;
    enum sg_err err;
    uint8_t *copy;

    if (authority->statements.count == SG_AUTHORITY_STATEMENTS_MAX)
        return SG_ERR_LIMIT;
    err = by_id_reserve(authority);
    if (err != SG_OK)
        return err;
    copy = sg_alloc(payload.size);
    statement = copy == NULL ? NULL
                             : sg_authority_list_add(&authority->statements,
                                                     sizeof(*statement), 1);
    if (statement == NULL) {
        sg_free(copy);
        return SG_ERR_NOMEM;
    }
    memcpy(copy, payload.data, payload.size);
    *statement = (struct sg_authority_statement){
        .id = *id,
        .payload = copy,
        .payload_size = (uint32_t)payload.size,
        .type = (enum sg_type)record->type,
        .subject = record->subject,
        .officer = record->officer,
        .serial = sg_record_uint(record, 0),
        .copies = SG_AUTHORITY_NONE,
        .signings = SG_AUTHORITY_NONE,
    };
    *ret_no = (uint32_t)authority->statements.count - 1;
    by_id_put(authority, *ret_no);
    return SG_OK;
}

/* Finds or adds the signature that RECORD carries. */
static enum sg_err signing_add(struct sg_authority *authority, uint32_t no,
                               const struct sg_record *record,
                               uint32_t *ret_signing)
{
    struct sg_authority_statement *statement =
        sg_authority_statement(authority, no);
    const struct sg_bytes signature = record->copy.signature;
    struct sg_authority_signing *signing;

    for (uint32_t i = statement->signings; i != SG_AUTHORITY_NONE;
         i = signing->next) {
        signing = (struct sg_authority_signing *)authority->signings.items + i;
        *ret_signing = i;
        if (signing->is_there == (signature.size != 0) &&
            (signature.size == 0 || memcmp(signing->bytes, signature.data,
                                           sizeof(signing->bytes)) == 0))
            return SG_OK;
    }
    signing = sg_authority_list_add(&authority->signings, sizeof(*signing), 1);
    if (signing == NULL)
        return SG_ERR_NOMEM;
    signing->is_there = signature.size != 0;
    if (signing->is_there)
        memcpy(signing->bytes, signature.data, sizeof(signing->bytes));
    signing->next = statement->signings;
    *ret_signing = (uint32_t)authority->signings.count - 1;
    statement->signings = *ret_signing;
    return SG_OK;
}

/* Notes a copy; of those alike but for their index the first matters. */
static enum sg_err copy_add(struct sg_authority *authority, uint32_t no,
                            const struct sg_authority_copy *added)
{
    struct sg_authority_statement *statement =
        sg_authority_statement(authority, no);
    struct sg_authority_copy *copy;

    for (uint32_t i = statement->copies; i != SG_AUTHORITY_NONE;
         i = copy->next) {
        copy = (struct sg_authority_copy *)authority->copies.items + i;
        if (copy->log != added->log || copy->branch != added->branch ||
            copy->signing != added->signing)
            continue;
        if (added->index < copy->index)
            copy->index = added->index;
        return SG_OK;
    }
    copy = sg_authority_list_add(&authority->copies, sizeof(*copy), 1);
    if (copy == NULL)
        return SG_ERR_NOMEM;
    *copy = *added;
    copy->next = statement->copies;
    statement->copies = (uint32_t)authority->copies.count - 1;
    return SG_OK;
}

static bool is_statement(const struct sg_authority *authority,
                         struct sg_bytes payload, struct sg_record *ret_record)
{
    uint8_t no;

    return sg_record_decode(payload, ret_record) == SG_OK &&
           ret_record->schema != NULL && ret_record->type <= STATEMENT_MAX &&
           sg_record_fit(ret_record, &authority->registry, &no) ==
               SG_RECORD_FITS &&
           !ret_record->copy.is_later_form;
}

/* Finds the log of PLACE and notes what is now known of it. */
static enum sg_err log_meet(struct sg_authority *authority,
                            const struct sg_authority_place *place,
                            const uint8_t node[SG_KEY_SIZE], uint32_t *ret_log)
{
    struct sg_authority_log *log;
    enum sg_err err = log_intern(authority, &place->log, ret_log);

    if (err != SG_OK)
        return err;
    log = sg_authority_log_get(authority, *ret_log);
    memcpy(log->node, node, SG_KEY_SIZE);
    log->has_node = true;
    if (log->held <= place->index)
        log->held = place->index + 1;
    return SG_OK;
}

enum sg_err sg_authority_add(struct sg_authority *authority,
                             struct sg_bytes payload,
                             const struct sg_authority_place *place,
                             const uint8_t node[SG_KEY_SIZE])
{
    struct sg_authority_copy copy = {.index = place->index,
                                     .branch = place->branch};
    struct sg_record record;
    struct sg_hash id;
    enum sg_err err;
    uint32_t no;

    if (!is_statement(authority, payload, &record))
        return SG_ERR_INVALID;
    authority->is_sealed = false;
    err = log_meet(authority, place, node, &copy.log);
    if (err != SG_OK)
        return err;
    sg_record_id_after(&authority->id_prefix, record.inner, &id);
    no = sg_authority_find(authority, &id);
    if (no == SG_AUTHORITY_NONE)
        err = statement_add(authority, payload, &record, &id, &no);
    if (err == SG_OK)
        err = signing_add(authority, no, &record, &copy.signing);
    if (err == SG_OK)
        err = copy_add(authority, no, &copy);
    return err;
}

void sg_authority_read(const struct sg_authority *authority, uint32_t no,
                       struct sg_record *ret_record)
{
    const struct sg_authority_statement *statement =
        sg_authority_statement(authority, no);
    enum sg_err err = sg_record_decode(
        (struct sg_bytes){statement->payload, statement->payload_size},
        ret_record);

    SG_ASSERT(err == SG_OK);
}

/* --- what sealing shares ----------------------------------------------- */

enum sg_err sg_authority_alarm(struct sg_authority *authority,
                               enum sg_authority_alarm_kind kind,
                               const struct sg_ref *statement,
                               const struct sg_ref *other)
{
    struct sg_authority_alarm *alarm = sg_authority_list_add(
        &authority->made[SG_AUTHORITY_ALARMS], sizeof(*alarm), 1);

    if (alarm == NULL)
        return SG_ERR_NOMEM;
    *alarm = (struct sg_authority_alarm){kind, *statement, *other};
    return SG_OK;
}

uint32_t sg_authority_ask_branch(const struct sg_authority *authority,
                                 const struct sg_authority_stand *stand,
                                 const struct sg_hash *root)
{
    struct sg_authority_prefix prefix = {stand->log, stand->size, *root};

    if (authority->branch_of == NULL)
        return 0;
    return authority->branch_of(authority->context, &prefix);
}

static void read_hash(struct sg_msgpack *reader, struct sg_hash *ret_hash)
{
    struct sg_bytes bytes = sg_msgpack_read_bin(reader);

    SG_ASSERT(bytes.size == sizeof(ret_hash->bytes));
    memcpy(ret_hash->bytes, bytes.data, bytes.size);
}

enum sg_err sg_authority_add_stands(struct sg_authority *authority,
                                    const struct sg_record *record, unsigned no,
                                    uint32_t *ret_first, uint32_t *ret_count)
{
    struct sg_authority_list *list = &authority->made[SG_AUTHORITY_STANDS];
    struct sg_authority_stand *stands;
    struct sg_msgpack reader;
    uint32_t count;

    sg_record_open(record, no, &reader);
    count = sg_msgpack_read_array(&reader);
    *ret_first = (uint32_t)list->count;
    *ret_count = count;
    stands = sg_authority_list_add(list, sizeof(*stands), count);
    if (stands == NULL)
        return SG_ERR_NOMEM;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t members = sg_msgpack_read_array(&reader);
        struct sg_hash root;

        read_hash(&reader, &stands[i].log.hash);
        stands[i].size = sg_msgpack_read_uint(&reader);
        read_hash(&reader, &root);
        if (members > 3) /* of a node's cut: the checkpoint's signature */
            (void)sg_msgpack_skip(&reader);
        stands[i].branch =
            sg_authority_ask_branch(authority, &stands[i], &root);
    }
    return SG_OK;
}

static int compare_stand(const void *key, const void *stand)
{
    const struct sg_log_id *log = key;
    const struct sg_authority_stand *other = stand;

    return memcmp(log, &other->log, sizeof(*log));
}

const struct sg_authority_stand *sg_authority_find_stand(
    const struct sg_authority *authority, uint32_t first, uint32_t count,
    const struct sg_log_id *log)
{
    const struct sg_authority_stand *stands =
        authority->made[SG_AUTHORITY_STANDS].items;

    if (count == 0)
        return NULL;
    return bsearch(log, stands + first, count, sizeof(*stands), compare_stand);
}

static int compare_alarms(const void *a, const void *b)
{
    const struct sg_authority_alarm *x = a;
    const struct sg_authority_alarm *y = b;
    int order = (x->kind > y->kind) - (x->kind < y->kind);

    if (order == 0)
        order = sg_ref_compare(&x->statement, &y->statement);
    return order != 0 ? order : sg_ref_compare(&x->other, &y->other);
}

enum sg_err sg_authority_seal(struct sg_authority *authority)
{
    static enum sg_err (*const steps[])(struct sg_authority *) = {
        sg_authority_seal_roots,       sg_authority_seal_slots,
        sg_authority_seal_generations, sg_authority_seal_items,
        sg_authority_seal_denials,     sg_authority_seal_whole,
    };

    unseal(authority);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        enum sg_err err = steps[i](authority);

        if (err != SG_OK)
            return err;
    }
    sg_authority_list_sort(&authority->made[SG_AUTHORITY_ALARMS],
                           sizeof(struct sg_authority_alarm), compare_alarms);
    authority->is_sealed = true;
    return SG_OK;
}

const struct sg_authority_alarm *sg_authority_alarms(
    const struct sg_authority *authority, size_t *ret_count)
{
    SG_ASSERT(authority->is_sealed);
    *ret_count = authority->made[SG_AUTHORITY_ALARMS].count;
    return authority->made[SG_AUTHORITY_ALARMS].items;
}
