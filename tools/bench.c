#include "tools/bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "storage/base/check.h"
#include "storage/base/clock.h"
#include "storage/base/crypto.h"
#include "storage/base/version.h"

#define ROUNDS          3
#define ROUND_MS        400
#define SLICES          20 /* of a round of several works */
#define ROUND_MS_MAX    60000
#define RECORDS         1000000
#define RECORDS_MAX     100000000
#define FOLDER_SIZE_MAX 4096

static const char help[] =
    "usage: bench [NAME...] [--json] [--dir DIR] [--ms N] [--list]\n"
    "             [--workload FILE] [--records N] [--full]\n"
    "\n"
    "Measures and prints one figure a row: what was reached, what the machine\n"
    "itself gives for the same work, and whether the goal holds.\n"
    "\n"
    "  NAME       a bench of --list; all when none is named\n"
    "  --json     one object a line: name, value, unit, limit, ratio, goal,\n"
    "             holds; null where there is none, and then maybe missing,\n"
    "             the reason\n"
    "  --dir DIR  measure the disk of DIR (default: .)\n"
    "  --ms N     milliseconds of one of three rounds (default: 400)\n"
    "  --workload FILE  workload W, of tools/workload COUNT --msgpack\n"
    "  --records N      of a filled store (default: 1000000)\n"
    "  --full           the long ones too: a store of 10,000,000 records, a\n"
    "                   catch-up of 1,000,000, ten minutes of nothing\n"
    "  --list     the benches\n"
    "  --version, --help\n"
    "\n"
    "Exit: 0 all goals hold, 1 one does not, 2 wrong usage or no "
    "measurement.\n";

static const struct {
    const char *name;
    enum sg_err (*run)(struct sg_bench *bench);
    const char *says;
} benches[] = {
    {"limits", sg_bench_limits, "what this machine gives, without us"},
    {"seal", sg_bench_seal, "sealing and opening workload W, in memory"},
    {"storage", sg_bench_storage, "the log store, on workload W"},
    {"registry", sg_bench_registry, "citizens, real and invented, in memory"},
    {"submit", sg_bench_submit, "records over the API of a daemon"},
    {"view", sg_bench_view, "the register on disk, kept and rebuilt"},
    {"sync", sg_bench_sync, "replication, in bytes and in memory"},
    {"catchup", sg_bench_catchup, "daemons that catch up, wait, come back"},
};

#define N_BENCHES (sizeof(benches) / sizeof(benches[0]))

static bool holds(const struct sg_bench_figure *figure)
{
    if (figure->goal_kind == SG_BENCH_AT_MOST)
        return figure->value <= figure->goal;
    return figure->value >= figure->goal;
}

/* Prints VALUE in WIDTH columns with the digits that its size deserves, or
 * NOTHING. */
static void print_number(bool is_there, double value, int width,
                         const char *nothing)
{
    if (is_there)
        printf("%*.*f", width, value < 10 ? 3 : value < 1000 ? 1 : 0, value);
    else
        printf("%*s", width, nothing);
}

static void print_json(const struct sg_bench_figure *figure)
{
    bool has_value = figure->missing == NULL;
    bool has_limit = figure->limit > 0;
    bool has_goal = figure->goal_kind != SG_BENCH_NO_GOAL;

    printf("{\"name\":\"%s\",\"value\":", figure->name);
    print_number(has_value, figure->value, 0, "null");
    printf(",\"unit\":\"%s\",\"limit\":", figure->unit);
    print_number(has_limit, figure->limit, 0, "null");
    printf(",\"ratio\":");
    print_number(has_value && has_limit,
                 has_limit ? figure->value / figure->limit : 0, 0, "null");
    printf(",\"goal\":");
    print_number(has_goal, figure->goal, 0, "null");
    printf(",\"holds\":%s", !has_value || !has_goal ? "null"
                            : holds(figure)         ? "true"
                                                    : "false");
    if (!has_value)
        printf(",\"missing\":\"%s\"", figure->missing);
    printf("}\n");
}

