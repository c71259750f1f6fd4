/* The identity of a node: what lies in its directory and makes it this node of
 * this registry.
 *
 *     DIR/keys/node.key       signs its log
 *     DIR/keys/transport.key  opens its sessions
 *     DIR/keys/scope.key      reads and seals records; may be missing
 *     DIR/certificate         by which the authority admitted it
 *     DIR/chain               whom it believes, as shown when it joined
 *     DIR/log                 its store
 *
 * FORMAT.md sections 9 and 10. It is not who the peers are: that is judged by
 * the core. Making the keys is the business of `sogoc join`.
 */
#ifndef SG_NODE_IDENTITY_H
#define SG_NODE_IDENTITY_H

#include <stdint.h>

#include "replication/noise.h"
#include "storage/base/buf.h"
#include "storage/base/err.h"
#include "storage/base/limits.h"
#include "storage/lmdb/passphrase.h"
#include "storage/lmdb/store.h"
#include "storage/log/key_file.h"

/* The chain of a message, which fits into stage 1. */
#define SG_IDENTITY_CHAIN_SIZE_MAX SG_RECORD_SIZE_MAX

struct sg_identity {
    struct sg_key *node;
    struct sg_key *transport;
    struct sg_key *scope; /* NULL: there is none, nothing is sealed or opened */
    uint8_t certificate[SG_CERTIFICATE_SIZE];
    struct sg_buf chain;
    /* Its own logs: of records; and, with a scope key, of the audit. */
    struct sg_store *store;
};

/* Reads all of CONFIG->dir and opens the store. PASSPHRASE opens the keys that
 * are under one; NULL: there is none. Caller ends it with sg_identity_close.
 * RET_WHAT is the file, below the directory, that an error is about; static
 * storage.
 * Errors: NOTFOUND, ACCESS, DECRYPT (a key under another passphrase), MALFORMED
 * (keys of another registry; a certificate of another node), UNTRUSTED (of
 * another transport key), and those of the files and of sg_store_open. */
SG_USE_RESULT enum sg_err sg_identity_open(
    const struct sg_store_config *config,
    const struct sg_passphrase *passphrase, struct sg_identity *ret_identity,
    const char **ret_what);

/* Takes an admission (PROTOCOL.md section 16) into DIR, whose keys must be
 * there: judges it and writes the files `chain` and `certificate`, in this
 * order. No secret is opened, and no store. RET_WHAT as above; "" is the
 * admission itself.
 * Errors: those of sg_join_admission_decode and _judge; of key files; of
 * sg_file_write. */
SG_USE_RESULT enum sg_err sg_identity_take(const char *dir,
                                           struct sg_bytes admission,
                                           const char **ret_what);

/* Closes the store and wipes the keys. */
void sg_identity_close(struct sg_identity *identity);

/* Gives the transport key as the handshake wants it; the caller wipes it. */
void sg_identity_transport(const struct sg_identity *identity,
                           struct sg_noise_key *ret_key);

#endif
