#include "storage/base/trace.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/dies.h"
#include "tests/lib/test.h"

static char printed[65536];

/* What sg_trace_print prints now. */
static const char *ring(void)
{
    FILE *file = tmpfile();
    size_t size;

    assert_non_null(file);
    sg_trace_print(fileno(file));
    rewind(file);
    size = fread(printed, 1, sizeof printed - 1, file);
    printed[size] = '\0';
    assert_int_equal(fclose(file), 0);
    return printed;
}

/* The last line of TEXT. */
static const char *last_line(const char *text)
{
    const char *end = text + strlen(text);

    assert_true(end > text);
    for (end--; end > text && end[-1] != '\n';)
        end--;
    return end;
}

static unsigned count_lines(const char *text)
{
    unsigned lines = 0;

    for (; *text != '\0'; text++)
        lines += *text == '\n';
    return lines;
}

/* An event is one line: its part, its time if it has one, and its sentence
 * with the integers where the % are. */
static void test_trace_line(void **state)
{
    (void)state;
    sg_trace(SG_TRACE_SYNC, (struct sg_mono){1500}, "sent [%, %) to %", 0, 256,
             UINT64_MAX, 9);
    assert_string_equal(
        last_line(ring()),
        "[sync] 1500 ms: sent [0, 256) to 18446744073709551615\n");
    sg_trace(SG_TRACE_STORE, SG_MONO_NEVER, "opened", 1, 2, 3, 4);
    assert_string_equal(last_line(ring()), "[store] opened\n");
    sg_trace(SG_TRACE_STORE, SG_MONO_NEVER, "% % % % %", 1, 2, 3, 4);
    assert_string_equal(last_line(ring()), "[store] 1 2 3 4 %\n");
}

/* A line that is too long is cut, and still a line. */
static void test_trace_long_line(void **state)
{
    static char message[1000];

    (void)state;
    memset(message, 'x', sizeof message - 1);
    sg_trace(SG_TRACE_TEST, SG_MONO_NEVER, message, 0, 0, 0, 0);
    assert_int_equal(strlen(last_line(ring())), 241);
}

/* The last 256 events are kept, and printed oldest first. */
static void test_trace_keeps_the_last(void **state)
{
    char line[64];
    const char *at;

    (void)state;
    for (unsigned i = 0; i < 300; i++)
        sg_trace(SG_TRACE_TEST, SG_MONO_NEVER, "event %.", i, 0, 0, 0);
    at = ring();
    assert_int_equal(count_lines(at), SG_TRACE_EVENTS);
    for (unsigned i = 44; i < 300; i++) {
        (void)snprintf(line, sizeof line, "[test] event %u.\n", i);
        assert_memory_equal(at, line, strlen(line));
        at += strlen(line);
    }
}

static void trace_three(void *context)
{
    (void)context;
    sg_trace(SG_TRACE_SYNC, SG_MONO_NEVER, "one", 0, 0, 0, 0);
    sg_trace(SG_TRACE_STORE, SG_MONO_NEVER, "two", 0, 0, 0, 0);
    sg_trace(SG_TRACE_HTTP, SG_MONO_NEVER, "three", 0, 0, 0, 0);
}

/* The parts in the list, and no others, are printed as they happen. */
static void test_trace_select(void **state)
{
    static const struct {
        const char *list;
        const char *output;
    } cases[] = {
        {NULL, ""},
        {"sync", "[sync] one\n"},
        {"sync,store", "[sync] one\n[store] two\n"},
        {"all,-store", "[sync] one\n[http] three\n"},
        {"-store,all", "[sync] one\n[store] two\n[http] three\n"},
        {"sync,-all,http", "[http] three\n"},
        {"sync,,http,", "[sync] one\n[http] three\n"},
        {"-http", ""},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_ok(sg_trace_select(cases[i].list));
        assert_false(sg_dies(trace_three, NULL));
        assert_string_equal(sg_dies_output(), cases[i].output);
    }
}

/* A word that is no part is refused and what was chosen stays. */
static void test_trace_select_refuses(void **state)
{
    static const char *const lists[] = {
        "x", "syn", "syncs", "al", "ALL", "sync,foo", "sync -", "-", "--all"};

    (void)state;
    assert_ok(sg_trace_select("store"));
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        assert_err(sg_trace_select(lists[i]), INVALID);
    assert_false(sg_dies(trace_three, NULL));
    assert_string_equal(sg_dies_output(), "[store] two\n");
    assert_ok(sg_trace_select(NULL));
}

static void *print_to_pipe(void *context)
{
    sg_trace_print(*(int *)context);
    assert_int_equal(close(*(int *)context), 0);
    return NULL;
}

/* Events that are overwritten while the ring is printed are left out: their
 * places hold younger ones. The pipe is smaller than the ring's text, so the
 * printer is still at it when its first byte has come. */
static void test_trace_print_while_written(void **state)
{
    static const char long_message[] =
        "a hundred bytes: "
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    int ends[2];
    pthread_t printer;
    size_t size = 0;
    ssize_t got;

    (void)state;
    for (unsigned i = 0; i < SG_TRACE_EVENTS; i++)
        sg_trace(SG_TRACE_TEST, SG_MONO_NEVER, long_message, 0, 0, 0, 0);
    assert_int_equal(pipe(ends), 0);
    assert_true(fcntl(ends[1], F_SETPIPE_SZ, 4096) >= 4096);
    assert_int_equal(pthread_create(&printer, NULL, print_to_pipe, &ends[1]),
                     0);
    assert_int_equal(read(ends[0], printed, 1), 1);
    for (unsigned i = 0; i < SG_TRACE_EVENTS; i++)
        sg_trace(SG_TRACE_TEST, SG_MONO_NEVER, "younger", 0, 0, 0, 0);
    do {
        got = read(ends[0], printed + size, sizeof printed - 1 - size);
        assert_true(got >= 0);
        size += (size_t)got;
    } while (got > 0);
    printed[size] = '\0';
    assert_int_equal(pthread_join(printer, NULL), 0);
    assert_int_equal(close(ends[0]), 0);
    assert_null(strstr(printed, "younger"));
    assert_in_range(count_lines(printed), 1, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trace_line),
        cmocka_unit_test(test_trace_long_line),
        cmocka_unit_test(test_trace_keeps_the_last),
        cmocka_unit_test(test_trace_select),
        cmocka_unit_test(test_trace_select_refuses),
        cmocka_unit_test(test_trace_print_while_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
