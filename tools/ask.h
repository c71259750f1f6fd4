/* Asking a person for a passphrase, or reading it where --passphrase-file says;
 * and key files under one.
 *
 * Functions print their error and return the exit code, 0 for success.
 */
#ifndef SG_TOOLS_ASK_H
#define SG_TOOLS_ASK_H

#include <stdbool.h>

#include "storage/lmdb/passphrase.h"
#include "storage/log/key_file.h"
#include "tools/cli.h"

/* Characters that a new passphrase has at least. */
#define SG_ASK_PASSPHRASE_MIN 8

/* Gives the passphrase for WHAT, a file: of the option --passphrase-file, else
 * asked on the terminal, twice if it IS_NEW. The caller frees it. */
SG_USE_RESULT int sg_ask_passphrase(const struct sg_cli *cli, const char *what,
                                    bool is_new,
                                    struct sg_passphrase **ret_passphrase);

/* Opens the key file NAME of FOLDER. PASSPHRASE may be NULL: one that the file
 * needs is then asked for. *RET_KEY is NULL where there is no such file. The
 * caller frees it. */
SG_USE_RESULT int sg_ask_key(const struct sg_cli *cli, const char *folder,
                             const char *name,
                             const struct sg_passphrase *passphrase,
                             struct sg_key **ret_key);

/* Writes KEY as NAME.key of FOLDER, new, under PASSPHRASE or, if that is NULL,
 * in the clear. */
SG_USE_RESULT int sg_ask_write_key(const struct sg_cli *cli, const char *folder,
                                   const char *name,
                                   const struct sg_passphrase *passphrase,
                                   const struct sg_key *key);

#endif
