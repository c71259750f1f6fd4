#include "storage/registry/admission.h"

#include <string.h>

#include "storage/base/check.h"
#include "storage/base/text.h"
#include "storage/log/entry.h"

/* Types of the authority, and of nodes; from the next on an officer writes. */
#define STATEMENT_MAX SG_TYPE_ENDORSE_RANGE
#define NODE_MIN      SG_TYPE_ERASURE_DONE
#define NEVER_ERASED  31u

/* A copy under judgement. */
struct work {
    struct sg_admission_judge *judge;
    const struct sg_admission_copy *copy;
    struct sg_admission_verdict *verdict;
};

void sg_admission_judge_init(struct sg_admission_judge *judge,
                             const struct sg_authority *authority,
                             const struct sg_registry_id *registry)
{
    *judge = (struct sg_admission_judge){.authority = authority,
                                         .registry = *registry};
    sg_record_id_prefix(registry, &judge->id_prefix);
}

/* Ends with CODE; false, so that a check that fails says so in one line. */
static bool end(struct work *work, enum sg_admission_standing standing,
                enum sg_admission_code code)
{
    work->verdict->standing = standing;
    work->verdict->code = code;
    return false;
}

/* --- A01 to A07: the bytes and where they are filed -------------------- */

bool sg_admission_is_kept(unsigned entry_kind, struct sg_bytes payload)
{
    struct sg_record record;

    if (entry_kind != SG_ENTRY_PLAIN)
        return entry_kind == SG_ENTRY_OPENING ||
               entry_kind == SG_ENTRY_CONTENT_KEY;
    return payload.size > 0 && sg_record_decode(payload, &record) == SG_OK &&
           record.type <= NEVER_ERASED;
}

/* What an order names is erased, held or not. */
static bool is_erased(const struct work *work)
{
    const struct sg_authority_place *place = &work->copy->place;

    if (sg_authority_find_erased(work->judge->authority, &place->log,
                                 place->index) == NULL)
        return false;
    work->verdict->is_spared =
        sg_admission_is_kept(work->copy->entry_kind, work->copy->payload);
    return !work->verdict->is_spared;
}

static bool is_well_filed(const struct work *work)
{
    const struct sg_admission_copy *copy = work->copy;

    switch (work->verdict->record.schema->entry) {
    case SG_SCHEMA_PLAIN:
        return copy->log_kind == SG_LOG_RECORDS &&
               copy->entry_kind == SG_ENTRY_PLAIN;
    case SG_SCHEMA_SEALED:
        return copy->log_kind == SG_LOG_RECORDS &&
               copy->entry_kind == SG_ENTRY_SEALED;
    case SG_SCHEMA_AUDIT:
        return copy->log_kind == SG_LOG_AUDIT &&
               copy->entry_kind == SG_ENTRY_SEALED;
    }
    return false;
}

/* Says whether the copy passes A01 to A07; ends it if not. */
static bool judge_bytes(struct work *work)
{
    struct sg_record *record = &work->verdict->record;
    uint8_t no;

    if (is_erased(work))
        return end(work, SG_ADMISSION_ERASED, SG_ADMISSION_A02);
    if (work->copy->payload.size == 0)
        return end(work, SG_ADMISSION_ABSENT, SG_ADMISSION_A01);
    if (sg_record_decode(work->copy->payload, record) != SG_OK)
        return end(work, SG_ADMISSION_REFUSED, SG_ADMISSION_A03);
    sg_record_id_after(&work->judge->id_prefix, record->inner,
                       &work->verdict->id);
    work->verdict->has_id = true;
    if (record->schema == NULL)
        return end(work, SG_ADMISSION_UNKNOWN, SG_ADMISSION_A04);
    if (sg_record_fit(record, &work->judge->registry, &no) != SG_RECORD_FITS)
        return end(work, SG_ADMISSION_REFUSED, SG_ADMISSION_A05);
    if (record->copy.is_later_form)
        return end(work, SG_ADMISSION_UNKNOWN, SG_ADMISSION_A06);
    if (!is_well_filed(work))
        return end(work, SG_ADMISSION_REFUSED, SG_ADMISSION_A07);
    return true;
}

/* --- statements of the authority --------------------------------------- */

