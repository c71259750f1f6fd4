/* The log of FORMAT.md's worked examples, made anew from the seeds that the
 * page names: registry id 11…, node seed 01…, epoch ee…; opening, content key,
 * sealed entry.
 *
 * Its users link sg_log, which is why it is a header alone.
 */
#ifndef SG_TESTS_LIB_FORMAT_H
#define SG_TESTS_LIB_FORMAT_H

#include <string.h>

#include "storage/log/checkpoint.h"
#include "storage/log/entry.h"
#include "storage/log/merkle.h"
#include "tests/lib/page.h"
#include "tests/lib/test.h"

#define FORMAT_PAGE "storage/FORMAT.md"

/* Gives the example NAME of the page, hex or text; it lives until the process
 * ends. */
static inline struct sg_bytes format_hex(const char *name)
{
    struct sg_buf buf;
    struct sg_bytes bytes;

    sg_buf_init(&buf, 1 << 16);
    sg_page_hex(FORMAT_PAGE, name, &buf);
    bytes = sg_hex(sg_hex_text(sg_buf_bytes(&buf)));
    sg_buf_clear(&buf);
    return bytes;
}

static inline struct sg_bytes format_text(const char *name)
{
    struct sg_buf buf;
    struct sg_bytes bytes;

    sg_buf_init(&buf, 1 << 16);
    sg_page_text(FORMAT_PAGE, name, &buf);
    bytes = sg_hex(sg_hex_text(sg_buf_bytes(&buf)));
    sg_buf_clear(&buf);
    return bytes;
}

struct format_log {
    struct sg_registry_id registry;
    struct sg_sign_key key;
    struct sg_log_core core;
    struct sg_log_id log;
    struct sg_entry entries[3]; /* their payloads live on */
    struct sg_frontier frontier;
};

static inline void format_log_append(struct format_log *made, size_t index,
                                     enum sg_entry_kind kind,
                                     uint64_t key_entry,
                                     struct sg_bytes payload)
{
    struct sg_entry_hasher hasher;
    struct sg_hash leaf;

    sg_entry_hasher_init(&hasher, &made->registry);
    assert_ok(sg_entry_make(&hasher, kind, key_entry, payload,
                            &made->entries[index]));
    leaf = sg_entry_leaf(&made->entries[index]);
    sg_merkle_append(&made->frontier, &leaf, NULL, NULL);
}

static inline struct format_log format_log(void)
{
    struct format_log made = {.core = {.kind = SG_LOG_RECORDS}};
    struct sg_opening opening;
    uint8_t seed[SG_KEY_SIZE], bytes[SG_OPENING_SIZE_MAX];
    size_t size;

    assert_ok(sg_crypto_init());
    memset(made.registry.hash.bytes, 0x11, sizeof made.registry.hash.bytes);
    memset(seed, 0x01, sizeof seed);
    sg_crypto_sign_keypair(seed, &made.key, made.core.node_key);
    memset(made.core.epoch, 0xee, sizeof made.core.epoch);
    made.log = sg_entry_log_id(&made.registry, &made.core);
    opening = (struct sg_opening){.core = made.core};
    size = sg_entry_opening_encode(&opening, bytes);
    format_log_append(&made, 0, SG_ENTRY_OPENING, 0,
                      sg_hex(sg_hex_text(sg_bytes(bytes, size))));
    format_log_append(&made, 1, SG_ENTRY_CONTENT_KEY, 0,
                      format_hex("content-key"));
    format_log_append(&made, 2, SG_ENTRY_SEALED, 1, format_hex("seal-payload"));
    return made;
}

#endif
