#include "storage/log/dictionary.h"

/* Made from the .bin files by the build (.cmake/SogocEmbed.cmake). */
extern const uint8_t sg_dictionary_1[SG_DICTIONARY_SIZE];

struct sg_bytes sg_dictionary_get(unsigned number)
{
    static const uint8_t *const all[SG_DICTIONARY_COUNT] = {sg_dictionary_1};

    if (number < 1 || number > SG_DICTIONARY_COUNT)
        return (struct sg_bytes){0};
    return sg_bytes(all[number - 1], SG_DICTIONARY_SIZE);
}
