#include "storage/registry/merge/arena.h"

#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"

#define BLOCK_SIZE (1u << 18) /* a person of 60 records takes a tenth */
#define ALIGN      16u

struct sg_arena_block {
    struct sg_arena_block *next;
    size_t size;
    _Alignas(16) uint8_t bytes[];
};

void sg_arena_init(struct sg_arena *arena)
{
    *arena = (struct sg_arena){0};
}

void sg_arena_clear(struct sg_arena *arena)
{
    while (arena->first != NULL) {
        struct sg_arena_block *next = arena->first->next;

        sg_free(arena->first);
        arena->first = next;
    }
    sg_arena_init(arena);
}

static void go_to(struct sg_arena *arena, struct sg_arena_block *block)
{
    arena->current = block;
    arena->at = block->bytes;
    arena->end = block->bytes + block->size;
}

void sg_arena_reset(struct sg_arena *arena)
{
    struct sg_arena_block **link = &arena->first;

    while (*link != NULL) {
        struct sg_arena_block *block = *link;

        if (block->size == BLOCK_SIZE) {
            link = &block->next;
            continue;
        }
        *link = block->next;
        sg_free(block);
    }
    if (arena->first != NULL)
        go_to(arena, arena->first);
    else
        sg_arena_init(arena);
}

/* Goes to a block with room for SIZE bytes: the next one that is kept, or a new
 * one behind the current. */
static bool add_block(struct sg_arena *arena, size_t size)
{
    struct sg_arena_block *block;

    if (arena->current != NULL && arena->current->next != NULL &&
        arena->current->next->size >= size) {
        go_to(arena, arena->current->next);
        return true;
    }
    if (size < BLOCK_SIZE)
        size = BLOCK_SIZE;
    block = sg_alloc(sizeof *block + size);
    if (block == NULL)
        return false;
    block->size = size;
    if (arena->current == NULL) {
        block->next = NULL;
        arena->first = block;
    } else {
        block->next = arena->current->next;
        arena->current->next = block;
    }
    go_to(arena, block);
    return true;
}

void *sg_arena_take(struct sg_arena *arena, size_t count, size_t size)
{
    size_t total;
    void *piece;

    if (__builtin_mul_overflow(count, size, &total) ||
        total > SIZE_MAX / 2 - ALIGN)
        return NULL;
    total = (total + ALIGN - 1) / ALIGN * ALIGN;
    if ((arena->current == NULL || total > (size_t)(arena->end - arena->at)) &&
        !add_block(arena, total))
        return NULL;
    piece = arena->at;
    arena->at += total;
    return piece;
}

void *sg_arena_take_zero(struct sg_arena *arena, size_t count, size_t size)
{
    void *piece = sg_arena_take(arena, count, size);

    if (piece != NULL)
        memset(piece, 0, count * size);
    return piece;
}

void sg_arena_shrink(struct sg_arena *arena, void *last, size_t size)
{
    uint8_t *end = (uint8_t *)last + (size + ALIGN - 1) / ALIGN * ALIGN;

    SG_ASSERT(end <= arena->at);
    arena->at = end;
}
