/* Bytes: a borrowed range, an owned buffer with a maximum, and a reader and a
 * writer with a sticky error for fixed big-endian layouts.
 *
 * The type tells the ownership: struct sg_bytes is borrowed, struct sg_buf is
 * owned by whoever holds it. This is not a string library.
 */
#ifndef SG_STORAGE_BASE_BYTES_H
#define SG_STORAGE_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/base/err.h"

/* Borrowed: valid as long as the prototype that hands it out says. */
struct sg_bytes {
    const uint8_t *data;
    size_t size;
};

/* A SHA-256 value, wrapped so that it cannot be confused with a key. */
struct sg_hash {
    uint8_t bytes[32];
};

/* Owned: grows up to a maximum fixed at init. */
struct sg_buf {
    uint8_t *data;
    size_t size;
    size_t capacity;
    size_t size_max;
};

#endif
