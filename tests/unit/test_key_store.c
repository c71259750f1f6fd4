#include "storage/lmdb/key_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/tempdir.h"
#include "tests/lib/test.h"
#include "tests/lib/wrap.h"

/* The calls that change a disk or read one, counted, and noted by a letter. The
 * one that is number fail_at fails with fail_errno; the process ends before
 * number die_at. */
static unsigned calls, fail_at, die_at;
static int fail_errno;
static char order[64];

static bool falters(char letter)
{
    if (calls < sizeof(order) - 1)
        order[calls] = letter;
    calls++;
    if (calls == die_at)
        _exit(EXIT_SUCCESS);
    if (calls != fail_at)
        return false;
    errno = fail_errno;
    return true;
}

SG_WRAP(falters('m'), -1, int, mkdir, (const char *path, mode_t mode),
        (path, mode))
SG_WRAP(falters('s'), -1, int, fsync, (int fd), (fd))
SG_WRAP(falters('w'), -1, ssize_t, write,
        (int fd, const void *from, size_t size), (fd, from, size))
SG_WRAP(falters('r'), -1, ssize_t, read, (int fd, void *to, size_t size),
        (fd, to, size))
SG_WRAP(falters('n'), -1, int, renameat2,
        (int from_fd, const char *from, int to_fd, const char *to,
         unsigned flags),
        (from_fd, from, to_fd, to, flags))
SG_WRAP(falters('u'), -1, int, unlinkat, (int fd, const char *path, int flags),
        (fd, path, flags))
SG_WRAP(falters('c'), -1, int, close, (int fd), (fd))
SG_WRAP(falters('f'), -1, int, fstat, (int fd, struct stat *ret), (fd, ret))

static void nothing_falters(void)
{
    calls = fail_at = die_at = 0;
    memset(order, 0, sizeof(order));
}

/* A data directory to be, and the folder of keys in it. */
struct fixture {
    char *root;
    char folder[4096];
    uint8_t file[SG_KEY_FILE_SIZE], other[SG_KEY_FILE_SIZE];
    uint8_t read[SG_KEY_FILE_SIZE];
};

static int setup(void **state)
{
    static struct fixture f;

    nothing_falters();
    f.root = sg_tempdir_new();
    (void)snprintf(f.folder, sizeof(f.folder), "%s/keys", f.root);
    memset(f.file, 'a', sizeof(f.file));
    memset(f.other, 'b', sizeof(f.other));
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    nothing_falters();
    sg_tempdir_free(f->root);
    return 0;
}

static enum sg_err create(struct fixture *f)
{
    return sg_key_store_write(f->folder, "node", SG_KEY_STORE_CREATE, f->file);
}

static enum sg_err replace(struct fixture *f)
{
    return sg_key_store_write(f->folder, "node", SG_KEY_STORE_REPLACE,
                              f->other);
}

static enum sg_err read_back(struct fixture *f)
{
    return sg_key_store_read(f->folder, "node", f->read);
}

