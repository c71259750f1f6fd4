#include "storage/lmdb/sealed.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/lmdb/txn.h"
#include "tests/lib/tempdir.h"
#include "tests/lib/test.h"

static const char *const names[] = {"meta", "rows", "others"};

struct fixture {
    char *dir;
    char path[4096];
    struct sg_sealed_config config;
    struct sg_sealed *sealed;
    enum sg_sealed_start start;
    struct sg_buf out;
};

static void reopen(struct fixture *f)
{
    sg_sealed_close(f->sealed);
    f->sealed = NULL;
    assert_ok(sg_sealed_open(&f->config, &f->sealed, &f->start));
}

static int setup(void **state)
{
    static struct fixture f;

    assert_ok(sg_crypto_init());
    memset(&f, 0, sizeof f);
    f.dir = sg_tempdir_new();
    (void)snprintf(f.path, sizeof f.path, "%s/view", f.dir);
    f.config = (struct sg_sealed_config){.dir = f.path,
                                         .databases = names,
                                         .database_count = 3,
                                         .format = 1,
                                         .key = {7},
                                         .map_size = 1 << 20,
                                         .map_size_max = 1 << 26,
                                         .reserve_size = 1};
    sg_buf_init(&f.out, 1 << 20);
    reopen(&f);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    sg_sealed_close(f->sealed);
    f->sealed = NULL;
    sg_buf_clear(&f->out);
    sg_tempdir_free(f->dir);
    return 0;
}

/* --- work -------------------------------------------------------------- */

#define TEXT "Nguyễn Thị Hoa, Hà Trung"

static enum sg_err put_rows(struct sg_txn *txn, void *context)
{
    struct fixture *f = context;
    static uint8_t large[5000];

    sg_sealed_put(f->sealed, txn, 1, SG_BYTES_TEXT("a"), SG_BYTES_TEXT(TEXT));
    sg_sealed_put(f->sealed, txn, 2, SG_BYTES_TEXT("a"), SG_BYTES_TEXT(TEXT));
    sg_sealed_append(f->sealed, txn, 1, SG_BYTES_TEXT("b"), sg_bytes("", 0));
    memset(large, 'x', sizeof large);
    sg_sealed_put(f->sealed, txn, 1, SG_BYTES_TEXT("c"), SG_BYTES_ARRAY(large));
    return sg_txn_err(txn);
}

static enum sg_err get_rows(struct sg_txn *txn, void *context)
{
    struct fixture *f = context;

    sg_buf_truncate(&f->out, 0);
    assert_false(
        sg_sealed_get(f->sealed, txn, 1, SG_BYTES_TEXT("no"), &f->out));
    assert_true(sg_sealed_get(f->sealed, txn, 1, SG_BYTES_TEXT("b"), &f->out));
    assert_int_equal(f->out.size, 0);
    assert_true(sg_sealed_get(f->sealed, txn, 1, SG_BYTES_TEXT("a"), &f->out));
    assert_true(sg_bytes_equal(sg_buf_bytes(&f->out), SG_BYTES_TEXT(TEXT)));
    assert_true(sg_sealed_get(f->sealed, txn, 1, SG_BYTES_TEXT("c"), &f->out));
    assert_int_equal(f->out.size, sizeof TEXT - 1 + 5000);
    return sg_txn_err(txn);
}

static enum sg_err count_rows(struct sg_txn *txn, void *context)
{
    *(uint64_t *)context = sg_txn_count(txn, 1);
    return sg_txn_err(txn);
}

static uint64_t rows_of(struct fixture *f)
{
    uint64_t count;

    assert_ok(sg_sealed_read(f->sealed, count_rows, &count));
    return count;
}

/* What was sealed comes back, also after the environment was closed. */
static void test_rows(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(f->start, SG_SEALED_MADE);
    assert_ok(sg_sealed_write(f->sealed, put_rows, f));
    assert_ok(sg_sealed_read(f->sealed, get_rows, f));
    reopen(f);
    assert_int_equal(f->start, SG_SEALED_FOUND);
    assert_ok(sg_sealed_read(f->sealed, get_rows, f));
}

/* Nothing of the text lies in the file, and the same text in another database
 * or under another key of a row is other bytes. */
