/* The script as a program of its own, without the shim: for strace, and for
 * killing by hand.
 *
 *   driver run DIR         live the script in DIR; each promise is a line
 *   driver check DIR       hold DIR to the last whole line of standard input
 *   driver append DIR N    open or make DIR and append N entries, one by one
 *
 * Exit: 0 as promised; 1 not; 2 usage; 3 the store refused, by name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/fault/judge.h"
#include "tests/fault/script.h"
#include "tests/lib/hex.h"

#define SEED      1
#define LINE_SIZE (2 * sizeof(struct script_acks) + 2)

static struct workload workload;
static struct script_acks acks;

/* One write for each promise: a line is whole or not there. */
static void print_ack(const struct script_acks *now)
{
    char line[LINE_SIZE];
    const uint8_t *bytes = (const uint8_t *)now;
    size_t i;
    for (i = 0; i < sizeof *now; i++) {
        (void)snprintf(line + 2 * i, 3, "%02x", bytes[i]);
    }
    line[2 * sizeof *now] = '\n';
    if (write(STDOUT_FILENO, line, 2 * sizeof *now + 1) < 0) {
        exit(1);
    }
}

static int refused(enum sg_err err)
{
    if (err != SG_OK) {
        (void)fprintf(stderr, "driver: %s\n", sg_err_name(err));
    }
    return err == SG_OK ? 0 : 3;
}

static int check(const struct script *script)
{
    struct judge judge = {.script = script};
    char line[LINE_SIZE + 1];
    while (fgets(line, sizeof line, stdin) != NULL) {
        size_t size = strcspn(line, "\n");
        struct script_acks read;
        if (size == 2 * sizeof read) {
            line[size] = 0;
            if (hex_decode(line, (uint8_t *)&read, sizeof read) ==
                sizeof read) {
                acks = read;
            }
        }
    }
    if (!judge_store(&judge)) {
        printf("BAD %s (%u acknowledged)\n", judge.reason, acks.count);
        return 1;
    }
    printf("ok  %u acknowledged\n", acks.count);
    return 0;
}

static int append(const struct script *script, unsigned long count)
{
    static struct workload_entries memory;
    const struct sg_store_own *own;
    struct sg_store *store;
    struct sg_batch *batch;
    enum sg_err err = script_open(script, &store);
    if (err == SG_ERR_NOTFOUND) {
        err = script_recover(script);
        if (err == SG_OK) {
            err = script_open(script, &store);
        }
    }
    if (err == SG_OK) {
        err = sg_batch_new(store, &batch);
    }
    if (err != SG_OK) {
        return refused(err);
    }
    own = sg_store_own(store, 0);
    while (err == SG_OK && count-- > 0) {
        uint64_t first = own->signed_checkpoint.size;
        workload_own(&workload, 0, first, 1, &memory);
        err = sg_batch_append(batch, own->number, first, memory.entries, 1);
        if (err == SG_OK) {
            err = sg_batch_commit(batch);
        }
    }
    sg_batch_free(batch);
    sg_store_close(store);
    return refused(err);
}

int main(int argc, char **argv)
{
    struct script script = {
        .workload = &workload, .acks = &acks, .on_ack = print_ack};
    if (argc < 3) {
        (void)fputs("driver: run DIR | check DIR | append DIR N\n", stderr);
        return 2;
    }
    (void)snprintf(script.dir, sizeof script.dir, "%s", argv[2]);
    workload_init(&workload, SEED);
    workload_seed_random((uint64_t)getpid());
    if (strcmp(argv[1], "run") == 0) {
        return refused(script_run(&script));
    }
    script.on_ack = NULL;
    if (strcmp(argv[1], "append") == 0 && argc > 3) {
        return append(&script, strtoul(argv[3], NULL, 10));
    }
    return strcmp(argv[1], "check") == 0 ? check(&script) : 2;
}
