#include "storage/base/pack.h"

#include <msgpack.h>

#include "storage/base/msgpack.h"

static int pack_write(void *data, const char *bytes, size_t size)
{
    struct sg_pack *pack = data;

    sg_writer_bytes(&pack->writer, sg_bytes(bytes, size));
    return 0; /* the writer keeps the error */
}

static msgpack_packer packer(struct sg_pack *pack)
{
    return (msgpack_packer){.data = pack, .callback = pack_write};
}

void sg_pack_init(struct sg_pack *pack, struct sg_buf *buf)
{
    sg_writer_init_buf(&pack->writer, buf);
}

void sg_pack_nil(struct sg_pack *pack)
{
    msgpack_packer to = packer(pack);

    (void)msgpack_pack_nil(&to);
}

void sg_pack_bool(struct sg_pack *pack, bool value)
{
    msgpack_packer to = packer(pack);

    (void)(value ? msgpack_pack_true(&to) : msgpack_pack_false(&to));
}

void sg_pack_uint(struct sg_pack *pack, uint64_t value)
{
    msgpack_packer to = packer(pack);

    (void)msgpack_pack_uint64(&to, value);
}

void sg_pack_int(struct sg_pack *pack, int64_t value)
{
    msgpack_packer to = packer(pack);

    (void)msgpack_pack_int64(&to, value);
}

void sg_pack_str(struct sg_pack *pack, struct sg_bytes text)
{
    msgpack_packer to = packer(pack);

    if (text.size > UINT32_MAX)
        sg_writer_fail(&pack->writer, SG_ERR_LIMIT);
    (void)msgpack_pack_str(&to, text.size);
    sg_writer_bytes(&pack->writer, text);
}

void sg_pack_bin(struct sg_pack *pack, struct sg_bytes bytes)
{
    msgpack_packer to = packer(pack);

    if (bytes.size > UINT32_MAX)
        sg_writer_fail(&pack->writer, SG_ERR_LIMIT);
    (void)msgpack_pack_bin(&to, bytes.size);
    sg_writer_bytes(&pack->writer, bytes);
}

void sg_pack_array(struct sg_pack *pack, uint32_t count)
{
    msgpack_packer to = packer(pack);

    (void)msgpack_pack_array(&to, count);
}

void sg_pack_map(struct sg_pack *pack, uint32_t count)
{
    msgpack_packer to = packer(pack);

    (void)msgpack_pack_map(&to, count);
}

void sg_pack_raw(struct sg_pack *pack, struct sg_bytes encoded)
{
    sg_writer_bytes(&pack->writer, encoded);
}

enum sg_err sg_pack_end(struct sg_pack *pack)
{
    struct sg_writer *writer = &pack->writer;
    enum sg_err err = writer->err;

    if (err == SG_OK)
        err = sg_msgpack_check(sg_writer_written(writer), writer->size);
    if (err != SG_OK)
        sg_writer_fail(writer, err);
    return sg_writer_end(writer);
}
