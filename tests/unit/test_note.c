#include "storage/log/note.h"

#include <stdio.h>
#include <string.h>

#include "storage/base/buf.h"
#include "tests/lib/dies.h"
#include "tests/lib/test.h"

#define DASH "\xe2\x80\x94 "

/* The example of C2SP signed-note. */
#define EXAMPLE_VKEY \
    "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
#define EXAMPLE_LINE                                                        \
    DASH "example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlT" \
         "gK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
#define EXAMPLE_TEXT "This is an example message.\n"
#define EXAMPLE_NOTE EXAMPLE_TEXT "\n" EXAMPLE_LINE

static struct sg_bytes text_of(const char *text)
{
    return sg_bytes(text, strlen(text));
}

static struct sg_note_key example_key(void)
{
    struct sg_note_key key;

    assert_ok(sg_crypto_init());
    assert_ok(sg_note_key_parse(SG_BYTES_TEXT(EXAMPLE_VKEY), &key));
    return key;
}

/* A signer of these tests. */
struct signer {
    struct sg_sign_key secret;
    struct sg_note_key key;
};

static struct signer make_signer(const char *name, uint8_t seed_byte,
                                 enum sg_note_key_type type)
{
    struct signer signer;
    uint8_t seed[SG_KEY_SIZE], public_key[SG_KEY_SIZE];

    assert_ok(sg_crypto_init());
    memset(seed, seed_byte, sizeof seed);
    sg_crypto_sign_keypair(seed, &signer.secret, public_key);
    assert_ok(sg_note_key_init(&signer.key, text_of(name), type, public_key));
    return signer;
}

/* Appends to NOTE a line by SIGNER over TEXT. */
static void sign_line(struct sg_buf *note, const struct signer *signer,
                      struct sg_bytes text, uint64_t time)
{
    uint8_t signature[SG_COSIGNATURE_SIZE];
    size_t size = SG_SIGNATURE_SIZE;
    struct sg_writer writer;

    if (signer->key.type == SG_NOTE_COSIGNATURE) {
        sg_note_cosign(&signer->secret, time, text, signature);
        size = SG_COSIGNATURE_SIZE;
    } else {
        sg_crypto_sign(&signer->secret, text.data, text.size, signature);
    }
    sg_writer_init_buf(&writer, note);
    sg_note_write_signature(&writer, &signer->key, sg_bytes(signature, size));
    assert_ok(sg_writer_end(&writer));
}

static void begin_note(struct sg_buf *note, struct sg_bytes text)
{
    struct sg_writer writer;

    sg_buf_init(note, 2 * SG_NOTE_SIZE_MAX);
    sg_writer_init_buf(&writer, note);
    sg_note_write_text(&writer, text);
    assert_ok(sg_writer_end(&writer));
}

/* The published example is read and verifies. */
static void test_example(void **state)
{
    struct sg_note_key key = example_key();
    struct sg_note note;

    (void)state;
    assert_ok(sg_note_parse(SG_BYTES_TEXT(EXAMPLE_NOTE), &note));
    assert_true(sg_bytes_equal(note.text, SG_BYTES_TEXT(EXAMPLE_TEXT)));
    assert_int_equal(note.count, 1);
    assert_int_equal(note.signatures[0].key_id, 0x530d903a);
    assert_true(sg_bytes_equal(note.signatures[0].name,
                               SG_BYTES_TEXT("example.com/foo")));
    assert_int_equal(note.signatures[0].state, SG_NOTE_UNKNOWN);
    assert_ok(sg_note_verify(&note, &key, 1));
    assert_int_equal(note.signatures[0].state, SG_NOTE_VERIFIED);
    assert_ptr_equal(note.signatures[0].key, &key);
    assert_int_equal(note.signatures[0].time, 0);
}

/* No change of one byte of a note passes: it is refused when it is read, or no
 * known key has signed it. */
static void test_every_byte_counts(void **state)
{
    struct sg_note_key key = example_key();
    uint8_t bytes[] = EXAMPLE_NOTE;
    size_t size = sizeof bytes - 1;

    (void)state;
    for (size_t i = 0; i < size; i++) {
        for (unsigned change = 1; change < 256; change <<= 1) {
            struct sg_note note;

            bytes[i] ^= (uint8_t)change;
            if (sg_note_parse(sg_bytes(bytes, size), &note) == SG_OK)
                assert_err(sg_note_verify(&note, &key, 1), SIGNATURE);
            bytes[i] ^= (uint8_t)change;
        }
    }
}

