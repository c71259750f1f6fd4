#include "node/view/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "storage/base/alloc.h"
#include "storage/base/buf.h"
#include "storage/base/check.h"
#include "storage/base/crypto.h"
#include "storage/base/limits.h"

#define BLOCK_SIZE    ((size_t)128 << 10)
#define PART_SIZE_MAX (BLOCK_SIZE + SG_SPOOL_PIECE_MAX + SG_SEAL_TAG_SIZE)

/* A sealed block of one part. */
struct block {
    uint64_t at;
    uint32_t size;
    uint32_t part;
};

struct sg_spool {
    int fd;
    unsigned n_parts;
    struct sg_buf *parts; /* what is not written yet */
    struct block *blocks;
    size_t n_blocks, capacity;
    uint64_t size;
    uint8_t *key; /* in locked memory */
    struct sg_buf sealed;
};

enum sg_err sg_spool_new(const char *dir, unsigned n_parts,
                         struct sg_spool **ret_spool)
{
    struct sg_spool *spool = sg_calloc(1, sizeof *spool);

    SG_ASSERT(n_parts >= 1);
    SG_ASSERT(n_parts <= SG_SPOOL_PARTS_MAX);
    if (spool == NULL)
        return SG_ERR_NOMEM;
    spool->n_parts = n_parts;
    spool->fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    spool->parts = sg_calloc(n_parts, sizeof *spool->parts);
    spool->key = sg_crypto_secret_new(SG_KEY_SIZE);
    sg_buf_init(&spool->sealed, PART_SIZE_MAX);
    for (unsigned i = 0; spool->parts != NULL && i < n_parts; i++)
        sg_buf_init(&spool->parts[i], PART_SIZE_MAX);
    if (spool->fd < 0 || spool->parts == NULL || spool->key == NULL) {
        enum sg_err err = spool->fd < 0 ? SG_ERR_IO : SG_ERR_NOMEM;

        sg_spool_free(spool);
        return err;
    }
    sg_crypto_random(spool->key, SG_KEY_SIZE);
    *ret_spool = spool;
    return SG_OK;
}

void sg_spool_free(struct sg_spool *spool)
{
    if (spool == NULL)
        return;
    for (unsigned i = 0; spool->parts != NULL && i < spool->n_parts; i++)
        sg_buf_wipe(&spool->parts[i]);
    if (spool->fd >= 0)
        (void)close(spool->fd);
    sg_crypto_secret_free(spool->key);
    sg_buf_wipe(&spool->sealed);
    sg_free(spool->parts);
    sg_free(spool->blocks);
    sg_free(spool);
}

/* A block is written once, and its number is its nonce. */
static void nonce_of(size_t number, uint8_t ret[SG_XAEAD_NONCE_SIZE])
{
    memset(ret, 0, SG_XAEAD_NONCE_SIZE);
    sg_bytes_put_u64be(ret, number);
}

static enum sg_err write_all(struct sg_spool *spool, struct sg_bytes bytes)
{
    while (bytes.size > 0) {
        ssize_t size =
            pwrite(spool->fd, bytes.data, bytes.size, (off_t)spool->size);

        if (size < 0 && errno == EINTR)
            continue;
        if (size <= 0)
            return errno == ENOSPC || errno == EDQUOT ? SG_ERR_FULL : SG_ERR_IO;
        spool->size += (uint64_t)size;
        bytes = sg_bytes(bytes.data + size, bytes.size - (size_t)size);
    }
    return SG_OK;
}

/* Writes what is kept of PART. */
static enum sg_err flush(struct sg_spool *spool, unsigned part)
{
    struct sg_buf *kept = &spool->parts[part];
    uint8_t nonce[SG_XAEAD_NONCE_SIZE], *room;
    struct block *blocks = spool->blocks;
    size_t size = kept->size + SG_SEAL_TAG_SIZE;
    enum sg_err err;