static void print_row(const struct sg_bench *bench,
                      const struct sg_bench_figure *figure)
{
    bool has_limit = figure->limit > 0;
    bool has_goal = figure->goal_kind != SG_BENCH_NO_GOAL;

    if (bench->n_figures == 0)
        printf("%-28s %12s %-6s %12s %6s %12s  %s\n", "name", "value", "unit",
               "limit", "ratio", "goal", "holds");
    printf("%-28s ", figure->name);
    if (figure->missing != NULL) {
        printf("%12s %s\n", "-", figure->missing);
        return;
    }
    print_number(true, figure->value, 12, "");
    printf(" %-6s ", figure->unit);
    print_number(has_limit, figure->limit, 12, "-");
    printf(" ");
    print_number(has_limit, has_limit ? figure->value / figure->limit : 0, 6,
                 "-");
    printf(" ");
    print_number(has_goal, figure->goal, 12, "-");
    printf("  %s\n", !has_goal ? "-" : holds(figure) ? "yes" : "NO");
}

static void print_legend(void)
{
    printf("\nvalue: median of %d rounds. limit: the same work on this machine "
           "without us.\nratio: value / limit. goal: what the design asks; "
           "holds: whether it does.\n",
           ROUNDS);
}

void sg_bench_print(struct sg_bench *bench,
                    const struct sg_bench_figure *figure)
{
    if (bench->is_json)
        print_json(figure);
    else
        print_row(bench, figure);
    (void)fflush(stdout);
    bench->n_figures++;
    if (figure->missing == NULL && figure->goal_kind != SG_BENCH_NO_GOAL &&
        !holds(figure))
        bench->n_missed++;
}

