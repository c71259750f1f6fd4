#include "storage/log/checkpoint.h"

#include <string.h>

#include "storage/base/check.h"
#include "storage/base/text.h"
#include "storage/log/lines.h"

#define ORIGIN_PREFIX "sogoc/v1/"
#define HASH_HEX_SIZE 64

_Static_assert(sizeof ORIGIN_PREFIX - 1 + HASH_HEX_SIZE + 1 + HASH_HEX_SIZE ==
                   SG_CHECKPOINT_ORIGIN_SIZE,
               "origin");
_Static_assert(SG_CHECKPOINT_ORIGIN_SIZE + 1 + 20 + 1 + 44 + 1 ==
                   SG_CHECKPOINT_TEXT_MAX,
               "origin, 20 digits, base64 of 32 bytes");
_Static_assert(SG_CHECKPOINT_TEXT_MAX + 1 + 4 + SG_CHECKPOINT_ORIGIN_SIZE + 1 +
                       92 + 1 ==
                   SG_CHECKPOINT_NOTE_MAX,
               "empty line, dash, name, base64 of 68 bytes");

/* Ends a writer whose array was measured beforehand; gives what it wrote. */
static struct sg_bytes end_fitting(struct sg_writer *writer)
{
    enum sg_err err = sg_writer_end(writer);

    SG_ASSERT(err == SG_OK);
    return sg_bytes(writer->array, writer->size);
}

static void origin_write(struct sg_writer *writer,
                         const struct sg_registry_id *registry,
                         const struct sg_log_id *log)
{
    sg_writer_bytes(writer, SG_BYTES_TEXT(ORIGIN_PREFIX));
    sg_text_hex_encode(writer, SG_BYTES_ARRAY(registry->hash.bytes));
    sg_writer_u8(writer, '/');
    sg_text_hex_encode(writer, SG_BYTES_ARRAY(log->hash.bytes));
}

size_t sg_checkpoint_text(const struct sg_registry_id *registry,
                          const struct sg_log_id *log, uint64_t size,
                          const struct sg_hash *root,
                          uint8_t ret_text[SG_CHECKPOINT_TEXT_MAX])
{
    struct sg_writer writer;

    sg_writer_init_array(&writer, ret_text, SG_CHECKPOINT_TEXT_MAX);
    origin_write(&writer, registry, log);
    sg_writer_u8(&writer, '\n');
    sg_text_decimal_encode(&writer, size);
    sg_writer_u8(&writer, '\n');
    sg_text_base64_encode(&writer, SG_BYTES_ARRAY(root->bytes));
    sg_writer_u8(&writer, '\n');
    return end_fitting(&writer).size;
}

void sg_checkpoint_sign(const struct sg_registry_id *registry,
                        const struct sg_log_id *log,
                        const struct sg_sign_key *key, uint64_t size,
                        const struct sg_hash *root,
                        struct sg_checkpoint *ret_checkpoint)
{
    uint8_t text[SG_CHECKPOINT_TEXT_MAX];
    size_t text_size = sg_checkpoint_text(registry, log, size, root, text);

    SG_ASSERT(size > 0);
    *ret_checkpoint = (struct sg_checkpoint){.size = size, .root = *root};
    sg_crypto_sign(key, text, text_size, ret_checkpoint->signature);
}

enum sg_err sg_checkpoint_verify(const struct sg_registry_id *registry,
                                 const struct sg_log_id *log,
                                 const uint8_t node_key[SG_KEY_SIZE],
                                 const struct sg_checkpoint *checkpoint)
{
    uint8_t text[SG_CHECKPOINT_TEXT_MAX];
    size_t size = sg_checkpoint_text(registry, log, checkpoint->size,
                                     &checkpoint->root, text);

    return sg_crypto_verify(node_key, text, size, checkpoint->signature);
}

void sg_checkpoint_encode(const struct sg_checkpoint *checkpoint,
                          uint8_t ret_bytes[SG_CHECKPOINT_SIZE])
{
    SG_ASSERT(checkpoint->size > 0);
    sg_bytes_put_u64be(ret_bytes, checkpoint->size);
    memcpy(ret_bytes + 8, checkpoint->signature, SG_SIGNATURE_SIZE);
}

