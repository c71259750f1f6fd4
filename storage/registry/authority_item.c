/* Statements that allow, taken apart once: nodes, grants, units, codes, leases.
 * All that count are kept, for which stands depends on the position. */
#include <string.h>

#include "storage/base/check.h"
#include "storage/registry/authority_state.h"

/* Where a certificate says the same (PROTOCOL.md section 3). */
#define CERTIFICATE_ROLE  1u
#define CERTIFICATE_NODE  16u
#define CERTIFICATE_FROM  80u
#define CERTIFICATE_UNTIL 84u

/* Adds an item of SIZE to the list MADE, and says in the statement NO where. */
static void *item_add(struct sg_authority *authority,
                      enum sg_authority_made made, size_t size, uint32_t no)
{
    struct sg_authority_list *list = &authority->made[made];

    sg_authority_statement(authority, no)->item = (uint32_t)list->count;
    return sg_authority_list_add(list, size, 1);
}

static void copy_key(uint8_t ret_key[SG_KEY_SIZE], struct sg_bytes bytes)
{
    SG_ASSERT(bytes.size == SG_KEY_SIZE);
    memcpy(ret_key, bytes.data, SG_KEY_SIZE);
}

/* --- nodes ------------------------------------------------------------- */

static bool is_certified(const struct sg_authority_node *node,
                         struct sg_bytes certificate)
{
    const uint8_t *bytes = certificate.data;

    return certificate.size == SG_CERTIFICATE_SIZE &&
           bytes[CERTIFICATE_ROLE] == node->role &&
           memcmp(bytes + CERTIFICATE_NODE, node->key, SG_KEY_SIZE) == 0 &&
           sg_bytes_get_u32be(bytes + CERTIFICATE_FROM) == node->from.ymd &&
           sg_bytes_get_u32be(bytes + CERTIFICATE_UNTIL) == node->until.ymd;
}

static enum sg_err node_add(struct sg_authority *authority, uint32_t no,
                            const struct sg_record *record)
{
    struct sg_authority_node *node =
        item_add(authority, SG_AUTHORITY_NODES, sizeof(*node), no);

    if (node == NULL)
        return SG_ERR_NOMEM;
    copy_key(node->key, sg_record_bin(record, SG_FIELD_NODE_ADMIT_NODE));
    node->role = (enum sg_authority_role)sg_record_uint(
        record, SG_FIELD_NODE_ADMIT_ROLE);
    node->from = sg_record_date(record, SG_FIELD_NODE_ADMIT_FROM);
    node->until = sg_record_date(record, SG_FIELD_NODE_ADMIT_UNTIL);
    node->statement = sg_authority_ref(authority, no);
    if (is_certified(node,
                     sg_record_bin(record, SG_FIELD_NODE_ADMIT_CERTIFICATE)))
        return SG_OK;
    return sg_authority_alarm(authority, SG_AUTHORITY_ALARM_CERTIFICATE,
                              &node->statement, &node->statement);
}

/* --- grants ------------------------------------------------------------ */

static enum sg_err grant_add(struct sg_authority *authority, uint32_t no,
                             const struct sg_record *record)
{
    struct sg_authority_grant *grant =
        item_add(authority, SG_AUTHORITY_GRANTS, sizeof(*grant), no);
    struct sg_unit_key *units;
    struct sg_msgpack reader;

    if (grant == NULL)
        return SG_ERR_NOMEM;
    copy_key(grant->key, sg_record_bin(record, SG_FIELD_OFFICER_GRANT_OFFICER));
    grant->officer =
        sg_key_id_of(&authority->registry, SG_KEY_OFFICER, grant->key);
    grant->roles =
        (uint8_t)sg_record_uint(record, SG_FIELD_OFFICER_GRANT_ROLES);
    grant->from = sg_record_date(record, SG_FIELD_OFFICER_GRANT_FROM);
    grant->until = sg_record_date(record, SG_FIELD_OFFICER_GRANT_UNTIL);
    grant->statement = sg_authority_ref(authority, no);
    sg_record_open(record, SG_FIELD_OFFICER_GRANT_UNITS, &reader);
    grant->n_units = sg_msgpack_read_array(&reader);
    units = sg_authority_list_add(&authority->made[SG_AUTHORITY_GRANT_UNITS],
                                  sizeof(*units), grant->n_units);
    if (units == NULL)
        return SG_ERR_NOMEM;
    for (size_t i = 0; i < grant->n_units; i++)
        units[i].value = sg_msgpack_read_uint(&reader);
    return SG_OK;
}

