#include "replication/noise.h"

#include "tests/lib/dies.h"
#include "tests/lib/noise.h"
#include "tests/lib/protocol.h"

#define ROOM_SIZE 1024

/* Both parties of a handshake, and what each brings. */
struct pair {
    struct sg_noise_config config[2]; /* by role */
    struct sg_noise_key key[2];
    uint8_t ephemeral[2][SG_KEY_SIZE];
    uint8_t psk[SG_KEY_SIZE];
    struct sg_noise party[2];
};

static void pair_config(struct pair *pair, enum sg_noise_pattern pattern,
                        const struct sg_noise_hash *hash)
{
    assert_ok(sg_crypto_init());
    memset(pair, 0, sizeof *pair);
    pair->key[SG_NOISE_INITIATOR] = protocol_key(PROTOCOL_STATIC_A);
    pair->key[SG_NOISE_RESPONDER] = protocol_key(PROTOCOL_STATIC_B);
    memset(pair->ephemeral[SG_NOISE_INITIATOR], PROTOCOL_EPHEMERAL_A, 32);
    memset(pair->ephemeral[SG_NOISE_RESPONDER], PROTOCOL_EPHEMERAL_B, 32);
    memset(pair->psk, 0x61, sizeof pair->psk);
    for (enum sg_noise_role role = SG_NOISE_INITIATOR;
         role <= SG_NOISE_RESPONDER; role++) {
        struct sg_noise_uses uses = sg_noise_uses(pattern, role);

        pair->config[role] = (struct sg_noise_config){
            .pattern = pattern,
            .role = role,
            .hash = hash,
            .prologue = SG_BYTES_TEXT("a prologue"),
            .static_key = uses.static_key ? &pair->key[role] : NULL,
            .ephemeral_secret = pair->ephemeral[role],
            .remote_static =
                uses.remote_static ? pair->key[!role].public_key : NULL,
            .psk = uses.psk ? pair->psk : NULL,
        };
    }
}

static void pair_begin(struct pair *pair)
{
    sg_noise_init(&pair->party[0], &pair->config[0]);
    sg_noise_init(&pair->party[1], &pair->config[1]);
}

/* The product's handshake of the examples. */
static void pair_begin_xx(struct pair *pair)
{
    pair_config(pair, SG_NOISE_XX, &sg_noise_sha256);
    pair->config[0].prologue = protocol_hex("prologue");
    pair->config[1].prologue = pair->config[0].prologue;
    pair_begin(pair);
}

struct message {
    uint8_t bytes[ROOM_SIZE];
    size_t size;
};

/* Writes the next handshake message, or seals the next one of transport. */
static enum sg_err say(struct sg_noise *from, struct sg_bytes payload,
                       struct message *ret)
{
    ret->size = payload.size + sg_noise_overhead(from);
    assert_true(ret->size <= sizeof ret->bytes);
    if (sg_noise_state(from) == SG_NOISE_OPEN)
        return sg_noise_seal(from, payload, ret->bytes, ret->size);
    return sg_noise_write(from, payload, ret->bytes, ret->size);
}

static enum sg_err hear(struct sg_noise *to, struct sg_bytes message,
                        struct message *ret)
{
    size_t overhead = sg_noise_overhead(to);

    ret->size = message.size < overhead ? 0 : message.size - overhead;
    if (sg_noise_state(to) == SG_NOISE_OPEN)
        return sg_noise_open(to, message, ret->bytes, ret->size);
    return sg_noise_read(to, message, ret->bytes, ret->size);
}

static struct sg_bytes bytes_of(const struct message *message)
{
    return sg_bytes(message->bytes, message->size);
}

/* The payload of handshake message INDEX of the examples. */
static struct sg_bytes example_payload(size_t index)
{
    if (index == 0)
        return sg_bytes(NULL, 0);
    return protocol_hex(index == 1 ? "payload-2" : "payload-3");
}

/* Runs COUNT messages of the examples' handshake as they should be. */
static void pair_run(struct pair *pair, size_t count)
{
    struct message sent, got;

    for (size_t i = 0; i < count; i++) {
        assert_ok(say(&pair->party[i % 2], example_payload(i), &sent));
        assert_ok(hear(&pair->party[(i + 1) % 2], bytes_of(&sent), &got));
    }
}

