/* A fuzz target: one function that takes any bytes and must survive them.
 *
 * It is called by libFuzzer, or by replay.c where there is none. It allocates
 * through sg_alloc and gives all back, keeps nothing between calls, and states
 * its promise with SG_ASSERT.
 */
#ifndef SG_TESTS_FUZZ_FUZZ_H
#define SG_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* The name is libFuzzer's. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
