/* What the authority says in a history. */
#include <string.h>

#include "storage/base/date.h"
#include "tests/merge/history.h"

#define ROOT_LOG   0u
#define SECOND_LOG 1u
#define MS_2025    UINT64_C(1740787200000) /* 2025-03-01 */
#define MS_2026    UINT64_C(1768003200000) /* 2026-01-10 */
/* The first moment, in Viet Nam, of the day on which units succeed. */
#define MS_JULY UINT64_C(1751302800000)

struct statement {
    struct sg_record_head head;
    struct sg_record_build build;
};

static void begin(struct history *h, struct statement *s, enum sg_type type)
{
    memset(s, 0, sizeof *s);
    s->head = (struct sg_record_head){
        .type = type, .effective = {20230310}, .officer = h->root.id};
    sg_prng_bytes(&h->prng, s->head.submit.bytes, 16);
    if (type == SG_TYPE_REHOME || type == SG_TYPE_PIN_BLOCK ||
        type == SG_TYPE_ERASURE)
        sg_prng_bytes(&h->prng, s->head.subject.bytes, 16);
    sg_record_build_init(&s->build, &s->head);
    sg_record_build_uint(&s->build, 0, ++h->serial);
}

static struct sg_ref end(struct history *h, struct statement *s, unsigned log)
{
    struct sg_hash id;

    history_state(h, &s->build, log, &id);
    return sg_ref_of(&id);
}

static void put_key(struct statement *s, unsigned no,
                    const struct history_key *key)
{
    sg_record_build_bin(&s->build, no, SG_BYTES_ARRAY(key->public_key));
}

static void genesis(struct history *h)
{
    struct statement s;
    struct sg_pack *pack;
    struct sg_hash id;
    struct sg_record record;
    uint8_t next[32];

    h->logs[ROOT_LOG].size = h->logs[SECOND_LOG].size = 0;
    for (unsigned i = 0; i < HISTORY_LOGS; i++)
        h->logs[i].size = i == SECOND_LOG ? 0 : 1; /* its opening */
    begin(h, &s, SG_TYPE_GENESIS);
    memset(&s.head.officer, 0, sizeof s.head.officer);
    sg_prng_bytes(&h->prng, next, sizeof next);
    sg_record_build_uint(&s.build, 1, 1);
    sg_record_build_str(&s.build, 2, SG_BYTES_TEXT("Sổ thử"));
    pack = sg_record_build_field(&s.build, 3);
    sg_pack_array(pack, 1);
    sg_pack_bin(pack, SG_BYTES_ARRAY(h->root.public_key));
    sg_record_build_bin(&s.build, 4, SG_BYTES_ARRAY(next));
    put_key(&s, 5, &h->nodes[0]);
    sg_record_build_uint(&s.build, 6, 1);
    sg_record_build_uint(&s.build, 7, 1);
    sg_record_build_uint(&s.build, 8, history_units[UNIT_PROVINCE]);
    history_state(h, &s.build, ROOT_LOG, &id);
    history_must(sg_record_decode(sg_bytes(h->bytes.data + h->copies[0].at,
                                           h->copies[0].size),
                                  &record),
                 "genesis");
    sg_record_registry(record.inner, &h->registry);
    h->root.id = sg_key_id_of(&h->registry, SG_KEY_ROOT, h->root.public_key);
    for (unsigned i = 0; i < HISTORY_OFFICERS; i++)
        h->officers[i].id = sg_key_id_of(&h->registry, SG_KEY_OFFICER,
                                         h->officers[i].public_key);
}

static void admit(struct history *h, unsigned node, unsigned role)
{
    uint8_t certificate[SG_CERTIFICATE_SIZE];
    struct statement s;

    memset(certificate, (int)node, sizeof certificate);
    begin(h, &s, SG_TYPE_NODE_ADMIT);
    sg_record_build_bin(&s.build, 1, SG_BYTES_ARRAY(certificate));
    put_key(&s, 2, &h->nodes[node]);
    sg_record_build_uint(&s.build, 3, role);
    sg_record_build_uint(&s.build, 4, 20230101);
    sg_record_build_uint(
        &s.build, 5, node == 4 && history_chance(h, 100) ? 20250201 : 20300101);
    (void)end(h, &s, ROOT_LOG);
}

