#include "storage/lmdb/env.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storage/lmdb/txn.h"
#include "tests/lib/tempdir.h"
#include "tests/lib/test.h"

static const char *const names[] = {"a", "b"};

struct fixture {
    char *dir;
    char path[4096];
    struct sg_env_config config;
    struct sg_env *env;
};

static enum sg_err fill(struct sg_txn *txn, void *context)
{
    (void)context;
    sg_txn_put(txn, 0, SG_BYTES_TEXT("first"), SG_BYTES_TEXT("value"));
    return SG_OK;
}

static int setup(void **state)
{
    static struct fixture f;
    memset(&f, 0, sizeof f);
    f.dir = sg_tempdir_new();
    (void)snprintf(f.path, sizeof f.path, "%s/env", f.dir);
    f.config.dir = f.path;
    f.config.databases = names;
    f.config.database_count = 2;
    f.config.map_size = 1 << 16;
    f.config.map_size_max = 1 << 24;
    f.config.reserve_size = 1;
    assert_ok(sg_env_create(&f.config, fill, NULL));
    assert_ok(sg_env_open(&f.config, &f.env));
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    sg_env_close(f->env);
    sg_tempdir_free(f->dir);
    return 0;
}

static enum sg_err read_first(struct sg_txn *txn, void *context)
{
    struct sg_bytes value;
    (void)context;
    assert_true(sg_txn_get(txn, 0, SG_BYTES_TEXT("first"), &value));
    assert_true(sg_bytes_equal(value, SG_BYTES_TEXT("value")));
    assert_false(sg_txn_get(txn, 1, SG_BYTES_TEXT("first"), &value));
    assert_int_equal(sg_txn_count(txn, 0), 1);
    return sg_txn_err(txn);
}

/* What creation wrote is there after opening, and LMDB's flags are the safe
 * ones. */
static void test_create(void **state)
{
    struct fixture *f = *state;
    struct sg_env_stat stat;
    assert_ok(sg_env_read(f->env, read_first, NULL));
    assert_ok(sg_env_stat(f->env, &stat));
    assert_int_equal(stat.flags, 0x200000); /* MDB_NOTLS alone */
    assert_err(sg_env_create(&f->config, fill, NULL), EXISTS);
}

static enum sg_err put_many(struct sg_txn *txn, void *context)
{
    static const uint8_t value[1000];
    uint8_t key[8];
    uint64_t i;
    for (i = 0; i < *(uint64_t *)context; i++) {
        sg_bytes_put_u64be(key, i);
        sg_txn_put(txn, 1, SG_BYTES_ARRAY(key), SG_BYTES_ARRAY(value));
    }
    return sg_txn_err(txn);
}

static enum sg_err count_b(struct sg_txn *txn, void *context)
{
    *(uint64_t *)context = sg_txn_count(txn, 1);
    return sg_txn_err(txn);
}

/* A map that is too small grows under the writer, up to its maximum, and no
 * further: then nothing has changed and smaller work still goes through. */
static void test_growth(void **state)
{
    struct fixture *f = *state;
    struct sg_env_stat stat;
    uint64_t count = 2000, found;

    assert_ok(sg_env_write(f->env, put_many, &count));
    assert_ok(sg_env_stat(f->env, &stat));
    assert_true(stat.map_size > f->config.map_size);
    count = 1 << 20;
    assert_err(sg_env_write(f->env, put_many, &count), FULL);
    assert_ok(sg_env_read(f->env, count_b, &found));
    assert_int_equal(found, 2000);
    count = 2001;
    assert_ok(sg_env_write(f->env, put_many, &count));
}

static enum sg_err put_and_refuse(struct sg_txn *txn, void *context)
{
    (void)context;
    sg_txn_put(txn, 0, SG_BYTES_TEXT("second"), SG_BYTES_TEXT("x"));
    return SG_ERR_STATE;
}

