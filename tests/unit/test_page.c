#include "storage/lmdb/page.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "storage/base/alloc.h"
#include "storage/base/prng.h"
#include "storage/lmdb/env.h"
#include "storage/lmdb/txn.h"
#include "tests/lib/tempdir.h"
#include "tests/lib/test.h"

/* Of LMDB's pages, as in page.c. */
#define PAGE     4096u
#define HEAD     16u
#define BRANCH   0x01u
#define LEAF     0x02u
#define OVERFLOW 0x04u

#define ROWS    400u
#define LARGE   37u /* one row in so many has pages of its own */
#define GARBAGE 200000u

static const char *const names[] = {"a", "b"};

/* A data file in memory: nothing stands behind its last byte, so that a
 * sanitizer sees every step too far. */
struct file {
    uint8_t *bytes;
    uint8_t *pristine;
    size_t size;
    struct sg_txn txn; /* to be looked at through, never run */
};

static struct file file;
static size_t last_txn; /* of the file's newer meta page */

size_t __wrap_mdb_txn_id(MDB_txn *txn);
size_t __wrap_mdb_txn_id(MDB_txn *txn)
{
    (void)txn;
    return last_txn;
}

static unsigned u16_at(size_t at)
{
    return file.bytes[at] | (unsigned)file.bytes[at + 1] << 8;
}

static unsigned flags_of(size_t page)
{
    return u16_at(page * PAGE + 10);
}

static enum sg_err fill(struct sg_txn *txn, void *context)
{
    static uint8_t value[9000];
    struct sg_prng prng;
    char key[16];
    unsigned i;
    (void)context;

    sg_prng_init(&prng, 3);
    for (i = 0; i < ROWS; i++) {
        size_t size = i % LARGE == 0 ? 5000 + sg_prng_below(&prng, 4000)
                                     : sg_prng_below(&prng, 300);
        (void)snprintf(key, sizeof key, "%06u", i);
        memset(value, 'v', size);
        sg_txn_put(txn, 0, sg_bytes(key, 6 + i % 3), sg_bytes(value, size));
        sg_txn_put(txn, 1, sg_bytes(key, 6), sg_bytes(value, 8));
    }
    return sg_txn_err(txn);
}

static struct sg_env_config config_in(const char *dir, char path[4096])
{
    struct sg_env_config config = {.databases = names,
                                   .database_count = 2,
                                   .map_size = 1 << 22,
                                   .map_size_max = 1 << 24,
                                   .reserve_size = 1};
    (void)snprintf(path, 4096, "%s/env", dir);
    config.dir = path;
    return config;
}

/* The same file each time, after some commits. */
static void make_env(const struct sg_env_config *config,
                     struct sg_env **ret_env)
{
    unsigned i;
    assert_ok(sg_env_create(config, fill, NULL));
    assert_ok(sg_env_open(config, ret_env));
    for (i = 0; i < 2; i++) {
        assert_ok(sg_env_write(*ret_env, fill, NULL));
    }
}

static void read_file(const char *path)
{
    FILE *in = fopen(path, "rb");
    size_t last[2];

    assert_non_null(in);
    assert_int_equal(fseek(in, 0, SEEK_END), 0);
    file.size = (size_t)ftell(in) / PAGE * PAGE;
    rewind(in);
    file.bytes = sg_alloc(file.size);
    file.pristine = sg_alloc(file.size);
    assert_non_null(file.bytes);
    assert_non_null(file.pristine);
    assert_int_equal(fread(file.bytes, 1, file.size, in), file.size);
    assert_int_equal(fclose(in), 0);
    memcpy(file.pristine, file.bytes, file.size);
    file.txn.map = file.bytes;
    file.txn.map_size = file.size;
    /* mm_txnid stands behind the two databases and mm_last_pg. */
    memcpy(&last[0], file.bytes + 40 + 2 * 48 + 8, sizeof last[0]);
    memcpy(&last[1], file.bytes + PAGE + 40 + 2 * 48 + 8, sizeof last[1]);
    last_txn = last[0] > last[1] ? last[0] : last[1];
}

