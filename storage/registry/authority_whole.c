/* What the fold needs of the whole cut: units and who serves them, working
 * days, campaigns, rules, policies. */
#include <stdlib.h>
#include <string.h>

#include "storage/base/check.h"
#include "storage/registry/authority_state.h"

#define MS_A_DAY         UINT64_C(86400000)
#define HLC_COUNTER_BITS 16
#define HLC_COUNTER_MAX  UINT64_C(0xffff)
#define CAMPAIGN_DRAFT   1u

static bool is_newest(const struct sg_authority *authority, uint32_t no)
{
    const struct sg_authority_statement *statement =
        sg_authority_statement(authority, no);
    const struct sg_authority_slot *slots =
        authority->made[SG_AUTHORITY_SLOTS].items;

    return statement->slot != SG_AUTHORITY_NONE &&
           slots[statement->slot].newest == no;
}

/* --- units ------------------------------------------------------------- */

static enum sg_err alarm(struct sg_authority *authority,
                         enum sg_authority_alarm_kind kind, uint32_t no,
                         uint32_t other)
{
    struct sg_ref a = sg_authority_ref(authority, no);
    struct sg_ref b = sg_authority_ref(authority, other);

    return sg_authority_alarm(authority, kind, &a, &b);
}

static enum sg_err add_unit(struct sg_authority *authority, uint32_t no)
{
    const struct sg_unit *units = authority->made[SG_AUTHORITY_UNITS].items;
    uint32_t item = sg_authority_statement(authority, no)->item;
    enum sg_err err = sg_unit_table_add(authority->units, &units[item]);

    if (err == SG_ERR_INVALID)
        return alarm(authority, SG_AUTHORITY_ALARM_UNIT, no, no);
    return err;
}

static enum sg_err add_edges(struct sg_authority *authority, uint32_t no)
{
    struct sg_unit_edge edge;
    struct sg_msgpack reader;
    struct sg_record record;
    enum sg_err err = SG_OK;
    uint32_t count;

    sg_authority_read(authority, no, &record);
    edge.from = sg_record_unit(&record, SG_FIELD_UNIT_SUCCESSION_FROM);
    edge.is_proven =
        sg_record_uint(&record, SG_FIELD_UNIT_SUCCESSION_PROOF) != 0;
    edge.act = sg_record_str(&record, SG_FIELD_UNIT_SUCCESSION_ACT);
    sg_record_open(&record, SG_FIELD_UNIT_SUCCESSION_TO, &reader);
    count = sg_msgpack_read_array(&reader);
    for (uint32_t i = 0; err == SG_OK && i < count; i++) {
        (void)sg_msgpack_read_array(&reader);
        edge.to.value = sg_msgpack_read_uint(&reader);
        edge.share = (enum sg_unit_share)sg_msgpack_read_uint(&reader);
        err = sg_unit_table_link(authority->units, &edge);
    }
    return err;
}

static enum sg_err seal_units(struct sg_authority *authority)
{
    const struct sg_authority_list *list =
        &authority->made[SG_AUTHORITY_ORDERED];
    const struct sg_authority_ordered *ordered = list->items;
    enum sg_err err = sg_unit_table_new(&authority->units);

    for (size_t i = 0; err == SG_OK && i < list->count; i++) {
        uint32_t no = ordered[i].statement;
        enum sg_type type = sg_authority_statement(authority, no)->type;

        if (!is_newest(authority, no))
            continue;
        if (type == SG_TYPE_UNIT)
            err = add_unit(authority, no);
        else if (type == SG_TYPE_UNIT_SUCCESSION)
            err = add_edges(authority, no);
    }
    return err == SG_OK ? sg_unit_table_seal(authority->units) : err;
}

/* --- who serves them --------------------------------------------------- */

/* Reads an array of units into RET_UNITS, which has room. */
static size_t read_units(const struct sg_record *record, unsigned no,
                         struct sg_unit_key *ret_units)
{
    struct sg_msgpack reader;
    uint32_t count;

    if (!sg_record_has(record, no))
        return 0;
    sg_record_open(record, no, &reader);
    count = sg_msgpack_read_array(&reader);
    SG_ASSERT(count <= SG_REHOME_UNITS_MAX);
    for (uint32_t i = 0; i < count; i++)
        ret_units[i].value = sg_msgpack_read_uint(&reader);
    return count;
}

