#include "storage/log/checkpoint.h"

#include <stdlib.h>
#include <string.h>

#include "tests/lib/dies.h"
#include "tests/lib/format.h"
#include "tests/lib/test.h"
#include "tests/lib/torture.h"

static void assert_bytes_equal(struct sg_bytes a, struct sg_bytes b)
{
    assert_string_equal(sg_hex_text(a), sg_hex_text(b));
}

static struct sg_checkpoint format_checkpoint(const struct format_log *made)
{
    struct sg_hash root = sg_merkle_root(&made->frontier);
    struct sg_checkpoint checkpoint;

    sg_checkpoint_sign(&made->registry, &made->log, &made->key, 3, &root,
                       &checkpoint);
    return checkpoint;
}

/* The proof of FORMAT.md section 7: entry 2 of 3. */
static struct sg_tlog_proof format_proof(const struct format_log *made)
{
    struct sg_tlog_proof proof = {
        .index = 2,
        .path_count = 1,
        .path = {made->frontier.hashes[0]},
        .note = {made->registry, made->log, 0, format_checkpoint(made)},
    };

    sg_entry_header_encode(&made->entries[2], proof.header);
    return proof;
}

/* The checkpoint of FORMAT.md section 7 is signed, always the same, and read;
 * the root is not in it. */
static void test_at_rest(void **state)
{
    struct format_log made = format_log();
    struct sg_checkpoint signed_now = format_checkpoint(&made), read;
    uint8_t bytes[SG_CHECKPOINT_SIZE];
    static const struct sg_hash zero;

    (void)state;
    sg_checkpoint_encode(&signed_now, bytes);
    assert_bytes_equal(SG_BYTES_ARRAY(bytes), format_hex("checkpoint"));
    assert_ok(sg_checkpoint_verify(&made.registry, &made.log,
                                   made.core.node_key, &signed_now));
    assert_ok(sg_checkpoint_decode(format_hex("checkpoint").data, &read));
    assert_memory_equal(&read.root, &zero, sizeof zero);
    assert_int_equal(read.size, 3);
    read.root = sg_merkle_root(&made.frontier);
    assert_ok(sg_checkpoint_verify(&made.registry, &made.log,
                                   made.core.node_key, &read));
    memset(bytes, 0, 8);
    assert_err(sg_checkpoint_decode(bytes, &read), MALFORMED);
}

/* A signature is for one registry, log, size and root, and by one key. */
static void test_verify_binds(void **state)
{
    struct format_log made = format_log(), other = made;
    struct sg_checkpoint good = format_checkpoint(&made), bad = good;

    (void)state;
    other.registry.hash.bytes[0] ^= 1;
    other.log.hash.bytes[0] ^= 1;
    other.core.node_key[0] ^= 1;
    assert_err(sg_checkpoint_verify(&other.registry, &made.log,
                                    made.core.node_key, &good),
               SIGNATURE);
    assert_err(sg_checkpoint_verify(&made.registry, &other.log,
                                    made.core.node_key, &good),
               SIGNATURE);
    assert_err(sg_checkpoint_verify(&made.registry, &made.log,
                                    other.core.node_key, &good),
               SIGNATURE);
    bad.size = 4;
    assert_err(sg_checkpoint_verify(&made.registry, &made.log,
                                    made.core.node_key, &bad),
               SIGNATURE);
    bad = good;
    bad.root.bytes[31] ^= 1;
    assert_err(sg_checkpoint_verify(&made.registry, &made.log,
                                    made.core.node_key, &bad),
               SIGNATURE);
    bad = good;
    bad.signature[63] ^= 1;
    assert_err(sg_checkpoint_verify(&made.registry, &made.log,
                                    made.core.node_key, &bad),
               SIGNATURE);
}