/* Says where each grant's units lie, now that their list moves no more. */
static void settle_grants(struct sg_authority *authority)
{
    const struct sg_authority_list *list =
        &authority->made[SG_AUTHORITY_GRANTS];
    const struct sg_unit_key *units =
        authority->made[SG_AUTHORITY_GRANT_UNITS].items;
    struct sg_authority_grant *grants = list->items;

    for (size_t i = 0; i < list->count; i++) {
        grants[i].units = units;
        units += grants[i].n_units;
    }
}

/* --- units ------------------------------------------------------------- */

static enum sg_err unit_add(struct sg_authority *authority, uint32_t no,
                            const struct sg_record *record)
{
    struct sg_unit *unit =
        item_add(authority, SG_AUTHORITY_UNITS, sizeof(*unit), no);

    if (unit == NULL)
        return SG_ERR_NOMEM;
    *unit = (struct sg_unit){
        .key = sg_record_unit(record, SG_FIELD_UNIT_UNIT),
        .parent = sg_record_unit(record, SG_FIELD_UNIT_PARENT),
        .kind = (uint16_t)sg_record_uint(record, SG_FIELD_UNIT_KIND),
        .is_proven = sg_record_uint(record, SG_FIELD_UNIT_PROOF) != 0,
        .name = sg_record_str(record, SG_FIELD_UNIT_NAME),
        .act = sg_record_str(record, SG_FIELD_UNIT_ACT),
    };
    if (!sg_record_is_nil(record, SG_FIELD_UNIT_UNTIL))
        unit->until = sg_record_date(record, SG_FIELD_UNIT_UNTIL);
    return SG_OK;
}

/* --- code tables ------------------------------------------------------- */

