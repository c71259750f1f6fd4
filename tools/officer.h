/* Officers, as the verbs call them: by the name of a key file, or by a key id.
 *
 * Functions print their error and return the exit code, 0 for success.
 */
#ifndef SG_TOOLS_OFFICER_H
#define SG_TOOLS_OFFICER_H

#include "storage/log/key_file.h"
#include "storage/registry/authority.h"
#include "tools/cli.h"
#include "tools/seat.h"

/* A staff number, with its NUL: a-z, 0-9, '-', '_'. */
#define SG_OFFICER_NAME_SIZE 33

SG_USE_RESULT int sg_officer_check_name(const struct sg_cli *cli,
                                        const char *name);

/* Opens the key of officer NAME in the keys of the data directory; caller frees
 * with sg_key_file_free. */
SG_USE_RESULT int sg_officer_key(const struct sg_cli *cli, const char *name,
                                 struct sg_key **ret_key);

/* Called for each officer; stops at the first result other than SG_OK. */
typedef enum sg_err sg_officer_fn(void *context,
                                  const struct sg_authority_grant *grant,
                                  struct sg_bytes label);

/* Calls FN for each officer of whom a grant stands, by SEAT's state. Errors:
 * those of FN. */
SG_USE_RESULT enum sg_err sg_officer_each(const struct sg_seat *seat,
                                          sg_officer_fn *fn, void *context);

/* Finds the officer whose key id, key or label NAME is, or of whose key id or
 * key the first 8 digits or more. */
SG_USE_RESULT int sg_officer_find(const struct sg_seat *seat, const char *name,
                                  struct sg_key_id *ret_id);

#endif
