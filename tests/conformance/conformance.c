/* Runs the public test vectors that the code is measured against: every vector
 * of a kind in the table below. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "storage/base/crypto.h"
#include "storage/base/version.h"
#include "tests/conformance/run.h"

static const char help[] =
    "usage: conformance [DIR]\n"
    "\n"
    "Runs the public test vectors that our code is measured against. DIR "
    "holds\n"
    "one folder for each kind of vectors, or is such a folder; without it the\n"
    "environment's SG_VECTORS, and without that ../shared/vectors beside the\n"
    "source.\n"
    "\n"
    "  --version, --help\n"
    "\n"
    "Exit: 0 when none failed, or when nobody said where vectors are and they\n"
    "are not in the usual place; 1 otherwise. With CI=true in the environment\n"
    "they must be there.\n";

static const struct kind {
    const char *folder;
    void (*run)(struct run *run, const char *path);
} kinds[] = {
    {"cctv-ed25519", cctv_run},     {"msgpack-test-suite", msgpack_run},
    {"noise", noise_run},           {"rfc6962-merkle", merkle_run},
    {"signed-note", note_run},      {"tessera-log", tessera_run},
    {"wycheproof", wycheproof_run},
};

static const struct kind *kind_of(const char *folder)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(kinds[i].folder, folder) == 0)
            return &kinds[i];
    }
    return NULL;
}

static void print_tally(const char *name, const struct tally *tally)
{
    printf("%s: %zu passed, %zu failed, %zu skipped\n", name, tally->passed,
           tally->failed, tally->skipped);
}

static void folder_run(struct run *run, const char *name)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof(path), "%s/%s", run->root, name);
    run->folder = (struct tally){0};
    const struct kind *kind = kind_of(name);
    if (kind != NULL)
        kind->run(run, path);
    else
        run_skip(run, path, 1, "not a kind of vectors that this program knows");
    /* An empty folder must not look like one that was run. */
    if (run->folder.passed + run->folder.failed + run->folder.skipped == 0)
        run_fail(run, path, "folder", "holds no vectors");
    print_tally(name, &run->folder);
    run->all.passed += run->folder.passed;
    run->all.failed += run->folder.failed;
    run->all.skipped += run->folder.skipped;
}

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Runs every folder in run->root, in the order of their names. One at least has
 * to be there. */
static void root_run(struct run *run)
{
    size_t folders = 0;
    FTS *walk = run_walk(run->root);
    FTSENT *entry;
    while (walk != NULL && (entry = fts_read(walk)) != NULL) {
        if (entry->fts_level != 1 || entry->fts_info != FTS_D)
            continue;
        if (entry->fts_name[0] != '.') {
            folder_run(run, entry->fts_name);
            folders++;
        }
        (void)fts_set(walk, entry, FTS_SKIP);
    }
    if (walk != NULL)
        (void)fts_close(walk);
    if (folders == 0) {
        printf("FAIL %s: holds no folders of vectors\n", run->root);
        run->all.failed++;
    }
}

static bool is_ci(void)
{
    const char *ci = getenv("CI");
    return ci != NULL && strcmp(ci, "true") == 0;
}

static int without_vectors(const char *root, bool was_told)
{
    bool is_failure = was_told || is_ci();
    printf("%s: NO CONFORMANCE VECTORS WERE RUN\n"
           "There is no folder %s.\n"
           "Say where they are:  build/conformance DIR   or   SG_VECTORS=DIR\n"
           "where DIR holds folders such as wycheproof and cctv-ed25519, as\n"
           "tests/conformance/README.md describes them.\n",
           is_failure ? "FAILED" : "SKIPPED", root);
    return is_failure ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* DIR may itself be a kind's folder: then ROOT becomes the one above, and the
 * name that was cut off is given. NULL otherwise. */
static const char *cut_kind(char *root)
{
    size_t size = strlen(root);
    while (size > 1 && root[size - 1] == '/')
        root[--size] = '\0';
    char *slash = strrchr(root, '/');
    if (slash == NULL || kind_of(slash + 1) == NULL)
        return NULL;
    *slash = '\0';
    return slash + 1;
}

int main(int argc, char **argv)
{
    if (sg_version_answer(argc, argv, "conformance", help))
        return EXIT_SUCCESS;
    if (argc > 2) {
        (void)fprintf(stderr, "conformance: one DIR at most; see --help\n");
        return EXIT_FAILURE;
    }
    const char *told = argc == 2 ? argv[1] : getenv("SG_VECTORS");
    char root[PATH_MAX];
    (void)snprintf(root, sizeof(root), "%s",
                   told != NULL ? told : SG_SOURCE_DIR "/../shared/vectors");
    if (!is_folder(root))
        return without_vectors(root, told != NULL);
    if (sg_crypto_init() != SG_OK) {
        (void)fprintf(stderr, "libsodium does not start\n");
        return EXIT_FAILURE;
    }
    struct run run = {.root = root};
    const char *kind = cut_kind(root);
    if (kind != NULL)
        folder_run(&run, kind);
    else
        root_run(&run);
    print_tally("all", &run.all);
    return run.all.failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
