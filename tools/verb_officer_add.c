#include <string.h>

#include "storage/base/text.h"
#include "tools/officer.h"
#include "tools/role.h"
#include "tools/unit_name.h"
#include "tools/verb.h"

#define UNITS_MAX    64
#define DAYS_DEFAULT 365u
#define DAYS_MAX     3653u

const struct sg_verb_page sg_verb_officer_add_page = {
    "KEY UNIT... --roles R,R --label NUMBER [--days N] [--dir DIR]",
    {"Grants the officer with this public key roles over UNITs and all below "
     "them.\n"
     "Said again about the same key, it replaces what was granted before.\n"
     "\n"
     "  KEY             64 hex digits, from sogoc officer new\n"
     "  --roles R,R     of capture, approve, adjudicate, audit, administer\n"
     "  --label NUMBER  the staff number, no name: everybody can read it\n"
     "  --days N        how long it holds (365)\n",
     "Trao vai trò cho cán bộ có khóa công khai này, trên các UNIT và mọi đơn "
     "vị bên\n"
     "dưới. Trao lại cho cùng một khóa thì thay thế lần trước.\n"
     "\n"
     "  KEY             64 chữ số hex, do sogoc officer new in ra\n"
     "  --roles R,R     trong capture, approve, adjudicate, audit, "
     "administer\n"
     "  --label NUMBER  số hiệu, không ghi họ tên: ai cũng đọc được\n"
     "  --days N        số ngày có hiệu lực (365)\n"},
    "  $ sogoc officer new cb-0002 --plain --json --dir node | sed "
    "'s/.*\"key\":\"\\([0-9a-f]*\\)\".*/\\1/' > officer.hex\n"
    "  $ sogoc officer add \"$(cat officer.hex)\" 'Huyện Mường Lát' --roles "
    "capture,approve --label cb-0002 --dir authority\n",
};

static const struct sg_out_shape shape = {
    .type = "granted",
    .field_count = 4,
    .fields = {{"key_id", {"key id", "mã khóa"}, 0},
               {"label", {"staff number", "số hiệu"}, 0},
               {"roles", {"roles", "vai trò"}, 0},
               {"until", {"until", "đến ngày"}, 0}},
};

struct grant {
    struct sg_cli *cli;
    const char *roles, *label;
    uint64_t days;
    uint8_t key[SG_KEY_SIZE];
    unsigned bits;
    size_t n_units;
    struct sg_unit_key units[UNITS_MAX];
};

static int read_key(struct grant *grant, const char *text)
{
    struct sg_writer writer;

    sg_writer_init_array(&writer, grant->key, sizeof grant->key);
    sg_text_hex_decode(&writer, sg_bytes(text, strlen(text)));
    if (sg_writer_end(&writer) == SG_OK && writer.size == sizeof grant->key)
        return 0;
    return sg_cli_fail(grant->cli, SG_EXIT_USAGE,
                       "%s: a public key has 64 lowercase hex digits",
                       "%s: khóa công khai gồm 64 chữ số hex viết thường",
                       text);
}