static void read_node(const struct sg_record *record, unsigned no,
                      struct sg_territory_node *ret_node)
{
    memcpy(ret_node->key, sg_record_bin(record, no).data,
           sizeof(ret_node->key));
}

static enum sg_err admit(struct sg_authority *authority, uint32_t no)
{
    struct sg_unit_key units[SG_REHOME_UNITS_MAX];
    struct sg_territory_node node;
    struct sg_record record;
    enum sg_err err;
    size_t count;

    sg_authority_read(authority, no, &record);
    count = read_units(&record, SG_FIELD_NODE_ADMIT_TERRITORY, units);
    read_node(&record, SG_FIELD_NODE_ADMIT_NODE, &node);
    err = sg_territory_admit(authority->territory, &node, units, count);
    return err == SG_ERR_NOTFOUND ? SG_OK : err; /* units may come yet */
}

static enum sg_err rehome(struct sg_authority *authority, uint32_t no)
{
    struct sg_unit_key units[SG_REHOME_UNITS_MAX];
    struct sg_territory_cut cuts[SG_REHOME_CUTS_MAX];
    struct sg_territory_rehome act = {.units = units, .cuts = cuts};
    const struct sg_authority_stand *stands;
    struct sg_record record;
    uint32_t first, count;
    enum sg_err err;

    sg_authority_read(authority, no, &record);
    act.n_units = read_units(&record, SG_FIELD_REHOME_UNITS, units);
    read_node(&record, SG_FIELD_REHOME_FROM, &act.from);
    read_node(&record, SG_FIELD_REHOME_TO, &act.to);
    err = sg_authority_add_stands(authority, &record, SG_FIELD_REHOME_CUT,
                                  &first, &count);
    if (err != SG_OK)
        return err;
    SG_ASSERT(count <= SG_REHOME_CUTS_MAX);
    stands = authority->made[SG_AUTHORITY_STANDS].items;
    for (uint32_t i = 0; i < count; i++)
        cuts[i] = (struct sg_territory_cut){stands[first + i].log.hash,
                                            stands[first + i].size};
    act.n_cuts = count;
    err = sg_territory_rehome(authority->territory, &act);
    return err == SG_ERR_NOTFOUND ? SG_OK : err;
}

static enum sg_err seal_territory(struct sg_authority *authority)
{
    const struct sg_authority_list *list =
        &authority->made[SG_AUTHORITY_ORDERED];
    const struct sg_authority_ordered *ordered = list->items;
    enum sg_err err = sg_territory_new(authority->units, &authority->territory);

    for (size_t i = 0; err == SG_OK && i < list->count; i++) {
        uint32_t no = ordered[i].statement;
        enum sg_type type = sg_authority_statement(authority, no)->type;

        if (type == SG_TYPE_NODE_ADMIT && is_newest(authority, no))
            err = admit(authority, no);
        else if (type == SG_TYPE_REHOME)
            err = rehome(authority, no);
    }
    return err;
}

/* --- working days ------------------------------------------------------ */

static int compare_years(const void *a, const void *b)
{
    const struct sg_calendar_year *x = a;
    const struct sg_calendar_year *y = b;

    return (x->year > y->year) - (x->year < y->year);
}

static enum sg_err add_year(struct sg_authority *authority, uint32_t no)
{
    struct sg_calendar_year *year = sg_authority_list_add(
        &authority->made[SG_AUTHORITY_YEARS], sizeof(*year), 1);
    struct sg_record record;

    if (year == NULL)
        return SG_ERR_NOMEM;
    sg_authority_read(authority, no, &record);
    sg_calendar_read(&record, year);
    return SG_OK;
}

/* --- campaigns --------------------------------------------------------- */

static struct sg_authority_campaign *campaigns_of(
    const struct sg_authority *authority)
{
    return authority->made[SG_AUTHORITY_CAMPAIGNS].items;
}

/* Says whether the fields that are frozen from state 2 on are alike. */
static bool is_same_plan(const struct sg_record *a, const struct sg_record *b)
{
    static const uint8_t frozen[] = {
        SG_FIELD_CAMPAIGN_GOAL,      SG_FIELD_CAMPAIGN_AGE,
        SG_FIELD_CAMPAIGN_RESIDENCE, SG_FIELD_CAMPAIGN_REFERENCE,
        SG_FIELD_CAMPAIGN_COMMITTED, SG_FIELD_CAMPAIGN_MANDATED,
        SG_FIELD_CAMPAIGN_UNITS,
    };

    for (size_t i = 0; i < sizeof(frozen); i++)
        if (!sg_bytes_equal(a->fields[frozen[i]], b->fields[frozen[i]]))
            return false;
    return true;
}

