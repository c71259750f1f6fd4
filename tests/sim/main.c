/* sim: years of a registry's partitions, crashes and forgeries in seconds. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "storage/base/crypto.h"
#include "storage/base/version.h"
#include "tests/sim/check.h"
#include "tests/sim/memory.h"
#include "tests/sim/random.h"
#include "tests/sim/world.h"

#define JOBS_MAX 64u
/* Runs of more days use longer intervals, so that years take minutes. */
#define SHORT_DAYS 10u

/* What a campaign has to have simulated: so many seeds of the usual registry,
 * of which so many are of LONG_DAYS and more, so many years of nodes, and a
 * mean of so many records that a node acknowledges a day. */
#define CAMPAIGN_SEEDS      200u
#define CAMPAIGN_NODES      27u
#define CAMPAIGN_LONG       20u
#define CAMPAIGN_NODE_YEARS 1000u
#define CAMPAIGN_RECORDS    5u
#define USUAL_DAYS          67u
#define LONG_DAYS           90u

static const char usage[] =
    "usage: sim [--seed N | --seeds N] [options]\n"
    "  --seed N        one seed, its trace hash and counts\n"
    "  --seeds N       seeds 1 to N; 200 and more are a campaign, in which a\n"
    "                  nemesis without effect or a checker without a fact "
    "fails,\n"
    "                  and less than 1,000 node-years, 20 seeds of 90 days or\n"
    "                  5 records a node and day\n"
    "  --from N        first seed (1)\n"
    "  --nodes N       nodes (27), the authority's and the centre's included\n"
    "  --days N        days (by the seed: 90 for every tenth, else 67)\n"
    "  --per-day N     records a node and day, about (7)\n"
    "  --interval S    anti-entropy interval, seconds (by the seed)\n"
    "  --only A,B,...  just these nemeses\n"
    "  --quiet-world   no nemesis\n"
    "  --plant NAME    activate a planted bug (tests/sim_planted only)\n"
    "  --trace         print every event\n"
    "  --list          nemeses and checkers\n"
    "example: sim --seed 7 --days 3 --trace\n"
    "exit: 0 no violation, 1 a violation or a count of zero, 2 usage\n";

static const char *const nemesis_texts[NEMESIS_COUNT] = {
#define NEMESIS_TEXT(name, text, what) text,
    WORLD_NEMESIS_LIST(NEMESIS_TEXT)
#undef NEMESIS_TEXT
};

struct totals {
    uint64_t seeds;
    uint64_t violations;
    uint64_t n_long; /* of them, of LONG_DAYS and more */
    uint64_t node_days;
    uint64_t records;
    double least_records; /* of a seed, a node and day */
    uint64_t changed[NEMESIS_COUNT];
    uint64_t facts[CHECK_COUNT];
};

/* Takes one name of SIZE characters. */
static bool parse_name(const char *name, size_t size, uint32_t *ret_only)
{
    for (int i = 0; i < NEMESIS_COUNT; i++) {
        if (strlen(nemesis_texts[i]) == size &&
            memcmp(nemesis_texts[i], name, size) == 0) {
            *ret_only |= UINT32_C(1) << i;
            return true;
        }
    }
    fprintf(stderr, "sim: no nemesis \"%.*s\"; see --list\n", (int)size, name);
    return false;
}

static bool parse_only(const char *list, uint32_t *ret_only)
{
    for (;;) {
        size_t size = strcspn(list, ",");

        if (!parse_name(list, size, ret_only))
            return false;
        if (list[size] == 0)
            return true;
        list += size + 1;
    }
}

static void print_list(void)
{
#define NEMESIS_LINE(name, text, what) \
    printf("nemesis  %-10s %s\n", text, what);
    WORLD_NEMESIS_LIST(NEMESIS_LINE)
#undef NEMESIS_LINE
#define CHECK_LINE(name, text, what) printf("checker  %-10s %s\n", text, what);
    CHECK_LIST(CHECK_LINE)
#undef CHECK_LINE
}

static void count_seed(struct totals *totals,
                       const struct world_options *options, uint64_t records,
                       uint64_t violations)
{
    uint64_t node_days = options->nodes * options->days;
    double rate = (double)records / (double)node_days;

    if (totals->seeds == 0 || rate < totals->least_records)
        totals->least_records = rate;
    totals->seeds++;
    totals->n_long += options->days >= LONG_DAYS;
    totals->violations += violations;
    totals->node_days += node_days;
    totals->records += records;
}

