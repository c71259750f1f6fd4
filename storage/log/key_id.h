/* Key ids: 8 bytes that stand for a public key where the whole key would be
 * too long, as in a content key's list of readers.
 *
 * FORMAT.md section 2. A key id only finds a key; nothing is believed because
 * of it. Pure.
 */
#ifndef SG_STORAGE_LOG_KEY_ID_H
#define SG_STORAGE_LOG_KEY_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "storage/base/bytes.h"
#include "storage/base/crypto.h"
#include "storage/log/entry.h"

#define SG_KEY_ID_SIZE 8

/* What a key is for; the numbers are those of key files, section 9. */
enum sg_key_kind {
    SG_KEY_NODE = 1,      /* Ed25519: signs checkpoints */
    SG_KEY_TRANSPORT = 2, /* X25519: sessions between nodes */
    SG_KEY_SCOPE = 3,     /* X25519: a commune reads with it */
    SG_KEY_OFFICER = 4,   /* Ed25519: signs records */
    SG_KEY_ROOT = 5,      /* Ed25519: signs as the authority */
    SG_KEY_VIEW = 6,      /* symmetric: the local view; it has no id */
};

struct sg_key_id {
    uint8_t bytes[SG_KEY_ID_SIZE];
};

/* Gives the id of PUBLIC_KEY in REGISTRY. The same bytes under another kind
 * have another id. KIND is not SG_KEY_VIEW. */
struct sg_key_id sg_key_id_of(const struct sg_registry_id *registry,
                              enum sg_key_kind kind,
                              const uint8_t public_key[SG_KEY_SIZE]);

/* Returns -1, 0 or 1 as A sorts before, with or after B. */
int sg_key_id_compare(const struct sg_key_id *a, const struct sg_key_id *b);

#endif
