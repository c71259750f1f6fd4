/* Planted bugs: proof that a harness can fail.
 *
 * A test that injects faults is worth what it catches. Where a rule of ours
 * keeps data safe, SG_PLANT(name) marks how it would be broken; builds with
 * -DSG_PLANTS=ON obey the environment variable SG_PLANT=name, and all others
 * compile the mark to false, that is, to nothing.
 */
#ifndef SG_STORAGE_BASE_PLANT_H
#define SG_STORAGE_BASE_PLANT_H

#include <stdbool.h>

#ifdef SG_PLANTS
#define SG_PLANT(name) sg_plant_is(#name)
#else
#define SG_PLANT(name) false
#endif

/* Says whether the environment asks for the bug NAME. Context: any thread. */
bool sg_plant_is(const char *name);

#endif