/* Work that refuses leaves nothing behind. */
static void test_refusal(void **state)
{
    struct fixture *f = *state;
    assert_err(sg_env_write(f->env, put_and_refuse, NULL), STATE);
    assert_ok(sg_env_read(f->env, read_first, NULL));
}

static enum sg_err seek_all(struct sg_txn *txn, void *context)
{
    struct sg_bytes key, value;
    (void)context;
    assert_true(sg_txn_seek(txn, 0, SG_BYTES_TEXT("c"), &key, &value));
    assert_true(sg_bytes_equal(key, SG_BYTES_TEXT("d")));
    assert_true(sg_txn_next(txn, 0, &key, &value));
    assert_true(sg_bytes_equal(key, SG_BYTES_TEXT("first")));
    assert_false(sg_txn_next(txn, 0, &key, &value));
    assert_true(sg_txn_seek_back(txn, 0, SG_BYTES_TEXT("c"), &key, &value));
    assert_true(sg_bytes_equal(key, SG_BYTES_TEXT("b")));
    assert_true(sg_txn_seek_back(txn, 0, SG_BYTES_TEXT("d"), &key, &value));
    assert_true(sg_bytes_equal(key, SG_BYTES_TEXT("d")));
    assert_true(sg_txn_seek_back(txn, 0, SG_BYTES_TEXT("z"), &key, &value));
    assert_true(sg_bytes_equal(key, SG_BYTES_TEXT("first")));
    assert_false(sg_txn_seek_back(txn, 0, SG_BYTES_TEXT("a"), &key, &value));
    return sg_txn_err(txn);
}

static enum sg_err put_two(struct sg_txn *txn, void *context)
{
    (void)context;
    sg_txn_put(txn, 0, SG_BYTES_TEXT("b"), SG_BYTES_TEXT("1"));
    sg_txn_put(txn, 0, SG_BYTES_TEXT("d"), SG_BYTES_TEXT("2"));
    sg_txn_del(txn, 0, SG_BYTES_TEXT("not there"));
    return sg_txn_err(txn);
}

/* Seeking finds the neighbours on both sides, and nothing past the ends. */
static void test_seek(void **state)
{
    struct fixture *f = *state;
    assert_ok(sg_env_write(f->env, put_two, NULL));
    assert_ok(sg_env_read(f->env, seek_all, NULL));
}

static enum sg_err append_low(struct sg_txn *txn, void *context)
{
    (void)context;
    sg_txn_append(txn, 0, SG_BYTES_TEXT("a"), SG_BYTES_TEXT("x"));
    sg_txn_put(txn, 0, SG_BYTES_TEXT("zz"), SG_BYTES_TEXT("x"));
    return sg_txn_err(txn);
}

/* The first failure sticks, whatever is called after it. */
static void test_sticky(void **state)
{
    struct fixture *f = *state;
    assert_err(sg_env_write(f->env, append_low, NULL), EXISTS);
    assert_ok(sg_env_read(f->env, read_first, NULL));
}

/* A file cut at any page is refused before it is read. */
static void test_truncated(void **state)
{
    struct fixture *f = *state;
    char file[4200];
    struct stat size;
    uint64_t count = 200;
    off_t cut;

    assert_ok(sg_env_write(f->env, put_many, &count));
    (void)snprintf(file, sizeof file, "%s/data.mdb", f->path);
    sg_env_close(f->env);
    f->env = NULL;
    assert_int_equal(stat(file, &size), 0);
    for (cut = size.st_size - 4096; cut > 8192; cut -= 4096) {
        assert_int_equal(truncate(file, cut), 0);
        assert_err(sg_env_open(&f->config, &f->env), TRUNCATED);
    }
    assert_int_equal(truncate(file, 4096), 0);
    assert_true(sg_env_open(&f->config, &f->env) != SG_OK);
}

static enum sg_err fault(struct sg_txn *txn, void *context)
{
    struct sg_bytes value;
    volatile uint8_t byte;
    (void)context;
    if (!sg_txn_get(txn, 0, SG_BYTES_TEXT("first"), &value)) {
        return SG_ERR_NOTFOUND;
    }
    byte = value.data[600000]; /* in the map, past the end of the file */
    (void)byte;
    return SG_OK;
}