static int setup(void **state)
{
    char *dir = sg_tempdir_new();
    char path[4096], data[4200];
    struct sg_env_config config = config_in(dir, path);
    struct sg_env *env;
    (void)state;
    make_env(&config, &env);
    sg_env_close(env);
    (void)snprintf(data, sizeof data, "%s/data.mdb", path);
    read_file(data);
    sg_tempdir_free(dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sg_free(file.bytes);
    sg_free(file.pristine);
    return 0;
}

static bool leaf_is_sound(size_t page)
{
    return sg_page_is_sound(&file.txn, file.bytes + page * PAGE + PAGE - 1);
}

/* Which pages the trees reach: leaf and branch pages whose every change of the
 * page number shows. */
static bool is_in_use(size_t page)
{
    bool used;
    file.bytes[page * PAGE + 2] ^= 1;
    used = !sg_page_all_are_sound(&file.txn);
    file.bytes[page * PAGE + 2] ^= 1;
    return used;
}

/* What LMDB wrote is sound: every leaf page, and all of the file. What lies
 * outside the file is the writer's own. */
static void test_sound(void **state)
{
    size_t page, leaves = 0, branches = 0, overflows = 0;
    uint8_t elsewhere = 0;
    (void)state;

    assert_true(sg_page_all_are_sound(&file.txn));
    for (page = 2; page < file.size / PAGE; page++) {
        if (!is_in_use(page)) {
            continue;
        }
        leaves += flags_of(page) == LEAF;
        branches += flags_of(page) == BRANCH;
        overflows += flags_of(page) == OVERFLOW;
        assert_true(flags_of(page) != LEAF || leaf_is_sound(page));
    }
    assert_true(leaves > 10);
    assert_true(branches > 1);
    assert_true(overflows > 5);
    assert_true(sg_page_is_sound(&file.txn, &elsewhere));
}

/* Says whether the flip of BIT at AT is seen, and takes it back. */
static bool is_seen(size_t at, unsigned bit, bool (*looks_sound)(size_t),
                    size_t page)
{
    bool sound;
    file.bytes[at] ^= (uint8_t)(1u << bit);
    sound = looks_sound(page);
    file.bytes[at] ^= (uint8_t)(1u << bit);
    return !sound;
}

static bool all_look_sound(size_t page)
{
    (void)page;
    return sg_page_all_are_sound(&file.txn);
}

/* One byte more or less of a key or a value lies in the padding of its node,
 * and a value with pages of its own may end elsewhere on the last of them:
 * nobody is led astray, and the row's decoder has the word. */
static bool is_slack(size_t page, size_t at, unsigned bit)
{
    size_t i;
    for (i = HEAD; i < u16_at(page * PAGE + 12); i += 2) {
        size_t node = page * PAGE + u16_at(page * PAGE + i);
        bool is_large = (file.bytes[node + 4] & 1) != 0;
        if (flags_of(page) == LEAF &&
            ((bit == 0 && (at == node || at == node + 6)) ||
             (is_large && at >= node && at < node + 2))) {
            return true;
        }
    }
    return false;
}

/* Every bit of FROM to TO on PAGE counts. */
static void assert_seen(size_t page, size_t from, size_t to,
                        bool (*looks_sound)(size_t))
{
    size_t at;
    unsigned bit;
    for (at = page * PAGE + from; at < page * PAGE + to; at++) {
        for (bit = 0; bit < 8; bit++) {
            if (!is_seen(at, bit, looks_sound, page) &&
                !is_slack(page, at, bit)) {
                fail_msg("page %zu, byte %zu, bit %u: not seen", page,
                         at % PAGE, bit);
            }
        }
    }
}

/* One flipped bit in a leaf page's number, flags, bounds or offsets is seen,
 * and one in the size of a node, of its key, or in its flags; but for the flag
 * of a database: where it appears the look at all pages sees it, where it is
 * lost LMDB does not open that database. Values are not looked at: hashes vouch
 * for them. */
static void test_leaf(void **state)
{
    size_t page, i, lower;
    (void)state;

    for (page = 2; page < file.size / PAGE; page++) {
        if (!is_in_use(page) || flags_of(page) != LEAF) {
            continue;
        }
        lower = u16_at(page * PAGE + 12);
        assert_seen(page, 0, 8, leaf_is_sound);
        assert_seen(page, 10, lower, leaf_is_sound);
        for (i = HEAD; i < lower; i += 2) {
            size_t node = u16_at(page * PAGE + i);
            size_t at = page * PAGE + node;
            assert_seen(page, node, node + 4, leaf_is_sound);
            assert_true(is_seen(at + 4, 0, leaf_is_sound, page));
            assert_true(is_seen(at + 4, 1, all_look_sound, page) ||
                        (file.bytes[at + 4] & 2) != 0);
            assert_true(is_seen(at + 4, 2, leaf_is_sound, page));
            assert_seen(page, node + 5, node + 8, leaf_is_sound);
        }
    }
}

static unsigned unseen_in_value(size_t page)
{
    size_t node = u16_at(page * PAGE + HEAD);
    size_t at = page * PAGE + node + 8 + u16_at(page * PAGE + node + 6);
    return (unsigned)!is_seen(at, 3, all_look_sound, page);
}

/* A look at all pages sees one flipped bit in the head or the offsets of a
 * branch page, and in the head of an overflow page; a page number that leads
 * out of the file; not a value. */
static void test_all(void **state)
{
    size_t page, lower;
    unsigned values = 0;
    (void)state;

    for (page = 2; page < file.size / PAGE; page++) {
        if (!is_in_use(page)) {
            continue;
        }
        if (flags_of(page) == OVERFLOW) {
            assert_seen(page, 0, 8, all_look_sound);
            assert_seen(page, 10, HEAD, all_look_sound);
        } else if (flags_of(page) == BRANCH) {
            size_t node = u16_at(page * PAGE + HEAD);
            lower = u16_at(page * PAGE + 12);
            assert_seen(page, 0, 8, all_look_sound);
            assert_seen(page, 10, lower, all_look_sound);
            assert_seen(page, node + 1, node + 8, all_look_sound);
        } else if (u16_at(page * PAGE + u16_at(page * PAGE + HEAD)) == 8) {
            values += unseen_in_value(page);
        }
    }
    assert_true(values > 0);
}

/* Two offsets that became one lead nobody astray: the gap would show, and so
 * does the second node at one place even where sizes hide the gap. */
static void test_twice(void **state)
{
    size_t page;
    (void)state;
    for (page = 2; page < file.size / PAGE; page++) {
        uint8_t *at = file.bytes + page * PAGE + HEAD;
        if (is_in_use(page) && flags_of(page) != OVERFLOW &&
            u16_at(page * PAGE + 12) >= HEAD + 4) {
            memcpy(at, at + 2, 2);
            assert_false(sg_page_all_are_sound(&file.txn));
            memcpy(file.bytes + page * PAGE, file.pristine + page * PAGE, PAGE);
        }
    }
    assert_true(sg_page_all_are_sound(&file.txn));
}

/* Whatever is on the pages, looking at them ends, and reads nothing outside. */
static void test_garbage(void **state)
{
    struct sg_prng prng;
    unsigned i, seen = 0;
    (void)state;

    sg_prng_init(&prng, 11);
    for (i = 0; i < GARBAGE; i++) {
        size_t page = 2 + sg_prng_below(&prng, file.size / PAGE - 2);
        size_t n = 1 + sg_prng_below(&prng, 4);
        while (n-- > 0) {
            /* Heads and offsets twice as often as the rest. */
            size_t reach = sg_prng_below(&prng, 2) == 0 ? 64 : PAGE;
            file.bytes[page * PAGE + sg_prng_below(&prng, reach)] =
                (uint8_t)sg_prng_below(&prng, 256);
        }
        seen += !leaf_is_sound(page);
        if (i % 256 == 0) {
            seen += !sg_page_all_are_sound(&file.txn);
        }
        memcpy(file.bytes + page * PAGE, file.pristine + page * PAGE, PAGE);
    }
    assert_true(seen > GARBAGE / 4);
    assert_true(sg_page_all_are_sound(&file.txn));
}

static enum sg_err put_one(struct sg_txn *txn, void *context)
{
    const char *key = context;
    sg_txn_put(txn, 0, sg_bytes(key, strlen(key)), SG_BYTES_TEXT("new"));
    return sg_txn_err(txn);
}

static enum sg_err append_one(struct sg_txn *txn, void *context)
{
    (void)context;
    sg_txn_append(txn, 0, SG_BYTES_TEXT("zzz"), SG_BYTES_TEXT("new"));
    return sg_txn_err(txn);
}

static enum sg_err del_one(struct sg_txn *txn, void *context)
{
    const char *key = context;
    sg_txn_del(txn, 0, sg_bytes(key, strlen(key)));
    return sg_txn_err(txn);
}

/* Turns a bit of the upper bound of every leaf page of the file DATA. */
static void spoil_leaves(const char *data)
{
    size_t page;
    int fd = open(data, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    for (page = 2; page < file.size / PAGE; page++) {
        uint8_t byte = file.bytes[page * PAGE + 14] ^ 2;
        /* Not the leaf that lists the databases: nothing would open. */
        if (flags_of(page) == LEAF && is_in_use(page) &&
            u16_at(page * PAGE + 12) > HEAD + 4) {
            assert_int_equal(pwrite(fd, &byte, 1, (off_t)(page * PAGE + 14)),
                             1);
        }
    }
    assert_int_equal(close(fd), 0);
}

/* Nothing is written on a damaged page, whether a key is put, replaced,
 * appended or deleted; and then nothing more at all. */
static void test_writes(void **state)
{
    static const struct {
        sg_env_fn *fn;
        const char *key;
    } writes[] = {{put_one, "000100"},  {put_one, "000100x"},
                  {put_one, "0"},       {put_one, "zz"},
                  {append_one, "zzz"},  {del_one, "000101x"},
                  {del_one, "000001xx"}};
    size_t i;
    (void)state;

    for (i = 0; i < sizeof writes / sizeof writes[0]; i++) {
        char *dir = sg_tempdir_new();
        char path[4096], data[4200];
        struct sg_env_config config = config_in(dir, path);
        struct sg_env *env;
        union {
            const char *key;
            void *context;
        } arg = {.key = writes[i].key};

        make_env(&config, &env);
        (void)snprintf(data, sizeof data, "%s/data.mdb", path);
        spoil_leaves(data);
        assert_err(sg_env_write(env, writes[i].fn, arg.context), DAMAGED);
        assert_err(sg_env_write(env, writes[i].fn, arg.context), FATAL);
        sg_env_close(env);
        sg_tempdir_free(dir);
    }
}

/* LMDB believes its two meta pages when it opens a file: the size of pages,
 * what the two trees are, where the file ends, which is newer. One flipped bit
 * there is seen first. Not seen are a last page that came nearer, which reads
 * notice, and a number less by 2: then the commit before is the newest. */
static void test_metas(void **state)
{
    static const struct {
        size_t from, to;
        enum sg_err err;
    } fields[] = {{40, 44, SG_ERR_DAMAGED},     /* page size */
                  {44, 46, SG_ERR_DAMAGED},     /* flags: free pages */
                  {92, 94, SG_ERR_DAMAGED},     /* flags: databases */
                  {138, 144, SG_ERR_TRUNCATED}, /* last page */
                  {144, 152, SG_ERR_DAMAGED}};  /* number of the commit */
    size_t i, at, newer = last_txn % 2 * PAGE;
    unsigned bit;
    (void)state;

    assert_ok(sg_page_check_metas(file.bytes, file.size));
    for (i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        for (at = newer + fields[i].from; at < newer + fields[i].to; at++) {
            for (bit = 0; bit < 8; bit++) {
                if (at == newer + 144 && bit == 1) {
                    continue;
                }
                file.bytes[at] ^= (uint8_t)(1u << bit);
                assert_string_equal(
                    sg_err_name(sg_page_check_metas(file.bytes, file.size)),
                    sg_err_name(fields[i].err));
                file.bytes[at] ^= (uint8_t)(1u << bit);
            }
        }
    }
    assert_err(sg_page_check_metas(file.bytes, 2 * PAGE), TRUNCATED);
}

static void turn(const char *data, size_t at)
{
    uint8_t byte;
    int fd = open(data, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
    assert_int_equal(close(fd), 0);
}

/* Such a file is not opened, and is again when it is as it was. */
static void test_open(void **state)
{
    char *dir = sg_tempdir_new();
    char path[4096], data[4200];
    struct sg_env_config config = config_in(dir, path);
    struct sg_env *env;
    (void)state;

    make_env(&config, &env);
    sg_env_close(env);
    (void)snprintf(data, sizeof data, "%s/data.mdb", path);
    turn(data, PAGE + 43);
    assert_err(sg_env_open(&config, &env), DAMAGED);
    turn(data, PAGE + 43);
    assert_ok(sg_env_open(&config, &env));
    sg_env_close(env);
    sg_tempdir_free(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sound),   cmocka_unit_test(test_leaf),
        cmocka_unit_test(test_all),     cmocka_unit_test(test_twice),
        cmocka_unit_test(test_garbage), cmocka_unit_test(test_writes),
        cmocka_unit_test(test_metas),   cmocka_unit_test(test_open),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
