#include "storage/lmdb/sealed.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/lmdb/internal.h"
#include "storage/lmdb/txn.h"

#define SALT_SIZE   8u
#define OVERHEAD    (SALT_SIZE + SG_SEAL_TAG_SIZE)
#define KEY_MAX     64u /* of a row */
#define PLACE_MAX   (1 + 2 + KEY_MAX)
#define MARK_SIZE   16u /* format, and what stands for the registry */
#define HASH_SIZE   32u
#define KEYED       SG_BYTES_TEXT("sealed")
#define DIRTY       SG_BYTES_TEXT("dirty")
#define ROW_PURPOSE "sogoc v1 view row"

/* What is derived from the key; in locked memory. */
struct secret {
    uint8_t cipher[SG_KEY_SIZE];
    uint8_t nonce[SG_KEY_SIZE];
    uint8_t name[SG_SIPHASH_KEY_SIZE];
};

struct sg_sealed {
    struct sg_sealed_config config; /* its key is wiped */
    char *dir;                      /* of the environment */
    char *parent;
    const char *folder; /* in parent */
    struct sg_env *env;
    struct secret *secret;
    pthread_rwlock_t lock; /* work shares it; another environment excludes */
};

_Static_assert(SG_SEALED_KEY_SIZE == SG_SIPHASH_SIZE, "a name is one");

/* --- keys -------------------------------------------------------------- */

static void derive(struct sg_sealed *sealed, const uint8_t key[SG_KEY_SIZE])
{
    static const uint8_t for_rows = 0, for_names = 1;
    const struct sg_hash *registry = &sealed->config.registry.hash;
    struct secret *secret = sealed->secret;
    struct sg_blake2b ctx;
    uint8_t keys[2 * SG_KEY_SIZE];

    sg_crypto_blake2b_purpose_init(&ctx, key, SG_KEY_SIZE, sizeof keys,
                                   ROW_PURPOSE, registry);
    sg_crypto_blake2b_update(&ctx, &for_rows, 1);
    sg_crypto_blake2b_final(&ctx, keys, sizeof keys);
    memcpy(secret->cipher, keys, SG_KEY_SIZE);
    memcpy(secret->nonce, keys + SG_KEY_SIZE, SG_KEY_SIZE);
    sg_crypto_wipe(keys, sizeof keys);
    sg_crypto_blake2b_purpose_init(&ctx, key, SG_KEY_SIZE, sizeof secret->name,
                                   ROW_PURPOSE, registry);
    sg_crypto_blake2b_update(&ctx, &for_names, 1);
    sg_crypto_blake2b_final(&ctx, secret->name, sizeof secret->name);
}

void sg_sealed_name(const struct sg_sealed *sealed, unsigned db,
                    struct sg_bytes bytes, uint8_t ret[SG_SEALED_KEY_SIZE])
{
    uint8_t room[1 + SG_SEALED_NAME_MAX];

    SG_ASSERT(bytes.size <= SG_SEALED_NAME_MAX);
    room[0] = (uint8_t)db;
    if (bytes.size > 0)
        memcpy(room + 1, bytes.data, bytes.size);
    sg_crypto_siphash(sealed->secret->name, room, 1 + bytes.size, ret);
}

/* --- rows -------------------------------------------------------------- */

static size_t make_place(unsigned db, struct sg_bytes key,
                         uint8_t ret[PLACE_MAX])
{
    SG_ASSERT(key.size <= KEY_MAX);
    ret[0] = (uint8_t)db;
    sg_bytes_put_u16be(ret + 1, (uint16_t)key.size);
    memcpy(ret + 3, key.data, key.size);
    return 3 + key.size;
}

/* H(nonce key; what || place || bytes). */
static void hash_at(const struct sg_sealed *sealed, uint8_t what,
                    struct sg_bytes place, struct sg_bytes bytes,
                    uint8_t ret[HASH_SIZE])
{
    struct sg_blake2b ctx;

    sg_crypto_blake2b_init(&ctx, sealed->secret->nonce, SG_KEY_SIZE, HASH_SIZE);
    sg_crypto_blake2b_update(&ctx, &what, 1);
    sg_crypto_blake2b_update(&ctx, place.data, place.size);
    sg_crypto_blake2b_update(&ctx, bytes.data, bytes.size);
    sg_crypto_blake2b_final(&ctx, ret, HASH_SIZE);
}