/* A fault inside the map, as damaged pages cause it, is an error and leaves the
 * environment readable; in a writer it ends all writing. */
static void test_fault(void **state)
{
    struct fixture *f = *state;
    /* cmocka has put its own handlers in front since the environment was
     * opened; opening puts ours there again. */
    sg_env_close(f->env);
    f->config.map_size = 1 << 20;
    assert_ok(sg_env_open(&f->config, &f->env));
    assert_err(sg_env_read(f->env, fault, NULL), DAMAGED);
    assert_ok(sg_env_read(f->env, read_first, NULL));
    assert_err(sg_env_write(f->env, fault, NULL), DAMAGED);
    assert_err(sg_env_write(f->env, put_two, NULL), FATAL);
}

static enum sg_err put_small(struct sg_txn *txn, void *context)
{
    static const uint8_t value[200];
    uint8_t key[8];
    sg_bytes_put_u64be(key, (*(uint64_t *)context)++);
    sg_txn_append(txn, 0, SG_BYTES_ARRAY(key), SG_BYTES_ARRAY(value));
    return sg_txn_err(txn);
}

static uint64_t size_of_file(const struct fixture *f)
{
    char file[4200];
    struct stat info;
    (void)snprintf(file, sizeof file, "%s/data.mdb", f->path);
    assert_int_equal(stat(file, &info), 0);
    return (uint64_t)info.st_size;
}

/* Commits COUNT times, each a little; says how often the file grew. */
static unsigned grew(struct fixture *f, unsigned count)
{
    static uint64_t next = UINT64_C(1) << 63; /* behind what is there */
    uint64_t before = size_of_file(f), after;
    unsigned times = 0;
    for (; count > 0; count--) {
        assert_ok(sg_env_write(f->env, put_small, &next));
        after = size_of_file(f);
        times += after != before;
        before = after;
    }
    return times;
}

/* Small commits write into room that lies ahead, which opening again finds. The
 * map bounds it. */
static void test_ahead(void **state)
{
    struct fixture *f = *state;
    struct sg_env_stat stat;

    assert_int_equal(size_of_file(f), f->config.map_size);
    sg_env_close(f->env);
    f->config.map_size = 1 << 22;
    assert_ok(sg_env_open(&f->config, &f->env));
    assert_true(grew(f, 300) <= 1);
    sg_env_close(f->env);
    assert_ok(sg_env_open(&f->config, &f->env));
    assert_int_equal(grew(f, 300), 0);
    assert_ok(sg_env_stat(f->env, &stat));
    assert_true(stat.file_size < size_of_file(f));
}

/* Where less than the reserve would be left nothing is written ahead, and large
 * commits do not write it either. */
static void test_not_ahead(void **state)
{
    struct fixture *f = *state;
    struct sg_env_stat stat;
    uint64_t count = 400;

    sg_env_close(f->env);
    f->config.map_size = 1 << 22;
    assert_ok(sg_env_open(&f->config, &f->env));
    assert_ok(sg_env_write(f->env, put_many, &count));
    assert_ok(sg_env_stat(f->env, &stat));
    assert_int_equal(size_of_file(f), stat.file_size);
    sg_env_close(f->env);
    f->config.reserve_size = UINT64_MAX / 2;
    assert_ok(sg_env_open(&f->config, &f->env));
    assert_true(grew(f, 300) > 10);
    assert_ok(sg_env_stat(f->env, &stat));
    assert_int_equal(size_of_file(f), stat.file_size);
}

