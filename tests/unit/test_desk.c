/* The desk over a real store and keeper: forms in, places out. */
#include "node/desk.h"

#include <jansson.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "node/gazette.h"
#include "node/identity.h"
#include "node/unseal.h"
#include "storage/base/alloc.h"
#include "storage/base/text.h"
#include "storage/base/wall.h"
#include "storage/lmdb/key_store.h"
#include "storage/registry/authority_scope.h"
#include "storage/registry/record_build.h"
#include "tests/lib/founding.h"
#include "tests/lib/tempdir.h"
#include "tests/lib/test.h"

/* What the clock on the wall shows instead; 0: what it shows. Both threads look
 * at it. */
static atomic_int_fast64_t shown_ms;

struct sg_wall __real_sg_clock_wall(void);
struct sg_wall __wrap_sg_clock_wall(void);
struct sg_wall __wrap_sg_clock_wall(void)
{
    int64_t ms = atomic_load(&shown_ms);

    return ms != 0 ? (struct sg_wall){ms} : __real_sg_clock_wall();
}

#define CITIZENS 12
#define FORMS    60

struct form {
    struct sg_buf inner;
    uint8_t signature[SG_SIGNATURE_SIZE];
    struct sg_unit_key capture, home;
};

struct fixture {
    char *dir;
    char path[512];
    struct sg_identity identity;
    struct sg_keeper *keeper;
    struct sg_desk *desk;
    sem_t news;
    bool is_stopped;
    struct form forms[FORMS];
    struct sg_desk_paper *answers[FORMS]; /* by the number of the form */
};

/* --- A node's desk --------------------------------------------------------
 */

static void on_wake(void *context)
{
    (void)sem_post(&((struct fixture *)context)->news);
}

static void read_base64(const json_t *json, struct sg_buf *buf)
{
    struct sg_writer writer;

    sg_writer_init_buf(&writer, buf);
    sg_text_base64_decode(
        &writer, sg_bytes(json_string_value(json), json_string_length(json)));
    assert_ok(sg_writer_end(&writer));
}

static void read_forms(struct fixture *fixture)
{
    char path[600];
    FILE *file;

    snprintf(path, sizeof path, "%s/forms.jsonl", fixture->dir);
    file = fopen(path, "rbe");
    assert_non_null(file);
    for (size_t i = 0; i < FORMS; i++) {
        struct form *form = &fixture->forms[i];
        json_t *json = json_loadf(file, JSON_DISABLE_EOF_CHECK, NULL);
        struct sg_buf signature;

        assert_non_null(json);
        sg_buf_init(&form->inner, SG_RECORD_SIZE_MAX);
        read_base64(json_object_get(json, "inner"), &form->inner);
        sg_buf_init(&signature, SG_SIGNATURE_SIZE);
        read_base64(json_object_get(json, "signature"), &signature);
        assert_int_equal(signature.size, SG_SIGNATURE_SIZE);
        memcpy(form->signature, signature.data, SG_SIGNATURE_SIZE);
        form->capture.value =
            (uint64_t)json_integer_value(json_object_get(json, "capture"));
        form->home.value =
            (uint64_t)json_integer_value(json_object_get(json, "home"));
        sg_buf_clear(&signature);
        json_decref(json);
    }
    fclose(file);
}

/* Opens NODE's directory, whose store has RESERVE bytes for others. */
static void open_node(struct fixture *fixture, unsigned node, uint64_t reserve)
{
    struct sg_store_config config = {.dir = fixture->path,
                                     .reserve_size = reserve};
    const char *what;

    snprintf(fixture->path, sizeof fixture->path, "%s/%u", fixture->dir, node);
    assert_ok(sg_identity_open(&config, NULL, &fixture->identity, &what));
    assert_ok(sg_keeper_new(fixture->identity.store, on_wake, fixture,
                            &fixture->keeper));
}

