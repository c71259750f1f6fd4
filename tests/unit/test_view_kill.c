#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "node/view/feed_store.h"
#include "node/view/view_open.h"
#include "tests/lib/tempdir.h"
#include "tests/lib/test.h"
#include "tools/synth_store.h"

#define PERSONS  60u
#define TURN_MAX 64u /* more than a bulk build of so few has */

static char *dir;
static struct sg_key *scope, *key;
static struct sg_store *store;
static struct sg_view *view;
static enum sg_sealed_start start;
static struct sg_view_root whole; /* what it comes to */

/* A feed whose reader dies at a turn: whenever the view asks what logs there
 * are, a turn begins. */
static struct sg_feed real;
static unsigned turns, last_turn;

static enum sg_err give_log(void *context, size_t no, struct sg_feed_log *ret)
{
    if (no == 0 && ++turns == last_turn)
        (void)kill(getpid(), SIGKILL);
    return real.log(context, no, ret);
}

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

static enum sg_err open_all(void)
{
    const struct sg_store_config config = {
        .dir = dir, .machine = SG_BYTES_TEXT("synthetic"), .reserve_size = 1};
    static const struct sg_key *scopes[1];
    struct sg_feed feed;
    enum sg_err err = sg_store_open(&config, NULL, 0, &store);

    scopes[0] = scope;
    if (err == SG_OK)
        err = sg_feed_store_new(store, scopes, 1, NULL, &real);
    if (err != SG_OK)
        return err;
    feed = real;
    feed.log = give_log;
    feed.readers = everybody;
    return sg_view_open_feed(
        &(struct sg_view_config){.dir = dir, .key = key, .reserve_size = 1},
        sg_store_registry(store), &feed, &view, &start);
}

static void close_all(void)
{
    sg_view_close(view);
    sg_store_close(store);
    view = NULL;
    store = NULL;
}

static void apply_all(void)
{
    bool is_done = false;

    while (!is_done)
        assert_ok(sg_view_apply(view, 1000, &is_done));
}

static int setup_all(void **state)
{
    static const uint8_t secret[SG_KEY_SIZE] = {5};
    struct sg_synth_store_options options = {
        .persons = PERSONS, .seed = 3, .is_sorted = true};
    struct sg_synth_store made;

    (void)state;
    assert_ok(sg_crypto_init());
    dir = sg_tempdir_new();
    options.dir = dir;
    assert_ok(sg_synth_store_make(&options, &made));
    scope = made.scope;
    made.scope = NULL;
    sg_synth_store_close(&made);
    assert_ok(sg_key_file_new(SG_KEY_VIEW, NULL, secret, &key));
    assert_ok(open_all());
    assert_int_equal(start, SG_SEALED_MADE);
    apply_all();
    assert_ok(sg_view_root_all(view, &whole));
    assert_true(whole.root.n_rows > PERSONS);
    close_all();
    return 0;
}

static int teardown_all(void **state)
{
    (void)state;
    sg_key_file_free(key);
    sg_key_file_free(scope);
    sg_tempdir_free(dir);
    return 0;
}

/* Rebuilds in a process of its own, which dies at turn TURN; says whether it
 * did. */
static bool die_at(unsigned turn)
{
    pid_t child = fork();
    int status;

    assert_true(child >= 0);
    if (child == 0) {
        enum sg_err err = open_all();

        turns = 0;
        last_turn = turn;
        if (err == SG_OK)
            err = sg_view_rebuild(view, key);
        _exit(err == SG_OK ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) {
        assert_int_equal(WTERMSIG(status), SIGKILL);
        return true;
    }
    assert_int_equal(WEXITSTATUS(status), 0);
    return false;
}

static void assert_whole(void)
{
    struct sg_view_root root;

    assert_ok(sg_view_root_all(view, &root));
    assert_memory_equal(root.root.sum.bytes, whole.root.sum.bytes,
                        sizeof whole.root.sum.bytes);
    assert_int_equal(root.root.n_persons, whole.root.n_persons);
}

/* Killed at any turn of a bulk build, the view is found unfinished, is empty,
 * and comes to the same once more; a build that ends is found as it was left.
 */
static void test_killed(void **state)
{
    unsigned turn = 1;

    (void)state;
    while (die_at(turn)) {
        struct sg_view_status status;

        assert_true(turn < TURN_MAX);
        last_turn = 0;
        assert_ok(open_all());
        assert_int_equal(start, turn == 1 ? SG_SEALED_FOUND : SG_SEALED_DIRTY);
        sg_view_status(view, &status);
        assert_int_equal(status.subjects, 0);
        apply_all();
        assert_whole();
        close_all();
        turn++;
    }
    assert_true(turn > 5);
    last_turn = 0;
    assert_ok(open_all());
    assert_int_equal(start, SG_SEALED_FOUND);
    assert_whole();
    close_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_killed),
    };

    return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
