/* What the product draws of the kernel's random bytes, in this program. */
#ifndef SG_TESTS_SIM_RANDOM_H
#define SG_TESTS_SIM_RANDOM_H

#include <stdint.h>

/* Begins the bytes of a run with SEED. */
void random_seed(uint64_t seed);

#endif
