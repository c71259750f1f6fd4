/* What a stick says to who takes it, and to who plans an answer. The first byte
 * says what the rest is: a file as it is; messages, sealed as a hostile member
 * would, in a bundle of each kind; a claim for a plan. Whatever comes: the
 * taker ends, asks for nothing outside of the file, and moves no head back. */
#include <string.h>

#include "replication/bundle_plan.h"
#include "replication/bundle_take.h"
#include "storage/base/check.h"
#include "tests/fuzz/fuzz.h"

#define EXPONENT  SG_BUNDLE_EXPONENT_MIN
#define PIECE     ((size_t)1 << EXPONENT)
#define TURNS_MAX 200000u

static const struct sg_registry_id registry = {{{0x11, 0x11}}};

struct stick {
    uint8_t public_key[SG_KEY_SIZE], secret[SG_KEY_SIZE];
    uint8_t file[4 * PIECE + SG_BUNDLE_HEADER_SIZE_MAX];
    size_t size;
};

/* A core that holds two entries of one log of somebody. */
static struct sg_sync *make_core(const struct sg_sign_key *key)
{
    struct sg_sync_config config = {
        .registry = registry, .key = key, .sessions_max = 1, .logs_max = 8};
    struct sg_event event = {.kind = SG_EVENT_HEAD};
    static struct sg_effects effects;
    struct sg_sync *core;

    if (sg_sync_new(&config, &core) != SG_OK)
        return NULL;
    event.head.core.kind = SG_LOG_RECORDS;
    event.head.core.node_key[0] = 9;
    event.head.known.size = event.head.frontier.size = 2;
    SG_ASSERT(sg_sync_step(core, &event, &effects) == SG_OK);
    event = (struct sg_event){.kind = SG_EVENT_START};
    SG_ASSERT(sg_sync_step(core, &event, &effects) == SG_OK);
    return core;
}

static void step(struct sg_sync *core, const struct sg_event *event)
{
    static struct sg_effects effects;
    struct sg_event next = *event;
    uint64_t last = 0;

    do {
        SG_ASSERT(sg_sync_step(core, &next, &effects) == SG_OK);
        for (size_t i = 0; i < effects.count; i++) {
            SG_ASSERT(effects.items[i].kind != SG_EFFECT_SEND);
            if (effects.items[i].kind >= SG_EFFECT_WRITE_PACKAGE &&
                effects.items[i].kind <= SG_EFFECT_WRITE_STATEMENT)
                last = effects.items[i].ticket;
        }
        next = (struct sg_event){.kind = SG_EVENT_TICK};
    } while (effects.more);
    if (last == 0)
        return;
    next = (struct sg_event){.kind = SG_EVENT_STORED, .stored = last};
    SG_ASSERT(sg_sync_step(core, &next, &effects) == SG_OK);
}

static void take(const struct stick *stick)
{
    struct sg_bundle_take_config config = {.registry = registry};
    struct sg_bytes file = sg_bytes(stick->file, stick->size);
    struct sg_bundle_take_turn turn = {.kind = SG_BUNDLE_TAKE_READ};
    struct sg_bundle_take *taker;
    uint8_t seed[SG_KEY_SIZE] = {5}, node[SG_KEY_SIZE];
    struct sg_sign_key key;
    struct sg_sync *core;
    uint32_t turns = 0;

    sg_crypto_sign_keypair(seed, &key, node);
    memcpy(config.public_key, stick->public_key, SG_KEY_SIZE);
    memcpy(config.secret, stick->secret, SG_KEY_SIZE);
    core = make_core(&key);
    if (core == NULL)
        return;
    config.core = core;
    if (sg_bundle_take_new(&config, file, file.size, sg_bytes(NULL, 0),
                           &taker) != SG_OK) {
        sg_sync_free(core);
        return;
    }
    while (turn.kind != SG_BUNDLE_TAKE_DONE) {
        SG_ASSERT(turns++ < TURNS_MAX);
        sg_bundle_take_next(taker, &turn);
        if (turn.kind == SG_BUNDLE_TAKE_EVENT)
            step(core, &turn.event);
        if (turn.kind != SG_BUNDLE_TAKE_READ)
            continue;
        SG_ASSERT(turn.offset + turn.size <= file.size);
        sg_bundle_take_give(taker, SG_OK,
                            sg_bytes(file.data + turn.offset, turn.size));
    }
    sg_bundle_take_free(taker);
    sg_sync_free(core);
}

