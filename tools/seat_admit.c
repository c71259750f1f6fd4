#include "tools/seat_admit.h"

#include <stdlib.h>
#include <string.h>

#include "storage/base/alloc.h"
#include "storage/registry/codes.h"
#include "storage/registry/unit_put.h"

/* --- Certificates
 * ------------------------------------------------------------ */

static struct sg_date day_after(struct sg_date day, unsigned days)
{
    return sg_date_from_days((int64_t)sg_date_days(day) + days);
}

static void state_node(struct sg_record_build *build,
                       const struct sg_seat_admit *admit,
                       const struct sg_certificate *certificate,
                       const uint8_t *bytes)
{
    sg_record_build_bin(build, SG_FIELD_NODE_ADMIT_CERTIFICATE,
                        sg_bytes(bytes, SG_CERTIFICATE_SIZE));
    sg_record_build_bin(build, SG_FIELD_NODE_ADMIT_NODE,
                        SG_BYTES_ARRAY(certificate->node_key));
    sg_record_build_uint(build, SG_FIELD_NODE_ADMIT_ROLE, certificate->role);
    sg_record_build_uint(build, SG_FIELD_NODE_ADMIT_FROM,
                         certificate->from.ymd);
    sg_record_build_uint(build, SG_FIELD_NODE_ADMIT_UNTIL,
                         certificate->until.ymd);
    if (admit->n_units > 0) {
        struct sg_pack *pack =
            sg_record_build_field(build, SG_FIELD_NODE_ADMIT_TERRITORY);

        sg_pack_array(pack, (uint32_t)admit->n_units);
        for (size_t i = 0; i < admit->n_units; i++)
            sg_pack_uint(pack, admit->units[i].value);
    }
    if (admit->label != NULL)
        sg_record_build_str(build, SG_FIELD_NODE_ADMIT_LABEL,
                            sg_bytes(admit->label, strlen(admit->label)));
    sg_record_build_uint(build, SG_FIELD_NODE_ADMIT_EPOCHS, admit->epochs);
}

int sg_seat_admit_node(struct sg_seat *seat, const struct sg_seat_admit *admit,
                       uint8_t ret_certificate[SG_CERTIFICATE_SIZE])
{
    struct sg_certificate certificate = {
        .role = admit->role,
        .generation = seat->generation,
        .epochs = (uint8_t)admit->epochs,
        .serial = (uint32_t)seat->serial,
        .unit = admit->unit,
        .from = seat->today,
        .until = day_after(seat->today, admit->days),
    };

    memcpy(certificate.node_key, admit->node_key, SG_KEY_SIZE);
    memcpy(certificate.transport_key, admit->transport_key, SG_KEY_SIZE);
    sg_certificate_sign(&certificate, seat->registry, &seat->root->sign);
    sg_certificate_encode(&certificate, ret_certificate);
    state_node(sg_seat_begin(seat, SG_TYPE_NODE_ADMIT), admit, &certificate,
               ret_certificate);
    return sg_seat_end(seat, NULL);
}

/* --- Territory
 * --------------------------------------------------------------- */

struct search {
    const struct sg_unit_table *units;
    const struct sg_authority *authority;
    struct sg_date today;
    struct sg_seat_admit *admit;
    bool *seen; /* by index */
    bool is_too_many;
};

/* Says whether another node serves UNIT: none that was cut off for good, in
 * whose place this one comes. */
static bool is_others(const struct search *search, struct sg_unit_key unit)
{
    const struct sg_territory_node *node =
        sg_territory_node_of(sg_authority_territory(search->authority), unit);

    return node != NULL &&
           memcmp(node->key, search->admit->node_key, SG_KEY_SIZE) != 0 &&
           sg_authority_node_cut(search->authority, node->key) <
               SG_AUTHORITY_RETIRED;
}

/* Takes UNIT if it is there today, else what became of it. */
static void follow(struct search *search, const struct sg_unit *unit)
{
    struct sg_seat_admit *admit = search->admit;
    size_t at = sg_unit_index(search->units, unit);
    const struct sg_unit_edge *edges;
    size_t n;

    if (search->seen[at])
        return;
    search->seen[at] = true;
    if (sg_unit_is_at(unit, search->today)) {
        if (is_others(search, unit->key))
            return;
        search->is_too_many = admit->n_units == SG_SEAT_ADMIT_UNITS_MAX;
        if (!search->is_too_many)
            admit->units[admit->n_units++] = unit->key;
        return;
    }
    edges = sg_unit_edges_from(search->units, unit->key, &n);
    for (size_t i = 0; i < n && !search->is_too_many; i++) {
        const struct sg_unit *to = sg_unit_find(search->units, edges[i].to);

        if (to != NULL)
            follow(search, to);
    }
}

static int compare_units(const void *a, const void *b)
{
    const struct sg_unit_key *x = a, *y = b;

    return (x->value > y->value) - (x->value < y->value);
}

static void follow_all(struct search *search, struct sg_unit_key district)
{
    for (size_t i = 0;
         i < sg_unit_table_size(search->units) && !search->is_too_many; i++) {
        const struct sg_unit *unit = sg_unit_table_get(search->units, i);

        if (sg_unit_key_level(unit->key) == SG_UNIT_LEVEL_COMMUNE &&
            sg_unit_key_level(unit->parent) == SG_UNIT_LEVEL_DISTRICT &&
            sg_unit_key_code(unit->parent) == sg_unit_key_code(district))
            follow(search, unit);
    }
}

