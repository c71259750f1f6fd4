#include "tests/lib/tempdir.h"

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "storage/base/alloc.h"
#include "tests/lib/test.h"

#define OPEN_MAX_WALK 16

char *sg_tempdir_new(void)
{
    const char *parent = getenv("TMPDIR");
    char *path = sg_alloc(PATH_MAX);

    if (parent == NULL || parent[0] == '\0')
        parent = "/tmp";
    assert_non_null(path);
    (void)snprintf(path, PATH_MAX, "%s/sogoc-XXXXXX", parent);
    if (mkdtemp(path) == NULL)
        fail_msg("cannot make a directory in %s", parent);
    return path;
}

static int free_one(const char *path, const struct stat *status, int type,
                    struct FTW *where)
{
    (void)status;
    (void)type;
    (void)where;
    return remove(path);
}

void sg_tempdir_free(char *path)
{
    if (path == NULL)
        return;
    if (nftw(path, free_one, OPEN_MAX_WALK, FTW_DEPTH | FTW_PHYS) != 0)
        fail_msg("cannot remove %s", path);
    sg_free(path);
}

int sg_tempdir_setup(void **state)
{
    *state = sg_tempdir_new();
    return 0;
}

int sg_tempdir_teardown(void **state)
{
    sg_tempdir_free(*state);
    return 0;
}
