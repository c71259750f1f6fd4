#include <stdio.h>
#include <string.h>

#include "tools/caller.h"
#include "tools/unit_name.h"
#include "tools/verb.h"

#define PATH_SIZE 128

const struct sg_verb_page sg_verb_quality_page = {
    "[UNIT] [--by province|district|commune] [--socket PATH]",
    {"Shows how good the register is: correct, complete, clean, live, "
     "consistent; the\n"
     "verdict is the smallest of them. 80.0%/1234 is eighty of a hundred, of "
     "1,234 that\n"
     "could be judged.\n"
     "\n"
     "  UNIT           only what lies in this unit\n"
     "  --by LEVEL     a row for each unit of this level (commune)\n"
     "  --socket PATH  of the daemon (/run/sogoc/sogocd.sock)\n",
     "Chất lượng của sổ: đúng, đủ, sạch, sống, thống nhất; kết luận là chỉ số "
     "thấp\n"
     "nhất. 80.0%/1234 là tám mươi phần trăm của 1.234 trường hợp đánh giá "
     "được.\n"
     "\n"
     "  UNIT           chỉ trong đơn vị này\n"
     "  --by CẤP       mỗi hàng là một đơn vị của cấp này (commune)\n"
     "  --socket PATH  socket của sogocd (/run/sogoc/sogocd.sock)\n"},
    "  $ sogoc quality --socket sogocd.sock\n",
};

static const struct sg_out_shape shape = {
    .type = "quality",
    .field_count = 9,
    .fields = {{"name", {"where", "nơi"}, 22},
               {"persons", {"persons", "số người"}, -9},
               {"correct", {"correct", "đúng"}, -14},
               {"complete", {"complete", "đủ"}, -14},
               {"clean", {"clean", "sạch"}, -14},
               {"live", {"live", "sống"}, -14},
               {"consistent", {"consistent", "thống nhất"}, -14},
               {"sample", {"sample", "phúc tra"}, -9},
               {"verdict", {"verdict", "kết luận"}, 10}},
    .legend = {"-: nothing to judge it by. sample: persons visited. grey: too "
               "little is known; no unit is green without a reference count "
               "and a comparison with the centre.",
               "-: chưa có gì để đánh giá. phúc tra: số người đã đến gặp. xám: "
               "biết quá ít; chưa có số đối chiếu dân số và chưa so với trung "
               "tâm thì không đơn vị nào xanh."},
};

#define FIGURES 5u

static void show_measure(struct sg_cli *cli, const char *name,
                         const json_t *measure)
{
    static const char *const figures[FIGURES] = {"correct", "complete", "clean",
                                                 "live", "consistent"};
    const json_t *verdict = json_object_get(measure, "verdict");
    struct sg_out_value values[9] = {
        sg_out_bytes(SG_OUT_BODY, sg_bytes(name, strlen(name))),
        sg_caller_number_value(measure, "persons"),
    };
    char texts[FIGURES][32];

    for (size_t i = 0; i < FIGURES; i++) {
        const json_t *fraction = json_object_get(measure, figures[i]);

        values[2 + i] = sg_out_none();
        if (!json_is_string(json_object_get(fraction, "percent")))
            continue;
        (void)snprintf(texts[i], sizeof texts[i], "%s%%/%llu",
                       sg_caller_text(fraction, "percent"),
                       (unsigned long long)sg_caller_number(fraction, "in"));
        values[2 + i] =
            sg_out_bytes(SG_OUT_BODY, sg_bytes(texts[i], strlen(texts[i])));
    }
    values[7] =
        sg_caller_number_value(json_object_get(measure, "sample"), "persons");
    values[8] = sg_out_word(sg_caller_text(verdict, "word"),
                            sg_caller_words(cli, verdict));
    sg_out_row(&cli->out, &shape, values);
}

static int show(struct sg_cli *cli, const char *socket, unsigned level,
                struct sg_unit_key under)
{
    uint64_t after = 0;

    do {
        char path[PATH_SIZE];
        json_t *answer, *row;
        size_t i;
        int code;

        (void)snprintf(
            path, sizeof path, "/v1/quality?under=%llu&level=%u&after=%llu",
            (unsigned long long)under.value, level, (unsigned long long)after);
        code = sg_caller_get(cli, socket, path, &answer);
        if (code != 0)
            return code;
        json_array_foreach(json_object_get(answer, "units"), i, row)
            show_measure(cli, sg_caller_text(row, "name"),
                         json_object_get(row, "quality"));
        after = sg_caller_number(answer, "after");
        if (after == 0) {
            show_measure(cli, sg_cli_say(cli, "all together", "toàn bộ"),
                         json_object_get(answer, "total"));
            if (!json_is_true(json_object_get(answer, "complete")))
                sg_cli_note(cli,
                            "the node is still counting: ask again in a moment",
                            "nút còn đang đếm: hãy hỏi lại sau giây lát");
        }
        json_decref(answer);
    } while (after != 0);
    return 0;
}

int sg_verb_quality(struct sg_cli *cli, struct sg_cli_words words)
{
    static const char *const levels[] = {"", "province", "district", "commune"};
    const char *socket = SG_CALLER_SOCKET, *by = "commune";
    const struct sg_cli_option options[] = {
        {"--by", SG_CLI_TEXT, .text = &by},
        {"--socket", SG_CLI_TEXT, .text = &socket},
    };
    struct sg_unit_key under = SG_UNIT_COUNTRY;
    struct sg_unit_table *units;
    unsigned level = 0;
    int code = sg_cli_options(cli, &words, options, 2, 0, 1);

    for (unsigned i = 1; code == 0 && i < 4; i++)
        if (strcmp(levels[i], by) == 0)
            level = i;
    if (code == 0 && level == 0)
        code = sg_cli_fail(cli, SG_EXIT_USAGE,
                           "--by is province, district or commune",
                           "--by là province, district hoặc commune");
    if (code == 0 && words.count == 1) {
        code = sg_unit_name_shipped(cli, &units);
        if (code != 0)
            return code;
        code = sg_unit_name_find(cli, units, words.words[0], &under);
        sg_unit_table_free(units);
    }
    return code == 0 ? show(cli, socket, level, under) : code;
}
