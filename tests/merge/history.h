/* History: what five nodes and a dozen officers wrote in a few years, made up.
 *
 * A seed gives a history: the authority's statements, and some hundred records
 * about a few persons, numbers and households, so that everything meets
 * everything. Writers know only a part of what was written before; some are
 * wrong, late, cut off, forked or lie. What it means is not decided here: the
 * reference (tests/reference/merge_reference.py) and the product are both
 * asked.
 *
 * A file of histories is the 8 bytes "sogochs1" and then, of each, all numbers
 * big-endian:
 *
 *   u32 number, registry id
 *   u32 count, logs: id, node key, u8 kind, u64 entries held
 *   u32 count, copies: u32 which log, u64 index, u32 branch, u8 entry kind,
 *     u8 payload held, u8 signature (0 none, 1 right, 2 wrong),
 *     u8 count and u64 reader units, u32 size and payload
 *
 * The root that a statement says of a log begins with the branch meant, u32;
 * the rest is zero.
 */
#ifndef SG_TESTS_MERGE_HISTORY_H
#define SG_TESTS_MERGE_HISTORY_H

#include "storage/base/prng.h"
#include "storage/registry/machine.h"
#include "storage/registry/record_build.h"
#include "tools/synth.h"

#define HISTORY_NODES      6 /* 0 is the authority's */
#define HISTORY_OFFICERS   10
#define HISTORY_PERSONS    4
#define HISTORY_QUIET      3 /* a person to whom less happens */
#define HISTORY_HOUSEHOLDS 2
#define HISTORY_SUBJECTS   (HISTORY_PERSONS + HISTORY_HOUSEHOLDS)
#define HISTORY_LOGS       9
#define HISTORY_ITEMS_MAX  256
#define HISTORY_COPIES_MAX 1024
#define HISTORY_UNITS      11
#define HISTORY_READERS    8
#define HISTORY_CITIZENS   64 /* of the population that values are taken from */

struct history_key {
    struct sg_sign_key secret;
    uint8_t public_key[SG_KEY_SIZE];
    struct sg_key_id id;
};

struct history_log {
    uint8_t id[32];
    unsigned node;
    uint8_t kind;
    uint64_t size; /* entries: those of branch 1 where it has forked */
    uint64_t other_size;
    uint64_t fork; /* from here on it has two branches; UINT64_MAX: one */
};

/* A record; its bytes are in the history's buffer. */
struct history_item {
    size_t inner_at, inner_size; /* where its bytes are */
    struct sg_record record;     /* borrows from a payload kept for good */
    struct sg_hash id;
    struct sg_ref ref;
    unsigned subject; /* which; HISTORY_SUBJECTS: none */
    uint8_t object[32];
    size_t object_size;
    uint64_t after[HISTORY_ITEMS_MAX / 64]; /* bits: items that are ancestors */
};

struct history_copy {
    unsigned log;
    uint64_t index;
    uint32_t branch;
    uint8_t entry_kind;
    bool is_held;
    uint8_t signature;
    unsigned n_readers;
    uint64_t readers[HISTORY_READERS];
    size_t at, size; /* of the payload, in the buffer */
    int item;        /* -1: a statement, or no record */
};

struct history {
    struct sg_prng prng;
    struct sg_registry_id registry;
    struct history_key root;
    struct history_key nodes[HISTORY_NODES];
    struct history_key officers[HISTORY_OFFICERS];
    struct history_log logs[HISTORY_LOGS];
    struct sg_uid subjects[HISTORY_SUBJECTS]; /* persons, then households */
    uint64_t numbers[3];
    struct sg_buf bytes; /* of all payloads */
    struct history_item items[HISTORY_ITEMS_MAX];
    unsigned n_items;
    struct history_copy copies[HISTORY_COPIES_MAX];
    unsigned n_copies;
    uint64_t serial;
    unsigned n_statements; /* in the authority's first log, opening included */
    struct sg_ref block;   /* of the lease of numbers */
    bool is_handing_over;  /* there are handovers */
    bool is_careful;       /* the office at work makes no mistakes */
    bool is_tight;         /* reader sets are as small as the page allows */
};

/* A population whose names and dates are used. */
struct history_people {
    struct sg_synth_person persons[HISTORY_CITIZENS];
    struct sg_uid uids[HISTORY_CITIZENS];
    char names[HISTORY_CITIZENS][3][SG_SYNTH_TEXT_SIZE_MAX];
};

