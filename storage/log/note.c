#include "storage/log/note.h"

#include <string.h>

#include "storage/base/check.h"
#include "storage/base/text.h"
#include "storage/log/lines.h"

#define KEY_ID_SIZE 4

/* The header of a cosigned message with the longest time there is. */
#define COSIGNED_SIZE_MAX (15 + 5 + 20 + 1 + SG_COSIGNED_TEXT_SIZE_MAX)

static const char dash[] = "\xe2\x80\x94 "; /* U+2014 and a space */

static struct sg_bytes text_of(const char *text)
{
    return sg_bytes(text, strlen(text));
}

static bool contains(struct sg_bytes text, struct sg_bytes part)
{
    return memmem(text.data, text.size, part.data, part.size) != NULL;
}

/* "Key names MUST be non-empty and MUST NOT contain any Unicode spaces or plus
 * (U+002B) characters." Unicode's property White_Space, in UTF-8. */
static enum sg_err name_check(struct sg_bytes name)
{
    static const char *const refused[] = {"+",
                                          "\t",
                                          "\n",
                                          "\v",
                                          "\f",
                                          "\r",
                                          " ",
                                          "\xc2\x85",
                                          "\xc2\xa0",
                                          "\xe1\x9a\x80",
                                          "\xe2\x80\x80",
                                          "\xe2\x80\x81",
                                          "\xe2\x80\x82",
                                          "\xe2\x80\x83",
                                          "\xe2\x80\x84",
                                          "\xe2\x80\x85",
                                          "\xe2\x80\x86",
                                          "\xe2\x80\x87",
                                          "\xe2\x80\x88",
                                          "\xe2\x80\x89",
                                          "\xe2\x80\x8a",
                                          "\xe2\x80\xa8",
                                          "\xe2\x80\xa9",
                                          "\xe2\x80\xaf",
                                          "\xe2\x81\x9f",
                                          "\xe3\x80\x80"};

    if (name.size == 0)
        return SG_ERR_MALFORMED;
    if (!sg_text_is_utf8(name))
        return SG_ERR_TEXT;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        if (contains(name, text_of(refused[i])))
            return SG_ERR_MALFORMED;
    }
    return SG_OK;
}

/* key ID = SHA-256(key name || 0x0A || signature type || public key)[:4] */
static uint32_t key_id(struct sg_bytes name, enum sg_note_key_type type,
                       const uint8_t public_key[SG_KEY_SIZE])
{
    const uint8_t middle[] = {'\n', (uint8_t)type};
    struct sg_sha256 ctx;
    struct sg_hash hash;

    sg_crypto_sha256_init(&ctx);
    sg_crypto_sha256_update(&ctx, name.data, name.size);
    sg_crypto_sha256_update(&ctx, middle, sizeof middle);
    sg_crypto_sha256_update(&ctx, public_key, SG_KEY_SIZE);
    sg_crypto_sha256_final(&ctx, &hash);
    return sg_bytes_get_u32be(hash.bytes);
}

enum sg_err sg_note_key_init(struct sg_note_key *key, struct sg_bytes name,
                             enum sg_note_key_type type,
                             const uint8_t public_key[SG_KEY_SIZE])
{
    enum sg_err err = name_check(name);

    SG_ASSERT(type == SG_NOTE_ED25519 || type == SG_NOTE_COSIGNATURE);
    if (err != SG_OK)
        return err;
    key->name = name;
    key->type = type;
    key->id = key_id(name, type, public_key);
    memcpy(key->public_key, public_key, SG_KEY_SIZE);
    return SG_OK;
}

/* Cuts off what stands before the next plus, and the plus; all, if there is
 * none. */
static struct sg_bytes take_part(struct sg_bytes *vkey)
{
    const uint8_t *plus =
        vkey->size > 0 ? memchr(vkey->data, '+', vkey->size) : NULL;
    struct sg_bytes part = *vkey;

    if (plus == NULL) {
        *vkey = (struct sg_bytes){0};
        return part;
    }
    part.size = (size_t)(plus - part.data);
    vkey->data += part.size + 1;
    vkey->size -= part.size + 1;
    return part;
}

