/* Noise, as cacophony and snow write it: handshakes with fixed ephemeral keys,
 * and the messages after them. Message i is the initiator's when i is even,
 * after the handshake too. Both parties are ours: each message is written and
 * must be the vector's, and the vector's is read and must give the payload.
 *
 * Other patterns, curves, ciphers and hashes than ours are skipped by name.
 */
#include <stdio.h>
#include <string.h>

#include "replication/noise.h"
#include "tests/conformance/case.h"
#include "tests/lib/hex.h"
#include "tests/lib/noise.h"

/* What a vector's name says, and both parties. */
struct vector {
    struct test_case c;
    enum sg_noise_pattern pattern;
    const struct sg_noise_hash *hash;
    struct sg_noise party[2]; /* by role */
};

static const struct sg_noise_hash *const hashes[] = {&sg_noise_sha256,
                                                     &noise_blake2b};

/* Finds the pattern and the hash that NAME says; false when one of the parts is
 * not ours. */
static bool read_name(struct vector *v, const char *name)
{
    char ours[80];

    for (size_t i = 0; i < SG_NOISE_PATTERNS; i++) {
        for (size_t k = 0; k < sizeof hashes / sizeof hashes[0]; k++) {
            v->pattern = (enum sg_noise_pattern)i;
            v->hash = hashes[k];
            (void)snprintf(ours, sizeof ours, "Noise_%s_25519_ChaChaPoly_%s",
                           sg_noise_pattern_name(v->pattern), v->hash->name);
            if (strcmp(ours, name) == 0)
                return true;
        }
    }
    return false;
}

static const char *const sides[] = {"init", "resp"};

static struct sg_bytes side_hex(struct vector *v, enum sg_noise_role role,
                                const char *field)
{
    char name[40];

    (void)snprintf(name, sizeof name, "%s_%s", sides[role], field);
    return case_hex(&v->c, v->c.json, name);
}

static const uint8_t no_key[SG_KEY_SIZE];

/* Gives a key, or zeros and a bad case. */
static const uint8_t *side_key(struct vector *v, enum sg_noise_role role,
                               const char *field)
{
    struct sg_bytes key = side_hex(v, role, field);

    case_expect(&v->c, key.size == SG_KEY_SIZE, "%s_%s: not a key", sides[role],
                field);
    return key.size == SG_KEY_SIZE ? key.data : no_key;
}

/* The list has one key: no pattern of ours has two. */
static const uint8_t *side_psk(struct vector *v, enum sg_noise_role role)
{
    char name[40];
    const json_t *list;
    const char *text;
    struct sg_bytes key;

    (void)snprintf(name, sizeof name, "%s_psks", sides[role]);
    list = json_object_get(v->c.json, name);
    text = json_string_value(json_array_get(list, 0));
    key = case_hex_of(&v->c, text != NULL ? text : "");
    case_expect(&v->c, json_array_size(list) == 1 && key.size == SG_KEY_SIZE,
                "%s: not a list of one key", name);
    return key.size == SG_KEY_SIZE ? key.data : no_key;
}

static void begin_party(struct vector *v, enum sg_noise_role role)
{
    struct sg_noise_uses uses = sg_noise_uses(v->pattern, role);
    struct sg_noise_config config = {
        .pattern = v->pattern, .role = role, .hash = v->hash};
    struct sg_noise_key key;

    config.prologue = side_hex(v, role, "prologue");
    config.ephemeral_secret = side_key(v, role, "ephemeral");
    if (uses.static_key) {
        memcpy(key.secret, side_key(v, role, "static"), sizeof key.secret);
        sg_crypto_x25519_public(key.secret, key.public_key);
        config.static_key = &key;
    }
    if (uses.remote_static)
        config.remote_static = side_key(v, role, "remote_static");
    if (uses.psk)
        config.psk = side_psk(v, role);
    sg_noise_init(&v->party[role], &config);
}

/* Decodes FIELD of MESSAGE; no bytes, and a bad case, if it is no hex. */
static struct sg_bytes message_hex(struct vector *v, const json_t *message,
                                   const char *field, uint8_t *room)
{
    const char *text = json_string_value(json_object_get(message, field));
    size_t size =
        text != NULL ? hex_decode(text, room, SG_NOISE_SIZE_MAX) : HEX_BAD;

    case_expect(&v->c, size != HEX_BAD, "no hex of a message in '%s'", field);
    return sg_bytes(room, size != HEX_BAD ? size : 0);
}