    if (kept->size == 0)
        return SG_OK;
    if (spool->n_blocks == spool->capacity) {
        size_t more = spool->capacity > 0 ? 2 * spool->capacity : 64;

        blocks = sg_realloc(blocks, more * sizeof *blocks);
        if (blocks == NULL)
            return SG_ERR_NOMEM;
        spool->blocks = blocks;
        spool->capacity = more;
    }
    sg_buf_truncate(&spool->sealed, 0);
    err = sg_buf_extend(&spool->sealed, size, &room);
    if (err != SG_OK)
        return err;
    nonce_of(spool->n_blocks, nonce);
    err = sg_crypto_seal(SG_AEAD_XCHACHA20POLY1305, spool->key,
                         SG_BYTES_ARRAY(nonce), sg_bytes(NULL, 0),
                         sg_buf_bytes(kept), room, size);
    blocks[spool->n_blocks] = (struct block){spool->size, (uint32_t)size, part};
    if (err == SG_OK)
        err = write_all(spool, sg_buf_bytes(&spool->sealed));
    if (err != SG_OK)
        return err;
    spool->n_blocks++;
    sg_buf_truncate(kept, 0);
    return SG_OK;
}

enum sg_err sg_spool_put(struct sg_spool *spool, unsigned part,
                         struct sg_bytes head, struct sg_bytes body)
{
    struct sg_buf *kept = &spool->parts[part];
    enum sg_err err;

    SG_ASSERT(part < spool->n_parts);
    SG_ASSERT(head.size + body.size <= SG_SPOOL_PIECE_MAX);
    err = sg_buf_append(kept, head);
    if (err == SG_OK)
        err = sg_buf_append(kept, body);
    return err == SG_OK && kept->size >= BLOCK_SIZE ? flush(spool, part) : err;
}

enum sg_err sg_spool_end(struct sg_spool *spool)
{
    enum sg_err err = SG_OK;

    for (unsigned i = 0; i < spool->n_parts && err == SG_OK; i++)
        err = flush(spool, i);
    return err;
}

static enum sg_err read_all(const struct sg_spool *spool, uint64_t at,
                            uint8_t *to, size_t size)
{
    while (size > 0) {
        ssize_t count = pread(spool->fd, to, size, (off_t)at);

        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return SG_ERR_IO;
        at += (uint64_t)count;
        to += count;
        size -= (size_t)count;
    }
    return SG_OK;
}

/* Reads and opens block NO into ARENA. */
static enum sg_err open_block(const struct sg_spool *spool, size_t no,
                              struct sg_arena *arena,
                              struct sg_bytes *ret_pieces)
{
    const struct block *block = &spool->blocks[no];
    size_t size = block->size - SG_SEAL_TAG_SIZE;
    uint8_t nonce[SG_XAEAD_NONCE_SIZE];
    uint8_t *room = sg_arena_take(arena, 1, block->size);
    enum sg_err err;

    if (room == NULL)
        return SG_ERR_NOMEM;
    nonce_of(no, nonce);
    err = read_all(spool, block->at, room, block->size);
    if (err == SG_OK)
        err = sg_crypto_open(SG_AEAD_XCHACHA20POLY1305, spool->key,
                             SG_BYTES_ARRAY(nonce), sg_bytes(NULL, 0),
                             sg_bytes(room, block->size), room, size);
    *ret_pieces = sg_bytes(room, size);
    return err == SG_ERR_DECRYPT ? SG_ERR_DAMAGED : err;
}

enum sg_err sg_spool_each(struct sg_spool *spool, unsigned part,
                          struct sg_arena *arena, sg_spool_take *take,
                          void *context)
{
    enum sg_err err = SG_OK;

    for (size_t i = 0; i < spool->n_blocks && err == SG_OK; i++) {
        struct sg_bytes pieces;

        if (spool->blocks[i].part != part)
            continue;
        err = open_block(spool, i, arena, &pieces);
        if (err == SG_OK)
            err = take(context, pieces);
    }
    return err;
}