int sg_seat_admit_territory(const struct sg_seat *seat, struct sg_unit_key unit,
                            struct sg_seat_admit *admit)
{
    struct search search = {
        .units = sg_authority_units(seat->authority),
        .authority = seat->authority,
        .today = seat->today,
        .admit = admit,
    };

    admit->units[0] = unit;
    admit->n_units = 1;
    if (sg_unit_key_level(unit) != SG_UNIT_LEVEL_DISTRICT)
        return 0;
    search.seen = sg_calloc(sg_unit_table_size(search.units) + 1, sizeof(bool));
    if (search.seen == NULL)
        return sg_cli_fail_err(seat->cli, SG_ERR_NOMEM, seat->cli->dir);
    follow_all(&search, unit);
    sg_free(search.seen);
    qsort(admit->units, admit->n_units, sizeof admit->units[0], compare_units);
    if (!search.is_too_many)
        return 0;
    return sg_cli_fail(seat->cli, SG_EXIT_IMPOSSIBLE,
                       "more than %u units for one node; name some with "
                       "--territory",
                       "một nút không thể có quá %u đơn vị; hãy nêu bằng "
                       "--territory",
                       SG_SEAT_ADMIT_UNITS_MAX);
}

/* --- Units and code tables
 * ---------------------------------------------------- */

static bool is_same_unit(const struct sg_unit *a, const struct sg_unit *b)
{
    return b != NULL && sg_unit_key_equal(a->parent, b->parent) &&
           a->until.ymd == b->until.ymd && a->kind == b->kind &&
           a->is_proven == b->is_proven && sg_bytes_equal(a->name, b->name) &&
           sg_bytes_equal(a->act, b->act);
}

static bool are_same_edges(const struct sg_unit_table *mine,
                           const struct sg_unit_table *said,
                           struct sg_unit_key unit)
{
    size_t n, m;
    const struct sg_unit_edge *a = sg_unit_edges_from(mine, unit, &n);
    const struct sg_unit_edge *b = sg_unit_edges_from(said, unit, &m);

    if (n != m)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!sg_unit_key_equal(a[i].to, b[i].to) || a[i].share != b[i].share ||
            a[i].is_proven != b[i].is_proven ||
            !sg_bytes_equal(a[i].act, b[i].act))
            return false;
    return true;
}

int sg_seat_admit_units(struct sg_seat *seat, const struct sg_unit_table *units,
                        size_t *ret_count)
{
    const struct sg_unit_table *said = sg_authority_units(seat->authority);
    size_t count = 0;
    int code = 0;

    for (size_t i = 0; i < sg_unit_table_size(units) && code == 0; i++) {
        const struct sg_unit *unit = sg_unit_table_get(units, i);
        const struct sg_unit_edge *edges;
        size_t n;

        edges = sg_unit_edges_from(units, unit->key, &n);
        if (!is_same_unit(unit, sg_unit_find(said, unit->key))) {
            sg_unit_put_unit(sg_seat_begin(seat, SG_TYPE_UNIT), unit);
            code = sg_seat_end(seat, NULL);
            count++;
        }
        if (code == 0 && n > 0 && !are_same_edges(units, said, unit->key)) {
            sg_unit_put_edges(sg_seat_begin(seat, SG_TYPE_UNIT_SUCCESSION),
                              unit, edges, n);
            code = sg_seat_end(seat, NULL);
            count++;
        }
    }
    *ret_count = count;
    return code;
}

int sg_seat_admit_codes(struct sg_seat *seat, size_t *ret_count)
{
    size_t count = 0;
    int code = 0;

    for (unsigned i = SG_TABLE_FORM; code == 0 && i <= SG_TABLE_ISO_COUNTRY;
         i++) {
        const struct sg_codes_table *table =
            sg_codes_shipped((enum sg_schema_table)i);
        struct sg_uid subject = {{0}};

        sg_bytes_put_u64be(subject.bytes + 8, (uint64_t)i << 8);
        if (table == NULL ||
            sg_authority_slot(seat->authority, SG_TYPE_CODE_TABLE, &subject)
                    .size > 0)
            continue;
        sg_codes_put(sg_seat_begin(seat, SG_TYPE_CODE_TABLE), table);
        code = sg_seat_end(seat, NULL);
        count++;
    }
    *ret_count = count;
    return code;
}

int sg_seat_admit_heartbeat(struct sg_seat *seat)
{
    struct sg_authority_at at;
    struct sg_record_build *build;

    sg_authority_at_cut(seat->authority, &at);
    if (seat->now_ms < sg_authority_time_floor(&at))
        return sg_cli_fail(seat->cli, SG_EXIT_IMPOSSIBLE,
                           "this machine's clock is behind what the authority "
                           "has said already; set it first",
                           "đồng hồ máy này chậm hơn thời điểm cơ quan quản lý "
                           "đã công bố; hãy chỉnh lại trước");
    build = sg_seat_begin(seat, SG_TYPE_HEARTBEAT);
    sg_record_build_uint(build, SG_FIELD_HEARTBEAT_TIME, seat->now_ms);
    return sg_seat_end(seat, NULL);
}