static int compare_codes(const void *a, const void *b)
{
    const struct sg_authority_code *x = a;
    const struct sg_authority_code *y = b;

    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    if (x->from.ymd != y->from.ymd)
        return x->from.ymd < y->from.ymd ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

static enum sg_err codes_add(struct sg_authority *authority, uint32_t no,
                             uint32_t order, const struct sg_record *record)
{
    uint32_t table =
        (uint32_t)sg_record_uint(record, SG_FIELD_CODE_TABLE_TABLE);
    struct sg_authority_code *codes;
    struct sg_msgpack reader;
    uint32_t count;

    sg_record_open(record, SG_FIELD_CODE_TABLE_ROWS, &reader);
    count = sg_msgpack_read_array(&reader);
    codes = sg_authority_list_add(&authority->made[SG_AUTHORITY_CODES],
                                  sizeof(*codes), count);
    if (codes == NULL)
        return SG_ERR_NOMEM;
    for (uint32_t i = 0; i < count; i++) {
        (void)sg_msgpack_read_array(&reader);
        codes[i].key = table << 16 | (uint32_t)sg_msgpack_read_uint(&reader);
        codes[i].from = sg_record_read_date(&reader);
        codes[i].vietnamese = sg_msgpack_read_str(&reader);
        codes[i].english = sg_msgpack_read_str(&reader);
        codes[i].until = sg_record_read_date(&reader);
        codes[i].statement = no;
        codes[i].order = order;
    }
    return SG_OK;
}

static bool is_newest(const struct sg_authority *authority, uint32_t no)
{
    const struct sg_authority_slot *slots =
        authority->made[SG_AUTHORITY_SLOTS].items;

    return slots[sg_authority_statement(authority, no)->slot].newest == no;
}

/* A code that stands in two parts of its table. */
static enum sg_err alarm_codes(struct sg_authority *authority)
{
    const struct sg_authority_list *list = &authority->made[SG_AUTHORITY_CODES];
    const struct sg_authority_code *codes = list->items;
    const struct sg_authority_code *last = NULL;
    enum sg_err err = SG_OK;

    for (size_t i = 0; err == SG_OK && i < list->count; i++) {
        struct sg_ref a, b;

        if (!is_newest(authority, codes[i].statement))
            continue;
        if (last != NULL && last->key == codes[i].key &&
            last->statement != codes[i].statement) {
            a = sg_authority_ref(authority, codes[i].statement);
            b = sg_authority_ref(authority, last->statement);
            err =
                sg_authority_alarm(authority, SG_AUTHORITY_ALARM_CODE, &a, &b);
        }
        last = &codes[i];
    }
    return err;
}

/* --- leases ------------------------------------------------------------ */

static int compare_leases(const void *a, const void *b)
{
    const struct sg_authority_lease *x = a;
    const struct sg_authority_lease *y = b;

    if (x->block.province != y->block.province)
        return x->block.province < y->block.province ? -1 : 1;
    if (x->block.first != y->block.first)
        return x->block.first < y->block.first ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

static int compare_overlaps(const void *a, const void *b)
{
    const struct sg_authority_overlap *x = a;
    const struct sg_authority_overlap *y = b;

    if (x->later != y->later)
        return x->later < y->later ? -1 : 1;
    return (x->earlier > y->earlier) - (x->earlier < y->earlier);
}

static enum sg_err lease_add(struct sg_authority *authority, uint32_t no,
                             uint32_t order, const struct sg_record *record)
{
    struct sg_authority_lease *lease =
        item_add(authority, SG_AUTHORITY_LEASES, sizeof(*lease), no);

    if (lease == NULL)
        return SG_ERR_NOMEM;
    lease->ref = sg_authority_ref(authority, no);
    lease->statement = no;
    lease->order = order;
    sg_pin_block_read(record, &lease->block);
    return SG_OK;
}

static enum sg_err overlap_add(struct sg_authority *authority, uint32_t a,
                               uint32_t b)
{
    struct sg_authority_list *list = &authority->made[SG_AUTHORITY_OVERLAPS];
    const struct sg_authority_lease *leases =
        authority->made[SG_AUTHORITY_LEASES].items;
    uint32_t later = leases[a].order > leases[b].order ? a : b;
    uint32_t earlier = later == a ? b : a;
    struct sg_authority_overlap *overlap;

    if (memcmp(leases[a].block.node, leases[b].block.node, SG_KEY_SIZE) == 0 ||
        !sg_pin_block_overlaps(&leases[a].block, &leases[b].block))
        return SG_OK;
    overlap = sg_authority_list_add(list, sizeof(*overlap), 1);
    if (overlap == NULL)
        return SG_ERR_NOMEM;
    *overlap = (struct sg_authority_overlap){later, earlier};
    return sg_authority_alarm(authority, SG_AUTHORITY_ALARM_BLOCK,
                              &leases[later].ref, &leases[earlier].ref);
}

/* Notes leases of different nodes that share numbers: they stand close to each
 * other, sorted by province and first number. */
static enum sg_err find_overlaps(struct sg_authority *authority)
{
    const struct sg_authority_list *all = &authority->made[SG_AUTHORITY_LEASES];
    const struct sg_authority_lease *leases = all->items;
    enum sg_err err = SG_OK;

    for (uint32_t i = 0; i < all->count; i++) {
        sg_authority_statement(authority, leases[i].statement)->item = i;
        for (uint32_t k = i + 1;
             err == SG_OK && k < all->count &&
             leases[k].block.province == leases[i].block.province &&
             leases[k].block.first <= leases[i].block.last;
             k++)
            err = overlap_add(authority, i, k);
    }
    sg_authority_list_sort(&authority->made[SG_AUTHORITY_OVERLAPS],
                           sizeof(struct sg_authority_overlap),
                           compare_overlaps);
    return err;
}

/* --- all --------------------------------------------------------------- */

static enum sg_err take_apart(struct sg_authority *authority, uint32_t no,
                              uint32_t order)
{
    enum sg_type type = sg_authority_statement(authority, no)->type;
    struct sg_record record;

    sg_authority_read(authority, no, &record);
    switch (type) {
    case SG_TYPE_NODE_ADMIT:
        return node_add(authority, no, &record);
    case SG_TYPE_OFFICER_GRANT:
        return grant_add(authority, no, &record);
    case SG_TYPE_UNIT:
        return unit_add(authority, no, &record);
    case SG_TYPE_CODE_TABLE:
        return codes_add(authority, no, order, &record);
    case SG_TYPE_PIN_BLOCK:
        return lease_add(authority, no, order, &record);
    default:
        return SG_OK;
    }
}

enum sg_err sg_authority_seal_items(struct sg_authority *authority)
{
    const struct sg_authority_list *list =
        &authority->made[SG_AUTHORITY_ORDERED];
    const struct sg_authority_ordered *ordered = list->items;
    enum sg_err err = SG_OK;

    for (uint32_t i = 0; err == SG_OK && i < list->count; i++)
        err = take_apart(authority, ordered[i].statement, i);
    if (err != SG_OK)
        return err;
    settle_grants(authority);
    sg_authority_list_sort(&authority->made[SG_AUTHORITY_CODES],
                           sizeof(struct sg_authority_code), compare_codes);
    sg_authority_list_sort(&authority->made[SG_AUTHORITY_LEASES],
                           sizeof(struct sg_authority_lease), compare_leases);
    err = alarm_codes(authority);
    if (err == SG_OK)
        err = find_overlaps(authority);
    return err;
}