static void run_seed(struct world_options options, struct totals *totals)
{
    static const uint64_t often[4] = {900000, 30000, 300000, 600000};
    static const uint64_t seldom[4] = {600000, 900000, 1800000, 3600000};
    struct world *world;
    clock_t began = clock();
    uint64_t violations;

    if (options.days == 0)
        options.days = options.seed % 10 == 0 ? LONG_DAYS : USUAL_DAYS;
    if (options.interval_ms == 0)
        options.interval_ms = options.days > SHORT_DAYS
                                  ? seldom[options.seed % 4]
                                  : often[options.seed % 4];
    world = world_new(&options);
    violations = world_run(world);
    printf("seed %" PRIu64 " %s %" PRIu64 " days %" PRIu64 " records %" PRIu64
           " events %" PRIu64 " converged in %" PRIu64 " s, hash %016" PRIx64
           ", %.1f s\n",
           options.seed, violations == 0 ? "ok" : "FAILED", options.days,
           world->records, world->trace.lines, world->queue.seq,
           world->took_ms / 1000, world->trace.hash,
           (double)(clock() - began) / CLOCKS_PER_SEC);
    for (int i = 0; i < NEMESIS_COUNT; i++)
        totals->changed[i] += world->changed[i];
    count_seed(totals, &options, world->records, violations);
    world_free(world);
    fflush(stdout); /* whole seeds, also when processes share it */
}

/* Returns how many counts are zero that must not be. */
static unsigned print_totals(const struct totals *totals, uint32_t only)
{
    unsigned zeros = 0;

    printf("\nnemesis     changed an outcome\n");
    for (int i = 0; i < NEMESIS_COUNT; i++) {
        printf("%-11s %" PRIu64 "\n", nemesis_texts[i], totals->changed[i]);
        zeros += totals->changed[i] == 0 && only == 0;
    }
    printf("\nchecker     facts judged\n");
    for (int i = 0; i < CHECK_COUNT; i++) {
        printf("%-11s %" PRIu64 "\n", check_text((enum check)i),
               totals->facts[i]);
        zeros += totals->facts[i] == 0 && only == 0;
    }
    printf("\n%" PRIu64 " seeds (%" PRIu64
           " of 90 days), %.1f node-years, %" PRIu64
           " records (%.1f a node and day, in no seed less than %.1f), %" PRIu64
           " violations\n",
           totals->seeds, totals->n_long, (double)totals->node_days / 365,
           totals->records, (double)totals->records / (double)totals->node_days,
           totals->least_records, totals->violations);
    return zeros;
}

/* Says whether a campaign was as large as it has to be. */
static bool is_large(const struct totals *totals, uint32_t nodes)
{
    bool is = nodes >= CAMPAIGN_NODES && totals->n_long >= CAMPAIGN_LONG &&
              totals->node_days >= CAMPAIGN_NODE_YEARS * 365 &&
              totals->records >= totals->node_days * CAMPAIGN_RECORDS;

    if (!is)
        printf("too little for a campaign: %u nodes or more, %u seeds of %u "
               "days, %u node-years, %u records a node and day\n",
               CAMPAIGN_NODES, CAMPAIGN_LONG, LONG_DAYS, CAMPAIGN_NODE_YEARS,
               CAMPAIGN_RECORDS);
    return is;
}

enum choice {
    OPTION_SEED = 1,
    OPTION_SEEDS,
    OPTION_FROM,
    OPTION_JOBS,
    OPTION_NODES,
    OPTION_DAYS,
    OPTION_PER_DAY,
    OPTION_INTERVAL,
    OPTION_ONLY,
    OPTION_QUIET,
    OPTION_PLANT,
    OPTION_TRACE,
    OPTION_LIST,
    OPTION_HELP,
};

static const struct option names[] = {
    {"seed", required_argument, NULL, OPTION_SEED},
    {"seeds", required_argument, NULL, OPTION_SEEDS},
    {"from", required_argument, NULL, OPTION_FROM},
    {"jobs", required_argument, NULL, OPTION_JOBS},
    {"nodes", required_argument, NULL, OPTION_NODES},
    {"days", required_argument, NULL, OPTION_DAYS},
    {"per-day", required_argument, NULL, OPTION_PER_DAY},
    {"interval", required_argument, NULL, OPTION_INTERVAL},
    {"only", required_argument, NULL, OPTION_ONLY},
    {"quiet-world", no_argument, NULL, OPTION_QUIET},
    {"plant", required_argument, NULL, OPTION_PLANT},
    {"trace", no_argument, NULL, OPTION_TRACE},
    {"list", no_argument, NULL, OPTION_LIST},
    {"help", no_argument, NULL, OPTION_HELP},
    {NULL, 0, NULL, 0},
};

struct request {
    struct world_options options;
    uint64_t from;
    uint64_t seeds;
    uint64_t jobs;
};