enum sg_err sg_note_key_parse(struct sg_bytes vkey, struct sg_note_key *ret_key)
{
    struct sg_lines form = {.err = SG_OK};
    struct sg_bytes name = take_part(&vkey), id_hex = take_part(&vkey);
    uint8_t id[KEY_ID_SIZE], first[3], material[1 + SG_KEY_SIZE];
    struct sg_note_key key;
    enum sg_err err;

    sg_lines_hex(&form, id_hex, id, sizeof id);
    if (vkey.size < 4)
        return SG_ERR_MALFORMED;
    /* What follows may be of any length: look at the type first. */
    sg_lines_base64(&form, sg_bytes(vkey.data, 4), first, sizeof first);
    if (first[0] != SG_NOTE_ED25519 && first[0] != SG_NOTE_COSIGNATURE)
        sg_lines_fail(&form, SG_ERR_VERSION);
    sg_lines_base64(&form, vkey, material, sizeof material);
    if (form.err != SG_OK)
        return form.err;
    err = sg_note_key_init(&key, name, material[0], material + 1);
    if (err != SG_OK)
        return err;
    if (key.id != sg_bytes_get_u32be(id))
        return SG_ERR_MALFORMED;
    *ret_key = key;
    return SG_OK;
}

void sg_note_write_key(struct sg_writer *writer, const struct sg_note_key *key)
{
    uint8_t id[KEY_ID_SIZE], material[1 + SG_KEY_SIZE];

    sg_bytes_put_u32be(id, key->id);
    material[0] = (uint8_t)key->type;
    memcpy(material + 1, key->public_key, SG_KEY_SIZE);
    sg_writer_bytes(writer, key->name);
    sg_writer_u8(writer, '+');
    sg_text_hex_encode(writer, SG_BYTES_ARRAY(id));
    sg_writer_u8(writer, '+');
    sg_text_base64_encode(writer, SG_BYTES_ARRAY(material));
}

/* "Signed notes MUST be valid UTF-8 and MUST NOT contain any ASCII control
 * characters (those below U+0020) other than newline." */
static enum sg_err characters_check(struct sg_bytes bytes)
{
    if (bytes.size > SG_NOTE_SIZE_MAX)
        return SG_ERR_LIMIT;
    for (size_t i = 0; i < bytes.size; i++) {
        if (bytes.data[i] < ' ' && bytes.data[i] != '\n')
            return SG_ERR_MALFORMED;
    }
    return sg_text_is_utf8(bytes) ? SG_OK : SG_ERR_TEXT;
}

/* "The text is separated from the signatures by the last empty line in the
 * note." Gives where that line is, or bytes.size. */
static size_t last_empty_line(struct sg_bytes bytes)
{
    for (size_t i = bytes.size; i > 1; i--) {
        if (bytes.data[i - 1] == '\n' && bytes.data[i - 2] == '\n')
            return i - 1;
    }
    return bytes.size;
}

/* Reads one line: em dash, space, key name, space, base64 of key id and
 * signature. */
static void signature_read(struct sg_lines *lines,
                           struct sg_note_signature *ret_signature)
{
    struct sg_bytes line = sg_lines_after(lines, text_of(dash));
    const uint8_t *space =
        line.size > 0 ? memchr(line.data, ' ', line.size) : NULL;
    uint8_t blob[KEY_ID_SIZE + SG_NOTE_SIGNATURE_SIZE_MAX];
    struct sg_writer writer;
    enum sg_err err;
    size_t name_size;

    if (space == NULL) {
        sg_lines_fail(lines, SG_ERR_MALFORMED);
        return;
    }
    name_size = (size_t)(space - line.data);
    *ret_signature = (struct sg_note_signature){
        .line = line,
        .name = {line.data, name_size},
        .base64 = {space + 1, line.size - name_size - 1},
    };
    err = name_check(ret_signature->name);
    if (err != SG_OK)
        sg_lines_fail(lines, err);
    sg_writer_init_array(&writer, blob, sizeof blob);
    sg_text_base64_decode(&writer, ret_signature->base64);
    err = sg_writer_end(&writer);
    if (err != SG_OK)
        sg_lines_fail(lines, err);
    else if (writer.size <= KEY_ID_SIZE)
        sg_lines_fail(lines, SG_ERR_MALFORMED);
    else
        ret_signature->key_id = sg_bytes_get_u32be(blob);
}

