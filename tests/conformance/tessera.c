/* transparency-dev/tessera, testdata/log: leaves.json, the data of the leaves
 * in order; vkey.txt; and checkpoint.SIZE, signed notes by that key. Each must
 * verify and have the root of the tree of its first leaves, whose proofs are
 * planned, looked up and checked here.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "storage/log/lines.h"
#include "storage/log/merkle.h"
#include "storage/log/note.h"
#include "tests/conformance/case.h"

#define LEAVES_MAX 4096

struct log {
    struct sg_note_key key;
    struct sg_hash leaves[LEAVES_MAX];
    size_t count;
};

/* The root over leaves [start, end). */
static struct sg_hash range_root(const struct log *log, uint64_t start,
                                 uint64_t end)
{
    struct sg_frontier frontier = {.size = 0};
    for (uint64_t i = start; i < end; i++)
        sg_merkle_append(&frontier, &log->leaves[i], NULL, NULL);
    return sg_merkle_root(&frontier);
}

static void look_up(const struct log *log, const struct sg_merkle_range *ranges,
                    size_t count, struct sg_hash *ret_hashes)
{
    for (size_t i = 0; i < count; i++)
        ret_hashes[i] = range_root(log, ranges[i].start, ranges[i].end);
}

/* Proves every leaf, and every smaller tree, to be in the tree of SIZE with the
 * signed ROOT. */
static void expect_proofs(struct test_case *c, const struct log *log,
                          uint64_t size, const struct sg_hash *root)
{
    struct sg_merkle_range ranges[SG_MERKLE_PROOF_MAX];
    struct sg_hash hashes[SG_MERKLE_PROOF_MAX];
    for (uint64_t i = 0; i < size; i++) {
        size_t count = sg_merkle_plan_inclusion(i, size, ranges);
        look_up(log, ranges, count, hashes);
        enum sg_err err = sg_merkle_check_inclusion(i, size, &log->leaves[i],
                                                    hashes, count, root);
        case_expect(c, err == SG_OK, "leaf %llu is not proved",
                    (unsigned long long)i);
        struct sg_hash before = range_root(log, 0, i + 1);
        count = sg_merkle_plan_consistency(i + 1, size, ranges);
        look_up(log, ranges, count, hashes);
        err = sg_merkle_check_consistency(i + 1, size, hashes, count, &before,
                                          root);
        case_expect(c, err == SG_OK, "size %llu is not proved",
                    (unsigned long long)i + 1);
    }
}

/* C2SP tlog-checkpoint: the origin, which is the key's name, size and root. */
static void expect_checkpoint(struct test_case *c, const struct log *log,
                              struct sg_bytes text)
{
    struct sg_lines lines;
    struct sg_hash signed_root;
    sg_lines_init(&lines, text);
    struct sg_bytes origin = sg_lines_next(&lines);
    uint64_t size = sg_lines_decimal(&lines, sg_lines_next(&lines));
    sg_lines_base64(&lines, sg_lines_next(&lines), signed_root.bytes,
                    sizeof(signed_root.bytes));
    case_expect(c, sg_lines_end(&lines) == SG_OK, "not a checkpoint");
    case_expect(c, sg_bytes_equal(origin, log->key.name), "another origin");
    case_expect(c, size <= log->count, "larger than the log");
    if (!case_good(c))
        return;
    struct sg_hash root = range_root(log, 0, size);
    case_expect(c,
                sg_bytes_equal(SG_BYTES_ARRAY(root.bytes),
                               SG_BYTES_ARRAY(signed_root.bytes)),
                "another root at size %llu", (unsigned long long)size);
    expect_proofs(c, log, size, &signed_root);
}

static void checkpoint_run(struct run *run, const char *file, void *context)
{
    const struct log *log = context;
    struct sg_note note;
    struct test_case c;
    const char *name = strrchr(file, '/') + 1;
    if (strncmp(name, "checkpoint", strlen("checkpoint")) != 0)
        return;
    case_begin(&c, run, file, /* json= */ NULL, "file", 0);
    enum sg_err err = sg_note_parse(case_file(&c, file), &note);
    if (err == SG_OK)
        err = sg_note_verify(&note, &log->key, 1);
    case_expect(&c, err == SG_OK, "%s", sg_err_name(err));
    if (case_good(&c))
        expect_checkpoint(&c, log, note.text);
    case_end(&c);
}

/* Reads the leaves; true if all are texts. */
static bool leaves_read(struct log *log, const json_t *json)
{
    size_t i;
    const json_t *item;
    if (!json_is_array(json) || json_array_size(json) > LEAVES_MAX)
        return false;
    json_array_foreach(json, i, item)
    {
        if (!json_is_string(item))
            return false;
        log->leaves[log->count++] = sg_merkle_leaf(
            (const uint8_t *)json_string_value(item), json_string_length(item));
    }
    return true;
}

void tessera_run(struct run *run, const char *path)
{
    static struct log log;
    char file[PATH_MAX];
    struct test_case c;
    log.count = 0;
    (void)snprintf(file, sizeof(file), "%s/leaves.json", path);
    json_t *json = case_load(run, file);
    bool good = json != NULL && leaves_read(&log, json);
    if (json != NULL && !good)
        run_fail(run, file, "file", "not a list of at most %d texts",
                 LEAVES_MAX);
    json_decref(json);
    (void)snprintf(file, sizeof(file), "%s/vkey.txt", path);
    case_begin(&c, run, file, /* json= */ NULL, "file", 0);
    struct sg_bytes vkey = case_file(&c, file);
    while (vkey.size > 0 && vkey.data[vkey.size - 1] == '\n')
        vkey.size--;
    enum sg_err err = sg_note_key_parse(vkey, &log.key);
    case_expect(&c, err == SG_OK, "vkey: %s", sg_err_name(err));
    if (good && case_good(&c))
        run_files(run, path, "", checkpoint_run, &log);
    case_end(&c);
}
