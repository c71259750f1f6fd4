/* The judge: holds a store to what it has promised.
 *
 * It opens the store as a node would after an accident, and finds fault when
 * the store does not open, begins a new epoch, fails verification, lacks an
 * acknowledged entry, hands out a byte that was never written, keeps erased
 * bytes after compaction, has a backup that is not whole, or does not go on
 * writing.
 */
#ifndef SG_TESTS_FAULT_JUDGE_H
#define SG_TESTS_FAULT_JUDGE_H

#include "tests/fault/script.h"

#define JUDGE_REASON_MAX 200

struct judge {
    const struct script *script; /* its acks are what was promised */
    bool lied; /* the disk lied: an unsigned tail may have been cut */
    char reason[JUDGE_REASON_MAX];
};

/* Judges the store in judge->script->dir. Returns whether it is as promised; if
 * not, judge->reason says why. */
bool judge_store(struct judge *judge);

/* Compares COUNT entries as they came out of a store with what the workload put
 * in: LOG as in workload_payload, FIRST the index of the first. Erased and
 * absent payloads are right where the script made them so. Gives the index of
 * the first wrong one, or UINT64_MAX. */
uint64_t judge_entries(const struct workload *workload, unsigned log,
                       uint64_t first, const struct sg_entry entries[],
                       size_t count);

#endif