static bool is_zero(const void *memory, size_t size)
{
    const uint8_t *bytes = memory;

    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0)
            return false;
    }
    return true;
}

/* Says whether PARTY is closed and keeps nothing. */
static bool is_wiped(const struct sg_noise *party)
{
    return sg_noise_state(party) == SG_NOISE_CLOSED &&
           is_zero(party, sizeof *party);
}

static void expect_agreement(struct pair *pair)
{
    struct message sent, got;

    for (size_t i = 0; i < 4; i++) {
        struct sg_noise *from = &pair->party[i / 2];
        struct sg_bytes plain = SG_BYTES_TEXT("after the handshake");

        assert_ok(say(from, plain, &sent));
        assert_ok(hear(&pair->party[!(i / 2)], bytes_of(&sent), &got));
        assert_true(sg_bytes_equal(bytes_of(&got), plain));
    }
    assert_true(sg_bytes_equal(sg_noise_handshake_hash(&pair->party[0]),
                               sg_noise_handshake_hash(&pair->party[1])));
}

/* Every pattern with both hashes ends open on both sides, each knows the static
 * key that the other has, and they understand each other both ways. */
static void test_every_pattern(void **state)
{
    static const struct sg_noise_hash *hashes[] = {&sg_noise_sha256,
                                                   &noise_blake2b};

    (void)state;
    for (size_t k = 0; k < 2 * SG_NOISE_PATTERNS; k++) {
        enum sg_noise_pattern pattern = (enum sg_noise_pattern)(k / 2);
        struct pair pair;
        size_t messages = 0;

        pair_config(&pair, pattern, hashes[k % 2]);
        pair_begin(&pair);
        while (sg_noise_state(&pair.party[0]) != SG_NOISE_OPEN ||
               sg_noise_state(&pair.party[1]) != SG_NOISE_OPEN) {
            struct sg_bytes payload = SG_BYTES_TEXT("hello");
            struct message sent, got;

            assert_ok(say(&pair.party[messages % 2], payload, &sent));
            assert_ok(
                hear(&pair.party[(messages + 1) % 2], bytes_of(&sent), &got));
            assert_true(sg_bytes_equal(bytes_of(&got), payload));
            messages++;
        }
        assert_int_equal(messages,
                         sg_noise_pattern_name(pattern)[0] == 'X' ? 3 : 2);
        expect_agreement(&pair);
        for (enum sg_noise_role role = SG_NOISE_INITIATOR;
             role <= SG_NOISE_RESPONDER; role++) {
            if (sg_noise_uses(pattern, role).static_key)
                assert_memory_equal(sg_noise_remote_static(&pair.party[!role]),
                                    pair.key[role].public_key, SG_KEY_SIZE);
        }
    }
}

/* The handshake of PROTOCOL.md section 2 is written and read byte by byte. */
static void test_example_handshake(void **state)
{
    static const char *const names[] = {"noise-1", "noise-2", "noise-3"};
    struct pair pair;
    struct message made, got;

    (void)state;
    pair_begin_xx(&pair);
    for (size_t i = 0; i < 3; i++) {
        struct sg_bytes page = protocol_noise(names[i]);

        assert_ok(say(&pair.party[i % 2], example_payload(i), &made));
        assert_hex(bytes_of(&made), sg_hex_text(page));
        assert_ok(hear(&pair.party[(i + 1) % 2], page, &got));
        assert_hex(bytes_of(&got), sg_hex_text(example_payload(i)));
    }
    assert_hex(sg_noise_handshake_hash(&pair.party[0]),
               sg_hex_text(protocol_hex("handshake-hash")));
    assert_hex(sg_noise_handshake_hash(&pair.party[1]),
               sg_hex_text(protocol_hex("handshake-hash")));
}

/* The first frames of PROTOCOL.md's session are sealed and opened: `ready` and
 * `same` by the responder, `close` by the initiator. */