/* Says whether RECORD may follow what stands of CAMPAIGN. */
static bool may_follow(const struct sg_authority_campaign *campaign,
                       const struct sg_record *record)
{
    uint64_t state = sg_record_uint(record, SG_FIELD_CAMPAIGN_STATE);
    struct sg_record latest;

    if (state != campaign->state && state != campaign->state + 1u)
        return false;
    if (campaign->state <= CAMPAIGN_DRAFT)
        return true;
    return sg_record_decode(campaign->payload, &latest) == SG_OK &&
           is_same_plan(&latest, record);
}

/* Takes statement NO of a campaign; they come in ascending order. */
static enum sg_err add_campaign(struct sg_authority *authority, uint32_t no)
{
    struct sg_authority_list *list = &authority->made[SG_AUTHORITY_CAMPAIGNS];
    const struct sg_authority_statement *statement =
        sg_authority_statement(authority, no);
    const struct sg_authority_slot *slots =
        authority->made[SG_AUTHORITY_SLOTS].items;
    struct sg_authority_statement *newest =
        sg_authority_statement(authority, slots[statement->slot].newest);
    struct sg_authority_campaign *campaign;
    struct sg_record record;

    if (newest->item == SG_AUTHORITY_NONE) {
        campaign = sg_authority_list_add(list, sizeof(*campaign), 1);
        if (campaign == NULL)
            return SG_ERR_NOMEM;
        campaign->uid = statement->subject;
        newest->item = (uint32_t)list->count - 1;
    }
    campaign = &campaigns_of(authority)[newest->item];
    sg_authority_read(authority, no, &record);
    if (!may_follow(campaign, &record))
        return alarm(authority, SG_AUTHORITY_ALARM_CAMPAIGN, no, no);
    campaign->state = (uint8_t)sg_record_uint(&record, SG_FIELD_CAMPAIGN_STATE);
    campaign->payload =
        (struct sg_bytes){statement->payload, statement->payload_size};
    return SG_OK;
}

static int compare_campaigns(const void *a, const void *b)
{
    const struct sg_authority_campaign *x = a;
    const struct sg_authority_campaign *y = b;

    return sg_uid_compare(&x->uid, &y->uid);
}

/* A campaign of which no statement counts is none. */
static void drop_empty(struct sg_authority *authority)
{
    struct sg_authority_list *list = &authority->made[SG_AUTHORITY_CAMPAIGNS];
    struct sg_authority_campaign *campaigns = list->items;
    size_t kept = 0;

    for (size_t i = 0; i < list->count; i++)
        if (campaigns[i].state != 0)
            campaigns[kept++] = campaigns[i];
    list->count = kept;
    sg_authority_list_sort(list, sizeof(*campaigns), compare_campaigns);
}

/* --- rules ------------------------------------------------------------- */

/* Adds the changes of statement NO, its last ones first: of two for one day the
 * one with the later beginning comes first and so holds. */
static enum sg_err add_changes(struct sg_authority *authority, uint32_t no)
{
    struct sg_rules_change *changes;
    struct sg_msgpack reader;
    struct sg_record record;
    uint32_t count;

    sg_authority_read(authority, no, &record);
    if (!sg_record_has(&record, SG_FIELD_RULES_CHANGES))
        return SG_OK;
    sg_record_open(&record, SG_FIELD_RULES_CHANGES, &reader);
    count = sg_msgpack_read_array(&reader);
    changes = sg_authority_list_add(&authority->made[SG_AUTHORITY_CHANGES],
                                    sizeof(*changes), count);
    if (changes == NULL)
        return SG_ERR_NOMEM;
    for (uint32_t i = count; i > 0; i--) {
        struct sg_rules_change *change = &changes[i - 1];

        (void)sg_msgpack_read_array(&reader);
        change->rule = (uint8_t)sg_msgpack_read_uint(&reader);
        change->from = sg_record_read_date(&reader);
        change->until = sg_record_read_date(&reader);
        change->severity =
            (enum sg_rules_severity)sg_msgpack_read_uint(&reader);
    }
    return SG_OK;
}

