/* The reader of canonical MessagePack: what it accepts, read value by value and
 * packed again, is the same bytes; what the walk refuses, the check refuses,
 * with the same error; and nobody reads beyond the end. */
#include <string.h>

#include "storage/base/check.h"
#include "storage/base/msgpack.h"
#include "storage/base/pack.h"
#include "tests/fuzz/fuzz.h"

static void copy_value(struct sg_msgpack *from, struct sg_pack *to);

static void copy_array(struct sg_msgpack *from, struct sg_pack *to)
{
    uint32_t count = sg_msgpack_read_array(from);

    sg_pack_array(to, count);
    for (uint32_t i = 0; i < count && from->err == SG_OK; i++)
        copy_value(from, to);
}

static void copy_map(struct sg_msgpack *from, struct sg_pack *to)
{
    uint32_t count = sg_msgpack_read_map(from);

    sg_pack_map(to, count);
    for (uint32_t i = 0; i < count && from->err == SG_OK; i++) {
        copy_value(from, to);
        copy_value(from, to);
    }
}

/* As deep as the reader lets it be: SG_MSGPACK_DEPTH_MAX. */
static void copy_value(struct sg_msgpack *from, struct sg_pack *to)
{
    switch (sg_msgpack_peek(from)) {
    case SG_MSGPACK_NIL:
        sg_msgpack_read_nil(from);
        sg_pack_nil(to);
        break;
    case SG_MSGPACK_BOOL:
        sg_pack_bool(to, sg_msgpack_read_bool(from));
        break;
    case SG_MSGPACK_UINT:
        sg_pack_uint(to, sg_msgpack_read_uint(from));
        break;
    case SG_MSGPACK_INT:
        sg_pack_int(to, sg_msgpack_read_int(from));
        break;
    case SG_MSGPACK_STR:
        sg_pack_str(to, sg_msgpack_read_str(from));
        break;
    case SG_MSGPACK_BIN:
        sg_pack_bin(to, sg_msgpack_read_bin(from));
        break;
    case SG_MSGPACK_ARRAY:
        copy_array(from, to);
        break;
    case SG_MSGPACK_MAP:
        copy_map(from, to);
        break;
    case SG_MSGPACK_NONE:
        /* The end, or no type of ours: skip says which. */
        (void)sg_msgpack_skip(from);
        SG_ASSERT(from->err != SG_OK);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sg_bytes input = {data, size};
    enum sg_err verdict = sg_msgpack_check(input, SG_RECORD_SIZE_MAX);
    struct sg_msgpack reader;
    struct sg_pack pack;
    struct sg_buf copy;

    if (size > SG_RECORD_SIZE_MAX) {
        SG_ASSERT(verdict == SG_ERR_LIMIT);
        return 0;
    }
    sg_buf_init(&copy, SG_RECORD_SIZE_MAX);
    sg_msgpack_init(&reader, input);
    sg_pack_init(&pack, &copy);
    copy_value(&reader, &pack);
    SG_ASSERT(sg_msgpack_end(&reader) == verdict);
    enum sg_err packed = sg_pack_end(&pack);
    if (verdict == SG_OK) {
        SG_ASSERT(packed == SG_OK);
        SG_ASSERT(copy.size == size);
        SG_ASSERT(memcmp(copy.data, data, size) == 0);
    }
    sg_buf_clear(&copy);
    return 0;
}
