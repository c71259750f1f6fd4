/* The bare loop of catch-up, without any product around it: a sender streams
 * blocks of 64 records out of LMDB over loopback, compressed, encrypted, with a
 * signature each; a receiver decrypts, unpacks, hashes record after record,
 * verifies the signature and appends to an LMDB of its own, durable for each
 * 1,024 records. Two processes of one thread each. What `bench catchup` reaches
 * is divided by what this reaches in the same minute. */
#include <arpa/inet.h>
#include <errno.h>
#include <lmdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zstd.h>

#include "storage/base/alloc.h"
#include "storage/base/clock.h"
#include "storage/base/crypto.h"
#include "tools/bench_store.h"

#define BLOCK       64u   /* records of a frame */
#define COMMIT      1024u /* records of a transaction */
#define LEVEL       3
#define RECORD_MAX  2048u
#define BLOCK_SIZE  (SG_SIGNATURE_SIZE + BLOCK * (4u + RECORD_MAX))
#define FRAME_SIZE  (BLOCK_SIZE + BLOCK_SIZE / 64 + 1024u)
#define STREAM_SIZE (1u << 18)
#define MAP_SIZE    (UINT64_C(8) << 30)
#define PATH_SIZE   4352u

/* One side: its database, what it hashes and packs with. */
struct side {
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi records, signatures;
    struct sg_hash chain;
    struct sg_sign_key key;
    uint8_t public_key[SG_KEY_SIZE];
    uint8_t session[SG_KEY_SIZE];
    uint64_t frames;
    uint8_t block[BLOCK_SIZE];
    uint8_t packed[FRAME_SIZE];
    uint8_t sealed[FRAME_SIZE];
    uint8_t stream[STREAM_SIZE + FRAME_SIZE];
    size_t from, have; /* of the stream */
};

static enum sg_err failed(const char *what, int code)
{
    (void)fprintf(stderr, "bench: bare loop: %s: %s\n", what,
                  mdb_strerror(code));
    return SG_ERR_IO;
}

/* --- Databases ------------------------------------------------------------
 */

static enum sg_err begin(struct side *side, unsigned flags)
{
    unsigned create = flags == 0 ? MDB_CREATE : 0;
    int code = mdb_txn_begin(side->env, NULL, flags, &side->txn);

    if (code == 0)
        code = mdb_dbi_open(side->txn, "records", create, &side->records);
    if (code == 0)
        code = mdb_dbi_open(side->txn, "signatures", create, &side->signatures);
    return code == 0 ? SG_OK : failed("begin", code);
}

static enum sg_err open_side(struct side *side, const char *path,
                             unsigned flags)
{
    int code = mdb_env_create(&side->env);

    if (code == 0)
        code = mdb_env_set_mapsize(side->env, MAP_SIZE);
    if (code == 0)
        code = mdb_env_set_maxdbs(side->env, 2);
    if (code == 0)
        code = mdb_env_open(side->env, path, MDB_NOSUBDIR | flags, 0600);
    return code == 0 ? begin(side, flags) : failed(path, code);
}

static enum sg_err put(struct side *side, MDB_dbi dbi, uint64_t number,
                       const void *data, size_t size)
{
    uint64_t big = htobe64(number);
    MDB_val key = {sizeof big, &big};
    MDB_val value = {size, (void *)data};
    int code = mdb_put(side->txn, dbi, &key, &value, MDB_APPEND);

    return code == 0 ? SG_OK : failed("put", code);
}

static enum sg_err commit(struct side *side)
{
    int code = mdb_txn_commit(side->txn);

    side->txn = NULL;
    return code == 0 ? SG_OK : failed("commit", code);
}

static void close_side(struct side *side)
{
    if (side->txn != NULL)
        mdb_txn_abort(side->txn);
    side->txn = NULL;
    mdb_env_close(side->env);
    side->env = NULL;
}

/* --- The chain ------------------------------------------------------------
 */

static void add_to_chain(struct side *side, const uint8_t *data, size_t size)
{
    struct sg_sha256 hash;

    sg_crypto_sha256_init(&hash);
    sg_crypto_sha256_update(&hash, side->chain.bytes, sizeof side->chain);
    sg_crypto_sha256_update(&hash, data, size);
    sg_crypto_sha256_final(&hash, &side->chain);
}

/* Fills the sender's database with COUNT records. */
static enum sg_err fill(struct side *side, struct sg_bench_workload *workload,
                        uint64_t count)
{
    uint8_t signature[SG_SIGNATURE_SIZE];
    enum sg_err err = SG_OK;

    for (uint64_t i = 0; i < count && err == SG_OK; i++) {
        struct sg_bytes body = sg_bench_store_body(workload);

        if (body.size > RECORD_MAX)
            body.size = RECORD_MAX;
        add_to_chain(side, body.data, body.size);
        err = put(side, side->records, i, body.data, body.size);
        if (err != SG_OK || (i % BLOCK != BLOCK - 1 && i != count - 1))
            continue;
        sg_crypto_sign(&side->key, side->chain.bytes, sizeof side->chain,
                       signature);
        err =
            put(side, side->signatures, i / BLOCK, signature, sizeof signature);
    }
    return err == SG_OK ? commit(side) : err;
}