/* Seals INPUT as what is in the pieces of a bundle of KIND. */
static void seal(struct stick *stick, struct sg_bytes input,
                 enum sg_bundle_kind kind)
{
    uint8_t key[SG_KEY_SIZE] = {6}, box[SG_BUNDLE_BOX_SIZE];
    size_t room = PIECE - 20; /* tag and length */
    struct sg_bundle_header header = {.kind = kind,
                                      .exponent = EXPONENT,
                                      .part = 1,
                                      .parts = 1,
                                      .n_boxes = 1};
    struct sg_writer writer;
    struct sg_bundle_pack pack;

    header.pieces = (uint32_t)((input.size + room - 1) / room);
    if (header.pieces < 1 || header.pieces > 4)
        return;
    SG_ASSERT(sg_bundle_key_seal(
                  key, (const uint8_t(*)[SG_KEY_SIZE])stick->public_key, 1,
                  box) == SG_OK);
    sg_writer_init_array(&writer, stick->file, sizeof stick->file);
    SG_ASSERT(sg_bundle_header_encode(&header, &registry, box, &writer) ==
              SG_OK);
    stick->size = writer.size;
    for (uint32_t i = 0; i < header.pieces; i++) {
        size_t size = input.size < room ? input.size : room;

        sg_bundle_pack_init(&pack, EXPONENT, stick->file + stick->size);
        memcpy(pack.room + 4, input.data, size);
        pack.used = size;
        sg_bundle_piece_seal(&pack, &header, key, i);
        stick->size += PIECE;
        input = sg_bytes(input.data + size, input.size - size);
    }
    take(stick);
}

static void plan(struct sg_bytes input)
{
    static const enum sg_message_type types[] = {
        SG_MESSAGE_HEADS, SG_MESSAGE_STORED, SG_MESSAGE_SUBSCRIBE,
        SG_MESSAGE_PING};
    struct sg_trust_config trust = {.registry = registry,
                                    .limits = sg_trust_limits_province};
    struct sg_bundle_plan_config config = {.registry = registry, .logs_max = 8};
    struct sg_frame_message message;
    struct sg_bundle_plan *made = NULL;
    const struct sg_bundle_make_log *logs;
    struct sg_trust *believed;
    size_t count = 0;

    if (input.size == 0 || sg_trust_new(&trust, &believed) != SG_OK)
        return;
    config.trust = believed;
    if (sg_bundle_plan_new(&config, &made) == SG_OK) {
        for (uint8_t i = 0; i < 8; i++) {
            struct sg_sync_head head = {.core.kind = SG_LOG_RECORDS};

            head.core.node_key[0] = i;
            head.known.size = head.frontier.size = 1 + i;
            SG_ASSERT(sg_bundle_plan_add(made, &head) == SG_OK);
        }
        message.type = types[input.data[0] % 4];
        message.body = sg_bytes(input.data + 1, input.size - 1);
        /* What was taken of a wrong message stays. */
        if (sg_bundle_plan_take(made, &message) == SG_ERR_NOMEM)
            SG_ASSERT(false); /* all memory is taken before */
        logs = sg_bundle_plan_logs(made, &count);
        SG_ASSERT(count <= 8);
        for (size_t i = 0; i < count; i++)
            SG_ASSERT(logs[i].from < logs[i].known.size &&
                      logs[i].prove_from < logs[i].known.size);
    }
    sg_bundle_plan_free(made);
    sg_trust_free(believed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct stick stick;
    struct sg_bytes input;

    if (size == 0)
        return 0;
    input = sg_bytes(data + 1, size - 1);
    memset(stick.secret, 7, sizeof stick.secret);
    sg_crypto_x25519_public(stick.secret, stick.public_key);
    switch (data[0] % 5) {
    case 0:
        plan(input);
        break;
    case 1:
        if (input.size > sizeof stick.file)
            break;
        memcpy(stick.file, input.data, input.size);
        stick.size = input.size;
        take(&stick);
        break;
    default:
        seal(&stick, input, (enum sg_bundle_kind)(data[0] % 5 - 1));
        break;
    }
    return 0;
}
