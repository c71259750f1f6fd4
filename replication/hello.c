#include "replication/hello.h"

#include <string.h>

#include "storage/base/check.h"
#include "storage/base/reader.h"
#include "storage/base/writer.h"

/* --- The cleartext hello ----------------------------------------------- */

enum word {
    WORD_GO_ON = 0,
    WORD_OTHER_MAJOR = 1,
    WORD_NO_ROOM = 2,
};

#define MAGIC    "sogoc" /* and its zero: 6 bytes */
#define MAJOR_AT sizeof(MAGIC)
#define WORD_AT  (MAJOR_AT + 1)
#define PROTOCOL "sogoc replication"

_Static_assert(WORD_AT + 1 == SG_HELLO_SIZE, "magic, major, word");
_Static_assert(SG_HELLO_PROLOGUE_SIZE ==
                   sizeof(PROTOCOL) - 1 + 1 + sizeof(struct sg_registry_id),
               "name, major, registry");

bool sg_hello_take(struct sg_hello_reader *reader, struct sg_bytes *input)
{
    size_t room = SG_HELLO_SIZE - reader->size;
    size_t size = input->size < room ? input->size : room;

    SG_ASSERT(reader->size <= SG_HELLO_SIZE);
    if (size > 0)
        memcpy(reader->bytes + reader->size, input->data, size);
    reader->size += size;
    *input = sg_bytes(input->data + size, input->size - size);
    return reader->size == SG_HELLO_SIZE;
}

static void hello_put(enum word word, uint8_t ret[SG_HELLO_SIZE])
{
    memcpy(ret, MAGIC, sizeof(MAGIC));
    ret[MAJOR_AT] = SG_HELLO_MAJOR;
    ret[WORD_AT] = (uint8_t)word;
}

static bool has_magic(const uint8_t hello[SG_HELLO_SIZE])
{
    return memcmp(hello, MAGIC, sizeof(MAGIC)) == 0;
}

void sg_hello_begin(uint8_t ret_hello[SG_HELLO_SIZE])
{
    hello_put(WORD_GO_ON, ret_hello);
}

/* What another major says behind its number is not ours to judge. */
enum sg_err sg_hello_answer(const uint8_t hello[SG_HELLO_SIZE], bool has_room,
                            uint8_t ret_answer[SG_HELLO_SIZE])
{
    if (!has_magic(hello))
        return SG_ERR_MALFORMED;
    if (hello[MAJOR_AT] != SG_HELLO_MAJOR) {
        hello_put(WORD_OTHER_MAJOR, ret_answer);
        return SG_ERR_MAJOR;
    }
    if (hello[WORD_AT] != WORD_GO_ON)
        return SG_ERR_MALFORMED;
    hello_put(has_room ? WORD_GO_ON : WORD_NO_ROOM, ret_answer);
    return has_room ? SG_OK : SG_ERR_NOROOM;
}

enum sg_err sg_hello_check(const uint8_t answer[SG_HELLO_SIZE])
{
    if (!has_magic(answer))
        return SG_ERR_MALFORMED;
    switch (answer[WORD_AT]) {
    case WORD_GO_ON:
        return answer[MAJOR_AT] == SG_HELLO_MAJOR ? SG_OK : SG_ERR_MAJOR;
    case WORD_OTHER_MAJOR:
        return SG_ERR_MAJOR;
    case WORD_NO_ROOM:
        return SG_ERR_NOROOM;
    default:
        return SG_ERR_MALFORMED;
    }
}

/* --- The handshake ----------------------------------------------------- */

void sg_hello_prologue(const struct sg_registry_id *registry,
                       uint8_t ret_prologue[SG_HELLO_PROLOGUE_SIZE])
{
    struct sg_writer writer;
    enum sg_err err;

    sg_writer_init_array(&writer, ret_prologue, SG_HELLO_PROLOGUE_SIZE);
    sg_writer_bytes(&writer, SG_BYTES_TEXT(PROTOCOL));
    sg_writer_u8(&writer, SG_HELLO_MAJOR);
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(registry->hash.bytes));
    err = sg_writer_end(&writer);
    SG_ASSERT(err == SG_OK);
    SG_ASSERT(writer.size == SG_HELLO_PROLOGUE_SIZE);
}

void sg_hello_handshake(struct sg_noise *noise, enum sg_noise_role role,
                        const struct sg_registry_id *registry,
                        const struct sg_noise_key *transport_key,
                        const uint8_t ephemeral_secret[SG_KEY_SIZE])
{
    uint8_t prologue[SG_HELLO_PROLOGUE_SIZE];
    const struct sg_noise_config config = {
        .pattern = SG_NOISE_XX,
        .role = role,
        .hash = &sg_noise_sha256,
        .prologue = SG_BYTES_ARRAY(prologue),
        .static_key = transport_key,
        .ephemeral_secret = ephemeral_secret,
    };

    sg_hello_prologue(registry, prologue);
    sg_noise_init(noise, &config);
}

/* Message 1 has no payload in any minor; 2 and 3 have room for later ones. */
struct sg_hello_bounds sg_hello_bounds(unsigned number)
{
    static const struct sg_hello_bounds bounds[] = {
        {SG_HELLO_OVERHEAD_1, SG_HELLO_OVERHEAD_1},
        {SG_HELLO_OVERHEAD_2 + SG_HELLO_MEMBER_2_SIZE, SG_HANDSHAKE_SIZE_MAX},
        {SG_HELLO_OVERHEAD_3 + SG_HELLO_APPLICANT_SIZE, SG_HANDSHAKE_SIZE_MAX},
    };