/* The largest version is in force; changes of versions that this program does
 * not have are not its to follow. */
static enum sg_err seal_rules(struct sg_authority *authority)
{
    const struct sg_authority_list *list = &authority->made[SG_AUTHORITY_SLOTS];
    const struct sg_authority_slot *slots = list->items;
    enum sg_err err = SG_OK;

    authority->rule_version = 1;
    for (size_t i = 0; i < list->count; i++) {
        uint64_t version = sg_bytes_get_u64be(slots[i].subject.bytes + 8);

        if (slots[i].type == SG_TYPE_RULES && version > authority->rule_version)
            authority->rule_version = (unsigned)version;
    }
    for (unsigned v = SG_AUTHORITY_RULE_VERSION; err == SG_OK && v > 0; v--) {
        struct sg_uid subject = sg_authority_subject(v);
        uint32_t slot =
            sg_authority_find_slot(authority, SG_TYPE_RULES, &subject);

        if (slot != SG_AUTHORITY_NONE)
            err = add_changes(authority, slots[slot].newest);
    }
    return err;
}

/* --- policies ---------------------------------------------------------- */

#define MANDATORY(age, type, field) \
    ((uint64_t)(age) << 16 | (uint64_t)(type) << 8 | (uint64_t)(field))

static uint64_t default_policy(enum sg_authority_policy policy, uint64_t key)
{
    static const uint16_t values[] = {
        [SG_AUTHORITY_POLICY_GREEN_DAYS] = 7,
        [SG_AUTHORITY_POLICY_AMBER_DAYS] = 30,
        [SG_AUTHORITY_POLICY_LEASE_DAYS] = 35,
        [SG_AUTHORITY_POLICY_READS_A_DAY] = 200,
        [SG_AUTHORITY_POLICY_CLOCK_DAYS] = 45,
        [SG_AUTHORITY_POLICY_DUPLICATE_SCORE] = 700,
        [SG_AUTHORITY_POLICY_WEIGHTS] = 1000,
        [SG_AUTHORITY_POLICY_MANDATORY] = 0,
        [SG_AUTHORITY_POLICY_STALE_DAYS] = 90,
    };
    static const uint64_t mandatory[] = {
        MANDATORY(0, 32, 3),  MANDATORY(0, 32, 4),  MANDATORY(0, 32, 5),
        MANDATORY(0, 32, 10), MANDATORY(0, 32, 11), MANDATORY(0, 32, 12),
        MANDATORY(0, 32, 14), MANDATORY(0, 33, 3),  MANDATORY(0, 35, 4),
        MANDATORY(0, 36, 3),  MANDATORY(0, 36, 6),  MANDATORY(3, 32, 6),
        MANDATORY(3, 32, 7),  MANDATORY(1, 32, 20), MANDATORY(2, 32, 20),
        MANDATORY(4, 38, 16),
    };

    SG_ASSERT(policy >= SG_AUTHORITY_POLICY_GREEN_DAYS);
    SG_ASSERT(policy <= SG_AUTHORITY_POLICY_STALE_DAYS);
    if (policy != SG_AUTHORITY_POLICY_MANDATORY)
        return values[policy];
    for (size_t i = 0; i < sizeof(mandatory) / sizeof(mandatory[0]); i++)
        if (mandatory[i] == key)
            return 1;
    return 0;
}

uint64_t sg_authority_policy(const struct sg_authority *authority,
                             enum sg_authority_policy policy, uint64_t key)
{
    const struct sg_authority_slot *slots =
        authority->made[SG_AUTHORITY_SLOTS].items;
    struct sg_uid subject = sg_authority_subject((uint64_t)policy);
    uint32_t slot = sg_authority_find_slot(authority, SG_TYPE_POLICY, &subject);
    struct sg_msgpack reader;
    struct sg_record record;
    uint32_t count;

    if (slot == SG_AUTHORITY_NONE)
        return default_policy(policy, key);
    sg_authority_read(authority, slots[slot].newest, &record);
    if (policy != SG_AUTHORITY_POLICY_WEIGHTS &&
        policy != SG_AUTHORITY_POLICY_MANDATORY)
        return sg_record_uint(&record, SG_FIELD_POLICY_VALUE);
    if (!sg_record_has(&record, SG_FIELD_POLICY_DETAIL))
        return default_policy(policy, key);
    sg_record_open(&record, SG_FIELD_POLICY_DETAIL, &reader);
    count = sg_msgpack_read_array(&reader);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t member, value;

