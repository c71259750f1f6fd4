#include "storage/lmdb/own.h"

#include <stdio.h>
#include <string.h>

#include "storage/lmdb/repair.h"
#include "storage/lmdb/schema.h"
#include "storage/lmdb/verify.h"
#include "tests/lib/store.h"
#include "tests/lib/test.h"

/* Signatures that go wrong on command: a bit that flips while signing. */
static bool sign_badly;

void __real_sg_checkpoint_sign(const struct sg_registry_id *registry,
                               const struct sg_log_id *log,
                               const struct sg_sign_key *key, uint64_t size,
                               const struct sg_hash *root,
                               struct sg_checkpoint *ret);
void __wrap_sg_checkpoint_sign(const struct sg_registry_id *registry,
                               const struct sg_log_id *log,
                               const struct sg_sign_key *key, uint64_t size,
                               const struct sg_hash *root,
                               struct sg_checkpoint *ret);
void __wrap_sg_checkpoint_sign(const struct sg_registry_id *registry,
                               const struct sg_log_id *log,
                               const struct sg_sign_key *key, uint64_t size,
                               const struct sg_hash *root,
                               struct sg_checkpoint *ret)
{
    __real_sg_checkpoint_sign(registry, log, key, size, root, ret);
    ret->signature[40] ^= sign_badly;
}

static enum sg_err append_one(struct sg_test_store *a)
{
    struct sg_entry entry;
    assert_ok(sg_entry_make(sg_store_hasher(a->store), SG_ENTRY_PLAIN, 0,
                            SG_BYTES_TEXT("x"), &entry));
    assert_ok(sg_batch_append(a->batch, a->own->number,
                              a->own->signed_checkpoint.size, &entry, 1));
    return sg_batch_commit(a->batch);
}

static void assert_signed(const struct sg_test_store *a, uint64_t size)
{
    assert_int_equal(a->own->signed_checkpoint.size, size);
    assert_ok(sg_checkpoint_verify(&sg_test_registry, &a->own->id,
                                   a->public_key, &a->own->signed_checkpoint));
}

/* The high-water file as it was; the same file, so the same fingerprint. */
struct saved {
    char path[4096];
    size_t size;
    uint8_t bytes[SG_HIGHWATER_FILE_SIZE];
};

static void save(const struct sg_test_store *a, struct saved *saved)
{
    FILE *file;
    (void)snprintf(saved->path, sizeof saved->path, "%s/highwater", a->dir);
    file = fopen(saved->path, "rb");
    assert_non_null(file);
    saved->size = fread(saved->bytes, 1, sizeof saved->bytes, file);
    assert_int_equal(fclose(file), 0);
}

static void bring_back(const struct saved *saved)
{
    FILE *file = fopen(saved->path, "r+b");
    assert_non_null(file);
    assert_int_equal(fwrite(saved->bytes, 1, saved->size, file), saved->size);
    assert_int_equal(fclose(file), 0);
}

/* A signature that does not verify reaches neither file nor anybody, stops the
 * process, and is no matter to the next one, which signs the same entries
 * again. */
static void test_bad_signature(void **state)
{
    struct sg_test_store a;
    struct sg_log_id id;
    struct sg_checkpoint before;
    struct saved saved, left;
    (void)state;

    sg_test_store_new(&a, 1);
    sg_test_store_fill(&a, 9);
    id = a.own->id;
    before = a.own->signed_checkpoint;
    save(&a, &saved);
    sign_badly = true;
    assert_err(append_one(&a), FATAL);
    assert_memory_equal(&a.own->signed_checkpoint, &before, sizeof before);
    sign_badly = false;
    save(&a, &left);
    assert_memory_equal(saved.bytes, left.bytes, sizeof saved.bytes);
    assert_err(sg_batch_commit(a.batch), FATAL); /* once is for ever */
    sg_test_store_close(&a);
    assert_ok(sg_test_store_open(&a));
    assert_int_equal(a.own->start, SG_START_TAIL);
    assert_memory_equal(&a.own->id, &id, sizeof id);
    assert_signed(&a, 11);
    sg_test_store_close(&a);
    assert_ok(sg_test_store_open(&a));
    assert_int_equal(a.own->start, SG_START_CARRIED_ON);
    assert_ok(append_one(&a));
    assert_signed(&a, 12);
    sg_test_store_free(&a);
}