static const struct form_case {
    const char *note;
    enum sg_err err;
} form_cases[] = {
    {"", SG_ERR_MALFORMED},
    {"text\n", SG_ERR_MALFORMED},
    {"text\n\n", SG_ERR_MALFORMED},
    {"\n" EXAMPLE_LINE, SG_ERR_MALFORMED},
    {"text\n" EXAMPLE_LINE, SG_ERR_MALFORMED},
    {"\n\n" EXAMPLE_LINE, SG_OK},
    {"a\n\n\nb\n\n" EXAMPLE_LINE, SG_OK},
    {"text\n\n" EXAMPLE_LINE EXAMPLE_LINE, SG_OK},
    {"text\n\n" EXAMPLE_LINE "\n", SG_ERR_MALFORMED},
    {"text\n\n" EXAMPLE_LINE "junk\n", SG_ERR_MALFORMED},
    {"text\n\n" EXAMPLE_LINE "junk", SG_ERR_TRUNCATED},
    {"text\r\n\r\n" EXAMPLE_LINE, SG_ERR_MALFORMED},
    {"te\txt\n\n" EXAMPLE_LINE, SG_ERR_MALFORMED},
    {"te\x01xt\n\n" EXAMPLE_LINE, SG_ERR_MALFORMED},
    {"te\x7fxt\n\n" EXAMPLE_LINE, SG_OK},
    {"te\xffxt\n\n" EXAMPLE_LINE, SG_ERR_TEXT},
    {"S\xe1\xbb\x95 g\xe1\xbb\x91"
     "c\n\n" EXAMPLE_LINE,
     SG_OK},
    {"text\n\n" DASH "name AAAAAAA=\n", SG_OK},
    {"text\n\n" DASH "name AAAAAA==\n", SG_ERR_MALFORMED}, /* id alone */
    {"text\n\n" DASH "name \n", SG_ERR_MALFORMED},
    {"text\n\n" DASH "name\n", SG_ERR_MALFORMED},
    {"text\n\n" DASH "\n", SG_ERR_MALFORMED},
    {"text\n\n" DASH " AAAAAAA=\n", SG_ERR_MALFORMED}, /* empty name */
    {"text\n\n" DASH "na+me AAAAAAA=\n", SG_ERR_MALFORMED},
    {"text\n\n" DASH "na me AAAAAAA=\n", SG_ERR_MALFORMED},
    {"text\n\n" DASH "na\xc2\xa0me AAAAAAA=\n", SG_ERR_MALFORMED},
    {"text\n\n" DASH "na\xe2\x80\x83me AAAAAAA=\n", SG_ERR_MALFORMED},
    {"text\n\n" DASH "na\xe3\x80\x80me AAAAAAA=\n", SG_ERR_MALFORMED},
    {"text\n\n" DASH "name AAAAAAA\n", SG_ERR_MALFORMED},
    {"text\n\n" DASH "name AAAA AAA=\n", SG_ERR_MALFORMED},
    {"text\n\n" DASH "name AAAAAAB=\n", SG_ERR_NOTCANONICAL},
    {"text\n\n- name AAAAAAA=\n", SG_ERR_MALFORMED},
    {"text\n\n\xe2\x80\x94name AAAAAAA=\n", SG_ERR_MALFORMED},
};

/* The form of a note is judged as a whole, its unknown lines too. */
static void test_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof form_cases / sizeof form_cases[0]; i++) {
        struct sg_note note;
        enum sg_err err = sg_note_parse(text_of(form_cases[i].note), &note);

        if (err != form_cases[i].err)
            fail_msg("case %zu: %s", i, sg_err_name(err));
    }
}