static void test_example_transport(void **state)
{
    struct pair pair;
    struct message made, got;

    (void)state;
    pair_begin_xx(&pair);
    pair_run(&pair, 3);
    assert_ok(say(&pair.party[1], sg_hex("0300 1000"), &made));
    assert_hex(bytes_of(&made),
               sg_hex_text(protocol_noise("frame-ready-same")));
    assert_ok(hear(&pair.party[0], protocol_noise("frame-ready-same"), &got));
    assert_hex(bytes_of(&got), "0300 1000");
    assert_ok(say(&pair.party[0], sg_hex("0801 00"), &made));
    assert_hex(bytes_of(&made), sg_hex_text(protocol_noise("frame-close")));
    assert_ok(hear(&pair.party[1], protocol_noise("frame-close"), &got));
    assert_hex(bytes_of(&got), "0801 00");
}

/* Runs the handshake with message INDEX replaced by what CHANGE makes of it,
 * and says whether it was refused: whoever noticed is wiped, and the other
 * never opens. */
static bool refuses(size_t index, void (*change)(struct message *, size_t),
                    size_t how)
{
    struct pair pair;
    struct message sent = {0}, got;

    pair_begin_xx(&pair);
    for (size_t i = 0; i < 3; i++) {
        struct sg_noise *to = &pair.party[(i + 1) % 2];

        assert_ok(say(&pair.party[i % 2], example_payload(i), &sent));
        if (i == index)
            change(&sent, how);
        if (hear(to, bytes_of(&sent), &got) != SG_OK)
            return is_wiped(to) &&
                   (i == 2 ||
                    sg_noise_state(&pair.party[i % 2]) == SG_NOISE_READS);
    }
    return false;
}

static void flip_bit(struct message *message, size_t bit)
{
    message->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
}

static const size_t message_sizes[3] = {32, 228, 212};

/* Every bit of every byte of the three handshake messages counts: one flipped,
 * and the handshake fails. */
static void test_flipped_bits(void **state)
{
    size_t refused = 0, all = 0;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        for (size_t bit = 0; bit < 8 * message_sizes[i]; bit++) {
            all++;
            refused += refuses(i, flip_bit, bit);
        }
    }
    assert_int_equal(all, 8 * (32 + 228 + 212));
    assert_int_equal(refused, all);
}

static void cut(struct message *message, size_t size)
{
    message->size = size;
}

/* A handshake message that ends early, anywhere, is refused; so is one with
 * bytes behind it. */
static void test_cut_messages(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        for (size_t size = 0; size < message_sizes[i]; size++)
            assert_true(refuses(i, cut, size));
        assert_true(refuses(i, cut, message_sizes[i] + 1));
    }
}

/* A message shorter than its overhead is called so. */
static void test_shorter_than_overhead(void **state)
{
    static const size_t overheads[] = {32, 96, 64, 16};
    struct message sent, got;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct pair pair;
        struct sg_noise *to = &pair.party[(i + 1) % 2];

        pair_begin_xx(&pair);
        pair_run(&pair, i);
        assert_int_equal(sg_noise_overhead(to), overheads[i]);
        assert_ok(say(&pair.party[i % 2], example_payload(i % 3), &sent));
        sent.size = overheads[i] - 1;
        assert_err(hear(to, bytes_of(&sent), &got), TRUNCATED);
        assert_true(is_wiped(to));
    }
}

/* Parties with different prologues, thus of two registries or versions, part
 * at message 2. */
static void test_other_prologue(void **state)
{
    struct pair pair;
    struct message sent, got;

    (void)state;
    pair_begin_xx(&pair);
    pair.config[1].prologue = SG_BYTES_TEXT("another");
    sg_noise_init(&pair.party[1], &pair.config[1]);
    pair_run(&pair, 1);
    assert_ok(say(&pair.party[1], example_payload(1), &sent));
    assert_err(hear(&pair.party[0], bytes_of(&sent), &got), HANDSHAKE);
    assert_true(is_wiped(&pair.party[0]));
}

/* What was heard in one session is refused in the next, where the listener has
 * a new ephemeral key. */
