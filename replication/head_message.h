/* The bodies of the messages of head exchange: same, heads, ask, introduce,
 * cells, more, tree, root, and mine (PROTOCOL.md sections 7 and 14).
 *
 * A decoder looks through the whole body before it says OK, strictly and
 * without allocating; then its iterators cannot fail. What it gives borrows
 * from the body. Errors of all decoders: TRUNCATED, TRAILING, MALFORMED,
 * NOTCANONICAL, and LIMIT where a count is above its limit. The encoders write
 * into a writer, which keeps their error. `same` has no body.
 */
#ifndef SG_REPLICATION_HEAD_MESSAGE_H
#define SG_REPLICATION_HEAD_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replication/head_tree.h"
#include "replication/log_table.h"
#include "storage/base/bytes.h"
#include "storage/base/err.h"
#include "storage/base/limits.h"
#include "storage/base/reader.h"
#include "storage/base/writer.h"
#include "storage/log/entry.h"

/* What all of them say of a log: a size, how much of it is not served, a tag.
 * SIZE 0: forked, and SHORT_BY is 0 too. */
struct sg_head_message_claim {
    uint64_t size;
    uint64_t short_by; /* at most SIZE */
    uint8_t tag[SG_HEAD_TAG_SIZE];
};

/* The most that a claim takes, without its log. */
#define SG_HEAD_CLAIM_SIZE_MAX (2 * SG_VARINT_SIZE_MAX + SG_HEAD_TAG_SIZE)

/* The auth tag that the first message after unequal roots carries. */
struct sg_head_message_auth {
    bool is_there;
    uint8_t tag[SG_HEAD_TAG_SIZE];
};

/* --- heads ------------------------------------------------------------- */

struct sg_head_message_heads {
    struct sg_head_message_auth auth;
    bool has_judge;
    uint32_t judge[2];
    bool is_complete; /* these are all logs that the sender knows */
    unsigned width;   /* bits of the short refs, 1 to 32 */
    uint32_t count;   /* of claims, at most SG_HEADS_MAX */
    /* The iterator's. */
    struct sg_reader refs;
    struct sg_reader claims;
    uint32_t last;
    uint32_t left;
};

SG_USE_RESULT enum sg_err sg_head_message_heads_decode(
    struct sg_bytes body, struct sg_head_message_heads *ret_heads);

/* Gives the next claim and its short ref; refs ascend, equal ones are of logs
 * that begin alike. False at the end. */
bool sg_head_message_heads_next(struct sg_head_message_heads *heads,
                                uint32_t *ret_ref,
                                struct sg_head_message_claim *ret_claim);

/* Writes HEADS (its iterator is not looked at) with its COUNT claims, whose
 * REFS ascend. */
void sg_head_message_heads_encode(struct sg_writer *writer,
                                  const struct sg_head_message_heads *heads,
                                  const uint32_t refs[],
                                  const struct sg_head_message_claim claims[]);

/* --- ask --------------------------------------------------------------- */

struct sg_head_message_ask {
    unsigned width;
    uint32_t count; /* at most SG_ASKS_MAX */
    struct sg_reader refs;
    uint32_t last;
    uint32_t left;
};

SG_USE_RESULT enum sg_err sg_head_message_ask_decode(
    struct sg_bytes body, struct sg_head_message_ask *ret_ask);
bool sg_head_message_ask_next(struct sg_head_message_ask *ask,
                              uint32_t *ret_ref);

/* REFS ascend; no two are equal. */
void sg_head_message_ask_encode(struct sg_writer *writer, unsigned width,
                                const uint32_t refs[], uint32_t count);

/* --- introduce --------------------------------------------------------- */

/* The most that one introduced log takes. */
#define SG_HEAD_INTRODUCED_SIZE_MAX (SG_LOG_CORE_SIZE + SG_HEAD_CLAIM_SIZE_MAX)

struct sg_head_message_introduce {
    struct sg_reader left;
};

SG_USE_RESULT enum sg_err sg_head_message_introduce_decode(
    struct sg_bytes body, struct sg_head_message_introduce *ret_introduce);
bool sg_head_message_introduce_next(struct sg_head_message_introduce *introduce,
                                    struct sg_log_core *ret_core,
                                    struct sg_head_message_claim *ret_claim);

/* Writes one log; a body is any number of them, or none. */
void sg_head_message_introduce_put(struct sg_writer *writer,
                                   const struct sg_log_core *core,
                                   const struct sg_head_message_claim *claim);

/* --- cells, more ------------------------------------------------------- */

#define SG_HEAD_CELL_SIZE 12u