static void judge_statement(struct work *work)
{
    enum sg_authority_verdict said = sg_authority_judge(
        work->judge->authority, &work->verdict->id, &work->copy->place,
        work->verdict->record.copy.signature);

    work->verdict->is_above_cut = said == SG_AUTHORITY_CUT;
    switch (said) {
    case SG_AUTHORITY_VALID:
        break;
    case SG_AUTHORITY_NO_NODE:
        (void)end(work, SG_ADMISSION_QUARANTINED, SG_ADMISSION_A08);
        break;
    case SG_AUTHORITY_NO_ROOT:
        (void)end(work, SG_ADMISSION_QUARANTINED, SG_ADMISSION_A10);
        break;
    case SG_AUTHORITY_CUT:
        (void)end(work, SG_ADMISSION_QUARANTINED, SG_ADMISSION_A11);
        break;
    case SG_AUTHORITY_SIGNATURE:
        (void)end(work, SG_ADMISSION_REFUSED, SG_ADMISSION_A12);
        break;
    }
}

/* --- A08 to A15: who wrote it, and what -------------------------------- */

static bool may_write(enum sg_authority_role role,
                      const struct sg_record *record)
{
    switch (role) {
    case SG_AUTHORITY_ROLE_AUTHORITY:
        return true;
    case SG_AUTHORITY_ROLE_CENTRAL:
    case SG_AUTHORITY_ROLE_DISTRICT:
        return record->type >= NODE_MIN;
    case SG_AUTHORITY_ROLE_AUDITOR:
        if (record->type == SG_TYPE_VERIFICATION)
            return true;
        /* fallthrough */
    case SG_AUTHORITY_ROLE_RELAY:
        return record->type == SG_TYPE_ERASURE_DONE ||
               record->schema->entry == SG_SCHEMA_AUDIT;
    }
    return false;
}

static bool is_admitted_node(const struct work *work)
{
    const struct sg_authority_at *at = &work->judge->at;
    const struct sg_authority_node *node =
        sg_authority_node(at, work->copy->node);

    return node != NULL && !sg_authority_is_expired(at, node->until) &&
           may_write(node->role, &work->verdict->record);
}

static bool is_endorsed(const struct work *work)
{
    switch (work->copy->endorsement) {
    case SG_ADMISSION_REJECTED:
        return false;
    case SG_ADMISSION_ENDORSED:
        return true;
    case SG_ADMISSION_NOT_ENDORSED:
        break;
    }
    return sg_authority_is_endorsed(work->judge->authority,
                                    &work->verdict->record.officer,
                                    &work->copy->place);
}

/* Finds the officer's grant, and says whether it is enough. */
static bool is_granted(struct work *work)
{
    const struct sg_authority_at *at = &work->judge->at;
    const struct sg_record *record = &work->verdict->record;
    const struct sg_authority_grant *grant =
        sg_authority_grant(at, &record->officer);

    work->verdict->grant = grant;
    return grant != NULL && (grant->roles & record->schema->signers) != 0 &&
           !sg_authority_is_expired(at, grant->until) &&
           (sg_authority_covers(at, grant, record->copy.capture) ||
            sg_authority_covers(at, grant, record->copy.home));
}

static bool is_by_node(const struct work *work)
{
    struct sg_key_id id =
        sg_key_id_of(&work->judge->registry, SG_KEY_NODE, work->copy->node);

    return sg_key_id_compare(&id, &work->verdict->record.officer) == 0;
}

/* A08 to A11. */
static bool judge_writer(struct work *work)
{
    const struct sg_authority *authority = work->judge->authority;
    struct sg_admission_verdict *verdict = work->verdict;
    const struct sg_authority_place *place = &work->copy->place;
    bool is_node_type = verdict->record.type == SG_TYPE_ERASURE_DONE;
    bool is_above_node;

    if (!is_admitted_node(work))
        return end(work, SG_ADMISSION_QUARANTINED, SG_ADMISSION_A08);
    is_above_node =
        sg_authority_is_above_node(authority, work->copy->node, place);
    verdict->is_above_cut =
        is_above_node ||
        (!is_node_type && sg_authority_is_above_officer(
                              authority, &verdict->record.officer, place));
    if (is_above_node && !is_endorsed(work))
        return end(work, SG_ADMISSION_QUARANTINED, SG_ADMISSION_A09);
    if (is_node_type ? !is_by_node(work) : !is_granted(work))
        return end(work, SG_ADMISSION_QUARANTINED, SG_ADMISSION_A10);
    if (verdict->is_above_cut && !is_endorsed(work))
        return end(work, SG_ADMISSION_QUARANTINED, SG_ADMISSION_A11);
    return true;
}

