/* Numbers mod p = 2^32 - 5: what the sums and cells of head exchange are made
 * of (PROTOCOL.md section 7). All arguments and results are below p unless said
 * otherwise. Not for cryptography. */
#ifndef SG_REPLICATION_FIELD_H
#define SG_REPLICATION_FIELD_H

#include <stdint.h>

#define SG_FIELD_PRIME UINT32_C(4294967291)

/* Gives any number mod p. 2^32 is 5, so the upper half counts five times. */
static inline uint32_t sg_field_of(uint64_t number)
{
    number = (number >> 32) * 5 + (uint32_t)number; /* below 6 * 2^32 */
    number = (number >> 32) * 5 + (uint32_t)number; /* below 2^32 + 25 */
    return (uint32_t)(number >= SG_FIELD_PRIME ? number - SG_FIELD_PRIME
                                               : number);
}

static inline uint32_t sg_field_add(uint32_t a, uint32_t b)
{
    uint64_t sum = (uint64_t)a + b;

    return (uint32_t)(sum >= SG_FIELD_PRIME ? sum - SG_FIELD_PRIME : sum);
}

static inline uint32_t sg_field_sub(uint32_t a, uint32_t b)
{
    return a >= b ? a - b : a + (SG_FIELD_PRIME - b);
}

static inline uint32_t sg_field_mul(uint32_t a, uint32_t b)
{
    return sg_field_of((uint64_t)a * b);
}

/* Gives 1/A; 0 of 0. Fermat: a^(p - 2). */
static inline uint32_t sg_field_inverse(uint32_t a)
{
    uint32_t result = 1, power = a;

    for (uint32_t left = SG_FIELD_PRIME - 2; left > 0; left >>= 1) {
        if (left & 1)
            result = sg_field_mul(result, power);
        power = sg_field_mul(power, power);
    }
    return result;
}

#endif
