#include "replication/bundle_make.h"

#include <string.h>

#include "replication/head_message.h"
#include "replication/head_tree.h"
#include "replication/proof.h"
#include "storage/base/alloc.h"
#include "storage/base/check.h"

/* What a package is longer than its payloads: its head, 64 nodes, and of each
 * entry at most a run, a key, a place in its table, a length, and 48 bytes in
 * place of a payload. */
#define OVERHEAD_MAX (4096u + SG_PACKAGE_ENTRIES_MAX * 80u)

struct sg_bundle_make {
    struct sg_bundle_make_config config;
    struct sg_bundle_make_log *logs;
    uint8_t *boxes;
    uint8_t *header_room;
    uint8_t *piece_room;
    uint8_t *scratch; /* one message */
    struct sg_package_body body;
    struct sg_bundle_header header;
    struct sg_bundle_pack pack;
    bool is_counting;
    bool is_reading;    /* a READ waits for its answer */
    bool has_piece;     /* the piece in the pack is full */
    bool has_header;    /* the part's header is written */
    bool is_introduced; /* the current log, in this piece */
    bool is_proved;     /* the current log's proof was asked for */
    bool has_scratch;   /* a message waits for room */
    enum sg_message_type scratch_type;
    size_t scratch_size;
    size_t at_message; /* 0: the manifest */
    size_t at_log;
    uint64_t at_entry;
    uint64_t pieces; /* done in this pass */
    uint64_t pieces_all;
    uint32_t per_part;
};

/* --- Making and freeing ------------------------------------------------- */

static bool is_sound(const struct sg_bundle_make_config *config)
{
    size_t most = sg_bundle_pack_body_max(config->exponent);

    if (config->exponent < SG_BUNDLE_MAKE_EXPONENT_MIN ||
        config->exponent > SG_BUNDLE_EXPONENT_MAX ||
        config->n_destinations < 1 ||
        config->n_destinations > SG_BUNDLE_DESTINATIONS_MAX)
        return false;
    for (size_t i = 0; i < config->n_messages; i++)
        if (config->messages[i].body.size > most)
            return false;
    for (size_t i = 0; i < config->n_logs; i++)
        if (config->logs[i].from > config->logs[i].known.size ||
            config->logs[i].prove_from > config->logs[i].known.size)
            return false;
    return true;
}

/* Takes all memory, even on failure in a state that can be freed. */
static enum sg_err take_memory(struct sg_bundle_make *make)
{
    const struct sg_bundle_make_config *config = &make->config;

    make->logs = sg_calloc(config->n_logs + 1, sizeof *make->logs);
    make->boxes = sg_alloc(config->n_destinations * SG_BUNDLE_BOX_SIZE);
    make->header_room =
        sg_alloc(sg_bundle_header_size((unsigned)config->n_destinations));
    make->piece_room = sg_alloc((size_t)1 << config->exponent);
    make->scratch = sg_alloc(SG_MESSAGE_SIZE_MAX);
    if (make->logs == NULL || make->boxes == NULL ||
        make->header_room == NULL || make->piece_room == NULL ||
        make->scratch == NULL)
        return SG_ERR_NOMEM;
    if (config->n_logs > 0)
        memcpy(make->logs, config->logs, config->n_logs * sizeof *make->logs);
    return SG_OK;
}

/* Begins a pass over everything. */
static void rewind_to_start(struct sg_bundle_make *make, bool is_counting)
{
    make->is_counting = is_counting;
    make->at_message = 0;
    make->at_log = 0;
    make->at_entry = make->config.n_logs > 0 ? make->logs[0].from : 0;
    make->pieces = 0;
    make->has_piece = make->has_header = make->is_introduced = false;
    make->is_proved = false;
    sg_bundle_pack_init(&make->pack, make->config.exponent, make->piece_room);
}

static uint32_t pieces_per_part(const struct sg_bundle_make_config *config)
{
    unsigned n = (unsigned)config->n_destinations;
    uint32_t most = sg_bundle_pieces_max(config->exponent, n);
    uint64_t wanted = config->part_size_max;

    if (wanted == 0 || wanted >= SG_BUNDLE_SIZE_MAX)
        return most;
    wanted = wanted > sg_bundle_header_size(n)
                 ? (wanted - sg_bundle_header_size(n)) >> config->exponent
                 : 0;
    return wanted == 0 ? 1 : wanted < most ? (uint32_t)wanted : most;
}

