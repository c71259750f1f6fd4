/* The pages of an LMDB file that are in use, from its bytes alone, so that a
 * damage is planted where somebody would meet it: stale copies of rows lie on
 * free pages.
 *
 * It trusts the file, which nobody has damaged yet. Source: struct MDB_meta,
 * MDB_page, MDB_node, MDB_db of mdb.c, LMDB 0.9.
 */
#ifndef SG_TESTS_FAULT_PAGES_H
#define SG_TESTS_FAULT_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGES_SIZE 4096u
#define PAGES_HEAD 16u

enum pages_kind { PAGES_UNUSED, PAGES_BRANCH, PAGES_LEAF, PAGES_OVERFLOW };

struct pages {
    const uint8_t *bytes;
    size_t count; /* up to the last one in use */
    uint8_t *kinds;
};

/* Finds those of all databases, but not of the list of free pages, in the SIZE
 * bytes of a data file, which stay borrowed. The caller frees kinds. Returns
 * whether the file is one. */
bool pages_find(const uint8_t *bytes, size_t size, struct pages *ret);

/* Gives the place of the N-th occurrence, from 0, of NEEDLE on pages in use; or
 * SIZE_MAX. An overflow page goes on to the next. */
size_t pages_search(const struct pages *pages, const uint8_t *needle,
                    size_t size, unsigned n);

/* A row on a leaf page. */
struct pages_row {
    size_t key, value; /* places */
    size_t key_size, value_size;
};

/* Gives the N-th row, from 0, whose value lies beside its key on a leaf page of
 * the whole file and is not a tree. Returns whether there is one. */
bool pages_row(const struct pages *pages, size_t n, struct pages_row *ret);

#endif