/* The note of FORMAT.md section 7 is printed, read and verified. */
static void test_note_example(void **state)
{
    struct format_log made = format_log();
    struct sg_checkpoint checkpoint = format_checkpoint(&made);
    struct sg_bytes page = format_text("checkpoint-note");
    uint8_t text[SG_CHECKPOINT_TEXT_MAX];
    struct sg_checkpoint_note note;
    struct sg_buf buf;

    (void)state;
    sg_buf_init(&buf, SG_CHECKPOINT_NOTE_MAX);
    assert_ok(sg_checkpoint_print(&made.registry, &made.log, made.core.node_key,
                                  &checkpoint, &buf));
    assert_bytes_equal(sg_buf_bytes(&buf), page);
    assert_ok(sg_checkpoint_parse(page, &note));
    assert_memory_equal(&note.registry, &made.registry, sizeof made.registry);
    assert_memory_equal(&note.log, &made.log, sizeof made.log);
    assert_memory_equal(&note.checkpoint, &checkpoint, sizeof checkpoint);
    assert_ok(sg_checkpoint_note_verify(&note, made.core.node_key));
    assert_int_equal(sg_checkpoint_text(&made.registry, &made.log, 3,
                                        &checkpoint.root, text),
                     page.size - 1 - 4 - 138 - 1 - 92 - 1);
    assert_memory_equal(text, page.data, 100);
    sg_buf_clear(&buf);
}

/* Our note is a signed note: the general reader verifies it under the key whose
 * name is the origin. */
static void test_note_is_general(void **state)
{
    struct format_log made = format_log();
    struct sg_bytes page = format_text("checkpoint-note");
    struct sg_bytes origin = {page.data, SG_CHECKPOINT_ORIGIN_SIZE};
    struct sg_note_key key;
    struct sg_note note;

    (void)state;
    assert_ok(
        sg_note_key_init(&key, origin, SG_NOTE_ED25519, made.core.node_key));
    assert_ok(sg_note_parse(page, &note));
    assert_ok(sg_note_verify(&note, &key, 1));
    assert_int_equal(note.signatures[0].key_id, 0xebd99c04);
}

/* Says whether BYTES are refused as a note of the log of FORMAT.md. */
static bool note_is_refused(struct sg_bytes bytes, const uint8_t *node_key)
{
    struct sg_checkpoint_note note;

    return sg_checkpoint_parse(bytes, &note) != SG_OK ||
           sg_checkpoint_note_verify(&note, node_key) == SG_ERR_SIGNATURE;
}

static bool proof_is_refused(struct sg_bytes bytes, const uint8_t *node_key)
{
    struct sg_tlog_proof proof;
    enum sg_err err;

    if (sg_checkpoint_proof_parse(bytes, &proof) != SG_OK)
        return true;
    err = sg_checkpoint_proof_verify(&proof, node_key);
    return err == SG_ERR_SIGNATURE || err == SG_ERR_PROOF;
}

typedef bool refuses_fn(struct sg_bytes bytes, const uint8_t *node_key);

/* Changes every byte of PAGE to every other, leaves every byte out, doubles
 * every byte and puts a newline, a carriage return, a blank and a zero before
 * every byte; cuts the page everywhere. Each must be refused. */
static void assert_every_change_refused(struct sg_bytes page,
                                        refuses_fn *refuses)
{
    static const char inserted[] = {'\n', '\r', ' ', '\0'};
    struct format_log made = format_log();
    const uint8_t *key = made.core.node_key;
    uint8_t bytes[4096];

    assert_true(page.size < sizeof bytes);
    memcpy(bytes, page.data, page.size);
    assert_false(refuses(sg_bytes(bytes, page.size), key));
    for (size_t i = 0; i < page.size; i++) {
        for (unsigned change = 1; change < 256; change++) {
            bytes[i] ^= (uint8_t)change;
            assert_true(refuses(sg_bytes(bytes, page.size), key));
            bytes[i] ^= (uint8_t)change;
        }
        assert_true(refuses(sg_bytes(bytes, i), key));
        memmove(bytes + i, page.data + i + 1, page.size - i - 1);
        assert_true(refuses(sg_bytes(bytes, page.size - 1), key));
        memcpy(bytes + i + 1, page.data + i, page.size - i);
        for (size_t k = 0; k < sizeof inserted; k++) {
            bytes[i] = (uint8_t)inserted[k];
            assert_true(refuses(sg_bytes(bytes, page.size + 1), key));
        }
        bytes[i] = page.data[i];
        assert_true(refuses(sg_bytes(bytes, page.size + 1), key));
        memcpy(bytes, page.data, page.size);
    }
}