static const struct vkey_case {
    const char *vkey;
    enum sg_err err;
} vkey_cases[] = {
    {EXAMPLE_VKEY, SG_OK},
    {"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
     SG_OK},
    {"", SG_ERR_MALFORMED},
    {"PeterNeumann", SG_ERR_MALFORMED},
    {"PeterNeumann+c74f20a3", SG_ERR_MALFORMED},
    {"PeterNeumann+c74f20a3+", SG_ERR_MALFORMED},
    {"PeterNeumann+c74f20a3+ARpc", SG_ERR_MALFORMED},
    {"PeterNeumann+c74f20a3+BRpc", SG_ERR_VERSION},
    {"PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
     SG_ERR_MALFORMED},
    {"PeterNeumanm+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
     SG_ERR_MALFORMED},
    {"PeterNeumann+C74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
     SG_ERR_NOTCANONICAL},
    {"PeterNeumann+c74f20a+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
     SG_ERR_MALFORMED},
    {"Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
     SG_ERR_MALFORMED},
    {"Peter\xff+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
     SG_ERR_TEXT},
    {"+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
     SG_ERR_MALFORMED},
};

/* A public key's text is read in one form only, and its id must be its own. */
static void test_vkey(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vkey_cases / sizeof vkey_cases[0]; i++) {
        struct sg_note_key key;
        enum sg_err err = sg_note_key_parse(text_of(vkey_cases[i].vkey), &key);

        if (err != vkey_cases[i].err)
            fail_msg("case %zu: %s", i, sg_err_name(err));
    }
}

/* A key of either type is written as the vkey that it is read from. */
static void test_write_key(void **state)
{
    struct signer witness = make_signer("witness", 2, SG_NOTE_COSIGNATURE);
    struct sg_note_key keys[] = {example_key(), witness.key};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        uint8_t array[100];
        struct sg_writer writer;
        struct sg_note_key read;

        sg_writer_init_array(&writer, array, sizeof array);
        sg_note_write_key(&writer, &keys[i]);
        assert_ok(sg_writer_end(&writer));
        assert_ok(sg_note_key_parse(sg_writer_written(&writer), &read));
        assert_true(sg_bytes_equal(read.name, keys[i].name));
        assert_int_equal(read.type, keys[i].type);
        assert_int_equal(read.id, keys[i].id);
        assert_memory_equal(read.public_key, keys[i].public_key, SG_KEY_SIZE);
        if (i == 0)
            assert_true(sg_bytes_equal(sg_writer_written(&writer),
                                       SG_BYTES_TEXT(EXAMPLE_VKEY)));
    }
}

/* Names that a note could not carry make no keys. */
static void test_key_names(void **state)
{
    static const uint8_t public_key[SG_KEY_SIZE];
    struct sg_note_key key;

    (void)state;
    assert_ok(sg_note_key_init(&key, SG_BYTES_TEXT("a"), SG_NOTE_ED25519,
                               public_key));
    assert_err(sg_note_key_init(&key, (struct sg_bytes){0}, SG_NOTE_ED25519,
                                public_key),
               MALFORMED);
    assert_err(sg_note_key_init(&key, SG_BYTES_TEXT("a b"), SG_NOTE_ED25519,
                                public_key),
               MALFORMED);
    assert_err(sg_note_key_init(&key, SG_BYTES_TEXT("\xc0\x80"),
                                SG_NOTE_ED25519, public_key),
               TEXT);
}

/* What is written is read again, and every known key is found: the writer's, a
 * witness's with its time, beside a stranger's line. */
static void test_write_and_verify(void **state)
{
    struct sg_bytes text = SG_BYTES_TEXT("some.log/1\n7\nroot\n");
    struct signer writer = make_signer("some.log/1", 1, SG_NOTE_ED25519);
    struct signer witness = make_signer("witness", 2, SG_NOTE_COSIGNATURE);
    struct signer stranger = make_signer("stranger", 3, SG_NOTE_ED25519);
    const struct sg_note_key keys[] = {witness.key, writer.key};
    struct sg_note note;
    struct sg_buf buf;

    (void)state;
    begin_note(&buf, text);
    sign_line(&buf, &writer, text, 0);
    sign_line(&buf, &stranger, text, 0);
    sign_line(&buf, &witness, text, 1679315147);
    assert_ok(sg_note_parse(sg_buf_bytes(&buf), &note));
    assert_ok(sg_note_verify(&note, keys, 2));
    assert_int_equal(note.count, 3);
    assert_int_equal(note.signatures[0].state, SG_NOTE_VERIFIED);
    assert_ptr_equal(note.signatures[0].key, &keys[1]);
    assert_int_equal(note.signatures[1].state, SG_NOTE_UNKNOWN);
    assert_null(note.signatures[1].key);
    assert_int_equal(note.signatures[2].state, SG_NOTE_VERIFIED);
    assert_ptr_equal(note.signatures[2].key, &keys[0]);
    assert_int_equal(note.signatures[2].time, 1679315147);
    sg_buf_clear(&buf);
}