static void grant(struct history *h, unsigned officer, unsigned roles,
                  uint64_t unit, uint64_t other, uint64_t until)
{
    struct statement s;
    struct sg_pack *pack;

    begin(h, &s, SG_TYPE_OFFICER_GRANT);
    put_key(&s, 1, &h->officers[officer]);
    sg_record_build_uint(&s.build, 2, roles);
    pack = sg_record_build_field(&s.build, 3);
    sg_pack_array(pack, other == unit ? 1 : 2);
    sg_pack_uint(pack, unit);
    if (other != unit)
        sg_pack_uint(pack, other);
    sg_record_build_uint(&s.build, 4, 20230101);
    sg_record_build_uint(&s.build, 5, until);
    sg_record_build_str(&s.build, 6, SG_BYTES_TEXT("CB-01"));
    (void)end(h, &s, ROOT_LOG);
}

static void unit(struct history *h, unsigned no, unsigned kind, uint64_t parent,
                 uint64_t until)
{
    struct statement s;

    begin(h, &s, SG_TYPE_UNIT);
    sg_record_build_uint(&s.build, 1, history_units[no]);
    sg_record_build_str(&s.build, 2, SG_BYTES_TEXT("Xã Thử"));
    sg_record_build_uint(&s.build, 3, kind);
    sg_record_build_uint(&s.build, 4, parent);
    if (until == 0)
        sg_record_build_nil(&s.build, 5);
    else
        sg_record_build_uint(&s.build, 5, until);
    sg_record_build_str(&s.build, 6, SG_BYTES_TEXT("NQ 1686"));
    sg_record_build_uint(&s.build, 7, 1);
    (void)end(h, &s, ROOT_LOG);
}

static void succession(struct history *h, unsigned from, unsigned to,
                       unsigned other)
{
    struct statement s;
    struct sg_pack *pack;

    begin(h, &s, SG_TYPE_UNIT_SUCCESSION);
    sg_record_build_uint(&s.build, 1, history_units[from]);
    pack = sg_record_build_field(&s.build, 2);
    sg_pack_array(pack, to == other ? 1 : 2);
    sg_pack_array(pack, 2);
    sg_pack_uint(pack, history_units[to]);
    sg_pack_uint(pack, to == other ? 1 : 2);
    if (to != other) {
        sg_pack_array(pack, 2);
        sg_pack_uint(pack, history_units[other]);
        sg_pack_uint(pack, 2);
    }
    sg_record_build_uint(&s.build, 3, 20250701);
    sg_record_build_str(&s.build, 4, SG_BYTES_TEXT("NQ 1686"));
    sg_record_build_uint(&s.build, 5, 1);
    (void)end(h, &s, ROOT_LOG);
}

static void units(struct history *h)
{
    uint64_t province = history_units[UNIT_PROVINCE];

    unit(h, UNIT_PROVINCE, 1, 0, 0);
    unit(h, UNIT_DISTRICT, 3, province, 0);
    unit(h, UNIT_OTHER_DISTRICT, 3, province, 0);
    for (unsigned i = UNIT_WHOLE; i <= UNIT_STAYS; i++)
        unit(h, i, 7, history_units[UNIT_DISTRICT],
             i == UNIT_STAYS ? 0 : 20250701);
    unit(h, UNIT_AWAY, 7, history_units[UNIT_OTHER_DISTRICT], 0);
    for (unsigned i = UNIT_NEXT; i <= UNIT_OTHER_PART; i++)
        unit(h, i, 7, province, 0);
    succession(h, UNIT_WHOLE, UNIT_NEXT, UNIT_NEXT);
    succession(h, UNIT_SPLIT, UNIT_PART, UNIT_OTHER_PART);
}

static void codes(struct history *h, unsigned table, unsigned last)
{
    struct statement s;
    struct sg_pack *pack;

    begin(h, &s, SG_TYPE_CODE_TABLE);
    sg_record_build_uint(&s.build, 1, table);
    sg_record_build_uint(&s.build, 2, 0);
    pack = sg_record_build_field(&s.build, 3);
    sg_pack_array(pack, last);
    for (unsigned i = 1; i <= last; i++) {
        sg_pack_array(pack, 5);
        sg_pack_uint(pack, i);
        sg_pack_uint(pack, i == last ? 20240701 : 20000101);
        sg_pack_str(pack, SG_BYTES_TEXT("mã"));
        sg_pack_str(pack, SG_BYTES_TEXT("code"));
        sg_pack_nil(pack);
    }
    sg_record_build_str(&s.build, 4, SG_BYTES_TEXT("QCVN 109"));
    (void)end(h, &s, ROOT_LOG);
}