static const char *path_of(struct fixture *f, const char *name)
{
    static char path[8192];

    (void)snprintf(path, sizeof(path), "%s/%s", f->folder, name);
    return path;
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

/* Puts SIZE bytes of the fixture's file, and more behind it, under NAME. */
static void plant(struct fixture *f, const char *name, size_t size)
{
    uint8_t bytes[SG_KEY_FILE_SIZE + 100] = {0};
    int fd;

    (void)mkdir(f->folder, S_IRWXU);
    memcpy(bytes, f->file, sizeof(f->file));
    fd = open(path_of(f, name), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    assert_int_equal(close(fd), 0);
}

/* What is written is read back; file and folder are the owner's alone, whatever
 * the umask. */
static void test_key_store_create(void **state)
{
    struct fixture *f = *state;
    mode_t mask = umask(0);
    struct stat stat_file, stat_folder;

    assert_ok(create(f));
    (void)umask(mask);
    assert_ok(read_back(f));
    assert_memory_equal(f->read, f->file, sizeof(f->read));
    assert_int_equal(stat(path_of(f, "node.key"), &stat_file), 0);
    assert_int_equal(stat_file.st_mode, S_IFREG | 0600);
    assert_int_equal(stat(f->folder, &stat_folder), 0);
    assert_int_equal(stat_folder.st_mode, S_IFDIR | 0700);
    assert_false(exists(path_of(f, "node.key.new")));
}

/* What is renamed is synced before, and the rename after; a folder that is made
 * is synced in its parent: so a power cut takes nothing back. */
static void test_key_store_order(void **state)
{
    struct fixture *f = *state;

    nothing_falters();
    assert_ok(create(f));
    assert_string_equal(order, "mscuwscnsc");
    nothing_falters();
    assert_ok(replace(f));
    assert_string_equal(order, "muwscnsc");
    nothing_falters();
    assert_ok(read_back(f));
    assert_string_equal(order, "frrcc");
}

/* A key is not overwritten by creating it, and not created by replacing it. */
static void test_key_store_modes(void **state)
{
    struct fixture *f = *state;

    assert_err(replace(f), NOTFOUND);
    assert_err(read_back(f), NOTFOUND);
    assert_ok(create(f));
    assert_err(create(f), EXISTS);
    assert_ok(replace(f));
    assert_err(create(f), EXISTS);
    assert_ok(read_back(f));
    assert_memory_equal(f->read, f->other, sizeof(f->read));
    assert_false(exists(path_of(f, "node.key.new")));
}

/* A file that anybody else may read, write or run is refused. */
static void test_key_store_others(void **state)
{
    struct fixture *f = *state;

    assert_ok(create(f));
    for (unsigned bit = 0; bit < 6; bit++) {
        assert_int_equal(chmod(path_of(f, "node.key"), 0600 | 1u << bit), 0);
        assert_err(read_back(f), ACCESS);
    }
    assert_int_equal(chmod(path_of(f, "node.key"), 0400), 0);
    assert_ok(read_back(f));
}

/* Only a regular file of exactly 172 bytes is read; a pipe does not keep the
 * program waiting. */
static void test_key_store_files(void **state)
{
    struct fixture *f = *state;

    plant(f, "node.key", SG_KEY_FILE_SIZE - 1);
    assert_err(read_back(f), TRUNCATED);
    plant(f, "node.key", 0);
    assert_err(read_back(f), TRUNCATED);
    plant(f, "node.key", SG_KEY_FILE_SIZE + 1);
    assert_err(read_back(f), TRAILING);
    plant(f, "node.key", SG_KEY_FILE_SIZE + 100);
    assert_err(read_back(f), TRAILING);
    plant(f, "node.key", SG_KEY_FILE_SIZE);
    assert_ok(read_back(f));
    assert_int_equal(rename(path_of(f, "node.key"), f->root), -1);
    assert_int_equal(unlink(path_of(f, "node.key")), 0);
    assert_int_equal(mkfifo(path_of(f, "node.key"), 0600), 0);
    assert_err(read_back(f), MALFORMED);
    assert_int_equal(unlink(path_of(f, "node.key")), 0);
    plant(f, "else", SG_KEY_FILE_SIZE);
    assert_int_equal(symlink("else", path_of(f, "node.key")), 0);
    assert_err(read_back(f), MALFORMED);
    assert_int_equal(unlink(path_of(f, "node.key")), 0);
    assert_int_equal(mkdir(path_of(f, "node.key"), 0700), 0);
    assert_err(read_back(f), MALFORMED);
}

/* A name is a word, never a path. */
static void test_key_store_names(void **state)
{
    char name[SG_KEY_STORE_NAME_MAX + 2];
    const char *const wrong[] = {"",  ".",   "..",       "../node", "a/b",
                                 "A", "a b", "node.key", "số",      name};
    struct fixture *f = *state;

    memset(name, 'a', sizeof(name));
    name[SG_KEY_STORE_NAME_MAX + 1] = '\0';
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_err(sg_key_store_write(f->folder, wrong[i], SG_KEY_STORE_CREATE,
                                      f->file),
                   INVALID);
        assert_err(sg_key_store_read(f->folder, wrong[i], f->read), INVALID);
    }
    assert_false(exists(f->folder));
    name[SG_KEY_STORE_NAME_MAX] = '\0';
    assert_ok(
        sg_key_store_write(f->folder, name, SG_KEY_STORE_CREATE, f->file));
    assert_ok(sg_key_store_write(f->folder, "scope-13-2_b", SG_KEY_STORE_CREATE,
                                 f->file));
}

/* The folder is made in a parent that is there, and is a folder. */
static void test_key_store_folder(void **state)
{
    struct fixture *f = *state;
    char deeper[5000];

    (void)snprintf(deeper, sizeof(deeper), "%s/deeper", f->folder);
    assert_err(sg_key_store_write(deeper, "node", SG_KEY_STORE_CREATE, f->file),
               NOTFOUND);
    assert_err(sg_key_store_read(deeper, "node", f->read), NOTFOUND);
    assert_ok(create(f));
    assert_err(sg_key_store_write(path_of(f, "node.key"), "node",
                                  SG_KEY_STORE_CREATE, f->file),
               MALFORMED);
}

/* Whichever call fails, the error comes back, the old key is whole (or there is
 * none), nothing half-made is left, and the next try succeeds. Only when the
 * last sync fails may the new key be in place: its caller has to stop. */
static void assert_survives(struct fixture *f,
                            enum sg_err (*write)(struct fixture *),
                            bool had_old)
{
    unsigned count;

    nothing_falters();
    assert_ok(write(f));
    count = calls;
    assert_true(count >= 6);
    for (unsigned nth = 1; nth <= count; nth++) {
        enum sg_err err;

        nothing_falters();
        (void)unlink(path_of(f, "node.key"));
        if (had_old)
            assert_ok(create(f));
        else
            (void)rmdir(f->folder);
        nothing_falters();
        fail_at = nth;
        fail_errno = EIO;
        err = write(f);
        nothing_falters();
        assert_false(exists(path_of(f, "node.key.new")));
        if (err == SG_OK) /* only a close after the work was done */
            continue;
        assert_true(err == SG_ERR_IO || err == SG_ERR_FATAL);
        if (read_back(f) == SG_OK && err != SG_ERR_FATAL) {
            assert_true(had_old);
            assert_memory_equal(f->read, f->file, sizeof(f->read));
        }
        (void)unlink(path_of(f, "node.key"));
        assert_ok(create(f));
    }
}

/* A failing disk costs no key: not a first one, and not the old one while its
 * passphrase is changed. */
static void test_key_store_faults(void **state)
{
    struct fixture *f = *state;

    assert_survives(f, create, false);
    assert_survives(f, replace, true);
}

/* Wherever the process ends, a key that was there is there, old or new, and
 * one that was not is absent or whole; the next write succeeds over whatever
 * was left behind. */
static void test_key_store_crash(void **state)
{
    struct fixture *f = *state;

    for (unsigned nth = 1; nth < 40; nth++) {
        bool had_old = nth % 2 == 0;
        int status = 0;
        pid_t child;

        nothing_falters();
        (void)unlink(path_of(f, "node.key"));
        if (had_old)
            assert_ok(create(f));
        nothing_falters();
        child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            die_at = nth / 2 + 1;
            _exit((had_old ? replace(f) : create(f)) == SG_OK ? EXIT_SUCCESS
                                                              : EXIT_FAILURE);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), EXIT_SUCCESS);
        if (had_old || exists(path_of(f, "node.key"))) {
            assert_ok(read_back(f));
            if (memcmp(f->read, f->file, sizeof(f->read)) != 0)
                assert_memory_equal(f->read, f->other, sizeof(f->read));
            assert_ok(replace(f));
        } else {
            assert_err(read_back(f), NOTFOUND);
            assert_ok(create(f));
        }
        assert_false(exists(path_of(f, "node.key.new")));
    }
}

