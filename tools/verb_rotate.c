#include <string.h>

#include "replication/root.h"
#include "storage/base/alloc.h"
#include "storage/lmdb/key_store.h"
#include "tools/ask.h"
#include "tools/seat.h"
#include "tools/verb.h"

#define GENERATIONS_MAX 254u
#define STANDS_MAX      50u /* a chain with it fits stage 1 */

const struct sg_verb_page sg_verb_rotate_page = {
    "--next FOLDER [--reason planned|lost|stolen] [--dir DIR]",
    {"Replaces the root key by the one that was committed to, which lies in "
     "FOLDER,\n"
     "and puts the key after that one there. All nodes follow, whoever was "
     "away too.\n"
     "\n"
     "  --next FOLDER  where the next root's key is: the stick from the safe\n"
     "  --reason R     planned: the old root signs too, and all that it said "
     "stands;\n"
     "                 lost: the old key is not needed; stolen: of the "
     "authority's\n"
     "                 logs only this node's stand, as they are now "
     "(planned)\n",
     "Thay khóa gốc bằng khóa đã cam kết từ trước, nằm trong FOLDER, và cất "
     "khóa sau\n"
     "nữa vào đó. Mọi nút sẽ theo, kể cả nút vắng mặt lúc này.\n"
     "\n"
     "  --next FOLDER  nơi có khóa gốc kế tiếp: thẻ nhớ lấy từ két\n"
     "  --reason R     planned: khóa gốc cũ cùng ký, mọi điều đã ký giữ "
     "nguyên;\n"
     "                 lost: không cần khóa cũ; stolen: trong các nhật ký của "
     "cơ\n"
     "                 quan chỉ giữ nhật ký của nút này, đến lúc này "
     "(planned)\n"},
    "  $ sogoc rotate --next next --dir authority\n",
};

static const struct sg_out_shape shape = {
    .type = "rotated",
    .field_count = 3,
    .fields = {{"generation", {"generation", "thế hệ"}, 0},
               {"root", {"root key", "khóa gốc"}, 0},
               {"next", {"next root key", "khóa gốc kế tiếp"}, 0}},
};

enum { PLANNED = 1, LOST, STOLEN };

struct rotation {
    struct sg_cli *cli;
    struct sg_seat seat;
    const char *next, *reason;
    unsigned reason_value;
    unsigned generation; /* the new root's */
    struct sg_passphrase *passphrase;
    struct sg_key *root, *after;
    struct sg_store_log *stands;
    size_t n_stands;
};

static int read_reason(struct rotation *rotation)
{
    const char *reason = rotation->reason;

    rotation->reason_value = strcmp(reason, "planned") == 0  ? PLANNED
                             : strcmp(reason, "lost") == 0   ? LOST
                             : strcmp(reason, "stolen") == 0 ? STOLEN
                                                             : 0;
    if (rotation->reason_value != 0)
        return 0;
    return sg_cli_fail(rotation->cli, SG_EXIT_USAGE,
                       "--reason is planned, lost or stolen, not %s",
                       "--reason là planned, lost hoặc stolen, không phải %s",
                       reason);
}

/* --- Keys
 * ---------------------------------------------------------------------- */

/* Opens the key that the root in force is committed to. */
static int take_next(struct rotation *rotation)
{
    const struct sg_seat *seat = &rotation->seat;
    const struct sg_root *root = sg_trust_root(seat->trust, seat->generation);
    char name[SG_SEAT_NAME_SIZE];
    struct sg_hash commitment;
    int code;

    rotation->generation = seat->generation + 1u;
    if (rotation->generation > GENERATIONS_MAX)
        return sg_cli_fail_err(rotation->cli, SG_ERR_LIMIT,
                               sg_cli_say(rotation->cli, "generations of roots",
                                          "số thế hệ khóa gốc"));
    sg_seat_root_name(rotation->generation, name);
    code = sg_ask_key(rotation->cli, rotation->next, name, rotation->passphrase,
                      &rotation->root);
    if (code == 0 && rotation->root == NULL)
        return sg_cli_fail(rotation->cli, SG_EXIT_KEY,
                           "%s/%s.key is not there: give the folder in which "
                           "init or the last rotation put it",
                           "không có %s/%s.key: hãy chỉ thư mục mà init hoặc "
                           "lần thay trước đã cất khóa",
                           rotation->next, name);
    if (code != 0)
        return code;
    commitment = sg_root_commitment(rotation->root->public_key);
    if (memcmp(&commitment, &root->next, sizeof commitment) == 0)
        return 0;
    return sg_cli_fail(rotation->cli, SG_EXIT_KEY,
                       "%s/%s.key is not the key that this registry is "
                       "committed to",
                       "%s/%s.key không phải khóa mà sổ này đã cam kết",
                       rotation->next, name);
}

