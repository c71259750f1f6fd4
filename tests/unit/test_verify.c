#include "storage/lmdb/verify.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/lmdb/backup.h"
#include "storage/lmdb/internal.h"
#include "storage/lmdb/repair.h"
#include "storage/lmdb/schema.h"
#include "storage/lmdb/scrub.h"
#include "storage/lmdb/walk.h"
#include "tests/lib/store.h"
#include "tests/lib/test.h"

struct findings {
    unsigned count;
    uint32_t log;
    uint64_t index;
    enum sg_damage damage;
};

static void note(void *context, uint32_t log, uint64_t index,
                 enum sg_damage damage)
{
    struct findings *findings = context;
    findings->count++;
    findings->log = log;
    findings->index = index;
    findings->damage = damage;
}

static struct findings verify(struct sg_test_store *test, uint64_t step)
{
    struct findings findings = {0};
    struct sg_verify *verify;
    bool done = false;
    assert_ok(sg_verify_new(test->store, note, &findings, &verify));
    while (!done) {
        assert_ok(sg_verify_step(verify, step, &done));
    }
    assert_int_equal(sg_verify_totals(verify)->findings, findings.count);
    assert_int_equal(sg_verify_totals(verify)->entries,
                     sg_verify_totals(verify)->entries_held);
    sg_verify_free(verify);
    return findings;
}

/* A change of one byte of a row, as bit rot would make it. */
struct rot {
    uint32_t log;
    uint64_t index;
    size_t from_end; /* of the row */
};

static enum sg_err rot_row(struct sg_txn *txn, void *context)
{
    const struct rot *rot = context;
    struct sg_schema_key key;
    struct sg_bytes value;
    uint8_t row[SG_ROW_ENTRY_MAX];
    uint64_t arrival;
    assert_ok(sg_walk_locate(txn, rot->log, rot->index, &arrival));
    key = sg_schema_number(arrival);
    assert_true(sg_txn_get(txn, SG_DB_ENTRIES, sg_schema_bytes(&key), &value));
    memcpy(row, value.data, value.size);
    row[value.size - 1 - rot->from_end] ^= 4;
    sg_txn_put(txn, SG_DB_ENTRIES, sg_schema_bytes(&key),
               sg_bytes(row, value.size));
    return sg_txn_err(txn);
}

static void damage_row(struct sg_test_store *test, uint64_t index,
                       size_t from_end)
{
    struct rot rot = {test->own->number, index, from_end};
    assert_ok(sg_env_write(test->store->env, rot_row, &rot));
}

static enum sg_err rot_node(struct sg_txn *txn, void *context)
{
    const struct rot *rot = context;
    struct sg_schema_key key = sg_schema_node(rot->log, 8, rot->index);
    uint8_t hash[32] = {1};
    sg_txn_put(txn, SG_DB_NODES, sg_schema_bytes(&key), SG_BYTES_ARRAY(hash));
    return sg_txn_err(txn);
}

/* An intact store has no findings, in steps of any size. */
static void test_intact(void **state)
{
    struct sg_test_store a;
    (void)state;
    sg_test_store_new(&a, 1);
    sg_test_store_fill(&a, 600);
    assert_int_equal(verify(&a, 1).count, 0);
    assert_int_equal(verify(&a, 100000).count, 0);
    sg_test_store_free(&a);
}

/* A changed payload is named, is not handed out, and its neighbours are; it is
 * repaired from another store and only with the entry that was signed. */