static void open_desk(struct fixture *fixture, const struct sg_key *scope)
{
    struct sg_desk_config config = {
        .store = fixture->identity.store,
        .keeper = fixture->keeper,
        .scope = scope,
        .wake = on_wake,
        .context = fixture,
    };
    struct sg_store_log log;

    memcpy(config.node, fixture->identity.node->public_key, SG_KEY_SIZE);
    assert_ok(sg_desk_new(&config, &fixture->desk));
    assert_ok(sg_store_get(fixture->identity.store, 1, &log));
    sg_desk_judge(fixture->desk, log.row.known.size, 0);
}

static void forget_answers(struct fixture *fixture)
{
    for (size_t i = 0; i < FORMS; i++) {
        sg_desk_paper_free(fixture->answers[i]);
        fixture->answers[i] = NULL;
    }
}

static void close_node(struct fixture *fixture)
{
    forget_answers(fixture);
    sg_desk_stop(fixture->desk);
    sg_keeper_free(fixture->keeper);
    sg_desk_free(fixture->desk);
    sg_identity_close(&fixture->identity);
    fixture->keeper = NULL;
    fixture->desk = NULL;
}

static int setup(void **state)
{
    struct fixture *fixture = sg_calloc(1, sizeof *fixture);

    assert_non_null(fixture);
    fixture->dir = sg_tempdir_new();
    assert_int_equal(sem_init(&fixture->news, 0, 0), 0);
    founding_make_forms(fixture->dir, 2, CITIZENS);
    read_forms(fixture);
    open_node(fixture, 0, 0);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    atomic_store(&shown_ms, 0);
    close_node(fixture);
    for (size_t i = 0; i < FORMS; i++)
        sg_buf_clear(&fixture->forms[i].inner);
    sem_destroy(&fixture->news);
    sg_tempdir_free(fixture->dir);
    sg_free(fixture);
    assert_int_equal(sg_alloc_live(), 0);
    return 0;
}

/* --- Papers ---------------------------------------------------------------
 */

static struct sg_desk_paper *paper_of(struct fixture *fixture, size_t i)
{
    const struct form *form = &fixture->forms[i];
    struct sg_desk_paper *paper = sg_desk_paper_new(sg_buf_bytes(&form->inner));

    assert_non_null(paper);
    paper->owner = &fixture->answers[i];
    paper->capture = form->capture;
    paper->home = form->home;
    paper->is_signed = true;
    memcpy(paper->signature, form->signature, SG_SIGNATURE_SIZE);
    return paper;
}

static void put(struct fixture *fixture, size_t i)
{
    assert_ok(sg_desk_put(fixture->desk, paper_of(fixture, i)));
}

/* Does the loop's part until COUNT papers have come back. */
static void take(struct fixture *fixture, size_t count)
{
    while (count > 0) {
        struct sg_keeper_done done;
        struct sg_desk_paper *paper, *next;

        assert_int_equal(sem_wait(&fixture->news), 0);
        sg_keeper_take(fixture->keeper, &done);
        assert_ok(done.err);
        for (struct sg_keeper_job *job = done.jobs; job != NULL;
             job = job->next)
            if (job->append.owner != NULL)
                sg_desk_settle(fixture->desk, job);
        sg_keeper_done_clear(&done);
        for (paper = sg_desk_take(fixture->desk); paper != NULL; paper = next) {
            struct sg_desk_paper **answer = paper->owner;

            next = paper->next;
            assert_null(*answer);
            *answer = paper;
            count--;
        }
    }
}

static const struct sg_desk_paper *submit(struct fixture *fixture, size_t i,
                                          struct sg_desk_paper *paper)
{
    sg_desk_paper_free(fixture->answers[i]);
    fixture->answers[i] = NULL;
    assert_ok(sg_desk_put(fixture->desk, paper));
    take(fixture, 1);
    return fixture->answers[i];
}

/* What the node wrote of its clock. */
struct clock {
    uint64_t ms; /* of the hlc */
    int64_t wall_ms;
    unsigned trust;
};