enum sg_err sg_checkpoint_decode(const uint8_t bytes[SG_CHECKPOINT_SIZE],
                                 struct sg_checkpoint *ret_checkpoint)
{
    uint64_t size = sg_bytes_get_u64be(bytes);

    if (size == 0)
        return SG_ERR_MALFORMED;
    *ret_checkpoint = (struct sg_checkpoint){.size = size};
    memcpy(ret_checkpoint->signature, bytes + 8, SG_SIGNATURE_SIZE);
    return SG_OK;
}

/* Makes the key of the log's writer as notes name it, with ORIGIN under it. */
static struct sg_note_key writer_key(const struct sg_registry_id *registry,
                                     const struct sg_log_id *log,
                                     const uint8_t node_key[SG_KEY_SIZE],
                                     uint8_t origin[SG_CHECKPOINT_ORIGIN_SIZE])
{
    struct sg_note_key key;
    struct sg_writer writer;
    enum sg_err err;

    sg_writer_init_array(&writer, origin, SG_CHECKPOINT_ORIGIN_SIZE);
    origin_write(&writer, registry, log);
    err =
        sg_note_key_init(&key, end_fitting(&writer), SG_NOTE_ED25519, node_key);
    SG_ASSERT(err == SG_OK);
    return key;
}

static void note_write(struct sg_writer *writer,
                       const struct sg_registry_id *registry,
                       const struct sg_log_id *log,
                       const uint8_t node_key[SG_KEY_SIZE],
                       const struct sg_checkpoint *checkpoint)
{
    uint8_t origin[SG_CHECKPOINT_ORIGIN_SIZE], text[SG_CHECKPOINT_TEXT_MAX];
    struct sg_note_key key = writer_key(registry, log, node_key, origin);
    size_t size = sg_checkpoint_text(registry, log, checkpoint->size,
                                     &checkpoint->root, text);

    SG_ASSERT(checkpoint->size > 0);
    sg_note_write_text(writer, sg_bytes(text, size));
    sg_note_write_signature(writer, &key,
                            SG_BYTES_ARRAY(checkpoint->signature));
}

enum sg_err sg_checkpoint_print(const struct sg_registry_id *registry,
                                const struct sg_log_id *log,
                                const uint8_t node_key[SG_KEY_SIZE],
                                const struct sg_checkpoint *checkpoint,
                                struct sg_buf *ret_note)
{
    struct sg_writer writer;

    sg_writer_init_buf(&writer, ret_note);
    note_write(&writer, registry, log, node_key, checkpoint);
    return sg_writer_end(&writer);
}

/* Reads the origin's two ids from what follows its prefix. */
static void ids_read(struct sg_lines *lines, struct sg_bytes ids,
                     struct sg_checkpoint_note *ret_note)
{
    if (ids.size != HASH_HEX_SIZE + 1 + HASH_HEX_SIZE ||
        ids.data[HASH_HEX_SIZE] != '/') {
        sg_lines_fail(lines, SG_ERR_MALFORMED);
        return;
    }
    sg_lines_hex(lines, sg_bytes(ids.data, HASH_HEX_SIZE),
                 ret_note->registry.hash.bytes,
                 sizeof ret_note->registry.hash.bytes);
    sg_lines_hex(lines, sg_bytes(ids.data + HASH_HEX_SIZE + 1, HASH_HEX_SIZE),
                 ret_note->log.hash.bytes, sizeof ret_note->log.hash.bytes);
}

static enum sg_err text_parse(struct sg_bytes text,
                              struct sg_checkpoint_note *ret_note)
{
    struct sg_checkpoint *checkpoint = &ret_note->checkpoint;
    struct sg_lines lines;