static void test_nothing_in_the_clear(void **state)
{
    struct fixture *f = *state;
    static uint8_t bytes[1 << 20];
    char path[8192];
    ssize_t size;
    int fd;

    assert_ok(sg_sealed_write(f->sealed, put_rows, f));
    (void)snprintf(path, sizeof path, "%s/data.mdb", f->path);
    fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    size = read(fd, bytes, sizeof bytes);
    (void)close(fd);
    assert_true(size > 8192);
    assert_null(memmem(bytes, (size_t)size, "Hoa", 3));
    assert_null(memmem(bytes, (size_t)size, "xxxxxxxx", 8));
}

struct swap {
    struct sg_bytes value;
    uint8_t room[512];
};

static enum sg_err take_raw(struct sg_txn *txn, void *context)
{
    struct swap *swap = context;
    struct sg_bytes value;

    assert_true(sg_txn_get(txn, 1, SG_BYTES_TEXT("a"), &value));
    memcpy(swap->room, value.data, value.size);
    swap->value = sg_bytes(swap->room, value.size);
    return SG_OK;
}

static enum sg_err put_raw(struct sg_txn *txn, void *context)
{
    struct swap *swap = context;

    sg_txn_put(txn, 1, SG_BYTES_TEXT("b"), swap->value);
    return sg_txn_err(txn);
}

static enum sg_err get_b(struct sg_txn *txn, void *context)
{
    struct fixture *f = context;

    assert_false(sg_sealed_get(f->sealed, txn, 1, SG_BYTES_TEXT("b"), &f->out));
    return sg_txn_err(txn);
}

/* A value in another row's place, a changed one and one cut short are damage,
 * never other text. */
static void test_refusals(void **state)
{
    struct fixture *f = *state;
    struct swap swap;

    assert_ok(sg_sealed_write(f->sealed, put_rows, f));
    assert_ok(sg_sealed_read(f->sealed, take_raw, &swap));
    assert_ok(sg_sealed_write(f->sealed, put_raw, &swap));
    assert_err(sg_sealed_read(f->sealed, get_b, f), DAMAGED);
    swap.value.size = 23;
    assert_ok(sg_sealed_write(f->sealed, put_raw, &swap));
    assert_err(sg_sealed_read(f->sealed, get_b, f), DAMAGED);
    assert_int_equal(f->out.size, 0);
}

static enum sg_err get_c(struct sg_txn *txn, void *context)
{
    struct fixture *f = context;

    (void)sg_sealed_get(f->sealed, txn, 1, SG_BYTES_TEXT("c"), &f->out);
    return sg_txn_err(txn);
}

/* A buffer that does not take a value is a limit, not damage. */
static void test_limit(void **state)
{
    struct fixture *f = *state;

    assert_ok(sg_sealed_write(f->sealed, put_rows, f));
    sg_buf_clear(&f->out);
    sg_buf_init(&f->out, 100);
    assert_err(sg_sealed_read(f->sealed, get_c, f), LIMIT);
}

static enum sg_err put_too_much(struct sg_txn *txn, void *context)
{
    struct fixture *f = context;

    sg_sealed_put(f->sealed, txn, 1, SG_BYTES_TEXT("a"),
                  sg_bytes("", SG_SEALED_SIZE_MAX + 1));
    return sg_txn_err(txn);
}

static void test_size_max(void **state)
{
    struct fixture *f = *state;

    assert_err(sg_sealed_write(f->sealed, put_too_much, f), LIMIT);
}

/* Names are the same for the same database, key and bytes alone. */
static void test_names(void **state)
{
    struct fixture *f = *state;
    uint8_t a[SG_SEALED_KEY_SIZE], b[SG_SEALED_KEY_SIZE];

    sg_sealed_name(f->sealed, 1, SG_BYTES_TEXT("hoa"), a);
    sg_sealed_name(f->sealed, 1, SG_BYTES_TEXT("hoa"), b);
    assert_memory_equal(a, b, sizeof a);
    sg_sealed_name(f->sealed, 2, SG_BYTES_TEXT("hoa"), b);
    assert_memory_not_equal(a, b, sizeof a);
    sg_sealed_name(f->sealed, 1, SG_BYTES_TEXT("hoà"), b);
    assert_memory_not_equal(a, b, sizeof a);
    f->config.key[0]++;
    reopen(f);
    sg_sealed_name(f->sealed, 1, SG_BYTES_TEXT("hoa"), b);
    assert_memory_not_equal(a, b, sizeof a);
}