enum sg_err sg_bundle_make_new(const struct sg_bundle_make_config *config,
                               struct sg_bundle_make **ret)
{
    struct sg_bundle_make *make = sg_calloc(1, sizeof *make);
    enum sg_err err = SG_ERR_NOMEM;

    if (make == NULL)
        return err;
    make->config = *config;
    if (make->config.exponent == 0)
        make->config.exponent = SG_BUNDLE_MAKE_EXPONENT_MIN;
    err = is_sound(&make->config) ? take_memory(make) : SG_ERR_INVALID;
    if (err == SG_OK)
        err = sg_bundle_key_seal(config->key, config->transport_keys,
                                 config->n_destinations, make->boxes);
    if (err != SG_OK) {
        sg_bundle_make_free(make);
        return err;
    }
    make->per_part = pieces_per_part(&make->config);
    rewind_to_start(make, true);
    *ret = make;
    return SG_OK;
}

void sg_bundle_make_free(struct sg_bundle_make *make)
{
    if (make == NULL)
        return;
    sg_crypto_wipe(make->config.key, sizeof make->config.key);
    sg_free(make->logs);
    sg_free(make->boxes);
    sg_free(make->header_room);
    sg_free(make->piece_room);
    sg_free(make->scratch);
    sg_free(make);
}

/* --- Headers ------------------------------------------------------------ */

static uint16_t part_of(const struct sg_bundle_make *make, uint64_t piece)
{
    return (uint16_t)(piece / make->per_part + 1);
}

/* Makes the header of PART into the room for it. */
static struct sg_bytes make_header(struct sg_bundle_make *make, uint16_t part)
{
    const struct sg_bundle_make_config *config = &make->config;
    uint64_t before = (uint64_t)(part - 1) * make->per_part;
    uint64_t left = make->pieces_all - before;
    struct sg_writer writer;
    enum sg_err err;

    make->header = (struct sg_bundle_header){
        .kind = config->kind,
        .exponent = (uint8_t)config->exponent,
        .part = part,
        .parts = part_of(make, make->pieces_all - 1),
        .pieces = left < make->per_part ? (uint32_t)left : make->per_part,
        .n_boxes = (uint16_t)config->n_destinations,
    };
    memcpy(make->header.id, config->id, sizeof make->header.id);
    sg_writer_init_array(
        &writer, make->header_room,
        sg_bundle_header_size((unsigned)config->n_destinations));
    err = sg_bundle_header_encode(&make->header, &config->registry, make->boxes,
                                  &writer);
    SG_ASSERT(err == SG_OK); /* its numbers are ours */
    return sg_writer_written(&writer);
}

/* --- Messages ------------------------------------------------------------- */

static void hold(struct sg_bundle_make *make, enum sg_message_type type,
                 size_t size)
{
    make->has_scratch = true;
    make->scratch_type = type;
    make->scratch_size = size;
}

/* The first message says who made this; while pieces are counted its length is
 * all that matters. */
static void hold_manifest(struct sg_bundle_make *make)
{
    struct sg_bundle_manifest manifest = {.seconds = make->config.seconds};

    memcpy(manifest.certificate, make->config.certificate,
           sizeof manifest.certificate);
    memcpy(manifest.request, make->config.request, sizeof manifest.request);
    if (!make->is_counting) {
        (void)make_header(make, 1);
        sg_bundle_manifest_sign(&manifest, &make->config.registry,
                                &make->header.hash, make->config.node_key);
    }
    sg_bundle_manifest_encode(&manifest, make->scratch);
    hold(make, SG_MESSAGE_MANIFEST, SG_BUNDLE_MANIFEST_SIZE);
}

static bool put(struct sg_bundle_make *make, enum sg_message_type type,
                struct sg_bytes body)
{
    if (sg_bundle_pack_put(&make->pack, type, body))
        return true;
    make->has_piece = true;
    return false;
}

