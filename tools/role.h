/* Words for roles: of nodes, and of officers. */
#ifndef SG_TOOLS_ROLE_H
#define SG_TOOLS_ROLE_H

#include "replication/certificate.h"
#include "tools/cli.h"

/* Finds the role of a node that WORD names. Prints its error; returns the exit
 * code, 0 for success. */
SG_USE_RESULT int sg_role_find(const struct sg_cli *cli, const char *word,
                               enum sg_certificate_role *ret_role);

/* Gives ROLE as a value to print. */
struct sg_out_value sg_role_value(enum sg_certificate_role role,
                                  enum sg_lang lang);

/* Reads an officer's roles, words with commas between ("capture,approve"), as
 * their bits (RECORDS.md section 5). Prints its error; returns the exit code.
 */
SG_USE_RESULT int sg_role_bits(const struct sg_cli *cli, const char *words,
                               unsigned *ret_bits);

/* Writes BITS as such words; TEXT has room for all. */
#define SG_ROLE_TEXT_SIZE 64
void sg_role_print(unsigned bits, char ret_text[SG_ROLE_TEXT_SIZE]);

#endif
