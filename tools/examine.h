/* Verifying a store as the verbs show it: a row for each finding, progress, and
 * one sentence where the database itself cannot be walked.
 *
 * Functions print their error and return the exit code, 0 for success.
 */
#ifndef SG_TOOLS_EXAMINE_H
#define SG_TOOLS_EXAMINE_H

#include "storage/lmdb/verify.h"
#include "tools/cli.h"

/* Walks STORE, which lies in DIR, to its end; FOUND is called for each finding.
 * RET_TOTALS is set whatever happens. */
SG_USE_RESULT int sg_examine_store(struct sg_cli *cli, struct sg_store *store,
                                   const char *dir, sg_verify_found_fn *found,
                                   void *context,
                                   struct sg_verify_totals *ret_totals);

/* Opens the store in DIR to be looked at, also while a sogocd has it; nothing
 * is written and no epoch begins. The caller closes it. */
SG_USE_RESULT int sg_examine_open(const struct sg_cli *cli, const char *dir,
                                  struct sg_store **ret_store);

/* What was found beside the logs. */
struct sg_examine_beside {
    uint64_t highwater;
    uint64_t keys;
    uint64_t identity; /* certificate, chain */
};

/* Looks at what lies beside the logs in CLI's directory: the high-water file;
 * the key files, of which those under a passphrase are opened where one is at
 * hand without asking; certificate and chain. Prints a row for each finding. */
SG_USE_RESULT int sg_examine_beside(struct sg_cli *cli, struct sg_store *store,
                                    struct sg_examine_beside *ret_found);

static inline uint64_t sg_examine_count(const struct sg_examine_beside *found)
{
    return found->highwater + found->keys + found->identity;
}

/* Looks at the view in CLI's directory, row by row, and, where nobody has the
 * store, compares it with one that is made beside it of the logs. Prints a row
 * for each finding; RET_FINDINGS is how many. */
SG_USE_RESULT int sg_examine_view(struct sg_cli *cli,
                                  const struct sg_registry_id *registry,
                                  uint64_t *ret_findings);

/* Prints as a finding that FILE is as TEXTS say, by enum sg_lang; at INDEX
 * where that is no UINT64_MAX. */
void sg_examine_report(struct sg_cli *cli, const char *file, uint64_t index,
                       const char *const texts[2]);

/* Prints a finding as a row. Its context is a struct sg_cli. */
void sg_examine_print(void *context, uint32_t log, uint64_t index,
                      enum sg_damage damage);

/* Says that the database in DIR cannot be read on, and what helps. Returns
 * SG_EXIT_DAMAGED. */
int sg_examine_fail_pages(const struct sg_cli *cli, const char *dir);

#endif