static void seal(const struct sg_sealed *sealed, struct sg_bytes place,
                 struct sg_bytes plain, uint8_t *ret)
{
    uint8_t salt[HASH_SIZE], nonce[HASH_SIZE];
    enum sg_err err;

    hash_at(sealed, 0, place, plain, salt);
    hash_at(sealed, 1, place, sg_bytes(salt, SALT_SIZE), nonce);
    memcpy(ret, salt, SALT_SIZE);
    err = sg_crypto_seal(SG_AEAD_XCHACHA20POLY1305, sealed->secret->cipher,
                         sg_bytes(nonce, SG_XAEAD_NONCE_SIZE), place, plain,
                         ret + SALT_SIZE, plain.size + SG_SEAL_TAG_SIZE);
    SG_ASSERT(err == SG_OK);
}

/* Opens VALUE at PLACE and appends it to RET. Errors: DAMAGED; LIMIT, NOMEM. */
static enum sg_err open_value(const struct sg_sealed *sealed, unsigned db,
                              struct sg_bytes key, struct sg_bytes value,
                              struct sg_buf *ret)
{
    uint8_t room[PLACE_MAX], nonce[HASH_SIZE], *plain;
    struct sg_bytes place;
    enum sg_err err;

    if (value.size < OVERHEAD || value.size - OVERHEAD > SG_SEALED_SIZE_MAX ||
        key.size > KEY_MAX)
        return SG_ERR_DAMAGED;
    err = sg_buf_extend(ret, value.size - OVERHEAD, &plain);
    if (err != SG_OK)
        return err;
    place = sg_bytes(room, make_place(db, key, room));
    hash_at(sealed, 1, place, sg_bytes(value.data, SALT_SIZE), nonce);
    err =
        sg_crypto_open(SG_AEAD_XCHACHA20POLY1305, sealed->secret->cipher,
                       sg_bytes(nonce, SG_XAEAD_NONCE_SIZE), place,
                       sg_bytes(value.data + SALT_SIZE, value.size - SALT_SIZE),
                       plain, value.size - OVERHEAD);
    if (err == SG_OK)
        return SG_OK;
    sg_buf_truncate(ret, ret->size - (value.size - OVERHEAD));
    return SG_ERR_DAMAGED;
}

bool sg_sealed_decode(const struct sg_sealed *sealed, struct sg_txn *txn,
                      unsigned db, struct sg_bytes key, struct sg_bytes value,
                      struct sg_buf *ret)
{
    enum sg_err err = open_value(sealed, db, key, value, ret);

    if (err != SG_OK)
        (void)sg_txn_fail(txn, err);
    return err == SG_OK;
}

bool sg_sealed_get(const struct sg_sealed *sealed, struct sg_txn *txn,
                   unsigned db, struct sg_bytes key, struct sg_buf *ret)
{
    struct sg_bytes value;

    return sg_txn_get(txn, db, key, &value) &&
           sg_sealed_decode(sealed, txn, db, key, value, ret);
}

/* LMDB's pages, where they are of 4 KiB: a head of 16 bytes, two for each
 * node's place, nodes with heads of 8, even; of a node beyond half a page what
 * is behind the key is on pages of its own, and the number of the first is
 * there instead. */
#define PAGE_HEAD_SIZE   16u
#define PLACE_SIZE       2u
#define NODE_HEAD_SIZE   8u
#define NODE_SIZE_MAX    (SG_SEALED_PAGE_SIZE / 2 / 2 * 2 - PLACE_SIZE)
#define PAGE_NUMBER_SIZE 8u

_Static_assert(SG_SEALED_PAGE_SIZE + PAGE_HEAD_SIZE == 4096, "a page");

