/* Notes and proofs of ours: what is accepted is printed again and is the same
 * text; and only the one proof that was made verifies. */
#include <string.h>

#include "storage/base/check.h"
#include "storage/log/checkpoint.h"
#include "tests/fuzz/fuzz.h"

/* The node key of FORMAT.md's log; its checkpoint at size 3 is all that it has
 * signed. */
static const uint8_t node_key[SG_KEY_SIZE] = {
    0x8a, 0x88, 0xe3, 0xdd, 0x74, 0x09, 0xf1, 0x95, 0xfd, 0x52, 0xdb,
    0x2d, 0x3c, 0xba, 0x5d, 0x72, 0xca, 0x67, 0x09, 0xbf, 0x1d, 0x94,
    0x12, 0x1b, 0xf3, 0x74, 0x88, 0x01, 0xb4, 0x0f, 0x6f, 0x5c};

static void try_note(struct sg_bytes bytes)
{
    struct sg_checkpoint_note note, read;
    struct sg_buf again;
    enum sg_err err;

    if (sg_checkpoint_parse(bytes, &note) != SG_OK)
        return;
    sg_buf_init(&again, SG_CHECKPOINT_NOTE_MAX);
    SG_ASSERT(sg_checkpoint_print(&note.registry, &note.log, node_key,
                                  &note.checkpoint, &again) == SG_OK);
    SG_ASSERT(sg_checkpoint_parse(sg_buf_bytes(&again), &read) == SG_OK);
    /* The key id is the printer's, and lines of others are gone. */
    if (read.key_id == note.key_id)
        SG_ASSERT(memcmp(again.data, bytes.data, again.size) == 0);
    err = sg_checkpoint_note_verify(&note, node_key);
    SG_ASSERT(err == SG_OK || err == SG_ERR_SIGNATURE);
    if (err == SG_OK)
        SG_ASSERT(note.checkpoint.size == 3);
    sg_buf_clear(&again);
}

static void try_proof(struct sg_bytes bytes)
{
    struct sg_tlog_proof proof, read;
    struct sg_buf again;
    enum sg_err err;

    if (sg_checkpoint_proof_parse(bytes, &proof) != SG_OK)
        return;
    sg_buf_init(&again, SG_TLOG_PROOF_SIZE_MAX);
    SG_ASSERT(sg_checkpoint_proof_print(&proof, node_key, &again) == SG_OK);
    SG_ASSERT(again.size == bytes.size);
    SG_ASSERT(sg_checkpoint_proof_parse(sg_buf_bytes(&again), &read) == SG_OK);
    if (read.note.key_id == proof.note.key_id)
        SG_ASSERT(memcmp(again.data, bytes.data, again.size) == 0);
    err = sg_checkpoint_proof_verify(&proof, node_key);
    SG_ASSERT(err == SG_OK || err == SG_ERR_SIGNATURE || err == SG_ERR_PROOF);
    if (err == SG_OK)
        SG_ASSERT(proof.index == 2);
    sg_buf_clear(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sg_bytes bytes = {data, size};

    SG_ASSERT(sg_crypto_init() == SG_OK);
    try_note(bytes);
    try_proof(bytes);
    return 0;
}