/* The entry of PAPER opens, and has the inner bytes that were handed in. */
static struct clock check_entry(struct fixture *fixture,
                                const struct sg_desk_paper *paper)
{
    struct sg_store *store = fixture->identity.store;
    struct sg_fetch *fetch = sg_alloc(sizeof *fetch);
    struct sg_unseal *unseal;
    struct sg_store_log log;
    struct sg_record record;
    struct sg_bytes body;
    struct clock clock;
    enum sg_seal_kind kind;

    assert_non_null(fetch);
    sg_fetch_init(fetch, SG_PAYLOAD_SIZE_MAX);
    assert_ok(sg_store_find(store, &paper->log, 0, &log));
    assert_true(paper->checkpoint.size > paper->index);
    assert_ok(sg_checkpoint_verify(sg_store_registry(store), &paper->log,
                                   fixture->identity.node->public_key,
                                   &paper->checkpoint));
    assert_ok(sg_fetch_range(store, log.number, paper->index, 1, fetch));
    assert_ok(sg_unseal_new(store, fixture->identity.scope, &unseal));
    assert_ok(sg_unseal_body(unseal, &log, &fetch->entries[0], paper->index,
                             &kind, &body));
    assert_int_equal(kind, SG_SEAL_RECORD);
    assert_ok(sg_record_decode(body, &record));
    assert_true(
        sg_bytes_equal(record.inner, sg_bytes(paper->inner, paper->size)));
    clock.ms = record.copy.hlc >> 16;
    clock.wall_ms = (int64_t)clock.ms + record.copy.wall_offset;
    clock.trust = record.copy.trust;
    sg_unseal_free(unseal);
    sg_fetch_clear(fetch);
    sg_free(fetch);
    return clock;
}

/* The clock stands at 1970, as it does where a battery is dead: what is filed
 * says so, is of no earlier time than the authority has said, and of a later
 * one than what was filed before. Before any heartbeat that is the genesis'
 * day. */
static void test_clock_behind(void **state)
{
    static const uint64_t beat_ms = UINT64_C(1800000000000);
    struct fixture *fixture = *state;
    const struct sg_desk_paper *paper;
    struct clock first, second;
    uint64_t position;

    atomic_store(&shown_ms, 1000);
    open_desk(fixture, fixture->identity.scope);
    assert_int_equal(sg_desk_floor(fixture->desk), 0); /* nothing is read yet */
    first = check_entry(fixture, submit(fixture, 0, paper_of(fixture, 0)));
    assert_int_equal(first.ms, FOUNDING_BEGIN_MS);
    assert_int_equal(first.wall_ms, 1000);
    assert_int_equal(first.trust, SG_RECORD_TRUST_UNKNOWN);
    assert_int_equal(sg_desk_floor(fixture->desk), FOUNDING_BEGIN_MS);
    position = fixture->answers[0]->checkpoint.size;

    close_node(fixture);
    open_node(fixture, 0, 0);
    open_desk(fixture, fixture->identity.scope);
    sg_desk_judge(fixture->desk, position, beat_ms);
    assert_int_equal(sg_desk_floor(fixture->desk), beat_ms);
    paper = submit(fixture, 1, paper_of(fixture, 1));
    second = check_entry(fixture, paper);
    assert_int_equal(second.ms, beat_ms);
    assert_int_equal(second.wall_ms, 1000);

    /* The battery was changed: the clock is believed again. */
    atomic_store(&shown_ms, (int64_t)beat_ms + 5000);
    paper = submit(fixture, 2, paper_of(fixture, 2));
    second = check_entry(fixture, paper);
    assert_int_equal(second.ms, beat_ms + 5000);
    assert_int_not_equal(second.trust, SG_RECORD_TRUST_UNKNOWN);
}

/* Every form is filed once, sealed for its place, under a signed checkpoint;
 * handed in again it is where it was, also for a desk that has just begun. */