        (void)sg_msgpack_read_array(&reader);
        member = sg_msgpack_read_uint(&reader);
        value = sg_msgpack_read_uint(&reader);
        if (member == key)
            return value;
    }
    return default_policy(policy, key);
}

/* The last ms whose clock counts in ties. */
static void find_window(struct sg_authority *authority)
{
    uint64_t days =
        sg_authority_policy(authority, SG_AUTHORITY_POLICY_CLOCK_DAYS, 0);

    if (__builtin_mul_overflow(days, MS_A_DAY, &authority->clock_last) ||
        __builtin_add_overflow(authority->clock_last, authority->floor_whole,
                               &authority->clock_last))
        authority->clock_last = UINT64_MAX;
}

/* --- all --------------------------------------------------------------- */

enum sg_err sg_authority_seal_whole(struct sg_authority *authority)
{
    const struct sg_authority_list *list =
        &authority->made[SG_AUTHORITY_ORDERED];
    const struct sg_authority_ordered *ordered = list->items;
    struct sg_authority_list *years = &authority->made[SG_AUTHORITY_YEARS];
    enum sg_err err = seal_units(authority);

    if (err == SG_OK)
        err = seal_territory(authority);
    for (size_t i = 0; err == SG_OK && i < list->count; i++) {
        uint32_t no = ordered[i].statement;
        enum sg_type type = sg_authority_statement(authority, no)->type;

        if (type == SG_TYPE_CALENDAR && is_newest(authority, no))
            err = add_year(authority, no);
        else if (type == SG_TYPE_CAMPAIGN)
            err = add_campaign(authority, no);
    }
    if (err == SG_OK)
        err = seal_rules(authority);
    if (err != SG_OK)
        return err;
    drop_empty(authority);
    sg_authority_list_sort(years, sizeof(struct sg_calendar_year),
                           compare_years);
    authority->calendar = (struct sg_calendar){years->items, years->count};
    find_window(authority);
    return SG_OK;
}

const struct sg_unit_table *sg_authority_units(
    const struct sg_authority *authority)
{
    SG_ASSERT(authority->is_sealed);
    return authority->units;
}

const struct sg_territory *sg_authority_territory(
    const struct sg_authority *authority)
{
    SG_ASSERT(authority->is_sealed);
    return authority->territory;
}

const struct sg_calendar *sg_authority_calendar(
    const struct sg_authority *authority)
{
    SG_ASSERT(authority->is_sealed);
    return &authority->calendar;
}

struct sg_date sg_authority_as_of(const struct sg_authority *authority)
{
    struct sg_authority_at at;

    if (authority->genesis == SG_AUTHORITY_NONE)
        return (struct sg_date){0};
    sg_authority_at_cut(authority, &at);
    return at.floor_day;
}

uint64_t sg_authority_hlc_max(const struct sg_authority *authority)
{
    if (authority->clock_last > UINT64_MAX >> HLC_COUNTER_BITS)
        return UINT64_MAX;
    return authority->clock_last << HLC_COUNTER_BITS | HLC_COUNTER_MAX;
}

uint64_t sg_authority_effective_hlc(const struct sg_authority *authority,
                                    uint64_t hlc)
{
    return hlc > sg_authority_hlc_max(authority) ? 0 : hlc;
}

bool sg_authority_has_genesis(const struct sg_authority *authority)
{
    return authority->genesis != SG_AUTHORITY_NONE;
}

bool sg_authority_is_test(const struct sg_authority *authority)
{
    return authority->is_test;
}

struct sg_unit_key sg_authority_centre(const struct sg_authority *authority)
{
    return authority->centre;
}

unsigned sg_authority_rule_version(const struct sg_authority *authority)
{
    return authority->rule_version;
}

const struct sg_rules_change *sg_authority_rules_changes(
    const struct sg_authority *authority, size_t *ret_count)
{
    *ret_count = authority->made[SG_AUTHORITY_CHANGES].count;
    return authority->made[SG_AUTHORITY_CHANGES].items;
}

const struct sg_authority_campaign *sg_authority_campaigns(
    const struct sg_authority *authority, size_t *ret_count)
{
    SG_ASSERT(authority->is_sealed);
    *ret_count = authority->made[SG_AUTHORITY_CAMPAIGNS].count;
    return campaigns_of(authority);
}