static void test_payload(void **state)
{
    static struct sg_fetch fetch;
    struct sg_test_store a, b;
    struct sg_tlog_proof proof;
    struct findings findings;
    uint32_t number;
    (void)state;

    sg_test_store_new(&a, 1);
    sg_test_store_new(&b, 2);
    sg_test_store_fill(&a, 600);
    assert_ok(sg_test_store_send(&a, &b, 0, 256, false));
    assert_ok(sg_batch_commit(b.batch));
    assert_ok(sg_test_store_send(&a, &b, 256, 256, false));
    assert_ok(sg_batch_commit(b.batch));
    assert_ok(sg_test_store_send(&a, &b, 512, 89, false));
    assert_ok(sg_batch_commit(b.batch));
    number = sg_test_store_number(&a, &b);

    damage_row(&a, 77, 0);
    findings = verify(&a, 50);
    assert_int_equal(findings.count, 1);
    assert_int_equal(findings.log, a.own->number);
    assert_int_equal(findings.index, 77);
    assert_int_equal(findings.damage, SG_DAMAGE_PAYLOAD);
    sg_fetch_init(&fetch, 1 << 20);
    assert_err(sg_fetch_range(a.store, a.own->number, 77, 1, &fetch), DAMAGED);
    assert_int_equal(fetch.damaged, 77);
    assert_ok(sg_fetch_range(a.store, a.own->number, 70, 20, &fetch));
    assert_int_equal(fetch.count, 7);
    assert_ok(sg_fetch_range(a.store, a.own->number, 78, 20, &fetch));
    assert_int_equal(fetch.count, 20);

    assert_ok(sg_fetch_proof(b.store, number, 77, &proof));
    assert_ok(sg_fetch_range(b.store, number, 78, 1, &fetch));
    assert_err(sg_repair_entry(a.store, a.batch, a.own->number, &proof,
                               &fetch.entries[0]),
               PROOF);
    assert_ok(sg_fetch_range(b.store, number, 77, 1, &fetch));
    assert_ok(sg_repair_entry(a.store, a.batch, a.own->number, &proof,
                              &fetch.entries[0]));
    assert_ok(sg_batch_commit(a.batch));
    assert_int_equal(verify(&a, 50).count, 0);
    sg_fetch_clear(&fetch);
    sg_test_store_free(&a);
    sg_test_store_free(&b);
}

/* A changed leaf hash is told from a changed payload by the node above. */
static void test_leaf(void **state)
{
    struct sg_test_store a;
    struct findings findings;
    uint8_t payload[300];
    (void)state;

    sg_test_store_new(&a, 1);
    sg_test_store_fill(&a, 600);
    damage_row(&a, 99, sg_test_store_payload(&a, 99, payload) + 3);
    findings = verify(&a, 1000);
    assert_int_equal(findings.count, 1);
    assert_int_equal(findings.index, 99);
    assert_int_equal(findings.damage, SG_DAMAGE_LEAF);
    sg_test_store_free(&a);
}

/* A changed node is found and computed anew from its leaves. */
static void test_node(void **state)
{
    struct sg_test_store a;
    struct rot rot;
    struct findings findings;
    uint64_t written;
    (void)state;

    sg_test_store_new(&a, 1);
    sg_test_store_fill(&a, 1100);
    rot = (struct rot){a.own->number, 2, 0};
    assert_ok(sg_env_write(a.store->env, rot_node, &rot));
    findings = verify(&a, 1000);
    assert_true(findings.count >= 1);
    assert_int_equal(findings.damage, SG_DAMAGE_NODE);
    assert_ok(sg_repair_tree(a.store, a.own->number, &written));
    assert_int_equal(written, 1);
    assert_int_equal(verify(&a, 1000).count, 0);
    sg_test_store_free(&a);
}

static enum sg_err rot_id(struct sg_txn *txn, void *context)
{
    const struct sg_log_id *id = context;
    struct sg_schema_key key = sg_schema_log_id(id, 0);
    sg_txn_del(txn, SG_DB_LOGIDS, sg_schema_bytes(&key));
    return sg_txn_err(txn);
}

/* A log that is not found by its id any more is named, and the others are
 * verified all the same. */
static void test_id(void **state)
{
    struct sg_test_store a;
    struct findings findings;
    struct sg_log_id id;
    (void)state;

    sg_test_store_new(&a, 1);
    sg_test_store_fill(&a, 30);
    id = a.own->id;
    assert_ok(sg_env_write(a.store->env, rot_id, &id));
    findings = verify(&a, 1000);
    assert_int_equal(findings.count, 1);
    assert_int_equal(findings.log, a.own->number);
    assert_int_equal(findings.damage, SG_DAMAGE_LOG);
    sg_test_store_free(&a);
}