/* Writes KEY, or finds what an interrupted rotation has written. */
static int keep_key(const struct rotation *rotation, const char *folder,
                    unsigned generation, struct sg_key **key)
{
    char name[SG_SEAT_NAME_SIZE];
    struct sg_key *there = NULL;
    int code;

    sg_seat_root_name(generation, name);
    code =
        sg_ask_key(rotation->cli, folder, name, rotation->passphrase, &there);
    if (code != 0)
        return code;
    if (there == NULL)
        return sg_ask_write_key(rotation->cli, folder, name,
                                rotation->passphrase, *key);
    sg_key_file_free(*key);
    *key = there;
    return 0;
}

/* The key after the next goes to the safe, the next comes here. Both before
 * anything is said: what is said can then always be followed. */
static int keep_keys(struct rotation *rotation)
{
    const struct sg_cli *cli = rotation->cli;
    char folder[SG_HOME_PATH_MAX];
    enum sg_err err = sg_key_file_draw(SG_KEY_ROOT, rotation->seat.registry,
                                       &rotation->after);
    int code;

    if (err != SG_OK)
        return sg_cli_fail_err(cli, err, rotation->next);
    code = keep_key(rotation, rotation->next, rotation->generation + 1,
                    &rotation->after);
    if (code == 0)
        code = sg_home_keys_path(cli, folder);
    if (code == 0)
        code =
            keep_key(rotation, folder, rotation->generation, &rotation->root);
    return code;
}

/* --- The statement
 * ------------------------------------------------------------- */

/* Which of the authority's logs stand. */
static int find_stands(struct rotation *rotation)
{
    const struct sg_seat *seat = &rotation->seat;
    size_t n = 0;
    int code = sg_seat_logs(
        seat,
        rotation->reason_value == PLANNED ? NULL : seat->own->core.node_key,
        &rotation->stands, &rotation->n_stands);

    if (code != 0)
        return code;
    for (size_t i = 0; i < rotation->n_stands; i++)
        if (sg_trust_is_authority(seat->trust,
                                  rotation->stands[i].row.core.node_key))
            rotation->stands[n++] = rotation->stands[i];
    rotation->n_stands = n;
    if (n <= STANDS_MAX)
        return 0;
    return sg_cli_fail(rotation->cli, SG_EXIT_IMPOSSIBLE,
                       "the authority has more than %u logs: nodes that were "
                       "away could not follow",
                       "cơ quan quản lý có hơn %u nhật ký: nút vắng mặt sẽ "
                       "không theo được",
                       STANDS_MAX);
}

static void build(void *context, struct sg_seat *seat,
                  const uint8_t proof[SG_SIGNATURE_SIZE])
{
    const struct rotation *rotation = context;
    struct sg_hash next = sg_root_commitment(rotation->after->public_key);
    struct sg_record_build *out = &seat->build;
    struct sg_pack *pack;

    sg_record_build_uint(out, SG_FIELD_ROOT_ROTATE_GENERATION,
                         rotation->generation);
    sg_record_build_bin(out, SG_FIELD_ROOT_ROTATE_ROOT,
                        SG_BYTES_ARRAY(rotation->root->public_key));
    pack = sg_record_build_field(out, SG_FIELD_ROOT_ROTATE_STANDS);
    sg_pack_array(pack, (uint32_t)rotation->n_stands);
    for (size_t i = 0; i < rotation->n_stands; i++)
        sg_seat_pack_stand(pack, &rotation->stands[i], false);
    sg_record_build_bin(out, SG_FIELD_ROOT_ROTATE_PROOF,
                        sg_bytes(proof, SG_SIGNATURE_SIZE));
    sg_record_build_uint(out, SG_FIELD_ROOT_ROTATE_REASON,
                         rotation->reason_value);
    sg_record_build_bin(out, SG_FIELD_ROOT_ROTATE_NEXT,
                        SG_BYTES_ARRAY(next.bytes));
}