static void officers(struct history *h)
{
    uint64_t whole = history_units[UNIT_WHOLE];
    uint64_t split = history_units[UNIT_SPLIT];
    uint64_t province = history_units[UNIT_PROVINCE];
    uint64_t district = history_units[UNIT_DISTRICT];

    grant(h, 0, 1, whole, history_units[UNIT_NEXT], 20300101);
    grant(h, 1, 1, split, history_units[UNIT_PART], 20300101);
    grant(h, 2, 3, whole, history_units[UNIT_NEXT], 20300101);
    grant(h, 3, 2, split, history_units[UNIT_STAYS], 20300101);
    grant(h, 4, 4, province, province, 20300101);
    grant(h, 5, 7, 0, 0, 20300101);
    grant(h, 6, 8, province, province, 20300101);
    grant(h, 7, 1, district, district, 20300101);
    grant(h, 8, 6, district, district, 20300101);
    if (history_chance(h, 300))
        grant(h, 9, 1, province, province, 20250201);
}

static void heartbeat(struct history *h, uint64_t ms)
{
    struct statement s;

    begin(h, &s, SG_TYPE_HEARTBEAT);
    sg_record_build_uint(&s.build, 1, ms);
    (void)end(h, &s, ROOT_LOG);
}

static void lease(struct history *h)
{
    struct statement s;

    begin(h, &s, SG_TYPE_PIN_BLOCK);
    put_key(&s, 1, &h->nodes[1 + history_below(h, 2)]);
    sg_record_build_uint(&s.build, 2, 999);
    sg_record_build_uint(&s.build, 3, 0);
    sg_record_build_uint(&s.build, 4, 999999);
    sg_record_build_uint(&s.build, 5, 20251231);
    h->block = end(h, &s, ROOT_LOG);
}

static void policy(struct history *h, unsigned number, uint64_t value)
{
    struct statement s;

    begin(h, &s, SG_TYPE_POLICY);
    sg_record_build_uint(&s.build, 1, number);
    sg_record_build_uint(&s.build, 2, value);
    (void)end(h, &s, ROOT_LOG);
}

/* From 2025 on codes are only flagged, and units of two years let through. */
static void rules(struct history *h)
{
    static const unsigned changes[][3] = {
        {7, 20250101, 1}, {8, 20230101, 1}, {8, 20250101, 5}};
    struct statement s;
    struct sg_pack *pack;

    begin(h, &s, SG_TYPE_RULES);
    sg_record_build_uint(&s.build, 1, 1);
    pack = sg_record_build_field(&s.build, 2);
    sg_pack_array(pack, 3);
    for (unsigned i = 0; i < 3; i++) {
        sg_pack_array(pack, 4);
        sg_pack_uint(pack, changes[i][0]);
        sg_pack_uint(pack, changes[i][1]);
        sg_pack_nil(pack);
        sg_pack_uint(pack, changes[i][2]);
    }
    (void)end(h, &s, ROOT_LOG);
}

/* One statement about a campaign: a step, sometimes a wrong one. */
static void campaign(struct history *h, unsigned uid, unsigned state,
                     unsigned age)
{
    struct statement s;
    struct sg_pack *pack;

    begin(h, &s, SG_TYPE_CAMPAIGN);
    memset(s.head.subject.bytes, (int)uid, sizeof s.head.subject.bytes);
    sg_record_build_str(&s.build, 1, SG_BYTES_TEXT("Cấp thẻ"));
    sg_record_build_uint(&s.build, 2, state);
    sg_record_build_uint(&s.build, 3, 1);
    sg_record_build_uint(&s.build, 4, age);
    sg_record_build_uint(&s.build, 5, 1);
    sg_record_build_uint(&s.build, 6, 20230101);
    sg_record_build_uint(&s.build, 7, 20230629);
    sg_record_build_uint(&s.build, 8, 20230730);
    if (history_chance(h, 300))
        sg_record_build_uint(&s.build, 11, history_below(h, 50));
    pack = sg_record_build_field(&s.build, 12);
    sg_pack_array(pack, 1);
    sg_pack_uint(pack, history_units[UNIT_PROVINCE]);
    (void)end(h, &s, ROOT_LOG);
}

static void campaigns(struct history *h)
{
    for (unsigned uid = 0xc0; uid < 0xc2; uid++) {
        unsigned state = history_chance(h, 900) ? 1 : 2;

        while (history_chance(h, 650)) {
            campaign(h, uid, state, history_chance(h, 850) ? 14 : 16);
            if (state < 4 && history_chance(h, 700))
                state += history_chance(h, 900) ? 1 : 2;
            state = state > 4 ? 4 : state;
        }
    }
}