    sg_lines_init(&lines, text);
    ids_read(&lines, sg_lines_after(&lines, SG_BYTES_TEXT(ORIGIN_PREFIX)),
             ret_note);
    checkpoint->size = sg_lines_decimal(&lines, sg_lines_next(&lines));
    if (checkpoint->size == 0)
        sg_lines_fail(&lines, SG_ERR_MALFORMED);
    sg_lines_base64(&lines, sg_lines_next(&lines), checkpoint->root.bytes,
                    sizeof checkpoint->root.bytes);
    return sg_lines_end(&lines);
}

/* Parses NOTE, and tells how many signature lines it has. */
static enum sg_err note_parse(struct sg_bytes bytes,
                              struct sg_checkpoint_note *ret_note,
                              size_t *ret_count)
{
    struct sg_note note;
    struct sg_bytes origin;
    enum sg_err err = sg_note_parse(bytes, &note);

    if (err == SG_OK)
        err = text_parse(note.text, ret_note);
    if (err != SG_OK)
        return err;
    origin = sg_bytes(note.text.data, SG_CHECKPOINT_ORIGIN_SIZE);
    if (!sg_bytes_equal(note.signatures[0].name, origin))
        return SG_ERR_MALFORMED;
    ret_note->key_id = note.signatures[0].key_id;
    *ret_count = note.count;
    return sg_note_signature_get(
        &note.signatures[0], ret_note->checkpoint.signature, SG_SIGNATURE_SIZE);
}

enum sg_err sg_checkpoint_parse(struct sg_bytes note,
                                struct sg_checkpoint_note *ret_note)
{
    struct sg_checkpoint_note parsed;
    size_t count;
    enum sg_err err = note_parse(note, &parsed, &count);

    if (err == SG_OK)
        *ret_note = parsed;
    return err;
}

uint32_t sg_checkpoint_key_id(const struct sg_registry_id *registry,
                              const struct sg_log_id *log,
                              const uint8_t node_key[SG_KEY_SIZE])
{
    uint8_t origin[SG_CHECKPOINT_ORIGIN_SIZE];
    return writer_key(registry, log, node_key, origin).id;
}

enum sg_err sg_checkpoint_note_verify(const struct sg_checkpoint_note *note,
                                      const uint8_t node_key[SG_KEY_SIZE])
{
    if (note->key_id !=
        sg_checkpoint_key_id(&note->registry, &note->log, node_key))
        return SG_ERR_SIGNATURE;
    return sg_checkpoint_verify(&note->registry, &note->log, node_key,
                                &note->checkpoint);
}

void sg_checkpoint_cosign(const struct sg_registry_id *registry,
                          const struct sg_log_id *log,
                          const struct sg_checkpoint *checkpoint,
                          const struct sg_sign_key *witness, uint64_t time,
                          uint8_t ret_cosignature[SG_COSIGNATURE_SIZE])
{
    uint8_t text[SG_CHECKPOINT_TEXT_MAX];
    size_t size = sg_checkpoint_text(registry, log, checkpoint->size,
                                     &checkpoint->root, text);

    sg_note_cosign(witness, time, sg_bytes(text, size), ret_cosignature);
}

enum sg_err sg_checkpoint_verify_cosignature(
    const struct sg_registry_id *registry, const struct sg_log_id *log,
    const struct sg_checkpoint *checkpoint,
    const uint8_t witness_key[SG_KEY_SIZE],
    const uint8_t cosignature[SG_COSIGNATURE_SIZE])
{
    uint8_t text[SG_CHECKPOINT_TEXT_MAX];
    size_t size = sg_checkpoint_text(registry, log, checkpoint->size,
                                     &checkpoint->root, text);

    return sg_note_verify_cosignature(witness_key, sg_bytes(text, size),
                                      cosignature);
}

/*
 * C2SP tlog-proof v1.
 */

#define PROOF_FIRST_LINE "c2sp.org/tlog-proof@v1"
#define PROOF_EXTRA      "extra "
#define PROOF_INDEX      "index "