/* Names the current log in this piece. */
static bool introduce(struct sg_bundle_make *make)
{
    const struct sg_bundle_make_log *log = &make->logs[make->at_log];
    struct sg_head_message_claim claim = {.size = log->known.size};
    uint8_t body[SG_HEAD_INTRODUCED_SIZE_MAX];
    struct sg_log_id id;
    struct sg_sha256 hasher;
    struct sg_writer writer;
    struct sg_hash leaf;

    if (make->is_introduced)
        return true;
    id = sg_entry_log_id(&make->config.registry, &log->core);
    sg_head_tree_hasher(&make->config.registry, &hasher);
    leaf = sg_head_tree_leaf(&hasher, &id, log->known.size, &log->known.root);
    memcpy(claim.tag, leaf.bytes, sizeof claim.tag);
    sg_writer_init_array(&writer, body, sizeof body);
    sg_head_message_introduce_put(&writer, &log->core, &claim);
    make->is_introduced =
        put(make, SG_MESSAGE_INTRODUCE, sg_writer_written(&writer));
    return make->is_introduced;
}

/* Puts the message that waits. Returns false when the piece is full. */
static bool put_scratch(struct sg_bundle_make *make)
{
    if ((make->scratch_type == SG_MESSAGE_PACKAGE ||
         make->scratch_type == SG_MESSAGE_PROOF) &&
        !introduce(make))
        return false;
    if (!put(make, make->scratch_type,
             sg_bytes(make->scratch, make->scratch_size)))
        return false;
    make->has_scratch = false;
    return true;
}

/* Fills the piece with messages that need no reading. Returns false when it is
 * full. */
static bool put_messages(struct sg_bundle_make *make)
{
    if (make->has_scratch && !put_scratch(make))
        return false;
    if (make->at_message == 0) {
        hold_manifest(make);
        make->at_message++;
        if (!put_scratch(make))
            return false;
    }
    while (make->at_message <= make->config.n_messages) {
        const struct sg_bundle_make_message *message =
            &make->config.messages[make->at_message - 1];

        if (!put(make, message->type, message->body))
            return false;
        make->at_message++;
    }
    return true;
}

/* --- Turns ------------------------------------------------------------------
 */

/* Gives the piece that is full, or its part's header before it. */
static void hand_out(struct sg_bundle_make *make, struct sg_bundle_turn *turn)
{
    uint16_t part = part_of(make, make->pieces);
    uint32_t number = (uint32_t)(make->pieces % make->per_part);

    turn->part = part;
    turn->pieces_done = make->pieces;
    turn->pieces_all = make->pieces_all;
    if (number == 0 && !make->has_header) {
        turn->kind = SG_BUNDLE_TURN_HEADER;
        turn->bytes = make_header(make, part);
        make->has_header = true;
        return;
    }
    turn->kind = SG_BUNDLE_TURN_PIECE;
    sg_bundle_piece_seal(&make->pack, &make->header, make->config.key, number);
    turn->bytes = sg_bytes(make->piece_room, make->pack.size);
    turn->pieces_done = ++make->pieces;
    make->has_header = make->pieces % make->per_part != 0;
    make->has_piece = make->is_introduced = false;
}

static void ask(struct sg_bundle_make *make, struct sg_bundle_turn *turn)
{
    const struct sg_bundle_make_log *log = &make->logs[make->at_log];

    *turn = (struct sg_bundle_turn){
        .kind = SG_BUNDLE_TURN_READ,
        .log = make->at_log,
        .first = make->at_entry,
        .to = sg_package_end_max(make->at_entry, log->known.size),
        .size_max =
            sg_bundle_pack_body_max(make->config.exponent) - OVERHEAD_MAX,
        .prove_to = log->known.size,
        .pieces_done = make->is_counting ? 0 : make->pieces,
        .pieces_all = make->is_counting ? 0 : make->pieces_all,
    };
    if (log->prove_from > 0 && !make->is_proved) {
        turn->is_proof = true;
        turn->first = turn->to = log->prove_from;
    }
    make->is_reading = true;
}

/* Moves on to the next log that has entries to send; false after the last. */
static bool find_log(struct sg_bundle_make *make)
{
    while (make->at_log < make->config.n_logs &&
           make->at_entry >= make->logs[make->at_log].known.size) {
        make->at_log++;
        make->is_introduced = make->is_proved = false;
        if (make->at_log < make->config.n_logs)
            make->at_entry = make->logs[make->at_log].from;
    }
    return make->at_log < make->config.n_logs;
}

/* All is counted: the second pass begins. */
static enum sg_err begin_writing(struct sg_bundle_make *make)
{
    make->pieces_all = make->pieces;
    if ((make->pieces_all - 1) / make->per_part >= UINT16_MAX)
        return SG_ERR_LIMIT;
    rewind_to_start(make, false);
    return SG_OK;
}

