#include "replication/close.h"

#include <string.h>

#include "storage/base/check.h"
#include "storage/base/reader.h"
#include "storage/base/text.h"

static const struct {
    enum sg_close code;
    enum sg_err err;
} codes[] = {
#define ROW(name, code, error) {SG_CLOSE_##name, SG_ERR_##error},
    SG_CLOSE_LIST(ROW)
#undef ROW
};

enum sg_close sg_close_code(enum sg_err err)
{
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (codes[i].err == err)
            return codes[i].code;
    }
    switch (err) {
    case SG_OK:
        return SG_CLOSE_DONE;
    case SG_ERR_SIGNATURE:
    case SG_ERR_FORK:
    case SG_ERR_DECRYPT:
        return SG_CLOSE_PROOF;
    case SG_ERR_NOMEM:
    case SG_ERR_BUSY:
        return SG_CLOSE_BUSY;
    case SG_ERR_IO:
    case SG_ERR_DAMAGED:
    case SG_ERR_FULL:
    case SG_ERR_FATAL:
    case SG_ERR_ACCESS:
        return SG_CLOSE_STORAGE;
    default:
        return SG_CLOSE_MALFORMED;
    }
}

enum sg_err sg_close_err(enum sg_close code)
{
    SG_ASSERT((size_t)code < sizeof codes / sizeof codes[0]);
    SG_ASSERT(codes[code].code == code);
    return codes[code].err;
}

enum sg_err sg_close_decode(struct sg_bytes body, uint8_t *ret_code)
{
    struct sg_reader reader;
    enum sg_err err;
    uint8_t code;

    sg_reader_init(&reader, body);
    code = sg_reader_u8(&reader);
    err = sg_reader_end(&reader);
    if (err == SG_OK)
        *ret_code = code;
    return err;
}

void sg_close_write(struct sg_writer *writer, uint8_t code, enum sg_lang lang)
{
    const char *text;

    if (code >= sizeof codes / sizeof codes[0]) {
        sg_text_decimal_encode(writer, code);
        return;
    }
    text = sg_err_text(codes[code].err, lang);
    sg_writer_bytes(writer, sg_bytes(text, strlen(text)));
}
