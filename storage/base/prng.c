#include "storage/base/prng.h"

#include "storage/base/check.h"

static uint64_t splitmix64(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

static uint64_t rotate_left(uint64_t value, unsigned bits)
{
    return value << bits | value >> (64 - bits);
}

void sg_prng_init(struct sg_prng *prng, uint64_t seed)
{
    for (size_t i = 0; i < 4; i++)
        prng->state[i] = splitmix64(&seed);
}

uint64_t sg_prng_u64(struct sg_prng *prng)
{
    uint64_t *s = prng->state;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t shifted = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate_left(s[3], 45);
    return result;
}

uint64_t sg_prng_below(struct sg_prng *prng, uint64_t n)
{
    uint64_t excess; /* 2^64 mod n values at the bottom would favour some */
    uint64_t value;

    SG_ASSERT(n > 0);
    excess = (UINT64_MAX - n + 1) % n;
    do {
        value = sg_prng_u64(prng);
    } while (value < excess);
    return value % n;
}

void sg_prng_bytes(struct sg_prng *prng, uint8_t *ret, size_t size)
{
    uint64_t bits = 0;

    for (size_t i = 0; i < size; i++) {
        if (i % 8 == 0)
            bits = sg_prng_u64(prng);
        ret[i] = (uint8_t)bits;
        bits >>= 8;
    }
}

bool sg_prng_chance(struct sg_prng *prng, unsigned permille)
{
    return sg_prng_below(prng, 1000) < permille;
}
