/* Cells: a sketch of a map from log numbers to values, of which two sides'
 * difference shows the logs that differ, for about 1.6 cells each (PROTOCOL.md
 * section 7).
 *
 * A sketch is a prefix of an endless row of cells: blocks k = 0, 1, 2, ... of
 * 2^k cells, and each log stands in one cell of each block. So more cells can
 * be added to it later, and it serves any number of differences. Pure.
 */
#ifndef SG_REPLICATION_CELLS_H
#define SG_REPLICATION_CELLS_H

#include <stdbool.h>
#include <stdint.h>

#include "replication/head_message.h"
#include "storage/base/limits.h"

/* Adds the value V of the log with number X to cells FIRST to TO - 1, of which
 * CELLS[0] is cell FIRST; takes it away. */
void sg_cells_add(struct sg_head_cell cells[], uint32_t first, uint32_t to,
                  uint32_t x, uint32_t v);
void sg_cells_sub(struct sg_head_cell cells[], uint32_t first, uint32_t to,
                  uint32_t x, uint32_t v);

/* Takes the COUNT cells TAKEN from CELLS. */
void sg_cells_minus(struct sg_head_cell cells[],
                    const struct sg_head_cell taken[], uint32_t count);

/* Estimates from CELLS, a difference of two sketches, how many it takes to
 * decode it: more than COUNT; above SG_CELLS_MAX if that is not worth while. */
uint32_t sg_cells_next(const struct sg_head_cell cells[], uint32_t count);

/* What a decoding works with. */
struct sg_cells_work {
    uint16_t queue[SG_CELLS_MAX];
    bool is_queued[SG_CELLS_MAX];
};

/* Decodes CELLS, the first COUNT of a difference, and destroys them: gives the
 * numbers of the logs that differ, ascending, at most COUNT. False if they
 * cannot be told. Bounded work for any cells. */
bool sg_cells_decode(struct sg_head_cell cells[], uint32_t count,
                     struct sg_cells_work *work, uint32_t ret_numbers[],
                     uint32_t *ret_found);

/* Puts NUMBERS in ascending order without repetitions, in place; returns how
 * many are left. */
uint32_t sg_cells_sort(uint32_t numbers[], uint32_t count);

#endif