static void test_replayed_handshake(void **state)
{
    struct pair old, new;
    struct message one, two, three, sent, got;

    (void)state;
    pair_begin_xx(&old);
    assert_ok(say(&old.party[0], example_payload(0), &one));
    assert_ok(hear(&old.party[1], bytes_of(&one), &got));
    assert_ok(say(&old.party[1], example_payload(1), &two));
    assert_ok(hear(&old.party[0], bytes_of(&two), &got));
    assert_ok(say(&old.party[0], example_payload(2), &three));

    pair_begin_xx(&new);
    memset(new.ephemeral[0], 0x53, SG_KEY_SIZE);
    memset(new.ephemeral[1], 0x54, SG_KEY_SIZE);
    pair_begin(&new);
    assert_ok(say(&new.party[0], example_payload(0), &sent));
    assert_err(hear(&new.party[0], bytes_of(&two), &got), HANDSHAKE);
    assert_ok(hear(&new.party[1], bytes_of(&one), &got));
    assert_ok(say(&new.party[1], example_payload(1), &sent));
    assert_err(hear(&new.party[1], bytes_of(&three), &got), HANDSHAKE);
}

/* Messages sent back to who wrote them are refused. */
static void test_reflected(void **state)
{
    for (size_t i = 0; i < 4; i++) {
        struct pair pair;
        struct sg_noise *from = &pair.party[i % 2];
        struct message sent, got;

        pair_begin_xx(&pair);
        pair_run(&pair, i);
        assert_ok(say(from, example_payload(i % 3), &sent));
        if (i == 2)
            assert_int_equal(sg_noise_state(from), SG_NOISE_OPEN);
        assert_int_not_equal(hear(from, bytes_of(&sent), &got), SG_OK);
        assert_true(is_wiped(from));
    }
    (void)state;
}

/* A transport message opens once, in its turn, whole, and by the other side. */
static void test_transport_strict(void **state)
{
    struct sg_bytes plain = SG_BYTES_TEXT("one");
    struct message one, two, got;
    struct pair pair;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct sg_noise *to = &pair.party[1];

        pair_begin_xx(&pair);
        pair_run(&pair, 3);
        assert_ok(say(&pair.party[0], plain, &one));
        assert_ok(say(&pair.party[0], plain, &two));
        memset(got.bytes, 0xff, plain.size);
        if (i == 0) {
            assert_ok(hear(to, bytes_of(&one), &got));
            assert_err(hear(to, bytes_of(&one), &got), DECRYPT);
        } else if (i == 1) {
            assert_err(hear(to, bytes_of(&two), &got), DECRYPT);
        } else {
            one.bytes[one.size - 1] ^= 1;
            assert_err(hear(to, bytes_of(&one), &got), DECRYPT);
        }
        assert_true(is_zero(got.bytes, plain.size));
        assert_true(is_wiped(to));
    }
}

/* The points of order 1, 2, 4 and 8, and their other encodings (RFC 7748, 7;
 * these give zero with any secret). */
static const char *const low_order[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

/* A peer whose ephemeral key is of low order could dictate the secret: refused
 * before anything is sealed with it, by the one who writes and the one who
 * reads. */
static void test_low_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof low_order / sizeof low_order[0]; i++) {
        struct sg_bytes point = sg_hex(low_order[i]);
        struct message sent, got;
        struct pair pair;

        pair_begin_xx(&pair);
        assert_ok(hear(&pair.party[1], point, &got));
        assert_err(say(&pair.party[1], example_payload(1), &sent), CRYPTO);
        assert_true(is_wiped(&pair.party[1]));
        assert_true(is_zero(sent.bytes, sent.size));

        pair_begin_xx(&pair);
        pair_run(&pair, 1);
        assert_ok(say(&pair.party[1], example_payload(1), &sent));
        memcpy(sent.bytes, point.data, point.size);
        assert_err(hear(&pair.party[0], bytes_of(&sent), &got), CRYPTO);
        assert_true(is_wiped(&pair.party[0]));
    }
}

