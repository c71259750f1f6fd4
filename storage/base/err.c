#include "storage/base/err.h"

#include <stddef.h>

struct row {
    enum sg_err err;
    const char *name;
    const char *text[2]; /* by enum sg_lang */
};

static const struct row rows[] = {
#define SG_ERR_ROW(name, code, english, vietnamese) \
    {SG_ERR_##name, #name, {english, vietnamese}},
    SG_ERR_LIST(SG_ERR_ROW)
#undef SG_ERR_ROW
};

static const struct row unknown = {
    SG_ERR_OK, "UNKNOWN", {"an unknown error", "lỗi không xác định"}};

static const struct row *find(enum sg_err err)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].err == err)
            return &rows[i];
    }
    return &unknown;
}

const char *sg_err_name(enum sg_err err)
{
    return find(err)->name;
}

const char *sg_err_text(enum sg_err err, enum sg_lang lang)
{
    return find(err)->text[lang == SG_LANG_VI];
}