static void test_filed_once(void **state)
{
    struct fixture *fixture = *state;
    struct sg_desk_counts counts;
    uint64_t at[FORMS];

    open_desk(fixture, fixture->identity.scope);
    for (size_t i = 0; i < FORMS; i++)
        put(fixture, i);
    take(fixture, FORMS);
    for (size_t i = 0; i < FORMS; i++) {
        assert_int_equal(fixture->answers[i]->answer, SG_DESK_KEPT);
        check_entry(fixture, fixture->answers[i]);
        at[i] = fixture->answers[i]->index;
        /* A content key may stand before it. */
        assert_true(i == 0 || at[i] == at[i - 1] + 1 || at[i] == at[i - 1] + 2);
    }
    for (unsigned round = 0; round < 2; round++) {
        forget_answers(fixture);
        for (size_t i = 0; i < FORMS; i++)
            put(fixture, i);
        take(fixture, FORMS);
        for (size_t i = 0; i < FORMS; i++) {
            assert_int_equal(fixture->answers[i]->answer, SG_DESK_KEPT_BEFORE);
            assert_int_equal(fixture->answers[i]->index, at[i]);
            check_entry(fixture, fixture->answers[i]);
        }
        sg_desk_count(fixture->desk, &counts);
        assert_int_equal(counts.again, FORMS);
        assert_int_equal(counts.waiting, 0);
        close_node(fixture);
        open_node(fixture, 0, 0);
        open_desk(fixture, fixture->identity.scope);
    }
}

/* The scope key of UNIT as NODE was given it; NULL: it was not. */
static struct sg_key *given_key(const struct fixture *fixture,
                                const struct sg_authority *authority,
                                struct sg_unit_key unit, unsigned node)
{
    const struct sg_registry_id *registry =
        sg_store_registry(fixture->identity.store);
    uint8_t file[SG_KEY_FILE_SIZE];
    struct sg_authority_scope scope;
    struct sg_scope_pair pair;
    struct sg_key *transport, *key = NULL;
    char folder[600];

    snprintf(folder, sizeof folder, "%s/%u/keys", fixture->dir, node);
    assert_ok(sg_key_store_read(folder, "transport", file));
    assert_ok(sg_key_file_decode(SG_BYTES_ARRAY(file), sg_bytes(NULL, 0),
                                 &transport));
    assert_true(sg_authority_scope_current(authority, unit, &scope));
    if (sg_authority_scope_open(authority, &scope.id, transport->public_key,
                                transport->secret, &pair) == SG_OK)
        assert_ok(sg_key_file_new(SG_KEY_SCOPE, registry, pair.secret, &key));
    sg_key_file_free(transport);
    return key;
}

/* What becomes of PAPER's entry when SCOPE opens it. */
static enum sg_err open_entry(struct fixture *fixture,
                              const struct sg_desk_paper *paper,
                              const struct sg_key *scope)
{
    struct sg_store *store = fixture->identity.store;
    struct sg_fetch *fetch = sg_alloc(sizeof *fetch);
    struct sg_unseal *unseal;
    struct sg_store_log log;
    struct sg_bytes body;
    enum sg_seal_kind kind;
    enum sg_err err;

    assert_non_null(fetch);
    sg_fetch_init(fetch, SG_PAYLOAD_SIZE_MAX);
    assert_ok(sg_store_find(store, &paper->log, 0, &log));
    assert_ok(sg_fetch_range(store, log.number, paper->index, 1, fetch));
    assert_ok(sg_unseal_new(store, scope, &unseal));
    err = sg_unseal_body(unseal, &log, &fetch->entries[0], paper->index, &kind,
                         &body);
    sg_unseal_free(unseal);
    sg_fetch_clear(fetch);
    sg_free(fetch);
    return err;
}

/* A record is for its capture commune, its home commune, the commune that this
 * has become, and the centre, whose keys open it; another commune's does not.
 */