static void show(const struct rotation *rotation)
{
    const struct sg_out_value values[] = {
        sg_out_number(rotation->generation),
        sg_out_bytes(SG_OUT_HEX, SG_BYTES_ARRAY(rotation->root->public_key)),
        sg_out_bytes(SG_OUT_BODY,
                     sg_bytes(rotation->next, strlen(rotation->next))),
    };

    sg_out_card(&rotation->cli->out, &shape, values);
}

static int run(struct rotation *rotation)
{
    int code = take_next(rotation);

    if (code == 0)
        code = find_stands(rotation);
    if (code == 0)
        code = keep_keys(rotation);
    if (code == 0)
        code = sg_seat_end_rotation(&rotation->seat, rotation->root,
                                    rotation->reason_value == LOST, build,
                                    rotation);
    if (code == 0)
        code = sg_seat_file(&rotation->seat);
    if (code == 0)
        show(rotation);
    return code;
}

/* One passphrase opens all of it, where there is one: it is asked for once. */
static int get_passphrase(struct rotation *rotation)
{
    const struct sg_cli *cli = rotation->cli;
    uint8_t file[SG_KEY_FILE_SIZE];
    struct sg_key_file_info info;
    char name[SG_SEAT_NAME_SIZE];
    enum sg_err err = SG_ERR_NOTFOUND;

    for (unsigned i = 1; err == SG_ERR_NOTFOUND && i <= GENERATIONS_MAX; i++) {
        sg_seat_root_name(i, name);
        err = sg_key_store_read(rotation->next, name, file);
    }
    if (err == SG_OK)
        err = sg_key_file_inspect(SG_BYTES_ARRAY(file), &info);
    sg_crypto_wipe(file, sizeof file);
    if (err != SG_OK)
        return sg_cli_fail_err(cli, err, rotation->next);
    return info.is_wrapped
               ? sg_ask_passphrase(
                     cli, sg_cli_say(cli, "the root keys", "các khóa gốc"),
                     false, &rotation->passphrase)
               : 0;
}

int sg_verb_rotate(struct sg_cli *cli, struct sg_cli_words words)
{
    struct rotation rotation = {.cli = cli, .reason = "planned"};
    const struct sg_cli_option options[] = {
        {"--next", SG_CLI_TEXT, .text = &rotation.next},
        {"--reason", SG_CLI_TEXT, .text = &rotation.reason},
    };
    int code = sg_cli_options(cli, &words, options, 2, 0, 0);

    if (code == 0 && rotation.next == NULL)
        return sg_cli_fail(cli, SG_EXIT_USAGE,
                           "say --next FOLDER: where the next root's key is",
                           "hãy ghi --next FOLDER: nơi có khóa gốc kế tiếp");
    if (code == 0)
        code = read_reason(&rotation);
    if (code == 0)
        code = get_passphrase(&rotation);
    if (code == 0)
        code = sg_seat_open(cli,
                            rotation.reason_value == LOST ? SG_SEAT_SUCCEED
                                                          : SG_SEAT_SPEAK,
                            rotation.passphrase, &rotation.seat);
    if (code == 0)
        code = run(&rotation);
    if (rotation.seat.cli != NULL)
        sg_seat_close(&rotation.seat);
    sg_free(rotation.stands);
    sg_key_file_free(rotation.root);
    sg_key_file_free(rotation.after);
    sg_passphrase_free(rotation.passphrase);
    return code;
}
