/* A log store that is filled with a synthetic registry: one log of its
 * authority, and one in which a node sealed what all offices wrote. For benches
 * and tests of whatever reads logs.
 */
#ifndef SG_TOOLS_SYNTH_STORE_H
#define SG_TOOLS_SYNTH_STORE_H

#include "storage/lmdb/store.h"
#include "storage/log/key_file.h"
#include "tools/synth_history.h"

struct sg_synth_store_options {
    const char *dir; /* exists; a store is made in it */
    uint64_t persons;
    uint64_t seed;
    /* Approvals, cards and accounts, too: nearly nine records a person; else
     * the enrolment and what follows it, four. */
    bool is_whole;
    /* Records in the order of their clocks, as a log has them: all are held in
     * memory. Else those of one person after the other. */
    bool is_sorted;
};

struct sg_synth_store {
    struct sg_store *store;
    struct sg_key *scope; /* opens the one content key */
    uint64_t persons;
    uint64_t records;
};

/* Makes and fills a store, and leaves it open. Caller ends with
 * sg_synth_store_close. Errors: those of the store; NOMEM, LIMIT. */
SG_USE_RESULT enum sg_err sg_synth_store_make(
    const struct sg_synth_store_options *options,
    struct sg_synth_store *ret_store);

/* Closes and frees; the directory stays. */
void sg_synth_store_close(struct sg_synth_store *store);

#endif
