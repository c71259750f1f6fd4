/* Invites: who may ask this node over the network to be admitted (PROTOCOL.md
 * 16).
 *
 *     DIR/invites/NAME   one secret each, for its owner alone
 *     DIR/requests/ID    what was asked with it, by the key id of who asks;
 *                        sogoc admit takes it from there
 *
 * An invite is for one node: the first right proof binds it to that node's key,
 * which may ask again until it is answered. It ends after a day, and after five
 * wrong proofs. It is not the answer: admitting is the authority's.
 * Context: one thread at a time; files are small and few.
 */
#ifndef SG_NODE_INVITES_H
#define SG_NODE_INVITES_H

#include <stdbool.h>
#include <stdint.h>

#include "replication/join.h"
#include "storage/base/err.h"

#define SG_INVITES_MAX   256u /* open at a time */
#define SG_INVITES_HOURS 24u
#define SG_INVITES_TRIES 5u

/* Draws a secret and keeps it in DIR for SG_INVITES_HOURS from NOW_MS on, since
 * 1970. Removes what has ended. RET_SECRET is a secret: wipe it.
 * Errors: LIMIT above SG_INVITES_MAX; those of files. */
SG_USE_RESULT enum sg_err sg_invites_issue(
    const char *dir, uint64_t now_ms, uint8_t ret_secret[SG_JOIN_SECRET_SIZE]);

/* Says whether DIR has an invite that holds at NOW_MS. */
bool sg_invites_any(const char *dir, uint64_t now_ms);

/* Judges PROOF, of the session HANDSHAKE, for the request BYTES of REQUEST,
 * which is verified; keeps the request if it is right.
 * Errors: UNTRUSTED (no invite that holds has this secret, or another node has
 * used it); those of files. */
SG_USE_RESULT enum sg_err sg_invites_take(
    const char *dir, uint64_t now_ms, const struct sg_registry_id *registry,
    const struct sg_join_request *request,
    const uint8_t bytes[SG_JOIN_REQUEST_SIZE],
    const uint8_t proof[SG_JOIN_PROOF_SIZE], const struct sg_hash *handshake);

#endif
