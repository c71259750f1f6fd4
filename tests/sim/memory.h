/* Memory of the simulator: it ends the program when there is none. */
#ifndef SG_TESTS_SIM_MEMORY_H
#define SG_TESTS_SIM_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* Once, before anything else: large pieces come from the system, which gives
 * pages of zeros when they are touched. A core takes megabytes at its start and
 * uses a few pages of them; a registry starts thousands. */
void memory_begin(void);

/* Gives SIZE bytes of zeros; the caller frees them with memory_free. */
void *memory_new(size_t size);
void memory_free(void *pointer);

/* The same, of any bytes. */
void *memory_raw(size_t size);

/* Gives a copy of SIZE bytes. */
void *memory_copy(const void *bytes, size_t size);

/* Grows the array ITEMS, which has room for *ROOM members of ITEM_SIZE bytes,
 * so that COUNT fit; returns where it is now. */
void *memory_room(void *items, size_t count, size_t *room, size_t item_size);

#endif