static enum sg_err send(struct sg_noise *from, struct sg_bytes payload,
                        uint8_t *ret, size_t size)
{
    if (sg_noise_state(from) == SG_NOISE_OPEN)
        return sg_noise_seal(from, payload, ret, size);
    return sg_noise_write(from, payload, ret, size);
}

static enum sg_err receive(struct sg_noise *to, struct sg_bytes message,
                           uint8_t *ret, size_t size)
{
    if (sg_noise_state(to) == SG_NOISE_OPEN)
        return sg_noise_open(to, message, ret, size);
    return sg_noise_read(to, message, ret, size);
}

static void run_message(struct vector *v, size_t index, const json_t *message)
{
    static uint8_t rooms[3][SG_NOISE_SIZE_MAX];
    struct sg_noise *from = &v->party[index % 2];
    struct sg_noise *to = &v->party[(index + 1) % 2];
    struct sg_bytes payload = message_hex(v, message, "payload", rooms[0]);
    struct sg_bytes wanted = message_hex(v, message, "ciphertext", rooms[1]);
    size_t overhead = sg_noise_overhead(from);
    enum sg_err err;

    case_expect(&v->c, wanted.size == payload.size + overhead,
                "message %zu: %zu bytes, %zu expected", index, wanted.size,
                payload.size + overhead);
    if (!case_good(&v->c))
        return;
    err = send(from, payload, rooms[2], wanted.size);
    case_expect(&v->c, err == SG_OK, "message %zu is not written: %s", index,
                sg_err_name(err));
    case_expect(&v->c, memcmp(rooms[2], wanted.data, wanted.size) == 0,
                "message %zu: other bytes are written", index);
    err = receive(to, wanted, rooms[2], payload.size);
    case_expect(&v->c, err == SG_OK, "message %zu is refused: %s", index,
                sg_err_name(err));
    case_expect(&v->c, memcmp(rooms[2], payload.data, payload.size) == 0,
                "message %zu: another payload is read", index);
}

static void expect_hash(struct vector *v, struct sg_bytes wanted)
{
    for (size_t role = 0; role < 2 && case_good(&v->c); role++) {
        bool is_open = sg_noise_state(&v->party[role]) == SG_NOISE_OPEN;

        case_expect(&v->c, is_open, "the handshake does not end");
        case_expect(&v->c,
                    is_open &&
                        sg_bytes_equal(sg_noise_handshake_hash(&v->party[role]),
                                       wanted),
                    "another handshake hash");
    }
}

static void run_vector(struct vector *v)
{
    const json_t *messages = json_object_get(v->c.json, "messages");
    struct sg_bytes hash = case_hex(&v->c, v->c.json, "handshake_hash");
    size_t index;
    const json_t *message;

    begin_party(v, SG_NOISE_INITIATOR);
    begin_party(v, SG_NOISE_RESPONDER);
    json_array_foreach(messages, index, message)
    {
        if (case_good(&v->c))
            run_message(v, index, message);
    }
    expect_hash(v, hash);
    sg_noise_clear(&v->party[SG_NOISE_INITIATOR]);
    sg_noise_clear(&v->party[SG_NOISE_RESPONDER]);
}

static void run_json(struct run *run, const char *file, size_t index,
                     const json_t *json)
{
    const char *name =
        json_string_value(json_object_get(json, "protocol_name"));
    struct vector v = {0};

    if (name != NULL && !read_name(&v, name)) {
        run_skip(run, file, 1, "%s: not a protocol of ours", name);
        return;
    }
    case_begin(&v.c, run, file, json, "", index);
    if (name != NULL) {
        (void)snprintf(v.c.id, sizeof v.c.id, "%.47s", name);
        run_vector(&v);
    }
    case_expect(&v.c, name != NULL, "no text in 'protocol_name'");
    case_end(&v.c);
}

static void file_run(struct run *run, const char *file, void *context)
{
    const json_t *vectors, *json;
    json_t *root;
    size_t index;

    (void)context;
    root = case_load(run, file);
    if (root == NULL)
        return;
    vectors = json_object_get(root, "vectors");
    if (json_array_size(vectors) == 0)
        run_fail(run, file, "file", "no list in 'vectors'");
    json_array_foreach(vectors, index, json)
    {
        run_json(run, file, index, json);
    }
    json_decref(root);
}

void noise_run(struct run *run, const char *path)
{
    run_files(run, path, ".json", file_run, /* context= */ NULL);
}