/* A copy opens as the original does, and a copy onto a file is refused. */
static void test_copy(void **state)
{
    struct fixture *f = *state;
    struct sg_env_config config = f->config;
    char dir[4200], file[4300];
    struct sg_env *copy;

    (void)snprintf(dir, sizeof dir, "%s/copy", f->dir);
    (void)snprintf(file, sizeof file, "%s/data.mdb", dir);
    assert_int_equal(mkdir(dir, 0700), 0);
    assert_ok(sg_env_copy(f->env, file));
    assert_err(sg_env_copy(f->env, file), EXISTS);
    config.dir = dir;
    assert_ok(sg_env_open(&config, &copy));
    assert_ok(sg_env_read(copy, read_first, NULL));
    sg_env_close(copy);
}

/* A directory without an environment and a file that is none are refused. */
static void test_not_one(void **state)
{
    struct fixture *f = *state;
    struct sg_env_config config = f->config;
    char file[4200];
    struct sg_env *env;
    int fd;

    config.dir = "/nonexistent";
    assert_err(sg_env_open(&config, &env), NOTFOUND);
    sg_env_close(f->env);
    f->env = NULL;
    (void)snprintf(file, sizeof file, "%s/data.mdb", f->path);
    fd = open(file, O_WRONLY);
    assert_int_equal(pwrite(fd, "not a database", 14, 16), 14);
    assert_int_equal(pwrite(fd, "not a database", 14, 4096 + 16), 14);
    (void)close(fd);
    assert_err(sg_env_open(&config, &env), NOTFOUND);
    config.dir = f->path;
    assert_err(sg_env_open(&config, &env), DAMAGED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* --- Beside another process ------------------------------------------------
 */

static enum sg_err read_there(struct sg_txn *txn, void *context)
{
    struct sg_bytes value;

    (void)context;
    return sg_txn_get(txn, 0, SG_BYTES_TEXT("first"), &value) ? SG_OK
                                                              : SG_ERR_NOTFOUND;
}

static enum sg_err read_and_die(struct sg_txn *txn, void *context)
{
    (void)read_there(txn, context);
    (void)raise(SIGKILL);
    return SG_OK;
}

/* What a process does that reads beside us; its exit code. */
static int visit(struct fixture *f, sg_env_fn *fn)
{
    struct sg_env_config config = f->config;
    struct sg_env *env;

    config.is_beside = true;
    if (sg_env_open(&config, &env) != SG_OK)
        return 1;
    if (sg_env_read(env, fn, NULL) != SG_OK ||
        sg_env_write(env, fill, NULL) == SG_OK)
        return 2;
    sg_env_close(env);
    return 0;
}

static int visited(struct fixture *f, sg_env_fn *fn)
{
    pid_t child = fork();
    int status = 0;

    assert_int_not_equal(child, -1);
    if (child == 0)
        _exit(visit(f, fn));
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static enum sg_err write_much(struct sg_txn *txn, void *context)
{
    static const uint8_t bytes[10000];

    (void)context;
    sg_txn_put(txn, 0, SG_BYTES_TEXT("much"), SG_BYTES_ARRAY(bytes));
    return sg_txn_err(txn);
}

static uint64_t size_after_writing(struct fixture *f)
{
    struct sg_env_stat stat;

    for (unsigned i = 0; i < 100; i++)
        assert_ok(sg_env_write(f->env, write_much, NULL));
    assert_ok(sg_env_stat(f->env, &stat));
    return stat.file_size;
}

/* Another process reads what is there and cannot write. One that was killed as
 * it read does not hold on to old pages: the file does not grow for it. */
static void test_beside(void **state)
{
    struct fixture *f = *state;
    uint64_t size = size_after_writing(f);
    int status;

    assert_int_equal(visited(f, read_there), 0);
    status = visited(f, read_and_die);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_int_equal(size_after_writing(f), size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_create),
        TEST(test_growth),
        TEST(test_refusal),
        TEST(test_seek),
        TEST(test_sticky),
        TEST(test_truncated),
        TEST(test_fault),
        TEST(test_copy),
        TEST(test_not_one),
        TEST(test_ahead),
        TEST(test_not_ahead),
        cmocka_unit_test_setup_teardown(test_beside, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