static void test_readers(void **state)
{
    struct fixture *fixture = *state;
    const struct sg_authority *authority;
    struct sg_gazette *gazette;
    size_t strangers = 0;

    open_desk(fixture, fixture->identity.scope);
    for (size_t i = 0; i < FORMS; i++)
        put(fixture, i);
    take(fixture, FORMS);
    assert_ok(sg_gazette_new(fixture->identity.store, &gazette));
    assert_ok(sg_gazette_read(gazette));
    authority = sg_gazette_authority(gazette);
    for (size_t i = 0; i < FORMS; i++) {
        const struct form *form = &fixture->forms[i];
        const struct form *other = &fixture->forms[(i + FORMS / 2) % FORMS];
        struct sg_key *keys[] = {
            given_key(fixture, authority, sg_authority_centre(authority), 0),
            given_key(fixture, authority, form->capture, 1),
            given_key(fixture, authority, form->home, 1),
            given_key(fixture, authority,
                      sg_unit_carry(sg_authority_units(authority), form->home,
                                    sg_authority_as_of(authority))
                          .unit,
                      1),
            given_key(fixture, authority, other->home, 1),
        };
        bool is_stranger = other->home.value != form->home.value &&
                           other->home.value != form->capture.value;

        assert_int_equal(fixture->answers[i]->answer, SG_DESK_KEPT);
        assert_null(given_key(fixture, authority, form->home, 0));
        for (size_t k = 0; k < 5; k++) {
            assert_non_null(keys[k]);
            if (k < 4)
                assert_ok(open_entry(fixture, fixture->answers[i], keys[k]));
            else if (is_stranger)
                strangers += open_entry(fixture, fixture->answers[i],
                                        keys[k]) == SG_ERR_NOTFOUND;
            sg_key_file_free(keys[k]);
        }
    }
    assert_true(strangers > FORMS / 4);
    sg_gazette_free(gazette);
}

/* A desk that begins anew goes on with the keys that it made: a record for the
 * same readers follows without a key before it. */
static void test_same_key(void **state)
{
    struct fixture *fixture = *state;
    size_t second = 1;
    uint64_t at;

    while (fixture->forms[second].capture.value !=
               fixture->forms[0].capture.value ||
           fixture->forms[second].home.value != fixture->forms[0].home.value)
        assert_true(++second < FORMS);
    open_desk(fixture, fixture->identity.scope);
    at = submit(fixture, 0, paper_of(fixture, 0))->index;
    close_node(fixture);
    open_node(fixture, 0, 0);
    open_desk(fixture, fixture->identity.scope);
    assert_int_equal(submit(fixture, second, paper_of(fixture, second))->index,
                     at + 1);
}

/* The same form twice in one breath is filed once, and both hear where. */
static void test_twice_at_once(void **state)
{
    struct fixture *fixture = *state;
    struct sg_desk_paper *second = paper_of(fixture, 0);

    open_desk(fixture, fixture->identity.scope);
    second->owner = &fixture->answers[1];
    put(fixture, 0);
    assert_ok(sg_desk_put(fixture->desk, second));
    take(fixture, 2);
    assert_int_equal(fixture->answers[0]->answer, SG_DESK_KEPT);
    assert_int_equal(fixture->answers[1]->answer, SG_DESK_KEPT_BEFORE);
    assert_int_equal(fixture->answers[0]->index, fixture->answers[1]->index);
}

/* Sets RET to FORM with another first field, or what CHANGE makes of it. */
static struct sg_desk_paper *changed(struct fixture *fixture, size_t i,
                                     size_t at, uint8_t change)
{
    struct sg_desk_paper *paper = paper_of(fixture, i);

    assert_true(at < paper->size);
    paper->inner[at] ^= change;
    return paper;
}

