/* Records handed in over the API of a running daemon, until each is answered:
 * one caller, and 64 at a time, over the Unix socket; and how long it is until
 * a connected node holds one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "storage/base/alloc.h"
#include "storage/base/buf.h"
#include "storage/base/clock.h"
#include "tools/bench.h"
#include "tools/bench_daemon.h"

#define CALLERS 64u
/* Records of each measurement at the default of 400 ms a round, and at least.
 */
#define SINGLE       1500u
#define SINGLE_MIN   50u
#define TOGETHER     45000u
#define TOGETHER_MIN 1000u
#define MS_DEFAULT   400u
#define READABLE     21u
/* Forms of a citizen, at least, in the mean of a hundred. */
#define FORMS_EACH    8u
#define PATH_SIZE     4096u
#define FORMS_MAX     160000u
#define FILE_MAX      (128u << 20)
#define ANSWER_MAX    2048u
#define GOAL_SINGLE   0.25 /* of the flush rate */
#define GOAL_UNSIGNED 15000
#define GOAL_SIGNED   6000
#define GOAL_READABLE 50

struct work {
    struct sg_bench *bench;
    char folder[PATH_SIZE];
    struct sg_bench_daemon daemon, other;
    char *text; /* forms.jsonl, each line ended by a NUL */
    char *forms[FORMS_MAX];
    size_t count, next;
    size_t single, together; /* records to measure with */
    uint64_t refused;
};

/* A connection with a request on its way. */
struct caller {
    int fd;
    size_t got;
    char answer[ANSWER_MAX];
};

/* --- Forms ----------------------------------------------------------------
 */

static enum sg_err read_forms(struct work *work)
{
    char path[PATH_SIZE];
    FILE *file;
    size_t size;

    (void)snprintf(path, sizeof path, "%.4000s/forms.jsonl", work->folder);
    work->text = sg_alloc(FILE_MAX);
    file = fopen(path, "rbe");
    if (work->text == NULL || file == NULL) {
        if (file != NULL)
            (void)fclose(file);
        return SG_ERR_NOMEM;
    }
    size = fread(work->text, 1, FILE_MAX - 1, file);
    (void)fclose(file);
    work->text[size] = 0;
    for (char *line = work->text; *line != 0 && work->count < FORMS_MAX;) {
        char *end = strchr(line, '\n');

        if (end == NULL)
            break;
        *end = 0;
        work->forms[work->count++] = line;
        line = end + 1;
    }
    return SG_OK;
}

/* Takes the signature out of FORM, in place. */
static void strip(char *form)
{
    char *from = strstr(form, "\"signature\"");
    char *to = strstr(form, "\"capture\"");

    if (from != NULL && to != NULL)
        memmove(from, to, strlen(to) + 1);
}

/* --- Callers --------------------------------------------------------------
 */

static enum sg_err ask(struct work *work, struct caller *caller, bool is_signed)
{
    char head[128];
    char *form = work->forms[work->next++];
    size_t n, size;
    struct iovec parts[2];
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};

    if (!is_signed)
        strip(form);
    size = strlen(form);
    n = (size_t)snprintf(head, sizeof head,
                         "POST /v1/records HTTP/1.1\r\nHost: x\r\n"
                         "Content-Type: application/json\r\n"
                         "Content-Length: %zu\r\n\r\n",
                         size);
    parts[0] = (struct iovec){head, n};
    parts[1] = (struct iovec){form, size};
    caller->got = 0;
    return sendmsg(caller->fd, &message, MSG_NOSIGNAL) == (ssize_t)(n + size)
               ? SG_OK
               : SG_ERR_IO;
}

/* Reads what has come. *RET_IS_WHOLE: it is a whole answer. */
static enum sg_err hear(struct work *work, struct caller *caller,
                        bool *ret_is_whole)
{
    ssize_t n = recv(caller->fd, caller->answer + caller->got,
                     sizeof caller->answer - 1 - caller->got, 0);
    char *body, *length;

    *ret_is_whole = false;
    if (n <= 0)
        return SG_ERR_IO;
    caller->got += (size_t)n;
    caller->answer[caller->got] = 0;
    body = strstr(caller->answer, "\r\n\r\n");
    length = strstr(caller->answer, "Content-Length: ");
    if (body == NULL || length == NULL ||
        caller->got < (size_t)(body + 4 - caller->answer) +
                          strtoul(length + 16, NULL, 10))
        return SG_OK;
    *ret_is_whole = true;
    work->refused += strncmp(caller->answer + 9, "201", 3) != 0;
    return SG_OK;
}

