/* The view from inside: what its files share. Nobody else includes it.
 *
 *   world   what the authority has said, the logs by number, lists of units,
 *           who reads what: under a lock that readers share
 *   pile    the sheets that one commit, or one reader, has loaded (pile.h)
 */
#ifndef SG_NODE_VIEW_INSIDE_H
#define SG_NODE_VIEW_INSIDE_H

#include <pthread.h>

#include "node/view/feed.h"
#include "node/view/sheet.h"
#include "node/view/view.h"
#include "storage/lmdb/set.h"
#include "storage/registry/admission.h"
#include "storage/registry/merge/register.h"
#include "storage/registry/merge/table.h"

/* X(number, name): FORMAT.md section 12. */
#define SG_INSIDE_DATABASES(X)  \
    X(META, "meta")             \
    X(SUBJECTS, "subjects")     \
    X(UIDS, "uids")             \
    X(NUMBERS, "numbers")       \
    X(NAMES, "names")           \
    X(UNITS, "units")           \
    X(PAIRS, "pairs")           \
    X(KIN, "kin")               \
    X(BUCKETS, "buckets")       \
    X(CONFLICTS, "conflicts")   \
    X(STANDING, "standing")     \
    X(PROGRESS, "progress")     \
    X(TALLIES, "tallies")       \
    X(KEYS, "keys")             \
    X(STATEMENTS, "statements") \
    X(SETS, "sets")

enum sg_inside_db {
#define SG_INSIDE_ENUM(name, text) SG_INSIDE_##name,
    SG_INSIDE_DATABASES(SG_INSIDE_ENUM)
#undef SG_INSIDE_ENUM
        SG_INSIDE_DB_COUNT
};

_Static_assert(SG_INSIDE_DB_COUNT <= SG_ENV_DATABASES_MAX, "databases");
_Static_assert((int)SG_INSIDE_META == (int)SG_SEALED_META, "meta");

#define SG_INSIDE_FORMAT 5u
#define SG_INSIDE_NOBODY UINT32_MAX /* no subject has this number */

/* What `tallies` holds: the first byte of a key. */
enum sg_inside_tally {
    SG_INSIDE_CAMPAIGNS = 1,
    SG_INSIDE_FUNNEL = 16, /* and the side, 0 or 1 */
    SG_INSIDE_MEASURE = 32,
    SG_INSIDE_DISPUTES = 48,
    SG_INSIDE_ROOT = 64,
};

/* Bytes of a member of the databases that are sets (set.h): a name, and the
 * subject number at its end. */
#define SG_INSIDE_NUMBER_SIZE 4u
#define SG_INSIDE_MEMBER_SIZE (SG_SEALED_KEY_SIZE + SG_INSIDE_NUMBER_SIZE)
#define SG_INSIDE_BUCKET_SIZE (3u + SG_INSIDE_NUMBER_SIZE)
#define SG_INSIDE_SHORT_SIZE  4u /* of a name that is cut */

/* How far the view is in a log. */
struct sg_inside_log {
    struct sg_feed_log feed;
    uint64_t heard;        /* of the authority's: statements before this one */
    uint64_t applied;      /* entries before this one are as now judged */
    uint64_t high;         /* entries before this one were judged once */
    uint64_t verified;     /* of those before this one signatures are checked */
    uint64_t fork;         /* fork point that was judged by */
    uint64_t absent;       /* payloads that were not held */
    uint64_t first_absent; /* UINT64_MAX: none */
    uint64_t first_lost;   /* of these: nobody says who reads it */
    uint64_t first_waiting;
    uint64_t rooted;     /* entries of it that the view was made of, */
    struct sg_hash root; /* and their root; 0: not known */
    bool is_known;       /* the feed has it */
    bool is_changed;
};

/* A list of units that grants share. */
struct sg_inside_set {
    size_t count;
    uint32_t number;
    bool is_new; /* to be written */
    struct sg_unit_key units[];
};

/* A copy that is above a cut, and what officers say of it. */
struct sg_inside_above {
    uint32_t log;
    uint64_t index;
    struct sg_ref ref;
    uint8_t endorsement; /* by which it was judged */
};