/* Of a note no byte can be changed, left out or put in. */
static void test_note_every_byte(void **state)
{
    (void)state;
    assert_every_change_refused(format_text("checkpoint-note"),
                                note_is_refused);
}

/* Of a proof no byte can be changed, left out or put in. */
static void test_proof_every_byte(void **state)
{
    (void)state;
    assert_every_change_refused(format_text("inclusion-proof"),
                                proof_is_refused);
}

/* Replaces the one FROM in PAGE by TO; it lives until the process ends. */
static struct sg_bytes replace(struct sg_bytes page, const char *from,
                               const char *to)
{
    const uint8_t *at = memmem(page.data, page.size, from, strlen(from));
    struct sg_bytes head, tail;
    struct sg_buf buf;

    assert_non_null(at);
    head = sg_bytes(page.data, (size_t)(at - page.data));
    tail = sg_bytes(at + strlen(from), page.size - head.size - strlen(from));
    sg_buf_init(&buf, 8192);
    assert_ok(sg_buf_append(&buf, head));
    assert_ok(sg_buf_append(&buf, sg_bytes(to, strlen(to))));
    assert_ok(sg_buf_append(&buf, tail));
    page = sg_hex(sg_hex_text(sg_buf_bytes(&buf)));
    sg_buf_clear(&buf);
    return page;
}

static const struct replacement {
    const char *from, *to;
    enum sg_err err;
} note_replacements[] = {
    {"\n3\n", "\n03\n", SG_ERR_NOTCANONICAL},
    {"\n3\n", "\n+3\n", SG_ERR_MALFORMED},
    {"\n3\n", "\n0\n", SG_ERR_MALFORMED},
    {"\n3\n", "\n\n", SG_ERR_MALFORMED},
    {"\n3\n", "\n3 \n", SG_ERR_MALFORMED},
    {"\n3\n", "\n3\r\n", SG_ERR_MALFORMED},
    {"\n3\n", "\n18446744073709551616\n", SG_ERR_MALFORMED},
    {"Rjo=\n\n", "Rjo=\nextension\n\n", SG_ERR_TRAILING},
    {"Rjo=\n\n", "Rjo=\n\n\n", SG_ERR_TRAILING},
    {"Rjo=\n\n", "Rjp=\n\n", SG_ERR_NOTCANONICAL},
    {"Rjo=\n\n", "Rjo\n\n", SG_ERR_MALFORMED},
    {"Rjo=\n\n", "\n\n", SG_ERR_MALFORMED}, /* 30 bytes */
    {"sogoc/v1/1", "sogoc/v2/1", SG_ERR_MALFORMED},
    {"sogoc/v1/1111", "sogoc/v1/111", SG_ERR_MALFORMED},
    {"/f0c91b", "-f0c91b", SG_ERR_MALFORMED},
    {"/f0c91b", "/F0c91b", SG_ERR_NOTCANONICAL},
    {"/f0c91b", "/g0c91b", SG_ERR_MALFORMED},
    {"\xe2\x80\x94 sogoc", "\xe2\x80\x94 Sogoc", SG_ERR_MALFORMED},
    {"\xe2\x80\x94 sogoc", "\xe2\x80\x94 other AAAAAAA=\n\xe2\x80\x94 sogoc",
     SG_ERR_MALFORMED},
    {"NgY=\n", "NgZ=\n", SG_ERR_NOTCANONICAL},
    {"NgY=\n", "NgYA\n", SG_ERR_MALFORMED},
    {"NgY=\n", "NgY=\n\n", SG_ERR_MALFORMED},
    {"NgY=\n", "NgY=\nmore\n", SG_ERR_MALFORMED},
};

/* What is wrong with a note is said by name. */
static void test_note_errors(void **state)
{
    size_t count = sizeof note_replacements / sizeof note_replacements[0];

    (void)state;
    for (size_t i = 0; i < count; i++) {
        const struct replacement *r = &note_replacements[i];
        struct sg_checkpoint_note note;
        enum sg_err err = sg_checkpoint_parse(
            replace(format_text("checkpoint-note"), r->from, r->to), &note);

        if (err != r->err)
            fail_msg("case %zu: %s", i, sg_err_name(err));
    }
}

