/* Bundles: the first byte says what the rest is taken for: a header, what is
 * inside a piece of each kind, a manifest. What is accepted is written again as
 * the same bytes. */
#include <string.h>

#include "replication/bundle.h"
#include "storage/base/check.h"
#include "tests/fuzz/fuzz.h"

static const struct sg_registry_id registry = {{{0x11, 0x11}}};

static void try_header(struct sg_bytes input)
{
    static uint8_t written[SG_BUNDLE_HEADER_SIZE_MAX];
    struct sg_bundle_header header;
    struct sg_writer writer;
    struct sg_bytes boxes;

    if (sg_bundle_header_decode(input, &registry, &header, &boxes) != SG_OK)
        return;
    SG_ASSERT(boxes.size == header.n_boxes * SG_BUNDLE_BOX_SIZE);
    SG_ASSERT(sg_bundle_part_size(&header) <= SG_BUNDLE_SIZE_MAX);
    sg_writer_init_array(&writer, written, sizeof written);
    SG_ASSERT(sg_bundle_header_encode(&header, &registry, boxes.data,
                                      &writer) == SG_OK);
    SG_ASSERT(memcmp(written, input.data,
                     sg_bundle_header_size(header.n_boxes)) == 0);
}

/* A header whose hash is right, so that more than the hash is tried. */
static void try_sound_header(struct sg_bytes input)
{
    static uint8_t bytes[4096];
    struct sg_hash hash;
    size_t size = input.size < 2048 ? input.size : 2048;

    if (size == 0)
        return;
    memcpy(bytes, input.data, size);
    if (size >= 28)
        memcpy(bytes + 12, registry.hash.bytes, 8);
    sg_crypto_purpose_hash("sogoc v1 bundle", &registry.hash, bytes, size,
                           &hash);
    memcpy(bytes + size, hash.bytes, sizeof hash.bytes);
    try_header(sg_bytes(bytes, size + sizeof hash.bytes));
}

static void try_messages(struct sg_bytes input, enum sg_bundle_kind kind)
{
    struct sg_frame_message message;

    do {
        size_t before = input.size;

        if (sg_bundle_next(&input, kind, &message) != SG_OK)
            return;
        SG_ASSERT(message.type == SG_MESSAGE_NONE || input.size < before);
        SG_ASSERT(message.body.size <= sg_frame_body_max(message.type));
    } while (message.type != SG_MESSAGE_NONE);
    SG_ASSERT(input.size == 0);
}

static void try_manifest(struct sg_bytes input)
{
    struct sg_bundle_manifest manifest;
    uint8_t written[SG_BUNDLE_MANIFEST_SIZE];

    if (sg_bundle_manifest_decode(input, &manifest) != SG_OK)
        return;
    sg_bundle_manifest_encode(&manifest, written);
    SG_ASSERT(input.size == sizeof written &&
              memcmp(written, input.data, sizeof written) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sg_bytes input;

    if (size == 0)
        return 0;
    input = sg_bytes(data + 1, size - 1);
    switch (data[0] % 6) {
    case 0:
        try_header(input);
        break;
    case 1:
        try_sound_header(input);
        break;
    case 2:
        try_manifest(input);
        break;
    default:
        try_messages(input, (enum sg_bundle_kind)(data[0] % 6 - 2));
        break;
    }
    return 0;
}
