/* What denies, for the whole cut: cuts of nodes and officers, lifted or not,
 * and erasures; and the ranges that the root lets count all the same (RECORDS
 * 6.3, 6.4, 6.9). */
#include <stdlib.h>
#include <string.h>

#include "storage/base/check.h"
#include "storage/registry/authority_state.h"

/* A ref in canonical msgpack: bin 8, 16, the bytes. */
#define REF_HEAD_SIZE    2u
#define REF_ENCODED_SIZE 18u

/* --- lifts ------------------------------------------------------------- */

static int compare_refs(const void *a, const void *b)
{
    return sg_ref_compare(a, b);
}

static bool is_lifted(const struct sg_authority *authority, uint32_t no)
{
    const struct sg_authority_list *list = &authority->made[SG_AUTHORITY_LIFTS];
    struct sg_ref ref = sg_authority_ref(authority, no);

    return list->count > 0 && bsearch(&ref, list->items, list->count,
                                      sizeof(ref), compare_refs) != NULL;
}

/* Says whether statement NO is there and counts, and no suspension. */
static bool cannot_be_lifted(const struct sg_authority *authority, uint32_t no)
{
    const struct sg_authority_statement *statement;
    struct sg_record record;

    if (no == SG_AUTHORITY_NONE)
        return false; /* not held: it may come yet */
    statement = sg_authority_statement(authority, no);
    if (!statement->counts)
        return false;
    sg_authority_read(authority, no, &record);
    if (statement->type == SG_TYPE_NODE_CUT)
        return sg_record_uint(&record, SG_FIELD_NODE_CUT_WHAT) !=
               SG_AUTHORITY_SUSPENDED;
    if (statement->type == SG_TYPE_OFFICER_CUT)
        return sg_record_uint(&record, SG_FIELD_OFFICER_CUT_WHAT) !=
               SG_AUTHORITY_SUSPENDED;
    return true;
}

static enum sg_err lift_add(struct sg_authority *authority, uint32_t no,
                            const struct sg_record *record)
{
    struct sg_ref lift = sg_authority_ref(authority, no);
    struct sg_msgpack reader;
    uint32_t count;
    enum sg_err err = SG_OK;

    sg_record_open(record, SG_FIELD_LIFT_OF, &reader);
    count = sg_msgpack_read_array(&reader);
    for (uint32_t i = 0; err == SG_OK && i < count; i++) {
        struct sg_ref *ref;
        struct sg_ref of;

        (void)sg_record_read_ref(&reader, &of);
        if (cannot_be_lifted(authority,
                             sg_authority_find_ref(authority, &of))) {
            err = sg_authority_alarm(authority, SG_AUTHORITY_ALARM_LIFT, &lift,
                                     &of);
            continue;
        }
        ref = sg_authority_list_add(&authority->made[SG_AUTHORITY_LIFTS],
                                    sizeof(*ref), 1);
        if (ref == NULL)
            return SG_ERR_NOMEM;
        *ref = of;
    }
    return err;
}

/* --- cuts -------------------------------------------------------------- */

static int compare_cuttings(const void *a, const void *b)
{
    const struct sg_authority_cutting *x = a;
    const struct sg_authority_cutting *y = b;
    int order = memcmp(x->key, y->key, sizeof(x->key));

    if (order != 0)
        return order;
    return (x->first_stand > y->first_stand) -
           (x->first_stand < y->first_stand);
}

static enum sg_err cutting_add(struct sg_authority *authority,
                               enum sg_authority_made made, struct sg_bytes key,
                               uint64_t what, const struct sg_record *record,
                               unsigned stands)
{
    struct sg_authority_cutting *cutting =
        sg_authority_list_add(&authority->made[made], sizeof(*cutting), 1);

    if (cutting == NULL)
        return SG_ERR_NOMEM;
    memcpy(cutting->key, key.data, key.size);
    cutting->what = (enum sg_authority_cut)what;
    return sg_authority_add_stands(authority, record, stands,
                                   &cutting->first_stand, &cutting->n_stands);
}

static enum sg_err node_cut_add(struct sg_authority *authority, uint32_t no,
                                const struct sg_record *record)
{
    if (is_lifted(authority, no))
        return SG_OK;
    return cutting_add(authority, SG_AUTHORITY_NODE_CUTS,
                       sg_record_bin(record, SG_FIELD_NODE_CUT_NODE),
                       sg_record_uint(record, SG_FIELD_NODE_CUT_WHAT), record,
                       SG_FIELD_NODE_CUT_STANDS);
}