static enum sg_err count_log(void *context, const struct sg_store_log *log)
{
    (void)log;
    ++*(unsigned *)context;
    return SG_OK;
}

static unsigned logs_of(struct sg_test_store *a)
{
    unsigned count = 0;
    assert_ok(sg_store_each(a->store, count_log, &count));
    return count;
}

/* An epoch that was committed and never entered the high-water file is
 * finished, for the same reason, as often as that happens; once it has grown
 * beyond its opening it is another's, and a new one begins. */
static void test_unfinished_epoch(void **state)
{
    static struct saved saved;
    struct sg_test_store a;
    struct sg_log_id begun;
    unsigned i;
    (void)state;

    sg_test_store_new(&a, 1);
    sg_test_store_fill(&a, 9);
    sg_test_store_close(&a);
    save(&a, &saved);
    a.config.machine = SG_BYTES_TEXT("another machine");
    assert_ok(sg_test_store_open(&a));
    assert_int_equal(a.own->start, SG_START_MACHINE);
    begun = a.own->id;
    for (i = 0; i < 3; i++) {
        sg_test_store_close(&a);
        bring_back(&saved);
        assert_ok(sg_test_store_open(&a));
        assert_int_equal(a.own->start, SG_START_MACHINE);
        assert_memory_equal(&a.own->id, &begun, sizeof begun);
        assert_int_equal(logs_of(&a), 2);
        assert_signed(&a, 1);
    }
    assert_ok(append_one(&a));
    sg_test_store_close(&a);
    bring_back(&saved);
    assert_ok(sg_test_store_open(&a));
    assert_memory_not_equal(&a.own->id, &begun, sizeof begun);
    assert_int_equal(logs_of(&a), 3);
    sg_test_store_free(&a);
}

static struct sg_store_log log_by_id(struct sg_test_store *a,
                                     const struct sg_log_id *id)
{
    struct sg_store_log log;

    assert_ok(sg_store_find(a->store, id, 0, &log));
    return log;
}

/* The checkpoint of the last commit is in the high-water file alone. Where the
 * directory was moved, or a peer had the log closed, the file speaks of another
 * log afterwards: what was acknowledged under the old one must not wait for a
 * signature that nobody makes any more. Also where the disk is nearly full. */
static void test_last_is_kept(void **state)
{
    struct sg_test_store a;
    struct sg_log_id first, second;
    struct sg_store_log log;
    (void)state;

    sg_test_store_new(&a, 1);
    sg_test_store_fill(&a, 9);
    assert_ok(append_one(&a));
    first = a.own->id;
    sg_test_store_close(&a);
    a.config.machine = SG_BYTES_TEXT("another machine");
    a.config.reserve_size = UINT64_C(1) << 60;
    assert_ok(sg_test_store_open(&a));
    assert_int_equal(a.own->start, SG_START_MACHINE);
    log = log_by_id(&a, &first);
    assert_int_equal(log.row.known.size, 11);
    assert_ok(sg_checkpoint_verify(&sg_test_registry, &first, a.public_key,
                                   &log.row.known));

    second = a.own->id;
    assert_ok(sg_batch_flag(a.batch, a.own->number, SG_LOG_CLOSED));
    assert_ok(sg_batch_commit(a.batch));
    sg_test_store_close(&a);
    assert_ok(sg_test_store_open(&a));
    assert_int_equal(a.own->start, SG_START_DIFFERS);
    assert_int_equal(log_by_id(&a, &second).row.known.size, 1);
    assert_int_equal(log_by_id(&a, &first).row.known.size, 11);
    sg_test_store_free(&a);
}