static struct sg_bytes nonce_of(const struct side *side,
                                uint8_t ret[SG_AEAD_NONCE_SIZE])
{
    memset(ret, 0, SG_AEAD_NONCE_SIZE);
    memcpy(ret, &side->frames, sizeof side->frames);
    return sg_bytes(ret, SG_AEAD_NONCE_SIZE);
}

/* --- The sender, a process of its own -------------------------------------
 */

/* Puts the next records into the block; 0: there are none. */
static size_t next_block(struct side *side, MDB_cursor *records,
                         MDB_cursor *signatures)
{
    size_t size = SG_SIGNATURE_SIZE;
    MDB_val key, value;

    if (mdb_cursor_get(signatures, &key, &value, MDB_NEXT) != 0)
        return 0;
    memcpy(side->block, value.mv_data, SG_SIGNATURE_SIZE);
    for (unsigned i = 0; i < BLOCK; i++) {
        uint32_t length;

        if (mdb_cursor_get(records, &key, &value, MDB_NEXT) != 0)
            break;
        length = (uint32_t)value.mv_size;
        memcpy(side->block + size, &length, sizeof length);
        memcpy(side->block + size + sizeof length, value.mv_data, length);
        size += sizeof length + length;
    }
    return size;
}

static bool send_all(struct side *side, int fd)
{
    for (size_t at = 0; at < side->have;) {
        ssize_t n = send(fd, side->stream + at, side->have - at, MSG_NOSIGNAL);

        if (n <= 0)
            return false;
        at += (size_t)n;
    }
    side->have = 0;
    return true;
}

static bool send_block(struct side *side, int fd, size_t size)
{
    uint8_t nonce[SG_AEAD_NONCE_SIZE];
    size_t packed = ZSTD_compress(side->packed, sizeof side->packed,
                                  side->block, size, LEVEL);
    uint32_t length = (uint32_t)(packed + SG_SEAL_TAG_SIZE);

    if (ZSTD_isError(packed) ||
        sg_crypto_seal(
            SG_AEAD_CHACHA20POLY1305, side->session, nonce_of(side, nonce),
            sg_bytes(NULL, 0), sg_bytes(side->packed, packed),
            side->stream + side->have + sizeof length, length) != SG_OK)
        return false;
    memcpy(side->stream + side->have, &length, sizeof length);
    side->have += sizeof length + length;
    side->frames++;
    return side->have < STREAM_SIZE || send_all(side, fd);
}

static _Noreturn void run_sender(struct side *side, const char *path,
                                 const struct sockaddr_in *address)
{
    MDB_cursor *records, *signatures;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    size_t size;

    side->have = 0;
    if (fd < 0 ||
        connect(fd, (const struct sockaddr *)address, sizeof *address) != 0 ||
        open_side(side, path, MDB_RDONLY) != SG_OK ||
        mdb_cursor_open(side->txn, side->records, &records) != 0 ||
        mdb_cursor_open(side->txn, side->signatures, &signatures) != 0)
        _exit(1);
    while ((size = next_block(side, records, signatures)) > 0)
        if (!send_block(side, fd, size))
            _exit(1);
    _exit(send_all(side, fd) ? 0 : 1);
}

/* --- The receiver ---------------------------------------------------------
 */

/* Gives the next frame; empty at the end of the stream. */
static struct sg_bytes next_frame(struct side *side, int fd)
{
    for (;;) {
        size_t left = side->have - side->from;
        uint32_t length;
        ssize_t n;

        if (left >= sizeof length) {
            memcpy(&length, side->stream + side->from, sizeof length);
            if (left - sizeof length >= length) {
                side->from += sizeof length + length;
                return sg_bytes(side->stream + side->from - length, length);
            }
        }
        memmove(side->stream, side->stream + side->from, left);
        side->from = 0;
        side->have = left;
        n = recv(fd, side->stream + left, sizeof side->stream - left, 0);
        if (n <= 0)
            return sg_bytes(NULL, 0);
        side->have += (size_t)n;
    }
}

static enum sg_err take_block(struct side *side, size_t size, uint64_t *count)
{
    enum sg_err err = SG_OK;

