#include "node/identity.h"

#include <stdio.h>
#include <string.h>

#include "replication/certificate.h"
#include "replication/join.h"
#include "storage/lmdb/file.h"
#include "storage/lmdb/key_store.h"

#define PATH_SIZE 4096

static enum sg_err join(const char *dir, const char *name, char ret[PATH_SIZE])
{
    int n = snprintf(ret, PATH_SIZE, "%s/%s", dir, name);

    return n < 0 || n >= PATH_SIZE ? SG_ERR_LIMIT : SG_OK;
}

/* Reads DIR/NAME, whole, into BUF. */
static enum sg_err read_file(const char *dir, const char *name,
                             struct sg_buf *buf)
{
    char path[PATH_SIZE];
    enum sg_err err = join(dir, name, path);

    return err == SG_OK ? sg_file_read(path, buf) : err;
}

static enum sg_err read_key(const char *dir, const char *name,
                            enum sg_key_kind kind,
                            const struct sg_passphrase *passphrase,
                            struct sg_key **ret_key)
{
    uint8_t file[SG_KEY_FILE_SIZE];
    char folder[PATH_SIZE];
    enum sg_err err = join(dir, "keys", folder);

    if (err == SG_OK)
        err = sg_key_store_read(folder, name, file);
    if (err != SG_OK)
        return err;
    err = sg_key_file_decode(SG_BYTES_ARRAY(file),
                             sg_passphrase_bytes(passphrase), ret_key);
    sg_crypto_wipe(file, sizeof file);
    return err == SG_OK && (*ret_key)->kind != kind ? SG_ERR_MALFORMED : err;
}

/* The certificate is this node's, and binds its transport key. */
static enum sg_err read_certificate(const char *dir, struct sg_identity *ret)
{
    struct sg_certificate certificate;
    struct sg_buf buf;
    enum sg_err err;

    sg_buf_init(&buf, SG_CERTIFICATE_SIZE + 1);
    err = read_file(dir, "certificate", &buf);
    if (err == SG_OK)
        err = sg_certificate_decode(sg_buf_bytes(&buf), &certificate);
    if (err == SG_OK)
        memcpy(ret->certificate, buf.data, SG_CERTIFICATE_SIZE);
    sg_buf_clear(&buf);
    if (err == SG_OK &&
        memcmp(certificate.node_key, ret->node->public_key, SG_KEY_SIZE) != 0)
        err = SG_ERR_MALFORMED;
    if (err == SG_OK && memcmp(certificate.transport_key,
                               ret->transport->public_key, SG_KEY_SIZE) != 0)
        err = SG_ERR_UNTRUSTED;
    return err;
}

static enum sg_err open_store(const struct sg_store_config *config,
                              struct sg_identity *ret)
{
    const struct sg_store_key keys[] = {{&ret->node->sign, SG_LOG_RECORDS},
                                        {&ret->node->sign, SG_LOG_AUDIT}};
    /* Who reads nothing has nothing to write down. */
    size_t count = ret->scope != NULL ? 2 : 1;
    enum sg_err err = sg_store_open(config, keys, count, &ret->store);

    if (err == SG_OK &&
        memcmp(sg_store_registry(ret->store), &ret->node->registry,
               sizeof ret->node->registry) != 0)
        err = SG_ERR_MALFORMED;
    return err;
}

enum sg_err sg_identity_open(const struct sg_store_config *config,
                             const struct sg_passphrase *passphrase,
                             struct sg_identity *ret_identity,
                             const char **ret_what)
{
    struct sg_identity identity = {.node = NULL};
    enum sg_err err;

    sg_buf_init(&identity.chain, SG_IDENTITY_CHAIN_SIZE_MAX);
    *ret_what = "keys/node.key";
    err =
        read_key(config->dir, "node", SG_KEY_NODE, passphrase, &identity.node);
    if (err == SG_OK) {
        *ret_what = "keys/transport.key";
        err = read_key(config->dir, "transport", SG_KEY_TRANSPORT, passphrase,
                       &identity.transport);
    }
    if (err == SG_OK) {
        *ret_what = "keys/scope.key";
        err = read_key(config->dir, "scope", SG_KEY_SCOPE, passphrase,
                       &identity.scope);
        if (err == SG_ERR_NOTFOUND)
            err = SG_OK; /* relays have none */
    }
    if (err == SG_OK) {
        *ret_what = "certificate";
        err = read_certificate(config->dir, &identity);
    }
    if (err == SG_OK) {
        *ret_what = "chain";
        err = read_file(config->dir, "chain", &identity.chain);
    }
    if (err == SG_OK) {
        *ret_what = "log";
        err = open_store(config, &identity);
    }
    if (err != SG_OK) {
        sg_identity_close(&identity);
        return err;
    }
    *ret_identity = identity;
    return SG_OK;
}

void sg_identity_close(struct sg_identity *identity)
{
    sg_store_close(identity->store);
    sg_key_file_free(identity->node);
    sg_key_file_free(identity->transport);
    sg_key_file_free(identity->scope);
    sg_buf_clear(&identity->chain);
    *identity = (struct sg_identity){.node = NULL};
}

void sg_identity_transport(const struct sg_identity *identity,
                           struct sg_noise_key *ret_key)
{
    memcpy(ret_key->secret, identity->transport->secret, SG_KEY_SIZE);
    memcpy(ret_key->public_key, identity->transport->public_key, SG_KEY_SIZE);
}

/* --- Being admitted
 * ------------------------------------------------------------ */

/* Says what the key file NAME says in the clear. */
static enum sg_err inspect(const char *dir, const char *name,
                           struct sg_key_file_info *ret_info)
{
    uint8_t file[SG_KEY_FILE_SIZE];
    char folder[PATH_SIZE];
    enum sg_err err = join(dir, "keys", folder);

    if (err == SG_OK)
        err = sg_key_store_read(folder, name, file);
    if (err != SG_OK)
        return err;
    err = sg_key_file_inspect(SG_BYTES_ARRAY(file), ret_info);
    sg_crypto_wipe(file, sizeof file);
    return err;
}

static enum sg_err write_file(const char *dir, const char *name,
                              struct sg_bytes bytes)
{
    char path[PATH_SIZE];
    enum sg_err err = join(dir, name, path);

    return err == SG_OK ? sg_file_write(path, bytes) : err;
}

enum sg_err sg_identity_take(const char *dir, struct sg_bytes admission,
                             const char **ret_what)
{
    struct sg_key_file_info node, transport;
    struct sg_join_admission read;
    enum sg_err err;

    *ret_what = "keys/node.key";
    err = inspect(dir, "node", &node);
    if (err == SG_OK) {
        *ret_what = "keys/transport.key";
        err = inspect(dir, "transport", &transport);
    }
    if (err != SG_OK)
        return err;
    *ret_what = "";
    err = sg_join_admission_decode(admission, &read);
    if (err == SG_OK)
        err = sg_join_admission_judge(&read, &node.registry, node.public_key,
                                      transport.public_key);
    if (err != SG_OK)
        return err;
    *ret_what = "chain";
    err = write_file(dir, "chain", read.chain);
    if (err != SG_OK)
        return err;
    *ret_what = "certificate";
    return write_file(dir, "certificate", SG_BYTES_ARRAY(read.certificate));
}