static enum sg_err officer_cut_add(struct sg_authority *authority, uint32_t no,
                                   const struct sg_record *record)
{
    if (is_lifted(authority, no))
        return SG_OK;
    return cutting_add(authority, SG_AUTHORITY_OFFICER_CUTS,
                       sg_record_bin(record, SG_FIELD_OFFICER_CUT_OFFICER),
                       sg_record_uint(record, SG_FIELD_OFFICER_CUT_WHAT),
                       record, SG_FIELD_OFFICER_CUT_STANDS);
}

/* Gives the first cut of KEY in LIST; the end when there is none. */
static size_t find_cutting(const struct sg_authority_list *list,
                           const uint8_t key[SG_KEY_SIZE])
{
    const struct sg_authority_cutting *cuts = list->items;
    size_t low = 0;
    size_t high = list->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (memcmp(cuts[middle].key, key, SG_KEY_SIZE) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_of(const struct sg_authority_list *list, size_t at,
                  const uint8_t key[SG_KEY_SIZE])
{
    const struct sg_authority_cutting *cuts = list->items;

    return at < list->count && memcmp(cuts[at].key, key, SG_KEY_SIZE) == 0;
}

static enum sg_authority_cut gravest(const struct sg_authority_list *list,
                                     const uint8_t key[SG_KEY_SIZE])
{
    const struct sg_authority_cutting *cuts = list->items;
    enum sg_authority_cut cut = SG_AUTHORITY_NOT_CUT;

    for (size_t i = find_cutting(list, key); is_of(list, i, key); i++)
        if (cuts[i].what > cut)
            cut = cuts[i].what;
    return cut;
}

static bool is_above(const struct sg_authority *authority,
                     const struct sg_authority_list *list,
                     const uint8_t key[SG_KEY_SIZE],
                     const struct sg_authority_place *place)
{
    const struct sg_authority_cutting *cuts = list->items;

    for (size_t i = find_cutting(list, key); is_of(list, i, key); i++) {
        const struct sg_authority_stand *stand = sg_authority_find_stand(
            authority, cuts[i].first_stand, cuts[i].n_stands, &place->log);

        if (stand == NULL ||
            !sg_authority_is_within(stand, place->index, place->branch))
            return true;
    }
    return false;
}

/* The key under which an officer's cuts are listed. */
static void officer_key(const struct sg_key_id *officer,
                        uint8_t ret_key[SG_KEY_SIZE])
{
    memset(ret_key, 0, SG_KEY_SIZE);
    memcpy(ret_key, officer->bytes, sizeof(officer->bytes));
}

enum sg_authority_cut sg_authority_node_cut(
    const struct sg_authority *authority, const uint8_t key[SG_KEY_SIZE])
{
    return gravest(&authority->made[SG_AUTHORITY_NODE_CUTS], key);
}

enum sg_authority_cut sg_authority_officer_cut(
    const struct sg_authority *authority, const struct sg_key_id *officer)
{
    uint8_t key[SG_KEY_SIZE];

    officer_key(officer, key);
    return gravest(&authority->made[SG_AUTHORITY_OFFICER_CUTS], key);
}

bool sg_authority_is_above_node(const struct sg_authority *authority,
                                const uint8_t key[SG_KEY_SIZE],
                                const struct sg_authority_place *place)
{
    return is_above(authority, &authority->made[SG_AUTHORITY_NODE_CUTS], key,
                    place);
}

bool sg_authority_is_above_officer(const struct sg_authority *authority,
                                   const struct sg_key_id *officer,
                                   const struct sg_authority_place *place)
{
    const struct sg_authority_list *list =
        &authority->made[SG_AUTHORITY_OFFICER_CUTS];
    uint8_t key[SG_KEY_SIZE];

    if (list->count == 0)
        return false;
    officer_key(officer, key);
    return is_above(authority, list, key, place);
}

/* --- ranges that count all the same ------------------------------------ */

static int compare_ranges(const void *a, const void *b)
{
    const struct sg_authority_range *x = a;
    const struct sg_authority_range *y = b;

    return memcmp(&x->log, &y->log, sizeof(x->log));
}

static enum sg_err range_add(struct sg_authority *authority,
                             const struct sg_record *record)
{
    struct sg_authority_range *range = sg_authority_list_add(
        &authority->made[SG_AUTHORITY_RANGES], sizeof(*range), 1);
    struct sg_authority_stand stand;
    struct sg_hash root;

    if (range == NULL)
        return SG_ERR_NOMEM;
    memcpy(&range->log, sg_record_bin(record, SG_FIELD_ENDORSE_RANGE_LOG).data,
           sizeof(range->log));
    memcpy(&root, sg_record_bin(record, SG_FIELD_ENDORSE_RANGE_ROOT).data,
           sizeof(root));
    range->first = sg_record_uint(record, SG_FIELD_ENDORSE_RANGE_FIRST);
    range->size = sg_record_uint(record, SG_FIELD_ENDORSE_RANGE_SIZE);
    stand.log = range->log;
    stand.size = range->size;
    range->branch = sg_authority_ask_branch(authority, &stand, &root);
    range->has_officer = sg_record_has(record, SG_FIELD_ENDORSE_RANGE_OFFICER);
    if (range->has_officer)
        memcpy(range->officer.bytes,
               sg_record_bin(record, SG_FIELD_ENDORSE_RANGE_OFFICER).data,
               sizeof(range->officer.bytes));
    return SG_OK;
}

static bool has_entry(const struct sg_authority_range *range,
                      const struct sg_key_id *officer,
                      const struct sg_authority_place *place)
{
    return range->first <= place->index && place->index < range->size &&
           (place->branch == 0 || place->branch == range->branch) &&
           (!range->has_officer ||
            sg_key_id_compare(&range->officer, officer) == 0);
}

bool sg_authority_is_endorsed(const struct sg_authority *authority,
                              const struct sg_key_id *officer,
                              const struct sg_authority_place *place)
{
    const struct sg_authority_list *list =
        &authority->made[SG_AUTHORITY_RANGES];
    const struct sg_authority_range *ranges = list->items;
    size_t low = 0;
    size_t high = list->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (memcmp(&ranges[middle].log, &place->log, sizeof(place->log)) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < list->count &&
           memcmp(&ranges[low].log, &place->log, sizeof(place->log)) == 0;
         low++)
        if (has_entry(&ranges[low], officer, place))
            return true;
    return false;
}

/* --- erasures ---------------------------------------------------------- */

static int compare_place(const struct sg_log_id *a_log, uint64_t a_index,
                         const struct sg_authority_erased *b)
{
    int order = memcmp(a_log, &b->log, sizeof(*a_log));

    return order != 0 ? order : (a_index > b->index) - (a_index < b->index);
}

static int compare_erased(const void *a, const void *b)
{
    const struct sg_authority_erased *x = a;
    const struct sg_authority_erased *y = b;
    int order = compare_place(&x->log, x->index, y);

    return order != 0 ? order : sg_ref_compare(&x->order, &y->order);
}

static int compare_bridges(const void *a, const void *b)
{
    const struct sg_authority_erased *x = a;
    const struct sg_authority_erased *y = b;
    int order = sg_ref_compare(&x->record, &y->record);

    return order != 0 ? order : compare_erased(a, b);
}

static enum sg_err erasure_add(struct sg_authority *authority, uint32_t no,
                               const struct sg_record *record)
{
    struct sg_authority_erased *erased;
    struct sg_msgpack reader;
    uint32_t count;

    sg_record_open(record, SG_FIELD_ERASURE_ENTRIES, &reader);
    count = sg_msgpack_read_array(&reader);
    erased = sg_authority_list_add(&authority->made[SG_AUTHORITY_ERASED],
                                   sizeof(*erased), count);
    if (erased == NULL)
        return SG_ERR_NOMEM;
    for (uint32_t i = 0; i < count; i++) {
        struct sg_bytes log, parents;

        (void)sg_msgpack_read_array(&reader);
        log = sg_msgpack_read_bin(&reader);
        memcpy(&erased[i].log, log.data, sizeof(erased[i].log));
        erased[i].index = sg_msgpack_read_uint(&reader);
        (void)sg_record_read_ref(&reader, &erased[i].record);
        erased[i].order = sg_authority_ref(authority, no);
        erased[i].n_parents = sg_msgpack_read_array(&reader);
        for (size_t k = 0; k < erased[i].n_parents; k++) {
            parents = sg_msgpack_skip(&reader);
            if (k == 0)
                erased[i].parents = parents.data;
        }
    }
    return SG_OK;
}

/* A second list of them, to be found by record. */
static enum sg_err index_erased(struct sg_authority *authority)
{
    struct sg_authority_list *list = &authority->made[SG_AUTHORITY_ERASED];
    struct sg_authority_erased *bridges;

    if (list->count == 0)
        return SG_OK;
    bridges = sg_authority_list_add(&authority->made[SG_AUTHORITY_BRIDGES],
                                    sizeof(*bridges), list->count);
    if (bridges == NULL)
        return SG_ERR_NOMEM;
    memcpy(bridges, list->items, list->count * sizeof(*bridges));
    sg_authority_list_sort(list, sizeof(*bridges), compare_erased);
    sg_authority_list_sort(&authority->made[SG_AUTHORITY_BRIDGES],
                           sizeof(*bridges), compare_bridges);
    return SG_OK;
}

const struct sg_authority_erased *sg_authority_find_erased(
    const struct sg_authority *authority, const struct sg_log_id *log,
    uint64_t index)
{
    const struct sg_authority_list *list =
        &authority->made[SG_AUTHORITY_ERASED];
    const struct sg_authority_erased *erased = list->items;
    size_t low = 0;
    size_t high = list->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare_place(log, index, &erased[middle]) > 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < list->count && compare_place(log, index, &erased[low]) == 0
               ? &erased[low]
               : NULL;
}

const struct sg_authority_erased *sg_authority_find_bridge(
    const struct sg_authority *authority, const struct sg_ref *record)
{
    const struct sg_authority_list *list =
        &authority->made[SG_AUTHORITY_BRIDGES];
    const struct sg_authority_erased *bridges = list->items;
    size_t low = 0;
    size_t high = list->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (sg_ref_compare(&bridges[middle].record, record) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < list->count &&
                   sg_ref_compare(&bridges[low].record, record) == 0
               ? &bridges[low]
               : NULL;
}

struct sg_ref sg_authority_erased_parent(
    const struct sg_authority_erased *erased, size_t no)
{
    struct sg_ref ref;

    SG_ASSERT(no < erased->n_parents);
    memcpy(ref.bytes, erased->parents + no * REF_ENCODED_SIZE + REF_HEAD_SIZE,
           sizeof(ref.bytes));
    return ref;
}

/* --- all --------------------------------------------------------------- */

static enum sg_err deny(struct sg_authority *authority, uint32_t no)
{
    enum sg_type type = sg_authority_statement(authority, no)->type;
    struct sg_record record;

    sg_authority_read(authority, no, &record);
    switch (type) {
    case SG_TYPE_NODE_CUT:
        return node_cut_add(authority, no, &record);
    case SG_TYPE_OFFICER_CUT:
        return officer_cut_add(authority, no, &record);
    case SG_TYPE_ENDORSE_RANGE:
        return range_add(authority, &record);
    case SG_TYPE_ERASURE:
        return erasure_add(authority, no, &record);
    default:
        return SG_OK;
    }
}

enum sg_err sg_authority_seal_denials(struct sg_authority *authority)
{
    const struct sg_authority_list *list =
        &authority->made[SG_AUTHORITY_ORDERED];
    const struct sg_authority_ordered *ordered = list->items;
    enum sg_err err = SG_OK;

    for (size_t i = 0; err == SG_OK && i < list->count; i++) {
        struct sg_record record;

        if (sg_authority_statement(authority, ordered[i].statement)->type !=
            SG_TYPE_LIFT)
            continue;
        sg_authority_read(authority, ordered[i].statement, &record);
        err = lift_add(authority, ordered[i].statement, &record);
    }
    sg_authority_list_sort(&authority->made[SG_AUTHORITY_LIFTS],
                           sizeof(struct sg_ref), compare_refs);
    for (size_t i = 0; err == SG_OK && i < list->count; i++)
        err = deny(authority, ordered[i].statement);
    sg_authority_list_sort(&authority->made[SG_AUTHORITY_NODE_CUTS],
                           sizeof(struct sg_authority_cutting),
                           compare_cuttings);
    sg_authority_list_sort(&authority->made[SG_AUTHORITY_OFFICER_CUTS],
                           sizeof(struct sg_authority_cutting),
                           compare_cuttings);
    sg_authority_list_sort(&authority->made[SG_AUTHORITY_RANGES],
                           sizeof(struct sg_authority_range), compare_ranges);
    return err == SG_OK ? index_erased(authority) : err;
}
