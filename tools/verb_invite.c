#include <stdio.h>
#include <string.h>

#include "node/invites.h"
#include "storage/base/clock.h"
#include "tools/home.h"
#include "tools/verb.h"

#define TEXT_SIZE 512

const struct sg_verb_page sg_verb_invite_page = {
    "--address HOST:PORT [--dir DIR]",
    {"Prints an invite: with it one office may ask this node, over the network "
     "and\n"
     "for a day, to be admitted: sogoc join --invite. It is a secret: hand it "
     "over, do\n"
     "not publish it. sogocd may run. What is asked waits in DIR/requests; it "
     "is\n"
     "admitted like any request, with sogoc admit, where the authority is.\n"
     "\n"
     "  --address HOST:PORT  where the office reaches this node\n",
     "In một lời mời: với nó, một cơ quan được xin vào sổ qua mạng tại nút này "
     "trong\n"
     "một ngày: sogoc join --invite. Đây là bí mật: hãy trao tận tay, không "
     "công bố.\n"
     "sogocd vẫn chạy được. Đơn nằm trong DIR/requests; thừa nhận như mọi đơn "
     "khác\n"
     "bằng sogoc admit, tại cơ quan quản lý.\n"
     "\n"
     "  --address HOST:PORT  nơi cơ quan kia kết nối tới nút này\n"},
    "  $ sogoc invite --address 10.38.0.1:7646 --dir authority\n",
};

static const struct sg_out_shape shape = {
    .type = "invite",
    .field_count = 1,
    .fields = {{"invite", {"invite", "lời mời"}, 0}},
};

static void print_hex(const uint8_t *bytes, size_t size, char **at)
{
    for (size_t i = 0; i < size; i++)
        *at += snprintf(*at, 3, "%02x", bytes[i]);
}

int sg_verb_invite(struct sg_cli *cli, struct sg_cli_words words)
{
    const char *address = NULL;
    const struct sg_cli_option options[] = {
        {"--address", SG_CLI_TEXT, .text = &address},
    };
    uint8_t secret[SG_JOIN_SECRET_SIZE];
    char text[TEXT_SIZE], *at = text;
    struct sg_key *node = NULL;
    int code = sg_cli_options(cli, &words, options, 1, 0, 0);

    if (code == 0 && (address == NULL || strlen(address) > 255 ||
                      strrchr(address, ':') == NULL))
        return sg_cli_fail(
            cli, SG_EXIT_USAGE,
            "say --address HOST:PORT: where this node is reached",
            "hãy ghi --address HOST:PORT: nơi kết nối tới nút "
            "này");
    if (code == 0)
        code = sg_home_key(cli, SG_HOME_NODE, &node);
    if (code == 0 && node == NULL)
        code = sg_cli_fail(cli, SG_EXIT_IMPOSSIBLE,
                           "%s: no node is here; make one with sogoc join",
                           "%s: chưa có nút ở đây; hãy tạo bằng sogoc join",
                           cli->dir);
    if (code != 0)
        return code;
    enum sg_err err =
        sg_invites_issue(cli->dir, (uint64_t)sg_clock_wall().ms, secret);
    if (err == SG_OK) {
        at += snprintf(at, 16, "sogoc-invite-1:");
        print_hex(node->registry.hash.bytes, sizeof node->registry.hash.bytes,
                  &at);
        *at++ = ':';
        print_hex(secret, sizeof secret, &at);
        (void)snprintf(at, 257, ":%s", address);
        const struct sg_out_value value =
            sg_out_bytes(SG_OUT_BODY, sg_bytes(text, strlen(text)));
        sg_out_card(&cli->out, &shape, &value);
    } else {
        code = sg_cli_fail_err(cli, err, cli->dir);
    }
    sg_crypto_wipe(secret, sizeof secret);
    sg_crypto_wipe(text, sizeof text);
    sg_key_file_free(node);
    return code;
}
