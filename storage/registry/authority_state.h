/* The inside of the authority's state: shared by the files authority*.c. Not
 * for anybody else: see authority.h.
 *
 *   authority.c        what goes in; sealing, step by step
 *   authority_root.c   the chain of root keys, and which copies are valid
 *   authority_slot.c   the order of statements, slots, generations, positions
 *   authority_scope.c  scope keys (authority_scope.h)
 *   authority_item.c   statements that allow, taken apart: nodes, grants, ...
 *   authority_at.c     what is asked at a position
 *   authority_deny.c   cuts, endorsements, erasures
 *   authority_whole.c  units, calendars, campaigns, rules of the whole cut
 *
 * What was added is kept as it came; all else is made anew by each sealing.
 */
#ifndef SG_STORAGE_REGISTRY_AUTHORITY_STATE_H
#define SG_STORAGE_REGISTRY_AUTHORITY_STATE_H

#include "storage/registry/authority.h"

#define SG_AUTHORITY_NONE      UINT32_MAX
#define SG_AUTHORITY_ROOTS_MAX 256u /* generations of root keys: u8 */

/* An array that grows. Owned; its items are of one type. */
struct sg_authority_list {
    void *items;
    size_t count;
    size_t capacity;
};

/* A log that a statement lies in, or whose size is told. */
struct sg_authority_log {
    struct sg_log_id id;
    uint64_t held; /* entries in the cut */
    uint8_t node[SG_KEY_SIZE];
    bool has_node;
    bool is_authority; /* its node has role authority; by sealing */
};

/* One signature found on a statement: copies may carry others, or none. */
struct sg_authority_signing {
    uint8_t bytes[SG_SIGNATURE_SIZE];
    bool is_there;
    enum sg_authority_check {
        SG_AUTHORITY_UNCHECKED,
        SG_AUTHORITY_RIGHT,
        SG_AUTHORITY_WRONG,
    } state;
    uint32_t next; /* of the same statement */
};

/* Copies with one signature on one branch of one log: the first of them, for
 * where that counts all do that matter. */
struct sg_authority_copy {
    uint32_t log;
    uint32_t branch;
    uint64_t index;
    uint32_t signing;
    uint32_t next; /* of the same statement */
    bool is_valid; /* by sealing */
};

struct sg_authority_statement {
    struct sg_hash id;
    uint8_t *payload; /* owned: that of the first copy added */
    uint32_t payload_size;
    enum sg_type type;
    struct sg_uid subject;
    struct sg_key_id officer;
    uint64_t serial;
    uint32_t copies; /* heads of chains */
    uint32_t signings;
    /* By sealing: */
    uint8_t root; /* generation of the root key that signs */
    bool is_rooted;
    bool counts;    /* a copy is valid */
    uint32_t slot;  /* SG_AUTHORITY_NONE: of a type without slots */
    uint32_t older; /* the next smaller order in the slot */
    uint32_t item;  /* in the list of its type */
};

/* One statement for each (type, subject): the chain begins with the newest. */
struct sg_authority_slot {
    enum sg_type type;
    struct sg_uid subject;
    uint32_t newest;
};

/* The order of a statement (RECORDS 6.1). */
struct sg_authority_ordered {
    uint8_t root;
    uint64_t serial;
    struct sg_hash id;
    uint32_t statement;
};

/* A log that claims to open a generation. */
struct sg_authority_opening {
    uint32_t generation;
    uint32_t log;
    uint32_t statement; /* authority_log; SG_AUTHORITY_NONE: the genesis */
};

/* A root key, from the statement that names it to the one that ends it. */
struct sg_authority_root {
    uint8_t key[SG_KEY_SIZE];
    struct sg_key_id id;
    struct sg_hash next; /* commitment to its successor */
    uint32_t ended_by;   /* rotation; SG_AUTHORITY_NONE while in force */
    uint32_t first_stand, n_stands;
};

/* A prefix of a log as a statement names it, and the branch it is on. */
struct sg_authority_stand {
    struct sg_log_id log;
    uint64_t size;
    uint32_t branch;
};

/* What a position of one generation counts of a log. */
struct sg_authority_part {
    uint32_t log;
    uint32_t branch;
    uint64_t size;
    bool is_own; /* the log that opened the generation: size is the position's,
                    and every branch counts */
};