/* Lines of others may follow the writer's in a note and are ignored; in a proof
 * nothing may follow. */
static void test_lines_of_others(void **state)
{
    struct format_log made = format_log();
    const char *more = "NgY=\n\xe2\x80\x94 witness AAAAAAA=\n";
    struct sg_bytes note_text =
        replace(format_text("checkpoint-note"), "NgY=\n", more);
    struct sg_bytes proof_text =
        replace(format_text("inclusion-proof"), "NgY=\n", more);
    struct sg_checkpoint_note note;
    struct sg_tlog_proof proof;

    (void)state;
    assert_ok(sg_checkpoint_parse(note_text, &note));
    assert_ok(sg_checkpoint_note_verify(&note, made.core.node_key));
    assert_err(sg_checkpoint_proof_parse(proof_text, &proof), TRAILING);
}

/* The proof of FORMAT.md section 7 is printed, read and verified, and holds the
 * header of entry 2. */
static void test_proof_example(void **state)
{
    struct format_log made = format_log();
    struct sg_tlog_proof proof = format_proof(&made), read;
    struct sg_bytes page = format_text("inclusion-proof");
    struct sg_buf buf;

    (void)state;
    sg_buf_init(&buf, SG_TLOG_PROOF_SIZE_MAX);
    assert_ok(sg_checkpoint_proof_print(&proof, made.core.node_key, &buf));
    assert_bytes_equal(sg_buf_bytes(&buf), page);
    assert_ok(sg_checkpoint_proof_parse(page, &read));
    assert_bytes_equal(SG_BYTES_ARRAY(read.header), format_hex("entry-header"));
    assert_int_equal(read.index, 2);
    assert_int_equal(read.path_count, 1);
    assert_memory_equal(read.path, proof.path, sizeof proof.path[0]);
    assert_memory_equal(&read.note.log, &made.log, sizeof made.log);
    assert_ok(sg_checkpoint_proof_verify(&read, made.core.node_key));
    sg_buf_clear(&buf);
}

static const struct replacement proof_replacements[] = {
    {"c2sp.org/tlog-proof@v1\n", "c2sp.org/tlog-proof@v2\n", SG_ERR_MALFORMED},
    {"c2sp.org/tlog-proof@v1\n", "c2sp.org/tlog-proof@v1 \n", SG_ERR_MALFORMED},
    {"c2sp.org/tlog-proof@v1\n", "c2sp.org/tlog-proof@v1\r\n",
     SG_ERR_MALFORMED},
    {"c2sp.org/tlog-proof@v1\n", "", SG_ERR_MALFORMED},
    {"c2sp.org/tlog-proof@v1\n", "\nc2sp.org/tlog-proof@v1\n",
     SG_ERR_MALFORMED},
    {"extra ", "extra  ", SG_ERR_MALFORMED},
    {"extra AQMAAAAA", "extra AQMAAAA", SG_ERR_MALFORMED},
    {"o3QbPQ==", "o3QbPR==", SG_ERR_NOTCANONICAL},
    {"o3QbPQ==", "o3QbPQAA", SG_ERR_MALFORMED},
    {"index 2\n", "index 02\n", SG_ERR_NOTCANONICAL},
    {"index 2\n", "index -2\n", SG_ERR_MALFORMED},
    {"index 2\n", "index \n", SG_ERR_MALFORMED},
    {"index 2\n", "", SG_ERR_MALFORMED},
    {"uri0=\n", "uri1=\n", SG_ERR_NOTCANONICAL},
    {"uri0=\n", "uri0AA==\n", SG_ERR_MALFORMED},
    {"uri0=\n\n", "uri0=\n", SG_ERR_MALFORMED},
    {"uri0=\n\n", "uri0=\n\n\n", SG_ERR_MALFORMED},
    {"NgY=\n", "NgY=\n\n", SG_ERR_MALFORMED},
    {"NgY=\n", "NgY=", SG_ERR_TRUNCATED},
};

