/* What is asked of the authority's state at a position. */
#include <string.h>

#include "storage/base/check.h"
#include "storage/registry/authority_state.h"

#define ABOVE_MAX 4 /* commune, district, province, country */

/* --- nodes and officers ------------------------------------------------ */

const struct sg_authority_node *sg_authority_node(
    const struct sg_authority_at *at, const uint8_t key[SG_KEY_SIZE])
{
    const struct sg_authority *authority = at->authority;
    const struct sg_authority_node *nodes =
        authority->made[SG_AUTHORITY_NODES].items;
    const struct sg_authority_node *node = &authority->writer;
    struct sg_uid subject;
    uint32_t no;

    memcpy(subject.bytes, key, sizeof(subject.bytes));
    no = sg_authority_standing(
        at, sg_authority_find_slot(authority, SG_TYPE_NODE_ADMIT, &subject));
    if (no != SG_AUTHORITY_NONE)
        node = &nodes[sg_authority_statement(authority, no)->item];
    else if (authority->genesis == SG_AUTHORITY_NONE)
        return NULL;
    return memcmp(node->key, key, SG_KEY_SIZE) == 0 ? node : NULL;
}

const struct sg_authority_grant *sg_authority_grant(
    const struct sg_authority_at *at, const struct sg_key_id *officer)
{
    const struct sg_authority *authority = at->authority;
    const struct sg_authority_grant *grants =
        authority->made[SG_AUTHORITY_GRANTS].items;
    struct sg_uid subject =
        sg_authority_subject(sg_bytes_get_u64be(officer->bytes));
    uint32_t no = sg_authority_standing(
        at, sg_authority_find_slot(authority, SG_TYPE_OFFICER_GRANT, &subject));

    return no == SG_AUTHORITY_NONE
               ? NULL
               : &grants[sg_authority_statement(authority, no)->item];
}

bool sg_authority_is_expired(const struct sg_authority_at *at,
                             struct sg_date until)
{
    return until.ymd != 0 && sg_date_compare(at->floor_day, until) >= 0;
}

static bool lists_unit(const struct sg_authority_grant *grant,
                       struct sg_unit_key unit)
{
    size_t low = 0;
    size_t high = grant->n_units;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (grant->units[middle].value == unit.value)
            return true;
        if (grant->units[middle].value < unit.value)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

bool sg_authority_covers(const struct sg_authority_at *at,
                         const struct sg_authority_grant *grant,
                         struct sg_unit_key unit)
{
    for (unsigned i = 0; i < ABOVE_MAX && unit.value != 0; i++) {
        const struct sg_unit *found;

        if (lists_unit(grant, unit))
            return true;
        found = sg_authority_unit(at, unit);
        unit = found == NULL || sg_unit_key_level(found->parent) >=
                                    sg_unit_key_level(unit)
                   ? SG_UNIT_COUNTRY
                   : found->parent;
    }
    return lists_unit(grant, SG_UNIT_COUNTRY);
}

/* --- units ------------------------------------------------------------- */

const struct sg_unit *sg_authority_unit(const struct sg_authority_at *at,
                                        struct sg_unit_key key)
{
    const struct sg_authority *authority = at->authority;
    const struct sg_unit *units = authority->made[SG_AUTHORITY_UNITS].items;
    struct sg_uid subject = sg_authority_subject(key.value);
    uint32_t no = sg_authority_standing(
        at, sg_authority_find_slot(authority, SG_TYPE_UNIT, &subject));

    return no == SG_AUTHORITY_NONE
               ? NULL
               : &units[sg_authority_statement(authority, no)->item];
}

bool sg_authority_is_part(const struct sg_authority_at *at,
                          struct sg_unit_key from, struct sg_unit_key to)
{
    struct sg_uid subject = sg_authority_subject(from.value);
    uint32_t no = sg_authority_standing(
        at, sg_authority_find_slot(at->authority, SG_TYPE_UNIT_SUCCESSION,
                                   &subject));
    struct sg_msgpack reader;
    struct sg_record record;
    uint32_t count;

    if (no == SG_AUTHORITY_NONE)
        return false;
    sg_authority_read(at->authority, no, &record);
    sg_record_open(&record, SG_FIELD_UNIT_SUCCESSION_TO, &reader);
    count = sg_msgpack_read_array(&reader);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t unit, share;

        (void)sg_msgpack_read_array(&reader);
        unit = sg_msgpack_read_uint(&reader);
        share = sg_msgpack_read_uint(&reader);
        if (unit == to.value)
            return share == SG_UNIT_PART;
    }
    return false;
}

/* --- code tables ------------------------------------------------------- */

/* Gives the first row of KEY; the end when there is none. */
static const struct sg_authority_code *find_code(
    const struct sg_authority *authority, uint32_t key)
{
    const struct sg_authority_list *list = &authority->made[SG_AUTHORITY_CODES];
    const struct sg_authority_code *codes = list->items;
    size_t low = 0;
    size_t high = list->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (codes[middle].key < key)
            low = middle + 1;
        else
            high = middle;
    }
    return list->count == 0 ? NULL : codes + low;
}

/* Gives the row that stands AT of CODE on a day from FIRST to LAST: of several
 * the one that began last. */
