/* Arena: memory that is given out piece by piece and taken back all at once,
 * for what a fold makes and nobody keeps.
 *
 * Pieces never move. The blocks are kept for the next fold.
 */
#ifndef SG_STORAGE_REGISTRY_MERGE_ARENA_H
#define SG_STORAGE_REGISTRY_MERGE_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "storage/base/bytes.h"

struct sg_arena_block;

struct sg_arena {
    struct sg_arena_block *first;
    struct sg_arena_block *current;
    uint8_t *at, *end; /* what is left of the current block */
};

/* Makes ARENA empty; allocates nothing. Ends with sg_arena_clear. */
void sg_arena_init(struct sg_arena *arena);

/* Frees everything; ARENA is as after init. */
void sg_arena_clear(struct sg_arena *arena);

/* Takes back everything that was given out. A large block is freed, the usual
 * one kept. */
void sg_arena_reset(struct sg_arena *arena);

/* Gives COUNT times SIZE bytes of undefined content, aligned for anything; NULL
 * when there is no memory, or the product is no size. Valid until the reset. */
void *sg_arena_take(struct sg_arena *arena, size_t count, size_t size);

/* The same, all zero. */
void *sg_arena_take_zero(struct sg_arena *arena, size_t count, size_t size);

/* Gives back the end of the last piece, of which SIZE bytes are kept. */
void sg_arena_shrink(struct sg_arena *arena, void *last, size_t size);

#endif