/* What is wrong with a proof is said by name. */
static void test_proof_errors(void **state)
{
    size_t count = sizeof proof_replacements / sizeof proof_replacements[0];

    (void)state;
    for (size_t i = 0; i < count; i++) {
        const struct replacement *r = &proof_replacements[i];
        struct sg_tlog_proof proof;
        enum sg_err err = sg_checkpoint_proof_parse(
            replace(format_text("inclusion-proof"), r->from, r->to), &proof);

        if (err != r->err)
            fail_msg("case %zu: %s", i, sg_err_name(err));
    }
}

/* A right signature does not make up for a path that does not fit, nor a right
 * path for a wrong signature. */
static void test_proof_verify(void **state)
{
    struct format_log made = format_log(), other = made;
    struct sg_tlog_proof proof;

    (void)state;
    assert_ok(
        sg_checkpoint_proof_parse(format_text("inclusion-proof"), &proof));
    proof.index = 1;
    assert_err(sg_checkpoint_proof_verify(&proof, made.core.node_key), PROOF);
    proof.index = 3;
    assert_err(sg_checkpoint_proof_verify(&proof, made.core.node_key), PROOF);
    proof.index = 2;
    proof.path_count = 0;
    assert_err(sg_checkpoint_proof_verify(&proof, made.core.node_key), PROOF);
    proof.path_count = 1;
    proof.header[14] ^= 1;
    assert_err(sg_checkpoint_proof_verify(&proof, made.core.node_key), PROOF);
    proof.header[14] ^= 1;
    other.core.node_key[31] ^= 1;
    assert_err(sg_checkpoint_proof_verify(&proof, other.core.node_key),
               SIGNATURE);
    proof.note.key_id ^= 1;
    assert_err(sg_checkpoint_proof_verify(&proof, made.core.node_key),
               SIGNATURE);
    proof.note.key_id ^= 1;
    assert_ok(sg_checkpoint_proof_verify(&proof, made.core.node_key));
}

/* The largest proof there is has the size that the header promises, and can be
 * read; a longer text, and a longer path, are refused. */
static void test_proof_largest(void **state)
{
    struct format_log made = format_log();
    struct sg_tlog_proof proof = {
        .index = UINT64_MAX - 1,
        .path_count = SG_MERKLE_HASHES_MAX,
        .note = {made.registry, made.log, 0, {.size = UINT64_MAX}},
    };
    struct sg_tlog_proof read;
    struct sg_buf buf;

    (void)state;
    sg_buf_init(&buf, SG_TLOG_PROOF_SIZE_MAX + 1);
    assert_ok(sg_checkpoint_proof_print(&proof, made.core.node_key, &buf));
    assert_int_equal(buf.size, SG_TLOG_PROOF_SIZE_MAX);
    assert_ok(sg_checkpoint_proof_parse(sg_buf_bytes(&buf), &read));
    assert_int_equal(read.path_count, SG_MERKLE_HASHES_MAX);
    assert_int_equal(read.index, UINT64_MAX - 1);
    assert_ok(sg_buf_append(&buf, SG_BYTES_TEXT("\n")));
    assert_err(sg_checkpoint_proof_parse(sg_buf_bytes(&buf), &read), LIMIT);
    sg_buf_clear(&buf);

    sg_buf_init(&buf, SG_TLOG_PROOF_SIZE_MAX);
    proof.index = 0;
    proof.path_count = 1;
    assert_ok(sg_checkpoint_proof_print(&proof, made.core.node_key, &buf));
    sg_buf_truncate(&buf, 23 + 71 + 8); /* before the path */
    for (size_t i = 0; i <= SG_MERKLE_HASHES_MAX; i++)
        assert_ok(sg_buf_append(
            &buf,
            SG_BYTES_TEXT("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n")));
    assert_err(sg_checkpoint_proof_parse(sg_buf_bytes(&buf), &read), LIMIT);
    sg_buf_clear(&buf);
}

