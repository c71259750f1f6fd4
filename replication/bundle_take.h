/* Taking a bundle: from the pieces of a part to events of the sync core, with
 * a memory of what is done and a name for what is damaged. PROTOCOL.md section
 * 15.
 *
 * The taker does no I/O: it asks for pieces and gives events to step the core
 * with, in a session of link SG_SYNC_BUNDLE whose number it was given.
 *
 *     for (;;) {
 *         sg_bundle_take_next(take, &turn);
 *         READ    read turn.size bytes at turn.offset, sg_bundle_take_give
 *         EVENT   step the core with turn.event (its times are yours)
 *         CLAIM   turn.message says what the maker has: for a planner
 *         SETTLE  execute all effects: commit, answer reads, until the core
 *                 wants nothing more; good time to keep the progress
 *         DAMAGE  tell: piece turn.piece of turn.pieces, turn.damage
 *         DONE    end
 *     }
 *
 * Nothing in a bundle is trusted: each piece opens or not, each message proves
 * itself to the core or not, and whatever fails is passed over by name. What
 * cannot be taken yet (entries before it are in another piece) is not lost: the
 * pieces with it are gone through again as long as that brings anything.
 *
 * Memory is taken at creation: one piece, and a bit for each piece.
 */
#ifndef SG_REPLICATION_BUNDLE_TAKE_H
#define SG_REPLICATION_BUNDLE_TAKE_H

#include "replication/bundle.h"
#include "replication/sync.h"

struct sg_bundle_take;

struct sg_bundle_take_config {
    struct sg_registry_id registry;
    uint8_t public_key[SG_KEY_SIZE]; /* transport key */
    uint8_t secret[SG_KEY_SIZE];     /* used at creation only */
    const struct sg_sync *core;      /* borrowed; its counts are read */
    uint32_t session;                /* free, for this taker */
};

/* The most that a progress takes: a bit for each of the smallest pieces. */
#define SG_BUNDLE_PROGRESS_SIZE_MAX \
    (SG_BUNDLE_ID_SIZE + 2u + 4u +  \
     (SG_BUNDLE_SIZE_MAX / (1u << SG_BUNDLE_EXPONENT_MIN) + 8u) / 8u)

/* Begins with a part that begins with HEADER (SG_BUNDLE_HEADER_SIZE_MAX bytes,
 * or all if there are fewer) and has FILE_SIZE bytes. PROGRESS is what was kept
 * of an earlier run, or empty; one of another part, or one that is none, is
 * passed over. Caller frees. Errors: those of sg_bundle_header_decode and
 * sg_bundle_key_open; TRAILING (the file is longer than its header says);
 * NOMEM. */
SG_USE_RESULT enum sg_err sg_bundle_take_new(
    const struct sg_bundle_take_config *config, struct sg_bytes header,
    uint64_t file_size, struct sg_bytes progress, struct sg_bundle_take **ret);

/* Wipes and frees; takes NULL. */
void sg_bundle_take_free(struct sg_bundle_take *take);

enum sg_bundle_take_kind {
    SG_BUNDLE_TAKE_READ,
    SG_BUNDLE_TAKE_EVENT,
    SG_BUNDLE_TAKE_CLAIM,
    SG_BUNDLE_TAKE_SETTLE,
    SG_BUNDLE_TAKE_DAMAGE,
    SG_BUNDLE_TAKE_DONE,
};

struct sg_bundle_take_turn {
    enum sg_bundle_take_kind kind;
    uint64_t offset; /* READ */
    size_t size;
    struct sg_event event;           /* EVENT; borrowed until the next call */
    struct sg_frame_message message; /* CLAIM: the same */
    /* DAMAGE: DECRYPT (does not open), MALFORMED (no messages in it), IO (could
     * not be read), TRUNCATED (cut there: this piece and all after it). */
    enum sg_err damage;
    uint32_t piece; /* from 1, of PIECES: now, or damaged */
    uint32_t pieces;
};

void sg_bundle_take_next(struct sg_bundle_take *take,
                         struct sg_bundle_take_turn *ret_turn);

/* Answers a READ with ERR, and the piece if it is OK. Borrows: PIECE for the
 * call. */
void sg_bundle_take_give(struct sg_bundle_take *take, enum sg_err err,
                         struct sg_bytes piece);

/* Gives what is to be kept until the bundle is done: pieces of which nothing is
 * lacking here. It is right whenever the last SETTLE is durable. Borrows: until
 * the next call. */
struct sg_bytes sg_bundle_take_progress(struct sg_bundle_take *take);

/* What the taker knows of the bundle. */
struct sg_bundle_take_view {
    struct sg_bundle_header header;
    uint32_t pieces_done; /* nothing in them is lacking here any more */
    uint32_t damaged;     /* pieces that could not be read or opened */
    uint32_t waiting;     /* pieces with something that does not fit yet */
    uint64_t taken;       /* entries given to the store */
    uint64_t refused;     /* messages that are wrong */
    /* The maker: OK if its manifest was there and right; NOTFOUND: none came;
     * SIGNATURE, or what its certificate was refused for: nobody in particular,
     * and no CLAIM is given. */
    enum sg_err maker;
    struct sg_bundle_manifest manifest; /* if MAKER is OK */
};
void sg_bundle_take_view(const struct sg_bundle_take *take,
                         struct sg_bundle_take_view *ret_view);

#endif
