/* The kernel's random bytes of this program are the seed's: content keys and
 * boxes are the same in every run of it, those that libsodium draws by itself
 * (the key of a sealed box) included. */
#include "tests/sim/random.h"

#include <sodium.h>

#include "storage/base/prng.h"

static struct sg_prng prng;

static const char *name(void)
{
    return "seed";
}

static uint32_t next(void)
{
    return (uint32_t)sg_prng_u64(&prng);
}

static void fill(void *const bytes, const size_t size)
{
    sg_prng_bytes(&prng, bytes, size);
}

void random_begin(void)
{
    static struct randombytes_implementation seeded = {
        .implementation_name = name, .random = next, .buf = fill};

    (void)randombytes_set_implementation(&seeded);
}

void random_seed(uint64_t seed)
{
    sg_prng_init(&prng, seed ^ UINT64_C(0x72616e646f6d)); /* not the world's */
}
