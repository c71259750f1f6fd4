/* What the machine gives for the work that sogoc is made of: a sync, an append
 * to LMDB, a hash, a signature, a copy over TCP. The other benches are divided
 * by these figures, taken in the same minute.
 *
 * The one place outside storage/lmdb that knows <lmdb.h>: a limit is measured
 * without anything of ours around it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storage/base/alloc.h"
#include "storage/base/crypto.h"
#include "tools/bench.h"

#define PATH_SIZE_MAX 4352
#define NO_CALLS_MAX  UINT64_MAX
#define RECORD_SIZE   400u                  /* a leaf of workload W on disk */
#define BATCH         1000u                 /* records of one commit */
#define BATCHES_MAX   100u                  /* a round stays below 50 MB */
#define MAP_SIZE      (1024u * 1024 * 1024) /* reserved, not written */
#define HASHES        1024u /* of one call: clock reads vanish */
#define CHUNK_SIZE    (256u * 1024)

static enum sg_err fail(const char *what, const char *why)
{
    fprintf(stderr, "bench: limits: %s: %s\n", what, why);
    return SG_ERR_IO;
}

/* Measures WORK and prints it as NAME. */
static enum sg_err measure(struct sg_bench *bench, const char *name,
                           const char *unit, double units, uint64_t calls_max,
                           sg_bench_work *work, void *context)
{
    struct sg_bench_figure figure = {.name = name, .unit = unit};

    enum sg_err err =
        sg_bench_rate(bench, units, calls_max, work, context, &figure.value);
    if (err == SG_OK)
        sg_bench_print(bench, &figure);
    return err;
}

struct sg_bench_limits_file {
    char path[PATH_SIZE_MAX];
    int fd;
};

enum sg_err sg_bench_limits_file_new(const struct sg_bench *bench,
                                     struct sg_bench_limits_file **ret_file)
{
    struct sg_bench_limits_file *file = sg_alloc(sizeof(*file));

    if (file == NULL)
        return SG_ERR_NOMEM;
    (void)snprintf(file->path, sizeof(file->path), "%s/sync", bench->folder);
    file->fd = open(file->path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (file->fd < 0) {
        enum sg_err err = fail(file->path, strerror(errno));
        sg_free(file);
        return err;
    }
    *ret_file = file;
    return SG_OK;
}

void sg_bench_limits_file_free(struct sg_bench_limits_file *file)
{
    if (file == NULL)
        return;
    (void)close(file->fd);
    (void)unlink(file->path);
    sg_free(file);
}

/* Writes a page at the start of a file and syncs it. */
enum sg_err sg_bench_limits_file_sync(void *context)
{
    static uint8_t page[4096];
    const struct sg_bench_limits_file *file = context;

    page[0]++;
    if (pwrite(file->fd, page, sizeof(page), 0) != (ssize_t)sizeof(page) ||
        fdatasync(file->fd) != 0)
        return fail("fdatasync", strerror(errno));
    return SG_OK;
}

enum sg_err sg_bench_limits_sync(const struct sg_bench *bench, double *ret_rate)
{
    struct sg_bench_limits_file *file;
    enum sg_err err = sg_bench_limits_file_new(bench, &file);

    if (err != SG_OK)
        return err;
    err = sg_bench_rate(bench, 1, NO_CALLS_MAX, sg_bench_limits_file_sync, file,
                        ret_rate);
    sg_bench_limits_file_free(file);
    return err;
}

/* An environment that grows by one batch a call. */
struct sg_bench_limits_lmdb {
    char path[PATH_SIZE_MAX], lock[PATH_SIZE_MAX];
    MDB_env *env;
    MDB_dbi dbi;
    uint64_t n_records;
    uint64_t batch;
};

static enum sg_err put_batch(struct sg_bench_limits_lmdb *store, MDB_txn *txn)
{
    uint8_t record[RECORD_SIZE] = {0};

    for (uint64_t i = 0; i < store->batch; i++) {
        uint64_t number = htobe64(store->n_records + i);
        MDB_val key = {sizeof(number), &number};
        MDB_val value = {sizeof(record), record};
        memcpy(record, &number, sizeof(number));
        int code = mdb_put(txn, store->dbi, &key, &value, MDB_APPEND);
        if (code != 0)
            return fail("mdb_put", mdb_strerror(code));
    }
    return SG_OK;
}

enum sg_err sg_bench_limits_lmdb_append(void *context)
{
    struct sg_bench_limits_lmdb *store = context;
    MDB_txn *txn;