/* What admission would refuse is not written, and it is said which check. */
static void test_refused(void **state)
{
    struct fixture *fixture = *state;
    const struct sg_desk_paper *answer;
    struct sg_desk_paper *paper;
    struct sg_record record;
    struct sg_store_log log;
    size_t last = fixture->forms[0].inner.size - 1;
    size_t officer;

    open_desk(fixture, fixture->identity.scope);
    assert_ok(sg_record_decode_inner(sg_buf_bytes(&fixture->forms[0].inner),
                                     &record));
    officer = last - 16 - 2 - 7; /* keyid, then bin 16 with its head */
    answer = submit(fixture, 0, changed(fixture, 0, 0, 1));
    assert_int_equal(answer->answer, SG_DESK_REFUSED);
    assert_int_equal(answer->code, SG_ADMISSION_A03);
    assert_false(answer->has_id);

    paper = changed(fixture, 0, 1, 0x20 ^ 0x7f);
    answer = submit(fixture, 0, paper);
    assert_int_equal(answer->answer, SG_DESK_REFUSED);
    assert_int_equal(answer->code, SG_ADMISSION_A04);
    assert_true(answer->has_id);

    answer = submit(fixture, 0, changed(fixture, 0, officer, 1));
    assert_int_equal(answer->answer, SG_DESK_REFUSED);
    assert_int_equal(answer->code, SG_ADMISSION_A10);

    answer = submit(fixture, 0, changed(fixture, 0, last, 1));
    assert_int_equal(answer->answer, SG_DESK_REFUSED);
    assert_int_equal(answer->code, SG_ADMISSION_A12);

    assert_int_equal(submit(fixture, 0, paper_of(fixture, 0))->answer,
                     SG_DESK_KEPT);
    answer = submit(fixture, 0, changed(fixture, 0, 8, 1)); /* the subject */
    assert_int_equal(answer->answer, SG_DESK_USED);
    assert_ok(sg_store_get(fixture->identity.store,
                           sg_store_own(fixture->identity.store, 0)->number,
                           &log));
    assert_int_equal(log.row.known.size,
                     fixture->answers[0]->has_id ? log.row.frontier.size : 0);
}

/* The authority's position is judged when a record names it; before that a
 * record that says more than is held waits. */
static void test_position_ahead(void **state)
{
    struct fixture *fixture = *state;
    const struct sg_desk_paper *answer;
    struct sg_store_log log;

    open_desk(fixture, fixture->identity.scope);
    assert_ok(sg_store_get(fixture->identity.store, 1, &log));
    sg_desk_judge(fixture->desk, log.row.known.size + 1, 0);
    answer = submit(fixture, 0, paper_of(fixture, 0));
    assert_int_equal(answer->answer, SG_DESK_REFUSED);
    assert_int_equal(answer->code, SG_ADMISSION_A14);
    /* Not a moment later: it asks again when it would refuse. */
    sg_desk_judge(fixture->desk, log.row.known.size, 0);
    answer = submit(fixture, 0, paper_of(fixture, 0));
    assert_int_equal(answer->answer, SG_DESK_KEPT);
}

/* Somebody else wrote to the log: what was sealed for another place is sealed
 * again, and nobody hears of it. */
static void test_sealed_again(void **state)
{
    static const uint8_t payload[] = "between";
    struct fixture *fixture = *state;
    struct sg_store *store = fixture->identity.store;
    struct sg_store_log log;
    struct sg_entry entry;
    struct sg_keeper_append append = {.entries = &entry, .count = 1};

    open_desk(fixture, fixture->identity.scope);
    assert_int_equal(submit(fixture, 0, paper_of(fixture, 0))->answer,
                     SG_DESK_KEPT);
    assert_ok(sg_entry_make(sg_store_hasher(store), SG_ENTRY_PLAIN, 0,
                            sg_bytes(payload, sizeof payload), &entry));
    append.number = sg_store_own(store, 0)->number;
    assert_ok(sg_store_get(store, append.number, &log));
    append.first = log.row.known.size;
    assert_ok(sg_keeper_append(fixture->keeper, &append));
    for (size_t i = 1; i < FORMS; i++)
        put(fixture, i);
    take(fixture, FORMS - 1);
    for (size_t i = 0; i < FORMS; i++) {
        assert_int_equal(fixture->answers[i]->answer, SG_DESK_KEPT);
        assert_int_not_equal(fixture->answers[i]->index, append.first);
        check_entry(fixture, fixture->answers[i]);
    }
}

