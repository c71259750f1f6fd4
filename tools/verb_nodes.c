#include "tools/role.h"
#include "tools/seat.h"
#include "tools/verb.h"

const struct sg_verb_page sg_verb_nodes_page = {
    "[--id] [--dir DIR]",
    {"Lists the nodes that the authority has admitted, as far as this node has "
     "heard.\n"
     "\n"
     "  --id  print the registry's id instead, for sogoc join\n",
     "Liệt kê các nút đã được cơ quan quản lý thừa nhận, theo những gì nút này "
     "biết.\n"
     "\n"
     "  --id  chỉ in mã sổ, để dùng với sogoc join\n"},
    "  $ sogoc nodes --dir authority\n",
};

static const struct sg_out_shape shape = {
    .type = "node",
    .field_count = 7,
    .fields = {{"key_id", {"key id", "mã khóa"}, 16},
               {"role", {"role", "vai trò"}, 15},
               {"state", {"state", "trạng thái"}, 12},
               {"unit", {"unit", "đơn vị"}, -14},
               {"until", {"until", "đến ngày"}, -8},
               {"label", {"office", "cơ quan"}, 20},
               {"node_key", {"node key", "khóa nút"}, 0}},
    .legend = {"key id: what is compared over the phone. revoked: no session, "
               "and of its logs only what the cut lets stand.",
               "mã khóa: để đối chiếu qua điện thoại. bị thu hồi: không kết "
               "nối nữa, nhật ký chỉ còn phần được giữ."},
};

static const struct sg_out_shape id_shape = {
    .type = "registry",
    .field_count = 1,
    .fields = {{"registry", {"registry", "mã sổ"}, 0}},
};

static struct sg_out_value state_value(const struct sg_cli *cli,
                                       enum sg_trust_node_state state)
{
    switch (state) {
    case SG_TRUST_ADMITTED:
        return sg_out_word("admitted",
                           sg_cli_say(cli, "admitted", "thừa nhận"));
    case SG_TRUST_SUSPENDED:
        return sg_out_word("suspended",
                           sg_cli_say(cli, "suspended", "tạm dừng"));
    case SG_TRUST_RETIRED:
        return sg_out_word("retired", sg_cli_say(cli, "retired", "thôi dùng"));
    case SG_TRUST_REVOKED:
        break;
    }
    return sg_out_word("revoked", sg_cli_say(cli, "revoked", "bị thu hồi"));
}

static void show(struct sg_cli *cli, const struct sg_seat *seat,
                 const struct sg_trust_node *node)
{
    const struct sg_certificate *certificate = &node->certificate;
    struct sg_key_id id =
        sg_key_id_of(seat->registry, SG_KEY_NODE, certificate->node_key);
    struct sg_bytes label = sg_seat_label(seat, certificate->node_key);
    const struct sg_out_value values[] = {
        sg_out_bytes(SG_OUT_HEX, SG_BYTES_ARRAY(id.bytes)),
        sg_role_value(certificate->role, cli->lang),
        state_value(cli, node->state),
        sg_out_number(certificate->unit),
        sg_out_number(certificate->until.ymd),
        label.size > 0 ? sg_out_bytes(SG_OUT_BODY, label) : sg_out_none(),
        sg_out_bytes(SG_OUT_HEX, SG_BYTES_ARRAY(certificate->node_key)),
    };

    sg_out_row(&cli->out, &shape, values);
}

static void show_id(struct sg_cli *cli, const struct sg_seat *seat)
{
    const struct sg_out_value value = sg_out_hash(&seat->registry->hash);

    if (cli->is_json) {
        sg_out_card(&cli->out, &id_shape, &value);
        return;
    }
    for (size_t i = 0; i < sizeof seat->registry->hash.bytes; i++)
        (void)fprintf(cli->out.file, "%02x", seat->registry->hash.bytes[i]);
    (void)fprintf(cli->out.file, "\n");
}

int sg_verb_nodes(struct sg_cli *cli, struct sg_cli_words words)
{
    bool is_id = false;
    const struct sg_cli_option options[] = {
        {"--id", SG_CLI_FLAG, .flag = &is_id},
    };
    struct sg_trust_node node;
    struct sg_seat seat;
    uint32_t no = 0;
    int code = sg_cli_options(cli, &words, options, 1, 0, 0);

    if (code == 0)
        code = sg_seat_open(cli, SG_SEAT_READ, NULL, &seat);
    if (code != 0)
        return code;
    if (is_id)
        show_id(cli, &seat);
    while (!is_id && sg_trust_next_node(seat.trust, &no, &node))
        show(cli, &seat, &node);
    sg_seat_close(&seat);
    return 0;
}