enum sg_err sg_note_parse(struct sg_bytes bytes, struct sg_note *ret_note)
{
    size_t empty_line = last_empty_line(bytes);
    struct sg_note note = {.text = {bytes.data, empty_line}};
    struct sg_lines lines;
    enum sg_err err = characters_check(bytes);

    if (err != SG_OK)
        return err;
    if (empty_line + 1 >= bytes.size)
        return SG_ERR_MALFORMED;
    sg_lines_init(&lines, sg_bytes(bytes.data + empty_line + 1,
                                   bytes.size - empty_line - 1));
    while (lines.err == SG_OK && lines.left.size > 0) {
        if (note.count == SG_NOTE_SIGNATURES_MAX)
            return SG_ERR_LIMIT;
        signature_read(&lines, &note.signatures[note.count++]);
    }
    err = sg_lines_end(&lines);
    if (err == SG_OK)
        *ret_note = note;
    return err;
}

enum sg_err sg_note_signature_get(const struct sg_note_signature *signature,
                                  uint8_t *ret_bytes, size_t size)
{
    uint8_t blob[KEY_ID_SIZE + SG_NOTE_SIGNATURE_SIZE_MAX];
    struct sg_lines form = {.err = SG_OK};

    SG_ASSERT(size <= SG_NOTE_SIGNATURE_SIZE_MAX);
    sg_lines_base64(&form, signature->base64, blob, KEY_ID_SIZE + size);
    if (form.err != SG_OK)
        return form.err;
    memcpy(ret_bytes, blob + KEY_ID_SIZE, size);
    return SG_OK;
}

/* Finds the key that LINE says it is by: name and id. Errors: NOTFOUND; INVALID
 * when there are two. */
static enum sg_err find_key(const struct sg_note_signature *line,
                            const struct sg_note_key keys[], size_t key_count,
                            const struct sg_note_key **ret_key)
{
    const struct sg_note_key *found = NULL;

    for (size_t i = 0; i < key_count; i++) {
        if (keys[i].id != line->key_id ||
            !sg_bytes_equal(keys[i].name, line->name))
            continue;
        if (found != NULL)
            return SG_ERR_INVALID;
        found = &keys[i];
    }
    *ret_key = found;
    return found != NULL ? SG_OK : SG_ERR_NOTFOUND;
}

static enum sg_err line_verify(struct sg_bytes text,
                               struct sg_note_signature *line,
                               const struct sg_note_key *key)
{
    uint8_t bytes[SG_COSIGNATURE_SIZE];
    enum sg_err err;

    if (key->type == SG_NOTE_ED25519) {
        if (sg_note_signature_get(line, bytes, SG_SIGNATURE_SIZE) != SG_OK)
            return SG_ERR_SIGNATURE;
        return sg_crypto_verify(key->public_key, text.data, text.size, bytes);
    }
    if (sg_note_signature_get(line, bytes, SG_COSIGNATURE_SIZE) != SG_OK)
        return SG_ERR_SIGNATURE;
    err = sg_note_verify_cosignature(key->public_key, text, bytes);
    if (err == SG_OK)
        line->time = sg_bytes_get_u64be(bytes);
    return err;
}

/* Whether the line at INDEX is one of those above it again, or by the same key
 * as one of them. */
static bool is_repeated(const struct sg_note *note, size_t index,
                        const struct sg_note_key *key)
{
    const struct sg_note_signature *line = &note->signatures[index];

    for (size_t i = 0; i < index; i++) {
        const struct sg_note_signature *above = &note->signatures[i];

        if (key != NULL ? above->key == key
                        : sg_bytes_equal(above->line, line->line))
            return true;
    }
    return false;
}

