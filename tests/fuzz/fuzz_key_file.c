/* The reader of key files: what opens, encoded again with the same salt and
 * nonce, is the same bytes; what asks for more than a reader grants is refused
 * without deriving anything. */
#include <string.h>

#include "storage/base/check.h"
#include "storage/base/limits.h"
#include "storage/log/key_file.h"
#include "tests/fuzz/fuzz.h"

/* Beyond this a fuzzer would do nothing but Argon2id. */
#define MEMORY_KIB_TRIED 64

static const struct sg_bytes passphrase = {(const uint8_t *)"abc", 3};

static void encode_again(const struct sg_key *key,
                         const struct sg_key_file_info *info,
                         const uint8_t *data)
{
    struct sg_key_file_wrap wrap = {.cost = info->cost};
    uint8_t again[SG_KEY_FILE_SIZE];

    memcpy(wrap.salt, data + 20, sizeof(wrap.salt));
    memcpy(wrap.nonce, data + 36, sizeof(wrap.nonce));
    if (info->is_wrapped)
        SG_ASSERT(sg_key_file_encode_wrapped(key, passphrase, &wrap, again) ==
                  SG_OK);
    else
        sg_key_file_encode(key, again);
    SG_ASSERT(memcmp(again, data, sizeof(again)) == 0);
    SG_ASSERT(memcmp(key->public_key, info->public_key, SG_KEY_SIZE) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sg_key_file_info info;
    struct sg_key *key;

    SG_ASSERT(sg_crypto_init() == SG_OK);
    if (sg_key_file_inspect(sg_bytes(data, size), &info) != SG_OK)
        return 0;
    SG_ASSERT(size == SG_KEY_FILE_SIZE);
    SG_ASSERT(info.cost.passes <= SG_KEY_FILE_PASSES_MAX);
    SG_ASSERT(info.cost.memory_kib <= SG_ARGON2ID_MEMORY_KIB_MAX);
    if (info.cost.memory_kib > MEMORY_KIB_TRIED)
        return 0;
    if (sg_key_file_decode(sg_bytes(data, size), passphrase, &key) != SG_OK)
        return 0;
    encode_again(key, &info, data);
    sg_key_file_free(key);
    return 0;
}
