#include "replication/bundle_take.h"

#include <string.h>

#include "replication/certificate.h"
#include "replication/trust.h"
#include "storage/base/alloc.h"
#include "storage/base/check.h"

/* Messages that the core takes before what it wrote is made durable. */
#define SETTLE_MESSAGES 128u
/* Times that pieces with something that does not fit are gone through again. A
 * maker who keeps the order needs one. */
#define PASSES_MAX 16u

enum step {
    STEP_OPEN,   /* the core's session is to be opened */
    STEP_PIECE,  /* the next piece is to be read */
    STEP_GIVEN,  /* it is here, or it is not */
    STEP_NEXT,   /* messages of the piece are given out */
    STEP_SAID,   /* the core has the message: did it take it? */
    STEP_AGAIN,  /* after settling it is given again */
    STEP_SETTLE, /* the piece is at its end */
    STEP_JUDGE,  /* and settled: is it done? */
    STEP_PASS,   /* all pieces were gone through */
    STEP_SHUT,   /* the session is to be closed */
    STEP_DONE,
};

struct sg_bundle_take {
    struct sg_bundle_take_config config;
    struct sg_bundle_header header;
    uint8_t key[SG_KEY_SIZE];
    size_t piece_size;
    uint32_t pieces_whole; /* in the file */
    enum step step;
    bool is_open;        /* the core's session */
    bool reopens;        /* STEP_SHUT: another pass follows */
    bool passes_over;    /* `authority`: its logs were awaited in vain */
    bool is_cut_told;    /* the cut has been named */
    bool is_said_twice;  /* the message was given again */
    uint32_t pass;       /* from 0 */
    uint32_t piece;      /* from 0 */
    uint64_t taken;      /* by the core, in sessions before this one */
    uint64_t refused;    /* the same */
    uint64_t pass_taken; /* when the pass began */
    uint64_t missed;     /* by the core so far, and accounted for */
    uint64_t lacking;    /* messages of the piece that were not taken */
    uint32_t unsettled;  /* messages given since the last settling */
    enum sg_err given;   /* how reading the piece went */
    struct sg_bytes messages;
    struct sg_frame_message message;
    struct sg_bundle_manifest manifest;
    enum sg_err maker;
    uint32_t n_done, n_damaged, n_waiting;
    uint8_t *room;    /* of the piece */
    uint8_t *damaged; /* bits, by piece */
    uint8_t *kept;    /* id, part, pieces, then bits by piece: done */
    size_t kept_size;
};

/* --- Bits ---------------------------------------------------------------- */

#define KEPT_HEAD (SG_BUNDLE_ID_SIZE + 2u + 4u)

static bool has_bit(const uint8_t *bits, uint32_t at)
{
    return (bits[at / 8] >> (at % 8) & 1u) != 0;
}

static void set_bit(uint8_t *bits, uint32_t at)
{
    bits[at / 8] = (uint8_t)(bits[at / 8] | 1u << (at % 8));
}

static uint8_t *done_bits(struct sg_bundle_take *take)
{
    return take->kept + KEPT_HEAD;
}

/* Takes over what an earlier run had done, if it is of this part. */
static void resume(struct sg_bundle_take *take, struct sg_bytes progress)
{
    uint32_t n = take->header.pieces;

    if (take->header.kind != SG_BUNDLE_ENTRIES || /* claims are not kept */
        progress.size != take->kept_size ||
        memcmp(progress.data, take->kept, KEPT_HEAD) != 0)
        return;
    for (uint32_t i = 0; i < n; i++) {
        if (!has_bit(progress.data + KEPT_HEAD, i))
            continue;
        set_bit(done_bits(take), i);
        take->n_done++;
    }
}

/* --- Making one ---------------------------------------------------------- */

static enum sg_err take_room(struct sg_bundle_take *take)
{
    uint32_t bits = (take->header.pieces + 7) / 8;
    struct sg_writer writer;

    take->kept_size = KEPT_HEAD + bits;
    take->room = sg_alloc(take->piece_size);
    take->damaged = sg_calloc(1, bits);
    take->kept = sg_calloc(1, take->kept_size);
    if (take->room == NULL || take->damaged == NULL || take->kept == NULL)
        return SG_ERR_NOMEM;
    sg_writer_init_array(&writer, take->kept, KEPT_HEAD);
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(take->header.id));
    sg_writer_u16be(&writer, take->header.part);
    sg_writer_u32be(&writer, take->header.pieces);
    return writer.err;
}