/* Hands in COUNT records from N callers, each waiting for his answer before his
 * next; gives the records that were filed a second. */
static enum sg_err measure(struct work *work, unsigned n, size_t count,
                           bool is_signed, double *ret_rate)
{
    static struct caller callers[CALLERS];
    struct epoll_event events[CALLERS];
    size_t sent = 0, answered = 0;
    enum sg_err err = SG_OK;
    int poll = epoll_create1(EPOLL_CLOEXEC);
    uint64_t began;

    if (poll < 0 || work->count - work->next < count)
        return SG_ERR_NOTFOUND;
    work->refused = 0;
    for (unsigned i = 0; i < n; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &callers[i]};

        callers[i].fd = sg_bench_daemon_dial(&work->daemon);
        if (callers[i].fd < 0 ||
            epoll_ctl(poll, EPOLL_CTL_ADD, callers[i].fd, &event) != 0)
            return SG_ERR_IO;
    }
    began = sg_clock_mono().ms;
    for (unsigned i = 0; i < n && err == SG_OK; i++, sent++)
        err = ask(work, &callers[i], is_signed);
    while (answered < count && err == SG_OK) {
        int ready = epoll_wait(poll, events, CALLERS, 10000);

        if (ready <= 0)
            err = SG_ERR_IO;
        for (int i = 0; i < ready && err == SG_OK; i++) {
            bool is_whole;

            err = hear(work, events[i].data.ptr, &is_whole);
            if (err != SG_OK || !is_whole)
                continue;
            answered++;
            if (sent++ < count)
                err = ask(work, events[i].data.ptr, is_signed);
        }
    }
    *ret_rate = (double)(answered - work->refused) * 1000 /
                (double)(sg_clock_mono().ms - began + 1);
    for (unsigned i = 0; i < n; i++)
        (void)close(callers[i].fd);
    (void)close(poll);
    /* Types that count only when they are signed are refused without. */
    return err == SG_OK && work->refused > count / 10 ? SG_ERR_INVALID : err;
}

static enum sg_err measure_all(struct work *work)
{
    struct sg_bench_figure single = {
        .name = "submit/one_caller",
        .unit = "/s",
        .goal_kind = SG_BENCH_AT_LEAST,
    };
    struct sg_bench_figure plain = {
        .name = "submit/64_unsigned",
        .unit = "/s",
        .goal = GOAL_UNSIGNED,
        .goal_kind = SG_BENCH_AT_LEAST,
    };
    struct sg_bench_figure with = {
        .name = "submit/64_signed",
        .unit = "/s",
        .goal = GOAL_SIGNED,
        .goal_kind = SG_BENCH_AT_LEAST,
    };
    enum sg_err err = sg_bench_limits_sync(work->bench, &single.limit);

    single.goal = GOAL_SINGLE * single.limit;
    if (err == SG_OK)
        err = measure(work, 1, work->single, true, &single.value);
    if (err == SG_OK)
        sg_bench_print(work->bench, &single);
    if (err == SG_OK)
        err = measure(work, CALLERS, work->together, false, &plain.value);
    if (err == SG_OK)
        sg_bench_print(work->bench, &plain);
    if (err == SG_OK)
        err = measure(work, CALLERS, work->together, true, &with.value);
    if (err == SG_OK)
        sg_bench_print(work->bench, &with);
    return err;
}

/* --- Readable elsewhere ---------------------------------------------------
 */