/* A tree is not rebuilt over damaged rows. */
static void test_node_and_row(void **state)
{
    struct sg_test_store a;
    uint64_t written;
    (void)state;
    sg_test_store_new(&a, 1);
    sg_test_store_fill(&a, 300);
    damage_row(&a, 5, 0);
    assert_err(sg_repair_tree(a.store, a.own->number, &written), PROOF);
    sg_test_store_free(&a);
}

struct listed {
    unsigned count;
    unsigned payloads;
    uint64_t index; /* of the last of them */
    int64_t seen;
};

static void list(void *context, uint32_t log, uint64_t index,
                 enum sg_damage damage, struct sg_wall seen)
{
    struct listed *listed = context;
    (void)log;
    listed->count++;
    if (damage == SG_DAMAGE_PAYLOAD) {
        listed->payloads++;
        listed->index = index;
    }
    listed->seen = seen.ms;
}

static struct listed scrub_round(struct sg_test_store *test, int64_t now)
{
    struct listed listed = {0};
    struct sg_scrub *scrub;
    struct sg_wall wall = {now};
    bool round = false;
    assert_ok(sg_scrub_new(test->store, &scrub));
    while (!round) {
        assert_ok(sg_scrub_step(scrub, 100, wall, &round));
    }
    sg_scrub_free(scrub);
    assert_ok(sg_scrub_each(test->store, list, &listed));
    return listed;
}

/* A scrub lists what is damaged, keeps it on the list while it is, and takes
 * it off when it is mended. A range with several damaged entries is mended from
 * another store's package, whatever became of the tree here. */
static void test_scrub(void **state)
{
    static struct sg_fetch fetch;
    struct sg_test_store a, b;
    struct sg_package package;
    struct sg_frontier before;
    struct sg_hash cover[SG_MERKLE_HASHES_MAX];
    struct listed listed;
    struct rot rot;
    uint64_t written;
    size_t mended;
    (void)state;

    sg_test_store_new(&a, 1);
    sg_test_store_new(&b, 2);
    sg_test_store_fill(&a, 300);
    assert_ok(sg_test_store_send(&a, &b, 0, 256, false));
    assert_ok(sg_batch_commit(b.batch));
    assert_ok(sg_test_store_send(&a, &b, 256, 45, false));
    assert_ok(sg_batch_commit(b.batch));
    assert_int_equal(scrub_round(&a, 1000).count, 0);
    damage_row(&a, 17, 0);
    damage_row(&a, 19, 0);
    rot = (struct rot){a.own->number, 0, 0};
    assert_ok(sg_env_write(a.store->env, rot_node, &rot));
    listed = scrub_round(&a, 5000);
    assert_int_equal(listed.payloads, 2);
    assert_int_equal(listed.index, 19);
    assert_true(listed.count > 2); /* the node, too */
    listed = scrub_round(&a, 9000);
    assert_int_equal(listed.seen, 9000);

    memset(&package, 0, sizeof package);
    sg_fetch_init(&fetch, 1 << 20);
    package.log = sg_test_store_number(&a, &b);
    assert_ok(sg_fetch_range(b.store, package.log, 10, 20, &fetch));
    assert_ok(sg_fetch_frontier(b.store, package.log, 10, &before));
    assert_ok(sg_fetch_cover(b.store, package.log, 30, 301, cover,
                             &package.cover_count));
    package.log = a.own->number;
    package.first = 10;
    package.entries = fetch.entries;
    package.count = 20;
    package.known = a.own->signed_checkpoint;
    package.cover = cover;
    before.hashes[0].bytes[0] ^= 1;
    assert_err(sg_repair_range(a.store, a.batch, &package, &before, &mended),
               PROOF);
    before.hashes[0].bytes[0] ^= 1;
    assert_ok(sg_repair_range(a.store, a.batch, &package, &before, &mended));
    assert_int_equal(mended, 2);
    assert_ok(sg_batch_commit(a.batch));
    assert_ok(sg_repair_tree(a.store, a.own->number, &written));
    assert_int_equal(scrub_round(&a, 20000).count, 0);
    sg_fetch_clear(&fetch);
    sg_test_store_free(&a);
    sg_test_store_free(&b);
}