enum sg_err sg_bundle_take_new(const struct sg_bundle_take_config *config,
                               struct sg_bytes header, uint64_t file_size,
                               struct sg_bytes progress,
                               struct sg_bundle_take **ret)
{
    struct sg_bundle_take *take = sg_calloc(1, sizeof *take);
    struct sg_bytes boxes;
    uint64_t before, whole;
    enum sg_err err;

    if (take == NULL)
        return SG_ERR_NOMEM;
    take->config = *config;
    sg_crypto_wipe(take->config.secret, sizeof take->config.secret);
    take->maker = SG_ERR_NOTFOUND;
    err = sg_bundle_header_decode(header, &config->registry, &take->header,
                                  &boxes);
    if (err == SG_OK && file_size > sg_bundle_part_size(&take->header))
        err = SG_ERR_TRAILING;
    if (err == SG_OK)
        err = sg_bundle_key_open(boxes, config->public_key, config->secret,
                                 take->key);
    if (err == SG_OK) {
        take->piece_size = (size_t)1 << take->header.exponent;
        err = take_room(take);
    }
    if (err != SG_OK) {
        sg_bundle_take_free(take);
        return err;
    }
    before = sg_bundle_header_size(take->header.n_boxes);
    whole = file_size < before ? 0 : (file_size - before) / take->piece_size;
    take->pieces_whole = (uint32_t)whole;
    resume(take, progress);
    *ret = take;
    return SG_OK;
}

void sg_bundle_take_free(struct sg_bundle_take *take)
{
    if (take == NULL)
        return;
    if (take->room != NULL)
        sg_crypto_wipe(take->room, take->piece_size);
    sg_free(take->room);
    sg_free(take->damaged);
    sg_free(take->kept);
    sg_crypto_wipe(take, sizeof *take);
    sg_free(take);
}

/* --- Looking at the core -------------------------------------------------- */

static struct sg_sync_carried look(const struct sg_bundle_take *take)
{
    struct sg_sync_session_view view = {0};

    if (take->is_open && sg_sync_session(take->config.core,
                                         take->config.session, &view) != SG_OK)
        view = (struct sg_sync_session_view){0};
    return view.carried;
}

/* Takes note of writes that the store refused: the piece is not done. */
static void note_refused(struct sg_bundle_take *take)
{
    uint64_t missed = look(take).missed;

    if (missed > take->missed)
        take->lacking++;
    take->missed = missed;
}

/* Says whether this bundle's messages are the core's; a request's are for a
 * planner alone. */
static bool is_for_core(const struct sg_bundle_take *take)
{
    return take->header.kind != SG_BUNDLE_REQUEST;
}

/* Judges the manifest: it says whose the claims are. One that is not right is
 * as good as none. */
static void judge_maker(struct sg_bundle_take *take, struct sg_bytes body)
{
    const struct sg_trust *trust = sg_sync_trust(take->config.core);
    enum sg_certificate_verdict verdict;
    struct sg_certificate certificate;
    enum sg_err err;

    if (take->header.part != 1 || take->piece != 0 || take->maker == SG_OK)
        return;
    err = sg_bundle_manifest_decode(body, &take->manifest);
    if (err == SG_OK)
        err = sg_certificate_decode(SG_BYTES_ARRAY(take->manifest.certificate),
                                    &certificate);
    if (err == SG_OK)
        err = sg_trust_judge_certificate(trust, NULL,
                                         take->manifest.certificate, &verdict);
    if (err == SG_OK)
        err =
            sg_bundle_manifest_verify(&take->manifest, &take->config.registry,
                                      &take->header.hash, certificate.node_key);
    take->maker = err;
}

/* --- Pieces ----------------------------------------------------------------
 */

static void name_damage(struct sg_bundle_take *take, enum sg_err err,
                        struct sg_bundle_take_turn *turn)
{
    turn->kind = SG_BUNDLE_TAKE_DAMAGE;
    turn->damage = err;
    turn->piece = take->piece + 1;
    if (!has_bit(take->damaged, take->piece))
        take->n_damaged++;
    set_bit(take->damaged, take->piece);
}

/* Asks for the next piece that is neither done nor damaged. */
static bool ask(struct sg_bundle_take *take, struct sg_bundle_take_turn *turn)
{
    while (take->piece < take->pieces_whole &&
           (has_bit(done_bits(take), take->piece) ||
            has_bit(take->damaged, take->piece)))
        take->piece++;
    if (take->piece < take->pieces_whole) {
        turn->kind = SG_BUNDLE_TAKE_READ;
        turn->offset = sg_bundle_header_size(take->header.n_boxes) +
                       (uint64_t)take->piece * take->piece_size;
        turn->size = take->piece_size;
        turn->piece = take->piece + 1;
        take->step = STEP_GIVEN;
        take->given = SG_ERR_IO;
        return true;
    }
    take->step = STEP_PASS;
    if (take->pieces_whole == take->header.pieces || take->is_cut_told)
        return false;
    take->is_cut_told = true;
    take->n_damaged += take->header.pieces - take->pieces_whole - 1;
    name_damage(take, SG_ERR_TRUNCATED, turn);
    return true;
}

