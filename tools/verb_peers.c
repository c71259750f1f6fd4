#include "tools/caller.h"
#include "tools/verb.h"

const struct sg_verb_page sg_verb_peers_page = {
    "[--socket PATH]",
    {"Lists whom the running node is to talk to and who talks to it: since "
     "when,\n"
     "when it last said anything, and whether both have the same.\n"
     "\n"
     "  --socket PATH  of the daemon (/run/sogoc/sogocd.sock)\n",
     "Liệt kê các nút mà nút đang chạy cần liên lạc và các nút gọi đến: từ "
     "bao giờ,\n"
     "lần cuối nghe được khi nào, hai bên đã khớp dữ liệu chưa.\n"
     "\n"
     "  --socket PATH  socket của sogocd (/run/sogoc/sogocd.sock)\n"},
    "  $ sogoc peers --socket sogocd.sock\n",
};

static const struct sg_out_shape shape = {
    .type = "peer",
    .field_count = 9,
    .fields = {{"name", {"name", "tên"}, 20},
               {"address", {"address", "địa chỉ"}, 24},
               {"state", {"state", "tình trạng"}, 14},
               {"node", {"node key", "khóa nút"}, 16},
               {"open_ms", {"open ms", "mở ms"}, -10},
               {"silent_ms", {"silent ms", "im ms"}, -10},
               {"fetching", {"fetching", "đang lấy"}, -8},
               {"sent", {"sent", "đã gửi"}, -12},
               {"received", {"received", "đã nhận"}, -12}},
    .legend = {"-: a name that is not configured calls here. equal: both have "
               "the same. open: since the session began. silent: since the "
               "last word. fetching: logs.",
               "-: nút không có trong cấu hình, gọi đến. khớp: hai bên như "
               "nhau. mở: từ khi có phiên. im: từ lời cuối. đang lấy: số nhật "
               "ký."},
};

static struct sg_out_value state_of(const struct sg_cli *cli,
                                    const json_t *peer)
{
    static const struct {
        const char *member;
        bool is;
        const char *word, *en, *vi;
    } states[] = {
        {"connected", false, "down", "not connected", "mất kết nối"},
        {"withholds", true, "withholds", "withholds", "không giao"},
        {"admitted", false, "judged", "being judged", "đang xét"},
        {"equal", true, "equal", "equal", "khớp"},
    };

    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (json_is_true(json_object_get(peer, states[i].member)) ==
            states[i].is)
            return sg_out_word(states[i].word,
                               sg_cli_say(cli, states[i].en, states[i].vi));
    return sg_out_word("differs", sg_cli_say(cli, "differs", "chưa khớp"));
}

static struct sg_out_value number_of(const json_t *peer, const char *name)
{
    return json_object_get(peer, name) == NULL
               ? sg_out_none()
               : sg_caller_number_value(peer, name);
}

int sg_verb_peers(struct sg_cli *cli, struct sg_cli_words words)
{
    const char *socket = SG_CALLER_SOCKET;
    const struct sg_cli_option options[] = {
        {"--socket", SG_CLI_TEXT, .text = &socket},
    };
    json_t *answer, *peer;
    size_t i;
    int code = sg_cli_options(cli, &words, options, 1, 0, 0);

    if (code == 0)
        code = sg_caller_get(cli, socket, "/v1/peers", &answer);
    if (code != 0)
        return code;
    json_array_foreach(json_object_get(answer, "peers"), i, peer)
    {
        uint8_t node[32];
        const struct sg_out_value values[] = {
            json_is_string(json_object_get(peer, "name"))
                ? sg_caller_text_value(peer, "name")
                : sg_out_none(),
            sg_caller_text_value(peer, "address"),
            state_of(cli, peer),
            sg_caller_hex_value(peer, "node", node),
            number_of(peer, "open_ms"),
            number_of(peer, "silent_ms"),
            number_of(peer, "fetching"),
            number_of(peer, "sent"),
            number_of(peer, "received"),
        };

        sg_out_row(&cli->out, &shape, values);
    }
    json_decref(answer);
    return 0;
}