static const struct sg_authority_code *standing_code(
    const struct sg_authority_at *at, enum sg_schema_table table, uint16_t code,
    struct sg_date first, struct sg_date last)
{
    const struct sg_authority *authority = at->authority;
    const struct sg_authority_list *list = &authority->made[SG_AUTHORITY_CODES];
    const struct sg_authority_code *codes = list->items;
    const struct sg_authority_code *found = NULL;
    const uint32_t key = (uint32_t)table << 16 | code;
    const struct sg_authority_code *row = find_code(authority, key);

    for (; row != NULL && row < codes + list->count && row->key == key; row++) {
        const struct sg_authority_statement *statement =
            sg_authority_statement(authority, row->statement);

        if (sg_date_compare(row->from, last) <= 0 &&
            (row->until.ymd == 0 || sg_date_compare(first, row->until) < 0) &&
            sg_authority_standing(at, statement->slot) == row->statement)
            found = row;
    }
    return found;
}

bool sg_authority_has_code(const struct sg_authority_at *at,
                           enum sg_schema_table table, uint16_t code,
                           struct sg_date first, struct sg_date last)
{
    return standing_code(at, table, code, first, last) != NULL;
}

struct sg_bytes sg_authority_code_text(const struct sg_authority_at *at,
                                       enum sg_schema_table table,
                                       uint16_t code, struct sg_date day,
                                       enum sg_lang lang)
{
    const struct sg_authority_code *row =
        standing_code(at, table, code, day, day);

    if (row == NULL)
        return (struct sg_bytes){NULL, 0};
    return lang == SG_LANG_VI || row->english.size == 0 ? row->vietnamese
                                                        : row->english;
}

/* --- leases ------------------------------------------------------------ */

/* Says whether another node's earlier lease, seen AT, has SERIAL too. */
static bool is_taken(const struct sg_authority_at *at, uint32_t lease,
                     unsigned serial)
{
    const struct sg_authority *authority = at->authority;
    const struct sg_authority_lease *leases =
        authority->made[SG_AUTHORITY_LEASES].items;
    const struct sg_authority_list *list =
        &authority->made[SG_AUTHORITY_OVERLAPS];
    const struct sg_authority_overlap *overlaps = list->items;
    size_t low = 0;
    size_t high = list->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (overlaps[middle].later < lease)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < list->count && overlaps[low].later == lease; low++) {
        const struct sg_authority_lease *earlier =
            &leases[overlaps[low].earlier];

        if (earlier->block.first <= serial && serial <= earlier->block.last &&
            sg_authority_is_seen(at, earlier->statement))
            return true;
    }
    return false;
}

bool sg_authority_block(const struct sg_authority_at *at,
                        const struct sg_ref *block, unsigned serial,
                        struct sg_pin_block *ret_block)
{
    const struct sg_authority *authority = at->authority;
    const struct sg_authority_lease *leases =
        authority->made[SG_AUTHORITY_LEASES].items;
    uint32_t no = sg_authority_find_ref(authority, block);
    const struct sg_authority_statement *statement;

    if (no == SG_AUTHORITY_NONE)
        return false;
    statement = sg_authority_statement(authority, no);
    if (statement->type != SG_TYPE_PIN_BLOCK || !statement->counts ||
        !sg_authority_is_seen(at, no) || is_taken(at, statement->item, serial))
        return false;
    *ret_block = leases[statement->item].block;
    return true;
}

/* --- facts for the rules ----------------------------------------------- */

static bool facts_has_code(const void *context, enum sg_schema_table table,
                           uint16_t code, struct sg_date first,
                           struct sg_date last)
{
    return sg_authority_has_code(context, table, code, first, last);
}

static const struct sg_unit *facts_find_unit(const void *context,
                                             struct sg_unit_key unit)
{
    return sg_authority_unit(context, unit);
}

static bool facts_is_part(const void *context, struct sg_unit_key from,
                          struct sg_unit_key to)
{
    return sg_authority_is_part(context, from, to);
}

static bool facts_find_block(const void *context, const struct sg_ref *block,
                             unsigned serial, struct sg_pin_block *ret_block)
{
    return sg_authority_block(context, block, serial, ret_block);
}

static bool facts_covers(const void *context, const struct sg_key_id *officer,
                         struct sg_unit_key unit)
{
    const struct sg_authority_grant *grant =
        sg_authority_grant(context, officer);

    return grant != NULL && sg_authority_covers(context, grant, unit);
}

void sg_authority_facts(const struct sg_authority_at *at,
                        const uint8_t node[SG_KEY_SIZE],
                        struct sg_rules_facts *ret_facts)
{
    *ret_facts = (struct sg_rules_facts){
        .context = at,
        .is_test = at->authority->is_test,
        .changes = at->authority->made[SG_AUTHORITY_CHANGES].items,
        .n_changes = at->authority->made[SG_AUTHORITY_CHANGES].count,
        .has_code = facts_has_code,
        .find_unit = facts_find_unit,
        .is_part = facts_is_part,
        .find_block = facts_find_block,
        .covers = facts_covers,
    };
    memcpy(ret_facts->node, node, SG_KEY_SIZE);
}