/* A12, as far as it is known. */
static bool is_signed_enough(const struct work *work)
{
    const struct sg_record *record = &work->verdict->record;

    if (record->copy.signature.size == 0)
        return !record->schema->is_signed;
    return work->copy->signature != SG_ADMISSION_WRONG;
}

static bool judge_content(struct work *work)
{
    struct sg_admission_verdict *verdict = work->verdict;
    struct sg_rules_facts facts;

    if (!is_signed_enough(work))
        return end(work, SG_ADMISSION_REFUSED, SG_ADMISSION_A12);
    sg_authority_facts(&work->judge->at, work->copy->node, &facts);
    sg_rules_check(&verdict->record, &facts, &verdict->findings);
    verdict->rule = (uint8_t)sg_rules_refused_by(&verdict->findings);
    if (verdict->rule != 0)
        return end(work, SG_ADMISSION_REFUSED, SG_ADMISSION_A13);
    if (sg_schema_is_shared(verdict->record.schema) &&
        work->copy->rank >= SG_SUBJECT_RECORDS_MAX)
        return end(work, SG_ADMISSION_REFUSED, SG_ADMISSION_A15);
    return true;
}

/* Goes to the record's position, which is often that of the one before. */
static bool is_ahead(struct sg_admission_judge *judge, uint64_t position)
{
    if (!judge->has_position || judge->position != position) {
        judge->is_ahead =
            sg_authority_at(judge->authority, position, &judge->at) != SG_OK;
        judge->position = position;
        judge->has_position = true;
    }
    return judge->is_ahead;
}

void sg_admission_judge(struct sg_admission_judge *judge,
                        const struct sg_admission_copy *copy,
                        struct sg_admission_verdict *ret_verdict)
{
    struct work work = {judge, copy, ret_verdict};

    ret_verdict->standing = SG_ADMISSION_ADMITTED;
    ret_verdict->code = SG_ADMISSION_A00;
    ret_verdict->rule = 0;
    ret_verdict->is_forked = copy->place.branch != 0;
    ret_verdict->is_above_cut = false;
    ret_verdict->is_spared = false;
    ret_verdict->has_id = false;
    ret_verdict->grant = NULL;
    ret_verdict->findings.count = 0;
    if (!judge_bytes(&work))
        return;
    if (ret_verdict->record.type <= STATEMENT_MAX)
        judge_statement(&work);
    else if (is_ahead(judge, ret_verdict->record.copy.position))
        (void)end(&work, SG_ADMISSION_WAITING, SG_ADMISSION_A14);
    else if (judge_writer(&work))
        (void)judge_content(&work);
}

enum sg_admission_signature sg_admission_verify(
    const struct sg_admission_judge *judge,
    const struct sg_admission_copy *copy,
    const struct sg_admission_verdict *verdict)
{
    const struct sg_record *record = &verdict->record;
    const uint8_t *key = copy->node;

    if (!verdict->has_id || record->schema == NULL ||
        record->copy.signature.size == 0)
        return SG_ADMISSION_UNCHECKED;
    if (record->type != SG_TYPE_ERASURE_DONE) {
        if (verdict->grant == NULL)
            return SG_ADMISSION_UNCHECKED;
        key = verdict->grant->key;
    }
    return sg_record_verify(record, &verdict->id, &judge->registry, key) ==
                   SG_OK
               ? SG_ADMISSION_RIGHT
               : SG_ADMISSION_WRONG;
}

/* --- the copies of one record ------------------------------------------ */

