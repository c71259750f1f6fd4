/* The kernel's random bytes of this program are the seed's: content keys and
 * boxes are the same in every run of it. */
#include "tests/sim/random.h"

#include "storage/base/prng.h"

static struct sg_prng prng;

void random_seed(uint64_t seed)
{
    sg_prng_init(&prng, seed ^ UINT64_C(0x72616e646f6d)); /* not the world's */
}

void __wrap_randombytes_buf(void *bytes, size_t size);

void __wrap_randombytes_buf(void *bytes, size_t size)
{
    sg_prng_bytes(&prng, bytes, size);
}