/* On yet another machine an unfinished epoch is not ours to finish. */
static void test_unfinished_elsewhere(void **state)
{
    static struct saved saved;
    struct sg_test_store a;
    struct sg_log_id begun;
    (void)state;

    sg_test_store_new(&a, 1);
    sg_test_store_close(&a);
    save(&a, &saved);
    a.config.machine = SG_BYTES_TEXT("another machine");
    assert_ok(sg_test_store_open(&a));
    begun = a.own->id;
    sg_test_store_close(&a);
    bring_back(&saved);
    a.config.machine = SG_BYTES_TEXT("a third machine");
    assert_ok(sg_test_store_open(&a));
    assert_int_equal(a.own->start, SG_START_MACHINE);
    assert_memory_not_equal(&a.own->id, &begun, sizeof begun);
    assert_int_equal(logs_of(&a), 3);
    sg_test_store_free(&a);
}

/* --- Damage that costs no epoch ------------------------------------------- */

/* Changes the last byte of a value, as bit rot would. */
static void rot(struct sg_txn *txn, unsigned db, struct sg_bytes key)
{
    uint8_t bytes[SG_ROW_LOG_MAX];
    struct sg_bytes value;
    assert_true(sg_txn_get(txn, db, key, &value));
    assert_true(value.size <= sizeof bytes);
    memcpy(bytes, value.data, value.size);
    bytes[value.size - 1] ^= 0x10;
    sg_txn_put(txn, db, key, sg_bytes(bytes, value.size));
}

static enum sg_err rot_node(struct sg_txn *txn, void *context)
{
    const struct sg_test_store *a = context;
    struct sg_schema_key key = sg_schema_node(a->own->number, 8, 0);
    rot(txn, SG_DB_NODES, sg_schema_bytes(&key));
    return sg_txn_err(txn);
}

static enum sg_err rot_frontier(struct sg_txn *txn, void *context)
{
    const struct sg_test_store *a = context;
    struct sg_schema_key key = sg_schema_log(a->own->number);
    rot(txn, SG_DB_LOGS, sg_schema_bytes(&key));
    return sg_txn_err(txn);
}

static void count_finding(void *context, uint32_t log, uint64_t index,
                          enum sg_damage damage)
{
    (void)log;
    (void)index;
    (void)damage;
    ++*(unsigned *)context;
}

static unsigned findings(struct sg_test_store *a)
{
    struct sg_verify *verify;
    unsigned count = 0;
    bool done = false;
    assert_ok(sg_verify_new(a->store, count_finding, &count, &verify));
    while (!done) {
        assert_ok(sg_verify_step(verify, 1000, &done));
    }
    sg_verify_free(verify);
    return count;
}

/* A damaged tree is mended from the rows, a damaged frontier by the opening:
 * neither is a reason to begin an epoch, or to stop. */
static void test_damage(void **state)
{
    static sg_env_fn *const damages[] = {rot_node, rot_frontier};
    size_t i;
    (void)state;

    for (i = 0; i < 2; i++) {
        struct sg_test_store a;
        struct sg_log_id id;
        uint64_t written;

        sg_test_store_new(&a, 1);
        sg_test_store_fill(&a, 300);
        id = a.own->id;
        assert_ok(sg_env_write(a.store->env, damages[i], &a));
        sg_test_store_close(&a);
        assert_ok(sg_test_store_open(&a));
        assert_int_equal(a.own->start, SG_START_CARRIED_ON);
        assert_memory_equal(&a.own->id, &id, sizeof id);
        assert_int_equal(findings(&a) > 0, damages[i] == rot_node);
        assert_ok(append_one(&a));
        assert_signed(&a, 302);
        assert_ok(sg_repair_tree(a.store, a.own->number, &written));
        assert_int_equal(findings(&a), 0);
        sg_test_store_free(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_signature),
        cmocka_unit_test(test_unfinished_epoch),
        cmocka_unit_test(test_last_is_kept),
        cmocka_unit_test(test_unfinished_elsewhere),
        cmocka_unit_test(test_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
