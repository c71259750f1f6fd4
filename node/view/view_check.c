#include "node/view/view_check.h"

#include <stdio.h>
#include <string.h>

#include "node/view/inside.h"
#include "storage/base/alloc.h"
#include "storage/base/limits.h"
#include "storage/base/reader.h"
#include "storage/lmdb/fetch.h"

#define PATH_SIZE       4096u
#define PROGRESS_FIELDS 9u
#define TYPE_LAST       22u /* of statements */

static const char *const databases[] = {
#define SG_VIEW_CHECK_NAME(name, text) text,
    SG_INSIDE_DATABASES(SG_VIEW_CHECK_NAME)
#undef SG_VIEW_CHECK_NAME
};

_Static_assert(SG_INSIDE_DB_COUNT <= SG_VIEW_PLAIN_INDEXES, "indexes");

/* Of a set, whose members end with a subject's number (storage/lmdb/set.h). */
#define NUMBER_SIZE 4u
#define HEAD_SIZE   3u /* of a row as it is kept */
#define MEMBER_MAX  64u
#define INDEXES                                                               \
    (1U << SG_INSIDE_UIDS | 1U << SG_INSIDE_NUMBERS | 1U << SG_INSIDE_NAMES | \
     1U << SG_INSIDE_UNITS | 1U << SG_INSIDE_PAIRS | 1U << SG_INSIDE_KIN |    \
     1U << SG_INSIDE_BUCKETS | 1U << SG_INSIDE_CONFLICTS)

/* What the view was made of: the first SIZE entries of a log. */
struct begun {
    uint32_t log;
    uint64_t size;
    struct sg_hash root;
};

struct looking {
    const struct sg_view_check *check;
    size_t at;       /* in what it must say */
    uint64_t *names; /* by subject number: of its uid; 0: none */
    size_t n_names;
    struct begun *begun; /* what progress says of each log */
    size_t n_begun, begun_capacity;
    uint64_t sums[SG_VIEW_PLAIN_INDEXES];
    enum sg_err err;
};

/* --- indexes ----------------------------------------------------------- */

static uint64_t hash_of(struct sg_bytes bytes, uint64_t seed)
{
    uint64_t hash = seed ^ UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < bytes.size; i++)
        hash = (hash ^ bytes.data[i]) * UINT64_C(0x100000001b3);
    return hash ^ hash >> 29;
}

/* Takes down who subject NUMBER is. A number stands for one. */
static bool name_subject(struct looking *looking, uint32_t number,
                         uint64_t name)
{
    if (number >= looking->n_names) {
        size_t count = 2 * (size_t)number + 1024;
        uint64_t *names =
            sg_realloc(looking->names, count * sizeof *looking->names);

        if (names == NULL) {
            looking->err = SG_ERR_NOMEM;
            return true;
        }
        memset(names + looking->n_names, 0,
               (count - looking->n_names) * sizeof *names);
        looking->names = names;
        looking->n_names = count;
    }
    if (looking->names[number] != 0)
        return false;
    looking->names[number] = name | 1;
    return true;
}

/* Adds what MEMBER leads to, in whatever order it comes. */
static bool add_member(struct looking *looking, unsigned db,
                       struct sg_bytes member)
{
    struct sg_bytes what = sg_bytes(member.data, member.size - NUMBER_SIZE);
    uint32_t number = sg_bytes_get_u32be(member.data + what.size);
    uint64_t name = hash_of(what, 0);

    if (db == SG_INSIDE_UIDS && !name_subject(looking, number, name))
        return false;
    if (number >= looking->n_names || looking->names[number] == 0)
        return false; /* nobody */
    looking->sums[db] += hash_of(what, looking->names[number]);
    return true;
}

/* Reads a row of a set: how much all members have of the key, then what each
 * goes on with, ascending. */
static bool is_set(struct looking *looking, unsigned db, struct sg_bytes key,
                   struct sg_bytes value)
{
    uint8_t member[MEMBER_MAX], last[MEMBER_MAX];
    size_t same, rest;