    int code = mdb_txn_begin(store->env, NULL, 0, &txn);
    if (code != 0)
        return fail("mdb_txn_begin", mdb_strerror(code));
    enum sg_err err = put_batch(store, txn);
    if (err != SG_OK) {
        mdb_txn_abort(txn);
        return err;
    }
    code = mdb_txn_commit(txn);
    if (code != 0)
        return fail("mdb_txn_commit", mdb_strerror(code));
    store->n_records += store->batch;
    return SG_OK;
}

static int store_open(struct sg_bench_limits_lmdb *store)
{
    MDB_txn *txn;

    int code = mdb_env_create(&store->env);
    if (code != 0)
        return code;
    code = mdb_env_set_mapsize(store->env, MAP_SIZE);
    if (code == 0)
        code = mdb_env_open(store->env, store->path, MDB_NOSUBDIR, 0600);
    if (code == 0)
        code = mdb_txn_begin(store->env, NULL, 0, &txn);
    if (code != 0)
        return code;
    code = mdb_dbi_open(txn, NULL, 0, &store->dbi);
    if (code == 0)
        return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return code;
}

/* Writes zeros to the end of STORE's file until there are AHEAD bytes. */
static int write_ahead(const struct sg_bench_limits_lmdb *store, size_t ahead)
{
    static const uint8_t zeros[CHUNK_SIZE];
    int fd = open(store->path, O_WRONLY | O_APPEND | O_CLOEXEC);
    int code = fd < 0 ? errno : 0;

    for (size_t i = 0; i < ahead && code == 0; i += sizeof(zeros))
        code =
            write(fd, zeros, sizeof(zeros)) == (ssize_t)sizeof(zeros) ? 0 : EIO;
    if (code == 0 && fsync(fd) != 0)
        code = errno;
    if (fd >= 0)
        (void)close(fd);
    return code;
}

enum sg_err sg_bench_limits_lmdb_new(const struct sg_bench *bench,
                                     uint64_t batch, size_t ahead,
                                     struct sg_bench_limits_lmdb **ret_lmdb)
{
    struct sg_bench_limits_lmdb *lmdb = sg_calloc(1, sizeof(*lmdb));

    if (lmdb == NULL)
        return SG_ERR_NOMEM;
    lmdb->batch = batch;
    (void)snprintf(lmdb->path, sizeof(lmdb->path), "%s/data", bench->folder);
    (void)snprintf(lmdb->lock, sizeof(lmdb->lock), "%s/data-lock",
                   bench->folder);
    int code = store_open(lmdb);
    if (code == 0 && ahead > 0)
        code = write_ahead(lmdb, ahead);
    if (code != 0) {
        enum sg_err err = fail(lmdb->path, mdb_strerror(code));
        sg_bench_limits_lmdb_free(lmdb);
        return err;
    }
    *ret_lmdb = lmdb;
    return SG_OK;
}

void sg_bench_limits_lmdb_free(struct sg_bench_limits_lmdb *lmdb)
{
    if (lmdb == NULL)
        return;
    if (lmdb->env != NULL)
        mdb_env_close(lmdb->env);
    (void)unlink(lmdb->path);
    (void)unlink(lmdb->lock);
    sg_free(lmdb);
}

enum sg_err sg_bench_limits_append(const struct sg_bench *bench, uint64_t batch,
                                   double *ret_rate)
{
    struct sg_bench_limits_lmdb *lmdb;
    enum sg_err err =
        sg_bench_limits_lmdb_new(bench, batch, /* ahead= */ 0, &lmdb);

    if (err != SG_OK)
        return err;
    err = sg_bench_rate(bench, (double)batch,
                        batch == 1 ? NO_CALLS_MAX : BATCHES_MAX,
                        sg_bench_limits_lmdb_append, lmdb, ret_rate);
    sg_bench_limits_lmdb_free(lmdb);
    return err;
}

static enum sg_err hash_many(void *context)
{
    static uint8_t record[RECORD_SIZE];
    const size_t *size = context;
    struct sg_hash hash;

    for (size_t i = 0; i < HASHES; i++) {
        sg_crypto_sha256(record, *size, &hash);
        memcpy(record, hash.bytes, sizeof(hash.bytes));
    }
    return SG_OK;
}

enum sg_err sg_bench_limits_hash(const struct sg_bench *bench, size_t size,
                                 double *ret_rate)
{
    return sg_bench_rate(bench, HASHES, NO_CALLS_MAX, hash_many, &size,
                         ret_rate);
}

struct signer {
    struct sg_sign_key key;
    uint8_t public_key[SG_KEY_SIZE];
    uint8_t message[100]; /* a checkpoint with its purpose block */
    uint8_t signature[SG_SIGNATURE_SIZE];
};

static enum sg_err sign(void *context)
{
    struct signer *signer = context;

    signer->message[0]++;
    sg_crypto_sign(&signer->key, signer->message, sizeof(signer->message),
                   signer->signature);
    return SG_OK;
}

static enum sg_err verify(void *context)
{
    const struct signer *signer = context;

