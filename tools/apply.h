/* Asking over the network to be admitted: one connection to a node that has
 * issued an invite (PROTOCOL.md section 16).
 */
#ifndef SG_TOOLS_APPLY_H
#define SG_TOOLS_APPLY_H

#include "replication/join.h"
#include "storage/base/buf.h"
#include "storage/log/key_file.h"
#include "tools/cli.h"

/* What an invite's text says. */
struct sg_apply_invite {
    struct sg_registry_id registry;
    uint8_t secret[SG_JOIN_SECRET_SIZE];
    char host[256];
    char port[8];
};

/* Reads TEXT. Prints its error; returns the exit code, 0 for success. */
SG_USE_RESULT int sg_apply_read_invite(const struct sg_cli *cli,
                                       const char *text,
                                       struct sg_apply_invite *ret_invite);

/* Sends the signed REQUEST by INVITE, with the TRANSPORT key that it names. The
 * peer is judged first: where it does not show this registry's genesis, or has
 * no certificate of it, the invite is not spoken. With ADMITTED the admission,
 * judged, is appended to ADMISSION. Prints its error; returns the exit code. */
SG_USE_RESULT int sg_apply_ask(const struct sg_cli *cli,
                               const struct sg_apply_invite *invite,
                               const struct sg_join_request *request,
                               const struct sg_key *transport,
                               enum sg_join_answer *ret_answer,
                               struct sg_buf *admission);

#endif
