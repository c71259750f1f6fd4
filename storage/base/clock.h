/* The two real clocks, alone in a file so that a ring that does not link or
 * call it is seen to be free of them.
 */
#ifndef SG_STORAGE_BASE_CLOCK_H
#define SG_STORAGE_BASE_CLOCK_H

#include "storage/base/mono.h"
#include "storage/base/wall.h"

/* Reads the monotonic clock (CLOCK_BOOTTIME: it runs on while the machine
 * sleeps, as the peers' clocks do). Context: any thread. */
struct sg_mono sg_clock_mono(void);

/* Reads the clock on the wall. Context: any thread. */
struct sg_wall sg_clock_wall(void);

#endif