static int by_value(const void *a, const void *b)
{
    const double *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

/* What one work has done in a round. */
struct tally {
    uint64_t calls;
    uint64_t ms;
};

/* Lets TURN work until TALLY has MS milliseconds, or all calls that it may. */
static enum sg_err run_turn(const struct sg_bench_turn *turn, uint64_t ms,
                            struct tally *tally)
{
    uint64_t before = tally->ms;
    struct sg_mono begin = sg_clock_mono();

    while (tally->ms < ms && tally->calls < turn->calls_max) {
        enum sg_err err = turn->work(turn->context);
        if (err != SG_OK)
            return err;
        tally->calls++;
        tally->ms = before + sg_mono_diff(sg_clock_mono(), begin);
    }
    return SG_OK;
}

/* One round of all, in SLICES where they are several: a disk has quicker and
 * slower moments, and which core a process runs on decides, too. */
static enum sg_err run_round(const struct sg_bench *bench,
                             const struct sg_bench_turn turns[], size_t count,
                             struct tally tallies[])
{
    uint64_t slices = count > 1 ? SLICES : 1;

    for (uint64_t i = 1; i <= slices; i++) {
        for (size_t j = 0; j < count; j++) {
            enum sg_err err =
                run_turn(&turns[j], bench->round_ms * i / slices, &tallies[j]);
            if (err != SG_OK)
                return err;
        }
    }
    return SG_OK;
}

enum sg_err sg_bench_rates(const struct sg_bench *bench,
                           struct sg_bench_turn turns[], size_t count)
{
    double rates[SG_BENCH_TURNS_MAX][ROUNDS];

    SG_ASSERT(count <= SG_BENCH_TURNS_MAX);
    for (int i = 0; i < ROUNDS; i++) {
        struct tally tallies[SG_BENCH_TURNS_MAX] = {{0, 0}};
        enum sg_err err = run_round(bench, turns, count, tallies);
        if (err != SG_OK)
            return err;
        for (size_t j = 0; j < count; j++)
            rates[j][i] = (double)tallies[j].calls * turns[j].units * 1000.0 /
                          (double)(tallies[j].ms > 0 ? tallies[j].ms : 1);
    }
    for (size_t j = 0; j < count; j++) {
        qsort(rates[j], ROUNDS, sizeof(rates[j][0]), by_value);
        turns[j].rate = rates[j][ROUNDS / 2];
    }
    return SG_OK;
}

enum sg_err sg_bench_rate(const struct sg_bench *bench, double units,
                          uint64_t calls_max, sg_bench_work *work,
                          void *context, double *ret_rate)
{
    struct sg_bench_turn turn = {units, calls_max, work, context, 0};
    enum sg_err err = sg_bench_rates(bench, &turn, 1);

    if (err == SG_OK)
        *ret_rate = turn.rate;
    return err;
}

static int fail(const char *what, const char *why)
{
    fprintf(stderr, "bench: %s: %s\n", what, why);
    return 2;
}

static int list(void)
{
    for (size_t i = 0; i < N_BENCHES; i++)
        printf("%-12s %s\n", benches[i].name, benches[i].says);
    return 0;
}

/* What the command line asks for. */
struct request {
    struct sg_bench bench;
    const char *parent;
    bool is_list;
    bool wanted[N_BENCHES]; /* all when none */
};

static bool want(struct request *request, const char *name)
{
    for (size_t i = 0; i < N_BENCHES; i++) {
        if (strcmp(benches[i].name, name) == 0) {
            request->wanted[i] = true;
            return true;
        }
    }
    return false;
}

static bool read_number(const char *text, long max, uint64_t *ret_number)
{
    char *end;

    errno = 0;
    long number = strtol(text, &end, 10);
    if (errno != 0 || *end != '\0' || number < 1 || number > max)
        return false;
    *ret_number = (uint64_t)number;
    return true;
}

static int read_arguments(int argc, char **argv, struct request *request)
{
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--json") == 0) {
            request->bench.is_json = true;
        } else if (strcmp(argv[i], "--list") == 0) {
            request->is_list = true;
        } else if (strcmp(argv[i], "--dir") == 0 && value != NULL) {
            request->parent = argv[++i];
        } else if (strcmp(argv[i], "--ms") == 0 && value != NULL) {
            if (!read_number(argv[++i], ROUND_MS_MAX, &request->bench.round_ms))
                return fail(value, "milliseconds are 1 to 60000");
        } else if (strcmp(argv[i], "--records") == 0 && value != NULL) {
            if (!read_number(argv[++i], RECORDS_MAX, &request->bench.records))
                return fail(value, "records are 1 to 100000000");
        } else if (strcmp(argv[i], "--workload") == 0 && value != NULL) {
            request->bench.workload = argv[++i];
        } else if (strcmp(argv[i], "--full") == 0) {
            request->bench.is_full = true;
        } else if (argv[i][0] == '-') {
            return fail(argv[i], "no such option, or its value is missing");
        } else if (!want(request, argv[i])) {
            return fail(argv[i], "no such bench; --list names them");
        }
    }
    return 0;
}

static int run(struct request *request)
{
    bool all = true;

    for (size_t i = 0; i < N_BENCHES; i++)
        all = all && !request->wanted[i];
    for (size_t i = 0; i < N_BENCHES; i++) {
        if (!all && !request->wanted[i])
            continue;
        enum sg_err err = benches[i].run(&request->bench);
        if (err != SG_OK)
            return fail(benches[i].name, sg_err_text(err, SG_LANG_EN));
    }
    if (!request->bench.is_json)
        print_legend();
    return request->bench.n_missed == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct request request = {
        .bench = {.round_ms = ROUND_MS, .records = RECORDS}, .parent = "."};
    char folder[FOLDER_SIZE_MAX];

    if (sg_version_answer(argc, argv, "bench", help))
        return 0;
    int code = read_arguments(argc, argv, &request);
    if (code != 0)
        return code;
    if (request.is_list)
        return list();
    int size =
        snprintf(folder, sizeof(folder), "%s/bench.XXXXXX", request.parent);
    if (size < 0 || (size_t)size >= sizeof(folder))
        return fail(request.parent, "the path is too long");
    if (mkdtemp(folder) == NULL)
        return fail(request.parent, strerror(errno));
    request.bench.folder = folder;
    if (sg_crypto_init() == SG_OK)
        code = run(&request);
    else
        code = fail("crypto", "libsodium does not start");
    (void)rmdir(folder);
    return code;
}
