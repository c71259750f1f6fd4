#include <stdio.h>
#include <string.h>

#include "tools/caller.h"
#include "tools/unit_name.h"
#include "tools/verb.h"

#define PATH_SIZE 96

const struct sg_verb_page sg_verb_cut_page = {
    "[--roots] [--socket PATH]",
    {"Lists the cut: each log that the running node holds, its size and its "
     "root. What\n"
     "is counted now is counted from this, and two nodes with the same cut "
     "count the\n"
     "same.\n"
     "\n"
     "  --roots        the state root of the register, in all and by unit\n"
     "  --socket PATH  of the daemon (/run/sogoc/sogocd.sock)\n",
     "Liệt kê lát cắt: từng nhật ký nút đang giữ, kích thước và gốc cây. Mọi "
     "số "
     "liệu\n"
     "lúc này tính từ đó; hai nút cùng lát cắt thì cho cùng số liệu.\n"
     "\n"
     "  --roots        gốc trạng thái của sổ, toàn bộ và từng đơn vị\n"
     "  --socket PATH  socket của sogocd (/run/sogoc/sogocd.sock)\n"},
    "  $ sogoc cut --socket sogocd.sock\n",
};

static const struct sg_out_shape shape = {
    .type = "cut",
    .field_count = 3,
    .fields = {{"log", {"log", "nhật ký"}, 16},
               {"size", {"size", "kích thước"}, -12},
               {"root", {"root", "gốc cây"}, 64}},
    .legend = {"log: the first digits of its id.",
               "nhật ký: các chữ số đầu của mã."},
};

static const struct sg_out_shape roots_shape = {
    .type = "root",
    .field_count = 5,
    .fields = {{"unit", {"unit", "mã đơn vị"}, -14},
               {"name", {"name", "tên"}, 24},
               {"persons", {"persons", "số người"}, -10},
               {"rows", {"rows", "số dòng"}, -10},
               {"root", {"state root", "gốc trạng thái"}, 64}},
    .legend = {"-: not computable here: what the unit reads is not all held, "
               "opened, signed and counted yet. Unit 0 is all.",
               "-: tại đây không tính được: những gì đơn vị được đọc chưa có "
               "đủ, chưa mở, chưa kiểm chữ ký hoặc chưa đếm hết. Đơn vị 0 là "
               "toàn bộ."},
};

static int show_logs(struct sg_cli *cli, const char *socket)
{
    uint64_t after = 0;

    do {
        char path[PATH_SIZE];
        json_t *answer, *row;
        size_t i;
        int code;

        (void)snprintf(path, sizeof path, "/v1/cut?after=%llu",
                       (unsigned long long)after);
        code = sg_caller_get(cli, socket, path, &answer);
        if (code != 0)
            return code;
        json_array_foreach(json_object_get(answer, "cut"), i, row)
        {
            uint8_t log[32], root[32];
            const struct sg_out_value values[] = {
                sg_caller_hex_value(row, "log", log),
                sg_caller_number_value(row, "size"),
                sg_caller_hex_value(row, "root", root),
            };

            sg_out_row(&cli->out, &shape, values);
        }
        after = sg_caller_number(answer, "after");
        json_decref(answer);
    } while (after != 0);
    return 0;
}

static void show_root(struct sg_cli *cli, const struct sg_unit_table *units,
                      const json_t *row)
{
    struct sg_unit_key key = {sg_caller_number(row, "unit")};
    const struct sg_unit *unit = sg_unit_find(units, key);
    uint8_t root[32];
    const struct sg_out_value values[] = {
        sg_out_number(key.value),
        unit == NULL ? sg_out_none() : sg_out_bytes(SG_OUT_BODY, unit->name),
        sg_caller_number_value(row, "persons"),
        sg_caller_number_value(row, "rows"),
        sg_caller_hex_value(row, "root", root),
    };

    sg_out_row(&cli->out, &roots_shape, values);
}

static int show_roots(struct sg_cli *cli, const char *socket)
{
    struct sg_unit_table *units;
    json_t *answer, *row;
    size_t i;
    int code = sg_unit_name_shipped(cli, &units);

    if (code != 0)
        return code;
    code = sg_caller_get(cli, socket, "/v1/roots", &answer);
    if (code == 0) {
        show_root(cli, units, json_object_get(answer, "all"));
        json_array_foreach(json_object_get(answer, "units"), i, row)
            show_root(cli, units, row);
        json_decref(answer);
    }
    sg_unit_table_free(units);
    return code;
}

int sg_verb_cut(struct sg_cli *cli, struct sg_cli_words words)
{
    const char *socket = SG_CALLER_SOCKET;
    bool is_roots = false;
    const struct sg_cli_option options[] = {
        {"--roots", SG_CLI_FLAG, .flag = &is_roots},
        {"--socket", SG_CLI_TEXT, .text = &socket},
    };
    int code = sg_cli_options(cli, &words, options, 2, 0, 0);

    if (code != 0)
        return code;
    return is_roots ? show_roots(cli, socket) : show_logs(cli, socket);
}
