#include "storage/log/fork.h"

#include <string.h>

#include "storage/base/check.h"
#include "storage/base/reader.h"
#include "storage/base/writer.h"

#define VERSION 1

_Static_assert(SG_FORK_SIZE_MIN ==
                   1 + 32 + SG_LOG_CORE_SIZE + 2 * (8 + 32 + SG_SIGNATURE_SIZE),
               "PROTOCOL.md section 12");

void sg_fork_order(struct sg_fork *fork, const struct sg_checkpoint *a,
                   const struct sg_checkpoint *b)
{
    bool swap =
        a->size > b->size ||
        (a->size == b->size && memcmp(&a->root, &b->root, sizeof a->root) > 0);
    fork->smaller = swap ? *b : *a;
    fork->larger = swap ? *a : *b;
}

static void put_checkpoint(struct sg_writer *writer,
                           const struct sg_checkpoint *checkpoint)
{
    sg_writer_u64be(writer, checkpoint->size);
    sg_writer_bytes(writer, SG_BYTES_ARRAY(checkpoint->root.bytes));
    sg_writer_bytes(writer, SG_BYTES_ARRAY(checkpoint->signature));
}

size_t sg_fork_encode(const struct sg_fork *fork, uint8_t ret[SG_FORK_SIZE_MAX])
{
    struct sg_writer writer;
    uint8_t *core;
    enum sg_err err;
    size_t i;

    SG_ASSERT(fork->hash_count <= SG_FORK_HASHES_MAX);
    sg_writer_init_array(&writer, ret, SG_FORK_SIZE_MAX);
    sg_writer_u8(&writer, VERSION);
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(fork->registry.hash.bytes));
    core = sg_writer_room(&writer, SG_LOG_CORE_SIZE);
    SG_ASSERT(core != NULL);
    sg_entry_core_encode(&fork->core, core);
    put_checkpoint(&writer, &fork->smaller);
    put_checkpoint(&writer, &fork->larger);
    for (i = 0; i < fork->hash_count; i++) {
        sg_writer_bytes(&writer, SG_BYTES_ARRAY(fork->hashes[i].bytes));
    }
    err = sg_writer_end(&writer);
    SG_ASSERT(err == SG_OK);
    return writer.size;
}

static void get_checkpoint(struct sg_reader *reader,
                           struct sg_checkpoint *checkpoint)
{
    checkpoint->size = sg_reader_u64be(reader);
    sg_reader_copy(reader, checkpoint->root.bytes, 32);
    sg_reader_copy(reader, checkpoint->signature, SG_SIGNATURE_SIZE);
    if (checkpoint->size == 0) {
        sg_reader_fail(reader, SG_ERR_MALFORMED);
    }
}

enum sg_err sg_fork_decode(struct sg_bytes bytes, struct sg_fork *ret_fork)
{
    struct sg_fork fork;
    struct sg_reader reader;
    struct sg_bytes core;
    enum sg_err err;
    uint8_t version;

    memset(&fork, 0, sizeof fork);
    sg_reader_init(&reader, bytes);
    version = sg_reader_u8(&reader);
    if (bytes.size > 0 && version != VERSION) {
        return SG_ERR_VERSION;
    }
    sg_reader_copy(&reader, fork.registry.hash.bytes, 32);
    core = sg_reader_take(&reader, SG_LOG_CORE_SIZE);
    get_checkpoint(&reader, &fork.smaller);
    get_checkpoint(&reader, &fork.larger);
    while (reader.err == SG_OK && reader.left.size > 0 &&
           fork.hash_count < SG_FORK_HASHES_MAX) {
        sg_reader_copy(&reader, fork.hashes[fork.hash_count++].bytes, 32);
    }
    err = sg_reader_end(&reader);
    if (err == SG_OK) {
        err = sg_entry_core_decode(core, &fork.core);
    }
    if (err == SG_OK) {
        *ret_fork = fork;
    }
    return err;
}

/* The larger tree as the hashes have it: its root is the signed one, and its
 * root at the smaller size is not. */
static enum sg_err check_histories(const struct sg_fork *fork)
{
    struct sg_frontier frontier;
    struct sg_hash root;
    size_t before = (size_t)__builtin_popcountll(fork->smaller.size);
    enum sg_err err;

    if (fork->hash_count < before) {
        return SG_ERR_PROOF;
    }
    memset(&frontier, 0, sizeof frontier);
    frontier.size = fork->smaller.size;
    memcpy(frontier.hashes, fork->hashes, before * sizeof fork->hashes[0]);
    err = sg_merkle_fold(&frontier, fork->larger.size, fork->hashes + before,
                         fork->hash_count - before, &root);
    if (err != SG_OK) {
        return SG_ERR_PROOF;
    }
    if (memcmp(&root, &fork->larger.root, sizeof root) != 0) {
        return SG_ERR_PROOF;
    }
    root = sg_merkle_root(&frontier);
    return memcmp(&root, &fork->smaller.root, sizeof root) != 0 ? SG_OK
                                                                : SG_ERR_PROOF;
}

enum sg_err sg_fork_verify(const struct sg_fork *fork)
{
    struct sg_log_id log = sg_entry_log_id(&fork->registry, &fork->core);
    enum sg_err err = sg_checkpoint_verify(&fork->registry, &log,
                                           fork->core.node_key, &fork->smaller);
    if (err == SG_OK) {
        err = sg_checkpoint_verify(&fork->registry, &log, fork->core.node_key,
                                   &fork->larger);
    }
    if (err != SG_OK) {
        return err;
    }
    if (fork->smaller.size < fork->larger.size) {
        return check_histories(fork);
    }
    return fork->smaller.size == fork->larger.size && fork->hash_count == 0 &&
                   memcmp(&fork->smaller.root, &fork->larger.root,
                          sizeof fork->smaller.root) < 0
               ? SG_OK
               : SG_ERR_PROOF;
}