/* A heartbeat seen from size FROM of the generation's own log on, the largest
 * so far. */
struct sg_authority_beat {
    uint64_t from;
    uint64_t time;
};

struct sg_authority_generation {
    uint32_t number;
    uint64_t held;    /* of its own log, the longest if there are several */
    bool is_complete; /* what it lists is held */
    uint32_t first_part, n_parts;
    uint32_t first_beat, n_beats;
};

/* One row of a code table. */
struct sg_authority_code {
    uint32_t key; /* table << 16 | code */
    struct sg_date from, until;
    uint32_t statement;
    uint32_t order; /* of the statement, among those that count */
    struct sg_bytes vietnamese, english;
};

/* A lease, and leases of earlier order that share numbers with it. */
struct sg_authority_lease {
    struct sg_ref ref;
    struct sg_pin_block block;
    uint32_t statement;
    uint32_t order;
};

struct sg_authority_overlap {
    uint32_t later, earlier; /* leases */
};

/* A cut that stands, of a node (its whole key) or an officer (its key id). */
struct sg_authority_cutting {
    uint8_t key[SG_KEY_SIZE];
    enum sg_authority_cut what;
    uint32_t first_stand, n_stands; /* ascending by log */
};

struct sg_authority_range {
    struct sg_log_id log;
    uint64_t first, size;
    uint32_t branch;
    bool has_officer;
    struct sg_key_id officer;
};

/* Lists that sealing makes anew. */
enum sg_authority_made {
    SG_AUTHORITY_SLOTS,
    SG_AUTHORITY_ORDERED,  /* statements that count, ascending */
    SG_AUTHORITY_OPENINGS, /* ascending by generation */
    SG_AUTHORITY_ROOTS,
    SG_AUTHORITY_STANDS,
    SG_AUTHORITY_GENERATIONS, /* ascending by number */
    SG_AUTHORITY_PARTS,
    SG_AUTHORITY_BEATS,
    SG_AUTHORITY_NODES,
    SG_AUTHORITY_GRANTS,
    SG_AUTHORITY_GRANT_UNITS,
    SG_AUTHORITY_UNITS,
    SG_AUTHORITY_CODES,     /* ascending by key */
    SG_AUTHORITY_LEASES,    /* ascending by province, first */
    SG_AUTHORITY_OVERLAPS,  /* ascending by later */
    SG_AUTHORITY_NODE_CUTS, /* ascending by key */
    SG_AUTHORITY_OFFICER_CUTS,
    SG_AUTHORITY_LIFTS,   /* refs, ascending */
    SG_AUTHORITY_RANGES,  /* ascending by log */
    SG_AUTHORITY_ERASED,  /* ascending by (log, index, order) */
    SG_AUTHORITY_BRIDGES, /* the same, ascending by record */
    SG_AUTHORITY_YEARS,   /* ascending by year */
    SG_AUTHORITY_CAMPAIGNS,
    SG_AUTHORITY_CHANGES,
    SG_AUTHORITY_ALARMS,
    SG_AUTHORITY_MADE_COUNT,
};

struct sg_authority {
    struct sg_registry_id registry;
    struct sg_sha256 id_prefix;
    sg_authority_branch_of branch_of;
    const void *context;
    bool is_sealed;

    /* What went in. */
    struct sg_authority_list logs;
    struct sg_authority_list statements;
    struct sg_authority_list copies;
    struct sg_authority_list signings;
    uint32_t *by_id; /* open addressing, statement + 1; a power of 2 */
    size_t by_id_size;

    /* What sealing makes. */
    struct sg_authority_list made[SG_AUTHORITY_MADE_COUNT];
    uint32_t *by_slot; /* open addressing, slot + 1; a power of 2 */
    size_t by_slot_size;
    uint32_t genesis; /* statement; SG_AUTHORITY_NONE */
    struct sg_authority_node writer;
    bool is_test;
    struct sg_unit_key centre;
    uint64_t floor_least; /* the time floor without heartbeats */
    uint64_t floor_whole; /* of the whole cut */
    uint64_t clock_last;  /* ms: later clocks count as 0 */
    unsigned rule_version;
    struct sg_unit_table *units;
    struct sg_territory *territory;
    struct sg_calendar calendar;
};

/* --- lists ------------------------------------------------------------- */

/* Adds N items of SIZE bytes, all zero, to LIST and gives the first; NULL when
 * there is no memory. What was given before may have moved. */
