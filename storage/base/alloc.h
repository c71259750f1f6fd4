/* Memory from the heap: the only caller of malloc, so that tests can make any
 * allocation fail and see what is never freed.
 *
 * It is not a pool and not for secrets: locked memory comes from crypto.
 */
#ifndef SG_STORAGE_BASE_ALLOC_H
#define SG_STORAGE_BASE_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Gives SIZE bytes of undefined content, or NULL; a size of 0 gives a pointer
 * too. Caller frees with sg_free. Context: any thread. */
void *sg_alloc(size_t size);

/* Gives COUNT times SIZE zero bytes, or NULL, also when the product is no
 * size. Caller frees with sg_free. Context: any thread. */
void *sg_calloc(size_t count, size_t size);

/* Takes MEMORY, which may be NULL, and gives it back with SIZE bytes, its
 * content kept; or NULL, and then MEMORY is as before and still the caller's.
 * The place it moved from is not wiped. Context: any thread. */
void *sg_realloc(void *memory, size_t size);

/* Makes room for one more in *ARRAY, which has COUNT things of SIZE bytes and
 * room for *CAPACITY, by doubling; both are moved on together. What bounds
 * COUNT is the caller's. False when there is no memory: nothing has changed.
 * Context: any thread. */
bool sg_alloc_grow(void **array, size_t count, size_t *capacity, size_t size);

/* Takes MEMORY, which may be NULL. Context: any thread. */
void sg_free(void *memory);

/*
 * For tests. They count through all threads of the process; the product itself
 * never calls them.
 */

/* Makes the NTH call from now on (1 = the next) of sg_alloc, sg_calloc or
 * sg_realloc give NULL, once; 0 lets all succeed. */
void sg_alloc_fail_at(int64_t nth);

/* Says whether the call planned with sg_alloc_fail_at has come and failed. */
bool sg_alloc_failed(void);

/* Counts what is allocated and not yet freed. */
int64_t sg_alloc_live(void);

#endif