enum sg_err sg_note_verify(struct sg_note *note,
                           const struct sg_note_key keys[], size_t key_count)
{
    bool is_verified = false;

    for (size_t i = 0; i < note->count; i++) {
        struct sg_note_signature *line = &note->signatures[i];
        const struct sg_note_key *key = NULL;
        enum sg_err err = find_key(line, keys, key_count, &key);

        line->key = NULL;
        line->time = 0;
        line->state = SG_NOTE_UNKNOWN;
        if (err == SG_OK)
            err = line_verify(note->text, line, key);
        else if (err == SG_ERR_NOTFOUND)
            err = SG_OK;
        if (err != SG_OK)
            return err;
        if (is_repeated(note, i, key)) {
            line->state = SG_NOTE_REPEATED;
        } else if (key != NULL) {
            line->state = SG_NOTE_VERIFIED;
            line->key = key;
            is_verified = true;
        }
    }
    return is_verified ? SG_OK : SG_ERR_SIGNATURE;
}

void sg_note_write_text(struct sg_writer *writer, struct sg_bytes text)
{
    SG_ASSERT(text.size > 0);
    SG_ASSERT(text.data[text.size - 1] == '\n');
    sg_writer_bytes(writer, text);
    sg_writer_u8(writer, '\n');
}

void sg_note_write_signature(struct sg_writer *writer,
                             const struct sg_note_key *key,
                             struct sg_bytes signature)
{
    uint8_t blob[KEY_ID_SIZE + SG_NOTE_SIGNATURE_SIZE_MAX];

    SG_ASSERT(signature.size > 0);
    SG_ASSERT(signature.size <= SG_NOTE_SIGNATURE_SIZE_MAX);
    sg_bytes_put_u32be(blob, key->id);
    memcpy(blob + KEY_ID_SIZE, signature.data, signature.size);
    sg_writer_bytes(writer, text_of(dash));
    sg_writer_bytes(writer, key->name);
    sg_writer_u8(writer, ' ');
    sg_text_base64_encode(writer, sg_bytes(blob, KEY_ID_SIZE + signature.size));
    sg_writer_u8(writer, '\n');
}

/* Lays out what a witness signs: two lines, then the text as it is. */
static size_t cosigned_message(uint64_t time, struct sg_bytes text,
                               uint8_t ret_message[COSIGNED_SIZE_MAX])
{
    struct sg_writer writer;
    enum sg_err err;

    sg_writer_init_array(&writer, ret_message, COSIGNED_SIZE_MAX);
    sg_writer_bytes(&writer, SG_BYTES_TEXT("cosignature/v1\ntime "));
    sg_text_decimal_encode(&writer, time);
    sg_writer_u8(&writer, '\n');
    sg_writer_bytes(&writer, text);
    err = sg_writer_end(&writer);
    SG_ASSERT(err == SG_OK);
    return writer.size;
}

void sg_note_cosign(const struct sg_sign_key *key, uint64_t time,
                    struct sg_bytes text,
                    uint8_t ret_cosignature[SG_COSIGNATURE_SIZE])
{
    uint8_t message[COSIGNED_SIZE_MAX];
    size_t size;

    SG_ASSERT(time <= INT64_MAX);
    SG_ASSERT(text.size <= SG_COSIGNED_TEXT_SIZE_MAX);
    size = cosigned_message(time, text, message);
    sg_bytes_put_u64be(ret_cosignature, time);
    sg_crypto_sign(key, message, size, ret_cosignature + 8);
}

enum sg_err sg_note_verify_cosignature(
    const uint8_t public_key[SG_KEY_SIZE], struct sg_bytes text,
    const uint8_t cosignature[SG_COSIGNATURE_SIZE])
{
    uint8_t message[COSIGNED_SIZE_MAX];
    uint64_t time = sg_bytes_get_u64be(cosignature);
    size_t size;

    if (text.size > SG_COSIGNED_TEXT_SIZE_MAX)
        return SG_ERR_LIMIT;
    if (time > INT64_MAX) /* "It MUST NOT exceed 2^63 - 1" */
        return SG_ERR_SIGNATURE;
    size = cosigned_message(time, text, message);
    return sg_crypto_verify(public_key, message, size, cosignature + 8);
}