_Static_assert(sizeof PROOF_FIRST_LINE + sizeof PROOF_EXTRA + 64 +
                       sizeof PROOF_INDEX + 20 + SG_MERKLE_HASHES_MAX * 45 + 1 +
                       SG_CHECKPOINT_NOTE_MAX ==
                   SG_TLOG_PROOF_SIZE_MAX,
               "each sizeof counts the newline");

enum sg_err sg_checkpoint_proof_print(const struct sg_tlog_proof *proof,
                                      const uint8_t node_key[SG_KEY_SIZE],
                                      struct sg_buf *ret_text)
{
    struct sg_writer writer;

    SG_ASSERT(proof->path_count <= SG_MERKLE_HASHES_MAX);
    sg_writer_init_buf(&writer, ret_text);
    sg_writer_bytes(&writer, SG_BYTES_TEXT(PROOF_FIRST_LINE "\n" PROOF_EXTRA));
    sg_text_base64_encode(&writer, SG_BYTES_ARRAY(proof->header));
    sg_writer_bytes(&writer, SG_BYTES_TEXT("\n" PROOF_INDEX));
    sg_text_decimal_encode(&writer, proof->index);
    sg_writer_u8(&writer, '\n');
    for (size_t i = 0; i < proof->path_count; i++) {
        sg_text_base64_encode(&writer, SG_BYTES_ARRAY(proof->path[i].bytes));
        sg_writer_u8(&writer, '\n');
    }
    sg_writer_u8(&writer, '\n');
    note_write(&writer, &proof->note.registry, &proof->note.log, node_key,
               &proof->note.checkpoint);
    return sg_writer_end(&writer);
}

/* Reads hashes up to the empty line, and that too. */
static void path_read(struct sg_lines *lines, struct sg_tlog_proof *ret_proof)
{
    for (;;) {
        struct sg_bytes line = sg_lines_next(lines);
        struct sg_hash *hash = &ret_proof->path[ret_proof->path_count];

        if (lines->err != SG_OK || line.size == 0)
            return;
        if (ret_proof->path_count == SG_MERKLE_HASHES_MAX) {
            sg_lines_fail(lines, SG_ERR_LIMIT);
            return;
        }
        sg_lines_base64(lines, line, hash->bytes, sizeof hash->bytes);
        ret_proof->path_count++;
    }
}

enum sg_err sg_checkpoint_proof_parse(struct sg_bytes text,
                                      struct sg_tlog_proof *ret_proof)
{
    struct sg_tlog_proof proof = {.path_count = 0};
    struct sg_lines lines;
    size_t signature_count;
    enum sg_err err;

    if (text.size > SG_TLOG_PROOF_SIZE_MAX)
        return SG_ERR_LIMIT;
    sg_lines_init(&lines, text);
    if (sg_lines_after(&lines, SG_BYTES_TEXT(PROOF_FIRST_LINE)).size > 0)
        sg_lines_fail(&lines, SG_ERR_MALFORMED);
    sg_lines_base64(&lines, sg_lines_after(&lines, SG_BYTES_TEXT(PROOF_EXTRA)),
                    proof.header, sizeof proof.header);
    proof.index = sg_lines_decimal(
        &lines, sg_lines_after(&lines, SG_BYTES_TEXT(PROOF_INDEX)));
    path_read(&lines, &proof);
    if (lines.err != SG_OK)
        return lines.err;
    err = note_parse(lines.left, &proof.note, &signature_count);
    if (err != SG_OK)
        return err;
    if (signature_count != 1)
        return SG_ERR_TRAILING;
    *ret_proof = proof;
    return SG_OK;
}

enum sg_err sg_checkpoint_proof_verify(const struct sg_tlog_proof *proof,
                                       const uint8_t node_key[SG_KEY_SIZE])
{
    struct sg_hash leaf = sg_merkle_leaf(proof->header, sizeof proof->header);
    enum sg_err err = sg_checkpoint_note_verify(&proof->note, node_key);

    if (err != SG_OK)
        return err;
    return sg_merkle_check_inclusion(proof->index, proof->note.checkpoint.size,
                                     &leaf, proof->path, proof->path_count,
                                     &proof->note.checkpoint.root);
}
