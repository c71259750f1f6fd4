/* Bytes: the borrowed range that every function of ours passes around, fixed
 * hashes, and big-endian integers in memory.
 *
 * The type tells the ownership: struct sg_bytes is borrowed, struct sg_buf
 * (buf.h) is owned by whoever holds it. This is not a string library; to walk
 * through bytes or to lay them out see reader.h and writer.h.
 */
#ifndef SG_STORAGE_BASE_BYTES_H
#define SG_STORAGE_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Borrowed: valid as long as the prototype that hands it out says. DATA may be
 * NULL when SIZE is 0. */
struct sg_bytes {
    const uint8_t *data;
    size_t size;
};

/* A SHA-256 value, wrapped so that it cannot be confused with a key. */
struct sg_hash {
    uint8_t bytes[32];
};

/* The bytes of the array or string literal THING; a literal without its 0. */
#define SG_BYTES_ARRAY(thing) \
    ((struct sg_bytes){(const uint8_t *)(thing), sizeof(thing)})
#define SG_BYTES_TEXT(literal) \
    ((struct sg_bytes){(const uint8_t *)("" literal), sizeof("" literal) - 1})

static inline struct sg_bytes sg_bytes(const void *data, size_t size)
{
    return (struct sg_bytes){data, size};
}

/* Says whether A and B hold the same bytes. For tags, keys and tokens it is
 * sg_crypto_equal, whose time tells nothing. */
bool sg_bytes_equal(struct sg_bytes a, struct sg_bytes b);

/* Returns -1, 0 or 1 as A sorts before, with or after B: byte by byte, and a
 * prefix before what it begins. This is the order of LMDB's keys. */
int sg_bytes_compare(struct sg_bytes a, struct sg_bytes b);

/* Writes VALUE to the bytes at TO, most significant first. */
static inline void sg_bytes_put_u16be(uint8_t to[2], uint16_t value)
{
    to[0] = (uint8_t)(value >> 8);
    to[1] = (uint8_t)value;
}

static inline void sg_bytes_put_u32be(uint8_t to[4], uint32_t value)
{
    sg_bytes_put_u16be(to, (uint16_t)(value >> 16));
    sg_bytes_put_u16be(to + 2, (uint16_t)value);
}

static inline void sg_bytes_put_u64be(uint8_t to[8], uint64_t value)
{
    sg_bytes_put_u32be(to, (uint32_t)(value >> 32));
    sg_bytes_put_u32be(to + 4, (uint32_t)value);
}

/* Returns the value of the bytes at FROM, most significant first. */
static inline uint16_t sg_bytes_get_u16be(const uint8_t from[2])
{
    return (uint16_t)((unsigned)from[0] << 8 | from[1]);
}

static inline uint32_t sg_bytes_get_u32be(const uint8_t from[4])
{
    return (uint32_t)sg_bytes_get_u16be(from) << 16 |
           sg_bytes_get_u16be(from + 2);
}

static inline uint64_t sg_bytes_get_u64be(const uint8_t from[8])
{
    return (uint64_t)sg_bytes_get_u32be(from) << 32 |
           sg_bytes_get_u32be(from + 4);
}

#endif