    if (value.size < 2 || key.size <= NUMBER_SIZE || key.size > MEMBER_MAX ||
        value.data[0] >= key.size)
        return false;
    same = value.data[0];
    rest = key.size - same;
    if ((value.size - 1) % rest != 0)
        return false;
    memcpy(member, key.data, key.size);
    memcpy(last, key.data, key.size);
    for (size_t at = 1; at < value.size; at += rest) {
        int order;

        memcpy(member + same, value.data + at, rest);
        order = memcmp(member, last, key.size);
        if (order < 0 || (order == 0 && at > 1) ||
            !add_member(looking, db, sg_bytes(member, key.size)))
            return false;
        memcpy(last, member, key.size);
    }
    return true;
}

static void compare_sums(const struct looking *looking)
{
    const struct sg_view_check *check = looking->check;

    for (unsigned db = 0; db < SG_INSIDE_DB_COUNT; db++)
        if (looking->sums[db] != check->must->sums[db])
            check->found(check->context, databases[db], UINT64_MAX,
                         SG_SEALED_VALUE);
}

/* --- rows -------------------------------------------------------------- */

/* Reads how far the view is in a log, and takes down what it was made of. */
static bool is_progress(struct looking *looking, struct sg_bytes key,
                        struct sg_bytes value)
{
    struct begun begun = {.size = 0};
    struct sg_reader reader;

    if (key.size != 4)
        return false;
    begun.log = sg_bytes_get_u32be(key.data);
    sg_reader_init(&reader, value);
    for (unsigned i = 0; i < PROGRESS_FIELDS; i++)
        (void)sg_reader_varint(&reader);
    begun.size = sg_reader_varint(&reader);
    if (begun.size > 0)
        sg_reader_copy(&reader, begun.root.bytes, sizeof begun.root.bytes);
    if (sg_reader_end(&reader) != SG_OK)
        return false;
    if (begun.size == 0)
        return true;
    if (sg_alloc_grow((void **)&looking->begun, looking->n_begun,
                      &looking->begun_capacity, sizeof *looking->begun))
        looking->begun[looking->n_begun++] = begun;
    else
        looking->err = SG_ERR_NOMEM;
    return true;
}

static bool has_form(struct looking *looking, unsigned db, struct sg_bytes key,
                     struct sg_bytes value)
{
    switch (db) {
    case SG_INSIDE_PROGRESS:
        return is_progress(looking, key, value);
    case SG_INSIDE_KEYS:
        return key.size == 24 && value.size == 0;
    case SG_INSIDE_STATEMENTS:
        return key.size == 12 && value.size == 1 && value.data[0] >= 1 &&
               value.data[0] <= TYPE_LAST;
    default:
        return sg_bytes_equal(key, SG_BYTES_TEXT("sealed")) ||
               sg_bytes_equal(key, SG_BYTES_TEXT("dirty")) ||
               sg_bytes_equal(key, SG_BYTES_TEXT("state"));
    }
}

/* A row as it is kept to be compared: database, sizes, key, value. */
static enum sg_err keep(struct sg_buf *rows, unsigned db, struct sg_bytes key,
                        struct sg_bytes value)
{
    const uint8_t head[HEAD_SIZE] = {(uint8_t)db, (uint8_t)key.size,
                                     (uint8_t)value.size};
    enum sg_err err = sg_buf_append(rows, SG_BYTES_ARRAY(head));

    if (err == SG_OK)
        err = sg_buf_append(rows, key);
    return err == SG_OK ? sg_buf_append(rows, value) : err;
}

/* A row as keep wrote it. */
struct kept {
    unsigned db;
    struct sg_bytes key, value;
    size_t size;
};

static bool next_kept(const struct looking *looking, struct kept *ret)
{
    struct sg_bytes must = sg_buf_bytes(&looking->check->must->rows);
    const uint8_t *at = must.data + looking->at;

    if (looking->at + HEAD_SIZE > must.size)
        return false;
    ret->db = at[0];
    ret->key = sg_bytes(at + HEAD_SIZE, at[1]);
    ret->value = sg_bytes(at + HEAD_SIZE + at[1], at[2]);
    ret->size = HEAD_SIZE + (size_t)at[1] + at[2];
    return true;
}