struct fill {
    struct fixture *f;
    uint32_t count;
    size_t size;
};

static enum sg_err append_rows(struct sg_txn *txn, void *context)
{
    static uint8_t plain[4096];
    const struct fill *fill = context;

    for (uint32_t i = 0; i < fill->count; i++) {
        uint8_t key[4];

        sg_bytes_put_u32be(key, i);
        sg_sealed_append(fill->f->sealed, txn, 1, SG_BYTES_ARRAY(key),
                         sg_bytes(plain, fill->size));
    }
    return sg_txn_err(txn);
}

/* Gives the pages that COUNT rows of SIZE take when they are appended. */
static size_t pages_of(struct fixture *f, uint32_t count, size_t size)
{
    struct fill fill = {f, count, size};
    struct sg_env_stat before, after;

    assert_ok(sg_sealed_clear(f->sealed, f->config.key));
    assert_ok(sg_sealed_stat(f->sealed, &before));
    assert_ok(sg_sealed_write(f->sealed, append_rows, &fill));
    assert_ok(sg_sealed_stat(f->sealed, &after));
    return (size_t)(after.file_size - before.file_size) / 4096;
}

/* A page takes what is said of its rows: eight that fill it, seven that are two
 * bytes larger; and of rows beyond half a page there is next to nothing. */
static void test_room(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(sg_sealed_room_of(4, 472), SG_SEALED_PAGE_SIZE / 8);
    assert_in_range(pages_of(f, 5600, 472), 700, 725);
    assert_int_equal(sg_sealed_room_of(4, 473), SG_SEALED_PAGE_SIZE / 8 + 2);
    assert_in_range(pages_of(f, 5600, 473), 800, 825);
    assert_int_equal(sg_sealed_room_of(4, 2002), SG_SEALED_PAGE_SIZE / 2);
    assert_in_range(pages_of(f, 1000, 2002), 500, 525);
    assert_int_equal(sg_sealed_room_of(4, 2003), 22);
    assert_in_range(pages_of(f, 1000, 2003), 1000, 1025);
}

/* What is of no use is deleted, and says why. */
static void test_anew(void **state)
{
    struct fixture *f = *state;
    char path[8192];

    assert_ok(sg_sealed_write(f->sealed, put_rows, f));
    f->config.format = 2;
    reopen(f);
    assert_int_equal(f->start, SG_SEALED_FORMAT);
    assert_int_equal(rows_of(f), 0);
    assert_ok(sg_sealed_write(f->sealed, put_rows, f));
    f->config.key[5] ^= 1;
    reopen(f);
    assert_int_equal(f->start, SG_SEALED_KEY);
    assert_int_equal(rows_of(f), 0);
    f->config.registry.hash.bytes[0] = 9;
    reopen(f);
    assert_int_equal(f->start, SG_SEALED_KEY);
    (void)snprintf(path, sizeof path, "%s/data.mdb", f->path);
    assert_int_equal(truncate(path, 5000), 0);
    reopen(f);
    assert_int_equal(f->start, SG_SEALED_DAMAGED);
    reopen(f);
    assert_int_equal(f->start, SG_SEALED_FOUND);
}

/* A bulk build that was ended is there; one that was not is begun anew. */
static void test_bulk(void **state)
{
    struct fixture *f = *state;
    struct sg_env_stat stat;

    assert_ok(sg_sealed_bulk_begin(f->sealed));
    assert_ok(sg_sealed_stat(f->sealed, &stat));
    assert_int_equal(stat.flags, 0x210000); /* MDB_NOTLS, MDB_NOSYNC */
    assert_ok(sg_sealed_write(f->sealed, put_rows, f));
    assert_ok(sg_sealed_bulk_end(f->sealed));
    assert_ok(sg_sealed_stat(f->sealed, &stat));
    assert_int_equal(stat.flags, 0x200000);
    reopen(f);
    assert_int_equal(f->start, SG_SEALED_FOUND);
    assert_int_equal(rows_of(f), 3);
    assert_ok(sg_sealed_bulk_begin(f->sealed));
    reopen(f);
    assert_int_equal(f->start, SG_SEALED_DIRTY);
    assert_int_equal(rows_of(f), 0);
}