static int compare_numbers(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* Says whether COPY tells more of the record than what SUM has. */
static bool is_nearer(const struct sg_admission_sum *sum,
                      const struct sg_admission_copy *copy,
                      const struct sg_admission_verdict *verdict)
{
    const struct sg_authority_place *place = &copy->place;
    int order = compare_numbers(verdict->standing, sum->standing);

    if (order == 0)
        order = compare_numbers(sum->code, verdict->code); /* the later check */
    if (order == 0)
        order = compare_numbers(verdict->record.copy.hlc, sum->hlc);
    if (order == 0)
        order = memcmp(&place->log, &sum->place.log, sizeof(place->log));
    if (order == 0)
        order = compare_numbers(place->index, sum->place.index);
    if (order == 0)
        order = compare_numbers(place->branch, sum->place.branch);
    return order < 0;
}

void sg_admission_add(struct sg_admission_sum *sum,
                      const struct sg_admission_copy *copy,
                      const struct sg_admission_verdict *verdict)
{
    SG_ASSERT(verdict->has_id);
    if (sum->n_copies == 0 || is_nearer(sum, copy, verdict)) {
        sum->standing = verdict->standing;
        sum->code = verdict->code;
        sum->rule = verdict->rule;
        sum->hlc = verdict->record.copy.hlc;
        sum->place = copy->place;
    }
    sum->n_copies++;
    if (verdict->standing != SG_ADMISSION_ADMITTED)
        return;
    sum->n_admitted++;
    if (!verdict->is_forked)
        sum->n_clean++;
    if (verdict->record.copy.signature.size != 0) {
        sum->has_signature = true;
        if (copy->signature == SG_ADMISSION_RIGHT)
            sum->has_right_signature = true;
    }
}

/* --- words ------------------------------------------------------------- */

static const struct {
    const char *name;
    const char *english;
    const char *vietnamese;
} words[] = {
    [SG_ADMISSION_A00] = {"-", "it counts", "có hiệu lực"},
    [SG_ADMISSION_A01] = {"A01", "payload not held here",
                          "không giữ nội dung tại đây"},
    [SG_ADMISSION_A02] = {"A02", "erased by order", "đã xóa theo lệnh"},
    [SG_ADMISSION_A03] = {"A03", "the bytes do not follow the format",
                          "dữ liệu sai định dạng"},
    [SG_ADMISSION_A04] = {"A04", NULL, NULL}, /* with type and schema */
    [SG_ADMISSION_A05] = {"A05", "the fields do not fit the type",
                          "trường dữ liệu không đúng loại"},
    [SG_ADMISSION_A06] = {"A06", "a later form of envelope",
                          "phong bì thuộc phiên bản mới hơn"},
    [SG_ADMISSION_A07] = {"A07", "filed in the wrong place", "ghi sai nơi"},
    [SG_ADMISSION_A08] = {"A08", "this node was not admitted",
                          "nút chưa được thừa nhận"},
    [SG_ADMISSION_A09] = {"A09", "after the cut of its node",
                          "sau điểm cắt của nút"},
    [SG_ADMISSION_A10] = {"A10", "the officer had no such role",
                          "cán bộ không có thẩm quyền"},
    [SG_ADMISSION_A11] = {"A11", "after the cut of its officer",
                          "sau điểm cắt của cán bộ"},
    [SG_ADMISSION_A12] = {"A12", "the signature is wrong or missing",
                          "chữ ký sai hoặc thiếu"},
    [SG_ADMISSION_A13] = {"A13", "rule ", "quy tắc "}, /* and which */
    [SG_ADMISSION_A14] = {"A14", "waits for the authority's state",
                          "chờ trạng thái của cơ quan quản lý"},
    [SG_ADMISSION_A15] = {"A15", "too many records of one person",
                          "quá nhiều bản ghi của một người"},
};

const char *sg_admission_code_name(enum sg_admission_code code)
{
    SG_ASSERT(code <= SG_ADMISSION_A15);
    return words[code].name;
}

const char *sg_admission_standing_name(enum sg_admission_standing standing)
{
    static const char *const names[] = {
        [SG_ADMISSION_ADMITTED] = "admitted",
        [SG_ADMISSION_WAITING] = "waiting",
        [SG_ADMISSION_QUARANTINED] = "quarantined",
        [SG_ADMISSION_ABSENT] = "absent",
        [SG_ADMISSION_UNKNOWN] = "unknown",
        [SG_ADMISSION_ERASED] = "erased",
        [SG_ADMISSION_REFUSED] = "refused",
    };

    SG_ASSERT(standing <= SG_ADMISSION_REFUSED);
    return names[standing];
}

static struct sg_bytes text(const char *literal)
{
    return (struct sg_bytes){(const uint8_t *)literal, strlen(literal)};
}

void sg_admission_write(struct sg_writer *writer,
                        const struct sg_admission_verdict *verdict,
                        enum sg_lang lang)
{
    enum sg_admission_code code = verdict->code;

    if (code == SG_ADMISSION_A04) {
        sg_record_write_unknown(writer, &verdict->record, lang);
        return;
    }
    sg_writer_bytes(writer, text(lang == SG_LANG_VI ? words[code].vietnamese
                                                    : words[code].english));
    if (code != SG_ADMISSION_A13)
        return;
    sg_writer_u8(writer, 'V');
    sg_writer_u8(writer, (uint8_t)('0' + verdict->rule / 10));
    sg_writer_u8(writer, (uint8_t)('0' + verdict->rule % 10));
    sg_writer_bytes(writer, text(": "));
    sg_writer_bytes(writer, text(sg_rules_text(verdict->rule, lang)));
}