/* A full piece is counted, or given out. Returns false when TURN is set. */
static bool finish_piece(struct sg_bundle_make *make,
                         struct sg_bundle_turn *turn)
{
    if (!make->is_counting) {
        hand_out(make, turn);
        return false;
    }
    make->pieces++;
    make->pack.used = 0;
    make->has_piece = make->is_introduced = false;
    return true;
}

enum sg_err sg_bundle_make_next(struct sg_bundle_make *make,
                                struct sg_bundle_turn *ret_turn)
{
    SG_ASSERT(!make->is_reading);
    *ret_turn = (struct sg_bundle_turn){.kind = SG_BUNDLE_TURN_DONE};
    for (;;) {
        if (make->has_piece && !make->is_counting &&
            make->pieces == make->pieces_all)
            return SG_ERR_STATE;
        if (make->has_piece) {
            if (!finish_piece(make, ret_turn))
                return SG_OK;
            continue;
        }
        if (!put_messages(make))
            continue;
        if (find_log(make)) {
            ask(make, ret_turn);
            return SG_OK;
        }
        if (make->pack.used > 0) {
            make->has_piece = true; /* the last one */
            continue;
        }
        if (!make->is_counting)
            break;
        if (begin_writing(make) != SG_OK)
            return SG_ERR_LIMIT;
    }
    return make->pieces == make->pieces_all ? SG_OK : SG_ERR_STATE;
}

/* Answers the READ for a proof. */
static enum sg_err give_proof(struct sg_bundle_make *make, size_t count,
                              const struct sg_hash hashes[], size_t hash_count)
{
    const struct sg_bundle_make_log *log = &make->logs[make->at_log];
    struct sg_log_id id = sg_entry_log_id(&make->config.registry, &log->core);
    struct sg_proof proof = {.ref = sg_package_ref(&id),
                             .from = log->prove_from,
                             .checkpoint = log->known,
                             .hash_count = hash_count};
    struct sg_writer writer;

    if (count > 0 || hash_count > SG_FORK_HASHES_MAX ||
        hash_count != sg_proof_hash_count(proof.from, log->known.size))
        return SG_ERR_INVALID;
    memcpy(proof.hashes, hashes, hash_count * sizeof hashes[0]);
    sg_writer_init_array(&writer, make->scratch,
                         sg_bundle_pack_body_max(make->config.exponent));
    sg_proof_encode(&proof, &writer);
    SG_ASSERT(writer.err == SG_OK);
    hold(make, SG_MESSAGE_PROOF, sg_writer_written(&writer).size);
    make->is_reading = false;
    make->is_proved = true;
    return SG_OK;
}

enum sg_err sg_bundle_make_give(struct sg_bundle_make *make,
                                const struct sg_entry entries[], size_t count,
                                const struct sg_hash hashes[],
                                size_t hash_count)
{
    const struct sg_bundle_make_log *log = &make->logs[make->at_log];
    struct sg_package_head *head = &make->body.head;
    struct sg_log_id id = sg_entry_log_id(&make->config.registry, &log->core);
    struct sg_writer writer;
    enum sg_err err;

    if (make->is_reading && log->prove_from > 0 && !make->is_proved)
        return give_proof(make, count, hashes, hash_count);
    if (!make->is_reading || count < 1 || count > SG_PACKAGE_ENTRIES_MAX ||
        make->at_entry + count > log->known.size ||
        hash_count > SG_MERKLE_HASHES_MAX)
        return SG_ERR_INVALID;
    *head = (struct sg_package_head){
        .ref = sg_package_ref(&id),
        .has_checkpoint = true,
        .is_fresh = true,
        .first = make->at_entry,
        .count = count,
        .size = log->known.size,
    };
    memcpy(head->signature, log->known.signature, sizeof head->signature);
    memcpy(make->body.entries, entries, count * sizeof entries[0]);
    make->body.node_count = hash_count;
    if (hash_count > 0)
        memcpy(make->body.nodes, hashes, hash_count * sizeof hashes[0]);
    sg_writer_init_array(&writer, make->scratch,
                         sg_bundle_pack_body_max(make->config.exponent));
    err = sg_package_encode(&make->body, &writer);
    if (err != SG_OK)
        return err;
    hold(make, SG_MESSAGE_PACKAGE, sg_writer_written(&writer).size);
    make->is_reading = false;
    make->at_entry += count;
    return SG_OK;
}
