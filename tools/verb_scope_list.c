#include "tools/seat_scope.h"
#include "tools/verb.h"

const struct sg_verb_page sg_verb_scope_list_page = {
    "[--dir DIR]",
    {"Lists the scope keys: which unit's records are sealed for which key, how "
     "many\n"
     "admitted nodes have its secret, and whether this node does.\n",
     "Liệt kê các khóa phạm vi: bản ghi của đơn vị nào niêm phong cho khóa "
     "nào, "
     "bao\n"
     "nhiêu nút được cấp phần bí mật, và nút này có hay không.\n"},
    "  $ sogoc scope list --dir authority\n",
};

static const struct sg_out_shape shape = {
    .type = "scope",
    .field_count = 6,
    .fields = {{"unit", {"unit", "đơn vị"}, -14},
               {"name", {"name", "tên"}, 28},
               {"state", {"state", "trạng thái"}, 10},
               {"nodes", {"nodes", "số nút"}, -6},
               {"here", {"here", "ở đây"}, 5},
               {"key_id", {"key id", "mã khóa"}, 16}},
    .legend = {"current: writers seal for it. old: opens what was sealed "
               "before. here: this node can read.",
               "đang dùng: niêm phong cho khóa này. cũ: mở phần đã niêm phong. "
               "ở đây: nút này đọc được."},
};

struct listing {
    struct sg_cli *cli;
    const struct sg_seat *seat;
    const struct sg_key *transport;
};

static size_t count_nodes(const struct sg_seat *seat,
                          const struct sg_authority_scope *scope)
{
    struct sg_trust_node node;
    uint32_t no = 0;
    size_t n = 0;

    while (sg_trust_next_node(seat->trust, &no, &node)) {
        struct sg_key_id id = sg_key_id_of(seat->registry, SG_KEY_TRANSPORT,
                                           node.certificate.transport_key);

        n += node.state == SG_TRUST_ADMITTED &&
             sg_authority_scope_is_given(seat->authority, &scope->id, &id);
    }
    return n;
}

static bool is_here(const struct listing *listing,
                    const struct sg_authority_scope *scope)
{
    const struct sg_key *key = listing->transport;
    struct sg_scope_pair pair;
    enum sg_err err;

    if (key == NULL)
        return false;
    err = sg_authority_scope_open(listing->seat->authority, &scope->id,
                                  key->public_key, key->secret, &pair);
    sg_crypto_wipe(&pair, sizeof pair);
    return err == SG_OK;
}

static struct sg_out_value state_value(const struct sg_cli *cli,
                                       enum sg_authority_scope_state state)
{
    if (state == SG_AUTHORITY_SCOPE_CURRENT)
        return sg_out_word("current", sg_cli_say(cli, "current", "đang dùng"));
    if (state == SG_AUTHORITY_SCOPE_OLD)
        return sg_out_word("old", sg_cli_say(cli, "old", "cũ"));
    return sg_out_word("destroyed", sg_cli_say(cli, "destroyed", "đã hủy"));
}

static enum sg_err see(void *context, const struct sg_authority_scope *scope)
{
    const struct listing *listing = context;
    struct sg_cli *cli = listing->cli;
    const struct sg_unit *unit =
        sg_unit_find(sg_authority_units(listing->seat->authority), scope->unit);
    const struct sg_out_value values[] = {
        sg_out_number(scope->unit.value),
        unit != NULL ? sg_out_bytes(SG_OUT_BODY, unit->name) : sg_out_none(),
        state_value(cli, scope->state),
        sg_out_number(count_nodes(listing->seat, scope)),
        is_here(listing, scope)
            ? sg_out_word("yes", sg_cli_say(cli, "yes", "có"))
            : sg_out_word("no", sg_cli_say(cli, "no", "không")),
        sg_out_bytes(SG_OUT_HEX, SG_BYTES_ARRAY(scope->id.bytes)),
    };

    sg_out_row(&cli->out, &shape, values);
    return SG_OK;
}

int sg_verb_scope_list(struct sg_cli *cli, struct sg_cli_words words)
{
    struct sg_key *transport = NULL;
    struct sg_seat seat;
    int code = sg_cli_options(cli, &words, NULL, 0, 0, 0);

    if (code == 0)
        code = sg_home_key(cli, SG_HOME_TRANSPORT, &transport);
    if (code == 0)
        code = sg_seat_open(cli, SG_SEAT_READ, NULL, &seat);
    if (code == 0) {
        struct listing listing = {
            .cli = cli, .seat = &seat, .transport = transport};
        enum sg_err err =
            sg_authority_scope_each(seat.authority, see, &listing);

        if (err != SG_OK)
            code = sg_cli_fail_err(cli, err, cli->dir);
        sg_seat_close(&seat);
    }
    sg_key_file_free(transport);
    return code;
}
