/* The view over a real log store of invented citizens. That it is right is
 * tests/merge/view_agrees; here is what is asked of it. */
#include "node/view/view.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "node/view/feed_store.h"
#include "node/view/view_open.h"
#include "node/view_thread.h"
#include "storage/registry/merge/conflict.h"
#include "storage/registry/name.h"
#include "tests/lib/tempdir.h"
#include "tests/lib/test.h"
#include "tools/synth_store.h"

#define PERSONS 500u
#define ALL     4096u

static struct sg_synth_store store;
static char *dir;
static struct sg_key *key;
static struct sg_view *view;
static struct sg_view_reader *reader;
static enum sg_sealed_start start;

static const struct sg_unit_key *everybody(void *context, uint32_t number,
                                           uint64_t key_entry,
                                           size_t *ret_count)
{
    (void)context;
    (void)number;
    (void)key_entry;
    *ret_count = 0;
    return NULL;
}

/* Counts what is read of the log of records, which comes before that of the
 * authority. */
static enum sg_err (*read_store)(void *context, uint32_t number, uint64_t first,
                                 size_t count_max,
                                 struct sg_feed_item *ret_items,
                                 size_t *ret_count);
static uint64_t n_read;

static enum sg_err count_read(void *context, uint32_t number, uint64_t first,
                              size_t count_max, struct sg_feed_item *ret_items,
                              size_t *ret_count)
{
    enum sg_err err =
        read_store(context, number, first, count_max, ret_items, ret_count);

    if (err == SG_OK && number == sg_store_own(store.store, 0)->number)
        n_read += *ret_count;
    return err;
}

/* Opens a view in which every unit reads all. */
static void open_view(void)
{
    static const struct sg_key *scopes[1];
    const struct sg_view_config config = {.dir = dir,
                                          .key = key,
                                          .map_size = 1 << 22,
                                          .map_size_max = 1 << 30,
                                          .reserve_size = 1};
    struct sg_feed feed;

    scopes[0] = store.scope;
    assert_ok(sg_feed_store_new(store.store, scopes, 1, NULL, &feed));
    feed.readers = everybody;
    read_store = feed.read;
    feed.read = count_read;
    assert_ok(sg_view_open_feed(&config, sg_store_registry(store.store), &feed,
                                &view, &start));
    assert_ok(sg_view_reader_new(view, &reader));
}

static void close_view(void)
{
    sg_view_reader_free(reader);
    sg_view_close(view);
    reader = NULL;
    view = NULL;
}

static void apply_all(void)
{
    bool is_done = false;

    while (!is_done)
        assert_ok(sg_view_apply(view, 100, &is_done));
}

static void verify_all(void)
{
    bool is_done = false;

    while (!is_done)
        assert_ok(sg_view_verify(view, 100, &is_done));
    apply_all();
}

static int setup_all(void **state)
{
    static const uint8_t secret[SG_KEY_SIZE] = {5};
    struct sg_synth_store_options options = {
        .persons = PERSONS, .seed = 3, .is_whole = true, .is_sorted = true};

    (void)state;
    assert_ok(sg_crypto_init());
    dir = sg_tempdir_new();
    options.dir = dir;
    assert_ok(sg_synth_store_make(&options, &store));
    assert_ok(sg_key_file_new(SG_KEY_VIEW, NULL, secret, &key));
    open_view();
    assert_int_equal(start, SG_SEALED_MADE);
    apply_all();
    return 0;
}

static int teardown_all(void **state)
{
    (void)state;
    close_view();
    sg_key_file_free(key);
    sg_synth_store_close(&store);
    sg_tempdir_free(dir);
    return 0;
}

/* --- helpers ----------------------------------------------------------- */

static size_t list_all(struct sg_uid *uids)
{
    struct sg_view_page page = {.max = ALL, .uids = uids};

    assert_ok(sg_view_find_all(reader, &page));
    assert_int_equal(page.cursor, 0);
    return page.count;
}

static bool has(const struct sg_view_page *page, const struct sg_uid *uid)
{
    for (size_t i = 0; i < page->count; i++)
        if (sg_uid_compare(&page->uids[i], uid) == 0)
            return true;
    return false;
}

static const struct sg_subject_object *person_of(
    const struct sg_subject *subject)
{
    return sg_subject_find(subject, SG_TYPE_PERSON, sg_bytes(NULL, 0));
}

/* --- finding ----------------------------------------------------------- */

/* Everybody is found by number, by unit, by his name without diacritics and in
 * capitals, with his year of birth, and in his buckets. */