/* A line counts once: the same again, and a second right one by the same key,
 * are repetitions. */
static void test_repeated(void **state)
{
    struct sg_bytes text = SG_BYTES_TEXT("text\n");
    struct signer witness = make_signer("witness", 2, SG_NOTE_COSIGNATURE);
    struct signer stranger = make_signer("stranger", 3, SG_NOTE_COSIGNATURE);
    static const enum sg_note_state states[] = {
        SG_NOTE_VERIFIED, SG_NOTE_UNKNOWN, SG_NOTE_REPEATED,
        SG_NOTE_REPEATED, SG_NOTE_UNKNOWN, SG_NOTE_REPEATED};
    struct sg_note note;
    struct sg_buf buf;

    (void)state;
    begin_note(&buf, text);
    sign_line(&buf, &witness, text, 10);
    sign_line(&buf, &stranger, text, 10);
    sign_line(&buf, &witness, text, 10);
    sign_line(&buf, &witness, text, 11);
    sign_line(&buf, &stranger, text, 11);
    sign_line(&buf, &stranger, text, 10);
    assert_ok(sg_note_parse(sg_buf_bytes(&buf), &note));
    assert_ok(sg_note_verify(&note, &witness.key, 1));
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(note.signatures[i].state, states[i]);
    assert_int_equal(note.signatures[0].time, 10);
    sg_buf_clear(&buf);
}

/* A wrong line by a known key spoils the note, beside a right one and after it
 * too; of a name or an id alone nobody is known. */
static void test_wrong_line(void **state)
{
    struct sg_bytes text = SG_BYTES_TEXT("text\n");
    struct signer writer = make_signer("writer", 1, SG_NOTE_ED25519);
    struct signer witness = make_signer("witness", 2, SG_NOTE_COSIGNATURE);
    struct signer namesake = make_signer("writer", 4, SG_NOTE_ED25519);
    const struct sg_note_key keys[] = {writer.key, witness.key};
    struct sg_note note;
    struct sg_buf buf;
    size_t size;

    (void)state;
    begin_note(&buf, text);
    sign_line(&buf, &namesake, text, 0);
    assert_ok(sg_note_parse(sg_buf_bytes(&buf), &note));
    assert_err(sg_note_verify(&note, keys, 2), SIGNATURE);
    assert_err(sg_note_verify(&note, keys, 0), SIGNATURE);
    sign_line(&buf, &writer, text, 0);
    assert_ok(sg_note_parse(sg_buf_bytes(&buf), &note));
    assert_ok(sg_note_verify(&note, keys, 2));
    size = buf.size;
    sign_line(&buf, &writer, SG_BYTES_TEXT("other\n"), 0);
    assert_ok(sg_note_parse(sg_buf_bytes(&buf), &note));
    assert_err(sg_note_verify(&note, keys, 2), SIGNATURE);
    sg_buf_truncate(&buf, size);
    sign_line(&buf, &witness, SG_BYTES_TEXT("other\n"), 1);
    assert_ok(sg_note_parse(sg_buf_bytes(&buf), &note));
    assert_err(sg_note_verify(&note, keys, 2), SIGNATURE);
    sg_buf_clear(&buf);
}

/* A signature of another size than its key makes is wrong. */
static void test_wrong_size(void **state)
{
    struct sg_bytes text = SG_BYTES_TEXT("text\n");
    static const enum sg_note_key_type types[] = {SG_NOTE_ED25519,
                                                  SG_NOTE_COSIGNATURE};
    static const uint8_t bytes[SG_COSIGNATURE_SIZE + 1];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct signer signer = make_signer("signer", 1, types[i]);
        static const size_t sizes[] = {1, 63, 65, 71, 73};

        for (size_t k = 0; k < 5; k++) {
            struct sg_writer writer;
            struct sg_note note;
            struct sg_buf buf;

            begin_note(&buf, text);
            sg_writer_init_buf(&writer, &buf);
            sg_note_write_signature(&writer, &signer.key,
                                    sg_bytes(bytes, sizes[k]));
            assert_ok(sg_writer_end(&writer));
            assert_ok(sg_note_parse(sg_buf_bytes(&buf), &note));
            assert_err(sg_note_verify(&note, &signer.key, 1), SIGNATURE);
            sg_buf_clear(&buf);
        }
    }
}

