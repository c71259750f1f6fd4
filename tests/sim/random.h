/* What the product draws of the kernel's random bytes, in this program. */
#ifndef SG_TESTS_SIM_RANDOM_H
#define SG_TESTS_SIM_RANDOM_H

#include <stdint.h>

/* Once, before libsodium is begun: its bytes come from here. */
void random_begin(void);

/* Begins the bytes of a run with SEED. */
void random_seed(uint64_t seed);

#endif