/* A full disk is said; when there is room the same form is filed, once. */
static void test_full(void **state)
{
    struct fixture *fixture = *state;
    uint64_t at;

    close_node(fixture);
    open_node(fixture, 0, UINT64_C(1) << 62);
    open_desk(fixture, fixture->identity.scope);
    for (size_t i = 0; i < FORMS; i++)
        put(fixture, i);
    take(fixture, FORMS);
    for (size_t i = 0; i < FORMS; i++)
        assert_int_equal(fixture->answers[i]->answer, SG_DESK_FULL);
    /* It did not take the failed one for filed. */
    assert_int_equal(submit(fixture, 0, paper_of(fixture, 0))->answer,
                     SG_DESK_FULL);
    close_node(fixture);
    open_node(fixture, 0, 0);
    open_desk(fixture, fixture->identity.scope);
    assert_int_equal(submit(fixture, 0, paper_of(fixture, 0))->answer,
                     SG_DESK_KEPT);
    at = fixture->answers[0]->index;
    assert_int_equal(submit(fixture, 0, paper_of(fixture, 0))->index, at);
    check_entry(fixture, fixture->answers[0]);
}

/* Without a scope key nothing is written that nobody could read; without the
 * authority's word nobody knows who may write. */
static void test_unable(void **state)
{
    struct fixture *fixture = *state;
    const struct sg_desk_paper *answer;

    open_desk(fixture, NULL);
    answer = submit(fixture, 0, paper_of(fixture, 0));
    assert_int_equal(answer->answer, SG_DESK_UNABLE);
    assert_err(answer->err, NOTFOUND);
    close_node(fixture);
    open_node(fixture, 1, 0);
    open_desk(fixture, fixture->identity.scope);
    answer = submit(fixture, 0, paper_of(fixture, 0));
    assert_int_equal(answer->answer, SG_DESK_UNABLE);
    assert_err(answer->err, STATE);
}

/* So many wait, and no more. Many at a time are taken all or none, and leave
 * places to who comes with one. */
static void test_too_many(void **state)
{
    struct fixture *fixture = *state;
    struct sg_desk_paper *paper;
    struct sg_desk_counts counts;

    open_desk(fixture, fixture->identity.scope);
    sg_desk_stop(fixture->desk);
    for (size_t i = 0; i < SG_DESK_WAITING_MAX - SG_DESK_WAITING_SPARE - 1; i++)
        assert_ok(sg_desk_put_all(fixture->desk, paper_of(fixture, 0)));
    paper = paper_of(fixture, 0);
    paper->next = paper_of(fixture, 0);
    assert_err(sg_desk_put_all(fixture->desk, paper), LIMIT);
    sg_desk_count(fixture->desk, &counts);
    assert_int_equal(counts.waiting,
                     SG_DESK_WAITING_MAX - SG_DESK_WAITING_SPARE - 1);
    sg_desk_paper_free(paper->next);
    paper->next = NULL;
    assert_ok(sg_desk_put_all(fixture->desk, paper));
    for (size_t i = 0; i < SG_DESK_WAITING_SPARE; i++)
        assert_ok(sg_desk_put(fixture->desk, paper_of(fixture, 0)));
    paper = paper_of(fixture, 0);
    assert_err(sg_desk_put(fixture->desk, paper), LIMIT);
    sg_desk_paper_free(paper);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_filed_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_clock_behind, setup, teardown),
        cmocka_unit_test_setup_teardown(test_readers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_same_key, setup, teardown),
        cmocka_unit_test_setup_teardown(test_twice_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_position_ahead, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sealed_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unable, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_many, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
