/* The register of a stopped node, as the verbs open it: its view, caught up
 * with the logs, under the key that lies in the directory.
 *
 * Functions print their error and return the exit code, 0 for success.
 */
#ifndef SG_TOOLS_REGISTER_H
#define SG_TOOLS_REGISTER_H

#include "node/view/view.h"
#include "tools/home.h"

#define SG_REGISTER_KEY "view"

struct sg_register {
    struct sg_home home;
    struct sg_key *transport; /* NULL: there is none */
    struct sg_key *key;       /* of the view; NULL: there is none */
    const struct sg_key *scopes[1];
};

/* Opens CLI's directory with all keys that reading needs. The caller closes it.
 */
SG_USE_RESULT int sg_register_open(const struct sg_cli *cli,
                                   struct sg_register *ret_register);
void sg_register_close(struct sg_register *all);

/* Opens the view in DIR, which may be another than the directory, and takes in
 * all that the logs have; with IS_NEW it is deleted and made in bulk. The
 * caller closes the view. */
SG_USE_RESULT int sg_register_view(const struct sg_cli *cli,
                                   struct sg_register *all, const char *dir,
                                   bool is_new, struct sg_view **ret_view);

/* Draws another key of the view and writes it in the place of the old one. */
SG_USE_RESULT int sg_register_change_key(const struct sg_cli *cli,
                                         struct sg_register *all);

#endif
