/* A seeded, deterministic source of numbers for simulation, tests, jitter and
 * synthetic data: the same seed gives the same numbers for ever, on every
 * machine.
 *
 * xoshiro256** 1.0, seeded by splitmix64, from their public description
 * (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021;
 * https://prng.di.unimi.it). NOT for keys, nonces, salts, tokens or ids: four
 * outputs betray all others. Those come from crypto.
 */
#ifndef SG_STORAGE_BASE_PRNG_H
#define SG_STORAGE_BASE_PRNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sg_prng {
    uint64_t state[4];
};

/* Sets PRNG to the start of the sequence of SEED; any seed is good. */
void sg_prng_init(struct sg_prng *prng, uint64_t seed);

/* Returns the next 64 bits. */
uint64_t sg_prng_u64(struct sg_prng *prng);

/* Returns a number from 0 to N - 1, all equally likely; N is at least 1. */
uint64_t sg_prng_below(struct sg_prng *prng, uint64_t n);

/* Fills RET with SIZE bytes. */
void sg_prng_bytes(struct sg_prng *prng, uint8_t *ret, size_t size);

/* Says yes PERMILLE times in 1,000: never at 0, always at 1,000 and above. */
bool sg_prng_chance(struct sg_prng *prng, unsigned permille);

#endif
