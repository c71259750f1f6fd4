/* The reader of fixed layouts: any script of reads over any bytes stays within
 * them, fails for good once it fails, and reads back what the writer writes. */
#include <string.h>

#include "storage/base/check.h"
#include "storage/base/reader.h"
#include "storage/base/writer.h"
#include "tests/fuzz/fuzz.h"

/* The first byte says how many follow as script; the rest is what is read. */
struct script {
    struct sg_bytes steps;
    struct sg_bytes input;
};

static struct script split(const uint8_t *data, size_t size)
{
    size_t n_steps = size == 0 ? 0 : data[0];

    if (n_steps + 1 > size)
        n_steps = size == 0 ? 0 : size - 1;
    size_t first = size == 0 ? 0 : 1;
    return (struct script){
        .steps = {data + first, n_steps},
        .input = {data + first + n_steps, size - first - n_steps}};
}

static void read_varint(struct sg_reader *reader)
{
    const struct sg_bytes before = reader->left;
    uint8_t again[SG_VARINT_SIZE_MAX];
    struct sg_writer writer;

    uint64_t value = sg_reader_varint(reader);
    if (reader->err != SG_OK)
        return;
    /* One encoding of each value: what was read is what is written. */
    sg_writer_init_array(&writer, again, sizeof(again));
    sg_writer_varint(&writer, value);
    size_t size = before.size - reader->left.size;
    SG_ASSERT(sg_writer_end(&writer) == SG_OK);
    SG_ASSERT(writer.size == size);
    SG_ASSERT(memcmp(again, before.data, size) == 0);
}

static void step(struct sg_reader *reader, uint8_t what)
{
    uint8_t copy[16];

    switch (what % 7) {
    case 0:
        (void)sg_reader_u8(reader);
        break;
    case 1:
        (void)sg_reader_u16be(reader);
        break;
    case 2:
        (void)sg_reader_u32be(reader);
        break;
    case 3:
        (void)sg_reader_u64be(reader);
        break;
    case 4:
        read_varint(reader);
        break;
    case 5:
        sg_reader_copy(reader, copy, what % sizeof(copy));
        break;
    default:
        (void)sg_reader_take(reader, what);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct script script = split(data, size);
    const uint8_t *end = script.input.data + script.input.size;
    struct sg_reader reader;

    sg_reader_init(&reader, script.input);
    for (size_t i = 0; i < script.steps.size; i++) {
        const enum sg_err before = reader.err;
        step(&reader, script.steps.data[i]);
        if (before != SG_OK)
            SG_ASSERT(reader.err == before);
        else if (reader.err == SG_OK)
            SG_ASSERT(reader.left.data + reader.left.size == end);
    }
    bool is_whole = reader.err == SG_OK && reader.left.size == 0;
    SG_ASSERT((sg_reader_end(&reader) == SG_OK) == is_whole);
    return 0;
}
