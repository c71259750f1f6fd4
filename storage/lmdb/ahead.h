/* Room written ahead: real zeros behind the last page of an environment's file.
 *
 * A file that grows makes the flush of a commit write what the file system
 * knows of the file, too: its journal, with a flush of its own and behind
 * everybody else who waits for it; or inode, bitmaps and sizes one by one. So
 * do blocks that are reserved and not written (fallocate). One small commit in
 * twenty grows the file. So it grows by dozens of pages at once, and the
 * commits in between write over zeros.
 *
 * The zeros are nobody's data: they become durable with the next commit, or are
 * lost in a crash, or are not there. LMDB does not look behind its last page.
 */
#ifndef SG_STORAGE_LMDB_AHEAD_H
#define SG_STORAGE_LMDB_AHEAD_H

#include <stdbool.h>
#include <stdint.h>

/* Where a commit left the file, in bytes. */
struct sg_ahead {
    uint64_t used; /* up to the end of the last page */
    uint64_t size; /* of the file: USED or more */
};

/* Sets AHEAD up for the file FD, of which USED bytes are in use. */
void sg_ahead_init(struct sg_ahead *ahead, int fd, uint64_t used);

/* Takes note that a commit left USED bytes in use, and says whether it is time
 * to write ahead: little room is left, and the commit was a small one. A large
 * one brings pages enough to bear what growing costs, and would write them
 * twice. Nobody is asked for the size of the file: where its times have been
 * looked at, the next write has to change them (Linux 6.13), and a file system
 * without a journal writes them with the next flush. */
bool sg_ahead_is_due(struct sg_ahead *ahead, uint64_t used);

/* Writes zeros behind the end of the file, but not beyond SIZE_MAX. Gives 0, or
 * errno; a write that is cut short is no error. */
int sg_ahead_write(struct sg_ahead *ahead, int fd, uint64_t size_max);

#endif