void sg_bundle_take_give(struct sg_bundle_take *take, enum sg_err err,
                         struct sg_bytes piece)
{
    SG_ASSERT(take->step == STEP_GIVEN);
    if (err == SG_OK && piece.size != take->piece_size)
        err = SG_ERR_IO;
    if (err == SG_OK) {
        memcpy(take->room, piece.data, piece.size);
        err = sg_bundle_piece_open(take->room, &take->header, take->key,
                                   take->piece, &take->messages);
    }
    take->given = err;
}

static bool begin_piece(struct sg_bundle_take *take,
                        struct sg_bundle_take_turn *turn)
{
    take->lacking = 0;
    if (take->given == SG_OK) {
        take->step = STEP_NEXT;
        return false;
    }
    name_damage(take, take->given, turn);
    take->piece++;
    take->step = STEP_PIECE;
    return true;
}

/* --- Messages ---------------------------------------------------------------
 */

static bool is_claim(enum sg_message_type type)
{
    return type == SG_MESSAGE_HEADS || type == SG_MESSAGE_STORED ||
           type == SG_MESSAGE_SUBSCRIBE;
}

static bool is_note(enum sg_message_type type)
{
    return type == SG_MESSAGE_HOLDING || type == SG_MESSAGE_COSIGNATURE ||
           type == SG_MESSAGE_STATEMENT;
}

static bool settle(struct sg_bundle_take *take,
                   struct sg_bundle_take_turn *turn)
{
    take->unsettled = 0;
    turn->kind = SG_BUNDLE_TAKE_SETTLE;
    return true;
}

static bool say(struct sg_bundle_take *take, struct sg_bundle_take_turn *turn)
{
    note_refused(take);
    take->unsettled++;
    turn->kind = SG_BUNDLE_TAKE_EVENT;
    turn->event = (struct sg_event){.kind = SG_EVENT_MESSAGE,
                                    .session = take->config.session,
                                    .message = take->message};
    take->step = STEP_SAID;
    return true;
}

/* Hands out the message that was read. Returns whether TURN is set. */
static bool hand_out(struct sg_bundle_take *take,
                     struct sg_bundle_take_turn *turn)
{
    enum sg_message_type type = take->message.type;

    take->is_said_twice = false;
    if (type == SG_MESSAGE_MANIFEST) {
        judge_maker(take, take->message.body);
        return false;
    }
    if (is_claim(type) || !is_for_core(take)) {
        if (take->maker != SG_OK || take->pass > 0)
            return false;
        turn->kind = SG_BUNDLE_TAKE_CLAIM;
        turn->message = take->message;
        return true;
    }
    if (type == SG_MESSAGE_AUTHORITY && take->passes_over)
        return false;
    /* What is said of entries is judged where they are held. */
    if (take->unsettled >= SETTLE_MESSAGES ||
        (is_note(type) && take->unsettled > 0)) {
        take->step = STEP_AGAIN;
        return settle(take, turn);
    }
    return say(take, turn);
}

static bool next_message(struct sg_bundle_take *take,
                         struct sg_bundle_take_turn *turn)
{
    enum sg_err err =
        sg_bundle_next(&take->messages, take->header.kind, &take->message);

    if (err != SG_OK) { /* the rest of the piece is nothing */
        take->step = STEP_SETTLE;
        name_damage(take, SG_ERR_MALFORMED, turn);
        return true;
    }
    if (take->message.type != SG_MESSAGE_NONE)
        return hand_out(take, turn);
    take->step = STEP_SETTLE;
    return false;
}

/* The core has the message. One that it cannot take now it gets again when all
 * before it is durable. */
static bool after_message(struct sg_bundle_take *take,
                          struct sg_bundle_take_turn *turn)
{
    uint64_t missed = look(take).missed;
    bool is_missed = missed > take->missed;

    take->missed = missed;
    take->step = STEP_NEXT;
    if (!is_missed)
        return false;
    if (take->is_said_twice) {
        take->lacking++;
        return false;
    }
    take->is_said_twice = true;
    take->step = STEP_AGAIN;
    return settle(take, turn);
}