/* A witness's cosignature is of one checkpoint of one log. */
static void test_cosign(void **state)
{
    struct format_log made = format_log(), other = made;
    struct sg_checkpoint checkpoint = format_checkpoint(&made);
    uint8_t seed[SG_KEY_SIZE] = {2}, witness_key[SG_KEY_SIZE];
    uint8_t cosignature[SG_COSIGNATURE_SIZE];
    struct sg_sign_key witness;

    (void)state;
    sg_crypto_sign_keypair(seed, &witness, witness_key);
    sg_checkpoint_cosign(&made.registry, &made.log, &checkpoint, &witness,
                         1700000000, cosignature);
    assert_int_equal(sg_bytes_get_u64be(cosignature), 1700000000);
    assert_ok(sg_checkpoint_verify_cosignature(
        &made.registry, &made.log, &checkpoint, witness_key, cosignature));
    other.log.hash.bytes[0] ^= 1;
    assert_err(sg_checkpoint_verify_cosignature(&made.registry, &other.log,
                                                &checkpoint, witness_key,
                                                cosignature),
               SIGNATURE);
    checkpoint.size++;
    assert_err(sg_checkpoint_verify_cosignature(&made.registry, &made.log,
                                                &checkpoint, witness_key,
                                                cosignature),
               SIGNATURE);
}

static enum sg_err print_both(void *context)
{
    struct format_log *made = context;
    struct sg_tlog_proof proof = format_proof(made);
    struct sg_buf buf;
    enum sg_err err;

    sg_buf_init(&buf, SG_TLOG_PROOF_SIZE_MAX);
    err = sg_checkpoint_print(&made->registry, &made->log, made->core.node_key,
                              &proof.note.checkpoint, &buf);
    if (err == SG_OK)
        err = sg_checkpoint_proof_print(&proof, made->core.node_key, &buf);
    sg_buf_clear(&buf);
    return err;
}

/* Printing says when there is no memory, and when there is no room, and leaves
 * the buffer as it was. */
static void test_print_failures(void **state)
{
    struct format_log made = format_log();
    struct sg_tlog_proof proof = format_proof(&made);
    struct sg_buf buf;

    (void)state;
    assert_true(sg_torture_run(print_both, &made) > 0);
    sg_buf_init(&buf, 100);
    assert_ok(sg_buf_append(&buf, SG_BYTES_TEXT("before")));
    assert_err(sg_checkpoint_print(&made.registry, &made.log,
                                   made.core.node_key, &proof.note.checkpoint,
                                   &buf),
               LIMIT);
    assert_err(sg_checkpoint_proof_print(&proof, made.core.node_key, &buf),
               LIMIT);
    assert_int_equal(buf.size, 6);
    sg_buf_clear(&buf);
}

static void sign_nothing(void *context)
{
    struct format_log *made = context;
    struct sg_hash root = sg_merkle_join(NULL, 0);
    struct sg_checkpoint checkpoint;

    sg_checkpoint_sign(&made->registry, &made->log, &made->key, 0, &root,
                       &checkpoint);
}

static void encode_none(void *context)
{
    struct sg_checkpoint none = {.size = 0};
    uint8_t bytes[SG_CHECKPOINT_SIZE];

    (void)context;
    sg_checkpoint_encode(&none, bytes);
}

/* An empty log has no checkpoint. */
static void test_checkpoint_asserts(void **state)
{
    struct format_log made = format_log();

    (void)state;
    assert_true(sg_dies(sign_nothing, &made));
    assert_true(sg_dies(encode_none, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_at_rest),
        cmocka_unit_test(test_verify_binds),
        cmocka_unit_test(test_note_example),
        cmocka_unit_test(test_note_is_general),
        cmocka_unit_test(test_note_every_byte),
        cmocka_unit_test(test_note_errors),
        cmocka_unit_test(test_lines_of_others),
        cmocka_unit_test(test_proof_example),
        cmocka_unit_test(test_proof_every_byte),
        cmocka_unit_test(test_proof_errors),
        cmocka_unit_test(test_proof_verify),
        cmocka_unit_test(test_proof_largest),
        cmocka_unit_test(test_cosign),
        cmocka_unit_test(test_print_failures),
        cmocka_unit_test(test_checkpoint_asserts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