    return sg_crypto_verify(signer->public_key, signer->message,
                            sizeof(signer->message), signer->signature);
}

static enum sg_err run_sign(struct sg_bench *bench)
{
    static const uint8_t seed[SG_KEY_SIZE] = "a bench has no secret to keep";
    struct signer signer = {.message = {0}};

    sg_crypto_sign_keypair(seed, &signer.key, signer.public_key);
    enum sg_err err = measure(bench, "limits/ed25519_sign", "/s", 1,
                              NO_CALLS_MAX, sign, &signer);
    if (err == SG_OK)
        err = measure(bench, "limits/ed25519_verify", "/s", 1, NO_CALLS_MAX,
                      verify, &signer);
    sg_crypto_wipe(&signer, sizeof(signer));
    return err;
}

/* Reads one chunk of what the other process writes. */
struct pipe_end {
    int fd;
    uint8_t *chunk;
};

static enum sg_err read_chunk(void *context)
{
    const struct pipe_end *end = context;
    ssize_t n = recv(end->fd, end->chunk, CHUNK_SIZE, MSG_WAITALL);

    return n == (ssize_t)CHUNK_SIZE ? SG_OK : fail("recv", strerror(errno));
}

/* The child: writes zeros until the reader is gone. */
static _Noreturn void write_chunks(const struct sockaddr_in *address,
                                   const uint8_t *chunk)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0 || connect(fd, (const void *)address, sizeof(*address)) != 0)
        _exit(1);
    while (send(fd, chunk, CHUNK_SIZE, MSG_NOSIGNAL) > 0)
        continue;
    _exit(0);
}

static int listen_on_loopback(struct sockaddr_in *ret_address)
{
    socklen_t size = sizeof(*ret_address);

    *ret_address = (struct sockaddr_in){
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (bind(fd, (const void *)ret_address, size) == 0 && listen(fd, 1) == 0 &&
        getsockname(fd, (void *)ret_address, &size) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

static enum sg_err copy(struct sg_bench *bench, int listener,
                        const struct sockaddr_in *address, uint8_t *chunk)
{
    struct pipe_end end = {.chunk = chunk};

    pid_t child = fork();
    if (child == 0)
        write_chunks(address, chunk);
    if (child < 0)
        return fail("fork", strerror(errno));
    end.fd = accept(listener, NULL, NULL);
    enum sg_err err = SG_ERR_IO;
    if (end.fd < 0) {
        (void)fail("accept", strerror(errno));
        (void)kill(child, SIGKILL);
    } else {
        err = measure(bench, "limits/loopback_tcp", "MB/s", CHUNK_SIZE / 1e6,
                      NO_CALLS_MAX, read_chunk, &end);
        (void)close(end.fd);
    }
    (void)waitpid(child, NULL, 0);
    return err;
}

static enum sg_err run_loopback(struct sg_bench *bench)
{
    struct sockaddr_in address;

    int listener = listen_on_loopback(&address);
    if (listener < 0)
        return fail("loopback", strerror(errno));
    uint8_t *chunk = sg_calloc(1, CHUNK_SIZE);
    enum sg_err err =
        chunk == NULL ? SG_ERR_NOMEM : copy(bench, listener, &address, chunk);
    sg_free(chunk);
    (void)close(listener);
    return err;
}

static void print(struct sg_bench *bench, enum sg_err err, const char *name,
                  double rate)
{
    struct sg_bench_figure figure = {.name = name, .unit = "/s", .value = rate};

    if (err == SG_OK)
        sg_bench_print(bench, &figure);
}

static enum sg_err run_sync(struct sg_bench *bench)
{
    double rate = 0;
    enum sg_err err = sg_bench_limits_sync(bench, &rate);

    print(bench, err, "limits/fdatasync", rate);
    return err;
}

static enum sg_err run_append(struct sg_bench *bench, const char *name,
                              uint64_t batch)
{
    double rate = 0;
    enum sg_err err = sg_bench_limits_append(bench, batch, &rate);

    print(bench, err, name, rate);
    return err;
}

static enum sg_err run_hash(struct sg_bench *bench, const char *name,
                            size_t size)
{
    double rate = 0;
    enum sg_err err = sg_bench_limits_hash(bench, size, &rate);

    print(bench, err, name, rate);
    return err;
}

enum sg_err sg_bench_limits(struct sg_bench *bench)
{
    enum sg_err err = run_sync(bench);

    if (err == SG_OK)
        err = run_append(bench, "limits/lmdb_append_1", 1);
    if (err == SG_OK)
        err = run_append(bench, "limits/lmdb_append_1000", BATCH);
    if (err == SG_OK)
        err = run_hash(bench, "limits/sha256_64", 64);
    if (err == SG_OK)
        err = run_hash(bench, "limits/sha256_400", RECORD_SIZE);
    if (err == SG_OK)
        err = run_sign(bench);
    if (err == SG_OK)
        err = run_loopback(bench);
    return err;
}
