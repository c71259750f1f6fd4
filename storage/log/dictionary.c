#include "storage/log/dictionary.h"

/* Made from the .bin files by the build (.cmake/SogocEmbed.cmake). */
extern const uint8_t sg_dictionary_1[16384];
extern const uint8_t sg_dictionary_2[15872];
extern const uint8_t sg_dictionary_3[15872];

struct sg_bytes sg_dictionary_get(unsigned number)
{
    switch (number) {
    case SG_DICTIONARY_OPAQUE:
        return SG_BYTES_ARRAY(sg_dictionary_1);
    case SG_DICTIONARY_RECORD:
        return SG_BYTES_ARRAY(sg_dictionary_2);
    case SG_DICTIONARY_SHEET:
        return SG_BYTES_ARRAY(sg_dictionary_3);
    default:
        return (struct sg_bytes){0};
    }
}