/* Two known keys that claim the same line are a mistake of the caller, if that
 * line is there. */
static void test_ambiguous_keys(void **state)
{
    struct sg_note_key key = example_key();
    struct sg_note_key keys[] = {key, key};
    struct signer other = make_signer("other", 1, SG_NOTE_ED25519);
    struct sg_bytes text = SG_BYTES_TEXT(EXAMPLE_TEXT);
    struct sg_note_key with_other[] = {key, key, other.key};
    struct sg_note note;
    struct sg_buf buf;

    (void)state;
    assert_ok(sg_note_parse(SG_BYTES_TEXT(EXAMPLE_NOTE), &note));
    assert_err(sg_note_verify(&note, keys, 2), INVALID);
    begin_note(&buf, text);
    sign_line(&buf, &other, text, 0);
    assert_ok(sg_note_parse(sg_buf_bytes(&buf), &note));
    assert_ok(sg_note_verify(&note, with_other, 3));
    sg_buf_clear(&buf);
}

/* A note has at most 100 signatures. */
static void test_limit_signatures(void **state)
{
    struct signer signer = make_signer("signer", 1, SG_NOTE_ED25519);
    struct sg_bytes text = SG_BYTES_TEXT("text\n");
    struct sg_note note;
    struct sg_buf buf;

    (void)state;
    begin_note(&buf, text);
    for (size_t i = 0; i < SG_NOTE_SIGNATURES_MAX; i++)
        sign_line(&buf, &signer, text, 0);
    assert_ok(sg_note_parse(sg_buf_bytes(&buf), &note));
    assert_int_equal(note.count, SG_NOTE_SIGNATURES_MAX);
    assert_ok(sg_note_verify(&note, &signer.key, 1));
    sign_line(&buf, &signer, text, 0);
    assert_err(sg_note_parse(sg_buf_bytes(&buf), &note), LIMIT);
    sg_buf_clear(&buf);
}

/* A note and a signature have a largest size. */
static void test_limit_sizes(void **state)
{
    static uint8_t bytes[SG_NOTE_SIZE_MAX + 1];
    static uint8_t line[SG_NOTE_SIGNATURE_SIZE_MAX / 3 * 4 + 100];
    size_t tail = sizeof "\n\n" EXAMPLE_LINE - 1;
    size_t digits = (4 + SG_NOTE_SIGNATURE_SIZE_MAX + 2) / 3 * 4;
    struct sg_note note;
    int size;

    (void)state;
    memset(bytes, 'a', sizeof bytes);
    memcpy(bytes + SG_NOTE_SIZE_MAX - tail, "\n\n" EXAMPLE_LINE, tail);
    assert_ok(sg_note_parse(sg_bytes(bytes, SG_NOTE_SIZE_MAX), &note));
    memset(bytes, 'a', sizeof bytes);
    memcpy(bytes + SG_NOTE_SIZE_MAX + 1 - tail, "\n\n" EXAMPLE_LINE, tail);
    assert_err(sg_note_parse(sg_bytes(bytes, SG_NOTE_SIZE_MAX + 1), &note),
               LIMIT);
    /* 4 + 8,192 bytes are 2,732 groups of three. */
    size = snprintf((char *)line, sizeof line, "t\n\n" DASH "n ");
    memset(line + size, 'A', digits);
    line[(size_t)size + digits] = '\n';
    assert_ok(sg_note_parse(sg_bytes(line, (size_t)size + digits + 1), &note));
    memset(line + size, 'A', digits + 4);
    line[(size_t)size + digits + 4] = '\n';
    assert_err(sg_note_parse(sg_bytes(line, (size_t)size + digits + 5), &note),
               LIMIT);
}

/* A witness signs two lines of its own and then the whole text, as C2SP
 * tlog-cosignature writes it down. */