/* --- Passes -----------------------------------------------------------------
 */

/* The piece is settled: it is done if the core lacks nothing of it. */
static void judge_piece(struct sg_bundle_take *take)
{
    note_refused(take);
    if (take->lacking > 0) {
        take->n_waiting++;
    } else if (!has_bit(take->damaged, take->piece)) {
        set_bit(done_bits(take), take->piece);
        take->n_done++;
    }
    take->piece++;
    take->step = STEP_PIECE;
}

/* All pieces were gone through. What did not fit is tried again, if the pass
 * brought anything, or the authority's logs, which were awaited, are not in the
 * bundle: nobody can be asked for them. */
static void end_pass(struct sg_bundle_take *take)
{
    struct sg_sync_carried view = look(take);
    bool has_brought = take->taken + view.taken > take->pass_taken;
    bool is_gated = take->is_open && view.is_gated;

    take->step = STEP_SHUT;
    take->reopens = false;
    if (take->n_waiting == 0 || take->pass == PASSES_MAX ||
        !(has_brought || is_gated))
        return;
    take->passes_over = take->passes_over || is_gated;
    take->reopens = is_gated;
    take->pass++;
    take->piece = 0;
    take->n_waiting = 0;
    take->pass_taken = take->taken + view.taken;
    if (!is_gated)
        take->step = STEP_PIECE;
}

static bool open_session(struct sg_bundle_take *take,
                         struct sg_bundle_take_turn *turn)
{
    take->step = STEP_PIECE;
    if (!is_for_core(take))
        return false;
    take->is_open = true;
    take->missed = 0;
    turn->kind = SG_BUNDLE_TAKE_EVENT;
    turn->event = (struct sg_event){.kind = SG_EVENT_OPEN,
                                    .session = take->config.session};
    turn->event.open.link = SG_SYNC_BUNDLE;
    turn->event.open.peer = SG_SYNC_NONE;
    return true;
}

static bool shut_session(struct sg_bundle_take *take,
                         struct sg_bundle_take_turn *turn)
{
    struct sg_sync_carried view = look(take);

    take->step = take->reopens ? STEP_OPEN : STEP_DONE;
    if (!take->is_open)
        return false;
    take->taken += view.taken;
    take->refused += view.refused;
    take->is_open = false;
    turn->kind = SG_BUNDLE_TAKE_EVENT;
    turn->event = (struct sg_event){.kind = SG_EVENT_SHUT,
                                    .session = take->config.session};
    return true;
}

/* Goes one step on. Returns whether TURN is set. */
static bool go_on(struct sg_bundle_take *take, struct sg_bundle_take_turn *turn)
{
    switch (take->step) {
    case STEP_OPEN:
        return open_session(take, turn);
    case STEP_PIECE:
        return ask(take, turn);
    case STEP_GIVEN:
        return begin_piece(take, turn);
    case STEP_NEXT:
        return next_message(take, turn);
    case STEP_SAID:
        return after_message(take, turn);
    case STEP_AGAIN:
        return say(take, turn);
    case STEP_SETTLE:
        take->step = STEP_JUDGE;
        return is_for_core(take) && settle(take, turn);
    case STEP_JUDGE:
        judge_piece(take);
        return false;
    case STEP_PASS:
        end_pass(take);
        return false;
    case STEP_SHUT:
        return shut_session(take, turn);
    case STEP_DONE:
        break;
    }
    turn->kind = SG_BUNDLE_TAKE_DONE;
    return true;
}

void sg_bundle_take_next(struct sg_bundle_take *take,
                         struct sg_bundle_take_turn *ret_turn)
{
    *ret_turn = (struct sg_bundle_take_turn){.kind = SG_BUNDLE_TAKE_DONE,
                                             .piece = take->piece + 1,
                                             .pieces = take->header.pieces};
    while (!go_on(take, ret_turn))
        ;
}

struct sg_bytes sg_bundle_take_progress(struct sg_bundle_take *take)
{
    return sg_bytes(take->kept, take->kept_size);
}

void sg_bundle_take_view(const struct sg_bundle_take *take,
                         struct sg_bundle_take_view *ret_view)
{
    struct sg_sync_carried view = look(take);

    *ret_view = (struct sg_bundle_take_view){
        .header = take->header,
        .pieces_done = take->n_done,
        .damaged = take->n_damaged,
        .waiting = take->n_waiting,
        .taken = take->taken + view.taken,
        .refused = take->refused + view.refused,
        .maker = take->maker,
    };
    if (take->maker == SG_OK)
        ret_view->manifest = take->manifest;
}