    SG_ASSERT(number >= 1);
    SG_ASSERT(number <= sizeof bounds / sizeof bounds[0]);
    return bounds[number - 1];
}

/* --- The payloads ------------------------------------------------------ */

/* Where the transport key stands in a certificate (PROTOCOL.md section 3). */
#define KEY_BEGIN 48u
#define KEY_END   (KEY_BEGIN + SG_KEY_SIZE)

_Static_assert(SG_HELLO_APPLICANT_SIZE + SG_CERTIFICATE_SIZE - SG_KEY_SIZE ==
                   SG_HELLO_MEMBER_2_SIZE,
               "a member sends his certificate without its transport key");
_Static_assert(SG_HELLO_MEMBER_2_SIZE + SG_HELLO_ROOT_SIZE ==
                   SG_HELLO_MEMBER_3_SIZE,
               "and in message 3 his head root");
_Static_assert(SG_HELLO_OVERHEAD_3 + SG_HELLO_MEMBER_3_SIZE <=
                   SG_HANDSHAKE_SIZE_MAX,
               "it fits");

#define FLAG_READY 1u

/* An applicant dials, knows no root yet, and is not ready for stage 2. */
static bool is_possible(const struct sg_hello_payload *payload, unsigned number)
{
    bool is_applicant = payload->form == SG_HELLO_APPLICANT;

    if (!is_applicant && payload->form != SG_HELLO_MEMBER)
        return false;
    if (is_applicant != (payload->generation == SG_HELLO_NO_GENERATION))
        return false;
    if (number == 2)
        return !is_applicant && !payload->is_ready;
    return !is_applicant || !payload->is_ready;
}

size_t sg_hello_payload_encode(const struct sg_hello_payload *payload,
                               unsigned number,
                               uint8_t ret[SG_HELLO_PAYLOAD_SIZE_MAX])
{
    const uint8_t *certificate = payload->certificate;
    struct sg_writer writer;
    enum sg_err err;

    SG_ASSERT(number == 2 || number == 3);
    SG_ASSERT(payload->minor == SG_HELLO_MINOR);
    SG_ASSERT((payload->features & ~SG_HELLO_FEATURE_CELLS) == 0);
    SG_ASSERT(is_possible(payload, number));
    sg_writer_init_array(&writer, ret, SG_HELLO_PAYLOAD_SIZE_MAX);
    sg_writer_u8(&writer, (uint8_t)payload->form);
    sg_writer_u8(&writer, payload->minor);
    sg_writer_u32be(&writer, payload->features);
    sg_writer_u8(&writer, payload->is_ready ? FLAG_READY : 0);
    sg_writer_u8(&writer, payload->generation);
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(payload->database_tag));
    if (payload->form == SG_HELLO_MEMBER) {
        sg_writer_bytes(&writer, sg_bytes(certificate, KEY_BEGIN));
        sg_writer_bytes(&writer, sg_bytes(certificate + KEY_END,
                                          SG_CERTIFICATE_SIZE - KEY_END));
        if (number == 3)
            sg_writer_bytes(&writer, SG_BYTES_ARRAY(payload->head_root));
    }
    err = sg_writer_end(&writer);
    SG_ASSERT(err == SG_OK);
    return writer.size;
}

/* Reads the certificate around its transport key, which is put in its place. */
static void read_certificate(struct sg_reader *reader,
                             const uint8_t remote_static[SG_KEY_SIZE],
                             uint8_t ret[SG_CERTIFICATE_SIZE])
{
    sg_reader_copy(reader, ret, KEY_BEGIN);
    memcpy(ret + KEY_BEGIN, remote_static, SG_KEY_SIZE);
    sg_reader_copy(reader, ret + KEY_END, SG_CERTIFICATE_SIZE - KEY_END);
}

enum sg_err sg_hello_payload_decode(struct sg_bytes bytes, unsigned number,
                                    const uint8_t remote_static[SG_KEY_SIZE],
                                    struct sg_hello_payload *ret_payload)
{
    struct sg_hello_payload payload = {0};
    struct sg_reader reader;
    enum sg_err err;
    uint8_t flags;

    SG_ASSERT(number == 2 || number == 3);
    sg_reader_init(&reader, bytes);
    payload.form = (enum sg_hello_form)sg_reader_u8(&reader);
    payload.minor = sg_reader_u8(&reader);
    payload.features = sg_reader_u32be(&reader);
    flags = sg_reader_u8(&reader);
    payload.is_ready = (flags & FLAG_READY) != 0;
    payload.generation = sg_reader_u8(&reader);
    sg_reader_copy(&reader, payload.database_tag, sizeof payload.database_tag);
    if ((flags & ~FLAG_READY) != 0 || !is_possible(&payload, number))
        sg_reader_fail(&reader, SG_ERR_MALFORMED);
    if (payload.form == SG_HELLO_MEMBER) {
        read_certificate(&reader, remote_static, payload.certificate);
        if (number == 3)
            sg_reader_copy(&reader, payload.head_root,
                           sizeof payload.head_root);
    }
    if (payload.minor > SG_HELLO_MINOR)
        (void)sg_reader_rest(&reader);
    err = sg_reader_end(&reader);
    if (err == SG_OK)
        *ret_payload = payload;
    return err;
}