/* Returns -1 to go on, else an exit code. */
static int take_option(int option, struct request *request)
{
    struct world_options *options = &request->options;
    uint64_t number = optarg == NULL ? 0 : strtoull(optarg, NULL, 10);

    switch ((enum choice)option) {
    case OPTION_SEED:
        request->from = number;
        request->seeds = 1;
        return -1;
    case OPTION_SEEDS:
        request->seeds = number;
        return -1;
    case OPTION_FROM:
        request->from = number;
        return -1;
    case OPTION_JOBS:
        request->jobs = number;
        return number >= 1 && number <= JOBS_MAX ? -1 : 2;
    case OPTION_NODES:
        options->nodes = (uint32_t)number;
        return number >= 4 && number <= 2000 ? -1 : 2;
    case OPTION_DAYS:
        options->days = number;
        return -1;
    case OPTION_PER_DAY:
        options->per_day = number;
        return number >= 1 ? -1 : 2;
    case OPTION_INTERVAL:
        options->interval_ms = number * 1000;
        return -1;
    case OPTION_ONLY:
        return parse_only(optarg, &options->only) ? -1 : 2;
    case OPTION_QUIET:
        options->is_quiet = true;
        return -1;
    case OPTION_PLANT:
        return setenv("SG_PLANT", optarg, 1) == 0 ? -1 : 2;
    case OPTION_TRACE:
        options->prints = true;
        return -1;
    case OPTION_LIST:
        print_list();
        return 0;
    case OPTION_HELP:
        fputs(usage, stdout);
        return 0;
    }
    return 2;
}

/* --- Running ------------------------------------------------------------ */

/* Every JOBS-th seed from the one with number FIRST on. */
static void run_share(const struct request *request, uint64_t first,
                      struct totals *totals)
{
    struct world_options options = request->options;

    for (uint64_t i = first; i < request->seeds; i += request->jobs) {
        options.seed = request->from + i;
        run_seed(options, totals);
    }
    memcpy(totals->facts, check_facts, sizeof totals->facts);
}

static void add(struct totals *totals, const struct totals *part)
{
    if (totals->seeds == 0 || part->least_records < totals->least_records)
        totals->least_records = part->least_records;
    totals->seeds += part->seeds;
    totals->n_long += part->n_long;
    totals->violations += part->violations;
    totals->node_days += part->node_days;
    totals->records += part->records;
    for (int i = 0; i < NEMESIS_COUNT; i++)
        totals->changed[i] += part->changed[i];
    for (int i = 0; i < CHECK_COUNT; i++)
        totals->facts[i] += part->facts[i];
}

/* Begins a process for a share; its totals come through what is returned. */
static int begin_share(const struct request *request, uint64_t first)
{
    struct totals totals = {0};
    int ends[2];
    pid_t pid;

    if (pipe(ends) != 0 || (pid = fork()) < 0) {
        perror("sim");
        exit(2);
    }
    if (pid > 0) {
        close(ends[1]);
        return ends[0];
    }
    close(ends[0]);
    run_share(request, first, &totals);
    if (write(ends[1], &totals, sizeof totals) != (ssize_t)sizeof totals)
        _exit(2);
    _exit(0);
}

/* Returns how many processes ended without a word. */
static unsigned run_shares(const struct request *request, struct totals *totals)
{
    int ends[JOBS_MAX];
    unsigned lost = 0;

    for (uint64_t i = 0; i < request->jobs; i++)
        ends[i] = begin_share(request, i);
    for (uint64_t i = 0; i < request->jobs; i++) {
        struct totals part;

        if (read(ends[i], &part, sizeof part) == (ssize_t)sizeof part)
            add(totals, &part);
        else
            lost++;
        close(ends[i]);
    }
    while (wait(NULL) > 0)
        continue;
    return lost;
}

int main(int argc, char **argv)
{
    struct request request = {
        .options = {.nodes = CAMPAIGN_NODES, .per_day = 7},
        .from = 1,
        .seeds = 1,
        .jobs = 1};
    unsigned lost = 0;
    struct totals totals = {0};
    unsigned zeros;
    bool is_campaign, is_bad;
    int option;

    if (sg_version_answer(argc, argv, "sim", usage))
        return 0;
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        int code = take_option(option, &request);

        if (code == 2)
            fputs(usage, stderr);
        if (code >= 0)
            return code;
    }
    memory_begin();
    random_begin();
    setvbuf(stdout, NULL, _IOFBF, 1 << 16);
    if (optind != argc || sg_crypto_init() != SG_OK) {
        fputs(usage, stderr);
        return 2;
    }
    if (request.jobs > 1)
        lost = run_shares(&request, &totals);
    else
        run_share(&request, 0, &totals);
    if (lost > 0)
        printf("%u processes ended before their time\n", lost);
    zeros = print_totals(&totals, request.options.only);
    if (zeros > 0)
        printf("%u counts are zero: what they count is not tested\n", zeros);
    is_campaign = request.seeds >= CAMPAIGN_SEEDS;
    is_bad =
        is_campaign && (zeros > 0 || !is_large(&totals, request.options.nodes));
    return totals.violations > 0 || lost > 0 || is_bad ? 1 : 0;
}
