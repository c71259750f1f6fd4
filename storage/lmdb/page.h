/* Pages of LMDB, looked at before they are written on.
 *
 * LMDB copies a page to the heap to change it and believes every offset in it:
 * one flipped bit there, and it moves bytes that are not its own. Reading is
 * guarded (guard.h); for writing nothing helps but to look first.
 *
 * Source: struct MDB_page and MDB_node of mdb.c, LMDB 0.9, whose data format
 * (MDB_DATA_VERSION 1) is the same in all of 0.9.
 */
#ifndef SG_STORAGE_LMDB_PAGE_H
#define SG_STORAGE_LMDB_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "storage/lmdb/mdb.h"

/* Looks at what LMDB believes unseen while it opens a file of SIZE bytes that
 * begins with these two pages: the size of pages, by which it steps; what the
 * two trees are; how far they reach; which of the two is newer, which must be
 * by one commit.
 * Errors: DAMAGED; TRUNCATED (the last page lies beyond the end). */
#define SG_PAGE_METAS_SIZE 8192
SG_USE_RESULT enum sg_err sg_page_check_metas(
    const uint8_t bytes[SG_PAGE_METAS_SIZE], uint64_t size);

/* Says whether the leaf page that KEY lies on, as a cursor of TXN gave it, and
 * the overflow pages that it leads to hold together. A page that TXN has
 * changed itself lies on the heap, and was looked at before that. */
bool sg_page_is_sound(const struct sg_txn *txn, const void *key);

/* Says whether the pages of DB that a write of KEY would change are sound:
 * where it lies, or where it would come to lie. */
bool sg_page_is_writable(struct sg_txn *txn, unsigned db, MDB_val key);

/* The same for a write behind the last key. */
bool sg_page_is_appendable(struct sg_txn *txn, unsigned db);

/* Says whether all pages that TXN, a read transaction, can reach are sound:
 * what LMDB must be sure of before it copies a file. Reads every page. */
bool sg_page_all_are_sound(const struct sg_txn *txn);

#endif