size_t sg_sealed_room_of(size_t key_size, size_t size)
{
    size_t node = NODE_HEAD_SIZE + key_size + size + OVERHEAD;

    if (node > NODE_SIZE_MAX)
        node = NODE_HEAD_SIZE + key_size + PAGE_NUMBER_SIZE;
    return node + node % 2 + PLACE_SIZE;
}

static void write_row(const struct sg_sealed *sealed, struct sg_txn *txn,
                      unsigned db, struct sg_bytes key, struct sg_bytes plain,
                      bool is_last)
{
    uint8_t place[PLACE_MAX], small[512], *value = small;

    if (sg_txn_err(txn) != SG_OK)
        return;
    if (plain.size > SG_SEALED_SIZE_MAX) {
        (void)sg_txn_fail(txn, SG_ERR_LIMIT);
        return;
    }
    if (is_last)
        value = sg_txn_append_room(txn, db, key, plain.size + OVERHEAD);
    else if (plain.size + OVERHEAD > sizeof small)
        value = sg_alloc(plain.size + OVERHEAD);
    if (value == NULL) {
        (void)sg_txn_fail(txn, SG_ERR_NOMEM);
        return;
    }
    seal(sealed, sg_bytes(place, make_place(db, key, place)), plain, value);
    if (!is_last)
        sg_txn_put(txn, db, key, sg_bytes(value, plain.size + OVERHEAD));
    if (!is_last && value != small)
        sg_free(value);
}

void sg_sealed_put(const struct sg_sealed *sealed, struct sg_txn *txn,
                   unsigned db, struct sg_bytes key, struct sg_bytes plain)
{
    write_row(sealed, txn, db, key, plain, false);
}

void sg_sealed_append(const struct sg_sealed *sealed, struct sg_txn *txn,
                      unsigned db, struct sg_bytes key, struct sg_bytes plain)
{
    write_row(sealed, txn, db, key, plain, true);
}

/* --- making, opening --------------------------------------------------- */

/* Says what is kept, of which format and under which key. */
static void make_mark(const struct sg_sealed *sealed, uint8_t ret[MARK_SIZE])
{
    const struct sg_hash *registry = &sealed->config.registry.hash;

    sg_bytes_put_u64be(ret, sealed->config.format);
    sg_sealed_name(sealed, SG_SEALED_META, SG_BYTES_ARRAY(registry->bytes),
                   ret + 8);
}

static enum sg_err fill(struct sg_txn *txn, void *context)
{
    uint8_t mark[MARK_SIZE];

    make_mark(context, mark);
    sg_txn_put(txn, SG_SEALED_META, KEYED, SG_BYTES_ARRAY(mark));
    return sg_txn_err(txn);
}

struct look {
    const struct sg_sealed *sealed;
    enum sg_sealed_start start;
};

static enum sg_err look_at_mark(struct sg_txn *txn, void *context)
{
    struct look *look = context;
    uint8_t mark[MARK_SIZE];
    struct sg_bytes value;

    make_mark(look->sealed, mark);
    if (!sg_txn_get(txn, SG_SEALED_META, KEYED, &value) ||
        value.size != sizeof mark)
        return SG_ERR_DAMAGED;
    look->start = SG_SEALED_FOUND;
    if (memcmp(value.data, mark, 8) != 0)
        look->start = SG_SEALED_FORMAT;
    else if (memcmp(value.data, mark, sizeof mark) != 0)
        look->start = SG_SEALED_KEY;
    else if (sg_txn_get(txn, SG_SEALED_META, DIRTY, &value))
        look->start = SG_SEALED_DIRTY;
    return sg_txn_err(txn);
}

static void env_config(const struct sg_sealed *sealed, const char *dir,
                       bool is_unsynced, struct sg_env_config *ret)
{
    const struct sg_sealed_config *config = &sealed->config;

    *ret = (struct sg_env_config){.dir = dir,
                                  .databases = config->databases,
                                  .database_count = config->database_count,
                                  .map_size = config->map_size,
                                  .map_size_max = config->map_size_max,
                                  .reserve_size = config->reserve_size,
                                  .is_unsynced = is_unsynced};
}

