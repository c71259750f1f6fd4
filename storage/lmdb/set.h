/* Sets: members of one size in a database, without values, many to a row.
 *
 * A node of LMDB takes ten bytes beside its key, nearly as much as an index has
 * to say. So members that follow each other share a row, and what they begin
 * with is written once (FORMAT.md section 12). LMDB's own lists of that kind
 * (MDB_DUPFIXED) would take more, and pages that page.h does not know.
 *
 * These calls work in a transaction, with its sticky error (txn.h); a row that
 * does not hold together fails it with DAMAGED. All members of one database
 * have one size.
 */
#ifndef SG_STORAGE_LMDB_SET_H
#define SG_STORAGE_LMDB_SET_H

#include "storage/lmdb/txn.h"

#define SG_SET_MEMBER_MAX 24u   /* bytes of a member */
#define SG_SET_ROW_MAX    2000u /* bytes of a row: two fill a page of LMDB */
#define SG_SET_ROW_COUNT  500u  /* members of a row */

/* Puts MEMBER in; takes it out. It may be in, or not, already. */
void sg_set_put(struct sg_txn *txn, unsigned db, struct sg_bytes member);
void sg_set_del(struct sg_txn *txn, unsigned db, struct sg_bytes member);

/* Where somebody is who walks over a set. The fields behind `member` are this
 * module's, and borrowed from the transaction: until its next write, and until
 * anybody else seeks in the same database. */
struct sg_set_walk {
    uint8_t member[SG_SET_MEMBER_MAX];
    size_t size; /* of a member */
    struct sg_txn *txn;
    unsigned db;
    const uint8_t *tails; /* of the row: what members end with */
    size_t width;         /* of one */
    size_t at, count;
};

/* Finds the first member, of SIZE bytes, that is not below FROM, which may be
 * shorter. Return whether there is one. */
bool sg_set_seek(struct sg_txn *txn, unsigned db, size_t size,
                 struct sg_bytes from, struct sg_set_walk *ret_walk);
bool sg_set_next(struct sg_set_walk *walk);

/* Members on their way to the end of a set. All zero when empty. */
struct sg_set_fill {
    uint8_t members[SG_SET_ROW_COUNT][SG_SET_MEMBER_MAX];
    size_t size;
    size_t count;
};

/* Appends MEMBER, which is beyond all others in DB; what FILL still has is
 * written by _end, in the same transaction. */
void sg_set_append(struct sg_txn *txn, unsigned db, struct sg_set_fill *fill,
                   struct sg_bytes member);
void sg_set_append_end(struct sg_txn *txn, unsigned db,
                       struct sg_set_fill *fill);

#endif
