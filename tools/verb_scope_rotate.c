#include "tools/seat_scope.h"
#include "tools/unit_name.h"
#include "tools/verb.h"

const struct sg_verb_page sg_verb_scope_rotate_page = {
    "UNIT... [--dir DIR]",
    {"Replaces the scope keys of UNITs: the nodes that have the old one and "
     "are still\n"
     "admitted get the new one. What was sealed before stays readable with the "
     "old\n"
     "key; what is sealed from now on is not.\n",
     "Thay khóa phạm vi của các UNIT: những nút đang có khóa cũ và còn được "
     "thừa nhận\n"
     "nhận khóa mới. Phần đã niêm phong trước đây vẫn mở được bằng khóa cũ; "
     "phần\n"
     "niêm phong từ nay thì không.\n"},
    "  $ sogoc scope rotate 'Tỉnh Thanh Hóa' --dir authority\n",
};

static const struct sg_out_shape shape = {
    .type = "scope_rotated",
    .field_count = 2,
    .fields = {{"unit", {"unit", "đơn vị"}, -14},
               {"nodes", {"nodes", "số nút"}, -8}},
    .legend = {"nodes: that were given the new key.",
               "số nút: được cấp khóa mới."},
};

static int rotate(struct sg_cli *cli, struct sg_seat *seat,
                  struct sg_unit_key unit)
{
    size_t readers = 0;
    int code = sg_seat_scope_rotate(seat, unit, NULL, &readers);

    if (code == 0) {
        const struct sg_out_value values[] = {sg_out_number(unit.value),
                                              sg_out_number(readers)};

        sg_out_row(&cli->out, &shape, values);
    }
    return code;
}

int sg_verb_scope_rotate(struct sg_cli *cli, struct sg_cli_words words)
{
    struct sg_unit_key units[SG_SEAT_SCOPE_UNITS_MAX];
    struct sg_seat seat;
    int code = sg_cli_options(cli, &words, NULL, 0, 1, SG_SEAT_SCOPE_UNITS_MAX);

    if (code == 0)
        code = sg_seat_open(cli, SG_SEAT_SPEAK, NULL, &seat);
    if (code != 0)
        return code;
    code = sg_unit_name_find_all(cli, sg_authority_units(seat.authority),
                                 words.words, (size_t)words.count, units);
    for (int i = 0; i < words.count && code == 0; i++)
        code = rotate(cli, &seat, units[i]);
    if (code == 0)
        code = sg_seat_file(&seat);
    sg_seat_close(&seat);
    return code;
}
