/* What the view is given of a log store. */
#include "node/view/feed_store.h"

#include "tests/lib/store.h"
#include "tests/lib/test.h"

/* Looked at while an entry is committed and its checkpoint is being signed. */
static struct sg_feed *watched;
static uint64_t seen = UINT64_MAX;

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
    struct sg_feed_log fed;

    if (watched != NULL) {
        assert_ok(watched->log(watched->context, 0, &fed));
        seen = fed.held;
    }
    __real_sg_checkpoint_sign(registry, log, key, size, root, ret);
}

/* An own entry is the view's to apply when it is signed: one that is not may
 * be removed at the next start, and another take its place. */
static void test_signed(void **state)
{
    struct sg_test_store store;
    struct sg_feed_log fed;
    struct sg_feed feed;

    (void)state;
    sg_test_store_new(&store, 1);
    sg_test_store_fill(&store, 9);
    assert_ok(sg_feed_store_new(store.store, NULL, 0, NULL, &feed));
    assert_ok(feed.log(feed.context, 0, &fed));
    assert_int_equal(fed.held, store.own->signed_checkpoint.size);
    watched = &feed;
    sg_test_store_fill(&store, 1);
    watched = NULL;
    assert_int_equal(seen, fed.held);
    assert_ok(feed.log(feed.context, 0, &fed));
    assert_int_equal(fed.held, seen + 1);
    feed.free(feed.context);
    sg_test_store_free(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
