#include <stdio.h>
#include <string.h>

#include "tools/officer.h"
#include "tools/role.h"
#include "tools/verb.h"

#define UNITS_TEXT_SIZE 1024

const struct sg_verb_page sg_verb_officer_list_page = {
    "[--dir DIR]",
    {"Lists the officers that the authority has granted roles, as far as this "
     "node has\n"
     "heard.\n",
     "Liệt kê các cán bộ được cơ quan quản lý trao vai trò, theo những gì nút "
     "này\n"
     "biết.\n"},
    "  $ sogoc officer list --dir authority\n",
};

static const struct sg_out_shape shape = {
    .type = "officer",
    .field_count = 6,
    .fields = {{"key_id", {"key id", "mã khóa"}, 16},
               {"label", {"staff number", "số hiệu"}, 14},
               {"state", {"state", "trạng thái"}, 11},
               {"until", {"until", "đến ngày"}, -8},
               {"roles", {"roles", "vai trò"}, 24},
               {"units", {"units", "đơn vị"}, 0}},
    .legend = {"suspended: can be lifted. ended: by the authority's time.",
               "tạm dừng: gỡ được. hết hạn: theo giờ của cơ quan quản lý."},
};

struct listing {
    struct sg_cli *cli;
    const struct sg_seat *seat;
    struct sg_authority_at at;
};

static struct sg_out_value state_of(const struct listing *listing,
                                    const struct sg_authority_grant *grant)
{
    const struct sg_cli *cli = listing->cli;

    switch (
        sg_authority_officer_cut(listing->seat->authority, &grant->officer)) {
    case SG_AUTHORITY_NOT_CUT:
        break;
    case SG_AUTHORITY_SUSPENDED:
        return sg_out_word("suspended",
                           sg_cli_say(cli, "suspended", "tạm dừng"));
    default:
        return sg_out_word("revoked", sg_cli_say(cli, "revoked", "thu hồi"));
    }
    if (sg_authority_is_expired(&listing->at, grant->until))
        return sg_out_word("ended", sg_cli_say(cli, "ended", "hết hạn"));
    return sg_out_word("granted", sg_cli_say(cli, "granted", "hiệu lực"));
}

/* The units by number, with commas between; what does not fit is counted. */
static void print_units(const struct sg_authority_grant *grant,
                        char ret[UNITS_TEXT_SIZE])
{
    size_t size = 0;

    ret[0] = '\0';
    for (size_t i = 0; i < grant->n_units && size + 24 < UNITS_TEXT_SIZE; i++)
        size += (size_t)snprintf(ret + size, UNITS_TEXT_SIZE - size, "%s%llu",
                                 i > 0 ? "," : "",
                                 (unsigned long long)grant->units[i].value);
}

static enum sg_err see(void *context, const struct sg_authority_grant *grant,
                       struct sg_bytes label)
{
    const struct listing *listing = context;
    char roles[SG_ROLE_TEXT_SIZE], units[UNITS_TEXT_SIZE];

    sg_role_print(grant->roles, roles);
    print_units(grant, units);
    const struct sg_out_value values[] = {
        sg_out_bytes(SG_OUT_HEX, SG_BYTES_ARRAY(grant->officer.bytes)),
        sg_out_bytes(SG_OUT_BODY, label),
        state_of(listing, grant),
        sg_out_number(grant->until.ymd),
        sg_out_bytes(SG_OUT_BODY, sg_bytes(roles, strlen(roles))),
        sg_out_bytes(SG_OUT_BODY, sg_bytes(units, strlen(units))),
    };

    sg_out_row(&listing->cli->out, &shape, values);
    return SG_OK;
}

int sg_verb_officer_list(struct sg_cli *cli, struct sg_cli_words words)
{
    struct sg_seat seat;
    int code = sg_cli_options(cli, &words, NULL, 0, 0, 0);

    if (code == 0)
        code = sg_seat_open(cli, SG_SEAT_READ, NULL, &seat);
    if (code != 0)
        return code;
    struct listing listing = {.cli = cli, .seat = &seat};
    sg_authority_at_cut(seat.authority, &listing.at);
    enum sg_err err = sg_officer_each(&seat, see, &listing);
    if (err != SG_OK)
        code = sg_cli_fail_err(cli, err, cli->dir);
    sg_seat_close(&seat);
    return code;
}