    for (size_t at = SG_SIGNATURE_SIZE; at < size && err == SG_OK;) {
        uint32_t length;

        memcpy(&length, side->block + at, sizeof length);
        at += sizeof length;
        add_to_chain(side, side->block + at, length);
        err = put(side, side->records, *count, side->block + at, length);
        at += length;
        ++*count;
    }
    if (err == SG_OK)
        err = sg_crypto_verify(side->public_key, side->chain.bytes,
                               sizeof side->chain, side->block);
    return err == SG_OK ? put(side, side->signatures, side->frames, side->block,
                              SG_SIGNATURE_SIZE)
                        : err;
}

static enum sg_err take_frame(struct side *side, struct sg_bytes frame,
                              uint64_t *count)
{
    uint8_t nonce[SG_AEAD_NONCE_SIZE];
    size_t size;

    if (frame.size < SG_SEAL_TAG_SIZE ||
        sg_crypto_open(SG_AEAD_CHACHA20POLY1305, side->session,
                       nonce_of(side, nonce), sg_bytes(NULL, 0), frame,
                       side->sealed, frame.size - SG_SEAL_TAG_SIZE) != SG_OK)
        return SG_ERR_DECRYPT;
    size = ZSTD_decompress(side->block, sizeof side->block, side->sealed,
                           frame.size - SG_SEAL_TAG_SIZE);
    if (ZSTD_isError(size))
        return SG_ERR_MALFORMED;
    return take_block(side, size, count);
}

static enum sg_err receive(struct side *side, int fd, uint64_t *ret_count)
{
    enum sg_err err = SG_OK;
    struct sg_bytes frame;

    *ret_count = 0;
    while (err == SG_OK && (frame = next_frame(side, fd)).size > 0) {
        err = take_frame(side, frame, ret_count);
        side->frames++;
        if (err == SG_OK && *ret_count % COMMIT == 0) {
            err = commit(side);
            if (err == SG_OK)
                err = begin(side, 0);
        }
    }
    return err == SG_OK ? commit(side) : err;
}

/* --- Both -----------------------------------------------------------------
 */

static int listen_on_loopback(struct sockaddr_in *ret_address)
{
    socklen_t size = sizeof *ret_address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    *ret_address = (struct sockaddr_in){
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (fd >= 0 && bind(fd, (const struct sockaddr *)ret_address, size) == 0 &&
        listen(fd, 1) == 0 &&
        getsockname(fd, (struct sockaddr *)ret_address, &size) == 0)
        return fd;
    if (fd >= 0)
        (void)close(fd);
    return -1;
}

static void start_over(struct side *side)
{
    memset(&side->chain, 0, sizeof side->chain);
    side->frames = 0;
    side->from = 0;
    side->have = 0;
}

static enum sg_err run(struct side *side, const char *from, const char *to,
                       uint64_t count, double *ret_rate)
{
    struct sockaddr_in address;
    int listener = listen_on_loopback(&address), fd;
    uint64_t began = sg_clock_mono().ms, got = 0;
    enum sg_err err;
    pid_t child;

    if (listener < 0)
        return failed("loopback", errno);
    start_over(side);
    child = fork();
    if (child == 0)
        run_sender(side, from, &address);
    fd = child > 0 ? accept(listener, NULL, NULL) : -1;
    err = fd < 0 ? failed("accept", errno) : open_side(side, to, 0);
    if (err == SG_OK)
        err = receive(side, fd, &got);
    *ret_rate = (double)got * 1000 / (double)(sg_clock_mono().ms - began + 1);
    close_side(side);
    if (fd >= 0)
        (void)close(fd);
    (void)close(listener);
    if (child > 0)
        (void)waitpid(child, NULL, 0);
    return err == SG_OK && got != count ? SG_ERR_IO : err;
}

static void remove_database(const char *path)
{
    char lock[PATH_SIZE + 8];

    (void)snprintf(lock, sizeof lock, "%s-lock", path);
    (void)unlink(path);
    (void)unlink(lock);
}

enum sg_err sg_bench_bare(const struct sg_bench *bench,
                          struct sg_bench_workload *workload, uint64_t count,
                          double *ret_rate)
{
    static const uint8_t seed[SG_KEY_SIZE] = "a bench has no secret to keep";
    struct side *side = sg_calloc(1, sizeof *side);
    char from[PATH_SIZE], to[PATH_SIZE];
    enum sg_err err;

    if (side == NULL)
        return SG_ERR_NOMEM;
    (void)snprintf(from, sizeof from, "%s/bare-from", bench->folder);
    (void)snprintf(to, sizeof to, "%s/bare-to", bench->folder);
    sg_crypto_sign_keypair(seed, &side->key, side->public_key);
    err = open_side(side, from, 0);
    if (err == SG_OK)
        err = fill(side, workload, count);
    close_side(side);
    if (err == SG_OK)
        err = run(side, from, to, count, ret_rate);
    remove_database(from);
    remove_database(to);
    sg_crypto_wipe(side, sizeof *side);
    sg_free(side);
    return err;
}
