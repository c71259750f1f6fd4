/* Signed notes and vkeys: what is accepted is written again and is the same
 * bytes; and only the text that was signed verifies. */
#include <string.h>

#include "storage/base/buf.h"
#include "storage/base/check.h"
#include "storage/log/note.h"
#include "tests/fuzz/fuzz.h"

/* The example of C2SP signed-note. */
static const char vkey[] =
    "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
static const char signed_text[] = "This is an example message.\n";

static void write_line(struct sg_writer *writer,
                       const struct sg_note_signature *line)
{
    uint8_t bytes[SG_NOTE_SIGNATURE_SIZE_MAX];
    struct sg_note_key key = {.name = line->name, .id = line->key_id};
    size_t size = line->base64.size / 4 * 3;

    for (size_t i = line->base64.size; line->base64.data[i - 1] == '='; i--)
        size--;
    SG_ASSERT(size > 4);
    SG_ASSERT(sg_note_signature_get(line, bytes, size - 4) == SG_OK);
    sg_note_write_signature(writer, &key, sg_bytes(bytes, size - 4));
}

static void try_note(struct sg_bytes bytes)
{
    struct sg_note_key key;
    struct sg_writer writer;
    struct sg_note note;
    struct sg_buf again;

    if (sg_note_parse(bytes, &note) != SG_OK)
        return;
    sg_buf_init(&again, SG_NOTE_SIZE_MAX);
    sg_writer_init_buf(&writer, &again);
    sg_note_write_text(&writer, note.text);
    for (size_t i = 0; i < note.count; i++)
        write_line(&writer, &note.signatures[i]);
    SG_ASSERT(sg_writer_end(&writer) == SG_OK);
    SG_ASSERT(sg_bytes_equal(sg_buf_bytes(&again), bytes));
    sg_buf_clear(&again);
    SG_ASSERT(sg_note_key_parse(sg_bytes(vkey, sizeof vkey - 1), &key) ==
              SG_OK);
    if (sg_note_verify(&note, &key, 1) == SG_OK)
        SG_ASSERT(sg_bytes_equal(
            note.text, sg_bytes(signed_text, sizeof signed_text - 1)));
}

static void try_key(struct sg_bytes bytes)
{
    struct sg_note_key key;
    struct sg_writer writer;
    struct sg_buf again;

    if (sg_note_key_parse(bytes, &key) != SG_OK)
        return;
    sg_buf_init(&again, bytes.size);
    sg_writer_init_buf(&writer, &again);
    sg_note_write_key(&writer, &key);
    SG_ASSERT(sg_writer_end(&writer) == SG_OK);
    SG_ASSERT(sg_bytes_equal(sg_buf_bytes(&again), bytes));
    sg_buf_clear(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sg_bytes bytes = {data, size};

    SG_ASSERT(sg_crypto_init() == SG_OK);
    try_note(bytes);
    try_key(bytes);
    return 0;
}