static void test_found(void **state)
{
    static struct sg_uid uids[ALL], found[ALL];
    size_t count = list_all(uids), n_named = 0, n_numbered = 0;

    (void)state;
    assert_true(count > PERSONS);
    for (size_t i = 0; i < count; i++) {
        struct sg_view_page page = {.max = ALL, .uids = found};
        struct sg_view_name asked = {.text = {NULL, 0}};
        const struct sg_subject *subject;
        const struct sg_subject_cell *cell;
        struct sg_record_name name;
        struct sg_msgpack at;
        struct sg_date birth;
        struct sg_unit_key unit;
        uint32_t buckets[SG_VIEW_BUCKETS_MAX];
        char text[512];
        size_t n_buckets;
        uint64_t pin;

        assert_ok(sg_view_person(reader, &uids[i], &subject));
        pin = sg_subject_pin(subject);
        unit = subject->unit;
        cell = sg_subject_known(person_of(subject), SG_FIELD_PERSON_NAME);
        birth = sg_subject_date(person_of(subject), SG_FIELD_PERSON_BIRTH);
        if (cell != NULL) {
            sg_subject_open(cell, &at);
            name = sg_record_read_name(&at);
            (void)snprintf(text, sizeof text, "%.*s %.*s %.*s",
                           (int)name.family.size, name.family.data,
                           (int)name.middle.size, name.middle.data,
                           (int)name.given.size, name.given.data);
            n_buckets = sg_subject_is_counted(subject)
                            ? sg_view_bucket_of(&name, birth, buckets)
                            : 0;
        }
        assert_ok(sg_view_find_unit(reader, unit, &page));
        assert_true(has(&page, &uids[i]));
        if (pin != 0) {
            assert_ok(sg_view_find_pin(reader, pin, &page));
            assert_true(has(&page, &uids[i]));
            n_numbered++;
        }
        if (cell == NULL)
            continue;
        asked.text = sg_bytes(text, strlen(text));
        assert_ok(sg_view_find_name(reader, &asked, &page));
        assert_true(has(&page, &uids[i]));
        asked.unit = unit;
        asked.birth_year = birth.ymd / 10000;
        assert_ok(sg_view_find_name(reader, &asked, &page));
        assert_true(has(&page, &uids[i]));
        asked.birth_year = 1800;
        assert_ok(sg_view_find_name(reader, &asked, &page));
        assert_int_equal(page.count, 0);
        for (size_t k = 0; k < n_buckets; k++) {
            assert_ok(sg_view_find_bucket(reader, buckets[k], &page));
            assert_true(has(&page, &uids[i]));
        }
        n_named++;
    }
    assert_true(n_named > PERSONS * 9 / 10);
    assert_true(n_numbered > PERSONS * 8 / 10);
}

/* Words without marks, in capitals, find what has them; family and given name
 * find a whole name; a given name finds within a unit. */
static void test_words(void **state)
{
    static struct sg_uid uids[ALL], found[ALL];
    size_t count = list_all(uids), n_tried = 0;

    (void)state;
    for (size_t i = 0; i < count; i++) {
        struct sg_view_page page = {.max = ALL, .uids = found};
        struct sg_view_name asked = {.text = {NULL, 0}};
        const struct sg_subject *subject;
        const struct sg_subject_cell *cell;
        struct sg_record_name name;
        struct sg_msgpack at;
        struct sg_writer writer;
        struct sg_unit_key unit;
        uint8_t text[256];
        size_t given;

        assert_ok(sg_view_person(reader, &uids[i], &subject));
        cell = sg_subject_known(person_of(subject), SG_FIELD_PERSON_NAME);
        unit = subject->unit;
        if (cell == NULL)
            continue;
        sg_subject_open(cell, &at);
        name = sg_record_read_name(&at);
        sg_writer_init_array(&writer, text, sizeof text);
        assert_ok(sg_name_search_key(&writer, name.family));
        sg_writer_bytes(&writer, SG_BYTES_TEXT("   "));
        given = writer.size;
        assert_ok(sg_name_search_key(&writer, name.given));
        for (size_t k = 0; k < writer.size; k++)
            if (text[k] >= 'a' && text[k] <= 'z')
                text[k] = (uint8_t)(text[k] - 'a' + 'A');
        if (memchr(text, ' ', given - 3) != NULL ||
            memchr(text + given, ' ', writer.size - given) != NULL)
            continue; /* more than a word each */
        asked.text = sg_bytes(text, writer.size);
        assert_ok(sg_view_find_name(reader, &asked, &page));
        assert_true(has(&page, &uids[i]));
        asked.text = sg_bytes(text + given, writer.size - given);
        asked.unit = unit;
        assert_ok(sg_view_find_name(reader, &asked, &page));
        assert_true(has(&page, &uids[i]));
        n_tried++;
    }
    assert_true(n_tried > PERSONS / 2);
}