/* Says whether this row must be there. Those that must have come before it and
 * did not are passed over: their count is compared at the end. */
static bool is_next(struct looking *looking, unsigned db, struct sg_bytes key,
                    struct sg_bytes value)
{
    struct kept kept;
    int order = -1;

    while (next_kept(looking, &kept)) {
        order = kept.db != db ? (kept.db < db ? -1 : 1)
                              : memcmp(kept.key.data, key.data, key.size);
        if (order >= 0)
            break;
        looking->at += kept.size;
    }
    if (order != 0 || !sg_bytes_equal(kept.value, value))
        return false;
    looking->at += kept.size;
    return true;
}

/* What is local, and how far a commit went, is not compared. */
static bool judge(void *context, unsigned db, struct sg_bytes key,
                  struct sg_bytes value)
{
    struct looking *looking = context;
    const struct sg_view_check *check = looking->check;

    if ((INDEXES & 1U << db) != 0)
        return is_set(looking, db, key, value);
    if (!has_form(looking, db, key, value))
        return false;
    if (db == SG_INSIDE_META || db == SG_INSIDE_PROGRESS)
        return true;
    looking->sums[db]++;
    if (check->says != NULL && looking->err == SG_OK)
        looking->err = keep(&check->says->rows, db, key, value);
    return check->must == NULL || is_next(looking, db, key, value);
}

static void found(void *context, unsigned db, uint64_t no,
                  enum sg_sealed_fault fault)
{
    const struct looking *looking = context;

    looking->check->found(looking->check->context, databases[db], no, fault);
}

/* Says whether each log begins with what the view was made of it. A log that
 * cannot be read does not say that it does not. */
static bool is_of(const struct looking *looking, struct sg_store *store)
{
    for (size_t i = 0; i < looking->n_begun; i++) {
        const struct begun *begun = &looking->begun[i];
        struct sg_hash root;
        enum sg_err err = sg_fetch_root(store, begun->log, begun->size, &root);

        if (err == SG_ERR_NOTFOUND ||
            (err == SG_OK && memcmp(&root, &begun->root, sizeof root) != 0))
            return false;
    }
    return true;
}

enum sg_err sg_view_check(const struct sg_view_check *check, uint64_t *ret_rows)
{
    struct looking looking = {.check = check};
    const struct sg_sealed_check how = {
        .plain = INDEXES | 1U << SG_INSIDE_META | 1U << SG_INSIDE_PROGRESS |
                 1U << SG_INSIDE_KEYS | 1U << SG_INSIDE_STATEMENTS,
        .judge = judge,
        .found = found,
        .context = &looking,
    };
    char path[PATH_SIZE];
    struct sg_sealed_config config = {
        .dir = path,
        .databases = databases,
        .database_count = SG_INSIDE_DB_COUNT,
        .format = SG_INSIDE_FORMAT,
        .registry = *check->registry,
        .map_size = SG_MAP_SIZE_MAX,
        .map_size_max = SG_MAP_SIZE_MAX,
    };
    enum sg_err err;

    if (snprintf(path, sizeof path, "%s/view", check->dir) >= (int)sizeof path)
        return SG_ERR_LIMIT;
    memcpy(config.key, check->key->secret, SG_KEY_SIZE);
    err = sg_sealed_look(&config, &how, ret_rows);
    sg_crypto_wipe(config.key, sizeof config.key);
    if (err == SG_OK)
        err = looking.err;
    if (err == SG_OK && check->says != NULL)
        memcpy(check->says->sums, looking.sums, sizeof looking.sums);
    if (err == SG_OK && check->must != NULL)
        compare_sums(&looking);
    if (err == SG_OK && check->store != NULL)
        *check->ret_is_set_back = !is_of(&looking, check->store);
    sg_free(looking.names);
    sg_free(looking.begun);
    return err;
}
