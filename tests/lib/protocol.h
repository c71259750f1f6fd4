/* The worked examples of PROTOCOL.md, and the two parties they are about:
 * initiator A and responder B of section 2, with their keys.
 *
 * Its users link sg_replication, which is why it is a header alone.
 */
#ifndef SG_TESTS_LIB_PROTOCOL_H
#define SG_TESTS_LIB_PROTOCOL_H

#include <string.h>

#include "replication/noise.h"
#include "tests/lib/page.h"
#include "tests/lib/test.h"

/* Gives the example NAME of the page; it lives until much more was given. */
static inline struct sg_bytes protocol_hex(const char *name)
{
    struct sg_buf buf;
    struct sg_bytes bytes;

    sg_buf_init(&buf, 1 << 16);
    sg_page_hex("replication/PROTOCOL.md", name, &buf);
    bytes = sg_hex(sg_hex_text(sg_buf_bytes(&buf)));
    sg_buf_clear(&buf);
    return bytes;
}

/* Gives the body of the message NAME of the page: without type and length. */
static inline struct sg_bytes protocol_body(const char *name)
{
    struct sg_bytes message = protocol_hex(name);
    size_t at = 1;

    while ((message.data[at++] & 0x80) != 0)
        continue;
    return sg_bytes(message.data + at, message.size - at);
}

/* Gives a Noise message: the frame NAME of the page without its length. */
static inline struct sg_bytes protocol_noise(const char *name)
{
    struct sg_bytes frame = protocol_hex(name);

    return sg_bytes(frame.data + 2, frame.size - 2);
}

/* The transport key whose secret is SECRET 32 times. */
static inline struct sg_noise_key protocol_key(uint8_t secret)
{
    struct sg_noise_key key;

    memset(key.secret, secret, sizeof key.secret);
    sg_crypto_x25519_public(key.secret, key.public_key);
    return key;
}

#define PROTOCOL_STATIC_A    0x41
#define PROTOCOL_STATIC_B    0x42
#define PROTOCOL_EPHEMERAL_A 0x51
#define PROTOCOL_EPHEMERAL_B 0x52

#endif