/* Opens what is there. */
static enum sg_err attach(struct sg_sealed *sealed, bool is_unsynced)
{
    struct sg_env_config config;

    env_config(sealed, sealed->dir, is_unsynced, &config);
    return sg_env_open(&config, &sealed->env);
}

/* Makes an empty one in the place of whatever is there. */
static enum sg_err make(struct sg_sealed *sealed)
{
    char made[SG_STORE_PATH_MAX], name[SG_STORE_PATH_MAX];
    struct sg_env_config config;
    enum sg_err err = SG_OK;

    if (snprintf(name, sizeof name, "%s.new", sealed->folder) >=
            (int)sizeof name ||
        snprintf(made, sizeof made, "%s.new", sealed->dir) >= (int)sizeof made)
        return SG_ERR_LIMIT;
    err = sg_store_remove_folder(sealed->parent, name);
    if (err == SG_OK)
        err = sg_store_remove_folder(sealed->parent, sealed->folder);
    env_config(sealed, made, false, &config);
    if (err == SG_OK)
        err = sg_env_create(&config, fill, sealed);
    if (err == SG_OK && rename(made, sealed->dir) != 0)
        err = errno == ENOSPC ? SG_ERR_FULL : SG_ERR_IO;
    if (err == SG_OK)
        err = sg_env_sync_dir(sealed->parent);
    return err == SG_OK ? attach(sealed, false) : err;
}

/* Says whether another try can do no better than to make it anew. */
static bool is_broken(enum sg_err err)
{
    return err == SG_ERR_DAMAGED || err == SG_ERR_TRUNCATED ||
           err == SG_ERR_VERSION;
}

static enum sg_err open_or_make(struct sg_sealed *sealed,
                                enum sg_sealed_start *ret_start)
{
    struct look look = {sealed, SG_SEALED_DAMAGED};
    enum sg_err err = attach(sealed, false);

    if (err == SG_OK)
        err = sg_env_read(sealed->env, look_at_mark, &look);
    else if (err == SG_ERR_NOTFOUND)
        look.start = SG_SEALED_MADE;
    if (err != SG_OK && err != SG_ERR_NOTFOUND && !is_broken(err))
        return err;
    if (is_broken(err))
        look.start = SG_SEALED_DAMAGED;
    *ret_start = look.start;
    if (look.start == SG_SEALED_FOUND)
        return SG_OK;
    sg_env_close(sealed->env);
    sealed->env = NULL;
    return make(sealed);
}

/* Splits the path of the environment's folder. */
static enum sg_err take_path(struct sg_sealed *sealed, const char *dir)
{
    size_t size = strlen(dir) + 1;
    char *slash;

    sealed->dir = sg_alloc(size);
    sealed->parent = sg_alloc(size);
    if (sealed->dir == NULL || sealed->parent == NULL)
        return SG_ERR_NOMEM;
    memcpy(sealed->dir, dir, size);
    memcpy(sealed->parent, dir, size);
    slash = strrchr(sealed->parent, '/');
    if (slash == NULL || slash == sealed->parent || slash[1] == '\0')
        return SG_ERR_INVALID;
    *slash = '\0';
    sealed->folder = sealed->dir + (slash + 1 - sealed->parent);
    return SG_OK;
}

/* Makes one in memory, with what is derived of its key. */
static enum sg_err new_sealed(const struct sg_sealed_config *config,
                              struct sg_sealed **ret_sealed)
{
    struct sg_sealed *sealed = sg_calloc(1, sizeof *sealed);
    enum sg_err err;

    if (sealed == NULL)
        return SG_ERR_NOMEM;
    (void)pthread_rwlock_init(&sealed->lock, NULL);
    sealed->config = *config;
    sg_crypto_wipe(sealed->config.key, SG_KEY_SIZE);
    sealed->secret = sg_crypto_secret_new(sizeof *sealed->secret);
    err =
        sealed->secret == NULL ? SG_ERR_NOMEM : take_path(sealed, config->dir);
    if (err != SG_OK) {
        sg_sealed_close(sealed);
        return err;
    }
    derive(sealed, config->key);
    *ret_sealed = sealed;
    return SG_OK;
}