/* A second log of the authority's node: what the first has by then, and on. */
static void second_log(struct history *h)
{
    static const uint8_t root[32];
    struct statement s;
    struct sg_pack *pack;

    h->logs[SECOND_LOG].size = 1;
    begin(h, &s, SG_TYPE_AUTHORITY_LOG);
    sg_record_build_uint(&s.build, 1, 1);
    sg_record_build_bin(&s.build, 2, SG_BYTES_ARRAY(h->logs[SECOND_LOG].id));
    pack = sg_record_build_field(&s.build, 3);
    sg_pack_array(pack, 1);
    sg_pack_array(pack, 3);
    sg_pack_bin(pack, SG_BYTES_ARRAY(h->logs[ROOT_LOG].id));
    sg_pack_uint(pack, h->logs[ROOT_LOG].size);
    sg_pack_bin(pack, SG_BYTES_ARRAY(root));
    (void)end(h, &s, SECOND_LOG);
}

void history_authority_first(struct history *h)
{
    genesis(h);
    for (unsigned i = 1; i < HISTORY_NODES; i++)
        admit(h, i, i == 1 ? 2 : i == 5 && history_chance(h, 50) ? 4 : 3);
    units(h);
    officers(h);
    codes(h, SG_TABLE_ETHNIC, 5);
    codes(h, SG_TABLE_MARITAL, 4);
    codes(h, SG_TABLE_RELATION, 3);
    lease(h);
    if (history_chance(h, 500))
        policy(h, 6, history_chance(h, 500) ? 300 : 900);
    if (history_chance(h, 200))
        policy(h, 6, 700);
    if (history_chance(h, 200))
        policy(h, 5, 100);
    if (history_chance(h, 300))
        campaigns(h);
    if (history_chance(h, 250))
        rules(h);
    if (history_chance(h, 850))
        heartbeat(h, MS_2025);
    if (history_chance(h, 850))
        heartbeat(h, history_chance(h, 900) ? MS_2026 : MS_JULY);
    h->n_statements = (unsigned)h->logs[ROOT_LOG].size;
    if (history_chance(h, 300))
        second_log(h);
}

/* --- after the work ---------------------------------------------------- */

/* A place in LOG, its entries below which stand; of a forked log on one of its
 * branches, or on one that nobody holds. */
static uint64_t draw_size(struct history *h, unsigned log, uint8_t root[32])
{
    uint64_t size = 1 + sg_prng_below(&h->prng, h->logs[log].size);

    memset(root, 0, 32);
    if (size > h->logs[log].fork)
        root[3] = (uint8_t)(1 + history_below(h, 3));
    return size;
}

static void pack_prefix(struct history *h, struct sg_pack *pack, unsigned log,
                        bool is_signed)
{
    uint8_t root[32], signature[SG_SIGNATURE_SIZE] = {0};
    uint64_t size = draw_size(h, log, root);

    sg_pack_array(pack, is_signed ? 4 : 3);
    sg_pack_bin(pack, SG_BYTES_ARRAY(h->logs[log].id));
    sg_pack_uint(pack, size);
    sg_pack_bin(pack, SG_BYTES_ARRAY(root));
    if (is_signed)
        sg_pack_bin(pack, SG_BYTES_ARRAY(signature));
}

/* Packs those of the logs FIRST, SECOND that there are, by ascending id. */
static void pack_prefixes(struct history *h, struct sg_pack *pack,
                          unsigned first, unsigned second, bool is_signed)
{
    if (first != second &&
        memcmp(h->logs[first].id, h->logs[second].id, 32) > 0) {
        unsigned swap = first;

        first = second;
        second = swap;
    }
    sg_pack_array(pack, first == second ? 1 : 2);
    pack_prefix(h, pack, first, is_signed);
    if (first != second)
        pack_prefix(h, pack, second, is_signed);
}

static struct sg_ref cut_node(struct history *h, unsigned node, unsigned log)
{
    struct statement s;

    begin(h, &s, SG_TYPE_NODE_CUT);
    put_key(&s, 1, &h->nodes[node]);
    sg_record_build_uint(&s.build, 2, 1 + history_below(h, 3));
    pack_prefixes(h, sg_record_build_field(&s.build, 3), log, log, true);
    sg_record_build_uint(&s.build, 4, 2);
    return end(h, &s, ROOT_LOG);
}

static struct sg_ref cut_officer(struct history *h, unsigned officer)
{
    struct statement s;

    begin(h, &s, SG_TYPE_OFFICER_CUT);
    sg_record_build_bin(&s.build, 1,
                        SG_BYTES_ARRAY(h->officers[officer].id.bytes));
    sg_record_build_uint(&s.build, 2, history_chance(h, 500) ? 1 : 3);
    pack_prefixes(h, sg_record_build_field(&s.build, 3), 2, 3, false);
    sg_record_build_uint(&s.build, 4, 4);
    return end(h, &s, ROOT_LOG);
}