void *sg_authority_list_add(struct sg_authority_list *list, size_t size,
                            size_t n);

/* Sorts LIST, of items of SIZE. */
void sg_authority_list_sort(struct sg_authority_list *list, size_t size,
                            int (*compare)(const void *, const void *));

static inline struct sg_authority_statement *sg_authority_statement(
    const struct sg_authority *authority, uint32_t no)
{
    return (struct sg_authority_statement *)authority->statements.items + no;
}

/* Reads statement NO again; it fits, for it was added. */
void sg_authority_read(const struct sg_authority *authority, uint32_t no,
                       struct sg_record *ret_record);

static inline struct sg_ref sg_authority_ref(
    const struct sg_authority *authority, uint32_t no)
{
    return sg_ref_of(&sg_authority_statement(authority, no)->id);
}

/* Gives the number of LOG; SG_AUTHORITY_NONE when nothing is known of it. */
uint32_t sg_authority_log_find(const struct sg_authority *authority,
                               const struct sg_log_id *log);

static inline struct sg_authority_log *sg_authority_log_get(
    const struct sg_authority *authority, uint32_t no)
{
    return (struct sg_authority_log *)authority->logs.items + no;
}

/* Find the statement ID, or that which REF names; SG_AUTHORITY_NONE when it was
 * not added. */
uint32_t sg_authority_find(const struct sg_authority *authority,
                           const struct sg_hash *id);
uint32_t sg_authority_find_ref(const struct sg_authority *authority,
                               const struct sg_ref *ref);

/* Notes an alarm. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_authority_alarm(struct sg_authority *authority,
                                             enum sg_authority_alarm_kind kind,
                                             const struct sg_ref *statement,
                                             const struct sg_ref *other);

/* Reads the prefixes of field NO of RECORD, [(log, size, root, ...)], and adds
 * them to STANDS; gives the first and how many. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_authority_add_stands(
    struct sg_authority *authority, const struct sg_record *record, unsigned no,
    uint32_t *ret_first, uint32_t *ret_count);

/* Gives the branch of a prefix, as sg_authority_branch_of. */
uint32_t sg_authority_ask_branch(const struct sg_authority *authority,
                                 const struct sg_authority_stand *stand,
                                 const struct sg_hash *root);

/* Says whether the entry at (INDEX, BRANCH) of the log of STAND is within it.*/
static inline bool sg_authority_is_within(
    const struct sg_authority_stand *stand, uint64_t index, uint32_t branch)
{
    return index < stand->size && (branch == 0 || branch == stand->branch);
}

/* Finds the stand for LOG of COUNT ascending ones; NULL when there is none. */
const struct sg_authority_stand *sg_authority_find_stand(
    const struct sg_authority *authority, uint32_t first, uint32_t count,
    const struct sg_log_id *log);

/* --- the steps of sealing, in this order ------------------------------- */

/* Each Errors: NOMEM, and LIMIT where sg_authority_seal has it. */
SG_USE_RESULT enum sg_err sg_authority_seal_roots(struct sg_authority *);
SG_USE_RESULT enum sg_err sg_authority_seal_slots(struct sg_authority *);
SG_USE_RESULT enum sg_err sg_authority_seal_generations(struct sg_authority *);
SG_USE_RESULT enum sg_err sg_authority_seal_items(struct sg_authority *);
SG_USE_RESULT enum sg_err sg_authority_seal_denials(struct sg_authority *);
SG_USE_RESULT enum sg_err sg_authority_seal_whole(struct sg_authority *);

/* --- slots and positions ----------------------------------------------- */

/* Finds the slot of TYPE and SUBJECT; SG_AUTHORITY_NONE when nothing that
 * counts is in it. */
uint32_t sg_authority_find_slot(const struct sg_authority *authority,
                                enum sg_type type,
                                const struct sg_uid *subject);

/* Says whether statement NO, which counts, is held AT this position. */
bool sg_authority_is_seen(const struct sg_authority_at *at, uint32_t no);

/* Gives the statement that stands AT in SLOT; SG_AUTHORITY_NONE. */
uint32_t sg_authority_standing(const struct sg_authority_at *at, uint32_t slot);

/* Makes a subject of 8 zero bytes and NUMBER. */
struct sg_uid sg_authority_subject(uint64_t number);

#endif