/* Units that histories play in: a province, two districts, five communes of
 * 2019 and three of 2025. */
extern const uint64_t history_units[HISTORY_UNITS];
enum history_unit {
    UNIT_PROVINCE,
    UNIT_DISTRICT,
    UNIT_OTHER_DISTRICT,
    UNIT_WHOLE, /* goes whole into UNIT_NEXT */
    UNIT_SPLIT, /* in parts, into UNIT_PART and UNIT_OTHER_PART */
    UNIT_STAYS,
    UNIT_AWAY, /* in the other district */
    UNIT_NEXT,
    UNIT_PART,
    UNIT_OTHER_PART,
    UNIT_NEVER, /* not defined */
};

/* Aborts with a word when ERR is a failure: a generator has nobody to ask. */
void history_must(enum sg_err err, const char *what);

/* Makes the history of SEED in HISTORY, all of whose memory ends with
 * history_clear. */
void history_make(struct history *history, const struct history_people *people,
                  uint64_t seed);
void history_clear(struct history *history);

/* Appends HISTORY as number NUMBER to OUT, in the form above. */
void history_write(const struct history *history, uint32_t number,
                   struct sg_buf *out);

/* --- inside ------------------------------------------------------------ */

/* A record on its way. */
struct history_draft {
    struct sg_record_head head;
    struct sg_ref parents[16];
    struct sg_record_build build;
    unsigned subject;
    unsigned officer;
};

/* Draw: a number below N, yes in PERMILLE of 1,000. */
unsigned history_below(struct history *history, unsigned n);
bool history_chance(struct history *history, unsigned permille);

/* Appends a statement or a record to LOG, signed by KEY; gives its id. */
void history_state(struct history *history, struct sg_record_build *build,
                   unsigned log, struct sg_hash *ret_id);

/* The statements: what there is before the work, and what comes after. */
void history_authority_first(struct history *history);
void history_authority_last(struct history *history);

/* Begins a record of TYPE about SUBJECT; PARENTS are added by history_parent
 * before fields are. */
void history_begin(struct history *history, struct history_draft *draft,
                   enum sg_type type, unsigned subject);
void history_sign_as(struct history *history, struct history_draft *draft,
                     unsigned officer);
void history_parent(struct history_draft *draft, const struct sg_ref *ref);
/* Ends it and files one copy or several; gives the item, or NULL when there is
 * no room. OBJECT is set when its key is not the opening's ref. */
void history_file(struct history *history, struct history_draft *draft);

/* Gives the items of SUBJECT and TYPE that set field NO (any object when OBJECT
 * is NULL) and are no ancestors of each other, among the first KNOWN; returns
 * how many. */
size_t history_heads(const struct history *history, unsigned subject,
                     enum sg_type type, const struct history_item *object,
                     unsigned no, unsigned known,
                     const struct history_item **ret, size_t max);

/* Draws an item of SUBJECT and TYPE (0: any) among the first KNOWN; NULL when
 * there is none. */
const struct history_item *history_draw(struct history *history,
                                        unsigned subject, enum sg_type type,
                                        unsigned known);

/* Draws how many of the items a writer knows of. */
unsigned history_known(struct history *history);

/* Write one record each. */
void history_register(struct history *history,
                      const struct history_people *people);
void history_decide(struct history *history);
/* Writes two rulings that differ, and at times what settles them. */
void history_quarrel(struct history *history);
/* Approves ITEM after all, knowing of the REFUSAL. */
void history_reconsider(struct history *history,
                        const struct history_item *item,
                        const struct history_item *refusal);
/* Writes two open residences of one person, or one pair of persons twice, and
 * what settles that. */
void history_two_of_a_kind(struct history *history,
                           const struct history_people *people);
/* Settles the conflict of RULE about OBJECT (FIELD 0: none): names ONE, and at
 * times forgets OTHER. */
void history_settle(struct history *history, const struct history_item *object,
                    unsigned rule, unsigned field,
                    const struct history_item *one,
                    const struct history_item *other);
/* Writes some, the life of an object. */
void history_walk(struct history *history, const struct history_people *people);
void history_hand_over(struct history *history);
void history_endorse(struct history *history);

#endif