/* Cleared, it is empty, and under another key. */
static void test_clear(void **state)
{
    struct fixture *f = *state;
    uint8_t key[SG_KEY_SIZE] = {8};

    assert_ok(sg_sealed_write(f->sealed, put_rows, f));
    assert_ok(sg_sealed_clear(f->sealed, key));
    assert_int_equal(rows_of(f), 0);
    assert_ok(sg_sealed_write(f->sealed, put_rows, f));
    assert_ok(sg_sealed_read(f->sealed, get_rows, f));
    memcpy(f->config.key, key, sizeof key);
    reopen(f);
    assert_int_equal(f->start, SG_SEALED_FOUND);
}

/* A folder without a parent is refused. */
static void test_path(void **state)
{
    struct fixture *f = *state;
    struct sg_sealed *sealed;
    enum sg_sealed_start start;

    f->config.dir = "view";
    assert_err(sg_sealed_open(&f->config, &sealed, &start), INVALID);
    f->config.dir = "/nowhere/at/all";
    assert_true(sg_sealed_open(&f->config, &sealed, &start) != SG_OK);
    f->config.dir = f->path;
}

struct seen {
    unsigned count;
    unsigned db;
    uint64_t no;
    enum sg_sealed_fault fault;
};

static void see(void *context, unsigned db, uint64_t no,
                enum sg_sealed_fault fault)
{
    struct seen *seen = context;

    seen->count++;
    seen->db = db;
    seen->no = no;
    seen->fault = fault;
}

/* Of `meta` here: whatever stands there has the size of a mark, or is empty. */
static bool judge(void *context, unsigned db, struct sg_bytes key,
                  struct sg_bytes value)
{
    (void)context;
    (void)key;
    return db == SG_SEALED_META && (value.size == 16 || value.size == 0);
}

static enum sg_err put_ten(struct sg_txn *txn, void *context)
{
    const struct fixture *f = context;

    for (uint8_t i = 0; i < 10; i++)
        sg_sealed_put(f->sealed, txn, 1, sg_bytes(&i, 1),
                      SG_BYTES_TEXT("one of ten"));
    return sg_txn_err(txn);
}

/* The value of row 4 as if it were that of row 3. */
static enum sg_err move_one(struct sg_txn *txn, void *context)
{
    static const uint8_t three = 3, four = 4;
    uint8_t copy[64];
    struct sg_bytes value;

    (void)context;
    assert_true(sg_txn_get(txn, 1, sg_bytes(&four, 1), &value));
    memcpy(copy, value.data, value.size);
    sg_txn_put(txn, 1, sg_bytes(&three, 1), sg_bytes(copy, value.size));
    return sg_txn_err(txn);
}

/* A look opens every value and names the one that is not of its place; it finds
 * another key, and nothing where there is nothing; it changes nothing. */
static void test_look(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {0};
    const struct sg_sealed_check check = {.plain = 1U << SG_SEALED_META,
                                          .judge = judge,
                                          .found = see,
                                          .context = &seen};
    uint64_t rows;

    assert_ok(sg_sealed_write(f->sealed, put_ten, f));
    sg_sealed_close(f->sealed);
    f->sealed = NULL;
    assert_ok(sg_sealed_look(&f->config, &check, &rows));
    assert_int_equal(seen.count, 0);
    assert_int_equal(rows, 11);

    f->config.key[0]++;
    assert_ok(sg_sealed_look(&f->config, &check, &rows));
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.fault, SG_SEALED_MARK);
    f->config.key[0]--;

    reopen(f);
    assert_int_equal(f->start, SG_SEALED_FOUND);
    assert_ok(sg_sealed_write(f->sealed, move_one, f));
    sg_sealed_close(f->sealed);
    f->sealed = NULL;
    seen.count = 0;
    assert_ok(sg_sealed_look(&f->config, &check, &rows));
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.db, 1);
    assert_int_equal(seen.no, 3);
    assert_int_equal(seen.fault, SG_SEALED_VALUE);

    (void)snprintf(f->path, sizeof f->path, "%s/none", f->dir);
    assert_err(sg_sealed_look(&f->config, &check, &rows), NOTFOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rows, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_in_the_clear, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_size_max, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_room, setup, teardown),
        cmocka_unit_test_setup_teardown(test_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bulk, setup, teardown),
        cmocka_unit_test_setup_teardown(test_clear, setup, teardown),
        cmocka_unit_test_setup_teardown(test_path, setup, teardown),
        cmocka_unit_test_setup_teardown(test_look, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