static int by_value(const void *a, const void *b)
{
    const double *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

/* Hands one record in and waits until the other node holds it: from the request
 * until there, durable on both. */
static enum sg_err wait_for_one(struct work *work, struct caller *caller,
                                uint64_t *held, double *ret_ms)
{
    uint64_t began = sg_clock_mono().ms;
    bool is_whole = false;
    enum sg_err err = ask(work, caller, true);

    while (err == SG_OK && !is_whole)
        err = hear(work, caller, &is_whole);
    if (err == SG_OK)
        err = sg_bench_daemon_get(&work->daemon, "/v1/logs");
    *held = sg_bench_daemon_sum(&work->daemon, "held");
    if (err == SG_OK)
        err = sg_bench_daemon_wait(&work->other, "/v1/logs", "held", *held);
    *ret_ms = (double)(sg_clock_mono().ms - began);
    return err;
}

static enum sg_err measure_readable(struct work *work)
{
    const struct timespec pause = {.tv_nsec = 20000000};
    struct sg_bench_figure figure = {
        .name = "submit/readable",
        .unit = "ms",
        .goal = GOAL_READABLE,
        .goal_kind = SG_BENCH_AT_MOST,
    };
    struct caller caller = {.fd = sg_bench_daemon_dial(&work->daemon)};
    uint64_t held = 0;
    double times[READABLE];
    enum sg_err err = caller.fd < 0 ? SG_ERR_IO : SG_OK;

    if (err == SG_OK)
        err = sg_bench_daemon_start(&work->other, &work->daemon, 1);
    /* The first waits until the other has caught up with all before it. */
    for (unsigned i = 0; i <= READABLE && err == SG_OK; i++) {
        double time;

        err = wait_for_one(work, &caller, &held, &time);
        if (i > 0)
            times[i - 1] = time;
        (void)nanosleep(&pause, NULL);
    }
    if (caller.fd >= 0)
        (void)close(caller.fd);
    if (err != SG_OK)
        return err;
    qsort(times, READABLE, sizeof times[0], by_value);
    figure.value = times[READABLE / 2];
    sg_bench_print(work->bench, &figure);
    return SG_OK;
}

static size_t scaled(const struct sg_bench *bench, size_t count, size_t least)
{
    if (bench->round_ms < MS_DEFAULT)
        count = count * (size_t)bench->round_ms / MS_DEFAULT;
    return count < least ? least : count;
}

enum sg_err sg_bench_submit(struct sg_bench *bench)
{
    struct work *work = sg_calloc(1, sizeof *work);
    struct sg_bench_figure missing = {
        .name = "submit/one_caller",
        .unit = "/s",
        .missing = "sogocd and found are not built beside this program",
    };
    enum sg_err err;

    if (work == NULL)
        return SG_ERR_NOMEM;
    work->bench = bench;
    work->single = scaled(bench, SINGLE, SINGLE_MIN);
    work->together = scaled(bench, TOGETHER, TOGETHER_MIN);
    if (realpath(bench->folder, work->folder) == NULL) {
        sg_free(work);
        return SG_ERR_IO;
    }
    /* Node 1, a district, writes; node 0, the authority, is heard before and
     * connected at the end. */
    err = sg_bench_daemon_found(
        work->folder, 2,
        100 + (work->single + READABLE + 2 * work->together) / FORMS_EACH);
    if (err == SG_ERR_NOTFOUND) {
        sg_bench_print(bench, &missing);
        sg_free(work);
        return SG_OK;
    }
    if (err == SG_OK)
        err = read_forms(work);
    if (err == SG_OK)
        err = sg_bench_daemon_init(&work->daemon, work->folder, 1);
    if (err == SG_OK)
        err = sg_bench_daemon_init(&work->other, work->folder, 0);
    if (err == SG_OK)
        err = sg_bench_daemon_start(&work->other, NULL, 0);
    if (err == SG_OK)
        err = sg_bench_daemon_hear(&work->daemon, &work->other);
    sg_bench_daemon_stop(&work->other);
    if (err == SG_OK)
        err = sg_bench_daemon_start(&work->daemon, NULL, 0);
    if (err == SG_OK)
        err = measure_all(work);
    if (err == SG_OK)
        err = measure_readable(work);
    sg_bench_daemon_stop(&work->other);
    sg_bench_daemon_stop(&work->daemon);
    sg_bench_daemon_clean(work->folder);
    if (err != SG_OK)
        (void)fprintf(stderr, "bench submit: %s\n",
                      sg_err_text(err, SG_LANG_EN));
    sg_free(work->text);
    sg_free(work);
    return err;
}
