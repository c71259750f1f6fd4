#include <string.h>

#include "tools/officer.h"
#include "tools/verb.h"

#define REFS_MAX 64u

const struct sg_verb_page sg_verb_lift_page = {
    "NODE | --officer OFFICER [--dir DIR]",
    {"Lifts the suspensions of a node or of an officer: they hold as if never "
     "made.\n"
     "A revocation is never lifted: a new key is admitted, old work "
     "endorsed.\n",
     "Gỡ các lần tạm dừng của một nút hoặc một cán bộ: coi như chưa từng có. "
     "Thu hồi\n"
     "thì không gỡ được: phải thừa nhận khóa mới và xác nhận lại việc cũ.\n"},
    "  $ sogoc lift --officer cb-0002 --dir authority\n",
};

static const struct sg_out_shape shape = {
    .type = "lifted",
    .field_count = 1,
    .fields = {{"suspensions", {"suspensions lifted", "số lần được gỡ"}, 0}},
};

enum { SUSPEND = 1 };

struct search {
    const struct sg_seat *seat;
    uint8_t whom[SG_KEY_SIZE]; /* node key, or key id of an officer */
    size_t whom_size;
    unsigned no_whom, no_what; /* fields */
    size_t count;
    struct sg_ref refs[REFS_MAX];
};

static enum sg_err see(void *context, struct sg_bytes payload)
{
    struct search *search = context;
    struct sg_record record;
    struct sg_hash id;

    if (sg_record_decode(payload, &record) != SG_OK ||
        sg_record_uint(&record, search->no_what) != SUSPEND ||
        !sg_bytes_equal(sg_record_bin(&record, search->no_whom),
                        sg_bytes(search->whom, search->whom_size)))
        return SG_OK;
    if (search->count == REFS_MAX)
        return SG_ERR_LIMIT;
    sg_record_id(search->seat->registry, record.inner, &id);
    search->refs[search->count++] = sg_ref_of(&id);
    return SG_OK;
}

/* Ascending, as field 1 wants them. */
static void sort(struct search *search)
{
    for (size_t i = 1; i < search->count; i++)
        for (size_t k = i;
             k > 0 && memcmp(&search->refs[k - 1], &search->refs[k],
                             sizeof search->refs[0]) > 0;
             k--) {
            struct sg_ref held = search->refs[k];

            search->refs[k] = search->refs[k - 1];
            search->refs[k - 1] = held;
        }
}

static int say(struct sg_seat *seat, const struct search *search)
{
    struct sg_record_build *build = sg_seat_begin(seat, SG_TYPE_LIFT);
    struct sg_pack *pack = sg_record_build_field(build, SG_FIELD_LIFT_OF);
    int code;

    sg_pack_array(pack, (uint32_t)search->count);
    for (size_t i = 0; i < search->count; i++)
        sg_pack_bin(pack, SG_BYTES_ARRAY(search->refs[i].bytes));
    code = sg_seat_end(seat, NULL);
    return code == 0 ? sg_seat_file(seat) : code;
}

/* Fills SEARCH for a node or an officer; gives what was done to it. */
static int find(struct sg_seat *seat, const char *node, const char *officer,
                struct search *search, enum sg_authority_cut *ret_cut)
{
    struct sg_trust_node found;
    struct sg_key_id id;
    int code = node != NULL ? sg_seat_node(seat, node, &found)
                            : sg_officer_find(seat, officer, &id);

    if (code != 0)
        return code;
    search->seat = seat;
    if (node != NULL) {
        search->whom_size = SG_KEY_SIZE;
        memcpy(search->whom, found.certificate.node_key, SG_KEY_SIZE);
        search->no_whom = SG_FIELD_NODE_CUT_NODE;
        search->no_what = SG_FIELD_NODE_CUT_WHAT;
        *ret_cut = sg_authority_node_cut(seat->authority, search->whom);
    } else {
        search->whom_size = sizeof id.bytes;
        memcpy(search->whom, id.bytes, sizeof id.bytes);
        search->no_whom = SG_FIELD_OFFICER_CUT_OFFICER;
        search->no_what = SG_FIELD_OFFICER_CUT_WHAT;
        *ret_cut = sg_authority_officer_cut(seat->authority, &id);
    }
    return 0;
}

static int lift(struct sg_cli *cli, struct sg_seat *seat, const char *node,
                const char *officer)
{
    struct search search = {.count = 0};
    enum sg_authority_cut cut = SG_AUTHORITY_NOT_CUT;
    enum sg_err err;
    int code = find(seat, node, officer, &search, &cut);

    if (code != 0)
        return code;
    if (cut != SG_AUTHORITY_SUSPENDED)
        return sg_cli_fail(cli, SG_EXIT_IMPOSSIBLE,
                           "%s was not suspended; a revocation is never lifted",
                           "%s không bị tạm dừng; thu hồi thì không gỡ được",
                           node != NULL ? node : officer);
    err = sg_authority_each(
        seat->authority, node != NULL ? SG_TYPE_NODE_CUT : SG_TYPE_OFFICER_CUT,
        see, &search);
    if (err != SG_OK)
        return sg_cli_fail_err(cli, err, "lift");
    sort(&search);
    code = say(seat, &search);
    if (code == 0) {
        const struct sg_out_value value = sg_out_number(search.count);

        sg_out_card(&cli->out, &shape, &value);
    }
    return code;
}

int sg_verb_lift(struct sg_cli *cli, struct sg_cli_words words)
{
    const char *officer = NULL;
    const struct sg_cli_option options[] = {
        {"--officer", SG_CLI_TEXT, .text = &officer},
    };
    struct sg_seat seat;
    int code = sg_cli_options(cli, &words, options, 1, 0, 1);

    if (code == 0 && (words.count == 1) == (officer != NULL))
        return sg_cli_fail(cli, SG_EXIT_USAGE,
                           "name a node, or an officer with --officer",
                           "hãy nêu một nút, hoặc một cán bộ bằng --officer");
    if (code == 0)
        code = sg_seat_open(cli, SG_SEAT_SPEAK, NULL, &seat);
    if (code != 0)
        return code;
    code = lift(cli, &seat, words.count == 1 ? words.words[0] : NULL, officer);
    sg_seat_close(&seat);
    return code;
}