static void lift(struct history *h, const struct sg_ref *of)
{
    struct statement s;
    struct sg_pack *pack;

    begin(h, &s, SG_TYPE_LIFT);
    pack = sg_record_build_field(&s.build, 1);
    sg_pack_array(pack, 1);
    sg_pack_bin(pack, SG_BYTES_ARRAY(of->bytes));
    (void)end(h, &s, ROOT_LOG);
}

static void endorse_range(struct history *h, unsigned log)
{
    struct statement s;
    uint8_t root[32];
    uint64_t size = draw_size(h, log, root);

    begin(h, &s, SG_TYPE_ENDORSE_RANGE);
    memcpy(s.head.subject.bytes, h->logs[log].id, 16);
    sg_record_build_bin(&s.build, 1, SG_BYTES_ARRAY(h->logs[log].id));
    sg_record_build_uint(&s.build, 2, sg_prng_below(&h->prng, size));
    sg_record_build_uint(&s.build, 3, size);
    sg_record_build_bin(&s.build, 4, SG_BYTES_ARRAY(root));
    if (history_chance(h, 500))
        sg_record_build_bin(&s.build, 5,
                            SG_BYTES_ARRAY(h->officers[7].id.bytes));
    sg_record_build_str(&s.build, 6, SG_BYTES_TEXT("đã xem lại"));
    (void)end(h, &s, ROOT_LOG);
}

static void rehome(struct history *h, unsigned unit_no, unsigned from,
                   unsigned to)
{
    struct statement s;
    struct sg_pack *pack;

    begin(h, &s, SG_TYPE_REHOME);
    pack = sg_record_build_field(&s.build, 1);
    sg_pack_array(pack, 1);
    sg_pack_uint(pack, history_units[unit_no]);
    put_key(&s, 2, &h->nodes[from]);
    put_key(&s, 3, &h->nodes[to]);
    pack_prefixes(h, sg_record_build_field(&s.build, 4), 1 + from, 1 + from,
                  false);
    sg_record_build_str(&s.build, 5, SG_BYTES_TEXT("QĐ 7"));
    (void)end(h, &s, ROOT_LOG);
}

/* Erases all copies of an item in one log; the order bridges its parents. */
static void erase(struct history *h)
{
    const struct history_copy *copy = &h->copies[history_below(h, h->n_copies)];
    const struct history_item *item;
    struct statement s;
    struct sg_pack *pack;

    if (copy->item < 0 || copy->branch != 0)
        return;
    item = &h->items[copy->item];
    begin(h, &s, SG_TYPE_ERASURE);
    sg_record_build_str(&s.build, 1, SG_BYTES_TEXT("QĐ 3"));
    sg_record_build_str(&s.build, 2, SG_BYTES_TEXT("Đ.14"));
    sg_record_build_uint(&s.build, 3, 1);
    pack = sg_record_build_field(&s.build, 4);
    sg_pack_array(pack, 1);
    sg_pack_array(pack, 4);
    sg_pack_bin(pack, SG_BYTES_ARRAY(h->logs[copy->log].id));
    sg_pack_uint(pack, copy->index);
    sg_pack_bin(pack, SG_BYTES_ARRAY(item->ref.bytes));
    sg_pack_array(pack, item->record.n_parents);
    for (unsigned i = 0; i < item->record.n_parents; i++) {
        struct sg_ref parent = sg_record_parent(&item->record, i);

        sg_pack_bin(pack, SG_BYTES_ARRAY(parent.bytes));
    }
    sg_record_build_uint(&s.build, 5, 20251201);
    (void)end(h, &s, ROOT_LOG);
}

void history_authority_last(struct history *h)
{
    struct sg_ref of;

    if (history_chance(h, 250)) {
        of = cut_node(h, 3, 4);
        if (history_chance(h, 200))
            lift(h, &of);
        if (history_chance(h, 400))
            endorse_range(h, 4);
    }
    if (history_chance(h, 150))
        (void)cut_node(h, 5, 6);
    if (history_chance(h, 250)) {
        of = cut_officer(h, history_chance(h, 600) ? 7 : 8);
        if (history_chance(h, 200))
            lift(h, &of);
    }
    if (history_chance(h, 250))
        rehome(h, history_chance(h, 500) ? UNIT_DISTRICT : UNIT_PROVINCE, 2, 3);
    if (history_chance(h, 100))
        rehome(h, UNIT_NEXT, 3, 2);
    while (history_chance(h, 300))
        erase(h);
}