static bool file_has(const char *path, const uint8_t *bytes, size_t size)
{
    static uint8_t content[1 << 22];
    FILE *file = fopen(path, "rb");
    size_t length, i;
    assert_non_null(file);
    length = fread(content, 1, sizeof content, file);
    (void)fclose(file);
    for (i = 0; i + size <= length; i++) {
        if (memcmp(content + i, bytes, size) == 0) {
            return true;
        }
    }
    return false;
}

/* After an erasure and a compaction the payload is in no byte of the file, the
 * log goes on and verifies. */
static void test_compact(void **state)
{
    const uint8_t order[16] = {7};
    struct sg_test_store a;
    uint8_t payload[300];
    char path[4096];
    uint64_t index = 1;
    size_t size;
    (void)state;

    sg_test_store_new(&a, 1);
    sg_test_store_fill(&a, 300);
    while ((size = sg_test_store_payload(&a, index, payload)) < 64) {
        index++;
    }
    (void)snprintf(path, sizeof path, "%s/log/data.mdb", a.dir);
    assert_true(file_has(path, payload, size));
    assert_ok(sg_batch_erase(a.batch, a.own->number, index, order));
    assert_ok(sg_batch_commit(a.batch));
    assert_ok(sg_backup_compact(a.store));
    assert_false(file_has(path, payload, size));
    assert_int_equal(verify(&a, 100).count, 0);
    sg_test_store_fill(&a, 10);
    sg_test_store_close(&a);
    assert_ok(sg_test_store_open(&a));
    assert_int_equal(a.own->start, SG_START_CARRIED_ON);
    assert_int_equal(verify(&a, 100).count, 0);
    sg_test_store_free(&a);
}

/* A backup opens as a store and begins a new epoch, for it is none of this
 * machine's; it is not written over another. */
static void test_backup(void **state)
{
    struct sg_test_store a, copy;
    char dir[4096];
    (void)state;

    sg_test_store_new(&a, 1);
    sg_test_store_fill(&a, 30);
    (void)snprintf(dir, sizeof dir, "%s/backup", a.dir);
    assert_ok(sg_backup_write(a.store, dir));
    assert_err(sg_backup_write(a.store, dir), EXISTS);
    copy = a;
    copy.config.dir = dir;
    copy.store = NULL;
    copy.batch = NULL;
    assert_ok(sg_test_store_open(&copy));
    assert_int_equal(copy.own->start, SG_START_NO_HIGHWATER);
    assert_int_equal(verify(&copy, 100).count, 0);
    sg_test_store_close(&copy);
    sg_test_store_free(&a);
}

/* A backup has the newest signature of what was acknowledged, though the
 * database itself lags one behind; put back it is another database whose own
 * log is closed, and the one that was there lies aside. */