static void test_cosignature_message(void **state)
{
    static const char message[] = "cosignature/v1\n"
                                  "time 1679315147\n"
                                  "example.com/behind-the-sofa\n"
                                  "20852163\n"
                                  "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
                                  "\n";
    struct signer witness = make_signer("witness", 2, SG_NOTE_COSIGNATURE);
    struct sg_bytes text = text_of(message + 15 + 16);
    uint8_t cosignature[SG_COSIGNATURE_SIZE], expected[SG_SIGNATURE_SIZE];

    (void)state;
    sg_note_cosign(&witness.secret, 1679315147, text, cosignature);
    sg_crypto_sign(&witness.secret, (const uint8_t *)message,
                   sizeof message - 1, expected);
    assert_int_equal(sg_bytes_get_u64be(cosignature), 1679315147);
    assert_memory_equal(cosignature + 8, expected, sizeof expected);
    assert_ok(
        sg_note_verify_cosignature(witness.key.public_key, text, cosignature));
    for (size_t i = 0; i < sizeof cosignature; i++) {
        cosignature[i] ^= 1;
        assert_err(sg_note_verify_cosignature(witness.key.public_key, text,
                                              cosignature),
                   SIGNATURE);
        cosignature[i] ^= 1;
    }
    text.size--;
    assert_err(
        sg_note_verify_cosignature(witness.key.public_key, text, cosignature),
        SIGNATURE);
}

/* A time is at most 2^63 - 1 and a cosigned text at most 4,096 bytes. */
static void test_cosignature_limits(void **state)
{
    static const uint8_t zeros[SG_COSIGNED_TEXT_SIZE_MAX + 1];
    struct signer witness = make_signer("witness", 2, SG_NOTE_COSIGNATURE);
    struct sg_bytes text = {zeros, SG_COSIGNED_TEXT_SIZE_MAX};
    uint8_t cosignature[SG_COSIGNATURE_SIZE], message[41] = "cosignature/v1\n";

    (void)state;
    sg_note_cosign(&witness.secret, INT64_MAX, text, cosignature);
    assert_ok(
        sg_note_verify_cosignature(witness.key.public_key, text, cosignature));
    text.size++;
    assert_err(
        sg_note_verify_cosignature(witness.key.public_key, text, cosignature),
        LIMIT);
    /* A right signature over a time that may not be. */
    memcpy(message + 15, "time 9223372036854775808\n", 25);
    sg_bytes_put_u64be(cosignature, (uint64_t)INT64_MAX + 1);
    sg_crypto_sign(&witness.secret, message, 40, cosignature + 8);
    assert_err(sg_note_verify_cosignature(witness.key.public_key,
                                          (struct sg_bytes){0}, cosignature),
               SIGNATURE);
}

static void write_text_without_newline(void *context)
{
    sg_note_write_text(context, SG_BYTES_TEXT("text"));
}

static void write_empty_signature(void *context)
{
    struct signer signer = make_signer("signer", 1, SG_NOTE_ED25519);

    sg_note_write_signature(context, &signer.key, (struct sg_bytes){0});
}

static void cosign_after_time(void *context)
{
    struct signer *signer = context;
    uint8_t cosignature[SG_COSIGNATURE_SIZE];

    sg_note_cosign(&signer->secret, (uint64_t)INT64_MAX + 1,
                   SG_BYTES_TEXT("text\n"), cosignature);
}

/* Notes that nobody could read are not written. */
static void test_note_asserts(void **state)
{
    struct signer witness = make_signer("witness", 2, SG_NOTE_COSIGNATURE);
    uint8_t array[100];
    struct sg_writer writer;

    (void)state;
    sg_writer_init_array(&writer, array, sizeof array);
    assert_true(sg_dies(write_text_without_newline, &writer));
    assert_true(sg_dies(write_empty_signature, &writer));
    assert_true(sg_dies(cosign_after_time, &witness));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_example),
        cmocka_unit_test(test_every_byte_counts),
        cmocka_unit_test(test_form),
        cmocka_unit_test(test_vkey),
        cmocka_unit_test(test_write_key),
        cmocka_unit_test(test_key_names),
        cmocka_unit_test(test_write_and_verify),
        cmocka_unit_test(test_repeated),
        cmocka_unit_test(test_wrong_line),
        cmocka_unit_test(test_wrong_size),
        cmocka_unit_test(test_ambiguous_keys),
        cmocka_unit_test(test_limit_signatures),
        cmocka_unit_test(test_limit_sizes),
        cmocka_unit_test(test_cosignature_message),
        cmocka_unit_test(test_cosignature_limits),
        cmocka_unit_test(test_note_asserts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