enum sg_err sg_sealed_open(const struct sg_sealed_config *config,
                           struct sg_sealed **ret_sealed,
                           enum sg_sealed_start *ret_start)
{
    struct sg_sealed *sealed;
    enum sg_err err = new_sealed(config, &sealed);

    if (err != SG_OK)
        return err;
    err = open_or_make(sealed, ret_start);
    if (err != SG_OK) {
        sg_sealed_close(sealed);
        return err;
    }
    *ret_sealed = sealed;
    return SG_OK;
}

void sg_sealed_close(struct sg_sealed *sealed)
{
    if (sealed == NULL)
        return;
    sg_env_close(sealed->env);
    sg_crypto_secret_free(sealed->secret);
    (void)pthread_rwlock_destroy(&sealed->lock);
    sg_free(sealed->dir);
    sg_free(sealed->parent);
    sg_free(sealed);
}

enum sg_err sg_sealed_clear(struct sg_sealed *sealed,
                            const uint8_t key[SG_KEY_SIZE])
{
    enum sg_err err;

    (void)pthread_rwlock_wrlock(&sealed->lock);
    sg_env_close(sealed->env);
    sealed->env = NULL;
    derive(sealed, key);
    err = make(sealed);
    (void)pthread_rwlock_unlock(&sealed->lock);
    return err;
}

/* --- looking ----------------------------------------------------------- */

struct looking {
    const struct sg_sealed *sealed;
    const struct sg_sealed_check *check;
    struct sg_buf plain; /* of one value */
    uint64_t rows;
};

/* Says what is wrong with the row; SG_OK: nothing. */
static enum sg_err look_at_row(struct looking *looking, unsigned db,
                               struct sg_bytes key, struct sg_bytes value)
{
    const struct sg_sealed_check *check = looking->check;
    enum sg_err err;

    if ((check->plain & 1U << db) != 0)
        return check->judge(check->context, db, key, value) ? SG_OK
                                                            : SG_ERR_DAMAGED;
    err = open_value(looking->sealed, db, key, value, &looking->plain);
    sg_crypto_wipe(looking->plain.data, looking->plain.size);
    sg_buf_truncate(&looking->plain, 0);
    return err;
}

static bool is_behind(struct sg_bytes key, struct sg_bytes last)
{
    size_t size = key.size < last.size ? key.size : last.size;
    int order = memcmp(key.data, last.data, size);

    return order > 0 || (order == 0 && key.size > last.size);
}

static enum sg_err look_at_rows(struct looking *looking, struct sg_txn *txn,
                                unsigned db)
{
    static const uint8_t first = 0;
    const struct sg_sealed_check *check = looking->check;
    struct sg_bytes key, value, last = {.data = &first, .size = 0};
    uint64_t no = 0;
    bool found = sg_txn_seek(txn, db, sg_bytes(&first, 1), &key, &value);

    for (; found; no++) {
        enum sg_err err = look_at_row(looking, db, key, value);

        if (err == SG_ERR_DAMAGED)
            check->found(check->context, db, no, SG_SEALED_VALUE);
        else if (err != SG_OK)
            return err;
        if (no > 0 && !is_behind(key, last))
            check->found(check->context, db, no, SG_SEALED_ORDER);
        last = key;
        found = sg_txn_next(txn, db, &key, &value);
    }
    looking->rows += no;
    if (sg_txn_err(txn) == SG_OK && no != sg_txn_count(txn, db))
        check->found(check->context, db, no, SG_SEALED_ORDER);
    return sg_txn_err(txn);
}

static enum sg_err look_at_all(struct sg_txn *txn, void *context)
{
    struct looking *looking = context;
    struct look look = {looking->sealed, SG_SEALED_DAMAGED};
    enum sg_err err = look_at_mark(txn, &look);