/* What the disk says is told apart: full, not allowed, failed; a read or write
 * that was interrupted goes on. */
static void test_key_store_errno(void **state)
{
    static const struct {
        int code;
        enum sg_err err;
    } cases[] = {
        {ENOSPC, SG_ERR_FULL},  {EDQUOT, SG_ERR_FULL}, {EACCES, SG_ERR_ACCESS},
        {EPERM, SG_ERR_ACCESS}, {EIO, SG_ERR_IO},      {EINTR, SG_OK},
    };
    struct fixture *f = *state;

    assert_ok(create(f));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        nothing_falters();
        fail_at = 3; /* mkdir, unlinkat, write */
        fail_errno = cases[i].code;
        assert_string_equal(sg_err_name(replace(f)), sg_err_name(cases[i].err));
        nothing_falters();
        fail_at = 2; /* fstat, read */
        assert_string_equal(sg_err_name(read_back(f)),
                            sg_err_name(cases[i].err));
        nothing_falters();
        fail_at = 1; /* fstat */
        assert_int_not_equal(read_back(f), SG_OK);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_key_store_create), TEST(test_key_store_order),
        TEST(test_key_store_modes),  TEST(test_key_store_others),
        TEST(test_key_store_files),  TEST(test_key_store_names),
        TEST(test_key_store_folder), TEST(test_key_store_faults),
        TEST(test_key_store_crash),  TEST(test_key_store_errno),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