/* Pages of one go through all, each once. */
static void test_pages(void **state)
{
    static struct sg_uid uids[ALL];
    size_t count = list_all(uids), at = 0;
    struct sg_uid one;
    struct sg_view_page page = {.max = 1, .uids = &one};

    (void)state;
    do {
        assert_ok(sg_view_find_all(reader, &page));
        if (page.count == 1) {
            assert_true(at < count);
            assert_memory_equal(&one, &uids[at], sizeof one);
            at++;
        }
    } while (page.cursor != 0);
    assert_int_equal(at, count);
}

/* What cannot be asked is refused. */
static void test_refusals(void **state)
{
    struct sg_uid uid = {{0}};
    struct sg_view_page page = {.max = 1, .uids = &uid};
    struct sg_view_name asked = {.text = SG_BYTES_TEXT("Hoa")};
    const struct sg_subject *subject;

    (void)state;
    assert_err(sg_view_person(reader, &uid, &subject), NOTFOUND);
    assert_err(sg_view_find_name(reader, &asked, &page), INVALID);
    asked.text = SG_BYTES_TEXT("   ");
    asked.unit.value = 1;
    assert_err(sg_view_find_name(reader, &asked, &page), INVALID);
    asked.text = SG_BYTES_TEXT("Nguy\xff n Hoa");
    assert_err(sg_view_find_name(reader, &asked, &page), TEXT);
    assert_ok(sg_view_find_pin(reader, 1, &page));
    assert_int_equal(page.count, 0);
    assert_int_equal(page.cursor, 0);
}

/* --- conflicts, figures ------------------------------------------------ */

struct counts {
    struct sg_unit_key units[256];
    int64_t open[256];
    size_t n_units;
    int64_t persons, all;
};

static enum sg_err take_conflicts(void *context,
                                  const struct sg_view_tally *tally)
{
    struct counts *counts = context;
    int64_t sum = 0;

    for (unsigned i = 0; i <= SG_CONFLICT_COUNT; i++)
        sum += tally->conflicts[i];
    if (counts->n_units < 256) {
        counts->units[counts->n_units] = tally->unit;
        counts->open[counts->n_units++] = sum;
    }
    counts->all += sum;
    return SG_OK;
}

static enum sg_err take_measure(void *context,
                                const struct sg_view_tally *tally)
{
    struct counts *counts = context;

    counts->persons += tally->measure->persons;
    return SG_OK;
}

/* What is counted of conflicts is what the subjects have that are listed with
 * whoever decides, and all that subjects have is listed. */
static void test_conflicts(void **state)
{
    static struct sg_uid uids[ALL], found[ALL];
    size_t count = list_all(uids);
    struct counts counts = {.n_units = 0};
    int64_t n_open = 0;

    (void)state;
    assert_ok(sg_view_conflict_counts(view, take_conflicts, &counts));
    for (size_t i = 0; i < count; i++) {
        const struct sg_subject *subject;
        struct sg_unit_key owners[32];
        size_t n_owners = 0;

        assert_ok(sg_view_person(reader, &uids[i], &subject));
        for (size_t k = 0; k < subject->n_conflicts && n_owners < 32; k++) {
            const struct sg_subject_conflict *at = &subject->conflicts[k];

            if (at->state == SG_SUBJECT_DECIDED ||
                sg_conflict_get(at->rule)->owner == SG_CONFLICT_NOBODY)
                continue;
            owners[n_owners++] = sg_conflict_owner(
                sg_authority_units(sg_view_hold(view)), subject, at);
            sg_view_release(view);
            n_open++;
        }
        for (size_t k = 0; k < n_owners; k++) {
            struct sg_view_page page = {.max = ALL, .uids = found};

            assert_ok(sg_view_conflicts(reader, owners[k], false, &page));
            assert_true(has(&page, &uids[i]));
        }
    }
    assert_true(n_open > 0);
    assert_int_equal(counts.all, n_open);
}

/* Quality counts the living that the roots count. */
static void test_figures(void **state)
{
    struct counts counts = {.n_units = 0};
    struct sg_view_root root;

    (void)state;
    assert_ok(sg_view_measures(view, take_measure, &counts));
    assert_ok(sg_view_root_all(view, &root));
    assert_true(counts.persons > (int64_t)PERSONS * 8 / 10);
    assert_int_equal(counts.persons, (int64_t)root.root.n_persons);
}

static size_t count_bits(const uint8_t *bits)
{
    size_t count = 0;

    for (size_t i = 0; i < SG_VIEW_BUCKETS; i++)
        count += bits[i / 8] >> i % 8 & 1;
    return count;
}

/* Buckets are told as bits: hardly more than two for each person. */
static void test_buckets(void **state)
{
    static uint8_t bits[SG_VIEW_BUCKETS / 8];

    (void)state;
    assert_ok(sg_view_buckets(reader, bits));
    assert_in_range(count_bits(bits), PERSONS, 5 * PERSONS / 2);
}

