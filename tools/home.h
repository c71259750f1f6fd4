/* The data directory as the verbs use it: the store, opened with the keys that
 * lie beside it, and the names by which a person calls a log.
 *
 * Functions print their error and return the exit code, 0 for success.
 */
#ifndef SG_TOOLS_HOME_H
#define SG_TOOLS_HOME_H

#include "storage/lmdb/store.h"
#include "storage/log/key_file.h"
#include "tools/cli.h"

/* Names of key files. */
#define SG_HOME_NODE      "node"
#define SG_HOME_TRANSPORT "transport"
#define SG_HOME_SCOPE     "scope"

struct sg_home {
    struct sg_store *store;
    struct sg_key *node;  /* NULL where there is none: nothing can be written */
    struct sg_key *scope; /* NULL: nothing can be unsealed */
};

/* Opens the data directory of CLI with the keys that are there. The caller
 * closes it with sg_home_close. */
SG_USE_RESULT int sg_home_open(const struct sg_cli *cli,
                               struct sg_home *ret_home);
void sg_home_close(struct sg_home *home);

/* Reads key file NAME of CLI's directory; NULL where there is no such file.
 * The caller frees it. */
SG_USE_RESULT int sg_home_key(const struct sg_cli *cli, const char *name,
                              struct sg_key **ret_key);

/* Writes the path of the folder of keys. */
#define SG_HOME_PATH_MAX 4096
SG_USE_RESULT int sg_home_keys_path(const struct sg_cli *cli,
                                    char ret_path[SG_HOME_PATH_MAX]);

/* Called for the name of each key file in a folder; stops at the first code
 * other than 0. */
typedef int sg_home_key_fn(void *context, const char *name);
SG_USE_RESULT int sg_home_each_key(const struct sg_cli *cli, const char *folder,
                                   sg_home_key_fn *fn, void *context);

/* Gives the own log. */
SG_USE_RESULT int sg_home_own(const struct sg_cli *cli,
                              const struct sg_home *home,
                              const struct sg_store_own **ret_own);

/* Finds the log that NAME calls: its number here (`sogoc logs` has it), or its
 * id in hex, or at least the first 8 digits of it; NULL is the own log. */
SG_USE_RESULT int sg_home_log(const struct sg_cli *cli,
                              const struct sg_home *home, const char *name,
                              struct sg_store_log *ret_log);

#endif