    looking->rows = 0;
    if (look.start != SG_SEALED_FOUND)
        looking->check->found(looking->check->context, SG_SEALED_META, 0,
                              SG_SEALED_MARK);
    if (err != SG_OK || look.start == SG_SEALED_KEY)
        return sg_txn_err(txn);
    for (unsigned db = 0;
         db < looking->sealed->config.database_count && err == SG_OK; db++)
        err = look_at_rows(looking, txn, db);
    return err;
}

enum sg_err sg_sealed_look(const struct sg_sealed_config *config,
                           const struct sg_sealed_check *check,
                           uint64_t *ret_rows)
{
    struct sg_env_config env;
    struct sg_sealed *sealed;
    struct looking looking = {.check = check};
    enum sg_err err = new_sealed(config, &sealed);

    if (err != SG_OK)
        return err;
    looking.sealed = sealed;
    sg_buf_init(&looking.plain, SG_SEALED_SIZE_MAX);
    env_config(sealed, sealed->dir, false, &env);
    env.is_beside = true;
    err = sg_env_open(&env, &sealed->env);
    if (err == SG_OK)
        err = sg_env_look(sealed->env);
    if (err == SG_OK)
        err = sg_env_read(sealed->env, look_at_all, &looking);
    *ret_rows = looking.rows;
    sg_buf_clear(&looking.plain);
    sg_sealed_close(sealed);
    return err;
}

/* --- bulk -------------------------------------------------------------- */

static enum sg_err put_dirty(struct sg_txn *txn, void *context)
{
    (void)context;
    sg_txn_put(txn, SG_SEALED_META, DIRTY, sg_bytes("", 0));
    return sg_txn_err(txn);
}

static enum sg_err del_dirty(struct sg_txn *txn, void *context)
{
    (void)context;
    sg_txn_del(txn, SG_SEALED_META, DIRTY);
    return sg_txn_err(txn);
}

static enum sg_err attach_again(struct sg_sealed *sealed, bool is_unsynced)
{
    enum sg_err err;

    (void)pthread_rwlock_wrlock(&sealed->lock);
    sg_env_close(sealed->env);
    sealed->env = NULL;
    err = attach(sealed, is_unsynced);
    (void)pthread_rwlock_unlock(&sealed->lock);
    return err;
}

enum sg_err sg_sealed_bulk_begin(struct sg_sealed *sealed)
{
    enum sg_err err = sg_env_write(sealed->env, put_dirty, NULL);

    return err == SG_OK ? attach_again(sealed, true) : err;
}

enum sg_err sg_sealed_bulk_end(struct sg_sealed *sealed)
{
    enum sg_err err = sg_env_sync(sealed->env);

    if (err == SG_OK)
        err = attach_again(sealed, false);
    return err == SG_OK ? sg_env_write(sealed->env, del_dirty, NULL) : err;
}

/* --- work -------------------------------------------------------------- */

enum sg_err sg_sealed_read(struct sg_sealed *sealed, sg_env_fn *fn,
                           void *context)
{
    enum sg_err err;

    (void)pthread_rwlock_rdlock(&sealed->lock);
    err = sg_env_read(sealed->env, fn, context);
    (void)pthread_rwlock_unlock(&sealed->lock);
    return err;
}

enum sg_err sg_sealed_write(struct sg_sealed *sealed, sg_env_fn *fn,
                            void *context)
{
    enum sg_err err;

    (void)pthread_rwlock_rdlock(&sealed->lock);
    err = sg_env_write(sealed->env, fn, context);
    (void)pthread_rwlock_unlock(&sealed->lock);
    return err;
}

enum sg_err sg_sealed_stat(struct sg_sealed *sealed,
                           struct sg_env_stat *ret_stat)
{
    enum sg_err err;

    (void)pthread_rwlock_rdlock(&sealed->lock);
    err = sg_env_stat(sealed->env, ret_stat);
    (void)pthread_rwlock_unlock(&sealed->lock);
    return err;
}