/* --- life -------------------------------------------------------------- */

/* A root is no number before the signatures are checked; then it is, and
 * approvals count. */
static void test_verified(void **state)
{
    struct sg_view_root before, after;

    (void)state;
    assert_ok(sg_view_root_all(view, &before));
    assert_int_equal(before.reasons, SG_VIEW_UNSIGNED);
    verify_all();
    assert_ok(sg_view_root_all(view, &after));
    assert_int_equal(after.reasons, 0);
    assert_memory_not_equal(&before.root.sum, &after.root.sum,
                            sizeof before.root.sum);
}

/* What was left is there again; under another key it is made anew, and comes to
 * the same. */
static void test_again(void **state)
{
    static const uint8_t secret[SG_KEY_SIZE] = {6};
    struct sg_view_status status;
    struct sg_view_root before, after;
    bool is_done;

    (void)state;
    verify_all();
    assert_ok(sg_view_root_all(view, &before));
    close_view();
    open_view();
    assert_int_equal(start, SG_SEALED_FOUND);
    assert_ok(sg_view_apply(view, 1, &is_done));
    assert_true(is_done);
    sg_view_status(view, &status);
    assert_int_equal(status.applied, status.held);
    assert_int_equal(status.verified, status.held);
    assert_ok(sg_view_root_all(view, &after));
    assert_memory_equal(&before.root, &after.root, sizeof before.root);
    close_view();
    sg_key_file_free(key);
    assert_ok(sg_key_file_new(SG_KEY_VIEW, NULL, secret, &key));
    open_view();
    assert_int_equal(start, SG_SEALED_KEY);
    apply_all();
    verify_all();
    assert_ok(sg_view_root_all(view, &after));
    assert_memory_equal(&before.root, &after.root, sizeof before.root);
}

/* Rebuilt it is the same. */
static void test_rebuilt(void **state)
{
    struct sg_view_root before, after;

    (void)state;
    verify_all();
    assert_ok(sg_view_root_all(view, &before));
    assert_ok(sg_view_rebuild(view, key));
    verify_all();
    assert_ok(sg_view_root_all(view, &after));
    assert_memory_equal(&before.root, &after.root, sizeof before.root);
}

/* Records are read once, wherever the log is that founds the registry. */
static void test_read_once(void **state)
{
    (void)state;
    n_read = 0;
    assert_ok(sg_view_rebuild(view, key));
    assert_in_range(n_read, store.records,
                    store.records + UINT64_C(4) * SG_FEED_ITEMS_MAX);
}

/* The thread does all of it while others read. */
static void test_thread(void **state)
{
    const struct timespec moment = {.tv_nsec = 1000000};
    struct sg_view_thread *thread;
    struct sg_view_status status;
    struct sg_view_root root;
    struct sg_uid uid;
    struct sg_view_page page = {.max = 1, .uids = &uid};

    (void)state;
    assert_ok(sg_view_rebuild(view, key));
    assert_ok(sg_view_thread_new(view, NULL, NULL, &thread));
    do {
        (void)nanosleep(&moment, NULL);
        assert_ok(sg_view_thread_err(thread));
        page.cursor = 0;
        assert_ok(sg_view_find_all(reader, &page));
        sg_view_status(view, &status);
    } while (status.verified < status.held || status.to_fold > 0);
    sg_view_thread_free(thread);
    apply_all();
    assert_ok(sg_view_root_all(view, &root));
    assert_int_equal(root.reasons, 0);
}

/* Without scope keys nothing is readable, and no root is a number. */
static void test_no_keys(void **state)
{
    const struct sg_view_config config = {
        .dir = dir, .store = store.store, .key = key, .reserve_size = 1};
    struct sg_view_root root;
    struct sg_view_status status;

    (void)state;
    close_view();
    assert_ok(sg_view_open(&config, &view, &start));
    assert_ok(sg_view_reader_new(view, &reader));
    assert_ok(sg_view_rebuild(view, key));
    assert_ok(sg_view_root_all(view, &root));
    assert_int_equal(root.root.n_persons, 0);
    assert_true((root.reasons & SG_VIEW_UNREADABLE) != 0);
    sg_view_status(view, &status);
    assert_int_equal(status.applied, status.held);
    assert_int_equal(status.subjects, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found),     cmocka_unit_test(test_words),
        cmocka_unit_test(test_pages),     cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_conflicts), cmocka_unit_test(test_figures),
        cmocka_unit_test(test_buckets),   cmocka_unit_test(test_verified),
        cmocka_unit_test(test_again),     cmocka_unit_test(test_rebuilt),
        cmocka_unit_test(test_read_once), cmocka_unit_test(test_thread),
        cmocka_unit_test(test_no_keys),
    };

    return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
