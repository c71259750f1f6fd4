/* Admission: which copies of a record count. RECORDS.md, section 3.
 *
 * A copy has one *standing*, a function of its bytes, its place and the
 * authority's state of the cut: never of a clock or of the order of arrival.
 * The checks A01 to A15 are made in their order, the first that fails names it.
 * A record is *applied* when one of its copies at least is admitted: copies are
 * summed up in struct sg_admission_sum, in any order.
 *
 *     sg_authority_at ... sealed
 *     for each copy:   sg_admission_judge(&judge, &copy, &verdict)
 *                      sg_admission_add(&sum of its id, &copy, &verdict)
 *
 * The officer's signature (A12) costs as much as a hundred judgements, so it is
 * verified off this path by sg_admission_verify and handed in; until then a
 * copy counts as captured and never as approved. Two things belong to the set
 * of records and so to the caller, who hands them in: whether an officer has
 * endorsed it, and its rank among the records of its subject. Judging again
 * with them is cheap. Allocates nothing.
 */
#ifndef SG_STORAGE_REGISTRY_ADMISSION_H
#define SG_STORAGE_REGISTRY_ADMISSION_H

#include "storage/registry/authority.h"

/* The codes of section 3; SG_ADMISSION_A00 is none of them. */
enum sg_admission_code {
    SG_ADMISSION_A00, /* nothing fails: admitted */
    SG_ADMISSION_A01,
    SG_ADMISSION_A02,
    SG_ADMISSION_A03,
    SG_ADMISSION_A04,
    SG_ADMISSION_A05,
    SG_ADMISSION_A06,
    SG_ADMISSION_A07,
    SG_ADMISSION_A08,
    SG_ADMISSION_A09,
    SG_ADMISSION_A10,
    SG_ADMISSION_A11,
    SG_ADMISSION_A12,
    SG_ADMISSION_A13,
    SG_ADMISSION_A14,
    SG_ADMISSION_A15,
};

enum sg_admission_standing {
    SG_ADMISSION_ADMITTED,
    SG_ADMISSION_WAITING,     /* judged again when the cut grows, as are: */
    SG_ADMISSION_QUARANTINED, /* can be endorsed */
    SG_ADMISSION_ABSENT,
    SG_ADMISSION_UNKNOWN,
    SG_ADMISSION_ERASED,
    SG_ADMISSION_REFUSED, /* for ever */
};

/* What is known of the copy's signature. */
enum sg_admission_signature {
    SG_ADMISSION_UNCHECKED, /* as long as nobody has looked */
    SG_ADMISSION_RIGHT,
    SG_ADMISSION_WRONG,
};

/* What officers say of a record above a cut (type 48, as the fold found). */
enum sg_admission_endorsement {
    SG_ADMISSION_NOT_ENDORSED,
    SG_ADMISSION_ENDORSED,
    SG_ADMISSION_REJECTED, /* beats every endorsement */
};

/* One copy. */
struct sg_admission_copy {
    struct sg_authority_place place;
    const uint8_t *node; /* SG_KEY_SIZE bytes, of the log; borrowed */
    enum sg_log_kind log_kind;
    uint8_t entry_kind;      /* enum sg_entry_kind: plain or sealed */
    struct sg_bytes payload; /* opened; none: not held, or does not open */
    enum sg_admission_signature signature;
    enum sg_admission_endorsement endorsement;
    uint32_t rank; /* admitted records of its subject with a smaller id */
};

/* Judges copies of one cut. One for each thread; a value. */
struct sg_admission_judge {
    const struct sg_authority *authority; /* borrowed, sealed */
    struct sg_registry_id registry;
    struct sg_sha256 id_prefix;
    struct sg_authority_at at; /* the position of the last copy */
    uint64_t position;
    bool is_ahead;
    bool has_position;
};

struct sg_admission_verdict {
    enum sg_admission_standing standing;
    enum sg_admission_code code;
    uint8_t rule; /* of A13: the rule that refuses; else 0 */
    bool is_forked;
    bool is_above_cut; /* of its node or officer, endorsed or not (C12) */
    bool is_spared;    /* an order would erase it and may not: an alarm (6.9) */
    bool has_id;       /* the bytes are a record's: ID and RECORD are set */
    struct sg_hash id;
    struct sg_record record; /* borrows the payload */
    /* The grant by which it was admitted, or would be; NULL for statements,
     * for type 30, and where none was found. Borrowed from the authority. */
    const struct sg_authority_grant *grant;
    /* Flags and worse of rules of scope record; only when admitted or A13. */
    struct sg_rules_findings findings;
};

/* Says whether no order can erase an entry of ENTRY_KIND with PAYLOAD (none:
 * it is not held): openings, content keys, and what is said plainly by the
 * authority and by nodes (RECORDS.md 6.9). */
bool sg_admission_is_kept(unsigned entry_kind, struct sg_bytes payload);

/* Begins judging by AUTHORITY, which is sealed and stays so. */
void sg_admission_judge_init(struct sg_admission_judge *judge,
                             const struct sg_authority *authority,
                             const struct sg_registry_id *registry);

/* Judges COPY. Borrows: its payload, as long as RET_VERDICT is used. */
void sg_admission_judge(struct sg_admission_judge *judge,
                        const struct sg_admission_copy *copy,
                        struct sg_admission_verdict *ret_verdict);

/* Verifies the signature of a copy that was judged with VERDICT (A12): slow.
 * UNCHECKED when it has none, or its officer is not known; statements carry
 * none that is asked for here, for the authority has verified them. */
enum sg_admission_signature sg_admission_verify(
    const struct sg_admission_judge *judge,
    const struct sg_admission_copy *copy,
    const struct sg_admission_verdict *verdict);

/* --- the copies of one record ------------------------------------------ */

/* What the copies of one record id come to. All zero before the first. */
struct sg_admission_sum {
    uint32_t n_copies;
    uint32_t n_admitted; /* applied when it is not 0 */
    uint32_t n_clean;    /* admitted and not forked */
    /* A right signature, or an unchecked one, is on an admitted copy. */
    bool has_right_signature;
    bool has_signature;
    /* The standing copy, when one is admitted: the smallest (hlc, log id,
     * index) of the admitted. Else the copy that is nearest to it. */
    enum sg_admission_standing standing;
    enum sg_admission_code code;
    uint8_t rule;
    uint64_t hlc;
    struct sg_authority_place place;
};

/* Adds a copy of the record; the sum is the same for any order. The copy has an
 * id (verdict->has_id). */
void sg_admission_add(struct sg_admission_sum *sum,
                      const struct sg_admission_copy *copy,
                      const struct sg_admission_verdict *verdict);

static inline bool sg_admission_is_applied(const struct sg_admission_sum *sum)
{
    return sum->n_admitted > 0;
}

/* Says whether every admitted copy is on a fork's branch (C14). */
static inline bool sg_admission_is_forked(const struct sg_admission_sum *sum)
{
    return sum->n_admitted > 0 && sum->n_clean == 0;
}

/* --- words ------------------------------------------------------------- */

/* Names CODE, "A08"; "-" when nothing fails. Static storage. */
const char *sg_admission_code_name(enum sg_admission_code code);

/* Names STANDING, "quarantined". Static storage. */
const char *sg_admission_standing_name(enum sg_admission_standing standing);

/* Writes why a copy with VERDICT does not count, in LANG, as section 3 shows
 * it: of A04 with type and schema, of A13 with the rule and its sentence.
 * Errors: as sg_writer_bytes, left in WRITER. */
void sg_admission_write(struct sg_writer *writer,
                        const struct sg_admission_verdict *verdict,
                        enum sg_lang lang);

#endif
