#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tools/home.h"
#include "tools/stick_file.h"
#include "tools/verb.h"

#define OFFSET_SECONDS 25200 /* Viet Nam has one time zone */
#define DAY_SIZE       32

const struct sg_verb_page sg_verb_bundle_show_page = {
    "FILE... [--dir DIR]",
    {"Says what a bundle is, from its file alone: its kind, whether it is "
     "whole, for\n"
     "how many nodes; and, if it is for this one, who made it, when, and how "
     "much is in\n"
     "it. Nothing is taken. Exit 0 if all files are whole, 4 if one is "
     "damaged.\n",
     "Cho biết một gói là gì, chỉ từ tệp: loại, còn nguyên hay không, dành cho "
     "mấy nút;\n"
     "và nếu dành cho nút này: ai lập, lúc nào, có bao nhiêu mục. Không nhận "
     "gì cả. Mã\n"
     "kết thúc 0 nếu mọi tệp còn nguyên, 4 nếu có tệp hỏng.\n"},
    "  $ sogoc bundle show stick/*.bundle --dir node\n",
};

static const struct sg_out_shape shape = {
    .type = "bundle",
    .field_count = 12,
    .fields = {{"file", {"file", "tệp"}, 0},
               {"id", {"bundle", "gói"}, 0},
               {"kind", {"kind", "loại"}, 0},
               {"part", {"part", "phần"}, 0},
               {"parts", {"of", "trên"}, 0},
               {"pieces", {"pieces", "số khối"}, 0},
               {"state", {"state", "tình trạng"}, 0},
               {"damaged", {"damaged pieces", "khối hỏng"}, 0},
               {"destinations", {"for nodes", "số nơi nhận"}, 0},
               {"maker", {"made by", "bên lập"}, 0},
               {"made", {"made", "lập lúc"}, 0},
               {"entries", {"entries", "số mục"}, 0}},
};

static struct sg_out_value state_value(const struct sg_cli *cli,
                                       const struct sg_stick_sight *sight)
{
    if (sight->cut_at > 0)
        return sg_out_word("cut", sg_cli_say(cli, NULL, "bị cắt"));
    if (sight->damaged > 0)
        return sg_out_word("damaged", sg_cli_say(cli, NULL, "bị hỏng"));
    if (!sight->is_ours)
        return sg_out_word("sealed for others",
                           sg_cli_say(cli, NULL, "niêm phong cho nơi khác"));
    return sg_out_word("whole", sg_cli_say(cli, NULL, "còn nguyên"));
}

static const char *kind_name(const struct sg_cli *cli, enum sg_bundle_kind kind)
{
    static const char *const names[][2] = {
        [SG_BUNDLE_REQUEST] = {"request", "yêu cầu"},
        [SG_BUNDLE_ENTRIES] = {"entries", "các mục"},
        [SG_BUNDLE_STATEMENTS] = {"statements", "xác nhận"},
    };

    return names[kind][cli->is_json ? SG_LANG_EN : cli->lang];
}

static void show(struct sg_cli *cli, const char *path,
                 const struct sg_stick_sight *sight)
{
    const struct sg_bundle_header *header = &sight->header;
    time_t seconds = (time_t)sight->seconds + OFFSET_SECONDS;
    char made[DAY_SIZE] = "-";
    struct tm parts;

    if (gmtime_r(&seconds, &parts) != NULL)
        (void)strftime(made, sizeof made, "%Y-%m-%d %H:%M:%S +07", &parts);
    const struct sg_out_value values[] = {
        sg_out_bytes(SG_OUT_BODY, sg_bytes(path, strlen(path))),
        sg_out_bytes(SG_OUT_HEX, SG_BYTES_ARRAY(header->id)),
        sg_out_word(kind_name(cli, header->kind), NULL),
        sg_out_number(header->part),
        sg_out_number(header->parts),
        sg_out_number(header->pieces),
        state_value(cli, sight),
        sg_out_number(sight->damaged),
        sg_out_number(header->n_boxes),
        sight->has_maker
            ? sg_out_bytes(SG_OUT_HEX, SG_BYTES_ARRAY(sight->maker))
            : sg_out_none(),
        sight->has_maker ? sg_out_word(made, NULL) : sg_out_none(),
        sight->is_ours ? sg_out_number(sight->entries) : sg_out_none(),
    };
    sg_out_card(&cli->out, &shape, values);
}

int sg_verb_bundle_show(struct sg_cli *cli, struct sg_cli_words words)
{
    struct sg_stick_sight sight;
    struct sg_key *key = NULL;
    int result = 0;
    int code = sg_cli_options(cli, &words, NULL, 0, 1, INT_MAX);

    if (code == 0)
        code = sg_home_key(cli, SG_HOME_TRANSPORT, &key);
    if (code == 0 && key == NULL)
        code = sg_cli_fail(cli, SG_EXIT_KEY,
                           "%s/keys/transport.key is missing: --dir must be a "
                           "node",
                           "thiếu %s/keys/transport.key: --dir phải là một nút",
                           cli->dir);
    for (int i = 0; i < words.count && code == 0; i++) {
        code = sg_stick_look(cli, words.words[i], key, &sight);
        if (code == 0) {
            show(cli, words.words[i], &sight);
            if (sight.damaged > 0 || sight.cut_at > 0)
                result = SG_EXIT_DAMAGED;
        }
    }
    sg_key_file_free(key);
    return code != 0 ? code : result;
}
