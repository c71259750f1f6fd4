#include "tests/sim/memory.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/base/alloc.h"

static void *have(void *pointer)
{
    if (pointer == NULL) {
        fputs("sim: no memory\n", stderr);
        abort();
    }
    return pointer;
}

void memory_begin(void)
{
#ifdef M_MMAP_THRESHOLD
    (void)mallopt(M_MMAP_THRESHOLD, 1 << 15);
#endif
}

void *memory_new(size_t size)
{
    return have(sg_calloc(1, size == 0 ? 1 : size));
}

void *memory_raw(size_t size)
{
    return have(sg_alloc(size == 0 ? 1 : size));
}

void memory_free(void *pointer)
{
    sg_free(pointer);
}

void *memory_copy(const void *bytes, size_t size)
{
    void *copy = memory_raw(size);

    if (size > 0)
        memcpy(copy, bytes, size);
    return copy;
}

void *memory_room(void *items, size_t count, size_t *room, size_t item_size)
{
    size_t wanted = *room == 0 ? 4 : *room;

    if (count <= *room)
        return items;
    while (wanted < count)
        wanted *= 2;
    items = have(sg_realloc(items, wanted * item_size));
    memset((char *)items + *room * item_size, 0, (wanted - *room) * item_size);
    *room = wanted;
    return items;
}