static void test_restore(void **state)
{
    struct sg_test_store a;
    struct sg_highwater before;
    struct sg_store_log log;
    struct sg_store *copy;
    struct sg_log_id id;
    uint8_t database[SG_DATABASE_ID_SIZE];
    char dir[4096], path[4096 + 16];
    (void)state;

    sg_test_store_new(&a, 1);
    sg_test_store_fill(&a, 30);
    id = a.own->id;
    memcpy(database, sg_store_database(a.store), sizeof database);
    (void)snprintf(dir, sizeof dir, "%s/backup", a.dir);
    assert_ok(sg_backup_write(a.store, dir));
    assert_ok(sg_store_open_beside(dir, &copy));
    assert_ok(sg_store_find(copy, &id, 0, &log));
    assert_int_equal(log.row.known.size, 31);
    sg_store_close(copy);

    sg_test_store_fill(&a, 9);
    assert_err(sg_backup_restore(dir, a.dir, SG_BACKUP_REPLACE, &before), BUSY);
    sg_test_store_close(&a);
    assert_err(sg_backup_restore(dir, a.dir, SG_BACKUP_NEW, &before), EXISTS);
    assert_ok(sg_backup_restore(dir, a.dir, SG_BACKUP_REPLACE, &before));
    assert_int_equal(before.logs[0].checkpoint.size, 40);
    assert_memory_equal(&before.logs[0].log, &id, sizeof id);
    (void)snprintf(path, sizeof path, "%s/log.old/data.mdb", a.dir);
    assert_int_equal(access(path, F_OK), 0);
    assert_err(sg_backup_restore(dir, a.dir, SG_BACKUP_REPLACE, &before),
               EXISTS);

    assert_ok(sg_test_store_open(&a));
    assert_int_equal(a.own->start, SG_START_NO_HIGHWATER);
    assert_memory_not_equal(&a.own->id, &id, sizeof id);
    assert_memory_not_equal(sg_store_database(a.store), database,
                            sizeof database);
    assert_ok(sg_store_find(a.store, &id, 0, &log));
    assert_int_equal(log.row.flags, SG_LOG_OWN | SG_LOG_CLOSED);
    assert_int_equal(log.row.frontier.size, 31);
    assert_int_equal(log.row.known.size, 31);
    assert_int_equal(verify(&a, 100).count, 0);
    sg_test_store_free(&a);
}

/* What a crash leaves between the old store and the new one is no store, and
 * the same call goes on; where there was none, nothing is put aside. */
static void test_restore_again(void **state)
{
    struct sg_test_store a;
    struct sg_highwater before;
    char dir[4096], log[4096 + 16], aside[4096 + 16];
    (void)state;

    sg_test_store_new(&a, 1);
    sg_test_store_fill(&a, 30);
    (void)snprintf(dir, sizeof dir, "%s/backup", a.dir);
    (void)snprintf(log, sizeof log, "%s/log", a.dir);
    (void)snprintf(aside, sizeof aside, "%s/elsewhere", a.dir);
    assert_ok(sg_backup_write(a.store, dir));
    sg_test_store_close(&a);
    assert_int_equal(rename(log, aside), 0);
    assert_ok(sg_backup_restore(dir, a.dir, SG_BACKUP_NEW, &before));
    assert_int_equal(before.logs[0].checkpoint.size, 31);
    assert_ok(sg_test_store_open(&a));
    assert_int_equal(a.own->start, SG_START_NO_HIGHWATER);
    assert_int_equal(a.own->signed_checkpoint.size, 1);
    assert_int_equal(verify(&a, 100).count, 0);
    assert_err(
        sg_backup_restore("/nonexistent/sogoc", a.dir, SG_BACKUP_NEW, &before),
        BUSY);
    sg_test_store_close(&a);
    assert_err(sg_backup_restore("/nonexistent/sogoc", a.dir, SG_BACKUP_REPLACE,
                                 &before),
               NOTFOUND);
    assert_ok(sg_test_store_open(&a));
    sg_test_store_free(&a);
}

/* Every finding has a phrase in both languages. */
static void test_texts(void **state)
{
    int damage;
    (void)state;
    for (damage = SG_DAMAGE_PAYLOAD; damage <= SG_DAMAGE_LAST; damage++) {
        const char *en =
            sg_verify_damage_text((enum sg_damage)damage, SG_LANG_EN);
        const char *vi =
            sg_verify_damage_text((enum sg_damage)damage, SG_LANG_VI);
        assert_string_not_equal(en, vi);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_intact),
        cmocka_unit_test(test_payload),
        cmocka_unit_test(test_leaf),
        cmocka_unit_test(test_node),
        cmocka_unit_test(test_node_and_row),
        cmocka_unit_test(test_scrub),
        cmocka_unit_test(test_compact),
        cmocka_unit_test(test_backup),
        cmocka_unit_test(test_restore),
        cmocka_unit_test(test_restore_again),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
