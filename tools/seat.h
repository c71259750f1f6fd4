/* The seat of the authority: what has been said is read from the store, and
 * what is to be said is written, signed and filed.
 *
 *     code = sg_seat_open(cli, SG_SEAT_SPEAK, NULL, &seat);
 *     build = sg_seat_begin(&seat, SG_TYPE_HEARTBEAT);
 *     sg_record_build_uint(build, SG_FIELD_HEARTBEAT_TIME, now);
 *     code = sg_seat_end(&seat, NULL);
 *     code = sg_seat_file(&seat);
 *     sg_seat_close(&seat);
 *
 * Any node's directory can be read so; only where the root key in force
 * lies, and by a node with role authority, can be spoken. The questions are
 * answered as of the opening: what is filed now is not in them.
 * Functions print their error and return the exit code, 0 for success.
 */
#ifndef SG_TOOLS_SEAT_H
#define SG_TOOLS_SEAT_H

#include "replication/trust.h"
#include "storage/lmdb/passphrase.h"
#include "storage/registry/authority_scope.h"
#include "storage/registry/record_build.h"
#include "tools/home.h"

/* Name of the key file of the escrow (RECORDS.md 6.5). */
#define SG_SEAT_ESCROW "escrow"

enum sg_seat_mode {
    SG_SEAT_READ,
    SG_SEAT_SPEAK,
    SG_SEAT_SUCCEED, /* to file a rotation that the next root signs alone: the
                        root in force may be lost */
};

struct sg_seat {
    const struct sg_cli *cli;
    struct sg_home home;
    const struct sg_registry_id *registry;
    struct sg_authority *authority;
    struct sg_trust *trust;
    struct sg_date today; /* in Viet Nam, by this machine's clock */
    uint64_t now_ms;
    uint64_t position; /* of what has been said (RECORDS.md 6.1) */

    /* Speaking only. */
    const struct sg_store_own *own;
    struct sg_key *root; /* in force; with SG_SEAT_SUCCEED perhaps NULL */
    struct sg_key *escrow;
    uint8_t generation; /* of the root */
    uint64_t serial;    /* of the next statement */
    struct sg_record_head head;
    struct sg_record_build build;
    struct sg_buf payloads; /* of statements to file */
    size_t *ends;
    size_t count, capacity;
};

/* Opens CLI's directory. PASSPHRASE opens root and escrow; NULL: it is asked
 * for where it is needed. The caller ends with sg_seat_close. */
SG_USE_RESULT int sg_seat_open(const struct sg_cli *cli, enum sg_seat_mode mode,
                               const struct sg_passphrase *passphrase,
                               struct sg_seat *ret_seat);
void sg_seat_close(struct sg_seat *seat);

/* Begins a statement of TYPE, its serial number set: the further fields go in.
 * Borrowed until sg_seat_end. */
struct sg_record_build *sg_seat_begin(struct sg_seat *seat, enum sg_type type);

/* Ends it: signed, to be filed. RET_ID may be NULL. */
SG_USE_RESULT int sg_seat_end(struct sg_seat *seat, struct sg_hash *ret_id);

/* Ends a rotation, which the root committed to signs too, and which is signed
 * by it alone where IS_ALONE. BUILD puts in all fields, with the proof given.
 */
typedef void sg_seat_rotation_fn(void *context, struct sg_seat *seat,
                                 const uint8_t proof[SG_SIGNATURE_SIZE]);
SG_USE_RESULT int sg_seat_end_rotation(struct sg_seat *seat,
                                       const struct sg_key *next, bool is_alone,
                                       sg_seat_rotation_fn *build,
                                       void *context);

/* Writes all that was ended to the authority's log; when this returns 0 it is
 * durable and signed. */
SG_USE_RESULT int sg_seat_file(struct sg_seat *seat);

/* Writes the name of the key file of the root of GENERATION. */
#define SG_SEAT_NAME_SIZE 16
void sg_seat_root_name(unsigned generation, char ret_name[SG_SEAT_NAME_SIZE]);

/* Appends the chain from the genesis on to BUF (PROTOCOL.md section 5). */
SG_USE_RESULT int sg_seat_chain(const struct sg_seat *seat, struct sg_buf *buf);

/* Finds the node that NAME calls: the first digits, 8 at least, of its key or
 * key id. */
SG_USE_RESULT int sg_seat_node(const struct sg_seat *seat, const char *name,
                               struct sg_trust_node *ret_node);

/* The same of any state of the authority. */
SG_USE_RESULT int sg_seat_find_node(const struct sg_cli *cli,
                                    const struct sg_registry_id *registry,
                                    const struct sg_trust *trust,
                                    const char *name,
                                    struct sg_trust_node *ret_node);

/* Gives the label that stands of NODE_KEY, borrowed; no bytes without one. */
struct sg_bytes sg_seat_label(const struct sg_seat *seat,
                              const uint8_t node_key[SG_KEY_SIZE]);

/* Gives the logs of NODE_KEY (NULL: of all nodes), with a signed size each, on
 * branch 0, ascending by id. The caller frees RET_LOGS with sg_free. */
SG_USE_RESULT int sg_seat_logs(const struct sg_seat *seat,
                               const uint8_t *node_key,
                               struct sg_store_log **ret_logs,
                               size_t *ret_count);

/* Packs (log, size, root) of LOG, and its signature if IS_SIGNED. */
void sg_seat_pack_stand(struct sg_pack *pack, const struct sg_store_log *log,
                        bool is_signed);

#endif