/* The last nonce, 2^64 - 1, is never used: not to seal, not to open. */
static void test_last_nonce(void **state)
{
    struct sg_bytes plain = SG_BYTES_TEXT("the last");
    struct message sent, got;
    struct pair pair;

    (void)state;
    pair_begin_xx(&pair);
    pair_run(&pair, 3);
    pair.party[0].transport[SG_NOISE_INITIATOR].nonce = UINT64_MAX - 1;
    pair.party[1].transport[SG_NOISE_INITIATOR].nonce = UINT64_MAX - 1;
    assert_ok(say(&pair.party[0], plain, &sent));
    assert_ok(hear(&pair.party[1], bytes_of(&sent), &got));
    assert_true(sg_bytes_equal(bytes_of(&got), plain));
    assert_err(say(&pair.party[0], plain, &sent), LIMIT);
    assert_true(is_wiped(&pair.party[0]));
    assert_err(hear(&pair.party[1], bytes_of(&sent), &got), LIMIT);
    assert_true(is_wiped(&pair.party[1]));
}

/* No message is longer than 65,535 bytes; asking for one changes nothing, and
 * being sent one ends the session. */
static void test_size_limit(void **state)
{
    static uint8_t plain[SG_NOISE_SIZE_MAX + 1], message[SG_NOISE_SIZE_MAX + 1];
    size_t room = SG_NOISE_SIZE_MAX - SG_SEAL_TAG_SIZE;
    struct pair pair;

    (void)state;
    pair_begin_xx(&pair);
    assert_err(sg_noise_write(&pair.party[0],
                              sg_bytes(plain, SG_NOISE_SIZE_MAX - 31), message,
                              sizeof message),
               LIMIT);
    assert_err(sg_noise_read(&pair.party[1], SG_BYTES_ARRAY(message), plain,
                             sizeof plain - 32),
               LIMIT);
    assert_true(is_wiped(&pair.party[1]));
    sg_noise_init(&pair.party[1], &pair.config[1]);
    pair_run(&pair, 3);
    assert_err(sg_noise_seal(&pair.party[0], sg_bytes(plain, room + 1), message,
                             sizeof message),
               LIMIT);
    assert_ok(sg_noise_seal(&pair.party[0], sg_bytes(plain, room), message,
                            SG_NOISE_SIZE_MAX));
    assert_ok(sg_noise_open(&pair.party[1],
                            sg_bytes(message, SG_NOISE_SIZE_MAX), plain, room));
    assert_true(is_zero(plain, room));
    assert_err(
        sg_noise_open(&pair.party[1], SG_BYTES_ARRAY(message), plain, room + 1),
        LIMIT);
    assert_true(is_wiped(&pair.party[1]));
}

/* A message is sealed and opened in place. */
static void test_in_place(void **state)
{
    uint8_t bytes[32 + SG_SEAL_TAG_SIZE] = "the same room";
    struct pair pair;

    (void)state;
    pair_begin_xx(&pair);
    pair_run(&pair, 3);
    assert_ok(sg_noise_seal(&pair.party[0], sg_bytes(bytes, 32), bytes,
                            sizeof bytes));
    assert_memory_not_equal(bytes, "the same room", 13);
    assert_ok(sg_noise_open(&pair.party[1], SG_BYTES_ARRAY(bytes), bytes, 32));
    assert_memory_equal(bytes, "the same room", 13);
}

static bool contains(const struct sg_noise *party, const uint8_t key[32])
{
    const uint8_t *bytes = (const uint8_t *)party;

    for (size_t i = 0; i + SG_KEY_SIZE <= sizeof *party; i++) {
        if (memcmp(bytes + i, key, SG_KEY_SIZE) == 0)
            return true;
    }
    return false;
}

/* When the handshake is done its secrets are gone, and when the session is done
 * everything is; clearing again, or what was never begun, is harmless. */