static int say(struct grant *grant, struct sg_seat *seat)
{
    struct sg_record_build *build = sg_seat_begin(seat, SG_TYPE_OFFICER_GRANT);
    struct sg_date until = sg_date_from_days(
        (int64_t)sg_date_days(seat->today) + (int64_t)grant->days);
    struct sg_key_id id =
        sg_key_id_of(seat->registry, SG_KEY_OFFICER, grant->key);
    struct sg_pack *pack;
    char roles[SG_ROLE_TEXT_SIZE];
    int code;

    sg_record_build_bin(build, SG_FIELD_OFFICER_GRANT_OFFICER,
                        SG_BYTES_ARRAY(grant->key));
    sg_record_build_uint(build, SG_FIELD_OFFICER_GRANT_ROLES, grant->bits);
    pack = sg_record_build_field(build, SG_FIELD_OFFICER_GRANT_UNITS);
    sg_pack_array(pack, (uint32_t)grant->n_units);
    for (size_t i = 0; i < grant->n_units; i++)
        sg_pack_uint(pack, grant->units[i].value);
    sg_record_build_uint(build, SG_FIELD_OFFICER_GRANT_FROM, seat->today.ymd);
    sg_record_build_uint(build, SG_FIELD_OFFICER_GRANT_UNTIL, until.ymd);
    sg_record_build_str(build, SG_FIELD_OFFICER_GRANT_LABEL,
                        sg_bytes(grant->label, strlen(grant->label)));
    code = sg_seat_end(seat, NULL);
    if (code == 0)
        code = sg_seat_file(seat);
    if (code != 0)
        return code;
    sg_role_print(grant->bits, roles);
    const struct sg_out_value values[] = {
        sg_out_bytes(SG_OUT_HEX, SG_BYTES_ARRAY(id.bytes)),
        sg_out_bytes(SG_OUT_BODY, sg_bytes(grant->label, strlen(grant->label))),
        sg_out_bytes(SG_OUT_BODY, sg_bytes(roles, strlen(roles))),
        sg_out_number(until.ymd),
    };
    sg_out_card(&grant->cli->out, &shape, values);
    return 0;
}

/* A revocation binds the key for ever: say so before. */
static int check_cut(const struct grant *grant, const struct sg_seat *seat)
{
    struct sg_key_id id =
        sg_key_id_of(seat->registry, SG_KEY_OFFICER, grant->key);

    if (sg_authority_officer_cut(seat->authority, &id) == SG_AUTHORITY_NOT_CUT)
        return 0;
    return sg_cli_fail(grant->cli, SG_EXIT_IMPOSSIBLE,
                       "this officer was suspended or revoked: a grant would "
                       "change nothing; sogoc lift, or a new key",
                       "cán bộ này đã bị tạm dừng hoặc thu hồi: trao quyền "
                       "cũng vô ích; dùng sogoc lift, hoặc tạo khóa mới");
}

static int check(struct grant *grant)
{
    int code;

    if (grant->roles == NULL || grant->label == NULL)
        return sg_cli_fail(grant->cli, SG_EXIT_USAGE,
                           "say --roles and --label; see --help",
                           "hãy ghi --roles và --label; xem --help");
    if (grant->days < 1 || grant->days > DAYS_MAX)
        return sg_cli_fail(grant->cli, SG_EXIT_USAGE, "--days wants 1 to %u",
                           "--days cần từ 1 đến %u", DAYS_MAX);
    code = sg_officer_check_name(grant->cli, grant->label);
    return code == 0 ? sg_role_bits(grant->cli, grant->roles, &grant->bits)
                     : code;
}

int sg_verb_officer_add(struct sg_cli *cli, struct sg_cli_words words)
{
    struct grant grant = {.cli = cli, .days = DAYS_DEFAULT};
    const struct sg_cli_option options[] = {
        {"--roles", SG_CLI_TEXT, .text = &grant.roles},
        {"--label", SG_CLI_TEXT, .text = &grant.label},
        {"--days", SG_CLI_NUMBER, .number = &grant.days},
    };
    struct sg_seat seat;
    int code = sg_cli_options(cli, &words, options, 3, 2, 1 + UNITS_MAX);

    if (code == 0)
        code = check(&grant);
    if (code == 0)
        code = read_key(&grant, words.words[0]);
    if (code == 0)
        code = sg_seat_open(cli, SG_SEAT_SPEAK, NULL, &seat);
    if (code != 0)
        return code;
    grant.n_units = (size_t)words.count - 1;
    code = sg_unit_name_find_all(cli, sg_authority_units(seat.authority),
                                 words.words + 1, grant.n_units, grant.units);
    if (code == 0)
        code = check_cut(&grant, &seat);
    if (code == 0)
        code = say(&grant, &seat);
    sg_seat_close(&seat);
    return code;
}
