/* The high-water file: the last checkpoints this node signed, kept where no
 * backup goes, so that a restored or cloned store is noticed.
 *
 * FORMAT.md section 8 has the bytes and the rules. Here are the codec of a slot
 * and the choice between the two; reading and writing the file is the store's
 * business. Pure.
 */
#ifndef SG_STORAGE_LOG_HIGHWATER_H
#define SG_STORAGE_LOG_HIGHWATER_H

#include <stdint.h>

#include "storage/base/bytes.h"
#include "storage/base/err.h"
#include "storage/log/checkpoint.h"
#include "storage/log/entry.h"

#define SG_HIGHWATER_LOGS_MAX 6

/* A slot, and where the second one begins: far enough apart that no torn write
 * touches both. */
#define SG_HIGHWATER_SLOT_SIZE 1024
#define SG_HIGHWATER_STRIDE    4096
#define SG_HIGHWATER_FILE_SIZE (SG_HIGHWATER_STRIDE + SG_HIGHWATER_SLOT_SIZE)

/* The last checkpoint signed for one own log. */
struct sg_highwater_log {
    enum sg_log_kind kind;
    struct sg_log_id log;
    struct sg_checkpoint checkpoint;
};

struct sg_highwater {
    uint64_t sequence; /* from 1 */
    struct sg_registry_id registry;
    struct sg_hash fingerprint;
    uint8_t database[16];
    unsigned count;
    struct sg_highwater_log logs[SG_HIGHWATER_LOGS_MAX];
};

/* Encodes a slot. */
void sg_highwater_encode(const struct sg_highwater *highwater,
                         uint8_t ret[SG_HIGHWATER_SLOT_SIZE]);

/* Decodes a slot.
 * Errors: MALFORMED (magic, checksum, anything that no writer writes). */
SG_USE_RESULT enum sg_err sg_highwater_decode(
    const uint8_t bytes[SG_HIGHWATER_SLOT_SIZE],
    struct sg_highwater *ret_highwater);

/* Chooses the newer valid slot of a FILE, which may be short. RET_SLOT is 0 or
 * 1: the next write goes to the other one.
 * Errors: NOTFOUND when neither is valid. */
SG_USE_RESULT enum sg_err sg_highwater_choose(
    struct sg_bytes file, struct sg_highwater *ret_highwater,
    unsigned *ret_slot);

#endif