static void test_forgets(void **state)
{
    struct pair pair;

    (void)state;
    pair_config(&pair, SG_NOISE_XXPSK3, &sg_noise_sha256);
    pair_begin(&pair);
    for (size_t role = 0; role < 2; role++) {
        assert_true(contains(&pair.party[role], pair.key[role].secret));
        assert_true(contains(&pair.party[role], pair.ephemeral[role]));
        assert_true(contains(&pair.party[role], pair.psk));
    }
    pair_run(&pair, 3);
    for (size_t role = 0; role < 2; role++) {
        struct sg_noise *party = &pair.party[role];

        assert_false(contains(party, pair.key[role].secret));
        assert_false(contains(party, pair.ephemeral[role]));
        assert_false(contains(party, pair.psk));
        assert_true(is_zero(party->ck, sizeof party->ck));
        sg_noise_clear(party);
        assert_true(is_wiped(party));
        sg_noise_clear(party);
        assert_true(is_wiped(party));
    }
}

/* Another shared key, or a peer who is not the one expected, is refused. */
static void test_other_keys(void **state)
{
    uint8_t other[SG_KEY_SIZE] = {1};
    struct sg_noise_key stranger = protocol_key(0x77);
    struct message sent, got;
    struct pair pair;

    (void)state;
    pair_config(&pair, SG_NOISE_NNPSK0, &sg_noise_sha256);
    pair.config[0].psk = other;
    pair_begin(&pair);
    assert_ok(say(&pair.party[0], SG_BYTES_TEXT("psk"), &sent));
    assert_err(hear(&pair.party[1], bytes_of(&sent), &got), HANDSHAKE);
    assert_true(is_wiped(&pair.party[1]));

    pair_config(&pair, SG_NOISE_KK, &sg_noise_sha256);
    pair.config[0].static_key = &stranger;
    pair_begin(&pair);
    assert_ok(say(&pair.party[0], SG_BYTES_TEXT("static"), &sent));
    assert_err(hear(&pair.party[1], bytes_of(&sent), &got), HANDSHAKE);
    assert_true(is_wiped(&pair.party[1]));
}

/* Each does what it may not: 0 write, 1 read, 2 seal, 3 open, 4 the hash, 5 the
 * remote key, 6 the overhead of nothing, 7 a key that XX does not use. */
static void misuse(void *context)
{
    size_t what = *(const size_t *)context;
    struct sg_bytes none = {NULL, 0};
    struct message message;
    enum sg_err err = SG_OK;
    struct pair pair;

    pair_begin_xx(&pair);
    if (what == 0)
        err = sg_noise_write(&pair.party[1], none, message.bytes, 32);
    else if (what == 1)
        err = sg_noise_read(&pair.party[0], none, message.bytes, 0);
    else if (what == 2)
        err = sg_noise_seal(&pair.party[0], none, message.bytes, 16);
    else if (what == 3)
        err = sg_noise_open(&pair.party[1], none, message.bytes, 0);
    else if (what == 4)
        (void)sg_noise_handshake_hash(&pair.party[0]);
    else if (what == 5)
        (void)sg_noise_remote_static(&pair.party[0]);
    assert_ok(err);
    pair.config[0].psk = pair.psk;
    if (what == 7)
        sg_noise_init(&pair.party[0], &pair.config[0]);
    sg_noise_clear(&pair.party[0]);
    if (what == 6)
        (void)sg_noise_overhead(&pair.party[0]);
}

/* Out of its turn nothing is done: the program stops. */
static void test_turns(void **state)
{
    (void)state;
    for (size_t what = 0; what < 8; what++)
        assert_true(sg_dies(misuse, &what));
    size_t nothing = 8;
    assert_false(sg_dies(misuse, &nothing));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_pattern),
        cmocka_unit_test(test_example_handshake),
        cmocka_unit_test(test_example_transport),
        cmocka_unit_test(test_flipped_bits),
        cmocka_unit_test(test_cut_messages),
        cmocka_unit_test(test_shorter_than_overhead),
        cmocka_unit_test(test_other_prologue),
        cmocka_unit_test(test_replayed_handshake),
        cmocka_unit_test(test_reflected),
        cmocka_unit_test(test_transport_strict),
        cmocka_unit_test(test_low_order),
        cmocka_unit_test(test_last_nonce),
        cmocka_unit_test(test_size_limit),
        cmocka_unit_test(test_in_place),
        cmocka_unit_test(test_forgets),
        cmocka_unit_test(test_other_keys),
        cmocka_unit_test(test_turns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
