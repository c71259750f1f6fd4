#include <stdio.h>
#include <string.h>

#include "storage/lmdb/file.h"
#include "storage/registry/unit_file.h"
#include "tools/seat_admit.h"
#include "tools/unit_name.h"
#include "tools/verb.h"

#define FILE_SIZE_MAX (16u << 20)

const struct sg_verb_page sg_verb_unit_publish_page = {
    "[FILE] [--dir DIR]",
    {"Publishes the units and successions of FILE (default: those of this "
     "release)\n"
     "that the authority has not published, or otherwise; and the code tables "
     "of this\n"
     "release of which there is none. What was published and is not in FILE "
     "stays.\n"
     "The format: storage/registry/data/README.md.\n",
     "Công bố các đơn vị và quan hệ kế thừa trong FILE (mặc định: của bản phát "
     "hành\n"
     "này) mà cơ quan quản lý chưa công bố, hoặc công bố khác; và các bảng mã "
     "chưa\n"
     "có. Những gì đã công bố mà không có trong FILE thì giữ nguyên.\n"
     "Định dạng: storage/registry/data/README.md.\n"},
    "  $ sogoc unit publish --dir authority\n",
};

static const struct sg_out_shape shape = {
    .type = "published",
    .field_count = 2,
    .fields = {{"units", {"units and successions", "đơn vị và kế thừa"}, 0},
               {"codes", {"code tables", "bảng mã"}, 0}},
};

static int read_units(const struct sg_cli *cli, const char *path,
                      struct sg_unit_table **ret_units)
{
    struct sg_buf text;
    size_t line = 0;
    enum sg_err err;

    sg_buf_init(&text, FILE_SIZE_MAX);
    err = sg_file_read(path, &text);
    if (err != SG_OK) {
        sg_buf_clear(&text);
        return sg_cli_fail_err(cli, err, path);
    }
    err = sg_unit_file_read(sg_buf_bytes(&text), ret_units, &line);
    sg_buf_clear(&text);
    if (err == SG_OK)
        return 0;
    return sg_cli_fail(cli, SG_EXIT_DAMAGED,
                       "%s: line %zu: %s; nothing was published",
                       "%s: dòng %zu: %s; chưa công bố gì", path, line,
                       sg_err_text(err, cli->lang));
}

static int publish(struct sg_cli *cli, const struct sg_unit_table *units)
{
    struct sg_seat seat;
    size_t n_units = 0, n_codes = 0;
    int code = sg_seat_open(cli, SG_SEAT_SPEAK, NULL, &seat);

    if (code != 0)
        return code;
    code = sg_seat_admit_units(&seat, units, &n_units);
    if (code == 0)
        code = sg_seat_admit_codes(&seat, &n_codes);
    if (code == 0)
        code = sg_seat_file(&seat);
    if (code == 0) {
        const struct sg_out_value values[] = {sg_out_number(n_units),
                                              sg_out_number(n_codes)};

        sg_out_card(&cli->out, &shape, values);
    }
    sg_seat_close(&seat);
    return code;
}

int sg_verb_unit_publish(struct sg_cli *cli, struct sg_cli_words words)
{
    struct sg_unit_table *units;
    int code = sg_cli_options(cli, &words, NULL, 0, 0, 1);

    if (code == 0)
        code = words.count == 1 ? read_units(cli, words.words[0], &units)
                                : sg_unit_name_shipped(cli, &units);
    if (code != 0)
        return code;
    code = publish(cli, units);
    sg_unit_table_free(units);
    return code;
}