/* A cell of a sketch: sums of v, v x and v x x, each below p (field.h). */
struct sg_head_cell {
    uint32_t sums[3];
};

struct sg_head_message_cells {
    struct sg_head_message_auth auth;
    uint32_t first;
    uint32_t count; /* above 0; first + count is at most SG_CELLS_MAX */
    struct sg_reader left;
};

SG_USE_RESULT enum sg_err sg_head_message_cells_decode(
    struct sg_bytes body, struct sg_head_message_cells *ret_cells);
bool sg_head_message_cells_next(struct sg_head_message_cells *cells,
                                struct sg_head_cell *ret_cell);
void sg_head_message_cells_encode(struct sg_writer *writer,
                                  const struct sg_head_message_auth *auth,
                                  uint32_t first,
                                  const struct sg_head_cell cells[],
                                  uint32_t count);

/* TO: cells wanted in all, 1 to SG_CELLS_MAX. */
SG_USE_RESULT enum sg_err sg_head_message_more_decode(struct sg_bytes body,
                                                      uint32_t *ret_to);
void sg_head_message_more_encode(struct sg_writer *writer, uint32_t to);

/* --- tree -------------------------------------------------------------- */

enum sg_head_record_kind {
    SG_HEAD_RECORD_NODE = 0,   /* hashes of the children of the prefix */
    SG_HEAD_RECORD_LIST = 1,   /* all logs of the sender below it */
    SG_HEAD_RECORD_ANSWER = 2, /* to a list: those that are larger here */
};

#define SG_HEAD_NARROW_SIZE 4u
#define SG_HEAD_WIDE_SIZE   16u

struct sg_head_message_record {
    enum sg_head_record_kind kind;
    bool is_wide;
    struct sg_head_prefix prefix;
    uint16_t bitmap;        /* NODE: children that are there, at least one */
    struct sg_bytes hashes; /* of them, in order of nibble, cut */
    uint32_t count;         /* else: logs, at most SG_TREE_LIST_MAX */
    struct sg_reader logs;
    uint32_t left;
};

/* A log in a list. Narrow: REF (the first 4 bytes of its id) and CLAIM; wide:
 * ID, the claim's size, and ROOT (zeros if forked). */
struct sg_head_message_listed {
    uint32_t ref;
    struct sg_head_message_claim claim;
    struct sg_log_id id;
    struct sg_hash root;
};

struct sg_head_message_tree {
    struct sg_head_message_auth auth;
    bool is_wide;
    struct sg_reader left;
};

SG_USE_RESULT enum sg_err sg_head_message_tree_decode(
    struct sg_bytes body, struct sg_head_message_tree *ret_tree);
bool sg_head_message_tree_next(struct sg_head_message_tree *tree,
                               struct sg_head_message_record *ret_record);

/* Gives the next log of a list; logs ascend. False at the end. */
bool sg_head_message_record_next(struct sg_head_message_record *record,
                                 struct sg_head_message_listed *ret_listed);

/* Write the head of the message; a node, of 16 hashes those in BITMAP; the head
 * of a list or an answer, and each of its COUNT logs. */
void sg_head_message_tree_begin(struct sg_writer *writer,
                                const struct sg_head_message_auth *auth,
                                bool is_wide);
void sg_head_message_tree_node(struct sg_writer *writer, bool is_wide,
                               const struct sg_head_prefix *prefix,
                               uint16_t bitmap, const struct sg_hash hashes[]);
void sg_head_message_tree_list(struct sg_writer *writer,
                               enum sg_head_record_kind kind,
                               const struct sg_head_prefix *prefix,
                               uint32_t count);
void sg_head_message_tree_log(struct sg_writer *writer, bool is_wide,
                              const struct sg_head_message_listed *listed);

/* --- root, mine -------------------------------------------------------- */

struct sg_head_message_root {
    uint8_t root[SG_HEAD_ROOT_SIZE];
    uint8_t auth_tag[SG_HEAD_TAG_SIZE];
};

SG_USE_RESULT enum sg_err sg_head_message_root_decode(
    struct sg_bytes body, struct sg_head_message_root *ret_root);
void sg_head_message_root_encode(struct sg_writer *writer,
                                 const struct sg_head_message_root *root);

struct sg_head_message_mine {
    bool is_answer;
    uint8_t heads[SG_HEAD_MINE_SIZE]; /* of sg_log_table_mine */
};

SG_USE_RESULT enum sg_err sg_head_message_mine_decode(
    struct sg_bytes body, struct sg_head_message_mine *ret_mine);
void sg_head_message_mine_encode(struct sg_writer *writer,
                                 const struct sg_head_message_mine *mine);

#endif
