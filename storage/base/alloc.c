#include "storage/base/alloc.h"

#include <stdatomic.h>
#include <stdlib.h>

/* Room of an array when its first thing comes: most stay small. */
#define GROW_FIRST ((size_t)4)

/* All counters are relaxed: they order nothing, and a release build pays one
 * uncontended add per call. */
static atomic_int_fast64_t live;
static atomic_int_fast64_t until_failure; /* 1 = the next call; <= 0 = off */
static atomic_bool failed;

static bool fails_now(void)
{
    if (atomic_load_explicit(&until_failure, memory_order_relaxed) <= 0)
        return false;
    if (atomic_fetch_sub_explicit(&until_failure, 1, memory_order_relaxed) != 1)
        return false;
    atomic_store_explicit(&failed, true, memory_order_relaxed);
    return true;
}

static void *counted(void *memory)
{
    if (memory != NULL)
        atomic_fetch_add_explicit(&live, 1, memory_order_relaxed);
    return memory;
}

/* Zero bytes become one, so that NULL always means failure. */
static size_t at_least_one(size_t size)
{
    return size > 0 ? size : 1;
}

void *sg_alloc(size_t size)
{
    if (fails_now())
        return NULL;
    return counted(malloc(at_least_one(size)));
}

void *sg_calloc(size_t count, size_t size)
{
    size_t total;

    if (__builtin_mul_overflow(count, size, &total))
        return NULL;
    if (fails_now())
        return NULL;
    return counted(calloc(1, at_least_one(total)));
}

void *sg_realloc(void *memory, size_t size)
{
    if (memory == NULL)
        return sg_alloc(size);
    if (fails_now())
        return NULL;
    return realloc(memory, at_least_one(size));
}

bool sg_alloc_grow(void **array, size_t count, size_t *capacity, size_t size)
{
    size_t more = *capacity > 0 ? 2 * *capacity : GROW_FIRST;
    void *moved;

    if (count < *capacity)
        return true;
    if (more <= *capacity || more > SIZE_MAX / size)
        return false;
    moved = sg_realloc(*array, more * size);
    if (moved == NULL)
        return false;
    *array = moved;
    *capacity = more;
    return true;
}

void sg_free(void *memory)
{
    if (memory != NULL)
        atomic_fetch_sub_explicit(&live, 1, memory_order_relaxed);
    free(memory);
}

void sg_alloc_fail_at(int64_t nth)
{
    atomic_store_explicit(&failed, false, memory_order_relaxed);
    atomic_store_explicit(&until_failure, nth, memory_order_relaxed);
}

bool sg_alloc_failed(void)
{
    return atomic_load_explicit(&failed, memory_order_relaxed);
}

int64_t sg_alloc_live(void)
{
    return atomic_load_explicit(&live, memory_order_relaxed);
}