struct sg_said;

/* What a sweep over all subjects is at: figures and roots are made anew on the
 * other side, and stand when it ends. */
struct sg_inside_sweep {
    bool is_on;
    bool is_wanted;     /* begin (again) with the next commit */
    uint32_t next;      /* subject number */
    struct sg_date day; /* of the tallies in the making */
    uint8_t side;       /* where they are made */
};

struct sg_view {
    struct sg_sealed *sealed;
    char *dir; /* the data directory */
    struct sg_feed feed;
    struct sg_registry_id registry;
    struct sg_sha256 row_prefix;

    /* The world. */
    pthread_rwlock_t world;
    struct sg_said *said;
    struct sg_register_setup setup;
    struct sg_inside_log *logs; /* by number */
    uint32_t n_logs;
    struct sg_inside_set **sets; /* by number */
    uint32_t n_sets, sets_capacity;
    struct sg_table by_units;
    bool is_ready;    /* there is a genesis: subjects can be folded */
    bool is_set_back; /* what was found was not made of these logs */

    /* The writer's own. */
    struct sg_inside_above *above;
    size_t n_above, above_capacity;
    bool is_endorse_due;
    uint32_t next_number;
    uint64_t clamped; /* smallest hlc beyond the clock window; 0: none */
    struct sg_inside_sweep sweep;
    struct sg_state_root campaigns; /* what their rows have in the roots */
    bool is_campaign_due;
    struct sg_date counted;
    uint8_t side;               /* of the tallies that stand */
    struct sg_view_reader *own; /* pile, coder, folds of the writer */
    const struct sg_key *key;

    pthread_mutex_t status_lock;
    struct sg_view_status status;
    uint64_t n_standing[SG_ADMISSION_REFUSED + 1];
};

/* Gives the log NUMBER; NULL when the feed never had it. */
static inline struct sg_inside_log *sg_inside_log(const struct sg_view *view,
                                                  uint32_t number)
{
    return number < view->n_logs && view->logs[number].is_known
               ? &view->logs[number]
               : NULL;
}

/* A key in the making. */
struct sg_inside_key {
    uint8_t bytes[32];
    size_t size;
};

static inline struct sg_bytes sg_inside_bytes(const struct sg_inside_key *key)
{
    return sg_bytes(key->bytes, key->size);
}

static inline struct sg_inside_key sg_inside_number(uint32_t number)
{
    struct sg_inside_key key = {.size = 4};

    sg_bytes_put_u32be(key.bytes, number);
    return key;
}

static inline struct sg_inside_key sg_inside_place(uint32_t log, uint64_t index)
{
    struct sg_inside_key key = {.size = 12};

    sg_bytes_put_u32be(key.bytes, log);
    sg_bytes_put_u64be(key.bytes + 4, index);
    return key;
}

/* How much of a keyed hash stands in keys of DB. Whoever finds a subject by a
 * short one looks at it, so that a chance hit costs that look and no more; by
 * the others, subjects are joined unseen. */
static inline size_t sg_inside_name_size(enum sg_inside_db db)
{
    return db == SG_INSIDE_NAMES || db == SG_INSIDE_UNITS ||
                   db == SG_INSIDE_KIN || db == SG_INSIDE_CONFLICTS
               ? SG_INSIDE_SHORT_SIZE
               : SG_SEALED_KEY_SIZE;
}

/* The keyed hash of BYTES in DB; with NUMBER behind it: an entry of an index.
 */
static inline struct sg_inside_key sg_inside_name(const struct sg_view *view,
                                                  enum sg_inside_db db,
                                                  struct sg_bytes bytes)
{
    struct sg_inside_key key = {.size = sg_inside_name_size(db)};

    sg_sealed_name(view->sealed, db, bytes, key.bytes);
    return key;
}

static inline struct sg_inside_key sg_inside_with(struct sg_inside_key key,
                                                  uint32_t number)
{
    sg_bytes_put_u32be(key.bytes + key.size, number);
    key.size += 4;
    return key;
}

#endif
